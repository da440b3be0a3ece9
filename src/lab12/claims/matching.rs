//! Whether a captured fact is what a value states, certainly is not, or is what it was copied from.

use super::evidence_index::FactRef;
use super::figures::{KnownFigure, MAX_FIGURES};
use super::quantity::{DigitSlip, StatedValue, ValueHedge, find_slip, is_slip_of_digits};
use super::value_place::ValuePlace;
use crate::model::SampleUnit;

impl ValuePlace<'_> {
    /// Whether a fact is what is stated.
    pub(super) fn agrees_with_fact(&self, fact_ref: &FactRef) -> bool {
        let quantity = self.stated_quantity();
        let text = fact_ref.fact.as_str().unwrap_or_default();
        match &quantity.value {
            StatedValue::Seconds(_) => self.agreeing_figure(fact_ref).is_some(),
            StatedValue::Number(number, second) => fact_ref.known_number().is_some_and(|truth| {
                let readings = [Some(*number), *second];
                readings.into_iter().flatten().any(|stated| quantity.agrees_with(stated, truth))
            }),
            StatedValue::Rate(one, other) => fact_ref.bytes_per_second().is_some_and(|truth| {
                [one, other]
                    .iter()
                    .any(|stated| (**stated - truth).abs() <= quantity.half.max(truth * 0.03))
            }),
            StatedValue::Mask(mask) => {
                text.trim_start_matches("0x").trim_start_matches('0')
                    == mask.trim_start_matches('0')
            }
            StatedValue::Version(version) => is_version_prefix(text, version),
            StatedValue::Commit(commit) => text.eq_ignore_ascii_case(commit),
            StatedValue::Processor(name) => {
                let vendor = VENDORS.iter().find(|vendor| vendor.0 == name);
                let name = vendor.map_or_else(|| hyphenate_model(name), |one| one.1.into());
                is_within(&hyphenate_model(text), &name)
            }
            StatedValue::Address(address) => {
                let mut known = fact_ref.interface_addresses();
                known.any(|known| known.split('/').next() == Some(address))
            }
            _ => false,
        }
    }

    /// The figure of a series that a duration agrees with, in words.
    pub(super) fn agreeing_figure(&self, fact_ref: &FactRef) -> Option<String> {
        let seconds = self.in_seconds()?;
        let figures = self.index.known_figures(fact_ref);
        let wanted = self.figures_named();
        let figure = figures.all.iter().find(|figure| {
            is_wanted(figure, &wanted) && self.stated_quantity().agrees_with(seconds, figure.value)
        })?;
        let shown = crate::report::format_measured(figure.value, SampleUnit::Seconds);
        let single = fact_ref.fact.as_series().is_some_and(|samples| samples.values.len() == 1);
        Some(if single { shown } else { format!("{} {shown}", figure.name) })
    }

    /// Whether a fact says for certain something else than the value.
    pub(super) fn clashes_with_fact(&self, fact_ref: &FactRef) -> bool {
        let quantity = self.stated_quantity();
        let text = fact_ref.fact.as_str().unwrap_or_default();
        match &quantity.value {
            StatedValue::Seconds(seconds) => self.clashes_in_time(fact_ref, *seconds),
            StatedValue::Number(number, second) => fact_ref.known_number().is_some_and(|truth| {
                let readings = [Some(*number), *second];
                readings.into_iter().flatten().all(|stated| quantity.clashes_with(stated, truth))
            }),
            StatedValue::Rate(one, other) => fact_ref.bytes_per_second().is_some_and(|truth| {
                let is_far = |stated: &f64| (stated - truth).abs() > truth * 0.06;
                quantity.hedge == ValueHedge::Exact && is_far(one) && is_far(other)
            }),
            StatedValue::Version(version) => !text.is_empty() && !is_version_prefix(version, text),
            // Public addresses are pseudonyms in the evidence.
            StatedValue::Address(address) => {
                ["10.", "192.168.", "172."].iter().any(|start| address.starts_with(start))
                    && !fact_ref.own_addresses().is_empty()
            }
            StatedValue::Mask(_) | StatedValue::Commit(_) | StatedValue::Processor(_) => {
                !text.is_empty()
            }
            _ => false,
        }
    }

    fn clashes_in_time(&self, fact_ref: &FactRef, seconds: f64) -> bool {
        let figures = self.index.known_figures(fact_ref);
        let quantity = self.stated_quantity();
        let wanted = self.figures_named();
        // A single time is copied and not computed: it differs by a slip or not at all.
        let is_single = fact_ref.fact.as_series().is_some_and(|samples| samples.values.len() == 1);
        let is_copied = is_single || wanted == ["min"] || wanted == ["max"];
        let margin = if is_copied || self.is_sample_misnamed(fact_ref) { 0.005 } else { 0.02 };
        let is_far = |figure: &KnownFigure| {
            let distance = (seconds - figure.value).abs();
            quantity.clashes_with(seconds, figure.value)
                && distance > (margin * figure.value).max(2.0 * quantity.half)
        };
        let values = || figures.all.iter().map(|figure| figure.value);
        let (Some(low), Some(high)) = (values().reduce(f64::min), values().reduce(f64::max)) else {
            return false;
        };
        let is_outside = seconds + quantity.half < low * (1.0 - margin)
            || seconds - quantity.half > high * (1.0 + margin);
        (is_outside || !wanted.is_empty())
            && figures.all.iter().filter(|figure| is_wanted(figure, &wanted)).all(is_far)
    }

    /// Whether a sample of a series is called its median, or one figure by the name of another.
    pub(super) fn is_sample_misnamed(&self, fact_ref: &FactRef) -> bool {
        let figures = self.index.known_figures(fact_ref);
        let is_known = |seconds: f64| {
            let mut all = figures.all.iter();
            all.any(|figure| self.stated_quantity().agrees_with(seconds, figure.value))
        };
        self.figures_named().len() == 1 && self.in_seconds().is_some_and(is_known)
    }

    /// Whether the value is the captured one with a slip of the hand: a digit another, added or left
    /// out, two exchanged, the decimal point or the unit moved, one part of a name another.
    pub(super) fn is_miscopied(&self, fact_ref: &FactRef) -> bool {
        let stated = self.stated_text();
        let known = fact_ref.fact.as_str().unwrap_or_default();
        match &self.stated_quantity().value {
            StatedValue::Number(number, _) => fact_ref.known_number().is_some_and(|truth| {
                is_slip_of_digits(&format!("{number}"), &format!("{truth}"), 1)
            }),
            StatedValue::Seconds(seconds) => {
                let figures = self.index.known_figures(fact_ref);
                let wanted = self.figures_named();
                let all = figures.all.iter().filter(|figure| is_wanted(figure, &wanted));
                let mut known = all.take(MAX_FIGURES).map(|figure| figure.value);
                known.any(|known| self.is_slip_of_time(*seconds, known))
            }
            StatedValue::Rate(..) => self.is_shifted_rate(fact_ref),
            StatedValue::Address(_) => fact_ref.interface_addresses().any(|known| {
                let known = known.split('/').next().unwrap_or_default();
                is_host_address(stated)
                    && (find_slip(stated, known).is_some() || is_slip_of_digits(stated, known, 4))
            }),
            StatedValue::Version(_) | StatedValue::Mask(_) | StatedValue::Commit(_) => {
                let is_slip = |known: &str| find_slip(stated, known).is_some();
                known.get(..stated.len()).is_some_and(is_slip)
            }
            StatedValue::Processor(_) => {
                let stated = hyphenate_model(stated);
                let mut known = known.split(' ').map(hyphenate_model);
                known.any(|known| find_slip(&stated, &known).is_some())
            }
            _ => false,
        }
    }

    /// Whether a duration is stated as a bound that nothing that was measured keeps:
    /// “sub-millisecond” where the least sample took 3 ms.
    pub(super) fn is_bound_missed(&self, fact_ref: &FactRef) -> bool {
        let (Some(seconds), ValueHedge::Under) = (self.in_seconds(), self.stated_quantity().hedge)
        else {
            return false;
        };
        let figures = self.index.known_figures(fact_ref);
        !figures.all.is_empty() && figures.all.iter().all(|figure| figure.value > seconds * 1.5)
    }

    /// Whether a duration is the named figure in another unit: 3.1 s of 3.1 ms.
    pub(super) fn is_shifted_time(&self, fact_ref: &FactRef) -> bool {
        let Some(seconds) = self.in_seconds() else { return false };
        let figures = self.index.known_figures(fact_ref);
        let wanted = self.figures_named();
        let mut all = figures.all.iter().filter(|figure| is_wanted(figure, &wanted));
        all.any(|figure| {
            let moved = [1000.0, 0.001, 10.0, 0.1].map(|factor| figure.value * factor);
            let quantity = self.stated_quantity();
            quantity.digits > 1 && moved.iter().any(|one| quantity.agrees_with(seconds, *one))
        })
    }

    /// Whether a rate is the captured one in another unit: 12.8 MB/s of 12.8 GB/s.
    pub(super) fn is_shifted_rate(&self, fact_ref: &FactRef) -> bool {
        let StatedValue::Rate(stated, _) = self.stated_quantity().value else { return false };
        fact_ref.bytes_per_second().is_some_and(|truth| {
            let moved = [1e3, 1e-3, 1e6, 1e-6].map(|factor| stated * factor);
            // dd calls both units GB.
            moved.iter().any(|one| (one - truth).abs() <= truth * 0.08)
        })
    }

    /// Whether two digits of a captured time of four or of a release are exchanged: nobody measures
    /// that.
    pub(super) fn is_transposed(&self, fact_ref: &FactRef) -> bool {
        if let StatedValue::Version(stated) = &self.stated_quantity().value {
            let known = fact_ref.fact.as_str().and_then(|known| known.get(..stated.len()));
            return known
                .is_some_and(|known| find_slip(stated, known) == Some(DigitSlip::Exchanged));
        }
        let stated = self.stated_text().trim_end_matches(|c: char| !c.is_ascii_digit());
        let figures = self.index.known_figures(fact_ref);
        let mut all = figures.all.iter().take(MAX_FIGURES);
        self.in_seconds().is_some()
            && self.stated_quantity().digits >= 4
            && all.any(|figure| {
                let known = format!("{:.3}", figure.value);
                find_slip(&stated.replace(',', "."), &known) == Some(DigitSlip::Exchanged)
            })
    }

    fn is_slip_of_time(&self, seconds: f64, known: f64) -> bool {
        let text = self.stated_text().trim_end_matches(|c: char| !c.is_ascii_digit());
        let decimals = text.rsplit_once(['.', ',']).map_or(0, |(_, fraction)| fraction.len());
        let Some(scale) = self.raw_number().filter(|raw| *raw > 0.0).map(|raw| seconds / raw)
        else {
            return false;
        };
        let digits = |number: f64| format!("{number:.decimals$}");
        // Also with the digits that the stated value has left.
        let shifted = [0.01, 0.1, 10.0, 100.0, 1000.0, 0.001].iter().any(|factor| {
            let moved = known * factor;
            self.stated_quantity().agrees_with(seconds, moved) && self.stated_quantity().digits > 1
        });
        shifted || is_slip_of_digits(&digits(seconds / scale), &digits(known / scale), 3)
    }
}

/// Whether an address is neither a network's, its broadcast address nor the usual one of its gateway.
pub(super) fn is_host_address(address: &str) -> bool {
    let last = address.rsplit('.').next().unwrap_or_default();
    !["0", "1", "255"].contains(&last)
}

/// What processors call their vendor, and what their models do.
const VENDORS: &[(&str, &str)] = &[("GenuineIntel", "intel"), ("AuthenticAMD", "amd")];

/// Whether a figure is one of those that are named, or none is.
pub(super) fn is_wanted(figure: &KnownFigure, wanted: &[&str]) -> bool {
    wanted.is_empty()
        || wanted.contains(&figure.name)
        || figure.name == "sample" && wanted.len() > 1
        || figure.name == "median" && wanted == ["mean"]
}

fn hyphenate_model(text: &str) -> String {
    text.to_lowercase().replace("(r)", "").replace("(tm)", "").replace(' ', "-")
}

/// Whether `version` is `known`, or its beginning up to a dot or dash.
fn is_version_prefix(known: &str, version: &str) -> bool {
    known
        .strip_prefix(version)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+', '_']))
}

/// Whether `part` stands in `text` with no letter or digit next to it.
fn is_within(text: &str, part: &str) -> bool {
    text.match_indices(part).any(|(at, _)| {
        let letter = |c: char| c.is_alphanumeric();
        !text[..at].ends_with(letter) && !text[at + part.len()..].starts_with(letter)
    })
}
