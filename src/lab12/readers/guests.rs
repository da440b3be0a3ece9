//! Which runtime's values stand where the lab asks for Kata's, by what the files say themselves.

use super::command;
use super::evidence::EvidencePages;
use super::label::{EvidenceRole, GuestPlace, OTHER_GUESTS};
use super::{report, words};
use crate::knowledge::GVISOR_VERSION;
use crate::model::{Capture, CaptureOrigin, Fact, FactId, Facts, Target, fact_ids};
use crate::text::beginning;

/// Another runtime than Kata whose values the files hold.
pub(super) struct OtherGuest {
    pub who: EvidenceRole,
    /// Whether it ran in Kata's place, of which there is nothing then.
    pub is_in_katas_place: bool,
    /// The facts, in which Kata stands for it.
    pub facts: Facts,
    /// What an engine was asked for by a command in the files.
    pub handler: Option<String>,
    /// Why no container started under it.
    pub failure: Option<String>,
}

/// The runtime that ran in Kata's place, or next to it, where that is certain.
pub(super) fn find_other_guest(
    captures: &[Capture],
    evidence: &EvidencePages,
    katas: &Facts,
    kata: &Target,
) -> Option<OtherGuest> {
    find_mentions(captures).into_iter().find_map(|(who, mention)| {
        let mention = mention?;
        let edition = evidence.guessed_edition();
        let place = GuestPlace::Beside(who);
        let mut beside = EvidencePages::from_captures(captures, place).all_facts(edition).facts;
        beside.retain(|_, by_target| {
            by_target.retain(|target, fact| target == kata.name.as_str() && fact.is_present());
            !by_target.is_empty()
        });
        let (has_own, has_katas) = (tells_of_guest(&beside), tells_of_guest(katas));
        let is_marked =
            who == EvidenceRole::Gvisor && is_of_gvisor(katas, has_own || mention.is_certain);
        let is_in_katas_place = (is_marked || mention.is_in_place) && !mention.is_beside_kata
            || has_own && !has_katas && !evidence.has_guests_part() && kata.failure.is_none();
        let handler = mention.handler;
        if is_in_katas_place {
            let place = GuestPlace::Taken(who);
            let reading = EvidencePages::from_captures(captures, place).all_facts(edition);
            let (facts, failure) = (reading.facts, reading.failure);
            return Some(OtherGuest { who, is_in_katas_place, facts, handler, failure });
        }
        // What a report tells of a further runtime may be of others.
        let is_of_files = captures.iter().all(|capture| !is_report(capture));
        (has_own && is_of_files).then_some(OtherGuest {
            who,
            is_in_katas_place,
            facts: beside,
            handler,
            failure: None,
        })
    })
}

fn is_report(capture: &Capture) -> bool {
    matches!(&capture.origin, CaptureOrigin::File { slot: Some(slot), .. } if slot == report::REPORT_PATH)
}

#[derive(Default)]
struct RuntimeMention {
    /// What a command asks an engine for.
    handler: Option<String>,
    /// Whether a command asks for it, or a sentence says that it was used instead of Kata.
    is_certain: bool,
    /// Whether a sentence names such a command and says that there is no Kata.
    is_in_place: bool,
    /// Whether a command asks for Kata, too.
    is_beside_kata: bool,
}

/// How files name each of the other runtimes; none of one that none names.
fn find_mentions(
    captures: &[Capture],
) -> [(EvidenceRole, Option<RuntimeMention>); OTHER_GUESTS.len()] {
    const INSTEAD: [&str; 4] =
        ["instead of kata", "in place of kata", "in kata's place", "rather than kata"];
    const MAX_TEXT: usize = 2048;
    const ABSENT: [&str; 4] = ["no kata", "kata is not", "kata could not", "kata cannot"];
    let mut mentions = OTHER_GUESTS.map(|who| (who, None));
    let mut is_beside_kata = false;
    for capture in captures {
        if let Some(mention) = mention_of(&mut mentions, &capture.id) {
            mention.get_or_insert_default();
        }
        for line in capture.stdout.text_lines().iter() {
            let text = beginning(line, MAX_TEXT);
            let asked = command::asked_runtime(text);
            is_beside_kata |= asked.is_some_and(|name| words::contains_any(name, &["kata"]));
            let Some(mention) = mention_of(&mut mentions, text) else { continue };
            let mention: &mut RuntimeMention = mention.get_or_insert_default();
            let who = EvidenceRole::of_other_runtime(text);
            let handler = asked.filter(|name| EvidenceRole::of_other_runtime(name) == who);
            let is_instead = words::contains_any(text, &INSTEAD);
            mention.is_certain |= handler.is_some() || is_instead;
            mention.is_in_place |=
                handler.is_some() && (is_instead || words::contains_any(text, &ABSENT));
            mention.handler = mention.handler.take().or(handler.map(String::from));
        }
    }
    for mention in mentions.iter_mut().filter_map(|(_, mention)| mention.as_mut()) {
        mention.is_beside_kata = is_beside_kata;
    }
    mentions
}

fn mention_of<'m>(
    mentions: &'m mut [(EvidenceRole, Option<RuntimeMention>)],
    text: &str,
) -> Option<&'m mut Option<RuntimeMention>> {
    let named = EvidenceRole::of_other_runtime(text)?;
    mentions.iter_mut().find(|(who, _)| *who == named).map(|(_, mention)| mention)
}

/// Whether facts tell anything of the guest but what is installed or was logged.
fn tells_of_guest(facts: &Facts) -> bool {
    let kata = EvidenceRole::Kata.into_str();
    facts.iter().any(|(id, by_target)| {
        !id.starts_with("runtime.")
            && !id.starts_with("evidence.")
            && by_target.get(kata).is_some_and(Fact::is_present)
    })
}

/// Whether all that tells of the guest's kernel tells of gVisor's: its log or the name in its
/// release, or its version where the files say besides that it ran.
fn is_of_gvisor(facts: &Facts, is_told: bool) -> bool {
    let kata = EvidenceRole::Kata.into_str();
    let kernels: Vec<&str> =
        KERNEL_FACTS.iter().filter_map(|id| facts.get(&**id)?.get(kata)?.as_str()).collect();
    let mut releases: Vec<String> = kernels
        .iter()
        .filter_map(|text| Some(super::kernel::parse_kernel_statement(text)?.release))
        .collect();
    releases.sort();
    releases.dedup();
    let marks = [Some("Starting gVisor"), Some("-gvisor"), is_told.then_some(GVISOR_VERSION)];
    let mut marks = marks.into_iter().flatten();
    releases.len() < 2 && marks.any(|mark| kernels.iter().any(|text| text.contains(mark)))
}

/// What states the kernel of a guest.
const KERNEL_FACTS: [FactId; 6] = [
    fact_ids::KERNEL_RELEASE,
    fact_ids::KERNEL_RELEASE_COMPARED,
    fact_ids::KERNEL_UNAME,
    fact_ids::KERNEL_BANNER,
    fact_ids::KERNEL_DMESG_BANNER,
    fact_ids::KERNEL_DMESG,
];
