//! Loops of older records, which are timed with the start of their shell.

use crate::model::{Fact, FactId, Run, fact_ids};
use crate::stats::median;

/// The share of a run of a loop that its fixed part may have.
const FIXED: f64 = 0.05;

/// A loop that was timed with the start of its shell, where that is a part that counts.
#[derive(Debug)]
pub(crate) struct LoopWithStart {
    /// The fact of its steps.
    pub fact: FactId<'static>,
    pub target: String,
    /// The part of its time that the start takes at the least, from 0 to 1.
    pub share: f64,
}

/// The loops of a run from which no cost of a step follows: with one process, as long as the same
/// target takes to start one, more than a twentieth of the time is no loop.
pub(super) fn find_loops_with_start(run: &Run) -> Vec<LoopWithStart> {
    const START: FactId = fact_ids::PERF_FORK_EXEC;
    const LOOPS: [FactId; 4] =
        [fact_ids::PERF_CPU_LOOP, fact_ids::PERF_SYSCALL, START, fact_ids::PERF_FILE_CREATE];
    let mut found = Vec::new();
    for target in &run.targets {
        let starts = find_whole_runs(run, START, &target.name).unwrap_or_default();
        // A loop of n processes takes the time of n, and of the shell around them.
        let starts: Vec<f64> = starts.iter().map(|(count, time)| time / (count + 1.0)).collect();
        let Some(start) = median(&starts) else { continue };
        for fact in LOOPS {
            let runs = find_whole_runs(run, fact, &target.name).unwrap_or_default();
            let times: Vec<f64> = runs.iter().map(|(_, time)| *time).collect();
            let share = median(&times).map_or(0.0, |time| (start / time).min(1.0));
            if share > FIXED {
                found.push(LoopWithStart { fact, target: target.name.clone(), share });
            }
        }
    }
    found
}

fn find_whole_runs(run: &Run, id: FactId, target: &str) -> Option<Vec<(f64, f64)>> {
    run.find_fact(id, target).and_then(Fact::as_series)?;
    let record = run.find_capture(&format!("{target}/{}", &*id))?;
    read_whole_runs(&crate::text::decode_bytes(&record.stdout.decoded_bytes().ok()?))
}

/// The iterations and the times of the runs in a record in which nothing is subtracted; none if it
/// is, or if the record has another form.
fn read_whole_runs(record: &str) -> Option<Vec<(f64, f64)>> {
    const COLUMNS: &str = "columns outcome round iterations real_s user_s system_s";
    if !record.lines().any(|line| line == COLUMNS) {
        return None;
    }
    let samples = record.lines().filter_map(|line| line.strip_prefix("ok "));
    samples
        .map(|sample| {
            let mut words = sample.split(' ').skip(1);
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .collect()
}
