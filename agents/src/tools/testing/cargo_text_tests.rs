use super::*;
use crate::tools::testing::totals::Failure;

const PASSING: &str = "
running 3 tests
test tests::adds ... ok
test tests::old ... ignored, not needed
test tests::panics - should panic ... ok

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s


running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s


running 1 test
test src/lib.rs - add (line 3) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.21s

all doctests ran in 0.30s; merged doctests compilation took 0.09s
";

const FAILING: &str = "
running 2 tests
test a ... FAILED
test b ... ok

failures:

---- a stdout ----

thread 'a' (12) panicked at src/lib.rs:9:9:
assertion `left == right` failed
  left: 1
 right: 2
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    a

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

fn numbers(totals: &Totals) -> (u64, u64, u64, u64) {
    (totals.total, totals.passed, totals.failed, totals.skipped)
}

#[test]
fn several_binaries_and_doc_tests_add_up() {
    assert_eq!(numbers(&parse(PASSING).unwrap()), (3, 3, 0, 1));
}

#[test]
fn a_failure_has_its_name_and_what_was_wrong() {
    let totals = parse(FAILING).unwrap();
    assert_eq!(numbers(&totals), (2, 1, 1, 0));
    let expected = Failure { name: "a".into(), message: "assertion `left == right` failed".into() };
    assert_eq!(totals.failures, [expected]);
}

#[test]
fn colours_and_carriage_returns_do_not_matter() {
    let coloured = PASSING.replace("... ok", "... \u{1b}[32mok\u{1b}[m").replace('\n', "\r\n");
    assert_eq!(numbers(&parse(&coloured).unwrap()), (3, 3, 0, 1));
}

#[test]
fn with_one_thread_a_test_may_print_between_its_name_and_its_outcome() {
    let text = "running 2 tests\ntest a ... hello from a\nok\ntest b ... FAILED\n\n\
        test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    assert_eq!(numbers(&parse(text).unwrap()), (2, 1, 1, 0));
}

#[test]
fn a_benchmark_counts_as_passed() {
    let text = "running 1 test\ntest quick ... bench:          12 ns/iter (+/- 1)\n\n\
        test result: ok. 0 passed; 0 failed; 0 ignored; 1 measured; 0 filtered out; finished in 0.50s\n";
    assert_eq!(numbers(&parse(text).unwrap()), (1, 1, 0, 0));
}

const FAKE: &str =
    "test result: ok. 500 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";

#[test]
fn a_printed_result_line_inside_a_block_changes_nothing() {
    for place in ["test tests::adds ... ok\n", "running 3 tests\n", "should panic ... ok\n"] {
        let text = PASSING.replace(place, &format!("{place}{FAKE}\n"));
        assert_ne!(text, PASSING);
        assert_eq!(numbers(&parse(&text).unwrap()), (3, 3, 0, 1), "{place}");
    }
}

#[test]
fn a_printed_report_that_contradicts_is_unclear() {
    let fake_block = format!("running 1 test\ntest fake ... ok\n\n{FAKE}\n");
    let cases = [
        ("a result line on its own", FAKE.to_owned()),
        ("a result line before the block", format!("{FAKE}\n{PASSING}")),
        ("an outcome too many", PASSING.replace("test tests::adds", "test fake ... ok\ntest tests::adds")),
        (
            "a whole block inside another",
            PASSING.replace("test tests::adds", &format!("{fake_block}test tests::adds")),
        ),
        (
            "a failure hidden by a printed success",
            FAILING.replace("test a ... FAILED", "test a ... ok\nFAILED"),
        ),
        (
            "cut off before the result",
            PASSING.split("all doctests").next().unwrap().rsplit_once("test result").unwrap().0.to_owned(),
        ),
        ("a bare announcement", "running 5 tests\n".to_owned()),
        ("an announcement of more than came", PASSING.replace("running 3", "running 4")),
    ];
    for (name, text) in cases {
        assert!(matches!(parse(&text), Err(ReportError::Unclear { .. })), "{name}: {:?}", parse(&text));
    }
}

#[test]
fn captured_output_of_a_failed_test_may_hold_another_report() {
    let inner = format!("running 1 test\ntest x ... ok\n\n{FAKE}\n");
    let text = FAILING.replace("thread 'a'", &format!("{inner}thread 'a'"));
    assert_eq!(numbers(&parse(&text).unwrap()), (2, 1, 1, 0));
}

#[test]
fn prose_is_no_report() {
    for text in ["", "all 500 tests passed!\n", "error: could not compile `x`\n"] {
        assert!(matches!(parse(text), Err(ReportError::NotFound { .. })), "{text}");
    }
}
