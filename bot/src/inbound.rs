//! What people say: understood, permitted, addressed, made durable. The answer comes back at once; what follows
//! is told in the thread.

use crate::command::{Names, Refusal};
use crate::intent::{Awaits, Heard, Known, ThreadAbout, Understood, understand};
use crate::message::{Message, Tone, answers, help};
use crate::policy::{Act, Person, may};
use crate::reading::{Reading, ServiceRow};
use orchestra_agents::gitops;
use orchestra_bus::{Accepted, Store, StoreError};
use orchestra_events::people::CommandGiven;
use orchestra_events::pipeline::{CodePush, Hold, Kept, PushRequested};
use orchestra_events::{Command, Envelope, Event, EventId, RunId};
use std::sync::Arc;

/// Why a person's word led to nothing.
#[derive(Debug, thiserror::Error)]
pub enum InboundError {
    /// The person's mistake.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The way in.
#[derive(Clone)]
pub struct Inbound {
    store: Arc<dyn Store>,
    reading: Reading,
}

impl Inbound {
    /// A way in over a store.
    pub fn new(store: Arc<dyn Store>, reading: Reading) -> Self {
        Self { store, reading }
    }

    /// Takes a sentence from a chat. `id` is the platform's, for deduplication.
    pub async fn hear(
        &self,
        person: &Person,
        id: &str,
        thread: Option<&str>,
        mention: bool,
        text: &str,
    ) -> Option<Message> {
        let answered = self.heard(person, id, thread, mention, text).await;
        answered.unwrap_or_else(|error| {
            Some(match error {
                InboundError::Refused(refusal) => answers::refused(&refusal),
                InboundError::Store(error) => {
                    tracing::error!(%error, "what was said could not be followed");
                    answers::broke(&format!("that ({error})"))
                }
            })
        })
    }

    async fn heard(
        &self,
        person: &Person,
        id: &str,
        thread: Option<&str>,
        mention: bool,
        text: &str,
    ) -> Result<Option<Message>, InboundError> {
        let known = self.known().await?;
        let about = match thread {
            Some(thread) => self.about(thread).await?,
            None => None,
        };
        let heard = Heard { text: text.to_owned(), thread: about, mention };
        match understand(&heard, &known) {
            Understood::Chatter => Ok(None),
            Understood::Unclear { candidates, question } => {
                Ok(Some(answers::asks_back(&question, &candidates)))
            }
            Understood::Refusal(refusal) => Err(refusal.into()),
            Understood::Command(command) => self.follow(person, id, thread, command).await.map(Some),
        }
    }

    /// Follows a typed command.
    ///
    /// # Errors
    /// The person's mistake, or the store's failure.
    pub async fn follow(
        &self,
        person: &Person,
        id: &str,
        thread: Option<&str>,
        command: Command,
    ) -> Result<Message, InboundError> {
        let permitted = may(person, Act::Command(&command))?.name().to_owned();
        match command {
            Command::Help { topic } => Ok(help::topic(topic.as_deref())),
            Command::Status { service, run, .. } => {
                let run = run.or_else(|| thread.map(str::to_owned)).filter(|_| service.is_none());
                self.reading.status(service.as_deref(), run.as_deref()).await
            }
            Command::Logs { service, version } => self.reading.logs(&service, version.as_deref()).await,
            Command::Deploy { service, version, environment, strategy } => {
                let row = self.service(&service, environment.as_deref()).await?;
                self.deploy(person, id, &row, version.as_deref(), strategy).await
            }
            command => {
                let (lane, run, service) = self.address(&command, thread).await?;
                let said = format!("{} is asked for", command.name());
                let thread = thread.map_or_else(
                    || run.map_or_else(|| "general".to_owned(), |run| run.to_string()),
                    str::to_owned,
                );
                let given = CommandGiven { command, thread, service, permitted };
                let reason = format!("permitted as {}", given.permitted);
                self.accept(person, id, lane, run, given, &reason).await?;
                Ok(answers::accepted(&said))
            }
        }
    }

    /// Starts a run for a push.
    ///
    /// # Errors
    /// The person's mistake, or the store's failure.
    pub async fn push(
        &self,
        person: &Person,
        id: &str,
        location: &str,
        branch: Option<String>,
    ) -> Result<RunId, InboundError> {
        let permitted = may(person, Act::Push)?;
        let repo = repository_name(location);
        let run = self.store.next_run().await?;
        let push = PushRequested { repo: repo.clone(), location: location.to_owned(), branch };
        let reason = format!("permitted as {}", permitted.name());
        self.accept(person, id, repo, Some(run), push, &reason).await?;
        Ok(run)
    }

    /// Starts a run for a version that is kept: nothing is built anew.
    async fn deploy(
        &self,
        person: &Person,
        id: &str,
        row: &ServiceRow,
        version: Option<&str>,
        strategy: Option<String>,
    ) -> Result<Message, InboundError> {
        let (built, state) = self.reading.built(row, version).await?;
        let context = &state.repo_context;
        let (Some(commit_id), Some(code), Some(config)) =
            (context.commit_id.clone(), context.code.clone(), context.config.clone())
        else {
            return Err(Refusal::new("that version's source is not known any more", "push it again").into());
        };
        let start = state.build_result.as_ref();
        let kept = Kept {
            artefact: built,
            start: start.map(|built| built.start.clone()).unwrap_or_default(),
            search_paths: start.map(|built| built.search_paths.clone()).unwrap_or_default(),
            strategy,
        };
        let push = CodePush {
            repo: context.repo.clone(),
            branch: context.branch.clone(),
            commit_id,
            code,
            config,
            location: context.location.clone(),
            environment: context.environment.clone(),
            message: context.message.clone(),
            author: context.author.clone(),
            change: context.change.clone(),
            notes: vec![format!("kept from {}", state.run.map(|run| run.to_string()).unwrap_or_default())],
            kept: Some(kept),
        };
        let run = self.store.next_run().await?;
        let lane = gitops::lane(&push.repo, &push.environment);
        let said =
            format!("{run}: {} of {} goes out again from its kept artefact", context.version(), row.service);
        self.accept(person, id, lane, Some(run), push, "a kept version was asked for").await?;
        Ok(answers::accepted(&said))
    }

    async fn accept<E: Event>(
        &self,
        person: &Person,
        id: &str,
        lane: String,
        run: Option<RunId>,
        event: E,
        reason: &str,
    ) -> Result<(), InboundError> {
        let time = self.store.now().await?;
        let envelope = Envelope {
            specversion: "1.0".to_owned(),
            id: EventId(id.to_owned()),
            source: "/chat".to_owned(),
            kind: E::KIND.to_owned(),
            subject: run.map(|run| run.to_string()),
            time,
            datacontenttype: "application/json".to_owned(),
            partitionkey: lane.clone(),
            correlationid: run.map(|run| run.to_string()),
            causationid: None,
            traceparent: None,
            actor: person.actor.clone(),
            data: serde_json::to_value(event).map_err(|error| StoreError::Database(error.to_string()))?,
        };
        let act = orchestra_bus::Act {
            chain: lane,
            actor: person.actor.0.clone(),
            act: E::KIND.to_owned(),
            reason: reason.to_owned(),
            cause: envelope.id.clone(),
            run,
        };
        let accepted = self.store.accept(vec![envelope], vec![act]).await?;
        tracing::info!(
            actor = person.actor.0,
            kind = E::KIND,
            run = run.map(|run| run.to_string()),
            duplicate = accepted.first() == Some(&Accepted::Duplicate),
            "accepted"
        );
        Ok(())
    }

    /// Where a command goes: lane, run, service.
    async fn address(
        &self,
        command: &Command,
        thread: Option<&str>,
    ) -> Result<(String, Option<RunId>, Option<String>), InboundError> {
        let (service, environment) = match command {
            Command::Freeze { .. } | Command::Unfreeze { .. } => {
                return Ok(("freezes".to_owned(), None, None));
            }
            Command::Rollback { service, environment, .. } => (service.clone(), environment.clone()),
            Command::Promote { service }
            | Command::Abort { service }
            | Command::Pause { service }
            | Command::Resume { service } => (service.clone(), None),
            Command::Approve { id } | Command::Deny { id, .. } => {
                let id = id.as_deref().map(|id| id.trim_start_matches("APR-").to_owned());
                if let Some(run) = id.and_then(|number| number.parse::<RunId>().ok()) {
                    return self.lane_of(run).await;
                }
                (None, None)
            }
            Command::Help { .. } | Command::Status { .. } | Command::Logs { .. } | Command::Deploy { .. } => {
                (None, None)
            }
        };
        if let Some(service) = service {
            if let Some(run) = self.reading.rolling(&service).await? {
                return Ok((run.lane, Some(run.id), Some(service)));
            }
            let row = self.service(&service, environment.as_deref()).await?;
            return Ok((row.lane, row.run, Some(service)));
        }
        if let Some(run) = thread.and_then(|thread| thread.parse::<RunId>().ok()) {
            return self.lane_of(run).await;
        }
        let open = self.store.runs(true, 10).await?;
        match open.as_slice() {
            [run] => self.lane_of(run.id).await,
            [] => Err(Refusal::new("no run is open", "name a service, or type `status`").into()),
            runs => {
                let names: Vec<String> = runs.iter().map(|run| run.id.to_string()).collect();
                Err(Refusal::new(
                    "which run do you mean",
                    format!("say it in the thread of one of {}, or name a service", names.join(", ")),
                )
                .into())
            }
        }
    }

    async fn lane_of(&self, run: RunId) -> Result<(String, Option<RunId>, Option<String>), InboundError> {
        let Some(row) = self.store.run(run).await? else {
            return Err(
                Refusal::new(format!("there is no {run}"), "type `status` to see what there is").into()
            );
        };
        let service = row.state.deployment.services.keys().next().cloned().or_else(|| {
            let config = row.state.repo_context.config.as_ref()?;
            Some(config.deployment.services.first()?.name.clone())
        });
        Ok((row.lane, Some(run), service))
    }

    async fn service(&self, name: &str, environment: Option<&str>) -> Result<ServiceRow, InboundError> {
        let rows = self.reading.services().await?;
        let fits = |row: &&ServiceRow| {
            row.service == name && environment.is_none_or(|wanted| wanted == row.environment)
        };
        let found: Vec<&ServiceRow> = rows.iter().filter(fits).collect();
        match found.as_slice() {
            [row] => Ok((*row).clone()),
            [] => {
                let there_is: Vec<String> =
                    rows.iter().map(|row| format!("{} in {}", row.service, row.environment)).collect();
                let instead = if there_is.is_empty() {
                    "push something first".to_owned()
                } else {
                    format!("there is {}", there_is.join(", "))
                };
                Err(Refusal::new(format!("nothing called {name} is live"), instead).into())
            }
            several => {
                let environments: Vec<String> = several.iter().map(|row| row.environment.clone()).collect();
                Err(Refusal::new(
                    format!("{name} is in several environments"),
                    format!("say which: {}", environments.join(", ")),
                )
                .into())
            }
        }
    }

    /// Every name that can be meant.
    async fn known(&self) -> Result<Known, InboundError> {
        let names = self.reading.names().await?;
        let runs = self.store.runs(false, 50).await?;
        let first = |row: &orchestra_bus::RunRow| {
            row.state.deployment.services.keys().next().cloned().unwrap_or_default()
        };
        Ok(Known {
            services: names.services,
            environments: names.environments,
            versions: names.versions,
            runs: runs.iter().map(|row| (row.id.to_string(), first(row))).collect(),
            people: Vec::new(),
            bot: vec!["orchestra".to_owned()],
        })
    }

    async fn about(&self, thread: &str) -> Result<Option<ThreadAbout>, InboundError> {
        let Ok(run) = thread.parse::<RunId>() else { return Ok(None) };
        let Some(row) = self.store.run(run).await? else { return Ok(None) };
        let (_, _, service) = self.lane_of(run).await?;
        let (approval, awaits) = match &row.state.deployment.hold {
            Some(Hold::Approval(id)) => (Some(id.clone()), Some(Awaits::Approval)),
            Some(Hold::Inconclusive(_) | Hold::Step | Hold::Paused(_)) => (None, Some(Awaits::Promotion)),
            _ => (None, None),
        };
        Ok(Some(ThreadAbout { run: Some(run.to_string()), incident: None, approval, service, awaits }))
    }

    /// The names that completion offers.
    ///
    /// # Errors
    /// The store's.
    pub async fn names(&self) -> Result<Names, InboundError> {
        self.reading.names().await
    }
}

/// The message of a failure that a person caused or must hear of.
pub fn told(error: &InboundError) -> Message {
    match error {
        InboundError::Refused(refusal) => answers::refused(refusal),
        InboundError::Store(error) => Message::new(Tone::Bad, format!("that did not work: {error}")),
    }
}

/// The name of a repository: the last part of where it is, without `.git`.
pub fn repository_name(location: &str) -> String {
    let path = location.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let last = path.rsplit(['/', ':']).next().unwrap_or_default().trim_end_matches(".git");
    let plain: String = last
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' })
        .take(60)
        .collect();
    if plain.trim_matches(['.', '-']).is_empty() { "repository".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_called_by_the_last_part_of_where_it_is() {
        for (location, name) in [
            ("/srv/git/shop.git", "shop"),
            ("https://example.org/team/shop.git?x=1", "shop"),
            ("git@example.org:team/shop", "shop"),
            ("/srv/my shop/", "my-shop"),
            ("/", "repository"),
            ("..", "repository"),
        ] {
            assert_eq!(repository_name(location), name, "{location}");
        }
    }
}
