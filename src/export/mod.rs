//! Exports: a run in the forms that others ask for.

pub mod lab12;
