//! The neutral message, how it is put together, and how long its parts may be.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest headline, in characters.
pub const HEADLINE: usize = 200;
/// The longest text or code of one section, in characters.
pub const TEXT: usize = 3_000;
/// The longest cell, field, step's name or detail, in characters.
pub const CELL: usize = 240;
/// The most rows, fields or steps of one section.
pub const ROWS: usize = 50;
/// The most columns of a table.
pub const COLUMNS: usize = 8;
/// The most sections of a message.
pub const SECTIONS: usize = 20;
/// The most buttons of a message.
pub const BUTTONS: usize = 5;

/// Something to be said, on any platform. It is stored as JSON, and two equal messages look alike.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The one line that must be read.
    pub headline: String,
    /// How it is meant; shown as a mark and a colour, never as the colour alone.
    pub tone: Tone,
    /// What follows, from the most important to the least.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// What can be done about it, at most five.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    /// The one person who sees it, when it is not for all; an actor as the platform names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_for: Option<String>,
}

/// How a message is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// A plain fact.
    Plain,
    /// It went well.
    Good,
    /// It went wrong.
    Bad,
    /// A person is waited for.
    Waiting,
    /// Something is under way.
    Working,
}

/// One part of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Sentences; line breaks are kept.
    Text(String),
    /// Names with values.
    Fields(Vec<Field>),
    /// Columns and rows of equal length.
    Table {
        /// The heads.
        columns: Vec<String>,
        /// The rows.
        rows: Vec<Vec<String>>,
    },
    /// Output, to be shown as it is in fixed width.
    Code(String),
    /// Steps in their order.
    Steps(Vec<Step>),
}

/// A name with its value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Field {
    /// The name, such as `version`.
    pub name: String,
    /// The value.
    pub value: String,
}

/// One step of something that happens in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// What it is, such as `build`.
    pub name: String,
    /// Where it stands.
    pub state: StepState,
    /// A few words about it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// How long it took, or has taken so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Duration>,
}

/// Where a step stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Its turn has not come.
    Waiting,
    /// It is under way.
    Working,
    /// It ended well.
    Passed,
    /// It broke.
    Failed,
    /// It was not needed, or not reached.
    Skipped,
    /// It ended, and its answer was no.
    Refused,
}

/// A button: what it says, and the command that pressing it types.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Button {
    /// What it says.
    pub label: String,
    /// The line that it types, such as `promote checkout`.
    pub command: String,
    /// How it looks.
    pub style: ButtonStyle,
}

/// How a button looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonStyle {
    /// One choice among others.
    Plain,
    /// What is usually wanted.
    Primary,
    /// What stops or undoes something.
    Danger,
}

impl Message {
    /// A message of one line.
    pub fn new(tone: Tone, headline: impl AsRef<str>) -> Message {
        let headline = shortened(&headline.as_ref().replace(['\n', '\r'], " "), HEADLINE);
        Message { headline, tone, sections: Vec::new(), buttons: Vec::new(), only_for: None }
    }

    /// Adds sentences; nothing when they are empty.
    #[must_use]
    pub fn text(self, text: impl AsRef<str>) -> Message {
        let text = text.as_ref().trim_end();
        if text.is_empty() { self } else { self.section(Section::Text(shortened(text, TEXT))) }
    }

    /// Adds output; nothing when it is empty. Of output that is too long the end is kept: it says most.
    #[must_use]
    pub fn code(self, code: impl AsRef<str>) -> Message {
        let code = code.as_ref().trim_end();
        if code.is_empty() { self } else { self.section(Section::Code(ending_of(code, TEXT))) }
    }

    /// Adds names with values; those with an empty value are left out.
    #[must_use]
    pub fn fields<N: AsRef<str>, V: AsRef<str>>(self, fields: impl IntoIterator<Item = (N, V)>) -> Message {
        let fields: Vec<Field> = fields
            .into_iter()
            .filter(|(_, value)| !value.as_ref().is_empty())
            .take(ROWS)
            .map(|(name, value)| Field { name: cell(name.as_ref()), value: cell(value.as_ref()) })
            .collect();
        if fields.is_empty() { self } else { self.section(Section::Fields(fields)) }
    }

    /// Adds a table; nothing without rows. Rows are made as long as the heads.
    #[must_use]
    pub fn table(self, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Message {
        let width = columns.len().min(COLUMNS);
        let mut all: Vec<Vec<String>> = rows.into_iter().take(ROWS + 1).collect();
        if all.is_empty() || width == 0 {
            return self;
        }
        let more = all.len() > ROWS;
        all.truncate(ROWS);
        for row in &mut all {
            row.resize(width, String::new());
            for value in row.iter_mut() {
                *value = cell(value);
            }
        }
        if more {
            let mut last = vec![String::new(); width];
            "… more".clone_into(&mut last[0]);
            all.push(last);
        }
        let columns = columns.iter().take(width).map(|column| cell(column)).collect();
        self.section(Section::Table { columns, rows: all })
    }

    /// Adds steps; nothing without any.
    #[must_use]
    pub fn steps(self, steps: impl IntoIterator<Item = Step>) -> Message {
        let steps: Vec<Step> = steps
            .into_iter()
            .take(ROWS)
            .map(|step| Step { name: cell(&step.name), detail: cell(&step.detail), ..step })
            .collect();
        if steps.is_empty() { self } else { self.section(Section::Steps(steps)) }
    }

    /// Adds a button, as long as there is room.
    #[must_use]
    pub fn button(mut self, style: ButtonStyle, label: &str, command: impl AsRef<str>) -> Message {
        if self.buttons.len() < BUTTONS {
            let command = cell(command.as_ref());
            self.buttons.push(Button { label: shortened(label, 40), command, style });
        }
        self
    }

    /// Shows it to one person only.
    #[must_use]
    pub fn only_for(mut self, person: impl Into<String>) -> Message {
        self.only_for = Some(person.into());
        self
    }

    /// The message with every part within its bounds: for one that was read from outside this crate.
    pub fn bounded(self) -> Message {
        let mut message = Message::new(self.tone, self.headline);
        for section in self.sections {
            message = match section {
                Section::Text(text) => message.text(text),
                Section::Code(code) => message.code(code),
                Section::Fields(fields) => message.fields(fields.into_iter().map(|f| (f.name, f.value))),
                Section::Table { columns, rows } => {
                    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
                    message.table(&columns, rows)
                }
                Section::Steps(steps) => message.steps(steps),
            };
        }
        for button in self.buttons {
            message = message.button(button.style, &button.label, button.command);
        }
        message.only_for = self.only_for.map(|person| cell(&person));
        message
    }

    fn section(mut self, section: Section) -> Message {
        if self.sections.len() < SECTIONS {
            self.sections.push(section);
        } else if self.sections.len() == SECTIONS {
            self.sections.push(Section::Text("… more was left out".to_owned()));
        }
        self
    }
}

/// The text in at most `most` characters, with ` …` where it was cut.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(2)).chain(" …".chars()).collect(),
    }
}

/// The end of the text in at most `most` characters, with `… ` where it was cut.
pub fn ending_of(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    "… ".chars().chain(text.chars().skip(length - most.saturating_sub(2))).collect()
}

fn cell(text: &str) -> String {
    shortened(&text.replace(['\n', '\r', '\t'], " "), CELL)
}
