//! Start-up times, in the forms that shells and people give them.

mod failed_starts;
mod named_times;
mod names;
mod own_forms;
mod parts;
mod programs;
mod unlike_starts;
mod whole_time;

use super::failure;
use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart};
use super::read::{self, ReadResult};
use super::words;
use crate::model::{MissingReason, MissingValue};
use failed_starts::{failed_start_line, without_failed_rows, without_failed_starts};
use named_times::split_named_times;
use parts::{only_summary, read_series, states_duration};
use programs::refuse_no_time;
use unlike_starts::{
    leave_discarded_sections, refuse_cold_beside_warm, refuse_several_machines,
    refuse_several_sections,
};
use whole_time::choose_columns;

pub(super) use failed_starts::has_good_start;
pub(super) use names::{is_excluded_part, is_start_measure, names_runs};
pub(super) use own_forms::{is_numbered_time, states_times};
pub(super) use programs::{is_program_time, time_of_measured_command};
pub(super) use unlike_starts::discards_run;

pub(super) fn read_startup_times(page: &EvidencePage, who: EvidenceRole) -> ReadResult<Vec<f64>> {
    let mut parts = page.parts_measuring(is_start_measure);
    // In this file "Host" can only mean the runtime on the host's kernel, if the label says so.
    for part in &mut parts {
        if part.who == Some(EvidenceRole::Host) && words::contains_any(&part.label, &["runc"]) {
            part.who = Some(EvidenceRole::Runc);
        }
    }
    leave_discarded_sections(&mut parts, who);
    split_named_times(&mut parts);
    let mut own: Vec<usize> =
        (0..parts.len()).filter(|&index| parts[index].who == Some(who)).collect();
    if own.len() > 1 && parts[own[0]].label.is_empty() {
        own.remove(0);
    }
    if page.value_unit_is_millis() {
        // The cells of a table have heads of their own.
        for part in &mut parts {
            if part.lines.iter().all(|line| line.measure.is_none()) {
                part.label.push_str(" (ms)");
            }
        }
    }
    let own: Vec<&LabelledPart> = own.into_iter().map(|index| &parts[index]).collect();
    if own.is_empty() {
        if page
            .value_lines()
            .any(|line| words::contains_any(&line.text, &["(mean ± σ)", "(mean ± sd)"]))
        {
            return Err(only_summary());
        }
        let miss = read::no_part(page, &parts, who);
        return Err(match miss.why {
            MissingReason::RuncContainerOnly => {
                MissingValue::new(MissingReason::NoGuestSection, "only runc's starts are labelled")
            }
            _ => miss,
        });
    }
    let refused = refuse_several_machines(&own)
        .or_else(|| refuse_several_sections(page, &own))
        .or_else(|| refuse_cold_beside_warm(&own));
    if let Some(miss) = refused {
        return Err(miss);
    }
    let found =
        choose_columns(own.clone()).and_then(|own| read_series(&own)).and_then(refuse_no_time);
    let told = without_failed_starts(&own).or_else(|| without_failed_rows(page, &own, who));
    if let Some(found) = told {
        return refuse_no_time(found);
    }
    // The state of a start is in a cell that is no time.
    let failed = failed_start_line(&parts, who);
    match (failed.or_else(|| failed_start_line(page.labelled_parts(), who)), &found) {
        (Some(line), Ok(_))
            if has_good_start(page, who) || failure::tells_of_remedy(&line.text) =>
        {
            let words = "a start failed beside others, and which of the times is its is not told:";
            Err(MissingValue::quoting_line(MissingReason::Unreadable, words, line))
        }
        (Some(line), Ok(_)) => Err(MissingValue::quoting_line(
            MissingReason::FailedStart,
            "the time is of a start that failed:",
            line,
        )),
        (Some(line), Err(_)) if own.iter().any(|part| states_duration(part)) => {
            // Where no figure is, none is of a failed start.
            let is_timed = line.text.contains(|c: char| c.is_ascii_digit());
            let why = if is_timed { MissingReason::FailedStart } else { MissingReason::ErrorText };
            Err(MissingValue::quoting_line(why, "the start failed:", line))
        }
        _ => found,
    }
}
