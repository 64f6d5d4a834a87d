//! How a message becomes lines, and how the screen changes.

use super::board::Board;
use super::harmless::{columns, cut, harmless, wrapped};
use super::listen::Typed;
use super::render::{Look, changes, render};
use crate::message::{Message, Step, StepState, Tone};

const PLAIN: Look = Look { width: 60, colour: false };

fn step(state: StepState) -> Step {
    Step { name: "build".into(), state, detail: String::new(), duration: None }
}

#[test]
fn text_from_outside_is_harmless() {
    let table = [
        ("\u{1b}[31mred\u{1b}[0m", "red"),
        ("\u{1b}]0;title\u{7}rest", "]0;titlerest"),
        ("a\rb", "a\nb"),
        ("a\r\nb", "a\nb"),
        ("\tx", "    x"),
        ("e\u{202e}vil\u{200b}", "evil"),
        ("\u{1b}", ""),
        ("\u{1b}[", ""),
        ("\u{9b}2Jx", "2Jx"),
    ];
    for (text, expected) in table {
        assert_eq!(harmless(text), expected, "{text:?}");
    }
}

#[test]
fn lines_are_cut_and_wrapped_by_columns() {
    assert_eq!(cut("漢字漢字", 5), "漢字…");
    assert_eq!(columns("e\u{301}漢"), 3);
    assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
    assert_eq!(wrapped("abcdefghijkl", 8), ["abcdefgh", "ijkl"]);
    assert_eq!(wrapped("12345678 90", 8), ["12345678", "90"]);
    assert_eq!(wrapped("", 8), [""]);
}

#[test]
fn the_state_of_a_step_is_a_word_too() {
    let states = [
        (StepState::Waiting, "waiting"),
        (StepState::Working, "working"),
        (StepState::Passed, "passed"),
        (StepState::Failed, "failed"),
        (StepState::Skipped, "skipped"),
        (StepState::Refused, "refused"),
    ];
    for (state, word) in states {
        let lines = render(&Message::new(Tone::Plain, "x").steps([step(state)]), None, PLAIN);
        assert!(lines[1].contains(word), "{lines:?}");
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    let message = Message::new(Tone::Bad, "refused")
        .fields([("service", "checkout")])
        .table(&["a", "b"], [vec!["1".to_owned(), "2".to_owned()]])
        .steps([step(StepState::Failed)])
        .code("output");
    let coloured = render(&message, Some("RUN-7"), Look { colour: true, ..PLAIN });
    let plain = render(&message, Some("RUN-7"), PLAIN);
    assert_ne!(coloured, plain);
    assert_eq!(coloured.iter().map(|line| harmless(line)).collect::<Vec<_>>(), plain);
}

#[test]
fn a_changed_card_is_redrawn_in_place_on_a_terminal() {
    let mut board = Board::new(PLAIN, true);
    let working = Message::new(Tone::Working, "RUN-7: working").steps([step(StepState::Working)]);
    let done = Message::new(Tone::Good, "RUN-7: live").steps([step(StepState::Passed)]);
    let first = board.card(1, Some("RUN-7"), &working);
    assert_eq!(first.lines().count(), 2);
    assert_eq!(board.change(1, Some("RUN-7"), &working), "", "nothing changed, nothing is written");
    let second = board.change(1, Some("RUN-7"), &done);
    assert!(second.starts_with("\u{1b}[2A\r\u{1b}[J"), "{second:?}");
    let news = board.say(2, None, &Message::new(Tone::Plain, "news"));
    assert!(news.starts_with("\u{1b}[2A") && news.find("news") < news.find("RUN-7: live"), "{news:?}");
    board.settle(1);
    assert_eq!(board.say(3, None, &Message::new(Tone::Plain, "later")), "· later\n");
}

#[test]
fn a_typed_line_stays_above_the_cards() {
    let mut board = Board::new(PLAIN, true);
    board.card(1, None, &Message::new(Tone::Working, "card"));
    let drawn = board.entered(&["› status".to_owned()]);
    assert!(drawn.starts_with("\u{1b}[2A"), "{drawn:?}");
    assert!(drawn.find("› status") < drawn.find("card"), "{drawn:?}");
}

#[test]
fn a_changed_card_says_only_what_changed_elsewhere() {
    let mut board = Board::new(PLAIN, false);
    let steps = |state| [step(StepState::Passed), Step { name: "test".into(), ..step(state) }];
    board.card(1, None, &Message::new(Tone::Working, "RUN-7: working").steps(steps(StepState::Waiting)));
    let text = board.change(
        1,
        None,
        &Message::new(Tone::Working, "RUN-7: working").steps(steps(StepState::Working)),
    );
    assert_eq!(text, "▸ RUN-7: working\n  ▸ test working\n");
    assert_eq!(board.progress(Some("12 of 31 tests")), "12 of 31 tests\n");
    assert_eq!(board.progress(Some("12 of 31 tests")), "");
    assert!(changes(&["a".into()], &["a".into()]).is_empty());
}

#[test]
fn what_is_redrawn_fits_the_terminal() {
    let mut board = Board::new(PLAIN, true);
    board.resize(60, 10);
    let tall = Message::new(Tone::Working, "tall").steps((0..40).map(|_| step(StepState::Waiting)));
    assert_eq!(board.card(1, None, &tall).lines().count(), 7);
    assert!(board.change(1, None, &Message::new(Tone::Working, "short")).starts_with("\u{1b}[7A"));
}

#[test]
fn a_line_says_where_it_is_said() {
    let say =
        |thread: Option<&str>, text: &str| Typed::Say { thread: thread.map(Into::into), text: text.into() };
    let table = [
        ("  ", None, Typed::Nothing),
        ("status", None, say(None, "status")),
        ("promote", Some("RUN-7"), say(Some("RUN-7"), "promote")),
        ("@run7 promote", None, say(Some("RUN-7"), "promote")),
        ("@APR-3", Some("RUN-7"), Typed::Enter(Some("APR-3".into()))),
        ("@", Some("RUN-7"), Typed::Enter(None)),
        ("@ status", Some("RUN-7"), say(None, "status")),
        ("@bob can you look?", Some("RUN-7"), say(Some("RUN-7"), "@bob can you look?")),
    ];
    for (line, current, expected) in table {
        assert_eq!(Typed::read(line, current), expected, "{line:?}");
    }
}
