//! The rules that only a report for the course has.

use messages::RequirementNotShown;

use super::edition::EditionSpec;
use crate::judge::PackEdition;
use crate::judge::{RuleCheck, RuleContext, RuleMessage, Violation};
use crate::knowledge::is_runtime;
use crate::model::{FactId, MissingFact, MissingReason};

/// All of them; their words are in `data/lab12/rules/`.
pub(super) const CHECKS: &[RuleCheck] = &[requirement_not_shown];

mod messages {
    //! A type for the message of each rule in `data/lab12/rules/`.

    include!(concat!(env!("OUT_DIR"), "/lab12_rules.rs"));
}

/// Requirements of the lab of which nothing was captured, where it is plain that nothing was: a
/// file that is there and could not be read is left to its reader.
fn requirement_not_shown(context: &RuleContext) -> Vec<Violation> {
    let Some(edition) = context.asks.and_then(EditionSpec::of_pack) else { return Vec::new() };
    let mut violations = Vec::new();
    for requirement in edition.requirement.iter().filter(|requirement| !requirement.prose) {
        let mut reasons = Vec::new();
        for need in &requirement.needs {
            if let Some(target) = context.role_target(need.target) {
                reasons.push((
                    need,
                    target.name.as_str(),
                    context.missing_fact(FactId::from_text(&need.fact), &target.name),
                ));
            }
        }
        let Some((need, target, Some(missing))) = reasons.first().copied() else { continue };
        if !reasons.iter().all(|(_, _, missing)| missing.is_some_and(nothing_there)) {
            continue;
        }
        let (requirement, title) = (requirement.id.as_str(), requirement.title.as_str());
        let wanted = edition.wanted_runtime(need.target).filter(|runtime| {
            let target = context.run.find_target(target);
            !target.is_some_and(|target| is_runtime(context.run, target, runtime))
        });
        violations.push(match wanted {
            // What another runtime failed at says nothing about the one that is asked for.
            Some(runtime) => {
                let reason = format!("{runtime} is none of the runtimes of this run");
                RequirementNotShown { target: None, requirement, title, reason: &reason }
                    .make_violation()
            }
            None => {
                let reason = missing.reason.as_str();
                RequirementNotShown { target: Some(target), requirement, title, reason }.with_fact(
                    context,
                    FactId::from_text(&need.fact),
                    target,
                )
            }
        });
    }
    violations
}

fn nothing_there(missing: &MissingFact) -> bool {
    matches!(
        missing.why,
        MissingReason::FileMissing
            | MissingReason::FileUnreadable
            | MissingReason::Empty
            | MissingReason::ErrorText
            | MissingReason::Error
            | MissingReason::NotAsked
            | MissingReason::Timeout
            | MissingReason::TooLong
            | MissingReason::CutOff
            | MissingReason::OutOfRange
    )
}
