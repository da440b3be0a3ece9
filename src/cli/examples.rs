//! The examples that `--help` shows, for the commands whose own help has none.

use clap::Command;

/// Command, and lines of a command and what it does.
const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    ("run", &[("isoproof run", "capture evidence and make the report on it")]),
    (
        "collect",
        &[
            ("isoproof collect", "with the engine that is found, under runc"),
            ("isoproof collect --runtime runc --runtime kata=io.containerd.kata.v2", ""),
            ("isoproof collect --engine builtin --no-app", "plain namespaces, without an engine"),
            ("isoproof collect --engine kubernetes --nodes all", "every class on every node"),
        ],
    ),
    (
        "build",
        &[
            ("isoproof build --run mine", "the report on the run labelled mine"),
            ("isoproof build --strict", "fail where a text needs what is not captured"),
        ],
    ),
    ("list", &[("isoproof list --format json", "the runs, for programs")]),
    (
        "show",
        &[
            ("isoproof show latest", "what was captured"),
            ("isoproof show latest kata/kernel.release", "the output of one command"),
            ("isoproof show latest kata/kernel.release --raw > kernel.txt", "its bytes"),
        ],
    ),
    ("facts", &[("isoproof facts latest --format json | jq '.\"kernel.release\"'", "")]),
    (
        "check",
        &[
            ("isoproof check", "verdicts and findings of the latest run"),
            ("isoproof check --fail-on error --format json", "in CI"),
        ],
    ),
    ("diff", &[("isoproof diff latest~1 latest", "what changed since the run before")]),
    (
        "clean",
        &[
            ("isoproof clean", "after a session was interrupted"),
            ("isoproof clean --engine kubernetes", "after one in a cluster was"),
        ],
    ),
    ("manifest", &[("isoproof manifest | kubectl apply -f -", "once you have read it")]),
    ("doctor", &[("isoproof doctor --runtime kata=io.containerd.kata.v2", "try one runtime")]),
    (
        "explain",
        &[("isoproof explain kernel.boot_id", "what a probe proves, and what it does not")],
    ),
    ("serve", &[("isoproof serve", "look at the site in a browser")]),
    ("schema", &[("isoproof schema > run.schema.json", "for editors and validators")]),
    (
        "completions",
        &[("isoproof completions fish > ~/.config/fish/completions/isoproof.fish", "")],
    ),
    (
        "man",
        &[
            ("isoproof man | man -l -", "read the main page"),
            ("isoproof man ~/.local/share/man/man1", "a page for every command"),
        ],
    ),
];

/// Gives the examples to the commands whose help has none.
pub(super) fn with_examples(command: Command) -> Command {
    let names: Vec<String> =
        command.get_subcommands().map(|below| below.get_name().to_string()).collect();
    names.into_iter().fold(command, |command, name| {
        let Some((_, lines)) = EXAMPLES.iter().find(|(of, _)| *of == name) else { return command };
        command.mut_subcommand(name, |below| {
            let own = below.get_after_help().map(|own| format!("{own}\n\n")).unwrap_or_default();
            match own.contains("Example") {
                true => below,
                false => below.after_help(format!("{own}{}", examples_text(lines))),
            }
        })
    })
}

/// Commands in one column and what they do in another, or below where that is too wide.
fn examples_text(lines: &[(&str, &str)]) -> String {
    const COLUMNS: usize = 78;
    let width = lines.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    let fits = lines.iter().all(|(_, what)| width + what.len() + 4 <= COLUMNS);
    let mut text = "Examples:".to_string();
    for (command, what) in lines {
        let line = match fits {
            true => format!("{command:width$}  {what}"),
            false => format!("{command}\n      {what}"),
        };
        text.push_str("\n  ");
        text.push_str(line.trim_end());
    }
    text
}
