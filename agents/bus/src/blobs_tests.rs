use super::*;

fn leftovers(dir: &Path) -> usize {
    fs::read_dir(dir.join("blobs/incoming")).unwrap().count()
}

#[test]
fn what_is_put_is_got_again_by_its_digest() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    for bytes in [&b""[..], b"an archive", &[7; 200_000]] {
        let digest = blobs.put(bytes).unwrap();
        assert_eq!(digest, Digest::of(bytes));
        assert_eq!(blobs.get(&digest).unwrap(), bytes);
        assert!(blobs.exists(&digest));
        let text = digest.hexadecimal().unwrap();
        let path = dir.path().join("blobs").join(&text[..2]).join(&text[2..]);
        assert_eq!(blobs.path(&digest).unwrap(), path);
        assert_eq!(fs::read(path).unwrap(), bytes);
    }
    assert_eq!(leftovers(dir.path()), 0);
    let again = Blobs::open(dir.path()).unwrap();
    assert_eq!(again.get(&Digest::of(b"an archive")).unwrap(), b"an archive");
}

#[test]
fn a_file_and_its_bytes_are_the_same_blob() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    let file = dir.path().join("source.tar");
    fs::write(&file, [3; 150_000]).unwrap();
    assert_eq!(blobs.put_file(&file).unwrap(), blobs.put(&[3; 150_000]).unwrap());
    let missing = blobs.put_file(&dir.path().join("nothing"));
    assert!(matches!(missing, Err(BlobError::Io { .. })), "{missing:?}");
    assert_eq!(leftovers(dir.path()), 0);
}

#[test]
fn what_is_missing_or_no_digest_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    assert!(matches!(blobs.get(&Digest::of(b"never")), Err(BlobError::Missing(_))));
    for text in ["", "sha256:", "sha256:../../../etc/passwd", "md5:00", &format!("sha256:{}", "é".repeat(32))]
    {
        let digest = Digest(text.to_owned());
        assert!(matches!(blobs.get(&digest), Err(BlobError::NotADigest(_))), "{text}");
        assert!(!blobs.exists(&digest), "{text}");
    }
}

#[test]
fn a_damaged_blob_is_said_and_healed_by_putting_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    let digest = blobs.put(b"an artefact").unwrap();
    fs::write(blobs.path(&digest).unwrap(), b"an artifact").unwrap();
    assert!(matches!(blobs.get(&digest), Err(BlobError::Damaged { .. })));
    blobs.put(b"an artefact").unwrap();
    assert_eq!(blobs.get(&digest).unwrap(), b"an artefact");
}

#[test]
fn a_blob_too_large_to_read_at_once_is_refused_by_its_size() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    let digest = blobs.put(b"small").unwrap();
    File::options().write(true).open(blobs.path(&digest).unwrap()).unwrap().set_len(READ_LIMIT + 1).unwrap();
    let refused = blobs.get(&digest);
    assert!(matches!(refused, Err(BlobError::TooLarge { bytes, .. }) if bytes == READ_LIMIT + 1));
}

/// A source whose disk or pipe fails halfway.
struct Failing(usize);

impl Read for Failing {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.0 -= 1;
        piece.fill(1);
        Ok(piece.len())
    }
}

#[test]
fn a_write_that_fails_halfway_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    let failed = blobs.keep(&mut Failing(3), Path::new("the source"));
    assert!(matches!(failed, Err(BlobError::Full(_))), "{failed:?}");
    assert_eq!(leftovers(dir.path()), 0);
    assert_eq!(
        fs::read_dir(dir.path().join("blobs")).unwrap().count(),
        1,
        "only the folder for what comes in"
    );
}

#[test]
fn what_a_dead_process_left_is_swept_and_our_own_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    let ours = dir.path().join(format!("blobs/incoming/{}-99999", std::process::id()));
    fs::write(&ours, b"being written").unwrap();
    fs::write(dir.path().join("blobs/incoming/1-0"), b"half").unwrap();
    assert_eq!(blobs.sweep().unwrap(), 1);
    assert!(ours.exists());
}
