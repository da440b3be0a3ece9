//! Ranks of pooled samples; equal samples share the mean of their ranks.

/// Twice the rank, counted from 1, of each sample in its order (doubled, so that the shared rank
/// of an even number of equal samples is whole), and whether any are equal.
pub(super) fn doubled_midranks(pooled: &[f64]) -> (Vec<usize>, bool) {
    let mut order: Vec<usize> = (0..pooled.len()).collect();
    order.sort_by(|&one, &other| pooled[one].total_cmp(&pooled[other]));
    let mut ranks = vec![0; pooled.len()];
    let mut first = 0;
    let mut ties = false;
    for group in order.chunk_by(|&one, &other| pooled[one] == pooled[other]) {
        // The ranks of the group are first + 1 to first + len: twice their mean.
        for &place in group {
            ranks[place] = 2 * first + group.len() + 1;
        }
        ties |= group.len() > 1;
        first += group.len();
    }
    (ranks, ties)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_share_the_mean_of_their_ranks() {
        assert_eq!(doubled_midranks(&[3.0, 1.0, 2.0]), (vec![6, 2, 4], false));
        assert_eq!(doubled_midranks(&[1.0, 2.0, 2.0, 3.0]), (vec![2, 5, 5, 8], true));
    }
}
