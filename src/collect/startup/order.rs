//! The order of the starts.

/// Random orders from a seed (xorshift64*, Vigna 2016), so that a session's order can be made
/// again from its id.
pub struct Order {
    state: u64,
}

impl Order {
    /// Orders from a seed (FNV-1a of its bytes).
    pub fn new(seed: &str) -> Self {
        let state = seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { state: state.max(1) }
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// The numbers below `count` in random order (Fisher and Yates).
    pub fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut list: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            let other = (self.next() >> 33) as usize % (last + 1);
            list.swap(last, other);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_permutations_that_a_seed_repeats() {
        let (mut one, mut other) = (Order::new("a"), Order::new("a"));
        let mut first_places = [0; 4];
        for _ in 0..400 {
            let order = one.shuffled(4);
            assert_eq!(order, other.shuffled(4));
            first_places[order[0]] += 1;
            let mut sorted = order;
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3]);
        }
        assert!(first_places.iter().all(|&n| n > 60), "{first_places:?}");
    }
}
