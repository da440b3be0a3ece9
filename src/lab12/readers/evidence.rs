//! From pages to facts: which file answers which question, and what only several files together
//! can tell (that a "guest's" value is the host's).

mod kernels;
mod measured;
mod start;

use std::collections::{BTreeMap, BTreeSet};

use super::kernel::{self, KernelStatement, KernelStatementForm};
use super::label::{EvidenceRole, GuestPlace};
use super::page::{EvidencePage, LineKind, PageLine};
use super::read::{self, ReadResult};
use super::slot::{self, SlotContent};
use super::table::TableMeasure;
use super::{counts, cpu, dmesg, health, interfaces, latency, report, shim, words};
use crate::lab12::edition::Edition;
use crate::model::{
    Capture, CaptureOrigin, CaptureStatus, Fact, FactSource, Facts, MissingReason, MissingValue,
};

/// The pages of an evidence directory by the path of their slot.
pub(super) struct EvidencePages<'a> {
    pages: BTreeMap<&'static str, EvidencePage<'a>>,
    /// Why captures have no bytes, by the id of those of files and folders that could not be read.
    unread: BTreeMap<&'a str, String>,
    /// The ids of the captures that hold the beginning of a file alone.
    cut_off: BTreeSet<&'a str>,
    /// The captures that no slot asks for.
    unplaced: Vec<&'a Capture>,
    edition: Edition,
    host: HostKernel,
    /// What somebody wrote: the report, and notes beside the evidence.
    notes: Vec<&'a Capture>,
    /// The id of the report that is all there is.
    report: Option<&'a str>,
    place: GuestPlace,
}

/// What the pages say.
pub(super) struct EvidenceReading {
    /// The facts.
    pub facts: Facts,
    /// Why no container started under Kata, where that is so, in the words that stand there.
    pub failure: Option<String>,
}

/// What is known about the host's kernel.
#[derive(Debug, Default)]
struct HostKernel {
    /// Releases that are certainly the host's.
    releases: Vec<String>,
    /// A release that is certainly a Kata guest's, whatever the host runs.
    guest: Option<String>,
}

/// The facts that say how much a file holds.
const COUNTED_LINES: &[&str] = &["kernel.dmesg_lines", "dev.entries", "http.latency"];

const HOST_KERNEL: &[&str] = &[
    "analysis/kernel-comparison.txt",
    "host/kernel.txt",
    "results/host-kernel.txt",
    "results/kernels.txt",
];

impl<'a> EvidencePages<'a> {
    /// The pages of the captures that have a slot, of which the guest's are those of a runtime.
    pub(super) fn from_captures(captures: &'a [Capture], place: GuestPlace) -> Self {
        let mut pages = BTreeMap::new();
        for capture in captures {
            // What is called after a runtime beside Kata, whose place Kata's own file has.
            let other = slot::other_runtime_of_path(&capture.id);
            if let (GuestPlace::Beside(beside), Some(slot)) = (place, slot::slot_of(&capture.id))
                && other == Some(beside)
            {
                pages.insert(slot.path, EvidencePage::new(capture, other));
            }
        }
        for capture in captures {
            let CaptureOrigin::File { slot: Some(path), .. } = &capture.origin else { continue };
            if path == report::REPORT_PATH {
                for (path, page) in report::report_pages(capture) {
                    // What another transcript has, too, is in the place of its own target.
                    let own =
                        pages.contains_key(path).then(|| find_own_slot(path, &page)).flatten();
                    pages.entry(own.unwrap_or(path)).or_insert(page);
                }
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
            is_report_place(capture) || start::is_note(&capture.id) && !is_placed(capture)
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
        });
        for capture in transcripts {
            for (path, page) in report::report_pages(capture) {
                pages.entry(path).or_insert(page);
            }
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
        };
        evidence.host = evidence.find_host();
        evidence
    }

    /// The edition whose slots are more often filled; the older one if in doubt.
    pub(super) fn guessed_edition(&self) -> Edition {
        self.edition
    }

    /// Whether anything is labelled as Kata's, or stands in a place of its own.
    pub(super) fn has_guests_part(&self) -> bool {
        let mut parts = self.pages.values().flat_map(|page| page.labelled_parts());
        parts
            .any(|part| part.who == Some(EvidenceRole::Kata) && part.value_lines().next().is_some())
    }

    /// The runtime handler that the shim says it answers to.
    pub(super) fn shim_handler(&self) -> Option<String> {
        shim::read_shim_version(self.pages.get("setup/kata-built-version.txt")?).handler
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
        for page in kernels::RUNC_KERNEL.iter().filter_map(|path| self.pages.get(path)) {
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
    fn is_peer_pod(&self, log: &dmesg::BootLog, host: &HostKernel) -> bool {
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
    fn of_guest(&self, read: ReadResult<KernelStatement>) -> ReadResult<KernelStatement> {
        let found = read?;
        let known = &found.value;
        let is_hosts =
            self.host.releases.contains(&known.release) || kernel::is_desktop_vm(&known.release);
        let is_guests = self.host.guest.as_ref() == Some(&known.release)
            || known.form == KernelStatementForm::Banner
                && crate::knowledge::is_kata_build(&known.text);
        if is_hosts && !is_guests { Err(kernel::host_value(&found)) } else { Ok(found) }
    }

    /// All facts: those that other tools rely on always, the others where there is something.
    pub(super) fn all_facts(&self, edition: Edition) -> EvidenceReading {
        let mut facts = Facts::new();
        let mut put = |id: &str, who: EvidenceRole, fact: Fact| {
            facts.entry(id.to_string()).or_default().insert(who.target_name().to_string(), fact);
        };
        self.put_runtime(&mut put);
        self.put_kernel(&mut put, edition);
        self.put_log(&mut put);
        self.put_counts(&mut put);
        self.put_rest(&mut put, edition);
        self.put_newer(&mut put, edition);
        self.put_masks(&mut put);
        for fact in facts.values_mut().flat_map(BTreeMap::values_mut) {
            self.say_unread(fact);
        }
        for id in COUNTED_LINES {
            facts.get_mut(*id).into_iter().flat_map(BTreeMap::values_mut).for_each(|fact| {
                self.refuse_cut_off(fact);
            });
        }
        start::retract_all_unrun(&self.notes, &mut facts);
        let is_made_up = self.retract_made_up(&mut facts);
        let failure = self.find_start_failure(&facts, is_made_up);
        if let Some(failure) = &failure {
            start::retract_figures(&mut facts, failure);
        }
        EvidenceReading { facts, failure: failure.map(|failure| failure.words) }
    }

    /// Takes back what counts the lines of a file of which only the beginning is kept.
    fn refuse_cut_off(&self, fact: &mut Fact) {
        let source = fact.source().filter(|source| self.cut_off.contains(source.capture.as_str()));
        if let Some(source) = source.filter(|_| fact.is_present()).cloned() {
            let reason =
                format!("{}: the file is too long, and only its start is kept", source.capture);
            *fact = Fact::missing_at(MissingReason::CutOff, reason, source);
        }
    }

    /// Takes back what stands where a file admits that it was not captured: in the part that says
    /// so, or below the heading that does. Whether anything was.
    fn retract_made_up(&self, facts: &mut Facts) -> bool {
        let mut is_any = false;
        for page in self.pages.values() {
            let parts = page.labelled_parts();
            let has_real =
                page.lines.iter().any(|line| words::contains_any(&line.text, &["actual"]));
            for (index, part) in parts.iter().enumerate() {
                let label = PageLine::new(part.line, &part.label, false);
                let Some(line) = std::iter::once(&label).chain(&part.lines).find(|line| {
                    // The head of a table says it of a column, whose cells have it as their label.
                    let is_head = line.text.contains(" | ")
                        && !super::label::list_roles(&line.text).is_empty();
                    !is_head
                        && (words::is_made_up(&line.text)
                            || !has_real && words::is_expected_output(&line.text))
                        && !dmesg::is_kernel_line(&line.text)
                }) else {
                    continue;
                };
                // What follows a heading is below it until the next one.
                let mut following = parts[index + 1..].iter();
                let next = match part.who {
                    Some(_) => following.next(),
                    None => following.find(|next| next.who.is_none()),
                };
                let end = next.map_or(u32::MAX, |next| next.line.max(part.line + 1));
                let what = "nothing was captured, by its own words";
                let miss = MissingValue::quoting_line(MissingReason::NarrativeText, what, line);
                for (target, fact) in facts.values_mut().flatten() {
                    let is_below = fact.is_present()
                        && part.who.is_none_or(|who| who.target_name() == target)
                        && fact.source().is_some_and(|source| {
                            source.capture == page.capture
                                && source.line.is_some_and(|at| (part.line..end).contains(&at))
                        });
                    if is_below {
                        *fact = read::missing_on_page(page, miss.clone());
                        is_any = true;
                    }
                }
            }
        }
        is_any
    }

    /// Gives a fact that is missing because its file was not read the reason why it was not.
    fn say_unread(&self, fact: &mut Fact) {
        let Fact::Missing(missing) = fact else { return };
        if let (Some(report), MissingReason::FileMissing) = (self.report, missing.why) {
            missing.why = MissingReason::NotStated;
            missing.reason = format!("{report}: no such value is pasted there");
        }
        let Some(source) = &missing.source else { return };
        if let Some(reason) = self.unread.get(source.capture.as_str()) {
            missing.why = MissingReason::FileUnreadable;
            missing.reason = format!("{}: {reason}", source.capture);
        }
    }

    fn put_runtime(&self, put: &mut impl FnMut(&str, EvidenceRole, Fact)) {
        const SLOT: &str = "setup/kata-built-version.txt";
        let ids = ["runtime.version", "runtime.implementation", "runtime.commit"];
        if let Some(other) = self.place.other_runtime() {
            let reason = "no file states a version of the runtime that ran in Kata's place";
            let version = self.program_version(other);
            let missing = Fact::missing(MissingReason::NotStated, reason);
            put("runtime.program_version", EvidenceRole::Kata, version.unwrap_or(missing));
            return;
        }
        let own = self.pages.get(SLOT).map(|page| shim_facts(page, shim::read_shim_version(page)));
        let is_read = own.as_ref().is_some_and(|facts| facts[0].is_present());
        let facts = if is_read { own } else { self.shim_line_facts().or(own) };
        for (index, id) in ids.into_iter().enumerate() {
            let fact = facts.as_ref().map_or_else(|| self.no_file(SLOT), |f| f[index].clone());
            put(id, EvidenceRole::Kata, fact);
        }
    }

    /// The line in which a runtime states its version, in whichever file it stands.
    fn program_version(&self, other: EvidenceRole) -> Option<Fact> {
        self.unplaced.iter().find_map(|capture| {
            let page = EvidencePage::new(capture, None);
            let found = read::find_value(page.value_lines(), |text| {
                let mut words = text.split_whitespace();
                let is_own = words.next().and_then(EvidenceRole::of_other_runtime) == Some(other);
                (is_own && words.next() == Some("version")).then(|| text.to_string())
            })?;
            Some(read::fact_from_read(&page, Ok(found)))
        })
    }

    /// What the shim's own line about itself says, in whichever file it stands.
    fn shim_line_facts(&self) -> Option<[Fact; 3]> {
        let mut others = self.unplaced.iter().map(|capture| EvidencePage::new(capture, None));
        let on_pages = self.pages.values().find_map(facts_of_shim_line);
        on_pages.or_else(|| others.find_map(|page| facts_of_shim_line(&page)))
    }

    fn put_counts(&self, put: &mut impl FnMut(&str, EvidenceRole, Fact)) {
        for (id, main, content) in [
            ("proc.entries", "isolation/proc.txt", SlotContent::Proc),
            ("kernel.sys_module", "isolation/modules.txt", SlotContent::Modules),
        ] {
            for who in [EvidenceRole::Host, EvidenceRole::Kata, EvidenceRole::Runc] {
                let mut fact = self.count_fact(main, content, who);
                // gVisor has the folder and no modules.
                if let Fact::Missing(missing) = &fact
                    && (missing.why, content) == (MissingReason::OutOfRange, SlotContent::Modules)
                    && self.place.other_runtime() == Some(EvidenceRole::Gvisor)
                    && let (Some(source), EvidenceRole::Kata) = (missing.source.clone(), who)
                {
                    fact = Fact::from_value(0, source);
                }
                put(id, who, fact);
            }
        }
    }

    /// A count from the file that compares, or else from the file of one role.
    fn count_fact(&self, main: &str, content: SlotContent, who: EvidenceRole) -> Fact {
        let measure =
            if content == SlotContent::Proc { TableMeasure::Proc } else { TableMeasure::Modules };
        let fact = self.fact_from_slot(main, |page| {
            read::fact_from_read(page, counts::labelled_count(page, measure, who))
        });
        let own = slot::SLOTS.iter().find(|slot| slot.content == content && slot.who == Some(who));
        let own = own.and_then(|slot| self.pages.get(slot.path));
        match own {
            Some(page) if !fact.is_present() => {
                let own = read::fact_from_read(page, counts::labelled_count(page, measure, who));
                let main_is_silent = matches!(&fact, Fact::Missing(m) if !matches!(m.why, MissingReason::ErrorText | MissingReason::TooLong));
                if own.is_present() || main_is_silent { own } else { fact }
            }
            _ => fact,
        }
    }

    fn put_rest(&self, put: &mut impl FnMut(&str, EvidenceRole, Fact), edition: Edition) {
        put(
            "app.health_status",
            EvidenceRole::Runc,
            self.fact_from_slot("runc/health.txt", |page| {
                read::fact_from_read(page, health::read_http_status(page))
            }),
        );
        self.put_cpu(put);
        for (who, own) in [
            (EvidenceRole::Kata, "isolation/kata-network.txt"),
            (EvidenceRole::Runc, "isolation/runc-network.txt"),
        ] {
            let places = ["isolation/network.txt", own];
            let fact = self.first_fact_from_slots(&places, places[0], |page| {
                read::fact_from_read(page, interfaces::read_interfaces(page, who))
            });
            if who == EvidenceRole::Kata || fact.is_present() {
                put("net.interfaces", who, fact);
            }
        }
        for who in [EvidenceRole::Runc, EvidenceRole::Kata] {
            put("startup.wall", who, self.startup_fact(who, edition));
        }
        put("http.latency", EvidenceRole::Runc, self.latency_fact());
        put(
            "http.latency_reported",
            EvidenceRole::Runc,
            self.fact_from_slot("bench/http-latency.txt", |page| {
                read::fact_from_read(page, latency::read_reported_latency(page))
            }),
        );
        if let Some(fact) = self.logged_at() {
            put("evidence.logged_at", EvidenceRole::Kata, fact);
        }
    }

    fn put_cpu(&self, put: &mut impl FnMut(&str, EvidenceRole, Fact)) {
        let places = ["analysis/cpu-comparison.txt", "host/cpu.txt"];
        put(
            "cpu.model",
            EvidenceRole::Host,
            self.first_fact_from_slots(&places, places[0], |page| {
                cpu_model_fact(page, EvidenceRole::Host)
            }),
        );
        let compared = self.fact_from_slot("analysis/cpu-comparison.txt", |page| {
            cpu_model_fact(page, EvidenceRole::Kata)
        });
        let own =
            self.fact_from_slot("kata/cpu.txt", |page| cpu_model_fact(page, EvidenceRole::Kata));
        let own =
            if may_stand_elsewhere(&own) && compared.is_present() { compared.clone() } else { own };
        let beside = ["results/kata-kernel.txt", "kata/kernel.txt"];
        let kata = self.cpu_model_beside_kernel(beside, EvidenceRole::Kata);
        let own = kata.filter(|_| may_stand_elsewhere(&own)).unwrap_or(own);
        put("cpu.model", EvidenceRole::Kata, own);
        let beside = ["results/runc-kernel.txt", "runc/kernel.txt"];
        let runc = self.cpu_model_beside_kernel(beside, EvidenceRole::Runc);
        let runc = runc.or_else(|| {
            let page = self.pages.get("analysis/cpu-comparison.txt")?;
            Some(cpu_model_fact(page, EvidenceRole::Runc)).filter(Fact::is_present)
        });
        if let Some(runc) = runc {
            put("cpu.model", EvidenceRole::Runc, runc);
        }
        put("cpu.model_compared", EvidenceRole::Kata, compared);
    }

    fn cpu_model_beside_kernel(&self, places: [&str; 2], who: EvidenceRole) -> Option<Fact> {
        let mut pages = places.iter().filter_map(|path| self.pages.get(path));
        let page = pages.find(|page| names_cpu_model(page))?;
        Some(cpu_model_fact(page, who)).filter(Fact::is_present)
    }

    /// When the engine logged something beside the evidence: the first time stated.
    fn logged_at(&self) -> Option<Fact> {
        let pages = slot::SLOTS.iter().filter_map(|slot| self.pages.get(slot.path));
        pages.into_iter().find_map(|page| {
            page.labelled_parts().iter().flat_map(|part| &part.lines).find_map(|line| {
                let LineKind::Log(log) = &line.kind else { return None };
                let time = log.time.as_ref()?;
                chrono::DateTime::parse_from_rfc3339(time).ok()?;
                Some(Fact::from_value(time.as_str(), FactSource::new(page.capture, line.number)))
            })
        })
    }

    /// What the file in a slot says, or that there is no such file.
    fn fact_from_slot(&self, path: &str, reader: impl Fn(&EvidencePage) -> Fact) -> Fact {
        self.pages.get(path).map_or_else(|| self.no_file(path), reader)
    }

    /// The first value from these slots, or else the first reason.
    fn first_fact_from_slots(
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
    fn no_file(&self, path: &str) -> Fact {
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

/// The slot for what a page holds of the one target that it is of.
fn find_own_slot(path: &str, page: &EvidencePage) -> Option<&'static str> {
    let content = slot::by_path(path)?.content;
    let mut parts = page.labelled_parts().iter().filter(|p| p.value_lines().next().is_some());
    let who = parts.next()?.who;
    let own = slot::SLOTS
        .iter()
        .find(|slot| slot.content == content && slot.who == who && who.is_some())?;
    parts.all(|part| part.who == who).then_some(own.path)
}

fn facts_of_shim_line(page: &EvidencePage) -> Option<[Fact; 3]> {
    Some(shim_facts(page, shim::read_shim_line(page)?))
}

/// Version, implementation and commit.
fn shim_facts(page: &EvidencePage, shim: shim::ShimStatement) -> [Fact; 3] {
    [shim.version, shim.implementation, shim.commit].map(|read| read::fact_from_read(page, read))
}

fn guess_edition(pages: &BTreeMap<&'static str, EvidencePage>) -> Edition {
    let editions = pages.keys().filter_map(|path| Some(slot::by_path(path)?.edition));
    let (newer, older): (Vec<_>, Vec<_>) = editions.partition(|it| *it == Edition::S26);
    if newer.len() > older.len() { Edition::S26 } else { Edition::F25 }
}

fn cpu_model_fact(page: &EvidencePage, who: EvidenceRole) -> Fact {
    read::fact_from_read(page, cpu::read_cpu_model(page, who))
}

/// Whether a file that was to show the kernel shows `/proc/cpuinfo` too.
fn names_cpu_model(page: &EvidencePage) -> bool {
    page.value_lines().any(|line| line.text.to_lowercase().starts_with("model name"))
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
fn may_stand_elsewhere(fact: &Fact) -> bool {
    let Fact::Missing(missing) = fact else { return false };
    matches!(
        missing.why,
        MissingReason::FileMissing | MissingReason::FileUnreadable | MissingReason::Empty
    )
}
