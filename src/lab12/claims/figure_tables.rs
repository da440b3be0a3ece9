//! Tables of figures: cells, and lines that are a label and its value, read as a whole. What a figure
//! is of is certain there by its row, its column and the figures next to it.
//!
//! A cell is read where its labels hold nothing but the name of a target, of a measure and of a
//! statistic. The measure and the unit that the labels leave open are those in which most cells of the
//! target are as captured. A cell is contradicted only where others next to it are as captured.

use std::ops::Range;

use super::claim_remark::ClaimRemark;
use super::evidence_index::{EvidenceIndex, FactRef};
use super::figures::{KnownFigure, StatedFigure};
use super::passages::{PassageForm, ReportPassage};
use super::quantity::{StatedQuantity, StatedValue, ValueHedge, find_quantities};
use super::sentence::{self, ReportSentence};
use super::value_place::ValuePlace;
use super::words::{ClaimVocabulary, SubjectKind, ValueSubject};
use crate::model::{FactId, SampleUnit};

/// What a cell says of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellStatistic {
    /// `mean`, `median`, `min` or `max`.
    Named(&'static str),
    /// The sample with this number, counted from 1.
    Sample(usize),
    /// The time or rate that was measured, if there is one.
    Only,
}

/// A cell with a figure whose labels leave no doubt.
struct FigureCell<'a> {
    /// Where it stands in the file.
    place: Range<usize>,
    stated: &'a str,
    /// In seconds or bytes a second, or bare.
    quantity: StatedQuantity,
    target: Option<String>,
    statistic: CellStatistic,
    /// The subjects that it can be of, and whether its labels name them.
    subjects: Vec<&'a ValueSubject>,
    is_named: bool,
}

/// What the figures of a table, list or block of lines say, and the durations that it states.
pub(super) fn check_figure_table(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    passages: &[ReportPassage],
) -> (Vec<ClaimRemark>, Vec<StatedFigure>) {
    let reader = TableReader { index, vocabulary };
    let cells: Vec<FigureCell> =
        passages.iter().flat_map(|passage| reader.read_cells(passage)).collect();
    let mut targets: Vec<&Option<String>> = cells.iter().map(|cell| &cell.target).collect();
    targets.sort_unstable();
    targets.dedup();
    let (mut remarks, mut stated) = (Vec::new(), Vec::new());
    for kind in [SubjectKind::Seconds, SubjectKind::Rate] {
        let columns: Vec<FigureColumn> = targets
            .iter()
            .flat_map(|target| reader.find_columns(&cells, target.as_deref(), kind))
            .collect();
        for column in &columns {
            let (found, figures) = reader.judge_column(column, &columns);
            remarks.extend(found);
            stated.extend(figures);
        }
    }
    (remarks, stated)
}

/// The end of the table that begins with a passage: the cells that stand below the same heads and
/// topics.
pub(super) fn end_of_table(passages: &[ReportPassage], start: usize) -> usize {
    let heads = |passage: &ReportPassage| match &passage.form {
        PassageForm::Cell { heads, .. } => Some(heads.clone()),
        _ => None,
    };
    let first = heads(&passages[start]);
    let is_same = |one: &&ReportPassage| {
        let is_item = one.topics.last() == passages[start].topics.last();
        heads(one) == first
            && one.form != PassageForm::Block
            && (one.topics == passages[start].topics || first.is_none() && is_item)
    };
    start + 1 + passages[start + 1..].iter().take_while(is_same).count()
}

/// The cells of a target that are of one subject, in one unit.
struct FigureColumn<'a, 'c> {
    subject: &'a ValueSubject,
    target: String,
    /// What a bare number is multiplied with.
    scale: f64,
    cells: Vec<&'c FigureCell<'a>>,
    /// Which of them are as captured.
    is_right: Vec<bool>,
}

struct TableReader<'a> {
    index: &'a EvidenceIndex<'a>,
    vocabulary: &'a ClaimVocabulary,
}

impl<'a> TableReader<'a> {
    fn read_cells<'p>(&self, passage: &'p ReportPassage) -> Vec<FigureCell<'p>>
    where
        'a: 'p,
    {
        let sentences = sentence::split_sentences(passage, &self.vocabulary.words);
        let is_cell = matches!(passage.form, PassageForm::Cell { .. });
        if is_cell && sentences.len() != 1 {
            return Vec::new();
        }
        sentences.iter().filter_map(|sentence| self.read_cell(sentence)).collect()
    }

    fn read_cell<'p>(&self, sentence: &ReportSentence<'p>) -> Option<FigureCell<'p>>
    where
        'a: 'p,
    {
        const SIGNS: [char; 6] = ['+', '-', '−', '–', '±', '~'];
        let (index, vocabulary) = (self.index, self.vocabulary);
        let all = find_quantities(sentence.text, &vocabulary.words);
        let (labels, number) = match sentence.cell_labels() {
            Some((row, column)) => ([row, column], 0),
            None => ([sentence.text.split_once([':', '='])?.0, ""], all.len().checked_sub(1)?),
        };
        let place = ValuePlace { index, vocabulary, sentence, all: &all, number };
        let before = &sentence.text[..all.get(number)?.range.start];
        let rest =
            sentence.text[all[number].range.end..].trim_matches(|c: char| !c.is_alphanumeric());
        let is_alone = rest.is_empty()
            && match sentence.cell_labels() {
                Some(_) => all.len() == 1 && !before.contains(char::is_alphanumeric),
                None => {
                    let value = before.get(labels[0].len() + 1..)?;
                    !value.contains(char::is_alphanumeric)
                }
            };
        if !is_alone || !sentence.is_plain || before.trim_end().ends_with(SIGNS) {
            return None;
        }
        let quantity = place.in_unit_of_labels();
        let statistic = self.statistic_of(labels)?;
        let target = place.named_owner();
        let names_several = target.is_none()
            && labels.iter().any(|label| !index.resolver.find_mentions(label).is_empty());
        let (subjects, is_named) = self.subjects_of(sentence, labels, &quantity)?;
        let is_exact = quantity.hedge == ValueHedge::Exact && quantity.digits > 1;
        (is_exact && !names_several).then(|| FigureCell {
            place: place.file_range(),
            stated: &sentence.text[quantity.range.clone()],
            quantity,
            target,
            statistic,
            subjects,
            is_named,
        })
    }

    /// The statistic that the labels name, if they hold nothing else but targets and measures.
    fn statistic_of(&self, labels: [&str; 2]) -> Option<CellStatistic> {
        let mut named = Vec::new();
        let mut rest = String::new();
        for label in labels {
            // The corner of a table says what its rows are.
            let mut text = label.split_once(": ").map_or(label, |(_, head)| head).to_string();
            for mention in self.index.resolver.find_mentions(&text).iter().rev() {
                text.replace_range(mention.range.clone(), " ");
            }
            for (name, words) in self.vocabulary.words.figures.named_patterns() {
                if words.is_match(&text) {
                    named.push(name);
                    text = words.replace_all(&text, " ").into_owned();
                }
            }
            let measures = self.vocabulary.subjects.subject.iter().filter(|it| is_measure(it.kind));
            for words in measures.map(|it| &it.words).chain([&self.vocabulary.words.table_label]) {
                text = words.replace_all(&text, " ").into_owned();
            }
            rest.push_str(&text);
            rest.push(' ');
        }
        named.dedup();
        let mut numbers = rest.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty());
        let number = numbers.next().map(str::parse::<usize>);
        match (&named[..], number) {
            _ if numbers.next().is_some() => None,
            ([name], None | Some(Ok(_))) => Some(CellStatistic::Named(name)),
            ([], None) => Some(CellStatistic::Only),
            ([], Some(Ok(number))) => {
                (1..=99).contains(&number).then_some(CellStatistic::Sample(number))
            }
            _ => None,
        }
    }

    /// The subjects that the labels, or else the heads or the nearest text above, name: all of the
    /// kind where none of them does.
    fn subjects_of(
        &self,
        sentence: &ReportSentence,
        labels: [&str; 2],
        quantity: &StatedQuantity,
    ) -> Option<(Vec<&'a ValueSubject>, bool)> {
        let all = self.vocabulary.subjects.subject.iter().filter(|one| {
            is_measure(one.kind)
                && !(one.kind == SubjectKind::Seconds && one.first_fact().starts_with("perf."))
        });
        let all: Vec<&ValueSubject> = match quantity.value {
            StatedValue::Seconds(_) => all.filter(|it| it.kind == SubjectKind::Seconds).collect(),
            StatedValue::Rate(..) => all.filter(|it| it.kind == SubjectKind::Rate).collect(),
            StatedValue::Number(number, second) if second.unwrap_or(number).fract() != 0.0 => {
                all.filter(|one| one.kind == SubjectKind::Seconds).collect()
            }
            _ => return None,
        };
        let named = |texts: &[&str]| -> Vec<&'a ValueSubject> {
            let is_named = |one: &&ValueSubject| texts.iter().any(|text| one.words.is_match(text));
            all.iter().copied().filter(is_named).collect()
        };
        let heads = match &sentence.passage.form {
            PassageForm::Cell { heads, .. } => heads.as_str(),
            _ => "",
        };
        let above = sentence.topics.iter().take(6).map(|topic| vec![*topic]);
        let found = [labels.to_vec(), vec![heads]].into_iter().chain(above);
        let found = found.map(|texts| named(&texts)).find(|found| !found.is_empty());
        let is_excluded = |one: &&ValueSubject| {
            one.unless.as_ref().is_some_and(|it| labels.iter().any(|label| it.is_match(label)))
        };
        let is_named = found.is_some();
        let mut found = found.unwrap_or(all);
        found.retain(|one| !is_excluded(one));
        (!found.is_empty()).then_some((found, is_named))
    }

    /// The cells of a target by the subjects that they can be of: the subject and the unit in which
    /// most cells are as captured first.
    fn find_columns<'c>(
        &self,
        cells: &'c [FigureCell<'a>],
        target: Option<&str>,
        kind: SubjectKind,
    ) -> Vec<FigureColumn<'a, 'c>> {
        let mut left: Vec<&FigureCell> =
            cells.iter().filter(|cell| cell.target.as_deref() == target).collect();
        let mut out: Vec<FigureColumn> = Vec::new();
        loop {
            let subjects = self.vocabulary.subjects.subject.iter().filter(|one| one.kind == kind);
            let columns = subjects.flat_map(|subject| {
                let units: &[f64] =
                    if kind == SubjectKind::Seconds { &[1.0, 1e-3] } else { &[1.0] };
                units.iter().filter_map(|unit| self.make_column(&left, subject, target, *unit))
            });
            let rights = |one: &FigureColumn| one.is_right.iter().filter(|it| **it).count();
            let best =
                columns.reduce(|best, one| if rights(&one) > rights(&best) { one } else { best });
            let Some(best) = best.filter(|best| rights(best) > 0 || best.cells.len() == left.len())
            else {
                return out;
            };
            left.retain(|cell| !best.cells.iter().any(|one| std::ptr::eq(*one, *cell)));
            out.push(best);
        }
    }

    fn make_column<'c>(
        &self,
        left: &[&'c FigureCell<'a>],
        subject: &'a ValueSubject,
        target: Option<&str>,
        scale: f64,
    ) -> Option<FigureColumn<'a, 'c>> {
        let mut known: Vec<FactRef> =
            subject.fact_ids().flat_map(|id| self.index.facts_everywhere(id)).collect();
        // What names no target is of the only one of which there is such a thing.
        let target = target.or_else(|| {
            let first = known.first()?.target;
            known.iter().all(|one| one.target == first).then_some(first)
        })?;
        known.retain(|one| one.target == target);
        let can_be =
            |cell: &&&FigureCell| cell.subjects.iter().any(|one| std::ptr::eq(*one, subject));
        let cells: Vec<&FigureCell> = left.iter().filter(can_be).copied().collect();
        let column = FigureColumn {
            subject,
            target: target.to_string(),
            scale,
            is_right: Vec::new(),
            cells,
        };
        let is_right = column.cells.iter().map(|cell| {
            let mut truths = self.truths_of(&column, cell.statistic).into_iter();
            truths.any(|truth| is_as_stated(cell, scale, truth, 1.01))
        });
        let is_right = is_right.collect();
        (!known.is_empty() && !column.cells.is_empty())
            .then_some(FigureColumn { is_right, ..column })
    }

    /// What was captured as a statistic of a column's target.
    fn truths_of(&self, column: &FigureColumn, statistic: CellStatistic) -> Vec<f64> {
        let facts = self.facts_of(column);
        let figures = |fact_ref: &FactRef| -> Vec<f64> {
            if let Some(rate) = fact_ref.bytes_per_second() {
                return vec![rate];
            }
            let samples = fact_ref.fact.as_series().map(|samples| &samples.values[..]);
            let known = self.index.known_figures(fact_ref);
            let named = |wanted: &[&str]| -> Vec<f64> {
                let is_wanted = |one: &&KnownFigure| wanted.contains(&one.name);
                known.all.iter().filter(is_wanted).map(|one| one.value).collect()
            };
            match statistic {
                CellStatistic::Named(name) => named(&[name]),
                CellStatistic::Sample(number) => samples
                    .and_then(|samples| samples.get(number - 1))
                    .into_iter()
                    .copied()
                    .collect(),
                CellStatistic::Only => named(&["mean", "median", "sample"]),
            }
        };
        facts.iter().flat_map(figures).collect()
    }

    fn facts_of(&self, column: &FigureColumn) -> Vec<FactRef<'a>> {
        let ids = column.subject.facts.iter();
        ids.filter_map(|id| self.index.fact_on_target(FactId::from_text(id), &column.target))
            .collect()
    }

    fn judge_column(
        &self,
        column: &FigureColumn,
        columns: &[FigureColumn],
    ) -> (Vec<ClaimRemark>, Vec<StatedFigure>) {
        let (mut remarks, mut stated) = (Vec::new(), Vec::new());
        let Some(fact_ref) = self.facts_of(column).into_iter().next() else {
            return (remarks, stated);
        };
        let rights = column.is_right.iter().filter(|it| **it).count();
        for (cell, is_right) in column.cells.iter().zip(&column.is_right) {
            let truths = self.truths_of(column, cell.statistic);
            let Some(truth) = truths.first() else { continue };
            let shown = show_figure(cell.statistic, *truth, column.subject.kind);
            if *is_right && (cell.is_named || rights > 1) {
                let remark = ClaimRemark::supported_claim(cell.place.clone());
                remarks.push(
                    ClaimRemark { shown: Some(shown), ..remark }
                        .with_fact(fact_ref.id, fact_ref.target),
                );
                if let StatedValue::Seconds(seconds) = cell.quantity.value {
                    let (fact, target) = (fact_ref.id.to_string(), column.target.clone());
                    stated.push(StatedFigure { fact, target, seconds, pasted: None });
                }
            } else if !is_right && self.is_wrong(column, columns, cell, &truths) {
                let place = cell.place.clone();
                remarks.push(ClaimRemark::contradicted_by(
                    self.index,
                    place,
                    cell.stated,
                    &fact_ref,
                    &shown,
                    None,
                ));
            }
        }
        (remarks, stated)
    }

    /// Whether a figure that is not as captured is certainly of its column's target.
    fn is_wrong(
        &self,
        column: &FigureColumn,
        columns: &[FigureColumn],
        cell: &FigureCell,
        truths: &[f64],
    ) -> bool {
        if truths.iter().any(|truth| is_as_stated(cell, column.scale, *truth, 2.01)) {
            return false;
        }
        let of_subject = columns
            .iter()
            .filter(|one| std::ptr::eq(one.subject, column.subject) && one.target != column.target);
        // Two figures of two targets, each of which is the other's.
        let is_swapped = of_subject.clone().any(|other| {
            other.cells.iter().any(|it| {
                it.statistic == cell.statistic
                    && self.is_truth_of(other, cell, column.scale)
                    && self.is_truth_of(column, it, other.scale)
                    && !self.is_truth_of(other, it, other.scale)
            })
        });
        let is_sample = |cell: &FigureCell| {
            let all = self.truths_of(column, CellStatistic::Only);
            all.iter().any(|one| is_as_stated(cell, column.scale, *one, 1.01))
        };
        let others = column.cells.iter().zip(&column.is_right);
        let others: Vec<_> = others.filter(|(one, _)| !std::ptr::eq(**one, cell)).collect();
        let rights = others.iter().filter(|(_, is_right)| **is_right).count();
        let facts = self.facts_of(column);
        let is_computed = |one: &f64| is_as_stated(cell, column.scale, *one, 1.01);
        let is_explained =
            || facts.iter().any(|it| self.index.known_figures(it).computed.iter().any(is_computed));
        let is_told = match cell.statistic {
            // Samples in another order are no other samples.
            CellStatistic::Sample(_) => {
                !is_sample(cell)
                    && others.iter().all(|(one, is_right)| {
                        **is_right || !matches!(one.statistic, CellStatistic::Sample(_))
                    })
            }
            CellStatistic::Named("mean") => !is_explained(),
            CellStatistic::Named(_) => true,
            CellStatistic::Only => false,
        };
        // The one start of each runtime, of which the others are right.
        let is_single = facts.iter().all(|one| {
            one.bytes_per_second().is_none()
                && one.fact.as_series().is_some_and(|samples| samples.values.len() == 1)
        });
        let right_beside = of_subject.flat_map(|one| one.cells.iter().zip(&one.is_right));
        let right_beside = right_beside
            .filter(|(one, is_right)| **is_right && one.statistic == cell.statistic)
            .count();
        let is_lone = cell.statistic == CellStatistic::Only
            && cell.is_named
            && is_single
            && right_beside >= 2
            && !self.index.is_captured(cell.stated)
            && !self.index.computes_time(&cell.quantity);
        is_swapped || is_told && rights >= 2 || is_lone
    }

    /// Whether a cell states what was captured as its statistic of a column's target.
    fn is_truth_of(&self, column: &FigureColumn, cell: &FigureCell, scale: f64) -> bool {
        let mut truths = self.truths_of(column, cell.statistic).into_iter();
        truths.any(|truth| is_as_stated(cell, scale, truth, 1.01))
    }
}

fn is_measure(kind: SubjectKind) -> bool {
    matches!(kind, SubjectKind::Seconds | SubjectKind::Rate)
}

/// Whether a cell states a figure, but for its last digit. `slack` is in halves of that.
fn is_as_stated(cell: &FigureCell, scale: f64, truth: f64, slack: f64) -> bool {
    let is_near = |value: f64, half: f64| (value - truth).abs() <= half * slack + truth * 1e-9;
    let half = cell.quantity.half;
    match cell.quantity.value {
        StatedValue::Seconds(seconds) => is_near(seconds, half),
        StatedValue::Number(number, second) => {
            is_near(second.unwrap_or(number) * scale, half * scale)
        }
        // dd calls both units GB.
        StatedValue::Rate(one, other) => is_near(one, half) || is_near(other, half * other / one),
        _ => false,
    }
}

fn show_figure(statistic: CellStatistic, truth: f64, kind: SubjectKind) -> String {
    let figure = match kind {
        SubjectKind::Rate => format!("{:.2} GB/s", truth / 1e9),
        _ => crate::report::format_measured(truth, SampleUnit::Seconds),
    };
    match statistic {
        CellStatistic::Named(name) => format!("{name} {figure}"),
        CellStatistic::Sample(number) => format!("sample {number}: {figure}"),
        CellStatistic::Only => figure,
    }
}
