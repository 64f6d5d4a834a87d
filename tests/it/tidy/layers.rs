//! Which crate may know which, what is pure, and who touches the outside world.

use super::none_of;
use super::sources::{SourceFile, dependencies, files, read, rust};

/// The arrows, which point down only: a crate's manifest and which crates of ours it may name.
const ARROWS: &[(&str, &[&str])] = &[
    ("agents/events/Cargo.toml", &[]),
    ("agents/analytics/Cargo.toml", &[]),
    ("agents/bus/Cargo.toml", &["orchestra-events"]),
    ("agents/shim/Cargo.toml", &["orchestra-analytics"]),
    ("agents/Cargo.toml", &["orchestra-events", "orchestra-analytics", "orchestra-bus", "orchestra-shim"]),
    (
        "bot/Cargo.toml",
        &["orchestra-events", "orchestra-analytics", "orchestra-bus", "orchestra-shim", "orchestra-agents"],
    ),
    (
        "tests/Cargo.toml",
        &[
            "orchestra-events",
            "orchestra-analytics",
            "orchestra-bus",
            "orchestra-shim",
            "orchestra-agents",
            "orchestra-bot",
        ],
    ),
];

/// The pure crates: data in, data out.
const PURE: [&str; 2] = ["agents/events", "agents/analytics"];

/// What a pure crate can't depend on: async runtimes, HTTP, databases, the system, chance.
const IMPURE: &[&str] = &[
    "async-std",
    "async-trait",
    "axum",
    "fastrand",
    "futures",
    "getrandom",
    "hyper",
    "hyper-util",
    "landlock",
    "libc",
    "nix",
    "postgres",
    "rand",
    "rdkafka",
    "reqwest",
    "rusqlite",
    "rustix",
    "smol",
    "sqlx",
    "tempfile",
    "tokio",
    "tokio-util",
    "tower",
    "tracing-subscriber",
    "ureq",
    "uuid",
];

/// What the source of a pure crate never says.
const WORLDLY: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "Utc::now",
    "Local::now",
];

/// Parts of the bot that know what people ask and see, and nothing of who does the work.
const FACES: [&str; 4] = ["bot/src/command/", "bot/src/intent/", "bot/src/message/", "bot/src/platform/"];

/// How processes are started and sockets opened.
const REACHING_OUT: &[&str] =
    &["Command::new", "TcpListener", "TcpStream", "UdpSocket", "UnixDatagram", "UnixListener", "UnixStream"];

/// Who may do that, and why.
const HANDS: &[(&str, &str)] = &[
    ("agents/src/tools/", "the hands of the agents"),
    ("agents/shim/src/", "services, their proxy and confined builds are its work"),
    ("bot/src/bench", "a backend for the proxy's figures, and this program started again"),
    ("bot/src/control.rs", "the private socket in the data folder"),
    ("bot/src/demo", "makes a git repository and speaks to the services it pushed"),
    ("bot/src/load.rs", "the demo's traffic"),
];

#[test]
fn dependencies_point_down_only() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| file.name() == "Cargo.toml" && !file.folder().is_empty()) {
        if file.path.starts_with("deploy/demo/") {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(manifest, _)| *manifest == file.path) else {
            wrong.push(format!("{} has no row in `ARROWS`", file.path));
            continue;
        };
        for (section, name) in dependencies(&file.text) {
            if name.starts_with("orchestra-") && !allowed.contains(&name) {
                wrong.push(format!("{}: [{section}] names {name}", file.path));
            }
        }
    }
    none_of(&wrong, "dependencies point down only: tests, bot, agents, bus, events", "README.md");
}

#[test]
fn pure_crates_depend_on_nothing_that_acts() {
    let mut wrong = Vec::new();
    for crate_folder in PURE {
        let manifest = read(&format!("{crate_folder}/Cargo.toml"));
        for (section, name) in dependencies(&manifest) {
            if section == "dependencies" && IMPURE.contains(&name) {
                wrong.push(format!("{crate_folder} depends on {name}"));
            }
        }
    }
    // Its clock is a feature: what only formats times is welcome.
    let workspace = read("Cargo.toml");
    let chrono = workspace.lines().find(|line| line.starts_with("chrono")).unwrap_or_default();
    if chrono.contains("\"clock\"")
        || chrono.contains("\"now\"")
        || !chrono.contains("default-features = false")
    {
        wrong.push("Cargo.toml gives chrono a clock".to_owned());
    }
    none_of(&wrong, "a pure crate has no runtime, network, database, clock or chance", "agents/README.md");
}

#[test]
fn pure_crates_name_no_clock_environment_or_file() {
    let pure = |file: &SourceFile| PURE.iter().any(|folder| file.path.starts_with(&format!("{folder}/src/")));
    let wrong = naming(pure, WORLDLY);
    none_of(&wrong, "a pure crate has no clock, environment, files or threads", "agents/README.md");
}

#[test]
fn what_people_ask_and_see_knows_nothing_of_who_does_the_work() {
    let faces = |file: &SourceFile| FACES.iter().any(|folder| file.path.starts_with(folder));
    let wrong = naming(faces, &["orchestra_agents", "orchestra_bus", "orchestra_shim"]);
    none_of(&wrong, "commands, intents, messages and platforms know only the vocabulary", "bot/README.md");
}

#[test]
fn only_the_hands_start_processes_and_open_sockets() {
    let reaching = naming(|_| true, REACHING_OUT);
    let by_a_hand = |line: &str| HANDS.iter().any(|(place, _)| line.starts_with(place));
    let wrong: Vec<String> = reaching.iter().filter(|line| !by_a_hand(line)).cloned().collect();
    none_of(&wrong, "only the tools, the shim and a few named files reach out", "agents/README.md");
    let idle: Vec<String> = HANDS
        .iter()
        .filter(|(place, _)| !reaching.iter().any(|line| line.starts_with(place)))
        .map(|(place, why)| format!("{place} ({why})"))
        .collect();
    none_of(&idle, "a permission that nothing uses is taken away", "tests/README.md");
}

/// Where files of the product say one of the words: `path:line: word`.
fn naming(which: impl Fn(&SourceFile) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in rust().iter().filter(|file| which(file)) {
        for (number, line) in file.product() {
            for word in words.iter().filter(|word| says(line, word)) {
                found.push(format!("{}:{number}: {word}", file.path));
            }
        }
    }
    found
}

/// Whether a line says a word that is not a part of a longer one.
fn says(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[test]
fn a_word_is_not_found_within_a_longer_one() {
    assert!(says("let x = Command::new(\"git\");", "Command::new"));
    assert!(!says("let x = ChatCommand::new_one();", "Command::new"));
}
