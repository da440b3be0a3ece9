//! Rules about what is not there.

use super::{RuleContext, Violation};
use crate::model::{MissingFact, MissingReason, Role};

/// Requirements of the lab of which nothing was captured, where it is plain that nothing was: a
/// file that is there and could not be read is left to its reader.
pub(super) fn requirement_not_shown(context: &RuleContext) -> Vec<Violation> {
    let Some(edition) = context.asks else { return Vec::new() };
    let mut violations = Vec::new();
    for requirement in edition.requirement.iter().filter(|requirement| !requirement.prose) {
        let mut reasons = Vec::new();
        for need in &requirement.needs {
            if let Some(target) = context.role_target(need.target) {
                reasons.push((
                    need,
                    target.name.as_str(),
                    context.missing_fact(&need.fact, &target.name),
                ));
            }
        }
        let is_plain = |missing: &Option<&MissingFact>| missing.is_some_and(nothing_there);
        let Some((need, target, Some(missing))) = reasons.first().copied() else { continue };
        if reasons.iter().all(|(_, _, missing)| is_plain(missing)) {
            violations.push(
                Violation::about_target(target)
                    .with_parameter("requirement", requirement.id.as_str())
                    .with_parameter("title", requirement.title.as_str())
                    .with_parameter("reason", missing.reason.as_str())
                    .resting_on(context, &need.fact, target),
            );
        }
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

/// Host and candidate are compared, and nothing says how the baseline differs from the host.
pub(super) fn no_baseline_arm(context: &RuleContext) -> Vec<Violation> {
    // Those that a namespace changes under a shared kernel too.
    const COMPARED: &[&str] = &["proc.entries", "net.interfaces", "dev.entries"];
    let has = |fact: &str, role: Role| {
        context.run.with_role(role).any(|t| context.is_present(fact, &t.name))
    };
    let lacking: Vec<&str> = COMPARED
        .iter()
        .copied()
        .filter(|fact| {
            has(fact, Role::Host) && has(fact, Role::Candidate) && !has(fact, Role::Baseline)
        })
        .collect();
    if lacking.is_empty() {
        return Vec::new();
    }
    let Some(baseline) = context.run.with_role(Role::Baseline).next() else { return Vec::new() };
    let violation =
        Violation::about_target(&baseline.name).with_parameter("facts", lacking.join(", "));
    vec![
        lacking
            .iter()
            .fold(violation, |violation, fact| violation.resting_on(context, fact, &baseline.name)),
    ]
}
