//! What a branch and a commit may be called (pure).

use super::GitError;

/// A name that git takes for a branch and that can't be mistaken for anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchName(String);

impl BranchName {
    /// Checks the rules of git-check-ref-format(1), and a length of at most 200 bytes.
    ///
    /// # Errors
    /// [`GitError::BranchName`] for every other text.
    pub fn parse(text: &str) -> Result<Self, GitError> {
        let forbidden = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
        let part_is_fine =
            |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
        let fine = (1..=200).contains(&text.len())
            && !text.starts_with('-')
            && !text.ends_with('.')
            && !text.contains("..")
            && !text.contains("@{")
            && text != "@"
            && text != "HEAD"
            && !text.contains(forbidden)
            && text.split('/').all(part_is_fine);
        if fine { Ok(Self(text.to_owned())) } else { Err(GitError::BranchName(short(text))) }
    }

    /// The name, without `refs/heads/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A whole commit id: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CommitId(String);

impl CommitId {
    /// Takes exactly a whole id, never a name or a shortened one.
    ///
    /// # Errors
    /// [`GitError::CommitId`] for every other text.
    pub fn parse(text: &str) -> Result<Self, GitError> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let whole = matches!(text.len(), 40 | 64) && digits;
        if whole { Ok(Self(text.to_owned())) } else { Err(GitError::CommitId(short(text))) }
    }

    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, as people say it.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

impl std::fmt::Display for CommitId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text from outside for a message: at most 80 characters, control characters replaced.
pub(super) fn short(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The name most similar to `wanted`, if it is at most a third of its letters (and at least two) away.
pub(super) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wanted.to_lowercase();
    let allowed = (wanted.chars().count() / 3).max(2);
    names
        .into_iter()
        .map(|name| (distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.chars().count())
        .min()
        .map(|(_, name)| name)
}

/// Letters to insert, remove or replace (Levenshtein 1966), row by row.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_and_impossible_branch_names_are_refused() {
        let long = "x".repeat(201);
        let table = [
            "",
            "-b",
            "--upload-pack=touch x",
            "a b",
            "a..b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "a@{1}",
            "@",
            "HEAD",
            "a.lock",
            "a.lock/b",
            ".a",
            "a/.b",
            "a//b",
            "/a",
            "a/",
            "a.",
            "a\nb",
            "a\0b",
            "a\u{1b}[0m",
            &long,
        ];
        for name in table {
            assert!(BranchName::parse(name).is_err(), "{name:?}");
        }
        for name in ["main", "feature/x-1", "release-1.2", "fix/$(touch${IFS}x)", "ünï", "a@b", "a;b", "a'b"]
        {
            assert_eq!(BranchName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn only_whole_commit_ids_are_taken() {
        let whole = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(CommitId::parse(whole).unwrap().short(), "0123456");
        for text in ["", "HEAD", "0123456", &whole.to_uppercase(), "--output=x", &format!("{whole}^")] {
            assert!(CommitId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let names = ["main", "develop", "release/1.2"];
        let table = [
            ("mian", Some("main")),
            ("Main", Some("main")),
            ("devlop", Some("develop")),
            ("release/1.3", Some("release/1.2")),
            ("something-else", None),
            ("", None),
        ];
        for (wanted, expected) in table {
            assert_eq!(nearest(wanted, names), expected, "{wanted}");
        }
    }
}
