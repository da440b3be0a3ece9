//! Publishing to real repositories.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Outcome, Project, links};

/// A project with the customer's run and a bare repository beside it.
struct Place {
    project: Project,
}

impl Place {
    fn new() -> Self {
        let place = Self { project: Project::with_customer() };
        git(place.project.root(), &["init", "--quiet", "--bare", "remote.git"]);
        place
    }

    /// Publishes, with the customer's findings overlooked.
    fn publish(&self, more: &[&str]) -> Outcome {
        let arguments = [&["publish", "--remote", "remote.git", "--force"], more].concat();
        self.project.run(&arguments)
    }

    fn remote(&self, arguments: &[&str]) -> String {
        git(&self.project.path("remote.git"), arguments)
    }

    fn commits(&self) -> usize {
        self.remote(&["rev-list", "--all"]).lines().count()
    }

    /// A hook of the server.
    fn hook(&self, name: &str, script: &str) {
        let path = format!("remote.git/hooks/{name}");
        self.project.write(&path, format!("#!/bin/sh\n{script}\n"));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.project.path(&path), mode).unwrap();
    }

    /// Commits files to a branch of the remote as somebody else would.
    fn commit(&self, branch: &str, files: &[(&str, &str)]) {
        let clone = format!("clone-{}", self.project.names(".").len());
        let remote = self.project.path("remote.git").display().to_string();
        git(self.project.root(), &["clone", "--quiet", &remote, &clone]);
        let folder = self.project.path(&clone);
        let checkout = ["switch", "--quiet", branch];
        if git_output(&folder, &checkout).code != 0 {
            git(&folder, &["switch", "--quiet", "--orphan", branch]);
        }
        for (name, text) in files {
            self.project.write(&format!("{clone}/{name}"), text);
        }
        git(&folder, &["add", "--all", "--force"]);
        git(&folder, &["commit", "--quiet", "--message", "mine"]);
        git(&folder, &["push", "--quiet", "origin", branch]);
    }
}

fn git_output(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    for (key, value) in [("user.name", "Test"), ("user.email", "t@example.org")] {
        command.env("GIT_CONFIG_COUNT", "2");
        let index = usize::from(key == "user.email");
        command.env(format!("GIT_CONFIG_KEY_{index}"), key);
        command.env(format!("GIT_CONFIG_VALUE_{index}"), value);
    }
    Outcome::of(command.output().expect("git runs"))
}

#[track_caller]
fn git(folder: &Path, arguments: &[&str]) -> String {
    git_output(folder, arguments).succeeds().stdout.trim().to_string()
}

#[test]
fn the_first_publication_makes_a_branch_that_is_the_site() {
    let place = Place::new();
    let outcome = place.publish(&[]).succeeds();
    assert_eq!(place.remote(&["rev-parse", "gh-pages"]), outcome.stdout.trim());
    let message = place.remote(&["log", "-1", "--format=%B", "gh-pages"]);
    assert!(message.starts_with("Publish run 20260101T000000Z-"), "{message}");
    // Nothing was written beside the project's own files.
    assert_eq!(place.project.names("."), [".isoproof", "book.toml", "data", "remote.git"]);
    git(place.project.root(), &["clone", "-q", "-b", "gh-pages", "remote.git", "checkout"]);
    let mut pages = place.project.tree("checkout");
    pages.retain(|name, _| !name.starts_with(".git/"));
    assert!(links::broken_under(&pages, "/").is_empty());
    place.project.run(&["build"]).succeeds();
    assert!(pages == place.project.tree("public"));
}

#[test]
fn the_same_site_makes_no_second_commit_and_another_one_does() {
    let place = Place::new();
    place.publish(&[]).succeeds();
    let outcome = place.publish(&[]).succeeds();
    assert!(outcome.stderr.contains("already holds the report"), "{outcome:?}");
    assert_eq!((outcome.stdout.as_str(), place.commits()), ("", 1));
    place.project.write(
        "book.toml",
        "[book]\ntitle = \"Another\"\n[preprocessor.isoproof]\nedition = \"f25\"\n",
    );
    place.publish(&[]).succeeds();
    assert_eq!(place.commits(), 2);
}

#[test]
fn a_dry_run_tells_and_pushes_nothing() {
    let place = Place::new();
    let outcome = place.publish(&["--dry-run"]).succeeds();
    assert!(outcome.stderr.contains("would publish the report"), "{outcome:?}");
    assert_eq!(place.commits(), 0);
}

#[test]
fn what_the_service_keeps_on_the_branch_stays() {
    let place = Place::new();
    place.commit("gh-pages", &[("CNAME", "lab.example.org\n")]);
    place.publish(&[]).succeeds();
    place.publish(&[]).succeeds();
    assert_eq!(place.remote(&["show", "gh-pages:CNAME"]), "lab.example.org");
    assert_eq!(place.remote(&["cat-file", "-t", "gh-pages:.nojekyll"]), "blob");
    assert_eq!(place.commits(), 2);
}

#[test]
fn what_isoproof_did_not_put_on_the_branch_stays_and_is_never_covered() {
    let place = Place::new();
    place.commit("gh-pages", &[("README.md", "mine\n")]);
    place.publish(&[]).succeeds();
    let own = [("robots.txt", "mine\n"), (".well-known/a b.txt", "mine\n"), ("runs/x", "mine\n")];
    place.commit("gh-pages", &own);
    place.project.write("site/SUMMARY.md", "- [Start](start.md)\n");
    place.project.write("site/start.md", "# Start\n");
    place.project.write("templates/lab12/f25.md", "# Short\n");
    place.publish(&[]).succeeds();
    for name in ["README.md", "robots.txt", ".well-known/a b.txt", "runs/x"] {
        assert_eq!(place.remote(&["show", &format!("gh-pages:{name}")]), "mine");
    }
    let names = place.remote(&["ls-tree", "--name-only", "gh-pages"]);
    assert!(names.contains("start.html") && !names.contains("isolation.html"), "{names}");
    place.commit("gh-pages", &[("mine.html/x", "mine\n")]);
    place.project.write("site/SUMMARY.md", "- [Start](start.md)\n- [Mine](mine.md)\n");
    place.project.write("site/mine.md", "# Mine\n");
    let before = place.remote(&["rev-parse", "gh-pages"]);
    place.publish(&[]).fails(2, &["mine.html/x of the branch gh-pages", "--replace"]);
    assert_eq!(place.remote(&["rev-parse", "gh-pages"]), before);
    place.publish(&["--replace"]).succeeds();
    let names = place.remote(&["ls-tree", "-r", "--name-only", "gh-pages"]);
    assert!(names.contains("mine.html\n") && !names.contains("mine.html/x"), "{names}");
    assert_eq!(place.remote(&["show", "gh-pages:robots.txt"]), "mine", "it is in nobody's way");
    place.commit("gh-pages", &[(".isoproof-site", "<<<<<<<")]);
    place.publish(&[]).fails(2, &[".isoproof-site of the branch gh-pages", "damaged"]);
}

#[test]
fn what_somebody_changed_in_files_of_the_site_is_not_undone_without_a_word() {
    let place = Place::new();
    place.publish(&[]).succeeds();
    place.commit("gh-pages", &[("robots.txt", "mine\n")]);
    place.publish(&[]).succeeds();
    place.commit("gh-pages", &[("index.html", "mine\n")]);
    let words = ["index.html was changed on the branch gh-pages", "--replace"];
    for arguments in [&["--dry-run"][..], &[]] {
        place.publish(arguments).fails(2, &words);
    }
    assert_eq!(place.remote(&["show", "gh-pages:index.html"]), "mine");
    place.project.write("site/SUMMARY.md", "- [Isolation](isolation.md)\n");
    let dry = place.publish(&["--replace", "--dry-run"]).succeeds().stderr;
    assert!(dry.contains("trade-offs.html: would be removed from gh-pages"), "{dry}");
    assert!(!dry.contains("robots.txt"), "{dry}");
    place.publish(&["--replace"]).succeeds();
    assert_eq!(place.remote(&["show", "gh-pages:robots.txt"]), "mine");
    assert_ne!(place.remote(&["show", "gh-pages:index.html"]), "mine");
    place.publish(&[]).succeeds();
}

#[test]
fn neither_the_branch_that_is_checked_out_nor_that_of_every_clone_gets_the_site() {
    let place = Place::new();
    let root = place.project.root();
    git(root, &["init", "--quiet", "--initial-branch", "trunk"]);
    git(root, &["remote", "add", "origin", "remote.git"]);
    let publish = |branch: &str| place.project.run(&["publish", "--force", "--branch", branch]);
    for name in ["trunk", "refs/heads/trunk"] {
        publish(name).fails(2, &["trunk is the branch that is checked out here"]);
    }
    place.remote(&["symbolic-ref", "HEAD", "refs/heads/main"]);
    place.commit("main", &[("README.md", "mine\n")]);
    publish("main").fails(2, &["main is the branch of origin that everybody gets who clones it"]);
    publish("refs/pull/1").fails(2, &["cannot be the name of a branch"]);
    publish("refs/heads/pages").succeeds();
    let branches = place.remote(&["for-each-ref", "--format=%(refname)"]);
    assert_eq!(branches, "refs/heads/main\nrefs/heads/pages");
    // A repository for the site alone.
    let to_main = ["publish", "--force", "--branch", "main", "--replace"];
    place.project.run(&to_main).succeeds();
    publish("main").succeeds();
}

#[test]
fn an_older_run_is_not_published_where_the_newest_is_damaged() {
    let place = Place::new();
    place.project.write("data/runs/20250101T000000Z-00000001.json", "");
    place.publish(&[]).succeeds();
    place.project.write("data/runs/20260101T000000Z-00000001.json", "");
    place.publish(&[]).fails(2, &["the newest run is damaged", "20260101T000000Z-00000001.json"]);
    assert_eq!(place.commits(), 1);
}

#[test]
fn a_branch_with_somebody_elses_files_is_left_alone_unless_told() {
    let place = Place::new();
    place.commit("main", &[("thesis.tex", "x")]);
    place.publish(&["--branch", "main"]).fails(2, &["thesis.tex", "--replace"]);
    assert_eq!(place.commits(), 1);
    place.publish(&["--branch", "main", "--replace"]).succeeds();
    assert_eq!(place.commits(), 2);
}

#[test]
fn the_users_repository_work_tree_and_index_are_as_before() {
    let place = Place::new();
    let root = place.project.root();
    git(root, &["init", "--quiet"]);
    place.project.write("staged.txt", "staged");
    place.project.write(".gitignore", "*.html\nremote.git\n");
    place.project.write(".gitattributes", "*.css text eol=crlf\n");
    git(root, &["add", "staged.txt"]);
    git(root, &["remote", "add", "origin", "remote.git"]);
    place.project.write("staged.txt", "changed since");
    let before = git(root, &["status", "--porcelain=v2", "--branch", "--untracked-files=all"]);
    place.project.run(&["publish", "--force"]).succeeds();
    let after = git(root, &["status", "--porcelain=v2", "--branch", "--untracked-files=all"]);
    assert_eq!(before, after);
    assert!(!git(root, &["worktree", "list"]).contains('\n'));
    // Neither ignored names nor filters of the user's touch the site.
    assert!(place.remote(&["ls-tree", "--name-only", "gh-pages"]).contains("index.html"));
    assert!(!place.remote(&["show", "gh-pages:style.css"]).contains('\r'));
}

#[test]
fn when_another_pushes_in_between_the_site_goes_on_top() {
    let place = Place::new();
    place.publish(&[]).succeeds();
    place.project.write(
        "book.toml",
        "[book]\ntitle = \"Another\"\n[preprocessor.isoproof]\nedition = \"f25\"\n",
    );
    // The server lets the first push fail as it would when another came first.
    let other = "git update-ref refs/heads/gh-pages $(git commit-tree -p gh-pages -m other gh-pages^{tree})";
    let identity =
        "export GIT_AUTHOR_NAME=o GIT_AUTHOR_EMAIL=o GIT_COMMITTER_NAME=o GIT_COMMITTER_EMAIL=o";
    let once = "[ -e once ] && exit 0; touch once; unset GIT_QUARANTINE_PATH";
    place.hook("pre-receive", &format!("{once}\n{identity}\n{other}"));
    place.publish(&[]).succeeds();
    assert_eq!(place.commits(), 3, "{}", place.remote(&["log", "--format=%s", "gh-pages"]));
    assert_eq!(place.remote(&["log", "-1", "--format=%s", "gh-pages~1"]), "other");
}

/// Publishes with temporary files in a folder of the project, and whatever `kill` does to it.
fn publish_and(place: &Place, kill: impl FnOnce(&mut std::process::Child)) {
    std::fs::create_dir_all(place.project.path("tmp")).unwrap();
    let mut command = place.project.command(&["publish", "--remote", "remote.git", "--force"]);
    command.env("TMPDIR", place.project.path("tmp"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    kill(&mut child);
    child.wait().unwrap();
}

fn clean(place: &Place) -> String {
    let mut command = place.project.command(&["clean"]);
    let tmp = place.project.path("tmp");
    Outcome::of(command.env("TMPDIR", &tmp).env("PATH", &tmp).output().unwrap()).succeeds().stdout
}

#[test]
fn publishing_leaves_nothing_in_the_project_or_among_temporary_files() {
    let place = Place::new();
    let before = place.project.tree(".isoproof");
    publish_and(&place, |_| {});
    assert_eq!(place.commits(), 1);
    assert!(place.project.names("tmp").is_empty());
    assert!(place.project.tree(".isoproof") == before);
}

#[test]
fn what_a_killed_publication_left_is_cleaned_up_once_its_git_has_ended() {
    let place = Place::new();
    let wait = |is_done: &dyn Fn() -> bool| {
        let begun = std::time::Instant::now();
        while !is_done() && begun.elapsed().as_secs() < 60 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(is_done());
    };
    // A server that takes its time.
    place.hook("pre-receive", "touch started; while ! [ -e go ]; do sleep 0.05; done");
    publish_and(&place, |child| {
        wait(&|| place.project.path("remote.git/started").exists());
        child.kill().unwrap();
    });
    assert_eq!(place.project.names("tmp").len(), 1);
    assert_eq!(clean(&place), "nothing to remove\n", "git is still at work");
    place.project.write("remote.git/go", "");
    wait(&|| place.project.names("tmp").is_empty() || clean(&place).starts_with("removed "));
    assert!(place.project.names("tmp").is_empty());
    assert_eq!(place.commits(), 1, "what git was doing came to its end");
}

#[test]
fn a_protected_branch_is_told_in_the_servers_words() {
    let place = Place::new();
    place.hook("pre-receive", "echo 'GH006: Protected branch update failed'; exit 1");
    let outcome = place.publish(&[]);
    outcome.fails(3, &["pre-receive hook declined", "GH006: Protected branch update failed"]);
    assert_eq!(place.commits(), 0);
}

#[test]
fn a_report_with_errors_or_identifiers_is_not_published_unless_told() {
    let place = Place::new();
    let publish = ["publish", "--remote", "remote.git"];
    place.project.run(&publish).fails(2, &["findings of severity error", "--force"]);
    place.project.write("lab12/isolation/network.txt", "eth0 link/ether 00:1b:21:3c:4d:5e\n");
    place.project.run(&["import", "lab12", "lab12", "--no-redact", "--label", "raw"]).succeeds();
    place.publish(&[]).fails(2, &["would show identifiers", "mac 1", "--with-identifiers"]);
    assert_eq!(place.commits(), 0);
    place.publish(&["--with-identifiers"]).succeeds();
}

#[test]
fn a_remote_that_is_not_there_is_told() {
    let project = Project::with_customer();
    project.run(&["publish", "--force"]).fails(2, &["there is no remote", "--remote"]);
    project.run(&["publish", "--force", "--remote", "nowhere.git"]).fails(2, &["nowhere.git"]);
    project.run(&["publish", "--remote", ".", "--branch", "a..b"]).fails(2, &["`a..b` cannot be"]);
}

#[test]
fn from_an_empty_folder_to_a_site_that_can_be_served_below_a_path() {
    let project = Project::new();
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.current_dir(project.path("r"));
        // Who git says that the user is, if nobody told it, has to stay here.
        command.env("HOME", project.root()).env_remove("XDG_CONFIG_HOME");
        Outcome::of(command.output().unwrap()).succeeds()
    };
    git(project.root(), &["init", "--quiet", "--bare", "repo.git"]);
    project.run(&["init", "r"]).succeeds();
    let settings = project.read("r/book.toml");
    let settings = settings.replace("# site-url = \"/repository/\"", "site-url = \"/repo/\"");
    project.write("r/book.toml", settings);
    run(&["run", "--engine", "builtin"]);
    run(&["publish", "--force", "--remote", "../repo.git"]);
    git(project.root(), &["clone", "-q", "-b", "gh-pages", "repo.git", "checkout"]);
    let author = git(&project.path("checkout"), &["log", "--format=%an <%ae> %cn <%ce>"]);
    assert_eq!(author, "isoproof <> isoproof <>");
    let mut pages = project.tree("checkout");
    pages.retain(|name, _| !name.starts_with(".git/"));
    let broken = links::broken_under(&pages, "/repo/");
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(project.read("checkout/index.html").contains("namespaces"));
    assert!(project.read("checkout/404.html").contains("href=\"/repo/"));
}

#[test]
fn a_file_is_published_under_its_name_whatever_stands_in_it() {
    let place = Place::new();
    let names =
        ["x\n/etc/hostname", "cr\r", "\"quoted\".txt", "back\\slash", "tab\tb", "-n", "a b*?"];
    let mut note = "[z](z)".to_string();
    for name in names {
        place.project.write(&format!("site/{name}"), format!("content of {name}"));
        let mut address = String::new();
        for byte in name.bytes() {
            address.push_str(&format!("%{byte:02X}"));
        }
        note.push_str(&format!(" [a]({})", address.replace("%2F", "/")));
    }
    place.project.write("site/x", "plain");
    place.project.write("site/z", "zzz");
    place.project.write("site/notes/summary.md", note);
    place.publish(&[]).succeeds();
    place.project.run(&["build"]).succeeds();
    let wanted = place.project.tree("public");
    assert_eq!(wanted["x\n/etc/hostname"], b"content of x\n/etc/hostname");
    git(place.project.root(), &["clone", "-q", "-b", "gh-pages", "remote.git", "checkout"]);
    let mut pages = place.project.tree("checkout");
    pages.retain(|name, _| !name.starts_with(".git/"));
    let names = |pages: &std::collections::BTreeMap<String, Vec<u8>>| {
        pages.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(&pages), names(&wanted));
    assert!(pages == wanted);
}

#[test]
fn what_the_address_of_a_remote_holds_is_not_printed() {
    let place = Place::new();
    let remote = format!("file://ada:s3cret@{}/nowhere.git", place.project.root().display());
    let outcome = place.project.run(&["publish", "-v", "--force", "--remote", &remote]);
    assert_ne!(outcome.code, 0);
    assert!(!format!("{outcome:?}").contains("s3cret"), "{outcome:?}");
    git(place.project.root(), &["init", "--quiet"]);
    let remote = "https://ada:s3cret@localhost:1/lab.git";
    git(place.project.root(), &["remote", "add", "origin", remote]);
    let outcome = place.project.run(&["publish", "-v", "--force"]).fails(3, &["git ls-remote"]);
    assert!(!outcome.stderr.contains("s3cret"), "{outcome:?}");
}

#[test]
fn where_git_refuses_its_own_words_are_shown() {
    let project = Project::with_customer();
    let publish = ["publish", "--force", "--remote", "remote.git"];
    project.write(".git", "gitdir: /nowhere\n");
    project.run(&publish).fails(3, &["git rev-parse", "not a git repository: /nowhere"]);
    std::fs::remove_file(project.path(".git")).unwrap();
    git(project.root(), &["init", "--quiet"]);
    project.write(".git/config", "[core\n");
    project.run(&publish).fails(3, &["git rev-parse", "bad config line 1"]);
}

/// Git distrusts what belongs to another user, which only root can make.
#[test]
fn a_repository_that_git_distrusts_is_not_passed_over() {
    let project = Project::with_customer();
    git(project.root(), &["init", "--quiet"]);
    let publish = |remote: &[&str]| {
        let mut command = project.command(&[&["publish", "--force"], remote].concat());
        command.env("HOME", project.root()).env_remove("XDG_CONFIG_HOME").env_remove("SUDO_UID");
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        Outcome::of(command.output().unwrap())
    };
    if std::os::unix::fs::chown(project.path(".git"), Some(12345), None)
        .and_then(|()| std::os::unix::fs::chown(project.root(), Some(12345), None))
        .is_err()
    {
        eprintln!("skipped: only root can give a repository to another user");
        return;
    }
    for remote in [&[][..], &["--remote", "remote.git"]] {
        let words = ["git rev-parse", "dubious ownership", "safe.directory"];
        publish(remote).fails(3, &words);
    }
}

#[test]
fn no_link_in_the_project_publishes_a_file_of_the_machine() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.md"), "# A secret\n").unwrap();
    std::fs::write(outside.path().join("secret.txt"), "a secret").unwrap();
    let target = |name: &str| outside.path().join(name);
    for (link, name) in [
        ("site/index.md", "secret.md"),
        ("site/notes/summary.md", "secret.md"),
        ("site/file.txt", "secret.txt"),
        ("site/file.txt~", "secret.txt"),
        ("site/folder", ""),
        ("templates/site/style.css", "secret.txt"),
        ("data/names.toml", "secret.txt"),
        ("data/runs/20260101T000000Z-00000000.json", "secret.txt"),
    ] {
        let place = Place::new();
        place
            .project
            .write("site/notes/task-1.md", "[a](file.txt) [b](folder/secret.txt) [c](file.txt~)\n");
        place.project.write("templates/site/own.css", "");
        symlink(target(name), place.project.path(link)).unwrap();
        let words = [link, "leads to", "which is not in the project", "put a copy"];
        place.publish(&[]).fails(2, &words);
        place.project.run(&["build"]).fails(2, &words);
        assert!(!place.project.path("public").exists(), "{link}");
    }
    let place = Place::new();
    place.project.write("site/notes/summary.md", "[a](key)\n");
    symlink("../.isoproof/pseudonyms.key", place.project.path("site/key")).unwrap();
    place.publish(&[]).fails(2, &["site/key leads to", "which is in a hidden folder"]);
    // A copy is in the project, and so is what a link within it leads to.
    std::fs::remove_file(place.project.path("site/key")).unwrap();
    place.project.write("key.txt", "mine");
    symlink("../key.txt", place.project.path("site/key")).unwrap();
    place.publish(&[]).succeeds();
    assert_eq!(place.remote(&["show", "gh-pages:key"]), "mine");
}

#[test]
fn a_summary_or_settings_that_name_what_is_outside_are_refused() {
    let place = Place::new();
    for chapter in ["../secret.md", "/etc/hostname", "/etc/hostname.md", "%2e%2e/secret.md"] {
        place.project.write("secret.md", "# A secret\n");
        place.project.write("site/SUMMARY.md", format!("- [A](index.md)\n- [B]({chapter})\n"));
        place.publish(&[]).fails(2, &["is listed, but there is no such file"]);
    }
    std::fs::remove_file(place.project.path("site/SUMMARY.md")).unwrap();
    for settings in [
        "[book]\nsrc = \"..\"",
        "[book]\nsrc = \"/etc\"",
        "[preprocessor.isoproof]\nchecked-submission = \"../x.md\"",
        "[preprocessor.isoproof]\nrun = \"/x/run.json\"",
    ] {
        place.project.write("book.toml", format!("{settings}\n"));
        place.publish(&[]).fails(2, &["which is not a path inside the project"]);
    }
    assert_eq!(place.commits(), 0);
}

#[test]
fn a_relative_address_of_a_remote_leads_where_it_does_for_git() {
    let place = Place::new();
    git(place.project.root(), &["init", "--quiet"]);
    git(place.project.root(), &["remote", "add", "origin", "./remote.git"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let root = place.project.root().display().to_string();
    let mut command = place.project.command(&["--project", &root, "publish", "--force"]);
    Outcome::of(command.current_dir(elsewhere.path()).output().unwrap()).succeeds();
    assert_eq!(place.commits(), 1);
}

#[test]
fn a_branch_whose_name_lies_below_another_is_refused_as_that() {
    let place = Place::new();
    place.publish(&[]).succeeds();
    place
        .publish(&["--branch", "gh-pages/x"])
        .fails(3, &["the branch gh-pages/x", "gh-pages' exists"]);
}
