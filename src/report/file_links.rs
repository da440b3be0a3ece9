//! Links from a document that stands alone to the files that the evidence lies in.

use std::collections::BTreeMap;
use std::ops::Range;

use super::assessment::Assessment;
use super::escape;
use crate::model::CaptureOrigin;

/// Where the captures of a run lie in files, seen from a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileLinks {
    /// The evidence file that a capture was read from, by the id of the capture.
    evidence_files: BTreeMap<String, String>,
    /// The file of the run; none if it lies outside of the project.
    run_file: Option<String>,
    /// Which lines of that file are those of a capture, by its id; the first line is 1.
    lines: BTreeMap<String, Range<usize>>,
}

impl FileLinks {
    /// The places of the captures of a run. `base` begins every address: the way from the document
    /// to the project, or the address of a copy of it. `run_file` is the path of the run's file in
    /// the project, whose text is `text`.
    pub(crate) fn find_places(
        assessment: &Assessment,
        base: &str,
        run_file: Option<&str>,
        text: &str,
    ) -> Self {
        let files = list_evidence_files(assessment).into_iter();
        let files = files.map(|(id, path)| (id, format!("{base}{}", escape::url_path(&path))));
        Self {
            evidence_files: files.collect(),
            run_file: run_file.map(|path| format!("{base}{}", escape::url_path(path))),
            lines: capture_lines(text),
        }
    }

    /// Whether a line of the run's own file can be named; it cannot if the file is one line.
    pub(crate) fn has_lines(&self) -> bool {
        self.run_file.is_none() || !self.lines.is_empty()
    }

    /// The address of a line of a capture, or of the capture; none if it lies in no file.
    pub(super) fn source_url(&self, capture: &str, line: Option<u32>) -> Option<String> {
        let line = line.and_then(|line| usize::try_from(line).ok());
        if let Some(file) = self.evidence_files.get(capture) {
            return Some(match line {
                Some(line) => format!("{file}#L{line}"),
                None => file.clone(),
            });
        }
        let file = self.run_file.as_ref()?;
        let Some(lines) = self.lines.get(capture) else {
            // Where no line can be named, the id of the capture is what to search the file for.
            return Some(format!("{file}#{}", escape::url_path(capture)));
        };
        let place = match line {
            Some(line) => lines.start + line - 1,
            None => lines.start,
        };
        Some(if lines.contains(&place) { format!("{file}#L{place}") } else { file.clone() })
    }
}

/// The evidence file that a document names for a capture, by the capture's id: a path as the edition
/// has it, from the project's folder.
pub(crate) fn list_evidence_files(assessment: &Assessment) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for capture in &assessment.run.captures {
        if let (Some(edition), CaptureOrigin::File { path, slot: Some(slot) }) =
            (assessment.project_data.edition.as_deref(), &capture.origin)
            && let Some(path) = edition.evidence_path(path, slot)
        {
            files.insert(capture.id.clone(), path);
        }
    }
    files
}

/// Which lines of a run file are those of each capture, if the file has the form in which
/// isoproof writes it: one line of a capture on a line of its own.
fn capture_lines(text: &str) -> BTreeMap<String, Range<usize>> {
    let mut found = BTreeMap::new();
    let mut id: Option<String> = None;
    let mut is_output = false;
    let mut start = None;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(value) = line.strip_prefix("      \"id\": ") {
            id = serde_json::from_str(value.trim_end_matches(',')).ok();
        } else if line.starts_with("      \"") {
            is_output = line == "      \"stdout\": {";
        } else if is_output && line == "        \"lines\": [" {
            start = Some(number + 1);
        } else if line.starts_with("        ]")
            && let (Some(start), Some(id)) = (start.take(), id.take())
        {
            found.insert(id, start..number);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_capture_is_found_in_the_file_of_its_run() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runs");
        let mut checked = 0;
        for entry in std::fs::read_dir(path).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let run: crate::model::Run = serde_json::from_str(&text).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let places = capture_lines(&text);
            for capture in &run.captures {
                let bytes = capture.stdout.decoded_bytes().unwrap();
                let Some(place) = places.get(&capture.id) else {
                    assert!(
                        std::str::from_utf8(&bytes).is_err() || bytes.is_empty(),
                        "{capture:?}"
                    );
                    continue;
                };
                for (own, line) in crate::text::split_lines(&bytes).iter().zip(place.clone()) {
                    let written = lines[line - 1].trim().trim_end_matches(',');
                    let written: String = serde_json::from_str(written).unwrap();
                    assert_eq!(written.trim_end_matches('\r'), own);
                    checked += 1;
                }
            }
        }
        assert!(checked > 1000, "{checked}");
    }

    #[test]
    fn a_capture_leads_to_its_evidence_file_or_to_the_file_of_the_run() {
        let links = FileLinks {
            evidence_files: [("a b".to_string(), "lab/a%20b".to_string())].into(),
            run_file: Some("data/runs/x.json".into()),
            lines: [("kata/x".to_string(), 10..12)].into(),
        };
        let url = |capture, line| links.source_url(capture, line).unwrap();
        assert_eq!(url("a b", Some(3)), "lab/a%20b#L3");
        assert_eq!(url("a b", None), "lab/a%20b");
        assert_eq!(url("kata/x", Some(2)), "data/runs/x.json#L11");
        assert_eq!(url("kata/x", None), "data/runs/x.json#L10");
        assert_eq!(url("kata/x", Some(3)), "data/runs/x.json");
        assert_eq!(url("kata/y", Some(1)), "data/runs/x.json#kata/y");
        assert!(links.has_lines());
        assert!(!FileLinks { run_file: Some("x.json".into()), ..Default::default() }.has_lines());
        assert_eq!(FileLinks::default().source_url("kata/x", Some(1)), None);
    }
}
