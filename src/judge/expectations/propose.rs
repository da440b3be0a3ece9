//! What to expect of later runs, from what one run shows.

use crate::judge::Judgement;
use crate::judge::fleet::BROKEN;
use crate::judge::suitability::{CostRatio, FitEvidence};
use crate::judge::verdict::{Conclusion, Confidence, Verdict};
use crate::judge::workloads::WorkloadTable;
use crate::model::{FactId, fact_ids};
use crate::project::{Expectation, ExpectedSubject};
use crate::stats;

/// The costs that are proposed: those that every collection measures, and that users notice.
const COSTS: [&str; 3] = ["startup", "latency", "memory"];

/// By how much a cost may grow before it is proposed to fail: one and a half times.
const ROOM: f64 = 1.5;

/// The fact that tells the series of a kernel.
const RELEASE: FactId = fact_ids::KERNEL_RELEASE;

/// An entry for `book.toml`: its keys with their values as TOML.
pub(crate) type ProposedEntry = Vec<(&'static str, String)>;

/// An entry for everything that a run shows and that `known` expects nothing of.
pub(crate) fn propose_expectations(
    evidence: &FitEvidence,
    workloads: &WorkloadTable,
    known: &[Expectation],
) -> Vec<ProposedEntry> {
    let mut entries = Vec::new();
    for verdict in evidence.judgement.strongest_first() {
        let runtime = verdict.target.as_str();
        if left_out_reason(evidence.judgement, verdict).is_some() {
            continue;
        }
        // A boundary that is shown is one of a runtime that starts.
        let (kind, keys) = match boundary_keys(verdict) {
            Some(keys) => ("boundary", keys),
            None => ("start", vec![("starts", "true".to_string())]),
        };
        if !is_known(known, runtime, kind, "") {
            entries.push(make_entry(evidence, runtime, &keys));
        }
        if let Some(pattern) = release_pattern(evidence, verdict)
            && !is_known(known, runtime, "fact", &RELEASE)
        {
            let keys = [("fact", quote_text(&RELEASE)), ("matches", format!("'{pattern}'"))];
            entries.push(make_entry(evidence, runtime, &keys));
        }
        for cost in COSTS {
            if let Some(most) = cost_limit(evidence, workloads, cost, runtime)
                && !is_known(known, runtime, "cost", cost)
            {
                let keys = [("cost", quote_text(cost)), ("at-most", format!("{most:?}"))];
                entries.push(make_entry(evidence, runtime, &keys));
            }
        }
    }
    if !is_known(known, "", "findings", "error") {
        // An error that a run has is not what anybody wants of later ones.
        let keys = vec![("findings", quote_text("error")), ("at-most", "0".to_string())];
        entries.push([keys, vec![reason_of_run(evidence)]].concat());
    }
    entries
}

/// Why nothing is proposed of a runtime, if nothing is: what is wrong now is nothing to expect.
pub(crate) fn left_out_reason(judgement: &Judgement, verdict: &Verdict) -> Option<&'static str> {
    let mut findings = judgement.findings.iter().filter(|finding| finding.rule == BROKEN);
    if verdict.conclusion == Conclusion::NotTested {
        return Some("it was not tested");
    }
    findings
        .any(|finding| finding.target.as_deref() == Some(&*verdict.target))
        .then_some("it is not what its name says")
}

pub(crate) fn format_entries(entries: &[ProposedEntry]) -> String {
    let mut blocks = Vec::new();
    for entry in entries {
        let mut block = "[[preprocessor.isoproof.expect]]\n".to_string();
        for (key, value) in entry {
            block.push_str(&format!("{key} = {value}\n"));
        }
        blocks.push(block);
    }
    blocks.join("\n")
}

fn make_entry(
    evidence: &FitEvidence,
    runtime: &str,
    keys: &[(&'static str, String)],
) -> ProposedEntry {
    [vec![("runtime", quote_text(runtime))], keys.to_vec(), vec![reason_of_run(evidence)]].concat()
}

fn reason_of_run(evidence: &FitEvidence) -> (&'static str, String) {
    ("reason", quote_text(&format!("as in run {}", evidence.run.id)))
}

/// A text as TOML writes it. Names of targets come from files of others.
fn quote_text(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}

/// Whether something is expected already: of a runtime, of this kind, and of this fact, cost or
/// rule.
fn is_known(known: &[Expectation], runtime: &str, kind: &str, of: &str) -> bool {
    known.iter().any(|expectation| match &expectation.subject {
        ExpectedSubject::Start { runtime: name } => kind == "start" && name == runtime,
        ExpectedSubject::Boundary { runtime: name, .. } => kind == "boundary" && name == runtime,
        ExpectedSubject::Fact { runtime: name, fact, .. } => {
            kind == "fact" && name == runtime && fact == of
        }
        ExpectedSubject::Cost { runtime: name, cost, .. } => {
            kind == "cost" && name == runtime && cost == of
        }
        ExpectedSubject::Findings { of: what, .. } => kind == "findings" && what == of,
    })
}

fn boundary_keys(verdict: &Verdict) -> Option<Vec<(&'static str, String)>> {
    let boundary = match verdict.conclusion {
        Conclusion::SeparateKernel => "own-kernel",
        Conclusion::Inconclusive | Conclusion::Contradictory | Conclusion::NotTested => {
            return None;
        }
        conclusion => conclusion.into_str(),
    };
    let mut keys = vec![("boundary", quote_text(boundary))];
    if verdict.confidence != Confidence::None {
        keys.push(("confidence", quote_text(verdict.confidence.into_str())));
    }
    Some(keys)
}

/// A pattern for the series of the guest's kernel: the first two numbers of its release.
fn release_pattern(evidence: &FitEvidence, verdict: &Verdict) -> Option<String> {
    if verdict.conclusion != Conclusion::SeparateKernelVm {
        return None;
    }
    let release = evidence.run.find_fact(RELEASE, &verdict.target)?.as_str()?;
    let mut numbers = release.splitn(3, '.');
    let (major, minor) = (numbers.next()?, numbers.next()?);
    let are_numbers = [major, minor].iter().all(|part| part.parse::<u32>().is_ok());
    (are_numbers && numbers.next().is_some()).then(|| format!(r"^{major}\.{minor}\."))
}

/// The limit of a cost that was compared: room above the upper end of its interval.
fn cost_limit(
    evidence: &FitEvidence,
    workloads: &WorkloadTable,
    cost: &str,
    runtime: &str,
) -> Option<f64> {
    let fact = evidence.compared_fact(workloads.find_measure(cost)?);
    match evidence.cost_ratio(fact, runtime) {
        CostRatio::Ratio { ratio, interval } if !evidence.is_emulated(runtime) => {
            let upper = interval.map_or(ratio, |interval| interval.high);
            Some(stats::round_significant((ROOM * upper).max(ROOM), 2))
        }
        _ => None,
    }
}
