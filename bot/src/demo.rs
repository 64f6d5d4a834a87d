//! demo
use std::path::Path; use std::process::ExitCode;
/// x
pub async fn demo(_d: Option<&Path>, _j: bool) -> anyhow::Result<ExitCode> { anyhow::bail!("x") }
