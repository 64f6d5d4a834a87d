//! Tables, schemas and examples equal what the code prints; `ORCHESTRA_BLESS=1` writes them anew.

use super::none_of;
use super::sources::{read, root, rust};
use orchestra_events::{Actor, AnyEvent, Envelope, EventId, KINDS, Timestamp};
use serde_json::Value;
use std::path::PathBuf;

const SCHEMAS: &str = "agents/events/schema";
const EXAMPLES: &str = "agents/events/examples";
const TABLE_BEGINS: &str = "<!-- agents -->\n";
const TABLE_ENDS: &str = "<!-- /agents -->";
const BLESS: &str = "ORCHESTRA_BLESS=1 writes it anew";

fn blessing() -> bool {
    std::env::var_os("ORCHESTRA_BLESS").is_some_and(|value| value == "1")
}

/// The kind without what all have in common: `code_push.v1`.
fn short(kind: &str) -> &str {
    kind.strip_prefix("orchestra.").unwrap_or(kind)
}

fn write(path: &str, text: &str) {
    let path = root().join(path);
    let folder = path.parent().map_or_else(root, PathBuf::from);
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, text));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// What stands in a JSON file; nothing when there is no such file, or it does not read.
fn checked_in(path: &str) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(root().join(path)).ok()?).ok()
}

/// Names of the files in a folder, sorted.
fn listed(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

#[test]
fn schemas_are_as_the_code_prints_them() {
    let mut wrong = Vec::new();
    for row in KINDS {
        let path = format!("{SCHEMAS}/{}.json", short(row.kind));
        let printed = (row.schema)();
        if checked_in(&path).as_ref() == Some(&printed) {
            continue;
        }
        if blessing() {
            write(&path, &pretty(&printed));
        } else {
            wrong.push(path);
        }
    }
    for name in listed(SCHEMAS) {
        let known = KINDS.iter().any(|row| name.strip_suffix(".json") == Some(short(row.kind)));
        if !known {
            wrong.push(format!("{SCHEMAS}/{name} is of no kind in the catalog; a kind is never taken out"));
        }
    }
    none_of(&wrong, &format!("a schema is not as the code prints it; {BLESS}"), "agents/events/README.md");
}

#[test]
fn examples_are_as_the_code_prints_them() {
    let mut wrong = Vec::new();
    for row in KINDS {
        let path = format!("{EXAMPLES}/{}.json", short(row.kind));
        let (printed, before) = ((row.example)(), checked_in(&path));
        if before.as_ref() == Some(&printed) {
            continue;
        }
        if !blessing() {
            wrong.push(path);
            continue;
        }
        if let Some(before) = before {
            write(&older(row.kind), &pretty(&before));
        }
        write(&path, &pretty(&printed));
    }
    none_of(&wrong, &format!("an example is not as the code prints it; {BLESS}"), "agents/events/README.md");
}

/// A free name for an example that is replaced: what once was written must be read for ever.
fn older(kind: &str) -> String {
    let name = |number: usize| format!("{EXAMPLES}/{}.older-{number}.json", short(kind));
    (1..).map(name).find(|path| !root().join(path).exists()).unwrap_or_default()
}

#[test]
fn every_example_ever_checked_in_decodes() {
    let mut wrong = Vec::new();
    let names = listed(EXAMPLES);
    for name in &names {
        let path = format!("{EXAMPLES}/{name}");
        let kind: Vec<&str> = name.split('.').take(2).collect();
        let kind = format!("orchestra.{}", kind.join("."));
        let Some(data) = checked_in(&path) else {
            wrong.push(format!("{path} is no JSON"));
            continue;
        };
        match AnyEvent::decode(&envelope(kind.clone(), data)) {
            Ok(AnyEvent::Unknown) => wrong.push(format!("{path}: the catalog has no {kind}")),
            Ok(_) => {}
            Err(error) => wrong.push(format!("{path}: {error}")),
        }
    }
    none_of(&wrong, "what once travelled must be read for ever", "agents/events/README.md");
    assert!(
        names.len() >= KINDS.len() || blessing(),
        "{EXAMPLES} lacks examples; see agents/events/README.md"
    );
}

fn envelope(kind: String, data: Value) -> Envelope {
    Envelope {
        specversion: "1.0".to_owned(),
        id: EventId("1".to_owned()),
        source: "/tests".to_owned(),
        kind,
        subject: None,
        time: Timestamp(0),
        datacontenttype: "application/json".to_owned(),
        partitionkey: "shop@staging".to_owned(),
        correlationid: Some("RUN-7".to_owned()),
        causationid: None,
        traceparent: None,
        actor: Actor("user:alice".to_owned()),
        data,
    }
}

#[test]
fn the_table_of_agents_is_as_the_code_prints_it() {
    let readme = read("agents/README.md");
    let parts = readme.split_once(TABLE_BEGINS).and_then(|(before, rest)| {
        let (table, after) = rest.split_once(TABLE_ENDS)?;
        Some((before, table, after))
    });
    let Some((before, table, after)) = parts else {
        panic!("agents/README.md has no `{}` with `{TABLE_ENDS}`", TABLE_BEGINS.trim_end());
    };
    let printed = table_of_agents();
    if table != printed && blessing() {
        write("agents/README.md", &format!("{before}{TABLE_BEGINS}{printed}{TABLE_ENDS}{after}"));
        return;
    }
    assert!(
        table == printed,
        "the table in agents/README.md is not as the code prints it; {BLESS}:\n{printed}"
    );
}

fn table_of_agents() -> String {
    let mut table = "| agent | what it does | state per | subscribes | publishes | tools |\n\
                     | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for member in orchestra_bot::app::crew() {
        let listed = |kinds: &[&str]| kinds.iter().map(|kind| name_of(kind)).collect::<Vec<_>>().join(", ");
        let tools: Vec<String> = member.tools.iter().map(|tool| format!("`{tool}`")).collect();
        table.push_str(&format!(
            "| [{}]({}) | {} | {} | {} | {} | {} |\n",
            member.name,
            file_of(member.name),
            member.summary.trim(),
            format!("{:?}", member.keyed).to_lowercase(),
            listed(member.subscribes),
            listed(member.publishes),
            tools.join(", ")
        ));
    }
    table
}

fn name_of(kind: &str) -> String {
    KINDS.iter().find(|row| row.kind == kind).map_or_else(|| format!("`{kind}`"), |row| row.name.to_owned())
}

/// The one file whose header names the agent, as seen from `agents/`.
fn file_of(agent: &str) -> String {
    let header = format!(" = \"{agent}\",");
    let heads = rust().into_iter().filter(|file| {
        let product = file.product();
        let headed = product.iter().any(|(_, line)| line.ends_with(&header));
        headed && product.iter().any(|(_, line)| *line == "agent! {")
    });
    let paths: Vec<String> = heads.map(|file| file.path).collect();
    let [path] = paths.as_slice() else { panic!("`{agent}` is the name in the headers of {paths:?}") };
    path.strip_prefix("agents/").map_or_else(|| format!("../{path}"), str::to_owned)
}

#[test]
fn every_event_has_a_publisher_and_a_subscriber() {
    let crew = orchestra_bot::app::crew();
    // What people start comes in through the bot, which is no agent there.
    let inbound = read("bot/src/inbound.rs");
    let mut wrong = Vec::new();
    for row in KINDS {
        let by_an_agent = crew.iter().any(|member| member.publishes.contains(&row.kind));
        if !by_an_agent && !inbound.contains(row.name) {
            wrong.push(format!("nobody publishes {}", row.name));
        }
        if !crew.iter().any(|member| member.subscribes.contains(&row.kind)) {
            wrong.push(format!("nobody subscribes to {}", row.name));
        }
    }
    none_of(
        &wrong,
        "an event that nobody says or hears is taken out before it ever travels",
        "agents/README.md",
    );
}

#[test]
fn the_demo_pushes_a_file_without_a_finding() {
    let text = read("deploy/demo/first/devops_orchestra.yaml").replace("__PORT__", "8080");
    let checked = orchestra_events::file::check(&text);
    assert!(checked.findings.is_empty(), "{:#?}; see deploy/README.md", checked.findings);
}
