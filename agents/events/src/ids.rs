//! Typed ids, digests and timestamps.
//!
//! An id is never drawn at random inside the core: it derives from what caused it, so that a handler
//! that runs twice names its consequences alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// The lower-case hexadecimal SHA-256 of the parts, each preceded by its length so that no two lists of
/// parts can be confused with one another.
pub fn hash_of(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// One pipeline run, shown to people as `RUN-7`. Numbers are given by the store, in order of acceptance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RUN-{}", self.0)
    }
}

/// The text is not the id of a run.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not the id of a run; ids look like RUN-7")]
pub struct NotARunId(String);

impl FromStr for RunId {
    type Err = NotARunId;

    fn from_str(text: &str) -> Result<Self, NotARunId> {
        let bytes = text.as_bytes();
        let prefixed = bytes.len() > 4 && bytes[..4].eq_ignore_ascii_case(b"run-");
        let number = if prefixed { &text[4..] } else { text };
        if number.is_empty() || number.len() > 18 || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotARunId(text.chars().take(40).collect()));
        }
        number.parse().map(RunId).map_err(|_| NotARunId(text.to_owned()))
    }
}

impl TryFrom<String> for RunId {
    type Error = NotARunId;
    fn try_from(text: String) -> Result<Self, NotARunId> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> String {
        id.to_string()
    }
}

/// Names an event for ever: 32 hexadecimal digits, or what the outside gave us as a delivery id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EventId(pub String);

impl EventId {
    /// The id of the `index`-th consequence that `agent` draws from `cause`.
    pub fn derived(cause: &EventId, agent: &str, index: usize) -> Self {
        let index = index.to_string();
        let mut text = hash_of(&[cause.0.as_bytes(), agent.as_bytes(), index.as_bytes()]);
        text.truncate(32);
        Self(text)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The digest of some bytes: `sha256:` and 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Digest(pub String);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex(&Sha256::digest(bytes))))
    }

    /// The hexadecimal part, if the digest is well formed.
    pub fn hexadecimal(&self) -> Option<&str> {
        let text = self.0.strip_prefix("sha256:")?;
        (text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))).then_some(text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who did it: `user:alice`, `agent:deployment`, `system`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Actor(pub String);

impl Actor {
    /// A person, by the name that the platform or the operating system vouches for.
    pub fn person(name: &str) -> Self {
        Self(format!("user:{name}"))
    }

    /// An agent.
    pub fn agent(name: &str) -> Self {
        Self(format!("agent:{name}"))
    }

    /// The name as people say it: `@alice` for a person, else the name without its kind.
    pub fn spoken(&self) -> String {
        match self.0.split_once(':') {
            Some(("user", name)) => format!("@{name}"),
            Some((_, name)) => name.to_owned(),
            None => self.0.clone(),
        }
    }
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment this many milliseconds later.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The moment this many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        self.plus_millis(i64::try_from(seconds).unwrap_or(i64::MAX / 1000).saturating_mul(1000))
    }

    /// RFC 3339 in UTC with milliseconds, as CloudEvents wants it.
    pub fn rfc3339(self) -> String {
        match chrono::DateTime::from_timestamp_millis(self.0) {
            Some(moment) => moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            None => "1970-01-01T00:00:00.000Z".to_owned(),
        }
    }

    /// Reads RFC 3339; `None` when it is not that.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        chrono::DateTime::parse_from_rfc3339(text).ok().map(|moment| Self(moment.timestamp_millis()))
    }

    /// `HH:MM:SS` in UTC, for timelines.
    pub fn clock(self) -> String {
        self.rfc3339().get(11..19).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_reads_back_in_every_spelling_people_use() {
        for text in ["RUN-7", "run-7", "7"] {
            assert_eq!(text.parse::<RunId>().unwrap(), RunId(7));
        }
        for text in ["", "RUN-", "RUN--1", "seven", "RUN-99999999999999999999", "é7"] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_same_cause_gives_the_same_consequence_and_another_cause_another() {
        let cause = EventId("a".into());
        assert_eq!(EventId::derived(&cause, "build", 0), EventId::derived(&cause, "build", 0));
        assert_ne!(EventId::derived(&cause, "build", 0), EventId::derived(&cause, "build", 1));
        assert_ne!(EventId::derived(&cause, "build", 0), EventId::derived(&cause, "buil", 0));
    }

    #[test]
    fn a_timestamp_survives_its_written_form() {
        let moment = Timestamp(1_795_692_315_123);
        assert_eq!(Timestamp::from_rfc3339(&moment.rfc3339()), Some(moment));
    }
}
