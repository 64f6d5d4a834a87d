use super::*;
use crate::testing_support::skipped;
use crate::tools::testing::totals::Totals;

fn read(text: &str) -> Result<Totals, ReportError> {
    let mut tally = Tally::default();
    read_into(&mut tally, "report.xml", text.as_bytes()).map(|_| tally.finish())
}

fn numbers(text: &str) -> (u64, u64, u64, u64) {
    let totals = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    (totals.total, totals.passed, totals.failed, totals.skipped)
}

#[test]
fn cases_decide() {
    let table = [
        ("<testsuite><testcase name='a'/></testsuite>", (1, 1, 0, 0)),
        (
            "<testsuites><testcase name='a'/><testsuite><testcase name='b'/></testsuite></testsuites>",
            (2, 2, 0, 0),
        ),
        ("<testsuite><testcase name='a'><failure/></testcase></testsuite>", (1, 0, 1, 0)),
        ("<testsuite><testcase name='a'><failure/><error/></testcase></testsuite>", (1, 0, 1, 0)),
        ("<testsuite><testcase name='a'><skipped/></testcase></testsuite>", (0, 0, 0, 1)),
        ("<testsuite><testcase name='a' status='disabled'/></testsuite>", (0, 0, 0, 1)),
        ("<testsuite><testcase name='a' status='disabled'><failure/></testcase></testsuite>", (1, 0, 1, 0)),
        ("<testsuite><testcase name='a' status='failed'/></testsuite>", (1, 0, 1, 0)),
        ("<testsuite name='s'><error message='no database'/></testsuite>", (1, 0, 1, 0)),
        ("<testsuite tests='9'><testcase name='a'/></testsuite>", (1, 1, 0, 0)),
        ("<testsuite tests='9'/>", (0, 0, 0, 0)),
        (
            "<testsuite><testcase name='a'><system-out>&lt;failure/&gt; <x/> &unknown;</system-out></testcase></testsuite>",
            (1, 1, 0, 0),
        ),
        (
            "<testsuite><testcase name='a'><system-out><failure/></system-out></testcase></testsuite>",
            (1, 1, 0, 0),
        ),
    ];
    for (text, expected) in table {
        assert_eq!(numbers(text), expected, "{text}");
    }
}

#[test]
fn a_test_that_was_run_again_counts_once() {
    let again = |first: &str, second: &str| {
        format!(
            "<testsuite><testcase classname='c' name='a'>{first}</testcase><testcase classname='c' name='a'>{second}</testcase></testsuite>"
        )
    };
    assert_eq!(numbers(&again("<failure/>", "")), (1, 1, 0, 0));
    assert_eq!(read(&again("<failure/>", "")).unwrap().flaky, 1);
    assert_eq!(numbers(&again("<failure/>", "<failure/>")), (1, 0, 1, 0));
    assert_eq!(numbers(&again("", "")), (2, 2, 0, 0), "two tests of one name");
    assert_eq!(numbers(&again("", "<failure/>")), (2, 1, 1, 0), "nobody repeats what passed");
    assert_eq!(numbers(&again("<failure/>", "<skipped/>")), (1, 0, 1, 1), "a skip heals nothing");
    let surefire = "<testsuite><testcase name='a'><flakyFailure/></testcase><testcase name='b'><failure/><rerunFailure/></testcase></testsuite>";
    assert_eq!(numbers(surefire), (2, 1, 1, 0));
}

#[test]
fn one_name_in_two_suites_is_two_tests() {
    let text = "<testsuites><testsuite name='s'><testcase name='a'><failure/></testcase></testsuite>\
        <testsuite name='s'><testcase name='a'/></testsuite></testsuites>";
    assert_eq!(numbers(text), (2, 1, 1, 0));
}

#[test]
fn the_message_is_the_first_line_of_attribute_or_text() {
    let text = "<testsuite><testcase classname='c' name='a'><failure message='&#10;no &lt;1&gt;&#10;more'>x</failure></testcase>\
        <testcase name='b'><error><![CDATA[\n boom\n at y]]></error></testcase></testsuite>";
    let failures = read(text).unwrap().failures;
    assert_eq!((failures[0].name.as_str(), failures[1].message.as_str()), ("c.a", "boom"));
    assert!(failures[0].message.starts_with("no <1>"), "{:?}", failures[0].message);
}

#[test]
fn what_is_damaged_or_hostile_is_refused() {
    let bomb = "<!DOCTYPE t [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><testsuite><testcase name='&b;'/></testsuite>";
    let deep = format!("<testsuite>{}", "<testsuite>".repeat(100_000));
    let table = [
        ("", "corrupt report"),
        ("hello", "corrupt report"),
        ("<testsuite><testcase name='a'>", "corrupt report"),
        ("<testsuite><testcase name='a'></testsuite>", "corrupt report"),
        ("<testsuite/><testsuite/>", "corrupt report"),
        ("<testsuite><![CDATA[", "corrupt report"),
        (bomb, "corrupt report"),
        (deep.as_str(), "report too large"),
        ("<project/>", "not a test report"),
        ("<html><testsuite/></html>", "not a test report"),
        ("<testsuite failures='1'><testcase name='a'/></testsuite>", "unclear report"),
    ];
    for (text, expected) in table {
        let error = read(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{}: {error}", &text[..text.len().min(80)]);
    }
}

#[test]
fn other_encodings_are_read() {
    let text = "<testsuite><testcase name='ä'><failure/></testcase></testsuite>";
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let mut latin = text.replace('ä', "#").into_bytes();
    let at = latin.iter().position(|b| *b == b'#').unwrap();
    latin[at] = 0xe4;
    for bytes in [utf16, latin, [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat()] {
        let mut tally = Tally::default();
        read_into(&mut tally, "x", &bytes).unwrap();
        assert_eq!(tally.finish().failed, 1);
    }
}

/// Reads the folder of real reports named by `ORCHESTRA_SPECS` (its `junit/samples`), or skips loudly.
#[test]
fn real_reports_are_read_or_refused_with_a_reason() {
    let Ok(specs) = std::env::var("ORCHESTRA_SPECS") else {
        skipped("specs", "ORCHESTRA_SPECS names no folder, so no real JUnit report was read");
        return;
    };
    // (part of the file's name, total, failed, skipped), or the start of the refusal.
    type Expected = Result<(u64, u64, u64), &'static str>;
    let expected: [(&str, Expected); 23] = [
        ("catch2", Ok((1, 1, 0))),
        ("container-structure", Ok((3, 0, 0))),
        ("corrupt-junit", Err("corrupt report")),
        ("cunit__testEmpty", Ok((0, 0, 0))),
        ("cunit__testFailure", Ok((4, 1, 0))),
        ("issues__testDisabled", Ok((12, 6, 10))),
        ("issues__testFailedDisabled", Ok((1, 1, 0))),
        ("expectedRetries", Ok((6, 1, 1))),
        ("mixed_flaky", Ok((3, 0, 0))),
        ("maven_surefire_flaky", Ok((1, 0, 0))),
        ("multiple__test_11", Ok((3, 1, 0))),
        ("test_multiple_errors", Ok((3, 2, 0))),
        ("nested__junit", Ok((5, 3, 0))),
        ("nextest__basic", Ok((3, 1, 0))),
        ("perl__result", Ok((1, 0, 0))),
        ("python__report.xml", Ok((3, 2, 0))),
        ("python__report_flaky", Ok((4, 2, 0))),
        ("tests__email__pom", Err("not a test report")),
        ("EmailAddressTest", Ok((9, 7, 0))),
        ("tests__pom", Err("not a test report")),
        ("tests__utils__pom", Err("not a test report")),
        ("AllOkTest", Ok((1, 0, 0))),
        ("StringUtilsTest", Ok((4, 2, 1))),
    ];
    let folder = std::path::Path::new(&specs).join("junit/samples");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut tally = Tally::default();
        let got = read_into(&mut tally, &name, &std::fs::read(&path).unwrap());
        let Some((_, wanted)) = expected.iter().find(|(part, _)| name.contains(part)) else { continue };
        seen += 1;
        match (got, wanted) {
            (Ok(_), Ok((total, failed, skipped))) => {
                let totals = tally.finish();
                assert_eq!(
                    (totals.total, totals.failed, totals.skipped),
                    (*total, *failed, *skipped),
                    "{name}"
                );
            }
            (Err(error), Err(start)) => assert!(error.to_string().starts_with(start), "{name}: {error}"),
            (got, wanted) => panic!("{name}: {got:?} instead of {wanted:?}"),
        }
    }
    assert_eq!(seen, expected.len(), "of the known samples");
}
