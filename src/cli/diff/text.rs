//! A comparison for a terminal of 80 columns: only what differs, the most important first.

use crate::cli::console::count_words;
use crate::cli::styled::{StyledLine, StyledText, TextStyle};
use crate::report::comparison::{
    ComparisonView, PartView, TargetView, VerdictChange, clip_around_difference,
};
use crate::text::{make_visible, shorten_text, wrap_words};

/// The width of a terminal that nobody made wider.
const WIDTH: usize = 80;
/// The most parts of a value that are shown.
const PARTS: usize = 8;
/// The most lines of a line diff that are shown.
const LINES: usize = 24;

/// Everything.
pub(super) fn full_text(view: &ComparisonView) -> StyledText {
    let mut out = StyledText::default();
    out.push_columns(vec![run_header("A", &view.a), run_header("B", &view.b)]);
    out.push_blank();
    for line in wrap_words(&changes_sentence(view), WIDTH) {
        out.push_line(StyledLine::begin_styled(TextStyle::Strong, &line));
    }
    push_section(&mut out, "What else differs, and may be the cause", conditions_text(view));
    push_section(&mut out, "Verdicts", view.verdicts.iter().map(verdict_line).collect());
    push_section(&mut out, "Targets", view.targets.iter().map(target_line).collect());
    push_section(&mut out, "Expectations", expectations_text(view));
    push_section(&mut out, "Measurements", measurements_text(view));
    push_section(&mut out, "Facts", facts_text(view));
    push_section(&mut out, "Findings", findings_text(view));
    if view.volatile_left_out > 0 {
        let what = count_words(view.volatile_left_out, "difference");
        let text = format!("{what} of what changes from run to run not shown: --all");
        out.push_blank();
        out.push_line(StyledLine::begin_styled(TextStyle::Faint, &text));
    }
    out
}

/// One to five lines: what a reader of a new run wants to know first.
pub(super) fn short_text(view: &ComparisonView) -> StyledText {
    let label = view.a.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let heading = format!("Since run {}{label}", view.a.id);
    let mut out = StyledText::from(StyledLine::begin_styled(TextStyle::Strong, &heading));
    out.push_line(format!("  {}", changes_sentence(view)));
    for verdict in view.verdicts.iter().take(2) {
        out.push_line(verdict_line(verdict));
    }
    let mut measurements = view.measurements.iter();
    if let Some(m) = measurements.find(|m| m.is_change) {
        let over = m.over.as_ref().map(|over| format!(" ÷ {over}")).unwrap_or_default();
        let line = StyledLine::from(format!("  {} {}{over}: ", m.series, m.name));
        let line = line.and_styled(outcome_style(m.outcome_id), m.outcome);
        out.push_line(line.and_text(&format!(", {}", m.change)));
    }
    out
}

fn run_header(which: &str, run: &crate::report::comparison::RunName) -> Vec<StyledLine> {
    let label = run.label.as_ref().map(|label| format!("({label})"));
    vec![which.into(), run.id.as_str().into(), label.unwrap_or_default().into()]
}

fn changes_sentence(view: &ComparisonView) -> String {
    let open = view.incomparable_count();
    if view.is_empty && open == 0 {
        return "No change.".into();
    }
    let parts = view.change_counts();
    let mut out = match parts.len() {
        0 if view.is_empty => "No change".into(),
        0 => String::new(),
        1 => format!("{} changed", parts[0]),
        n => format!("{} and {} changed", parts[..n - 1].join(", "), parts[n - 1]),
    };
    let lost = view.lost_count();
    if lost > 0 {
        let join = if out.is_empty() { "" } else { "; " };
        let figures = count_words(lost, "measurement");
        out.push_str(&format!("{join}{figures} of the first run missing in the second"));
    }
    if open > 0 {
        let join = if out.is_empty() { "" } else { "; " };
        out.push_str(&format!("{join}{} cannot be compared", count_words(open, "measurement")));
    }
    if out.is_empty() { "The conditions changed.".into() } else { format!("{out}.") }
}

fn push_section(out: &mut StyledText, title: &str, body: StyledText) {
    if !body.is_empty() {
        out.push_blank();
        out.push_line(StyledLine::begin_styled(TextStyle::Strong, title));
        out.append_text(body);
    }
}

fn conditions_text(view: &ComparisonView) -> StyledText {
    let mut out = StyledText::default();
    for condition in &view.conditions {
        push_arrow(&format!("  {}", condition.what), &condition.a, &condition.b, &mut out);
    }
    out
}

fn verdict_line(verdict: &VerdictChange) -> StyledLine {
    let style = if verdict.is_weaker { TextStyle::Bad } else { TextStyle::Good };
    let before = format!("  {}: {} → ", verdict.name, verdict.a);
    StyledLine::from(before).and_styled(style, &verdict.b)
}

fn target_line(target: &TargetView) -> String {
    let name = &target.name;
    let verdict = target.verdict.as_ref().map(|v| format!(" ({v})")).unwrap_or_default();
    match (target.kind, &target.was) {
        ("target_renamed", Some(was)) => format!("  {was} is now called {name}"),
        ("target_added", _) => format!("  + {name}{verdict}: only in B"),
        _ => format!("  - {name}{verdict}: only in A"),
    }
}

fn measurements_text(view: &ComparisonView) -> StyledText {
    let mut out = StyledText::default();
    if view.measurements.is_empty() {
        return out;
    }
    let mut rows = vec![["", "", "A", "B", "", ""].map(StyledLine::from).to_vec()];
    for m in &view.measurements {
        let over = m.over.as_ref().map(|over| format!(" ÷ {over}")).unwrap_or_default();
        let note = m.note.map(|note| format!(" [{note}]")).unwrap_or_default();
        rows.push(vec![
            format!("  {}", m.series).into(),
            format!("{}{over}", m.name).into(),
            m.a.as_str().into(),
            m.b.as_str().into(),
            m.change.as_str().into(),
            StyledLine::begin_styled(outcome_style(m.outcome_id), m.outcome).and_text(&note),
        ]);
    }
    out.push_columns(rows);
    out.push_wrapped("  ", &view.figures, WIDTH);
    for (note, number) in view.notes.iter().zip(1..) {
        out.push_wrapped(&format!("  [{number}] "), note, WIDTH);
    }
    out
}

fn outcome_style(outcome: &str) -> TextStyle {
    match outcome {
        "slower" => TextStyle::Bad,
        "faster" => TextStyle::Good,
        "equivalent" => TextStyle::Faint,
        _ => TextStyle::Doubtful,
    }
}

fn facts_text(view: &ComparisonView) -> StyledText {
    let mut out = StyledText::default();
    for fact in &view.facts {
        let head = format!("  {}  {}", fact.id, fact.names.join(", "));
        if !fact.lines.is_empty() {
            out.push_line(head);
            out.append_text(fact.lines.iter().take(LINES).map(|line| diff_line(line)).collect());
            push_more(fact.lines.len(), LINES, "line", &mut out);
        } else if !fact.parts.is_empty() {
            out.push_line(head);
            out.append_text(fact.parts.iter().take(PARTS).map(part_line).collect());
            push_more(fact.parts.len(), PARTS, "part", &mut out);
        } else {
            push_arrow(&head, &fact.a, &fact.b, &mut out);
        }
    }
    out
}

fn push_more(all: usize, shown: usize, one: &str, out: &mut StyledText) {
    if all > shown {
        out.push_line(format!("      … {} more: --format json", count_words(all - shown, one)));
    }
}

/// `head: a → b` in one line, or the values below each other where they do not fit.
fn push_arrow(head: &str, a: &str, b: &str, out: &mut StyledText) {
    let (a, b) = (make_visible(a), make_visible(b));
    let line = format!("{head}: {a} → {b}");
    if line.chars().count() <= WIDTH {
        return out.push_line(line);
    }
    let (a, b) = clip_around_difference(&a, &b, WIDTH - 8);
    out.push_line(format!("{head}:"));
    out.push_line(format!("      - {a}"));
    out.push_line(format!("      + {b}"));
}

fn part_line(part: &PartView) -> StyledLine {
    let text = match (part.sign, &part.a, &part.b) {
        ("~", Some(a), Some(b)) => {
            let (a, b) = clip_around_difference(
                a,
                b,
                (WIDTH - 12 - part.key.chars().count().min(WIDTH / 2)) / 2,
            );
            format!("{}: {a} → {b}", part.key)
        }
        (_, Some(value), None) | (_, None, Some(value)) => format!("{}: {value}", part.key),
        _ => part.key.clone(),
    };
    diff_line(&format!("{} {text}", part.sign))
}

fn diff_line(line: &str) -> StyledLine {
    let line = make_visible(line);
    let line = shorten_text(&line, WIDTH - 7);
    let indent = StyledLine::from("      ");
    match line.chars().next() {
        Some('+') => indent.and_styled(TextStyle::Good, &line),
        Some('-') => indent.and_styled(TextStyle::Bad, &line),
        _ => indent.and_text(&line),
    }
}

fn expectations_text(view: &ComparisonView) -> StyledText {
    let mut out = StyledText::default();
    for (expects, outcome, found) in &view.expectations {
        let words = outcome.replace('-', " ");
        let line = StyledLine::from("  ").and_styled(TextStyle::Bad, &format!("passed → {words}"));
        out.push_line(line.and_text(&format!(": {expects}")));
        out.push_wrapped("      ", found, WIDTH);
    }
    out
}

fn findings_text(view: &ComparisonView) -> StyledText {
    let mut out = StyledText::default();
    let added = view.added.iter().map(|finding| ('+', TextStyle::Bad, finding));
    let removed = view.removed.iter().map(|finding| ('-', TextStyle::Good, finding));
    for (sign, style, finding) in added.chain(removed) {
        let mark = format!("{sign} {}[{}]", finding.severity.into_str(), finding.rule);
        out.push_line(StyledLine::from("  ").and_styled(style, &mark));
        out.push_wrapped("      ", &finding.message, WIDTH);
    }
    out
}
