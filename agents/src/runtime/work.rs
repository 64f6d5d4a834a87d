//! One effect, from its claim to its answer.

use super::hands::{Hands, Progress, ToolError, Work, masked};
use crate::agent::Outcome;
use crate::tools::secret::SecretRegistry;
use orchestra_bus::{Claimed, EffectClass, Store, StoreError};
use orchestra_events::Timestamp;
use rand::RngExt as _;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often an effect is tried before it counts as failed.
const ATTEMPTS: u32 = 6;
/// The first pause's upper bound; it doubles with every attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How an effect's work ended for the runtime.
pub(crate) enum Worked {
    /// There is an answer to hand to the agent.
    Answered { claimed: Claimed, outcome: Value, unknown: bool },
    /// It was put back and is to be claimed again then.
    PutBack(String, Timestamp),
    /// Nobody waits for it any more, or another claim has it.
    Nothing(String),
    /// The store failed.
    Store(StoreError),
}

/// Performs a claimed effect as its class allows.
pub(crate) async fn work(
    store: Arc<dyn Store>,
    hands: Hands,
    secrets: SecretRegistry,
    claimed: Claimed,
    cancel: CancellationToken,
) -> Worked {
    let intent = &claimed.intent;
    if claimed.unanswered && intent.class == EffectClass::Opaque {
        let reason = "the process died while it was being done, and nobody can say whether it was".to_owned();
        let outcome = masked(&secrets, Outcome::Unknown(reason));
        return Worked::Answered { claimed, outcome, unknown: true };
    }
    let progress = Progress::new(store.clone(), secrets.clone(), intent.run, intent.agent.clone());
    let work = Work { key: intent.id.clone(), run: intent.run, cancel, progress };
    // A tool that reported a failure may have done it all the same, as one that died may.
    let tried_before = claimed.unanswered || claimed.attempts > 0;
    let first_ask = tried_before && intent.class == EffectClass::Asked;
    fail::fail_point!("work::before_perform");
    let performed = hands.perform(&intent.tool, intent.request.clone(), &work, first_ask).await;
    fail::fail_point!("work::after_perform");
    work.progress.clear().await;
    if work.cancel.is_cancelled() {
        return Worked::Nothing(claimed.intent.id);
    }
    let outcome = match performed {
        Ok(answer) => Outcome::Done(answer),
        Err(ToolError::Cancelled) => return Worked::Nothing(claimed.intent.id),
        Err(ToolError::GiveUp(reason)) => Outcome::Failed(reason),
        Err(ToolError::Retry { reason, .. }) if claimed.attempts + 1 >= ATTEMPTS => {
            Outcome::Failed(format!("{reason} (tried {ATTEMPTS} times)"))
        }
        Err(ToolError::Retry { reason, after }) => {
            return put_back(&store, &claimed, &reason, after).await;
        }
    };
    let outcome = masked(&secrets, outcome);
    Worked::Answered { claimed, outcome, unknown: false }
}

async fn put_back(
    store: &Arc<dyn Store>,
    claimed: &Claimed,
    reason: &str,
    after: Option<Duration>,
) -> Worked {
    let pause = pause(claimed.attempts, after);
    tracing::info!(
        intent = claimed.intent.id,
        tool = claimed.intent.tool,
        reason,
        ?pause,
        "to be tried again"
    );
    let Ok(pause) = i64::try_from(pause.as_millis()) else {
        return Worked::Nothing(claimed.intent.id.clone());
    };
    loop {
        let due = match store.now().await {
            Ok(now) => now.plus_millis(pause),
            Err(error) => return Worked::Store(error),
        };
        match store.put_back(&claimed.intent.id, claimed.fence, due).await {
            Ok(()) => return Worked::PutBack(claimed.intent.id.clone(), due),
            Err(StoreError::Fenced(_)) => return Worked::Nothing(claimed.intent.id.clone()),
            Err(error @ StoreError::Stopped(_)) => return Worked::Store(error),
            Err(error) => {
                tracing::warn!(intent = claimed.intent.id, %error, "not put back yet; tried again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Exponential with full jitter: anything between nothing and the doubled bound, and never less than the
/// target asked for.
pub(crate) fn pause(attempts: u32, after: Option<Duration>) -> Duration {
    let bound = FIRST_PAUSE.saturating_mul(1 << attempts.min(10)).min(LONGEST_PAUSE);
    let drawn = rand::rng().random_range(Duration::ZERO..=bound);
    drawn.max(after.unwrap_or_default().min(Duration::from_secs(600)))
}
