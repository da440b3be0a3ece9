//! What a script of somebody's own wrote as JSON or YAML: values behind keys that name their
//! target, one within another or in one word.

use serde_json::Value;

use super::label::{self, EvidenceRole};
use super::words::{self, TimeUnit};
use super::{table, timing};

/// A value of one target.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The line of its key.
    pub line: u32,
    /// Whose value it is.
    pub who: EvidenceRole,
    /// The value, with the unit that its key names.
    pub text: String,
    /// The slot whose file would hold it.
    pub slot: &'static str,
}

/// What a document states, in the order of its keys; nothing if it says that it is made up.
pub(super) fn list_records(lines: &[(u32, String)]) -> Vec<Record> {
    let is_made_up = |text: &str| words::is_made_up(text) && !words::contains_any(text, &["false"]);
    if lines.iter().any(|(_, text)| is_made_up(text)) {
        return Vec::new();
    }
    let text: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => list_json_leaves(&value, lines),
        Err(_) => list_yaml_leaves(lines),
    }
}

fn list_json_leaves(document: &Value, lines: &[(u32, String)]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut open: Vec<(usize, Vec<&str>, &Value)> = vec![(0, Vec::new(), document)];
    while let Some((from, path, value)) = open.pop() {
        let Value::Object(fields) = value else {
            let values = match value {
                Value::Array(values) => values.iter().collect(),
                value => vec![value],
            };
            let texts: Option<Vec<String>> = values.into_iter().map(scalar_text).collect();
            let line = lines.get(from).map_or(1, |line| line.0);
            records.extend(texts.and_then(|texts| make_record(line, &path, &texts)));
            continue;
        };
        for (key, value) in fields {
            let quoted = format!("\"{key}\"");
            let at = lines[from..].iter().position(|(_, text)| text.contains(&quoted));
            let path = path.iter().copied().chain([key.as_str()]).collect();
            open.push((from + at.unwrap_or(0), path, value));
        }
    }
    records.sort_by_key(|record| record.line);
    records
}

/// The lines with each array of scalars on the line of its key; one without an end has a mark there,
/// so that it reads as no list.
pub(super) fn join_array_lines(lines: Vec<(u32, String)>) -> Vec<(u32, String)> {
    let mut joined = Vec::with_capacity(lines.len());
    let mut rest = lines.into_iter().peekable();
    while let Some((number, mut text)) = rest.next() {
        let is_open = text.starts_with('"') && text.ends_with('[');
        let mut values: Vec<String> = Vec::new();
        while is_open && let Some(more) = rest.peek().and_then(|(_, text)| scalars_on_line(text)) {
            values.extend(more);
            rest.next();
        }
        if !values.is_empty() {
            text.push_str(&values.join(", "));
            match rest.next_if(|(_, text)| text.starts_with(']')) {
                Some((_, end)) => text.push_str(&end),
                None => text.push_str(", …"),
            }
        }
        joined.push((number, label_array(&text).unwrap_or(text)));
    }
    joined
}

/// An array behind a key that names one target as a label with its values.
fn label_array(text: &str) -> Option<String> {
    let (key, values) = text.strip_prefix('"')?.split_once("\":")?;
    let values = values.trim().trim_end_matches(',');
    let names_target = matches!(label::list_roles(key)[..], [_]);
    let is_array = values.starts_with('[');
    // With commas two such lines would be a table.
    (names_target && is_array).then(|| format!("{key}: {}", values.replace(',', " ")))
}

/// The scalars of an array that one of its lines holds, if it holds nothing else.
fn scalars_on_line(text: &str) -> Option<Vec<String>> {
    let text = text.trim().trim_end_matches(',');
    let values: Vec<Value> = serde_json::from_str(&format!("[{text}]")).ok()?;
    let is_scalar = |value: &Value| !value.is_array() && !value.is_object();
    (!values.is_empty() && values.iter().all(is_scalar))
        .then(|| values.iter().map(Value::to_string).collect())
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Of YAML what scripts write: keys one within another, and lists between brackets.
fn list_yaml_leaves(lines: &[(u32, String)]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut path: Vec<(usize, &str)> = Vec::new();
    for (line, text) in lines {
        let Some((key, value)) = text.split_once(':').filter(|_| !text.trim().starts_with('#'))
        else {
            continue;
        };
        let indent = key.len() - key.trim_start().len();
        path.retain(|(outer, _)| *outer < indent);
        path.push((indent, key.trim()));
        let value = value.trim().trim_matches(['[', ']']);
        let values = value.split(", ").map(|value| words::strip_value_marks(value).to_string());
        let keys: Vec<&str> = path.iter().map(|(_, key)| *key).collect();
        if !value.is_empty() {
            records.extend(make_record(*line, &keys, &values.collect::<Vec<_>>()));
        }
    }
    records
}

/// The record of a value, if its keys name one target and something that is read.
fn make_record(line: u32, path: &[&str], values: &[String]) -> Option<Record> {
    const SLOTS: [(&str, &str); 7] = [
        ("results/kernels.txt", "kernel kernels uname kernel_release"),
        ("analysis/cpu-comparison.txt", "cpu cpu_model"),
        ("results/startup-bench.txt", "start startup boot start_up"),
        ("results/devices.txt", "dev devices"),
        ("results/io-bench.txt", "dd io"),
        ("isolation/proc.txt", "proc"),
        ("isolation/modules.txt", "modules module"),
    ];
    let joined = path.join(" ");
    let [who] = label::list_roles(&joined)[..] else { return None };
    let mut named = SLOTS.iter().filter(|(_, words)| table::has_word(&joined, words));
    let (slot, None) = (named.next()?.0, named.next()) else { return None };
    if timing::is_excluded_part(&joined) && slot == "results/startup-bench.txt" {
        return None;
    }
    let is_number = |text: &String| text.starts_with(|c: char| c.is_ascii_digit());
    let is_timed = slot == "results/startup-bench.txt";
    let mut units =
        words::split_words(path.last()?).filter(|word| TimeUnit::from_name(word).is_some());
    let unit = units.next().filter(|_| is_timed && values.iter().all(is_number));
    let texts: Vec<String> = match unit {
        Some(unit) => values.iter().map(|value| format!("{value} {unit}")).collect(),
        None => values.to_vec(),
    };
    Some(Record { line, who, text: texts.join(", "), slot })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_record_values(text: &str) -> Vec<String> {
        let lines: Vec<(u32, String)> = (1..).zip(text.lines().map(String::from)).collect();
        let named = |record: Record| {
            format!("{}: {} {} {}", record.line, record.who.target_name(), record.text, record.slot)
        };
        list_records(&lines).into_iter().map(named).collect()
    }

    #[test]
    fn keys_name_the_target_and_the_unit() {
        let json = "{\n\"runc\": {\n\"kernel\": \"6.8.0-51-generic\",\n\"startup_ms\": [588, 602]},\n\
                    \"kata_startup_s\": 1.9}";
        assert_eq!(
            list_record_values(json),
            [
                "3: runc 6.8.0-51-generic results/kernels.txt",
                "4: runc 588 ms, 602 ms results/startup-bench.txt",
                "5: kata 1.9 s results/startup-bench.txt",
            ]
        );
        let yaml =
            "# mine\nkata:\n  kernel: \"6.12.47\"\n  dev_entries: 14\n  startup_avg_s: 1.9\n";
        assert_eq!(
            list_record_values(yaml),
            ["3: kata 6.12.47 results/kernels.txt", "4: kata 14 results/devices.txt"]
        );
        assert!(
            list_record_values("{\"simulated\": true, \"kata\": {\"kernel\": \"6.1.62\"}}")
                .is_empty()
        );
    }
}
