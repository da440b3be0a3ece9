//! What is measured inside of the targets.

use crate::model::fact_ids;
use std::time::Duration;

use crate::probe::catalogue::{Probe, ProbeCatalogue, ProbePlace};

/// How long one run of a loop should take, in seconds: forty ticks of a clock of 10 ms.
pub(in crate::collect) const AIM: f64 = 0.4;

/// What is measured, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collect) struct PerfPlan {
    /// How often each measure is taken under each target.
    pub rounds: u32,
    /// The size of the file that is written and read, in MiB; none for neither.
    pub file: Option<u64>,
    /// The time after which no further round is begun; none for as long as it takes.
    pub max_time: Option<Duration>,
}

/// The probes that are measured here, in an order in which a file is written before it is read.
pub(super) fn performance_probes(catalogue: &ProbeCatalogue, with_file: bool) -> Vec<&Probe> {
    let mut probes: Vec<&Probe> = catalogue.iter_probes().collect();
    probes.retain(|probe| {
        probe.id.starts_with("perf.")
            && probe.place.contains(&ProbePlace::Measurement)
            && !probe.command.is_empty()
            && (with_file || !is_file(probe))
    });
    probes.sort_by_key(|probe| (is_file(probe), probe.id == fact_ids::PERF_IO_READ));
    probes
}

/// How many loops are measured in each round.
pub(in crate::collect) fn count_loops(catalogue: &ProbeCatalogue) -> u32 {
    u32::try_from(performance_probes(catalogue, false).len()).unwrap_or(u32::MAX)
}

/// Whether a measure is about the file, whose size is given and not found out.
pub(super) fn is_file(probe: &Probe) -> bool {
    probe.id.starts_with("perf.io_")
}
