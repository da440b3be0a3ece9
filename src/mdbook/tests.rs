use super::*;
use serde_json::json;

fn input(root: &Path, list: &str, version: &str, content: &str) -> String {
    let chapter = json!({"Chapter": {
        "name": "A", "content": content, "number": [1], "path": "a/b.md", "source_path": "a/b.md",
        "parent_names": [], "later": {"kept": true}, "sub_items": [
            {"Chapter": {"name": "Draft", "content": "", "number": null, "sub_items": [],
                         "path": null, "source_path": null, "parent_names": ["A"]}},
            {"Chapter": {"name": "B", "content": content, "number": null, "sub_items": [],
                         "path": "c.md", "source_path": "c.md", "parent_names": ["A"]}},
        ],
    }});
    let context = json!({"root": root, "renderer": "html", "mdbook_version": version,
                         "config": {"book": {"src": "text"}}});
    json!([context, {list: ["Separator", {"PartTitle": "P"}, chapter], "odd": null}]).to_string()
}

/// A book with the customer's run.
fn book(settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("data/runs");
    std::fs::create_dir_all(&runs).unwrap();
    let (own, _) = crate::store::testing::read_sample_run("customer");
    std::fs::copy(&own, runs.join(own.file_name().unwrap())).unwrap();
    let text = format!("[preprocessor.isoproof]\n{settings}");
    std::fs::write(folder.path().join("book.toml"), text).unwrap();
    folder
}

const LOOKUP: &str = r#"{{ fact(id="proc.entries", target="kata") }}"#;

#[test]
fn a_book_without_lookups_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["{{ x }} {% y", "{{#include a.md}}", "# T {#id}", "`{{ fact(id=\"a\") }}`"] {
        let input = input(folder.path(), "items", "0.5.4", text);
        let processed = process_book(&input).unwrap();
        let wanted: Json = serde_json::from_str(&input).unwrap();
        assert_eq!(processed.book, wanted[1]);
        assert!(processed.warnings.is_empty());
    }
}

#[test]
fn a_lookup_is_expanded_in_either_form_of_the_book_and_the_rest_survives() {
    let folder = book("");
    for (list, version) in [("items", "0.5.4"), ("sections", "0.4.52")] {
        let text = format!("# T {{#t}}\n{{{{#include x.md}}}} {LOOKUP}\n");
        let processed = process_book(&input(folder.path(), list, version, &text)).unwrap();
        let book = &processed.book;
        let wanted = "# T {#t}\n{{#include x.md}} 52\n";
        assert_eq!(book[list][2]["Chapter"]["content"], wanted);
        assert_eq!(book[list][2]["Chapter"]["sub_items"][1]["Chapter"]["content"], wanted);
        assert_eq!(book[list][2]["Chapter"]["later"]["kept"], true);
        assert_eq!(book[list].as_array().unwrap().len(), 3);
        assert!(processed.warnings.is_empty());
    }
}

#[test]
fn with_run_pages_a_number_leads_to_its_line() {
    let folder = book("run-pages = true\n");
    let processed = process_book(&input(folder.path(), "items", "0.5.4", LOOKUP)).unwrap();
    let items = processed.book["items"].as_array().unwrap();
    let content = items[2]["Chapter"]["content"].as_str().unwrap();
    let link = "../runs/20261127T025740Z-65496e1e.md#c-isolation-proc-txt-L3";
    assert!(content.starts_with(&format!("[52]({link} ")), "{content}");
    let record = &items[4]["Chapter"];
    assert_eq!(record["path"], "runs/20261127T025740Z-65496e1e.md");
    let content = record["content"].as_str().unwrap();
    assert!(content.contains(r#"<span id="c-isolation-proc-txt-L3">Kata VM: 52</span>"#));
    assert!(!content.contains("\n\n") && !content.contains('{'));
    let rules = items[3]["Chapter"]["sub_items"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["Chapter"]["path"] == "rules/health-not-ok.md"));
}

#[test]
fn an_unknown_version_is_a_warning_and_no_end() {
    let folder = book("");
    let processed = process_book(&input(folder.path(), "items", "0.6.0", LOOKUP)).unwrap();
    assert!(processed.warnings[0].contains("mdBook 0.6.0"), "{:?}", processed.warnings);
    assert_eq!(processed.book["items"][2]["Chapter"]["content"], "52");
}

#[test]
fn a_mistake_names_the_chapter_and_the_place() {
    let folder = book("");
    let text = "\n{{ fact(id=\"proc.entires\", target=\"kata\") }}";
    let error = process_book(&input(folder.path(), "items", "0.5.4", text)).unwrap_err();
    assert!(error.message.contains("text/c.md:2:4:"), "{error}");
    assert!(error.message.contains("did you mean `proc.entries`?"), "{error}");
}

#[test]
fn what_is_not_mdbooks_json_is_refused_with_what_is_wanted() {
    for text in ["", "{}", "[1]", "nonsense"] {
        let error = process_book(text).unwrap_err();
        assert!(error.message.contains("not what mdBook gives"), "{error}");
    }
}
