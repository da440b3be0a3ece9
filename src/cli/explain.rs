//! `isoproof explain`: the documentation of a rule, a verdict, a probe or what a pack asks for,
//! from the data that the pages of the site are made of.

use std::process::ExitCode;

use clap::Args;

use super::console::Console;
use super::styled::{StyledLine, StyledText, TextStyle};
use crate::error::{Error, Result};
use crate::judge::{RuleBook, RuleDoc, RuleExample};
use crate::project::Project;
use crate::report::ProjectData;
use crate::report::about::AboutPage;
use crate::report::pack::PackRequirements;
use crate::text::closest_match;

#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// What is to be explained; without it all ids are listed
    #[arg(value_name = "ID")]
    id: Option<String>,
}

const WIDTH: usize = 78;

pub(super) fn run_explain(
    project: &Project,
    arguments: &ExplainArguments,
    console: &Console,
) -> Result<ExitCode> {
    let project_data = ProjectData::load_project(project)?;
    let known = arguments.id.as_ref().and_then(|id| explain_id(&project_data, id));
    // What packs ask for is read only for who asks for something of it.
    let text = match (known, &arguments.id) {
        (Some(page), _) => page.style_page(),
        (None, None) => list_ids(&project_data, &load_requirements(project)?),
        (None, Some(id)) => {
            let requirements = load_requirements(project)?;
            let asked = requirements.pages.iter().find(|asked| asked.id == *id);
            let page = asked.map(about_page);
            page.ok_or_else(|| unknown_id_error(&project_data, &requirements, id))?.style_page()
        }
    };
    console.print_prose(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What the pack of the project's edition asks for; a project's own data can state other things.
fn load_requirements(project: &Project) -> Result<PackRequirements> {
    let Some(edition) = &project.config.edition else { return Ok(PackRequirements::default()) };
    let pack = crate::find_pack(edition).map_err(Error::unusable_input)?;
    pack.list_requirements(Some(&project.data_dir()))
}

fn list_ids(project_data: &ProjectData, requirements: &PackRequirements) -> StyledText {
    let rules = project_data.rules.iter_rules().map(|doc| (doc.id.as_str(), doc.title.as_str()));
    let of_fleets = project_data.fleet_rules.iter_rules();
    let of_fleets = of_fleets.map(|doc| (doc.id.as_str(), doc.title.as_str()));
    let of_reports =
        project_data.listed_report_rules().map(|doc| (doc.id.as_str(), doc.title.as_str()));
    let verdicts = project_data.words.values().map(|doc| (doc.id.as_str(), doc.title.as_str()));
    let probes =
        project_data.catalogue.iter_probes().map(|probe| (probe.id.as_str(), probe.title.as_str()));
    let asked = requirements.pages.iter().map(|asked| (asked.id.as_str(), asked.title.as_str()));
    let mut out = StyledText::default();
    push_id_section("Rules", rules, &mut out);
    push_id_section("Rules about the nodes of a fleet", of_fleets, &mut out);
    if project_data.checks_reports {
        push_id_section("Rules about reports", of_reports, &mut out);
    }
    push_id_section("Verdicts", verdicts, &mut out);
    push_id_section("Probes", probes, &mut out);
    if !requirements.pages.is_empty() {
        push_id_section(&requirements.heading, asked, &mut out);
    }
    out
}

fn push_id_section<'a>(
    title: &str,
    rows: impl Iterator<Item = (&'a str, &'a str)>,
    out: &mut StyledText,
) {
    if !out.is_empty() {
        out.push_blank();
    }
    out.push_line(StyledLine::begin_styled(TextStyle::Strong, title));
    out.push_columns(
        rows.map(|(id, title)| vec![format!("  {id}").into(), title.into()]).collect(),
    );
}

/// What explains a rule, a verdict or a probe.
fn explain_id(project_data: &ProjectData, id: &str) -> Option<ExplanationPage> {
    project_data
        .rules
        .find_rule(id)
        .map(|doc| rule_page(doc, "a rule", &project_data.rules))
        .or_else(|| {
            let book = &project_data.fleet_rules;
            book.find_rule(id).map(|doc| rule_page(doc, "a rule about the nodes of a fleet", book))
        })
        .or_else(|| {
            let book = &project_data.report_rules;
            book.find_rule(id).map(|doc| rule_page(doc, "a rule about reports", book))
        })
        .or_else(|| {
            project_data
                .words
                .get(id)
                .map(|doc| about_page(&AboutPage::about_verdict(project_data, doc)))
        })
        .or_else(|| {
            project_data
                .catalogue
                .find_probe(id)
                .map(|probe| about_page(&AboutPage::about_probe(project_data, probe)))
        })
}

fn unknown_id_error(
    project_data: &ProjectData,
    requirements: &PackRequirements,
    id: &str,
) -> Error {
    let books = [&project_data.rules, &project_data.fleet_rules, &project_data.report_rules];
    let rules = books.into_iter().flat_map(|book| book.iter_rules());
    let ids = rules.map(|doc| doc.id.as_str());
    let ids = ids
        .chain(project_data.words.keys().map(String::as_str))
        .chain(project_data.catalogue.iter_probes().map(|probe| probe.id.as_str()))
        .chain(requirements.pages.iter().map(|asked| asked.id.as_str()));
    let error = Error::unusable_input(format!("nothing is called `{id}`"));
    match closest_match(id, ids) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None => error.with_help("isoproof explain, without an id, lists all that can be explained"),
    }
}

/// A title, and paragraphs under headings.
struct ExplanationPage {
    title: String,
    kind: String,
    parts: Vec<(String, String)>,
}

impl ExplanationPage {
    fn new(id: &str, title: &str, kind: &str) -> Self {
        Self { title: title.into(), kind: format!("{id}: {kind}"), parts: Vec::new() }
    }

    fn add_part(mut self, heading: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.trim().is_empty() {
            self.parts.push((heading.into(), text));
        }
        self
    }

    fn style_page(&self) -> StyledText {
        let mut out = StyledText::default();
        out.push_line(StyledLine::begin_styled(TextStyle::Strong, &self.title));
        out.push_line(StyledLine::begin_styled(TextStyle::Faint, &self.kind));
        for (heading, text) in &self.parts {
            out.push_blank();
            out.push_line(format!("{heading}:"));
            for line in text.trim_matches('\n').lines() {
                // What is indented is output, and stays as it is.
                match line.strip_prefix("    ") {
                    Some(_) => out.push_line(format!("  {line}")),
                    None => out.push_wrapped("  ", line, WIDTH),
                }
            }
        }
        out
    }
}

fn rule_page(doc: &RuleDoc, kind: &str, book: &RuleBook) -> ExplanationPage {
    let kind = format!("{kind}, {}", doc.severity.into_str());
    let off = book
        .switched_off_rules()
        .get(&doc.id)
        .map(|why| format!("This project switched it off: {why}"));
    ExplanationPage::new(&doc.id, &doc.title, &kind)
        .add_part("It looks at", doc.looks_at.as_str())
        .add_part("Why it matters", doc.why.as_str())
        .add_part("Example", doc.example.as_str())
        .add_part("What to do", doc.remedy.as_str())
        .add_part("It finds something", doc.found.iter().map(example_lines).collect::<String>())
        .add_part("It finds nothing", doc.not_found.iter().map(example_lines).collect::<String>())
        .add_part(
            "To switch it off, in book.toml under [preprocessor.isoproof.rules]",
            format!("    {} = {{ off = true, reason = \"why\" }}", doc.id),
        )
        .add_part("Switched off", off.unwrap_or_default())
}

/// An example as lines: what it is of, the evidence indented, and what the rule says.
fn example_lines(example: &RuleExample) -> String {
    let mut out = format!("{}\n", example.what);
    let texts = example.files.iter().chain(&example.changed).chain(&example.unread);
    for (path, text) in texts.chain(&example.captures) {
        let unread = if example.unread.contains_key(path) { " (could not be read)" } else { "" };
        out.push_str(&format!("    {path}{unread}:\n"));
        for line in text.lines() {
            out.push_str(&format!("      {line}\n"));
        }
    }
    for (target, failure) in &example.changed_failures {
        out.push_str(&format!("    a failed start put into the record of {target}: {failure}\n"));
    }
    for (id, by_target) in &example.facts {
        for (target, value) in by_target {
            out.push_str(&format!("    {id} on {target}: {value}\n"));
        }
    }
    for (id, status) in &example.probes {
        out.push_str(&format!("    {id}: {}, {}\n", status.into_str(), status.meaning()));
    }
    if !example.report.is_empty() {
        out.push_str("    the report:\n");
        for line in example.report.lines() {
            out.push_str(&format!("      {line}\n"));
        }
    }
    for text in &example.says {
        out.push_str(&format!("→ {text}\n"));
    }
    out
}

/// A page of the site as a page of the terminal.
fn about_page(about: &AboutPage) -> ExplanationPage {
    let mut page = ExplanationPage::new(&about.id, &about.title, &about.kind);
    for part in &about.parts {
        let mut text = format!("{}\n", part.text);
        for line in part.output.lines() {
            text.push_str(&format!("    {line}\n"));
        }
        if !part.outcome.is_empty() {
            text.push_str(&format!("→ {}\n", part.outcome));
        }
        let probes: Vec<&str> = part.probes.iter().map(|(id, _)| id.as_str()).collect();
        page = page.add_part(&part.heading, text + &probes.join(", "));
    }
    page
}
