use super::*;

fn plan() -> Plan {
    Plan {
        workspace: "/data/work/7".into(),
        writable: vec!["/data/cache".into()],
        network: false,
        limits: Limits {
            cpu_seconds: Some(60),
            memory_bytes: None,
            file_bytes: None,
            processes: None,
            open_files: None,
        },
    }
}

fn wrapped(kind: Kind, plan: &Plan) -> String {
    let mut confinement = Confinement::of(kind, None);
    confinement.readable = vec!["/home/ada/.rustup".into()];
    confinement.orchestra = "/opt/orchestra".into();
    let line = confinement.wrap(plan, &["make".into(), "--silent".into()]);
    line.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn bubblewrap_sets_the_limits_from_within() {
    let line = wrapped(Kind::Bubblewrap, &plan());
    assert!(
        line.starts_with("bwrap --unshare-all --die-with-parent --new-session --cap-drop ALL "),
        "{line}"
    );
    assert!(line.contains("--ro-bind-try /home/ada/.rustup /home/ada/.rustup "), "{line}");
    let end = "--bind /data/work/7 /data/work/7 --bind /data/cache /data/cache --remount-ro / --chdir /data/work/7 -- \
        /run/orchestra shim confine --cpu-seconds 60 -- make --silent";
    assert!(line.ends_with(end), "{line}");
    assert!(!line.contains("--share-net"));
    assert!(wrapped(Kind::Bubblewrap, &Plan { network: true, ..plan() }).contains(" --share-net "));
}

#[test]
fn landlock_allows_the_workspace_and_its_own_temporary_folder() {
    let line = wrapped(Kind::Landlock(7), &plan());
    assert!(
        line.starts_with("/opt/orchestra shim confine --cpu-seconds 60 --group --landlock --no-network "),
        "{line}"
    );
    assert!(line.contains(" --temporary /data/work/7.tmp "), "{line}");
    assert!(line.ends_with(" --read-write /data/work/7 --read-write /data/cache -- make --silent"), "{line}");
    assert!(!line.contains("--read-write /tmp"), "{line}");
}

#[test]
fn without_anything_there_are_still_limits() {
    assert_eq!(
        wrapped(Kind::None, &plan()),
        "/opt/orchestra shim confine --cpu-seconds 60 --group -- make --silent"
    );
}

#[test]
fn the_description_says_what_is_not_held() {
    let reason = || Some("bubblewrap isn't installed".to_owned());
    for (kind, reason, part) in [
        (Kind::Bubblewrap, None, "own files, processes and network"),
        (Kind::Landlock(7), reason(), "no TCP; UDP isn't held"),
        (Kind::Landlock(3), reason(), "the network isn't held"),
        (Kind::None, reason(), "(bubblewrap isn't installed)"),
    ] {
        let described = Confinement::of(kind, reason).describe();
        assert!(described.contains(part), "{described}");
    }
}
