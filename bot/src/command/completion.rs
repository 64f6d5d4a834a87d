//! What may come next on a half-typed line. Pure: the names that exist are given.

use super::spec::Argument;
use super::{COMMANDS, command_named};

/// The names that exist at this moment, each list in the order in which it is offered.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Names {
    /// Services.
    pub services: Vec<String>,
    /// Versions, of any service.
    pub versions: Vec<String>,
    /// Environments.
    pub environments: Vec<String>,
    /// Runs, such as `RUN-7`.
    pub runs: Vec<String>,
    /// Incidents, such as `INC-7`.
    pub incidents: Vec<String>,
    /// Approvals, such as `APR-31`.
    pub approvals: Vec<String>,
}

/// How many candidates are offered at most.
const MOST: usize = 50;

/// The candidates for the last word of `line`, and the byte offset at which that word starts.
///
/// The line is what stands left of the cursor. A leading `@RUN-7 ` (the console's way into a thread) is
/// skipped, and after a bare `@` the runs, incidents and approvals themselves are offered.
pub fn complete(line: &str, names: &Names) -> (usize, Vec<String>) {
    let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let typed = line[start..].to_lowercase();
    let mut before: Vec<&str> = line[..start].split_whitespace().collect();
    if before.first().is_some_and(|word| word.starts_with('@')) {
        before.remove(0);
    } else if start == 0 && typed.starts_with('@') {
        let threads = names.runs.iter().chain(&names.incidents).chain(&names.approvals);
        return (start, starting_with(&typed, threads.map(|id| format!("@{id}"))));
    }
    let Some(first) = before.first() else {
        return (start, starting_with(&typed, COMMANDS.iter().map(|command| command.name().to_owned())));
    };
    let Some(command) = command_named(first) else {
        return (start, Vec::new());
    };
    let offered = command.arguments().iter().flat_map(|argument| values(*argument, names));
    let fresh = offered.filter(|value| !before.iter().any(|word| word.eq_ignore_ascii_case(value)));
    (start, starting_with(&typed, fresh))
}

fn values(argument: Argument, names: &Names) -> Vec<String> {
    match argument {
        Argument::Service => names.services.clone(),
        Argument::Version => names.versions.clone(),
        Argument::Environment => names.environments.clone(),
        Argument::Run => names.runs.clone(),
        Argument::Incident => names.incidents.clone(),
        Argument::Approval => names.approvals.clone(),
        Argument::Strategy => ["canary", "blue-green", "rolling"].map(str::to_owned).to_vec(),
        Argument::CommandName => COMMANDS.iter().map(|command| command.name().to_owned()).collect(),
        Argument::Time | Argument::Words => Vec::new(),
    }
}

fn starting_with(typed: &str, offered: impl Iterator<Item = String>) -> Vec<String> {
    offered.filter(|value| value.to_lowercase().starts_with(typed)).take(MOST).collect()
}
