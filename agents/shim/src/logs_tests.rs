use super::*;

fn split(chunks: &[&[u8]]) -> Vec<String> {
    let (mut splitter, mut lines) = (LineSplitter::default(), Vec::new());
    for chunk in chunks {
        splitter.push(chunk, |line| lines.push(line.to_owned()));
    }
    splitter.finish(|line| lines.push(line.to_owned()));
    lines
}

#[test]
fn lines_survive_any_cut_into_chunks() {
    let text = "one\r\n\ntwo\nthrée".as_bytes();
    for at in 0..=text.len() {
        let (left, right) = text.split_at(at);
        assert_eq!(split(&[left, right]), ["one", "", "two", "thrée"], "cut at {at}");
    }
}

#[test]
fn an_endless_line_is_cut_and_the_next_one_is_whole() {
    let long = vec![b'x'; 3 * LINE_LIMIT];
    let lines = split(&[&long, b"\nnext\n"]);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].len(), LINE_LIMIT + " [cut]".len());
    assert!(lines[0].ends_with("x [cut]"));
    assert_eq!(lines[1], "next");
}

#[test]
fn names_never_leave_the_folder() {
    let cases = [
        ("v1.2", "v1.2.log"),
        ("../../etc", "%2e.%2f..%2fetc.log"),
        (".hidden", "%2ehidden.log"),
        ("a b", "a%20b.log"),
    ];
    for (version, name) in cases {
        assert_eq!(file_name(version), name);
    }
}

#[test]
fn a_full_file_is_put_aside_and_only_three_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v1.log");
    let mut file = RotatingFile::open(path.clone(), 100).unwrap();
    for number in 0..100 {
        file.write_all(format!("line {number:03}\n").as_bytes()).unwrap();
    }
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["v1.log", "v1.log.1", "v1.log.2"]);
    let kept = tail(folder.path(), "v1", 1000).unwrap().unwrap();
    assert_eq!(kept.last().unwrap(), "line 099");
    assert_eq!(kept.len(), 23, "one line in the new file, eleven in each old one, and the rest is gone");
    assert!(kept.windows(2).all(|pair| pair[0] < pair[1]), "in order over the files");
    assert_eq!(tail(folder.path(), "v1", 2).unwrap().unwrap(), ["line 098", "line 099"]);
}

#[test]
fn a_version_without_a_log_is_told_from_a_silent_one() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(tail(folder.path(), "v1", 5).unwrap(), None);
    VersionLog::open(folder.path(), "v1", std::iter::empty()).unwrap();
    assert_eq!(tail(folder.path(), "v1", 5).unwrap(), Some(Vec::new()));
}

#[test]
fn secrets_are_masked_the_longer_one_first() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = ["hunter".to_owned(), "hunter22".to_owned(), "a".to_owned()];
    let log = VersionLog::open(folder.path(), "v1", secrets.iter()).unwrap();
    log.line("password hunter22, user hunter, and a letter");
    assert_eq!(tail(folder.path(), "v1", 1).unwrap().unwrap(), ["password ***, user ***, and a letter"]);
    assert_eq!(log.take_last_line().as_deref(), Some("password ***, user ***, and a letter"));
    assert_eq!(log.take_last_line(), None);
}

#[test]
fn old_logs_go_and_running_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    for version in ["v1", "v2", "v3", "v4"] {
        VersionLog::open(folder.path(), version, std::iter::empty()).unwrap().line("x");
    }
    prune(folder.path(), 0, &["v2".to_owned()]);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["v2.log"]);
}
