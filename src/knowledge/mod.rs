//! What is known beforehand, as data: the faults that engines and shims report.

pub mod faults;
