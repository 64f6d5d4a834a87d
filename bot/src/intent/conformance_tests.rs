//! The recorded sentences: nothing that is talk or unclear is acted upon, and most orders are understood.
//!
//! Reads `intents.jsonl` in the folder that `ORCHESTRA_GOLDEN` names. Without it the test says so and
//! passes, unless `ORCHESTRA_REQUIRE` names `golden`. Lines that expect a command which does not exist here
//! are left out.

use super::*;
use crate::command::command_named;
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Line {
    id: String,
    text: String,
    context: Context,
    expect: serde_json::Value,
}

#[derive(Deserialize)]
struct Context {
    thread: Option<String>,
    mention: bool,
}

/// The world in which the sentences were said.
pub(super) fn world() -> Known {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Known {
        services: all(&[
            "checkout",
            "payments",
            "search-api",
            "web-frontend",
            "user-service",
            "image-resizer",
        ]),
        environments: all(&["production", "staging", "dev"]),
        versions: Vec::new(),
        runs: vec![("RUN-88".to_owned(), "payments".to_owned())],
        people: all(&["alice", "bob", "carol"]),
        bot: all(&["9001", "orchestra"]),
    }
}

/// The thread that a label such as `RUN-88 (service payments, production)` describes.
pub(super) fn thread(label: &str) -> ThreadAbout {
    let (id, about) = label.split_once(' ').unwrap_or((label, ""));
    let inside = about.trim_matches(['(', ')']);
    let service =
        inside.strip_prefix("service ").and_then(|rest| rest.split([',', ' ']).next()).map(str::to_owned);
    let own = |prefix: &str| id.starts_with(prefix).then(|| id.to_owned());
    let (run, incident, approval) = (own("RUN"), own("INC"), own("APR"));
    let awaits = approval.is_some().then_some(Awaits::Approval);
    ThreadAbout { run, incident, approval, service, awaits }
}

/// Without regard to case, outer quotes, closing punctuation and runs of spaces.
fn loose(value: &serde_json::Value) -> serde_json::Value {
    let text = |text: &str| {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        words.join(" ").trim_matches(['"', '.', '!', '?']).to_owned()
    };
    match value {
        serde_json::Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| match (key.as_str(), value) {
                ("reason" | "until" | "topic", serde_json::Value::String(words)) => {
                    (key.clone(), text(words).into())
                }
                _ => (key.clone(), value.clone()),
            })
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn recorded_sentences_are_understood() {
    // The folder of recordings is handed to the test run from outside; there is no other way to name it.
    #[allow(clippy::disallowed_methods)]
    let Ok(folder) = std::env::var("ORCHESTRA_GOLDEN") else {
        #[allow(clippy::disallowed_methods)]
        let required = std::env::var("ORCHESTRA_REQUIRE").unwrap_or_default();
        let required = required.split(',').any(|name| name.trim() == "golden");
        assert!(!required, "`golden` is required, and ORCHESTRA_GOLDEN names no folder of recordings");
        eprintln!("SKIPPED: ORCHESTRA_GOLDEN is not set, the recorded sentences were not read");
        return;
    };
    let lines = std::fs::read_to_string(std::path::Path::new(&folder).join("intents.jsonl")).unwrap();
    let (mut passed, mut total, mut harm) = (0, 0, Vec::new());
    for line in lines.lines() {
        let line: Line = serde_json::from_str(line).unwrap();
        let heard = Heard {
            text: line.text.clone(),
            thread: line.context.thread.as_deref().map(thread),
            mention: line.context.mention,
        };
        let understood = understand(&heard, &world());
        let expected = line.expect["command"].as_str();
        if expected.is_some_and(|name| command_named(name).is_none_or(|command| command.name() != name)) {
            if let Understood::Command(command) = &understood {
                harm.push(format!(
                    "{} {:?}: acted {command:?} on another command's words",
                    line.id, line.text
                ));
            }
            continue;
        }
        total += 1;
        let right = match (&understood, expected) {
            (Understood::Command(command), Some(name)) => {
                let args = serde_json::to_value(command).unwrap()["args"].clone();
                command.name() == name && loose(&args) == loose(&line.expect["args"])
            }
            (Understood::Chatter, None) => line.expect["chatter"] == true,
            (Understood::Unclear { candidates, .. }, None) => {
                let wanted: BTreeSet<&str> = line.expect["candidates"]
                    .as_array()
                    .map(|all| all.iter().filter_map(|one| one.as_str()).collect())
                    .unwrap_or_default();
                let built = wanted.into_iter().filter(|name| command_named(name).is_some());
                built.collect::<BTreeSet<_>>() == candidates.iter().map(String::as_str).collect()
            }
            (Understood::Refusal(_), None) => {
                let wanted = line.expect["candidates"].as_array();
                wanted.is_some_and(|all| {
                    all.iter().all(|one| one.as_str().is_none_or(|n| command_named(n).is_none()))
                })
            }
            _ => false,
        };
        if matches!(understood, Understood::Command(_)) && expected.is_none() {
            harm.push(format!("{} {:?}: acted {understood:?}", line.id, line.text));
        }
        if right {
            passed += 1;
        } else {
            eprintln!("{} {:?}: {understood:?}, not {}", line.id, line.text, line.expect);
        }
    }
    eprintln!("recorded sentences understood: {passed}/{total}");
    assert!(harm.is_empty(), "{harm:#?}");
    assert!(passed * 100 >= total * 90, "{passed}/{total}");
}
