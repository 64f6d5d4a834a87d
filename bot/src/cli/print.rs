//! Data to standard output, words for people to standard error.
#![expect(clippy::print_stderr, reason = "the one place that prints")]

use crate::message::Message;
use crate::platform::console::Look;
use crate::platform::console::render;
use serde::Serialize;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

/// Prints one JSON value on a line of its own.
pub fn json(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => line(&text),
        Err(error) => note(&format!("the answer can't be printed: {error}")),
    }
}

/// Prints a line of data. A reader that went away is no mistake of ours.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").is_err() {
        tracing::debug!("standard output is closed");
    }
}

/// Tells a person something beside the data.
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// Prints a message as the console would.
pub fn message(message: &Message) {
    let look = Look { width: 100, colour: std::io::stdout().is_terminal() };
    for text in render::render(message, None, look) {
        line(&text);
    }
}

/// Says the chain of an error, once.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    note(&format!("orchestra: {error:#}"));
    ExitCode::from(3)
}
