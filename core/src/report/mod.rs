//! What somebody was told of a tenant becomes a page for people: one HTML document that runs
//! nothing and asks nothing of anywhere else. Decides nothing about what is on it.

mod coming;
mod frame;
mod history;
mod managers;
mod markup;
mod names;
mod people;
mod rights;
mod told;

use coming::{about_to_arise, coming};
use frame::{begin, end};
use history::history;
use managers::managers;
use markup::Markup;
pub(crate) use names::NamesTold;
use people::{Letters, changes, organisations, people};
use rights::Sets;
pub(crate) use told::{Manager, Section, TenantTold, Unanswered};

use crate::model::TenantKind;

/// The page.
pub(crate) fn page(told: &TenantTold) -> String {
    let mut page = Markup::default();
    let mut sets = Sets::default();
    let letters = Letters::of(told, &mut sets);
    let coming = coming(told);
    page.raw(include_str!("head.html"));
    page.text(&told.tenant.name).raw(": access and history</title>\n<style>\n");
    page.raw(include_str!("style.css")).raw("</style>\n</head>\n<body>\n");
    head(&mut page, told, coming.len());
    page.raw("<main>\n");
    people(&mut page, told, &letters, &sets);
    organisations(&mut page, told, &letters, &sets);
    if !sets.is_empty() {
        begin(&mut page, "rights", "What they may do");
        page.raw("<p class=\"note\">Each letter stands for everything that somebody may do here.</p>");
        page.raw("<div class=\"cards\">");
        sets.write(&mut page, &told.services);
        end(page.raw("</div>"));
    }
    managers(&mut page, told);
    about_to_arise(&mut page, told, &coming);
    changes(&mut page, told);
    history(&mut page, told);
    page.raw("</main>\n<footer><p>Made by tenantry ").raw(env!("CARGO_PKG_VERSION"));
    page.raw(". Everything on this page is in this file.</p></footer>\n</body>\n</html>\n");
    page.into_document()
}

fn head(page: &mut Markup, told: &TenantTold, coming: usize) {
    let TenantTold { tenant, names, .. } = told;
    page.raw("<header>\n<p class=\"kind\">Access and history</p>\n<h1>").name(&tenant.name).raw("</h1>\n");
    page.raw("<p class=\"facts\"><span>").name(&tenant.number).raw("</span><span>");
    page.raw(match tenant.kind {
        TenantKind::Msp => "MSP",
        TenantKind::Customer => "customer",
        TenantKind::Reseller => "reseller",
    });
    page.raw("</span><span>").raw(tenant.operation.name()).raw("</span><span>there since ");
    page.moment(tenant.since);
    page.raw("</span></p>\n");
    page.raw(if told.has_passed { "<p class=\"past\"><strong>This is the past:</strong> " } else { "<p>" });
    page.raw(if told.has_passed { "as of " } else { "As of " });
    page.moment(told.at);
    page.raw(" UTC, as it is told to ");
    match told.reader {
        None => drop(page.raw("the platform’s staff")),
        Some(user) => names.write_fully(page, user.uuid()),
    }
    page.raw(if told.has_passed {
        " today. People are called what they are called today.</p>\n"
    } else {
        ".</p>\n"
    });
    page.raw("<ul class=\"sums\">");
    let mut sum = |count: Option<(usize, bool)>, to: &'static str, [one, many]: [&'static str; 2]| {
        if let Some((count, more)) = count {
            page.raw("<li><a href=\"#").raw(to).raw("\"><strong>").text(count).raw(if more {
                "+"
            } else {
                ""
            });
            page.raw("</strong> ").raw(if count == 1 { one } else { many }).raw("</a></li>");
        }
    };
    let reach = match told.has_passed {
        false => ["person can reach it", "people can reach it"],
        true => ["person could reach it", "people could reach it"],
    };
    sum(told.people.as_ref().ok().map(|it| (it.rows.len(), it.next.is_some())), "people", reach);
    let others = ["other organisation", "other organisations"];
    sum(told.organisations.as_ref().ok().map(|it| (it.len(), false)), "organisations", others);
    sum(told.managers.as_ref().ok().map(|it| (it.len(), false)), "managers", ["manager", "managers"]);
    sum(Some((coming, false)), "coming", ["thing about to arise", "things about to arise"]);
    page.raw("</ul>\n</header>\n");
}
