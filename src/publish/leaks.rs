//! Whether the site would show who or what a run was recorded on.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::model::Run;
use crate::privacy::Redactor;
use crate::report::Assessment;
use crate::store::{RunFile, RunStore};

/// Refuses runs whose pages would show identifiers. Every run has a page.
/// Errors: a run was recorded without redaction and holds identifiers, or one holds the name of
/// this machine or of its user.
pub(super) fn refuse_identifiers(store: &RunStore, current: &Assessment) -> Result<()> {
    let mut leaks = Vec::from_iter(leaks_of(&current.run));
    for entry in store.usable_entries()?.into_iter().filter(|entry| entry.id != current.run.id) {
        match RunFile::read_file(&entry.path).and_then(|file| store.parse_run(&file)) {
            Ok(loaded) => leaks.extend(leaks_of(&loaded.run)),
            // It has no page.
            Err(error) => store.add_damaged(&entry.path, error),
        }
    }
    if leaks.is_empty() {
        return Ok(());
    }
    Err(Error::unusable_input(format!(
        "the site would show identifiers of persons or machines:\n{}",
        leaks.join("\n")
    ))
    .with_help(
        "import or collect again without --no-redact and move these runs out of data/runs, or \
         publish them as they are with --with-identifiers",
    ))
}

fn leaks_of(run: &Run) -> Option<String> {
    let found =
        if run.redaction.applied { names_of_this_machine(run) } else { find_identifiers(run) };
    let kinds: Vec<String> = found.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    (!kinds.is_empty()).then(|| format!("run {}: {}", run.id, kinds.join(", ")))
}

/// What a redactor would have replaced.
fn find_identifiers(run: &Run) -> BTreeMap<String, u32> {
    let mut redactor = Redactor::new([0; 32]);
    redactor.know_names_of_this_machine();
    redactor.count_identifiers(&run.captures)
}

/// The names of this machine and its user, which may have become known after the run was made.
fn names_of_this_machine(run: &Run) -> BTreeMap<String, u32> {
    let mut redactor = Redactor::new([0; 32]);
    redactor.know_names_of_this_machine();
    let written = (&run.captures, &run.targets, &run.label, &run.evidence);
    redactor.count_known(&serde_json::to_string(&written).unwrap_or_default(), &run.facts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::sketch;

    #[test]
    fn a_run_with_identifiers_leaks_unless_they_were_replaced() {
        let mut run = sketch().file("isolation/network.txt", "link/ether 00:1b:21:3c:4d:5e\n").run;
        run.redaction.applied = false;
        assert!(leaks_of(&run).unwrap().contains("mac 1"));
        run.redaction.applied = true;
        assert_eq!(leaks_of(&run), None);
    }

    #[test]
    fn the_name_of_this_machine_is_a_leak_in_any_run() {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let mut run = sketch().file("kata/test1.txt", &format!("x {host} y\n")).run;
        run.redaction.applied = true;
        // A machine may have a name that tells no machines apart, such as localhost.
        let mut redactor = Redactor::new([0; 32]);
        redactor.know_names_of_this_machine();
        let expected = redactor.redact_words(&format!("x {host} y")) != format!("x {host} y");
        assert_eq!(leaks_of(&run).is_some(), expected, "{host}");
    }
}
