//! What the table of keys is made of: a shape for each value, a field for each key.

/// What a value must be.
#[derive(Debug)]
pub(super) enum Shape {
    /// A map with these keys and no others.
    Section(&'static [Field]),
    /// A map with these keys, or in short a scalar that stands for the value of `key`.
    Short { key: &'static str, section: &'static [Field] },
    /// A list of `least` to `most` items; `unique` refuses the same scalar twice.
    List { of: &'static Shape, least: usize, most: usize, unique: bool },
    /// Text of some kind, at most `longest` bytes; numbers and booleans count as the text they are written with.
    Text { kind: Text, longest: usize },
    /// One word of a closed list.
    Word(&'static [&'static str]),
    /// True or false; `yes`, `no`, `on` and `off` as well, which is what Python's reader takes.
    Flag,
    /// A whole number.
    Whole { least: u64, most: u64 },
    /// A whole percentage from 1 to 100, with or without the sign.
    Weight,
    /// A percentage from 0 to 100, with or without the sign.
    Percent,
    /// A number of milliseconds, or with a unit.
    Milliseconds,
    /// A number of bytes a second.
    Rate,
    /// Whole seconds, or with units, between the two lengths in seconds.
    Duration { least: u64, most: u64 },
    /// An alert's threshold, whose unit hangs on the alert's type: a percentage, milliseconds or a rate.
    Amount,
}

/// What kind of text a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// Anything on one line.
    Line,
    /// Anything, empty and several lines included.
    Any,
    /// A command line, several lines included.
    Command,
    /// Letters, digits, `-`, `_` and `.`.
    Name,
    /// A path inside the repository.
    RepositoryPath,
    /// The path of a web address.
    HealthPath,
    /// The name of an environment variable.
    Variable,
    /// A web address or another place that git understands, without a password in it.
    Repository,
}

/// One key of a section.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: &'static str,
    /// One sentence for editors and help.
    pub(super) about: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

impl Field {
    /// A key that may be left out.
    pub(super) const fn new(key: &'static str, shape: Shape, about: &'static str) -> Field {
        Field { key, about, shape, required: false }
    }

    /// A key that its section must have.
    pub(super) const fn required(key: &'static str, shape: Shape, about: &'static str) -> Field {
        Field { key, about, shape, required: true }
    }
}
