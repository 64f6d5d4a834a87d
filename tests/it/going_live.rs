//! A push that is good goes live by itself.

use orchestra_tests::traffic::get;
use orchestra_tests::{Manner, Traffic, World};

#[test]
fn a_first_version_goes_live_on_its_health_and_a_second_one_after_a_canary_under_load() {
    let world = World::begins();
    let shop = world.repository("shop");

    let first = shop.serves(Manner::Good, "one");
    let said = world.push_and_wait(&shop);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("It is the first version"), "{}", said.out);
    assert_eq!(world.live("shop"), Some(first));
    assert_eq!(get(shop.port, "/"), Some((200, "one".to_owned())));

    let second = shop.serves(Manner::Good, "two");
    let traffic = Traffic::on(shop.port, 100);
    let said = world.push_and_wait(&shop);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("takes 50 % of the traffic"), "{}", said.out);
    assert!(said.out.contains("is as good as"), "{}", said.out);
    assert!(said.out.contains("takes all traffic") || said.out.contains("is live"), "{}", said.out);
    assert_eq!(world.live("shop"), Some(second.clone()));
    assert_eq!(get(shop.port, "/"), Some((200, "two".to_owned())));
    let (answered, failed, unanswered) = traffic.stop();
    assert!(answered > 100, "the load was not there: {answered}");
    assert_eq!((failed, unanswered), (0, 0), "a change of version was felt");

    let status = world.orchestra(&["status"]);
    assert_eq!(status.code, 0);
    assert!(status.out.contains("shop") && status.out.contains(&second), "{}", status.out);
    let status = world.orchestra(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(status["server"], world.pid());
    assert_eq!(status["status"]["services"][0]["version"], second.as_str());
}
