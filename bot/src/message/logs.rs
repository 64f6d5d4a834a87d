//! The last lines that a service wrote.

use super::shape::{Message, Tone};

/// The lines, masked before they come here; of too many the last are kept.
pub fn lines(service: &str, version: &str, output: &str) -> Message {
    if output.trim().is_empty() {
        return Message::new(Tone::Plain, format!("{service} {version} has written nothing"));
    }
    Message::new(Tone::Plain, format!("{service} {version}: the last lines")).code(output)
}

/// There are no logs, and why.
pub fn none(service: &str, version: Option<&str>, why: &str) -> Message {
    let version = version.map(|version| format!(" {version}")).unwrap_or_default();
    Message::new(Tone::Plain, format!("no logs of {service}{version}: {why}"))
}
