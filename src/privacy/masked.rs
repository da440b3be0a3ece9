//! Pseudonyms of two keys, which say nothing about each other.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use strum::VariantNames as _;

use super::pattern::UUID;
use super::span::IdentifierKind;

/// What a pseudonym looks like: a kind with digits, or an id or address in the form of its own.
static PSEUDONYM: LazyLock<Regex> = LazyLock::new(|| {
    let kinds = IdentifierKind::VARIANTS.join("|");
    let mac = "(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}";
    let form = format!(r"(?:{kinds})-[0-9a-f]{{6}}|{UUID}|\b{mac}\b|\bfe80::[0-9a-f:]+");
    Regex::new(&form).expect("a pattern that is tested")
});

/// A value in which pseudonyms, and what looks like one, are all the same.
pub(crate) fn mask_pseudonyms(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(mask_text(text)),
        Value::Array(items) => items.iter().map(mask_pseudonyms).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (mask_text(name), mask_pseudonyms(value))).collect()
        }
        other => other.clone(),
    }
}

/// Whether a text holds a pseudonym, or what looks like one.
pub(crate) fn holds_pseudonym(text: &str) -> bool {
    PSEUDONYM.is_match(text)
}

fn mask_text(text: &str) -> String {
    PSEUDONYM.replace_all(text, "\u{fffd}").into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::key::PseudonymKey;
    use super::*;

    #[test]
    fn a_pseudonym_of_every_kind_of_word_is_like_that_of_another_key() {
        for kind in [IdentifierKind::BootArgument, IdentifierKind::Host, IdentifierKind::Email] {
            let [a, b] = [[1; 32], [2; 32]].map(|key| {
                let text = PseudonymKey(key).pseudonym_for(kind, "alpha");
                Value::String(format!("root={text} quiet"))
            });
            assert_ne!(a, b);
            assert_eq!(mask_pseudonyms(&a), mask_pseudonyms(&b));
        }
    }

    #[test]
    fn other_words_stay() {
        let value = serde_json::json!({"cmdline": ["BOOT_IMAGE=/vmlinuz-6.1.0", "host-6", 12]});
        assert_eq!(mask_pseudonyms(&value), value);
    }
}
