//! The document of an edition: one Markdown file, marked as made by isoproof.

use std::path::Path;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::atomic;
use crate::error::{Error, Result};

const MARK: &str = "<!-- Made by isoproof; your own words go to ";

/// The document with a first line that says what made it and where own words go, and that
/// lets a later build see whether somebody edited the file.
pub(crate) fn mark_document(text: &str, run: &str, notes: &str) -> String {
    let text = text.trim();
    format!("{MARK}{notes}. Run {run}, text {}. -->\n\n{text}\n", text_fingerprint(text))
}

fn text_fingerprint(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.trim().as_bytes()))[..16].to_string()
}

/// Writes the document, unless somebody edited the one that is there: that is left alone, and the
/// words are what has to be said about it.
/// Errors: the file there was not made by isoproof, or it cannot be written.
pub(crate) fn write_document(path: &Path, marked: &str) -> Result<Option<String>> {
    if let Some(old) = atomic::read_target(path)? {
        if old == marked.as_bytes() {
            return Ok(None);
        }
        let notice = check_overwrite(path, &String::from_utf8_lossy(&old))?;
        if notice.is_some() {
            return Ok(notice);
        }
    }
    atomic::write_atomically(path, marked.as_bytes()).map(|()| None)
}

/// Refuses a file that isoproof did not make, before anything is done for a new one.
/// Errors: there is such a file, or it cannot be read.
pub(crate) fn refuse_foreign(path: &Path) -> Result<()> {
    match atomic::read_target(path)? {
        Some(old) => check_overwrite(path, &String::from_utf8_lossy(&old)).map(drop),
        None => Ok(()),
    }
}

fn check_overwrite(path: &Path, old: &str) -> Result<Option<String>> {
    // git and editors of Windows change the ends of lines and add a mark before the first.
    let old = old.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let (first, rest) = old.split_once('\n').unwrap_or((&old, ""));
    if !first.starts_with(MARK) {
        return Err(Error::unusable_input(format!("{} was not made by isoproof", path.display()))
            .with_help(
                "nothing was changed: move the file away, or choose another with --submission",
            ));
    }
    let stated = first.rsplit_once("text ").map_or("", |(_, rest)| rest);
    if stated.starts_with(&text_fingerprint(rest)) {
        return Ok(None);
    }
    Ok(Some(format!(
        "{} was edited since isoproof made it, so it is left as it is and need not say what this \
         run shows\nmove your words to the notes that its first line names, where they survive \
         every build, then delete the file",
        path.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untouched_submission_is_replaced_and_an_edited_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("submission.md");
        let write = |text| write_document(&path, &mark_document(text, "r", "site/notes/"));
        assert_eq!(write("one").unwrap(), None);
        assert_eq!(write("two").unwrap(), None);
        let edited = std::fs::read_to_string(&path).unwrap().replace("two", "two, I think");
        std::fs::write(&path, &edited).unwrap();
        let notice = write("three").unwrap().unwrap();
        assert!(notice.contains("was edited"), "{notice}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), edited);
    }

    #[test]
    fn ends_of_lines_and_a_byte_order_mark_are_no_edit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("submission.md");
        let marked = mark_document("one\n\ntwo", "r", "n");
        for old in [marked.replace('\n', "\r\n"), format!("\u{feff}{marked}")] {
            std::fs::write(&path, old).unwrap();
            refuse_foreign(&path).unwrap();
            assert_eq!(write_document(&path, &marked).unwrap(), None);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), marked);
        }
        std::fs::write(&path, marked.replace("two", "2").replace('\n', "\r\n")).unwrap();
        assert!(write_document(&path, &marked).unwrap().unwrap().contains("was edited"));
    }

    #[test]
    fn somebody_elses_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("submission.md");
        std::fs::write(&path, "# My report\n").unwrap();
        assert!(
            write_document(&path, &mark_document("x", "r", "n"))
                .unwrap_err()
                .message
                .contains("not made by")
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "# My report\n");
    }
}
