//! `approve`: say yes to what waits for approval.

use super::line::is_small;
use super::role::Role;
use super::spec::{Argument, ChatCommand, Refusal, shown};
use super::words::id;
use orchestra_events::command::Command;

/// `approve`: see [`ChatCommand::long_help`].
pub struct Approve;

impl ChatCommand for Approve {
    fn name(&self) -> &'static str {
        "approve"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["lgtm"]
    }

    fn usage(&self) -> &'static str {
        "approve [APR-31]"
    }

    fn one_line(&self) -> &'static str {
        "say yes to what waits for approval"
    }

    fn long_help(&self) -> &'static str {
        "Records your yes. Whoever asked for a change cannot approve it alone. \
         In the thread of an approval the id may be left out."
    }

    fn examples(&self) -> &'static [&'static str] {
        &["approve APR-31", "approve"]
    }

    fn role(&self) -> Role {
        Role::Approver
    }

    fn arguments(&self) -> &'static [Argument] {
        &[Argument::Approval]
    }

    fn parse(&self, words: &[&str]) -> Result<Command, Refusal> {
        let mut approval = None;
        for word in words.iter().filter(|word| !is_small(word)) {
            match id("APR", word) {
                Some(found) if approval.is_none() => approval = Some(found),
                _ => {
                    return Err(Refusal::usage(self, format!("`{}` is not one approval", shown(word))));
                }
            }
        }
        Ok(Command::Approve { id: approval })
    }
}
