//! What captures hold that reports copy word by word.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::dates::{StatedDate, find_dates};
use crate::model::{FactSource, Run};

/// What the captures of a run hold that reports copy word by word, found in one pass.
#[derive(Debug, Default)]
pub(super) struct CapturedPhrases {
    /// The names of processors, with their places.
    pub models: BTreeMap<String, FactSource>,
    /// Parameters with their values, and addresses with their prefixes.
    pub assignments: BTreeSet<String>,
    /// Interfaces with the sizes of their packets.
    pub sizes: BTreeSet<(String, String)>,
    /// All days.
    pub dates: BTreeSet<StatedDate>,
}

/// The most processors and sizes of packets that one sentence is compared with.
const MAX_KINDS: usize = 64;

impl CapturedPhrases {
    /// The phrases of a run.
    pub(super) fn collect_phrases(run: &Run) -> Self {
        let mut found = Self::default();
        for capture in &run.captures {
            for (number, line) in (1..).zip(capture.stdout.text_lines().iter()) {
                if let Some((label, model)) = line.split_once(':')
                    && label.trim().eq_ignore_ascii_case("model name")
                    && found.models.len() < MAX_KINDS
                {
                    let source = FactSource { capture: capture.id.clone(), line: Some(number) };
                    found.models.entry(model.trim().to_string()).or_insert(source);
                }
                if let Some(size) = CAPTURED_SIZE.captures(line)
                    && found.sizes.len() < MAX_KINDS
                {
                    found.sizes.insert((size[1].to_string(), size[2].to_string()));
                }
                for pattern in [&PARAMETER, &PREFIXED] {
                    let all = pattern.find_iter(line);
                    found.assignments.extend(all.map(|one| one.as_str().to_string()));
                }
                found.dates.extend(find_dates(line));
            }
        }
        found
    }
}

/// A parameter with its value.
pub(super) static PARAMETER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b([a-z][a-z0-9_.]{3,})=([\w./,:-]*\w)")
        .unwrap_or_else(|error| unreachable!("{error}"))
});

/// An address with the length of its prefix.
pub(super) static PREFIXED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b((?:10|172|192)(?:\.\d{1,3}){3})/(\d{1,2})\b")
        .unwrap_or_else(|error| unreachable!("{error}"))
});

static CAPTURED_SIZE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\d+: ([^:@\s]+)(?:@\S+)?: <.*\bmtu (\d+)")
        .unwrap_or_else(|error| unreachable!("{error}"))
});
