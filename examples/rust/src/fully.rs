//! A new customer, fully managed at first, then jointly; the way back is barred. Follows every remedy it is given.

use tenantry::base::text::{Email, PersonName};
use tenantry::command::{
    AcceptDelink, AcceptInvitation, AcceptLink, AddCustomer, AddServices, ConvertLink, InviteOwner,
    InviteUser, Invitee, RemoveService, RequestDelink, RequestLink, ResendInvitation,
};
use tenantry::model::{Actor, TenantKind};

use crate::stage::{Result, Stage, Watch, set_of};

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("Fully managed: locked out, let in, and the way back");
    stage.page.remark("An MSP runs everything for a new customer, until the customer wants a say.");

    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;

    stage.page.heading("A new customer");
    let fully = |services: &[&str]| -> Result<AddCustomer> {
        let (name, number) = ("Hotel Lindgren".parse()?, "HL-300".parse()?);
        let add =
            AddCustomer::new(northwind, TenantKind::Customer, name, "fully".parse()?, set_of(services)?);
        Ok(AddCustomer { number: Some(number), ..add })
    };
    stage.tries(ada, "adds Hotel Lindgren with nothing to manage", fully(&[])?)?;
    stage.tries(ada, "adds Hotel Lindgren with a service nobody offers", fully(&["telepathy"])?)?;
    let added = stage.does(ada, "adds Hotel Lindgren, fully managed", fully(&["manage"])?)?;
    let (hotel, link) = (added.tenant, added.link);
    stage.enlist(hotel, "Hotel Lindgren");
    stage.call(link.uuid(), "Northwind IT → Hotel Lindgren");
    let lena: Email = "lena@lindgren.example".parse()?;
    let invite = InviteUser::new(hotel, Invitee::new(lena.clone()), "read_only".parse()?);
    let invited = stage.does(ada, "invites Lena to the hotel, to read", invite)?;
    let lena_id = invited.user;
    stage.call(lena_id.uuid(), "Lena");
    stage.does(lena_id, "accepts", AcceptInvitation::new(invited.invitation, lena))?;

    let mut rights = Watch::new(&[
        (ada, "devices.manage", hotel),
        (ada, "users.manage", hotel),
        (ada, "location.view", hotel),
        (lena_id, "devices.view", hotel),
        (lena_id, "devices.manage", hotel),
    ])?;
    rights.follow(link);
    rights.moment(stage, "fully managed")?;
    stage
        .page
        .remark("Lena is a member of the hotel and can do nothing there: its own people are locked out.");

    stage.page.heading("What fully managed does not do");
    stage.tries(ada, "asks to delink", RequestDelink::new(link))?;
    stage.does(ada, "manages one more service", AddServices::new(link, set_of(&["configure"])?))?;
    stage.tries(ada, "takes it away again", RemoveService::new(link, "configure".parse()?))?;
    let support = Actor::operator_for("SUP-4711".parse()?);
    stage.does(support, "takes it away", RemoveService::new(link, "configure".parse()?))?;

    stage.page.heading("Conversion to jointly managed");
    let convert = ConvertLink::new(link, "jointly".parse()?);
    stage.tries(ada, "converts the link", convert.clone())?;
    let lars: Email = "lars@lindgren.example".parse()?;
    let name: PersonName = "Lars".parse()?;
    let owner = Invitee { name: Some(name), ..Invitee::new(lars.clone()) };
    let convert = ConvertLink { owner: Some(owner.clone()), ..convert };
    let sign_up = stage.does(ada, "converts the link, with Lars as the hotel's owner", convert)?;
    let first = sign_up.ok_or("a conversion without an owner invites one")?;
    stage.call(first.user.uuid(), "Lars");
    stage.call(first.invitation.uuid(), "Lars at Hotel Lindgren");
    rights.moment(stage, "converted")?;
    stage.days_pass(5)?;
    stage.does(ada, "reminds Lars", ResendInvitation::new(first.invitation))?;
    stage.days_pass(5)?;
    stage.tries(first.user, "signs up, too late", AcceptInvitation::new(first.invitation, lars.clone()))?;
    let again = stage.does(ada, "invites Lars again", InviteOwner::new(link, owner))?;
    stage.call(again.user.uuid(), "Lars");
    stage.call(again.invitation.uuid(), "Lars at Hotel Lindgren");
    let other = AcceptInvitation::new(again.invitation, "lars@elsewhere.example".parse()?);
    stage.tries(again.user, "signs up with another address", other)?;
    stage.does(again.user, "signs up", AcceptInvitation::new(again.invitation, lars))?;
    rights.moment(stage, "signed up")?;

    stage.page.heading("The way back");
    let back = ConvertLink::new(link, "fully".parse()?);
    stage.tries(ada, "converts the link back", back)?;
    stage.page.remark("There is a remedy, so they follow it.");
    stage.does(again.user, "asks to delink", RequestDelink::new(link))?;
    stage.does(ada, "accepts", AcceptDelink::new(link))?;
    rights.moment(stage, "delinked")?;
    let ask = RequestLink::new(northwind, "HL-300".parse()?, "fully".parse()?, set_of(&["manage"])?);
    let request = stage.does(ada, "asks to manage HL-300 fully", ask)?;
    stage.call(request.uuid(), "Northwind IT → Hotel Lindgren");
    let link = stage.does(again.user, "accepts, and is locked out", AcceptLink::new(request))?;
    rights.follow(link);
    rights.moment(stage, "fully again")?;

    stage.page.heading("Who could do what, and when");
    rights.show(stage)?;

    stage.page.heading("The history");
    stage.history()?;
    stage.verify()
}
