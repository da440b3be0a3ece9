//! The cells of a fact in a table of all targets. A run has hundreds of facts, so they are drawn here
//! and not by a loop of a template.

use tera::{Kwargs, TeraResult};

use super::{LookupSources, lookup_error};
use crate::model::Role;

/// `id | fact_cells(host=, differs=, equal=)`: a cell for each target with what the fact is on it,
/// which is no series. Cells of others than the host say whether that is what the host shows. The
/// arguments are the words: the heading of the host's column, and what marks other values and the same.
pub(super) fn draw_cells(sources: &LookupSources, id: &str, kwargs: &Kwargs) -> TeraResult<String> {
    let (host, differs, equal): (&str, &str, &str) =
        (kwargs.must_get("host")?, kwargs.must_get("differs")?, kwargs.must_get("equal")?);
    let (assessment, renderer) = (&sources.assessment, &sources.renderer);
    let on_host = assessment.find_fact(id, Role::Host.word()).map_err(lookup_error)?;
    let mut out = String::new();
    for target in &assessment.run.targets {
        let found = assessment.find_fact(id, &target.name).map_err(lookup_error)?;
        let head = match target.role {
            Role::Host => host.to_string(),
            _ => renderer.escape_text(&assessment.reader_name(&target.name)),
        };
        let held = sources.print_found(&found, None, true)?;
        for piece in ["<td data-head=\"", &head, "\"><div class=\"held\">", &held, "</div>"] {
            out.push_str(piece);
        }
        if target.role != Role::Host
            && let (Some(there), Some(here)) = (on_host.fact.as_value(), found.fact.as_value())
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
