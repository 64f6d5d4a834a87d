//! One measured figure and how it is printed.

use serde::Serialize;

/// A figure, its baseline of the same run, and the one divided by the other.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct Figure {
    bench: &'static str,
    figure: &'static str,
    value: f64,
    unit: &'static str,
    baseline: f64,
    ratio: f64,
}

impl Figure {
    /// A figure of a bench; value and baseline are in `unit`.
    pub(super) fn new(
        bench: &'static str,
        figure: &'static str,
        value: f64,
        unit: &'static str,
        baseline: f64,
    ) -> Self {
        let ratio = if baseline > 0.0 { value / baseline } else { 0.0 };
        Self {
            bench,
            figure,
            value: rounded(value),
            unit,
            baseline: rounded(baseline),
            ratio: rounded(ratio),
        }
    }

    /// The table's first line.
    pub(super) fn heading() -> String {
        row("bench", "figure", "value", "unit", "baseline", "ratio")
    }

    /// The figure as a line of the table.
    pub(super) fn row(&self) -> String {
        let [value, baseline, ratio] =
            [self.value, self.baseline, self.ratio].map(|number| number.to_string());
        row(self.bench, self.figure, &value, self.unit, &baseline, &ratio)
    }
}

fn row(bench: &str, figure: &str, value: &str, unit: &str, baseline: &str, ratio: &str) -> String {
    format!("{bench:<8}{figure:<26}{value:>12}  {unit:<6}{baseline:>12}{ratio:>9}")
}

/// Four significant digits: more would only be noise.
fn rounded(number: f64) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return 0.0;
    }
    let scale = 10_f64.powi(3 - number.abs().log10().floor() as i32);
    (number * scale).round() / scale
}

/// The value at this share (0.5 is the median) of unsorted numbers; 0 of none.
pub(super) fn at(share: f64, numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let last = numbers.len().saturating_sub(1);
    numbers.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_shown_with_four_digits_and_its_ratio() {
        let figure = Figure::new("accept", "one_at_a_time", 1234.567, "/s", 1400.0);
        let json = serde_json::to_value(&figure).unwrap();
        let wanted = serde_json::json!({
            "bench": "accept", "figure": "one_at_a_time", "value": 1235.0, "unit": "/s", "baseline": 1400.0,
            "ratio": 0.8818,
        });
        assert_eq!(json, wanted);
        assert_eq!(Figure::heading().len(), figure.row().len(), "the table is aligned");
    }

    #[test]
    fn a_baseline_of_nothing_divides_nothing() {
        assert_eq!(Figure::new("proxy", "latency", 1.0, "ms", 0.0).ratio, 0.0);
    }

    #[test]
    fn shares_of_numbers_are_found_wherever_they_stand() {
        let mut numbers = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!([at(0.0, &mut numbers), at(0.5, &mut numbers), at(1.0, &mut numbers)], [1.0, 3.0, 5.0]);
        assert_eq!(at(0.5, &mut []), 0.0);
    }
}
