//! The stories: what people see, told through the front door.

mod approvals;
mod decisions;
mod ending;
mod full_disk;
mod going_live;
mod killed;
mod mistakes;
mod refused;
mod rollbacks;
mod secret_values;
mod tidy;
mod torture;
mod unwell;
