//! The seam between the bot and a chat platform.
//!
//! An adapter does four things: it verifies and reads the wire, says what came in as [`Inbound`], renders a
//! [`Message`](crate::message::Message), and says errors as *retry after* or *give up*. Mentions, parsing,
//! permission, retries, deduplication and threads are common code and not here.
//!
//! # Layout
//!
//! - [`seam`]: the trait [`ChatPlatform`] and what passes through it
//! - [`console`]: the terminal, a real adapter: `mod.rs`, `listen.rs`, `render.rs`

pub mod console;
pub mod seam;

pub use seam::{ChatPlatform, Inbound, InboundBody, Inbox, Limits, ListenError, Place, PostError, PostRef};
