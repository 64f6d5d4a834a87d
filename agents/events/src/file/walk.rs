//! Holds the tree against the table: unknown keys, wrong values, and the sound rest as JSON.
//!
//! It never stops at a mistake; what is wrong is left out of the JSON, so that later rules still see the rest.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::finding::{Finding, Severity};
use super::nearest::nearest;
use super::scalars;
use super::shape::{Field, Shape, Text};
use super::table::FILE;
use super::tree::{Body, Key, Node, Place, START, join, shown_key};

/// Findings that are kept; a file with more has a cause that shows among these.
const MAX_FINDINGS: usize = 200;

/// A value that is there, sound or not.
struct Spot {
    place: Place,
    /// A scalar as written.
    text: String,
}

/// Everything found so far, and where each value stands, by path.
#[derive(Default)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    spots: BTreeMap<String, Spot>,
}

impl Report {
    /// Adds an error at a place.
    pub(super) fn error(&mut self, place: Place, path: &str, reason: &str, suggestion: Option<&str>) {
        self.add(Severity::Error, place, path, reason, suggestion);
    }

    /// Adds an error at the value of a path.
    pub(super) fn error_at(&mut self, path: &str, reason: &str) {
        self.error(self.place(path), path, reason, None);
    }

    /// Adds a warning at the value of a path.
    pub(super) fn warn_at(&mut self, path: &str, reason: &str) {
        self.add(Severity::Warning, self.place(path), path, reason, None);
    }

    /// Whether the file has the key, sound or not.
    pub(super) fn has(&self, path: &str) -> bool {
        self.spots.contains_key(path)
    }

    /// The scalar at a path as written; empty where there is none.
    pub(super) fn text(&self, path: &str) -> &str {
        self.spots.get(path).map_or("", |spot| &spot.text)
    }

    fn place(&self, path: &str) -> Place {
        self.spots.get(path).map_or(START, |spot| spot.place)
    }

    fn add(&mut self, severity: Severity, place: Place, path: &str, reason: &str, suggestion: Option<&str>) {
        if self.findings.len() < MAX_FINDINGS {
            let Place { line, column } = place;
            let message = format!("{path}: {reason}");
            let suggestion = suggestion.map(str::to_owned);
            self.findings.push(Finding { severity, line, column, message, suggestion });
        } else if self.findings.len() == MAX_FINDINGS {
            let message = format!("file: more than {MAX_FINDINGS} findings; the rest is not shown");
            let Place { line, column } = place;
            self.findings.push(Finding {
                severity: Severity::Error,
                line,
                column,
                message,
                suggestion: None,
            });
        }
    }
}

/// Reads the whole file; gives what is sound of it.
pub(super) fn walk(root: &Node, report: &mut Report) -> Value {
    Walk { report }.section(root, FILE, "")
}

struct Walk<'report> {
    report: &'report mut Report,
}

impl Walk<'_> {
    fn value(&mut self, node: &Node, shape: &Shape, path: &str) -> Option<Value> {
        let text = match &node.body {
            Body::Scalar { text, .. } => text.clone(),
            Body::List(_) | Body::Map(_) => String::new(),
        };
        self.report.spots.insert(path.to_owned(), Spot { place: node.place, text });
        match shape {
            Shape::Section(fields) => Some(self.section(node, fields, path)),
            Shape::Short { key, section } => {
                match (&node.body, section.iter().find(|field| field.key == *key)) {
                    (Body::Scalar { .. }, Some(field)) => {
                        let value = self.value(node, &field.shape, path);
                        Some(Value::Object(
                            value.map(|value| ((*key).to_owned(), value)).into_iter().collect(),
                        ))
                    }
                    _ => Some(self.section(node, section, path)),
                }
            }
            Shape::List { of, least, most, unique } => {
                let Body::List(items) = &node.body else {
                    self.report.error(node.place, path, &wrong_kind("a list", node), None);
                    return None;
                };
                if !(*least..=*most).contains(&items.len()) {
                    let reason = format!("must have {least} to {most} items, this has {}", items.len());
                    self.report.error(node.place, path, &reason, None);
                }
                Some(self.list(&items[..items.len().min(*most)], of, *unique, path))
            }
            _ => self.scalar(node, shape, path),
        }
    }

    fn list(&mut self, items: &[Node], of: &Shape, unique: bool, path: &str) -> Value {
        let mut values: Vec<Value> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let item_path = format!("{path}[{index}]");
            if let Some(value) = self.value(item, of, &item_path) {
                if unique && values.contains(&value) {
                    self.report.error(item.place, &item_path, "is written twice", None);
                }
                values.push(value);
            }
        }
        Value::Array(values)
    }

    fn section(&mut self, node: &Node, fields: &[Field], path: &str) -> Value {
        let shown = if path.is_empty() { "file" } else { path };
        let Body::Map(entries) = &node.body else {
            self.report.error(node.place, shown, &wrong_kind("a map of keys", node), None);
            return Value::Object(Map::new());
        };
        let mut map = Map::new();
        for (key, value) in entries {
            match fields.iter().find(|field| field.key == key.text) {
                Some(field) => {
                    if let Some(value) = self.value(value, &field.shape, &join(path, field.key)) {
                        map.insert(field.key.to_owned(), value);
                    }
                }
                None => self.unknown(key, fields, path),
            }
        }
        for field in fields {
            if field.required && !entries.iter().any(|(key, _)| key.text == field.key) {
                self.report.error(node.place, &join(path, field.key), "is missing", None);
            }
        }
        Value::Object(map)
    }

    fn unknown(&mut self, key: &Key, fields: &[Field], path: &str) {
        if self.report.findings.len() > MAX_FINDINGS {
            return;
        }
        let names = || fields.iter().map(|field| field.key);
        let suggestion = nearest(&key.text, names());
        let home = FILE.iter().find(|section| has_key(&section.shape, &key.text));
        let reason = match (suggestion, home) {
            (Some(_), _) => "unknown key".to_owned(),
            (None, Some(section)) if section.key != path => {
                format!("unknown key; it belongs in `{}`", section.key)
            }
            _ => format!("unknown key; known here: {}", names().collect::<Vec<_>>().join(", ")),
        };
        self.report.error(key.place, &join(path, &shown_key(&key.text)), &reason, suggestion);
    }

    fn scalar(&mut self, node: &Node, shape: &Shape, path: &str) -> Option<Value> {
        let Body::Scalar { text, plain } = &node.body else {
            self.report.error(node.place, path, &wrong_kind(wanted(shape), node), None);
            return None;
        };
        if *plain && is_nothing(text) {
            let reason =
                format!("has no value; write {} or remove the key (`#` begins a comment)", wanted(shape));
            self.report.error(node.place, path, &reason, None);
            return None;
        }
        match read_scalar(text, *plain, shape) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.report.error(node.place, path, &wrong.reason, wrong.suggestion.as_deref());
                None
            }
        }
    }
}

/// Why a scalar is not what it must be.
struct Wrong {
    reason: String,
    suggestion: Option<String>,
}

impl From<String> for Wrong {
    fn from(reason: String) -> Wrong {
        Wrong { reason, suggestion: None }
    }
}

fn read_scalar(text: &str, plain: bool, shape: &Shape) -> Result<Value, Wrong> {
    let shown = shown_key(text);
    // Only short text can be a number, a duration or a word; text has its own limit.
    if text.len() > 200 && !matches!(shape, Shape::Text { .. }) {
        return Err(format!("`{shown}` must be {}", wanted(shape)).into());
    }
    match shape {
        Shape::Text { kind, longest } => {
            judge_text(text, *kind, *longest)?;
            Ok(Value::from(text))
        }
        Shape::Word(words) => match words.contains(&text) {
            true => Ok(Value::from(text)),
            false => Err(Wrong {
                reason: format!("`{shown}` is not one of {}", words.join(", ")),
                suggestion: nearest(text, words.iter().copied()).map(str::to_owned),
            }),
        },
        Shape::Flag => match (plain, text.to_ascii_lowercase().as_str()) {
            (true, "true" | "yes" | "on") => Ok(Value::from(true)),
            (true, "false" | "no" | "off") => Ok(Value::from(false)),
            (false, "true" | "false") => Err(Wrong {
                reason: "must be true or false, without quotes".to_owned(),
                suggestion: Some(text.to_ascii_lowercase()),
            }),
            (_, lower) => Err(Wrong {
                reason: format!("`{shown}` must be true or false"),
                suggestion: nearest(lower, ["true", "false"]).map(str::to_owned),
            }),
        },
        Shape::Whole { least, most } => whole(text, plain, *least, *most),
        Shape::Weight => {
            let value = scalars::percent(text)?;
            if value.fract() != 0.0 || value < 1.0 {
                return Err(format!("`{shown}` must be a whole percentage from 1 to 100").into());
            }
            Ok(Value::from(value as u64))
        }
        Shape::Percent => Ok(Value::from(scalars::percent(text)?)),
        Shape::Milliseconds => Ok(Value::from(scalars::milliseconds(text)?)),
        Shape::Rate => number(text, shape),
        Shape::Duration { least, most } => Ok(Value::from(scalars::duration(text, *least, *most)?)),
        Shape::Amount => {
            let begins = text.starts_with(|letter: char| letter.is_ascii_digit());
            match text.chars().last() {
                Some('%') if begins => Ok(Value::from(scalars::percent(text)?)),
                Some('s') if begins => Ok(Value::from(scalars::milliseconds(text)?)),
                _ => number(text, shape),
            }
        }
        Shape::Section(_) | Shape::Short { .. } | Shape::List { .. } => {
            Err(format!("must be {}", wanted(shape)).into())
        }
    }
}

fn number(text: &str, shape: &Shape) -> Result<Value, Wrong> {
    let number = scalars::number(text).map(Value::from);
    number.ok_or_else(|| format!("`{}` must be {}", shown_key(text), wanted(shape)).into())
}

fn whole(text: &str, plain: bool, least: u64, most: u64) -> Result<Value, Wrong> {
    let range = format!("must be a whole number from {least} to {most}");
    let number = text.parse::<u64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    match number {
        Some(number) if (least..=most).contains(&number) && plain => Ok(Value::from(number)),
        Some(number) if (least..=most).contains(&number) => {
            Err(Wrong { reason: format!("{range}, without quotes"), suggestion: Some(number.to_string()) })
        }
        _ => Err(format!("`{}` {range}", shown_key(text)).into()),
    }
}

fn judge_text(text: &str, kind: Text, longest: usize) -> Result<(), String> {
    if text.len() > longest {
        return Err(format!("must have at most {longest} bytes, this has {}", text.len()));
    }
    if kind != Text::Any && text.trim().is_empty() {
        return Err("must not be empty".to_owned());
    }
    let lines = matches!(kind, Text::Any | Text::Command);
    if !lines && text.chars().any(char::is_control) {
        return Err("must be on one line".to_owned());
    }
    match kind {
        Text::Line | Text::Any | Text::Command => Ok(()),
        Text::Name => scalars::name(text, longest),
        Text::RepositoryPath => scalars::repository_path(text),
        Text::HealthPath => scalars::health_path(text),
        Text::Variable => scalars::variable(text),
        Text::Repository => scalars::repository_address(text),
    }
}

/// What should stand there, for a sentence.
fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::Section(_) | Shape::Short { .. } => "a map of keys",
        Shape::List { .. } => "a list",
        Shape::Text { .. } => "text",
        Shape::Word(_) => "a word",
        Shape::Flag => "true or false",
        Shape::Whole { .. } => "a whole number",
        Shape::Weight | Shape::Percent => "a percentage, as in `2` or `2%`",
        Shape::Milliseconds => "a number of milliseconds",
        Shape::Rate => "a number of bytes a second",
        Shape::Duration { .. } => "a duration, as in `5m`",
        Shape::Amount => "a number, or as in `2%` or `500ms`",
    }
}

fn wrong_kind(wanted: &str, node: &Node) -> String {
    match &node.body {
        Body::Scalar { text, plain: true } if is_nothing(text) => {
            format!("has no value; write {wanted} or remove the key")
        }
        Body::Scalar { text, .. } => format!("must be {wanted}, not `{}`", shown_key(text)),
        Body::List(_) => format!("must be {wanted}, not a list"),
        Body::Map(_) => format!("must be {wanted}, not a map"),
    }
}

fn is_nothing(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn has_key(shape: &Shape, key: &str) -> bool {
    matches!(shape, Shape::Section(fields) if fields.iter().any(|field| field.key == key))
}
