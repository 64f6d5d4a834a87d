//! The table as JSON Schema, draft 2020-12: completion and squiggles in editors.
//!
//! Defaults come from the types, by serialising the default file.

use serde_json::{Map, Value, json};

use super::pipeline::PipelineFile;
use super::scalars::spoken;
use super::served::UNUSED;
use super::shape::{Field, Shape, Text};
use super::table::FILE;
use super::tree::join;

/// The whole schema.
pub(super) fn schema() -> Value {
    // Plain data with text keys always serialises; nothing is lost but defaults if it did not.
    let defaults = serde_json::to_value(PipelineFile::default()).unwrap_or_default();
    let mut schema = section(FILE, "", &defaults);
    if let Value::Object(map) = &mut schema {
        map.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        map.insert("title".to_owned(), json!("devops_orchestra.yaml"));
        map.insert("description".to_owned(), json!("What a repository says about its own delivery."));
    }
    schema
}

fn section(fields: &[Field], path: &str, defaults: &Value) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let path = join(path, field.key);
        let default = defaults.get(field.key).unwrap_or(&Value::Null);
        let mut property = value(&field.shape, &path, default);
        if let Value::Object(map) = &mut property {
            map.insert("description".to_owned(), json!(description(field, &path)));
            if !default.is_null() && !matches!(field.shape, Shape::Section(_)) {
                map.insert("default".to_owned(), default.clone());
            }
        }
        properties.insert(field.key.to_owned(), property);
    }
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn description(field: &Field, path: &str) -> String {
    match UNUSED.iter().find(|(unused, _)| *unused == path) {
        Some((_, reason)) => format!("{} This version does not use it: {reason}.", field.about),
        None => field.about.to_owned(),
    }
}

fn value(shape: &Shape, path: &str, defaults: &Value) -> Value {
    let number_or = |pattern: &str, least: f64, most: f64| {
        let number = json!({ "type": "number", "minimum": least, "maximum": most });
        json!({ "anyOf": [number, { "type": "string", "pattern": pattern }] })
    };
    match shape {
        Shape::Section(fields) => section(fields, path, defaults),
        Shape::Short { key, section: fields } => {
            let map = section(fields, path, defaults);
            let short = map["properties"][*key].clone();
            json!({ "anyOf": [short, map] })
        }
        Shape::List { of, least, most, unique } => json!({
            "type": "array",
            "minItems": least,
            "maxItems": most,
            "uniqueItems": unique,
            "items": value(of, path, &Value::Null),
        }),
        Shape::Text { kind, longest } => text(*kind, *longest),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Whole { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Weight => json!({ "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": 100 },
            { "type": "string", "pattern": "^([1-9][0-9]?|100) *%?$" },
        ] }),
        Shape::Percent => number_or("^[0-9]+(\\.[0-9]+)? *%?$", 0.0, 100.0),
        Shape::Milliseconds => number_or("^[0-9]+(\\.[0-9]+)? *(ms|s)?$", 0.0, 3_600_000.0),
        Shape::Rate => json!({ "type": "number", "minimum": 0 }),
        Shape::Duration { least, most } => json!({
            "anyOf": [
                { "type": "integer", "minimum": least, "maximum": most },
                { "type": "string", "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$|^[0-9]+$", "minLength": 1 },
            ],
            "examples": [spoken((*most).min(300))],
        }),
        Shape::Amount => json!({ "anyOf": [
            { "type": "number", "minimum": 0 },
            { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *(%|ms|s)?$" },
        ] }),
    }
}

/// Numbers and booleans are taken as the text they are written with, so an editor must not refuse them.
fn text(kind: Text, longest: usize) -> Value {
    let mut schema = json!({ "type": ["string", "number", "boolean"], "maxLength": longest });
    let pattern = match kind {
        Text::Any => return schema,
        Text::Line | Text::Command => None,
        Text::Name => Some("^[A-Za-z0-9][A-Za-z0-9._-]*$"),
        Text::RepositoryPath => Some("^(?![/~])(?!.*(^|/)\\.\\.(/|$))[^\\\\]+$"),
        Text::HealthPath => Some("^/(?!/)[^\\s\\\\#]*$"),
        Text::Variable => Some("^[A-Za-z_][A-Za-z0-9_]*$"),
        Text::Repository => Some("^\\S+$"),
    };
    schema["minLength"] = json!(1);
    if let Some(pattern) = pattern {
        schema["pattern"] = json!(pattern);
    }
    schema
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
