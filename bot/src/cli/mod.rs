//! The subcommands: what each is asked, and where it is done.
//!
//! # Layout
//!
//! - [`asker`]: asks a running server, or does it in this process when there is none
//! - [`up`], [`push`], [`look`], [`events`], [`check`]: one subcommand or a family of them each
//! - [`print`](mod@print): data to standard output
//! - [`trace`]: the log file

pub mod asker;
pub mod check;
pub mod events;
pub mod look;
pub mod print;
pub mod push;
pub mod trace;
pub mod up;

use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs deliveries and incidents from chat threads.
#[derive(Parser, Debug)]
#[command(name = "orchestra", version, about, long_about = LONG, after_help = AFTER, max_term_width = 110)]
struct Cli {
    /// The data folder: history, artefacts, services. Made when there is none [default: $ORCHESTRA_DIR, else
    /// ~/.local/share/orchestra].
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const LONG: &str = "Runs deliveries and incidents from chat threads.\n\nA push is validated, built, analysed, tested, \
deployed step by step, watched, and taken back when it is bad; its thread tells all of it. With nothing \
configured everything runs on this machine: embedded log, console chat, local processes behind a proxy.";
const AFTER: &str =
    "Try it: orchestra demo\nThen:   orchestra up, and in another terminal: orchestra push PATH --wait";

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the server with its console: threads, live cards, a line to type commands on.
    ///
    /// Runs on when standard input is closed. Ctrl-C or SIGTERM ends it within ten seconds; the services that it
    /// deployed go on, and the next `up` takes them over without one failed request.
    Up {
        /// Where the deployed services listen, as `ADDRESS:0`; their ports come from their files. Overrides
        /// services.host of orchestra.toml.
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
    },
    /// Stop every service that was deployed here.
    Down(Json),
    /// See the main job in two minutes: a good push deploys itself, a bad one undoes itself, in a thread.
    ///
    /// Makes a repository of a small service, pushes three versions under real traffic, and says at the end
    /// whether all of it truly happened (exit 0) or what did not (exit 1). Killed halfway and started again with
    /// the same --dir, it goes on where it was.
    Demo(Json),
    /// Take a repository's committed head through the pipeline.
    ///
    /// With --wait: shows the thread and ends with 0 when the version is live, 1 when it was refused, failed,
    /// superseded or rolled back, 2 when it waits for a person, 3 when it could not be asked.
    Push {
        /// A path or a URL that git can clone.
        source: String,
        /// The branch; the repository's current one when not said.
        #[arg(long)]
        branch: Option<String>,
        /// Show the thread until the run ends or waits for a person.
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Say every mistake in a devops_orchestra.yaml, with line, column and what was probably meant.
    Check {
        /// The file.
        #[arg(required_unless_present = "schema")]
        file: Option<PathBuf>,
        /// Print the JSON Schema for editors instead.
        #[arg(long)]
        schema: bool,
        #[command(flatten)]
        json: Json,
    },
    /// What runs where, what is open, what failed for good, and what confines builds.
    Status(Json),
    /// Say a chat command: `orchestra say "promote web"`, `orchestra say --thread RUN-7 abort`.
    Say {
        /// The thread that it is said in.
        #[arg(long, value_name = "RUN")]
        thread: Option<String>,
        /// The sentence.
        #[arg(required = true)]
        words: Vec<String>,
        #[command(flatten)]
        json: Json,
    },
    /// The last lines that a service wrote, masked.
    Logs {
        /// The service.
        service: String,
        /// The version; the live one when not said.
        version: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Measure this build on this machine, each figure beside a baseline of the same run.
    Bench {
        /// One bench; all of them when not said.
        name: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// The agents: what each subscribes to, publishes and uses.
    #[command(subcommand)]
    Agents(Agents),
    /// The log: events, dead letters, the audit.
    #[command(subcommand)]
    Events(events::Events),
}

#[derive(Subcommand, Debug)]
enum Agents {
    /// List them.
    List(Json),
}

/// How it is printed.
#[derive(Args, Clone, Copy, Debug)]
pub struct Json {
    /// Print JSON for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Parses the arguments and does what they ask.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
            // A closed pipe is the reader's choice.
            drop(error.print());
            return code;
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return print::failed(&anyhow::Error::new(error).context("the program can't start")),
    };
    let code = runtime.block_on(async {
        match Box::pin(run(cli)).await {
            Ok(code) => code,
            Err(error) => print::failed(&error),
        }
    });
    // A thread that still waits for a line to be typed must not hold the end up.
    runtime.shutdown_background();
    code
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let dir = || data_folder(cli.dir.as_deref());
    match cli.command {
        Command::Up { listen } => up::up(&dir()?, listen).await,
        Command::Down(Json { json }) => look::down(&dir()?, json).await,
        Command::Demo(Json { json }) => crate::demo::demo(cli.dir.as_deref(), json).await,
        Command::Push { source, branch, wait, json } => {
            push::push(&dir()?, &source, branch, wait, json.json).await
        }
        Command::Check { file, schema, json } => check::check(file.as_deref(), schema, json.json),
        Command::Status(Json { json }) => look::status(&dir()?, json).await,
        Command::Say { thread, words, json } => look::say(&dir()?, &words.join(" "), thread, json.json).await,
        Command::Logs { service, version, json } => {
            let text = format!("logs {service} {}", version.unwrap_or_default());
            look::say(&dir()?, text.trim_end(), None, json.json).await
        }
        Command::Bench { name, json } => crate::bench::bench(&dir()?, name.as_deref(), json.json).await,
        Command::Agents(Agents::List(Json { json })) => look::agents(json),
        Command::Events(command) => events::events(&dir()?, command).await,
    }
}

fn data_folder(given: Option<&std::path::Path>) -> anyhow::Result<PathBuf> {
    if let Some(dir) = given {
        return Ok(dir.to_owned());
    }
    if let Some(dir) = std::env::var_os("ORCHESTRA_DIR").filter(|dir| !dir.is_empty()) {
        return Ok(PathBuf::from(dir));
    }
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let home = home.ok_or_else(|| anyhow::anyhow!("HOME is not set; name the data folder with --dir DIR"))?;
    Ok(PathBuf::from(home).join(".local/share/orchestra"))
}
