//! What is a password or a person's address, and the lines of private keys.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::pattern::compile_pattern;
use super::words::addresses::{ACCOUNTS, PUBLIC, UNITS};
use super::words::secrets::NO_SECRETS;

/// Whether what stands in the place of a secret is one: not a word for that there is none, a
/// variable, or asterisks.
pub(super) fn is_secret(value: &str) -> bool {
    let lower = value.to_lowercase();
    let is_pseudonym = lower.strip_prefix("secret-").is_some_and(|hash| hash.len() == 6);
    value.chars().count() > 2
        && !is_pseudonym
        && !NO_SECRETS.contains(&lower.as_str())
        && !value.starts_with(['$', '<', '{', '[', '(', '%', '/'])
        && value.chars().any(|c| c.is_alphanumeric() && c != 'x' && c != 'X')
}

/// The lines of private keys, between the lines that begin and end them.
pub(super) fn find_private_keys(text: &str) -> Vec<Range<usize>> {
    static MARKS: LazyLock<Regex> = LazyLock::new(|| {
        compile_pattern(
            r"-----(?P<mark>BEGIN|END) [A-Za-z0-9 ]*(?:PRIVATE KEY|Static key)[A-Za-z0-9 ]*-----",
        )
    });
    let mut found = Vec::new();
    if !text.contains("-----BEGIN ") {
        return found;
    }
    let mut marks = MARKS.captures_iter(text).peekable();
    while let Some(captures) = marks.next() {
        let (Some(whole), Some(mark)) = (captures.get(0), captures.name("mark")) else { continue };
        if mark.as_str() != "BEGIN" {
            continue;
        }
        let next = marks.peek().and_then(|captures| captures.get(0));
        let end = next.map_or(text.len(), |next| next.start());
        let is_closed = marks.peek().is_some_and(|next| &next["mark"] == "END");
        let mut at = whole.end();
        for line in text[at..end].split_inclusive('\n') {
            let body = line.trim();
            // A key that was cut off ends where its letters end.
            if !is_closed
                && !body.chars().all(|c| c.is_ascii_alphanumeric() || "+/=:,- ".contains(c))
            {
                break;
            }
            if !body.is_empty() {
                let start = at + (line.len() - line.trim_start().len());
                found.push(start..start + body.len());
            }
            at += line.len();
        }
    }
    found
}

/// Whether an address is a person's, and not a unit of systemd, an account of a service, a mailing
/// list, or one that the kernel's sources print.
pub(super) fn is_personal_address(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else { return false };
    let last = domain.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_list = domain.starts_with("lists.") || domain.ends_with("vger.kernel.org");
    let is_pseudonym = domain == "example.invalid" && local.starts_with("email-");
    !UNITS.contains(&last.as_str())
        && !ACCOUNTS.contains(&local.to_ascii_lowercase().as_str())
        && !PUBLIC.contains(&address)
        && !is_list
        && !is_pseudonym
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_found_line_by_line_also_if_its_end_was_cut_off() {
        let text = "a\n-----BEGIN OPENSSH PRIVATE KEY-----\n  b3Blb\n  AAAAB=\n-----END OPENSSH PRIVATE KEY-----\nb\n\
                    -----BEGIN RSA PRIVATE KEY-----\nMIIE\nQwen: no (key)\nMIIF\n";
        let lines: Vec<&str> =
            find_private_keys(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(lines, ["b3Blb", "AAAAB=", "MIIE"]);
    }

    #[test]
    fn what_says_that_there_is_no_secret_is_none() {
        for word in ["none", "<none>", "$PW", "********", "xxxx", "yes", "a", "/home/lab"] {
            assert!(!is_secret(word), "{word}");
        }
        assert!(is_secret("hunter2") && is_secret("пароль"));
    }

    #[test]
    fn addresses_of_services_lists_and_units_are_no_persons() {
        for address in [
            "git@github.com",
            "getty@tty1.service",
            "user@1000.service",
            "debian-kernel@lists.debian.org",
            "dm-devel@redhat.com",
        ] {
            assert!(!is_personal_address(address), "{address}");
        }
        assert!(is_personal_address("ann.lee+x@mail.example.co.uk"));
    }
}
