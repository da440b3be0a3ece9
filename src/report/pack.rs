//! Packs: what a consumer of evidence with demands of its own adds to the core, such as a course.
//!
//! The core knows a pack by this trait and [`PackEdition`] alone, and [`crate::PACKS`] lists those that there are. A
//! project that names no edition of a pack in its `book.toml` sees nothing of it.

use std::path::Path;
use std::sync::Arc;

use super::functions::LookupDefinition;
use crate::error::Result;
use crate::judge::{PackEdition, RuleCheck};
use crate::model::{Capture, Facts};

/// A consumer of evidence with demands of its own.
pub(crate) trait Pack: Sync {
    /// Its name, which is that of its folders in `data/` and `templates/` and of the form of
    /// evidence that it imports.
    fn pack_name(&self) -> &'static str;

    /// The names of its editions, oldest first.
    fn edition_names(&self) -> Vec<&'static str>;

    /// What an edition asks for, from the project's `data/` folder if it has a file of its own.
    ///
    /// # Errors
    ///
    /// There is no such edition, or its file cannot be used.
    fn load_edition(&self, edition: &str, data: Option<&Path>) -> Result<Arc<dyn PackEdition>>;

    /// Reads the captures of evidence that it imported into facts. Pure.
    fn read_captures(&self, captures: &[Capture]) -> Facts;

    /// Its rules; their words are in its folder `rules/`.
    fn rule_checks(&self) -> &'static [RuleCheck];

    /// The look-ups that its templates call.
    fn lookups(&self) -> &'static [LookupDefinition];
}

/// The pack that has an edition of this name.
///
/// # Errors
///
/// None has; the error names the editions that there are.
pub(crate) fn find_pack(edition: &str) -> Result<&'static dyn Pack, String> {
    let packs = crate::PACKS.iter().copied();
    let known: Vec<&str> = packs.clone().flat_map(|pack| pack.edition_names()).collect();
    packs
        .into_iter()
        .find(|pack| pack.edition_names().contains(&edition))
        .ok_or_else(|| format!("unknown edition `{edition}`: known are {}", known.join(" and ")))
}
