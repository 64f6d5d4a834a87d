//! Tails of the binomial and normal distributions.
//!
//! The binomial tail is the regularised incomplete beta function (Abramowitz and Stegun 26.5.24), so counts may
//! be real numbers: a count divided by its design effect needs no rounding. The continued fraction is Lentz's
//! (Press et al., Numerical Recipes, 6.4), the log-gamma function Lanczos's (g = 7, nine terms).

const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

/// The natural logarithm of the gamma function, for `x` > 0.
pub fn ln_gamma(x: f64) -> f64 {
    let x = x - 1.0;
    let mut sum = LANCZOS[0];
    for (place, coefficient) in LANCZOS.iter().enumerate().skip(1) {
        sum += coefficient / (x + place as f64);
    }
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// The regularised incomplete beta function I_x(a, b), for `a`, `b` > 0 and `x` from 0 to 1.
pub fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let log_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln();
    // The fraction converges fast on this side of the mean; the other side is its complement.
    if x < (a + 1.0) / (a + b + 2.0) {
        (log_front.exp() * beta_fraction(x, a, b) / a).clamp(0.0, 1.0)
    } else {
        (1.0 - log_front.exp() * beta_fraction(1.0 - x, b, a) / b).clamp(0.0, 1.0)
    }
}

fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    // It needs about the square root of the larger count; the bound only stops a call with absurd numbers.
    for step in 1..20_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-14 {
            break;
        }
    }
    fraction
}

/// The chance of `successes` or more in `trials`, each with chance `p`. Both counts may be real numbers.
pub fn binomial_at_least(successes: f64, trials: f64, p: f64) -> f64 {
    if successes <= 0.0 {
        1.0
    } else if successes > trials {
        0.0
    } else {
        incomplete_beta(p, successes, trials - successes + 1.0)
    }
}

/// The chance of `successes` or fewer in `trials`, each with chance `p`. Both counts may be real numbers.
pub fn binomial_at_most(successes: f64, trials: f64, p: f64) -> f64 {
    if successes < 0.0 {
        0.0
    } else if successes >= trials {
        1.0
    } else {
        incomplete_beta(1.0 - p, trials - successes, successes + 1.0)
    }
}

/// The Clopper-Pearson lower limit: the chance `p` at which `successes` or more have chance `doubt`.
pub fn lower_limit(successes: f64, trials: f64, doubt: f64) -> f64 {
    if successes <= 0.0 || trials <= 0.0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, (successes / trials).min(1.0));
    for _ in 0..30 {
        let middle = (low + high) / 2.0;
        if binomial_at_least(successes, trials, middle) < doubt { low = middle } else { high = middle }
    }
    low
}

/// The chance that the canary's share of all events is this large if both sides have the same rate.
///
/// The conditional test for two rates (Przyborowski and Wilenski, Biometrika 1940): given all events, the
/// canary's number is binomial with the canary's share of the requests. Against Fisher's hypergeometric it errs
/// towards caution, by little when events are rare.
pub fn larger_share(
    canary_events: f64,
    canary_requests: f64,
    baseline_events: f64,
    baseline_requests: f64,
) -> f64 {
    let share = canary_requests / (canary_requests + baseline_requests);
    binomial_at_least(canary_events, canary_events + baseline_events, share)
}

/// The chance that a standard normal number is above `z`.
///
/// By the continued fraction of Mills' ratio beyond 2, else by the series of the distribution function
/// (Abramowitz and Stegun 26.2.14 and 26.2.11).
pub fn normal_above(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - normal_above(-z);
    }
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if z > 2.0 {
        let mut fraction = z;
        for step in (1..=200).rev() {
            fraction = z + f64::from(step) / fraction;
        }
        return density / fraction;
    }
    let (mut term, mut sum) = (z, z);
    for step in 1..60 {
        term *= z * z / (2.0 * f64::from(step) + 1.0);
        sum += term;
    }
    0.5 - density * sum
}

#[cfg(test)]
#[path = "exact_tests.rs"]
mod tests;
