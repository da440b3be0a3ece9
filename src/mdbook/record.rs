//! The chapters that are added to a book: the record of the run, so that a number leads to the
//! line that it was read from, and the findings with a page for every rule.

use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};
use serde_json::Value as Json;
use tera::Context;

use super::book::make_chapter;
use crate::assets::{self, AssetTree};
use crate::error::Result;
use crate::report::functions::LookupSources;
use crate::report::{Assessment, TemplateEngine};
use crate::site::view;

/// A link of a shipped chapter to a page that only the site has, or a book with the added
/// chapters.
static PAGE_LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[((?:[^\[\]\\]|\\.)*)\]\(((?:rules/[\w-]+|findings)\.html)\)")
        .expect("an expression")
});

/// Links to pages of the site lead to the added chapters, or are only their words.
pub(super) fn adapt_links(text: &str, path: &str, has_pages: bool) -> String {
    let root = "../".repeat(path.matches('/').count());
    PAGE_LINK
        .replace_all(text, |link: &Captures| match has_pages {
            true => format!("[{}]({root}{})", &link[1], &link[2]),
            false => link[1].to_string(),
        })
        .into_owned()
}

/// The chapters. `sources` makes the look-ups of a page whose way to the root is given.
pub(super) fn make_record_pages(
    assessment: &Arc<Assessment>,
    sources: impl Fn(&str) -> LookupSources,
) -> Result<Vec<Json>> {
    let templates = assets::read_all(AssetTree::Templates, None, "book/", ".html")?;
    let above = TemplateEngine::new(&templates, &sources(""))?;
    let below = TemplateEngine::new(&templates, &sources("../"))?;
    let mut context = Context::new();
    context.insert("run", &crate::report::assessment::describe_run(&assessment.run));
    let captures = view::capture_views(assessment, assessment.run.captures.iter(), None);
    context.insert("captures", &captures);
    let mut rules = Vec::new();
    for rule in assessment.project_data.rules.iter_rules() {
        context.insert("rule", rule);
        let page = render_html_block(&below, "book/rule.html", &context)?;
        let path = format!("rules/{}.md", rule.id);
        rules.push(make_chapter(&rule.title, &path, page, &["Findings"], Vec::new()));
    }
    let findings = render_html_block(&above, "book/findings.html", &context)?;
    let record = render_html_block(&below, "book/run.html", &context)?;
    let path = format!("runs/{}.md", assessment.run.id);
    Ok(vec![
        make_chapter("Findings", "findings.md", findings, &[], rules),
        make_chapter("Evidence", &path, record, &[], Vec::new()),
    ])
}

/// A page as one block of HTML, which in Markdown ends at the first empty line: there is none.
/// Every brace is escaped, because mdBook looks for its own in HTML too.
fn render_html_block(engine: &TemplateEngine, name: &str, context: &Context) -> Result<String> {
    let html = engine.render_template(name, context)?;
    let lines: Vec<&str> = html.lines().filter(|line| !line.trim().is_empty()).collect();
    Ok(lines.join("\n").replace('{', "&#123;").replace('}', "&#125;") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_page_of_the_site_leads_to_the_added_chapter_or_nowhere() {
        let text = r"[A \[b\] c](rules/a-b.html) [x](other.html)";
        assert_eq!(
            adapt_links(text, "a/b.md", true),
            r"[A \[b\] c](../rules/a-b.html) [x](other.html)"
        );
        assert_eq!(adapt_links(text, "b.md", false), r"A \[b\] c [x](other.html)");
    }
}
