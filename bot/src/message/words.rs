//! How numbers, lengths of time and lists are written.

use std::time::Duration;

/// `850 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`.
pub fn length(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..172_800 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "days", seconds % 86_400 / 3_600, "h"),
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

/// A share between 0 and 1 as `2.5 %`; small ones keep two digits.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if !value.is_finite() {
        "no data".to_owned()
    } else if value != 0.0 && value.abs() < 1.0 {
        format!("{value:.2} %")
    } else {
        format!("{value:.1} %")
    }
}

/// Milliseconds as `12 ms` or `1.8 ms`.
pub fn milliseconds(value: f64) -> String {
    if !value.is_finite() {
        "no data".to_owned()
    } else if value < 10.0 {
        format!("{value:.1} ms")
    } else {
        format!("{value:.0} ms")
    }
}

/// `1 test`, `3 tests`.
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// The first seven digits of a commit, as git shows them.
pub fn commit(id: &str) -> &str {
    id.get(..7).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well_at_three_in_the_morning() {
        let table = [
            (850, "850 ms"),
            (4_200, "4.2 s"),
            (59_900, "59 s"),
            (60_000, "1 min"),
            (185_000, "3 min 5 s"),
            (7_800_000, "2 h 10 min"),
            (262_800_000, "3 days 1 h"),
        ];
        for (milliseconds, expected) in table {
            assert_eq!(length(Duration::from_millis(milliseconds)), expected);
        }
        assert_eq!(
            [percent(0.0), percent(0.004), percent(0.0523), percent(f64::NAN)],
            ["0.0 %", "0.40 %", "5.2 %", "no data"]
        );
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!([count(1, "test"), count(0, "test")], ["1 test", "0 tests"]);
        assert_eq!([commit("a1b2c3d4e5"), commit("ä")], ["a1b2c3d", "ä"]);
    }
}
