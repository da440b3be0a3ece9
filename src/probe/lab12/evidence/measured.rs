//! What was measured or counted under each runtime, and where either edition keeps it.

use super::Evidence;
use crate::model::{Edition, Fact, Source, Unit};
use crate::probe::lab12::label::Who;
use crate::probe::lab12::page::Page;
use crate::probe::lab12::read::{self, Read};
use crate::probe::lab12::{counts, latency, results, timing};

impl Evidence<'_> {
    pub(super) fn startup(&self, who: Who, edition: Edition) -> Fact {
        let own =
            if who == Who::Runc { "bench/runc-startup.txt" } else { "bench/kata-startup.txt" };
        let newer =
            if who == Who::Runc { "results/runc-startup.txt" } else { "results/kata-startup.txt" };
        let places = match edition {
            Edition::F25 => ["bench/startup.txt", own, "results/startup.txt", newer],
            Edition::S26 => ["results/startup.txt", newer, "bench/startup.txt", own],
        };
        self.first(&places, places[0], |page| series(page, timing::startup(page, who)))
    }

    /// The samples from their own file, or else from within the summary.
    pub(super) fn latency(&self) -> Fact {
        let places = ["bench/curl-3012.txt", "bench/http-latency.txt"];
        let own = self.on(places[0], |page| series(page, latency::samples(page)));
        if own.is_present() {
            return own;
        }
        let within = self.pages.get(places[1]).map(|page| series(page, latency::samples(page)));
        within.filter(Fact::is_present).unwrap_or(own)
    }

    pub(super) fn put_newer(&self, put: &mut impl FnMut(&str, Who, Fact), edition: Edition) {
        type Reader = fn(&Page, Who) -> Fact;
        let asks: [(&str, [&str; 3], Reader); 3] = [
            (
                "perf.io_write",
                ["results/io.txt", "results/runc-io.txt", "results/kata-io.txt"],
                |page, who| read::fact(page, results::io_write(page, who)),
            ),
            (
                "dev.entries",
                ["results/devices.txt", "results/runc-devices.txt", "results/kata-devices.txt"],
                |page, who| read::fact(page, counts::count(page, who)),
            ),
            (
                "priv.cap_eff",
                ["results/caps.txt", "results/runc-caps.txt", "results/kata-caps.txt"],
                |page, who| read::fact(page, results::cap_eff(page, who)),
            ),
        ];
        for (id, [both, runc, kata], reader) in asks {
            for (who, own) in [(Who::Runc, runc), (Who::Kata, kata)] {
                let places = [own, both];
                let found = places.iter().any(|path| self.pages.contains_key(path));
                if found || edition == Edition::S26 {
                    let canonical = if id == "perf.io_write" { both } else { own };
                    let fact = self.first(&places, canonical, |page| reader(page, who));
                    let beside = (id == "priv.cap_eff").then(|| self.mask_beside_kernel(who));
                    put(id, who, beside.flatten().filter(|_| !fact.is_present()).unwrap_or(fact));
                }
            }
        }
    }

    /// A mask that stands in the file of the kernel, where one command printed both.
    fn mask_beside_kernel(&self, who: Who) -> Option<Fact> {
        let page = self.pages.get(match who {
            Who::Kata => "results/kata-kernel.txt",
            _ => "results/runc-kernel.txt",
        })?;
        Some(read::fact(page, results::cap_eff(page, who))).filter(Fact::is_present)
    }
}

fn series(page: &Page, read: Read<Vec<f64>>) -> Fact {
    match read {
        Ok(found) => {
            Fact::series(found.value, Unit::Seconds, Source::new(page.capture, found.line))
        }
        Err(miss) => read::missing(page, miss),
    }
}
