//! Two figures that are compared, and what is said where they have another ratio.

use std::ops::Range;

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::messages::ClaimRatioWording;
use crate::model::{FactId, SampleUnit};

/// Two figures that are compared.
pub(super) struct FigurePair {
    /// The smaller of the two.
    pub smaller: f64,
    /// The larger of the two.
    pub larger: f64,
    is_time: bool,
    /// The facts that they are of; none where the report states them itself.
    pub facts: Vec<(String, String)>,
}

impl FigurePair {
    /// Two figures, the larger one first or last, of these facts or of the report itself.
    pub(super) fn new(a: f64, b: f64, is_time: bool, facts: Vec<(String, String)>) -> Option<Self> {
        let (smaller, larger) = (a.min(b), a.max(b));
        (smaller > 0.0).then_some(Self { smaller, larger, is_time, facts })
    }

    /// A remark that rests on the facts of the two.
    pub(super) fn remark_with_facts(&self, remark: ClaimRemark) -> ClaimRemark {
        self.facts
            .iter()
            .fold(remark, |remark, fact| remark.with_fact(FactId::from_text(&fact.0), &fact.1))
    }

    fn shown_figure(&self, value: f64) -> String {
        match self.is_time {
            true => crate::report::format_measured(value, SampleUnit::Seconds),
            false => format!("{}", crate::stats::round_significant(value, 4)),
        }
    }

    /// That the two have another ratio.
    pub(super) fn contradicted_by_facts(&self, words: &str, place: Range<usize>) -> ClaimRemark {
        let ratio = self.larger / self.smaller;
        let difference = crate::stats::round_significant(self.larger - self.smaller, 3);
        let message = ClaimRatioWording {
            words,
            larger: &self.shown_figure(self.larger),
            smaller: &self.shown_figure(self.smaller),
            ratio: &format!("{ratio:.2}"),
            difference: &self.shown_figure(difference),
            percent: &format!("{:.0}", (ratio - 1.0) * 100.0),
            source: if self.facts.is_empty() { "text" } else { "evidence" },
        };
        self.remark_with_facts(ClaimRemark::violates_rule(
            message,
            ClaimStatus::Contradicted,
            place,
        ))
    }
}
