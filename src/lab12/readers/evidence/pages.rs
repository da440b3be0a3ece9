//! The pages of an evidence directory, and what they tell of the host's kernel, by which the guest's
//! is told from it.

use std::collections::{BTreeMap, BTreeSet};

use crate::lab12::edition::Edition;
use crate::lab12::readers::kernel::{self, KernelStatement, KernelStatementForm};
use crate::lab12::readers::label::{EvidenceRole, GuestPlace};
use crate::lab12::readers::page::EvidencePage;
use crate::lab12::readers::read::ReadResult;
use crate::lab12::readers::slot::SlotContent;
use crate::lab12::readers::{dmesg, report, slot};
use crate::model::{Capture, CaptureOrigin, CaptureStatus, Fact, FactSource, MissingReason};

/// The pages of an evidence directory by the path of their slot.
pub(in crate::lab12::readers) struct EvidencePages<'a> {
    pub(super) pages: BTreeMap<&'static str, EvidencePage<'a>>,
    /// Why captures have no bytes, by the id of those of files and folders that could not be read.
    pub(super) unread: BTreeMap<&'a str, String>,
    /// The ids of the captures that hold the beginning of a file alone.
    pub(super) cut_off: BTreeSet<&'a str>,
    pub(super) unplaced: Vec<&'a Capture>,
    pub(super) edition: Edition,
    pub(super) host: HostKernel,
    /// What somebody wrote: the report, and notes next to the evidence.
    pub(super) notes: Vec<&'a Capture>,
    /// The id of the report that is all there is.
    pub(super) report: Option<&'a str>,
    pub(super) place: GuestPlace,
    /// The further runtimes of Kata's of which there is something besides Kata: `clh`.
    pub(in crate::lab12::readers) variants: Vec<&'static str>,
}

/// What is known about the host's kernel.
#[derive(Debug, Default)]
pub(super) struct HostKernel {
    /// Releases that are certainly the host's.
    pub releases: Vec<String>,
    /// A release that is certainly a Kata guest's, whatever the host runs.
    pub guest: Option<String>,
    /// Whether the guest states another boot id, so that an equal release is of another kernel.
    pub has_other_boot_id: bool,
}

/// The files that state the host's kernel.
pub(super) const HOST_KERNEL: &[&str] = &[
    "analysis/kernel-comparison.txt",
    "host/kernel.txt",
    "results/host-kernel.txt",
    "results/kernels.txt",
];

/// The files of runc's kernel alone.
pub(super) const RUNC_KERNEL: &[&str] = &["results/runc-kernel.txt", "runc/kernel.txt"];

impl<'a> EvidencePages<'a> {
    /// The pages of the captures that have a slot, of which the guest's are those of a runtime.
    pub(in crate::lab12::readers) fn from_captures(
        captures: &'a [Capture],
        place: GuestPlace,
    ) -> Self {
        let mut pages = BTreeMap::new();
        for capture in captures {
            // What is called after a runtime next to Kata, whose place Kata's own file has.
            let other = slot::other_runtime_of_path(&capture.id);
            let own = match place {
                GuestPlace::Beside(beside) => other.filter(|other| *other == beside),
                GuestPlace::Variant(name) if slot::variant_of_path(&capture.id) == Some(name) => {
                    Some(EvidenceRole::Kata)
                }
                _ => None,
            };
            if let Some(who) = own
                && let Some(slot) = slot::slot_of(&capture.id)
            {
                pages.insert(slot.path, EvidencePage::new(capture, Some(who)));
            }
        }
        for capture in captures {
            let CaptureOrigin::File { slot: Some(path), .. } = &capture.origin else { continue };
            if path == report::REPORT_PATH {
                add_report_pages(&mut pages, capture);
            }
            if let Some(slot) = slot::by_path(path) {
                let who = slot::other_runtime_of_path(&capture.id).or(slot.who);
                pages.entry(slot.path).or_insert_with(|| EvidencePage::new(capture, who));
            }
        }
        let unread = captures.iter().filter_map(|c| Some((c.id.as_str(), c.unread_reason()?)));
        let unread = unread.collect();
        let cut_off = captures.iter().filter(|c| c.status == CaptureStatus::Truncated);
        let cut_off = cut_off.map(|capture| capture.id.as_str()).collect();
        let unplaced: Vec<&Capture> =
            captures.iter().filter(|capture| !is_placed(capture)).collect();
        let notes = captures.iter().filter(|capture| {
            is_report_place(capture) || is_note(&capture.id) && !is_placed(capture)
        });
        let notes: Vec<&Capture> = notes.collect();
        let report = match captures {
            [only] if is_report_place(only) => Some(only.id.as_str()),
            _ => None,
        };
        let edition = guess_edition(&pages);
        // What a transcript shows counts where no file of the lab holds it.
        let transcripts = unplaced.iter().filter(|capture| {
            (is_transcript(&capture.id) || report::is_data(&capture.id))
                && slot::other_runtime_of_path(&capture.id).is_none()
                && slot::slot_of(&capture.id).is_none()
        });
        for capture in transcripts {
            add_report_pages(&mut pages, capture);
        }
        let named = unplaced.iter().filter_map(|capture| {
            let variant = slot::variant_of_path(&capture.id)?;
            let slot = slot::slot_of(&capture.id)?;
            (pages.contains_key(slot.path) && slot.who.is_some()).then_some(variant)
        });
        let beside = pages.values().flat_map(EvidencePage::variants_beside_plain);
        let beside = beside.filter(|(who, _)| *who == EvidenceRole::Kata).map(|(_, name)| name);
        let mut variants: Vec<&'static str> = named.chain(beside).collect();
        variants.sort_unstable();
        variants.dedup();
        if let GuestPlace::Variant(name) = place {
            pages.retain(|path, page| {
                slot::variant_of_path(page.capture) == Some(name)
                    || page.variants_beside_plain().contains(&(EvidenceRole::Kata, name))
                    || HOST_KERNEL.contains(path)
                    || RUNC_KERNEL.contains(path)
            });
        }
        let guest_pages = pages.into_iter().map(|(path, page)| (path, page.read_guest_as(place)));
        let mut evidence = Self {
            pages: guest_pages.collect(),
            unread,
            cut_off,
            unplaced,
            edition,
            host: HostKernel::default(),
            notes,
            report,
            place,
            variants,
        };
        evidence.host = evidence.find_host();
        let [host, guest] =
            [EvidenceRole::Host, EvidenceRole::Kata].map(|who| evidence.boot_id_fact(who));
        evidence.host.has_other_boot_id =
            host.is_present() && guest.is_present() && host.as_str() != guest.as_str();
        evidence
    }

    /// The edition whose slots are more often filled; the older one if in doubt.
    pub(in crate::lab12::readers) fn guessed_edition(&self) -> Edition {
        self.edition
    }

    fn find_host(&self) -> HostKernel {
        let mut host = HostKernel::default();
        for path in HOST_KERNEL {
            let Some(page) = self.pages.get(path) else { continue };
            host.releases.extend(
                kernel::compared_kernel(page, EvidenceRole::Host)
                    .ok()
                    .map(|found| found.value.release),
            );
        }
        // A container under runc answers with the host's kernel. One without a distribution's
        // suffix may be a guest's, in the wrong file.
        for page in RUNC_KERNEL.iter().filter_map(|path| self.pages.get(path)) {
            let found = kernel::own_kernel(page, EvidenceRole::Runc, None).ok();
            let release = found.map(|found| found.value.release);
            host.releases.extend(release.filter(|release| release.contains('-')));
        }
        let compared = ["analysis/kernel-comparison.txt", "results/kernels.txt"];
        for page in compared.iter().filter_map(|path| self.pages.get(path)) {
            let found = kernel::compared_kernel(page, EvidenceRole::Runc).ok();
            let release = found.map(|found| found.value.release);
            host.releases.extend(release.filter(|release| release.contains('-')));
        }
        let Some(page) = self.pages.get("isolation/dmesg.txt") else { return host };
        match dmesg::boot_log(page) {
            Ok(log) if log.value.is_kata() => host.guest = log.value.release_in_log(),
            Ok(log) if log.value.host_mark.is_some() && !self.is_peer_pod(&log.value, &host) => {
                host.releases.extend(log.value.release_in_log());
            }
            _ => {}
        }
        host
    }

    /// Whether a log that looks like that of an ordinary machine is of a guest that is one: of a
    /// peer pod in a cloud, whose release the guest's own file states, and which is not the host's.
    pub(super) fn is_peer_pod(&self, log: &dmesg::BootLog, host: &HostKernel) -> bool {
        let Some(release) = log.release_in_log() else { return false };
        let cmdline = log.cmdline.as_ref().map_or("", |found| found.value.as_str());
        let names_hosts = host.releases.iter().any(|release| cmdline.contains(release.as_str()));
        let is_stated = ["kata/kernel.txt", "kata/test1.txt", "results/kata-kernel.txt"]
            .iter()
            .filter_map(|path| self.pages.get(path))
            .filter_map(|page| kernel::own_kernel(page, EvidenceRole::Kata, None).ok())
            .any(|found| found.value.release == release);
        is_stated
            && !log.is_kata()
            && !names_hosts
            && !host.releases.is_empty()
            && !host.releases.contains(&release)
            && !kernel::is_desktop_vm(&release)
    }

    /// The statement, unless it is about the host's kernel.
    pub(super) fn of_guest(
        &self,
        read: ReadResult<KernelStatement>,
    ) -> ReadResult<KernelStatement> {
        let found = read?;
        let known = &found.value;
        let is_hosts = self.host.releases.contains(&known.release) && !self.host.has_other_boot_id
            || kernel::is_desktop_vm(&known.release);
        let is_guests = self.host.guest.as_ref() == Some(&known.release)
            || known.form == KernelStatementForm::Banner
                && crate::knowledge::is_kata_build(&known.text);
        if is_hosts && !is_guests { Err(kernel::host_value(&found)) } else { Ok(found) }
    }

    /// What the file in a slot says, or that there is no such file.
    pub(super) fn fact_from_slot(
        &self,
        path: &str,
        reader: impl Fn(&EvidencePage) -> Fact,
    ) -> Fact {
        self.pages.get(path).map_or_else(|| self.no_file(path), reader)
    }

    /// The first value from these slots, or else the first reason.
    pub(super) fn first_fact_from_slots(
        &self,
        paths: &[&str],
        canonical: &str,
        reader: impl Fn(&EvidencePage) -> Fact,
    ) -> Fact {
        let facts: Vec<Fact> =
            paths.iter().filter_map(|path| self.pages.get(path)).map(reader).collect();
        let value = facts.iter().find(|fact| fact.is_present());
        value.or(facts.first()).cloned().unwrap_or_else(|| self.no_file(canonical))
    }

    /// That there is no file in a slot; whether there is one is not known of a folder that could
    /// not be read.
    pub(super) fn no_file(&self, path: &str) -> Fact {
        let folder = path.split('/').next().unwrap_or_default();
        match self
            .unread
            .iter()
            .find(|(id, _)| id.strip_suffix('/').is_some_and(|id| slot::is_folder(id, folder)))
        {
            Some((id, reason)) => Fact::missing_at(
                MissingReason::FileUnreadable,
                format!("{id}: {reason}"),
                FactSource::new(*id, None),
            ),
            None => Fact::missing(MissingReason::FileMissing, format!("no file {path}")),
        }
    }
}

/// Adds what a report or a transcript shows; what another has, too, in the place of its own target.
fn add_report_pages<'a>(
    pages: &mut BTreeMap<&'static str, EvidencePage<'a>>,
    capture: &'a Capture,
) {
    for (path, page) in report::report_pages(capture) {
        let own = pages.contains_key(path).then(|| find_own_slot(path, &page)).flatten();
        pages.entry(own.unwrap_or(path)).or_insert(page);
    }
}

/// The slot for what a page holds of the one target that it is of.
fn find_own_slot(path: &str, page: &EvidencePage) -> Option<&'static str> {
    let content = match slot::by_path(path)?.content {
        SlotContent::KernelComparison => SlotContent::Kernel,
        SlotContent::CpuComparison => SlotContent::Cpu,
        content => content,
    };
    let mut parts = page.labelled_parts().iter().filter(|p| p.value_lines().next().is_some());
    let who = parts.next()?.who;
    let own = slot::SLOTS
        .iter()
        .find(|slot| slot.content == content && slot.who == who && who.is_some())?;
    parts.all(|part| part.who == who).then_some(own.path)
}

fn guess_edition(pages: &BTreeMap<&'static str, EvidencePage>) -> Edition {
    let slots = pages.keys().filter_map(|path| slot::by_path(path));
    let asked = slots.filter(|slot| !slot.content.is_of_no_edition());
    let (newer, older): (Vec<_>, Vec<_>) = asked.partition(|slot| slot.edition == Edition::S26);
    if newer.len() > older.len() { Edition::S26 } else { Edition::F25 }
}

/// Whether a file is, by its name, one that could hold what a terminal showed.
fn is_transcript(name: &str) -> bool {
    let name = name.to_lowercase();
    [".txt", ".log", ".out"].iter().any(|end| name.ends_with(end))
}

fn is_report_place(capture: &Capture) -> bool {
    matches!(&capture.origin, CaptureOrigin::File { slot: Some(path), .. } if path == report::REPORT_PATH)
}

fn is_placed(capture: &Capture) -> bool {
    matches!(&capture.origin, CaptureOrigin::File { slot: Some(_), .. })
}

/// Whether a value that is missing in its own file may be in another.
pub(super) fn may_stand_elsewhere(fact: &Fact) -> bool {
    let Fact::Missing(missing) = fact else { return false };
    matches!(
        missing.why,
        MissingReason::FileMissing | MissingReason::FileUnreadable | MissingReason::Empty
    )
}

/// Whether a file is, by its name, one in which people write.
fn is_note(name: &str) -> bool {
    let name = name.to_lowercase();
    [".md", ".txt", ".json", ".yaml", ".yml"].iter().any(|end| name.ends_with(end))
}
