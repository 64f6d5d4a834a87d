//! The registered values, and masking of text that is at hand whole.

use super::forms::spellings;
use super::{MASK, Secret};
use aho_corasick::{AhoCorasick, MatchKind};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

/// Shorter values are not masked: they would hit innocent words.
pub const MIN_LENGTH: usize = 6;
/// Longer values are not taken; a stream would have to hold back as much.
pub const MAX_LENGTH: usize = 64 * 1024;

/// What became of a value that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a value that was refused is not masked"]
pub enum Registration {
    /// It is masked from now on, everywhere this registry is asked.
    Masked,
    /// It has fewer than [`MIN_LENGTH`] bytes, or nothing but asterisks, and is not masked.
    TooShort,
    /// It has more than [`MAX_LENGTH`] bytes and is not masked.
    TooLong,
}

/// The values to mask. Clones share them, so one registry serves a whole process.
#[derive(Clone, Default)]
pub struct SecretRegistry {
    inner: Arc<RwLock<Inner>>,
}

#[derive(Default)]
struct Inner {
    patterns: BTreeSet<String>,
    /// Built anew with each value; readers keep the one they have.
    finder: Option<Arc<Finder>>,
}

/// One immutable state of the registry.
pub(super) struct Finder {
    automaton: AhoCorasick,
    /// Sorted, to find what begins with a given text.
    patterns: Vec<String>,
    longest: usize,
}

impl SecretRegistry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a value: it, and its base64, URL, JSON and hexadecimal spellings, are masked from now on.
    pub fn register(&self, secret: &Secret) -> Registration {
        let value = secret.expose();
        if value.len() < MIN_LENGTH || value.bytes().all(|byte| byte == b'*') {
            return Registration::TooShort;
        }
        if value.len() > MAX_LENGTH {
            return Registration::TooLong;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let before = inner.patterns.len();
        inner.patterns.extend(spellings(value));
        // A value with spaces round it is used trimmed as often as not.
        let trimmed = value.trim();
        if trimmed.len() >= MIN_LENGTH {
            inner.patterns.extend(spellings(trimmed));
        }
        if inner.patterns.len() > before {
            inner.finder = Finder::build(&inner.patterns).map(Arc::new);
        }
        Registration::Masked
    }

    /// The text with every registered value replaced by `***`; borrowed when there is none.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(finder) = self.finder() else { return Cow::Borrowed(text) };
        let mut masked = Cow::Borrowed(text);
        // Cutting a value out can leave another one behind; each round makes the text shorter.
        loop {
            let spans = finder.spans(masked.as_bytes());
            if spans.is_empty() {
                return masked;
            }
            let mut out = String::with_capacity(masked.len());
            let mut from = 0;
            for span in spans {
                out.push_str(masked.get(from..span.start).unwrap_or_default());
                out.push_str(MASK);
                from = span.end;
            }
            out.push_str(masked.get(from..).unwrap_or_default());
            masked = Cow::Owned(out);
        }
    }

    /// Whether the text holds a registered value, in any spelling.
    #[must_use]
    pub fn finds_in(&self, text: &str) -> bool {
        self.finder().is_some_and(|finder| finder.automaton.is_match(text))
    }

    pub(super) fn finder(&self) -> Option<Arc<Finder>> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).finder.clone()
    }
}

impl fmt::Debug for SecretRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretRegistry(***)")
    }
}

impl Finder {
    fn build(patterns: &BTreeSet<String>) -> Option<Self> {
        let patterns: Vec<String> = patterns.iter().cloned().collect();
        // Standard matching is the kind that finds overlapping values.
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&patterns).ok()?;
        let longest = patterns.iter().map(String::len).max().unwrap_or(0);
        Some(Self { automaton, patterns, longest })
    }

    /// Where registered values stand, overlapping and touching ones joined, in order.
    pub(super) fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> =
            self.automaton.find_overlapping_iter(text).map(|found| found.range()).collect();
        found.sort_by_key(|span| (span.start, span.end));
        let mut joined: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for span in found {
            match joined.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => joined.push(span),
            }
        }
        joined
    }

    /// The first place from which the rest of `text` could be the front of a value; its length if there is none.
    pub(super) fn held_back_from(&self, text: &[u8]) -> usize {
        let first = text.len().saturating_sub(self.longest.saturating_sub(1));
        (first..text.len()).find(|&at| self.some_value_begins_with(&text[at..])).unwrap_or(text.len())
    }

    fn some_value_begins_with(&self, front: &[u8]) -> bool {
        let at = self.patterns.partition_point(|pattern| pattern.as_bytes() < front);
        self.patterns.get(at).is_some_and(|pattern| pattern.len() > front.len() && pattern.as_bytes().starts_with(front))
            // The front itself may be a value, and the front of a longer one that sorts next.
            || self.patterns.get(at + 1).is_some_and(|pattern| pattern.as_bytes().starts_with(front))
    }
}
