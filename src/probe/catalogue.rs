//! The catalogue: every question that isoproof knows, as data.
//!
//! It ships in `data/catalogue/*.toml`; a project's own `data/catalogue/` adds entries and
//! overrides entries of the same id.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::parse;
use crate::assets::{self, AssetTree, TextFile};
use crate::error::Result;
use crate::model::Role;
use crate::text::closest_match;

/// One question with a stable dotted id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Stable, dotted, lower case: `kernel.release`.
    pub id: String,
    /// A few words for tables: `Kernel release`.
    pub title: String,
    /// The question in one sentence.
    pub asks: String,
    /// Where it is asked.
    #[serde(rename = "where")]
    pub place: Vec<ProbePlace>,
    /// The POSIX-sh command that answers it; empty where no single command does.
    ///
    /// It runs in a subshell of its own, reads nothing from standard input, and fails where it
    /// has no answer: its error output then tells absent (`No such file`, or nothing at all) from
    /// denied (`not permitted`, `Permission denied`). Output of a command that failed is no
    /// answer.
    #[serde(default)]
    pub command: String,
    /// The name of the parser in [`parse`] that reads the command's output.
    pub parser: String,
    /// A record that answers it, too, among other questions.
    #[serde(default)]
    pub from: Option<AnswerRecord>,
    /// What the number counts, in words: `entries`, `processes`, `kB`.
    #[serde(default)]
    pub unit: String,
    /// What an answer is worth as evidence of whose kernel answers.
    pub strength: EvidenceStrength,
    /// The fact that two figures must have in common to be compared, such as the size of a file.
    #[serde(default)]
    pub measured_with: Option<String>,
    /// How the answers of host and target are compared, if a namespace changes neither: what
    /// differs supports a kernel of its own, and what is equal supports the host's.
    #[serde(default)]
    pub compared: Option<ValueComparison>,
    /// What the answer proves and what it does not, in one or two sentences.
    pub proves: String,
    /// Where it changes from run to run without meaning (addresses, times, ids).
    #[serde(default)]
    pub volatile: Volatility,
    /// Whether the value identifies a person or machine and must be redacted or left out.
    #[serde(default)]
    pub sensitive: bool,
}

/// A capture that holds the answers to several questions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRecord {
    /// What follows the target in the capture's id: `startup.samples`, or a probe's id.
    pub capture: String,
    /// The name of the parser that reads this one answer in it; by default the probe's.
    #[serde(default)]
    pub parser: Option<String>,
    /// The label of the lines that hold the answer: what follows `<field>:`. By default the
    /// parser is given the whole.
    #[serde(default)]
    pub field: Option<String>,
}

/// Where a probe is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProbePlace {
    /// On the host, with the same script as in the containers.
    Host,
    /// In the container.
    Container,
    /// On the host, about the container while it runs.
    HostSide,
    /// By a measurement of its own (start-up, HTTP, I/O).
    Measurement,
    /// By a measurement of the host itself, without a container.
    HostMeasurement,
    /// Only in evidence that somebody else collected.
    Import,
}

/// Where an answer changes from run to run without meaning.
///
/// `true` is everywhere. A list of `host` and `container` is only there: the interfaces that a
/// host lists come and go with other containers, those in a container are part of its boundary.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "`true`, `false` or a list of `host` and `container` is wanted")]
pub enum Volatility {
    /// Everywhere, or nowhere.
    All(bool),
    /// In these places alone.
    In(Vec<ProbePlace>),
}

impl Default for Volatility {
    fn default() -> Self {
        Self::All(false)
    }
}

impl Volatility {
    /// Whether an answer of a target of this role is volatile.
    pub fn applies_to_role(&self, role: Role) -> bool {
        let place = if role == Role::Host { ProbePlace::Host } else { ProbePlace::Container };
        match self {
            Self::All(everywhere) => *everywhere,
            Self::In(places) => places.contains(&place),
        }
    }
}

/// How two answers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueComparison {
    /// Equal or different.
    Value,
    /// Equal within two seconds: the kernel rounds.
    Seconds,
    /// Equal or different, of something that changes while a machine runs: a module that is loaded,
    /// or the filter of devices that every container of cgroup v2 brings. A difference from a host
    /// that was looked at a moment before says nothing against a shared kernel.
    Moving,
}

/// What an answer is worth as evidence of whose kernel answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "lowercase")]
pub enum EvidenceStrength {
    /// It decides by itself.
    Decisive,
    /// It needs one more.
    Strong,
    /// It supports.
    Medium,
    /// It gives context.
    Weak,
    /// It proves nothing about kernel separation.
    None,
}

/// All probes by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProbeCatalogue {
    probes: BTreeMap<String, Probe>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    #[serde(default)]
    probe: Vec<Probe>,
}

impl ProbeCatalogue {
    /// The shipped catalogue with a project's own entries from `data` (its `data/` folder).
    ///
    /// # Errors
    ///
    /// A file is not valid TOML, has an unknown key, names an unknown parser, uses a bad id, or
    /// states an id twice; the error names file, line and id.
    pub fn load(data: Option<&Path>) -> Result<Self> {
        let mut catalogue = Self::default();
        for file in assets::read_all(AssetTree::Data, None, "catalogue/", ".toml")?.values() {
            catalogue.add_file(file)?;
        }
        // After all that is shipped, so that a project's entry wins whatever its file is called.
        let own = assets::read_all(AssetTree::Data, data, "catalogue/", ".toml")?;
        for file in own.values().filter(|file| !file.is_shipped) {
            catalogue.add_file(file)?;
        }
        Ok(catalogue)
    }

    /// The command whose output answers a probe; empty where no single command does.
    pub fn answering_command<'a>(&'a self, probe: &'a Probe) -> &'a str {
        let record = probe.from.as_ref().and_then(|record| self.find_probe(&record.capture));
        match record {
            Some(other) if probe.command.is_empty() => &other.command,
            _ => &probe.command,
        }
    }

    /// Adds the entries of one file; an entry overrides one of the same id from another file.
    fn add_file(&mut self, file: &TextFile) -> Result<()> {
        let entries: CatalogueFile = file.parse_toml().map_err(|error| match error.help {
            Some(_) => error,
            None => error.with_help("see the entries in data/catalogue/ for the keys of a probe"),
        })?;
        let mut here: BTreeMap<String, Probe> = BTreeMap::new();
        for probe in entries.probe {
            check_probe(&probe).map_err(|what| file.name_error(what))?;
            let id = probe.id.clone();
            if here.insert(id.clone(), probe).is_some() {
                return Err(file.name_error(format!("probe `{id}` is stated twice")));
            }
        }
        self.probes.extend(here);
        Ok(())
    }

    /// The probe of this id.
    pub fn find_probe(&self, id: &str) -> Option<&Probe> {
        self.probes.get(id)
    }

    /// All probes, sorted by id.
    pub fn iter_probes(&self) -> impl Iterator<Item = &Probe> {
        self.probes.values()
    }
}

fn check_probe(probe: &Probe) -> Result<(), String> {
    let id = &probe.id;
    let has_form = id.contains('.')
        && id.split('.').all(|part| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        });
    if !has_form {
        return Err(format!(
            "probe id `{id}` is not of the form `group.name` (lower-case letters, digits, `_`)"
        ));
    }
    let record = probe.from.iter().filter_map(|record| record.parser.as_ref());
    for parser in record.chain([&probe.parser]) {
        if !parse::NAMES.contains(&parser.as_str()) {
            let known = parse::NAMES.join(", ");
            let meant = closest_match(parser, parse::NAMES.iter().copied());
            let meant = meant.map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
            return Err(format!(
                "probe `{id}`: unknown parser `{parser}`{meant}; known are {known}"
            ));
        }
    }
    if probe.compared.is_some() && probe.strength == EvidenceStrength::None {
        return Err(format!(
            "probe `{id}`: `compared` is for answers that are evidence of a kernel"
        ));
    }
    if probe.place.is_empty() {
        return Err(format!("probe `{id}`: `where` is empty"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// The ids that other tools rely on, and those that imports state.
    const RELIED_ON: &[&str] = &[
        "app.health_status",
        "cpu.model",
        "cpu.model_compared",
        "dev.entries",
        "evidence.logged_at",
        "http.latency",
        "http.latency_reported",
        "kernel.banner",
        "kernel.boot_id",
        "kernel.cmdline",
        "kernel.dmesg_banner",
        "kernel.dmesg_lines",
        "kernel.release",
        "kernel.release_compared",
        "kernel.sys_module",
        "kernel.uname",
        "net.interfaces",
        "perf.io_write",
        "perf.io_write_rate",
        "priv.cap_eff",
        "proc.entries",
        "runtime.commit",
        "runtime.implementation",
        "runtime.version",
        "startup.wall",
    ];

    fn shipped() -> ProbeCatalogue {
        ProbeCatalogue::load(None).unwrap()
    }

    /// A sound entry with these lines in addition or instead.
    fn entry(id: &str, parser: &str, more: &str) -> String {
        format!(
            "[[probe]]\nid = \"{id}\"\ntitle = \"x\"\nasks = \"x\"\nwhere = [\"host\"]\n\
             parser = \"{parser}\"\nstrength = \"none\"\nproves = \"x\"\n{more}\n"
        )
    }

    fn refused(text: &str) -> String {
        let file = TextFile::from_own_text(text, "own/catalogue/own.toml");
        ProbeCatalogue::default().add_file(&file).unwrap_err().message
    }

    #[test]
    fn the_ids_that_others_rely_on_are_there() {
        let catalogue = shipped();
        for id in RELIED_ON {
            assert!(catalogue.find_probe(id).is_some(), "{id}");
        }
    }

    #[test]
    fn what_imports_state_is_marked_so() {
        let not_in_files = ["kernel.boot_id"];
        for id in RELIED_ON.iter().filter(|id| !not_in_files.contains(id)) {
            assert!(shipped().find_probe(id).unwrap().place.contains(&ProbePlace::Import), "{id}");
        }
    }

    #[test]
    fn an_id_stands_in_one_shipped_file_only() {
        let files = assets::read_all(AssetTree::Data, None, "catalogue/", ".toml").unwrap();
        let mut seen = BTreeSet::new();
        for file in files.values() {
            for probe in file.parse_toml::<CatalogueFile>().unwrap().probe {
                assert!(seen.insert(probe.id.clone()), "{} in {}", probe.id, file.origin);
            }
        }
        assert_eq!(seen.len(), shipped().iter_probes().count());
    }

    #[test]
    fn every_parser_is_used() {
        let catalogue = shipped();
        let parsers = catalogue.iter_probes().flat_map(|probe| {
            let record = probe.from.iter().filter_map(|record| record.parser.as_deref());
            record.chain([probe.parser.as_str()])
        });
        let used: BTreeSet<&str> = parsers.collect();
        assert_eq!(used.into_iter().collect::<Vec<_>>(), parse::NAMES);
    }

    #[test]
    fn every_question_is_a_question_and_every_answer_has_a_worth() {
        for probe in shipped().iter_probes() {
            assert!(probe.asks.ends_with('?'), "{}: {}", probe.id, probe.asks);
            assert!(probe.proves.ends_with('.'), "{}: {}", probe.id, probe.proves);
            assert!(probe.title.len() <= 40, "{}: {}", probe.id, probe.title);
        }
    }

    #[test]
    fn what_is_asked_in_a_script_has_a_command() {
        for probe in shipped().iter_probes() {
            let scripted =
                [ProbePlace::Host, ProbePlace::Container].iter().any(|p| probe.place.contains(p));
            assert!(!scripted || !shipped().answering_command(probe).is_empty(), "{}", probe.id);
        }
    }

    #[test]
    fn no_command_on_the_host_redirects_into_a_file() {
        for probe in shipped().iter_probes().filter(|probe| probe.place.contains(&ProbePlace::Host))
        {
            let rest = probe.command.replace(">/dev/null", "").replace(">&2", "");
            assert!(!rest.contains('>'), "{}: {}", probe.id, probe.command);
        }
    }

    #[test]
    fn every_command_is_sound_for_sh() {
        for probe in shipped().iter_probes().filter(|probe| !probe.command.is_empty()) {
            let shell = Command::new("sh").arg("-n").stdin(Stdio::piped()).spawn();
            let Ok(mut shell) = shell else { return };
            shell.stdin.take().unwrap().write_all(probe.command.as_bytes()).unwrap();
            assert!(shell.wait().unwrap().success(), "{}: {}", probe.id, probe.command);
        }
    }

    /// What a command prints where `/proc/self/cgroup` and `/sys/fs/cgroup` are these.
    fn printed_in(id: &str, groups: &str, files: &[(&str, &str)]) -> String {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::write(path("groups"), groups).unwrap();
        for (name, text) in files {
            let file = path("tree").join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let command = shipped().find_probe(id).unwrap().command.clone();
        let command = command
            .replace("/proc/self/cgroup", &path("groups").display().to_string())
            .replace("/sys/fs/cgroup", &path("tree").display().to_string());
        let output = Command::new("sh").args(["-c", &command]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn limits_are_those_of_the_own_group_under_every_version_of_control_groups() {
        let pure = ("0::/default/a\n", "default/a/", "");
        let root = ("0::/\n", "", "other/");
        // A container that sees its own group as the root of the tree.
        let hidden = ("0::/default/a\n", "", "other/");
        for (groups, own, other) in [pure, root, hidden] {
            let own = |name: &str| format!("{own}{name}");
            let other = |name: &str| format!("{other}{name}");
            let (memory, cpu, pids) = (own("memory.max"), own("cpu.max"), own("pids.max"));
            let (controllers, decoy) = (own("cgroup.controllers"), other("memory.max"));
            let files = [
                (decoy.as_str(), "7\n"),
                (&memory, "1024\n"),
                (&cpu, "50000 100000\n"),
                (&pids, "99\n"),
                (&controllers, "cpu memory pids\n"),
            ];
            assert_eq!(printed_in("cgroup.mem_max", groups, &files), "1024\n", "{groups}");
            assert_eq!(
                printed_in("cgroup.limits", groups, &files),
                "pids: 99\ncpu: 50000 100000\ncontrollers: cpu memory pids\n",
                "{groups}"
            );
        }
        let hybrid = "5:pids:/a\n4:cpu,cpuacct:/a\n3:memory:/a\n1:name=systemd:/a\n0::/b\n";
        let files = [
            ("memory/a/memory.limit_in_bytes", "2048\n"),
            ("memory/memory.limit_in_bytes", "7\n"),
            ("cpu/a/cpu.cfs_quota_us", "-1\n"),
            ("cpu/a/cpu.cfs_period_us", "100000\n"),
            ("pids/a/pids.max", "max\n"),
        ];
        assert_eq!(printed_in("cgroup.mem_max", hybrid, &files), "2048\n");
        assert_eq!(
            printed_in("cgroup.limits", hybrid, &files),
            "pids: max\ncpu: max 100000\ncontrollers: cpu cpuacct memory pids\n"
        );
        let plain = [("memory/memory.limit_in_bytes", "4096\n")];
        assert_eq!(printed_in("cgroup.mem_max", "3:memory:/a\n", &plain), "4096\n");
    }

    #[test]
    fn only_what_proves_a_shared_kernel_is_decisive() {
        let catalogue = shipped();
        let decisive =
            catalogue.iter_probes().filter(|probe| probe.strength == EvidenceStrength::Decisive);
        assert_eq!(
            decisive.map(|probe| probe.id.as_str()).collect::<Vec<_>>(),
            ["host.witness_kmsg", "host.witness_process", "kernel.boot_id"]
        );
    }

    #[test]
    fn a_projects_own_entries_override_and_add() {
        let own = tempfile::tempdir().unwrap();
        std::fs::create_dir(own.path().join("catalogue")).unwrap();
        let text = entry("kernel.release", "text", "") + &entry("own.thing", "line", "");
        std::fs::write(own.path().join("catalogue/own.toml"), text).unwrap();
        let catalogue = ProbeCatalogue::load(Some(own.path())).unwrap();
        assert_eq!(catalogue.find_probe("kernel.release").unwrap().parser, "text");
        assert_eq!(catalogue.iter_probes().count(), shipped().iter_probes().count() + 1);
    }

    #[test]
    fn a_projects_entry_wins_whatever_its_file_is_called() {
        for name in ["a.toml", "kernel.toml", "z.toml"] {
            let own = tempfile::tempdir().unwrap();
            std::fs::create_dir(own.path().join("catalogue")).unwrap();
            let text = entry("kernel.release", "text", "");
            std::fs::write(own.path().join("catalogue").join(name), text).unwrap();
            let catalogue = ProbeCatalogue::load(Some(own.path())).unwrap();
            assert_eq!(catalogue.find_probe("kernel.release").unwrap().parser, "text", "{name}");
            assert_eq!(catalogue.iter_probes().count(), shipped().iter_probes().count(), "{name}");
        }
    }

    #[test]
    fn an_error_names_the_file_and_what_is_wrong() {
        let twice = entry("a.b", "line", "") + &entry("a.b", "line", "");
        for (text, what) in [
            (entry("a.b", "line", "wehre = []"), "unknown key `wehre`"),
            (
                entry("a.b", "lien", ""),
                "unknown parser `lien`: did you mean `line`?; known are boolean,",
            ),
            (entry("Kernel.release", "line", ""), "probe id `Kernel.release` is not of the form"),
            (entry("kernel", "line", ""), "probe id `kernel` is not of the form"),
            (twice, "probe `a.b` is stated twice"),
            (entry("a.b", "line", "compared = \"value\""), "`compared` is for answers that"),
        ] {
            let message = refused(&text);
            assert!(message.starts_with("own/catalogue/own.toml:"), "{message}");
            assert!(message.contains(what), "{message}");
        }
    }

    #[test]
    fn what_is_volatile_on_the_host_alone_is_a_fact_in_a_container() {
        let catalogue = shipped();
        let volatile = |id: &str| &catalogue.find_probe(id).unwrap().volatile;
        for id in ["net.names", "net.mtu", "fs.types"] {
            assert!(
                volatile(id).applies_to_role(Role::Host)
                    && !volatile(id).applies_to_role(Role::Candidate),
                "{id}"
            );
        }
        assert!(volatile("kernel.uptime").applies_to_role(Role::Candidate));
        assert!(!volatile("kernel.release").applies_to_role(Role::Host));
    }

    #[test]
    fn a_volatile_that_is_no_place_says_what_is_wanted() {
        let text = entry("a.b", "line", "volatile = [\"hots\"]");
        assert!(refused(&text).contains("a list of `host` and `container` is wanted"));
    }

    #[test]
    fn an_empty_where_is_refused() {
        let text = entry("a.b", "line", "").replace("[\"host\"]", "[]");
        assert!(refused(&text).contains("probe `a.b`: `where` is empty"));
    }
}
