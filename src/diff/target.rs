//! Targets: which of one run is which of the other, and what is concluded about them.

use serde_json::{Value, json};

use super::DiffSide;
use super::change::{Change, ChangeKind};
use crate::judge::Confidence;
use crate::model::{Run, Target};

/// A target of the first run and the one of the second that it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct TargetPair<'a> {
    pub a: &'a Target,
    pub b: &'a Target,
}

/// The targets that both runs have: by name, and where that fails by role, engine and handler.
/// A pair that differs in its name was renamed; of two that could be it, neither is.
pub(super) fn pair_targets<'a>(a: &'a Run, b: &'a Run) -> Vec<TargetPair<'a>> {
    let mut pairs: Vec<TargetPair> = a
        .targets
        .iter()
        .filter_map(|a| b.find_target(&a.name).map(|b| TargetPair { a, b }))
        .collect();
    let lone_a: Vec<&Target> =
        a.targets.iter().filter(|t| b.find_target(&t.name).is_none()).collect();
    let lone_b: Vec<&Target> =
        b.targets.iter().filter(|t| a.find_target(&t.name).is_none()).collect();
    for a in &lone_a {
        let twins = lone_a.iter().filter(|other| are_alike(a, other)).count();
        let mut found = lone_b.iter().filter(|b| are_alike(a, b));
        if let (1, Some(b), None) = (twins, found.next(), found.next()) {
            pairs.push(TargetPair { a, b });
        }
    }
    pairs
}

fn are_alike(x: &Target, y: &Target) -> bool {
    x.role == y.role && x.engine == y.engine && x.handler.is_some() && x.handler == y.handler
}

/// What changed about the targets themselves and about the verdicts on them.
pub(super) fn target_changes(a: DiffSide, b: DiffSide, pairs: &[TargetPair]) -> Vec<Change> {
    let mut out = Vec::new();
    for target in &a.run.targets {
        if !pairs.iter().any(|pair| pair.a.name == target.name) {
            let change =
                Change::about_target(ChangeKind::TargetGone, "target", &target.name, target.role);
            out.push(Change { a: describe_target(a, target), ..change });
        }
    }
    for target in &b.run.targets {
        if !pairs.iter().any(|pair| pair.b.name == target.name) {
            let change =
                Change::about_target(ChangeKind::TargetAdded, "target", &target.name, target.role);
            out.push(Change { b: describe_target(b, target), ..change });
        }
    }
    for pair in pairs {
        if pair.a.name != pair.b.name {
            out.push(Change {
                a: json!(pair.a.name),
                b: json!(pair.b.name),
                ..Change::about_target(
                    ChangeKind::TargetRenamed,
                    "target",
                    &pair.b.name,
                    pair.b.role,
                )
            });
        }
        out.extend(verdict_change(a, b, pair));
    }
    out
}

/// A target in JSON: what started it, and the verdict on it.
fn describe_target(side: DiffSide, target: &Target) -> Value {
    let mut value = json!({"role": target.role.into_str()});
    for (name, text) in target_starters(target) {
        value[name] = json!(text);
    }
    if let Some(verdict) = side.judgement.find_verdict(&target.name) {
        value["verdict"] = json!(verdict.conclusion.into_str());
    }
    value
}

/// What started a target, as far as the run says.
fn target_starters(target: &Target) -> impl Iterator<Item = (&'static str, String)> {
    let starters = [("engine", target.engine.clone()), ("handler", target.handler.clone())];
    starters.into_iter().filter_map(|(what, text)| Some((what, text?)))
}

/// Another conclusion; or the same one with another confidence, which is then part of it.
fn verdict_change(a: DiffSide, b: DiffSide, pair: &TargetPair) -> Option<Change> {
    let old = a.judgement.find_verdict(&pair.a.name)?;
    let new = b.judgement.find_verdict(&pair.b.name)?;
    if (old.conclusion, old.confidence) == (new.conclusion, new.confidence) {
        return None;
    }
    let same = old.conclusion == new.conclusion;
    let [a, b] = [old, new].map(|verdict| match (same, verdict.confidence) {
        (false, _) | (_, Confidence::None) => json!(verdict.conclusion.into_str()),
        (true, sure) => {
            json!(format!("{}, {} confidence", verdict.conclusion.into_str(), sure.into_str()))
        }
    });
    Some(Change {
        a,
        b,
        title: "Verdict".into(),
        ..Change::about_target(ChangeKind::Verdict, "verdict", &pair.b.name, pair.b.role)
    })
}
