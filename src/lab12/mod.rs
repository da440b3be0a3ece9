//! The course's pack: all that knows the lab of runc and Kata.
//!
//! The editions of the lab and what each asks for, the evidence directory that it has its students
//! fill (import, export, readers), and hand-written reports held against evidence.

pub mod claims;
pub(crate) mod edition;
pub(crate) mod export;
pub mod import;
pub mod readers;
