//! Topic `incidents`: something went wrong enough to be remembered.

use crate::catalog::{Event, Topic};
use crate::envelope::Envelope;
use crate::ids::{Digest, Timestamp};
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An incident was opened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct IncidentOpened {
    /// Its id, `INC-` and the number of the run that led to it.
    pub id: String,
    /// The repository's name.
    pub repo: String,
    /// The service.
    pub service: String,
    /// In one line.
    pub title: String,
    /// `sev1` to `sev4`.
    pub severity: String,
    /// The note's file, below the data folder.
    pub file: String,
}

/// A postmortem was written.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PostmortemWritten {
    /// The incident.
    pub incident: String,
    /// The repository's name.
    pub repo: String,
    /// The file, below the data folder.
    pub file: String,
    /// The text, kept by digest.
    pub text: Digest,
    /// How many lines its timeline has.
    pub lines: usize,
}

/// The incident of a run.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Incidents {
    /// Its id.
    pub id: String,
    /// The note's file.
    pub note: String,
    /// The postmortem's file.
    pub postmortem: Option<String>,
    /// When it last changed.
    pub changed: Timestamp,
}

impl Event for IncidentOpened {
    const KIND: &'static str = "orchestra.incident_opened.v1";
    const TOPIC: Topic = Topic::Incidents;
    const KEY: &'static str = "repository and environment";
    type Slice = Option<Incidents>;

    fn slice(state: &mut PipelineState) -> &mut Self::Slice {
        &mut state.incident
    }

    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope) {
        *slice = Some(Incidents {
            id: self.id.clone(),
            note: self.file.clone(),
            postmortem: None,
            changed: envelope.time,
        });
    }

    fn example() -> Self {
        Self {
            id: "INC-7".into(),
            repo: "shop".into(),
            service: "web".into(),
            title: "web a1b2c3d was rolled back to 9f8e7d6".into(),
            severity: "sev3".into(),
            file: "incidents/INC-7.md".into(),
        }
    }
}

impl Event for PostmortemWritten {
    const KIND: &'static str = "orchestra.postmortem_written.v1";
    const TOPIC: Topic = Topic::Incidents;
    const KEY: &'static str = "repository and environment";
    type Slice = Option<Incidents>;

    fn slice(state: &mut PipelineState) -> &mut Self::Slice {
        &mut state.incident
    }

    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope) {
        let incident = slice.get_or_insert_default();
        incident.id.clone_from(&self.incident);
        incident.postmortem = Some(self.file.clone());
        incident.changed = envelope.time;
    }

    fn example() -> Self {
        Self {
            incident: "INC-7".into(),
            repo: "shop".into(),
            file: "postmortems/INC-7.md".into(),
            text: Digest::of(b"text"),
            lines: 14,
        }
    }
}
