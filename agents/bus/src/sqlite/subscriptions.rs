//! Which agents get which kinds of events.

use std::collections::BTreeMap;

/// Which agents get which kinds of events, in the order in which they were named.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Subscriptions {
    by_kind: BTreeMap<String, Vec<String>>,
}

impl Subscriptions {
    /// From pairs of kind (`orchestra.code_push.v1`) and agent. A pair that is named twice counts once.
    pub fn new<K: Into<String>, A: Into<String>>(pairs: impl IntoIterator<Item = (K, A)>) -> Self {
        let mut by_kind: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (kind, agent) in pairs {
            let agents = by_kind.entry(kind.into()).or_default();
            let agent = agent.into();
            if !agents.contains(&agent) {
                agents.push(agent);
            }
        }
        Self { by_kind }
    }

    /// The agents that subscribe to a kind; none for a kind that nobody knows.
    pub fn agents(&self, kind: &str) -> &[String] {
        self.by_kind.get(kind).map_or(&[], Vec::as_slice)
    }
}
