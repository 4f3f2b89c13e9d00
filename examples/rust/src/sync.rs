//! A service desk calls its customers by ids of its own. Its list is brought about, night after night: planned first,
//! done as ordinary commands, and the same list twice changes nothing.

use std::str::FromStr;

use csv::ReaderBuilder;
use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::{ExternalId, TextError};
use tenantry::command::{AcceptDelink, AcceptLink, Invitee, RequestDelink, RequestLink, SetExternalId};
use tenantry::engine::{CustomerSync, Synced};
use tenantry::model::{Bearer, TenantKind};
use tenantry::query::{ExternalIds, LookUpExternal, SyncRow, SyncState, SyncStep};

use crate::page::{bad, count, faint, good, plain};
use crate::stage::{Result, Stage, happened, set_of};

/// The desk's lists, as they came out of it.
const MONDAY: &[u8] = include_bytes!("../../data/desk-monday.csv");
const TUESDAY: &[u8] = include_bytes!("../../data/desk-tuesday.csv");

/// What the desk is.
const DESK: &str = "connectwise";

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("Sync: what the service desk calls its customers");
    stage.page.remark("The desk has ids of its own. They are kept beside ours, and go with the link.");

    stage.page.heading("The cast");
    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    let harbour = stage.tenant(TenantKind::Customer, "Harbour Lights", "P-7001")?;
    let hana = stage.user("Hana", harbour, "hana@harbour.example", "super_admin")?;
    stage.tenant(TenantKind::Customer, "Copper Kettle", "P-7004")?;
    let southgate = stage.tenant(TenantKind::Msp, "Southgate Systems", "SG-1")?;
    let sam = stage.user("Sam", southgate, "sam@southgate.example", "super_admin")?;
    stage.introduce()?;
    let ask = RequestLink::new(northwind, "P-7001".parse()?, "jointly".parse()?, set_of(&["manage"])?);
    let request = stage.does(ada, "asks to manage Harbour Lights", ask)?;
    let link = stage.does(hana, "accepts", AcceptLink::new(request))?;

    stage.page.heading("Monday: what would be done");
    let list = |bytes: &[u8]| -> Result<CustomerSync> {
        Ok(CustomerSync { manager: northwind, system: DESK.parse()?, rows: read(bytes)? })
    };
    let monday = list(MONDAY)?;
    let before = stage.engine.token()?.seq;
    let plan = monday.plan(&stage.engine, ada)?;
    shows(stage, &monday, &plan);
    stage.page.remark(&format!("{} records were written for that.", stage.engine.token()?.seq - before));

    stage.page.heading("Monday: done");
    let done = monday.run(&stage.engine, ada)?;
    stage.deliver()?;
    for row in stage.engine.ask(ExternalIds::new(ada.into(), northwind))?.rows {
        stage.call(row.whose.tenant.uuid(), &row.whose.name);
    }
    refused(stage, &done);
    leads(stage, ada, northwind, &["CW-1", "CW-2", "CW-3", "CW-4"])?;

    stage.page.heading("Monday's list once more");
    let before = stage.engine.token()?.seq;
    let again = monday.run(&stage.engine, ada)?;
    let rows = [SyncState::Same, SyncState::New, SyncState::Repeated];
    let rows = rows.map(|state| vec![plain(word(state)), count(again.count(state))]);
    stage.page.table(&["what it comes to", "rows"], rows.into());
    stage.page.remark(&format!(
        "{} records were written. Copper Kettle is asked for again, and refused again.",
        stage.engine.token()?.seq - before
    ));

    stage.page.heading("Who else is told");
    stage.page.remark(
        "What Northwind calls its customers is its own affair: another MSP has the same ids for others.",
    );
    let southgates = Bearer::Tenant(southgate);
    let id: ExternalId = "CW-1".parse()?;
    let set = SetExternalId::new(southgate, DESK.parse()?, id.clone(), southgates);
    stage.does(sam, "calls Southgate itself CW-1", set)?;
    leads(stage, sam, southgate, &["CW-1"])?;
    let theirs = Bearer::Tenant(harbour);
    let set = SetExternalId::new(northwind, DESK.parse()?, "CW-9".parse()?, theirs);
    stage.tries(sam, "sets an id for Northwind", set)?;

    stage.page.heading("Tuesday");
    let tuesday = list(TUESDAY)?;
    let plan = tuesday.plan(&stage.engine, ada)?;
    shows(stage, &tuesday, &plan);
    let done = tuesday.run(&stage.engine, ada)?;
    stage.deliver()?;
    refused(stage, &done);
    let gone = done.gone.iter().map(|row| vec![plain(&row.id), plain(&row.whose.name)]).collect();
    stage.page.remark("Whoever is not listed any more is told of, and nothing is done to them:");
    stage.page.table(&["id", "customer"], gone);

    stage.page.heading("The parting");
    stage.does(ada, "asks Harbour Lights to part", RequestDelink::new(link))?;
    let before = stage.engine.token()?.seq;
    stage.does(hana, "agrees", AcceptDelink::new(link))?;
    for record in stage.engine.records_after(before, usize::MAX)? {
        stage.page.remark(&format!("In one record: {}.", happened(&record.events).join(", ")));
    }
    leads(stage, ada, northwind, &["CW-1", "CW-2"])?;
    stage.verify()
}

/// The customers of a list.
fn read(bytes: &[u8]) -> Result<Vec<SyncRow>> {
    let mut rows = Vec::new();
    for line in ReaderBuilder::new().from_reader(bytes).records() {
        let line = line?;
        let [id, name, number, country, website, management, services, owner] =
            line.iter().collect::<Vec<_>>()[..]
        else {
            return Err("a line of the list has other columns".into());
        };
        let services = set_of(&services.split(';').collect::<Vec<_>>())?;
        rows.push(SyncRow {
            number: may(number)?,
            country: may(country)?,
            website: may(website)?,
            owner: may(owner)?.map(Invitee::new),
            ..SyncRow::new(id.parse()?, name.parse()?, management.parse()?, services)
        });
    }
    Ok(rows)
}

fn may<T: FromStr<Err = TextError>>(text: &str) -> std::result::Result<Option<T>, TextError> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

const fn word(state: SyncState) -> &'static str {
    match state {
        SyncState::New => "new",
        SyncState::Found => "found by its number",
        SyncState::Changed => "changed",
        SyncState::Same => "the same",
        SyncState::Repeated => "listed before",
        SyncState::Merged => "has another id",
        SyncState::Crossed => "has another's number",
        _ => "leads elsewhere",
    }
}

/// What a list comes to, row by row.
fn shows(stage: &mut Stage, list: &CustomerSync, synced: &Synced) {
    let rows = list.rows.iter().zip(&synced.steps).map(|(row, step)| {
        let customer = step.customer.as_ref().map_or_else(|| faint("–"), |it| plain(&it.name));
        vec![plain(&row.id), plain(&row.name), good(word(step.state)), customer, faint(note(step))]
    });
    let rows = rows.collect();
    stage.page.table(&["id", "as the desk has it", "comes to", "customer", "note"], rows);
}

fn note(step: &SyncStep) -> String {
    match &step.with {
        Some(with) => format!("is {with}"),
        None if step.renamed => "renamed".to_owned(),
        None => "–".to_owned(),
    }
}

fn refused(stage: &mut Stage, synced: &Synced) {
    let rows: Vec<_> = synced
        .refused
        .iter()
        .map(|(id, refusal)| {
            let what = format!("{} {}: {}", refusal.code.number(), refusal.code, refusal.message());
            vec![plain(id), bad(format!("{what}\n→ {}", refusal.code.remedy()))]
        })
        .collect();
    if rows.is_empty() {
        stage.page.remark("Nothing was refused.");
    } else {
        stage.page.table(&["id", "what stands in the way, and what to do"], rows);
    }
}

/// Where ids of the desk lead, as somebody is told.
fn leads(stage: &mut Stage, who: UserId, keeper: TenantId, ids: &[&str]) -> Result {
    let mut rows = Vec::new();
    for id in ids {
        let ask = LookUpExternal::new(who.into(), keeper, DESK.parse()?, id.parse()?);
        let found = stage.engine.ask(ask)?;
        let name = found.map_or_else(|| faint("nowhere"), |row| plain(row.whose.name));
        rows.push(vec![plain(id), name]);
    }
    stage.page.table(&["id", "leads to"], rows);
    Ok(())
}
