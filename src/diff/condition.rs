//! Conditions: what else differs between two runs, so that a change is not blamed on the wrong
//! cause.

use serde::Serialize;

use super::machine::MachineProfile;
use super::target::TargetPair;
use crate::model::{EvidenceKind, Fact, Run, Target, fact_ids};

/// Something that differs between the runs and may be the cause of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunCondition {
    /// What it is, in words: `engine`, `host kernel`, `handler of kata`.
    pub what: String,
    /// What the first run has; none if it does not say.
    pub a: Option<String>,
    /// What the second has.
    pub b: Option<String>,
    /// Whether it is a fact too, and listed among the changes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_fact: bool,
}

/// The condition that is the program's own version: no change of what was looked at.
pub(super) const WRITTEN_BY: &str = "written by";

/// The facts of the host that decide much of what a run shows.
const HOST: &[(&str, &str)] = &[
    ("engine.version", "engine version"),
    ("image.digest", "image digest"),
    ("kernel.release", "host kernel"),
    ("pod.security", "level of Pod Security"),
];

/// Everything of that kind that differs. A condition that neither run states is none.
pub(super) fn differing_conditions(a: &Run, b: &Run, pairs: &[TargetPair]) -> Vec<RunCondition> {
    let [form_a, form_b] = [a, b].map(|run| Some(evidence_form(run)));
    let mut told: Vec<(String, Option<String>, Option<String>, bool)> =
        vec![("evidence".into(), form_a, form_b, false)];
    if let (Some(a), Some(b)) = (collected_with(a), collected_with(b)) {
        told.push(("engine".into(), Some(a.0.into()), Some(b.0.into()), false));
        told.push(("image".into(), Some(a.1.into()), Some(b.1.into()), false));
    }
    told.push(("node".into(), node_of(a), node_of(b), false));
    let [written_a, written_b] =
        [a, b].map(|run| Some(format!("{} {}", run.generator.name, run.generator.version)));
    told.push((WRITTEN_BY.into(), written_a, written_b, false));
    if let (Some(x), Some(y)) = (MachineProfile::of_run(a), MachineProfile::of_run(b))
        && !x.is_like(&y)
    {
        let [x, y] = [x, y].map(|machine| Some(machine.describe_machine()));
        told.push(("machine".into(), x, y, true));
    }
    for (id, what) in HOST.iter().filter(|(id, _)| is_of_one_kind(id, a, b)) {
        if let (Some(x), Some(y)) = (host_fact(a, id), host_fact(b, id)) {
            told.push(((*what).into(), Some(x), Some(y), true));
        }
    }
    for pair in pairs {
        let name = &pair.b.name;
        let (x, y) = (role_condition(pair.a), role_condition(pair.b));
        told.push((format!("role of {name}"), x, y, false));
        for ((what, x), (_, y)) in
            starter_conditions(pair.a).into_iter().zip(starter_conditions(pair.b))
        {
            // The engine of the run is named once.
            let is_told =
                what == "handler" || (collected_with(a).is_none() && collected_with(b).is_none());
            if is_told && x.is_some() && y.is_some() {
                told.push((format!("{what} of {name}"), x, y, false));
            }
        }
    }
    told.retain(|(_, a, b, _)| a != b);
    told.into_iter().map(|(what, a, b, is_fact)| RunCondition { what, a, b, is_fact }).collect()
}

/// What an image's digest is a digest of, which depends on the engine and on where that keeps its
/// images: of the configuration or of the manifest. The same image has another one of each.
pub(crate) fn image_digest_kind(run: &Run) -> (Option<String>, Option<String>) {
    let engine = collected_with(run).map(|(engine, _)| engine.to_string());
    (engine, host_fact(run, &fact_ids::ENGINE_STORAGE))
}

/// Whether a difference of this fact is one of what it is about.
pub(super) fn is_of_one_kind(id: &str, a: &Run, b: &Run) -> bool {
    id != &*fact_ids::IMAGE_DIGEST || image_digest_kind(a) == image_digest_kind(b)
}

fn evidence_form(run: &Run) -> String {
    match run.evidence {
        EvidenceKind::Imported { .. } => "imported".into(),
        EvidenceKind::Collected { interrupted: true, .. } => "collected, interrupted".into(),
        EvidenceKind::Collected { .. } => "collected".into(),
    }
}

fn collected_with(run: &Run) -> Option<(&str, &str)> {
    match &run.evidence {
        EvidenceKind::Collected { engine, image, .. } => Some((engine, image)),
        EvidenceKind::Imported { .. } => None,
    }
}

fn node_of(run: &Run) -> Option<String> {
    match &run.evidence {
        EvidenceKind::Collected { node, .. } => node.clone(),
        EvidenceKind::Imported { .. } => None,
    }
}

fn role_condition(target: &Target) -> Option<String> {
    Some(target.role.word().into())
}

fn starter_conditions(target: &Target) -> [(&'static str, Option<String>); 2] {
    [("engine", target.engine.clone()), ("handler", target.handler.clone())]
}

/// What started a target, as far as the run says.
pub(super) fn target_starters(target: &Target) -> impl Iterator<Item = (&'static str, String)> {
    starter_conditions(target).into_iter().filter_map(|(what, text)| Some((what, text?)))
}

fn host_fact(run: &Run, id: &str) -> Option<String> {
    let host = run.with_role(crate::model::Role::Host).next()?;
    let value = run.find_fact(id, &host.name).and_then(Fact::as_value)?;
    Some(super::value::value_text(value).replace('\n', " "))
}
