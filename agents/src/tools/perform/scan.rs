//! Reads a kept source for what should not be in it.

use super::machine::{ARCHIVE, Machine, blocking, give_up, io_failure};
use crate::effects::{Scan, Scanned};
use crate::runtime::{Performs, ToolError, Work};
use crate::tools::{archive, scan};
use async_trait::async_trait;
use orchestra_events::pipeline::{CodeRef, Remark};
use std::sync::Arc;

/// Performs [`Scan`].
pub struct Reader(pub Arc<Machine>);

#[async_trait]
impl Performs<Scan> for Reader {
    async fn perform(&self, code: CodeRef, work: &Work) -> Result<Scanned, ToolError> {
        let scratch = self.0.scratch(&work.key).map_err(|error| io_failure("no room to read in", &error))?;
        let source = self.0.blobs.path(&code.digest).map_err(|error| ToolError::GiveUp(error.to_string()))?;
        blocking(move || {
            let tree = scratch.0.join("tree");
            archive::unpack(&source, &tree, ARCHIVE)
                .map_err(|error| give_up("the source can't be read", error))?;
            let found = scan::tree::scan_folder(&tree, scan::Limits::default())
                .map_err(|error| io_failure("the source can't be read", &error))?;
            let mut scanned = Scanned { errors: Vec::new(), warnings: Vec::new(), notes: Vec::new() };
            for finding in found.findings {
                let list = match finding.severity {
                    scan::Severity::Error => &mut scanned.errors,
                    scan::Severity::Warning => &mut scanned.warnings,
                    scan::Severity::Note => &mut scanned.notes,
                };
                list.push(Remark {
                    rule: finding.rule.to_owned(),
                    file: finding.file,
                    line: finding.line,
                    message: finding.message,
                });
            }
            if found.files == 0 {
                return Err(ToolError::GiveUp("the source holds no file that can be read".to_owned()));
            }
            Ok(scanned)
        })
        .await
    }
}
