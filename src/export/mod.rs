//! Exports: a run in the forms that others ask for.

pub(crate) mod benchmark;
pub(crate) mod evidence_files;
pub(crate) mod hyperfine;
pub(crate) mod prometheus;
pub(crate) mod series;
