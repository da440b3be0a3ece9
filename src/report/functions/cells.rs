//! The facts of a table of all targets, and those that were read from a capture. A run has hundreds
//! of facts, so they are drawn here and not by a loop of a template.

use tera::{Kwargs, TeraResult};

use super::sources::{LookupSources, lookup_error};
use crate::model::{FactId, Role};

/// `id | fact_cells(host=, differs=, equal=)`: a cell for each target with what the fact is on it,
/// which is no series. Cells of others than the host say whether that is what the host shows. The
/// arguments are the words: the heading of the host's column, and what marks other values and the same.
pub(super) fn draw_cells(
    sources: &LookupSources,
    id: FactId,
    kwargs: &Kwargs,
) -> TeraResult<String> {
    let (host, differs, equal): (&str, &str, &str) =
        (kwargs.must_get("host")?, kwargs.must_get("differs")?, kwargs.must_get("equal")?);
    let (assessment, renderer) = (&sources.assessment, &sources.renderer);
    let row = assessment.find_row(id).map_err(lookup_error)?;
    let targets = &assessment.run.targets;
    let host_place = targets.iter().position(|target| target.role == Role::Host);
    let on_host = host_place.and_then(|place| row[place].fact.as_value());
    let mut out = String::new();
    for (target, found) in targets.iter().zip(&row) {
        let head = match target.role {
            Role::Host => host.to_string(),
            _ => renderer.escape_text(&assessment.reader_name(&target.name)),
        };
        let held = sources.print_found(found, None, true)?;
        for piece in ["<td data-head=\"", &head, "\"><div class=\"held\">", &held, "</div>"] {
            out.push_str(piece);
        }
        if target.role != Role::Host
            && let (Some(there), Some(here)) = (on_host, found.fact.as_value())
        {
            let (class, words) =
                if there == here { ("equal", equal) } else { ("differs", differs) };
            for piece in [" <span class=\"", class, "\">", words, "</span>"] {
                out.push_str(piece);
            }
        }
        out.push_str("</td>\n");
    }
    Ok(out)
}

/// `capture.id | facts_read(median_of=, line=)`: an item of a list for each fact that was read from a
/// capture, with its value, of a series the median, and its line. The arguments are the words.
pub(super) fn draw_facts_read(
    sources: &LookupSources,
    capture: &str,
    kwargs: &Kwargs,
) -> TeraResult<String> {
    let (median_of, line): (&str, &str) = (kwargs.must_get("median_of")?, kwargs.must_get("line")?);
    let (assessment, renderer) = (&sources.assessment, &sources.renderer);
    let mut out = String::new();
    for found in assessment.facts_of_capture(capture) {
        let name = assessment.reader_name(found.target.unwrap_or_default());
        let names = [&found.probe.title, &name].map(|name| renderer.escape_text(name));
        for piece in ["<li>", &names[0], ", ", &names[1], ": "] {
            out.push_str(piece);
        }
        if found.fact.as_series().is_some() {
            let figures = ["median", "n"].map(|of| renderer.render_figure(assessment, &found, of));
            let [median, count] = figures.map(|figure| figure.map_err(lookup_error));
            for piece in [&median?, " <span class=\"aside\">", median_of, " ", &count?, "</span>"] {
                out.push_str(piece);
            }
        } else {
            out.push_str(&sources.print_found(&found, None, false)?);
        }
        if let Some(number) = found.fact.source().and_then(|source| source.line) {
            let number = number.to_string();
            for piece in [" <span class=\"place\">", line, " ", &number, "</span>"] {
                out.push_str(piece);
            }
        }
        out.push_str("</li>\n");
    }
    Ok(out)
}
