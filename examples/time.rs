//! Times a command with the code that times container starts, for comparing it with other tools.
//!
//! `cargo run --release --example time -- RUNS COMMAND [ARGUMENT]...` prints a line for each run:
//! seconds to the end, seconds to the first byte of output or `-`, exit status or `-`.

use std::process::ExitCode;
use std::time::Duration;

use isoproof::process::{CancelFlag, TimedCommand, time_command};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let runs = arguments.next().and_then(|runs| runs.parse::<u32>().ok());
    let command: Vec<String> = arguments.collect();
    let (Some(runs), false) = (runs, command.is_empty()) else {
        eprintln!("usage: time RUNS COMMAND [ARGUMENT]...");
        return ExitCode::from(2);
    };
    for _ in 0..runs {
        match time_command(&command, Duration::from_secs(600), &CancelFlag::default()) {
            Ok(timed) => println!("{}", line(&timed)),
            Err(error) => {
                eprintln!("error: {}", error.message);
                return ExitCode::from(3);
            }
        }
    }
    ExitCode::SUCCESS
}

fn line(timed: &TimedCommand) -> String {
    let seconds = |time: Duration| format!("{:.9}", time.as_secs_f64());
    let first = timed.first_byte.map_or_else(|| "-".into(), seconds);
    let exit = timed.output.exit_status().map_or_else(|| "-".into(), |status| status.to_string());
    format!("{} {first} {exit}", seconds(timed.output.duration))
}
