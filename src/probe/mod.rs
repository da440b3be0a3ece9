//! Probes: the catalogue of questions, and the reading of captures into facts.

pub mod catalogue;
pub mod lab12;
pub mod parse;
