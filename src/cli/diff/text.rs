//! A comparison for a terminal of 80 columns: only what differs, the most important first.

use crate::cli::console::{Console, Ink, columns, count};
use crate::report::comparison::{
    ComparisonView, FactView, MeasurementView, PartView, VerdictView, focused,
};
use crate::text::visible;

/// The width of a terminal that nobody made wider.
const WIDTH: usize = 80;
/// The most parts of a value that are shown.
const PARTS: usize = 8;
/// The most lines of a line diff that are shown.
const LINES: usize = 24;

/// Everything.
pub fn full(view: &ComparisonView, console: &Console) -> String {
    let mut out = columns(&[header("A", &view.a), header("B", &view.b)]);
    let lines = crate::text::wrap(&sentence(view), WIDTH);
    out.push_str(&format!("\n{}\n", console.paint(Ink::Strong, &lines.join("\n"))));
    section(&mut out, console, "What else differs, and may be the cause", conditions(view));
    section(&mut out, console, "Verdicts", verdicts(view, console));
    section(&mut out, console, "Targets", targets(view));
    section(&mut out, console, "Measurements", measurements(view, console));
    section(&mut out, console, "Facts", facts(view, console));
    section(&mut out, console, "Findings", findings(view, console));
    if view.volatile_left_out > 0 {
        let what = count(view.volatile_left_out, "difference");
        let text = format!("{what} of ids, times, addresses and counters not shown: --all");
        out.push_str(&format!("\n{}\n", console.paint(Ink::Faint, &text)));
    }
    out
}

/// One to five lines: what a reader of a new run wants to know first.
pub fn short(view: &ComparisonView, console: &Console) -> String {
    let label = view.a.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let heading = console.paint(Ink::Strong, &format!("Since run {}{label}", view.a.id));
    let mut out = format!("{heading}\n  {}\n", sentence(view));
    for verdict in view.verdicts.iter().take(2) {
        out.push_str(&format!("  {}\n", verdict_line(verdict, console)));
    }
    let told = |m: &&MeasurementView| m.gated && matches!(m.outcome_id, "slower" | "faster");
    if let Some(m) = view.measurements.iter().find(told) {
        let over = m.over.as_ref().map(|over| format!(" / {over}")).unwrap_or_default();
        let outcome = console.paint(ink(m.outcome_id), m.outcome);
        out.push_str(&format!("  {} {}{over}: {outcome}, {}\n", m.series, m.name, m.change));
    }
    out
}

fn header(which: &str, run: &crate::report::comparison::RunName) -> Vec<String> {
    let label = run.label.as_ref().map(|label| format!("({})", visible(label)));
    vec![which.into(), run.id.clone(), label.unwrap_or_default()]
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

fn section(out: &mut String, console: &Console, title: &str, body: String) {
    if !body.is_empty() {
        out.push_str(&format!("\n{}\n{body}", console.paint(Ink::Strong, title)));
    }
}

fn conditions(view: &ComparisonView) -> String {
    let line = |c: &crate::report::comparison::ConditionView| {
        arrow(&format!("  {}", visible(&c.what)), &c.a, &c.b)
    };
    view.conditions.iter().map(line).collect()
}

fn verdicts(view: &ComparisonView, console: &Console) -> String {
    view.verdicts.iter().map(|v| format!("  {}\n", verdict_line(v, console))).collect()
}

fn verdict_line(verdict: &VerdictView, console: &Console) -> String {
    let ink = if verdict.is_weaker { Ink::Bad } else { Ink::Good };
    let name = visible(&verdict.name);
    format!("{name}: {} → {}", verdict.a, console.paint(ink, &verdict.b))
}

fn targets(view: &ComparisonView) -> String {
    let mut out = String::new();
    for target in &view.targets {
        let name = visible(&target.name);
        let verdict = target.verdict.as_ref().map(|v| format!(" ({v})")).unwrap_or_default();
        out.push_str(&match (target.kind, &target.was) {
            ("target_renamed", Some(was)) => format!("  {} is now called {name}\n", visible(was)),
            ("target_added", _) => format!("  + {name}{verdict}: only in B\n"),
            _ => format!("  - {name}{verdict}: only in A\n"),
        });
    }
    out
}

fn measurements(view: &ComparisonView, console: &Console) -> String {
    if view.measurements.is_empty() {
        return String::new();
    }
    let mut rows = vec![["", "", "A", "B", "", ""].map(String::from).to_vec()];
    for m in &view.measurements {
        let over = m.over.as_ref().map(|over| format!(" / {over}")).unwrap_or_default();
        let note = m.note.map(|note| format!(" [{note}]")).unwrap_or_default();
        rows.push(vec![
            format!("  {}", m.series),
            visible(&format!("{}{over}", m.name)),
            m.a.clone(),
            m.b.clone(),
            m.change.clone(),
            format!("{}{note}", console.paint(ink(m.outcome_id), m.outcome)),
        ]);
    }
    let mut out = columns(&rows);
    for (note, number) in view.notes.iter().zip(1..) {
        out.push_str(&wrapped(&format!("  [{number}] "), &visible(note)));
    }
    out
}

fn ink(outcome: &str) -> Ink {
    match outcome {
        "slower" => Ink::Bad,
        "faster" => Ink::Good,
        "equivalent" => Ink::Faint,
        _ => Ink::Doubtful,
    }
}

fn facts(view: &ComparisonView, console: &Console) -> String {
    view.facts.iter().map(|fact| fact_lines(fact, console)).collect()
}

fn fact_lines(fact: &FactView, console: &Console) -> String {
    let names = visible(&fact.names.join(", "));
    let head = format!("  {}  {names}", fact.id);
    if !fact.lines.is_empty() {
        let lines: String =
            fact.lines.iter().take(LINES).map(|line| diff_line(line, console)).collect();
        return format!("{head}\n{lines}{}", more(fact.lines.len(), LINES, "line"));
    }
    if !fact.parts.is_empty() {
        let parts: String =
            fact.parts.iter().take(PARTS).map(|part| part_line(part, console)).collect();
        return format!("{head}\n{parts}{}", more(fact.parts.len(), PARTS, "part"));
    }
    arrow(&head, &fact.a, &fact.b)
}

fn more(all: usize, shown: usize, one: &str) -> String {
    match all.saturating_sub(shown) {
        0 => String::new(),
        n => format!("      … {} more: --format json\n", count(n, one)),
    }
}

/// `head: a → b` in one line, or the values below each other where they do not fit.
fn arrow(head: &str, a: &str, b: &str) -> String {
    let (a, b) = (visible(a), visible(b));
    let line = format!("{head}: {a} → {b}");
    if line.chars().count() <= WIDTH {
        return format!("{line}\n");
    }
    let (a, b) = focused(&a, &b, WIDTH - 8);
    format!("{head}:\n      - {a}\n      + {b}\n")
}

fn part_line(part: &PartView, console: &Console) -> String {
    let text = match (part.sign, &part.a, &part.b) {
        ("~", Some(a), Some(b)) => {
            let (a, b) = focused(a, b, (WIDTH - 12 - part.key.chars().count().min(WIDTH / 2)) / 2);
            format!("{}: {a} → {b}", part.key)
        }
        (_, Some(value), None) | (_, None, Some(value)) => format!("{}: {value}", part.key),
        _ => part.key.clone(),
    };
    let line = format!("{} {}", part.sign, fitting(&visible(&text), WIDTH - 8));
    format!("      {}\n", paint(&line, console))
}

fn diff_line(line: &str, console: &Console) -> String {
    format!("      {}\n", paint(&fitting(&visible(line), WIDTH - 6), console))
}

fn paint(line: &str, console: &Console) -> String {
    match line.chars().next() {
        Some('+') => console.paint(Ink::Good, line),
        Some('-') => console.paint(Ink::Bad, line),
        _ => line.into(),
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

/// Words behind a mark, in as many lines as they need.
fn wrapped(mark: &str, text: &str) -> String {
    let indent = " ".repeat(mark.chars().count());
    let mut out = String::new();
    for (line, number) in crate::text::wrap(text, WIDTH - indent.len()).iter().zip(0..) {
        out.push_str(if number == 0 { mark } else { &indent });
        out.push_str(line);
        out.push('\n');
    }
    out
}

fn findings(view: &ComparisonView, console: &Console) -> String {
    let lines = |sign: char, ink: Ink, list: &[crate::judge::Finding]| -> String {
        list.iter()
            .map(|finding| {
                let mark = format!("{sign} {}[{}]", finding.severity.word(), finding.rule);
                let mark = console.paint(ink, &mark);
                format!("  {mark}\n{}", wrapped("      ", &visible(&finding.message)))
            })
            .collect()
    };
    lines('+', Ink::Bad, &view.added) + &lines('-', Ink::Good, &view.removed)
}
