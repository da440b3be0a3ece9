//! Exports: a run in the forms that others ask for.

pub mod benchmark;
pub mod hyperfine;
pub mod lab12;
pub mod series;
