//! Which runtimes are probed, and in which part.

use super::progress::CollectProgress;
pub(crate) use crate::engine::runtime_spec::RuntimeArgument;
use crate::engine::runtime_spec::{refuse_equal_names, refuse_runtimes_of_namespaces, short_name};
use crate::engine::{EngineKind, facts};
use crate::error::{Error, Result};
use crate::model::{Role, Target};
use crate::process::CancelFlag;
use crate::text::suggest_or;

/// The runtimes to probe, the baseline first.
/// Errors: two targets have one name, the baseline is not among them, or the engine does not tell
/// what it has.
pub(crate) fn plan_targets(
    engine: EngineKind,
    wanted: &[RuntimeArgument],
    baseline: Option<&str>,
    cancel: &CancelFlag,
) -> Result<Vec<Target>> {
    if engine == EngineKind::Builtin {
        refuse_runtimes_of_namespaces(wanted, baseline)?;
        let engine = Some(engine.into_str().into());
        let target = Target::of_role("namespaces", Role::Baseline, None);
        return Ok(vec![Target { engine, ..target }]);
    }
    let (known, list) = if wanted.is_empty() {
        let known = facts::known_runtimes(engine, cancel)?;
        let list = default_runtimes(engine, &known);
        (known, list)
    } else {
        (Vec::new(), wanted.to_vec())
    };
    let mut specs = order_runtimes(&list, baseline, &known)?;
    for spec in &mut specs {
        spec.named = !wanted.is_empty();
        spec.engine = Some(engine.into_str().into());
    }
    Ok(specs)
}

/// Without a wish: the engine's default, and every sandbox that it has.
fn default_runtimes(engine: EngineKind, runtimes: &[String]) -> Vec<RuntimeArgument> {
    let first = match engine {
        EngineKind::Podman if !runtimes.iter().any(|name| name == "runc") => "crun",
        _ => "runc",
    };
    let sandboxes = runtimes.iter().map(String::as_str).filter(|name| is_sandbox(name));
    std::iter::once(first)
        .chain(sandboxes)
        .map(|name| RuntimeArgument { name: short_name(name), handler: name.to_string() })
        .collect()
}

/// Whether a runtime's name is that of a sandbox. What it turns out to be is another question.
fn is_sandbox(name: &str) -> bool {
    let name = short_name(name);
    ["kata", "runsc", "gvisor"].iter().any(|known| name == *known || name.starts_with(known))
}

/// Says at once of which runtimes the engine has none, and which were meant. They stay in the
/// session: that they do not start is a result.
pub(super) fn warn_of_unknown_runtimes(
    engine: EngineKind,
    specs: &[Target],
    cancel: &CancelFlag,
    progress: &dyn CollectProgress,
) {
    let named = specs.iter().filter(|spec| spec.named).collect::<Vec<_>>();
    if engine != EngineKind::Docker || named.is_empty() {
        return;
    }
    let Ok(known) = facts::known_runtimes(engine, cancel) else { return };
    for spec in named {
        let Some(handler) = &spec.handler else { continue };
        if facts::lacks_runtime(engine, handler, &known) {
            let names = known.iter().map(String::as_str).collect::<Vec<_>>();
            let words = format!(
                "{} has no runtime `{handler}`: {}",
                engine.into_str(),
                suggest_or(handler, names.iter().copied(), &format!("it has {}", names.join(", ")))
            );
            progress.on_trouble(&spec.name, &words);
        }
    }
}

/// What to do where the baseline is none of the runtimes of a session. `known` are those that the
/// engine has, where none were named.
fn suggest_baseline(baseline: &str, list: &[RuntimeArgument], known: &[String]) -> String {
    let options = list.iter().map(|it| format!(" --runtime {}", it.handler)).collect::<String>();
    if known.iter().any(|name| name == baseline) {
        return format!("it is not tested by default: name it with --runtime {baseline}{options}");
    }
    let names = list.iter().map(|it| it.name.as_str());
    let otherwise = format!(
        "the runtimes of this session are {}: name it with --runtime {baseline} too",
        names.clone().collect::<Vec<_>>().join(", ")
    );
    suggest_or(baseline, names.chain(known.iter().map(String::as_str)), &otherwise)
}

/// Runtimes with their parts, the baseline first: the one that is named, or runc where it is there.
/// Errors: two have one name, or the baseline is not among them.
pub(crate) fn order_runtimes(
    list: &[RuntimeArgument],
    baseline: Option<&str>,
    known: &[String],
) -> Result<Vec<Target>> {
    refuse_equal_names(list)?;
    let names: Vec<&str> = list.iter().map(|wanted| wanted.name.as_str()).collect();
    let wanted = baseline.map_or(vec!["runc", "crun"], |name| vec![name]);
    let first = wanted.iter().find_map(|name| names.iter().position(|known| known == name));
    let first = match (first, baseline) {
        (None, Some(name)) => {
            let message = format!("no runtime of this session is called `{name}`");
            let help = suggest_baseline(name, list, known);
            return Err(Error::unusable_input(message).with_help(help));
        }
        (first, _) => first.unwrap_or(0),
    };
    let mut targets: Vec<Target> = list
        .iter()
        .enumerate()
        .map(|(index, RuntimeArgument { name, handler })| {
            let role = if index == first { Role::Baseline } else { Role::Candidate };
            Target { handler: Some(handler.clone()), ..Target::of_role(name, role, None) }
        })
        .collect();
    targets[..=first].rotate_right(1);
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &str) -> RuntimeArgument {
        text.parse().unwrap()
    }

    #[test]
    fn the_baseline_comes_first_and_is_runc_if_nothing_else_is_said() {
        let list = [wanted("runsc"), wanted("runc"), wanted("crun")];
        let names = |baseline| -> Vec<(String, Role)> {
            order_runtimes(&list, baseline, &[])
                .unwrap()
                .into_iter()
                .map(|s| (s.name, s.role))
                .collect()
        };
        assert_eq!(names(None)[0], ("runc".into(), Role::Baseline));
        assert_eq!(names(Some("crun"))[0], ("crun".into(), Role::Baseline));
        let help = |baseline| {
            order_runtimes(&list, Some(baseline), &["youki".into()]).unwrap_err().help.unwrap()
        };
        assert_eq!(help("rnc"), "did you mean `runc`?");
        assert_eq!(
            help("youki"),
            "it is not tested by default: name it with --runtime youki --runtime runsc --runtime \
             runc --runtime crun"
        );
        assert!(help("kata").ends_with("are runsc, runc, crun: name it with --runtime kata too"));
    }

    #[test]
    fn plain_namespaces_have_no_runtimes_and_none_is_passed_over() {
        let plan = |wanted: &[RuntimeArgument], baseline| {
            plan_targets(EngineKind::Builtin, wanted, baseline, &CancelFlag::default())
        };
        assert_eq!(plan(&[], None).unwrap()[0].name, "namespaces");
        let error = plan(&[wanted("kata")], None).unwrap_err();
        assert!(error.message.starts_with("--runtime is about an engine"), "{error}");
        let error = plan(&[], Some("runc")).unwrap_err();
        assert!(error.message.starts_with("--baseline is about an engine"), "{error}");
    }

    #[test]
    fn two_targets_of_one_name_are_refused() {
        let list = [wanted("runc"), wanted("runc=/usr/sbin/runc")];
        assert!(order_runtimes(&list, None, &[]).unwrap_err().message.contains("two runtimes"));
    }

    #[test]
    fn without_a_wish_every_sandbox_is_a_candidate() {
        let runtimes = ["crun", "io.containerd.kata.v2", "runsc", "vm"].map(String::from);
        let names: Vec<String> = default_runtimes(EngineKind::Docker, &runtimes)
            .into_iter()
            .map(|wanted| wanted.name)
            .collect();
        assert_eq!(names, ["runc", "kata", "runsc"]);
    }
}
