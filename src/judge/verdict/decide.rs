//! Counting the votes.

use std::collections::BTreeSet;

use super::votes::{Ballot, Family, Says};
use super::{Conclusion, Confidence, Reason, Verdict};

/// Decides by the votes, and says which facts the verdict rests on.
pub fn decide(ballot: &Ballot, verdict: &mut Verdict) {
    let shared = families(ballot, Says::Shared);
    let separate = families(ballot, Says::Separate);
    let gvisor = families(ballot, Says::Gvisor).len();
    if !shared.is_empty() && (!separate.is_empty() || gvisor > 1) {
        verdict.conclusion = Conclusion::Contradictory;
        verdict.because = facts(ballot, &[Says::Shared]);
        verdict.decisive = verdict.because.clone();
        let against = if separate.is_empty() { Says::Gvisor } else { Says::Separate };
        verdict.against = facts(ballot, &[against]);
        verdict.reason = Some(contradiction(&shared, &separate));
    } else if !shared.is_empty() {
        verdict.conclusion = Conclusion::SharedKernel;
        // The facts without a vote may raise it.
        verdict.confidence = if shared.len() > 1 { Confidence::High } else { Confidence::Low };
        verdict.because = facts(ballot, &[Says::Shared]);
        verdict.decisive = verdict.because.clone();
    } else {
        separate_kernel(ballot, &separate, verdict);
    }
}

fn contradiction(shared: &BTreeSet<Family>, separate: &BTreeSet<Family>) -> Reason {
    if separate.is_empty() {
        Reason::MarksUnderSharedKernel
    } else if separate.contains(&Family::BootId) || !shared.contains(&Family::BootId) {
        Reason::FoundOnHostOtherId
    } else {
        Reason::EqualIdOtherKernel
    }
}

/// Nothing says that the kernel is the host's.
fn separate_kernel(ballot: &Ballot, separate: &BTreeSet<Family>, verdict: &mut Verdict) {
    let gvisor = families(ballot, Says::Gvisor).len();
    let vm = families(ballot, Says::Vm).len();
    let observed = |family| separate.contains(&family);
    // Files that name two builds of a distribution can come from one machine, before and after an
    // upgrade. What was seen while the container ran cannot.
    let has_witness = observed(Family::BootId) || observed(Family::Witness);
    let are_two_boots = ballot.are_distribution_builds && !has_witness && vm == 0 && gvisor < 2;
    verdict.because = facts(ballot, &[Says::Separate]);
    match separate.len() {
        0 => {
            verdict.reason =
                Some(verdict.ignored.first().map_or(Reason::NothingDecides, |i| i.reason))
        }
        _ if are_two_boots => verdict.reason = Some(Reason::DistributionBuilds),
        1 if ballot.is_kata_kernel && observed(Family::Name) => {
            verdict.conclusion = Conclusion::SeparateKernel;
            verdict.confidence = Confidence::Low;
        }
        1 => verdict.reason = Some(Reason::OneSource),
        _ => {
            let (conclusion, kind) = match (gvisor, vm) {
                (2.., _) => (Conclusion::SeparateKernelUserspace, Some(Says::Gvisor)),
                (0, 1..) => (Conclusion::SeparateKernelVm, Some(Says::Vm)),
                _ => (Conclusion::SeparateKernel, None),
            };
            let both = observed(Family::BootId) && observed(Family::Witness);
            verdict.conclusion = conclusion;
            verdict.confidence =
                if both && separate.len() > 2 { Confidence::High } else { Confidence::Medium };
            verdict.because = match kind {
                Some(kind) => facts(ballot, &[Says::Separate, kind]),
                None => facts(ballot, &[Says::Separate]),
            };
        }
    }
}

/// The independent sources that say something.
fn families(ballot: &Ballot, says: Says) -> BTreeSet<Family> {
    ballot.votes.iter().filter(|vote| vote.says == says).map(|vote| vote.family).collect()
}

/// The facts that say one of these, each once, in the order of the votes.
fn facts(ballot: &Ballot, wanted: &[Says]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for vote in ballot.votes.iter().filter(|vote| wanted.contains(&vote.says)) {
        if !ids.iter().any(|id| id == vote.fact) {
            ids.push(vote.fact.to_string());
        }
    }
    ids
}
