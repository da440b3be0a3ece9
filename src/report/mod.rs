//! Reports: what was judged, through templates, into Markdown and HTML.

pub(crate) mod about;
mod about_words;
pub(crate) mod assessment;
pub(crate) mod chapters;
mod chart_scale;
pub(crate) mod charts;
pub(crate) mod checked;
pub(crate) mod comparison;
pub(crate) mod costs;
pub(crate) mod document;
pub mod escape;
pub mod excerpts;
pub mod fact_links;
pub(crate) mod file_links;
pub(crate) mod fleet;
pub(crate) mod functions;
pub(crate) mod lookups;
pub mod markdown;
pub(crate) mod notes;
pub(crate) mod number;
pub(crate) mod pack;
pub(crate) mod phases;
mod renderer;
#[cfg(test)]
mod statement_tests;
pub(crate) mod templates;
pub mod trend;
mod unused_files;

pub use assessment::{Assessment, ProjectData, find_candidate};
pub use file_links::FileLinks;
pub use number::format_measured;
pub(crate) use number::format_ratio;
pub use renderer::{EvidenceLinks, Renderer, describe_place};
pub use templates::TemplateEngine;
pub(crate) use unused_files::warn_of_unused_files;
