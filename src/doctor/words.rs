//! The words of the checks: `data/knowledge/doctor.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tera::{Context, Tera};

use super::answer::CheckAnswer;
use super::{CheckStatus, MachineCheck};
use crate::assets;
use crate::error::{Error, Result};
use crate::knowledge::faults::KnownFaults;
use crate::text::make_visible;

const FILE: &str = "knowledge/doctor.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DoctorTable {
    check: Vec<CheckWords>,
}

/// The words of one check. All are Tera templates over what the check measured.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckWords {
    id: String,
    title: String,
    expected: String,
    outcome: BTreeMap<String, OutcomeWords>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct OutcomeWords {
    status: CheckStatus,
    /// The status if what was asked for depends on it.
    if_needed: Option<CheckStatus>,
    observed: String,
    cause: Option<String>,
    fix: Option<String>,
    /// The known fault whose cause and fix these are.
    fault: Option<String>,
}

#[derive(Debug)]
pub(crate) struct DoctorWords {
    checks: BTreeMap<String, CheckWords>,
}

impl DoctorWords {
    /// The words that are shipped, `data/knowledge/doctor.toml`.
    pub(crate) fn load_shipped() -> Result<Self> {
        let table: DoctorTable = assets::load_data(None, FILE)?;
        let checks = table.check.into_iter().map(|check| (check.id.clone(), check));
        Ok(Self { checks: checks.collect() })
    }

    pub(super) fn word_answer(
        &self,
        answer: &CheckAnswer,
        faults: &KnownFaults,
    ) -> Result<MachineCheck> {
        let check = self.checks.get(answer.check);
        let outcome = check.and_then(|check| check.outcome.get(answer.outcome));
        let (Some(check), Some(outcome)) = (check, outcome) else {
            let what = format!("no words for `{}.{}`", answer.check, answer.outcome);
            return Err(Error::unusable_input(what));
        };
        let fault = answer.fault.as_ref().or(outcome.fault.as_ref());
        let fault = fault.and_then(|id| faults.find_fault(id));
        let [cause, fix] = [&outcome.cause, &outcome.fix]
            .map(|template| template.as_ref().map(|it| render_words(it, answer)).transpose());
        let (cause, fix) = (cause?, fix?);
        let needed = outcome.if_needed.filter(|_| answer.needed);
        Ok(MachineCheck {
            id: answer.check_id(),
            status: needed.unwrap_or(outcome.status),
            title: render_words(&check.title, answer)?,
            observed: render_words(&outcome.observed, answer)?,
            expected: render_words(&check.expected, answer)?,
            cause: fault.map(|fault| fault.cause.clone()).or(cause),
            fix: fault.map(|fault| fault.fix.clone()).or(fix),
            evidence: answer.evidence.iter().map(|line| sanitize_line(line)).collect(),
        })
    }
}

fn render_words(template: &str, answer: &CheckAnswer) -> Result<String> {
    let mut values = answer.values.clone();
    if let Some(about) = &answer.about {
        values.insert("about".into(), Value::from(about.clone()));
    }
    Context::from_serialize(&values)
        .and_then(|context| Tera::one_off(template.trim(), &context, false))
        .map(|text| sanitize_line(&text))
        .map_err(|error| {
            Error::unusable_input(format!("{FILE}: `{}.{}`: {error}", answer.check, answer.outcome))
        })
}

/// Words of strangers on one line, safe to look at, without the passwords that addresses of
/// proxies and registries can hold.
fn sanitize_line(text: &str) -> String {
    let text = crate::text::strip_ansi(text);
    let line = text.split_whitespace().map(without_password).collect::<Vec<_>>().join(" ");
    make_visible(&line)
}

/// `http://user:secret@host` becomes `http://***@host`.
fn without_password(word: &str) -> String {
    let parts = word.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let at = rest[..end].rfind('@')?;
        Some(format!("{scheme}://***{}", &rest[at..]))
    });
    parts.unwrap_or_else(|| word.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checks and the outcomes that each can have.
    #[rustfmt::skip]
    const OUTCOMES: [(&str, &str); 22] = [
        ("app-image", "there silent absent"),
        ("cgroup", "v2 v1 hybrid unreadable"),
        ("cni", "found elsewhere absent not-needed"),
        ("disk", "enough little unreadable"),
        ("engine", "chosen none"),
        ("engines", "answers refuses absent"),
        ("gvisor", "current old unreadable silent unusable absent"),
        ("image", "there silent absent"),
        ("kata-advisory", "fixed not-affected affected not-checked"),
        ("kata-config", "found other-shim broken absent not-checked"),
        ("kata-guest", "found missing not-checked"),
        ("kata-shim", "kata unplaced alias wrapper stranger silent unusable unseen absent"),
        ("kvm", "works absent other-hypervisor denied busy broken unproved"),
        ("nested", "on off not-loaded"),
        ("overall", "proved starts not-started slow no-image unproved failed"),
        ("processor", "virtualization plain other-architecture unreadable"),
        ("proxy", "none bypassed set"),
        ("runtimes", "listed none silent"),
        ("smoke", "own-kernel host-kernel-baseline own-kernel-baseline host-kernel no-boot-id not-tried no-image not-offered not-started slow stopped"),
        ("system", "linux wsl other"),
        ("vhost-net", "there absent"),
        ("vhost-vsock", "there absent"),
    ];

    #[test]
    fn every_outcome_has_words_and_no_words_are_left_over() {
        let words = DoctorWords::load_shipped().unwrap();
        let known: Vec<&str> = words.checks.keys().map(String::as_str).collect();
        assert_eq!(known, OUTCOMES.map(|(id, _)| id));
        for (id, outcomes) in OUTCOMES {
            let mut outcomes: Vec<&str> = outcomes.split(' ').collect();
            outcomes.sort_unstable();
            assert_eq!(words.checks[id].outcome.keys().collect::<Vec<_>>(), outcomes, "{id}");
        }
    }

    #[test]
    fn the_faults_that_words_refer_to_exist() {
        let faults = KnownFaults::load(None).unwrap();
        for check in DoctorWords::load_shipped().unwrap().checks.values() {
            for fault in check.outcome.values().filter_map(|outcome| outcome.fault.as_ref()) {
                assert!(faults.find_fault(fault).is_some(), "{fault}");
            }
        }
    }

    #[test]
    fn what_is_not_right_is_explained_and_mended() {
        for check in DoctorWords::load_shipped().unwrap().checks.values() {
            for (name, outcome) in &check.outcome {
                let is_mended = outcome.fault.is_some() || outcome.fix.is_some();
                let needs = matches!(outcome.status, CheckStatus::Warn | CheckStatus::Fail);
                assert!(is_mended || !needs, "{}.{name}", check.id);
            }
        }
    }

    #[test]
    fn passwords_in_addresses_are_not_shown() {
        assert_eq!(
            sanitize_line("dial http://me:pa@ss@proxy:3128/x\u{1b}[31m failed"),
            "dial http://***@proxy:3128/x failed"
        );
        assert_eq!(sanitize_line("see https://example.org/a@b"), "see https://example.org/a@b");
    }
}
