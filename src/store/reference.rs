//! Run references: how a command is told which run is meant.

use std::path::Path;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::error::{Error, Result};

/// A parsed reference: `latest`, `latest~2`, a path, `git:<rev>[:path]`, a label or id prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunReference {
    /// The n-th newest run, counted from 0.
    Latest(usize),
    /// A file.
    Path(String),
    /// The newest run, or the named file, in a revision of the project's git repository.
    Git {
        /// The revision, as git understands it.
        revision: String,
        /// The path of a run file in that revision.
        path: Option<String>,
    },
    /// A label, or else the beginning of an id.
    Name(String),
}

impl RunReference {
    /// Parses a reference.
    ///
    /// # Errors
    ///
    /// The text is empty, or begins like one form and does not go on like it.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::unusable_input("an empty run reference").with_help(FORMS));
        }
        if text == LATEST {
            return Ok(Self::Latest(0));
        }
        if let Some(count) = text.strip_prefix("latest~") {
            let count = count.parse().map_err(|_| {
                Error::unusable_input(format!(
                    "run reference `{text}`: a number is wanted after `~`"
                ))
                .with_help(FORMS)
            })?;
            return Ok(Self::Latest(count));
        }
        if let Some(rest) = text.strip_prefix("git:") {
            return Self::parse_git(text, rest);
        }
        if text.starts_with(FLEET) {
            return Err(Error::unusable_input(format!(
                "`{text}` is a fleet, and a run is wanted here"
            ))
            .with_help(FORMS));
        }
        if text.contains('/') || text.ends_with(".json") {
            return Ok(Self::Path(text.into()));
        }
        Ok(Self::Name(text.into()))
    }

    fn parse_git(text: &str, rest: &str) -> Result<Self> {
        let (revision, path) = match rest.split_once(':') {
            Some((revision, path)) => (revision, Some(path.to_string())),
            None => (rest, None),
        };
        // A leading dash would be an option to git.
        if revision.is_empty() || revision.starts_with('-') || path.as_deref() == Some("") {
            return Err(Error::unusable_input(format!(
                "run reference `{text}`: `git:<revision>` or `git:<revision>:<path>` is wanted"
            )));
        }
        Ok(Self::Git { revision: revision.into(), path })
    }
}

/// The name of the newest run.
pub const LATEST: &str = "latest";

/// The forms, for errors.
pub const FORMS: &str = "a run is named by `latest`, `latest~2`, its label, the beginning of its \
                         id, the path of its file, or `git:<revision>[:path]`";

/// What a reference to a fleet begins with.
const FLEET: &str = "fleet:";

/// The fleet that a reference means: what follows `fleet:`; none if it means a run.
pub fn split_fleet_reference(text: &str) -> Option<&str> {
    text.strip_prefix(FLEET)
}

/// Checks a label that is about to be given to a run.
///
/// # Errors
///
/// The label could be taken for another form of reference, the id of a run above all, or holds
/// characters that would have to be escaped somewhere.
pub fn check_label(label: &str) -> Result<()> {
    let what = if label.is_empty() {
        "it is empty"
    } else if label.chars().count() > 64 {
        "it is longer than 64 characters"
    } else if label == LATEST || label.starts_with("latest~") {
        "that names the newest runs"
    } else if label.starts_with("git:") {
        "that names a revision of git"
    } else if label.starts_with(FLEET) {
        "that names a fleet"
    } else if label.contains('/') || label.ends_with(".json") {
        "that names a file"
    } else if looks_like_id(label) {
        "it looks like the id of a run or the beginning of one"
    } else if label.starts_with(['.', '-']) {
        "it begins with `.` or `-`"
    } else if !label.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-')) {
        "it has other characters than letters, digits, `.`, `_` and `-`"
    } else {
        return Ok(());
    };
    Err(Error::unusable_input(format!(
        "`{}` cannot be a label: {what}",
        crate::text::make_visible(label)
    ))
    .with_help("a label has letters, digits, `.`, `_` and `-`, such as `before-update` or `v2.1`"))
}

/// The name of a run file without its ending.
pub(super) fn file_stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}

/// When a run was recorded, as the id that isoproof gave it says (`20251127T185734Z-1a2b3c4d`); none of
/// another text.
pub(super) fn time_of_id(id: &str) -> Option<DateTime<Utc>> {
    let (time, hash) = id.split_once('-')?;
    let is_hash = hash.len() == 8 && hash.chars().all(|c| c.is_ascii_hexdigit());
    let time = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").ok()?;
    is_hash.then_some(time.and_utc())
}

/// Whether a text has the form of an id (`20251127T185734Z-1a2b3c4d`) or of its beginning.
fn looks_like_id(text: &str) -> bool {
    const FORM: &str = "00000000T000000Z-xxxxxxxx";
    let mut pairs = text.chars().zip(FORM.chars());
    text.len() <= FORM.len()
        && pairs.all(|(c, form)| match form {
            '0' => c.is_ascii_digit(),
            'x' => c.is_ascii_hexdigit(),
            form => c == form,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_form_is_told_apart() {
        let parse = |text| RunReference::parse(text).unwrap();
        assert_eq!(parse("latest"), RunReference::Latest(0));
        assert_eq!(parse("latest~2"), RunReference::Latest(2));
        assert_eq!(parse("data/runs/a.json"), RunReference::Path("data/runs/a.json".into()));
        assert_eq!(parse("baseline"), RunReference::Name("baseline".into()));
        assert_eq!(
            parse("git:origin/main:data/runs/a.json"),
            RunReference::Git {
                revision: "origin/main".into(),
                path: Some("data/runs/a.json".into())
            }
        );
        assert_eq!(parse("git:HEAD"), RunReference::Git { revision: "HEAD".into(), path: None });
    }

    #[test]
    fn a_malformed_reference_says_what_is_wanted() {
        for text in ["", "latest~x", "git:", "git:--help", "git:HEAD:", "fleet:latest"] {
            assert!(RunReference::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_label_is_never_another_form() {
        for (label, what) in [
            ("", "empty"),
            ("latest", "newest"),
            ("latest~1", "newest"),
            ("git:x", "git"),
            ("fleet:x", "fleet"),
            ("a/b", "file"),
            ("x.json", "file"),
            ("20261127T025740Z-65496e1e", "the id of a run"),
            ("20261124T20", "the beginning of one"),
            ("2026", "the beginning of one"),
            ("-x", "begins"),
            ("a b", "other characters"),
            ("<b>", "other characters"),
        ] {
            let error = check_label(label).unwrap_err().message;
            assert!(error.contains(what), "{error}");
        }
        for label in ["vor-dem-Update_2.1", "2026-11-24", "20261124-evening", "v2"] {
            check_label(label).unwrap();
        }
    }

    proptest! {
        #[test]
        fn an_accepted_label_is_parsed_as_a_name(label: String) {
            if check_label(&label).is_ok() {
                prop_assert_eq!(RunReference::parse(&label).unwrap(), RunReference::Name(label));
            }
        }
    }
}
