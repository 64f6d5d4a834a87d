//! Secret values: a type that does not show them, and a registry that masks them in whatever is shown.
//!
//! Every place that output passes on its way to a log, a chat, an event or a file asks [`SecretRegistry`].
//! What is not registered is not masked: register a value before its first use.
//!
//! # Layout
//!
//! - here: [`Secret`]
//! - [`registry`]: the registered values and `mask`
//! - `forms`: the spellings in which a value can show up
//! - [`stream`]: masks a stream, values split over chunks included

mod forms;
pub mod registry;
pub mod stream;

pub use registry::{MIN_LENGTH, Registration, SecretRegistry};
pub use stream::{MaskingWriter, StreamMask};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use zeroize::Zeroizing;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// A value that is not shown: `Debug`, `Display` and `Serialize` print `***`, and its memory is zeroed when dropped.
///
/// Comparing takes the same time wherever the values differ; only their lengths can be learnt from it.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value; the caller's own copies are the caller's to forget.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value itself, for the moment of its use.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the value is empty, which is most often a mistake in a configuration.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (own, others) = (self.0.as_bytes(), other.0.as_bytes());
        if own.len() != others.len() {
            return false;
        }
        // The black box keeps the compiler from leaving the loop at the first difference.
        let differing =
            own.iter().zip(others).fold(0_u8, |seen, (a, b)| std::hint::black_box(seen | (a ^ b)));
        std::hint::black_box(differing) == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
