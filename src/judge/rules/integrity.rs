//! Rules about the evidence files themselves.

use super::{Case, Hit};
use crate::model::Capture;
use crate::store::integrity::describe;

/// A capture whose digest is not that of its bytes.
pub fn capture_altered(case: &Case) -> Vec<Hit> {
    let hit = |id: &String| Hit::default().with("capture", id.as_str()).resting_on_line(id, None);
    case.integrity.altered.iter().map(hit).collect()
}

/// A stored fact that its captures do not give.
pub fn fact_without_capture(case: &Case) -> Vec<Hit> {
    let hit = |entry: &crate::store::integrity::Unfounded| {
        Hit::on(&entry.target)
            .with("fact", entry.fact.as_str())
            .with("stored", describe(entry.stored.as_ref()))
            .with("derived", describe(entry.derived.as_ref()))
            .resting_on(case, &entry.fact, &entry.target)
    };
    case.integrity.unfounded.iter().map(hit).collect()
}

/// Messages of the engine among the output of the container.
pub fn engine_log_in_evidence(case: &Case) -> Vec<Hit> {
    let is_log = |line: &str| {
        let line = line.trim_start();
        line.starts_with("time=\"") && line.contains(" level=")
            || ["WARN[", "FATA[", "ERRO[", "INFO["].iter().any(|mark| line.starts_with(mark))
    };
    first_lines(case, is_log)
}

/// An address that was read before duplicate address detection had ended.
pub fn address_tentative(case: &Case) -> Vec<Hit> {
    first_lines(case, |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.first() == Some(&"inet6") && words.contains(&"tentative")
    })
}

/// One hit for each capture, at its first line of the kind.
fn first_lines(case: &Case, is_meant: impl Fn(&str) -> bool) -> Vec<Hit> {
    let find = |capture: &Capture| {
        let lines = crate::text::lines(&capture.stdout.bytes().unwrap_or_default());
        let index = lines.iter().position(|line| is_meant(line))?;
        let number = u32::try_from(index + 1).ok()?;
        Some(
            Hit::default()
                .with("capture", capture.id.as_str())
                .with("line", number)
                .resting_on_line(&capture.id, Some(number)),
        )
    };
    case.run.captures.iter().filter_map(find).collect()
}

#[cfg(test)]
mod tests {
    use crate::judge::rules::testing::sketch;

    #[test]
    fn an_engines_message_in_an_evidence_file_is_found_with_its_line() {
        let rule = "engine-log-in-evidence";
        let mixed = sketch().file(
            "isolation/dmesg.txt",
            "Kata VM:\ntime=\"2025-11-27T21:57:34+03:00\" level=warning msg=\"x\"\n[    0.000000] Linux",
        );
        let messages = mixed.messages(rule);
        assert_eq!(messages.len(), 1);
        assert!(messages[0].contains("isolation/dmesg.txt"), "{messages:?}");
        assert!(sketch().file("a.txt", "[    0.000000] Linux version 6").hits(rule).is_empty());
    }

    #[test]
    fn a_tentative_address_is_found() {
        let rule = "address-tentative";
        let early =
            sketch().file("isolation/network.txt", "inet6 fe80::1/64 scope link tentative ");
        assert_eq!(early.hits(rule).len(), 1);
        let settled = sketch().file("isolation/network.txt", "inet6 fe80::1/64 scope link");
        assert!(settled.hits(rule).is_empty());
    }

    #[test]
    fn an_altered_capture_is_found() {
        let mut sketch = sketch().file("isolation/proc.txt", "Host: 322");
        assert!(sketch.hits("capture-altered").is_empty());
        sketch.integrity.altered.push("isolation/proc.txt".into());
        assert_eq!(sketch.hits("capture-altered").len(), 1);
    }

    #[test]
    fn a_fact_that_was_edited_is_found() {
        use crate::model::{Fact, Source};
        use crate::store::integrity::Unfounded;
        let mut sketch = sketch().fact("proc.entries", "host", 300);
        assert!(sketch.hits("fact-without-capture").is_empty());
        let fact = |value: i64| Some(Fact::value(value, Source::new("isolation/proc.txt", 2)));
        sketch.integrity.unfounded.push(Unfounded {
            fact: "proc.entries".into(),
            target: "host".into(),
            stored: fact(300),
            derived: fact(322),
        });
        let messages = sketch.messages("fact-without-capture");
        assert!(messages[0].contains("300") && messages[0].contains("322"), "{messages:?}");
    }
}
