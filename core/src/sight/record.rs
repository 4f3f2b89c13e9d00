//! What somebody is told of a record in the audit of a tenant: the events about that tenant,
//! as far as every organisation that they involve is there for the reader; people of other
//! organisations not at all; and each of it field by field.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::Sight;
use crate::about::about;
use crate::base::ids::{TenantId, UserId};
use crate::base::text::ReturnPlace;
use crate::effect;
use crate::event::Event;
use crate::journal::Record;
use crate::model::permission::{AUDIT_VIEW, TENANT_VIEW, USERS_VIEW};
use crate::model::{Actor, Bearer, Licence, Link, Session, Subject, User};
use crate::query::{AuditActor, AuditRow};
use crate::rules::{Gate, Ruling, World, access, authority, manages, unless_refused};
use crate::view::{Index, Key, View, ViewError};

/// A reader of the audit of one tenant.
pub(crate) struct RecordSight<'s> {
    sight: &'s Sight<'s>,
    tenant: TenantId,
    known: RefCell<BTreeMap<TenantId, Known>>,
    people: RefCell<BTreeMap<TenantId, bool>>,
}

/// What a reader knows of an organisation.
#[derive(Clone, Copy)]
enum Known {
    /// It is there for them.
    Now,
    /// Only as far as it was there for them when they had to do with each other: the audit is their
    /// own organisation's, which does not manage it today.
    AsItWas,
    /// It is not there for them.
    Never,
}

/// The worlds right before a record and right after it.
struct Around<'w> {
    before: &'w World<'w>,
    after: &'w World<'w>,
    // Whether the record is of an attempt that was refused.
    refused: bool,
}

impl Around<'_> {
    fn any(&self, of: impl Fn(&World<'_>) -> Result<bool, ViewError>) -> Result<bool, ViewError> {
        Ok(of(self.before)? || of(self.after)?)
    }

    /// What an event is about, by what was there before it or is there after it.
    fn subjects(&self, event: &Event) -> Result<BTreeSet<Subject>, ViewError> {
        let mut subjects = BTreeSet::new();
        about(self.before.view, event, &mut subjects)?;
        about(self.after.view, event, &mut subjects)?;
        Ok(subjects)
    }
}

impl<'s> RecordSight<'s> {
    /// Lets an actor read the audit of a tenant.
    ///
    /// # Errors
    /// `unknown_tenant`, and why the actor may not.
    pub(crate) fn of(sight: &'s Sight<'s>, tenant: TenantId) -> Ruling<Self> {
        sight.may(AUDIT_VIEW, tenant)?;
        Ok(Self { sight, tenant, known: RefCell::default(), people: RefCell::default() })
    }

    /// What a command led to, event by event, as whoever gave it is told: each time anew, by what
    /// they may see today and could see right before or after it. Nothing, where they could act
    /// when it was done and cannot any more.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub(crate) fn receipt(
        world: &World<'_>,
        user: UserId,
        events: &[Event],
        before: &dyn View,
        after: &dyn View,
    ) -> Result<Vec<Option<Event>>, ViewError> {
        let around = Around {
            before: &World::recorded(before)?,
            after: &World::reading(after, world.at)?,
            refused: false,
        };
        let acts = |world: &World<'_>| match world.user(user)? {
            Some(user) => access::can_act(world, &user, Gate::OpenForAnswers),
            None => Ok(false),
        };
        let Some(viewer) = world.user(user)? else { return Ok(Vec::new()) };
        if acts(around.after)? && !acts(world)? {
            return Ok(Vec::new());
        }
        let (actor, home) = (Actor::User(user), viewer.home);
        let sight = Sight { actor: &actor, viewer: Some(viewer), world, today: None, gate: Gate::Shut };
        let reader = RecordSight {
            sight: &sight,
            tenant: home,
            known: RefCell::default(),
            people: RefCell::default(),
        };
        let mut told = Vec::new();
        for event in events {
            // What followed elsewhere is told as one who looks there is told of it: nothing of
            // whoever else manages a tenant, and of nobody's own affairs.
            let subjects = around.subjects(event)?;
            let is_told = reader.is_their_affair(event, &subjects)?
                && reader.is_thing_told(&reader.involved(event, &subjects)?, &around)?;
            told.push(if is_told { Some(reader.masked(event, None, &around)?) } else { None });
        }
        Ok(told)
    }

    /// The record as the reader is told of it, from the world that it found and the one that it
    /// left; nothing, where it has no event that they are told of.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub(crate) fn row(
        &self,
        record: &Record,
        before: &dyn View,
        after: &dyn View,
    ) -> Result<Option<AuditRow>, ViewError> {
        // A link whose end the record is about was in force before it, whatever the clock said.
        let around = &Around {
            before: &World::recorded(before)?,
            after: &World::recorded(after)?,
            refused: record.events.iter().any(|event| matches!(event, Event::CommandRefused { .. })),
        };
        let actor = self.actor(&record.actor)?;
        let hidden = actor.as_ref().filter(|actor| self.is_foreign(actor)).map(|actor| actor.id);
        let mut tenants = BTreeSet::new();
        let mut events = Vec::new();
        let mut commanded = record.actor == Actor::Clock || self.sight.viewer().is_none();
        for event in &record.events {
            let subjects = around.subjects(event)?;
            if !subjects.contains(&Subject::Tenant(self.tenant)) || !self.is_their_affair(event, &subjects)? {
                continue;
            }
            if let Event::CommandRefused { named, whose, .. } = event {
                // Those of another organisation are not told what others tried who are not there
                // for them: what stood in their way would tell of what they hold.
                if let Some(actor) = &actor
                    && self.sight.viewer().is_some_and(|viewer| viewer.home != self.tenant)
                    && !self.is_told(actor.home, around)?
                {
                    continue;
                }
                // Nor is anybody told what others tried about something that is not there for them:
                // why it was refused would tell of that, and done it would not be told either.
                let of_others =
                    self.sight.viewer().is_some_and(|viewer| record.actor != Actor::User(viewer.id));
                if of_others && self.any_hidden(named.iter().flatten().chain(whose), around)? {
                    continue;
                }
                // Each thing that was named is told for itself.
                let mut told: BTreeSet<TenantId> = BTreeSet::new();
                for organisations in named {
                    if self.is_thing_told(organisations, around)? {
                        told.extend(organisations);
                    }
                }
                if !told.contains(&self.tenant) {
                    continue;
                }
                tenants.extend(told);
            } else {
                if !self.all_told(&self.involved(event, &subjects)?, around)? {
                    continue;
                }
                tenants.extend(subjects.into_iter().filter_map(|subject| match subject {
                    Subject::Tenant(tenant) => Some(tenant),
                    Subject::User(_) => None,
                }));
            }
            events.push(self.masked(event, hidden, around)?);
        }
        if events.is_empty() {
            return Ok(None);
        }
        // What was commanded is told with what it was there for, and not with what only follows.
        let mut command = record.command.as_str();
        for event in record.events.iter().filter(|event| effect::is_deed(event, &record.command)) {
            let subjects = around.subjects(event)?;
            if self.is_their_affair(event, &subjects)? {
                commanded = commanded || self.is_thing_told(&self.involved(event, &subjects)?, around)?;
            } else if let Some(told) = events.first().and_then(|event| effect::commands(event).first()) {
                // What follows from another's own affair shows as what it would be by itself: that
                // it was commanded so would tell of it.
                (commanded, command) = (true, *told);
            }
        }
        let by = match (&record.actor, &actor) {
            (Actor::Operator { ticket }, _) => AuditActor::Operator { ticket: ticket.clone() },
            (Actor::Clock, _) => AuditActor::Clock,
            (Actor::User(_), Some(actor)) if hidden.is_some() => {
                if self.is_told(actor.home, around)?
                    && (tenants.contains(&actor.home) || self.had_part(actor.home, around)?)
                {
                    AuditActor::Organisation(actor.home)
                } else {
                    AuditActor::Stranger
                }
            }
            (Actor::User(user), _) => AuditActor::User(*user),
        };
        Ok(Some(AuditRow {
            seq: record.seq,
            at: record.at,
            by,
            command: commanded.then(|| command.to_owned()),
            tenants: tenants.into_iter().collect(),
            events,
        }))
    }

    /// By whose rights it is told.
    fn now(&self) -> &'s World<'s> {
        self.sight.present().unwrap_or(self.sight.world)
    }

    fn actor(&self, actor: &Actor) -> Result<Option<std::sync::Arc<User>>, ViewError> {
        match actor {
            Actor::User(user) => self.now().user(*user),
            Actor::Operator { .. } | Actor::Clock => Ok(None),
        }
    }

    /// Whether an event is no own affair of another organisation than the reader's.
    fn is_their_affair(&self, event: &Event, subjects: &BTreeSet<Subject>) -> Result<bool, ViewError> {
        let own = |viewer: &User| subjects.contains(&Subject::Tenant(viewer.home));
        if !effect::is_own_affair(event) || self.sight.viewer().is_none_or(own) {
            return Ok(true);
        }
        match event {
            // Whoever manages an organisation looks after its ids, too.
            Event::ExternalIdSet { keeper, .. } | Event::ExternalIdRemoved { keeper, .. } => {
                Ok(self.sight.might(TENANT_VIEW, *keeper)?.is_some())
            }
            _ => Ok(false),
        }
    }

    /// Whether somebody is of another organisation than the reader.
    fn is_foreign(&self, user: &User) -> bool {
        self.sight.viewer().is_some_and(|viewer| viewer.home != user.home)
    }

    /// The tenants among these, and those that these people belong to.
    fn organisations(&self, subjects: &BTreeSet<Subject>) -> Result<BTreeSet<TenantId>, ViewError> {
        let mut found = BTreeSet::new();
        for subject in subjects {
            match subject {
                Subject::Tenant(tenant) => drop(found.insert(*tenant)),
                Subject::User(user) => found.extend(self.now().user(*user)?.map(|user| user.home)),
            }
        }
        Ok(found)
    }

    /// The organisations that an event involves, which is about these.
    fn involved(&self, event: &Event, subjects: &BTreeSet<Subject>) -> Result<BTreeSet<TenantId>, ViewError> {
        if let Event::CommandRefused { named, .. } = event {
            let own = named.iter().find(|concerned| concerned.contains(&self.tenant));
            return Ok(own.cloned().unwrap_or_default());
        }
        let mut found = self.organisations(subjects)?;
        // A licence is there for others only where whoever bought it is.
        if let Event::SeatsAssigned { licence, .. } | Event::SeatsReleased { licence, .. } = event
            && !self.sight.is_home(self.tenant)
            && let Some(licence) = self.now().view.get::<Licence>(licence.uuid())?
        {
            found.insert(licence.buyer);
        }
        // An id leads to what is there for whoever is told of it.
        if let Event::ExternalIdSet { tenant, .. } | Event::ExternalIdRemoved { tenant, .. } = event {
            found.insert(*tenant);
        }
        Ok(found)
    }

    fn all_told(&self, tenants: &BTreeSet<TenantId>, around: &Around<'_>) -> Result<bool, ViewError> {
        for tenant in tenants {
            if !self.is_told(*tenant, around)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a thing that somebody named is told of, by the organisations that it concerns: one
    /// of the tenant's own as all that happens to it; another only where each organisation is there
    /// for the reader today, or managed the tenant or was managed by it then.
    fn is_thing_told(&self, concerned: &BTreeSet<TenantId>, around: &Around<'_>) -> Result<bool, ViewError> {
        if concerned.contains(&self.tenant) {
            return self.all_told(concerned, around);
        }
        self.all_known(concerned, around)
    }

    fn all_known(&self, tenants: &BTreeSet<TenantId>, around: &Around<'_>) -> Result<bool, ViewError> {
        for tenant in tenants {
            if !(self.is_told(*tenant, around)? && self.has_to_do(*tenant, around)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether an organisation is there for the reader today, or managed the tenant then.
    fn had_part(&self, organisation: TenantId, around: &Around<'_>) -> Result<bool, ViewError> {
        let Some(viewer) = self.sight.viewer() else { return Ok(true) };
        if matches!(self.known(viewer, organisation)?, Known::Now) {
            return Ok(true);
        }
        around.any(|world| manages(world, organisation, self.tenant, &BTreeSet::new()))
    }

    /// The same, or the tenant managed it then.
    fn has_to_do(&self, organisation: TenantId, around: &Around<'_>) -> Result<bool, ViewError> {
        Ok(self.had_part(organisation, around)?
            || around.any(|world| manages(world, self.tenant, organisation, &BTreeSet::new()))?)
    }

    /// Whether the reader is told of an organisation.
    fn is_told(&self, tenant: TenantId, around: &Around<'_>) -> Result<bool, ViewError> {
        let Some(viewer) = self.sight.viewer() else { return Ok(true) };
        match self.known(viewer, tenant)? {
            Known::Now => Ok(true),
            Known::Never => Ok(false),
            Known::AsItWas => match self.saw(viewer, tenant, around)? {
                Some(saw) => Ok(saw),
                // Whoever tries something about what they left has to do with it no more.
                None => Ok(!(around.refused && self.left(tenant)?)),
            },
        }
    }

    /// Whether the reader saw, as a party to the link, a tenant that their organisation managed
    /// then; nothing, where it did not.
    fn saw(&self, viewer: &User, tenant: TenantId, around: &Around<'_>) -> Result<Option<bool>, ViewError> {
        let mut saw = None;
        for world in [around.before, around.after] {
            if manages(world, self.tenant, tenant, &BTreeSet::new())? {
                // Only a party remembers: not whoever stood further up.
                let party = world.links_above(tenant)?.iter().any(|it| it.manager == self.tenant);
                let sees = party && access::sees(world, viewer, tenant)?;
                saw = Some(saw == Some(true) || sees);
            }
        }
        Ok(saw)
    }

    /// Whether something that was named involves an organisation that is not there for the reader,
    /// or that was not when theirs managed it.
    fn any_hidden<'a>(
        &self,
        named: impl Iterator<Item = &'a TenantId>,
        around: &Around<'_>,
    ) -> Result<bool, ViewError> {
        let Some(viewer) = self.sight.viewer() else { return Ok(false) };
        for tenant in named {
            let hidden = match self.known(viewer, *tenant)? {
                Known::Now => false,
                Known::Never => true,
                Known::AsItWas => self.saw(viewer, *tenant, around)? == Some(false),
            };
            if hidden {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the organisation managed a tenant once.
    fn left(&self, tenant: TenantId) -> Result<bool, ViewError> {
        let ended = Key::new().id(tenant.uuid()).flag(false);
        for link in self.now().view.under::<Link>(Index::LinkManaged, ended) {
            if link?.manager == self.tenant {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn known(&self, viewer: &User, tenant: TenantId) -> Result<Known, ViewError> {
        if let Some(known) = self.known.borrow().get(&tenant) {
            return Ok(*known);
        }
        let known = self.look(viewer, tenant)?;
        self.known.borrow_mut().insert(tenant, known);
        Ok(known)
    }

    fn look(&self, viewer: &User, tenant: TenantId) -> Result<Known, ViewError> {
        let now = self.now();
        if tenant == self.tenant || tenant == viewer.home || access::knows(now, viewer, tenant)? {
            return Ok(Known::Now);
        }
        if viewer.home == self.tenant {
            // A tenant of one's own that one does not see is one that one is kept off. So is one
            // that one was kept off when it left, also of before: the end gives nothing back.
            let kept_off = manages(now, self.tenant, tenant, &BTreeSet::new())?
                || self.sight.is_kept_off(self.tenant, tenant)?;
            return Ok(if kept_off { Known::Never } else { Known::AsItWas });
        }
        Ok(Known::Never)
    }

    /// Whether the reader is told of a person: of their own organisation, or where they may see its
    /// users.
    fn names(&self, user: UserId) -> Result<bool, ViewError> {
        let Some(viewer) = self.sight.viewer() else { return Ok(true) };
        let Some(user) = self.now().user(user)? else { return Ok(false) };
        if user.home == viewer.home {
            return Ok(true);
        }
        if let Some(known) = self.people.borrow().get(&user.home) {
            return Ok(*known);
        }
        let told = unless_refused(authority::authorize(
            self.now(),
            self.sight.actor,
            USERS_VIEW,
            user.home,
            Gate::Shut,
        ))?
        .is_some();
        self.people.borrow_mut().insert(user.home, told);
        Ok(told)
    }

    /// An event with the nil id for everybody whom the reader is not told of, the hidden actor
    /// among them, and without what is another organisation's own: where a console returns to, and
    /// what a reseller calls a tenant.
    fn masked(&self, event: &Event, hidden: Option<UserId>, around: &Around<'_>) -> Result<Event, ViewError> {
        let mut event = event.clone();
        let name = |user: &mut UserId| -> Result<(), ViewError> {
            if Some(*user) == hidden || !self.names(*user)? {
                *user = UserId::from_uuid(Uuid::nil());
            }
            Ok(())
        };
        match &mut event {
            Event::UserInvited { user, sender, .. } => {
                if let Some(Subject::User(sender)) = sender {
                    name(sender)?;
                }
                name(user)?;
            }
            Event::InvitationResent { sender: Some(Subject::User(sender)), .. }
            | Event::MoveRequested { sender: Some(Subject::User(sender)), .. }
            | Event::MoveResent { sender: Some(Subject::User(sender)), .. } => name(sender)?,
            Event::AddressRequested { user, sender, .. } | Event::AddressResent { user, sender } => {
                if let Some(Subject::User(sender)) = sender {
                    name(sender)?;
                }
                name(user)?;
            }
            Event::UserRegistered { user, .. }
            | Event::UserEdited { user, .. }
            | Event::AddressConfirmed { user }
            | Event::AddressCanceled { user }
            | Event::AddressExpired { user }
            | Event::AddressWithdrawn { user }
            | Event::UserBlocked { user }
            | Event::UserUnblocked { user }
            | Event::UserRemoved { user }
            | Event::Assigned { user, .. }
            | Event::AssignmentEnded { user, .. }
            | Event::ExternalIdSet { of: Bearer::User(user), .. }
            | Event::ExternalIdRemoved { of: Bearer::User(user), .. }
            | Event::TemporaryAssigned { user, .. }
            | Event::Activated { user, .. }
            | Event::TemporaryBegun { user, .. }
            | Event::TemporaryEnded { user, .. }
            | Event::PersonalErased { subject: Subject::User(user) } => name(user)?,
            Event::AlertRuleSet { additional, .. } => {
                let mut told = BTreeSet::new();
                for mut user in std::mem::take(additional) {
                    name(&mut user)?;
                    // How many there are of whom one is not told is not told either.
                    if !user.uuid().is_nil() {
                        told.insert(user);
                    }
                }
                *additional = told;
            }
            Event::SessionOpened { user, return_to, .. } => {
                if !self.is_own(*user)? {
                    *return_to = ReturnPlace::untold();
                }
                name(user)?;
            }
            Event::SessionClosed { session, return_to } => {
                let session = around.after.view.get::<Session>(session.uuid())?;
                let own = match session {
                    Some(session) => self.is_own(session.user)?,
                    None => false,
                };
                if !own {
                    *return_to = ReturnPlace::untold();
                }
            }
            Event::CommandRefused { by, named, whose, left_out, .. } => {
                if !self.is_own(*by)? && self.sight.viewer().is_some() {
                    *left_out = 0;
                }
                name(by)?;
                let mut told = BTreeSet::new();
                for organisations in std::mem::take(named) {
                    if self.is_thing_told(&organisations, around)? {
                        told.insert(organisations);
                    }
                }
                *named = told;
                // It keeps the record from those who are not told of both, and is told to nobody:
                // who holds what they named is no affair of whoever was refused.
                if self.sight.viewer().is_some() {
                    *whose = None;
                }
            }
            // Nobody is told of whom their organisation keeps off something.
            Event::LinkEnded { kept_off, .. } => {
                if self.sight.viewer().is_some() {
                    kept_off.clear();
                }
            }
            Event::RoleCreated { by: Some(by), .. } => {
                if !self.is_told(*by, around)? {
                    *by = TenantId::from_uuid(Uuid::nil());
                }
            }
            Event::ResellerCustomerAdded { reseller, reference, .. }
            | Event::ResellerCustomerEdited { reseller, reference, .. } => {
                if self.sight.viewer().is_some() && *reseller != self.tenant {
                    *reference = None;
                }
            }
            Event::PolicySet { .. }
            | Event::TenantRegistered { .. }
            | Event::TenantEdited { .. }
            | Event::TenantKindChanged { .. }
            | Event::TenantHeld { .. }
            | Event::TenantReleased { .. }
            | Event::TenantDisabled { .. }
            | Event::TenantEnabling { .. }
            | Event::TenantEnabled { .. }
            | Event::TenantDeleted { .. }
            | Event::ManagerInvited { .. }
            | Event::ManagerInvitationResent { .. }
            | Event::ManagerInvitationWithdrawn { .. }
            | Event::ManagerInvitationAccepted { .. }
            | Event::ManagerInvitationDeclined { .. }
            | Event::ManagerInvitationCanceled { .. }
            | Event::ManagerInvitationExpired { .. }
            | Event::ManagerBarred { .. }
            | Event::ManagerAdmitted { .. }
            | Event::LinkRequested { .. }
            | Event::LinkRequestResent { .. }
            | Event::LinkRequestWithdrawn { .. }
            | Event::LinkRequestAccepted { .. }
            | Event::LinkRequestDeclined { .. }
            | Event::LinkRequestCanceled { .. }
            | Event::LinkRequestExpired { .. }
            | Event::LinkCreated { .. }
            | Event::LinkConverted { .. }
            | Event::TermsChanged { .. }
            | Event::ServicesAdded { .. }
            | Event::Proposed { .. }
            | Event::ProposalResent { .. }
            | Event::ProposalWithdrawn { .. }
            | Event::ProposalAccepted { .. }
            | Event::ProposalDeclined { .. }
            | Event::ProposalCanceled { .. }
            | Event::ProposalExpired { .. }
            | Event::ServiceRemoved { .. }
            | Event::ManagerGrantsSet { .. }
            | Event::AutoExtendSet { .. }
            | Event::LinkExpiring { .. }
            | Event::LinkExtended { .. }
            | Event::LinkRenewed { .. }
            | Event::DelinkRequested { .. }
            | Event::DelinkResent { .. }
            | Event::DelinkRejected { .. }
            | Event::DelinkCanceled { .. }
            | Event::DelinkExpired { .. }
            | Event::InvitationResent { sender: None | Some(Subject::Tenant(_)), .. }
            | Event::InvitationWithdrawn { .. }
            | Event::InvitationAccepted { .. }
            | Event::InvitationDeclined { .. }
            | Event::InvitationRevoked { .. }
            | Event::InvitationExpired { .. }
            | Event::RoleCreated { by: None, .. }
            | Event::RoleEdited { .. }
            | Event::RoleDeleted { .. }
            | Event::ResellerCustomerRemoved { .. }
            | Event::ResellerDropped { .. }
            | Event::ResellerAdmitted { .. }
            | Event::DevicesUploaded { .. }
            | Event::UploadWithdrawn { .. }
            | Event::DevicesMoved { .. }
            | Event::MoveRequested { sender: None | Some(Subject::Tenant(_)), .. }
            | Event::MoveResent { sender: None | Some(Subject::Tenant(_)), .. }
            | Event::MoveWithdrawn { .. }
            | Event::MoveApproved { .. }
            | Event::MoveDeclined { .. }
            | Event::MoveCanceled { .. }
            | Event::MoveExpired { .. }
            | Event::DevicesDeleted { .. }
            | Event::IntegrationCreated { .. }
            | Event::IntegrationShared { .. }
            | Event::IntegrationDetached { .. }
            | Event::IntegrationDeleted { .. }
            | Event::LicenceBought { .. }
            | Event::SeatsAssigned { .. }
            | Event::SeatsReleased { .. }
            | Event::SessionEnded { .. }
            | Event::ExternalIdSet { of: Bearer::Tenant(_) | Bearer::Device(_), .. }
            | Event::ExternalIdRemoved { of: Bearer::Tenant(_) | Bearer::Device(_), .. }
            | Event::PersonalErased { subject: Subject::Tenant(_) } => {}
        }
        Ok(event)
    }

    /// Whether somebody is of the reader's own organisation; nobody is of the operator's.
    fn is_own(&self, user: UserId) -> Result<bool, ViewError> {
        let home = self.now().user(user)?.map(|user| user.home);
        Ok(self.sight.viewer().is_some_and(|viewer| home == Some(viewer.home)))
    }
}
