//! Fleets: what commands say of the nodes of a cluster together.

use crate::support::Project;
use crate::support::fleet::{MadeNode, project_with_fleets, write_fleet};
use serde_json::{Value, json};

#[test]
fn a_fleet_says_what_each_class_is_on_how_many_nodes_and_why_nothing_is_known() {
    let project = project_with_fleets();
    let text = project.run(&["check", "fleet:latest"]).succeeds().stdout;
    let begin = "Fleet bbbbbbbbbbbb\n\nOn 1 of 4 nodes a class is not what its name says:\n  \
                 host-000001: kata was started as kata, but its facts show the host's kernel.\n";
    assert!(text.starts_with(begin), "{text}");
    assert!(text.contains("kata   Separate kernel  "), "{text}");
    assert!(
        text.contains("kata on host-000003: the session recorded neither a run nor a reason"),
        "{text}"
    );
    assert!(text.contains("error[runtime-not-what-it-says]: kata was started as kata"), "{text}");
    assert!(text.contains("  on 1 of 4 nodes: host-000001"), "{text}");

    project.run(&["check", "fleet:latest", "--fail-on", "error"]).fails(1, &[]);
    project.run(&["check", "fleet:latest~1", "--fail-on", "error"]).succeeds();
    let json = project.run(&["check", "fleet:bbbb", "--format", "json"]).succeeds().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["nodes"].as_array().unwrap().len(), 4);
    let broken = &json["findings"][0];
    assert_eq!(broken["nodes"], serde_json::json!(["host-000001"]));
}

#[test]
fn a_weaker_verdict_on_any_node_fails_the_gate_and_nodes_that_come_and_go_do_not() {
    let project = project_with_fleets();
    let diff = |a: &str, b: &str| project.run(&["diff", a, b, "--fail-on", "regression"]);
    let text = diff("fleet:latest~1", "fleet:latest").fails(1, &[]).stdout;
    let weaker = "weaker: kata: Shared kernel, medium confidence, was Separate kernel";
    assert!(text.contains(weaker), "{text}");
    assert!(text.contains("  on 1 of 4 nodes: host-000001"), "{text}");
    assert!(text.contains("kernel.release on host: 6.19.1-fc-v700, was 6.18.44-fc-v657"), "{text}");
    // The node that was not reached shows nothing that it showed.
    assert!(text.contains("no longer shown: kata: Not tested, was Separate kernel"), "{text}");
    diff("fleet:aaaa", "fleet:aaaa").succeeds();

    let nodes: Vec<MadeNode> = (1..6).map(MadeNode::sound_node).collect();
    write_fleet(project.root(), "cccccccccccc", -1, &nodes);
    let text = diff("fleet:aaaa", "fleet:cccc").succeeds().stdout;
    assert!(text.contains("nodes that are gone: host-000000"), "{text}");
    assert!(text.contains("nodes that came: 2: host-000004, host-000005"), "{text}");
    project.run(&["diff", "fleet:aaaa", "fleet:cccc", "--fail-on", "change"]).fails(1, &[]);
}

/// A project that expects something of every node.
const EXPECTATION: &str = "[book]\ntitle = \"Test\"\n[[preprocessor.isoproof.expect]]\nruntime = \"kata\"\n\
     boundary = \"own-kernel\"\nreason = \"customers' code runs there\"\n";

#[test]
fn what_a_project_expects_is_expected_of_every_node() {
    let project = project_with_fleets();
    project.write("book.toml", EXPECTATION);
    project.run(&["check", "fleet:aaaa"]).succeeds();
    let text = project.run(&["check", "fleet:bbbb"]).fails(1, &[]).stdout;
    assert!(text.contains("failed on 1 of 4 nodes (host-000001)"), "{text}");
    assert!(text.contains("not decided on 1 of 4 nodes (host-000003)"), "{text}");
    let text = project.run(&["diff", "fleet:aaaa", "fleet:bbbb"]).succeeds().stdout;
    assert!(text.contains("no longer met: "), "{text}");
}

#[test]
fn what_is_no_fleet_or_no_run_is_said() {
    let project = project_with_fleets();
    let fails = |arguments: &[&str], words: &str| project.run(arguments).fails(2, &[words]);
    fails(&["check", "fleet:dddd"], "no fleet `dddd`");
    fails(&["check", "fleet:latest", "--against", "x"], "is about a run");
    fails(&["diff", "fleet:latest", "latest"], "a fleet is compared with a fleet");
    fails(&["diff", "fleet:aaaa", "fleet:bbbb", "--format", "html"], "as text or json");
    fails(&["facts", "fleet:latest"], "is a fleet, and a run is wanted here");
    let none = Project::plain();
    let error = none.run(&["check", "fleet:latest"]).fails(2, &["no fleet `latest`"]);
    assert!(error.stderr.contains("isoproof collect --engine kubernetes"), "{}", error.stderr);
}

#[test]
fn the_run_of_a_node_is_shown_and_checked_like_any_other() {
    let project = project_with_fleets();
    let files = project.tree("data/runs");
    let sizes: Vec<usize> = files.values().map(Vec::len).collect();
    let (largest, smallest) = (sizes.iter().max().unwrap(), sizes.iter().min().unwrap());
    assert!(smallest * 4 < *largest, "equal captures are stored once: {sizes:?}");
    for name in files.keys() {
        let id = name.rsplit('/').next().unwrap().trim_end_matches(".json");
        let json = project.run(&["check", id, "--format", "json"]).succeeds().stdout;
        assert!(!json.contains("run-file-changed") && !json.contains("capture-changed"), "{json}");
        let release = project.run(&["show", id, "kata/kernel.release"]).succeeds().stdout;
        assert!(release.contains("6.1"), "{release}");
    }
    // One that is packed says so if what it is packed against is gone.
    let folder = "data/runs/aaaaaaaaaaaa";
    let names = project.names(folder);
    let base = names
        .iter()
        .find(|name| project.read(&format!("{folder}/{name}")).contains("schema_version"));
    std::fs::remove_file(project.path(&format!("{folder}/{}", base.unwrap()))).unwrap();
    let text = project.run(&["check", "fleet:aaaa"]).succeeds().stdout;
    assert!(text.contains("stored as what differs from another run"), "{text}");
}

/// The transcripts and the browser suite read such fleets; `TRYCMD=overwrite` writes them anew.
#[test]
fn the_fleets_of_the_transcripts_say_what_those_made_here_say() {
    let made = project_with_fleets();
    if std::env::var_os("TRYCMD").is_some_and(|value| value == "overwrite") {
        for (name, bytes) in made.tree("data") {
            let path = crate::support::own_path("tests/cmd/fleet.in/data").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    let kept = Project::plain();
    kept.copy(&crate::support::own_path("tests/cmd/fleet.in/data"), "data");
    for fleet in ["fleet:aaaa", "fleet:bbbb"] {
        let [made, kept] =
            [&made, &kept].map(|project| project.run(&["check", fleet]).succeeds().stdout);
        assert_eq!(made, kept, "{fleet}");
    }
}

#[test]
fn the_page_of_a_fleet_says_first_where_the_promise_is_broken() {
    let project = project_with_fleets();
    project.run(&["build"]).succeeds();
    let page = project.read("public/fleets/bbbbbbbbbbbb.html");
    insta::assert_snapshot!("fleet_page", main_text(&page));
    let runs = project.names("public/runs");
    let pages = runs.iter().filter(|name| name.ends_with(".html") && name.contains("T0")).count();
    // Of the older fleet one of four equal nodes, of the newer each of the three that have a run.
    assert!(pages >= 4, "{runs:?}");
    let overview = project.read("public/index.html");
    assert!(overview.contains("On 1 of 4 nodes a class is not what its name says."));
    assert!(overview.contains("href=\"fleets/bbbbbbbbbbbb.html\""));
    let uses = project.read("public/trade-offs.html");
    let words = "The verdict is the same on 1 of 4 nodes of this run’s fleet; on the others: separate \
                 kernel on 2, not tested on 1.";
    assert!(uses.contains(words), "{uses}");
    for page in ["index", "print"] {
        let text = project.read(&format!("public/{page}.html"));
        for words in [
            "about the node <strong>host-000001</strong>",
            "kata shares the node’s kernel, which is not what its name says.",
            "with most classes that are not what their names say",
            "<strong class=\"alarm\">3 errors</strong>, each once for all its nodes",
        ] {
            assert!(text.contains(words), "{page}: {words}");
        }
    }
    let chapter = project.read("public/isolation.html");
    assert!(chapter.contains("of the node host-000001, which is called the host."), "{chapter}");
    let card = project.read("public/card.svg");
    assert!(card.contains("Node host-000001") && card.contains("On 1 of 4 nodes of the fleet a"));
    let list = project.read("public/runs/index.html");
    assert!(list.contains("host-000001"), "the exception has a page");
    let of_node = "<dd>host-000001 <a href=\"../fleets/bbbbbbbbbbbb.html\">";
    let leads_back = |name: &String| project.read(&format!("public/runs/{name}")).contains(of_node);
    assert!(runs.iter().filter(|name| name.ends_with(".html")).any(leads_back));
    assert!(list.contains("6 of the 7 runs of this project"), "{list}");
    let trends = project.read("public/runs/trends.html");
    assert!(trends.contains("1 more run of a node is left out here"), "{trends}");
    let change =
        "<td data-head=\"Before\">Separate kernel</td><td data-head=\"From then on\">Shared";
    assert!(trends.contains(change), "{trends}");
    // Nothing is made again where nothing changed, and nothing that was hidden is in the way.
    project.run(&["build"]).succeeds();
    assert_eq!(project.read("public/fleets/bbbbbbbbbbbb.html"), page);
}

/// A sound node does not vouch for another, and is compared with itself in the fleet before.
#[test]
fn a_report_of_one_node_says_what_the_others_show_and_what_the_node_was() {
    let project = project_with_fleets();
    let file = project.read("data/fleets/bbbbbbbbbbbb.json");
    let fleet: Value = serde_json::from_str(&file).unwrap();
    let run = fleet["nodes"][2]["run"].as_str().unwrap();
    project.run(&["build", "--run", run]).succeeds();
    let overview = project.read("public/index.html");
    for words in [
        "about the node <strong>host-000002</strong>",
        "On 1 of 4 nodes a class is not what its name says.",
        "Counted on the node host-000002 alone.",
        "No boundary changed in 2 runs.",
    ] {
        assert!(overview.contains(words), "{words}: {overview}");
    }
    assert!(!overview.contains("with most classes that are not"));
    assert!(project.read("public/card.svg").contains("On 1 of 4 nodes of the fleet a class"));
    let before = project.read(&format!("public/runs/{run}-before.html"));
    assert!(before.contains("6.19.1-fc-v700"), "{before}");
    std::fs::remove_file(project.path("data/fleets/aaaaaaaaaaaa.json")).unwrap();
    std::fs::remove_dir_all(project.path("data/runs/aaaaaaaaaaaa")).ok();
    for name in project.names("data/runs").iter().filter(|name| name.starts_with("20251226")) {
        std::fs::remove_file(project.path(&format!("data/runs/{name}"))).unwrap();
    }
    project.run(&["build", "--run", run]).succeeds();
    let overview = project.read("public/index.html");
    assert!(overview.contains("No earlier run is of this node"), "{overview}");
}

#[test]
fn what_nodes_show_together_is_found_and_every_finding_is_a_line_of_the_fleet_file() {
    let project = project_with_fleets();
    project.write("book.toml", EXPECTATION);
    let mut twins = [7, 8, 9].map(MadeNode::sound_node);
    twins[1].machine = 7;
    write_fleet(project.root(), "cccccccccccc", -1, &twins);
    let rule = "note[nodes-share-a-boot-id]: 2 nodes state one boot id, 00000007-";
    let text = project.run(&["check", "fleet:cccc"]).succeeds().stdout;
    assert!(text.contains(rule), "{text}");
    let log = project.run(&["check", "fleet:bbbb", "--format", "sarif"]).fails(1, &[]).stdout;
    let log: Value = serde_json::from_str(&log).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let of_rule = |id: &str| results.iter().find(|result| result["ruleId"] == id).unwrap();
    let place = &of_rule("runtime-not-what-it-says")["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "data/fleets/bbbbbbbbbbbb.json");
    let line = place["region"]["startLine"].as_u64().unwrap();
    let file = project.read("data/fleets/bbbbbbbbbbbb.json");
    let line = file.lines().nth(usize::try_from(line).unwrap() - 1).unwrap();
    assert!(line.contains("host-000001"), "{line}");
    let expected = of_rule("expectation");
    assert_eq!(expected["relatedLocations"].as_array().unwrap().len(), 2, "{expected}");
    project.run(&["build"]).succeeds();
    let page = project.read("public/fleets/cccccccccccc.html");
    assert!(page.contains("2 nodes state one boot id"), "{page}");
    assert!(page.contains("rules.html#nodes-share-a-boot-id"));
}

#[test]
fn a_run_file_that_is_lost_makes_no_node_untested_and_publishes_no_path_of_the_machine() {
    let project = project_with_fleets();
    let fleet: Value =
        serde_json::from_str(&project.read("data/fleets/bbbbbbbbbbbb.json")).unwrap();
    let run = fleet["nodes"][2]["run"].as_str().unwrap();
    let path = format!("data/runs/bbbbbbbbbbbb/{run}.json");
    std::fs::remove_file(project.root().join(&path)).unwrap();
    let list = project.run(&["list"]).succeeds().stdout;
    assert!(list.contains("4 nodes, 2 with a run, 1 without its run file"), "{list}");
    let json = project.run(&["check", "fleet:latest", "--format", "json"]).succeeds().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["nodes"][2]["classes"][1]["title"], "No usable run file");
    let found = json["findings"].as_array().unwrap();
    let lost = found.iter().find(|finding| finding["rule"] == "run-file-lost").unwrap();
    assert!(lost["message"].as_str().unwrap().contains(&format!("there is no file {path}")));
    for finding in found.iter().filter(|it| it["rule"] == "named-class-not-tested") {
        assert_eq!(finding["nodes"], json!(["host-000003"]));
    }
    project.run(&["build"]).succeeds();
    let page = project.read("public/fleets/bbbbbbbbbbbb.html");
    assert!(page.contains(&path), "{page}");
    assert!(!page.contains(&*project.root().to_string_lossy()), "{page}");
}

#[test]
fn a_fleet_has_a_summary_for_a_job() {
    let project = project_with_fleets();
    project.write("book.toml", EXPECTATION.replace("customers'", "a <customer>"));
    let text = project.run(&["check", "fleet:latest", "--format", "markdown"]).fails(1, &[]).stdout;
    let begin = "<!-- isoproof-check -->\n### Isolation on 4 nodes: on 1 a class is not what its \
                 name says\n\n- **1 of 4 nodes**: kata was started as kata, but its facts show the \
                 host's kernel. (host-000001)\n";
    assert!(text.starts_with(begin), "{text}");
    for line in [
        "| **runc** | Shared kernel | medium | 3: host-000000, host-000001, host-000002 |",
        "| **kata** | Shared kernel | medium | 1: host-000001 |",
        "- **kata** on 1 node: `the session recorded neither a run nor a reason`",
        "<summary>Why nothing is concluded</summary>",
        "<sub>Fleet `bbbbbbbbbbbb`. ",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(text.contains("| **failed** | 1: host-000001; "), "{text}");
    assert!(text.contains("| `a <customer> code runs there` |"), "{text}");
    let before = project.run(&["check", "fleet:latest~1", "--format", "markdown"]).succeeds();
    assert!(before.stdout.contains("### Isolation on 4 nodes: as expected\n"), "{}", before.stdout);
}

#[test]
fn nodes_that_show_the_very_same_share_a_run_and_lose_none() {
    let project = Project::plain();
    // As many as are packed: what was written first is what the others are packed against.
    let same = vec![MadeNode::sound_node(0); 3];
    write_fleet(project.root(), "aaaaaaaaaaaa", 0, &same);
    let json = project.run(&["check", "fleet:latest", "--format", "json"]).succeeds().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    for node in json["nodes"].as_array().unwrap() {
        assert_eq!(node["classes"][1]["conclusion"], "separate-kernel", "{node}");
    }
}

#[test]
fn a_fleet_is_tests_for_a_ci_system() {
    let project = project_with_fleets();
    project.write("book.toml", EXPECTATION);
    let report = project.run(&["check", "fleet:latest", "--format", "junit"]);
    let cases: Vec<&str> = report.stdout.split("<testcase ").skip(1).collect();
    let find = |name: &str| {
        let name = format!("name=\"{name}\"");
        cases.iter().find(|case| case.contains(&name)).unwrap_or_else(|| panic!("{name}"))
    };
    assert!(find("kata on host-000001").contains("<failure message=\"kata was started as kata"));
    assert!(
        find("kata on host-000003").contains("<skipped message=\"the session recorded neither")
    );
    assert!(!find("kata on host-000002").contains("<failure"));
    assert!(find("runtime-not-what-it-says").contains("host-000001"));
    let expected = find("kata containers have their own kernel");
    assert!(expected.contains("<failure") && expected.contains("failed on host-000001"));
}

/// The main part of a page, a tag a line. The ids of the runs change with every new probe.
fn main_text(page: &str) -> String {
    let main = page.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
    let lines: Vec<&str> = main.lines().map(str::trim_end).filter(|it| !it.is_empty()).collect();
    let id = regex::Regex::new("[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}").unwrap();
    id.replace_all(&lines.join("\n"), "RUN").into_owned()
}

#[test]
fn a_fleet_is_exported_as_one_gauge_a_node_and_class() {
    let project = project_with_fleets();
    let text = project.run(&["export", "prometheus"]).succeeds().stdout;
    let gauge = |node: usize| {
        let name = format!("isoproof_own_kernel{{node=\"host-{node:06x}\"");
        let kata = |line: &&str| line.starts_with(&name) && line.contains("class=\"kata\"");
        text.lines().find(kata).unwrap().rsplit(' ').next().unwrap().to_string()
    };
    assert_eq!([0, 1, 2, 3].map(gauge), ["1", "0", "1", "-1"]);
    project.run(&["export", "prometheus", "--out", "isoproof.prom"]).succeeds();
    let printed = project.run(&["export", "prometheus", "--out", "-"]).succeeds();
    assert_eq!(printed.stdout, project.read("isoproof.prom"));
    assert_eq!(project.read("isoproof.prom"), text);
    project.run(&["export", "prometheus", "latest"]).fails(2, &["is no fleet"]);
}

#[test]
fn a_damaged_fleet_is_left_out_and_said() {
    let project = project_with_fleets();
    project.write("data/fleets/zz.json", "{");
    let checked = project.run(&["check", "fleet:latest"]).succeeds();
    assert!(checked.stderr.contains("a fleet is left out: "), "{}", checked.stderr);
    assert!(checked.stderr.contains("zz.json:1:"), "{}", checked.stderr);
    let built = project.run(&["build"]).succeeds();
    assert!(built.stderr.contains("a fleet is left out: "), "{}", built.stderr);
    // What the newest fleet decides is not decided by an older one.
    let words = &["the newest fleet is damaged: ", "zz.json:1:"];
    project.run(&["check", "fleet:latest~1", "--fail-on", "error"]).fails(2, words);
    project.run(&["check", "fleet:aaaa", "--fail-on", "error"]).succeeds();
    let diff = ["diff", "fleet:aaaa", "fleet:latest", "--fail-on", "regression"];
    project.run(&diff).fails(2, words);
}

#[test]
fn a_fleet_of_which_no_node_has_a_run_decides_nothing() {
    let project = Project::plain();
    let node = MadeNode { is_reached: false, ..MadeNode::sound_node(0) };
    write_fleet(project.root(), "aaaaaaaaaaaa", 0, &[node]);
    let words = &["no node of fleet aaaaaaaaaaaa has a run, so nothing is decided by it"];
    project.run(&["check", "fleet:latest", "--fail-on", "error"]).fails(2, words);
    project.run(&["check", "fleet:latest"]).succeeds();
}

/// As the site is.
#[test]
fn the_book_of_mdbook_is_about_the_worst_node_of_the_latest_fleet() {
    let project = project_with_fleets();
    let fleet: Value =
        serde_json::from_str(&project.read("data/fleets/bbbbbbbbbbbb.json")).unwrap();
    let worst = fleet["nodes"][1]["run"].as_str().unwrap();
    let chapter = serde_json::json!({ "Chapter": {
        "name": "A", "content": "{% set r = run() %}{{ r.id }}", "number": [1], "path": "a.md",
        "source_path": "a.md", "parent_names": [], "sub_items": [],
    } });
    let context = serde_json::json!({
        "root": project.root(), "renderer": "html", "mdbook_version": "0.5.0",
        "config": { "book": { "src": "site" } },
    });
    let input = serde_json::json!([context, { "items": [chapter] }]).to_string();
    let processed = isoproof::mdbook::process_book(&input).unwrap();
    assert_eq!(processed.book["items"][0]["Chapter"]["content"], worst);
}

#[test]
fn a_list_has_a_line_for_each_fleet_and_none_for_the_runs_of_a_large_one() {
    let project = project_with_fleets();
    let text = project.run(&["list"]).succeeds().stdout;
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let line = |id: &str, day: &str, nodes: &str| {
        format!("fleet:{id}  2025-12-{day} 03:10 UTC    {nodes} with a run")
    };
    let newer = line("bbbbbbbbbbbb", "27", "4 nodes, 3");
    assert_eq!(lines, [newer, line("aaaaaaaaaaaa", "26", "4 nodes, 4")]);
    let json = project.run(&["list", "--format", "json"]).succeeds().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 7);
}

/// Of as many nodes as are packed. For measuring, `ISOPROOF_SCALE=DIR cargo test --release --test
/// all scale` writes two fleets of a thousand nodes there.
#[test]
fn two_fleets_at_scale_are_small() {
    let temporary = tempfile::tempdir().unwrap();
    let scale = std::env::var_os("ISOPROOF_SCALE").map(std::path::PathBuf::from);
    let count = if scale.is_some() { 1000 } else { 60 };
    let folder = scale.unwrap_or(temporary.path().into());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("book.toml"), "[book]\ntitle = \"Scale\"\n").unwrap();
    let mut nodes: Vec<MadeNode> = (0..count).map(MadeNode::sound_node).collect();
    nodes.iter_mut().skip(count / 2).for_each(|node| node.kernel = "6.19.1-fc-v700");
    write_fleet(&folder, "aaaaaaaaaaaa", 1, &nodes);
    nodes[count * 7 / 10].is_isolated = false;
    nodes[count / 50].is_isolated = false;
    write_fleet(&folder, "bbbbbbbbbbbb", 0, &nodes);
    for fleet in ["aaaaaaaaaaaa", "bbbbbbbbbbbb"] {
        let size: usize = crate::support::tree(&folder.join("data/runs").join(fleet))
            .values()
            .map(Vec::len)
            .sum();
        println!("{fleet}: {size} bytes");
        assert!(size < count * 20_000, "{fleet}: {size} bytes");
    }
}
