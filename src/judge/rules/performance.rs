//! Rules about what speed and memory figures measure.

use super::messages::{
    CopyToDevNull, FigureNearClockTick, MemoryByCgroupOnly, SpeedIncludesStart, UnequalResources,
    WriteWithoutSync,
};
use super::{RuleContext, RuleMessage, Violation, find_in_targets, first_lines};
use crate::model::{Fact, FactId, Role, fact_ids};
use crate::stats::round_significant;

/// The clock of `time -p` ticks in this many seconds.
const TICK: f64 = 0.01;

/// Copies from `/dev/zero` to `/dev/null`.
pub(super) fn copy_to_dev_null(context: &RuleContext) -> Vec<Violation> {
    let is_from_memory =
        |line: &str| line.contains("if=/dev/zero") && line.contains("of=/dev/null");
    let mut violations = in_io_files(context, is_from_memory, |capture, line| CopyToDevNull {
        target: None,
        capture,
        line: Some(line),
        seconds: None,
        rate: None,
    });
    if violations.is_empty() {
        violations
            .extend(context.runtime_names().find_map(|target| copy_in_memory(context, target)));
    }
    violations
}

/// A copy of 100 MiB from memory to memory, by its speed: files that people keep show dd's last
/// line without the command.
fn copy_in_memory(context: &RuleContext, target: &str) -> Option<Violation> {
    const ID: FactId = fact_ids::PERF_IO_WRITE;
    const BYTES: f64 = 104_857_600.0;
    // Several times what the page cache takes through a container's file system.
    const MEMORY: f64 = 4e9;
    let bytes = context.fact_number(ID, target, "bytes")?;
    let seconds = context.fact_number(ID, target, "seconds")?;
    let source = context.run.find_fact(ID, target)?.source()?;
    let is_meant = context.is_imported() && (bytes - BYTES).abs() < 1.0;
    (is_meant && seconds > 0.0 && bytes / seconds > MEMORY).then(|| {
        CopyToDevNull {
            target: Some(target),
            capture: &source.capture,
            line: source.line,
            seconds: Some(seconds),
            rate: Some(round_significant(bytes / seconds / 1e9, 3)),
        }
        .with_fact(context, ID, target)
    })
}

/// A write whose command, where the file shows it, asks for no sync.
pub(super) fn write_without_sync(context: &RuleContext) -> Vec<Violation> {
    in_io_files(context, writes_unsynced, |capture, line| WriteWithoutSync { capture, line })
}

fn writes_unsynced(line: &str) -> bool {
    const SYNC: &[&str] =
        &["fsync", "fdatasync", "oflag=direct", "oflag=dsync", "oflag=sync", "sync;"];
    let writes = line.contains("dd ") && line.contains(" of=") && !line.contains("of=/dev/null");
    writes && !SYNC.iter().any(|word| line.contains(word))
}

fn in_io_files<'a, M: RuleMessage>(
    context: &RuleContext<'a>,
    is_meant: impl Fn(&str) -> bool,
    say: impl Fn(&'a str, u32) -> M,
) -> Vec<Violation> {
    first_lines(super::files_of(context, fact_ids::PERF_IO_WRITE), is_meant, say)
}

/// Figures that are a few ticks of their clock. One finding for a target, on all of them.
pub(super) fn near_clock_tick(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let mut coarse: Vec<&str> = Vec::new();
        for id in context.run.facts.keys().filter(|id| id.starts_with("perf.")) {
            if context.run.find_fact(FactId::from_text(id), target).is_some_and(is_few_ticks) {
                coarse.push(id);
            }
        }
        (!coarse.is_empty()).then(|| {
            let violation =
                FigureNearClockTick { target, facts: &coarse.join(", ") }.make_violation();
            let ids = coarse.into_iter().map(FactId::from_text);
            violation.with_facts(context, ids, target)
        })
    })
}

/// Whether a time is a whole number of ticks, and less than ten of them: at least a tenth of it
/// may be the clock's.
fn is_few_ticks(fact: &Fact) -> bool {
    let values: Vec<f64> = match fact {
        Fact::Series(samples) => samples.values.clone(),
        fact => fact.as_value().and_then(serde_json::Value::as_f64).into_iter().collect(),
    };
    !values.is_empty()
        && values.iter().all(|value| {
            let ticks = value / TICK;
            ticks < 10.0 && (ticks - ticks.round()).abs() < 1e-6
        })
}

/// Loops of older records, which are timed with the start of their shell.
pub(super) fn speed_includes_start(context: &RuleContext) -> Vec<Violation> {
    find_in_targets(context, |target| {
        let loops = context.timing.loops_with_start(context.run).iter();
        let mostly: Vec<_> = loops.filter(|one| one.target == target).collect();
        let least = mostly.iter().map(|one| one.share).reduce(f64::min)?;
        let titles = mostly.iter().map(|one| context.catalogue.find_probe(&one.fact));
        let names: Vec<&str> = titles.flatten().map(|probe| probe.title.as_str()).collect();
        let (facts, share) = (names.join(", "), format!("{:.0}", least * 100.0));
        let violation =
            SpeedIncludesStart { target, facts: &facts, share: &share }.make_violation();
        let ids = mostly.iter().map(|one| one.fact);
        Some(violation.with_facts(context, ids, target))
    })
}

/// Memory of a sandbox by its control group alone: shim and monitor are outside.
pub(super) fn memory_by_cgroup_only(context: &RuleContext) -> Vec<Violation> {
    const CGROUP: FactId = fact_ids::HOST_MEM_CGROUP;
    find_in_targets(context, |target| {
        let is_alone = context.is_present(CGROUP, target)
            && !context.is_present(fact_ids::HOST_MEM_PSS, target);
        (is_alone && context.is_separate(target))
            .then(|| MemoryByCgroupOnly { target }.with_fact(context, CGROUP, target))
    })
}

/// Speed that is compared between targets with different numbers of processors.
pub(super) fn unequal_resources(context: &RuleContext) -> Vec<Violation> {
    const COUNT: FactId = fact_ids::CPU_NPROC;
    let Some(baseline) = context.run.with_role(Role::Baseline).next() else { return Vec::new() };
    let baseline = baseline.name.as_str();
    let Some(hers) = context.fact_integer(COUNT, baseline) else { return Vec::new() };
    find_in_targets(context, |target| {
        let own = context.fact_integer(COUNT, target).filter(|own| *own != hers)?;
        let is_compared = context.run.facts.keys().any(|id| {
            id.starts_with("perf.")
                && [target, baseline].iter().all(|it| context.is_present(FactId::from_text(id), it))
        });
        is_compared.then(|| {
            UnequalResources { target, own, baseline, baselines: hers }
                .with_fact(context, COUNT, target)
                .with_fact(context, COUNT, baseline)
        })
    })
}
