//! Why starts of several kinds are no series of one target.

use super::named_times::PLAIN_NAME;
use super::names::{is_excluded_part, is_run, is_time_key};
use super::parts::states_duration;
use super::whole_time::several_times;
use crate::lab12::readers::label::{self, EvidenceRole};
use crate::lab12::readers::page::{EvidencePage, LabelledPart, LineKind, PageLine};
use crate::lab12::readers::read;
use crate::lab12::readers::vocabulary::timing_unlike_starts::{DISCARDED, MACHINES};
use crate::lab12::readers::words::{self, has_word};
use crate::model::{MissingReason, MissingValue};

/// Whether a title is that of a numbered run that does not count: `Attempt 1 (discard)`.
pub(in crate::lab12::readers) fn discards_run(title: &str) -> bool {
    is_run(title)
        && words::contains_any(title, DISCARDED)
        && title.contains(|c: char| c.is_ascii_digit())
}

/// Leaves the sections out whose title says that they do not count, where another has starts of
/// `who`: `--- attempt 1 (discard!) ---`.
pub(super) fn leave_discarded_sections(parts: &mut Vec<LabelledPart>, who: EvidenceRole) {
    let mut is_discarded = false;
    let mut counted = parts.clone();
    counted.retain(|part| {
        if part.who.is_none() && !part.label.is_empty() {
            is_discarded = words::contains_any(&part.label, DISCARDED);
        }
        !is_discarded
    });
    if counted.iter().any(|part| part.who == Some(who) && states_duration(part)) {
        *parts = counted;
    }
}

/// Why starts of several kinds of machine are no series of one target.
pub(super) fn refuse_several_machines(own: &[&LabelledPart]) -> Option<MissingValue> {
    let mut named: Vec<&str> = Vec::new();
    for part in own.iter().filter(|part| part.value_lines().next().is_some()) {
        let label = part.label.to_lowercase();
        let mut machines = MACHINES.iter().copied();
        let machine = machines.find(|name| words::split_words(&label).any(|w| w == *name));
        let machine = machine.or((label == PLAIN_NAME).then_some("kata"));
        named.extend(machine.filter(|name| !named.contains(name)));
    }
    let note = format!("starts under several machines stand there: {}", named.join(", "));
    (named.len() > 1)
        .then(|| MissingValue::new(MissingReason::Unreadable, note).at_line(own[0].line))
}

/// Why starts below names of their own, each above the labels of the targets, are no series:
/// `Laptop:`, and further down `Server:`.
pub(super) fn refuse_several_sections(
    page: &EvidencePage,
    own: &[&LabelledPart],
) -> Option<MissingValue> {
    let sections: Vec<&PageLine> = page.lines.iter().filter(|line| names_section(line)).collect();
    let mut names = own.iter().filter(|part| part.value_lines().next().is_some()).map(|part| {
        let above = sections.partition_point(|line| line.number < part.line);
        above.checked_sub(1).map_or("", |at| sections[at].text.as_str())
    });
    let first = names.find(|name| !name.is_empty())?;
    let other = names.find(|name| *name != first)?;
    let note = format!("starts stand below several names: {first} {other}");
    let note = read::shorten_stated(&note);
    Some(MissingValue::new(MissingReason::Unreadable, note).at_line(own[0].line))
}

/// Whether a line is a name with a colon, and neither a label nor that of a run or of a time.
fn names_section(line: &PageLine) -> bool {
    let name = line.text.strip_suffix(':').unwrap_or_default();
    line.kind == LineKind::Text
        && (1..4).contains(&words::split_words(name).count())
        && !line.is_error
        && !words::split_words(name).any(is_run)
        && !is_time_key(name)
        && label::parse_label(&line.text).is_none()
}

/// Why cold and warm starts are no series.
pub(super) fn refuse_cold_beside_warm(own: &[&LabelledPart]) -> Option<MissingValue> {
    let names = own.iter().filter(|part| part.value_lines().next().is_some()).map(|part| {
        let measure = part.lines.first().and_then(|line| line.measure.as_deref());
        (part.line, measure.filter(|measure| !measure.is_empty()).unwrap_or(&part.label))
    });
    let names: Vec<(u32, &str)> = names.filter(|(_, name)| !is_excluded_part(name)).collect();
    let cold = names.iter().find(|(_, name)| has_word(name, "cold"))?;
    let warm = names.iter().find(|(_, name)| has_word(name, "warm"))?;
    Some(several_times(&[cold.1, warm.1], cold.0))
}
