//! From pages to facts: which file answers which question, and what only several files together
//! can tell (that a "guest's" value is the host's).

use std::collections::BTreeMap;

use serde_json::Value;

use super::kernel::{self, Form, Kernel};
use super::label::Who;
use super::page::{Kind, Page};
use super::read::{self, Found, Miss, Read};
use super::slot::{self, Content};
use super::{counts, cpu, dmesg, health, interfaces, latency, results, shim, timing};
use crate::model::{Capture, Edition, Fact, Facts, Origin, Samples, Source, Unit, Why};

/// The pages of an evidence directory by the path of their slot.
pub struct Evidence<'a> {
    pages: BTreeMap<&'static str, Page<'a>>,
    host: Host,
}

/// What is known about the host's kernel.
#[derive(Debug, Default)]
struct Host {
    /// Releases that are certainly the host's.
    releases: Vec<String>,
    /// A release that is certainly a Kata guest's, whatever the host runs.
    guest: Option<String>,
}

const HOST_KERNEL: &[&str] = &[
    "analysis/kernel-comparison.txt",
    "host/kernel.txt",
    "results/host-kernel.txt",
    "results/kernels.txt",
];

impl<'a> Evidence<'a> {
    /// The pages of the captures that have a slot.
    pub fn new(captures: &'a [Capture]) -> Self {
        let mut pages = BTreeMap::new();
        for capture in captures {
            let Origin::File { slot: Some(path), .. } = &capture.origin else { continue };
            if let Some(slot) = slot::by_path(path) {
                pages.entry(slot.path).or_insert_with(|| Page::new(capture, slot.who));
            }
        }
        let mut evidence = Self { pages, host: Host::default() };
        evidence.host = evidence.find_host();
        evidence
    }

    /// The edition whose slots are more often filled; the older one if in doubt.
    pub fn edition(&self) -> Edition {
        let count = |edition: Edition| {
            self.pages
                .keys()
                .filter(|path| slot::by_path(path).is_some_and(|s| s.edition == edition))
                .count()
        };
        if count(Edition::S26) > count(Edition::F25) { Edition::S26 } else { Edition::F25 }
    }

    /// The runtime handler that the shim says it answers to.
    pub fn handler(&self) -> Option<String> {
        shim::shim(self.pages.get("setup/kata-built-version.txt")?).handler
    }

    fn find_host(&self) -> Host {
        let mut host = Host::default();
        for path in HOST_KERNEL {
            let Some(page) = self.pages.get(path) else { continue };
            host.releases
                .extend(kernel::compared(page, Who::Host).ok().map(|found| found.value.release));
        }
        let Some(page) = self.pages.get("isolation/dmesg.txt") else { return host };
        match dmesg::boot_log(page) {
            Ok(log) if log.value.is_kata() => host.guest = log.value.release(),
            Err(Miss { why: Why::HostValuesOnly, .. }) => {
                let banner = page.texts().find_map(|line| {
                    kernel::statement(&line.text).filter(|kernel| kernel.form == Form::Banner)
                });
                host.releases.extend(banner.map(|kernel| kernel.release));
            }
            _ => {}
        }
        host
    }

    /// The statement, unless it is about the host's kernel.
    fn of_guest(&self, read: Read<Kernel>) -> Read<Kernel> {
        let found = read?;
        let known = &found.value;
        let is_hosts =
            self.host.releases.contains(&known.release) || kernel::is_desktop_vm(&known.release);
        let is_guests = self.host.guest.as_ref() == Some(&known.release)
            || known.form == Form::Banner && kernel::is_kata_build(&known.text);
        if is_hosts && !is_guests { Err(kernel::host_value(&found)) } else { Ok(found) }
    }

    /// All facts: those that other tools rely on always, the others where there is something.
    pub fn facts(&self, edition: Edition) -> Facts {
        let mut facts = Facts::new();
        let mut put = |id: &str, who: Who, fact: Fact| {
            facts.entry(id.to_string()).or_default().insert(who.target().to_string(), fact);
        };
        self.put_runtime(&mut put);
        self.put_kernel(&mut put, edition);
        self.put_log(&mut put);
        self.put_counts(&mut put);
        self.put_rest(&mut put, edition);
        self.put_newer(&mut put, edition);
        facts
    }

    fn put_runtime(&self, put: &mut impl FnMut(&str, Who, Fact)) {
        const SLOT: &str = "setup/kata-built-version.txt";
        let ids = ["runtime.version", "runtime.implementation", "runtime.commit"];
        let Some(page) = self.pages.get(SLOT) else {
            ids.into_iter().for_each(|id| put(id, Who::Kata, no_file(SLOT)));
            return;
        };
        let shim = shim::shim(page);
        for (id, read) in ids.into_iter().zip([shim.version, shim.implementation, shim.commit]) {
            put(id, Who::Kata, read::fact(page, read));
        }
    }

    fn put_kernel(&self, put: &mut impl FnMut(&str, Who, Fact), edition: Edition) {
        put("kernel.release", Who::Host, self.host_release(edition));
        put("kernel.release", Who::Runc, self.runc_release(edition));
        put("kernel.release", Who::Kata, self.guest_release(edition));
        put(
            "kernel.uname",
            Who::Kata,
            self.on("kata/test1.txt", |page| {
                let read = self.of_guest(kernel::own(page, Who::Kata, Some(Form::Uname)));
                read::fact(page, text(read))
            }),
        );
        let banner = self.on("analysis/kernel-comparison.txt", |page| {
            read::fact(page, text(self.of_guest(kernel::banner(page))))
        });
        put("kernel.banner", Who::Kata, self.banner_elsewhere(banner));
        if let Some(page) = self.pages.get("analysis/kernel-comparison.txt")
            && let Ok(found) = self.of_guest(kernel::compared(page, Who::Kata))
        {
            put(
                "kernel.release_compared",
                Who::Kata,
                read::fact(page, Ok(found.map(|k| k.release))),
            );
        }
        for who in [Who::Host, Who::Runc, Who::Kata] {
            let reason = "the lab's files do not ask for the boot id";
            put("kernel.boot_id", who, Fact::missing(Why::NotStated, reason));
        }
    }

    /// The whole line where another file than the comparison holds it.
    fn banner_elsewhere(&self, fact: Fact) -> Fact {
        if fact.is_present() {
            return fact;
        }
        let found = ["kata/kernel.txt", "kata/test1.txt", "results/kata-kernel.txt"]
            .into_iter()
            .find_map(|path| {
                let page = self.pages.get(path)?;
                let found = self.of_guest(kernel::own(page, Who::Kata, Some(Form::Banner))).ok()?;
                Some(read::fact(page, text(Ok(found))))
            });
        found.unwrap_or(fact)
    }

    fn host_release(&self, edition: Edition) -> Fact {
        let canonical =
            if edition == Edition::S26 { "results/host-kernel.txt" } else { HOST_KERNEL[0] };
        self.first(HOST_KERNEL, canonical, |page| release(page, kernel::compared(page, Who::Host)))
    }

    fn runc_release(&self, edition: Edition) -> Fact {
        let own = ["results/runc-kernel.txt", "runc/kernel.txt"];
        let compared = ["analysis/kernel-comparison.txt", "results/kernels.txt"];
        let fact =
            self.first(&own, own[0], |page| release(page, kernel::own(page, Who::Runc, None)));
        if fact.is_present() {
            return fact;
        }
        let stated = compared.into_iter().find_map(|path| {
            let page = self.pages.get(path)?;
            Some(release(page, kernel::compared(page, Who::Runc))).filter(Fact::is_present)
        });
        let unasked = edition == Edition::F25 && fact.source().is_none();
        stated.unwrap_or_else(|| match unasked {
            true => Fact::missing(
                Why::NotStated,
                "no command of the lab was run under runc to show its kernel",
            ),
            false => fact,
        })
    }

    fn guest_release(&self, edition: Edition) -> Fact {
        let order = match edition {
            Edition::F25 => ["kata/kernel.txt", "results/kata-kernel.txt"],
            Edition::S26 => ["results/kata-kernel.txt", "kata/kernel.txt"],
        };
        let own = self.first(&order, order[0], |page| {
            release(page, self.of_guest(kernel::own(page, Who::Kata, None)))
        });
        let may_stand_elsewhere =
            matches!(&own, Fact::Missing(m) if matches!(m.why, Why::FileMissing | Why::Empty));
        if !may_stand_elsewhere {
            return own;
        }
        let uname = self.pages.get("kata/test1.txt").map(|page| {
            release(page, self.of_guest(kernel::own(page, Who::Kata, Some(Form::Uname))))
        });
        let compared =
            ["analysis/kernel-comparison.txt", "results/kernels.txt"].into_iter().map(|path| {
                let page = self.pages.get(path)?;
                Some(release(page, self.of_guest(kernel::compared(page, Who::Kata))))
            });
        let others: Vec<Fact> = std::iter::once(uname).chain(compared).flatten().collect();
        let hosts = |fact: &&Fact| matches!(fact, Fact::Missing(m) if m.why == Why::HostValuesOnly);
        others
            .iter()
            .find(|fact| fact.is_present())
            .or_else(|| others.iter().find(hosts))
            .cloned()
            .unwrap_or(own)
    }

    fn put_log(&self, put: &mut impl FnMut(&str, Who, Fact)) {
        const SLOT: &str = "isolation/dmesg.txt";
        let ids = ["kernel.dmesg_lines", "kernel.dmesg_banner", "kernel.cmdline"];
        let Some(page) = self.pages.get(SLOT) else {
            return ids.into_iter().for_each(|id| put(id, Who::Kata, no_file(SLOT)));
        };
        let read = dmesg::boot_log(page).and_then(|found| self.log_of_guest(found.value));
        let log = match read {
            Ok(found) => found.value,
            Err(miss) => {
                return ids
                    .into_iter()
                    .for_each(|id| put(id, Who::Kata, read::missing(page, miss.clone())));
            }
        };
        let first = log.lines.line;
        let unsaid = |what: &str| Miss {
            why: Why::NotStated,
            note: format!("the log has no line “{what}”"),
            line: Some(first),
        };
        put(ids[0], Who::Kata, read::fact(page, Ok(log.lines)));
        put(ids[1], Who::Kata, read::fact(page, log.banner.ok_or_else(|| unsaid("Linux version"))));
        put(
            ids[2],
            Who::Kata,
            read::fact(page, log.cmdline.ok_or_else(|| unsaid("Command line:"))),
        );
    }

    /// The log, unless it names the kernel of the host.
    fn log_of_guest(&self, log: dmesg::BootLog) -> Read<dmesg::BootLog> {
        let line = log.lines.line;
        match log.release() {
            Some(release) if self.host.releases.contains(&release) && !log.is_kata() => {
                let note = format!("the log is of the host's kernel {release}");
                Err(Miss { why: Why::HostValuesOnly, note, line: Some(line) })
            }
            _ => Ok(Found { value: log, line }),
        }
    }

    fn put_counts(&self, put: &mut impl FnMut(&str, Who, Fact)) {
        for (id, main, content) in [
            ("proc.entries", "isolation/proc.txt", Content::Proc),
            ("kernel.sys_module", "isolation/modules.txt", Content::Modules),
        ] {
            for who in [Who::Host, Who::Kata, Who::Runc] {
                put(id, who, self.count(main, content, who));
            }
        }
    }

    /// A count from the file that compares, or else from the file of one role.
    fn count(&self, main: &str, content: Content, who: Who) -> Fact {
        let fact = self.on(main, |page| read::fact(page, counts::count(page, who)));
        let own = slot::SLOTS.iter().find(|slot| slot.content == content && slot.who == Some(who));
        let own = own.and_then(|slot| self.pages.get(slot.path));
        match own {
            Some(page) if !fact.is_present() => {
                let own = read::fact(page, counts::count(page, who));
                let main_is_silent =
                    matches!(&fact, Fact::Missing(m) if !matches!(m.why, Why::ErrorText));
                if own.is_present() || main_is_silent { own } else { fact }
            }
            _ => fact,
        }
    }

    fn put_rest(&self, put: &mut impl FnMut(&str, Who, Fact), edition: Edition) {
        put(
            "app.health_status",
            Who::Runc,
            self.on("runc/health.txt", |page| read::fact(page, health::status(page))),
        );
        self.put_cpu(put);
        put(
            "net.interfaces",
            Who::Kata,
            self.on("isolation/network.txt", |page| {
                read::fact(page, interfaces::interfaces(page, Who::Kata))
            }),
        );
        if let Some(page) = self.pages.get("isolation/network.txt")
            && let Ok(found) = interfaces::interfaces(page, Who::Runc)
        {
            put("net.interfaces", Who::Runc, read::fact(page, Ok(found)));
        }
        for who in [Who::Runc, Who::Kata] {
            put("startup.wall", who, self.startup(who, edition));
        }
        put("http.latency", Who::Runc, self.latency());
        put(
            "http.latency_reported",
            Who::Runc,
            self.on("bench/http-latency.txt", |page| read::fact(page, latency::reported(page))),
        );
        if let Some(fact) = self.logged_at() {
            put("evidence.logged_at", Who::Kata, fact);
        }
    }

    fn put_cpu(&self, put: &mut impl FnMut(&str, Who, Fact)) {
        let model = |page: &Page, who: Who| read::fact(page, cpu::model(page, who));
        let places = ["analysis/cpu-comparison.txt", "host/cpu.txt"];
        put("cpu.model", Who::Host, self.first(&places, places[0], |page| model(page, Who::Host)));
        let compared = self.on("analysis/cpu-comparison.txt", |page| model(page, Who::Kata));
        let own = self.on("kata/cpu.txt", |page| model(page, Who::Kata));
        let may_stand_elsewhere =
            matches!(&own, Fact::Missing(m) if matches!(m.why, Why::FileMissing | Why::Empty));
        let own = if may_stand_elsewhere && compared.is_present() { compared.clone() } else { own };
        put("cpu.model", Who::Kata, own);
        put("cpu.model_compared", Who::Kata, compared);
    }

    fn startup(&self, who: Who, edition: Edition) -> Fact {
        let own =
            if who == Who::Runc { "bench/runc-startup.txt" } else { "bench/kata-startup.txt" };
        let newer =
            if who == Who::Runc { "results/runc-startup.txt" } else { "results/kata-startup.txt" };
        let places = match edition {
            Edition::F25 => ["bench/startup.txt", own, "results/startup.txt", newer],
            Edition::S26 => ["results/startup.txt", newer, "bench/startup.txt", own],
        };
        self.first(&places, places[0], |page| series(page, timing::startup(page, who)))
    }

    /// The samples from their own file, or else from within the summary.
    fn latency(&self) -> Fact {
        let places = ["bench/curl-3012.txt", "bench/http-latency.txt"];
        let own = self.on(places[0], |page| series(page, latency::samples(page)));
        if own.is_present() {
            return own;
        }
        let within = self.pages.get(places[1]).map(|page| series(page, latency::samples(page)));
        within.filter(Fact::is_present).unwrap_or(own)
    }

    /// When the engine logged something beside the evidence: the first time stated.
    fn logged_at(&self) -> Option<Fact> {
        let pages = slot::SLOTS.iter().filter_map(|slot| self.pages.get(slot.path));
        pages.into_iter().find_map(|page| {
            page.parts().iter().flat_map(|part| &part.lines).find_map(|line| {
                let Kind::Log(log) = &line.kind else { return None };
                let time = log.time.as_ref()?;
                chrono::DateTime::parse_from_rfc3339(time).ok()?;
                Some(Fact::value(time.as_str(), Source::new(page.capture, line.number)))
            })
        })
    }

    fn put_newer(&self, put: &mut impl FnMut(&str, Who, Fact), edition: Edition) {
        type Reader = fn(&Page, Who) -> Fact;
        let asks: [(&str, [&str; 3], Reader); 3] = [
            (
                "perf.io_write",
                ["results/io.txt", "results/runc-io.txt", "results/kata-io.txt"],
                |page, who| read::fact(page, results::io_write(page, who)),
            ),
            (
                "dev.entries",
                ["results/devices.txt", "results/runc-devices.txt", "results/kata-devices.txt"],
                |page, who| read::fact(page, counts::count(page, who)),
            ),
            (
                "priv.cap_eff",
                ["results/caps.txt", "results/runc-caps.txt", "results/kata-caps.txt"],
                |page, who| read::fact(page, results::cap_eff(page, who)),
            ),
        ];
        for (id, [both, runc, kata], reader) in asks {
            for (who, own) in [(Who::Runc, runc), (Who::Kata, kata)] {
                let places = [own, both];
                let found = places.iter().any(|path| self.pages.contains_key(path));
                if found || edition == Edition::S26 {
                    let canonical = if id == "perf.io_write" { both } else { own };
                    let fact = self.first(&places, canonical, |page| reader(page, who));
                    let beside = (id == "priv.cap_eff").then(|| self.mask_beside_kernel(who));
                    put(id, who, beside.flatten().filter(|_| !fact.is_present()).unwrap_or(fact));
                }
            }
        }
    }

    /// A mask that stands in the file of the kernel, where one command printed both.
    fn mask_beside_kernel(&self, who: Who) -> Option<Fact> {
        let page = self.pages.get(match who {
            Who::Kata => "results/kata-kernel.txt",
            _ => "results/runc-kernel.txt",
        })?;
        Some(read::fact(page, results::cap_eff(page, who))).filter(Fact::is_present)
    }

    /// What the file in a slot says, or that there is no such file.
    fn on(&self, path: &str, reader: impl Fn(&Page) -> Fact) -> Fact {
        self.pages.get(path).map_or_else(|| no_file(path), reader)
    }

    /// The first value from these slots, or else the first reason.
    fn first(&self, paths: &[&str], canonical: &str, reader: impl Fn(&Page) -> Fact) -> Fact {
        let facts: Vec<Fact> =
            paths.iter().filter_map(|path| self.pages.get(path)).map(reader).collect();
        let value = facts.iter().find(|fact| fact.is_present());
        value.or(facts.first()).cloned().unwrap_or_else(|| no_file(canonical))
    }
}

fn no_file(path: &str) -> Fact {
    Fact::missing(Why::FileMissing, format!("no file {path}"))
}

fn text(read: Read<Kernel>) -> Read<Value> {
    read.map(|found| found.map(|kernel| Value::from(kernel.text)))
}

fn release(page: &Page, read: Read<Kernel>) -> Fact {
    read::fact(page, read.map(|found| found.map(|kernel| kernel.release)))
}

fn series(page: &Page, read: Read<Vec<f64>>) -> Fact {
    match read {
        Ok(found) => Fact::Series(Samples {
            values: found.value,
            unit: Unit::Seconds,
            source: Source::new(page.capture, found.line),
        }),
        Err(miss) => read::missing(page, miss),
    }
}
