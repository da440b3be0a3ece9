//! The folder that a site is built into: found once, before anything is written, and refused if
//! what is in it is not isoproof's.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::manifest::SiteManifest;
use crate::atomic;
use crate::error::{Error, NameFailedFile, Result};
use crate::owner;

/// What to do about a folder that cannot be used.
const CHOOSE: &str = "nothing was changed: choose another folder with --out";

/// A folder that a site may be put into. If it is named by a link, it is the folder that the link
/// led to when it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputFolder {
    named: PathBuf,
    real: PathBuf,
}

impl OutputFolder {
    /// Finds the folder of this name, which need not exist yet.
    ///
    /// # Errors
    ///
    /// It is no folder or a link that leads nowhere; it is a git repository; isoproof did not
    /// make it and it is not empty; or it is one of `sources`, of which the first is the project,
    /// holds one, or lies in one of the others.
    pub(crate) fn find_folder(named: &Path, sources: &[PathBuf]) -> Result<Self> {
        // Without a slash at the end, which would lead through a link.
        let named: PathBuf = named.components().collect();
        let folder = Self { real: find_real(&named), named };
        folder.refuse_sources(sources)?;
        match std::fs::metadata(&folder.named) {
            Ok(data) if data.is_dir() => folder.refuse_foreign()?,
            Ok(_) => return Err(folder.refuse_output("is not a folder")),
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::failed_io("use", &folder.named, &error).with_help(CHOOSE));
            }
            Err(_) if folder.named.symlink_metadata().is_ok() => {
                return Err(folder.refuse_output("is a link that leads to no folder"));
            }
            Err(_) if folder.named.file_name().is_none() => {
                return Err(folder.refuse_output("is not the name of a new folder"));
            }
            Err(_) => {}
        }
        Ok(folder)
    }

    /// The folder by the name that the user gave it.
    pub(crate) fn named_path(&self) -> &Path {
        &self.named
    }

    /// The folder, without links.
    pub(crate) fn real_path(&self) -> &Path {
        &self.real
    }

    fn refuse_output(&self, why: &str) -> Error {
        Error::unusable_input(format!("the site cannot go to {}: it {why}", self.named.display()))
            .with_help(CHOOSE)
    }

    fn refuse_sources(&self, sources: &[PathBuf]) -> Result<()> {
        if let Some(source) = sources.iter().find(|it| find_real(it).starts_with(&self.real)) {
            let source = source.display();
            return Err(self.refuse_output(&format!("holds {source}, which the site is made of")));
        }
        // In the project itself it may lie.
        let mut folders = sources.iter().skip(1);
        if let Some(source) = folders.find(|it| self.real.starts_with(find_real(it))) {
            let source = source.display();
            return Err(self.refuse_output(&format!("lies in {source}, which the site is made of")));
        }
        if self.real.components().any(|part| part.as_os_str() == ".git") {
            return Err(self.refuse_output("lies in what git keeps of a repository"));
        }
        Ok(())
    }

    fn refuse_foreign(&self) -> Result<()> {
        if self.real.join(".git").symlink_metadata().is_ok() {
            return Err(self.refuse_output("is a git repository").with_help(
                "nothing was changed: isoproof publish puts the site on a branch; to commit it \
                 yourself, build into another folder with --out and copy the files",
            ));
        }
        if SiteManifest::read_marker(&self.real)?.is_some() || self.is_blank()? {
            return Ok(());
        }
        Err(Error::unusable_input(format!(
            "{} was not made by isoproof and is not empty",
            self.named.display()
        ))
        .with_help("nothing was changed: choose another folder with --out, or empty this one"))
    }

    /// Whether there is nothing in it but what killed builds left, and what a new file system has.
    fn is_blank(&self) -> Result<bool> {
        for entry in std::fs::read_dir(&self.real).or_failed_io("use", &self.named)? {
            let name = entry.or_failed_io("use", &self.named)?.file_name();
            let is_nothing = name.to_str().is_some_and(|name| {
                name == "lost+found" || atomic::is_temporary(name) || is_staging(name, &self.real)
            });
            if !is_nothing {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// A path without links, as far as it exists.
pub(super) fn find_real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    match (std::fs::canonicalize(&path), path.parent(), path.file_name()) {
        (Ok(real), ..) => real,
        (Err(_), Some(parent), Some(name)) => find_real(parent).join(name),
        _ => path,
    }
}

/// Whether a name is that of a folder in which a site for `out` is being written.
fn is_staging(name: &str, out: &Path) -> bool {
    owner::is_marked(name, &staging_prefix(out))
}

/// The beginning of the names of folders that are being written for `out`.
pub(super) fn staging_prefix(out: &Path) -> String {
    let name = out.file_name().map(|name| name.to_string_lossy().into_owned());
    format!(".{}.isoproof-", name.unwrap_or_else(|| "site".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::manifest::MARKER;
    use std::collections::BTreeSet;
    use std::os::unix::fs::symlink;

    /// A folder with a folder `site` that isoproof made.
    fn with_site() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("site")).unwrap();
        let text = SiteManifest::to_text(&BTreeSet::new());
        std::fs::write(folder.path().join("site").join(MARKER), text).unwrap();
        folder
    }

    #[track_caller]
    fn refuses(path: &Path, words: &str) {
        let error = OutputFolder::find_folder(path, &[]).unwrap_err();
        assert!(error.message.contains(words), "{error}");
        assert!(error.help.is_some(), "{error}");
    }

    #[test]
    fn links_are_followed_to_a_folder_of_ours() {
        let folder = with_site();
        let place = |name: &str| folder.path().join(name);
        let real = std::fs::canonicalize(place("site")).unwrap();
        symlink("site", place("link")).unwrap();
        symlink("link", place("link-to-link")).unwrap();
        for name in ["site", "site/", "site/.", "link", "link/", "link-to-link", "x/../site"] {
            std::fs::create_dir_all(place("x")).unwrap();
            let found = OutputFolder::find_folder(&place(name), &[]).unwrap();
            assert_eq!(found.real_path(), real, "{name}");
        }
    }

    #[test]
    fn what_is_no_folder_is_refused() {
        let folder = with_site();
        let place = |name: &str| folder.path().join(name);
        std::fs::write(place("file"), "x").unwrap();
        for (target, name) in
            [("file", "to-file"), ("nowhere", "to-nowhere"), ("round", "round"), ("/", "to-root")]
        {
            symlink(target, place(name)).unwrap();
        }
        refuses(&place("file"), "it is not a folder");
        refuses(&place("to-file"), "it is not a folder");
        refuses(&place("to-nowhere"), "it is a link that leads to no folder");
        refuses(&place("to-nowhere/"), "it is a link that leads to no folder");
        refuses(&place("to-root"), "was not made by isoproof");
        refuses(&place("new/.."), "it is not the name of a new folder");
        for name in ["round", "file/below"] {
            let error = OutputFolder::find_folder(&place(name), &[]).unwrap_err();
            assert!(error.message.contains("cannot use"), "{error}");
        }
    }

    #[test]
    fn a_folder_with_a_git_repository_is_refused_though_the_site_is_ours() {
        let folder = with_site();
        let site = folder.path().join("site");
        // That of a work tree is a file.
        std::fs::write(site.join(".git"), "gitdir: elsewhere\n").unwrap();
        refuses(&site, "it is a git repository");
        std::fs::remove_file(site.join(MARKER)).unwrap();
        refuses(&site, "it is a git repository");
    }

    #[test]
    fn a_folder_that_holds_a_source_is_refused_though_it_has_our_marker() {
        let folder = with_site();
        let site = folder.path().join("site");
        symlink("site", folder.path().join("link")).unwrap();
        for source in ["site", "site/project", "link", "link/project/data"] {
            for out in ["site", "link"] {
                let sources = [folder.path().join(source)];
                let error =
                    OutputFolder::find_folder(&folder.path().join(out), &sources).unwrap_err();
                assert!(error.message.contains("which the site is made of"), "{error}");
            }
        }
        assert!(OutputFolder::find_folder(&site, &[folder.path().join("data")]).is_ok());
        let sources = [folder.path().to_path_buf(), folder.path().join("data")];
        for (out, words) in [("data/runs/x", "lies in "), (".git/x", "what git keeps")] {
            let error = OutputFolder::find_folder(&folder.path().join(out), &sources).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
        let new = folder.path().join("new");
        assert!(OutputFolder::find_folder(&new, std::slice::from_ref(&new)).is_err());
    }

    #[test]
    fn a_folder_is_blank_with_what_a_killed_build_or_a_new_file_system_left() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        for name in ["lost+found", ".site.isoproof-1.1-a1b2c3"] {
            std::fs::create_dir_all(site.join(name)).unwrap();
        }
        std::fs::write(site.join(".isoproof-1.1-a1b2c3"), "{").unwrap();
        assert!(OutputFolder::find_folder(&site, &[]).is_ok());
        std::fs::write(site.join(".isoproof-notes"), "mine").unwrap();
        refuses(&site, "was not made by isoproof");
    }
}
