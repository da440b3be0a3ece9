//! The engines: which answer, what they offer, and which one is used.

use super::answer::CheckAnswer;
use super::machine::{Machine, find_containerd, find_program, own_folders, path_on_machine};
use super::{DoctorOptions, engine_errors};
use crate::engine::EngineKind;
use crate::engine::facts::handlers_in_folder;
use crate::error::Result;

#[derive(Debug)]
pub(super) struct EngineChecks {
    pub answers: Vec<CheckAnswer>,
    pub chosen: Option<EngineKind>,
    /// Whether it does not have the image of the smoke run.
    pub lacks_image: bool,
}

pub(super) fn check_engines(
    machine: &dyn Machine,
    options: &DoctorOptions,
    progress: &dyn Fn(&str),
) -> EngineChecks {
    let kinds: Vec<EngineKind> = match options.engine {
        Some(kind) => vec![kind],
        None => {
            EngineKind::ALL.iter().copied().filter(|kind| *kind != EngineKind::Builtin).collect()
        }
    };
    let mut answers = Vec::new();
    let mut usable = Vec::new();
    for kind in kinds {
        progress(&format!("asking {}", kind.into_str()));
        let answer = check_engine(machine, kind).needed_if(options.engine.is_some());
        if answer.outcome == "answers" {
            usable.push(kind);
        }
        answers.push(answer);
    }
    let stores = usable.iter().filter(|kind| **kind != EngineKind::Builtin);
    answers.extend(stores.map(|kind| check_runtimes(machine, *kind)));
    let chosen = usable.first().copied();
    match chosen {
        // Plain namespaces have neither runtimes nor images.
        Some(EngineKind::Builtin) => {}
        Some(kind) => {
            answers
                .push(CheckAnswer::new("engine", "chosen").with_value("engine", kind.into_str()));
            answers.push(check_image(machine, kind, "image", &options.image));
            answers.push(check_image(machine, kind, "app-image", &options.app));
        }
        None if options.engine.is_none() => answers.push(CheckAnswer::new("engine", "none")),
        None => {}
    }
    let lacks_image = answers.iter().any(|a| a.check == "image" && a.outcome == "absent");
    EngineChecks { answers, chosen, lacks_image }
}

fn check_engine(machine: &dyn Machine, kind: EngineKind) -> CheckAnswer {
    let is_there = kind == EngineKind::Builtin
        || find_program(machine, &own_folders(machine), kind.into_str()).is_some();
    let answer = if !is_there {
        let absent = CheckAnswer::new("engines", "absent");
        absent.with_evidence(format!("{} is not in PATH", kind.into_str()))
    } else if let Err(error) = machine.check_engine_answers(kind) {
        CheckAnswer::new("engines", "refuses")
            .with_value("help", error.help.map(|help| as_sentence(&help)))
            .with_value(
                "words",
                engine_errors::shorten_engine_message(without_command(kind, &error.message)),
            )
            .with_evidence(error.message)
    } else {
        CheckAnswer::new("engines", "answers")
    };
    answer.about_thing(kind.into_str())
}

/// What an engine said, without the question that it was asked.
fn without_command(kind: EngineKind, message: &str) -> &str {
    match message.split_once(": ") {
        Some((question, words)) if question.split(' ').next() == Some(kind.into_str()) => words,
        _ => message,
    }
}

fn as_sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

fn check_runtimes(machine: &dyn Machine, kind: EngineKind) -> CheckAnswer {
    let answer = match offered_handlers(machine, kind) {
        Err(error) => CheckAnswer::new("runtimes", "silent").with_value("words", error.message),
        Ok(names) if names.is_empty() => CheckAnswer::new("runtimes", "none"),
        Ok(names) => CheckAnswer::new("runtimes", "listed").with_value("names", names.join(", ")),
    };
    answer.about_thing(kind.into_str())
}

/// The handlers that can be asked for; for those that have none to list, their default.
pub(super) fn offered_handlers(machine: &dyn Machine, kind: EngineKind) -> Result<Vec<String>> {
    let mut names = machine.engine_runtimes(kind)?;
    if matches!(kind, EngineKind::Nerdctl | EngineKind::Ctr) {
        // containerd finds its shims on its own path, which may not be ours.
        names.extend(
            find_containerd(machine)
                .search_folders()
                .iter()
                .flat_map(|folder| handlers_in_folder(&path_on_machine(machine, folder))),
        );
        names.push("runc".into());
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn check_image(
    machine: &dyn Machine,
    kind: EngineKind,
    check: &'static str,
    image: &str,
) -> CheckAnswer {
    let answer = match machine.has_image(kind, image) {
        Ok(true) => CheckAnswer::new(check, "there"),
        Ok(false) => CheckAnswer::new(check, "absent"),
        Err(error) => CheckAnswer::new(check, "silent").with_value("words", error.message),
    };
    answer
        .with_value("image", image)
        .with_value("full", crate::engine::full_name(image))
        .with_value("engine", kind.into_str())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fake, options};
    use super::*;

    fn ids(engines: &EngineChecks) -> Vec<String> {
        engines.answers.iter().map(|a| format!("{}={}", a.check_id(), a.outcome)).collect()
    }

    #[test]
    fn the_first_engine_that_answers_is_chosen() {
        let fake =
            Fake::new().refusing(EngineKind::Nerdctl).engine_with(EngineKind::Docker, &["runc"]);
        let engines = check_engines(&fake, &options(), &|_| {});
        assert_eq!(engines.chosen, Some(EngineKind::Docker));
        let ids = ids(&engines);
        for id in ["engines.nerdctl=refuses", "engines.docker=answers", "engines.ctr=absent"] {
            assert!(ids.iter().any(|known| known == id), "{ids:?}");
        }
    }

    #[test]
    fn without_an_engine_there_is_nothing_to_start() {
        let engines = check_engines(&Fake::new(), &options(), &|_| {});
        assert_eq!(engines.chosen, None);
        assert_eq!(ids(&engines).last().unwrap(), "engine=none");
    }

    #[test]
    fn an_engine_that_was_asked_for_is_needed() {
        let options = DoctorOptions { engine: Some(EngineKind::Podman), ..options() };
        let engines = check_engines(&Fake::new(), &options, &|_| {});
        assert_eq!(ids(&engines), ["engines.podman=absent"]);
        assert!(engines.answers[0].needed);
    }

    #[test]
    fn shims_on_containerds_own_path_are_offered() {
        let fake = Fake::new()
            .engine_with(EngineKind::Ctr, &[])
            .file("/proc/7/comm", "containerd\n")
            .file("/proc/7/environ", "PATH=/shims\0")
            .file("/shims/containerd-shim-kata-v2", "")
            .file("/shims/containerd-shim-runc-v2", "");
        assert_eq!(
            offered_handlers(&fake, EngineKind::Ctr).unwrap(),
            ["io.containerd.kata.v2", "runc"]
        );
    }

    #[test]
    fn an_engine_that_answers_late_is_not_said_to_have_nothing() {
        for (question, id) in [("runtimes", "runtimes.docker=silent"), ("image", "image=silent")] {
            let fake = Fake::new().engine_with(EngineKind::Docker, &["runc"]).hangs(question);
            let engines = check_engines(&fake, &options(), &|_| {});
            assert!(ids(&engines).iter().any(|known| known == id), "{:?}", ids(&engines));
            assert_eq!(engines.chosen, Some(EngineKind::Docker));
        }
    }

    #[test]
    fn an_image_that_is_not_there_is_no_reason_against_an_engine() {
        let fake = Fake::new().engine_with(EngineKind::Docker, &["runc"]).without_images();
        let engines = check_engines(&fake, &options(), &|_| {});
        assert_eq!((engines.chosen, engines.lacks_image), (Some(EngineKind::Docker), true));
    }
}
