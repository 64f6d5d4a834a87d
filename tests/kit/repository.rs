//! Git repositories of small services.

use crate::Manner;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The file's name.
const FILE: &str = "devops_orchestra.yaml";

/// A git repository of a service that is called like it.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Where it is.
    pub folder: PathBuf,
    /// The repository's and the service's name.
    pub name: String,
    /// The service's port.
    pub port: u16,
    file: String,
}

/// A port that nobody has at this moment.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

impl Repository {
    /// An empty repository below a folder, with a file that takes a version live in a few seconds: one canary step
    /// at half the traffic, then all of it.
    pub fn new(below: &Path, name: &str) -> Self {
        let folder = below.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let port = free_port();
        let file = format!(
            "project:\n  name: {name}\nbuild:\n  tool: pip\ntesting:\n  enabled: false\ndeployment:\n  strategy: canary\n  \
             environment: staging\n  services:\n    - name: {name}\n      port: {port}\n      command: python3 app.py\n      \
             health: /health\n  canary:\n    steps:\n      - weight: 50\n        analysis: 7s\n      - 100\nrollback:\n  \
             threshold:\n    cpu: 100\n    errors: 5\n    duration: 3s\n"
        );
        let repository = Self { folder, name: name.to_owned(), port, file };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.writes(FILE, &repository.file);
        repository
    }

    /// Changes the file: every `from` becomes `to`.
    ///
    /// # Panics
    /// When the file has no `from`.
    #[must_use]
    pub fn with(mut self, from: &str, to: &str) -> Self {
        assert!(self.file.contains(from), "the file has no `{from}`:\n{}", self.file);
        self.file = self.file.replace(from, to);
        self.writes(FILE, &self.file);
        self
    }

    /// Adds lines at the file's end.
    #[must_use]
    pub fn with_more(mut self, lines: &str) -> Self {
        self.file.push_str(lines);
        self.writes(FILE, &self.file);
        self
    }

    /// Writes a file of the repository.
    pub fn writes(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes a service that behaves in a manner and commits it; returns the version's name.
    pub fn serves(&self, manner: Manner, mark: &str) -> String {
        self.writes("app.py", &manner.source(mark));
        self.commits(mark)
    }

    /// Commits everything; returns the version's name.
    pub fn commits(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        orchestra_events::pipeline::version_of(&self.git(&["rev-parse", "HEAD"]))
    }

    /// Runs git in the repository; returns what it wrote.
    ///
    /// # Panics
    /// When git fails.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}
