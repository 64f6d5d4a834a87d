//! What a subcommand may ask of the process that has the folder, and the answers: the words of the private socket.
//!
//! The same desk answers in the process itself when no server is running.

use crate::inbound::{Inbound, InboundError, told};
use crate::message::Message;
use crate::policy::{Act, Person, may};
use crate::reading::{Reading, ServiceRow};
use orchestra_agents::tools::perform::{Machine, keeper};
use orchestra_bus::{Counts, DeadLetter, Post, RunRow, Store, StoreError};
use orchestra_events::{Envelope, RunId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many events or posts one answer carries.
const AT_ONCE: usize = 500;

/// A question.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// Start a run for a push.
    Push {
        /// A path or a URL.
        location: String,
        /// The branch.
        branch: Option<String>,
    },
    /// Say a sentence.
    Say {
        /// The sentence.
        text: String,
        /// In which thread.
        thread: Option<String>,
    },
    /// How a run stands, with the posts of its thread.
    Run {
        /// The run.
        run: RunId,
    },
    /// What runs where, as numbers and rows.
    Status,
    /// Events with a place above this one.
    Events {
        /// The place.
        after: i64,
        /// Only this run's.
        run: Option<RunId>,
    },
    /// The dead letters.
    DeadLetters,
    /// Hand a dead letter out again, or drop it.
    Settle {
        /// Its number.
        id: i64,
        /// Whether to hand it out again.
        again: bool,
    },
    /// Walk the audit's chains.
    VerifyAudit,
    /// Stop every service.
    Down,
}

/// An answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", content = "with", rename_all = "snake_case")]
pub enum Answer {
    /// A run was started.
    Started(RunId),
    /// Something to show.
    Said(Option<Message>),
    /// How a run stands.
    Run(Box<RunView>),
    /// What runs where.
    Status(Box<StatusView>),
    /// Events with their places.
    Events(Vec<(i64, Envelope)>),
    /// The dead letters.
    DeadLetters(Vec<DeadLetter>),
    /// It is done.
    Settled,
    /// What the audit's walk found.
    Audit(orchestra_bus::audit::Verified),
    /// These services were stopped.
    Stopped(Vec<String>),
    /// It can't be done: what was wrong, and what to do instead.
    Refused {
        /// What was wrong.
        what: String,
        /// What to do instead.
        instead: String,
    },
    /// It did not work.
    Failed(String),
}

/// A run with its thread.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunView {
    /// The run.
    pub row: RunRow,
    /// The posts of its thread.
    pub posts: Vec<Post>,
    /// What is being done: agent and line.
    pub progress: Vec<(String, String)>,
}

/// What runs where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StatusView {
    /// The live services.
    pub services: Vec<ServiceRow>,
    /// The open runs.
    pub runs: Vec<RunRow>,
    /// How much there is of everything.
    pub counts: Counts,
    /// What confines builds.
    pub confinement: String,
    /// The process that answers.
    pub pid: u32,
}

/// Answers questions.
#[derive(Clone)]
pub struct Desk {
    store: Arc<dyn Store>,
    machine: Arc<Machine>,
    reading: Reading,
    inbound: Inbound,
    session: String,
    next: Arc<AtomicU64>,
}

impl Desk {
    /// A desk of a process; `session` tells its ids from those of other starts.
    pub fn new(store: Arc<dyn Store>, machine: Arc<Machine>, reading: Reading, session: String) -> Self {
        let inbound = Inbound::new(store.clone(), reading.clone());
        Self { store, machine, reading, inbound, session, next: Arc::default() }
    }

    /// The way in for what people say.
    pub fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    /// An id that no other question of any start has.
    pub fn fresh_id(&self) -> String {
        format!("{}-{}", self.session, self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Answers a person's question.
    pub async fn answer(&self, person: &Person, ask: Ask) -> Answer {
        match self.answered(person, ask).await {
            Ok(answer) => answer,
            Err(InboundError::Refused(refusal)) => {
                Answer::Refused { what: refusal.what, instead: refusal.instead }
            }
            Err(InboundError::Store(error)) => Answer::Failed(error.to_string()),
        }
    }

    async fn answered(&self, person: &Person, ask: Ask) -> Result<Answer, InboundError> {
        Ok(match ask {
            Ask::Push { location, branch } => {
                Answer::Started(self.inbound.push(person, &self.fresh_id(), &location, branch).await?)
            }
            Ask::Say { text, thread } => {
                let id = self.fresh_id();
                match crate::command::parse_line(&text) {
                    Ok(command) => {
                        let followed = self.inbound.follow(person, &id, thread.as_deref(), command).await;
                        Answer::Said(Some(followed.unwrap_or_else(|error| told(&error))))
                    }
                    Err(_) => {
                        Answer::Said(self.inbound.hear(person, &id, thread.as_deref(), true, &text).await)
                    }
                }
            }
            Ask::Run { run } => {
                may(person, Act::Look)?;
                let row = self.store.run(run).await?;
                let row = row.ok_or_else(|| StoreError::Missing { what: "run", name: run.to_string() })?;
                let posts = self.store.thread(&run.to_string(), 0, AT_ONCE).await?;
                Answer::Run(Box::new(RunView { row, posts, progress: self.store.progress(run).await? }))
            }
            Ask::Status => {
                may(person, Act::Look)?;
                Answer::Status(Box::new(StatusView {
                    services: self.reading.services().await?,
                    runs: self.store.runs(true, AT_ONCE).await?,
                    counts: self.store.counts().await?,
                    confinement: self.reading.confinement.clone(),
                    pid: std::process::id(),
                }))
            }
            Ask::Events { after, run } => {
                may(person, Act::Look)?;
                let events = match run {
                    Some(run) => {
                        self.store.events_of(run).await?.into_iter().map(|event| (0, event)).collect()
                    }
                    None => self.store.events(after, AT_ONCE).await?,
                };
                Answer::Events(events)
            }
            Ask::DeadLetters => {
                may(person, Act::Look)?;
                Answer::DeadLetters(self.store.dead_letters().await?)
            }
            Ask::Settle { id, again } => {
                let permitted = may(person, Act::SettleDeadLetter)?;
                let act = orchestra_bus::Act {
                    chain: "dead-letters".to_owned(),
                    actor: person.actor.0.clone(),
                    act: format!("{} dead letter {id}", if again { "retry" } else { "drop" }),
                    reason: format!("permitted as {}", permitted.name()),
                    cause: orchestra_events::EventId(self.fresh_id()),
                    run: None,
                };
                self.store.settle_dead_letter(id, again, act).await?;
                Answer::Settled
            }
            Ask::VerifyAudit => {
                may(person, Act::Look)?;
                Answer::Audit(self.store.verify_audit().await?)
            }
            Ask::Down => {
                may(person, Act::StopServices)?;
                match keeper::stop_all(&self.machine, None).await {
                    Ok(stopped) => Answer::Stopped(stopped),
                    Err(error) => Answer::Failed(error.to_string()),
                }
            }
        })
    }
}
