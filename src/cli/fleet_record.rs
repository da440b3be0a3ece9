//! The fleet file of a session, while the session goes on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::cluster::{ClusterNode, ClusterOptions, PodClass};
use crate::error::{Error, Result};
use crate::model::{FLEET_VERSION, Fleet, FleetClass, FleetNode, Generator, Run};
use crate::privacy::Redactor;
use crate::project::Project;
use crate::store::fleets::FleetStore;
use crate::store::{FleetBases, RunStore};

/// What a session was asked for, kept with what came of it so far.
pub(super) struct FleetRecord {
    store: FleetStore,
    /// What is known so far of a session that can be gone on with.
    pub(super) fleet: Fleet,
    pub(super) places: BTreeMap<String, usize>,
    /// The runs that others are packed against.
    bases: FleetBases,
}

/// The runs of a fleet of more nodes than this are packed, in a folder of their own.
const MAX_PLAIN_NODES: usize = 50;

impl FleetRecord {
    /// Writes what is asked for, before anything came of it.
    pub(super) fn begin_fleet(
        project: &Project,
        options: &ClusterOptions,
        classes: &[PodClass],
        nodes: &[ClusterNode],
        mut redactor: Option<&mut Redactor>,
        created: DateTime<Utc>,
    ) -> Result<Self> {
        let names = nodes.iter().map(|node| match &redactor {
            Some(redactor) => redactor.host_pseudonym(&node.name),
            None => node.name.clone(),
        });
        let names: Vec<String> = names.collect();
        let image = redact_if_asked(&options.pods.image, redactor.as_deref_mut());
        let nodes_named = nodes.iter().zip(&names).map(|(node, name)| {
            let pool = node.pool.as_deref();
            let pool = pool.map(|pool| redact_if_asked(pool, redactor.as_deref_mut()));
            FleetNode::not_reached(name, pool.as_deref())
        });
        let fleet = Fleet {
            schema_version: FLEET_VERSION,
            id: options.pods.session.clone(),
            label: options.label.clone(),
            created,
            ended: None,
            generator: Generator::this_program(),
            image,
            classes: classes
                .iter()
                .map(|class| FleetClass {
                    name: class.name.clone(),
                    role: class.role,
                    class: class.class.clone(),
                    named: class.named,
                })
                .collect(),
            nodes: nodes_named.collect(),
        };
        let places = nodes.iter().enumerate().map(|(place, node)| (node.name.clone(), place));
        let record = Self {
            store: FleetStore::open_project(project),
            fleet,
            places: places.collect(),
            bases: FleetBases::default(),
        };
        record.store.save_fleet(&record.fleet)?;
        Ok(record)
    }

    /// That of a session that died. The nodes with these names in the cluster can be found; the
    /// others keep the name that the fleet has for them.
    /// Errors: the session ended by itself.
    pub(super) fn reopen_fleet<'a>(
        project: &Project,
        fleet: Fleet,
        redactor: Option<&Redactor>,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<Self> {
        if fleet.ended.is_some() {
            let words = format!("session {} ended: nothing of it is left to be read", fleet.id);
            return Err(Error::unusable_input(words)
                .with_help("`--resume` reads what a session left that was killed"));
        }
        let places = find_places(&fleet, redactor, names);
        let store = FleetStore::open_project(project);
        // The journal may end in the middle of a line.
        store.save_fleet(&fleet)?;
        Ok(Self { store, fleet, places, bases: FleetBases::default() })
    }

    pub(super) fn has_run(&self, node: &str) -> bool {
        self.places.get(node).is_some_and(|place| self.fleet.nodes[*place].run.is_some())
    }

    /// Keeps why nodes have no run: for the reason that is known of a node, or else for `usual`.
    pub(super) fn add_reasons(&mut self, known: &BTreeMap<String, String>, usual: &str) {
        for (name, place) in &self.places {
            let node = &mut self.fleet.nodes[*place];
            if node.run.is_none() {
                let words = known.get(name).map_or(usual, String::as_str);
                let classes = self.fleet.classes.iter();
                node.reasons = classes.map(|class| (class.name.clone(), words.into())).collect();
            }
        }
    }

    /// Writes the run of a node, and that it has one.
    pub(super) fn keep_run(
        &mut self,
        runs: &RunStore,
        node: &str,
        run: &mut Run,
    ) -> Result<PathBuf> {
        let path = match self.fleet.nodes.len() > MAX_PLAIN_NODES {
            true => runs.save_fleet_run(run, &self.fleet.id, &mut self.bases)?,
            false => runs.save_run(run)?.0,
        };
        if let Some(place) = self.places.get(node) {
            self.fleet.add_run(*place, run);
            self.store.append_node(&self.fleet, *place)?;
        }
        Ok(path)
    }

    pub(super) fn end_fleet(mut self, ended: DateTime<Utc>) -> Result<Fleet> {
        self.fleet.ended = Some(ended);
        self.store.save_fleet(&self.fleet)?;
        Ok(self.fleet)
    }
}

/// The places of the nodes of a fleet that is gone on with: by `names` in the cluster where it is
/// among them, else by the name in the fleet. Of nodes that have one name there, those without a run
/// come first.
fn find_places<'a>(
    fleet: &Fleet,
    redactor: Option<&Redactor>,
    names: impl Iterator<Item = &'a str>,
) -> BTreeMap<String, usize> {
    let mut stored: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, node) in fleet.nodes.iter().enumerate() {
        stored.entry(&node.name).or_default().push(place);
    }
    for list in stored.values_mut() {
        list.sort_by_key(|place| fleet.nodes[*place].run.is_none());
    }
    let mut places = BTreeMap::new();
    for name in names {
        let shown = redactor.map_or(name.into(), |redactor| redactor.host_pseudonym(name));
        let known = if stored.contains_key(shown.as_str()) { shown.as_str() } else { name };
        if let Some(place) = stored.get_mut(known).and_then(Vec::pop) {
            places.insert(name.to_string(), place);
        }
    }
    for (name, left) in stored {
        for place in left {
            let mut own = name.to_string();
            while places.contains_key(&own) {
                own.push_str(" (another)");
            }
            places.insert(own, place);
        }
    }
    places
}

fn redact_if_asked(words: &str, redactor: Option<&mut Redactor>) -> String {
    match redactor {
        Some(redactor) => redactor.redact_words(words),
        None => words.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::kata_fleet;

    #[test]
    fn of_two_nodes_with_one_name_each_keeps_its_place() {
        let mut fleet = kata_fleet("aa11");
        for name in ["a", "a", "b"] {
            fleet.nodes.push(FleetNode::not_reached(name, None));
        }
        fleet.nodes[0].run = Some("r1".into());
        let places = find_places(&fleet, None, ["a"].into_iter());
        // The one that has no run yet is the one that is read now.
        assert_eq!(places["a"], 1);
        let mut all: Vec<usize> = places.into_values().collect();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2]);
    }
}
