//! The engines: which answer, what they offer, and which one is used.

use super::answer::Answer;
use super::machine::{Machine, containerd, own_folders, place, which};
use super::{Options, speech};
use crate::engine::Kind;

/// What the checks of the engines found.
#[derive(Debug)]
pub struct Engines {
    /// The checks.
    pub answers: Vec<Answer>,
    /// The engine of the smoke run, if there is one that can make it.
    pub chosen: Option<Kind>,
}

/// Checks the engine that was asked for, or all of them.
pub fn all(machine: &dyn Machine, options: &Options, progress: &dyn Fn(&str)) -> Engines {
    let kinds: Vec<Kind> = match options.engine {
        Some(kind) => vec![kind],
        None => Kind::ALL.into_iter().filter(|kind| *kind != Kind::Builtin).collect(),
    };
    let mut answers = Vec::new();
    let mut usable = Vec::new();
    for kind in kinds {
        progress(&format!("asking {}", kind.name()));
        let answer = one(machine, kind).needed_if(options.engine.is_some());
        if answer.outcome == "answers" {
            usable.push(kind);
        }
        answers.push(answer);
    }
    let stores = usable.iter().filter(|kind| **kind != Kind::Builtin);
    answers.extend(stores.map(|kind| runtimes(machine, *kind)));
    let chosen = usable.first().copied();
    match chosen {
        // Plain namespaces have neither runtimes nor images.
        Some(Kind::Builtin) => {}
        Some(kind) => {
            answers.push(Answer::new("engine", "chosen").with("engine", kind.name()));
            answers.push(image(machine, kind, "image", &options.image, options.smoke));
            answers.push(image(machine, kind, "app-image", &options.app, false));
        }
        None if options.engine.is_none() => answers.push(Answer::new("engine", "none")),
        None => {}
    }
    let has_image = !answers.iter().any(|a| a.check == "image" && a.outcome == "absent");
    Engines { answers, chosen: chosen.filter(|_| has_image) }
}

fn one(machine: &dyn Machine, kind: Kind) -> Answer {
    let found = |outcome| Answer::new("engines", outcome).about(kind.name());
    let is_there =
        kind == Kind::Builtin || which(machine, &own_folders(machine), kind.name()).is_some();
    if !is_there {
        return found("absent").evidence(format!("{} is not in PATH", kind.name()));
    }
    match machine.engine(kind) {
        Ok(()) => found("answers"),
        Err(error) => found("refuses")
            .with("help", error.help.map(|help| sentence(&help)))
            .with("words", speech::brief(without_command(kind, &error.message)))
            .evidence(error.message),
    }
}

/// What an engine said, without the question that it was asked.
fn without_command(kind: Kind, message: &str) -> &str {
    let is_question = |question: &str| question.split(' ').next() == Some(kind.name());
    let parts = message.split_once(": ").filter(|(question, _)| is_question(question));
    parts.map_or(message, |(_, words)| words)
}

fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

/// The runtimes that an engine offers by name.
fn runtimes(machine: &dyn Machine, kind: Kind) -> Answer {
    let names = offered(machine, kind);
    let outcome = if names.is_empty() { "none" } else { "listed" };
    Answer::new("runtimes", outcome).about(kind.name()).with("names", names.join(", "))
}

/// The handlers that can be asked for; for those that have none to list, their default.
pub fn offered(machine: &dyn Machine, kind: Kind) -> Vec<String> {
    let mut names = machine.runtimes(kind);
    if matches!(kind, Kind::Nerdctl | Kind::Ctr) {
        // containerd finds its shims on its own path, which may not be ours.
        names
            .extend(containerd(machine).folders().iter().flat_map(|folder| shims(machine, folder)));
        names.push("runc".into());
    }
    names.sort();
    names.dedup();
    names
}

/// The handlers of the shims in a folder, without runc's own.
fn shims(machine: &dyn Machine, folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(place(machine, folder)) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let handler = |name: String| {
        let (runtime, version) = name.strip_prefix("containerd-shim-")?.rsplit_once('-')?;
        (runtime != "runc").then(|| format!("io.containerd.{runtime}.{version}"))
    };
    names.filter_map(handler).collect()
}

fn image(
    machine: &dyn Machine,
    kind: Kind,
    check: &'static str,
    image: &str,
    is_needed: bool,
) -> Answer {
    let is_there = machine.has_image(kind, image);
    Answer::new(check, if is_there { "there" } else { "absent" })
        .with("image", image)
        .with("full", crate::engine::full_name(image))
        .with("engine", kind.name())
        .needed_if(is_needed)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fake, options};
    use super::*;

    fn ids(engines: &Engines) -> Vec<String> {
        engines.answers.iter().map(|a| format!("{}={}", a.id(), a.outcome)).collect()
    }

    #[test]
    fn the_first_engine_that_answers_is_chosen() {
        let fake = Fake::new().refusing(Kind::Nerdctl).engine_with(Kind::Docker, &["runc"]);
        let engines = all(&fake, &options(), &|_| {});
        assert_eq!(engines.chosen, Some(Kind::Docker));
        let ids = ids(&engines);
        for id in ["engines.nerdctl=refuses", "engines.docker=answers", "engines.ctr=absent"] {
            assert!(ids.iter().any(|known| known == id), "{ids:?}");
        }
    }

    #[test]
    fn without_an_engine_there_is_nothing_to_start() {
        let engines = all(&Fake::new(), &options(), &|_| {});
        assert_eq!(engines.chosen, None);
        assert_eq!(ids(&engines).last().unwrap(), "engine=none");
    }

    #[test]
    fn an_engine_that_was_asked_for_is_needed() {
        let options = Options { engine: Some(Kind::Podman), ..options() };
        let engines = all(&Fake::new(), &options, &|_| {});
        assert_eq!(ids(&engines), ["engines.podman=absent"]);
        assert!(engines.answers[0].needed);
    }

    #[test]
    fn shims_on_containerds_own_path_are_offered() {
        let fake = Fake::new()
            .engine_with(Kind::Ctr, &[])
            .file("/proc/7/comm", "containerd\n")
            .file("/proc/7/environ", "PATH=/shims\0")
            .file("/shims/containerd-shim-kata-v2", "")
            .file("/shims/containerd-shim-runc-v2", "");
        assert_eq!(offered(&fake, Kind::Ctr), ["io.containerd.kata.v2", "runc"]);
    }

    #[test]
    fn without_the_image_nothing_is_started() {
        let fake = Fake::new().engine_with(Kind::Docker, &["runc"]).without_images();
        assert_eq!(all(&fake, &options(), &|_| {}).chosen, None);
    }
}
