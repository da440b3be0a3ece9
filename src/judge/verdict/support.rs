//! The facts without a vote: which of them agree with a verdict, and which do not.
//!
//! They are properties of a kernel that a namespace does not change, and still none of them
//! decides: a module that was loaded in between, a time namespace or LXCFS changes them on one
//! kernel, and two kernels of one build have them in common. So a difference supports a separate
//! kernel, equality supports a shared one, a difference under a shared one is shown as speaking
//! against it, and equality never speaks against a separate one.

use serde_json::Value;

use super::{Conclusion, Confidence, Verdict};
use crate::judge::RuleContext;
use crate::model::{Fact, Role};

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueComparison {
    /// Equal or different.
    Value,
    /// Equal within two seconds: the kernel rounds.
    Seconds,
}

/// Facts of medium worth: they support either way.
const MEDIUM: &[(&str, ValueComparison)] = &[
    ("kernel.release", ValueComparison::Value),
    ("kernel.version", ValueComparison::Value),
    ("kernel.banner", ValueComparison::Value),
    ("kernel.cmdline", ValueComparison::Value),
    ("kernel.osrelease_file", ValueComparison::Value),
    ("kernel.btime", ValueComparison::Seconds),
    ("kernel.config_md5", ValueComparison::Value),
    ("kernel.filesystems_md5", ValueComparison::Value),
    ("kernel.devices_md5", ValueComparison::Value),
    ("kernel.kallsyms", ValueComparison::Value),
    ("kernel.vulnerabilities", ValueComparison::Value),
    ("hw.dmi.product_name", ValueComparison::Value),
    ("hw.pci", ValueComparison::Value),
    ("proc.names_md5", ValueComparison::Value),
];

/// Facts of weak worth: they support a separate kernel where they differ, and say nothing else.
const WEAK: &[&str] =
    &["kernel.sys_module", "kernel.modules_loaded", "cpu.flags_md5", "mem.total_kb"];

/// Adds the facts that agree and those that disagree to a verdict.
pub(super) fn add_corroboration(context: &RuleContext, target: &str, verdict: &mut Verdict) {
    let Some(host) = context.host_name() else { return };
    match verdict.conclusion {
        Conclusion::SharedKernel => {
            for &(id, by) in MEDIUM {
                match shows_the_same(context, id, by, host, target) {
                    Some(true) => add_unless_listed(&mut verdict.agrees, id, &verdict.because),
                    Some(false) => add_unless_listed(&mut verdict.against, id, &verdict.because),
                    None => {}
                }
            }
            if verdict.confidence == Confidence::Low && !verdict.agrees.is_empty() {
                verdict.confidence = Confidence::Medium;
            }
        }
        conclusion if conclusion.is_separate() => {
            let medium = MEDIUM.iter().copied();
            for (id, by) in medium.chain(WEAK.iter().map(|&id| (id, ValueComparison::Value))) {
                let differs = shows_the_same(context, id, by, host, target) == Some(false);
                if differs && baseline_shows_host(context, id, by, host, target) {
                    add_unless_listed(&mut verdict.agrees, id, &verdict.because);
                }
            }
        }
        _ => {}
    }
}

fn add_unless_listed(list: &mut Vec<String>, id: &str, voted: &[String]) {
    if !voted.iter().any(|other| other == id) {
        list.push(id.to_string());
    }
}

/// Whether host and target show the same; none where one of them shows nothing.
fn shows_the_same(
    context: &RuleContext,
    id: &str,
    by: ValueComparison,
    host: &str,
    target: &str,
) -> Option<bool> {
    let value = |target: &str| context.run.find_fact(id, target).and_then(Fact::as_value);
    let (one, other) = (value(host)?, value(target)?);
    Some(match by {
        ValueComparison::Value => one == other,
        ValueComparison::Seconds => parse_seconds(one)?.abs_diff(parse_seconds(other)?) <= 2,
    })
}

fn parse_seconds(value: &Value) -> Option<i64> {
    value.as_i64()
}

/// What differs under the baseline as well is a namespace's doing. Where the baseline was not
/// asked there is nothing to go by, and the difference stands.
fn baseline_shows_host(
    context: &RuleContext,
    id: &str,
    by: ValueComparison,
    host: &str,
    target: &str,
) -> bool {
    context
        .run
        .with_role(Role::Baseline)
        .filter(|baseline| baseline.name != target)
        .all(|baseline| shows_the_same(context, id, by, host, &baseline.name) != Some(false))
}
