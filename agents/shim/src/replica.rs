//! One replica of a version: started, watched, started again when it dies, until it is told to stop.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::backoff::{Deaths, WINDOW};
use crate::events::{Events, now_ms};
use crate::health::{self, Unwell};
use crate::logs::VersionLog;
use crate::process::{self, GRACE, Process};
use crate::protocol::{EventKind, VersionSpec, VersionState};

/// How often a process that isn't ready yet is asked.
const STARTING_INTERVAL: Duration = Duration::from_millis(50);

/// How often a process that is ready is asked.
const READY_INTERVAL: Duration = Duration::from_secs(1);

/// Failed checks in a row that take a process out of the traffic.
const FAILED_CHECKS: u32 = 3;

/// How often a start is repeated at once, on another port, because the process found its port taken.
const TAKEN_PORTS: u32 = 3;

/// What all replicas of one version share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) spec: VersionSpec,
    pub(crate) folder: std::path::PathBuf,
    pub(crate) log: VersionLog,
    pub(crate) events: Arc<Events>,
    /// Told whenever a replica's view changed in a way that matters to routes.
    pub(crate) changed: Arc<Notify>,
}

/// What is known of one replica.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) state: VersionState,
    /// Where it listens, once it was ready and while it lives.
    pub(crate) backend: Option<SocketAddr>,
    /// Whether its last checks were good.
    pub(crate) healthy: bool,
    pub(crate) pid: Option<u32>,
    pub(crate) restarts: u32,
    pub(crate) last_exit: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) ready_since_ms: Option<i64>,
}

impl View {
    fn new() -> Self {
        Self {
            state: VersionState::Starting,
            backend: None,
            healthy: false,
            pid: None,
            restarts: 0,
            last_exit: None,
            reason: None,
            ready_since_ms: None,
        }
    }

    /// Whether it takes traffic.
    pub(crate) fn ready(&self) -> bool {
        self.healthy && self.backend.is_some()
    }
}

/// A handle to a replica's task.
#[derive(Debug)]
pub(crate) struct Replica {
    view: Arc<Mutex<View>>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Replica {
    /// Starts the task, which starts the process.
    pub(crate) fn start(context: Arc<Context>) -> Self {
        let view = Arc::new(Mutex::new(View::new()));
        let (stop, stopped) = watch::channel(false);
        let runner = Runner { context, view: Arc::clone(&view), stopped, deaths: Deaths::default() };
        Self { view, stop, task: tokio::spawn(runner.run()) }
    }

    /// What is known of it now.
    pub(crate) fn view(&self) -> View {
        lock(&self.view).clone()
    }

    /// Ends the process: SIGTERM, a grace, SIGKILL. Returns when nothing of it lives.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "a replica's task ended badly");
        }
    }
}

/// How one life of the process ended.
enum End {
    /// It was told to.
    Told,
    /// By itself, or because it never became ready. The kind is what the event says.
    Died { kind: EventKind, reason: String, ready_for: Option<Duration>, port_taken: bool },
}

struct Runner {
    context: Arc<Context>,
    view: Arc<Mutex<View>>,
    stopped: watch::Receiver<bool>,
    deaths: Deaths,
}

impl Runner {
    async fn run(mut self) {
        let mut taken = 0;
        loop {
            let (kind, reason, ready_for) = match self.live().await {
                End::Told => break,
                End::Died { port_taken: true, .. } if taken < TAKEN_PORTS => {
                    taken += 1;
                    continue;
                }
                End::Died { kind, reason, ready_for, .. } => (kind, reason, ready_for),
            };
            taken = 0;
            let pause = self.deaths.count(Instant::now(), ready_for);
            self.tell_death(kind, &reason, pause);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = told(&mut self.stopped) => break,
            }
            self.change(|view| view.restarts = view.restarts.saturating_add(1));
            let restarts = lock(&self.view).restarts;
            self.event(EventKind::Restarting, format!("restart {restarts} after {} ms", pause.as_millis()));
        }
        self.gone();
        self.change(|view| view.state = VersionState::Stopped);
    }

    fn tell_death(&self, kind: EventKind, reason: &str, pause: Duration) {
        let looping = self.deaths.crash_loop();
        let was = lock(&self.view).state;
        self.gone();
        self.change(|view| {
            view.state = if looping { VersionState::CrashLoop } else { VersionState::Failing };
            view.reason = Some(format!("{reason}; it is tried again in {:.1} s", pause.as_secs_f64()));
        });
        self.context.log.line(&format!("orchestra: {reason}"));
        self.event(kind, reason);
        if looping && was != VersionState::CrashLoop {
            self.event(EventKind::CrashLoop, format!("it keeps dying: {reason}"));
        }
    }

    /// One life of the process.
    async fn live(&mut self) -> End {
        let died =
            |reason: String| End::Died { kind: EventKind::Died, reason, ready_for: None, port_taken: false };
        let port = match process::free_port().await {
            Ok(port) => port,
            Err(error) => return died(format!("there is no free port: {error}")),
        };
        let spec = &self.context.spec;
        let mut process = match Process::start(spec, port, &self.context.folder, &self.context.log) {
            Ok(process) => process,
            Err(error) => {
                return died(format!("it can't be started in `{}`: {error}", spec.directory.display()));
            }
        };
        self.change(|view| view.pid = Some(process.id()));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let limit = Duration::from_secs(spec.ready_seconds);
        let mut last = Unwell::Closed(port);
        tokio::select! {
            status = process.ended() => return self.died(status, port, None),
            () = told(&mut self.stopped) => return end(process).await,
            ready = tokio::time::timeout(limit, become_well(address, spec.health.as_deref(), &mut last)) => {
                if ready.is_err() {
                    return self.never_ready(process, &last).await;
                }
            }
        }
        self.watch(process, address).await
    }

    async fn never_ready(&self, process: Process, last: &Unwell) -> End {
        let seconds = self.context.spec.ready_seconds;
        let reason = match last {
            Unwell::Closed(port) => {
                let others = crate::ports::listening(&tree_of(process.id()));
                let hint = if others.is_empty() {
                    String::new()
                } else {
                    let others: Vec<String> = others.iter().map(u16::to_string).collect();
                    format!(
                        ": it listens on {} instead, and should read its port from `PORT`",
                        others.join(", ")
                    )
                };
                format!("never opened its port {port} within {seconds} s{hint}")
            }
            other => format!("was never well within {seconds} s: {other}"),
        };
        match process.stop(GRACE).await {
            Ok(status) => self.change(|view| view.last_exit = Some(process::describe_exit(status))),
            Err(error) => tracing::warn!(%error, "the end of a process can't be read"),
        }
        End::Died { kind: EventKind::NeverReady, reason, ready_for: None, port_taken: false }
    }

    /// The process is ready: watch it until it ends or is told to.
    async fn watch(&mut self, mut process: Process, address: SocketAddr) -> End {
        let since = Instant::now();
        let path = self.context.spec.health.clone();
        self.well(address);
        let mut failed = 0;
        loop {
            let look = async {
                tokio::time::sleep(READY_INTERVAL).await;
                health::check(address, path.as_deref()).await
            };
            tokio::select! {
                status = process.ended() => return self.died(status, address.port(), Some(since.elapsed())),
                () = told(&mut self.stopped) => return end(process).await,
                outcome = look => match outcome {
                    Ok(()) => {
                        if failed >= FAILED_CHECKS {
                            self.well(address);
                        }
                        failed = 0;
                    }
                    Err(unwell) => {
                        failed += 1;
                        if failed == FAILED_CHECKS {
                            self.unwell(&unwell);
                        }
                    }
                },
            }
            if self.deaths.crash_loop() && failed == 0 && since.elapsed() >= WINDOW {
                self.deaths.forgive();
                self.well(address);
            }
        }
    }

    fn well(&self, address: SocketAddr) {
        let looping = self.deaths.crash_loop();
        self.change(|view| {
            view.backend = Some(address);
            view.healthy = true;
            view.ready_since_ms = Some(now_ms());
            if !looping {
                view.state = VersionState::Ready;
                view.reason = None;
            }
        });
        self.event(EventKind::Ready, format!("ready on port {}", address.port()));
    }

    fn unwell(&self, unwell: &Unwell) {
        self.change(|view| {
            view.healthy = false;
            view.ready_since_ms = None;
            view.reason = Some(unwell.to_string());
            if view.state == VersionState::Ready {
                view.state = VersionState::Failing;
            }
        });
        self.event(EventKind::Unhealthy, unwell.to_string());
    }

    fn died(
        &self,
        status: std::io::Result<std::process::ExitStatus>,
        port: u16,
        ready_for: Option<Duration>,
    ) -> End {
        let exit = status.map_or_else(|error| format!("an unknown end ({error})"), process::describe_exit);
        let last_line = self.context.log.take_last_line();
        let port_taken = ready_for.is_none()
            && last_line
                .as_deref()
                .is_some_and(|line| line.contains("in use") || line.contains("EADDRINUSE"));
        let when = match ready_for {
            None => format!("before it opened its port {port}"),
            Some(length) => format!("after {:.1} s of being ready", length.as_secs_f64()),
        };
        let said = last_line.map(|line| format!("; its last line: {line}")).unwrap_or_default();
        let reason = format!("ended with {exit} {when}{said}");
        self.change(|view| view.last_exit = Some(exit));
        End::Died { kind: EventKind::Died, reason, ready_for, port_taken }
    }

    fn gone(&self) {
        self.change(|view| {
            view.backend = None;
            view.healthy = false;
            view.pid = None;
            view.ready_since_ms = None;
        });
    }

    fn change(&self, with: impl FnOnce(&mut View)) {
        with(&mut lock(&self.view));
        self.context.changed.notify_one();
    }

    fn event(&self, kind: EventKind, message: impl Into<String>) {
        let restarts = lock(&self.view).restarts;
        self.context.events.add(Some(&self.context.spec.version), kind, restarts, message);
    }
}

async fn end(process: Process) -> End {
    if let Err(error) = process.stop(GRACE).await {
        tracing::warn!(%error, "the end of a process can't be read");
    }
    End::Told
}

async fn become_well(address: SocketAddr, path: Option<&str>, last: &mut Unwell) {
    while let Err(unwell) = health::check(address, path).await {
        *last = unwell;
        tokio::time::sleep(STARTING_INTERVAL).await;
    }
}

/// Returns once the replica has to stop; a sender that is gone means the same.
async fn told(stopped: &mut watch::Receiver<bool>) {
    if let Err(gone) = stopped.wait_for(|stop| *stop).await {
        tracing::debug!(%gone, "a replica lost its owner");
    }
}

fn tree_of(pid: u32) -> Vec<u32> {
    crate::usage::of_trees(&[pid], &crate::usage::processes()).pids
}

fn lock(view: &Mutex<View>) -> MutexGuard<'_, View> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}
