//! Plain data: what a run holds. No module here reads a clock, a file or a process.

mod capture;
mod fact;
mod run;

pub use capture::{Capture, Origin, Status, Stream};
pub use fact::{Fact, Facts, MAX_LINE, MAX_SAMPLES, Missing, Samples, Source, TIMES, Unit, Why};
pub use run::{
    Edition, Evidence, Generator, ImportForm, Redaction, Role, Run, SCHEMA_VERSION, Target,
};
