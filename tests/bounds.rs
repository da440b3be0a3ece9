//! Evidence that is made to be too much: lines without end, words that call for themselves, more
//! samples than anybody needs. All of it is imported, shown and compared, and what is over a bound
//! is missing for that reason.

use crate::support::lab12;
use isoproof::lab12::readers::SLOTS;
use isoproof::model::{MAX_LINE, MAX_SAMPLES, MissingReason};

/// A line of the unit again and again, just as long as lines are read.
fn longest_line(unit: &str) -> String {
    unit.repeat(MAX_LINE / unit.len())
}

/// What readers look for, and what made some of them call themselves or look at the rest of the
/// line at every word.
const UNITS: &[&str] = &[
    " 1",
    "kata 1 ",
    "Host: 1 Kata: 2 kata kernel host kernel: ",
    "kata=1 runc=2 ",
    "kernel: ",
    "CPU: model name : ",
    "inet 192.0.2.1 ",
    "2: eth0: <UP> inet 192.0.2.1/24 ",
    "| kata ",
    "(",
    "http ",
    "1:2",
    "level=info msg=\"",
    "[    0.000000] ",
    "real 0m1.2s ",
];

#[test]
fn the_longest_line_of_any_words_is_read_by_every_reader() {
    for slot in lab12::one_slot_for_each_reader() {
        for unit in UNITS {
            let text = format!("kata{}\n", longest_line(unit));
            lab12::one(slot.path, &text[text.len().saturating_sub(MAX_LINE)..]);
        }
    }
}

#[test]
fn keys_that_are_repeated_are_followed_to_their_value() {
    let text = format!("{}AMD EPYC 7763", "CPU: model name : ".repeat(3000));
    lab12::one("kata/cpu.txt", &text).text("cpu.model", "kata", "AMD EPYC 7763");
    let text = format!("{}6.12.47", "kernel: ".repeat(8000));
    lab12::one("kata/kernel.txt", &text).text("kernel.release", "kata", "6.12.47");
}

#[test]
fn a_file_with_a_line_beyond_the_bound_gives_no_fact_and_says_why() {
    for slot in SLOTS.iter() {
        let text = format!("Host: 322\nKata: 52\n{}\n", "1".repeat(MAX_LINE + 1));
        let reading = lab12::one(slot.path, &text);
        let facts = reading.0.facts.values().flat_map(|by_target| by_target.values());
        assert!(facts.clone().all(|fact| !fact.is_present()), "{}: {facts:?}", slot.path);
    }
    let with_line = |length: usize| {
        let text = format!("Host: 322\nKata: 52\n{}\n", " ".repeat(length));
        lab12::one("isolation/proc.txt", &text)
    };
    with_line(MAX_LINE).number("proc.entries", "kata", 52);
    with_line(MAX_LINE + 1)
        .missing("proc.entries", "kata", MissingReason::TooLong)
        .because("proc.entries", "kata", "line 3 has 65537 bytes")
        .at("proc.entries", "host", "isolation/proc.txt", 3);
}

#[test]
fn a_series_beyond_the_bound_is_missing_and_not_cut() {
    let samples = |count: usize| "0.1\n".repeat(count);
    let path = "bench/curl-3012.txt";
    let read = lab12::one(path, &samples(MAX_SAMPLES));
    let series = read.get("http.latency", "runc").as_series();
    assert_eq!(series.map(|samples| samples.values.len()), Some(MAX_SAMPLES));
    lab12::one(path, &samples(MAX_SAMPLES + 1))
        .missing("http.latency", "runc", MissingReason::TooLong)
        .because("http.latency", "runc", "100001 samples");
}
