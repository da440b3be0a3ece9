//! What a session recorded, and the run that is made of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::model::{Capture, EvidenceKind, Generator, Redaction, Run, SCHEMA_VERSION, Target};
use crate::privacy::Redactor;
use crate::probe::catalogue::ProbeCatalogue;
use crate::probe::collected;

/// What a session recorded, before anything of it is replaced by pseudonyms.
pub(crate) struct SessionRecord {
    /// The name given by the user.
    pub label: Option<String>,
    /// The edition of a pack that the run is for.
    pub edition: Option<String>,
    pub created: DateTime<Utc>,
    pub engine: String,
    pub image: String,
    pub session: String,
    pub node: Option<String>,
    pub interrupted: bool,
    /// What was left out, with the reasons.
    pub skipped: BTreeMap<String, String>,
    pub targets: Vec<Target>,
    pub captures: Vec<Capture>,
}

/// The run of a record: identifiers are replaced, and the captures are read into facts.
pub(crate) fn assemble_run(
    mut record: SessionRecord,
    catalogue: &ProbeCatalogue,
    redactor: Option<&mut Redactor>,
) -> Run {
    let redaction = match redactor {
        Some(redactor) => {
            redactor.know_this_machine();
            if let Some(node) = &record.node {
                redactor.know_host(node);
            }
            let SessionRecord { targets, captures, skipped, image, node, .. } = &mut record;
            redactor.redact_captures(captures, |captures| {
                collected::read_captures(captures, targets, skipped, catalogue)
            });
            let words = targets.iter_mut().flat_map(|it| [&mut it.failure, &mut it.handler]);
            let words = words.flatten().chain(skipped.values_mut());
            for words in words.chain([image]).chain(node) {
                *words = redactor.redact_words(words);
            }
            redactor.redaction_counts()
        }
        None => Redaction::default(),
    };
    let SessionRecord { targets, captures, skipped, .. } = record;
    let facts = collected::read_captures(&captures, &targets, &skipped, catalogue);
    Run {
        schema_version: SCHEMA_VERSION,
        id: String::new(),
        digest: None,
        label: record.label,
        created: record.created,
        edition: record.edition,
        generator: Generator::this_program(),
        evidence: EvidenceKind::Collected {
            engine: record.engine,
            image: record.image,
            session: record.session,
            node: record.node,
            interrupted: record.interrupted,
            skipped,
        },
        redaction,
        targets,
        captures,
        facts,
    }
}
