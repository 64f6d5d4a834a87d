//! What every adapter must hold, as one suite: the same cases for SQLite now and for others later.
//!
//! # Layout
//!
//! - `place`: what an adapter lends to the suite; `given`: events, steps and intents to speak about
//! - `log`: accepting, order, deduplication, deliveries, runs
//! - `steps`: atomicity, versions, handled once, settings, numbers
//! - `intents`: claims, fencing, cancelling, putting back, what a dead process leaves
//! - `waiting`: timers, posts, progress
//! - `failures`: dead letters, the audit, forgetting
//!
//! A case that does not hold panics and says what was expected: this is test code that ships as a library, so
//! that an adapter in another crate can run it.
// A failed expectation is the suite's way to speak.
#![allow(clippy::unwrap_used)]

mod failures;
mod given;
mod intents;
mod log;
mod place;
mod steps;
mod waiting;

pub use given::{SUBSCRIPTIONS, act, delivery_step, event, intent, run_event, timer};
pub use place::Place;

/// Runs every case, each in a place of its own.
///
/// # Panics
/// When a case does not hold.
pub async fn run_all(place: &mut dyn Place) {
    log::accepted_events_are_delivered_in_order(place).await;
    log::an_event_counts_once(place).await;
    log::an_event_that_nobody_wants_is_carried_and_counted(place).await;
    log::a_delivery_waits_until_it_is_handled(place).await;
    log::a_delivery_that_was_put_off_keeps_its_key_in_order(place).await;
    log::events_fold_into_their_run(place).await;
    log::too_large_an_event_is_refused_alone(place).await;
    log::many_at_once_are_all_accepted(place).await;
    steps::a_step_does_all_or_nothing(place).await;
    steps::an_input_is_handled_once(place).await;
    steps::a_stale_version_is_refused(place).await;
    steps::a_refused_step_does_not_spoil_its_neighbours(place).await;
    steps::published_events_keep_their_order(place).await;
    steps::settings_and_numbers_endure(place).await;
    intents::an_intent_is_claimed_by_one(place).await;
    intents::a_claim_dies_with_its_process(place).await;
    intents::a_superseded_worker_records_nothing(place).await;
    intents::a_cancelled_intent_is_nobodys(place).await;
    intents::an_intent_that_was_put_back_waits(place).await;
    intents::an_unknown_outcome_is_shown_until_it_is_settled(place).await;
    waiting::a_timer_fires_once(place).await;
    waiting::a_timer_moves_when_it_is_set_again(place).await;
    waiting::a_post_is_overwritten_in_place(place).await;
    waiting::progress_is_a_row_and_no_event(place).await;
    failures::a_buried_delivery_waits_for_a_person(place).await;
    failures::a_buried_intent_waits_for_a_person(place).await;
    failures::everything_accepted_is_somewhere(place).await;
    failures::the_audit_holds_and_endures(place).await;
    failures::what_is_old_is_forgotten_and_what_is_open_stays(place).await;
    failures::changes_are_told(place).await;
}
