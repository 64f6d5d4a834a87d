//! Events per second of one version: their dispersion and their worst second.
//!
//! Requests of one second share their fate: a collection pause, a busy neighbour, a slow disk. Tests that take
//! requests for independent see far too much evidence in such a second. So counts are divided by their design
//! effect (Rao and Scott, Biometrics 1992): the variance that the seconds show over the variance that
//! independent requests would have.

/// The fewest blocks from which a dispersion is estimated.
const FEWEST_BLOCKS: usize = 4;
/// Seconds in a longer block: bursts that last over several seconds show there.
const LONG_BLOCK: usize = 3;

/// Requests and events (errors, slow requests, or a sum of ranks) of each second that had requests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// (requests, events) of each second.
    seconds: Vec<(f64, f64)>,
}

impl Series {
    /// A series of (requests, events); seconds without requests are left out.
    pub fn new(seconds: impl IntoIterator<Item = (f64, f64)>) -> Series {
        Series { seconds: seconds.into_iter().filter(|(requests, _)| *requests > 0.0).collect() }
    }

    /// How many seconds had requests.
    pub fn len(&self) -> usize {
        self.seconds.len()
    }

    /// Whether no second had requests.
    pub fn is_empty(&self) -> bool {
        self.seconds.is_empty()
    }

    /// All requests.
    pub fn requests(&self) -> f64 {
        self.seconds.iter().map(|(requests, _)| requests).sum()
    }

    /// All events.
    pub fn events(&self) -> f64 {
        self.seconds.iter().map(|(_, events)| events).sum()
    }

    /// Events per request; zero without requests.
    pub fn rate(&self) -> f64 {
        if self.is_empty() { 0.0 } else { self.events() / self.requests() }
    }

    /// The series without its worst seconds, one for each started `span` of seconds: those with most events above
    /// `expected` per request.
    pub fn without_worst(&self, expected: f64, span: usize) -> Series {
        let mut seconds = self.seconds.clone();
        for _ in 0..seconds.len().div_ceil(span.max(1)) {
            let excess = |(requests, events): (f64, f64)| events - requests * expected;
            let worst = (0..seconds.len()).max_by(|a, b| excess(seconds[*a]).total_cmp(&excess(seconds[*b])));
            if let Some(worst) = worst {
                seconds.remove(worst);
            }
        }
        Series { seconds }
    }

    /// The seconds in as many parts of equal length, one after the other; fewer where there are too few seconds.
    pub fn parts(&self, parts: usize) -> Vec<Series> {
        let length = self.seconds.len().div_ceil(parts.max(1)).max(1);
        self.seconds.chunks(length).map(|part| Series { seconds: part.to_vec() }).collect()
    }

    /// The design effect, at least 1: by how much the seconds vary more than independent requests would, each
    /// with the given variance of its event. The larger of that of single seconds and of blocks of three, each less
    /// its own standard error, so that chance alone seldom shows as dispersion.
    pub fn design_effect(&self, variance: f64) -> f64 {
        let long: Vec<(f64, f64)> = self
            .seconds
            .chunks(LONG_BLOCK)
            .map(|block| block.iter().fold((0.0, 0.0), |sum, next| (sum.0 + next.0, sum.1 + next.1)))
            .collect();
        dispersion(&self.seconds, variance).max(dispersion(&long, variance)).max(1.0)
    }

    /// The design effect of events that happen or not.
    pub fn design_effect_of_share(&self) -> f64 {
        let rate = self.rate();
        self.design_effect(rate * (1.0 - rate))
    }
}

fn dispersion(blocks: &[(f64, f64)], variance: f64) -> f64 {
    if blocks.len() < FEWEST_BLOCKS || variance <= 0.0 {
        return 1.0;
    }
    let requests: f64 = blocks.iter().map(|(requests, _)| requests).sum();
    let rate = blocks.iter().map(|(_, events)| events).sum::<f64>() / requests;
    let squares: f64 = blocks.iter().map(|(requests, events)| (events - requests * rate).powi(2)).sum();
    let count = blocks.len() as f64;
    let estimate = count / (count - 1.0) * squares / (requests * variance);
    estimate - (2.0 / (count - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_seconds_have_no_design_effect_and_a_burst_has_a_large_one() {
        let even = Series::new((0..30).map(|_| (100.0, 2.0)));
        assert_eq!(even.design_effect_of_share(), 1.0);
        let burst = Series::new((0..30).map(|at| (100.0, if at == 12 { 60.0 } else { 0.0 })));
        assert_eq!(burst.rate(), even.rate());
        assert!(burst.design_effect_of_share() > 50.0);
        assert_eq!(burst.without_worst(0.0, 60).events(), 0.0);
    }

    #[test]
    fn a_burst_over_three_seconds_weighs_more_than_three_lone_seconds() {
        let series =
            |hit: &[i32]| Series::new((0..30).map(|at| (50.0, if hit.contains(&at) { 10.0 } else { 0.0 })));
        assert!(
            series(&[12, 13, 14]).design_effect_of_share()
                > 2.0 * series(&[4, 13, 22]).design_effect_of_share()
        );
    }

    #[test]
    fn one_second_a_minute_is_left_out() {
        let series = |seconds: i32| Series::new((0..seconds).map(|at| (10.0, f64::from(at % 7))));
        assert_eq!(series(60).without_worst(0.0, 60).len(), 59);
        assert_eq!(series(61).without_worst(0.0, 60).len(), 59);
        assert_eq!(Series::new([(0.0, 0.0)]).without_worst(0.0, 60), Series::default());
    }
}
