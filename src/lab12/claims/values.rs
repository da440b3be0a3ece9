//! Values: counts, durations, versions, names and addresses, each compared with the fact that the
//! words around it name.
//!
//! A value contradicts the evidence only where a label (a cell, a colon, the name of a figure) leaves
//! no doubt what it is, or where it is the captured value with a slip of the hand, or two values are
//! exchanged. A sentence in which neither holds may be about something that nobody captured.

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::evidence_index::{EvidenceIndex, FactRef};
use super::figures::StatedFigure;
use super::matching::is_wanted;
use super::messages::{ClaimEntriesCalledProcesses, ClaimHealthNotDemanded};
use super::passages::PassageForm;
use super::quantity::{StatedQuantity, StatedValue, ValueHedge, find_quantities};
use super::sentence::ReportSentence;
use super::value_place::ValuePlace;
use super::words::{ClaimVocabulary, SubjectKind, ValueSubject};
use crate::model::application::is_success_status;
use crate::model::{FactId, MissingReason, Role, fact_ids};

/// How far before and after a sentence may stand what was captured, so that it states another thing:
/// “the max is 14.4 ms. Without it, the max is 5.0 ms”.
const BESIDE: usize = 200;

/// From which on a number in a passage is no other count by chance.
const LARGE: f64 = 20.0;

/// How many figures of a series with a name stand before its samples.
const NAMED_FIGURES: usize = 6;

/// What the values of a sentence say, and the durations that it states.
pub(super) fn check_values(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
) -> (Vec<ClaimRemark>, Vec<StatedFigure>) {
    let (mut results, mut stated) = (Vec::new(), Vec::new());
    let numbers = 0..all.len();
    let typed: Vec<StatedQuantity> = numbers
        .map(|number| ValuePlace { index, vocabulary, sentence, all, number }.in_unit_of_labels())
        .collect();
    let places = (0..typed.len())
        .map(|number| ValuePlace { index, vocabulary, sentence, all: &typed, number })
        .filter(|place| !place.is_excluded());
    let read: Vec<ValueReading> = places.filter_map(ValueReading::of_place).collect();
    for reading in &read {
        let ValueReading { place, subject, target } = reading;
        if let (Some(target), Some(seconds)) = (target, place.in_seconds())
            && place.stated_quantity().hedge == ValueHedge::Exact
            && sentence.is_plain
        {
            let (fact, target) = (subject.facts[0].clone(), target.clone());
            stated.push(StatedFigure { fact, target, seconds, pasted: None });
        }
        let is_shared = read.iter().any(|other| reading.is_same_as(other));
        results.extend(place.compare_with_facts(subject, target.as_deref(), is_shared));
    }
    (results, stated)
}

/// What a value is taken for: whose value of what.
struct ValueReading<'a> {
    place: ValuePlace<'a>,
    subject: &'a ValueSubject,
    target: Option<String>,
}

impl<'a> ValueReading<'a> {
    fn of_place(place: ValuePlace<'a>) -> Option<Self> {
        let subject = place.find_subject()?;
        Some(Self { place, subject, target: place.find_target(subject) })
    }

    /// Whether another value is taken for the same, which is not certain of either then; a column
    /// next to it of the same target is such a one.
    fn is_same_as(&self, other: &Self) -> bool {
        let is_one = matches!(self.subject.kind, SubjectKind::Count | SubjectKind::Version);
        let is_other = self.place.stated_text() != other.place.stated_text();
        is_one
            && (is_other
                && std::ptr::eq(self.subject, other.subject)
                && self.target == other.target
                || self.place.is_column_of_several(self.subject))
    }
}

impl<'a> ValuePlace<'a> {
    fn compare_with_facts(
        &self,
        subject: &ValueSubject,
        target: Option<&str>,
        is_shared: bool,
    ) -> Vec<ClaimRemark> {
        let everywhere: Vec<FactRef> =
            subject.fact_ids().flat_map(|id| self.index.facts_everywhere(id)).collect();
        let own: Vec<FactRef> = match target {
            Some(target) => subject.fact_ids().filter_map(|id| self.fact_of(id, target)).collect(),
            None => everywhere.clone(),
        };
        let is_figure = matches!(subject.kind, SubjectKind::Count | SubjectKind::Seconds);
        let agreeing: Vec<&FactRef> =
            own.iter().filter(|fact_ref| self.agrees_with_fact(fact_ref)).collect();
        if let [fact_ref, rest @ ..] = &agreeing[..] {
            let is_anybodys = target.is_none() && is_figure && !rest.is_empty();
            return if is_anybodys { Vec::new() } else { vec![self.agreeing_remark(fact_ref)] };
        }
        let is_sure = !is_shared
            && self.sentence.is_plain_at(self.stated_quantity().range.end)
            && !(is_figure && self.sentence.is_quoted_at(self.stated_quantity().from))
            && (own.iter().any(|one| self.is_transposed(one))
                || !subject
                    .doubt
                    .as_ref()
                    .is_some_and(|doubt| doubt.is_match(&self.sentence.labelled_text())));
        // A name that is no target's is the slip of one that somebody has.
        let own: Vec<FactRef> = match target {
            Some(_) => own,
            None if is_figure => return Vec::new(),
            None => own.into_iter().filter(|one| self.is_miscopied(one)).collect(),
        };
        let Some(fact_ref) = own.first().filter(|_| is_sure) else {
            let missing = target.filter(|_| is_sure && own.is_empty());
            return missing
                .and_then(|target| self.missing_remark(subject, target))
                .into_iter()
                .collect();
        };
        let is_swapped = subject.kind != SubjectKind::Mask
            && everywhere.iter().any(|fact_ref| self.agrees_with_fact(fact_ref));
        let is_certain = match is_swapped {
            true => {
                let is_told = self.is_certain_name(subject)
                    && !self.text_before_value().to_lowercase().contains("vm")
                    && fact_ref
                        .fact
                        .as_str()
                        .is_some_and(|own| !self.sentence.surrounding_text().contains(own));
                self.has_label()
                    || is_told
                    || (self.is_named_beside() || self.is_listed())
                        && self.is_told_by_neighbours(subject)
            }
            false => {
                // A runtime of another version may be one that was tried.
                let is_slip =
                    || fact_ref.id != fact_ids::RUNTIME_VERSION && self.is_miscopied(fact_ref);
                (self.has_label()
                    || self.is_certain_name(subject)
                    || is_slip()
                    || self.is_bound_missed(fact_ref)
                    || subject.kind != SubjectKind::Count && self.is_told_by_neighbours(subject))
                    && !self.is_explained(subject.kind, fact_ref)
            }
        };
        if !is_certain || !own.iter().all(|fact_ref| self.clashes_with_fact(fact_ref)) {
            return Vec::new();
        }
        let mut out = vec![self.contradicting_remark(subject, fact_ref)];
        out.extend(self.is_misnamed(fact_ref).then(|| self.misnamed_remark(fact_ref.target)));
        out
    }

    /// Whether the words right before a name leave no doubt whose it is: “the guest's CPU is a”.
    fn is_certain_name(&self, subject: &ValueSubject) -> bool {
        const SHOWING: &[&str] = &[
            "is", "has", "got", "get", "gets", "gave", "see", "sees", "saw", "says", "shows",
            "prints", "printed", "reports", "reported", "runs", "running", "uses", "ist", "zeigt",
            "meldet", "läuft", "muestra", "affiche", "code", "http", "status", "cpu", "capeff",
            "version", "shim", "kernel", "boots", "booted",
        ];
        const ARTICLES: &[&str] =
            &["a", "an", "the", "my", "ein", "un", "amd", "intel", "some", "generic"];
        let lower = self.text_before_value().to_lowercase();
        let mut words =
            lower.split_whitespace().rev().map(|word| word.trim_matches(['`', '*', '"', '“', ',']));
        let last = words.find(|word| !word.is_empty() && !ARTICLES.contains(word));
        let is_name = matches!(
            subject.kind,
            SubjectKind::Processor | SubjectKind::Mask | SubjectKind::Status | SubjectKind::Version
        );
        is_name
            && (last.is_some_and(|word| SHOWING.contains(&word) || word.ends_with(':'))
                || lower.trim_end().ends_with("log of")
                || subject.first_fact() == fact_ids::RUNTIME_VERSION
                    && self.vocabulary.words.in_use.is_match(self.sentence.text))
    }

    fn contradicting_remark(&self, subject: &ValueSubject, fact_ref: &FactRef) -> ClaimRemark {
        let found = match subject.kind {
            SubjectKind::Address => fact_ref.own_addresses(),
            SubjectKind::Samples => {
                format!("n = {}", fact_ref.known_number().unwrap_or_default())
            }
            // dd calls both units GB.
            SubjectKind::Rate => fact_ref.bytes_per_second().map_or_else(String::new, |rate| {
                format!("{:.1} GB/s ({:.1} GiB/s)", rate / 1e9, rate / 1024_f64.powi(3))
            }),
            _ => self.named_figure(fact_ref).unwrap_or_else(|| fact_ref.shown_value()),
        };
        let is_count = subject.kind == SubjectKind::Count;
        let elsewhere = is_count.then(|| self.find_elsewhere(subject)).flatten();
        let shown = elsewhere.map(|one| {
            let (title, target) = (self.index.fact_title(one.id), one.target);
            format!("{title} ({})", self.index.reader_name(target))
        });
        let (place, text) = (self.file_range(), self.stated_text());
        let remark = ClaimRemark::contradicted_by(
            self.index,
            place,
            text,
            fact_ref,
            &found,
            shown.as_deref(),
        );
        match elsewhere {
            Some(one) => remark.with_fact(one.id, one.target),
            None => remark,
        }
    }

    /// A fact of a target; what depends on the kernel alone is the same on the host and under
    /// runc, whichever of them it was captured on.
    pub(super) fn fact_of(&self, id: FactId, target: &str) -> Option<FactRef<'a>> {
        const OF_KERNEL: &[FactId] =
            &[fact_ids::KERNEL_RELEASE, fact_ids::KERNEL_SYS_MODULE, fact_ids::CPU_MODEL];
        self.index.fact_on_target(id, target).or_else(|| {
            let runc = self.index.resolver.named_target("runc");
            let host = self.index.target_with_role(Role::Host);
            let other = match target {
                target if Some(target) == runc => host,
                target if Some(target) == host => runc,
                _ => None,
            };
            let other = other.filter(|_| OF_KERNEL.contains(&id))?;
            self.index.fact_on_target(id, other)
        })
    }

    fn agreeing_remark(&self, fact_ref: &FactRef) -> ClaimRemark {
        if self.is_misnamed(fact_ref) {
            return self.misnamed_remark(fact_ref.target);
        }
        let known = fact_ref.fact.as_i64().filter(|_| fact_ref.id == fact_ids::APP_HEALTH_STATUS);
        if let Some(status) = known.filter(|status| !is_success_status(*status))
            && self.sentence.is_plain
            && !self.vocabulary.words.asked_again.is_match(self.sentence.surrounding_text())
        {
            let message = ClaimHealthNotDemanded { status: &format!("{status:03}") };
            return ClaimRemark::violates_rule(message, ClaimStatus::Supported, self.file_range())
                .with_fact(fact_ref.id, fact_ref.target);
        }
        let result =
            ClaimRemark::supported_claim(self.file_range()).with_fact(fact_ref.id, fact_ref.target);
        let shown = match &self.stated_quantity().value {
            StatedValue::Address(_) => Some(fact_ref.own_addresses()),
            _ => self.agreeing_figure(fact_ref),
        };
        ClaimRemark { shown, ..result }
    }

    /// The figure of a series that the words name, where they name one: “max 2.11 s of 5”.
    fn named_figure(&self, fact_ref: &FactRef) -> Option<String> {
        let samples = fact_ref.fact.as_series().filter(|samples| samples.values.len() > 1)?;
        let [name] = self.figures_named()[..] else { return None };
        let figures = self.index.known_figures(fact_ref);
        let figure = figures.all.iter().find(|figure| figure.name == name)?;
        let shown = crate::report::format_measured(figure.value, samples.unit);
        Some(format!("{name} {shown} of {}", samples.values.len()))
    }

    /// Whether something else in the evidence or in the report can be what is stated.
    fn is_explained(&self, kind: SubjectKind, fact_ref: &FactRef) -> bool {
        let form = |one: &Self| std::mem::discriminant(&one.stated_quantity().value);
        // The right value stands next to it: then the other is part of the story.
        let is_told = || {
            let mut others = (0..self.all.len()).map(|number| Self { number, ..*self });
            others.any(|one| {
                let owner = || one.find_target(one.find_subject()?);
                form(&one) == form(self)
                    && one.agrees_with_fact(fact_ref)
                    && owner().is_none_or(|owner| owner == fact_ref.target)
            })
        };
        match kind {
            SubjectKind::Seconds => {
                let raw = self.raw_number().filter(|raw| raw.fract() != 0.0);
                let mut readings = [self.in_seconds(), raw].into_iter().flatten();
                let is_captured = readings.any(|number| self.index.is_number_captured(number));
                // “3.1 s” of 3.1 ms, next to the other figures of the series
                let is_moved = self.is_shifted_time(fact_ref) && self.figures_named().len() == 1;
                let is_extreme = matches!(self.figures_named()[..], ["min"] | ["max"]);
                let is_computed =
                    || !is_extreme && self.index.computes_time(self.stated_quantity());
                let is_other = || is_captured || is_computed();
                self.is_told_beside(fact_ref)
                    || !is_moved && !self.is_sample_misnamed(fact_ref) && is_other()
            }
            // The cells below a target's name hold its counts and no differences.
            SubjectKind::Count => {
                is_told()
                    || self.is_told_around(fact_ref)
                    || !self.is_whole_cell() && self.is_between_captured(fact_ref.id)
            }
            SubjectKind::Samples => is_told() || self.is_told_around(fact_ref),
            SubjectKind::Mask => {
                let masks = self.index.subject.run.fact_ids().filter(|id| id.contains("cap_"));
                let mut others =
                    masks.filter_map(|id| self.index.fact_on_target(id, fact_ref.target));
                others.any(|other| other.id != fact_ref.id && self.agrees_with_fact(&other))
            }
            SubjectKind::Rate => {
                // A whole number stands somewhere in any evidence.
                let raw = self.raw_number().filter(|raw| raw.fract() != 0.0);
                // The captured number in another unit is no other number.
                !self.is_shifted_rate(fact_ref)
                    && raw.is_some_and(|raw| self.index.is_number_captured(raw))
            }
            SubjectKind::Status => {
                let status = fact_ref.fact.as_i64().unwrap_or_default();
                self.sentence.surrounding_text().contains(&format!("{status:03}"))
            }
            _ => {
                let own = fact_ref.fact.as_str().unwrap_or("\0");
                let around = match &self.sentence.passage.form {
                    PassageForm::Cell { line, .. } => line,
                    _ => self.sentence.surrounding_text(),
                };
                let mut addresses = fact_ref.interface_addresses();
                self.index.is_captured(self.stated_text().trim_start_matches(['v', 'V']))
                    || around.contains(own)
                    || kind == SubjectKind::Address
                        && addresses.any(|one| {
                            let address = one.split('/').next().unwrap_or_default();
                            !address.starts_with("127.") && around.contains(address)
                        })
            }
        }
    }

    /// Whether the passage or the column has the right count: the others in it are parts of it or
    /// something else. Where its row names another count, the two are exchanged.
    fn is_told_around(&self, fact_ref: &FactRef) -> bool {
        let Some(known) = fact_ref.known_number() else { return false };
        let cells: Vec<(&str, &str)> = match &self.sentence.passage.form {
            PassageForm::Cell { whole, .. } => whole
                .split(" | ")
                .map(|cell| cell.split_once(" = ").unwrap_or(("", cell)))
                .collect(),
            _ if known < LARGE => return false,
            _ => vec![("", self.sentence.surrounding_text())],
        };
        let known = known.to_string();
        let counts = || {
            let all = self.vocabulary.subjects.subject.iter();
            all.filter(|one| one.kind == SubjectKind::Count)
        };
        cells.into_iter().any(|(label, text)| {
            text.split(|c: char| !c.is_alphanumeric() && c != '.')
                .any(|word| word.trim_end_matches('.') == known)
                && !counts().any(|one| {
                    one.words.is_match(label) && !one.facts.iter().any(|fact| *fact == fact_ref.id)
                })
        })
    }

    /// Whether the right time stands next to the stated one: “the draft had 22 ms, it is 2.2 ms”.
    fn is_told_beside(&self, fact_ref: &FactRef) -> bool {
        let sentence = self.sentence;
        let named = self.figures_named();
        let wanted = if named.is_empty() { vec!["mean"] } else { named };
        let figures = self.index.known_figures(fact_ref);
        let behind = &sentence.passage.text[sentence.range.end..];
        let before = sentence.earlier_text();
        let around = [
            crate::text::end_of_text(before, BESIDE),
            // Next to the other figures of the series, two of them may have changed places.
            if self.is_sample_misnamed(fact_ref) { "" } else { sentence.text },
            crate::text::beginning(behind, BESIDE),
        ];
        let mut around =
            around.iter().flat_map(|text| find_quantities(text, &self.vocabulary.words));
        sentence.cell_labels().is_none()
            && around.any(|one| match one.value {
                StatedValue::Seconds(seconds) if one.hedge == ValueHedge::Exact => {
                    figures.all.iter().take(NAMED_FIGURES).any(|figure| {
                        is_wanted(figure, &wanted) && one.agrees_with(seconds, figure.value)
                    })
                }
                _ => false,
            })
    }

    /// Whether a count is the difference of two that were captured: “that leaves 364 entries”.
    fn is_between_captured(&self, id: FactId) -> bool {
        let StatedValue::Number(stated, _) = self.stated_quantity().value else { return false };
        let all = self.index.facts_everywhere(id);
        let counts: Vec<f64> = all.iter().filter_map(FactRef::item_count).collect();
        stated > 0.0 && counts.iter().any(|one| counts.contains(&(one - stated)))
    }

    /// A time of which nothing was captured under its target.
    fn missing_remark(&self, subject: &ValueSubject, target: &str) -> Option<ClaimRemark> {
        let id = subject.first_fact();
        let text = self.stated_text();
        let is_captured = self.index.is_captured(text)
            || self.raw_number().is_some_and(|raw| self.index.is_number_captured(raw));
        let is_unseen = match subject.kind {
            // A file that states its figures and no samples has it all the same.
            SubjectKind::Seconds => {
                let missing = self.index.missing_reason(id, target);
                missing.is_some_and(|missing| missing.why != MissingReason::NotStated)
                    && !is_captured
            }
            SubjectKind::Count | SubjectKind::Version => {
                id != fact_ids::RUNTIME_VERSION && self.index.was_not_seen(id, target)
            }
            _ => false,
        };
        let lower = self.sentence.text.to_lowercase();
        let is_of_failure = ["error", "failed", "failure"].iter().any(|word| lower.contains(word))
            || self.vocabulary.words.not_run.is_match(self.sentence.text)
            || self.sentence.cell_labels().is_some()
                && self
                    .vocabulary
                    .words
                    .failure
                    .is_match(self.index.report_around(&self.file_range()));
        let is_exact = match self.stated_quantity().hedge {
            ValueHedge::Exact => true,
            hedge => subject.kind == SubjectKind::Seconds && hedge == ValueHedge::About,
        };
        (is_unseen && is_exact && !is_of_failure)
            .then(|| ClaimRemark::without_value(self.index, self.file_range(), text, id, target))
    }

    /// Where else in the evidence a count occurs.
    pub(super) fn find_elsewhere(&self, but: &ValueSubject) -> Option<FactRef<'a>> {
        const COUNTS: &[FactId] = &[
            fact_ids::KERNEL_SYS_MODULE,
            fact_ids::PROC_ENTRIES,
            fact_ids::PROC_PIDS,
            fact_ids::DEV_ENTRIES,
        ];
        let StatedValue::Number(stated, _) = self.stated_quantity().value else { return None };
        COUNTS.iter().filter(|id| !but.fact_ids().any(|other| other == **id)).find_map(|id| {
            let all = self.index.facts_everywhere(*id);
            let fact_ref =
                all.into_iter().find(|fact_ref| fact_ref.item_count() == Some(stated))?;
            (stated >= 20.0).then_some(fact_ref)
        })
    }

    /// Whether entries of `/proc` are called processes: “52 processes”, “52 entries - all running
    /// processes”.
    fn is_misnamed(&self, fact_ref: &FactRef) -> bool {
        const LINKS: &[&str] =
            &["-", "–", "—", "=", "all", "the", "are", "running", "i.e.", "active"];
        let after = self.text_after_value().to_lowercase();
        let mut words = after.split_whitespace();
        let is_called = match after.contains("entr") {
            // What includes processes is no number of them.
            false => words
                .take(3)
                .take_while(|word| !word.starts_with("includ"))
                .any(|word| word.starts_with("process")),
            true => {
                words.next() == Some("entries")
                    && words
                        .find(|word| !LINKS.contains(word))
                        .is_some_and(|word| word.starts_with("process"))
            }
        };
        let at = self.stated_quantity().from;
        let is_own = !self.sentence.is_quoted_at(at)
            && !self.vocabulary.words.denial.is_match(&self.sentence.text[..at]);
        is_own
            && fact_ref.id == fact_ids::PROC_ENTRIES
            && matches!(self.stated_quantity().value, StatedValue::Number(..))
            && is_called
    }

    fn misnamed_remark(&self, target: &str) -> ClaimRemark {
        const ENTRIES: FactId = fact_ids::PROC_ENTRIES;
        const PIDS: FactId = fact_ids::PROC_PIDS;
        let shown = |id: FactId| {
            self.index.fact_on_target(id, target).map(|fact_ref| fact_ref.shown_value())
        };
        let pids = shown(PIDS);
        let message = ClaimEntriesCalledProcesses {
            found: &shown(ENTRIES).unwrap_or_default(),
            target: &self.index.reader_name(target),
            pids: pids.as_deref(),
        };
        let result = ClaimRemark::violates_rule(message, ClaimStatus::Misworded, self.file_range())
            .with_fact(ENTRIES, target);
        if pids.is_some() { result.with_fact(PIDS, target) } else { result }
    }
}
