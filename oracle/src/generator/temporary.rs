//! Roles for a while: given, laid over each other, handed on, taken away; mostly such that they begin and end while the
//! world goes on, and some at the very microsecond at which something else happens.

use tenantry::base::ids::{InvitationId, RoleId, SessionId, TenantId, UserId};
use tenantry::base::text::ReturnPlace;
use tenantry::base::time::Timestamp;
use tenantry::command::*;
use tenantry::model::{Actor, RoleRef, UserState};
use tenantry::query::{Question, TemporaryFilter};

use super::{Generator, word};
use crate::question::{Asked, ListQuestion, Turning};
use crate::world::{Oracle, Temporary};

pub(super) const MINUTE: i64 = 60_000_000;

/// When it ends, and when it is no longer active.
fn ends_of(one: &Temporary) -> impl Iterator<Item = Timestamp> {
    [one.ends].into_iter().chain(one.active.map(|active| active.ends))
}

pub(super) fn later(moment: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(moment.micros() + micros).unwrap()
}

impl Generator {
    /// A moment at which something that is given for a while begins or ends, or one beside it, if that is to come.
    pub(super) fn a_turn(&mut self, oracle: &Oracle) -> Option<Timestamp> {
        let moments = oracle.temporaries.iter().flat_map(Temporary::turns);
        let moments: Vec<Timestamp> = moments.filter(|moment| *moment > self.now).collect();
        let moment = *self.rng.pick(&moments)?;
        Some(later(moment, self.rng.below(3) as i64 - 1).max(self.now))
    }

    /// From when on and until when something is given to somebody somewhere: mostly for a while within an hour.
    pub(super) fn a_while(
        &mut self,
        oracle: &Oracle,
        pair: Option<(UserId, TenantId)>,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        let (now, most) = (self.now, oracle.policy.temporary.max_days);
        let mut moments = self.due_moments(oracle);
        moments.retain(|moment| *moment > now);
        let theirs = |one: &&Temporary| Some((one.given.user, one.given.tenant)) == pair;
        let laid: Vec<Timestamp> = oracle.temporaries.iter().filter(theirs).flat_map(ends_of).collect();
        let soon = later(now, 1 + self.rng.below(60 * MINUTE as usize) as i64);
        let ends = match self.rng.below(100) {
            0..=44 => soon,
            45..=57 => later(now, 1 + self.rng.below(72 * 60 * MINUTE as usize) as i64),
            58..=66 => now.plus_days(1 + self.rng.below(40) as u32),
            67..=76 => match self.rng.pick(&moments) {
                Some(moment) => later(*moment, self.rng.below(3) as i64 - 1),
                None => soon,
            },
            77..=86 => self.rng.pick(&laid).copied().unwrap_or(soon),
            87..=89 => later(now.plus_days(most), self.rng.below(2) as i64),
            90..=91 => now.plus_days(most + 1 + self.rng.below(20) as u32),
            92..=93 => later(now, -(self.rng.below(2) as i64)),
            _ => later(now, 1 + self.rng.below(3) as i64),
        };
        let between = (ends.micros() - now.micros()).max(1) as usize;
        let starts = match self.rng.below(100) {
            0..=54 => None,
            55..=59 => Some(later(now, -(self.rng.below(60 * MINUTE as usize) as i64))),
            60..=61 => Some(now),
            62 => Some(ends),
            63 => Some(later(ends, self.rng.below(MINUTE as usize) as i64)),
            64..=71 => self.rng.pick(&moments).copied().filter(|moment| *moment < ends),
            72..=75 => Some(later(ends, -1)),
            _ => Some(later(now, self.rng.below(between) as i64)),
        };
        match self.rng.below(100) {
            0..=1 => (starts, None),
            _ => (starts, Some(ends)),
        }
    }

    /// How somebody who has something for a while is mostly taken it: by its end.
    pub(super) fn an_end(&mut self, oracle: &Oracle, pair: Option<&UserOnTenant>) -> Option<Timestamp> {
        let theirs = |one: &&Temporary| {
            pair.is_some_and(|on| one.given.user == on.user && one.given.tenant == on.tenant)
        };
        let laid: Vec<Timestamp> = oracle.temporaries.iter().filter(theirs).flat_map(ends_of).collect();
        match self.rng.pick(&laid) {
            Some(ends) if self.rng.percent(60) => Some(*ends),
            _ if self.rng.percent(4) => Some(later(self.now, self.rng.below(MINUTE as usize) as i64)),
            _ => None,
        }
    }

    /// A few commands in a row, the first first, about what is given for a while.
    pub(super) fn for_a_while(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        match self.rng.below(11) {
            0 => self.lay_over_each_other(oracle),
            1..=4 => self.hand_on(oracle),
            5..=7 => self.lay_over_a_super_admin(oracle),
            8 => self.work_for_a_while(oracle),
            9 => self.role_for_a_while(oracle),
            _ => self.own_for_a_while(oracle),
        }
    }

    pub(super) fn active_user(
        &mut self,
        oracle: &Oracle,
        wanted: impl Fn(UserId, TenantId) -> bool,
    ) -> Option<(UserId, TenantId)> {
        let active = oracle.users.iter().filter(|user| user.state == UserState::Active);
        let fitting = active.map(|user| (user.id, user.home)).filter(|(user, home)| wanted(*user, *home));
        let fitting: Vec<(UserId, TenantId)> = fitting.collect();
        self.rng.pick(&fitting).copied()
    }

    /// As many as there can be, and one more; or one in place of another.
    fn lay_over_each_other(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        let operator = Actor::operator_for(self.ticket());
        let (user, tenant) = self.user_and_tenant(oracle);
        let first = later(self.now, 90 * MINUTE);
        let mut commands = Vec::new();
        for number in 0..9 {
            let ends = match number {
                8 if self.rng.percent(40) => first,
                _ => later(first, number * MINUTE),
            };
            let starts =
                self.rng.percent(40).then(|| later(self.now, self.rng.below(90 * MINUTE as usize) as i64));
            let role = self.role_for(oracle, Some(user), tenant);
            let assignments = vec![NewAssignment { user, tenant, role, below: self.maybe_below() }];
            commands.push((
                operator.clone(),
                Assign { starts, ends: Some(ends), ..Assign::new(assignments) }.into(),
            ));
        }
        match self.rng.below(3) {
            0 => commands.push((operator, RemoveUser { user }.into())),
            1 => commands.push((operator, BlockUser { user }.into())),
            _ => {}
        }
        Some(commands)
    }

    /// A role of somebody's home is given for a while alone, and deleted.
    fn role_for_a_while(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        let operator = Actor::operator_for(self.ticket());
        let now = self.now;
        let (user, tenant) = self.active_user(oracle, |_, home| oracle.is_open(home, now))?;
        let role = RoleId::from_uuid(self.fresh(6));
        let name = word(&format!("For a while {}", self.made));
        let permissions = [word("tenant.view")].into();
        let create = CreateRole { role: Some(role), tenant, name, permissions };
        let starts = self.rng.percent(50).then(|| later(self.now, 10 * MINUTE));
        let ends = Some(later(self.now, 20 * MINUTE));
        let assignments = vec![NewAssignment { user, tenant, role: RoleRef::Custom(role), below: None }];
        let assign = Assign { assignments, starts, ends, eligible: self.rng.percent(30) };
        let remove: Command = match self.rng.percent(70) {
            true => DeleteRole { role }.into(),
            false => RemoveUser { user }.into(),
        };
        let commands: [Command; 3] = [create.into(), assign.into(), remove];
        Some(commands.into_iter().map(|command| (operator.clone(), command)).collect())
    }

    /// Somebody gets much for a while and hands it on: for less long, for as long, for longer and for good.
    fn hand_on(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        let operator = Actor::operator_for(self.ticket());
        let now = self.now;
        let lesser = |user, home| !oracle.is_super_on(user, home, now) && oracle.is_open(home, now);
        let (giver, home) = self.active_user(oracle, lesser)?;
        let (starts, ends) = (self.now, later(self.now, (10 + self.rng.below(60) as i64) * MINUTE));
        let much = match self.rng.percent(60) {
            true => oracle.super_role(),
            false => RoleRef::Builtin(oracle.policy.admin_role.clone()),
        };
        let given = NewAssignment { user: giver, tenant: home, role: much.clone(), below: Some(true) };
        let mut commands = vec![(operator, Assign { ends: Some(ends), ..Assign::new(vec![given]) }.into())];
        for _ in 0..2 + self.rng.below(3) {
            let user = self.at_home(oracle, home)?;
            let below: Vec<TenantId> = oracle.all_below(home, self.now).into_iter().collect();
            let below = self.rng.pick(&below).copied();
            let tenant = below.filter(|_| self.rng.percent(40)).unwrap_or(home);
            let role = match self.rng.percent(40) {
                true => much.clone(),
                false => self.role_for(oracle, Some(user), tenant),
            };
            let until = match self.rng.below(8) {
                0..=2 => Some(later(starts, 5 * MINUTE + self.rng.below(5 * MINUTE as usize) as i64)),
                3 => Some(ends),
                4 => Some(later(ends, 1)),
                5 => Some(later(ends, self.rng.below(60 * MINUTE as usize) as i64)),
                _ => None,
            };
            let from = until.filter(|_| self.rng.percent(40)).map(|until| later(until, -MINUTE));
            let assignments = vec![NewAssignment { user, tenant, role, below: self.maybe_below() }];
            let command: Command = match self.rng.below(10) {
                0 => Unassign { assignments: vec![UserOnTenant { user, tenant }], ends: None }.into(),
                1 => {
                    let invitee = self.invitee(oracle);
                    let role = self.role_for(oracle, None, home);
                    InviteUser { tenant: home, invitee, role, below: None }.into()
                }
                2 => EditUser { user, name: Default::default(), email: Some(self.email()) }.into(),
                3 => BlockUser { user }.into(),
                _ => {
                    let eligible = until.is_some() && self.rng.percent(30);
                    Assign { assignments, starts: from, ends: until, eligible }.into()
                }
            };
            commands.push((Actor::User(giver), command));
        }
        Some(commands)
    }

    /// A super admin invites somebody, and something less is laid over them; or over the last of them.
    fn lay_over_a_super_admin(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        let operator = Actor::operator_for(self.ticket());
        let now = self.now;
        let is_super = |user, home| oracle.is_super_on(user, home, now) && oracle.is_open(home, now);
        let (user, home) = self.active_user(oracle, is_super)?;
        let mut commands: Vec<(Actor, Command)> = Vec::new();
        let others: Vec<UserId> =
            oracle.active_super_admins(home, now).into_iter().filter(|other| *other != user).collect();
        if others.is_empty() && self.rng.percent(70) {
            // Somebody is left, then.
            let other = self.at_home(oracle, home)?;
            let assignments =
                vec![NewAssignment { user: other, tenant: home, role: oracle.super_role(), below: None }];
            commands.push((operator.clone(), Assign::new(assignments).into()));
        }
        if self.rng.percent(60) {
            let mut invitee = self.invitee(oracle);
            invitee.invitation = Some(InvitationId::from_uuid(self.fresh(5)));
            invitee.user = Some(UserId::from_uuid(self.fresh(2)));
            let role = self.role_for(oracle, None, home);
            commands
                .push((Actor::User(user), InviteUser { tenant: home, invitee, role, below: None }.into()));
        }
        let role = match self.rng.below(3) {
            0 => RoleRef::Builtin(word("no_access")),
            1 => RoleRef::Builtin(word("read_only")),
            _ => self.role_for(oracle, Some(user), home),
        };
        let starts = self.rng.percent(50).then(|| later(now, self.rng.below(30 * MINUTE as usize) as i64));
        let ends = later(now, 30 * MINUTE + self.rng.below(60 * MINUTE as usize) as i64);
        let by = match self.rng.pick(&others) {
            Some(other) if self.rng.percent(60) => Actor::User(*other),
            _ => operator,
        };
        let assignments = vec![NewAssignment { user, tenant: home, role, below: self.maybe_below() }];
        commands.push((by.clone(), Assign { starts, ends: Some(ends), ..Assign::new(assignments) }.into()));
        for _ in 0..self.rng.below(3) {
            let other = self.at_home(oracle, home)?;
            let role = self.role_for(oracle, Some(other), home);
            let assignments = vec![NewAssignment { user: other, tenant: home, role, below: None }];
            let until = self.rng.percent(50).then(|| later(now, self.rng.below(90 * MINUTE as usize) as i64));
            commands.push((Actor::User(user), Assign { ends: until, ..Assign::new(assignments) }.into()));
        }
        if self.rng.percent(40) {
            let assignments = vec![UserOnTenant { user, tenant: home }];
            commands.push((by, Unassign { assignments, ends: Some(ends) }.into()));
        }
        Some(commands)
    }

    /// Somebody gets a right for some minutes and opens a console with it.
    fn work_for_a_while(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        let operator = Actor::operator_for(self.ticket());
        let now = self.now;
        let may = |user, on| oracle.check(&Question::new(user, word("console.open"), on), now).0;
        let without = |user, home| !may(user, home) && oracle.is_open(home, now);
        let (user, home) = self.active_user(oracle, without)?;
        let places: Vec<TenantId> = oracle.all_below(home, now).into_iter().chain([home]).collect();
        let tenant = *self.rng.pick(&places)?;
        let service = self.services(oracle).into_iter().next()?;
        let role = RoleRef::Builtin(oracle.policy.admin_role.clone());
        let ends = Some(later(now, (3 + self.rng.below(20) as i64) * MINUTE));
        let assignments = vec![NewAssignment { user, tenant, role, below: None }];
        let session = Some(SessionId::from_uuid(self.fresh(11)));
        let return_to = word::<ReturnPlace>("https://example.com/back");
        let mut commands: Vec<(Actor, Command)> = vec![
            (operator.clone(), Assign { ends, ..Assign::new(assignments) }.into()),
            (Actor::User(user), OpenConsole { tenant, service, return_to, session }.into()),
        ];
        if self.rng.percent(30) {
            // What is laid over it takes it away before.
            let role = RoleRef::Builtin(word("no_access"));
            let assignments = vec![NewAssignment { user, tenant, role, below: None }];
            let starts = Some(later(now, 2 * MINUTE));
            let ends = ends.map(|ends| later(ends, MINUTE));
            commands.push((operator, Assign { starts, ends, ..Assign::new(assignments) }.into()));
        }
        Some(commands)
    }

    /// Somebody at home where there never was a super admin becomes one for a while, at once or later.
    fn own_for_a_while(&mut self, oracle: &Oracle) -> Option<Vec<(Actor, Command)>> {
        let operator = Actor::operator_for(self.ticket());
        let unowned = |tenant| oracle.living(tenant).is_some_and(|tenant| !tenant.had_owner);
        let mut commands: Vec<(Actor, Command)> = Vec::new();
        let (user, home) = match self.active_user(oracle, |_, home| unowned(home)) {
            Some(found) => found,
            None => {
                let homes: Vec<TenantId> =
                    oracle.tenants.iter().map(|one| one.id).filter(|id| unowned(*id)).collect();
                let home = *self.rng.pick(&homes)?;
                let register = self.register_user(home, RoleRef::Builtin(word("read_only")));
                let user = register.user?;
                commands.push((operator.clone(), register.into()));
                (user, home)
            }
        };
        let starts =
            self.rng.percent(60).then(|| later(self.now, self.rng.below(20 * MINUTE as usize) as i64));
        let ends = Some(later(self.now, 20 * MINUTE + self.rng.below(20 * MINUTE as usize) as i64));
        let assignments = vec![NewAssignment { user, tenant: home, role: oracle.super_role(), below: None }];
        commands.push((operator, Assign { starts, ends, ..Assign::new(assignments) }.into()));
        if self.rng.percent(30) {
            commands.push((self.operator(), BlockUser { user }.into()));
            commands.push((self.operator(), UnblockUser { user }.into()));
        }
        Some(commands)
    }

    /// A question about what is given for a while, mostly where there is something, or above that.
    pub(super) fn about_temporaries(
        &mut self,
        oracle: &Oracle,
        at: Timestamp,
        turning: Turning,
    ) -> ListQuestion {
        if self.rng.percent(30) {
            return self.about_ones_own(oracle, at, turning);
        }
        let now = self.now;
        let laid: Vec<TenantId> = oracle.temporaries.iter().map(|one| one.given.tenant).collect();
        let tenant = match self.rng.pick(&laid) {
            Some(tenant) if self.rng.percent(85) => {
                let above: Vec<TenantId> =
                    oracle.links_above(*tenant, now).iter().map(|link| link.manager).collect();
                self.rng.pick(&above).copied().filter(|_| self.rng.percent(50)).unwrap_or(*tenant)
            }
            _ => self.living_tenant(oracle),
        };
        let filter = TemporaryFilter {
            role: self.rng.percent(15).then(|| self.role_for(oracle, None, tenant)),
            user: self.rng.percent(15).then(|| self.any_user(oracle)),
            begun: self.rng.percent(25).then(|| self.rng.percent(50)),
            eligible: self.rng.percent(25).then(|| self.rng.percent(60)),
        };
        let viewer = match self.at_home(oracle, tenant) {
            Some(colleague) if self.rng.percent(12) => Actor::User(colleague),
            _ => self.actor_for(oracle, "users.view", tenant),
        };
        ListQuestion { viewer, asked: Asked::TemporaryAccess(tenant, filter, turning), at }
    }
}
