//! Plain data: what a run holds. No module here reads a clock, a file or a process.

pub(crate) mod application;
mod capture;
mod fact;
mod fleet;
mod ids;
mod run;

pub use capture::{Capture, CaptureOrigin, CaptureStatus, CapturedStream};
pub use fact::{
    Fact, FactSource, Facts, MAX_LINE, MAX_SAMPLES, MissingFact, MissingReason, MissingValue,
    SampleUnit, Samples, TIMES,
};
#[cfg(test)]
pub(crate) use fleet::testing;
pub use fleet::{FLEET_VERSION, Fleet, FleetCell, FleetClass, FleetNode};
pub(crate) use ids::fact_ids;
pub use ids::{FactId, RuleId};
pub use run::{
    EvidenceKind, Generator, Redaction, Role, Run, SCHEMA_VERSION, StartEnd, Target, is_part_of,
    is_timed,
};
pub(crate) use run::{NO_STARTS, NOT_FOR_NODE, STOPPED_BY_USER, correct_skip_reason};
