//! Orders: which of two targets is faster, newer or has more of something, by the words of
//! `data/lab12/claims/words.toml`. The captured figures say which it is.

use std::cmp::Ordering;
use std::ops::Range;

use super::claim_remark::ClaimRemark;
use super::evidence_index::{EvidenceIndex, FactRef};
use super::sentence::ReportSentence;
use super::target_resolver::{TargetMention, is_compared_with};
use super::words::{ClaimVocabulary, OrderWords, OrderedBy, SubjectKind, ValueSubject};
use crate::model::{FactId, Role, fact_ids};

/// Figures that differ by less are of no order.
const LEAST_DIFFERENCE: f64 = 1.1;

/// What contradicts the evidence of a sentence that orders two targets, or one and all others.
pub(super) fn check_orders(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let text = sentence.text;
    let mentions = index.resolver.find_mentions(text);
    let words = &vocabulary.words.order;
    let mut found = words.word.iter().filter_map(|one| Some((one, one.pattern.captures(text)?)));
    let (word, found) = found.next()?;
    let range = found.get(0)?.range();
    let at = found.name("word").map_or(range.clone(), |word| word.range());
    let is_sure = sentence.is_plain
        && sentence.cell_labels().is_none()
        && !sentence.is_quoted_at(at.start)
        && !words.unless.is_match(clause_of_order(text, &range))
        && !(word.of == OrderedBy::Release && words.by_date.is_match(text));
    let one = named_before(text, &mentions, at.start).filter(|_| is_sure)?;
    let others: Vec<&str> = match found.name("all") {
        Some(_) => {
            let targets = index.subject.run.targets.iter().map(|target| target.name.as_str());
            targets.filter(|other| *other != one).collect()
        }
        None => vec![named_at(text, &mentions, range.end, words)?],
    };
    if index.never_ran(one) || others.iter().any(|it| index.never_ran(it) || *it == one) {
        return None;
    }
    let subjects = named_subjects(vocabulary, sentence, &range, word.of.subject_kinds());
    let is_said = if word.more { Ordering::Greater } else { Ordering::Less };
    let mut refuting = None;
    for other in others {
        for id in subjects.iter().flat_map(|one| one.fact_ids()) {
            for (order, fact_ref, shown) in orders_of(index, id, [one, other]) {
                // Whose rate is higher is faster.
                let is_rate = fact_ref.bytes_per_second().is_some() && word.of == OrderedBy::Time;
                let order = if is_rate { order.reverse() } else { order };
                if order != is_said.reverse() && found.name("all").is_none() {
                    return None;
                }
                if order == is_said.reverse() {
                    refuting.get_or_insert((fact_ref, shown));
                }
            }
        }
    }
    let (fact_ref, shown) = refuting?;
    let place = sentence.file_range(&at);
    Some(ClaimRemark::contradicted_by(index, place, &text[at], &fact_ref, &shown, None))
}

/// How a fact of one target stands to that of another, by each of its figures.
fn orders_of<'a>(
    index: &EvidenceIndex<'a>,
    id: FactId,
    targets: [&str; 2],
) -> Vec<(Ordering, FactRef<'a>, String)> {
    let host = index.target_with_role(Role::Host);
    let baseline = index.target_with_role(Role::Baseline);
    // The kernel of the host is that of its containers.
    let fact_of = |target: &str| {
        let twin =
            if Some(target) == host { baseline } else { host.filter(|_| Some(target) == baseline) };
        let twin = twin.filter(|_| id == fact_ids::KERNEL_RELEASE);
        index.fact_on_target(id, target).or_else(|| index.fact_on_target(id, twin?))
    };
    let (Some(one), Some(other)) = (fact_of(targets[0]), fact_of(targets[1])) else {
        return Vec::new();
    };
    let shown = |one: &str, other: &str| format!("{one} and {other}");
    if id == fact_ids::KERNEL_RELEASE {
        let release = |fact_ref: &FactRef| release_numbers(fact_ref.fact.as_str()?);
        let order = release(&one).zip(release(&other)).map(|(one, other)| one.cmp(&other));
        let shown = shown(&one.shown_value(), &other.shown_value());
        return order.map(|order| (order, one, shown)).into_iter().collect();
    }
    let figures = ["median", "mean"].map(|name| {
        let figure = |fact_ref: &FactRef| {
            let named = index.known_figures(fact_ref).named_figure(name);
            named.or_else(|| fact_ref.bytes_per_second()).or_else(|| fact_ref.item_count())
        };
        Some((figure(&one)?, figure(&other)?))
    });
    let ordered = figures.into_iter().flatten().map(|(a, b)| {
        let is_near = a.max(b) < a.min(b) * LEAST_DIFFERENCE && one.item_count().is_none();
        let order = if is_near { Ordering::Equal } else { a.total_cmp(&b) };
        let rounded = |value: f64| crate::stats::round_significant(value, 4).to_string();
        let unit =
            if one.item_count().is_some() || one.bytes_per_second().is_some() { "" } else { " s" };
        (order, one, shown(&format!("{}{unit}", rounded(a)), &format!("{}{unit}", rounded(b))))
    });
    ordered.collect()
}

/// The subjects of these kinds that the comparative's own words name, or the sentence, or the text
/// above; all that are of time where none is named.
fn named_subjects<'a>(
    vocabulary: &'a ClaimVocabulary,
    sentence: &ReportSentence,
    range: &Range<usize>,
    kinds: &[SubjectKind],
) -> Vec<&'a ValueSubject> {
    let of_kind = || vocabulary.subjects.subject.iter().filter(|one| kinds.contains(&one.kind));
    let is_version = |one: &&ValueSubject| {
        one.kind != SubjectKind::Version || one.first_fact() == fact_ids::KERNEL_RELEASE
    };
    let named = |text: &str| -> Vec<&'a ValueSubject> {
        of_kind().filter(is_version).filter(|one| one.words.is_match(text)).collect()
    };
    let own = named(&sentence.text[range.clone()]);
    if !own.is_empty() || kinds.contains(&SubjectKind::Count) {
        return own;
    }
    let texts = [sentence.text].into_iter().chain(sentence.topics.iter().take(3).copied());
    let found = texts.map(named).find(|found| !found.is_empty());
    let is_time = kinds.contains(&SubjectKind::Seconds);
    found.unwrap_or_else(|| if is_time { of_kind().collect() } else { Vec::new() })
}

/// The last target that is named before a place, if not as what another is compared with.
fn named_before<'t>(text: &str, mentions: &'t [TargetMention], at: usize) -> Option<&'t str> {
    let mut before = mentions.iter().filter(|one| one.range.end <= at);
    let mention = before.next()?;
    let is_alone = before.all(|other| other.target == mention.target);
    let is_compared = is_compared_with(text, mention);
    mention.target.as_deref().filter(|_| is_alone && !is_compared)
}

/// The target that is named at a place, but for articles and the like.
fn named_at<'t>(
    text: &str,
    mentions: &'t [TargetMention],
    at: usize,
    words: &OrderWords,
) -> Option<&'t str> {
    let mention = mentions.iter().find(|one| one.range.start >= at)?;
    let mut between = text[at..mention.range.start].split_whitespace();
    let is_next = between.all(|word| words.article.is_match(word));
    mention.target.as_deref().filter(|_| is_next)
}

/// The part of a sentence around a place, between its marks.
fn clause_of_order<'t>(text: &'t str, range: &Range<usize>) -> &'t str {
    const MARKS: [char; 4] = [':', ';', '(', ')'];
    let start = text[..range.start].rfind(MARKS).map_or(0, |at| at + 1);
    let behind = &text[range.end..];
    let reason = [", since ", ", because ", ", weil "].iter().filter_map(|mark| behind.find(mark));
    let end = behind.find(MARKS).into_iter().chain(reason).min().unwrap_or(behind.len());
    &text[start..range.end + end]
}

/// The three numbers of a release.
fn release_numbers(release: &str) -> Option<[u32; 3]> {
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse::<u32>().ok())
        .take(3);
    Some([numbers.next()??, numbers.next()??, numbers.next().flatten().unwrap_or(0)])
}
