//! Parsers: small named functions from the text of a capture to a value.

/// The names that a catalogue entry may use.
pub const NAMES: &[&str] = &["line", "text", "integer"];
