//! What every section of the page has.

use super::markup::Markup;
use super::names::NamesTold;
use super::told::Section;
use crate::query::{Organisation, Page};

/// Begins a section.
pub(super) fn begin(page: &mut Markup, id: &'static str, title: &'static str) {
    page.raw("<section id=\"").raw(id).raw("\" aria-labelledby=\"").raw(id).raw("-title\">\n<h2 id=\"");
    page.raw(id).raw("-title\">").raw(title).raw("</h2>\n");
}

/// Ends it.
pub(super) fn end(page: &mut Markup) {
    page.raw("\n</section>\n");
}

/// What a section tells; where it was refused, that it was, and why.
pub(super) fn told_of<'t, T>(
    page: &mut Markup,
    names: &NamesTold,
    what: &'static str,
    section: &'t Section<T>,
) -> Option<&'t T> {
    match section {
        Ok(told) => Some(told),
        Err(refusal) => {
            page.raw("<p class=\"left-out\"><strong>Left out:</strong> ").raw(what).raw(". The reason: ");
            let said = refusal.code.message().replace('`', "");
            let (before, after) = said.split_once("{}").unwrap_or((&said, ""));
            page.text(before);
            match refusal.about.parse() {
                Ok(id) => names.write(page, id),
                Err(_) if after.is_empty() => {}
                Err(_) => drop(page.name(&refusal.about)),
            }
            page.text(after).raw(" <small>").raw(refusal.code.name()).raw("</small></p>");
            None
        }
    }
}

/// Says where there is more than the page shows.
pub(super) fn and_more<T>(page: &mut Markup, told: &Page<T>, list: &'static str) {
    if told.next.is_some() {
        page.raw("<p class=\"note\">These are ")
            .text(told.rows.len())
            .raw("; there are more, which the list <code>");
        page.raw(list).raw("</code> tells page by page.</p>");
    }
}

/// An organisation, by its names.
pub(super) fn organisation(page: &mut Markup, one: &Organisation) {
    page.name(&one.name).raw(" <small>").name(&one.number).raw("</small>");
}
