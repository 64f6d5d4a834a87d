//! Sends what is wanted: posts are desired state, so what a platform lacks is posted or edited, and then marked.

use crate::chatops::CARD;
use crate::message::Message;
use crate::platform::console::Console;
use crate::platform::{ChatPlatform, Place, PostError, PostRef};
use orchestra_bus::{Post, Store, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How many posts are sent in one go.
const AT_ONCE: usize = 50;
/// How often progress is looked at while nothing else happens.
const PROGRESS: Duration = Duration::from_millis(300);

/// Shows posts on a console: new ones are posted, changed ones edited.
pub struct Shower {
    console: Arc<Console>,
    known: HashMap<(String, String), PostRef>,
}

impl Shower {
    /// A shower for a console.
    pub fn new(console: Arc<Console>) -> Self {
        Self { console, known: HashMap::new() }
    }

    /// Shows a post as it is wanted now.
    ///
    /// # Errors
    /// What the platform says.
    pub async fn show(&mut self, post: &Post) -> Result<(), PostError> {
        let Ok(message) = serde_json::from_value::<Message>(post.post.message.clone()) else {
            return Err(PostError::GiveUp { why: "the post does not read".to_owned() });
        };
        let key = (post.post.thread.clone(), post.post.name.clone());
        if let Some(reference) = self.known.get(&key) {
            return self.console.edit(reference, &message).await;
        }
        let channel = self.console.channel();
        let reference = if post.post.name == CARD {
            self.console.open_thread(&channel, &post.post.thread, &message).await?.1
        } else {
            let thread = (!post.post.thread.starts_with("channel/") && post.post.thread != "general")
                .then(|| post.post.thread.clone());
            self.console.post(&Place { thread, ..channel }, &message).await?
        };
        self.known.insert(key, reference);
        Ok(())
    }
}

/// Sends posts and progress to the console until it is told to stop.
///
/// # Errors
/// The store's; a platform's failure delays a post and never loses it.
pub async fn send(
    store: Arc<dyn Store>,
    console: Arc<Console>,
    stop: CancellationToken,
) -> Result<(), StoreError> {
    let mut changes = store.changes();
    let mut shower = Shower::new(console.clone());
    let mut shown_progress = None;
    loop {
        for post in store.unshown(AT_ONCE).await? {
            match shower.show(&post).await {
                Ok(()) => store.shown(&post.post.thread, &post.post.name, post.wanted).await?,
                Err(PostError::RetryAfter { after, why }) => {
                    tracing::info!(why, ?after, "post delayed");
                    tokio::time::sleep(after).await;
                    break;
                }
                Err(PostError::GiveUp { why }) => {
                    tracing::warn!(why, thread = post.post.thread, "post given up");
                    store.shown(&post.post.thread, &post.post.name, post.wanted).await?;
                }
            }
        }
        let line = progress_line(&store).await?;
        if line != shown_progress {
            // A closed terminal takes no progress, and that is no reason to stop working.
            if let Err(error) = console.progress(line.as_deref()) {
                tracing::debug!(%error, "progress not shown");
            }
            shown_progress = line;
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            changed = changes.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
            }
            () = tokio::time::sleep(PROGRESS) => {}
        }
    }
}

/// What the open runs are doing, in one line.
///
/// # Errors
/// The store's.
pub async fn progress_line(store: &Arc<dyn Store>) -> Result<Option<String>, StoreError> {
    let mut parts = Vec::new();
    for run in store.runs(true, 3).await? {
        if run.state.deployment.hold.is_some() {
            continue;
        }
        for (agent, line) in store.progress(run.id).await?.into_iter().filter(|(_, line)| !line.is_empty()) {
            parts.push(format!("{} {agent}: {line}", run.id));
        }
    }
    Ok((!parts.is_empty()).then(|| parts.join(" · ")))
}
