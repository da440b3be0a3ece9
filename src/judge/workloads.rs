//! What workloads need and can pay: `data/workloads.toml`, and the words of `data/fit-reasons.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::assets;
use crate::error::{Error, Result};
use crate::probe::catalogue::ProbeCatalogue;

const WORKLOADS: &str = "workloads.toml";
const REASONS: &str = "fit-reasons.toml";

/// Whether a runtime is fit for a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Suitability {
    /// The boundary is what the workload needs, and it can pay what the runtime costs.
    Fit,
    /// Something that it needs was not shown.
    Open,
    /// The boundary is not what it needs, or costs more than it can pay.
    Unfit,
}

/// Why a runtime is fit, or is not, or why that is open.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(const_into_str, serialize_all = "kebab-case")]
pub enum FitReasonKind {
    /// All code is trusted, so the kernel may be shared.
    Trusted,
    /// The runtime was shown to give containers a kernel of their own.
    OwnKernel,
    /// It was shown to share the host's.
    SharedKernel,
    /// A kernel of its own was shown with too little confidence.
    LowConfidence,
    /// The facts decide nothing, or exclude each other.
    NotDecided,
    /// It did not start.
    NotTested,
    /// The user stopped the session while it started.
    Stopped,
    OtherNode,
    /// It is the baseline, whose cost is 1.
    Reference,
    /// It costs no more than the workload can pay.
    Affordable,
    /// It costs more.
    TooCostly,
    /// The interval of the ratio holds the limit.
    PerhapsTooCostly,
    /// What it costs was not measured.
    NotMeasured,
    /// What the baseline costs was not measured.
    BaselineNotMeasured,
    TooFewSamples,
    /// A value is zero, negative or no number.
    NotPositive,
    HostEmulated,
    /// The session failed its own control.
    TimesWithheld,
    /// The figure, or the baseline's, includes the start of a shell.
    IncludesStart,
    /// The runtime's virtual machine is emulated in software.
    GuestEmulated,
    /// A finding doubts the figure.
    FigureDoubtful,
    /// It is no runtime that containers can be deployed with.
    NoRuntime,
}

impl FitReasonKind {
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// What the reason makes of a runtime, by itself.
    pub fn implied_suitability(self) -> Suitability {
        match self {
            Self::Trusted | Self::OwnKernel | Self::Reference | Self::Affordable => {
                Suitability::Fit
            }
            Self::SharedKernel | Self::TooCostly | Self::NoRuntime => Suitability::Unfit,
            Self::LowConfidence
            | Self::NotDecided
            | Self::NotTested
            | Self::Stopped
            | Self::OtherNode
            | Self::PerhapsTooCostly
            | Self::NotMeasured
            | Self::BaselineNotMeasured
            | Self::TooFewSamples
            | Self::NotPositive
            | Self::HostEmulated
            | Self::TimesWithheld
            | Self::IncludesStart
            | Self::GuestEmulated
            | Self::FigureDoubtful => Suitability::Open,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShownFigure {
    /// The median of a series, or the single value.
    Median,
    /// The 99th percentile.
    P99,
    Ratio,
    /// What is added to the baseline's figure.
    Added,
}

/// How what a workload can pay is stated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CostScale {
    /// As a multiple of the baseline's figure.
    #[default]
    Ratio,
    /// In MiB more than the baseline's figure, of facts in kB.
    AddedMib,
}

/// Something that a boundary can cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostMeasure {
    /// The id, which workloads refer to.
    pub id: String,
    pub title: String,
    pub head: String,
    pub shows: Vec<ShownFigure>,
    #[serde(default)]
    pub scale: CostScale,
    /// The ids of the facts that measure it, the best first.
    pub facts: Vec<String>,
}

/// A kind of work, what it needs and what it can pay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    pub id: String,
    pub title: String,
    /// A few words that continue a sentence.
    pub short: String,
    pub why: String,
    /// Whether it runs code that nobody vouches for, so that it needs a kernel of its own.
    pub runs_untrusted_code: bool,
    /// The most that it can pay against the baseline, on the scale of each measure, by its id.
    #[serde(default)]
    pub pays: BTreeMap<String, f64>,
}

/// All workloads, what they can pay in, and the words of the reasons.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkloadTable {
    /// What a boundary can cost, in the order of the file.
    #[serde(rename = "measure")]
    pub measures: Vec<CostMeasure>,
    #[serde(rename = "workload", default)]
    pub workloads: Vec<Workload>,
    #[serde(skip)]
    pub reasons: BTreeMap<String, String>,
}

impl WorkloadTable {
    /// The shipped tables, or a project's own from `data` (its `data/` folder).
    ///
    /// # Errors
    ///
    /// A file is not valid TOML or has an unknown key, an id stands twice, a workload pays in a
    /// measure that is not there or an amount that is no positive number, or a reason has no words.
    pub fn load(data: Option<&Path>) -> Result<Self> {
        let file = assets::read_data(data, WORKLOADS)?;
        let mut table: Self = file.parse_toml()?;
        table.verify_entries().map_err(|what| file.name_error(what))?;
        let file = assets::read_data(data, REASONS)?;
        table.reasons = file.parse_toml()?;
        for id in FitReasonKind::ALL.iter().map(FitReasonKind::into_str) {
            if !table.reasons.contains_key(id) {
                return Err(file.name_error(format!("no words for the reason `{id}`")));
            }
        }
        Ok(table)
    }

    pub fn find_measure(&self, id: &str) -> Option<&CostMeasure> {
        self.measures.iter().find(|measure| measure.id == id)
    }

    fn verify_entries(&self) -> Result<(), String> {
        let mut ids = BTreeSet::new();
        for measure in &self.measures {
            if !ids.insert(&measure.id) {
                return Err(format!("the measure `{}` stands twice", measure.id));
            }
            if measure.facts.is_empty() {
                return Err(format!("the measure `{}` names no fact", measure.id));
            }
        }
        let known: Vec<&str> = self.measures.iter().map(|measure| measure.id.as_str()).collect();
        ids.clear();
        for workload in &self.workloads {
            let id = &workload.id;
            if !ids.insert(id) {
                return Err(format!("the workload `{id}` stands twice"));
            }
            for (measure, limit) in &workload.pays {
                if !known.contains(&measure.as_str()) {
                    let known = known.join(", ");
                    return Err(format!(
                        "the workload `{id}` pays in `{measure}`: known are {known}"
                    ));
                }
                if !(limit.is_finite() && *limit > 0.0) {
                    return Err(format!(
                        "the workload `{id}` pays {measure} = {limit}: a number above 0 is wanted"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Refuses a table that names a fact which the catalogue does not have, or not in kB where MiB are
    /// added.
    ///
    /// # Errors
    ///
    /// The fact, and the measure that names it.
    pub fn verify_facts(&self, catalogue: &ProbeCatalogue) -> Result<()> {
        for measure in &self.measures {
            for fact in &measure.facts {
                let problem = match catalogue.find_probe(fact) {
                    None => "is not in the catalogue",
                    Some(probe) if measure.scale == CostScale::AddedMib && probe.unit != "kB" => {
                        "is not in kB, as `scale = \"added-mib\"` wants it"
                    }
                    Some(_) => continue,
                };
                return Err(Error::unusable_input(format!(
                    "{WORKLOADS}: the measure `{}` names `{fact}`, which {problem}",
                    measure.id
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::CATALOGUE;

    fn load_own(name: &str, text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        WorkloadTable::load(Some(folder.path())).unwrap_err().message
    }

    #[test]
    fn the_shipped_table_is_sound_and_has_words_for_every_reason() {
        let table = WorkloadTable::load(None).unwrap();
        table.verify_facts(&CATALOGUE).unwrap();
        assert_eq!(table.reasons.len(), FitReasonKind::ALL.len(), "words are left over");
        assert!(table.workloads.iter().any(|workload| workload.runs_untrusted_code));
        assert!(table.workloads.iter().any(|workload| !workload.runs_untrusted_code));
    }

    const MEASURE: &str = "[[measure]]\nid = \"m\"\ntitle = \"m\"\nhead = \"M\"\nshows = [\"ratio\"]\nfacts = [\"startup.wall\"]\n";

    #[test]
    fn a_table_that_cannot_be_meant_is_refused_by_name() {
        let workload = |pays: &str| {
            format!(
                "{MEASURE}[[workload]]\nid = \"w\"\ntitle = \"W\"\nshort = \"w\"\nwhy = \"w\"\n\
                 runs_untrusted_code = true\npays = {{ {pays} }}\n"
            )
        };
        for (text, expected) in [
            (workload("speed = 2.0"), "the workload `w` pays in `speed`: known are m"),
            (workload("m = -1.0"), "the workload `w` pays m = -1: a number above 0 is wanted"),
            (workload("m = nan"), "a number above 0 is wanted"),
            (format!("{MEASURE}{MEASURE}"), "the measure `m` stands twice"),
        ] {
            let message = load_own(WORKLOADS, &text);
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("workloads.toml: "), "{message}");
        }
    }

    #[test]
    fn a_project_that_says_a_reason_in_no_words_is_told_which() {
        let message = load_own(REASONS, "trusted = \"x\"\n");
        assert!(message.contains("no words for the reason `own-kernel`"), "{message}");
    }

    #[test]
    fn a_fact_that_does_not_exist_is_named() {
        let text = MEASURE.replace("startup.wall", "startup.wal");
        let table: WorkloadTable = toml::from_str(&text).unwrap();
        let error = table.verify_facts(&CATALOGUE).unwrap_err();
        assert!(error.message.contains("names `startup.wal`"), "{error}");
        let text = format!("{MEASURE}scale = \"added-mib\"\n");
        let table: WorkloadTable = toml::from_str(&text).unwrap();
        let error = table.verify_facts(&CATALOGUE).unwrap_err();
        assert!(error.message.contains("`startup.wall`, which is not in kB"), "{error}");
    }
}
