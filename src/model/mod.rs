//! Plain data: what a run holds. No module here reads a clock, a file or a process.

mod capture;
mod fact;
mod run;

pub use capture::{Capture, CaptureOrigin, CaptureStatus, CapturedStream};
pub use fact::{
    Fact, FactSource, Facts, MAX_LINE, MAX_SAMPLES, MissingFact, MissingReason, SampleUnit,
    Samples, TIMES,
};
pub use run::{EvidenceKind, Generator, Redaction, Role, Run, SCHEMA_VERSION, Target};
