//! HTML as it is written: what stands around is ours, what is said in it is escaped.

use std::fmt::{self, Display, Write};

use crate::base::time::Timestamp;

/// A document that grows. What is written as it is has been in the sources; whatever comes from
/// elsewhere is text.
#[derive(Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Our own markup, as it is.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text: of an element, or of an attribute in quotation marks.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        write!(Escaped(&mut self.0), "{text}").expect("a string takes all that is written");
        self
    }

    /// What somebody else has called something: whichever way it is written, what stands beside it
    /// stays where it is.
    pub(super) fn name(&mut self, name: impl Display) -> &mut Self {
        self.raw("<bdi>").text(name).raw("</bdi>")
    }

    /// What each of several makes, with our own markup between them.
    pub(super) fn joined<T>(
        &mut self,
        all: impl IntoIterator<Item = T>,
        between: &'static str,
        each: impl Fn(&mut Self, T),
    ) -> &mut Self {
        for (index, one) in all.into_iter().enumerate() {
            if index > 0 {
                self.raw(between);
            }
            each(self, one);
        }
        self
    }

    /// A moment, to the minute.
    pub(super) fn moment(&mut self, at: Timestamp) -> &mut Self {
        let text = at.to_string();
        let (day, minute) = (text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default());
        self.raw("<time datetime=\"").text(&text).raw("\">").text(day).raw(" ").text(minute).raw("</time>")
    }

    /// The document.
    pub(super) fn into_document(self) -> String {
        self.0
    }
}

/// Lets text be nothing but text.
struct Escaped<'m>(&'m mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c if c.is_control() => self.0.push(char::REPLACEMENT_CHARACTER),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}
