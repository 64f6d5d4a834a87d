//! The one table of events: which kinds there are, where they travel, and how a payload is read back.
//!
//! Additive changes keep a kind's version; anything else is a new kind beside the old one. A kind that is not
//! in the table is carried and counted, never a crash.

use crate::envelope::Envelope;
use crate::people::{
    ApprovalDecided, ApprovalRequested, CommandGiven, CommandRefused, IncidentOpened, PostmortemWritten,
};
use crate::pipeline::{
    AnalysisFinished, BuildReady, CodeAnalysis, CodePush, DeploymentTriggered, IaCReady, ObservabilityAlert,
    PushRequested, RollbackEvent, RunEnded, TestResults,
};
use crate::state::PipelineState;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where events travel. Order holds within one topic and key, never between topics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the topic of that name")]
pub enum Topic {
    CodePush,
    CodeAnalysis,
    BuildReady,
    TestResults,
    IacReady,
    DeploymentTriggered,
    ObservabilityAlert,
    RollbackEvent,
    Chat,
    Approvals,
    Incidents,
}

impl Topic {
    /// The topic's name on the bus.
    pub fn name(self) -> &'static str {
        match self {
            Topic::CodePush => "code_push",
            Topic::CodeAnalysis => "code_analysis",
            Topic::BuildReady => "build_ready",
            Topic::TestResults => "test_results",
            Topic::IacReady => "iac_ready",
            Topic::DeploymentTriggered => "deployment_triggered",
            Topic::ObservabilityAlert => "observability_alert",
            Topic::RollbackEvent => "rollback_event",
            Topic::Chat => "chat",
            Topic::Approvals => "approvals",
            Topic::Incidents => "incidents",
        }
    }
}

/// A payload that the catalog knows.
///
/// `Slice` is the one part of the shared state that the event may change: the fold lives with the event, so that
/// no agent can change another's slice.
pub trait Event: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static {
    /// The kind with its version.
    const KIND: &'static str;
    /// The topic.
    const TOPIC: Topic;
    /// What orders it, in words for the tables.
    const KEY: &'static str;
    /// The slice of the shared state that it changes.
    type Slice;

    /// The slice within the state.
    fn slice(state: &mut PipelineState) -> &mut Self::Slice;

    /// Folds the event into its slice.
    fn fold(&self, slice: &mut Self::Slice, envelope: &Envelope);

    /// An example as it may travel.
    fn example() -> Self;
}

/// A row of the catalog.
pub struct EventKind {
    /// The struct's name, as the design says it.
    pub name: &'static str,
    /// The kind with its version.
    pub kind: &'static str,
    /// The topic.
    pub topic: Topic,
    /// What orders it.
    pub key: &'static str,
    /// The JSON Schema of its payload.
    pub schema: fn() -> Value,
    /// An example payload.
    pub example: fn() -> Value,
}

macro_rules! catalog {
    ($($event:ident),+ $(,)?) => {
        /// Every event there is, in the order of the pipeline.
        pub const KINDS: &[EventKind] = &[$(EventKind {
            name: stringify!($event),
            kind: <$event as Event>::KIND,
            topic: <$event as Event>::TOPIC,
            key: <$event as Event>::KEY,
            schema: || schemars::schema_for!($event).to_value(),
            example: || serde_json::to_value(<$event as Event>::example()).unwrap_or(Value::Null),
        }),+];

        /// A decoded event.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "each variant is the event of that name")]
        pub enum AnyEvent {
            $($event($event),)+
            /// A kind that this build does not know: carried, counted, skipped.
            Unknown,
        }

        impl AnyEvent {
            /// Reads the payload by the envelope's kind.
            ///
            /// # Errors
            /// When the kind is known and the payload is not of its shape.
            pub fn decode(envelope: &Envelope) -> Result<Self, serde_json::Error> {
                match envelope.kind.as_str() {
                    $(<$event as Event>::KIND => $event::deserialize(&envelope.data).map(AnyEvent::$event),)+
                    _ => Ok(AnyEvent::Unknown),
                }
            }

            /// Folds the event into the shared state.
            pub(crate) fn fold(&self, state: &mut PipelineState, envelope: &Envelope) {
                match self {
                    $(AnyEvent::$event(event) => event.fold($event::slice(state), envelope),)+
                    AnyEvent::Unknown => {}
                }
            }
        }
    };
}

use serde::Deserialize as _;

catalog! {
    PushRequested, CodePush, BuildReady, CodeAnalysis, TestResults, IaCReady, DeploymentTriggered,
    AnalysisFinished, ObservabilityAlert, RollbackEvent, RunEnded, CommandGiven, CommandRefused,
    ApprovalRequested, ApprovalDecided, IncidentOpened, PostmortemWritten,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_reads_back_as_itself() {
        for row in KINDS {
            let envelope = crate::state::tests::envelope(row.kind, (row.example)());
            let event = AnyEvent::decode(&envelope).unwrap();
            assert!(!matches!(event, AnyEvent::Unknown), "{}", row.name);
            let mut state = PipelineState::default();
            state.apply(&envelope);
            assert_ne!(state, PipelineState::default(), "{} leaves no trace in the shared state", row.name);
        }
    }

    #[test]
    fn kinds_are_unique_and_versioned() {
        let mut kinds: Vec<_> = KINDS.iter().map(|row| row.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), KINDS.len());
        assert!(kinds.iter().all(|kind| kind.starts_with("orchestra.") && kind.ends_with(".v1")));
    }

    #[test]
    fn an_event_stays_well_under_64_kib() {
        for row in KINDS {
            assert!((row.example)().to_string().len() < 8 * 1024, "{}", row.name);
        }
    }
}
