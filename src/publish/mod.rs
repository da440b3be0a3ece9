//! Publishing: the site as one commit on a branch of a remote, through git.
//!
//! The site is built into a temporary folder and its tree is made with an index of its own, so
//! that neither the user's work tree nor their index is touched. Where the project lies in a git
//! repository, that repository is used, with its remotes and credentials; elsewhere a temporary
//! one.

mod folder;
mod git;
mod leaks;

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, NameFailedFile, Result};
use crate::judge::Severity;
use crate::owner;
use crate::project::Project;
use crate::report::Assessment;
use crate::site::{self, MARKER};
use crate::store::RunStore;
pub(crate) use git::BranchChanges;
use git::{Blob, GitRepository, PRESERVED_FILES, PushOutcome, Remote};

/// How often a push is tried when others push at the same time.
const ATTEMPTS: u32 = 5;

/// Where to publish, and what to overlook.
#[derive(Debug, Clone, Default)]
pub(crate) struct PublishOptions {
    /// The remote by name, or by address or path; by default `origin`.
    pub remote: Option<String>,
    pub branch: String,
    /// Whether everything but the push is done.
    pub dry_run: bool,
    /// Whether findings of severity `error` are overlooked.
    pub force: bool,
    /// Whether identifiers of persons and machines are overlooked.
    pub with_identifiers: bool,
    /// Whether a branch that holds something else may be replaced.
    pub replace: bool,
}

#[derive(Debug)]
pub(crate) struct PublishResult {
    /// The commit; none if the branch already holds this very site.
    pub commit: Option<String>,
    pub changes: BranchChanges,
    /// The remote, without what gives access to it.
    pub remote: String,
    pub run: String,
    /// What the texts say is not captured.
    pub warnings: Vec<String>,
    /// What has to be said about runs that were left out.
    pub notices: Vec<String>,
}

/// Builds the site and publishes it.
/// Errors: the site cannot be built; the run has findings of severity `error`; the site would show
/// identifiers; it is more than GitHub Pages takes; the branch holds something else; git, or the
/// server, refuses.
pub(crate) fn publish_site(
    project: &Project,
    build: &site::BuildOptions,
    options: &PublishOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<PublishResult> {
    remove_leftovers();
    let work = WorkFolder::create()?;
    let git = GitRepository::open_repository(&project.root, work.folder.path(), &options.branch)?;
    let remote = git.choose_remote(options.remote.as_deref())?;
    git.refuse_checked_out(&remote)?;
    progress("building the site");
    let out = work.site.clone();
    let built = site::build_report(
        project,
        &site::BuildOptions {
            out: Some(out.clone()),
            document: Some(work.folder.path().join("submission.md")),
            is_temporary: true,
            ..build.clone()
        },
    )?;
    refuse_errors(&built.assessment, options.force)?;
    let store = RunStore::open_project(project)?;
    store.find_run_file(&build.run, &project.root)?;
    store.refuse_damaged_newer(&build.run, &built.assessment.run)?;
    if !options.with_identifiers {
        leaks::refuse_identifiers(&store, &built.assessment)?;
    }
    let site = git.move_into_repository(&folder::read_site_folder(&out)?)?;
    let place = PublishTarget { git, remote, options };
    let (commit, changes) =
        place.commit_and_push(&site, &commit_message(&built.assessment), progress)?;
    Ok(PublishResult {
        commit,
        changes,
        remote: place.remote.shown,
        run: built.assessment.run.id.clone(),
        warnings: built.warnings,
        notices: built.notices,
    })
}

/// The beginning of the names of the folders in which sites are built to be published.
const WORK_FOLDER: &str = "isoproof-publish-";

/// A folder among the temporary files that only this user may enter. It is removed when the value
/// goes.
struct WorkFolder {
    folder: tempfile::TempDir,
    /// Where the site is to be built: in a folder of its own, since building locks the folder that
    /// holds the site, and this one is held.
    site: PathBuf,
    /// Says that it is needed, also by a git that goes on pushing when isoproof is killed.
    _held: File,
}

impl WorkFolder {
    fn create() -> Result<Self> {
        Self::make_folders().or_failed_io("make a folder in", &std::env::temp_dir())
    }

    fn make_folders() -> std::io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(&owner::prefix_name(WORK_FOLDER))
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir()?;
        let held = File::open(folder.path())?;
        owner::hold_with_children(&held);
        let build = folder.path().join("build");
        std::fs::create_dir(&build)?;
        Ok(Self { folder, site: build.join("site"), _held: held })
    }
}

/// Removes what killed processes left of publishing. Each result says what was removed.
pub(crate) fn remove_leftovers() -> Vec<Result<String>> {
    let mut results = Vec::new();
    for path in owner::find_leftovers(&std::env::temp_dir(), WORK_FOLDER) {
        results.push(match std::fs::remove_dir_all(&path) {
            Ok(()) => Ok(format!("temporary folder {}", path.display())),
            Err(error) => Err(Error::failed_io("remove", &path, &error)),
        });
    }
    results
}

fn refuse_errors(assessment: &Assessment, force: bool) -> Result<()> {
    let errors: Vec<&str> = assessment
        .judgement
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.message.as_str())
        .collect();
    if errors.is_empty() || force {
        return Ok(());
    }
    Err(Error::unusable_input(format!(
        "run {} has findings of severity error, so what it claims cannot be upheld:\n{}",
        assessment.run.id,
        errors.join("\n")
    ))
    .with_help(format!(
        "isoproof check {} says what to do about them; --force publishes the report with them",
        assessment.run.id
    )))
}

fn commit_message(assessment: &Assessment) -> String {
    let run = &assessment.run;
    let label = run.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let version = env!("ISOPROOF_VERSION");
    format!("Publish run {}{label}\n\n{}{version}.\n", run.id, git::COMMIT_MARK)
}

struct PublishTarget<'a> {
    git: GitRepository,
    remote: Remote,
    options: &'a PublishOptions,
}

impl PublishTarget<'_> {
    /// Commits the site on top of what the branch holds and pushes it. Where somebody else
    /// pushed in between, it is done again on top of that.
    fn commit_and_push(
        &self,
        site: &[Blob],
        message: &str,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(Option<String>, BranchChanges)> {
        for attempt in 1..=ATTEMPTS {
            let tip = self.git.fetch_branch(&self.remote)?;
            if let Some(tip) = &tip {
                self.refuse_foreign(tip)?;
            }
            let tree = self.git.write_tree(site, tip.as_deref(), self.options.replace)?;
            let changes = self.git.count_changes(tip.as_deref(), &tree)?;
            if changes == BranchChanges::default() && tip.is_some() {
                return Ok((None, changes));
            }
            let commit = self.git.make_commit(&tree, tip.as_deref(), message)?;
            if self.options.dry_run {
                return Ok((Some(commit), changes));
            }
            progress(&format!("pushing {} to {}", self.options.branch, self.remote.shown));
            match self.git.push_commit(&self.remote, &commit)? {
                PushOutcome::Done => return Ok((Some(commit), changes)),
                PushOutcome::Overtaken => {
                    std::thread::sleep(Duration::from_millis(100) * attempt);
                }
            }
        }
        Err(Error::failed_environment(format!(
            "others pushed to {} of {} at the same time, {ATTEMPTS} times in a row",
            self.options.branch, self.remote.shown
        ))
        .with_help("nothing was published: try again"))
    }

    fn refuse_foreign(&self, tip: &str) -> Result<()> {
        let names = self.git.top_level_names(tip)?;
        let is_ours = names.iter().any(|name| name == MARKER);
        let is_empty = names
            .iter()
            .all(|name| PRESERVED_FILES.contains(&name.as_str()) || name == "README.md");
        if is_ours || self.options.replace {
            return Ok(());
        }
        if is_empty {
            return self.refuse_default_branch();
        }
        Err(Error::unusable_input(format!(
            "the branch {} of {} holds files that isoproof did not make, such as {}",
            self.options.branch, self.remote.shown, names[0]
        ))
        .with_help(
            "nothing was changed: name another with --branch, or replace all of it with --replace",
        ))
    }

    /// Refuses a branch without a site that everybody gets who clones the remote.
    fn refuse_default_branch(&self) -> Result<()> {
        if !self.git.is_default_branch(&self.remote)? {
            return Ok(());
        }
        Err(Error::unusable_input(format!(
            "{} is the branch of {} that everybody gets who clones it, and holds no site",
            self.options.branch, self.remote.shown
        ))
        .with_help(
            "nothing was changed: leave --branch out for gh-pages; if the repository is there for \
             the site alone, publish with --replace",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{FlockOperation, flock};

    #[test]
    fn the_folder_that_a_build_locks_is_not_the_one_that_publishing_holds() {
        let work = WorkFolder::create().unwrap();
        let parent = File::open(work.site.parent().unwrap()).unwrap();
        assert_eq!(flock(&parent, FlockOperation::NonBlockingLockExclusive), Ok(()));
        let whole = File::open(work.folder.path()).unwrap();
        assert!(flock(&whole, FlockOperation::NonBlockingLockExclusive).is_err());
    }
}
