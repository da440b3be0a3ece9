//! What is measured of the targets in turns, and where the time of a budget goes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::budget::{MeasureState, spend_time};
use super::estimate::{MeasurePlan, SessionEstimate};
use super::perf::SpeedSeries;
use super::perf::measures::PerfPlan;
use super::session::CollectSession;
use super::startup::{StartupSeries, measure_startup};
use crate::model::{Capture, Target};

/// Start-up, and what takes time inside of the targets. What is left of a budget then goes to where
/// intervals are widest; starts come last, when the other containers are gone.
pub(super) fn measure_in_turns(
    session: &CollectSession,
    specs: &[Target],
    effort: Option<PerfPlan>,
    end: Option<Instant>,
    skipped: &mut BTreeMap<String, String>,
) -> Vec<Capture> {
    let mut starts = measure_startup(session, specs, session.options.rounds, skipped);
    let mut speed = effort.map(|plan| SpeedSeries::measure_rounds(session, specs, plan));
    let state = starts.as_ref().map(StartupSeries::measure_state);
    if let (Some(speed), Some(end)) = (&mut speed, end) {
        spend_on_speed(speed, state, end);
    }
    let of_speed = speed.map(|speed| speed.finish_series(skipped)).unwrap_or_default();
    // Nothing else could still use the time.
    if let (Some(starts), Some(end)) = (&mut starts, end) {
        starts.measure_until(end);
    }
    let of_starts = starts.map(|starts| starts.finish_series(skipped)).unwrap_or_default();
    of_starts.into_iter().chain(of_speed).collect()
}

/// Measures more of what takes time inside of the targets, as far as its intervals are wider than
/// those of the starts, for which time is left. Planned anew when the plan is done: rounds may take
/// less time than before. Only the widths after the first rounds count.
fn spend_on_speed(speed: &mut SpeedSeries, of_starts: Option<MeasureState>, end: Instant) {
    const PLANS: usize = 4;
    let mut states = speed.measure_states();
    let measures = states.len();
    states.extend(of_starts);
    let mut got = vec![0; states.len()];
    for _ in 0..PLANS {
        got.truncate(measures);
        got.resize(states.len(), 0);
        let left = end.saturating_duration_since(Instant::now());
        let more = spend_time(&states, &got, left.as_secs_f64());
        let for_starts = more.get(measures).copied().unwrap_or_default();
        let seconds = of_starts.map_or(0.0, |starts| starts.round_seconds);
        let kept = Duration::from_secs_f64(seconds * f64::from(for_starts));
        speed.measure_more(&more[..measures], end.checked_sub(kept).unwrap_or(end));
        for (state, now) in states.iter_mut().zip(speed.measure_states()) {
            state.round_seconds = now.round_seconds;
        }
        for (index, more) in more[..measures].iter().enumerate() {
            got[index] += more;
        }
    }
}

/// Tells how long the session takes, from what was seen of it.
pub(super) fn tell_estimate(
    session: &CollectSession,
    plan: MeasurePlan,
    starts: &[f64],
    quick: Duration,
) {
    let spent = session.begun.elapsed();
    session.work.learn_pace(plan, starts, spent);
    let estimate = SessionEstimate::of_plan(plan, starts, session.begun, spent, quick);
    let Some(mut estimate) = estimate.filter(|_| !session.is_cancelled()) else { return };
    if let Some(budget) = session.options.budget {
        if estimate.whole > budget {
            let words = format!(
                "the least that every measure needs takes longer than the {} s of --budget",
                budget.as_secs()
            );
            session.progress.on_trouble("budget", &words);
        }
        estimate.whole = estimate.whole.max(budget);
    }
    session.progress.on_estimate(&estimate);
}
