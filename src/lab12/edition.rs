//! The editions of the lab: what a submission must show, as data.
//!
//! They ship in `data/lab12/editions/<name>.toml`; a project's own file of the same name replaces one.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::assets::{self, TextFile};
use crate::error::Result;
use crate::judge::PackEdition;
use crate::model::{FactId, Role};

/// The name of the pack, of its folders and of the form of evidence that it imports.
pub(crate) const NAME: &str = "lab12";

/// The form of the lab.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "lowercase")]
pub enum Edition {
    /// The edition of autumn 2025: four tasks, evidence in `labs/lab12/<area>/`.
    F25,
    /// The edition of spring 2026: three tasks, evidence in `labs/lab12/results/`.
    S26,
}

impl_into_str!(Edition);

impl Edition {
    /// All editions, oldest first.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Whether the instructions ask for a file at this path.
    pub(crate) fn asks_for_file(self, path: &str) -> bool {
        static ASKED: OnceLock<BTreeMap<Edition, BTreeSet<String>>> = OnceLock::new();
        let asked = ASKED.get_or_init(|| {
            let specs = Self::ALL.iter().filter_map(|it| load_edition(*it, None).ok());
            let files = |spec: &EditionSpec| {
                let files = spec.requirement.iter().flat_map(|asked| &asked.files);
                files.map(|file| file.path.clone()).collect()
            };
            specs.map(|spec| (spec.edition, files(&spec))).collect()
        });
        asked.get(&self).is_some_and(|paths| paths.contains(path))
    }
}

impl std::str::FromStr for Edition {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|edition| edition.into_str() == name)
            .ok_or_else(|| format!("unknown edition `{name}`: known are f25 and s26"))
    }
}

/// What a submission of one edition must show.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditionSpec {
    /// The edition.
    pub edition: Edition,
    /// Its name for readers: `Autumn 2025`.
    pub title: String,
    /// The runtimes that it asks for, where it names them.
    #[serde(default)]
    pub pair: Option<LabPair>,
    /// Its tasks in order.
    pub task: Vec<LabTask>,
    /// Its requirements in the order in which a report shows them.
    pub requirement: Vec<LabRequirement>,
}

/// The two runtimes that the lab compares, by the words in their programs' and handlers' names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabPair {
    /// The one that the other is compared with: `runc`.
    pub baseline: String,
    /// The one whose isolation is in question: `kata`.
    pub candidate: String,
}

impl LabPair {
    /// The runtime that the lab wants in a role; none for the host.
    pub fn wanted_runtime(&self, role: Role) -> Option<&str> {
        match role {
            Role::Host => None,
            Role::Baseline => Some(&self.baseline),
            Role::Candidate => Some(&self.candidate),
        }
    }
}

/// One task of the lab.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabTask {
    /// Its number, from 1.
    pub number: u32,
    /// A few words for headings.
    pub title: String,
    /// What it is worth, where the lab says so.
    #[serde(default)]
    pub points: Option<u32>,
}

/// One thing that a submission must show.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabRequirement {
    /// Stable: `f25.2.kernel` is of edition f25, task 2.
    pub id: String,
    /// The number of its task.
    pub task: u32,
    /// A few words for tables.
    pub title: String,
    /// What must be shown, in one sentence.
    pub asks: String,
    /// What it is worth by itself, where the lab says so.
    #[serde(default)]
    pub points: Option<u32>,
    /// Whether it asks for an explanation, which no fact alone can give. The facts that it needs
    /// are then those without which a report has nothing to explain.
    #[serde(default)]
    pub prose: bool,
    /// Whether the explanation also needs a verdict that says which kernel the candidate has.
    #[serde(default)]
    pub verdict: bool,
    /// Whether it also asks for an example of work that the candidate is worth its cost for, and of
    /// work that it is not.
    #[serde(default)]
    pub examples: bool,
    /// What of it no look-up shows and only the author's own words can; else empty.
    #[serde(default)]
    pub author: String,
    /// The command that the lab gives without naming a file for its output; else empty.
    #[serde(default)]
    pub command: String,
    /// The facts that show it, all of them.
    #[serde(default)]
    pub needs: Vec<FactNeed>,
    /// The evidence files that the lab asks for.
    #[serde(default)]
    pub files: Vec<EvidenceFile>,
}

/// A fact that a requirement needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactNeed {
    /// The id of the fact in the catalogue.
    pub fact: String,
    /// The part of the target in the comparison.
    pub target: Role,
    /// The fact that shows as much where the first is missing.
    #[serde(default, rename = "or")]
    pub instead: Option<String>,
    /// Whether only evidence files have it: what a collected run has of the fact is another
    /// measurement.
    #[serde(default)]
    pub as_in_files: bool,
    /// How many samples are asked for.
    #[serde(default)]
    pub samples: usize,
    /// Whether its ratio to the baseline's is asked for, too.
    #[serde(default)]
    pub compared: bool,
}

/// An evidence file that the lab asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceFile {
    /// Its path in the lab's evidence folder, with `/` between the parts.
    pub path: String,
    /// The command that the lab gives for it; empty where it gives none.
    #[serde(default)]
    pub command: String,
}

impl PackEdition for EditionSpec {
    fn edition_name(&self) -> &str {
        self.edition.into_str()
    }

    fn document_template(&self) -> String {
        format!("{NAME}/{}.md", self.edition)
    }

    fn wanted_runtime(&self, role: Role) -> Option<&str> {
        self.pair.as_ref()?.wanted_runtime(role)
    }

    fn requests_for(&self, fact: FactId) -> Vec<&str> {
        let asked = self.requirement.iter();
        let asked = asked.filter(|asked| asked.needs.iter().any(|need| need.fact == fact));
        asked.map(|asked| asked.id.as_str()).collect()
    }

    fn file_command(&self, file: &str) -> Option<&str> {
        let mut files = self.requirement.iter().flat_map(|asked| &asked.files);
        let file = files.find(|known| known.path == file && !known.command.is_empty())?;
        Some(&file.command)
    }

    fn evidence_path(&self, path: &str, slot: &str) -> Option<String> {
        self.requirement.iter().flat_map(|asked| &asked.files).find(|file| file.path == slot)?;
        // A subfolder may have been read by itself.
        let is_inside = slot.strip_suffix(path).is_some_and(|folder| folder.ends_with('/'));
        Some(format!("labs/{NAME}/{}", if is_inside { slot } else { path }))
    }
}

impl EditionSpec {
    /// The edition of the lab that a report answers, if it answers one.
    pub(crate) fn of_pack(edition: &dyn PackEdition) -> Option<&Self> {
        (edition as &dyn Any).downcast_ref()
    }

    /// The requirements of a task, in order.
    pub fn of_task(&self, number: u32) -> impl Iterator<Item = &LabRequirement> {
        self.requirement.iter().filter(move |requirement| requirement.task == number)
    }
}

/// The requirements of an edition, from the project's `data/` folder if it has a file of its own.
pub(crate) fn load_edition(edition: Edition, own: Option<&Path>) -> Result<EditionSpec> {
    let name = format!("lab12/editions/{edition}.toml");
    read_edition(edition, &assets::read_data(own, &name)?)
}

fn read_edition(edition: Edition, file: &TextFile) -> Result<EditionSpec> {
    let help = "see data/lab12/editions/ for the keys of an edition";
    let spec: EditionSpec = file.parse_toml().map_err(|error| error.with_help(help))?;
    check_edition(&spec, edition).map_err(|what| file.name_error(what))?;
    Ok(spec)
}

fn check_edition(spec: &EditionSpec, edition: Edition) -> Result<(), String> {
    if spec.edition != edition {
        return Err(format!(
            "`edition` is {}, not {edition} as the file's name says",
            spec.edition
        ));
    }
    let mut tasks = BTreeSet::new();
    for task in &spec.task {
        if !tasks.insert(task.number) {
            return Err(format!("task {} is stated twice", task.number));
        }
    }
    let mut ids = BTreeSet::new();
    for requirement in &spec.requirement {
        let id = &requirement.id;
        check_requirement(requirement, edition, &tasks)
            .map_err(|what| format!("requirement `{id}`: {what}"))?;
        if !ids.insert(id) {
            return Err(format!("requirement `{id}` is stated twice"));
        }
    }
    Ok(())
}

fn check_requirement(
    requirement: &LabRequirement,
    edition: Edition,
    tasks: &BTreeSet<u32>,
) -> Result<(), String> {
    let LabRequirement { id, task, prose, verdict, examples, needs, .. } = requirement;
    if !tasks.contains(task) {
        return Err(format!("there is no task {task}"));
    }
    let prefix = format!("{edition}.{task}.");
    if id.strip_prefix(&prefix).is_none_or(str::is_empty) {
        return Err(format!("the id does not begin with `{prefix}`"));
    }
    if *verdict && !prose {
        return Err("`verdict = true` is for an explanation: `prose = true`".into());
    }
    if *examples && !prose {
        return Err("`examples = true` is for an explanation: `prose = true`".into());
    }
    if !prose && needs.is_empty() {
        return Err("it needs no fact and is not marked `prose = true`".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::catalogue::{ProbeCatalogue, ProbePlace};

    const F25: &[&str] = &[
        "f25.1.shim",
        "f25.1.run",
        "f25.2.health",
        "f25.2.kata",
        "f25.2.kernel",
        "f25.2.cpu",
        "f25.2.explain",
        "f25.3.dmesg",
        "f25.3.proc",
        "f25.3.net",
        "f25.3.modules",
        "f25.3.explain",
        "f25.4.startup",
        "f25.4.http",
        "f25.4.explain",
    ];
    const S26: &[&str] = &[
        "s26.1.host",
        "s26.1.install",
        "s26.1.kernels",
        "s26.1.explain",
        "s26.2.devices",
        "s26.2.caps",
        "s26.2.startup",
        "s26.2.io",
        "s26.2.explain",
        "s26.3.vector",
        "s26.3.runc",
        "s26.3.kata",
        "s26.3.explain",
    ];

    fn shipped() -> Vec<EditionSpec> {
        Edition::ALL.iter().map(|edition| load_edition(*edition, None).unwrap()).collect()
    }

    fn refused(text: &str) -> String {
        let file = TextFile::from_own_text(text, "own/lab12/editions/f25.toml");
        read_edition(Edition::F25, &file).unwrap_err().message
    }

    /// A sound edition with this in place of its requirement's lines.
    fn with(requirement: &str) -> String {
        format!(
            "edition = \"f25\"\ntitle = \"x\"\n[[task]]\nnumber = 1\ntitle = \"x\"\n\
             [[requirement]]\ntitle = \"x\"\nasks = \"x\"\n{requirement}"
        )
    }

    #[test]
    fn the_requirements_are_those_of_the_lab() {
        for (spec, wanted) in shipped().iter().zip([F25, S26]) {
            let ids: Vec<&str> = spec.requirement.iter().map(|r| r.id.as_str()).collect();
            assert_eq!(ids, wanted);
        }
    }

    #[test]
    fn the_autumn_rubric_gives_ten_points() {
        let spec = load_edition(Edition::F25, None).unwrap();
        let points: Vec<Option<u32>> = spec.task.iter().map(|task| task.points).collect();
        assert_eq!(points, [Some(2), Some(3), Some(3), Some(2)]);
    }

    #[test]
    fn every_needed_fact_is_in_the_catalogue() {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        for need in shipped().iter().flat_map(|s| &s.requirement).flat_map(|r| &r.needs) {
            assert!(catalogue.find_probe(&need.fact).is_some(), "{need:?}");
        }
    }

    #[test]
    fn every_fact_that_the_host_must_give_can_be_asked_there() {
        let catalogue = ProbeCatalogue::load(None).unwrap();
        for need in shipped().iter().flat_map(|s| &s.requirement).flat_map(|r| &r.needs) {
            let place = &catalogue.find_probe(&need.fact).unwrap().place;
            if need.target == Role::Host {
                assert!(place.contains(&ProbePlace::Host), "{need:?}");
            }
            assert!(place.iter().any(|place| *place != ProbePlace::Import), "{need:?}");
        }
    }

    #[test]
    fn a_file_has_one_command_wherever_it_is_asked_for() {
        for spec in shipped() {
            let mut commands = BTreeMap::new();
            for file in spec.requirement.iter().flat_map(|r| &r.files) {
                let before = commands.insert(file.path.clone(), file.command.clone());
                assert!(before.is_none_or(|before| before == file.command), "{}", file.path);
            }
        }
    }

    #[test]
    fn a_projects_own_file_replaces_the_shipped_one() {
        let own = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(own.path().join("lab12/editions")).unwrap();
        let text = with("id = \"f25.1.own\"\ntask = 1\nprose = true\n");
        std::fs::write(own.path().join("lab12/editions/f25.toml"), text).unwrap();
        let spec = load_edition(Edition::F25, Some(own.path())).unwrap();
        assert_eq!(spec.requirement[0].id, "f25.1.own");
        assert_eq!(spec.of_task(1).count(), 1);
        let other = load_edition(Edition::S26, Some(own.path())).unwrap();
        assert!(other.requirement.iter().any(|one| one.id == "s26.2.caps"));
    }

    #[test]
    fn an_error_names_the_file_and_the_id() {
        for (lines, what) in [
            ("id = \"f25.1.a\"\ntask = 1\n", "`f25.1.a`: it needs no fact"),
            ("id = \"f25.2.a\"\ntask = 1\nprose = true\n", "`f25.2.a`: the id does not begin"),
            ("id = \"f25.3.a\"\ntask = 3\nprose = true\n", "`f25.3.a`: there is no task 3"),
            ("id = \"f25.1.a\"\ntask = 1\nprose = true\nneed = []\n", "unknown key `need`"),
        ] {
            let message = refused(&with(lines));
            assert!(message.starts_with("own/lab12/editions/f25.toml:"), "{message}");
            assert!(message.contains(what), "{message}");
        }
    }

    #[test]
    fn a_requirement_stated_twice_is_refused() {
        let twice = with("id = \"f25.1.a\"\ntask = 1\nprose = true\n");
        let (_, second) = twice.split_once("[[requirement]]").unwrap();
        let message = refused(&format!("{twice}[[requirement]]{second}"));
        assert!(message.ends_with("requirement `f25.1.a` is stated twice"), "{message}");
    }

    #[test]
    fn a_file_about_another_edition_is_refused() {
        let message = refused(&with("").replace("\"f25\"", "\"s26\"").replace(
            "[[requirement]]\ntitle = \"x\"\nasks = \"x\"\n",
            "[[requirement]]\nid = \"s26.1.a\"\ntask = 1\ntitle = \"x\"\nasks = \"x\"\nprose = true\n",
        ));
        assert!(message.contains("`edition` is s26, not f25"), "{message}");
    }
}
