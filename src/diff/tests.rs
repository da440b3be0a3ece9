//! What a comparison of two small runs says.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::judge::rules::testing::{Sketch, sketch};
use crate::judge::{Conclusion, Judgement, RuleBook, judge_run};
use crate::model::{EvidenceKind, Fact, FactId, FactSource, MissingReason, Role, Target};
use crate::stats::ComparisonOutcome;
use crate::store::testing::read_sample_run;

fn gate_fails(diff: &RunDiff, fail_on: &[FailOn]) -> bool {
    !gate_failures(diff, fail_on).is_empty()
}

fn load_report_phrases() -> ReportPhrases {
    ReportPhrases::load_phrases(None).unwrap()
}

/// Compares two sketches, with what is volatile if `all`.
pub(super) fn compare(a: &Sketch, b: &Sketch, all: bool) -> RunDiff {
    let book = RuleBook::load(None).unwrap();
    let (ja, jb) =
        (judge_run(&a.context(), &book).unwrap(), judge_run(&b.context(), &book).unwrap());
    let catalogue = ProbeCatalogue::load(None).unwrap();
    let a = DiffSide { run: &a.run, judgement: &ja };
    RunDiff::between_runs(
        a,
        DiffSide { run: &b.run, judgement: &jb },
        &catalogue,
        &[],
        &DiffGate::default(),
        &load_report_phrases(),
        all,
    )
}

/// What kata shows when it is runc under another name.
fn shared() -> Sketch {
    sketch()
        .fact("kernel.boot_id", "host", "one")
        .fact("kernel.boot_id", "kata", "one")
        .fact("kernel.release", "host", "6.1")
        .fact("kernel.release", "kata", "6.1")
        .fact("dev.list", "kata", json!(["fd", "null"]))
}

/// What kata shows when it has a kernel of its own.
fn separate() -> Sketch {
    shared().fact("kernel.boot_id", "kata", "two").fact("kernel.release", "kata", "6.12").fact(
        "dev.list",
        "kata",
        json!(["null", "fuse"]),
    )
}

fn listed(diff: &RunDiff) -> Vec<(ChangeKind, &str, &str)> {
    diff.changes.iter().map(|c| (c.kind, c.fact.as_str(), c.target.as_str())).collect()
}

#[test]
fn what_differs_is_listed_once_the_verdict_first() {
    let diff = compare(&shared(), &separate(), false);
    assert_eq!(
        listed(&diff),
        [
            (ChangeKind::Verdict, "verdict", "kata"),
            (ChangeKind::Changed, "kernel.boot_id", "kata"),
            (ChangeKind::Changed, "kernel.release", "kata"),
            (ChangeKind::Changed, "dev.list", "kata"),
        ]
    );
    assert_eq!(diff.changes[0].a, Conclusion::SharedKernel.into_str());
    assert_eq!(diff.changes[0].b, Conclusion::SeparateKernel.into_str());
    assert_eq!((&diff.changes[2].a, &diff.changes[2].b), (&json!("6.1"), &json!("6.12")));
    let parts: Vec<&str> = diff.changes[3].parts.iter().map(|part| part.key.as_str()).collect();
    assert_eq!(parts, ["fd", "fuse"]);
}

#[test]
fn volatile_facts_are_counted_and_shown_only_on_request() {
    let other_boot = separate().fact("kernel.boot_id", "kata", "three");
    let diff = compare(&separate(), &other_boot, false);
    assert_eq!(diff.volatile_left_out, 1);
    let all = compare(&separate(), &other_boot, true);
    assert_eq!(all.volatile_left_out, 0);
    assert_eq!(listed(&all).last().unwrap(), &(ChangeKind::Changed, "kernel.boot_id", "kata"));
}

#[test]
fn a_fact_that_went_missing_says_why() {
    let after = shared().missing("kernel.release", "kata", MissingReason::Denied);
    let diff = compare(&shared(), &after, false);
    let change = diff.changes.iter().find(|change| change.fact == "kernel.release").unwrap();
    assert_eq!((change.kind, &change.b), (ChangeKind::Unavailable, &json!(null)));
    assert_eq!(change.b_lacks.as_ref().unwrap().missing, MissingReason::Denied);
    let back = compare(&after, &shared(), false);
    assert_eq!(
        back.changes.iter().find(|c| c.fact == "kernel.release").unwrap().kind,
        ChangeKind::Appeared
    );
}

#[test]
fn a_volatile_fact_that_went_missing_is_no_volatile_difference() {
    let before = shared().fact("proc.entries", "kata", 52);
    let diff = compare(
        &before,
        &shared().missing("proc.entries", "kata", MissingReason::FileMissing),
        false,
    );
    assert_eq!(listed(&diff), [(ChangeKind::Unavailable, "proc.entries", "kata")]);
    let diff = compare(&before, &shared().fact("proc.entries", "kata", 53), false);
    assert!(diff.is_empty() && diff.volatile_left_out == 1);
}

#[test]
fn a_fact_that_was_not_asked_for_is_gone_and_another_kind_of_lack_is_a_change() {
    let fact = |why| shared().missing("priv.lsm", "kata", why);
    let known = shared().fact("priv.lsm", "kata", "unconfined");
    assert_eq!(
        listed(&compare(&known, &shared(), false)),
        [(ChangeKind::Gone, "priv.lsm", "kata")]
    );
    assert_eq!(
        listed(&compare(&known, &fact(MissingReason::NotAsked), false))[0].0,
        ChangeKind::Gone
    );
    assert_eq!(
        listed(&compare(&fact(MissingReason::Denied), &fact(MissingReason::Absent), false))[0].0,
        ChangeKind::Changed
    );
    assert!(compare(&fact(MissingReason::Denied), &fact(MissingReason::Denied), false).is_empty());
    assert!(compare(&fact(MissingReason::NotAsked), &shared(), false).is_empty());
}

#[test]
fn a_target_that_is_gone_is_said_once_and_not_fact_by_fact() {
    let mut after = shared();
    after.run.targets.retain(|target| target.name != "kata");
    for by_target in after.run.facts.values_mut() {
        by_target.remove("kata");
    }
    let diff = compare(&shared(), &after, false);
    assert_eq!(listed(&diff), [(ChangeKind::TargetGone, "target", "kata")]);
    assert_eq!(diff.changes[0].a["verdict"], "shared-kernel");
    assert_eq!(listed(&compare(&after, &shared(), false))[0].0, ChangeKind::TargetAdded);
}

/// The sketch with kata under another name, started by `handler`.
fn renamed(mut sketch: Sketch, name: &str, handler: &str) -> Sketch {
    for target in &mut sketch.run.targets {
        if target.name == "kata" {
            target.name = name.into();
            target.handler = Some(handler.into());
        }
    }
    for by_target in sketch.run.facts.values_mut() {
        if let Some(fact) = by_target.remove("kata") {
            by_target.insert(name.into(), fact);
        }
    }
    sketch
}

#[test]
fn a_target_of_the_same_handler_was_renamed_and_one_of_another_was_not() {
    let before = renamed(shared(), "kata", "io.containerd.kata.v2");
    let diff = compare(&before, &renamed(shared(), "qemu", "io.containerd.kata.v2"), false);
    assert_eq!(listed(&diff), [(ChangeKind::TargetRenamed, "target", "qemu")]);
    let diff = compare(&before, &renamed(shared(), "clh", "io.containerd.kata-clh.v2"), false);
    assert_eq!(
        listed(&diff),
        [(ChangeKind::TargetAdded, "target", "clh"), (ChangeKind::TargetGone, "target", "kata")]
    );
}

#[test]
fn what_else_differs_is_said() {
    let mut after = shared().fact("kernel.release", "host", "6.2");
    after.run.targets.push(Target {
        name: "crun".into(),
        role: Role::Candidate,
        engine: None,
        handler: None,
        named: false,
        failure: None,
    });
    let diff = compare(&shared(), &after, false);
    let what: Vec<&str> = diff.conditions.iter().map(|c| c.what.as_str()).collect();
    assert_eq!(what, ["host kernel"]);
}

#[test]
fn findings_come_and_go() {
    let bad = || shared().fact("app.health_status", "runc", 503);
    let diff = compare(&shared(), &bad(), false);
    let rules: Vec<&str> = diff.findings.added.iter().map(|f| f.rule.as_str()).collect();
    assert_eq!(rules, ["health-not-ok"]);
    let other = shared().fact("app.health_status", "runc", 502);
    let diff = compare(&bad(), &other, false);
    assert!(diff.findings.is_empty(), "the same finding in other words");
}

#[test]
fn each_gate_looks_at_its_own() {
    let (weak, strong) = (shared(), separate());
    let trips = |a: &Sketch, b: &Sketch, on| gate_fails(&compare(a, b, false), &[on]);
    assert!(
        trips(&strong, &weak, FailOn::Regression) && !trips(&weak, &strong, FailOn::Regression)
    );
    assert!(trips(&weak, &strong, FailOn::Verdict) && trips(&weak, &strong, FailOn::Change));
    assert!(!trips(&weak, &strong, FailOn::Finding) && !trips(&weak, &strong, FailOn::Never));
    for on in [FailOn::Change, FailOn::Regression, FailOn::Verdict, FailOn::Finding] {
        assert!(!trips(&weak, &weak, on), "{on:?}");
    }
}

/// A run of an engine that states this digest of its image.
fn of_image(engine: &str, storage: &str, digest: &str) -> Sketch {
    let sketch =
        shared().fact("image.digest", "host", digest).fact("engine.storage", "host", storage);
    let mut sketch = as_collected(sketch, &[]);
    if let EvidenceKind::Collected { engine: name, .. } = &mut sketch.run.evidence {
        *name = engine.into();
    }
    sketch
}

#[test]
fn a_digest_of_another_kind_is_no_other_image() {
    let before = of_image("docker", "overlay2", "sha256:39");
    for (engine, storage, is_told) in
        [("docker", "overlay2", true), ("docker", "overlayfs", false), ("ctr", "overlay2", false)]
    {
        let diff = compare(&before, &of_image(engine, storage, "sha256:75"), true);
        let change = diff.changes.iter().any(|change| change.fact == "image.digest");
        let condition = diff.conditions.iter().any(|it| it.what == "image digest");
        assert_eq!((change, condition), (is_told, is_told), "{engine} {storage}");
    }
}

/// The same, collected by isoproof with these parts left out.
fn as_collected(mut sketch: Sketch, left_out: &[&str]) -> Sketch {
    sketch.run.evidence = EvidenceKind::Collected {
        engine: "docker".into(),
        image: "alpine".into(),
        session: "0".into(),
        node: None,
        interrupted: false,
        skipped: left_out.iter().map(|part| (part.to_string(), "as it is".into())).collect(),
    };
    sketch
}

#[test]
fn a_runtime_or_boundary_that_vanished_is_a_regression() {
    let trips = |b: &Sketch, on| gate_fails(&compare(&separate(), b, false), &[on]);
    let mut gone = separate();
    gone.run.targets.retain(|target| target.name != "kata");
    gone.run.facts.values_mut().for_each(|by_target| drop(by_target.remove("kata")));
    let mut failed = separate();
    failed.run.facts.values_mut().for_each(|by_target| drop(by_target.remove("kata")));
    failed.run.targets[2].failure = Some("no /dev/kvm".into());
    for b in [&gone, &failed] {
        assert!(trips(b, FailOn::Regression) && trips(b, FailOn::Verdict));
    }
    // One that starts again is none, and neither is one that still does not.
    let gate = |a: &Sketch, b: &Sketch| gate_fails(&compare(a, b, false), &[FailOn::Regression]);
    assert!(!gate(&failed, &separate()) && !gate(&failed, &failed) && !gate(&gone, &separate()));
    // The host's kernel under a runtime that no longer starts is no longer shown either.
    assert!(gate(&shared(), &failed));
}

#[test]
fn an_answer_that_vanished_is_a_regression_unless_it_was_left_out() {
    let full = || separate().fact("app.health_status", "kata", 200);
    let trips = |a: Sketch, b: Sketch| gate_fails(&compare(&a, &b, false), &[FailOn::Regression]);
    assert!(trips(as_collected(full(), &[]), as_collected(separate(), &[])));
    assert!(!trips(as_collected(full(), &[]), as_collected(separate(), &["app"])));
    assert!(!trips(full(), separate()), "files of others hold what they hold");
    let lacking = |why| separate().missing("app.health_status", "kata", why);
    assert!(trips(as_collected(full(), &[]), as_collected(lacking(MissingReason::Timeout), &[])));
    for answer in [MissingReason::Absent, MissingReason::Denied, MissingReason::NotStated] {
        assert!(
            !trips(as_collected(full(), &[]), as_collected(lacking(answer), &[])),
            "{answer:?}"
        );
    }
    let timed = || full().series("startup.wall", "kata", &[1.0; 9]);
    assert!(trips(as_collected(timed(), &[]), as_collected(full(), &[])));
    assert!(!trips(as_collected(timed(), &[]), as_collected(full(), &["startup"])));
}

#[test]
fn a_confidence_that_fell_is_a_change_and_no_regression() {
    let sure = separate()
        .fact("host.witness_process", "runc", true)
        .fact("host.witness_process", "kata", false)
        .fact("kernel.boot_id", "runc", "one");
    let (before, after) = (compare(&sure, &sure, false), compare(&sure, &separate(), false));
    assert!(before.is_empty());
    let words: Vec<&str> = after.verdict_changes().filter_map(|c| c.b.as_str()).collect();
    assert!(words.iter().any(|words| words.contains("confidence")), "{words:?}");
    assert!(gate_fails(&after, &[FailOn::Change]) && gate_fails(&after, &[FailOn::Verdict]));
    assert!(!gate_fails(&after, &[FailOn::Regression]));
}

/// The sample run of four runtimes with one of them alone next to runc, called `sandbox`.
fn with_sandbox(runtime: &str) -> Sketch {
    let (_, mut run) = read_sample_run("four-runtimes");
    run.targets.retain(|t| ["host", "runc", runtime].contains(&t.name.as_str()));
    for target in &mut run.targets {
        if target.name == runtime {
            target.name = "sandbox".into();
        }
    }
    for by_target in run.facts.values_mut() {
        by_target.retain(|target, _| ["host", "runc", runtime].contains(&target.as_str()));
        if let Some(fact) = by_target.remove(runtime) {
            by_target.insert("sandbox".into(), fact);
        }
    }
    Sketch::of(run)
}

#[test]
fn one_runtime_in_the_place_of_another_differs_in_its_own_facts_alone() {
    let (crun, runsc) = (with_sandbox("crun"), with_sandbox("runsc"));
    let diff = compare(&crun, &runsc, false);
    assert_eq!(diff.changes[0].kind, ChangeKind::Verdict);
    assert_eq!(diff.changes[0].a, "shared-kernel");
    assert_eq!(diff.changes[0].b, "separate-kernel-userspace");
    assert!(diff.changes.iter().all(|change| change.target == "sandbox"), "{diff:?}");
    let catalogue = ProbeCatalogue::load(None).unwrap();
    let fact = |sketch: &Sketch, id: &str| {
        let json =
            serde_json::to_value(sketch.run.find_fact(FactId::from_text(id), "sandbox")).unwrap();
        let mut value = json["value"].clone();
        if let Some(items) = value.as_array_mut() {
            items.sort_by_key(ToString::to_string);
        }
        (value, json["missing"].clone())
    };
    let differing: Vec<&str> = crun
        .run
        .facts
        .keys()
        .filter(|id| fact(&crun, id) != fact(&runsc, id))
        .filter(|id| {
            let is_volatile =
                catalogue.find_probe(id).unwrap().volatile.applies_to_role(Role::Candidate);
            let has_value = |sketch: &Sketch| !fact(sketch, id).0.is_null();
            !is_volatile || has_value(&crun) != has_value(&runsc) || id.as_str() == "kernel.boot_id"
        })
        .filter(|id| crun.run.facts[*id].values().all(|fact| fact.as_series().is_none()))
        .map(String::as_str)
        .collect();
    let mut listed: Vec<&str> = diff.changes[1..].iter().map(|c| c.fact.as_str()).collect();
    listed.sort_unstable();
    assert_eq!(listed, differing);
    assert!(listed.len() > 30, "{listed:?}");
}

/// Sessions of one machine that differ by 16 %, as sessions on shared machines do.
struct Sessions {
    random: crate::stats::RandomSequence,
    made: u32,
}

impl Sessions {
    fn new(seed: u64) -> Self {
        Self { random: crate::stats::RandomSequence::new(seed), made: 0 }
    }

    fn normal(&mut self) -> f64 {
        let mut uniform =
            || f64::from((self.random.next_bits() >> 33) as u32 + 1) / f64::from(1u32 << 31);
        (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
    }

    fn series(&mut self, base: f64) -> Vec<f64> {
        let session = base * (0.16 * self.normal()).exp();
        (0..7).map(|_| session * (0.07 * self.normal()).exp()).collect()
    }

    /// The next session, with start-up times of runc and kata.
    fn next(&mut self) -> Sketch {
        self.made += 1;
        let (runc, kata) = (self.series(0.28), self.series(1.1));
        let mut sketch = shared()
            .fact("cpu.model", "host", "EPYC")
            .fact("cpu.count", "host", 2)
            .series("startup.first_byte", "runc", &runc)
            .series("startup.first_byte", "kata", &kata);
        sketch.run.id = format!("20260101T000000Z-{:08x}", self.made);
        sketch.run.evidence = crate::model::EvidenceKind::Collected {
            engine: "docker".into(),
            image: "alpine".into(),
            session: String::new(),
            node: None,
            interrupted: false,
            skipped: std::collections::BTreeMap::new(),
        };
        sketch
    }
}

/// The sketch with kata's times by a factor longer.
fn slower(sketch: &Sketch, factor: f64) -> Sketch {
    scale_times(sketch, "startup.first_byte", "kata", factor)
}

/// The sketch with the times of a target by a factor longer.
fn scale_times(sketch: &Sketch, series: &str, target: &str, factor: f64) -> Sketch {
    let times =
        sketch.run.find_fact(FactId::from_text(series), target).and_then(Fact::as_series).unwrap();
    let times: Vec<f64> = times.values.iter().map(|time| time * factor).collect();
    Sketch::of(sketch.run.clone()).series(series, target, &times)
}

fn past_session(sketch: &Sketch) -> history::PastSession {
    let catalogue = ProbeCatalogue::load(None).unwrap();
    history::PastSession::of_run(&sketch.run, &catalogue, DiffGate::default().margin)
}

/// Compares two sessions by those before the second.
fn compare_sessions(a: &Sketch, b: &Sketch, earlier: &[Sketch]) -> RunDiff {
    let judgement = Judgement::default();
    let [a, b] = [a, b].map(|sketch| DiffSide { run: &sketch.run, judgement: &judgement });
    let past: Vec<history::PastSession> = earlier.iter().rev().map(past_session).collect();
    let (catalogue, gate) = (ProbeCatalogue::load(None).unwrap(), DiffGate::default());
    RunDiff::between_runs(a, b, &catalogue, &past, &gate, &load_report_phrases(), false)
}

/// The outcomes of a target's figures: of those divided by the baseline's, and of its own.
fn figure_outcomes(diff: &RunDiff, series: &str, target: &str) -> Vec<ComparisonOutcome> {
    let of_series = diff.measurements.iter().filter(|m| m.series == series && m.target == target);
    of_series.map(|m| m.outcome).collect()
}

#[test]
fn a_ratio_that_the_baseline_moved_is_no_change_of_the_candidate() {
    const SERIES: &str = "startup.first_byte";
    let mut sessions = Sessions::new(7);
    let earlier: Vec<Sketch> = (0..9).map(|_| sessions.next()).collect();
    let before = &earlier[8];
    for factor in [0.05, 20.0] {
        let now = slower(&scale_times(before, SERIES, "runc", factor), 1.001);
        let diff = compare_sessions(before, &now, &earlier);
        assert_eq!(figure_outcomes(&diff, SERIES, "kata")[0], ComparisonOutcome::Inconclusive);
        let reason = diff.measurements[0].reason.as_deref().unwrap();
        assert!(reason.contains("the baseline’s own figure lies outside"), "{reason}");
        let past: Vec<history::PastSession> = earlier.iter().rev().map(past_session).collect();
        let told = past_session(&now).gated_changes(&past[0], past.iter(), &DiffGate::default());
        assert!(told.iter().all(|change| change.over.is_none()), "{told:?}");
        assert!(told.iter().all(|change| change.target == "runc"), "{told:?}");
    }
    // A runtime that got slower while its own time still lies within what is predicted, because
    // the whole machine is faster: only the ratio tells.
    for runc in [1.1, 0.9] {
        let both = slower(&scale_times(before, SERIES, "runc", runc), 3.5);
        let diff = compare_sessions(before, &both, &earlier);
        assert_eq!(figure_outcomes(&diff, SERIES, "kata")[0], ComparisonOutcome::Slower);
        assert!(gate_fails(&diff, &[FailOn::Regression]));
    }
}

#[test]
fn times_of_a_session_whose_control_differs_are_compared_with_none() {
    const SERIES: &str = "startup.first_byte";
    let mut sessions = Sessions::new(8);
    let controlled = |sketch: Sketch, factor: f64| {
        let runc = sketch
            .run
            .find_fact(FactId::from_text(SERIES), "runc")
            .and_then(Fact::as_series)
            .unwrap();
        let control: Vec<f64> = runc.values.iter().map(|time| time * factor).collect();
        sketch.series("startup.control.first_byte", "runc", &control)
    };
    let earlier: Vec<Sketch> = (0..6).map(|_| controlled(sessions.next(), 1.0)).collect();
    let now = controlled(slower(&earlier[5], 20.0), 5.0);
    let diff = compare_sessions(&earlier[5], &now, &earlier);
    assert_eq!(figure_outcomes(&diff, SERIES, "kata"), [ComparisonOutcome::NotComparable]);
    assert!(!gate_fails(&diff, &[FailOn::Regression, FailOn::Change]));
    let past: Vec<history::PastSession> = earlier.iter().rev().map(past_session).collect();
    assert!(
        past_session(&now).gated_changes(&past[0], past.iter(), &DiffGate::default()).is_empty()
    );
    // Nor do such sessions predict anything for others.
    let mut spoilt: Vec<Sketch> = (0..5).map(|_| controlled(sessions.next(), 5.0)).collect();
    spoilt.push(sessions.next());
    let diff = compare_sessions(&spoilt[5], &sessions.next(), &spoilt);
    assert_eq!(diff.measurements[0].sessions, 1);
}

#[test]
fn a_measurement_that_cannot_fail_the_gate_is_a_change_all_the_same() {
    const SERIES: &str = "perf.syscall";
    let mut sessions = Sessions::new(9);
    let mut session = || {
        let times = sessions.series(1e-5);
        sessions.next().series(SERIES, "kata", &times)
    };
    let earlier: Vec<Sketch> = (0..9).map(|_| session()).collect();
    let now = scale_times(&earlier[8], SERIES, "kata", 100.0);
    let diff = compare_sessions(&earlier[8], &now, &earlier);
    assert_eq!(figure_outcomes(&diff, SERIES, "kata"), [ComparisonOutcome::Slower]);
    assert!(gate_fails(&diff, &[FailOn::Change]) && !diff.is_empty());
    assert!(!gate_fails(&diff, &[FailOn::Regression]));
}

#[test]
fn what_a_session_was_told_to_leave_out_is_neither_gone_nor_new() {
    let mut sessions = Sessions::new(10);
    let full = sessions.next().fact("host.load", "host", 3.5).fact("cpu.count", "host", 2);
    let full = as_collected(full.fact("perf.io_size", "kata", 256), &[]);
    let mut quick = Sketch::of(full.run.clone());
    for part in ["startup", "perf"] {
        quick.run.facts.retain(|id, _| !crate::model::is_part_of(id, part));
    }
    let quick = quick.missing("perf.io_size", "kata", MissingReason::NotAsked);
    let quick = as_collected(quick, &["startup", "perf"]);
    for (a, b) in [(&full, &quick), (&quick, &full)] {
        let diff = compare(a, b, false);
        assert!(diff.findings.is_empty(), "{:?}", diff.findings);
        assert!(diff.changes.is_empty(), "{:?}", diff.changes);
        assert!(!gate_fails(&diff, &[FailOn::Change, FailOn::Finding]));
        let parts = diff.conditions.iter().find(|c| c.what == "left out of the session").unwrap();
        assert!([&parts.a, &parts.b].contains(&&Some("perf, startup".to_string())));
    }
}

#[test]
fn a_boot_id_that_became_the_hosts_is_among_what_changed() {
    for (a, b, words) in [
        (separate(), shared(), ["not the host’s", "the host’s"]),
        (shared(), separate(), ["the host’s", "not the host’s"]),
    ] {
        let diff = compare(&a, &b, false);
        let change = diff.changes.iter().find(|change| change.fact == "kernel.boot_id").unwrap();
        assert_eq!([&change.a, &change.b], words);
        assert!(!change.volatile);
    }
    let other_boot = separate().fact("kernel.boot_id", "kata", "three");
    assert!(listed(&compare(&separate(), &other_boot, false)).is_empty());
}

/// In which shares of trials with `count` earlier sessions the gate fails: for an equal session,
/// and for one that is slower by twice as much as an equal one may be.
fn gate_failure_shares(count: usize) -> (f64, f64) {
    const TRIALS: u32 = 200;
    let catalogue = ProbeCatalogue::load(None).unwrap();
    let nothing = crate::judge::Judgement::default();
    let mut sessions = Sessions::new(count as u64);
    let (mut equal, mut found) = (0, 0);
    for _ in 0..TRIALS {
        let earlier: Vec<Sketch> = (0..count).map(|_| sessions.next()).collect();
        let past: Vec<history::PastSession> = earlier.iter().rev().map(past_session).collect();
        let now = sessions.next();
        let diff = |now: &Sketch| {
            let side = |sketch| DiffSide { run: sketch, judgement: &nothing };
            let (a, b) = (side(&earlier[count - 1].run), side(&now.run));
            RunDiff::between_runs(
                a,
                b,
                &catalogue,
                &past,
                &DiffGate::default(),
                &load_report_phrases(),
                false,
            )
        };
        let first = diff(&now);
        let ratio = &first.measurements[0];
        assert_eq!((ratio.over.as_deref(), ratio.sessions), (Some("runc"), count));
        equal += u32::from(gate_fails(&first, &[FailOn::Regression]));
        // Twice as far from the middle as the end of what is expected.
        let expected = ratio.expected.unwrap();
        let changed = slower(&now, expected.high / expected.low);
        found += u32::from(gate_fails(&diff(&changed), &[FailOn::Regression]));
    }
    (f64::from(equal) / f64::from(TRIALS), f64::from(found) / f64::from(TRIALS))
}

#[test]
fn equal_sessions_rarely_fail_the_gate_and_a_visible_change_mostly_does() {
    for count in [5, 10] {
        let (equal, found) = gate_failure_shares(count);
        assert!(equal <= 0.1, "{count} sessions: {equal}");
        assert!(found >= 0.8, "{count} sessions: {found}");
    }
}

#[test]
fn trends_tell_the_changes_that_a_comparison_tells() {
    let catalogue = ProbeCatalogue::load(None).unwrap();
    let gate = DiffGate::default();
    let mut told = 0;
    for seed in 0..20 {
        let mut sessions = Sessions::new(seed);
        let earlier: Vec<Sketch> = (0..6).map(|_| sessions.next()).collect();
        let past: Vec<history::PastSession> = earlier.iter().rev().map(past_session).collect();
        let factor = [1.0, 1.6, 3.0][seed as usize % 3];
        let now = slower(&sessions.next(), factor);
        let judgement = Judgement::default();
        let before = earlier.last().unwrap();
        let diff = RunDiff::between_runs(
            DiffSide { run: &before.run, judgement: &judgement },
            DiffSide { run: &now.run, judgement: &judgement },
            &catalogue,
            &past,
            &gate,
            &load_report_phrases(),
            false,
        );
        let mut by_diff: Vec<(String, Option<String>)> = diff
            .measurements
            .iter()
            .filter(|m| m.is_change())
            .map(|m| (m.target.clone(), m.over.clone()))
            .collect();
        let session = past_session(&now);
        let mut by_trend: Vec<(String, Option<String>)> = session
            .gated_changes(&past[0], past.iter(), &gate)
            .into_iter()
            .map(|change| (change.target, change.over))
            .collect();
        by_diff.sort();
        by_trend.sort();
        assert_eq!(by_diff, by_trend, "seed {seed}");
        told += by_trend.len();
    }
    assert!(told > 5, "{told}");
}

#[test]
fn with_too_little_history_the_outcome_is_open_and_says_how_many_sessions_are_wanted() {
    let mut sessions = Sessions::new(1);
    let (a, b) = (sessions.next(), slower(&sessions.next(), 9.0));
    let diff = compare(&a, &b, false);
    let ratio = &diff.measurements[0];
    assert_eq!(ratio.outcome, ComparisonOutcome::Inconclusive);
    assert_eq!((ratio.sessions, ratio.sessions_wanted), (1, 3));
    assert!(diff.measurements[1].ci.unwrap().low > 1.0, "shown, and no reason");
    assert!(!gate_fails(&diff, &[FailOn::Regression, FailOn::Change]));
}

#[test]
fn times_of_another_machine_or_engine_are_not_judged_by_this_ones() {
    let mut sessions = Sessions::new(2);
    let (a, b) = (sessions.next(), sessions.next());
    let other = Sketch::of(b.run.clone()).fact("cpu.model", "host", "Xeon");
    let outcome = |b: &Sketch| compare(&a, b, false).measurements[0].outcome;
    assert_eq!(outcome(&other), ComparisonOutcome::NotComparable);
    assert_eq!(outcome(&b), ComparisonOutcome::Inconclusive);
    let by_podman = with_engine(&b, "podman");
    assert_eq!(outcome(&by_podman), ComparisonOutcome::NotComparable);
    let [docker, podman] = [&a, &by_podman].map(past_session);
    assert!(podman.gated_changes(&docker, std::iter::empty(), &DiffGate::default()).is_empty());
    let found = history::comparable_sessions([&docker, &podman].into_iter(), &docker, 9);
    assert_eq!(found, [docker]);
}

fn with_engine(sketch: &Sketch, name: &str) -> Sketch {
    let mut other = Sketch::of(sketch.run.clone());
    if let EvidenceKind::Collected { engine, .. } = &mut other.run.evidence {
        *engine = name.into();
    }
    other
}

#[test]
fn files_of_another_size_are_not_compared_and_no_history_of_them_judges() {
    let mut sessions = Sessions::new(5);
    let mut session_of_size = |size: u32| {
        let session = sessions.next();
        let seconds = f64::from(size) * (1.0 + f64::from(sessions.made) / 100.0);
        let times: Vec<f64> = (0..6).map(|at| seconds + f64::from(at)).collect();
        session.fact("perf.io_size", "kata", size).series("perf.io_write", "kata", &times)
    };
    let earlier: Vec<Sketch> = (0..4).map(|_| session_of_size(512)).collect();
    let (half, same) = (session_of_size(256), session_of_size(512));
    let catalogue = ProbeCatalogue::load(None).unwrap();
    let past: Vec<history::PastSession> = earlier.iter().map(past_session).collect();
    let judgement = Judgement::default();
    let write = |a: &Sketch, b: &Sketch| {
        let [a, b] = [a, b].map(|sketch| DiffSide { run: &sketch.run, judgement: &judgement });
        let phrases = load_report_phrases();
        let gate = DiffGate::default();
        let diff = RunDiff::between_runs(a, b, &catalogue, &past, &gate, &phrases, false);
        diff.measurements.into_iter().find(|m| m.series == "perf.io_write").unwrap()
    };
    let other = write(&earlier[3], &half);
    assert_eq!(other.outcome, ComparisonOutcome::NotComparable);
    let reason = other.reason.unwrap();
    assert!(reason.contains("Size of the file: 512 and 256"), "{reason}");
    let other_history = write(&half, &session_of_size(256));
    assert_eq!(other_history.sessions, 1);
    let judged = write(&earlier[3], &same);
    assert_eq!((judged.sessions, judged.reason), (4, None));
}

#[test]
fn every_quantity_that_is_measured_is_kept_of_the_sessions_before() {
    let catalogue = ProbeCatalogue::load(None).unwrap();
    let needed = history::needed_facts(&catalogue);
    let (_, run) = read_sample_run("four-runtimes");
    for (id, by_target) in &run.facts {
        if by_target.values().any(|fact| fact.as_series().is_some()) {
            assert!(needed.contains(id.as_str()), "{id}");
        }
    }
}

#[test]
fn pseudonyms_of_two_keys_are_no_change_and_those_of_one_are() {
    let with_key = |key: Option<&str>, argument: &str, release: &str| {
        let mut all = shared()
            .fact("kernel.cmdline", "host", format!("root={argument} quiet"))
            .fact("kernel.release", "host", release);
        all.run.redaction.replaced.insert("boot-argument".into(), 1);
        all.run.redaction.key = key.map(String::from);
        all
    };
    let (one, other) = ("boot-argument-703286", "boot-argument-7aea8e");
    let before = with_key(Some("aa"), one, "6.1");
    let facts = |after: &Sketch| {
        let diff = compare(&before, after, false);
        let facts = diff.changes.iter().filter(|change| change.kind == ChangeKind::Changed);
        (facts.map(|change| change.fact.clone()).collect::<Vec<_>>(), diff.is_empty())
    };
    assert_eq!(facts(&with_key(Some("bb"), other, "6.1")), (vec![], true));
    assert_eq!(facts(&with_key(None, other, "6.1")), (vec![], true));
    assert_eq!(facts(&with_key(Some("aa"), other, "6.1")).0, ["kernel.cmdline"]);
    assert_eq!(facts(&with_key(Some("bb"), other, "6.2")).0, ["kernel.release"]);
    let mut plain = with_key(None, other, "6.1");
    plain.run.redaction.replaced.clear();
    assert_eq!(facts(&plain).0, ["kernel.cmdline"]);
}

#[test]
fn what_was_not_measured_because_a_runtime_did_not_start_says_so() {
    let before = shared().series("startup.wall", "kata", &[1.0, 1.1, 1.2]);
    let mut after = shared();
    for target in after.run.targets.iter_mut().filter(|target| target.name == "kata") {
        target.failure = Some("no /dev/kvm".into());
    }
    let diff = compare(&before, &after, false);
    let lost = diff.measurements.iter().find(|m| m.series == "startup.wall").unwrap();
    assert_eq!(lost.reason.as_deref(), Some("kata did not start in the second run: no /dev/kvm"));
}

#[test]
fn of_times_of_an_emulated_host_there_is_no_ratio_whatever_sessions_follow() {
    const MODEL: &str = "QEMU TCG CPU version 2.5+";
    let mut sessions = Sessions::new(3);
    let mut emulated = || sessions.next().fact("cpu.model", "host", MODEL);
    let diff = compare(&emulated(), &emulated(), false);
    assert!(!diff.measurements.is_empty());
    for change in &diff.measurements {
        assert_eq!((&change.over, change.ratio, change.ci), (&None, None, None));
        assert_eq!(change.outcome, ComparisonOutcome::NotComparable);
        assert!(change.reason.as_ref().unwrap().contains("emulated in software"), "{change:?}");
    }
}

/// A run with a few facts of all kinds.
fn any_sketch() -> impl Strategy<Value = Sketch> {
    let ids = [
        "kernel.release",
        "kernel.boot_id",
        "dev.list",
        "fs.types",
        "priv.lsm",
        "app.health_status",
    ];
    let fact = prop_oneof![
        "[ab]".prop_map(|text| Fact::from_value(text, FactSource::new("x", 1))),
        (0..3).prop_map(|number| Fact::from_value(number, FactSource::new("x", 1))),
        prop::collection::vec("[ab]", 0..3)
            .prop_map(|list| Fact::from_value(json!(list), FactSource::new("x", 1))),
        prop::sample::select(vec![
            MissingReason::Absent,
            MissingReason::Denied,
            MissingReason::NotAsked,
            MissingReason::Error
        ])
        .prop_map(|why| Fact::missing(why, "as the test says")),
    ];
    let entry = (
        prop::sample::select(ids.to_vec()),
        prop::sample::select(vec!["host", "runc", "kata"]),
        fact,
    );
    (prop::collection::vec(entry, 0..10), any::<bool>()).prop_map(|(entries, rename)| {
        let mut all = sketch();
        for (id, target, fact) in entries {
            all = all.put(id, target, fact);
        }
        if rename { renamed(all, "other", "handler") } else { renamed(all, "kata", "handler") }
    })
}

/// The same differences seen from the other side.
fn mirror(kind: ChangeKind) -> Vec<ChangeKind> {
    match kind {
        ChangeKind::TargetGone => vec![ChangeKind::TargetAdded],
        ChangeKind::TargetAdded => vec![ChangeKind::TargetGone],
        ChangeKind::Unavailable | ChangeKind::Gone => vec![ChangeKind::Appeared],
        ChangeKind::Appeared => vec![ChangeKind::Unavailable, ChangeKind::Gone],
        kind => vec![kind],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_run_does_not_differ_from_itself(a in any_sketch()) {
        let diff = compare(&a, &a, true);
        prop_assert!(diff.is_empty(), "{diff:?}");
    }

    #[test]
    fn a_comparison_is_mirrored_when_its_runs_change_places(a in any_sketch(), b in any_sketch()) {
        let (there, back) = (compare(&a, &b, true), compare(&b, &a, true));
        prop_assert_eq!(there.changes.len(), back.changes.len());
        for change in &there.changes {
            let found = back.changes.iter().any(|other| {
                mirror(change.kind).contains(&other.kind)
                    && other.fact == change.fact
                    && (&other.a, &other.b) == (&change.b, &change.a)
            });
            prop_assert!(found, "{change:?} in {:?}", back.changes);
        }
        prop_assert_eq!(there.findings.added, back.findings.removed);
    }
}

#[test]
fn files_with_too_few_starts_for_a_ratio_are_compared_without_one() {
    let catalogue = ProbeCatalogue::load(None).unwrap();
    let judgement = Judgement::default();
    for (count, has_ratio) in [(4, false), (5, true)] {
        let [old, new] = [1.0, 1.1].map(|by| {
            let times = |seconds: f64| -> Vec<f64> {
                (0..count).map(|at| by * seconds + f64::from(at) / 100.0).collect()
            };
            let all = sketch().series("startup.wall", "runc", &times(0.5));
            all.series("startup.wall", "kata", &times(2.0)).run
        });
        let [a, b] = [&old, &new].map(|run| DiffSide { run, judgement: &judgement });
        let diff = RunDiff::between_runs(
            a,
            b,
            &catalogue,
            &[],
            &DiffGate::default(),
            &load_report_phrases(),
            false,
        );
        assert_eq!(diff.measurements.iter().any(|m| m.over.is_some()), has_ratio, "{count}");
    }
}
