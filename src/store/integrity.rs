//! Does a run still say what its captures say?
//!
//! Captures carry digests and facts are derivable, so an edit after the fact shows. It is
//! reported, and nothing that no longer follows is passed on as a value.

use std::collections::{BTreeMap, BTreeSet};

use super::file;
use crate::model::{
    Capture, EvidenceKind, Fact, Facts, MissingFact, MissingReason, Run, Target,
    correct_skip_reason,
};
use crate::probe::catalogue::ProbeCatalogue;
use crate::probe::{collected, hyperfine};

/// Why nothing follows from a run whose record was changed.
pub(crate) const RECORD_CHANGED: &str = "the run file was changed after it was written";

/// What does not fit together in a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IntegrityReport {
    /// The captures whose digest is not that of their bytes.
    pub altered: Vec<String>,
    /// The facts that do not follow from their captures.
    pub unfounded: Vec<FactMismatch>,
    /// Whether something else of the record was changed: a target's role or failure, the status
    /// or the origin of a capture, the session.
    pub is_record_changed: bool,
    /// Whether nothing tells if the record was changed.
    pub is_record_unverified: bool,
}

impl IntegrityReport {
    /// Whether everything fits.
    pub fn is_intact(&self) -> bool {
        self.altered.is_empty() && self.unfounded.is_empty() && !self.is_record_changed
    }
}

/// A stored fact that is not what the captures give.
#[derive(Debug, Clone, PartialEq)]
pub struct FactMismatch {
    /// The id of the fact.
    pub fact: String,
    /// The target.
    pub target: String,
    /// What the file states; none if it lacks the fact.
    pub stored: Option<Fact>,
    /// What the captures give; none if they give no such fact.
    pub derived: Option<Fact>,
}

impl FactMismatch {
    /// What the file states and what the captures give, in a few words that say what differs.
    pub fn describe_sides(&self) -> [String; 2] {
        let sides = [self.stored.as_ref(), self.derived.as_ref()];
        let words = sides.map(describe_fact);
        let [Some(stored), Some(derived)] = sides else { return words };
        if words[0] != words[1] {
            return words;
        }
        let details = match (stored, derived) {
            (Fact::Series(a), Fact::Series(b)) if a.values != b.values => {
                let pairs = a.values.iter().zip(&b.values);
                let Some(at) = pairs.into_iter().position(|(a, b)| a != b) else { return words };
                [a, b].map(|samples| format!("whose sample {} is {}", at + 1, samples.values[at]))
            }
            (Fact::Series(a), Fact::Series(b)) if a.unit != b.unit => {
                [a, b].map(|samples| format!("in {}", samples.unit.symbol()))
            }
            (Fact::Missing(a), Fact::Missing(b)) if a.reason != b.reason => {
                [a, b].map(|missing| format!("because {}", missing.reason_words()))
            }
            (a, b) => [a, b].map(describe_place),
        };
        let [stored, derived] = words;
        let [stored_detail, derived_detail] = details.map(|it| crate::text::make_visible(&it));
        [format!("{stored} {stored_detail}"), format!("{derived} {derived_detail}")]
    }
}

/// Where a fact was read.
fn describe_place(fact: &Fact) -> String {
    fact.source().map_or("from no capture".into(), |source| format!("from {source}"))
}

/// The facts that follow from a run's captures.
pub fn derive_facts(run: &Run, catalogue: &ProbeCatalogue) -> Facts {
    derive_facts_and_targets(run, catalogue).0
}

/// The facts that follow from a run's captures; and of evidence whose captures tell that, which
/// targets they are about.
pub(super) fn derive_facts_and_targets(
    run: &Run,
    catalogue: &ProbeCatalogue,
) -> (Facts, Option<Vec<Target>>) {
    match &run.evidence {
        EvidenceKind::Imported { form } if form == hyperfine::FORM => {
            (hyperfine::read_hyperfine_facts(&run.captures), None)
        }
        // `store::file` refuses a form that no pack reads.
        EvidenceKind::Imported { form } => {
            let pack = crate::PACKS.iter().find(|pack| pack.pack_name() == form);
            let read = pack.map(|pack| pack.read_captures(&run.captures)).unwrap_or_default();
            (read.0, Some(read.1))
        }
        EvidenceKind::Collected { skipped, .. } => {
            (collected::read_captures(&run.captures, &run.targets, skipped, catalogue), None)
        }
    }
}

/// Compares a run with itself, and takes what does not follow out of its facts: such a fact
/// becomes missing with the reason, so that no report can show it as a value; but where the file
/// is the one that was written, facts and targets are read anew. Where the record
/// was changed, what of it cannot be told, so nothing follows.
pub fn verify_run(run: &mut Run, catalogue: &ProbeCatalogue) -> IntegrityReport {
    let altered: Vec<String> =
        run.captures.iter().filter(|c| !is_intact(c)).map(|c| c.id.clone()).collect();
    let (derived, targets) = derive_facts_and_targets(run, catalogue);
    let mut unfounded = compare_facts(&run.facts, &derived);
    // Nobody changed the file: this isoproof reads its captures otherwise than the one that wrote
    // it, and what the captures give is what counts.
    let is_read_anew =
        !unfounded.is_empty() && altered.is_empty() && file::is_whole_content_intact(run);
    if is_read_anew {
        run.facts = derived;
        unfounded.clear();
    }
    // Without a digest the id tells: facts that are read anew, and a capture or fact that was
    // altered, change what it is made of.
    let is_explained =
        run.digest.is_none() && (is_read_anew || !(altered.is_empty() && unfounded.is_empty()));
    let is_record_changed = !is_explained && !file::is_record_intact(run);
    let is_record_unverified =
        !is_explained && !is_record_changed && file::is_record_unverified(run);
    for entry in &unfounded {
        let [stored, derived] = entry.describe_sides();
        let reason = format!("the run file states {stored}, but its captures give {derived}");
        set_missing(run, &entry.fact, &entry.target, reason);
    }
    let broken: Vec<(String, String, String)> = run
        .facts
        .iter()
        .flat_map(|(id, by)| by.iter().map(move |(target, fact)| (id, target, fact)))
        .filter_map(|(id, target, fact)| {
            let capture = &fact.source()?.capture;
            altered.contains(capture).then(|| (id.clone(), target.clone(), capture.clone()))
        })
        .collect();
    for (id, target, capture) in broken {
        let reason = format!("the capture {capture} was changed after it was written");
        set_missing(run, &id, &target, reason);
    }
    if is_record_changed {
        let facts = run.facts.iter().flat_map(|(id, by)| by.keys().map(move |target| (id, target)));
        let facts: Vec<(String, String)> = facts.map(|(id, on)| (id.clone(), on.clone())).collect();
        for (id, target) in facts {
            set_missing(run, &id, &target, RECORD_CHANGED.into());
        }
    }
    // Whose the facts are may be read otherwise, too.
    if let Some(targets) = targets.filter(|_| is_read_anew && !is_record_changed) {
        run.targets = targets;
    }
    // What older sessions recorded is compared as it is, and shown as it is true.
    for fact in run.facts.values_mut().flat_map(BTreeMap::values_mut) {
        if let Fact::Missing(missing) = fact
            && missing.why == MissingReason::NotAsked
            && correct_skip_reason(&missing.reason) != missing.reason
        {
            missing.reason = correct_skip_reason(&missing.reason).into();
        }
    }
    IntegrityReport { altered, unfounded, is_record_changed, is_record_unverified }
}

fn is_intact(capture: &Capture) -> bool {
    capture.stdout.is_intact() && capture.stderr.as_ref().is_none_or(|stream| stream.is_intact())
}

fn set_missing(run: &mut Run, id: &str, target: &str, reason: String) {
    let by_target = run.facts.entry(id.to_string()).or_default();
    let source = by_target.get(target).and_then(|fact| fact.source().cloned());
    let missing = MissingFact { why: MissingReason::Altered, reason, source };
    by_target.insert(target.to_string(), Fact::Missing(missing));
}

fn compare_facts(stored: &Facts, derived: &Facts) -> Vec<FactMismatch> {
    if stored == derived {
        return Vec::new();
    }
    let none = BTreeMap::new();
    let ids: BTreeSet<&String> = stored.keys().chain(derived.keys()).collect();
    let mut out = Vec::new();
    for id in ids {
        let (old, new) = (stored.get(id).unwrap_or(&none), derived.get(id).unwrap_or(&none));
        let targets: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for target in targets {
            if old.get(target) != new.get(target) {
                out.push(FactMismatch {
                    fact: id.clone(),
                    target: target.clone(),
                    stored: old.get(target).cloned(),
                    derived: new.get(target).cloned(),
                });
            }
        }
    }
    out
}

/// A few words for a fact in a message.
pub fn describe_fact(fact: Option<&Fact>) -> String {
    match fact {
        None => "nothing".into(),
        Some(Fact::Value { value, .. }) => crate::text::make_visible(&value.to_string()),
        Some(Fact::Series(samples)) => format!("a series of {}", samples.values.len()),
        Some(Fact::Missing(missing)) => format!("no value ({})", missing.why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FactSource, SampleUnit};

    fn describe_pair(stored: Fact, derived: Fact) -> String {
        let (stored, derived) = (Some(stored), Some(derived));
        let mismatch = FactMismatch { fact: "f".into(), target: "t".into(), stored, derived };
        mismatch.describe_sides().join(" | ")
    }

    fn series_fact(values: &[f64]) -> Fact {
        Fact::series(values.to_vec(), SampleUnit::Seconds, FactSource::new("t/f", 3))
    }

    #[test]
    fn the_two_sides_of_a_mismatch_say_what_differs() {
        let missing = |reason: &str| Fact::missing(MissingReason::Empty, reason);
        let at = |line| Fact::from_value(1, FactSource::new("t/f", line));
        let cases = [
            (series_fact(&[0.1, 0.2]), series_fact(&[0.1]), "a series of 2 | a series of 1"),
            (
                series_fact(&[0.1, 0.2]),
                series_fact(&[0.1, 0.3]),
                "a series of 2 whose sample 2 is 0.2 | a series of 2 whose sample 2 is 0.3",
            ),
            (at(1), at(2), "1 from t/f:1 | 1 from t/f:2"),
            (
                missing("one"),
                missing("two"),
                "no value (empty) because one | no value (empty) because two",
            ),
        ];
        for (stored, derived, words) in cases {
            assert_eq!(describe_pair(stored, derived), words);
        }
    }
}
