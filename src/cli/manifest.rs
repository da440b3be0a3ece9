//! `isoproof manifest`: what a cluster has to allow.

use std::process::ExitCode;

use clap::Args;

use super::console::Console;
use crate::cluster;
use crate::engine::parse_image_name;
use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct ManifestArguments {
    /// What `collect --node-view` needs: a namespace that lets in a pod which looks at its node
    #[arg(long)]
    node_view: bool,
    /// A job too that collects every night inside of the cluster, by this image, which has to have
    /// isoproof, kubectl and a shell
    #[arg(long, value_name = "IMAGE", value_parser = parse_image_name)]
    cron_job: Option<String>,
}

/// Prints the namespace and the rights that collecting in a cluster needs, for `kubectl apply`.
pub(super) fn print_manifest(arguments: &ManifestArguments, console: &Console) -> Result<ExitCode> {
    console.print_document(&cluster::manifest_text(
        arguments.node_view,
        arguments.cron_job.as_deref(),
    ))?;
    Ok(ExitCode::SUCCESS)
}
