//! The look-ups that only the course's templates call.

use serde_json::{Value as Json, json};
use tera::{Kwargs, TeraResult, Value};

use super::coverage::{CoverageState, RequirementCoverage, requirement_coverage};
use super::edition::EditionSpec;
use crate::knowledge::is_runtime;
use crate::model::Role;
use crate::report::Assessment;
use crate::report::functions::{LookupDefinition, LookupSources};

/// Name, arguments and code of each.
pub(super) const LOOKUPS: &[LookupDefinition] = &[
    ("coverage", &["task"], look_up_coverage),
    ("tasks", &[], look_up_tasks),
    ("asked_pair", &[], look_up_asked_pair),
];

/// What the edition of the report asks for, if it has one of the lab.
fn chosen_spec(assessment: &Assessment) -> Option<&EditionSpec> {
    EditionSpec::of_pack(assessment.project_data.edition.as_deref()?)
}

/// `coverage(task=)`: the requirements of the lab and how far each is shown.
fn look_up_coverage(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let task: Option<u32> = kwargs.get("task")?;
    let Some(spec) = chosen_spec(&sources.assessment) else { return Ok(Value::none()) };
    let list = requirement_coverage(&sources.assessment, spec, &sources.notes);
    let list: Vec<_> =
        list.into_iter().filter(|entry| task.is_none_or(|task| entry.task == task)).collect();
    Value::try_from_serializable(&list)
}

/// `tasks()`: the tasks of the edition, whether all that they ask for is shown, of the runtimes that
/// they ask for, and the ids of what is shown by `weak` evidence.
fn look_up_tasks(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let assessment = &sources.assessment;
    let Some(spec) = chosen_spec(assessment) else { return Ok(Value::none()) };
    let rows = requirement_coverage(assessment, spec, &sources.notes);
    let is_asked_pair = [Role::Baseline, Role::Candidate]
        .into_iter()
        .all(|role| assessment.unmet_runtime(role).is_none());
    let list: Vec<Json> = spec
        .task
        .iter()
        .map(|task| {
            let of_task = rows.iter().filter(|row| row.task == task.number);
            let weak = of_task.clone().filter(|row| row.state == CoverageState::Weak);
            let weak: Vec<&str> = weak.map(|row| row.id.as_str()).collect();
            json!({
                "weak": weak,
                "number": task.number, "title": task.title, "points": task.points,
                "is_shown": is_asked_pair && of_task.clone().all(RequirementCoverage::is_shown),
            })
        })
        .collect();
    Value::try_from_serializable(&json!(list))
}

/// `asked_pair()`: the runtimes that the lab asks for, by the names of readers: `baseline` and
/// `candidate`; `unmet` lists those that this report is not about, and `elsewhere` the names of
/// candidates of the run that would be.
fn look_up_asked_pair(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let assessment = &sources.assessment;
    let spec = chosen_spec(assessment);
    let Some(pair) = spec.and_then(|spec| spec.pair.as_ref()) else { return Ok(Value::none()) };
    let unmet: Vec<String> = [Role::Baseline, Role::Candidate]
        .into_iter()
        .filter_map(|role| assessment.unmet_runtime(role))
        .map(|runtime| assessment.reader_name(runtime))
        .collect();
    let candidates = assessment.run.with_role(Role::Candidate);
    let elsewhere: Vec<&str> = candidates
        .filter(|target| is_runtime(&assessment.run, target, &pair.candidate))
        .map(|target| target.name.as_str())
        .collect();
    Value::try_from_serializable(&json!({
        "baseline": assessment.reader_name(&pair.baseline),
        "candidate": assessment.reader_name(&pair.candidate),
        "unmet": unmet,
        "elsewhere": elsewhere,
    }))
}
