//! `check --against`: what the run shares with others.

use std::path::Path;

use crate::cli::console::{Console, Ink, count};
use crate::error::{Error, Result};
use crate::judge::against::{self, Pair};
use crate::model::{Run, Source};
use crate::project::Project;
use crate::store::Store;

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
pub fn text(pairs: &[Pair], console: &Console) -> String {
    let mut out = format!("\nAgainst {}:\n", count(pairs.len(), "run"));
    let mut silent = 0;
    for pair in pairs {
        if pair.shared.is_empty() {
            silent += 1;
            continue;
        }
        let what = console.paint(Ink::Doubtful, &format!("same {}", pair.words()));
        out.push_str(&format!("\n{what} as run {}\n", pair.run));
        for shared in &pair.shared {
            let how = shared.relation.map(|relation| format!(", {}", relation.words()));
            out.push_str(&format!(
                "  {} {}{}\n    here {}, there {}\n",
                shared.kind.words(),
                crate::text::visible(&shared.value),
                how.unwrap_or_default(),
                place(&shared.here),
                place(&shared.there)
            ));
        }
        if !pair.no_sign.is_empty() {
            out.push_str("  equal too, which is no sign of anything:\n");
        }
        for words in &pair.no_sign {
            out.push_str(&format!("    {}\n", crate::text::visible(words)));
        }
    }
    if silent > 0 {
        let runs = count(silent, "run");
        out.push_str(&format!("\nNothing that chance does not explain is shared with {runs}.\n"));
    }
    out.push_str(
        "\nPseudonyms are made with the key of a project: MAC addresses that were replaced in \
         different\nprojects cannot be compared.\n",
    );
    out
}

fn place(source: &Source) -> String {
    super::place_text(source)
}
