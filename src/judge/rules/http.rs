//! Rules about the web application's health.

use super::messages::{ApplicationEnded, HealthNotOk, ProxyAnswersForLocalhost, ProxyInPath};
use super::{RuleContext, RuleMessage, Violation, find_in_targets};
use crate::model::application::{LOG, STATE, exit_status_of, is_success_status, last_log_line};
use crate::model::{Capture, FactId, fact_ids};

const HEALTH: FactId = fact_ids::APP_HEALTH_STATUS;
const PROXIED: FactId = fact_ids::APP_HEALTH_PROXIED;

/// The capture that shows that the container of the application ended, and its exit status. Only a
/// session makes one: a file of that name that somebody hands in is none.
fn ended_application<'a>(context: &RuleContext<'a>, target: &str) -> Option<(&'a Capture, i32)> {
    let state = context.run.find_capture(&format!("{target}/{STATE}"));
    let state = state.filter(|_| !context.is_imported())?;
    Some((state, exit_status_of(state)?))
}

/// The container of the application ended before it answered with success.
pub(super) fn application_ended(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let (state, exit) = ended_application(context, target)?;
        let log = context.run.find_capture(&format!("{target}/{LOG}"));
        let log = log.and_then(|log| Some((log, last_log_line(log)?)));
        let last = log.as_ref().map(|(_, line)| line.as_str());
        let violation = ApplicationEnded { target, exit, last }
            .with_fact(context, HEALTH, target)
            .with_line(&state.id, Some(1));
        Some(log.iter().fold(violation, |it, (log, _)| it.with_line(&log.id, None)))
    })
}

/// The application did not answer, or answered with an error, and as far as is known it still runs.
pub(super) fn health_not_ok(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let status =
            context.fact_integer(HEALTH, target).filter(|&status| !is_success_status(status))?;
        if ended_application(context, target).is_some() {
            return None;
        }
        Some(HealthNotOk { target, status }.with_fact(context, HEALTH, target))
    })
}

/// The application is well, and asked through the environment's proxy something else answers.
pub(super) fn proxy_answers(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let status =
            context.fact_integer(HEALTH, target).filter(|&status| is_success_status(status))?;
        let proxied =
            context.fact_integer(PROXIED, target).filter(|&other| !is_success_status(other))?;
        Some(
            ProxyAnswersForLocalhost { target, status, proxied }
                .with_fact(context, PROXIED, target)
                .with_fact(context, HEALTH, target),
        )
    })
}

/// A response that says it came by way of a proxy.
pub(super) fn proxy_in_path(context: &RuleContext) -> Vec<Violation> {
    const HEADERS: &[&str] = &["via:", "proxy-", "x-squid-error:"];
    let mut violations = Vec::new();
    for capture in super::files_of(context, HEALTH) {
        let lines = capture.stdout.text_lines();
        let is_headers = lines.iter().any(|line| line.trim_start().starts_with("HTTP/"));
        let found = lines.iter().zip(1..).find(|(line, _)| {
            let line = line.trim_start_matches(['<', ' ']).to_lowercase();
            HEADERS.iter().any(|header| line.starts_with(header)) && line.contains(':')
        });
        if let Some((line, number)) = found.filter(|_| is_headers) {
            let name = line.trim_start_matches(['<', ' ']).split(':').next().unwrap_or_default();
            violations.push(
                ProxyInPath { capture: &capture.id, line: number, header: name }
                    .with_line(&capture.id, Some(number)),
            );
        }
    }
    violations
}
