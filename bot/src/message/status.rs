//! What runs where.

use super::shape::{Message, Tone};

/// One service in one environment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceLine {
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// The live version, or `nothing`.
    pub live: String,
    /// Health in a word or two: `healthy`, `2 of 3 healthy`, `no data`.
    pub health: String,
    /// What is under way: a run and its state, a freeze; empty when nothing is.
    pub under_way: String,
}

/// Every service.
pub fn all(services: &[ServiceLine], confinement: &str) -> Message {
    if services.is_empty() {
        return Message::new(Tone::Plain, "nothing is deployed yet")
            .text("Push something: `orchestra push PATH`.")
            .fields([("builds are confined by", confinement)]);
    }
    let well = services.iter().filter(|line| line.health == "healthy").count();
    let tone = if well == services.len() { Tone::Good } else { Tone::Waiting };
    Message::new(tone, format!("{well} of {} healthy", super::words::count(services.len() as u64, "service")))
        .table(
            &["service", "environment", "live", "health", "under way"],
            services.iter().map(|line| {
                vec![
                    line.service.clone(),
                    line.environment.clone(),
                    line.live.clone(),
                    line.health.clone(),
                    line.under_way.clone(),
                ]
            }),
        )
        .fields([("builds are confined by", confinement)])
}

/// One service, with whatever is known of it as names with values.
pub fn one(line: &ServiceLine, more: &[(String, String)]) -> Message {
    let tone = if line.health == "healthy" { Tone::Good } else { Tone::Waiting };
    Message::new(tone, format!("{} {} in {}: {}", line.service, line.live, line.environment, line.health))
        .fields([("under way", line.under_way.as_str())])
        .fields(more.iter().map(|(name, value)| (name, value)))
}

/// There is nothing of that name; `known` are the names there are.
pub fn unknown(what: &str, known: &[String]) -> Message {
    let message = Message::new(Tone::Plain, format!("I know nothing called {what}"));
    if known.is_empty() { message } else { message.fields([("there is", super::words::list(known))]) }
}
