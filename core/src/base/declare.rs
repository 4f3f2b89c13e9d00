//! Declares what crosses a boundary by name, commands and queries alike: each once.

/// Declares a family: of each member a struct, a variant of the enum of all, a name, and what it is
/// answered with, which is a variant of the enum of answers. Fields after a `+` may be left out.
macro_rules! declare {
    (@make $name:ident {} { $($option:ident)* }) => {
        impl Default for $name {
            fn default() -> Self {
                Self { $($option: Default::default()),* }
            }
        }
    };
    (@make $name:ident { $($field:ident : $type:ty),+ } { $($option:ident)* }) => {
        impl $name {
            /// With everything that is needed, and nothing that may be left out.
            pub fn new($($field: $type),+) -> Self {
                Self { $($field,)+ $($option: Default::default(),)* }
            }
        }
    };
    (
        $(#[$all_doc:meta])* enum $All:ident by $tag:literal;
        $(#[$answers_doc:meta])* enum $Answers:ident by $content:literal;
        $(
            $(#[$doc:meta])*
            $name:ident => $text:literal -> $answer:ty;
            { $($(#[$fdoc:meta])* $field:ident : $type:ty),* $(,)? }
            $(+ { $($(#[$odoc:meta])* $option:ident : $otype:ty),* $(,)? })?
        )+
    ) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = $text))]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                $($(#[$fdoc])* pub $field: $type,)*
                $($(
                    $(#[$odoc])*
                    #[serde(default, skip_serializing_if = "crate::base::declare::is_default")]
                    pub $option: $otype,
                )*)?
            }

            declare!(@make $name { $($field : $type),* } { $($($option)*)? });

            impl From<$name> for $All {
                fn from(one: $name) -> Self { Self::$name(one) }
            }
        )+

        $(#[$all_doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(tag = $tag)]
        #[non_exhaustive]
        pub enum $All {
            $(
                $(#[$doc])*
                #[serde(rename = $text)]
                $name($name)
            ),+
        }

        $(#[$answers_doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(tag = $tag, content = $content)]
        #[non_exhaustive]
        pub enum $Answers {
            $(
                #[doc = concat!("The answer to `", $text, "`.")]
                #[serde(rename = $text)]
                $name($answer)
            ),+
        }

        impl $All {
            /// The names of all, in the order of declaration.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The stable name.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $text),+ }
            }

            /// Reads the one of that name from its other fields, so that an error can say which of
            /// them it is about.
            ///
            /// # Errors
            /// When there is none of that name, or the fields are not its own.
            pub(crate) fn read<'de, D: serde::Deserializer<'de>>(name: &str, fields: D) -> Result<Self, D::Error> {
                match name {
                    $($text => <$name as serde::Deserialize>::deserialize(fields).map(Self::$name),)+
                    other => Err(serde::de::Error::unknown_variant(other, Self::NAMES)),
                }
            }
        }
    };
}

pub(crate) use declare;

/// Whether a field is as if it had been left out.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Documentation as its lines are in the source, with a last paragraph that is the same for all.
#[cfg(feature = "schema")]
pub(crate) fn documented(lines: &[&str], last: &str) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    format!("{}\n\n{last}", lines.join("\n"))
}
