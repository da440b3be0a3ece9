//! What HTML made of somebody's text may hold.

use html5gum::{Token, Tokenizer};
use isoproof::report::markdown;
use pulldown_cmark::{Event, Parser, Tag};

/// The elements that Markdown becomes, and those that we add.
const ELEMENTS: [&str; 36] = [
    "a",
    "blockquote",
    "br",
    "caption",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "img",
    "li",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "span",
    "strong",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "ul",
];

/// Their attributes.
const ATTRIBUTES: [&str; 15] = [
    "alt",
    "class",
    "data-label",
    "href",
    "id",
    "role",
    "scope",
    "src",
    "start",
    "tabindex",
    "title",
    "aria-label",
    "data-head",
    "data-sort",
    "lang",
];

/// Holds HTML to elements and attributes that cannot run anything, and to addresses of pages.
pub fn assert_harmless(html: &str) {
    for token in Tokenizer::new(html) {
        let Ok(Token::StartTag(tag)) = token else { continue };
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        let known = ELEMENTS.contains(&name.as_str())
            || ["input", "th", "thead", "tr"].contains(&name.as_str());
        assert!(known, "element {name}: {html}");
        for (key, value) in &tag.attributes {
            let key = String::from_utf8_lossy(key).into_owned();
            let value = String::from_utf8_lossy(&value.value).into_owned();
            let is_of_task = name == "input" && ["checked", "disabled", "type"].contains(&&*key);
            assert!(is_of_task || ATTRIBUTES.contains(&&*key), "{key} of {name}: {html}");
            if key == "href" || key == "src" {
                assert_allowed(&name, &value);
            }
        }
    }
}

/// A place in the site, or a page or a mail address; an image is never fetched from elsewhere.
fn assert_allowed(element: &str, address: &str) {
    let plain: String = address.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let plain = plain.to_ascii_lowercase();
    let is_in_scheme = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
    let scheme = plain.split_once(':').map(|(scheme, _)| scheme);
    let scheme = scheme.filter(|scheme| scheme.chars().all(is_in_scheme));
    let is_empty_image = element == "img" && plain == "data:,";
    let is_elsewhere = scheme.is_some() || plain.replace('\\', "/").starts_with("//");
    let is_page = scheme.is_some_and(|scheme| ["http", "https", "mailto"].contains(&scheme));
    assert!(!is_elsewhere || is_empty_image || (is_page && element == "a"), "{element}: {address}");
}

/// Holds Markdown that other programs will render to text without raw HTML, with links that may
/// be followed.
pub fn assert_no_raw_html(text: &str) {
    for event in Parser::new_ext(text, markdown::markdown_options()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => panic!("{html:?} in {text:?}"),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                assert!(markdown::is_allowed_link(&dest_url), "{dest_url:?} in {text:?}");
            }
            _ => {}
        }
    }
}
