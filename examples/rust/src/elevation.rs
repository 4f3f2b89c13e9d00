//! A technician is given more for two hours, and for a night to come. Time alone ends it; nobody has to remember. Then
//! they may take more by themselves, when they need it and with a reason.

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::Website;
use tenantry::base::time::Timestamp;
use tenantry::command::{
    AcceptLink, Activate, Assign, Deactivate, EditTenant, NewAssignment, RequestLink, SetPolicy, Unassign,
    UserOnTenant,
};
use tenantry::model::{Actor, Patch, RoleRef, TenantKind};
use tenantry::policy::{Policy, TemporaryRule};
use tenantry::query::{EligibleRoles, Question, TemporaryAccess};

use crate::page::{faint, good, plain};
use crate::stage::{Result, Stage, Watch, clock_face, set_of};

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("Elevation: a technician's two hours");
    stage.page.remark("A role may be given for a while. Time alone ends it; nobody has to remember.");

    stage.page.heading("The cast");
    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    let tom = stage.user("Tom", northwind, "tom@northwind.example", "read_only")?;
    let bakery = stage.tenant(TenantKind::Customer, "Bäckerei Klein", "BK-200")?;
    let klara = stage.user("Klara", bakery, "klara@klein.example", "super_admin")?;
    stage.introduce()?;

    stage.page.heading("Linked");
    let ask = RequestLink::new(northwind, "BK-200".parse()?, "jointly".parse()?, set_of(&["manage"])?);
    let request = stage.does(ada, "asks to manage BK-200 jointly", ask)?;
    let link = stage.does(klara, "accepts", AcceptLink::new(request))?;
    stage.call(link.uuid(), "Northwind IT → Bäckerei Klein");

    stage.page.heading("Nothing for good, away from home");
    let temporary = TemporaryRule { required: true, max_days: 30 };
    let policy = Policy { name: "for-a-while".to_owned(), temporary, ..Policy::default() };
    let support = Actor::operator_for("SUP-4713".parse()?);
    stage.does(support, "wants an end of every such role", SetPolicy::new(Box::new(policy)))?;
    let having = |role| Assign::new(vec![NewAssignment { user: tom, tenant: bakery, role, below: None }]);
    let for_good = having(builtin("admin"));
    stage.tries(ada, "makes Tom an admin of the bakery for good", for_good.clone())?;

    stage.page.heading("Two hours");
    let mut rights = Watch::new(&[
        (tom, "devices.view", bakery),
        (tom, "devices.manage", bakery),
        (tom, "tenant.edit", bakery),
        (ada, "devices.manage", bakery),
    ])?;
    rights.follow(link);
    rights.moment(stage, "before")?;
    let two_hours = Assign { ends: Some("2026-03-02T10:30:00Z".parse()?), ..for_good.clone() };
    stage.does(ada, "makes Tom an admin of the bakery until 10:30", two_hours)?;
    rights.moment(stage, "given")?;
    why(stage, tom, bakery)?;
    let website: Website = "https://klein.example".parse()?;
    let edit = EditTenant { website: Patch::Set(website), ..EditTenant::new(bakery) };
    stage.does(tom, "enters the bakery's website", edit.clone())?;
    let longer = Assign { ends: Some("2026-03-09T10:30:00Z".parse()?), ..for_good.clone() };
    stage.tries(tom, "gives himself a week of it", longer)?;

    stage.page.heading("A night to come");
    let (starts, ends) = (Some("2026-03-07T22:00:00Z".parse()?), Some("2026-03-08T02:00:00Z".parse()?));
    let night = Assign { starts, ends, ..for_good.clone() };
    stage.does(ada, "makes him one for the night of Saturday, too", night)?;
    stage.page.remark("Who has access for a while, as Ada reads it:");
    listed(stage, ada, bakery)?;
    stage.page.remark("As Klara does, who is told of Northwind's people as their organisation:");
    listed(stage, klara, bakery)?;

    stage.page.heading("Half past ten comes, and Saturday");
    stage.hours_pass(2)?;
    rights.moment(stage, "over")?;
    stage.tries(tom, "edits the website once more", edit)?;
    stage.days_pass(5)?;
    stage.hours_pass(12)?;
    rights.moment(stage, "Saturday night")?;
    let early = Unassign { ends, ..Unassign::new(vec![UserOnTenant { user: tom, tenant: bakery }]) };
    stage.does(ada, "takes it back before its end", early)?;
    rights.moment(stage, "taken back")?;

    stage.page.heading("Who could do what, and when");
    rights.show(stage)?;

    stage.page.heading("Eligible for three weeks");
    let weeks = Assign { eligible: true, ends: Some("2026-03-28T22:00:00Z".parse()?), ..for_good };
    stage.does(ada, "lets Tom be an admin of the bakery whenever he needs it", weeks)?;
    stage.page.remark("What Tom may activate, as he reads it:");
    eligible(stage, tom)?;
    let mut own = Watch::new(&[(tom, "tenant.view", bakery), (tom, "devices.manage", bakery)])?;
    own.moment(stage, "eligible")?;
    let wanted = |minutes, reason: &str| -> Result<Activate> {
        Ok(Activate::new(bakery, builtin("admin"), minutes, reason.parse()?))
    };
    stage.tries(tom, "activates it for nine hours", wanted(540, "TCK-4711: mail is down")?)?;
    let active = stage.does(tom, "activates it for two hours", wanted(120, "TCK-4711: mail is down")?)?;
    stage.page.remark(&format!("It is active until {}.", clock_face(active.ends)));
    own.moment(stage, "active")?;
    why(stage, tom, bakery)?;
    eligible(stage, tom)?;
    stage.does(tom, "is done, and gives it back", Deactivate::new(bakery, builtin("admin")))?;
    own.moment(stage, "given back")?;

    stage.page.heading("A sanction lies over it");
    stage.does(tom, "activates it once more", wanted(60, "TCK-4712: a till is stuck")?)?;
    let kept_off = Assign { ends: Some("2026-03-14T22:00:00Z".parse()?), ..having(builtin("no_access")) };
    stage.does(ada, "keeps Tom off the bakery for a week", kept_off)?;
    own.moment(stage, "kept off")?;
    stage.does(tom, "activates it again, to no avail", wanted(60, "TCK-4712: a till is stuck")?)?;
    own.moment(stage, "still so")?;
    listed(stage, ada, bakery)?;

    stage.page.heading("What Tom could do, and when");
    own.show(stage)?;

    stage.page.heading("What the journal holds");
    stage.history()?;
    stage.verify()
}

fn builtin(role: &str) -> RoleRef {
    RoleRef::Builtin(role.parse().expect("it is a role of every policy"))
}

/// By which role somebody may manage devices, and for how long.
fn why(stage: &mut Stage, user: UserId, tenant: TenantId) -> Result {
    let verdict = stage.engine.check(&Question::new(user, "devices.manage".parse()?, tenant))?;
    let grounds = verdict.grounds.ok_or("nothing decided")?;
    let until =
        grounds.ends.map_or_else(|| "for good".to_owned(), |ends| format!("until {}", clock_face(ends)));
    let (who, on) = (stage.name(user.uuid()), stage.name(grounds.tenant.uuid()));
    let RoleRef::Builtin(role) = grounds.role else { return Err("a role of their own decided".into()) };
    stage.page.remark(&format!("{who} may manage devices there: by the role {role} on {on}, {until}."));
    Ok(())
}

/// Who has access to a tenant for a while, as somebody is told.
fn listed(stage: &mut Stage, actor: UserId, tenant: TenantId) -> Result {
    let page = stage.engine.ask(TemporaryAccess::new(actor.into(), tenant))?;
    let moment = |at: Timestamp| faint(clock_face(at));
    let rows = page.rows.iter().map(|row| {
        let who = match row.user {
            Some(user) => stage.name(user.uuid()),
            None => format!("somebody of {}", stage.name(row.home.uuid())),
        };
        let how = match (row.eligible, row.activated) {
            (true, _) => "eligible",
            (_, true) => "activated",
            _ => "given",
        };
        let now = if row.decides { good("yes") } else { faint("–") };
        vec![plain(who), plain(&row.role), plain(how), moment(row.starts), moment(row.ends), now]
    });
    let rows = rows.collect();
    stage.page.table(&["who", "role", "how", "from", "until", "now"], rows);
    Ok(())
}

/// What somebody may activate, as they are told.
fn eligible(stage: &mut Stage, actor: UserId) -> Result {
    let page = stage.engine.ask(EligibleRoles::new(actor.into()))?;
    let moment = |at: Timestamp| faint(clock_face(at));
    let rows = page.rows.iter().map(|row| {
        let active = row.active_until.map_or_else(|| faint("–"), |until| good(clock_face(until)));
        let on = plain(stage.name(row.tenant.uuid()));
        vec![on, plain(&row.role), moment(row.starts), moment(row.ends), active]
    });
    let rows = rows.collect();
    stage.page.table(&["on", "role", "from", "until", "active until"], rows);
    Ok(())
}
