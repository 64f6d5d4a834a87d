//! Smooth weighted round robin, as nginx introduced it (commit 52327e0627f4, "upstream: smooth weighted
//! round-robin balancing"): each turn every peer gains its weight, the richest is chosen and pays the sum.
//! Over any run of as many turns as the weights' sum, each peer is chosen exactly as often as its weight says,
//! and its turns are spread evenly within the run.

/// The peers' weights and what each has gained so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Balance {
    weights: Vec<u32>,
    gained: Vec<i64>,
}

impl Balance {
    /// Starts with nothing gained; equal weights are then chosen in the order given.
    pub(super) fn new(weights: Vec<u32>) -> Self {
        let gained = vec![0; weights.len()];
        Self { weights, gained }
    }

    /// The index of the peer whose turn it is, or `None` when no weight is over 0.
    pub(super) fn next(&mut self) -> Option<usize> {
        let sum: i64 = self.weights.iter().map(|weight| i64::from(*weight)).sum();
        let mut richest: Option<usize> = None;
        for (index, weight) in self.weights.iter().enumerate() {
            if *weight == 0 {
                continue;
            }
            self.gained[index] += i64::from(*weight);
            if richest.is_none_or(|best| self.gained[index] > self.gained[best]) {
                richest = Some(index);
            }
        }
        let chosen = richest?;
        self.gained[chosen] -= sum;
        Some(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(balance: &mut Balance, turns: usize) -> Vec<usize> {
        let mut counts = vec![0; balance.weights.len()];
        for _ in 0..turns {
            counts[balance.next().unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn shares_are_exact_over_every_run_of_the_weights_sum() {
        for weights in [vec![1, 1], vec![95, 5], vec![1, 99], vec![50, 30, 20], vec![7, 0, 3], vec![1]] {
            let sum: u32 = weights.iter().sum();
            let mut balance = Balance::new(weights.clone());
            for start in 0..3 {
                let expected: Vec<usize> = weights.iter().map(|weight| *weight as usize).collect();
                assert_eq!(counts(&mut balance, sum as usize), expected, "weights {weights:?} run {start}");
            }
        }
    }

    #[test]
    fn turns_are_spread_and_not_bunched() {
        let mut balance = Balance::new(vec![5, 1, 1]);
        let turns: Vec<_> = (0..7).map(|_| balance.next().unwrap()).collect();
        assert_eq!(turns, [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn no_weight_means_no_turn() {
        assert_eq!(Balance::new(vec![]).next(), None);
        assert_eq!(Balance::new(vec![0, 0]).next(), None);
    }

    #[test]
    fn the_largest_weights_do_not_overflow() {
        let mut balance = Balance::new(vec![u32::MAX; 64]);
        assert!(counts(&mut balance, 640).iter().all(|count| *count == 10));
    }
}
