//! `isoproof manifest`: what a cluster has to allow.

use std::process::ExitCode;

use super::console::Console;
use crate::cluster;
use crate::error::Result;

/// Prints the namespace and the rights that collecting in a cluster needs, for `kubectl apply`.
pub(super) fn print_manifest(console: &Console) -> Result<ExitCode> {
    console.print_document(cluster::MANIFEST)?;
    Ok(ExitCode::SUCCESS)
}
