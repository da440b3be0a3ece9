//! What was measured or counted under each runtime, and where either edition keeps it.

use super::pages::EvidencePages;
use crate::lab12::edition::Edition;
use crate::lab12::readers::label::EvidenceRole;
use crate::lab12::readers::page::EvidencePage;
use crate::lab12::readers::read::{self, ReadResult};
use crate::lab12::readers::{latency, results, timing};
use crate::model::{Fact, FactId, FactSource, SampleUnit, fact_ids};

impl EvidencePages<'_> {
    pub(super) fn startup_fact(&self, who: EvidenceRole, edition: Edition) -> Fact {
        let (own, newer) = match who {
            EvidenceRole::Runc => ("bench/runc-startup.txt", "results/runc-startup.txt"),
            _ => ("bench/kata-startup.txt", "results/kata-startup.txt"),
        };
        let all = "bench/startup-samples.txt";
        let places = match edition {
            Edition::F25 => ["bench/startup.txt", all, own, "results/startup-bench.txt", newer],
            Edition::S26 => ["results/startup-bench.txt", newer, "bench/startup.txt", all, own],
        };
        // A file of all samples says more than one that holds a single start.
        let samples = self.pages.get(all).map(|page| timing::read_startup_times(page, who));
        if let (Some(Ok(found)), Some(page)) = (samples, self.pages.get(all))
            && found.value.len() > 1
        {
            return series_fact(page, Ok(found));
        }
        self.first_fact_from_slots(&places, places[0], |page| {
            series_fact(page, timing::read_startup_times(page, who))
        })
    }

    /// The samples from their own file, or else from within the summary.
    pub(super) fn latency_fact(&self) -> Fact {
        let places = ["bench/curl-3012.txt", "bench/http-latency.txt"];
        let own = self.fact_from_slot(places[0], |page| {
            series_fact(page, latency::read_latency_samples(page))
        });
        if own.is_present() {
            return own;
        }
        let within = self
            .pages
            .get(places[1])
            .map(|page| series_fact(page, latency::read_latency_samples(page)));
        within.filter(Fact::is_present).unwrap_or(own)
    }

    pub(super) fn put_newer(
        &self,
        put: &mut impl FnMut(FactId, EvidenceRole, Fact),
        edition: Edition,
    ) {
        type Reader = fn(&EvidencePage, EvidenceRole) -> Fact;
        let asks: [(FactId, [&str; 3], Reader); 3] = [
            (
                fact_ids::PERF_IO_WRITE,
                ["results/io-bench.txt", "results/runc-io.txt", "results/kata-io.txt"],
                |page, who| read::fact_from_read(page, results::io_write(page, who)),
            ),
            (
                fact_ids::DEV_ENTRIES,
                ["results/devices.txt", "results/runc-devs.txt", "results/kata-devs.txt"],
                |page, who| read::fact_from_read(page, results::device_entries(page, who)),
            ),
            (
                fact_ids::PRIV_CAP_EFF,
                ["results/caps.txt", "results/runc-caps.txt", "results/kata-caps.txt"],
                |page, who| read::fact_from_read(page, results::cap_eff(page, who)),
            ),
        ];
        for (id, [both, runc, kata], reader) in asks {
            for (who, own) in [(EvidenceRole::Runc, runc), (EvidenceRole::Kata, kata)] {
                let places = [own, both];
                let found = places.iter().any(|path| self.pages.contains_key(path));
                if id == fact_ids::PERF_IO_WRITE {
                    let mut pages = places.iter().filter_map(|path| self.pages.get(path));
                    let rate =
                        pages.find_map(|page| Some((page, results::io_write_rate(page, who)?)));
                    if let Some((page, rate)) = rate {
                        put(
                            fact_ids::PERF_IO_WRITE_RATE,
                            who,
                            read::fact_from_read(page, Ok(rate)),
                        );
                    }
                }
                if found || edition == Edition::S26 {
                    let canonical = if id == fact_ids::PERF_IO_WRITE { both } else { own };
                    let fact =
                        self.first_fact_from_slots(&places, canonical, |page| reader(page, who));
                    let beside =
                        (id == fact_ids::PRIV_CAP_EFF).then(|| self.mask_beside_kernel(who));
                    put(id, who, beside.flatten().filter(|_| !fact.is_present()).unwrap_or(fact));
                }
            }
        }
    }

    /// The other masks, which nobody asks for, where they stand next to the effective one.
    pub(super) fn put_masks(&self, put: &mut impl FnMut(FactId, EvidenceRole, Fact)) {
        const MASKS: [(FactId, &str); 4] = [
            (fact_ids::PRIV_CAP_INH, "CapInh"),
            (fact_ids::PRIV_CAP_PRM, "CapPrm"),
            (fact_ids::PRIV_CAP_BND, "CapBnd"),
            (fact_ids::PRIV_CAP_AMB, "CapAmb"),
        ];
        let own = [
            (EvidenceRole::Runc, "results/runc-caps.txt"),
            (EvidenceRole::Kata, "results/kata-caps.txt"),
        ];
        for (who, path) in own {
            for (id, key) in MASKS {
                let found = [path, "results/caps.txt"].into_iter().find_map(|path| {
                    let page = self.pages.get(path)?;
                    let mask = results::keyed_mask(page, who, key).ok()?;
                    Some(read::fact_from_read(page, Ok(mask)))
                });
                if let Some(fact) = found {
                    put(id, who, fact);
                }
            }
        }
    }

    /// A mask that stands in the file of the kernel, where one command printed both.
    fn mask_beside_kernel(&self, who: EvidenceRole) -> Option<Fact> {
        let page = self.pages.get(match who {
            EvidenceRole::Kata => "results/kata-kernel.txt",
            _ => "results/runc-kernel.txt",
        })?;
        Some(read::fact_from_read(page, results::cap_eff(page, who))).filter(Fact::is_present)
    }
}

fn series_fact(page: &EvidencePage, read: ReadResult<Vec<f64>>) -> Fact {
    match read {
        Ok(found) => Fact::series(
            found.value,
            SampleUnit::Seconds,
            FactSource::new(page.capture, found.line),
        ),
        Err(miss) => read::missing_on_page(page, miss),
    }
}
