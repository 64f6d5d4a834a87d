//! Keeps shims alive: a shim that is gone is started again, with the service as it should be.
//!
//! After a reboot that is how the last good versions come back.

use super::machine::Machine;
use super::target::{Service, stop};
use super::target_files::ServiceFolder;
use crate::runtime::ToolError;
use orchestra_shim::{ShimClient, ShimError};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often shims are looked after.
const PACE: Duration = Duration::from_secs(5);

/// Looks after every shim until it is told to stop.
pub async fn keep_alive(machine: Arc<Machine>, stop: CancellationToken) {
    loop {
        for folder in ServiceFolder::all(&machine.dir) {
            if let Err(error) = revive(&machine, &folder).await {
                tracing::warn!(folder = %folder.0.display(), %error, "a service could not be brought back");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PACE) => {}
        }
    }
}

async fn revive(machine: &Arc<Machine>, folder: &ServiceFolder) -> Result<(), ToolError> {
    let wanted = folder.wanted().map_err(|error| ToolError::GiveUp(error.to_string()))?;
    let Some(mut wanted) = wanted.filter(|wanted| !wanted.stopped && !wanted.versions.is_empty()) else {
        return Ok(());
    };
    match ShimClient::connect(&folder.0).await {
        Err(ShimError::Absent { .. }) => {}
        Ok(_) | Err(_) => return Ok(()),
    }
    let Some((_, kept)) =
        wanted.versions.keys().find_map(|version| Some((version, folder.kept(version).ok()??)))
    else {
        return Ok(());
    };
    // What a rollout had begun is not begun again by itself: the last good version alone comes back.
    if let Some(good) = wanted.last_good.clone().filter(|good| wanted.versions.contains_key(good)) {
        wanted.versions.retain(|version, _| *version == good);
        wanted.weights = [(good, 100)].into();
    }
    let name = (kept.service.environment.clone(), kept.service.name.clone());
    tracing::info!(service = name.1, environment = name.0, "its shim is gone; the service is started again");
    let mut service = Service::open(machine, &name)?;
    service.want(wanted);
    service.apply().await.map(drop)
}

/// Stops every service of the data folder; they stay stopped until they are deployed again. Returns their names
/// as `environment/service`.
///
/// # Errors
/// The first shim that could not be stopped.
pub async fn stop_all(machine: &Arc<Machine>, drain_seconds: Option<u64>) -> Result<Vec<String>, ToolError> {
    let mut stopped = Vec::new();
    for folder in ServiceFolder::all(&machine.dir) {
        let wanted = folder.wanted().map_err(|error| ToolError::GiveUp(error.to_string()))?;
        let Some(mut wanted) = wanted.filter(|wanted| !wanted.stopped) else { continue };
        wanted.stopped = true;
        folder.want(&wanted).map_err(|error| ToolError::GiveUp(error.to_string()))?;
        stop(&folder, drain_seconds).await?;
        let parts: Vec<String> = folder
            .0
            .components()
            .rev()
            .take(2)
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        stopped.push(parts.into_iter().rev().collect::<Vec<_>>().join("/"));
    }
    Ok(stopped)
}
