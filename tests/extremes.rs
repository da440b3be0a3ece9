//! Times that nobody can measure, and the most and least that somebody can: whatever stands in
//! the evidence, nothing that is printed is infinite or no number.

use crate::support::Project;

/// Everything that a project makes.
fn everything(project: &Project) -> Vec<(String, String)> {
    project.run(&["build"]).succeeds();
    let mut texts = vec![("submission.md".to_string(), project.read("submission.md"))];
    for (name, bytes) in project.tree("public") {
        // What a run file holds is what was captured.
        let is_data = name.starts_with("runs/") && name.ends_with(".json");
        if !is_data && name != "site.js" {
            texts.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    for command in [
        &["check"][..],
        &["check", "--format", "json"],
        &["facts", "latest"],
        &["facts", "latest", "--format", "json"],
        &["diff", "latest~1", "latest"],
        &["diff", "latest~1", "latest", "--format", "json"],
        &["diff", "latest~1", "latest", "--format", "html"],
        &["export", "hyperfine", "latest"],
        &["export", "benchmark", "latest"],
    ] {
        let outcome = project.run(command);
        assert!((0..=2).contains(&outcome.code), "{command:?}: {outcome:?}");
        texts.push((command.join(" "), outcome.stdout));
    }
    texts
}

#[track_caller]
fn assert_finite(texts: &[(String, String)]) {
    let is_wrong = regex::Regex::new(r"(?i)(^|[^\w.-])-?(inf|nan|infinity)(\W|$)").unwrap();
    for (name, text) in texts {
        for (line, number) in text.lines().zip(1..) {
            assert!(!is_wrong.is_match(line), "{name}:{number}: {line}");
            assert!(!(name.starts_with("export") && line.contains("null")), "{name}: {line}");
        }
    }
}

/// A project with a run of the customer's evidence and one of these files in its place.
fn project(files: &[(&str, String)]) -> Project {
    let project = Project::with_customer();
    project.copy(&crate::support::customer(), "lab12");
    for (name, text) in files {
        project.write(&format!("lab12/{name}"), text);
    }
    let mut import = project.command(&["import", "lab12", "lab12"]);
    import.env("SOURCE_DATE_EPOCH", "1767229200");
    crate::support::Outcome::of(import.output().expect("the program runs")).succeeds();
    project
}

fn startup(runc: &[&str], kata: &[&str]) -> (&'static str, String) {
    let times =
        |times: &[&str]| times.iter().map(|time| format!("real 0m{time}s\n")).collect::<String>();
    ("bench/startup.txt", format!("runc:\n{}Kata:\n{}", times(runc), times(kata)))
}

#[test]
fn times_that_no_session_has_are_missing_with_the_reason() {
    let digits = "9".repeat(320);
    for time in ["1e99", "2000000", "0.0000000001", digits.as_str()] {
        let latency = format!("{time}.0\n0.001\n0.002\navg={time}.5s min=0.1s max={time}s n=3\n");
        let files = [startup(&["0.5", time], &["1.5", "1.6"]), ("bench/curl-3012.txt", latency)];
        let texts = everything(&project(&files));
        assert_finite(&texts);
        let submission = &texts[0].1;
        assert!(
            submission.contains("not captured*](labs/lab12/bench/startup.txt#L"),
            "{time}: {submission}"
        );
    }
}

#[test]
fn the_most_and_the_least_that_can_be_measured_are_drawn_and_compared() {
    let least = ["0.000000001"; 6];
    let most = ["1000000"; 6];
    let zero = ["0"; 6];
    let mixed = ["0", "0.000000001", "0.5", "1000000", "0.000000001", "1000000"];
    for (runc, kata) in [(least, most), (zero, most), (mixed, zero)] {
        let samples: String = mixed.iter().map(|time| format!("{time}.0\n")).collect();
        let files = [startup(&runc, &kata), ("bench/curl-3012.txt", samples)];
        assert_finite(&everything(&project(&files)));
    }
}

#[test]
fn a_file_of_hyperfine_with_such_a_time_is_refused() {
    let project = Project::new();
    for time in ["1e308", "-1", "1e7", "1e-12"] {
        let json = format!(r#"{{"results":[{{"command":"runc","times":[0.5,{time}]}}]}}"#);
        project.write("times.json", json);
        project
            .run(&["import", "hyperfine", "times.json"])
            .fails(2, &["results[0] (`runc`) has a time of", "1e-9 to 1e6 s"]);
    }
    project.write("times.json", r#"{"results":[{"command":"runc","times":[1e999]}]}"#);
    project.run(&["import", "hyperfine", "times.json"]).fails(2, &["not an export of hyperfine"]);
}

#[test]
fn a_run_file_that_was_written_with_such_a_time_says_that_it_is_out_of_range() {
    let project = project(&[startup(&["0.5", "0.75"], &["1.5", "1.6"])]);
    let name = project.names("data/runs").pop().expect("a run");
    let text = project.read(&format!("data/runs/{name}")).replace("0.75", "7.5e307");
    project.write(&format!("data/runs/{name}"), text);
    let texts = everything(&project);
    assert_finite(&texts);
}
