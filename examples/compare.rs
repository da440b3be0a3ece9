//! Compares two series, one number a line, with the code that compares series of a run.
//!
//! `cargo run --release --example compare -- MARGIN FILE FILE` prints one line: the outcome of the
//! second against the first, the ratio, its interval and p. A margin of 0.05 takes differences
//! up to 5 % for none.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [margin, a, b] = &arguments[..] else {
        eprintln!("usage: compare MARGIN FILE FILE");
        return ExitCode::from(2);
    };
    match (margin.parse(), series(a), series(b)) {
        (Ok(margin), Some(a), Some(b)) => {
            println!("{}", line(&isoproof::stats::compare(&a, &b, margin)));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("a margin and two files of numbers are wanted");
            ExitCode::from(2)
        }
    }
}

fn series(path: &str) -> Option<Vec<f64>> {
    let text = std::fs::read_to_string(path).ok()?;
    text.split_whitespace().map(|word| word.parse().ok()).collect()
}

fn line(found: &isoproof::stats::Comparison) -> String {
    let number =
        |value: Option<f64>| value.map_or_else(|| "-".into(), |value| format!("{value:.4}"));
    let (low, high) = (found.interval.map(|i| i.low), found.interval.map(|i| i.high));
    format!(
        "{} ratio {} interval {} {} p {}",
        found.outcome.word(),
        number(found.ratio),
        number(low),
        number(high),
        number(found.p)
    )
}
