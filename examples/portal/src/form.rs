//! Forms: each brings the token of its visit and the id of its request along, and each field has a label that says what
//! it is.

use maud::{Markup, html};
use uuid::Uuid;

use crate::fields::Fields;
use crate::session::Visit;

/// A form that changes something. Its request has an id, so that a button that is pressed twice does one thing once.
pub(crate) fn post(visit: &Visit, action: &str, inside: Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            (hidden("token", visit.token))
            (hidden("request", Uuid::new_v4()))
            (inside)
        }
    }
}

/// A button for one thing, with what it needs to know.
pub(crate) fn press(visit: &Visit, action: &str, what: &[(&str, String)], label: &str) -> Markup {
    post(
        visit,
        action,
        html! {
            @for (name, value) in what { (hidden(name, value)) }
            button { (label) }
        },
    )
}

/// A field that nobody sees.
pub(crate) fn hidden(name: &str, value: impl std::fmt::Display) -> Markup {
    html! { input type="hidden" name=(name) value=(value.to_string()); }
}

/// What a field says when the form is made, so that only what is changed is sent on.
pub(crate) fn was(name: &str, value: impl std::fmt::Display) -> Markup {
    hidden(&crate::fields::was(name), value)
}

/// A form by which a page is filtered: whatever else it was asked for with stays as it is, the moment it shows as well.
pub(crate) fn filter(fields: &Fields, label: Option<&str>, own: &[&str], inside: Markup) -> Markup {
    html! {
        form.filter method="get" role="search" aria-label=[label] {
            @for (name, value) in &fields.0 {
                @if !own.contains(&name.as_str()) && name != "page" && name != "show" { (hidden(name, value)) }
            }
            (inside)
        }
    }
}

/// A line of text.
pub(crate) fn text(label: &str, name: &str, value: impl std::fmt::Display) -> Markup {
    html! { label { span { (label) } input type="text" name=(name) value=(value.to_string()) dir="auto" autocomplete="off"; } }
}

/// A line of text that has to be there.
pub(crate) fn needed(label: &str, name: &str, value: impl std::fmt::Display) -> Markup {
    html! {
        label {
            span { (label) }
            input type="text" name=(name) value=(value.to_string()) dir="auto" autocomplete="off" required;
        }
    }
}

/// One of several, by what it is called and how it reads.
pub(crate) fn choice(label: &str, name: &str, chosen: &str, all: &[(String, String)]) -> Markup {
    html! {
        label {
            span { (label) }
            select name=(name) {
                @for (value, reads) in all { option value=(value) selected[value == chosen] { (reads) } }
            }
        }
    }
}

/// Any of several.
pub(crate) fn boxes(legend: &str, name: &str, ticked: &[String], all: &[(String, String)]) -> Markup {
    html! {
        fieldset {
            legend { (legend) }
            @for (value, reads) in all { (tick(reads, name, value, ticked.contains(value))) }
        }
    }
}

/// One of several, all of them in view.
pub(crate) fn radios(legend: &str, name: &str, chosen: &str, all: &[(String, String)]) -> Markup {
    html! {
        fieldset {
            legend { (legend) }
            @for (value, reads) in all {
                label.tick {
                    input type="radio" name=(name) value=(value) checked[value == chosen] required;
                    span { (reads) }
                }
            }
        }
    }
}

/// A box to tick.
pub(crate) fn tick(label: &str, name: &str, value: impl std::fmt::Display, ticked: bool) -> Markup {
    html! {
        label.tick {
            input type="checkbox" name=(name) value=(value.to_string()) checked[ticked];
            span { (label) }
        }
    }
}

/// The fields of a form once more, out of sight: what was filled in on the page before, but for some.
pub(crate) fn again(fields: &Fields, but: &[&str]) -> Markup {
    html! {
        @for (name, value) in &fields.0 {
            @if name != "token" && name != "request" && !but.contains(&name.as_str()) { (hidden(name, value)) }
        }
    }
}

/// A value with itself as what it reads.
pub(crate) fn pairs<T: std::fmt::Display>(all: impl IntoIterator<Item = T>) -> Vec<(String, String)> {
    all.into_iter().map(|it| (it.to_string(), crate::words::plainly(&it))).collect()
}
