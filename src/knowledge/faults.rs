//! Known faults: from the words of an engine or a shim to cause and remedy,
//! `data/knowledge/faults.toml`.

use std::path::Path;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::Severity;
use crate::assets;
use crate::error::{Error, Result};
use crate::text::strip_ansi;

const FILE: &str = "knowledge/faults.toml";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnownFault {
    /// The id in kebab-case.
    pub id: String,
    pub severity: Severity,
    /// Regular expressions for its words; none if it says nothing.
    #[serde(default)]
    pub patterns: Vec<String>,
    pub example: Option<String>,
    /// What lies behind it.
    pub cause: String,
    pub fix: String,
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultTable {
    fault: Vec<KnownFault>,
}

#[derive(Debug)]
pub(crate) struct KnownFaults {
    faults: Vec<(KnownFault, Vec<Regex>)>,
}

impl KnownFaults {
    /// The shipped table, or a project's own from `data` (its `data/` folder).
    pub(crate) fn load(data: Option<&Path>) -> Result<Self> {
        super::parse_table(&assets::read_data(data, FILE)?, Self::from_table)
    }

    fn from_table(table: FaultTable) -> Result<Self> {
        let mut faults: Vec<(KnownFault, Vec<Regex>)> = Vec::new();
        for fault in table.fault {
            if faults.iter().any(|(other, _)| other.id == fault.id) {
                return Err(Error::unusable_input(format!("there are two faults `{}`", fault.id)));
            }
            let patterns = compile_patterns(&fault)?;
            faults.push((fault, patterns));
        }
        Ok(Self { faults })
    }

    /// The fault that explains what an engine or a shim said: of several the one that stands
    /// first in the table.
    pub(crate) fn explain_error(&self, text: &str) -> Option<&KnownFault> {
        let text = plain_line(text);
        let mut faults = self.iter_compiled();
        let said =
            faults.find(|(_, patterns)| patterns.iter().any(|pattern| pattern.is_match(&text)));
        said.map(|(fault, _)| fault)
    }

    pub(crate) fn find_fault(&self, id: &str) -> Option<&KnownFault> {
        self.iter_faults().find(|fault| fault.id == id)
    }

    pub(crate) fn iter_faults(&self) -> impl Iterator<Item = &KnownFault> {
        self.iter_compiled().map(|(fault, _)| fault)
    }

    fn iter_compiled(&self) -> impl Iterator<Item = (&KnownFault, &[Regex])> {
        self.faults.iter().map(|(fault, patterns)| (fault, patterns.as_slice()))
    }
}

fn compile_patterns(fault: &KnownFault) -> Result<Vec<Regex>> {
    let mut patterns = Vec::new();
    for pattern in &fault.patterns {
        let compiled = RegexBuilder::new(pattern).case_insensitive(true).build();
        patterns.push(compiled.map_err(|error| {
            Error::unusable_input(format!("fault `{}`: in `patterns`: {error}", fault.id))
        })?);
    }
    Ok(patterns)
}

/// One line without colours and escaped quotes: engines wrap a shim's words in their log format.
fn plain_line(text: &str) -> String {
    let text = strip_ansi(text).replace("\\n", " ").replace("\\\"", "\"");
    crate::text::join_words(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> KnownFaults {
        KnownFaults::load(None).unwrap()
    }

    #[test]
    fn every_example_is_explained_by_its_own_fault() {
        let faults = shipped();
        for fault in faults.iter_faults() {
            assert_eq!(fault.patterns.is_empty(), fault.example.is_none(), "{}", fault.id);
            if let Some(example) = &fault.example {
                let found = faults.explain_error(example).map(|found| found.id.as_str());
                assert_eq!(found, Some(fault.id.as_str()), "{example}");
            }
        }
    }

    #[test]
    fn what_is_unknown_is_not_explained() {
        let faults = shipped();
        for text in [
            "",
            "No such file or directory (os error 2)",
            "operation not permitted",
            "context deadline exceeded",
            "/ # uname -r",
        ] {
            assert!(faults.explain_error(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_harmless_warning_does_not_hide_the_failure_below_it() {
        let text = "time=\"x\" level=warning msg=\"cannot set cgroup manager to \\\"systemd\\\" for \
                    runtime \\\"io.containerd.kata.v2\\\"\"\ntime=\"x\" level=fatal msg=\"failed to \
                    start shim: runtime \\\"io.containerd.kata.v2\\\" binary not installed \
                    \\\"containerd-shim-kata-v2\\\": file does not exist\"";
        assert_eq!(shipped().explain_error(text).unwrap().id, "shim-not-found");
    }

    #[test]
    fn the_causes_of_a_rust_error_may_stand_on_lines_of_their_own() {
        let text = "failed to handle message start sandbox\n\nCaused by:\n    0: start vm\n    1: \
                    start vmm server\n    2: run vmm server\n    3: No such file or directory (os \
                    error 2)";
        assert_eq!(shipped().explain_error(text).unwrap().id, "no-kvm");
    }

    #[test]
    fn notes_stand_behind_what_explains_a_failure() {
        let faults = shipped();
        let with_words = faults.iter_faults().filter(|fault| !fault.patterns.is_empty());
        let ranks: Vec<Severity> = with_words.map(|fault| fault.severity).collect();
        assert!(ranks.is_sorted_by(|a, b| a >= b), "{ranks:?}");
    }

    #[test]
    fn a_broken_pattern_is_named_with_its_fault() {
        let text = "[[fault]]\nid = \"a\"\nseverity = \"note\"\npatterns = ['(']\nexample = \"\"\n\
                    cause = \"\"\nfix = \"\"\nsource = \"\"\n";
        assert!(
            KnownFaults::from_table(toml::from_str(text).unwrap())
                .unwrap_err()
                .message
                .starts_with("fault `a`")
        );
    }
}
