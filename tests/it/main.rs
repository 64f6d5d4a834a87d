//! The stories: what people see, told through the front door.

mod tidy;
