//! Every key of the file, with its meaning and what its value may be.
//!
//! Defaults are not here but in the `Default` of each type of `pipeline`, from which the schema takes them.

use super::pipeline::{self, closed_words};
use super::scalars::WEEK;
use super::shape::{Field, Shape, Text};

const FLAG: Shape = Shape::Flag;
const LINE: Shape = Shape::Text { kind: Text::Line, longest: 200 };
const NAME: Shape = Shape::Text { kind: Text::Name, longest: 63 };
const LONG_NAME: Shape = Shape::Text { kind: Text::Name, longest: 100 };
const COMMAND: Shape = Shape::Text { kind: Text::Command, longest: 4096 };
const PATH: Shape = Shape::Text { kind: Text::RepositoryPath, longest: 1024 };
const VARIABLE: Shape = Shape::Text { kind: Text::Variable, longest: 128 };
const DAY: u64 = 24 * 3600;

/// The whole file.
pub(super) const FILE: &[Field] = &[
    Field::new("project", Shape::Section(PROJECT), "What the repository is."),
    Field::new("build", Shape::Section(BUILD), "How the repository becomes something that runs."),
    Field::new("testing", Shape::Section(TESTING), "How the build is tested."),
    Field::new(
        "deployment",
        Shape::Section(DEPLOYMENT),
        "What runs where, and how a new version gets there.",
    ),
    Field::new("infrastructure", Shape::Section(INFRASTRUCTURE), "What must stand before a deployment."),
    Field::new("secrets", Shape::Section(SECRETS), "Values that no file holds."),
    Field::new("rollback", Shape::Section(ROLLBACK), "When and how a bad version is undone."),
    Field::new("observability", Shape::Section(OBSERVABILITY), "What is watched."),
    Field::new("chatops", Shape::Section(CHATOPS), "What is told in chat, and where."),
];

const PROJECT: &[Field] = &[
    Field::new("name", LONG_NAME, "The project's name; the repository's name where it is left out."),
    Field::new("language", LINE, "The main language."),
    Field::new("frontend-language", LINE, "The language of the part that runs in a browser."),
    Field::new("backend-language", LINE, "The language of the part that runs on a server."),
    Field::new("framework", LINE, "The main framework."),
    Field::new("repo", Shape::Text { kind: Text::Repository, longest: 500 }, "Where the repository lives."),
];

const BUILD: &[Field] = &[
    Field::new(
        "tool",
        closed_words::<pipeline::BuildTool>(),
        "The build tool; detected where it is left out.",
    ),
    Field::new("context", PATH, "The folder to build in."),
    Field::new("dockerfile", PATH, "The Dockerfile, for the tool docker."),
    Field::new("command", COMMAND, "Builds instead of the tool's usual command; custom needs one."),
];

const TESTING: &[Field] = &[
    Field::new("enabled", FLAG, "Whether tests run."),
    Field::new("framework", LINE, "Whose report is read: cargo, pytest, unittest, junit, go."),
    Field::new("command", COMMAND, "Runs the tests; the framework's usual command where it is left out."),
    Field::new("generate", FLAG, "Whether tests are drafted where there are none."),
    Field::new(
        "coverage_min",
        Shape::Percent,
        "The least part of the code that tests must reach, in percent.",
    ),
];

const DEPLOYMENT: &[Field] = &[
    Field::new("type", LINE, "What kind of place is deployed to: local, cloud."),
    Field::new("provider", LINE, "Whose cloud is deployed to."),
    Field::new("target", NAME, "The target; local where neither provider nor type names a cloud."),
    Field::new("strategy", closed_words::<pipeline::Strategy>(), "How a new version takes over."),
    Field::new("region", LINE, "The provider's region."),
    Field::new("environment", NAME, "The environment; production may ask for approval."),
    Field::new(
        "services",
        Shape::List { of: &Shape::Section(SERVICE), least: 0, most: 50, unique: false },
        "What runs.",
    ),
    Field::new("canary", Shape::Section(CANARY), "The steps of the strategy canary."),
];

const SERVICE: &[Field] = &[
    Field::required("name", NAME, "The service's name, once in the file."),
    Field::new("runtime", LINE, "What the provider runs it on; process for the target local."),
    Field::new(
        "port",
        Shape::Whole { least: 1, most: 65_535 },
        "The port that callers use, once in the file.",
    ),
    Field::new("command", COMMAND, "Starts one process, which listens on the port in `PORT`."),
    Field::new(
        "health",
        Shape::Text { kind: Text::HealthPath, longest: 256 },
        "The path that answers with success once the service is ready; an open port where it is left out.",
    ),
    Field::new(
        "replicas",
        Shape::Whole { least: 1, most: 32 },
        "How many processes run; 1 where it is left out.",
    ),
    Field::new(
        "env",
        Shape::List { of: &Shape::Section(ENV), least: 0, most: 200, unique: false },
        "Environment variables.",
    ),
];

const ENV: &[Field] = &[
    Field::required("key", VARIABLE, "The variable's name, once in the service."),
    Field::required("value", Shape::Text { kind: Text::Any, longest: 8192 }, "The variable's value."),
];

const CANARY: &[Field] = &[
    Field::new(
        "steps",
        Shape::List { of: &Shape::Short { key: "weight", section: STEP }, least: 1, most: 20, unique: false },
        "The part of the traffic that the new version gets, step by step; 100 is the promotion.",
    ),
    Field::new(
        "analysis",
        closed_words::<pipeline::CanaryAnalysis>(),
        "What passes a step: metrics compared with the running version, or health checks alone.",
    ),
];

const STEP: &[Field] = &[
    Field::required("weight", Shape::Weight, "Percent of the traffic, never less than the step before."),
    Field::new(
        "pause",
        Shape::Duration { least: 0, most: DAY },
        "How long to wait before the step is judged.",
    ),
    Field::new("analysis", Shape::Duration { least: 1, most: DAY }, "How long to compare at most."),
];

const INFRASTRUCTURE: &[Field] = &[
    Field::new("tool", closed_words::<pipeline::InfrastructureTool>(), "What provisions."),
    Field::new("path", PATH, "The folder with its files."),
];

const SECRETS: &[Field] = &[
    Field::new("manager", LINE, "Where the values are kept."),
    Field::new(
        "keys",
        Shape::List { of: &VARIABLE, least: 0, most: 200, unique: true },
        "Environment variables that the services need and whose values are secret.",
    ),
];

const ROLLBACK: &[Field] = &[
    Field::new("enabled", FLAG, "Whether a bad version is undone without being asked."),
    Field::new(
        "threshold",
        Shape::Section(ROLLBACK_THRESHOLD),
        "What makes a version bad after its promotion.",
    ),
    Field::new("action", closed_words::<pipeline::RollbackAction>(), "What undoing means."),
];

const ROLLBACK_THRESHOLD: &[Field] = &[
    Field::new("cpu", Shape::Percent, "Processor use in percent."),
    Field::new("errors", Shape::Percent, "Failed requests in percent."),
    Field::new(
        "duration",
        Shape::Duration { least: 1, most: WEEK },
        "How long a promoted version is watched.",
    ),
];

const OBSERVABILITY: &[Field] = &[
    Field::new("enabled", FLAG, "Whether services are watched."),
    Field::new(
        "tools",
        Shape::List { of: &LINE, least: 0, most: 20, unique: true },
        "Tools that also watch.",
    ),
    Field::new(
        "alerts",
        Shape::List { of: &Shape::Section(ALERT), least: 0, most: 50, unique: false },
        "What is told when it goes over its threshold.",
    ),
    Field::new(
        "thresholds",
        Shape::Section(THRESHOLDS),
        "Thresholds for alerts that have none of their own.",
    ),
];

const ALERT: &[Field] = &[
    Field::required("type", closed_words::<pipeline::AlertKind>(), "What is measured."),
    Field::new(
        "threshold",
        Shape::Amount,
        "Percent for error_rate, cpu, memory and disk; milliseconds for latency; bytes a second for network.",
    ),
    Field::new("threshold_ms", Shape::Milliseconds, "The threshold of a latency alert, in milliseconds."),
];

const THRESHOLDS: &[Field] = &[
    Field::new("cpu_usage", Shape::Percent, "Processor use in percent."),
    Field::new("memory_usage", Shape::Percent, "Memory in use in percent."),
    Field::new("disk_usage", Shape::Percent, "Disk in use in percent."),
    Field::new("error_rate", Shape::Percent, "Failed requests in percent."),
    Field::new(
        "request_latency",
        Shape::Milliseconds,
        "Time to answer in milliseconds, at the 95th percentile.",
    ),
    Field::new("network_throughput", Shape::Rate, "Bytes a second in both directions."),
];

const CHATOPS: &[Field] = &[
    Field::new("enabled", FLAG, "Whether anything is told."),
    Field::new("platform", LINE, "The chat: slack, discord, console."),
    Field::new("channel", LINE, "The channel, in quotes where it begins with `#`."),
    Field::new(
        "notify_on",
        Shape::List { of: &closed_words::<pipeline::Notice>(), least: 0, most: 50, unique: true },
        "What is told.",
    ),
];
