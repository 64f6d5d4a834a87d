//! What goes in and what comes out.

use crate::command::Refusal;
use orchestra_events::command::Command;

/// One message as it arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    /// The text with its formatting; at most [`LONGEST`] characters are looked at.
    pub text: String,
    /// The bot's thread that it was said in.
    pub thread: Option<ThreadAbout>,
    /// Whether the bot was addressed: a mention, a direct message, a line typed at its prompt.
    pub mention: bool,
}

/// The longest message that can be an order, in characters; longer ones are talk or pasted output.
pub const LONGEST: usize = 1_000;

/// What a thread of the bot is about; whatever is not known stays empty.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ThreadAbout {
    /// The run, such as `RUN-88`.
    pub run: Option<String>,
    /// The incident, such as `INC-7`.
    pub incident: Option<String>,
    /// The approval, such as `APR-31`.
    pub approval: Option<String>,
    /// The service that a command without a target means here.
    pub service: Option<String>,
    /// What the bot waits for here, when it waits for a person.
    pub awaits: Option<Awaits>,
}

/// What the bot waits for in a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Awaits {
    /// A yes or no.
    Approval,
    /// A decision on a rollout that paused: promote or abort.
    Promotion,
}

/// The names that exist at this moment.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Known {
    /// Services.
    pub services: Vec<String>,
    /// Environments by their full names.
    pub environments: Vec<String>,
    /// Versions of any service, as they are written.
    pub versions: Vec<String>,
    /// Runs with the service that each changes: (`RUN-88`, `payments`).
    pub runs: Vec<(String, String)>,
    /// First names and handles of people, without `@`.
    pub people: Vec<String>,
    /// The bot's own ids and names, without `@`.
    pub bot: Vec<String>,
}

/// What a message means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Understood {
    /// Act; permission is not looked at here.
    Command(Command),
    /// Ask back.
    Unclear {
        /// The names of the commands that a good question offers, sorted.
        candidates: Vec<String>,
        /// The question, one sentence.
        question: String,
    },
    /// People talk; nothing is said.
    Chatter,
    /// It was asked of the bot, and the bot cannot do it.
    Refusal(Refusal),
}
