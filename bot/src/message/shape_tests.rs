//! A message stays within its bounds whatever it is given, and survives being stored.

use super::shape::{BUTTONS, COLUMNS, ROWS, SECTIONS, TEXT, ending_of, shortened};
use super::*;

fn huge() -> Message {
    let long = "word\n".repeat(10_000);
    let mut message = Message::new(Tone::Bad, &long)
        .table(&["a"; 30], (0..500).map(|_| vec![long.clone(); 40]))
        .fields((0..500).map(|_| ("name", long.clone())))
        .code(&long);
    for _ in 0..40 {
        message = message.text(&long).button(ButtonStyle::Plain, &long, &long);
    }
    message
}

#[test]
fn everything_is_bounded_and_says_so() {
    let message = huge();
    assert!(message.headline.chars().count() <= shape::HEADLINE && message.headline.ends_with('…'));
    assert_eq!(message.buttons.len(), BUTTONS);
    assert_eq!(message.sections.len(), SECTIONS + 1);
    let Section::Table { columns, rows } = &message.sections[0] else { panic!("the table comes first") };
    assert_eq!(columns.len(), COLUMNS);
    assert_eq!(rows.len(), ROWS + 1);
    assert_eq!(rows[ROWS][0], "… more");
    let Section::Code(code) = &message.sections[2] else { panic!("the code is third") };
    assert!(code.starts_with("… ") && code.chars().count() <= TEXT);
}

#[test]
fn bounding_twice_changes_nothing() {
    let once = huge();
    assert_eq!(once.clone().bounded(), once);
    let foreign = Message {
        headline: "x".repeat(5_000),
        tone: Tone::Plain,
        sections: vec![Section::Text("y".repeat(50_000)); 100],
        buttons: Vec::new(),
        only_for: Some("z".repeat(5_000)),
    };
    let bounded = foreign.bounded();
    assert_eq!(bounded.clone().bounded(), bounded);
    assert!(serde_json::to_string(&bounded).unwrap().len() < 100_000);
}

#[test]
fn a_message_survives_being_stored() {
    let message = Message::new(Tone::Waiting, "checkout waits for a person")
        .fields([("version", "1.4.2"), ("empty", "")])
        .steps([Step {
            name: "build".into(),
            state: StepState::Passed,
            detail: String::new(),
            duration: None,
        }])
        .button(ButtonStyle::Primary, "Promote", "promote checkout")
        .only_for("user:anna");
    let stored = serde_json::to_string(&message).unwrap();
    assert_eq!(serde_json::from_str::<Message>(&stored).unwrap(), message);
    assert!(!stored.contains("empty"));
}

#[test]
fn cuts_fall_between_characters() {
    assert_eq!(shortened("äöüß", 4), "äöüß");
    assert_eq!(shortened("äöüßx", 4), "äö …");
    assert_eq!(ending_of("äöüßx", 4), "… ßx");
}
