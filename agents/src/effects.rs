//! What agents may ask of the world: the names and shapes of the tools. Who performs them is in [`crate::tools`].

use crate::agent::Tool;
use orchestra_analytics::Window;
use orchestra_bus::EffectClass;
use orchestra_events::file::PipelineFile;
use orchestra_events::pipeline::{CodeRef, FailedTest, Remark};
use orchestra_events::{Digest, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

macro_rules! tool {
    ($(#[$about:meta])* $tool:ident = $name:literal, $class:ident, $request:ty => $answer:ty) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $tool;

        impl Tool for $tool {
            const NAME: &'static str = $name;
            const CLASS: EffectClass = EffectClass::$class;
            type Request = $request;
            type Answer = $answer;
        }
    };
}

tool!(
    /// Fetches the committed head of a branch, keeps its source, reads or detects its pipeline file.
    Fetch = "fetch", Content, FetchRequest => Fetched
);
tool!(
    /// Builds a kept source into a kept artefact.
    BuildWork = "build", Content, BuildRequest => Built
);
tool!(
    /// Reads a kept source for what should not be in it.
    Scan = "scan", Read, CodeRef => Scanned
);
tool!(
    /// Runs a kept source's tests.
    TestWork = "test", Content, TestRequest => Tested
);
tool!(
    /// Makes the local target as asked. Every request says how things should be, so saying it twice is harmless.
    Target = "target", Keyed, TargetRequest => TargetAnswer
);
tool!(
    /// Reads the metrics of a service and its host.
    Measure = "measure", Read, MeasureRequest => Measured
);
tool!(
    /// Writes a text below the data folder.
    WriteNote = "write_note", Content, Note => Written
);
tool!(
    /// Reads what happened in a run.
    ReadTimeline = "read_timeline", Read, RunId => Vec<TimelineLine>
);

/// What to fetch.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FetchRequest {
    /// A path or a URL.
    pub location: String,
    /// The branch; the current one when not said.
    pub branch: Option<String>,
}

/// A fetched commit.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fetched {
    /// The branch.
    pub branch: String,
    /// The commit's full id.
    pub commit_id: String,
    /// The first line of its message.
    pub message: String,
    /// Its author.
    pub author: String,
    /// The change in at most two lines.
    pub change: Vec<String>,
    /// The source archive.
    pub code: CodeRef,
    /// The pipeline file.
    pub file: FileRead,
}

/// What the repository says about its delivery.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRead {
    /// It has a file.
    Found {
        /// The file's name.
        name: String,
        /// Its text, at most 1 MiB.
        text: String,
    },
    /// It has none, and this was detected.
    Detected {
        /// The pipeline.
        pipeline: Box<PipelineFile>,
        /// From what.
        because: Vec<String>,
    },
    /// It has none, and nothing could be detected; what is needed.
    Missing(String),
}

/// What to build.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BuildRequest {
    /// The repository's name, for its caches.
    pub repo: String,
    /// The source.
    pub code: CodeRef,
    /// The pipeline.
    pub pipeline: Box<PipelineFile>,
}

/// What a build came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Built {
    /// The tool.
    pub tool: String,
    /// The artefact, or why there is none.
    pub artefact: Result<Digest, String>,
    /// How it is started when the file does not say.
    pub start: Vec<String>,
    /// Search paths that it needs: variable, and folder within the artefact.
    pub search_paths: BTreeMap<String, String>,
    /// The output.
    pub log: Option<Digest>,
}

/// What was found in a source.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Scanned {
    /// What stands in the way.
    pub errors: Vec<Remark>,
    /// What should be looked at.
    pub warnings: Vec<Remark>,
    /// What is good to know.
    pub notes: Vec<Remark>,
}

/// What to test.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TestRequest {
    /// The repository's name, for its caches.
    pub repo: String,
    /// The source.
    pub code: CodeRef,
    /// The pipeline.
    pub pipeline: Box<PipelineFile>,
}

/// What the tests came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Tested {
    /// Whether they passed as a whole.
    pub passed: bool,
    /// Totals: ran, passed, failed, skipped; `None` when no report could be read.
    pub totals: Option<(u64, u64, u64, u64)>,
    /// The first that failed.
    pub failures: Vec<FailedTest>,
    /// Why there are no totals, or why totals that look well still failed.
    pub reason: Option<String>,
    /// The output.
    pub log: Option<Digest>,
}

/// A service as the target needs to know it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ServiceSpec {
    /// The repository that owns it.
    pub repo: String,
    /// Its environment.
    pub environment: String,
    /// Its name.
    pub name: String,
    /// The port that clients use.
    pub port: u16,
    /// The command in the file; `None` starts what the build suggests.
    pub command: Option<String>,
    /// The path that says whether it is well.
    pub health: Option<String>,
    /// How many of a version run.
    pub replicas: u32,
    /// Its environment variables.
    pub env: BTreeMap<String, String>,
    /// Names of secrets that it is given.
    pub secrets: Vec<String>,
}

/// How the target should be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetRequest {
    /// The version runs beside whatever runs, and takes no traffic.
    Start {
        /// The service.
        service: Box<ServiceSpec>,
        /// The version.
        version: String,
        /// Its artefact.
        artefact: Digest,
        /// How it is started when the file does not say.
        start: Vec<String>,
        /// Search paths that it needs.
        search_paths: BTreeMap<String, String>,
        /// How many of it run at first.
        replicas: u32,
    },
    /// The version takes this share, `baseline` the rest.
    Share {
        /// Environment and name of the service.
        service: (String, String),
        /// The version.
        version: String,
        /// What takes the rest.
        baseline: Option<String>,
        /// The share in percent.
        weight: u8,
        /// How many of the version run.
        replicas: u32,
    },
    /// The version is proven: it comes back after a reboot, and everything else is drained and stopped.
    Settle {
        /// Environment and name of the service.
        service: (String, String),
        /// The version.
        version: String,
    },
    /// The version takes all traffic again, started from what is kept if it does not run; everything else is
    /// drained and stopped.
    Restore {
        /// Environment and name of the service.
        service: (String, String),
        /// The version.
        to: String,
    },
    /// The version is drained and stopped.
    Remove {
        /// Environment and name of the service.
        service: (String, String),
        /// The version.
        version: String,
    },
}

/// How the target is now.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TargetAnswer {
    /// Where the service can be reached.
    pub address: String,
}

/// What to measure.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MeasureRequest {
    /// Environment and name of the service.
    pub service: (String, String),
    /// From which second on (seconds since 1970).
    pub since: i64,
    /// Shim events after this number.
    pub events_after: u64,
}

/// How one version does.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct VersionMeasured {
    /// Requests, errors and latencies by second.
    pub window: Window,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it dies again and again.
    pub crash_loop: bool,
    /// How often it was restarted.
    pub restarts: u32,
    /// Why it is not well, for a person.
    pub reason: Option<String>,
    /// CPU of its processes in percent of one core.
    pub cpu_percent: Option<f64>,
    /// Memory of its processes in bytes.
    pub memory_bytes: Option<u64>,
}

/// What was measured.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// When (seconds since 1970).
    pub at: i64,
    /// By version.
    pub versions: BTreeMap<String, VersionMeasured>,
    /// What happened to processes since: number, version, message, and whether one died.
    pub events: Vec<(u64, Option<String>, String, bool)>,
    /// The host: memory and disk in percent, CPU in percent of all cores, network in bytes a second.
    pub host: BTreeMap<String, f64>,
    /// Why nothing could be measured.
    pub unreachable: Option<String>,
}

/// A text to write.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Note {
    /// The file, below the data folder.
    pub file: String,
    /// The text.
    pub text: String,
}

/// A text that was written.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Written {
    /// The text, kept by digest.
    pub digest: Digest,
}

/// One line of a timeline.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TimelineLine {
    /// When.
    pub at: Timestamp,
    /// The event.
    pub event: String,
    /// Who.
    pub actor: String,
    /// What.
    pub what: String,
}
