//! Findings that one run has and the other has not.

use serde::Serialize;

use super::DiffSide;
use super::target::TargetPair;
use crate::judge::Finding;

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
        Self { added, removed: old.into_iter().map(|(_, finding)| finding.clone()).collect() }
    }
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
