//! Facts: typed values read from captures, or the reason why there is none.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// The most bytes of a line that is read for facts. Real ones are far below: the longest, the
/// configuration of a container as JSON, has a quarter of them. A file or an output with a longer
/// line gives no fact, for the reason [`MissingReason::TooLong`].
pub const MAX_LINE: usize = 64 << 10;

/// The most samples of a series; one with more is missing, for the reason [`MissingReason::TooLong`].
pub const MAX_SAMPLES: usize = 100_000;

/// The times that a session can have, in seconds, and 0: from what no clock tells apart to eleven
/// days. A series with another one is missing, for the reason [`MissingReason::OutOfRange`].
pub const TIMES: RangeInclusive<f64> = 1e-9..=1e6;

/// All facts of a run: by fact id (`kernel.release`), then by target name (`kata`).
pub type Facts = BTreeMap<String, BTreeMap<String, Fact>>;

/// Where in the captures a fact was read.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactSource {
    /// The id of the capture.
    pub capture: String,
    /// The line of the capture's output, counted from 1, where the value stands or begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// `host/kernel.release:1`
impl std::fmt::Display for FactSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.capture)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

impl FactSource {
    /// A place in a capture.
    pub fn new(capture: impl Into<String>, line: impl Into<Option<u32>>) -> Self {
        Self { capture: capture.into(), line: line.into() }
    }
}

/// The unit of a series.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SampleUnit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Bytes.
    #[serde(rename = "B")]
    Bytes,
}

impl SampleUnit {
    /// The unit's symbol.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Bytes => "B",
        }
    }

    /// Why no session can have measured `value` of this unit; none if one can.
    pub fn refuse_value(self, value: f64) -> Option<String> {
        let (least, most) = match self {
            Self::Seconds => (*TIMES.start(), *TIMES.end()),
            // What a file can have on any system.
            Self::Bytes => (1.0, 2f64.powi(63)),
        };
        if value == 0.0 || (least..=most).contains(&value) {
            return None;
        }
        let symbol = self.symbol();
        let stated = match value.is_finite() {
            true => format!("{value:e} {symbol}"),
            false => "a number without bound".into(),
        };
        Some(format!("{stated} where a session measures 0 or {least:e} to {most:e} {symbol}"))
    }
}

/// A measured series in the order in which it was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// The samples.
    pub values: Vec<f64>,
    /// Their unit.
    pub unit: SampleUnit,
    /// Where the first of them stands.
    pub source: FactSource,
}

/// No value, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFact {
    /// The kind of reason.
    pub why: MissingReason,
    /// The reason in words, with the path or the first words of the message that stood there.
    pub reason: String,
    /// The capture that was looked at, where there is one.
    pub source: Option<FactSource>,
}

impl MissingFact {
    /// The reason as readers are told it. Run files keep the words of the first version, by which
    /// their facts are known to be unchanged.
    pub fn reason_words(&self) -> Cow<'_, str> {
        match self.reason.strip_suffix(": there is no value") {
            Some(file) => format!("{file} contains no value").into(),
            None => self.reason.as_str().into(),
        }
    }
}

/// Why a reader found no value, before it is known as which fact of which capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingValue {
    /// The kind of reason.
    pub why: MissingReason,
    /// The reason in words, with the first words of what stood there.
    pub reason: String,
    /// The line that shows it, counted from 1, where one does.
    pub line: Option<u32>,
}

impl MissingValue {
    /// A reason that no single line shows.
    pub(crate) fn new(why: MissingReason, reason: impl Into<String>) -> Self {
        Self { why, reason: reason.into(), line: None }
    }

    /// The same, shown by a line.
    pub(crate) fn at_line(self, line: u32) -> Self {
        Self { line: Some(line), ..self }
    }

    /// The fact that it is for a capture that was looked at.
    pub(crate) fn into_fact(self, capture: &str) -> Fact {
        Fact::missing_at(self.why, self.reason, FactSource::new(capture, self.line))
    }
}

/// What is known about one question on one target.
///
/// In JSON an object with `value`, with `values` and `unit`, or with `missing` and `reason`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FactWire", into = "FactWire")]
pub enum Fact {
    /// A value and where it stands.
    Value {
        /// The value, of the type that the catalogue declares for the fact.
        value: serde_json::Value,
        /// Where it stands.
        source: FactSource,
    },
    /// A measured series.
    Series(Samples),
    /// Nothing, with the reason.
    Missing(MissingFact),
}

impl Fact {
    /// A value read at `source`.
    pub fn from_value(value: impl Into<serde_json::Value>, source: FactSource) -> Self {
        Self::Value { value: value.into(), source }
    }

    /// The samples of a series; or that there are too many of them, or one that no session has.
    pub fn series(values: Vec<f64>, unit: SampleUnit, source: FactSource) -> Self {
        if values.len() > MAX_SAMPLES {
            let count = values.len();
            let reason = format!("{count} samples, and no more than {MAX_SAMPLES} are read");
            return Self::missing_at(MissingReason::TooLong, reason, source);
        }
        match values.iter().find_map(|value| unit.refuse_value(*value)) {
            Some(reason) => Self::missing_at(MissingReason::OutOfRange, reason, source),
            None => Self::Series(Samples { values, unit, source }),
        }
    }

    /// No value because no capture exists that could hold one.
    pub fn missing(why: MissingReason, reason: impl Into<String>) -> Self {
        Self::Missing(MissingFact { why, reason: reason.into(), source: None })
    }

    /// No value although `source` was looked at.
    pub fn missing_at(why: MissingReason, reason: impl Into<String>, source: FactSource) -> Self {
        Self::Missing(MissingFact { why, reason: reason.into(), source: Some(source) })
    }

    /// The place in a capture that the fact rests on.
    pub fn source(&self) -> Option<&FactSource> {
        match self {
            Self::Value { source, .. } => Some(source),
            Self::Series(samples) => Some(&samples.source),
            Self::Missing(missing) => missing.source.as_ref(),
        }
    }

    /// The value, if there is a single one.
    pub fn as_value(&self) -> Option<&serde_json::Value> {
        match self {
            Self::Value { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The value as text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        self.as_value().and_then(serde_json::Value::as_str)
    }

    /// The value as a whole number, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_value().and_then(serde_json::Value::as_i64)
    }

    /// The series, if it is one.
    pub fn as_series(&self) -> Option<&Samples> {
        match self {
            Self::Series(samples) => Some(samples),
            _ => None,
        }
    }

    /// Whether there is a value or a series.
    pub fn is_present(&self) -> bool {
        !matches!(self, Self::Missing(_))
    }
}

/// Why a fact is missing.
///
/// The first group comes from reading files that somebody else wrote, the second from probes.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MissingReason {
    /// No such file.
    #[serde(rename = "file missing")]
    FileMissing,
    /// The file is there and could not be read, or its folder could not.
    #[serde(rename = "file unreadable")]
    FileUnreadable,
    /// The file or its section holds nothing.
    #[serde(rename = "empty")]
    Empty,
    /// An error message stands where the value should.
    #[serde(rename = "error text")]
    ErrorText,
    /// Prose stands where the value should.
    #[serde(rename = "narrative text")]
    NarrativeText,
    /// Something that is not a number stands where a number should.
    #[serde(rename = "not numeric")]
    NotNumeric,
    /// The figure is of a start that failed.
    #[serde(rename = "failed start")]
    FailedStart,
    /// The file has no part about the guest.
    #[serde(rename = "no guest section")]
    NoGuestSection,
    /// The file has no line about the host.
    #[serde(rename = "no host line")]
    NoHostLine,
    /// The file speaks of a runc container only.
    #[serde(rename = "runc container only")]
    RuncContainerOnly,
    /// The host's values stand where the guest's should.
    #[serde(rename = "host values only")]
    HostValuesOnly,
    /// The evidence does not state it.
    #[serde(rename = "not stated")]
    NotStated,
    /// The processor gives no model name (ARM).
    #[serde(rename = "no model name")]
    NoModelName,
    /// The version stated is that of another program.
    #[serde(rename = "not the shim")]
    NotTheShim,
    /// A line or a series is longer than what is read for facts.
    #[serde(rename = "too long")]
    TooLong,
    /// A figure stands there that no session can have measured.
    #[serde(rename = "out of range")]
    OutOfRange,
    /// What the probe asks for does not exist on the target: an answer.
    #[serde(rename = "absent")]
    Absent,
    /// The target refused to tell: an answer.
    #[serde(rename = "denied")]
    Denied,
    /// The probe, or the target's start, failed.
    #[serde(rename = "error")]
    Error,
    /// The probe did not end in time.
    #[serde(rename = "timeout")]
    Timeout,
    /// It was asked, and the output ended before its answer, or within it.
    #[serde(rename = "cut off")]
    CutOff,
    /// The output could not be read as what the probe asks for.
    #[serde(rename = "unreadable")]
    Unreadable,
    /// The run does not hold an answer: the probe was not part of it.
    #[serde(rename = "not asked")]
    NotAsked,
    /// The run file was changed: the stored value does not follow from its capture.
    #[serde(rename = "altered")]
    Altered,
}

/// The words that stand for the reason in files and reports.
impl fmt::Display for MissingReason {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.serialize(f)
    }
}

/// The JSON form of a [`Fact`]: one flat object, because an untagged enum would lose the line
/// number of an error in a damaged file.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FactWire {
    /// The value.
    #[serde(
        default,
        deserialize_with = "keep_explicit_null",
        skip_serializing_if = "Option::is_none"
    )]
    value: Option<serde_json::Value>,
    /// The samples, in the order in which they were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Vec<f64>>,
    /// The unit of the samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<SampleUnit>,
    /// The kind of reason why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing: Option<MissingReason>,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The id of the capture that the fact was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capture: Option<String>,
    /// The line of the capture, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

/// Keeps an explicit `null` apart from an absent field.
fn keep_explicit_null<'de, D: serde::Deserializer<'de>>(
    d: D,
) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(d).map(Some)
}

impl TryFrom<FactWire> for Fact {
    type Error = &'static str;

    fn try_from(wire: FactWire) -> Result<Self, Self::Error> {
        const SHAPE: &str = "a fact has `value` and `capture`, or `values`, `unit` and `capture`, \
                             or `missing` and `reason`";
        let source = wire.capture.map(|capture| FactSource { capture, line: wire.line });
        match (wire.value, wire.values, wire.unit, wire.missing, wire.reason, source) {
            (Some(value), None, None, None, None, Some(source)) => {
                Ok(Self::Value { value, source })
            }
            (None, Some(values), Some(unit), None, None, Some(source)) => {
                Ok(Self::series(values, unit, source))
            }
            (None, None, None, Some(why), Some(reason), source) => {
                Ok(Self::Missing(MissingFact { why, reason, source }))
            }
            _ => Err(SHAPE),
        }
    }
}

impl From<Fact> for FactWire {
    fn from(fact: Fact) -> Self {
        let mut wire = Self::default();
        let source = match fact {
            Fact::Value { value, source } => {
                wire.value = Some(value);
                Some(source)
            }
            Fact::Series(samples) => {
                wire.values = Some(samples.values);
                wire.unit = Some(samples.unit);
                Some(samples.source)
            }
            Fact::Missing(missing) => {
                wire.missing = Some(missing.why);
                wire.reason = Some(missing.reason);
                missing.source
            }
        };
        if let Some(source) = source {
            wire.capture = Some(source.capture);
            wire.line = source.line;
        }
        wire
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Fact {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fact".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        FactWire::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(fact: &Fact) -> String {
        let json = serde_json::to_string(fact).unwrap();
        assert_eq!(serde_json::from_str::<Fact>(&json).unwrap(), *fact);
        json
    }

    #[test]
    fn a_value_names_its_capture_and_line() {
        let fact = Fact::from_value("6.12.47", FactSource::new("kata/kernel.txt", 1));
        assert_eq!(
            round_trip(&fact),
            r#"{"value":"6.12.47","capture":"kata/kernel.txt","line":1}"#
        );
    }

    #[test]
    fn a_series_keeps_its_unit() {
        let source = FactSource::new("bench/startup.txt", 3);
        let fact =
            Fact::Series(Samples { values: vec![0.5, 0.25], unit: SampleUnit::Seconds, source });
        assert_eq!(
            round_trip(&fact),
            r#"{"values":[0.5,0.25],"unit":"s","capture":"bench/startup.txt","line":3}"#
        );
    }

    #[test]
    fn a_series_with_a_figure_that_no_session_has_is_missing() {
        let series =
            |values: &[f64], unit| Fact::series(values.to_vec(), unit, FactSource::new("a", 1));
        for possible in [0.0, 1e-9, 1e6] {
            assert!(series(&[0.5, possible], SampleUnit::Seconds).is_present(), "{possible}");
        }
        for impossible in [-1.0, 1e-10, 1e7, 1e308, f64::INFINITY, f64::NAN] {
            let fact = series(&[0.5, impossible], SampleUnit::Seconds);
            assert!(
                matches!(fact, Fact::Missing(MissingFact { why: MissingReason::OutOfRange, .. })),
                "{fact:?}"
            );
        }
        assert!(series(&[1.0, 1e12], SampleUnit::Bytes).is_present());
        assert!(!series(&[1e20], SampleUnit::Bytes).is_present());
        // A run file that an earlier version wrote says the same.
        let old = r#"{"values":[1e308],"unit":"s","capture":"a","line":1}"#;
        assert_eq!(
            serde_json::from_str::<Fact>(old).unwrap(),
            series(&[1e308], SampleUnit::Seconds)
        );
    }

    #[test]
    fn a_missing_fact_says_why() {
        let fact = Fact::missing(MissingReason::FileMissing, "no file kata/kernel.txt");
        assert_eq!(
            round_trip(&fact),
            r#"{"missing":"file missing","reason":"no file kata/kernel.txt"}"#
        );
    }

    #[test]
    fn a_fact_that_is_both_present_and_missing_is_refused() {
        let error = serde_json::from_str::<Fact>(
            r#"{"value":1,"capture":"a","missing":"empty","reason":"b"}"#,
        );
        assert!(error.unwrap_err().to_string().contains("a fact has"));
    }
}
