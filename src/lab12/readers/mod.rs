//! Reads the evidence files of the lab into facts.
//!
//! The readers go by labels and types, never by position: a count is the number behind its
//! label, a release is a word that looks like one at a place where one may stand. What cannot
//! be told for certain is missing, with the reason.

mod command;
mod counts;
mod cpu;
mod dmesg;
mod evidence;
mod failure;
mod health;
mod interfaces;
mod kernel;
mod label;
mod latency;
mod log;
mod page;
mod read;
mod records;
mod report;
mod results;
mod sentence;
mod shim;
mod slot;
mod table;
mod timing;
mod vocabulary;
mod words;

use crate::lab12::edition::Edition;
use crate::model::{Capture, CaptureOrigin, Facts, Role, Target};

pub use label::EvidenceRole;
pub use report::{REPORT_PATH, has_outputs};
pub use slot::{EvidenceSlot, FOLDERS, SLOTS, SlotContent, slot_of};

/// What the captures of an evidence directory say.
#[derive(Debug, Clone, PartialEq)]
pub struct LabReading {
    /// The form of the lab that the files answer.
    pub edition: Edition,
    /// The host, runc and Kata: all three, whatever was found of them.
    pub targets: Vec<Target>,
    /// What was read, and for what was not the reason.
    pub facts: Facts,
}

/// Reads captures into facts. Pure: the same captures always give the same reading.
///
/// Only captures whose origin names a slot are read.
pub fn read_lab_captures(captures: &[Capture]) -> LabReading {
    let evidence = evidence::EvidencePages::from_captures(captures);
    let edition = evidence.guessed_edition();
    let evidence::EvidenceReading { facts, failure } = evidence.all_facts(edition);
    let target = |who: EvidenceRole, role: Role| Target {
        name: who.target_name().into(),
        role,
        engine: None,
        handler: if who == EvidenceRole::Kata { evidence.shim_handler() } else { None },
        named: false,
        failure: failure.clone().filter(|_| who == EvidenceRole::Kata),
    };
    let targets = vec![
        target(EvidenceRole::Host, Role::Host),
        target(EvidenceRole::Runc, Role::Baseline),
        target(EvidenceRole::Kata, Role::Candidate),
    ];
    LabReading { edition, targets, facts }
}

/// Gives each capture of a file the slot that its path claims.
///
/// Of several files that claim one slot, the first with a readable value has it, those named
/// as the instructions say before the others; the rest are kept without a slot.
pub fn assign_slots(captures: &mut [Capture]) {
    let mut claims: Vec<(EvidenceSlot, u8, usize)> = Vec::new();
    for (index, capture) in captures.iter_mut().enumerate() {
        if let CaptureOrigin::File { path, slot } = &mut capture.origin {
            *slot = None;
            claims.extend(slot::claimed_slot(path).map(|(slot, rank)| (slot, rank, index)));
        }
    }
    for slot in SLOTS {
        let mut rivals: Vec<(u8, usize)> = claims
            .iter()
            .filter(|claim| claim.0 == *slot)
            .map(|claim| (claim.1, claim.2))
            .collect();
        rivals.sort_by_key(|&(rank, index)| (rank, captures[index].id.clone()));
        let readable = rivals.iter().find(|(_, index)| is_readable(&captures[*index], *slot));
        let winner = if rivals.len() > 1 { readable.or(rivals.first()) } else { rivals.first() };
        if let Some(&(_, index)) = winner {
            occupy_slot(&mut captures[index], *slot);
        }
    }
}

fn occupy_slot(capture: &mut Capture, slot: EvidenceSlot) {
    if let CaptureOrigin::File { slot: place, .. } = &mut capture.origin {
        *place = Some(slot.path.into());
    }
    capture.target = slot.who.map(|who| who.target_name().into());
}

/// Whether a capture in this slot gives at least one value.
fn is_readable(capture: &Capture, slot: EvidenceSlot) -> bool {
    let mut alone = [capture.clone()];
    occupy_slot(&mut alone[0], slot);
    let facts = read_lab_captures(&alone).facts;
    let tells = |id: &str| id != "evidence.logged_at";
    facts.iter().any(|(id, by)| tells(id) && by.values().any(crate::model::Fact::is_present))
}
