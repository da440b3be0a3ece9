//! How much of a session is done, for those who wait for it.
//!
//! A part of a session is weighed by the seconds that it usually takes with an engine and its own
//! runtime. Slower runtimes change the time of all parts alike, so the share of what is done stays
//! about right. No figure of a report rests on it.

use std::sync::atomic::{AtomicU32, Ordering};

use super::CollectOptions;

/// A part of a session, in the order in which parts are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WorkPart {
    /// The host's probes, then one boot and one test run for each target.
    Probes,
    /// Timed starts.
    Startup,
    /// Containers for measuring speed, and how much work is measured at once.
    SpeedSetup,
    /// What takes time inside of a target.
    SpeedRounds,
    /// The application and its latency.
    Application,
    /// What is tried on the host's files.
    Escape,
}

/// What is expected of one part.
#[derive(Debug)]
struct PlannedPart {
    part: WorkPart,
    seconds: f64,
    steps: u32,
    begun: AtomicU32,
}

/// The parts of a session and the steps of each that have begun.
#[derive(Debug)]
pub(super) struct SessionWork(Vec<PlannedPart>);

impl SessionWork {
    /// The work of a session with so many targets besides the host.
    pub(super) fn plan_session(options: &CollectOptions, targets: usize) -> Self {
        let targets = u32::try_from(targets).unwrap_or(u32::MAX).max(1);
        let rounds = options.rounds.total_rounds();
        let speed_rounds = u32::try_from(crate::stats::LEAST).unwrap_or(u32::MAX);
        let is_used = |is_used: bool| if is_used { f64::from(targets) } else { 0.0 };
        let each = f64::from(targets);
        let speed = is_used(options.perf.is_some());
        let parts = [
            (WorkPart::Probes, 1.0 + 2.0 * each, 1 + 2 * targets),
            (WorkPart::Startup, 0.4 * each * f64::from(rounds), rounds),
            (WorkPart::SpeedSetup, 7.0 * speed, 8 * targets),
            (WorkPart::SpeedRounds, 20.0 * speed, speed_rounds),
            (WorkPart::Application, 3.0 * is_used(options.app.is_some()), 2 * targets),
            (WorkPart::Escape, 3.0 * is_used(options.allow_privileged), 3 * targets),
        ];
        let plan = |(part, seconds, steps)| PlannedPart { part, seconds, steps, begun: 0.into() };
        Self(parts.map(plan).into())
    }

    /// Begins a step of a part. The share of the session that is done, from 0 to 1; what belongs
    /// to earlier parts and was not begun was left out, and counts as done.
    pub(super) fn begin_step(&self, part: WorkPart) -> f64 {
        let total: f64 = self.0.iter().map(|planned| planned.seconds).sum();
        let mut done = 0.0;
        for planned in self.0.iter().filter(|planned| planned.part <= part) {
            if planned.part < part {
                done += planned.seconds;
                continue;
            }
            let begun = planned.begun.fetch_add(1, Ordering::Relaxed);
            let share = f64::from(begun) / f64::from(planned.steps.max(1));
            done += planned.seconds * share.min(1.0);
        }
        if total > 0.0 { done / total } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::testing::builtin_options;

    #[test]
    fn the_share_grows_step_by_step_and_stays_below_the_whole() {
        let options = CollectOptions {
            rounds: super::super::RoundCounts { warmup: 1, samples: 9, max_time: None },
            ..builtin_options()
        };
        let work = SessionWork::plan_session(&options, 2);
        let mut shares = vec![work.begin_step(WorkPart::Probes)];
        shares.extend((0..4).map(|_| work.begin_step(WorkPart::Probes)));
        shares.extend((0..10).map(|_| work.begin_step(WorkPart::Startup)));
        assert_eq!(shares[0], 0.0);
        assert!(shares.is_sorted_by(|a, b| a < b), "{shares:?}");
        assert!(*shares.last().unwrap() < 1.0);
        // More steps than were expected do not lead beyond the part.
        assert!((0..50).all(|_| work.begin_step(WorkPart::Probes) < shares[6]));
        // What was left out is passed over.
        assert_eq!(work.begin_step(WorkPart::Escape), 1.0);
    }
}
