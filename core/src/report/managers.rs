//! Who manages the tenant, up to the top, and who did.

use super::frame::{and_more, begin, end, organisation, told_of};
use super::markup::Markup;
use super::names::spaced;
use super::rights::listed;
use super::told::{Manager, TenantTold};

pub(super) fn managers(page: &mut Markup, told: &TenantTold) {
    begin(page, "managers", if told.has_passed { "Who managed it" } else { "Who manages it" });
    if let Some(found) = told_of(page, &told.names, "its managers", &told.managers) {
        if found.is_empty() {
            page.raw("<p>Nobody.</p>");
        } else {
            page.raw("<ul class=\"tree\"><li><div class=\"node own\"><strong>").name(&told.tenant.name);
            page.raw("</strong> is managed by</div>\n");
            branches(page, found);
            page.raw("</li></ul>");
        }
    }
    if let Some(ended) = told_of(page, &told.names, "the links that have ended", &told.ended)
        && !ended.rows.is_empty()
    {
        page.raw("<h3>Who managed it before</h3>\n<ul class=\"plain\">");
        for link in &ended.rows {
            page.raw("<li>");
            match &link.other {
                Some(other) => organisation(page, other),
                None => drop(page.name(&link.number)),
            }
            page.raw(", ").text(&link.management).raw(" (").text(listed(&link.services)).raw("), ");
            page.moment(link.since);
            if let Some(ended) = link.ended {
                page.raw(" to ");
                page.moment(ended);
            }
            if let Some(cause) = link.cause {
                page.raw(": ").text(spaced(cause.name()));
            }
            page.raw("</li>\n");
        }
        page.raw("</ul>");
        and_more(page, ended, "links");
    }
    end(page);
}

fn branches(page: &mut Markup, managers: &[Manager]) {
    page.raw("<ul>\n");
    for Manager { row, above } in managers {
        page.raw("<li><div class=\"node\"><strong>");
        page.name(&row.manager.name).raw("</strong> <small>").name(&row.manager.number).raw("</small><br>");
        page.text(&row.management).raw(" · ").text(listed(&row.services)).raw(" · since ");
        page.moment(row.since);
        if let Some(expires) = row.expires {
            page.raw(" · ends ");
            page.moment(expires);
        }
        if row.stage.requester().is_some() {
            page.raw(" <span class=\"tag\">").text(&row.status).raw("</span>");
        }
        if !row.grants.is_empty() {
            page.raw("<br>granted: ").joined(&row.grants, ", ", |page, one| {
                page.text(one);
            });
        }
        if !above.is_empty() {
            page.raw("<br>is managed by");
        }
        page.raw("</div>\n");
        if !above.is_empty() {
            branches(page, above);
        }
        page.raw("</li>\n");
    }
    page.raw("</ul>");
}
