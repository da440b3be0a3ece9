//! The preprocessor under the real mdBook, of both forms of the book. Run with
//! `ISOPROOF_MDBOOK=1` after `.ci/mdbook` installed them; skipped without.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Project, links};

/// The versions that are tried.
const VERSIONS: [&str; 2] = ["0.5", "0.4"];

/// The programs; none where they are not promised to be there.
fn programs() -> Vec<PathBuf> {
    if std::env::var_os("ISOPROOF_MDBOOK").is_none() {
        eprintln!("skipped: run .ci/mdbook and set ISOPROOF_MDBOOK=1");
        return Vec::new();
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    VERSIONS.map(|version| target.join(format!("mdbook-{version}/bin/mdbook"))).into()
}

/// Builds the book of a project and returns what mdBook said.
fn build(mdbook: &Path, project: &Project) -> String {
    let own = Path::new(env!("CARGO_BIN_EXE_isoproof")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new(mdbook)
        .arg("build")
        .current_dir(project.root())
        .env("PATH", format!("{}:{path}", own.display()))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", mdbook.display()));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {said}", mdbook.display());
    said
}

/// The words of a page, as a browser shows them.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    for (entity, c) in [
        ("&#123;", "{"),
        ("&#125;", "}"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, c);
    }
    text
}

#[test]
fn our_own_repository_is_a_book() {
    for mdbook in programs() {
        let project = Project::with_sample_runs();
        project.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("site"), "site");
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("book.toml");
        project.write("book.toml", std::fs::read_to_string(config).unwrap());
        let said = build(&mdbook, &project);
        assert!(!said.contains("WARN"), "{said}");
        let page = project.read("book/isolation.html");
        assert!(page.contains("-L3\" title=\"isolation/proc.txt, line 3\">52</a>"), "{page}");
        assert!(!page.contains("{{") && !page.contains("{%"), "{page}");
        let pages = project.tree("book");
        assert!(links::broken(&pages).is_empty(), "{:#?}", links::broken(&pages));
        // The site of isoproof has its own folder, and neither removes the other.
        project.run(&["build"]).succeeds();
        build(&mdbook, &project);
        project.run(&["build"]).succeeds();
    }
}

#[test]
fn a_new_project_is_a_book() {
    for mdbook in programs() {
        let project = Project::new();
        std::fs::remove_file(project.path("book.toml")).unwrap();
        project.run(&["init"]).succeeds();
        project.import(&crate::support::customer());
        build(&mdbook, &project);
        assert!(project.read("book/isolation.html").contains(">52</a>"));
        let broken = links::broken(&project.tree("book"));
        assert!(broken.is_empty(), "{broken:#?}");
    }
}

#[test]
fn in_a_foreign_book_lookups_are_expanded_and_nothing_else() {
    const TRAP: &str = "{{#include /etc/hostname}}";
    for mdbook in programs() {
        let project = Project::new();
        project.write("labs/lab12/kata/cpu.txt", format!("model name : {TRAP} *x* <b>\n"));
        let log =
            format!("=== dmesg ===\nKata VM:\n[    0.000000] {TRAP}\n\n[    0.1] <i> {TRAP}\n");
        project.write("labs/lab12/isolation/dmesg.txt", &log);
        project.write("labs/lab12/isolation/proc.txt", "Host: 322\nKata VM: 52\n");
        project.run(&["import", "lab12", "labs/lab12"]).succeeds();
        for settings in ["", "run-pages = true\n", "after = [\"links\"]\n"] {
            project.write(
                "book.toml",
                format!(
                    "[book]\ntitle = \"Foreign\"\n[preprocessor.isoproof]\n\
                     command = \"isoproof mdbook\"\n{settings}"
                ),
            );
            project.write(
                "src/SUMMARY.md",
                "# Summary\n\n- [A](a.md)\n- [B](sub/b.md)\n- [Draft]()\n",
            );
            project.write("src/listing.txt", "from a listing");
            project.write(
                "src/a.md",
                "# A {#the-a}\n\n{{#include listing.txt}} and {{ page.title }} {% x %}\n",
            );
            project.write(
                "src/sub/b.md",
                "# B {#the-b}\n\n{{#include ../listing.txt}}: \
                 {{ fact(id=\"proc.entries\", target=\"kata\") }} entries, CPU \
                 {{ fact(id=\"cpu.model\", target=\"kata\") }}.\n\n\
                 {{ evidence(id=\"kernel.dmesg_lines\", target=\"kata\") }}\n",
            );
            build(&mdbook, &project);
            let plain = text(&project.read("book/a.html"));
            assert!(plain.contains("from a listing and {{ page.title }} {% x %}"), "{plain}");
            let page = project.read("book/sub/b.html");
            assert!(page.contains("id=\"the-b\""), "{page}");
            let words = text(&page);
            assert!(words.contains("from a listing: 52 entries, CPU"), "{words}");
            assert!(words.contains(&format!("CPU {TRAP} *x* <b>.")), "{settings}: {words}");
            assert!(words.contains(&format!("[    0.1] <i> {TRAP}")), "{settings}: {words}");
            let broken = links::broken(&project.tree("book"));
            assert!(broken.is_empty(), "{broken:#?}");
            if settings.starts_with("run-pages") {
                let record = project.tree("book/runs");
                let record = record.values().next().map(|bytes| String::from_utf8_lossy(bytes));
                let words = text(&record.unwrap());
                assert!(words.contains(&format!("[    0.000000] {TRAP}")), "{words}");
            }
        }
    }
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let page = |html: &str| html.as_bytes().to_vec();
    let pages = links::Pages::from([
        ("index.html".into(), page(r#"<a href="a/b.html#x"></a><a href="c.html"></a>"#)),
        ("a/b.html".into(), page(r#"<p id="y"></p><a href="../"></a><a href="/repo/"></a>"#)),
    ]);
    let broken = links::broken_under(&pages, "/repo/");
    assert_eq!(broken, ["index.html: a/b.html#x", "index.html: c.html"]);
}
