//! Holds the text of a report against a run.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use super::assertions::AssertingSentence;
use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::comparison::{self, StatedFigures};
use super::counted_requests::check_counted_requests;
use super::evidence_index::EvidenceIndex;
use super::figures::StatedFigure;
use super::messages::{ClaimHealthNotDemanded, ClaimSingleStart};
use super::passages::{self, PassageForm};
use super::quantity::{self, StatedQuantity, StatedValue};
use super::sentence::{self, ReportSentence};
use super::text_lines::TextLines;
use super::words::{ClaimVocabulary, SentenceWords};
use super::{blocks, costs, figure_tables, orders, pasted_lines, values};
use crate::error::{Error, Result};
use crate::judge::{CheckedClaims, ClaimResult, EvidenceRef, RuleMessage, SwitchedOff};
use crate::model::{FactId, Role, RuleId, fact_ids};
use crate::report::Assessment;

/// The words by which statements are recognised. The rules are those of the subject's shelf.
#[derive(Debug)]
pub struct ClaimChecker {
    vocabulary: ClaimVocabulary,
}

impl ClaimChecker {
    /// The shipped words, with a project's own from `data` (its `data/` folder).
    ///
    /// # Errors
    ///
    /// A file cannot be used; the error names it.
    pub fn load(data: Option<&Path>) -> Result<Self> {
        Ok(Self { vocabulary: ClaimVocabulary::load(data)? })
    }

    /// Holds the text of a report against a run.
    ///
    /// # Errors
    ///
    /// The text states more than `MAX_VALUES` values, or the message of a rule cannot be rendered.
    pub fn check_report(&self, subject: &Assessment, text: &str) -> Result<CheckedClaims> {
        let index = EvidenceIndex::new(subject, text);
        let mut results = self.find_remarks(&index, text)?;
        results.sort_by_key(|result| (result.place.start, result.place.end, result.rule));
        results.dedup_by(|one, other| one.place == other.place && one.rule == other.rule);
        let off = subject.project_data.report_rules.switched_off_rules();
        let is_off =
            |result: &ClaimRemark| result.rule.is_some_and(|rule| off.contains_key(&*rule));
        let (hidden, shown): (Vec<ClaimRemark>, _) = results.into_iter().partition(is_off);
        let lines = TextLines::new(text);
        let annotations = shown.into_iter().map(|result| make_result(&index, &lines, result));
        let switched_off = off.iter().map(|(rule, reason)| SwitchedOff {
            rule: rule.clone(),
            reason: reason.clone(),
            findings: hidden
                .iter()
                .filter(|result| result.rule == Some(RuleId::from_text(rule)))
                .count(),
        });
        Ok(CheckedClaims {
            annotations: annotations.collect::<Result<_>>()?,
            switched_off: switched_off.collect(),
        })
    }

    fn find_remarks(&self, index: &EvidenceIndex, text: &str) -> Result<Vec<ClaimRemark>> {
        let vocabulary = &self.vocabulary;
        let passages = passages::read_passages(text);
        let mut results = Vec::new();
        let mut stated = Vec::new();
        let mut sentences = Vec::new();
        let mut refuted = Vec::new();
        let mut values = 0;
        let mut read = HashSet::new();
        let mut from = 0;
        while from < passages.len() {
            let end = figure_tables::end_of_table(&passages, from);
            let (found, figures) =
                figure_tables::check_figure_table(index, vocabulary, &passages[from..end]);
            read.extend(found.iter().map(|one| one.place.start));
            results.extend(found);
            stated.extend(figures);
            from = end;
        }
        for passage in &passages {
            let mut pieces = Vec::new();
            let words = &vocabulary.words;
            if passage.form == PassageForm::Block && !sentence::leads_unsurely(passage, words) {
                pieces = blocks::output_pieces(vocabulary, passage);
                let (found, figures) =
                    blocks::check_pasted_block(index, &vocabulary.words, passage, &pieces);
                let edited = pasted_lines::check_pasted_lines(index, passage, &found);
                let is_edited =
                    |one: &ClaimRemark| edited.iter().any(|edit| edit.place == one.place);
                results.extend(found.into_iter().filter(|one| !is_edited(one)));
                results.extend(edited);
                stated.extend(figures);
            }
            for sentence in sentence::split_sentences(passage, &vocabulary.words) {
                let is_read =
                    pieces.iter().any(|piece| piece.range.contains(&sentence.range.start));
                if is_read || passage.form == PassageForm::Block && !is_labelled_line(sentence.text)
                {
                    continue;
                }
                let all = quantity::find_quantities(sentence.text, &vocabulary.words);
                values += all.len();
                if values > MAX_VALUES {
                    return Err(too_many_values());
                }
                let is_in_table =
                    all.iter().any(|one| read.contains(&sentence.file_range(&one.range).start));
                let (found, figures) = match is_in_table {
                    true => Default::default(),
                    false => values::check_values(index, vocabulary, &sentence, &all),
                };
                let of_latency = found.iter().any(|result| {
                    let is_latency =
                        |fact: &(String, String)| fact.0.starts_with(&*fact_ids::HTTP_LATENCY);
                    result.status == ClaimStatus::Supported && result.facts.iter().any(is_latency)
                });
                let asserting = AssertingSentence::new(index, vocabulary, &sentence, &all);
                let is_timed = all.iter().any(|one| matches!(one.value, StatedValue::Seconds(_)));
                let of_latency =
                    of_latency || is_timed && vocabulary.words.answering.is_match(sentence.text);
                if of_latency && passage.form == PassageForm::Prose {
                    results.extend(asserting.check_latency_of_errors());
                }
                results.extend(asserting.check_names());
                results.extend(found);
                stated.extend(figures);
                if passage.form != PassageForm::Block {
                    refuted.extend(asserting.check_runs());
                    refuted.extend(check_counted_requests(index, vocabulary, &sentence, &all));
                    results.extend(asserting.check_wording());
                    results.extend(asserting.check_untested_escape());
                    drop(asserting);
                    sentences.push((sentence, all));
                }
            }
        }
        results.extend(single_starts(index, &vocabulary.words, &stated));
        let is_silent = admits_failure(index, vocabulary, &sentences);
        let of_silent = |result: &ClaimRemark| {
            result.rule.is_some() && result.facts.iter().any(|(_, target)| index.never_ran(target))
        };
        let stated = StatedFigures::new(&stated);
        for (sentence, all) in &sentences {
            let ratios = comparison::check_comparisons(index, vocabulary, sentence, all, &stated);
            let costs = costs::check_costs(index, vocabulary, sentence, all);
            let is_ratio = |cost: &ClaimRemark| ratios.iter().any(|one| one.place == cost.place);
            results.extend(costs.into_iter().filter(|cost| !is_silent && !is_ratio(cost)));
            results.extend(ratios);
            refuted.extend(orders::check_orders(index, vocabulary, sentence));
        }
        results.retain(|result| !is_silent || !of_silent(result));
        let is_beside = |one: &ClaimRemark, other: &ClaimRemark| {
            other.rule.is_some()
                && one.place.start < other.place.end
                && other.place.start < one.place.end
        };
        // What is refuted needs no other remark, and what lacks evidence only one.
        let is_contradicted = |one: &ClaimRemark| one.status == ClaimStatus::Contradicted;
        refuted.retain(|one| is_contradicted(one) || !results.iter().any(|it| is_beside(one, it)));
        results.retain(|it| !refuted.iter().any(|one| is_beside(one, it)));
        results.extend(refuted);
        only_first(&mut results, ClaimHealthNotDemanded::RULE);
        Ok(results)
    }
}

/// Whether a line of a block is a label and its value: `Host /proc entries: 317`.
fn is_labelled_line(line: &str) -> bool {
    line.split_once([':', '=']).is_some_and(|(label, value)| {
        let is_words = |c: char| c.is_alphabetic() || " /-_()".contains(c);
        label.trim().chars().all(is_words)
            && label.split_whitespace().count() <= 6
            && value.split_whitespace().count() <= 4
    })
}

/// Whether the report says openly that a target did not run of which nothing was captured: what it
/// then says of costs is general, and what it lacks it has said itself.
fn admits_failure(
    index: &EvidenceIndex,
    vocabulary: &ClaimVocabulary,
    sentences: &[(ReportSentence, Vec<StatedQuantity>)],
) -> bool {
    let run = &index.subject.run;
    let has_run = |target: &str| {
        run.facts.iter().any(|(id, by_target)| {
            let is_inside = !id.starts_with("runtime.") && !id.starts_with("evidence.");
            is_inside && by_target.get(target).is_some_and(crate::model::Fact::is_present)
        })
    };
    let mut silent = run
        .with_role(Role::Candidate)
        .filter(|target| !has_run(&target.name) || index.never_ran(&target.name));
    silent.next().is_some()
        && sentences.iter().any(|(one, _)| vocabulary.words.did_not_start.is_match(one.text))
}

/// A comparison of one pasted start of each runtime, where the evidence has no series and the report
/// does not say itself that there was one.
fn single_starts(
    index: &EvidenceIndex,
    words: &SentenceWords,
    stated: &[StatedFigure],
) -> Option<ClaimRemark> {
    let mut pasted: Vec<(&StatedFigure, &Range<usize>)> =
        stated.iter().filter_map(|one| Some((one, one.pasted.as_ref()?))).collect();
    pasted.sort_by_key(|one| one.1.start);
    let [(one, _), (other, place)] = pasted[..] else { return None };
    let is_captured = [one, other].iter().any(|figure| {
        index.fact_on_target(FactId::from_text(&figure.fact), &figure.target).is_some()
    });
    let is_told = words.one_each.is_match(index.report_around(place));
    let is_comparison = one.target != other.target && !is_captured && !is_told;
    is_comparison.then(|| {
        let shown = |figure: &StatedFigure| {
            format!("{} {} s", index.reader_name(&figure.target), figure.seconds)
        };
        let message = ClaimSingleStart { one: &shown(one), other: &shown(other) };
        ClaimRemark::violates_rule(message, ClaimStatus::Unsupported, place.clone())
    })
}

/// The most values that the sentences and tables of a report may state: nobody writes as many, and
/// each is held against everything that it could be about.
const MAX_VALUES: usize = 10_000;

fn too_many_values() -> Error {
    Error::unusable_input(format!(
        "the report states more than {MAX_VALUES} values in its text and tables"
    ))
    .with_help("put long output into blocks of code (```): they are read like evidence files")
}

/// A remark in words, with its place in the text.
fn make_result(
    index: &EvidenceIndex,
    lines: &TextLines,
    result: ClaimRemark,
) -> Result<ClaimResult> {
    let rules = &index.subject.project_data.report_rules;
    let place = lines.whole_characters(&result.place);
    let result = ClaimRemark { place, ..result };
    let (line, column) = lines.line_and_column(result.place.start);
    let (end_line, end_column) = lines.line_and_column(result.place.end);
    let mut evidence: Vec<EvidenceRef> = result
        .facts
        .iter()
        .map(|(id, target)| index.evidence_ref(FactId::from_text(id), target))
        .collect();
    evidence.extend(result.places.iter().cloned());
    let quote =
        crate::text::make_visible(&crate::text::join_words(&lines.text[result.place.clone()]));
    let doc = match result.rule {
        None => None,
        Some(id) => Some(rules.find_rule(&id).ok_or_else(|| {
            Error::unusable_input(format!(
                "data/lab12/claims/rules/ has no words for the rule `{id}`"
            ))
        })?),
    };
    let message = match doc {
        Some(doc) => rules.render_message(doc, &result.parameters)?,
        None => describe_support(index, &result),
    };
    Ok(ClaimResult {
        line,
        column,
        end_line,
        end_column,
        range: result.place,
        status: result.status,
        rule: doc.map(|doc| doc.id.clone()),
        severity: doc.map(|doc| doc.severity),
        quote,
        message,
        help: doc.map(|doc| doc.remedy.trim().to_string()),
        evidence,
    })
}

/// What supports a statement: the titles of the facts, their targets and values.
fn describe_support(index: &EvidenceIndex, result: &ClaimRemark) -> String {
    let fact_ref = result
        .facts
        .iter()
        .filter_map(|(id, target)| index.fact_on_target(FactId::from_text(id), target));
    let words: Vec<String> = fact_ref
        .map(|fact_ref| {
            let value = result.shown.clone().unwrap_or_else(|| fact_ref.shown_value());
            format!(
                "{} ({}): {value}",
                index.fact_title(fact_ref.id),
                index.reader_name(fact_ref.target)
            )
        })
        .collect();
    words.into_iter().chain(result.note.clone()).collect::<Vec<_>>().join("; ")
}

/// Keeps the first remark by a rule; the others only support.
fn only_first(results: &mut [ClaimRemark], rule: RuleId) {
    let first = results
        .iter()
        .filter(|result| result.rule == Some(rule))
        .map(|result| result.place.start)
        .min();
    for result in results.iter_mut() {
        if result.rule == Some(rule) && Some(result.place.start) != first {
            result.rule = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::report::ProjectData;
    use crate::store::LoadedRun;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static CLAIMS: LazyLock<ClaimChecker> = LazyLock::new(|| ClaimChecker::load(None).unwrap());
    static SHELF: LazyLock<ProjectData> = LazyLock::new(|| ProjectData::load_data(None).unwrap());

    fn annotate_report(sketch: Sketch, text: &str) -> Vec<(ClaimStatus, Option<String>)> {
        let loaded =
            LoadedRun { run: sketch.run, integrity: sketch.integrity, origin: "a test".into() };
        let subject = Assessment::new(loaded, &SHELF).unwrap();
        let found = CLAIMS.check_report(&subject, text).unwrap().annotations;
        found.into_iter().map(|found| (found.status, found.rule)).collect()
    }

    #[test]
    fn processes_that_were_counted_are_called_so_rightly() {
        let run = || sketch().fact("proc.entries", "host", 322).fact("proc.pids", "host", 250);
        assert_eq!(
            annotate_report(run(), "The host has 250 processes in /proc."),
            [(ClaimStatus::Supported, None)]
        );
        let found = annotate_report(run(), "The host has 322 processes in /proc.");
        assert_eq!(
            found,
            [(ClaimStatus::Misworded, Some("claim-entries-called-processes".into()))]
        );
    }

    #[test]
    fn of_two_values_that_would_be_the_same_none_is_refuted() {
        let run = || {
            sketch().fact("proc.entries", "host", 531).fact("proc.entries", "kata", 63).fact(
                "kernel.release",
                "kata",
                "6.18.5",
            )
        };
        for text in [
            "| | host | Kata (QEMU) | Kata (CLH) |\n|-|-|-|-|\n| /proc entries | 531 | 63 | 59 |\n",
            "Entries in /proc of the host: 531. I counted again: 497 entries in /proc on the host.",
            "## Kata\n\nThe kernel is 6.12.47 and the kernel is 6.12.36.",
        ] {
            let found = annotate_report(run(), text).into_iter();
            let refuted: Vec<_> = found.filter(|one| one.0 == ClaimStatus::Contradicted).collect();
            assert_eq!(refuted, [], "{text}");
        }
        // A single one is held against the evidence.
        let text = "| | host | Kata |\n|-|-|-|\n| /proc entries | 531 | 59 |\n";
        assert_eq!(annotate_report(run(), text)[1].0, ClaimStatus::Contradicted);
    }

    #[test]
    fn measured_costs_are_not_called_unmeasured() {
        let run = sketch().series("startup.wall", "runc", &[0.5; 5]).series(
            "startup.wall",
            "kata",
            &[1.5; 5],
        );
        assert_eq!(annotate_report(run, "The startup overhead of Kata is large."), []);
    }

    #[test]
    fn a_status_in_a_code_span_of_two_lines_has_a_place() {
        let run = sketch().fact("app.health_status", "runc", 503);
        let text = "HTTP```\n\u{202e}503| a | b |\n|-|-|\n| | a | b |\n|-|-|\n| ```\n";
        assert_eq!(annotate_report(run, text).len(), 1);
    }

    #[test]
    fn a_report_of_more_values_than_the_bound_is_refused_and_not_checked_in_part() {
        let run = sketch();
        let loaded = LoadedRun { run: run.run, integrity: run.integrity, origin: "a test".into() };
        let subject = Assessment::new(loaded, &SHELF).unwrap();
        let check = |values: usize| CLAIMS.check_report(&subject, &"is 9. ".repeat(values));
        assert!(check(10).is_ok());
        let error = check(MAX_VALUES + 1).unwrap_err();
        assert!(error.message.contains("more than 10000 values"), "{}", error.message);
    }

    fn mixed_report_text() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "Host",
            "Kata",
            "runc",
            " ",
            "332",
            "322",
            "/proc",
            "entries",
            "processes",
            "\n",
            "\n\n",
            "| a | b |\n|-|-|\n| ",
            " | ",
            "- ",
            "```\n",
            "=== Kernel Modules Count ===\n",
            "4.03 s",
            "6.12.47",
            "almost twice",
            "x5",
            "%",
            "(",
            ")",
            ":",
            ".",
            "503",
            "HTTP",
            "é",
            "\u{202e}",
            "**",
            "`",
            "# ",
            "> ",
            "real\t0m1.2s\n",
            "startup",
            "latency",
            "10.4.0.15",
            "\r\n",
            "&lt;",
        ]);
        prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_report_makes_checking_panic_and_every_place_is_in_the_text(text in prop_oneof![mixed_report_text(), any::<String>()]) {
            let run = sketch()
                .fact("proc.entries", "host", 322)
                .fact("proc.entries", "kata", 52)
                .fact("kernel.release", "kata", "6.12.47")
                .fact("app.health_status", "runc", 503)
                .series("http.latency", "runc", &[0.0001; 50]);
            let loaded = LoadedRun { run: run.run, integrity: run.integrity, origin: "a test".into() };
            let subject = Assessment::new(loaded, &SHELF).unwrap();
            for found in CLAIMS.check_report(&subject, &text).unwrap().annotations {
                prop_assert!(text.get(found.range.clone()).is_some(), "{found:?}");
                prop_assert!(found.line > 0 && found.column > 0);
            }
        }
    }
}
