//! What a report is about: one judged run, and everything a look-up may ask of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;

use super::about_words::AboutWords;
use crate::error::{Error, Result};
use crate::judge::expectations::{self, ExpectationContext, ExpectationResult, ExpectationWords};
use crate::judge::fleet::{BROKEN, FleetTally};
use crate::judge::suitability::{FigureObstacle, FitEvidence};
use crate::judge::timing::RunTiming;
use crate::judge::words::{ConclusionWords, ReasonWords};
use crate::judge::workloads::WorkloadTable;
use crate::judge::{
    self, EvidenceRef, Finding, Judgement, PackEdition, RuleBook, RuleContext, RuleDoc, words,
};
use crate::knowledge::{KnowledgeBase, is_runtime};
use crate::model::{
    Capture, EvidenceKind, Fact, FactId, FactSource, MissingReason, Role, Run, Target,
};
use crate::phrases::{ReportPhrases, fill_phrase};
use crate::probe::catalogue::{Probe, ProbeCatalogue};
use crate::probe::unanswered::is_unrecorded;
use crate::project::{CONFIG, DiffGate, Expectation, ExpectedSubject, MARGIN, Project};
use crate::store::LoadedRun;
use crate::store::integrity::IntegrityReport;
use crate::text::{strip_ansi, suggest_or, suggest_or_list};

/// The data that is the same for every run of a project.
#[derive(Debug, Clone)]
pub struct ProjectData {
    /// The probes.
    pub catalogue: Arc<ProbeCatalogue>,
    /// The rules about evidence.
    pub rules: Arc<RuleBook>,
    /// The rules about hand-written reports.
    pub report_rules: Arc<RuleBook>,
    /// The rules about the nodes of a fleet together.
    pub fleet_rules: Arc<RuleBook>,
    /// Whether the project checks a hand-written report, so that those rules are to be told of.
    pub checks_reports: bool,
    /// The words of the verdicts.
    pub words: Arc<ConclusionWords>,
    /// The words of the reasons in verdicts.
    pub reasons: Arc<ReasonWords>,
    /// The words around probes and verdicts where they are explained.
    pub about: Arc<AboutWords>,
    /// What is known beforehand.
    pub known: Arc<KnowledgeBase>,
    /// The edition of a pack whose demands reports answer, if any.
    pub edition: Option<Arc<dyn PackEdition>>,
    /// All editions of its pack.
    pub editions: Vec<Arc<dyn PackEdition>>,
    /// What workloads need and can pay.
    pub workloads: Arc<WorkloadTable>,
    /// The names of targets for readers.
    pub names: Arc<BTreeMap<String, String>>,
    /// The margin within which a difference of times does not matter.
    pub margin: f64,
    /// The target that reports are about, where a run has it.
    pub target: Option<String>,
    /// What the project expects of its runs.
    pub expectations: Arc<[Expectation]>,
    /// The small words of reports.
    pub phrases: Arc<ReportPhrases>,
    /// The words of expectations.
    pub expectation_words: Arc<ExpectationWords>,
}

impl ProjectData {
    /// Loads the data of a project, with its settings.
    ///
    /// # Errors
    ///
    /// As for [`ProjectData::load_data`], or `book.toml` names a rule that does not exist, switches one
    /// off without a reason, or expects something of a fact, a cost or a rule that does not exist.
    pub fn load_project(project: &Project) -> Result<Self> {
        let data = project.data_dir();
        let place = format!("{CONFIG}: [preprocessor.isoproof.rules]");
        let mut this = Self::load_data(Some(&data))?;
        if let Some(edition) = &project.config.edition {
            this = this.with_edition(edition, Some(&data))?;
        }
        let books = [this.rules, this.report_rules, this.fleet_rules].map(Arc::unwrap_or_clone);
        let [rules, report_rules, fleet_rules] =
            RuleBook::with_switches(books, &project.config.rules, &place)?.map(Arc::new);
        let (margin, target) = (project.config.margin, project.config.target.clone());
        let checks_reports = this.edition.is_some() || project.config.checked_document.is_some();
        let expectations = project.config.expectations.clone().into();
        let this = Self {
            margin,
            target,
            rules,
            report_rules,
            fleet_rules,
            checks_reports,
            expectations,
            ..this
        };
        this.verify_expectations()?;
        this.verify_gate(&project.config.gate)?;
        Ok(this)
    }

    /// Refuses a gate about a series that does not exist: it would never fail.
    fn verify_gate(&self, gate: &DiffGate) -> Result<()> {
        for id in gate.series.iter().chain(gate.margins.keys()) {
            if self.catalogue.find_probe(id).is_some() {
                continue;
            }
            let known = self.catalogue.iter_probes().map(|probe| probe.id.as_str());
            let help = suggest_or(id, known, "`isoproof explain` lists them");
            return Err(Error::unusable_input(format!(
                "{CONFIG}: [preprocessor.isoproof.gate]: unknown series `{id}`"
            ))
            .with_help(help));
        }
        Ok(())
    }

    /// Refuses an expectation about a fact, a cost or a rule that does not exist.
    fn verify_expectations(&self) -> Result<()> {
        for expectation in self.expectations.iter() {
            let (what, id, known): (_, _, Vec<&str>) = match &expectation.subject {
                ExpectedSubject::Fact { fact, .. } => {
                    let probes = self.catalogue.iter_probes();
                    ("fact", fact, probes.map(|probe| probe.id.as_str()).collect())
                }
                ExpectedSubject::Cost { cost, .. } => {
                    let measures = self.workloads.measures.iter();
                    ("cost", cost, measures.map(|measure| measure.id.as_str()).collect())
                }
                ExpectedSubject::Findings { of, .. } => {
                    let severities = expectations::SEVERITIES.into_iter();
                    ("severity or rule", of, severities.chain(self.rules.rule_ids()).collect())
                }
                ExpectedSubject::Start { .. } | ExpectedSubject::Boundary { .. } => continue,
            };
            if known.contains(&id.as_str()) {
                continue;
            }
            let otherwise = match what {
                "cost" => format!("known are {}", known.join(", ")),
                _ => "`isoproof explain` lists them".into(),
            };
            let help = suggest_or(id, known.into_iter(), &otherwise);
            let line = expectation.line;
            return Err(Error::unusable_input(format!(
                "{CONFIG}:{line}: [[preprocessor.isoproof.expect]]: unknown {what} `{id}`"
            ))
            .with_help(help));
        }
        Ok(())
    }

    /// This data for reports that answer an edition of a pack.
    ///
    /// # Errors
    ///
    /// There is no such edition, or a file of its pack cannot be used.
    pub fn with_edition(self, edition: &str, data: Option<&Path>) -> Result<Self> {
        let pack = crate::find_pack(edition).map_err(Error::unusable_input)?;
        let mut editions = Vec::new();
        for name in pack.edition_names() {
            editions.push(pack.load_edition(name, data)?);
        }
        let rules = Arc::unwrap_or_clone(self.rules);
        Ok(Self {
            edition: editions.iter().find(|known| known.edition_name() == edition).cloned(),
            editions,
            rules: Arc::new(rules.with_pack(pack.pack_name(), pack.rule_checks(), data)?),
            ..self
        })
    }

    /// Loads what ships with isoproof and what the project's `data/` folder adds.
    ///
    /// # Errors
    ///
    /// A file cannot be used; the error names it.
    pub fn load_data(data: Option<&Path>) -> Result<Self> {
        // To start threads for it takes as long as to read it.
        let catalogue = Arc::new(ProbeCatalogue::load(data)?);
        let rest = Self::without_catalogue(data)?;
        rest.workloads.verify_facts(&catalogue)?;
        Ok(Self { catalogue, ..rest })
    }

    /// The rules about hand-written reports, where they are to be told of.
    pub(crate) fn listed_report_rules(&self) -> impl Iterator<Item = &RuleDoc> {
        self.report_rules.iter_rules().filter(|_| self.checks_reports)
    }

    fn without_catalogue(data: Option<&Path>) -> Result<Self> {
        Ok(Self {
            catalogue: Arc::default(),
            rules: Arc::new(RuleBook::load(data)?),
            report_rules: Arc::new(load_report_rules(data)?),
            fleet_rules: Arc::new(RuleBook::of_fleets(data)?),
            checks_reports: false,
            words: Arc::new(words::load_conclusion_words(data)?),
            reasons: Arc::new(words::load_reasons(data)?),
            about: Arc::new(AboutWords::load_words(data)?),
            known: Arc::new(KnowledgeBase::load(data)?),
            edition: None,
            editions: Vec::new(),
            workloads: Arc::new(WorkloadTable::load(data)?),
            names: Arc::new(crate::assets::load_data(data, "names.toml")?),
            margin: MARGIN,
            target: None,
            expectations: Arc::default(),
            phrases: Arc::new(ReportPhrases::load_phrases(data)?),
            expectation_words: Arc::new(ExpectationWords::load_words(data)?),
        })
    }
}

/// The rules about hand-written reports of all packs.
fn load_report_rules(data: Option<&Path>) -> Result<RuleBook> {
    let mut rules = RuleBook::default();
    for pack in crate::PACKS {
        rules = rules.with_words(RuleBook::of_folder(data, pack.report_rules_folder())?);
    }
    Ok(rules)
}

/// One judged run.
#[derive(Debug)]
pub struct Assessment {
    /// The run.
    pub run: Run,
    /// What does not fit together in its file.
    pub integrity: IntegrityReport,
    /// What is said about it.
    pub judgement: Judgement,
    /// What its times say.
    pub timing: RunTiming,
    /// The candidate that templates call `candidate`: the one that was chosen, else the one that
    /// the edition asks for, else the one with the strongest boundary; without an edition the first.
    pub subject: Option<String>,
    /// The data of the project.
    pub project_data: ProjectData,
    /// What the fleet shows that the run is of, where it is of one and that was looked at.
    pub(crate) fleet: OnceLock<FleetTally>,
    captures: OnceLock<HashMap<String, IndexedCapture>>,
    record_pages: OnceLock<Vec<RecordPage>>,
}

#[derive(Debug)]
struct IndexedCapture {
    /// Its place among the captures of the run.
    index: usize,
    /// The page of the site that shows it, as [`Assessment::capture_page`] gives it.
    page: Arc<str>,
    anchor: String,
    /// Id and target of the facts that were read from it, in their order.
    facts: Vec<(String, String)>,
    /// The lines of its output that they were read from, from 1.
    sources: BTreeSet<usize>,
    /// The lines of its output, made when they are asked for; none if they are those that are
    /// stored.
    lines: OnceLock<Option<Vec<String>>>,
}

/// Where the site shows a place in the evidence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourcePlace<'a> {
    /// The page, seen from the root of the site and without the suffix.
    pub page: &'a str,
    pub anchor: &'a str,
    /// The line that stands at the place, where it is known.
    pub line: Option<&'a str>,
}

/// What a look-up found: the probe, the target and what is known.
#[derive(Debug, Clone)]
pub struct FoundFact<'a> {
    pub probe: &'a Probe,
    /// The name of the target; none if the run has no target of the role that was asked for.
    pub target: Option<&'a str>,
    pub fact: Cow<'a, Fact>,
}

/// A page of the site with captures of one run.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct RecordPage {
    /// Where it is, seen from the root of the site and without the suffix.
    pub place: String,
    /// The target whose captures they are; none of captures that speak of several.
    pub target: Option<String>,
    pub captures: usize,
}

impl Assessment {
    /// Judges a loaded run.
    ///
    /// ```
    /// use isoproof::report::{Assessment, ProjectData};
    /// # use isoproof::{error::Result, project::Project, store::RunStore};
    /// # fn main() -> Result<()> {
    /// # let project = Project::open_folder(env!("CARGO_MANIFEST_DIR").as_ref())?;
    /// # let loaded = RunStore::open_project(&project)?.load_run("four-runtimes", &project.root)?;
    /// let assessment = Assessment::new(loaded, &ProjectData::load_project(&project)?)?;
    /// let verdict = assessment.judgement.find_verdict("runc").expect("runc was tested");
    /// assert_eq!(verdict.conclusion.into_str(), "shared-kernel");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A rule's message cannot be rendered.
    pub fn new(loaded: LoadedRun, project_data: &ProjectData) -> Result<Self> {
        let LoadedRun { run, integrity, .. } = loaded;
        let edition = project_data.edition.as_deref();
        let chosen = project_data.target.as_deref();
        let chosen = chosen.and_then(|name| find_candidate(&run, name).ok());
        let subject = chosen.or_else(|| find_in_role(&run, edition?, Role::Candidate));
        let timing = RunTiming::of_run(&run, project_data.margin);
        let mut case = RuleContext {
            run: &run,
            integrity: &integrity,
            catalogue: &project_data.catalogue,
            verdicts: &[],
            known: &project_data.known,
            asks: edition,
            subject: subject.map(|target| target.name.as_str()),
            timing: &timing,
            margin: project_data.margin,
        };
        if case.subject.is_none() {
            let mut candidates = run.with_role(Role::Candidate);
            case.subject = match edition {
                // Where another runtime stands for the one that is asked for, it is one that isolates.
                Some(_) => judge::strongest_candidate(&case),
                None => candidates.next().map(|target| target.name.as_str()),
            };
        }
        let subject = case.subject.map(String::from);
        let judgement = judge::judge_run(&case, &project_data.rules)?;
        Ok(Self {
            run,
            integrity,
            judgement,
            timing,
            subject,
            project_data: project_data.clone(),
            fleet: OnceLock::new(),
            captures: OnceLock::new(),
            record_pages: OnceLock::new(),
        })
    }

    /// The target of a role: of several candidates the one that `candidate` means.
    pub fn role_target(&self, role: Role) -> Option<&str> {
        match role {
            Role::Candidate => self.subject.as_deref(),
            _ => self.run.with_role(role).map(|target| target.name.as_str()).next(),
        }
    }

    /// The candidates: first the one that `candidate` means, then the others in the order of
    /// the run.
    pub fn list_candidates(&self) -> Vec<&Target> {
        let mut candidates: Vec<&Target> = self.run.with_role(Role::Candidate).collect();
        candidates.sort_by_key(|target| self.subject.as_deref() != Some(&target.name));
        candidates
    }

    /// The runtime that the edition asks for in a role, where the target in that role is another one
    /// or there is none.
    pub fn unmet_runtime(&self, role: Role) -> Option<&str> {
        let wanted = self.project_data.edition.as_ref()?.wanted_runtime(role)?;
        let target = self.role_target(role).and_then(|name| self.run.find_target(name));
        let is_met = target.is_some_and(|target| is_runtime(&self.run, target, wanted));
        (!is_met).then_some(wanted)
    }

    /// The target that a template means: a name, or `host`, `baseline` or `candidate` for the
    /// target of that role.
    ///
    /// # Errors
    ///
    /// It is neither a role nor the name of a target.
    pub fn resolve_target(&self, wanted: &str) -> Result<Option<&str>, String> {
        let roles = [Role::Host, Role::Baseline, Role::Candidate];
        if let Some(target) = self.run.find_target(wanted) {
            return Ok(Some(&target.name));
        }
        if let Some(role) = roles.into_iter().find(|role| role.into_str() == wanted) {
            return Ok(self.role_target(role));
        }
        let names = self.run.targets.iter().map(|target| target.name.as_str());
        let names = names.filter(|name| roles.iter().all(|role| role.into_str() != *name));
        let mut known: Vec<&str> = Vec::new();
        known.extend(roles.map(<&str>::from));
        known.extend(names);
        Err(format!("unknown target `{wanted}`: {}", suggest_or_list(wanted, &known)))
    }

    /// Looks a fact up.
    ///
    /// # Errors
    ///
    /// The id is not in the catalogue, or the target is unknown.
    pub fn find_fact(&self, id: FactId, target: &str) -> Result<FoundFact<'_>, String> {
        let probe =
            self.project_data.catalogue.find_probe(&id).ok_or_else(|| self.unknown_id(&id))?;
        let Some(name) = self.resolve_target(target)? else {
            let reason = format!("the run has no {target}");
            return Ok(FoundFact {
                probe,
                target: None,
                fact: Cow::Owned(Fact::missing(MissingReason::NotAsked, reason)),
            });
        };
        let fact = match self.run.find_fact(id, name) {
            Some(fact) => Cow::Borrowed(fact),
            None => Cow::Owned(self.unrecorded_fact(name)),
        };
        Ok(FoundFact { probe, target: Some(name), fact })
    }

    /// What is known of a fact on each target of the run, in their order.
    pub(crate) fn find_row(&self, id: FactId) -> Result<Vec<FoundFact<'_>>, String> {
        let probe =
            self.project_data.catalogue.find_probe(&id).ok_or_else(|| self.unknown_id(&id))?;
        let by_target = self.run.facts.get(&*id);
        let row = self.run.targets.iter().map(|Target { name, .. }| {
            let fact = match by_target.and_then(|by_target| by_target.get(name)) {
                Some(fact) => Cow::Borrowed(fact),
                None => Cow::Owned(self.unrecorded_fact(name)),
            };
            FoundFact { probe, target: Some(name), fact }
        });
        Ok(row.collect())
    }

    /// Why a run knows nothing about a question on a target.
    fn unrecorded_fact(&self, target: &str) -> Fact {
        let phrases = &self.project_data.phrases;
        // What a changed record says of a start is not what was recorded.
        if self.integrity.is_record_changed {
            return Fact::missing(MissingReason::Altered, crate::store::integrity::RECORD_CHANGED);
        }
        let on = self.run.find_target(target);
        let failure = on.and_then(Target::start_failure);
        let is_stopped = on.is_some_and(Target::is_stopped);
        match (self.find_capture(&format!("{target}/boot")), failure) {
            (_, Some(failure)) => Fact::missing(MissingReason::Error, failure),
            (Some(boot), None) if is_unrecorded(boot) => {
                let reason = fill_phrase(&phrases.not_recorded, &[("capture", &boot.id)]);
                Fact::missing_at(
                    MissingReason::CutOff,
                    reason,
                    FactSource::new(boot.id.as_str(), None),
                )
            }
            (boot, None) => {
                let reason = match &self.run.evidence {
                    EvidenceKind::Imported { .. } => &phrases.not_in_files,
                    EvidenceKind::Collected { interrupted: true, .. }
                        if boot.is_none() || is_stopped =>
                    {
                        &phrases.not_reached
                    }
                    EvidenceKind::Collected { .. } => &phrases.not_included,
                };
                Fact::missing(MissingReason::NotAsked, reason.as_str())
            }
        }
    }

    fn unknown_id(&self, id: &str) -> String {
        let ids = self.project_data.catalogue.iter_probes().map(|probe| probe.id.as_str());
        format!("unknown fact `{id}`: {}", suggest_or(id, ids, "it is not in the catalogue"))
    }

    /// What recommendations look at.
    pub fn fit_evidence(&self) -> FitEvidence<'_> {
        FitEvidence { run: &self.run, judgement: &self.judgement, timing: &self.timing }
    }

    /// Why nothing follows from the figures that these targets have of a fact, as a clause; none if
    /// something does.
    pub(crate) fn figure_obstacle(&self, fact: FactId, targets: &[&str]) -> Option<String> {
        let ProjectData { reasons, phrases, rules, .. } = &self.project_data;
        Some(match self.fit_evidence().figure_obstacle(fact, targets)? {
            FigureObstacle::Withheld(reason) => reasons[reason.into_str()].clone(),
            FigureObstacle::Doubted(finding) => {
                let title = rules.find_rule(&finding.rule).map_or(&finding.rule, |doc| &doc.title);
                fill_phrase(&phrases.figure_doubted, &[("finding", title)])
            }
        })
    }

    /// What the project expects of a run, and whether this one shows it.
    ///
    /// # Errors
    ///
    /// An expectation names a runtime that is misspelt.
    pub fn judge_expectations(&self) -> Result<Vec<ExpectationResult>> {
        let data = &self.project_data;
        let context = ExpectationContext {
            evidence: self.fit_evidence(),
            is_record_changed: self.integrity.is_record_changed,
            workloads: &data.workloads,
            names: &data.names,
            conclusions: &data.words,
            reasons: &data.reasons,
            words: &data.expectation_words,
        };
        expectations::judge_expectations(&context, &data.expectations)
    }

    /// What readers call a target. One that is not what its name says is called by what it was
    /// started as, too: it is not Kata because somebody called it so.
    pub fn reader_name(&self, target: &str) -> String {
        let mut broken = self.judgement.findings.iter().filter(|finding| finding.rule == BROKEN);
        if broken.any(|finding| finding.target.as_deref() == Some(target))
            && let Some(handler) = self.run.find_target(target).and_then(|it| it.handler.as_deref())
            && handler != target
        {
            return format!("{target} ({handler})");
        }
        self.project_data.names.get(target).cloned().unwrap_or_else(|| target.to_string())
    }

    pub(crate) fn find_capture(&self, id: &str) -> Option<&Capture> {
        Some(&self.run.captures[self.indexed_captures().get(id)?.index])
    }

    /// Whether a capture says what it said when it was recorded: neither its bytes nor what the
    /// record says of it were changed since.
    pub(crate) fn is_as_written(&self, capture: &str) -> bool {
        let integrity = &self.integrity;
        !integrity.is_record_changed && !integrity.altered.iter().any(|id| id == capture)
    }

    /// The anchor of a capture on the page of its run.
    pub fn capture_anchor(&self, capture: &str) -> Option<&str> {
        self.indexed_captures().get(capture).map(|capture| capture.anchor.as_str())
    }

    fn indexed_captures(&self) -> &HashMap<String, IndexedCapture> {
        self.captures.get_or_init(|| {
            index_captures(&self.run, self.record_pages(), &self.project_data.catalogue)
        })
    }

    /// The pages next to that of the run which show its captures; none of a run with few.
    pub(crate) fn record_pages(&self) -> &[RecordPage] {
        self.record_pages.get_or_init(|| find_record_pages(&self.run))
    }

    /// Where the site shows a capture, seen from its root and without the suffix; nothing of one
    /// that the run does not have.
    pub(crate) fn capture_page(&self, capture: &str) -> &str {
        self.indexed_captures().get(capture).map_or("", |capture| &capture.page)
    }

    /// The facts that were read from a capture, in the order of their ids and targets.
    pub(crate) fn facts_of_capture(&self, capture: &str) -> impl Iterator<Item = FoundFact<'_>> {
        let facts = self.indexed_captures().get(capture).map(|capture| capture.facts.iter());
        facts
            .into_iter()
            .flatten()
            .filter_map(|(id, target)| self.find_fact(FactId::from_text(id), target).ok())
    }

    /// How many facts were read from a capture, and from which lines of its output, from 1.
    pub(crate) fn lines_read(&self, capture: &str) -> (usize, &BTreeSet<usize>) {
        static NONE: BTreeSet<usize> = BTreeSet::new();
        let indexed = self.indexed_captures().get(capture);
        indexed.map_or((0, &NONE), |capture| (capture.facts.len(), &capture.sources))
    }

    /// The lines of a capture's output as they are shown: without the colours of a terminal.
    pub fn capture_lines(&self, capture: &str) -> &[String] {
        self.indexed_captures().get(capture).map_or(&[], |indexed| self.shown_lines(indexed))
    }

    fn shown_lines<'a>(
        &'a self,
        IndexedCapture { index, lines, .. }: &'a IndexedCapture,
    ) -> &'a [String] {
        let output = &self.run.captures[*index].stdout;
        let cleaned = lines.get_or_init(|| {
            let lines = output.text_lines();
            let mut shown = lines.iter().map(|line| strip_ansi(line));
            let is_shown = shown.all(|line| matches!(line, Cow::Borrowed(_)));
            match matches!(lines, Cow::Borrowed(_)) && is_shown {
                true => None,
                false => Some(lines.iter().map(|line| strip_ansi(line).into_owned()).collect()),
            }
        });
        cleaned.as_deref().unwrap_or_else(|| output.stored_lines())
    }

    /// Where the site shows what something was read from; none where the run has no such capture.
    pub(crate) fn locate_source(&self, source: &FactSource) -> Option<SourcePlace<'_>> {
        let indexed = self.indexed_captures().get(&source.capture)?;
        let index = source.line.and_then(|line| usize::try_from(line).ok()?.checked_sub(1));
        let line = index.and_then(|index| self.shown_lines(indexed).get(index));
        let line = line.map(String::as_str);
        Some(SourcePlace { page: &indexed.page, anchor: &indexed.anchor, line })
    }

    /// The capture whose page section has this anchor.
    pub fn by_anchor(&self, anchor: &str) -> Option<&Capture> {
        let found = self.indexed_captures().values().find(|capture| capture.anchor == anchor)?;
        Some(&self.run.captures[found.index])
    }

    /// The findings about a fact: those whose first place it is.
    pub fn findings_about(&self, fact: FactId, target: &str) -> impl Iterator<Item = &Finding> {
        self.judgement.findings.iter().filter(move |finding| {
            let is_place = |place: &EvidenceRef| {
                place.fact.as_deref() == Some(&fact) && place.target.as_deref() == Some(target)
            };
            let rule = self.project_data.rules.find_rule(&finding.rule);
            match rule.and_then(|rule| rule.doubts.as_ref()) {
                None => finding.evidence.first().is_some_and(is_place),
                Some(doubts) if doubts.iter().any(|id| id == "*") => {
                    finding.evidence.iter().any(is_place)
                }
                Some(doubts) => {
                    doubts.iter().any(|id| *id == fact) && finding.target.as_deref() == Some(target)
                }
            }
        })
    }

    /// The command that the edition of the run gives for an evidence file.
    pub fn instructed_command(&self, file: &str) -> Option<&str> {
        let made_for = self.run.edition.as_deref()?;
        let mut editions = self.project_data.editions.iter();
        editions.find(|edition| edition.edition_name() == made_for)?.file_command(file)
    }
}

fn find_in_role<'a>(run: &'a Run, edition: &dyn PackEdition, role: Role) -> Option<&'a Target> {
    let wanted = edition.wanted_runtime(role)?;
    run.with_role(role).find(|target| is_runtime(run, target, wanted))
}

/// The candidate of this name.
///
/// # Errors
///
/// The run has no such candidate; the error lists those that it has.
pub fn find_candidate<'a>(run: &'a Run, name: &str) -> Result<&'a Target> {
    if let Some(target) = run.with_role(Role::Candidate).find(|target| target.name == name) {
        return Ok(target);
    }
    let names: Vec<&str> = run.with_role(Role::Candidate).map(|t| t.name.as_str()).collect();
    let help = match names.is_empty() {
        true => "it has no runtime besides the baseline: leave the target out".into(),
        false => format!("a report can be about {}", names.join(", ")),
    };
    let what = match run.find_target(name) {
        Some(target) => format!("is the {}, and no candidate", target.role.into_str()),
        None => "is no target".into(),
    };
    Err(Error::unusable_input(format!("`{name}` {what} of run {}", run.id)).with_help(help))
}

/// A run in the words that templates use.
pub(crate) fn describe_run(run: &Run) -> serde_json::Value {
    use crate::model::EvidenceKind;
    let (form, engine, image) = match &run.evidence {
        EvidenceKind::Imported { form } => (Some(form), None, None),
        EvidenceKind::Collected { engine, image, .. } => (None, Some(engine), Some(image)),
    };
    serde_json::json!({
        "id": run.id,
        "label": run.label,
        "created": run.created.format("%Y-%m-%d %H:%M UTC").to_string(),
        "edition": run.edition,
        "imported": form,
        "engine": engine,
        "image": image,
        "generator": format!("{} {}", run.generator.name, run.generator.version),
        "redaction": run.redaction,
        "captures": run.captures.len(),
    })
}

/// The most captures that the page of a run shows itself.
const ON_ONE_PAGE: usize = 40;

/// A page for each target, and one for the captures that speak of several.
fn find_record_pages(run: &Run) -> Vec<RecordPage> {
    let mut pages: Vec<RecordPage> = Vec::new();
    if run.captures.len() <= ON_ONE_PAGE {
        return pages;
    }
    for capture in &run.captures {
        match pages.iter_mut().find(|page| page.target == capture.target) {
            Some(page) => page.captures += 1,
            None => {
                let name = capture.target.as_deref().unwrap_or("files").to_lowercase();
                let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
                let place = format!("runs/{}/{}-{name}", run.id, pages.len() + 1);
                pages.push(RecordPage { place, target: capture.target.clone(), captures: 1 });
            }
        }
    }
    pages
}

/// The captures by their ids, each with an anchor that is made of the id and unique on the page.
fn index_captures(
    run: &Run,
    pages: &[RecordPage],
    catalogue: &ProbeCatalogue,
) -> HashMap<String, IndexedCapture> {
    let run_page: Arc<str> = format!("runs/{}", run.id).into();
    let pages: Vec<(Option<&str>, Arc<str>)> =
        pages.iter().map(|page| (page.target.as_deref(), page.place.as_str().into())).collect();
    let mut used: HashMap<String, u32> = HashMap::new();
    let mut captures = HashMap::with_capacity(run.captures.len());
    for (index, capture) in run.captures.iter().enumerate() {
        let ascii: String =
            capture.id.chars().map(|c| if c.is_ascii() { c } else { '-' }).collect();
        let slug = super::markdown::heading_slug(&ascii);
        let count = used.entry(slug.clone()).or_default();
        *count += 1;
        let anchor = if *count == 1 { format!("c-{slug}") } else { format!("c-{slug}--{count}") };
        let page = pages.iter().find(|(target, _)| *target == capture.target.as_deref());
        let page = Arc::clone(page.map_or(&run_page, |(_, page)| page));
        let (facts, sources, lines) = (Vec::new(), BTreeSet::new(), OnceLock::new());
        let indexed = IndexedCapture { index, page, anchor, facts, sources, lines };
        captures.insert(capture.id.clone(), indexed);
    }
    // What can be looked up.
    for (id, by_target) in run.facts.iter().filter(|(id, _)| catalogue.find_probe(id).is_some()) {
        let known = by_target.iter().filter(|(target, _)| run.find_target(target).is_some());
        for (target, fact) in known.filter(|(_, fact)| fact.is_present()) {
            let Some(source) = fact.source() else { continue };
            if let Some(capture) = captures.get_mut(&source.capture) {
                capture.facts.push((id.clone(), target.clone()));
                capture.sources.extend(source.line.map(|line| line as usize));
            }
        }
    }
    captures
}
