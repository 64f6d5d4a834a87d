//! x
use std::process::ExitCode;
/// x
pub async fn bench(_n: Option<&str>, _j: bool) -> anyhow::Result<ExitCode> { anyhow::bail!("x") }
