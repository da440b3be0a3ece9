//! The words by which files are read, of `data/lab12/reading.toml`.

include!(concat!(env!("OUT_DIR"), "/lab12_reading.rs"));
