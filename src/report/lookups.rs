//! Which Markdown is a template, and what in a template belongs to mdBook.
//!
//! A chapter that uses no look-up is plain Markdown, whatever braces it has: a book about
//! another template language stays as it is. One that uses a look-up is a template as a whole,
//! except for mdBook's own braces: `{{#include file}}` and the `{#id}` of a heading.

use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Parser, Tag};
use regex::{Captures, Regex};

use super::{functions, markdown};
use crate::text::closest_match;

/// The folder of the statements among the templates, under whose name chapters include them:
/// `{% include "statements/control.md" %}`.
pub(crate) const STATEMENTS: &str = "statements/";

/// The folder under whose name the chapters that ship with isoproof can be included:
/// `{% include "shipped/isolation.md" %}`.
pub(crate) const SHIPPED: &str = "shipped/";

/// The beginning of a tag up to what it calls or includes. It need not be closed: a look-up that
/// lacks its end is a mistake to be told, not text.
static LOOKUP: LazyLock<Regex> = LazyLock::new(|| {
    let names = functions::lookup_names().collect::<Vec<_>>().join("|");
    let call = format!(r"\b(?:{names})\s*\(|\w+\(\s*id\s*=\s*\x22");
    let include = format!(r"include\s+[\x22'](?:{SHIPPED}|{STATEMENTS})");
    Regex::new(&format!(r"\{{[{{%]-?[^{{}}%]*?(?:{call}|{include})")).expect("a valid expression")
});

/// A call with named arguments or none, or what is included, in a tag of plain Markdown.
static CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x) \{[{%]-? [^{}%]*? (?: \b(?<name>[a-z_]+) \( \s* (?: \) | [a-z]+ \s* = )
        | \binclude \s+ "(?<file>[^"]+\.md)" )"#,
    )
    .expect("a valid expression")
});

/// What looks like a look-up in a text that is no template, with its line: a misspelt name, or a
/// file that cannot be included. It is printed as it stands.
pub(crate) fn find_misspelt(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if !CALL.is_match(text) || is_template(text) {
        return found;
    }
    let code = code_ranges(text);
    for tag in CALL.captures_iter(text) {
        let start = tag.get(0).map_or(0, |tag| tag.start());
        if code.iter().any(|range| range.contains(&start)) {
            continue;
        }
        let line = text[..start].matches('\n').count() + 1;
        if let Some(file) = tag.name("file") {
            let words = format!("`{}` cannot be included", file.as_str());
            found.push((line, format!("{words}: only `{SHIPPED}…` and `{STATEMENTS}…` can")));
        } else if let Some(name) = tag.name("name").map(|name| name.as_str())
            && let Some(near) = closest_match(name, functions::lookup_names())
        {
            found.push((line, format!("there is no look-up `{name}`: did you mean `{near}`?")));
        }
    }
    found
}

/// What belongs to mdBook, and before it what is no look-up either way.
static FOREIGN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?sx)
        (?<own> \{%-?\s*raw\s*-?%\} .*? \{%-?\s*endraw\s*-?%\} )
        | (?<link> \\? \{\{ \s* \# [^}]* \}\} )
        | (?<id> \{\# [^\s\#{}] [^\#{}\n]* \} )
        | (?<comment> \{\# .*? \#\} )",
    )
    .expect("a valid expression")
});

/// Whether a text uses a look-up outside of code, and so is a template.
pub(crate) fn is_template(text: &str) -> bool {
    let mut found = LOOKUP.find_iter(text).peekable();
    if found.peek().is_none() {
        return false;
    }
    let code = code_ranges(text);
    found.any(|tag| !code.iter().any(|range| range.contains(&tag.start())))
}

fn code_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    for (event, range) in Parser::new_ext(text, markdown::markdown_options()).into_offset_iter() {
        if matches!(event, Event::Start(Tag::CodeBlock(_)) | Event::Code(_)) {
            ranges.push(range);
        }
    }
    ranges
}

/// A template in which mdBook's own braces are text.
pub(crate) fn shield_braces(text: &str) -> String {
    FOREIGN
        .replace_all(text, |found: &Captures| {
            let whole = &found[0];
            match found.name("link").or(found.name("id")) {
                Some(_) => format!("{{% raw %}}{whole}{{% endraw %}}"),
                None => whole.to_string(),
            }
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_a_lookup_is_a_template() {
        for text in [
            r#"{{ fact(id="a", target="b") }}"#,
            r#"{% if present(id="a", target="b") %}x{% endif %}"#,
            r#"{%- set v = verdict(target="kata") %}"#,
            r#"{% include "shipped/isolation.md" %}"#,
            r#"{% include "statements/control.md" %}"#,
            r#"| {{ stat(id="a", target="b", of="median") }} |"#,
            r#"misspelt {{ fcat(id="a", target="b") }}"#,
            r#"without its end {{ fact(id="a""#,
        ] {
            assert!(is_template(text), "{text}");
        }
    }

    #[test]
    fn braces_of_other_languages_make_no_template() {
        for text in [
            "plain",
            "{{#include ../listing.rs}}",
            "## Title {#the-id}",
            "{{ page.title }} {% for x in y %}",
            "`{{ fact(id=\"a\", target=\"b\") }}`",
            "```\n{{ fact(id=\"a\", target=\"b\") }}\n```",
            "${{ secrets.TOKEN }}",
        ] {
            assert!(!is_template(text), "{text}");
        }
    }

    #[test]
    fn a_misspelt_look_up_in_plain_markdown_is_found_and_another_language_is_not() {
        let text = "a\n{{ verdicts(target=\"kata\").title }}\n{% for t in target() %}\n\
                    {% include \"mine.md\" %}\n`{{ verdicts() }}`";
        assert_eq!(
            find_misspelt(text),
            [
                (2, "there is no look-up `verdicts`: did you mean `verdict`?".to_string()),
                (3, "there is no look-up `target`: did you mean `targets`?".into()),
                (4, "`mine.md` cannot be included: only `shipped/…` and `statements/…` can".into()),
            ]
        );
        for text in ["{{ url_for(path=1) }}", "{% include head.html %}", "a target(x=1)"] {
            assert_eq!(find_misspelt(text), [], "{text}");
        }
    }

    #[test]
    fn what_belongs_to_mdbook_is_shielded_and_nothing_else() {
        let text = "{{#include a.md}} {# a comment #} ## T {#id} {% raw %}{{#x y}}{% endraw %} {{ fact() }}";
        assert_eq!(
            shield_braces(text),
            "{% raw %}{{#include a.md}}{% endraw %} {# a comment #} ## T {% raw %}{#id}{% endraw %} \
             {% raw %}{{#x y}}{% endraw %} {{ fact() }}"
        );
    }
}
