//! The house's rules as tests: they read the repository itself, and what they find wrong names the README that
//! explains the rule.
//!
//! # Layout
//!
//! - [`sources`]: the repository's files, and what of a file is product and what is test
//! - [`layers`]: which crate may know which, what is pure, who touches the outside world
//! - [`order`]: sizes of files, forgotten files, folders without a README, words that must not stand anywhere
//! - [`generated`]: tables, schemas and examples equal what the code prints; `ORCHESTRA_BLESS=1` writes them anew

mod generated;
mod layers;
mod order;
mod sources;

/// Fails with every finding at once, and with where the rule is explained.
fn none_of(findings: &[String], rule: &str, explained_in: &str) {
    assert!(findings.is_empty(), "{rule}; see {explained_in}\n  {}", findings.join("\n  "));
}
