//! How much of a session is done, for those who wait for it.
//!
//! A part of a session is weighed by the seconds that are expected of it, by `estimate`. No figure
//! of a report rests on it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::estimate::{MeasurePlan, UNSEEN_START};
use super::work_part::WorkPart;

#[derive(Debug)]
struct PlannedPart {
    part: WorkPart,
    seconds: f64,
    steps: u32,
    begun: u32,
}

/// The parts of a session and the steps of each that have begun.
#[derive(Debug)]
pub(super) struct SessionWork(Mutex<Vec<PlannedPart>>);

impl SessionWork {
    /// The work of a session with so many targets besides the host.
    pub(super) fn plan_session(plan: MeasurePlan, targets: usize) -> Self {
        let starts = vec![UNSEEN_START; targets.max(1)];
        let targets = u32::try_from(starts.len()).unwrap_or(u32::MAX);
        let probes = (WorkPart::Probes, 1.0 + 2.0 * f64::from(targets));
        let mut planned = Vec::new();
        for (part, seconds) in std::iter::once(probes).chain(plan.part_seconds(&starts)) {
            let steps = match part {
                WorkPart::Probes => 1 + 3 * targets,
                WorkPart::Startup => plan.start_rounds,
                WorkPart::SpeedSetup => (1 + plan.loops) * targets,
                WorkPart::SpeedRounds => plan.speed_rounds,
                WorkPart::Application => 2 * targets,
                WorkPart::Escape => 3 * targets,
            };
            planned.push(PlannedPart { part, seconds, steps, begun: 0 });
        }
        Self(Mutex::new(planned))
    }

    /// What is expected now that starts and probes have been seen.
    pub(super) fn learn_pace(&self, plan: MeasurePlan, starts: &[f64], probes: Duration) {
        let seen = (WorkPart::Probes, probes.as_secs_f64());
        let parts = std::iter::once(seen).chain(plan.part_seconds(starts));
        for (planned, (_, seconds)) in self.lock_parts().iter_mut().zip(parts) {
            planned.seconds = seconds;
        }
    }

    fn lock_parts(&self) -> MutexGuard<'_, Vec<PlannedPart>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a step of a part. The share of the session that is done, from 0 to 1; what belongs
    /// to earlier parts and was not begun was left out, and counts as done.
    pub(super) fn begin_step(&self, part: WorkPart) -> f64 {
        let mut parts = self.lock_parts();
        let total: f64 = parts.iter().map(|planned| planned.seconds).sum();
        let mut done = 0.0;
        for planned in parts.iter_mut().filter(|planned| planned.part <= part) {
            if planned.part < part {
                done += planned.seconds;
                continue;
            }
            let share = f64::from(planned.begun) / f64::from(planned.steps.max(1));
            planned.begun += 1;
            done += planned.seconds * share.min(1.0);
        }
        if total > 0.0 { done / total } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_grows_step_by_step_and_stays_below_the_whole() {
        let plan = MeasurePlan { start_rounds: 10, ..MeasurePlan::default() };
        let work = SessionWork::plan_session(plan, 2);
        let mut shares: Vec<f64> = (0..5).map(|_| work.begin_step(WorkPart::Probes)).collect();
        work.learn_pace(plan, &[0.4, 0.8], Duration::from_secs(5));
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
