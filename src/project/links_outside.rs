//! Whether what a report is made of lies in the project.
//!
//! Whoever can add a symbolic link to a project could otherwise have any file of the machine that
//! builds the report published, and the project's own keys. A hard link cannot be told from a
//! file; git knows none, so a pull request can bring none.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::Project;
use crate::error::{Error, NameFailedFile, Result};
use crate::sources::{self, SourceKind, WalkLimits};

impl Project {
    /// Refuses a project in which a link among the sources of a report leads out of the project
    /// or into a hidden folder of it.
    ///
    /// # Errors
    ///
    /// The first such link, and where it leads; or a folder cannot be looked at.
    pub fn refuse_links_out(&self) -> Result<()> {
        let root = self.real_root()?;
        let mut folders = vec![self.chapters_dir(), self.data_dir(), self.templates_dir()];
        let mut seen = BTreeSet::new();
        let checked = self.config.checked_document.iter();
        for path in folders.iter().cloned().chain(checked.map(|path| self.root.join(path))) {
            self.refuse_path(&root, &path)?;
        }
        while let Some(folder) = folders.pop() {
            let Ok(real) = folder.canonicalize() else { continue };
            if !real.is_dir() || !seen.insert(real) {
                continue;
            }
            let walk =
                sources::walk_folder(&folder, WalkLimits::FLAT).or_failed_io("read", &folder)?;
            for entry in walk.entries {
                if entry.is_link {
                    self.refuse_path(&root, &entry.path)?;
                }
                if entry.kind == SourceKind::Folder {
                    folders.push(entry.path);
                }
            }
        }
        Ok(())
    }

    /// Refuses a path that a link leads out of the project or into a hidden folder of it.
    ///
    /// # Errors
    ///
    /// It does, and where it leads.
    pub fn refuse_outside(&self, path: &Path) -> Result<()> {
        self.refuse_path(&self.real_root()?, path)
    }

    fn real_root(&self) -> Result<PathBuf> {
        self.root.canonicalize().or_failed_io("read", &self.root)
    }

    /// What leads nowhere is left to whoever reads it.
    fn refuse_path(&self, root: &Path, path: &Path) -> Result<()> {
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(Error::failed_io("read", path, &error));
            }
            Err(_) => return Ok(()),
        };
        let is_link = path.strip_prefix(&self.root).is_ok_and(|below| real != root.join(below));
        let what = match real.strip_prefix(root) {
            Ok(below)
                if !is_link
                    || below.components().all(|part| match part {
                        Component::Normal(name) => !name.to_string_lossy().starts_with('.'),
                        _ => false,
                    }) =>
            {
                return Ok(());
            }
            Ok(_) => "is in a hidden folder",
            Err(_) => "is not in the project",
        };
        Err(Error::unusable_input(format!(
            "{} leads to {}, which {what}",
            path.display(),
            real.display()
        ))
        .with_help(
            "put a copy in the place of the link: what is published has to lie in the project",
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::project::ProjectConfig;

    /// A project in a folder next to one that is not in it.
    fn project() -> (tempfile::TempDir, Project) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        for name in ["site/notes", "data/runs", "templates", ".isoproof", "other/site"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        std::fs::create_dir(folder.path().join("outside")).unwrap();
        std::fs::write(folder.path().join("outside/key.md"), "secret").unwrap();
        std::fs::write(root.join(".isoproof/key"), "secret").unwrap();
        std::fs::write(root.join("README.md"), "mine").unwrap();
        let config = ProjectConfig::default();
        (folder, Project { root, has_config: false, config })
    }

    #[test]
    fn links_within_the_project_and_to_nowhere_are_left_alone() {
        let (_folder, project) = project();
        let at = |name: &str| project.root.join(name);
        symlink("../README.md", at("site/index.md")).unwrap();
        symlink("../other", at("site/other")).unwrap();
        symlink("nowhere", at("site/.#index.md")).unwrap();
        // What is hidden is no source.
        symlink("/etc", at("site/.hidden")).unwrap();
        symlink("../../other", at("other/site/round")).unwrap();
        std::fs::create_dir(at(".book")).unwrap();
        std::fs::write(at(".book/a.md"), "").unwrap();
        project.refuse_links_out().unwrap();
        project.refuse_outside(&at(".book/a.md")).unwrap();
        project.refuse_outside(&at("site/index.md")).unwrap();
    }

    #[test]
    fn a_link_that_leads_out_is_refused_wherever_it_lies() {
        for (link, target) in [
            ("site/a.md", "../../outside/key.md"),
            ("site/notes/a.md", "/etc/hostname"),
            ("site/img", "../../outside"),
            ("site/deep", "../.isoproof"),
            ("templates/site", "../../outside"),
            ("data/runs/a.json", "/etc/hostname"),
            ("other/site/key.md", "../../../outside/key.md"),
        ] {
            let (_folder, project) = project();
            symlink("../other", project.root.join("data/other")).unwrap();
            symlink(target, project.root.join(link)).unwrap();
            let error = project.refuse_links_out().unwrap_err();
            assert!(error.message.contains(" leads to "), "{link}: {error}");
        }
    }

    #[test]
    fn a_folder_of_sources_that_is_a_link_out_is_refused() {
        for name in ["site", "data", "templates"] {
            let (_folder, project) = project();
            std::fs::remove_dir_all(project.root.join(name)).unwrap();
            symlink("../outside", project.root.join(name)).unwrap();
            assert!(project.refuse_links_out().is_err(), "{name}");
        }
        let (_folder, mut project) = project();
        project.config.checked_document = Some("report.md".into());
        symlink("/etc/hostname", project.root.join("report.md")).unwrap();
        assert!(project.refuse_links_out().is_err());
    }
}
