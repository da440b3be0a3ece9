//! A session under way: what stays the same while it captures, and what removes what it started.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::estimate::MeasurePlan;
use super::options::CollectOptions;
use super::progress::CollectProgress;
use super::work::SessionWork;
use super::work_part::WorkPart;
use crate::engine::{self, ContainerMode, ContainerSpec, EngineKind, clean, facts};
use crate::error::{Error, Result};
use crate::model::Target;
use crate::probe::catalogue::ProbeCatalogue;
use crate::process::{CancelFlag, run_command};
use crate::stats::RandomSequence;

pub(super) struct CollectSession<'a> {
    pub(super) id: String,
    pub(super) folder: clean::SessionFolder,
    pub(super) engine: EngineKind,
    pub(super) options: &'a CollectOptions,
    pub(super) labels: Vec<(String, String)>,
    pub(super) cancel: &'a CancelFlag,
    pub(super) catalogue: &'a ProbeCatalogue,
    pub(super) progress: &'a dyn CollectProgress,
    pub(super) begun: Instant,
    pub(super) plan: MeasurePlan,
    pub(super) work: SessionWork,
    /// What docker's configuration names its runtimes, once it was asked.
    pub(super) docker_runtimes: OnceLock<serde_json::Value>,
}

impl CollectSession<'_> {
    /// Tells who waits that a step begins; once the session is stopped, none does.
    pub(super) fn begin_step(&self, part: WorkPart, target: &str, what: &str) {
        if self.is_cancelled() {
            return;
        }
        let planned = self.work.begin_step(part);
        let mut done = planned;
        if let Some(budget) = self.options.budget {
            let spent = self.begun.elapsed().as_secs_f64() / budget.as_secs_f64();
            done = if spent < 1.0 { spent } else { planned };
        }
        self.progress.on_step(target, what, Some(done));
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(super) fn container_name(&self, target: &str, part: &str) -> String {
        format!("isoproof-{}-{target}-{part}", self.id)
    }

    /// The options that every container of this session gets.
    pub(super) fn container_options(&self, container: &str) -> Vec<String> {
        self.folder.id_options(container)
    }

    /// The command line that runs a container of this session's image under a target.
    pub(super) fn container_argv(
        &self,
        spec: &Target,
        name: &str,
        command: &[&str],
        mode: ContainerMode,
        more: &[String],
    ) -> Vec<String> {
        let mut options = self.container_options(name);
        options.extend(more.iter().cloned());
        let container = ContainerSpec {
            name,
            labels: &self.labels,
            image: &self.options.image,
            handler: spec.handler.as_deref(),
            command,
            mode,
            options: &options,
        };
        engine::run_argv(self.engine, &container)
    }

    /// The image is there before anything is started: a pull is never part of a measurement.
    pub(super) fn ensure_image(&self, image: &str) -> Result<()> {
        if facts::has_image(self.engine, image, self.cancel)? {
            return Ok(());
        }
        self.progress.on_step("image", "pulling", None);
        let name = self.engine.into_str().to_string();
        let argv = match self.engine {
            EngineKind::Ctr => vec![name, "images".into(), "pull".into(), engine::full_name(image)],
            _ => vec![name, "pull".into(), image.into()],
        };
        let pulled = run_command(&argv, Duration::from_secs(300), self.cancel)?;
        if pulled.is_success() {
            return Ok(());
        }
        Err(Error::failed_environment(format!(
            "the image {image} is not there and cannot be pulled: {}",
            pulled.error_summary()
        ))
        .with_help("load it first, or name one that is there with --image"))
    }

    /// What decides an order: the session's id, so that the order can be made again from the record.
    pub(super) fn seeded_random(&self, part: &str) -> RandomSequence {
        let bytes = self.id.bytes().chain(part.bytes());
        // FNV-1a.
        RandomSequence::new(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }
}

/// Removes what a session started when the session ends, by a panic too.
pub(super) struct SessionCleaner<'a>(pub(super) &'a CollectSession<'a>);

impl Drop for SessionCleaner<'_> {
    fn drop(&mut self) {
        if self.0.is_cancelled() {
            self.0.progress.on_step("after", "removing what was started", None);
            // A container that a killed client asked for may appear a moment later.
            std::thread::sleep(Duration::from_millis(150));
        }
        for left in clean::remove_orphans(self.0.engine, Some(&self.0.id)).left {
            let words = format!("{left} could not be removed: `isoproof clean` tries again");
            self.0.progress.on_trouble("after", &words);
        }
    }
}
