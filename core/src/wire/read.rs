//! JSON in: a document within bounds becomes a tree, the tree becomes a type, and an error says
//! where. Stricter than JSON alone: a member that is named twice is refused, for two readers could
//! take either.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::fault::{Fault, Trouble};
use super::strict::Strict;
use crate::command::Command;
use crate::policy::Policy;

/// The most bytes of a document.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// How deep a document may be nested.
pub const MAX_DEPTH: usize = 32;

/// Reads a document as a tree.
pub fn tree(text: &str) -> Result<Value, Fault> {
    if text.len() > MAX_BYTES {
        let message = format!("the document has {} bytes, and the most is {MAX_BYTES}", text.len());
        return Err(Fault::new(Trouble::DocumentTooLarge, message));
    }
    let why = Cell::new(Trouble::MalformedJson);
    let mut from = serde_json::Deserializer::from_str(text);
    let tree = Tree { depth: 0, why: &why }.deserialize(&mut from);
    tree.and_then(|tree| from.end().map(|()| tree)).map_err(|error| Fault::new(why.get(), error))
}

/// Reads a part of the tree that lies at `path` as a type.
pub(super) fn part<T: DeserializeOwned>(part: Value, path: &str) -> Result<T, Fault> {
    part_by(path, part, |fields| T::deserialize(fields))
}

/// The same, by a function that reads it.
pub(super) fn part_by<T>(
    path: &str,
    part: Value,
    read: impl FnOnce(serde_path_to_error::Deserializer<'_, '_, Strict>) -> Result<T, serde_json::Error>,
) -> Result<T, Fault> {
    let mut track = serde_path_to_error::Track::new();
    read(serde_path_to_error::Deserializer::new(Strict(part), &mut track)).map_err(|error| {
        let inner = track.path().to_string();
        let path = match inner.as_str() {
            "." => path.to_owned(),
            _ if inner.starts_with('[') => format!("{path}{inner}"),
            _ => format!("{path}.{inner}"),
        };
        Fault::at(Trouble::InvalidRequest, path, error)
    })
}

/// A policy as a tree: as it stands there or, where it is a name, the one of that name that comes
/// with the library.
pub(super) fn policy(document: Value, path: &str) -> Result<Value, Fault> {
    let Value::String(name) = document else { return Ok(document) };
    let Some(found) = Policy::builtin().into_iter().find(|policy| policy.name == name) else {
        return Err(Fault::at(
            Trouble::InvalidRequest,
            path,
            "no policy of that name comes with the library",
        ));
    };
    Ok(serde_json::to_value(found).expect("a policy has string keys and finite numbers"))
}

/// Reads a command that lies at `path`; its policy may be a name.
pub(super) fn command(document: Value, path: &str) -> Result<Command, Fault> {
    let (name, mut fields) = tag(document, "command", path)?;
    if let Some(named) = fields.get_mut("policy") {
        *named = policy(named.take(), &format!("{path}.policy"))?;
    }
    part_by(path, fields, |fields| Command::read(&name, fields))
}

/// Takes the member out of an object that says which of several kinds it is.
pub(super) fn tag(fields: Value, name: &str, path: &str) -> Result<(String, Value), Fault> {
    let Value::Object(mut fields) = fields else {
        return Err(Fault::at(Trouble::InvalidRequest, path, "expected an object"));
    };
    match fields.remove(name) {
        Some(Value::String(tag)) => Ok((tag, Value::Object(fields))),
        Some(_) => Err(Fault::at(Trouble::InvalidRequest, format!("{path}.{name}"), "expected a string")),
        None => Err(Fault::at(Trouble::InvalidRequest, path, format!("missing field `{name}`"))),
    }
}

/// Builds the tree, and notes why it cannot.
#[derive(Clone, Copy)]
struct Tree<'w> {
    depth: usize,
    why: &'w Cell<Trouble>,
}

impl Tree<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            self.why.set(Trouble::DocumentTooDeep);
            return Err(E::custom(format!("the document is nested more than {MAX_DEPTH} deep")));
        }
        Ok(Self { depth: self.depth + 1, why: self.why })
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let below = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let below = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            if members.contains_key(&name) {
                self.why.set(Trouble::RepeatedMember);
                return Err(A::Error::custom("a member of an object is named twice"));
            }
            members.insert(name, from.next_value_seed(below)?);
        }
        Ok(Value::Object(members))
    }
}
