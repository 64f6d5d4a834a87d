//! Posts: what should stand in each thread, overwritten in place.

use super::words::{VALUE_LIMIT, json, signed, unsigned, value};
use super::writer::Turn;
use crate::store::{NewPost, Post, StoreError};
use orchestra_events::Timestamp;
use rusqlite::{Connection, Row, params};

/// Writes a post or overwrites it; the same message again changes nothing.
pub(super) fn want(turn: &Turn<'_>, post: &NewPost) -> Result<(), StoreError> {
    let message = json("post", &post.name, &post.message, VALUE_LIMIT)?;
    turn.execute(
        "INSERT INTO posts (thread, name, message, wanted, shown, at) VALUES (?1, ?2, ?3, 1, 0, ?4)
         ON CONFLICT (thread, name) DO UPDATE SET message = ?3, wanted = wanted + 1, at = ?4
             WHERE message <> ?3",
        params![post.thread, post.name, message, turn.now.0],
    )?;
    turn.makes_work();
    Ok(())
}

/// Records what a platform shows; an older version than the recorded one changes nothing.
pub(super) fn shown(turn: &Turn<'_>, thread: &str, name: &str, version: u64) -> Result<(), StoreError> {
    let known = turn.execute(
        "UPDATE posts SET shown = max(shown, min(?3, wanted)) WHERE thread = ?1 AND name = ?2",
        params![thread, name, signed(version)],
    )?;
    if known == 0 {
        return Err(StoreError::Missing { what: "post", name: format!("{thread}/{name}") });
    }
    Ok(())
}

const COLUMNS: &str = "seq, thread, name, message, wanted, shown, at";

fn post_of(row: &Row<'_>) -> rusqlite::Result<Post> {
    Ok(Post {
        seq: row.get(0)?,
        post: NewPost { thread: row.get(1)?, name: row.get(2)?, message: value(row, 3)? },
        wanted: unsigned(row, 4)?,
        shown: unsigned(row, 5)?,
        at: Timestamp(row.get(6)?),
    })
}

/// Posts that a platform does not show as wanted, first post first.
pub(super) fn unshown(connection: &Connection, limit: i64) -> rusqlite::Result<Vec<Post>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM posts WHERE wanted > shown ORDER BY seq LIMIT ?1"))?
        .query_map([limit], post_of)?
        .collect()
}

/// A thread's posts above `after`, first post first.
pub(super) fn thread(
    connection: &Connection,
    thread: &str,
    after: i64,
    limit: i64,
) -> rusqlite::Result<Vec<Post>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM posts WHERE thread = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"
        ))?
        .query_map(params![thread, after, limit], post_of)?
        .collect()
}
