//! Did-you-mean: the closest word of a list, if one is close enough to be meant.

/// Words longer than this are never guessed, which bounds the work for hostile input.
const LONGEST_WORD: usize = 40;

/// The closest of `known`, when at most a third of its letters differ or one word begins with the other.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let meant = plain(word);
    if meant.is_empty() || meant.len() > LONGEST_WORD {
        return None;
    }
    known
        .into_iter()
        .filter_map(|candidate| {
            let candidate_plain = plain(candidate);
            let distance = distance(&meant, &candidate_plain);
            let allowed = (meant.len().max(candidate_plain.len()) / 3).max(1);
            let extends = meant.len().min(candidate_plain.len()) >= 3
                && (candidate_plain.starts_with(&meant) || meant.ends_with(&candidate_plain));
            (distance <= allowed || extends).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Lower case without separators, so that `notifyOn` and `notify-on` are at distance 0 from `notify_on`.
fn plain(word: &str) -> Vec<char> {
    word.chars()
        .take(LONGEST_WORD + 1)
        .filter(|letter| !matches!(letter, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for row in 1..=one.len() {
        let mut current = vec![row; other.len() + 1];
        for column in 1..=other.len() {
            let replaced = last[column - 1] + usize::from(one[row - 1] != other[column - 1]);
            current[column] = replaced.min(last[column] + 1).min(current[column - 1] + 1);
            let swapped = row > 1
                && column > 1
                && one[row - 1] == other[column - 2]
                && one[row - 2] == other[column - 1];
            if swapped {
                current[column] = current[column].min(before_last[column - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_finds_the_word_and_another_word_does_not() {
        let words = ["docker", "maven", "notify_on", "weight", "blue-green", "go"];
        for (typed, meant) in [
            ("dokcer", Some("docker")),
            ("Docker", Some("docker")),
            ("notifyOn", Some("notify_on")),
            ("setWeight", Some("weight")),
            ("bluegreen", Some("blue-green")),
            ("mavne", Some("maven")),
            ("goo", Some("go")),
            ("kubernetes", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, words), meant, "{typed}");
        }
        assert_eq!(nearest(&"a".repeat(1_000_000), words), None);
    }
}
