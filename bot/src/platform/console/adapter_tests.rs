//! The console as a chat platform, over pipes.

use super::adapter::{Console, ConsoleSettings};
use super::render::Look;
use crate::message::{Message, Tone};
use crate::platform::{ChatPlatform, InboundBody, PostError};
use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn console(output: Box<dyn Write + Send>, input: &[u8]) -> Console {
    let settings = ConsoleSettings {
        who: "user:anna".into(),
        channel: "terminal".into(),
        session: "s1".into(),
        history: None,
        colour: true,
    };
    Console::over(
        settings,
        Look { width: 60, colour: false },
        false,
        output,
        Box::new(Cursor::new(input.to_vec())),
    )
}

#[tokio::test]
async fn a_thread_is_opened_edited_and_replied_to() {
    let paper = Paper::default();
    let console = console(Box::new(paper.clone()), b"");
    let card = |headline: &str, tone| Message::new(tone, headline);
    let (thread, post) =
        console.open_thread(&console.channel(), "RUN-7", &card("working", Tone::Working)).await.unwrap();
    console.post(&thread, &card("build passed", Tone::Good)).await.unwrap();
    console.edit(&post, &card("live", Tone::Good)).await.unwrap();
    console.edit(&post, &card("live", Tone::Good)).await.unwrap();
    console.upload(&thread, "postmortem.md", b"# What happened").await.unwrap();
    let written = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    assert_eq!(
        written,
        "RUN-7 │ ▸ working\nRUN-7 │ ✓ build passed\nRUN-7 │ ✓ live\nRUN-7 │ · postmortem.md\nRUN-7 │   ┆ # What happened\n"
    );
    assert_eq!(thread.thread.as_deref(), Some("RUN-7"));
}

#[tokio::test]
async fn a_post_of_an_earlier_start_is_said_again() {
    let paper = Paper::default();
    let console = console(Box::new(paper.clone()), b"");
    let mut post = console.post(&console.channel(), &Message::new(Tone::Plain, "one")).await.unwrap();
    post.id = post.id.replace("s1", "s0");
    console.edit(&post, &Message::new(Tone::Plain, "two")).await.unwrap();
    assert_eq!(String::from_utf8(paper.0.lock().unwrap().clone()).unwrap(), "· one\n· two\n");
}

#[tokio::test]
async fn lines_come_in_with_their_threads_and_the_end_of_input_ends_listening_only() {
    let mut input = b"status\n@RUN-7\npromote\n@\n\n@INC-2 status\n\xff\xfe\n".to_vec();
    input.extend(vec![b'x'; 100_000]);
    input.extend(b"\nhelp");
    let paper = Paper::default();
    let console = console(Box::new(paper.clone()), &input);
    let (inbox, mut heard) = tokio::sync::mpsc::channel(100);
    console.listen(inbox).await.unwrap();
    let mut lines = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    while let Some(inbound) = heard.recv().await {
        assert!(inbound.mention && inbound.who == "user:anna" && ids.insert(inbound.id));
        let InboundBody::Text(text) = inbound.body else { panic!("only text is typed") };
        lines.push((
            inbound.place.thread,
            text.chars().count().min(7),
            text.chars().take(7).collect::<String>(),
        ));
    }
    let line =
        |thread: Option<&str>, text: &str| (thread.map(str::to_owned), text.chars().count(), text.to_owned());
    assert_eq!(
        lines,
        [
            line(None, "status"),
            line(Some("RUN-7"), "promote"),
            line(Some("INC-2"), "status"),
            line(None, "\u{fffd}\u{fffd}"),
            line(None, "xxxxxxx"),
            line(None, "help"),
        ]
    );
    console.post(&console.channel(), &Message::new(Tone::Plain, "still here")).await.unwrap();
    assert!(!paper.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_closed_terminal_is_given_up_on() {
    let console = console(Box::new(Closed), b"");
    let posted = console.post(&console.channel(), &Message::new(Tone::Plain, "x")).await;
    assert!(matches!(posted, Err(PostError::GiveUp { .. })), "{posted:?}");
    let large = vec![b'x'; 2 << 20];
    let shared = console.upload(&console.channel(), "x", &large).await;
    assert!(matches!(shared, Err(PostError::GiveUp { .. })));
}
