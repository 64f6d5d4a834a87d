//! YAML events to a tree with places, under counted budgets.
//!
//! The parser hands over one event at a time, so that a budget is found broken before the memory is taken.
//! Aliases are copied in, and every copied node counts, so that a bomb costs what a file of the budget's size costs.

use std::collections::{BTreeMap, HashMap};

use serde_saphyr::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::finding::{Finding, Severity};

/// Bytes that a file may have.
pub(super) const MAX_BYTES: usize = 256 << 10;
/// Scalars, keys, lists and maps that a file may have, each copy made by an alias included.
pub(super) const MAX_NODES: usize = 5_000;
/// Lists and maps inside each other; the table needs six.
pub(super) const MAX_DEPTH: usize = 16;
/// Bytes of one scalar.
pub(super) const MAX_SCALAR: usize = 16 << 10;
/// Duplicate keys that are reported one by one.
const MAX_FINDINGS: usize = 200;

/// Where something stands; both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// The start of the file.
pub(super) const START: Place = Place { line: 1, column: 1 };

/// One value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) body: Body,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    /// `plain` says that it was written without quotes, so that it may be a number, a boolean or nothing.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) place: Place,
}

/// What reading gave: a tree (if the text is YAML within the budgets), and findings.
pub(super) struct Read {
    pub(super) root: Option<Node>,
    pub(super) findings: Vec<Finding>,
}

/// Reads one YAML document.
///
/// Syntax errors and broken budgets end the reading; duplicate keys are collected, and the first of them counts.
pub(super) fn read(text: &str) -> Read {
    let mut builder = Builder::default();
    let root = match builder.run(text) {
        Ok(()) => builder.root,
        Err(stop) => {
            let path = builder.path();
            builder.findings.push(error(stop.place, &path, &stop.reason));
            None
        }
    };
    Read { root, findings: builder.findings }
}

fn error(place: Place, path: &str, reason: &str) -> Finding {
    let Place { line, column } = place;
    Finding {
        severity: Severity::Error,
        line,
        column,
        message: format!("{path}: {reason}"),
        suggestion: None,
    }
}

/// Why the reading ended early.
struct Stop {
    place: Place,
    reason: String,
}

impl Stop {
    fn new(place: Place, reason: impl Into<String>) -> Stop {
        Stop { place, reason: reason.into() }
    }
}

impl From<ScanError> for Stop {
    fn from(problem: ScanError) -> Stop {
        let mark = problem.marker();
        let reason = match problem.kind() {
            ErrorKind::RecursionLimitExceeded => too_deep(),
            other => other.to_string(),
        };
        Stop::new(Place { line: mark.line().max(1), column: mark.col() + 1 }, reason)
    }
}

fn count(nodes: &mut usize, more: usize, place: Place) -> Result<(), Stop> {
    *nodes += more;
    if *nodes > MAX_NODES {
        return Err(Stop::new(
            place,
            format!("more than {MAX_NODES} values, copies made by aliases included"),
        ));
    }
    Ok(())
}

fn too_deep() -> String {
    format!("nested deeper than {MAX_DEPTH} levels")
}

/// A list or map whose end has not come yet.
struct Open {
    place: Place,
    anchor: usize,
    nodes_before: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, first_lines: BTreeMap<String, usize>, key: Option<Key> },
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    stack: Vec<Open>,
    /// Finished anchored values with the nodes they hold; `None` while the value is still open.
    anchors: HashMap<usize, Option<(Node, usize)>>,
    nodes: usize,
    documents: usize,
    findings: Vec<Finding>,
}

impl Builder {
    fn run(&mut self, text: &str) -> Result<(), Stop> {
        if text.len() > MAX_BYTES {
            return Err(Stop::new(
                START,
                format!("{} bytes are more than the {MAX_BYTES} allowed", text.len()),
            ));
        }
        refuse_control_characters(text)?;
        let options = granit_parser::options! {
            flow_nesting_limit: MAX_DEPTH * 2,
            block_nesting_limit: MAX_DEPTH * 2,
            emit_comments: false,
            disallow_directives: true,
        };
        for item in Parser::new_from_str_with_options(text, options) {
            let (event, span) = item?;
            self.take(event, span)?;
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        let place = Place { line: span.start.line().max(1), column: span.start.col() + 1 };
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Stop::new(place, "a second document begins here; one is allowed"));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                count(&mut self.nodes, 1, place)?;
                if text.len() > MAX_SCALAR {
                    let length = text.len();
                    return Err(Stop::new(
                        place,
                        format!("{length} bytes of text are more than the {MAX_SCALAR} allowed"),
                    ));
                }
                if let Some(odd) = text.chars().find(|letter| is_control(*letter)) {
                    return Err(Stop::new(place, format!("the control character {odd:?} is not allowed")));
                }
                let quoted_by_tag = self.judge_tag(tag.as_deref(), place)?;
                let plain = style == ScalarStyle::Plain && !quoted_by_tag;
                self.place_value(
                    Node { place, body: Body::Scalar { text: text.into_owned(), plain } },
                    anchor,
                    1,
                )?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(place, anchor, tag.as_deref(), Content::List(Vec::new()))?
            }
            Event::MappingStart(_, anchor, tag) => {
                let content = Content::Map { entries: Vec::new(), first_lines: BTreeMap::new(), key: None };
                self.open(place, anchor, tag.as_deref(), content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            Event::Alias(anchor) => self.copy(anchor, place)?,
            // The rest carries no value, and an alias without an anchor ends the parser itself.
            _ => {}
        }
        Ok(())
    }

    /// Says whether the tag makes a plain scalar text; any tag but `!!str` is refused.
    fn judge_tag(&self, tag: Option<&Tag>, place: Place) -> Result<bool, Stop> {
        match tag {
            None => Ok(false),
            Some(tag) if tag.is_yaml_core_schema_tag("str") => Ok(true),
            Some(tag) => {
                let name: String = tag.to_string().chars().take(60).collect();
                Err(Stop::new(place, format!("the tag `{name}` is not allowed")))
            }
        }
    }

    fn open(&mut self, place: Place, anchor: usize, tag: Option<&Tag>, content: Content) -> Result<(), Stop> {
        let nodes_before = self.nodes;
        count(&mut self.nodes, 1, place)?;
        self.judge_tag(tag, place)?;
        if self.stack.len() >= MAX_DEPTH {
            return Err(Stop::new(place, too_deep()));
        }
        if let Some(Open { content: Content::Map { key: None, .. }, .. }) = self.stack.last() {
            return Err(Stop::new(place, "a list or map cannot be a key"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        self.stack.push(Open { place, anchor, nodes_before, content });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Stop> {
        let Some(Open { place, anchor, nodes_before, content }) = self.stack.pop() else { return Ok(()) };
        let body = match content {
            Content::List(items) => Body::List(items),
            Content::Map { entries, .. } => Body::Map(entries),
        };
        let size = self.nodes - nodes_before;
        self.place_value(Node { place, body }, anchor, size)
    }

    fn copy(&mut self, anchor: usize, place: Place) -> Result<(), Stop> {
        match self.anchors.get(&anchor) {
            Some(Some((node, size))) => {
                let size = *size;
                if self.stack.len() + height(node) > MAX_DEPTH {
                    return Err(Stop::new(place, format!("an alias nests deeper than {MAX_DEPTH} levels")));
                }
                // Counted before it is copied.
                count(&mut self.nodes, size, place)?;
                let body = node.body.clone();
                self.place_value(Node { place, body }, 0, size)
            }
            Some(None) => Err(Stop::new(place, "an alias stands inside the value that it names")),
            None => Err(Stop::new(place, "an alias names no anchor")),
        }
    }

    /// Puts a finished value where it belongs: the root, the open list, or the open map as key or value.
    fn place_value(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Stop> {
        if anchor > 0 {
            // The kept copy is memory like any other.
            count(&mut self.nodes, size, node.place)?;
            self.anchors.insert(anchor, Some((node.clone(), size)));
        }
        let place = node.place;
        let duplicate = match self.stack.last_mut().map(|open| &mut open.content) {
            None => {
                self.root = Some(node);
                None
            }
            Some(Content::List(items)) => {
                items.push(node);
                None
            }
            Some(Content::Map { entries, first_lines, key }) => match key.take() {
                None => {
                    let Body::Scalar { text, .. } = node.body else {
                        return Err(Stop::new(place, "a list or map cannot be a key"));
                    };
                    *key = Some(Key { text, place });
                    None
                }
                Some(key) => match first_lines.get(&key.text) {
                    Some(line) => Some((key, *line)),
                    None => {
                        first_lines.insert(key.text.clone(), key.place.line);
                        entries.push((key, node));
                        None
                    }
                },
            },
        };
        if let Some((key, first_line)) = duplicate
            && self.findings.len() < MAX_FINDINGS
        {
            let path = join(&self.path(), &shown_key(&key.text));
            self.findings.push(error(
                key.place,
                &path,
                &format!("the key is written twice, first in line {first_line}"),
            ));
        }
        Ok(())
    }

    /// The path of what is being read; `file` at the top.
    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.stack {
            match &open.content {
                Content::List(items) => path.push_str(&format!("[{}]", items.len())),
                Content::Map { key: Some(key), .. } => path = join(&path, &shown_key(&key.text)),
                Content::Map { key: None, .. } => {}
            }
        }
        if path.is_empty() { "file".to_owned() } else { path }
    }
}

/// `a` and `b` as `a.b`; the top of the file has no name of its own.
pub(super) fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() || parent == "file" { key.to_owned() } else { format!("{parent}.{key}") }
}

/// A key as it is printed: short, on one line.
pub(super) fn shown_key(key: &str) -> String {
    let mut shown: String =
        key.chars().take(60).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if shown.len() < key.len() {
        shown.push('…');
    }
    shown
}

fn height(node: &Node) -> usize {
    match &node.body {
        Body::Scalar { .. } => 0,
        Body::List(items) => 1 + items.iter().map(height).max().unwrap_or(0),
        Body::Map(entries) => 1 + entries.iter().map(|(_, value)| height(value)).max().unwrap_or(0),
    }
}

fn is_control(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r')
}

/// Control characters are refused before parsing, since a parser may take NUL for the end of the file.
fn refuse_control_characters(text: &str) -> Result<(), Stop> {
    let suspicious = |byte: u8| (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f;
    // The other control characters are encoded as 0xC2 and one byte up to 0x9F.
    let bytes = text.as_bytes();
    if !bytes.iter().any(|byte| suspicious(*byte) || *byte == 0xc2) {
        return Ok(());
    }
    for (number, line) in text.split('\n').enumerate() {
        if let Some(column) = line.chars().position(is_control) {
            let place = Place { line: number + 1, column: column + 1 };
            return Err(Stop::new(place, "a control character is not allowed here"));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
