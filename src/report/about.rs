//! What a probe or a verdict is, in parts under headings: the one source of `isoproof explain` and
//! of the pages in the site.

use serde::Serialize;

use super::ProjectData;
use super::about_words::AboutWords;
use crate::judge::RuleExample;
use crate::judge::words::ConclusionDoc;
use crate::model::{FactId, Role};
use crate::phrases::fill_phrase;
use crate::probe::catalogue::{EvidenceStrength, Probe, ProbePlace};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AboutPage {
    pub id: String,
    /// A few words.
    pub title: String,
    pub kind: String,
    pub parts: Vec<AboutPart>,
}

/// One of the things that are to be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AboutPart {
    pub heading: String,
    /// Prose of our own data.
    pub text: String,
    /// What was typed or printed, as it stands.
    pub output: String,
    pub outcome: String,
    /// Probes that are meant: id and title.
    pub probes: Vec<(String, String)>,
}

/// Collects parts; those without content are left out.
struct AboutParts<'a> {
    words: &'a AboutWords,
    parts: Vec<AboutPart>,
}

impl AboutParts<'_> {
    fn add_prose(&mut self, heading: &str, text: impl Into<String>) {
        self.add_part(heading, text.into(), String::new(), String::new());
    }

    fn add_part(&mut self, heading: &str, text: String, output: String, outcome: String) {
        if !text.trim().is_empty() || !output.is_empty() {
            let heading = self.words.heading_words(heading);
            self.parts.push(AboutPart { heading, text, output, outcome, probes: Vec::new() });
        }
    }
}

impl AboutPage {
    /// What a probe is: question, place, command, reading, worth, and what a missing answer means.
    pub(crate) fn about_probe(project_data: &ProjectData, probe: &Probe) -> Self {
        let words = &*project_data.about;
        let mut parts = AboutParts { words, parts: Vec::new() };
        parts.add_prose("asks", probe.asks.as_str());
        let places = probe.place.iter().filter_map(|place| words.places.get(<&str>::from(*place)));
        parts.add_prose("place", places.cloned().collect::<Vec<_>>().join(" "));
        parts.add_part(
            "command",
            String::new(),
            project_data.catalogue.answering_command(probe).into(),
            String::new(),
        );
        if let Some(record) = &probe.from {
            let words = if record.field.is_some() { "record-lines" } else { "record" };
            let field = record.field.as_deref().unwrap_or_default();
            let values = [("capture", record.capture.as_str()), ("field", field)];
            parts.add_prose("record", fill_phrase(parts.words.sentence_words(words), &values));
        }
        let parser = probe.from.as_ref().and_then(|record| record.parser.as_ref());
        if let Some(doc) = words.parsers.get(parser.unwrap_or(&probe.parser)) {
            parts.add_prose("reads", doc.reads.as_str());
            parts.add_part("read", String::new(), doc.found.clone(), doc.value.clone());
            if let (Some(text), Some(reason)) = (&doc.not_found, &doc.reason) {
                parts.add_part("unread", String::new(), text.clone(), reason.clone());
            }
        }
        parts.add_prose("unit", probe.unit.as_str());
        parts.add_prose("proves", probe.proves.as_str());
        let missing =
            missing_reasons(&probe.place).into_iter().filter_map(|key| words.missing.get(key));
        parts.add_prose("missing", missing.cloned().collect::<Vec<_>>().join("\n"));
        let volatile = match (
            probe.volatile.applies_to_role(Role::Host),
            probe.volatile.applies_to_role(Role::Candidate),
        ) {
            (true, true) => "everywhere",
            (true, false) => "host",
            (false, true) => "container",
            (false, false) => "never",
        };
        parts.add_prose("volatile", words.volatile.get(volatile).cloned().unwrap_or_default());
        let private = if probe.sensitive { "yes" } else { "no" };
        parts.add_prose("private", words.private.get(private).cloned().unwrap_or_default());
        let asked = project_data
            .editions
            .iter()
            .flat_map(|edition| edition.requests_for(FactId::from_text(&probe.id)));
        parts.add_prose("asked", asked.collect::<Vec<_>>().join(", "));
        Self {
            id: probe.id.clone(),
            title: probe.title.clone(),
            kind: match probe.strength {
                EvidenceStrength::None => words.sentence_words("probe-no-evidence").into(),
                worth => fill_phrase(words.sentence_words("probe"), &[("strength", worth.into())]),
            },
            parts: parts.parts,
        }
    }

    /// What a verdict is: meaning, the facts that decide, what misleads, and facts that give it.
    pub(crate) fn about_verdict(project_data: &ProjectData, doc: &ConclusionDoc) -> Self {
        let words = &*project_data.about;
        let mut parts = AboutParts { words, parts: Vec::new() };
        parts.add_prose(
            "says",
            fill_phrase(words.sentence_words("says"), &[("predicate", &doc.predicate)]),
        );
        parts.add_prose("means", doc.means.as_str());
        parts.add_prose("does_not_mean", doc.does_not_mean.as_str());
        parts.add_prose("decides", doc.decides.trim());
        let heading = words.heading_words("facts");
        let mut probes = Vec::new();
        for id in &doc.facts {
            let probe = project_data.catalogue.find_probe(id);
            probes.push((id.clone(), probe.map_or(id, |probe| &probe.title).clone()));
        }
        let (text, output, outcome) = (String::new(), String::new(), String::new());
        parts.parts.push(AboutPart { heading, text, output, outcome, probes });
        parts.add_prose("traps", doc.traps.trim());
        for (heading, examples) in [("reached", &doc.found), ("other", &doc.not_found)] {
            for example in examples {
                let outcome = example.says.first().unwrap_or(&doc.title);
                parts.add_part(
                    heading,
                    example.what.clone(),
                    example_facts(example),
                    outcome.clone(),
                );
            }
        }
        Self {
            id: doc.id.clone(),
            title: doc.title.clone(),
            kind: words.sentence_words("verdict").into(),
            parts: parts.parts,
        }
    }
}

/// The kinds of reasons for which an answer of a probe can be missing.
fn missing_reasons(places: &[ProbePlace]) -> Vec<&'static str> {
    let mut kinds: Vec<&str> = places
        .iter()
        .map(|place| match place {
            ProbePlace::Host | ProbePlace::Container | ProbePlace::HostSide => "asked",
            ProbePlace::Measurement | ProbePlace::HostMeasurement => "measured",
            ProbePlace::Import => "imported",
        })
        .collect();
    kinds.dedup();
    kinds
}

/// The facts of an example, one a line.
fn example_facts(example: &RuleExample) -> String {
    let mut out = String::new();
    for (id, by_target) in &example.facts {
        for (target, value) in by_target {
            out.push_str(&format!("{id} on {target}: {value}\n"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::parse;

    #[test]
    fn every_parser_reads_of_its_examples_what_they_state() {
        let words = AboutWords::load_words(None).unwrap();
        let mut wrong = Vec::new();
        for name in parse::NAMES {
            let doc = words.parsers.get(*name).unwrap_or_else(|| panic!("{name} has no words"));
            let value =
                parse::parse_output(name, &doc.found).unwrap().map(|value| value.to_string());
            if value.as_deref().ok() != Some(doc.value.as_str()) {
                wrong.push(format!("{name}: value = {value:?}"));
            }
            // A list of lines may be empty: no text is unlike it.
            assert!(doc.not_found.is_some() || *name == "lines", "{name}");
            let text = doc.not_found.as_deref().unwrap_or_default();
            let read = parse::parse_output(name, text).unwrap();
            let reason = read.err().map(|unread| unread.reason);
            if reason != doc.reason {
                wrong.push(format!("{name}: reason = {reason:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(words.parsers.len(), parse::NAMES.len());
    }

    #[test]
    fn every_probe_and_verdict_is_explained_in_full() {
        let project_data = ProjectData::load_data(None).unwrap();
        let has = |about: &AboutPage, keys: &[&str]| {
            for key in keys {
                let heading = project_data.about.heading_words(key);
                assert!(!heading.is_empty(), "{key}");
                let is_there = about.parts.iter().any(|part| part.heading == heading);
                assert!(is_there, "{} has no part `{heading}`", about.id);
            }
        };
        for probe in project_data.catalogue.iter_probes() {
            let keys =
                ["asks", "place", "reads", "read", "proves", "missing", "volatile", "private"];
            let about = AboutPage::about_probe(&project_data, probe);
            has(&about, &keys);
            if probe.parser != "lines" {
                has(&about, &["unread"]);
            }
        }
        for doc in project_data.words.values() {
            let about = AboutPage::about_verdict(&project_data, doc);
            has(&about, &["says", "means", "does_not_mean", "decides", "facts", "traps"]);
            has(&about, &["reached", "other"]);
            for id in &doc.facts {
                assert!(project_data.catalogue.find_probe(id).is_some(), "{}: {id}", doc.id);
            }
        }
    }
}
