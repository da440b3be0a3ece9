//! The verdict on a target's boundary: several independent facts vote, and the votes decide.
//!
//! What decides where it was captured is the boot id: equal to the host's, the kernel is the
//! host's. Without it (imported evidence has none) two independent strong facts carry a verdict
//! of medium confidence, and a kernel that only Kata's guests run one of low confidence. A release
//! alone carries none: `setarch` changes it on the same kernel, and a guest may run the host's very
//! build. CPU model and counts of `/proc` and `/sys/module`
//! entries never vote. What a target is called never votes either.
//!
//! [`indicators`] reads the facts into votes, [`decide`] counts them, [`support`] looks at the facts
//! that have no vote and says which of them agree.

mod contradictions;
mod decide;
mod indicators;
mod support;
#[cfg(test)]
mod traps;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::RuleContext;
use crate::model::{FactId, MissingReason, STOPPED_BY_USER, Target, fact_ids};

/// What the facts prove about a target's boundary.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Conclusion {
    /// The target runs on the host's kernel.
    SharedKernel,
    /// It runs on a kernel of its own in a virtual machine.
    SeparateKernelVm,
    /// It runs on a kernel of its own that is a program on the host (gVisor).
    SeparateKernelUserspace,
    /// It runs on a kernel of its own of unknown kind.
    SeparateKernel,
    /// The facts do not decide.
    Inconclusive,
    /// The facts exclude each other.
    Contradictory,
    /// It did not start, so nothing was tested.
    NotTested,
}

impl Conclusion {
    /// All conclusions.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The id of the conclusion in files and reports.
    pub fn conclusion_id(self) -> &'static str {
        self.into()
    }

    /// Whether it says that the target has a kernel of its own.
    pub fn is_separate(self) -> bool {
        matches!(
            self,
            Self::SeparateKernelVm | Self::SeparateKernelUserspace | Self::SeparateKernel
        )
    }
}

/// How far a verdict can be relied on.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "lowercase")]
pub enum Confidence {
    /// There is no conclusion to rely on.
    None,
    /// It rests on one source that nothing independent confirms.
    Low,
    /// It rests on two independent strong facts.
    Medium,
    /// It rests on decisive facts that others support.
    High,
}

impl Confidence {
    /// All, the lowest first.
    #[cfg(test)]
    pub(crate) const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word for it in files and reports.
    pub fn confidence_name(self) -> &'static str {
        self.into()
    }
}

/// Why a fact has no vote, or a verdict is not reached. The words are `data/reasons.toml`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum UndecidedReason {
    /// Something lies over the boot id's file.
    MountedOver,
    /// A witness that is not found counts only where the baseline's was.
    NoControl,
    /// The baseline does not show the host's kernel either.
    EngineElsewhere,
    /// The release was changed for the process (`setarch`).
    ReleaseAskedFor,
    /// Two builds of a distribution may be two boots of one machine.
    DistributionBuilds,
    /// There is no vote at all.
    NothingDecides,
    /// All that speaks for a separate kernel comes from one source.
    OneSource,
    /// The boot id is the host's and the kernel is not.
    EqualIdOtherKernel,
    /// The process was found on the host and the boot id is not the host's.
    FoundOnHostOtherId,
    /// The boot id is the host's and the kernel shows marks of gVisor.
    MarksUnderSharedKernel,
    /// The line has a date that no clock can have given.
    ImpossibleDate,
    /// Files contradict what others show.
    FilesContradict,
    /// The record of the run is not the one that was written.
    RunChanged,
}

impl UndecidedReason {
    /// All reasons.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The id of the reason in files.
    pub fn reason_id(self) -> &'static str {
        self.into()
    }
}

/// A fact that would have a vote, and has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IgnoredFact {
    /// The id of the fact.
    pub fact: String,
    /// Why it is not counted.
    pub reason: UndecidedReason,
}

/// What the facts prove about one target, and which facts those are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The target.
    pub target: String,
    /// What is concluded.
    pub conclusion: Conclusion,
    /// How far it can be relied on.
    pub confidence: Confidence,
    /// The ids of the facts that it rests on.
    pub because: Vec<String>,
    /// Those among them that decide by themselves.
    pub decisive: Vec<String>,
    /// The ids of facts without a vote that agree with it.
    pub agrees: Vec<String>,
    /// The ids of the facts that speak against it.
    pub against: Vec<String>,
    /// The ids of the facts that would settle it or raise the confidence, and are missing.
    pub would_settle: Vec<String>,
    /// The facts that were left out of account, with the reason.
    pub ignored: Vec<IgnoredFact>,
    /// Why nothing is concluded, where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<UndecidedReason>,
    /// The words of the failure, where the target did not start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Verdict {
    /// A verdict on a target that rests on nothing.
    pub(crate) fn without_facts(
        target: &str,
        conclusion: Conclusion,
        confidence: Confidence,
    ) -> Self {
        Self {
            target: target.into(),
            conclusion,
            confidence,
            because: Vec::new(),
            decisive: Vec::new(),
            agrees: Vec::new(),
            against: Vec::new(),
            would_settle: Vec::new(),
            ignored: Vec::new(),
            reason: None,
            failure: None,
        }
    }

    /// Whether a kernel of its own was shown so surely that code which nobody vouches for may run
    /// behind it: with at least medium confidence.
    pub fn shows_own_kernel(&self) -> bool {
        self.conclusion.is_separate() && self.confidence >= Confidence::Medium
    }

    /// What verdicts are sorted by, so that the strongest boundary comes first: kernels of their own
    /// that can be relied on, those that cannot, the host's kernel, and what was not shown.
    pub fn boundary_rank(&self) -> (u8, Reverse<Confidence>) {
        let rank = match self.conclusion {
            conclusion if conclusion.is_separate() && !self.shows_own_kernel() => 3,
            Conclusion::SeparateKernelVm => 0,
            Conclusion::SeparateKernelUserspace => 1,
            Conclusion::SeparateKernel => 2,
            Conclusion::SharedKernel => 4,
            Conclusion::Inconclusive | Conclusion::Contradictory => 5,
            Conclusion::NotTested => 6,
        };
        (rank, Reverse(self.confidence))
    }
}

/// The facts that decide best, in the order in which they should be captured.
const DECIDERS: &[FactId] =
    &[fact_ids::KERNEL_BOOT_ID, fact_ids::HOST_WITNESS_PROCESS, fact_ids::KERNEL_BANNER];

/// What would tell the kind of a separate kernel.
const KINDS: &[FactId] = &[fact_ids::HOST_VMM, fact_ids::HOST_VM_FDS, fact_ids::KERNEL_CMDLINE];

/// Judges one target of a run that is not the host.
pub(crate) fn judge_target(context: &RuleContext, target: &Target) -> Verdict {
    let name = target.name.as_str();
    let ballot = indicators::Indicators::of_target(context, target);
    let mut verdict = Verdict {
        would_settle: missing_facts(context, name, DECIDERS),
        ignored: ballot.ignored.clone(),
        failure: target
            .start_failure()
            .map(String::from)
            .or_else(|| failed_start(context, name, &ballot)),
        ..Verdict::without_facts(name, Conclusion::Inconclusive, Confidence::None)
    };
    if context.integrity.is_record_changed {
        verdict.reason = Some(UndecidedReason::RunChanged);
        verdict.failure = None;
        return verdict;
    }
    if verdict.failure.is_some() {
        verdict.conclusion = Conclusion::NotTested;
        return verdict;
    }
    decide::decide_verdict(&ballot, &mut verdict);
    decide::weigh_contradictions(
        &mut verdict,
        contradictions::find_contradicting_facts(context, name),
    );
    support::add_corroboration(context, name, &mut verdict);
    match verdict.conclusion {
        Conclusion::SeparateKernel => {
            verdict.would_settle.extend(missing_facts(context, name, KINDS))
        }
        _ if verdict.confidence == Confidence::High => verdict.would_settle.clear(),
        _ => {}
    }
    verdict
}

fn missing_facts(context: &RuleContext, target: &str, ids: &[FactId]) -> Vec<String> {
    ids.iter().filter(|id| !context.is_present(**id, target)).map(|id| id.to_string()).collect()
}

/// The words of a failed start, where nothing that a running target would have told is there.
fn failed_start(
    context: &RuleContext,
    target: &str,
    ballot: &indicators::Indicators,
) -> Option<String> {
    const TOLD: &[FactId] = &[
        fact_ids::KERNEL_RELEASE,
        fact_ids::KERNEL_BANNER,
        fact_ids::KERNEL_UNAME,
        fact_ids::KERNEL_BOOT_ID,
    ];
    if !ballot.votes.is_empty() || TOLD.iter().any(|id| context.is_present(*id, target)) {
        return None;
    }
    TOLD.iter().filter_map(|id| context.missing_fact(*id, target)).find_map(|missing| {
        let is_failure = matches!(
            missing.why,
            MissingReason::ErrorText | MissingReason::FailedStart | MissingReason::Error
        ) && missing.reason != STOPPED_BY_USER;
        is_failure.then(|| missing.reason.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_id_of_a_conclusion_and_of_a_reason_is_that_of_its_json() {
        for &conclusion in Conclusion::ALL {
            assert_eq!(
                serde_json::to_value(conclusion).unwrap(),
                json!(conclusion.conclusion_id())
            );
        }
        for &reason in UndecidedReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), json!(reason.reason_id()));
        }
    }
}
