//! The facts about kernels: what several files say of one.

use serde_json::Value;

use super::{Evidence, HOST_KERNEL, may_stand_elsewhere};
use crate::model::{Edition, Fact, Why};
use crate::probe::lab12::dmesg;
use crate::probe::lab12::kernel::{self, Form, Kernel};
use crate::probe::lab12::label::Who;
use crate::probe::lab12::page::Page;
use crate::probe::lab12::read::{self, Found, Miss, Read};

impl Evidence<'_> {
    pub(super) fn put_kernel(&self, put: &mut impl FnMut(&str, Who, Fact), edition: Edition) {
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
        if !may_stand_elsewhere(&own) {
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

    pub(super) fn put_log(&self, put: &mut impl FnMut(&str, Who, Fact)) {
        const SLOT: &str = "isolation/dmesg.txt";
        let ids = ["kernel.dmesg_lines", "kernel.dmesg_banner", "kernel.cmdline"];
        let Some(page) = self.pages.get(SLOT) else {
            return ids.into_iter().for_each(|id| put(id, Who::Kata, self.no_file(SLOT)));
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
}

fn text(read: Read<Kernel>) -> Read<Value> {
    read.map(|found| found.map(|kernel| Value::from(kernel.text)))
}

fn release(page: &Page, read: Read<Kernel>) -> Fact {
    read::fact(page, read.map(|found| found.map(|kernel| kernel.release)))
}
