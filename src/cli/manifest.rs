//! `isoproof manifest`: what a cluster has to allow.

use std::process::ExitCode;

use clap::Args;

use super::console::Console;
use crate::cluster;
use crate::error::Result;

/// The arguments of `manifest`.
#[derive(Debug, Args)]
pub(super) struct ManifestArguments {
    /// What `collect --node-view` needs: a namespace that lets in a pod which looks at its node
    #[arg(long)]
    node_view: bool,
    /// A job too that collects every night inside of the cluster, by this image, which has to have
    /// isoproof, kubectl and a shell
    #[arg(long, value_name = "IMAGE", value_parser = parse_image)]
    cron_job: Option<String>,
}

/// The name of an image, which becomes a word of YAML.
fn parse_image(text: &str) -> std::result::Result<String, String> {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-._/:@".contains(c));
    match is_plain && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        true => Ok(text.into()),
        false => Err("the name of an image is wanted, such as registry.example/isoproof:1".into()),
    }
}

/// Prints the namespace and the rights that collecting in a cluster needs, for `kubectl apply`.
pub(super) fn print_manifest(arguments: &ManifestArguments, console: &Console) -> Result<ExitCode> {
    console.print_document(&cluster::manifest_text(
        arguments.node_view,
        arguments.cron_job.as_deref(),
    ))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_one_word_of_yaml() {
        assert!(parse_image("registry.example:5000/a/isoproof:1@sha256:0a").is_ok());
        for wrong in ["", "a b", "a\nb: c", "-a", "{}", "a#b"] {
            assert!(parse_image(wrong).is_err(), "{wrong}");
        }
    }
}
