//! Cells that a table computes of two others: differences, ratios and shares.

use super::claim_remark::ClaimRemark;
use super::evidence_index::EvidenceIndex;
use super::figure_pair::FigurePair;
use super::passages::PassageForm;
use super::quantity::{StatedQuantity, StatedValue, find_quantities};
use super::sentence::ReportSentence;
use super::words::ClaimVocabulary;

/// The quantities of another cell of the row or column, with its label.
type LabelledCell<'t> = (&'t str, Vec<StatedQuantity>);

/// A cell whose label says that it is computed of the other cells of its row or its column, and
/// which is nothing that can be computed of them: the difference, ratio or share of two targets.
pub(super) fn check_computed_cell(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
) -> Option<ClaimRemark> {
    let PassageForm::Cell { row, column, line, heads, whole } = &sentence.passage.form else {
        return None;
    };
    let [quantity] = all else { return None };
    let label = row.rsplit(':').next().unwrap_or_default();
    let is_computed = [column, label].map(|label| is_label_of_computed(vocabulary, label));
    let cells: Vec<(&str, &str)> = match is_computed {
        [true, false] => heads.split(" | ").zip(line.split(" | ").skip(1)).collect(),
        [false, true] => whole.split(" | ").filter_map(|cell| cell.split_once(" = ")).collect(),
        _ => return None,
    };
    let others: Vec<LabelledCell> = cells
        .into_iter()
        .filter(|one| one.1.trim() != sentence.text.trim())
        .map(|(label, cell)| (label, find_quantities(cell, &vocabulary.words)))
        .collect();
    let stated = &sentence.text[quantity.range.clone()];
    let place = sentence.file_range(&(quantity.from..quantity.range.end));
    let of_targets = others.iter().filter(|one| {
        !is_label_of_computed(vocabulary, one.0) || index.resolver.single_target(one.0).is_some()
    });
    let pair = pair_of_others(index, quantity, of_targets)?;
    Some(pair.contradicted_by_facts(stated, place))
}

fn is_label_of_computed(vocabulary: &ClaimVocabulary, label: &str) -> bool {
    let words = &vocabulary.words.comparison;
    words.computed.is_match(label) && !words.unless.is_match(label)
}

/// The two values next to a cell that is computed of two targets, where it is nothing that can be
/// computed of them.
fn pair_of_others<'t>(
    index: &EvidenceIndex,
    quantity: &StatedQuantity,
    others: impl Iterator<Item = &'t LabelledCell<'t>>,
) -> Option<FigurePair> {
    let (mut numbers, mut targets, mut slack) = (Vec::new(), Vec::new(), 0.0);
    for (label, found) in others {
        let Some((number, half)) = found.first().and_then(number_of) else { continue };
        if number > 0.0 {
            let [one] = &found[..] else { return None };
            slack += half;
            numbers.push((number, std::mem::discriminant(&one.value)));
            targets.extend(index.resolver.single_target(label));
        }
    }
    let ([(a, form), (b, other)], [one, another]) = (&numbers[..], &targets[..]) else {
        return None;
    };
    let is_time = *form == std::mem::discriminant(&StatedValue::Seconds(0.0));
    let is_captured = captured_pairs(index, [(one, *a), (another, *b)])
        .into_iter()
        .any(|(a, b)| is_computed_of(quantity, a, b, 0.0, 0.01));
    let is_right = is_captured || is_computed_of(quantity, *a, *b, slack, 0.04);
    FigurePair::new(*a, *b, is_time, Vec::new())
        .filter(|_| form == other && one != another && !is_right)
}

/// Whether a cell is the difference, a ratio or a share of two values.
fn is_computed_of(quantity: &StatedQuantity, a: f64, b: f64, slack: f64, share: f64) -> bool {
    let Some((stated, half)) = number_of(quantity) else { return true };
    let difference = (a - b).abs();
    let is_difference = [1.0, 1000.0, 0.001].iter().any(|unit| {
        let truth = difference * unit;
        (stated - truth).abs() <= (half * 1.1 + slack) * f64::max(*unit, 1.0) + truth * 1e-6
    });
    let is_ratio = [a / b, b / a].iter().any(|ratio| {
        [1.0, 100.0].iter().any(|unit| {
            let readings = [*ratio, ratio - 1.0, 1.0 - ratio].into_iter();
            let mut readings = readings.map(|reading| reading * unit);
            readings.any(|it| (stated - it).abs() <= half * 1.1 + ratio * unit * share)
        })
    });
    match quantity.value {
        StatedValue::Seconds(_) => is_difference,
        StatedValue::Number(..) => is_difference || is_ratio,
        _ => is_ratio,
    }
}

/// The number of a cell, and half a unit of its last digit.
fn number_of(quantity: &StatedQuantity) -> Option<(f64, f64)> {
    match quantity.value {
        StatedValue::Number(number, second) => Some((second.unwrap_or(number), quantity.half)),
        StatedValue::Seconds(number)
        | StatedValue::Times(number)
        | StatedValue::Percent(number) => Some((number, quantity.half)),
        _ => None,
    }
}

/// Whether a label is the number of a run: “run 2”, “#3”.
pub(super) fn is_numbered_run(label: &str) -> bool {
    let rest = label.trim().trim_start_matches(|c: char| !c.is_ascii_digit());
    rest.len() <= 2 && rest.parse::<u32>().is_ok() && label.split_whitespace().count() <= 2
}

/// The captured numbers of the facts of two targets one of which is as stated.
fn captured_pairs(index: &EvidenceIndex, stated: [(&String, f64); 2]) -> Vec<(f64, f64)> {
    let mut pairs = Vec::new();
    for id in index.subject.run.fact_ids() {
        let facts = stated.map(|(target, _)| index.fact_on_target(id, target));
        let [Some(one), Some(other)] = facts else { continue };
        let known = [one, other].map(|one| index.known_figures(&one));
        let figures = ["mean", "median"]
            .map(|name| Some((known[0].named_figure(name)?, known[1].named_figure(name)?)));
        let counts = one.known_number().zip(other.known_number());
        pairs.extend(figures.into_iter().chain([counts]).flatten().filter(|(one, other)| {
            *one > 0.0
                && *other > 0.0
                && (is_near(*one, stated[0].1) || is_near(*other, stated[1].1))
        }));
    }
    pairs
}

fn is_near(known: f64, stated: f64) -> bool {
    (known - stated).abs() <= stated * 0.005
}
