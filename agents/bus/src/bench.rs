//! How fast the store accepts, beside a bare SQLite loop that commits the very same rows.
//!
//! The baseline uses the same tables, the same settings and the same rows, prepared before the clock starts, and
//! SQLite's own checkpoints; what it lacks is the store: no thread, no queue, no JSON, no hash, no answer.

use crate::audit::{Entry, whole_hash};
use crate::sqlite::{SqliteStore, Subscriptions, delivery_id, schema};
use crate::store::{Act, Store, StoreError};
use orchestra_events::{Actor, Envelope, EventId, Timestamp};
use rusqlite::{Connection, params};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const KIND: &str = "orchestra.bench.v1";
const AGENTS: [&str; 2] = ["first", "second"];

/// The `number`-th event: about 600 bytes as JSON, for two agents, of one of sixteen keys, of no run.
fn event(number: u64) -> Envelope {
    Envelope {
        specversion: "1.0".to_owned(),
        id: EventId::derived(&EventId(number.to_string()), "bench", 0),
        source: "/bench".to_owned(),
        kind: KIND.to_owned(),
        subject: None,
        time: Timestamp(1_795_692_315_123),
        datacontenttype: "application/json".to_owned(),
        partitionkey: format!("repository-{}@staging", number % 16),
        correlationid: None,
        causationid: None,
        traceparent: None,
        actor: Actor::person("bench"),
        data: json!({"number": number, "text": "x".repeat(256)}),
    }
}

fn act(event: &Envelope) -> Act {
    Act {
        chain: event.partitionkey.clone(),
        actor: event.actor.0.clone(),
        act: "command deploy".to_owned(),
        reason: "allowed: operator".to_owned(),
        cause: event.id.clone(),
        run: None,
    }
}

/// Events accepted per second by the store in `dir` with so many callers at once, each waiting for its answer
/// before it asks again. One event, two deliveries and one act each.
///
/// # Errors
/// What the store answers.
pub async fn accept_rate(dir: &Path, in_flight: usize, duration: Duration) -> Result<f64, StoreError> {
    let subscriptions = Subscriptions::new(AGENTS.map(|agent| (KIND, agent)));
    let store = Arc::new(SqliteStore::open(dir, subscriptions)?);
    let begun = Instant::now();
    let callers = in_flight.max(1) as u64;
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut accepted = 0_u64;
                while begun.elapsed() < duration {
                    let event = event(caller + accepted * callers);
                    let act = act(&event);
                    store.accept(vec![event], vec![act]).await?;
                    accepted += 1;
                }
                Ok::<u64, StoreError>(accepted)
            })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += task.await.map_err(|error| StoreError::Database(error.to_string()))??;
    }
    Ok(accepted as f64 / begun.elapsed().as_secs_f64())
}

/// Events committed per second by a bare SQLite loop in `dir`, so many in each transaction. Blocks.
///
/// # Errors
/// What SQLite answers.
pub fn bare_commit_rate(dir: &Path, per_transaction: usize, duration: Duration) -> Result<f64, StoreError> {
    let path = dir.join("bare.db");
    let name = path.display().to_string();
    let say = |error: rusqlite::Error| StoreError::Database(error.to_string());
    let mut connection = Connection::open(&path).map_err(say)?;
    schema::configure(&connection, 8 * 1024).map_err(say)?;
    schema::migrate(&mut connection, &name)?;
    let mut rows = Rows::default();
    let (mut spent, mut committed) = (Duration::ZERO, 0_usize);
    while spent < duration {
        let prepared: Vec<Row> = (0..512_usize.max(per_transaction)).map(|_| rows.next()).collect();
        let begun = Instant::now();
        for batch in prepared.chunks_exact(per_transaction.max(1)) {
            commit(&connection, batch).map_err(say)?;
            committed += batch.len();
        }
        spent += begun.elapsed();
    }
    Ok(committed as f64 / spent.as_secs_f64())
}

struct Row {
    place: i64,
    sequence: i64,
    event: Envelope,
    content: String,
    entry: Entry,
    acts_of_chain: i64,
    new_chain: i64,
    whole: String,
}

/// The rows as the store would write them.
#[derive(Default)]
struct Rows {
    last: u64,
    whole: String,
    heads: std::collections::HashMap<String, (i64, String)>,
}

impl Rows {
    fn next(&mut self) -> Row {
        let event = event(self.last);
        self.last += 1;
        let place = i64::try_from(self.last).unwrap_or(i64::MAX);
        let act = act(&event);
        let (before, previous) = self.heads.get(&act.chain).cloned().unwrap_or_default();
        let mut entry = Entry {
            seq: place,
            at: event.time,
            chain: act.chain,
            actor: act.actor,
            act: act.act,
            reason: act.reason,
            cause: act.cause.0,
            run: None,
            previous,
            hash: String::new(),
        };
        entry.hash = entry.expected_hash();
        self.whole = whole_hash(&self.whole, &entry.hash);
        self.heads.insert(entry.chain.clone(), (before + 1, entry.hash.clone()));
        let content = serde_json::to_string(&event).unwrap_or_default();
        Row {
            place,
            sequence: before + 1,
            event,
            content,
            entry,
            acts_of_chain: before + 1,
            new_chain: i64::from(before == 0),
            whole: self.whole.clone(),
        }
    }
}

fn commit(connection: &Connection, rows: &[Row]) -> rusqlite::Result<()> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for row in rows {
        let (event, entry) = (&row.event, &row.entry);
        connection
            .prepare_cached(
                "INSERT INTO keys (key, sequence) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET sequence = ?2",
            )?
            .execute(params![event.partitionkey, row.sequence])?;
        connection
            .prepare_cached(
                "INSERT INTO events (place, id, kind, key, sequence, run, accepted, heard, content)
                 VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6, 2, ?7)",
            )?
            .execute(params![
                row.place,
                event.id.0,
                event.kind,
                event.partitionkey,
                row.sequence,
                event.time.0,
                row.content
            ])?;
        for (subscriber, agent) in AGENTS.iter().enumerate() {
            connection
                .prepare_cached("INSERT INTO deliveries (id, agent, key) VALUES (?1, ?2, ?3)")?
                .execute(params![delivery_id(row.place, subscriber), agent, event.partitionkey])?;
        }
        connection
            .prepare_cached(
                "INSERT INTO acts (seq, chain, actor, act, reason, cause, run, at, previous, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, ?7, ?8, ?9)",
            )?
            .execute(params![
                entry.seq,
                entry.chain,
                entry.actor,
                entry.act,
                entry.reason,
                entry.cause,
                entry.at.0,
                entry.previous,
                entry.hash
            ])?;
        connection
            .prepare_cached(
                "INSERT INTO heads (chain, seq, acts, hash) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (chain) DO UPDATE SET seq = ?2, acts = ?3, hash = ?4",
            )?
            .execute(params![entry.chain, entry.seq, row.acts_of_chain, entry.hash])?;
        connection
            .prepare_cached("UPDATE whole SET acts = ?1, chains = chains + ?2, hash = ?3")?
            .execute(params![entry.seq, row.new_chain, row.whole])?;
    }
    connection.prepare_cached("COMMIT")?.execute([]).map(|_| ())
}
