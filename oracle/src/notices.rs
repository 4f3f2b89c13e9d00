//! Who has to be told of what happened, and who reads it. What there is to tell is found by
//! comparing the world before with the world after; a reminder changes nothing and is told by its command.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Value, json};
use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::Permission;
use tenantry::base::time::Timestamp;
use tenantry::command::{Command, Request};
use tenantry::model::{Actor, HandshakeState, Operation, Party, ResellerStatus, RoleRef, Stage, UserState};
use tenantry::query::Recipients;

use crate::cause::{Cause, Due};
use crate::term::MICROS_A_DAY;
use crate::world::{Assignment, For, Invitation, Link, Oracle, Sent, User};

/// When nothing that is recorded has run out yet.
const RECORDED: Timestamp = Timestamp::MIN;

fn pending(state: HandshakeState) -> bool {
    state == HandshakeState::Pending
}

/// The states of what was changed between two worlds: of one that is new, none before.
fn moved<'w, T, K: PartialEq>(
    before: &'w [T],
    after: &'w [T],
    key: impl Fn(&T) -> K,
    state: impl Fn(&T) -> HandshakeState,
) -> Vec<(&'w T, Option<HandshakeState>, HandshakeState)> {
    let was = |one: &T| before.iter().find(|other| key(other) == key(one)).map(&state);
    let all = after.iter().map(|one| (one, was(one), state(one)));
    all.filter(|(_, was, is)| *was != Some(*is)).collect()
}

impl Oracle {
    /// Remembers whom to tell of what happened since `before`.
    pub fn post(&mut self, before: &Self, cause: &Cause<'_>, at: Timestamp) {
        let Some(mut outbox) = self.outbox.take() else { return };
        let then = self.bare();
        let mut told = Vec::new();
        then.tell_of_requests(before, &mut told);
        then.tell_of_links(before, cause, at, &mut told);
        then.tell_of_things(before, &mut told);
        then.tell_of_people(before, cause, at, &mut told);
        if let Cause::Command(request) = cause {
            then.tell_again(&request.command, &mut told);
        }
        let around = Rc::new([before.clone(), then]);
        outbox.extend(told.into_iter().map(|(kind, to)| Sent { kind, to, around: around.clone() }));
        self.outbox = Some(outbox);
    }

    fn tell_of_requests(&self, before: &Self, told: &mut Vec<(Value, Vec<For>)>) {
        use HandshakeState::*;
        let invited =
            moved(&before.manager_invitations, &self.manager_invitations, |one| one.id, |one| one.state);
        for (one, was, is) in invited {
            let (asked, asks) = (For::Manager(one.manager, one.tenant), For::Customer(one.tenant, false));
            let (kind, to) = match is {
                Pending if was.is_none() => ("manager_invited", asked),
                Declined => ("manager_invitation_declined", asks),
                Canceled | Withdrawn => ("manager_invitation_canceled", asked),
                Expired => ("manager_invitation_expired", asks),
                _ => continue,
            };
            told.push((json!({"kind": kind, "invitation": one.id}), vec![to]));
        }
        for (one, was, is) in moved(&before.requests, &self.requests, |one| one.id, |one| one.state) {
            let (asks, asked) = (For::Manager(one.manager, one.managed), For::Customer(one.managed, false));
            let (kind, to) = match is {
                Pending if was.is_none() => ("link_requested", asked),
                Accepted => ("link_request_accepted", asks),
                Declined => ("link_request_declined", asks),
                Canceled | Withdrawn => ("link_request_canceled", asked),
                Expired => ("link_request_expired", asks),
                _ => continue,
            };
            told.push((json!({"kind": kind, "request": one.id}), vec![to]));
        }
        for (one, was, is) in moved(&before.proposals, &self.proposals, |one| one.id, |one| one.state) {
            let (asks, asked) = (For::Manager(one.manager, one.managed), For::Customer(one.managed, false));
            let (kind, to) = match is {
                Pending if was.is_none() => ("proposed", asked),
                Declined => ("proposal_declined", asks),
                Canceled | Withdrawn => ("proposal_canceled", asked),
                Expired => ("proposal_expired", asks),
                _ => continue,
            };
            told.push((json!({"kind": kind, "proposal": one.id}), vec![to]));
        }
        for (one, was, is) in moved(&before.moves, &self.moves, |one| one.id, |one| one.state) {
            let (asks, asked) = (For::Manager(one.manager, one.customer), For::Admins(one.customer));
            let (kind, to) = match is {
                Pending if was.is_none() => ("move_requested", asked),
                Accepted => ("move_approved", asks),
                Declined => ("move_declined", asks),
                Expired => ("move_expired", asks),
                _ => continue,
            };
            told.push((json!({"kind": kind, "id": one.id}), vec![to]));
        }
    }

    fn tell_of_links(
        &self,
        before: &Self,
        cause: &Cause<'_>,
        at: Timestamp,
        told: &mut Vec<(Value, Vec<For>)>,
    ) {
        for link in &self.links {
            let was = before.link(link.id);
            self.tell_of_end(link, was, at, told);
            let Some(was) = was else { continue };
            let manager = || For::Manager(link.manager, link.managed);
            let customer = |access| For::Customer(link.managed, access);
            let mut tell = |kind: &str, to: Vec<For>| told.push((json!({"kind": kind, "link": link.id}), to));
            if link.stage == Stage::Delinked {
                if was.stage != Stage::Delinked {
                    tell("link_ended", vec![For::Parted(link.manager, link.managed), customer(true)]);
                }
                continue;
            }
            if matches!(cause.command(), Some(Command::SetManagerGrants(c)) if c.link == link.id) {
                tell("grants_changed", vec![manager()]);
            }
            if link.management != was.management {
                tell("link_converted", vec![manager(), customer(false)]);
            }
            if link.terms != was.terms {
                tell("terms_changed", vec![manager(), customer(false), For::Newcomer(link.managed)]);
            }
            if !link.services.is_subset(&was.services) {
                tell("services_added", vec![manager(), customer(false), For::Newcomer(link.managed)]);
            }
            if !was.services.is_subset(&link.services) {
                tell("service_removed", vec![manager(), customer(false)]);
            }
            let extended = matches!(cause, Cause::Time(Due::Extension(id)) if *id == link.id);
            if extended {
                tell("link_extended", vec![manager(), customer(false)]);
            } else if link.expires != was.expires {
                tell("link_renewed", vec![manager(), customer(false), For::Newcomer(link.managed)]);
            }
            self.tell_of_delinks(link, was, cause, &mut tell);
            if matches!(cause.command(), Some(Command::SetAutoExtend(c)) if c.link == link.id) {
                let mut kind = json!({"kind": "auto_extend_set", "link": link.id});
                if let Some(days) = link.extend_days {
                    kind["days"] = json!(days);
                }
                told.push((kind, vec![manager(), customer(false)]));
            }
        }
    }

    /// That its end is near (L-9).
    fn tell_of_end(&self, link: &Link, was: Option<&Link>, at: Timestamp, told: &mut Vec<(Value, Vec<For>)>) {
        if link.end().is_none() || link.stage == Stage::Delinked {
            return;
        }
        let before = was.filter(|was| was.end() == link.end()).and_then(|was| was.announced);
        if let Some(days) = link.announced.filter(|days| before.is_none_or(|told| *days < told)) {
            // In how many days from now: it may have become late.
            let (end, _) = link.end().unwrap();
            let left = u32::try_from((end.micros() - at.micros() + MICROS_A_DAY - 1) / MICROS_A_DAY).unwrap();
            let kind = json!({"kind": "link_expiring", "link": link.id, "days": left.min(days)});
            told.push((
                kind,
                vec![For::Manager(link.manager, link.managed), For::Customer(link.managed, true)],
            ));
        }
    }

    fn tell_of_delinks(
        &self,
        link: &Link,
        was: &Link,
        cause: &Cause<'_>,
        tell: &mut impl FnMut(&str, Vec<For>),
    ) {
        let side = |stage| match stage {
            Stage::DelinkRequestedByManager => Some(Party::Manager),
            Stage::DelinkRequestedByCustomer => Some(Party::Customer),
            _ => None,
        };
        let of = |party| match party {
            Party::Manager => For::Manager(link.manager, link.managed),
            Party::Customer => For::Customer(link.managed, false),
        };
        let other = |party| match party {
            Party::Manager => Party::Customer,
            Party::Customer => Party::Manager,
        };
        match (side(was.stage), side(link.stage)) {
            (None, Some(by)) => tell("delink_requested", vec![of(other(by))]),
            (Some(by), None) => match cause.command() {
                Some(Command::RejectDelink(_)) => tell("delink_rejected", vec![of(by)]),
                Some(_) => tell("delink_canceled", vec![of(other(by))]),
                None => tell("delink_expired", vec![of(by), of(other(by))]),
            },
            _ => {}
        }
    }

    /// Collectors, resellers, uploads.
    fn tell_of_things(&self, before: &Self, told: &mut Vec<(Value, Vec<For>)>) {
        for tenant in &self.tenants {
            let Some(was) = before.tenant(tenant.id) else { continue };
            let kind = match (was.operation, tenant.operation) {
                _ if tenant.deleted => continue,
                (Operation::Disabled, Operation::Disabled) => continue,
                (_, Operation::Disabled) => "collector_power_down",
                (Operation::Disabled, _) => "collector_power_up",
                _ => continue,
            };
            for one in self.integrations.iter().filter(|one| !one.deleted && one.kind.as_str() == "collector")
            {
                if one.owner == tenant.id || one.attached.contains(&tenant.id) {
                    let kind = json!({"kind": kind, "integration": one.id, "tenant": tenant.id});
                    let to = match one.owner == tenant.id {
                        true => For::Everybody(one.owner),
                        false => For::Manager(one.owner, tenant.id),
                    };
                    told.push((kind, vec![to]));
                }
            }
        }
        for row in &self.reseller_customers {
            let inactive = |world: &Self| {
                let row = world.reseller_customer(row.reseller, row.tenant);
                row.is_some_and(|row| row.status == ResellerStatus::Inactive)
            };
            if inactive(self) && !inactive(before) {
                let kind =
                    json!({"kind": "reseller_dropped", "reseller": row.reseller, "tenant": row.tenant});
                told.push((kind, vec![For::Admins(row.reseller)]));
            }
        }
        let withdrawn: BTreeSet<_> =
            self.withdrawn.difference(&before.withdrawn).map(|(upload, _)| *upload).collect();
        for upload in withdrawn {
            let one = self.upload(upload).unwrap();
            let kind = json!({
                "kind": "upload_withdrawn", "upload": upload, "reseller": one.reseller, "tenant": one.to
            });
            told.push((kind, vec![For::Admins(one.to)]));
        }
    }

    fn tell_of_people(
        &self,
        before: &Self,
        cause: &Cause<'_>,
        at: Timestamp,
        told: &mut Vec<(Value, Vec<For>)>,
    ) {
        use HandshakeState::*;
        for (one, was, is) in moved(&before.invitations, &self.invitations, |one| one.id, |one| one.state) {
            // An owner is named for those who manage the tenant, whoever reminds of it; anybody else is invited for the tenant.
            let moment = if is == Expired { one.expires } else { at };
            let sender = || match one.sign_up {
                true => {
                    let above = before.links_above(one.tenant, moment);
                    above.iter().map(|link| For::Manager(link.manager, link.managed)).collect()
                }
                false => vec![For::Others(one.tenant, one.user)],
            };
            let (kind, to) = match is {
                Pending if was.is_none() && one.sign_up => ("sign_up", vec![For::Person(one.user)]),
                Pending if was.is_none() => ("invitation", vec![For::Person(one.user)]),
                Accepted => ("invitation_accepted", sender()),
                Declined => ("invitation_declined", sender()),
                Expired => ("invitation_expired", sender()),
                _ => continue,
            };
            told.push((json!({"kind": kind, "invitation": one.id}), to));
        }
        for one in &self.address_changes {
            let was = before.address_change(one.user);
            let asked = |world: &Self| world.pending_address(one.user).cloned();
            let to = || vec![For::Person(one.user)];
            // Who is asked for the address that waits is reminded, or asked anew by somebody else's people (U-1.10).
            let asks = match cause {
                Cause::Command(Request { actor: Actor::User(by), command: Command::EditUser(c), .. })
                    if c.user == one.user =>
                {
                    c.email.as_ref().map(|email| before.reminds_of_address(*by, one.user, email))
                }
                _ => None,
            };
            if asks == Some(true) {
                told.push((json!({"kind": "address_change_reminder", "user": one.user}), to()));
            } else if pending(one.state) && (asks == Some(false) || asked(self) != asked(before)) {
                told.push((json!({"kind": "address_change", "user": one.user}), to()));
                told.push((json!({"kind": "address_change_warning", "user": one.user}), to()));
            } else if one.state == Accepted && was.is_some_and(|was| pending(was.state)) {
                told.push((json!({"kind": "address_changed", "user": one.user}), to()));
            }
        }
    }

    /// Reminders.
    fn tell_again(&self, command: &Command, told: &mut Vec<(Value, Vec<For>)>) {
        let (kind, to) = match command {
            Command::ResendManagerInvitation(c) => {
                let one = self.manager_invitation(c.invitation).unwrap();
                let kind = json!({"kind": "manager_invitation_reminder", "invitation": one.id});
                (kind, For::Manager(one.manager, one.tenant))
            }
            Command::ResendLinkRequest(c) => {
                let one = self.request(c.request).unwrap();
                (
                    json!({"kind": "link_request_reminder", "request": one.id}),
                    For::Customer(one.managed, false),
                )
            }
            Command::ResendProposal(c) => {
                let one = self.proposal(c.proposal).unwrap();
                (json!({"kind": "proposal_reminder", "proposal": one.id}), For::Customer(one.managed, false))
            }
            Command::ResendDelink(c) => {
                let link = self.link(c.link).unwrap();
                let to = match link.stage {
                    Stage::DelinkRequestedByManager => For::Customer(link.managed, false),
                    _ => For::Manager(link.manager, link.managed),
                };
                (json!({"kind": "delink_reminder", "link": link.id}), to)
            }
            Command::ResendMove(c) => {
                let one = self.pending_move(c.id).unwrap();
                (json!({"kind": "move_reminder", "id": one.id}), For::Admins(one.customer))
            }
            Command::ResendInvitation(c) => {
                let one = self.invitation(c.invitation).unwrap();
                (json!({"kind": "invitation_reminder", "invitation": one.id}), For::Person(one.user))
            }
            _ => return,
        };
        told.push((kind, vec![to]));
    }
}

impl Sent {
    /// Who reads it now; nobody, if it is not told at all.
    pub fn read(&self, now: &Oracle, at: Timestamp) -> Recipients {
        let mut told = Recipients::default();
        for to in &self.to {
            let [before, then] = &*self.around;
            let mut one = now.told(to, [before, then], at);
            // Whoever had nothing to do with it then does not come to read it.
            if !matches!(to, For::Manager(..) | For::Parted(..) | For::Person(_)) {
                let those = then.told(to, [before, then], at).users;
                one.users.retain(|user| those.contains(user));
            }
            told.users.extend(one.users);
            told.operator |= one.operator;
        }
        told
    }

    /// Who is told of the end of a link further up than its manager, each by whether theirs manages that no longer.
    pub fn further_up(&self, now: &Oracle, at: Timestamp) -> Vec<bool> {
        let parted = self.to.iter().find_map(|to| match to {
            For::Parted(manager, managed) => Some([*manager, *managed]),
            _ => None,
        });
        let Some([manager, managed]) = parted else { return Vec::new() };
        let homes = self.read(now, at).users.into_iter().map(|user| now.user(user).unwrap().home);
        let above = homes.filter(|home| *home != manager && *home != managed);
        above.map(|home| !now.manages(home, manager, at)).collect()
    }
}

impl Oracle {
    fn told(&self, to: &For, [before, then]: [&Self; 2], at: Timestamp) -> Recipients {
        let users = |users: BTreeSet<UserId>| Recipients { users, operator: false };
        match to {
            For::Person(user) => users([*user].into()),
            For::Others(tenant, but) => {
                let mut others = BTreeSet::new();
                if !self.is_locked(*tenant, at) {
                    others = self.admins(*tenant, *tenant, at);
                }
                others.remove(but);
                users(others)
            }
            // Whoever has had somebody to ask was asked, or nobody had to be (L-6.9).
            For::Newcomer(tenant) if then.tenant(*tenant).is_some_and(|tenant| !tenant.had_owner) => {
                let signs_up = |one: &&Invitation| one.tenant == *tenant && one.sign_up && pending(one.state);
                users(self.invitations.iter().filter(signs_up).map(|one| one.user).collect())
            }
            For::Newcomer(_) => Recipients::default(),
            For::Everybody(tenant) => self.service_mail(*tenant, at),
            For::Admins(tenant) if self.is_locked(*tenant, at) => Recipients::default(),
            For::Admins(tenant) => users(self.admins(*tenant, *tenant, at)),
            For::Parted(manager, managed) => {
                let heard = self.read_by_parted([before, then], [*manager, *managed], at);
                Recipients { operator: heard.is_empty(), users: heard }
            }
            For::Manager(manager, managed) => {
                let heard = self.read_by_manager(then, [*manager, *managed], at);
                let missed = heard.is_empty() && self.living(*manager).is_some();
                Recipients { operator: missed, users: heard }
            }
            For::Customer(tenant, access) => {
                let answers = |world: &Self, moment| match world.is_locked(*tenant, at) {
                    true => Vec::new(),
                    false => world.active_super_admins(*tenant, moment),
                };
                let then_too = answers(then, RECORDED);
                let heard: BTreeSet<_> =
                    answers(self, at).into_iter().filter(|user| then_too.contains(user)).collect();
                // Of a tenant that went with it there is nobody to miss anything.
                let missed = heard.is_empty() && then.living(*tenant).is_some();
                Recipients { operator: missed && *access, users: heard }
            }
        }
    }

    /// The manager's side by A-1's ladder: of whom the world of the record has on each rung, those who read it still. Of a link
    /// that is in force there they are the admins of the tenant, else those of whatever is below the manager.
    fn read_by_manager(
        &self,
        record: &Self,
        [manager, managed]: [TenantId; 2],
        at: Timestamp,
    ) -> BTreeSet<UserId> {
        let linked = record.links_above(managed, RECORDED).iter().any(|link| link.manager == manager);
        self.first_rung(record, manager, |user, such| {
            let held = match linked {
                true => record.assignments_on(user.id, managed, RECORDED),
                false => record.assignments_below(user.id, manager, RECORDED),
            };
            // Who reads it still: where theirs manages the tenant, who is such there now; where it does no longer, since the
            // link has ended, who would see it if it did and was not kept off it; of what was only asked, who is such of what is
            // below.
            let lasts = self.links_above(managed, at).iter().any(|link| link.manager == manager);
            let manages = self.manages(user.home, managed, at);
            let above = user.home == manager || self.manages(user.home, manager, at);
            let there = match (manages, linked) {
                (true, true) => self.stands(&self.assignments_on(user.id, managed, at), such),
                (false, true) => !lasts && above && self.remembers(user.id, user.home, at),
                (_, false) => above && self.stands(&self.assignments_below(user.id, manager, at), such),
            };
            let off = !(manages && linked) && self.is_kept_off(user.id, manager, managed, at);
            record.stands(&held, such) && self.listens(user.home, at) && there && !off
        })
    }

    /// Of the end of a link the same, of those who were told of the tenant right before it: people of the manager, and of
    /// whoever manages that still or has ceased to with it. Who can still get at the tenant by another way is asked what they
    /// are there; anybody else, whether they see all that is below their own, and whether the link kept them off.
    fn read_by_parted(
        &self,
        [before, after]: [&Self; 2],
        [manager, managed]: [TenantId; 2],
        at: Timestamp,
    ) -> BTreeSet<UserId> {
        self.first_rung(before, manager, |user, such| {
            let home = user.home;
            if !before.stands(&before.assignments_on(user.id, managed, RECORDED), such) {
                return false;
            }
            if !self.listens(home, at) {
                return false;
            }
            if self.manages(home, managed, at) {
                return self.stands(&self.assignments_on(user.id, managed, at), such);
            }
            let goes_on = home == manager || self.manages(home, manager, at);
            let ceased = !after.manages(home, manager, RECORDED);
            (goes_on || ceased)
                && self.remembers(user.id, home, at)
                && !self.is_kept_off(user.id, manager, managed, at)
        })
    }

    /// Whether of somebody's nearest assignments one is such, and one shows the tenant.
    fn stands(&self, held: &[&Assignment], such: &dyn Fn(&Assignment) -> bool) -> bool {
        let view = Permission::parse("tenant.view").unwrap();
        held.iter().any(|a| such(a)) && held.iter().any(|a| self.gives(a, &view))
    }

    /// The first rung of A-1's ladder on which anybody is told: a manager's admins by their role, those by what they may do, the
    /// super admins of its managers, those of the managers of these. Who could not act when it was recorded, or cannot now, is
    /// on none.
    fn first_rung(
        &self,
        record: &Self,
        manager: TenantId,
        told: impl Fn(&User, &dyn Fn(&Assignment) -> bool) -> bool,
    ) -> BTreeSet<UserId> {
        let active =
            |world: &Self, user: UserId| world.user(user).is_some_and(|user| user.state == UserState::Active);
        let people = |homes: &BTreeSet<TenantId>, such: &dyn Fn(&Assignment) -> bool| -> BTreeSet<UserId> {
            let there = |user: &&User| homes.contains(&user.home) && record.listens(user.home, RECORDED);
            let acts = |user: &&User| active(record, user.id) && active(self, user.id);
            let found = record.users.iter().filter(there).filter(acts).filter(|user| told(user, such));
            found.map(|user| user.id).collect()
        };
        let roles = [self.super_role(), RoleRef::Builtin(self.policy.admin_role.clone())];
        let edit = Permission::parse("tenant.edit").unwrap();
        let mut rung = BTreeSet::from([manager]);
        let mut heard = people(&rung, &|a| roles.contains(&a.role));
        if heard.is_empty() {
            heard = people(&rung, &|a| record.gives(a, &edit));
        }
        while heard.is_empty() && !rung.is_empty() {
            let above = |one: &TenantId| record.links_above(*one, RECORDED);
            rung = rung.iter().flat_map(above).map(|link| link.manager).collect();
            heard = people(&rung, &|a| record.makes_super(a));
        }
        heard
    }
}
