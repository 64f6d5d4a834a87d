//! Who may do what. One function decides, on every path that starts work.

use crate::command::{Refusal, Role, command_named};
use crate::config::Config;
use orchestra_events::{Actor, Command};

/// A person with the role that the configuration gives them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Who.
    pub actor: Actor,
    /// Their role.
    pub role: Role,
}

impl Person {
    /// A person by name.
    pub fn named(name: &str, config: &Config) -> Self {
        let role = match config.people.get(name) {
            Some(role) => *role,
            None if config.people.is_empty() => Role::Admin,
            None => Role::Viewer,
        };
        Self { actor: Actor::person(name), role }
    }
}

/// Something that a person wants to do.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Act<'a> {
    /// A chat command, wherever it was typed or pressed.
    Command(&'a Command),
    /// Push a repository.
    Push,
    /// Hand out or drop what is among the dead letters.
    SettleDeadLetter,
    /// Stop every service of this machine.
    StopServices,
    /// Look at events, audit, dead letters, agents.
    Look,
}

impl Act<'_> {
    fn role(self) -> Role {
        match self {
            Act::Command(command) => {
                command_named(command.name()).map_or(Role::Admin, |command| command.role())
            }
            Act::Push | Act::SettleDeadLetter | Act::StopServices => Role::Operator,
            Act::Look => Role::Viewer,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Act::Command(command) => command.name(),
            Act::Push => "push",
            Act::SettleDeadLetter => "settle dead letters",
            Act::StopServices => "stop services",
            Act::Look => "look",
        }
    }
}

/// Whether the person may. Returns the role that permits it, for the audit.
///
/// # Errors
/// What is missing and whom to ask.
pub fn may(person: &Person, act: Act<'_>) -> Result<Role, Refusal> {
    let needed = act.role();
    if person.role.allows(needed) {
        return Ok(person.role);
    }
    let what =
        format!("{} may not {}: it needs the role {}", person.actor.spoken(), act.words(), needed.name());
    let instead = format!("ask someone who has it, or an admin to give it in {}", crate::config::FILE);
    Err(Refusal::new(what, instead))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::COMMANDS;

    fn person(role: Role) -> Person {
        Person { actor: Actor::person("kim"), role }
    }

    #[test]
    fn every_path_that_starts_work_asks_for_its_role() {
        let acts = [
            (Act::Push, Role::Operator),
            (Act::SettleDeadLetter, Role::Operator),
            (Act::StopServices, Role::Operator),
            (Act::Look, Role::Viewer),
        ];
        for (act, needed) in acts {
            for role in Role::ALL {
                assert_eq!(may(&person(role), act).is_ok(), role.allows(needed), "{act:?} as {role:?}");
            }
        }
        for command in COMMANDS {
            let example = crate::command::parse_line(command.examples()[0]).unwrap();
            for role in Role::ALL {
                let may = may(&person(role), Act::Command(&example)).is_ok();
                assert_eq!(may, role.allows(command.role()), "{} as {role:?}", command.name());
            }
        }
    }

    #[test]
    fn with_nobody_listed_the_users_of_the_machine_are_admins_and_with_somebody_the_others_may_look() {
        let mut config = Config::default();
        assert_eq!(Person::named("kim", &config).role, Role::Admin);
        config.people.insert("ana".into(), Role::Admin);
        assert_eq!(Person::named("kim", &config).role, Role::Viewer);
        let refusal = may(&Person::named("kim", &config), Act::Push).unwrap_err();
        assert!(refusal.what.contains("@kim") && refusal.what.contains("operator"), "{refusal}");
    }
}
