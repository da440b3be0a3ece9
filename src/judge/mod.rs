//! Judging: facts to verdicts, and rules to findings.

pub(crate) mod against;
mod claims;
mod context;
mod edition;
pub(crate) mod expectations;
pub(crate) mod fleet;
pub(crate) mod fleet_rules;
mod loops;
pub(crate) mod rules;
pub(crate) mod starts;
mod statements;
pub(crate) mod suitability;
mod template;
pub(crate) mod timing;
mod verdict;
pub(crate) mod words;
pub(crate) mod workloads;

pub(crate) use crate::knowledge::Severity;
pub use claims::{CheckedClaims, ClaimResult, ClaimStatus};
pub(crate) use context::RuleContext;
pub(crate) use edition::PackEdition;
pub(crate) use expectations::{ExpectationOutcome, ExpectationResult};
pub(crate) use rules::{
    EvidenceRef, Finding, RuleBook, RuleCheck, RuleDoc, RuleExample, RuleMessage, Violation,
};
pub(crate) use statements::find_disagreements;
pub(crate) use verdict::{Conclusion, Confidence, UndecidedReason, Verdict, judge_target};

use serde::Serialize;

use crate::error::Result;
use crate::model::{FactId, Role};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// One verdict for each target that is not the host.
    pub verdicts: Vec<Verdict>,
    /// The defects of the evidence, most severe first.
    pub findings: Vec<Finding>,
    pub switched_off: Vec<SwitchedOff>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SwitchedOff {
    pub rule: String,
    pub reason: String,
    pub findings: usize,
}

impl Judgement {
    pub fn find_verdict(&self, target: &str) -> Option<&Verdict> {
        self.verdicts.iter().find(|verdict| verdict.target == target)
    }

    /// Whether no runtime was tested: none started, or the session was stopped before it came to one.
    pub(crate) fn has_tested_nothing(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.conclusion == Conclusion::NotTested)
    }

    /// The first finding of severity error that rests on a fact of one of these targets.
    pub(crate) fn find_error(&self, fact: FactId, targets: &[&str]) -> Option<&Finding> {
        self.findings.iter().find(|finding| {
            finding.severity == Severity::Error
                && targets.iter().any(|target| finding.rests_on(fact, Some(target)))
        })
    }

    /// All verdicts, that on the strongest boundary first; those of equal strength in the order of
    /// the run.
    pub fn strongest_first(&self) -> Vec<&Verdict> {
        let mut verdicts: Vec<&Verdict> = self.verdicts.iter().collect();
        verdicts.sort_by_key(|verdict| verdict.boundary_rank());
        verdicts
    }
}

/// The candidate with the strongest boundary that a run shows, of equal ones the first.
pub(crate) fn strongest_candidate<'a>(context: &RuleContext<'a>) -> Option<&'a str> {
    let candidates = context.run.with_role(Role::Candidate);
    let strongest = candidates.min_by_key(|target| judge_target(context, target).boundary_rank());
    strongest.map(|target| target.name.as_str())
}

pub(crate) fn judge_run(context: &RuleContext, book: &RuleBook) -> Result<Judgement> {
    let targets = context.run.targets.iter().filter(|target| target.role != Role::Host);
    let verdicts: Vec<Verdict> = targets.map(|target| judge_target(context, target)).collect();
    let (off, findings): (Vec<Finding>, Vec<Finding>) = book
        .run_checks(&RuleContext { verdicts: &verdicts, ..*context })?
        .into_iter()
        .partition(|finding| book.switched_off_rules().contains_key(&finding.rule));
    let switched_off = book.switched_off_rules().iter().map(|(rule, reason)| SwitchedOff {
        rule: rule.clone(),
        reason: reason.clone(),
        findings: off.iter().filter(|finding| finding.rule == *rule).count(),
    });
    Ok(Judgement { verdicts, findings, switched_off: switched_off.collect() })
}
