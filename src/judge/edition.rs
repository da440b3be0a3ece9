//! What a consumer of evidence asks for, as far as rules and reports need to know it.

use std::any::Any;
use std::fmt;

use crate::model::{FactId, Role};

/// What one edition of a pack asks for; `report::pack` tells what a pack is.
pub trait PackEdition: Any + fmt::Debug + Send + Sync {
    fn edition_name(&self) -> &str;

    /// The template of the document that it wants, in `templates/`.
    fn document_template(&self) -> String;

    fn wanted_runtime(&self, role: Role) -> Option<&str>;

    /// The ids of what it asks for that a fact shows.
    fn requests_for(&self, fact: FactId) -> Vec<&str>;

    fn file_command(&self, file: &str) -> Option<&str>;

    /// Where an evidence file lies that has this path in its directory and was read as `slot`, seen
    /// from the folder that the document is handed in with; none if it is no file of its evidence.
    fn evidence_path(&self, path: &str, slot: &str) -> Option<String>;
}
