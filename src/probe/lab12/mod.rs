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
mod health;
mod interfaces;
mod kernel;
mod label;
mod latency;
mod log;
mod page;
mod read;
mod results;
mod shim;
mod slot;
mod timing;
mod words;

use crate::model::{Capture, Edition, Facts, Origin, Role, Target};

pub use kernel::is_kata_build;
pub use label::Who;
pub use slot::{Content, FOLDERS, SLOTS, Slot, slot_of};

/// What the captures of an evidence directory say.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
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
pub fn read(captures: &[Capture]) -> Reading {
    let evidence = evidence::Evidence::new(captures);
    let edition = evidence.edition();
    let facts = evidence.facts(edition);
    let target = |who: Who, role: Role| Target {
        name: who.target().into(),
        role,
        engine: None,
        handler: if who == Who::Kata { evidence.handler() } else { None },
        failure: None,
    };
    let targets = vec![
        target(Who::Host, Role::Host),
        target(Who::Runc, Role::Baseline),
        target(Who::Kata, Role::Candidate),
    ];
    Reading { edition, targets, facts }
}

/// Gives each capture of a file the slot that its path claims.
///
/// Of several files that claim one slot, the first with a readable value has it, those named
/// as the instructions say before the others; the rest are kept without a slot.
pub fn assign(captures: &mut [Capture]) {
    let mut claims: Vec<(Slot, u8, usize)> = Vec::new();
    for (index, capture) in captures.iter_mut().enumerate() {
        if let Origin::File { path, slot } = &mut capture.origin {
            *slot = None;
            claims.extend(slot::claim(path).map(|(slot, rank)| (slot, rank, index)));
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
            occupy(&mut captures[index], *slot);
        }
    }
}

fn occupy(capture: &mut Capture, slot: Slot) {
    if let Origin::File { slot: place, .. } = &mut capture.origin {
        *place = Some(slot.path.into());
    }
    capture.target = slot.who.map(|who| who.target().into());
}

/// Whether a capture in this slot gives at least one value.
fn is_readable(capture: &Capture, slot: Slot) -> bool {
    let mut alone = [capture.clone()];
    occupy(&mut alone[0], slot);
    let facts = read(&alone).facts;
    let tells = |id: &str| id != "evidence.logged_at";
    facts.iter().any(|(id, by)| tells(id) && by.values().any(crate::model::Fact::is_present))
}
