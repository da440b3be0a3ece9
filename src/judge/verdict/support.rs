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
use crate::model::{FactId, Role, fact_ids};

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueComparison {
    /// Equal or different.
    Value,
    /// Equal within two seconds: the kernel rounds.
    Seconds,
}

/// Facts of medium worth: they support either way.
const MEDIUM: &[(FactId, ValueComparison)] = &[
    (fact_ids::KERNEL_RELEASE, ValueComparison::Value),
    (fact_ids::KERNEL_VERSION, ValueComparison::Value),
    (fact_ids::KERNEL_BANNER, ValueComparison::Value),
    (fact_ids::KERNEL_CMDLINE, ValueComparison::Value),
    (fact_ids::KERNEL_OSRELEASE_FILE, ValueComparison::Value),
    (fact_ids::KERNEL_BTIME, ValueComparison::Seconds),
    (fact_ids::KERNEL_CONFIG_MD5, ValueComparison::Value),
    (fact_ids::KERNEL_FILESYSTEMS_MD5, ValueComparison::Value),
    (fact_ids::KERNEL_DEVICES_MD5, ValueComparison::Value),
    (fact_ids::KERNEL_KALLSYMS, ValueComparison::Value),
    (fact_ids::KERNEL_VULNERABILITIES, ValueComparison::Value),
    (fact_ids::HW_DMI_PRODUCT_NAME, ValueComparison::Value),
    (fact_ids::HW_PCI, ValueComparison::Value),
    (fact_ids::PROC_NAMES_MD5, ValueComparison::Value),
];

/// Facts of weak worth: they support a separate kernel where they differ, and say nothing else.
const WEAK: &[FactId] = &[
    fact_ids::KERNEL_SYS_MODULE,
    fact_ids::KERNEL_MODULES_LOADED,
    fact_ids::CPU_FLAGS_MD5,
    fact_ids::MEM_TOTAL_KB,
];

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

fn add_unless_listed(list: &mut Vec<String>, id: FactId, voted: &[String]) {
    if !voted.iter().any(|other| **other == *id) {
        list.push(id.to_string());
    }
}

/// Whether host and target show the same; none where one of them shows nothing.
fn shows_the_same(
    context: &RuleContext,
    id: FactId,
    by: ValueComparison,
    host: &str,
    target: &str,
) -> Option<bool> {
    let (one, other) = (context.fact_value(id, host)?, context.fact_value(id, target)?);
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
    id: FactId,
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
