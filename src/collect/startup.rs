//! Start-up: how long a container takes from the engine's client being started to its end.
//!
//! The runtimes take turns in random order within each round, after discarded warm-ups: in
//! blocks, the drift of the machine would show as a difference between runtimes. A start that
//! failed is recorded and is no sample.

use std::time::Duration;

use super::{Session, Spec, host_side};
use crate::engine::Mode;
use crate::engine::process::{Finished, timed};
use crate::model::Capture;

/// What the container prints, so that a start that did nothing is not taken for a fast one.
const WORD: &str = "ready";

/// How many starts are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounds {
    /// Starts of each target that are thrown away.
    pub warmup: u32,
    /// Starts of each target that are kept.
    pub samples: u32,
}

/// One start.
struct Start {
    round: u32,
    target: usize,
    seconds: f64,
    outcome: Result<(), String>,
}

/// Measures, and returns a series and its protocol for each target.
pub fn captures(session: &Session, specs: &[Spec], rounds: Rounds) -> Vec<Capture> {
    if rounds.samples == 0 || specs.is_empty() {
        return Vec::new();
    }
    let mut order = Order::new(&session.id);
    let mut starts = Vec::new();
    for round in 0..rounds.warmup + rounds.samples {
        session.progress.step(
            "start-up",
            &format!("round {} of {}", round + 1, rounds.warmup + rounds.samples),
        );
        for target in order.shuffled(specs.len()) {
            if session.is_cancelled() {
                return Vec::new();
            }
            let start = start(session, &specs[target], round, target);
            // The first rounds fill caches.
            if round >= rounds.warmup {
                starts.push(start);
            }
        }
    }
    specs
        .iter()
        .enumerate()
        .flat_map(|(index, spec)| protocol(spec, index, &starts, rounds))
        .collect()
}

fn start(session: &Session, spec: &Spec, round: u32, target: usize) -> Start {
    let name = session.container_name(&spec.name, &format!("start{round}"));
    let argv = session.argv(spec, &name, &["echo", WORD], Mode::Attached, &[]);
    let (seconds, outcome) = match timed(&argv, session.timeout) {
        Ok(finished) => (finished.duration.as_secs_f64(), outcome(&finished)),
        Err(error) => (Duration::ZERO.as_secs_f64(), Err(error.message)),
    };
    Start { round, target, seconds, outcome }
}

fn outcome(finished: &Finished) -> Result<(), String> {
    if finished.is_success() && finished.text() == WORD {
        return Ok(());
    }
    Err(finished.complaint())
}

/// The series, one figure a line, and beside it every start with its place in the order.
fn protocol(spec: &Spec, index: usize, starts: &[Start], rounds: Rounds) -> Vec<Capture> {
    let own = || starts.iter().enumerate().filter(|(_, start)| start.target == index);
    let series: String = own()
        .filter(|(_, start)| start.outcome.is_ok())
        .map(|(_, start)| format!("{:.6}\n", start.seconds))
        .collect();
    let list: String = own()
        .map(|(place, start)| {
            let end = match &start.outcome {
                Ok(()) => "ok".to_string(),
                Err(words) => format!("failed: {words}"),
            };
            format!(
                "start {}, round {}: {:.6} s, {end}\n",
                place + 1,
                start.round + 1,
                start.seconds
            )
        })
        .collect();
    let how = format!(
        "seconds from the start of the engine's client to its end, for a container that prints \
         one word; runtimes in random order within each round, {} discarded",
        rounds.warmup
    );
    vec![
        host_side::capture(spec, "startup.wall", &how, &series),
        host_side::capture(
            spec,
            "startup.wall.detail",
            "every start, in the order of the session",
            &list,
        ),
    ]
}

/// Random orders from a seed (xorshift64*, Vigna 2016), so that a session's order can be made
/// again from its id.
struct Order {
    state: u64,
}

impl Order {
    fn new(seed: &str) -> Self {
        let state = seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { state: state.max(1) }
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// The numbers below `count` in random order (Fisher and Yates).
    fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut list: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            let other = (self.next() >> 33) as usize % (last + 1);
            list.swap(last, other);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;

    #[test]
    fn orders_are_permutations_that_a_seed_repeats() {
        let (mut one, mut other) = (Order::new("a"), Order::new("a"));
        let mut first_places = [0; 4];
        for _ in 0..400 {
            let order = one.shuffled(4);
            assert_eq!(order, other.shuffled(4));
            first_places[order[0]] += 1;
            let mut sorted = order;
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3]);
        }
        assert!(first_places.iter().all(|&n| n > 60), "{first_places:?}");
    }

    #[test]
    fn a_failed_start_is_recorded_and_is_no_sample() {
        let start = |round, seconds, outcome: Result<(), &str>| Start {
            round,
            target: 0,
            seconds,
            outcome: outcome.map_err(String::from),
        };
        let starts = [start(1, 0.4, Ok(())), start(2, 0.01, Err("no such runtime"))];
        let spec = Spec { name: "runc".into(), role: Role::Baseline, handler: None };
        let captures = protocol(&spec, 0, &starts, Rounds { warmup: 1, samples: 2 });
        assert_eq!(captures[0].stdout.bytes().unwrap(), b"0.400000\n");
        let list = String::from_utf8(captures[1].stdout.bytes().unwrap()).unwrap();
        assert!(list.contains("start 2, round 3: 0.010000 s, failed: no such runtime"), "{list}");
    }
}
