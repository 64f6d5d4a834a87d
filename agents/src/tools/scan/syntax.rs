//! Files that do not parse: JSON, notebooks, YAML, TOML and XML.
//!
//! YAML is only tokenised into events: no alias is expanded, no tag is obeyed, so that no bomb goes off.

use super::finding::{Finding, Severity};
use super::{json, place};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_saphyr::granit_parser::{Event as YamlEvent, Parser};

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 200;
/// Most events of one YAML or XML file.
const MAX_EVENTS: usize = 2_000_000;

struct Broken {
    line: usize,
    column: Option<usize>,
    why: String,
}

/// Adds a finding if the file has a known form and is not well formed.
pub(super) fn check(path: &str, text: &str, found: &mut Vec<Finding>) {
    let text = text.trim_start_matches('\u{feff}');
    let (form, outcome) = match place::extension(path).as_str() {
        "json" | "ipynb" | "jsonc" | "code-workspace" | "webmanifest" | "geojson" => {
            ("JSON", check_json(path, text))
        }
        "yaml" | "yml" => ("YAML", check_yaml(text)),
        "toml" => ("TOML", check_toml(text)),
        "xml" | "xsd" | "xsl" | "xslt" | "svg" | "csproj" | "vbproj" | "fsproj" | "props" | "targets"
        | "wsdl" => ("XML", check_xml(text)),
        _ => return,
    };
    let Err(broken) = outcome else { return };
    if is_template(text) {
        let message = format!("not checked as {form}: it looks like a template");
        found.push(Finding::file(Severity::Note, "template", path, message));
        return;
    }
    found.push(Finding {
        // Test vectors are broken on purpose as often as not.
        severity: if place::is_fixture(path) { Severity::Warning } else { Severity::Error },
        rule: "does-not-parse",
        file: path.to_owned(),
        line: broken.line,
        column: broken.column,
        message: format!("this is not valid {form}: {}", broken.why),
    });
}

/// Marks of Helm, Jinja, Go and ERB templates; `${{ }}` is an expression of GitHub's and stands in valid YAML.
fn is_template(text: &str) -> bool {
    let braces = text.match_indices("{{").any(|(at, _)| !text[..at].ends_with('$'));
    braces || text.contains("{%") || text.contains("<%")
}

fn check_json(path: &str, text: &str) -> Result<(), Broken> {
    let stripped;
    let text = if json::allows_comments(path) {
        stripped = json::without_comments(text);
        // An empty settings file is a fine settings file.
        if stripped.trim().is_empty() {
            return Ok(());
        }
        stripped.as_str()
    } else {
        text
    };
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => {
            let why = error.to_string();
            // serde_json appends the place, which the finding has already.
            let why = why.split(" at line ").next().unwrap_or(&why).to_owned();
            Err(Broken { line: error.line(), column: Some(error.column().max(1)), why })
        }
    }
}

fn check_yaml(text: &str) -> Result<(), Broken> {
    let mut depth = 0_usize;
    for (count, event) in Parser::new_from_str(text).enumerate() {
        let (event, span) = event.map_err(|error| Broken {
            line: error.marker().line(),
            column: Some(error.marker().col() + 1),
            why: error.info(),
        })?;
        let too = |why: &str| Err(Broken { line: span.start.line(), column: None, why: why.to_owned() });
        match event {
            YamlEvent::SequenceStart(..) | YamlEvent::MappingStart(..) => depth += 1,
            YamlEvent::SequenceEnd | YamlEvent::MappingEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return too("it nests too deeply to be checked");
        }
        if count > MAX_EVENTS {
            return too("it is too long to be checked");
        }
    }
    Ok(())
}

fn check_toml(text: &str) -> Result<(), Broken> {
    match toml::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let (line, column) = line_and_column(text, at);
            Err(Broken { line, column: Some(column), why: error.message().to_owned() })
        }
    }
}

fn check_xml(text: &str) -> Result<(), Broken> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    let mut roots = 0_usize;
    let broken = |at: u64, why: String| {
        let (line, column) = line_and_column(text, usize::try_from(at).unwrap_or(text.len()));
        Broken { line, column: Some(column), why }
    };
    for _ in 0..MAX_EVENTS {
        let event =
            reader.read_event().map_err(|error| broken(reader.error_position(), error.to_string()))?;
        match event {
            Event::Start(start) | Event::Empty(start) if bad_attribute(&start).is_some() => {
                let why = bad_attribute(&start).unwrap_or_default();
                return Err(broken(reader.buffer_position(), why));
            }
            Event::Start(_) => {
                roots += usize::from(depth == 0);
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(broken(
                        reader.buffer_position(),
                        "it nests too deeply to be checked".to_owned(),
                    ));
                }
            }
            Event::Empty(_) => roots += usize::from(depth == 0),
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(text) if depth == 0 && !text.trim().is_empty() => {
                return Err(broken(
                    reader.buffer_position(),
                    "text stands outside of the root element".to_owned(),
                ));
            }
            Event::Eof if depth > 0 => {
                return Err(broken(
                    reader.buffer_position(),
                    "it ends before its root element does".to_owned(),
                ));
            }
            Event::Eof if roots == 0 => return Err(broken(0, "it has no root element".to_owned())),
            Event::Eof => return Ok(()),
            _ => {}
        }
        if roots > 1 {
            return Err(broken(reader.buffer_position(), "it has more than one root element".to_owned()));
        }
    }
    Err(broken(0, "it is too long to be checked".to_owned()))
}

fn bad_attribute(start: &quick_xml::events::BytesStart<'_>) -> Option<String> {
    start.attributes().take(1000).find_map(|attribute| attribute.err().map(|error| error.to_string()))
}

/// Line and column in characters, both from 1, of a byte offset.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = String::from_utf8_lossy(&text.as_bytes()[..at.min(text.len())]);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    (line, column)
}
