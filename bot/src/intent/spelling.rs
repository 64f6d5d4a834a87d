//! The distance between two spellings.

/// How many slips of the finger lie between two words: a letter too many, too few, another, or two
/// neighbours exchanged each count one. Optimal string alignment, after Damerau (1964).
///
/// Words of more than 64 letters are never near: the work stays bounded.
pub fn slips(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().take(65).collect();
    let other: Vec<char> = other.chars().take(65).collect();
    if one.len() > 64 || other.len() > 64 {
        return usize::MAX;
    }
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = Vec::with_capacity(other.len() + 1);
        row.push(i + 1);
        for (j, b) in other.iter().enumerate() {
            let mut best = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

/// How many slips a word of this length may have and still be taken for the other.
pub fn allowed(length: usize) -> usize {
    match length {
        0..=3 => 0,
        4..=6 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_slips_of_the_finger() {
        let table = [("puase", "pause", 1), ("chekcout", "checkout", 1), ("", "abc", 3), ("same", "same", 0)];
        for (one, other, expected) in table {
            assert_eq!(slips(one, other), expected, "{one} {other}");
            assert_eq!(slips(other, one), expected, "{other} {one}");
        }
        assert_eq!(slips(&"x".repeat(1_000_000), "x"), usize::MAX);
    }
}
