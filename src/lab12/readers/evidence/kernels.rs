//! The facts about kernels: what several files say of one.

use serde_json::Value;

use super::pages::{EvidencePages, HOST_KERNEL, RUNC_KERNEL, may_stand_elsewhere};
use crate::lab12::edition::Edition;
use crate::lab12::readers::dmesg;
use crate::lab12::readers::kernel::{self, KernelStatement, KernelStatementForm};
use crate::lab12::readers::label::EvidenceRole;
use crate::lab12::readers::page::EvidencePage;
use crate::lab12::readers::read::{self, FoundValue, ReadResult};
use crate::model::{Fact, FactId, MissingReason, MissingValue, fact_ids};

const BOOT_IDS: &str = "analysis/boot-ids.txt";

/// The guest's own command line.
const COMMAND_LINE: &str = "kata/cmdline.txt";

impl EvidencePages<'_> {
    pub(super) fn put_kernel(
        &self,
        put: &mut impl FnMut(FactId, EvidenceRole, Fact),
        edition: Edition,
    ) {
        put(fact_ids::KERNEL_RELEASE, EvidenceRole::Host, self.host_release(edition));
        put(fact_ids::KERNEL_RELEASE, EvidenceRole::Runc, self.runc_release(edition));
        put(fact_ids::KERNEL_RELEASE, EvidenceRole::Kata, self.guest_release(edition));
        let uname_files = match edition {
            Edition::F25 => ["kata/test1.txt", "results/kata-kernel.txt"],
            Edition::S26 => ["results/kata-kernel.txt", "kata/test1.txt"],
        };
        let stated = self.first_fact_from_slots(&uname_files, uname_files[0], |page| {
            self.guest_uname_fact(page)
        });
        // The newer edition's `kata-kernel.txt` without its folder.
        let elsewhere = self.pages.get("kata/kernel.txt").map(|page| self.guest_uname_fact(page));
        let line =
            elsewhere.filter(|fact| fact.is_present() && !stated.is_present()).unwrap_or(stated);
        put(fact_ids::KERNEL_UNAME, EvidenceRole::Kata, line);
        for (who, paths) in [(EvidenceRole::Host, HOST_KERNEL), (EvidenceRole::Runc, RUNC_KERNEL)] {
            let line = self.first_fact_from_slots(paths, paths[0], |page| {
                let form = Some(KernelStatementForm::Uname);
                read::fact_from_read(page, kernel_text(kernel::own_kernel(page, who, form)))
            });
            if line.is_present() {
                put(fact_ids::KERNEL_UNAME, who, line);
            }
        }
        let banner = self.fact_from_slot("analysis/kernel-comparison.txt", |page| {
            read::fact_from_read(page, kernel_text(self.of_guest(kernel::guest_banner(page))))
        });
        put(fact_ids::KERNEL_BANNER, EvidenceRole::Kata, self.banner_elsewhere(banner));
        if let Some(page) = self.pages.get("analysis/kernel-comparison.txt")
            && let Ok(found) = self.of_guest(kernel::compared_kernel(page, EvidenceRole::Kata))
        {
            put(
                fact_ids::KERNEL_RELEASE_COMPARED,
                EvidenceRole::Kata,
                read::fact_from_read(page, Ok(found.map_value(|k| k.release))),
            );
        }
        for who in [EvidenceRole::Host, EvidenceRole::Runc, EvidenceRole::Kata] {
            put(fact_ids::KERNEL_BOOT_ID, who, self.boot_id_fact(who));
        }
    }

    pub(super) fn boot_id_fact(&self, who: EvidenceRole) -> Fact {
        let own = match who {
            EvidenceRole::Host => "host/boot-id.txt",
            EvidenceRole::Runc => "runc/boot-id.txt",
            _ => "kata/boot-id.txt",
        };
        let fact = self.first_fact_from_slots(&[own, BOOT_IDS], BOOT_IDS, |page| {
            read::fact_from_read(page, kernel::read_boot_id(page, who))
        });
        if fact.is_present() {
            return fact;
        }
        Fact::missing(MissingReason::NotStated, "the lab's files do not ask for the boot id")
    }

    fn guest_uname_fact(&self, page: &EvidencePage) -> Fact {
        let form = Some(KernelStatementForm::Uname);
        let read = self.of_guest(kernel::own_kernel(page, EvidenceRole::Kata, form));
        read::fact_from_read(page, kernel_text(read))
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
                let found = self
                    .of_guest(kernel::own_kernel(
                        page,
                        EvidenceRole::Kata,
                        Some(KernelStatementForm::Banner),
                    ))
                    .ok()?;
                Some(read::fact_from_read(page, kernel_text(Ok(found))))
            });
        found.unwrap_or(fact)
    }

    fn host_release(&self, edition: Edition) -> Fact {
        let canonical =
            if edition == Edition::S26 { "results/host-kernel.txt" } else { HOST_KERNEL[0] };
        let pages = HOST_KERNEL.iter().filter_map(|path| self.pages.get(path));
        let facts: Vec<Fact> = pages.map(compared_host_release).filter(Fact::is_present).collect();
        if let [first, others @ ..] = &facts[..]
            && let Some(other) = others.iter().find(|other| other.as_str() != first.as_str())
        {
            let [one, two] = [first, other].map(|fact| fact.as_str().unwrap_or_default());
            let note = format!("two files name different kernels of the host: {one} and {two}");
            return Fact::missing(MissingReason::NotStated, note);
        }
        self.first_fact_from_slots(HOST_KERNEL, canonical, compared_host_release)
    }

    fn runc_release(&self, edition: Edition) -> Fact {
        let compared = ["analysis/kernel-comparison.txt", "results/kernels.txt"];
        let fact = self.first_fact_from_slots(RUNC_KERNEL, RUNC_KERNEL[0], |page| {
            release_fact(page, kernel::own_kernel(page, EvidenceRole::Runc, None))
        });
        if fact.is_present() {
            return fact;
        }
        let stated = compared.into_iter().find_map(|path| {
            let page = self.pages.get(path)?;
            Some(release_fact(page, kernel::compared_kernel(page, EvidenceRole::Runc)))
                .filter(Fact::is_present)
        });
        let unasked = edition == Edition::F25 && fact.source().is_none();
        stated.unwrap_or_else(|| match unasked {
            true => Fact::missing(
                MissingReason::NotStated,
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
        let own = self.first_fact_from_slots(&order, order[0], |page| {
            release_fact(page, self.of_guest(kernel::own_kernel(page, EvidenceRole::Kata, None)))
        });
        let has_failed =
            matches!(&own, Fact::Missing(missing) if missing.why == MissingReason::ErrorText);
        if !may_stand_elsewhere(&own) && !has_failed {
            return own;
        }
        let uname = self.pages.get("kata/test1.txt").map(|page| {
            release_fact(
                page,
                self.of_guest(kernel::own_kernel(
                    page,
                    EvidenceRole::Kata,
                    Some(KernelStatementForm::Uname),
                )),
            )
        });
        let compared =
            ["analysis/kernel-comparison.txt", "results/kernels.txt"].into_iter().map(|path| {
                let page = self.pages.get(path)?;
                Some(release_fact(
                    page,
                    self.of_guest(kernel::compared_kernel(page, EvidenceRole::Kata)),
                ))
            });
        let others: Vec<Fact> = std::iter::once(uname).chain(compared).flatten().collect();
        others
            .iter()
            .find(|fact| fact.is_present())
            .or_else(|| others.iter().find(|fact| matches!(fact, Fact::Missing(m) if m.why == MissingReason::HostValuesOnly)))
            .cloned()
            .unwrap_or(own)
    }

    pub(super) fn put_log(&self, put: &mut impl FnMut(FactId, EvidenceRole, Fact)) {
        const SLOT: &str = "isolation/dmesg.txt";
        let ids =
            [fact_ids::KERNEL_DMESG_LINES, fact_ids::KERNEL_DMESG_BANNER, fact_ids::KERNEL_CMDLINE];
        let own = self.pages.get(COMMAND_LINE).map(|page| {
            let read = dmesg::read_command_line(page);
            (ids[2], read::fact_from_read(page, read))
        });
        let own = own.filter(|(_, fact)| fact.is_present());
        let mut put = |id: FactId, who: EvidenceRole, fact: Fact| {
            let stated = own.as_ref().filter(|(own, _)| *own == id && !fact.is_present());
            put(id, who, stated.map_or(fact, |(_, fact)| fact.clone()));
        };
        let Some(page) = self.pages.get(SLOT).or_else(|| self.find_guests_log()) else {
            return ids.into_iter().for_each(|id| put(id, EvidenceRole::Kata, self.no_file(SLOT)));
        };
        let read = dmesg::boot_log(page).and_then(|found| self.log_of_guest(found.value));
        let log = match read {
            Ok(found) => found.value,
            Err(miss) => {
                return ids.into_iter().for_each(|id| {
                    put(id, EvidenceRole::Kata, read::missing_on_page(page, miss.clone()))
                });
            }
        };
        let first = log.lines.line;
        put(ids[0], EvidenceRole::Kata, read::fact_from_read(page, Ok(log.lines)));
        for (id, found, what) in
            [(ids[1], log.banner, "Linux version"), (ids[2], log.cmdline, "Command line:")]
        {
            let read = found.ok_or_else(|| {
                let note = format!("the log has no line “{what}”");
                MissingValue::new(MissingReason::NotStated, note).at_line(first)
            });
            put(id, EvidenceRole::Kata, read::fact_from_read(page, read));
        }
        if let Some(found) = log.mark {
            put(fact_ids::KERNEL_DMESG, EvidenceRole::Kata, read::fact_from_read(page, Ok(found)));
        }
    }

    /// A page of Kata's alone that shows the beginning of its kernel's log.
    fn find_guests_log(&self) -> Option<&EvidencePage<'_>> {
        let places =
            ["kata/dmesg.txt", "results/kata-kernel.txt", "kata/kernel.txt", "kata/test1.txt"];
        places
            .iter()
            .filter_map(|path| self.pages.get(path))
            .find(|page| page.value_lines().any(|line| dmesg::is_kernel_line(&line.text)))
    }

    /// The log, unless it names the kernel of the host.
    fn log_of_guest(&self, mut log: dmesg::BootLog) -> ReadResult<dmesg::BootLog> {
        let line = log.lines.line;
        let release = log.release_in_log().filter(|_| !log.is_kata());
        if let Some(release) = release.filter(|release| self.host.releases.contains(release)) {
            let note = format!("the log is of the host's kernel {release}");
            return Err(MissingValue::new(MissingReason::HostValuesOnly, note).at_line(line));
        }
        match log.host_mark.take() {
            Some(mark) if !self.is_peer_pod(&log, &self.host) => Err(mark),
            _ => Ok(FoundValue { value: log, line }),
        }
    }
}

fn kernel_text(read: ReadResult<KernelStatement>) -> ReadResult<Value> {
    read.map(|found| found.map_value(|kernel| Value::from(kernel.text)))
}

fn compared_host_release(page: &EvidencePage) -> Fact {
    release_fact(page, kernel::compared_kernel(page, EvidenceRole::Host))
}

fn release_fact(page: &EvidencePage, read: ReadResult<KernelStatement>) -> Fact {
    read::fact_from_read(page, read.map(|found| found.map_value(|kernel| kernel.release)))
}
