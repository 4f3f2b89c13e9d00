//! A desk's own tickets, in the store's own file: filtered, sorted and paged by our rights, and written in one transaction with what we
//! are asked to do.

use std::sync::Arc;

use rusqlite::Connection;
use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::command::{AcceptDelink, AcceptInvitation, AddCustomer, EditTenant, Invitee, RequestDelink};
use tenantry::engine::Error;
use tenantry::model::TenantKind;
use tenantry::sql;

use crate::page::{count, faint, plain};
use crate::stage::{Result, Stage, set_of};

/// Who may see a ticket, and with which right, is said within the desk's own statement.
const LIST: &str = "SELECT id, customer, subject, urgent FROM ticket \
     WHERE id > ?3 AND customer IN (SELECT tenant FROM tenantry_tenants(?1, ?2)) \
     ORDER BY id LIMIT 3";

const URGENT: &str = "SELECT id, customer, subject, urgent FROM ticket \
     WHERE id > ?3 AND urgent AND customer IN (SELECT tenant FROM tenantry_tenants(?1, ?2, 'manage')) \
     ORDER BY subject";

/// A ticket is opened by whoever may see devices there, or not at all.
const OPEN: &str = "INSERT INTO ticket (customer, subject, urgent) \
     SELECT ?2, ?3, 0 WHERE tenantry_may(?1, 'devices.view', ?2)";

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("A desk's tickets");
    stage.page.remark("The desk has tables of its own in the store's file. Who sees which row, SQL asks us.");

    stage.page.heading("The cast");
    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    let ben = stage.user("Ben", northwind, "ben@northwind.example", "read_only")?;
    stage.introduce()?;

    stage.page.heading("Customers");
    let (bakery, its_link, klara) = customer(stage, ada, northwind, ("Bäckerei Klein", "BK-200", "Klara"))?;
    let (hotel, ..) = customer(stage, ada, northwind, ("Hotel Adler", "HA-300", "Heidi"))?;

    stage.page.heading("Tickets");
    let mut desk = Connection::open(stage.path())?;
    sql::register_with(&desk, Arc::clone(&stage.engine))?;
    desk.execute_batch(
        "CREATE TABLE ticket (id INTEGER PRIMARY KEY, customer BLOB NOT NULL, subject TEXT, urgent INTEGER);
         CREATE INDEX ticket_customer ON ticket (customer)",
    )?;
    for (customer, subject, urgent) in [
        (bakery, "The oven's screen is dark", true),
        (hotel, "No network on the third floor", false),
        (bakery, "New till", false),
        (hotel, "Key cards fail", true),
        (bakery, "Printer out of ink", false),
    ] {
        let row = (customer.uuid().into_bytes(), subject, urgent);
        desk.execute("INSERT INTO ticket (customer, subject, urgent) VALUES (?1, ?2, ?3)", row)?;
    }
    let last = list(stage, &desk, "Ben sees, three to a page", LIST, (ben, "devices.view", 0))?;
    list(stage, &desk, "and after these", LIST, (ben, "devices.view", last))?;
    list(stage, &desk, "Klara sees those of her bakery", LIST, (klara, "devices.view", 0))?;
    list(stage, &desk, "Urgent, and Ada manages the devices", URGENT, (ada, "devices.manage", 0))?;
    list(stage, &desk, "Ben manages no devices", URGENT, (ben, "devices.manage", 0))?;

    stage.page.heading("A row is written by our rights");
    for (who, customer) in [(klara, bakery), (klara, hotel)] {
        let row = (who.uuid().into_bytes(), customer.uuid().into_bytes(), "Scales are off");
        let opened = desk.execute(OPEN, row)?;
        let line = format!("{} opens a ticket for {}", stage.name(who.uuid()), stage.name(customer.uuid()));
        stage.page.holds(&format!("{line}: {}", if opened == 1 { "one row" } else { "no row" }));
    }

    stage.page.heading("Both or none");
    let signed = desk.transaction()?;
    signed.execute(
        "INSERT INTO ticket (customer, subject, urgent) VALUES (?1, 'Moves house', 0)",
        [hotel.uuid().into_bytes()],
    )?;
    let moves =
        EditTenant { website: Some("https://new.adler.example".parse()?).into(), ..EditTenant::new(hotel) };
    sql::execute(&stage.engine, &signed, ada, moves.clone())?;
    signed.rollback()?;
    both(stage, &desk, "rolled back", hotel)?;
    let signed = desk.transaction()?;
    signed.execute(
        "INSERT INTO ticket (customer, subject, urgent) VALUES (?1, 'Moves house', 0)",
        [hotel.uuid().into_bytes()],
    )?;
    // A refusal takes nothing along.
    match sql::execute(&stage.engine, &signed, ben, moves.clone()) {
        Err(Error::Refused(refusal)) => {
            let code = refusal.code;
            stage.page.holds(&format!(
                "Ben may not: {} {}; the transaction goes on",
                code.number(),
                code.name()
            ));
        }
        other => return Err(format!("was to be refused: {other:?}").into()),
    }
    sql::execute(&stage.engine, &signed, ada, moves)?;
    sql::commit(&stage.engine, signed)?;
    both(stage, &desk, "committed", hotel)?;

    stage.page.heading("They part");
    stage.does(klara, "asks to delink", RequestDelink::new(its_link))?;
    stage.does(ada, "accepts", AcceptDelink::new(its_link))?;
    list(stage, &desk, "Ben sees what is left", LIST, (ben, "devices.view", 0))?;
    list(stage, &desk, "and Klara what is hers", LIST, (klara, "devices.view", 0))?;
    drop(desk);
    stage.verify()
}

/// A customer that is jointly managed, and who answers there.
fn customer(
    stage: &mut Stage,
    ada: UserId,
    msp: TenantId,
    (name, number, owner): (&str, &str, &str),
) -> Result<(TenantId, LinkId, UserId)> {
    let email: tenantry::base::text::Email =
        format!("{}@{}.example", owner.to_lowercase(), number.to_lowercase()).parse()?;
    let add = AddCustomer {
        number: Some(number.parse()?),
        owner: Some(Invitee { name: Some(owner.parse()?), ..Invitee::new(email.clone()) }),
        ..AddCustomer::new(msp, TenantKind::Customer, name.parse()?, "jointly".parse()?, set_of(&["manage"])?)
    };
    let added = stage.does(ada, &format!("adds {name}"), add)?;
    stage.call(added.tenant.uuid(), name);
    stage.call(added.link.uuid(), format!("Northwind IT → {name}"));
    let invited = added.sign_up.ok_or("whoever owns it is invited")?;
    stage.call(invited.user.uuid(), owner);
    stage.does(invited.user, "signs up", AcceptInvitation::new(invited.invitation, email))?;
    Ok((added.tenant, added.link, invited.user))
}

/// What one statement shows, and the last of it.
fn list(
    stage: &mut Stage,
    desk: &Connection,
    what: &str,
    statement: &str,
    (user, permission, after): (UserId, &str, i64),
) -> Result<i64> {
    let mut all = desk.prepare(statement)?;
    let asked = (user.uuid().into_bytes(), permission, after);
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let found =
        all.query_map(asked, read)?.collect::<rusqlite::Result<Vec<(i64, [u8; 16], String, bool)>>>()?;
    stage.page.gap();
    stage.page.remark(what);
    let mut rows = Vec::new();
    for (id, customer, subject, urgent) in &found {
        let customer = stage.name(uuid::Uuid::from_bytes(*customer));
        let urgent = if *urgent { plain("urgent") } else { faint("–") };
        rows.push(vec![count(id), plain(customer), plain(subject), urgent]);
    }
    match rows.is_empty() {
        true => stage.page.remark("no row"),
        false => stage.page.table(&["ticket", "customer", "subject", ""], rows),
    }
    Ok(found.last().map_or(after, |(id, ..)| *id))
}

/// What there is of a row of the desk's and of what was done with it.
fn both(stage: &mut Stage, desk: &Connection, after: &str, hotel: TenantId) -> Result {
    let moving = "SELECT count(*) FROM ticket WHERE subject = 'Moves house'";
    let tickets: i64 = desk.query_row(moving, [], |row| row.get(0))?;
    let settings = tenantry::query::Settings::new(tenantry::model::Actor::OPERATOR, hotel);
    let website = stage.engine.ask(settings)?.website.map_or("none".to_owned(), |it| it.to_string());
    stage.page.holds(&format!("{after}: tickets about the move {tickets}, website {website}"));
    Ok(())
}
