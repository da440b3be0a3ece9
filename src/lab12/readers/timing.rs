//! Start-up times, in the forms that shells and people give them.

use super::command::command_role;
use super::failure;
use super::label::EvidenceRole;
use super::page::{EvidencePage, LabelledPart, LineKind, PageLine};
use super::read::{self, FoundValue, ReadResult};
use super::table::{TableMeasure, has_word};
use super::words::{self, TimeUnit};
use crate::model::{MissingReason, MissingValue};
use crate::probe::hyperfine::HyperfineJson;
use crate::text::split_list;

/// Times in seconds, with the line of the first.
pub(super) type TimesAtLine = Vec<f64>;

/// How one way of writing times is read from a line.
type TimeForm<'a> = dyn Fn(&str) -> Vec<f64> + 'a;

/// Whether a text is one time with its unit or several samples, and nothing else.
pub(super) fn states_times(text: &str) -> bool {
    let text = words::strip_value_marks(text);
    whole_duration(text).is_some() || !parse_time_list(text).is_empty()
}

/// Whether a text is a numbered sample: `1: .68 s`.
pub(super) fn is_numbered_time(text: &str) -> bool {
    text.split_once(": ").is_some_and(|(key, time)| {
        key.trim_start_matches('#').parse::<u16>().is_ok() && whole_duration(time).is_some()
    })
}

/// Whether a program for timing wrote a line.
pub(super) fn is_program_time(text: &str) -> bool {
    parse_program_time(text).is_some()
}

/// Whether the head of a column names the runs in it: `Run`, `№`, `Lauf`.
pub(super) fn names_runs(head: &str) -> bool {
    let head = words::strip_value_marks(head);
    matches!(head, "#" | "№" | "n" | "Nr.") || !head.is_empty() && is_run(head)
}

/// The start-up times of `who`.
pub(super) fn read_startup_times(
    page: &EvidencePage,
    who: EvidenceRole,
) -> ReadResult<TimesAtLine> {
    if let Some(times) = hyperfine_times(page, who) {
        return times;
    }
    let mut parts = page.parts_measuring(is_start_measure);
    // In this file "Host" can only mean the runtime on the host's kernel, if the label says so.
    for part in &mut parts {
        if part.who == Some(EvidenceRole::Host) && words::contains_any(&part.label, &["runc"]) {
            part.who = Some(EvidenceRole::Runc);
        }
    }
    split_by_command(&mut parts);
    split_by_name(&mut parts);
    let mut own: Vec<usize> =
        (0..parts.len()).filter(|&index| parts[index].who == Some(who)).collect();
    if own.len() > 1 && parts[own[0]].label.is_empty() {
        own.remove(0);
    }
    let is_of_table = |part: &&mut LabelledPart| part.lines.iter().any(|l| l.measure.is_some());
    if page.value_unit_is_millis() {
        let others = parts.iter_mut().filter(|part| !is_of_table(part));
        others.for_each(|part| part.label.push_str(" (ms)"));
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
        choose_columns(own.clone()).and_then(|own| all_parts(&own)).and_then(refuse_no_time);
    if let Some(found) = without_failed_parts(&own).or_else(|| without_failed_runs(&own)) {
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
            Err(MissingValue::quoting_line(MissingReason::FailedStart, "the start failed:", line))
        }
        _ => found,
    }
}

/// The times of the parts in which no start failed, where each failure is told before the time in
/// its own part: an attempt, and below another label the next.
fn without_failed_parts(own: &[&LabelledPart]) -> Option<FoundValue<TimesAtLine>> {
    let failed_at = |part: &LabelledPart| part.lines.iter().position(failure::is_of_failed_start);
    let timed_at = |part: &LabelledPart| {
        part.lines.iter().position(|line| parse_program_time(&line.text).is_some())
    };
    let (failed, good): (Vec<&LabelledPart>, Vec<&LabelledPart>) =
        own.iter().partition(|part| failed_at(part).is_some());
    let is_told = |part: &&LabelledPart| {
        timed_at(part).is_some_and(|at| failed_at(part) < Some(at))
            && !part.lines.iter().any(|line| failure::tells_of_remedy(&line.text))
    };
    let has_times = |part: &&LabelledPart| timed_at(part).is_some();
    if failed.is_empty() || !failed.iter().all(is_told) || !good.iter().any(has_times) {
        return None;
    }
    all_parts(&good).ok()
}

/// The numbered samples of a series in which another number is that of the start that failed:
/// `2: 1.97 s`, `3: FAILED`, `4: 2.05 s`.
fn without_failed_runs(own: &[&LabelledPart]) -> Option<FoundValue<TimesAtLine>> {
    let [part] = own.iter().filter(|part| !part.lines.is_empty()).collect::<Vec<_>>()[..] else {
        return None;
    };
    let mut failed = Vec::new();
    let mut good = Vec::new();
    let mut awaits_number = false;
    for line in part.lines.iter().filter(|line| line.kind != LineKind::Blank) {
        let key = line.text.split_once(':').map_or("", |(key, _)| key.trim_start_matches('#'));
        match (key.parse::<u16>().ok(), failure::is_of_failed_start(line)) {
            (Some(number), true) => failed.push(number),
            (Some(number), false) if !awaits_number && own_form(&line.text).is_some() => {
                good.push(number);
            }
            (None, true) => {
                awaits_number = true;
                continue;
            }
            _ => return None,
        }
        awaits_number = false;
    }
    let is_apart = !awaits_number && failed.iter().all(|number| !good.contains(number));
    (is_apart && !failed.is_empty() && !good.is_empty()).then(|| in_part(part).ok())?
}

/// Why starts of several kinds of machine are no series of one target.
fn refuse_several_machines(own: &[&LabelledPart]) -> Option<MissingValue> {
    const MACHINES: [&str; 6] = ["qemu", "clh", "firecracker", "fc", "dragonball", "stratovirt"];
    let mut named: Vec<&str> = Vec::new();
    for part in own.iter().filter(|part| part.value_lines().next().is_some()) {
        let label = part.label.to_lowercase();
        let machine = MACHINES.iter().find(|name| words::split_words(&label).any(|w| w == **name));
        named.extend(machine.filter(|name| !named.contains(name)).copied());
    }
    let note = format!("starts under several machines stand there: {}", named.join(", "));
    (named.len() > 1)
        .then(|| MissingValue::new(MissingReason::Unreadable, note).at_line(own[0].line))
}

/// Why starts below names of their own, each above the labels of the targets, are no series:
/// `Laptop:`, and further down `Server:`.
fn refuse_several_sections(page: &EvidencePage, own: &[&LabelledPart]) -> Option<MissingValue> {
    let mut names: Vec<&str> = Vec::new();
    for part in own.iter().filter(|part| part.value_lines().next().is_some()) {
        let above = page.lines.iter().filter(|line| line.number < part.line);
        let name = above.rev().find(|line| names_section(line)).map(|line| line.text.as_str());
        names.extend(name.filter(|name| !names.contains(name)));
    }
    (names.len() > 1).then(|| {
        let note = format!("starts stand below several names: {}", names.join(" "));
        MissingValue::new(MissingReason::Unreadable, read::shorten_text(&note)).at_line(own[0].line)
    })
}

/// Whether a line is a name with a colon, and neither a label nor that of a run or of a time.
fn names_section(line: &PageLine) -> bool {
    let name = line.text.strip_suffix(':').unwrap_or_default();
    line.kind == LineKind::Text
        && (1..4).contains(&words::split_words(name).count())
        && !line.is_error
        && !words::split_words(name).any(is_run)
        && !is_time_key(name)
        && super::label::parse_label(&line.text).is_none()
}

/// Why cold and warm starts are no series.
fn refuse_cold_beside_warm(own: &[&LabelledPart]) -> Option<MissingValue> {
    let names = own.iter().filter(|part| part.value_lines().next().is_some()).map(|part| {
        let measure = part.lines.first().and_then(|line| line.measure.as_deref());
        (part.line, measure.filter(|measure| !measure.is_empty()).unwrap_or(&part.label))
    });
    let names: Vec<(u32, &str)> = names.filter(|(_, name)| !is_excluded_part(name)).collect();
    let find = |word: &str| names.iter().find(|(_, name)| has_word(name, word));
    let (cold, warm) = (find("cold")?, find("warm")?);
    Some(several_times(&[cold.1, warm.1], cold.0))
}

/// Whether more starts of `who` were timed than failed: then one worked, though it is not told
/// which.
pub(super) fn has_good_start(page: &EvidencePage, who: EvidenceRole) -> bool {
    let parts = page.labelled_parts();
    let own: Vec<&LabelledPart> = parts.iter().filter(|part| part.who == Some(who)).collect();
    if without_failed_parts(&own).or_else(|| without_failed_runs(&own)).is_some() {
        return true;
    }
    let lines = own.iter().flat_map(|part| &part.lines);
    let labels = own.iter().filter(|part| failure::tells_failed_start(&part.label)).count();
    let failed = labels + lines.filter(|line| failure::is_of_failed_start(line)).count();
    failed > 0 && all_parts(&own).is_ok_and(|found| found.value.len() > failed)
}

/// The times of `who` in an export of hyperfine, whose commands name the runtime; none if the page
/// is no such export.
fn hyperfine_times(page: &EvidencePage, who: EvidenceRole) -> Option<ReadResult<TimesAtLine>> {
    let lines: Vec<&str> = page.lines.iter().map(|line| line.text.as_str()).collect();
    if !lines.first().is_some_and(|line| line.starts_with('{')) {
        return None;
    }
    let export: HyperfineJson = serde_json::from_str(&lines.join("\n")).ok()?;
    let timed = export.results.iter().find(|timed| command_role(&timed.command) == Some(who))?;
    let times = timed.successful_times();
    let first: f64 = *times.first()?;
    let is_first = |line: &&PageLine| line.text.trim_end_matches(',').parse() == Ok(first);
    let line = page.lines.iter().find(is_first).map_or(page.lines[0].number, |line| line.number);
    Some(refuse_no_time(FoundValue { value: times, line }))
}

/// No container starts in no time: a clock that was not read, or digits that were lost.
fn refuse_no_time(found: FoundValue<TimesAtLine>) -> ReadResult<TimesAtLine> {
    if found.value.contains(&0.0) {
        let note = "a start takes longer than 0 s".to_string();
        return Err(MissingValue::new(MissingReason::OutOfRange, note).at_line(found.line));
    }
    Ok(found)
}

/// Several parts of one role (`runc run 1:`, `runc run 2:`) form one series.
fn all_parts(own: &[&LabelledPart]) -> ReadResult<TimesAtLine> {
    let mut times: Option<FoundValue<TimesAtLine>> = None;
    let mut reason: Option<MissingValue> = None;
    let has_sums = own.iter().any(|part| is_excluded_part(&part.label));
    let has_runs = own.iter().any(|part| part.lines.iter().any(is_of_numbered_run));
    for part in own.iter().filter(|part| !has_runs || !part.lines.iter().any(is_of_total)) {
        let is_other = part.lines.is_empty() && part.other_measure.is_some();
        if is_excluded_part(&part.label) || is_other && has_sums {
            continue;
        }
        match in_part(part) {
            Ok(found) => match &mut times {
                Some(series) => series.value.extend(found.value),
                None => times = Some(found),
            },
            Err(miss) => {
                let miss = read::explain_empty_part(part, miss);
                if reason.as_ref().is_none_or(|old| old.why == MissingReason::Empty) {
                    reason = Some(miss);
                }
            }
        }
    }
    match (times, reason) {
        (Some(found), _) => Ok(found),
        (None, Some(miss)) if miss.why == MissingReason::Empty && states_summary(own) => {
            Err(only_summary())
        }
        (None, Some(miss)) => Err(miss),
        (None, None) => Err(only_summary()),
    }
}

/// Whether a cell stands in the row of a numbered run.
fn is_of_numbered_run(line: &PageLine) -> bool {
    let Some(name) = line.measure.as_deref() else { return false };
    name.is_empty() || is_run(name) && name.contains(|c: char| c.is_ascii_digit())
}

/// Whether a cell stands in a row that adds others up.
fn is_of_total(line: &PageLine) -> bool {
    let name = line.measure.as_deref().unwrap_or_default().to_lowercase();
    matches!(name.as_str(), "total" | "totals" | "gesamt" | "итого")
}

/// Whether one of the parts holds the figure of a summary, and not that of a pull.
fn states_summary(own: &[&LabelledPart]) -> bool {
    own.iter().any(|part| {
        is_excluded_part(&part.label)
            && !is_of_pull(&part.label)
            && part.value_lines().any(|line| line.text.contains(|c: char| c.is_ascii_digit()))
    })
}

/// The line that tells of a failed start of `who`. One in a part of its own name counts, and one
/// that no label assigns, if the next label is that of `who`. A message about Kata is Kata's
/// wherever it stands.
fn failed_start_line(parts: &[LabelledPart], who: EvidenceRole) -> Option<&PageLine> {
    let mut next = None;
    let mut owners: Vec<Option<EvidenceRole>> = Vec::new();
    for part in parts.iter().rev() {
        next = part.who.or(next);
        owners.push(next);
    }
    for (part, owner) in parts.iter().zip(owners.into_iter().rev()) {
        let in_label = part.who == Some(who) && failure::tells_failed_start(&part.label);
        if let Some(line) = part.lines.first().filter(|_| in_label) {
            return Some(line);
        }
        for line in part.lines.iter().filter(|line| failure::is_of_failed_start(line)) {
            let names_kata = words::contains_any(&line.text, &["kata"]);
            let about = if names_kata { Some(EvidenceRole::Kata) } else { owner };
            if about == Some(who) {
                return Some(line);
            }
        }
    }
    None
}

/// Takes the lines that name a role by themselves out of the parts without a label, each as the
/// parts that `name_roles` makes of it; of other lines it makes none.
fn split_parts(parts: &mut Vec<LabelledPart>, name_roles: impl Fn(&PageLine) -> Vec<LabelledPart>) {
    let mut out = Vec::new();
    for part in parts.drain(..) {
        if part.who.is_some() {
            out.push(part);
            continue;
        }
        let mut rest = LabelledPart { lines: Vec::new(), ..part.clone() };
        for line in part.lines {
            let named = name_roles(&line);
            if named.is_empty() {
                rest.lines.push(line);
            }
            out.extend(named);
        }
        out.push(rest);
    }
    *parts = out;
}

/// zsh names the command beside its time: it labels what has no label.
fn split_by_command(parts: &mut Vec<LabelledPart>) {
    split_parts(parts, |line| {
        let who = parse_zsh_time(&line.text).and(command_role(&line.text));
        let part = who.map(|who| LabelledPart {
            who: Some(who),
            label: "command".into(),
            line: line.number,
            lines: vec![line.clone()],
            ..LabelledPart::default()
        });
        part.into_iter().collect()
    });
}

/// A role's name just before a time, or in brackets just behind it, labels what has no label:
/// `runc took 0.6 s, Kata took 2.1 s`, `real 0m0.6s (runc)`, `runc,0.612`, `{"runc": 0.6}`.
fn split_by_name(parts: &mut Vec<LabelledPart>) {
    split_parts(parts, |line| {
        if line.kind != LineKind::Text {
            return Vec::new();
        }
        let named = times_with_roles(&line.text).into_iter();
        let part = |(who, text): (EvidenceRole, String)| LabelledPart {
            who: Some(who),
            label: "name".into(),
            line: line.number,
            lines: vec![PageLine::new(line.number, &text, true)],
            ..LabelledPart::default()
        };
        named.map(part).collect()
    });
}

/// The times on a line with the roles that are named beside them; none if anything else stands
/// there that could be meant.
fn times_with_roles(text: &str) -> Vec<(EvidenceRole, String)> {
    const BETWEEN: &[&str] =
        &["took", "needed", "started", "in", "startup", "start", "time", "real", "container"];
    let plain: String =
        text.chars().map(|c| if matches!(c, '{' | '}' | '"' | '|') { ' ' } else { c }).collect();
    let plain = without_run_or_clock(plain.trim());
    let role = |word: &str| match word.to_lowercase().as_str() {
        "runc" => Some(EvidenceRole::Runc),
        "kata" => Some(EvidenceRole::Kata),
        _ => None,
    };
    if let Some((value, name)) = plain.strip_suffix(')').and_then(|head| head.rsplit_once('('))
        && let Some(who) = role(name.trim())
    {
        return vec![(who, value.trim().to_string())];
    }
    let mut starts: Vec<(usize, EvidenceRole)> = Vec::new();
    for word in words::split_words(plain) {
        let at = word.as_ptr() as usize - plain.as_ptr() as usize;
        starts.extend(role(word).map(|who| (at, who)));
    }
    if starts.first().is_none_or(|start| start.0 > 0) {
        return Vec::new();
    }
    let ends = starts.iter().skip(1).map(|start| start.0).chain([plain.len()]);
    let segments = starts.iter().zip(ends).map(|(&(start, who), end)| {
        let mut rest =
            plain[start + 4..end].trim_start_matches([' ', '\t', ',', ';', ':', '=', '-']);
        // `Kata 3.23.0: 2.14 s`
        if let Some((version, behind)) = rest.split_once(':')
            && version.matches('.').count() == 2
            && version.chars().all(|c| c.is_ascii_digit() || c == '.')
        {
            rest = behind.trim_start();
        }
        while let Some(word) = words::split_words(rest)
            .next()
            .filter(|word| BETWEEN.contains(word) && rest.starts_with(word))
        {
            rest = rest[word.len()..].trim_start_matches([' ', '\t', ':', '=']);
        }
        let value = rest.trim().trim_end_matches([',', ';', '.']).trim_end_matches(" and");
        value.starts_with(|c: char| c.is_ascii_digit()).then(|| (who, value.to_string()))
    });
    segments.collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// A line without what counts or dates it: `run 1: runc 0.81s`, `2026-05-01 12:00:01 runc 0.68s`.
fn without_run_or_clock(mut text: &str) -> &str {
    while let Some((word, behind)) = text.split_once(' ') {
        let marks = word.chars().filter(|c| matches!(c, ':' | '-')).count();
        let bare = word.trim_matches(['[', ']', '#', ':', '.', ')']);
        let is_number = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit());
        let dates = marks > 1 && bare.starts_with(|c: char| c.is_ascii_digit());
        let counts = is_run(word)
            && !word.starts_with("runc")
            && behind.starts_with(|c: char| c.is_ascii_digit() || c == '#');
        if !(is_number || dates || counts) {
            break;
        }
        text = behind.trim_start();
    }
    text
}

fn in_part(part: &LabelledPart) -> ReadResult<TimesAtLine> {
    let mut texts: Vec<&PageLine> = part.value_lines().collect();
    // Behind a time on the label's line, `Total: 2.6s` is something else.
    if texts.first().is_some_and(|line| line.inline && own_form(&line.text).is_some()) {
        texts.retain(|line| line.inline || !names_other_time(&line.text));
    }
    let heads = part.lines.iter().filter_map(|line| line.measure.as_deref());
    let small = |unit: &TimeUnit| *unit < TimeUnit::Seconds;
    let mut words_of_heads = heads.chain([part.label.as_str()]).flat_map(words::split_words);
    let unit = words_of_heads.find_map(|word| TimeUnit::from_name(word).filter(small));
    let single = |form: fn(&str) -> Option<f64>| move |text: &str| Vec::from_iter(form(text));
    let bare = |text: &str| Vec::from_iter(parse_bare_time(text, unit));
    if let Some(found) = parse_measure_command(&texts) {
        return Ok(found);
    }
    if let Some(line) = texts.iter().find(|line| is_negative_time(&line.text)) {
        let words = "a start does not take less than 0 s:";
        return Err(MissingValue::quoting_line(MissingReason::OutOfRange, words, line));
    }
    let own = texts.iter().find_map(|line| own_form(&line.text));
    let is_by_program = texts.iter().any(|line| parse_program_time(&line.text).is_some());
    if own.is_some() && !is_by_program {
        leave_whole_times(&mut texts)?;
    }
    let forms: [&TimeForm; 7] = [
        &single(parse_real_time),
        &single(parse_zsh_time),
        &single(parse_fish_time),
        &single(parse_other_time_programs),
        &parse_time_list,
        &single(own_form),
        &bare,
    ];
    let times = forms.iter().find_map(|form| {
        let read = texts.iter().map(|line| (form(&line.text), line.number));
        let mut read = read.filter(|(times, _)| !times.is_empty()).peekable();
        let line = read.peek()?.1;
        Some(FoundValue { value: read.flat_map(|(times, _)| times).collect::<TimesAtLine>(), line })
    });
    match times {
        Some(times) => Ok(times),
        None if texts.iter().any(|line| is_summary(&line.text)) => {
            let mut sums = texts.iter().filter(|line| is_summary(&line.text));
            let of_processor = sums.all(|line| is_processor_time(&line.text));
            Err(if of_processor { only_processor_time() } else { only_summary() })
        }
        None => {
            if let Some(line) = texts.iter().find(|l| words::only_number(&l.text).is_some()) {
                let before = "a number without a unit could be seconds or milliseconds:";
                return Err(MissingValue::quoting_line(MissingReason::NotNumeric, before, line));
            }
            let telling = part.lines.iter().filter(|line| !is_output(line));
            Err(read::explain_unreadable_lines(telling, MissingReason::NotNumeric))
        }
    }
}

/// Whether a text is a time below zero, as clocks that were set back give: `3: -3598.37 s`.
fn is_negative_time(text: &str) -> bool {
    let time = text.split_once(": ").filter(|(key, _)| is_run(key)).map_or(text, |(_, time)| time);
    let below = time.trim_start().strip_prefix(['-', '−']);
    below.is_some_and(|time| !time.starts_with(' ') && whole_duration(time).is_some())
}

/// The time that a shell or a program for timing wrote.
fn parse_program_time(text: &str) -> Option<f64> {
    let forms = [parse_real_time, parse_zsh_time, parse_fish_time, parse_other_time_programs];
    forms.iter().find_map(|form| form(text))
}

/// Of lines that name different times of one start, `create`, `start` and `total`, leaves the one
/// that is of the whole.
fn leave_whole_times(texts: &mut Vec<&PageLine>) -> Result<(), MissingValue> {
    let mut named: Vec<(&str, &PageLine)> = Vec::new();
    for line in texts.iter().filter(|line| line.measure.is_none()) {
        let text = super::label::strip_decoration(&line.text);
        let Some((key, value)) = text.split_once([':', '=']) else { continue };
        let is_timed = words::leading_duration(value.trim()).is_some_and(|(_, unit, _)| unit)
            || own_form(text).is_some();
        let is_name = is_timed && !key.contains(|c: char| c.is_ascii_digit());
        if is_name && (!is_excluded(key) || is_of_pull(key)) {
            named.push((key, line));
        }
    }
    let has_runs = texts.iter().any(|line| {
        let key = line.text.split_once([':', '=']).map_or("", |(key, _)| key.trim());
        let is_numbered = is_run(key) && key.contains(|c: char| c.is_ascii_digit());
        is_numbered && own_form(&line.text).is_some()
    });
    if let ([(name, total)], true) = (&named[..], has_runs)
        && words::contains_any(name, &["total"])
    {
        let number = total.number;
        texts.retain(|line| line.number != number);
        return Ok(());
    }
    let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
    let is_repeated = names.iter().enumerate().any(|(at, name)| names[..at].contains(name));
    if names.len() < 2 || is_repeated {
        return Ok(());
    }
    let whole = find_whole_time(&names).map(|whole| named[whole].1.number);
    let whole = whole.ok_or_else(|| several_times(&names, named[0].1.number))?;
    texts.retain(|line| {
        line.number == whole || named.iter().all(|(_, other)| other.number != line.number)
    });
    Ok(())
}

/// Of the columns of a table that name different times of one start leaves the one that is of the
/// whole; columns of runs are all samples.
fn choose_columns(own: Vec<&LabelledPart>) -> Result<Vec<&LabelledPart>, MissingValue> {
    let mut chosen: Vec<&LabelledPart> = Vec::new();
    for row in own.chunk_by(|part, next| part.line == next.line) {
        let named: Vec<(&str, &LabelledPart)> = row
            .iter()
            .filter_map(|part| Some((part.lines.first()?.measure.as_deref()?, *part)))
            .filter(|(name, part)| {
                let is_sample = !is_excluded_part(&part.label) || is_of_pull(name);
                is_sample
                    && !is_number_of_run(name)
                    && !name.is_empty()
                    && !name.contains(|c: char| c.is_ascii_digit())
            })
            .collect();
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        if names.len() < 2 {
            chosen.extend(row);
            continue;
        }
        let whole = find_whole_time(&names);
        chosen.push(named[whole.ok_or_else(|| several_times(&names, row[0].line))?].1);
    }
    Ok(chosen)
}

/// Which of the differently named times of one start is that of the whole; a total with the time
/// of a pull in it is not.
fn find_whole_time(names: &[&str]) -> Option<usize> {
    let names_any = |words: &[&str]| {
        let mut found = (0..names.len()).filter(|&at| words::contains_any(names[at], words));
        found.next().map(|at| found.next().is_none().then_some(at))
    };
    let has_pull = names.iter().any(|name| is_of_pull(name));
    let total = names_any(&["total", "whole", "all"]).filter(|_| !has_pull);
    if let Some(whole) = names_any(&["real", "wall", "elapsed"]).or(total) {
        return whole;
    }
    if names_any(&["create", "creating", "creation"]).is_some() {
        return None;
    }
    names_any(&["start", "boot", "run"]).flatten()
}

/// Whether a column counts runs.
fn is_number_of_run(name: &str) -> bool {
    matches!(name.to_lowercase().as_str(), "run" | "n" | "no" | "iteration" | "trial" | "attempt")
}

fn is_of_pull(name: &str) -> bool {
    words::contains_any(name, &["pull", "download"])
}

fn several_times(names: &[&str], line: u32) -> MissingValue {
    let names = read::shorten_text(&names.join("; "));
    let note =
        format!("several times of a start are named, and which one is meant is not: {names}");
    MissingValue::new(MissingReason::NotStated, note).at_line(line)
}

/// Whether a table's value under a head of these words can be a start-up time, or sums some up.
fn is_start_measure(head: &str) -> bool {
    const OTHERS: &[&str] = &[
        "budget",
        "memory",
        "throughput",
        "bandwidth",
        "size",
        "disk",
        "latency",
        "request",
        "usage",
        "mb",
        "gb",
        "mib",
        "gib",
        "bytes",
        "%",
    ];
    let is_run = is_run(head) && !head.trim().is_empty();
    (is_excluded(head) || is_run || TableMeasure::Start.is_meant_by(head))
        && !words::contains_any(head, OTHERS)
}

fn is_processor_time(text: &str) -> bool {
    let key = words::split_words(text).next().unwrap_or_default().to_lowercase();
    matches!(key.as_str(), "user" | "sys" | "system")
}

fn only_processor_time() -> MissingValue {
    let note = "only the processor's time is stated, not how long the start took";
    MissingValue::new(MissingReason::NotStated, note)
}

fn only_summary() -> MissingValue {
    MissingValue::new(MissingReason::NotStated, "only a summary is stated, no sample")
}

/// Whether the line is what the timed container printed: a word on a line of its own, as the
/// lab's `echo` gives.
fn is_output(line: &PageLine) -> bool {
    line.kind == LineKind::Text
        && !line.inline
        && !words::is_absence(&line.text)
        && line.text.chars().all(char::is_alphabetic)
}

/// The words of summaries, warm-ups and other clocks.
const NO_SAMPLE: [&str; 72] = split_list(
    "avg|average|mean|median|min|max|minimum|maximum|user|sys|usr|warmup|difference|diff|\
    overhead|slower|longer|shorter|more|less|extra|additional|slowdown|speedup|relative|factor|\
    faster|ratio|range|σ|stddev|std|deviation|cpu|pull|pulls|pulling|downloads|downloading|\
    среднее|медиана|expected|typical|timeout|stdev|utilisateur|système|benutzerzeit|systemzeit|\
    task|clock|sum|delta|would|example|p95|прогрев|mittelwert|mittel|durchschnitt|schnitt|summe|\
    moyenne|médiane|promedio|media|mediana|gesamt|p50|p99|итого|平均",
);

/// Whether the part under this label holds no samples. What stands in brackets may say that
/// warm-up or pull is not among them.
pub(super) fn is_excluded_part(label: &str) -> bool {
    let (outside, inside) = super::label::without_brackets(label);
    const LEFT_OUT: &[&str] =
        &["discard", "exclud", "after", "without", "already", "no pull", "never", "отброш"];
    let left_out = words::contains_any(&inside, LEFT_OUT);
    let named = words::contains_any(&inside, &["warm", "pull", "прогрев"]);
    is_excluded(&outside) || is_excluded(&inside) && !(left_out && named)
}

/// Whether a line holds no sample: a summary, a warm-up, or another clock.
fn is_excluded(text: &str) -> bool {
    if words::contains_any(text, &["warm-up", "warm up"]) {
        return true;
    }
    words::split_words(text).any(|word| NO_SAMPLE.contains(&word.to_lowercase().as_str()))
        || is_of_stop(text)
}

/// Whether a text speaks of a container's end and not of its start.
fn is_of_stop(text: &str) -> bool {
    has_word(text, "stop stopping teardown shutdown cleanup removal")
        && !has_word(text, "start startup starting run boot")
}

/// Whether a line sums samples up that are not there.
fn is_summary(text: &str) -> bool {
    let is_mean = is_excluded(text) || text.contains("+-") || text.contains('±');
    is_mean && !words::is_hypothetical(text) && has_duration(text)
}

fn states_duration(part: &LabelledPart) -> bool {
    part.value_lines().any(|line| has_duration(&line.text))
}

/// Whether a duration with its unit stands somewhere in the text.
fn has_duration(text: &str) -> bool {
    let starts = |at: usize| {
        let before = text[..at].strip_suffix('.').unwrap_or(&text[..at]);
        !before.ends_with(|c: char| c.is_alphanumeric())
    };
    text.char_indices()
        .filter(|&(at, c)| c.is_ascii_digit() && starts(at))
        .any(|(at, _)| words::leading_duration(&text[at..]).is_some_and(|(_, unit, _)| unit))
}

/// bash, ksh and `time -p`: `real 0m1.234s`, `real 0.58`, `trial1: real=0.40s`.
fn parse_real_time(text: &str) -> Option<f64> {
    let lower = text.to_lowercase();
    let mut rest = lower.as_str();
    // `user 0.01s sys 0.02s real 0.58s`
    while let Some(clock) = ["user", "system", "sys"].iter().find_map(|key| rest.strip_prefix(key))
        && let Some((_, _, behind)) =
            words::leading_duration(clock.trim_start_matches([' ', '\t', ':', '=']))
    {
        rest = behind.trim_start_matches([' ', '\t', ',', ';']);
    }
    ["real", "réel"].iter().find_map(|word| time_after_word(rest, word))
}

fn time_after_word(lower: &str, word: &str) -> Option<f64> {
    let starts = |at: usize| at == 0 || !lower[..at].ends_with(|c: char| c.is_alphanumeric());
    let at = lower.match_indices(word).map(|(at, _)| at).find(|&at| starts(at))?;
    let behind = &lower[at + word.len()..];
    let rest = behind.trim_start_matches([' ', '\t', ':', '=', '|', '`', '*']);
    let glued = behind.starts_with(|c: char| c.is_alphanumeric());
    let lead_is_label = lower[..at].trim_end().chars().all(|c| !matches!(c, '.' | ',' | ';'));
    if glued || zsh_line(lower) || !lead_is_label || is_excluded(&lower[..at]) {
        return None;
    }
    Some(words::leading_duration(rest)?.0)
}

/// Whether zsh wrote the line, for whichever program of the pipe.
fn zsh_line(text: &str) -> bool {
    text.ends_with(" total") && text.contains("% cpu ")
}

/// zsh: `sudo nerdctl run … 0.01s user 0.01s system 1% cpu 1.200 total`; the lines of the
/// other programs of the pipe are not the container's.
fn parse_zsh_time(text: &str) -> Option<f64> {
    let (head, total) = text.strip_suffix(" total")?.rsplit_once("% cpu ")?;
    let command = head.split_whitespace().next()?;
    let of_pipe =
        matches!(command, "grep" | "tee" | "egrep" | "awk" | "tail" | "head" | "cat" | "sed");
    if of_pipe || !head.contains(" user ") {
        return None;
    }
    Some(words::leading_duration(total.trim())?.0)
}

/// fish: `Executed in    4.03 secs`.
fn parse_fish_time(text: &str) -> Option<f64> {
    let value = ["Executed in", "Ausgeführt in", "Exécuté en", "Exécutée en", "Ejecutado en"]
        .iter()
        .find_map(|words| text.strip_prefix(words))?;
    let (value, unit, _) = words::leading_duration(value.trim_start())?;
    unit.then_some(value)
}

/// GNU time, mksh and the BSDs, tcsh, PowerShell, perf, and hyperfine of one run.
fn parse_other_time_programs(text: &str) -> Option<f64> {
    for key in ["Elapsed (wall clock) time (h:mm:ss or m:ss):", "Time (abs ≡):"] {
        if let Some((_, value)) = text.split_once(key) {
            return Some(words::leading_duration(value.trim())?.0);
        }
    }
    if let Some(seconds) = text.strip_prefix("TotalSeconds") {
        return Some(words::leading_decimal(seconds.trim_start_matches([' ', ':']))?.0);
    }
    if let Some(("elapsed", rest)) = text.split_once('=')
        && rest.contains(" user=")
    {
        return Some(words::leading_decimal(rest)?.0);
    }
    if let Some(seconds) = text.strip_suffix("seconds time elapsed") {
        let (value, rest) = words::leading_decimal(seconds.trim())?;
        return rest.trim().is_empty().then_some(value);
    }
    let (value, is_stated, rest) = words::leading_duration(text).unwrap_or_default();
    let clocks: Vec<&str> = rest.split_whitespace().step_by(2).collect();
    if matches!(clocks[..], ["real", "user", "sys" | "system"]) {
        return Some(value);
    }
    // `0.010u 0.020s 0:00.51 5.8%`
    if let [user, system, elapsed, share, ..] = text.split_whitespace().collect::<Vec<_>>()[..]
        && is_tcsh_clock(user, 'u')
        && is_tcsh_clock(system, 's')
        && share.ends_with('%')
        && !is_stated
    {
        return Some(words::leading_duration(elapsed)?.0);
    }
    let elapsed = text.split_whitespace().find_map(|word| word.strip_suffix("elapsed"))?;
    let (value, _, _) = words::leading_duration(elapsed)?;
    (text.contains("user") && text.contains("system")).then_some(value)
}

fn is_tcsh_clock(word: &str, unit: char) -> bool {
    let number = word.strip_suffix(unit).and_then(words::leading_decimal);
    number.is_some_and(|(_, rest)| rest.is_empty())
}

/// The parts of a time that PowerShell's `Measure-Command` lists, where its sum is not among
/// them: `Seconds : 2` and `Milliseconds : 142`.
fn parse_measure_command(texts: &[&PageLine]) -> Option<FoundValue<TimesAtLine>> {
    const PARTS: [(&str, f64); 5] = [
        ("Days", 86_400_000.0),
        ("Hours", 3_600_000.0),
        ("Minutes", 60_000.0),
        ("Seconds", 1_000.0),
        ("Milliseconds", 1.0),
    ];
    let (mut times, mut millis, mut first) = (Vec::new(), None, None);
    let mut sums: Option<FoundValue<TimesAtLine>> = None;
    for line in texts {
        if line.text.starts_with("TotalSeconds") {
            return None;
        }
        let Some((key, value)) = line.text.split_once(':') else { continue };
        if key.trim() == "TotalMilliseconds" {
            let sum = TimeUnit::Millis.to_seconds(words::leading_decimal(value.trim())?.0);
            let empty = FoundValue::at_line(Vec::new(), line);
            sums.get_or_insert(empty).value.push(sum);
        }
        let Some((name, factor)) = PARTS.iter().find(|(name, _)| *name == key.trim()) else {
            continue;
        };
        let Ok(value) = value.trim().parse::<u32>() else { return None };
        millis = Some(millis.unwrap_or(0.0) + f64::from(value) * factor);
        if *name == "Milliseconds" {
            times.extend(millis.take().map(|sum| TimeUnit::Millis.to_seconds(sum)));
            first = first.or(Some(line.number));
        }
    }
    first.map(|line| FoundValue { value: times, line }).or(sums)
}

/// Several samples on one line: `0.41 0.42 0.40`, `0.41s, 0.42s`.
fn parse_time_list(text: &str) -> Vec<f64> {
    // `2sec 142ms` is one time.
    if words::leading_duration(text).is_some_and(|(_, unit, rest)| unit && rest.trim().is_empty()) {
        return Vec::new();
    }
    // Behind samples their mean may stand in brackets, and behind brackets their unit.
    let text = match text.split_once(" (") {
        Some((times, note)) if note.ends_with(')') && is_excluded(note) => times,
        _ => text.split_once(" → ⌀").map_or(text, |(times, _)| times),
    };
    if let Some((list, unit)) = text.strip_prefix('[').and_then(|list| list.split_once(']'))
        && TimeUnit::from_name(unit.trim()).is_some()
    {
        let times: Option<Vec<f64>> =
            list.split(',').map(|time| whole_duration(&format!("{}{unit}", time.trim()))).collect();
        return times.unwrap_or_default();
    }
    let text = text.trim_matches(|c: char| matches!(c, '[' | ']' | '{' | '}') || c.is_whitespace());
    // `0,812 s; 0,798 s`, but `1 min, 2.14 s` is one time.
    for mark in ["; ", ", ", " / "].iter().filter(|_| !words::contains_any(text, &["min"])) {
        let times: Option<Vec<f64>> = text.split(*mark).map(whole_duration).collect();
        if let Some(times) = times.filter(|times| times.len() > 1) {
            return times;
        }
    }
    let sample = |word: &str| {
        let word = word.trim_end_matches([',', ';']);
        let (value, unit, rest) = words::leading_duration(word)?;
        let plausible = unit || word.contains(['.', ',']) && value < 100.0;
        (plausible && rest.is_empty()).then_some(value)
    };
    let times: Option<Vec<f64>> = text.split_whitespace().map(sample).collect();
    times.filter(|times| times.len() > 1 && !are_clocks(times)).unwrap_or_default()
}

/// Whether three times on a line can only be the clocks of one start, as `%e %U %S` of GNU time
/// prints them: what the processor needed is a small part of the time that went by.
fn are_clocks(times: &[f64]) -> bool {
    matches!(times, [elapsed, user, system] if user.max(*system) * 4.0 < *elapsed)
}

/// The duration with its unit that a text is and nothing else.
fn whole_duration(text: &str) -> Option<f64> {
    let (value, has_unit, rest) = words::leading_duration(text)?;
    (has_unit && rest.trim().is_empty()).then_some(value)
}

/// People's own forms: `run 1: 0.2s`, `startup=400ms`, `ms=800`, `0.4s total`.
fn own_form(text: &str) -> Option<f64> {
    // `1 min 2.14 s`: that is no minimum.
    if let Some((time, true, "")) = words::leading_duration(text) {
        return Some(time);
    }
    // `> 2 s` is a bound.
    let bound = text.strip_prefix('>').and_then(words::leading_duration);
    if bound.is_some_and(|(_, has_unit, _)| has_unit) {
        return None;
    }
    let text = without_status(without_comparison(super::label::strip_decoration(text)));
    if let Some(time) = parse_result(text) {
        return Some(time);
    }
    if text.split_whitespace().any(is_time_of_day) {
        return None;
    }
    // `2: 1 min 2.31 s`
    if let Some(time) = text.split_once(": ").filter(|(key, _)| is_run(key)).map(|(_, time)| time)
        && let Some(time) = whole_duration(time)
    {
        return Some(time);
    }
    if is_excluded(text)
        || words::is_hypothetical(text)
        || words::contains_any(text, &["http", "mib/s", "mb/s"])
    {
        return None;
    }
    if let Some(time) = parse_lone_clock(text) {
        return Some(time);
    }
    let (key, value) = match text.rsplit_once(['=', ':']) {
        Some((key, value)) if !key.ends_with(|c: char| c.is_ascii_digit()) || is_run(key) => {
            (key.trim(), value)
        }
        // A clock has colons of its own: `Elapsed: 0:02.34`.
        _ => match text.split_once(':') {
            Some((key, clock)) if words::leading_duration(clock).is_some() => (key.trim(), clock),
            _ => ("", text),
        },
    };
    if !key.is_empty() && !is_time_key(key) {
        return None;
    }
    let (number, stated, rest) = words::leading_duration(value)?;
    // A sentence after a value is ignored, a calculation is not a value.
    let rest = rest.trim_start();
    let is_number = rest.starts_with(|c: char| c.is_ascii_digit());
    if is_number || rest.starts_with(['/', '*', '+', '-', '±', '%', 'x', '×', '–', '~', '#']) {
        return None;
    }
    if stated {
        return Some(number);
    }
    let unit = words::split_words(key)
        .find_map(|word| TimeUnit::from_name(word).filter(|_| word.len() > 1));
    match unit {
        Some(factor) => Some(factor.to_seconds(match thousands_of(value.trim()) {
            Some(thousands) if factor == TimeUnit::Millis => thousands,
            _ => number,
        })),
        None if !key.is_empty() => parse_bare_time(value, None),
        None => None,
    }
}

/// A clock with nothing before it but the words for a time, `1:02.14` and `elapsed 0:01:02`, as
/// `%E` of GNU time prints.
fn parse_lone_clock(text: &str) -> Option<f64> {
    let clock = text.split_whitespace().find(|word| is_clock(word))?;
    let (key, _) = text.split_once(clock)?;
    let key = key.trim_end_matches([' ', '\t', ':', '=']);
    (key.is_empty() || is_time_key(key)).then_some(words::leading_duration(clock)?.0)
}

/// A time without what compares it in brackets behind it: `2.14s (2.6x slower)`.
fn without_comparison(text: &str) -> &str {
    const COMPARISONS: &[&str] = &["slower", "faster", "longer", "shorter", "more", "less"];
    const SUMS: &[&str] = &["avg", "average", "mean", "median", "min", "max"];
    match text.split_once(" (").filter(|(_, note)| note.ends_with(')')) {
        Some((time, note))
            if whole_duration(time).is_some()
                && (words::contains_any(note, COMPARISONS) || is_factor(note))
                && !words::contains_any(note, SUMS) =>
        {
            time
        }
        _ => text,
    }
}

/// A time without the status of a program that succeeded behind it: `2.21 s exit=0`.
fn without_status(text: &str) -> &str {
    const ENDS: [&str; 6] = split_list("exit 0|exit=0|exit code 0|exit code: 0|rc=0|ok");
    let bare = text.trim_end_matches(')');
    let head = ENDS.iter().find_map(|end| bare.strip_suffix(end));
    let time = head.map(|head| head.trim_end_matches([' ', ',', ';', '(', '→', '-']));
    time.filter(|time| has_duration(time)).unwrap_or(text)
}

/// The time at which a line arrives that names more than it: the sum of phases, `0.20s + 0.48s =
/// 0.68s`, or what lies between two times of day, `start 12:00:01.1 end 12:00:01.9 -> 0.8s`.
fn parse_result(text: &str) -> Option<f64> {
    let (sum, result) = text.rsplit_once("= ").unwrap_or_default();
    if sum.contains(" + ") {
        return whole_duration(result.trim());
    }
    let (clocks, result) = text.rsplit_once("->").or_else(|| text.rsplit_once('→'))?;
    let mut words =
        clocks.split_whitespace().filter(|word| word.contains(|c: char| c.is_ascii_digit()));
    (clocks.contains(':') && words.all(is_time_of_day)).then(|| whole_duration(result.trim()))?
}

/// `≈3.4×)`
fn is_factor(note: &str) -> bool {
    let factor = note.trim_matches(|c: char| matches!(c, ')' | '~' | '≈' | ' '));
    words::leading_decimal(factor).is_some_and(|(_, rest)| matches!(rest, "x" | "×"))
}

/// `2,310` milliseconds: the comma parts thousands, for no container starts within a few.
fn thousands_of(text: &str) -> Option<f64> {
    let (whole, rest) = words::leading_digits(text)?;
    let (behind, rest) = words::leading_digits(rest.strip_prefix(',')?)?;
    let is_parted = behind.len() == 3 && !whole.starts_with('0') && rest.trim().is_empty();
    is_parted.then(|| format!("{whole}{behind}").parse().ok()).flatten()
}

/// Whether a word is a time of day: a clock of hours, minutes and seconds that is past one o'clock.
fn is_time_of_day(word: &str) -> bool {
    let hours = word.split(':').next().unwrap_or_default();
    is_clock(word) && word.split(':').count() == 3 && hours.parse().is_ok_and(|h: u32| h > 0)
}

/// Whether a word is minutes and seconds, or hours before them: `1:02.14`, `0:01:02`.
fn is_clock(word: &str) -> bool {
    let fields: Vec<&str> = word.split(':').collect();
    let has_two_digits =
        |field: &&str| words::leading_digits(field).is_some_and(|d| d.0.len() == 2);
    (fields.len() == 3 || fields.len() == 2 && word.contains(['.', ',']))
        && fields[1..].iter().all(has_two_digits)
        && word.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | ','))
}

/// Whether a line gives its time a name of its own that is no number of a run.
fn names_other_time(text: &str) -> bool {
    let key = text.split_once([':', '=']).map_or("", |(key, _)| key.trim());
    !key.is_empty() && !is_run(key) && is_time_key(key)
}

fn is_run(key: &str) -> bool {
    let lower = key.to_lowercase();
    let mut words = words::split_words(&lower);
    let first = words.next().unwrap_or_default();
    const STARTS: [&str; 22] = split_list(
        "run|trial|attempt|test|sample|iter|попыт|запуск|start|try|round|versuch|lauf|durchlauf|\
        messung|intento|prueba|ejecu|essai|mesure|замер|第",
    );
    STARTS.iter().any(|start| first.starts_with(start))
        || key.trim_start_matches('#').chars().all(|c| c.is_ascii_digit())
}

/// Whether a key says that a start-up time follows.
fn is_time_key(key: &str) -> bool {
    const KEYS: [&str; 16] = split_list(
        "time|start|elapsed|total|duration|wall|took|врем|запуск|старт|zeit|dauer|tiempo|durée|\
        duración|temps",
    );
    let short = words::split_words(key).count() <= 6 && !key.contains(['.', '"', ';']);
    let unit_alone = TimeUnit::from_name(key.trim()).is_some();
    short && (is_run(key) || unit_alone || words::contains_any(key, &KEYS))
}

/// A number alone on its line. Seconds if it has decimals, as `%e` of GNU time prints; a whole
/// number could as well be milliseconds.
fn parse_bare_time(text: &str, unit: Option<TimeUnit>) -> Option<f64> {
    let text = words::strip_value_marks(text);
    // `1) 0.61`
    let text = match words::leading_digits(text) {
        Some((_, rest)) => rest.strip_prefix(") ").unwrap_or(text).trim_start(),
        None => text,
    };
    let (value, rest) = words::leading_decimal(text)?;
    if !rest.trim().is_empty() {
        return None;
    }
    if let Some(unit) = unit {
        return Some(unit.to_seconds(thousands_of(text.trim()).unwrap_or(value)));
    }
    (text.contains(['.', ',']) && value < 100.0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_is_read() {
        assert_eq!(parse_real_time("real\t0m1.234s"), Some(1.234));
        assert_eq!(parse_real_time("real 0m0,500s"), Some(0.5));
        assert_eq!(parse_real_time("real 0.58"), Some(0.58));
        assert_eq!(parse_real_time("trial1: real=0.40s"), Some(0.4));
        assert_eq!(parse_real_time("really 5s"), None);
        assert_eq!(
            parse_zsh_time("sudo nerdctl run x  0.01s user 0.01s system 1% cpu 1.200 total"),
            Some(1.2)
        );
        assert_eq!(parse_zsh_time("grep real  0.00s user 0.00s system 0% cpu 1.199 total"), None);
        assert_eq!(parse_fish_time("Executed in  400.00 millis    fish"), Some(0.4));
        assert_eq!(
            parse_other_time_programs("0.01user 0.02system 0:01.23elapsed 3%CPU (0avgtext"),
            Some(1.23)
        );
        assert_eq!(
            parse_other_time_programs("Elapsed (wall clock) time (h:mm:ss or m:ss): 0:02.50"),
            Some(2.5)
        );
    }

    #[test]
    fn peoples_own_forms_are_read_and_summaries_are_not() {
        assert_eq!(own_form("run 1: 0.2s"), Some(0.2));
        assert_eq!(own_form("startup=400ms"), Some(0.4));
        assert_eq!(own_form("ms=800"), Some(0.8));
        assert_eq!(own_form("0.4s total"), Some(0.4));
        assert_eq!(own_form("avg: 0.4s"), None);
        assert_eq!(own_form("Kata is 2.5s slower"), None);
        assert_eq!(own_form("user 0m0.01s"), None);
    }
}
