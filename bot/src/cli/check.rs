//! `orchestra check`.

use super::print;
use anyhow::Context as _;
use orchestra_events::file::{self, PipelineFile};
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

/// How many bytes of a file are read: more than any that passes.
const BYTES: u64 = 2 << 20;

/// Says every mistake of a file, or prints the schema.
///
/// # Errors
/// When the file can't be read.
pub fn check(path: Option<&Path>, schema: bool, json: bool) -> anyhow::Result<ExitCode> {
    if schema {
        print::line(&serde_json::to_string_pretty(&PipelineFile::schema())?);
        return Ok(ExitCode::SUCCESS);
    }
    let path = path.context("name a file to check")?;
    let file = std::fs::File::open(path).with_context(|| format!("`{}` can't be opened", path.display()))?;
    let mut bytes = Vec::new();
    file.take(BYTES)
        .read_to_end(&mut bytes)
        .with_context(|| format!("`{}` can't be read", path.display()))?;
    let text =
        String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("`{}` is not UTF-8 text", path.display()))?;
    let checked = file::check(&text);
    if json {
        print::json(&checked.to_json());
    } else if checked.findings.is_empty() {
        print::line(&format!("{}: good", path.display()));
    } else {
        print::line(file::render(&checked.findings, &path.display().to_string()).trim_end());
    }
    Ok(if checked.ok() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
