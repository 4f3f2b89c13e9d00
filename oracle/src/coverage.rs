//! What the random worlds have reached, so that nobody believes a test that never gets anywhere. It never judges.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::command::{ChangeTenantKind, Command, DeleteTenants, Request};
use tenantry::model::{
    Actor, EndCause, HandshakeState, Operation, Party, ProposalContent, ResellerStatus, RoleRef, Stage,
    Subject, TenantKind, UserState,
};
use tenantry::policy::ManagementRule;
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::external::WAYS;
use crate::question::Agreed;
use crate::world::{
    Assignment, Holder, Kept, Laid, LeadsTo, Link, Oracle, Proposal, ResellerCustomer, Temporary, Tenant,
    User,
};

/// Counts of everything that was seen.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// By command: accepted and refused.
    pub commands: BTreeMap<&'static str, (u64, u64)>,
    /// By refusal.
    pub refused: BTreeMap<Code, u64>,
    /// By command and refusal.
    pub refused_to: BTreeMap<(&'static str, Code), u64>,
    /// By the reason of a verdict.
    pub reasons: BTreeMap<Code, u64>,
    /// Verdicts that allowed.
    pub allowed: u64,
    /// All verdicts compared.
    pub checks: u64,
    /// Reverse look-ups compared.
    pub lookups: u64,
    /// By kind of list: answers compared, rows in them, and refusals.
    pub lists: BTreeMap<&'static str, (u64, u64, u64)>,
    /// By kind of list: answers without a row.
    pub empty: BTreeMap<&'static str, u64>,
    /// By kind of list and refusal.
    pub lists_refused: BTreeMap<(&'static str, Code), u64>,
    /// By kind of list: in how many worlds an answer had a row.
    pub histories: BTreeMap<&'static str, u64>,
    /// Worlds.
    pub worlds: u64,
    /// By deep state: in how many of the states that were compared whole it was met.
    pub depths: BTreeMap<&'static str, u64>,
    /// States that were compared whole.
    pub states: u64,
    /// By what was accepted against the odds: how often.
    pub feats: BTreeMap<&'static str, u64>,
    /// By what was refused for everybody's sake: how often.
    pub rebuffs: BTreeMap<&'static str, u64>,
}

impl Coverage {
    pub fn command(&mut self, name: &'static str, outcome: &Result<(), Code>) {
        let counts = self.commands.entry(name).or_default();
        match outcome {
            Ok(()) => counts.0 += 1,
            Err(code) => {
                counts.1 += 1;
                *self.refused.entry(*code).or_default() += 1;
                *self.refused_to.entry((name, *code)).or_default() += 1;
            }
        }
    }

    pub fn check(&mut self, reason: Option<Code>) {
        self.checks += 1;
        match reason {
            None => self.allowed += 1,
            Some(code) => *self.reasons.entry(code).or_default() += 1,
        }
    }

    pub fn list(&mut self, kind: &'static str, agreed: &Agreed) {
        let counts = self.lists.entry(kind).or_default();
        match agreed {
            Ok(rows) => {
                counts.0 += 1;
                counts.1 += *rows as u64;
                if *rows == 0 {
                    *self.empty.entry(kind).or_default() += 1;
                }
            }
            Err(code) => {
                counts.2 += 1;
                *self.lists_refused.entry((kind, *code)).or_default() += 1;
            }
        }
    }

    /// Whether any answer about this kind of list had a row.
    pub fn has_rows(&self, kind: &str) -> bool {
        self.lists.get(kind).is_some_and(|counts| counts.1 > 0)
    }

    /// Adds a world that was seen from its beginning to its end.
    pub fn world(&mut self, world: &Self) {
        self.add(world);
        self.worlds += 1;
        for kind in world.lists.keys().filter(|kind| world.has_rows(kind)) {
            *self.histories.entry(kind).or_default() += 1;
        }
    }

    /// What it would be if a command were accepted now that is seldom possible.
    pub fn feat(oracle: &Oracle, request: &Request, at: Timestamp) -> Option<&'static str> {
        match &request.command {
            Command::ProposeTerms(c) => {
                return Self::feat_about_terms(oracle, &request.actor, oracle.link(c.link)?);
            }
            Command::ChangeTenantKind(c) => return Self::feat_about_a_kind(oracle, c),
            Command::DeleteTenants(c) if c.cascade => {
                if let feat @ Some(_) = Self::feat_about_a_cascade(oracle, &request.actor, c, at) {
                    return feat;
                }
            }
            _ => {}
        }
        let Actor::User(user) = request.actor else { return None };
        let down = |tenant: TenantId| {
            oracle.living(tenant).is_some_and(|tenant| tenant.operation != Operation::Enabled)
        };
        let home = oracle.user(user)?.home;
        // That somebody would be asked, if anybody had been there.
        let unasked = |link| {
            let Some(link): Option<&Link> = oracle.link(link) else { return false };
            let mut there = oracle.clone();
            there.tenant_mut(link.managed).had_owner = true;
            !oracle.has_a_say(link) && there.is_asked_about_services(link)
        };
        match &request.command {
            Command::DeleteTenants(c) if c.tenants.iter().any(|tenant| down(*tenant)) => Some(Self::FEATS[0]),
            Command::EnableTenants(_) if down(home) => Some(Self::FEATS[1]),
            Command::RequestDelink(_)
            | Command::AcceptDelink(_)
            | Command::RejectDelink(_)
            | Command::ResendDelink(_)
            | Command::CancelDelink(_)
                if down(home) =>
            {
                Some(Self::FEATS[2])
            }
            Command::DeclineLink(_)
            | Command::DeclineMove(_)
            | Command::ApproveMove(_)
            | Command::AcceptProposal(_)
            | Command::DeclineProposal(_)
                if down(home) =>
            {
                Some(Self::FEATS[3])
            }
            Command::AddServices(c) if unasked(c.link) => Some(Self::FEATS[4]),
            Command::RenewLink(c) if unasked(c.link) => Some(Self::FEATS[5]),
            _ => None,
        }
    }

    /// The same of terms that are moved to today's, where nobody has to be asked.
    fn feat_about_terms(oracle: &Oracle, actor: &Actor, link: &Link) -> Option<&'static str> {
        let wider = oracle.is_wider(oracle.terms_today(), link);
        match actor {
            Actor::User(user) if !wider && oracle.user(*user)?.home == link.managed => Some(Self::FEATS[6]),
            Actor::User(_) if !wider => Some(Self::FEATS[7]),
            Actor::Operator { .. } if wider && oracle.rule(link).locks_customer => Some(Self::FEATS[8]),
            _ => None,
        }
    }

    /// The same of a kind that is corrected: what waits ends with it (L-3.12).
    fn feat_about_a_kind(oracle: &Oracle, c: &ChangeTenantKind) -> Option<&'static str> {
        let waits = |state| state == HandshakeState::Pending;
        let asked = |of: &dyn Fn(TenantId, TenantId) -> bool| {
            oracle.requests.iter().any(|one| waits(one.state) && of(one.manager, one.managed))
        };
        let invited = |of: &dyn Fn(TenantId, TenantId) -> bool| {
            oracle.manager_invitations.iter().any(|one| waits(one.state) && of(one.manager, one.tenant))
        };
        let manager = |manager: TenantId, _| manager == c.tenant && c.kind != TenantKind::Msp;
        let managed = |_, managed: TenantId| managed == c.tenant && c.kind == TenantKind::Reseller;
        let met = [asked(&manager), asked(&managed), invited(&manager), invited(&managed)];
        met.iter().position(|met| *met).map(|place| Self::FEATS[9 + place])
    }

    /// The same of a deletion with what is below (T-7.1).
    fn feat_about_a_cascade(
        oracle: &Oracle,
        actor: &Actor,
        c: &DeleteTenants,
        at: Timestamp,
    ) -> Option<&'static str> {
        let who = oracle.actor(actor, Disabled::Bars).ok()?;
        let below: Vec<TenantId> =
            c.tenants.iter().flat_map(|tenant| oracle.all_below(*tenant, at)).collect();
        let hidden = |tenant: &TenantId| !oracle.sees(who, *tenant, at);
        let shared = |tenant: &TenantId| oracle.links_above(*tenant, at).len() > 1;
        if below.iter().any(|tenant| hidden(tenant) && shared(tenant)) {
            Some(Self::FEATS[13])
        } else if below.iter().any(shared) {
            Some(Self::FEATS[14])
        } else {
            (!below.is_empty()).then_some(Self::FEATS[15])
        }
    }

    /// Takes note of how what is given for a while has come and gone with a command, and with what time has brought about
    /// before it.
    pub fn laid(&mut self, before: &Oracle, after: &Oracle, command: &Command, at: Timestamp) {
        let was = |laid: Laid| before.temporaries.iter().find(|one| one.laid() == laid);
        let is = |laid: Laid| after.temporaries.iter().find(|one| one.laid() == laid);
        let removed = |user| after.user(user).is_some_and(|user| !user.is_living());
        let deleted = |tenant| after.living(tenant).is_none();
        let mut met = Vec::new();
        for one in &before.temporaries {
            let (user, tenant, ends) = one.laid();
            let late = !one.begun && one.starts <= at;
            met.push(match is(one.laid()) {
                Some(same) if same.given != one.given || same.starts != one.starts => Self::WAYS[5],
                Some(same) if same.eligible != one.eligible => Self::WAYS[5],
                Some(same) if !one.begun && same.begun => Self::WAYS[1],
                Some(_) => continue,
                None if ends <= at && late => Self::WAYS[9],
                None if ends <= at => Self::WAYS[2],
                None if deleted(tenant) || deleted(before.user(user).unwrap().home) => Self::WAYS[7],
                None if removed(user) => Self::WAYS[6],
                None => match command {
                    Command::Unassign(c) if c.ends.is_some() => Self::WAYS[3],
                    Command::Unassign(_) => Self::WAYS[4],
                    _ => Self::WAYS[8],
                },
            });
        }
        let new: Vec<&Temporary> = after.temporaries.iter().filter(|one| was(one.laid()).is_none()).collect();
        met.extend(new.iter().filter(|one| one.begun).map(|_| Self::WAYS[0]));
        met.extend(new.iter().filter(|one| one.given.masked).map(|_| Self::WAYS[13]));
        let turned: BTreeSet<UserId> =
            met.iter().zip(&before.temporaries).map(|(_, one)| one.given.user).collect();
        let theirs = |user: &UserId| turned.contains(user) || new.iter().any(|one| one.given.user == *user);
        let time_alone =
            before.temporaries.iter().filter(|one| one.ends <= at || !one.begun && one.starts <= at);
        let by_time: BTreeSet<UserId> = time_alone.map(|one| one.given.user).collect();
        let open = |id| before.session(id).is_some_and(|one| one.closed.is_none());
        let over = |user: &UserId| by_time.contains(user) || theirs(user);
        met.extend(
            after
                .sessions
                .iter()
                .filter(|one| one.ended && open(one.id) && over(&one.user))
                .map(|_| Self::WAYS[10]),
        );
        let waited = |id| before.invitation(id).is_some_and(|one| one.state == HandshakeState::Pending);
        let withdrawn =
            after.invitations.iter().filter(|one| one.state == HandshakeState::Withdrawn && waited(one.id));
        let of_theirs = |sender| matches!(sender, Some(Subject::User(user)) if over(&user));
        met.extend(withdrawn.filter(|one| of_theirs(one.sender)).map(|_| Self::WAYS[11]));
        let owned = after
            .tenants
            .iter()
            .filter(|one| one.had_owner && before.tenant(one.id).is_some_and(|was| !was.had_owner));
        let owner = |tenant: TenantId| {
            let mut people = after.users.iter().filter(|user| user.home == tenant);
            people.all(|user| after.lasting(user.id, tenant).is_none_or(|a| !after.makes_super(a)))
        };
        met.extend(owned.filter(|one| owner(one.id)).map(|_| Self::WAYS[12]));
        met.into_iter().for_each(|way| *self.feats.entry(way).or_default() += 1);
    }

    /// The same of what is active of what somebody is eligible for.
    pub fn activated(&mut self, before: &Oracle, after: &Oracle, command: &Command, at: Timestamp) {
        let is = |laid: Laid| after.temporaries.iter().find(|one| one.laid() == laid);
        let was = |laid: Laid| before.temporaries.iter().find(|one| one.laid() == laid);
        let mut met = Vec::new();
        let active = before.temporaries.iter().filter_map(|one| Some((one, one.active?)));
        for (one, active) in active {
            let same = is(one.laid());
            met.push(match (same.and_then(|one| one.active), command) {
                (now, _) if now == Some(active) => continue,
                _ if active.ends <= at => Self::WAYS[16],
                (Some(_), _) => Self::WAYS[15],
                (None, Command::Deactivate(_)) => Self::WAYS[17],
                (None, Command::Unassign(c)) if c.ends == Some(active.ends) => Self::WAYS[18],
                (None, Command::Assign(c)) if c.ends == Some(active.ends) => Self::WAYS[19],
                (None, Command::Assign(_) | Command::Unassign(_)) => Self::WAYS[20],
                (None, _) => Self::WAYS[21],
            });
        }
        let met_before = met.len();
        for (one, active) in after.temporaries.iter().filter_map(|one| Some((one, one.active?))) {
            if was(one.laid()).is_none_or(|was| was.active.is_none_or(|was| was.ends <= at)) {
                met.push(Self::WAYS[14]);
            }
            if let Command::Activate(c) = command
                && active.since == at
                && active.ends.micros() - at.micros() != i64::from(c.minutes) * 60_000_000
            {
                met.push(Self::WAYS[22]);
            }
        }
        let turns = met_before > 0 || met.len() > met_before;
        let used: BTreeSet<UserId> = before
            .temporaries
            .iter()
            .chain(&after.temporaries)
            .filter(|one| one.eligible)
            .map(|one| one.given.user)
            .collect();
        let open = |id| before.session(id).is_some_and(|one| one.closed.is_none());
        let ended =
            |user: &UserId| after.sessions.iter().any(|one| one.ended && open(one.id) && one.user == *user);
        met.extend((turns && used.iter().any(ended)).then_some(Self::WAYS[23]));
        let owned = |one: &&Tenant| one.had_owner && before.tenant(one.id).is_some_and(|was| !was.had_owner);
        let by_activating = matches!(command, Command::Activate(_));
        met.extend(after.tenants.iter().filter(owned).filter(|_| by_activating).map(|_| Self::WAYS[24]));
        met.into_iter().for_each(|way| *self.feats.entry(way).or_default() += 1);
    }

    pub fn accepted(&mut self, feat: Option<&'static str>) {
        if let Some(feat) = feat {
            *self.feats.entry(feat).or_default() += 1;
        }
    }

    /// What it would be if a command were refused now as it is told with it.
    pub fn rebuff(oracle: &Oracle, request: &Request, at: Timestamp) -> Option<(&'static str, Code)> {
        if let Some(place) = Self::would_take_the_last_that_stands(oracle, request, at) {
            return Some((Self::REBUFFS[place], Code::LastSuperAdmin));
        }
        match &request.command {
            // For whose sake a policy cannot be put into force.
            Command::SetPolicy(c) if oracle.widens_links(&c.policy, at) => {
                Some((Self::REBUFFS[0], Code::PolicyInUse))
            }
            Command::SetPolicy(c) if oracle.leaves_nobody(&c.policy, at) => {
                Some((Self::REBUFFS[1], Code::PolicyInUse))
            }
            Command::ChangeTenantKind(c) => {
                let listed =
                    |row: &ResellerCustomer| row.reseller == c.tenant && oracle.living(row.tenant).is_some();
                let met = [
                    c.kind != TenantKind::Msp && !oracle.links_below(c.tenant, at).is_empty(),
                    c.kind == TenantKind::Reseller && !oracle.links_above(c.tenant, at).is_empty(),
                    oracle.reseller_customers.iter().any(listed),
                    oracle.uploads.iter().any(|upload| upload.reseller == c.tenant),
                ];
                let place = met.iter().position(|met| *met)?;
                Some((Self::REBUFFS[2 + place], Code::KindConflict))
            }
            Command::DeleteTenants(c) if c.cascade => {
                let who = oracle.actor(&request.actor, Disabled::Bars).ok()?;
                let below: BTreeSet<TenantId> =
                    c.tenants.iter().flat_map(|tenant| oracle.all_below(*tenant, at)).collect();
                let right = |tenant| oracle.right(who, "tenant.delete", tenant, at, Disabled::Bars);
                let hidden = |tenant| !oracle.sees(who, tenant, at);
                let parts = oracle.links.iter().any(|link| {
                    c.tenants.contains(&link.manager)
                        && link.in_force(at)
                        && link.stage != Stage::Active
                        && oracle.links_above(link.managed, at).len() > 1
                        && hidden(link.managed)
                });
                if parts {
                    Some((Self::REBUFFS[6], Code::HasManagedTenants))
                } else if below.iter().any(|tenant| hidden(*tenant) && right(*tenant).is_ok()) {
                    Some((Self::REBUFFS[7], Code::HasManagedTenants))
                } else if below.iter().any(|tenant| hidden(*tenant)) {
                    Some((Self::REBUFFS[8], Code::HasManagedTenants))
                } else {
                    let code = below.iter().filter_map(|tenant| right(*tenant).err()).min()?;
                    Some((Self::REBUFFS[9], code))
                }
            }
            Command::Assign(c) => {
                let home = |user| oracle.user(user).map(|user| user.home);
                if c.ends.is_some() && c.assignments.iter().any(|one| home(one.user) == Some(one.tenant)) {
                    let place = if c.eligible { 17 } else { 15 };
                    return Some((Self::REBUFFS[place], Code::LastSuperAdmin));
                }
                let Actor::User(user) = request.actor else { return None };
                // What it gives gives nothing by itself, and all that it gives may be given.
                let there = |one: &Temporary| c.assignments.iter().any(|it| it.tenant == one.given.tenant);
                if c.eligible && Self::could_if_nobody_is_eligible(oracle, request, there, at) {
                    return Some((Self::REBUFFS[21], Code::BeyondOwnRights));
                }
                if oracle.temporaries.iter().all(|one| one.given.user != user) {
                    return None;
                }
                // Did nothing ever turn, it would be accepted.
                let mut there = oracle.bare();
                there.sweep(at);
                there.forget_time(at);
                there.execute(request, at).is_ok().then_some((Self::REBUFFS[14], Code::BeyondOwnRights))
            }
            Command::Unassign(c) => {
                let of = |one: &Temporary| c.ends == Some(one.ends);
                Self::could_if_nobody_is_eligible(oracle, request, of, at)
                    .then_some((Self::REBUFFS[18], Code::BeyondOwnRights))
            }
            Command::BlockUser(_) | Command::RemoveUser(_) | Command::UnblockUser(_) => {
                Self::could_if_nobody_is_eligible(oracle, request, |_| false, at)
                    .then_some((Self::REBUFFS[19], Code::SuperAdminOnly))
            }
            Command::EditUser(_) => Self::could_if_nobody_is_eligible(oracle, request, |_| false, at)
                .then_some((Self::REBUFFS[20], Code::BeyondOwnRights)),
            Command::DeleteRole(_) => {
                let mut there = oracle.bare();
                there.sweep(at);
                there.temporaries.clear();
                there.execute(request, at).is_ok().then_some((Self::REBUFFS[16], Code::RoleInUse))
            }
            Command::RequestLink(c) => {
                let who = oracle.actor(&request.actor, Disabled::Bars).ok()?;
                let Who::User(user) = who else { return None };
                let managed = oracle.tenants.iter().find(|one| one.number == c.number)?.id;
                let between = |of: [TenantId; 2]| of == [c.manager, managed];
                let hidden = |link: &Link| oracle.side_of_link(user, link, at).is_none();
                let linked = oracle.links_above(managed, at);
                let asked = oracle
                    .requests
                    .iter()
                    .find(|one| one.state == HandshakeState::Pending && between([one.manager, one.managed]));
                let sees = oracle.sees(who, c.manager, at);
                match linked.into_iter().find(|link| between([link.manager, link.managed])) {
                    Some(link) if hidden(link) && sees => Some((Self::REBUFFS[10], Code::CannotBeAsked)),
                    Some(link) if hidden(link) => Some((Self::REBUFFS[11], Code::CannotBeAsked)),
                    Some(_) => None,
                    None if oracle.is_listed(who, asked?, at) => None,
                    None if sees => Some((Self::REBUFFS[12], Code::CannotBeAsked)),
                    None => Some((Self::REBUFFS[13], Code::CannotBeAsked)),
                }
            }
            _ => None,
        }
    }

    /// Which way of taking it a command is that is about the last who is a super admin of a tenant by what stands, where nobody is one
    /// for good.
    fn would_take_the_last_that_stands(oracle: &Oracle, request: &Request, at: Timestamp) -> Option<usize> {
        let stands = |user: UserId| {
            oracle.user(user).is_some_and(|user| {
                oracle.lasting_super_admins(user.home, at).is_empty() && oracle.is_last_super_admin(user, at)
            })
        };
        let (mut users, place): (Vec<UserId>, usize) = match (&request.command, &request.actor) {
            (Command::BlockUser(c), _) => (vec![c.user], 22),
            (Command::RemoveUser(c), _) => (vec![c.user], 22),
            (Command::Unassign(c), _) => (c.assignments.iter().map(|one| one.user).collect(), 22),
            (Command::Assign(c), _) => (c.assignments.iter().map(|one| one.user).collect(), 23),
            (Command::Activate(_), Actor::User(user)) => (vec![*user], 24),
            _ => return None,
        };
        users.retain(|user| stands(*user));
        (!users.is_empty()).then_some(place)
    }

    /// Whether a command would be accepted were nobody eligible for anything but that which it is about.
    fn could_if_nobody_is_eligible(
        oracle: &Oracle,
        request: &Request,
        but: impl Fn(&Temporary) -> bool,
        at: Timestamp,
    ) -> bool {
        if !matches!(request.actor, Actor::User(_)) || !oracle.temporaries.iter().any(|one| one.eligible) {
            return false;
        }
        let mut there = oracle.bare();
        there.sweep(at);
        there.temporaries.retain(|one| !one.eligible || but(one));
        there.execute(request, at).is_ok()
    }

    pub fn refused_for(&mut self, rebuff: Option<&'static str>) {
        if let Some(rebuff) = rebuff {
            *self.rebuffs.entry(rebuff).or_default() += 1;
        }
    }

    /// What of all this is too rare to be demanded in as many commands as the gate has: it is counted and shown.
    const SELDOM: [&'static str; 13] = [
        WAYS[1],
        Self::FEATS[13],
        Self::FEATS[14],
        Self::REBUFFS[3],
        Self::REBUFFS[6],
        Self::REBUFFS[13],
        Self::REBUFFS[18],
        "a device was moved twice",
        "as many lie over each other as there can be, one of them active",
        "ids went with somebody who was removed",
        "ids went with an invitation that was taken back",
        "link ends told who parted with the manager",
        Self::WAYS[13],
    ];

    /// How what is given for a while must have come and gone.
    const WAYS: [&'static str; 25] = [
        "a role for a while begins at once",
        "a role for a while begins by itself",
        "a role for a while ends by itself",
        "a role for a while is taken away alone",
        "a role for a while is taken away with all that somebody has",
        "a role for a while takes the place of another",
        "a role for a while goes with its user",
        "a role for a while goes with a tenant",
        "a role for a while goes with a link",
        "a role for a while is over before it is recorded that it began",
        "a console ends with somebody's role for a while",
        "an invitation loses what it rests on by a role for a while",
        "a tenant has its first owner by a role for a while",
        "a role for a while is given with a mask",
        "a role is activated",
        "a role is activated again while it is active",
        "what is active ends by itself",
        "what is active is given back",
        "what is active is taken away alone",
        "another role takes the place of what is active",
        "what is active goes with what it is active of",
        "what is active goes with its user, a tenant or a link",
        "what is active ends a moment earlier than was asked",
        "a console ends as what is active begins or ends",
        "a tenant has its first owner by what they activate",
    ];

    /// What must have been refused.
    const REBUFFS: [&'static str; 25] = [
        "a policy widens what managers may on links in force",
        "a policy leaves tenants without the people who could answer",
        "a manager of others becomes something else",
        "a tenant that is managed becomes a reseller",
        "a reseller that has a list becomes something else",
        "a reseller that has uploaded becomes something else",
        "a manager is deleted from which parts what is hidden and another's too",
        "a manager is deleted above what is hidden and could be deleted by its name",
        "a manager is deleted above what is hidden",
        "a manager is deleted above what may not be deleted",
        "somebody asks again who is kept off a customer",
        "somebody asks again who does not see the manager of a customer",
        "somebody asks again for what is asked, kept off the tenant",
        "somebody asks again for what is asked, without a sight of the manager",
        "somebody hands out for longer what they hold for a while",
        "something less is laid over the last super admin",
        "a role is deleted that is given for a while alone",
        "the last super admin is made eligible for something less",
        "somebody takes away what covers what another could activate",
        "somebody decides about one who could become a super admin",
        "somebody gives the address of one who could activate what they do not hold",
        "somebody is made eligible for what uncovers something with what else they could activate",
        "the last super admin by what stands is blocked, removed or taken it away",
        "the last super admin by what stands is given something else",
        "the last super admin by what stands activates something less",
    ];

    /// What must have been accepted against the odds.
    const FEATS: [&'static str; 16] = [
        "somebody deletes a tenant that is disabled",
        "a super admin enables the home that their side disabled",
        "a super admin of a disabled home parts from the other side",
        "a super admin of a disabled home answers",
        "somebody adds services while nobody is there to be asked",
        "somebody renews a link while nobody is there to be asked",
        "the managed side moves its link to terms by which its manager has less",
        "a manager moves its link to terms by which it has less",
        "an operator moves a link that locks to terms by which its manager has more",
        "a kind is corrected of one that asks to manage",
        "a kind is corrected of one that is asked to be managed",
        "a kind is corrected of one that is invited to manage",
        "a kind is corrected of one that invites a manager",
        "a deletion leaves what is below, another's too and not there for whoever deletes",
        "a deletion meets a tenant below that another manages as well",
        "a deletion takes what is below",
    ];

    /// Takes note of how deep a state is.
    pub fn state(&mut self, oracle: &Oracle, at: Timestamp) {
        self.states += 1;
        let links: Vec<_> = oracle.links.iter().filter(|link| link.in_force(at)).collect();
        let chains = |user: &User, tenant: &Tenant| oracle.chains(tenant.id, user.home, at);
        let pairs =
            || oracle.users.iter().flat_map(|user| oracle.tenants.iter().map(move |tenant| (user, tenant)));
        let pending = || oracle.invitations.iter().filter(|offer| offer.state == HandshakeState::Pending);
        let proposals = |state| oracle.proposals.iter().filter(move |one| one.state == state);
        let is_about_services = |one: &&Proposal| matches!(one.content, ProposalContent::Services(_));
        let is_about_term = |one: &&Proposal| matches!(one.content, ProposalContent::Term(_));
        let about_terms = |state| {
            proposals(state).filter_map(|one| match &one.content {
                ProposalContent::Terms { management, .. } => Some((oracle.link(one.link)?, management)),
                _ => None,
            })
        };
        // By its terms a link is otherwise than such a link is today.
        let kept = |differ: fn(&ManagementRule, &ManagementRule) -> bool| {
            links.iter().any(|link| {
                let today = oracle.management(&link.management);
                today.is_some_and(|today| differ(oracle.rule(link), today))
            })
        };
        let several = || oracle.devices.iter().filter(|device| !device.others.is_empty());
        // Who would be told of a link that has ended, had it not kept them off.
        let would_be_told = |user: UserId, link: &Link| {
            let active = |user: &User| user.state == UserState::Active && !oracle.is_locked(user.home, at);
            oracle.user(user).is_some_and(active)
                && oracle.side(user, link.manager, link.managed, at) == Some(Party::Manager)
                && oracle.remembers(user, link.manager, at)
        };
        let has_ended = |link| oracle.link(link).is_some_and(|link| link.ended.is_some());
        let links_ended = || oracle.links.iter().filter(|link| link.ended.is_some());
        let abroad = |a: &Assignment| oracle.user(a.user).is_some_and(|user| user.home != a.tenant);
        let laid = || oracle.temporaries.iter();
        let active = || laid().filter(|one| one.active_at(at).is_some());
        let decides = |one: &Temporary| {
            let decides = oracle.assignment(one.given.user, one.given.tenant, at);
            decides.is_some_and(|a| std::ptr::eq(a, &one.given))
        };
        let lies_over_super = |one: &Temporary| {
            let lasting = oracle.lasting(one.given.user, one.given.tenant);
            lasting.is_some_and(|a| oracle.makes_super(a))
        };
        let leads_to = |one: &Kept, state| match one.of {
            LeadsTo::User(user) => oracle.user(user).is_some_and(|user| user.state == state),
            _ => false,
        };
        let kept_twice = |same: fn(&Kept, &Kept) -> bool| {
            oracle
                .kept
                .iter()
                .any(|one| oracle.kept.iter().any(|other| one.keeper != other.keeper && same(one, other)))
        };
        let met = [
            links.iter().any(|link| !link.grants.is_empty()),
            links.iter().any(|link| link.stage != Stage::Active),
            links.iter().any(|link| oracle.is_locked(link.managed, at)),
            links.iter().any(|link| link.expires.is_some()),
            oracle.tenants.iter().any(|tenant| oracle.links_above(tenant.id, at).len() > 1),
            pairs().any(|(user, tenant)| chains(user, tenant).iter().any(|chain| chain.len() > 2)),
            pairs().any(|(user, tenant)| chains(user, tenant).len() > 1),
            oracle.assignments.iter().any(|a| abroad(a) && matches!(a.role, RoleRef::Custom(_))),
            oracle.assignments.iter().any(|a| abroad(a) && oracle.permissions_of(&a.role).is_empty()),
            oracle
                .assignments
                .iter()
                .any(|a| abroad(a) && a.below && !oracle.links_below(a.tenant, at).is_empty()),
            oracle
                .tenants
                .iter()
                .any(|t| t.operation != Operation::Enabled && !oracle.links_below(t.id, at).is_empty()),
            oracle.moves.iter().any(|one| one.state == HandshakeState::Pending),
            oracle.devices.iter().any(|device| oracle.shown_as(device).1),
            oracle.devices.iter().any(|device| device.moved.len() > 1),
            oracle.devices.iter().any(|device| !device.moved.is_empty() && !oracle.shown_as(device).1),
            several().any(|device| device.seat.is_some()),
            several().any(|device| !device.moved.is_empty()),
            several().any(|device| oracle.is_moving(&device.id)),
            oracle.reseller_customers.iter().any(|row| {
                row.status == ResellerStatus::Inactive
                    && !oracle.shown_devices(row.reseller, row.tenant).0.is_empty()
            }),
            oracle.sessions.iter().any(|session| session.closed.is_none()),
            oracle.sessions.iter().any(|session| session.ended),
            oracle.integrations.iter().any(|one| {
                one.attached.iter().any(|tenant| {
                    oracle.links_above(*tenant, at).iter().all(|link| link.manager != one.owner)
                })
            }),
            oracle.alert_rules.iter().any(|rule| {
                let mut homes = rule.additional.iter().filter_map(|user| oracle.user(*user));
                homes.any(|user| user.home != rule.tenant)
            }),
            oracle.licences.iter().any(|licence| {
                licence.expires.is_some_and(|expires| expires <= at) && oracle.used_seats(licence.id) > 0
            }),
            oracle.licences.iter().any(|licence| {
                licence.buyer != licence.tenant
                    && oracle.used_seats(licence.id) > 0
                    && !oracle.manages(licence.buyer, licence.tenant, at)
            }),
            oracle.assignments.iter().any(|a| a.masked),
            pending().any(|offer| offer.masked),
            pending().any(|offer| matches!(offer.role, RoleRef::Custom(_))),
            oracle
                .tenants
                .iter()
                .any(|t| !t.deleted && t.had_owner && oracle.active_super_admins(t.id, at).is_empty()),
            oracle.assignments.iter().any(|a| abroad(a) && oracle.keeps_off(a, at)),
            oracle.tenants.iter().any(|t| {
                let mut people = oracle.users.iter().filter(|user| user.home == t.id);
                !oracle.links_above(t.id, at).is_empty()
                    && !oracle.links_below(t.id, at).is_empty()
                    && !people.any(|user| user.state == UserState::Active)
            }),
            oracle.tenants.iter().any(|t| t.held_by.len() > 1),
            oracle.tenants.iter().any(|t| t.held_by.iter().any(|by| matches!(by, Holder::Link(_)))),
            links_ended().any(|link| link.held_to_end && oracle.living(link.managed).is_some()),
            links_ended().any(|link| link.kept_off.iter().any(|user| would_be_told(*user, link))),
            oracle.users.iter().any(|user| {
                user.state == UserState::Active
                    && oracle.is_locked(user.home, at)
                    && !oracle.links_below(user.home, at).is_empty()
            }),
            oracle.requests.iter().any(|one| one.state == HandshakeState::Withdrawn),
            oracle.invitations.iter().any(|one| !one.sign_up && one.state == HandshakeState::Withdrawn),
            oracle.invitations.iter().any(|one| one.sign_up && one.state == HandshakeState::Withdrawn),
            oracle.moves.iter().any(|one| one.state == HandshakeState::Withdrawn),
            links.iter().any(|link| link.delink_ends.is_some()),
            links.iter().any(|link| link.delink_ends.is_some() && link.expires.is_some()),
            links_ended().any(|link| link.ended == Some(EndCause::NoticeOver)),
            proposals(HandshakeState::Pending).any(|one| is_about_services(&one)),
            proposals(HandshakeState::Pending).any(|one| is_about_term(&one)),
            about_terms(HandshakeState::Pending).next().is_some(),
            proposals(HandshakeState::Accepted).any(|one| is_about_services(&one)),
            proposals(HandshakeState::Accepted).any(|one| is_about_term(&one)),
            about_terms(HandshakeState::Accepted).next().is_some(),
            proposals(HandshakeState::Expired).next().is_some(),
            proposals(HandshakeState::Withdrawn).any(|one| has_ended(one.link)),
            proposals(HandshakeState::Withdrawn).any(|one| !has_ended(one.link)),
            links.iter().any(|link| {
                let requests = oracle.requests.iter().filter(|one| one.id.uuid() == link.id.uuid());
                requests.filter_map(|one| one.term).any(|term| term.expires_at.is_some() && term.auto_extend)
            }),
            kept(|was, is| was.locks_customer && !is.locks_customer),
            kept(|was, is| !was.locks_customer && is.locks_customer),
            kept(|was, is| was.needs_grants != is.needs_grants),
            kept(|was, is| was.delinkable != is.delinkable),
            kept(|was, is| was.exclusive != is.exclusive),
            links.iter().any(|link| {
                let terms = &oracle.terms[link.terms];
                oracle.policy.permissions.iter().any(|permission| !terms.permissions.contains(permission))
            }),
            links.iter().any(|link| {
                let terms = &oracle.terms[link.terms];
                link.grants.iter().any(|permission| {
                    terms.grantable.contains(permission) != oracle.policy.grantable.contains(permission)
                })
            }),
            laid().any(decides),
            laid().any(|one| !one.begun),
            laid().any(|one| one.in_force(at) && !decides(one)),
            laid().any(|one| oracle.laid(one.given.user, one.given.tenant, at).count() > 7),
            laid().any(|one| oracle.lasting(one.given.user, one.given.tenant).is_none()),
            laid().any(|one| decides(one) && oracle.makes_super(&one.given)),
            laid().any(|one| decides(one) && !oracle.makes_super(&one.given) && lies_over_super(one)),
            laid().any(|one| decides(one) && oracle.is_shut_out(one.given.user, one.given.tenant, at)),
            laid().any(|one| {
                decides(one) && one.given.below && !oracle.links_below(one.given.tenant, at).is_empty()
            }),
            laid().any(|one| matches!(one.given.role, RoleRef::Custom(_))),
            oracle.tenants.iter().any(|tenant| {
                !oracle.active_super_admins(tenant.id, at).is_empty()
                    && oracle.lasting_super_admins(tenant.id, at).is_empty()
            }),
            active().any(decides),
            active().any(|one| !decides(one)),
            active().any(|one| decides(one) && oracle.makes_super(&one.given)),
            active().any(|one| decides(one) && !oracle.makes_super(&one.given) && lies_over_super(one)),
            active().any(|one| decides(one) && oracle.is_shut_out(one.given.user, one.given.tenant, at)),
            active().any(|one| {
                decides(one) && one.given.below && !oracle.links_below(one.given.tenant, at).is_empty()
            }),
            laid().any(|one| {
                let same = |other: &Temporary| other.eligible && other.given.role == one.given.role;
                let theirs = oracle.laid(one.given.user, one.given.tenant, at);
                one.eligible && theirs.filter(|other| same(other)).count() > 1
            }),
            active().any(|one| oracle.lying(one.given.user, one.given.tenant, at) > 7),
            oracle.kept.iter().any(|one| match &one.of {
                LeadsTo::Device(id) => oracle.device(id).is_some_and(|device| !device.moved.is_empty()),
                _ => false,
            }),
            oracle.kept.iter().any(|one| leads_to(one, UserState::Invited)),
            oracle.kept.iter().any(|one| leads_to(one, UserState::Blocked)),
            oracle.kept.iter().any(|one| one.of == LeadsTo::Tenant(one.keeper)),
            kept_twice(|one, other| one.system == other.system && one.id == other.id),
            kept_twice(|one, other| one.of == other.of),
            oracle.kept.iter().any(|one| {
                oracle.tenant(one.keeper).is_some_and(|keeper| keeper.kind == TenantKind::Customer)
            }),
        ];
        for (name, met) in Self::DEPTHS.into_iter().zip(met) {
            *self.depths.entry(name).or_default() += u64::from(met);
        }
        for way in WAYS {
            *self.depths.entry(way).or_default() += u64::from(oracle.ways.contains(way));
        }
    }

    /// The deep states that must be met, in the order in which they are looked for.
    const DEPTHS: [&'static str; 86] = [
        "a manager has grants",
        "a delink is requested",
        "a tenant is locked",
        "a link has an end",
        "a tenant has two managers",
        "a user is three links away from a tenant",
        "a user reaches a tenant by two chains",
        "a user has a tenant's own role abroad",
        "a user is shut out by a role without permissions",
        "a user's assignment abroad covers what is below",
        "a tenant that is not enabled manages others",
        "a move awaits its answer",
        "devices stayed with a customer after a delink",
        "a device was moved twice",
        "a moved device is shown as the MSP",
        "a device of several ids has a seat",
        "a device of several ids was moved",
        "a device of several ids is in a move",
        "a tenant that dropped a reseller has devices of it",
        "a console is open",
        "a session has ended with its right",
        "an integration is attached two links below its owner",
        "somebody of a manager's is an additional recipient",
        "a licence has run out and its seats are taken",
        "seats are taken of a licence whose buyer has gone",
        "an assignment is masked",
        "an offer is masked",
        "a tenant's own role is offered",
        "a tenant has lost all the super admins it had",
        "somebody is kept off what they would see else",
        "a multi-client without people of its own is run from above",
        "two sides keep a tenant disabled",
        "a manager keeps a tenant disabled",
        "a link has ended that kept its tenant disabled",
        "somebody would be told of an ended link that kept them off",
        "a locked multi-client has people and clients of its own",
        "a link request has lost what it rested on",
        "an invitation has lost what it rested on",
        "a sign-up has lost what it rested on",
        "a move has lost what it rested on",
        "a notice period runs",
        "a notice period runs on a link that has a term",
        "a link has ended by its notice period",
        "more services are asked for",
        "a later end is asked for",
        "other terms are asked for",
        "more services were agreed to",
        "a later end was agreed to",
        "other terms were agreed to",
        "a proposal has lapsed",
        "a proposal has ended with its link",
        "a proposal has lost what it rested on",
        "a link that was asked for up to a moment extends itself",
        "a link locks by its terms and would not by today's",
        "a link does not lock by its terms and would by today's",
        "a link needs grants by its terms or by today's",
        "a link can be delinked by its terms or by today's",
        "a link is exclusive by its terms or by today's",
        "a link is older than a permission",
        "a permission is granted that takes a grant by a link's terms or by today's",
        "a role for a while decides",
        "a role for a while has not begun",
        "a role for a while covers another that counts",
        "as many roles for a while lie over each other as there can be",
        "a role for a while lies over none for good",
        "somebody is a super admin for a while",
        "something less lies over a super admin's role",
        "a role for a while shuts somebody out",
        "a role for a while covers what is below",
        "a tenant's own role is given for a while",
        "all super admins of a tenant are so for a while",
        "what is active decides",
        "what is active is covered",
        "somebody has activated being a super admin",
        "a super admin has activated something less",
        "what is active shuts somebody out",
        "what is active covers what is below",
        "somebody is eligible for one role twice on a tenant",
        "as many lie over each other as there can be, one of them active",
        "an id leads to a device that was moved",
        "an id leads to somebody who is invited",
        "an id leads to somebody who is blocked",
        "an id leads to its keeper itself",
        "two keep the same id",
        "two keep ids of the same customer",
        "a customer keeps an id",
    ];

    /// Refusals that a command must meet, not just any.
    const REFUSED_TO: [(&'static str, Code); 87] = [
        ("change_tenant_kind", Code::KindConflict),
        ("delete_tenants", Code::HasManagedTenants),
        ("delete_tenants", Code::DelinkPending),
        ("request_link", Code::AlreadyLinked),
        ("request_link", Code::LinkAlreadyRequested),
        ("assign", Code::UnknownTenant),
        ("assign", Code::BeyondOwnRights),
        ("assign", Code::SuperAdminOnly),
        ("assign", Code::LastSuperAdmin),
        ("unassign", Code::UnknownTenant),
        ("unassign", Code::BeyondOwnRights),
        ("unassign", Code::SuperAdminOnly),
        ("unassign", Code::LastSuperAdmin),
        ("invite_user", Code::BeyondOwnRights),
        ("invite_user", Code::SuperAdminOnly),
        ("resend_invitation", Code::BeyondOwnRights),
        ("edit_role", Code::BeyondOwnRights),
        ("delete_role", Code::RoleInUse),
        ("edit_user", Code::BeyondOwnRights),
        ("edit_user", Code::SuperAdminOnly),
        ("block_user", Code::SuperAdminOnly),
        ("unblock_user", Code::SuperAdminOnly),
        ("remove_user", Code::SuperAdminOnly),
        ("add_customer", Code::BeyondOwnRights),
        ("add_customer", Code::SuperAdminOnly),
        ("invite_owner", Code::RoleLacksPermission),
        ("invite_owner", Code::UnknownLink),
        ("convert_link", Code::RoleLacksPermission),
        ("enable_tenants", Code::HeldByOthers),
        ("request_link", Code::CannotBeAsked),
        ("add_services", Code::UnknownLink),
        ("request_link", Code::TooManyRequests),
        ("resend_link_request", Code::TooManyRequests),
        ("resend_invitation", Code::TooManyRequests),
        ("resend_delink", Code::TooManyRequests),
        ("admit_reseller", Code::TooManyRequests),
        ("set_auto_extend", Code::TooManyRequests),
        ("set_manager_grants", Code::TooManyRequests),
        ("withdraw_upload", Code::TooManyRequests),
        ("add_services", Code::AlreadyProposed),
        ("add_services", Code::TooManyRequests),
        ("renew_link", Code::AlreadyProposed),
        ("renew_link", Code::EndNotLater),
        ("renew_link", Code::NoTerm),
        ("set_auto_extend", Code::NothingToDo),
        ("set_manager_grants", Code::NothingToDo),
        ("accept_proposal", Code::ProposalNotPending),
        ("accept_proposal", Code::WrongActor),
        ("resend_proposal", Code::TooManyRequests),
        ("propose_terms", Code::UnknownLink),
        ("propose_terms", Code::WrongActor),
        ("propose_terms", Code::CustomerLocked),
        ("propose_terms", Code::TicketRequired),
        ("propose_terms", Code::NothingToDo),
        ("propose_terms", Code::AlreadyProposed),
        ("propose_terms", Code::CannotBeAsked),
        ("assign", Code::EndRequired),
        ("add_customer", Code::EndRequired),
        ("assign", Code::TooManyTemporaries),
        ("unassign", Code::NotAssigned),
        ("activate", Code::WrongActor),
        ("activate", Code::UserNotActive),
        ("activate", Code::CustomerLocked),
        ("activate", Code::NotEligible),
        ("activate", Code::ActivationLength),
        ("activate", Code::EndTooFar),
        ("activate", Code::TooManyTemporaries),
        ("deactivate", Code::WrongActor),
        ("deactivate", Code::NotAssigned),
        ("set_external_id", Code::WrongActor),
        ("set_external_id", Code::UserNotActive),
        ("set_external_id", Code::UnknownTenant),
        ("set_external_id", Code::TenantDisabled),
        ("set_external_id", Code::NotGranted),
        ("set_external_id", Code::RoleLacksPermission),
        ("set_external_id", Code::NoSuchUser),
        ("set_external_id", Code::UnknownDevice),
        ("set_external_id", Code::NothingToDo),
        ("set_external_id", Code::NotItsCustomer),
        ("set_external_id", Code::ExternalIdTaken),
        ("set_external_id", Code::TooManyExternalIds),
        ("remove_external_id", Code::WrongActor),
        ("remove_external_id", Code::UserNotActive),
        ("remove_external_id", Code::UnknownTenant),
        ("remove_external_id", Code::TenantDisabled),
        ("remove_external_id", Code::RoleLacksPermission),
        ("remove_external_id", Code::UnknownExternalId),
    ];

    /// The same, but too rare in as many commands as the gate has to be demanded there: they are counted and shown.
    const SELDOM_REFUSED_TO: [(&'static str, Code); 14] = [
        ("add_customer", Code::ExternalIdTaken),
        ("set_external_id", Code::CustomerLocked),
        ("convert_link", Code::OwnerPresent),
        ("convert_link", Code::OwnerNotAllowed),
        ("add_services", Code::CannotBeAsked),
        ("renew_link", Code::CannotBeAsked),
        ("resend_invitation", Code::SuperAdminOnly),
        ("edit_role", Code::ReservedForCustomer),
        ("edit_user", Code::ReservedForCustomer),
        ("convert_link", Code::SuperAdminOnly),
        ("accept_proposal", Code::NothingToDo),
        ("accept_proposal", Code::ExclusiveLink),
        ("accept_proposal", Code::ServicesOverlap),
        ("accept_proposal", Code::EndNotLater),
    ];

    /// Adds what another thread has seen.
    pub fn add(&mut self, other: &Self) {
        for (name, (accepted, refused)) in &other.commands {
            let counts = self.commands.entry(name).or_default();
            counts.0 += accepted;
            counts.1 += refused;
        }
        for (code, count) in &other.refused {
            *self.refused.entry(*code).or_default() += count;
        }
        for (refusal, count) in &other.refused_to {
            *self.refused_to.entry(*refusal).or_default() += count;
        }
        for (code, count) in &other.reasons {
            *self.reasons.entry(*code).or_default() += count;
        }
        for (name, count) in &other.feats {
            *self.feats.entry(name).or_default() += count;
        }
        for (name, count) in &other.rebuffs {
            *self.rebuffs.entry(name).or_default() += count;
        }
        for (name, count) in &other.depths {
            *self.depths.entry(name).or_default() += count;
        }
        for (kind, (answers, rows, refusals)) in &other.lists {
            let counts = self.lists.entry(kind).or_default();
            counts.0 += answers;
            counts.1 += rows;
            counts.2 += refusals;
        }
        for (kind, count) in &other.empty {
            *self.empty.entry(kind).or_default() += count;
        }
        for (refusal, count) in &other.lists_refused {
            *self.lists_refused.entry(*refusal).or_default() += count;
        }
        for (kind, count) in &other.histories {
            *self.histories.entry(kind).or_default() += count;
        }
        self.worlds += other.worlds;
        self.states += other.states;
        self.allowed += other.allowed;
        self.checks += other.checks;
        self.lookups += other.lookups;
    }

    /// Refusals that no command of these worlds can meet, and why.
    pub const UNREACHABLE: [(Code, &'static str); 10] = [
        (Code::StaleSeq, "no request expects a revision"),
        (Code::ClockBehind, "the clock never runs backwards"),
        (Code::ClockAhead, "these engines believe any leap"),
        (Code::NotLinked, "who sees a tenant is linked to it; others are told unknown_tenant"),
        (Code::ForeignCursor, "no command turns pages"),
        (Code::InvalidLimit, "no command turns pages"),
        (Code::MomentAhead, "no command asks about the past"),
        (Code::MomentPassed, "no command is for a moment that has passed"),
        (Code::TextTooLong, "no command looks for a text"),
        (Code::TooManyBarred, "nobody bars a thousand managers"),
    ];

    /// What every world is looked at for, however short it is: what commands would lead to and have led to, what was so in a past,
    /// reviews, and how these differ.
    pub const LOOKS: [&'static str; 8] = [
        "as of",
        "checks of a past",
        "differences",
        "feed",
        "feed added up",
        "previews",
        "reviews",
        "reviews of a past",
    ];

    /// The kinds of lists.
    pub const LISTS: [&'static str; 69] = [
        "alert recipients",
        "alert rules",
        "arising",
        "arising: MSPs invited",
        "arising: by a person",
        "arising: by a stranger",
        "arising: by an operator",
        "arising: by some of one",
        "arising: eligible roles",
        "arising: invitations",
        "arising: proposals",
        "arising: requests",
        "as of",
        "asked by me",
        "assignments",
        "audit",
        "awaiting",
        "barred managers",
        "checks of a past",
        "customer",
        "customers",
        "device",
        "devices",
        "differences",
        "eligible roles",
        "external id",
        "external ids",
        "external ids of a past",
        "feed",
        "feed added up",
        "integrations",
        "invitations",
        "late notices",
        "licences",
        "link requests",
        "link ends told further up",
        "link ends told who parted with the manager",
        "link terms",
        "links",
        "look up",
        "look up of a past",
        "manager invitations",
        "managers",
        "moves",
        "my permissions",
        "my profile",
        "notices",
        "organisation access",
        "person",
        "pins",
        "places",
        "previews",
        "previews counted",
        "proposals",
        "reseller customers",
        "resellers",
        "reviews",
        "reviews of a past",
        "roles",
        "service mail",
        "sessions",
        "settings",
        "tenant access",
        "tenant access changes",
        "temporary access",
        "uploads",
        "user access",
        "user access changes",
        "users",
    ];

    /// Lists that must have been found empty as well.
    const EMPTY: [&'static str; 12] = [
        "arising",
        "eligible roles",
        "external id",
        "external ids",
        "feed",
        "organisation access",
        "previews",
        "previews counted",
        "tenant access",
        "tenant access changes",
        "user access",
        "user access changes",
    ];

    /// Refusals that a question must meet.
    const LISTS_REFUSED: [(&'static str, Code); 49] = [
        ("eligible roles", Code::WrongActor),
        ("eligible roles", Code::UserNotActive),
        ("arising", Code::WrongActor),
        ("arising", Code::UserNotActive),
        ("arising", Code::UnknownTenant),
        ("arising", Code::TenantDisabled),
        ("arising", Code::RoleLacksPermission),
        ("external ids", Code::WrongActor),
        ("external ids", Code::UserNotActive),
        ("external ids", Code::UnknownTenant),
        ("external id", Code::UserNotActive),
        ("external id", Code::UnknownTenant),
        ("external ids of a past", Code::UserNotActive),
        ("external ids of a past", Code::UnknownTenant),
        ("tenant access", Code::WrongActor),
        ("tenant access", Code::UserNotActive),
        ("tenant access", Code::UnknownTenant),
        ("tenant access", Code::TenantDisabled),
        ("tenant access", Code::CustomerLocked),
        ("tenant access", Code::NoAssignment),
        ("tenant access", Code::RoleLacksPermission),
        ("tenant access", Code::UnknownPermission),
        ("tenant access", Code::UnknownService),
        ("organisation access", Code::UserNotActive),
        ("organisation access", Code::UnknownTenant),
        ("organisation access", Code::TenantDisabled),
        ("organisation access", Code::RoleLacksPermission),
        ("user access", Code::WrongActor),
        ("user access", Code::UserNotActive),
        ("user access", Code::UnknownUser),
        ("user access", Code::RoleLacksPermission),
        ("user access", Code::UnknownPermission),
        ("user access", Code::UnknownService),
        ("tenant access changes", Code::UserNotActive),
        ("tenant access changes", Code::UnknownUser),
        ("tenant access changes", Code::UnknownTenant),
        ("tenant access changes", Code::RoleLacksPermission),
        ("user access changes", Code::UserNotActive),
        ("user access changes", Code::UnknownUser),
        ("reviews of a past", Code::UserNotActive),
        ("reviews of a past", Code::UnknownUser),
        ("reviews of a past", Code::UnknownTenant),
        ("reviews of a past", Code::RoleLacksPermission),
        ("temporary access", Code::UnknownTenant),
        ("temporary access", Code::RoleLacksPermission),
        ("previews", Code::UserNotActive),
        ("previews", Code::UnknownTenant),
        ("previews", Code::TenantDisabled),
        ("previews", Code::RoleLacksPermission),
    ];

    /// The same, but too rare to be demanded: they are counted and shown.
    const SELDOM_LISTS_REFUSED: [(&'static str, Code); 2] =
        [("arising", Code::CustomerLocked), ("arising", Code::NoAssignment)];

    /// Reasons that a verdict can have.
    pub const REASONS: [Code; 11] = [
        Code::UnknownUser,
        Code::UserNotActive,
        Code::UnknownTenant,
        Code::TenantDisabled,
        Code::NotLinked,
        Code::CustomerLocked,
        Code::ServiceNotManaged,
        Code::ReservedForCustomer,
        Code::NotGranted,
        Code::NoAssignment,
        Code::RoleLacksPermission,
    ];

    /// What should have been seen and was not.
    pub fn never_seen(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for name in Command::NAMES {
            if self.commands.get(name).is_none_or(|counts| counts.0 == 0) {
                missing.push(format!("no `{name}` was accepted"));
            }
        }
        for code in Code::ALL {
            let excused = Self::UNREACHABLE.iter().any(|(unreachable, _)| unreachable == code);
            if !excused && !self.refused.contains_key(code) {
                missing.push(format!("no command was refused with `{code}`"));
            }
        }
        for (name, code) in Self::REFUSED_TO {
            if !self.refused_to.contains_key(&(name, code)) {
                missing.push(format!("no `{name}` was refused with `{code}`"));
            }
        }
        for name in Self::DEPTHS.into_iter().chain(WAYS) {
            if self.depths.get(name).is_none_or(|count| *count == 0) && !Self::SELDOM.contains(&name) {
                missing.push(format!("no state was met in which {name}"));
            }
        }
        for name in Self::FEATS {
            if !self.feats.contains_key(name) && !Self::SELDOM.contains(&name) {
                missing.push(format!("never was it accepted that {name}"));
            }
        }
        for name in Self::WAYS {
            if !self.feats.contains_key(name) && !Self::SELDOM.contains(&name) {
                missing.push(format!("it never came about that {name}"));
            }
        }
        for name in Self::REBUFFS {
            if !self.rebuffs.contains_key(name) && !Self::SELDOM.contains(&name) {
                missing.push(format!("never was it refused that {name}"));
            }
        }
        for kind in Self::LISTS {
            if self.lists.get(kind).is_none_or(|counts| counts.1 == 0) && !Self::SELDOM.contains(&kind) {
                missing.push(format!("no answer about {kind} had a row"));
            }
        }
        for kind in Self::EMPTY {
            if !self.empty.contains_key(kind) {
                missing.push(format!("no answer about {kind} was empty"));
            }
        }
        for (kind, code) in Self::LISTS_REFUSED {
            if !self.lists_refused.contains_key(&(kind, code)) {
                missing.push(format!("no question about {kind} was refused with `{code}`"));
            }
        }
        for code in Self::REASONS {
            if !self.reasons.contains_key(&code) {
                missing.push(format!("no check was denied with `{code}`"));
            }
        }
        missing
    }

    /// The whole table.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "{:<24}{:>12}{:>12}", "command", "accepted", "refused");
        for (name, (accepted, refused)) in &self.commands {
            let _ = writeln!(text, "{name:<24}{accepted:>12}{refused:>12}");
        }
        let _ = writeln!(text, "\n{:<28}{:>12}{:>14}", "code", "refused", "verdicts");
        for code in Code::ALL {
            let refused = self.refused.get(code).copied().unwrap_or(0);
            let reasons = self.reasons.get(code).copied().unwrap_or(0);
            let _ = writeln!(text, "{:<28}{refused:>12}{reasons:>14}", code.name());
        }
        let _ = writeln!(text);
        for (name, code) in Self::REFUSED_TO.into_iter().chain(Self::SELDOM_REFUSED_TO) {
            let count = self.refused_to.get(&(name, code)).copied().unwrap_or(0);
            let _ = writeln!(text, "{name:<24}{:<28}{count:>12}", code.name());
        }
        let _ = writeln!(text, "\n{} states compared whole, of which", self.states);
        for (name, count) in &self.depths {
            let _ = writeln!(text, "{count:>12} in which {name}");
        }
        let _ = writeln!(text);
        for (name, count) in &self.feats {
            let _ = writeln!(text, "{count:>12} times {name}");
        }
        for (name, count) in &self.rebuffs {
            let _ = writeln!(text, "{count:>12} times it was refused that {name}");
        }
        let columns = ("list", "answers", "rows", "refusals", "worlds");
        let (list, answers, rows, refusals, worlds) = columns;
        let _ = writeln!(text, "\n{list:<24}{answers:>12}{rows:>12}{refusals:>12}{worlds:>12}");
        for (kind, (answers, rows, refusals)) in &self.lists {
            let worlds = self.histories.get(kind).copied().unwrap_or(0);
            let _ = writeln!(text, "{kind:<24}{answers:>12}{rows:>12}{refusals:>12}{worlds:>12}");
        }
        let _ = writeln!(text);
        for (kind, code) in Self::LISTS_REFUSED.into_iter().chain(Self::SELDOM_LISTS_REFUSED) {
            let count = self.lists_refused.get(&(kind, code)).copied().unwrap_or(0);
            let _ = writeln!(text, "{kind:<24}{:<28}{count:>12}", code.name());
        }
        let (accepted, refused) =
            self.commands.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let _ = writeln!(
            text,
            "\n{} worlds; {accepted} commands accepted, {refused} refused; {} checks compared, {} of them allowed; {} reverse look-ups",
            self.worlds, self.checks, self.allowed, self.lookups
        );
        text
    }
}
