//! Which commands can take the place of their shell.

/// Words that a shell answers itself, so that `exec` would run another program, or none.
const OF_THE_SHELL: &[&str] = &[
    "!", ".", ":", "[", "[[", "alias", "break", "builtin", "case", "cd", "command", "continue",
    "declare", "do", "done", "echo", "eval", "exec", "exit", "export", "false", "for", "function",
    "getopts", "hash", "if", "jobs", "kill", "let", "local", "printf", "pwd", "read", "readonly",
    "return", "select", "set", "shift", "source", "test", "time", "times", "trap", "true", "type",
    "ulimit", "umask", "unalias", "unset", "until", "wait", "while", "{", "}",
];

/// Whether `exec` before the command changes nothing: one simple command (POSIX XCU 2.9.1) of a
/// program, which may have arguments and redirections. False where that is not plain to see.
pub(super) fn is_simple(command: &str) -> bool {
    let word = command.split(|c: char| c.is_whitespace() || c == '<' || c == '>').next();
    let word = word.unwrap_or_default();
    let is_program = !word.is_empty()
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
        && !OF_THE_SHELL.contains(&word);
    is_program && is_one_command(command)
}

/// Whether no character outside quotes separates or groups commands.
fn is_one_command(command: &str) -> bool {
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, ';' | '&' | '|' | '(' | ')' | '\n' | '#') => return false,
            // Escapes and substitutions could hide the rest.
            (None | Some('"'), '\\' | '`' | '$') => return false,
            _ => {}
        }
    }
    quote.is_none()
}

#[cfg(test)]
mod tests {
    use super::is_simple;

    #[test]
    fn one_program_with_its_arguments_is_simple() {
        for command in [
            "cat /proc/version",
            "uname -r",
            "wc -l </proc/meminfo",
            "awk '/^btime / { print $2; found = 1 } END { exit !found }' /proc/stat",
            "grep -E \"^a b\" /x",
        ] {
            assert!(is_simple(command), "{command}");
        }
    }

    #[test]
    fn what_the_shell_has_to_do_is_not_simple() {
        for command in [
            "",
            "exit 7",
            "echo a",
            "A=b cat x",
            "cat a; cat b",
            "cat a | wc -l",
            "cat a && cat b",
            "cat a &",
            "n=$(cat a)",
            "cat $x",
            "cat \"$x\"",
            "if true; then cat a; fi",
            "ls -d /x >/dev/null 2>&1",
            "(cat a)",
            "{ cat a; }",
            "cat 'a",
            "<x cat",
        ] {
            assert!(!is_simple(command), "{command}");
        }
    }
}
