//! A customer that wants to leave: asked, rejected, taken back, and both asking at once. Nobody loses anything early.

use tenantry::command::{
    AcceptInvitation, AcceptLink, AddCustomer, CancelDelink, Invitee, RejectDelink, RequestDelink,
    RequestLink, ResendDelink, SetPolicy,
};
use tenantry::model::{Actor, TenantKind};
use tenantry::policy::Policy;

use crate::page::{faint, plain};
use crate::stage::{Result, Stage, Watch, clock_face, set_of};

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("The customer asks to leave");
    stage.page.remark("Either side may ask, the other answers; when both ask, both have answered.");

    stage.page.heading("The cast");
    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "admin")?;
    let clinic = stage.tenant(TenantKind::Customer, "Κλινική Αυγή", "KA-400")?;
    let nikos = stage.user("Nikos", clinic, "nikos@avgi.example", "super_admin")?;
    let maria = stage.user("Maria", clinic, "maria@avgi.example", "admin")?;
    stage.introduce()?;

    stage.page.heading("Linked");
    let ask = RequestLink::new(northwind, "KA-400".parse()?, "jointly".parse()?, set_of(&["manage"])?);
    let request = stage.does(ada, "asks to manage KA-400 jointly", ask)?;
    stage.call(request.uuid(), "Northwind IT → Κλινική Αυγή");
    let link = stage.does(nikos, "accepts", AcceptLink::new(request))?;
    let mut rights = Watch::new(&[
        (ada, "devices.manage", clinic),
        (ada, "customers.delink", clinic),
        (nikos, "devices.manage", clinic),
        (nikos, "link.respond", clinic),
        (maria, "link.respond", clinic),
    ])?;
    rights.follow(link);
    rights.moment(stage, "linked")?;

    stage.page.heading("Asked, rejected, asked, taken back");
    stage.tries(maria, "asks to delink", RequestDelink::new(link))?;
    stage.does(nikos, "asks to delink", RequestDelink::new(link))?;
    rights.moment(stage, "customer asked")?;
    stage.tries(nikos, "rejects his own request", RejectDelink::new(link))?;
    stage.tries(ada, "reminds of a request that is not hers", ResendDelink::new(link))?;
    stage.does(ada, "rejects", RejectDelink::new(link))?;
    rights.moment(stage, "rejected")?;
    stage.days_pass(14)?;
    stage.does(nikos, "asks again", RequestDelink::new(link))?;
    stage.does(nikos, "thinks better of it and takes it back", CancelDelink::new(link))?;
    stage.tries(nikos, "takes it back once more", CancelDelink::new(link))?;

    stage.page.heading("Crossing requests");
    stage.days_pass(14)?;
    stage.does(nikos, "asks to delink", RequestDelink::new(link))?;
    stage.does(ada, "asks to delink as well, not knowing", RequestDelink::new(link))?;
    rights.moment(stage, "crossed")?;
    stage.page.remark("Two requests are two consents: the link has ended, and both sides are told.");
    stage.tries(ada, "asks once more", RequestDelink::new(link))?;

    stage.page.heading("Who could do what, and when");
    rights.show(stage)?;

    stage.page.heading("A platform where only managers ask");
    let operator = Actor::operator_for("SUP-4712".parse()?);
    let policy =
        Policy { customer_may_request_delink: false, name: "managers-ask".to_owned(), ..Policy::default() };
    stage.does(operator, "puts such a policy into force", SetPolicy::new(Box::new(policy)))?;
    let owner = Invitee::new("omar@nour.example".parse()?);
    let (name, kind) = ("مقهى النور".parse()?, TenantKind::Customer);
    let add = AddCustomer::new(northwind, kind, name, "jointly".parse()?, set_of(&["manage"])?);
    let added = stage.does(ada, "adds a café, jointly managed", AddCustomer { owner: Some(owner), ..add })?;
    stage.call(added.link.uuid(), "Northwind IT → the café");
    stage.call(added.tenant.uuid(), "the café");
    stage.tries(ada, "asks to delink before anybody is there to answer", RequestDelink::new(added.link))?;
    let omar = added.sign_up.ok_or("a jointly managed customer gets a sign-up")?;
    stage.call(omar.user.uuid(), "Omar");
    stage.does(
        omar.user,
        "signs up",
        AcceptInvitation::new(omar.invitation, "omar@nour.example".parse()?),
    )?;
    stage.tries(omar.user, "asks to delink", RequestDelink::new(added.link))?;

    stage.page.heading("The links in the end");
    let mut rows = Vec::new();
    for id in [link, added.link] {
        let link = stage.link(id)?;
        let ended = link.ended.as_ref().map_or_else(|| "–".to_owned(), |ended| clock_face(ended.at));
        rows.push(vec![
            plain(stage.name(link.manager.uuid())),
            plain(stage.name(link.managed.uuid())),
            plain(&link.management),
            plain(link.stage.status()),
            faint(clock_face(link.since)),
            faint(ended),
        ]);
    }
    stage.page.table(&["manager", "customer", "managed", "status", "since", "until"], rows);
    stage.verify()
}
