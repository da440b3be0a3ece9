//! The lines of a capture on a page. A run has thousands, so they are drawn here and not by a loop
//! of a template.

use std::collections::BTreeSet;

use tera::{Kwargs, TeraResult};

use super::sources::LookupSources;
use crate::model::Capture;
use crate::report::Renderer;
use crate::report::escape;
use crate::text::strip_ansi;

/// `capture.id | record_lines(…)`: lines of a capture, each as an element with its number.
///
/// `stream` is `stdout` or `stderr`; `from` and `to` are the lines before the first one and up to
/// the last one. With `ids` each line has its anchor as its id; with `page` its number leads to that
/// anchor on a page, `""` being the one that it stands on. `label` is the word that the number is
/// read aloud by, with `after` after the number. Linked lines of the output that a fact was read from are marked.
pub(super) fn draw_lines(
    sources: &LookupSources,
    capture: &Capture,
    kwargs: &Kwargs,
) -> TeraResult<String> {
    static NONE: BTreeSet<usize> = BTreeSet::new();
    let assessment = &sources.assessment;
    let (stream, letter, marked) = match kwargs.get::<&str>("stream")? {
        Some("stderr") => (capture.stderr.as_ref(), "-E", &NONE),
        _ => (Some(&capture.stdout), "-L", assessment.lines_read(&capture.id).1),
    };
    let lines = stream.map(|stream| stream.text_lines()).unwrap_or_default();
    let from: usize = kwargs.get("from")?.unwrap_or(0).min(lines.len());
    let to: usize = kwargs.get("to")?.unwrap_or(lines.len()).clamp(from, lines.len());
    let has_ids: bool = kwargs.get("ids")?.unwrap_or(false);
    let anchor = assessment.capture_anchor(&capture.id).unwrap_or_default();
    let id = sources.renderer.escape_text(anchor) + letter;
    let link = escape_argument(sources, kwargs, "page")?.map(|page| [&page, "#", &id].concat());
    let label = escape_argument(sources, kwargs, "label")?.unwrap_or_default();
    let after = escape_argument(sources, kwargs, "after")?.unwrap_or_default();
    let pieces = id.len() + link.as_ref().map_or(0, String::len) + label.len();
    let texts = lines[from..to].iter().map(|line| line.len() + pieces + after.len() + 96);
    let mut out = String::with_capacity(texts.sum());
    for (line, number) in lines[from..to].iter().zip(from + 1..) {
        let number_text = number.to_string();
        out.push_str("<span");
        if link.is_some() {
            let is_marked = marked.contains(&number);
            out.push_str(if is_marked { " class=\"line source\"" } else { " class=\"line\"" });
        }
        if has_ids {
            push_all(&mut out, &[" id=\"", &id, &number_text, "\""]);
        }
        out.push('>');
        if let Some(link) = &link {
            push_all(&mut out, &["<a class=\"number\" href=\"", link, &number_text]);
            push_all(&mut out, &["\" aria-label=\"", &label, &number_text, &after, "\">"]);
            push_all(&mut out, &[&number_text, "</a><code>"]);
        }
        match &sources.renderer {
            Renderer::Html(_) => escape::push_html(&strip_ansi(line), &mut out),
            renderer => out.push_str(&renderer.escape_text(&strip_ansi(line))),
        }
        out.push_str(if link.is_some() { "</code></span>\n" } else { "</span>\n" });
    }
    Ok(out)
}

fn escape_argument(
    sources: &LookupSources,
    kwargs: &Kwargs,
    name: &str,
) -> TeraResult<Option<String>> {
    Ok(kwargs.get::<&str>(name)?.map(|text| sources.renderer.escape_text(text)))
}

fn push_all(out: &mut String, pieces: &[&str]) {
    pieces.iter().for_each(|piece| out.push_str(piece));
}
