//! A hand-written report beside a run: on the command line and in the site.

use crate::support::Project;

const REPORT: &str = "# Report\n\nThe host has 332 entries in /proc. Kata has 52 entries in /proc.\n\n\
                      Kata's kernel is 6.12.47 <script>alert(1)</script> \u{202e}.\n";

fn project() -> Project {
    let project = Project::with_customer();
    project.write("report.md", REPORT);
    project
}

#[test]
fn what_the_evidence_says_otherwise_is_named_with_its_place() {
    let project = project();
    let outcome = project.run(&["check", "latest", "--submission", "report.md"]).succeeds();
    let place = "report.md:3:14: contradicted error[claim-contradicts-evidence]: “332”";
    for words in
        [place, "the evidence says 322", "isolation/proc.txt:2", "report.md:3:45: supported"]
    {
        assert!(outcome.stdout.contains(words), "no `{words}` in\n{}", outcome.stdout);
    }
    assert!(!outcome.stdout.contains('\u{202e}'));
}

#[test]
fn programs_get_the_annotations_with_lines_and_columns() {
    let project = project();
    let arguments = ["check", "latest", "--submission", "report.md", "--format", "json"];
    let outcome = project.run(&arguments).succeeds();
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let first = &json["submission"]["annotations"][0];
    assert_eq!((first["line"].as_u64(), first["column"].as_u64()), (Some(3), Some(14)));
    assert_eq!(first["standing"], "contradicted");
    assert_eq!(first["evidence"][0]["capture"], "isolation/proc.txt");
    assert_eq!(json["submission"]["counts"]["contradicted"], 1);
    assert!(json["findings"].is_array());
}

#[test]
fn a_wrong_statement_fails_the_check_if_that_is_wanted() {
    let project = Project::new();
    project
        .import(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/import/honest")));
    project.write("right.md", "The host has 412 entries in /proc.\n");
    project.write("wrong.md", "The host has 421 entries in /proc.\n");
    let check = |report: &str| {
        project.run(&["check", "latest", "--submission", report, "--fail-on", "error"])
    };
    check("right.md").succeeds();
    check("wrong.md").fails(1, &[]);
    check("none.md").fails(2, &["none.md"]);
}

#[test]
fn the_site_shows_the_checked_report_and_none_of_its_markup() {
    let project = project();
    project.write(
        "book.toml",
        "[book]\ntitle = \"T\"\n[preprocessor.isoproof]\nchecked-submission = \"report.md\"\n",
    );
    project.run(&["build"]).succeeds();
    let page = project.read("public/checked.html");
    assert!(page.contains("<mark class=\"contradicted\">332</mark>"), "{page}");
    assert!(page.contains("rules.html#claim-contradicts-evidence"));
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>alert"));
    assert!(project.read("public/index.html").contains("checked.html"));
    assert!(project.read("public/rules.html").contains("id=\"claim-ratio-wording\""));
}

#[test]
fn a_site_without_such_a_report_has_no_page_for_it() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    assert!(!project.path("public/checked.html").exists());
    assert!(!project.read("public/index.html").contains("checked.html"));
}
