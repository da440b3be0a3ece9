//! From pages to facts: which file answers which question, and what only several files together
//! can tell (that a "guest's" value is the host's).

mod kernels;
mod measured;
mod pages;
mod start;

use std::collections::BTreeMap;

pub(super) use pages::EvidencePages;
use pages::may_stand_elsewhere;

use super::label::EvidenceRole;
use super::page::{EvidencePage, LineKind, PageLine};
use super::read;
use super::slot::{self, SlotContent};
use super::table_measure::TableMeasure;
use super::{counts, cpu, dmesg, health, interfaces, latency, shim, words};
use crate::lab12::edition::Edition;
use crate::model::{Fact, FactId, FactSource, Facts, MissingReason, MissingValue, fact_ids};

pub(super) struct EvidenceReading {
    pub facts: Facts,
    /// Why no container started under Kata, where that is so, in the words that stand there.
    pub failure: Option<String>,
}

/// The facts that say how much a file holds.
const COUNTED_LINES: &[FactId] =
    &[fact_ids::KERNEL_DMESG_LINES, fact_ids::DEV_ENTRIES, fact_ids::HTTP_LATENCY];

impl EvidencePages<'_> {
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

    /// All facts: those that other tools rely on always, the others where there is something.
    pub(super) fn all_facts(&self, edition: Edition) -> EvidenceReading {
        let mut facts = Facts::new();
        let mut put = |id: FactId, who: EvidenceRole, fact: Fact| {
            facts.entry(id.to_string()).or_default().insert(who.into_str().to_string(), fact);
        };
        self.put_runtime(&mut put);
        self.put_kernel(&mut put, edition);
        self.put_log(&mut put);
        self.put_counts(&mut put);
        self.put_rest(&mut put, edition);
        self.put_newer(&mut put, edition);
        self.put_masks(&mut put);
        for fact in facts.values_mut().flat_map(BTreeMap::values_mut) {
            self.say_unread(fact, edition);
        }
        for id in COUNTED_LINES {
            facts.get_mut(&**id).into_iter().flat_map(BTreeMap::values_mut).for_each(|fact| {
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
                        && part.who.is_none_or(|who| who.into_str() == target)
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
    fn say_unread(&self, fact: &mut Fact, edition: Edition) {
        let Fact::Missing(missing) = fact else { return };
        let path = missing.reason.strip_prefix("no file ");
        if path.is_some_and(|path| !edition.asks_for_file(path)) {
            missing.reason = "the imported files do not answer it".into();
        }
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

    fn put_runtime(&self, put: &mut impl FnMut(FactId, EvidenceRole, Fact)) {
        const SLOT: &str = "setup/kata-built-version.txt";
        let ids =
            [fact_ids::RUNTIME_VERSION, fact_ids::RUNTIME_IMPLEMENTATION, fact_ids::RUNTIME_COMMIT];
        if let Some(other) = self.place.other_runtime() {
            let reason = "no file states a version of the runtime that ran in Kata's place";
            let version = self.program_version(other);
            let missing = Fact::missing(MissingReason::NotStated, reason);
            put(fact_ids::RUNTIME_PROGRAM_VERSION, EvidenceRole::Kata, version.unwrap_or(missing));
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

    fn put_counts(&self, put: &mut impl FnMut(FactId, EvidenceRole, Fact)) {
        for (id, main, content) in [
            (fact_ids::PROC_ENTRIES, "isolation/proc.txt", SlotContent::Proc),
            (fact_ids::KERNEL_SYS_MODULE, "isolation/modules.txt", SlotContent::Modules),
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

    fn put_rest(&self, put: &mut impl FnMut(FactId, EvidenceRole, Fact), edition: Edition) {
        put(
            fact_ids::APP_HEALTH_STATUS,
            EvidenceRole::Runc,
            self.fact_from_slot("runc/health.txt", |page| {
                read::fact_from_read(page, health::read_http_status(page))
            }),
        );
        self.put_cpu(put);
        for (who, own) in [
            (EvidenceRole::Kata, "isolation/kata-network.txt"),
            (EvidenceRole::Runc, "isolation/runc-network.txt"),
            (EvidenceRole::Host, "isolation/host-network.txt"),
        ] {
            let places = ["isolation/network.txt", own];
            let fact = self.first_fact_from_slots(&places, places[0], |page| {
                read::fact_from_read(page, interfaces::read_interfaces(page, who))
            });
            if who == EvidenceRole::Kata || fact.is_present() {
                put(fact_ids::NET_INTERFACES, who, fact);
            }
        }
        for who in [EvidenceRole::Runc, EvidenceRole::Kata] {
            put(fact_ids::STARTUP_WALL, who, self.startup_fact(who, edition));
        }
        put(fact_ids::HTTP_LATENCY, EvidenceRole::Runc, self.latency_fact());
        put(
            fact_ids::HTTP_LATENCY_REPORTED,
            EvidenceRole::Runc,
            self.fact_from_slot("bench/http-latency.txt", |page| {
                read::fact_from_read(page, latency::read_reported_latency(page))
            }),
        );
        if let Some(fact) = self.logged_at() {
            put(fact_ids::EVIDENCE_LOGGED_AT, EvidenceRole::Kata, fact);
        }
    }

    fn put_cpu(&self, put: &mut impl FnMut(FactId, EvidenceRole, Fact)) {
        let places = ["analysis/cpu-comparison.txt", "host/cpu.txt"];
        put(
            fact_ids::CPU_MODEL,
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
        put(fact_ids::CPU_MODEL, EvidenceRole::Kata, own);
        let beside = ["results/runc-kernel.txt", "runc/kernel.txt"];
        let runc = self.cpu_model_beside_kernel(beside, EvidenceRole::Runc);
        let runc = runc.or_else(|| {
            let page = self.pages.get("analysis/cpu-comparison.txt")?;
            Some(cpu_model_fact(page, EvidenceRole::Runc)).filter(Fact::is_present)
        });
        if let Some(runc) = runc {
            put(fact_ids::CPU_MODEL, EvidenceRole::Runc, runc);
        }
        put(fact_ids::CPU_MODEL_COMPARED, EvidenceRole::Kata, compared);
    }

    fn cpu_model_beside_kernel(&self, places: [&str; 2], who: EvidenceRole) -> Option<Fact> {
        let mut pages = places.iter().filter_map(|path| self.pages.get(path));
        // A file that was to show the kernel may show `/proc/cpuinfo` too.
        let is_model = |line: &PageLine| line.text.to_lowercase().starts_with("model name");
        let page = pages.find(|page| page.value_lines().any(is_model))?;
        Some(cpu_model_fact(page, who)).filter(Fact::is_present)
    }

    /// When the engine logged something next to the evidence: the first time stated.
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
}

fn facts_of_shim_line(page: &EvidencePage) -> Option<[Fact; 3]> {
    Some(shim_facts(page, shim::read_shim_line(page)?))
}

fn shim_facts(page: &EvidencePage, shim: shim::ShimStatement) -> [Fact; 3] {
    [shim.version, shim.implementation, shim.commit].map(|read| read::fact_from_read(page, read))
}

fn cpu_model_fact(page: &EvidencePage, who: EvidenceRole) -> Fact {
    read::fact_from_read(page, cpu::read_cpu_model(page, who))
}
