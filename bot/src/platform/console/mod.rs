//! The terminal as a chat platform.
//!
//! # Layout
//!
//! - [`adapter`]: the adapter: posts, edits, threads
//! - [`board`]: what stands on the screen: appended lines, cards that change, the line of progress
//! - [`render`]: a message to lines of text; pure
//! - [`harmless`]: text from outside made harmless for a terminal; pure
//! - [`listen`]: the line that is typed: history, completion, threads; or plain lines from a pipe

pub mod adapter;
pub mod board;
pub mod harmless;
pub mod listen;
pub mod render;

#[cfg(test)]
mod adapter_tests;
#[cfg(test)]
mod phrases_tests;
#[cfg(test)]
mod render_tests;

pub use adapter::{Console, ConsoleSettings};
pub use listen::Typed;
pub use render::Look;
