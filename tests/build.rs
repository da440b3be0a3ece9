//! Building: what comes out, what stays, what is refused.

use std::path::Path;
use std::time::Duration;

use crate::support::{Outcome, Project};

#[test]
fn the_customers_run_gives_the_report_that_its_evidence_supports() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let outcome = project.run(&["check"]).succeeds();
    assert!(outcome.stdout.contains("Separate kernel, virtual machine"), "{outcome:?}");
    let submission = crate::support::without_links(&project.read("submission.md"));
    for words in [
        "version `3.23.0`, the implementation in Rust",
        "| Kata | `6.12.47` |",
        "| the host | `6.16.5-arch1-1` |",
        "**Kata has its own kernel in a virtual machine.**",
        "HTTP 503 instead of 200",
        "`Intel(R) Core(TM) i5-8265U CPU @ 1.60GHz`",
        "`Intel(R) Xeon(R) Processor @ 1.60GHz`",
        "| the host | 322 |",
        "| Kata | 52 |",
        "| the host | 332 |",
        "| Kata | 72 |",
        "`lo` `127.0.0.1/8`",
        "`eth0` `10.4.0.15/24`",
        "- runc: *not captured* (bench/startup.txt contains no value)",
        "- Kata: *not captured* (bench/startup.txt contains no value)",
        "**50 responses, status unknown, health check 503: not the latency of the application.**",
    ] {
        assert!(submission.contains(words), "no `{words}` in\n{submission}");
    }
    let overview = project.read("public/index.html");
    assert!(overview.contains("are not the latency of the application"), "{overview}");
}

/// The worst statement that a report could make: crun and runc were shown to share the host's kernel.
#[test]
fn no_runtime_that_shares_the_kernel_is_recommended_for_code_of_strangers() {
    let project = Project::with_sample_runs();
    let build = ["build", "--run", "four-runtimes", "--edition"];
    project.run(&[&build[..], &["s26"]].concat()).succeeds();
    let submission = project.read("submission.md");
    let offered = submission.split("### When it is worth the cost").nth(1).unwrap();
    assert!(offered.contains("- **vm**: use it for "), "{offered}");
    let page = project.read("public/trade-offs.html");
    let used = |workload: &str| {
        let row = page.split(&format!(">{workload}")).nth(1).unwrap();
        let cell = row.split("data-head=\"Use\">").nth(1).unwrap();
        text_of(cell.split("</td>").next().unwrap())
    };
    assert_eq!(used("Builds of other people's pull requests"), "gVisor");
    assert_eq!(used("Functions that customers upload"), "gVisor");
    assert_eq!(used("Services of several customers"), "nothing that this run shows");
    assert_eq!(used("A web service of one's own"), "runc (by default), crun");

    project.run(&[&build[..], &["f25"]].concat()).succeeds();
    let submission = project.read("submission.md");
    let crun = submission.lines().find(|line| line.starts_with("- **crun**: ")).unwrap();
    let (used, not) = crun.split_once(" Not for ").unwrap();
    assert!(!used.contains("other people") && !used.contains("customers"), "{used}");
    assert!(not.contains("other people's builds"), "{not}");
    assert!(not.contains("it shares the host's kernel"), "{not}");
}

/// The text of a piece of HTML, with one space between words.
fn text_of(html: &str) -> String {
    let pieces = html.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    pieces.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_overview_answers_for_every_runtime_first() {
    let project = Project::with_sample_runs();
    project.run(&["build", "--run", "four-runtimes"]).succeeds();
    let overview = project.read("public/index.html");
    let answer = overview.split("<p class=\"answer\">").nth(1).unwrap();
    assert_eq!(
        text_of(answer.split("</p>").next().unwrap()),
        "vm and gVisor give containers their own kernel, with high confidence. \
         runc and crun share the host’s."
    );
    let table = overview.split("<div class=\"table runtimes\"").nth(1).unwrap();
    let table = table.split("</table>").next().unwrap();
    let rows: Vec<&str> = table.split("<tr class=").skip(1).collect();
    let names = rows.iter().map(|row| text_of(row.split("<span class=\"sure\"").next().unwrap()));
    let names: Vec<String> = names.map(|name| name.rsplit(' ').next().unwrap().into()).collect();
    assert_eq!(names, ["vm", "gVisor", "runc", "crun"], "the strongest boundary first");
    for row in &rows {
        let figures = row.matches("<a class=\"fact\"").count();
        assert!(figures >= 3, "numbers lead to their evidence: {row}");
        let dash = "50 samples are too few for a 99th percentile";
        assert!(row.contains(&format!("title=\"{dash}\"")), "{row}");
    }
    let crun = text_of(rows[3].split("class=\"uses\">").nth(1).unwrap());
    assert!(crun.starts_with("trusted services"), "{crun}");
    assert!(!crun.contains("other people") && !crun.contains("customers"), "{crun}");

    // Of the customer's run nothing was measured: no column of dashes, but the reasons for each.
    project.run(&["build", "--run", "customer"]).succeeds();
    let overview = project.read("public/index.html");
    let answer = overview.split("<p class=\"answer\">").nth(1).unwrap();
    assert_eq!(
        text_of(answer.split("</p>").next().unwrap()),
        "Kata gives containers their own kernel, with medium confidence. \
         runc : neither isolation nor sharing was shown."
    );
    let table = overview.split("<div class=\"table runtimes\"").nth(1).unwrap();
    let table = table.split("</table>").next().unwrap();
    assert!(!table.contains("data-why") && !table.contains("a dash says"), "{table}");
    let caption = text_of(table.split("</caption>").next().unwrap());
    let sentence = "No runtime has a value for start-up time, HTTP latency, processor time,";
    assert!(caption.contains(sentence), "{caption}");
    let reasons = overview.split("id=\"not_captured\"").nth(1).unwrap();
    let reasons: Vec<String> = reasons.split("<li>").skip(1).take(14).map(text_of).collect();
    assert!(reasons.iter().any(|one| one.starts_with("runc, start-up time: ")), "{reasons:?}");
    assert!(
        reasons.iter().any(|one| one.starts_with("Kata, memory of a container: ")),
        "{reasons:?}"
    );
}

#[test]
fn every_looked_up_value_on_a_page_leads_to_a_line_that_exists() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let pages = project.tree("public");
    let mut followed = 0;
    for (name, bytes) in pages.iter().filter(|(name, _)| name.ends_with(".html")) {
        let html = String::from_utf8_lossy(bytes);
        for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let Some((page, anchor)) = link.split_once('#') else { continue };
            if !page.contains("runs/") || anchor.is_empty() {
                continue;
            }
            let page = page.trim_start_matches("../").trim_start_matches('/');
            let target = String::from_utf8_lossy(&pages[page]);
            assert!(target.contains(&format!("id=\"{anchor}\"")), "{name}: {link}");
            followed += 1;
        }
    }
    assert!(followed > 50, "{followed}");
}

/// A project with two runs, the second with pseudonyms of as many kinds as there are.
fn with_pseudonyms() -> Project {
    let project = Project::with_customer();
    project.copy(&crate::support::customer(), "lab12");
    let network = "2: eth0: <UP> mtu 1500\n    link/ether 02:42:ac:11:00:02\n    inet 93.184.216.34/24\n    inet6 2606:2800:220:1::6/64\n";
    project.write("lab12/isolation/network.txt", network);
    project.write("lab12/runc/kernel.txt", "mallory@borealis:~$ uname -r\n6.16.5-arch1-1\n");
    let mut import = project.command(&["import", "lab12", "lab12"]);
    import.env("SOURCE_DATE_EPOCH", "1767229200");
    Outcome::of(import.output().expect("the program runs")).succeeds();
    project
}

#[test]
fn building_again_from_nothing_gives_identical_bytes() {
    let project = with_pseudonyms();
    project.write("site/notes/summary.md", "One.[^1]\n\n[^1]: A footnote.\n");
    let mut before = None;
    for _ in 0..3 {
        let _ = std::fs::remove_dir_all(project.path("public"));
        let _ = std::fs::remove_dir_all(project.path(".isoproof"));
        project.run(&["build"]).succeeds();
        let mut made = project.tree("public");
        made.insert("submission.md".into(), project.read("submission.md").into());
        for command in [
            &["diff", "latest~1", "latest", "--format", "markdown"][..],
            &["check", "--format", "sarif"],
            &["facts", "latest", "--format", "json"],
        ] {
            made.insert(command.join(" "), project.run(command).succeeds().stdout.into());
        }
        let Some(before) = before.replace(made.clone()) else { continue };
        let differs = made.iter().filter(|(name, bytes)| before.get(*name) != Some(bytes));
        assert_eq!(differs.map(|(name, _)| name).collect::<Vec<_>>(), Vec::<&String>::new());
        assert_eq!(before.len(), made.len());
    }
    let method = project.read("public/method.html");
    let kinds = ["host ", "mac ", "public-address ", "user "];
    assert!(kinds.iter().all(|kind| method.contains(kind)), "{method}");
}

#[test]
fn building_over_the_last_site_gives_identical_bytes() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let (site, submission) = (project.tree("public"), project.read("submission.md"));
    project.run(&["build"]).succeeds();
    assert!(site == project.tree("public"));
    assert_eq!(submission, project.read("submission.md"));
}

#[test]
fn a_page_whose_ingredients_are_the_same_is_not_written_again() {
    use std::os::unix::fs::MetadataExt;
    let project = Project::with_customer();
    let file =
        |name: &str| std::fs::metadata(project.path(&format!("public/{name}"))).unwrap().ino();
    project.write("site/SUMMARY.md", "- [Overview](index.md)\n- [Isolation](isolation.md)\n- [Performance](performance.md)\n- [Comparison](comparison.md)\n- [Installation](installation.md)\n- [Trade-offs](trade-offs.md)\n- [Method](method.md)\n- [Mine](mine.md)\n");
    project.write("site/mine.md", "# Mine\n\nOne.\n");
    let warnings = project.run(&["build", "-v"]).succeeds().stderr;
    let names: Vec<String> =
        project.tree("public").into_keys().filter(|name| name != ".isoproof-site").collect();
    let before: Vec<u64> = names.iter().map(|name| file(name)).collect();
    project.write("site/mine.md", "# Mine\n\nTwo.\n");
    assert_eq!(project.run(&["build", "-v"]).succeeds().stderr, warnings);
    for (name, before) in names.iter().zip(before) {
        // The submission's page is made of all chapters, and comes out the same.
        let is_new = file(name) != before;
        let is_made_of_it = ["mine.html", "print.html"].contains(&name.as_str())
            || name.starts_with("search-index");
        assert_eq!(is_new, is_made_of_it, "{name}");
    }
    assert!(project.read("public/mine.html").contains("Two."));
    project.run(&["build", "--strict"]).fails(2, &["startup.wall on kata: not captured"]);
}

#[test]
fn a_page_that_was_edited_by_hand_is_made_again() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let whole = project.tree("public");
    project.write("public/isolation.html", "forged");
    project.run(&["build"]).succeeds();
    assert!(project.tree("public") == whole);
}

#[test]
fn a_link_that_leads_nowhere_is_found_wherever_it_stands() {
    let project = Project::with_customer();
    let method = "# Method of [a](a.md)\n\n> - [b](b.md \"b\") <me@example.org>\n\n| [c](c.md) |\n\
                  | --- |\n| [d][d] |\n\nText[^1].\n\n[^1]: [e](e%20e.md)\n\n[d]: d.md#d\n";
    project.write("site/method.md", method);
    project.write("site/notes/summary.md", "My [f](f.md).\n");
    let template = "{% extends \"site/base.html\" %}{% block main %}<h2 id=\"plan\">Plan</h2>\
                    {{ heading | safe }}<a href=\"g.html\">g</a> <a href=\"#h\">h</a>{{ content | safe }}\
                    {% endblock main %}";
    project.write("templates/site/chapter.html", template);
    project.run(&["build"]).fails(
        2,
        &[
            "/site/method.md:1: the link `a.md` leads to a.html",
            "/site/method.md:3: the link `b.md` leads to b.html",
            "/site/method.md:5: the link `c.md` leads to c.html",
            "/site/method.md:7: the link `d.md#d` leads to d.html",
            "/site/method.md:11: the link `e%20e.md` leads to e e.html",
            "/site/notes/summary.md: the link `f.md` leads to f.html",
            "method.html: a link leads to g.html, and there is no such page",
            "method.html: a link leads to #h, which is not there",
        ],
    );
    std::fs::remove_file(project.path("site/notes/summary.md")).unwrap();
    project.write("site/method.md", "# Method\n\n## Plan\n\n## Finding 1\n");
    project.write(
        "templates/site/chapter.html",
        template.replace("g.html", "").replace("#h", "#plan"),
    );
    project.run(&["build"]).fails(
        2,
        &["method.html: the id `plan` stands twice", "print.html: the id `finding-1` stands twice"],
    );
}

#[test]
fn a_link_that_leads_nowhere_names_its_line_and_target_and_leaves_the_old_site() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let whole = project.tree("public");
    let method =
        "# Method\n\n[b](nothing.md)\n[a](isolation.md#nowhere) [c](#here) ![d](plan.svg)\n";
    project.write("site/method.md", method);
    project.run(&["build"]).fails(
        2,
        &[
            "4 links or ids of the site would be broken",
            "/site/method.md:4: the link `isolation.md#nowhere` leads to isolation.html#nowhere, \
             which is not on that page",
            "/site/method.md:3: the link `nothing.md` leads to nothing.html, and there is no such \
             page",
            "/site/method.md:4: the link `#here` leads to #here, which is not there",
            "/site/method.md:4: the link `plan.svg` leads to plan.svg",
        ],
    );
    assert!(project.tree("public") == whole);
    project.write("site/method.md", "# Method\n\n![d](plan.svg) [e](isolation.md#boot-log)\n");
    project.write("site/plan.svg", "<svg/>");
    project.run(&["build"]).succeeds();
    assert_eq!(project.read("public/plan.svg"), "<svg/>");
}

#[test]
fn chapters_in_folders_lead_to_the_evidence_and_many_chapters_have_a_list() {
    let project = Project::with_customer();
    let mut summary = String::from("- [Start](start.md)\n- [Deep](a/b/deep.md)\n");
    project.write("site/start.md", "# Start\n");
    let deep = "# Deep\n\n{{ fact(id=\"proc.entries\", target=\"host\") }} [up](../../start.md)\n";
    project.write("site/a/b/deep.md", deep);
    for page in 1..80 {
        summary.push_str(&format!("- [Page {page}](page-{page}.md)\n"));
        project.write(&format!("site/page-{page}.md"), format!("# Page {page}\n"));
    }
    project.write("site/SUMMARY.md", summary);
    project.write("templates/lab12/f25.md", "# Short\n");
    project.run(&["build"]).succeeds();
    assert!(project.read("public/a/b/deep.html").contains("href=\"../../runs/"));
    let middle = project.read("public/page-40.html");
    assert!(middle.contains("page-39.html") && !middle.contains("page-20.html"));
    assert!(middle.contains("href=\"chapters.html\">All 81 chapters"));
    assert!(project.read("public/chapters.html").contains("page-20.html"));
}

#[test]
fn a_site_with_an_address_has_a_map_and_one_without_has_none() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    assert!(!project.path("public/sitemap.xml").exists());
    assert!(!project.read("public/index.html").contains("rel=\"canonical\""));
    project.write("book.toml", "[preprocessor.isoproof]\nedition = \"f25\"\n[output.html]\nsite-url = \"https://example.org/lab/\"\n");
    project.run(&["build"]).succeeds();
    let map = project.read("public/sitemap.xml");
    assert!(map.contains("<loc>https://example.org/lab/isolation.html</loc>"), "{map}");
    assert!(
        map.contains("<loc>https://example.org/lab/</loc>") && !map.contains("404.html"),
        "{map}"
    );
    let page = project.read("public/isolation.html");
    for words in [
        "<link rel=\"canonical\" href=\"https://example.org/lab/isolation.html\">",
        "content=\"https://example.org/lab/card.svg\"",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(project.read("public/404.html").contains("href=\"/lab/style.css\""));
    assert!(project.read("public/feed.xml").contains("href=\"https://example.org/lab/runs/"));
    assert!(project.read("public/card.svg").contains("Separate kernel, virtual machine"));
}

#[test]
fn a_build_that_is_killed_at_any_moment_leaves_a_whole_site() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let whole = project.tree("public");
    for step in 0..40 {
        let mut child = project.command(&["build", "--quiet"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(step * 3));
        let _ = child.kill();
        child.wait().unwrap();
        assert!(project.tree("public") == whole, "killed after {} ms", step * 3);
    }
    project.run(&["build"]).succeeds();
    let left: Vec<String> =
        project.names(".").into_iter().filter(|name| name.contains(".isoproof-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_broken_template_names_its_place_and_leaves_the_old_site() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let whole = project.tree("public");
    project
        .write("templates/site/404.html", "<p>\n{{ fact(id=\"kernel.relase\", target=\"host\") }}");
    project
        .run(&["build"])
        .fails(2, &["templates/site/404.html:2:4", "did you mean `kernel.release`?"]);
    project.write("templates/site/404.html", "<p>{% if %}");
    project.run(&["build"]).fails(2, &["templates/site/404.html:1:"]);
    assert!(project.tree("public") == whole);
}

#[test]
fn a_misspelt_lookup_in_a_chapter_names_its_place() {
    let project = Project::with_customer();
    project.write("site/method.md", "# Method\n\n{{ fact(id=\"cpu.model\", taget=\"host\") }}\n");
    project.run(&["build"]).fails(2, &["site/method.md:3:4", "no argument `taget`"]);
    project.write("site/method.md", "# Method\n\n{{ fact(id=\"cpu.model\", target=\"hots\") }}\n");
    let words = &["site/method.md:3:4", "unknown target `hots`: did you mean `host`?"];
    project.run(&["build"]).fails(2, words);
    project.write("site/method.md", "# Method\n\n{{ fcat(id=\"cpu.model\") }}\n");
    let words = &["site/method.md:3:4: unknown function `fcat`", "did you mean `fact`?"];
    project.run(&["build"]).fails(2, words);
}

#[test]
fn strict_turns_what_is_missing_into_a_failure_that_writes_nothing() {
    let project = Project::with_customer();
    project
        .run(&["build", "--strict"])
        .fails(2, &["startup.wall on kata: not captured (bench/startup.txt contains no value)"]);
    assert!(!project.path("public").exists() && !project.path("submission.md").exists());
}

#[test]
fn help_on_a_terminal_that_tells_no_width_has_lines_of_words() {
    let project = Project::new();
    let help = |columns: &str| {
        let mut command = project.command(&["--help"]);
        Outcome::of(command.env("COLUMNS", columns).output().unwrap()).succeeds().stdout
    };
    assert_eq!(help("0"), help("80"));
    assert_ne!(help("60"), help("80"));
}

#[test]
fn a_book_of_mdbook_without_src_is_built_from_its_own_chapters() {
    let project = Project::with_customer();
    project.write("src/SUMMARY.md", "- [Mine](mine.md)\n");
    project.write("src/mine.md", "# My own words\n");
    project.run(&["build"]).succeeds();
    assert!(project.read("public/mine.html").contains("My own words"));
    project.write("site/notes/summary.md", "Words.\n");
    project
        .run(&["build"])
        .fails(2, &["book.toml", "`src` and `site` both hold chapters", "[book]"]);
}

#[test]
fn words_of_the_author_make_no_id_that_stands_twice() {
    let project = Project::with_customer();
    let text = "# Page main\n\n## Glance cost\n\n## Fn 1\n\n## A\n\n## A\n\n## A 2\n\nOne[^1].\n\n[^1]: chapter\n\n[^1]: again\n\n\
                {{ own(section=\"task-1\") }}\n\n{{ own(section=\"task-2\") }}\n\n{{ own(section=\"task-1\") }}\n";
    project.write("site/SUMMARY.md", "- [Mine](index.md)\n- [Isolation](isolation.md)\n");
    project.write("site/index.md", text);
    project.write("site/notes/task-1.md", "One.[^1]\n\n[^1]: first\n\n[a]: isolation.md\n");
    project.write("site/notes/task-2.md", "Two.[^1] [a]\n\n[^1]: second\n\n```\nnever closed");
    project.write(
        "templates/lab12/f25.md",
        "{{ own(section=\"task-1\") }}\n\n{{ own(section=\"task-2\") }}\n\nThe end.\n",
    );
    project.run(&["build"]).succeeds();
    let submission = project.read("submission.md");
    let printed = "One.[^own-task-1-1]\n\n[^own-task-1-1]: first\n\nTwo.[^own-task-2-1] \\[a\\]\n\n\
                   [^own-task-2-1]: second\n\n````\nnever closed\n````\n\nThe end.\n";
    assert!(submission.ends_with(printed), "{submission}");
    let page = project.read("public/submission.html");
    for (number, words) in [(1, "first"), (2, "second")] {
        assert!(page.contains(&format!("<a href=\"#fn_{number}\">{number}</a>")), "{page}");
        let definition = format!(
            "id=\"fn_{number}\"><sup class=\"footnote-definition-label\">{number}</sup>\n<p>{words}</p>"
        );
        assert!(page.contains(&definition), "{page}");
    }
}

#[test]
fn the_authors_notes_survive_every_build() {
    let project = Project::with_customer();
    project.write("site/notes/task-2.md", "I saw the page in my browser. {{ 7 * 7 }} <b>!</b>\n");
    for _ in 0..2 {
        project.run(&["build"]).succeeds();
        let submission = project.read("submission.md");
        assert!(
            submission.contains("I saw the page in my browser. {{ 7 \\* 7 }} !"),
            "{submission}"
        );
    }
}

#[test]
fn a_note_may_lead_to_files_of_the_project_and_the_site_shows_its_words() {
    let project = Project::with_customer();
    project.write("shots/a b.png", "x");
    project.write("README.md", "# Mine\n");
    let note = "See ![my shot](shots/a%20b.png), [mine](README.md) and [how](method.md).\n";
    project.write("site/notes/summary.md", note);
    project.run(&["build"]).succeeds();
    let submission = project.read("submission.md");
    assert!(submission.contains("![my shot](shots/a%20b.png), [mine](README.md)"), "{submission}");
    let page = project.read("public/submission.html");
    assert!(page.contains("See my shot, mine and <a href=\"method.html\">how</a>."), "{page}");
    project.write("site/notes/summary.md", "See [nothing](shots/c.png).\n");
    let words = "site/notes/summary.md: the link `shots/c.png` leads to shots/c.png";
    project.run(&["build"]).fails(2, &[words]);
}

#[test]
fn a_submission_says_where_the_evidence_that_it_leads_to_is_not() {
    let project = Project::with_customer();
    let words = "submission.md leads to ";
    let outcome = project.run(&["build"]).succeeds();
    assert!(outcome.stderr.contains(words), "{outcome:?}");
    project.copy(&crate::support::customer(), "labs/lab12");
    let outcome = project.run(&["build"]).succeeds();
    assert!(!outcome.stderr.contains(words), "{outcome:?}");
}

#[test]
fn a_chapter_with_a_byte_order_mark_keeps_its_title() {
    let project = Project::with_customer();
    project.write("site/SUMMARY.md", "\u{feff}- [A](a.md)\n");
    project.write("site/a.md", "\u{feff}# First\n\nWords.\n");
    project.run(&["build"]).succeeds();
    let page = project.read("public/a.html");
    assert!(page.contains(">First") && !page.contains("# First"), "{page}");
}

#[test]
fn a_submission_with_somebodys_own_words_is_not_overwritten() {
    let project = Project::with_customer();
    project.write("submission.md", "# My report\n");
    project.run(&["build"]).fails(2, &["submission.md was not made by isoproof"]);
    assert_eq!(project.read("submission.md"), "# My report\n");
    assert!(!project.path("public").exists(), "nothing is written when one output is refused");
}

#[test]
fn a_submission_that_was_edited_is_left_alone_and_the_site_is_built() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let edited = format!("{}\nI saw it myself.\n", project.read("submission.md"));
    project.write("submission.md", &edited);
    project.write("site/notes/summary.md", "A new note.\n");
    for _ in 0..2 {
        let build = project.run(&["build"]).succeeds();
        assert!(build.stderr.contains("submission.md was edited"), "{build:?}");
        assert!(!build.stdout.contains("submission.md"), "{build:?}");
    }
    assert_eq!(project.read("submission.md"), edited);
    assert!(project.read("public/submission.html").contains("A new note."));
}

#[test]
fn a_folder_that_isoproof_did_not_make_is_not_replaced() {
    let project = Project::with_customer();
    project.write("public/thesis.txt", "mine");
    project.run(&["build"]).fails(2, &["public was not made by isoproof"]);
    assert_eq!(project.names("public"), ["thesis.txt"]);
    assert!(!project.path("submission.md").exists());
}

#[test]
fn a_projects_own_files_override_those_that_ship() {
    let project = Project::with_customer();
    project.write("site/SUMMARY.md", "- [Start](start.md)\n- [Isolation](isolation.md)\n");
    project.write(
        "site/start.md",
        "# Mine\n\nHost: {{ fact(id=\"proc.entries\", target=\"host\") }}.\n",
    );
    project.write(
        "templates/lab12/f25.md",
        "# Short\n\n{{ fact(id=\"cpu.model\", target=\"kata\") }}\n",
    );
    project.write("data/names.toml", "kata = \"Kata Containers\"\n");
    project.run(&["build"]).succeeds();
    let submission = project.read("submission.md");
    assert!(
        crate::support::without_links(&submission)
            .ends_with("# Short\n\n`Intel(R) Xeon(R) Processor @ 1.60GHz`\n")
    );
    assert!(project.read("public/start.html").contains(">322</a>"));
    assert!(project.read("public/isolation.html").contains("Kata Containers"));
    assert!(!project.path("public/method.html").exists());
}

#[test]
fn both_editions_can_be_built_from_one_run() {
    let project = Project::with_customer();
    project.run(&["build", "--edition", "s26"]).succeeds();
    let submission = project.read("submission.md");
    assert!(submission.contains("s26.3.kata"), "{submission}");
    assert!(!submission.contains("f25."), "{submission}");
}

#[test]
fn links_are_relative_so_that_the_site_works_anywhere() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    for (name, bytes) in project.tree("public") {
        if !name.ends_with(".html") || name == "404.html" {
            continue;
        }
        let html = String::from_utf8_lossy(&bytes);
        for attribute in ["href=\"", "src=\""] {
            for link in html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(!link.starts_with('/') && !link.starts_with("http"), "{name}: {link}");
            }
        }
        let scripts: Vec<&str> = html.split("<script").skip(1).collect();
        assert!(matches!(scripts[..], [one] if one.contains("site.js\"></script>")), "{name}");
        for forbidden in [" style=\"", " onclick", "javascript:"] {
            assert!(!html.contains(forbidden), "{name}: {forbidden}");
        }
    }
}

/// Markup for every place that evidence reaches.
const HOSTILE: &str = "<script>alert(1)</script> `a` ``` | b | [x](javascript:alert(2)) {{#include /etc/hostname}} {{ 7*7 }} {% raw %} \u{1b}[31m\u{202e}";

#[test]
fn hostile_evidence_comes_out_as_text() {
    let project = Project::new();
    let values = [
        ("kata/kernel.txt", format!("6.12.47 {HOSTILE}\n")),
        ("kata/test1.txt", format!("Linux {HOSTILE} 6.12.47 #1 SMP x86_64 Linux\n")),
        ("kata/cpu.txt", format!("model name\t: {HOSTILE}\n")),
        ("runc/health.txt", format!("juice-runc: HTTP 503\n{HOSTILE}\n")),
        (
            "isolation/dmesg.txt",
            format!("Kata VM:\n[    0.000000] Linux version 6.12.47 {HOSTILE}\n"),
        ),
        ("isolation/<script>alert(3)<script>.txt", HOSTILE.to_string()),
        ("bench/startup.txt", format!("runc:\n{HOSTILE}\nKata:\n```\n{HOSTILE}\n")),
    ]
    .map(|(name, text): (&str, String)| (format!("lab12/{name}"), text));
    for (name, text) in values {
        project.write(&name, text);
    }
    project.import(&project.path("lab12"));
    project.run(&["build"]).succeeds();
    let tree = project.tree("public");
    // The record itself is served as data.
    for (name, bytes) in tree.into_iter().filter(|(name, _)| !name.ends_with(".json")) {
        let html = String::from_utf8_lossy(&bytes);
        for live in ["<script>", "href=\"javascript", "\u{1b}", "\u{202e}"] {
            assert!(!html.contains(live), "{name}: {live:?}");
        }
    }
    let run =
        project.tree("public/runs").into_values().map(|b| String::from_utf8_lossy(&b).into_owned());
    assert!(run.collect::<String>().contains("{{#include /etc/hostname}} {{ 7*7 }} {% raw %}"));
    // The submission is read by other Markdown renderers: nothing of it may be live there.
    let submission = project.read("submission.md");
    let options = pulldown_cmark::Options::all();
    for event in pulldown_cmark::Parser::new_ext(&submission, options) {
        match event {
            pulldown_cmark::Event::Html(html) | pulldown_cmark::Event::InlineHtml(html) => {
                assert!(html.starts_with("<!-- Made by isoproof"), "{html}");
            }
            pulldown_cmark::Event::Start(pulldown_cmark::Tag::Link { dest_url, .. }) => {
                let is_evidence =
                    ["labs/lab12/", "data/runs/"].iter().any(|p| dest_url.starts_with(p));
                assert!(is_evidence && !dest_url.contains(['(', '<', ' ']), "a link to {dest_url}");
            }
            _ => {}
        }
    }
}

#[test]
fn a_report_of_times_alone_compares_them_and_says_what_else_is_missing() {
    let project = Project::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/hyperfine.in/times.json");
    project.run(&["import", "hyperfine", &file.to_string_lossy()]).succeeds();
    project.run(&["build"]).succeeds();
    let submission = crate::support::without_links(&project.read("submission.md"));
    for words in [
        "A start under gVisor takes 1.44 times as long as under runc",
        "from 5 and 6 starts",
        "made of the file of another tool",
        "Nothing shows that gVisor and runc were measured in turns",
    ] {
        assert!(submission.contains(words), "no `{words}` in\n{submission}");
    }
    let page = project.read("public/performance.html");
    assert!(page.contains("<svg class=\"samples\""), "the site draws the samples");
    assert!(!page.contains("isoproof-chart"), "no block is left undrawn");
}

#[test]
fn facts_and_verdicts_lead_to_pages_that_say_what_explain_says() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    for (id, page) in [("kernel.boot_id", "probes.html"), ("separate-kernel-vm", "verdicts.html")] {
        let explained = project.run(&["explain", id]).succeeds().stdout;
        let page = project.read(&format!("public/{page}"));
        let headings: Vec<&str> = explained
            .lines()
            .filter_map(|line| line.strip_suffix(':'))
            .filter(|line| !line.starts_with(' '))
            .collect();
        assert!(headings.len() > 5, "{explained}");
        for heading in headings {
            assert!(page.contains(&format!("<h3>{heading}</h3>")), "{id}: {heading}");
        }
    }
    let index = project.read("public/index.html");
    for link in ["verdicts.html#separate-kernel-vm", "probes.html#kernel.release"] {
        assert!(index.contains(link), "{link}");
    }
    assert!(project.read("public/search-index.js").contains("verdicts.html#"));
}

#[test]
fn another_run_changes_no_page_about_probes() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let page = project.path("public/probes.html");
    let before = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&page).unwrap());
    let honest = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/honest");
    project.import(&honest);
    project.run(&["build"]).succeeds();
    let after = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&page).unwrap());
    assert_eq!(before, after, "the page was made again");
    assert!(!project.read("public/probes.html").contains("from run <a"));
}

#[test]
fn a_site_explains_the_probes_that_its_pages_lead_to() {
    let project = Project::with_customer();
    project.run(&["build"]).succeeds();
    let index = project.read("public/probes.html");
    assert!(index.contains("#kernel.release"), "the run shows it");
    assert!(index.contains("#host.vmm"), "a verdict rests on it");
    assert!(!index.contains("#kernel.boot_id.mounted"), "nothing leads to it");
    assert!(!index.contains("area-sysctl"), "nothing leads to this area");
    assert!(!project.read("public/search-index.js").contains("sysctl"));
    project.write("site/own.md", "# Own\n\n[one](probes.html#sysctl.writable)\n");
    project.write("site/SUMMARY.md", "- [Overview](index.md)\n- [Own](own.md)\n");
    project.run(&["build"]).succeeds();
    let page = project.read("public/probes.html");
    assert!(page.contains("id=\"sysctl.writable\"") && !page.contains("sysctl.write.panic"));
}

#[test]
fn the_page_for_paper_has_chapters_in_folders_and_its_links_stay_on_it() {
    let project = Project::plain();
    project.import(&crate::support::customer());
    project.write(
        "site/SUMMARY.md",
        "- [Start](index.md)\n- [One](more/one.md)\n  - [Two](more/deep/two.md)\n- [Last](last.md)\n",
    );
    project.write("site/index.md", "# Start\n\n## Again\n\n[to two](more/deep/two.md#again)\n");
    project.write(
        "site/more/one.md",
        "# One\n\n## Again\n\n[own](#again) [up](../index.md#again) ![p](p.png) [out](https://a.b/)\n\n\
         {{ fact(id=\"kernel.release\", target=\"candidate\") }}\n",
    );
    project.write("site/more/p.png", "picture");
    project.write(
        "site/more/deep/two.md",
        "# Two\n\n## Again\n\n[last](../../last.md)[^1]\n\n[^1]: A\n",
    );
    project.write("site/last.md", "# Last\n\n[findings](findings.html)[^1]\n\n[^1]: B\n");
    project.run(&["build"]).succeeds();
    let page = project.read("public/print.html");
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no `{text}`"));
    let titles = ["start", "one", "two", "last"].map(|id| place(&format!("<h2 id=\"{id}\">")));
    assert!(titles.is_sorted(), "{titles:?}");
    for link in [
        "<a href=\"#again-2\">to two</a>",
        "<a href=\"#again-1\">own</a>",
        "<a href=\"#again\">up</a>",
        "<a href=\"#last\">last</a>",
        "<a href=\"findings.html\">findings</a>",
        "<img src=\"more/p.png\"",
        "<a href=\"https://a.b/\">out</a>",
        "class=\"fact\" href=\"runs/",
    ] {
        place(link);
    }
    assert!(page.contains("id=\"fn_1\"") && page.contains("id=\"fn_2\""), "two footnotes");
    assert!(project.read("public/more/one.html").contains("<a href=\"#again\">own</a>"));
}

/// The shipped run of four runtimes as a later session would have recorded it, changed by
/// `change`. A digest would tell that the record was changed, unless another program made it.
fn write_next_session(project: &Project, change: impl FnOnce(&mut serde_json::Value)) {
    let file = crate::support::own_path("tests/runs/20261124T200059Z-540f7ff3.json");
    let mut run: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    run.as_object_mut().unwrap().remove("digest");
    run["generator"]["name"] = "other".into();
    run["id"] = "20261127T030000Z-11111111".into();
    run["created"] = "2026-11-27T03:00:00Z".into();
    run["label"] = "next".into();
    change(&mut run);
    project.write("data/runs/20261127T030000Z-11111111.json", run.to_string());
}

#[test]
fn a_report_on_a_quick_run_says_so_and_where_times_are() {
    let project = Project::plain();
    project.copy(&crate::support::own_path("tests/runs"), "data/runs");
    let parts = ["startup", "perf", "app", "http", "escape"];
    write_next_session(&project, |run| {
        let is_left_out = |id: &str| parts.iter().any(|part| id.starts_with(part));
        let captures = run["captures"].as_array_mut().unwrap();
        captures.retain(|it| !is_left_out(it["id"].as_str().unwrap().split('/').nth(1).unwrap()));
        let facts = run["facts"].as_object_mut().unwrap();
        facts.retain(|id, _| !is_left_out(id));
        let skipped = parts.map(|part| (part.to_string(), "left out with --quick".into()));
        run["evidence"]["collected"]["skipped"] = serde_json::Map::from_iter(skipped).into();
    });
    let timed = "20261124T200059Z-540f7ff3";
    let outcome = project.run(&["build"]).succeeds();
    let notice = format!(
        "run 20261127T030000Z-11111111 has no times (left out with --quick); run {timed} has times: \
         isoproof build --run {timed}"
    );
    assert!(outcome.stderr.contains(&notice), "{outcome:?}");
    let page = project.read("public/index.html");
    assert!(page.contains("This run has no times (left out with --quick)."), "{page}");
    assert!(page.contains(&format!("<a href=\"runs/{timed}.html\">that of 2026-11-24")), "{page}");
    assert!(page.contains("No boundary changed in 2 runs."), "{page}");
    let outcome = project.run(&["build", "--run", timed]).succeeds();
    assert!(!outcome.stderr.contains("has no times"), "{outcome:?}");
    assert!(!project.read("public/index.html").contains("has no times"));
}

#[test]
fn a_report_on_a_stopped_run_does_not_deny_the_times_that_it_has() {
    let project = Project::plain();
    project.copy(&crate::support::own_path("tests/runs"), "data/runs");
    write_next_session(&project, |run| {
        let reason = "the session was stopped before it came to this";
        let parts = ["startup", "perf", "app", "http", "escape"];
        let skipped = parts.map(|part| (part.to_string(), reason.into()));
        run["evidence"]["collected"]["skipped"] = serde_json::Map::from_iter(skipped).into();
    });
    let outcome = project.run(&["build"]).succeeds();
    assert!(!outcome.stderr.contains("has no times"), "{outcome:?}");
    assert!(!project.read("public/index.html").contains("has no times"));
}
