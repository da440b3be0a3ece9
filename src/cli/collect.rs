//! `isoproof collect`: capture evidence with a container engine. `isoproof clean`: remove what a
//! killed session left.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use super::check;
use super::console::{Console, columns, count};
use crate::collect::{self, Options, Progress, Wanted};
use crate::engine::{Kind, clean, interrupt};
use crate::error::Result;
use crate::import;
use crate::knowledge::faults::Faults;
use crate::model::{Edition, Evidence};
use crate::privacy::Redactor;
use crate::probe::catalogue::Catalogue;
use crate::project::Project;
use crate::report::{Shelf, Subject};
use crate::store::{Store, reference};

/// The arguments of `collect`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The engine: nerdctl, docker, podman, ctr, or builtin (plain namespaces, no engine);
    /// by default the first that answers
    #[arg(long, value_name = "ENGINE")]
    engine: Option<Kind>,
    /// A runtime to probe, any number of times; by default the engine's own and every sandbox
    #[arg(long = "runtime", value_name = "NAME[=HANDLER]")]
    runtimes: Vec<Wanted>,
    /// The runtime that the others are compared with; by default runc
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// The image of the containers
    #[arg(long, default_value = "alpine:3.19")]
    image: String,
    /// The edition of the lab that the run is for
    #[arg(long, default_value = "f25")]
    edition: Edition,
    /// A name for the run
    #[arg(long)]
    label: Option<String>,
    /// Keep host names, user names, MAC and public addresses as they are
    #[arg(long)]
    no_redact: bool,
    /// How many seconds one container may take
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// How many starts of each runtime are measured; 0 measures none
    #[arg(long, value_name = "N", default_value_t = 10)]
    samples: u32,
    /// How many starts of each runtime are thrown away first
    #[arg(long, value_name = "N", default_value_t = 1)]
    warmup: u32,
    /// Let each container write one line to the host's kernel log, as a second witness
    #[arg(long)]
    kernel_log_witness: bool,
}

/// Collects, and prints the id of the run as the last line.
pub fn run(project: &Project, arguments: &Arguments, console: &Console) -> Result<ExitCode> {
    if let Some(label) = &arguments.label {
        reference::check_label(label)?;
    }
    let catalogue = Catalogue::load(Some(&project.data()))?;
    let mut redactor = match arguments.no_redact {
        true => None,
        false => Some(Redactor::of_project(&project.private())?),
    };
    let options = Options {
        engine: arguments.engine,
        runtimes: arguments.runtimes.clone(),
        baseline: arguments.baseline.clone(),
        image: arguments.image.clone(),
        edition: arguments.edition,
        label: arguments.label.clone(),
        timeout: Duration::from_secs(arguments.timeout),
        rounds: collect::Rounds { warmup: arguments.warmup, samples: arguments.samples },
        kernel_log_witness: arguments.kernel_log_witness,
    };
    let cancel = interrupt::listen()?;
    let faults = Faults::load(Some(&project.data()))?;
    let steps = Steps { console, begun: Instant::now(), faults };
    let mut run =
        collect::collect(&options, &catalogue, redactor.as_mut(), import::now()?, &cancel, &steps)?;
    let store = Store::of(project)?;
    let (path, _) = store.save(&mut run)?;
    console.note(&format!(
        "{} written to {}",
        count(run.captures.len(), "capture"),
        path.display()
    ));
    if let Evidence::Collected { interrupted: true, .. } = run.evidence {
        console.warning("stopped before it was complete: what was captured so far is kept");
    }
    let shelf = Shelf::load(Some(&project.data()))?;
    let loaded = store.load(&path.to_string_lossy(), &project.root)?;
    let subject = Subject::new(loaded, Some(arguments.edition), &shelf)?;
    console.print(&format!("{}\n{}\n", summary(&subject, console), subject.run.id))?;
    Ok(ExitCode::SUCCESS)
}

/// Target, verdict, how many facts there are and how many are missing.
fn summary(subject: &Subject, console: &Console) -> String {
    let mut rows = vec![["  target", "facts", "missing"].map(String::from).to_vec()];
    for target in &subject.run.targets {
        let of = subject.run.facts.values().filter_map(|by| by.get(&target.name));
        let (present, missing): (Vec<_>, Vec<_>) = of.partition(|fact| fact.is_present());
        rows.push(vec![
            format!("  {}", target.name),
            present.len().to_string(),
            missing.len().to_string(),
        ]);
    }
    format!(
        "{}\n{}\n{}\n",
        columns(&rows),
        check::verdict_lines(subject, console),
        check::tally(subject, console)
    )
}

/// Says on standard error what is being captured, with the time since the beginning.
struct Steps<'a> {
    console: &'a Console,
    begun: Instant,
    faults: Faults,
}

impl Progress for Steps<'_> {
    fn step(&self, target: &str, what: &str) {
        let seconds = self.begun.elapsed().as_secs_f64();
        self.console.progress(&format!("{seconds:5.1} s  {target}: {what}"));
    }

    fn trouble(&self, target: &str, what: &str) {
        self.console.warning(&format!("{target}: {what}"));
        if let Some(fault) = self.faults.explain(what) {
            self.console.note(&format!("{target}: {} {}", fault.cause, fault.fix));
        }
    }
}

/// Removes the containers that killed sessions left, under every engine.
pub fn clean(console: &Console) -> Result<ExitCode> {
    let removed: usize = Kind::ALL.into_iter().map(|engine| clean::sweep(engine, None)).sum();
    console.print(&format!("{} removed\n", count(removed, "container")))?;
    Ok(ExitCode::SUCCESS)
}
