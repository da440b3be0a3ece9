//! What every Kata guest shows alike: `data/knowledge/guests.toml`.

use crate::model::{FactId, fact_ids};
use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountRange {
    pub from: i64,
    pub to: i64,
    /// No guest shows more than this.
    pub implausible_above: i64,
    /// No guest shows fewer than this.
    pub implausible_below: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestConstants {
    pub source: String,
    /// Entries in `/sys/module`.
    pub sys_module: CountRange,
    /// Entries in `/proc` of a container with a few processes.
    pub proc_entries: CountRange,
}

impl GuestConstants {
    /// The range of a fact's value, where one is known.
    pub fn count_range(&self, fact: FactId) -> Option<CountRange> {
        match fact {
            fact_ids::KERNEL_SYS_MODULE => Some(self.sys_module),
            fact_ids::PROC_ENTRIES => Some(self.proc_entries),
            _ => None,
        }
    }
}
