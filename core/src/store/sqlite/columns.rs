//! An entity as the columns of its row: what is frequent in a column of its own and what is rare in
//! `rest`, as JSON. Ids are 16 bytes, moments are microseconds, and what an entity is found by is
//! not said twice. Which field stands where is data; one that is not listed needs no new format.

use rusqlite::Row;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, Visitor};
use serde::ser::{Impossible, Serialize, SerializeStruct, Serializer};
use serde_json::{Error, Map, Value as Json};
use uuid::Uuid;

use crate::view::{Any, Kind};

type Coded<T> = Result<T, Error>;

fn strange(what: impl std::fmt::Display) -> Error {
    serde::de::Error::custom(what)
}

/// How many columns there are for fields, besides the one for the rest of them.
const FIELDS: usize = 8;

/// Their names, the rest last.
pub(super) const NAMES: [&str; FIELDS + 1] = ["a", "b", "c", "d", "e", "f", "g", "h", "rest"];

/// What people are shown of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// A text, a number or JSON, as it is.
    Plain,
    /// A UUID.
    Id,
    /// A moment.
    Time,
}

use Shown::{Id, Plain, Time};

/// Where the fields of a kind of entity stand.
pub(super) struct Layout {
    kind: Kind,
    /// The field that is the entity's id and has no column; none, where its id is made of others.
    id: &'static str,
    /// The fields of the columns from the first on.
    fields: &'static [(&'static str, Shown)],
}

/// The kinds of which there are many, or which people read. Of the others, all is rest. It is part
/// of the format: one that is there never changes.
pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        kind: Kind::Tenant,
        id: "id",
        fields: &[
            ("number", Plain),
            ("kind", Plain),
            ("name", Plain),
            ("country", Plain),
            ("operation", Plain),
            ("devices", Plain),
            ("since", Time),
            ("had_owner", Plain),
        ],
    },
    Layout {
        kind: Kind::Link,
        id: "id",
        fields: &[
            ("manager", Id),
            ("managed", Id),
            ("management", Plain),
            ("services", Plain),
            ("stage", Plain),
            ("since", Time),
            ("delink_ends", Time),
        ],
    },
    Layout {
        kind: Kind::LinkRequest,
        id: "id",
        fields: &[
            ("manager", Id),
            ("managed", Id),
            ("management", Plain),
            ("services", Plain),
            ("handshake", Plain),
        ],
    },
    Layout { kind: Kind::User, id: "id", fields: &[("home", Id), ("state", Plain), ("since", Time)] },
    Layout {
        kind: Kind::Invitation,
        id: "id",
        fields: &[
            ("user", Id),
            ("tenant", Id),
            ("role", Plain),
            ("below", Plain),
            ("sign_up", Plain),
            ("handshake", Plain),
        ],
    },
    Layout {
        kind: Kind::Assignment,
        id: "",
        fields: &[("user", Id), ("tenant", Id), ("role", Plain), ("below", Plain)],
    },
    Layout { kind: Kind::Role, id: "id", fields: &[("tenant", Id), ("name", Plain), ("permissions", Plain)] },
    Layout {
        kind: Kind::ResellerRow,
        id: "",
        fields: &[
            ("reseller", Id),
            ("tenant", Id),
            ("name", Plain),
            ("number", Plain),
            ("devices", Plain),
            ("delinked_devices", Plain),
            ("uploads", Plain),
            ("last_uploaded", Time),
        ],
    },
    Layout {
        kind: Kind::Holding,
        id: "id",
        fields: &[
            ("reseller", Id),
            ("upload", Id),
            ("uploaded_at", Time),
            ("uploaded_to", Id),
            ("holder", Id),
            ("devices", Plain),
            ("shown_as", Id),
        ],
    },
    Layout {
        kind: Kind::Device,
        id: "",
        fields: &[("id", Plain), ("holder", Id), ("holding", Id), ("seat", Id), ("moving", Id)],
    },
    Layout {
        kind: Kind::Move,
        id: "id",
        fields: &[("link", Id), ("manager", Id), ("customer", Id), ("devices", Plain), ("handshake", Plain)],
    },
    Layout {
        kind: Kind::Integration,
        id: "id",
        fields: &[("owner", Id), ("kind", Plain), ("name", Plain), ("deleted", Time)],
    },
    Layout { kind: Kind::Attachment, id: "", fields: &[("integration", Id), ("owner", Id), ("tenant", Id)] },
    Layout {
        kind: Kind::Licence,
        id: "id",
        fields: &[
            ("service", Plain),
            ("seats", Plain),
            ("used", Plain),
            ("tenant", Id),
            ("buyer", Id),
            ("expires", Time),
        ],
    },
    Layout {
        kind: Kind::AlertRule,
        id: "",
        fields: &[("tenant", Id), ("category", Plain), ("audience", Plain), ("additional", Plain)],
    },
    Layout {
        kind: Kind::Session,
        id: "id",
        fields: &[
            ("user", Id),
            ("tenant", Id),
            ("service", Plain),
            ("return_to", Plain),
            ("opened", Time),
            ("closed", Time),
        ],
    },
    Layout {
        kind: Kind::Listing,
        id: "link",
        fields: &[
            ("manager", Id),
            ("tenant", Id),
            ("name", Plain),
            ("number", Plain),
            ("services", Plain),
            ("management", Plain),
            ("stage", Plain),
            ("operation", Plain),
        ],
    },
    Layout {
        kind: Kind::Proposal,
        id: "id",
        fields: &[("link", Id), ("manager", Id), ("managed", Id), ("content", Plain), ("handshake", Plain)],
    },
    Layout {
        kind: Kind::ManagerInvitation,
        id: "id",
        fields: &[("tenant", Id), ("manager", Id), ("handshake", Plain)],
    },
    Layout { kind: Kind::BarredManager, id: "", fields: &[("tenant", Id), ("manager", Id), ("since", Time)] },
    Layout {
        kind: Kind::KeptId,
        id: "",
        fields: &[
            ("keeper", Id),
            ("system", Plain),
            ("of", Plain),
            ("tenant", Id),
            ("given", Plain),
            ("entry", Plain),
            ("since", Time),
        ],
    },
    Layout { kind: Kind::AddressChange, id: "user", fields: &[("home", Id), ("handshake", Plain)] },
];

const ALL_REST: Layout = Layout { kind: Kind::PolicyVersion, id: "", fields: &[] };

/// Where the fields of a kind stand.
pub(super) fn layout(kind: Kind) -> &'static Layout {
    LAYOUTS.iter().find(|layout| layout.kind == kind).unwrap_or(&ALL_REST)
}

impl Layout {
    /// The field that is the entity's id.
    pub(super) const fn id(&self) -> &'static str {
        self.id
    }

    /// The fields that have columns.
    #[cfg(feature = "testkit")]
    pub(super) fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|(field, _)| *field)
    }

    /// The column of a field and what it is shown as; none where it is in the rest.
    pub(super) fn column(&self, field: &str) -> Option<(&'static str, Shown)> {
        let (name, (_, shown)) = NAMES.iter().zip(self.fields).find(|(_, held)| held.0 == field)?;
        Some((name, *shown))
    }
}

/// The columns of an entity.
#[derive(Debug, PartialEq)]
pub(super) struct Columns(Vec<Value>);

impl Columns {
    /// Those of an entity.
    pub(super) fn of(any: &Any) -> Self {
        let layout = layout(any.kind());
        any.write(Filling { layout, columns: Self::none().0 })
            .expect("entities have string keys and finite numbers")
    }

    /// Those of what is not there.
    pub(super) fn none() -> Self {
        // Not copies of one: what a null leaves unsaid would be copied, too, which valgrind minds.
        Self((0..=FIELDS).map(|_| Value::Null).collect())
    }

    /// Whether a row has the same, from this column on.
    pub(super) fn are_in(&self, row: &Row<'_>, first: usize) -> rusqlite::Result<bool> {
        for (at, value) in self.0.iter().enumerate() {
            if ValueRef::from(value) != row.get_ref(first + at)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Them, to bind.
    pub(super) fn values(&self) -> impl Iterator<Item = ToSqlOutput<'_>> {
        self.0.iter().map(|value| value.to_sql().unwrap_or(ToSqlOutput::Owned(Value::Null)))
    }
}

/// Reads an entity from a row that has its columns from this one on.
pub(super) fn read(kind: Kind, id: Uuid, row: &Row<'_>, first: usize) -> Coded<Any> {
    let rest = match row.get_ref(first + FIELDS).map_err(strange)? {
        ValueRef::Null => Map::new(),
        ValueRef::Text(json) => serde_json::from_slice(json)?,
        _ => return Err(strange("its rest is no text")),
    };
    let layout = layout(kind);
    let next = if layout.id.is_empty() { Next::Column(0) } else { Next::Id };
    Any::read(kind, Fields { layout, id: &id, row, first, next, rest: rest.into_iter(), value: None })
}

/// Writes the fields of an entity.
struct Filling {
    layout: &'static Layout,
    columns: Vec<Value>,
}

impl SerializeStruct for Filling {
    type Ok = Columns;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Coded<()> {
        if name == self.layout.id {
            return Ok(());
        }
        if let Some(at) = self.layout.fields.iter().position(|(field, _)| *field == name) {
            let written = match value.serialize(Plainly) {
                Ok(plain) => plain,
                Err(_) => Value::Text(serde_json::to_string(value)?),
            };
            if let Some(column) = self.columns.get_mut(at) {
                *column = written;
            }
            return Ok(());
        }
        let json = serde_json::to_string(value)?;
        let rest = self.columns.last_mut().expect("there is a column for the rest");
        match rest {
            Value::Text(rest) => {
                rest.pop();
                *rest += &format!(",\"{name}\":{json}}}");
            }
            rest => *rest = Value::Text(format!("{{\"{name}\":{json}}}")),
        }
        Ok(())
    }

    fn end(self) -> Coded<Columns> {
        Ok(Columns(self.columns))
    }
}

/// Says that something is none of what it is asked for.
macro_rules! refuse {
    ($ok:ty; $($name:ident($($of:ty),*)),+ $(,)?) => {
        $(fn $name(self, $(_: $of),*) -> Coded<$ok> {
            Err(strange("it is not plain"))
        })+
    };
}

macro_rules! refuse_compound {
    () => {
        type SerializeSeq = Impossible<Self::Ok, Error>;
        type SerializeTuple = Impossible<Self::Ok, Error>;
        type SerializeTupleStruct = Impossible<Self::Ok, Error>;
        type SerializeTupleVariant = Impossible<Self::Ok, Error>;
        type SerializeMap = Impossible<Self::Ok, Error>;
        type SerializeStructVariant = Impossible<Self::Ok, Error>;

        refuse!(Self::SerializeSeq; serialize_seq(Option<usize>));
        refuse!(Self::SerializeTuple; serialize_tuple(usize));
        refuse!(Self::SerializeTupleStruct; serialize_tuple_struct(&'static str, usize));
        refuse!(
            Self::SerializeTupleVariant;
            serialize_tuple_variant(&'static str, u32, &'static str, usize)
        );
        refuse!(Self::SerializeMap; serialize_map(Option<usize>));
        refuse!(
            Self::SerializeStructVariant;
            serialize_struct_variant(&'static str, u32, &'static str, usize)
        );

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Coded<Self::Ok> {
            Err(strange("it is not plain"))
        }
    };
}

/// Entities are structs.
impl Serializer for Filling {
    type Ok = Columns;
    type Error = Error;
    type SerializeStruct = Self;

    refuse_compound!();
    refuse!(
        Columns;
        serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64), serialize_f32(f32),
        serialize_f64(f64), serialize_char(char), serialize_str(&str), serialize_bytes(&[u8]),
        serialize_none(), serialize_unit(), serialize_unit_struct(&'static str),
        serialize_unit_variant(&'static str, u32, &'static str),
    );

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Coded<Columns> {
        Err(strange("it is no struct"))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Coded<Columns> {
        Err(strange("it is no struct"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Coded<Self> {
        Ok(self)
    }
}

/// Writes what is a value of SQLite's.
struct Plainly;

impl Serializer for Plainly {
    type Ok = Value;
    type Error = Error;
    type SerializeStruct = Impossible<Value, Error>;

    refuse_compound!();
    refuse!(Value; serialize_f32(f32), serialize_f64(f64), serialize_char(char));
    refuse!(Self::SerializeStruct; serialize_struct(&'static str, usize));

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, flag: bool) -> Coded<Value> {
        Ok(Value::Integer(flag.into()))
    }

    fn serialize_i8(self, number: i8) -> Coded<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_i16(self, number: i16) -> Coded<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_i32(self, number: i32) -> Coded<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_i64(self, number: i64) -> Coded<Value> {
        Ok(Value::Integer(number))
    }

    fn serialize_u8(self, number: u8) -> Coded<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_u16(self, number: u16) -> Coded<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_u32(self, number: u32) -> Coded<Value> {
        self.serialize_i64(number.into())
    }

    fn serialize_u64(self, number: u64) -> Coded<Value> {
        i64::try_from(number).map(Value::Integer).map_err(strange)
    }

    fn serialize_str(self, text: &str) -> Coded<Value> {
        Ok(Value::Text(text.to_owned()))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Coded<Value> {
        Ok(Value::Blob(bytes.to_vec()))
    }

    fn serialize_none(self) -> Coded<Value> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, some: &T) -> Coded<Value> {
        some.serialize(self)
    }

    fn serialize_unit(self) -> Coded<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Coded<Value> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Coded<Value> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, inner: &T) -> Coded<Value> {
        inner.serialize(self)
    }
}

/// What is read next of an entity.
enum Next {
    Id,
    Column(usize),
}

/// What was found under a name.
enum Held<'r> {
    Column(ValueRef<'r>),
    Rest(Json),
}

/// Reads the fields of an entity.
struct Fields<'r> {
    layout: &'static Layout,
    id: &'r Uuid,
    row: &'r Row<'r>,
    first: usize,
    next: Next,
    rest: serde_json::map::IntoIter,
    value: Option<Held<'r>>,
}

impl<'de> Deserializer<'de> for Fields<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Coded<V::Value> {
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Coded<Option<K::Value>> {
        if let Next::Id = self.next {
            self.next = Next::Column(0);
            self.value = Some(Held::Column(ValueRef::Blob(self.id.as_bytes())));
            return seed.deserialize(BorrowedStrDeserializer::new(self.layout.id)).map(Some);
        }
        while let Next::Column(at) = self.next
            && let Some((name, _)) = self.layout.fields.get(at)
        {
            self.next = Next::Column(at + 1);
            match self.row.get_ref(self.first + at).map_err(strange)? {
                ValueRef::Null => {}
                value => {
                    self.value = Some(Held::Column(value));
                    return seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some);
                }
            }
        }
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(Held::Rest(value));
        seed.deserialize(StrDeserializer::new(&name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Coded<V::Value> {
        match self.value.take() {
            Some(Held::Column(value)) => seed.deserialize(Column(value)),
            Some(Held::Rest(value)) => seed.deserialize(value),
            None => Err(strange("a name comes first")),
        }
    }
}

/// Reads a value of SQLite's.
struct Column<'r>(ValueRef<'r>);

impl<'r> Column<'r> {
    fn text(&self) -> Coded<&'r str> {
        match self.0 {
            ValueRef::Text(text) => str::from_utf8(text).map_err(strange),
            _ => Err(strange("a column has no text")),
        }
    }
}

/// Reads what is no value of SQLite's from the JSON that stands for it.
macro_rules! from_json {
    ($($name:ident($($part:ident: $of:ty),*)),+ $(,)?) => {
        $(fn $name<V: Visitor<'de>>(self, $($part: $of,)* visitor: V) -> Coded<V::Value> {
            let mut json = serde_json::Deserializer::from_str(self.text()?);
            let value = (&mut json).$name($($part,)* visitor)?;
            json.end().map(|()| value)
        })+
    };
}

impl<'de> Deserializer<'de> for Column<'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Coded<V::Value> {
        match self.0 {
            ValueRef::Null => visitor.visit_unit(),
            ValueRef::Integer(number) => visitor.visit_i64(number),
            ValueRef::Text(_) => visitor.visit_borrowed_str(self.text()?),
            ValueRef::Blob(bytes) => visitor.visit_borrowed_bytes(bytes),
            ValueRef::Real(_) => Err(strange("a column has a fraction")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Coded<V::Value> {
        match self.0 {
            ValueRef::Integer(0) => visitor.visit_bool(false),
            ValueRef::Integer(1) => visitor.visit_bool(true),
            _ => Err(strange("a column says neither yes nor no")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Coded<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Coded<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Coded<V::Value> {
        let text = self.text()?;
        if !text.starts_with('{') {
            return visitor.visit_enum(text.into_deserializer());
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let value = json.deserialize_enum(name, variants, visitor)?;
        json.end().map(|()| value)
    }

    from_json!(
        deserialize_seq(),
        deserialize_map(),
        deserialize_tuple(length: usize),
        deserialize_tuple_struct(name: &'static str, length: usize),
        deserialize_struct(name: &'static str, fields: &'static [&'static str]),
    );

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        identifier ignored_any
    }
}
