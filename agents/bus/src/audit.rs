//! The chain of hashes over every act: how an act is hashed, and the walk that says where a chain breaks.
//!
//! Each act carries the hash of the one before it in its chain. Beside the acts stand the head of each chain and
//! one row over the whole, so that a tail that was cut off, or a chain that is gone, is missed as well. The
//! hashes have no key: whoever can rewrite the file and knows this code can rewrite all of it alike.

use orchestra_events::ids::hash_of;
use orchestra_events::{RunId, Timestamp};
use std::collections::BTreeMap;

/// One act as the file has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its place among all acts, without gaps, starting with 1.
    pub seq: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// The chain it belongs to.
    pub chain: String,
    /// Who.
    pub actor: String,
    /// What.
    pub act: String,
    /// Why.
    pub reason: String,
    /// The event behind it.
    pub cause: String,
    /// The run.
    pub run: Option<RunId>,
    /// The hash of the act before it in its chain; empty for the first.
    pub previous: String,
    /// The hash over all of the above.
    pub hash: String,
}

impl Entry {
    /// What `hash` must be: SHA-256 over every other field, each preceded by its length.
    pub fn expected_hash(&self) -> String {
        let run = self.run.map(|run| run.to_string()).unwrap_or_default();
        hash_of(&[
            self.previous.as_bytes(),
            &self.seq.to_be_bytes(),
            &self.at.0.to_be_bytes(),
            self.chain.as_bytes(),
            self.actor.as_bytes(),
            self.act.as_bytes(),
            self.reason.as_bytes(),
            self.cause.as_bytes(),
            run.as_bytes(),
        ])
    }
}

/// The hash over the whole audit after one more act.
pub fn whole_hash(before: &str, act: &str) -> String {
    hash_of(&[before.as_bytes(), act.as_bytes()])
}

/// Where a chain ends, as the file claims.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The chain.
    pub chain: String,
    /// Its last act.
    pub seq: i64,
    /// How many acts it has.
    pub acts: u64,
    /// The last act's hash.
    pub hash: String,
}

/// What the file claims of the audit as a whole.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Whole {
    /// How many acts there are.
    pub acts: u64,
    /// How many chains.
    pub chains: u64,
    /// The running hash over all acts in order.
    pub hash: String,
}

/// What a walk over the audit found.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Verified {
    /// Acts that were read.
    pub acts: u64,
    /// Chains that were seen.
    pub chains: u64,
    /// The first break, if there is one.
    pub broken: Option<Broken>,
}

/// Where the audit breaks.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Broken {
    /// The act that was changed, or the first that is missing; 0 when no act can be named.
    pub seq: i64,
    /// Its chain; empty when nothing is left that tells.
    pub chain: String,
    /// What is wrong, as a sentence for the operator.
    pub why: String,
}

/// A walk over all acts in order; it remembers the first break and, for acts that are missing, goes on until
/// the next act of their chain says which chain they were taken from.
#[derive(Default, Debug)]
pub struct Walk {
    acts: u64,
    last: i64,
    running: String,
    heads: BTreeMap<String, Head>,
    gap: Option<i64>,
    broken: Option<Broken>,
}

impl Walk {
    /// Looks at the next act.
    pub fn see(&mut self, entry: &Entry) {
        self.acts += 1;
        if entry.seq != self.last.saturating_add(1) && self.gap.is_none() {
            self.gap = Some(self.last.saturating_add(1));
        }
        self.last = entry.seq;
        self.running = whole_hash(&self.running, &entry.hash);
        let known = self.heads.entry(entry.chain.clone()).or_insert_with(|| Head {
            chain: entry.chain.clone(),
            seq: 0,
            acts: 0,
            hash: String::new(),
        });
        let follows = known.hash == entry.previous;
        known.seq = entry.seq;
        known.acts += 1;
        known.hash.clone_from(&entry.hash);
        if entry.hash != entry.expected_hash() {
            self.breaks(entry.seq, &entry.chain, "was changed after it was written".to_owned());
        } else if !follows {
            let why = "does not follow the act before it in its chain".to_owned();
            match self.gap {
                Some(missing) => self.breaks(missing, &entry.chain, "is missing".to_owned()),
                None => self.breaks(entry.seq, &entry.chain, why),
            }
        }
    }

    /// Compares what was seen with what the file claims, and says what came of it.
    pub fn finish(mut self, heads: &[Head], whole: &Whole) -> Verified {
        for head in heads {
            match self.heads.get(&head.chain) {
                Some(seen) if seen == head => {}
                Some(seen) if seen.seq < head.seq => {
                    self.breaks(self.gap.unwrap_or(head.seq), &head.chain, "is missing".to_owned());
                }
                Some(seen) => {
                    self.breaks(seen.seq, &head.chain, "is not the act that its chain ends with".to_owned());
                }
                None => {
                    let first = self.gap.unwrap_or(head.seq);
                    self.breaks(first, &head.chain, "is missing, and all of its chain".to_owned());
                }
            }
        }
        let headless =
            self.heads.keys().find(|chain| !heads.iter().any(|head| head.chain == **chain)).cloned();
        if let Some(chain) = headless {
            let seq = self.heads.get(&chain).map_or(0, |head| head.seq);
            self.breaks(seq, &chain, "belongs to a chain whose head is missing".to_owned());
        }
        if let Some(missing) = self.gap {
            self.breaks(missing, "", "is missing, and all of its chain".to_owned());
        }
        let chains = self.heads.len() as u64;
        if self.acts != whole.acts || chains != whole.chains {
            let why = format!(
                "is missing or too many: {} acts in {chains} chains are here, {} in {} were written",
                self.acts, whole.acts, whole.chains
            );
            self.breaks(self.last.saturating_add(1), "", why);
        } else if self.running != whole.hash {
            self.breaks(
                0,
                "",
                "the acts are not those that were written, though each chain holds".to_owned(),
            );
        }
        Verified { acts: self.acts, chains, broken: self.broken }
    }

    /// Remembers the first break only: what follows from it would say the same again.
    fn breaks(&mut self, seq: i64, chain: &str, why: String) {
        if self.broken.is_none() {
            let why = if seq > 0 { format!("act {seq} {why}") } else { why };
            self.broken = Some(Broken { seq, chain: chain.to_owned(), why });
        }
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
