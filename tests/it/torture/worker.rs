//! The process that is killed: this very test binary, run again with one test and a folder in its environment.
//!
//! It takes orders on a socket, one JSON line each, and answers an event only after the store's `accept` returned.

use super::crew::{
    Brittle, CURED, CountAsked, CountContent, CountKeyed, CountOpaque, CountRead, Deed, act, envelope, fed,
    members, subscriptions, times_out,
};
use super::witness::{Call, Told};
use orchestra_agents::agent::Tool;
use orchestra_agents::runtime::{Hands, Performs, Runtime, ToolError, Work};
use orchestra_agents::tools::secret::SecretRegistry;
use orchestra_bus::{Blobs, Counts, SqliteStore, Store, StoreError};
use orchestra_events::{Envelope, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The folder that holds `store`, `witness.sock` and `orders.sock`.
pub(super) const FOLDER: &str = "TORTURE_FOLDER";
/// `NAME:N` kills the process when it reaches the failpoint for the N-th time.
pub(super) const KILL_AT: &str = "TORTURE_KILL_AT";

/// What the harness asks for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Accept the `number`-th event of a key.
    Feed(Deed),
    /// Accept an event whose handler fails, or takes the process with it.
    Brittle { key: u64, deadly: bool },
    /// What made brittle events fail is gone.
    Cure,
    /// One of everything that a house does beside its runtime; the first dead letter is handed out again.
    Chores,
    /// Say how much there is of everything.
    Count,
    /// Configure a failpoint.
    Arm(String, String),
    /// End in order.
    Stop,
}

/// What the worker says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) enum Word {
    /// Durable.
    Accepted(Deed),
    /// Not accepted, and why.
    Refused(Deed, String),
    /// The order was carried out, or why it was not.
    Did(Result<(), String>),
    /// How much there is.
    Counted(Counts),
    /// The runtime ended by itself.
    Ended(String),
}

struct Teller {
    witness: PathBuf,
}

impl Teller {
    async fn tell<T: Tool>(&self, deed: &Deed, work: &Work, asks: bool) -> Result<Told, ToolError> {
        let call = Call { effect: work.key.clone(), class: T::CLASS, deed: deed.clone(), asks };
        // Past this call nobody knows whether it took effect, so a lost answer is never tried again by itself.
        let told = said_to(&self.witness, &call).await;
        told.map_err(|error| ToolError::GiveUp(format!("the witness is gone: {error}")))
    }
}

async fn said_to(witness: &Path, call: &Call) -> std::io::Result<Told> {
    let mut stream = UnixStream::connect(witness).await?;
    stream.write_all(format!("{}\n", serde_json::to_string(call)?).as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await?;
    Ok(serde_json::from_str(&line)?)
}

#[async_trait::async_trait]
impl<T: Tool<Request = Deed, Answer = u64>> Performs<T> for Teller {
    async fn perform(&self, deed: Deed, work: &Work) -> Result<u64, ToolError> {
        work.progress.show("telling the witness").await;
        let told = self.tell::<T>(&deed, work, false).await?;
        if times_out(deed.number) && told.calls == 1 {
            let reason = "done, and reported as a timeout".to_owned();
            return Err(ToolError::Retry { reason, after: None });
        }
        Ok(told.effects)
    }

    async fn ask(&self, deed: &Deed, work: &Work) -> Result<Option<u64>, ToolError> {
        let told = self.tell::<T>(deed, work, true).await?;
        Ok((told.effects > 0).then_some(told.effects))
    }
}

fn hands(folder: &Path) -> Hands {
    let teller = || Teller { witness: folder.join("witness.sock") };
    Hands::default()
        .with::<CountRead>(teller(), 8)
        .with::<CountContent>(teller(), 8)
        .with::<CountKeyed>(teller(), 8)
        .with::<CountAsked>(teller(), 8)
        .with::<CountOpaque>(teller(), 8)
}

/// Arms the failpoint that kills this process.
fn arm(kill_at: &str) {
    let (name, hits) = kill_at.rsplit_once(':').expect("a name and a number");
    let (left, name) = (AtomicU64::new(hits.parse().expect("a number")), name.to_owned());
    let kill = move || {
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
            loop {
                std::thread::park();
            }
        }
    };
    fail::cfg_callback(name, kill).expect("the failpoint is configured");
}

/// Not a test: the harness runs it as a process of its own.
#[test]
#[ignore = "started by the harness, as a process of its own"]
fn worker() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    if let Ok(kill_at) = std::env::var(KILL_AT) {
        arm(&kill_at);
    }
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let code = threads.block_on(live(&folder));
    drop(threads);
    std::process::exit(code);
}

async fn live(folder: &Path) -> i32 {
    let store: Arc<dyn Store> = match SqliteStore::open(&folder.join("store"), subscriptions()) {
        Ok(store) => Arc::new(store),
        Err(error) => {
            eprintln!("not opened: {error}");
            return 4;
        }
    };
    let runtime = Runtime::new(store.clone(), members(), hands(folder), SecretRegistry::new());
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let mut running = tokio::spawn(async move { runtime.run(stopped).await });
    // Being connected is being ready: the store is open and the runtime runs.
    let (orders, mut words) = UnixStream::connect(folder.join("orders.sock")).await.unwrap().into_split();
    let (say, mut said) = mpsc::unbounded_channel::<Word>();
    let speaking = tokio::spawn(async move {
        while let Some(word) = said.recv().await {
            let line = format!("{}\n", serde_json::to_string(&word).unwrap());
            words.write_all(line.as_bytes()).await.unwrap();
        }
    });
    let mut orders = BufReader::new(orders).lines();
    let ended = loop {
        tokio::select! {
            ended = &mut running => break Some(ended.unwrap()),
            line = orders.next_line() => match line {
                Ok(Some(line)) => {
                    let order = serde_json::from_str(&line).unwrap();
                    if order == Order::Stop {
                        break None;
                    }
                    let (store, say, folder) = (store.clone(), say.clone(), folder.to_owned());
                    tokio::spawn(async move { drop(say.send(obey(&store, order, &folder).await)) });
                }
                // The harness is gone, so is its worker.
                _ => return 5,
            },
        }
    };
    stop.cancel();
    let ended = match ended {
        Some(ended) => ended,
        None => running.await.unwrap(),
    };
    // Orders under way still hold the store; they end with their own answers.
    let code = match ended {
        Ok(()) => 0,
        Err(error) => {
            drop(say.send(Word::Ended(error.to_string())));
            let again = store.accept(vec![fed(1, 1)], Vec::new()).await;
            let refused = again.expect_err("a stopped store takes nothing").to_string();
            drop(say.send(Word::Ended(refused)));
            3
        }
    };
    drop(say);
    speaking.await.unwrap();
    code
}

async fn obey(store: &Arc<dyn Store>, order: Order, folder: &Path) -> Word {
    match order {
        Order::Feed(deed) => accept(store, fed(deed.key, deed.number), deed).await,
        Order::Brittle { key, deadly } => {
            let event = envelope(format!("brittle-{key}"), key, &Brittle { deadly });
            accept(store, event, Deed { key, number: 0 }).await
        }
        Order::Cure => {
            CURED.store(true, Ordering::Relaxed);
            Word::Did(Ok(()))
        }
        Order::Chores => Word::Did(chores(store, folder).await.map_err(|error| error.to_string())),
        Order::Count => match store.counts().await {
            Ok(counts) => Word::Counted(counts),
            Err(error) => Word::Did(Err(error.to_string())),
        },
        Order::Arm(name, actions) => Word::Did(fail::cfg(name, &actions)),
        Order::Stop => Word::Did(Ok(())),
    }
}

async fn accept(store: &Arc<dyn Store>, event: Envelope, deed: Deed) -> Word {
    let act = act(&event);
    match store.accept(vec![event], vec![act]).await {
        // A duplicate was accepted by a process that died before it could say so.
        Ok(_) => Word::Accepted(deed),
        Err(error) => Word::Refused(deed, error.to_string()),
    }
}

async fn chores(store: &Arc<dyn Store>, folder: &Path) -> Result<(), StoreError> {
    store.next_number("chores").await?;
    store.set_progress(RunId(1), "doer", "doing the chores").await?;
    for post in store.unshown(20).await? {
        store.shown(&post.post.thread, &post.post.name, post.wanted).await?;
    }
    store.expire(Timestamp(1)).await?;
    let blobs = Blobs::open(&folder.join("blobs")).expect("the folder of blobs opens");
    blobs.put(format!("{:?}", std::time::Instant::now()).as_bytes()).expect("a blob is kept");
    let letters = store.dead_letters().await?;
    match letters.iter().find(|letter| letter.status == "waiting") {
        Some(letter) => store.settle_dead_letter(letter.id, true, act(&fed(1, 1))).await,
        None => Ok(()),
    }
}
