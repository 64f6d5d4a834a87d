use super::*;
use crate::client::{ShimError, read_answer};

fn spec(version: &str) -> VersionSpec {
    VersionSpec {
        version: version.into(),
        command: vec!["./app".into()],
        directory: "/app".into(),
        ..VersionSpec::default()
    }
}

fn desired() -> Desired {
    Desired {
        generation: 3,
        service: "shop".into(),
        environment: "production".into(),
        listen: ([127, 0, 0, 1], 8080).into(),
        versions: vec![spec("v1"), spec("v2")],
        weights: BTreeMap::from([("v1".into(), 90), ("v2".into(), 10)]),
        sticky: None,
        last_good: None,
    }
}

#[test]
fn a_desired_state_that_can_not_be_is_refused_with_the_reason() {
    assert_eq!(desired().mistake(), None);
    let with = |change: &dyn Fn(&mut Desired)| {
        let mut changed = desired();
        change(&mut changed);
        changed.mistake().unwrap()
    };
    assert_eq!(with(&|it| it.versions.push(spec("v1"))), "version `v1` is given twice");
    assert_eq!(with(&|it| it.versions[0].command.clear()), "version `v1` has no command");
    assert_eq!(
        with(&|it| it.versions[0].replicas = 0),
        "version `v1` wants 0 replicas, 1 to 64 are possible"
    );
    assert_eq!(with(&|it| it.versions[0].version = String::new()), "`` can't be the name of a version");
    assert_eq!(
        with(&|it| it.versions[0].health = Some("/a\r\nb".into())),
        "version `v1`: the health path `/a\\r\\nb` isn't a path"
    );
    assert_eq!(
        with(&|it| it.weights.extend([("v3".into(), 1)])),
        "there is a weight for `v3`, which isn't among the versions"
    );
    let many = with(&|it| it.versions = (0..40).map(|number| spec(&number.to_string())).collect());
    assert_eq!(many, "40 versions, at most 32 can run at a time");
}

#[test]
fn secrets_are_not_printed() {
    let secret =
        VersionSpec { secret_env: BTreeMap::from([("TOKEN".into(), "hunter22".into())]), ..spec("v1") };
    let printed = format!("{secret:?}");
    assert!(printed.contains("TOKEN") && !printed.contains("hunter22"), "{printed}");
}

#[test]
fn what_a_newer_build_says_is_understood_or_refused_clearly() {
    let refused = |line: &str| read_request(line.as_bytes()).unwrap_err();
    let unknown = refused(r#"{"protocol":9,"op":"migrate","to":"elsewhere"}"#);
    assert_eq!(unknown.code, "unknown_op");
    assert!(unknown.message.ends_with("doesn't know the op `migrate`"), "{unknown}");
    let more = read_request(br#"{"protocol":9,"op":"status","since":4,"colour":"blue"}"#).unwrap();
    assert_eq!(more, Request::Status { since: 4 });
    for malformed in
        ["", "[]", "7", "{}", "{\"op\":7}", "\u{0}", "{\"op\":\"apply\"}", "{\"op\":\"logs\",\"lines\":-1}"]
    {
        assert!(["malformed", "unknown_op"].contains(&refused(malformed).code.as_str()), "{malformed}");
    }
}

#[test]
fn a_state_of_a_newer_shim_is_unknown_and_no_error() {
    assert_eq!(serde_json::from_str::<VersionState>("\"hibernating\"").unwrap(), VersionState::Unknown);
    assert_eq!(serde_json::from_str::<VersionState>("\"crash_loop\"").unwrap(), VersionState::CrashLoop);
    assert_eq!(serde_json::from_str::<EventKind>("\"migrated\"").unwrap(), EventKind::Unknown);
}

#[test]
fn an_answer_is_read_or_says_why_not() {
    let hello = Hello { protocol: 1, pid: 7, boot_id: "b".into(), build: "0.1.0".into() };
    let line = write_answer(Ok(serde_json::to_value(&hello).unwrap()));
    assert_eq!(read_answer::<Hello>(&line).unwrap(), hello);
    let refusal = Refusal::new("failed", "no disk");
    let refused = read_answer::<Hello>(&write_answer(Err(refusal.clone()))).unwrap_err();
    assert!(matches!(refused, ShimError::Refused(it) if it == refusal));
    for torn in ["", "{}", "{\"protocol\":2,\"ok\":{}}", "nonsense"] {
        let error = read_answer::<Hello>(torn.as_bytes()).unwrap_err();
        assert!(matches!(error, ShimError::Unreadable { .. }), "{torn}: {error}");
    }
}

/// The file holds a real conversation of the first build that spoke protocol 1. It is never edited, only added to.
#[test]
fn the_recorded_conversation_is_understood() {
    let mut asked = Vec::new();
    for line in include_str!("recorded/protocol-1.jsonl").lines() {
        let recorded: Value = serde_json::from_str(line).unwrap();
        if let Some(request) = recorded.get("to_shim") {
            read_request(request.to_string().as_bytes()).unwrap();
            asked.push(request["op"].as_str().unwrap().to_owned());
            continue;
        }
        let answer = recorded["from_shim"].to_string();
        match asked.last().unwrap().as_str() {
            "hello" => assert_eq!(read_answer::<Hello>(answer.as_bytes()).unwrap().protocol, 1),
            "status" | "apply" => assert_eq!(read_answer::<Status>(answer.as_bytes()).unwrap().generation, 1),
            "metrics" => {
                assert!(read_answer::<MetricsReply>(answer.as_bytes()).unwrap().versions.contains_key("v1"))
            }
            "logs" => assert_eq!(read_answer::<LogLines>(answer.as_bytes()).unwrap().lines, ["listening"]),
            "stop" => drop(read_answer::<Value>(answer.as_bytes()).unwrap()),
            other => panic!("`{other}` isn't checked"),
        }
    }
    assert_eq!(asked.iter().collect::<std::collections::BTreeSet<_>>().len(), OPS.len(), "every op is in it");
}
