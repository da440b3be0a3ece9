//! Which two runtimes a submission is about.

use crate::support::Project;

/// A project with a run of runc, gVisor and a real Kata.
fn with_kata() -> Project {
    with_run("three-runtimes")
}

/// A project with one of the runs of Kata.
fn with_run(name: &str) -> Project {
    let project = Project::new();
    let file = crate::support::own_path(&format!("tests/kata/{name}.json"));
    project.write(&format!("data/runs/{name}.json"), std::fs::read(file).expect("a run"));
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
    assert!(text.contains("**Kata has its own kernel in a virtual machine.**"), "{text}");
    assert!(
        text.contains("A container under Kata printed, as `uname -a` does, the line below."),
        "{text}"
    );
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
    assert!(row(&text, "f25.1.run").ends_with("| not shown: this report is not about Kata |"));
    let unknown = project.run(&["build", "--target", "kats"]);
    unknown.fails(2, &["`kats` is no target of run", "a report can be about gvisor, kata"]);
    let baseline = project.run(&["build", "--target", "runc"]);
    baseline.fails(2, &["`runc` is the baseline, and no candidate", "gvisor, kata"]);
    project.write("book.toml", "[preprocessor.isoproof]\nedition = \"f25\"\ntarget = \"gvisor\"\n");
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
            first[2].starts_with("**This run does not show what the lab asks for: no runtime in it is known to be Kata, so no task is ticked.**"),
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
            row(&text, id).ends_with("| not shown: no runtime here is known to be Kata |"),
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
    assert!(costs.contains("| *not explained*: Start to removal, Kata: "), "{costs}");
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

/// The submission of an edition that is made of one of the folders in `tests/import`.
fn of_import(name: &str, edition: &str) -> String {
    let project = Project::new();
    project.import(&crate::support::own_path(&format!("tests/import/{name}")));
    submission(&project, &["--edition", edition])
}

#[test]
fn what_a_warning_doubts_is_shown_but_weak_in_every_row_that_rests_on_it() {
    let text = of_import("bold", "f25");
    assert!(text.contains("Shim commit 650ada7bcc8e does not belong to release 3.28.0"), "{text}");
    assert!(
        text.contains(
            "- [x] Task 1: Install Kata Containers; the evidence is weak for f25.1.shim,"
        )
    );
    for id in ["f25.1.shim", "f25.2.kata", "f25.2.kernel"] {
        assert!(row(&text, id).contains("| shown, but weak: "), "{}", row(&text, id));
    }
}

#[test]
fn withheld_times_are_weak_and_the_processor_that_tells_why_is_not() {
    let project = with_run("nerdctl");
    let text = submission(&project, &["--edition", "f25"]);
    assert!(text.contains("the record of the session and not a result"), "{text}");
    let startup = row(&text, "f25.4.startup");
    assert!(startup.contains("| shown, but weak: "), "{startup}");
    let cpu = row(&text, "f25.2.cpu");
    assert!(!cpu.contains("emulated"), "{cpu}");
}

#[test]
fn what_is_asked_of_the_hosts_kernel_is_not_shown_where_the_host_is_missing() {
    let text = of_import("newer", "s26");
    let kernels = row(&text, "s26.1.kernels");
    assert!(kernels.contains("| shown in part; missing: Kernel release, the host:"), "{kernels}");
    let explained = row(&text, "s26.1.explain");
    assert!(explained.contains("| explained in part; nothing follows from: "), "{explained}");
    let worth = row(&text, "s26.2.explain");
    assert!(worth.contains("an example of work that Kata is worth its cost for"), "{worth}");
}

#[test]
fn a_false_kata_shows_nothing_of_a_guest() {
    let project = crate::support::fleet::project_with_fleets();
    let text = submission(&project, &["--edition", "f25"]);
    assert!(text.contains("kata was started as kata, but its facts show the host's kernel"));
    for id in ["f25.2.kernel", "f25.2.cpu", "f25.3.proc", "f25.3.net", "f25.3.modules"] {
        let row = row(&text, id);
        assert!(row.contains("| captured, but does not show it: The runtime is not what"), "{row}");
    }
    for id in ["f25.2.explain", "f25.3.explain"] {
        assert!(row(&text, id).contains("| *not explained*: "), "{}", row(&text, id));
    }
}

#[test]
fn a_run_file_of_one_line_is_not_said_to_have_lines() {
    let project = with_kata();
    let text = submission(&project, &[]);
    let file = project.names("data/runs")[0].clone();
    let is_one_line = project.read(&format!("data/runs/{file}")).lines().count() == 1;
    assert_eq!(is_one_line, text.contains("written in one line"), "{text}");
    let run: serde_json::Value =
        serde_json::from_str(&project.read(&format!("data/runs/{file}"))).unwrap();
    project.write(&format!("data/runs/{file}"), run.to_string());
    let text = submission(&project, &[]);
    assert!(text.contains("The file of the run is written in one line"), "{text}");
    assert!(text.contains(&format!("(data/runs/{file}#kata/kernel.")), "{text}");
    assert!(!text.contains("#L"), "{text}");
}

#[test]
fn where_another_runtime_stands_for_kata_it_is_the_one_with_the_strongest_boundary() {
    let project = Project::with_sample_runs();
    let text = submission(&project, &["--run", "four-runtimes", "--edition", "f25"]);
    assert!(text.contains("# Lab 12: runc and vm\n"), "{text}");
}

#[test]
fn a_target_that_is_not_to_be_tested_is_refused_before_anything_is_captured() {
    let project = Project::new();
    let wrong = ["run", "--runtime", "runc", "--runtime", "kata", "--target", "kats"];
    let outcome = project.run(&wrong);
    outcome.fails(2, &["`kats` is none of the runtimes to be tested", "about runc, kata"]);
    assert!(!project.path("data/runs").exists());
}

/// The chapters speak of every runtime of a run, and a submission of one.
#[test]
fn chapters_go_through_all_runtimes_and_tables_of_a_submission_too() {
    let project = Project::with_sample_runs();
    let text = submission(&project, &["--run", "four-runtimes", "--target", "vm"]);
    let page = |name: &str| project.read(&format!("public/{name}.html"));
    let said = [
        ("comparison", "Host and {} report "),
        ("comparison", "A container under {} reported kernel release"),
        ("isolation", "A container under {} sees "),
        ("isolation", "<strong>Under {}</strong>"),
        ("performance", "The ratio is |a request under {} took "),
        ("performance", "whether {} or runc|a start under {} takes "),
    ];
    for name in ["crun", "gVisor", "vm"] {
        for (chapter, wording) in said {
            let html = page(chapter).to_lowercase();
            let is_said = wording
                .split('|')
                .any(|one| html.contains(&one.replace("{}", name).to_lowercase()));
            assert!(is_said, "{wording} of {name} in {chapter}");
        }
        assert!(text.contains(&format!("| {name} | [10](")), "{name} in\n{text}");
    }
    assert!(text.contains("A start under vm takes"), "{text}");
    assert!(!text.contains("crun starts") && !text.contains("under crun took"), "{text}");
}

#[test]
fn one_clock_gives_the_figure_of_a_start_everywhere_and_each_place_names_its_clock() {
    let project = Project::with_sample_runs();
    let text = submission(&project, &["--run", "four-runtimes"]);
    assert!(text.contains("Start to first output, the figure used above"), "{text}");
    let overview = project.read("public/index.html");
    assert!(overview.contains("203 ms") && !overview.contains("296 ms"), "{overview}");
    // The whole command stands in one table, under its own name.
    let place = text.find("| Start to removal | Samples |").expect("the table of the other clock");
    let own_table = text[place..].split("\n\n").next().unwrap_or_default();
    assert!(own_table.contains("296 ms"), "{own_table}");
    assert_eq!(text.matches("296 ms").count(), own_table.matches("296 ms").count(), "{text}");
}

#[test]
fn a_submission_of_isoproofs_own_contradicts_no_evidence() {
    for project in [Project::with_sample_runs(), with_kata(), with_run("privileged")] {
        for name in project.names("data/runs") {
            let id = &format!("data/runs/{name}");
            for edition in ["f25", "s26"] {
                submission(&project, &["--run", id, "--edition", edition]);
                let arguments = ["check", id, "--submission", "submission.md", "--format", "json"];
                let checked = project.run(&arguments).succeeds().stdout;
                let checked: serde_json::Value = serde_json::from_str(&checked).expect("JSON");
                let counts = &checked["submission"]["counts"];
                let annotations = &checked["submission"]["annotations"];
                assert_eq!(counts["contradicted"], 0, "{id} {edition}: {annotations:#}");
                assert_eq!(counts["misworded"], 0, "{id} {edition}: {annotations:#}");
                assert_ne!(counts["supported"], 0, "{id} {edition}");
            }
        }
    }
}
