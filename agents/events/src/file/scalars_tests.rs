//! What is a percentage, a duration, a path or a name, and what only looks like one.

use proptest::prelude::*;

use super::*;

#[test]
fn percentages_are_numbers_with_or_without_the_sign() {
    for (text, value) in [("2", 2.0), ("2%", 2.0), ("2 %", 2.0), ("2.5%", 2.5), ("0", 0.0), ("100%", 100.0)] {
        assert_eq!(percent(text), Ok(value), "{text}");
    }
    for text in ["101", "100.1%", "-1", "2%%", "%", "", "two", "2e1", "1_0", "0x1", "NaN", "inf", ".5", "5."]
    {
        assert!(percent(text).is_err(), "{text}");
    }
}

#[test]
fn durations_are_seconds_or_units_from_long_to_short() {
    for (text, seconds) in [("90", 90), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("1d", 86_400), ("0s", 0)]
    {
        assert_eq!(duration(text, 0, WEEK), Ok(seconds), "{text}");
    }
    for text in [
        "",
        "m",
        "5 m",
        "5m5m",
        "30s5m",
        "1.5m",
        "-5m",
        "5min",
        "500ms",
        "soon",
        "1h30",
        "99999999999999999999d",
        "8d",
    ] {
        assert!(duration(text, 0, WEEK).is_err(), "{text}");
    }
    assert_eq!(duration("0s", 1, 60), Err("`0s` must be between 1s and 1m".to_owned()));
}

#[test]
fn latencies_are_milliseconds_unless_they_say_otherwise() {
    for (text, value) in [("500", 500.0), ("500ms", 500.0), ("0.5s", 500.0), ("2s", 2000.0)] {
        assert_eq!(milliseconds(text), Ok(value), "{text}");
    }
    for text in ["0", "5m", "3601s", "ms", "-1ms", "2%"] {
        assert!(milliseconds(text).is_err(), "{text}");
    }
}

#[test]
fn paths_stay_inside_the_repository() {
    for path in [".", "infra/", "a/b.c/d", "./Dockerfile", "..name", "a..b"] {
        assert_eq!(repository_path(path), Ok(()), "{path}");
    }
    for path in
        ["/", "/etc", "..", "a/../b", "a/..", "C:/x", "c:x", "a\\b", "~", "~/x", "a\0b", ".git/config"]
    {
        assert!(repository_path(path).is_err(), "{path}");
    }
    for path in ["/", "/health", "/a/b?c=d&e", "/~x"] {
        assert_eq!(health_path(path), Ok(()), "{path}");
    }
    for path in
        ["health", "//host/x", "http://host/", "/a b", "/../x", "/a\\b", "/a#b", "/é", "/a\r\nHost: x"]
    {
        assert!(health_path(path).is_err(), "{path:?}");
    }
}

#[test]
fn names_are_fit_for_folders_and_processes() {
    for text in ["api", "Sample_fullstack_project", "a.b-c_1", "9lives"] {
        assert_eq!(name(text, 63), Ok(()), "{text}");
    }
    for text in ["", "-x", ".x", "a/b", "a b", "ä", "a\n", "$x"] {
        assert!(name(text, 63).is_err(), "{text:?}");
    }
    assert!(name(&"a".repeat(64), 63).is_err());
    for (text, sound) in
        [("DB_URL", true), ("_x", true), ("1X", false), ("A-B", false), ("A=B", false), ("", false)]
    {
        assert_eq!(variable(text).is_ok(), sound, "{text}");
    }
}

#[test]
fn an_address_with_a_password_is_refused() {
    for (text, sound) in [
        ("https://git.example.com/a/b", true),
        ("https://user@git.example.com/a", true),
        ("git@git.example.com:a/b.git", true),
        ("https://user:word@git.example.com/a", false),
        ("two words", false),
    ] {
        assert_eq!(repository_address(text).is_ok(), sound, "{text}");
    }
}

proptest! {
    #[test]
    fn a_spoken_duration_reads_back(seconds in 0..=WEEK) {
        prop_assert_eq!(duration(&spoken(seconds), 0, WEEK), Ok(seconds));
    }

    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,40}") {
        percent(&text).ok();
        duration(&text, 0, WEEK).ok();
        milliseconds(&text).ok();
        name(&text, 63).ok();
        repository_path(&text).ok();
        health_path(&text).ok();
        variable(&text).ok();
        repository_address(&text).ok();
    }
}
