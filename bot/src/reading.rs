//! What can be read without asking any agent: services, runs, logs.

use crate::command::{Names, Refusal};
use crate::inbound::InboundError;
use crate::message::status::{self, ServiceLine};
use crate::message::{Message, logs};
use crate::telling::card;
use orchestra_agents::tools::perform::target_files::ServiceFolder;
use orchestra_agents::tools::secret::SecretRegistry;
use orchestra_bus::{RunRow, Store};
use orchestra_events::pipeline::version_of;
use orchestra_events::{Digest, PipelineState, RunId};
use orchestra_shim::{ShimClient, VersionState};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// How many runs are looked through for a version.
const RUNS: usize = 200;
/// How many lines of a log are shown.
const LINES: usize = 40;

/// A live service.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ServiceRow {
    /// Its environment.
    pub environment: String,
    /// Its name.
    pub service: String,
    /// The live version.
    pub version: String,
    /// Its lane.
    pub lane: String,
    /// The run that put it live.
    pub run: Option<RunId>,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
    /// Who pushed it.
    pub by: String,
}

/// Reads.
#[derive(Clone)]
pub struct Reading {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The data folder.
    pub dir: PathBuf,
    /// Values that are masked.
    pub secrets: SecretRegistry,
    /// What confines builds here, in words.
    pub confinement: String,
}

impl Reading {
    /// Every service that is live.
    ///
    /// # Errors
    /// The store's.
    pub async fn services(&self) -> Result<Vec<ServiceRow>, InboundError> {
        let rows = self.store.settings("service/").await?;
        Ok(rows.into_iter().filter_map(|(_, value)| serde_json::from_value(value).ok()).collect())
    }

    /// The open run that changes a service, if one does.
    ///
    /// # Errors
    /// The store's.
    pub async fn rolling(&self, service: &str) -> Result<Option<RunRow>, InboundError> {
        let open = self.store.runs(true, RUNS).await?;
        let changes = |row: &RunRow| {
            let named = row.state.repo_context.config.as_ref();
            row.state.deployment.services.contains_key(service)
                || named.is_some_and(|config| {
                    config.deployment.services.iter().any(|named| named.name == service)
                })
        };
        // The one that rolls out goes before those that wait behind it.
        let mut found: Vec<RunRow> = open.into_iter().filter(changes).collect();
        found.sort_by_key(|row| {
            (!row.state.deployment.services.contains_key(service), std::cmp::Reverse(row.id))
        });
        Ok(found.into_iter().next())
    }

    /// The artefact of a service's version, with the state of the run that built it; without a version the one
    /// that was live before the live one.
    ///
    /// # Errors
    /// A refusal with the versions that are kept.
    pub async fn built(
        &self,
        row: &ServiceRow,
        version: Option<&str>,
    ) -> Result<(Digest, PipelineState), InboundError> {
        let runs = self.store.runs(false, RUNS).await?;
        let built: Vec<(String, Digest, PipelineState)> = runs
            .into_iter()
            .filter(|run| run.lane == row.lane)
            .filter_map(|run| {
                let artefact = run.state.build_result.as_ref()?.artefact.clone()?;
                let version = version_of(run.state.repo_context.commit_id.as_deref()?);
                Some((version, artefact, run.state))
            })
            .collect();
        let mut versions: Vec<String> = built.iter().map(|(version, _, _)| version.clone()).collect();
        versions.dedup();
        let wanted = version.unwrap_or(&row.version).trim_start_matches('v').to_owned();
        match built
            .into_iter()
            .find(|(version, _, _)| *version == wanted || wanted.starts_with(version.as_str()))
        {
            Some((_, artefact, state)) => Ok((artefact, state)),
            None => {
                let kept = if versions.is_empty() {
                    "none is kept".to_owned()
                } else {
                    format!("kept are {}", versions.join(", "))
                };
                Err(Refusal::new(format!("{} has no version {wanted}", row.service), kept).into())
            }
        }
    }

    /// What runs where, or how one service or run stands.
    ///
    /// # Errors
    /// A refusal with what there is, or the store's failure.
    pub async fn status(&self, service: Option<&str>, run: Option<&str>) -> Result<Message, InboundError> {
        if let Some(run) = run
            && let Ok(id) = run.parse::<RunId>()
        {
            let Some(row) = self.store.run(id).await? else {
                return Ok(status::unknown(run, &self.names().await?.runs));
            };
            return Ok(card::card(id, &row.state));
        }
        let mut lines = Vec::new();
        for row in self.services().await? {
            lines.push((self.line(&row).await?, row));
        }
        let Some(service) = service else {
            let lines: Vec<ServiceLine> = lines.into_iter().map(|(line, _)| line).collect();
            return Ok(status::all(&lines, &self.confinement));
        };
        let Some((line, row)) = lines.iter().find(|(_, row)| row.service == service) else {
            let known: Vec<String> = lines.iter().map(|(_, row)| row.service.clone()).collect();
            return Ok(status::unknown(service, &known));
        };
        let more = [
            ("since".to_owned(), orchestra_events::Timestamp(row.since).rfc3339()),
            ("by".to_owned(), row.by.clone()),
            ("run".to_owned(), row.run.map(|run| run.to_string()).unwrap_or_default()),
        ];
        Ok(status::one(line, &more))
    }

    async fn line(&self, row: &ServiceRow) -> Result<ServiceLine, InboundError> {
        let folder = ServiceFolder::of(&self.dir, &row.environment, &row.service);
        let health = match ShimClient::connect(&folder.0).await {
            Err(_) => "stopped".to_owned(),
            Ok(client) => match client.status().await {
                Err(_) => "no data".to_owned(),
                Ok(status) => match status.versions.get(&row.version) {
                    None => "not running".to_owned(),
                    Some(version)
                        if version.state == VersionState::Ready && version.ready == version.replicas =>
                    {
                        "healthy".to_owned()
                    }
                    Some(version) => format!("{} of {} healthy", version.ready, version.replicas),
                },
            },
        };
        let under_way = match self.rolling(&row.service).await? {
            Some(run) => format!(
                "{} {}",
                run.id,
                version_of(run.state.repo_context.commit_id.as_deref().unwrap_or_default())
            ),
            None => String::new(),
        };
        Ok(ServiceLine {
            service: row.service.clone(),
            environment: row.environment.clone(),
            live: row.version.clone(),
            health,
            under_way,
        })
    }

    /// The last lines that a version of a service wrote, masked.
    ///
    /// # Errors
    /// The store's.
    pub async fn logs(&self, service: &str, version: Option<&str>) -> Result<Message, InboundError> {
        let rows = self.services().await?;
        let row = rows.iter().find(|row| row.service == service);
        // A first version that failed is live nowhere, and its log is what people want.
        let folder = match row {
            Some(row) => Some(ServiceFolder::of(&self.dir, &row.environment, service)),
            None => ServiceFolder::all(&self.dir).into_iter().find(|folder| folder.0.ends_with(service)),
        };
        let live = row.map(|row| row.version.clone());
        let Some(folder) = folder else {
            return Ok(logs::none(service, version, "nothing of that name was ever started here"));
        };
        let Some(version) = version.map(str::to_owned).or(live) else {
            return Ok(logs::none(service, version, "no version is live; name one"));
        };
        let read = match ShimClient::connect(&folder.0).await {
            Ok(client) => client.logs(&version, LINES).await.map_err(|error| error.to_string()),
            // The shim is gone, and what it wrote is still there.
            Err(_) => orchestra_shim::logs::tail(&folder.0.join("logs"), &version, LINES)
                .map(Option::unwrap_or_default)
                .map_err(|error| error.to_string()),
        };
        Ok(match read {
            Ok(lines) if lines.is_empty() => logs::none(service, Some(&version), "it wrote nothing"),
            Ok(lines) => logs::lines(service, &version, &self.secrets.mask(&lines.join("\n"))),
            Err(error) => logs::none(service, Some(&version), &error),
        })
    }

    /// Every name that can be meant.
    ///
    /// # Errors
    /// The store's.
    pub async fn names(&self) -> Result<Names, InboundError> {
        let services = self.services().await?;
        let runs = self.store.runs(false, 50).await?;
        let open = self.store.runs(true, 50).await?;
        let mut names = Names {
            services: services.iter().map(|row| row.service.clone()).collect(),
            environments: services.iter().map(|row| row.environment.clone()).collect(),
            runs: runs.iter().map(|row| row.id.to_string()).collect(),
            ..Names::default()
        };
        for row in &open {
            let config = row.state.repo_context.config.as_ref();
            let named = config.into_iter().flat_map(|config| &config.deployment.services);
            names.services.extend(named.map(|service| service.name.clone()));
            names.environments.push(row.state.repo_context.environment.clone());
        }
        names.environments.push("production".to_owned());
        names.environments.retain(|name| !name.is_empty());
        let commits = runs.iter().filter_map(|row| row.state.repo_context.commit_id.as_deref());
        names.versions = commits.map(version_of).collect();
        names.incidents =
            runs.iter().filter_map(|row| Some(row.state.incident.as_ref()?.id.clone())).collect();
        names.approvals =
            open.iter().filter_map(|row| Some(row.state.approval.as_ref()?.id.clone())).collect();
        for list in [&mut names.services, &mut names.environments, &mut names.versions] {
            list.sort();
            list.dedup();
        }
        Ok(names)
    }
}
