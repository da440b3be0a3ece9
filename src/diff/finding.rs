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
        let renamed = |target: &str| {
            let pair = pairs.iter().find(|pair| pair.a.name == target);
            pair.map_or(target, |pair| &pair.b.name).to_string()
        };
        let as_is = |target: &str| target.to_string();
        let mut old: Vec<(FindingKey, &Finding)> = a
            .judgement
            .findings
            .iter()
            .map(|finding| (FindingKey::from_finding(finding, &renamed), finding))
            .collect();
        let mut added = Vec::new();
        for finding in &b.judgement.findings {
            let key = FindingKey::from_finding(finding, &as_is);
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
    fn from_finding(finding: &Finding, name: &dyn Fn(&str) -> String) -> Self {
        let fact = finding.evidence.first().and_then(|place| place.fact.clone());
        Self { rule: finding.rule.clone(), target: finding.target.as_deref().map(name), fact }
    }
}
