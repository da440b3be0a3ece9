//! Conditions: what else differs between two runs, so that a change is not blamed on the wrong
//! cause.

use serde::Serialize;

use super::machine::MachineProfile;
use super::target::TargetPair;
use crate::model::{EvidenceKind, Fact, FactId, Run, Target, fact_ids};
use crate::phrases::{ConditionPhrases, fill_phrase};

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
    /// Whether it is about how the run was written down: no change of what was looked at.
    #[serde(skip)]
    pub is_bookkeeping: bool,
}

/// Everything of that kind that differs. A condition that neither run states is none.
pub(super) fn differing_conditions(
    a: &Run,
    b: &Run,
    pairs: &[TargetPair],
    phrases: &ConditionPhrases,
) -> Vec<RunCondition> {
    let [form_a, form_b] = [a, b].map(|run| Some(evidence_form(run, phrases).to_string()));
    let mut told = vec![new_condition(&phrases.evidence, form_a, form_b)];
    if let (Some(a), Some(b)) = (collected_with(a), collected_with(b)) {
        told.push(new_condition(&phrases.engine, Some(a.0.into()), Some(b.0.into())));
        told.push(new_condition(&phrases.image, Some(a.1.into()), Some(b.1.into())));
    }
    told.push(new_condition(&phrases.node, node_of(a), node_of(b)));
    let [parts_a, parts_b] = [left_out_parts(a), left_out_parts(b)];
    if let (Some(x), Some(y)) = (parts_a, parts_b) {
        let words = |parts: Vec<&str>| match parts.is_empty() {
            true => phrases.nothing.clone(),
            false => parts.join(", "),
        };
        let parts = new_condition(&phrases.left_out, Some(words(x)), Some(words(y)));
        told.push(RunCondition { is_bookkeeping: true, ..parts });
    }
    let [written_a, written_b] =
        [a, b].map(|run| Some(format!("{} {}", run.generator.name, run.generator.version)));
    let written = new_condition(&phrases.written_by, written_a, written_b);
    told.push(RunCondition { is_bookkeeping: true, ..written });
    if let (Some(x), Some(y)) = (&a.redaction.key, &b.redaction.key) {
        let key = new_condition(&phrases.pseudonyms, Some(x.clone()), Some(y.clone()));
        told.push(RunCondition { is_bookkeeping: true, ..key });
    }
    if let (Some(x), Some(y)) = (MachineProfile::of_run(a), MachineProfile::of_run(b))
        && !x.is_like(&y)
    {
        let [x, y] = [x, y].map(|machine| Some(machine.describe_machine()));
        told.push(RunCondition { is_fact: true, ..new_condition(&phrases.machine, x, y) });
    }
    let host = phrases.host.iter().map(|(id, what)| (FactId::from_text(id), what));
    for (id, what) in host.filter(|(id, _)| is_of_one_kind(*id, a, b)) {
        if let (Some(x), Some(y)) = (host_fact(a, id), host_fact(b, id)) {
            told.push(RunCondition { is_fact: true, ..new_condition(what, Some(x), Some(y)) });
        }
    }
    // The engine of the run is named once.
    let is_engine_told = collected_with(a).is_some() || collected_with(b).is_some();
    for TargetPair { a, b } in pairs {
        let [role_a, role_b] = [a, b].map(|target| Some(target.role.into_str().to_string()));
        let engines = [a, b].map(|target| target.engine.clone().filter(|_| !is_engine_told));
        let handlers = [a, b].map(|target| target.handler.clone());
        told.push(target_condition(phrases, &phrases.role, b, [role_a, role_b]));
        for (what, sides) in [(&phrases.engine, engines), (&phrases.handler, handlers)] {
            if sides.iter().all(Option::is_some) {
                told.push(target_condition(phrases, what, b, sides));
            }
        }
    }
    told.retain(|condition| condition.a != condition.b);
    told
}

fn new_condition(what: &str, a: Option<String>, b: Option<String>) -> RunCondition {
    RunCondition { what: what.into(), a, b, is_fact: false, is_bookkeeping: false }
}

fn target_condition(
    phrases: &ConditionPhrases,
    what: &str,
    target: &Target,
    [a, b]: [Option<String>; 2],
) -> RunCondition {
    let values = [("what", what), ("target", &*target.name)];
    new_condition(&fill_phrase(&phrases.of_target, &values), a, b)
}

/// What an image's digest is a digest of, which depends on the engine and on where that keeps its
/// images: of the configuration or of the manifest. The same image has another one of each.
pub(crate) fn image_digest_kind(run: &Run) -> (Option<String>, Option<String>) {
    let engine = collected_with(run).map(|(engine, _)| engine.to_string());
    (engine, host_fact(run, fact_ids::ENGINE_STORAGE))
}

/// Whether a difference of this fact is one of what it is about.
pub(super) fn is_of_one_kind(id: FactId, a: &Run, b: &Run) -> bool {
    id != fact_ids::IMAGE_DIGEST || image_digest_kind(a) == image_digest_kind(b)
}

fn evidence_form<'p>(run: &Run, phrases: &'p ConditionPhrases) -> &'p str {
    match run.evidence {
        EvidenceKind::Imported { .. } => &phrases.imported,
        EvidenceKind::Collected { interrupted: true, .. } => &phrases.interrupted,
        EvidenceKind::Collected { .. } => &phrases.collected,
    }
}

fn collected_with(run: &Run) -> Option<(&str, &str)> {
    match &run.evidence {
        EvidenceKind::Collected { engine, image, .. } => Some((engine, image)),
        EvidenceKind::Imported { .. } => None,
    }
}

/// The parts that a session was told to leave out.
fn left_out_parts(run: &Run) -> Option<Vec<&str>> {
    let EvidenceKind::Collected { skipped, .. } = &run.evidence else { return None };
    Some(skipped.keys().map(String::as_str).collect())
}

fn node_of(run: &Run) -> Option<String> {
    match &run.evidence {
        EvidenceKind::Collected { node, .. } => node.clone(),
        EvidenceKind::Imported { .. } => None,
    }
}

fn host_fact(run: &Run, id: FactId) -> Option<String> {
    let host = run.with_role(crate::model::Role::Host).next()?;
    let value = run.find_fact(id, &host.name).and_then(Fact::as_value)?;
    Some(super::value::value_text(value).replace('\n', " "))
}
