//! The words by which names and secrets are recognised, of `data/privacy/words.toml`.

include!(concat!(env!("OUT_DIR"), "/privacy_words.rs"));
