use super::*;
use proptest::prelude::*;
use std::io::Write;

fn registry(values: &[&str]) -> SecretRegistry {
    let registry = SecretRegistry::new();
    for value in values {
        assert_eq!(registry.register(&Secret::new(*value)), Registration::Masked);
    }
    registry
}

fn streamed(registry: &SecretRegistry, chunks: &[&[u8]]) -> Vec<u8> {
    let mut mask = StreamMask::new(registry.clone());
    let mut out = Vec::new();
    for chunk in chunks {
        mask.push(chunk, &mut out);
    }
    mask.finish(&mut out);
    out
}

/// Base64 as everybody writes it, to have another opinion than the code's.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = u32::from(chunk[0]) << 16
            | u32::from(*chunk.get(1).unwrap_or(&0)) << 8
            | u32::from(*chunk.get(2).unwrap_or(&0));
        for place in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(group >> (18 - 6 * place) & 63) as usize]));
        }
        out.push_str(&"=".repeat(3 - chunk.len()));
    }
    out
}

#[test]
fn a_secret_shows_itself_nowhere() {
    let secret = Secret::new("hunter2-and-more");
    assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
    let read: Secret = serde_json::from_str("\"hunter2-and-more\"").unwrap();
    assert!(read == secret && secret != Secret::new("hunter2-and-mora") && secret != Secret::new("hunter2"));
}

#[test]
fn a_value_is_masked_in_every_spelling() {
    let value = "pä\"ss w/ord+1\\";
    let registry = registry(&[value]);
    let json = serde_json::to_string(value).unwrap();
    let mut shown = vec![
        format!("a {value} b"),
        json,
        "\"p\\u00e4\\\"ss w/ord+1\\\\\"".to_owned(),
        "x?p=p%C3%A4%22ss%20w%2Ford%2B1%5C&y".to_owned(),
        "x?p=p%c3%a4%22ss%20w%2ford%2b1%5c&y".to_owned(),
        "p=p%C3%A4%22ss+w%2Ford%2B1%5C".to_owned(),
        format!("{value:?}"),
    ];
    for before in ["", "a", "ab", "abc", "user:"] {
        let encoded = base64(format!("{before}{value} tail").as_bytes());
        shown.push(format!("Authorization: Basic {encoded}"));
        shown.push(encoded.replace('+', "-").replace('/', "_"));
    }
    for text in shown {
        let masked = registry.mask(&text);
        assert!(masked.contains(MASK), "{text} stayed {masked}");
        assert!(
            !masked.contains("ss w") && !masked.contains("ss%20") && !masked.contains("ss+w"),
            "{masked}"
        );
    }
}

#[test]
fn overlapping_values_are_masked_together() {
    let registry = registry(&["abcdefgh", "efghijkl", "ghijklmnop"]);
    assert_eq!(registry.mask("<abcdefghijklmnop>"), "<***>");
    assert_eq!(streamed(&registry, &[b"<abcdefgh", b"ijkl", b"mnop>"]), b"<***>");
}

#[test]
fn each_line_of_a_long_value_is_masked() {
    let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhki\nG9w0BAQEFAASCBKcw\n-----END KEY-----";
    let masked = registry(&[key]);
    assert_eq!(masked.mask("out| G9w0BAQEFAASCBKcw"), "out| ***");
    assert_eq!(masked.mask("-----BEGIN KEY-----"), "-----BEGIN KEY-----");
}

#[test]
fn what_holds_no_secret_is_borrowed_and_at_once() {
    let registry = registry(&["s3cr3t-value"]);
    assert!(matches!(registry.mask("nothing here"), std::borrow::Cow::Borrowed(_)));
    let mut mask = StreamMask::new(registry);
    let mut out = Vec::new();
    mask.push(b"no waiting", &mut out);
    assert_eq!(out, b"no waiting");
    mask.push(b" s3cr", &mut out);
    assert_eq!(out, b"no waiting ", "the front of a value waits");
    mask.push(b"ew", &mut out);
    assert_eq!(out, b"no waiting s3crew", "until it is none");
}

#[test]
fn short_and_endless_values_are_refused() {
    let registry = SecretRegistry::new();
    assert_eq!(registry.register(&Secret::new("12345")), Registration::TooShort);
    assert_eq!(registry.register(&Secret::new("********")), Registration::TooShort);
    assert_eq!(registry.register(&Secret::new("x".repeat(100_000))), Registration::TooLong);
    assert_eq!(registry.mask("12345 ********"), "12345 ********");
}

#[test]
fn clones_share_and_streams_learn_later_values() {
    let registry = SecretRegistry::new();
    let mut written = Vec::new();
    {
        let mut writer = MaskingWriter::new(registry.clone(), &mut written);
        writer.write_all(b"late-secret ").unwrap();
        assert_eq!(registry.clone().register(&Secret::new("late-secret")), Registration::Masked);
        writer.write_all(b"late-sec").unwrap();
        writer.flush().unwrap();
        writer.write_all(b"ret late-se").unwrap();
    }
    assert_eq!(String::from_utf8(written).unwrap(), "late-secret *** late-se");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the values, the text and the chunks: nothing that comes out holds a value,
    /// and a stream shows what `mask` shows.
    #[test]
    fn nothing_registered_comes_out(
        values in proptest::collection::vec("[ab/ \"]{6,9}", 1..4),
        pieces in proptest::collection::vec(("[ab/ \"c]{0,6}", 0..8_usize), 0..8),
        cuts in proptest::collection::vec(0..400_usize, 0..12),
    ) {
        let registry = SecretRegistry::new();
        for value in &values {
            let _too_short_is_fine = registry.register(&Secret::new(value.clone()));
        }
        let mut text = String::new();
        for (noise, pick) in &pieces {
            text.push_str(noise);
            if let Some(value) = values.get(*pick % (values.len() + 1)) {
                match pick {
                    0..4 => text.push_str(value),
                    4 => text.push_str(&base64(format!("{noise}{value}{noise}").as_bytes())),
                    _ => text.push_str(&serde_json::to_string(value).unwrap()),
                }
            }
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
        let out = String::from_utf8(streamed(&registry, &chunks)).unwrap();
        let whole = registry.mask(&text);
        for value in &values {
            prop_assert!(!out.contains(value.as_str()), "{out:?} holds {value:?}");
            prop_assert!(!whole.contains(value.as_str()), "{whole:?} holds {value:?}");
        }
        prop_assert!(!registry.finds_in(&whole));
        prop_assert_eq!(out, whole);
    }

    #[test]
    fn text_without_values_passes_unchanged(text in "\\PC{0,80}", cut in 0..80_usize) {
        let registry = registry(&["zzzz-never-in-there-zzzz"]);
        let cut = cut.min(text.len());
        let (front, back) = text.as_bytes().split_at(cut);
        prop_assert_eq!(streamed(&registry, &[front, back]), text.as_bytes());
    }
}
