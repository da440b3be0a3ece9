//! Readings of evidence files that exist in a test only.

#![allow(dead_code, reason = "each test file uses its part")]

use isoproof::lab12::readers::{EvidenceSlot, LabReading, SLOTS, assign_slots, read_lab_captures};
use isoproof::model::{Capture, CaptureOrigin, CaptureStatus, CapturedStream, Fact, MissingReason};

/// Captures of files that exist in the test only.
pub fn captures(files: &[(&str, &[u8])]) -> Vec<Capture> {
    let capture = |(path, bytes): &(&str, &[u8])| Capture {
        id: (*path).into(),
        target: None,
        origin: CaptureOrigin::File { path: (*path).into(), slot: None },
        status: CaptureStatus::Ok,
        exit: None,
        started: None,
        duration_ms: None,
        stdout: CapturedStream::new(bytes),
        stderr: None,
    };
    let mut captures: Vec<Capture> = files.iter().map(capture).collect();
    assign_slots(&mut captures);
    captures
}

/// A reading with look-ups that say what they looked for when they fail.
pub struct Facts(pub LabReading);

/// Reads files that exist in the test only.
pub fn reading(files: &[(&str, &str)]) -> Facts {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(p, t)| (*p, t.as_bytes())).collect();
    Facts(read_lab_captures(&captures(&files)))
}

/// The first slot of each content, so that every reader reads once.
pub fn one_slot_for_each_reader() -> impl Iterator<Item = &'static EvidenceSlot> {
    SLOTS.iter().enumerate().filter_map(|(at, slot)| {
        let mut before = SLOTS[..at].iter();
        before.all(|other| other.content != slot.content).then_some(slot)
    })
}

/// Reads one file.
pub fn one(path: &str, text: &str) -> Facts {
    reading(&[(path, text)])
}

impl Facts {
    pub fn get(&self, id: &str, target: &str) -> &Fact {
        let by_target = self.0.facts.get(id).unwrap_or_else(|| panic!("no fact {id}"));
        by_target.get(target).unwrap_or_else(|| panic!("no fact {id} on {target}"))
    }

    /// Asserts a text.
    pub fn text(&self, id: &str, target: &str, wanted: &str) -> &Self {
        let fact = self.get(id, target);
        assert_eq!(fact.as_str(), Some(wanted), "{id} on {target}: {fact:?}");
        self
    }

    /// Asserts a whole number.
    pub fn number(&self, id: &str, target: &str, wanted: i64) -> &Self {
        let fact = self.get(id, target);
        assert_eq!(fact.as_i64(), Some(wanted), "{id} on {target}: {fact:?}");
        self
    }

    /// Asserts a series.
    pub fn series(&self, id: &str, target: &str, wanted: &[f64]) -> &Self {
        let fact = self.get(id, target);
        let values = fact.as_series().map(|series| &series.values[..]);
        assert_eq!(values, Some(wanted), "{id} on {target}: {fact:?}");
        self
    }

    /// Asserts a structured value.
    pub fn json(&self, id: &str, target: &str, wanted: serde_json::Value) -> &Self {
        let fact = self.get(id, target);
        assert_eq!(fact.as_value(), Some(&wanted), "{id} on {target}: {fact:?}");
        self
    }

    /// Asserts the reason why there is no value.
    pub fn missing(&self, id: &str, target: &str, why: MissingReason) -> &Self {
        match self.get(id, target) {
            Fact::Missing(missing) if missing.why == why => self,
            fact => panic!("{id} on {target}: wanted {why:?}, found {fact:?}"),
        }
    }

    /// Asserts that the reason holds words.
    pub fn because(&self, id: &str, target: &str, words: &str) -> &Self {
        match self.get(id, target) {
            Fact::Missing(missing) if missing.reason.contains(words) => self,
            fact => panic!("{id} on {target}: wanted `{words}`, found {fact:?}"),
        }
    }

    /// Asserts where a fact was read.
    pub fn at(&self, id: &str, target: &str, capture: &str, line: u32) -> &Self {
        let source = self.get(id, target).source().map(|s| (s.capture.as_str(), s.line));
        assert_eq!(source, Some((capture, Some(line))), "{id} on {target}");
        self
    }
}
