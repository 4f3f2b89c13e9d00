//! What can be asked of tenantry: one struct per command, gathered in [`Command`].
//!
//! Plain data, parsed and not yet judged. [`Engine::execute`] answers with what a command leads to,
//! or with the [`Refusal`] that says why not. Ids that are left out are made by the engine; what
//! may be left out is written with `..` and the command's `new`.
//!
//! Who asks is an [`Actor`]: a user, who is bound by every rule, or the platform's own staff, who
//! bring in what nobody could ask for yet.
//!
//! # Tenants
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Engine::memory()?;
//! let add = RegisterTenant {
//!     number: Some("NW-1".parse()?),
//!     country: Some("DE".parse()?),
//!     ..RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?)
//! };
//! let msp = db.execute(Actor::OPERATOR, add)?.outcome;
//!
//! db.execute(Actor::OPERATOR, EditTenant { website: Some("https://northwind.example".parse()?).into(), ..EditTenant::new(msp) })?;
//! let changed = db.execute(Actor::OPERATOR, DisableTenants::new(vec![msp]))?.outcome;
//! assert!(changed[0].changed);
//! # Ok(())
//! # }
//! ```
//!
//! # Links
//!
//! A manager adds a customer, or asks an existing tenant, which it names by its number and which
//! answers for itself.
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = db.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = db.execute(Actor::OPERATOR, ada)?.outcome;
//! let add = AddCustomer::new(msp, TenantKind::Customer, "Bakery Klein".parse()?, "fully".parse()?, ["manage".parse()?].into());
//! let bakery = db.execute(ada, add)?.outcome;
//!
//! // Converted, the customer has a say, so somebody has to be there who can say it.
//! let owner = Some(Invitee::new("bo@bakery.example".parse()?));
//! let convert = ConvertLink { owner, ..ConvertLink::new(bakery.link, "jointly".parse()?) };
//! assert!(db.execute(ada, convert)?.outcome.is_some());
//!
//! # let mill = RegisterTenant {
//! #     number: Some("MILL-7".parse()?),
//! #     ..RegisterTenant::new(TenantKind::Customer, "Mill Brook".parse()?)
//! # };
//! # let mill = db.execute(Actor::OPERATOR, mill)?.outcome;
//! # let mia = RegisterUser::new(mill, "mia@mill.example".parse()?, "super_admin".parse()?);
//! # let mia = db.execute(Actor::OPERATOR, mia)?.outcome;
//! let ask = RequestLink::new(msp, "MILL-7".parse()?, "jointly".parse()?, ["manage".parse()?].into());
//! let request = db.execute(ada, ask)?.outcome;
//! let link = db.execute(mia, AcceptLink::new(request))?.outcome;
//! db.execute(mia, SetManagerGrants::new(link, ["users.manage".parse()?].into()))?;
//! # Ok(())
//! # }
//! ```
//!
//! # Delink
//!
//! A link ends when both sides agree. For a user the side follows from where they are at home.
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = db.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = db.execute(Actor::OPERATOR, ada)?.outcome;
//! # let customer = AddCustomer {
//! #     owner: Some(Invitee::new("bo@bakery.example".parse()?)),
//! #     ..AddCustomer::new(
//! #         msp, TenantKind::Customer, "Bakery Klein".parse()?, "jointly".parse()?, ["manage".parse()?].into(),
//! #     )
//! # };
//! # let customer = db.execute(ada, customer)?.outcome;
//! # let (bakery, link) = (customer.tenant, customer.link);
//! # let invited = customer.sign_up.ok_or("an owner was invited")?;
//! # let bo = invited.user;
//! # db.execute(bo, AcceptInvitation::new(invited.invitation, "bo@bakery.example".parse()?))?;
//! db.execute(ada, RequestDelink::new(link))?;
//! db.execute(bo, RejectDelink::new(link))?;
//!
//! db.execute(bo, RequestDelink::new(link))?;
//! let refused = db.execute(bo, AcceptDelink::new(link)).unwrap_err();
//! assert_eq!(refused.code(), Some(Code::OwnRequest));
//! db.execute(ada, AcceptDelink::new(link))?;
//! # Ok(())
//! # }
//! ```
//!
//! # Users
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = db.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = db.execute(Actor::OPERATOR, ada)?.outcome;
//! let invite = InviteUser::new(msp, Invitee::new("eve@northwind.example".parse()?), "read_only".parse()?);
//! let eve = db.execute(ada, invite)?.outcome;
//! db.execute(eve.user, AcceptInvitation::new(eve.invitation, "eve@northwind.example".parse()?))?;
//!
//! db.execute(eve.user, EditUser { name: Some("Eve Adams".parse()?).into(), ..EditUser::new(eve.user) })?;
//! db.execute(ada, BlockUser::new(eve.user))?;
//! # Ok(())
//! # }
//! ```
//!
//! # Roles
//!
//! A policy has roles that every tenant has; a tenant may add its own. Who gives a role must hold
//! all of it.
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = db.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = db.execute(Actor::OPERATOR, ada)?.outcome;
//! # let customer = AddCustomer {
//! #     owner: Some(Invitee::new("bo@bakery.example".parse()?)),
//! #     ..AddCustomer::new(
//! #         msp, TenantKind::Customer, "Bakery Klein".parse()?, "jointly".parse()?, ["manage".parse()?].into(),
//! #     )
//! # };
//! # let customer = db.execute(ada, customer)?.outcome;
//! # let (bakery, link) = (customer.tenant, customer.link);
//! # let invited = customer.sign_up.ok_or("an owner was invited")?;
//! # let bo = invited.user;
//! # db.execute(bo, AcceptInvitation::new(invited.invitation, "bo@bakery.example".parse()?))?;
//! # let eve = RegisterUser::new(msp, "eve@northwind.example".parse()?, "no_access".parse()?);
//! # let eve = db.execute(Actor::OPERATOR, eve)?.outcome;
//! use tenantry::model::RoleRef;
//!
//! let desk = CreateRole::new(msp, "Help desk".parse()?, ["tenant.view".parse()?, "devices.view".parse()?].into());
//! let role = db.execute(ada, desk)?.outcome;
//!
//! let role = RoleRef::Custom(role);
//! db.execute(ada, Assign::new(vec![NewAssignment { user: eve, tenant: bakery, role, below: None }]))?;
//! db.execute(ada, Unassign::new(vec![UserOnTenant { user: eve, tenant: bakery }]))?;
//! # Ok(())
//! # }
//! ```
//!
//! # Resellers and devices
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Engine::memory()?;
//! # let msp = RegisterTenant {
//! #     number: Some("NW-1".parse()?),
//! #     ..RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?)
//! # };
//! # let msp = db.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = db.execute(Actor::OPERATOR, ada)?.outcome;
//! # let bakery = AddCustomer::new(
//! #     msp, TenantKind::Customer, "Bakery Klein".parse()?, "fully".parse()?, ["manage".parse()?].into(),
//! # );
//! # let bakery = db.execute(ada, bakery)?.outcome.tenant;
//! # let reseller = RegisterTenant::new(TenantKind::Reseller, "Phone Barn".parse()?);
//! # let reseller = db.execute(Actor::OPERATOR, reseller)?.outcome;
//! # let rob = RegisterUser::new(reseller, "rob@barn.example".parse()?, "admin".parse()?);
//! # let rob = db.execute(Actor::OPERATOR, rob)?.outcome;
//! db.execute(rob, AddResellerCustomer::new(reseller, "NW-1".parse()?))?;
//! // A phone with two IMEIs, which is one device, and a router.
//! let devices = vec![["356938031000012", "356938031000053"].into(), "SN-2026/0042".into()];
//! db.execute(rob, UploadDevices::new(reseller, msp, devices))?;
//!
//! // From the MSP's pool to a customer that it manages. This one is not asked, so there is no request.
//! let moved = db.execute(ada, MoveDevices::new(msp, bakery, ["356938031000053".parse()?].into()))?.outcome;
//! assert!(moved.is_none());
//! db.execute(ada, DeleteDevices::new(msp, ["SN-2026/0042".parse()?].into()))?;
//! # Ok(())
//! # }
//! ```
//!
//! # Licences
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = db.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = db.execute(Actor::OPERATOR, ada)?.outcome;
//! # let customer = AddCustomer {
//! #     owner: Some(Invitee::new("bo@bakery.example".parse()?)),
//! #     ..AddCustomer::new(
//! #         msp, TenantKind::Customer, "Bakery Klein".parse()?, "jointly".parse()?, ["manage".parse()?].into(),
//! #     )
//! # };
//! # let customer = db.execute(ada, customer)?.outcome;
//! # let (bakery, link) = (customer.tenant, customer.link);
//! # let invited = customer.sign_up.ok_or("an owner was invited")?;
//! # let bo = invited.user;
//! # db.execute(bo, AcceptInvitation::new(invited.invitation, "bo@bakery.example".parse()?))?;
//! let buy = BuyLicence::new(msp, bakery, "manage".parse()?, 5);
//! let licence = db.execute(ada, buy)?.outcome;
//! let refused = db.execute(ada, AssignSeats::new(licence, ["SN-1".parse()?].into())).unwrap_err();
//! assert_eq!(refused.code(), Some(Code::DeviceNotInPool));
//! # Ok(())
//! # }
//! ```
//!
//! # Integrations
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = db.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = db.execute(Actor::OPERATOR, ada)?.outcome;
//! # let customer = AddCustomer {
//! #     owner: Some(Invitee::new("bo@bakery.example".parse()?)),
//! #     ..AddCustomer::new(
//! #         msp, TenantKind::Customer, "Bakery Klein".parse()?, "jointly".parse()?, ["manage".parse()?].into(),
//! #     )
//! # };
//! # let customer = db.execute(ada, customer)?.outcome;
//! # let (bakery, link) = (customer.tenant, customer.link);
//! # let invited = customer.sign_up.ok_or("an owner was invited")?;
//! # let bo = invited.user;
//! # db.execute(bo, AcceptInvitation::new(invited.invitation, "bo@bakery.example".parse()?))?;
//! let tickets = CreateIntegration::new(msp, "ticketing".parse()?, "Tickets".parse()?);
//! let tickets = db.execute(ada, tickets)?.outcome;
//! db.execute(ada, ShareIntegration::new(tickets, bakery))?;
//! db.execute(ada, DetachIntegration::new(tickets, bakery))?;
//! # Ok(())
//! # }
//! ```
//!
//! # Alerts and consoles
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = db.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = db.execute(Actor::OPERATOR, ada)?.outcome;
//! # let customer = AddCustomer {
//! #     owner: Some(Invitee::new("bo@bakery.example".parse()?)),
//! #     ..AddCustomer::new(
//! #         msp, TenantKind::Customer, "Bakery Klein".parse()?, "jointly".parse()?, ["manage".parse()?].into(),
//! #     )
//! # };
//! # let customer = db.execute(ada, customer)?.outcome;
//! # let (bakery, link) = (customer.tenant, customer.link);
//! # let invited = customer.sign_up.ok_or("an owner was invited")?;
//! # let bo = invited.user;
//! # db.execute(bo, AcceptInvitation::new(invited.invitation, "bo@bakery.example".parse()?))?;
//! use tenantry::model::Audience;
//!
//! db.execute(bo, SetAlertRule::new(bakery, "battery".parse()?, Audience::AllAdmins))?;
//!
//! let open = OpenConsole::new(bakery, "manage".parse()?, "/customers?page=2".parse()?);
//! let console = db.execute(ada, open)?.outcome;
//! let back_to = db.execute(ada, CloseConsole::new(console.session))?.outcome;
//! assert_eq!(back_to.as_str(), "/customers?page=2");
//! # Ok(())
//! # }
//! ```
//!
//! # The policy, and personal data
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = db.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = db.execute(Actor::OPERATOR, ada)?.outcome;
//! # let customer = AddCustomer {
//! #     owner: Some(Invitee::new("bo@bakery.example".parse()?)),
//! #     ..AddCustomer::new(
//! #         msp, TenantKind::Customer, "Bakery Klein".parse()?, "jointly".parse()?, ["manage".parse()?].into(),
//! #     )
//! # };
//! # let customer = db.execute(ada, customer)?.outcome;
//! # let (bakery, link) = (customer.tenant, customer.link);
//! # let invited = customer.sign_up.ok_or("an owner was invited")?;
//! # let bo = invited.user;
//! # db.execute(bo, AcceptInvitation::new(invited.invitation, "bo@bakery.example".parse()?))?;
//! use tenantry::Policy;
//! use tenantry::model::Subject;
//!
//! let stricter = Policy { invitation_days: 3, ..Policy::default() };
//! db.execute(Actor::OPERATOR, SetPolicy::new(stricter.into()))?;
//!
//! // What is known of a person goes; that somebody did what they did stays.
//! db.execute(bo, ErasePersonal::new(Subject::Tenant(bakery)))?;
//! # Ok(())
//! # }
//! ```
//!
//! # The same request twice
//!
//! [`Engine::execute_as`] takes the id of a request from you. Should you not learn what became of
//! it, ask again with the same id: it is executed once, and answered with the first receipt. A
//! [`Request`] is the same as data, with the revision that it was decided on.
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, TenantKind, command::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = db.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = db.execute(Actor::OPERATOR, ada)?.outcome;
//! use tenantry::base::ids::RequestId;
//!
//! let id = RequestId::from_uuid(db.new_id());
//! let add = RegisterTenant::new(TenantKind::Customer, "Bakery Klein".parse()?);
//! let first = db.execute_as(id, Actor::OPERATOR, add.clone())?;
//! assert_eq!(db.execute_as(id, Actor::OPERATOR, add)?, first);
//!
//! let seen = db.token()?.seq;
//! let command = EditTenant { name: Some("Northwind".parse()?), ..EditTenant::new(msp) };
//! db.execute(ada, command.clone())?;
//! let late = Request { id: RequestId::from_uuid(db.new_id()), actor: ada.into(), expected_seq: Some(seen), command: command.into() };
//! assert_eq!(db.submit(late).unwrap_err().code(), Some(Code::StaleSeq));
//! # Ok(())
//! # }
//! ```
//!
//! [`Engine::execute`]: crate::Engine::execute
//! [`Engine::execute_as`]: crate::Engine::execute_as
//! [`Refusal`]: crate::Refusal

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::declare::declare;
use crate::base::ids::{
    IntegrationId, InvitationId, LicenceId, LinkId, LinkRequestId, ManagerInvitationId, MoveId, ProposalId,
    RequestId, RoleId, SessionId, TenantId, UploadId, UserId,
};
use crate::base::text::{
    CompanyName, Coordinates, Country, DeviceId, Email, ExternalId, IntegrationName, IntegrationType,
    IssueCategory, ManagementType, Number, Permission, PersonName, Phone, Prefix, Reason, Reference,
    ReturnPlace, RoleName, Service, Street, System, Website,
};
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::model::{
    Actor, Audience, Bearer, Contact, Operation, Party, Patch, RoleRef, Subject, TenantKind, TermRequest,
};
use crate::policy::Policy;

/// A command on its way: what, from whom, and under which request id (asking again under the same
/// id is safe).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Names this request; a second one with the same id and body answers with the first one's
    /// receipt.
    pub id: RequestId,
    /// Who asks.
    pub actor: Actor,
    /// The revision the caller last saw; if the journal has moved on, the command is refused
    /// (`stale_seq`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seq: Option<u64>,
    /// What is asked.
    pub command: Command,
}

/// A command, or any of them as a [`Command`], with what it answers. Hosts make no commands of
/// their own.
pub trait Act: Clone + Into<Command> + sealed::Sealed {
    /// The answer.
    type Outcome;

    /// Reads the answer from the events of the record.
    fn outcome(&self, events: &[Event]) -> Self::Outcome;
}

mod sealed {
    /// Keeps [`super::Act`] for the commands that are declared here.
    pub trait Sealed {}
}

/// Declares the commands: each with the fields it has, an [`Act`] that is answered from events.
macro_rules! commands {
    ($(
        $(#[$doc:meta])*
        $name:ident => $text:literal -> $outcome:ty = |$this:pat_param, $events:pat_param| $read:expr;
        { $($(#[$fdoc:meta])* $field:ident : $type:ty),* $(,)? }
        $(+ { $($(#[$odoc:meta])* $option:ident : $otype:ty),* $(,)? })?
    )+) => {
        declare! {
            /// Any command.
            #[expect(
                clippy::large_enum_variant,
                reason = "moved seldom, and a box would be in the way of whoever matches"
            )]
            enum Command by "command";
            /// What any command answers with, beside the command's name.
            enum Outcome by "outcome";
            $(
                $(#[$doc])*
                $name => $text -> $outcome;
                { $($(#[$fdoc])* $field : $type),* }
                $(+ { $($(#[$odoc])* $option : $otype),* })?
            )+
        }

        $(
            impl sealed::Sealed for $name {}

            impl Act for $name {
                type Outcome = $outcome;
                fn outcome(&self, events: &[Event]) -> $outcome {
                    let $this = self;
                    let $events = events;
                    $read
                }
            }
        )+

        impl Command {
            /// What the command is about: everything that exists already and that its fields name.
            pub fn about(&self) -> Vec<Named> {
                let mut found = Vec::new();
                match self {
                    $(Self::$name(command) => { $(command.$field.names(&mut found);)* let _ = command; })+
                }
                found
            }

            /// Reads the command's own answer from the events it led to.
            pub fn answer(&self, events: &[Event]) -> Outcome {
                match self { $(Self::$name(command) => Outcome::$name(command.outcome(events))),+ }
            }
        }

        impl sealed::Sealed for Command {}

        impl Act for Command {
            type Outcome = Vec<Event>;
            fn outcome(&self, events: &[Event]) -> Vec<Event> { events.to_vec() }
        }
    };
}

/// Something that a command names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A tenant.
    Tenant(TenantId),
    /// A tenant, by its number.
    Number(Number),
    /// A link.
    Link(LinkId),
    /// A link request.
    LinkRequest(LinkRequestId),
    /// What is proposed on a link.
    Proposal(ProposalId),
    /// A tenant's invitation to an MSP.
    ManagerInvitation(ManagerInvitationId),
    /// A user.
    User(UserId),
    /// An invitation.
    Invitation(InvitationId),
    /// A tenant's own role.
    Role(RoleId),
    /// An upload.
    Upload(UploadId),
    /// A move.
    Move(MoveId),
    /// An integration.
    Integration(IntegrationId),
    /// A licence.
    Licence(LicenceId),
    /// A console session.
    Session(SessionId),
}

/// What a field of a command names of what exists already. Every type of field says so for itself,
/// so that none is forgotten.
trait Names {
    fn names(&self, found: &mut Vec<Named>);
}

macro_rules! names {
    ($($name:ident: $type:ty),+) => {
        $(impl Names for $type {
            fn names(&self, found: &mut Vec<Named>) {
                found.push(Named::$name(self.clone()));
            }
        })+
    };
    (nothing: $($type:ty),+) => {
        $(impl Names for $type {
            fn names(&self, _: &mut Vec<Named>) {}
        })+
    };
}

names! {
    Tenant: TenantId, Number: Number, Link: LinkId, LinkRequest: LinkRequestId,
    Proposal: ProposalId, ManagerInvitation: ManagerInvitationId, User: UserId, Invitation: InvitationId, Role: RoleId, Upload: UploadId, Move: MoveId,
    Integration: IntegrationId, Licence: LicenceId,
    Session: SessionId
}

names! {
    nothing: Policy, TenantKind, CompanyName, ManagementType, Service, String, TypedDevice, Invitee, Email, RoleRef,
    RoleName, Permission, DeviceId, IntegrationType, IntegrationName, u32, IssueCategory, Audience, ReturnPlace,
    TermRequest, bool, System, ExternalId, SystemId, Reason
}

impl<T: Names> Names for Box<T> {
    fn names(&self, found: &mut Vec<Named>) {
        (**self).names(found);
    }
}

impl<T: Names> Names for Vec<T> {
    fn names(&self, found: &mut Vec<Named>) {
        self.iter().for_each(|one| one.names(found));
    }
}

impl<T: Names> Names for BTreeSet<T> {
    fn names(&self, found: &mut Vec<Named>) {
        self.iter().for_each(|one| one.names(found));
    }
}

impl Names for NewAssignment {
    fn names(&self, found: &mut Vec<Named>) {
        found.extend([Named::Tenant(self.tenant), Named::User(self.user)]);
    }
}

impl Names for UserOnTenant {
    fn names(&self, found: &mut Vec<Named>) {
        found.extend([Named::Tenant(self.tenant), Named::User(self.user)]);
    }
}

impl Names for Subject {
    fn names(&self, found: &mut Vec<Named>) {
        found.push(match self {
            Self::Tenant(tenant) => Named::Tenant(*tenant),
            Self::User(user) => Named::User(*user),
        });
    }
}

impl Names for Bearer {
    fn names(&self, found: &mut Vec<Named>) {
        match self {
            Self::Tenant(tenant) => tenant.names(found),
            Self::User(user) => user.names(found),
            Self::Device(device) => device.names(found),
        }
    }
}

/// An id of another system, and which system that is (X-11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SystemId {
    /// The system, such as `connectwise`.
    pub system: System,
    /// The id that it has given.
    pub id: ExternalId,
}

/// A person to be invited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Invitee {
    /// The new user's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The invitation's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationId>,
    /// Where to write to them.
    pub email: Email,
    /// What they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
}

impl Invitee {
    /// Somebody known by their address alone.
    pub const fn new(email: Email) -> Self {
        Self { user: None, invitation: None, email, name: None }
    }
}

/// A role for a user on the tenant that is being created (P-11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Authorization {
    /// Who.
    pub user: UserId,
    /// With which role.
    pub role: RoleRef,
    /// Whether it covers the tenants managed below; by default it does on an MSP (P-10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<bool>,
}

/// A role for a user on a tenant (P-11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// Who.
    pub user: UserId,
    /// Where.
    pub tenant: TenantId,
    /// With which role.
    pub role: RoleRef,
    /// Whether it covers the tenants managed below; by default it does on an MSP, unless whoever
    /// gives it holds less somewhere there (P-10, P-15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<bool>,
}

/// A device as it was typed, by one of its ids or by several: two IMEIs and a serial number, say
/// (V-2). It is found by each of them from then on, and is named by the first in lists and events.
///
/// Serialised as a text or, of several ids, as an array of texts.
///
/// ```
/// use tenantry::command::TypedDevice;
///
/// let router = TypedDevice::from("acme:7");
/// let phone = TypedDevice::from(["490154203237518", "352099001761481", "SN-1234"]);
/// assert_eq!((router.ids().len(), phone.ids().len()), (1, 3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedDevice(Vec<String>);

impl TypedDevice {
    /// The most ids that one device takes.
    pub const MAX_IDS: usize = 8;

    /// The ids as they were typed.
    pub fn ids(&self) -> &[String] {
        &self.0
    }
}

impl From<&str> for TypedDevice {
    fn from(id: &str) -> Self {
        Self(vec![id.to_owned()])
    }
}

impl From<String> for TypedDevice {
    fn from(id: String) -> Self {
        Self(vec![id])
    }
}

impl From<Vec<String>> for TypedDevice {
    fn from(ids: Vec<String>) -> Self {
        Self(ids)
    }
}

impl<const N: usize> From<[&str; N]> for TypedDevice {
    fn from(ids: [&str; N]) -> Self {
        Self(ids.map(str::to_owned).into())
    }
}

impl Serialize for TypedDevice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [id] => id.serialize(serializer),
            ids => ids.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TypedDevice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ids;

        impl<'de> Visitor<'de> for Ids {
            type Value = TypedDevice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_str<E: serde::de::Error>(self, id: &str) -> Result<TypedDevice, E> {
                Ok(id.into())
            }

            fn visit_string<E: serde::de::Error>(self, id: String) -> Result<TypedDevice, E> {
                Ok(id.into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<TypedDevice, A::Error> {
                let mut ids = Vec::new();
                while let Some(id) = seq.next_element()? {
                    ids.push(id);
                }
                Ok(TypedDevice(ids))
            }
        }

        deserializer.deserialize_any(Ids)
    }
}

/// One user on one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserOnTenant {
    /// Who.
    pub user: UserId,
    /// Where.
    pub tenant: TenantId,
}

/// What became of one tenant of a batch (T-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TenantResult {
    /// The tenant.
    pub tenant: TenantId,
    /// Whether the command changed it, or found it as wanted.
    pub changed: bool,
}

/// The ids of a customer that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AddedCustomer {
    /// The new tenant.
    pub tenant: TenantId,
    /// Its link.
    pub link: LinkId,
    /// The sign-up that went out, if any.
    pub sign_up: Option<InvitedUser>,
}

/// The ids of an invitation that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InvitedUser {
    /// The invited user.
    pub user: UserId,
    /// The invitation.
    pub invitation: InvitationId,
}

/// A role that was activated (X-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ActivatedRole {
    /// Up to when its user has it.
    pub ends: Timestamp,
}

/// A console that was opened (S-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OpenedConsole {
    /// The session.
    pub session: SessionId,
    /// The service's address for the tenant, where the policy names one.
    pub address: Option<String>,
    /// The place to return to.
    pub return_to: ReturnPlace,
}

fn registered(events: &[Event]) -> TenantId {
    events
        .iter()
        .find_map(|event| match event {
            Event::TenantRegistered { tenant, .. } => Some(*tenant),
            _ => None,
        })
        .expect("a tenant is registered by the events of its command")
}

fn linked(events: &[Event]) -> LinkId {
    events
        .iter()
        .find_map(|event| match event {
            Event::LinkCreated { link, .. } => Some(*link),
            _ => None,
        })
        .expect("a link is created by the events of its command")
}

fn proposed(events: &[Event]) -> Option<ProposalId> {
    events.iter().find_map(|event| match event {
        Event::Proposed { proposal, .. } => Some(*proposal),
        _ => None,
    })
}

fn invited(events: &[Event]) -> Option<InvitedUser> {
    events.iter().find_map(|event| match event {
        Event::UserInvited { user, invitation, .. } => {
            Some(InvitedUser { user: *user, invitation: *invitation })
        }
        _ => None,
    })
}

fn results(tenants: &[TenantId], events: &[Event], operation: Option<Operation>) -> Vec<TenantResult> {
    let changed = |wanted: TenantId| {
        events.iter().any(|event| match (event, operation) {
            (Event::TenantHeld { tenant, .. }, Some(Operation::Disabled))
            | (
                Event::TenantReleased { tenant, .. } | Event::TenantEnabled { tenant },
                Some(Operation::Enabling),
            )
            | (Event::TenantDeleted { tenant }, None) => *tenant == wanted,
            _ => false,
        })
    };
    let mut results: Vec<_> =
        tenants.iter().map(|&tenant| TenantResult { tenant, changed: changed(tenant) }).collect();
    // What went along with a cascade is told, too.
    for event in events {
        if let (Event::TenantDeleted { tenant }, None) = (event, operation)
            && !tenants.contains(tenant)
        {
            results.push(TenantResult { tenant: *tenant, changed: true });
        }
    }
    results
}

commands! {
    /// Put a policy into force; operators only (P-13).
    ///
    /// Who: an operator.
    SetPolicy => "set_policy" -> () = |_, _| ();
    {
        /// The whole policy.
        policy: Box<Policy>,
    }

    /// Register a tenant without a manager; operators only (T-1).
    ///
    /// Who: an operator.
    RegisterTenant => "register_tenant" -> TenantId = |_, events| registered(events);
    {
        /// Its kind.
        kind: TenantKind,
        /// Its company name.
        name: CompanyName,
    }
    + {
        /// The new tenant's id.
        tenant: Option<TenantId>,
        /// Its public number; made up if left out.
        number: Option<Number>,
        /// Its country.
        country: Option<Country>,
        /// Its website.
        website: Option<Website>,
        /// Its domain prefix (T-3).
        prefix: Option<Prefix>,
        /// How to reach and find it.
        contact: Contact,
    }

    /// Create a customer, or a multi-client, under a manager (L-1).
    ///
    /// A multi-client (`msp`) under a type that locks the customer out, as `fully` does, has its
    /// people locked out of its own clients as well (P-4). Where they are to work there, link it as
    /// `jointly`.
    ///
    /// Who: `customers.add` on the manager and, for whoever is authorized, `users.manage` on their
    /// home; an operator.
    AddCustomer => "add_customer" -> AddedCustomer = |_, events| AddedCustomer {
        tenant: registered(events),
        link: linked(events),
        sign_up: invited(events),
    };
    {
        /// The tenant that will manage it.
        manager: TenantId,
        /// `customer`, or `msp` for a multi-client.
        kind: TenantKind,
        /// Its company name.
        name: CompanyName,
        /// How it is managed.
        management: ManagementType,
        /// What is managed.
        services: BTreeSet<Service>,
    }
    + {
        /// The new tenant's id.
        tenant: Option<TenantId>,
        /// The new link's id.
        link: Option<LinkId>,
        /// Its public number; made up if left out.
        number: Option<Number>,
        /// Its country.
        country: Option<Country>,
        /// Its website.
        website: Option<Website>,
        /// Its domain prefix (T-3).
        prefix: Option<Prefix>,
        /// How to reach and find it.
        contact: Contact,
        /// How long the link lasts (L-9).
        term: Option<TermRequest>,
        /// Who signs up as the customer's first super admin; needed where the customer can delink
        /// (L-1).
        owner: Option<Invitee>,
        /// Who of the managing side works there, and as what (P-11).
        authorize: Vec<Authorization>,
        /// What another system calls it, which the manager keeps (X-11).
        external: Option<SystemId>,
        /// Up to when they do; for good, if left out (X-4).
        authorize_ends: Option<Timestamp>,
    }

    /// Edit a tenant's profile (T-2, T-3, T-4).
    ///
    /// Who: `tenant.edit` on the tenant; an operator.
    EditTenant => "edit_tenant" -> () = |_, _| ();
    {
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Its new name.
        name: Option<CompanyName>,
        /// Its country.
        country: Patch<Country>,
        /// Its website.
        website: Patch<Website>,
        /// Its domain prefix.
        prefix: Patch<Prefix>,
        /// Its street address.
        street: Patch<Street>,
        /// Where that is on a map.
        coordinates: Patch<Coordinates>,
        /// Its telephone number.
        phone: Patch<Phone>,
    }

    /// Correct a tenant's kind; operators with a ticket only (T-1).
    ///
    /// Who: an operator with a ticket.
    ChangeTenantKind => "change_tenant_kind" -> () = |_, _| ();
    {
        /// The tenant.
        tenant: TenantId,
        /// The right kind.
        kind: TenantKind,
    }

    /// Disable tenants (T-5, T-6). Costs the people at home on each, and the tenants below it,
    /// whose consoles and requests may end with it.
    ///
    /// Who: `tenant.operate` on each tenant; an operator.
    DisableTenants => "disable_tenants" -> Vec<TenantResult>
        = |this, events| results(&this.tenants, events, Some(Operation::Disabled));
    {
        /// The tenants; checked as a whole.
        tenants: Vec<TenantId>,
    }

    /// Enable tenants; each is up when the host reports it ready (T-5, T-6).
    ///
    /// Who: `tenant.operate` on each tenant, for what one's own side disabled; an operator, with a
    /// ticket for what others disabled.
    EnableTenants => "enable_tenants" -> Vec<TenantResult>
        = |this, events| results(&this.tenants, events, Some(Operation::Enabling));
    {
        /// The tenants; checked as a whole.
        tenants: Vec<TenantId>,
    }

    /// Report that an enabling tenant is up; the host does, as operator (T-5).
    ///
    /// Who: an operator.
    ReportReady => "report_ready" -> () = |_, _| ();
    {
        /// The tenant.
        tenant: TenantId,
    }

    /// Delete tenants for good (T-6, T-7).
    ///
    /// Who: `tenant.delete` on each tenant; an operator.
    DeleteTenants => "delete_tenants" -> Vec<TenantResult> = |this, events| results(&this.tenants, events, None);
    {
        /// The tenants; checked as a whole.
        tenants: Vec<TenantId>,
        /// The exact text `delete`.
        confirm: String,
    }
    + {
        /// Whether the tenants managed below are deleted with them.
        cascade: bool,
    }

    /// Invite an MSP, found by its number, to ask to manage the tenant: it answers with a link
    /// request, which says how; the tenant's super admin (L-10).
    ///
    /// Who: the tenant's own people with `link.respond`; an operator with a ticket.
    InviteManager => "invite_manager" -> ManagerInvitationId = |_, events| events
        .iter()
        .find_map(|event| match event {
            Event::ManagerInvited { invitation, .. } => Some(*invitation),
            _ => None,
        })
        .expect("a manager is invited by the events of its command");
    {
        /// Who invites.
        tenant: TenantId,
        /// The number of the MSP that is invited.
        number: Number,
    }
    + {
        /// The invitation's id.
        invitation: Option<ManagerInvitationId>,
    }

    /// Say no to a tenant's invitation; the MSP's side (L-10). It says yes by a link request.
    ///
    /// Who: the MSP's side with `customers.add` on it; an operator with a ticket.
    DeclineManagerInvitation => "decline_manager_invitation" -> () = |_, _| ();
    {
        /// The invitation.
        invitation: ManagerInvitationId,
    }

    /// Take an invitation to an MSP back; the side that invites (L-10).
    ///
    /// Who: the tenant's own people with `link.respond`; an operator with a ticket.
    CancelManagerInvitation => "cancel_manager_invitation" -> () = |_, _| ();
    {
        /// The invitation.
        invitation: ManagerInvitationId,
    }

    /// Remind an MSP of an invitation; the side that invites (L-10).
    ///
    /// Who: the tenant's own people with `link.respond`; an operator with a ticket.
    ResendManagerInvitation => "resend_manager_invitation" -> () = |_, _| ();
    {
        /// The invitation.
        invitation: ManagerInvitationId,
    }

    /// Keep an MSP, found by its number, from asking to manage the tenant, or let it ask again; the
    /// tenant's super admin (L-10). The MSP is not told.
    ///
    /// Who: the tenant's own people with `link.respond`; an operator with a ticket.
    BarManager => "bar_manager" -> () = |_, _| ();
    {
        /// The tenant.
        tenant: TenantId,
        /// The number of the MSP.
        number: Number,
        /// Whether it is kept from asking.
        barred: bool,
    }

    /// Ask an existing tenant, found by its number, to be managed (L-2). Where that tenant has
    /// invited the MSP, this is the answer (L-10).
    ///
    /// Who: `customers.add` on the manager; an operator.
    RequestLink => "request_link" -> LinkRequestId = |_, events| events
        .iter()
        .find_map(|event| match event {
            Event::LinkRequested { request, .. } => Some(*request),
            _ => None,
        })
        .expect("a link request is made by the events of its command");
    {
        /// Who wants to manage.
        manager: TenantId,
        /// The number of the tenant that is asked.
        number: Number,
        /// How it would be managed.
        management: ManagementType,
        /// What would be managed.
        services: BTreeSet<Service>,
    }
    + {
        /// The request's id.
        request: Option<LinkRequestId>,
        /// How long the link would last (L-9).
        term: Option<TermRequest>,
    }

    /// Say yes to a link request; the managed side's super admin (L-3, L-4).
    ///
    /// Who: the customer's own people with `link.respond`; an operator with a ticket.
    AcceptLink => "accept_link" -> LinkId = |_, events| linked(events);
    {
        /// The request.
        request: LinkRequestId,
    }

    /// Say no to a link request; the managed side's super admin (L-3).
    ///
    /// Who: the customer's own people with `link.respond`; an operator with a ticket.
    DeclineLink => "decline_link" -> () = |_, _| ();
    {
        /// The request.
        request: LinkRequestId,
    }

    /// Take a link request back (L-3).
    ///
    /// Who: the manager's side with `customers.add` on the manager; an operator.
    CancelLinkRequest => "cancel_link_request" -> () = |_, _| ();
    {
        /// The request.
        request: LinkRequestId,
    }

    /// Remind the asked side of a link request (L-3).
    ///
    /// Who: the manager's side with `customers.add` on the manager; an operator.
    ResendLinkRequest => "resend_link_request" -> () = |_, _| ();
    {
        /// The request.
        request: LinkRequestId,
    }

    /// Change a link's management type (L-5).
    ///
    /// Who: the manager's side with `customers.add` on the manager and, to name an owner,
    /// `users.manage` on the customer; an operator.
    ConvertLink => "convert_link" -> Option<InvitedUser> = |_, events| invited(events);
    {
        /// The link.
        link: LinkId,
        /// The management type it should have.
        management: ManagementType,
    }
    + {
        /// Who signs up as the customer's super admin; needed unless it has an active one from
        /// before.
        owner: Option<Invitee>,
    }

    /// Manage more services by a link: at once, or once the managed side's super admin accepts the
    /// proposal that it is answered with (L-6).
    ///
    /// Who: the manager's side with `customers.add` on the manager; an operator.
    AddServices => "add_services" -> Option<ProposalId> = |_, events| proposed(events);
    {
        /// The link.
        link: LinkId,
        /// The services to add.
        services: BTreeSet<Service>,
    }
    + {
        /// The proposal's id, where it has to be accepted.
        proposal: Option<ProposalId>,
    }

    /// Move a link's end to a later moment: at once, or once the managed side's super admin accepts
    /// the proposal that it is answered with (L-9).
    ///
    /// Who: the manager's side with `customers.add` on the manager; an operator.
    RenewLink => "renew_link" -> Option<ProposalId> = |_, events| proposed(events);
    {
        /// The link.
        link: LinkId,
        /// How long it lasts from the moment of its renewal.
        term: TermRequest,
    }
    + {
        /// The proposal's id, where it has to be accepted.
        proposal: Option<ProposalId>,
    }

    /// Move a link to what its management type means by the policy in force: at once where that
    /// only leaves its manager less, or once the managed side's super admin accepts the proposal
    /// that it is answered with (P-13). The managed side does so itself where it leaves the manager
    /// less. Where it is locked out, only an operator with a ticket leaves the manager more.
    ///
    /// Who: the manager's side with `customers.add` on the manager; the customer's own people with
    /// `link.respond`, where the manager has less by it; an operator, with a ticket where a locked
    /// customer's manager has more by it.
    ProposeTerms => "propose_terms" -> Option<ProposalId> = |_, events| proposed(events);
    {
        /// The link.
        link: LinkId,
    }
    + {
        /// The proposal's id, where it has to be accepted.
        proposal: Option<ProposalId>,
    }

    /// Say yes to what is proposed on a link; the managed side's super admin (L-6, L-9, P-13).
    ///
    /// Who: the customer's own people with `link.respond`; an operator with a ticket.
    AcceptProposal => "accept_proposal" -> () = |_, _| ();
    {
        /// The proposal.
        proposal: ProposalId,
    }

    /// Say no to what is proposed on a link; the managed side's super admin (L-6, L-9, P-13).
    ///
    /// Who: the customer's own people with `link.respond`; an operator with a ticket.
    DeclineProposal => "decline_proposal" -> () = |_, _| ();
    {
        /// The proposal.
        proposal: ProposalId,
    }

    /// Take a proposal back (L-3).
    ///
    /// Who: the manager's side with `customers.add` on the manager; an operator.
    CancelProposal => "cancel_proposal" -> () = |_, _| ();
    {
        /// The proposal.
        proposal: ProposalId,
    }

    /// Remind the asked side of a proposal (L-3).
    ///
    /// Who: the manager's side with `customers.add` on the manager; an operator.
    ResendProposal => "resend_proposal" -> () = |_, _| ();
    {
        /// The proposal.
        proposal: ProposalId,
    }

    /// Remove a service from a link; operators with a ticket only (L-6).
    ///
    /// Who: an operator with a ticket.
    RemoveService => "remove_service" -> () = |_, _| ();
    {
        /// The link.
        link: LinkId,
        /// The service to remove.
        service: Service,
    }

    /// Let a link with a term extend itself, or let it end (L-9).
    ///
    /// Who: the manager's side with `customers.add` on the manager, to prolong it only where the
    /// customer is locked out; the customer's own people with `link.respond`; an operator with a
    /// ticket.
    SetAutoExtend => "set_auto_extend" -> () = |_, _| ();
    {
        /// The link.
        link: LinkId,
    }
    + {
        /// By how many days it extends itself; it ends, if absent.
        days: Option<u32>,
    }

    /// Set what a manager may do beyond the default; the customer's super admin (P-7).
    ///
    /// Who: the customer's own people with `grants.manage`; an operator with a ticket.
    SetManagerGrants => "set_manager_grants" -> () = |_, _| ();
    {
        /// The link.
        link: LinkId,
        /// Everything granted from now on.
        grants: BTreeSet<Permission>,
    }

    /// Ask to end a link (D).
    ///
    /// Who: the manager's side with `customers.delink` on the manager; the customer's own people
    /// with `link.respond`; an operator with a ticket, who names the party.
    RequestDelink => "request_delink" -> () = |_, _| ();
    {
        /// The link.
        link: LinkId,
    }
    + {
        /// The party an operator speaks for; a user's follows from their home.
        party: Option<Party>,
    }

    /// Agree to the other side's delink request (D).
    ///
    /// Who: the manager's side with `customers.delink` on the manager; the customer's own people
    /// with `link.respond`; an operator with a ticket, who names the party.
    AcceptDelink => "accept_delink" -> () = |_, _| ();
    {
        /// The link.
        link: LinkId,
    }
    + {
        /// The party an operator speaks for; a user's follows from their home.
        party: Option<Party>,
    }

    /// Reject the other side's delink request (D).
    ///
    /// Who: the manager's side with `customers.delink` on the manager; the customer's own people
    /// with `link.respond`; an operator with a ticket, who names the party.
    RejectDelink => "reject_delink" -> () = |_, _| ();
    {
        /// The link.
        link: LinkId,
    }
    + {
        /// The party an operator speaks for; a user's follows from their home.
        party: Option<Party>,
    }

    /// Remind the other side of one's own delink request (D).
    ///
    /// Who: the manager's side with `customers.delink` on the manager; the customer's own people
    /// with `link.respond`; an operator with a ticket, who names the party.
    ResendDelink => "resend_delink" -> () = |_, _| ();
    {
        /// The link.
        link: LinkId,
    }
    + {
        /// The party an operator speaks for; a user's follows from their home.
        party: Option<Party>,
    }

    /// Take one's own delink request back (D).
    ///
    /// Who: the manager's side with `customers.delink` on the manager; the customer's own people
    /// with `link.respond`; an operator with a ticket, who names the party.
    CancelDelink => "cancel_delink" -> () = |_, _| ();
    {
        /// The link.
        link: LinkId,
    }
    + {
        /// The party an operator speaks for; a user's follows from their home.
        party: Option<Party>,
    }

    /// Invite somebody to a tenant (U-2).
    ///
    /// Who: `users.manage` on the tenant; an operator.
    InviteUser => "invite_user" -> InvitedUser = |_, events| invited(events)
        .expect("a user is invited by the events of their command");
    {
        /// The tenant that becomes their home.
        tenant: TenantId,
        /// Whom.
        invitee: Invitee,
        /// Their role there.
        role: RoleRef,
    }
    + {
        /// Whether it covers the tenants managed below; by default it does on an MSP, unless
        /// whoever gives it holds less somewhere there (P-10, P-15).
        below: Option<bool>,
    }

    /// Invite a managed customer's first super admin, again if need be; the manager may (L-1).
    ///
    /// Who: the manager's side with `customers.add` on the manager and `users.manage` on the
    /// customer; an operator.
    InviteOwner => "invite_owner" -> InvitedUser = |_, events| invited(events)
        .expect("a user is invited by the events of their command");
    {
        /// The link.
        link: LinkId,
        /// Whom.
        owner: Invitee,
    }

    /// Remind an invited person (U-2).
    ///
    /// Who: `users.manage` on the tenant; for a sign-up `customers.add` on its manager and, unless
    /// the customer came with it, `users.manage` on the customer; an operator.
    ResendInvitation => "resend_invitation" -> () = |_, _| ();
    {
        /// The invitation.
        invitation: InvitationId,
    }

    /// Take an invitation back (U-2).
    ///
    /// Who: `users.manage` on the tenant; for a sign-up `customers.add` on its manager; an
    /// operator.
    RevokeInvitation => "revoke_invitation" -> () = |_, _| ();
    {
        /// The invitation.
        invitation: InvitationId,
    }

    /// Accept an invitation; the invited user, with the address it was sent to (U-2).
    ///
    /// Who: the invited user; an operator with a ticket.
    AcceptInvitation => "accept_invitation" -> () = |_, _| ();
    {
        /// The invitation.
        invitation: InvitationId,
        /// The address the host has verified.
        email: Email,
    }

    /// Decline an invitation; the invited user, with the address it was sent to (U-2).
    ///
    /// Who: the invited user; an operator with a ticket.
    DeclineInvitation => "decline_invitation" -> () = |_, _| ();
    {
        /// The invitation.
        invitation: InvitationId,
        /// The address the host has verified.
        email: Email,
    }

    /// Bring in a user who is known already, without invitation; operators only (U-1).
    ///
    /// Who: an operator.
    RegisterUser => "register_user" -> UserId = |_, events| events
        .iter()
        .find_map(|event| match event {
            Event::UserRegistered { user, .. } => Some(*user),
            _ => None,
        })
        .expect("a user is registered by the events of their command");
    {
        /// Their home.
        home: TenantId,
        /// Their address.
        email: Email,
        /// Their role at home.
        role: RoleRef,
    }
    + {
        /// The new user's id.
        user: Option<UserId>,
        /// What they are called.
        name: Option<PersonName>,
        /// Whether it covers the tenants managed below; by default it does on an MSP (P-10).
        below: Option<bool>,
    }

    /// Change a user's name, and ask for another address (U-1). A name changes at once. Another
    /// address waits until the user confirms it; until then the old one stands. The one that
    /// waits already is reminded of, any other takes its place. What the operator gives is
    /// confirmed at once.
    ///
    /// Who: the user; `users.manage` on the user's home; an operator.
    EditUser => "edit_user" -> () = |_, _| ();
    {
        /// The user.
        user: UserId,
    }
    + {
        /// Their name.
        name: Patch<PersonName>,
        /// Their address, once it is confirmed.
        email: Option<Email>,
    }

    /// Confirm another address; the user, who has proved it, or the operator, who vouches for it
    /// (U-1).
    ///
    /// Who: the user; an operator.
    ConfirmAddress => "confirm_address" -> () = |_, _| ();
    {
        /// The user.
        user: UserId,
        /// The address the host has verified.
        email: Email,
    }

    /// Take back that a user is asked for another address; the user, or whoever may edit them
    /// (U-1).
    ///
    /// Who: the user; `users.manage` on the user's home; an operator.
    CancelAddress => "cancel_address" -> () = |_, _| ();
    {
        /// The user.
        user: UserId,
    }

    /// Block a user (U-3).
    ///
    /// Who: `users.manage` on the user's home; an operator.
    BlockUser => "block_user" -> () = |_, _| ();
    {
        /// The user.
        user: UserId,
    }

    /// Unblock a user (U-3).
    ///
    /// Who: `users.manage` on the user's home; an operator.
    UnblockUser => "unblock_user" -> () = |_, _| ();
    {
        /// The user.
        user: UserId,
    }

    /// Remove a user for good (U-3).
    ///
    /// Who: `users.manage` on the user's home; an operator.
    RemoveUser => "remove_user" -> () = |_, _| ();
    {
        /// The user.
        user: UserId,
    }

    /// Give users roles on tenants, many at once (P-11), for good or for a while (X-4).
    ///
    /// Who: `users.manage` on each user's home; an operator.
    Assign => "assign" -> () = |_, _| ();
    {
        /// The roles to give; checked as a whole.
        assignments: Vec<NewAssignment>,
    }
    + {
        /// From when on they count; from now on, if left out or past. Only with an end (X-4).
        starts: Option<Timestamp>,
        /// Up to when they count, over whatever the users have there; for good, if left out (X-4).
        ends: Option<Timestamp>,
        /// Whether they give nothing until the users activate them (`activate`). Only with an end
        /// (X-4).
        eligible: bool,
    }

    /// Take users' roles on tenants away, many at once (P-11): all that they have there, or what
    /// was given until a moment (X-4).
    ///
    /// Who: `users.manage` on each user's home; an operator.
    Unassign => "unassign" -> () = |_, _| ();
    {
        /// The roles to take away; checked as a whole.
        assignments: Vec<UserOnTenant>,
    }
    + {
        /// Of what was given for a while, only that which ends at this moment; without it, all that
        /// the users have there (X-4).
        ends: Option<Timestamp>,
    }

    /// Have a role that one is eligible for, from now on and for a while; users only (X-4).
    ///
    /// Who: a user who is eligible for it, themselves.
    Activate => "activate" -> ActivatedRole = |_, events| events
        .iter()
        .find_map(|event| match event {
            Event::Activated { ends, .. } => Some(ActivatedRole { ends: *ends }),
            _ => None,
        })
        .expect("a role is activated by the events of its command");
    {
        /// Where.
        tenant: TenantId,
        /// Which role.
        role: RoleRef,
        /// For how many minutes: as few and as many as the policy's `activation` allows.
        minutes: u32,
        /// What for. It is recorded for good, so name a ticket and no person.
        reason: Reason,
    }

    /// Give back a role that one has activated, before its time; users only (X-4).
    ///
    /// Who: the user who activated it.
    Deactivate => "deactivate" -> () = |_, _| ();
    {
        /// Where.
        tenant: TenantId,
        /// Which role.
        role: RoleRef,
    }

    /// Add a role of a tenant's own (P-9).
    ///
    /// Who: `roles.manage` on the tenant; an operator.
    CreateRole => "create_role" -> RoleId = |_, events| events
        .iter()
        .find_map(|event| match event {
            Event::RoleCreated { role, .. } => Some(*role),
            _ => None,
        })
        .expect("a role is created by the events of its command");
    {
        /// The tenant.
        tenant: TenantId,
        /// What people call it.
        name: RoleName,
        /// What it holds.
        permissions: BTreeSet<Permission>,
    }
    + {
        /// The new role's id.
        role: Option<RoleId>,
    }

    /// Change a tenant's own role, and with it the rights of everyone who has it (P-9). Costs those
    /// who have it, what they have open and pending, and the tenant's pending invitations.
    ///
    /// Who: `roles.manage` on the role's tenant; an operator.
    EditRole => "edit_role" -> () = |_, _| ();
    {
        /// The role.
        role: RoleId,
    }
    + {
        /// What people call it.
        name: Option<RoleName>,
        /// What it holds.
        permissions: Option<BTreeSet<Permission>>,
    }

    /// Delete a tenant's own role that nobody has (P-9). Costs the tenant's pending invitations.
    ///
    /// Who: `roles.manage` on the role's tenant; an operator.
    DeleteRole => "delete_role" -> () = |_, _| ();
    {
        /// The role.
        role: RoleId,
    }

    /// Have the personal data of a user or tenant erased (U-5).
    ///
    /// Who: `personal.erase` on the tenant, or the user's home; an operator.
    ErasePersonal => "erase_personal" -> () = |_, _| ();
    {
        /// Whose.
        subject: Subject,
    }

    /// Keep an id that another system has given for an organisation, a person or a device (X-11).
    /// Costs the ids that are kept for that.
    ///
    /// Who: those at home on the keeper, or who see it and hold `tenant.edit` there, and hold what
    /// the thing is edited by: `tenant.edit` on a tenant, `users.manage` on a user's home,
    /// `devices.view` and `devices.manage` on the holder of a device; an operator.
    SetExternalId => "set_external_id" -> () = |_, _| ();
    {
        /// The organisation that keeps it.
        keeper: TenantId,
        /// The system that gave it, such as `connectwise`.
        system: System,
        /// The id.
        id: ExternalId,
        /// What it leads to: the keeper or a customer of its, a person at home there, a device that
        /// one of them holds.
        of: Bearer,
    }

    /// Keep an id of another system no longer (X-11).
    ///
    /// Who: those at home on the keeper, or who see it and hold `tenant.edit` there, and see the
    /// thing and hold what it is edited by: `tenant.edit` on a tenant, `users.view` and
    /// `users.manage` on a user's home, `devices.view` and `devices.manage` on the holder of a
    /// device; an operator.
    RemoveExternalId => "remove_external_id" -> () = |_, _| ();
    {
        /// The organisation that keeps it.
        keeper: TenantId,
        /// The system that gave it.
        system: System,
        /// The id.
        id: ExternalId,
    }

    /// Add a customer or an MSP to a reseller's list, by its number (V-1).
    ///
    /// Who: `customers.add` on the reseller; an operator.
    AddResellerCustomer => "add_reseller_customer" -> () = |_, _| ();
    {
        /// The reseller.
        reseller: TenantId,
        /// The number of the customer or MSP.
        number: Number,
    }
    + {
        /// The reseller's own name for it.
        reference: Option<Reference>,
    }

    /// Change a reseller's own name for a tenant (V-1).
    ///
    /// Who: `customers.add` on the reseller; an operator.
    EditResellerCustomer => "edit_reseller_customer" -> () = |_, _| ();
    {
        /// The reseller.
        reseller: TenantId,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// The reseller's own name for it; none, if absent.
        reference: Option<Reference>,
    }

    /// Take a tenant without uploads off a reseller's list again (V-1).
    ///
    /// Who: `customers.add` on the reseller; an operator.
    RemoveResellerCustomer => "remove_reseller_customer" -> () = |_, _| ();
    {
        /// The reseller.
        reseller: TenantId,
        /// The tenant.
        tenant: TenantId,
    }

    /// Let a reseller upload no further devices to a tenant (V-1).
    ///
    /// Who: `devices.manage` on the tenant; an operator.
    DropReseller => "drop_reseller" -> () = |_, _| ();
    {
        /// The tenant.
        tenant: TenantId,
        /// The reseller.
        reseller: TenantId,
    }

    /// Let a reseller that was dropped upload again (V-1).
    ///
    /// Who: `devices.manage` on the tenant; an operator.
    AdmitReseller => "admit_reseller" -> () = |_, _| ();
    {
        /// The tenant.
        tenant: TenantId,
        /// The reseller.
        reseller: TenantId,
    }

    /// Put devices on a customer or an MSP that the reseller has added: all of them, or none (V-2).
    ///
    /// Who: `devices.manage` on the reseller; an operator.
    UploadDevices => "upload_devices" -> UploadId = |_, events| events
        .iter()
        .find_map(|event| match event {
            Event::DevicesUploaded { upload, .. } => Some(*upload),
            _ => None,
        })
        .expect("devices are uploaded by the events of their command");
    {
        /// The reseller.
        reseller: TenantId,
        /// To whom.
        to: TenantId,
        /// The devices as they were typed, each by one of its ids or by a list of 1 to 8 of them;
        /// each is judged for itself. 1 to 10 000.
        devices: Vec<TypedDevice>,
    }
    + {
        /// The upload's id.
        upload: Option<UploadId>,
    }

    /// Take an upload back, or devices of it, as long as they lie where they were put and have no
    /// seat: all of them, or none (V-10).
    ///
    /// Who: `devices.manage` on the reseller; an operator.
    WithdrawUpload => "withdraw_upload" -> () = |_, _| ();
    {
        /// The upload.
        upload: UploadId,
    }
    + {
        /// The devices of it, 1 to 10 000; all that are left, if absent.
        devices: Option<BTreeSet<DeviceId>>,
    }

    /// Move devices from an MSP's pool to a customer that it manages: all of them, or none (V-7).
    ///
    /// Who: `devices.manage` on the manager and on the customer; an operator.
    MoveDevices => "move_devices" -> Option<MoveId> = |_, events| events.iter().find_map(|event| match event {
        Event::MoveRequested { id, .. } => Some(*id),
        _ => None,
    });
    {
        /// Whose pool.
        manager: TenantId,
        /// To whom.
        customer: TenantId,
        /// The devices. 1 to 10 000.
        devices: BTreeSet<DeviceId>,
    }
    + {
        /// The move's id, where it has to be approved.
        id: Option<MoveId>,
    }

    /// Approve a move; the customer's own people (V-7).
    ///
    /// Who: the customer's own people with `devices.manage`; an operator with a ticket.
    ApproveMove => "approve_move" -> () = |_, _| ();
    {
        /// The move.
        id: MoveId,
    }

    /// Decline a move; the customer's own people (V-7).
    ///
    /// Who: the customer's own people with `devices.manage`; an operator with a ticket.
    DeclineMove => "decline_move" -> () = |_, _| ();
    {
        /// The move.
        id: MoveId,
    }

    /// Take a move back (V-7).
    ///
    /// Who: the manager's side with `devices.manage` on the manager; an operator.
    CancelMove => "cancel_move" -> () = |_, _| ();
    {
        /// The move.
        id: MoveId,
    }

    /// Remind the customer of a move; it rests on whoever does from then on (V-7, L-3).
    ///
    /// Who: the manager's side with `devices.manage` on the manager and on the customer; an
    /// operator.
    ResendMove => "resend_move" -> () = |_, _| ();
    {
        /// The move.
        id: MoveId,
    }

    /// Delete devices that a tenant holds (V-9).
    ///
    /// Who: `devices.manage` on the tenant; an operator.
    DeleteDevices => "delete_devices" -> () = |_, _| ();
    {
        /// Who holds them.
        tenant: TenantId,
        /// The devices. 1 to 10 000.
        devices: BTreeSet<DeviceId>,
    }

    /// Add an integration of a tenant's own (I-1).
    ///
    /// Who: `integrations.manage` on the owner; an operator.
    CreateIntegration => "create_integration" -> IntegrationId = |_, events| events
        .iter()
        .find_map(|event| match event {
            Event::IntegrationCreated { integration, .. } => Some(*integration),
            _ => None,
        })
        .expect("an integration is created by the events of its command");
    {
        /// Whose it is.
        owner: TenantId,
        /// Its type, such as `collector`.
        kind: IntegrationType,
        /// What people call it.
        name: IntegrationName,
    }
    + {
        /// The integration's id.
        integration: Option<IntegrationId>,
    }

    /// Share an integration with a tenant that its owner manages (I-1).
    ///
    /// Who: `integrations.manage` on the owner and on the tenant; an operator.
    ShareIntegration => "share_integration" -> () = |_, _| ();
    {
        /// The integration.
        integration: IntegrationId,
        /// Where it is to be attached.
        tenant: TenantId,
    }

    /// Detach an integration from a tenant (I-1).
    ///
    /// Who: `integrations.manage` on the owner; an operator.
    DetachIntegration => "detach_integration" -> () = |_, _| ();
    {
        /// The integration.
        integration: IntegrationId,
        /// Where it is attached.
        tenant: TenantId,
    }

    /// Delete an integration, and with it every attachment (I-1).
    ///
    /// Who: `integrations.manage` on the owner; an operator.
    DeleteIntegration => "delete_integration" -> () = |_, _| ();
    {
        /// The integration.
        integration: IntegrationId,
    }

    /// Buy a licence for oneself or for a tenant that one manages (C-1).
    ///
    /// Who: `licences.manage` on the buyer and, for the service, on the tenant; an operator.
    BuyLicence => "buy_licence" -> LicenceId = |_, events| events
        .iter()
        .find_map(|event| match event {
            Event::LicenceBought { licence, .. } => Some(*licence),
            _ => None,
        })
        .expect("a licence is bought by the events of its command");
    {
        /// Who buys it.
        buyer: TenantId,
        /// Whom it serves.
        tenant: TenantId,
        /// For which service.
        service: Service,
        /// How many seats. 1 to 1 000 000.
        seats: u32,
    }
    + {
        /// The licence's id.
        licence: Option<LicenceId>,
        /// When it runs out.
        expires: Option<Timestamp>,
    }

    /// Give devices that the tenant holds seats of a licence (C-1).
    ///
    /// Who: `licences.manage` on the tenant, for the service; an operator.
    AssignSeats => "assign_seats" -> () = |_, _| ();
    {
        /// The licence.
        licence: LicenceId,
        /// The devices. 1 to 10 000.
        devices: BTreeSet<DeviceId>,
    }

    /// Take seats of a licence back from devices (C-1).
    ///
    /// Who: `licences.manage` on the tenant, for the service; an operator.
    ReleaseSeats => "release_seats" -> () = |_, _| ();
    {
        /// The licence.
        licence: LicenceId,
        /// The devices. 1 to 10 000.
        devices: BTreeSet<DeviceId>,
    }

    /// Set who gets a tenant's alerts about a category of issues (A-2).
    ///
    /// Who: `alerts.manage` on the tenant; an operator.
    SetAlertRule => "set_alert_rule" -> () = |_, _| ();
    {
        /// The tenant.
        tenant: TenantId,
        /// The category.
        category: IssueCategory,
        /// Who gets them in the first place.
        audience: Audience,
    }
    + {
        /// Who gets them besides: users at home there or at a manager.
        additional: BTreeSet<UserId>,
    }

    /// Open a tenant's console for a service; users only (S-1).
    ///
    /// Who: a user with `console.open` on the tenant, for the service.
    OpenConsole => "open_console" -> OpenedConsole = |_, events| events
        .iter()
        .find_map(|event| match event {
            Event::SessionOpened { session, address, return_to, .. } => Some(OpenedConsole {
                session: *session,
                address: address.clone(),
                return_to: return_to.clone(),
            }),
            _ => None,
        })
        .expect("a session is opened by the events of its command");
    {
        /// Whose console.
        tenant: TenantId,
        /// Of which service.
        service: Service,
        /// Where to return to when it is closed.
        return_to: ReturnPlace,
    }
    + {
        /// The session's id.
        session: Option<SessionId>,
    }

    /// Close one's console (S-1).
    ///
    /// Who: the user who opened it; an operator.
    CloseConsole => "close_console" -> ReturnPlace = |_, events| events
        .iter()
        .find_map(|event| match event {
            Event::SessionClosed { return_to, .. } => Some(return_to.clone()),
            _ => None,
        })
        .expect("a session is closed by the events of its command");
    {
        /// The session.
        session: SessionId,
    }
}
