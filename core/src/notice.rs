//! Records become notices: who must be told of what (A-4). A pure reading; the host sends.
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
//! use tenantry::notice::NoticeKind;
//!
//! let invite = InviteUser::new(msp, Invitee::new("eve@northwind.example".parse()?), "admin".parse()?);
//! let eve = engine.execute(ada, invite)?.outcome;
//!
//! let mail = engine.notices("mailer", 100)?;
//! let [notice] = &mail.notices[..] else { return Err("one notice".into()) };
//! assert_eq!(notice.kind, NoticeKind::Invitation { invitation: eve.invitation });
//! assert!(notice.to.users.contains(&eve.user), "it goes to whoever was invited");
//! # Ok(())
//! # }
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::ids::{
    IntegrationId, InvitationId, LinkId, LinkRequestId, ManagerInvitationId, MoveId, ProposalId, TenantId,
    UserId,
};
use crate::base::text::Email;
use crate::base::time::Timestamp;
use crate::effect;
use crate::event::Event;
use crate::journal::Record;
use crate::model::{
    AddressChange, Attachment, FormerEmail, HandshakeState, Integration, Invitation, Link, LinkRequest,
    ManagerInvitation, Move, Party, Proposal, Subject, is_false,
};
use crate::query::Recipients;
use crate::rules::kept_off;
use crate::rules::ladder::{self, Matter};
use crate::rules::{self, Gate, World, access};
use crate::view::{Index, Key, Kind, ViewError};

pub use crate::model::NoticeKind;

/// A message that must be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Notice {
    /// The record it comes from.
    pub seq: u64,
    /// Its place among all that there might be of that record, from 0, whether or not anybody is
    /// left to be told of the others; with `seq` it tells a repeated notice from a new one.
    pub index: usize,
    /// What it says.
    pub kind: NoticeKind,
    /// Whom it goes to. Never empty.
    pub to: Recipients,
    /// The one address it goes to, where that may be another than what is known of those people as
    /// `email`: the one that somebody is asked to confirm, or the one that they had when another
    /// was asked for (U-1). Once it is settled, there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Email>,
    /// Whether what it asks for has been answered, taken back or has lapsed by now, or what it
    /// announces has come or comes no more.
    #[serde(default, skip_serializing_if = "is_false")]
    pub settled: bool,
}

/// Who and what a notice is about, whatever its kind: enough to say it, and to find the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct About {
    /// The tenant: of a link or request the managed one, of a move the customer, of an invitation
    /// the one to join, of a manager's the one that invites, of an address the home of whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// The tenant that manages it or wants to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<TenantId>,
    /// The link between them, or that a request would lead to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkId>,
    /// The person invited, or whose address it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The reseller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reseller: Option<TenantId>,
}

impl Notice {
    /// Who and what it is about.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub(crate) fn about(&self, world: &World<'_>) -> Result<About, ViewError> {
        use NoticeKind as Is;
        let nobody = About::default();
        let of = |manager, tenant, link| About {
            manager: Some(manager),
            tenant: Some(tenant),
            link: Some(link),
            ..nobody
        };
        Ok(match &self.kind {
            Is::ManagerInvited { invitation }
            | Is::ManagerInvitationReminder { invitation }
            | Is::ManagerInvitationDeclined { invitation }
            | Is::ManagerInvitationCanceled { invitation }
            | Is::ManagerInvitationExpired { invitation } => world
                .view
                .get::<ManagerInvitation>(invitation.uuid())?
                .map_or(nobody, |it| About { manager: Some(it.manager), tenant: Some(it.tenant), ..nobody }),
            Is::LinkRequested { request }
            | Is::LinkRequestReminder { request }
            | Is::LinkRequestAccepted { request }
            | Is::LinkRequestDeclined { request }
            | Is::LinkRequestCanceled { request }
            | Is::LinkRequestExpired { request } => world
                .view
                .get::<LinkRequest>(request.uuid())?
                .map_or(nobody, |it| of(it.manager, it.managed, LinkId::from_uuid(it.id.uuid()))),
            Is::Proposed { proposal }
            | Is::ProposalReminder { proposal }
            | Is::ProposalDeclined { proposal }
            | Is::ProposalCanceled { proposal }
            | Is::ProposalExpired { proposal } => world
                .view
                .get::<Proposal>(proposal.uuid())?
                .map_or(nobody, |it| of(it.manager, it.managed, it.link)),
            Is::GrantsChanged { link }
            | Is::LinkConverted { link }
            | Is::TermsChanged { link }
            | Is::ServicesAdded { link }
            | Is::ServiceRemoved { link }
            | Is::AutoExtendSet { link, days: _ }
            | Is::LinkExpiring { link, days: _ }
            | Is::LinkExtended { link }
            | Is::LinkRenewed { link }
            | Is::DelinkRequested { link }
            | Is::DelinkReminder { link }
            | Is::DelinkRejected { link }
            | Is::DelinkCanceled { link }
            | Is::DelinkExpired { link }
            | Is::LinkEnded { link } => {
                world.link(*link)?.map_or(nobody, |it| of(it.manager, it.managed, it.id))
            }
            Is::MoveRequested { id }
            | Is::MoveReminder { id }
            | Is::MoveApproved { id }
            | Is::MoveDeclined { id }
            | Is::MoveExpired { id } => {
                world.view.get::<Move>(id.uuid())?.map_or(nobody, |it| of(it.manager, it.customer, it.link))
            }
            Is::Invitation { invitation }
            | Is::SignUp { invitation }
            | Is::InvitationReminder { invitation }
            | Is::InvitationAccepted { invitation }
            | Is::InvitationDeclined { invitation }
            | Is::InvitationExpired { invitation } => world
                .view
                .get::<Invitation>(invitation.uuid())?
                .map_or(nobody, |it| About { tenant: Some(it.tenant), user: Some(it.user), ..nobody }),
            Is::AddressChange { user }
            | Is::AddressChangeReminder { user }
            | Is::AddressChangeWarning { user }
            | Is::AddressChanged { user } => world.user(*user)?.map_or(nobody, |it| About {
                tenant: Some(it.home),
                user: Some(it.id),
                ..nobody
            }),
            Is::CollectorPowerDown { tenant, .. } | Is::CollectorPowerUp { tenant, .. } => {
                About { tenant: Some(*tenant), ..nobody }
            }
            Is::ResellerDropped { reseller, tenant } | Is::UploadWithdrawn { reseller, tenant, .. } => {
                About { tenant: Some(*tenant), reseller: Some(*reseller), ..nobody }
            }
        })
    }
}

/// A record that is read late: the worlds right before and right after it, as recorded, and the
/// world now.
#[derive(Clone, Copy)]
pub(crate) struct Since<'w> {
    /// The world right before the record.
    pub(crate) before: &'w World<'w>,
    /// The world right after the record.
    pub(crate) then: &'w World<'w>,
    /// The world in which its notices are read.
    pub(crate) now: &'w World<'w>,
}

/// The notices of a record: to those whom it concerned then and whom it still is for, else to those
/// who have taken their place (A-1, A-4). Where nobody is left to be told, there is no notice.
///
/// # Errors
/// When the world cannot be read.
pub(crate) fn of_record(since: Since<'_>, record: &Record) -> Result<Vec<Notice>, ViewError> {
    let (mut notices, mut places) = (Vec::new(), 0..);
    for event in &record.events {
        for ((kind, to), index) in of_one(since, record.at, event)?.into_iter().zip(places.by_ref()) {
            if to.is_empty() {
                continue;
            }
            let address = address(since, record.seq, &kind)?;
            let settled = is_settled(since, &kind, address.is_some())?;
            notices.push(Notice { seq: record.seq, index, kind, to, address, settled });
        }
    }
    Ok(notices)
}

/// What has to be told of one event of a record, and to whom: the same things in the same order
/// whenever it is read, of some of which nobody may be left to be told.
///
/// # Errors
/// When the world cannot be read.
pub(crate) fn of_one(
    since: Since<'_>,
    at: Timestamp,
    event: &Event,
) -> Result<Vec<(NoticeKind, Recipients)>, ViewError> {
    if !effect::of(event).told {
        return Ok(Vec::new());
    }
    Ok(match event {
        Event::TenantDisabled { tenant } => collectors(since, *tenant, |integration, tenant| {
            NoticeKind::CollectorPowerDown { integration, tenant }
        })?,
        Event::TenantEnabling { tenant } => collectors(since, *tenant, |integration, tenant| {
            NoticeKind::CollectorPowerUp { integration, tenant }
        })?,
        Event::AddressRequested { user, .. } => vec![
            (NoticeKind::AddressChange { user: *user }, one(*user)),
            (NoticeKind::AddressChangeWarning { user: *user }, one(*user)),
        ],
        other => of_event(since, at, other)?.into_iter().collect(),
    })
}

/// The address that a notice goes to, where it is not the one that the user has by now: of what
/// asks for another one that one, and of what warns of that the one that they had then.
fn address(since: Since<'_>, asked: u64, kind: &NoticeKind) -> Result<Option<Email>, ViewError> {
    use NoticeKind as Is;
    let (Is::AddressChange { user } | Is::AddressChangeReminder { user } | Is::AddressChangeWarning { user }) =
        kind
    else {
        return Ok(None);
    };
    let Some(known) = since.now.view.personal(Subject::User(*user))? else { return Ok(None) };
    let change = since.then.view.get::<AddressChange>(user.uuid())?;
    // Another may have been asked for in its place since.
    let pending = since.now.pending_address(*user)?;
    let same = |change: &AddressChange| {
        pending.as_ref().is_some_and(|now| now.handshake.asked == change.handshake.asked)
    };
    let waits = change.as_deref().is_some_and(same);
    Ok(match kind {
        Is::AddressChangeWarning { .. } => {
            // One that was lost after this lapsed was lost by another change.
            let by_this = |had: &FormerEmail| {
                had.seq > asked && change.as_ref().is_some_and(|it| had.until <= it.handshake.expires)
            };
            match known.former.into_iter().find(by_this) {
                Some(had) => Some(had.email),
                None => known.email.filter(|_| waits),
            }
        }
        _ => known.new_email.filter(|_| waits),
    })
}

/// What a notice asks an answer to, where that may come to nothing with what it rests on, though no
/// record tells of it yet.
pub(crate) fn asks(kind: &NoticeKind) -> Option<(Kind, Uuid)> {
    use NoticeKind as Is;
    Some(match kind {
        Is::ManagerInvited { invitation } | Is::ManagerInvitationReminder { invitation } => {
            (Kind::ManagerInvitation, invitation.uuid())
        }
        Is::LinkRequested { request } | Is::LinkRequestReminder { request } => {
            (Kind::LinkRequest, request.uuid())
        }
        Is::Proposed { proposal } | Is::ProposalReminder { proposal } => (Kind::Proposal, proposal.uuid()),
        Is::MoveRequested { id } | Is::MoveReminder { id } => (Kind::Move, id.uuid()),
        Is::Invitation { invitation } | Is::SignUp { invitation } | Is::InvitationReminder { invitation } => {
            (Kind::Invitation, invitation.uuid())
        }
        Is::AddressChange { user } | Is::AddressChangeReminder { user } => (Kind::AddressChange, user.uuid()),
        _ => return None,
    })
}

/// Whether what a notice asks for no longer waits for an answer.
fn is_settled(since: Since<'_>, kind: &NoticeKind, has_address: bool) -> Result<bool, ViewError> {
    use NoticeKind as Is;
    let now = since.now;
    let waits = match kind {
        Is::ManagerInvited { invitation } | Is::ManagerInvitationReminder { invitation } => {
            now.view.get::<ManagerInvitation>(invitation.uuid())?.map(|it| it.handshake.state_at(now.at))
        }
        Is::LinkRequested { request } | Is::LinkRequestReminder { request } => {
            now.view.get::<LinkRequest>(request.uuid())?.map(|it| it.handshake.state_at(now.at))
        }
        Is::Proposed { proposal } | Is::ProposalReminder { proposal } => {
            let Some(found) = now.view.get::<Proposal>(proposal.uuid())? else { return Ok(true) };
            // It ends with its link, whether or not the clock has swept.
            let link = now.link(found.link)?.filter(|link| link.is_in_force(now.at));
            link.map(|_| found.handshake.state_at(now.at))
        }
        Is::MoveRequested { id } | Is::MoveReminder { id } => {
            let Some(found) = now.view.get::<Move>(id.uuid())? else { return Ok(true) };
            let link = now.link(found.link)?.filter(|link| link.is_in_force(now.at));
            link.map(|_| found.handshake.state_at(now.at))
        }
        Is::Invitation { invitation } | Is::SignUp { invitation } | Is::InvitationReminder { invitation } => {
            now.view.get::<Invitation>(invitation.uuid())?.map(|it| it.handshake.state_at(now.at))
        }
        // Nobody is left to be asked, or warned of what came to nothing.
        Is::AddressChange { .. } | Is::AddressChangeReminder { .. } | Is::AddressChangeWarning { .. } => {
            return Ok(!has_address);
        }
        // One that was answered and asked anew is another.
        Is::DelinkRequested { link } | Is::DelinkReminder { link } => {
            let asked = |link: &Link| Some((link.stage.requester()?, link.delink_asked));
            let request = since.then.link(*link)?.and_then(|link| asked(&link));
            let waits = now.link(*link)?.filter(|it| it.is_in_force(now.at));
            let waits = waits.filter(|it| it.delink_expires.is_none_or(|lapses| now.at < lapses));
            return Ok(waits.and_then(|link| asked(&link)) != request);
        }
        Is::LinkExpiring { link, days: _ } => {
            let end = since.then.link(*link)?.and_then(|link| link.ends_at());
            let waits = now.link(*link)?.filter(|it| it.is_in_force(now.at));
            return Ok(waits.and_then(|link| link.ends_at()) != end);
        }
        _ => return Ok(false),
    };
    Ok(waits != Some(HandshakeState::Pending))
}

type Those = Result<Recipients, ViewError>;

impl Since<'_> {
    /// Those of then whom it would be told now; where there are none, those whom it would.
    fn still(self, those_of: impl Fn(&World<'_>) -> Those) -> Those {
        let (mut then, now) = (those_of(self.then)?, those_of(self.now)?);
        then.users.retain(|user| now.users.contains(user));
        Ok(if then.is_empty() { now } else { then })
    }

    /// The manager's side, of what it manages or of whatever it manages.
    fn manager(self, manager: TenantId, matter: Matter) -> Those {
        self.still(|world| ladder::of_manager(world, manager, matter))
    }

    /// The manager's side of a link: of the tenant, as long as the link is there. Of its end those
    /// are told who could see it while it lasted, and still see what their home manages (A-1.3); of
    /// those from further up, as long as their home still manages the manager, unless that ended in
    /// the same record. On the next rung, where nobody does.
    fn linked(self, link: &Link) -> Those {
        let matter = Matter::Tenant(link.managed);
        let is_there = |world: &World<'_>| -> Result<bool, ViewError> {
            Ok(world.link(link.id)?.is_some_and(|it| it.is_in_force(world.at)))
        };
        if is_there(self.then)? && is_there(self.now)? {
            return self.manager(link.manager, matter);
        }
        let lasting = if is_there(self.then)? { self.then } else { self.before };
        ladder::of_manager_to(lasting, link.manager, matter, &|user| {
            let Some(user) = self.now.user(user.id)? else { return Ok(false) };
            let manages = |world| rules::manages(world, user.home, link.manager, &BTreeSet::new());
            let is_near = user.home == link.manager
                || manages(self.now)?
                || manages(self.before)? && !manages(self.then)?;
            Ok(is_near
                && access::can_act(self.now, &user, Gate::Shut)?
                && access::sees_below(self.now, &user, user.home)?
                && !kept_off::is(self.now, &user, link.manager, link.managed)?)
        })
    }

    /// The super admins of the managed side.
    fn customer(self, tenant: TenantId, must: bool) -> Those {
        self.still(|world| ladder::of_customer(world, tenant, must))
    }

    /// The manager's admins of what a link manages; of whatever it manages, where there is no link.
    fn of_link(self, link: LinkId, manager: TenantId) -> Those {
        match self.then.link(link)? {
            Some(link) => self.linked(&link),
            None => self.manager(manager, Matter::Below),
        }
    }

    /// Whoever signs up as the first super admin of a tenant.
    fn signing_up(self, tenant: TenantId) -> Those {
        self.still(|world| ladder::of_signing_up(world, tenant))
    }

    /// A tenant's own admins.
    fn own(self, tenant: TenantId) -> Those {
        self.still(|world| ladder::of_own(world, tenant))
    }
}

/// The type of integration that is powered down and up with its tenant (I-2).
const COLLECTOR: &str = "collector";

/// The collectors at a tenant: of its own, whoever gets its service mail is told (A-1); of those
/// shared with it, their owner's admins.
fn collectors(
    since: Since<'_>,
    tenant: TenantId,
    kind: impl Fn(IntegrationId, TenantId) -> NoticeKind,
) -> Result<Vec<(NoticeKind, Recipients)>, ViewError> {
    let view = since.then.view;
    let key = Key::new().id(tenant.uuid());
    let mut found = BTreeMap::new();
    for integration in view.under::<Integration>(Index::IntegrationOwner, key.clone()) {
        let integration = integration?;
        found.insert(integration.id, integration);
    }
    for attachment in view.under::<Attachment>(Index::AttachmentTenant, key) {
        if let Some(integration) = view.get::<Integration>(attachment?.integration.uuid())? {
            found.insert(integration.id, integration);
        }
    }
    let mut told = Vec::new();
    for integration in found.into_values().filter(|integration| integration.kind.as_str() == COLLECTOR) {
        let to = if integration.owner == tenant {
            since.still(|world| rules::alert::service_mail(world, tenant))?
        } else {
            since.manager(integration.owner, Matter::Tenant(tenant))?
        };
        told.push((kind(integration.id, tenant), to));
    }
    Ok(told)
}

type Told = Option<(NoticeKind, Recipients)>;

fn of_event(since: Since<'_>, at: Timestamp, event: &Event) -> Result<Told, ViewError> {
    match event {
        Event::ManagerInvited { invitation: id, .. } => {
            invited(since, *id, Party::Manager, NoticeKind::ManagerInvited { invitation: *id })
        }
        Event::ManagerInvitationResent { invitation: id, .. } => {
            invited(since, *id, Party::Manager, NoticeKind::ManagerInvitationReminder { invitation: *id })
        }
        Event::ManagerInvitationDeclined { invitation: id } => {
            invited(since, *id, Party::Customer, NoticeKind::ManagerInvitationDeclined { invitation: *id })
        }
        Event::ManagerInvitationCanceled { invitation: id }
        | Event::ManagerInvitationWithdrawn { invitation: id } => {
            invited(since, *id, Party::Manager, NoticeKind::ManagerInvitationCanceled { invitation: *id })
        }
        Event::ManagerInvitationExpired { invitation: id } => {
            invited(since, *id, Party::Customer, NoticeKind::ManagerInvitationExpired { invitation: *id })
        }
        Event::LinkRequested { request, .. } => {
            asked(since, *request, Party::Customer, NoticeKind::LinkRequested { request: *request })
        }
        Event::LinkRequestResent { request, .. } => {
            asked(since, *request, Party::Customer, NoticeKind::LinkRequestReminder { request: *request })
        }
        Event::LinkRequestAccepted { request } => {
            asked(since, *request, Party::Manager, NoticeKind::LinkRequestAccepted { request: *request })
        }
        Event::LinkRequestDeclined { request } => {
            asked(since, *request, Party::Manager, NoticeKind::LinkRequestDeclined { request: *request })
        }
        Event::LinkRequestCanceled { request } | Event::LinkRequestWithdrawn { request } => {
            asked(since, *request, Party::Customer, NoticeKind::LinkRequestCanceled { request: *request })
        }
        Event::LinkRequestExpired { request } => {
            asked(since, *request, Party::Manager, NoticeKind::LinkRequestExpired { request: *request })
        }
        Event::Proposed { proposal, .. } => {
            proposed(since, *proposal, Party::Customer, NoticeKind::Proposed { proposal: *proposal })
        }
        Event::ProposalResent { proposal, .. } => {
            proposed(since, *proposal, Party::Customer, NoticeKind::ProposalReminder { proposal: *proposal })
        }
        Event::ProposalDeclined { proposal } => {
            proposed(since, *proposal, Party::Manager, NoticeKind::ProposalDeclined { proposal: *proposal })
        }
        Event::ProposalCanceled { proposal } | Event::ProposalWithdrawn { proposal } => {
            proposed(since, *proposal, Party::Customer, NoticeKind::ProposalCanceled { proposal: *proposal })
        }
        Event::ProposalExpired { proposal } => {
            proposed(since, *proposal, Party::Manager, NoticeKind::ProposalExpired { proposal: *proposal })
        }
        Event::ManagerGrantsSet { link, .. } => {
            linked(since, *link, &[Party::Manager], NoticeKind::GrantsChanged { link: *link })
        }
        Event::LinkConverted { link, .. } => {
            linked(since, *link, Party::ALL, NoticeKind::LinkConverted { link: *link })
        }
        Event::TermsChanged { link, .. } => {
            linked(since, *link, Party::ALL, NoticeKind::TermsChanged { link: *link })
        }
        Event::ServicesAdded { link, .. } => {
            linked(since, *link, Party::ALL, NoticeKind::ServicesAdded { link: *link })
        }
        Event::ServiceRemoved { link, .. } => {
            linked(since, *link, Party::ALL, NoticeKind::ServiceRemoved { link: *link })
        }
        Event::AutoExtendSet { link, days } => {
            linked(since, *link, Party::ALL, NoticeKind::AutoExtendSet { link: *link, days: *days })
        }
        Event::LinkExpiring { link, days } => {
            let ends = since.then.link(*link)?.and_then(|link| link.ends_at());
            let days = ends.map_or(*days, |ends| at.days_until(ends));
            linked(since, *link, Party::ALL, NoticeKind::LinkExpiring { link: *link, days })
        }
        Event::LinkExtended { link, .. } => {
            linked(since, *link, Party::ALL, NoticeKind::LinkExtended { link: *link })
        }
        Event::LinkRenewed { link, .. } => {
            linked(since, *link, Party::ALL, NoticeKind::LinkRenewed { link: *link })
        }
        Event::DelinkRequested { link, by, .. } => {
            linked(since, *link, &[by.other()], NoticeKind::DelinkRequested { link: *link })
        }
        Event::DelinkResent { link, by } => {
            linked(since, *link, &[by.other()], NoticeKind::DelinkReminder { link: *link })
        }
        Event::DelinkRejected { link, by } => {
            linked(since, *link, &[by.other()], NoticeKind::DelinkRejected { link: *link })
        }
        Event::DelinkCanceled { link, by } => {
            linked(since, *link, &[by.other()], NoticeKind::DelinkCanceled { link: *link })
        }
        Event::DelinkExpired { link } => {
            linked(since, *link, Party::ALL, NoticeKind::DelinkExpired { link: *link })
        }
        Event::LinkEnded { link, .. } => {
            linked(since, *link, Party::ALL, NoticeKind::LinkEnded { link: *link })
        }
        Event::UserInvited { invitation, user, sign_up, .. } => {
            let kind = if *sign_up {
                NoticeKind::SignUp { invitation: *invitation }
            } else {
                NoticeKind::Invitation { invitation: *invitation }
            };
            Ok(Some((kind, one(*user))))
        }
        Event::InvitationResent { invitation, .. } => {
            let user = since.then.view.get::<Invitation>(invitation.uuid())?.map(|it| it.user);
            Ok(user.map(|user| (NoticeKind::InvitationReminder { invitation: *invitation }, one(user))))
        }
        Event::InvitationAccepted { invitation } => {
            senders(since, *invitation, NoticeKind::InvitationAccepted { invitation: *invitation })
        }
        Event::InvitationDeclined { invitation } => {
            senders(since, *invitation, NoticeKind::InvitationDeclined { invitation: *invitation })
        }
        Event::InvitationExpired { invitation } => {
            senders(since, *invitation, NoticeKind::InvitationExpired { invitation: *invitation })
        }
        Event::AddressResent { user, .. } => {
            Ok(Some((NoticeKind::AddressChangeReminder { user: *user }, one(*user))))
        }
        Event::AddressConfirmed { user } => {
            Ok(Some((NoticeKind::AddressChanged { user: *user }, one(*user))))
        }
        Event::ResellerDropped { reseller, tenant } => {
            let kind = NoticeKind::ResellerDropped { reseller: *reseller, tenant: *tenant };
            Ok(Some((kind, since.own(*reseller)?)))
        }
        Event::UploadWithdrawn { upload, reseller, from, devices: _ } => {
            let (upload, reseller, tenant) = (*upload, *reseller, *from);
            Ok(Some((NoticeKind::UploadWithdrawn { upload, reseller, tenant }, since.own(tenant)?)))
        }
        Event::MoveRequested { id, .. } => {
            moved(since, *id, Party::Customer, NoticeKind::MoveRequested { id: *id })
        }
        Event::MoveResent { id, .. } => {
            moved(since, *id, Party::Customer, NoticeKind::MoveReminder { id: *id })
        }
        Event::MoveApproved { id } => moved(since, *id, Party::Manager, NoticeKind::MoveApproved { id: *id }),
        Event::MoveDeclined { id } => moved(since, *id, Party::Manager, NoticeKind::MoveDeclined { id: *id }),
        Event::MoveExpired { id } => moved(since, *id, Party::Manager, NoticeKind::MoveExpired { id: *id }),
        Event::ResellerCustomerAdded { .. }
        | Event::ResellerCustomerEdited { .. }
        | Event::ResellerCustomerRemoved { .. }
        | Event::ResellerAdmitted { .. }
        | Event::DevicesUploaded { .. }
        | Event::DevicesMoved { .. }
        | Event::MoveCanceled { .. }
        | Event::MoveWithdrawn { .. }
        | Event::DevicesDeleted { .. }
        | Event::IntegrationCreated { .. }
        | Event::IntegrationShared { .. }
        | Event::IntegrationDetached { .. }
        | Event::IntegrationDeleted { .. }
        | Event::LicenceBought { .. }
        | Event::SeatsAssigned { .. }
        | Event::SeatsReleased { .. }
        | Event::AlertRuleSet { .. }
        | Event::SessionOpened { .. }
        | Event::SessionClosed { .. }
        | Event::SessionEnded { .. }
        | Event::PolicySet { .. }
        | Event::TenantRegistered { .. }
        | Event::TenantEdited { .. }
        | Event::TenantKindChanged { .. }
        | Event::TenantHeld { .. }
        | Event::TenantReleased { .. }
        | Event::TenantDisabled { .. }
        | Event::TenantEnabling { .. }
        | Event::TenantEnabled { .. }
        | Event::TenantDeleted { .. }
        | Event::LinkCreated { .. }
        | Event::ManagerInvitationAccepted { .. }
        | Event::ManagerBarred { .. }
        | Event::ManagerAdmitted { .. }
        | Event::ProposalAccepted { .. }
        | Event::InvitationWithdrawn { .. }
        | Event::InvitationRevoked { .. }
        | Event::UserRegistered { .. }
        | Event::UserEdited { .. }
        | Event::AddressRequested { .. }
        | Event::AddressCanceled { .. }
        | Event::AddressExpired { .. }
        | Event::AddressWithdrawn { .. }
        | Event::UserBlocked { .. }
        | Event::UserUnblocked { .. }
        | Event::UserRemoved { .. }
        | Event::Assigned { .. }
        | Event::AssignmentEnded { .. }
        | Event::TemporaryAssigned { .. }
        | Event::Activated { .. }
        | Event::TemporaryBegun { .. }
        | Event::TemporaryEnded { .. }
        | Event::RoleCreated { .. }
        | Event::RoleEdited { .. }
        | Event::RoleDeleted { .. }
        | Event::ExternalIdSet { .. }
        | Event::ExternalIdRemoved { .. }
        | Event::PersonalErased { .. }
        | Event::CommandRefused { .. } => Ok(None),
    }
}

fn one(user: UserId) -> Recipients {
    Recipients { users: BTreeSet::from([user]), operator: false }
}

fn asked(since: Since<'_>, id: LinkRequestId, party: Party, kind: NoticeKind) -> Result<Told, ViewError> {
    let Some(request) = since.then.view.get::<LinkRequest>(id.uuid())? else { return Ok(None) };
    let to = match party {
        Party::Manager => since.manager(request.manager, Matter::Between(request.managed))?,
        Party::Customer => since.customer(request.managed, false)?,
    };
    Ok(Some((kind, to)))
}

fn invited(
    since: Since<'_>,
    id: ManagerInvitationId,
    party: Party,
    kind: NoticeKind,
) -> Result<Told, ViewError> {
    let Some(invitation) = since.then.view.get::<ManagerInvitation>(id.uuid())? else { return Ok(None) };
    let to = match party {
        Party::Manager => since.manager(invitation.manager, Matter::Between(invitation.tenant))?,
        Party::Customer => since.customer(invitation.tenant, false)?,
    };
    Ok(Some((kind, to)))
}

fn proposed(since: Since<'_>, id: ProposalId, party: Party, kind: NoticeKind) -> Result<Told, ViewError> {
    let Some(found) = since.then.view.get::<Proposal>(id.uuid())? else { return Ok(None) };
    let to = match party {
        Party::Manager => since.of_link(found.link, found.manager)?,
        Party::Customer => since.customer(found.managed, false)?,
    };
    Ok(Some((kind, to)))
}

fn moved(since: Since<'_>, id: MoveId, party: Party, kind: NoticeKind) -> Result<Told, ViewError> {
    let Some(found) = since.then.view.get::<Move>(id.uuid())? else { return Ok(None) };
    let to = match party {
        Party::Manager => since.of_link(found.link, found.manager)?,
        Party::Customer => since.own(found.customer)?,
    };
    Ok(Some((kind, to)))
}

/// The manager's admins and the customer's super admins. Where a word about the end of somebody's
/// access would reach nobody on the customer's side, the operator is told (A-1, L-9); of what took
/// effect unasked, since nobody was there, whoever signs up is (L-6).
fn linked(since: Since<'_>, id: LinkId, parties: &[Party], kind: NoticeKind) -> Result<Told, ViewError> {
    let Some(link) = since.then.link(id)? else { return Ok(None) };
    let must = matches!(kind, NoticeKind::LinkEnded { .. } | NoticeKind::LinkExpiring { .. });
    let mut to = Recipients::default();
    for &party in parties {
        to.append(match party {
            Party::Manager => since.linked(&link)?,
            Party::Customer => since.customer(link.managed, must)?,
        });
    }
    if matches!(
        kind,
        NoticeKind::ServicesAdded { .. } | NoticeKind::LinkRenewed { .. } | NoticeKind::TermsChanged { .. }
    ) {
        to.append(since.signing_up(link.managed)?);
    }
    Ok(Some((kind, to)))
}

/// The admins of the tenant that invited: for a sign-up, of its managers.
fn senders(since: Since<'_>, id: InvitationId, kind: NoticeKind) -> Result<Told, ViewError> {
    let Some(invitation) = since.then.view.get::<Invitation>(id.uuid())? else { return Ok(None) };
    let mut to = Recipients::default();
    if invitation.sign_up {
        for link in since.then.links_above(invitation.tenant)? {
            to.append(since.linked(&link)?);
        }
    } else {
        to.append(since.own(invitation.tenant)?);
    }
    to.users.remove(&invitation.user);
    Ok(Some((kind, to)))
}
