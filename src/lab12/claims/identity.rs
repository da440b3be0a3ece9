//! Identities: kernel releases, versions, commits, processors, statuses, addresses, interfaces.

use super::claim_remark::{ClaimRemark, ClaimStatus};
use super::counts::is_set_apart;
use super::evidence_index::{EvidenceIndex, FactRef};
use super::passages::PassageForm;
use super::quantity::{StatedQuantity, StatedValue};
use super::sentence::{ReportSentence, SentenceMood};
use super::target_resolver::Attribution;
use super::words::SentenceWords;
use crate::model::Role;

/// What the identities of a sentence say.
pub(super) fn check_identities(
    ground: &EvidenceIndex,
    words: &SentenceWords,
    sentence: &ReportSentence,
    all: &[StatedQuantity],
) -> Vec<ClaimRemark> {
    let mut out = Vec::new();
    for (index, quantity) in all.iter().enumerate() {
        // A name that stands in a guess is still the name of something.
        let names = matches!(quantity.value, StatedValue::Version(_) | StatedValue::Processor(_));
        if !names && is_set_apart(words, sentence, quantity) {
            continue;
        }
        let place = StatedIdentity { ground, words, sentence, all, index };
        out.extend(match &quantity.value {
            StatedValue::Version(version) => place.check_version(version, true),
            StatedValue::Commit(commit) => place.check_commit(commit),
            StatedValue::Processor(name) => place.check_processor(name),
            StatedValue::Address(address) => place.check_address(address),
            StatedValue::Number(number, _) => {
                place.check_status(*number).or_else(|| place.short_release(*number))
            }
            _ => None,
        });
    }
    out.extend(check_interface_list(ground, words, sentence));
    out
}

struct StatedIdentity<'a> {
    ground: &'a EvidenceIndex<'a>,
    words: &'a SentenceWords,
    sentence: &'a ReportSentence<'a>,
    all: &'a [StatedQuantity],
    index: usize,
}

impl StatedIdentity<'_> {
    fn text_range(&self) -> std::ops::Range<usize> {
        self.sentence.file_range(&self.all[self.index].range)
    }

    fn stated_text(&self) -> &str {
        &self.sentence.text[self.all[self.index].range.clone()]
    }

    fn attribution(&self) -> Option<Attribution> {
        self.ground.resolver.attribute_quantity(self.sentence, self.all, self.index)
    }

    /// The words since the value before.
    fn words_before(&self) -> &str {
        let from = self.index.checked_sub(1).map_or(0, |before| self.all[before].range.end);
        &self.sentence.text[from..self.all[self.index].range.start]
    }

    fn is_statement(&self) -> bool {
        let quantity = &self.all[self.index];
        self.sentence.mood == SentenceMood::Statement
            && !is_set_apart(self.words, self.sentence, quantity)
    }

    fn supported_by(&self, fact_ref: &FactRef) -> ClaimRemark {
        ClaimRemark::supported_claim(self.text_range())
            .resting_on_fact(fact_ref.id, fact_ref.target)
    }

    fn contradicted_by(&self, fact_ref: &FactRef) -> ClaimRemark {
        ClaimRemark::contradicted_by(self.ground, self.text_range(), self.stated_text(), fact_ref)
    }

    /// A kernel release or a version of the runtime.
    fn check_version(&self, version: &str, may_contradict: bool) -> Option<ClaimRemark> {
        let ground = self.ground;
        let who = self.attribution();
        let of_runtime = self.words.version.runtime.is_match(self.words_before());
        let kernels = ground.facts_everywhere("kernel.release");
        let runtimes = ground.facts_everywhere("runtime.version");
        let same = |fact_ref: &&FactRef| {
            fact_ref.fact.as_str().is_some_and(|known| is_version_prefix(known, version))
        };
        let first = if of_runtime { [&runtimes, &kernels] } else { [&kernels, &runtimes] };
        let mut matches: Vec<&FactRef> = first.into_iter().flatten().filter(same).collect();
        if let Some(who) = &who {
            // What is the target's own comes first.
            matches.sort_by_key(|fact_ref| fact_ref.target != who.target);
        }
        let named_kernel = self.is_about_kernel();
        let own = who.as_ref().and_then(|who| ground.fact_on_target("kernel.release", &who.target));
        match matches.first() {
            Some(fact_ref) => {
                let swapped = fact_ref.id == "kernel.release"
                    && own.is_some_and(|own| own.fact.as_str() != fact_ref.fact.as_str());
                if !swapped {
                    return Some(self.supported_by(fact_ref));
                }
                let clear = who.is_some_and(|who| who.clear)
                    && self.has_label()
                    && named_kernel
                    && may_contradict
                    && self.is_statement();
                own.filter(|_| clear).map(|own| self.contradicted_by(&own))
            }
            None if !may_contradict || !self.is_statement() => None,
            None if of_runtime && !named_kernel => {
                let fact_ref = runtimes.first()?;
                let about_kata = who.is_none_or(|who| who.target == fact_ref.target);
                // Beside the right one, another version is one that is compared with it.
                let known = fact_ref.fact.as_str().unwrap_or_default();
                let about_kata = about_kata && !self.sentence.surrounding_text().contains(known);
                about_kata.then(|| self.contradicted_by(fact_ref))
            }
            None if named_kernel && who.as_ref().is_some_and(|who| who.clear) => {
                own.map(|own| self.contradicted_by(&own))
            }
            None => None,
        }
    }

    fn is_about_kernel(&self) -> bool {
        let kernel = &self.words.version.kernel;
        match &self.sentence.passage.form {
            PassageForm::Cell { row, column } => {
                kernel.is_match(row)
                    || kernel.is_match(column)
                    || kernel.is_match(self.words_before())
            }
            _ => kernel.is_match(self.words_before()),
        }
    }

    /// Whether a label or a column says whose it is.
    fn has_label(&self) -> bool {
        matches!(self.sentence.passage.form, PassageForm::Cell { .. })
            || self
                .words_before()
                .trim_end_matches(['*', '`', ' ', '"', '('])
                .ends_with([':', '=', '→'])
    }

    /// `6.12` of 6.12.47: only ever support.
    fn short_release(&self, number: f64) -> Option<ClaimRemark> {
        (number.fract() != 0.0 && self.is_about_kernel())
            .then(|| self.check_version(self.stated_text(), false))
            .flatten()
    }

    fn check_commit(&self, commit: &str) -> Option<ClaimRemark> {
        let fact_ref = self.ground.facts_everywhere("runtime.commit").into_iter().next()?;
        if fact_ref.fact.as_str().is_some_and(|known| known.eq_ignore_ascii_case(commit)) {
            return Some(self.supported_by(&fact_ref));
        }
        let named = self.words_before().to_lowercase().contains("commit")
            && self.sentence.text.to_lowercase().contains("kata");
        (named && self.is_statement()).then(|| self.contradicted_by(&fact_ref))
    }

    fn check_processor(&self, name: &str) -> Option<ClaimRemark> {
        let models = self.ground.facts_everywhere("cpu.model");
        let plain = |text: &str| text.to_lowercase().replace(' ', "-");
        let wanted = plain(name);
        let holds = |fact_ref: &&FactRef| {
            fact_ref.fact.as_str().is_some_and(|model| is_within(&plain(model), &wanted))
        };
        let who = self.attribution();
        let own = who
            .as_ref()
            .and_then(|who| models.iter().find(|fact_ref| fact_ref.target == who.target));
        if let Some(fact_ref) = own.filter(holds).or_else(|| models.iter().find(holds)) {
            return Some(self.supported_by(fact_ref));
        }
        let near: Vec<&str> =
            self.sentence.topics.iter().take(2).copied().chain([self.sentence.text]).collect();
        let topic = near.iter().any(|text| self.words.processor.topic.is_match(text));
        let may = topic && self.is_statement() && who.is_some_and(|who| who.clear);
        // Sure only if every model is known.
        own.filter(|_| may && models.len() > 1).map(|own| self.contradicted_by(own))
    }

    fn check_address(&self, address: &str) -> Option<ClaimRemark> {
        if address.starts_with("127.") || address.starts_with("0.") {
            return None;
        }
        let lists = self.ground.facts_everywhere("net.interfaces");
        let holds = |fact_ref: &&FactRef| {
            interface_addresses(fact_ref).any(|known| known.split('/').next() == Some(address))
        };
        let known = |fact_ref: &FactRef| {
            interface_addresses(fact_ref)
                .filter(|known| !known.starts_with("127."))
                .collect::<Vec<_>>()
                .join(", ")
        };
        if let Some(fact_ref) = lists.iter().find(holds) {
            return Some(self.supported_by(fact_ref).with_parameter("shown", known(fact_ref)));
        }
        let who = self.attribution()?;
        let mut text = self.sentence.text.to_lowercase();
        if let PassageForm::Cell { row, column } = &self.sentence.passage.form {
            text = format!("{text} {row} {column}").to_lowercase();
        }
        let named =
            ["eth0", "inet", "ip address", "address"].iter().any(|word| text.contains(word));
        let own = lists.iter().find(|fact_ref| fact_ref.target == who.target)?;
        // Public addresses are pseudonyms in the evidence.
        let private = address.starts_with("10.")
            || address.starts_with("192.168.")
            || address.starts_with("172.");
        let may = who.clear && named && private && self.is_statement() && !known(own).is_empty();
        may.then(|| self.contradicted_by(own).with_parameter("found", known(own)))
    }

    fn check_status(&self, number: f64) -> Option<ClaimRemark> {
        let words = &self.words.status;
        let quantity = &self.all[self.index];
        if number.fract() != 0.0
            || !(100.0..600.0).contains(&number) && number != 0.0
            || self.stated_text().len() != 3
        {
            return None;
        }
        let near = words.before.is_match(self.words_before())
            || words.after.is_match(&self.sentence.text[quantity.range.end..]);
        let topic = words.topic.is_match(self.sentence.text)
            || self.sentence.topics.iter().take(3).any(|topic| words.topic.is_match(topic));
        if !near || !topic {
            return None;
        }
        let baseline = self.ground.target_with_role(Role::Baseline)?;
        if ground_names_other(self, baseline) {
            return None;
        }
        let fact_ref = self.ground.fact_on_target("app.health_status", baseline)?;
        let known = fact_ref.fact.as_i64()?;
        #[allow(clippy::cast_possible_truncation, reason = "three digits")]
        let stated = number as i64;
        if stated == known && self.sentence.mood != SentenceMood::Guess {
            if (200..300).contains(&known) {
                return Some(self.supported_by(&fact_ref));
            }
            let rule = "claim-health-not-demanded";
            return self.is_statement().then(|| {
                ClaimRemark::violates_rule(rule, ClaimStatus::Supported, self.text_range())
                    .with_parameter("status", format!("{known:03}"))
                    .resting_on_fact(fact_ref.id, fact_ref.target)
            });
        }
        let may = self.is_statement()
            && !words.elsewhere.is_match(self.sentence.text)
            && !self.sentence.text.contains(&format!("{known:03}"));
        may.then(|| self.contradicted_by(&fact_ref))
    }
}

/// Whether the sentence speaks of another target than the one whose application was asked.
fn ground_names_other(place: &StatedIdentity, baseline: &str) -> bool {
    let mentions = place.ground.resolver.find_mentions(place.sentence.text);
    mentions.iter().any(|mention| {
        mention.target.as_deref() != Some(baseline)
            && mention.target.as_deref() != place.ground.target_with_role(Role::Host)
    })
}

fn interface_addresses<'a>(fact_ref: &FactRef<'a>) -> impl Iterator<Item = &'a str> {
    let items = fact_ref.fact.as_value().and_then(|value| value.as_array());
    let of = |item: &'a serde_json::Value| {
        item.get("ipv4").and_then(|list| list.as_array()).into_iter().flatten()
    };
    items.into_iter().flatten().flat_map(of).filter_map(|address| address.as_str())
}

/// Whether `version` is `known`, or its beginning up to a dot or dash.
fn is_version_prefix(known: &str, version: &str) -> bool {
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
fn check_interface_list(
    ground: &EvidenceIndex,
    words: &SentenceWords,
    sentence: &ReportSentence,
) -> Option<ClaimRemark> {
    let only = words.interface.only.find(sentence.text)?;
    let rest = &sentence.text[only.end()..];
    let clause = &rest[..rest.find([',', ';', '.']).unwrap_or(rest.len())];
    let clause = clause.split(" while ").next().unwrap_or(clause);
    let named: Vec<regex::Match> = words.interface.names.find_iter(clause).collect();
    let (first, last) = (named.first()?, named.last()?);
    let before = ground.resolver.find_mentions(&sentence.text[..only.start()]);
    let target = before
        .last()
        .and_then(|mention| mention.target.clone())
        .or_else(|| ground.resolver.single_target(clause))?;
    let fact_ref = ground.fact_on_target("net.interfaces", &target)?;
    let items = fact_ref.fact.as_value()?.as_array()?;
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
    let place = sentence.file_range(&(only.end() + first.start()..only.end() + last.end()));
    if known == stated {
        return Some(
            ClaimRemark::supported_claim(place).resting_on_fact(fact_ref.id, fact_ref.target),
        );
    }
    let lacking = stated.iter().any(|name| !known.contains(name))
        || known.iter().any(|name| *name != "lo" && !stated.contains(name));
    (lacking && sentence.mood == SentenceMood::Statement).then(|| {
        let text = &clause[first.start()..last.end()];
        ClaimRemark::contradicted_by(ground, place, text, &fact_ref)
    })
}
