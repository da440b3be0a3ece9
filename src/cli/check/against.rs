//! `check --against`: what the run shares with others.

use std::path::{Path, PathBuf};

use crate::cli::console::count_words;
use crate::cli::styled::{StyledLine, StyledText, TextStyle};
use crate::error::{Error, Result};
use crate::judge::against::{self, RunPair};
use crate::model::Run;
use crate::phrases::SharedPhrases;
use crate::project::Project;
use crate::store::{RunFile, RunStore, list_stored_runs};

const WIDTH: usize = 80;

/// Compares a run with others, each named by a reference or found in a folder of run files. The
/// run itself among them is left out, and so are damaged files of a folder, unless what is found
/// `decides` something.
pub(super) fn compare_with_others(
    project: &Project,
    store: &RunStore,
    run: &Run,
    others: &[String],
    decides: bool,
    phrases: &SharedPhrases,
) -> Result<Vec<RunPair>> {
    let mut pairs = Vec::new();
    for other in others {
        if !Path::new(other).is_dir() {
            add_run_pair(run, &store.load_run(other, &project.root)?.run, phrases, &mut pairs);
            continue;
        }
        for path in list_files(Path::new(other), project)? {
            match RunFile::read_file(&path).and_then(|file| store.parse_run(&file)) {
                Ok(loaded) => add_run_pair(run, &loaded.run, phrases, &mut pairs),
                Err(error) if decides => return Err(refuse_uncompared(&error)),
                Err(error) => store.add_damaged(&path, error),
            }
        }
    }
    if pairs.is_empty() && !others.is_empty() {
        let words = format!("--against: there is nothing to compare run {} with", run.id);
        return Err(Error::unusable_input(words)
            .with_help("name another run than itself, or a folder that holds others"));
    }
    Ok(pairs)
}

fn add_run_pair(run: &Run, other: &Run, phrases: &SharedPhrases, pairs: &mut Vec<RunPair>) {
    if other.id != run.id {
        pairs.push(against::find_shared_evidence(run, other, phrases));
    }
}

/// What was not compared may share what others do not.
fn refuse_uncompared(error: &Error) -> Error {
    let words = format!("--against: a run cannot be compared: {}", error.message);
    Error::unusable_input(words).with_help("restore its file or remove it")
}

fn list_files(folder: &Path, project: &Project) -> Result<Vec<PathBuf>> {
    // A damaged file of the project's own runs is told once, by one path.
    let own = project.runs_dir();
    let is_own =
        folder.canonicalize().is_ok_and(|real| own.canonicalize().is_ok_and(|own| own == real));
    let files = list_stored_runs(if is_own { &own } else { folder })?;
    if files.is_empty() {
        return Err(Error::unusable_input(format!(
            "{}: no run file in this folder",
            folder.display()
        ))
        .with_help("give runs, or a folder with run files such as data/runs"));
    }
    Ok(files)
}

pub(super) fn shared_text(pairs: &[RunPair], phrases: &SharedPhrases) -> StyledText {
    let mut out = StyledText::default();
    out.push_blank();
    out.push_line(format!("Against {}:", count_words(pairs.len(), "run")));
    let mut silent = 0;
    for pair in pairs {
        if pair.shared.is_empty() {
            silent += 1;
            continue;
        }
        let what = StyledLine::begin_styled(
            TextStyle::Doubtful,
            &format!("same {}", pair.describe_shared_kinds(phrases)),
        );
        out.push_blank();
        out.push_line(what.and_text(&format!(" as run {}", pair.run)));
        for shared in &pair.shared {
            let how = shared
                .relation
                .map(|relation| format!(", {}", relation.describe_relation(phrases)));
            let how = how.unwrap_or_default();
            out.push_line(format!(
                "  {} {}{how}",
                shared.kind.describe_kind(phrases),
                shared.value
            ));
            let (here, there) = (shared.here.to_string(), shared.there.to_string());
            out.push_line(format!("    here {here}, there {there}"));
        }
        if !pair.no_sign.is_empty() {
            out.push_line("  equal too, which is no sign of anything:");
        }
        for words in &pair.no_sign {
            out.push_line(format!("    {words}"));
        }
    }
    if silent > 0 {
        let runs = count_words(silent, "run");
        out.push_blank();
        out.push_line(format!("Nothing that chance does not explain is shared with {runs}."));
    }
    out.push_blank();
    let limit = "Pseudonyms are made with the key of a project: MAC addresses that were replaced \
                 in different projects cannot be compared.";
    out.push_wrapped("", limit, WIDTH);
    out
}
