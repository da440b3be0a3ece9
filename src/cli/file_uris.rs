//! Files as code hosts know them.

use std::path::{Path, PathBuf};

use crate::project::Project;
use crate::text::uri_path;

/// The folder that code hosts count paths from: that of the repository, else of the project.
fn repository_root(project: &Project) -> Option<PathBuf> {
    let root = project.root.canonicalize().ok()?;
    let repository = root.ancestors().find(|folder| folder.join(".git").exists());
    Some(repository.unwrap_or(&root).to_path_buf())
}

/// A file as code hosts know it: relative to the repository; none if it is not inside.
pub(super) fn repository_uri(project: &Project, path: &Path) -> Option<String> {
    let (path, root) = (path.canonicalize().ok()?, repository_root(project)?);
    let inside = path.strip_prefix(root).ok()?;
    let parts: Vec<_> =
        inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Some(uri_path(&parts.join("/")))
}

/// The same for a file of the project that need not be there.
pub(super) fn planned_uri(project: &Project, path: &Path) -> String {
    let inside = path.strip_prefix(&project.root).unwrap_or(path).to_string_lossy();
    match repository_uri(project, &project.root).filter(|folder| !folder.is_empty()) {
        Some(folder) => format!("{folder}/{}", uri_path(&inside)),
        None => uri_path(&inside),
    }
}

/// The report as code hosts know it; one that lies outside of the project as it was named.
pub(super) fn report_uri(project: &Project, file: &str) -> String {
    repository_uri(project, Path::new(file)).unwrap_or_else(|| {
        let scheme = if file.starts_with('/') { "file://" } else { "" };
        format!("{scheme}{}", uri_path(file))
    })
}
