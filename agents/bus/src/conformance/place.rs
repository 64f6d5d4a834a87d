//! What an adapter lends to the suite.

use crate::store::Store;
use async_trait::async_trait;
use std::sync::Arc;

/// A place where a store can be opened, emptied and opened again.
#[async_trait]
pub trait Place: Send {
    /// Empties the place and opens a store in it, with [`SUBSCRIPTIONS`](super::SUBSCRIPTIONS).
    async fn fresh(&mut self) -> Arc<dyn Store>;

    /// Opens what is there again, as a new process does after the old one died. The suite has dropped every
    /// store of this place before it asks.
    async fn reopen(&mut self) -> Arc<dyn Store>;
}
