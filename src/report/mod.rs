//! Reports: what was judged, through templates, into Markdown and HTML.

pub mod about;
pub mod chapters;
pub mod charts;
pub mod comparison;
pub mod coverage;
pub mod escape;
pub mod excerpts;
pub mod functions;
pub mod lookups;
pub mod markdown;
pub mod notes;
mod number;
pub mod phases;
pub mod subject;
pub mod submission;
pub mod templates;
pub mod trend;
mod voice;

pub use number::measured;
pub use subject::{Shelf, Subject};
pub use templates::{Engine, Lent, Pool};
pub use voice::{Links, Voice, place};
