//! A mutation that libFuzzer does not have: the same piece many times, which is what readers that
//! nest or that search again for every piece break on.

/// Changes the first `size` bytes of `data` and returns the new size: one in 32 times by
/// repeating a piece, else as `by_default` does.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    by_default: impl FnOnce(&mut [u8], usize, usize) -> usize,
) -> usize {
    if seed.is_multiple_of(32) && size > 0 && size < max_size.min(data.len()) {
        return repeat_piece(data, size, max_size, seed);
    }
    by_default(data, size, max_size)
}

/// Repeats a piece of the first `size` bytes within `data`, and returns the new size.
fn repeat_piece(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let max_size = max_size.min(data.len());
    let mut state = u64::from(seed) | 1 << 32;
    let mut below = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % bound
    };
    let start = below(size);
    let length = 1 + below((size - start).min(64));
    // From twice to tens of thousands of times.
    let growth = (length << below(17)).min(max_size - size);
    data.copy_within(start + length..size, start + length + growth);
    for at in start + length..start + length + growth {
        data[at] = data[at - length];
    }
    size + growth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_repeated_and_the_rest_stays() {
        let mut sizes = Vec::new();
        for seed in 0..500 {
            let mut data = [0; 1000];
            data[..6].copy_from_slice(b"abcdef");
            let size = repeat_piece(&mut data, 6, 900, seed);
            assert!(size > 6 && size <= 900);
            assert_eq!(data[0], b'a');
            assert!(data[..size].iter().all(|byte| byte.is_ascii_lowercase()));
            assert!(data[size..].iter().all(|&byte| byte == 0));
            sizes.push(size);
        }
        assert!(sizes.iter().any(|&size| size < 20) && sizes.contains(&900), "{sizes:?}");
    }

    #[test]
    fn what_is_empty_or_full_is_changed_by_default() {
        for (size, max_size) in [(0, 10), (10, 10), (9, 5)] {
            assert_eq!(mutate(&mut [0; 10], size, max_size, 32, |_, _, _| 77), 77);
        }
        assert_eq!(mutate(&mut [0; 10], 5, 10, 9, |_, _, _| 77), 77);
        assert_ne!(mutate(&mut [0; 10], 5, 10, 32, |_, _, _| 77), 77);
    }
}
