//! Probes: the catalogue of questions, and the reading of captures into facts.

pub(crate) mod capability;
pub mod catalogue;
pub mod collected;
pub mod hyperfine;
pub(crate) mod kernel_log;
pub(crate) mod kernel_name;
pub mod parse;
pub mod script;
pub(crate) mod unanswered;
