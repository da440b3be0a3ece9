//! The answer on a terminal: one row for each runtime, the strongest boundary first.

use super::styled::{StyledLine, StyledText, TextStyle};
use crate::error::{Error, Result};
use crate::judge::suitability::CostRatio;
use crate::judge::{Conclusion, Verdict};
use crate::model::Role;
use crate::report::costs::cost_figures;
use crate::report::{Assessment, format_ratio};

/// The measure of `data/workloads.toml` that the table shows.
const STARTUP: &str = "startup";

/// Runtime, boundary, confidence and start-up with its ratio to the baseline, below a head.
pub(super) fn runtime_table(assessment: &Assessment) -> Result<StyledText> {
    let head = ["Runtime", "Boundary", "Confidence", "Start-up"];
    let head = head.map(|word| StyledLine::begin_styled(TextStyle::Faint, word));
    let mut rows = vec![head.to_vec()];
    rows.extend(runtime_rows(assessment)?);
    let mut out = StyledText::default();
    out.push_columns(rows);
    Ok(out)
}

/// The same without a head: one line for each runtime.
pub(super) fn runtime_lines(assessment: &Assessment) -> Result<StyledText> {
    let mut out = StyledText::default();
    out.push_columns(runtime_rows(assessment)?);
    Ok(out)
}

fn runtime_rows(assessment: &Assessment) -> Result<Vec<Vec<StyledLine>>> {
    let verdicts = assessment.judgement.strongest_first();
    verdicts.into_iter().map(|verdict| runtime_row(assessment, verdict)).collect()
}

fn runtime_row(assessment: &Assessment, verdict: &Verdict) -> Result<Vec<StyledLine>> {
    let title = &assessment.project_data.words[verdict.conclusion.into_str()].title;
    Ok(vec![
        verdict.target.as_str().into(),
        StyledLine::begin_styled(boundary_style(verdict), title),
        verdict.confidence.into_str().into(),
        startup_words(assessment, &verdict.target)?.into(),
    ])
}

/// The colour of a boundary: green for a kernel of its own that was shown, never for the host's.
pub(super) fn boundary_style(verdict: &Verdict) -> TextStyle {
    match verdict.conclusion {
        Conclusion::SeparateKernelVm
        | Conclusion::SeparateKernelUserspace
        | Conclusion::SeparateKernel => match verdict.shows_own_kernel() {
            true => TextStyle::Good,
            false => TextStyle::Doubtful,
        },
        Conclusion::SharedKernel | Conclusion::Inconclusive => TextStyle::Doubtful,
        Conclusion::Contradictory | Conclusion::NotTested => TextStyle::Bad,
    }
}

/// The median start-up, and how many times the baseline's it is; a dash where there is none.
fn startup_words(assessment: &Assessment, target: &str) -> Result<String> {
    let Some(measure) = assessment.project_data.workloads.find_measure(STARTUP) else {
        return Ok("-".into());
    };
    let figures = cost_figures(assessment, measure, target).map_err(Error::unusable_input)?;
    let Some(value) = figures.value else { return Ok("-".into()) };
    let baseline = assessment.run.with_role(Role::Baseline).next();
    Ok(match (figures.ratio, baseline) {
        (CostRatio::Ratio { ratio, .. }, Some(baseline)) => {
            format!("{value}, {} times {}", format_ratio(ratio), baseline.name)
        }
        _ => value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Confidence;

    #[test]
    fn only_a_kernel_of_its_own_that_was_shown_is_green() {
        for &conclusion in Conclusion::ALL {
            for &confidence in Confidence::ALL {
                let verdict = Verdict::without_facts("t", conclusion, confidence);
                let is_shown = conclusion.is_separate() && confidence >= Confidence::Medium;
                let is_green = boundary_style(&verdict) == TextStyle::Good;
                assert_eq!(is_green, is_shown, "{conclusion:?} {confidence:?}");
            }
        }
    }
}
