//! Who does the work: the agents, what they are, and the tools that they use.
//!
//! # Layout
//!
//! - [`mod@agent`], [`context`]: what an agent is; what a handler sees and wants
//! - [`effects`]: the names and shapes of tools
//! - [`gitops`], [`build`], [`code_analysis`], [`testing`], [`infrastructure`], [`deployment`], [`observability`],
//!   [`rollback`]: eight of the nine, in the order of the pipeline (the ninth, ChatOps, lives where the posts are)
//! - [`incident`], [`postmortem`]: what comes of a rollback
//! - [`rollout`], [`watching`], [`timeline`]: what agents remember and say, pure
//! - [`runtime`]: receive, skip if seen, handle, commit, perform, acknowledge
//! - [`tools`]: the hands
//!
//! Invariants: handlers are synchronous and pure; only `tools` touches the outside world; an agent publishes what
//! its header names and nothing else.

pub mod agent;
pub mod build;
pub mod code_analysis;
pub mod context;
pub mod deployment;
pub mod effects;
pub mod gitops;
pub mod incident;
pub mod infrastructure;
pub mod observability;
pub mod postmortem;
pub mod rollback;
pub mod rollout;
pub mod runtime;
pub mod testing;
pub mod timeline;
pub mod tools;
pub mod watching;

#[cfg(test)]
mod aftermath_tests;
#[cfg(test)]
mod line_tests;
#[cfg(test)]
mod testing_support;

use runtime::Member;

/// The agents of this crate, in suggested reading order.
pub fn crew() -> Vec<Member> {
    vec![
        Member::of::<gitops::GitOps>(),
        Member::of::<build::Build>(),
        Member::of::<code_analysis::CodeAnalysis>(),
        Member::of::<testing::Test>(),
        Member::of::<infrastructure::Infrastructure>(),
        Member::of::<deployment::Deployment>(),
        Member::of::<observability::Observability>(),
        Member::of::<rollback::Rollback>(),
        Member::of::<incident::Incident>(),
        Member::of::<postmortem::Postmortem>(),
    ]
}
