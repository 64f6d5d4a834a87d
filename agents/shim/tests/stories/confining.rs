//! Commands that try what a build must not, under each kind of confinement that this machine has.

use std::process::{Command, Output};

use orchestra_shim::{Confinement, Kind, Limits, Plan};

use crate::kit::orchestra;

/// The kinds that work here; Landlock is tried beside bubblewrap, as other machines have only that.
fn kinds() -> Vec<Confinement> {
    let detected = Confinement::detect();
    let mut all = vec![detected.clone()];
    if detected.kind == Kind::Bubblewrap {
        all.push(Confinement::of(Kind::Landlock(6), None));
    }
    assert_ne!(detected.kind, Kind::None, "this machine can't confine at all: {}", detected.describe());
    all.into_iter().map(|confinement| Confinement { orchestra: orchestra(), ..confinement }).collect()
}

struct Build {
    _kept: tempfile::TempDir,
    plan: Plan,
}

impl Build {
    fn new() -> Self {
        let kept = tempfile::tempdir().unwrap();
        let workspace = kept.path().join("work");
        std::fs::create_dir(&workspace).unwrap();
        std::fs::write(kept.path().join("secret"), "hunter22").unwrap();
        let plan = Plan { workspace, writable: vec![], network: false, limits: Limits::default() };
        Self { _kept: kept, plan }
    }

    fn run(&self, confinement: &Confinement, script: &str) -> Output {
        let line = confinement.wrap(&self.plan, &["/bin/sh".into(), "-c".into(), script.into()]);
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).env_clear().env("PATH", "/usr/bin:/bin").current_dir(&self.plan.workspace);
        command.output().unwrap()
    }

    fn says(&self, confinement: &Confinement, script: &str) -> String {
        let output = self.run(confinement, script);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script} under {:?}: {errors}", confinement.kind);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

#[test]
fn a_build_works_in_its_workspace_and_has_a_place_for_temporary_files() {
    for confinement in kinds() {
        let build = Build::new();
        assert_eq!(build.says(&confinement, "echo made > out; cat out; ls -d /usr"), "made\n/usr");
        assert_eq!(std::fs::read_to_string(build.plan.workspace.join("out")).unwrap(), "made\n");
        assert_eq!(
            build.says(&confinement, "echo x > $TMPDIR/y && cat $TMPDIR/y && echo z > /dev/null"),
            "x"
        );
    }
}

#[test]
fn what_lies_outside_can_neither_be_read_nor_written() {
    for confinement in kinds() {
        let build = Build::new();
        for script in [
            "cat ../secret",
            "cat /etc/shadow",
            "ls /var/log",
            "echo x > /new",
            "echo x > /usr/new",
            "echo x > /etc/new",
        ] {
            let output = build.run(&confinement, script);
            assert!(!output.status.success(), "`{script}` works under {:?}", confinement.kind);
            assert!(output.stdout.is_empty());
        }
        // Bubblewrap has a private folder there, so it may seem to work.
        build.run(&confinement, "echo x > ../new");
        assert!(!build.plan.workspace.join("../new").exists());
    }
}

#[test]
fn the_network_is_off_unless_it_is_allowed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let program =
        format!("import socket; socket.create_connection(('127.0.0.1', {port}), 2); print('connected')");
    let script = format!("/usr/bin/env python3 -c \"{program}\"");
    for confinement in kinds() {
        let mut build = Build::new();
        let refused = build.run(&confinement, &script);
        assert!(!refused.status.success(), "connected under {:?}", confinement.kind);
        let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(errors.contains("Error"), "python ran and was refused: {errors}");
        build.plan.network = true;
        assert_eq!(build.says(&confinement, &script), "connected");
    }
}

#[test]
fn limits_hold() {
    for confinement in kinds() {
        let mut build = Build::new();
        build.plan.limits.file_bytes = Some(1 << 20);
        build.plan.limits.open_files = Some(64);
        build.plan.limits.cpu_seconds = Some(1);
        assert!(!build.run(&confinement, "head -c 2000000 /dev/zero > big").status.success());
        assert!(std::fs::metadata(build.plan.workspace.join("big")).unwrap().len() <= 1 << 20);
        assert_eq!(build.says(&confinement, "ulimit -n; ulimit -c"), "64\n0");
        let endless = build.run(&confinement, "while :; do :; done");
        assert!(!endless.status.success(), "an endless loop is ended");
    }
}

#[test]
fn other_processes_can_not_be_signalled() {
    for confinement in kinds() {
        let build = Build::new();
        let script = format!("kill -0 {}", std::process::id());
        assert!(!build.run(&confinement, &script).status.success(), "{:?}", confinement.kind);
    }
}

#[test]
fn a_program_that_is_not_there_is_said() {
    for confinement in kinds() {
        let build = Build::new();
        let line = confinement.wrap(&build.plan, &["no-such-program".into()]);
        let output =
            Command::new(&line[0]).args(&line[1..]).current_dir(&build.plan.workspace).output().unwrap();
        assert_eq!(output.status.code(), Some(127));
        assert!(String::from_utf8_lossy(&output.stderr).contains("`no-such-program` can't be started"));
    }
}
