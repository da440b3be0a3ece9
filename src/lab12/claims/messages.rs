//! A type for the message of each rule about reports.

/// Where the words of the rules are, in `data/`.
pub(crate) const RULES_FOLDER: &str = "lab12/claims/rules/";

include!(concat!(env!("OUT_DIR"), "/lab12_claims_rules.rs"));
