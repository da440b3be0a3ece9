//! Whether anything ran under Kata, by whichever file.

use super::pages::EvidencePages;
use crate::lab12::readers::failure;
use crate::lab12::readers::label::{self, EvidenceRole, GuestPlace};
use crate::lab12::readers::page::{EvidencePage, LineKind, PageLine};
use crate::lab12::readers::slot::SlotContent;
use crate::lab12::readers::vocabulary::evidence_start::{BY_RUNC, KATAS_FILES, OTHERS, UNRUN};
use crate::lab12::readers::{read, slot, timing, words};
use crate::model::{
    Capture, CaptureOrigin, Fact, FactId, FactSource, Facts, MissingReason, fact_ids,
};
use crate::text::{beginning, split_lines};

/// What only a container that ran tells.
const TOLD: &[FactId] = &[
    fact_ids::KERNEL_RELEASE,
    fact_ids::KERNEL_RELEASE_COMPARED,
    fact_ids::KERNEL_UNAME,
    fact_ids::KERNEL_BANNER,
    fact_ids::KERNEL_DMESG_LINES,
    fact_ids::NET_INTERFACES,
    fact_ids::PRIV_CAP_EFF,
    fact_ids::PERF_IO_WRITE,
    fact_ids::PERF_IO_WRITE_RATE,
];

/// Counts that a container gives; fewer than [`FEWEST`] may be those of an error message.
const COUNTED: &[FactId] =
    &[fact_ids::PROC_ENTRIES, fact_ids::KERNEL_SYS_MODULE, fact_ids::DEV_ENTRIES];
const FEWEST: i64 = 10;

/// A line by which no container started under Kata.
pub(super) struct StartFailure {
    pub source: FactSource,
    /// The line's place and words.
    pub words: String,
}

impl EvidencePages<'_> {
    /// The line that tells that no container started under Kata; none if something that ran there
    /// tells of itself, or nothing says so. What stands for Kata where a file admits that its values
    /// are made up tells nothing.
    pub(super) fn find_start_failure(
        &self,
        facts: &Facts,
        is_made_up: bool,
    ) -> Option<StartFailure> {
        // What is said elsewhere is said of Kata.
        if self.place != GuestPlace::Katas {
            let mut pages = slot::SLOTS.iter().filter_map(|s| Some((self.pages.get(s.path)?, s)));
            let is_taken = matches!(self.place, GuestPlace::Taken(_)) && !was_running(facts);
            return pages
                .find_map(|(page, slot)| failure_on_page(page, slot.content).filter(|_| is_taken));
        }
        let mut notes = self.notes.iter();
        if let Some(failure) =
            notes.find_map(|note| find_unrun(note).or_else(|| find_borrowed(note)))
        {
            return Some(failure);
        }
        if was_running(facts) && !is_made_up {
            return None;
        }
        let pages = slot::SLOTS.iter().filter_map(|slot| self.pages.get(slot.path).zip(Some(slot)));
        // A privileged container fails where others start.
        let starts = facts.get(&*fact_ids::STARTUP_WALL);
        let has_starts = starts.and_then(|by_target| by_target.get(EvidenceRole::Kata.into_str()));
        let has_starts = has_starts.is_some_and(Fact::is_present);
        pages
            .filter(|(_, slot)| slot.content != SlotContent::Escape || !has_starts)
            .filter_map(|(page, slot)| failure_on_page(page, slot.content))
            .chain(self.unplaced.iter().filter_map(|capture| failure_in_other_file(capture)))
            .chain(self.notes.iter().filter_map(|note| failure_in_prose(note)))
            .next()
    }
}

/// Takes back all that is said to be of no run.
pub(super) fn retract_all_unrun(notes: &[&Capture], facts: &mut Facts) {
    let Some(unrun) = notes.iter().find_map(|note| find_unrun(note)) else { return };
    let note = format!("nothing was captured, by its own words: {}", unrun.words);
    for fact in facts.values_mut().flat_map(|by_target| by_target.values_mut()) {
        if fact.is_present() {
            *fact = Fact::missing_at(MissingReason::NarrativeText, &note, unrun.source.clone());
        }
    }
}

/// Whether a fact tells that a container ran under Kata.
fn was_running(facts: &Facts) -> bool {
    let kata = EvidenceRole::Kata.into_str();
    let host = EvidenceRole::Host.into_str();
    let has_cpu = find_target_fact(facts, fact_ids::CPU_MODEL, kata)
        .and_then(Fact::as_str)
        .is_some_and(|own| {
            find_target_fact(facts, fact_ids::CPU_MODEL, host).and_then(Fact::as_str) != Some(own)
        });
    let mut counts = COUNTED.iter().filter_map(|id| find_target_fact(facts, *id, kata)?.as_i64());
    has_cpu
        || TOLD.iter().any(|id| find_target_fact(facts, *id, kata).is_some_and(Fact::is_present))
        || counts.any(|count| count >= FEWEST)
}

fn find_target_fact<'f>(facts: &'f Facts, id: FactId, target: &str) -> Option<&'f Fact> {
    facts.get(&*id)?.get(target)
}

fn failure_on_page(page: &EvidencePage, content: SlotContent) -> Option<StartFailure> {
    // One of several starts failed.
    if content == SlotContent::Startup && timing::has_good_start(page, EvidenceRole::Kata) {
        return None;
    }
    // These files are asked for of a container under Kata, and of nothing else.
    let is_katas = matches!(content, SlotContent::Dmesg | SlotContent::Network);
    for part in page.labelled_parts() {
        let is_own = part.who == Some(EvidenceRole::Kata);
        let label = PageLine::new(part.line, &part.label, false);
        let names_kata = words::contains_any(&part.label, &["kata"]);
        let mut lines = part.lines.iter().filter(|line| {
            is_own || part.who.is_none() && (is_katas || failure::is_of_machine(&line.text))
        });
        if let Some(line) = lines.find(|line| failure::tells_no_start(line)) {
            return Some(make_failure(page.capture, line));
        }
        if (is_own || names_kata) && failure::tells_no_start(&label) {
            return Some(make_failure(page.capture, &label));
        }
    }
    None
}

/// The failure in a file that no slot asks for: its own name or the line must name Kata, or speak of
/// a virtual machine. Of a text that people write only the engine's own messages count.
fn failure_in_other_file(capture: &Capture) -> Option<StartFailure> {
    let CaptureOrigin::File { path, .. } = &capture.origin else { return None };
    let path = path.to_lowercase();
    let is_record = [".txt", ".log", ".out", ".err"].iter().any(|end| path.ends_with(end));
    if !is_record && !path.ends_with(".md") {
        return None;
    }
    let who = (path.contains("kata") && is_record).then_some(EvidenceRole::Kata);
    let page = EvidencePage::new(capture, who);
    let line = page.lines.iter().find(|line| {
        (is_record || matches!(line.kind, LineKind::Log(_)))
            && (who.is_some() || failure::is_of_machine(&line.text))
            && failure::tells_no_start(line)
    })?;
    Some(make_failure(page.capture, line))
}

/// The sentences in which an author says that what stands for Kata is not of his machine, or of
/// none, and that it did not start there.
fn find_borrowed(note: &Capture) -> Option<StartFailure> {
    find_prose(note, |_, text| {
        words::contains_any(text, &["kata"])
            && (words::contains_any(text, OTHERS) || words::is_made_up(text))
            && failure::tells_untested(text)
            || text.split(". ").any(tells_foreign_files)
    })
}

/// Whether a sentence says that the files of Kata are of runc, of the host, or of somebody else's
/// machine.
fn tells_foreign_files(sentence: &str) -> bool {
    let sentence =
        sentence.replace("**", "").replace('\u{2019}', "'").replace(" run by ", " from ");
    let mut origins = sentence.split(" from ").skip(1);
    words::contains_any(&sentence, KATAS_FILES)
        && !words::has_word(&sentence, "not no never none")
        && (words::contains_any(&sentence, BY_RUNC)
            || origins.any(|origin| {
                let nearest: Vec<&str> = origin.split_whitespace().take(4).collect();
                words::contains_any(&nearest.join(" "), OTHERS)
                    || nearest.windows(2).any(|pair| is_of_named_person(pair[0], pair[1]))
            }))
}

/// Whether two words are the name of a person and a machine: `Misha's laptop`.
fn is_of_named_person(owner: &str, owned: &str) -> bool {
    owner.strip_suffix("'s").is_some_and(|name| {
        name.starts_with(char::is_uppercase) && label::list_roles(name).is_empty()
    }) && words::has_word(owned, "laptop notebook pc computer machine desktop")
}

/// The sentence in which an author says that none of the outputs is of a run.
fn find_unrun(note: &Capture) -> Option<StartFailure> {
    find_prose(note, |_, text| words::contains_any(text, UNRUN) && words::is_hypothetical(text))
}

/// The sentence in which an author says that Kata did not start.
fn failure_in_prose(note: &Capture) -> Option<StartFailure> {
    find_prose(note, |heading, text| {
        let is_below_kata = words::contains_any(heading, &["kata"]);
        text.split(". ").any(|sentence| {
            (is_below_kata || words::contains_any(sentence, &["kata"]))
                && (failure::tells_untested(sentence) || tells_made_up_figures(sentence))
        })
    })
}

/// Whether a sentence says of figures that nobody measured them.
fn tells_made_up_figures(sentence: &str) -> bool {
    words::is_made_up(sentence)
        && words::has_word(sentence, "figures values numbers results output")
}

/// The first line outside of fenced blocks that is wanted below the heading above it.
fn find_prose(note: &Capture, is_wanted: impl Fn(&str, &str) -> bool) -> Option<StartFailure> {
    let bytes = note.stdout.decoded_bytes().unwrap_or_default();
    let mut is_fenced = false;
    let mut heading = String::new();
    for (number, raw) in (1..).zip(split_lines(&bytes)) {
        let text = beginning(raw.trim(), MAX_PROSE);
        is_fenced ^= text.starts_with("```");
        if !is_fenced && text.starts_with('#') {
            heading = text.into();
        } else if !is_fenced && is_wanted(&heading, text) {
            return Some(make_failure(&note.id, &PageLine::new(number, text, false)));
        }
    }
    None
}

/// The most bytes of a line of prose that are looked at.
const MAX_PROSE: usize = 2048;

fn make_failure(capture: &str, line: &PageLine) -> StartFailure {
    let text = match &line.kind {
        LineKind::Log(log) => &log.message,
        _ => &line.text,
    };
    let words = format!("{capture}, line {}: {}", line.number, read::shorten_stated(text));
    StartFailure { source: FactSource::new(capture, line.number), words }
}

/// Takes back what stands for Kata where no container started: the time is that of the failure, a
/// count that of nothing or of a message, and nothing else can be there unless it was made up.
pub(super) fn retract_figures(facts: &mut Facts, failure: &StartFailure) {
    let kata = EvidenceRole::Kata.into_str();
    let others = [fact_ids::STARTUP_WALL, fact_ids::CPU_MODEL, fact_ids::CPU_MODEL_COMPARED];
    for id in others.iter().chain(COUNTED).chain(TOLD) {
        let fact = facts.get_mut(&**id).and_then(|by_target| by_target.get_mut(kata));
        if let Some(fact) = fact.filter(|fact| fact.is_present()) {
            let note = format!("no container started under Kata: {}", failure.words);
            *fact = Fact::missing_at(MissingReason::FailedStart, note, failure.source.clone());
        }
    }
}
