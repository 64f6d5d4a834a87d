//! The loop: order within a lane, lanes at the same time, and never any work in the loop itself.

use super::crew::Member;
use super::hands::Hands;
use super::step::{Committed, StepError, Waiting, step};
use super::work::{Worked, pause, work};
use crate::tools::secret::SecretRegistry;
use orchestra_bus::{Claimed, DeliveryId, Input, Step, Store, StoreError};
use orchestra_events::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How many steps are under way at once; more than the store's writer groups into one flush gains nothing.
const STEPS_AT_ONCE: usize = 128;
/// How many deliveries wait in memory; the rest waits in the store.
const QUEUED_AT_MOST: usize = 1024;
/// How many effects are claimed at once when many were left behind.
const CLAIM_AT_ONCE: usize = 256;
/// How many deliveries are handled one by one after a start, their attempts counted first.
const CAREFUL: usize = 64;
/// A delivery whose handling was begun this often and never ended goes to the dead letters.
const ATTEMPTS: u32 = 3;
/// How often the loop looks from the start for what came back to life: a dead letter handed out again lies below
/// the place up to which everything was loaded, and an effect whose pause a dead process had set is in no memory.
const SWEEP: Duration = Duration::from_secs(1);
/// How long a refused claim or timer waits before it is asked for again.
const REST: Duration = Duration::from_secs(1);
/// How long the loop waits for steps under way when it is told to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the runtime ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The store can't be trusted any more; the process must start again.
    #[error("the runtime stopped: {0}")]
    Store(#[from] StoreError),
}

/// Agents, tools and store of one process.
pub struct Runtime {
    store: Arc<dyn Store>,
    crew: HashMap<&'static str, Member>,
    hands: Hands,
    secrets: SecretRegistry,
}

type LaneKey = (String, String);

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Waiting>,
    busy: bool,
    failures: u32,
}

enum Signal {
    Stepped(LaneKey, Box<Waiting>, Result<Committed, StepError>),
    Worked(Box<Worked>),
    Rested(LaneKey),
}

struct Loop<'a> {
    runtime: &'a Runtime,
    settings: Arc<BTreeMap<String, Value>>,
    lanes: HashMap<LaneKey, Lane>,
    ready: VecDeque<LaneKey>,
    queued: usize,
    stepping: usize,
    after: DeliveryId,
    all_loaded: bool,
    changed_since_sweep: bool,
    deliveries_in_hand: HashSet<DeliveryId>,
    timers_in_hand: HashSet<String>,
    next_timer: Option<Timestamp>,
    next_claim: Option<Timestamp>,
    working: HashMap<String, CancellationToken>,
    tasks: JoinSet<Signal>,
}

impl Runtime {
    /// A runtime over a store.
    pub fn new(
        store: Arc<dyn Store>,
        crew: impl IntoIterator<Item = Member>,
        hands: Hands,
        secrets: SecretRegistry,
    ) -> Self {
        let crew = crew.into_iter().map(|member| (member.name, member)).collect();
        Self { store, crew, hands, secrets }
    }

    /// Runs until `stop` is cancelled, then ends the steps under way; effects under way are ended and will be
    /// taken up again by the next process.
    ///
    /// # Errors
    /// When the store stopped: everything accepted is safe, and only a new process can go on.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), RuntimeError> {
        let mut this = Loop {
            runtime: self,
            settings: Arc::default(),
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            queued: 0,
            stepping: 0,
            after: 0,
            all_loaded: false,
            changed_since_sweep: false,
            deliveries_in_hand: HashSet::new(),
            timers_in_hand: HashSet::new(),
            next_timer: Some(Timestamp(0)),
            next_claim: Some(Timestamp(0)),
            working: HashMap::new(),
            tasks: JoinSet::new(),
        };
        this.load_settings().await?;
        this.carefully().await?;
        let ended = this.turn(&stop).await;
        this.wind_down().await;
        ended
    }
}

impl Loop<'_> {
    async fn turn(&mut self, stop: &CancellationToken) -> Result<(), RuntimeError> {
        let mut changes = self.runtime.store.changes();
        let mut renew = tokio::time::interval(Duration::from_secs(10));
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.load().await?;
            self.take_timers().await?;
            self.take_claims().await?;
            self.start_steps();
            let until = self.next_due().await?;
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    if let Ok(signal) = done {
                        self.heard(signal).await?;
                    }
                }
                changed = changes.changed() => {
                    if changed.is_err() {
                        return Err(StoreError::Stopped("its writer ended".to_owned()).into());
                    }
                    self.all_loaded = false;
                    self.changed_since_sweep = true;
                }
                () = tokio::time::sleep_until(until) => {}
                _ = sweep.tick() => self.sweep(),
                _ = renew.tick() => {
                    if !self.working.is_empty() {
                        self.runtime.store.renew().await?;
                    }
                }
            }
        }
    }

    fn sweep(&mut self) {
        self.next_claim = Some(Timestamp(0));
        if std::mem::take(&mut self.changed_since_sweep) {
            (self.after, self.all_loaded) = (0, false);
        }
    }

    /// What was pending when the last process ended is handled one by one, its attempt counted first: an event
    /// that kills the process is found and set aside instead of killing every process after it.
    async fn carefully(&mut self) -> Result<(), RuntimeError> {
        for delivery in self.runtime.store.pending(0, CAREFUL).await? {
            let id = delivery.id;
            let Some(member) = self.runtime.crew.get(delivery.agent.as_str()).copied() else { continue };
            let key = (delivery.agent.clone(), delivery.event.partitionkey.clone());
            if self.lanes.contains_key(&key) {
                // One before it waits for the disk; it must not be overtaken.
                self.enqueue(Waiting::Delivery(delivery));
                continue;
            }
            let attempts = match self.runtime.store.attempt(id, None).await {
                Ok(attempts) => attempts,
                Err(error) => {
                    self.may_heal(error).await?;
                    return Ok(());
                }
            };
            let waiting = Waiting::Delivery(delivery);
            self.deliveries_in_hand.insert(id);
            self.stepping += 1;
            if attempts > ATTEMPTS {
                let reason = format!("the process ended {ATTEMPTS} times while handling it");
                self.stepping -= 1;
                self.set_aside(key, waiting, &reason).await?;
                continue;
            }
            let runtime = self.runtime;
            let result = step(&runtime.store, &member, &self.settings, &runtime.secrets, &waiting).await;
            self.stepped(key, waiting, result).await?;
        }
        Ok(())
    }

    /// When to try again after an error that may pass, such as a full disk.
    ///
    /// # Errors
    /// When it can't: the store stopped.
    async fn may_heal(&self, error: StoreError) -> Result<Timestamp, RuntimeError> {
        if matches!(error, StoreError::Stopped(_)) {
            return Err(error.into());
        }
        tracing::warn!(%error, rest = ?REST, "the store refused; tried again");
        let now = self.runtime.store.now().await?;
        Ok(now.plus_millis(i64::try_from(REST.as_millis()).unwrap_or(i64::MAX)))
    }

    async fn load_settings(&mut self) -> Result<(), RuntimeError> {
        self.settings = Arc::new(self.runtime.store.settings("").await?.into_iter().collect());
        Ok(())
    }

    async fn load(&mut self) -> Result<(), RuntimeError> {
        while !self.all_loaded && self.queued < QUEUED_AT_MOST {
            let loaded = self.runtime.store.pending(self.after, QUEUED_AT_MOST / 2).await?;
            self.all_loaded = loaded.len() < QUEUED_AT_MOST / 2;
            for delivery in loaded {
                self.after = delivery.id;
                self.enqueue(Waiting::Delivery(delivery));
            }
        }
        Ok(())
    }

    async fn take_timers(&mut self) -> Result<(), RuntimeError> {
        let Some(next) = self.next_timer else { return Ok(()) };
        if next > self.runtime.store.now().await? {
            return Ok(());
        }
        let (due, next) = match self.runtime.store.due_timers(CLAIM_AT_ONCE).await {
            Ok(taken) => taken,
            Err(error) => {
                self.next_timer = Some(self.may_heal(error).await?);
                return Ok(());
            }
        };
        self.next_timer = next;
        for timer in due {
            if self.timers_in_hand.insert(timer.timer.id.clone()) {
                self.enqueue(Waiting::Timer(timer));
            }
        }
        Ok(())
    }

    async fn take_claims(&mut self) -> Result<(), RuntimeError> {
        let Some(next) = self.next_claim else { return Ok(()) };
        if self.working.len() >= CLAIM_AT_ONCE || next > self.runtime.store.now().await? {
            return Ok(());
        }
        let claimed = match self.runtime.store.claim(&self.runtime.hands.names(), CLAIM_AT_ONCE).await {
            Ok(claimed) => claimed,
            Err(error) => {
                self.next_claim = Some(self.may_heal(error).await?);
                return Ok(());
            }
        };
        self.next_claim = (claimed.len() == CLAIM_AT_ONCE).then_some(next);
        for claimed in claimed {
            self.start_work(claimed);
        }
        Ok(())
    }

    async fn next_due(&self) -> Result<Instant, RuntimeError> {
        let far = Instant::now() + Duration::from_secs(3600);
        let waits_for_room = self.working.len() >= CLAIM_AT_ONCE;
        let due = [self.next_timer, self.next_claim.filter(|_| !waits_for_room)];
        let Some(next) = due.into_iter().flatten().min() else { return Ok(far) };
        let millis = next.0.saturating_sub(self.runtime.store.now().await?.0).max(0);
        Ok(far.min(Instant::now() + Duration::from_millis(millis.unsigned_abs())))
    }

    fn enqueue(&mut self, waiting: Waiting) {
        if !self.runtime.crew.contains_key(waiting.agent()) {
            // Another build's agent: its input stays in the store for a process that has it.
            self.forget(&waiting);
            return;
        }
        if let Waiting::Delivery(delivery) = &waiting
            && !self.deliveries_in_hand.insert(delivery.id)
        {
            return;
        }
        let key = (waiting.agent().to_owned(), waiting.lane().to_owned());
        let lane = self.lanes.entry(key.clone()).or_default();
        lane.waiting.push_back(waiting);
        self.queued += 1;
        if !lane.busy && lane.waiting.len() == 1 {
            self.ready.push_back(key);
        }
    }

    fn start_steps(&mut self) {
        while self.stepping < STEPS_AT_ONCE
            && let Some(key) = self.ready.pop_front()
        {
            let Some(lane) = self.lanes.get_mut(&key) else { continue };
            if lane.busy {
                continue;
            }
            let Some(waiting) = lane.waiting.pop_front() else { continue };
            self.queued -= 1;
            let Some(member) = self.runtime.crew.get(waiting.agent()).copied() else { continue };
            lane.busy = true;
            self.stepping += 1;
            let (store, secrets) = (self.runtime.store.clone(), self.runtime.secrets.clone());
            let settings = self.settings.clone();
            self.tasks.spawn(async move {
                let result = step(&store, &member, &settings, &secrets, &waiting).await;
                Signal::Stepped(key, Box::new(waiting), result)
            });
        }
    }

    fn start_work(&mut self, claimed: Claimed) {
        let cancel = CancellationToken::new();
        self.working.insert(claimed.intent.id.clone(), cancel.clone());
        let runtime = self.runtime;
        let (store, hands, secrets) = (runtime.store.clone(), runtime.hands.clone(), runtime.secrets.clone());
        self.tasks.spawn(async move {
            Signal::Worked(Box::new(work(store, hands, secrets, claimed, cancel).await))
        });
    }

    async fn heard(&mut self, signal: Signal) -> Result<(), RuntimeError> {
        match signal {
            Signal::Stepped(key, waiting, result) => self.stepped(key, *waiting, result).await,
            Signal::Worked(worked) => self.worked(*worked).await,
            Signal::Rested(key) => {
                self.release(key);
                Ok(())
            }
        }
    }

    async fn stepped(
        &mut self,
        key: LaneKey,
        waiting: Waiting,
        result: Result<Committed, StepError>,
    ) -> Result<(), RuntimeError> {
        self.stepping -= 1;
        match result {
            Ok(committed) => {
                self.forget(&waiting);
                if let Some(lane) = self.lanes.get_mut(&key) {
                    lane.failures = 0;
                }
                for id in &committed.cancelled {
                    if let Some(cancel) = self.working.remove(id) {
                        cancel.cancel();
                    }
                }
                for claimed in committed.claimed {
                    self.start_work(claimed);
                }
                self.next_timer = match (self.next_timer, committed.earliest_timer) {
                    (Some(before), Some(new)) => Some(before.min(new)),
                    (before, new) => before.or(new),
                };
                if committed.settings_changed {
                    self.load_settings().await?;
                }
                self.release(key);
            }
            Err(StepError::Handle(error)) => self.set_aside(key, waiting, &error.to_string()).await?,
            // The same step would be too large the next time as well.
            Err(StepError::Store(error @ StoreError::TooLarge { .. })) => {
                self.set_aside(key, waiting, &error.to_string()).await?;
            }
            Err(StepError::Store(error)) => self.refused(key, waiting, error)?,
        }
        Ok(())
    }

    /// The store did not take a step, or the burial of its input.
    fn refused(&mut self, key: LaneKey, waiting: Waiting, error: StoreError) -> Result<(), RuntimeError> {
        match error {
            StoreError::AlreadyHandled { .. } | StoreError::Fenced(_) | StoreError::Missing { .. } => {
                self.forget(&waiting);
                self.release(key);
            }
            StoreError::Conflict { .. } => {
                self.put_first(&key, waiting);
                self.release(key);
            }
            StoreError::Stopped(_) => return Err(error.into()),
            // The disk may have room again later; until then the lane waits, and nothing is lost.
            error => self.rest(key, waiting, &error),
        }
        Ok(())
    }

    fn rest(&mut self, key: LaneKey, waiting: Waiting, error: &StoreError) {
        self.put_first(&key, waiting);
        let failures = self.lanes.get_mut(&key).map_or(0, |lane| {
            lane.busy = true;
            lane.failures += 1;
            lane.failures
        });
        let rest = pause(failures, Some(Duration::from_millis(100)));
        tracing::warn!(agent = key.0, lane = key.1, %error, ?rest, "step not committed; tried again");
        self.tasks.spawn(async move {
            tokio::time::sleep(rest).await;
            Signal::Rested(key)
        });
    }

    /// Moves an input that can't be handled to the dead letters, and lets its lane go on.
    async fn set_aside(&mut self, key: LaneKey, waiting: Waiting, reason: &str) -> Result<(), RuntimeError> {
        tracing::error!(agent = key.0, lane = key.1, input = waiting.label(), reason, "set aside");
        match self.bury(&waiting, reason).await {
            Ok(()) => {
                self.forget(&waiting);
                self.release(key);
                Ok(())
            }
            Err(error) => self.refused(key, waiting, error),
        }
    }

    async fn worked(&mut self, worked: Worked) -> Result<(), RuntimeError> {
        match worked {
            Worked::Answered { claimed, outcome, unknown } => {
                let at = self.runtime.store.now().await?;
                self.enqueue(Waiting::Answer { claimed, outcome, unknown, at });
            }
            Worked::PutBack(intent, due) => {
                self.working.remove(&intent);
                self.next_claim = Some(self.next_claim.map_or(due, |before| before.min(due)));
            }
            Worked::Nothing(intent) => drop(self.working.remove(&intent)),
            Worked::Store(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn forget(&mut self, waiting: &Waiting) {
        match waiting {
            Waiting::Delivery(delivery) => drop(self.deliveries_in_hand.remove(&delivery.id)),
            Waiting::Answer { claimed, .. } => drop(self.working.remove(&claimed.intent.id)),
            Waiting::Timer(due) => drop(self.timers_in_hand.remove(&due.timer.id)),
        }
    }

    fn put_first(&mut self, key: &LaneKey, waiting: Waiting) {
        self.lanes.entry(key.clone()).or_default().waiting.push_front(waiting);
        self.queued += 1;
    }

    fn release(&mut self, key: LaneKey) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        lane.busy = false;
        if lane.waiting.is_empty() {
            self.lanes.remove(&key);
        } else {
            self.ready.push_back(key);
        }
    }

    async fn bury(&self, waiting: &Waiting, reason: &str) -> Result<(), StoreError> {
        let store = &self.runtime.store;
        match waiting {
            Waiting::Delivery(delivery) => {
                store.bury(Some(delivery.id), None, reason).await?;
            }
            Waiting::Answer { claimed, .. } => {
                let intent = (claimed.intent.id.clone(), claimed.fence);
                store.bury(None, Some(intent), reason).await?;
            }
            Waiting::Timer(due) => {
                // A timer has no letter to bury: it is removed, and the log above is its trace.
                let timer = &due.timer;
                let (version, state) = store.state(&timer.agent, &timer.key).await?.unzip();
                let input = Input::Timer(timer.id.clone());
                let step = Step::only(&timer.agent, &timer.key, input, version.unwrap_or(0), state);
                store.commit(step).await?;
            }
        }
        Ok(())
    }

    /// Ends the effects under way and waits a little for the steps.
    async fn wind_down(&mut self) {
        for cancel in self.working.values() {
            cancel.cancel();
        }
        let deadline = Instant::now() + PATIENCE;
        while let Ok(Some(_)) = tokio::time::timeout_at(deadline, self.tasks.join_next()).await {}
        self.tasks.shutdown().await;
    }
}
