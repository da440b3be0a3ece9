//! Which runtime is fit for which workload, from the verdicts and from what was compared.
//!
//! A workload with code that nobody vouches for needs a runtime that is shown, with at least medium
//! confidence, to give containers a kernel of their own. Every other needs one that ran. What a
//! workload can pay is compared with the ratio to the baseline, whose whole interval has to lie on
//! one side of the limit, or with what is added to the baseline's figure: a ratio of memory is mostly
//! that to the engine's own shim. What was not shown recommends nothing.

use super::rules::RuleMessage;
use super::rules::messages::{MachineWithoutKvm, StartupFasterThanBaseline};
use super::timing::{RunTiming, WithheldReason};
use super::verdict::{Conclusion, Confidence, Verdict};
use super::workloads::{
    CostMeasure, CostScale, FitReasonKind, Suitability, Workload, WorkloadTable,
};
use super::{Finding, Judgement};
use crate::engine::EngineKind;
use crate::model::{EvidenceKind, Fact, FactId, Role, Run, StartEnd};
use crate::stats::{Comparison, ComparisonObstacle, Interval};

/// How many `kB` of `/proc` are one MiB.
const KB_IN_MIB: f64 = 1024.0;

#[derive(Debug, Clone, PartialEq)]
pub struct FitReason {
    pub kind: FitReasonKind,
    /// What is paid, where it is about a cost.
    pub cost: Option<CostReason>,
}

/// What a reason about a cost refers to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CostReason {
    pub measure: String,
    /// The id of the fact that was compared.
    pub fact: String,
    /// The most that the workload can pay, on the scale of the measure.
    pub limit: f64,
    pub ratio: Option<f64>,
    /// Its 95 % interval, where it has one.
    pub interval: Option<Interval>,
    pub rule: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RuntimeFit {
    pub target: String,
    pub suitability: Suitability,
    /// Why: all reasons that make it so.
    pub reasons: Vec<FitReason>,
}

/// A workload and every runtime of the run, the strongest boundary first.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadFit<'a> {
    pub workload: &'a Workload,
    pub runtimes: Vec<RuntimeFit>,
}

/// What a target costs in one measure, relative to the baseline.
#[derive(Debug, Clone, PartialEq)]
pub enum CostRatio {
    Reference,
    /// The ratio, with its interval where both are series.
    Ratio {
        /// How many times the baseline's.
        ratio: f64,
        /// The 95 % interval; none where each is a single value.
        interval: Option<Interval>,
    },
    /// There is none, and why.
    Unknown {
        kind: FitReasonKind,
        /// The rule that found an error in the figure, where one did.
        rule: Option<String>,
    },
}

impl CostRatio {
    fn without_ratio(kind: FitReasonKind) -> Self {
        Self::Unknown { kind, rule: None }
    }

    fn from_comparison(comparison: &Comparison) -> Self {
        match (comparison.ratio, comparison.obstacle) {
            (Some(ratio), _) => Self::Ratio { ratio, interval: comparison.interval },
            (None, Some(ComparisonObstacle::NotPositive)) => {
                Self::without_ratio(FitReasonKind::NotPositive)
            }
            (None, _) => Self::without_ratio(FitReasonKind::TooFewSamples),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum FigureObstacle<'a> {
    /// Nothing follows from the times of the session, or from this one.
    Withheld(WithheldReason),
    /// By this finding the figure cannot be what it is called.
    Doubted(&'a Finding),
}

/// A judged run, as far as recommendations look at it.
#[derive(Debug, Clone, Copy)]
pub struct FitEvidence<'a> {
    pub run: &'a Run,
    pub judgement: &'a Judgement,
    pub timing: &'a RunTiming,
}

impl<'a> FitEvidence<'a> {
    /// Every workload of the table with every runtime of the run.
    pub fn judge_workloads(&self, table: &'a WorkloadTable) -> Vec<WorkloadFit<'a>> {
        let mut fits = Vec::new();
        for workload in &table.workloads {
            let verdicts = self.judgement.strongest_first().into_iter();
            let runtimes = verdicts.map(|verdict| self.judge_fit(workload, table, verdict));
            fits.push(WorkloadFit { workload, runtimes: runtimes.collect() });
        }
        fits
    }

    fn judge_fit(
        &self,
        workload: &Workload,
        table: &WorkloadTable,
        verdict: &Verdict,
    ) -> RuntimeFit {
        let boundary = self.judge_boundary(workload, verdict);
        let mut reasons = vec![FitReason { kind: boundary, cost: None }];
        // What a runtime costs does not matter where its boundary is not enough.
        if reasons[0].kind.implied_suitability() == Suitability::Fit {
            for (id, limit) in &workload.pays {
                if let Some(measure) = table.find_measure(id) {
                    reasons.push(self.judge_cost(measure, *limit, &verdict.target));
                }
            }
        }
        let implied = reasons.iter().map(|reason| reason.kind.implied_suitability());
        let suitability = implied.max().unwrap_or(Suitability::Open);
        reasons.retain(|reason| reason.kind.implied_suitability() == suitability);
        RuntimeFit { target: verdict.target.clone(), suitability, reasons }
    }

    /// What the run says about a runtime's boundary for a workload.
    fn judge_boundary(&self, workload: &Workload, verdict: &Verdict) -> FitReasonKind {
        let is_trusted = !workload.runs_untrusted_code;
        match verdict.conclusion {
            _ if self.is_builtin() => FitReasonKind::NoRuntime,
            Conclusion::NotTested => match verdict.start_end() {
                Some(StartEnd::Stopped) => FitReasonKind::Stopped,
                Some(StartEnd::OtherNode) => FitReasonKind::OtherNode,
                _ => FitReasonKind::NotTested,
            },
            Conclusion::Inconclusive if is_trusted && self.has_facts(&verdict.target) => {
                FitReasonKind::Trusted
            }
            Conclusion::Inconclusive | Conclusion::Contradictory => FitReasonKind::NotDecided,
            _ if verdict.confidence == Confidence::None => FitReasonKind::NotDecided,
            _ if is_trusted => FitReasonKind::Trusted,
            Conclusion::SharedKernel => FitReasonKind::SharedKernel,
            Conclusion::SeparateKernelVm
            | Conclusion::SeparateKernelUserspace
            | Conclusion::SeparateKernel => match verdict.shows_own_kernel() {
                true => FitReasonKind::OwnKernel,
                false => FitReasonKind::LowConfidence,
            },
        }
    }

    fn is_builtin(&self) -> bool {
        matches!(&self.run.evidence, EvidenceKind::Collected { engine, .. }
            if engine == EngineKind::Builtin.into_str())
    }

    fn has_facts(&self, target: &str) -> bool {
        let mut facts = self.run.facts.values().filter_map(|by_target| by_target.get(target));
        facts.any(Fact::is_present)
    }

    fn judge_cost(&self, measure: &CostMeasure, limit: f64, target: &str) -> FitReason {
        let fact = self.compared_fact(measure);
        let mut cost = CostReason {
            measure: measure.title.clone(),
            fact: fact.to_string(),
            limit,
            ..CostReason::default()
        };
        let kind = match self.cost_ratio(fact, target) {
            CostRatio::Reference => FitReasonKind::Reference,
            CostRatio::Unknown { kind, rule } => {
                cost.rule = rule;
                kind
            }
            CostRatio::Ratio { ratio, interval } => {
                (cost.ratio, cost.interval) = (Some(ratio), interval);
                let amount = match measure.scale {
                    CostScale::Ratio => ratio,
                    CostScale::AddedMib => self.added_mib(fact, target).unwrap_or(f64::NAN),
                };
                let interval = interval.unwrap_or(Interval { low: amount, high: amount });
                // Of a machine without KVM the monitor holds more, too: the code that it made.
                if self.is_emulated(target) {
                    FitReasonKind::GuestEmulated
                } else if interval.high <= limit {
                    FitReasonKind::Affordable
                } else if interval.low > limit {
                    FitReasonKind::TooCostly
                } else {
                    FitReasonKind::PerhapsTooCostly
                }
            }
        };
        FitReason { kind, cost: Some(cost) }
    }

    /// The fact of a measure that this run compares: the first that the baseline and another runtime
    /// have, else the first that any runtime has, else the first of which the run says why it has no
    /// value, else the first.
    pub fn compared_fact<'m>(&self, measure: &'m CostMeasure) -> FactId<'m> {
        let verdicts = self.judgement.verdicts.iter();
        let runtimes: Vec<&str> = verdicts.map(|verdict| verdict.target.as_str()).collect();
        let baseline = self.baseline_name();
        let others = runtimes.iter().filter(|name| Some(**name) != baseline);
        let mut facts = measure.facts.iter().map(|fact| FactId::from_text(fact));
        let compared = facts.clone().find(|fact| {
            baseline.is_some_and(|name| self.find_present_fact(*fact, name).is_some())
                && others.clone().any(|name| self.find_present_fact(*fact, name).is_some())
        });
        let measured = facts
            .clone()
            .find(|fact| runtimes.iter().any(|name| self.find_present_fact(*fact, name).is_some()));
        let asked = facts
            .clone()
            .find(|fact| runtimes.iter().any(|name| self.run.find_fact(*fact, name).is_some()));
        compared.or(measured).or(asked).or(facts.next()).unwrap_or(FactId::from_text(""))
    }

    fn find_present_fact(&self, fact: FactId, target: &str) -> Option<&'a Fact> {
        self.run.find_fact(fact, target).filter(|fact| fact.is_present())
    }

    fn baseline_name(&self) -> Option<&'a str> {
        self.run.with_role(Role::Baseline).map(|target| target.name.as_str()).next()
    }

    /// What a target costs by a fact, relative to the baseline.
    pub fn cost_ratio(&self, fact: FactId, target: &str) -> CostRatio {
        let Some(baseline) = self.baseline_name() else {
            return CostRatio::without_ratio(FitReasonKind::BaselineNotMeasured);
        };
        if target == baseline {
            return CostRatio::Reference;
        }
        let Some(own) = self.find_present_fact(fact, target) else {
            return CostRatio::without_ratio(FitReasonKind::NotMeasured);
        };
        let Some(reference) = self.find_present_fact(fact, baseline) else {
            return CostRatio::without_ratio(FitReasonKind::BaselineNotMeasured);
        };
        match self.figure_obstacle(fact, &[target, baseline]) {
            Some(FigureObstacle::Withheld(reason)) => {
                return CostRatio::without_ratio(match reason {
                    WithheldReason::HostEmulated => FitReasonKind::HostEmulated,
                    WithheldReason::ControlDiffers => FitReasonKind::TimesWithheld,
                    WithheldReason::IncludesStart => FitReasonKind::IncludesStart,
                });
            }
            Some(FigureObstacle::Doubted(finding)) => {
                let rule = Some(finding.rule.clone());
                return CostRatio::Unknown { kind: FitReasonKind::FigureDoubtful, rule };
            }
            None => {}
        }
        if own.as_series().is_some() || reference.as_series().is_some() {
            return self.series_ratio(fact, target);
        }
        match [own, reference].map(|fact| fact.as_value()?.as_f64()) {
            [Some(own), Some(reference)] if own > 0.0 && reference > 0.0 => {
                CostRatio::Ratio { ratio: own / reference, interval: None }
            }
            _ => CostRatio::without_ratio(FitReasonKind::NotPositive),
        }
    }

    /// How much more memory a target takes than the baseline, in MiB, by a fact in kB.
    pub fn added_mib(&self, fact: FactId, target: &str) -> Option<f64> {
        let [own, reference] = [target, self.baseline_name()?]
            .map(|name| self.find_present_fact(fact, name)?.as_value()?.as_f64());
        Some((own? - reference?) / KB_IN_MIB)
    }

    /// The finding by which a figure cannot be what it is called: an error, or starts of Kata that
    /// take less time than the baseline's.
    fn find_doubt(&self, fact: FactId, targets: &[&str]) -> Option<&'a Finding> {
        self.judgement.find_error(fact, targets).or_else(|| {
            self.judgement.findings.iter().find(|finding| {
                finding.rule == StartupFasterThanBaseline::RULE
                    && targets.iter().all(|target| finding.rests_on(fact, Some(target)))
            })
        })
    }

    /// Whether the target is a virtual machine whose processor is emulated in software.
    pub(crate) fn is_emulated(&self, target: &str) -> bool {
        self.judgement.findings.iter().any(|finding| {
            finding.rule == MachineWithoutKvm::RULE && finding.target.as_deref() == Some(target)
        })
    }

    fn series_ratio(&self, fact: FactId, target: &str) -> CostRatio {
        let mut measures = self.timing.compared_measures(self.run).iter();
        match measures.find(|measure| measure.id == fact && measure.target == target) {
            Some(measure) => CostRatio::from_comparison(&measure.comparison),
            None => CostRatio::without_ratio(FitReasonKind::NotMeasured),
        }
    }

    /// Why nothing follows from the figures that these targets have of a fact, if nothing does. This
    /// decides it for every page, recommendation and export.
    pub(crate) fn figure_obstacle(
        &self,
        fact: FactId,
        targets: &[&str],
    ) -> Option<FigureObstacle<'a>> {
        let mut facts = targets.iter().filter_map(|target| self.find_present_fact(fact, target));
        if facts.any(|fact| fact.as_series().is_some()) {
            let mut loops = self.timing.loops_with_start(self.run).iter();
            let with_start =
                loops.any(|one| *one.fact == *fact && targets.contains(&one.target.as_str()));
            let reason = self.timing.withheld_reason();
            let reason = reason.or(with_start.then_some(WithheldReason::IncludesStart));
            if let Some(reason) = reason {
                return Some(FigureObstacle::Withheld(reason));
            }
        }
        self.find_doubt(fact, targets).map(FigureObstacle::Doubted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::judge::{EvidenceRef, Severity};
    use crate::project::MARGIN;

    const FIRST: &str = "startup.first_byte";

    fn workload(runs_untrusted_code: bool, pays: &[(&str, f64)]) -> Workload {
        Workload {
            id: "w".into(),
            title: "W".into(),
            short: "w".into(),
            why: "w".into(),
            runs_untrusted_code,
            pays: pays.iter().map(|(id, limit)| (id.to_string(), *limit)).collect(),
        }
    }

    /// So many times around a centre, one per mille apart.
    fn around(center: f64, n: u32) -> Vec<f64> {
        (0..n).map(|i| center * (1.0 + 0.001 * f64::from(i))).collect()
    }

    /// What comes of a workload for the candidate of a sketch with this verdict.
    fn fit(
        sketch: &Sketch,
        workload: &Workload,
        conclusion: Conclusion,
        confidence: Confidence,
    ) -> RuntimeFit {
        fit_with(
            sketch,
            workload,
            Verdict::without_facts("kata", conclusion, confidence),
            Vec::new(),
        )
    }

    fn fit_with(
        sketch: &Sketch,
        workload: &Workload,
        verdict: Verdict,
        findings: Vec<Finding>,
    ) -> RuntimeFit {
        let verdicts = vec![verdict];
        let judgement = Judgement { verdicts, findings, switched_off: Vec::new() };
        let timing = RunTiming::of_run(&sketch.run, MARGIN);
        let evidence = FitEvidence { run: &sketch.run, judgement: &judgement, timing: &timing };
        let table = WorkloadTable::load(None).unwrap();
        evidence.judge_fit(workload, &table, &judgement.verdicts[0])
    }

    /// A finding about the first of these targets that rests on the starts of all.
    fn make_finding(rule: &str, severity: Severity, targets: &[&str]) -> Finding {
        let places = targets.iter().map(|target| EvidenceRef {
            fact: Some(FIRST.into()),
            target: Some(target.to_string()),
            source: None,
        });
        Finding {
            rule: rule.into(),
            severity,
            target: Some(targets[0].into()),
            message: String::new(),
            help: String::new(),
            evidence: places.collect(),
        }
    }

    fn kinds(fit: &RuntimeFit) -> Vec<FitReasonKind> {
        fit.reasons.iter().map(|reason| reason.kind).collect()
    }

    /// The promise of the program: whatever else was measured, code that nobody vouches for is
    /// offered a runtime only where a kernel of its own was shown with medium confidence or more.
    #[test]
    fn every_conclusion_with_every_confidence_is_offered_only_what_it_was_shown_to_be_fit_for() {
        let measured = sketch().series(FIRST, "runc", &around(0.5, 10)).series(
            FIRST,
            "kata",
            &around(0.5, 10),
        );
        let mut offered = 0;
        for &conclusion in Conclusion::ALL {
            for &confidence in Confidence::ALL {
                for pays in [&[][..], &[("startup", 2.0)]] {
                    let untrusted = fit(&measured, &workload(true, pays), conclusion, confidence);
                    let is_shown = matches!(
                        conclusion,
                        Conclusion::SeparateKernelVm
                            | Conclusion::SeparateKernelUserspace
                            | Conclusion::SeparateKernel
                    ) && matches!(confidence, Confidence::Medium | Confidence::High);
                    let is_fit = untrusted.suitability == Suitability::Fit;
                    assert_eq!(is_fit, is_shown, "{conclusion:?} {confidence:?} {untrusted:?}");
                    assert!(!untrusted.reasons.is_empty(), "{conclusion:?} {confidence:?}");
                    offered += usize::from(is_fit);

                    let trusted = fit(&measured, &workload(false, pays), conclusion, confidence);
                    let says_nothing = match conclusion {
                        Conclusion::Contradictory | Conclusion::NotTested => true,
                        Conclusion::Inconclusive => false,
                        _ => confidence == Confidence::None,
                    };
                    let expected = if says_nothing { Suitability::Open } else { Suitability::Fit };
                    assert_eq!(trusted.suitability, expected, "{conclusion:?} {confidence:?}");
                    assert!(!trusted.reasons.is_empty(), "{conclusion:?} {confidence:?}");
                }
            }
        }
        assert_eq!(offered, 3 * 2 * 2);
    }

    #[test]
    fn a_shared_kernel_is_unfit_for_untrusted_code_and_says_so() {
        for confidence in [Confidence::Low, Confidence::Medium, Confidence::High] {
            let fit = fit(&sketch(), &workload(true, &[]), Conclusion::SharedKernel, confidence);
            assert_eq!(fit.suitability, Suitability::Unfit);
            assert_eq!(kinds(&fit), [FitReasonKind::SharedKernel]);
        }
    }

    fn paid(sketch: &Sketch, limit: f64) -> RuntimeFit {
        let workload = workload(true, &[("startup", limit)]);
        fit(sketch, &workload, Conclusion::SeparateKernelVm, Confidence::High)
    }

    #[test]
    fn the_whole_interval_has_to_lie_on_one_side_of_what_can_be_paid() {
        let sketch = sketch().series(FIRST, "runc", &around(0.5, 10)).series(
            FIRST,
            "kata",
            &around(1.5, 10),
        );
        assert_eq!(paid(&sketch, 4.0).suitability, Suitability::Fit);
        let unfit = paid(&sketch, 2.0);
        assert_eq!(
            (unfit.suitability, kinds(&unfit)),
            (Suitability::Unfit, vec![FitReasonKind::TooCostly])
        );
        let open = paid(&sketch, 3.0);
        assert_eq!(
            (open.suitability, kinds(&open)),
            (Suitability::Open, vec![FitReasonKind::PerhapsTooCostly])
        );
    }

    #[test]
    fn what_was_not_measured_recommends_nothing_and_says_so() {
        let one = || sketch().series(FIRST, "runc", &around(0.5, 10));
        let few = || one().series(FIRST, "kata", &around(0.5, 3));
        let other = || sketch().series(FIRST, "kata", &around(0.5, 10));
        let zero = || one().series(FIRST, "kata", &[0.0; 10]);
        let withheld = || {
            let both = one().series(FIRST, "kata", &around(0.5, 10));
            both.series("startup.control.first_byte", "runc", &around(0.8, 10))
        };
        let emulated = || {
            let both = one().series(FIRST, "kata", &around(0.5, 10));
            both.fact("cpu.model", "host", "QEMU TCG CPU version 2.5+")
        };
        for (sketch, kind) in [
            (sketch(), FitReasonKind::NotMeasured),
            (one(), FitReasonKind::NotMeasured),
            (few(), FitReasonKind::TooFewSamples),
            (other(), FitReasonKind::BaselineNotMeasured),
            (zero(), FitReasonKind::NotPositive),
            (withheld(), FitReasonKind::TimesWithheld),
            (emulated(), FitReasonKind::HostEmulated),
        ] {
            let fit = paid(&sketch, 100.0);
            assert_eq!((fit.suitability, kinds(&fit)), (Suitability::Open, vec![kind]));
        }
    }

    #[test]
    fn a_figure_that_an_error_speaks_against_recommends_nothing() {
        let sketch = sketch().series(FIRST, "runc", &around(0.5, 10)).series(
            FIRST,
            "kata",
            &around(0.5, 10),
        );
        const FASTER: &str = StartupFasterThanBaseline::RULE.as_str();
        for (rule, severity, targets, expected) in [
            ("r", Severity::Error, &["kata"][..], Suitability::Open),
            ("r", Severity::Error, &["runc"], Suitability::Open),
            ("r", Severity::Warning, &["kata"], Suitability::Fit),
            (FASTER, Severity::Warning, &["kata", "runc"], Suitability::Open),
            (FASTER, Severity::Warning, &["crun", "runc"], Suitability::Fit),
        ] {
            let finding = make_finding(rule, severity, targets);
            let verdict =
                Verdict::without_facts("kata", Conclusion::SeparateKernelVm, Confidence::High);
            let workload = workload(true, &[("startup", 2.0)]);
            let fit = fit_with(&sketch, &workload, verdict, vec![finding]);
            assert_eq!(fit.suitability, expected, "{rule} {severity:?} {targets:?}");
        }
    }

    #[test]
    fn neither_times_nor_memory_of_an_emulated_machine_decide_anything() {
        let sketch = || {
            sketch().fact("host.mem_pss", "runc", 10).fact("host.mem_pss", "kata", 20).series(
                FIRST,
                "runc",
                &around(0.5, 10),
            )
        };
        for (center, pays, expected) in [
            (5.0, "startup", Suitability::Open),
            (0.5, "startup", Suitability::Open),
            (0.5, "memory", Suitability::Open),
        ] {
            let sketch = sketch().series(FIRST, "kata", &around(center, 10));
            let verdict =
                Verdict::without_facts("kata", Conclusion::SeparateKernelVm, Confidence::High);
            let emulated = make_finding(&MachineWithoutKvm::RULE, Severity::Note, &["kata"]);
            let fit = fit_with(&sketch, &workload(true, &[(pays, 3.0)]), verdict, vec![emulated]);
            assert_eq!(fit.suitability, expected, "{center} {pays}");
        }
    }

    #[test]
    fn plain_namespaces_are_recommended_for_nothing() {
        let mut sketch = sketch();
        sketch.run.evidence = EvidenceKind::Collected {
            engine: "builtin".into(),
            image: String::new(),
            session: "0".into(),
            node: None,
            interrupted: false,
            skipped: Default::default(),
        };
        let fit = fit(&sketch, &workload(false, &[]), Conclusion::SharedKernel, Confidence::High);
        assert_eq!(fit.suitability, Suitability::Unfit);
        assert_eq!(kinds(&fit), [FitReasonKind::NoRuntime]);
    }

    #[test]
    fn a_runtime_of_which_nothing_was_captured_is_recommended_for_nothing() {
        let trusted = workload(false, &[]);
        let undecided =
            |sketch| fit(&sketch, &trusted, Conclusion::Inconclusive, Confidence::None).suitability;
        assert_eq!(undecided(sketch()), Suitability::Open);
        assert_eq!(undecided(sketch().fact("proc.entries", "kata", 52)), Suitability::Fit);
    }

    #[test]
    fn the_baseline_costs_what_the_baseline_costs() {
        let verdict = || Verdict::without_facts("runc", Conclusion::SharedKernel, Confidence::High);
        let pays = [("startup", 1.0), ("memory", 0.5)];
        let trusted = fit_with(&sketch(), &workload(false, &pays), verdict(), Vec::new());
        assert_eq!(trusted.suitability, Suitability::Fit);
        let untrusted = fit_with(&sketch(), &workload(true, &pays), verdict(), Vec::new());
        assert_eq!(untrusted.suitability, Suitability::Unfit);
    }

    #[test]
    fn single_values_are_compared_without_an_interval() {
        let memory = |kata: u64| {
            let kata = kata * 1024;
            let sketch =
                sketch().fact("host.mem_pss", "runc", 10_240).fact("host.mem_pss", "kata", kata);
            let workload = workload(true, &[("memory", 40.0)]);
            fit(&sketch, &workload, Conclusion::SeparateKernelVm, Confidence::High).suitability
        };
        assert_eq!(memory(40), Suitability::Fit);
        assert_eq!(memory(60), Suitability::Unfit);
        assert_eq!(memory(0), Suitability::Open);
    }

    /// Both from real sessions on one kind of machine: the same gVisor, next to which docker runs a
    /// shim of 21 MB and podman a monitor of 1 MB.
    #[test]
    fn the_helper_of_an_engine_does_not_decide_what_memory_a_workload_can_pay() {
        for (engine, runc, gvisor) in [("podman", 2833, 47_412), ("docker", 22_712, 64_996)] {
            for (limit, expected) in [(60.0, Suitability::Fit), (30.0, Suitability::Unfit)] {
                let sketch = sketch().fact("host.mem_pss", "runc", runc).fact(
                    "host.mem_pss",
                    "kata",
                    gvisor,
                );
                let workload = workload(true, &[("memory", limit)]);
                let fit =
                    fit(&sketch, &workload, Conclusion::SeparateKernelUserspace, Confidence::High);
                assert_eq!(fit.suitability, expected, "{engine}, {limit} MiB");
            }
        }
    }

    #[test]
    fn what_is_compared_is_the_first_fact_that_the_baseline_and_another_have() {
        let wall = "startup.wall";
        let compared = |sketch: Sketch| {
            let fit = paid(&sketch, 9.0);
            fit.reasons.into_iter().find_map(|reason| reason.cost).unwrap().fact
        };
        let both = || {
            sketch().series(wall, "runc", &around(0.5, 10)).series(wall, "kata", &around(0.5, 10))
        };
        assert_eq!(compared(both()), wall);
        assert_eq!(compared(both().series(FIRST, "runc", &around(0.5, 10))), wall);
        let first = both().series(FIRST, "runc", &around(0.5, 10));
        assert_eq!(compared(first.series(FIRST, "kata", &around(0.5, 10))), FIRST);
    }

    #[test]
    fn the_id_of_a_reason_is_that_of_its_json() {
        for &kind in FitReasonKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), serde_json::json!(kind.into_str()));
        }
    }
}
