//! The example projects do what they say.

use std::path::Path;

use crate::support::{Project, links};

#[test]
fn a_project_adds_a_probe_a_severity_a_page_and_a_chapter_without_code() {
    let project = Project::new();
    project.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/custom"), ".");
    project.run(&["build"]).succeeds();
    let facts = project.run(&["facts", "latest", "--format", "json"]).succeeds().stdout;
    let facts: serde_json::Value = serde_json::from_str(&facts).unwrap();
    let swap = &facts["mem.swap_total"]["host"]["value"];
    assert!(swap.is_number(), "{swap}");
    // The chapter prints the answer, and leads to its line in the capture.
    let chapter = project.read("public/swap.html");
    let link = format!("mem.swap_total, line 1\" data-evidence=\"{swap}\">{swap}</a>");
    assert!(chapter.contains(&link), "{chapter}");
    assert!(project.read("public/index.html").contains("one question more"));
    assert!(project.read("public/404.html").contains("Nothing here"));

    let broken = links::broken(&project.tree("public"));
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_severity_of_the_project_decides_whether_a_check_fails() {
    let project = Project::new();
    project.write("lab12/bench/startup.txt", "runc:\nreal 0m0.5s\nKata:\nreal 0m2.1s\n");
    project.run(&["import", "lab12", "lab12"]).succeeds();
    // It has no error, and tells no kernel.
    project.run(&["check", "--fail-on", "error"]).fails(2, &["so it decides nothing"]);
    let rule = "data/rules/startup-single-sample.toml";
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/custom").join(rule);
    project.write(rule, std::fs::read(own).unwrap());
    project.run(&["check", "--fail-on", "error"]).fails(1, &[]);
}
