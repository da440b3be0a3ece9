//! Rules about the web application's health.

use super::{RuleContext, Violation};

const HEALTH: &str = "app.health_status";
const PROXIED: &str = "app.health_proxied";

pub fn is_ok(status: i64) -> bool {
    (200..300).contains(&status)
}

/// The application did not answer, or answered with an error.
pub fn health_not_ok(case: &RuleContext) -> Vec<Violation> {
    let unwell =
        |target: &&str| case.fact_integer(HEALTH, target).is_some_and(|status| !is_ok(status));
    let hit = |target: &str| {
        let status = case.fact_integer(HEALTH, target).unwrap_or_default();
        Violation::about_target(target)
            .with_parameter("status", status)
            .resting_on(case, HEALTH, target)
    };
    case.runtime_names().filter(unwell).map(hit).collect()
}

/// The application is well, and asked through the environment's proxy something else answers.
pub fn proxy_answers(case: &RuleContext) -> Vec<Violation> {
    let mut hits = Vec::new();
    for target in case.runtime_names() {
        let Some(status) = case.fact_integer(HEALTH, target).filter(|&status| is_ok(status)) else {
            continue;
        };
        let Some(proxied) = case.fact_integer(PROXIED, target).filter(|&other| !is_ok(other))
        else {
            continue;
        };
        hits.push(
            Violation::about_target(target)
                .with_parameter("status", status)
                .with_parameter("proxied", proxied)
                .resting_on(case, PROXIED, target)
                .resting_on(case, HEALTH, target),
        );
    }
    hits
}

/// A response that says it came by way of a proxy.
pub fn proxy_in_path(case: &RuleContext) -> Vec<Violation> {
    const HEADERS: &[&str] = &["via:", "proxy-", "x-squid-error:"];
    let mut hits = Vec::new();
    for capture in super::files_of(case, HEALTH) {
        let lines = capture.stdout.text_lines();
        let is_headers = lines.iter().any(|line| line.trim_start().starts_with("HTTP/"));
        let found = lines.iter().zip(1..).find(|(line, _)| {
            let line = line.trim_start_matches(['<', ' ']).to_lowercase();
            HEADERS.iter().any(|header| line.starts_with(header)) && line.contains(':')
        });
        if let Some((line, number)) = found.filter(|_| is_headers) {
            let name = line.trim_start_matches(['<', ' ']).split(':').next().unwrap_or_default();
            hits.push(
                Violation::default()
                    .with_parameter("capture", capture.id.as_str())
                    .with_parameter("line", number)
                    .with_parameter("header", name)
                    .resting_on_line(&capture.id, Some(number)),
            );
        }
    }
    hits
}
