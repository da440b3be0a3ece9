//! Tables of `book.toml` that are meant for isoproof and do not have its name.
//!
//! mdBook ignores tables that it does not know, and so do we: a misspelt name would switch off all
//! that the table says, and nobody would be told.

use std::borrow::Cow;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Result};
use crate::text::{closest_match, line_at};

const PREPROCESSOR: &str = "preprocessor";
const OWN: &str = "isoproof";

/// The tables that mdBook has, in which a table of ours does not stand.
const OF_MDBOOK: [&str; 4] = ["book", "build", "rust", "output"];

/// Refuses a table that has almost our name, or that has another and holds our settings.
pub(super) fn refuse_misplaced_tables(text: &str, path: &Path) -> Result<()> {
    // Whoever reads the settings has said what is wrong with the text.
    let Ok(root) = DeTable::parse(text) else { return Ok(()) };
    let Some((start, name)) = find_misplaced(root.get_ref()) else { return Ok(()) };
    let line = line_at(text, start);
    Err(Error::unusable_input(format!(
        "{}:{line}: `{}` is not where isoproof looks for its settings, so nothing below it would hold",
        path.display(),
        crate::text::make_visible(&name)
    ))
    .with_help(format!("did you mean `{PREPROCESSOR}.{OWN}`?")))
}

/// Where such a table begins, and its name.
fn find_misplaced(root: &DeTable) -> Option<(usize, String)> {
    if let Some(key) = find_own_settings(root) {
        return Some((key.span().start, key.get_ref().to_string()));
    }
    for (name, value) in root {
        let outer = name.get_ref().as_ref();
        let is_outer = outer == PREPROCESSOR;
        let is_near_outer = is_outer || closest_match(outer, [PREPROCESSOR].into_iter()).is_some();
        if !OF_MDBOOK.contains(&outer) && is_like_own(outer) {
            return Some((name.span().start, outer.into()));
        }
        for table in list_tables(value) {
            if let Some(key) = find_own_settings(table) {
                return Some((key.span().start, format!("{outer}.{}", key.get_ref())));
            }
            for (inner_name, inner) in table {
                let own = inner_name.get_ref().as_ref();
                if is_outer && own == OWN {
                    continue;
                }
                let is_misspelt = is_like_own(own) && (is_near_outer || own == OWN);
                let mut tables = list_tables(inner).into_iter();
                if is_misspelt || tables.any(|inner| find_own_settings(inner).is_some()) {
                    return Some((inner_name.span().start, format!("{outer}.{own}")));
                }
            }
        }
    }
    None
}

fn is_like_own(name: &str) -> bool {
    closest_match(&name.to_lowercase(), [OWN].into_iter()).is_some()
}

/// A table, or those of an array of tables.
fn list_tables<'a, 'b>(value: &'a Spanned<DeValue<'b>>) -> Vec<&'a DeTable<'b>> {
    match value.get_ref() {
        DeValue::Table(table) => vec![table],
        DeValue::Array(values) => {
            let tables = values.iter().map(|value| match value.get_ref() {
                DeValue::Table(table) => Some(table),
                _ => None,
            });
            tables.flatten().collect()
        }
        _ => Vec::new(),
    }
}

/// A key of ours in a table whose value is as ours are; other programs have keys of these
/// names too.
fn find_own_settings<'a, 'b>(table: &'a DeTable<'b>) -> Option<&'a Spanned<Cow<'b, str>>> {
    let found = table.iter().find(|(name, value)| {
        let holds_key = |keys: &[&str]| {
            list_tables(value).iter().any(|table| keys.iter().any(|key| table.contains_key(*key)))
        };
        match name.get_ref().as_ref() {
            "expect" => holds_key(&["runtime", "findings"]),
            "gate" => holds_key(&["fail-on", "margins", "sessions"]),
            "rules" => list_tables(value).iter().any(|rules| {
                let mut rules = rules.values().flat_map(list_tables);
                rules.any(|rule| rule.contains_key("off"))
            }),
            "edition" => matches!(value.get_ref(), DeValue::String(edition)
                if crate::find_pack(edition).is_ok()),
            _ => false,
        }
    });
    found.map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::super::ProjectConfig;
    use super::*;

    #[test]
    fn settings_under_another_name_are_an_error_with_the_line() {
        let entry = "runtime = \"kata\"\nstarts = true\nreason = \"r\"\n";
        for (table, below) in [
            ("[preprocessor.isoprof]", "edition = \"f25\""),
            ("[preprocessor.IsoProof]", ""),
            ("[preprocessor.iso-proof]", "run = \"latest\""),
            ("[[preprocessor.isoprof.expect]]", entry),
            ("[[preprocesor.isoproof.expect]]", entry),
            ("[preprocessors.isoproof]", ""),
            ("[[isoproof.expect]]", entry),
            ("[isoprof.gate]", "fail-on = \"change\""),
            ("[output.isoproof]", ""),
            ("[[expect]]", entry),
            ("[[preprocessor.expect]]", entry),
            ("[gate]", "fail-on = \"change\""),
            ("[[preprocessor.evidence.expect]]", entry),
            ("[preprocessor.evidence.rules.proc-entries-not-processes]", "off = true"),
            ("[preprocessor.evidence]", "edition = \"f25\""),
            ("[book.rules.x]", "off = true"),
        ] {
            let text = format!("[book]\ntitle = \"t\"\n\n{table}\n{below}\n");
            let error = ProjectConfig::parse(&text, Path::new("book.toml")).unwrap_err();
            let line = error.message.strip_prefix("book.toml:").and_then(|it| it.split(':').next());
            let line: usize = line.unwrap().parse().unwrap();
            let at = text.lines().position(|line| line == table).unwrap() + 1;
            assert!((at..=at + 1).contains(&line), "{table}: {error}");
            assert_eq!(error.help.as_deref(), Some("did you mean `preprocessor.isoproof`?"));
        }
    }

    #[test]
    fn tables_of_other_programs_are_left_alone() {
        for text in [
            "[preprocessor.mermaid]\ncommand = \"mdbook-mermaid\"\n",
            "[rust]\nedition = \"2021\"\n[preprocessor.a]\nedition = \"2024\"\n",
            "[preprocessor.spelling.rules]\nen = \"strict\"\n[preprocessor.x.gate]\nopen = true\n",
            "[preprocessor.test]\nexpect = [\"a\"]\n[[preprocessor.test.case.expect]]\nis = 1\n",
            "[output.html.print]\nenable = false\n[preproc.mermaid]\na = 1\n",
            "[preprocessor.isoproof]\nedition = \"f25\"\n[preprocessor.isoproof.gate]\n",
        ] {
            ProjectConfig::parse(text, Path::new("book.toml")).unwrap();
        }
    }
}
