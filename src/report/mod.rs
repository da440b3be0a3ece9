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

pub use number::format_measured;
pub use subject::{Assessment, ProjectData};
pub use templates::{EnginePool, PooledEngine, TemplateEngine};
pub use voice::{EvidenceLinks, Renderer, describe_place};
