//! Texts below the data folder, and timelines from the log.

use super::machine::{Machine, blocking, io_failure};
use crate::effects::{Note, ReadTimeline, TimelineLine, WriteNote, Written};
use crate::runtime::{Performs, ToolError, Work};
use crate::timeline;
use async_trait::async_trait;
use orchestra_events::{Digest, RunId};
use std::io::Write as _;
use std::sync::Arc;

/// How many lines a timeline has at most.
const LINES: usize = 400;

/// Performs [`WriteNote`].
pub struct Writer(pub Arc<Machine>);

#[async_trait]
impl Performs<WriteNote> for Writer {
    async fn perform(&self, note: Note, _: &Work) -> Result<Written, ToolError> {
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        if !note.file.split('/').all(plain) || note.file.contains('\\') {
            return Err(ToolError::GiveUp(format!("`{}` is not a file below the data folder", note.file)));
        }
        let text = self.0.secrets.mask(&note.text).into_owned();
        let (path, blobs) = (self.0.dir.join(&note.file), self.0.blobs.clone());
        blocking(move || {
            let failed = |error: std::io::Error| io_failure("the note can't be written", &error);
            let folder = path.parent().unwrap_or(&path);
            std::fs::create_dir_all(folder).map_err(failed)?;
            let unfinished = path.with_extension("part");
            let mut file = std::fs::File::create(&unfinished).map_err(failed)?;
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
            std::fs::rename(&unfinished, &path).map_err(failed)?;
            let digest = blobs.put(text.as_bytes()).map_err(|error| ToolError::GiveUp(error.to_string()))?;
            Ok(Written { digest: Digest(digest.0) })
        })
        .await
    }
}

/// Performs [`ReadTimeline`].
pub struct Historian(pub Arc<Machine>);

#[async_trait]
impl Performs<ReadTimeline> for Historian {
    async fn perform(&self, run: RunId, _: &Work) -> Result<Vec<TimelineLine>, ToolError> {
        let events = self
            .0
            .store
            .events_of(run)
            .await
            .map_err(|error| ToolError::Retry { reason: error.to_string(), after: None })?;
        let mut lines: Vec<TimelineLine> = events.iter().filter_map(timeline::line).collect();
        lines.truncate(LINES);
        Ok(lines)
    }
}
