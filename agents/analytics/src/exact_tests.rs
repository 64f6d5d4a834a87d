use super::*;

fn summed(from: u32, to: u32, trials: u32, p: f64) -> f64 {
    let mut all = vec![1.0];
    for _ in 0..trials {
        let mut next = vec![0.0; all.len() + 1];
        for (k, chance) in all.iter().enumerate() {
            next[k] += chance * (1.0 - p);
            next[k + 1] += chance * p;
        }
        all = next;
    }
    all[from as usize..=to as usize].iter().sum()
}

#[test]
fn binomial_tails_equal_the_sum_of_their_terms() {
    for trials in [1_u32, 2, 7, 40, 333] {
        for p in [0.001, 0.01, 0.05, 0.2, 0.5, 0.9] {
            for k in [0, 1, trials / 10, trials / 3, trials / 2, trials - 1, trials] {
                let upper = binomial_at_least(f64::from(k), f64::from(trials), p);
                let lower = binomial_at_most(f64::from(k), f64::from(trials), p);
                let (upper_sum, lower_sum) = (summed(k, trials, trials, p), summed(0, k, trials, p));
                assert!(
                    (upper - upper_sum).abs() <= 1e-9 * upper_sum + 1e-13,
                    "{k}/{trials} {p}: {upper} {upper_sum}"
                );
                assert!(
                    (lower - lower_sum).abs() <= 1e-9 * lower_sum + 1e-13,
                    "{k}/{trials} {p}: {lower} {lower_sum}"
                );
            }
        }
    }
}

#[test]
fn far_tails_keep_their_relative_precision() {
    let p = binomial_at_least(20.0, 20.0, 0.1);
    assert!((p / 1e-20 - 1.0).abs() < 1e-9, "{p}");
    assert!(binomial_at_least(60_000.0, 1_000_000.0, 0.05) < 1e-100);
    assert!((binomial_at_least(50_000.0, 1_000_000.0, 0.05) - 0.5).abs() < 0.01);
}

#[test]
fn the_normal_tail_has_its_textbook_values() {
    for (z, expected) in [
        (0.0, 0.5),
        (1.0, 0.158_655_253_9),
        (1.959_963_985, 0.025),
        (3.0, 1.349_898e-3),
        (6.0, 9.865_876e-10),
        (-1.0, 0.841_344_746),
    ] {
        let got = normal_above(z);
        assert!((got / expected - 1.0).abs() < 1e-6, "{z}: {got} {expected}");
    }
}

#[test]
fn the_lower_limit_is_clopper_and_pearsons() {
    // 5 of 100 at 2.5 %: 1.64 % in every table.
    assert!((lower_limit(5.0, 100.0, 0.025) - 0.016_43).abs() < 1e-4);
    assert_eq!(lower_limit(0.0, 100.0, 0.025), 0.0);
}

#[test]
fn a_share_that_only_the_canary_has_is_a_power_of_its_share() {
    assert!((larger_share(5.0, 100.0, 0.0, 400.0) - 0.2_f64.powi(5)).abs() < 1e-12);
    assert_eq!(larger_share(0.0, 100.0, 3.0, 400.0), 1.0);
}
