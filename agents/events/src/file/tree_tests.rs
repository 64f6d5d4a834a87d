//! From YAML to a tree: places, aliases, and all that is refused there.

use super::*;

fn refused(text: &str) -> String {
    let read = read(text);
    assert!(read.root.is_none(), "{text:?} was read");
    let finding = read.findings.last().cloned().unwrap();
    format!("{}:{}: {}", finding.line, finding.column, finding.message)
}

#[test]
fn values_know_where_they_stand_in_lf_crlf_and_with_a_byte_order_mark() {
    for text in
        ["a:\n  - x\n  - b: é y\n", "a:\r\n  - x\r\n  - b: é y\r\n", "\u{feff}a:\n  - x\n  - b: é y\n"]
    {
        let read = read(text);
        assert_eq!(read.findings, [], "{text:?}");
        let Body::Map(entries) = read.root.unwrap().body else { panic!("a map") };
        let Body::List(items) = &entries[0].1.body else { panic!("a list") };
        assert_eq!(items[0].place, Place { line: 2, column: 5 });
        let Body::Map(inner) = &items[1].body else { panic!("a map") };
        assert_eq!(inner[0].0.place, Place { line: 3, column: 5 });
        assert_eq!(inner[0].1.place, Place { line: 3, column: 8 });
        assert_eq!(inner[0].1.body, Body::Scalar { text: "é y".to_owned(), plain: true });
    }
}

#[test]
fn every_duplicate_key_is_told_and_the_first_counts() {
    let read = read("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n'a': 4\n");
    let told: Vec<String> =
        read.findings.iter().map(|finding| format!("{} {}", finding.line, finding.message)).collect();
    assert_eq!(
        told,
        [
            "4 b.c: the key is written twice, first in line 3",
            "5 a: the key is written twice, first in line 1",
            "6 a: the key is written twice, first in line 1",
        ]
    );
    let Body::Map(entries) = read.root.unwrap().body else { panic!("a map") };
    assert_eq!(entries[0].1.body, Body::Scalar { text: "1".to_owned(), plain: true });
}

#[test]
fn an_alias_is_a_copy_and_a_text_tag_means_text() {
    let read = read("a: &x [1, 2]\nb: *x\nc: !!str 5\n");
    assert_eq!(read.findings, []);
    let Body::Map(entries) = read.root.unwrap().body else { panic!("a map") };
    assert_eq!(entries[0].1.body, entries[1].1.body);
    assert_eq!(entries[1].1.place, Place { line: 2, column: 4 });
    assert_eq!(entries[2].1.body, Body::Scalar { text: "5".to_owned(), plain: false });
}

#[test]
fn what_is_no_yaml_or_more_than_data_is_refused_with_its_place() {
    for (text, told) in [
        ("a: [1, 2\nb: 3", "2:"),
        ("a: 'x", "1:"),
        ("a:\n\t- x\n", "2:"),
        ("a: b: c", "1:5: "),
        ("a: !python/object:os.system x", "1:"),
        ("a: !!binary x", "1:"),
        ("%TAG ! tag:x,2000:\n---\na: 1", "1:"),
        ("a: 1\n---\nb: 2", "2:1: file: a second document"),
        ("a: *nothing", "1:"),
        ("a: &x\n  b: *x", "2:6: a.b: an alias stands inside the value that it names"),
        ("&x [*x]", "1:5: [0]: an alias stands inside the value that it names"),
        ("? [a, b]\n: c", "1:3: file: a list or map cannot be a key"),
        ("k: &x [1]\n*x : c", "2:1: file: a list or map cannot be a key"),
        ("a: b\0c", "1:5: file: a control character"),
        ("a: 1\nb: \"\\0\"", "2:4: b: the control character"),
        ("a: \u{1b}[31m", "1:4: file: a control character"),
        ("a: \u{7f}", "1:4: file: a control character"),
    ] {
        let answer = refused(text);
        assert!(answer.starts_with(told), "{text:?}: {answer}");
    }
}

#[test]
fn nothing_is_no_tree() {
    for text in ["", "\n", "# only a comment\n", "\u{feff}"] {
        let read = read(text);
        assert_eq!((read.root, read.findings), (None, vec![]), "{text:?}");
    }
}
