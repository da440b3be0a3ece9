//! `[[preprocessor.isoproof.expect]]`: what a project expects of its runs.
//!
//! Each entry is one expectation about one subject. What needs the catalogue, the rules or a run
//! to be understood is checked later; here an entry has to be one that can be evaluated at all.

use std::path::Path;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use crate::error::{Error, Result};
use crate::text::line_at;

/// Something that a project expects of its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The line of `book.toml` in which it begins, from 1.
    pub line: usize,
    /// What is expected.
    pub subject: ExpectedSubject,
    /// Why, in the words of the project.
    pub reason: String,
}

/// What is expected of what.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpectedSubject {
    /// That a runtime starts.
    Start {
        /// The name of the target.
        runtime: String,
    },
    /// What the verdict on a runtime says.
    Boundary {
        /// The name of the target.
        runtime: String,
        /// Its boundary; none where only the confidence matters.
        boundary: Option<ExpectedBoundary>,
        /// The least confidence.
        confidence: Option<LeastConfidence>,
    },
    /// That a fact has a value.
    Fact {
        /// The name of the target; `host` for the machine.
        runtime: String,
        /// The id of the fact.
        fact: String,
        /// Which value.
        test: FactTest,
    },
    /// How many times the baseline's cost a runtime may have.
    Cost {
        /// The name of the target.
        runtime: String,
        /// The id of a measure of `data/workloads.toml`.
        cost: String,
        /// The greatest ratio.
        most: f64,
    },
    /// How many findings there may be.
    Findings {
        /// A severity, or the id of a rule.
        of: String,
        /// The greatest number.
        most: usize,
    },
}

/// A boundary as `book.toml` names it: a verdict, or any of those that are a kernel of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ExpectedBoundary {
    /// Any kernel but the host's.
    OwnKernel,
    /// One in a virtual machine.
    SeparateKernelVm,
    /// One that is a program on the host.
    SeparateKernelUserspace,
    /// The host's kernel.
    SharedKernel,
}

impl_into_str!(ExpectedBoundary);

/// The least confidence of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "lowercase")]
pub enum LeastConfidence {
    /// One source that nothing confirms.
    Low,
    /// Two independent facts.
    Medium,
    /// Decisive facts that others support.
    High,
}

impl_into_str!(LeastConfidence);

/// What the value of a fact has to be.
#[derive(Debug, Clone, PartialEq)]
pub enum FactTest {
    /// Any.
    Present,
    /// This one.
    Is(Value),
    /// A text in which this regular expression matches.
    Matches(String),
    /// A number within these bounds, or a series with its median there.
    Within {
        /// The smallest.
        least: Option<f64>,
        /// The greatest.
        most: Option<f64>,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    default,
    deny_unknown_fields,
    expecting = "[[preprocessor.isoproof.expect]], a table for each expectation"
)]
pub(super) struct ExpectTable {
    runtime: Option<String>,
    starts: Option<bool>,
    boundary: Option<ExpectedBoundary>,
    confidence: Option<LeastConfidence>,
    fact: Option<String>,
    is: Option<toml::Value>,
    matches: Option<String>,
    at_least: Option<f64>,
    at_most: Option<f64>,
    cost: Option<String>,
    findings: Option<String>,
    reason: Option<String>,
}

/// The expectations of a file; `text` is all of it.
/// Errors: an entry is about nothing, about two things, has a key that its subject does not take,
/// or gives no reason: the error names file and line.
pub(super) fn read_expectations(
    tables: Vec<Spanned<ExpectTable>>,
    text: &str,
    path: &Path,
) -> Result<Vec<Expectation>> {
    let mut expectations = Vec::new();
    for table in tables {
        let line = line_at(text, table.span().start);
        let expectation = table.into_inner().into_expectation(line).map_err(|(what, help)| {
            Error::unusable_input(format!(
                "{}:{line}: [[preprocessor.isoproof.expect]]: {what}",
                path.display()
            ))
            .with_help(help)
        })?;
        expectations.push(expectation);
    }
    Ok(expectations)
}

/// What is wrong with an entry, and what to do.
type EntryError = (String, String);

const SUBJECTS: &str = "give one of starts = true, boundary = \"own-kernel\", confidence = \"high\", \
                        fact = \"kernel.release\", cost = \"startup\" and findings = \"error\"";

/// What is wrong with a limit, with the limit if there is one.
fn with_given_limit(what: &str, limit: Option<f64>) -> String {
    let given = limit.map(|limit| format!(": `at-most` is {limit}"));
    format!("{what}{}", given.unwrap_or_default())
}

impl ExpectTable {
    fn into_expectation(mut self, line: usize) -> Result<Expectation, EntryError> {
        let reason = self.reason.take().unwrap_or_default().trim().to_string();
        let subject = self.take_subject()?;
        self.refuse_leftover(&subject)?;
        if reason.is_empty() {
            let help = "say why, whoever sees it fail reads it: reason = \"...\"";
            return Err(("it has no reason".into(), help.into()));
        }
        Ok(Expectation { line, subject, reason })
    }

    fn take_subject(&mut self) -> Result<ExpectedSubject, EntryError> {
        let is_boundary = self.boundary.is_some() || self.confidence.is_some();
        let named = [
            self.starts.is_some(),
            is_boundary,
            self.fact.is_some(),
            self.cost.is_some(),
            self.findings.is_some(),
        ];
        match named.iter().filter(|is_named| **is_named).count() {
            1 => {}
            0 => return Err(("it expects nothing".into(), SUBJECTS.into())),
            _ => {
                let help = format!("write an entry for each: {SUBJECTS}");
                return Err(("it is about more than one thing".into(), help));
            }
        }
        if let Some(of) = self.findings.take() {
            return Ok(ExpectedSubject::Findings { of, most: self.take_count()? });
        }
        let named = self.runtime.take().filter(|name| !name.trim().is_empty());
        let runtime = named.ok_or_else(|| {
            let help = "name the target: runtime = \"kata\"";
            ("it names no runtime".to_string(), help.to_string())
        })?;
        if runtime == HOST && self.fact.is_none() {
            let help = "name a runtime; of the host only a fact can be expected";
            return Err((HOST_IS_NO_RUNTIME.into(), help.into()));
        }
        if let Some(starts) = self.starts.take() {
            if !starts {
                let help = "leave the entry out: only that a runtime starts can be expected";
                return Err(("`starts` is false".into(), help.into()));
            }
            return Ok(ExpectedSubject::Start { runtime });
        }
        if is_boundary {
            let (boundary, confidence) = (self.boundary.take(), self.confidence.take());
            return Ok(ExpectedSubject::Boundary { runtime, boundary, confidence });
        }
        if let Some(fact) = self.fact.take() {
            return Ok(ExpectedSubject::Fact { runtime, fact, test: self.take_fact_test()? });
        }
        let cost = self.cost.take().unwrap_or_default();
        match self.at_most.take() {
            Some(most) if most.is_finite() && most > 0.0 => {
                Ok(ExpectedSubject::Cost { runtime, cost, most })
            }
            most => {
                let what = "the cost has no limit above 0";
                let help = "give the most, as a multiple of the baseline's: at-most = 5.0";
                Err((with_given_limit(what, most), help.into()))
            }
        }
    }

    /// A number of findings.
    fn take_count(&mut self) -> Result<usize, EntryError> {
        match self.at_most.take() {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tested")]
            Some(most) if (0.0..1e9).contains(&most) && most.fract() == 0.0 => Ok(most as usize),
            most => {
                let what = "the number of findings has no limit that is a whole number from 0";
                let help = "give one: at-most = 0";
                Err((with_given_limit(what, most), help.into()))
            }
        }
    }

    fn take_fact_test(&mut self) -> Result<FactTest, EntryError> {
        let (least, most) = (self.at_least.take(), self.at_most.take());
        let is_within = least.is_some() || most.is_some();
        match (self.is.take(), self.matches.take(), is_within) {
            (None, None, false) => Ok(FactTest::Present),
            (Some(value), None, false) => match serde_json::to_value(&value) {
                Ok(value) => Ok(FactTest::Is(value)),
                Err(error) => Err((format!("`is` cannot be compared: {error}"), TESTS.into())),
            },
            (None, Some(pattern), false) => match Regex::new(&pattern) {
                Ok(_) => Ok(FactTest::Matches(pattern)),
                Err(error) => {
                    let help = "put it between single quotes: matches = '^6\\.12\\.'";
                    Err((format!("`matches` is no regular expression: {error}"), help.into()))
                }
            },
            (None, None, true) => Ok(FactTest::Within { least, most }),
            _ => Err(("the fact is tested in more than one way".into(), TESTS.into())),
        }
    }

    /// A key that is still there has no meaning next to the subject.
    fn refuse_leftover(&self, subject: &ExpectedSubject) -> Result<(), EntryError> {
        let left = [
            ("runtime", self.runtime.is_some()),
            ("is", self.is.is_some()),
            ("matches", self.matches.is_some()),
            ("at-least", self.at_least.is_some()),
            ("at-most", self.at_most.is_some()),
        ];
        let Some((key, _)) = left.iter().find(|(_, is_left)| *is_left) else { return Ok(()) };
        let subject = match subject {
            ExpectedSubject::Start { .. } => "starts",
            ExpectedSubject::Boundary { .. } => "boundary",
            ExpectedSubject::Fact { .. } => "fact",
            ExpectedSubject::Cost { .. } => "cost",
            ExpectedSubject::Findings { .. } => "findings",
        };
        Err((format!("`{key}` says nothing about `{subject}`"), format!("leave `{key}` out")))
    }
}

/// The name of the machine among the targets.
const HOST: &str = "host";

const HOST_IS_NO_RUNTIME: &str =
    "the host is no runtime: it is not started and has no boundary and no costs";

const TESTS: &str = "give one of is = \"...\", matches = '...', or at-least and at-most, or none of \
                     them where any value will do";

#[cfg(test)]
mod tests {
    use super::super::ProjectConfig;
    use super::*;

    fn parse(entry: &str) -> Result<Vec<Expectation>> {
        let text = format!("[book]\ntitle = \"t\"\n\n[[preprocessor.isoproof.expect]]\n{entry}");
        ProjectConfig::parse(&text, Path::new("book.toml")).map(|config| config.expectations)
    }

    fn parse_one(entry: &str) -> ExpectedSubject {
        parse(&format!("{entry}\nreason = \"r\"\n")).unwrap().remove(0).subject
    }

    #[test]
    fn an_entry_is_about_one_thing_and_knows_its_line() {
        let runtime = || "kata".to_string();
        let all = parse("runtime = \"kata\"\nstarts = true\nreason = \" why \"\n").unwrap();
        let expected = Expectation {
            line: 4,
            subject: ExpectedSubject::Start { runtime: runtime() },
            reason: "why".into(),
        };
        assert_eq!(all, [expected]);
        assert_eq!(
            parse_one("runtime = \"kata\"\nboundary = \"own-kernel\"\nconfidence = \"medium\""),
            ExpectedSubject::Boundary {
                runtime: runtime(),
                boundary: Some(ExpectedBoundary::OwnKernel),
                confidence: Some(LeastConfidence::Medium),
            }
        );
        assert_eq!(
            parse_one("runtime = \"kata\"\nfact = \"kernel.release\"\nmatches = '^6\\.12\\.'"),
            ExpectedSubject::Fact {
                runtime: runtime(),
                fact: "kernel.release".into(),
                test: FactTest::Matches(r"^6\.12\.".into()),
            }
        );
        assert_eq!(
            parse_one("runtime = \"kata\"\ncost = \"startup\"\nat-most = 5"),
            ExpectedSubject::Cost { runtime: runtime(), cost: "startup".into(), most: 5.0 }
        );
        assert_eq!(
            parse_one("findings = \"error\"\nat-most = 0"),
            ExpectedSubject::Findings { of: "error".into(), most: 0 }
        );
    }

    #[test]
    fn an_entry_that_cannot_be_evaluated_is_refused_with_its_line() {
        for (entry, words) in [
            ("", "it expects nothing"),
            ("runtime = \"kata\"", "it expects nothing"),
            ("starts = true", "it names no runtime"),
            ("runtime = \"\"\nstarts = true", "it names no runtime"),
            ("runtime = \"kata\"\nstarts = false", "`starts` is false"),
            ("runtime = \"kata\"\nstarts = true\nfact = \"a\"", "more than one thing"),
            ("runtime = \"kata\"\nstarts = true\nat-most = 1", "`at-most` says nothing"),
            ("runtime = \"kata\"\ncost = \"startup\"", "no limit above 0"),
            (
                "runtime = \"kata\"\ncost = \"startup\"\nat-most = -1",
                "no limit above 0: `at-most` is -1",
            ),
            (
                "findings = \"error\"\nat-most = 0.5",
                "no limit that is a whole number from 0: `at-most` is 0.5",
            ),
            ("findings = \"error\"\nat-most = 0\nruntime = \"kata\"", "`runtime` says nothing"),
            ("runtime = \"kata\"\nfact = \"a\"\nmatches = '('", "no regular expression"),
            ("runtime = \"kata\"\nfact = \"a\"\nmatches = 'a'\nis = 1", "more than one way"),
            ("runtime = \"host\"\nboundary = \"own-kernel\"", "the host is no runtime"),
            ("runtime = \"host\"\nconfidence = \"high\"", "the host is no runtime"),
            ("runtime = \"host\"\nstarts = true", "the host is no runtime"),
            ("runtime = \"host\"\ncost = \"startup\"\nat-most = 2", "the host is no runtime"),
            ("runtime = \"kata\"\nstarts = true", "it has no reason"),
        ] {
            let reason = if words.contains("reason") { "" } else { "\nreason = \"r\"" };
            let error = parse(&format!("{entry}{reason}\n")).unwrap_err();
            assert!(error.message.contains(words), "{entry}: {error}");
            assert!(error.message.starts_with("book.toml:4: "), "{entry}: {error}");
            assert!(error.help.is_some(), "{entry}");
        }
    }

    #[test]
    fn a_misspelt_key_or_boundary_is_an_error_with_a_suggestion() {
        let error = parse("runtime = \"kata\"\nboundry = \"own-kernel\"\n").unwrap_err();
        assert!(error.message.contains("unknown key `boundry`"), "{error}");
        assert_eq!(error.help.as_deref(), Some("did you mean `boundary`?"));
        let error = parse("runtime = \"kata\"\nboundary = \"own-kernal\"\n").unwrap_err();
        assert_eq!(error.help.as_deref(), Some("did you mean `own-kernel`?"));
    }
}
