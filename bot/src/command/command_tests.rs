//! Every command keeps the promises of its own help, and strict lines mean what they say.

use super::*;
use orchestra_events::command::Command;

#[test]
fn every_example_parses_to_the_command_that_shows_it() {
    for command in COMMANDS {
        assert!(!command.examples().is_empty(), "{} has no example", command.name());
        for example in command.examples() {
            let parsed = parse_line(example).unwrap_or_else(|refusal| panic!("{example}: {refusal}"));
            assert_eq!(parsed.name(), command.name(), "{example}");
        }
    }
}

#[test]
fn names_and_aliases_are_unique_and_help_says_something() {
    let mut seen = std::collections::BTreeSet::new();
    for command in COMMANDS {
        for word in std::iter::once(&command.name()).chain(command.aliases()) {
            assert!(seen.insert(*word), "`{word}` begins two commands");
        }
        assert!(command.usage().starts_with(command.name()));
        assert!(command.one_line().len() > 10 && !command.one_line().ends_with('.'));
        assert!(command.long_help().len() > 40 && command.long_help().ends_with('.'));
    }
    assert_eq!(COMMANDS.len(), 13);
}

#[test]
fn lines_mean_what_they_say() {
    let deploy = |version: Option<&str>, environment: Option<&str>, strategy: Option<&str>| Command::Deploy {
        service: "checkout".into(),
        version: version.map(Into::into),
        environment: environment.map(Into::into),
        strategy: strategy.map(Into::into),
    };
    let table = [
        ("deploy checkout", deploy(None, None, None)),
        ("/deploy checkout a1b2c3d", deploy(Some("a1b2c3d"), None, None)),
        (
            "DEPLOY checkout v2.0.0-rc1 to prd blue/green",
            deploy(Some("v2.0.0-rc1"), Some("production"), Some("blue-green")),
        ),
        ("deploy checkout to eu-west", deploy(None, Some("eu-west"), None)),
        ("abort", Command::Abort { service: None }),
        (
            "deny apr31: too risky",
            Command::Deny { id: Some("APR-31".into()), reason: Some("too risky".into()) },
        ),
        (
            "freeze prod for 2 hours",
            Command::Freeze {
                environment: Some("production".into()),
                service: None,
                until: Some("2h".into()),
            },
        ),
        ("unfreeze checkout", Command::Unfreeze { environment: None, service: Some("checkout".into()) }),
        ("status run-7", Command::Status { service: None, run: Some("RUN-7".into()), incident: None }),
        (
            "rollback checkout to 1.4.1 in stg",
            Command::Rollback {
                service: Some("checkout".into()),
                to: Some("1.4.1".into()),
                environment: Some("staging".into()),
            },
        ),
    ];
    for (line, expected) in table {
        assert_eq!(parse_line(line), Ok(expected), "{line}");
    }
}

#[test]
fn what_is_wrong_is_said_with_what_to_type_instead() {
    let table = [
        ("", "nothing was asked"),
        ("depoly checkout", "did you mean `deploy`"),
        ("deploy", "no service was named"),
        ("deploy checkout 1.0.0 1.0.1", "cannot both be the version"),
        ("deploy checkout canary rolling", "cannot both be the strategy"),
        ("approve checkout", "not one approval"),
        ("pause checkout payments", "one word too many"),
        ("logs ;rm", "is not a name"),
    ];
    for (line, said) in table {
        let refusal = parse_line(line).expect_err(line);
        assert!(refusal.to_string().contains(said), "{line}: {refusal}");
    }
    assert!(parse_line(&"deploy ".repeat(10_000)).is_err());
}

#[test]
fn a_role_covers_what_it_should_and_no_more() {
    use Role::{Admin, Approver, Operator, Viewer};
    let table = [
        (Viewer, [true, false, false, false]),
        (Operator, [true, true, false, false]),
        (Approver, [true, false, true, false]),
        (Admin, [true, true, true, true]),
    ];
    for (role, expected) in table {
        assert_eq!(Role::ALL.map(|needed| role.allows(needed)), expected, "{role:?}");
        assert_eq!(Role::named(role.name()), Some(role));
    }
}

#[test]
fn completion_offers_what_fits_the_place() {
    let names = Names {
        services: vec!["checkout".into(), "payments".into()],
        versions: vec!["1.4.2".into()],
        environments: vec!["production".into()],
        runs: vec!["RUN-7".into()],
        incidents: vec!["INC-2".into()],
        approvals: vec!["APR-3".into()],
    };
    assert_eq!(complete("ro", &names), (0, vec!["rollback".to_owned()]));
    assert_eq!(complete("deploy che", &names), (7, vec!["checkout".to_owned()]));
    assert_eq!(complete("deploy checkout 1", &names).1, ["1.4.2"]);
    assert_eq!(complete("deploy checkout c", &names).1, ["canary"]);
    assert_eq!(complete("@r", &names).1, ["@RUN-7"]);
    assert_eq!(complete("@RUN-7 pro", &names), (7, vec!["promote".to_owned()]));
    assert_eq!(complete("help fr", &names).1, ["freeze"]);
    assert!(complete("nonsense x", &names).1.is_empty());
    assert_eq!(complete("é", &names), (0, vec![]));
}
