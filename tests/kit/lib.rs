//! What the stories are told with.
