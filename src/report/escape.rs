//! Escaping: captured text is hostile, and must come out as text wherever it goes.

use std::io::Write;

use crate::text::{escape_hidden, make_visible};

/// One line of text for Markdown, such that no Markdown in it takes effect.
pub fn escape_markdown(text: &str) -> String {
    let text = make_visible(&crate::text::join_words(text));
    let mut out = String::with_capacity(text.len() + 8);
    let mut before: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Inside a word an underscore is only itself.
            '_' if before.is_some_and(char::is_alphanumeric)
                && chars.peek().is_some_and(|next| next.is_alphanumeric()) =>
            {
                out.push(c);
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '$' | '^' | '!' => {
                out.push('\\');
                out.push(c);
            }
            // At the beginning these make lists, rules and headings.
            '-' | '+' | '=' if before.is_none() => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')'
                if !out.is_empty()
                    && out.chars().all(|c| c.is_ascii_digit())
                    && chars.peek().is_none_or(|c| c.is_whitespace()) =>
            {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
        before = Some(c);
    }
    out
}

/// [`escape_markdown`] in the form that the template engine wants.
///
/// # Errors
///
/// Those of the writer.
pub fn write_markdown(text: &str, out: &mut dyn Write) -> std::io::Result<()> {
    out.write_all(escape_markdown(text).as_bytes())
}

/// One line of text as a Markdown code span. In the cell of a table a pipe ends the cell even
/// inside a code span, so `in_table` escapes it.
pub fn code_span(text: &str, in_table: bool) -> String {
    let mut text = make_visible(text).replace('\t', " ");
    if in_table {
        text = text.replace('|', "\\|");
    }
    if text.trim().is_empty() {
        return if in_table { String::new() } else { "(empty)".into() };
    }
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    let touches = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let pad = if touches { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Lines of text as a fenced block: the fence is longer than any run of backticks inside.
pub fn fenced_block(info: &str, lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| make_visible(line)).collect();
    let longest = lines.iter().map(|line| longest_run(line, '`')).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut out = format!("{fence}{info}\n");
    for line in lines {
        out.push_str(&line);
        out.push('\n');
    }
    out.push_str(&fence);
    out
}

/// One line of text as a code element, for Markdown whose reader looks for `{{` even in code: it
/// finds none.
pub fn code_element(text: &str) -> String {
    format!("<code>{}</code>", escape_markdown(text))
}

/// Lines of text as a `pre` element, for the same readers.
pub fn pre_element(lines: &[String]) -> String {
    let text = escape_html(&lines.join("\n")).replace('{', "&#123;").replace('}', "&#125;");
    format!("<pre><code class=\"language-text\">{text}\n</code></pre>")
}

/// Text for HTML, inside elements and quoted attributes.
pub fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    push_html(text, &mut out);
    out
}

pub(crate) fn push_html(text: &str, out: &mut String) {
    if is_plain_html(text) {
        return out.push_str(text);
    }
    let text = escape_hidden(text, &['\t', '\n']);
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.push_str(&text[written..at]);
        out.push_str(entity);
        written = at + 1;
    }
    out.push_str(&text[written..]);
}

/// [`escape_html`] in the form that the template engine wants.
///
/// # Errors
///
/// Those of the writer.
pub fn write_html(text: &str, out: &mut dyn Write) -> std::io::Result<()> {
    match is_plain_html(text) {
        true => out.write_all(text.as_bytes()),
        false => out.write_all(escape_html(text).as_bytes()),
    }
}

/// Whether nothing of a text has to be escaped, as of most: ASCII without what HTML takes for
/// markup.
fn is_plain_html(text: &str) -> bool {
    // Looking at every byte is quicker than stopping early.
    text.bytes().fold(true, |plain, byte| {
        let is_shown = matches!(byte, b' '..=b'~' | b'\t' | b'\n');
        let is_markup = matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'');
        plain & (is_shown && !is_markup)
    })
}

/// A path with `/` between its parts as part of an address.
pub(super) fn url_path(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    fn parse(text: &str) -> Vec<Event<'_>> {
        Parser::new_ext(text, Options::all() - Options::ENABLE_SMART_PUNCTUATION).collect()
    }

    /// Text that is rich in what Markdown reacts to.
    fn nasty() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "`",
            "``",
            "|",
            "*",
            "_",
            "[",
            "]",
            "(",
            ")",
            "<script>",
            "javascript:",
            "\\",
            "#",
            "- ",
            "+ ",
            "1. ",
            "2) ",
            "> ",
            "=",
            "---",
            "~~",
            "$x$",
            "^",
            "!",
            "![a](b)",
            "&lt;",
            "&#60;",
            "{{#include /etc/hostname}}",
            "{% x %}",
            "\t",
            " ",
            "a",
            "é",
            "[^1]",
            ":",
            "http://a.b",
            "<a@b.c>",
            "\u{202e}",
            "\u{1b}[31m",
            "[[x]]",
            "Term\n: x",
            "- [x] ",
        ]);
        prop_oneof![
            prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat()),
            any::<String>(),
        ]
    }

    fn shown(text: &str) -> String {
        make_visible(&crate::text::join_words(text))
    }

    proptest! {
        #[test]
        fn escaped_text_comes_out_of_markdown_as_itself(text in nasty()) {
            let source = escape_markdown(&text);
            let mut out = String::new();
            for event in parse(&source) {
                match event {
                    Event::Text(text) => out.push_str(&text),
                    Event::Start(Tag::Paragraph) | Event::End(_) => {}
                    other => prop_assert!(false, "{other:?} from {source:?}"),
                }
            }
            let wanted = shown(&text);
            prop_assert_eq!(out.trim(), wanted.trim());
        }

        #[test]
        fn a_code_span_holds_its_text_and_nothing_leaves_it(text in nasty()) {
            let text = text.replace(['\n', '\r'], " ");
            let source = format!("x {} y", code_span(&text, false));
            let events = parse(&source);
            if !text.trim().is_empty() {
                let wanted = make_visible(&text).replace('\t', " ");
                let found = events.iter().any(|event| matches!(event, Event::Code(code) if code.trim() == wanted.trim()));
                prop_assert!(found, "{events:?}");
                prop_assert_eq!(events.len(), 5, "{:?}", events);
            }
        }

        #[test]
        fn a_code_span_does_not_break_its_table(text in nasty()) {
            let text = text.replace(['\n', '\r'], " ");
            let source = format!("| a | b |\n| --- | --- |\n| {} | y |\n", code_span(&text, true));
            let cells = parse(&source).iter().filter(|e| matches!(e, Event::Start(Tag::TableCell))).count();
            prop_assert_eq!(cells, 4);
        }

        #[test]
        fn a_fence_holds_every_line(lines in prop::collection::vec(nasty(), 0..6)) {
            let lines: Vec<String> = lines.iter().map(|line| line.replace(['\n', '\r'], " ")).collect();
            let source = format!("{}\n\nafter", fenced_block("text", &lines));
            let events = parse(&source);
            prop_assert!(matches!(events[0], Event::Start(Tag::CodeBlock(_))));
            prop_assert_eq!(events.iter().filter(|e| matches!(e, Event::Start(_))).count(), 2, "{:?}", events);
        }

        #[test]
        fn what_mdbook_would_expand_is_not_in_its_escaped_forms(text in nasty()) {
            let text = format!("{text}{{{{#include /etc/hostname}}}}{text}").replace(['\n', '\r'], " ");
            let element = code_element(&text);
            prop_assert!(!element.contains("{{"), "{element}");
            let mut out = String::new();
            for event in parse(&element) {
                match event {
                    Event::Text(text) => out.push_str(&text),
                    Event::InlineHtml(tag) => prop_assert!(["<code>", "</code>"].contains(&&*tag)),
                    Event::Start(Tag::Paragraph) | Event::End(_) => {}
                    other => prop_assert!(false, "{other:?} from {element:?}"),
                }
            }
            let wanted = shown(&text);
            prop_assert_eq!(out.trim(), wanted.trim());
            prop_assert!(!pre_element(&[text]).contains("{{"));
        }

        #[test]
        fn html_has_no_markup_left(text: String) {
            prop_assert!(!escape_html(&text).contains(['<', '>', '"', '\'']));
        }
    }

    #[test]
    fn identifiers_stay_readable() {
        assert_eq!(
            escape_markdown("kernel.sys_module on kata: 6.16.5-arch1-1"),
            "kernel.sys_module on kata: 6.16.5-arch1-1"
        );
    }
}
