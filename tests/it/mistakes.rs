//! What a push can have wrong before anything is deployed: each ends in a clear message in the thread.

use orchestra_events::pipeline::Outcome;
use orchestra_tests::{Manner, Repository, World};

/// Pushes, expects exit 1, and returns all that was said.
fn refused(world: &World, repository: &Repository) -> String {
    let said = world.push_and_wait(repository);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert_eq!(world.live(&repository.name), None);
    said.out
}

fn says(told: &str, words: &[&str]) {
    for words in words {
        assert!(told.contains(words), "`{words}` is not said:\n{told}");
    }
}

#[test]
fn a_repository_that_does_not_build_is_told_with_what_the_build_wrote() {
    let world = World::begins();
    let shop = world
        .repository("shop")
        .with("tool: pip", "tool: custom\n  command: echo 'no rule for the roof' && exit 3");
    shop.serves(Manner::Good, "one");
    says(&refused(&world, &shop), &["the build with custom failed", "no rule for the roof"]);
}

#[test]
fn tests_that_fail_are_told_by_name_and_tests_without_a_report_do_not_pass() {
    let world = World::begins();
    let shop = world.repository("shop").with("enabled: false", "enabled: true\n  framework: unittest");
    shop.writes(
        "test_price.py",
        "import unittest\n\nclass Price(unittest.TestCase):\n    def test_tea(self):\n        self.assertEqual(1, 2)\n\n    \
         def test_cup(self):\n        pass\n",
    );
    shop.serves(Manner::Good, "one");
    says(&refused(&world, &shop), &["1 of 2 tests failed", "test_tea"]);

    let till =
        world.repository("till").with("enabled: false", "enabled: true\n  command: echo 12 tests passed");
    till.serves(Manner::Good, "one");
    says(&refused(&world, &till), &["no result", "report"]);
}

#[test]
fn tests_that_hang_are_ended_at_their_bound() {
    let world = World::configured("[builds]\nseconds = 3\n");
    let shop = world.repository("shop").with("enabled: false", "enabled: true\n  framework: unittest");
    shop.writes("test_wait.py", "import time\ntime.sleep(3600)\n");
    shop.serves(Manner::Good, "one");
    says(&refused(&world, &shop), &["no result", "took too long and was ended"]);
    assert!(world.processes().is_empty(), "left behind: {:?}", world.processes());
}

#[test]
fn a_committed_secret_is_refused_with_its_place_and_never_told_itself() {
    let world = World::begins();
    let shop = world.repository("shop");
    // Put together here, so that the secret does not stand in this file.
    let secret = format!("ghp_{}", "aB3dE6gH9kL2mN5pQ8sT1vW4xY7zA0bC3dE6");
    shop.writes("settings.py", &format!("import os\n\nTOKEN = \"{secret}\"\n"));
    shop.serves(Manner::Good, "one");
    let told = refused(&world, &shop);
    says(&told, &["code analysis refused", "settings.py:3", "GitHub token"]);
    assert!(!told.contains(&secret), "the secret itself is told:\n{told}");
}

#[test]
fn every_mistake_of_the_file_is_told_at_once() {
    let world = World::begins();
    let shop = world
        .repository("shop")
        .with("strategy: canary", "strategy: canery")
        .with("port: ", "port: 9")
        .with("enabled: false", "enbled: false");
    let shop = shop.with("weight: 50", "weight: 150");
    shop.serves(Manner::Good, "one");
    let told = refused(&world, &shop);
    says(&told, &["deployment.strategy", "testing.enbled", "weight", "did you mean"]);
    let file = shop.folder.join("devops_orchestra.yaml");
    let check = world.orchestra(&["check", &file.display().to_string(), "--json"]);
    assert_eq!(check.code, 1);
    let check: serde_json::Value = serde_json::from_str(&check.out).unwrap();
    assert_eq!(check["ok"], false);
    assert!(check["findings"].as_array().unwrap().len() >= 3, "{check}");
}

#[test]
fn what_is_no_repository_and_what_is_no_branch_are_told() {
    let world = World::begins();
    let plain = world.folder().join("plain");
    std::fs::create_dir(&plain).unwrap();
    let said = world.orchestra(&["push", &plain.display().to_string(), "--wait"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    says(&said.out, &["is not a git repository"]);

    let said = world.orchestra(&["push", "/nowhere/at/all", "--wait"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    says(&said.out, &["/nowhere/at/all"]);

    let shop = world.repository("shop");
    shop.serves(Manner::Good, "one");
    let said = world.orchestra(&["push", &shop.folder.display().to_string(), "--branch", "mian", "--wait"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    says(&said.out, &["there is no branch `mian`", "did you mean `main`"]);
}

#[test]
fn a_machine_without_git_says_so() {
    let mut world = World::asleep();
    let shop = world.repository("shop");
    shop.serves(Manner::Good, "one");
    let empty = world.folder().join("bin");
    std::fs::create_dir(&empty).unwrap();
    world.sets("PATH", &empty.display().to_string());
    world.wakes();
    let run = world.push(&shop);
    world.ends(run, Outcome::Failed);
    says(&world.thread(run), &["git is not installed on this machine"]);
}
