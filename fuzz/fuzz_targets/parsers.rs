//! The output of a probe.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| isoproof_fuzz::check_parsers(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    isoproof_fuzz::mutation::mutate(data, size, max_size, seed, fuzzer_mutate)
});
