//! What happened, in words: each event's name and what it says, with names in place of ids.

use serde_json::Value;
use uuid::Uuid;

use super::frame::{and_more, begin, end, told_of};
use super::markup::Markup;
use super::names::{NamesTold, spaced};
use super::rights::listed;
use super::told::TenantTold;
use crate::base::ids::TenantId;
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::query::{AuditActor, HeldPermission};

/// How many of a list are named.
const FEW: usize = 6;

/// Who a record is from.
pub(super) fn actor(page: &mut Markup, told: &TenantTold, by: &AuditActor) {
    match by {
        AuditActor::User(user) => told.names.write(page, user.uuid()),
        AuditActor::Organisation(tenant) => told.names.write(page.raw("somebody of "), tenant.uuid()),
        AuditActor::Stranger => drop(page.raw("somebody whom the reader is not told of")),
        AuditActor::Operator { ticket } => {
            page.raw("the platform’s staff");
            if let Some(ticket) = ticket {
                page.raw(", on ").name(ticket);
            }
        }
        AuditActor::Clock => drop(page.raw("time")),
    }
}

pub(super) fn history(page: &mut Markup, told: &TenantTold) {
    begin(page, "history", "History");
    if let Some(rows) = told_of(page, &told.names, "what happened", &told.history) {
        page.raw("<p class=\"note\">What happened last comes first. Moments are UTC.</p>");
        for day in rows.rows.chunk_by(|one, next| one.at.day() == next.at.day()) {
            let Some(first) = day.first() else { continue };
            page.raw("<div class=\"day\"><h3>");
            page.text(first.at.to_string().get(..10).unwrap_or_default()).raw("</h3>\n<ol>\n");
            for row in day {
                page.raw("<li><p class=\"when\"><time datetime=\"").text(row.at).raw("\">");
                page.text(row.at.to_string().get(11..16).unwrap_or_default()).raw("</time> ");
                actor(page, told, &row.by);
                if let Some(command) = &row.command {
                    page.raw(": <strong>").text(spaced(command)).raw("</strong>");
                }
                page.raw("</p>\n<ul>");
                for event in &row.events {
                    page.raw("<li>");
                    happened(page, &told.names, told.tenant.tenant, event);
                    page.raw("</li>");
                }
                for change in told.by_record.get(&row.seq).into_iter().flatten() {
                    page.raw("<li class=\"turn\"><strong>Access:</strong> ");
                    told.names.write(page, change.user.uuid());
                    in_short(page, " gained ", &change.gained);
                    let and = if change.gained.is_empty() { " lost " } else { "; lost " };
                    in_short(page, and, &change.lost);
                    page.raw("</li>");
                }
                page.raw("</ul></li>\n");
            }
            page.raw("</ol></div>\n");
        }
        and_more(page, rows, "audit");
    }
    end(page);
}

/// What was gained or lost: by name, where it is little.
fn in_short(page: &mut Markup, how: &'static str, held: &[HeldPermission]) {
    if held.is_empty() {
        return;
    }
    page.raw(how);
    if held.len() > FEW {
        page.text(held.len()).raw(" permissions");
        return;
    }
    page.joined(held, ", ", |page, one| {
        page.text(&one.permission);
        if one.services_only {
            page.raw(" with ").text(listed(&one.services));
        }
    });
}

/// The fields that say who, whom one wants to find again even without a name.
const PEOPLE: [&str; 2] = ["user", "by"];

/// The fields that hold words of ours.
const WORDS: [&str; 7] = ["role", "command", "refusal", "cause", "kind", "hold", "audience"];

/// Writes an event of a tenant.
fn happened(page: &mut Markup, names: &NamesTold, tenant: TenantId, event: &Event) {
    let said = serde_json::to_value(event).expect("an event crosses as JSON");
    let Value::Object(mut fields) = said else { return };
    let name = fields.remove("event");
    sentence(page, name.as_ref().and_then(Value::as_str).unwrap_or_default());
    // Whose page it is need not be said again; nor what is not so, on whom a request rests, and by
    // which id something is known that has no name.
    fields.retain(|field, value| match value {
        Value::Bool(is_so) => *is_so,
        Value::String(text) => match text.parse() {
            Ok(id) if field == "tenant" => id != tenant.uuid(),
            Ok(id) => names.has(id) || id.is_nil() || PEOPLE.contains(&field.as_str()),
            Err(_) => true,
        },
        _ => field != "sender",
    });
    let mut first = true;
    for (field, value) in &fields {
        page.raw(if first { ": " } else { "; " });
        first = false;
        page.raw("<span class=\"field\">").text(spaced(field)).raw("</span> ");
        match value {
            Value::String(word) if WORDS.contains(&field.as_str()) && word.parse::<Uuid>().is_err() => {
                page.text(spaced(word));
            }
            _ => say(page, names, value),
        }
    }
}

/// A word of ours at the beginning of a sentence.
fn sentence(page: &mut Markup, word: &str) {
    let words = spaced(word);
    let mut letters = words.chars();
    if let Some(first) = letters.next() {
        page.text(first.to_ascii_uppercase()).text(letters.as_str());
    }
}

fn say(page: &mut Markup, names: &NamesTold, value: &Value) {
    match value {
        Value::Null => drop(page.raw("none")),
        Value::Bool(true) => drop(page.raw("yes")),
        Value::Bool(false) => drop(page.raw("no")),
        Value::Number(number) => drop(page.text(number)),
        Value::String(text) => match (text.parse(), Timestamp::parse(text)) {
            (Ok(id), _) => names.write(page, id),
            (_, Ok(at)) => drop(page.moment(at)),
            _ => drop(page.name(text)),
        },
        Value::Array(all) => {
            page.joined(all.iter().take(FEW), ", ", |page, one| say(page, names, one));
            if all.len() > FEW {
                page.raw(" and ").text(all.len() - FEW).raw(" more");
            }
        }
        Value::Object(fields) => match fields.get("name") {
            Some(name) => say(page, names, name),
            None => drop(page.joined(fields, ", ", |page, (field, value)| {
                page.text(spaced(field)).raw(" ");
                say(page, names, value);
            })),
        },
    }
}
