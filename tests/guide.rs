//! The guide: it builds, its links lead somewhere, and its reference is what the program says.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::support::{Project, links};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// The guide in a folder of its own, with the part of its reference that the program writes.
fn guide() -> Project {
    let project = Project::with_sample_runs();
    project.copy(&root().join("docs/guide"), ".");
    project.write("site/reference/commands.md", commands());
    project.write("site/reference/run-file.md", run_file());
    project
}

/// With `GUIDE_OUT` the guide is left in that folder: `.ci/guide` builds it so.
#[test]
fn the_guide_builds_and_every_link_in_it_leads_somewhere() {
    let project = guide();
    project.run(&["build", "--strict"]).succeeds();
    let pages = project.tree("public");
    let broken = links::broken(&pages);
    assert!(broken.is_empty(), "{broken:#?}");
    let page = |name: &str| String::from_utf8_lossy(&pages[name]).into_owned();
    assert!(page("index.html").contains(">322</a>"));
    assert!(page("reference/probes.html").contains("id=\"kernel-boot-id\""));
    assert!(page("reference/commands.html").contains("isoproof export lab12"));
    assert!(page("reference/run-file.html").contains("schema_version"));
    assert!(page("write.html").contains("{% include"));
    if let Some(out) = std::env::var_os("GUIDE_OUT") {
        for (name, bytes) in pages {
            let path = Path::new(&out).join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

/// The output of each command in the blocks of a text that show a console; without what fails a
/// command, and with the separators of paths as the transcripts have them.
fn console_outputs(text: &str) -> Vec<(String, Vec<String>)> {
    let mut outputs: Vec<(String, Vec<String>)> = Vec::new();
    let mut is_console = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_console = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| is_console) {
            outputs.push((command.into(), Vec::new()));
        } else if let Some((_, lines)) = outputs.last_mut().filter(|_| is_console)
            && !line.starts_with("? ")
        {
            lines.push(line.replace('\\', "/"));
        }
    }
    outputs
}

/// Whether these lines stand in others in this order, with `...` for any number between.
fn is_excerpt(excerpt: &[String], lines: &[String]) -> bool {
    let mut rest = lines;
    for part in excerpt.split(|line| line == "...") {
        let Some(at) = rest.windows(part.len().max(1)).position(|window| window.starts_with(part))
        else {
            return part.is_empty();
        };
        rest = &rest[at + part.len()..];
    }
    true
}

#[test]
fn what_chapters_show_of_the_program_is_in_transcripts_that_are_run() {
    let transcript = std::fs::read_to_string(root().join("tests/cmd/guide.md")).unwrap();
    let transcripts = console_outputs(&transcript);
    for chapter in ["ci.md", "review.md", "runtimeclass.md"] {
        let text = std::fs::read_to_string(root().join("docs/guide/site").join(chapter)).unwrap();
        let mut shown = 0;
        for (command, output) in console_outputs(&text) {
            if output.iter().all(|line| line.is_empty()) {
                continue;
            }
            shown += 1;
            let run = transcripts.iter().find(|(other, _)| *other == command);
            let (_, lines) = run.unwrap_or_else(|| panic!("{chapter}: no transcript of {command}"));
            assert!(is_excerpt(&output, lines), "{chapter}: {command}: {output:#?} in {lines:#?}");
        }
        assert!(shown > 0, "{chapter} shows nothing");
    }
}

/// What `--help` says of every command.
fn commands() -> String {
    let mut text = "# Commands\n\nWhat `--help` says.\n".to_string();
    let mut command =
        isoproof::cli::build_command_line().term_width(80).disable_help_subcommand(true);
    command.build();
    describe(&command, &mut text);
    text
}

fn describe(command: &clap::Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let help = command.clone().term_width(80).render_help().to_string();
    let lines: Vec<&str> = help.trim().lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n"));
    for below in command.get_subcommands() {
        describe(below, text);
    }
}

/// The fields of a run file, from its schema.
fn run_file() -> String {
    let schema: Value = serde_json::from_str(isoproof::store::schema::RUN_SCHEMA).unwrap();
    let mut text = "# Run file\n\nOne run is one file `data/runs/<id>.json`, from this schema, \
                    which `isoproof schema` prints for programs. Files of older versions load.\n"
        .to_string();
    object("Run", &schema["$defs"]["Run"], &mut text);
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        if name != "Run" {
            object(name, definition, &mut text);
        }
    }
    text
}

fn object(name: &str, definition: &Value, text: &mut String) {
    let about = definition["description"].as_str().unwrap_or_default();
    let _ = write!(text, "\n## {name}\n\n{about}\n");
    if let Some(fields) = definition["properties"].as_object() {
        text.push_str("\n| Field | Type | Meaning |\n| --- | --- | --- |\n");
        for (field, about) in fields {
            let words = about["description"].as_str().unwrap_or_default().replace('\n', " ");
            let needed = definition["required"].as_array().into_iter().flatten();
            let mark = if needed.clone().any(|name| name == field) { "" } else { ", optional" };
            let kind = kind(about).replace('|', "\\|");
            let _ = writeln!(text, "| `{field}` | {kind}{mark} | {words} |");
        }
    }
    for form in definition["oneOf"].as_array().into_iter().flatten() {
        let words = form["description"].as_str().unwrap_or_default().replace('\n', " ");
        let values = form["enum"].as_array().into_iter().flatten().chain(form.get("const"));
        let fields = form["properties"].as_object().into_iter().flat_map(|map| map.keys());
        let names: Vec<String> = values
            .filter_map(Value::as_str)
            .map(String::from)
            .chain(fields.cloned())
            .map(|name| format!("`{name}`"))
            .collect();
        let _ = write!(text, "\n- {}: {words}", names.join(", "));
    }
    if definition["oneOf"].is_array() {
        text.push('\n');
    }
}

fn kind(field: &Value) -> String {
    let named = |reference: &str| {
        let name = reference.rsplit('/').next().unwrap_or_default();
        format!("[{name}](#{})", name.to_lowercase())
    };
    if let Some(reference) = field["$ref"].as_str() {
        return named(reference);
    }
    if let Some(forms) = field["anyOf"].as_array() {
        let forms: Vec<String> =
            forms.iter().filter(|form| form["type"] != "null").map(kind).collect();
        return forms.join(" or ");
    }
    match &field["type"] {
        Value::String(name) if name == "array" => format!("list of {}", kind(&field["items"])),
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            names.collect::<Vec<_>>().join(" or ")
        }
        _ => "any".into(),
    }
}
