//! The links from the numbers of a text to their evidence. What they show of it is kept here and
//! not in the text, so that nothing an author writes can look like a number that was looked up.

use std::sync::{Mutex, PoisonError};

use pulldown_cmark::{Event, Parser};

/// The links that the look-ups of one text have made.
#[derive(Debug, Default)]
pub struct FactLinks {
    links: Mutex<Vec<FactLink>>,
}

#[derive(Debug, Clone)]
pub(super) struct FactLink {
    pub url: String,
    pub place: String,
    /// The line that stands there; empty if none is shown.
    pub line: String,
    /// What was looked up, as [`plain_words`].
    words: String,
}

/// The beginning of the address that stands for a link in the text; its index follows.
const LINK_ADDRESS: &str = "#isoproof-fact-";

impl FactLinks {
    /// Keeps a link with this text, and gives the Markdown that stands for it.
    pub(super) fn hold_link(
        &self,
        markup: &str,
        url: String,
        place: String,
        line: String,
    ) -> String {
        let words = plain_words(&Parser::new(markup).collect::<Vec<_>>());
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.push(FactLink { url, place, line, words });
        format!("[{markup}]({LINK_ADDRESS}{})", links.len() - 1)
    }

    pub(super) fn stands_for_link(url: &str) -> bool {
        url.starts_with(LINK_ADDRESS)
    }

    /// The link that an address stands for, if its text is still what was looked up.
    pub(super) fn find_link(&self, url: &str, text: &[Event]) -> Option<FactLink> {
        let index: usize = url.strip_prefix(LINK_ADDRESS)?.parse().ok()?;
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.get(index).filter(|link| link.words == plain_words(text)).cloned()
    }
}

/// The words of a text without its marks. In the cell of a table code has a backslash before each
/// pipe, and outside of it none, so backslashes do not count.
fn plain_words(events: &[Event]) -> String {
    let words = events.iter().map(|event| match event {
        Event::Text(text) | Event::Code(text) => text,
        Event::SoftBreak | Event::HardBreak => " ",
        _ => "",
    });
    words.collect::<String>().replace('\\', "")
}
