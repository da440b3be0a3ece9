//! Conditions: what else differs between two runs, so that a change is not blamed on the wrong
//! cause.

use serde::Serialize;

use super::machine::Machine;
use super::target::Pair;
use crate::model::{Evidence, Fact, Run, Target};

/// Something that differs between the runs and may be the cause of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
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
];

/// Everything of that kind that differs. A condition that neither run states is none.
pub(super) fn between(a: &Run, b: &Run, pairs: &[Pair]) -> Vec<Condition> {
    let mut out = Vec::new();
    let mut add = |what: String, a: Option<String>, b: Option<String>, is_fact: bool| {
        if a != b {
            out.push(Condition { what, a, b, is_fact });
        }
    };
    add("evidence".into(), Some(form(a)), Some(form(b)), false);
    if let (Some(a), Some(b)) = (collected(a), collected(b)) {
        add("engine".into(), Some(a.0.into()), Some(b.0.into()), false);
        add("image".into(), Some(a.1.into()), Some(b.1.into()), false);
    }
    add("edition".into(), Some(a.edition.to_string()), Some(b.edition.to_string()), false);
    let version = |run: &Run| Some(format!("{} {}", run.generator.name, run.generator.version));
    add(WRITTEN_BY.into(), version(a), version(b), false);
    if let (Some(x), Some(y)) = (Machine::of(a), Machine::of(b))
        && !x.is_like(&y)
    {
        add("machine".into(), Some(x.words()), Some(y.words()), true);
    }
    for (id, what) in HOST {
        if let (Some(x), Some(y)) = (host_fact(a, id), host_fact(b, id)) {
            add((*what).into(), Some(x), Some(y), true);
        }
    }
    for pair in pairs {
        let name = &pair.b.name;
        add(format!("role of {name}"), role(pair.a), role(pair.b), false);
        for ((what, x), (_, y)) in starters(pair.a).into_iter().zip(starters(pair.b)) {
            // The engine of the run is named once.
            let is_told = what == "handler" || (collected(a).is_none() && collected(b).is_none());
            if is_told && x.is_some() && y.is_some() {
                add(format!("{what} of {name}"), x, y, false);
            }
        }
    }
    out
}

fn form(run: &Run) -> String {
    match run.evidence {
        Evidence::Imported { .. } => "imported".into(),
        Evidence::Collected { interrupted: true, .. } => "collected, interrupted".into(),
        Evidence::Collected { .. } => "collected".into(),
    }
}

fn collected(run: &Run) -> Option<(&str, &str)> {
    match &run.evidence {
        Evidence::Collected { engine, image, .. } => Some((engine, image)),
        Evidence::Imported { .. } => None,
    }
}

fn role(target: &Target) -> Option<String> {
    Some(target.role.word().into())
}

fn starters(target: &Target) -> [(&'static str, Option<String>); 2] {
    [("engine", target.engine.clone()), ("handler", target.handler.clone())]
}

/// What started a target, as far as the run says.
pub(super) fn starter(target: &Target) -> impl Iterator<Item = (&'static str, String)> {
    starters(target).into_iter().filter_map(|(what, text)| Some((what, text?)))
}

fn host_fact(run: &Run, id: &str) -> Option<String> {
    let host = run.with_role(crate::model::Role::Host).next()?;
    let value = run.fact(id, &host.name).and_then(Fact::as_value)?;
    Some(super::value::word(value).replace('\n', " "))
}
