//! Who is told what: service mail and alerts under each way of being managed; and consoles, a shared collector and a
//! licence, before and after a delink. Never sends an alert: it asks whom it would go to.

use std::collections::{BTreeMap, BTreeSet};

use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::base::text::{DeviceId, IssueCategory};
use tenantry::command::{
    AcceptDelink, AcceptLink, AddResellerCustomer, Assign, AssignSeats, BlockUser, BuyLicence, CloseConsole,
    CreateIntegration, CreateRole, DisableTenants, EnableTenants, NewAssignment, OpenConsole, OpenedConsole,
    ReleaseSeats, RequestDelink, RequestLink, SetAlertRule, SetManagerGrants, ShareIntegration, UnblockUser,
    UploadDevices,
};
use tenantry::engine::{Moment, Of};
use tenantry::event::Event;
use tenantry::model::{
    Actor, AlertRule, Assignment, Audience, Licence, Link, RoleRef, Session, Tenant, TenantKind,
};
use tenantry::policy::Policy;
use tenantry::query::{AlertRecipients, Integrations, Question, Recipients, ServiceMail};
use tenantry::refusal::Refusal;

use crate::page::{faint, plain};
use crate::stage::{Result, Stage, Watch, clock_face, happened, set_of};

/// The three devices that the bakery holds.
const DEVICES: [&str; 3] = ["SN-2026/0001", "SN-2026/0002", "SN-2026/0003"];

/// The default policy, and where the console of one service is.
pub(crate) fn policy() -> Policy {
    let service = "manage".parse().expect("a service's name, written here");
    let address = "https://manage.example/console/{number}".to_owned();
    Policy { consoles: BTreeMap::from([(service, address)]), ..Policy::default() }
}

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("Alerts, consoles, a collector, a licence");
    stage.page.remark(
        "Three customers, managed fully, jointly and not at all. Who is told, and what a delink leaves.",
    );

    stage.page.heading("The cast");
    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    let ben = stage.user("Ben", northwind, "ben@northwind.example", "admin")?;
    let nils = stage.user("Nils", northwind, "nils@northwind.example", "read_only")?;
    let hotel = stage.tenant(TenantKind::Customer, "Hotel Lindgren", "HL-300")?;
    let lena = stage.user("Lena", hotel, "lena@lindgren.example", "super_admin")?;
    let bakery = stage.tenant(TenantKind::Customer, "Bäckerei Klein", "BK-200")?;
    let klara = stage.user("Klara", bakery, "klara@baeckerei-klein.example", "super_admin")?;
    let greta = stage.user("Greta", bakery, "greta@baeckerei-klein.example", "read_only")?;
    let museum = stage.tenant(TenantKind::Customer, "Museum am Hafen", "MH-400")?;
    let mona = stage.user("Mona", museum, "mona@museum.example", "super_admin")?;
    let contoso = stage.tenant(TenantKind::Reseller, "Contoso Mobile", "RS-700")?;
    let rita = stage.user("Rita", contoso, "rita@contoso.example", "admin")?;
    stage.introduce()?;

    stage.page.heading("Fully, jointly, not at all");
    link(stage, (ada, northwind), (lena, "HL-300"), "fully")?;
    let joint = link(stage, (ada, northwind), (klara, "BK-200"), "jointly")?;
    stage.call(joint.uuid(), "Northwind IT → Bäckerei Klein");
    let lead =
        CreateRole::new(bakery, "Group lead".parse()?, set_of(&["devices.view", "devices.group_manager"])?);
    let lead = stage.does(klara, "makes a role that leads device groups", lead)?;
    stage.does(klara, "gives it to Greta", assign(greta, bakery, RoleRef::Custom(lead)))?;
    let battery = |tenant, additional: &[UserId]| -> Result<SetAlertRule> {
        let additional = additional.iter().copied().collect();
        let rule = SetAlertRule::new(tenant, "battery".parse()?, Audience::GroupManagers);
        Ok(SetAlertRule { additional, ..rule })
    };
    stage.does(ada, "sends the hotel's battery alerts to group managers", battery(hotel, &[])?)?;
    stage.does(klara, "sends the bakery's battery alerts to group managers", battery(bakery, &[])?)?;
    stage.does(mona, "sends the museum's battery alerts to group managers", battery(museum, &[])?)?;
    let all = [("fully", hotel), ("jointly", bakery), ("not at all", museum)];
    routes(stage, &all)?;
    stage.page.remark("Battery alerts at the hotel reach nobody: its own people are locked out, and the MSP leads no groups.");

    stage.page.heading("The manager leads no device groups");
    let mut rights = Watch::new(&[
        (ada, "devices.group_manager", bakery),
        (nils, "devices.group_manager", bakery),
        (nils, "devices.view", bakery),
        (greta, "devices.group_manager", bakery),
        (klara, "devices.group_manager", bakery),
    ])?;
    rights.follow(joint);
    rights.moment(stage, "linked")?;
    let night = set_of(&["tenant.view", "devices.view", "devices.group_manager"])?;
    let night = CreateRole::new(northwind, "Night lead".parse()?, night);
    let night = stage.does(ada, "makes a role of her own that holds it", night)?;
    stage.does(ada, "gives Nils that role at the bakery", assign(nils, bakery, RoleRef::Custom(night)))?;
    rights.moment(stage, "role given")?;
    let verdict = stage.engine.check(&Question::new(nils, "devices.group_manager".parse()?, bakery))?;
    let code = verdict.reason.ok_or("a manager leads no device groups")?;
    let why = stage.in_names(&Refusal::new(code, bakery).message());
    stage.page.answer(&format!("may he lead its device groups now? No: {} {code}: {why}", code.number()));

    stage.page.heading("Additional recipients");
    let weather = SetAlertRule::new(bakery, "weather".parse()?, Audience::AllAdmins);
    stage.tries(klara, "sets a rule for a category that nobody knows", weather)?;
    stage.tries(klara, "adds Mona of the museum", battery(bakery, &[mona])?)?;
    stage.does(klara, "adds Nils, the MSP's night desk, and Greta", battery(bakery, &[nils, greta])?)?;
    stage.does(ada, "adds Nils at the hotel", battery(hotel, &[nils])?)?;
    routes(stage, &all)?;

    stage.page.heading("Consoles");
    let console = |tenant, service: &str, place: &str| -> Result<OpenConsole> {
        Ok(OpenConsole::new(tenant, service.parse()?, place.parse()?))
    };
    let opened =
        stage.does(ben, "opens the bakery's console", console(bakery, "manage", "/customers?page=3")?)?;
    tell(stage, &opened);
    let back = stage.does(ben, "closes it", CloseConsole::new(opened.session))?;
    stage.page.answer(&format!("and is back at {back}"));
    stage.tries(ben, "opens it for a service not managed", console(bakery, "configure", "/customers")?)?;
    stage.tries(nils, "opens it with his role", console(bakery, "manage", "/customers")?)?;
    stage.does(klara, "opens her own console", console(bakery, "manage", "/home")?)?;
    let opened = stage.does(ben, "opens the bakery's again", console(bakery, "manage", "/customers")?)?;
    stage.call(opened.session.uuid(), "Ben at Bäckerei Klein");
    stage.does(ben, "opens the hotel's, too", console(hotel, "manage", "/customers")?)?;
    stage.does(ada, "blocks Ben", BlockUser::new(ben))?;
    in_one_record(stage)?;
    stage.does(ada, "unblocks Ben", UnblockUser::new(ben))?;
    stage.tries(ben, "closes the console that he had open", CloseConsole::new(opened.session))?;
    stage.does(ben, "opens the bakery's once more", console(bakery, "manage", "/customers")?)?;
    stage.does(ben, "opens the hotel's once more", console(hotel, "manage", "/customers")?)?;

    stage.page.heading("A shared collector");
    let rack = CreateIntegration::new(northwind, "collector".parse()?, "Rack 7".parse()?);
    let rack = stage.does(ada, "sets up a collector, Rack 7", rack)?;
    stage.does(ada, "shares it with the bakery", ShareIntegration::new(rack, bakery))?;
    stage.does(ada, "shares it with the hotel", ShareIntegration::new(rack, hotel))?;
    stage.tries(ada, "shares it with the museum", ShareIntegration::new(rack, museum))?;
    stage.does(ada, "disables the hotel", DisableTenants::new(vec![hotel]))?;
    in_one_record(stage)?;
    stage.does(ada, "enables the hotel", EnableTenants::new(vec![hotel]))?;

    stage.page.heading("A licence");
    stage.does(rita, "adds BK-200", AddResellerCustomer::new(contoso, "BK-200".parse()?))?;
    let devices = DEVICES.map(Into::into).into();
    stage.does(rita, "uploads three devices to the bakery", UploadDevices::new(contoso, bakery, devices))?;
    let buy = BuyLicence::new(northwind, bakery, "manage".parse()?, 2);
    let licence = stage.does(ada, "buys the bakery a licence with two seats", buy)?;
    stage.call(licence.uuid(), "manage for Bäckerei Klein");
    let [first, second, third] = DEVICES;
    let seats = |devices: &[&str]| -> Result<AssignSeats> { Ok(AssignSeats::new(licence, set_of(devices)?)) };
    stage.does(ada, "seats two devices", seats(&[first, second])?)?;
    stage.tries(ada, "seats the third", seats(&[third])?)?;

    stage.page.heading("The delink");
    stage.does(
        klara,
        "lets the MSP manage users",
        SetManagerGrants::new(joint, set_of(&["users.manage"])?),
    )?;
    stage.days_pass(60)?;
    stage.does(klara, "asks to delink", RequestDelink::new(joint))?;
    let before = stage.engine.token()?.seq;
    rights.moment(stage, "delink asked")?;
    stage.does(ada, "accepts", AcceptDelink::new(joint))?;
    let after = stage.engine.token()?.seq;
    rights.moment(stage, "delinked")?;
    in_one_record(stage)?;
    let parting = Parting { ben, bakery, joint };
    parting.show(stage, before, after)?;
    stage.tries(ben, "opens the bakery's console", console(bakery, "manage", "/customers")?)?;
    let third = AssignSeats::new(licence, [third.parse::<DeviceId>()?].into());
    stage.does(klara, "takes back a seat", ReleaseSeats::new(licence, set_of(&[first])?))?;
    stage.does(klara, "seats the third device: the licence goes on", third)?;

    stage.page.heading("Who could lead device groups, and when");
    rights.show(stage)?;
    stage.page.heading("Every console session, from the journal");
    sessions(stage)?;
    stage.verify()
}

fn assign(user: UserId, tenant: TenantId, role: RoleRef) -> Assign {
    Assign::new(vec![NewAssignment { user, tenant, role, below: None }])
}

/// A manager asks a customer, and the customer says yes.
fn link(
    stage: &mut Stage,
    (asks, manager): (UserId, TenantId),
    (answers, number): (UserId, &str),
    management: &str,
) -> Result<LinkId> {
    let ask = RequestLink::new(manager, number.parse()?, management.parse()?, set_of(&["manage"])?);
    let request = stage.does(asks, &format!("asks to manage {number} {management}"), ask)?;
    stage.does(answers, "accepts", AcceptLink::new(request))
}

/// Whom everything would go to, now.
fn routes(stage: &mut Stage, tenants: &[(&str, TenantId)]) -> Result {
    let (security, battery): (IssueCategory, IssueCategory) = ("security".parse()?, "battery".parse()?);
    let snapshot = stage.engine.read()?;
    let now = snapshot.now()?;
    let mut rows = Vec::new();
    for &(managed, tenant) in tenants {
        rows.push(vec![
            plain(stage.name(tenant.uuid())),
            faint(managed),
            plain(stage.recipients(&now.ask(ServiceMail::new(tenant))?)),
            plain(stage.recipients(&now.ask(AlertRecipients::new(tenant, security.clone()))?)),
            plain(stage.recipients(&now.ask(AlertRecipients::new(tenant, battery.clone()))?)),
        ]);
    }
    drop(now);
    drop(snapshot);
    let header = [
        "tenant",
        "managed",
        "service mail",
        "security alerts\n(all admins)",
        "battery alerts\n(group managers)",
    ];
    stage.page.table(&header, rows);
    Ok(())
}

/// What a console is opened with.
fn tell(stage: &mut Stage, opened: &OpenedConsole) {
    let address = opened.address.as_deref().unwrap_or("nowhere");
    stage.page.answer(&format!("at {address}, to return to {}", opened.return_to));
}

/// What the last command led to, all in its one record.
fn in_one_record(stage: &mut Stage) -> Result {
    let seq = stage.engine.token()?.seq;
    for record in stage.engine.records_after(seq.saturating_sub(1), 1)? {
        stage.page.answer(&format!("in one record: {}", happened(&record.events).join(", ")));
    }
    Ok(())
}

/// Every session that was opened, and how it ended.
fn sessions(stage: &mut Stage) -> Result {
    let mut rows: Vec<(_, Vec<String>)> = Vec::new();
    for record in stage.engine.records_after(0, usize::MAX)? {
        let at = clock_face(record.at);
        for event in &record.events {
            let (over, how) = match event {
                Event::SessionOpened { session, user, tenant, .. } => {
                    let (who, whose) = (stage.name(user.uuid()), stage.name(tenant.uuid()));
                    rows.push((*session, vec![who, whose, at.clone()]));
                    continue;
                }
                Event::SessionClosed { session, .. } => (session, "closed".to_owned()),
                Event::SessionEnded { session } => (session, format!("ended by {}", record.command)),
                _ => continue,
            };
            if let Some((_, row)) = rows.iter_mut().find(|(session, _)| session == over) {
                row.extend([at.clone(), how]);
            }
        }
    }
    let rows = rows.iter().map(|(_, row)| {
        let cell = |place: usize| row.get(place).map_or_else(|| faint("–"), plain);
        let end = row.get(4).map_or("open", String::as_str);
        vec![cell(0), cell(1), cell(2), cell(3), plain(end)]
    });
    let rows = rows.collect();
    stage.page.table(&["who", "whose console", "opened", "until", "how it ended"], rows);
    Ok(())
}

/// The two who part, and the link between them.
struct Parting {
    ben: UserId,
    bakery: TenantId,
    joint: LinkId,
}

impl Parting {
    /// What there was before the record of the delink, and what there is after it.
    fn show(&self, stage: &mut Stage, before: u64, after: u64) -> Result {
        let snapshot = stage.engine.read()?;
        let mut sides = Vec::new();
        for seq in [before, after] {
            sides.push(self.side(stage, &snapshot.as_of(seq)?.moment()?)?);
        }
        drop(snapshot);
        let [had, has] = sides.as_slice() else { return Err("there are two sides to it".into()) };
        let rows = had.iter().zip(has).map(|((what, had), (_, has))| {
            let stays = if had == has { faint("stays") } else { plain("changes") };
            vec![plain(what), plain(had), plain(has), stays]
        });
        let rows = rows.collect();
        stage.page.table(&["at the bakery", "before", "after", ""], rows);
        Ok(())
    }

    fn side(&self, stage: &Stage, moment: &Moment<'_>) -> Result<Vec<(&'static str, String)>> {
        let (bakery, battery): (_, IssueCategory) = (self.bakery, "battery".parse()?);
        let here = Of::Tenant(bakery);
        let said = |people: &BTreeSet<UserId>| stage.people(people);
        let told = |to: &Recipients| stage.recipients(to);
        let rule =
            moment.host().get::<AlertRule>(AlertRule::key(bakery, &battery))?.ok_or("there is a rule")?;
        let open = moment.host().list::<Session>(&here)?;
        let open = open.iter().filter(|it| it.closed.is_none()).map(|it| it.user).collect();
        let roles = moment.host().list::<Assignment>(&here)?;
        let link = moment.host().get::<Link>(self.joint.uuid())?.ok_or("there is a link")?;
        let grants: Vec<String> = link.grants.iter().map(ToString::to_string).collect();
        let attached = moment.ask(Integrations::new(Actor::OPERATOR, bakery))?.rows;
        let attached: Vec<String> =
            attached.iter().map(|it| format!("{}, {}'s", it.name, stage.name(it.owner.uuid()))).collect();
        let licences = moment.host().list::<Licence>(&here)?;
        let licences: Vec<String> = licences
            .iter()
            .map(|it| format!("{} of {} seats, bought by {}", it.used, it.seats, stage.name(it.buyer.uuid())))
            .collect();
        let tenant = moment.host().get::<Tenant>(bakery.uuid())?.ok_or("there is the bakery")?;
        let question = Question::new(self.ben, "devices.manage".parse()?, bakery);
        let may = if moment.check(&question)?.allowed { "yes" } else { "no" };
        let none = |texts: Vec<String>| if texts.is_empty() { "–".to_owned() } else { texts.join(", ") };
        Ok(vec![
            ("Ben manages devices", may.to_owned()),
            ("granted to the MSP", none(grants)),
            ("people with a role there", said(&roles.iter().map(|it| it.user).collect())),
            ("open consoles", said(&open)),
            ("service mail", told(&moment.ask(ServiceMail::new(bakery))?)),
            ("security alerts", told(&moment.ask(AlertRecipients::new(bakery, "security".parse()?))?)),
            ("battery alerts", told(&moment.ask(AlertRecipients::new(bakery, battery.clone()))?)),
            ("additional recipients", said(&rule.additional)),
            ("integrations", none(attached)),
            ("licence `manage`", none(licences)),
            ("devices", tenant.devices.to_string()),
        ])
    }
}
