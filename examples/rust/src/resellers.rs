//! A reseller and the devices it sold: where they went, and whom it sees for them, before and after a delink. Asks for the
//! reseller's rows only as the reseller; never looks behind them, but to ask whom one device is shown as.

use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::base::text::{DeviceId, Email, Reference};
use tenantry::command::{
    AcceptDelink, AcceptInvitation, AcceptLink, AddCustomer, AddResellerCustomer, ConvertLink, DeleteDevices,
    DropReseller, EditTenant, Invitee, MoveDevices, RegisterTenant, RequestDelink, RequestLink,
    UploadDevices,
};
use tenantry::engine::RESELLER_COLUMNS;
use tenantry::engine::{AnyEntity, EntityKind, HeldDevice, Moment};
use tenantry::model::{Actor, TenantKind};
use tenantry::query::{
    CustomerFilter, Customers, Paging, ResellerCsv, ResellerCustomerRow, ResellerCustomers, ResellerFilter,
};

use crate::page::{count, faint, plain};
use crate::stage::{Result, Stage, clock_face, set_of};

/// A phone by its two IMEIs and its serial number.
const PHONE: [&str; 3] = ["356938031000053", "356938031000061", "SN-2026/0101"];

/// What the bakery buys: an IMEI, a MEID, a serial number.
const BAKERY: [&str; 3] = ["356938031000012", "A100000C1D2E3F", "SN-2026/0042"];

/// What the MSP buys for its pool.
const POOL: [&str; 5] =
    ["490154201000017", "490154201000025", "490154201000033", "490154201000041", "490154201000058"];

/// Two of them, which the MSP moves on.
const MOVED: [&str; 2] = ["490154201000017", "490154201000025"];

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("Resellers: uploads, moves, and whom devices are shown as");
    stage
        .page
        .remark("A reseller sells to customers and to an MSP, and sees who has its devices: up to a point.");

    stage.page.heading("The cast");
    let contoso = tenant(stage, TenantKind::Reseller, "Contoso Mobile", "RS-700", "DE")?;
    let rita = stage.user("Rita", contoso, "rita@contoso.example", "admin")?;
    let northwind = tenant(stage, TenantKind::Msp, "Northwind IT", "NW-100", "DE")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    let bakery = tenant(stage, TenantKind::Customer, "Bäckerei Klein", "BK-200", "DE")?;
    let klara = stage.user("Klara", bakery, "klara@baeckerei-klein.example", "super_admin")?;
    let holm = tenant(stage, TenantKind::Customer, "Holm & Sons", "HS-900", "DK")?;
    let hanna = stage.user("Hanna", holm, "hanna@holm.example", "super_admin")?;
    stage.introduce()?;

    stage.page.heading("The MSP's customers");
    let bakery_link = jointly(stage, ada, klara, northwind, "BK-200")?;
    stage.call(bakery_link.uuid(), "Northwind IT → Bäckerei Klein");
    let (kind, name) = (TenantKind::Customer, "Fjord Logistikk");
    let add = AddCustomer::new(northwind, kind, name.parse()?, "fully".parse()?, set_of(&["manage"])?);
    let add = AddCustomer { number: Some("FL-500".parse()?), country: Some("NO".parse()?), ..add };
    let added = stage.does(ada, "adds Fjord Logistikk, fully managed", add)?;
    let fjord = added.tenant;
    stage.call(fjord.uuid(), name);

    let sells = Sells { rita, contoso };
    stage.page.heading("Whom the reseller sells to");
    stage.tries(rita, "uploads to the bakery before adding it", sells.upload(bakery, &BAKERY))?;
    let reference: Reference = "Till 4711".parse()?;
    let add = AddResellerCustomer {
        reference: Some(reference),
        ..AddResellerCustomer::new(contoso, "BK-200".parse()?)
    };
    stage.does(rita, "adds BK-200, which is `Till 4711` in its own books", add)?;
    stage.does(rita, "adds NW-100", AddResellerCustomer::new(contoso, "NW-100".parse()?))?;
    stage.does(rita, "adds HS-900", AddResellerCustomer::new(contoso, "HS-900".parse()?))?;
    stage.does(rita, "uploads three devices to the bakery", sells.upload(bakery, &BAKERY))?;
    stage.days_pass(1)?;
    stage.does(rita, "uploads five devices to the MSP", sells.upload(northwind, &POOL))?;

    stage.page.heading("A batch with faults");
    let typed = ["356938031000020", "356938031000039", "356938031000020", "a100000c1d2e3f", "SN 77", "X1"];
    let batch = sells.upload(holm, &typed);
    stage.tries_each(rita, "uploads six devices to Holm & Sons", &typed.map(str::to_owned), batch)?;
    stage.page.remark(
        "All or nothing: not even the first was taken. The fourth is the bakery's, in small letters.",
    );
    let many = (0..10_001).map(|number| format!("BULK-{number}").into()).collect();
    stage.tries(rita, "uploads 10 001 devices at once", UploadDevices::new(contoso, holm, many))?;

    stage.page.heading("One device, several ids");
    let phone = UploadDevices::new(contoso, bakery, vec![PHONE.into()]);
    stage.does(rita, "uploads a phone to the bakery: two IMEIs and a serial number", phone)?;
    let [_, second, _] = PHONE;
    stage.tries(rita, "uploads its second IMEI to Holm & Sons", sells.upload(holm, &[second]))?;

    stage.page.heading("The reseller's list, before");
    stage.page.remark("The bakery was sold to directly and is managed: its name, the MSP's number.");
    sells.list(stage, &ResellerFilter::default())?;
    stage.page.remark("The same as CSV:");
    sells.csv(stage, &ResellerFilter::default())?;
    stage.page.remark("Asked for, Holm & Sons shows, too: added, and nothing uploaded yet.");
    let unused = ResellerFilter { unused: true, text: Some("holm".to_owned()), ..ResellerFilter::default() };
    sells.list(stage, &unused)?;

    stage.page.heading("The MSP moves devices from its pool");
    let to = |customer| -> Result<MoveDevices> { Ok(MoveDevices::new(northwind, customer, set_of(&MOVED)?)) };
    stage.tries(ada, "moves two to the bakery, jointly managed", to(bakery)?)?;
    let astray = MoveDevices::new(northwind, fjord, set_of(&["490154201000017", "SN-2026/0042"])?);
    stage.tries(ada, "moves two to Fjord Logistikk, one of them the bakery's", astray)?;
    stage.does(ada, "moves two to Fjord Logistikk, fully managed", to(fjord)?)?;
    stage.page.remark("Ada's customers, with what they hold:");
    customers(stage, ada, northwind)?;
    stage
        .page
        .remark("Rita's list is what it was: where an MSP puts its devices is no affair of the reseller.");
    sells.list(stage, &ResellerFilter::default())?;
    let linked = stage.engine.token()?.seq;

    stage.page.heading("Both customers leave the MSP");
    let freja: Email = "freja@fjord.example".parse()?;
    let owner = Invitee { name: Some("Freja".parse()?), ..Invitee::new(freja.clone()) };
    let convert = ConvertLink { owner: Some(owner), ..ConvertLink::new(added.link, "jointly".parse()?) };
    let sign_up = stage.does(ada, "converts Fjord Logistikk to jointly managed", convert)?;
    let invited = sign_up.ok_or("a conversion without an owner invites one")?;
    stage.call(invited.user.uuid(), "Freja");
    stage.does(invited.user, "signs up", AcceptInvitation::new(invited.invitation, freja))?;
    for (who, link) in [(invited.user, added.link), (klara, bakery_link)] {
        stage.days_pass(30)?;
        stage.does(who, "asks to delink", RequestDelink::new(link))?;
        stage.does(ada, "accepts", AcceptDelink::new(link))?;
    }
    let delinked = stage.engine.token()?.seq;
    let pool: DeviceId = "490154201000058".parse()?;
    stage.does(ada, "deletes a broken device from the pool", DeleteDevices::new(northwind, [pool].into()))?;

    stage.page.heading("The reseller's list, after");
    stage.page.remark("Fjord Logistikk appears with what was moved there, and Rita never added it.");
    sells.list(stage, &ResellerFilter::default())?;
    stage.page.remark("The same as CSV:");
    sells.csv(stage, &ResellerFilter::default())?;

    stage.page.heading("Direct or moved, linked or delinked");
    jointly(stage, ada, klara, northwind, "BK-200")?;
    jointly(stage, ada, invited.user, northwind, "FL-500")?;
    let again = stage.engine.token()?.seq;
    stage.page.remark("Whom Rita sees for one device of each kind, asked of those three moments today:");
    let [direct, ..] = BAKERY;
    let [moved, ..] = MOVED;
    sells.matrix(
        stage,
        &[("uploaded to it", direct), ("moved there by the MSP", moved)],
        &[("linked", linked), ("delinked", delinked), ("linked again", again)],
    )?;
    stage.page.remark("What was moved is the customer's from its first delink on, for good.");

    stage.page.heading("The customer drops the reseller");
    stage.does(klara, "wants no more of Contoso Mobile", DropReseller::new(bakery, contoso))?;
    stage.tries(rita, "uploads one more device to the bakery", sells.upload(bakery, &["SN-2026/0043"]))?;

    stage.page.heading("A company name that is a formula");
    stage.does(
        rita,
        "uploads two devices to Holm & Sons",
        sells.upload(holm, &["SN-2026/0077", "SN-2026/0078"]),
    )?;
    let name = "=HYPERLINK(\"https://evil.example\",\"Bill\")";
    let rename = EditTenant { name: Some(name.parse()?), ..EditTenant::new(holm) };
    stage.does(hanna, "gives her company a name that spreadsheets would run", rename)?;
    sells.list(stage, &ResellerFilter::default())?;
    stage.page.remark("In the CSV an apostrophe leads it, and its quotes and comma stay inside the cell.");
    sells.csv(stage, &ResellerFilter { tenant: Some(holm), ..ResellerFilter::default() })?;
    stage.verify()
}

fn tenant(stage: &mut Stage, kind: TenantKind, name: &str, number: &str, country: &str) -> Result<TenantId> {
    let command = RegisterTenant {
        number: Some(number.parse()?),
        country: Some(country.parse()?),
        ..RegisterTenant::new(kind, name.parse()?)
    };
    let tenant = stage.engine.execute(Actor::OPERATOR, command)?.outcome;
    stage.enlist(tenant, name);
    Ok(tenant)
}

/// An MSP asks a customer to be managed jointly, and the customer says yes.
fn jointly(
    stage: &mut Stage,
    asks: UserId,
    answers: UserId,
    manager: TenantId,
    number: &str,
) -> Result<LinkId> {
    let ask = RequestLink::new(manager, number.parse()?, "jointly".parse()?, set_of(&["manage"])?);
    let request = stage.does(asks, &format!("asks to manage {number} jointly"), ask)?;
    stage.does(answers, "accepts", AcceptLink::new(request))
}

/// A manager's customers, as somebody of its own sees them.
fn customers(stage: &mut Stage, who: UserId, manager: TenantId) -> Result {
    let snapshot = stage.engine.read()?;
    let (query, paging) = (CustomerFilter::default(), Paging::default());
    let found = snapshot.now()?.ask(Customers {
        actor: who.into(),
        manager,
        filter: query.clone(),
        paging: paging.clone(),
    })?;
    let rows = found.rows.iter().map(|row| {
        let status = row.stage.status();
        vec![plain(&row.name), faint(&row.number), plain(&row.management), plain(status), count(row.devices)]
    });
    let rows = rows.collect();
    drop(snapshot);
    stage.page.table(&["customer", "number", "managed", "status", "devices"], rows);
    Ok(())
}

/// A reseller, and who asks for its list.
struct Sells {
    rita: UserId,
    contoso: TenantId,
}

impl Sells {
    fn upload(&self, to: TenantId, devices: &[&str]) -> UploadDevices {
        UploadDevices::new(self.contoso, to, devices.iter().map(|&device| device.into()).collect())
    }

    fn rows(&self, moment: &Moment<'_>, query: &ResellerFilter) -> Result<Vec<ResellerCustomerRow>> {
        Ok(moment
            .ask(ResellerCustomers {
                actor: self.rita.into(),
                reseller: self.contoso,
                filter: query.clone(),
                paging: Paging::default(),
            })?
            .rows)
    }

    fn list(&self, stage: &mut Stage, query: &ResellerFilter) -> Result {
        let snapshot = stage.engine.read()?;
        let rows = self.rows(&snapshot.now()?, query)?;
        drop(snapshot);
        let rows = rows.iter().map(|row| {
            vec![
                plain(&row.company),
                plain(&row.number),
                row.country.as_ref().map_or_else(|| faint("–"), plain),
                row.last_uploaded.map_or_else(|| faint("–"), |at| faint(clock_face(at))),
                count(row.uploads),
                count(row.devices),
                plain(row.status),
            ]
        });
        let rows = rows.collect();
        stage.page.table(&RESELLER_COLUMNS, rows);
        Ok(())
    }

    /// Shows the CSV, and reads it back to see that it says what the list says.
    fn csv(&self, stage: &mut Stage, query: &ResellerFilter) -> Result {
        let mut csv = Vec::new();
        let snapshot = stage.engine.read()?;
        let now = snapshot.now()?;
        let written = now.write_csv(
            &ResellerCsv { actor: self.rita.into(), reseller: self.contoso, filter: query.clone() },
            &mut csv,
        )?;
        let rows = self.rows(&now, query)?;
        drop(now);
        drop(snapshot);
        let text = String::from_utf8(csv)?;
        stage.page.verbatim(&text);
        let read: Vec<Vec<String>> = csv::Reader::from_reader(text.as_bytes())
            .records()
            .map(|record| record.map(|cells| cells.iter().map(str::to_owned).collect()))
            .collect::<std::result::Result<_, _>>()?;
        // What a spreadsheet would run is led by an apostrophe.
        let inert = |cell: &str| {
            if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() }
        };
        let wanted: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                vec![
                    inert(&row.company),
                    row.number.to_string(),
                    row.country.as_ref().map(ToString::to_string).unwrap_or_default(),
                    row.last_uploaded.map(|at| at.to_string()).unwrap_or_default(),
                    row.uploads.to_string(),
                    row.devices.to_string(),
                    row.status.to_string(),
                ]
            })
            .collect();
        if read != wanted || written != wanted.len() as u64 {
            return Err("the CSV does not say what the list says".into());
        }
        stage.page.holds("read back, the CSV has the rows and cells of the list");
        Ok(())
    }

    /// Whom some devices are shown as, at some moments: each is asked of the past.
    fn matrix(&self, stage: &mut Stage, devices: &[(&str, &str)], moments: &[(&str, u64)]) -> Result {
        let snapshot = stage.engine.read()?;
        let mut rows = Vec::new();
        for (how, device) in devices {
            let mut row = vec![plain(format!("{how}\n{device}"))];
            for (_, seq) in moments {
                let past = snapshot.as_of(*seq)?;
                row.push(plain(self.shown(&past.moment()?, &device.parse()?)?));
            }
            rows.push(row);
        }
        drop(snapshot);
        let mut header = vec!["how it came to the customer"];
        header.extend(moments.iter().map(|(name, _)| *name));
        stage.page.table(&header, rows);
        Ok(())
    }

    fn shown(&self, moment: &Moment<'_>, device: &DeviceId) -> Result<String> {
        let found = moment.host().entity(EntityKind::Device, HeldDevice::key(device))?;
        let Some(AnyEntity::Device(device)) = found else { return Err("the device is gone".into()) };
        let query = ResellerFilter { tenant: Some(device.shown_as), ..ResellerFilter::default() };
        let rows = self.rows(moment, &query)?;
        let row = rows.first().ok_or("the device is shown as nobody")?;
        Ok(format!("{}\n{}", row.company, row.number))
    }
}
