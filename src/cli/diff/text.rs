//! A comparison for a terminal of 80 columns: only what differs, the most important first.

use crate::cli::console::count;
use crate::cli::styled::{Style, StyledLine, StyledText};
use crate::report::comparison::{
    ComparisonView, MeasurementView, PartView, TargetView, VerdictView, focused,
};
use crate::text::{visible, wrap};

/// The width of a terminal that nobody made wider.
const WIDTH: usize = 80;
/// The most parts of a value that are shown.
const PARTS: usize = 8;
/// The most lines of a line diff that are shown.
const LINES: usize = 24;

/// Everything.
pub fn full(view: &ComparisonView) -> StyledText {
    let mut out = StyledText::default();
    out.push_columns(vec![header("A", &view.a), header("B", &view.b)]);
    out.push_blank();
    for line in wrap(&sentence(view), WIDTH) {
        out.push(StyledLine::styled(Style::Strong, &line));
    }
    section(&mut out, "What else differs, and may be the cause", conditions(view));
    section(&mut out, "Verdicts", view.verdicts.iter().map(verdict_line).collect());
    section(&mut out, "Targets", view.targets.iter().map(target_line).collect());
    section(&mut out, "Measurements", measurements(view));
    section(&mut out, "Facts", facts(view));
    section(&mut out, "Findings", findings(view));
    if view.volatile_left_out > 0 {
        let what = count(view.volatile_left_out, "difference");
        let text = format!("{what} of ids, times, addresses and counters not shown: --all");
        out.push_blank();
        out.push(StyledLine::styled(Style::Faint, &text));
    }
    out
}

/// One to five lines: what a reader of a new run wants to know first.
pub fn short(view: &ComparisonView) -> StyledText {
    let label = view.a.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let heading = format!("Since run {}{label}", view.a.id);
    let mut out = StyledText::from(StyledLine::styled(Style::Strong, &heading));
    out.push(format!("  {}", sentence(view)));
    for verdict in view.verdicts.iter().take(2) {
        out.push(verdict_line(verdict));
    }
    let told = |m: &&MeasurementView| m.gated && matches!(m.outcome_id, "slower" | "faster");
    if let Some(m) = view.measurements.iter().find(told) {
        let over = m.over.as_ref().map(|over| format!(" / {over}")).unwrap_or_default();
        let line = StyledLine::from(format!("  {} {}{over}: ", m.series, m.name));
        let line = line.and_styled(style(m.outcome_id), m.outcome);
        out.push(line.and(&format!(", {}", m.change)));
    }
    out
}

fn header(which: &str, run: &crate::report::comparison::RunName) -> Vec<StyledLine> {
    let label = run.label.as_ref().map(|label| format!("({label})"));
    vec![which.into(), run.id.as_str().into(), label.unwrap_or_default().into()]
}

/// How much changed, in one sentence.
fn sentence(view: &ComparisonView) -> String {
    if view.is_empty {
        return "No change.".into();
    }
    let told = |id: &str| view.measurements.iter().filter(|m| m.outcome_id == id).count();
    let parts = view.counts();
    let mut out = match parts.len() {
        0 => String::new(),
        1 => format!("{} changed", parts[0]),
        n => format!("{} and {} changed", parts[..n - 1].join(", "), parts[n - 1]),
    };
    let open = told("not-comparable");
    if open > 0 {
        let join = if out.is_empty() { "" } else { "; " };
        out.push_str(&format!("{join}{} cannot be compared", count(open, "measurement")));
    }
    if out.is_empty() { "The conditions changed.".into() } else { format!("{out}.") }
}

fn section(out: &mut StyledText, title: &str, body: StyledText) {
    if !body.is_empty() {
        out.push_blank();
        out.push(StyledLine::styled(Style::Strong, title));
        out.append(body);
    }
}

fn conditions(view: &ComparisonView) -> StyledText {
    let mut out = StyledText::default();
    for condition in &view.conditions {
        push_arrow(&format!("  {}", condition.what), &condition.a, &condition.b, &mut out);
    }
    out
}

fn verdict_line(verdict: &VerdictView) -> StyledLine {
    let style = if verdict.is_weaker { Style::Bad } else { Style::Good };
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

fn measurements(view: &ComparisonView) -> StyledText {
    let mut out = StyledText::default();
    if view.measurements.is_empty() {
        return out;
    }
    let mut rows = vec![["", "", "A", "B", "", ""].map(StyledLine::from).to_vec()];
    for m in &view.measurements {
        let over = m.over.as_ref().map(|over| format!(" / {over}")).unwrap_or_default();
        let note = m.note.map(|note| format!(" [{note}]")).unwrap_or_default();
        rows.push(vec![
            format!("  {}", m.series).into(),
            format!("{}{over}", m.name).into(),
            m.a.as_str().into(),
            m.b.as_str().into(),
            m.change.as_str().into(),
            StyledLine::styled(style(m.outcome_id), m.outcome).and(&note),
        ]);
    }
    out.push_columns(rows);
    for (note, number) in view.notes.iter().zip(1..) {
        out.push_wrapped(&format!("  [{number}] "), note, WIDTH);
    }
    out
}

fn style(outcome: &str) -> Style {
    match outcome {
        "slower" => Style::Bad,
        "faster" => Style::Good,
        "equivalent" => Style::Faint,
        _ => Style::Doubtful,
    }
}

fn facts(view: &ComparisonView) -> StyledText {
    let mut out = StyledText::default();
    for fact in &view.facts {
        let head = format!("  {}  {}", fact.id, fact.names.join(", "));
        if !fact.lines.is_empty() {
            out.push(head);
            out.append(fact.lines.iter().take(LINES).map(|line| diff_line(line)).collect());
            push_more(fact.lines.len(), LINES, "line", &mut out);
        } else if !fact.parts.is_empty() {
            out.push(head);
            out.append(fact.parts.iter().take(PARTS).map(part_line).collect());
            push_more(fact.parts.len(), PARTS, "part", &mut out);
        } else {
            push_arrow(&head, &fact.a, &fact.b, &mut out);
        }
    }
    out
}

fn push_more(all: usize, shown: usize, one: &str, out: &mut StyledText) {
    if all > shown {
        out.push(format!("      … {} more: --format json", count(all - shown, one)));
    }
}

/// `head: a → b` in one line, or the values below each other where they do not fit.
fn push_arrow(head: &str, a: &str, b: &str, out: &mut StyledText) {
    let (a, b) = (visible(a), visible(b));
    let line = format!("{head}: {a} → {b}");
    if line.chars().count() <= WIDTH {
        return out.push(line);
    }
    let (a, b) = focused(&a, &b, WIDTH - 8);
    out.push(format!("{head}:"));
    out.push(format!("      - {a}"));
    out.push(format!("      + {b}"));
}

fn part_line(part: &PartView) -> StyledLine {
    let text = match (part.sign, &part.a, &part.b) {
        ("~", Some(a), Some(b)) => {
            let (a, b) = focused(a, b, (WIDTH - 12 - part.key.chars().count().min(WIDTH / 2)) / 2);
            format!("{}: {a} → {b}", part.key)
        }
        (_, Some(value), None) | (_, None, Some(value)) => format!("{}: {value}", part.key),
        _ => part.key.clone(),
    };
    diff_line(&format!("{} {text}", part.sign))
}

/// A line with its sign, in the colour of the sign.
fn diff_line(line: &str) -> StyledLine {
    let line = fitting(&visible(line), WIDTH - 6);
    let indent = StyledLine::from("      ");
    match line.chars().next() {
        Some('+') => indent.and_styled(Style::Good, &line),
        Some('-') => indent.and_styled(Style::Bad, &line),
        _ => indent.and(&line),
    }
}

/// A text cut to a width, with a mark where it was cut.
fn fitting(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    let cut: String = text.chars().take(width - 1).collect();
    format!("{cut}…")
}

fn findings(view: &ComparisonView) -> StyledText {
    let mut out = StyledText::default();
    let added = view.added.iter().map(|finding| ('+', Style::Bad, finding));
    let removed = view.removed.iter().map(|finding| ('-', Style::Good, finding));
    for (sign, style, finding) in added.chain(removed) {
        let mark = format!("{sign} {}[{}]", finding.severity.word(), finding.rule);
        out.push(StyledLine::from("  ").and_styled(style, &mark));
        out.push_wrapped("      ", &finding.message, WIDTH);
    }
    out
}
