//! One pass over the finished HTML of a page: where it leads, what can be linked on it, and the
//! words that stand in it.

use std::collections::BTreeSet;
use std::convert::Infallible;

use html5gum::emitters::callback::{Callback, CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

/// What stands on a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PageScan {
    /// The ids, sorted.
    pub ids: BTreeSet<String>,
    /// The ids that stand more than once.
    pub twice: BTreeSet<String>,
    /// Where links, style sheets, scripts and pictures lead, as it is written.
    pub links: BTreeSet<String>,
    /// The text of `main`, without navigation and evidence.
    pub text: String,
    /// Its headings of the second and third level that can be linked: id and text.
    pub headings: Vec<(String, String)>,
}

impl PageScan {
    /// Looks at a page; keeps its text only if `with_text`.
    pub(super) fn scan_page(html: &str, with_text: bool) -> Self {
        let mut scan = Self::default();
        let reader = PageScanner {
            scan: &mut scan,
            with_text,
            attribute: ScannedAttribute::Other,
            in_main: false,
            aside: 0,
            heading: None,
        };
        let mut emitter = CallbackEmitter::new(reader);
        // The text of `title` and its like is no markup.
        emitter.naively_switch_states(true);
        // It gives nothing, but it is an iterator that has to be asked once.
        let _ = Tokenizer::new_with_emitter(html, emitter).next();
        scan
    }
}

/// What the tokenizer has seen of the page so far.
struct PageScanner<'a> {
    scan: &'a mut PageScan,
    with_text: bool,
    attribute: ScannedAttribute,
    in_main: bool,
    /// How many elements are open whose text is not that of the page.
    aside: u32,
    /// The heading that is open, where one is.
    heading: Option<(String, String)>,
}

#[derive(Clone, Copy)]
enum ScannedAttribute {
    Id,
    Link,
    Other,
}

impl PageScanner<'_> {
    /// Whether text that comes now is that of the page.
    fn is_wanted(&self) -> bool {
        self.with_text && self.in_main && self.aside == 0
    }
}

/// Elements whose text is not searched.
fn is_aside(name: &[u8]) -> bool {
    matches!(name, b"nav" | b"pre" | b"figure" | b"svg")
}

fn attribute_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Callback<Infallible, ()> for PageScanner<'_> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, _: Span<()>) -> Option<Infallible> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.in_main |= name == b"main";
                self.aside += u32::from(is_aside(name));
                if self.is_wanted() && matches!(name, b"h2" | b"h3") {
                    self.heading = Some(Default::default());
                }
            }
            CallbackEvent::EndTag { name } => {
                if matches!(name, b"h2" | b"h3") {
                    let heading = self.heading.take().filter(|(id, _)| !id.is_empty());
                    self.scan.headings.extend(heading);
                }
                self.in_main &= name != b"main";
                self.aside = self.aside.saturating_sub(u32::from(is_aside(name)));
            }
            CallbackEvent::AttributeName { name } => {
                self.attribute = match name {
                    b"id" => ScannedAttribute::Id,
                    b"href" | b"src" => ScannedAttribute::Link,
                    _ => ScannedAttribute::Other,
                };
            }
            CallbackEvent::AttributeValue { value } => match self.attribute {
                ScannedAttribute::Id => {
                    if let Some((id, _)) = self.heading.as_mut().filter(|(id, _)| id.is_empty()) {
                        *id = attribute_text(value);
                    }
                    if let Some(id) = self.scan.ids.replace(attribute_text(value)) {
                        self.scan.twice.insert(id);
                    }
                }
                ScannedAttribute::Link => {
                    self.scan.links.insert(attribute_text(value));
                }
                ScannedAttribute::Other => {}
            },
            CallbackEvent::String { value } if self.is_wanted() => {
                let value = String::from_utf8_lossy(value);
                if let Some((_, heading)) = &mut self.heading {
                    heading.push_str(&value);
                }
                self.scan.text.push_str(&value);
                self.scan.text.push(' ');
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_links_and_text_are_found_and_markup_in_text_is_not_taken_for_some() {
        let scan = PageScan::scan_page(
            "<title><a href=\"no\"></title><nav>skip</nav><main id=\"m\">A &lt;b&gt; \
             <h2 id=h>A <i>b</i></h2><a id='x' href=y.html>z</a><pre><i id=x>not</i></pre><img src=\"p.png\"></main>end",
            true,
        );
        assert_eq!(scan.ids.iter().collect::<Vec<_>>(), ["h", "m", "x"]);
        assert_eq!(scan.headings, [("h".to_string(), "A b".to_string())]);
        assert_eq!(scan.twice.iter().collect::<Vec<_>>(), ["x"]);
        assert_eq!(scan.links.iter().collect::<Vec<_>>(), ["p.png", "y.html"]);
        assert_eq!(scan.text.split_whitespace().collect::<Vec<_>>(), ["A", "<b>", "A", "b", "z"]);
    }
}
