//! Options of which every value is known: help, errors and completions list them.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::cluster::EngineChoice;
use crate::cluster;
use crate::engine::EngineKind;
use crate::lab12::edition::Edition;

/// Reads the name of an engine, or `kubernetes`.
pub(super) fn engine_parser() -> impl TypedValueParser<Value = EngineChoice> {
    let names = EngineKind::ALL.iter().map(|kind| kind.name()).chain([cluster::ENGINE]);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<EngineChoice>())
}

/// Reads the name of an edition of the lab.
pub(super) fn edition_parser() -> impl TypedValueParser<Value = Edition> {
    let names = Edition::ALL.iter().map(|edition| edition.edition_name());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Edition>())
}
