//! The look-ups that templates and chapters call.
//!
//! Each takes named arguments; an unknown argument, fact or target is an error with the place in
//! the template. What they print is already escaped for the voice of the text.

mod timing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use tera::{Kwargs, State, Tera, TeraResult, Value};

use super::chapters::Texts;
use super::subject::Subject;
use super::voice::{Figure, Links, Voice, place};
use super::{escape, excerpts, markdown};
use crate::judge::Finding;
use crate::model::{Capture, Fact, Origin, Source};
use crate::probe::capability;
use crate::probe::catalogue::Probe;

/// What a text said to be not captured: fact, target and reason.
pub type Warnings = Arc<Mutex<std::collections::BTreeSet<String>>>;

/// What the functions look things up in.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The judged run.
    pub subject: Arc<Subject>,
    /// How they speak.
    pub voice: Voice,
    /// The chapters in this voice.
    pub chapters: Arc<Texts>,
    /// The author's own words by section.
    pub notes: Arc<BTreeMap<String, String>>,
    /// Where missing facts are counted.
    pub warnings: Warnings,
}

type Call = fn(&Sources, &Kwargs) -> TeraResult<Value>;

/// Name, arguments and code of each function.
const FUNCTIONS: &[(&str, &[&str], Call)] = &[
    ("fact", &["id", "target", "field"], fact),
    ("cell", &["id", "target", "field"], cell),
    ("stat", &["id", "target", "of"], stat),
    ("value", &["id", "target", "field"], value),
    ("present", &["id", "target"], present),
    ("same", &["id", "a", "b"], same),
    ("source", &["id", "target"], source),
    ("evidence", &["id", "target", "lines"], evidence),
    ("name", &["target"], name),
    ("has_target", &["role"], has_target),
    ("targets", &["role"], targets),
    ("verdict", &["target"], verdict),
    ("findings", &["rule", "severity", "target", "fact", "except"], findings),
    ("coverage", &["task"], coverage),
    ("probe", &["id"], probe),
    ("probes", &[], probes),
    ("lookups", &[], lookups),
    ("run", &[], run),
    ("chapter", &["file", "section", "level"], chapter),
    ("own", &["section"], own),
    ("number", &["id", "target", "of"], number),
    ("capabilities", &["id", "target"], capabilities),
    ("verdict_is_separate", &["target"], verdict_is_separate),
    ("conclusions", &[], conclusions),
    ("rules", &[], rules),
    ("switched_off", &[], switched_off),
    ("tasks", &[], tasks),
    ("compared", &["id", "target"], timing::compared),
    ("measures", &[], timing::measures),
    ("control", &[], timing::control),
    ("interval", &["id", "target"], timing::interval),
    ("outliers", &["id", "target"], timing::outliers),
    ("percentiles", &["id", "target"], timing::percentiles),
    ("phases", &[], timing::phases),
    ("share_of", &["id", "target", "seconds"], timing::share_of),
    ("chart", &["kind", "id"], timing::chart),
];

/// The names of all functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, ..)| *name)
}

/// Gives all functions to a template engine.
pub fn register(tera: &mut Tera, sources: &Sources) {
    for &(name, arguments, call) in FUNCTIONS {
        let sources = sources.clone();
        tera.register_function(name, move |kwargs: Kwargs, _: &State| {
            for (argument, _) in kwargs.iter() {
                let argument = argument.to_string();
                if !arguments.contains(&argument.as_str()) {
                    return Err(problem(format!(
                        "{name}() has no argument `{argument}`: known are {}",
                        arguments.join(", ")
                    )));
                }
            }
            call(&sources, &kwargs)
        });
    }
    let voice = sources.voice.clone();
    let code = sources.voice.clone();
    tera.register_filter("code", move |text: String, _: Kwargs, _: &State| {
        safe(&code.code(&text, true))
    });
    tera.register_filter("prose", move |text: String, _: Kwargs, _: &State| prose(&voice, &text));
}

/// `text | prose`: Markdown of our own data in the voice of the text. Not for captured text.
fn prose(voice: &Voice, text: &str) -> Value {
    match voice {
        Voice::Markdown(_) => safe(text),
        Voice::Html(_) => safe(&markdown::phrase(text)),
    }
}

fn problem(message: String) -> tera::Error {
    tera::Error::message(message)
}

fn safe(markup: &str) -> Value {
    Value::safe_string(markup)
}

fn from_json(value: &Json) -> TeraResult<Value> {
    Value::try_from_serializable(value)
}

impl Sources {
    /// Looks a fact up, and counts it if it is missing.
    fn find(&self, kwargs: &Kwargs) -> TeraResult<super::subject::Found<'_>> {
        let id: &str = kwargs.must_get("id")?;
        let target: &str = kwargs.must_get("target")?;
        self.subject.find(id, target).map_err(problem)
    }

    fn count(&self, found: &super::subject::Found) {
        if let Fact::Missing(missing) = found.fact.as_ref() {
            let target = found.target.unwrap_or("no target");
            let line = format!(
                "{} on {target}: not captured ({}: {})",
                found.probe.id,
                missing.why.words(),
                missing.reason
            );
            if let Ok(mut warnings) = self.warnings.lock() {
                warnings.insert(crate::text::visible(&line));
            }
        }
    }

    fn print(&self, kwargs: &Kwargs, in_table: bool) -> TeraResult<Value> {
        let found = self.find(kwargs)?;
        self.count(&found);
        let field: Option<&str> = kwargs.get("field")?;
        let printed = self.voice.fact(&self.subject, &found, field, in_table).map_err(problem)?;
        Ok(safe(&printed))
    }

    /// The name of the target that an argument means, or an error if there is none.
    fn target<'a>(&'a self, kwargs: &Kwargs) -> TeraResult<&'a str> {
        let wanted: &str = kwargs.must_get("target")?;
        let target = self.subject.target(wanted).map_err(problem)?;
        target.ok_or_else(|| {
            problem(format!("the run has no {wanted}: ask has_target(role=\"{wanted}\") first"))
        })
    }
}

/// `fact(id=, target=)`: the value with a link to its evidence, or *not captured* and why.
fn fact(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    sources.print(kwargs, false)
}

/// `cell(id=, target=)`: the same for the cell of a Markdown table.
fn cell(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    sources.print(kwargs, true)
}

/// `stat(id=, target=, of="median")`: a figure of a series with its unit.
fn stat(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find(kwargs)?;
    sources.count(&found);
    let of: &str = kwargs.must_get("of")?;
    let printed = sources.voice.figure(&sources.subject, &found, of).map_err(problem)?;
    Ok(safe(&printed))
}

/// `value(id=, target=)`: the bare value to decide with; none if it is missing.
fn value(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find(kwargs)?;
    let field: Option<&str> = kwargs.get("field")?;
    match (found.fact.as_value(), field) {
        (Some(value), None) => from_json(value),
        (Some(value), Some(field)) => match value.get(field) {
            Some(value) => from_json(value),
            None => Err(problem(format!("`{}` has no field `{field}`", found.probe.id))),
        },
        (None, _) => Ok(Value::none()),
    }
}

/// `present(id=, target=)`: whether there is a value or a series.
fn present(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    Ok(sources.find(kwargs)?.fact.is_present().into())
}

/// `same(id=, a=, b=)`: `equal`, `different`, or `unknown` if one of them is missing.
fn same(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let id: &str = kwargs.must_get("id")?;
    let one = sources.subject.find(id, kwargs.must_get("a")?).map_err(problem)?;
    let other = sources.subject.find(id, kwargs.must_get("b")?).map_err(problem)?;
    let word = match (one.fact.as_value(), other.fact.as_value()) {
        (Some(one), Some(other)) if one == other => "equal",
        (Some(_), Some(_)) => "different",
        _ => "unknown",
    };
    Ok(word.into())
}

/// `source(id=, target=)`: where the fact stands, as a linked place.
fn source(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find(kwargs)?;
    let Some(source) = found.fact.source() else { return Ok(Value::none()) };
    let markup = sources.voice.code(&place(source), true);
    Ok(safe(&sources.voice.linked(&sources.subject, &markup, source)))
}

/// `evidence(id=, target=)`: the capture that the fact rests on, as a block with its origin.
fn evidence(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find(kwargs)?;
    let source = found.fact.source();
    let Some(capture) = source.and_then(|source| sources.subject.run.capture(&source.capture))
    else {
        sources.count(&found);
        let id: &str = &found.probe.id;
        return match found.fact.as_ref() {
            Fact::Missing(missing) => Ok(safe(&sources.voice.missing(&sources.subject, missing))),
            _ => Err(problem(format!("`{id}` rests on no capture"))),
        };
    };
    let limit: Option<usize> = kwargs.get("lines")?;
    Ok(safe(&block(sources, capture, limit)))
}

/// A capture as a fenced block, with what it is and, where it is clipped, how much is left out.
fn block(sources: &Sources, capture: &Capture, limit: Option<usize>) -> String {
    let bytes = capture.stdout.bytes().unwrap_or_default();
    let lines: Vec<String> =
        crate::text::lines(&bytes).iter().map(|line| crate::text::strip_ansi(line)).collect();
    let shown = &lines[..limit.unwrap_or(lines.len()).min(lines.len())];
    match &sources.voice {
        Voice::Markdown(Links::Site(_)) => {
            let anchor = sources.subject.anchor(&capture.id).unwrap_or_default();
            escape::fenced(&format!("{EVIDENCE} {anchor}"), shown)
        }
        voice => {
            let caption = caption(sources, capture);
            let left = match lines.len() - shown.len() {
                0 => String::new(),
                1 => "\n\n… and 1 more line in the file.".into(),
                n => format!("\n\n… and {n} more lines in the file."),
            };
            format!("{caption}\n\n{}{left}", voice.lines(shown))
        }
    }
}

/// The info string of a fenced block that is a capture; its anchor follows.
pub const EVIDENCE: &str = "isoproof-evidence";

/// One line on where a block comes from, with a link to it where this voice links.
fn caption(sources: &Sources, capture: &Capture) -> String {
    let words = origin(sources, capture);
    let source = Source::new(&capture.id, None);
    match (&sources.voice, sources.voice.url(&sources.subject, &source)) {
        (Voice::Markdown(_), Some(url)) => format!("{words} ([the whole capture]({url}))"),
        _ => words,
    }
}

fn origin(sources: &Sources, capture: &Capture) -> String {
    match &capture.origin {
        Origin::Command { argv } => {
            let status =
                capture.exit.map(|exit| format!(", exit status {exit}")).unwrap_or_default();
            format!("{}{status}:", sources.voice.code(&argv.join(" "), false))
        }
        Origin::Probe { command, .. } => format!("{}:", sources.voice.code(command, false)),
        Origin::Observed { how } => format!("{}:", sources.voice.text(how)),
        Origin::File { path, slot } => {
            let path = sources.voice.code(path, false);
            let command = slot.as_deref().and_then(|slot| sources.subject.lab_command(slot));
            match command {
                Some(command) => {
                    let command = sources.voice.code(command, false);
                    format!("{path}, which the lab's instructions make with {command}:")
                }
                None => format!("{path}:"),
            }
        }
    }
}

/// `name(target=)`: what readers call a target.
fn name(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let wanted: &str = kwargs.must_get("target")?;
    let target = sources.subject.target(wanted).map_err(problem)?;
    let name = match target {
        Some(target) => sources.subject.name(target),
        None => format!("the {wanted}"),
    };
    Ok(safe(&sources.voice.text(&name)))
}

/// `has_target(role=)`: whether the run has a target of the role.
fn has_target(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let role: &str = kwargs.must_get("role")?;
    Ok(sources.subject.target(role).map_err(problem)?.is_some().into())
}

/// `targets(role=)`: all targets, or those of a role, with name, title and role.
fn targets(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let role: Option<&str> = kwargs.get("role")?;
    let list: Vec<Json> = sources
        .subject
        .run
        .targets
        .iter()
        .filter(|target| role.is_none_or(|role| target.role.word() == role))
        .map(|target| {
            json!({
                "name": target.name,
                "title": sources.subject.name(&target.name),
                "role": target.role.word(),
                "handler": target.handler,
                "engine": target.engine,
            })
        })
        .collect();
    from_json(&json!(list))
}

/// `verdict(target=)`: what is concluded, with its words and the facts it rests on.
fn verdict(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let target = sources.target(kwargs)?;
    let subject = &sources.subject;
    let verdict = subject
        .judgement
        .verdict(target)
        .ok_or_else(|| problem(format!("there is no verdict on `{target}`")))?;
    let words = &subject.shelf.words[verdict.conclusion.id()];
    let titles = |ids: &[String]| -> Vec<Json> {
        let title = |id: &String| subject.shelf.catalogue.get(id).map(|probe| probe.title.clone());
        ids.iter().map(|id| json!({"id": id, "title": title(id)})).collect()
    };
    let ignored: Vec<Json> = verdict
        .ignored
        .iter()
        .map(|ignored| {
            let title = subject.shelf.catalogue.get(&ignored.fact).map(|probe| &probe.title);
            let reason = &subject.shelf.reasons[ignored.reason.id()];
            json!({"id": ignored.fact, "title": title, "reason": reason})
        })
        .collect();
    from_json(&json!({
        "target": target,
        "name": subject.name(target),
        "conclusion": verdict.conclusion.id(),
        "is_separate": verdict.conclusion.is_separate(),
        "confidence": verdict.confidence.word(),
        "title": words.title,
        "predicate": words.predicate,
        "means": words.means,
        "does_not_mean": words.does_not_mean,
        "because": titles(&verdict.because),
        "decisive": titles(&verdict.decisive),
        "agrees": titles(&verdict.agrees),
        "against": titles(&verdict.against),
        "would_settle": titles(&verdict.would_settle),
        "ignored": ignored,
        "reason": verdict.reason.map(|reason| &subject.shelf.reasons[reason.id()]),
        "failure": verdict.failure,
    }))
}

/// `findings(rule=, severity=, target=, fact=)`: the findings that fit all that is given; with
/// `fact`, those that rest on the fact (of the target); with `except`, all but those of a rule.
fn findings(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let rule: Option<&str> = kwargs.get("rule")?;
    let severity: Option<&str> = kwargs.get("severity")?;
    let target = match kwargs.get::<&str>("target")? {
        Some(wanted) => match sources.subject.target(wanted).map_err(problem)? {
            Some(target) => Some(target),
            None => return from_json(&json!([])),
        },
        None => None,
    };
    let fact: Option<&str> = kwargs.get("fact")?;
    if let Some(fact) = fact.filter(|fact| sources.subject.shelf.catalogue.get(fact).is_none()) {
        return Err(problem(format!("unknown fact `{fact}`")));
    }
    let except: Option<&str> = kwargs.get("except")?;
    for id in [rule, except].into_iter().flatten() {
        if sources.subject.shelf.rules.get(id).is_none() {
            return Err(problem(format!("unknown rule `{id}`")));
        }
    }
    let fits = |finding: &Finding| {
        except.is_none_or(|except| finding.rule != except)
            && rule.is_none_or(|rule| finding.rule == rule)
            && severity.is_none_or(|severity| finding.severity.word() == severity)
            && match fact {
                Some(fact) => rests_on(finding, fact, target),
                None => target.is_none_or(|target| finding.target.as_deref() == Some(target)),
            }
    };
    let list: Vec<Value> = sources
        .subject
        .judgement
        .findings
        .iter()
        .zip(1u64..)
        .filter(|(finding, _)| fits(finding))
        .map(|(finding, number)| finding_value(sources, finding, number))
        .collect::<TeraResult<_>>()?;
    Ok(list.into())
}

/// Whether a finding rests on a fact, of the target if one is given.
fn rests_on(finding: &Finding, fact: &str, target: Option<&str>) -> bool {
    finding.evidence.iter().any(|place| {
        place.fact.as_deref() == Some(fact)
            && target.is_none_or(|target| place.target.as_deref() == Some(target))
    })
}

fn finding_value(sources: &Sources, finding: &Finding, number: u64) -> TeraResult<Value> {
    let title = sources.subject.shelf.rules.get(&finding.rule).map(|doc| doc.title.clone());
    let mut map: tera::Map = tera::Map::new();
    let texts = [
        ("rule", finding.rule.clone()),
        ("severity", finding.severity.word().to_string()),
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
    let places: Vec<Value> = finding
        .places()
        .into_iter()
        .map(|source: &Source| {
            let markup = sources.voice.code(&place(source), true);
            safe(&sources.voice.linked(&sources.subject, &markup, source))
        })
        .collect();
    map.insert("places".into(), places.into());
    Ok(map.into())
}

/// `coverage(task=)`: the requirements of the lab and how far each is shown.
fn coverage(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let task: Option<u32> = kwargs.get("task")?;
    let list = super::coverage::coverage(&sources.subject);
    let list: Vec<_> =
        list.into_iter().filter(|entry| task.is_none_or(|task| entry.task == task)).collect();
    Value::try_from_serializable(&list)
}

/// `probe(id=)`: what the catalogue says about a fact.
fn probe(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let id: &str = kwargs.must_get("id")?;
    let probe = sources
        .subject
        .shelf
        .catalogue
        .get(id)
        .ok_or_else(|| problem(format!("unknown fact `{id}`: it is not in the catalogue")))?;
    about(sources, probe)
}

/// `probes()`: what the catalogue says about every fact; `shown` is the command as code.
fn probes(sources: &Sources, _: &Kwargs) -> TeraResult<Value> {
    let all = sources.subject.shelf.catalogue.iter();
    let list: Vec<Value> = all.map(|probe| about(sources, probe)).collect::<TeraResult<_>>()?;
    Ok(list.into())
}

/// `lookups()`: the name and the arguments of every look-up.
fn lookups(_: &Sources, _: &Kwargs) -> TeraResult<Value> {
    let list: Vec<Json> = FUNCTIONS
        .iter()
        .map(|(name, arguments, _)| json!({"name": name, "arguments": arguments}))
        .collect();
    from_json(&json!(list))
}

fn about(sources: &Sources, probe: &Probe) -> TeraResult<Value> {
    let mut map: tera::Map = tera::Map::new();
    for (key, text) in [
        ("id", probe.id.as_str()),
        ("title", &probe.title),
        ("asks", &probe.asks),
        ("unit", &probe.unit),
        ("command", &probe.command),
        ("strength", probe.strength.word()),
        ("proves", &probe.proves),
    ] {
        map.insert(key.into(), text.into());
    }
    map.insert("shown".into(), safe(&sources.voice.code(&probe.command, false)));
    Ok(map.into())
}

/// `run()`: id, label, times and origin of the run, and in `asks` the edition that the report
/// answers.
fn run(sources: &Sources, _: &Kwargs) -> TeraResult<Value> {
    let mut run = super::subject::describe(&sources.subject.run);
    run["asks"] = json!(sources.subject.edition.edition.name());
    from_json(&run)
}

/// `chapter(file=, section=, level=)`: a section of a chapter without its heading, with the
/// headings inside it moved down to `level`.
fn chapter(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let file: &str = kwargs.must_get("file")?;
    let section: &str = kwargs.must_get("section")?;
    let level: u8 = kwargs.get("level")?.unwrap_or(4);
    let text = sources.chapters.get(file).map_err(|error| problem(error.message))?;
    let text = text.ok_or_else(|| {
        let known = sources.chapters.names().join(", ");
        problem(format!("no chapter `{file}`: known are {known}"))
    })?;
    let anchor = markdown::slug(section);
    let name = format!("{}-{anchor}", markdown::slug(file.trim_end_matches(".md")));
    excerpts::section(&text, &anchor, level, &name)
        .map(|text| safe(&text))
        .ok_or_else(|| problem(format!("chapter `{file}` has no section `{section}`")))
}

/// `own(section=)`: the author's own words for a section, or nothing.
fn own(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let section: &str = kwargs.must_get("section")?;
    Ok(safe(sources.notes.get(section).map(String::as_str).unwrap_or_default()))
}

/// `number(id=, target=, of="median")`: the bare figure of a series to decide with, in the unit
/// of the series; none if it is missing.
fn number(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find(kwargs)?;
    let of: &str = kwargs.must_get("of")?;
    let Some(samples) = found.fact.as_series() else { return Ok(Value::none()) };
    let figure = Figure::of(samples, of).map_err(problem)?;
    Ok(figure.map_or_else(Value::none, |figure| figure.value.into()))
}

/// `capabilities(id=, target=)`: the names of the capabilities in a mask, for a table's cell.
fn capabilities(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let found = sources.find(kwargs)?;
    let (Some(text), Some(source)) = (found.fact.as_str(), found.fact.source()) else {
        return sources.print(kwargs, true);
    };
    let mask = capability::mask(text)
        .ok_or_else(|| problem(format!("`{}` is no capability set", found.probe.id)))?;
    let names = capability::names(mask);
    let words = if names.is_empty() { "none".into() } else { names.join(", ") };
    let markup = sources.voice.text(&words);
    Ok(safe(&sources.voice.linked(&sources.subject, &markup, source)))
}

/// `verdict_is_separate(target=)`: whether the verdict is a kernel of its own, of any kind.
fn verdict_is_separate(sources: &Sources, kwargs: &Kwargs) -> TeraResult<Value> {
    let target = sources.target(kwargs)?;
    let verdict = sources.subject.judgement.verdict(target);
    Ok(verdict.is_some_and(|verdict| verdict.conclusion.is_separate()).into())
}

/// `conclusions()`: the words of every verdict.
fn conclusions(sources: &Sources, _: &Kwargs) -> TeraResult<Value> {
    let words = &sources.subject.shelf.words;
    let list: Vec<_> =
        crate::judge::Conclusion::ALL.iter().filter_map(|c| words.get(c.id())).collect();
    Value::try_from_serializable(&list)
}

/// `rules()`: the words of every rule.
fn rules(sources: &Sources, _: &Kwargs) -> TeraResult<Value> {
    Value::try_from_serializable(&sources.subject.shelf.rules.iter().collect::<Vec<_>>())
}

/// `switched_off()`: the rules that the project switched off, with the reason.
fn switched_off(sources: &Sources, _: &Kwargs) -> TeraResult<Value> {
    Value::try_from_serializable(&sources.subject.judgement.switched_off)
}

/// `tasks()`: the tasks of the edition, and whether all that they ask for is shown.
fn tasks(sources: &Sources, _: &Kwargs) -> TeraResult<Value> {
    let subject = &sources.subject;
    let rows = super::coverage::coverage(subject);
    let list: Vec<Json> = subject
        .edition
        .task
        .iter()
        .map(|task| {
            let mut of_task = rows.iter().filter(|row| row.task == task.number);
            json!({
                "number": task.number, "title": task.title, "points": task.points,
                "is_shown": of_task.all(|row| row.state.is_shown()),
            })
        })
        .collect();
    from_json(&json!(list))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::assets::TextFile;
    use crate::judge::rules::testing::{Sketch, sketch};
    use crate::report::{Engine, Shelf};
    use crate::store::Loaded;

    /// What a template says, in HTML, about a run whose application answered 503.
    fn html(template: &str) -> String {
        let latency = [0.001; 20];
        let sketch = sketch().fact("app.health_status", "runc", 503);
        html_of(sketch.series("http.latency", "runc", &latency), template)
    }

    /// What a template says, in HTML, about a sketched run.
    pub fn html_of(sketch: Sketch, template: &str) -> String {
        let loaded =
            Loaded { run: sketch.run, integrity: sketch.integrity, origin: "a test".into() };
        let sources = Sources {
            subject: Arc::new(Subject::new(loaded, None, &Shelf::load(None).unwrap()).unwrap()),
            voice: Voice::Html(Links::None),
            chapters: Arc::default(),
            notes: Arc::default(),
            warnings: Arc::default(),
        };
        let file = TextFile::own(template, "t.html");
        let engine = Engine::new(&BTreeMap::from([("t.html".into(), file)]), &sources).unwrap();
        engine.render("t.html", &tera::Context::new()).unwrap()
    }

    #[test]
    fn prose_is_rendered_and_whatever_else_is_escaped() {
        let template = r#"{% set text = "`a` <b>" %}{{ text | prose }} {{ text }}"#;
        assert_eq!(html(template), "<code>a</code>  `a` &lt;b&gt;");
    }

    #[test]
    fn the_findings_on_a_fact_are_those_that_rest_on_it() {
        let template = |arguments: &str| {
            format!("{{% for f in findings({arguments}) %}}{{{{ f.rule }}}} {{% endfor %}}")
        };
        assert_eq!(
            html(&template(r#"fact="http.latency", target="runc""#)),
            "latency-on-error-status latency-one-runtime-only "
        );
        assert_eq!(html(&template(r#"fact="http.latency", target="kata""#)), "");
        assert_eq!(html(&template(r#"fact="startup.wall""#)), "");
    }
}
