//! Who can reach the tenant, by what, and what has changed about that.

use std::collections::BTreeSet;

use super::frame::{and_more, begin, end, organisation, told_of};
use super::markup::Markup;
use super::rights::{Letter, Sets, families, listed};
use super::told::TenantTold;
use crate::query::{AccessWay, AsOf, HeldPermission, TenantAccessRow};

/// Under which letter the rights of each row are told.
pub(super) struct Letters {
    people: Vec<(Letter, Vec<Letter>)>,
    organisations: Vec<Letter>,
}

impl Letters {
    pub(super) fn of(told: &TenantTold, sets: &mut Sets) -> Self {
        let rows = told.people.iter().flat_map(|page| &page.rows);
        let all: Vec<_> =
            rows.clone().map(|row| sets.of(row.ways.iter().flat_map(|way| &way.held))).collect();
        // Of somebody who comes in by several ways, what each of them is for.
        let each = rows.map(|row| match &*row.ways {
            [_] => Vec::new(),
            ways => ways.iter().map(|way| sets.also(&way.held)).collect(),
        });
        let people = all.into_iter().zip(each.collect::<Vec<_>>()).collect();
        let organisations = told.organisations.iter().flatten().map(|row| sets.of(&row.held)).collect();
        Self { people, organisations }
    }
}

fn rights(page: &mut Markup, letter: Letter, sets: &Sets) {
    page.raw("<a class=\"letter\" href=\"#rights-").text(letter).raw("\">").text(letter).raw("</a> <small>");
    page.text(sets.count(letter)).raw(" permissions</small>");
}

pub(super) fn people(page: &mut Markup, told: &TenantTold, letters: &Letters, sets: &Sets) {
    begin(page, "people", if told.has_passed { "Who could reach it" } else { "Who can reach it" });
    if let Some(rows) = told_of(page, &told.names, "the people who can reach it", &told.people) {
        if rows.rows.is_empty() {
            page.raw("<p>Nobody who is named to the reader.</p>");
        } else {
            page.raw("<table><thead><tr><th scope=\"col\">Who</th><th scope=\"col\">Of</th>");
            page.raw("<th scope=\"col\">Why</th><th scope=\"col\">May do</th></tr></thead><tbody>\n");
        }
        for (row, (all, each)) in rows.rows.iter().zip(&letters.people) {
            page.raw("<tr><th scope=\"row\">");
            told.names.write_fully(page, row.user.uuid());
            page.raw("</th><td data-label=\"Of\">");
            told.names.write_fully(page, row.home.uuid());
            page.raw("</td><td data-label=\"Why\"><ul class=\"why\">");
            for (index, found) in row.ways.iter().enumerate() {
                page.raw("<li>");
                way(page, told, row, found);
                if let Some(letter) = each.get(index) {
                    page.raw(": ");
                    rights(page, *letter, sets);
                }
                page.raw("</li>");
            }
            page.raw("</ul></td><td data-label=\"May do\">");
            rights(page, *all, sets);
            page.raw("</td></tr>\n");
        }
        if !rows.rows.is_empty() {
            page.raw("</tbody></table>");
        }
        and_more(page, rows, "tenant_access");
    }
    end(page);
}

/// By what somebody can reach it.
fn way(page: &mut Markup, told: &TenantTold, row: &TenantAccessRow, way: &AccessWay) {
    let names = &told.names;
    match &way.grounds {
        None => drop(page.raw("a role elsewhere")),
        Some(grounds) => {
            page.raw("<strong>");
            names.write_role(page, &grounds.role);
            page.raw("</strong> ");
            if grounds.tenant == told.tenant.tenant {
                page.raw("here");
            } else {
                names.write(page.raw("at "), grounds.tenant.uuid());
            }
        }
    }
    if !way.chain.is_empty() {
        page.raw(if way.chain.len() == 1 { ", by the link with " } else { ", by the links with " });
        page.joined(&way.chain, ", then ", |page, link| names.write_fully(page, link.uuid()));
    } else if row.home != told.tenant.tenant {
        page.raw(", by links that the reader is not told of");
    }
    if way.grounds.as_ref().is_some_and(|grounds| grounds.masked) {
        page.raw(" <span class=\"tag\">without what is reserved for the customer</span>");
    }
    if let Some(ends) = way.grounds.as_ref().and_then(|grounds| grounds.ends) {
        page.raw(" <span class=\"tag\">until ").moment(ends).raw("</span>");
    }
    if !way.granted.is_empty() {
        page.raw(" <span class=\"tag\">granted by the customer: ");
        page.joined(&way.granted, ", ", |page, one| {
            page.text(one);
        })
        .raw("</span>");
    }
}

pub(super) fn organisations(page: &mut Markup, told: &TenantTold, letters: &Letters, sets: &Sets) {
    begin(page, "organisations", "Other organisations");
    if let Some(rows) = told_of(page, &told.names, "the other organisations", &told.organisations) {
        if rows.is_empty() {
            page.raw("<p>None whose people are not named above.</p>");
        } else {
            page.raw(
                "<p class=\"note\">Their people are not named to the reader. This is what one or another of ",
            );
            page.raw("them may do.</p>\n<table><thead><tr><th scope=\"col\">Organisation</th>");
            page.raw("<th scope=\"col\">May do</th></tr></thead><tbody>\n");
            for (row, letter) in rows.iter().zip(&letters.organisations) {
                page.raw("<tr><th scope=\"row\">");
                organisation(page, &row.organisation);
                page.raw("</th><td data-label=\"May do\">");
                rights(page, *letter, sets);
                page.raw("</td></tr>\n");
            }
            page.raw("</tbody></table>");
        }
    }
    end(page);
}

pub(super) fn changes(page: &mut Markup, told: &TenantTold) {
    let Some((since, section)) = &told.changes else { return };
    begin(page, "changes", "What has changed");
    page.raw("<p class=\"note\">Since ");
    match since {
        AsOf::Seq(seq) => drop(page.raw("record ").text(seq)),
        AsOf::Time(at) => drop(page.moment(*at)),
    }
    page.raw(".</p>");
    if let Some(rows) = told_of(page, &told.names, "what has changed about access", section) {
        if rows.rows.is_empty() {
            page.raw("<p>Nobody who is named to the reader can do anything else than then.</p>");
        } else {
            page.raw("<table><thead><tr><th scope=\"col\">Who</th><th scope=\"col\">Gained</th>");
            page.raw("<th scope=\"col\">Lost</th></tr></thead><tbody>\n");
        }
        for row in &rows.rows {
            page.raw("<tr><th scope=\"row\">");
            told.names.write_fully(page, row.user.uuid());
            page.raw("</th><td data-label=\"Gained\">");
            difference(page, "+ ", &row.gained);
            page.raw("</td><td data-label=\"Lost\">");
            difference(page, "− ", &row.lost);
            page.raw("</td></tr>\n");
        }
        if !rows.rows.is_empty() {
            page.raw("</tbody></table>");
        }
        and_more(page, rows, "tenant_access_changes");
    }
    end(page);
}

/// What was gained or lost, one line for what is with the same services.
fn difference(page: &mut Markup, sign: &'static str, held: &[HeldPermission]) {
    if held.is_empty() {
        page.raw("–");
        return;
    }
    page.raw("<ul class=\"why\">");
    for alone in [false, true] {
        let such = held.iter().filter(|one| one.services_only == alone);
        let all: BTreeSet<_> = such.clone().map(|one| &one.services).collect();
        for services in all {
            let these = such.clone().filter(|one| one.services == *services);
            let these: Vec<_> = these.map(|one| &one.permission).collect();
            page.raw("<li>").raw(sign);
            page.joined(families(&these), "; ", |page, (family, words)| {
                page.raw("<strong>").text(family).raw("</strong> ").text(words);
            });
            if alone {
                page.raw(" <small>only with ").text(listed(services)).raw("</small>");
            }
            page.raw("</li>");
        }
    }
    page.raw("</ul>");
}
