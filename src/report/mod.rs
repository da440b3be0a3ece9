//! Reports: what was judged, through templates, into Markdown and HTML.

pub mod about;
pub mod assessment;
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
mod renderer;
pub mod submission;
pub mod templates;
pub mod trend;

pub use assessment::{Assessment, ProjectData};
pub use number::format_measured;
pub use renderer::{EvidenceLinks, Renderer, describe_place};
pub use templates::{EnginePool, PooledEngine, TemplateEngine};
