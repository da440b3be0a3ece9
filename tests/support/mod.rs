//! A project in a folder of its own, for tests that run the program.

pub mod fleet;
pub mod lab12;
pub mod links;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The customer's evidence.
pub fn customer() -> PathBuf {
    own_path("tests/import/customer")
}

/// A file or folder of isoproof's own.
pub fn own_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Whether real engines are there, as `ISOPROOF_ENGINES` promises; says so if not.
pub fn engines() -> bool {
    let promised = std::env::var_os("ISOPROOF_ENGINES").is_some();
    if !promised {
        eprintln!("skipped: run tests/engines/provision.sh up and set ISOPROOF_ENGINES=1");
    }
    promised
}

/// Whether nerdctl is there, which only Go builds. Where `ISOPROOF_ENGINES` is `required` and Go
/// is there, nerdctl has to be there too.
pub fn nerdctl() -> bool {
    let answers = |program: &str, argument: &str| {
        Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success())
    };
    let is_there = answers("nerdctl", "--version");
    if !is_there {
        let is_required = std::env::var("ISOPROOF_ENGINES").is_ok_and(|value| value == "required");
        assert!(!(is_required && answers("go", "version")), "Go is there and nerdctl is not");
        eprintln!("skipped: nerdctl is not there");
    }
    is_there
}

/// A project that lasts as long as the value.
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// An empty project of the course's older edition.
    pub fn new() -> Self {
        let project = Self::plain();
        project.write(
            "book.toml",
            "[book]\ntitle = \"Test\"\n[preprocessor.isoproof]\nedition = \"f25\"\n",
        );
        project
    }

    /// An empty project that answers no edition of anything.
    pub fn plain() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let project = Self { folder };
        project.write("book.toml", "[book]\ntitle = \"Test\"\n");
        project
    }

    /// A project with the customer's run.
    pub fn with_customer() -> Self {
        let project = Self::new();
        project.import(&customer());
        project
    }

    /// A project with the runs of `tests/runs`: `customer` and `four-runtimes`.
    pub fn with_sample_runs() -> Self {
        let project = Self::new();
        project.copy(&own_path("tests/runs"), "data/runs");
        project
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, content).expect("a file");
    }

    /// Copies a folder of files into the project.
    pub fn copy(&self, from: &Path, name: &str) {
        for (file, bytes) in tree(from) {
            self.write(&format!("{name}/{file}"), bytes);
        }
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The program with the project's folder as its own, and a time that stands still.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isoproof"));
        command
            .args(arguments)
            .current_dir(self.root())
            .env("SOURCE_DATE_EPOCH", "1767225600")
            .env("NO_COLOR", "1");
        command
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(arguments).output().expect("the program runs"))
    }

    /// Imports an evidence directory and returns the run's id.
    pub fn import(&self, evidence: &Path) -> String {
        let folder = evidence.display().to_string();
        let outcome = self.run(&["import", "lab12", &folder]).succeeds();
        outcome.stdout.lines().last().expect("an id").to_string()
    }

    /// Every file below a folder with its bytes.
    pub fn tree(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        tree(&self.path(name))
    }

    /// The names in a folder, sorted.
    pub fn names(&self, name: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(name)).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into()).collect();
        names.sort();
        names
    }
}

/// Every file below a folder with its bytes.
pub fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                let name = path.strip_prefix(root).expect("below").display().to_string();
                files.insert(name, std::fs::read(path).expect("a file"));
            }
        }
    }
    files
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into(),
            stderr: String::from_utf8_lossy(&output.stderr).into(),
        }
    }

    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    #[track_caller]
    pub fn fails(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in {self:?}");
        }
        self
    }
}

/// A text of Markdown with the words of its links in their place.
pub fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let (_, tail) = after.split_once(')').expect("the end of a link");
        let start = before.rfind('[').expect("the start of a link");
        out.push_str(&before[..start]);
        out.push_str(&before[start + 1..]);
        rest = tail;
    }
    out + rest
}
