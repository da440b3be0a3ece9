//! `isoproof manifest`: what a cluster has to allow.

use std::process::ExitCode;

use clap::Args;

use super::console::Console;
use crate::cluster;
use crate::error::Result;

/// The arguments of `manifest`.
#[derive(Debug, Args)]
pub(super) struct ManifestArguments {
    /// What `collect --node-view processes` needs: a namespace that lets in a pod which sees the
    /// processes of its node
    #[arg(long)]
    node_view: bool,
}

/// Prints the namespace and the rights that collecting in a cluster needs, for `kubectl apply`.
pub(super) fn print_manifest(arguments: &ManifestArguments, console: &Console) -> Result<ExitCode> {
    console.print_document(&cluster::manifest(arguments.node_view))?;
    Ok(ExitCode::SUCCESS)
}
