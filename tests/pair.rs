//! Which two runtimes a submission is about.

mod support;

use support::Project;

/// A project with a run of runc, gVisor and a real Kata.
fn with_kata() -> Project {
    let project = Project::new();
    project.copy(&support::own_path("tests/kata"), "data/runs");
    project
}

fn submission(project: &Project, arguments: &[&str]) -> String {
    project.run(&[&["build"], arguments].concat()).succeeds();
    project.read("submission.md")
}

/// The row of the coverage table about a requirement.
fn row<'a>(submission: &'a str, id: &str) -> &'a str {
    let start = format!("| {id} |");
    submission.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{id}"))
}

#[test]
fn a_submission_of_the_lab_is_about_kata_where_kata_is_among_the_targets() {
    let project = with_kata();
    let text = submission(&project, &[]);
    assert!(text.contains("# Lab 12: runc and Kata\n"), "{text}");
    assert!(text.contains("**Kata runs on a kernel of its own in a virtual machine.**"), "{text}");
    assert!(text.contains("The test run under Kata left the line below"), "{text}");
    assert!(row(&text, "f25.1.run").contains("| shown"), "{text}");
    assert!(!text.contains("as the lab asks") && !text.contains("what the lab asks for: "));
}

#[test]
fn kata_is_recognised_by_its_program_and_not_by_its_name() {
    let project = with_kata();
    let file = format!("data/runs/{}", project.names("data/runs")[0]);
    // The two exchange their names, and nothing else.
    let text = project.read(&file);
    let swapped = text
        .replace("\"kata\"", "\"swapped\"")
        .replace("\"gvisor\"", "\"kata\"")
        .replace("\"swapped\"", "\"box\"")
        .replace("\"kata/", "\"swapped/")
        .replace("\"gvisor/", "\"kata/")
        .replace("\"swapped/", "\"box/");
    project.write(&file, swapped);
    let text = submission(&project, &[]);
    assert!(text.contains("# Lab 12: runc and box\n"), "{text}");
}

#[test]
fn a_target_can_be_chosen_and_one_that_is_not_there_is_an_error_that_lists_them() {
    let project = with_kata();
    let text = submission(&project, &["--target", "gvisor"]);
    assert!(text.contains("# Lab 12: runc and gVisor\n"), "{text}");
    assert!(
        text.contains("**This report is about gVisor, not about Kata as the lab asks"),
        "{text}"
    );
    assert!(text.contains("Kata is in the run: a build without `--target` reports on it."));
    assert!(!text.contains("- [x]"), "{text}");
    assert!(
        row(&text, "f25.1.run").ends_with("| not shown: Kata was not tested for this report |")
    );
    let unknown = project.run(&["build", "--target", "kats"]);
    unknown.fails(2, &["`kats` is no target of run", "a report can be about gvisor, kata"]);
    let baseline = project.run(&["build", "--target", "runc"]);
    baseline.fails(2, &["`runc` is the baseline, and no candidate", "gvisor, kata"]);
    project.write("book.toml", "[preprocessor.isoproof]\ntarget = \"gvisor\"\n");
    assert!(submission(&project, &[]).contains("# Lab 12: runc and gVisor\n"));
    let over = submission(&project, &["--target", "kata"]);
    assert!(over.contains("# Lab 12: runc and Kata\n"), "{over}");
}

#[test]
fn a_run_without_kata_says_so_first_and_ticks_nothing() {
    let project = Project::with_sample_runs();
    for edition in ["f25", "s26"] {
        let text = submission(&project, &["--run", "four-runtimes", "--edition", edition]);
        let first: Vec<&str> = text.lines().filter(|line| !line.is_empty()).take(3).collect();
        assert!(
            first[2].starts_with("**This run does not show what the lab asks for: Kata was not tested in it, so no task is ticked.**"),
            "{text}"
        );
        assert!(
            first[2].contains("This run has runc as the baseline, crun, gVisor and vm;"),
            "{text}"
        );
        assert!(!text.contains("- [x]"), "{text}");
    }
    let text = submission(&project, &["--run", "four-runtimes", "--edition", "f25"]);
    for id in ["f25.1.run", "f25.2.kata", "f25.2.kernel", "f25.2.explain", "f25.4.startup"] {
        assert!(
            row(&text, id).ends_with("| not shown: Kata was not tested |"),
            "{}",
            row(&text, id)
        );
    }
    // What the lab asks of runc alone is shown.
    assert!(row(&text, "f25.2.health").contains("| shown"), "{}", row(&text, "f25.2.health"));
}

#[test]
fn an_explanation_counts_only_where_there_is_something_to_explain() {
    let project = Project::with_customer();
    let text = submission(&project, &[]);
    assert!(row(&text, "f25.2.explain").ends_with("| explained from the facts above |"));
    let costs = row(&text, "f25.4.explain");
    assert!(costs.contains("| *not explained*: startup.wall on runc: "), "{costs}");
    project.write("site/notes/task-4.md", "Start-up was too quick for my watch.\n");
    let text = submission(&project, &[]);
    assert!(row(&text, "f25.4.explain").ends_with("| explained in the author's own words |"));
    assert!(!text.contains("- [x] Task 4"), "{text}");
}

#[test]
fn a_container_that_did_not_start_leaves_nothing_to_explain() {
    let project = Project::new();
    let fatal = "time=\"2026-01-02T03:04:05Z\" level=fatal msg=\"failed to create shim task\"";
    for name in ["test1", "kernel", "cpu"] {
        project.write(&format!("lab12/kata/{name}.txt"), fatal);
    }
    project.import(&project.path("lab12"));
    let text = submission(&project, &[]);
    let explained = row(&text, "f25.3.explain");
    assert!(explained.contains("| *not explained*: verdict on Kata: not tested |"), "{explained}");
}

#[test]
fn a_target_that_is_not_to_be_tested_is_refused_before_anything_is_captured() {
    let project = Project::new();
    let wrong = ["run", "--runtime", "runc", "--runtime", "kata", "--target", "kats"];
    let outcome = project.run(&wrong);
    outcome.fails(2, &["`kats` is none of the runtimes to be tested", "about runc, kata"]);
    assert!(!project.path("data/runs").exists());
}
