//! The trait and what passes through it.

use crate::message::Message;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A chat platform. Every call may be repeated by the caller after an error that says so.
#[async_trait]
pub trait ChatPlatform: Send + Sync {
    /// The platform's name in places, posts and configuration, such as `console`.
    fn name(&self) -> &'static str;

    /// What the platform can show.
    fn limits(&self) -> Limits;

    /// Reads the wire and hands over what came in, in order, until the wire or the inbox is closed.
    ///
    /// Ending is not an error: a terminal whose input ends has nothing more to say, and the rest goes on.
    ///
    /// # Errors
    ///
    /// A [`ListenError`] when the wire broke.
    async fn listen(&self, inbox: Inbox) -> Result<(), ListenError>;

    /// Posts a message.
    ///
    /// # Errors
    ///
    /// A [`PostError`] that says whether trying again can help.
    async fn post(&self, place: &Place, message: &Message) -> Result<PostRef, PostError>;

    /// Replaces what a post says.
    ///
    /// # Errors
    ///
    /// As for [`ChatPlatform::post`]; a post that is gone is [`PostError::GiveUp`].
    async fn edit(&self, post: &PostRef, message: &Message) -> Result<(), PostError>;

    /// Opens a thread under its first post, the live card, and says where its replies go.
    ///
    /// `name` is the run, incident or approval that the thread is about, such as `RUN-7`.
    ///
    /// # Errors
    ///
    /// As for [`ChatPlatform::post`].
    async fn open_thread(
        &self,
        channel: &Place,
        name: &str,
        first: &Message,
    ) -> Result<(Place, PostRef), PostError>;

    /// Shares a file.
    ///
    /// # Errors
    ///
    /// As for [`ChatPlatform::post`]; a file over [`Limits::file`] is [`PostError::GiveUp`].
    async fn upload(&self, place: &Place, name: &str, content: &[u8]) -> Result<PostRef, PostError>;
}

/// What a platform can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The longest rendered message, in characters.
    pub message: usize,
    /// The most buttons of one message.
    pub buttons: usize,
    /// The largest file, in bytes.
    pub file: usize,
    /// Whether a post can be edited.
    pub edits: bool,
}

/// Where something is said: a channel of a platform, and perhaps a thread in it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The platform's name.
    pub platform: String,
    /// The channel as the platform names it.
    pub channel: String,
    /// The thread as the platform names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

/// A post, so that it can be edited.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct PostRef {
    /// Where it stands.
    pub place: Place,
    /// Its id as the platform names it.
    pub id: String,
}

/// Something that a person did on a platform.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inbound {
    /// The platform's id of the message, for deduplication; unique within the platform.
    pub id: String,
    /// The person as the platform names them.
    pub who: String,
    /// Where it was said. On the console the thread is the run's, incident's or approval's id.
    pub place: Place,
    /// Whether the bot was addressed.
    pub mention: bool,
    /// What was done.
    pub body: InboundBody,
}

/// What a person did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InboundBody {
    /// Said something, formatting and all.
    Text(String),
    /// Pressed a button; this is the command that it types.
    Button(String),
}

/// Where an adapter puts what came in. Bounded: an adapter that is too quick waits.
pub type Inbox = tokio::sync::mpsc::Sender<Inbound>;

/// The wire broke.
#[derive(Debug, thiserror::Error)]
#[error("listening on `{platform}` broke off: {why}")]
pub struct ListenError {
    /// The platform's name.
    pub platform: &'static str,
    /// What happened.
    pub why: String,
}

/// A post that was not made.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// It may work later: a limit of the platform, or an outage.
    #[error("not now, again in {} s: {why}", after.as_secs())]
    RetryAfter {
        /// How long to wait at least.
        after: Duration,
        /// What happened.
        why: String,
    },
    /// It will never work like this.
    #[error("given up: {why}")]
    GiveUp {
        /// What happened.
        why: String,
    },
}
