//! The three tests of a comparison: errors, latency at p95, and latency by ranks.
//!
//! Each asks two questions with opposite burdens of proof. To refuse: would a canary no worse than the baseline
//! plus [`MARGIN`] look this bad? To pass: would a canary that is clearly worse look this good?

use crate::exact::{binomial_at_least, binomial_at_most, larger_share, lower_limit, normal_above};
use crate::series::Series;
use crate::sketch::{Sketch, bucket_bound};
use crate::spending::{ERRORS_SHARE, LATENCY_SHARE, Look};
use crate::verdict::{Metric, Row, SmallestEffect, Verdict};
use crate::window::{Second, Totals, Window};

/// A difference up to this part of the smallest effect is never a reason to refuse, however sure it is.
pub const MARGIN: f64 = 0.25;
/// A pass must have been able to notice this many times the smallest effect of errors: 5 points by default.
pub const NOTICED_ERRORS: f64 = 5.0;
/// A pass must have been able to notice this many times the smallest effect at p95: 60 % and 30 ms by default.
pub const NOTICED_P95: f64 = 3.0;
/// A pass must have been able to notice this many times the smallest effect over all: 30 % and 15 ms by default.
pub const NOTICED_SHIFT: f64 = 1.5;
/// The chance that a pass overlooks what it must notice, at a step's last look.
pub const OVERLOOKED: f64 = 0.05;
/// The same at an earlier look: to pass before its time, a canary must show more.
pub const OVERLOOKED_EARLY: f64 = 0.01;
/// The doubt with which the baseline's error rate is rounded down before a canary passes against it.
const BASELINE_DOUBT: f64 = 0.2;
/// Over fewer seconds with requests nothing is refused or passed: a pause of three seconds must not be most of them.
const FEWEST_SECONDS: usize = 8;
/// For each started span of so many seconds the worst second is left out of the errors. They are rare: leaving
/// out more would leave too little.
const ERROR_SPAN: usize = 60;
/// The same for latency, of which every request has one.
const LATENCY_SPAN: usize = 10;
/// In so many parts of the time there must be too many errors. They are rare, so the parts are long.
const ERROR_PARTS: usize = 2;
/// In so many parts of the time the latency must be too high.
const LATENCY_PARTS: usize = 3;
/// Fewer requests than this have no p95.
const FEWEST_REQUESTS: u64 = 20;
const P95: f64 = 0.95;

/// Both sides of a comparison; each side has at least one request.
pub(crate) struct Sides<'a> {
    pub(crate) baseline: &'a Window,
    pub(crate) canary: &'a Window,
    pub(crate) baseline_total: Totals,
    pub(crate) canary_total: Totals,
    pub(crate) effect: SmallestEffect,
    pub(crate) look: Look,
    pub(crate) budget: f64,
}

/// A row, and what it lacks.
pub(crate) struct Judged {
    pub(crate) row: Row,
    pub(crate) lacking: Option<String>,
}

/// What a test found, before it is put in words.
struct Finding {
    metric: Metric,
    baseline: f64,
    canary: f64,
    tolerated: f64,
    /// Whether the canary's number is beyond what is tolerated.
    beyond: bool,
    /// Whether it is so without the worst seconds, and in each part of the time.
    lasting: bool,
    p_value: Option<f64>,
    alpha: f64,
    /// Whether a clearly worse canary would have been noticed, and what that would be, in words.
    noticed: bool,
    clearly_worse: String,
    /// Requests of the canary from which on the same picture would be enough, where that can be foreseen.
    requests_needed: Option<u64>,
}

impl Sides<'_> {
    fn overlooked(&self) -> f64 {
        if self.look.last { OVERLOOKED } else { OVERLOOKED_EARLY }
    }

    /// The exact conditional test of two rates, and the exact binomial test against the baseline's rate plus the
    /// margin; both must refuse.
    pub(crate) fn errors(&self) -> Judged {
        let of = |second: &Second| (second.requests as f64, second.errors as f64);
        let baseline = Series::new(self.baseline.seconds.iter().map(of));
        let canary = Series::new(self.canary.seconds.iter().map(of));
        let effect = self.effect.error_points / 100.0;
        let rest = canary.without_worst(baseline.rate(), ERROR_SPAN);
        let (of_baseline, of_canary) = (baseline.design_effect_of_share(), rest.design_effect_of_share());
        let test = |times: f64| {
            let (requests, errors) = (rest.requests() * times / of_canary, rest.events() * times / of_canary);
            let share = larger_share(
                errors,
                requests,
                baseline.events() / of_baseline,
                baseline.requests() / of_baseline,
            );
            share.max(binomial_at_least(errors, requests, (baseline.rate() + MARGIN * effect).min(1.0)))
        };
        let at_least = lower_limit(baseline.events(), baseline.requests(), BASELINE_DOUBT);
        let worse = (at_least + NOTICED_ERRORS * effect).min(1.0);
        let notices = |times: f64| {
            binomial_at_most(canary.events() * times, canary.requests() * times, worse) <= self.overlooked()
        };
        let alpha = self.look.alpha(self.budget, ERRORS_SHARE);
        // Rates are quotients of counts: a hair's breadth below the smallest effect is the smallest effect.
        let beyond =
            |series: &Series| series.events() > 0.0 && series.rate() - baseline.rate() >= effect - 1e-9;
        self.judge(Finding {
            metric: Metric::ErrorRate,
            baseline: baseline.rate() * 100.0,
            canary: canary.rate() * 100.0,
            tolerated: (baseline.rate() + effect) * 100.0,
            beyond: beyond(&canary),
            lasting: beyond(&rest) && rest.parts(ERROR_PARTS).iter().all(beyond),
            p_value: (canary.len() >= FEWEST_SECONDS).then(|| test(1.0)),
            alpha,
            noticed: notices(1.0),
            clearly_worse: format!("{:.1} points more errors", NOTICED_ERRORS * self.effect.error_points),
            requests_needed: if beyond(&canary) {
                self.enough(|times| test(times) <= alpha)
            } else {
                self.enough(notices)
            },
        })
    }

    /// The quantile test (a median test at p95, after Mood): slow requests of both sides are counted from the
    /// p95 of both together on, the baseline's slowed down by the margin, and tested like errors.
    pub(crate) fn p95(&self) -> Judged {
        let (Some(baseline), Some(canary)) =
            (self.baseline_total.latency.quantile(P95), self.canary_total.latency.quantile(P95))
        else {
            return self.unmeasured(Metric::LatencyP95);
        };
        let tolerated = self.effect.slower(baseline, 1.0);
        let slowed = self.baseline_total.latency.mapped(|micros| self.effect.slower(micros, MARGIN));
        let mut together = slowed.clone();
        together.merge(&self.canary_total.latency);
        // A small canary's slow requests are few among all: the slowest of both are taken so few that a canary
        // with five times its share of them still stands out. The bucket at the bound counts as slow itself, for
        // requests that are all slow by the same amount stand in one bucket, and nothing would be above it.
        let (of_canary, of_both) = (self.canary_total.requests as f64, together.count() as f64);
        let slowest = (1.0 - P95) * (5.0 * of_canary / of_both).min(1.0);
        let bound = together.quantile(1.0 - slowest).unwrap_or(tolerated);
        let below = together.iter().map(|(micros, _)| micros).take_while(|micros| *micros < bound);
        let bound = below.last().unwrap_or(0);
        let slow_canary = slow(self.canary, |latency| latency.count_above(bound));
        // The same bound before the baseline was slowed down; zero when all of it is beyond the bound.
        let unslowed = self.baseline_total.latency.iter().map(|(micros, _)| micros);
        let unslowed =
            unslowed.take_while(|micros| self.effect.slower(*micros, MARGIN) <= bound).last().unwrap_or(0);
        let slow_baseline = slow(self.baseline, |latency| latency.count_above(unslowed));
        let rest = slow_canary.without_worst(slow_baseline.rate(), LATENCY_SPAN);
        let (of_baseline, of_canary) =
            (slow_baseline.design_effect_of_share(), rest.design_effect_of_share());
        let test = |times: f64| {
            larger_share(
                rest.events() * times / of_canary,
                rest.requests() * times / of_canary,
                slow_baseline.events() / of_baseline,
                slow_baseline.requests() / of_baseline,
            )
        };
        let over = slow(self.canary, |latency| latency.count_above(tolerated));
        // A bad second of the baseline is no excuse either: a pass is measured by its other seconds.
        let usual = self.usual_baseline(baseline);
        let clearly = self.effect.slower(usual, NOTICED_P95);
        let far_over =
            slow(self.canary, |latency| latency.count_above(clearly)).without_worst(0.0, LATENCY_SPAN);
        let notices = |times: f64| {
            binomial_at_most(far_over.events() * times, far_over.requests() * times, 1.0 - P95)
                <= self.overlooked()
        };
        let alpha = self.look.alpha(self.budget, LATENCY_SHARE);
        let beyond = canary > tolerated;
        let measured = self.canary_total.requests.min(self.baseline_total.requests) >= FEWEST_REQUESTS;
        self.judge(Finding {
            metric: Metric::LatencyP95,
            baseline: millis(baseline),
            canary: millis(canary),
            tolerated: millis(tolerated),
            beyond,
            lasting: lasts(&over, 1.0 - P95),
            p_value: (measured && slow_canary.len() >= FEWEST_SECONDS).then(|| test(1.0)),
            alpha,
            noticed: measured && canary <= self.effect.slower(usual, 1.0) && notices(1.0),
            clearly_worse: format!("a p95 of {:.0} ms", millis(clearly)),
            requests_needed: if beyond {
                self.enough(|times| test(times) <= alpha)
            } else {
                self.enough(notices)
            },
        })
    }

    /// The rank test (Mann and Whitney, 1947) by placements: each request's place among the other side's, the
    /// baseline slowed down by the margin to refuse, and by [`NOTICED_SHIFT`] to pass.
    pub(crate) fn shift(&self) -> Judged {
        let (Some(baseline), Some(canary)) =
            (self.baseline_total.latency.quantile(0.5), self.canary_total.latency.quantile(0.5))
        else {
            return self.unmeasured(Metric::LatencyShift);
        };
        let tolerated = self.effect.slower(baseline, 1.0);
        let slower_by = |times: f64| move |micros| self.effect.slower(micros, times);
        let places_among = |others: Sketch| {
            Series::new(
                self.canary.seconds.iter().map(|second| placed(&second.latency, |micros| micros, &others)),
            )
        };
        let refusing = places_among(self.baseline_total.latency.mapped(slower_by(MARGIN)))
            .without_worst(0.5, LATENCY_SPAN);
        let passing = places_among(self.baseline_total.latency.mapped(slower_by(NOTICED_SHIFT)));
        let of_baseline = Series::new(
            self.baseline
                .seconds
                .iter()
                .map(|s| placed(&s.latency, slower_by(MARGIN), &self.canary_total.latency)),
        );
        let baseline_requests = of_baseline.requests() / of_baseline.design_effect(PLACEMENT_VARIANCE);
        let canary_requests = refusing.requests() / refusing.design_effect(PLACEMENT_VARIANCE);
        let alpha = self.look.alpha(self.budget, LATENCY_SHARE);
        let beyond = canary > tolerated;
        let measured = self.canary_total.requests.min(self.baseline_total.requests) >= FEWEST_REQUESTS;
        let test = |times: f64| {
            normal_above(rank_score(refusing.rate(), canary_requests * times, baseline_requests))
        };
        let notices = |times: f64| {
            let score = rank_score(passing.rate(), canary_requests * times, baseline_requests);
            normal_above(-score) <= self.overlooked()
        };
        let over = slow(self.canary, |latency| latency.count_above(tolerated));
        self.judge(Finding {
            metric: Metric::LatencyShift,
            baseline: millis(baseline),
            canary: millis(canary),
            tolerated: millis(tolerated),
            beyond,
            lasting: lasts(&over, 0.5),
            p_value: (measured && self.canary.seconds.len() >= FEWEST_SECONDS).then(|| test(1.0)),
            alpha,
            noticed: measured && notices(1.0),
            clearly_worse: format!(
                "all requests slower by {:.0} % and {:.0} ms",
                NOTICED_SHIFT * self.effect.latency_ratio * 100.0,
                NOTICED_SHIFT * self.effect.latency_ms
            ),
            requests_needed: if beyond {
                self.enough(|times| test(times) <= alpha)
            } else {
                self.enough(notices)
            },
        })
    }

    /// The canary's requests at which the same picture, so many times as large, is enough; `None` beyond
    /// thirty times as many.
    fn enough(&self, reached: impl Fn(f64) -> bool) -> Option<u64> {
        let mut times = 1.0;
        while times < 30.0 {
            if reached(times) {
                return Some((self.canary_total.requests as f64 * times).ceil() as u64);
            }
            times *= 1.25;
        }
        None
    }

    fn long_enough(&self) -> bool {
        self.canary.seconds.iter().filter(|second| second.requests > 0).count() >= FEWEST_SECONDS
    }

    /// The baseline's p95 without the seconds that have most requests above `p95`.
    fn usual_baseline(&self, p95: u64) -> u64 {
        let mut seconds: Vec<(u64, &Second)> =
            self.baseline.seconds.iter().map(|second| (second.latency.count_above(p95), second)).collect();
        seconds.sort_by_key(|(above, _)| std::cmp::Reverse(*above));
        let mut usual = Sketch::default();
        for (_, second) in seconds.iter().skip(seconds.len().div_ceil(LATENCY_SPAN)) {
            usual.merge(&second.latency);
        }
        usual.quantile(P95).unwrap_or(p95)
    }

    fn unmeasured(&self, metric: Metric) -> Judged {
        let because = "requests were counted, but no latency was measured".to_owned();
        let row = Row {
            metric,
            baseline: 0.0,
            canary: 0.0,
            difference: 0.0,
            tolerated: 0.0,
            p_value: None,
            alpha: self.look.alpha(self.budget, LATENCY_SHARE),
            verdict: Verdict::NoData,
            because: because.clone(),
        };
        Judged { row, lacking: Some(format!("{metric}: {because}")) }
    }

    fn judge(&self, finding: Finding) -> Judged {
        let Finding { metric, baseline, canary, tolerated, p_value, alpha, .. } = finding;
        let sure = p_value.is_some_and(|p| p <= alpha);
        let verdict = match (finding.beyond, finding.lasting && sure, finding.noticed) {
            (true, true, _) => Verdict::Fail,
            (false, _, true) if self.long_enough() => Verdict::Pass,
            _ => Verdict::Inconclusive,
        };
        let because = self.because(&finding, verdict);
        let lacking = (verdict == Verdict::Inconclusive).then(|| self.lacking(&finding));
        let difference = canary - baseline;
        let row = Row { metric, baseline, canary, difference, tolerated, p_value, alpha, verdict, because };
        Judged { row, lacking }
    }

    fn because(&self, finding: &Finding, verdict: Verdict) -> String {
        let Finding { metric, baseline, canary, tolerated, alpha, .. } = *finding;
        let unit = if metric == Metric::ErrorRate { "%" } else { "ms" };
        let numbers = format!("{metric} {canary:.1} {unit} against {baseline:.1} {unit}");
        let chance = match finding.p_value {
            Some(p) => format!("chance would bring this {}, and {} is allowed", once_in(p), once_in(alpha)),
            None => "too little was seen to test it".to_owned(),
        };
        match verdict {
            Verdict::Fail => {
                format!(
                    "{numbers}, where up to {tolerated:.1} {unit} is tolerated; {chance}; it holds without the worst seconds and over the whole time"
                )
            }
            Verdict::Pass => {
                format!(
                    "{numbers}, within {tolerated:.1} {unit}; {} would have been noticed",
                    finding.clearly_worse
                )
            }
            _ if finding.beyond && !finding.lasting => {
                format!(
                    "{numbers}, more than the tolerated {tolerated:.1} {unit}, but not all the time: a few bad seconds could be it"
                )
            }
            _ if finding.beyond => {
                format!("{numbers}, more than the tolerated {tolerated:.1} {unit}, but {chance}")
            }
            _ if finding.noticed => {
                format!("{numbers}, within {tolerated:.1} {unit}, but over too few seconds")
            }
            _ => format!(
                "{numbers}, within {tolerated:.1} {unit}, but {} could still be overlooked",
                finding.clearly_worse
            ),
        }
    }

    fn lacking(&self, finding: &Finding) -> String {
        let seen = self.canary_total.requests;
        let to_tell = if finding.beyond { "to tell a fault from chance" } else { "to rule out a fault" };
        let metric = finding.metric;
        if self.baseline_total.requests < FEWEST_REQUESTS {
            return format!(
                "{metric}: the baseline served only {} requests, at least {FEWEST_REQUESTS} are needed",
                self.baseline_total.requests
            );
        }
        if !self.long_enough() {
            return format!("{metric}: the canary had requests in fewer than {FEWEST_SECONDS} seconds");
        }
        match finding.requests_needed {
            Some(needed) if needed > seen => {
                format!(
                    "{metric}: the canary served {seen} requests; about {needed} like these would be enough {to_tell}"
                )
            }
            _ if finding.beyond && !finding.lasting => {
                format!(
                    "{metric}: more seconds; the bad ones came together, the others are within what is tolerated"
                )
            }
            _ => format!("{metric}: the canary served {seen} requests; many more are needed {to_tell}"),
        }
    }
}

/// The variance of one placement when both sides are alike: that of a uniform number.
const PLACEMENT_VARIANCE: f64 = 1.0 / 12.0;

/// The standardised rank sum of `canary_requests` with a mean placement of `mean`.
fn rank_score(mean: f64, canary_requests: f64, baseline_requests: f64) -> f64 {
    if canary_requests <= 0.0 || baseline_requests <= 0.0 {
        return 0.0;
    }
    let variance = PLACEMENT_VARIANCE * (1.0 / canary_requests + 1.0 / baseline_requests);
    (mean - 0.5) / variance.sqrt()
}

/// The requests of a second, and the sum of their places among `others`: 0 faster than all, 1 slower than all,
/// ties count one half. `change` slows the requests down first; it must not change their order.
fn placed(latency: &Sketch, change: impl Fn(u64) -> u64, others: &Sketch) -> (f64, f64) {
    let (mut requests, mut places, mut below) = (0.0, 0.0, 0.0);
    let mut others_left = others.iter().peekable();
    let all = others.count().max(1) as f64;
    for (micros, count) in latency.iter() {
        let micros = bucket_bound(change(micros));
        while let Some((_, faster)) = others_left.next_if(|(other, _)| *other < micros) {
            below += faster as f64;
        }
        let equal = others_left.peek().map_or(0, |(other, same)| if *other == micros { *same } else { 0 });
        requests += count as f64;
        places += count as f64 * (below + equal as f64 / 2.0) / all;
    }
    (requests, places)
}

fn slow(window: &Window, count: impl Fn(&Sketch) -> u64) -> Series {
    Series::new(
        window.seconds.iter().map(|second| (second.latency.count() as f64, count(&second.latency) as f64)),
    )
}

/// Whether more than `share` of the requests are events without the worst seconds, in each part of the rest too.
fn lasts(series: &Series, share: f64) -> bool {
    let rest = series.without_worst(share, LATENCY_SPAN);
    rest.rate() > share && rest.parts(LATENCY_PARTS).iter().all(|part| part.rate() > share)
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

/// A chance in words.
fn once_in(chance: f64) -> String {
    if chance >= 0.5 {
        "every other time".to_owned()
    } else if chance < 1e-9 {
        "less than once in a billion times".to_owned()
    } else {
        format!("once in {:.0} times", 1.0 / chance)
    }
}
