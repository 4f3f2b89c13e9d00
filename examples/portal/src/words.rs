//! The service's own words for what tenantry names. Statuses, reasons and remedies are tenantry's.

use maud::{Markup, html};
use tenantry::Timestamp;
use tenantry::base::text::Service;
use tenantry::event::Event;
use tenantry::model::{Audience, RoleRef};
use tenantry::policy::PERMISSIONS;
use tenantry::query::{HeldPermission, Organisation};

/// What somebody else has called something: whichever way it is written, what stands beside it stays where it is.
pub(crate) fn name(name: impl std::fmt::Display) -> Markup {
    html! { bdi { (name.to_string()) } }
}

/// An organisation, by name and number.
pub(crate) fn organisation(it: &Organisation) -> Markup {
    html! { (name(&it.name)) " " span.number { (it.number) } }
}

/// A name that programs use, as people read it: `read_only` is "Read only".
pub(crate) fn plainly(word: impl std::fmt::Display) -> String {
    let word = word.to_string().replace(['_', '-'], " ");
    let mut rest = word.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// A management type.
pub(crate) fn management(it: impl std::fmt::Display) -> String {
    format!("{} managed", plainly(it))
}

/// A role.
pub(crate) fn role(it: &RoleRef) -> String {
    match it {
        RoleRef::Builtin(name) => plainly(name),
        RoleRef::Custom(_) => "A role of its own".to_owned(),
    }
}

/// Services, in a line.
pub(crate) fn services<'s>(all: impl IntoIterator<Item = &'s Service>) -> String {
    let all: Vec<String> = all.into_iter().map(plainly).collect();
    if all.is_empty() { "–".to_owned() } else { all.join(", ") }
}

/// What a permission lets people do.
pub(crate) fn permission(it: &str) -> String {
    let known = PERMISSIONS.iter().find(|(name, _)| *name == it);
    known.map_or_else(|| it.to_owned(), |(_, what)| what.trim_end_matches('.').to_owned())
}

/// What somebody may do: in words, behind how much it is.
pub(crate) fn permissions(held: &[HeldPermission]) -> Markup {
    html! {
        @match held {
            [] => { span.soft { "nothing" } }
            [one] => (permission(one.permission.as_str())),
            _ => details {
                summary { (held.len()) " permissions" }
                ul { @for one in held { li { (permission(one.permission.as_str())) } } }
            }
        }
    }
}

/// Whom alerts go to in the first place.
pub(crate) fn audience(it: Audience) -> &'static str {
    match it {
        Audience::GroupManagers => "Device-group managers only",
        _ => "All admins",
    }
}

/// Whether a link has ended.
pub(crate) fn parted(happened: &[Event]) -> bool {
    happened.iter().any(|event| matches!(event, Event::LinkEnded { .. }))
}

/// What came of enabling tenants.
pub(crate) fn enabled(happened: &[Event]) -> &'static str {
    let up =
        happened.iter().any(|it| matches!(it, Event::TenantEnabling { .. } | Event::TenantEnabled { .. }));
    match up {
        true => "Enabled. It may take them a moment to be up.",
        false if happened.is_empty() => "They were enabled already: nothing has changed.",
        false => "Your side keeps them disabled no longer. Somebody else still does.",
    }
}

/// What happened, each kind of it once, in words.
pub(crate) fn happened(events: &[Event]) -> String {
    let mut names: Vec<(String, usize)> = Vec::new();
    for event in events {
        let word = plainly(event.name());
        match names.iter_mut().find(|(known, _)| *known == word) {
            Some((_, times)) => *times += 1,
            None => names.push((word, 1)),
        }
    }
    let told = names.into_iter().map(|(name, times)| match times {
        1 => name,
        _ => format!("{name} × {times}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// A moment, to the minute.
pub(crate) fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (minute(at)) } }
}

/// The same within a line.
pub(crate) fn minute(at: Timestamp) -> String {
    at.to_string().chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// A moment that there may be.
pub(crate) fn moment_if(at: Option<Timestamp>) -> Markup {
    html! { @match at { Some(at) => (moment(at)), None => span.soft { "–" } } }
}
