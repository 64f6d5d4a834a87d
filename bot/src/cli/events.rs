//! `orchestra events`: the log, the dead letters, the audit, and the vocabulary.

use super::asker::Asker;
use super::{Json, print};
use crate::desk::{Answer, Ask};
use clap::Subcommand;
use orchestra_events::{KINDS, RunId};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// The log and what belongs to it.
#[derive(Subcommand, Debug)]
pub enum Events {
    /// List events, of one run or of all.
    List {
        /// Only this run's, such as RUN-7.
        #[arg(long)]
        run: Option<RunId>,
        /// How it is printed.
        #[command(flatten)]
        json: Json,
    },
    /// Every kind of event: its topic and what orders it.
    Table(Json),
    /// The JSON Schema of a kind, or of all.
    Schema {
        /// The kind's name, such as CodePush.
        name: Option<String>,
    },
    /// An example of a kind, or of all.
    Example {
        /// The kind's name, such as CodePush.
        name: Option<String>,
    },
    /// What failed for good and waits for a person.
    #[command(subcommand)]
    Dead(Dead),
    /// The audit: who did what, chained by hashes.
    #[command(subcommand)]
    Audit(Audit),
}

/// The dead letters.
#[derive(Subcommand, Debug)]
pub enum Dead {
    /// List them.
    List(Json),
    /// Show one whole.
    Show {
        /// Its number.
        id: i64,
    },
    /// Hand one out again.
    Retry {
        /// Its number.
        id: i64,
    },
    /// Drop one.
    Drop {
        /// Its number.
        id: i64,
    },
}

/// The audit.
#[derive(Subcommand, Debug)]
pub enum Audit {
    /// Walk its chains; exit 1 and where when one is broken.
    Verify(Json),
}

/// Does what was asked.
///
/// # Errors
/// When the folder can't be opened or the server goes away.
pub async fn events(dir: &Path, command: Events) -> anyhow::Result<ExitCode> {
    match command {
        Events::List { run, json } => list(dir, run, json.json).await,
        Events::Table(Json { json }) => {
            for row in KINDS {
                if json {
                    let (topic, key) = (row.topic.name(), row.key);
                    print::json(&json!({ "name": row.name, "kind": row.kind, "topic": topic, "key": key }));
                } else {
                    print::line(&format!("{:<22}{:<24}{}", row.name, row.topic.name(), row.key));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Events::Schema { name } => described(name.as_deref(), |row| (row.schema)()),
        Events::Example { name } => described(name.as_deref(), |row| (row.example)()),
        Events::Dead(dead) => dead_letters(dir, dead).await,
        Events::Audit(Audit::Verify(Json { json })) => verify(dir, json).await,
    }
}

fn described(
    name: Option<&str>,
    what: fn(&orchestra_events::EventKind) -> serde_json::Value,
) -> anyhow::Result<ExitCode> {
    let rows: Vec<_> = KINDS.iter().filter(|row| name.is_none_or(|name| row.name == name)).collect();
    if rows.is_empty() {
        print::note("there is no such kind; `orchestra events table` lists them");
        return Ok(ExitCode::from(1));
    }
    for row in rows {
        print::line(&serde_json::to_string_pretty(&what(row))?);
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(dir: &Path, run: Option<RunId>, json: bool) -> anyhow::Result<ExitCode> {
    let mut asker = Asker::open(dir).await?;
    let mut after = 0;
    loop {
        let Answer::Events(events) = asker.ask(Ask::Events { after, run }).await? else {
            anyhow::bail!("the server answered something else");
        };
        let last = events.last().map(|(place, _)| *place);
        for (_, event) in events {
            if json {
                print::json(&event);
            } else {
                let run = event.correlationid.clone().unwrap_or_default();
                let what = orchestra_agents::timeline::line(&event).map(|line| line.what);
                let what = what.unwrap_or_else(|| event.kind.clone());
                print::line(&format!(
                    "{} {:<9}{:<20}{what}",
                    event.time.rfc3339(),
                    run,
                    event.actor.spoken()
                ));
            }
        }
        match last {
            Some(place) if run.is_none() => after = place,
            _ => break,
        }
    }
    asker.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn dead_letters(dir: &Path, dead: Dead) -> anyhow::Result<ExitCode> {
    let mut asker = Asker::open(dir).await?;
    let ask = match dead {
        Dead::List(_) | Dead::Show { .. } => Ask::DeadLetters,
        Dead::Retry { id } => Ask::Settle { id, again: true },
        Dead::Drop { id } => Ask::Settle { id, again: false },
    };
    let answer = asker.ask(ask).await?;
    asker.close().await?;
    match (answer, dead) {
        (Answer::DeadLetters(letters), Dead::Show { id }) => {
            let Some(letter) = letters.iter().find(|letter| letter.id == id) else {
                print::note(&format!("there is no dead letter {id}"));
                return Ok(ExitCode::from(1));
            };
            print::line(&serde_json::to_string_pretty(letter)?);
        }
        (Answer::DeadLetters(letters), Dead::List(Json { json: true })) => {
            letters.iter().for_each(print::json)
        }
        (Answer::DeadLetters(letters), _) if letters.is_empty() => print::line("no dead letters"),
        (Answer::DeadLetters(letters), _) => {
            for letter in letters {
                let (at, agent) = (letter.at.rfc3339(), letter.agent);
                print::line(&format!(
                    "{:<5}{at} {:<9}{agent:<16}{}",
                    letter.id, letter.status, letter.reason
                ));
            }
        }
        (Answer::Settled, _) => print::line("done"),
        (Answer::Refused { what, instead }, _) => {
            print::note(&format!("{what}; {instead}"));
            return Ok(ExitCode::from(1));
        }
        (Answer::Failed(why), _) => {
            print::note(&why);
            return Ok(ExitCode::from(1));
        }
        (other, _) => anyhow::bail!("the server answered something else: {other:?}"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn verify(dir: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let mut asker = Asker::open(dir).await?;
    let Answer::Audit(verified) = asker.ask(Ask::VerifyAudit).await? else {
        anyhow::bail!("the server answered something else");
    };
    asker.close().await?;
    if json {
        print::json(&verified);
    }
    match &verified.broken {
        None => {
            if !json {
                print::line(&format!("{} acts in {} chains, none broken", verified.acts, verified.chains));
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(broken) => {
            if !json {
                print::line(&format!(
                    "broken at act {} of chain {}: {}",
                    broken.seq, broken.chain, broken.why
                ));
            }
            Ok(ExitCode::from(1))
        }
    }
}
