//! Read before, compared after: what a command would lead to is told first, then it is done, and both are the same.

use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::command::{
    AcceptDelink, AcceptInvitation, AcceptLink, Act, AddCustomer, ConvertLink, DeleteTenants, DisableTenants,
    EnableTenants, InviteUser, Invitee, RequestDelink, RequestLink, SetPolicy,
};
use tenantry::engine::Error;
use tenantry::model::{Actor, Subject, TenantKind};
use tenantry::policy::Policy;
use tenantry::query::{AccessEvent, Paging, Preview, Previewed};

use crate::page::{bad, good, plain};
use crate::stage::{Result, Stage, clock_face, happened, permissions, set_of};

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("Read before, compared after");
    stage
        .page
        .remark("Whoever may give a command may read first what it would lead to. Nothing happens by that.");

    stage.page.heading("The cast");
    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    stage.user("Ben", northwind, "ben@northwind.example", "admin")?;
    let bakery = stage.tenant(TenantKind::Customer, "Bäckerei Klein", "BK-200")?;
    let klara = stage.user("Klara", bakery, "klara@klein.example", "super_admin")?;
    let karl = stage.user("Karl", bakery, "karl@klein.example", "read_only")?;
    stage.introduce()?;

    stage.page.heading("Linked");
    let ask = RequestLink::new(northwind, "BK-200".parse()?, "jointly".parse()?, set_of(&["manage"])?);
    let request = stage.does(ada, "asks to manage BK-200 jointly", ask)?;
    let link = stage.does(klara, "accepts", AcceptLink::new(request))?;
    stage.call(link.uuid(), "Northwind IT → Bäckerei Klein");

    stage.page.heading("Whoever may not give it may not read it");
    let records = stage.engine.token()?.seq;
    is_refused(stage, karl, "would like to read what a delink leads to", RequestDelink::new(link))?;
    if stage.engine.token()?.seq != records {
        return Err("a preview was recorded".into());
    }
    stage.page.holds("nothing was recorded, the refusal neither");

    stage.page.heading("A tenant is disabled");
    let support = Actor::operator_for("SUP-4713".parse()?);
    twice(stage, support.clone(), "disables the bakery", DisableTenants::new(vec![bakery]))?;
    stage.does(support.clone(), "enables it again", EnableTenants::new(vec![bakery]))?;

    stage.page.heading("A policy changes");
    let mut policy = Policy { name: "groups-are-theirs".to_owned(), ..Policy::default() };
    policy.reserved.insert("groups.manage".parse()?);
    twice(stage, support.clone(), "reserves groups for customers", SetPolicy::new(Box::new(policy)))?;

    stage.page.heading("A link is converted");
    let (inn, its_link) = an_inn(stage, ada, northwind)?;
    let owner = Invitee { name: Some("Olaf".parse()?), ..Invitee::new("olaf@inn.example".parse()?) };
    let convert = ConvertLink { owner: Some(owner), ..ConvertLink::new(its_link, "jointly".parse()?) };
    twice(stage, ada.into(), "converts the link to jointly managed", convert)?;

    stage.page.heading("A link ends");
    stage.does(klara, "asks to delink", RequestDelink::new(link))?;
    twice(stage, ada.into(), "accepts", AcceptDelink::new(link))?;

    stage.page.heading("A tenant is deleted");
    twice(stage, support, "deletes the inn", DeleteTenants::new(vec![inn], "delete".to_owned()))?;
    stage.verify()
}

/// A customer that is fully managed, and somebody of it who is locked out.
fn an_inn(stage: &mut Stage, ada: UserId, northwind: TenantId) -> Result<(TenantId, LinkId)> {
    let (name, kind) = ("Inn am See".parse()?, TenantKind::Customer);
    let add = AddCustomer::new(northwind, kind, name, "fully".parse()?, set_of(&["manage"])?);
    let add = AddCustomer { number: Some("IN-400".parse()?), ..add };
    let added = stage.does(ada, "adds an inn, fully managed", add)?;
    stage.call(added.tenant.uuid(), "Inn am See");
    stage.call(added.link.uuid(), "Northwind IT → Inn am See");
    let invite =
        InviteUser::new(added.tenant, Invitee::new("mila@inn.example".parse()?), "read_only".parse()?);
    let invited = stage.does(ada, "invites Mila, to read there", invite)?;
    stage.call(invited.user.uuid(), "Mila");
    let accept = AcceptInvitation::new(invited.invitation, "mila@inn.example".parse()?);
    stage.does(invited.user, "accepts, and is locked out", accept)?;
    Ok((added.tenant, added.link))
}

/// Somebody asks what a command would lead to, and is refused as the command would be.
fn is_refused(stage: &mut Stage, actor: UserId, what: &str, command: impl Act) -> Result {
    match stage.engine.ask(Preview::new(actor.into(), Box::new(command.into()))) {
        Err(Error::Refused(refusal)) => {
            let (at, line) = (clock_face(stage.now()), format!("{} {what}", stage.name(actor.uuid())));
            let (code, message) = (refusal.code, stage.in_names(&refusal.message()));
            stage.page.refused(&at, &line, code.number(), code.name(), &message, code.remedy());
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(format!("{what}: was to be refused").into()),
    }
}

/// Reads what a command would lead to, gives it, and compares.
fn twice(stage: &mut Stage, actor: Actor, what: &str, command: impl Act) -> Result {
    let before = stage.engine.token()?.seq;
    let foretold = stage.engine.ask(Preview::new(actor.clone(), Box::new(command.clone().into())))?;
    tell(stage, &foretold);
    stage.does(actor, what, command)?;
    let snapshot = stage.engine.read()?;
    let now = snapshot.now()?;
    let record = now.host().records(before, &Paging::default())?.rows.pop().ok_or("nothing was recorded")?;
    let came = now.host().access_changes(before, &Paging::default())?.rows;
    if happened(&foretold.events) != happened(&record.events) {
        return Err(format!("{what}: other things happened than were told before").into());
    }
    for row in &foretold.rights.rows {
        let is_it = |it: &&AccessEvent| (it.user, it.tenant) == (row.user, row.tenant);
        if came.iter().find(is_it).map(|it| (&it.gained, &it.lost)) != Some((&row.gained, &row.lost)) {
            return Err(format!("{what}: somebody gains or loses other things than were told before").into());
        }
    }
    let (told, all) = (foretold.rights.rows.len(), came.len());
    stage.page.holds(&format!("it came as it was told, of {told} of {all} who gain or lose"));
    Ok(())
}

/// What a command would lead to.
fn tell(stage: &mut Stage, foretold: &Previewed) {
    stage.page.remark(&format!("would happen: {}", happened(&foretold.events).join(", ")));
    for notice in &foretold.notices {
        let mut to: Vec<String> = notice
            .to
            .iter()
            .map(|one| match one {
                Subject::User(user) => stage.name(user.uuid()),
                Subject::Tenant(tenant) => stage.name(tenant.uuid()),
            })
            .collect();
        if notice.operator {
            to.push("the operator".to_owned());
        }
        to.sort();
        stage.page.remark(&format!("would be sent: {} → {}", notice.kind.name(), to.join(", ")));
    }
    let rows = foretold.rights.rows.iter().map(|row| {
        vec![
            plain(stage.name(row.user.uuid())),
            plain(stage.name(row.tenant.uuid())),
            good(permissions(&row.gained)),
            bad(permissions(&row.lost)),
        ]
    });
    let rows = rows.collect();
    stage.page.table(&["who", "on", "would gain", "would lose"], rows);
}
