//! Why a call has no reply, in one shape for every language: a refusal, a broken store, or a misuse
//! of the face. The numbers 1 to 999 are the refusals'; those from 9000 on are listed here and are
//! never reused either.

use std::any::Any;
use std::fmt;

use serde::Serialize;

use crate::edge::EdgeError;
use crate::engine::Error;
use crate::refusal::{Code, Family, Refusal};
use crate::store::StoreError;

/// Declares the table.
macro_rules! troubles {
    ($($number:literal $name:ident $text:literal $whose:ident: $message:literal; $remedy:literal)+) => {
        /// What went wrong where nothing was refused: at the door, in the store, or in tenantry
        /// itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        #[non_exhaustive]
        pub enum Trouble {
            $(
                #[doc = concat!("`", $text, "`: ", $message, "; ", $remedy, ".")]
                $name = $number
            ),+
        }

        impl Trouble {
            /// Every trouble, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable number.
            pub const fn number(self) -> u16 {
                self as u16
            }

            /// The stable name, the same in every language.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// What happened, in general; a [`Fault`] says it in particular.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message),+ }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy),+ }
            }

            /// Where it lies.
            pub const fn whose(self) -> Whose {
                match self { $(Self::$name => Whose::$whose),+ }
            }
        }
    };
}

troubles! {
    9001 MalformedJson "malformed_json" Misuse:
        "the document is not JSON"; "send one JSON document"
    9002 InvalidRequest "invalid_request" Misuse:
        "the call is not as it should be";
        "put it right; the documentation of the call, or its JSON Schema, says what it takes"
    9003 DocumentTooLarge "document_too_large" Misuse:
        "the document is too large"; "send less at a time"
    9004 DocumentTooDeep "document_too_deep" Misuse:
        "the document is nested too deep"; "compare it with the JSON Schema that comes with the library"
    9005 RepeatedMember "repeated_member" Misuse:
        "a member of an object is named twice"; "name it once"

    9101 StoreBusy "store_busy" Store:
        "other writers kept the store for too long"; "try again, or allow more time"
    9102 CannotOpen "cannot_open" Store:
        "the file cannot be opened or created"; "check the path and the permissions of the file and its directory"
    9103 NotAStore "not_a_store" Store:
        "the file is not a tenantry store"; "choose another path, the file was left as it is"
    9104 NewerFormat "newer_format" Store:
        "the file was written by a newer tenantry"; "use a newer tenantry, the file was left as it is"
    9105 StoreDamaged "store_damaged" Store:
        "the store is damaged"; "restore a backup, and keep the damaged files for inspection"
    9106 StoreFull "store_full" Store:
        "the store is full"; "make room or raise the limit, then try again"
    9107 StoreReadOnly "store_read_only" Store:
        "the store is read-only"; "open it for writing"
    9108 OutcomeUnknown "outcome_unknown" Store:
        "it is not known whether the commit happened"; "send the same request id again to learn it"
    9109 StoreForked "store_forked" Store:
        "this store was opened before the process was forked"; "open it again in the child"
    9110 UnknownSeq "unknown_seq" Store:
        "there is no such revision"; "name one that the journal has come to"
    9111 StoreFailed "store_failed" Store:
        "the store failed"; "read what the system says, mend that, and try again"
    9112 Diverged "diverged" Store:
        "the token is not of this store's history"; "read again from the start, and find out who restored the store"
    9113 OutputFailed "output_failed" Store:
        "the rows could not be written"; "see to the output and ask again"
    9114 StoreMoved "store_moved" Store:
        "the file is not as it was opened"; "see to it that the right file stands there, close it and open it again"
    9115 ForeignLog "foreign_log" Store:
        "the log does not belong to the file beside it";
        "put back the two that belong together, or remove the log where the file was put there by hand"
    9116 UnfinishedLog "unfinished_log" Store:
        "the file's log is not finished, and nothing can be written there";
        "open it once for writing, or copy the file and its log to where that can be done"
    9117 StoreInUse "store_in_use" Store:
        "the file is in use"; "close it everywhere, then try again"
    9118 PathTaken "path_taken" Store:
        "something is where something else was to be put"; "choose another path, or move away what is there"
    9119 IsBackup "is_backup" Store:
        "the file is a backup"; "restore it, or open it for reading only"
    9120 NoFile "no_file" Store:
        "the store is in memory"; "open one in a file"
    9121 NotReady "not_ready" Store:
        "the connection takes no command";
        "begin a transaction on it, with `synchronous` at FULL, and let no other statement write meanwhile"

    9201 NullPointer "null_pointer" Misuse:
        "a pointer is null that may not be"; "pass what the function's documentation asks for"
    9202 BadLength "bad_length" Misuse:
        "a length is larger than any object can be"; "pass the length in bytes, without a closing zero"
    9203 NotUtf8 "not_utf8" Misuse:
        "a text is not UTF-8"; "convert it before the call"
    9204 BadText "bad_text" Misuse:
        "a text is not well formed"; "write it as its documentation says"
    9205 HandleClosed "handle_closed" Misuse:
        "the handle was closed or freed before"; "use it only between its opening and its closing, and close it once"
    9206 ForeignHandle "foreign_handle" Misuse:
        "this is no handle of that kind, or not of this engine"; "pass one that the library gave out for it"
    9207 HandleInUse "handle_in_use" Misuse:
        "another thread is within a call on the handle"; "wait for it, then close"
    9208 BadStructSize "bad_struct_size" Misuse:
        "a structure's size is none that this library knows"; "set it with sizeof, and match the header to the library"
    9209 UnknownFlag "unknown_flag" Misuse:
        "a flag is set that this library does not know"; "match the header to the library"

    9901 Panicked "panicked" Defect:
        "tenantry has a defect and stopped within this call"; "report it with what was called; other calls go on"
}

/// Where a fault lies: one of the refusals' families, or beyond them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "FaultFamily"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Whose {
    /// Refused: the request itself cannot be taken.
    Request,
    /// Refused: what it names does not exist for the actor.
    Unknown,
    /// Refused: the actor lacks the right.
    Rights,
    /// Refused: a value does not fit the policy or another value.
    Value,
    /// Refused: the state of things does not allow it now.
    State,
    /// The caller misused the face; nothing was done.
    Misuse,
    /// The store is broken, or not what it was.
    Store,
    /// tenantry has a defect.
    Defect,
}

impl Whose {
    /// The status with which HTTP says the same. Whoever misuses a face has a defect, as far as
    /// those on the other side can tell: a web service checks what it is sent by itself, or answers
    /// 400 where a document from outside went through the door as it came.
    ///
    /// ```
    /// use tenantry::wire::Fault;
    /// use tenantry::{Actor, Engine, TenantId, command::EnableTenants};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = Engine::memory()?;
    /// let nowhere = TenantId::from_uuid(db.new_id());
    /// let refused = db.execute(Actor::OPERATOR, EnableTenants::new([nowhere].into())).unwrap_err();
    /// assert_eq!(Fault::from(refused).family.http_status(), 404);
    /// # Ok(())
    /// # }
    /// ```
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Unknown => 404,
            Self::Rights => 403,
            Self::Value => 422,
            Self::State | Self::Request => 409,
            Self::Store => 503,
            Self::Misuse | Self::Defect => 500,
        }
    }
}

impl From<Family> for Whose {
    fn from(family: Family) -> Self {
        match family {
            Family::Request => Self::Request,
            Family::Unknown => Self::Unknown,
            Family::Rights => Self::Rights,
            Family::Value => Self::Value,
            Family::State => Self::State,
        }
    }
}

/// Why a call has no reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Fault {
    /// The stable number: a refusal's up to 999, a trouble's from 9000 on.
    pub number: u16,
    /// The stable name, such as `not_delinkable`.
    pub name: &'static str,
    /// Where it lies.
    pub family: Whose,
    /// What stands in the way.
    pub message: Box<str>,
    /// What to do about it.
    pub remedy: &'static str,
    /// The rule that a refusal comes from, such as `D-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
    /// Whether the same call may pass later without anybody changing it.
    pub transient: bool,
    /// What a refusal is about: an id, a name or a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Box<str>>,
    /// For a batch: every item that stands in the way.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub items: Box<[FaultItem]>,
    /// Where in the document a misuse is, such as `execute.command.owner.email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Box<str>>,
}

/// Why one item of a batch cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FaultItem {
    /// The item's place in the batch, from 0.
    pub index: usize,
    /// The stable number.
    pub number: u16,
    /// The stable name.
    pub name: &'static str,
    /// What stands in the way.
    pub message: String,
    /// What to do about it.
    pub remedy: &'static str,
    /// The rule it comes from.
    pub rule: &'static str,
    /// What it is about.
    pub about: String,
}

impl Fault {
    /// A trouble, in particular.
    pub fn new(trouble: Trouble, message: impl fmt::Display) -> Self {
        Self {
            number: trouble.number(),
            name: trouble.name(),
            family: trouble.whose(),
            message: message.to_string().into(),
            remedy: trouble.remedy(),
            rule: None,
            transient: matches!(trouble, Trouble::StoreBusy | Trouble::OutcomeUnknown),
            about: None,
            items: Box::default(),
            path: None,
        }
    }

    /// A trouble at a place in the document.
    pub fn at(trouble: Trouble, path: impl Into<String>, message: impl fmt::Display) -> Self {
        let path = path.into();
        let message = format_args!("at {path}: {message}").to_string();
        Self { path: Some(path.into()), ..Self::new(trouble, message) }
    }

    /// A panic that a face contained, in the words it left.
    pub fn panicked(panic: &(dyn Any + Send)) -> Self {
        let said = panic.downcast_ref::<&str>().copied();
        let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let said = said.unwrap_or("it did not say why");
        Self::new(Trouble::Panicked, format_args!("stopped by a defect: {said}"))
    }

    fn broken(error: &StoreError) -> Self {
        let trouble = match error {
            StoreError::Busy { .. } => Trouble::StoreBusy,
            StoreError::CannotOpen { .. } => Trouble::CannotOpen,
            StoreError::NotOurs { .. } => Trouble::NotAStore,
            StoreError::Newer { .. } | StoreError::NewerRules { .. } => Trouble::NewerFormat,
            StoreError::Damaged { .. } => Trouble::StoreDamaged,
            StoreError::Full => Trouble::StoreFull,
            StoreError::ReadOnly => Trouble::StoreReadOnly,
            StoreError::OutcomeUnknown { .. } => Trouble::OutcomeUnknown,
            StoreError::Forked => Trouble::StoreForked,
            StoreError::UnknownSeq { .. } => Trouble::UnknownSeq,
            StoreError::Moved { .. } => Trouble::StoreMoved,
            StoreError::ForeignLog { .. } => Trouble::ForeignLog,
            StoreError::UnfinishedLog { .. } => Trouble::UnfinishedLog,
            StoreError::InUse { .. } => Trouble::StoreInUse,
            StoreError::Taken { .. } => Trouble::PathTaken,
            StoreError::IsBackup { .. } => Trouble::IsBackup,
            StoreError::NoFile => Trouble::NoFile,
            StoreError::NotReady { .. } => Trouble::NotReady,
            StoreError::Io(_) => Trouble::StoreFailed,
        };
        Self::new(trouble, without_remedy(&error.to_string(), trouble))
    }
}

/// The message alone: some errors say the remedy in the same breath.
fn without_remedy(message: &str, trouble: Trouble) -> &str {
    message.strip_suffix(trouble.remedy()).and_then(|rest| rest.strip_suffix("; ")).unwrap_or(message)
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.message();
        let item = |item: crate::refusal::ItemRefusal| {
            let one = Refusal::new(item.code, item.about);
            let code = one.code;
            FaultItem {
                index: item.index,
                number: code.number(),
                name: code.name(),
                message: one.message(),
                remedy: code.remedy(),
                rule: code.rule(),
                about: one.about,
            }
        };
        let Refusal { code, about, items } = refusal;
        Self {
            number: code.number(),
            name: code.name(),
            family: code.family().into(),
            message: message.into(),
            remedy: code.remedy(),
            rule: Some(code.rule()),
            transient: code.is_transient(),
            about: Some(about.into()),
            items: items.into_iter().map(item).collect(),
            path: None,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Store(error) => Self::broken(&error),
            Error::Flawed(flaw) => Self::new(Trouble::StoreDamaged, flaw),
            Error::Output { .. } => {
                let trouble = Trouble::OutputFailed;
                Self::new(trouble, without_remedy(&error.to_string(), trouble))
            }
            Error::Diverged { .. } => {
                let trouble = Trouble::Diverged;
                Self::new(trouble, without_remedy(&error.to_string(), trouble))
            }
        }
    }
}

impl Fault {
    /// Why there is no answer in the form of a standard; `path` is where its document lies.
    pub(super) fn edge(error: EdgeError, path: &str) -> Self {
        match error {
            EdgeError::Malformed { path: inner, why } => {
                Self::at(Trouble::InvalidRequest, format!("{path}.{inner}"), why)
            }
            EdgeError::Asked(error) => error.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.remedy)
    }
}

impl std::error::Error for Fault {}

/// What a status number stands for, for faces that list or look up their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The stable number.
    pub number: u16,
    /// The stable name.
    pub name: &'static str,
    /// Where it lies.
    pub family: Whose,
    /// What stands in the way, in general; in a refusal's, `{}` is the thing it is about.
    pub message: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// The rule that a refusal comes from.
    pub rule: Option<&'static str>,
}

impl From<Code> for Status {
    fn from(code: Code) -> Self {
        Self {
            number: code.number(),
            name: code.name(),
            family: code.family().into(),
            message: code.message(),
            remedy: code.remedy(),
            rule: Some(code.rule()),
        }
    }
}

impl From<Trouble> for Status {
    fn from(trouble: Trouble) -> Self {
        Self {
            number: trouble.number(),
            name: trouble.name(),
            family: trouble.whose(),
            message: trouble.message(),
            remedy: trouble.remedy(),
            rule: None,
        }
    }
}

impl Status {
    /// Every status there is, the refusals first; each list in the order of its numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        Code::ALL.iter().copied().map(Self::from).chain(Trouble::ALL.iter().copied().map(Self::from))
    }

    /// The status of that number.
    pub fn numbered(number: u16) -> Option<Self> {
        Self::all().find(|status| status.number == number)
    }
}
