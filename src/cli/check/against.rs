//! `check --against`: what the run shares with others.

use std::path::Path;

use super::place_text;
use crate::cli::console::count;
use crate::cli::styled::{Style, StyledLine, StyledText};
use crate::error::{Error, Result};
use crate::judge::against::{self, Pair};
use crate::model::Run;
use crate::project::Project;
use crate::store::Store;

/// The widest line.
const WIDTH: usize = 80;

/// Compares a run with others, each named by a reference or found in a folder of run files. The
/// run itself among them is left out.
pub fn pairs(project: &Project, store: &Store, run: &Run, others: &[String]) -> Result<Vec<Pair>> {
    let mut references = Vec::new();
    for other in others {
        if Path::new(other).is_dir() {
            references.extend(files_in(other)?)
        } else {
            references.push(other.clone())
        }
    }
    let mut pairs = Vec::new();
    for reference in references {
        let other = store.load(&reference, &project.root)?.run;
        if other.id != run.id {
            pairs.push(against::compare(run, &other));
        }
    }
    Ok(pairs)
}

/// The run files in a folder, sorted.
fn files_in(folder: &str) -> Result<Vec<String>> {
    let path = Path::new(folder);
    let entries = std::fs::read_dir(path).map_err(|error| Error::io("read", path, &error))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let is_run = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "json");
    let mut files: Vec<String> =
        paths.filter(is_run).map(|path| path.to_string_lossy().into_owned()).collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::input(format!("{folder}: no run file in this folder"))
            .help("give runs, or a folder with run files such as data/runs"));
    }
    Ok(files)
}

/// What is shared, in words.
pub fn text(pairs: &[Pair]) -> StyledText {
    let mut out = StyledText::default();
    out.push_blank();
    out.push(format!("Against {}:", count(pairs.len(), "run")));
    let mut silent = 0;
    for pair in pairs {
        if pair.shared.is_empty() {
            silent += 1;
            continue;
        }
        let what = StyledLine::styled(Style::Doubtful, &format!("same {}", pair.words()));
        out.push_blank();
        out.push(what.and(&format!(" as run {}", pair.run)));
        for shared in &pair.shared {
            let how = shared.relation.map(|relation| format!(", {}", relation.words()));
            let how = how.unwrap_or_default();
            out.push(format!("  {} {}{how}", shared.kind.words(), shared.value));
            let (here, there) = (place_text(&shared.here), place_text(&shared.there));
            out.push(format!("    here {here}, there {there}"));
        }
        if !pair.no_sign.is_empty() {
            out.push("  equal too, which is no sign of anything:");
        }
        for words in &pair.no_sign {
            out.push(format!("    {words}"));
        }
    }
    if silent > 0 {
        let runs = count(silent, "run");
        out.push_blank();
        out.push(format!("Nothing that chance does not explain is shared with {runs}."));
    }
    out.push_blank();
    let limit = "Pseudonyms are made with the key of a project: MAC addresses that were replaced \
                 in different projects cannot be compared.";
    out.push_wrapped("", limit, WIDTH);
    out
}
