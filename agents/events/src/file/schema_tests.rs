//! The schema and the checker say the same, key for key.

use serde_json::{Value, json};

use super::super::check::check;
use super::super::pipeline::PipelineFile;
use super::super::tree::{Body, Node, read};

const SAMPLES: [&str; 3] = [
    include_str!("samples/everything.yaml"),
    include_str!("samples/small.yaml"),
    include_str!("samples/anchors.yaml"),
];

/// A file as an editor sees it: plain scalars are numbers and booleans where YAML 1.2 says so.
fn plain_json(node: &Node) -> Value {
    match &node.body {
        Body::Scalar { text, plain: false } => json!(text),
        Body::Scalar { text, plain: true } => match serde_json::from_str::<Value>(text) {
            Ok(value) if !value.is_array() && !value.is_object() => value,
            // `yes` is a boolean to this checker and to Python, and text to YAML 1.2.
            _ if text == "yes" => json!(true),
            _ => json!(text),
        },
        Body::List(items) => items.iter().map(plain_json).collect(),
        Body::Map(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.text.clone(), plain_json(value))).collect())
        }
    }
}

/// The part of JSON Schema that this schema uses, save patterns.
fn violations(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    if let Some(choices) = schema["anyOf"].as_array() {
        let fits = choices.iter().any(|choice| {
            let mut inner = Vec::new();
            violations(choice, value, path, &mut inner);
            inner.is_empty()
        });
        if !fits {
            found.push(format!("{path}: fits no choice: {value}"));
        }
        return;
    }
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::Null => "null",
    };
    let allowed: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec![kind],
    };
    let counts_as_number = kind == "integer" && allowed.contains(&"number");
    if !allowed.contains(&kind) && !counts_as_number {
        found.push(format!("{path}: {kind} is none of {allowed:?}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        found.push(format!("{path}: {value} is none of the words"));
    }
    if let Some(number) = value.as_f64() {
        let within = schema["minimum"].as_f64().is_none_or(|least| least <= number)
            && schema["maximum"].as_f64().is_none_or(|most| number <= most);
        if !within {
            found.push(format!("{path}: {number} is out of range"));
        }
    }
    if let Value::Array(items) = value {
        let count = items.len() as u64;
        if count < schema["minItems"].as_u64().unwrap_or(0)
            || count > schema["maxItems"].as_u64().unwrap_or(u64::MAX)
        {
            found.push(format!("{path}: {count} items"));
        }
        for item in items {
            violations(&schema["items"], item, path, found);
        }
    }
    if let Value::Object(entries) = value {
        for (key, inner) in entries {
            match schema["properties"].get(key) {
                Some(property) => violations(property, inner, &format!("{path}/{key}"), found),
                None => found.push(format!("{path}/{key}: unknown")),
            }
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            if value.get(required.as_str().unwrap()).is_none() {
                found.push(format!("{path}/{required}: missing"));
            }
        }
    }
}

#[test]
fn the_schema_takes_every_good_sample() {
    let schema = PipelineFile::schema();
    for sample in SAMPLES {
        let mut found = Vec::new();
        violations(&schema, &plain_json(&read(sample).root.unwrap()), "", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}

#[test]
fn the_schema_refuses_what_the_checker_refuses() {
    for text in [
        "projct: {}",
        "build: {tool: dokcer}",
        "testing: {enabled: 5}",
        "testing: {coverage_min: 120}",
        "deployment: {services: [{name: a, port: 70000}]}",
        "deployment: {services: [{port: 7000}]}",
        "deployment: {canary: {steps: []}}",
        "deployment: {canary: {steps: [0]}}",
        "deployment: {canary: {steps: [{wait: 5}]}}",
        "rollback: {threshold: [90]}",
        "chatops: {notify_on: [deployment_sucess]}",
    ] {
        let mut found = Vec::new();
        violations(&PipelineFile::schema(), &plain_json(&read(text).root.unwrap()), "", &mut found);
        assert_ne!(found, Vec::<String>::new(), "the schema takes {text}");
        assert!(!check(text).ok(), "the checker takes {text}");
    }
}

/// Every key of the schema as a path such as `deployment.services[].name`.
fn keys(schema: &Value, path: &str, found: &mut Vec<String>) {
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        keys(choice, path, found);
    }
    if schema["items"].is_object() {
        keys(&schema["items"], &format!("{path}[]"), found);
    }
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        assert_eq!(schema["additionalProperties"], false, "{path}");
        assert!(property["description"].as_str().is_some_and(|text| text.ends_with('.')), "{path}.{key}");
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        found.push(path.clone());
        keys(property, &path, found);
    }
}

fn keys_of_file(node: &Node, path: &str, found: &mut Vec<String>) {
    match &node.body {
        Body::Scalar { .. } => {}
        Body::List(items) => items.iter().for_each(|item| keys_of_file(item, &format!("{path}[]"), found)),
        Body::Map(entries) => {
            for (key, value) in entries {
                let path = if path.is_empty() { key.text.clone() } else { format!("{path}.{}", key.text) };
                found.push(path.clone());
                keys_of_file(value, &path, found);
            }
        }
    }
}

#[test]
fn the_sample_with_everything_has_exactly_the_keys_of_the_schema_and_the_checker_takes_them() {
    let mut in_schema = Vec::new();
    keys(&PipelineFile::schema(), "", &mut in_schema);
    let mut in_file = Vec::new();
    keys_of_file(&read(SAMPLES[0]).root.unwrap(), "", &mut in_file);
    for list in [&mut in_schema, &mut in_file] {
        list.sort();
        list.dedup();
    }
    assert_eq!(in_schema, in_file);
    assert!(check(SAMPLES[0]).ok());
}

#[test]
fn no_value_is_lost_between_the_table_and_the_types() {
    let pipeline = check(SAMPLES[0]).pipeline.unwrap();
    let mut in_types = Vec::new();
    keys_of_file(&read(&serde_json::to_string(&pipeline).unwrap()).root.unwrap(), "", &mut in_types);
    let mut in_schema = Vec::new();
    keys(&PipelineFile::schema(), "", &mut in_schema);
    for key in in_schema {
        // Its value became the alert's threshold.
        if key != "observability.alerts[].threshold_ms" {
            assert!(in_types.contains(&key), "{key} is in the table and not in the types");
        }
    }
}

#[test]
fn documented_defaults_are_in_the_schema() {
    let schema = PipelineFile::schema();
    for (pointer, default) in [
        ("/properties/observability/properties/thresholds/properties/cpu_usage", json!(80.0)),
        ("/properties/observability/properties/thresholds/properties/request_latency", json!(1000.0)),
        ("/properties/rollback/properties/action", json!("previous_version")),
        ("/properties/deployment/properties/target", json!("local")),
        ("/properties/infrastructure/properties/tool", json!("none")),
    ] {
        assert_eq!(schema.pointer(pointer).unwrap()["default"], default, "{pointer}");
    }
}
