//! The JSON Schema of everything that crosses the door, from the types that cross. Only what writes
//! its JSON by hand says here what that is.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::ask::{Answered, HostAnswer, HostQuery, Inquiry, has_past};
use super::call::{Acknowledged, BackedUp, Call, Compacted, Executed, ExecutedAll, IndexSaved, Swept};
use super::fault::{Fault, Status, Trouble};
use crate::base::time::Timestamp;
use crate::command::TypedDevice;
use crate::edge::Document;
use crate::engine::{Rebuilt, Restored, Token};
use crate::journal::Hash;
use crate::model::{Patch, RoleRef};
use crate::query::{Answer, AsOf, Query};
use crate::refusal::Code;

/// Declares the schema of a type that is written by hand.
macro_rules! by_hand {
    ($($type:ty => $name:literal $schema:tt)+) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

by_hand! {
    Timestamp => "Timestamp" {
        "type": "string",
        "format": "date-time",
        "description": "An instant in RFC 3339, with any offset; written in UTC with six digits of a second, such as 2026-01-31T09:30:00.000000Z."
    }
    Token => "Token" {
        "type": "string",
        "pattern": "^[0-9a-fA-F-]{32,36}\\.[0-9]+\\.[0-9a-fA-F]{64}$",
        "description": "A revision of one store's history: its epoch, a record's number and that record's hash."
    }
    Hash => "Hash" {
        "type": "string",
        "pattern": "^[0-9a-fA-F]{64}$",
        "description": "A SHA-256 hash in hexadecimal digits."
    }
    RoleRef => "RoleRef" {
        "type": "string",
        "pattern": "^([a-z][a-z0-9_.-]{0,63}|[0-9a-fA-F{][0-9a-fA-F-]{30,36}[0-9a-fA-F}])$",
        "description": "A role: the name of one built into the policy, such as admin, or the id of a tenant's own (P-9)."
    }
    TypedDevice => "TypedDevice" {
        "anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": TypedDevice::MAX_IDS}
        ],
        "description": "A device as it was typed, by one of its ids or by a list of 1 to 8 of them, the first of which names it (V-2)."
    }
    Document => "Document" {
        "type": "object",
        "additionalProperties": true,
        "description": "A JSON object in the form of a standard, which says what is in it (X-14)."
    }
    AsOf => "AsOf" {
        "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "format": "date-time"}],
        "description": "A moment that has passed: a record's number, or an instant (X-2)."
    }
}

/// One of several, of two families.
fn either(generator: &mut SchemaGenerator, families: [fn(&mut SchemaGenerator) -> Schema; 2]) -> Vec<Value> {
    let mut all = Vec::new();
    for family in families {
        let mut schema = family(generator);
        if let Some(Value::Array(some)) = schema.get_mut("oneOf") {
            all.append(some);
        }
    }
    all
}

impl JsonSchema for Inquiry {
    fn schema_name() -> Cow<'static, str> {
        "Query".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let as_of = generator.subschema_for::<Option<AsOf>>();
        let mut all = either(generator, [Query::json_schema, HostQuery::json_schema]);
        for one in &mut all {
            let has_past =
                one.pointer("/properties/query/const").and_then(Value::as_str).is_some_and(has_past);
            if let Some(Value::Object(properties)) = one.get_mut("properties").filter(|_| has_past) {
                let mut as_of = as_of.clone();
                as_of.insert("description".to_owned(), "When; now, if left out.".into());
                properties.insert("as_of".to_owned(), as_of.into());
            }
        }
        json_schema!({"description": "Any question, and the moment it is about.", "oneOf": all})
    }
}

impl JsonSchema for Answered {
    fn schema_name() -> Cow<'static, str> {
        "Answered".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let seq = "The revision it was read at, where it is about the world at a moment.";
        json_schema!({
            "description": "The answer to a question, and the revision it was read at.",
            "type": "object",
            "properties": {"seq": {
                "description": seq, "type": ["integer", "null"], "format": "uint64", "minimum": 0
            }},
            "oneOf": either(generator, [Answer::json_schema, HostAnswer::json_schema])
        })
    }
}

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = |code: &Code| {
            let meaning =
                format!("{} ({}): {}; {}.", code.number(), code.rule(), code.message(), code.remedy());
            json!({"const": code.name(), "description": meaning, "x-status": status((*code).into())})
        };
        let all: Vec<Value> = Code::ALL.iter().map(one).collect();
        json_schema!({"description": "Why a command is refused, or a check denied.", "oneOf": all})
    }
}

/// A row of the table of statuses, for generators.
fn status(of: Status) -> Value {
    let Status { number, name, family, message, remedy, rule } = of;
    json!({"number": number, "name": name, "family": family, "message": message, "remedy": remedy, "rule": rule})
}

/// Absent leaves a value as it is, `null` clears it, anything else replaces it; `x-clearable` says
/// so to generators, for whom it would else look like any field that may be left out.
impl<T: JsonSchema> JsonSchema for Patch<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Change_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Option::<T>::json_schema(generator);
        schema.insert("x-clearable".to_owned(), Value::Bool(true));
        schema
    }
}

/// The JSON Schema (draft 2020-12) of everything that crosses. As a whole it is that of a [`Call`];
/// the replies are among its `$defs`: `Executed`, `ExecutedAll`, `Answered`, `Acknowledged`,
/// `Swept`, `BackedUp`, `IndexSaved`, `Compacted`, `Rebuilt` and `Fault`. `Restored` is what a
/// restore replies.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let call = generator.subschema_for::<Call>();
    for _ in [
        generator.subschema_for::<Executed>(),
        generator.subschema_for::<ExecutedAll>(),
        generator.subschema_for::<Answered>(),
        generator.subschema_for::<Acknowledged>(),
        generator.subschema_for::<Swept>(),
        generator.subschema_for::<BackedUp>(),
        generator.subschema_for::<IndexSaved>(),
        generator.subschema_for::<Compacted>(),
        generator.subschema_for::<Rebuilt>(),
        generator.subschema_for::<Restored>(),
        generator.subschema_for::<Fault>(),
    ] {}
    let troubles = Trouble::ALL.iter().map(|trouble| {
        let meaning = format!("{}; {}.", trouble.message(), trouble.remedy());
        let status = status((*trouble).into());
        json!({"const": trouble.number(), "title": trouble.name(), "description": meaning, "x-status": status})
    });
    let mut defs = generator.take_definitions(true);
    defs.insert(
        "Trouble".to_owned(),
        json!({
            "description": "The numbers of faults that are no refusals.",
            "oneOf": troubles.collect::<Vec<_>>(),
        }),
    );
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tenantry",
        "description": "What crosses the JSON door. A call is one of `Call`; its reply is `Executed`, `ExecutedAll`, `Answered`, \
            `Acknowledged`, `Swept`, `BackedUp`, `IndexSaved`, `Compacted` or `Rebuilt`, or else a `Fault`. Text is trimmed and brought into one form where it is read.",
        "$ref": call.get("$ref"),
        "$defs": defs,
    });
    unwrap_descriptions(&mut schema);
    schema
}

/// Where a comment in the source breaks its lines is nothing to those who read the schema: within
/// a paragraph, lines become one.
fn unwrap_descriptions(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "description" => {
                        let paragraphs: Vec<String> =
                            text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
                        *text = paragraphs.join("\n\n");
                    }
                    _ => unwrap_descriptions(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unwrap_descriptions),
        _ => {}
    }
}
