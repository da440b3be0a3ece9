//! The evidence that statements are held against.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Range};
use std::rc::Rc;

use serde_json::Value;

use super::captured_lines::CapturedLines;
use super::figures::KnownFigures;
use super::quantity::{StatedQuantity, StatedValue, ValueHedge};
use super::target_resolver::TargetResolver;
use crate::judge::{Conclusion, EvidenceRef};
use crate::lab12::readers;
use crate::model::{Fact, FactId, MissingFact, MissingReason, Role, fact_ids};
use crate::probe::capability;
use crate::report::Assessment;
use crate::text::{beginning, end_of_text, shorten_visible};

/// How many bytes of the report around a place are near it.
const NEAR: usize = 300;

/// A fact that a statement could be about, with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct FactRef<'a> {
    /// The id of the fact.
    pub id: FactId<'a>,
    /// The target.
    pub target: &'a str,
    /// What the run holds.
    pub fact: &'a Fact,
}

/// The evidence of a run.
#[derive(Debug)]
pub(super) struct EvidenceIndex<'a> {
    /// The judged run.
    pub subject: &'a Assessment,
    /// The text of the report.
    report: &'a str,
    /// Its targets and their names.
    pub resolver: TargetResolver,
    /// The figures of the facts that the report spoke of: a series has up to 100,000 samples, and
    /// a report as many figures as somebody writes.
    figures: RefCell<BTreeMap<(String, String), Rc<KnownFigures>>>,
    /// The words of all captures: what one of them explains is no contradiction.
    captured: OnceCell<BTreeSet<String>>,
    /// The numbers among them that may be sizes in kilobytes, in order.
    numbers: OnceCell<Vec<f64>>,
    /// The lines of all captures, where the report shows any.
    lines: OnceCell<CapturedLines>,
    /// The times that can be computed of what was measured.
    computed: OnceCell<Vec<f64>>,
}

impl<'a> EvidenceIndex<'a> {
    /// The evidence of a judged run, for one report.
    pub(super) fn new(subject: &'a Assessment, report: &'a str) -> Self {
        Self {
            subject,
            report,
            resolver: TargetResolver::new(subject),
            figures: RefCell::default(),
            captured: OnceCell::new(),
            numbers: OnceCell::new(),
            lines: OnceCell::new(),
            computed: OnceCell::new(),
        }
    }

    /// Whether a duration is computed of measured ones: a sum, a spread, a mean without one of the
    /// samples, or the difference of the figures of two series.
    pub(super) fn computes_time(&self, quantity: &StatedQuantity) -> bool {
        let StatedValue::Seconds(seconds) = quantity.value else { return false };
        let computed = self.computed.get_or_init(|| {
            let mut out = Vec::new();
            for id in self.subject.run.fact_ids() {
                if !id.starts_with("startup.") && !id.starts_with(&*fact_ids::HTTP_LATENCY) {
                    continue;
                }
                let all = self.facts_everywhere(id);
                for fact_ref in &all {
                    let own = self.known_figures(fact_ref);
                    out.extend(&own.computed);
                    for other in &all {
                        let other = self.known_figures(other);
                        let both = own.all.iter().zip(&other.all).take(NAMED_FIGURES);
                        out.extend(both.map(|(one, other)| one.value - other.value));
                    }
                }
            }
            out.retain(|one| *one > 0.0);
            out
        });
        computed.iter().any(|one| quantity.agrees_with(seconds, *one))
    }

    /// The lines of all captures.
    pub(super) fn captured_lines(&self) -> &CapturedLines {
        self.lines.get_or_init(|| CapturedLines::collect_lines(&self.subject.run))
    }

    fn captured_words(&self) -> &BTreeSet<String> {
        self.captured.get_or_init(|| {
            // A document is somebody's account, and may be the very report.
            let is_document = |id: &str| {
                let id = id.to_lowercase();
                id.ends_with(".md")
                    || ["notes", "todo", "notizen"].iter().any(|name| id.contains(name))
            };
            let captures = &self.subject.run.captures;
            let mut words = BTreeSet::new();
            for capture in captures.iter().filter(|capture| !is_document(&capture.id)) {
                // Nobody states the processor's time that `time` prints.
                let is_beside = |line: &String| line.starts_with("user") || line.starts_with("sys");
                for line in capture.stdout.text_lines().iter().filter(|line| !is_beside(line)) {
                    words.extend(split_words(line));
                }
            }
            words
        })
    }

    /// Whether captures hold all words of this name, version, address or number: as words of their
    /// own, or as the first parts of longer ones (`6.8.0-49` of `6.8.0-49-generic`).
    pub(super) fn is_captured(&self, stated: &str) -> bool {
        split_words(stated).all(|stated| {
            let from = (Bound::Included(stated.clone()), Bound::Unbounded);
            let words = self.captured_words().range(from);
            words.take_while(|word| word.starts_with(&stated)).any(|word| {
                word[stated.len()..].is_empty() || word[stated.len()..].starts_with(['-', '+', '_'])
            })
        })
    }

    /// Whether one of several ways to write a number stands in a capture.
    pub(super) fn is_number_captured(&self, number: f64) -> bool {
        self.captured_words().contains(&plain_number(&format!("{number}")))
    }

    /// Whether a percentage stands in a capture as it is stated: `user 0m0.04s 6% cpu`.
    pub(super) fn is_percentage_captured(&self, stated: &str) -> bool {
        let stated = stated.replace(char::is_whitespace, "");
        let stands_in = |line: &String| {
            line.match_indices(&stated)
                .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_ascii_digit() || c == '.'))
        };
        let captures = &self.subject.run.captures;
        captures.iter().any(|capture| capture.stdout.text_lines().iter().any(stands_in))
    }

    /// The figures of a fact.
    pub(super) fn known_figures(&self, fact_ref: &FactRef) -> Rc<KnownFigures> {
        let key = (fact_ref.id.to_string(), fact_ref.target.to_string());
        let mut known = self.figures.borrow_mut();
        known.entry(key).or_insert_with(|| Rc::new(KnownFigures::of_fact(fact_ref.fact))).clone()
    }

    /// The target of a role that the report is about.
    pub(super) fn target_with_role(&self, role: Role) -> Option<&'a str> {
        self.subject.role_target(role)
    }

    /// The role of a target.
    pub(super) fn role_of(&self, target: &str) -> Option<Role> {
        self.subject.run.find_target(target).map(|target| target.role)
    }

    /// Whether the verdict says that a target did not start.
    pub(super) fn never_ran(&self, target: &str) -> bool {
        let verdict = self.subject.judgement.find_verdict(target);
        verdict.is_some_and(|verdict| verdict.conclusion == Conclusion::NotTested)
    }

    /// The report around a place, so near that it tells of a failure there, and below the same
    /// heading.
    pub(super) fn report_around(&self, place: &Range<usize>) -> &'a str {
        let before = end_of_text(self.report.get(..place.start).unwrap_or_default(), NEAR);
        let start = before.rfind("\n#").map_or(before, |at| &before[at..]).len();
        let end = place.end + self.report_behind(place.end).len();
        self.report.get(place.start - start..end).unwrap_or_default()
    }

    /// The report behind a place, as far as it is near and below the same heading.
    pub(super) fn report_behind(&self, end: usize) -> &'a str {
        let behind = beginning(self.report.get(end..).unwrap_or_default(), NEAR);
        &behind[..behind.find("\n#").unwrap_or(behind.len())]
    }

    /// Whether the container of the attempt to escape under a target did not start, whatever else
    /// did.
    pub(super) fn was_escape_not_started(&self, target: &str) -> bool {
        let mut captures = self.subject.run.captures.iter();
        captures.any(|one| {
            one.id.contains("kata-escape") && {
                let reading = readers::read_lab_captures(std::slice::from_ref(one));
                reading.targets.iter().any(|it| it.name == target && it.failure.is_some())
            }
        })
    }

    /// Whether the report shows the words with which a target failed to start.
    pub(super) fn is_failure_shown(&self, target: &str) -> bool {
        self.is_failure_shown_near(target, self.report)
    }

    /// Whether a part of the report shows the words with which a target failed to start.
    pub(super) fn is_failure_shown_near(&self, target: &str, part: &str) -> bool {
        let verdict = self.subject.judgement.find_verdict(target);
        let Some(words) = verdict.and_then(|verdict| verdict.failure.as_deref()) else {
            return false;
        };
        let is_telling = |part: &&str| part.split_whitespace().count() >= 3;
        words.split([':', '…']).map(str::trim).filter(is_telling).any(|it| part.contains(it))
    }

    /// Whether a target showed nothing of a fact: it did not start, or the file holds the host's.
    pub(super) fn was_not_seen(&self, id: FactId, target: &str) -> bool {
        let missing = self.missing_reason(id, target);
        self.never_ran(target)
            || missing.is_some_and(|missing| missing.why == MissingReason::HostValuesOnly)
    }

    /// The only candidate of the run.
    pub(super) fn sole_candidate(&self) -> Option<&'a str> {
        let mut candidates = self.subject.run.with_role(Role::Candidate);
        candidates.next().filter(|_| candidates.next().is_none()).map(|one| one.name.as_str())
    }

    /// Whether a percentage is exactly what one target has of another of something that was captured:
    /// “Kata gets 87 % of runc's”. A round one may be anything.
    pub(super) fn is_share_captured(&self, quantity: &StatedQuantity) -> bool {
        let StatedValue::Percent(percent) = quantity.value else { return false };
        if percent % 5.0 == 0.0 || quantity.hedge != ValueHedge::Exact {
            return false;
        }
        self.subject.run.fact_ids().any(|id| {
            let all = self.facts_everywhere(id).into_iter();
            let known: Vec<f64> = all
                .filter_map(|one| {
                    let median = self.known_figures(&one).named_figure("median");
                    median.or_else(|| one.bytes_per_second()).or_else(|| one.item_count())
                })
                .collect();
            known.iter().any(|one| {
                known.iter().filter(|other| one < other).any(|other| {
                    let shares = [one / other, 1.0 - one / other, other / one - 1.0];
                    shares.iter().any(|share| (share * 100.0 - percent).abs() <= quantity.half)
                })
            })
        })
    }

    /// Whether a capture has a number of kilobytes that is this size, as exactly as it is stated.
    pub(super) fn is_size_captured(&self, quantity: &StatedQuantity) -> bool {
        /// Of fewer, some number stands in any capture.
        const FEWEST_KILOBYTES: f64 = 1000.0;
        let StatedValue::Bytes(decimal, binary) = quantity.value else { return false };
        let numbers = self.numbers.get_or_init(|| {
            let mut numbers: Vec<f64> =
                self.captured_words().iter().filter_map(|word| word.parse().ok()).collect();
            numbers.retain(|number| number.is_finite() && *number >= FEWEST_KILOBYTES);
            numbers.sort_by(f64::total_cmp);
            numbers
        });
        // What dd printed: bytes.
        let is_copied = numbers.binary_search_by(|number| number.total_cmp(&binary)).is_ok()
            || numbers.binary_search_by(|number| number.total_cmp(&decimal)).is_ok();
        is_copied
            || [decimal, binary].iter().any(|bytes| {
                // Half a digit of megabytes, and of those of 1024 kilobytes.
                let half = quantity.half * 1.05;
                let (least, most) = ((bytes - half) / 1024.0, (bytes + half) / 1024.0);
                let first = numbers.partition_point(|number| *number < least);
                numbers.get(first).is_some_and(|number| *number <= most)
            })
    }

    /// A fact that has a value or a series.
    pub(super) fn fact_on_target(&self, id: FactId, target: &str) -> Option<FactRef<'a>> {
        let (id, by_target) = self.subject.run.facts.get_key_value(&*id)?;
        let id = FactId::from_text(id);
        let (target, fact) = by_target.get_key_value(target)?;
        fact.is_present().then_some(FactRef { id, target, fact })
    }

    /// All that is held about one question.
    pub(super) fn facts_everywhere(&self, id: FactId) -> Vec<FactRef<'a>> {
        let targets = self.subject.run.targets.iter();
        targets.filter_map(|target| self.fact_on_target(id, &target.name)).collect()
    }

    /// Why a fact is missing, if the run says so.
    pub(super) fn missing_reason(&self, id: FactId, target: &str) -> Option<&'a MissingFact> {
        match self.subject.run.find_fact(id, target) {
            Some(Fact::Missing(missing)) => Some(missing),
            _ => None,
        }
    }

    /// The facts whose ids are `name`, or begin with it if it ends in a dot, under a target.
    pub(super) fn holds_any(&self, name: &str, target: &str) -> bool {
        self.facts_named(name, target).any(Fact::is_present)
    }

    /// Whether a file states something of such a fact that is not read: a summary, a rate alone.
    pub(super) fn has_unread_line(&self, name: &str, target: &str) -> bool {
        self.facts_named(name, target).any(|fact| match fact {
            Fact::Missing(missing) => {
                missing.why == MissingReason::NotStated
                    && missing.source.as_ref().is_some_and(|source| source.line.is_some())
            }
            _ => false,
        })
    }

    /// The facts whose ids are `name`, or begin with it if it ends in a dot, under a target.
    fn facts_named(&self, name: &str, target: &str) -> impl Iterator<Item = &'a Fact> {
        let facts = self.subject.run.facts.iter();
        let named =
            facts.filter(move |(id, _)| *id == name || name.ends_with('.') && id.starts_with(name));
        named.filter_map(move |(_, by_target)| by_target.get(target))
    }

    /// The title of a fact.
    pub(super) fn fact_title(&self, id: FactId) -> String {
        let probe = self.subject.project_data.catalogue.find_probe(&id);
        probe.map_or_else(|| id.to_string(), |probe| probe.title.clone())
    }

    /// What readers call a target.
    pub(super) fn reader_name(&self, target: &str) -> String {
        self.subject.reader_name(target)
    }

    /// A place in the evidence.
    pub(super) fn evidence_ref(&self, id: FactId, target: &str) -> EvidenceRef {
        let source = self.subject.run.find_fact(id, target).and_then(|fact| fact.source().cloned());
        EvidenceRef { fact: Some(id.to_string()), target: Some(target.into()), source }
    }
}

/// How many of the first figures of a series have a name.
const NAMED_FIGURES: usize = 4;

/// The words of a line: without quotes, brackets and commas, in lower case; numbers without their
/// last zeros and their unit.
fn split_words(line: &str) -> impl Iterator<Item = String> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    line.split(move |c: char| !is_part(c))
        .map(|word| word.trim_start_matches(['-', '+']).trim_end_matches(['.', '-', '+']))
        .filter(|word| !word.is_empty())
        .map(|word| plain_number(&word.to_lowercase()))
}

/// A decimal number as it is shortest, and any other word as it is.
fn plain_number(word: &str) -> String {
    let number =
        word.rsplit('m').next().unwrap_or(word).trim_end_matches(|c: char| c.is_alphabetic());
    match (number.contains('.'), number.parse::<f64>()) {
        (true, Ok(number)) if number.is_finite() => format!("{number}"),
        _ => word.into(),
    }
}

impl FactRef<'_> {
    /// The number of a count, of the items of a list, of samples, or a status.
    pub(super) fn known_number(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
        let samples = self.fact.as_series().map(|samples| samples.values.len() as f64);
        let stated = self.fact.as_value().and_then(|value| value.get("n")?.as_f64());
        samples.or(stated).or_else(|| self.item_count())
    }

    /// The number of a count, or of the items of a list.
    pub(super) fn item_count(&self) -> Option<f64> {
        match self.fact.as_value()? {
            Value::Number(number) => number.as_f64(),
            #[allow(clippy::cast_precision_loss, reason = "no list has 2^52 items")]
            Value::Array(items) => Some(items.len() as f64),
            // The bits of a mask of capabilities.
            Value::String(mask) if self.id.starts_with("priv.cap_") => {
                let mask = capability::parse_mask(mask)?;
                Some(f64::from(mask.count_ones()))
            }
            _ => None,
        }
    }

    /// Bytes in a second of what dd printed.
    pub(super) fn bytes_per_second(&self) -> Option<f64> {
        let value = self.fact.as_value()?;
        let rate = value.get("bytes")?.as_f64()? / value.get("seconds")?.as_f64()?;
        rate.is_finite().then_some(rate)
    }

    /// The addresses of interfaces, with their prefixes.
    pub(super) fn interface_addresses(&self) -> impl Iterator<Item = &str> {
        let items = self.fact.as_value().and_then(Value::as_array).into_iter().flatten();
        let addresses = items.filter_map(|item| item.get("ipv4")?.as_array()).flatten();
        addresses.filter_map(|address| address.as_str())
    }

    /// The addresses of interfaces, but for those that every machine has.
    pub(super) fn own_addresses(&self) -> String {
        let known = self.interface_addresses().filter(|known| !known.starts_with("127."));
        known.collect::<Vec<_>>().join(", ")
    }

    /// The value for a reader, in one line.
    pub(super) fn shown_value(&self) -> String {
        match self.fact {
            Fact::Value { value: Value::Array(items), .. }
                if self.id != fact_ids::NET_INTERFACES =>
            {
                items.len().to_string()
            }
            Fact::Value { value: Value::Array(items), .. } => {
                let names: Vec<&str> =
                    items.iter().filter_map(|item| item.get("name")?.as_str()).collect();
                names.join(", ")
            }
            Fact::Value { value: Value::String(text), .. } => shorten_visible(text, 64),
            Fact::Value { value: Value::Object(fields), .. } => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name} {value}")).collect();
                fields.join(", ")
            }
            Fact::Value { value, .. } => value.to_string(),
            Fact::Series(samples) => {
                let n = samples.values.len();
                let median = crate::stats::median(&samples.values).unwrap_or_default();
                let figure = crate::report::format_measured(median, samples.unit);
                if n == 1 { figure } else { format!("median {figure} of {n}") }
            }
            Fact::Missing(missing) => missing.why.to_string(),
        }
    }
}
