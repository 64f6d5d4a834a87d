//! Services that don't come up, or don't stay up: each ends in a clear message, and others don't notice.

use orchestra_events::pipeline::Outcome;
use orchestra_tests::traffic::get;
use orchestra_tests::{Manner, Traffic, World};
use std::net::TcpListener;

fn says(thread: &str, words: &[&str]) {
    for words in words {
        assert!(thread.contains(words), "`{words}` is not said:\n{thread}");
    }
}

#[test]
fn a_service_that_never_gets_healthy_fails_and_another_repository_goes_live_beside_it() {
    let world = World::begins();
    let ill = world.repository("ill");
    ill.serves(Manner::NeverHealthy, "ill");
    let well = world.repository("well");
    let version = well.serves(Manner::Good, "well");

    let failing = world.push(&ill);
    let going = world.push(&well);
    world.ends(going, Outcome::Live);
    assert_eq!(world.live("well"), Some(version));
    world.ends(failing, Outcome::Failed);
    says(&world.thread(failing), &["health", "500"]);
    assert_eq!(get(ill.port, "/"), None, "what never was well must not listen");
    assert_eq!(get(well.port, "/"), Some((200, "well".to_owned())));
}

#[test]
fn a_service_that_lives_and_never_opens_its_port_fails() {
    let world = World::begins();
    let shop = world.repository("shop");
    shop.serves(Manner::NeverListens, "deaf");
    let run = world.push(&shop);
    world.ends(run, Outcome::Failed);
    says(&world.thread(run), &["port", "deaf begins"]);
    assert_eq!(get(shop.port, "/"), None);
}

#[test]
fn a_service_that_dies_after_its_first_good_answer_fails() {
    let world = World::begins();
    let shop = world.repository("shop");
    shop.serves(Manner::DiesAfterFirstAnswer, "short");
    let run = world.push(&shop);
    world.ends(run, Outcome::Failed);
    says(&world.thread(run), &["exit", "7"]);
    assert_eq!(world.live("shop"), None);
}

#[test]
fn a_version_that_crashes_again_and_again_in_its_rollout_is_taken_back() {
    let world = World::begins();
    let shop = world.repository("shop").with("analysis: 7s", "analysis: 25s");
    let good = shop.serves(Manner::Good, "good");
    world.goes_live(&shop);
    let traffic = Traffic::on(shop.port, 60);
    shop.serves(Manner::DiesSoon, "brittle");
    let run = world.push(&shop);
    world.ends(run, Outcome::RolledBack);
    says(&world.thread(run), &["refused"]);
    assert_eq!(world.live("shop"), Some(good));
    assert!(traffic.stop().0 > 100);
    assert_eq!(get(shop.port, "/"), Some((200, "good".to_owned())));
}

#[test]
fn a_port_that_another_process_has_is_told_and_works_once_it_is_free() {
    let world = World::begins();
    let shop = world.repository("shop");
    shop.serves(Manner::Good, "one");
    let other = TcpListener::bind(("127.0.0.1", shop.port)).unwrap();
    let run = world.push(&shop);
    world.ends(run, Outcome::Failed);
    says(&world.thread(run), &[&format!("port {} can't be used", shop.port)]);
    drop(other);

    let version = shop.commits("again");
    world.goes_live(&shop);
    assert_eq!(world.live("shop"), Some(version));
}

#[test]
fn a_service_name_that_another_repository_has_is_refused_and_stays_with_its_owner() {
    let world = World::begins();
    let shop = world.repository("shop");
    let version = shop.serves(Manner::Good, "mine");
    world.goes_live(&shop);
    let copy = world.repository("copy").with("- name: copy", "- name: shop");
    copy.serves(Manner::Good, "theirs");
    let run = world.push(&copy);
    world.ends(run, Outcome::Failed);
    says(&world.thread(run), &["belongs to `shop`"]);
    assert_eq!(world.live("shop"), Some(version));
    assert_eq!(get(shop.port, "/"), Some((200, "mine".to_owned())));
}
