//! What fuzzing tries, with the files of its corpora alone: without libFuzzer and in a moment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[path = "../fuzz/src/lib.rs"]
mod targets;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_target_keeps_its_promises_on_its_corpus() {
    for (name, check) in targets::TARGETS {
        let corpus = fuzz().join("corpus").join(name);
        let files = names(&corpus);
        assert!(!files.is_empty(), "{name} has no corpus");
        for file in files {
            eprintln!("{name}/{file}");
            check(&std::fs::read(corpus.join(file)).unwrap());
        }
    }
}

#[test]
fn every_target_has_its_program_its_corpus_and_its_turn_in_the_workflow() {
    let wanted: BTreeSet<String> = targets::TARGETS.map(|(name, _)| name.to_string()).into();
    assert_eq!(names(&fuzz().join("corpus")), wanted);
    let programs = names(&fuzz().join("fuzz_targets"));
    assert_eq!(programs, wanted.iter().map(|name| format!("{name}.rs")).collect());
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let workflow = fuzz().join("../.github/workflows/fuzz.yml");
    let workflow = std::fs::read_to_string(workflow).unwrap();
    for name in wanted {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} in Cargo.toml");
        assert!(workflow.contains(&format!("          - {name}\n")), "{name} in fuzz.yml");
    }
}
