//! Random numbers from a seed.
//!
//! xorshift64* (Vigna, *An experimental exploration of Marsaglia's xorshift generators*, 2016):
//! ten lines, and the same figures on every machine and in every version of the program, which
//! no crate promises.

#[derive(Debug, Clone)]
pub(crate) struct RandomSequence(u64);

impl RandomSequence {
    pub(crate) fn new(seed: u64) -> Self {
        // Zero would stay zero; seeds that differ in one bit must differ at once (splitmix64).
        let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self((mixed ^ (mixed >> 31)).max(1))
    }

    pub(crate) fn next_bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A whole number below `bound`, which must not be zero. The bias is below `bound`/2^64.
    pub(crate) fn next_below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next_bits()) * bound as u128;
        #[allow(clippy::cast_possible_truncation, reason = "below `bound`, which is a usize")]
        let below = (wide >> 64) as usize;
        below
    }

    pub(crate) fn shuffled_order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        self.shuffle_slice(&mut order);
        order
    }

    /// Puts a slice into random order (Fisher and Yates).
    pub(crate) fn shuffle_slice<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.next_below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_order_and_another_seed_another() {
        let order = |seed| {
            let mut items: Vec<u32> = (0..20).collect();
            RandomSequence::new(seed).shuffle_slice(&mut items);
            items
        };
        assert_eq!(order(0), order(0));
        assert_ne!(order(0), order(1));
    }

    #[test]
    fn numbers_below_a_bound_are_evenly_spread() {
        let mut random = RandomSequence::new(7);
        let mut counts = [0u32; 6];
        (0..6000).for_each(|_| counts[random.next_below(6)] += 1);
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }
}
