//! Subcommands that look, say one sentence, or stop services.

use super::asker::Asker;
use super::print;
use crate::desk::{Answer, Ask};
use crate::message::Message;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// `orchestra status`.
///
/// # Errors
/// When the folder can't be opened or the server goes away.
pub async fn status(dir: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let mut asker = Asker::open(dir).await?;
    let server = matches!(asker, Asker::Server(_));
    let Answer::Status(view) = asker.ask(Ask::Status).await? else {
        anyhow::bail!("the server answered something else");
    };
    if json {
        print::json(&json!({ "server": server.then_some(view.pid), "status": view }));
    } else {
        let said = asker.ask(Ask::Say { text: "status".to_owned(), thread: None }).await?;
        if let Answer::Said(Some(message)) = said {
            print::message(&message);
        }
        let server = if server { format!("running (pid {})", view.pid) } else { "not running".to_owned() };
        let counts = &view.counts;
        let words = Message::new(crate::message::Tone::Plain, format!("server: {server}")).fields([
            ("open runs", counts.open_runs.to_string()),
            ("events", counts.events.to_string()),
            ("waiting to be handled", counts.pending.to_string()),
            ("effects open", counts.open_intents.to_string()),
            ("effects of unknown outcome", counts.unknown_intents.to_string()),
            ("dead letters", counts.dead.to_string()),
        ]);
        print::message(&words);
    }
    asker.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// `orchestra say` and `orchestra logs`.
///
/// # Errors
/// When the folder can't be opened or the server goes away.
pub async fn say(dir: &Path, text: &str, thread: Option<String>, json: bool) -> anyhow::Result<ExitCode> {
    let mut asker = Asker::open(dir).await?;
    let answer = asker.ask(Ask::Say { text: text.to_owned(), thread }).await?;
    asker.close().await?;
    let Answer::Said(message) = answer else {
        if let Answer::Refused { what, instead } = answer {
            print::note(&format!("{what}; {instead}"));
        }
        return Ok(ExitCode::from(1));
    };
    match message {
        Some(message) if json => print::json(&message),
        Some(message) => print::message(&message),
        None => print::note("that was not understood as something to do; type `orchestra say help`"),
    }
    Ok(ExitCode::SUCCESS)
}

/// `orchestra down`.
///
/// # Errors
/// When the folder can't be opened or a service can't be stopped.
pub async fn down(dir: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let mut asker = Asker::open(dir).await?;
    let answer = asker.ask(Ask::Down).await?;
    asker.close().await?;
    match answer {
        Answer::Stopped(stopped) if json => print::json(&json!({ "stopped": stopped })),
        Answer::Stopped(stopped) if stopped.is_empty() => print::line("no service was running"),
        Answer::Stopped(stopped) => print::line(&format!("stopped: {}", stopped.join(", "))),
        Answer::Refused { what, instead } => {
            print::note(&format!("{what}; {instead}"));
            return Ok(ExitCode::from(1));
        }
        other => anyhow::bail!("the services could not be stopped: {other:?}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// `orchestra agents list`.
///
/// # Errors
/// None yet.
pub fn agents(json: bool) -> anyhow::Result<ExitCode> {
    for member in crate::app::crew() {
        if json {
            print::json(&json!({
                "agent": member.name,
                "does": member.summary.trim(),
                "subscribes": member.subscribes,
                "publishes": member.publishes,
                "uses": member.tools,
            }));
        } else {
            print::line(&format!("{:<16}{}", member.name, member.summary.trim()));
            let short = |kinds: &[&str]| {
                let names =
                    kinds.iter().map(|kind| kind.trim_start_matches("orchestra.").trim_end_matches(".v1"));
                names.collect::<Vec<_>>().join(" ")
            };
            print::line(&format!("{:<16}hears {}", "", short(member.subscribes)));
            print::line(&format!("{:<16}says  {}", "", short(member.publishes)));
            print::line(&format!("{:<16}uses  {}", "", member.tools.join(" ")));
        }
    }
    Ok(ExitCode::SUCCESS)
}
