//! The target that counts what is done to it. It lives in the process that is not killed.
//!
//! One thread takes one connection after the other, in the order in which they were made: what a killed worker
//! still sent is counted before anything that its successor asks.

use super::crew::Deed;
use orchestra_bus::EffectClass;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What a tool says to the target.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Call {
    /// The effect's key.
    pub(super) effect: String,
    /// Its class.
    pub(super) class: EffectClass,
    /// Which event it is for.
    pub(super) deed: Deed,
    /// Only asks whether it was done.
    pub(super) asks: bool,
}

/// What the target answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Told {
    /// How often the target was called to do it, this call included.
    pub(super) calls: u64,
    /// How often it took effect.
    pub(super) effects: u64,
}

/// What was done for one event.
#[derive(Clone, Default, Debug)]
pub(super) struct Done {
    /// The keys under which it was asked for: one, or the key is not stable.
    pub(super) keys: BTreeSet<String>,
    /// Calls that do.
    pub(super) calls: u64,
    /// Times that it took effect.
    pub(super) effects: u64,
}

/// All that was done, by key and number.
#[derive(Clone, Default, Debug)]
pub(super) struct Book {
    pub(super) done: BTreeMap<(u64, u64), Done>,
    /// When the last call came.
    pub(super) last: Option<Instant>,
    /// When the first call came since [`Witness::listen_anew`].
    pub(super) first: Option<Instant>,
}

impl Book {
    fn take(&mut self, call: &Call) -> Told {
        let done = self.done.entry((call.deed.key, call.deed.number)).or_default();
        if !call.asks {
            done.calls += 1;
            let new = done.keys.insert(call.effect.clone());
            // A target that honours keys, or finds what it is to make by its digest, does it once for each.
            let once = matches!(call.class, EffectClass::Keyed | EffectClass::Content);
            done.effects += u64::from(new || !once);
        }
        let now = Instant::now();
        self.first.get_or_insert(now);
        self.last = Some(now);
        Told { calls: done.calls, effects: done.effects }
    }
}

/// The target.
pub(super) struct Witness {
    book: Arc<Mutex<Book>>,
}

impl Witness {
    /// Listens at `path` until the process ends.
    pub(super) fn at(path: &Path) -> Self {
        let listener = UnixListener::bind(path).expect("the witness finds its place");
        let book = Arc::<Mutex<Book>>::default();
        let shared = book.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A caller that was killed while it spoke has said nothing.
                drop(serve(&stream, &shared));
            }
        });
        Self { book }
    }

    /// What was done so far.
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the first call is to be noted again.
    pub(super) fn listen_anew(&self) {
        self.book().first = None;
    }
}

fn serve(stream: &UnixStream, book: &Mutex<Book>) -> std::io::Result<()> {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Ok(());
    }
    let call: Call = serde_json::from_str(&line)?;
    let told = book.lock().unwrap_or_else(PoisonError::into_inner).take(&call);
    let mut stream = stream;
    writeln!(stream, "{}", serde_json::to_string(&told)?)
}
