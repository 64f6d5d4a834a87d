//! `deny`: say no to what waits for approval.

use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal};
use super::words::id;
use orchestra_events::command::Command;

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 500;

/// `deny`: see [`ChatCommand::long_help`].
pub struct Deny;

impl ChatCommand for Deny {
    fn name(&self) -> &'static str {
        "deny"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["reject"]
    }

    fn usage(&self) -> &'static str {
        "deny [APR-31] [REASON]"
    }

    fn one_line(&self) -> &'static str {
        "say no to what waits for approval"
    }

    fn long_help(&self) -> &'static str {
        "Records your no, and why; what waited ends there. \
         In the thread of an approval the id may be left out."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["deny APR-31 load test has not run", "deny APR-31", "deny"]
    }

    fn role(&self) -> Role {
        Role::Approver
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Approval, Argument::Words]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        let (approval, rest) = match words.split_first() {
            Some((first, rest)) => match id("APR", first.trim_end_matches([':', ','])) {
                Some(found) => (Some(found), rest),
                None => (None, words),
            },
            None => (None, words),
        };
        let reason: String = rest.join(" ").chars().take(LONGEST_REASON).collect();
        Ok(Command::Deny { id: approval, reason: (!reason.is_empty()).then_some(reason) })
    }
}
