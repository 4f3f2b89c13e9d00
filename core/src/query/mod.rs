//! What can be asked of a world, now or then: one struct per query, gathered in [`Query`], with the
//! rows that answer it.
//!
//! Plain data; `answer` says what the answer is. Of each query one can ask as of a moment
//! that has passed; that is said beside it, and not in it.
//!
//! # Who may, and why
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
//! # let bakery = AddCustomer::new(
//! #     msp, TenantKind::Customer, "Bakery Klein".parse()?, "fully".parse()?, ["manage".parse()?].into(),
//! # );
//! # let bakery = engine.execute(ada, bakery)?.outcome;
//! let question = Question::new(ada, "devices.manage".parse()?, bakery.tenant);
//! let verdict = engine.check(&question)?;
//! assert!(verdict.allowed);
//! assert_eq!(verdict.chain, [bakery.link], "it comes down by this link");
//!
//! let explained = engine.ask(Explain::new(ada, "location.view".parse()?, bakery.tenant))?;
//! assert_eq!(explained.verdict.reason, Some(Code::ReservedForCustomer));
//! assert_eq!(explained.verdict.remedy, Some("ask the customer's own people to do it"));
//!
//! // The same from the other ends.
//! let tenants = engine.ask(TenantsWhere::new(ada, "devices.manage".parse()?))?;
//! assert!(tenants.contains(&bakery.tenant));
//! let users = engine.ask(UsersWhoCan::new("devices.manage".parse()?, bakery.tenant))?;
//! assert_eq!(users, [ada]);
//! # Ok(())
//! # }
//! ```
//!
//! # Lists
//!
//! A list has a filter, an order, and pages that are turned over by a cursor. What the actor may
//! not see is not in it.
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
//! # let bakery = AddCustomer::new(
//! #     msp, TenantKind::Customer, "Bakery Klein".parse()?, "fully".parse()?, ["manage".parse()?].into(),
//! # );
//! # let bakery = engine.execute(ada, bakery)?.outcome;
//! # let another = AddCustomer::new(
//! #     msp, TenantKind::Customer, "Mill Brook".parse()?, "fully".parse()?, ["manage".parse()?].into(),
//! # );
//! # engine.execute(ada, another)?;
//! let filter = CustomerFilter { service: Some("manage".parse()?), sort: CustomerSort::Name, ..Default::default() };
//! let mut list = Customers { filter, ..Customers::new(ada.into(), msp) };
//! list.paging.limit = 1;
//! let mut names = Vec::new();
//! loop {
//!     let page = engine.ask(list.clone())?;
//!     names.extend(page.rows.into_iter().map(|row| row.name.to_string()));
//!     match page.next {
//!         Some(cursor) => list.paging.cursor = Some(cursor),
//!         None => break,
//!     }
//! }
//! assert_eq!(names, ["Bakery Klein", "Mill Brook"]);
//!
//! let details = engine.ask(Customer::new(ada.into(), msp, bakery.tenant))?;
//! assert_eq!(details.row.management.as_str(), "fully");
//! # Ok(())
//! # }
//! ```
//!
//! # A page for people
//!
//! Who can reach a tenant and why, who manages it, what is about to arise and what has happened, as
//! one HTML document to look at, to keep and to print.
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
//! # let bakery = AddCustomer::new(
//! #     msp, TenantKind::Customer, "Bakery <Klein>".parse()?, "fully".parse()?, ["manage".parse()?].into(),
//! # );
//! # let bakery = engine.execute(ada, bakery)?.outcome;
//! let page = engine.ask(TenantReport::new(ada.into(), bakery.tenant))?.html;
//! assert!(page.starts_with("<!doctype html>") && page.contains("Bakery &lt;Klein&gt;"));
//! # Ok(())
//! # }
//! ```
//!
//! # What happened
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
//! # let bakery = AddCustomer::new(
//! #     msp, TenantKind::Customer, "Bakery Klein".parse()?, "fully".parse()?, ["manage".parse()?].into(),
//! # );
//! # let bakery = engine.execute(ada, bakery)?.outcome;
//! let filter = AuditFilter { command: Some("add_customer".to_owned()), ..AuditFilter::default() };
//! let audit = engine.ask(Audit { filter, ..Audit::new(ada.into(), bakery.tenant) })?;
//! assert_eq!(audit.rows.len(), 1);
//! assert_eq!(audit.rows[0].by, AuditActor::User(ada));
//! # Ok(())
//! # }
//! ```

mod access;
mod external;
mod own;
mod page;
mod sync;
mod temporary;
mod tenant;
mod trade;

pub use access::{
    AccessChangeCount, AccessChangeRow, AccessEvent, AccessFilter, AccessWay, AsOf, Grounds,
    OrganisationAccessRow, Previewed, PreviewedNotice, Report, ResellerRowChange, TenantAccessRow,
    UserAccessRow,
};
pub use external::{ExternalIdFilter, ExternalIdRow};
pub use own::{AddressChangeRow, AskedRow, DelinkRequestRow, HeldPermission, Profile, Requested};
pub use page::{MAX_ROWS, Page, Paging};
pub use sync::{SyncRow, SyncState, SyncStep};
pub use temporary::{EligibleRow, TemporaryFilter, TemporaryRow};
pub use tenant::{
    AlertRuleRow, AssignmentFilter, AssignmentRow, Awaited, AwaitingRow, BarredManagerFilter,
    BarredManagerRow, BarredManagerSort, DeviceFilter, DeviceRow, InvitationFilter, InvitationRow,
    LicenceFilter, LicenceRow, LicenceSort, LinkFilter, LinkRequestFilter, LinkRequestRow, LinkRow,
    ManagerFilter, ManagerInvitationFilter, ManagerInvitationRow, ManagerRow, ManagerSort, NamedUser,
    Organisation, PlaceRow, ProposalFilter, ProposalRow, RoleFilter, RoleRow, SessionFilter, SessionRow,
    TenantSettings, TermsOfLink,
};
pub use trade::{MoveFilter, MoveRow, ResellerCustomerRow, TenantResellerRow, UploadRow, UploadedTo};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::base::declare::declare;
use crate::base::ids::{IntegrationId, LinkId, TenantId, UserId};
use crate::base::text::{
    CompanyName, Coordinates, Country, DeviceId, Email, ExternalId, IntegrationName, IntegrationType,
    IssueCategory, ManagementType, Number, Permission, PersonName, Prefix, Service, System, Ticket, Website,
};
use crate::base::time::Timestamp;
use crate::command::Command;
use crate::event::Event;
use crate::model::{
    Actor, Contact, Operation, ResellerStatus, RoleRef, Stage, TenantKind, UserState, is_false,
};
use crate::policy::Policy;
use crate::refusal::Code;

/// A query, or any of them as a [`Query`], with what it is answered with. Hosts make no queries of
/// their own.
pub trait Ask: Into<Query> + sealed::Sealed {
    /// The answer.
    type Answer;

    /// Takes its own answer out of those that there are; nothing, where it is another query's.
    fn read(answer: Answer) -> Option<Self::Answer>;
}

mod sealed {
    /// Keeps [`super::Ask`] for the queries that are declared here.
    pub trait Sealed {}
}

/// Declares the queries: each with the fields it has, an [`Ask`].
macro_rules! queries {
    ($(
        $(#[$doc:meta])*
        $name:ident => $text:literal -> $answer:ty;
        { $($(#[$fdoc:meta])* $field:ident : $type:ty),* $(,)? }
        $(+ { $($(#[$odoc:meta])* $option:ident : $otype:ty),* $(,)? })?
    )+) => {
        declare! {
            /// Any question.
            enum Query by "query";
            /// Any question's answer, beside the question's name.
            enum Answer by "answer";
            $(
                $(#[$doc])*
                $name => $text -> $answer;
                { $($(#[$fdoc])* $field : $type),* }
                $(+ { $($(#[$odoc])* $option : $otype),* })?
            )+
        }

        $(
            impl sealed::Sealed for $name {}

            impl Ask for $name {
                type Answer = $answer;
                fn read(answer: Answer) -> Option<$answer> {
                    match answer {
                        Answer::$name(answer) => Some(answer),
                        _ => None,
                    }
                }
            }
        )+

        impl sealed::Sealed for Query {}

        impl Ask for Query {
            type Answer = Answer;
            fn read(answer: Answer) -> Option<Answer> { Some(answer) }
        }
    };
}

queries! {
    /// Whether a user may do something, and why (P).
    ///
    /// Who: the host itself, without an actor.
    Check => "check" -> Verdict;
    {
        /// Who.
        user: UserId,
        /// What they want to do.
        permission: Permission,
        /// Where.
        tenant: TenantId,
    }
    + {
        /// With which service, if it is about one.
        service: Option<Service>,
    }

    /// Several checks of one and the same world (P).
    ///
    /// Who: the host itself, without an actor.
    CheckMany => "check_many" -> Vec<Verdict>;
    {
        /// The questions.
        questions: Vec<Question>,
    }

    /// A check in words (P-12).
    ///
    /// Who: the host itself, without an actor.
    Explain => "explain" -> Explanation;
    {
        /// Who.
        user: UserId,
        /// What they want to do.
        permission: Permission,
        /// Where.
        tenant: TenantId,
    }
    + {
        /// With which service, if it is about one.
        service: Option<Service>,
    }

    /// The tenants that a user can do this on, in the order of their ids (P-12). Costs all the
    /// tenants that the user's roles reach, since each is checked.
    ///
    /// Who: the host itself, without an actor.
    TenantsWhere => "tenants_where" -> Vec<TenantId>;
    {
        /// Who.
        user: UserId,
        /// What they want to do.
        permission: Permission,
    }
    + {
        /// With which service, if it is about one.
        service: Option<Service>,
    }

    /// The users who can do this on a tenant, in the order of their ids (P-12).
    ///
    /// Who: the host itself, without an actor.
    UsersWhoCan => "users_who_can" -> Vec<UserId>;
    {
        /// What they want to do.
        permission: Permission,
        /// Where.
        tenant: TenantId,
    }
    + {
        /// With which service, if it is about one.
        service: Option<Service>,
    }

    /// What a number stands for, for somebody who may link (T-8).
    ///
    /// Who: `customers.add` at home in an MSP, or from there where one holds a role oneself; an
    /// operator.
    LookUp => "look_up" -> TenantSummary;
    {
        /// Who asks.
        actor: Actor,
        /// The number.
        number: Number,
    }

    /// The pins on a user's map (T-4). Costs all the tenants that the user may view, since no index
    /// holds where they are, which is personal (U-5).
    ///
    /// Who: a user.
    Pins => "pins" -> Vec<Pin>;
    {
        /// Who asks.
        actor: Actor,
    }

    /// A manager's customers (Q-1). A page costs its rows, whatever the order; with a text, a
    /// service or a number of devices the customers that meet whichever of them the fewest meet, or
    /// those up to the end of the page, if these are fewer. What is due about the manager's links
    /// and not recorded yet is brought about for each page anew; commands and a sweep record it.
    ///
    /// Who: `customers.list` on the manager; an operator.
    Customers => "customers" -> Page<CustomerRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The manager.
        manager: TenantId,
    }
    + {
        /// Which customers, and in which order.
        filter: CustomerFilter,
        /// Which page.
        paging: Paging,
    }

    /// One customer in detail (Q-1).
    ///
    /// Who: `customers.list` on the manager and `tenant.view` on the customer; an operator.
    Customer => "customer" -> CustomerDetails;
    {
        /// Who asks.
        actor: Actor,
        /// The manager.
        manager: TenantId,
        /// The customer.
        customer: TenantId,
    }

    /// A tenant's own users (Q-4). Every page costs all of them, since they are looked for and
    /// sorted by what is personal, which no index holds (U-5).
    ///
    /// Who: `users.view` on the tenant; an operator.
    Users => "users" -> Page<UserRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which users, and in which order.
        filter: UserFilter,
        /// Which page.
        paging: Paging,
    }

    /// A tenant's integrations, its own and those attached (I-1, I-3). Every page costs all of
    /// them.
    ///
    /// Who: `integrations.view` on the tenant; an operator.
    Integrations => "integrations" -> Page<IntegrationRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which integrations, and in which order.
        filter: IntegrationFilter,
        /// Which page.
        paging: Paging,
    }

    /// A reseller's customers (V-4, V-5). A page costs its rows, whatever the order; with a text
    /// those that have whichever of its words the fewest have, or those up to the end of the page,
    /// if these are fewer.
    ///
    /// Who: `devices.view` on the reseller; an operator.
    ResellerCustomers => "reseller_customers" -> Page<ResellerCustomerRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The reseller.
        reseller: TenantId,
    }
    + {
        /// Which customers, and in which order.
        filter: ResellerFilter,
        /// Which page.
        paging: Paging,
    }

    /// All of a reseller's customers as CSV, in one text (V-6). Costs all of them, whatever the
    /// filter.
    ///
    /// Who: `devices.view` on the reseller; an operator.
    ResellerCsv => "reseller_csv" -> Csv;
    {
        /// Who asks.
        actor: Actor,
        /// The reseller.
        reseller: TenantId,
    }
    + {
        /// Which customers, and in which order.
        filter: ResellerFilter,
    }

    /// A tenant's own settings, its number among them (Q-4).
    ///
    /// Who: `tenant.view` on the tenant; an operator.
    Settings => "settings" -> TenantSettings;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }

    /// The tenants that a user may enter, by name (Q-5). A page costs its rows, and a look at those
    /// between them whose link has ended by time without a command or a sweep having recorded it.
    ///
    /// Who: a user.
    Places => "places" -> Page<PlaceRow>;
    {
        /// Who asks.
        actor: Actor,
    }
    + {
        /// Only those where each word of this begins a word of the name or number, whatever the
        /// case and accents. At most 200 characters.
        text: Option<String>,
        /// Which page.
        paging: Paging,
    }

    /// What awaits an answer that the user may give, at home and where they hold a role themselves;
    /// what lapses first comes first (Q-5). A page costs its rows.
    ///
    /// Who: a user.
    Awaiting => "awaiting" -> Page<AwaitingRow>;
    {
        /// Who asks.
        actor: Actor,
    }
    + {
        /// Which page.
        paging: Paging,
    }

    /// What the user and their organisation asked of others, and what became of it; what was asked
    /// last comes first (Q-5).
    ///
    /// Who: a user.
    AskedByMe => "asked" -> Page<AskedRow>;
    {
        /// Who asks.
        actor: Actor,
    }
    + {
        /// Which page.
        paging: Paging,
    }

    /// What is kept about the user who asks, and where they stand (Q-5).
    ///
    /// Who: a user.
    MyProfile => "my_profile" -> Profile;
    {
        /// Who asks.
        actor: Actor,
    }

    /// What the user who asks may do on a tenant: each permission that a check allows, and for
    /// which services, in the order of their names (P-12).
    ///
    /// Who: a user.
    MyPermissions => "my_permissions" -> Vec<HeldPermission>;
    {
        /// Who asks.
        actor: Actor,
        /// Where.
        tenant: TenantId,
    }

    /// Who manages a tenant (Q-4).
    ///
    /// Who: `tenant.view` on the tenant; an operator.
    Managers => "managers" -> Page<ManagerRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which managers, and in which order.
        filter: ManagerFilter,
        /// Which page.
        paging: Paging,
    }

    /// The link requests that a tenant was sent, or sent; the oldest first (Q-4).
    ///
    /// Who: `link.respond` on the tenant or, for those that it sent, `customers.add`; an operator.
    LinkRequests => "link_requests" -> Page<LinkRequestRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which requests.
        filter: LinkRequestFilter,
        /// Which page.
        paging: Paging,
    }

    /// The invitations by which a tenant was asked to become a manager, or asked others; the oldest
    /// first (L-10).
    ///
    /// Who: `customers.add` on the tenant or, for those that it sent, `link.respond`; an operator.
    ManagerInvitations => "manager_invitations" -> Page<ManagerInvitationRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which invitations.
        filter: ManagerInvitationFilter,
        /// Which page.
        paging: Paging,
    }

    /// The links by which a tenant is or was managed, or manages or managed others; those in force
    /// first (Q-4). A page costs its rows, and what is due about the tenant's links and not
    /// recorded yet, which is brought about for each page anew; commands and a sweep record it.
    ///
    /// Who: `tenant.view` on the tenant or, for those by which it manages, `customers.list`; an
    /// operator.
    Links => "links" -> Page<LinkRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which links.
        filter: LinkFilter,
        /// Which page.
        paging: Paging,
    }

    /// What was proposed on the links of a tenant, by it or to it; the oldest first (Q-4).
    ///
    /// Who: `link.respond` on the tenant or, for those that it sent, `customers.add`; an operator.
    Proposals => "proposals" -> Page<ProposalRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which proposals.
        filter: ProposalFilter,
        /// Which page.
        paging: Paging,
    }

    /// The MSPs that a tenant keeps from asking to manage it; told to those who may bar them
    /// (L-10).
    ///
    /// Who: `link.respond` on the tenant; an operator.
    BarredManagers => "barred_managers" -> Page<BarredManagerRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which of them, and in which order.
        filter: BarredManagerFilter,
        /// Which page.
        paging: Paging,
    }

    /// The ids of other systems that an organisation keeps: by system, those of tenants and devices
    /// by the id, then those of people (X-11). What they lead to that the actor does not see is not
    /// there. A page costs its rows; of whoever sees few of many customers, the ids of these, if
    /// these are fewer.
    ///
    /// Who: whoever sees the keeper: those at home there, and those with `tenant.view` on it; an
    /// operator. Of it a tenant to whoever sees that, a person where the actor holds `users.view`
    /// at home, a device where they hold `devices.view` on its holder.
    ExternalIds => "external_ids" -> Page<ExternalIdRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The organisation that keeps them.
        keeper: TenantId,
    }
    + {
        /// Which of them.
        filter: ExternalIdFilter,
        /// Which page.
        paging: Paging,
    }

    /// What an id of another system leads to at the organisation that keeps it; nothing, where it
    /// leads nowhere or to what the actor does not see (X-11).
    ///
    /// Who: whoever sees the keeper, and what the id leads to, as in `external_ids`; an operator.
    LookUpExternal => "look_up_external" -> Option<ExternalIdRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The organisation that keeps it.
        keeper: TenantId,
        /// The system that gave it.
        system: System,
        /// The id, as a whole.
        id: ExternalId,
    }

    /// What a list of customers from another system comes to, row by row, and the commands that
    /// would follow; nothing is done (X-11). What is kept and not in the list, `external_ids` has.
    ///
    /// Who: `customers.add` on the manager; an operator.
    PlanSync => "plan_sync" -> Vec<SyncStep>;
    {
        /// Who asks.
        actor: Actor,
        /// Whose customers they are.
        manager: TenantId,
        /// The system that has given their ids.
        system: System,
        /// The customers as that has them. At most 1000.
        rows: Vec<SyncRow>,
    }

    /// The roles that can be given at a tenant: those of the policy, then its own, by name (Q-4).
    ///
    /// Who: `users.view` on the tenant; an operator.
    Roles => "roles" -> Page<RoleRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which roles.
        filter: RoleFilter,
        /// Which page.
        paging: Paging,
    }

    /// Who holds which role on a tenant itself, role by role (Q-4). A page costs its rows.
    ///
    /// Who: `users.view` on the tenant; an operator.
    Assignments => "assignments" -> Page<AssignmentRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which assignments.
        filter: AssignmentFilter,
        /// Which page.
        paging: Paging,
    }

    /// Who has, or will have, a role for a while on a tenant or anywhere below it, by when it ends
    /// (X-4). A page costs the lesser of two: whatever is given for a while in the store, or the
    /// tenants below and what is so given there.
    ///
    /// Who: `users.view` on the tenant, and on whichever it is about; an operator.
    TemporaryAccess => "temporary_access" -> Page<TemporaryRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which roles.
        filter: TemporaryFilter,
        /// Which page.
        paging: Paging,
    }

    /// What whoever asks may activate, now or later, by when they may no longer (X-4). Costs all
    /// that is given to them for a while.
    ///
    /// Who: a user, of themselves.
    EligibleRoles => "eligible_roles" -> Page<EligibleRow>;
    {
        /// Who asks.
        actor: Actor,
    }
    + {
        /// Which page.
        paging: Paging,
    }

    /// The invitations to a tenant; the oldest first (Q-4).
    ///
    /// Who: `users.view` on the tenant; an operator.
    Invitations => "invitations" -> Page<InvitationRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which invitations.
        filter: InvitationFilter,
        /// Which page.
        paging: Paging,
    }

    /// What both sides of a link agreed to, and what they would by the policy in force; told to
    /// both (P-13).
    ///
    /// Who: either side of the link with `tenant.view` on the managed tenant; an operator.
    LinkTerms => "link_terms" -> TermsOfLink;
    {
        /// Who asks.
        actor: Actor,
        /// The link.
        link: LinkId,
    }

    /// The devices that a tenant holds, by their ids (Q-4). A page costs its rows, or the devices
    /// that have a seat where those are wanted; devices without one are looked for in one after the
    /// other.
    ///
    /// Who: `devices.view` on the tenant; an operator.
    Devices => "devices" -> Page<DeviceRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which devices.
        filter: DeviceFilter,
        /// Which page.
        paging: Paging,
    }

    /// One device by any of its ids; nothing, where no tenant holds it whose devices the actor may
    /// see (Q-4).
    ///
    /// Who: anybody, of a device whose holder they have `devices.view` on; an operator.
    FindDevice => "device" -> Option<DeviceRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The device.
        device: DeviceId,
    }

    /// The person with an address whom the actor may name as an additional recipient of a tenant's
    /// alerts: at home on it, or in an organisation above it that is there for the actor. Nothing
    /// for every other address, and so of whoever has not accepted their invitation (Q-4, A-2).
    ///
    /// Who: `alerts.manage` on the tenant; an operator.
    FindPerson => "person" -> Option<NamedUser>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
        /// The whole address.
        email: Email,
    }

    /// The moves of devices that a tenant was asked to approve, or asked others to; the oldest
    /// first (V-7).
    ///
    /// Who: `devices.view` on the tenant; an operator.
    Moves => "moves" -> Page<MoveRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which moves.
        filter: MoveFilter,
        /// Which page.
        paging: Paging,
    }

    /// A reseller's uploads; the oldest first (V-8).
    ///
    /// Who: `devices.view` on the reseller; an operator.
    Uploads => "uploads" -> Page<UploadRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The reseller.
        reseller: TenantId,
    }
    + {
        /// Which page.
        paging: Paging,
    }

    /// The resellers that added a tenant, told to those who may drop and admit them; the first that
    /// added it comes first (V-1).
    ///
    /// Who: `devices.manage` on the tenant; an operator.
    Resellers => "resellers" -> Page<TenantResellerRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which page.
        paging: Paging,
    }

    /// Who gets a tenant's alerts, category by category (A-2).
    ///
    /// Who: `alerts.view` on the tenant; an operator.
    AlertRules => "alert_rules" -> Page<AlertRuleRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which page.
        paging: Paging,
    }

    /// The licences that serve a tenant (Q-4). A page costs its rows; whether a seat is left is
    /// looked at in one after the other, and so is the service where they come by their end.
    ///
    /// Who: `licences.view` on the tenant; an operator.
    Licences => "licences" -> Page<LicenceRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which licences, and in which order.
        filter: LicenceFilter,
        /// Which page.
        paging: Paging,
    }

    /// The consoles of a tenant, those still open first, the oldest before others (Q-4). A page
    /// costs its rows; service and person are looked at in one after the other.
    ///
    /// Who: `audit.view` on the tenant; an operator.
    Sessions => "sessions" -> Page<SessionRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which consoles.
        filter: SessionFilter,
        /// Which page.
        paging: Paging,
    }

    /// Who gets a tenant's service mail, for the host itself (A-1).
    ///
    /// Who: the host itself, without an actor.
    ServiceMail => "service_mail" -> Recipients;
    {
        /// The tenant.
        tenant: TenantId,
    }

    /// Who gets a tenant's alerts about a category of issues, for the host itself (A-2).
    ///
    /// Who: the host itself, without an actor.
    AlertRecipients => "alert_recipients" -> Recipients;
    {
        /// The tenant.
        tenant: TenantId,
        /// The category.
        category: IssueCategory,
    }

    /// The policy in force (P-13).
    ///
    /// Who: the host itself, without an actor.
    PolicyInForce => "policy" -> Policy;
    {}

    /// Who can reach a tenant, and why: the people who are named to whoever may see its users, role
    /// by role (X-3). Of others [`OrganisationAccess`] tells. A page costs whoever's assignments
    /// may reach the tenant up to its end.
    ///
    /// Who: `users.view` on the tenant; an operator.
    TenantAccess => "tenant_access" -> Page<TenantAccessRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which access.
        filter: AccessFilter,
        /// Which page.
        paging: Paging,
    }

    /// The other organisations whose people can reach a tenant, in the order of their ids, and what
    /// one or another of these may do there (X-3): whoever [`TenantAccess`] does not name, of
    /// organisations that are there for the actor. Costs their people, as long as none of them may
    /// do all that any could.
    ///
    /// Who: `users.view` on the tenant; an operator.
    OrganisationAccess => "organisation_access" -> Vec<OrganisationAccessRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }

    /// The tenants that somebody can reach, and why: told to themselves, and to whoever may see the
    /// users of their home, of tenants whose users they may see (X-3). A page costs the tenants
    /// that their assignments may reach up to its end.
    ///
    /// Who: the user; `users.view` on the user's home; an operator.
    UserAccess => "user_access" -> Page<UserAccessRow>;
    {
        /// Who asks.
        actor: Actor,
        /// Whose access.
        user: UserId,
    }
    + {
        /// Which access.
        filter: AccessFilter,
        /// Which page.
        paging: Paging,
    }

    /// Who can reach a tenant who could not at a moment that has passed, and the other way round;
    /// who may do something else (X-3). Told as both reviews are, then and now. A page costs
    /// whoever reaches the tenant, or did.
    ///
    /// Who: `users.view` on the tenant; an operator.
    TenantAccessChanges => "tenant_access_changes" -> Page<AccessChangeRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
        /// Since when.
        since: AsOf,
    }
    + {
        /// Which page.
        paging: Paging,
    }

    /// What would give access to a tenant, once it is answered, by when it was asked: who is
    /// invited to it, who asks to manage it or to manage more of it, whom it invites to (X-3).
    /// Each is told as the list of its kind tells it, and to whoever may read that. Costs the rows
    /// shown, and all that is given for a while on the tenant.
    ///
    /// Who: `users.view` on the tenant, and `link.respond` for what organisations ask; an operator.
    Arising => "arising" -> Page<ArisingRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which page.
        paging: Paging,
    }

    /// What somebody can reach that they could not at a moment that has passed, and the other way
    /// round (X-3). Told as both reviews are, then and now. A page costs the tenants that they
    /// reach, or did.
    ///
    /// Who: the user; `users.view` on the user's home; an operator.
    UserAccessChanges => "user_access_changes" -> Page<AccessChangeRow>;
    {
        /// Who asks.
        actor: Actor,
        /// Whose access.
        user: UserId,
        /// Since when.
        since: AsOf,
    }
    + {
        /// Which page.
        paging: Paging,
    }

    /// The access to a tenant and its history as a page for people: who can reach it and why, who
    /// manages it, what is about to arise, what has happened (X-3). Each part is told as its list
    /// tells it, and left out, with the reason, where that is refused; whoever may view the tenant
    /// may ask. Costs the first page of each list, 1000 rows long; of the last 200 records whoever
    /// each may concern there; and the people of those who can reach it, for their names.
    ///
    /// Who: `tenant.view` on the tenant; an operator.
    TenantReport => "tenant_report" -> Report;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Since when it shows what has changed about access; not at all, if left out.
        since: Option<AsOf>,
    }

    /// What a command would lead to, if its actor gave it now: what would be recorded, who would be
    /// told, who would gain and who would lose access, and which rows of resellers would be others
    /// (X-1). Nothing happens, and no id is used up; whoever might not give it is refused as the
    /// command would be. An address that it would confirm has to be proved before, as before the
    /// command. The pages are those of who gains and who loses.
    ///
    /// Who: whoever might send the command; an operator.
    Preview => "preview" -> Previewed;
    {
        /// Who would give it, and asks.
        actor: Actor,
        /// The command.
        command: Box<Command>,
    }
    + {
        /// Which page of those who gain and lose.
        paging: Paging,
        /// Whether it is counted how many of them there are in all, which costs all of them.
        count: bool,
    }

    /// Records about a tenant, as the actor may see them (Q-2). A page costs the records about the
    /// tenant up to its end, from `from` and until `until` alone, and with `by` those of the user
    /// if these are fewer; a command is looked for in one after the other.
    ///
    /// Who: `audit.view` on the tenant; an operator.
    Audit => "audit" -> Page<AuditRow>;
    {
        /// Who asks.
        actor: Actor,
        /// The tenant.
        tenant: TenantId,
    }
    + {
        /// Which records.
        filter: AuditFilter,
        /// Which page.
        paging: Paging,
    }
}

impl Check {
    /// What is asked.
    pub fn question(&self) -> Question {
        let Self { user, permission, tenant, service } = self.clone();
        Question { user, permission, tenant, service }
    }
}

impl Explain {
    /// What is asked.
    pub fn question(&self) -> Question {
        let Self { user, permission, tenant, service } = self.clone();
        Question { user, permission, tenant, service }
    }
}

/// May this user use this permission on this tenant, for this service? (P)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Who.
    pub user: UserId,
    /// What they want to do.
    pub permission: Permission,
    /// Where.
    pub tenant: TenantId,
    /// With which service, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
}

impl Question {
    /// A question that is about no particular service.
    pub const fn new(user: UserId, permission: Permission, tenant: TenantId) -> Self {
        Self { user, permission, tenant, service: None }
    }

    /// The same question about a service.
    #[must_use]
    pub fn with(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }
}

/// The answer of a check, with its reason (P-12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Verdict {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why not: the first reason that applies, in the order of P-1 to P-10; none when allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// What to do about it, where it is denied (Q-6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<&'static str>,
    /// The assignment that decided, where it came to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grounds: Option<Grounds>,
    /// The links between the tenant and the user's home, from the tenant upwards; empty at home.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<LinkId>,
    /// The revision it was read at.
    pub seq: u64,
}

impl Verdict {
    /// The rule that decided.
    pub const fn rule(&self) -> &'static str {
        match self.reason {
            // What P-2 says of them; to a command they are refused by other rules.
            Some(Code::UnknownTenant | Code::TenantDisabled) => "P-2",
            Some(code) => code.rule(),
            None => "P-10",
        }
    }
}

/// A verdict in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Explanation {
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The rule that decided.
    pub rule: &'static str,
    /// The reason's number, where it is denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u16>,
    /// What stands in the way, where it is denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What somebody who may link is told about a number, and nothing else (T-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct TenantSummary {
    /// The number.
    pub number: Number,
    /// The company name.
    pub name: CompanyName,
    /// The country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// The kind.
    pub kind: TenantKind,
}

/// A pin on the map (T-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pin {
    /// The tenant.
    pub tenant: TenantId,
    /// Its company name.
    pub name: CompanyName,
    /// Where it is.
    pub coordinates: Coordinates,
}

/// Who is told of something (A-1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Recipients {
    /// The users; the address of each is looked up on delivery.
    pub users: BTreeSet<UserId>,
    /// Whether the platform's own staff is told, because nobody else is left to be.
    #[serde(default, skip_serializing_if = "is_false")]
    pub operator: bool,
}

impl Recipients {
    /// Whether nobody is told.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && !self.operator
    }

    /// These and those.
    pub(crate) fn append(&mut self, others: Self) {
        self.users.extend(others.users);
        self.operator |= others.operator;
    }
}

/// Which records of a tenant's audit are wanted (Q-2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditFilter {
    /// Only those of this user, if they show as a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// Only those of this command, such as `request_delink`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Only those written at or after this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only those written before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only those after this record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

impl AuditFilter {
    /// Whether a row is wanted.
    pub fn passes(&self, row: &AuditRow) -> bool {
        self.by.is_none_or(|user| row.by == AuditActor::User(user))
            && self.command.as_ref().is_none_or(|command| row.command.as_ref() == Some(command))
            && self.from.is_none_or(|from| row.at >= from)
            && self.until.is_none_or(|until| row.at < until)
            && self.after.is_none_or(|after| row.seq > after)
    }
}

/// One record as it shows in the audit (Q-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AuditRow {
    /// The record's number.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who it is from, as far as the viewer may know.
    pub by: AuditActor,
    /// The command; not told where nothing of what it was there for is told, only what followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The tenants that what happened is about.
    pub tenants: Vec<TenantId>,
    /// What happened, as far as it is about the tenant whose audit this is. Where the actor shows
    /// as an organisation, the nil id stands for the person.
    pub events: Vec<Event>,
}

/// Who a record is from, as the audit shows it (Q-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditActor {
    /// A person of the viewer's own organisation.
    User(UserId),
    /// Somebody of another organisation.
    Organisation(TenantId),
    /// Somebody of an organisation that the viewer is not told of (T-9).
    Stranger,
    /// The platform's own staff.
    Operator {
        /// The ticket they acted on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<Ticket>,
    },
    /// Time passing.
    Clock,
}

/// What would give access to a tenant, once it is answered (X-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ArisingRow {
    /// What it is, with when it lapses, as the list of its kind shows it: an invitation, a link
    /// request or a proposal to the tenant, or an MSP that the tenant invites.
    pub what: Requested,
    /// Who asks, or hands it out: named as in the audit.
    pub by: AuditActor,
}

/// Which customers of a manager are wanted, and in which order (Q-1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomerFilter {
    /// Only those for whom this service is managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Only those managed so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management: Option<ManagementType>,
    /// Only links at this stage; without it, every link in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Only those who hold at least so many devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_devices: Option<u64>,
    /// Only those who hold at most so many devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_devices: Option<u64>,
    /// Only those where each word of this begins a word of the name or number, whatever the case
    /// and accents. At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The order.
    #[serde(default)]
    pub sort: CustomerSort,
}

/// The orders of a manager's customers (Q-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub enum CustomerSort {
    /// By company name.
    #[default]
    Name,
    /// By number.
    Number,
    /// By the services managed.
    Services,
    /// By management type.
    Management,
    /// By status.
    Status,
    /// By how many devices they hold.
    Devices,
}

/// A customer in its manager's list (Q-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct CustomerRow {
    /// The customer.
    pub tenant: TenantId,
    /// Its link.
    pub link: LinkId,
    /// Its company name.
    pub name: CompanyName,
    /// Its number.
    pub number: Number,
    /// The services managed.
    pub services: BTreeSet<Service>,
    /// How it is managed.
    pub management: ManagementType,
    /// How far the link has come.
    pub stage: Stage,
    /// The same in the words that people see (D-5).
    pub status: String,
    /// When a pending delink request completes by itself, which people see as what it ends on
    /// (D-5, D-8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delink_ends: Option<Timestamp>,
    /// Whether it can be worked on.
    pub operation: Operation,
    /// How many devices it holds.
    pub devices: u64,
}

/// One customer in detail (Q-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct CustomerDetails {
    /// What the list shows.
    pub row: CustomerRow,
    /// Its kind.
    pub kind: TenantKind,
    /// Its country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Its website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
    /// Its domain prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Prefix>,
    /// How to reach and find it.
    pub contact: Contact,
    /// What its manager is granted beyond the default.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub grants: BTreeSet<Permission>,
    /// Since when the link is in force.
    pub since: Timestamp,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// Which users of a tenant are wanted, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserFilter {
    /// Only those in this state; without it, all that are not removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<UserState>,
    /// Only those where each word of this begins a word of the name or address, whatever the case
    /// and accents. At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The order.
    #[serde(default)]
    pub sort: UserSort,
}

/// The orders of a tenant's users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub enum UserSort {
    /// By address.
    #[default]
    Email,
    /// By name.
    Name,
    /// By state.
    State,
}

/// A user in the list of their home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct UserRow {
    /// The user.
    pub user: UserId,
    /// Their name; none, if erased or never given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// Their address; none, if erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The address that they are asked to confirm, if they are; told to themselves and to those of
    /// their organisation who manage its users (U-1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_email: Option<Email>,
    /// Where they stand.
    pub state: UserState,
    /// Their role at home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleRef>,
}

/// Which integrations of a tenant are wanted, and in which order (I-3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IntegrationFilter {
    /// Only those of this type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<IntegrationType>,
    /// Only those that this tenant owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<TenantId>,
    /// Only those where each word of this begins a word of the name, whatever the case and accents.
    /// At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The order.
    #[serde(default)]
    pub sort: IntegrationSort,
}

/// The orders of a tenant's integrations (I-3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub enum IntegrationSort {
    /// By name.
    #[default]
    Name,
    /// By type, then by name.
    Kind,
    /// By the owner's company name, then by name.
    Owner,
}

impl IntegrationSort {
    /// Every order.
    pub const ALL: [Self; 3] = [Self::Name, Self::Kind, Self::Owner];
}

/// An integration in a tenant's list: its own, or one that is attached there (I-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct IntegrationRow {
    /// The integration.
    pub integration: IntegrationId,
    /// Its type.
    pub kind: IntegrationType,
    /// What people call it.
    pub name: IntegrationName,
    /// Whose it is.
    pub owner: TenantId,
    /// The owner's company name.
    pub owner_name: CompanyName,
    /// Whether it is another tenant's, attached here.
    pub attached: bool,
}

/// Which customers of a reseller are wanted, and in which order (V-4, V-5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResellerFilter {
    /// Only this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Whether added customers without a device shown as them are listed, too.
    #[serde(default)]
    pub unused: bool,
    /// Only those at this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ResellerStatus>,
    /// Only those where each word of this begins a word of the name, reference or number, whatever
    /// the case and accents. At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The order.
    #[serde(default)]
    pub sort: ResellerSort,
}

/// The orders of a reseller's customers (V-5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub enum ResellerSort {
    /// By company name and reference.
    #[default]
    Company,
    /// By the number shown.
    Number,
    /// By country.
    Country,
    /// By the last upload.
    LastUploaded,
    /// By the number of uploads.
    Uploads,
    /// By the number of devices.
    Devices,
    /// By status.
    Status,
}

/// A reseller's customers as CSV (V-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Csv {
    /// How many rows there are, without the line of the columns.
    pub rows: u64,
    /// The text.
    pub csv: String,
}
