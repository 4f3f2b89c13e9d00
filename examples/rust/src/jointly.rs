//! An existing customer is linked as jointly managed, worked for, and let go. Never does anything behind its back.

use tenantry::base::text::{Email, Website};
use tenantry::command::{
    AcceptDelink, AcceptInvitation, AcceptLink, EditTenant, InviteUser, Invitee, RejectDelink, RequestDelink,
    RequestLink, ResendDelink, SetManagerGrants,
};
use tenantry::model::{Patch, TenantKind};
use tenantry::query::{Audit, AuditActor, LookUp, MAX_ROWS, Paging};

use crate::page::{count, faint, plain};
use crate::stage::{Result, Stage, Watch, clock_face, happened, set_of};

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("Jointly managed: link, work, delink");
    stage.page.remark("An MSP and its customer share the work, and part as friends.");

    stage.page.heading("The cast");
    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    let ben = stage.user("Ben", northwind, "ben@northwind.example", "admin")?;
    let bakery = stage.tenant(TenantKind::Customer, "Bäckerei Klein", "BK-200")?;
    let klara = stage.user("Klara", bakery, "klara@baeckerei-klein.example", "super_admin")?;
    let karl = stage.user("Karl", bakery, "karl@baeckerei-klein.example", "read_only")?;
    stage.introduce()?;

    let mut rights = Watch::new(&[
        (ben, "tenant.edit", bakery),
        (ben, "devices.manage", bakery),
        (ben, "users.manage", bakery),
        (ben, "location.view", bakery),
        (klara, "devices.manage", bakery),
        (klara, "location.view", bakery),
        (karl, "devices.view", bakery),
    ])?;
    rights.moment(stage, "before")?;

    stage.page.heading("The link");
    let summary = stage.engine.ask(LookUp { actor: ada.into(), number: "bk-200".parse()? })?;
    stage.page.remark(&format!(
        "Ada looks up bk-200 and learns this much: {}, {}. Nothing else.",
        summary.name, summary.kind
    ));
    let services = set_of(&["enrollment", "manage"])?;
    let ask = RequestLink::new(northwind, "BK-200".parse()?, "jointly".parse()?, services);
    let request = stage.does(ada, "asks to manage BK-200 jointly", ask.clone())?;
    stage.call(request.uuid(), "Northwind IT → Bäckerei Klein");
    rights.moment(stage, "asked")?;
    stage.tries(ada, "asks again", ask)?;
    stage.tries(ben, "answers for the customer", AcceptLink::new(request))?;
    let link = stage.does(klara, "accepts", AcceptLink::new(request))?;
    rights.follow(link);
    rights.moment(stage, "linked")?;

    stage.page.heading("The work");
    let website: Website = "https://baeckerei-klein.example".parse()?;
    let edit = EditTenant { website: Patch::Set(website), ..EditTenant::new(bakery) };
    stage.does(ben, "enters the bakery's website", edit.clone())?;
    let kim: Email = "kim@baeckerei-klein.example".parse()?;
    let invite = InviteUser::new(bakery, Invitee::new(kim.clone()), "admin".parse()?);
    stage.tries(ben, "invites Kim to the bakery", invite.clone())?;
    let grants = SetManagerGrants::new(link, set_of(&["users.manage"])?);
    stage.does(klara, "lets the MSP manage users", grants)?;
    let invited = stage.does(ben, "invites Kim to the bakery", invite)?;
    stage.call(invited.user.uuid(), "Kim");
    stage.does(invited.user, "accepts", AcceptInvitation::new(invited.invitation, kim))?;
    rights.moment(stage, "granted")?;

    stage.page.heading("The parting");
    stage.days_pass(90)?;
    stage.does(ben, "asks to delink", RequestDelink::new(link))?;
    rights.moment(stage, "delink asked")?;
    stage.tries(ada, "asks to delink, too", RequestDelink::new(link))?;
    stage.tries(ada, "accepts her own side's request", AcceptDelink::new(link))?;
    stage.days_pass(5)?;
    stage.does(ben, "reminds the bakery", ResendDelink::new(link))?;
    stage.does(klara, "rejects: there is a project to finish", RejectDelink::new(link))?;
    rights.moment(stage, "rejected")?;
    stage.days_pass(30)?;
    stage.does(ben, "asks to delink again", RequestDelink::new(link))?;
    stage.does(klara, "accepts", AcceptDelink::new(link))?;
    rights.moment(stage, "delinked")?;
    stage.tries(ben, "edits the website once more", edit)?;
    stage.page.remark("To Ben the bakery does not exist any more; that is all he is told.");

    stage.page.heading("Who could do what, and when");
    rights.show(stage)?;

    stage.page.heading("The bakery's audit, as Klara reads it");
    stage.page.remark("People of the other side show as their organisation.");
    let snapshot = stage.engine.read()?;
    let all = Paging { limit: MAX_ROWS, ..Paging::default() };
    let audit = snapshot.now()?.ask(Audit { paging: all, ..Audit::new(klara.into(), bakery) })?.rows;
    drop(snapshot);
    let rows = audit.iter().map(|row| {
        let by = match &row.by {
            AuditActor::User(user) => stage.name(user.uuid()),
            AuditActor::Organisation(tenant) => format!("someone of {}", stage.name(tenant.uuid())),
            AuditActor::Stranger => "a stranger".to_owned(),
            AuditActor::Operator { .. } => "the operator".to_owned(),
            AuditActor::Clock => "the clock".to_owned(),
        };
        let what = happened(&row.events).join("\n");
        vec![
            count(row.seq),
            faint(clock_face(row.at)),
            plain(by),
            plain(row.command.as_deref().unwrap_or("–")),
            plain(what),
        ]
    });
    let rows = rows.collect();
    stage.page.table(&["seq", "at", "from", "command", "what happened"], rows);
    stage.verify()
}
