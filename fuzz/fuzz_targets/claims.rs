//! Hand-written reports: whatever text they are, checking does not fail, and every annotation
//! names a place in the text.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use isoproof::claims::Claims;
use isoproof::import::lab12_run;
use isoproof::report::{Shelf, Subject};
use isoproof::store::Loaded;
use isoproof::store::integrity::Integrity;
use libfuzzer_sys::fuzz_target;

static CLAIMS: LazyLock<Claims> = LazyLock::new(|| Claims::load(None).expect("shipped words"));

static SUBJECT: LazyLock<Subject> = LazyLock::new(|| {
    let evidence = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/import/customer");
    let run = lab12_run(&evidence, None, None, Default::default()).expect("evidence");
    let loaded = Loaded { run, integrity: Integrity::default(), origin: "evidence".into() };
    Subject::new(loaded, None, &Shelf::load(None).expect("shipped data")).expect("a judged run")
});

fuzz_target!(|text: &str| {
    for annotation in CLAIMS.check(&SUBJECT, text).expect("annotations").annotations {
        assert!(text.get(annotation.range.clone()).is_some(), "{annotation:?}");
    }
});
