//! Lists: what they are filtered and sorted by stands in the query string, and so does the page that one is on.

use maud::{Markup, html};
use tenantry::query::{MAX_ROWS, Page, Paging};

use crate::fields::Fields;
use crate::problem::Problem;

/// How many rows a page has.
const ROWS: usize = 10;

/// What the query string would be with some fields changed; a text that is empty takes the field out.
pub(crate) fn with(fields: &Fields, changed: &[(&str, &str)]) -> String {
    let kept = fields
        .0
        .iter()
        .filter(|(name, value)| !value.is_empty() && !changed.iter().any(|(other, _)| other == name));
    let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
    let changed = changed.iter().copied().filter(|(_, value)| !value.is_empty());
    let query = serde_urlencoded::to_string(kept.chain(changed).collect::<Vec<_>>()).unwrap_or_default();
    format!("?{query}")
}

/// What leads to another page of the moment that this one shows.
pub(crate) fn then(fields: &Fields) -> String {
    with(&Fields::default(), &[("as_of", fields.get("as_of").unwrap_or_default())])
}

/// The page of a list that the query string asks for.
pub(crate) fn paging(fields: &Fields) -> Result<Paging, Problem> {
    Ok(Paging { cursor: fields.may("page")?, limit: ROWS, descending: fields.yes("descending")? })
}

/// What is looked for in a list that has no filter for it, page after page, until enough is found.
pub(crate) fn sought<R>(
    ask: impl Fn(Paging) -> Result<Page<R>, Problem>,
    is_it: impl Fn(&R) -> bool,
    most: usize,
) -> Result<Vec<R>, Problem> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = ask(Paging { cursor, limit: MAX_ROWS, ..Paging::default() })?;
        found.extend(page.rows.into_iter().filter(&is_it).take(most - found.len()));
        if found.len() == most || page.next.is_none() {
            return Ok(found);
        }
        cursor = page.next;
    }
}

/// What a list is sorted by: one of these, by the word that stands for it.
pub(crate) fn sort<S: Copy>(fields: &Fields, known: &[(&str, S)]) -> Result<Option<S>, Problem> {
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    let said = fields.may_word("sort", &words)?;
    Ok(said.and_then(|said| known.iter().find(|(word, _)| *word == said)).map(|(_, sort)| *sort))
}

/// The head of a column by which a list can be sorted, and is turned round where it is already.
pub(crate) fn sortable(fields: &Fields, label: &str, sort: &str, is_first: bool) -> Markup {
    let sorted = fields.get("sort").map_or(is_first, |sorted| sorted == sort);
    let descending = sorted && fields.get("descending").is_some();
    let turned = if sorted && !descending { "yes" } else { "" };
    let to = with(fields, &[("sort", sort), ("descending", turned), ("page", ""), ("show", "")]);
    let order = match (sorted, descending) {
        (false, _) => None,
        (true, false) => Some("ascending"),
        (true, true) => Some("descending"),
    };
    html! {
        th scope="col" aria-sort=[order] {
            a href=(to) { (label) }
            @if sorted { span.soft aria-hidden="true" { (if descending { " ↓" } else { " ↑" }) } }
        }
    }
}

/// The way on, and the way back to the beginning. Pages in between are behind the browser's own button.
pub(crate) fn pager(fields: &Fields, next: Option<&str>) -> Markup {
    let is_first = fields.get("page").is_none();
    html! {
        @if !is_first || next.is_some() {
            nav.pager aria-label="Pages" {
                @if !is_first { a href=(with(fields, &[("page", ""), ("show", "")])) { "First page" } }
                @if let Some(next) = next { a href=(with(fields, &[("page", next), ("show", "")])) { "Next page" } }
            }
        }
    }
}
