//! The default store: one SQLite file, one thread that writes, a few connections that read.
//!
//! # Layout
//!
//! - `open`: lock, migrations, check, epoch; `schema` has the tables, `lock` the folder's lock
//! - `writer`: the writing thread and its group commit; `readers`: the connections that read
//! - `adapter`: the trait [`Store`](crate::Store), each method handed to its place
//! - `append`, `step`: the log's rows and the step that writes all of one handled input
//! - `deliveries`, `intents`, `timers`, `posts`, `dead_letters`, `acts`: one kind of row each
//! - `reads`, `expire`: what is only read; what is forgotten
//! - `words`, `errors`: columns and errors, to and from the database
//!
//! Invariants: one process at a time has the folder; nobody is answered before the commit returned; after a
//! failed write or flush nothing is answered with success until the folder is opened again.

mod acts;
mod adapter;
mod append;
mod dead_letters;
mod deliveries;
mod errors;
mod expire;
mod intents;
mod lock;
mod open;
mod posts;
mod readers;
mod reads;
pub(crate) mod schema;
mod step;
mod subscriptions;
mod timers;
mod words;
mod writer;

pub use adapter::SqliteStore;
pub(crate) use append::delivery_id;
pub use open::Options;
pub use subscriptions::Subscriptions;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod store_tests;
