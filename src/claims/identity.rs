//! Identities: kernel releases, versions, commits, processors, statuses, addresses, interfaces.

use super::counts::is_set_apart;
use super::ground::{Ground, Held};
use super::quantity::{Quantity, Value};
use super::read::Form;
use super::remark::{Remark, Standing};
use super::sentence::{Mood, Sentence};
use super::who::Who;
use super::words::Words;
use crate::model::Role;

/// What the identities of a sentence say.
pub fn check(ground: &Ground, words: &Words, sentence: &Sentence, all: &[Quantity]) -> Vec<Remark> {
    let mut out = Vec::new();
    for (index, quantity) in all.iter().enumerate() {
        // A name that stands in a guess is still the name of something.
        let names = matches!(quantity.value, Value::Version(_) | Value::Processor(_));
        if !names && is_set_apart(words, sentence, quantity) {
            continue;
        }
        let place = Place { ground, words, sentence, all, index };
        out.extend(match &quantity.value {
            Value::Version(version) => place.version(version, true),
            Value::Commit(commit) => place.commit(commit),
            Value::Processor(name) => place.processor(name),
            Value::Address(address) => place.address(address),
            Value::Number(number, _) => {
                place.status(*number).or_else(|| place.short_release(*number))
            }
            _ => None,
        });
    }
    out.extend(interfaces(ground, words, sentence));
    out
}

struct Place<'a> {
    ground: &'a Ground<'a>,
    words: &'a Words,
    sentence: &'a Sentence<'a>,
    all: &'a [Quantity],
    index: usize,
}

impl Place<'_> {
    fn range(&self) -> std::ops::Range<usize> {
        self.sentence.place(&self.all[self.index].range)
    }

    fn stated(&self) -> &str {
        &self.sentence.text[self.all[self.index].range.clone()]
    }

    fn who(&self) -> Option<Who> {
        self.ground.cast.of(self.sentence, self.all, self.index)
    }

    /// The words since the value before.
    fn before(&self) -> &str {
        let from = self.index.checked_sub(1).map_or(0, |before| self.all[before].range.end);
        &self.sentence.text[from..self.all[self.index].range.start]
    }

    fn is_statement(&self) -> bool {
        let quantity = &self.all[self.index];
        self.sentence.mood == Mood::Statement && !is_set_apart(self.words, self.sentence, quantity)
    }

    fn supported(&self, held: &Held) -> Remark {
        Remark::supported(self.range()).on(held.id, held.target)
    }

    fn contradicted(&self, held: &Held) -> Remark {
        Remark::contradicted(
            self.ground,
            self.range(),
            self.stated(),
            &held.shown(),
            held.id,
            held.target,
        )
    }

    /// A kernel release or a version of the runtime.
    fn version(&self, version: &str, may_contradict: bool) -> Option<Remark> {
        let ground = self.ground;
        let who = self.who();
        let of_runtime = self.words.version.runtime.is_match(self.before());
        let kernels = ground.everywhere("kernel.release");
        let runtimes = ground.everywhere("runtime.version");
        let same = |held: &&Held| held.fact.as_str().is_some_and(|known| begins(known, version));
        let first = if of_runtime { [&runtimes, &kernels] } else { [&kernels, &runtimes] };
        let mut matches: Vec<&Held> = first.into_iter().flatten().filter(same).collect();
        if let Some(who) = &who {
            // What is the target's own comes first.
            matches.sort_by_key(|held| held.target != who.target);
        }
        let named_kernel = self.is_about_kernel();
        let own = who.as_ref().and_then(|who| ground.held("kernel.release", &who.target));
        match matches.first() {
            Some(held) => {
                let swapped = held.id == "kernel.release"
                    && own.is_some_and(|own| own.fact.as_str() != held.fact.as_str());
                if !swapped {
                    return Some(self.supported(held));
                }
                let clear = who.is_some_and(|who| who.clear)
                    && self.has_label()
                    && named_kernel
                    && may_contradict
                    && self.is_statement();
                own.filter(|_| clear).map(|own| self.contradicted(&own))
            }
            None if !may_contradict || !self.is_statement() => None,
            None if of_runtime && !named_kernel => {
                let held = runtimes.first()?;
                let about_kata = who.is_none_or(|who| who.target == held.target);
                // Beside the right one, another version is one that is compared with it.
                let known = held.fact.as_str().unwrap_or_default();
                let about_kata = about_kata && !self.sentence.surroundings().contains(known);
                about_kata.then(|| self.contradicted(held))
            }
            None if named_kernel && who.as_ref().is_some_and(|who| who.clear) => {
                own.map(|own| self.contradicted(&own))
            }
            None => None,
        }
    }

    fn is_about_kernel(&self) -> bool {
        let kernel = &self.words.version.kernel;
        match &self.sentence.passage.form {
            Form::Cell { row, column } => {
                kernel.is_match(row) || kernel.is_match(column) || kernel.is_match(self.before())
            }
            _ => kernel.is_match(self.before()),
        }
    }

    /// Whether a label or a column says whose it is.
    fn has_label(&self) -> bool {
        matches!(self.sentence.passage.form, Form::Cell { .. })
            || self.before().trim_end_matches(['*', '`', ' ', '"', '(']).ends_with([':', '=', '→'])
    }

    /// `6.12` of 6.12.47: only ever support.
    fn short_release(&self, number: f64) -> Option<Remark> {
        (number.fract() != 0.0 && self.is_about_kernel())
            .then(|| self.version(self.stated(), false))
            .flatten()
    }

    fn commit(&self, commit: &str) -> Option<Remark> {
        let held = self.ground.everywhere("runtime.commit").into_iter().next()?;
        if held.fact.as_str().is_some_and(|known| known.eq_ignore_ascii_case(commit)) {
            return Some(self.supported(&held));
        }
        let named = self.before().to_lowercase().contains("commit")
            && self.sentence.text.to_lowercase().contains("kata");
        (named && self.is_statement()).then(|| self.contradicted(&held))
    }

    fn processor(&self, name: &str) -> Option<Remark> {
        let models = self.ground.everywhere("cpu.model");
        let plain = |text: &str| text.to_lowercase().replace(' ', "-");
        let wanted = plain(name);
        let holds = |held: &&Held| {
            held.fact.as_str().is_some_and(|model| is_within(&plain(model), &wanted))
        };
        let who = self.who();
        let own = who.as_ref().and_then(|who| models.iter().find(|held| held.target == who.target));
        if let Some(held) = own.filter(holds).or_else(|| models.iter().find(holds)) {
            return Some(self.supported(held));
        }
        let near: Vec<&str> =
            self.sentence.topics.iter().take(2).copied().chain([self.sentence.text]).collect();
        let topic = near.iter().any(|text| self.words.processor.topic.is_match(text));
        let may = topic && self.is_statement() && who.is_some_and(|who| who.clear);
        // Sure only if every model is known.
        own.filter(|_| may && models.len() > 1).map(|own| self.contradicted(own))
    }

    fn address(&self, address: &str) -> Option<Remark> {
        if address.starts_with("127.") || address.starts_with("0.") {
            return None;
        }
        let lists = self.ground.everywhere("net.interfaces");
        let holds =
            |held: &&Held| addresses(held).any(|known| known.split('/').next() == Some(address));
        let known = |held: &Held| {
            addresses(held)
                .filter(|known| !known.starts_with("127."))
                .collect::<Vec<_>>()
                .join(", ")
        };
        if let Some(held) = lists.iter().find(holds) {
            return Some(self.supported(held).with("shown", known(held)));
        }
        let who = self.who()?;
        let mut text = self.sentence.text.to_lowercase();
        if let Form::Cell { row, column } = &self.sentence.passage.form {
            text = format!("{text} {row} {column}").to_lowercase();
        }
        let named =
            ["eth0", "inet", "ip address", "address"].iter().any(|word| text.contains(word));
        let own = lists.iter().find(|held| held.target == who.target)?;
        // Public addresses are pseudonyms in the evidence.
        let private = address.starts_with("10.")
            || address.starts_with("192.168.")
            || address.starts_with("172.");
        let may = who.clear && named && private && self.is_statement() && !known(own).is_empty();
        may.then(|| self.contradicted(own).with("found", known(own)))
    }

    fn status(&self, number: f64) -> Option<Remark> {
        let words = &self.words.status;
        let quantity = &self.all[self.index];
        if number.fract() != 0.0
            || !(100.0..600.0).contains(&number) && number != 0.0
            || self.stated().len() != 3
        {
            return None;
        }
        let near = words.before.is_match(self.before())
            || words.after.is_match(&self.sentence.text[quantity.range.end..]);
        let topic = words.topic.is_match(self.sentence.text)
            || self.sentence.topics.iter().take(3).any(|topic| words.topic.is_match(topic));
        if !near || !topic {
            return None;
        }
        let baseline = self.ground.role(Role::Baseline)?;
        if ground_names_other(self, baseline) {
            return None;
        }
        let held = self.ground.held("app.health_status", baseline)?;
        let known = held.fact.as_i64()?;
        #[allow(clippy::cast_possible_truncation, reason = "three digits")]
        let stated = number as i64;
        if stated == known && self.sentence.mood != Mood::Guess {
            if (200..300).contains(&known) {
                return Some(self.supported(&held));
            }
            let rule = "claim-health-not-demanded";
            return self.is_statement().then(|| {
                Remark::offends(rule, Standing::Supported, self.range())
                    .with("status", format!("{known:03}"))
                    .on(held.id, held.target)
            });
        }
        let may = self.is_statement()
            && !words.elsewhere.is_match(self.sentence.text)
            && !self.sentence.text.contains(&format!("{known:03}"));
        may.then(|| self.contradicted(&held))
    }
}

/// Whether the sentence speaks of another target than the one whose application was asked.
fn ground_names_other(place: &Place, baseline: &str) -> bool {
    let mentions = place.ground.cast.mentions(place.sentence.text);
    mentions.iter().any(|mention| {
        mention.target.as_deref() != Some(baseline)
            && mention.target.as_deref() != place.ground.role(Role::Host)
    })
}

fn addresses<'a>(held: &Held<'a>) -> impl Iterator<Item = &'a str> {
    let items = held.fact.as_value().and_then(|value| value.as_array());
    let of = |item: &'a serde_json::Value| {
        item.get("ipv4").and_then(|list| list.as_array()).into_iter().flatten()
    };
    items.into_iter().flatten().flat_map(of).filter_map(|address| address.as_str())
}

/// Whether `version` is `known`, or its beginning up to a dot or dash.
fn begins(known: &str, version: &str) -> bool {
    known
        .strip_prefix(version)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+', '_']))
}

/// Whether `part` stands in `text` with no letter or digit beside it.
fn is_within(text: &str, part: &str) -> bool {
    text.match_indices(part).any(|(at, _)| {
        let letter = |c: char| c.is_alphanumeric();
        !text[..at].ends_with(letter) && !text[at + part.len()..].starts_with(letter)
    })
}

/// “shows only loopback and eth0”.
fn interfaces(ground: &Ground, words: &Words, sentence: &Sentence) -> Option<Remark> {
    let only = words.interface.only.find(sentence.text)?;
    let rest = &sentence.text[only.end()..];
    let clause = &rest[..rest.find([',', ';', '.']).unwrap_or(rest.len())];
    let clause = clause.split(" while ").next().unwrap_or(clause);
    let named: Vec<regex::Match> = words.interface.names.find_iter(clause).collect();
    let (first, last) = (named.first()?, named.last()?);
    let before = ground.cast.mentions(&sentence.text[..only.start()]);
    let target = before
        .last()
        .and_then(|mention| mention.target.clone())
        .or_else(|| ground.cast.only(clause))?;
    let held = ground.held("net.interfaces", &target)?;
    let items = held.fact.as_value()?.as_array()?;
    let mut known: Vec<&str> = items
        .iter()
        .filter_map(|item| item.get("name")?.as_str())
        .map(|name| name.split('@').next().unwrap_or(name))
        .collect();
    let mut stated: Vec<&str> = named
        .iter()
        .map(
            |name| {
                if name.as_str().eq_ignore_ascii_case("loopback") { "lo" } else { name.as_str() }
            },
        )
        .collect();
    for list in [&mut known, &mut stated] {
        list.sort_unstable();
        list.dedup();
    }
    let place = sentence.place(&(only.end() + first.start()..only.end() + last.end()));
    if known == stated {
        return Some(Remark::supported(place).on(held.id, held.target));
    }
    let lacking = stated.iter().any(|name| !known.contains(name))
        || known.iter().any(|name| *name != "lo" && !stated.contains(name));
    (lacking && sentence.mood == Mood::Statement).then(|| {
        let text = &clause[first.start()..last.end()];
        Remark::contradicted(ground, place, text, &held.shown(), held.id, held.target)
    })
}
