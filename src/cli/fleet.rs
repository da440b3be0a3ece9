//! Fleets on a terminal: what their nodes show, and what changed from one to another.

use std::process::ExitCode;

use serde_json::json;

use super::console::{Console, count_words};
use super::styled::{StyledLine, StyledText, TextStyle};
use super::summary;
use crate::diff::fleet::FleetDiff;
use crate::error::{Error, Result};
use crate::judge::fleet::{
    BROKEN, CHANGED, NodeSummary, StartFold, fold_classes, fold_starts, tally_classes,
};
use crate::judge::starts::StartOutcome;
use crate::judge::{Conclusion, Confidence, Severity};
use crate::model::{Fleet, SampleUnit};
use crate::project::{CONFIG, FailOn, Project};
use crate::report::ProjectData;
use crate::report::fleet::{ExpectationFold, FleetAssessment};
use crate::report::number::format_measured;
use crate::store::RunStore;
use crate::store::fleets::FleetStore;

pub(super) const NAMED_NODES: usize = 5;

pub(super) fn load_fleet(
    project: &Project,
    name: &str,
    store: &RunStore,
    project_data: &ProjectData,
    decides: bool,
    console: &Console,
) -> Result<FleetAssessment> {
    let list = FleetStore::open_project(project).list_fleets()?;
    let fleet = list.find_fleet(name)?;
    if decides {
        list.refuse_damaged_newer(name, fleet)?;
    }
    let assessment = FleetAssessment::assess_fleet(fleet.clone(), store, project_data)?;
    console.warn_all(&list.list_warnings());
    console.warn_all(&store.store_warnings());
    Ok(assessment)
}

/// First the nodes on which a class is not what its name says, then what each class is on how many
/// nodes, and why nothing is concluded.
pub(super) fn fleet_lines(nodes: &[NodeSummary]) -> StyledText {
    let mut text = StyledText::default();
    for (what, style, rule) in [
        ("a class is not what its name says", TextStyle::Bad, BROKEN),
        ("the cluster changed a pod", TextStyle::Doubtful, CHANGED),
    ] {
        let found: Vec<&NodeSummary> =
            nodes.iter().filter(|node| node.findings_of(rule).next().is_some()).collect();
        if found.is_empty() {
            continue;
        }
        let words = format!("On {} of {} {what}:", found.len(), count_words(nodes.len(), "node"));
        text.push_line(StyledLine::begin_styled(style, &words));
        for node in found {
            for finding in node.findings_of(rule) {
                text.push_line(format!("  {}: {}", node.node, finding.message));
            }
        }
        text.push_blank();
    }
    let head = ["Class", "Boundary", "Confidence", "Nodes"];
    let mut rows = vec![head.map(|word| StyledLine::begin_styled(TextStyle::Faint, word)).to_vec()];
    for line in tally_classes(nodes) {
        let outcome = line.outcome;
        rows.push(vec![
            outcome.class.as_str().into(),
            StyledLine::begin_styled(
                summary::boundary_style(&outcome.as_verdict()),
                &outcome.title,
            ),
            outcome.confidence.into_str().into(),
            list_nodes(&line.nodes).into(),
        ]);
    }
    let mut reasons: Vec<String> = Vec::new();
    for line in fold_classes(nodes) {
        if let Some(reason) = &line.outcome.reason {
            let class = &line.outcome.class;
            reasons.push(format!("  {class} on {}: {reason}", list_nodes(&line.nodes)));
        }
    }
    text.push_columns(rows);
    if !reasons.is_empty() {
        text.push_blank();
        text.push_line("Why nothing is concluded:");
        reasons.into_iter().for_each(|line| text.push_line(line));
    }
    let starts = fold_starts(nodes);
    if let Some(fold) = starts.first() {
        text.push_blank();
        text.push_line(format!(
            "Starts, by what they differ from {} on the same node:",
            fold.first.baseline
        ));
        starts.iter().for_each(|fold| text.push_line(format!("  {}", start_words(fold))));
    }
    text
}

/// How the starts of a class stand to the baseline's, and where.
fn start_words(fold: &StartFold) -> String {
    let words = match fold.first.outcome {
        StartOutcome::Longer => "take longer",
        StartOutcome::Shorter => "take less long",
        StartOutcome::NotTold => "cannot be told apart from the baseline's",
        StartOutcome::TooFew => "are too few to be compared",
        StartOutcome::ControlDiffers => {
            "are not compared, because the baseline differs from itself"
        }
        StartOutcome::HostEmulated => "are not compared, because the node is emulated in software",
    };
    let range = fold.range.filter(|_| fold.first.outcome != StartOutcome::NotTold);
    let range = range.map(|range| format!(", by {}", range_words(range)));
    let nodes = list_nodes(&fold.nodes);
    format!("{} on {nodes}: starts {words}{}", fold.first.class, range.unwrap_or_default())
}

/// A range of differences whose direction is said elsewhere.
fn range_words((low, high): (f64, f64)) -> String {
    let [low, high] =
        [low, high].map(|seconds| format_measured(seconds.abs(), SampleUnit::Seconds));
    if low == high { low } else { format!("{low} to {high}") }
}

fn name_nodes<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED_NODES).map(AsRef::as_ref).collect();
    let more = if names.len() > NAMED_NODES { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// How many nodes, where there are several, and the names of the first.
fn list_nodes<S: AsRef<str>>(names: &[S]) -> String {
    match names.len() {
        1 => name_nodes(names),
        count => format!("{count}: {}", name_nodes(names)),
    }
}

pub(super) enum FleetForm {
    Text,
    /// The classes alone.
    Summary,
    Json,
    Sarif,
    /// Markdown, for the summary of a job.
    Markdown,
    /// As what this makes of the fleet, the data of the project, and the least severe finding that is a failure.
    Document(fn(&FleetAssessment, &ProjectData, Severity) -> Result<String>),
}

/// How `check` shows a fleet, and what makes it fail.
pub(super) struct FleetCheck {
    pub form: FleetForm,
    /// The least severe finding that makes the exit code 1, if one does.
    pub least: Option<Severity>,
}

pub(super) fn check_fleet(
    project: &Project,
    name: &str,
    wanted: &FleetCheck,
    console: &Console,
) -> Result<ExitCode> {
    let project_data = ProjectData::load_project(project)?;
    let store = RunStore::with_catalogue(project, project_data.catalogue.clone());
    let decides = wanted.least.is_some()
        || matches!(wanted.form, FleetForm::Summary)
        || !project_data.expectations.is_empty();
    let assessment = load_fleet(project, name, &store, &project_data, decides, console)?;
    let folded = assessment.fold_findings();
    let expectations = assessment.fold_expectations();
    match wanted.form {
        FleetForm::Text => console.print_prose(&check_text(&assessment, &expectations))?,
        FleetForm::Summary => console.print_text(&fleet_lines(&assessment.nodes))?,
        FleetForm::Json => {
            console.print_json(&format!("{:#}\n", fleet_json(&assessment, &expectations)))?;
        }
        FleetForm::Sarif => {
            let log =
                super::sarif::fleet_sarif_log(project, &assessment, &project_data, &expectations);
            console.print_document(&log)?;
        }
        FleetForm::Markdown => {
            console.print_document(&assessment.render_summary(&project.templates_dir())?)?;
        }
        FleetForm::Document(make) => {
            let least = wanted.least.unwrap_or(Severity::Error);
            console.print_document(&make(&assessment, &project_data, least)?)?;
        }
    }
    let is_found = wanted.least.is_some_and(|least| folded.iter().any(|it| it.severity >= least));
    // What is not shown is not relied on.
    let is_nothing_shown = assessment.expectations.is_empty();
    let is_unmet = is_nothing_shown && !project_data.expectations.is_empty();
    if is_unmet {
        console.print_warning("no node has a run, so no expectation is met");
    }
    let is_unmet = is_unmet || expectations.iter().any(ExpectationFold::fails_build);
    if decides && !is_unmet && assessment.nodes.iter().all(|node| node.run.is_none()) {
        let fleet = &assessment.fleet.id;
        let is_lost = assessment.nodes.iter().any(|node| node.lost_run.is_some());
        let (run, help) = match is_lost {
            true => ("a run file that can be used", "restore the files in data/runs"),
            false => ("a run", "collect again, or name another fleet: fleet:latest~1"),
        };
        let words = format!("no node of fleet {fleet} has {run}, so nothing is decided by it");
        return Err(Error::unusable_input(words).with_help(help));
    }
    Ok(ExitCode::from(u8::from(is_found || is_unmet)))
}

fn fleet_title(fleet: &Fleet) -> String {
    let label = fleet.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let end = if fleet.ended.is_none() { ", which did not end" } else { "" };
    format!("Fleet {}{label}{end}", fleet.id)
}

fn check_text(assessment: &FleetAssessment, expectations: &[ExpectationFold]) -> StyledText {
    let total = count_words(assessment.nodes.len(), "node");
    let mut text = StyledText::default();
    let title = fleet_title(&assessment.fleet);
    text.push_line(StyledLine::begin_styled(TextStyle::Strong, &title));
    text.push_blank();
    text.append_text(fleet_lines(&assessment.nodes));
    let mut counts = [(Severity::Error, 0), (Severity::Warning, 0), (Severity::Note, 0)];
    for finding in assessment.fold_findings() {
        let mark = StyledLine::begin_styled(
            super::styled::severity_style(finding.severity),
            finding.severity.into_str(),
        );
        text.push_blank();
        text.push_line(mark.and_text(&format!("[{}]: {}", finding.rule, finding.message)));
        let (count, names) = (finding.nodes.len(), name_nodes(&finding.nodes));
        text.push_line(format!("  on {count} of {total}: {names}"));
        text.push_wrapped("  ", finding.help, 74);
        for (severity, count) in &mut counts {
            *count += usize::from(*severity == finding.severity);
        }
    }
    text.push_blank();
    let tally = counts.map(|(severity, count)| count_words(count, severity.into_str()));
    text.push_line(format!("Findings, each on all its nodes: {}", tally.join(", ")));
    if !expectations.is_empty() {
        text.push_blank();
        text.append_text(expectation_text(expectations, assessment.nodes.len()));
    }
    text
}

fn expectation_text(expectations: &[ExpectationFold], total: usize) -> StyledText {
    let mut text = StyledText::default();
    let total = count_words(total, "node");
    for expected in expectations.iter().filter(|it| !it.has_passed()) {
        let style = if expected.fails_build() { TextStyle::Bad } else { TextStyle::Doubtful };
        let mark = StyledLine::begin_styled(
            style,
            if expected.fails_build() { "failed" } else { "not decided" },
        );
        text.push_line(mark.and_text(&format!(": {}", expected.expects)));
        for (what, nodes) in [("failed", &expected.failed), ("not decided", &expected.undecided)] {
            if let Some((_, found)) = nodes.first() {
                let names: Vec<&str> = nodes.iter().map(|(node, _)| *node).collect();
                let (count, names) = (nodes.len(), name_nodes(&names));
                text.push_wrapped(
                    "  ",
                    &format!("{what} on {count} of {total} ({names}): {found}"),
                    74,
                );
            }
        }
        let why = format!("why ({CONFIG}:{}): {}", expected.line, expected.reason);
        text.push_wrapped("  ", &why, 74);
        text.push_blank();
    }
    let passed = expectations.iter().filter(|it| it.has_passed()).count();
    let others = expectations.len() - passed;
    text.push_line(format!("Expectations: {passed} passed on every node, {others} did not"));
    text
}

fn fleet_json(assessment: &FleetAssessment, expectations: &[ExpectationFold]) -> serde_json::Value {
    let verdicts = fold_classes(&assessment.nodes).into_iter().map(|line| {
        json!({
            "class": line.outcome.class, "conclusion": line.outcome.conclusion,
            "confidence": line.outcome.confidence, "reason": line.outcome.reason,
            "nodes": line.nodes,
        })
    });
    let nodes = assessment.nodes.iter().map(|node| {
        json!({ "node": node.node, "pool": node.pool, "run": node.run, "classes": node.classes,
                "facts": node.facts, "starts": node.starts })
    });
    json!({
        "fleet": assessment.fleet.id,
        "label": assessment.fleet.label,
        "created": assessment.fleet.created,
        "ended": assessment.fleet.ended,
        "verdicts": verdicts.collect::<Vec<_>>(),
        "findings": assessment.fold_findings(),
        "expectations": expectations.iter().map(ExpectationFold::to_json).collect::<Vec<_>>(),
        "nodes": nodes.collect::<Vec<_>>(),
    })
}

/// Prints what changed from one fleet to another. The references are what follows `fleet:`; where
/// one is none, the other side is a run.
pub(super) fn diff_fleets(
    project: &Project,
    references: (Option<&str>, Option<&str>),
    is_json: bool,
    fail_on: &[FailOn],
    console: &Console,
) -> Result<ExitCode> {
    let (Some(a), Some(b)) = references else {
        return Err(Error::unusable_input(
            "a fleet is compared with a fleet, and a run with a run",
        )
        .with_help("give two of one kind: isoproof diff fleet:latest~1 fleet:latest"));
    };
    let project_data = ProjectData::load_project(project)?;
    let store = RunStore::with_catalogue(project, project_data.catalogue.clone());
    let decides = fail_on.iter().any(|kind| *kind != FailOn::Never);
    let a = load_fleet(project, a, &store, &project_data, decides, console)?;
    let b = load_fleet(project, b, &store, &project_data, decides, console)?;
    if a.fleet.id == b.fleet.id {
        console.print_warning(&format!("both are fleet {}: nothing can have changed", b.fleet.id));
    }
    let diff = FleetDiff {
        a: a.fleet.id.clone(),
        b: b.fleet.id.clone(),
        expectations: b.lost_expectations(&a),
        ..FleetDiff::between_fleets(&a.nodes, &b.nodes)
    };
    match is_json {
        true => console.print_json(&format!("{:#}\n", json!(diff)))?,
        false => console.print_prose(&diff_text(&diff))?,
    }
    Ok(ExitCode::from(u8::from(diff.fails_gate(fail_on))))
}

fn count_and_name_nodes(nodes: &[String], common: &str) -> String {
    format!("{} of {common}: {}", nodes.len(), name_nodes(nodes))
}

fn diff_text(diff: &FleetDiff) -> StyledText {
    let mut text = StyledText::default();
    let title = format!("From fleet {} to fleet {}", diff.a, diff.b);
    text.push_line(StyledLine::begin_styled(TextStyle::Strong, &title));
    text.push_blank();
    let common = count_words(diff.common, "node");
    for shift in &diff.verdicts {
        // Where nothing is concluded nothing weaker was seen either.
        let (mark, style) = match (shift.regression, shift.b.conclusion) {
            (true, Conclusion::SharedKernel) => ("weaker", TextStyle::Bad),
            (true, _) => ("no longer shown", TextStyle::Bad),
            (false, _) => ("verdict", TextStyle::Doubtful),
        };
        let [now, before] = [&shift.b, &shift.a].map(|it| match it.confidence {
            Confidence::None => it.title.clone(),
            sure => format!("{}, {} confidence", it.title, sure.into_str()),
        });
        let words = format!(": {}: {now}, was {before}", shift.class);
        text.push_line(StyledLine::begin_styled(style, mark).and_text(&words));
        text.push_line(format!("  on {}", count_and_name_nodes(&shift.nodes, &common)));
        if let Some(reason) = &shift.b.reason {
            text.push_wrapped("  ", reason, 74);
        }
    }
    for expected in &diff.expectations {
        let words = format!(": {}", expected.expects);
        text.push_line(StyledLine::begin_styled(TextStyle::Bad, "no longer met").and_text(&words));
        text.push_line(format!("  on {}", count_and_name_nodes(&expected.nodes, &common)));
    }
    for (what, list) in [("new", &diff.added), ("gone", &diff.removed)] {
        for shift in list {
            let about = shift.target.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
            let style = super::styled::severity_style(shift.severity);
            let on = count_and_name_nodes(&shift.nodes, &common);
            let mark = StyledLine::from(format!("{what} "))
                .and_styled(style, shift.severity.into_str())
                .and_text(&format!("[{}]{about} on {on}", shift.rule));
            text.push_line(mark);
        }
    }
    for shift in &diff.facts {
        let words = format!("{} on {}: {}, was {}", shift.fact, shift.target, shift.b, shift.a);
        text.push_line(words);
        text.push_line(format!("  on {}", count_and_name_nodes(&shift.nodes, &common)));
    }
    for (what, list) in [
        ("classes no longer asked for", &diff.classes_gone),
        ("classes asked for now", &diff.classes_added),
        ("nodes that are gone", &diff.went),
        ("nodes that came", &diff.came),
        ("not compared, because two nodes have this name", &diff.ambiguous),
    ] {
        if !list.is_empty() {
            text.push_line(format!("{what}: {}", list_nodes(list)));
        }
    }
    if diff.is_empty() {
        text.push_line(format!("Nothing changed on {common}."));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::fleet::testing::kata_node;

    #[test]
    fn the_node_that_breaks_the_promise_comes_first() {
        let nodes = [
            kata_node("a", Conclusion::SeparateKernelVm, "6.1"),
            kata_node("b", Conclusion::SeparateKernelVm, "6.1"),
            kata_node("c", Conclusion::SharedKernel, "6.1"),
            kata_node("d", Conclusion::NotTested, "6.1"),
        ];
        assert_eq!(
            fleet_lines(&nodes).render_text(false),
            "On 1 of 4 nodes a class is not what its name says:\n\
             \x20 c: kata shows the host's kernel.\n\n\
             Class  Boundary          Confidence  Nodes\n\
             kata   SeparateKernelVm  medium      2: a, b\n\
             kata   SharedKernel      medium      c\n\
             kata   NotTested         medium      d\n\n\
             Why nothing is concluded:\n\
             \x20 kata on d: no runtime\n"
        );
    }

    #[test]
    fn a_comparison_says_what_got_weaker_and_where() {
        let vm = |name: &str| kata_node(name, Conclusion::SeparateKernelVm, "6.1");
        let before = [vm("a"), vm("b"), vm("c")];
        let after = [vm("a"), kata_node("b", Conclusion::SharedKernel, "6.8"), vm("d")];
        let text = diff_text(&FleetDiff::between_fleets(&before, &after)).render_text(false);
        assert_eq!(
            text,
            "From fleet  to fleet \n\n\
             weaker: kata: SharedKernel, medium confidence, was SeparateKernelVm, medium confidence\n\
             \x20 on 1 of 2 nodes: b\n\
             new error[runtime-not-what-it-says] (kata) on 1 of 2 nodes: b\n\
             kernel.release on host: 6.8, was 6.1\n\
             \x20 on 1 of 2 nodes: b\n\
             nodes that are gone: c\n\
             nodes that came: d\n"
        );
    }

    #[test]
    fn nothing_is_called_weaker_of_which_nothing_was_concluded() {
        for known in [Conclusion::SharedKernel, Conclusion::SeparateKernelVm] {
            let before = [kata_node("a", known, "6.1")];
            let after = [kata_node("a", Conclusion::NotTested, "6.1")];
            let text = diff_text(&FleetDiff::between_fleets(&before, &after)).render_text(false);
            assert!(text.contains("no longer shown: kata: NotTested"), "{text}");
            assert!(!text.contains("weaker"), "{text}");
        }
    }
}
