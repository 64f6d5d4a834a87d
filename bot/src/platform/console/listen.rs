//! The line that is typed: history, completion and threads; or plain lines where the input is no terminal.
//!
//! `@RUN-7 promote` speaks in a thread once, `@RUN-7` stays in it, `@` leaves it. Everything that is typed
//! here is said to the bot.

use super::adapter::{NAME, Out, Shared};
use crate::command::{Names, complete, words};
use crate::platform::{Inbound, InboundBody, Inbox, ListenError};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, Helper};
use std::io::{BufRead, Read};
use std::sync::Arc;

/// The longest line that is read, in bytes; the rest of it is dropped.
const LONGEST: u64 = 8_192;

/// Where lines come from.
pub(super) enum Input {
    /// The process's terminal, with history and completion.
    Terminal,
    /// Plain lines.
    Lines(Box<dyn BufRead + Send>),
}

/// What a typed line means to the console itself, before anybody else looks at it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Typed {
    /// Nothing was typed.
    Nothing,
    /// From now on lines are said in this thread, or in none.
    Enter(Option<String>),
    /// Something is said, in this thread or in the channel.
    Say {
        /// The thread.
        thread: Option<String>,
        /// The text.
        text: String,
    },
}

impl Typed {
    /// Reads a line that was typed while the thread `current` was entered.
    pub fn read(line: &str, current: Option<&str>) -> Typed {
        let line = line.trim();
        if line.is_empty() {
            return Typed::Nothing;
        }
        let Some(rest) = line.strip_prefix('@') else {
            return Typed::Say { thread: current.map(str::to_owned), text: line.to_owned() };
        };
        let (name, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let thread = ["RUN", "INC", "APR"].iter().find_map(|prefix| words::id(prefix, name));
        let text = text.trim();
        match (thread, name.is_empty(), text.is_empty()) {
            (None, true, true) => Typed::Enter(None),
            (None, true, false) => Typed::Say { thread: None, text: text.to_owned() },
            (Some(thread), _, true) => Typed::Enter(Some(thread)),
            (Some(thread), _, false) => Typed::Say { thread: Some(thread), text: text.to_owned() },
            // A mention of a person, or anything else: people's words, left as they are.
            (None, false, _) => Typed::Say { thread: current.map(str::to_owned), text: line.to_owned() },
        }
    }
}

/// Reads until the input ends or nobody wants it any more, on a thread of its own: a blocked read must not
/// hold up the end of the process.
pub(super) async fn listen(shared: Arc<Shared>, input: Input, inbox: Inbox) -> Result<(), ListenError> {
    let (done, ended) = tokio::sync::oneshot::channel();
    let started = std::thread::Builder::new().name("console-input".to_owned()).spawn(move || {
        let result = match input {
            Input::Terminal => type_lines(&shared, &inbox),
            Input::Lines(reader) => read_lines(&shared, reader, &inbox),
        };
        // Nobody waits any more when the process is ending.
        let _nobody_waits = done.send(result);
    });
    let broke = |why: String| ListenError { platform: NAME, why };
    started.map_err(|error| broke(error.to_string()))?;
    match ended.await {
        Ok(result) => result.map_err(broke),
        Err(_) => Err(broke("its thread ended unexpectedly".to_owned())),
    }
}

/// Handles one line; `false` when nobody listens any more.
fn heard(shared: &Shared, line: &str, current: &mut Option<String>, inbox: &Inbox) -> bool {
    match Typed::read(line, current.as_deref()) {
        Typed::Nothing => true,
        Typed::Enter(thread) => {
            *current = thread;
            true
        }
        Typed::Say { thread, text } => {
            let inbound = Inbound {
                id: format!("{}-in-{}", shared.settings.session, shared.number()),
                who: shared.settings.who.clone(),
                place: shared.place(thread),
                mention: true,
                body: InboundBody::Text(text),
            };
            inbox.blocking_send(inbound).is_ok()
        }
    }
}

fn read_lines(shared: &Shared, mut reader: Box<dyn BufRead + Send>, inbox: &Inbox) -> Result<(), String> {
    let mut current = None;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read =
            reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes).map_err(|error| error.to_string())?;
        if read == 0 {
            return Ok(());
        }
        if bytes.last() != Some(&b'\n') && read as u64 == LONGEST {
            drop_line(&mut reader)?;
        }
        if !heard(shared, &String::from_utf8_lossy(&bytes), &mut current, inbox) {
            return Ok(());
        }
    }
}

/// Drops the rest of a line that is too long, piece by piece.
fn drop_line(reader: &mut Box<dyn BufRead + Send>) -> Result<(), String> {
    let mut piece = Vec::new();
    loop {
        piece.clear();
        let read =
            reader.by_ref().take(LONGEST).read_until(b'\n', &mut piece).map_err(|error| error.to_string())?;
        if read == 0 || piece.last() == Some(&b'\n') {
            return Ok(());
        }
    }
}

fn type_lines(shared: &Arc<Shared>, inbox: &Inbox) -> Result<(), String> {
    let config = rustyline::Config::builder().auto_add_history(true).build();
    let mut editor: Editor<Completion, FileHistory> =
        Editor::with_config(config).map_err(|error| error.to_string())?;
    editor.set_helper(Some(Completion { shared: Arc::clone(shared) }));
    if let Some(history) = &shared.settings.history {
        // There is none before the first line was typed.
        let _absent_at_first = editor.load_history(history);
    }
    let printer = editor.create_external_printer().map_err(|error| error.to_string())?;
    shared.print_through(Out::AboveTheLine(Box::new(printer)));
    let result = type_on(&mut editor, shared, inbox);
    // First the editor: whoever waits to print above its line gives up, and lets go of the screen.
    drop(editor);
    shared.print_through(Out::Plain(Box::new(std::io::stdout())));
    result
}

fn type_on(
    editor: &mut Editor<Completion, FileHistory>,
    shared: &Shared,
    inbox: &Inbox,
) -> Result<(), String> {
    let mut current: Option<String> = None;
    loop {
        let prompt = format!("{}› ", current.as_deref().unwrap_or_default());
        match editor.readline(&prompt) {
            Ok(line) => {
                if let Some(history) = &shared.settings.history
                    && let Err(error) = editor.append_history(history)
                {
                    tracing::debug!(%error, "the history of typed lines was not kept");
                }
                shared.entered(format!("{prompt}{line}"));
                if !heard(shared, &line, &mut current, inbox) {
                    return Ok(());
                }
            }
            Err(ReadlineError::Interrupted) => interrupt()?,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// While a line is typed the terminal sends no signal: Ctrl-C is read as a key, and passed on as the signal
/// that it is everywhere else.
fn interrupt() -> Result<(), String> {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT)
        .map_err(|error| error.to_string())
}

/// Completion of the line that is typed.
struct Completion {
    shared: Arc<Shared>,
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let names: Names = self.shared.names();
        Ok(complete(line.get(..at).unwrap_or(line), &names))
    }
}

impl Hinter for Completion {
    type Hint = String;
}
impl Highlighter for Completion {}
impl Validator for Completion {}
impl Helper for Completion {}
