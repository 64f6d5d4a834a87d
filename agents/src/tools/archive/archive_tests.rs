use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use tar::{Builder, EntryType, Header};

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A tree with a program, a link, an empty folder and a name with spaces, written in this order of names.
fn tree(at: &Path, order: &[&str]) {
    for name in order {
        let path = at.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("content of {name}")).unwrap();
    }
    std::fs::set_permissions(at.join("bin/run"), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::create_dir_all(at.join("a b")).unwrap();
    symlink("../bin/run", at.join("a b/link")).unwrap();
    std::fs::create_dir(at.join("empty")).unwrap();
}

fn everything() -> Vec<String> {
    vec![".".to_owned()]
}

#[test]
fn equal_content_gives_an_equal_digest_whatever_the_order_and_the_times() {
    let (left, right, out) = (folder(), folder(), folder());
    tree(left.path(), &["bin/run", "a b/file", "z"]);
    tree(right.path(), &["z", "a b/file", "bin/run"]);
    std::fs::set_permissions(right.path().join("z"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let one = pack(left.path(), &everything(), &out.path().join("1"), Bounds::default()).unwrap();
    let two = pack(right.path(), &everything(), &out.path().join("2"), Bounds::default()).unwrap();
    assert_eq!(one, two);
    assert_eq!(digest_of_file(&out.path().join("1")).unwrap(), one.digest);
    assert!(one.digest.starts_with("sha256:") && one.digest.len() == 7 + 64);
    std::fs::write(right.path().join("z"), "other").unwrap();
    let three = pack(right.path(), &everything(), &out.path().join("3"), Bounds::default()).unwrap();
    assert_ne!(one.digest, three.digest);
}

#[test]
fn what_was_packed_comes_out_the_same_and_packs_to_the_same_digest() {
    let (from, to, out) = (folder(), folder(), folder());
    let long = format!("{}/{}", "d".repeat(90), "f".repeat(120));
    tree(from.path(), &["bin/run", "a b/file", &long]);
    let archive = out.path().join("archive");
    let packed = pack(from.path(), &everything(), &archive, Bounds::default()).unwrap();
    unpack(&archive, to.path(), Bounds::default()).unwrap();
    assert_eq!(std::fs::read_to_string(to.path().join("a b/link")).unwrap(), "content of bin/run");
    let mode = |name: &str| to.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("bin/run"), mode(&long)), (0o755, 0o644));
    let again = pack(to.path(), &everything(), &out.path().join("again"), Bounds::default()).unwrap();
    assert_eq!(packed.digest, again.digest);
    assert!(matches!(unpack(&archive, to.path(), Bounds::default()), Err(ArchiveError::NotEmpty(_))));
}

#[test]
fn only_the_named_paths_are_packed_and_none_outside() {
    let (from, out) = (folder(), folder());
    tree(from.path(), &["bin/run", "a b/file", "z"]);
    symlink("/etc", from.path().join("etc")).unwrap();
    let into = out.path().join("archive");
    let keep = |path: &str| pack(from.path(), &[path.to_owned()], &into, Bounds::default());
    assert_eq!(keep("bin").unwrap().files, 2);
    assert_eq!(keep("bin/run").unwrap().files, 1);
    for path in ["../x", "/etc/passwd", "bin/../../x"] {
        let refused = keep(path);
        assert!(matches!(refused, Err(ArchiveError::Path(_))), "{path}: {refused:?}");
    }
    assert!(matches!(keep("nothing"), Err(ArchiveError::Missing(_))));
    assert!(matches!(keep("etc"), Err(ArchiveError::Leaving { .. })));
    assert!(matches!(keep("etc/passwd"), Err(ArchiveError::Leaving { .. })));
}

#[test]
fn a_failed_archive_leaves_nothing_at_its_place() {
    let (from, out) = (folder(), folder());
    tree(from.path(), &["bin/run", "a b/file"]);
    let bounds = Bounds { bytes: 10, ..Bounds::default() };
    assert!(pack(from.path(), &everything(), &out.path().join("archive"), bounds).is_err());
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
}

/// One entry written raw, as only an attacker's tool writes it.
struct Raw<'a> {
    name: &'a str,
    kind: EntryType,
    link: &'a str,
}

fn archive_of(entries: &[Raw<'_>], at: &Path) {
    let mut tar = Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(entry.kind);
        header.set_mode(0o644);
        header.set_size(if entry.kind == EntryType::Regular { 4 } else { 0 });
        let fields = header.as_gnu_mut().unwrap();
        fields.name[..entry.name.len()].copy_from_slice(entry.name.as_bytes());
        fields.linkname[..entry.link.len()].copy_from_slice(entry.link.as_bytes());
        header.set_cksum();
        let content: &[u8] = if entry.kind == EntryType::Regular { b"evil" } else { b"" };
        tar.append(&header, content).unwrap();
    }
    std::fs::write(at, tar.into_inner().unwrap()).unwrap();
}

fn file(name: &str) -> Raw<'_> {
    Raw { name, kind: EntryType::Regular, link: "" }
}

fn link<'a>(name: &'a str, target: &'a str) -> Raw<'a> {
    Raw { name, kind: EntryType::Symlink, link: target }
}

#[test]
fn nothing_hostile_is_laid_out() {
    let special = |kind| Raw { name: "special", kind, link: "file" };
    let table: Vec<(&str, Vec<Raw<'_>>)> = vec![
        ("climbing", vec![file("../evil")]),
        ("climbing inside", vec![file("a/../../evil")]),
        ("absolute", vec![file("/tmp/evil")]),
        ("absolute link", vec![link("l", "/etc")]),
        ("climbing link", vec![link("l", "../outside")]),
        ("deep climbing link", vec![link("a/b/l", "../../../outside")]),
        ("climbing through a link", vec![link("p/q/x", "../../s"), link("p/q/y", "x/../../z")]),
        ("writing through a link", vec![link("l", "a"), file("l/evil")]),
        ("over a link", vec![link("l", "a"), file("l")]),
        ("the same twice", vec![file("a"), file("a")]),
        ("a file as a folder", vec![file("a"), file("a/b")]),
        ("hard link", vec![file("file"), special(EntryType::Link)]),
        ("device", vec![special(EntryType::Char)]),
        ("block device", vec![special(EntryType::Block)]),
        ("pipe", vec![special(EntryType::Fifo)]),
        ("empty link", vec![link("l", "")]),
    ];
    for (what, entries) in table {
        let (work, archive) = (folder(), folder());
        let archive = archive.path().join("archive");
        archive_of(&entries, &archive);
        let into = work.path().join("into");
        let refused = unpack(&archive, &into, Bounds::default());
        assert!(refused.is_err(), "{what} was laid out");
        let outside: Vec<_> =
            std::fs::read_dir(work.path()).unwrap().flatten().map(|e| e.file_name()).collect();
        assert!(outside.iter().all(|name| name == "into"), "{what} left {outside:?}");
    }
}

#[test]
fn bounds_are_counted() {
    let (from, out) = (folder(), folder());
    tree(from.path(), &["bin/run", "a/b/c/d/file"]);
    let archive = out.path().join("archive");
    pack(from.path(), &everything(), &archive, Bounds::default()).unwrap();
    let refused = |bounds: Bounds| unpack(&archive, &folder().path().join("x"), bounds).unwrap_err();
    assert!(matches!(refused(Bounds { bytes: 20, ..Bounds::default() }), ArchiveError::TooManyBytes(20)));
    assert!(matches!(refused(Bounds { files: 3, ..Bounds::default() }), ArchiveError::TooManyFiles(3)));
    assert!(matches!(
        refused(Bounds { depth: 3, ..Bounds::default() }),
        ArchiveError::TooDeep { depth: 3, .. }
    ));
}

proptest::proptest! {
    /// Bytes that are no archive, and archives that were cut or changed, end in an answer and nothing outside.
    #[test]
    fn broken_archives_never_panic(at in 0usize..4096, byte: u8, cut in 0usize..8192) {
        let (work, made) = (folder(), folder());
        let archive = made.path().join("archive");
        archive_of(&[file("a/b"), link("l", "a"), file("c")], &archive);
        let mut bytes = std::fs::read(&archive).unwrap();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(cut);
        std::fs::write(&archive, bytes).unwrap();
        drop(unpack(&archive, &work.path().join("into"), Bounds::default()));
        proptest::prop_assert!(std::fs::read_dir(work.path()).unwrap().flatten().all(|e| e.file_name() == "into"));
    }
}
