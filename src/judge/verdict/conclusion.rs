//! What a verdict says, and how sure it is of it.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::model::StartEnd;

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
#[strum(const_into_str, serialize_all = "kebab-case")]
pub enum Conclusion {
    /// The target runs on the host's kernel.
    SharedKernel,
    /// It runs on a kernel of its own in a virtual machine.
    SeparateKernelVm,
    /// It runs on a kernel of its own that is a program on the host (gVisor).
    SeparateKernelUserspace,
    /// It runs on a kernel of its own of unknown kind.
    SeparateKernel,
    Inconclusive,
    Contradictory,
    /// It did not start, so nothing was tested.
    NotTested,
}

impl Conclusion {
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

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
#[strum(const_into_str, serialize_all = "lowercase")]
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
}

/// Why a fact has no vote, or a verdict is not reached. The words are `data/reasons.toml`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(const_into_str, serialize_all = "kebab-case")]
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
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;
}

/// A fact that would have a vote, and has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IgnoredFact {
    pub fact: String,
    pub reason: UndecidedReason,
}

/// What the facts prove about one target, and which facts those are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub target: String,
    pub conclusion: Conclusion,
    pub confidence: Confidence,
    pub because: Vec<String>,
    pub decisive: Vec<String>,
    /// The ids of facts without a vote that agree with it.
    pub agrees: Vec<String>,
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

    /// How it ended where nothing was tested.
    pub fn start_end(&self) -> Option<StartEnd> {
        (self.conclusion == Conclusion::NotTested)
            .then(|| StartEnd::of_failure(self.failure.as_deref().unwrap_or_default()))
    }

    /// Whether a kernel of its own was shown so surely that code which nobody vouches for may run
    /// on it: with at least medium confidence.
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
