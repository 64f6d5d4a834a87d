//! The CloudEvents envelope (specification 1.0.2, JSON format) that every event travels in.
//!
//! Attributes are the standard's; extensions are `partitionkey` (the partitioning extension), `correlationid`
//! (the run, incident or execution), `causationid`, `traceparent` (distributed tracing extension) and `actor`.

use crate::ids::{Actor, EventId, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One event with its attributes. `data` is the payload as the catalog describes it for `kind`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// Always `1.0`.
    pub specversion: String,
    /// Unique with `source`; deduplication is by this id.
    pub id: EventId,
    /// Who published it, as a URI reference: `/agents/build`, `/chat/console`.
    pub source: String,
    /// The kind with its version: `orchestra.code_push.v1`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is about: the run, the service.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// When it happened.
    #[serde(with = "rfc3339")]
    pub time: Timestamp,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// What must stay ordered: for pipeline events `repository@environment`.
    pub partitionkey: String,
    /// The run, incident or execution that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub correlationid: Option<String>,
    /// The event that caused it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub causationid: Option<EventId>,
    /// W3C trace context.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub traceparent: Option<String>,
    /// The person or agent that did it.
    pub actor: Actor,
    /// The payload.
    pub data: Value,
}

impl Envelope {
    /// The run that the event belongs to, if it belongs to one.
    pub fn run(&self) -> Option<RunId> {
        self.correlationid.as_deref().and_then(|text| text.parse().ok())
    }
}

mod rfc3339 {
    use crate::ids::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time.rfc3339())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::from_rfc3339(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not RFC 3339")))
    }
}
