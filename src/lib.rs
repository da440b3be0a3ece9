//! isoproof captures evidence of how a container runtime isolates, judges it, and renders it
//! into a lab submission and a site.
//!
//! Data flows one way, from captures to facts to verdicts to pages; `ARCHITECTURE.md` in the
//! repository tells the floors.

// `cli::console` prints, and makes hostile text visible.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod assets;
pub mod atomic;
pub mod claims;
pub mod cli;
pub mod clock;
pub mod collect;
pub mod diff;
pub mod doctor;
pub mod engine;
pub mod error;
pub mod export;
pub mod import;
pub mod init;
pub mod judge;
pub mod knowledge;
pub mod mdbook;
pub mod model;
pub mod owner;
pub mod privacy;
pub mod probe;
pub mod project;
pub mod publish;
pub mod report;
pub mod serve;
pub mod site;
pub mod sources;
pub mod stats;
pub mod store;
pub mod text;
