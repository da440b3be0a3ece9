//! Assertions: what words say of the evidence without a value in them, and the fact that decides:
//! names of interfaces, how often something was run, what no evidence carries. The words are tables
//! of `data/lab12/claims`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::computed_cells::is_numbered_run;
use super::evidence_index::{EvidenceIndex, FactRef};
use super::messages::{
    ClaimAbsoluteSecurity, ClaimEscapeNotTested, ClaimLatencyOfErrors, ClaimSingleStart,
    ClaimSysModuleCalledLoaded, ClaimWrongConcept,
};
use super::quantity::{StatedQuantity, StatedValue};
use super::sentence::ReportSentence;
use super::target_resolver::TargetMention;
use super::value_place::ValuePlace;
use super::words::{
    ClaimVocabulary, UncapturedWording, UnsupportedWording, WordingRule, spelled_group,
};
use crate::judge::rules::latency::was_checked_early;
use crate::model::application::is_success_status;
use crate::model::{FactId, Role, fact_ids};
use crate::text::{join_words, make_visible};

const INTERFACES: FactId = fact_ids::NET_INTERFACES;

/// A sentence, cell or line, with what it is held against.
pub(super) struct AssertingSentence<'a> {
    index: &'a EvidenceIndex<'a>,
    vocabulary: &'a ClaimVocabulary,
    sentence: &'a ReportSentence<'a>,
    all: &'a [StatedQuantity],
    /// Its words with those of its row and its column, and the targets that they name.
    labelled: Cow<'a, str>,
    mentions: Vec<TargetMention>,
}

impl<'a> AssertingSentence<'a> {
    pub(super) fn new(
        index: &'a EvidenceIndex<'a>,
        vocabulary: &'a ClaimVocabulary,
        sentence: &'a ReportSentence<'a>,
        all: &'a [StatedQuantity],
    ) -> Self {
        let labelled = sentence.labelled_text();
        let mentions = index.resolver.find_mentions(&labelled);
        Self { index, vocabulary, sentence, all, labelled, mentions }
    }

    /// What names of interfaces and of processors say.
    pub(super) fn check_names(&self) -> Option<ClaimRemark> {
        let is_plain = self.sentence.is_plain;
        let names = || self.check_interface_names().or_else(|| self.check_model_clock());
        is_plain.then(names).flatten()
    }

    /// What the wording says.
    pub(super) fn check_wording(&self) -> Vec<ClaimRemark> {
        if self.sentence.asks {
            return Vec::new();
        }
        let wordings = &self.vocabulary.wordings;
        let found = wordings.wording.iter().filter_map(|wording| self.check_unsupported(wording));
        let mut out: Vec<ClaimRemark> = found.collect();
        if self.sentence.is_plain {
            out.extend(wordings.uncaptured.iter().filter_map(|one| self.check_uncaptured(one)));
        }
        out
    }

    /// What is said to have been run: how often, and by a target that never ran.
    pub(super) fn check_runs(&self) -> Vec<ClaimRemark> {
        let checks =
            [self.check_several_runs(), self.check_time_of_failure(), self.check_devices()];
        checks.into_iter().flatten().collect()
    }

    fn text_of(&self, range: &Range<usize>) -> String {
        make_visible(&join_words(&self.sentence.text[range.clone()]))
    }

    /// Refutes words by a captured fact.
    fn refute_by_fact(&self, range: Range<usize>, fact_ref: &FactRef, found: &str) -> ClaimRemark {
        let (place, stated) = (self.sentence.file_range(&range), self.text_of(&range));
        ClaimRemark::contradicted_by(self.index, place, &stated, fact_ref, found, None)
    }

    /// A remark on words that a rule speaks against, whatever was captured.
    fn remark_by_rule<M: crate::judge::RuleMessage>(
        &self,
        range: &Range<usize>,
        message: M,
        status: ClaimStatus,
    ) -> ClaimRemark {
        ClaimRemark::violates_rule(message, status, self.sentence.file_range(range))
    }

    fn names_target(&self, target: &str) -> bool {
        self.mentions.iter().any(|one| one.target.as_deref() == Some(target))
    }

    /// “`lo` and `enp0s3`”: of a list with the loopback, a name that no capture has.
    fn check_interface_names(&self) -> Option<ClaimRemark> {
        let words = &self.vocabulary.words.interface;
        let text = self.sentence.text;
        let lo = words
            .names
            .find(text)
            .filter(|first| ["lo", "loopback"].contains(&first.as_str().to_lowercase().as_str()))?;
        let clause = &text[lo.start()..];
        let clause = &clause[..clause.find([';', '.', ':', '(']).unwrap_or(clause.len())];
        let target = self.index.sole_candidate()?;
        let fact_ref = self.index.fact_on_target(INTERFACES, target)?;
        let before = self.index.resolver.find_mentions(&text[..lo.start()]);
        let is_its = match before.last() {
            Some(last) => last.target.as_deref() == Some(target),
            None => self.sentence.cell_labels().is_some() && self.names_target(target),
        };
        let mut others = words.names.find_iter(clause).skip(1);
        let other = others.next().filter(|one| {
            is_its
                && !words.others.is_match(text)
                && !self.vocabulary.words.denial.is_match(&text[..lo.start() + one.start()])
                && !self.index.is_captured(one.as_str())
        })?;
        let range = lo.start() + other.start()..lo.start() + other.end();
        Some(self.refute_by_fact(range, &fact_ref, &fact_ref.shown_value()))
    }

    /// A whole model of a processor, as code, in a cell of its own or with its clock, that has another
    /// clock than the captured one.
    fn check_model_clock(&self) -> Option<ClaimRemark> {
        let whole = self.sentence.cell_labels().map(|_| 0..self.sentence.range.len());
        let models = self.index.facts_everywhere(fact_ids::CPU_MODEL);
        let spelled = models.iter().filter_map(|one| {
            let (name, _) = one.fact.as_str()?.split_once(" @ ")?;
            let at = self.sentence.text.find(name)?;
            let clock = self.sentence.text[at + name.len()..].strip_prefix(" @ ")?;
            Some(at..self.sentence.text.len() - clock.len() + clock.find("GHz")? + 3)
        });
        let mut stated = self.code_ranges().chain(whole).chain(spelled);
        let without_clock = |text: &str| text.split(" @ ").next().unwrap_or_default().to_string();
        stated.find_map(|range| {
            let text = &self.sentence.text[range.clone()];
            let model = models.iter().find(|one| {
                let known = one.fact.as_str().unwrap_or_default();
                known.contains(' ') && without_clock(known) == without_clock(text)
            })?;
            let mut lines = self.index.captured_lines().lines.iter();
            let is_captured = lines.any(|line| line.text.contains(text));
            (!is_captured).then(|| self.refute_by_fact(range, model, &model.shown_value()))
        })
    }

    /// “`core` is missing in the guest”, which has it or of which nothing has it, and “`mqueue` exists
    /// only under Kata”, which the other has, too.
    fn check_devices(&self) -> Option<ClaimRemark> {
        let (words, text) = (&self.vocabulary.words.device, self.sentence.text);
        let is_only = words.only_under.is_match(text);
        let target = self.index.sole_candidate()?;
        let baseline = self.index.target_with_role(Role::Baseline)?;
        let (own, others) = (self.listed_devices(target)?, self.listed_devices(baseline)?);
        let is_of_these = self.mentions.iter().all(|one| {
            let named = one.target.as_deref();
            named == Some(target) || named == Some(baseline) && !is_only
        });
        let is_said = is_only != words.lacks.is_match(text)
            && self.sentence.is_plain
            && self.sentence.cell_labels().is_none()
            && !self.vocabulary.words.order.unless.is_match(text);
        if !is_said || !is_of_these || !self.names_target(target) {
            return None;
        }
        let range = self.code_ranges().find(|range| {
            let name = &text[range.clone()];
            let (is_own, is_others) = (own.contains(name), others.contains(name));
            let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            is_name && if is_only { is_others } else { is_own == is_others }
        })?;
        let fact_ref = self.index.fact_on_target(fact_ids::DEV_ENTRIES, target)?;
        let name = &text[range.clone()];
        let found = match (own.contains(name), others.contains(name)) {
            (true, _) => "that it is there",
            (false, true) => "that it is under the other runtime",
            (false, false) => "it under neither runtime",
        };
        Some(self.refute_by_fact(range, &fact_ref, found))
    }

    /// Where in the sentence code stands.
    fn code_ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let own = &self.sentence.range;
        let code = self.sentence.passage.code.iter();
        let code = code.filter(|code| code.start >= own.start && code.end <= own.end);
        code.map(|code| code.start - own.start..code.end - own.start)
    }

    /// The names of devices of a target, where a listing shows as many as were counted.
    fn listed_devices(&self, target: &str) -> Option<BTreeSet<String>> {
        let fact_ref = self.index.fact_on_target(fact_ids::DEV_ENTRIES, target)?;
        let source = fact_ref.fact.source()?;
        let capture = self.index.subject.run.find_capture(&source.capture)?;
        let lines = capture.stdout.text_lines();
        let names = lines
            .iter()
            .map(|line| line.trim())
            .filter(|line| !line.is_empty() && !line.contains(char::is_whitespace));
        let names: BTreeSet<String> = names.map(str::to_string).collect();
        #[allow(clippy::cast_precision_loss, reason = "no listing has 2^52 lines")]
        let is_whole = fact_ref.item_count() == Some(names.len() as f64);
        is_whole.then_some(names)
    }

    fn check_unsupported(&self, wording: &UnsupportedWording) -> Option<ClaimRemark> {
        let text = self.sentence.text;
        let range = wording.pattern.find(text)?.range();
        let is_needed = wording.needs.as_ref().is_none_or(|needs| needs.is_match(text));
        let is_excused = wording.unless.as_ref().is_some_and(|it| it.is_match(&text[..range.end]))
            || wording.never.as_ref().is_some_and(|never| never.is_match(text));
        // A line of the kernel's log in quotation marks is no word of the author's.
        let is_quoted = wording.rule == WordingRule::ClaimSysModuleCalledLoaded
            && self.sentence.is_quoted_at(range.start);
        if !is_needed || is_excused || is_quoted {
            return None;
        }
        let words = &self.text_of(&range);
        Some(match wording.rule {
            WordingRule::ClaimAbsoluteSecurity => self.remark_by_rule(
                &range,
                ClaimAbsoluteSecurity { words },
                ClaimStatus::Unsupported,
            ),
            WordingRule::ClaimWrongConcept => {
                self.remark_by_rule(&range, ClaimWrongConcept { words }, ClaimStatus::Misworded)
            }
            WordingRule::ClaimSysModuleCalledLoaded => {
                let counted = self.index.facts_everywhere(fact_ids::KERNEL_SYS_MODULE);
                // Loaded modules were counted, or nothing was.
                let loaded = self.index.facts_everywhere(fact_ids::KERNEL_MODULES_LOADED);
                if counted.is_empty() || !loaded.is_empty() {
                    return None;
                }
                let shown = counted.iter().map(|count| {
                    format!("{} on {}", count.shown_value(), self.index.reader_name(count.target))
                });
                let counts = &shown.collect::<Vec<_>>().join(", ");
                let message = ClaimSysModuleCalledLoaded { words, counts };
                let remark = self.remark_by_rule(&range, message, ClaimStatus::Misworded);
                counted.iter().fold(remark, |remark, it| remark.with_fact(it.id, it.target))
            }
        })
    }

    /// What is said of the host that nobody captured there.
    fn check_uncaptured(&self, wording: &UncapturedWording) -> Option<ClaimRemark> {
        let found = wording.pattern.find(self.sentence.text)?;
        let host = self.index.target_with_role(Role::Host)?;
        let before = self.index.resolver.find_mentions(&self.sentence.text[..found.start()]);
        let is_of_host = before.last().is_some_and(|last| last.target.as_deref() == Some(host));
        let mut ids = wording.other.iter().chain([&wording.fact]);
        let is_captured =
            ids.any(|id| self.index.fact_on_target(FactId::from_text(id), host).is_some());
        let place = self.sentence.file_range(&found.range());
        let (words, id) = (found.as_str(), FactId::from_text(&wording.fact));
        (is_of_host && !is_captured)
            .then(|| ClaimRemark::without_evidence(self.index, place, words, id, host))
    }

    /// How many starts there were of each runtime, where the evidence has another number of all: “five
    /// runs each” of three, “1.64 s on average of three runs” or “on average 1.64 s” of one.
    fn check_several_runs(&self) -> Option<ClaimRemark> {
        let words = &self.vocabulary.wordings.runs;
        let text = self.sentence.text;
        if !self.sentence.is_plain || words.unless.is_match(&self.labelled) {
            return None;
        }
        let series = self.index.facts_everywhere(fact_ids::STARTUP_WALL);
        let first = series.first()?;
        let samples = first.fact.as_series()?.values.len();
        let is_alike =
            |one: &FactRef| one.fact.as_series().is_some_and(|one| one.values.len() == samples);
        if !series.iter().all(is_alike) {
            return None;
        }
        let numbered = |pattern: &regex::Regex| {
            let found = pattern.captures(text)?;
            let number = spelled_group(pattern, &found).filter(|number| *number > 1.0)?;
            Some((found.get(0)?.range(), number))
        };
        let resting = |remark: ClaimRemark| {
            series.iter().fold(remark, |remark, one| remark.with_fact(one.id, one.target))
        };
        if samples > 1 {
            let mut around =
                [&*self.labelled].into_iter().chain(self.sentence.topics.iter().copied());
            let is_of_start = around.by_ref().take(4).any(|text| words.about.is_match(text));
            #[allow(clippy::cast_precision_loss, reason = "no series has 2^52 samples")]
            let (range, _) = numbered(&words.each)
                .filter(|(_, number)| is_of_start && (number - samples as f64).abs() > 0.5)?;
            let shown = format!("{samples} samples of each runtime");
            return Some(resting(self.refute_by_fact(range, first, &shown)));
        }
        // Other figures than the captured ones may be of runs that nobody kept.
        let single: Vec<f64> = series
            .iter()
            .filter_map(|one| self.index.known_figures(one).named_figure("median"))
            .collect();
        let is_captured = |one: &StatedQuantity| match one.value {
            StatedValue::Seconds(seconds) => single.iter().any(|truth| {
                one.agrees_with(seconds, *truth)
                    || single.iter().any(|other| one.agrees_with(seconds, truth - other))
            }),
            _ => true,
        };
        let is_time = |one: &StatedQuantity| matches!(one.value, StatedValue::Seconds(_));
        if !self.all.iter().all(is_captured) {
            return None;
        }
        let is_mean = self.vocabulary.words.figures.mean.is_match(text);
        if let Some((range, _)) = numbered(&words.several).filter(|_| is_mean) {
            let shown = format!("{}, one sample of each runtime", first.shown_value());
            return Some(resting(self.refute_by_fact(range, first, &shown)));
        }
        let mean = words.mean.find(text)?;
        let [one, other, ..] = &series[..] else { return None };
        let shown =
            |one: &FactRef| format!("{} {}", self.index.reader_name(one.target), one.shown_value());
        let message = ClaimSingleStart { one: &shown(one), other: &shown(other) };
        let is_of_start = self.all.iter().any(is_time) && self.sentence.cell_labels().is_none();
        is_of_start
            .then(|| resting(self.remark_by_rule(&mean.range(), message, ClaimStatus::Unsupported)))
    }

    /// The time until a failure, or a ratio of it, that is stated as one of starts of a target which
    /// never ran, with no word of the failure near it: in a cell its section, in a sentence its
    /// paragraph and what stands above and behind that. That a block shows the failure says nothing
    /// of what the author makes of it.
    fn check_time_of_failure(&self) -> Option<ClaimRemark> {
        let target = self.index.sole_candidate().filter(|target| self.index.never_ran(target))?;
        let (index, sentence) = (self.index, self.sentence);
        let is_run = sentence.cell_labels().is_some_and(|labels| is_numbered_run(labels.1));
        if is_run || !sentence.is_plain || !self.names_target(target) {
            return None;
        }
        let place = sentence.file_range(&(0..sentence.text.len()));
        let around = match sentence.cell_labels() {
            Some(_) => vec![index.report_around(&place)],
            None => {
                let above = sentence.passage.topics.iter().take(2).map(String::as_str);
                let own = [sentence.surrounding_text(), index.report_behind(place.end)];
                own.into_iter().chain(above).collect()
            }
        };
        let words = &self.vocabulary.words;
        let is_told = around.iter().any(|text| {
            words.failure.is_match(text)
                || words.did_not_start.is_match(text)
                || index.is_failure_shown_near(target, text)
        });
        let range = self
            .time_of_start(target)
            .or_else(|| self.ratio_of_starts(target))
            .or_else(|| self.success_of(target));
        let range = range.filter(|_| !is_told)?;
        let (place, text) = (sentence.file_range(&range), &sentence.text[range]);
        let id = fact_ids::STARTUP_WALL;
        Some(ClaimRemark::without_evidence(index, place, text, id, target))
    }

    /// Where a time is stated as that of a start of a target.
    fn time_of_start(&self, target: &str) -> Option<Range<usize>> {
        let (index, vocabulary, sentence, all) =
            (self.index, self.vocabulary, self.sentence, self.all);
        let typed: Vec<StatedQuantity> = (0..all.len())
            .map(|number| ValuePlace { index, vocabulary, sentence, all, number })
            .map(|place| place.in_unit_of_labels())
            .collect();
        let mut places = (0..typed.len()).map(|number| ValuePlace {
            index,
            vocabulary,
            sentence,
            all: &typed,
            number,
        });
        let place = places.find(|place| {
            place.in_seconds().is_some()
                && !place.is_excluded()
                && place.find_subject().is_some_and(|subject| {
                    subject.first_fact() == fact_ids::STARTUP_WALL
                        && place.find_target(subject).as_deref() == Some(target)
                })
        })?;
        Some(place.stated_quantity().range.clone())
    }

    /// Where a sentence that names nothing else says that a target started.
    fn success_of(&self, target: &str) -> Option<Range<usize>> {
        let mut mentions = self.mentions.iter();
        let is_of_one = mentions.all(|one| one.target.as_deref() == Some(target));
        let found = self.vocabulary.words.started.find(self.sentence.text)?;
        is_of_one.then_some(found.range())
    }

    /// Where a sentence on starts says how much slower or faster a target is than the baseline.
    fn ratio_of_starts(&self, target: &str) -> Option<Range<usize>> {
        let baseline = self.index.target_with_role(Role::Baseline)?;
        let is_of_two = self.names_target(target)
            && self.names_target(baseline)
            && self.mentions.iter().all(|one| {
                one.target.as_deref().is_some_and(|one| one == target || one == baseline)
            });
        let mut around =
            [self.sentence.text].into_iter().chain(self.sentence.topics.iter().copied());
        let is_of_start = around.any(|text| self.vocabulary.wordings.runs.about.is_match(text));
        let is_compared = self.vocabulary.words.comparison.time.is_match(self.sentence.text);
        let mut ratios = self.all.iter().filter(|one| {
            matches!(one.value, StatedValue::Times(_) | StatedValue::Percent(_))
                && !self.sentence.is_quoted_at(one.from)
        });
        let ratio = ratios.next().filter(|_| is_of_two && is_of_start && is_compared)?;
        Some(ratio.from..ratio.range.end)
    }

    /// The escape that a target is said to have blocked, and its container never started.
    pub(super) fn check_untested_escape(&self) -> Option<ClaimRemark> {
        let target = self.index.sole_candidate().filter(|target| {
            self.index.never_ran(target) || self.index.was_escape_not_started(target)
        })?;
        let words = &self.vocabulary.words;
        let text = self.sentence.text;
        let found = words.blocked_escape.find(text)?;
        let around = self.sentence.surrounding_text();
        let is_told = [&words.failure, &words.did_not_start, &words.not_run]
            .iter()
            .any(|failure| failure.is_match(around))
            || words.not_attempted.is_match(text);
        let is_stated = self.sentence.is_plain && !self.sentence.is_quoted_at(found.start());
        let message = ClaimEscapeNotTested { target: &self.index.reader_name(target) };
        (is_stated && !is_told)
            .then(|| self.remark_by_rule(&found.range(), message, ClaimStatus::Unsupported))
    }

    /// The conclusion of a sentence from the latency of a service that answered with errors.
    pub(super) fn check_latency_of_errors(&self) -> Option<ClaimRemark> {
        let baseline = self.index.target_with_role(Role::Baseline)?;
        let own = |id: FactId| self.index.fact_on_target(id, baseline);
        let status = own(fact_ids::APP_HEALTH_STATUS)?.fact.as_i64()?;
        let fact_ref =
            own(fact_ids::HTTP_LATENCY).or_else(|| own(fact_ids::HTTP_LATENCY_REPORTED))?;
        let words = &self.vocabulary.words;
        if !words.concluding.is_match(self.sentence.text) {
            return None;
        }
        let is_known = words.of_errors.is_match(self.sentence.surrounding_text());
        // A check that came too early says nothing about the responses that were timed.
        let mean = fact_ref.fact.as_value().and_then(|value| value.get("avg")?.as_f64());
        let timed = fact_ref.fact.as_series().map(|samples| &samples.values[..]);
        let was_early = was_checked_early(status, timed.unwrap_or(mean.as_slice()));
        let is_well = is_success_status(status) || was_early || is_known;
        (!is_well && self.sentence.is_plain).then(|| {
            let (whole, message) = (0..self.sentence.text.len(), ClaimLatencyOfErrors { status });
            self.remark_by_rule(&whole, message, ClaimStatus::Unsupported)
                .with_fact(fact_ref.id, fact_ref.target)
                .with_fact(fact_ids::APP_HEALTH_STATUS, baseline)
        })
    }
}
