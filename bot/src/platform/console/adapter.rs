//! The adapter: posts, edits and threads in a terminal.

use super::board::Board;
use super::listen::{self, Input};
use super::render::Look;
use crate::command::Names;
use crate::message::{Message, Tone};
use crate::platform::{ChatPlatform, Inbox, Limits, ListenError, Place, PostError, PostRef};
use async_trait::async_trait;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The platform's name.
pub const NAME: &str = "console";

/// What the console must be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsoleSettings {
    /// Who types here: the user of the operating system.
    pub who: String,
    /// The channel's name, for places.
    pub channel: String,
    /// Tells this start of the process from others, so that no two posts ever share an id.
    pub session: String,
    /// Where typed lines are kept; nowhere when `None`.
    pub history: Option<PathBuf>,
    /// Whether colours are wanted; they are used on a terminal only.
    pub colour: bool,
}

/// The terminal.
pub struct Console {
    pub(super) shared: Arc<Shared>,
    input: Mutex<Option<Input>>,
}

/// What the adapter and the thread of the typed line both hold.
pub(super) struct Shared {
    pub(super) settings: ConsoleSettings,
    screen: Mutex<Screen>,
    names: Mutex<Names>,
    /// Lines typed since the last write. The thread of the typed line never waits for the screen: whoever
    /// holds that may be waiting for the typed line to make room.
    typed: Mutex<Vec<String>>,
    next: AtomicU64,
}

struct Screen {
    board: Board,
    out: Out,
    /// Whether the output is the terminal itself, of which the size may change.
    terminal: bool,
}

/// Where text is written.
pub(super) enum Out {
    /// Straight out.
    Plain(Box<dyn Write + Send>),
    /// Above the line that is being typed.
    AboveTheLine(Box<dyn rustyline::ExternalPrinter + Send>),
}

impl Console {
    /// The process's own terminal, or whatever its input and output are.
    pub fn new(settings: ConsoleSettings) -> Console {
        let terminal = std::io::stdout().is_terminal();
        let look = Look { width: 100, colour: settings.colour && terminal };
        let input = if std::io::stdin().is_terminal() && terminal {
            Input::Terminal
        } else {
            Input::Lines(Box::new(std::io::BufReader::new(std::io::stdin())))
        };
        Console::build(settings, Board::new(look, terminal), Box::new(std::io::stdout()), terminal, input)
    }

    /// A console that reads and writes elsewhere: a pipe, a test. `live` says whether it can be redrawn.
    pub fn over(
        settings: ConsoleSettings,
        look: Look,
        live: bool,
        output: Box<dyn Write + Send>,
        input: Box<dyn std::io::BufRead + Send>,
    ) -> Console {
        Console::build(settings, Board::new(look, live), output, false, Input::Lines(input))
    }

    fn build(
        settings: ConsoleSettings,
        board: Board,
        output: Box<dyn Write + Send>,
        terminal: bool,
        input: Input,
    ) -> Console {
        let screen = Mutex::new(Screen { board, out: Out::Plain(output), terminal });
        let shared = Shared {
            settings,
            screen,
            names: Mutex::default(),
            typed: Mutex::default(),
            next: AtomicU64::new(1),
        };
        Console { shared: Arc::new(shared), input: Mutex::new(Some(input)) }
    }

    /// The channel of this console, outside every thread.
    pub fn channel(&self) -> Place {
        self.shared.place(None)
    }

    /// The names that completion offers from now on.
    pub fn offer(&self, names: Names) {
        *locked(&self.shared.names) = names;
    }

    /// Shows one line of progress below everything else; `None` takes it away.
    ///
    /// # Errors
    ///
    /// [`PostError::GiveUp`] when the output is closed.
    pub fn progress(&self, line: Option<&str>) -> Result<(), PostError> {
        self.shared.write(|board| board.progress(line))
    }
}

impl Shared {
    pub(super) fn place(&self, thread: Option<String>) -> Place {
        Place { platform: NAME.to_owned(), channel: self.settings.channel.clone(), thread }
    }

    pub(super) fn names(&self) -> Names {
        locked(&self.names).clone()
    }

    /// A number that was not given before.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A line was typed; the next write puts it above the cards.
    pub(super) fn entered(&self, line: String) {
        locked(&self.typed).push(line);
    }

    pub(super) fn print_through(&self, out: Out) {
        locked(&self.screen).out = out;
    }

    /// Changes the board and writes what that gives.
    pub(super) fn write(&self, act: impl FnOnce(&mut Board) -> String) -> Result<(), PostError> {
        let mut screen = locked(&self.screen);
        if screen.terminal
            && let Ok(size) = rustix::termios::tcgetwinsize(std::io::stdout())
            && size.ws_col > 0
        {
            screen.board.resize(usize::from(size.ws_col), usize::from(size.ws_row));
        }
        let typed = std::mem::take(&mut *locked(&self.typed));
        let mut text = screen.board.entered(&typed);
        text.push_str(&act(&mut screen.board));
        if text.is_empty() {
            return Ok(());
        }
        let written = match &mut screen.out {
            Out::Plain(output) => output
                .write_all(text.as_bytes())
                .and_then(|()| output.flush())
                .map_err(|error| error.to_string()),
            Out::AboveTheLine(printer) => printer.print(text).map_err(|error| error.to_string()),
        };
        written.map_err(|why| PostError::GiveUp { why: format!("the terminal is closed: {why}") })
    }

    fn own_number(&self, id: &str) -> Option<u64> {
        let (session, number) = id.rsplit_once('-')?;
        if session == self.settings.session { number.parse().ok() } else { None }
    }

    fn reference(&self, place: &Place, number: u64) -> PostRef {
        PostRef { place: place.clone(), id: format!("{}-{number}", self.settings.session) }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking writer left behind is at worst a line too many on the screen.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a card with this tone is going to change.
fn goes_on(tone: Tone) -> bool {
    match tone {
        Tone::Working | Tone::Waiting => true,
        Tone::Plain | Tone::Good | Tone::Bad => false,
    }
}

#[async_trait]
impl ChatPlatform for Console {
    fn name(&self) -> &'static str {
        NAME
    }

    fn limits(&self) -> Limits {
        Limits { message: 100_000, buttons: crate::message::shape::BUTTONS, file: 1 << 20, edits: true }
    }

    async fn listen(&self, inbox: Inbox) -> Result<(), ListenError> {
        let input = locked(&self.input).take();
        match input {
            Some(input) => listen::listen(Arc::clone(&self.shared), input, inbox).await,
            None => {
                Err(ListenError { platform: NAME, why: "the terminal is listened to already".to_owned() })
            }
        }
    }

    async fn post(&self, place: &Place, message: &Message) -> Result<PostRef, PostError> {
        let number = self.shared.number();
        self.shared.write(|board| board.say(number, place.thread.as_deref(), message))?;
        Ok(self.shared.reference(place, number))
    }

    async fn edit(&self, post: &PostRef, message: &Message) -> Result<(), PostError> {
        let thread = post.place.thread.as_deref();
        // A post of an earlier start is on no screen any more: it is said again.
        let Some(number) = self.shared.own_number(&post.id) else {
            let number = self.shared.number();
            return self.shared.write(|board| board.say(number, thread, message));
        };
        self.shared.write(|board| {
            let mut text = board.change(number, thread, message);
            if !goes_on(message.tone) {
                text.push_str(&board.settle(number));
            }
            text
        })
    }

    async fn open_thread(
        &self,
        channel: &Place,
        name: &str,
        first: &Message,
    ) -> Result<(Place, PostRef), PostError> {
        let place = Place { thread: Some(name.to_owned()), ..channel.clone() };
        let number = self.shared.number();
        self.shared.write(|board| {
            let thread = place.thread.as_deref();
            if goes_on(first.tone) {
                board.card(number, thread, first)
            } else {
                board.say(number, thread, first)
            }
        })?;
        let post = self.shared.reference(&place, number);
        Ok((place, post))
    }

    async fn upload(&self, place: &Place, name: &str, content: &[u8]) -> Result<PostRef, PostError> {
        if content.len() > self.limits().file {
            return Err(PostError::GiveUp {
                why: "the file is too large to be shown in a terminal".to_owned(),
            });
        }
        let message = match std::str::from_utf8(content) {
            Ok(text) => Message::new(Tone::Plain, name).code(text),
            Err(_) => Message::new(Tone::Plain, format!("{name}: {} bytes, not text", content.len())),
        };
        self.post(place, &message).await
    }
}
