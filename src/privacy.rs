//! Pseudonyms: what identifies a person or a machine is replaced before anything is written.
//!
//! A pseudonym is a keyed hash of what it stands for, so it is the same in every run of a
//! project, and nobody without the project's key can try candidates. It has the form of what it
//! replaces, so that readers and rules go on working: an address made from a MAC is replaced by
//! the one made from the MAC's pseudonym.
//!
//! Identifiers are recognised by their place (`place`), by their form (`address`,
//! `secret`), or as names that stand in another place (`name`). All are found in the text as
//! it was, and then replaced at once.
//!
//! What stays: private and loopback addresses, boot ids and container ids, which are evidence,
//! digests, and version numbers that look like addresses (`6.6.87.2-microsoft-standard-WSL2`).

mod address;
mod check;
mod kept;
mod key;
mod machine;
mod masked;
mod name;
mod pattern;
mod place;
mod secret;
mod shown;
mod span;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::atomic;
use crate::error::{Error, NameFailedFile, Result};
use crate::model::{Capture, CaptureOrigin, CapturedStream, Facts, Redaction};
use check::ReplacedName;
use kept::KeptWords;
use key::PseudonymKey;
pub(crate) use masked::{holds_pseudonym, mask_pseudonyms};
use name::{NameMatcher, NameSet};
use place::FoundIdentifier;
use shown::ShownText;
use span::{IdentifierKind, IdentifierSpan, RecognitionMethod, replace_spans, without_overlaps};

/// The file of a project's key, below its private folder.
const KEY_FILE: &str = "pseudonyms.key";

/// Replaces identifiers by pseudonyms and counts what it replaced.
#[derive(Debug)]
pub struct Redactor {
    key: PseudonymKey,
    /// Names that are replaced wherever they stand.
    names: NameSet,
    /// Words that are facts' values.
    kept: KeptWords,
    /// Names that are left alone, because what is read would be another without them.
    left_out: BTreeSet<ReplacedName>,
    replaced: BTreeMap<String, u32>,
}

impl Redactor {
    /// A redactor with this key, which knows no names beforehand.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            key: PseudonymKey(key),
            names: NameSet::default(),
            kept: KeptWords::default(),
            left_out: BTreeSet::new(),
            replaced: BTreeMap::new(),
        }
    }

    /// A redactor with the key in `folder`, which is made on first use and never committed. It
    /// knows the names of this machine and of its user.
    ///
    /// # Errors
    ///
    /// The key cannot be read or made, or is damaged.
    pub fn of_project(folder: &Path) -> Result<Self> {
        let path = folder.join(KEY_FILE);
        if std::fs::symlink_metadata(&path).is_err() {
            let text = format!("{}\n", HEXLOWER_PERMISSIVE.encode(&random_key()?));
            atomic::create_if_missing(&path, text.as_bytes(), atomic::PRIVATE)?;
        }
        Ok(Self::of_this_machine(read_key(&path)?))
    }

    /// A redactor with the key in `folder` for what is not kept: if there is none, nothing is
    /// written, and the key is one that holds until the program ends.
    /// Errors: the key cannot be read, or is damaged.
    pub(crate) fn of_reader(folder: &Path) -> Result<Self> {
        static PASSING_KEY: OnceLock<[u8; 32]> = OnceLock::new();
        let path = folder.join(KEY_FILE);
        if std::fs::symlink_metadata(&path).is_ok() {
            return Ok(Self::of_this_machine(read_key(&path)?));
        }
        let made = random_key()?;
        Ok(Self::of_this_machine(*PASSING_KEY.get_or_init(|| made)))
    }

    /// A redactor that knows the names of this machine and of its user.
    fn of_this_machine(key: [u8; 32]) -> Self {
        let mut redactor = Self::new(key);
        redactor.know_names_of_this_machine();
        redactor
    }

    /// Replaces identifiers in captures. What names a user or host in one of them is replaced in
    /// all. `read` is what reads the captures into facts: no name is replaced where that would
    /// change what is read.
    pub fn redact_captures(
        &mut self,
        captures: &mut [Capture],
        read: impl Fn(&[Capture]) -> Facts,
    ) {
        let texts = self.read_captures(captures);
        self.kept = KeptWords::words_in_facts(&read(captures));
        let texts: Vec<MarkedText> =
            texts.into_iter().map(|text| self.mark_identifiers(text)).collect();
        let all = self.list_replaced(&texts);
        let facts = read(&self.copy_redacted(captures, &texts, &all));
        let misread = check::find_misread(&all, |left_out| {
            check::is_read_alike(&facts, &read(&self.copy_redacted(captures, &texts, left_out)))
        });
        for (kind, count) in self.replace_in_captures(captures, &texts, &misread) {
            *self.replaced.entry(kind).or_default() += count;
        }
        self.left_out = misread;
    }

    /// How many identifiers stand in captures, by kind.
    pub fn count_identifiers(mut self, captures: &[Capture]) -> BTreeMap<String, u32> {
        let texts = self.read_captures(captures);
        let texts: Vec<MarkedText> =
            texts.into_iter().map(|text| self.mark_identifiers(text)).collect();
        self.replace_in_captures(&mut captures.to_vec(), &texts, &BTreeSet::new())
    }

    /// Replaces identifiers in a few words that are no capture.
    pub fn redact_words(&mut self, text: &str) -> String {
        let read = ReadText::new(text.into());
        let mut names = self.names.clone();
        read.add_names(&mut names);
        let mut replaced = std::mem::take(&mut self.replaced);
        let names = names.without_names(&self.left_out).compile_matcher();
        let marked = self.mark_identifiers(read);
        let redacted = self.replace_in_text(&marked, &names, &self.left_out, &mut replaced);
        self.replaced = replaced;
        redacted
    }

    /// How often the names that are known beforehand stand in a text, by kind. Words that are the
    /// values of `facts` are no names.
    pub fn count_known(&self, text: &str, facts: &Facts) -> BTreeMap<String, u32> {
        let spans = self.names.compile_matcher().find_names(
            text,
            &KeptWords::words_in_facts(facts),
            &self.key,
        );
        let mut found = BTreeMap::new();
        count_spans(&without_overlaps(spans), &mut found);
        found
    }

    /// What was replaced so far.
    pub fn redaction_counts(&self) -> Redaction {
        Redaction {
            applied: true,
            replaced: self.replaced.clone(),
            key: (!self.replaced.is_empty()).then(|| self.key.hash_of_key()),
        }
    }

    /// Reads all texts of captures, and makes the names in them known.
    fn read_captures(&mut self, captures: &[Capture]) -> Vec<ReadText> {
        let mut captures = captures.to_vec();
        let mut texts = Vec::new();
        exchange_texts(&mut captures, |text| {
            let read = ReadText::new(text.into());
            read.add_names(&mut self.names);
            texts.push(read);
            None
        });
        texts
    }

    /// Marks what is replaced in a text whatever names are known.
    fn mark_identifiers(&self, read: ReadText) -> MarkedText {
        let text = read.shown_text();
        let mut spans = Vec::new();
        for found in &read.found {
            let FoundIdentifier { range, kind, recognition } = found.clone();
            let text = &text[range.clone()];
            let pseudonym = match kind {
                IdentifierKind::MachineId => Some(self.key.replace_digits(kind, text)),
                IdentifierKind::Mac => address::replace_mac_digits(text, &self.key),
                kind => Some(self.key.pseudonym_for(kind, text)),
            };
            let Some(pseudonym) = pseudonym else { continue };
            let is_name = kind.is_name() && recognition == RecognitionMethod::Place;
            let in_places = is_name.then(|| text.to_lowercase());
            let span = IdentifierSpan { range, kind, recognition, pseudonym };
            spans.push(MarkedSpan { span, in_places });
        }
        for span in address::find_addresses(text, &self.kept, &self.key) {
            spans.push(MarkedSpan { span, in_places: None });
        }
        if let Some(shown) = &read.shown {
            for marked in &mut spans {
                marked.span.range = shown.original_range(&marked.span.range);
            }
            for span in address::find_addresses(&read.text, &self.kept, &self.key) {
                spans.push(MarkedSpan { span, in_places: None });
            }
        }
        MarkedText { read, spans }
    }

    /// What is replaced because it is somebody's name.
    fn list_replaced(&self, texts: &[MarkedText]) -> BTreeSet<ReplacedName> {
        let spans = texts.iter().flat_map(|text| &text.spans);
        let in_places = spans.filter_map(|span| span.in_places.clone().map(ReplacedName::InPlaces));
        let everywhere = self.names.lower_case().cloned().map(ReplacedName::Everywhere);
        in_places.chain(everywhere).collect()
    }

    fn copy_redacted(
        &self,
        captures: &[Capture],
        texts: &[MarkedText],
        left_out: &BTreeSet<ReplacedName>,
    ) -> Vec<Capture> {
        let mut redacted = captures.to_vec();
        self.replace_in_captures(&mut redacted, texts, left_out);
        redacted
    }

    /// Replaces identifiers in captures of these texts, but for what is left out; how many, by
    /// kind.
    fn replace_in_captures(
        &self,
        captures: &mut [Capture],
        texts: &[MarkedText],
        left_out: &BTreeSet<ReplacedName>,
    ) -> BTreeMap<String, u32> {
        let names = self.names.without_names(left_out).compile_matcher();
        let mut replaced = BTreeMap::new();
        let mut texts = texts.iter();
        exchange_texts(captures, |_| {
            Some(self.replace_in_text(texts.next()?, &names, left_out, &mut replaced))
        });
        replaced
    }

    fn replace_in_text(
        &self,
        marked: &MarkedText,
        names: &NameMatcher,
        left_out: &BTreeSet<ReplacedName>,
        replaced: &mut BTreeMap<String, u32>,
    ) -> String {
        let MarkedText { read, spans } = marked;
        let spans = spans.iter().filter(|marked| {
            let name = marked.in_places.clone().map(ReplacedName::InPlaces);
            name.is_none_or(|name| !left_out.contains(&name))
        });
        let mut spans: Vec<IdentifierSpan> = spans.map(|marked| marked.span.clone()).collect();
        spans.extend(names.find_names(&read.text, &self.kept, &self.key));
        if let Some(shown) = &read.shown {
            for mut span in names.find_names(&shown.text, &self.kept, &self.key) {
                span.range = shown.original_range(&span.range);
                spans.push(span);
            }
        }
        let spans = without_overlaps(spans);
        count_spans(&spans, replaced);
        replace_spans(&read.text, &spans)
    }
}

/// A text with what was found in it by place and form.
struct ReadText {
    text: String,
    shown: Option<ShownText>,
    found: Vec<FoundIdentifier>,
}

impl ReadText {
    fn new(text: String) -> Self {
        let shown = ShownText::strip_escapes(&text);
        let found = place::find_identifiers(shown.as_ref().map_or(&text, |shown| &shown.text));
        Self { text, shown, found }
    }

    fn shown_text(&self) -> &str {
        self.shown.as_ref().map_or(&self.text, |shown| &shown.text)
    }

    fn add_names(&self, names: &mut NameSet) {
        for found in self.found.iter().filter(|it| it.recognition == RecognitionMethod::Place) {
            names.add_name(found.kind, &self.shown_text()[found.range.clone()]);
        }
    }
}

/// A text with what is replaced in it whatever names are known. What is found in the text as it is
/// shown and in its bytes is both replaced: an escape sequence can hide the beginning of a name.
struct MarkedText {
    read: ReadText,
    spans: Vec<MarkedSpan>,
}

struct MarkedSpan {
    span: IdentifierSpan,
    /// The name in lower case, where it is one.
    in_places: Option<String>,
}

/// Exchanges the texts of captures for what `exchange` gives for them, in order.
fn exchange_texts(captures: &mut [Capture], mut exchange: impl FnMut(&str) -> Option<String>) {
    for capture in captures {
        match &mut capture.origin {
            CaptureOrigin::Command { argv } => {
                for word in argv {
                    exchange_text(word, &mut exchange);
                }
            }
            CaptureOrigin::Probe { command, .. } => exchange_text(command, &mut exchange),
            CaptureOrigin::Observed { how } => exchange_text(how, &mut exchange),
            // A path that instructions give names no person.
            CaptureOrigin::File { path, slot } if slot.as_ref() == Some(path) => {}
            CaptureOrigin::File { path, .. } => {
                exchange_text(path, &mut exchange);
                capture.id.clone_from(path);
            }
        }
        for stream in std::iter::once(&mut capture.stdout).chain(&mut capture.stderr) {
            let text = text_of(stream);
            // A stream without identifiers keeps its very bytes, whatever their encoding.
            if let Some(other) = exchange(&text).filter(|other| *other != text) {
                *stream = CapturedStream::new(other.as_bytes());
            }
        }
    }
}

fn exchange_text(text: &mut String, exchange: &mut impl FnMut(&str) -> Option<String>) {
    if let Some(other) = exchange(text) {
        *text = other;
    }
}

fn count_spans(spans: &[IdentifierSpan], replaced: &mut BTreeMap<String, u32>) {
    for span in spans {
        *replaced.entry(span.kind.into_str().to_string()).or_default() += 1;
    }
}

/// The text of a stream: its own if it is UTF-8, else what can be decoded. NULs are what UTF-16
/// without its mark leaves between the letters of a name.
fn text_of(stream: &CapturedStream) -> String {
    let bytes = stream.decoded_bytes().unwrap_or_default();
    if bytes.contains(&0) {
        return crate::text::decode_bytes(&bytes);
    }
    String::from_utf8(bytes).unwrap_or_else(|error| crate::text::decode_bytes(error.as_bytes()))
}

fn read_key(path: &Path) -> Result<[u8; 32]> {
    let text = std::fs::read_to_string(path).or_failed_io("read", path)?;
    let key = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    key.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or_else(|| {
        Error::unusable_input(format!("{}: 64 hexadecimal digits are wanted", path.display()))
            .with_help("delete it to get a new one; pseudonyms then differ from earlier runs")
    })
}

fn random_key() -> Result<[u8; 32]> {
    use std::io::Read;
    let mut key = [0; 32];
    let source = Path::new("/dev/urandom");
    std::fs::File::open(source)
        .and_then(|mut file| file.read_exact(&mut key))
        .or_failed_io("read", source)?;
    Ok(key)
}

#[cfg(test)]
mod tests;
