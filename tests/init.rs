//! A new project.

use crate::support::{Project, customer};

#[test]
fn a_new_project_gives_the_report_of_the_shipped_chapters() {
    let project = Project::new();
    project.run(&["init", "new"]).succeeds();
    let own = ["--project", "new"];
    let run = |arguments: &[&str]| project.run(&[&own[..], arguments].concat()).succeeds();
    let evidence = customer().display().to_string();
    run(&["import", "lab12", &evidence]);
    run(&["build"]);
    project.write("book.toml", "[book]\ntitle = \"Container isolation report\"\n");
    project.import(&customer());
    project.run(&["build"]).succeeds();
    let text = |name: &str| {
        // Each project has its own key, and so its own pseudonyms and ids.
        let text = project.read(name);
        let words = text.split_whitespace().filter(|word| !word.contains("20260101T000000Z"));
        words.map(String::from).collect::<Vec<_>>()
    };
    for page in ["comparison.html", "isolation.html", "trade-offs.html"] {
        assert_eq!(
            text(&format!("new/public/{page}")).len(),
            text(&format!("public/{page}")).len()
        );
    }
    assert!(project.read("new/public/isolation.html").contains(">52</a>"));
}

#[test]
fn whole_chapters_are_written_out_on_request_and_nothing_is_overwritten() {
    let project = Project::new();
    project.run(&["init", "new", "--chapters", "--edition", "s26"]).succeeds();
    assert!(
        project.read("new/site/isolation.md").contains("{% include \"statements/boot-log.md\" %}")
    );
    assert!(project.read("new/book.toml").contains("edition = \"s26\""));
    project.write("new/site/isolation.md", "mine");
    let outcome = project.run(&["init", "new"]);
    outcome.fails(1, &["new/site/isolation.md exists: left as it is"]);
    assert_eq!(project.read("new/site/isolation.md"), "mine");
}
