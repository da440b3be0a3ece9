//! What a project expects of a run, and whether the run shows it.
//!
//! An expectation passes, fails, or is not decided: its figure's interval reaches over the limit,
//! is that of a machine that is emulated in software, or the run did not ask. What is not decided does not fail a build, but for a boundary: a
//! boundary that is no longer shown is one that is no longer relied on.

pub(crate) mod propose;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::rules::EvidenceRef;
use super::suitability::{CostRatio, FitEvidence};
use super::template::fill_template;
use super::verdict::{Conclusion, Confidence, Verdict};
use super::words::{ConclusionWords, ReasonWords};
use super::workloads::WorkloadTable;
use crate::assets;
use crate::error::{Error, Result};
use crate::model::{Fact, FactId, MissingReason, StartEnd};
use crate::project::LeastConfidence;
use crate::project::{CONFIG, Expectation, ExpectedBoundary, ExpectedSubject, FactTest};
use crate::stats::{self, Interval};
use crate::text::closest_match;

const WORDS: &str = "expectations.toml";

/// Whether a run shows what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(const_into_str, serialize_all = "kebab-case")]
pub enum ExpectationOutcome {
    Passed,
    Failed,
    /// It does not show which.
    NotDecided,
}

/// An expectation and what the run shows of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExpectationResult {
    /// What it is about: `start`, `boundary`, `fact`, `cost` or `findings`.
    pub kind: &'static str,
    /// The target that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What is expected, in words that change with `book.toml` alone.
    pub expects: String,
    pub outcome: ExpectationOutcome,
    pub fails: bool,
    pub found: String,
    /// What would decide it, where it is not decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decides: Option<String>,
    /// Why it is expected, in the words of the project.
    pub reason: String,
    /// The line of `book.toml` in which it begins, from 1.
    pub line: usize,
    pub evidence: Vec<EvidenceRef>,
}

impl ExpectationResult {
    /// Whether the run shows what is expected.
    pub fn has_passed(&self) -> bool {
        self.outcome == ExpectationOutcome::Passed
    }
}

/// What all expectations have in common, for lists of rules.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectationAbout {
    title: String,
    looks_at: String,
    why: String,
    remedy: String,
}

/// The words of one kind of expectation: templates.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct KindWords {
    expects: String,
    found: String,
    decides: String,
}

/// The words of expectations: `data/expectations.toml`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectationWords {
    about: ExpectationAbout,
    boundaries: BTreeMap<String, String>,
    start: KindWords,
    boundary: KindWords,
    fact: KindWords,
    cost: KindWords,
    findings: KindWords,
}

impl ExpectationWords {
    /// The shipped words, or a project's own from `data` (its `data/` folder).
    pub(crate) fn load_words(data: Option<&Path>) -> Result<Self> {
        assets::load_data(data, WORDS)
    }

    pub(crate) fn sarif_rule(&self, id: &str) -> Value {
        let about = &self.about;
        json!({
            "id": id,
            "shortDescription": {"text": about.title},
            "fullDescription": {"text": about.looks_at},
            "help": {
                "text": format!("{}\n\n{}", about.why, about.remedy),
                "markdown": format!("{}\n\n**What to do.** {}", about.why, about.remedy),
            },
            "defaultConfiguration": {"level": "error"},
        })
    }

    fn of_kind(&self, kind: &str) -> &KindWords {
        match kind {
            "start" => &self.start,
            "boundary" => &self.boundary,
            "fact" => &self.fact,
            "cost" => &self.cost,
            _ => &self.findings,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct ExpectationContext<'a> {
    pub evidence: FitEvidence<'a>,
    /// Whether the record of the run is not the one that was written.
    pub is_record_changed: bool,
    pub workloads: &'a WorkloadTable,
    /// What readers call targets: the runtimes that are known by name.
    pub names: &'a BTreeMap<String, String>,
    pub conclusions: &'a ConclusionWords,
    pub reasons: &'a ReasonWords,
    pub words: &'a ExpectationWords,
}

/// What came of an expectation, before it is put into words.
struct OpenResult {
    kind: &'static str,
    target: Option<String>,
    outcome: ExpectationOutcome,
    fails: bool,
    parameters: Map<String, Value>,
    evidence: Vec<EvidenceRef>,
}

impl OpenResult {
    /// One that is not decided, with nothing in it.
    fn new(kind: &'static str, target: Option<&str>) -> Self {
        let mut parameters = Map::new();
        if let Some(target) = target {
            parameters.insert("target".into(), json!(target));
        }
        Self {
            kind,
            target: target.map(String::from),
            outcome: ExpectationOutcome::NotDecided,
            fails: false,
            parameters,
            evidence: Vec::new(),
        }
    }

    fn set_parameter(&mut self, name: &str, value: impl Into<Value>) {
        self.parameters.insert(name.into(), value.into());
    }

    fn record_outcome(&mut self, is_shown: bool) {
        self.fails = !is_shown;
        self.outcome =
            if is_shown { ExpectationOutcome::Passed } else { ExpectationOutcome::Failed };
    }
}

/// Evaluates expectations, in their order.
/// Errors: a runtime is misspelt, or words cannot be rendered.
pub(crate) fn judge_expectations(
    context: &ExpectationContext,
    expectations: &[Expectation],
) -> Result<Vec<ExpectationResult>> {
    let mut results = Vec::new();
    for expectation in expectations {
        let open = context.test_expectation(expectation)?;
        let words = context.words.of_kind(open.kind);
        let is_open = open.outcome == ExpectationOutcome::NotDecided;
        let decides = if is_open { Some(&words.decides) } else { None };
        results.push(ExpectationResult {
            expects: render_words(&words.expects, &open.parameters)?,
            found: render_words(&words.found, &open.parameters)?,
            decides: decides.map(|words| render_words(words, &open.parameters)).transpose()?,
            kind: open.kind,
            target: open.target,
            outcome: open.outcome,
            fails: open.fails,
            reason: expectation.reason.clone(),
            line: expectation.line,
            evidence: open.evidence,
        });
    }
    Ok(results)
}

fn render_words(template: &str, parameters: &Map<String, Value>) -> Result<String> {
    fill_template(template, parameters)
        .map_err(|error| Error::unusable_input(format!("{WORDS}: {error}")))
}

impl ExpectationContext<'_> {
    fn test_expectation(&self, expectation: &Expectation) -> Result<OpenResult> {
        match &expectation.subject {
            ExpectedSubject::Findings { of, most } => Ok(self.count_findings(of, *most)),
            ExpectedSubject::Start { runtime } => {
                self.check_name(runtime, expectation.line)?;
                Ok(self.judge_start(runtime))
            }
            ExpectedSubject::Boundary { runtime, boundary, confidence } => {
                self.check_name(runtime, expectation.line)?;
                Ok(self.judge_boundary(runtime, *boundary, *confidence))
            }
            ExpectedSubject::Fact { runtime, fact, test } => {
                self.check_name(runtime, expectation.line)?;
                Ok(self.judge_fact(runtime, FactId::from_text(fact), test))
            }
            ExpectedSubject::Cost { runtime, cost, most } => {
                self.check_name(runtime, expectation.line)?;
                Ok(self.judge_cost(runtime, cost, *most))
            }
        }
    }

    /// Refuses a name that is nearly that of a target and that nobody knows. One that is known, or
    /// near to none, is a runtime that is gone.
    fn check_name(&self, runtime: &str, line: usize) -> Result<()> {
        let targets = self.evidence.run.targets.iter().map(|target| target.name.as_str());
        let known = targets.chain(self.names.keys().map(String::as_str));
        if known.clone().any(|name| name == runtime) {
            return Ok(());
        }
        match closest_match(runtime, known) {
            Some(near) => Err(Error::unusable_input(format!(
                "{CONFIG}:{line}: [[preprocessor.isoproof.expect]]: run {} has no runtime `{runtime}`",
                self.evidence.run.id
            ))
            .with_help(format!("did you mean `{near}`?"))),
            None => Ok(()),
        }
    }

    /// The verdict on a runtime that is there and started; else the result says that it is not.
    fn started_verdict(&self, runtime: &str, open: &mut OpenResult) -> Option<&Verdict> {
        let verdict = self.evidence.judgement.find_verdict(runtime);
        match verdict {
            None => {
                open.set_parameter("state", "absent");
                open.record_outcome(false);
                None
            }
            Some(verdict) if verdict.conclusion == Conclusion::NotTested => {
                open.set_parameter("state", "failed");
                open.set_parameter("why", verdict.failure.clone().unwrap_or_default());
                let end = verdict.start_end().unwrap_or(StartEnd::Failed);
                open.set_parameter("end", end.end_id());
                // That the user stopped the session says nothing of the runtime.
                match end {
                    StartEnd::Stopped => open.fails = true,
                    StartEnd::Failed | StartEnd::OtherNode => open.record_outcome(false),
                }
                None
            }
            started => started,
        }
    }

    fn judge_start(&self, runtime: &str) -> OpenResult {
        let mut open = OpenResult::new("start", Some(runtime));
        if self.started_verdict(runtime, &mut open).is_none() {
            return open;
        }
        let by_target = self.evidence.run.facts.values();
        let mut facts = by_target.filter_map(|by_target| by_target.get(runtime));
        let is_captured = facts.any(Fact::is_present);
        open.set_parameter("state", if is_captured { "started" } else { "nothing" });
        if is_captured && !self.is_record_changed {
            open.record_outcome(true);
        }
        open
    }

    fn judge_boundary(
        &self,
        runtime: &str,
        boundary: Option<ExpectedBoundary>,
        least: Option<LeastConfidence>,
    ) -> OpenResult {
        let mut open = OpenResult::new("boundary", Some(runtime));
        // What is not shown is not relied on.
        open.fails = true;
        let title = boundary.map(|boundary| self.words.boundaries.get(boundary.into_str()));
        open.set_parameter("boundary", title.flatten().cloned());
        open.set_parameter("confidence", least.map(<&str>::from));
        let Some(verdict) = self.started_verdict(runtime, &mut open) else { return open };
        open.set_parameter("state", "tested");
        open.set_parameter(
            "verdict",
            self.conclusions[verdict.conclusion.into_str()].title.clone(),
        );
        open.set_parameter("shown_confidence", verdict.confidence.into_str());
        open.set_parameter(
            "why",
            verdict.reason.map(|reason| self.reasons[reason.into_str()].clone()),
        );
        open.set_parameter("facts", verdict.would_settle.join(", "));
        for fact in &verdict.because {
            open.evidence.push(self.fact_place(FactId::from_text(fact), runtime));
        }
        let is_expected = match boundary {
            _ if verdict.conclusion == Conclusion::Contradictory => Some(false),
            _ if verdict.conclusion == Conclusion::Inconclusive => None,
            None => Some(true),
            Some(boundary) => is_boundary(verdict.conclusion, boundary),
        };
        let is_sure = least.is_none_or(|least| verdict.confidence >= as_confidence(least));
        if let Some(is_expected) = is_expected {
            open.record_outcome(is_expected && is_sure);
        }
        open
    }

    fn judge_fact(&self, runtime: &str, id: FactId, test: &FactTest) -> OpenResult {
        let mut open = OpenResult::new("fact", Some(runtime));
        open.set_parameter("fact", id.as_str());
        let (name, value) = describe_test(test);
        open.set_parameter("test", name);
        open.set_parameter("value", value);
        if let FactTest::Within { least, most } = test {
            open.set_parameter("least", least.map(format_number));
            open.set_parameter("most", most.map(format_number));
        }
        let is_host = self.evidence.run.find_target(runtime).is_some_and(|target| {
            target.role == crate::model::Role::Host && target.failure.is_none()
        });
        if !is_host && self.started_verdict(runtime, &mut open).is_none() {
            return open;
        }
        open.evidence.push(self.fact_place(id, runtime));
        let fact = match self.evidence.run.find_fact(id, runtime) {
            Some(Fact::Missing(missing)) => {
                open.set_parameter("state", "missing");
                open.set_parameter("why", missing.reason.clone());
                if missing.why != MissingReason::NotAsked {
                    open.record_outcome(false);
                }
                return open;
            }
            None => {
                open.set_parameter("state", "not-asked");
                return open;
            }
            Some(fact) => fact,
        };
        open.set_parameter("state", "shown");
        open.set_parameter("shown", fact_text(fact));
        if let Some(finding) = self.evidence.judgement.find_error(id, &[runtime]) {
            open.set_parameter("state", "doubtful");
            open.set_parameter("why", finding.rule.clone());
            return open;
        }
        let is_number = fact_number(fact).is_some();
        if matches!(test, FactTest::Within { .. }) && !is_number {
            open.set_parameter("state", "no-number");
        }
        open.record_outcome(passes_test(fact, test));
        open
    }

    fn judge_cost(&self, runtime: &str, cost: &str, most: f64) -> OpenResult {
        let mut open = OpenResult::new("cost", Some(runtime));
        let measure = self.workloads.find_measure(cost);
        open.set_parameter("cost", measure.map_or(cost, |measure| measure.title.as_str()));
        open.set_parameter("limit", format_number(most));
        let Some(measure) = measure else { return open };
        if self.started_verdict(runtime, &mut open).is_none() {
            return open;
        }
        let fact = self.evidence.compared_fact(measure);
        open.evidence.push(self.fact_place(fact, runtime));
        match self.evidence.cost_ratio(fact, runtime) {
            CostRatio::Reference if !self.is_measured(fact, runtime) => {
                open.set_parameter("state", "not-measured");
            }
            CostRatio::Reference => {
                open.set_parameter("state", "reference");
                open.record_outcome(most >= 1.0);
            }
            CostRatio::Unknown { kind, rule } => {
                open.set_parameter("state", kind.into_str());
                open.set_parameter("why", rule);
            }
            CostRatio::Ratio { ratio, interval } => {
                open.set_parameter("state", "measured");
                open.set_parameter("ratio", format_number(ratio));
                if let Some(interval) = interval {
                    open.set_parameter("low", format_number(interval.low));
                    open.set_parameter("high", format_number(interval.high));
                }
                let interval = interval.unwrap_or(Interval { low: ratio, high: ratio });
                let is_emulated = self.evidence.is_emulated(runtime);
                open.set_parameter("emulated", is_emulated);
                if !is_emulated && (interval.high <= most || interval.low > most) {
                    open.record_outcome(interval.high <= most);
                }
            }
        }
        open
    }

    fn is_measured(&self, fact: FactId, runtime: &str) -> bool {
        self.evidence.run.find_fact(fact, runtime).is_some_and(Fact::is_present)
    }

    fn count_findings(&self, of: &str, most: usize) -> OpenResult {
        let mut open = OpenResult::new("findings", None);
        let mut count = 0;
        let mut is_rule = true;
        for finding in &self.evidence.judgement.findings {
            if finding.severity.into_str() == of {
                is_rule = false;
            }
            if finding.severity.into_str() == of || finding.rule == of {
                count += 1;
                open.evidence.extend(finding.evidence.first().cloned());
            }
        }
        let is_severity = SEVERITIES.contains(&of);
        open.set_parameter("is_rule", is_rule && !is_severity);
        open.set_parameter("of", of);
        open.set_parameter("limit", most);
        open.set_parameter("count", count);
        let is_silent = count <= most && self.evidence.judgement.has_tested_nothing();
        open.set_parameter("is_silent", is_silent);
        // Evidence of nothing has nothing wrong in it.
        if is_silent {
            open.fails = true;
        } else {
            open.record_outcome(count <= most);
        }
        open
    }

    fn fact_place(&self, fact: FactId, target: &str) -> EvidenceRef {
        let source =
            self.evidence.run.find_fact(fact, target).and_then(|fact| fact.source().cloned());
        EvidenceRef { fact: Some(fact.to_string()), target: Some(target.into()), source }
    }
}

pub(crate) const SEVERITIES: [&str; 3] = ["error", "warning", "note"];

/// Whether a conclusion is a boundary; none where the kind of a separate kernel is not known.
fn is_boundary(conclusion: Conclusion, boundary: ExpectedBoundary) -> Option<bool> {
    match (boundary, conclusion) {
        (ExpectedBoundary::OwnKernel, conclusion) => Some(conclusion.is_separate()),
        (
            ExpectedBoundary::SeparateKernelVm | ExpectedBoundary::SeparateKernelUserspace,
            Conclusion::SeparateKernel,
        ) => None,
        (boundary, conclusion) => Some(boundary.into_str() == conclusion.into_str()),
    }
}

fn as_confidence(least: LeastConfidence) -> Confidence {
    match least {
        LeastConfidence::Low => Confidence::Low,
        LeastConfidence::Medium => Confidence::Medium,
        LeastConfidence::High => Confidence::High,
    }
}

/// The word for a test in templates, and the value that it names.
fn describe_test(test: &FactTest) -> (&'static str, Option<String>) {
    match test {
        FactTest::Present => ("present", None),
        FactTest::Is(value) => ("is", Some(value_text(value))),
        FactTest::Matches(pattern) => ("matches", Some(pattern.clone())),
        FactTest::Within { least: Some(_), most: Some(_) } => ("between", None),
        FactTest::Within { least: Some(_), .. } => ("at-least", None),
        FactTest::Within { .. } => ("at-most", None),
    }
}

fn passes_test(fact: &Fact, test: &FactTest) -> bool {
    match test {
        FactTest::Present => true,
        FactTest::Is(wanted) => fact.as_value().is_some_and(|value| is_equal(value, wanted)),
        FactTest::Matches(pattern) => {
            let text = fact.as_value().map(value_text);
            let pattern = regex::Regex::new(pattern);
            pattern.is_ok_and(|pattern| text.is_some_and(|text| pattern.is_match(&text)))
        }
        FactTest::Within { least, most } => fact_number(fact).is_some_and(|number| {
            least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
        }),
    }
}

/// Whether two values are the same; 1 and 1.0 are.
fn is_equal(value: &Value, wanted: &Value) -> bool {
    match (value.as_f64(), wanted.as_f64()) {
        (Some(value), Some(wanted)) => value == wanted,
        _ => value == wanted,
    }
}

/// A number, or the median of a series.
fn fact_number(fact: &Fact) -> Option<f64> {
    match fact {
        Fact::Series(samples) => stats::median(&samples.values),
        fact => fact.as_value().and_then(Value::as_f64),
    }
}

/// A value as a text: that of a string itself, else its JSON; a series by its median.
fn fact_text(fact: &Fact) -> String {
    match fact {
        Fact::Series(samples) => {
            let median = stats::median(&samples.values).map(format_number).unwrap_or_default();
            format!("{median} {} (median of {})", samples.unit.symbol(), samples.values.len())
        }
        fact => fact.as_value().map(value_text).unwrap_or_default(),
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// A number with three digits that count.
fn format_number(value: f64) -> String {
    stats::round_significant(value, 3).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::judge::Finding;
    use crate::judge::Judgement;
    use crate::judge::rules::RuleMessage;
    use crate::judge::rules::messages::MachineWithoutKvm;
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::judge::timing::RunTiming;
    use crate::judge::{RuleBook, judge_run, judge_target, words};
    use crate::knowledge::Severity;
    use crate::project::{MARGIN, ProjectConfig};

    static WORDS: LazyLock<ExpectationWords> =
        LazyLock::new(|| ExpectationWords::load_words(None).unwrap());

    fn test_entries(sketch: &Sketch, entries: &str) -> Result<Vec<ExpectationResult>> {
        test_beside_findings(sketch, Vec::new(), entries)
    }

    fn test_beside_findings(
        sketch: &Sketch,
        findings: Vec<Finding>,
        entries: &str,
    ) -> Result<Vec<ExpectationResult>> {
        let text =
            entries.replace("[[expect]]", "[[preprocessor.isoproof.expect]]\nreason = \"r\"");
        let config = ProjectConfig::parse(&text, Path::new(CONFIG)).unwrap();
        let timing = RunTiming::of_run(&sketch.run, MARGIN);
        let case = sketch.context();
        let targets = sketch.run.targets.iter().filter(|target| target.name != "host");
        let judgement = Judgement {
            verdicts: targets.map(|target| judge_target(&case, target)).collect(),
            findings,
            ..Judgement::default()
        };
        let context = ExpectationContext {
            evidence: FitEvidence { run: &sketch.run, judgement: &judgement, timing: &timing },
            is_record_changed: false,
            workloads: &WorkloadTable::load(None).unwrap(),
            names: &BTreeMap::from([("runsc".to_string(), "gVisor".to_string())]),
            conclusions: &words::load_conclusion_words(None).unwrap(),
            reasons: &words::load_reasons(None).unwrap(),
            words: &WORDS,
        };
        judge_expectations(&context, &config.expectations)
    }

    /// Twelve starts of each runtime; one under Kata takes three times as long.
    fn timed_starts() -> Sketch {
        let spread = |center: f64| {
            (0..12).map(|i| center * (1.0 + 0.01 * f64::from(i))).collect::<Vec<f64>>()
        };
        let sketch = own_kernel().series("startup.wall", "runc", &spread(0.5));
        sketch.series("startup.wall", "kata", &spread(1.5))
    }

    /// What comes of one expectation, in words.
    fn tell_outcome(sketch: &Sketch, entry: &str) -> String {
        let result = test_entries(sketch, &format!("[[expect]]\n{entry}\n")).unwrap().remove(0);
        let decides = result.decides.map(|words| format!("; {words}")).unwrap_or_default();
        let fails = if result.fails { "!" } else { "" };
        format!("{}{fails}: {}{decides}", result.outcome.into_str(), result.found)
    }

    fn own_kernel() -> Sketch {
        sketch()
            .fact("kernel.boot_id", "host", "a")
            .fact("kernel.boot_id", "runc", "a")
            .fact("kernel.boot_id", "kata", "b")
            .fact("host.witness_process", "runc", true)
            .fact("host.witness_process", "kata", false)
            .fact("kernel.release", "kata", "6.12.47")
            .fact("host.vmm", "kata", "qemu")
    }

    #[test]
    fn a_boundary_that_is_shown_passes_and_another_fails() {
        let own = "runtime = \"kata\"\nboundary = \"own-kernel\"";
        let shown = tell_outcome(&own_kernel(), own);
        assert!(shown.starts_with("passed: kata: Separate kernel"), "{shown}");
        let of_runc = tell_outcome(&own_kernel(), "runtime = \"runc\"\nboundary = \"own-kernel\"");
        assert!(of_runc.starts_with("failed!: runc: Shared kernel"), "{of_runc}");
        let shared =
            tell_outcome(&own_kernel(), "runtime = \"runc\"\nboundary = \"shared-kernel\"");
        assert!(shared.starts_with("passed"), "{shared}");
    }

    #[test]
    fn a_boundary_that_is_not_shown_is_not_decided_and_fails_the_build() {
        let found = tell_outcome(&sketch(), "runtime = \"kata\"\nboundary = \"own-kernel\"");
        assert_eq!(
            found,
            "not-decided!: kata: Inconclusive (nothing captured tells its kernel from the \
             host's); kernel.boot_id, host.witness_process, kernel.banner"
        );
    }

    #[test]
    fn a_runtime_that_did_not_start_or_is_gone_fails_whatever_is_expected() {
        let mut sketch = own_kernel();
        sketch.run.targets[2].failure = Some("no /dev/kvm".into());
        for entry in [
            "starts = true",
            "boundary = \"own-kernel\"",
            "fact = \"kernel.release\"",
            "cost = \"startup\"\nat-most = 9",
        ] {
            let found = tell_outcome(&sketch, &format!("runtime = \"kata\"\n{entry}"));
            assert_eq!(found, "failed!: kata did not start: no /dev/kvm");
            let gone = tell_outcome(&sketch, &format!("runtime = \"runsc\"\n{entry}"));
            assert_eq!(gone, "failed!: this run has no runsc");
        }
        // That the user stopped the session shows nothing of the runtime, and is not relied on.
        let mut stopped = crate::judge::rules::testing::sketch();
        stopped.run.targets[2].failure = Some("stopped by the user".into());
        assert_eq!(
            tell_outcome(&stopped, "runtime = \"kata\"\nstarts = true"),
            "not-decided!: kata had not started when the user stopped the session; a run that \
             captures something under kata"
        );
    }

    #[test]
    fn what_is_proposed_from_a_run_passes_on_it_and_is_not_proposed_again() {
        let sketch = timed_starts();
        let timing = RunTiming::of_run(&sketch.run, MARGIN);
        let case = sketch.context();
        let targets = sketch.run.targets.iter().filter(|target| target.name != "host");
        let judgement = Judgement {
            verdicts: targets.map(|target| judge_target(&case, target)).collect(),
            ..Judgement::default()
        };
        let evidence = FitEvidence { run: &sketch.run, judgement: &judgement, timing: &timing };
        let workloads = WorkloadTable::load(None).unwrap();
        let block =
            propose::format_entries(&propose::propose_expectations(&evidence, &workloads, &[]));
        for line in [
            "boundary = \"separate-kernel-vm\"\nconfidence = \"medium\"",
            "fact = \"kernel.release\"\nmatches = '^6\\.12\\.'",
            "cost = \"startup\"\nat-most = 4.",
            "findings = \"error\"\nat-most = 0",
        ] {
            assert!(block.contains(line), "{line}: {block}");
        }
        let results = test_entries(&sketch, &block).unwrap();
        let passed = |result: &ExpectationResult| result.outcome == ExpectationOutcome::Passed;
        assert!(results.iter().all(passed), "{results:#?}");
        let known = ProjectConfig::parse(&block, Path::new(CONFIG)).unwrap().expectations;
        assert_eq!(propose::propose_expectations(&evidence, &workloads, &known), [] as [Vec<_>; 0]);
    }

    #[test]
    fn an_error_and_a_runtime_that_is_not_what_its_name_says_are_never_expected() {
        let mut sketch = sketch();
        for target in ["host", "kata"] {
            let same = "0b7f3f0e-6a58-4a40-9a0d-0c8b7f3f8c11";
            sketch = sketch.fact("kernel.boot_id", target, same);
        }
        let rules = RuleBook::load(None).unwrap();
        let timing = RunTiming::of_run(&sketch.run, MARGIN);
        let judgement = judge_run(&sketch.context(), &rules).unwrap();
        let evidence = FitEvidence { run: &sketch.run, judgement: &judgement, timing: &timing };
        let workloads = WorkloadTable::load(None).unwrap();
        let block =
            propose::format_entries(&propose::propose_expectations(&evidence, &workloads, &[]));
        assert!(block.contains("findings = \"error\"\nat-most = 0"), "{block}");
        assert!(!block.contains("kata"), "{block}");
    }

    #[test]
    fn no_findings_in_a_run_that_tested_nothing_decide_nothing() {
        let none = "findings = \"error\"\nat-most = 0";
        assert_eq!(tell_outcome(&own_kernel(), none), "passed: 0 found");
        let mut stopped = sketch();
        stopped.run.targets.retain(|target| target.name == "host");
        let told = tell_outcome(&stopped, none);
        assert!(told.starts_with("not-decided!: 0 found, and no runtime was tested; "), "{told}");
    }

    #[test]
    fn a_misspelt_runtime_is_an_error_with_a_suggestion() {
        let error = test_entries(&sketch(), "[[expect]]\nruntime = \"kta\"\nstarts = true\n");
        let error = error.unwrap_err();
        assert!(error.message.starts_with("book.toml:1: "), "{error}");
        assert_eq!(error.help.as_deref(), Some("did you mean `kata`?"));
    }

    #[test]
    fn a_confidence_below_the_least_fails() {
        let least = |word: &str| {
            tell_outcome(&own_kernel(), &format!("runtime = \"kata\"\nconfidence = \"{word}\""))
        };
        assert!(least("low").starts_with("passed"), "{}", least("low"));
        let weak = sketch()
            .fact("kernel.release", "host", "6.8.0")
            .fact("kernel.release", "kata", "6.12.47")
            .fact("kernel.banner", "host", "Linux version 6.8.0 (a@b) #1")
            .fact("kernel.banner", "kata", "Linux version 6.12.47 (c@d) #1");
        let found = tell_outcome(&weak, "runtime = \"kata\"\nconfidence = \"high\"");
        assert!(found.starts_with("failed!"), "{found}");
    }

    #[test]
    fn a_fact_is_tested_by_value_pattern_and_bounds() {
        let sketch = own_kernel().fact("cpu.count", "kata", 2).missing(
            "kernel.banner",
            "kata",
            MissingReason::Denied,
        );
        for (entry, wanted) in [
            (
                "fact = \"kernel.release\"\nmatches = '^6\\.12\\.'",
                "passed: kernel.release is 6.12.47",
            ),
            (
                "fact = \"kernel.release\"\nmatches = '^6\\.13\\.'",
                "failed!: kernel.release is 6.12.47",
            ),
            ("fact = \"kernel.release\"\nis = \"6.12.47\"", "passed: kernel.release is 6.12.47"),
            ("fact = \"kernel.release\"", "passed: kernel.release is 6.12.47"),
            ("fact = \"cpu.count\"\nis = 2", "passed: cpu.count is 2"),
            ("fact = \"cpu.count\"\nat-least = 2\nat-most = 4", "passed: cpu.count is 2"),
            ("fact = \"cpu.count\"\nat-least = 3", "failed!: cpu.count is 2"),
            (
                "fact = \"kernel.release\"\nat-least = 3",
                "failed!: kernel.release is 6.12.47, and no number",
            ),
            ("fact = \"kernel.banner\"", "failed!: kernel.banner has no value: as the test says"),
            (
                "fact = \"cpu.model\"",
                "not-decided: this run did not include the probe cpu.model; a run that captures \
                 cpu.model",
            ),
        ] {
            assert_eq!(tell_outcome(&sketch, &format!("runtime = \"kata\"\n{entry}")), wanted);
        }
    }

    #[test]
    fn a_cost_fails_only_when_its_whole_interval_is_beyond_the_limit() {
        let sketch = timed_starts();
        let limit = |most: f64| {
            tell_outcome(
                &sketch,
                &format!("runtime = \"kata\"\ncost = \"startup\"\nat-most = {most}"),
            )
        };
        assert!(limit(5.0).starts_with("passed: start-up time is 3 times"), "{}", limit(5.0));
        assert!(limit(2.0).starts_with("failed!: start-up time is 3 times"), "{}", limit(2.0));
        assert!(limit(3.0).starts_with("not-decided: start-up time is 3 times"), "{}", limit(3.0));
        let memory = tell_outcome(&sketch, "runtime = \"kata\"\ncost = \"memory\"\nat-most = 9");
        assert!(memory.starts_with("not-decided: memory of a container was not"), "{memory}");
    }

    #[test]
    fn a_cost_of_a_machine_that_is_emulated_is_not_decided() {
        let emulated = Finding {
            rule: MachineWithoutKvm::RULE.to_string(),
            severity: Severity::Note,
            target: Some("kata".into()),
            message: String::new(),
            help: String::new(),
            evidence: Vec::new(),
        };
        let sketch =
            timed_starts().fact("host.mem_pss", "runc", 10).fact("host.mem_pss", "kata", 90);
        let entry =
            |cost| format!("[[expect]]\nruntime = \"kata\"\ncost = \"{cost}\"\nat-most = 2\n");
        for (cost, ratio) in [("startup", "3"), ("memory", "9")] {
            let result = test_beside_findings(&sketch, vec![emulated.clone()], &entry(cost));
            let result = result.unwrap().remove(0);
            assert!(
                !result.fails && result.outcome == ExpectationOutcome::NotDecided,
                "{}",
                result.found
            );
            let told = format!("is {ratio} times the baseline's");
            assert!(result.found.contains(&told), "{}", result.found);
            assert!(result.found.ends_with("with KVM it would be another"), "{}", result.found);
        }
    }
}
