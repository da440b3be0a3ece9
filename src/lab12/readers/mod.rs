//! Reads the evidence files of the lab into facts.
//!
//! The readers go by labels and types, never by position: a count is the number after its
//! label, a release is a word that looks like one at a place where one may stand. What cannot
//! be told for certain is missing, with the reason.

mod command;
mod counts;
mod cpu;
mod dmesg;
mod evidence;
mod failure;
mod guests;
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
mod role;
mod sentence;
mod shim;
mod slot;
mod table;
mod table_measure;
mod timing;
mod vocabulary;
mod words;

use crate::lab12::edition::Edition;
use evidence::EvidencePages;
use label::GuestPlace;

use crate::model::{Capture, CaptureOrigin, Fact, Facts, Role, Target, fact_ids};

pub use label::EvidenceRole;
pub use report::{REPORT_PATH, compares_targets, has_outputs, show_different_outputs};
pub use slot::{EvidenceSlot, FOLDERS, SLOTS, SlotContent, is_of_plain_name, slot_of};

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
    let evidence = EvidencePages::from_captures(captures, GuestPlace::Katas);
    let edition = evidence.guessed_edition();
    let katas = evidence.all_facts(edition);
    let mut targets = vec![
        make_target(EvidenceRole::Host, Role::Host),
        make_target(EvidenceRole::Runc, Role::Baseline),
        Target {
            handler: evidence.shim_handler(),
            failure: katas.failure.clone(),
            ..make_target(EvidenceRole::Kata, Role::Candidate)
        },
    ];
    let mut facts = katas.facts;
    if let Some(other) = guests::find_other_guest(captures, &evidence, &facts, &targets[2]) {
        let name = other.who.into_str();
        if other.is_in_katas_place {
            facts = Facts::new();
            targets.pop();
        }
        for (id, by_target) in other.facts {
            let own = facts.entry(id).or_default();
            for (target, fact) in by_target {
                let is_guests = target == EvidenceRole::Kata.into_str();
                match is_guests {
                    true => drop(own.insert(name.into(), fact)),
                    false => drop(own.entry(target).or_insert(fact)),
                }
            }
        }
        targets.push(Target {
            handler: other.handler,
            failure: other.failure,
            ..make_target(other.who, Role::Candidate)
        });
    }
    for variant in evidence.variants {
        let place = GuestPlace::Variant(variant);
        let own = EvidencePages::from_captures(captures, place).all_facts(edition).facts;
        let name = format!("{}-{variant}", EvidenceRole::Kata.into_str());
        let mut is_read = false;
        for (id, mut by_target) in own.into_iter().filter(|(id, _)| !id.starts_with("runtime.")) {
            let fact = by_target.remove(EvidenceRole::Kata.into_str());
            if let Some(fact) = fact.filter(Fact::is_present) {
                is_read = true;
                facts.entry(id).or_default().insert(name.clone(), fact);
            }
        }
        if is_read {
            let plain = make_target(EvidenceRole::Kata, Role::Candidate);
            targets.push(Target { name, ..plain });
        }
    }
    LabReading { edition, targets, facts }
}

fn make_target(who: EvidenceRole, role: Role) -> Target {
    let name = who.into_str().into();
    Target { name, role, engine: None, handler: None, named: false, failure: None }
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
    for slot in SLOTS.iter() {
        let mut rivals: Vec<(u8, usize)> = claims
            .iter()
            .filter(|claim| claim.0 == *slot)
            .map(|claim| (claim.1, claim.2))
            .collect();
        rivals.sort_by_key(|&(rank, index)| (rank, captures[index].id.clone()));
        // What is called after another runtime has a place of Kata's where that has no file.
        let (own, of_others): (Vec<_>, Vec<_>) =
            rivals.into_iter().partition(|(_, index)| slot::is_of_plain_name(&captures[*index].id));
        let rivals = if own.is_empty() { of_others } else { own };
        let readable = rivals.iter().find(|(_, index)| is_readable(&captures[*index], *slot));
        let winner = if rivals.len() > 1 { readable.or(rivals.first()) } else { rivals.first() };
        if let Some(&(_, index)) = winner {
            occupy_slot(&mut captures[index], *slot);
        }
    }
    exchange_slots(captures);
    let targets = read_lab_captures(captures).targets;
    let katas = EvidenceRole::Kata.into_str();
    if let Some(guest) = targets.last().filter(|_| targets.iter().all(|it| it.name != katas)) {
        for capture in captures.iter_mut().filter(|it| it.target.as_deref() == Some(katas)) {
            capture.target = Some(guest.name.clone());
        }
    }
}

/// Two files of which each holds what the other's place is for have each other's slot.
fn exchange_slots(captures: &mut [Capture]) {
    let slot_in = |capture: &Capture| match &capture.origin {
        CaptureOrigin::File { slot: Some(path), .. } => slot::by_path(path),
        _ => None,
    };
    let held = captures.iter().enumerate().filter_map(|(at, it)| Some((at, slot_in(it)?)));
    let held: Vec<(usize, EvidenceSlot)> =
        held.filter(|(at, slot)| !is_readable(&captures[*at], *slot)).collect();
    for (rank, (one, slot)) in held.iter().enumerate() {
        let other = held[rank + 1..].iter().find(|(other, place)| {
            is_readable(&captures[*one], *place) && is_readable(&captures[*other], *slot)
        });
        if let Some((other, place)) = other {
            occupy_slot(&mut captures[*one], *place);
            occupy_slot(&mut captures[*other], *slot);
        }
    }
}

fn occupy_slot(capture: &mut Capture, slot: EvidenceSlot) {
    if let CaptureOrigin::File { slot: place, .. } = &mut capture.origin {
        *place = Some(slot.path.into());
    }
    capture.target = slot.who.map(|who| who.into_str().into());
}

/// Whether a capture in this slot gives at least one value.
pub fn is_readable(capture: &Capture, slot: EvidenceSlot) -> bool {
    let mut alone = [capture.clone()];
    occupy_slot(&mut alone[0], slot);
    let facts = read_lab_captures(&alone).facts;
    facts.iter().any(|(id, by_target)| {
        *id != fact_ids::EVIDENCE_LOGGED_AT && by_target.values().any(Fact::is_present)
    })
}
