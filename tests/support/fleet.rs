//! Fleets that nobody collected: the run of a real node, told again for as many as are wanted.

use std::path::Path;
use std::sync::LazyLock;

use isoproof::model::{
    Capture, CapturedStream, EvidenceKind, FLEET_VERSION, Fleet, FleetClass, FleetNode, Generator,
    Role, Run,
};
use isoproof::probe::catalogue::ProbeCatalogue;
use isoproof::store::{FleetBases, file};

use super::{Project, own_path};

/// What a node is to show.
#[derive(Clone, Copy)]
pub struct MadeNode {
    /// Its place, of which its name is made.
    pub place: usize,
    /// The machine that it is on, of which its boot id is made.
    pub machine: usize,
    /// The release of its kernel.
    pub kernel: &'static str,
    /// Whether `kata` has a kernel of its own there.
    pub is_isolated: bool,
    /// Whether it was reached.
    pub is_reached: bool,
}

impl MadeNode {
    /// A node that is as it should be.
    pub fn sound_node(place: usize) -> Self {
        Self {
            place,
            machine: place,
            kernel: "6.18.44-fc-v657",
            is_isolated: true,
            is_reached: true,
        }
    }
}

/// The run of a node of a real cluster, where runc and a false Kata share the node's kernel.
static REAL_RUN: LazyLock<Run> = LazyLock::new(|| {
    let path = own_path("tests/fleets/node.json");
    let text = std::fs::read_to_string(&path).unwrap();
    file::from_text(&text, &path).unwrap()
});

static CATALOGUE: LazyLock<ProbeCatalogue> = LazyLock::new(|| ProbeCatalogue::load(None).unwrap());

const KERNEL: &str = "6.18.44-fc-v657";
const BOOT_ID: &str = "70dce511-c918-48b5-9461-f5fe96e59262";

/// Exchanges words in what a capture printed.
fn exchange_words(capture: &mut Capture, words: &[(&str, String)]) {
    let mut text = String::from_utf8(capture.stdout.decoded_bytes().unwrap().to_vec()).unwrap();
    for (old, new) in words {
        text = text.replace(old, new);
    }
    capture.stdout = CapturedStream::new(text.as_bytes());
}

/// The run of a node.
pub fn node_run(session: &str, node: &MadeNode) -> Run {
    let mut run = REAL_RUN.clone();
    let number = node.place;
    run.created += chrono::TimeDelta::seconds(i64::try_from(number).unwrap() / 20);
    if let EvidenceKind::Collected { node: name, session: id, .. } = &mut run.evidence {
        *name = Some(format!("host-{number:06x}"));
        *id = session.into();
    }
    let machine = node.machine;
    let own = |kind: usize| format!("{machine:08x}-0000-4000-8000-{kind:012x}");
    for (place, capture) in run.captures.iter_mut().enumerate() {
        if let Some(duration) = &mut capture.duration_ms {
            // Times differ from node to node, whatever else is alike.
            *duration += f64::from(u32::try_from((number * 37 + place * 11) % 500).unwrap()) / 1e3;
        }
        let is_kata = capture.target.as_deref() == Some("kata");
        match is_kata && node.is_isolated {
            true => exchange_words(
                capture,
                &[(BOOT_ID, own(1)), (KERNEL, "6.12.47".into()), ("Fri Jul", "Mon Nov".into())],
            ),
            false => exchange_words(capture, &[(BOOT_ID, own(0)), (KERNEL, node.kernel.into())]),
        }
    }
    run.facts = isoproof::store::integrity::derive_facts(&run, &CATALOGUE);
    run
}

/// Writes a fleet of these nodes into a project, as a session would.
pub fn write_fleet(folder: &Path, session: &str, age_days: i64, nodes: &[MadeNode]) {
    let mut bases = FleetBases::default();
    let project = isoproof::project::Project::open_folder(folder).unwrap();
    let store = isoproof::store::RunStore::open_project(&project).unwrap();
    let created = REAL_RUN.created - chrono::TimeDelta::days(age_days);
    let class = |name: &str, role| FleetClass {
        name: name.into(),
        role,
        class: Some(name.into()),
        named: true,
    };
    let mut fleet = Fleet {
        schema_version: FLEET_VERSION,
        id: session.into(),
        label: None,
        created,
        ended: Some(created + chrono::TimeDelta::minutes(5)),
        generator: Generator::this_program(),
        image: "alpine:3.19".into(),
        classes: vec![class("runc", Role::Baseline), class("kata", Role::Candidate)],
        nodes: Vec::new(),
    };
    for (index, node) in nodes.iter().enumerate() {
        let pool = if node.place % 2 == 0 { "general" } else { "sandboxed" };
        let name = format!("host-{:06x}", node.place);
        fleet.nodes.push(FleetNode::not_reached(&name, Some(pool)));
        if node.is_reached {
            let mut run = node_run(session, node);
            run.created -= chrono::TimeDelta::days(age_days);
            store.save_fleet_run(&mut run, session, &mut bases).unwrap();
            fleet.add_run(index, &run);
        }
    }
    isoproof::store::fleets::FleetStore::open_project(&project).save_fleet(&fleet).unwrap();
}

/// A project with two fleets of four nodes: in the newer one the second node shares its kernel with
/// Kata's class, the third has another kernel, and the fourth was not reached.
pub fn project_with_fleets() -> Project {
    let project = Project::plain();
    let before: Vec<MadeNode> = (0..4).map(MadeNode::sound_node).collect();
    write_fleet(project.root(), "aaaaaaaaaaaa", 1, &before);
    let mut after = before;
    after[1].is_isolated = false;
    after[2].kernel = "6.19.1-fc-v700";
    after[3].is_reached = false;
    write_fleet(project.root(), "bbbbbbbbbbbb", 0, &after);
    project
}
