use super::*;

const EQ: &str = "======================================================================";
const DASH: &str = "----------------------------------------------------------------------";

fn failing() -> String {
    format!(
        "F.Es\n{EQ}\nERROR: test_c (t.T.test_c)\n{DASH}\nTraceback (most recent call last):\n  File \"t.py\", line 9, in test_c\n    \
         raise ValueError('boom')\nValueError: boom\n\n{EQ}\nFAIL: test_a (t.T.test_a)\n{DASH}\nTraceback (most recent call last):\n  \
         File \"t.py\", line 5, in test_a\n    self.assertEqual(1, 2)\nAssertionError: 1 != 2\n\n{DASH}\nRan 4 tests in 0.001s\n\n\
         FAILED (failures=1, errors=1, skipped=1)\n"
    )
}

fn numbers(text: &str) -> (u64, u64, u64, u64) {
    let totals = parse(text).unwrap();
    (totals.total, totals.passed, totals.failed, totals.skipped)
}

#[test]
fn failures_errors_and_skips_are_counted_apart() {
    assert_eq!(numbers(&failing()), (3, 1, 2, 1));
    let totals = parse(&failing()).unwrap();
    let told: Vec<_> = totals.failures.iter().map(|f| (f.name.as_str(), f.message.as_str())).collect();
    assert_eq!(
        told,
        [("test_a (t.T.test_a)", "AssertionError: 1 != 2"), ("test_c (t.T.test_c)", "ValueError: boom")]
    );
}

#[test]
fn statuses() {
    let table = [
        ("Ran 3 tests in 0.000s\n\nOK", (3, 3, 0, 0)),
        ("Ran 1 test in 0.000s\n\nOK (skipped=1)", (0, 0, 0, 1)),
        ("Ran 0 tests in 0.000s\n\nNO TESTS RAN", (0, 0, 0, 0)),
        ("Ran 0 tests in 0.000s\n\nOK (skipped=1)", (0, 0, 0, 1)),
        ("Ran 2 tests in 12.500s\n\nOK (expected failures=1)", (2, 2, 0, 0)),
        ("Ran 2 tests in 0.000s\n\nFAILED (unexpected successes=1)", (2, 1, 1, 0)),
    ];
    for (text, expected) in table {
        assert_eq!(numbers(&format!("...\n{DASH}\n{text}\n")), expected, "{text}");
    }
}

#[test]
fn sub_tests_of_one_test_count_once() {
    let text = format!(
        "F\n{EQ}\nFAIL: test_s (t.T.test_s) (i=1)\n{DASH}\nAssertionError: 1\n\n{EQ}\nFAIL: test_s (t.T.test_s) (i=2)\n{DASH}\n\
         AssertionError: 2\n\n{DASH}\nRan 2 tests in 0.001s\n\nFAILED (failures=2)\n"
    );
    assert_eq!(numbers(&text), (2, 1, 1, 0));
}

#[test]
fn a_broken_class_fixture_is_a_failure_of_its_own() {
    let text = format!(
        "E\n{EQ}\nERROR: setUpClass (t.T)\n{DASH}\nTraceback (most recent call last):\nOSError: no database\n\n{DASH}\n\
         Ran 0 tests in 0.001s\n\nFAILED (errors=1)\n"
    );
    assert_eq!(numbers(&text), (1, 0, 1, 0));
}

#[test]
fn printed_summaries_do_not_count() {
    let lone = failing().replacen("F.Es", "Ran 500 tests in 0.1s\n\nOK\nF.Es", 1);
    assert_eq!(numbers(&lone), (3, 1, 2, 1));
    let whole = format!("{DASH}\nRan 500 tests in 0.1s\n\nOK\n{}", failing());
    assert!(matches!(parse(&whole), Err(ReportError::Unclear { .. })));
    let contradicting = failing().replace("failures=1, errors=1", "failures=1");
    assert!(matches!(parse(&contradicting), Err(ReportError::Unclear { .. })));
    let fake_ok = failing().replace("FAILED (failures=1, errors=1, skipped=1)", "OK");
    assert!(matches!(parse(&fake_ok), Err(ReportError::Unclear { .. })));
}

#[test]
fn no_summary_is_no_report() {
    for text in ["", "Ran 3 tests in 0.1s\n\nOK\n", "ModuleNotFoundError: No module named 'x'"] {
        assert!(matches!(parse(text), Err(ReportError::NotFound { .. })), "{text}");
    }
}
