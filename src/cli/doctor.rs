//! `isoproof doctor`: what works on this machine, what does not, and how to fix it.

use std::process::ExitCode;
use std::time::Duration;

use super::closed_lists::engine_parser;
use super::cluster::{AddressArguments, EngineChoice};
use super::console::{Console, OutputFormat, count_words};
use super::styled::{StyledLine, StyledText, TextStyle};
use crate::cluster::{self, ClusterClient};
use crate::collect::DEFAULT_APP;
use crate::doctor::{
    self, CheckStatus, DoctorOptions, DoctorWords, MachineCheck, RuntimeArgument, ThisMachine,
};
use crate::engine::runtime_spec::{refuse_equal_names, refuse_runtimes_of_namespaces};
use crate::engine::{EngineKind, interrupt, parse_image_name};
use crate::error::{Error, Result};
use crate::knowledge::faults::KnownFaults;
use clap::Args;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

const WIDTH: usize = 80;

/// How wide mark and word are, with the space after them.
const STATUS: usize = 10;

#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    /// The engine, by default the first that answers; builtin makes plain namespaces; kubernetes is a
    /// cluster in place of this machine
    #[arg(long, value_name = "ENGINE", value_parser = engine_parser())]
    engine: Option<EngineChoice>,
    /// A runtime that has to work, any number of times; by default all that the engine offers
    /// are tried, and none has to
    #[arg(long = "runtime", value_name = "NAME[=HANDLER]")]
    runtimes: Vec<RuntimeArgument>,
    /// The image of the containers
    #[arg(long, default_value = "alpine:3.19", value_parser = parse_image_name)]
    image: String,
    /// The form of the output
    #[arg(long, value_enum, default_value = "text")]
    format: OutputFormat,
    /// How many seconds one container may take to start and answer
    #[arg(long, value_name = "S", default_value_t = 60, conflicts_with = "no_smoke", value_parser = clap::value_parser!(u64).range(1..=doctor::LONGEST_TIMEOUT))]
    timeout: u64,
    /// Start no container: then nothing is proved
    #[arg(long)]
    no_smoke: bool,
    #[command(flatten)]
    address: AddressArguments,
}

/// Examines the machine and prints what was found. Exit code 3 if something failed.
pub(super) fn run_doctor(arguments: &DoctorArguments, console: &Console) -> Result<ExitCode> {
    if arguments.engine == Some(EngineChoice::Cluster) {
        return run_cluster_doctor(arguments, console);
    }
    arguments.address.refuse_for_machine()?;
    refuse_equal_names(&arguments.runtimes)?;
    let engine = arguments.engine.and_then(EngineChoice::on_machine);
    if engine == Some(EngineKind::Builtin) {
        refuse_runtimes_of_namespaces(&arguments.runtimes, None)?;
    }
    let options = DoctorOptions {
        engine,
        runtimes: arguments.runtimes.clone(),
        image: arguments.image.clone(),
        app: DEFAULT_APP.into(),
        smoke: !arguments.no_smoke,
        timeout: Duration::from_secs(arguments.timeout),
    };
    let (words, faults) = (DoctorWords::load_shipped()?, KnownFaults::load(None)?);
    let machine = ThisMachine::new(interrupt::listen_for_signals()?);
    let checks = doctor::examine_machine(&machine, &options, &words, &faults, &|what| {
        console.print_detail(what);
    })?;
    print_checks(&checks, arguments.format, console)
}

fn print_checks(
    checks: &[MachineCheck],
    format: OutputFormat,
    console: &Console,
) -> Result<ExitCode> {
    match format {
        OutputFormat::Json => console.print_json(&format!("{:#}", json!(checks)))?,
        OutputFormat::Text => console.print_prose(&checks_text(checks))?,
    }
    Ok(if doctor::has_failed(checks) { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

/// Asks a cluster what a session would be refused. Nothing is started.
fn run_cluster_doctor(arguments: &DoctorArguments, console: &Console) -> Result<ExitCode> {
    if !arguments.runtimes.is_empty() {
        return Err(Error::unusable_input("--runtime is about an engine of this machine")
            .with_help("every class of the cluster is looked at: leave it out"));
    }
    let cancel = interrupt::listen_for_signals()?;
    let client = ClusterClient::connect(&arguments.address.address(), &cancel)?;
    let settings = cluster::usual_pods(arguments.image.clone(), arguments.timeout)?;
    let checks = cluster::examine_cluster(&client, &settings);
    print_checks(&checks, arguments.format, console)
}

/// What is said where plain namespaces are used because nothing else is there.
pub(super) const NO_ENGINE: &str =
    "no container engine works here; using plain namespaces (baseline only)";

/// What is not as it should be, each in a line, and how to learn more. No container is started:
/// capturing does that. Where the user asked for no engine, that none works is no failure.
pub(super) fn print_problems(
    options: &DoctorOptions,
    needs_engine: bool,
    console: &Console,
) -> Result<()> {
    let (words, faults) = (DoctorWords::load_shipped()?, KnownFaults::load(None)?);
    let machine = ThisMachine::new(interrupt::listen_for_signals()?);
    let mut checks = doctor::examine_machine(&machine, options, &words, &faults, &|_| {})?;
    let mut failed = checks.iter().filter(|check| check.status == CheckStatus::Fail);
    if !needs_engine && failed.any(|check| check.id == "engine") {
        console.print_note(NO_ENGINE);
        checks.retain(|check| !matches!(check.id.as_str(), "engine" | "overall"));
    }
    let worth_a_look = checks.iter().filter(|check| check.status == CheckStatus::Warn);
    console.print_note(&format!(
        "doctor: {} ok, {} warn, {} fail; `isoproof doctor` says more, and what to do",
        count_with_status(&checks, CheckStatus::Ok),
        count_with_status(&checks, CheckStatus::Warn),
        count_with_status(&checks, CheckStatus::Fail)
    ));
    for check in worth_a_look {
        console.print_detail(&format!("{}: {}", check.title, check.observed));
    }
    for check in checks.iter().filter(|check| check.status == CheckStatus::Fail) {
        console.print_warning(&format!("{}: {}", check.title, check.observed));
    }
    Ok(())
}

/// One line per check, causes and fixes below those that need them, and a tally.
fn checks_text(checks: &[MachineCheck]) -> StyledText {
    let widest = checks.iter().map(|check| check.title.chars().count()).max().unwrap_or(0);
    let mut out = StyledText::default();
    for check in checks {
        push_entry(check, widest, &mut out);
    }
    out.push_blank();
    out.push_line(checks_tally(checks));
    out
}

fn push_entry(check: &MachineCheck, widest: usize, out: &mut StyledText) {
    let (mark, style) = match check.status {
        CheckStatus::Ok => ("✓", TextStyle::Good),
        CheckStatus::Warn => ("!", TextStyle::Doubtful),
        CheckStatus::Fail => ("✗", TextStyle::Bad),
        CheckStatus::Skip => ("-", TextStyle::Faint),
        CheckStatus::Unknown => ("?", TextStyle::Strong),
    };
    let word = format!("{mark} {}", check.status.into_str());
    let pad = " ".repeat(STATUS.saturating_sub(word.chars().count()));
    let indent = STATUS + widest + 2;
    let mut lines = wrap_long_words(&check.observed, WIDTH - indent).into_iter();
    let first = lines.next().unwrap_or_default();
    let title = format!("{:widest$}", check.title);
    out.push_line(
        StyledLine::begin_styled(style, &word).and_text(&format!("{pad}{title}  {first}")),
    );
    for line in lines {
        out.push_line(format!("{:indent$}{line}", ""));
    }
    if matches!(check.status, CheckStatus::Warn | CheckStatus::Fail | CheckStatus::Unknown) {
        let advice = [("why", &check.cause), ("fix", &check.fix)];
        for (name, words) in advice {
            let Some(words) = words else { continue };
            push_paragraph(name, words, out);
        }
    }
}

/// `why: ...`, below the title, the further lines as deep as the words of the first.
fn push_paragraph(name: &str, words: &str, out: &mut StyledText) {
    let indent = STATUS + name.len() + 2;
    for (index, line) in wrap_long_words(words, WIDTH - indent).iter().enumerate() {
        out.push_line(match index {
            0 => format!("{:STATUS$}{name}: {line}", ""),
            _ => format!("{:indent$}{line}", ""),
        });
    }
}

fn checks_tally(checks: &[MachineCheck]) -> String {
    format!(
        "{}: {} ok, {} warn, {} fail, {} unknown, {} skip",
        count_words(checks.len(), "check"),
        count_with_status(checks, CheckStatus::Ok),
        count_with_status(checks, CheckStatus::Warn),
        count_with_status(checks, CheckStatus::Fail),
        count_with_status(checks, CheckStatus::Unknown),
        count_with_status(checks, CheckStatus::Skip)
    )
}

fn count_with_status(checks: &[MachineCheck], status: CheckStatus) -> usize {
    checks.iter().filter(|check| check.status == status).count()
}

/// Lines of at most `width` columns, broken between words, and inside of those that are
/// longer than a line.
fn wrap_long_words(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let words = text.split_whitespace().flat_map(|word| split_word(word, width));
    for (piece, ends_word) in words {
        if line.width() + piece.width() > width {
            lines.push(std::mem::take(&mut line).trim_end().to_string());
        }
        line.push_str(&piece);
        if ends_word {
            line.push(' ');
        }
    }
    lines.push(line.trim_end().to_string());
    lines.retain(|line| !line.is_empty());
    lines
}

/// A word in pieces that fit a line, after a slash where there is one; and whether each is the
/// last.
fn split_word(word: &str, width: usize) -> Vec<(String, bool)> {
    let mut rest = word;
    let mut pieces = Vec::new();
    while rest.width() > width {
        let ends = rest.char_indices().skip(1).map(|(end, _)| end);
        let fitting = ends.take_while(|end| rest[..*end].width() <= width).last();
        // One character at least: a terminal that is too narrow for it is not helped by a loop.
        let fitting = fitting.unwrap_or_else(|| rest.chars().next().map_or(0, char::len_utf8));
        let slash = rest[..fitting].rfind('/').filter(|at| *at > 0);
        let (piece, tail) = rest.split_at(slash.map_or(fitting, |at| at + 1));
        pieces.push((piece.to_string(), false));
        rest = tail;
    }
    pieces.push((rest.to_string(), true));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: CheckStatus, observed: &str) -> MachineCheck {
        MachineCheck {
            id: "kvm".into(),
            status,
            title: "KVM".into(),
            observed: observed.into(),
            expected: String::new(),
            cause: Some("There is none.".into()),
            fix: Some("Load it.".into()),
            evidence: Vec::new(),
        }
    }

    #[test]
    fn lines_break_between_words_and_inside_of_long_ones() {
        assert_eq!(wrap_long_words("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap_long_words("a /very/long/path b", 6), ["a", "/very/", "long/", "path b"]);
        assert_eq!(wrap_long_words("カーネル名 b", 4), ["カー", "ネル", "名 b"]);
        assert!(wrap_long_words("", 5).is_empty());
    }

    #[test]
    fn the_fix_stands_below_what_is_not_as_it_should_be() {
        let text =
            checks_text(&[check(CheckStatus::Ok, "there"), check(CheckStatus::Fail, "absent")]);
        assert_eq!(
            text.render_text(false),
            "✓ ok      KVM  there\n✗ fail    KVM  absent\n          why: There is none.\n\
             \x20         fix: Load it.\n\n2 checks: 1 ok, 0 warn, 1 fail, 0 unknown, 0 skip\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let text = checks_text(&[check(CheckStatus::Warn, &"word ".repeat(60))]).render_text(false);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    }
}
