//! Files that are made to cost time or memory: each is refused by a counted budget.
//!
//! Nothing here measures time; an attack that was not stopped would not end, or would exhaust memory.

use proptest::prelude::*;

use super::super::pipeline::PipelineFile;
use super::super::tree::{MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_SCALAR};
use super::check;

const SAMPLES: [&str; 4] = [
    include_str!("samples/everything.yaml"),
    include_str!("samples/small.yaml"),
    include_str!("samples/anchors.yaml"),
    include_str!("samples/mistakes.yaml"),
];

fn refused_for(text: &str, reason: &str) {
    let checked = check(text);
    assert!(!checked.ok() && checked.pipeline.is_none());
    let told = &checked.findings[0].message;
    assert!(told.contains(reason), "{told}");
    assert!(
        checked.findings.iter().all(|finding| finding.message.len() < 600),
        "a message repeats the attack"
    );
}

#[test]
fn a_billion_laughs_are_counted_before_they_are_copied() {
    let mut text = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    refused_for(&text, &format!("more than {MAX_NODES} values"));
}

#[test]
fn many_aliases_of_one_big_value_are_counted() {
    let text = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(900), "*a, ".repeat(900));
    refused_for(&text, &format!("more than {MAX_NODES} values"));
}

#[test]
fn many_anchors_around_each_other_are_counted() {
    let anchors: String = (0..MAX_DEPTH - 1).map(|level| format!("&a{level} [")).collect();
    let items = "x, ".repeat(MAX_NODES / 2);
    let text = format!("a: {anchors}{items}{}", "]".repeat(MAX_DEPTH - 1));
    refused_for(&text, &format!("more than {MAX_NODES} values"));
}

#[test]
fn deep_nesting_is_refused_in_every_style() {
    let block: String = (0..300).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    for text in [
        "[".repeat(20_000),
        "{a: ".repeat(20_000),
        "- ".repeat(20_000),
        format!("a: {}", "[".repeat(20_000) + &"]".repeat(20_000)),
        "? ".repeat(20_000),
        block,
    ] {
        let checked = check(&text);
        assert!(!checked.ok());
        assert_eq!(checked.findings.len(), 1);
    }
    refused_for(&"[".repeat(20_000), "nested deeper");
    refused_for(&"- ".repeat(20_000), "nested deeper");
    refused_for(&format!("a: {}", "[".repeat(20_000)), "nested deeper");
}

#[test]
fn an_alias_cannot_nest_deeper_than_the_file_could() {
    let half = MAX_DEPTH - 4;
    let text = format!(
        "a: &a {}{}\nb: {}*a{}\n",
        "[".repeat(half),
        "]".repeat(half),
        "[".repeat(half),
        "]".repeat(half)
    );
    refused_for(&text, "an alias nests deeper");
}

#[test]
fn size_is_refused_as_a_whole_by_scalar_and_by_count() {
    refused_for(&format!("a: {}", "x".repeat(5_000_000)), &format!("more than the {MAX_BYTES} allowed"));
    refused_for(
        &format!("a: {}", "x".repeat(MAX_SCALAR + 1)),
        &format!("more than the {MAX_SCALAR} allowed"),
    );
    refused_for(&"- x\n".repeat(1_000_000), &format!("more than the {MAX_BYTES} allowed"));
    refused_for(&"- \n".repeat(80_000), &format!("more than {MAX_NODES} values"));
    refused_for(&format!("[{}", "a,".repeat(100_000)), &format!("more than {MAX_NODES} values"));
    let keys: String = (0..20_000).map(|number| format!("k{number}: 1\n")).collect();
    refused_for(&keys, &format!("more than {MAX_NODES} values"));
}

#[test]
fn thousands_of_mistakes_give_a_bounded_answer() {
    let unknown: String = (0..2_000).map(|number| format!("key{number}: 1\n")).collect();
    let twice = "a: 1\n".repeat(2_000);
    let services = format!("deployment:\n  services:\n{}", "    - {}\n".repeat(3_000));
    for text in [unknown, twice, services] {
        let checked = check(&text);
        assert!(!checked.ok());
        assert!(checked.findings.len() <= 402, "{}", checked.findings.len());
    }
}

#[test]
fn comments_and_blank_lines_cost_nothing() {
    let text = format!("{}{}{}", "# words\n".repeat(10_000), "\n".repeat(100_000), SAMPLES[1]);
    assert!(check(&text).ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_file_never_panics_and_ok_means_a_pipeline(
        sample in prop::sample::select(SAMPLES.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, "[\\PC\n\t:{}\\[\\]&*!%'\"#-]{0,6}"), 1..6),
    ) {
        let mut letters: Vec<char> = sample.chars().collect();
        for (place, removed, inserted) in changes {
            let start = place.index(letters.len() + 1).min(letters.len());
            let end = (start + removed).min(letters.len());
            letters.splice(start..end, inserted.chars());
        }
        let text: String = letters.into_iter().collect();
        let checked = check(&text);
        prop_assert_eq!(checked.ok(), checked.pipeline.is_some());
        for finding in &checked.findings {
            prop_assert!(finding.line >= 1 && finding.line <= text.lines().count() + 2);
            prop_assert!(finding.column >= 1);
            prop_assert!(finding.message.contains(": "));
        }
        if let Some(pipeline) = checked.pipeline {
            prop_assert_eq!(read_back(&pipeline), pipeline);
        }
    }

    #[test]
    fn any_text_gets_an_answer(text in "[\\PC\n\r\t]{0,200}") {
        let checked = check(&text);
        prop_assert_eq!(checked.ok(), checked.pipeline.is_some());
    }
}

/// JSON is YAML, and the typed file's JSON is a valid file that says the same.
fn read_back(pipeline: &PipelineFile) -> PipelineFile {
    let json = serde_json::to_string_pretty(pipeline).unwrap();
    let decoded: PipelineFile = serde_json::from_str(&json).unwrap();
    assert_eq!(&decoded, pipeline);
    let checked = check(&json);
    checked.pipeline.clone().unwrap_or_else(|| panic!("{:?}\n{json}", checked.findings))
}

#[test]
fn the_samples_and_the_default_file_read_back_as_themselves() {
    for sample in &SAMPLES[..3] {
        let checked = check(sample);
        let pipeline = checked.pipeline.unwrap_or_else(|| panic!("{:?}", checked.findings));
        assert_eq!(read_back(&pipeline), pipeline);
    }
    assert_eq!(read_back(&PipelineFile::default()), PipelineFile::default());
}
