//! Finds report files below a workspace by patterns such as `**/target/surefire-reports/TEST-*.xml`.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Most report files that are read.
const MAX_FILES: usize = 2_000;
/// Most bytes of all report files together.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Most folder entries that are looked at.
const MAX_ENTRIES: usize = 500_000;
/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 24;

/// Reads every file below `root` whose relative path matches one of `patterns`, in the order of their names.
///
/// Symbolic links are not followed: a repository decides what stands in its workspace.
///
/// # Errors
///
/// What the file system says, or that a limit on number or size is passed; a partial list is never returned.
pub fn find_reports(root: &Path, patterns: &[String]) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut names = Vec::new();
    let mut entries = 0;
    let mut folders = VecDeque::from([(PathBuf::new(), 0)]);
    while let Some((folder, depth)) = folders.pop_front() {
        for entry in std::fs::read_dir(root.join(&folder))? {
            entries += 1;
            if entries > MAX_ENTRIES {
                return Err(io::Error::other(format!("the workspace has over {MAX_ENTRIES} entries")));
            }
            let entry = entry?;
            let kind = entry.file_type()?;
            let path = folder.join(entry.file_name());
            if kind.is_dir() && depth < MAX_DEPTH && entry.file_name() != ".git" {
                folders.push_back((path, depth + 1));
            } else if kind.is_file() {
                let name = path.to_string_lossy().replace('\\', "/");
                if patterns.iter().any(|pattern| matches(pattern, &name)) {
                    names.push((name, path));
                }
            }
        }
    }
    if names.len() > MAX_FILES {
        return Err(io::Error::other(format!("over {MAX_FILES} report files")));
    }
    names.sort();
    let mut left = MAX_BYTES;
    let mut files = Vec::with_capacity(names.len());
    for (name, path) in names {
        let mut bytes = Vec::new();
        std::fs::File::open(root.join(path))?.take(left + 1).read_to_end(&mut bytes)?;
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| io::Error::other(format!("over {MAX_BYTES} bytes of report files")))?;
        files.push((name, bytes));
    }
    Ok(files)
}

/// Whether a relative path matches: `**` stands for any number of folders, `*` for any part of a name.
#[must_use]
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    wild(
        &pattern,
        &path,
        |part| *part == "**",
        |part, name| {
            let part: Vec<char> = part.chars().collect();
            let name: Vec<char> = name.chars().collect();
            wild(&part, &name, |c| *c == '*', |a, b| a == b)
        },
    )
}

/// The usual wildcard match with one step back, quadratic at worst.
fn wild<T>(pattern: &[T], text: &[T], star: impl Fn(&T) -> bool, same: impl Fn(&T, &T) -> bool) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while from < text.len() {
        if at < pattern.len() && star(&pattern[at]) {
            retry = Some((at + 1, from));
            at += 1;
        } else if at < pattern.len() && same(&pattern[at], &text[from]) {
            at += 1;
            from += 1;
        } else if let Some((after, taken)) = retry {
            retry = Some((after, taken + 1));
            at = after;
            from = taken + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(star)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let table = [
            ("**/target/surefire-reports/TEST-*.xml", "target/surefire-reports/TEST-a.xml", true),
            ("**/target/surefire-reports/TEST-*.xml", "a/b/target/surefire-reports/TEST-a.B.xml", true),
            ("**/target/surefire-reports/TEST-*.xml", "target/surefire-reports/a.xml", false),
            ("**/target/surefire-reports/TEST-*.xml", "target/surefire-reports/deep/TEST-a.xml", false),
            ("**/build/test-results/**/*.xml", "build/test-results/test/TEST-a.xml", true),
            ("**/build/test-results/**/*.xml", "build/test-results/a.xml", true),
            ("report.xml", "report.xml", true),
            ("report.xml", "a/report.xml", false),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn files_are_found_in_order_and_links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let reports = root.path().join("m/target/surefire-reports");
        std::fs::create_dir_all(&reports).unwrap();
        std::fs::write(reports.join("TEST-b.xml"), "b").unwrap();
        std::fs::write(reports.join("TEST-a.xml"), "a").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", reports.join("TEST-c.xml")).unwrap();
        let found = find_reports(root.path(), &["**/surefire-reports/TEST-*.xml".to_owned()]).unwrap();
        let told: Vec<_> = found.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        assert_eq!(
            told,
            [
                ("m/target/surefire-reports/TEST-a.xml", b"a".as_slice()),
                ("m/target/surefire-reports/TEST-b.xml", b"b".as_slice()),
            ]
        );
    }
}
