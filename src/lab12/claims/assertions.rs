//! Assertions: what words say of the evidence, be there a value in them or not. Every kind is a
//! table of `data/lab12/claims`: the words that assert it, those that take it back, and the fact
//! that decides. It is read and refuted in the same way: the words are found, whose they are is
//! certain, and everything that was captured of it says otherwise.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::computed_cells::is_numbered_run;
use super::dates::{DATES, read_date};
use super::evidence_index::{EvidenceIndex, FactRef};
use super::messages::{
    ClaimAbsoluteSecurity, ClaimContradictsEvidence, ClaimLatencyOfErrors, ClaimSingleStart,
    ClaimSysModuleCalledLoaded, ClaimVerdictDiffers, ClaimWrongConcept,
};
use super::quantity::{StatedQuantity, StatedValue, ValueHedge};
use super::sentence::{ReportSentence, clause_start};
use super::target_resolver::TargetMention;
use super::value_place::ValuePlace;
use super::words::{
    ClaimVocabulary, ClosedName, EqualFact, FactRank, LabelledLiteral, SampleOrder, SubjectKind,
    UncapturedWording, UnsupportedWording, WordingRule, literal_key, literal_value, spelled_group,
};
use crate::judge::rules::{kernel_build_date, latency::was_checked_early};
use crate::judge::{Conclusion, EvidenceRef};
use crate::model::application::is_success_status;
use crate::model::{CaptureOrigin, FactSource, MissingReason, Role, fact_ids};
use crate::text::{beginning, join_words, make_visible};

const INTERFACES: &str = "net.interfaces";

/// The file of the attempt to escape from Kata.
const ESCAPE: &str = "results/kata-escape-attempt.txt";
const OUTCOME: &str = "escape.host_write_privileged";

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

    /// What names, ranks and dates say.
    pub(super) fn check_names(&self) -> Vec<ClaimRemark> {
        let subjects = &self.vocabulary.subjects;
        let mut out: Vec<ClaimRemark> =
            subjects.literal.iter().filter_map(|literal| self.check_literal(literal)).collect();
        if self.sentence.is_plain {
            out.extend(subjects.closed.iter().filter_map(|closed| self.check_closed_name(closed)));
            out.extend(subjects.rank.iter().filter_map(|rank| self.check_rank(rank)));
            out.extend(subjects.equal.iter().filter_map(|equal| self.check_equal_fact(equal)));
            out.extend(subjects.order.iter().filter_map(|order| self.check_order(order)));
            out.extend(self.check_only_interfaces().or_else(|| self.check_interface_names()));
            out.extend(self.check_capability());
            out.extend(self.check_build_date());
        }
        out
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
            out.extend([true, false].into_iter().filter_map(|is| self.check_boundary(is)));
            out.extend(self.check_escape());
        }
        out
    }

    /// What is said to have been run: how often, and by a target that never ran.
    pub(super) fn check_runs(&self) -> Vec<ClaimRemark> {
        self.check_several_runs().into_iter().chain(self.check_failed_target()).collect()
    }

    fn text_of(&self, range: &Range<usize>) -> String {
        make_visible(&join_words(&self.sentence.text[range.clone()]))
    }

    /// Refutes words by a captured fact.
    fn refute_by_fact(&self, range: Range<usize>, fact_ref: &FactRef, found: &str) -> ClaimRemark {
        let (place, stated) = (self.sentence.file_range(&range), self.text_of(&range));
        ClaimRemark::contradicted_by(self.index, place, &stated, fact_ref, found, None)
    }

    /// Refutes words by a line of a capture.
    fn refute_by_line(
        &self,
        range: Range<usize>,
        found: &str,
        (title, target): (&str, &str),
        source: EvidenceRef,
    ) -> ClaimRemark {
        let place = self.sentence.file_range(&range);
        let stated = &self.text_of(&range);
        let message = ClaimContradictsEvidence { stated, found, title, target, elsewhere: None };
        let mut remark = ClaimRemark::violates_rule(message, ClaimStatus::Contradicted, place);
        remark.places.push(source);
        remark
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

    fn is_candidate(&self, target: &str) -> bool {
        self.index.role_of(target) == Some(Role::Candidate)
    }

    /// A name of a closed set (vendors, architectures) where all that was captured is of another.
    fn check_closed_name(&self, closed: &ClosedName) -> Option<ClaimRemark> {
        let text = self.sentence.text;
        if !closed.words.is_match(&self.labelled) || closed.unless.is_match(text) {
            return None;
        }
        let mut stated = closed.names.iter().filter_map(|name| Some((name, name.find(text)?)));
        let (stated, found) = stated.next().filter(|_| stated.next().is_none())?;
        // Where another name stands beside it, two things are told apart.
        let around = self.sentence.surrounding_text();
        let is_told =
            closed.names.iter().any(|one| !std::ptr::eq(one, stated) && one.is_match(around));
        if is_told || self.sentence.is_quoted_at(found.start()) {
            return None;
        }
        let labelled = closed.label.iter().flat_map(|label| self.index.labelled_values(label));
        let facts = self.index.facts_everywhere(&closed.fact).into_iter().map(|one| {
            let value = one.fact.as_str().unwrap_or_default().to_string();
            (value, self.index.evidence_ref(one.id, one.target))
        });
        let known: Vec<(String, EvidenceRef)> = labelled.chain(facts).collect();
        let is_another = |text: &str| {
            let mut others = closed.names.iter().filter(|one| !std::ptr::eq(*one, stated));
            !stated.is_match(text) && others.any(|one| one.is_match(text))
        };
        let (value, source) = known.first()?;
        let target = source.target.as_deref().or(self.index.sole_candidate())?;
        let of = (self.index.fact_title(&closed.fact), self.index.reader_name(target));
        known
            .iter()
            .all(|one| is_another(&one.0))
            .then(|| self.refute_by_line(found.range(), value, (&of.0, &of.1), source.clone()))
    }

    /// What a word labels (“MTU 1450”), where captures label others by it and never this one.
    fn check_literal(&self, literal: &LabelledLiteral) -> Option<ClaimRemark> {
        let text = &*self.labelled;
        let labels = text.len() - self.sentence.text.len();
        let stated = literal.stated.captures_iter(text);
        let stated = stated.filter_map(|found| Some((literal_key(&found), literal_value(&found)?)));
        let mut stated = stated
            .filter(|one| {
                one.1.start() >= labels && self.sentence.is_plain_at(one.1.end() - labels)
            })
            .peekable();
        stated.peek()?;
        let known = self.index.literal_values(literal);
        // What is captured of the same thing: of the same address, where the words name one.
        let (found, value, source) = stated.find_map(|(key, found)| {
            let mut alike =
                known.iter().filter(|one| key.is_none_or(|key| one.0 == key)).peekable();
            let (_, value, source) = *alike.peek()?;
            let is_captured = alike.any(|one| one.1.starts_with(found.as_str()));
            (!is_captured).then_some((found, value, source))
        })?;
        let range = found.start() - labels..found.end() - labels;
        let file = make_visible(&source.capture);
        let place = EvidenceRef { fact: None, target: None, source: Some(source.clone()) };
        let remark = self.refute_by_line(range, value, (&literal.title, &file), place);
        let is_told = self.sentence.surrounding_text().contains(value);
        (!is_told && !literal.unless.is_match(text)).then_some(remark)
    }

    /// What is said to differ under the only candidate, and was captured alike outside of it.
    fn check_equal_fact(&self, equal: &EqualFact) -> Option<ClaimRemark> {
        let found = equal.claim.find(self.sentence.text)?;
        let target = self.index.sole_candidate()?;
        let own = self.index.fact_on_target(&equal.fact, target)?;
        let mut others = self.index.facts_everywhere(&equal.fact);
        others.retain(|one| one.target != target);
        let is_alike = others.iter().all(|one| one.fact.as_value() == own.fact.as_value());
        // A model that calls itself virtual is what the words say.
        let is_shown = own.fact.as_str().is_some_and(|text| equal.claim.is_match(text));
        let is_refuted = !others.is_empty() && is_alike && !is_shown && self.names_target(target);
        let shown = format!("{} inside and outside", own.shown_value());
        (is_refuted && !equal.unless.is_match(self.sentence.text))
            .then(|| self.refute_by_fact(found.range(), &own, &shown))
    }

    /// Which of two targets is said to have more of something (the newer kernel, the longer start,
    /// the higher count), where the evidence says the opposite.
    fn check_rank(&self, rank: &FactRank) -> Option<ClaimRemark> {
        let text = self.sentence.text;
        let above = self.sentence.topics.first().copied().unwrap_or_default();
        let is_about = rank.about.is_match(&self.labelled) || rank.about.is_match(above);
        if !is_about || rank.unless.is_match(&self.labelled) {
            return None;
        }
        let more = rank.more.find(text);
        let found = more.or_else(|| rank.less.find(text))?;
        let before = self.index.resolver.find_mentions(&text[..found.start()]);
        let last = before.last()?;
        let named = last.target.as_deref()?;
        // “Kata and runc are slower”, “slower than Kata, runc”
        let is_alone = before.iter().all(|one| one.target.as_deref() == Some(named));
        let is_near = text[last.range.end..found.start()].split_whitespace().count() <= 6;
        let own = self.index.fact_on_target(&rank.fact, named)?;
        let mut others = self.index.facts_everywhere(&rank.fact);
        others.retain(|one| self.is_candidate(one.target) != self.is_candidate(named));
        let ours = rank_of(self.index, &own)?;
        let ranks = others.iter().filter_map(|one| rank_of(self.index, one));
        let orders: BTreeSet<_> = ranks.map(|other| other.cmp(&ours)).collect();
        let refuted =
            if more.is_some() { [std::cmp::Ordering::Greater] } else { [std::cmp::Ordering::Less] };
        (orders.iter().eq(&refuted) && is_near && is_alone).then(|| {
            let other = others[0];
            let shown = format!("{}, the other {}", own.shown_value(), other.shown_value());
            self.refute_by_fact(found.range(), &own, &shown).resting_on_fact(other.id, other.target)
        })
    }

    /// Which sample of a series is said to be the smallest or the largest, where it is another.
    fn check_order(&self, order: &SampleOrder) -> Option<ClaimRemark> {
        let text = self.sentence.text;
        let found = order.claim.captures(text)?;
        let number = spelled_group(&order.claim, &found)?;
        let whole = found.get(0)?;
        let around = || [&*self.labelled].into_iter().chain(self.sentence.topics.iter().copied());
        let is_about = around().take(4).find_map(|text| {
            let (own, other) = (order.about.is_match(text), order.other.is_match(text));
            (own || other).then_some(own && !other)
        })?;
        let named = around().take(2).find_map(|text| {
            self.index.resolver.find_mentions(text).pop().map(|one| (text, one.target))
        });
        let target = match named {
            Some((text, Some(_))) => self.index.resolver.single_target(text)?,
            Some(_) => return None,
            None => self.index.target_with_role(Role::Baseline)?.to_string(),
        };
        let fact_ref = self.index.fact_on_target(&order.fact, &target)?;
        let series = fact_ref.fact.as_series().filter(|series| series.values.len() > 2)?;
        let is_max = found.name("max").or(found.name("max_first")).is_some();
        let extreme =
            series.values.iter().copied().reduce(if is_max { f64::max } else { f64::min })?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of the words"
        )]
        let stated =
            series.values.get((number as usize).min(series.values.len()).checked_sub(1)?)?;
        let is_refuted = (stated - extreme).abs() > extreme * 0.01;
        let at = series.values.iter().position(|value| *value == extreme)? + 1;
        (is_about && is_refuted && !order.unless.is_match(&self.labelled)).then(|| {
            let figure = crate::report::format_measured(extreme, series.unit);
            let shown = format!("number {at} of {}: {figure}", series.values.len());
            self.refute_by_fact(whole.range(), &fact_ref, &shown)
        })
    }

    /// A capability that is said to be held or missing, where all masks say the opposite.
    fn check_capability(&self) -> Option<ClaimRemark> {
        let words = &self.vocabulary.subjects.capability;
        let text = self.sentence.text;
        if words.unless.is_match(&self.labelled) {
            return None;
        }
        let masks = self.index.facts_everywhere("priv.cap_eff");
        let is_held = |bit: usize| -> Option<bool> {
            let held = masks.iter().map(|one| {
                let mask = one.fact.as_str()?.trim_start_matches("0x");
                Some(u64::from_str_radix(mask, 16).ok()? >> bit & 1 == 1)
            });
            let held = held.collect::<Option<Vec<bool>>>()?;
            held.iter().all(|one| *one == held[0]).then(|| held.first().copied())?
        };
        words.name.captures_iter(text).find_map(|found| {
            let (whole, name) = (found.get(0)?, found.get(1)?);
            let bit = words.bits.iter().position(|one| one.eq_ignore_ascii_case(name.as_str()))?;
            let after = &text[whole.end()..];
            let after = &after[..after.find([',', ';', ':']).unwrap_or(after.len())];
            let (missing, present) = (words.missing.is_match(after), words.held.is_match(after));
            let end = whole.end() + after.trim_end_matches('.').len();
            (missing != present && is_held(bit) == Some(missing)).then(|| {
                self.refute_by_fact(whole.start()..end, &masks[0], &masks[0].shown_value())
            })
        })
    }

    /// The names of interfaces that end a place as one list: “lo and eth0 only”.
    fn names_right_before(&self, end: usize) -> Vec<Range<usize>> {
        const LINKS: [&str; 7] = ["", ",", "and", "&", "und", "y", "et"];
        let text = self.sentence.text;
        let mut named: Vec<Range<usize>> = Vec::new();
        let names: Vec<regex::Match> =
            self.vocabulary.words.interface.names.find_iter(&text[..end]).collect();
        for name in names.into_iter().rev() {
            let next = named.first().map_or(end, |next| next.start);
            let between = text[name.end()..next].trim_matches([' ', '`', '*', '"']);
            if !LINKS.contains(&between) || next == end && !between.is_empty() {
                break;
            }
            named.insert(0, name.range());
        }
        named
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

    /// “only lo and eth0”, where the list says otherwise.
    fn check_only_interfaces(&self) -> Option<ClaimRemark> {
        const ENDS: [&str; 8] =
            [", the", ", it", ", so", ", which", ", and the", " while ", " but ", " ("];
        let words = &self.vocabulary.words.interface;
        let text = self.sentence.text;
        let only = words.only.find(text)?;
        let clause = &text[only.start()..];
        let clause = &clause[..clause.find([';', '.', ':', '(']).unwrap_or(clause.len())];
        let end = ENDS.iter().filter_map(|end| clause.find(end)).min().unwrap_or(clause.len());
        let mut named: Vec<Range<usize>> = words
            .names
            .find_iter(&clause[..end])
            .map(|name| only.start() + name.start()..only.start() + name.end())
            .collect();
        if named.is_empty() {
            named = self.names_right_before(only.start());
        }
        let range = named.first()?.start..named.last()?.end;
        if words.others.is_match(&text[only.start().min(range.start)..only.start() + end]) {
            return None;
        }
        let mentions = self.index.resolver.find_mentions(&text[..range.start]);
        let captured = self.index.facts_everywhere(INTERFACES);
        let target = match (mentions.last(), &captured[..]) {
            (Some(last), _) => last.target.clone()?,
            (None, [one]) if self.is_candidate(one.target) => one.target.into(),
            _ => return None,
        };
        let fact_ref = self.index.fact_on_target(INTERFACES, &target)?;
        let items = fact_ref.fact.as_value()?.as_array()?;
        let known = items.iter().filter_map(|item| item.get("name")?.as_str()?.split('@').next());
        let known: BTreeSet<&str> = known.collect();
        let stated: BTreeSet<String> = named
            .iter()
            .map(|name| text[name.clone()].to_lowercase().replace("loopback", "lo"))
            .collect();
        let is_right =
            known.iter().filter(|name| **name != "lo").all(|name| stated.contains(*name))
                && stated.iter().all(|name| known.contains(name.as_str()));
        Some(match is_right {
            true => ClaimRemark::supported_claim(self.sentence.file_range(&range))
                .resting_on_fact(INTERFACES, &target),
            false => self.refute_by_fact(range, &fact_ref, &fact_ref.shown_value()),
        })
    }

    /// A day on which a kernel is said to have been built and which no capture has.
    fn check_build_date(&self) -> Option<ClaimRemark> {
        let words = &self.vocabulary.words.build;
        let text = self.sentence.text;
        if !words.built.is_match(&self.labelled) || words.unless.is_match(&self.labelled) {
            return None;
        }
        let mut dates = DATES.captures_iter(text);
        let found = dates.next().filter(|_| dates.next().is_none())?;
        let (range, stated) = (found.get(0)?.range(), read_date(&found)?);
        let before = self.index.resolver.find_mentions(&text[..range.start]);
        let baseline = || self.index.target_with_role(Role::Baseline);
        let target = match before.last().or(self.mentions.first()) {
            Some(mention) => {
                let mut mentions = self.mentions.iter();
                if before.is_empty() && mentions.any(|one| one.target != mention.target) {
                    return None;
                }
                mention.target.as_deref().or_else(baseline)?
            }
            None => self.target_with_builder(&text[..range.start])?,
        };
        // The host's kernel is runc's.
        let is_guest = self.is_candidate(target);
        let targets = self.index.subject.run.targets.iter().map(|one| one.name.as_str());
        let targets =
            targets.filter(|one| if is_guest { *one == target } else { !self.is_candidate(one) });
        let mut known = targets.flat_map(|target| {
            let kernels = ["kernel.uname", "kernel.banner", "kernel.dmesg_banner"];
            kernels.into_iter().filter_map(|id| self.index.fact_on_target(id, target))
        });
        let (fact_ref, built) =
            known.find_map(|one| Some((one, kernel_build_date(one.fact.as_str()?)?)))?;
        let is_captured = self.index.captured_dates().iter().any(|one| one.may_be(stated));
        (!stated.is_of(built) && !is_captured)
            .then(|| self.refute_by_fact(range, &fact_ref, &built.format("%-d %B %Y").to_string()))
    }

    /// The one target whose kernel's banner names the builder that a text does: `@4bcec8f4443d`.
    fn target_with_builder(&self, text: &str) -> Option<&'a str> {
        let builders: Vec<&str> = text
            .split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '@'))
            .filter(|word| word.len() > 6 && word.contains('@'))
            .collect();
        let kernels = ["kernel.banner", "kernel.dmesg_banner"];
        let all = kernels.into_iter().flat_map(|id| self.index.facts_everywhere(id));
        let named = all.filter(|one| {
            let banner = one.fact.as_str().unwrap_or_default();
            builders.iter().any(|builder| banner.contains(builder))
        });
        let mut targets: Vec<&str> = named.map(|one| one.target).collect();
        targets.dedup();
        match targets[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    fn check_unsupported(&self, wording: &UnsupportedWording) -> Option<ClaimRemark> {
        let text = self.sentence.text;
        let range = wording.pattern.find(text)?.range();
        let is_needed = wording.needs.as_ref().is_none_or(|needs| needs.is_match(text));
        let is_excused = wording.unless.as_ref().is_some_and(|it| it.is_match(&text[..range.end]))
            || wording.never.as_ref().is_some_and(|never| never.is_match(text));
        if !is_needed || is_excused {
            return None;
        }
        let words = &self.text_of(&range);
        Some(match wording.rule {
            WordingRule::AbsoluteSecurity => self.remark_by_rule(
                &range,
                ClaimAbsoluteSecurity { words },
                ClaimStatus::Unsupported,
            ),
            WordingRule::WrongConcept => {
                self.remark_by_rule(&range, ClaimWrongConcept { words }, ClaimStatus::Misworded)
            }
            WordingRule::LoadedModules => {
                let counted = self.index.facts_everywhere(&fact_ids::KERNEL_SYS_MODULE);
                // Loaded modules were counted, or nothing was.
                let loaded = self.index.facts_everywhere(&fact_ids::KERNEL_MODULES_LOADED);
                if counted.is_empty() || !loaded.is_empty() {
                    return None;
                }
                let shown = counted.iter().map(|count| {
                    format!("{} on {}", count.shown_value(), self.index.reader_name(count.target))
                });
                let counts = &shown.collect::<Vec<_>>().join(", ");
                let message = ClaimSysModuleCalledLoaded { words, counts };
                let remark = self.remark_by_rule(&range, message, ClaimStatus::Misworded);
                counted.iter().fold(remark, |remark, it| remark.resting_on_fact(it.id, it.target))
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
        let is_captured = ids.any(|id| self.index.fact_on_target(id, host).is_some());
        let place = self.sentence.file_range(&found.range());
        let (words, id) = (found.as_str(), &wording.fact);
        (is_of_host && !is_captured)
            .then(|| ClaimRemark::without_evidence(self.index, place, words, id, host))
    }

    /// That a runtime has a kernel of its own, or shares the host's.
    fn check_boundary(&self, separate: bool) -> Option<ClaimRemark> {
        const BREAKS: [&str; 6] = [",", ";", "(", " while ", " whereas ", " but "];
        let words = &self.vocabulary.wordings.boundary;
        let text = self.sentence.text;
        let found = if separate { &words.separate } else { &words.shared }.find(text)?;
        let before = &text[..found.start()];
        let breaks = BREAKS.iter().filter_map(|mark| Some(before.rfind(mark)? + mark.len()));
        let start = breaks.max().unwrap_or(0);
        let clause = &text[start..found.end()];
        if words.unless.is_match(clause) {
            return None;
        }
        // Two that share have one kernel; two with kernels of their own are two statements.
        let is_pair = words.pair.is_match(if separate { found.as_str() } else { clause });
        let target = self
            .clause_subject(before, start)
            .or_else(|| self.index.sole_candidate().filter(|_| is_pair).map(String::from))?;
        let verdict = self.index.subject.judgement.find_verdict(&target)?;
        let is_separate = verdict.conclusion.is_separate();
        let is_shared = verdict.conclusion == Conclusion::SharedKernel;
        let (agrees, denies) =
            if separate { (is_separate, is_shared) } else { (is_shared, is_separate) };
        // What is known of runtimes in general is no statement about this one.
        let is_observed = is_pair || words.observed.is_match(text);
        let place = self.sentence.file_range(&found.range());
        let because = |remark: ClaimRemark| {
            verdict.because.iter().fold(remark, |remark, id| remark.resting_on_fact(id, &target))
        };
        if agrees {
            return Some(because(ClaimRemark::supported_claim(place)));
        }
        let own = self.index.fact_on_target("kernel.release", &target);
        if let (true, Some(release)) = (separate && is_observed, self.index.shared_release(&target))
        {
            let shown = format!("{} inside and outside", release.shown_value());
            return Some(self.refute_by_fact(found.range(), &release, &shown));
        }
        // A guest with another release shares no kernel, whatever else is open.
        let host = [Role::Host, Role::Baseline].into_iter().find_map(|role| {
            self.index.fact_on_target("kernel.release", self.index.target_with_role(role)?)
        });
        if let (false, false, Some(own), Some(host)) = (separate, denies, own, host)
            && own.target != host.target
            && own.fact.as_str() != host.fact.as_str()
        {
            let shown = format!("{} inside, {} outside", own.shown_value(), host.shown_value());
            return Some(self.refute_by_fact(found.range(), &own, &shown));
        }
        let is_own = words.owned.is_match(clause) && !self.index.never_ran(&target);
        let stated = &self.text_of(&found.range());
        if separate && (is_observed || is_own) && self.index.was_not_seen("kernel.release", &target)
        {
            let id = "kernel.release";
            return Some(ClaimRemark::without_evidence(self.index, place, stated, id, &target));
        }
        let titles = &self.index.subject.project_data.words;
        let title = titles.get(verdict.conclusion.into_str());
        let message = ClaimVerdictDiffers {
            words: stated,
            target: &self.index.reader_name(&target),
            verdict: &title.map(|words| words.title.clone()).unwrap_or_default(),
        };
        let refuted = || ClaimRemark::violates_rule(message, ClaimStatus::Contradicted, place);
        denies.then(|| because(refuted()))
    }

    /// The runtime that a clause is about: the last that is named before the words, in the clause if
    /// it names one.
    fn clause_subject(&self, before: &str, clause: usize) -> Option<String> {
        let host = self.index.target_with_role(Role::Host);
        let runtimes = |text: &str| -> BTreeSet<Option<String>> {
            let mentions = self.index.resolver.find_mentions(text).into_iter();
            let named = mentions.map(|mention| mention.target);
            named.filter(|target| target.as_deref() != host).collect()
        };
        let own = runtimes(&before[clause..]);
        let all = if own.is_empty() { runtimes(before) } else { own };
        if all.len() == 1 { all.into_iter().next()? } else { None }
    }

    /// That the attempt to escape was stopped, where its file shows a changed host or no attempt; or
    /// that it succeeded, where it was refused.
    fn check_escape(&self) -> Option<ClaimRemark> {
        let words = &self.vocabulary.wordings.escape;
        let text = self.sentence.text;
        let (held, denied) = (words.held.find(text), words.denied.find(text));
        let found = held.or(denied).or_else(|| words.wrote.find(text))?;
        let before = &text[..found.start()];
        let start = clause_start(before, before.len());
        let topics = self.sentence.topics.iter().copied();
        let mut around = [self.sentence.surrounding_text()].into_iter().chain(topics);
        let is_excused = self.sentence.is_quoted_at(found.start())
            || words.unless.is_match(&text[start..found.end()]);
        if is_excused || !around.any(|text| words.about.is_match(text)) {
            return None;
        }
        let target = self.index.sole_candidate()?;
        if held.is_none() && self.clause_subject(before, start).as_deref() != Some(target) {
            return None;
        }
        let is_attempt = |origin: &CaptureOrigin| match origin {
            CaptureOrigin::File { slot, .. } => slot.as_deref() == Some(ESCAPE),
            _ => false,
        };
        let mut captures = self.index.subject.run.captures.iter();
        let capture = captures.find(|capture| is_attempt(&capture.origin))?;
        let file = capture.stdout.text_lines().join("\n");
        let mut lines: Vec<(u32, &str)> = (1..).zip(file.lines()).collect();
        lines.retain(|(_, line)| !line.trim().is_empty());
        let written = words.written.captures_iter(&file).last();
        // What the container itself shows of its copy is not what the host's file holds.
        let is_of_host =
            lines.len().checked_sub(2).is_some_and(|above| !words.inside.is_match(lines[above].1));
        let is_written = |line: &str| {
            let is_marker = written.as_ref().is_some_and(|marker| line.trim() == &marker[1]);
            is_of_host && (is_marker || words.changed.is_match(line))
        };
        let is_fatal = |line: &str| line.starts_with("FATA") || line.contains("level=fatal");
        let fatal = lines.iter().find(|line| is_fatal(line.1));
        // Without a start the file is as it was, and nothing has stopped the attempt.
        if fatal.is_some() && held.or(denied).is_some() {
            let (place, stated) = (self.sentence.file_range(&found.range()), found.as_str());
            let is_credited =
                held.is_some() && words.credit.is_match(text) && !self.tells_failure();
            return is_credited.then(|| {
                ClaimRemark::without_evidence(self.index, place, stated, OUTCOME, target)
            });
        }
        // The last line is what the host's file holds.
        let &(line, shown) = fatal.or_else(|| {
            let last = lines.last()?;
            let is_refuted = match held.or(denied) {
                Some(_) => is_written(last.1) || held.is_some() && is_changed(&file),
                None => words.refused.is_match(last.1),
            };
            is_refuted.then_some(last)
        })?;
        let source = Some(FactSource { capture: capture.id.clone(), line: Some(line) });
        let place = EvidenceRef { fact: None, target: Some(target.into()), source };
        let title = self.index.fact_title(OUTCOME);
        let shown = make_visible(&join_words(beginning(shown, 80)));
        let of = (&*title, &*self.index.reader_name(target));
        Some(self.refute_by_line(found.range(), &shown, of, place))
    }

    /// How many starts there were of each runtime, where the evidence has another number of all: “five
    /// runs each” of three, “1.64 s on average of three runs” or “on average 1.64 s” of one.
    fn check_several_runs(&self) -> Option<ClaimRemark> {
        let words = &self.vocabulary.wordings.runs;
        let text = self.sentence.text;
        if !self.sentence.is_plain || words.unless.is_match(&self.labelled) {
            return None;
        }
        let series = self.index.facts_everywhere(&fact_ids::STARTUP_WALL);
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
            series.iter().fold(remark, |remark, one| remark.resting_on_fact(one.id, one.target))
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

    /// Whether the passage says that something failed.
    fn tells_failure(&self) -> bool {
        let around = self.sentence.surrounding_text();
        self.vocabulary.wordings.failed.nearby.is_match(around)
            || self.vocabulary.words.did_not_start.is_match(around)
    }

    /// What is stated as seen of the only candidate, which never ran: in a passage that speaks of no
    /// failure, a start that took a time or went well, a release that nobody captured, or that there
    /// is nothing in its guest and why that is so.
    fn check_failed_target(&self) -> Option<ClaimRemark> {
        let target = self.index.sole_candidate().filter(|target| self.index.never_ran(target))?;
        let words = &self.vocabulary.wordings.failed;
        let text = self.sentence.text;
        if !self.sentence.is_statement
            || words.failure.is_match(&self.labelled)
            || words.nearby.is_match(self.sentence.surrounding_text())
            || !self.names_target(target)
        {
            return None;
        }
        let refute_run = |range: Range<usize>, id: &str| {
            let (place, text) = (self.sentence.file_range(&range), &text[range]);
            let found = "that it did not start";
            ClaimRemark::contradicts_fact(self.index, place, text, (id, target), found, None)
        };
        let is_its = |at: usize| match self.index.resolver.find_mentions(&text[..at]).last() {
            Some(last) => last.target.as_deref() == Some(target),
            None => self.sentence.cell_labels().is_some_and(|(_, column)| {
                self.index.resolver.single_target(column).as_deref() == Some(target)
            }),
        };
        let is_alone = self.mentions.iter().all(|one| {
            let role = one.target.as_deref().and_then(|name| self.index.role_of(name));
            one.target.as_deref() == Some(target) || role == Some(Role::Host)
        });
        let claims = [
            (&words.started, &*fact_ids::STARTUP_WALL),
            (&words.worked, &*fact_ids::STARTUP_WALL),
            (&words.empty, &*fact_ids::KERNEL_SYS_MODULE),
        ];
        let claimed = claims.into_iter().find_map(|(claim, id)| {
            let found = claim.find(text)?;
            (is_alone || is_its(found.start())).then(|| refute_run(found.range(), id))
        });
        let (index, vocabulary, sentence, all) =
            (self.index, self.vocabulary, self.sentence, self.all);
        let mut places =
            (0..all.len()).map(|number| ValuePlace { index, vocabulary, sentence, all, number });
        claimed.or_else(|| self.check_time_of_failure(target)).or_else(|| {
            places.find_map(|place| {
                let quantity = place.in_unit_of_labels();
                let is_cell = place.is_whole_cell() && quantity.hedge == ValueHedge::Exact;
                let is_observed = is_cell || words.observed.is_match(place.text_before_value());
                if !is_observed || index.is_captured(place.stated_text()) {
                    return None;
                }
                let subject = place.find_subject()?;
                let id = &subject.facts[0];
                let is_unseen = match subject.kind {
                    SubjectKind::Version => *id == *fact_ids::KERNEL_RELEASE,
                    SubjectKind::Seconds if is_cell => {
                        let missing = index.missing_reason(id, target);
                        missing.is_some_and(|missing| missing.why != MissingReason::NotStated)
                            && !place.raw_number().is_some_and(|raw| index.is_number_captured(raw))
                    }
                    _ => false,
                };
                let is_its = place.find_target(subject).as_deref() == Some(target);
                (is_unseen && is_its).then(|| refute_run(quantity.range, id))
            })
        })
    }

    /// The time until a failure that is stated as the start-up time of a target which never ran: a
    /// cell of its row, or a sentence, with no word of the failure near it.
    fn check_time_of_failure(&self, target: &str) -> Option<ClaimRemark> {
        let (index, vocabulary, sentence, all) =
            (self.index, self.vocabulary, self.sentence, self.all);
        let is_run = sentence.cell_labels().is_some_and(|labels| is_numbered_run(labels.1));
        if is_run || !sentence.is_plain {
            return None;
        }
        let around = index.report_around(&sentence.file_range(&(0..sentence.text.len())));
        let is_told = vocabulary.wordings.failed.nearby.is_match(around)
            || vocabulary.words.did_not_start.is_match(around);
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
                && !place.is_set_apart()
                && place.find_subject().is_some_and(|subject| {
                    subject.facts[0] == *fact_ids::STARTUP_WALL
                        && place.find_target(subject).as_deref() == Some(target)
                })
        });
        let place = place.filter(|_| !is_told && !index.is_failure_shown_near(target, around))?;
        let (range, text) = (place.file_range(), place.stated_text());
        let id = &fact_ids::STARTUP_WALL;
        Some(ClaimRemark::without_evidence(index, range, text, id, target))
    }

    /// The conclusion of a sentence from the latency of a service that answered with errors.
    pub(super) fn check_latency_of_errors(&self) -> Option<ClaimRemark> {
        let baseline = self.index.target_with_role(Role::Baseline)?;
        let own = |id: &str| self.index.fact_on_target(id, baseline);
        let status = own("app.health_status")?.fact.as_i64()?;
        let fact_ref = own("http.latency").or_else(|| own("http.latency_reported"))?;
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
                .resting_on_fact(fact_ref.id, fact_ref.target)
                .resting_on_fact("app.health_status", baseline)
        })
    }
}

/// Whether a file that shows the host's file `before` and `after` shows another one after.
fn is_changed(text: &str) -> bool {
    let shown = |word: &str| -> Vec<&str> {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let named = lines
            .filter(|(label, _)| label.to_lowercase().split_whitespace().any(|one| one == word));
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty()).collect()
    };
    matches!((&shown("before")[..], &shown("after")[..]), ([one], [other]) if one != other)
}

/// By what the values of a fact are ordered: the parts of a release, a count, or the median of a
/// series in tenths of its powers, so that values that hardly differ are equal.
fn rank_of(index: &EvidenceIndex, fact_ref: &FactRef) -> Option<Vec<i64>> {
    if let Some(text) = fact_ref.fact.as_str() {
        return text.split(['.', '-', '+', '_']).take(3).map(|part| part.parse().ok()).collect();
    }
    let median = index.known_figures(fact_ref).named_figure("median");
    let number =
        median.or_else(|| fact_ref.bytes_per_second()).or_else(|| fact_ref.item_count())?;
    #[allow(clippy::cast_possible_truncation, reason = "no logarithm is as long")]
    Some(vec![(number.ln() * 10.0).round() as i64])
}
