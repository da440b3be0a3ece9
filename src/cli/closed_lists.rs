//! Options of which every value is known: help, errors and completions list them.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::cluster::EngineChoice;
use crate::cluster;
use crate::engine::EngineKind;

/// Reads the name of an engine, or `kubernetes`.
pub(super) fn engine_parser() -> impl TypedValueParser<Value = EngineChoice> {
    let names = EngineKind::ALL.iter().map(|kind| kind.into_str()).chain([cluster::ENGINE]);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<EngineChoice>())
}

/// Reads the name of an edition of a pack.
pub(super) fn edition_parser() -> PossibleValuesParser {
    PossibleValuesParser::new(crate::PACKS.iter().flat_map(|pack| pack.edition_names()))
}
