//! An auditor's questions: who could reach this customer on 3 March, and why; what has changed since, and by what.

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::command::{AcceptLink, Assign, BlockUser, NewAssignment, RequestLink, SetManagerGrants};
use tenantry::engine::Moment;
use tenantry::model::{Actor, TenantKind, TermRequest};
use tenantry::query::{
    AccessFilter, AsOf, OrganisationAccess, Paging, TenantAccess, TenantAccessChanges, TenantAccessRow,
    UserAccess,
};

use crate::page::{bad, count, faint, good, plain};
use crate::stage::{Result, Stage, clock_face, permissions, set_of};

/// The moment that the auditor asks about.
const ON_3_MARCH: &str = "2026-03-03T12:00:00Z";

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("Who could reach this customer on 3 March");
    stage
        .page
        .remark("An auditor asks about a day that has passed, why it was so, and what has changed since.");

    stage.page.heading("The cast");
    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    let ben = stage.user("Ben", northwind, "ben@northwind.example", "admin")?;
    let cleo = stage.user("Cleo", northwind, "cleo@northwind.example", "read_only")?;
    let harbour = stage.tenant(TenantKind::Msp, "Harbour Security", "HS-300")?;
    let hana = stage.user("Hana", harbour, "hana@harbour.example", "admin")?;
    let bakery = stage.tenant(TenantKind::Customer, "Bäckerei Klein", "BK-200")?;
    let klara = stage.user("Klara", bakery, "klara@klein.example", "super_admin")?;
    stage.user("Karl", bakery, "karl@klein.example", "read_only")?;
    stage.introduce()?;

    stage.page.heading("Up to 3 March");
    let services = set_of(&["enrollment", "manage"])?;
    let ask = RequestLink::new(northwind, "BK-200".parse()?, "jointly".parse()?, services);
    let request = stage.does(ada, "asks to manage BK-200 jointly", ask)?;
    let link = stage.does(klara, "accepts", AcceptLink::new(request))?;
    stage.call(link.uuid(), "Northwind IT → Bäckerei Klein");
    let grant = SetManagerGrants::new(link, set_of(&["users.manage"])?);
    stage.does(klara, "lets Northwind manage users", grant)?;
    let services = set_of(&["enrollment", "manage"])?;
    let ask = RequestLink {
        term: Some(TermRequest::days(20)),
        ..RequestLink::new(harbour, "NW-100".parse()?, "jointly".parse()?, services)
    };
    let request = stage.does(hana, "asks to manage NW-100 for twenty days", ask)?;
    let above = stage.does(ada, "accepts", AcceptLink::new(request))?;
    stage.call(above.uuid(), "Harbour Security → Northwind IT");

    stage.page.heading("And after it");
    stage.days_pass(7)?;
    stage.does(ada, "blocks Ben, who has left", BlockUser::new(ben))?;
    let admin = NewAssignment { user: cleo, tenant: bakery, role: "admin".parse()?, below: None };
    stage.does(ada, "makes Cleo admin at the bakery", Assign::new(vec![admin]))?;
    stage.days_pass(30)?;
    stage.does(klara, "takes the grant back", SetManagerGrants::new(link, set_of(&[])?))?;

    let then = Timestamp::parse(ON_3_MARCH)?;
    stage.page.heading("Who could reach the bakery on 3 March, as Klara reads it");
    stage.page.remark("Her own people have names; those of others are told as their organisation.");
    as_klara_reads_it(stage, klara, bakery, then)?;

    stage.page.heading("The same as the platform's staff reads it, with the why");
    let rows = at(stage, then, |moment| Ok(moment.ask(TenantAccess::new(Actor::OPERATOR, bakery))?.rows))?;
    with_the_why(stage, &rows);
    let able = at(stage, then, |moment| {
        let filter = AccessFilter { permission: Some("users.manage".parse()?), service: None };
        Ok(moment.ask(TenantAccess { filter, ..TenantAccess::new(Actor::OPERATOR, bakery) })?.rows)
    })?;
    let able = stage.people(&able.iter().map(|row| row.user).collect());
    stage.page.remark(&format!("users.manage was held by {able}."));

    stage.page.heading("What has changed since");
    let since = TenantAccessChanges::new(Actor::OPERATOR, bakery, AsOf::Time(then));
    let rows = stage.engine.ask(since)?.rows;
    let rows = rows.iter().map(|row| {
        vec![plain(stage.name(row.user.uuid())), good(permissions(&row.gained)), bad(permissions(&row.lost))]
    });
    let rows = rows.collect();
    stage.page.table(&["who", "gained", "lost"], rows);

    stage.page.heading("By which record");
    let known = at(stage, then, |moment| Ok(moment.seq()))?;
    by_which_record(stage, bakery, known)?;
    stage.page.remark("What has ended by time alone has no command; it comes with the record that was next.");

    stage.page.heading("What Cleo can reach today, as she reads it");
    let rows = stage.engine.ask(UserAccess::new(cleo.into(), cleo))?.rows;
    let rows = rows
        .iter()
        .map(|row| {
            vec![
                plain(&row.name),
                faint(&row.number),
                plain(permissions(row.ways.first().map_or(&[][..], |way| &way.held))),
            ]
        })
        .collect();
    stage.page.table(&["tenant", "number", "may"], rows);
    stage.verify()
}

/// Asks of a moment that has passed.
fn at<T>(stage: &Stage, then: Timestamp, ask: impl FnOnce(&Moment<'_>) -> Result<T>) -> Result<T> {
    ask(&stage.engine.read()?.as_of_time(then)?.moment()?)
}

fn as_klara_reads_it(stage: &mut Stage, klara: UserId, bakery: TenantId, then: Timestamp) -> Result {
    let (named, others) = at(stage, then, |moment| {
        let named = moment.ask(TenantAccess::new(klara.into(), bakery))?.rows;
        Ok((named, moment.ask(OrganisationAccess::new(klara.into(), bakery))?))
    })?;
    let named = named.iter().map(|row| {
        let (who, of) = (stage.name(row.user.uuid()), stage.name(row.home.uuid()));
        vec![plain(who), faint(of), plain(permissions(row.ways.first().map_or(&[][..], |way| &way.held)))]
    });
    let others = others
        .iter()
        .map(|row| vec![faint("somebody"), plain(&row.organisation.name), plain(permissions(&row.held))]);
    let rows = named.chain(others).collect();
    stage.page.table(&["who", "of", "could"], rows);
    Ok(())
}

/// By which role and through which links, and what of it rests on a grant.
fn with_the_why(stage: &mut Stage, rows: &[TenantAccessRow]) {
    let rows = rows.iter().filter_map(|row| Some((row, row.ways.first()?))).map(|(row, way)| {
        let role = way.grounds.as_ref().map_or_else(
            || "–".to_owned(),
            |grounds| format!("{} of {}", grounds.role, stage.name(grounds.tenant.uuid())),
        );
        let links: Vec<String> = way.chain.iter().map(|link| stage.name(link.uuid())).collect();
        let granted: Vec<_> = way.granted.iter().map(ToString::to_string).collect();
        vec![
            plain(stage.name(row.user.uuid())),
            plain(role),
            if links.is_empty() { faint("–") } else { plain(links.join("\n")) },
            plain(permissions(&way.held)),
            if granted.is_empty() { faint("–") } else { plain(granted.join("\n")) },
        ]
    });
    let rows = rows.collect();
    stage.page.table(&["who", "by the role", "through the link", "could", "by a grant"], rows);
}

/// What the feed has of a tenant from a record on.
fn by_which_record(stage: &mut Stage, of: TenantId, after: u64) -> Result {
    let feed = stage.engine.read()?.now()?.host().access_changes(after, &Paging::default())?.rows;
    let rows = feed.iter().filter(|row| row.tenant == of).map(|row| {
        vec![
            count(row.seq),
            faint(clock_face(row.at)),
            row.command.as_ref().map_or_else(|| faint("–"), plain),
            plain(stage.name(row.user.uuid())),
            good(permissions(&row.gained)),
            bad(permissions(&row.lost)),
        ]
    });
    let rows = rows.collect();
    stage.page.table(&["record", "since", "command", "who", "gained", "lost"], rows);
    Ok(())
}
