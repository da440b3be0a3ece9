//! Findings that one run has and the other has not.

use serde::Serialize;

use super::DiffSide;
use super::gate::is_left_out;
use super::target::TargetPair;
use crate::judge::Finding;
use crate::model::Run;

/// The findings that came and went.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FindingChanges {
    /// Those of the second run alone, most severe first.
    pub added: Vec<Finding>,
    /// Those of the first alone.
    pub removed: Vec<Finding>,
}

impl FindingChanges {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Compares by rule, target and the fact that a finding is about: its words may hold figures
    /// that differ from run to run.
    pub(super) fn between_sides(a: DiffSide, b: DiffSide, pairs: &[TargetPair]) -> Self {
        let mut old: Vec<(FindingKey, &Finding)> = Vec::new();
        for finding in &a.judgement.findings {
            let mut key = FindingKey::from_finding(finding);
            if let Some(target) = &mut key.target
                && let Some(pair) = pairs.iter().find(|pair| pair.a.name == *target)
            {
                *target = pair.b.name.clone();
            }
            old.push((key, finding));
        }
        let mut added = Vec::new();
        for finding in &b.judgement.findings {
            let key = FindingKey::from_finding(finding);
            match old.iter().position(|(other, _)| *other == key) {
                Some(index) => drop(old.remove(index)),
                None => added.push(finding.clone()),
            }
        }
        let mut removed: Vec<Finding> = old.into_iter().map(|(_, one)| one.clone()).collect();
        added.retain(|finding| !rests_on_left_out(finding, a.run));
        removed.retain(|finding| !rests_on_left_out(finding, b.run));
        Self { added, removed }
    }
}

/// Whether a finding rests on what the other session was told to leave out, which then says
/// neither that it holds there nor that it does not.
fn rests_on_left_out(finding: &Finding, other: &Run) -> bool {
    let mut facts = finding.evidence.iter().filter_map(|place| place.fact.as_deref());
    facts.any(|fact| is_left_out(other, fact))
}

/// What makes a finding the same in another run.
#[derive(PartialEq, Eq)]
struct FindingKey {
    rule: String,
    target: Option<String>,
    fact: Option<String>,
}

impl FindingKey {
    fn from_finding(finding: &Finding) -> Self {
        let fact = finding.evidence.first().and_then(|place| place.fact.clone());
        Self { rule: finding.rule.clone(), target: finding.target.clone(), fact }
    }
}
