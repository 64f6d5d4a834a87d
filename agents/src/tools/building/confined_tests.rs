//! What tests of confined commands share, and what the walls hold.
//!
//! The confinement starts itself from the `orchestra` binary. Here this very test program plays that
//! part for Landlock: it is started again for one ignored test, which becomes the command. For
//! bubblewrap the shim's own example binary is used where it has been built.

use std::ffi::{OsStr, OsString};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use orchestra_shim::{Confinement, Kind};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing_support::skipped;
use crate::tools::archive::{Bounds, pack};

const ORDERS: &str = "ORCHESTRA_TEST_ORDERS";

/// Not a test: the program that `orchestra shim confine` would be, see above.
#[test]
#[ignore = "it is started by other tests"]
fn becomes_the_confined_command() {
    let Some(orders) = std::env::var_os(ORDERS) else { return };
    let orders = orders.into_string().unwrap();
    let orders: Vec<OsString> = orders.split('\u{1f}').map(OsString::from).collect();
    let code = orchestra_shim::confine::confine_main(&orders);
    panic!("the command did not start: {code:?}");
}

fn landlock() -> Option<Wrapper> {
    let detected = Confinement::of(Kind::Landlock(6), None);
    let inner = confined_by(detected);
    let program = std::env::current_exe().unwrap().into_os_string();
    Some(std::sync::Arc::new(move |walls: &Walls, command: &[OsString]| {
        let line = inner(walls, command);
        // Behind the program stand the words `shim` and `confine`, then the orders.
        let mut orders = OsString::from(format!("{ORDERS}="));
        orders.push(line[3..].join(OsStr::new("\u{1f}")));
        let name = "tools::building::confined_tests::becomes_the_confined_command";
        let mut argv: Vec<OsString> = vec!["/usr/bin/env".into(), orders, program.clone()];
        argv.extend(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"].map(OsString::from));
        argv
    }))
}

fn bubblewrap() -> Option<Wrapper> {
    let mut confinement = Confinement::detect();
    let folder = std::env::current_exe().unwrap().parent()?.parent()?.join("examples/orchestra");
    if confinement.kind != Kind::Bubblewrap || !folder.is_file() {
        skipped("bubblewrap", "it doesn't work here, or the shim's example isn't built");
        return None;
    }
    confinement.orchestra = folder;
    Some(confined_by(confinement))
}

/// Every confinement that can be tried on this machine.
pub(super) fn wrappers() -> Vec<(&'static str, Wrapper)> {
    let found = [("landlock", landlock()), ("bubblewrap", bubblewrap())];
    found.into_iter().filter_map(|(name, wrapper)| Some((name, wrapper?))).collect()
}

/// A source of these files, as an archive in `folder`, with a site request for it.
pub(super) fn request(folder: &Path, wrapper: Wrapper, files: &[(&str, &str)]) -> SiteRequest {
    let tree = folder.join("source of it");
    for (name, content) in files {
        let path = tree.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    std::fs::create_dir_all(&tree).unwrap();
    let source = folder.join("source.tar");
    pack(&tree, &[".".to_owned()], &source, Bounds::default()).unwrap();
    SiteRequest {
        source,
        context: None,
        folder: folder.join("work of it"),
        cache_bytes: 4 << 30,
        bounds: Bounds::default(),
        limits: Limits { wall: std::time::Duration::from_secs(240), ..Limits::default() },
        log: folder.join("log"),
        cancel: CancellationToken::new(),
        on_line: None,
        wrapper,
        toolchain: Toolchain::detect(),
    }
}

pub(super) fn shell(text: &str) -> Vec<String> {
    ["/bin/sh", "-c", text].map(str::to_owned).to_vec()
}

/// A folder for work that `/tmp` does not hold, because a confinement may have its own `/tmp`.
pub(super) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap()
}

async fn says(script: &str, network: Network) -> Vec<(&'static str, PathBuf, Ended, tempfile::TempDir)> {
    let mut all = Vec::new();
    for (name, wrapper) in wrappers() {
        let folder = folder();
        let site = Site::open(request(folder.path(), wrapper, &[("file", "content")])).await.unwrap();
        let ended = site.run(&shell(script), network).await.unwrap();
        all.push((name, site.directory().to_path_buf(), ended, folder));
    }
    assert!(!all.is_empty());
    all
}

#[tokio::test]
async fn the_workspace_can_be_written_and_nothing_else() {
    let outside = folder();
    let victim = outside.path().join("victim");
    std::fs::write(&victim, "untouched").unwrap();
    let script = format!(
        "cat file; echo made > made; echo t > \"$TMPDIR/t\" && echo h > \"$HOME/h\" && echo inside;
         echo changed > '{0}'; rm -f '{0}'; echo x > /usr/x; cat '{0}' && echo seen; true",
        victim.display()
    );
    for (name, _, ended, _folder) in says(&script, Network::Off).await {
        assert_eq!(ended.outcome, Outcome::Exit(0), "{name}: {}", ended.output_tail);
        assert!(ended.output_tail.contains("content"), "{name}: {}", ended.output_tail);
        assert!(ended.output_tail.contains("inside"), "{name}: {}", ended.output_tail);
        assert!(!ended.output_tail.contains("seen"), "{name}: {}", ended.output_tail);
    }
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "untouched");
    assert!(!Path::new("/usr/x").exists());
}

#[tokio::test]
async fn the_network_is_off_unless_it_is_asked_for() {
    if Toolchain::detect().find("bash").is_none() {
        skipped("bash", "there is none to connect with");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected'");
    for (network, expected) in [(Network::Off, false), (Network::On, true)] {
        for (name, _, ended, _folder) in says(&script, network).await {
            assert_eq!(ended.output_tail.contains("connected"), expected, "{name}: {}", ended.output_tail);
        }
    }
}

#[tokio::test]
async fn no_secret_of_the_environment_or_the_home_is_visible() {
    let home = folder();
    std::fs::create_dir(home.path().join(".ssh")).unwrap();
    std::fs::write(home.path().join(".ssh/id"), "hush-key").unwrap();
    let variables = [
        ("PATH", OsString::from("/usr/bin:/bin")),
        ("HOME", home.path().as_os_str().to_owned()),
        ("SLACK_BOT_TOKEN", "hush-token".into()),
    ];
    let variables = variables.map(|(name, value)| (OsString::from(name), value));
    for (name, wrapper) in wrappers() {
        let folder = folder();
        let mut request = request(folder.path(), wrapper, &[]);
        request.toolchain = Toolchain::from_variables(variables.clone());
        let site = Site::open(request).await.unwrap();
        let script = format!(
            "env; cat '{}'; cat /etc/shadow; cat /proc/$PPID/environ; true",
            home.path().join(".ssh/id").display()
        );
        let ended = site.run(&shell(&script), Network::Off).await.unwrap();
        let log = std::fs::read_to_string(&ended.log).unwrap();
        assert!(log.contains("PATH="), "{name}: {log}");
        // The last one is in the environment of this test program, which plays the server.
        for secret in ["hush", "root:", "CARGO_MANIFEST_DIR"] {
            assert!(!log.contains(secret), "{name}: {secret}: {log}");
        }
    }
}

#[tokio::test]
async fn confined_processes_are_found_and_ended() {
    let script = "trap '' TERM; (setsid sleep 987661 &); setsid setsid sleep 987661 & sleep 987661";
    for (name, wrapper) in wrappers() {
        let folder = folder();
        let mut request = request(folder.path(), wrapper, &[]);
        request.limits.wall = std::time::Duration::from_millis(1500);
        let site = Site::open(request).await.unwrap();
        let ended = site.run(&shell(script), Network::Off).await.unwrap();
        assert_eq!(ended.outcome, Outcome::TimedOut, "{name}: {}", ended.output_tail);
        let left = std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            words == b"sleep\x00987661\0"
        });
        assert!(!left, "{name}");
    }
}

#[tokio::test]
async fn a_context_is_a_folder_of_the_tree() {
    for (name, wrapper) in wrappers() {
        let folder = folder();
        let mut request = request(folder.path(), wrapper, &[("in ner/file", "in"), ("top", "top")]);
        for (context, fine) in
            [("in ner", true), ("./in ner/", true), ("../x", false), ("/etc", false), ("top", false)]
        {
            request.context = Some(context.to_owned());
            let opened = Site::open(request.clone()).await;
            assert_eq!(opened.is_ok(), fine, "{name} {context}");
            let Ok(site) = opened else { continue };
            let ended = site.run(&shell("cat file ../top"), Network::Off).await.unwrap();
            assert!(ended.output_tail.contains("intop"), "{name}: {}", ended.output_tail);
        }
    }
}
