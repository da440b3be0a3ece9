//! The facts without a vote: which of them agree with a verdict, and which do not.
//!
//! They are properties of a kernel that a namespace does not change, and still none of them
//! decides: a module that was loaded in between, a time namespace or LXCFS changes them on one
//! kernel, and two kernels of one build have them in common. So a difference supports a separate
//! kernel, equality supports a shared one, a difference under a shared one is shown as speaking
//! against it, and equality never speaks against a separate one.

use serde_json::Value;

use super::{Conclusion, Confidence, Verdict};
use crate::judge::Case;
use crate::model::{Fact, Role};

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// Equal or different.
    Value,
    /// Equal within two seconds: the kernel rounds.
    Seconds,
}

/// Facts of medium worth: they support either way.
const MEDIUM: &[(&str, By)] = &[
    ("kernel.release", By::Value),
    ("kernel.version", By::Value),
    ("kernel.banner", By::Value),
    ("kernel.cmdline", By::Value),
    ("kernel.osrelease_file", By::Value),
    ("kernel.btime", By::Seconds),
    ("kernel.config_md5", By::Value),
    ("kernel.filesystems_md5", By::Value),
    ("kernel.devices_md5", By::Value),
    ("kernel.kallsyms", By::Value),
    ("kernel.vulnerabilities", By::Value),
    ("hw.dmi.product_name", By::Value),
    ("hw.pci", By::Value),
    ("proc.names_md5", By::Value),
];

/// Facts of weak worth: they support a separate kernel where they differ, and say nothing else.
const WEAK: &[&str] =
    &["kernel.sys_module", "kernel.modules_loaded", "cpu.flags_md5", "mem.total_kb"];

/// Adds the facts that agree and those that disagree to a verdict.
pub fn look(case: &Case, target: &str, verdict: &mut Verdict) {
    let Some(host) = case.host() else { return };
    match verdict.conclusion {
        Conclusion::SharedKernel => {
            for &(id, by) in MEDIUM {
                match compare(case, id, by, host, target) {
                    Some(true) => add(&mut verdict.agrees, id, &verdict.because),
                    Some(false) => add(&mut verdict.against, id, &verdict.because),
                    None => {}
                }
            }
            if verdict.confidence == Confidence::Low && !verdict.agrees.is_empty() {
                verdict.confidence = Confidence::Medium;
            }
        }
        conclusion if conclusion.is_separate() => {
            let medium = MEDIUM.iter().copied();
            for (id, by) in medium.chain(WEAK.iter().map(|&id| (id, By::Value))) {
                let differs = compare(case, id, by, host, target) == Some(false);
                if differs && baseline_shows_host(case, id, by, host, target) {
                    add(&mut verdict.agrees, id, &verdict.because);
                }
            }
        }
        _ => {}
    }
}

fn add(list: &mut Vec<String>, id: &str, voted: &[String]) {
    if !voted.iter().any(|other| other == id) {
        list.push(id.to_string());
    }
}

/// Whether host and target show the same; none where one of them shows nothing.
fn compare(case: &Case, id: &str, by: By, host: &str, target: &str) -> Option<bool> {
    let value = |target: &str| case.run.fact(id, target).and_then(Fact::as_value);
    let (one, other) = (value(host)?, value(target)?);
    Some(match by {
        By::Value => one == other,
        By::Seconds => seconds(one)?.abs_diff(seconds(other)?) <= 2,
    })
}

fn seconds(value: &Value) -> Option<i64> {
    value.as_i64()
}

/// What differs under the baseline as well is a namespace's doing. Where the baseline was not
/// asked there is nothing to go by, and the difference stands.
fn baseline_shows_host(case: &Case, id: &str, by: By, host: &str, target: &str) -> bool {
    case.run
        .with_role(Role::Baseline)
        .filter(|baseline| baseline.name != target)
        .all(|baseline| compare(case, id, by, host, &baseline.name) != Some(false))
}
