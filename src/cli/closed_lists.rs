//! Options of which every value is known: help, errors and completions list them.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::cluster::EngineChoice;
use crate::cluster;
use crate::engine::EngineKind;

pub(super) fn engine_parser() -> impl TypedValueParser<Value = EngineChoice> {
    let names = EngineKind::ALL.iter().map(|kind| kind.into_str()).chain([cluster::ENGINE]);
    PossibleValuesParser::new(names)
        .map(|name| name.parse().map_or(EngineChoice::Cluster, EngineChoice::Machine))
}

/// The heading of the options that only a pack gives a meaning.
pub(super) const FOR_A_COURSE: &str = "For a course, which asks for a submission";

pub(super) fn edition_parser() -> PossibleValuesParser {
    PossibleValuesParser::new(crate::PACKS.iter().flat_map(|pack| pack.edition_names()))
}
