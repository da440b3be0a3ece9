//! The fleet file of a session, while the session goes on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::cluster::{ClusterNode, ClusterOptions, PodClass};
use crate::error::Result;
use crate::model::{FLEET_VERSION, Fleet, FleetClass, FleetNode, Generator, Run};
use crate::privacy::Redactor;
use crate::project::Project;
use crate::store::fleets::FleetStore;
use crate::store::{FleetBases, RunStore};

/// What a session was asked for, kept with what came of it so far.
pub(super) struct FleetRecord {
    store: FleetStore,
    fleet: Fleet,
    /// The place of each node by its name in the cluster.
    places: BTreeMap<String, usize>,
    /// The runs that others are packed against.
    bases: FleetBases,
}

/// The runs of a fleet of more nodes than this are packed, in a folder of their own.
const MAX_PLAIN_NODES: usize = 50;

impl FleetRecord {
    /// Writes what is asked for, before anything came of it.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(super) fn begin(
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
        let mut shown = |words: &str| match &mut redactor {
            Some(redactor) => redactor.redact_words(words),
            None => words.to_string(),
        };
        let class = |class: &PodClass| FleetClass {
            name: class.name.clone(),
            role: class.role,
            class: class.class.clone(),
            named: class.named,
        };
        let fleet = Fleet {
            schema_version: FLEET_VERSION,
            id: options.pods.session.clone(),
            label: options.label.clone(),
            created,
            ended: None,
            generator: Generator::this_program(),
            image: shown(&options.pods.image),
            classes: classes.iter().map(class).collect(),
            nodes: nodes
                .iter()
                .zip(&names)
                .map(|(node, name)| {
                    let pool = node.pool.as_deref().map(&mut shown);
                    FleetNode::not_reached(name, pool.as_deref())
                })
                .collect(),
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

    /// Writes the run of a node, and that it has one.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
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
        }
        self.store.save_fleet(&self.fleet)?;
        Ok(path)
    }

    /// The names of the nodes in the cluster, in order, each with its place in the fleet.
    pub(super) fn list_names(&self) -> BTreeMap<String, usize> {
        self.places.clone()
    }

    /// Keeps that the session is over.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(super) fn end(mut self, ended: DateTime<Utc>) -> Result<Fleet> {
        self.fleet.ended = Some(ended);
        self.store.save_fleet(&self.fleet)?;
        Ok(self.fleet)
    }
}
