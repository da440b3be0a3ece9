//! The look-ups that templates and chapters call.
//!
//! Each takes named arguments; an unknown argument, fact or target is an error with the place in
//! the template. What they print is already escaped for the form of the text.

mod cells;
mod costs;
mod record;
mod sources;
mod suitability;
mod timing;
mod writes;

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tera::{Kwargs, State, Tera, TeraResult, Value};

pub(crate) use sources::{LookupDefinition, LookupSources, MissingWarnings, QuotedChapters};
use sources::{describe_target, from_json, lookup_error, safe_value, value_map};

use super::assessment::Assessment;
use super::renderer::{EvidenceLinks, Renderer, SeriesFigure, describe_place};
use super::{escape, excerpts, markdown};
use crate::judge::{EvidenceRef, Finding};
use crate::model::{Capture, CaptureOrigin, Fact, FactId, FactSource, Role, StartEnd};
use crate::phrases::fill_phrase;
use crate::probe::capability;
use crate::probe::catalogue::Probe;
use crate::text::{shell_line, suggest_or_list};

const FUNCTIONS: &[LookupDefinition] = &[
    ("fact", &["id", "target", "field"], look_up_fact),
    ("cell", &["id", "target", "field"], look_up_cell),
    ("stat", &["id", "target", "of"], look_up_stat),
    ("value", &["id", "target", "field"], look_up_value),
    ("present", &["id", "target"], look_up_present),
    ("recorded", &["id", "target"], look_up_recorded),
    ("same", &["id", "a", "b"], look_up_same),
    ("source", &["id", "target", "text"], look_up_source),
    ("evidence", &["id", "target", "lines"], look_up_evidence),
    ("name", &["target"], look_up_name),
    ("has_target", &["role"], has_target),
    ("targets", &["role"], look_up_targets),
    ("runtimes", &[], look_up_runtimes),
    ("subjects", &[], look_up_subjects),
    ("measured", &["id"], look_up_measured),
    ("asked", &["id"], look_up_asked),
    ("startup_clock", &[], timing::look_up_startup_clock),
    ("verdict", &["target"], look_up_verdict),
    ("fleet", &["target"], look_up_fleet),
    ("findings", &["rule", "severity", "target", "fact", "except"], look_up_findings),
    ("probe", &["id"], look_up_probe),
    ("probes", &[], look_up_probes),
    ("lookups", &[], look_up_lookups),
    ("run", &[], look_up_run),
    ("chapter", &["file", "section", "level"], look_up_chapter),
    ("own", &["section"], look_up_own),
    ("number", &["id", "target", "of"], look_up_number),
    ("capabilities", &["id", "target"], look_up_capabilities),
    ("verdict_is_separate", &["target"], verdict_is_separate),
    ("conclusions", &[], look_up_conclusions),
    ("rules", &[], look_up_rules),
    ("switched_off", &[], switched_off),
    ("expectations", &[], look_up_expectations),
    ("compared", &["id", "target"], timing::look_up_compared),
    ("measures", &[], timing::look_up_measures),
    ("control", &[], timing::look_up_control),
    ("interval", &["id", "target"], timing::look_up_interval),
    ("outliers", &["id", "target"], timing::look_up_outliers),
    ("percentiles", &["id", "target"], timing::look_up_percentiles),
    ("phases", &[], timing::look_up_phases),
    ("share_of", &["id", "target", "seconds"], timing::share_of),
    ("chart", &["kind", "id"], timing::look_up_chart),
    ("boundaries", &[], suitability::look_up_boundaries),
    ("workloads", &[], suitability::look_up_workloads),
    ("fitness", &["target"], suitability::look_up_fitness),
    ("answers", &[], costs::look_up_answers),
    ("costs", &["captured"], costs::look_up_costs),
    ("cost", &["measure", "target"], costs::look_up_cost),
    ("written", &["target"], writes::look_up_written),
];

pub(crate) fn lookup_names() -> impl Iterator<Item = &'static str> {
    all_lookups().map(|(name, ..)| *name)
}

/// The look-ups of the core and of packs.
fn all_lookups() -> impl Iterator<Item = &'static LookupDefinition> {
    FUNCTIONS.iter().chain(crate::PACKS.iter().flat_map(|pack| pack.list_lookups()))
}

thread_local! {
    /// What the look-ups of the template look things up in that this thread is rendering. Tera
    /// binds its functions when templates are parsed; parsed once, they are rendered for every
    /// run and page.
    static SOURCES: RefCell<Option<Arc<LookupSources>>> = const { RefCell::new(None) };
}

/// Renders with these sources for look-ups. A look-up may render another text on its way.
pub(crate) fn render_with<T>(sources: &Arc<LookupSources>, render: impl FnOnce() -> T) -> T {
    let before = SOURCES.replace(Some(Arc::clone(sources)));
    let rendered = render();
    SOURCES.set(before);
    rendered
}

/// What the text that is being rendered looks things up in.
fn rendered_sources() -> TeraResult<Arc<LookupSources>> {
    SOURCES.with_borrow(Clone::clone).ok_or_else(|| lookup_error("nothing is rendered".into()))
}

fn escape_printed(text: &str, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let is_html = SOURCES.with_borrow(|sources| {
        sources.as_ref().is_none_or(|sources| matches!(sources.renderer, Renderer::Html(_)))
    });
    if is_html { escape::write_html(text, out) } else { escape::write_markdown(text, out) }
}

pub(crate) fn register_lookups(tera: &mut Tera) {
    tera.set_escape_fn(escape_printed);
    for &(name, arguments, call) in all_lookups() {
        tera.register_function(name, move |kwargs: Kwargs, _: &State| {
            for (argument, _) in kwargs.iter() {
                if !argument.as_str().is_some_and(|argument| arguments.contains(&argument)) {
                    return Err(lookup_error(format!(
                        "{name}() has no argument `{argument}`: {}",
                        suggest_or_list(argument.as_str().unwrap_or_default(), arguments)
                    )));
                }
            }
            let sources = rendered_sources()?;
            call(&sources, &kwargs)
        });
    }
    tera.register_filter("code", |text: String, _: Kwargs, _: &State| -> TeraResult<Value> {
        Ok(safe_value(&rendered_sources()?.renderer.render_code(&text, true)))
    });
    tera.register_filter("record_lines", |id: &str, kwargs: Kwargs, _: &State| {
        let sources = rendered_sources()?;
        let capture = sources.assessment.find_capture(id);
        let capture = capture.ok_or_else(|| lookup_error(format!("no capture `{id}`")))?;
        Ok::<_, tera::Error>(safe_value(&record::draw_lines(&sources, capture, &kwargs)?))
    });
    tera.register_filter("fact_cells", |id: &str, kwargs: Kwargs, _: &State| {
        Ok::<_, tera::Error>(safe_value(&cells::draw_cells(
            &*rendered_sources()?,
            FactId::from_text(id),
            &kwargs,
        )?))
    });
    tera.register_filter("facts_read", |id: &str, kwargs: Kwargs, _: &State| {
        let drawn = cells::draw_facts_read(&*rendered_sources()?, id, &kwargs)?;
        Ok::<_, tera::Error>(safe_value(&drawn))
    });
    tera.register_filter("in_sentence", |title: String, _: Kwargs, _: &State| {
        crate::text::lower_initial(&title)
    });
    tera.register_filter("probe_page", |id: &str, _: Kwargs, _: &State| probe_page(id));
    tera.register_filter("prose", |text: String, _: Kwargs, _: &State| -> TeraResult<Value> {
        Ok(render_prose(&rendered_sources()?.renderer, &text))
    });
}

/// `id | probe_page`: where a probe is explained, seen from the root of the site.
fn probe_page(id: &str) -> String {
    format!("probes.html#{id}")
}

/// `text | prose`: Markdown of our own data in the form of the text. Not for captured text.
fn render_prose(renderer: &Renderer, text: &str) -> Value {
    match renderer {
        Renderer::Markdown(_) => safe_value(text),
        Renderer::Html(_) => safe_value(&markdown::render_phrase(text)),
    }
}

/// `fact(id=, target=)`: the value with a link to its evidence, or *not captured* and why.
fn look_up_fact(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    sources.print_fact(kwargs, false)
}

/// `cell(id=, target=)`: the same for the cell of a Markdown table.
fn look_up_cell(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    sources.print_fact(kwargs, true)
}

/// `stat(id=, target=, of="median")`: a figure of a series with its unit.
fn look_up_stat(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find_argument_fact(kwargs)?;
    sources.count_missing(&found);
    let of: &str = kwargs.must_get("of")?;
    let printed =
        sources.renderer.render_figure(&sources.assessment, &found, of).map_err(lookup_error)?;
    Ok(safe_value(&printed))
}

/// `value(id=, target=)`: the bare value to decide with; none if it is missing.
fn look_up_value(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find_argument_fact(kwargs)?;
    let field: Option<&str> = kwargs.get("field")?;
    match (found.fact.as_value(), field) {
        (Some(value), None) => from_json(value),
        (Some(value), Some(field)) => match value.get(field) {
            Some(value) => from_json(value),
            None => Err(lookup_error(format!("`{}` has no field `{field}`", found.probe.id))),
        },
        (None, _) => Ok(Value::none()),
    }
}

/// `present(id=, target=)`: whether there is a value or a series.
fn look_up_present(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    Ok(sources.find_argument_fact(kwargs)?.fact.is_present().into())
}

/// `recorded(id=, target=)`: whether the run has the fact, be it only the reason why it has no value.
fn look_up_recorded(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    Ok(matches!(sources.find_argument_fact(kwargs)?.fact, Cow::Borrowed(_)).into())
}

/// `same(id=, a=, b=)`: `equal`, `different`, or `unknown` if one of them is missing.
fn look_up_same(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let id = FactId::from_text(kwargs.must_get("id")?);
    let one = sources.assessment.find_fact(id, kwargs.must_get("a")?).map_err(lookup_error)?;
    let other = sources.assessment.find_fact(id, kwargs.must_get("b")?).map_err(lookup_error)?;
    let word = match (one.fact.as_value(), other.fact.as_value()) {
        (Some(one), Some(other)) if one == other => "equal",
        (Some(_), Some(_)) => "different",
        _ => "unknown",
    };
    Ok(word.into())
}

/// `source(id=, target=, text=)`: where the fact stands, as a link with this text, by default the
/// place; where nothing links, the place follows the text.
fn look_up_source(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find_argument_fact(kwargs)?;
    let Some(source) = found.fact.source() else { return Ok(Value::none()) };
    let place = sources.renderer.render_code(&describe_place(source), true);
    let text: Option<&str> = kwargs.get("text")?;
    let text = text.map(|text| sources.renderer.escape_text(text));
    let is_linked = sources.renderer.source_url(&sources.assessment, source).is_some();
    Ok(safe_value(&match text {
        Some(text) if !is_linked => format!("{text} ({place})"),
        text => {
            let markup = text.unwrap_or(place);
            sources.renderer.link_to_source(&sources.assessment, &markup, source)
        }
    }))
}

/// `evidence(id=, target=)`: the capture that the fact rests on, as a block with its origin; of one
/// that was changed after it was written only that.
fn look_up_evidence(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find_argument_fact(kwargs)?;
    let source = found.fact.source();
    let Some(capture) = source.and_then(|source| sources.assessment.find_capture(&source.capture))
    else {
        sources.count_missing(&found);
        let id: &str = &found.probe.id;
        return match found.fact.as_ref() {
            Fact::Missing(missing) => {
                Ok(safe_value(&sources.renderer.render_missing(&sources.assessment, missing)))
            }
            _ => Err(lookup_error(format!("`{id}` rests on no capture"))),
        };
    };
    if let Fact::Missing(missing) = found.fact.as_ref()
        && !sources.assessment.is_as_written(&capture.id)
    {
        sources.count_missing(&found);
        return Ok(safe_value(&sources.renderer.render_missing(&sources.assessment, missing)));
    }
    let limit: Option<usize> = kwargs.get("lines")?;
    Ok(safe_value(&capture_block(sources, capture, limit)))
}

/// A capture as a fenced block, with what it is and, where it is clipped, how much is left out.
fn capture_block(sources: &LookupSources, capture: &Capture, limit: Option<usize>) -> String {
    let lines = sources.assessment.capture_lines(&capture.id);
    let shown = &lines[..limit.unwrap_or(lines.len()).min(lines.len())];
    match &sources.renderer {
        Renderer::Markdown(EvidenceLinks::Chapter(..)) => {
            let anchor = sources.assessment.capture_anchor(&capture.id).unwrap_or_default();
            escape::fenced_block(&format!("{EVIDENCE} {anchor}"), shown)
        }
        renderer => {
            let caption = capture_caption(sources, capture);
            let phrases = &sources.assessment.project_data.phrases;
            let left = match lines.len() - shown.len() {
                0 => String::new(),
                1 => format!("\n\n{}", phrases.one_more_line),
                n => {
                    let words = fill_phrase(&phrases.more_lines, &[("count", &n.to_string())]);
                    format!("\n\n{words}")
                }
            };
            format!("{caption}\n\n{}{left}", renderer.render_lines(shown))
        }
    }
}

/// The info string of a fenced block that is a capture; its anchor follows.
pub(crate) const EVIDENCE: &str = "isoproof-evidence";

/// The longest command that stands above its output; a longer one is a script, whose name says
/// more.
const LONGEST_COMMAND: usize = 80;

/// One line on where a block comes from and of which target it is, with a link to it where this
/// form links.
fn capture_caption(sources: &LookupSources, capture: &Capture) -> String {
    let phrases = &sources.assessment.project_data.phrases;
    let (origin, more) = match &capture.origin {
        CaptureOrigin::Command { argv } => {
            let exit = capture.exit.map(|exit| exit.to_string());
            let status = exit.map(|exit| fill_phrase(&phrases.exit_status, &[("exit", &exit)]));
            let command = sources.renderer.render_code(&shell_line(argv), false);
            (command, status.unwrap_or_default())
        }
        CaptureOrigin::Probe { command, .. } => {
            let id = capture.id.split_once('/').map_or("", |(_, id)| id);
            let origin = match sources.assessment.project_data.catalogue.find_probe(id) {
                Some(probe) if command.chars().count() > LONGEST_COMMAND => {
                    sources.renderer.escape_text(&probe.title)
                }
                _ => sources.renderer.render_code(command, false),
            };
            (origin, String::new())
        }
        CaptureOrigin::Observed { how } => (sources.renderer.escape_text(how), String::new()),
        CaptureOrigin::File { path, slot } => {
            let slot = slot.as_deref();
            let command = slot.and_then(|slot| sources.assessment.instructed_command(slot));
            let command = command.map(|command| sources.renderer.render_code(command, false));
            let words =
                command.map(|command| fill_phrase(&phrases.instructed, &[("command", &command)]));
            (sources.renderer.render_code(path, false), words.unwrap_or_default())
        }
    };
    let target = capture.target.as_deref().map(|target| {
        let is_host = sources.assessment.role_target(Role::Host) == Some(target);
        let name = sources.renderer.escape_text(&sources.assessment.reader_name(target));
        format!("{} {name}, ", if is_host { "On" } else { "Under" })
    });
    let source = FactSource::new(&capture.id, None);
    let origin = sources.renderer.link_to_source(&sources.assessment, &origin, &source);
    format!("{}{origin}{more}:", target.unwrap_or_default())
}

/// `name(target=)`: what readers call a target.
fn look_up_name(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let wanted: &str = kwargs.must_get("target")?;
    let target = sources.assessment.resolve_target(wanted).map_err(lookup_error)?;
    let name = match target {
        Some(target) => sources.assessment.reader_name(target),
        None => format!("the {wanted}"),
    };
    Ok(safe_value(&sources.renderer.escape_text(&name)))
}

/// `has_target(role=)`: whether the run has a target of the role.
fn has_target(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let role: &str = kwargs.must_get("role")?;
    Ok(sources.assessment.resolve_target(role).map_err(lookup_error)?.is_some().into())
}

/// `targets(role=)`: all targets, or those of a role, with name, title and role.
fn look_up_targets(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let role: Option<&str> = kwargs.get("role")?;
    let list: Vec<Json> = sources
        .assessment
        .run
        .targets
        .iter()
        .filter(|target| role.is_none_or(|role| target.role.into_str() == role))
        .map(|target| describe_target(sources, target))
        .collect();
    from_json(&json!(list))
}

/// `runtimes()`: what tables have a row for: the baseline, then the candidates, first the one that
/// the document is about.
fn look_up_runtimes(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let baselines = sources.assessment.run.with_role(Role::Baseline);
    let candidates = sources.assessment.list_candidates();
    let list: Vec<Json> =
        baselines.chain(candidates).map(|target| describe_target(sources, target)).collect();
    from_json(&json!(list))
}

/// `subjects()`: the candidates that the text speaks of: in a document the one that it is about,
/// else all.
fn look_up_subjects(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let limit = if sources.is_document { 1 } else { usize::MAX };
    let candidates = sources.assessment.list_candidates().into_iter().take(limit);
    let list: Vec<Json> = candidates.map(|target| describe_target(sources, target)).collect();
    from_json(&json!(list))
}

/// `measured(id=)`: the names of the targets of which the fact is known.
fn look_up_measured(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let id = FactId::from_text(kwargs.must_get("id")?);
    let mut names: Vec<&str> = Vec::new();
    for target in &sources.assessment.run.targets {
        if sources.assessment.find_fact(id, &target.name).map_err(lookup_error)?.fact.is_present() {
            names.push(&target.name);
        }
    }
    from_json(&json!(names))
}

/// `verdict(target=)`: what is concluded, with its words and the facts it rests on.
fn look_up_verdict(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let target = sources.target_argument(kwargs)?;
    let assessment = &sources.assessment;
    let verdict = assessment
        .judgement
        .find_verdict(target)
        .ok_or_else(|| lookup_error(format!("there is no verdict on `{target}`")))?;
    let words = &assessment.project_data.words[verdict.conclusion.into_str()];
    let ignored: Vec<Json> = verdict
        .ignored
        .iter()
        .map(|ignored| {
            let title = assessment
                .project_data
                .catalogue
                .find_probe(&ignored.fact)
                .map(|probe| &probe.title);
            let reason = &assessment.project_data.reasons[ignored.reason.into_str()];
            json!({"id": ignored.fact, "title": title, "reason": reason})
        })
        .collect();
    from_json(&json!({
        "target": target,
        "name": assessment.reader_name(target),
        "conclusion": verdict.conclusion.into_str(),
        "is_separate": verdict.conclusion.is_separate(),
        "confidence": verdict.confidence.into_str(),
        "title": words.title,
        "short": if words.short.is_empty() { &words.title } else { &words.short },
        "predicate": words.predicate_of(verdict),
        "end": verdict.start_end().map(StartEnd::end_id),
        "means": words.means,
        "does_not_mean": words.does_not_mean,
        "because": list_titled_probes(assessment, &verdict.because),
        "decisive": list_titled_probes(assessment, &verdict.decisive),
        "agrees": list_titled_probes(assessment, &verdict.agrees),
        "against": list_titled_probes(assessment, &verdict.against),
        "would_settle": list_titled_probes(assessment, &verdict.would_settle),
        "ignored": ignored,
        "reason": verdict.reason.map(|reason| &assessment.project_data.reasons[reason.into_str()]),
        "failure": verdict.failure,
    }))
}

fn list_titled_probes(assessment: &Assessment, ids: &[String]) -> Vec<Json> {
    let mut probes = Vec::new();
    for id in ids {
        let probe = assessment.project_data.catalogue.find_probe(id);
        probes.push(json!({"id": id, "title": probe.map(|probe| &probe.title)}));
    }
    probes
}

/// `findings(rule=, severity=, target=, fact=)`: the findings that fit all that is given; with
/// `fact`, those that rest on the fact (of the target); with `except`, all but those of a rule.
fn look_up_findings(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let rule: Option<&str> = kwargs.get("rule")?;
    let severity: Option<&str> = kwargs.get("severity")?;
    let target = match kwargs.get::<&str>("target")? {
        Some(wanted) => match sources.assessment.resolve_target(wanted).map_err(lookup_error)? {
            Some(target) => Some(target),
            None => return from_json(&json!([])),
        },
        None => None,
    };
    let fact = kwargs.get("fact")?.map(FactId::from_text);
    if let Some(fact) =
        fact.filter(|fact| sources.assessment.project_data.catalogue.find_probe(fact).is_none())
    {
        return Err(lookup_error(format!("unknown fact `{fact}`")));
    }
    let except: Option<&str> = kwargs.get("except")?;
    for id in [rule, except].into_iter().flatten() {
        if sources.assessment.project_data.rules.find_rule(id).is_none() {
            return Err(lookup_error(format!("unknown rule `{id}`")));
        }
    }
    let mut list: Vec<Value> = Vec::new();
    for (finding, number) in sources.assessment.judgement.findings.iter().zip(1u64..) {
        if except.is_none_or(|except| finding.rule != except)
            && rule.is_none_or(|rule| finding.rule == rule)
            && severity.is_none_or(|severity| finding.severity.into_str() == severity)
            && match fact {
                Some(fact) => finding.rests_on(fact, target),
                None => target.is_none_or(|target| finding.target.as_deref() == Some(target)),
            }
        {
            list.push(finding_value(sources, finding, number)?);
        }
    }
    Ok(list.into())
}

/// `fleet(target=)`: where the run is of one of several nodes of a fleet, how many have the
/// conclusion that it has on this class, `same`, how many there are, `total`, and what the `others`
/// show, each with `title` and `count`; else none.
fn look_up_fleet(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let target = sources.target_argument(kwargs)?;
    let assessment = &sources.assessment;
    let Some(fleet) = assessment.fleet.get().filter(|fleet| fleet.total > 1) else {
        return Ok(Value::none());
    };
    let own = assessment.judgement.find_verdict(target).map(|verdict| verdict.conclusion);
    let (mut same, mut others) = (0, Vec::new());
    for (class, conclusion, title, count) in &fleet.outcomes {
        if class == target && Some(*conclusion) == own {
            same += count;
        } else if class == target {
            let title = safe_value(&sources.renderer.escape_text(title));
            others.push(value_map([("title", title), ("count", (*count).into())]));
        }
    }
    if same == 0 {
        return Ok(Value::none());
    }
    Ok(value_map([("same", same.into()), ("total", fleet.total.into()), ("others", others.into())]))
}

fn finding_value(sources: &LookupSources, finding: &Finding, number: u64) -> TeraResult<Value> {
    let title =
        sources.assessment.project_data.rules.find_rule(&finding.rule).map(|doc| doc.title.clone());
    let mut map: tera::Map = tera::Map::new();
    let texts = [
        ("rule", finding.rule.clone()),
        ("severity", finding.severity.into_str().to_string()),
        ("title", title.unwrap_or_default()),
        ("message", finding.message.clone()),
        ("help", finding.help.clone()),
    ];
    for (key, text) in texts {
        map.insert(key.into(), text.into());
    }
    map.insert("number".into(), number.into());
    if let Some(target) = &finding.target {
        map.insert("target".into(), target.clone().into());
    }
    map.insert("places".into(), place_links(sources, &finding.evidence));
    Ok(map.into())
}

/// Places in captures, each with a link to it.
fn place_links(sources: &LookupSources, evidence: &[EvidenceRef]) -> Value {
    let mut links: Vec<Value> = Vec::new();
    for source in EvidenceRef::unique_places(evidence) {
        let markup = sources.renderer.render_code(&describe_place(source), true);
        let link = sources.renderer.link_to_source(&sources.assessment, &markup, source);
        links.push(safe_value(&link));
    }
    links.into()
}

/// `probe(id=)`: what the catalogue says about a fact.
fn look_up_probe(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let id: &str = kwargs.must_get("id")?;
    let probe =
        sources.assessment.project_data.catalogue.find_probe(id).ok_or_else(|| {
            lookup_error(format!("unknown fact `{id}`: it is not in the catalogue"))
        })?;
    probe_value(sources, probe)
}

/// `probes()`: what the catalogue says about every fact; `shown` is the command as code.
fn look_up_probes(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let all = sources.assessment.project_data.catalogue.iter_probes();
    let list: Vec<Value> =
        all.map(|probe| probe_value(sources, probe)).collect::<TeraResult<_>>()?;
    Ok(list.into())
}

/// `lookups()`: the name and the arguments of every look-up that templates of the report can use.
fn look_up_lookups(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let is_plain = sources.assessment.project_data.edition.is_none();
    let list: Vec<Json> = all_lookups()
        .take(if is_plain { FUNCTIONS.len() } else { usize::MAX })
        .map(|(name, arguments, _)| json!({"name": name, "arguments": arguments}))
        .collect();
    from_json(&json!(list))
}

fn probe_value(sources: &LookupSources, probe: &Probe) -> TeraResult<Value> {
    let mut map: tera::Map = tera::Map::new();
    for (key, text) in [
        ("id", probe.id.as_str()),
        ("title", &probe.title),
        ("asks", &probe.asks),
        ("unit", &probe.unit),
        ("command", &probe.command),
        ("strength", <&str>::from(probe.strength)),
        ("proves", &probe.proves),
    ] {
        map.insert(key.into(), text.into());
    }
    map.insert("shown".into(), safe_value(&sources.renderer.render_code(&probe.command, false)));
    Ok(map.into())
}

/// `run()`: id, label, times and origin of the run.
fn look_up_run(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let mut run = super::assessment::describe_run(&sources.assessment.run);
    run["links_have_lines"] = match &sources.renderer {
        Renderer::Markdown(EvidenceLinks::Files(files)) => files.has_lines().into(),
        _ => true.into(),
    };
    from_json(&run)
}

/// `asked(id=)`: whether the report answers an edition that asks for this fact, so that it is to
/// be spoken of even if it was not captured.
fn look_up_asked(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let id = FactId::from_text(kwargs.must_get("id")?);
    let edition = sources.assessment.project_data.edition.as_ref();
    Ok(edition.is_some_and(|edition| !edition.requests_for(id).is_empty()).into())
}

/// `chapter(file=, section=, level=)`: a section of a chapter without its heading, with the
/// headings inside it moved down to `level`.
fn look_up_chapter(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let file: &str = kwargs.must_get("file")?;
    let section: &str = kwargs.must_get("section")?;
    let level: u8 = kwargs.get("level")?.unwrap_or(4);
    let chapters = sources.chapters.as_deref();
    let text = chapters.map_or(Ok(None), |chapters| chapters.render_chapter(file));
    let text = text.map_err(|error| lookup_error(error.message))?;
    let text = text.ok_or_else(|| {
        let known = chapters.map(QuotedChapters::chapter_names).unwrap_or_default();
        lookup_error(format!("no chapter `{file}`: {}", suggest_or_list(file, &known)))
    })?;
    let anchor = markdown::heading_slug(section);
    let name = format!("{}-{anchor}", markdown::heading_slug(file.trim_end_matches(".md")));
    excerpts::extract_section(&text, &anchor, level, &name)
        .map(|text| safe_value(&text))
        .ok_or_else(|| lookup_error(format!("chapter `{file}` has no section `{section}`")))
}

/// `own(section=)`: the author's own words for a section, or nothing.
fn look_up_own(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let section: &str = kwargs.must_get("section")?;
    Ok(safe_value(sources.notes.get(section).map(String::as_str).unwrap_or_default()))
}

/// `number(id=, target=, of="median")`: the bare figure of a series to decide with, in the unit
/// of the series; none if it is missing.
fn look_up_number(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find_argument_fact(kwargs)?;
    let of: &str = kwargs.must_get("of")?;
    let Some(samples) = found.fact.as_series() else { return Ok(Value::none()) };
    let figure = SeriesFigure::from_samples(samples, of).map_err(lookup_error)?;
    Ok(figure.map_or_else(Value::none, |figure| figure.value.into()))
}

/// `capabilities(id=, target=)`: the names of the capabilities in a mask, for a table's cell.
fn look_up_capabilities(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find_argument_fact(kwargs)?;
    let (Some(text), Some(source)) = (found.fact.as_str(), found.fact.source()) else {
        return sources.print_fact(kwargs, true);
    };
    let mask = capability::parse_mask(text)
        .ok_or_else(|| lookup_error(format!("`{}` is no capability set", found.probe.id)))?;
    let names = capability::capability_names(mask);
    let words = if names.is_empty() { "none".into() } else { names.join(", ") };
    let markup = sources.renderer.escape_text(&words);
    Ok(safe_value(&sources.renderer.link_to_source(&sources.assessment, &markup, source)))
}

/// `verdict_is_separate(target=)`: whether the verdict is a kernel of its own, of any kind.
fn verdict_is_separate(sources: &LookupSources, kwargs: &Kwargs) -> TeraResult<Value> {
    let target = sources.target_argument(kwargs)?;
    let verdict = sources.assessment.judgement.find_verdict(target);
    Ok(verdict.is_some_and(|verdict| verdict.conclusion.is_separate()).into())
}

/// `conclusions()`: the words of every verdict.
fn look_up_conclusions(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let words = &sources.assessment.project_data.words;
    let list: Vec<_> =
        crate::judge::Conclusion::ALL.iter().filter_map(|c| words.get(c.into_str())).collect();
    Value::try_from_serializable(&list)
}

/// `rules()`: the words of every rule.
fn look_up_rules(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    Value::try_from_serializable(
        &sources.assessment.project_data.rules.iter_rules().collect::<Vec<_>>(),
    )
}

/// `switched_off()`: the rules that the project switched off, with the reason.
fn switched_off(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    Value::try_from_serializable(&sources.assessment.judgement.switched_off)
}

/// `expectations()`: what the project expects of a run, each with `expects`, its `outcome` (`passed`,
/// `failed`, `not-decided`), whether it `fails` the build, what was `found`, what `decides` it where
/// it is open, the project's `reason`, and the `places` in the evidence.
fn look_up_expectations(sources: &LookupSources, _: &Kwargs) -> TeraResult<Value> {
    let results = sources.assessment.judge_expectations();
    let results = results.map_err(|error| lookup_error(error.message))?;
    let mut list: Vec<Value> = Vec::new();
    for result in &results {
        list.push(value_map([
            ("expects", result.expects.as_str().into()),
            ("outcome", result.outcome.into_str().into()),
            ("fails", result.fails.into()),
            ("found", result.found.as_str().into()),
            ("decides", result.decides.as_deref().unwrap_or_default().into()),
            ("reason", result.reason.as_str().into()),
            ("places", place_links(sources, &result.evidence)),
        ]));
    }
    Ok(list.into())
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::assets::TextFile;
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::model::MissingReason;
    use crate::report::{ProjectData, TemplateEngine};
    use crate::store::LoadedRun;
    use crate::store::integrity::IntegrityReport;

    /// What a template says, in HTML, about a run whose application answered 503.
    fn render_for_test(template: &str) -> String {
        let latency = [0.0006; 20];
        let sketch = sketch().fact("app.health_status", "runc", 503);
        html_of(sketch.series("http.latency", "runc", &latency), template)
    }

    #[test]
    fn what_was_never_asked_says_why_by_what_became_of_its_target() {
        const MEMORY: &str = r#"{{ fact(id="host.mem_pss", target="kata") }}"#;
        let collected = |interrupted: bool| {
            let mut sketch = sketch();
            sketch.run.evidence = serde_json::from_value(serde_json::json!({ "collected": {
                "engine": "docker", "image": "alpine", "session": "1", "interrupted": interrupted,
            }}))
            .unwrap();
            sketch
        };
        assert!(html_of(sketch(), MEMORY).contains("the imported files do not answer it"));
        assert!(html_of(collected(false), MEMORY).contains("this run did not include that probe"));
        assert!(html_of(collected(true), MEMORY).contains("stopped before it came to this"));
        let mut failed = collected(false);
        let kata = failed.run.targets.iter_mut().find(|target| target.name == "kata").unwrap();
        kata.failure = Some("unknown runtime".into());
        assert!(html_of(failed, MEMORY).contains("unknown runtime"));
        let mut stopped = collected(true).file("kata/boot", "");
        let kata = stopped.run.targets.iter_mut().find(|target| target.name == "kata").unwrap();
        kata.failure = Some("stopped by the user".into());
        assert!(html_of(stopped, MEMORY).contains("stopped before it came to this"));
    }

    /// What a template says, in HTML, about a sketched run.
    pub(crate) fn html_of(sketch: Sketch, template: &str) -> String {
        let loaded =
            LoadedRun { run: sketch.run, integrity: sketch.integrity, origin: "a test".into() };
        let sources = LookupSources {
            assessment: Arc::new(
                Assessment::new(loaded, &ProjectData::load_data(None).unwrap()).unwrap(),
            ),
            renderer: Renderer::Html(EvidenceLinks::None),
            chapters: None,
            notes: Arc::default(),
            is_document: false,
            warnings: None,
        };
        let file = TextFile::from_own_text(template, "t.html");
        let engine =
            TemplateEngine::new(&BTreeMap::from([("t.html".into(), file)]), &sources).unwrap();
        engine.render_template("t.html", &tera::Context::new()).unwrap()
    }

    /// What is shown of the output that a fact rested on which was said to be changed.
    fn render_changed_output(integrity: IntegrityReport) -> String {
        let source = FactSource::new("proc", 1);
        let fact = Fact::missing_at(MissingReason::Altered, "it was changed", source);
        let mut sketch = sketch().file("proc", "entries: 7777\n").put("proc.entries", "kata", fact);
        sketch.integrity = integrity;
        html_of(sketch, r#"{{ evidence(id="proc.entries", target="kata") }}"#)
    }

    #[test]
    fn the_output_of_a_capture_that_was_changed_is_not_shown() {
        let altered = IntegrityReport { altered: vec!["proc".into()], ..Default::default() };
        let record = IntegrityReport { is_record_changed: true, ..Default::default() };
        for said in [altered, record].map(render_changed_output) {
            assert!(said.contains("(it was changed)") && !said.contains("7777"), "{said}");
        }
        // Where only the fact was edited, its capture says what is right.
        let intact = render_changed_output(IntegrityReport::default());
        assert!(intact.contains("entries: 7777"), "{intact}");
    }

    #[test]
    fn no_two_look_ups_have_one_name() {
        let names: std::collections::BTreeSet<&str> = lookup_names().collect();
        assert_eq!(names.len(), lookup_names().count());
    }

    #[test]
    fn prose_is_rendered_and_whatever_else_is_escaped() {
        let template = r#"{% set text = "`a` <b>" %}{{ text | prose }} {{ text }}"#;
        assert_eq!(render_for_test(template), "<code>a</code>  `a` &lt;b&gt;");
    }

    #[test]
    fn the_findings_on_a_fact_are_those_that_rest_on_it() {
        let template = |arguments: &str| {
            format!("{{% for f in findings({arguments}) %}}{{{{ f.rule }}}} {{% endfor %}}")
        };
        assert_eq!(
            render_for_test(&template(r#"fact="http.latency", target="runc""#)),
            "latency-on-error-status figure-of-few-digits latency-one-runtime-only "
        );
        assert_eq!(render_for_test(&template(r#"fact="http.latency", target="kata""#)), "");
        assert_eq!(render_for_test(&template(r#"fact="startup.wall""#)), "");
    }
}
