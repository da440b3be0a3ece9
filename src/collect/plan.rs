//! Which runtimes are probed, and in which part.

use crate::engine::process::Cancel;
pub use crate::engine::wanted::Wanted;
use crate::engine::wanted::short_name;
use crate::engine::{Kind, facts};
use crate::error::{Error, Result};
use crate::model::Role;

/// A runtime that will be probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The name of the target.
    pub name: String,
    /// Its part.
    pub role: Role,
    /// What the engine is asked for; none for its default.
    pub handler: Option<String>,
}

/// The runtimes to probe, the baseline first.
///
/// # Errors
///
/// Two targets have one name, or the baseline is not among them.
pub fn targets(
    engine: Kind,
    wanted: &[Wanted],
    baseline: Option<&str>,
    cancel: &Cancel,
) -> Result<Vec<Spec>> {
    if engine == Kind::Builtin {
        let name = "namespaces".to_string();
        return Ok(vec![Spec { name, role: Role::Baseline, handler: None }]);
    }
    let list = if wanted.is_empty() {
        offered(engine, &facts::runtimes(engine, cancel))
    } else {
        wanted.to_vec()
    };
    arrange(&list, baseline)
}

/// Without a wish: the engine's default, and every sandbox that it has.
fn offered(engine: Kind, runtimes: &[String]) -> Vec<Wanted> {
    let first = match engine {
        Kind::Podman if !runtimes.iter().any(|name| name == "runc") => "crun",
        _ => "runc",
    };
    let wish = |name: &str| Wanted { name: short_name(name), handler: name.to_string() };
    let mut list = vec![wish(first)];
    list.extend(runtimes.iter().filter(|name| is_sandbox(name)).map(|name| wish(name)));
    list
}

/// Whether a runtime's name is that of a sandbox. What it turns out to be is another question.
fn is_sandbox(name: &str) -> bool {
    let name = short_name(name);
    ["kata", "runsc", "gvisor"].iter().any(|known| name == *known || name.starts_with(known))
}

fn arrange(list: &[Wanted], baseline: Option<&str>) -> Result<Vec<Spec>> {
    for (index, wanted) in list.iter().enumerate() {
        if list[..index].iter().any(|other| other.name == wanted.name) {
            return Err(Error::input(format!("two runtimes are called `{}`", wanted.name))
                .help("give one of them another name: --runtime NAME=HANDLER"));
        }
    }
    let known = |name: &str| list.iter().position(|wanted| wanted.name == name);
    let first = match baseline {
        Some(name) => known(name).ok_or_else(|| {
            let names: Vec<&str> = list.iter().map(|wanted| wanted.name.as_str()).collect();
            Error::input(format!("no runtime is called `{name}`"))
                .help(format!("those asked for are {}", names.join(", ")))
        })?,
        None => known("runc").or_else(|| known("crun")).unwrap_or(0),
    };
    let spec = |index: usize| Spec {
        name: list[index].name.clone(),
        role: if index == first { Role::Baseline } else { Role::Candidate },
        handler: Some(list[index].handler.clone()),
    };
    let rest = (0..list.len()).filter(|&index| index != first);
    Ok(std::iter::once(first).chain(rest).map(spec).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &str) -> Wanted {
        text.parse().unwrap()
    }

    #[test]
    fn the_baseline_comes_first_and_is_runc_if_nothing_else_is_said() {
        let list = [wanted("runsc"), wanted("runc"), wanted("crun")];
        let names = |baseline| -> Vec<(String, Role)> {
            arrange(&list, baseline).unwrap().into_iter().map(|s| (s.name, s.role)).collect()
        };
        assert_eq!(names(None)[0], ("runc".into(), Role::Baseline));
        assert_eq!(names(Some("crun"))[0], ("crun".into(), Role::Baseline));
        assert!(arrange(&list, Some("kata")).is_err());
    }

    #[test]
    fn two_targets_of_one_name_are_refused() {
        let list = [wanted("runc"), wanted("runc=/usr/sbin/runc")];
        assert!(arrange(&list, None).unwrap_err().message.contains("two runtimes"));
    }

    #[test]
    fn without_a_wish_every_sandbox_is_a_candidate() {
        let runtimes = ["crun", "io.containerd.kata.v2", "runsc", "vm"].map(String::from);
        let names: Vec<String> =
            offered(Kind::Docker, &runtimes).into_iter().map(|wanted| wanted.name).collect();
        assert_eq!(names, ["runc", "kata", "runsc"]);
    }
}
