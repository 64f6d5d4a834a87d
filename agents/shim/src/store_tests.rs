use std::collections::BTreeMap;

use super::*;
use crate::protocol::VersionSpec;

fn desired(last_good: Option<&str>) -> Desired {
    let spec = |name: &str| VersionSpec {
        version: name.into(),
        command: vec!["true".into()],
        ..VersionSpec::default()
    };
    Desired {
        generation: 7,
        service: "shop".into(),
        environment: "production".into(),
        listen: ([127, 0, 0, 1], 8080).into(),
        versions: vec![spec("v1"), spec("v2")],
        weights: BTreeMap::from([("v1".into(), 90), ("v2".into(), 10)]),
        sticky: None,
        last_good: last_good.map(str::to_owned),
    }
}

#[tokio::test]
async fn what_was_wanted_comes_back_and_the_boot_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let boot = crate::identity::boot_id().unwrap();
    assert_eq!(load(folder.path(), &boot).unwrap(), Found::Nothing);
    save(folder.path(), &desired(Some("v1"))).await.unwrap();
    assert_eq!(load(folder.path(), &boot).unwrap(), Found::SameBoot(Box::new(desired(Some("v1")))));
    assert_eq!(load(folder.path(), "later").unwrap(), Found::EarlierBoot(Box::new(desired(Some("v1")))));
}

#[tokio::test]
async fn any_torn_file_is_put_aside_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), &desired(None)).await.unwrap();
    let path = folder.path().join(FILE);
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(load(folder.path(), "boot").unwrap(), Found::Broken(_)), "cut to {length} bytes");
        assert_eq!(load(folder.path(), "boot").unwrap(), Found::Nothing);
    }
}

#[test]
fn after_a_reboot_the_last_good_version_takes_everything() {
    let back = after_reboot(desired(Some("v1")));
    assert_eq!(back.versions.iter().map(|spec| spec.version.as_str()).collect::<Vec<_>>(), ["v1"]);
    assert_eq!(back.weights, BTreeMap::from([("v1".into(), 100)]));
    assert_eq!(back.generation, 7);
    for unproven in [None, Some("v0")] {
        let back = after_reboot(desired(unproven));
        assert!(back.versions.is_empty() && back.weights.is_empty(), "nothing unproven comes back");
    }
}
