//! What a reader looks for in tables, and the heads that name it.

use super::vocabulary::table::{COMPARISONS, NEUTRAL};
use super::words::{self, has_word};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableMeasure {
    Start,
    Kernel,
    Cpu,
    /// Entries of `/proc`.
    Proc,
    /// Entries of `/sys/module`.
    Modules,
    /// Entries of `/dev`.
    Devices,
}

/// The words by which heads name what is measured; those with a star begin so.
const MEASURES: [(TableMeasure, &str); 6] = [
    (
        TableMeasure::Start,
        "start* boot* time times real réel elapsed wall duration took seconds 启动*",
    ),
    (TableMeasure::Kernel, "kernel* uname release releases linux ядр* noyau núcleo 内核*"),
    (TableMeasure::Cpu, "cpu cpus processor processors model modell процессор* prozessor"),
    (TableMeasure::Proc, "proc procfs process processes процесс процессов процессы"),
    (TableMeasure::Modules, "module* модул*"),
    (TableMeasure::Devices, "dev device* устройств*"),
];

impl TableMeasure {
    /// Whether values under a head of these words can be of this measure: it names it, or nothing
    /// else. Of words that are not known it is not known.
    pub(super) fn is_meant_by(self, head: &str) -> bool {
        let mut named = MEASURES.iter().filter(|(_, list)| has_word(head, list));
        let is_other_time = self == Self::Start && has_word(head, "zeit startzeit врем* запуск*");
        if has_word(head, COMPARISONS) {
            return false;
        }
        named.clone().any(|(measure, _)| *measure == self)
            || is_other_time
            || words::split_words(head).next().is_none()
            || has_word(head, NEUTRAL) && named.next().is_none()
    }
}
