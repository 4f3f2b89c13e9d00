//! Texts tried before they are sent: a form or an import learns of every flaw at once, where a
//! command that is malformed stops at its first. Decides nothing of its own: a text is read here as
//! a command reads it.

use serde::{Deserialize, Serialize};

use crate::base::text::{
    BuiltinRole, CompanyName, Country, DeviceId, Email, IntegrationName, IntegrationType, IssueCategory,
    ManagementType, Number, Permission, PersonName, Phone, Prefix, Reference, ReturnPlace, RoleName, Service,
    Street, TextError, Ticket, Website,
};

/// Declares what a text can be read as.
macro_rules! kinds {
    ($($kind:ident)+) => {
        /// What a text is meant to be; the definition of the same name says what that looks like.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum TextKind {
            $(
                #[doc = concat!("A `", stringify!($kind), "`.")]
                $kind
            ),+
        }

        impl TextKind {
            fn parse(self, text: &str) -> Result<String, TextError> {
                match self {
                    $(Self::$kind => $kind::parse(text).map(|it| it.as_str().to_owned())),+
                }
            }
        }
    };
}

kinds! {
    Number Email Prefix Country CompanyName PersonName RoleName Street Phone Website Ticket Permission Service
    ManagementType BuiltinRole IntegrationType IssueCategory IntegrationName Reference DeviceId ReturnPlace
}

/// A text, and what it is meant to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Typed {
    /// What it is meant to be.
    pub kind: TextKind,
    /// As somebody typed it.
    pub text: String,
}

/// What became of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Parsed {
    /// It is well formed; this is its one form.
    Text(String),
    /// It is not.
    Flaw(TextFlaw),
}

/// Why a text is not what it is meant to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TextFlaw {
    /// What stands in the way.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Typed {
    /// Reads it.
    pub fn parse(&self) -> Parsed {
        match self.kind.parse(&self.text) {
            Ok(text) => Parsed::Text(text),
            Err(error) => Parsed::Flaw(TextFlaw {
                message: format!("{} {}", error.field, error.obstacle),
                remedy: error.remedy.into_owned(),
            }),
        }
    }
}
