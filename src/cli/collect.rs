//! `isoproof collect`: capture evidence with a container engine.

use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::check;
use super::closed_lists::{FOR_A_COURSE, edition_parser, engine_parser};
use super::cluster::EngineChoice;
use super::console::{Console, StepReport, count_words};
use super::doctor::NO_ENGINE;
use super::styled::StyledText;
use crate::clock;
use crate::collect::{
    self, AppRequest, CollectOptions, CollectProgress, DEFAULT_APP, FEWEST, MeasureCounts,
    PerfOptions, RequestLoad, RoundCounts, RuntimeArgument, SessionEstimate, THOROUGH, USUAL,
};
use crate::doctor;
use crate::engine::{self, EngineKind, interrupt, parse_image_name};
use crate::error::{Error, Result};
use crate::knowledge::faults::KnownFaults;
use crate::model::application::is_success_status;
use crate::model::{EvidenceKind, Fact, Role, Run, Target, fact_ids};
use crate::privacy::Redactor;
use crate::probe::catalogue::ProbeCatalogue;
use crate::project::Project;
use crate::report::{Assessment, ProjectData};
use crate::store::{RunStore, reference};

/// The exit status when the user stopped it, as a shell reports Ctrl-C.
pub(super) const STOPPED: u8 = 130;

/// The arguments of `collect`, and those of `run` that say what is captured.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Ctrl-C, SIGTERM and SIGHUP stop it: its containers are removed, what was \
                  captured is kept as a run marked as interrupted, and the exit status is 130, \
                  also if nothing was captured. A second one ends it at once; `isoproof clean` \
                  then removes what is left.")]
pub(super) struct CollectArguments {
    /// The engine, by default the first that answers; builtin makes plain namespaces; `collect`
    /// also knows kubernetes, pods on nodes of a cluster
    #[arg(long, value_name = "ENGINE", value_parser = engine_parser())]
    engine: Option<EngineChoice>,
    /// A runtime to probe, any number of times; by default the engine's own and every sandbox
    #[arg(long = "runtime", value_name = "NAME[=HANDLER]")]
    runtimes: Vec<RuntimeArgument>,
    /// The runtime that the others are compared with; by default runc
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub baseline: Option<String>,
    /// The image of the containers; by default alpine:3.19
    #[arg(long, value_parser = parse_image_name)]
    image: Option<String>,
    /// The edition that the run is for; by default that of book.toml
    #[arg(long, value_parser = edition_parser(), help_heading = FOR_A_COURSE)]
    edition: Option<String>,
    /// A name for the run
    #[arg(long)]
    pub label: Option<String>,
    /// Keep names, addresses, ids and secrets as they are
    #[arg(long)]
    pub no_redact: bool,
    /// Only the verdict on each runtime, in a few seconds: probes and witness, nothing is measured;
    /// `run` builds no report
    #[arg(long, conflicts_with_all = ["samples", "warmup", "max_time", "io_size", "app",
          "app_command", "requests", "rate", "allow_privileged"])]
    pub quick: bool,
    /// Three times as many starts, twice as many measurements inside the containers and four times
    /// as many requests: narrower intervals, in about three times the time
    #[arg(long, conflicts_with_all = ["quick", "samples", "requests"])]
    thorough: bool,
    /// How long the session may take, such as 90s or 5min: it measures everything six times, and
    /// spends the rest where the intervals are widest
    #[arg(long, value_name = "TIME", value_parser = parse_budget,
          conflicts_with_all = ["quick", "thorough", "samples", "max_time"])]
    budget: Option<Duration>,
    /// How many seconds one container may take
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
    /// How many starts of each runtime are measured; by default 10, in a cluster none; 0 measures
    /// none
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub samples: Option<u32>,
    /// How many starts of each runtime are thrown away first
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=1000))]
    warmup: u32,
    /// After how many seconds of a series no further start or round is begun
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..))]
    max_time: Option<u64>,
    /// Leave out how fast processor, system calls and files are in the containers
    #[arg(long)]
    no_perf: bool,
    /// The size in MiB of the file that is written and read in each container; by default 256,
    /// if there is room
    #[arg(long, value_name = "MIB", conflicts_with = "no_perf", value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    io_size: Option<u64>,
    /// Let each container write one line to the host's kernel log, as a second witness
    #[arg(long)]
    kernel_log_witness: bool,
    /// The image of the web application; by default bkimminich/juice-shop:v19.0.0 if it is there
    #[arg(long, value_name = "IMAGE", conflicts_with = "no_app", value_parser = parse_image_name)]
    app: Option<String>,
    /// The port on which the application listens
    #[arg(long, value_name = "N", default_value_t = 3000, value_parser = clap::value_parser!(u16).range(1..))]
    app_port: u16,
    /// The port of this machine that leads to the application
    #[arg(long, value_name = "N", default_value_t = 3012, value_parser = clap::value_parser!(u16).range(1..))]
    host_port: u16,
    /// The command of the application in place of its image's own; quotes as in a shell
    #[arg(long, value_name = "COMMAND", value_parser = parse_command_words)]
    app_command: Option<ApplicationCommand>,
    /// How many requests to the application are measured, over new connections and over one
    #[arg(long, value_name = "N", default_value_t = USUAL.requests, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    requests: u32,
    /// How many requests are due in a second, answered or not; by default each waits for the one
    /// before
    #[arg(long, value_name = "R", value_parser = parse_rate)]
    rate: Option<f64>,
    /// Leave the web application out
    #[arg(long)]
    no_app: bool,
    /// Start a privileged container too, and share a file that isoproof makes for this with it; in
    /// a cluster, the pod of --node-view
    #[arg(long)]
    pub allow_privileged: bool,
}

/// The image of the containers where none is named.
const DEFAULT_IMAGE: &str = "alpine:3.19";

/// The longest budget, in seconds: a day.
const LONGEST: u64 = 24 * 3600;

/// A time with its unit.
fn parse_budget(text: &str) -> Result<Duration, String> {
    const WANTED: &str = "a whole number with its unit is wanted, such as 90s, 5min or 1h";
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or(WANTED)?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => return Err(WANTED.into()),
    };
    let seconds = number.parse::<u64>().map_err(|_| WANTED)?.saturating_mul(unit);
    match (1..=LONGEST).contains(&seconds) {
        true => Ok(Duration::from_secs(seconds)),
        false => Err("a session takes between 1s and 24h".into()),
    }
}

/// Requests in a second.
fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "a number of requests a second is wanted")?;
    match (0.01..=10_000.0).contains(&rate) {
        true => Ok(rate),
        false => Err("between 0.01 and 10000 requests a second can be made".into()),
    }
}

impl CollectArguments {
    pub(super) fn edition_name(&self) -> Option<&str> {
        self.edition.as_deref()
    }

    pub(super) fn is_in_cluster(&self) -> bool {
        self.engine == Some(EngineChoice::Cluster)
    }

    fn machine_engine(&self) -> Option<EngineKind> {
        self.engine.and_then(EngineChoice::on_machine)
    }

    /// Refuses what has no meaning in a cluster.
    pub(super) fn refuse_for_cluster(&self) -> Result<()> {
        if !self.runtimes.is_empty() {
            return Err(Error::unusable_input("--runtime is about an engine of this machine")
                .with_help("classes of a cluster are named with --runtime-class"));
        }
        let given = [
            ("--thorough", self.thorough),
            ("--budget", self.budget.is_some()),
            ("--max-time", self.max_time.is_some()),
            ("--io-size", self.io_size.is_some()),
            ("--kernel-log-witness", self.kernel_log_witness),
            ("--app", self.app.is_some()),
            ("--app-command", self.app_command.is_some()),
            ("--rate", self.rate.is_some()),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((option, _)) => {
                Err(Error::unusable_input(format!("{option} is about an engine of this machine"))
                    .with_help(
                        "in a cluster the probes run, and --samples N times starts: leave it out",
                    ))
            }
        }
    }

    pub(super) fn image_name(&self) -> String {
        self.image.clone().unwrap_or_else(|| DEFAULT_IMAGE.into())
    }

    /// Refuses an image where no container is made of one.
    fn refuse_image_of_namespaces(&self) -> Result<()> {
        if self.machine_engine() != Some(EngineKind::Builtin) || self.image.is_none() {
            return Ok(());
        }
        Err(Error::unusable_input(
            "--image is about an engine, and builtin is none: its namespaces have no image",
        )
        .with_help("leave it out, or name another engine with --engine"))
    }

    fn measure_counts(&self) -> MeasureCounts {
        match (self.thorough, self.budget) {
            (true, _) => THOROUGH,
            (_, Some(_)) => MeasureCounts { requests: self.requests, ..FEWEST },
            _ => MeasureCounts {
                samples: self.samples.unwrap_or(USUAL.samples),
                requests: self.requests,
                ..USUAL
            },
        }
    }

    fn round_counts(&self) -> RoundCounts {
        RoundCounts {
            warmup: self.warmup,
            samples: if self.quick { 0 } else { self.measure_counts().samples },
            max_time: self.max_time.map(Duration::from_secs),
        }
    }

    /// Whether the user leaves engine, runtimes and images to us.
    pub(super) fn asks_for_nothing(&self) -> bool {
        self.engine.is_none() && self.runtimes.is_empty() && self.app.is_none()
    }

    /// Refuses a target that a report cannot be about, before anything is captured.
    /// Errors: the runtimes were listed, and it is none of them; the error lists them.
    pub(crate) fn check_target(&self, target: &str) -> Result<()> {
        let names: Vec<&str> = self.runtimes.iter().map(|wanted| wanted.name.as_str()).collect();
        if names.is_empty() || names.contains(&target) {
            return Ok(());
        }
        Err(Error::unusable_input(format!("`{target}` is none of the runtimes to be tested"))
            .with_help(format!("a report can be about {}", names.join(", "))))
    }

    fn first_measuring_option(&self) -> Option<&'static str> {
        let given = [
            ("--samples", self.samples.is_some()),
            ("--thorough", self.thorough),
            ("--budget", self.budget.is_some()),
            ("--max-time", self.max_time.is_some()),
            ("--io-size", self.io_size.is_some()),
            ("--rate", self.rate.is_some()),
        ];
        given.into_iter().find_map(|(option, is_given)| is_given.then_some(option))
    }

    /// Whether something is asked for that plain namespaces do not have.
    fn needs_engine(&self) -> bool {
        !self.runtimes.is_empty()
            || self.baseline.is_some()
            || self.image.is_some()
            || self.app.is_some()
    }

    pub(super) fn with_engine(&self, engine: EngineKind) -> Self {
        Self { engine: Some(EngineChoice::Machine(engine)), ..self.clone() }
    }

    /// What the machine is looked at for before.
    pub(super) fn doctor_options(&self) -> doctor::DoctorOptions {
        doctor::DoctorOptions {
            engine: self.machine_engine(),
            runtimes: self.runtimes.clone(),
            image: self.image_name(),
            app: self.app.clone().unwrap_or_else(|| DEFAULT_APP.into()),
            smoke: false,
            timeout: Duration::from_secs(self.timeout),
        }
    }

    fn perf_options(&self) -> Option<PerfOptions> {
        let max_time = self.max_time.map(Duration::from_secs);
        let rounds = self.measure_counts().speed_rounds;
        let perf = PerfOptions { rounds, io_size: self.io_size, max_time };
        (!self.no_perf && !self.quick).then_some(perf)
    }

    fn app_request(&self) -> Option<AppRequest> {
        (!self.no_app && !self.quick).then(|| AppRequest {
            image: self.app.clone(),
            port: self.app_port,
            host_port: self.host_port,
            command: self.app_command.clone().map(|words| words.0).unwrap_or_default(),
            load: RequestLoad { requests: self.measure_counts().requests, rate: self.rate },
        })
    }
}

#[derive(Debug, Clone)]
struct ApplicationCommand(Vec<String>);

fn parse_command_words(text: &str) -> Result<ApplicationCommand, String> {
    let words = shell_words::split(text)
        .map_err(|error| format!("{error}: close it, or put a backslash before it"))?;
    match words.is_empty() {
        true => Err("it names no command: leave it out for that of the image".into()),
        false => Ok(ApplicationCommand(words)),
    }
}

/// Whether a runtime that was named did not start, or no runtime at all: then nothing was tested.
fn has_unstarted(targets: &[Target]) -> bool {
    let mut runtimes = targets.iter().filter(|target| target.role != Role::Host).peekable();
    let has_runtimes = runtimes.peek().is_some();
    targets.iter().any(|target| target.named && target.start_failure().is_some())
        || (has_runtimes && runtimes.all(|target| target.failure.is_some()))
}

/// Whether the application did not answer with success under a runtime that started.
fn has_failed_app(run: &Run) -> bool {
    let mut started =
        run.targets.iter().filter(|it| it.role != Role::Host && it.start_failure().is_none());
    started.any(|target| {
        let status =
            run.find_fact(fact_ids::APP_HEALTH_STATUS, &target.name).and_then(Fact::as_i64);
        !status.is_some_and(is_success_status)
    })
}

/// Whether a run was made without a container engine.
fn is_of_namespaces(run: &Run) -> bool {
    let builtin = EngineKind::Builtin.into_str();
    matches!(&run.evidence, EvidenceKind::Collected { engine, .. } if engine == builtin)
}

/// Collects, and prints the id of the run as the last line.
pub(super) fn run_collect(
    project: &Project,
    arguments: &CollectArguments,
    console: &Console,
) -> Result<ExitCode> {
    let Some(captured) = capture_run(project, arguments, console)? else {
        return Ok(ExitCode::from(STOPPED));
    };
    let assessment = &captured.assessment;
    if arguments.engine.is_none() && is_of_namespaces(&assessment.run) {
        console.print_note(NO_ENGINE);
    }
    let mut text = collect_summary(assessment);
    text.push_blank();
    text.push_line(assessment.run.id.as_str());
    console.print_prose(&text)?;
    Ok(captured.exit_code(false))
}

pub(super) struct CapturedRun {
    pub assessment: Assessment,
    /// Whether the user stopped it before it was complete.
    is_stopped: bool,
    names_app: bool,
}

impl CapturedRun {
    /// The exit status: whether it is complete, then whether something else `has_failed`, a runtime
    /// or an application that the user named did not work, or no runtime started.
    pub(super) fn exit_code(&self, has_failed: bool) -> ExitCode {
        let run = &self.assessment.run;
        let is_broken = has_unstarted(&run.targets) || (self.names_app && has_failed_app(run));
        match self.is_stopped {
            true => ExitCode::from(STOPPED),
            false if has_failed || is_broken => ExitCode::from(1),
            false => ExitCode::SUCCESS,
        }
    }
}

/// Captures evidence into a run of the project; none if the user stopped it before there was any.
pub(super) fn capture_run(
    project: &Project,
    arguments: &CollectArguments,
    console: &Console,
) -> Result<Option<CapturedRun>> {
    let store = RunStore::open_project(project)?;
    if let Some(label) = &arguments.label {
        reference::check_label(label)?;
        if let Some(warning) = store.label_warning(label, None)? {
            console.print_warning(&warning);
        }
    }
    // What a session captured would be lost at its end.
    store.refuse_unwritable()?;
    arguments.refuse_image_of_namespaces()?;
    let project = &project.with_edition(arguments.edition_name());
    let catalogue = ProbeCatalogue::load(Some(&project.data_dir()))?;
    let mut redactor = match arguments.no_redact {
        true => None,
        false => Some(Redactor::of_project(&project.private_dir())?),
    };
    let cancel = interrupt::listen_for_signals()?;
    let engine = match arguments.machine_engine() {
        None if arguments.needs_engine() => Some(engine::require_engine(&cancel)?),
        engine => engine,
    };
    let options = CollectOptions {
        engine,
        runtimes: arguments.runtimes.clone(),
        baseline: arguments.baseline.clone(),
        image: arguments.image_name(),
        edition: project.config.edition.clone(),
        label: arguments.label.clone(),
        timeout: Duration::from_secs(arguments.timeout),
        rounds: arguments.round_counts(),
        perf: arguments.perf_options(),
        kernel_log_witness: arguments.kernel_log_witness,
        app: arguments.app_request(),
        allow_privileged: arguments.allow_privileged,
        is_quick: arguments.quick,
        budget: arguments.budget,
    };
    let steps = StepPrinter::new(project, console)?;
    let collected = collect::collect_run(
        &options,
        &catalogue,
        redactor.as_mut(),
        clock::recording_time()?,
        &cancel,
        &steps,
    );
    let estimate = steps.estimate.into_inner();
    let mut run = match collected {
        Err(error) if cancel.load(Ordering::Relaxed) => {
            console.print_warning(&format!("stopped, nothing was kept: {}", error.message));
            return Ok(None);
        }
        collected => collected?,
    };
    if let (true, Some(option)) = (is_of_namespaces(&run), arguments.first_measuring_option()) {
        console
            .print_warning(&format!("plain namespaces are not measured: {option} had no effect"));
    }
    let (path, _) = store.save_run(&mut run)?;
    let took = estimate.map(|estimate| {
        let (took, whole) =
            (describe_time(estimate.begun.elapsed()), describe_time(estimate.whole));
        format!(" in {took} (expected: {whole})")
    });
    console.print_note(&format!(
        "{} written to {}{}",
        count_words(run.captures.len(), "capture"),
        path.display(),
        took.unwrap_or_default()
    ));
    // A signal that comes when all is captured stops nothing.
    let is_stopped = matches!(run.evidence, EvidenceKind::Collected { interrupted: true, .. });
    if is_stopped {
        console.print_warning("stopped before it was complete: what was captured so far is kept");
    }
    let project_data = ProjectData::load_project(project)?;
    let loaded = store.load_run(&path.to_string_lossy(), &project.root)?;
    let assessment = Assessment::new(loaded, &project_data)?;
    Ok(Some(CapturedRun { assessment, is_stopped, names_app: arguments.app.is_some() }))
}

/// Target, verdict, how many facts there are and how many are missing.
fn collect_summary(assessment: &Assessment) -> StyledText {
    let mut rows = vec![["  target", "facts", "missing"].map(Into::into).to_vec()];
    for target in &assessment.run.targets {
        let of = assessment.run.facts.values().filter_map(|by| by.get(&target.name));
        let (present, missing): (Vec<_>, Vec<_>) = of.partition(|fact| fact.is_present());
        rows.push(vec![
            format!("  {}", target.name).into(),
            present.len().to_string().into(),
            missing.len().to_string().into(),
        ]);
    }
    let mut text = StyledText::default();
    text.push_columns(rows);
    text.push_blank();
    text.append_text(check::verdict_lines(assessment));
    text.push_blank();
    text.push_line(check::findings_tally(assessment));
    text
}

/// Says on standard error what is being captured.
pub(super) struct StepPrinter<'a> {
    console: &'a Console,
    report: StepReport<'a>,
    faults: KnownFaults,
    estimate: OnceLock<SessionEstimate>,
}

impl<'a> StepPrinter<'a> {
    /// What says it, with the remedies that the project knows.
    pub(super) fn new(project: &Project, console: &'a Console) -> Result<Self> {
        let faults = KnownFaults::load(Some(&project.data_dir()))?;
        let report = StepReport::new(console);
        Ok(Self { console, report, faults, estimate: OnceLock::new() })
    }
}

impl CollectProgress for StepPrinter<'_> {
    fn on_step(&self, target: &str, what: &str, done: Option<f64>) {
        self.report.tell_step(&format!("{target}: {what}"), done);
    }

    fn on_estimate(&self, estimate: &SessionEstimate) {
        let _ = self.estimate.set(*estimate);
        let [whole, quick, thorough] =
            [estimate.whole, estimate.quick, estimate.thorough].map(describe_time);
        let words = format!("about {whole} in all; --quick {quick}; --thorough {thorough}");
        self.console.print_note(&words);
    }

    fn on_trouble(&self, target: &str, what: &str) {
        self.console.print_warning(&format!("{target}: {what}"));
        if let Some(fault) = self.faults.explain_error(what) {
            self.console.print_note(&format!("{target}: {} {}", fault.cause, fault.fix));
        }
    }
}

/// A time as people say it: `6 s`, `1 min 10 s`, `4 min`. What is longer is said less exactly.
fn describe_time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let step = match seconds {
        ..20.0 => 1.0,
        ..300.0 => 5.0,
        _ => 60.0,
    };
    let rounded = Duration::from_secs_f64((seconds / step).round() * step).as_secs().max(1);
    match (rounded / 60, rounded % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_session_in_which_nothing_was_tested_has_failed() {
        use crate::model::{Role, Target};
        let target = |role: Role, named: bool, failure: Option<&str>| Target {
            name: role.into_str().into(),
            role,
            engine: None,
            handler: None,
            named,
            failure: failure.map(String::from),
        };
        let host = || target(Role::Host, false, None);
        let failed = |named| target(Role::Candidate, named, Some("no nft"));
        let runs = || target(Role::Baseline, false, None);
        for (targets, has_failed) in [
            (vec![host(), failed(false)], true),
            (vec![host(), runs(), failed(false)], false),
            (vec![host(), runs(), failed(true)], true),
            (vec![host()], false),
        ] {
            assert_eq!(super::has_unstarted(&targets), has_failed, "{targets:?}");
        }
    }

    use super::*;

    #[test]
    fn a_budget_is_a_time_with_its_unit() {
        for (text, seconds) in
            [("90s", 90), ("5min", 300), ("5m", 300), ("2 min", 120), ("1h", 3600)]
        {
            assert_eq!(parse_budget(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "x", "90", "s", "1.5min", "-3s", "1d", "99999999999999999999s", "ſs"] {
            assert!(parse_budget(text).unwrap_err().contains("with its unit"), "{text}");
        }
        for text in ["0s", "25h", "9999999999999999h"] {
            assert!(parse_budget(text).unwrap_err().contains("between"), "{text}");
        }
    }

    #[test]
    fn a_time_is_said_as_exactly_as_it_is_known() {
        for (milliseconds, words) in [
            (200, "1 s"),
            (6_400, "6 s"),
            (58_000, "1 min"),
            (71_000, "1 min 10 s"),
            (239_000, "4 min"),
            (3_700_000, "62 min"),
        ] {
            assert_eq!(describe_time(Duration::from_millis(milliseconds)), words);
        }
    }

    #[test]
    fn the_words_of_a_command_are_those_of_a_shell() {
        let words = |text| parse_command_words(text).map(|words| words.0);
        assert_eq!(
            words("sh -c 'httpd -p 3000; sleep 1' \"two words\" a\\ b").unwrap(),
            ["sh", "-c", "httpd -p 3000; sleep 1", "two words", "a b"]
        );
        assert_eq!(
            words("sh -c 'open").unwrap_err(),
            "missing closing quote: close it, or put a backslash before it"
        );
        assert!(words("  ").is_err());
    }
}
