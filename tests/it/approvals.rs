//! Deployments to production wait for the yes of someone else.

use orchestra_bot::app::App;
use orchestra_bot::desk::{Answer, Ask};
use orchestra_bot::policy::Person;
use orchestra_bot::user;
use orchestra_events::RunId;
use orchestra_events::pipeline::{Hold, Outcome};
use orchestra_tests::world::PATIENCE;
use orchestra_tests::{Manner, Repository, World};
use rustix::process::Signal;

/// A world in which production asks for approval, of whoever runs the tests and of kim.
fn world() -> (World, Repository) {
    let me = user::current();
    let people = format!(
        "[approvals]\nproduction = true\n[people]\n{me} = \"admin\"\nkim = \"approver\"\nlee = \"viewer\"\n"
    );
    let world = World::configured(&people);
    let shop = world.repository("shop").with("environment: staging", "environment: production");
    (world, shop)
}

fn waits_for_approval(world: &World, shop: &Repository) -> RunId {
    let run = world.push(shop);
    let hold = world.holds(run, |hold| matches!(hold, Hold::Approval(_)));
    assert_eq!(hold, Hold::Approval(format!("APR-{}", run.0)));
    world.hears(run, "needs an approval", PATIENCE);
    run
}

/// Lets another person say something while the server does not run; it is followed when it wakes.
fn someone_says(world: &mut World, name: &str, sentence: &str) -> String {
    assert_eq!(world.ends_on(Signal::TERM), 0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let answer = runtime.block_on(async {
        let app = App::open(world.data()).await.expect("the folder is free");
        let person = Person::named(name, &app.config);
        app.desk.answer(&person, Ask::Say { text: sentence.to_owned(), thread: None }).await
    });
    drop(runtime);
    world.wakes();
    match answer {
        Answer::Said(Some(message)) => serde_json::to_string(&message).expect("a message is JSON"),
        other => format!("{other:?}"),
    }
}

#[test]
fn whoever_pushed_cannot_approve_and_an_approver_can() {
    let (mut world, shop) = world();
    let version = shop.serves(Manner::Good, "one");
    let run = waits_for_approval(&world, &shop);
    world.says(&format!("approve APR-{}", run.0));
    world.hears(run, "can't approve it", PATIENCE);
    let answer = someone_says(&mut world, "lee", &format!("approve APR-{}", run.0));
    assert!(answer.contains("@lee may not approve"), "{answer}");
    assert!(world.run(run).row.state.deployment.hold.is_some(), "a viewer's yes was followed");

    someone_says(&mut world, "kim", &format!("approve APR-{}", run.0));
    world.ends(run, Outcome::Live);
    assert!(world.thread(run).contains("approved by @kim"), "{}", world.thread(run));
    assert_eq!(world.live("shop"), Some(version));
}

#[test]
fn a_denied_deployment_is_refused_and_nothing_of_it_runs() {
    let (world, shop) = world();
    shop.serves(Manner::Good, "one");
    let run = waits_for_approval(&world, &shop);
    world.says(&format!("deny APR-{} the load test has not run", run.0));
    world.ends(run, Outcome::Refused);
    assert!(world.thread(run).contains("the load test has not run"), "{}", world.thread(run));
    assert_eq!(world.live("shop"), None);
    assert!(world.processes().is_empty(), "{:?}", world.processes());
}
