//! The lines of a capture on a page. A run has thousands, so they are drawn here and not by a loop
//! of a template.

use std::collections::BTreeSet;

use tera::{Kwargs, TeraResult};

use super::LookupSources;
use crate::model::Capture;
use crate::report::Renderer;
use crate::report::escape;
use crate::text::strip_ansi;

/// `capture.id | record_lines(…)`: lines of a capture, each as an element with its number.
///
/// `stream` is `stdout` or `stderr`; `from` and `to` are the lines before the first one and up to
/// the last one; `id` begins the ids of the lines, `link` the addresses that their numbers lead to
/// and `label` the words that their numbers are read aloud by, with `after` behind the number: what
/// is not given is not there. Linked lines of the output that a fact was read from are marked.
pub(super) fn draw_lines(
    sources: &LookupSources,
    capture: &Capture,
    kwargs: &Kwargs,
) -> TeraResult<String> {
    let (stream, marked) = match kwargs.get::<&str>("stream")? {
        Some("stderr") => (capture.stderr.as_ref(), BTreeSet::new()),
        _ => (Some(&capture.stdout), sources.assessment.source_lines(&capture.id)),
    };
    let lines = stream.map(|stream| stream.text_lines()).unwrap_or_default();
    let from: usize = kwargs.get("from")?.unwrap_or(0).min(lines.len());
    let to: usize = kwargs.get("to")?.unwrap_or(lines.len()).clamp(from, lines.len());
    let id = escape_argument(sources, kwargs, "id")?;
    let link = escape_argument(sources, kwargs, "link")?;
    let label = escape_argument(sources, kwargs, "label")?.unwrap_or_default();
    let after = escape_argument(sources, kwargs, "after")?.unwrap_or_default();
    let pieces = [&id, &link].into_iter().flatten().map(String::len).sum::<usize>() + label.len();
    let texts = lines[from..to].iter().map(|line| line.len() + pieces + after.len() + 96);
    let mut out = String::with_capacity(texts.sum());
    for (line, number) in lines[from..to].iter().zip(from + 1..) {
        let number_text = number.to_string();
        out.push_str("<span");
        if link.is_some() {
            let is_marked = marked.contains(&number);
            out.push_str(if is_marked { " class=\"line source\"" } else { " class=\"line\"" });
        }
        if let Some(id) = &id {
            push_all(&mut out, &[" id=\"", id, &number_text, "\""]);
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
