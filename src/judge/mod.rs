//! Judging: facts to verdicts, and rules to findings.

mod case;
pub mod rules;
pub mod timing;
mod verdict;
pub mod words;

pub use crate::knowledge::Severity;
pub use case::Case;
pub use rules::{EvidenceRef, Finding, RuleBook, RuleDoc};
pub use verdict::{Conclusion, Confidence, Ignored, Reason, Verdict, banner_release, judge_target};

use crate::error::Result;
use crate::model::Role;

/// Everything that is said about a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// One verdict for each target that is not the host.
    pub verdicts: Vec<Verdict>,
    /// The defects of the evidence, most severe first.
    pub findings: Vec<Finding>,
}

impl Judgement {
    /// The verdict on a target.
    pub fn verdict(&self, target: &str) -> Option<&Verdict> {
        self.verdicts.iter().find(|verdict| verdict.target == target)
    }
}

/// Judges a run by all rules of the book.
///
/// # Errors
///
/// The message template of a rule cannot be rendered.
pub fn judge(case: &Case, book: &RuleBook) -> Result<Judgement> {
    let verdicts = case
        .run
        .targets
        .iter()
        .filter(|target| target.role != Role::Host)
        .map(|target| judge_target(case, target))
        .collect();
    Ok(Judgement { verdicts, findings: book.check(case)? })
}
