//! Statements whose form leaves no doubt what is compared with what: “2.4 times as long as runc”,
//! “77 modules less”, “a newer kernel than the host's”, “17.9 GB/s for gVisor and 4.9 GB/s for
//! Kata”. The words of the forms are the table `forms` of `data/lab12/claims/words.toml`.
//!
//! One is contradicted where none of the captured figures that it can mean gives what it says.

use super::claim_remark::ClaimRemark;
use super::evidence_index::{EvidenceIndex, FactRef};
use super::figure_pair::FigurePair;
use super::passages::PassageForm;
use super::quantity::{
    DigitSlip, StatedQuantity, StatedValue, ValueHedge, find_quantities, find_slip,
};
use super::sentence::ReportSentence;
use super::target_resolver::{TargetMention, is_compared_with};
use super::value_place::ValuePlace;
use super::words::{ClaimVocabulary, FormWords, SubjectKind, ValueSubject, spelled_group};
use crate::judge::rules::consistency::kernel_build_date;
use crate::model::{FactId, Role, fact_ids};
use chrono::{Datelike, NaiveDate};

const DEVICES: FactId = fact_ids::DEV_ENTRIES;

const KERNEL_LINES: [FactId; 3] =
    [fact_ids::KERNEL_BANNER, fact_ids::KERNEL_DMESG_BANNER, fact_ids::KERNEL_UNAME];

const FIGURES: [&str; 4] = ["mean", "median", "min", "max"];

/// A sentence of prose, with what it is held against.
pub(super) struct FormedStatement<'a> {
    index: &'a EvidenceIndex<'a>,
    vocabulary: &'a ClaimVocabulary,
    sentence: &'a ReportSentence<'a>,
    all: &'a [StatedQuantity],
    mentions: Vec<TargetMention>,
}

impl<'a> FormedStatement<'a> {
    pub(super) fn new(
        index: &'a EvidenceIndex<'a>,
        vocabulary: &'a ClaimVocabulary,
        sentence: &'a ReportSentence<'a>,
        all: &'a [StatedQuantity],
    ) -> Self {
        let mentions = index.resolver.find_mentions(sentence.text);
        Self { index, vocabulary, sentence, all, mentions }
    }

    /// What contradicts the evidence.
    pub(super) fn check_forms(&self) -> Vec<ClaimRemark> {
        let is_plain = self.sentence.is_plain;
        if self.sentence.cell_labels().is_some() {
            return self.check_cell_figure().filter(|_| is_plain).into_iter().collect();
        }
        let of_values = self.all.iter().enumerate().filter_map(|(number, quantity)| {
            let is_sure = self.sentence.is_plain_at(quantity.range.end)
                && !self.sentence.is_quoted_at(quantity.from);
            is_sure.then(|| {
                self.check_ratio(quantity)
                    .or_else(|| self.check_loss(quantity))
                    .or_else(|| self.check_surplus(quantity))
                    .or_else(|| self.check_unit(number))
            })?
        });
        let of_values: Vec<ClaimRemark> = of_values.collect();
        if !is_plain {
            return of_values;
        }
        let of_words = [
            self.check_count_difference(),
            self.check_count_share(),
            self.check_kernel_order(),
            self.check_speed_order(),
            self.check_missing_device(),
            self.check_guest_release(),
            self.check_product_version(),
            self.check_implementation(),
            self.check_build_date(),
            self.check_exchanged(),
        ];
        of_values.into_iter().chain(of_words.into_iter().flatten()).collect()
    }

    fn form_words(&self) -> &'a FormWords {
        &self.vocabulary.words.forms
    }

    fn text_before(&self, quantity: &StatedQuantity) -> &'a str {
        &self.sentence.text[..quantity.from]
    }

    fn text_after(&self, quantity: &StatedQuantity) -> &'a str {
        &self.sentence.text[quantity.range.end..]
    }

    /// The last target that is named before a place, if not as what another is compared with.
    fn named_before(&self, at: usize) -> Option<&str> {
        let mention = self.mentions.iter().rfind(|one| one.range.end <= at)?;
        let is_compared = is_compared_with(self.sentence.text, mention);
        let before = self.sentence.text[..mention.range.start].trim_end();
        let is_other = is_compared || before.ends_with(" as") || before.ends_with(" als");
        mention.target.as_deref().filter(|_| !is_other)
    }

    /// Whether the name of a target ends at a place.
    fn is_named_until(&self, at: usize) -> bool {
        self.mentions.iter().any(|one| one.range.end == at)
    }

    /// The target that is named at a place, but for articles and the like.
    fn named_at(&self, at: usize) -> Option<&str> {
        let mention = self.mentions.iter().find(|one| one.range.start >= at)?;
        let mut between = self.sentence.text[at..mention.range.start].split_whitespace();
        let is_next = between.all(|word| self.form_words().article.is_match(word));
        mention.target.as_deref().filter(|_| is_next)
    }

    /// The subjects of these kinds that the sentence names, or the nearest text above it that names
    /// any.
    fn named_subjects(&self, kinds: &[SubjectKind]) -> Vec<&'a ValueSubject> {
        let all = &self.vocabulary.subjects.subject;
        let named = |text: &str| -> Vec<&'a ValueSubject> {
            all.iter().filter(|one| kinds.contains(&one.kind) && one.words.is_match(text)).collect()
        };
        let texts = [self.sentence.text].into_iter().chain(self.sentence.topics.iter().copied());
        texts.map(named).find(|named| !named.is_empty()).unwrap_or_default()
    }

    /// The measures of speed that the sentence can mean: those that are named, or all.
    fn named_measures(&self) -> Vec<FactId<'a>> {
        let kinds = [SubjectKind::Seconds, SubjectKind::Rate];
        let mut named = self.named_subjects(&kinds);
        if named.is_empty() {
            let all = self.vocabulary.subjects.subject.iter();
            named = all.filter(|one| kinds.contains(&one.kind)).collect();
        }
        named.into_iter().flat_map(|one| one.fact_ids()).collect()
    }

    /// The pairs of figures of two targets by these measures, in seconds or in seconds for a byte.
    fn paired_figures(&self, ids: &[FactId], targets: [&str; 2]) -> Vec<([f64; 2], FactRef<'a>)> {
        let mut pairs = Vec::new();
        for id in ids {
            let facts = targets.map(|target| self.index.fact_on_target(*id, target));
            let [Some(one), Some(other)] = facts else { continue };
            if let (Some(rate), Some(other)) = (one.bytes_per_second(), other.bytes_per_second()) {
                pairs.push(([1.0 / rate, 1.0 / other], one));
                continue;
            }
            let known = [one, other].map(|one| self.index.known_figures(&one));
            for name in FIGURES {
                let figures = [known[0].named_figure(name), known[1].named_figure(name)];
                if let [Some(a), Some(b)] = figures {
                    pairs.push(([a, b], one));
                }
            }
            let samples = |at: usize| {
                known[at].copied_figures().filter(|one| one.name == "sample").map(|one| one.value)
            };
            pairs.extend(samples(0).flat_map(|a| samples(1).map(move |b| ([a, b], one))));
        }
        pairs.retain(|(pair, _)| pair[0] > 0.0 && pair[1] > 0.0);
        pairs
    }

    fn refute_by_pair(
        &self,
        quantity: &StatedQuantity,
        (pair, fact_ref): &([f64; 2], FactRef),
        targets: [&str; 2],
    ) -> Option<ClaimRemark> {
        let range = quantity.from..quantity.range.end;
        if self.is_excluded(&range) {
            return None;
        }
        let is_rate = fact_ref.bytes_per_second().is_some();
        let [a, b] = pair.map(|one| if is_rate { 1e-9 / one } else { one });
        let facts = targets.map(|target| (fact_ref.id.to_string(), target.to_string()));
        let pair = FigurePair::new(a, b, !is_rate, facts.to_vec())?;
        let place = self.sentence.file_range(&range);
        Some(pair.contradicted_by_facts(&self.sentence.text[range], place))
    }

    fn refute_words(
        &self,
        range: std::ops::Range<usize>,
        id: FactId,
        target: &str,
        found: &str,
    ) -> Option<ClaimRemark> {
        let is_apart = self.is_excluded(&range);
        let (place, stated) = (self.sentence.file_range(&range), &self.sentence.text[range]);
        let fact = (id, target);
        (!is_apart)
            .then(|| ClaimRemark::contradicts_fact(self.index, place, stated, fact, found, None))
    }

    /// Whether the part of the sentence around a place is denied, or of another time or machine.
    fn is_excluded(&self, range: &std::ops::Range<usize>) -> bool {
        const MARKS: [char; 4] = [':', ';', '(', ')'];
        let text = self.sentence.text;
        let start = text[..range.start].rfind(MARKS).map_or(0, |at| at + 1);
        let end = text[range.end..].find(MARKS).map_or(text.len(), |at| range.end + at);
        self.form_words().unless.is_match(&text[start..end])
    }

    /// “Kata takes 2.4 times as long as runc”, “Kata is 4.2x slower than runc”.
    fn check_ratio(&self, quantity: &StatedQuantity) -> Option<ClaimRemark> {
        let StatedValue::Times(stated) = quantity.value else { return None };
        let after = self.text_after(quantity);
        let whole = self.form_words().as_long.find(after);
        let found = whole.or_else(|| self.form_words().slower.find(after))?;
        let one = self.named_before(quantity.from)?;
        let other = self.named_at(quantity.range.end + found.end())?;
        let slack = match quantity.hedge {
            ValueHedge::Exact if quantity.digits > 1 => 0.05,
            ValueHedge::Exact => 0.15,
            ValueHedge::About | ValueHedge::Almost => 0.2,
            _ => return None,
        };
        let pairs = self.paired_figures(&self.named_measures(), [one, other]);
        let is_near = |[a, b]: [f64; 2]| {
            let ratio = a.max(b) / a.min(b);
            let readings = [ratio, if whole.is_some() { ratio } else { ratio - 1.0 }];
            let agrees =
                |it: &f64| (stated - it).abs() <= (quantity.half * 1.1).max(stated * slack);
            readings.iter().any(agrees)
        };
        let own = self.all.iter().filter_map(|one| match one.value {
            StatedValue::Seconds(value) | StatedValue::Rate(value, _) => Some(value),
            _ => None,
        });
        let own: Vec<f64> = own.filter(|one| *one > 0.0).collect();
        let is_own = own.iter().any(|a| own.iter().any(|b| a != b && is_near([*a, *b])));
        let is_captured = pairs.iter().any(|(pair, _)| is_near(*pair));
        let first = pairs.first().filter(|_| stated >= 1.0 && one != other)?;
        (!is_own && !is_captured)
            .then(|| self.refute_by_pair(quantity, first, [one, other]))
            .flatten()
    }

    /// “Kata loses 13 % of throughput”, “the throughput is 77 % lower under Kata”.
    fn check_loss(&self, quantity: &StatedQuantity) -> Option<ClaimRemark> {
        let StatedValue::Percent(stated) = quantity.value else { return None };
        let forms = self.form_words();
        let is_loss = forms.loses.is_match(self.text_before(quantity))
            || forms.lower.is_match(self.text_after(quantity));
        let slack = match quantity.hedge {
            ValueHedge::Exact => 1.5,
            ValueHedge::About => 2.5,
            _ => return None,
        };
        let baseline = self.index.target_with_role(Role::Baseline)?;
        let mut named = self.mentions.iter().filter_map(|one| one.target.as_deref());
        let target = named.find(|one| self.index.role_of(one) == Some(Role::Candidate))?;
        let is_sole = self
            .mentions
            .iter()
            .all(|one| one.target.as_deref().is_some_and(|one| one == target || one == baseline));
        let pairs = self.paired_figures(&[fact_ids::PERF_IO_WRITE], [target, baseline]);
        let [pair] = &pairs[..] else { return None };
        let less = (1.0 - pair.0[1] / pair.0[0]) * 100.0;
        let is_off = (stated - less).abs() > quantity.half * 1.1 + slack;
        let is_wrong =
            is_loss && is_sole && is_off && forms.throughput.is_match(self.sentence.text);
        is_wrong.then(|| self.refute_by_pair(quantity, pair, [target, baseline])).flatten()
    }

    /// “+0.52 s for gVisor”, “gVisor adds 0.32 s to a start under runc”.
    fn check_surplus(&self, quantity: &StatedQuantity) -> Option<ClaimRemark> {
        let StatedValue::Seconds(stated) = quantity.value else { return None };
        let before = self.text_before(quantity);
        let of_whom = self.form_words().of_whom.find(self.text_after(quantity));
        let target = match of_whom.filter(|_| before.ends_with('+')) {
            Some(found) => self.named_at(quantity.range.end + found.end())?,
            None => {
                let found = self.form_words().adds.find(before)?;
                self.named_before(found.start() + 1)
                    .filter(|_| self.is_named_until(found.start()))?
            }
        };
        let baseline = self.index.target_with_role(Role::Baseline).filter(|one| *one != target)?;
        let pairs = self.paired_figures(&self.named_measures(), [target, baseline]);
        let is_near = |[a, b]: [f64; 2]| {
            (a - b - stated).abs() <= (quantity.half * 2.0).max((a - b).abs() * 0.06)
        };
        let is_wrong =
            quantity.hedge == ValueHedge::Exact && !pairs.iter().any(|(pair, _)| is_near(*pair));
        let pair = pairs.first().filter(|_| is_wrong)?;
        self.refute_by_pair(quantity, pair, [target, baseline])
    }

    /// The named figure of a series in another unit, which no captured figure explains: an average of
    /// 3.6 s for 3.6 ms.
    fn check_unit(&self, number: usize) -> Option<ClaimRemark> {
        let (index, vocabulary, sentence, all) =
            (self.index, self.vocabulary, self.sentence, self.all);
        let quantity = &all[number];
        let range = quantity.range.clone();
        if quantity.hedge != ValueHedge::Exact || quantity.digits < 2 {
            return None;
        }
        if let StatedValue::Rate(stated, _) = quantity.value {
            let rates: Vec<(FactRef, f64)> = self
                .facts_of_run()
                .filter_map(|one| Some((one, one.bytes_per_second()?)))
                .collect();
            let owner = self.named_at(quantity.range.end);
            let is_right = rates.iter().any(|(_, rate)| (rate - stated).abs() <= rate * 0.1);
            let (fact_ref, rate) = rates
                .iter()
                .filter(|(one, _)| owner.is_none_or(|owner| owner == one.target))
                .find(|(_, rate)| {
                    [1e3, 1e-3].iter().any(|factor| (stated * factor - rate).abs() <= rate * 0.08)
                })?;
            let shown = format!("{:.2} GB/s", rate / 1e9);
            return (!is_right)
                .then(|| self.refute_words(range, fact_ref.id, fact_ref.target, &shown))
                .flatten();
        }
        let StatedValue::Seconds(stated) = quantity.value else { return None };
        let place = ValuePlace { index, vocabulary, sentence, all, number };
        let names = place.figures_named();
        let [name] = names[..] else { return None };
        let mut series = self.facts_of_run().filter(|one| {
            one.id.starts_with("startup.") || one.id.starts_with(&*fact_ids::HTTP_LATENCY)
        });
        let is_right = self.facts_of_run().any(|one| {
            let known = index.known_figures(&one);
            known.all.iter().any(|figure| quantity.agrees_with(stated, figure.value))
        });
        if is_right || index.computes_time(quantity) || place.is_excluded() {
            return None;
        }
        let (fact_ref, truth) = series.find_map(|one| {
            let truth = index.known_figures(&one).named_figure(name)?;
            let is_moved = is_in_unit(quantity, stated, &[1000.0, 0.001, 10.0, 0.1], truth);
            (is_moved || is_exchanged(&place, truth)).then_some((one, truth))
        })?;
        let shown = crate::report::format_measured(truth, crate::model::SampleUnit::Seconds);
        self.refute_words(range, fact_ref.id, fact_ref.target, &shown)
    }

    /// “77 modules less”, where the sentence or what stands before it names what is counted.
    fn check_count_difference(&self) -> Option<ClaimRemark> {
        let found = self.form_words().fewer.captures(self.sentence.text)?;
        let stated: f64 = found.name("number")?.as_str().parse().ok()?;
        let range = found.get(0)?.range();
        let mut subjects = self.named_subjects(&[SubjectKind::Count]);
        if subjects.is_empty() {
            let above = self.sentence.earlier_text();
            let all = self.vocabulary.subjects.subject.iter();
            subjects = all
                .filter(|one| one.kind == SubjectKind::Count && one.words.is_match(above))
                .collect();
        }
        let [subject] = subjects[..] else { return None };
        if subject
            .doubt
            .as_ref()
            .is_some_and(|doubt| doubt.is_match(&self.sentence.text[..range.end]))
        {
            return None;
        }
        let mut pairs = Vec::new();
        for id in subject.fact_ids() {
            let all = self.index.facts_everywhere(id);
            let known = all.iter().filter_map(|one| Some((*one, one.item_count()?)));
            let known: Vec<(FactRef, f64)> = known.collect();
            for (at, (one, a)) in known.iter().enumerate() {
                pairs.extend(known[at + 1..].iter().map(|(_, b)| (*one, *a, *b)));
            }
        }
        let is_right = pairs.iter().any(|(_, a, b)| ((a - b).abs() - stated).abs() < 0.5);
        let near =
            pairs.iter().find(|(_, a, b)| ((a - b).abs() - stated).abs() <= (a - b).abs() * 0.4);
        let (fact_ref, a, b) = near.filter(|_| !is_right && stated >= 10.0)?;
        let shown = format!("{} ({a} and {b})", (a - b).abs());
        self.refute_words(range, fact_ref.id, fact_ref.target, &shown)
    }

    /// “274 → 72, which is 66 % less”.
    fn check_count_share(&self) -> Option<ClaimRemark> {
        let found = self.form_words().reduced.captures(self.sentence.text)?;
        let number = |name: &str| found.name(name)?.as_str().parse::<f64>().ok();
        let (from, to, stated) = (number("from")?, number("to")?, number("percent")?);
        let fact_ref = self.facts_of_run().find(|one| one.item_count() == Some(from))?;
        let less = (1.0 - to / from) * 100.0;
        let is_right = [less, 100.0 - less].iter().any(|it| (it - stated).abs() <= 1.5);
        let shown = format!("{from} and {to}: {less:.1} % less");
        let range = found.name("percent")?.range();
        (!is_right && to < from)
            .then(|| self.refute_words(range, fact_ref.id, fact_ref.target, &shown))
            .flatten()
    }

    /// A cell whose column names one figure and whose row one target, of whose series other cells of
    /// the row are the figures that their columns name.
    fn check_cell_figure(&self) -> Option<ClaimRemark> {
        let PassageForm::Cell { row, column, line, heads, .. } = &self.sentence.passage.form else {
            return None;
        };
        let target = self.index.resolver.single_target(row)?;
        let own = self.figure_of(column)?;
        let cells = || heads.split(" | ").zip(line.split(" | ").skip(1));
        let (value, half) = self.exact_figure(self.sentence.text)?;
        self.named_measures().into_iter().find_map(|id| {
            let fact_ref = self.index.fact_on_target(id, &target)?;
            let known = self.index.known_figures(&fact_ref);
            let truth = known.named_figure(own)?;
            let right = cells().filter(|(head, cell)| {
                let known = self.figure_of(head).and_then(|name| known.named_figure(name));
                known
                    .zip(self.exact_figure(cell))
                    .is_some_and(|(it, (value, half))| is_figure_stated(value, half, it))
            });
            let is_wrong = !is_figure_stated(value, half, truth)
                && right.count() >= 2
                && (own != "mean"
                    || !known.computed.iter().any(|one| is_figure_stated(value, half, *one)));
            let shown = crate::report::format_measured(truth, crate::model::SampleUnit::Seconds);
            is_wrong.then(|| {
                self.refute_words(
                    0..self.sentence.text.len(),
                    id,
                    &target,
                    &format!("{own} {shown}"),
                )
            })?
        })
    }

    /// The only figure of a series that a label names.
    fn figure_of(&self, label: &str) -> Option<&'static str> {
        let words = &self.vocabulary.words.figures;
        let patterns = [&words.mean, &words.median, &words.min, &words.max];
        let mut named = FIGURES.into_iter().zip(patterns).filter(|one| one.1.is_match(label));
        named.next().filter(|_| named.next().is_none()).map(|one| one.0)
    }

    /// Which kernel is the newer one, by its release.
    fn check_kernel_order(&self) -> Option<ClaimRemark> {
        let forms = self.form_words();
        let found = forms.newer.captures(self.sentence.text)?;
        let word = found.name("word")?;
        if forms.by_date.is_match(self.sentence.text) || !forms.kernel.is_match(self.sentence.text)
        {
            return None;
        }
        let guest = self.index.sole_candidate()?;
        let baseline = self.index.target_with_role(Role::Baseline);
        let host = self.index.target_with_role(Role::Host);
        let is_host = |one: &str| Some(one) == host || Some(one) == baseline;
        let end = found.get(0)?.end();
        let is_of_two = found.name("two").is_some();
        let own = self.named_before(word.start())?;
        let is_guests = match (own == guest, is_host(own)) {
            (true, _) => is_of_two || self.named_at(end).is_some_and(is_host),
            _ => return None,
        };
        let mentioned = self.mentions.iter().filter_map(|one| one.target.as_deref());
        let is_clear = mentioned.into_iter().all(|one| one == guest || is_host(one));
        let (of_guest, fact_ref) = self.kernel_release(guest)?;
        let mut hosts = [host, baseline].into_iter().flatten();
        let (of_host, other) = hosts.find_map(|one| self.kernel_release(one))?;
        let is_newer = forms.newer_word.is_match(word.as_str());
        let is_wrong = if is_newer { of_guest < of_host } else { of_guest > of_host };
        let shown = format!("{} and {}", fact_ref.shown_value(), other.shown_value());
        (is_guests && is_clear && is_wrong)
            .then(|| self.refute_words(word.range(), fact_ref.id, guest, &shown))
            .flatten()
    }

    /// “Kata comes out faster than runc” or “slower”, where by each figure of each measure it is not.
    fn check_speed_order(&self) -> Option<ClaimRemark> {
        let found = self.form_words().quicker.captures(self.sentence.text)?;
        let word = found.name("word")?;
        let one = self.named_before(word.start())?;
        let other = self.named_at(found.get(0)?.end()).filter(|other| *other != one)?;
        let targets = [one, other];
        let earlier = self.mentions.iter().filter(|one| one.range.end <= word.start());
        if earlier.count() != 1 || targets.iter().any(|one| self.index.never_ran(one)) {
            return None;
        }
        let pairs = self.paired_figures(&self.named_measures(), targets);
        let is_slower = found.name("slower").is_some();
        let is_wrong = |([a, b], _): &([f64; 2], FactRef)| if is_slower { a < b } else { a > b };
        let first = pairs.first().filter(|_| pairs.iter().all(is_wrong))?;
        let quantity = StatedQuantity {
            range: word.range(),
            from: word.start(),
            value: StatedValue::Times(1.0),
            half: 0.0,
            digits: 1,
            hedge: ValueHedge::Exact,
        };
        self.refute_by_pair(&quantity, first, targets)
    }

    /// “`core` and `mqueue` are absent from the guest”, of which one is there or none ever was; and
    /// “`mqueue` exists only under Kata”.
    fn check_missing_device(&self) -> Option<ClaimRemark> {
        let is_missing = self.form_words().lacks.is_match(self.sentence.text);
        let is_only = self.form_words().only_under.is_match(self.sentence.text);
        let is_of_devices = self
            .named_subjects(&[SubjectKind::Count])
            .iter()
            .any(|one| one.fact_ids().any(|id| id == DEVICES));
        let target = self.index.sole_candidate().filter(|_| is_of_devices)?;
        let baseline = self.index.target_with_role(Role::Baseline)?;
        let (own, other) = (self.listed_devices(target)?, self.listed_devices(baseline)?);
        let mut named = self.mentions.iter().map(|one| one.target.as_deref());
        let is_its = match is_only {
            true => named.eq([Some(target)]),
            false => {
                named.clone().any(|one| one == Some(target))
                    && named.all(|one| one == Some(target) || one == Some(baseline))
            }
        };
        let start = self.sentence.range.start;
        let code = self.sentence.passage.code.iter();
        let mut code = code
            .filter(|code| code.start >= start && code.end <= self.sentence.range.end)
            .map(|code| code.start - start..code.end - start);
        let range = code.find(|range| {
            let name = &self.sentence.text[range.clone()];
            let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            let (is_own, is_others) =
                (own.iter().any(|one| one == name), other.iter().any(|one| one == name));
            is_name && if is_only { is_others } else { is_own == is_others }
        })?;
        let name = &self.sentence.text[range.clone()];
        let found = match (own.iter().any(|one| one == name), other.iter().any(|one| one == name)) {
            (true, _) => "that it is there",
            (false, true) => "that it is under the other runtime",
            (false, false) => "it under neither runtime",
        };
        (is_its && is_missing != is_only)
            .then(|| self.refute_words(range, DEVICES, target, found))
            .flatten()
    }

    /// The names of devices of a target, where a listing shows as many as were counted.
    fn listed_devices(&self, target: &str) -> Option<Vec<String>> {
        let fact_ref = self.index.fact_on_target(DEVICES, target)?;
        let source = fact_ref.fact.source()?;
        let capture = self.index.subject.run.find_capture(&source.capture)?;
        let lines = capture.stdout.text_lines();
        let names: Vec<String> = lines
            .iter()
            .map(|line| line.trim())
            .filter(|line| !line.is_empty() && !line.contains(char::is_whitespace))
            .map(str::to_string)
            .collect();
        #[allow(clippy::cast_precision_loss, reason = "no listing has 2^52 lines")]
        let is_whole = fact_ref.item_count() == Some(names.len() as f64);
        is_whole.then_some(names)
    }

    /// “each sandbox boots the 6.12.47 guest kernel”.
    fn check_guest_release(&self) -> Option<ClaimRemark> {
        let found = self.form_words().boots.captures(self.sentence.text)?;
        let stated = found.name("release").or_else(|| found.name("guest"))?;
        self.check_release(stated, fact_ids::KERNEL_RELEASE, self.index.sole_candidate()?)
    }

    /// “installed from the static release, version 3.23.0”, “Kata 3.23.0 is the version I used”.
    fn check_product_version(&self) -> Option<ClaimRemark> {
        let found = self.form_words().installed.captures(self.sentence.text)?;
        let names = ["version", "shim", "used", "running"];
        let stated = names.iter().find_map(|name| found.name(name))?;
        self.check_release(
            stated,
            fact_ids::RUNTIME_VERSION,
            self.index.resolver.named_target("kata")?,
        )
    }

    /// “I installed the Rust shim”, of which the evidence has the other implementation.
    fn check_implementation(&self) -> Option<ClaimRemark> {
        let found = self.form_words().implementation.captures(self.sentence.text)?;
        let stated = found.name("name")?;
        let target = self.index.resolver.named_target("kata")?;
        let fact_ref = self.index.fact_on_target(fact_ids::RUNTIME_IMPLEMENTATION, target)?;
        let known = fact_ref.fact.as_str()?;
        // Who names both tells more than this.
        let is_other = stated.as_str().to_lowercase().get(..2) != known.get(..2)
            && !self.sentence.surrounding_text().to_lowercase().contains(&format!("{known} "));
        is_other.then(|| self.refute_words(stated.range(), fact_ref.id, target, known)).flatten()
    }

    /// “The guest's kernel was built on 14 October 2025”, where no captured kernel was built on that
    /// day and one differs by nothing but the day or the month.
    fn check_build_date(&self) -> Option<ClaimRemark> {
        let (forms, text) = (self.form_words(), self.sentence.text);
        let mut dates = forms.date.captures_iter(text);
        let (Some(found), None) = (dates.next(), dates.next()) else { return None };
        let number = |names: [&str; 2]| {
            names.iter().find_map(|name| found.name(name)?.as_str().parse::<i32>().ok())
        };
        let month = spelled_group(&forms.date, &found)?;
        let (year, day) = (number(["year", "year2"])?, number(["day", "day2"])?);
        let known: Vec<(FactRef, NaiveDate)> = KERNEL_LINES
            .iter()
            .flat_map(|id| self.index.facts_everywhere(*id))
            .filter_map(|one| Some((one, kernel_build_date(one.fact.as_str()?)?)))
            .collect();
        let agreeing = |date: &NaiveDate| {
            let is_month = (f64::from(date.month()) - month).abs() < 0.5;
            usize::from(date.year() == year)
                + usize::from(is_month)
                + usize::from(i32::try_from(date.day()) == Ok(day))
        };
        let is_right = known.iter().any(|(_, date)| agreeing(date) == 3);
        let (fact_ref, date) = known.iter().find(|(_, date)| agreeing(date) == 2)?;
        let is_built = forms.built.is_match(text) && forms.built_of.is_match(text);
        (is_built && !is_right)
            .then(|| {
                let range = found.get(0).map(|one| one.range())?;
                self.refute_words(range, fact_ref.id, fact_ref.target, &date.to_string())
            })
            .flatten()
    }

    /// The only version of the sentence, which is stated as that of a fact of a target.
    fn check_release(&self, stated: regex::Match, id: FactId, target: &str) -> Option<ClaimRemark> {
        let fact_ref = self.index.fact_on_target(id, target)?;
        let known = fact_ref.fact.as_str()?;
        let versions = self.all.iter().filter(|one| matches!(one.value, StatedValue::Version(_)));
        let is_right = release_numbers(known) == release_numbers(stated.as_str());
        (!is_right && versions.count() == 1)
            .then(|| self.refute_words(stated.range(), fact_ref.id, target, known))
            .flatten()
    }

    /// Two values and two targets, each of which has the value of the other.
    fn check_exchanged(&self) -> Option<ClaimRemark> {
        let mut values: Vec<&StatedQuantity> = self.all.iter().collect();
        values.retain(|one| matches!(one.value, StatedValue::Seconds(_) | StatedValue::Rate(..)));
        let at = values.windows(2).find_map(|two| {
            let [one, other] = two else { return None };
            let between = &self.sentence.text[one.range.end..other.range.start];
            let of_whom = self.form_words().of_whom.find(between).and_then(|found| {
                let first = self.named_at(one.range.end + found.end())?;
                let found = self.form_words().of_whom.find(self.text_after(other))?;
                Some([first, self.named_at(other.range.end + found.end())?])
            });
            let in_order = || {
                let mut named = self.mentions.iter().rev().filter(|it| it.range.end <= one.from);
                let (second, first) = (named.next()?, named.next()?);
                let text = self.sentence.text;
                let is_list = self.form_words().joins.is_match(between)
                    && self.form_words().joins.is_match(&text[first.range.end..second.range.start])
                    && self.form_words().takes.is_match(&text[second.range.end..one.from]);
                Some([first.target.as_deref()?, second.target.as_deref()?]).filter(|_| is_list)
            };
            Some(([*one, *other], of_whom.or_else(in_order)?))
        });
        let ([one, other], [a, b]) = at?;
        let is_exchanged = a != b
            && one.digits > 1
            && other.digits > 1
            && self.find_fact_with(one, a).is_none()
            && self.find_fact_with(other, b).is_none();
        let id = self
            .find_fact_with(one, b)
            .filter(|id| Some(*id) == self.find_fact_with(other, a) && is_exchanged)?;
        self.refute_words(one.range.clone(), id, a, &self.sentence.text[other.range.clone()])
    }

    /// The fact that has a value on a target.
    fn find_fact_with(&self, quantity: &StatedQuantity, target: &str) -> Option<FactId<'a>> {
        self.index.subject.run.fact_ids().find(|id| {
            let Some(fact_ref) = self.index.fact_on_target(*id, target) else {
                return false;
            };
            match quantity.value {
                StatedValue::Rate(decimal, binary) => {
                    let rate = fact_ref.bytes_per_second().unwrap_or(f64::NAN);
                    [decimal, binary].iter().any(|one| (one - rate).abs() <= rate * 0.015)
                }
                StatedValue::Seconds(stated) => {
                    let known = self.index.known_figures(&fact_ref);
                    known.all.iter().any(|it| quantity.agrees_with(stated, it.value))
                }
                _ => false,
            }
        })
    }

    /// Every fact of every target.
    fn facts_of_run(&self) -> impl Iterator<Item = FactRef<'a>> {
        let index = self.index;
        index.subject.run.fact_ids().flat_map(|id| index.facts_everywhere(id))
    }

    /// The release of a target's kernel, in numbers.
    fn kernel_release(&self, target: &str) -> Option<([u32; 3], FactRef<'a>)> {
        let fact_ref = self.index.fact_on_target(fact_ids::KERNEL_RELEASE, target)?;
        Some((release_numbers(fact_ref.fact.as_str()?)?, fact_ref))
    }

    /// The one exact figure of a cell, with half of the unit of its last digit.
    fn exact_figure(&self, text: &str) -> Option<(f64, f64)> {
        let found = find_quantities(text, &self.vocabulary.words);
        let [one] = &found[..] else { return None };
        let number = match one.value {
            StatedValue::Seconds(number) => number,
            StatedValue::Number(number, second) => second.unwrap_or(number),
            _ => return None,
        };
        (one.hedge == ValueHedge::Exact).then_some((number, one.half))
    }
}

/// Whether two digits of a value are exchanged in what is stated.
fn is_exchanged(place: &ValuePlace, truth: f64) -> bool {
    let (Some(raw), Some(seconds)) = (place.raw_number(), place.in_seconds()) else {
        return false;
    };
    let text = place.stated_text().trim_end_matches(|c: char| !c.is_ascii_digit());
    let decimals = text.rsplit_once(['.', ',']).map_or(0, |(_, fraction)| fraction.len());
    let known = format!("{:.decimals$}", truth * raw / seconds);
    place.stated_quantity().digits >= 3
        && find_slip(&text.replace(',', "."), &known) == Some(DigitSlip::Exchanged)
}

/// The three numbers of a release.
fn release_numbers(release: &str) -> Option<[u32; 3]> {
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse::<u32>().ok())
        .take(3);
    Some([numbers.next()??, numbers.next()??, numbers.next().flatten().unwrap_or(0)])
}

/// Whether a figure is what is stated, in seconds or milliseconds.
fn is_figure_stated(stated: f64, half: f64, truth: f64) -> bool {
    [1.0, 1000.0].iter().any(|unit| (stated - truth * unit).abs() <= half * 2.01)
}

/// Whether a value is a figure in one of other units.
fn is_in_unit(quantity: &StatedQuantity, stated: f64, factors: &[f64], truth: f64) -> bool {
    let mut factors = factors.iter();
    factors.any(|factor| {
        (stated * factor - truth).abs() <= quantity.half * factor * 1.01 + truth * 1e-9
    })
}
