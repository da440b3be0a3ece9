//! What several files state of one kernel or processor, and whether they agree.

use std::sync::LazyLock;

use regex::Regex;

use super::RuleContext;
use crate::model::{FactId, fact_ids};
use crate::probe::kernel_name::stated_release;
use crate::text::have_equal_words;

/// Two facts of a target that state the same thing, differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disagreement<'a> {
    pub one: FactId<'static>,
    pub other: FactId<'static>,
    /// What the one states.
    pub first: &'a str,
    /// What the other states.
    pub second: &'a str,
}

/// `Fri Nov 14 15:34:06 UTC 2025`, as kernels and `date` print it.
pub(super) static DATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?-u)\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(\d{1,2}) (\d\d:\d\d:\d\d) (?:[A-Z]{2,5} |[+-]\d{2,4} )?(\d{4})\b",
    )
    .unwrap_or_else(|error| unreachable!("{error}"))
});

type ReadStatement = fn(&str) -> Option<&str>;

/// Pairs of facts, and what of either is compared.
const PAIRS: &[(FactId, FactId, ReadStatement)] = &[
    (fact_ids::KERNEL_RELEASE, fact_ids::KERNEL_RELEASE_COMPARED, stated_release),
    (fact_ids::KERNEL_RELEASE, fact_ids::KERNEL_UNAME, stated_release),
    (fact_ids::KERNEL_RELEASE, fact_ids::KERNEL_DMESG_BANNER, stated_release),
    (fact_ids::KERNEL_UNAME, fact_ids::KERNEL_BANNER, stated_build),
    (fact_ids::KERNEL_UNAME, fact_ids::KERNEL_DMESG_BANNER, stated_build),
    (fact_ids::KERNEL_BANNER, fact_ids::KERNEL_DMESG_BANNER, stated_build),
    (fact_ids::CPU_MODEL, fact_ids::CPU_MODEL_COMPARED, |text| Some(text)),
];

/// Where the files of a target disagree about its kernel or its processor.
pub(crate) fn find_disagreements<'a>(
    context: &RuleContext<'a>,
    target: &str,
) -> Vec<Disagreement<'a>> {
    let mut found: Vec<Disagreement> = Vec::new();
    for &(one, other, read) in PAIRS {
        let stated = [one, other].map(|id| context.fact_text(id, target).and_then(read));
        let [Some(first), Some(second)] = stated else { continue };
        let is_known = found.iter().any(|d| (d.first, d.second) == (first, second));
        if !have_equal_words(first, second) && !is_known {
            found.push(Disagreement { one, other, first, second });
        }
    }
    found
}

/// The build in a kernel's line, `#1 SMP Fri Nov 14 15:34:06 UTC 2025`, where its date is whole.
fn stated_build(text: &str) -> Option<&str> {
    let start = text.find(" #")? + 1;
    let date = DATE.find(&text[start..])?;
    text.get(start..start + date.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_what_both_lines_of_a_kernel_hold() {
        let build = "#1 SMP Fri Nov 14 15:34:06 UTC 2025";
        let uname = "Linux 521fcc5db8fe 6.12.47 #1 SMP Fri Nov 14 15:34:06 UTC 2025 x86_64 Linux";
        let banner = "Linux version 6.12.47 (@x) (gcc 11) #1 SMP Fri Nov 14 15:34:06 UTC 2025";
        assert_eq!((stated_build(uname), stated_build(banner)), (Some(build), Some(build)));
        assert_eq!(stated_build("Linux version 6.12.47 (@x) (gcc 11) #1 SMP Fri Nov 14"), None);
    }
}
