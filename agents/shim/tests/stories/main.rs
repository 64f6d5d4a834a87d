//! Stories of a shim with real processes, told from the side of the main process.

#![allow(clippy::unwrap_used, reason = "a story that can't go on fails there")]

mod confining;
mod dying;
mod kit;
mod outliving;
mod serving;
