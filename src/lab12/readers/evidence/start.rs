//! Whether anything ran under Kata, by whichever file.

use super::EvidencePages;
use crate::lab12::readers::failure;
use crate::lab12::readers::label::EvidenceRole;
use crate::lab12::readers::page::{EvidencePage, LineKind, PageLine};
use crate::lab12::readers::{read, slot};
use crate::model::{Capture, CaptureOrigin, Fact, FactSource, Facts, MissingReason};

/// What only a container that ran tells.
const TOLD: &[&str] = &[
    "kernel.release",
    "kernel.release_compared",
    "kernel.uname",
    "kernel.banner",
    "kernel.dmesg_lines",
    "net.interfaces",
    "priv.cap_eff",
    "perf.io_write",
];

/// Counts that a container gives; fewer than [`FEWEST`] may be those of an error message.
const COUNTED: &[&str] = &["proc.entries", "kernel.sys_module", "dev.entries"];
const FEWEST: i64 = 10;

/// A line by which no container started under Kata.
pub(super) struct StartFailure {
    /// Its place.
    pub source: FactSource,
    /// The line's place and words.
    pub words: String,
}

impl EvidencePages<'_> {
    /// The line that tells that no container started under Kata; none if something that ran there
    /// tells of itself, or nothing says so.
    pub(super) fn find_start_failure(&self, facts: &Facts) -> Option<StartFailure> {
        if was_running(facts) {
            return None;
        }
        let pages = slot::SLOTS.iter().filter_map(|slot| self.pages.get(slot.path));
        pages
            .filter_map(failure_on_page)
            .chain(self.unplaced.iter().filter_map(|capture| failure_in_other_file(capture)))
            .next()
    }
}

/// Whether a fact tells that a container ran under Kata.
fn was_running(facts: &Facts) -> bool {
    let kata = EvidenceRole::Kata.target_name();
    let find = |id: &str, target: &str| facts.get(id).and_then(|by_target| by_target.get(target));
    let has_cpu = find("cpu.model", kata).and_then(Fact::as_str).is_some_and(|own| {
        find("cpu.model", EvidenceRole::Host.target_name()).and_then(Fact::as_str) != Some(own)
    });
    has_cpu
        || TOLD.iter().any(|id| find(id, kata).is_some_and(Fact::is_present))
        || COUNTED
            .iter()
            .any(|id| find(id, kata).and_then(Fact::as_i64).is_some_and(|count| count >= FEWEST))
}

fn failure_on_page(page: &EvidencePage) -> Option<StartFailure> {
    let parts = page.labelled_parts().iter().filter(|part| part.who == Some(EvidenceRole::Kata));
    let line = parts.flat_map(|part| &part.lines).find(|line| failure::tells_no_start(line))?;
    Some(make_failure(page.capture, line))
}

/// The failure in a file that no slot asks for: its own name or the line must name Kata.
fn failure_in_other_file(capture: &Capture) -> Option<StartFailure> {
    let CaptureOrigin::File { path, .. } = &capture.origin else { return None };
    let path = path.to_lowercase();
    let is_record = [".txt", ".log", ".out", ".err"].iter().any(|end| path.ends_with(end));
    if !is_record {
        return None;
    }
    let who = path.contains("kata").then_some(EvidenceRole::Kata);
    let page = EvidencePage::new(capture, who);
    let is_about_kata = |line: &&PageLine| who.is_some() || line.text.contains("kata");
    let line =
        page.lines.iter().filter(is_about_kata).find(|line| failure::tells_no_start(line))?;
    Some(make_failure(page.capture, line))
}

fn make_failure(capture: &str, line: &PageLine) -> StartFailure {
    let text = match &line.kind {
        LineKind::Log(log) => &log.message,
        _ => &line.text,
    };
    let words = format!("{capture}, line {}: {}", line.number, read::shorten_text(text));
    StartFailure { source: FactSource::new(capture, line.number), words }
}

/// Takes back what stands for Kata's start and for its counts, where no container started: the
/// time is that of the failure, and a count that of nothing or of a message.
pub(super) fn retract_figures(facts: &mut Facts, failure: &StartFailure) {
    let kata = EvidenceRole::Kata.target_name();
    for id in ["startup.wall"].iter().chain(COUNTED) {
        let fact = facts.get_mut(*id).and_then(|by_target| by_target.get_mut(kata));
        if let Some(fact) = fact.filter(|fact| fact.is_present()) {
            let note = format!("no container started under Kata: {}", failure.words);
            *fact = Fact::missing_at(MissingReason::FailedStart, note, failure.source.clone());
        }
    }
}
