//! A runtime that the user asks for.

use crate::error::{Error, Result};

/// `NAME` or `NAME=HANDLER` on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuntimeArgument {
    pub name: String,
    /// What the engine is asked for.
    pub handler: String,
}

impl std::str::FromStr for RuntimeArgument {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (name, handler) = match text.split_once('=') {
            Some((name, handler)) => (name.to_string(), handler.to_string()),
            None => (short_name(text), text.to_string()),
        };
        let fits = name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_'));
        if name.is_empty() || !fits || name == "host" {
            return Err(format!(
                "`{name}` cannot name a target: lower-case letters, digits, `-` and `_` can, \
                 and `host` is taken"
            ));
        }
        // A leading dash would be an option to the engine.
        if handler.is_empty() || handler.starts_with('-') {
            return Err(format!("`{handler}` is no runtime handler"));
        }
        Ok(Self { name, handler })
    }
}

pub(crate) fn refuse_equal_names(list: &[RuntimeArgument]) -> Result<()> {
    for (index, wanted) in list.iter().enumerate() {
        if let Some(other) = list[..index].iter().find(|other| other.name == wanted.name) {
            let help = match other.handler == wanted.handler {
                true => "it is the same one: leave one of them out",
                false => "give one of them another name: --runtime NAME=HANDLER",
            };
            let message = format!("two runtimes are called `{}`", wanted.name);
            return Err(Error::unusable_input(message).with_help(help));
        }
    }
    Ok(())
}

/// The name for a handler: `kata` for `io.containerd.kata.v2` and
/// `/opt/kata/bin/containerd-shim-kata-v2`, `crun` for `/usr/bin/crun`.
pub(crate) fn short_name(handler: &str) -> String {
    let last = handler.rsplit('/').next().unwrap_or(handler);
    let name = if let Some(rest) = last.strip_prefix("io.containerd.") {
        rest.rsplit_once('.').map_or(rest, |(name, _)| name)
    } else if let Some(rest) = last.strip_prefix("containerd-shim-") {
        rest.rsplit_once('-').map_or(rest, |(name, _)| name)
    } else {
        last
    };
    name.to_ascii_lowercase().replace('.', "-")
}

/// Refuses what names runtimes where there are plain namespaces alone.
pub(crate) fn refuse_runtimes_of_namespaces(
    wanted: &[RuntimeArgument],
    baseline: Option<&str>,
) -> Result<()> {
    let option = match baseline {
        _ if !wanted.is_empty() => "--runtime",
        Some(_) => "--baseline",
        None => return Ok(()),
    };
    Err(Error::unusable_input(format!(
        "{option} is about an engine, and builtin is none: it makes plain namespaces and knows no \
         runtimes"
    ))
    .with_help(
        "leave it out, or name another engine with --engine; isoproof doctor says which work",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_named_after_its_handler_unless_it_is_given_a_name() {
        for (text, name) in [
            ("runc", "runc"),
            ("kata=io.containerd.kata.v2", "kata"),
            ("io.containerd.kata.v2", "kata"),
            ("/opt/kata/bin/containerd-shim-kata-v2", "kata"),
        ] {
            assert_eq!(text.parse::<RuntimeArgument>().unwrap().name, name);
        }
    }

    #[test]
    fn what_would_be_an_option_of_the_engine_is_refused() {
        for text in ["", "host", "a b=runc", "x=", "x=--privileged"] {
            assert!(text.parse::<RuntimeArgument>().is_err(), "{text}");
        }
    }
}
