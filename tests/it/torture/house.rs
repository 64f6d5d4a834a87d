//! A folder, the worker on it, the witness beside it, and what was accepted.

use super::crew::{Deed, fed, subscriptions};
use super::witness::Witness;
use super::worker::{FOLDER, KILL_AT, Order, Word};
use orchestra_bus::{Counts, SqliteStore, Store};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How many keys are fed at the same time.
pub(super) const KEYS: u64 = 32;
/// No more events than this wait for their effect while the house is fed.
const BACKLOG: u64 = 1024;
/// A condition that a process is to bring about is waited for so long before the test fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

/// What came from the worker.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Heard {
    /// A word.
    Word(Word),
    /// Nothing within the time.
    Nothing,
    /// The worker is dead.
    Gone,
}

struct Life {
    child: Child,
    orders: UnixStream,
    words: BufReader<UnixStream>,
    line: Vec<u8>,
}

/// A house under torture.
pub(super) struct House {
    folder: TempDir,
    store: PathBuf,
    listener: UnixListener,
    life: Option<Life>,
    /// The target that counts.
    pub(super) witness: Witness,
    /// The last number that is known to be accepted, by key.
    pub(super) accepted: BTreeMap<u64, u64>,
    /// Keys whose next number is under way.
    sent: Vec<u64>,
    /// Why events were refused.
    pub(super) refusals: Vec<String>,
    /// Words about the worker's end.
    pub(super) last_words: Vec<Word>,
}

impl Drop for House {
    fn drop(&mut self) {
        self.kill();
    }
}

impl House {
    /// A new house.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let witness = Witness::at(&folder.path().join("witness.sock"));
        let listener = UnixListener::bind(folder.path().join("orders.sock")).unwrap();
        listener.set_nonblocking(true).unwrap();
        let accepted = (1..=KEYS).map(|key| (key, 0)).collect();
        Self {
            folder,
            store,
            listener,
            life: None,
            witness,
            accepted,
            sent: Vec::new(),
            refusals: Vec::new(),
            last_words: Vec::new(),
        }
    }

    /// Where the sockets, the store and the worker's words to people are.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a worker; returns how long it took until it was ready, or `None` when it died before.
    pub(super) fn start(&mut self, kill_at: Option<&str>) -> Option<Duration> {
        assert!(self.life.is_none(), "one worker at a time");
        self.sent.clear();
        self.witness.listen_anew();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "torture::worker::worker", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(FOLDER, self.folder.path()).env_remove(KILL_AT).env("RUST_BACKTRACE", "0");
        if let Some(kill_at) = kill_at {
            command.env(KILL_AT, kill_at);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(self.stderr());
        let begun = Instant::now();
        let mut child = command.spawn().unwrap();
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    let ready = begun.elapsed();
                    stream.set_nonblocking(false).unwrap();
                    let words = BufReader::new(stream.try_clone().unwrap());
                    self.life = Some(Life { child, orders: stream, words, line: Vec::new() });
                    return Some(ready);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("the worker's connection: {error}"),
            }
            if let Some(status) = child.try_wait().unwrap() {
                assert!(died(status), "the worker ended by itself ({status}):\n{}", self.said_on_stderr());
                return None;
            }
            assert!(begun.elapsed() < PATIENCE, "the worker is not ready:\n{}", self.said_on_stderr());
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn stderr(&self) -> File {
        OpenOptions::new().create(true).append(true).open(self.folder.path().join("stderr")).unwrap()
    }

    /// All that any worker of this house said on its standard error.
    pub(super) fn said_on_stderr(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    /// The worker's process id.
    pub(super) fn pid(&self) -> u32 {
        self.life.as_ref().expect("a worker").child.id()
    }

    /// Kills the worker as `kill -9` does, if it lives.
    pub(super) fn kill(&mut self) {
        if let Some(mut life) = self.life.take() {
            drop(life.child.kill());
            drop(life.child.wait());
        }
    }

    /// Waits for the worker's end.
    pub(super) fn ended(&mut self) -> ExitStatus {
        let mut life = self.life.take().expect("a worker");
        let begun = Instant::now();
        loop {
            if let Some(status) = life.child.try_wait().unwrap() {
                return status;
            }
            if begun.elapsed() > PATIENCE {
                drop(life.child.kill());
                panic!("the worker does not end:\n{}", self.said_on_stderr());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether the worker ends by itself within a time. A worker that serves is alive.
    pub(super) fn ended_by_itself(&mut self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            self.order(&Order::Count);
            match self.hear(left) {
                Heard::Gone => {
                    self.ended();
                    return true;
                }
                Heard::Word(Word::Counted(counts)) if counts.pending == 0 => return false,
                Heard::Word(_) | Heard::Nothing => {}
            }
        }
        false
    }

    /// Gives an order. A worker that is dead does not hear it.
    pub(super) fn order(&mut self, order: &Order) {
        if let Some(life) = &mut self.life {
            let line = format!("{}\n", serde_json::to_string(order).unwrap());
            drop(life.orders.write_all(line.as_bytes()));
        }
    }

    /// Hears the next word, for so long.
    pub(super) fn hear(&mut self, within: Duration) -> Heard {
        let Some(life) = &mut self.life else { return Heard::Gone };
        life.orders.set_read_timeout(Some(within.max(Duration::from_micros(100)))).unwrap();
        match life.words.read_until(b'\n', &mut life.line) {
            Ok(_) if life.line.ends_with(b"\n") => {
                let word = serde_json::from_slice(&life.line).unwrap();
                life.line.clear();
                self.note(&word);
                Heard::Word(word)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Heard::Nothing
            }
            Ok(_) | Err(_) => Heard::Gone,
        }
    }

    fn note(&mut self, word: &Word) {
        match word {
            Word::Accepted(Deed { key, number }) if *number > 0 => {
                self.accepted.insert(*key, *number);
                self.sent.retain(|sent| sent != key);
            }
            Word::Refused(Deed { key, .. }, why) => {
                self.refusals.push(why.clone());
                self.sent.retain(|sent| sent != key);
            }
            Word::Ended(_) => self.last_words.push(word.clone()),
            _ => {}
        }
    }

    /// Hears words until one fits.
    pub(super) fn hear_until<T>(&mut self, what: &str, fits: impl Fn(&Word) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.hear(Duration::from_millis(100)) {
                Heard::Word(word) => {
                    if let Some(found) = fits(&word) {
                        return found;
                    }
                }
                Heard::Gone => panic!("{what}: the worker died:\n{}", self.said_on_stderr()),
                Heard::Nothing => assert!(Instant::now() < deadline, "{what}: nothing came"),
            }
        }
    }

    /// Orders something and waits until it is done.
    pub(super) fn have(&mut self, order: &Order) {
        self.order(order);
        let did = self.hear_until("an order", |word| match word {
            Word::Did(outcome) => Some(outcome.clone()),
            Word::Accepted(deed) if deed.number == 0 => Some(Ok(())),
            _ => None,
        });
        did.unwrap_or_else(|why| panic!("{order:?}: {why}"));
    }

    /// Feeds every key, the next number as soon as the last was accepted, until then or until the worker is dead.
    pub(super) fn feed(&mut self, until: Instant) -> Heard {
        loop {
            let accepted: u64 = self.accepted.values().sum();
            let done = self.witness.book().done.len() as u64;
            let mut room = BACKLOG.saturating_sub((accepted + self.sent.len() as u64).saturating_sub(done));
            for key in 1..=KEYS {
                if room == 0 {
                    break;
                }
                if !self.sent.contains(&key) {
                    self.send_next(key);
                    room -= 1;
                }
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else { return Heard::Nothing };
            if self.hear(left.min(Duration::from_millis(2))) == Heard::Gone {
                return Heard::Gone;
            }
        }
    }

    fn send_next(&mut self, key: u64) {
        let number = self.accepted[&key] + 1;
        self.sent.push(key);
        self.order(&Order::Feed(Deed { key, number }));
    }

    /// Has one more event of every key accepted by the running worker: what was under way when one died is said
    /// again with it.
    pub(super) fn top_up(&mut self) {
        for key in 1..=KEYS {
            if !self.sent.contains(&key) {
                self.send_next(key);
            }
        }
        while !self.sent.is_empty() {
            self.hear_until("the last events", |_| Some(()));
        }
    }

    /// Has one more event of every key accepted, or refused, and says whether all were accepted.
    pub(super) fn settled(&mut self) -> bool {
        let refused = self.refusals.len();
        self.top_up();
        self.refusals.len() == refused
    }

    /// Has one more event of every key accepted while no worker runs, by this process.
    pub(super) fn feed_the_sleeping(&mut self) {
        let next: Vec<(u64, u64)> = self.accepted.iter().map(|(key, last)| (*key, last + 1)).collect();
        self.with_store(async |store| {
            for (key, number) in &next {
                store.accept(vec![fed(*key, *number)], Vec::new()).await.unwrap();
            }
        });
        self.accepted.extend(next);
    }

    /// Does something with the store while no worker runs.
    pub(super) fn with_store<T>(&self, work: impl AsyncFnOnce(&dyn Store) -> T) -> T {
        assert!(self.life.is_none(), "the worker has the folder");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = SqliteStore::open(&self.store, subscriptions());
            let store = store.unwrap_or_else(|error| panic!("the folder opens again: {error}"));
            work(&store).await
        })
    }

    /// How much there is of everything, by the worker's word.
    pub(super) fn count(&mut self) -> Counts {
        self.order(&Order::Count);
        self.hear_until("the counts", |word| match word {
            Word::Counted(counts) => Some(counts.clone()),
            _ => None,
        })
    }

    /// Waits until the running worker has nothing left to do.
    pub(super) fn drain(&mut self) -> Counts {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let counts = self.count();
            if counts.pending == 0 && counts.open_intents == 0 && counts.timers == 0 {
                return counts;
            }
            assert!(Instant::now() < deadline, "not drained: {counts:?}\n{}", self.said_on_stderr());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the worker in order.
    pub(super) fn stop(&mut self) {
        self.order(&Order::Stop);
        let status = self.ended();
        assert!(status.success(), "the worker ended with {status}:\n{}", self.said_on_stderr());
    }
}

/// Whether a process was ended by `SIGKILL`.
pub(super) fn killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal() == Some(9)
}

/// Whether a process was ended by a signal at all.
fn died(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal().is_some()
}
