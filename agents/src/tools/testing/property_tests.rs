//! Whatever a report says: no panic, and the totals never contradict themselves.

use super::*;
use proptest::prelude::*;

fn kinds() -> [ReportKind; 5] {
    [
        ReportKind::CargoText,
        ReportKind::UnittestText,
        ReportKind::GoJson,
        ReportKind::PytestJunit("r.xml".to_owned()),
        ReportKind::JunitXml(vec!["r.xml".to_owned()]),
    ]
}

fn check(text: &str, exit_code: Option<i32>) {
    let files = [("r.xml".to_owned(), text.as_bytes().to_vec())];
    for kind in kinds() {
        for files in [&files[..], &[]] {
            let output = Output { stdout: text, stderr: text, files, exit_code };
            if let Ok(run) = read(&kind, &output) {
                let totals = &run.totals;
                assert_eq!(totals.passed + totals.failed, totals.total, "{kind:?}");
                assert!(totals.failures.len() as u64 <= totals.failed);
                assert!(totals.flaky <= totals.passed);
                if run.verdict == Verdict::Passed {
                    assert!(totals.failed == 0 && totals.passed > 0 && exit_code == Some(0));
                }
            }
        }
    }
}

/// Lines that real reports are made of, so that random reports come close to real ones.
fn line() -> impl Strategy<Value = String> {
    let number = || prop_oneof![0_u64..4, Just(u64::MAX)];
    prop_oneof![
        number().prop_map(|n| format!("running {n} test{}", if n == 1 { "" } else { "s" })),
        "test [a-c] \\.\\.\\. (ok|FAILED|ignored)",
        (number(), number(), number()).prop_map(|(p, f, i)| format!(
            "test result: {}. {p} passed; {f} failed; {i} ignored; 0 measured; 0 filtered out; finished in 0.00s",
            if f == 0 { "ok" } else { "FAILED" }
        )),
        Just("=".repeat(70)),
        Just("-".repeat(70)),
        "(FAIL|ERROR): [a-c] \\(m\\)",
        number().prop_map(|n| format!("Ran {n} tests in 0.001s")),
        (number(), number()).prop_map(|(f, s)| format!("FAILED (failures={f}, skipped={s})")),
        Just("OK".to_owned()),
        Just(String::new()),
        number().prop_map(|n| format!("collected {n} items")),
        (number(), number(), number()).prop_map(|(p, f, e)| format!("=== {f} failed, {p} passed, {e} errors in 0.01s ===")),
        "<testsuite( failures='[0-2]')?( tests='[0-9]')?/?>",
        "<testcase name='[ab]'( status='(failed|disabled)')?/?>",
        "<(failure|error|skipped|flakyFailure)/?>",
        "</(testsuite|testcase|failure)>",
        "\\{\"Action\":\"(run|pass|fail|skip)\",\"Package\":\"[ab]\"(,\"Test\":\"[ab]\")?\\}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_keeps_the_invariant(text in "\\PC{0,200}", code in proptest::option::of(0..3_i32)) {
        check(&text, code);
    }

    #[test]
    fn any_mix_of_report_lines_keeps_the_invariant(
        lines in proptest::collection::vec(line(), 0..14),
        code in proptest::option::of(0..3_i32),
    ) {
        check(&lines.join("\n"), code);
        check(&lines.concat(), code);
    }
}

/// A story of any cargo run is read back exactly.
#[derive(Debug, Clone, Copy)]
enum Said {
    Ok,
    Failed,
    Ignored,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_cargo_writes_is_read_back(
        binaries in proptest::collection::vec(
            proptest::collection::vec(prop_oneof![Just(Said::Ok), Just(Said::Failed), Just(Said::Ignored)], 0..6),
            1..4,
        ),
    ) {
        let mut text = String::new();
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for tests in &binaries {
            let count = |wanted: fn(&Said) -> bool| tests.iter().filter(|said| wanted(said)).count() as u64;
            let (p, f, i) = (
                count(|said| matches!(said, Said::Ok)),
                count(|said| matches!(said, Said::Failed)),
                count(|said| matches!(said, Said::Ignored)),
            );
            text += &format!("\nrunning {} test{}\n", tests.len(), if tests.len() == 1 { "" } else { "s" });
            for (number, said) in tests.iter().enumerate() {
                let word = match said { Said::Ok => "ok", Said::Failed => "FAILED", Said::Ignored => "ignored" };
                text += &format!("test t{number} ... {word}\n");
            }
            let word = if f == 0 { "ok" } else { "FAILED" };
            text += &format!("\ntest result: {word}. {p} passed; {f} failed; {i} ignored; 0 measured; 0 filtered out; finished in 0.00s\n");
            passed += p;
            failed += f;
            skipped += i;
        }
        let totals = cargo_text::parse(&text).unwrap();
        prop_assert_eq!((totals.passed, totals.failed, totals.skipped), (passed, failed, skipped));
    }
}
