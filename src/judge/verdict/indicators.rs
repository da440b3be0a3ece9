//! From facts to votes. Each fact that may speak for a shared or a separate kernel is read here,
//! and each is left out, with the reason, where it cannot be relied on.

use super::{IgnoredFact, UndecidedReason};
use crate::judge::RuleContext;
use crate::judge::rules::has_impossible_build;
use crate::knowledge::{GVISOR_VERSION, is_kata_build, names_monitor};
use crate::model::{FactId, Role, Target, fact_ids};
use crate::probe::kernel_name::banner_release;
use crate::text::have_equal_words;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Indication {
    /// Decisive: the kernel is the host's.
    Shared,
    /// Strong: the kernel is not the host's.
    Separate,
    /// A mark of gVisor's kernel.
    Gvisor,
    /// A mark of a virtual machine.
    Vm,
}

/// Facts of one source are not independent: a group counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SourceGroup {
    /// The id that a kernel chooses when it starts.
    BootId,
    /// The process that is looked for on the host.
    Witness,
    /// The line that is looked for in the host's log.
    Kmsg,
    /// How the kernel calls itself: release, version and banner are one text.
    Name,
    /// How it was started: its log, and the parameters in it.
    Boot,
    /// The files that only one kind of kernel has.
    Files,
    Namespaces,
    Cgroups,
    Processes,
    /// The handles that they hold open.
    Handles,
    Devices,
}

/// What one fact says, and from which source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indicator {
    pub fact: FactId<'static>,
    pub group: SourceGroup,
    pub says: Indication,
}

/// All votes on a target, and the facts that have none.
#[derive(Debug, Default)]
pub(super) struct Indicators {
    pub found: Vec<Indicator>,
    pub ignored: Vec<IgnoredFact>,
    /// Whether host and target both show builds of a distribution.
    pub are_distribution_builds: bool,
    /// Whether the target shows a kernel that is built for Kata guests.
    pub is_kata_kernel: bool,
    /// Whether the target's release is the host's.
    pub is_hosts_release: bool,
}

/// A vote for [`Indication::Separate`] by comparison with the host.
const COMPARED: [SourceGroup; 3] = [SourceGroup::BootId, SourceGroup::Name, SourceGroup::Boot];

impl Indicators {
    pub(super) fn of_target(context: &RuleContext, target: &Target) -> Self {
        let name = target.name.as_str();
        let mut indicators = Self::read_indicators(context, name);
        if engine_is_elsewhere(context) {
            for indicator in indicators.found.extract_if(.., |indicator| {
                indicator.says == Indication::Separate && COMPARED.contains(&indicator.group)
            }) {
                indicators.ignored.push(IgnoredFact {
                    fact: indicator.fact.to_string(),
                    reason: UndecidedReason::EngineElsewhere,
                });
            }
        }
        indicators
    }

    fn read_indicators(context: &RuleContext, target: &str) -> Self {
        let mut indicators = Self::default();
        indicators.boot_id(context, target);
        indicators.read_process_witness(context, target);
        indicators.read_kernel_log_witness(context, target);
        indicators.kernel_name(context, target);
        indicators.boot_log(context, target);
        indicators.command_line(context, target);
        indicators.read_gvisor_marks(context, target);
        indicators.read_machine_marks(context, target);
        indicators.read_kata_kernel(context, target);
        indicators
    }

    fn add_indicator(&mut self, fact: FactId<'static>, group: SourceGroup, says: Indication) {
        self.found.push(Indicator { fact, group, says });
    }

    fn ignore_fact(&mut self, fact: FactId, reason: UndecidedReason) {
        self.ignored.push(IgnoredFact { fact: fact.to_string(), reason });
    }

    /// Equal to the host's: decisive. Different: strong. Voided where something lies over it, on
    /// either side. Compared with the host only: guests that were cloned from one snapshot can
    /// share an id with each other.
    fn boot_id(&mut self, context: &RuleContext, target: &str) {
        const ID: FactId = fact_ids::KERNEL_BOOT_ID;
        let Some(host) = context.host_name() else { return };
        let (Some(hosts), Some(own)) = (context.fact_text(ID, host), context.fact_text(ID, target))
        else {
            return;
        };
        if [target, host].iter().any(|name| {
            context.fact_integer(fact_ids::KERNEL_BOOT_ID_MOUNTED, name).is_some_and(|n| n > 0)
        }) {
            return self.ignore_fact(ID, UndecidedReason::MountedOver);
        }
        self.add_indicator(
            ID,
            SourceGroup::BootId,
            if own == hosts { Indication::Shared } else { Indication::Separate },
        );
    }

    /// Found on the host: decisive. Not found counts only where the baseline's was found by the
    /// same search: an engine in a container, or a `/proc` that hides processes, finds none.
    fn read_process_witness(&mut self, context: &RuleContext, target: &str) {
        const ID: FactId = fact_ids::HOST_WITNESS_PROCESS;
        let has_control = context
            .run
            .with_role(Role::Baseline)
            .any(|baseline| context.fact_flag(ID, &baseline.name) == Some(true));
        match context.fact_flag(ID, target) {
            Some(true) => self.add_indicator(ID, SourceGroup::Witness, Indication::Shared),
            Some(false) if has_control => {
                self.add_indicator(ID, SourceGroup::Witness, Indication::Separate)
            }
            Some(false) => self.ignore_fact(ID, UndecidedReason::NoControl),
            None => {}
        }
    }

    /// Seen in the host's log: decisive. Not seen proves nothing, the device may be missing.
    fn read_kernel_log_witness(&mut self, context: &RuleContext, target: &str) {
        const ID: FactId = fact_ids::HOST_WITNESS_KMSG;
        if context.fact_flag(ID, target) == Some(true) {
            self.add_indicator(ID, SourceGroup::Kmsg, Indication::Shared);
        }
    }

    /// Release, version and banner: strong if they differ, nothing if they are equal, since two
    /// kernels can be of one build.
    fn kernel_name(&mut self, context: &RuleContext, target: &str) {
        const RELEASE: FactId = fact_ids::KERNEL_RELEASE;
        const VERSION: FactId = fact_ids::KERNEL_VERSION;
        const BANNER: FactId = fact_ids::KERNEL_BANNER;
        let own = context.fact_text(RELEASE, target);
        if let (Some(hosts), Some(own)) = (host_release(context), own)
            && hosts != own
        {
            if proc_shows_host(context, target) {
                self.ignore_fact(RELEASE, UndecidedReason::ReleaseAskedFor);
            } else {
                self.add_indicator(RELEASE, SourceGroup::Name, Indication::Separate);
            }
        }
        if equals_host(context, VERSION, target) == Some(false) {
            self.add_indicator(VERSION, SourceGroup::Name, Indication::Separate);
        }
        let banner = self.sound_text(context, BANNER, target);
        if banner.is_some_and(|own| is_not_hosts(context, own)) {
            self.add_indicator(BANNER, SourceGroup::Name, Indication::Separate);
        }
        let release = banner.and_then(banner_release).or(own);
        self.are_distribution_builds = [release, host_release(context)].iter().all(|release| {
            release.is_some_and(|release| context.known.kernels.is_distribution(release))
        });
        self.is_hosts_release = release.is_some() && release == host_release(context);
        self.is_kata_kernel = banner.is_some_and(is_kata_build)
            || release.is_some_and(|release| context.known.kata.is_shipped_kernel(release));
    }

    /// A kernel of Kata's by its name alone, where nothing else speaks for a separate one and nothing
    /// of the host tells what it differs from: the banner of Kata's build, or a release that Kata
    /// ships, either in the line of a plain build, which no distribution's kernel has, or as that of
    /// the very version that stands next to it.
    fn read_kata_kernel(&mut self, context: &RuleContext, target: &str) {
        const UNAME: FactId = fact_ids::KERNEL_UNAME;
        let is_told = self.found.iter().any(|indicator| indicator.says == Indication::Separate);
        if !self.is_kata_kernel || is_told || host_release(context).is_some() {
            return;
        }
        let banner = self.sound_text(context, fact_ids::KERNEL_BANNER, target);
        let line = self.sound_text(context, UNAME, target);
        let version = context.fact_text(fact_ids::RUNTIME_VERSION, target);
        let shipped = version.and_then(|version| context.known.kata.kernels_around(version));
        let own = context.fact_text(fact_ids::KERNEL_RELEASE, target).unwrap_or_default();
        let fact = if banner.is_some_and(is_kata_build) {
            fact_ids::KERNEL_BANNER
        } else if line.is_some_and(|line| is_plain_build(line, own)) {
            UNAME
        } else if shipped.is_some_and(|kernels| kernels.contains(own)) {
            fact_ids::KERNEL_RELEASE
        } else {
            return;
        };
        self.add_indicator(fact, SourceGroup::Name, Indication::Separate);
    }

    /// A kernel's line, unless it has a date that no clock can have given.
    fn sound_text<'a>(
        &mut self,
        context: &RuleContext<'a>,
        id: FactId,
        target: &str,
    ) -> Option<&'a str> {
        let text = context.fact_text(id, target)?;
        if has_impossible_build(context, text) {
            self.ignore_fact(id, UndecidedReason::ImpossibleDate);
            return None;
        }
        Some(text)
    }

    /// A boot log that begins with another kernel's banner.
    fn boot_log(&mut self, context: &RuleContext, target: &str) {
        const ID: FactId = fact_ids::KERNEL_DMESG_BANNER;
        if self.sound_text(context, ID, target).is_some_and(|own| is_not_hosts(context, own)) {
            self.add_indicator(ID, SourceGroup::Boot, Indication::Separate);
        }
    }

    /// A kernel that was started with other parameters than the host's. Where they name Kata's
    /// agent, Kata's runtime booted it, and imported evidence needs no host to compare with.
    fn command_line(&mut self, context: &RuleContext, target: &str) {
        const ID: FactId = fact_ids::KERNEL_CMDLINE;
        let Some(line) = context.fact_text(ID, target) else { return };
        let hosts = context.host_name().and_then(|host| context.fact_text(ID, host));
        let is_kata = line.split_whitespace().any(|word| {
            word == "systemd.unit=kata-containers.target" || word.starts_with("agent.")
        }) && hosts != Some(line);
        if is_kata || hosts.is_some_and(|hosts| hosts != line) {
            self.add_indicator(ID, SourceGroup::Boot, Indication::Separate);
        }
        let is_machine = line.split_whitespace().any(is_of_monitor) && hosts != Some(line);
        if is_kata || is_machine {
            self.add_indicator(ID, SourceGroup::Boot, Indication::Vm);
        }
    }

    /// Marks of gVisor's kernel; two of different sources are wanted, because its release
    /// changes. What the host shows too is no mark.
    fn read_gvisor_marks(&mut self, context: &RuleContext, target: &str) {
        for (fact, group, is_mark) in GVISOR {
            if is_mark(context, target)
                && !context.host_name().is_some_and(|host| is_mark(context, host))
            {
                self.add_indicator(*fact, *group, Indication::Gvisor);
            }
        }
    }

    /// What corroborates a virtual machine: from the host's side while the container ran, and
    /// from the inside by what host and baseline do not show. A host may be a virtual machine
    /// itself, so devices and flags count by their difference alone.
    fn read_machine_marks(&mut self, context: &RuleContext, target: &str) {
        if context.fact_text(fact_ids::HOST_VMM, target).is_some() {
            self.add_indicator(fact_ids::HOST_VMM, SourceGroup::Processes, Indication::Vm);
        }
        if context
            .fact_words(fact_ids::HOST_VM_FDS, target)
            .iter()
            .any(|file| file.contains("kvm-vm"))
        {
            self.add_indicator(fact_ids::HOST_VM_FDS, SourceGroup::Handles, Indication::Vm);
        }
        const FLAG: FactId = fact_ids::CPU_HYPERVISOR_FLAG;
        if let Some(host) = context.host_name()
            && context.fact_flag(FLAG, host) == Some(false)
            && context.fact_flag(FLAG, target) == Some(true)
        {
            self.add_indicator(FLAG, SourceGroup::Devices, Indication::Vm);
        }
        const DRIVER: FactId = fact_ids::NET_DRIVER;
        const VIRTIO: Option<&str> = Some("virtio_net");
        let mut baselines = context.run.with_role(Role::Baseline).filter(|t| t.name != target);
        if context.fact_text(DRIVER, target) == VIRTIO
            && baselines.any(|t| {
                context.run.find_fact(DRIVER, &t.name).is_some()
                    && context.fact_text(DRIVER, &t.name) != VIRTIO
            })
        {
            self.add_indicator(DRIVER, SourceGroup::Devices, Indication::Vm);
        }
        // Of a session's own log only its beginning is kept, and the host's is often refused.
        const LOG: FactId = fact_ids::KERNEL_DMESG;
        if context.is_imported() && context.fact_text(LOG, target).is_some_and(names_monitor) {
            self.add_indicator(LOG, SourceGroup::Boot, Indication::Vm);
        }
        if has_machine_root(context, target) {
            self.add_indicator(fact_ids::FS_ROOT, SourceGroup::Devices, Indication::Vm);
        }
    }
}

/// Whether the root of a target is one that only a virtual machine has: on virtiofs where neither
/// host nor baseline is (virtiofsd names its source `kataShared`, or `none` since it is written in
/// Rust), or on a disk of its own where the baseline's root is on none.
fn has_machine_root(context: &RuleContext, target: &str) -> bool {
    let root = RootMount::read_root_mount(context, target);
    if root.source.contains("kataShared") {
        return true;
    }
    let baselines: Vec<RootMount> = context
        .run
        .with_role(Role::Baseline)
        .filter(|baseline| baseline.name != target)
        .map(|baseline| RootMount::read_root_mount(context, &baseline.name))
        .filter(|root| root.kind.is_some())
        .collect();
    if baselines.is_empty() {
        return false;
    }
    let host = context.host_name().map(|host| RootMount::read_root_mount(context, host));
    let on_virtiofs = root.is_virtiofs() && !host.is_some_and(|root| root.is_virtiofs());
    (on_virtiofs && !baselines.iter().any(RootMount::is_virtiofs))
        || (root.is_disk() && !baselines.iter().any(RootMount::is_disk))
}

/// What is mounted as a target's root, as far as it is known.
struct RootMount<'a> {
    kind: Option<&'a str>,
    source: &'a str,
}

impl<'a> RootMount<'a> {
    fn read_root_mount(context: &RuleContext<'a>, target: &str) -> Self {
        let [kind, source] = ["type", "source"]
            .map(|name| context.fact_field(fact_ids::FS_ROOT, target, name)?.as_str());
        Self { kind, source: source.unwrap_or_default() }
    }

    fn is_virtiofs(&self) -> bool {
        self.kind == Some("virtiofs")
    }

    fn is_disk(&self) -> bool {
        ["/dev/vd", "/dev/sd", "/dev/pmem"].iter().any(|disk| self.source.starts_with(disk))
    }
}

/// Whether the line of a kernel of this release tells of a build as Kata makes them: one with nothing
/// between `SMP` and its date, where distributions say how it preempts and who built it.
fn is_plain_build(line: &str, release: &str) -> bool {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let (_, build) = line.split_once(&format!(" {release} #1 SMP ")).unwrap_or_default();
    build.split(' ').next().is_some_and(|day| DAYS.contains(&day))
}

/// Whether a kernel's parameter is one that only the monitor of a small virtual machine gives:
/// Firecracker, libkrun, and Kata's disk in persistent memory.
fn is_of_monitor(parameter: &str) -> bool {
    ["virtio_mmio.device=", "init=/init.krun", "root=/dev/pmem0"]
        .iter()
        .any(|start| parameter.starts_with(start))
}

/// The first inode that Linux gives to a namespace (`PROC_DYNAMIC_FIRST` and the constants below
/// it in `include/linux/proc_ns.h`); gVisor counts from 1.
const FIRST_INODE: u64 = 0xEFFF_0000;

type IsMark = fn(&RuleContext, &str) -> bool;

/// Fact, source and the question whether it is a mark.
const GVISOR: &[(FactId, SourceGroup, IsMark)] = &[
    (fact_ids::KERNEL_VERSION, SourceGroup::Name, |context, target| {
        fact_contains(context, fact_ids::KERNEL_VERSION, target, GVISOR_VERSION)
    }),
    (fact_ids::KERNEL_BANNER, SourceGroup::Name, |context, target| {
        fact_contains(context, fact_ids::KERNEL_BANNER, target, GVISOR_VERSION)
    }),
    (fact_ids::KERNEL_UNAME, SourceGroup::Name, |context, target| {
        fact_contains(context, fact_ids::KERNEL_UNAME, target, GVISOR_VERSION)
    }),
    (fact_ids::KERNEL_CMDLINE, SourceGroup::Boot, |context, target| {
        fact_contains(context, fact_ids::KERNEL_CMDLINE, target, "-gvisor")
    }),
    (fact_ids::KERNEL_DMESG, SourceGroup::Boot, |context, target| {
        fact_contains(context, fact_ids::KERNEL_DMESG, target, "Starting gVisor")
    }),
    (fact_ids::KERNEL_SENTRY, SourceGroup::Files, |context, target| {
        context.fact_flag(fact_ids::KERNEL_SENTRY, target) == Some(true)
    }),
    (fact_ids::NS_INODES, SourceGroup::Namespaces, |context, target| {
        let inodes =
            context.fact_value(fact_ids::NS_INODES, target).and_then(serde_json::Value::as_object);
        inodes.is_some_and(|inodes| {
            inodes.values().filter_map(serde_json::Value::as_u64).any(|inode| inode < FIRST_INODE)
        })
    }),
    (fact_ids::CGROUP_CONTROLLERS, SourceGroup::Cgroups, |context, target| {
        context.fact_words(fact_ids::CGROUP_CONTROLLERS, target).contains(&"job")
    }),
    // The engine calls this process the container's own.
    (fact_ids::HOST_PID_EXE, SourceGroup::Processes, |context, target| {
        context
            .fact_text(fact_ids::HOST_PID_EXE, target)
            .is_some_and(|path| path.ends_with("/runsc"))
    }),
];

fn fact_contains(context: &RuleContext, id: FactId, target: &str, mark: &str) -> bool {
    context.fact_text(id, target).is_some_and(|text| text.contains(mark))
}

/// Whether a fact is equal on both sides; none where one of them has none.
fn equals_host(context: &RuleContext, id: FactId, target: &str) -> Option<bool> {
    let hosts = context.fact_text(id, context.host_name()?)?;
    Some(have_equal_words(hosts, context.fact_text(id, target)?))
}

/// The host's release, from `uname` or from its banner. Where nothing of the host was captured, a
/// baseline that shares its host's kernel answers for it.
fn host_release<'a>(context: &RuleContext<'a>) -> Option<&'a str> {
    let baselines = plain_baselines(context).map(|baseline| baseline.name.as_str());
    context.host_name().into_iter().chain(baselines).find_map(|target| {
        context
            .fact_text(fact_ids::KERNEL_RELEASE, target)
            .or_else(|| context.fact_text(fact_ids::KERNEL_BANNER, target).and_then(banner_release))
    })
}

/// The baselines that start ordinary containers, as far as their names say.
fn plain_baselines<'a>(context: &RuleContext<'a>) -> impl Iterator<Item = &'a Target> {
    context
        .run
        .with_role(Role::Baseline)
        .filter(|target| is_plain(target.handler.as_deref().unwrap_or(&target.name)))
}

/// Whether a banner is not the host's: against the host's banner, or else its release.
fn is_not_hosts(context: &RuleContext, banner: &str) -> bool {
    let hosts =
        context.host_name().and_then(|host| context.fact_text(fact_ids::KERNEL_BANNER, host));
    match (hosts, host_release(context), banner_release(banner)) {
        (Some(hosts), _, _) => !have_equal_words(hosts, banner),
        (None, Some(hosts), Some(own)) => hosts != own,
        _ => false,
    }
}

/// Whether files of the kernel, which `setarch` does not change, are the host's.
fn proc_shows_host(context: &RuleContext, target: &str) -> bool {
    equals_host(context, fact_ids::KERNEL_BANNER, target) == Some(true)
        || context
            .fact_text(fact_ids::KERNEL_OSRELEASE_FILE, target)
            .is_some_and(|file| Some(file) == host_release(context))
}

/// Whether a runtime that shares its host's kernel does not show the kernel of the machine that
/// was probed as the host: then the engine runs on another machine, such as the virtual machine of
/// a desktop engine, and a difference from "the host" says nothing about the sandbox.
fn engine_is_elsewhere(context: &RuleContext) -> bool {
    plain_baselines(context).any(|control| {
        let mut is_other = false;
        for indicator in Indicators::read_indicators(context, &control.name).found {
            match (indicator.says, indicator.group) {
                (Indication::Gvisor | Indication::Vm | Indication::Shared, _) => return false,
                (Indication::Separate, SourceGroup::BootId) => is_other = true,
                // Two boots of one machine would show this in imported files too, and then
                // host and target are just as little of one moment.
                (Indication::Separate, SourceGroup::Name) => {
                    is_other |= !context.is_present(fact_ids::KERNEL_BOOT_ID, &control.name);
                }
                (Indication::Separate, _) => {}
            }
        }
        is_other
    })
}

/// Whether a runtime of this name starts ordinary containers, unless its name is an alias.
fn is_plain(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    ["runc", "crun", "youki", "io.containerd.runc.v2", "namespaces"].contains(&name)
}
