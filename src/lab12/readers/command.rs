//! Typed commands, and the role that they state.

use super::role::{self, EvidenceRole, LabelRole};
use super::vocabulary::command::{ENGINES, OPTIONS_OF_SHELLS, PROGRAMS, SHELLS_OF_MACHINES};
use super::words;

/// The role that a command line states, if `text` is one; none is clear of a container under another
/// runtime.
pub(super) fn role_of_command(text: &str) -> Option<LabelRole> {
    let (prompted, typed) = after_prompt(text);
    let typed = if prompted { behind_machine_shell(typed) } else { typed };
    let mut tokens = typed.split_whitespace();
    let program = tokens.next()?;
    let second = tokens.next();
    // `uname -r: 6.12.47` labels what it printed.
    let labels = second.is_some_and(|word| word.starts_with('-') && word.ends_with(':'));
    if labels && !prompted {
        return None;
    }
    // `for i in 1 2 3; do time nerdctl run …; done`
    let is_program =
        PROGRAMS.contains(&program) || prompted && (starts_container(typed) || program == "wsl");
    let measured = typed.ends_with(" total") && typed.contains("% cpu");
    let of_kata = program.starts_with("kata-") || program.starts_with("containerd-shim");
    if of_kata && !second.is_some_and(|word| word.starts_with('-')) {
        return None;
    }
    // `docker (kata):` heads what follows.
    let heads = second.is_some_and(|word| word.starts_with('(')) && typed.ends_with(':');
    let time_label =
        program == "time" && !second.is_some_and(|word| PROGRAMS.contains(&word) || word == "-p");
    if !is_program || measured || (!prompted && (second.is_none() || time_label || heads)) {
        return None;
    }
    // Prose may begin with such a word: "ip addr shows only lo".
    let prose = words::contains_any(
        typed,
        &[" shows", " is ", " was ", " not ", " returns", " version ", " against "],
    );
    if prose && !prompted {
        return None;
    }
    let stated = command_role(typed).or_else(|| role_of_shown_file(typed));
    let stated = stated.or_else(|| role_of_remark(typed));
    Some(match stated {
        None if starts_container(typed) => LabelRole::Unclear,
        _ => LabelRole::One(stated.unwrap_or(EvidenceRole::Host)),
    })
}

/// The role that the name of the one file names which a command shows, or its folder:
/// `cat results/runc-caps.txt`.
pub(super) fn role_of_shown_file(text: &str) -> Option<EvidenceRole> {
    let (_, typed) = after_prompt(text);
    let (program, arguments) = typed.split_once(char::is_whitespace)?;
    let mut files = arguments.split_whitespace().filter(|word| word.contains(['.', '/']));
    let (file, None) = (files.next()?, files.next()) else { return None };
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let (stem, extension) = name.rsplit_once('.')?;
    let shows = matches!(program, "cat" | "head" | "tail" | "less" | "more")
        && matches!(extension, "txt" | "log" | "out")
        && !arguments.contains(['>', '|', ';', '&']);
    match role::list_roles(stem)[..] {
        [who] if shows => Some(who),
        [] if shows => EvidenceRole::of_folder(folder.rsplit('/').next()?),
        _ => None,
    }
}

/// The role that a remark after a command names: `cat /proc/version (kata)`, `uname -r # host`.
fn role_of_remark(typed: &str) -> Option<EvidenceRole> {
    let in_brackets = typed.strip_suffix(')').and_then(|head| head.rsplit_once(" ("));
    let (_, remark) = in_brackets.or_else(|| typed.rsplit_once(" # "))?;
    match role::role_of(remark)? {
        LabelRole::One(who) => Some(who),
        LabelRole::Unclear => None,
    }
}

/// What is typed for the machine of the containers, behind the command that opens a shell there:
/// `limactl shell kata uname -a`. The name of that machine names no target.
fn behind_machine_shell(typed: &str) -> &str {
    const BEFORE: [&str; 6] = ["$", "#", ">", "%", "time", "sudo"];
    let mut rest = typed;
    let mut next = take_word(&mut rest);
    while next.is_some_and(|word| BEFORE.contains(&word)) {
        next = take_word(&mut rest);
    }
    let mut shells = SHELLS_OF_MACHINES.iter().map(|line| line.split(' '));
    let Some(mut shell) = shells.find(|shell| shell.clone().next() == next) else { return typed };
    let mut lacks_name = shell.clone().any(|word| word == "NAME");
    let subcommand = shell.nth(1).filter(|word| *word != "NAME").unwrap_or_default();
    loop {
        let command = rest.trim_matches([' ', '"', '\'']);
        match take_word(&mut rest) {
            None => return typed,
            Some("--" | "-c" | "-e") => return rest.trim_matches([' ', '"', '\'']),
            Some(option) if option.starts_with('-') => {
                if OPTIONS_OF_SHELLS.contains(&option) {
                    take_word(&mut rest);
                }
            }
            Some(word) if word == subcommand => {}
            Some(_) if lacks_name => lacks_name = false,
            Some(_) => return command,
        }
    }
}

/// The first word of `rest`, which then begins behind it.
fn take_word<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let text = rest.trim_start();
    let (word, behind) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    *rest = behind;
    (!word.is_empty()).then_some(word)
}

/// The runtime that a command line asks for, if it starts a container or runs a command in one.
pub(super) fn command_role(typed: &str) -> Option<EvidenceRole> {
    let typed = behind_machine_shell(typed);
    if !starts_container(typed) {
        return None;
    }
    let asked = asked_runtime(typed);
    if asked.unwrap_or(typed).contains("kata") {
        return Some(EvidenceRole::Kata);
    }
    if let Some(other) = asked.and_then(EvidenceRole::of_other_runtime) {
        return Some(other);
    }
    let is_pod = typed.contains("kubectl ") || typed.contains("crictl ");
    let is_runc =
        asked.map_or(!is_pod, |name| name == "runc" || name.starts_with("io.containerd.runc."));
    let is_named = is_pod && role::list_roles(typed) == [EvidenceRole::Runc];
    (is_runc || is_named).then_some(EvidenceRole::Runc)
}

/// Whether a text begins with an engine that runs a container: `ctr run`.
pub(super) fn is_engine_run(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(|word| ENGINES.contains(&word)) && words.next() == Some("run")
}

/// The commands of a line, each with the whole command that ran it, of which each prints one line:
/// `uname -r; nerdctl run … sh -c 'uname -r; ls /proc | wc -l'`.
pub(super) fn list_sequence(typed: &str) -> Vec<(&str, &str)> {
    if words::contains_any(typed, &["for ", "while ", "if ", "||", "$(", "`"]) {
        return Vec::new();
    }
    let whole = split_outside_of_quotes(typed);
    let inner = whole.iter().flat_map(|command| {
        let quoted = command.split_once("sh -c ").and_then(|(_, quoted)| {
            let quoted = quoted.trim();
            let mark = quoted.chars().next().filter(|mark| matches!(mark, '\'' | '"'))?;
            quoted[1..].strip_suffix(mark)
        });
        let parts = quoted.map_or(vec![*command], split_outside_of_quotes);
        parts.into_iter().map(move |part| (*command, part))
    });
    inner.collect()
}

/// The commands of a line that stand between `;` or `&&`.
fn split_outside_of_quotes(typed: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut open) = (0, None);
    for (at, c) in typed.char_indices() {
        let is_end = open.is_none() && (c == ';' || typed[at..].starts_with("&&"));
        match open {
            Some(mark) if mark == c => open = None,
            None if matches!(c, '\'' | '"') => open = Some(c),
            _ => {}
        }
        if is_end {
            parts.push(&typed[start..at]);
            start = at + 1;
        }
    }
    parts.push(&typed[start..]);
    let parts = parts.into_iter().map(|part| part.trim_matches([' ', '&', ';']));
    parts.filter(|part| !part.is_empty()).collect()
}

/// Whether a typed command has an engine list or change what it knows, and says nothing of a target:
/// `crictl runp pod.json`.
pub(super) fn manages_engine(text: &str) -> bool {
    let (is_prompted, typed) = after_prompt(text);
    let mut words = typed.split_whitespace().skip_while(|word| *word == "sudo");
    is_prompted
        && words.next().is_some_and(|word| ENGINES.contains(&word))
        && !starts_container(typed)
}

/// What was typed in the shell of a container, as busybox and images without a user prompt for it.
pub(super) fn typed_in_container(text: &str) -> Option<&str> {
    let (place, typed) = text.split_once(" # ")?;
    (place == "~" || place.starts_with('/') && !place.contains(' ')).then(|| typed.trim())
}

/// Whether a command starts a container, or enters one, for a shell that waits for what is typed.
pub(super) fn opens_shell(typed: &str) -> bool {
    let last = typed.split_whitespace().next_back().unwrap_or_default();
    starts_container(typed) && matches!(last.rsplit('/').next(), Some("sh" | "bash" | "ash"))
}

/// The prompt of a shell of one's own at the beginning of a line, where a known command follows:
/// `~/lab12> `.
pub(super) fn named_prompt(text: &str) -> Option<&str> {
    let (prompt, typed) = text.split_once("> ")?;
    let (is_prompted, found) = after_prompt(text);
    let is_own = is_prompted && !prompt.is_empty() && found == typed.trim_start();
    is_own.then(|| &text[..prompt.len() + 2])
}

fn starts_container(typed: &str) -> bool {
    let mut words = typed.split(|c: char| c.is_whitespace() || matches!(c, '(' | '`'));
    words.any(|word| ENGINES.contains(&word))
        && (typed.contains(" run ") || typed.contains(" exec "))
}

/// The runtime that a command line names, without its folder: `--runtime=runsc`.
pub(super) fn asked_runtime(typed: &str) -> Option<&str> {
    let (_, behind) = typed.split_once("--runtime")?;
    let name = behind.trim_start_matches(['=', ' ', '"', '\'']).split_whitespace().next()?;
    name.trim_end_matches(['"', '\'', '`']).rsplit('/').next()
}

/// What was typed after the prompt of a shell at the beginning of a line of a transcript: `$`, or
/// one that names user and host. `#` and `>` stand in front of other things, too, and so does the
/// `+` of `sh -x`, unless a container is started after it.
pub(super) fn typed_in_transcript(text: &str) -> Option<&str> {
    if let Some(typed) = command_in_heading(text) {
        return Some(typed);
    }
    let is_sure = text.starts_with("$ ")
        || !text.starts_with(['#', '>', '+', '%'])
        || text.strip_prefix("+ ").is_some_and(|typed| command_role(typed).is_some());
    match after_prompt(text) {
        (true, typed) if is_sure => Some(typed),
        _ => None,
    }
}

/// The command that a script prints as a heading before it runs it: `## uname -r`,
/// `=== ls /proc | wc -l ===`.
pub(super) fn command_in_heading(text: &str) -> Option<&str> {
    let is_heading = ["## ", "=== ", "--- "].iter().any(|mark| text.starts_with(mark));
    let typed = text.trim_matches(['#', '=', '-', ' ']);
    let mut words = typed.split_whitespace();
    let is_program = is_heading && words.next().is_some_and(|first| PROGRAMS.contains(&first));
    (is_program && words.any(|word| word.starts_with(['-', '/']))).then_some(typed)
}

/// What was typed after a shell's prompt, and whether there is one.
pub(super) fn after_prompt(text: &str) -> (bool, &str) {
    for prompt in ["$ ", "# ", "> ", "% ", "+ ", "❯ ", "➜ ", "λ "] {
        if let Some(rest) = text.strip_prefix(prompt) {
            return (true, rest.trim_start());
        }
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    // `bash-5.1#`, `PS C:\>`
    let is_shell = first.starts_with("bash-") || first.starts_with("sh-") || first == "PS";
    // tcsh's `lab12> ` and nushell's `~> `, where a command follows.
    if let Some((name, typed)) = text.split_once("> ")
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '~' | '/' | '_' | '-' | '.'))
        && name.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '~' | '/'))
        && (PROGRAMS.contains(&typed.split_whitespace().next().unwrap_or_default())
            || starts_container(typed))
    {
        return (true, typed.trim_start());
    }
    if is_shell || first.contains('@') || first.starts_with('[') {
        for prompt in ["$ ", "# ", "% ", "> "] {
            if let Some((_, rest)) = text.split_once(prompt) {
                return (true, rest.trim_start());
            }
        }
    }
    (false, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_state_their_role() {
        assert_eq!(role_of_command("$ uname -r"), Some(LabelRole::One(EvidenceRole::Host)));
        assert_eq!(
            role_of_command("$ sudo nerdctl run --rm alpine true"),
            Some(LabelRole::One(EvidenceRole::Runc))
        );
        let krun = "$ podman run --rm --runtime krun alpine uname -r";
        assert_eq!(role_of_command(krun), Some(LabelRole::One(EvidenceRole::Krun)));
        let crun = "$ podman run --rm --runtime crun alpine uname -r";
        assert_eq!(role_of_command(crun), Some(LabelRole::Unclear));
        let kata = "ann@pine:~$ sudo nerdctl run --runtime io.containerd.kata.v2 alpine true";
        assert_eq!(role_of_command(kata), Some(LabelRole::One(EvidenceRole::Kata)));
        for (typed, who) in [
            ("$ limactl shell kata uname -a", EvidenceRole::Host),
            ("$ limactl shell kata sudo nerdctl run --rm alpine uname -r", EvidenceRole::Runc),
            (
                "$ time limactl shell --workdir / kata nerdctl run --rm alpine true",
                EvidenceRole::Runc,
            ),
            (
                "$ multipass exec kata-vm -- sudo nerdctl run --runtime kata alpine true",
                EvidenceRole::Kata,
            ),
            ("$ colima ssh -p kata -- uname -r", EvidenceRole::Host),
            ("$ ssh root@kata-node 'uname -r'", EvidenceRole::Host),
            ("$ wsl -u root nerdctl run --rm alpine:3.19 uname -r", EvidenceRole::Runc),
        ] {
            assert_eq!(role_of_command(typed), Some(LabelRole::One(who)), "{typed}");
        }
        assert_eq!(role_of_command("time taken: 0.4s"), None);
        assert_eq!(role_of_command("docker: Error response from daemon: x"), None);
        assert_eq!(
            role_of_command("sudo nerdctl run alpine  0.01s user 0.01s system 1% cpu 1.200 total"),
            None
        );
    }
}
