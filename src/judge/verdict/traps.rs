//! What has misled people: each trap is a test.

use serde_json::json;

use super::*;
use crate::judge::rules::testing::{Sketch, sketch};
use crate::knowledge::GVISOR_VERSION;
use crate::model::{Fact, Role, STOPPED_BY_USER};

const HOST_BANNER: &str = "Linux version 6.8.0-49-generic (buildd@lcy02) #49-Ubuntu SMP";
const GUEST_BANNER: &str = "Linux version 6.12.47 (@4bcec8f4443d) #1 SMP Fri Nov 14";
const KATA_CMDLINE: &str =
    "reboot=k panic=1 systemd.unit=kata-containers.target agent.log_vport=1025";

#[track_caller]
fn verdict_on(sketch: &Sketch, target: &str) -> Verdict {
    let context = sketch.context();
    judge_target(&context, context.run.find_target(target).unwrap())
}

#[track_caller]
fn judge_kata(sketch: &Sketch) -> Verdict {
    verdict_on(sketch, "kata")
}

/// A host, a baseline that shares its kernel, and a candidate with a boot id of its own.
fn three_arms() -> Sketch {
    sketch()
        .fact("kernel.boot_id", "host", "a")
        .fact("kernel.boot_id", "runc", "a")
        .fact("kernel.boot_id", "kata", "b")
        .fact("host.witness_process", "runc", true)
        .fact("host.witness_process", "kata", false)
}

fn state_both(sketch: Sketch, id: &str, host: &str, kata: &str) -> Sketch {
    sketch.fact(id, "host", host).fact(id, "kata", kata)
}

fn ignored_reason(verdict: &Verdict, fact: &str) -> Option<UndecidedReason> {
    verdict.ignored.iter().find(|ignored| ignored.fact == fact).map(|ignored| ignored.reason)
}

#[test]
fn an_equal_boot_id_is_a_shared_kernel_and_other_facts_say_how_sure() {
    let alone = state_both(sketch(), "kernel.boot_id", "a", "a");
    let verdict_alone = judge_kata(&alone);
    assert_eq!(verdict_alone.conclusion, Conclusion::SharedKernel);
    assert_eq!(verdict_alone.because, ["kernel.boot_id"]);
    assert_eq!(verdict_alone.decisive, ["kernel.boot_id"]);
    assert_eq!(verdict_alone.confidence, Confidence::Low);
    let supported = state_both(alone, "kernel.banner", HOST_BANNER, HOST_BANNER);
    let verdict_supported = judge_kata(&supported);
    assert_eq!(verdict_supported.confidence, Confidence::Medium);
    assert_eq!(verdict_supported.agrees, ["kernel.banner"]);
    let found = supported.fact("host.witness_process", "kata", true);
    assert_eq!(judge_kata(&found).confidence, Confidence::High);
    assert!(judge_kata(&found).would_settle.is_empty());
}

#[test]
fn an_equal_boot_id_under_another_banner_is_a_contradiction() {
    let sketch = state_both(sketch(), "kernel.boot_id", "a", "a");
    let verdict = judge_kata(&state_both(sketch, "kernel.banner", HOST_BANNER, GUEST_BANNER));
    assert_eq!(verdict.conclusion, Conclusion::Contradictory);
    assert_eq!(verdict.reason, Some(UndecidedReason::EqualIdOtherKernel));
    assert_eq!(verdict.against, ["kernel.banner"]);
}

#[test]
fn a_witness_on_the_host_under_another_boot_id_is_a_contradiction() {
    let verdict = judge_kata(&three_arms().fact("host.witness_process", "kata", true));
    assert_eq!(verdict.conclusion, Conclusion::Contradictory);
    assert_eq!(verdict.reason, Some(UndecidedReason::FoundOnHostOtherId));
}

#[test]
fn marks_of_gvisor_under_the_hosts_boot_id_are_a_contradiction() {
    let verdict =
        judge_kata(
            &state_both(sketch(), "kernel.boot_id", "a", "a")
                .fact("kernel.sentry", "kata", true)
                .fact("cgroup.controllers", "kata", json!(["cpu", "job"])),
        );
    assert_eq!(verdict.reason, Some(UndecidedReason::MarksUnderSharedKernel));
}

#[test]
fn a_boot_id_that_was_mounted_over_on_either_side_has_no_vote() {
    for side in ["host", "kata"] {
        let sketch = three_arms().fact("kernel.boot_id.mounted", side, 1);
        let verdict = judge_kata(&sketch);
        assert_eq!(verdict.conclusion, Conclusion::Inconclusive, "{side}");
        assert_eq!(ignored_reason(&verdict, "kernel.boot_id"), Some(UndecidedReason::MountedOver));
    }
}

#[test]
fn banner_and_boot_log_carry_a_verdict_of_medium_confidence() {
    let sketch = sketch()
        .fact("kernel.release", "host", "6.8.0-49-generic")
        .fact("kernel.banner", "kata", GUEST_BANNER)
        .fact("kernel.cmdline", "kata", KATA_CMDLINE);
    let verdict = judge_kata(&sketch);
    assert_eq!(verdict.conclusion, Conclusion::SeparateKernelVm);
    assert_eq!(verdict.confidence, Confidence::Medium);
    assert_eq!(verdict.because, ["kernel.banner", "kernel.cmdline"]);
    assert!(verdict.decisive.is_empty());
    assert_eq!(verdict.would_settle, ["kernel.boot_id", "host.witness_process"]);
}

#[test]
fn what_is_in_a_file_that_was_changed_is_not_called_missing() {
    let mut sketch = sketch().missing("kernel.boot_id", "kata", MissingReason::Altered).missing(
        "kernel.banner",
        "kata",
        MissingReason::Altered,
    );
    sketch.integrity.is_record_changed = true;
    let verdict = judge_kata(&sketch);
    assert_eq!(verdict.reason, Some(UndecidedReason::RunChanged));
    assert_eq!(verdict.would_settle, ["host.witness_process"]);
}

#[test]
fn release_and_banner_are_one_source_however_many_files_they_stand_in() {
    let sketch = state_both(sketch(), "kernel.release", "6.8.0-49-generic", "6.12.9").fact(
        "kernel.banner",
        "kata",
        "Linux version 6.12.9 (me@home) #1 SMP",
    );
    let verdict = judge_kata(&sketch);
    assert_eq!(verdict.conclusion, Conclusion::Inconclusive);
    assert_eq!(verdict.reason, Some(UndecidedReason::OneSource));
    assert_eq!(verdict.because, ["kernel.release", "kernel.banner"]);
}

#[test]
fn the_name_of_a_kata_kernel_alone_is_a_separate_kernel_of_low_confidence() {
    let sketch = state_both(sketch(), "kernel.release", "6.8.0-49-generic", "6.12.47").fact(
        "kernel.banner",
        "kata",
        GUEST_BANNER,
    );
    let verdict = judge_kata(&sketch);
    assert_eq!(verdict.conclusion, Conclusion::SeparateKernel);
    assert_eq!(verdict.confidence, Confidence::Low);
    assert!(verdict.would_settle.contains(&"host.vmm".to_string()));
}

#[test]
fn a_kernel_of_katas_is_told_without_the_hosts_by_its_build_or_beside_its_version() {
    let build = |build: &str| {
        sketch().fact("kernel.release", "kata", "6.12.47").fact(
            "kernel.uname",
            "kata",
            format!("Linux 9f 6.12.47 {build} x86_64 Linux"),
        )
    };
    let katas = judge_kata(&build("#1 SMP Fri Nov 14 15:34:06 UTC 2025"));
    assert_eq!(katas.conclusion, Conclusion::SeparateKernel);
    assert_eq!(
        (katas.confidence, &katas.because[..]),
        (Confidence::Low, &["kernel.uname".into()][..])
    );
    let distribution = build("#1-NixOS SMP PREEMPT_DYNAMIC Fri Nov 14 15:34:06 UTC 2025");
    assert_eq!(judge_kata(&distribution).reason, Some(UndecidedReason::NothingDecides));
    let beside = distribution.fact("runtime.version", "kata", "3.22.0");
    assert_eq!(judge_kata(&beside).because, ["kernel.release"]);
    let own_build = sketch().fact("kernel.release", "kata", "6.12.9").fact(
        "kernel.uname",
        "kata",
        "Linux 9f 6.12.9 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64",
    );
    assert_eq!(judge_kata(&own_build).conclusion, Conclusion::Inconclusive);
}

#[test]
fn a_boot_log_of_katas_agent_is_a_machine_unless_its_kernel_is_the_hosts() {
    let log = sketch().fact("kernel.cmdline", "kata", KATA_CMDLINE);
    let verdict = judge_kata(&log);
    assert_eq!(verdict.conclusion, Conclusion::SeparateKernelVm);
    assert_eq!(verdict.confidence, Confidence::Low);
    // Without the host's the kernel's name is no second source.
    let log = log.fact("kernel.banner", "kata", GUEST_BANNER);
    assert_eq!(judge_kata(&log).confidence, Confidence::Low);
    let equal = sketch().fact("kernel.cmdline", "kata", KATA_CMDLINE);
    let equal = state_both(equal, "kernel.release", "6.12.47", "6.12.47");
    assert_eq!(judge_kata(&equal).reason, Some(UndecidedReason::OneSource));
}

#[test]
fn one_mark_of_gvisor_beside_another_release_is_a_kernel_of_an_unknown_kind() {
    let sketch = state_both(sketch(), "kernel.release", "6.8.0-49-generic", "4.4.0");
    let verdict = judge_kata(&sketch.fact("kernel.dmesg", "kata", "Starting gVisor..."));
    assert_eq!(verdict.conclusion, Conclusion::SeparateKernel);
    assert_eq!(verdict.because, ["kernel.release", "kernel.dmesg"]);
}

#[test]
fn a_guest_of_another_architecture_than_its_host_speaks_against_its_kernel() {
    let uname = |machine: &str| {
        format!("Linux 9f 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 {machine} Linux")
    };
    let beside = |machine| {
        state_both(sketch(), "kernel.release", "6.8.0-49-generic", "6.12.47")
            .fact("kernel.uname", "kata", uname("aarch64"))
            .fact("kernel.uname", "runc", uname(machine))
    };
    assert_eq!(judge_kata(&beside("aarch64")).conclusion, Conclusion::SeparateKernel);
    assert_eq!(judge_kata(&beside("x86_64")).reason, Some(UndecidedReason::FilesContradict));
}

#[test]
fn two_builds_of_a_distribution_may_be_two_boots_of_one_host() {
    let build = |n: u32| format!("6.8.0-{n}-generic");
    let banner = |n: u32| format!("Linux version 6.8.0-{n}-generic (buildd@lcy02) #{n}-Ubuntu SMP");
    let sketch = sketch()
        .fact("kernel.release", "host", build(45))
        .fact("kernel.release", "kata", build(47))
        .fact("kernel.banner", "kata", banner(47))
        .fact("kernel.dmesg_banner", "kata", banner(47));
    let verdict = judge_kata(&sketch);
    assert_eq!(verdict.conclusion, Conclusion::Inconclusive);
    assert_eq!(verdict.confidence, Confidence::None);
    assert_eq!(verdict.reason, Some(UndecidedReason::DistributionBuilds));
}

#[test]
fn a_build_of_a_distribution_that_katas_agent_was_started_in_is_a_guest() {
    let sketch = state_both(sketch(), "kernel.release", "6.8.0-45-generic", "6.8.0-47-generic")
        .fact("kernel.cmdline", "kata", KATA_CMDLINE);
    assert_eq!(judge_kata(&sketch).conclusion, Conclusion::SeparateKernelVm);
}

// T1
#[test]
fn an_equal_release_decides_nothing_and_another_boot_id_does() {
    let release = "5.15.0-1027-oracle";
    let equal = state_both(sketch(), "kernel.release", release, release);
    assert_eq!(judge_kata(&equal).conclusion, Conclusion::Inconclusive);
    let same_build = state_both(three_arms(), "kernel.release", release, release)
        .fact("kernel.cmdline", "host", "root=/dev/sda1")
        .fact("kernel.cmdline", "kata", KATA_CMDLINE);
    assert_eq!(judge_kata(&same_build).conclusion, Conclusion::SeparateKernelVm);
}

#[test]
fn a_different_release_alone_decides_nothing() {
    let verdict = judge_kata(&state_both(sketch(), "kernel.release", "6.8.0-49-generic", "6.12.9"));
    assert_eq!(verdict.conclusion, Conclusion::Inconclusive);
    assert_eq!(verdict.because, ["kernel.release"]);
}

// T2
#[test]
fn a_release_that_was_only_asked_for_has_no_vote() {
    let base = || state_both(sketch(), "kernel.boot_id", "a", "a");
    let asked = state_both(base(), "kernel.release", "6.8.0-49-generic", "2.6.68-49-generic");
    let by_file = asked.fact("kernel.osrelease_file", "kata", "6.8.0-49-generic");
    let by_banner = state_both(
        state_both(base(), "kernel.release", "6.8.0-49-generic", "2.6.68-49-generic"),
        "kernel.banner",
        HOST_BANNER,
        HOST_BANNER,
    );
    for sketch in [by_file, by_banner] {
        let verdict = judge_kata(&sketch);
        assert_eq!(verdict.conclusion, Conclusion::SharedKernel);
        assert_eq!(
            ignored_reason(&verdict, "kernel.release"),
            Some(UndecidedReason::ReleaseAskedFor)
        );
    }
}

// T3, T4
#[test]
fn cpu_models_and_counts_never_vote() {
    let sketch = state_both(sketch(), "cpu.model", "i5", "Xeon")
        .fact("proc.entries", "host", 322)
        .fact("proc.entries", "kata", 52)
        .fact("kernel.sys_module", "host", 332)
        .fact("kernel.sys_module", "kata", 72);
    let verdict = judge_kata(&sketch);
    assert_eq!(verdict.conclusion, Conclusion::Inconclusive);
    assert_eq!(verdict.reason, Some(UndecidedReason::NothingDecides));
    assert!(verdict.because.is_empty() && verdict.agrees.is_empty());
}

// T5
#[test]
fn a_host_that_is_a_virtual_machine_makes_its_containers_none() {
    let base = || three_arms().fact("cpu.hypervisor_flag", "kata", true);
    let on_vm = base().fact("cpu.hypervisor_flag", "host", true);
    assert_eq!(judge_kata(&on_vm).conclusion, Conclusion::SeparateKernel);
    let on_metal = base().fact("cpu.hypervisor_flag", "host", false);
    assert_eq!(judge_kata(&on_metal).conclusion, Conclusion::SeparateKernelVm);
    let virtio = |runc: &str| {
        three_arms().fact("net.driver", "kata", "virtio_net").fact("net.driver", "runc", runc)
    };
    assert_eq!(judge_kata(&virtio("virtio_net")).conclusion, Conclusion::SeparateKernel);
    assert_eq!(judge_kata(&virtio("veth")).conclusion, Conclusion::SeparateKernelVm);
}

/// The root of a target as a line of its mount table states it.
fn with_root(sketch: Sketch, target: &str, line: &str) -> Sketch {
    let root = crate::probe::parse::parse_output("mount", line).unwrap().unwrap();
    sketch.fact("fs.root", target, root)
}

// T6
#[test]
fn a_root_that_only_a_machine_has_tells_a_machine_and_a_hosts_disk_does_not() {
    // From Kata 3.23 with today's virtiofsd, and from runc on overlayfs and on a thin pool.
    let virtiofs = "50 36 0:29 / / rw,relatime - virtiofs none rw";
    let overlay = "54 39 0:31 / / rw,relatime - overlay overlay rw,lowerdir=/a,upperdir=/b";
    let pool = "54 39 253:3 / / rw,relatime - ext4 /dev/mapper/containerd-pool-snap-3 rw";
    let gvisor = "18 17 0:19 / / rw - overlay none rw";
    let disk = "23 1 254:0 / / rw,relatime - ext4 /dev/vda rw";
    // From guests whose root is a disk: EROFS and ext4 on virtio-blk, persistent memory.
    let erofs = "41 30 254:16 / / ro,relatime - erofs /dev/vdb ro,user_xattr,acl";
    let pmem = "41 30 259:1 / / ro,relatime - ext4 /dev/pmem0p1 ro";
    let judged = |host: &str, runc: &str, kata: &str| {
        let sketch = with_root(with_root(three_arms(), "host", host), "runc", runc);
        judge_kata(&with_root(sketch, "kata", kata)).conclusion
    };
    for (host, runc, kata, is_machine) in [
        (disk, overlay, virtiofs, true),
        (disk, pool, disk, true),
        (disk, overlay, erofs, true),
        (disk, overlay, pmem, true),
        (disk, overlay, gvisor, false),
        // Both show it: the engine's storage, or a host that is such a guest itself.
        (disk, disk, disk, false),
        (virtiofs, overlay, virtiofs, false),
        (virtiofs, virtiofs, virtiofs, false),
        (disk, pool, pool, false),
    ] {
        let expected = match is_machine {
            true => Conclusion::SeparateKernelVm,
            false => Conclusion::SeparateKernel,
        };
        assert_eq!(judged(host, runc, kata), expected, "{host}; {runc}; {kata}");
    }
    // Without a baseline nobody knows what the engine's storage looks like.
    let alone = three_arms().missing("fs.root", "runc", MissingReason::NotAsked);
    let alone = with_root(with_root(alone, "host", disk), "kata", virtiofs);
    assert_eq!(judge_kata(&alone).conclusion, Conclusion::SeparateKernel);
}

/// Made from the public descriptions of Kata's Rust runtime, of which no real run is at hand:
/// Dragonball is a part of the shim, so there is no monitor's process, the shim itself holds KVM's
/// handles, and the guest's root is a disk in persistent memory.
#[test]
fn the_rust_shim_with_dragonball_in_it_is_a_machine_without_a_monitors_process() {
    let cmdline = "reboot=k panic=1 systemd.unified_cgroup_hierarchy=1 \
                   systemd.unit=kata-containers.target systemd.mask=systemd-networkd.service \
                   root=/dev/pmem0p1 rootflags=dax,data=ordered,errors=remount-ro ro \
                   rootfstype=ext4 agent.debug_console agent.log_vport=1025";
    let sketch = state_both(three_arms(), "kernel.cmdline", "BOOT_IMAGE=/vmlinuz", cmdline)
        .fact("kernel.banner", "kata", GUEST_BANNER)
        .fact("host.shim", "kata", "/opt/kata/runtime-rs/bin/containerd-shim-kata-v2")
        .missing("host.vmm", "kata", MissingReason::Absent)
        .fact(
            "host.vm_fds",
            "kata",
            json!(["containerd-shim /dev/kvm", "containerd-shim anon_inode:kvm-vm"]),
        );
    let verdict = judge_kata(&sketch);
    assert_eq!(verdict.conclusion, Conclusion::SeparateKernelVm);
    assert_eq!(verdict.confidence, Confidence::High);
    assert!(verdict.because.iter().any(|fact| fact == "host.vm_fds"), "{:?}", verdict.because);
}

// T9
#[test]
fn what_moves_by_itself_speaks_against_no_verdict() {
    let sketch = state_both(sketch(), "kernel.boot_id", "a", "a")
        .fact("kernel.kallsyms", "host", 191_268)
        .fact("kernel.kallsyms", "kata", 191_269);
    let sketch = ["kernel.filesystems_md5", "kernel.devices_md5", "proc.names_md5"]
        .iter()
        .fold(sketch, |sketch, id| state_both(sketch, id, "before", "after"));
    let verdict = judge_kata(&sketch);
    assert_eq!(verdict.conclusion, Conclusion::SharedKernel);
    assert_eq!(verdict.against, Vec::<String>::new());
}

// T6
#[test]
fn a_host_under_wsl2_is_judged_like_any_other() {
    let release = "5.15.167.4-microsoft-standard-WSL2";
    let sketch = sketch()
        .fact("kernel.release", "host", release)
        .fact("kernel.banner", "kata", GUEST_BANNER)
        .fact("kernel.cmdline", "kata", KATA_CMDLINE);
    assert_eq!(judge_kata(&sketch).conclusion, Conclusion::SeparateKernelVm);
}

// T7
#[test]
fn what_a_processor_of_arm_does_not_have_never_votes() {
    let sketch = three_arms()
        .missing("cpu.model", "kata", MissingReason::NoModelName)
        .missing("cpu.hypervisor_flag", "host", MissingReason::Absent)
        .fact("cpu.hypervisor_flag", "kata", true);
    assert_eq!(judge_kata(&sketch).conclusion, Conclusion::SeparateKernel);
}

// T8
#[test]
fn equal_namespace_inodes_say_nothing() {
    let inodes = json!({"user": 4_026_531_837_u64, "pid": 4_026_531_836_u64});
    let sketch =
        sketch().fact("ns.inodes", "host", inodes.clone()).fact("ns.inodes", "kata", inodes);
    let verdict = judge_kata(&sketch);
    assert_eq!(verdict.reason, Some(UndecidedReason::NothingDecides));
}

// T9
#[test]
fn times_that_a_namespace_shifts_do_not_separate_kernels() {
    let sketch = state_both(sketch(), "kernel.boot_id", "a", "a")
        .fact("kernel.btime", "host", 1_700_000_000)
        .fact("kernel.btime", "kata", 1_699_000_000)
        .fact("kernel.uptime", "host", 4865.0)
        .fact("kernel.uptime", "kata", 0.4);
    let verdict = judge_kata(&sketch);
    assert_eq!(verdict.conclusion, Conclusion::SharedKernel);
    assert_eq!(verdict.against, ["kernel.btime"]);
}

// T10
#[test]
fn a_boot_log_that_was_refused_says_nothing() {
    let sketch = sketch()
        .missing("kernel.dmesg", "kata", MissingReason::Denied)
        .missing("kernel.dmesg_banner", "kata", MissingReason::Denied)
        .fact("kernel.dmesg_banner", "host", HOST_BANNER);
    assert_eq!(judge_kata(&sketch).reason, Some(UndecidedReason::NothingDecides));
}

// T11
#[test]
fn equal_memory_is_no_shared_kernel() {
    let sketch =
        sketch().fact("mem.total_kb", "host", 24_684_084).fact("mem.total_kb", "kata", 24_684_084);
    assert_eq!(judge_kata(&sketch).reason, Some(UndecidedReason::NothingDecides));
}

// T12
#[test]
fn guests_that_share_a_boot_id_with_each_other_do_not_share_the_hosts_kernel() {
    let mut sketch = three_arms();
    let twin = sketch.run.find_target("kata").unwrap().clone();
    sketch.run.targets.push(Target { name: "kata2".into(), ..twin });
    let sketch = sketch.fact("kernel.boot_id", "kata2", "b");
    for target in ["kata", "kata2"] {
        assert!(verdict_on(&sketch, target).conclusion != Conclusion::SharedKernel, "{target}");
    }
}

// T13
#[test]
fn gvisor_is_told_by_two_marks_whatever_its_release() {
    for release in ["4.4.0", "4.19.0-gvisor"] {
        let sketch = state_both(three_arms(), "kernel.release", "6.8.0", release);
        assert_eq!(judge_kata(&sketch).conclusion, Conclusion::SeparateKernel, "{release}");
        let one = sketch.fact("kernel.version", "kata", GVISOR_VERSION);
        assert_eq!(judge_kata(&one).conclusion, Conclusion::SeparateKernel, "{release}");
        let two = one.fact("kernel.sentry", "kata", true);
        assert_eq!(judge_kata(&two).conclusion, Conclusion::SeparateKernelUserspace, "{release}");
        assert_eq!(judge_kata(&two).confidence, Confidence::High, "{release}");
    }
}

#[test]
fn each_mark_of_gvisor_counts_by_its_source_and_not_where_the_host_has_it() {
    let marks = |target: &str| {
        three_arms()
            .fact("ns.inodes", target, json!({"pid": 1, "net": 1}))
            .fact("cgroup.controllers", target, json!(["cpu", "job"]))
            .fact("host.pid_exe", target, "/usr/bin/runsc")
    };
    assert_eq!(judge_kata(&marks("kata")).conclusion, Conclusion::SeparateKernelUserspace);
    let host_too = marks("kata")
        .fact("ns.inodes", "host", json!({"pid": 1}))
        .fact("cgroup.controllers", "host", json!(["job"]))
        .missing("host.pid_exe", "kata", MissingReason::NotAsked);
    assert_eq!(judge_kata(&host_too).conclusion, Conclusion::SeparateKernel);
}

// T14
#[test]
fn names_and_handlers_never_vote() {
    let mut sketch = state_both(sketch(), "kernel.boot_id", "a", "a");
    sketch.run.targets[2].handler = Some("io.containerd.kata.v2".into());
    assert_eq!(judge_kata(&sketch).conclusion, Conclusion::SharedKernel);
}

// T15
#[test]
fn a_handle_of_kvm_alone_is_no_virtual_machine() {
    let handles = json!(["anon_inode:kvm-vm", "anon_inode:kvm-vcpu:0"]);
    let alone = sketch().fact("host.vm_fds", "kata", handles.clone());
    assert_eq!(judge_kata(&alone).conclusion, Conclusion::Inconclusive);
    let gvisor = three_arms()
        .fact("host.vm_fds", "kata", handles)
        .fact("kernel.sentry", "kata", true)
        .fact("ns.inodes", "kata", json!({"pid": 1}));
    assert_eq!(judge_kata(&gvisor).conclusion, Conclusion::SeparateKernelUserspace);
}

// T16
#[test]
fn virtualised_files_of_proc_do_not_hide_a_shared_kernel() {
    let sketch = state_both(sketch(), "kernel.boot_id", "a", "a")
        .fact("ns.uid_map", "kata", json!([{"inside": 0, "outside": 165_536, "count": 65536}]))
        .fact("mem.total_kb", "host", 16_000_000)
        .fact("mem.total_kb", "kata", 1_000_000)
        .fact("host.witness_process", "runc", true)
        .fact("host.witness_process", "kata", true);
    assert_eq!(judge_kata(&sketch).conclusion, Conclusion::SharedKernel);
    assert_eq!(judge_kata(&sketch).confidence, Confidence::High);
}

// T17
#[test]
fn a_machine_elsewhere_is_told_from_the_inside() {
    let sketch = state_both(three_arms(), "kernel.cmdline", "root=/dev/sda1", KATA_CMDLINE)
        .missing("host.vmm", "kata", MissingReason::Absent)
        .missing("host.vm_fds", "kata", MissingReason::Absent);
    assert_eq!(judge_kata(&sketch).conclusion, Conclusion::SeparateKernelVm);
    assert_eq!(judge_kata(&sketch).confidence, Confidence::High);
}

// T18
#[test]
fn a_monitor_inside_the_shim_is_told_by_its_handles() {
    let sketch = three_arms().missing("host.vmm", "kata", MissingReason::Absent).fact(
        "host.vm_fds",
        "kata",
        json!(["anon_inode:kvm-vm"]),
    );
    assert_eq!(judge_kata(&sketch).conclusion, Conclusion::SeparateKernelVm);
}

// T19
#[test]
fn a_target_that_did_not_start_was_not_tested_whatever_its_files_say() {
    let failed = Fact::missing(MissingReason::ErrorText, "failed to create shim task");
    let sketch = sketch()
        .fact("kernel.release", "host", "6.8.0")
        .put("kernel.release", "kata", failed)
        .fact("proc.entries", "kata", 1);
    let by_text = judge_kata(&sketch);
    assert_eq!(by_text.conclusion, Conclusion::NotTested);
    assert_eq!(by_text.failure.as_deref(), Some("failed to create shim task"));
    let mut stated = three_arms();
    stated.run.targets[2].failure = Some("no such runtime".into());
    assert_eq!(judge_kata(&stated).conclusion, Conclusion::NotTested);
}

#[test]
fn a_target_whose_start_the_user_stopped_was_not_tested() {
    let stopped = Fact::missing(MissingReason::Error, STOPPED_BY_USER);
    let mut sketch =
        sketch().fact("kernel.release", "host", "6.8.0").put("kernel.release", "kata", stopped);
    sketch.run.targets[2].failure = Some(STOPPED_BY_USER.into());
    let verdict = judge_kata(&sketch);
    assert_eq!(verdict.conclusion, Conclusion::NotTested);
    assert_eq!(verdict.failure.as_deref(), Some(STOPPED_BY_USER));
    // What came before the stop counts.
    let sketch = sketch.fact("host.witness_kmsg", "kata", true);
    assert_eq!(judge_kata(&sketch).conclusion, Conclusion::SharedKernel);
}

// T20
#[test]
fn a_witness_that_is_not_found_counts_only_with_its_control() {
    let without = state_both(sketch(), "kernel.boot_id", "a", "b").fact(
        "host.witness_process",
        "kata",
        false,
    );
    let inconclusive = judge_kata(&without);
    assert_eq!(inconclusive.conclusion, Conclusion::Inconclusive);
    assert_eq!(
        ignored_reason(&inconclusive, "host.witness_process"),
        Some(UndecidedReason::NoControl)
    );
    let controlled = without.fact("host.witness_process", "runc", true);
    assert_eq!(judge_kata(&controlled).conclusion, Conclusion::SeparateKernel);
}

#[test]
fn a_line_in_the_hosts_log_decides_and_its_absence_says_nothing() {
    let seen = sketch().fact("host.witness_kmsg", "kata", true);
    assert_eq!(judge_kata(&seen).conclusion, Conclusion::SharedKernel);
    let unseen = sketch().fact("host.witness_kmsg", "kata", false);
    assert_eq!(judge_kata(&unseen).reason, Some(UndecidedReason::NothingDecides));
}

#[test]
fn where_the_baseline_does_not_show_the_host_the_engine_is_elsewhere() {
    let sketch = sketch()
        .fact("kernel.boot_id", "host", "a")
        .fact("kernel.boot_id", "runc", "c")
        .fact("kernel.boot_id", "kata", "b")
        .fact("kernel.release", "host", "6.8.0-49-generic")
        .fact("kernel.release", "runc", "6.10.14-linuxkit")
        .fact("kernel.release", "kata", "6.12.47")
        .missing("kernel.banner", "kata", MissingReason::NotAsked);
    for target in ["runc", "kata"] {
        let verdict = verdict_on(&sketch, target);
        assert_eq!(verdict.conclusion, Conclusion::Inconclusive, "{target}");
        assert_eq!(verdict.reason, Some(UndecidedReason::EngineElsewhere), "{target}");
    }
}

#[test]
fn a_default_runtime_that_was_replaced_is_judged_by_what_it_shows() {
    let sketch = sketch()
        .fact("kernel.boot_id", "host", "a")
        .fact("kernel.boot_id", "runc", "c")
        .fact("kernel.release", "host", "6.8.0")
        .fact("kernel.release", "runc", "4.4.0")
        .fact("kernel.version", "runc", GVISOR_VERSION)
        .fact("kernel.sentry", "runc", true);
    assert_eq!(sketch.run.find_target("runc").unwrap().role, Role::Baseline);
    let verdict = verdict_on(&sketch, "runc");
    assert_eq!(verdict.conclusion, Conclusion::SeparateKernelUserspace);
}

#[test]
fn what_differs_under_the_baseline_too_agrees_with_nothing() {
    let sketch = state_both(three_arms(), "kernel.filesystems_md5", "x", "y")
        .fact("kernel.sys_module", "host", 332)
        .fact("kernel.sys_module", "runc", 332)
        .fact("kernel.sys_module", "kata", 72)
        .fact("kernel.filesystems_md5", "runc", "z");
    assert_eq!(judge_kata(&sketch).agrees, ["kernel.sys_module"]);
}
