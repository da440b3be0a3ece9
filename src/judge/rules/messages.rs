//! A type for the message of each rule in `data/rules/`.

include!(concat!(env!("OUT_DIR"), "/rules.rs"));
