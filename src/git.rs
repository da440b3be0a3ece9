//! Git, through its own program.

mod variables;

use std::ffi::OsStr;
use std::path::Path;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::error::Result;
use crate::process::run_on_terminal;
use variables::HOOK_VARIABLES;

pub(crate) struct GitOutput {
    pub stdout: Vec<u8>,
    /// Its error output, without what gives access.
    pub stderr: String,
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
}

impl GitOutput {
    pub(crate) fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// Runs git in a folder, or where we are, with these variables and a text on standard input. Its
/// words are in English, so that a program can read them. What a hook that called us set is not
/// meant for us: it names the repository of the hook.
pub(crate) fn run_git(
    folder: Option<&Path>,
    arguments: &[&str],
    environment: &[(&str, &OsStr)],
    stdin: &[u8],
) -> Result<GitOutput> {
    let mut command = duct::cmd("git", arguments).env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
    for (key, value) in environment {
        command = command.env(key, value);
    }
    // In `duct` the outermost setting is the weakest.
    for variable in HOOK_VARIABLES {
        command = command.env_remove(variable);
    }
    let argv: Vec<String> = ["git"].iter().chain(arguments).map(ToString::to_string).collect();
    let output = run_on_terminal(&argv, command, folder, stdin)
        .map_err(|error| error.with_help("install git"))?;
    Ok(GitOutput {
        stderr: hide_credentials(&String::from_utf8_lossy(&output.stderr)),
        code: output.exit_status(),
        stdout: output.stdout,
    })
}

/// The beginning of an address up to its host, with what gives access.
static CREDENTIALS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?<user>[^\s/?#:@]*)(?<password>:[^\s/?#]*)?@",
    )
    .expect("a valid expression")
});

/// A text without the passwords and tokens that stand in its addresses. To servers of the web, a
/// name alone may be a token; to others it is a name.
pub(crate) fn hide_credentials(text: &str) -> String {
    let hidden = CREDENTIALS.replace_all(text, |found: &Captures| {
        let scheme = &found["scheme"];
        let is_web = ["http://", "https://", "ftp://", "ftps://"]
            .iter()
            .any(|web| scheme.eq_ignore_ascii_case(web));
        match (is_web, found.name("password")) {
            (false, None) => found[0].to_string(),
            (false, Some(_)) => format!("{scheme}{}:***@", &found["user"]),
            (true, _) => format!("{scheme}***@"),
        }
    });
    hidden.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_access_is_not_shown_and_the_rest_is() {
        for (address, shown) in [
            ("https://ada:s3cret@a.example/b.git", "https://***@a.example/b.git"),
            ("https://ghp_token@a.example/b.git", "https://***@a.example/b.git"),
            ("HTTPS://ada:s3@cret@a.example:8080/b", "HTTPS://***@a.example:8080/b"),
            ("ssh://git@a.example/b", "ssh://git@a.example/b"),
            ("ssh://git:s3cret@a.example/b", "ssh://git:***@a.example/b"),
            ("git@a.example:b.git", "git@a.example:b.git"),
            ("https://a.example/b@c:d.git", "https://a.example/b@c:d.git"),
            ("fatal: 'https://u:p@a.example/b': no", "fatal: 'https://***@a.example/b': no"),
        ] {
            assert_eq!(hide_credentials(address), shown);
        }
    }
}
