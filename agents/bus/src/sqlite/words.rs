//! How values are written into columns and read back.

use crate::store::{EffectClass, StoreError};
use orchestra_events::RunId;
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest event, in bytes of JSON: bigger things travel by reference.
pub(crate) const EVENT_LIMIT: usize = 64 * 1024;

/// The largest state, request, message or note, in bytes of JSON.
pub(super) const VALUE_LIMIT: usize = 1024 * 1024;

/// The longest line of progress and the longest reason of a dead letter, in bytes.
pub(super) const LINE_LIMIT: usize = 2000;

/// JSON for a column, or a refusal that names what is too large.
pub(super) fn json(
    what: &'static str,
    name: &str,
    value: &impl Serialize,
    limit: usize,
) -> Result<String, StoreError> {
    let text = serde_json::to_string(value)
        .map_err(|error| StoreError::Database(format!("{what} `{name}` is not JSON: {error}")))?;
    if text.len() > limit {
        return Err(StoreError::TooLarge { what, name: name.to_owned(), bytes: text.len(), limit });
    }
    Ok(text)
}

/// Reads a column of JSON.
pub(super) fn value<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// A count or version, which are never negative in the file that we wrote.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A count for a column. The database's integers end at 2^63 - 1; nothing here counts that far.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A length for a column.
pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A run's number for a column.
pub(super) fn run_number(run: Option<RunId>) -> Option<i64> {
    run.map(|run| signed(run.0))
}

/// A run from a column.
pub(super) fn run_id(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<RunId>> {
    let number: Option<i64> = row.get(column)?;
    Ok(number.map(|number| RunId(number.unsigned_abs())))
}

/// A limit that a caller gave, kept within what one answer may hold.
pub(super) fn bounded(limit: usize) -> i64 {
    i64::try_from(limit.min(10_000)).unwrap_or(10_000)
}

/// The text, cut at a character's border to at most [`LINE_LIMIT`] bytes.
pub(super) fn line(text: &str) -> &str {
    let mut end = text.len().min(LINE_LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

pub(super) fn class_word(class: EffectClass) -> &'static str {
    match class {
        EffectClass::Read => "read",
        EffectClass::Content => "content",
        EffectClass::Keyed => "keyed",
        EffectClass::Asked => "asked",
        EffectClass::Opaque => "opaque",
    }
}

/// The class of a word; what we cannot read is treated as what must never run again by itself.
pub(super) fn class_of(word: &str) -> EffectClass {
    match word {
        "read" => EffectClass::Read,
        "content" => EffectClass::Content,
        "keyed" => EffectClass::Keyed,
        "asked" => EffectClass::Asked,
        _ => EffectClass::Opaque,
    }
}
