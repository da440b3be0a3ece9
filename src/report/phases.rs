//! The phases of a start: in which the runtime makes and starts the container, and which others
//! there are.
//!
//! No engine tells the runtime's own work apart: the phases of making and starting hold the
//! engine's work for it, too. Their share is the most that making and starting can have.

use super::assessment::Assessment;
use crate::model::{Fact, FactId, Role, Samples};
use crate::stats;

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub(crate) enum PhaseOwner {
    /// The engine alone, or the runtime after it has started the container.
    Engine,
    /// The runtime, which makes and starts the container, and the engine around it.
    Runtime,
}

/// What the ids of the phases begin with.
const PREFIX: &str = "startup.phase.";

const PHASES: [&str; 6] = ["client", "create", "network", "start", "run", "removal"];

/// Who is at work in a phase. Engines that report the network as a step of its own (docker) make
/// and start the container after it; with the others the container is made before the step that
/// ends `create`.
fn phase_owner(word: &str, has_network: bool) -> PhaseOwner {
    match word {
        "start" => PhaseOwner::Runtime,
        "create" if !has_network => PhaseOwner::Runtime,
        _ => PhaseOwner::Engine,
    }
}

#[derive(Debug)]
pub(crate) struct StartPhase<'a> {
    pub word: &'static str,
    pub part: PhaseOwner,
    /// The median, in seconds.
    pub median: f64,
    pub samples: &'a Samples,
}

#[derive(Debug)]
pub(crate) struct PhaseSplit<'a> {
    pub target: &'a str,
    /// The phases that the engine told, in order.
    pub phases: Vec<StartPhase<'a>>,
}

impl PhaseSplit<'_> {
    /// The sum of the medians, in seconds. It is near the median of the whole, and not equal.
    pub(crate) fn total_seconds(&self) -> f64 {
        self.phases.iter().map(|phase| phase.median).sum()
    }

    /// The sum of the medians of one part, in seconds.
    pub(crate) fn owner_seconds(&self, part: PhaseOwner) -> f64 {
        self.phases.iter().filter(|phase| phase.part == part).map(|phase| phase.median).sum()
    }
}

/// The divided starts of every target whose engine told in which part the runtime is at work.
pub(crate) fn all_splits(assessment: &Assessment) -> Vec<PhaseSplit<'_>> {
    let targets = assessment.run.targets.iter().filter(|target| target.role != Role::Host);
    targets
        .map(|target| PhaseSplit {
            target: &target.name,
            phases: target_phases(assessment, &target.name),
        })
        .filter(|split| {
            split.total_seconds() > 0.0 && split.owner_seconds(PhaseOwner::Runtime) > 0.0
        })
        .collect()
}

fn target_phases<'a>(assessment: &'a Assessment, target: &str) -> Vec<StartPhase<'a>> {
    let series = PHASES.map(|word| {
        let fact = assessment.run.find_fact(FactId::from_text(&format!("{PREFIX}{word}")), target);
        (word, fact.and_then(Fact::as_series))
    });
    let has_network = series.iter().any(|(word, found)| *word == "network" && found.is_some());
    let mut phases = Vec::new();
    for (word, samples) in series {
        if let Some(samples) = samples
            && let Some(median) = stats::median(&samples.values)
        {
            let part = phase_owner(word, has_network);
            phases.push(StartPhase { word, part, median, samples });
        }
    }
    phases
}
