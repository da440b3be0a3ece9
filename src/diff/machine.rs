//! Machines: which runs were made on one that is as fast as another.
//!
//! Times are compared only between sessions of like machines. What counts is what limits the
//! speed and cannot be upgraded by a package: processor model and count, memory, architecture,
//! and what the firmware says it is. The host's kernel, the engine and the shims are left out on
//! purpose: an upgrade of theirs is what a comparison is to judge, so the history has to survive
//! it. Names and addresses are left out too, because ten machines of one type in a data centre
//! are like each other.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Fact, FactId, Role, Run, fact_ids};

/// The facts that tell machines apart, apart from memory.
const IDENTITY_FACTS: &[FactId] = &[
    fact_ids::CPU_MODEL,
    fact_ids::CPU_COUNT,
    fact_ids::KERNEL_MACHINE,
    fact_ids::HW_DMI_PRODUCT_NAME,
];

const MEMORY_ID: FactId = fact_ids::MEM_TOTAL_KB;

pub(crate) fn telling_facts() -> impl Iterator<Item = FactId<'static>> {
    IDENTITY_FACTS.iter().copied().chain([MEMORY_ID])
}

/// The facts without which nothing is known about a machine.
const NEEDED: [FactId; 2] = [fact_ids::CPU_MODEL, fact_ids::CPU_COUNT];

/// How far the memory of one machine may differ, as a share: the kernel's own part of it changes
/// with its version.
const MEMORY: f64 = 0.05;

/// What is known about the speed of a machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct MachineProfile {
    told_by: BTreeMap<String, String>,
    /// In kB.
    memory: Option<f64>,
}

impl MachineProfile {
    /// The machine of a run; none if the run does not say enough to know it again.
    pub(crate) fn of_run(run: &Run) -> Option<Self> {
        let host = &run.with_role(Role::Host).next()?.name;
        let mut told_by = BTreeMap::new();
        for id in IDENTITY_FACTS {
            if let Some(value) = run.find_fact(*id, host).and_then(Fact::as_value) {
                told_by.insert(id.to_string(), super::value::value_text(value));
            }
        }
        let memory = run.find_fact(MEMORY_ID, host).and_then(|fact| fact.as_value()?.as_f64());
        NEEDED.iter().all(|id| told_by.contains_key(&**id)).then_some(Self { told_by, memory })
    }

    /// Whether times on one say something about times on the other.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let memory = match (self.memory, other.memory) {
            (Some(a), Some(b)) => (a - b).abs() <= MEMORY * a.max(b),
            (a, b) => a.is_none() && b.is_none(),
        };
        memory && self.told_by == other.told_by
    }

    pub(crate) fn describe_machine(&self) -> String {
        let [model, count, product] =
            [fact_ids::CPU_MODEL, fact_ids::CPU_COUNT, fact_ids::HW_DMI_PRODUCT_NAME]
                .map(|id| self.told_by.get(&*id).map(String::as_str));
        let (model, count) = (model.unwrap_or_default(), count.unwrap_or_default());
        let mut words = format!("{model}, {count} processors");
        if let Some(memory) = self.memory {
            words.push_str(&format!(", {:.1} GiB", memory / f64::from(1 << 20)));
        }
        if let Some(product) = product {
            words.push_str(&format!(", {product}"));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::rules::testing::{Sketch, sketch};

    fn machine(model: &str, memory: u64, release: &str) -> Sketch {
        sketch()
            .fact("cpu.model", "host", model)
            .fact("cpu.count", "host", 4)
            .fact("mem.total_kb", "host", memory)
            .fact("kernel.release", "host", release)
    }

    fn like(a: &Sketch, b: &Sketch) -> bool {
        MachineProfile::of_run(&a.run).unwrap().is_like(&MachineProfile::of_run(&b.run).unwrap())
    }

    #[test]
    fn a_machine_stays_itself_under_another_kernel() {
        let before = machine("EPYC", 16_384_000, "6.1");
        assert!(like(&before, &machine("EPYC", 16_300_000, "6.12")));
        assert!(!like(&before, &machine("EPYC", 8_192_000, "6.1")));
        assert!(!like(&before, &machine("Xeon", 16_384_000, "6.1")));
    }

    #[test]
    fn a_run_that_does_not_name_its_processor_has_no_machine() {
        assert_eq!(MachineProfile::of_run(&sketch().fact("cpu.count", "host", 4).run), None);
    }
}
