//! The examples that `--help` shows, for the commands whose own help has none.

use std::collections::BTreeMap;

use clap::Command;

use crate::assets;

/// Gives the commands their examples, after what their help says otherwise.
pub(super) fn with_examples(command: Command) -> Command {
    let examples = assets::load_data(None, "examples.toml");
    let examples: BTreeMap<String, Vec<(String, String)>> = examples.unwrap_or_default();
    examples.iter().fold(command, |command, (name, lines)| {
        command.mut_subcommand(name, |below| {
            let own = below.get_after_help().map(|own| format!("{own}\n\n")).unwrap_or_default();
            below.after_help(format!("{own}{}", examples_text(lines)))
        })
    })
}

/// Commands in one column and what they do in another, or below where that is too wide.
fn examples_text(lines: &[(String, String)]) -> String {
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
