//! The git commands of publishing.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::folder::SiteFile;
use crate::error::{Error, NameFailedFile, Result};
use crate::git::{GitOutput, hide_credentials, run_git};
use crate::site::{MARKER, SiteManifest};
use crate::text::{make_visible, suggest_or_list};

/// What a commit does to the files of the branch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BranchChanges {
    pub added: usize,
    pub changed: usize,
    pub removed: Vec<String>,
}

/// The files of the branch that belong to the service that serves it.
pub(super) const PRESERVED_FILES: [&str; 2] = ["CNAME", ".nojekyll"];

pub(super) fn absolute_path(path: &str) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| Path::new(path).to_path_buf())
}

/// The line by which a commit of ours is known, up to the version.
pub(super) const COMMIT_MARK: &str = "Built by isoproof ";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PushOutcome {
    /// The branch is at the commit.
    Done,
    /// Somebody else pushed in between.
    Overtaken,
}

#[derive(Debug)]
pub(super) struct Remote {
    /// What git commands take: the name of a remote, or an address.
    argument: String,
    /// The same for people: no password, and nothing else that gives access.
    pub shown: String,
    /// Whether the repository has it under that name, so that both have the same branches.
    is_named: bool,
}

/// A file of the site as an object of a repository.
#[derive(Debug)]
pub(super) struct Blob {
    name: String,
    id: String,
}

/// A repository to make commits in, with an index of its own.
#[derive(Debug)]
pub(super) struct GitRepository {
    folder: PathBuf,
    /// Where git goes by itself, so that a remote's relative address leads where it does for the
    /// user: the top of the work tree.
    top: Option<PathBuf>,
    repository: PathBuf,
    index: PathBuf,
    /// A folder whose files have names that git can be told, one a line.
    blobs: PathBuf,
    branch: String,
    is_temporary: bool,
}

impl GitRepository {
    /// The repository that `folder` lies in, or a temporary one in `work`.
    /// Errors: there is no git, or the branch's name is not one.
    pub(super) fn open_repository(folder: &Path, work: &Path, branch: &str) -> Result<Self> {
        let mut git = Self {
            folder: folder.to_path_buf(),
            top: None,
            repository: work.join("repository"),
            index: work.join("index"),
            blobs: work.join("blobs"),
            branch: branch.into(),
            is_temporary: true,
        };
        if let Some(own) = git.find_repository()? {
            let top = git.run_plain_git(&["rev-parse", "--show-toplevel"])?;
            let is_bare = top.code != Some(0);
            git.top = Some(if is_bare { own.clone() } else { path_of(&top.stdout_text()) });
            git.repository = own;
            git.is_temporary = false;
        } else {
            let place = git.repository.display().to_string();
            require_success(git.run_plain_git(&["init", "--quiet", "--bare", &place])?, "init")?;
        }
        let name = git.run_git(&["check-ref-format", "--branch", branch])?;
        let is_reference = branch.starts_with('-') || branch.starts_with("refs/");
        if is_reference || name.stderr.contains("is not a valid branch name") {
            return Err(Error::unusable_input(format!(
                "`{branch}` cannot be the name of a branch"
            )));
        }
        require_success(name, "check-ref-format")?;
        Ok(git)
    }

    fn find_repository(&self) -> Result<Option<PathBuf>> {
        let found = self.run_plain_git(&["rev-parse", "--absolute-git-dir"])?;
        // One that git distrusts or cannot read is there, and is not passed over.
        if found.code != Some(0) && found.stderr.contains("not a git repository (or any") {
            return Ok(None);
        }
        let path = require_success(found, "rev-parse")?;
        Ok(Some(path_of(&path)))
    }

    /// The remote of this name, address or path.
    /// Errors: none is given and there is no `origin`.
    pub(super) fn choose_remote(&self, wanted: Option<&str>) -> Result<Remote> {
        let argument = self.remote_argument(wanted)?;
        let shown = hide_credentials(&argument);
        let is_named = argument == wanted.unwrap_or("origin");
        Ok(Remote { argument, shown, is_named })
    }

    fn remote_argument(&self, wanted: Option<&str>) -> Result<String> {
        let name = wanted.unwrap_or("origin");
        let is_known =
            !self.is_temporary && !name.starts_with('-') && self.is_name_of_remote(name)?;
        match wanted {
            _ if is_known => Ok(name.into()),
            None => Err(Error::unusable_input("there is no remote to publish to")
                .with_help("name one with --remote, by its name in git, its address or its path")),
            Some(name) if name.is_empty() || name.starts_with('-') => {
                Err(Error::unusable_input(format!("`{name}` is no remote")))
            }
            Some(path) if Path::new(path).exists() => Ok(absolute_path(path).display().to_string()),
            Some(word) if !word.contains(['/', ':']) => Err(self.no_such_remote(word)),
            Some(address) => Ok(address.into()),
        }
    }

    /// What to say of a word that is neither the name of a remote nor a path or an address.
    fn no_such_remote(&self, word: &str) -> Error {
        let names = self.run_git(&["remote"]).map(|names| names.stdout_text()).unwrap_or_default();
        let known: Vec<&str> = names.lines().collect();
        let help = match known.is_empty() {
            true => "name one by its address or its path".into(),
            false => suggest_or_list(word, &known),
        };
        Error::unusable_input(format!("there is no remote `{}`", make_visible(word)))
            .with_help(help)
    }

    /// Refuses the branch that the user works on: it holds the sources.
    /// Errors: it is that one, or git fails.
    pub(super) fn refuse_checked_out(&self, remote: &Remote) -> Result<()> {
        if self.is_temporary || !remote.is_named {
            return Ok(());
        }
        let head = self.run_plain_git(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
        if head.stdout_text().trim() != self.branch {
            return Ok(());
        }
        Err(Error::unusable_input(format!(
            "{} is the branch that is checked out here",
            self.branch
        ))
        .with_help("the site has a branch of its own: leave --branch out for gh-pages"))
    }

    /// Whether people who clone the remote get this branch.
    pub(super) fn is_default_branch(&self, remote: &Remote) -> Result<bool> {
        let list = ["ls-remote", "--symref", "--", &remote.argument, "HEAD"];
        let list = require_success(self.run_git(&list)?, "ls-remote")?;
        let head = format!("ref: {}\tHEAD", self.branch_reference());
        Ok(list.lines().any(|line| line == head))
    }

    fn is_name_of_remote(&self, name: &str) -> Result<bool> {
        let url = self.run_git(&["remote", "get-url", "--", name])?;
        if url.stderr.contains("No such remote") {
            return Ok(false);
        }
        require_success(url, "remote get-url").map(|_| true)
    }

    /// Fetches the branch and returns its tip; none if the remote has no such branch.
    pub(super) fn fetch_branch(&self, remote: &Remote) -> Result<Option<String>> {
        let remote = remote.argument.as_str();
        let reference = self.branch_reference();
        let list =
            require_success(self.run_git(&["ls-remote", "--", remote, &reference])?, "ls-remote")?;
        let Some(tip) = list.lines().find_map(|line| line.strip_suffix(&reference)) else {
            return Ok(None);
        };
        let tip = tip.trim().to_string();
        let fetch = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--",
            remote,
            &tip,
        ];
        // Some servers give out branches only.
        if self.run_git(&fetch)?.code != Some(0) {
            let mut fetch = fetch;
            fetch[fetch.len() - 1] = &reference;
            require_success(self.run_git(&fetch)?, "fetch")?;
        }
        Ok(Some(tip))
    }

    /// Takes the files of a site into the repository; they are gone from their folder then.
    /// Errors: a file cannot be moved, or git fails.
    pub(super) fn move_into_repository(&self, site: &[SiteFile]) -> Result<Vec<Blob>> {
        let paths = self.move_files(site).or_failed_io("write", &self.blobs)?;
        if paths.iter().filter(|byte| **byte == b'\n').count() != site.len() {
            return Err(Error::failed_environment(
                "the path of the temporary files has a line break in it",
            )
            .with_help("set TMPDIR to another folder"));
        }
        // The bytes as they are: no filter and no ignored name of the user's may touch them.
        let hash = ["hash-object", "-w", "--no-filters", "--stdin-paths"];
        let ids = require_success(self.run_git_with_input(&hash, &paths)?, "hash-object")?;
        let ids: Vec<&str> = ids.lines().collect();
        if ids.len() != site.len() {
            let (ids, files) = (ids.len(), site.len());
            let message = format!("git hash-object gave {ids} ids for {files} files");
            return Err(Error::failed_environment(message));
        }
        let pairs = site.iter().zip(ids);
        Ok(pairs.map(|(entry, id)| Blob { name: entry.name.clone(), id: id.into() }).collect())
    }

    /// The new places of the files, each in a line.
    fn move_files(&self, site: &[SiteFile]) -> std::io::Result<Vec<u8>> {
        std::fs::create_dir_all(&self.blobs)?;
        let mut paths = Vec::new();
        for (index, entry) in site.iter().enumerate() {
            // Git is told one path a line, and the name of a file may hold the end of one.
            let path = self.blobs.join(index.to_string());
            std::fs::rename(&entry.place, &path)?;
            paths.extend_from_slice(path.as_os_str().as_bytes());
            paths.push(b'\n');
        }
        Ok(paths)
    }

    /// The tree of the site, with what isoproof did not put on the branch. Of a branch that is
    /// replaced and says nothing sound of which files are ours, only what belongs to the service that
    /// serves it stays.
    /// Errors: a file that isoproof did not put on the branch is where the site has to go; or git
    /// fails.
    pub(super) fn write_tree(
        &self,
        site: &[Blob],
        tip: Option<&str>,
        is_replaced: bool,
    ) -> Result<String> {
        let _ = std::fs::remove_file(&self.index);
        let mut lines = match tip {
            Some(tip) => self.keep_foreign(site, tip, is_replaced)?,
            None => String::new(),
        };
        lines.extend(site.iter().map(|blob| format!("100644 {}\t{}\0", blob.id, blob.name)));
        require_success(
            self.run_git_with_input(&["update-index", "-z", "--index-info"], lines.as_bytes())?,
            "update-index",
        )?;
        Ok(require_success(self.run_git(&["write-tree"])?, "write-tree")?.trim().into())
    }

    /// Takes up in the index what stays of a commit. Returns the lines that do the rest of it.
    fn keep_foreign(&self, site: &[Blob], tip: &str, is_replaced: bool) -> Result<String> {
        let list = require_success(self.run_git(&["ls-tree", "-r", "-z", tip])?, "ls-tree")?;
        // Mode, kind and id, a tab, and the name.
        let entries: BTreeMap<&str, &str> = list
            .split_terminator('\0')
            .filter_map(|line| line.split_once('\t'))
            .map(|(object, name)| (name, object))
            .collect();
        let manifest = match entries.get(MARKER).map(|marker| self.read_marker(id_of(marker))) {
            Some(Err(_)) if is_replaced => None,
            manifest => manifest.transpose()?,
        };
        let is_listed = matches!(manifest, Some(SiteManifest::Listed(_)));
        if is_replaced && !is_listed || manifest == Some(SiteManifest::Unlisted) {
            let mut kept = String::new();
            for name in
                PRESERVED_FILES.iter().filter(|name| !site.iter().any(|blob| blob.name == **name))
            {
                if let Some(object) = entries.get(name) {
                    kept += &format!("{object}\t{name}\0");
                }
            }
            return Ok(kept);
        }
        let mut ours = match manifest {
            Some(SiteManifest::Listed(files)) => {
                if !is_replaced {
                    self.refuse_edited(tip, &files)?;
                }
                files
            }
            _ => BTreeSet::new(),
        };
        ours.insert(MARKER.into());
        let foreign = entries.into_iter().filter(|(name, _)| !ours.contains(*name));
        let occupying = find_occupying(site, foreign);
        match occupying.first() {
            Some(name) if !is_replaced => return Err(self.occupied_place(name)),
            _ => ours.extend(occupying),
        }
        require_success(self.run_git(&["read-tree", tip])?, "read-tree")?;
        // Mode 0 takes a file out of the index; an id is as long as that of the commit.
        let zeros = "0".repeat(tip.len());
        let ours = ours.iter().filter(|name| !name.contains('\0'));
        Ok(ours.map(|name| format!("0 {zeros}\t{name}\0")).collect())
    }

    /// Refuses to undo what somebody changed in files of the site since they were published. A
    /// branch without a commit of ours tells nothing.
    fn refuse_edited(&self, tip: &str, ours: &BTreeSet<String>) -> Result<()> {
        let grep = format!("--grep=^{COMMIT_MARK}");
        let last = self.run_git(&["log", "-1", "--format=%H", &grep, tip])?;
        let last = require_success(last, "log")?;
        if last.trim().is_empty() || last.trim() == tip {
            return Ok(());
        }
        let diff = ["diff-tree", "-r", "-z", "--no-renames", "--name-only", last.trim(), tip];
        let names = require_success(self.run_git(&diff)?, "diff-tree")?;
        let edited: Vec<&str> =
            names.split_terminator('\0').filter(|name| ours.contains(*name)).collect();
        let Some(first) = edited.first() else { return Ok(()) };
        let what = match edited.len() {
            1 => format!("{first} was"),
            count => format!("{count} files of the site, such as {first}, were"),
        };
        Err(Error::unusable_input(format!(
            "{what} changed on the branch {} by somebody else since isoproof published it",
            self.branch
        ))
        .with_help(
            "nothing was published: bring the changes into the sources and revert them on the \
             branch, or undo them with --replace",
        ))
    }

    fn read_marker(&self, id: &str) -> Result<SiteManifest> {
        let text = require_success(self.run_git(&["cat-file", "blob", id])?, "cat-file")?;
        let place = format!("{MARKER} of the branch {}", self.branch);
        let manifest = SiteManifest::parse_marker(text.as_bytes(), &place).map_err(|error| {
            error.with_help(
                "nothing was published: put it right, or replace all of the branch with --replace",
            )
        })?;
        Ok(manifest.unwrap_or_default())
    }

    /// The error of a file that is not ours where the site has to go.
    fn occupied_place(&self, name: &str) -> Error {
        Error::unusable_input(format!(
            "{name} of the branch {} was not put there by isoproof, and is where the site has to go",
            self.branch
        ))
        .with_help(
            "nothing was published: move it away, or put the site in its place with --replace",
        )
    }

    pub(super) fn top_level_names(&self, commit: &str) -> Result<Vec<String>> {
        let names =
            require_success(self.run_git(&["ls-tree", "-z", "--name-only", commit])?, "ls-tree")?;
        Ok(names.split_terminator('\0').map(String::from).collect())
    }

    /// What differs between a commit, or nothing, and a tree.
    pub(super) fn count_changes(&self, tip: Option<&str>, tree: &str) -> Result<BranchChanges> {
        let mut changes = BranchChanges::default();
        let Some(tip) = tip else {
            let names = self.run_git(&["ls-tree", "-r", "-z", "--name-only", tree])?;
            changes.added = require_success(names, "ls-tree")?.split_terminator('\0').count();
            return Ok(changes);
        };
        let diff = ["diff-tree", "-r", "-z", "--no-renames", "--name-status", tip, tree];
        let diff = require_success(self.run_git(&diff)?, "diff-tree")?;
        // A status and a name in turn.
        let mut parts = diff.split_terminator('\0');
        while let (Some(status), Some(name)) = (parts.next(), parts.next()) {
            match status {
                "A" => changes.added += 1,
                "D" => changes.removed.push(name.into()),
                _ => changes.changed += 1,
            }
        }
        Ok(changes)
    }

    pub(super) fn make_commit(
        &self,
        tree: &str,
        tip: Option<&str>,
        message: &str,
    ) -> Result<String> {
        let mut arguments = vec!["commit-tree", "--no-gpg-sign", tree];
        if let Some(tip) = tip {
            arguments.extend(["-p", tip]);
        }
        Ok(require_success(
            self.run_git_with_input(&arguments, message.as_bytes())?,
            "commit-tree",
        )?
        .trim()
        .into())
    }

    /// Pushes a commit to the branch.
    /// Errors: the remote cannot be reached or refuses; the error has the server's words.
    pub(super) fn push_commit(&self, remote: &Remote, commit: &str) -> Result<PushOutcome> {
        let spec = format!("{commit}:{}", self.branch_reference());
        let output = self.run_git(&["push", "--porcelain", "--", &remote.argument, &spec])?;
        if output.code == Some(0) {
            return Ok(PushOutcome::Done);
        }
        let told = output.stdout_text();
        let line = told.lines().find(|line| line.starts_with('!')).unwrap_or_default();
        // A branch of the remote is a folder in this name or the reverse: it stays so.
        if line.contains("; cannot create") || output.stderr.contains("; cannot create") {
            return Err(refusal_error(&self.branch, &remote.shown, line, &output.stderr));
        }
        let overtaken = [
            "(fetch first)",
            "(non-fast-forward)",
            "cannot lock ref",
            "reference already exists",
            "failed to update ref",
            "failed to lock",
            "incorrect old value",
        ];
        if overtaken.iter().any(|words| line.contains(words) || output.stderr.contains(words)) {
            return Ok(PushOutcome::Overtaken);
        }
        Err(refusal_error(&self.branch, &remote.shown, line, &output.stderr))
    }

    fn branch_reference(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    fn run_git(&self, arguments: &[&str]) -> Result<GitOutput> {
        self.run_git_with_input(arguments, &[])
    }

    fn run_git_with_input(&self, arguments: &[&str], stdin: &[u8]) -> Result<GitOutput> {
        let repository = [("GIT_DIR", &self.repository), ("GIT_INDEX_FILE", &self.index)];
        let author = self.author_identity()?;
        let author = author.iter().map(|(key, value)| (*key, value.as_ref()));
        let environment: Vec<(&str, &OsStr)> = repository
            .into_iter()
            .map(|(key, path)| (key, path.as_os_str()))
            .chain(author)
            .collect();
        run_git(self.top.as_deref(), arguments, &environment, stdin)
    }

    /// Runs git in the project's folder, as the user would.
    fn run_plain_git(&self, arguments: &[&str]) -> Result<GitOutput> {
        run_git(Some(&self.folder), arguments, &[], &[])
    }

    /// The author, where the user has not told git who they are: git would make a name of the
    /// login and the host, and publish them.
    fn author_identity(&self) -> Result<Vec<(&'static str, &'static str)>> {
        let mut identity = Vec::new();
        for (key, variables, value) in [
            ("user.name", ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"], "isoproof"),
            ("user.email", ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"], ""),
        ] {
            let mut configured = self.run_plain_git(&["config", "--get", key])?;
            if configured.code == Some(1) {
                // It is not set, which is no failure.
                configured.code = Some(0);
            }
            let configured = require_success(configured, "config")?;
            for variable in variables {
                if std::env::var_os(variable).is_none() && configured.trim().is_empty() {
                    identity.push((variable, value));
                }
            }
        }
        Ok(identity)
    }
}

fn path_of(printed: &str) -> PathBuf {
    printed.trim_end_matches('\n').into()
}

/// The files of the branch that are not ours and stand where the site has to go.
fn find_occupying<'a>(
    site: &[Blob],
    foreign: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<String> {
    let files: BTreeMap<&Path, &str> =
        site.iter().map(|blob| (Path::new(&blob.name), blob.id.as_str())).collect();
    let folders: BTreeSet<&Path> = files.keys().flat_map(|name| name.ancestors().skip(1)).collect();
    let mut occupying = Vec::new();
    for (name, object) in foreign {
        let path = Path::new(name);
        let is_free = match files.get(path) {
            Some(id) => *id == id_of(object),
            None => {
                !folders.contains(path) && !path.ancestors().any(|above| files.contains_key(above))
            }
        };
        if !is_free {
            occupying.push(name.to_string());
        }
    }
    occupying
}

/// The id in `100644 blob ID`.
fn id_of(object: &str) -> &str {
    object.rsplit(' ').next().unwrap_or_default()
}

fn require_success(output: GitOutput, what: &str) -> Result<String> {
    match output.code {
        Some(0) => Ok(output.stdout_text()),
        _ => {
            Err(Error::failed_environment(format!("git {what}: {}", stderr_words(&output.stderr))))
        }
    }
}

fn stderr_words(stderr: &str) -> String {
    let lines: Vec<String> = crate::text::split_lines(stderr.as_bytes());
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    match lines.join("\n").trim() {
        "" => "it failed without a word".into(),
        text => text.to_string(),
    }
}

/// The server's own words, which git marks, or else git's.
fn refusal_error(branch: &str, remote: &str, line: &str, stderr: &str) -> Error {
    let said: Vec<&str> = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("remote:"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let reason = line.rsplit('\t').next().unwrap_or_default();
    let message = match said.is_empty() {
        true => format!("cannot push {branch} to {remote}: {}", stderr_words(stderr)),
        false => format!(
            "{remote} refused the branch {branch} {reason}. The server said:\n{}",
            said.join("\n")
        ),
    };
    Error::failed_environment(message)
        .with_help("nothing was published; another branch: --branch NAME")
}
