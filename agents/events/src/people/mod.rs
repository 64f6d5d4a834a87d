//! What people say and are asked: commands, approvals, incidents.
//!
//! # Layout
//!
//! - [`chat`]: a command was given, or could not be followed
//! - [`approvals`]: a yes was asked for, and was said or refused
//! - [`incidents`]: an incident was opened, a postmortem was written

pub mod approvals;
pub mod chat;
pub mod incidents;

pub use approvals::{ApprovalDecided, ApprovalRequested, Approvals};
pub use chat::{CommandGiven, CommandRefused, LastCommand};
pub use incidents::{IncidentOpened, Incidents, PostmortemWritten};
