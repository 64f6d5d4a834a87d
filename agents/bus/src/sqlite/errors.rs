//! What an error of the database means: full, stopped, unreadable, or merely said.

use crate::store::StoreError;
use rusqlite::{Error, ErrorCode};

/// What an error means while the store is open. `place` is the folder, for the message.
pub(super) fn while_open(place: &str, error: Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(place.to_owned()),
        // After a failed write or flush nobody knows what the disk holds, and a later success proves nothing.
        Some(ErrorCode::SystemIoFailure) => StoreError::Stopped(error.to_string()),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Stopped(format!("the file is damaged: {error}"))
        }
        _ => StoreError::Database(error.to_string()),
    }
}

/// What an error means while the file is being opened.
pub(super) fn at_open(path: &str, error: Error) -> StoreError {
    let unreadable = |why: String| StoreError::Unreadable { path: path.to_owned(), why };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => unreadable(format!("is damaged ({error})")),
        Some(ErrorCode::NotADatabase) => {
            unreadable("is not a database, or its first page is damaged".to_owned())
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            unreadable(format!("cannot be opened for writing ({error})"))
        }
        _ => while_open(path, error),
    }
}

/// Whether the error ends the whole transaction and not only the command that met it.
pub(super) fn ends_the_batch(error: &StoreError) -> bool {
    matches!(error, StoreError::Full(_) | StoreError::Stopped(_))
}

/// The same error again, for everybody who shared a transaction that failed.
pub(super) fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Full(place) => StoreError::Full(place.clone()),
        StoreError::Stopped(why) => StoreError::Stopped(why.clone()),
        other => StoreError::Database(other.to_string()),
    }
}
