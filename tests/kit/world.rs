//! A data folder with the real `orchestra` on it, and what people do to it and see of it.

use crate::{Repository, binary, processes, until};
use orchestra_bot::control::Connection;
use orchestra_bot::desk::{Answer, Ask, RunView, StatusView};
use orchestra_events::pipeline::{Hold, Outcome};
use orchestra_events::{Envelope, RunId};
use rustix::process::Signal;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How long a step of a story may take when the story says nothing else.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// Short waits everywhere, so that a story takes seconds.
const CONFIG: &str = "[services]\nready_seconds = 6\ndrain_seconds = 2\n";

/// What a program said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

/// A data folder, repositories beside it, and a server.
pub struct World {
    folder: TempDir,
    data: PathBuf,
    environment: Vec<(String, String)>,
    server: Option<Child>,
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// A world with a running server.
    pub fn begins() -> Self {
        let mut world = Self::asleep();
        world.wakes();
        world
    }

    /// A world with more lines in its configuration, and a running server.
    pub fn configured(lines: &str) -> Self {
        let mut world = Self::asleep();
        std::fs::write(world.data().join("orchestra.toml"), format!("{lines}\n{CONFIG}")).unwrap();
        world.wakes();
        world
    }

    /// A world whose server does not run yet.
    pub fn asleep() -> Self {
        let folder = tempfile::Builder::new().prefix("story-").tempdir().unwrap();
        let data = folder.path().join("data");
        Self::on(folder, data)
    }

    /// A world with its data folder at a path, which is made; the server does not run yet.
    pub fn asleep_on(data: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("story-").tempdir().unwrap();
        Self::on(folder, data.to_owned())
    }

    fn on(folder: TempDir, data: PathBuf) -> Self {
        std::fs::create_dir_all(&data).unwrap();
        std::fs::write(data.join("orchestra.toml"), CONFIG).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { folder, data, environment: Vec::new(), server: None, runtime }
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The folder in which data folder and repositories lie.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sets a variable for the server and every subcommand started from now on.
    pub fn sets(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// A new repository of a service.
    pub fn repository(&self, name: &str) -> Repository {
        Repository::new(self.folder.path(), name)
    }

    /// A command line of the program with this data folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::orchestra());
        command.args(arguments).arg("--dir").arg(self.data());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    /// Runs a subcommand to its end.
    pub fn orchestra(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts the server with its standard input closed, and waits until it answers.
    pub fn wakes(&mut self) {
        self.starts_with(Stdio::null());
    }

    /// Starts the server with a console that [`World::types`] writes to, and waits until it answers.
    pub fn wakes_with_console(&mut self) {
        self.starts_with(Stdio::piped());
    }

    fn starts_with(&mut self, input: Stdio) {
        assert!(self.server.is_none(), "the server runs already");
        let output = File::options().create(true).append(true).open(self.folder().join("up.out")).unwrap();
        let child = self
            .command(&["up"])
            .stdin(input)
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let pid = child.id();
        self.server = Some(child);
        until("the server answers", PATIENCE, || {
            if let Some(ended) = self.server.as_mut().and_then(|server| server.try_wait().unwrap()) {
                panic!("the server ended with {ended}:\n{}", self.console());
            }
            matches!(self.try_ask(&Ask::Status), Some(Answer::Status(view)) if view.pid == pid).then_some(())
        });
    }

    /// The server's process.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.server.as_ref().expect("no server runs").id()).unwrap()
    }

    /// Everything that the server wrote to its terminal.
    pub fn console(&self) -> String {
        std::fs::read_to_string(self.folder().join("up.out")).unwrap_or_default()
    }

    /// Types a line into the server's console.
    pub fn types(&mut self, line: &str) {
        let input =
            self.server.as_mut().and_then(|server| server.stdin.as_mut()).expect("there is no console");
        writeln!(input, "{line}").unwrap();
    }

    /// Closes the server's standard input.
    pub fn hangs_up(&mut self) {
        self.server.as_mut().expect("no server runs").stdin.take();
    }

    /// Kills the server with SIGKILL.
    pub fn kill9(&mut self) {
        let mut server = self.server.take().expect("no server runs");
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// Sends the server a signal and waits for its end; the exit code, or -1 when a signal ended it.
    pub fn ends_on(&mut self, signal: Signal) -> i32 {
        processes::signal(self.pid(), signal);
        let mut server = self.server.take().expect("no server runs");
        let ended = until("the server ends", Duration::from_secs(20), || server.try_wait().unwrap());
        ended.code().unwrap_or(-1)
    }

    fn try_ask(&self, ask: &Ask) -> Option<Answer> {
        self.runtime.block_on(async {
            let asked = async {
                let mut connection = Connection::open(self.data()).await?;
                connection.ask(ask).await.ok()
            };
            tokio::time::timeout(Duration::from_secs(20), asked).await.ok().flatten()
        })
    }

    /// Asks the running server over its socket.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn ask(&self, ask: &Ask) -> Answer {
        self.try_ask(ask).unwrap_or_else(|| panic!("the server does not answer {ask:?}\n{}", self.console()))
    }

    /// Pushes a repository's head and returns at once.
    pub fn push(&self, repository: &Repository) -> RunId {
        let location = repository.folder.display().to_string();
        match self.ask(&Ask::Push { location, branch: None }) {
            Answer::Started(run) => run,
            other => panic!("the push was not taken: {other:?}"),
        }
    }

    /// `orchestra push --wait --json`: exit code, the last line as JSON in `out`.
    pub fn push_and_wait(&self, repository: &Repository) -> Said {
        self.orchestra(&["push", &repository.folder.display().to_string(), "--wait"])
    }

    /// Pushes, and waits until the version is live.
    pub fn goes_live(&self, repository: &Repository) -> RunId {
        let run = self.push(repository);
        self.ends(run, Outcome::Live);
        run
    }

    /// `orchestra say`: what was answered, whatever it was.
    pub fn says(&self, sentence: &str) -> String {
        let said = self.orchestra(&["say", sentence]);
        format!("{}{}", said.out, said.err)
    }

    /// `orchestra say --thread RUN`.
    pub fn says_in(&self, run: RunId, sentence: &str) -> String {
        let said = self.orchestra(&["say", "--thread", &run.to_string(), sentence]);
        format!("{}{}", said.out, said.err)
    }

    /// How a run stands.
    pub fn run(&self, run: RunId) -> RunView {
        match self.ask(&Ask::Run { run }) {
            Answer::Run(view) => *view,
            other => panic!("{run} can't be read: {other:?}"),
        }
    }

    /// What `orchestra status` is told.
    pub fn status(&self) -> StatusView {
        match self.ask(&Ask::Status) {
            Answer::Status(view) => *view,
            other => panic!("the status can't be read: {other:?}"),
        }
    }

    /// The version of a service that `status` says is live.
    pub fn live(&self, service: &str) -> Option<String> {
        let row = self.status().services.into_iter().find(|row| row.service == service);
        row.map(|row| row.version)
    }

    /// The events of a run, in their order.
    pub fn events(&self, run: RunId) -> Vec<Envelope> {
        match self.ask(&Ask::Events { after: 0, run: Some(run) }) {
            Answer::Events(events) => events.into_iter().map(|(_, event)| event).collect(),
            other => panic!("the events can't be read: {other:?}"),
        }
    }

    /// Everything that stands in a run's thread, as text.
    pub fn thread(&self, run: RunId) -> String {
        let posts = self.run(run).posts;
        let texts: Vec<String> = posts.iter().map(|post| plain(&post.post.message)).collect();
        texts.join("\n")
    }

    /// Waits until a run's thread says something.
    pub fn hears(&self, run: RunId, words: &str, within: Duration) -> String {
        self.waits(&format!("{run} says `{words}`"), run, within, || {
            let thread = self.thread(run);
            thread.contains(words).then_some(thread)
        })
    }

    /// Waits until a run has ended in a way, with its closing post in the thread.
    pub fn ends(&self, run: RunId, outcome: Outcome) -> RunView {
        let ended = self.ended(run);
        let seen = ended.row.state.status.outcome;
        assert_eq!(seen, Some(outcome), "{run} ended otherwise:\n{}", self.thread(run));
        ended
    }

    /// Waits until a run has ended, with its closing post in the thread.
    pub fn ended(&self, run: RunId) -> RunView {
        let closing = format!("{run} · ");
        self.waits(&format!("{run} ends"), run, PATIENCE, || {
            let view = self.run(run);
            let news = view.posts.iter().filter(|post| post.post.name != orchestra_bot::chatops::CARD);
            let mut headlines = news.filter_map(|post| post.post.message["headline"].as_str());
            let closed = headlines.any(|headline| headline.starts_with(&closing));
            (view.row.ended && closed).then_some(view)
        })
    }

    /// Waits until a run holds for a reason.
    pub fn holds(&self, run: RunId, which: impl Fn(&Hold) -> bool) -> Hold {
        self.waits(&format!("{run} holds"), run, PATIENCE, || {
            self.run(run).row.state.deployment.hold.filter(|hold| which(hold))
        })
    }

    /// Waits for a condition; when it does not come, the run's thread and the log's end are shown.
    pub fn waits<T>(
        &self,
        what: &str,
        run: RunId,
        within: Duration,
        mut look: impl FnMut() -> Option<T>,
    ) -> T {
        let deadline = std::time::Instant::now() + within;
        let mut found = None;
        while found.is_none() && std::time::Instant::now() < deadline {
            found = look();
            if found.is_none() {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        found.unwrap_or_else(|| {
            let (thread, log) = (self.thread(run), self.log());
            let log: Vec<&str> = log.lines().rev().take(25).collect();
            panic!("waited {} s in vain: {what}\n{thread}\n{}", within.as_secs(), log.join("\n"))
        })
    }

    /// The server's log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data().join("orchestra.log")).unwrap_or_default()
    }

    /// The processes of the data folder, the server left out: shims, services, builds.
    pub fn processes(&self) -> Vec<(i32, String)> {
        let server = self.server.as_ref().map(|server| i32::try_from(server.id()).unwrap());
        processes::of(self.data()).into_iter().filter(|(pid, _)| Some(*pid) != server).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Whatever the story was, nothing of it stays: first as a user would, then by force.
        let down = self.command(&["down"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        if let Ok(mut down) = down {
            let deadline = std::time::Instant::now() + Duration::from_secs(15);
            while matches!(down.try_wait(), Ok(None)) && std::time::Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            down.kill().ok();
            down.wait().ok();
        }
        if let Some(mut server) = self.server.take() {
            server.kill().ok();
            server.wait().ok();
        }
        for place in [self.folder.path(), &self.data] {
            for (pid, _) in processes::of(place) {
                processes::kill9(pid);
            }
        }
    }
}

/// Every string of a message, each on a line of its own.
fn plain(message: &serde_json::Value) -> String {
    match message {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(parts) => parts.iter().map(plain).collect::<Vec<_>>().join("\n"),
        serde_json::Value::Object(fields) => fields.values().map(plain).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}
