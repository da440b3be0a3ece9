//! A project without an edition: a report about runtimes, without a word of the course.

use std::path::{Path, PathBuf};

use crate::support::{Project, customer, own_path};

/// The course's words as a reader meets them. A file of evidence may be called whatever its author
/// likes, so names of files are no words.
const WORDS: &[&str] = &[
    "submission",
    "requirement",
    "edition",
    "the lab ",
    "the lab.",
    "the lab,",
    "lab's",
    "grader",
    "rubric",
];

/// A plain project with a run that isoproof collected. What was read from files of the course says
/// so in its facts.
fn with_collected_run() -> Project {
    let project = Project::plain();
    let name = "20261124T200059Z-540f7ff3.json";
    project.write(
        &format!("data/runs/{name}"),
        std::fs::read(own_path("tests/runs").join(name)).unwrap(),
    );
    project
}

fn pages_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let pages = files.into_iter().filter(|path| path.extension().is_some_and(|it| it == "html"));
    pages.chain(folders.iter().flat_map(|folder| pages_below(folder))).collect()
}

/// The text of a page without its tags.
fn read_aloud(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        text.push_str(part.split_once('>').map_or("", |(_, text)| text));
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[test]
fn no_page_of_a_plain_project_speaks_of_the_course() {
    let project = with_collected_run();
    project.run(&["build"]).succeeds();
    assert!(!project.path("submission.md").exists());
    assert!(!project.path("public/submission.html").exists());
    let pages = pages_below(&project.path("public"));
    assert!(pages.len() > 20, "{pages:?}");
    let mut met = Vec::new();
    for page in &pages {
        let text = read_aloud(&std::fs::read_to_string(page).unwrap());
        for word in WORDS {
            if let Some(place) = text.find(word) {
                let from = text[..place].char_indices().rev().nth(40).map_or(0, |(at, _)| at);
                let until =
                    text[place..].char_indices().nth(60).map_or(text.len(), |(at, _)| place + at);
                met.push(format!("{}: …{}…", page.display(), &text[from..until]));
            }
        }
    }
    assert!(met.is_empty(), "{} places:\n{}", met.len(), met.join("\n"));
}

#[test]
fn a_new_project_is_plain_and_knows_no_course() {
    let project = Project::plain();
    project.run(&["init", "new"]).succeeds();
    let settings = project.read("new/book.toml");
    assert!(!settings.contains("edition") && !settings.contains("submission"), "{settings}");
    assert!(!project.path("new/site/notes").exists());
}

#[test]
fn the_terminal_does_not_speak_of_the_course_either() {
    let project = with_collected_run();
    for arguments in [
        &["check", "four-runtimes"][..],
        &["build"],
        &["explain"],
        &["list"],
        &["list", "--format", "json"],
        &["show", "four-runtimes"],
        &["facts", "four-runtimes"],
        &["diff", "four-runtimes", "four-runtimes"],
        &["expect", "four-runtimes"],
        &["--help"],
        &["diff", "--help"],
        &["publish", "--help"],
    ] {
        let outcome = project.run(arguments).succeeds();
        let text = format!("{}{}", outcome.stdout, outcome.stderr).to_lowercase();
        for word in WORDS {
            assert!(!text.contains(word), "{arguments:?} says `{word}`:\n{text}");
        }
    }
}

#[test]
fn a_submission_without_an_edition_is_refused_with_the_way_out() {
    let project = Project::plain();
    project.import(&customer());
    project.run(&["build", "--submission", "mine.md"]).fails(2, &["--edition f25"]);
    assert!(!project.path("mine.md").exists());
    project.run(&["build", "--submission", "mine.md", "--edition", "f25"]).succeeds();
    assert!(project.read("mine.md").contains("# Lab 12"));
}

/// Version 1 of the run file, in which every run names an edition.
#[test]
fn runs_of_the_first_version_of_the_format_still_load() {
    let project = Project::plain();
    project.copy(&own_path("tests/runs"), "data/runs");
    for name in ["customer", "four-runtimes"] {
        let file = project.run(&["check", name, "--format", "json"]).succeeds().stdout;
        assert!(!file.contains("run-altered") && !file.contains("fact-without-capture"), "{file}");
    }
}
