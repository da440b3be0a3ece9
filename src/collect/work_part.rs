//! The parts of a session, which are estimated together and done in different files.

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
