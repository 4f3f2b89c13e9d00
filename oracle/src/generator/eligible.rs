//! What somebody is eligible for: given, activated, activated again, given back, and ended by others and by time; mostly
//! such that all of it happens while the world goes on, and some at one moment.

use tenantry::base::ids::{SessionId, TenantId, UserId};
use tenantry::base::text::ReturnPlace;
use tenantry::base::time::Timestamp;
use tenantry::command::*;
use tenantry::model::{Actor, RoleRef, TenantKind, UserState};
use tenantry::policy::ActivationRule;

use super::temporary::{MINUTE, later};
use super::{Generator, word};
use crate::question::{Asked, ListQuestion, Turning};
use crate::world::{Link, Oracle, Temporary};

type Commands = Vec<(Actor, Command)>;

/// Somebody has to activate a role.
fn make_eligible(given: NewAssignment, starts: Option<Timestamp>, ends: Timestamp) -> Command {
    Assign { assignments: vec![given], starts, ends: Some(ends), eligible: true }.into()
}

fn activate(tenant: TenantId, role: &RoleRef, minutes: u32) -> Command {
    Activate { tenant, role: role.clone(), minutes, reason: word("SUP-7 as agreed") }.into()
}

impl Generator {
    pub(super) fn some_activation(&mut self) -> ActivationRule {
        let min_minutes = [0, 1, 5, 30, 31][self.rng.below(5)];
        let max_minutes = [0, 1, 30, 480, 1_440, 1_441][self.rng.below(6)];
        ActivationRule { min_minutes, max_minutes }
    }

    /// For how long something is activated that one is eligible for until a moment.
    fn minutes(&mut self, oracle: &Oracle, until: Timestamp) -> u32 {
        let rule = &oracle.policy.activation;
        let left = u32::try_from((until.micros() - self.now.micros()).max(0) / MINUTE).unwrap_or(u32::MAX);
        match self.rng.below(24) {
            0 => rule.min_minutes.saturating_sub(1),
            1 => rule.max_minutes.saturating_add(1),
            2 => left.saturating_add(1),
            3 | 4 => left,
            5 => [0, u32::MAX][self.rng.below(2)],
            6..=8 => rule.min_minutes + self.rng.below(30) as u32,
            _ => rule.min_minutes,
        }
    }

    /// Something that somebody is eligible for, of those that are wanted.
    fn some_eligible(
        &mut self,
        oracle: &Oracle,
        wanted: impl Fn(&Temporary) -> bool,
    ) -> Option<(UserId, TenantId, RoleRef, Timestamp)> {
        let eligible: Vec<&Temporary> =
            oracle.temporaries.iter().filter(|one| one.eligible && wanted(one)).collect();
        let one = self.rng.pick(&eligible)?;
        Some((one.given.user, one.given.tenant, one.given.role.clone(), one.ends))
    }

    /// One command about what somebody is eligible for: mostly its own user's, and mostly such that it may be done.
    pub(super) fn about_eligible(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let acts =
            |one: &Temporary| oracle.user(one.given.user).is_some_and(|it| it.state == UserState::Active);
        let active = |one: &Temporary| one.active_at(now).is_some();
        let gives_back = self.rng.percent(14);
        let found = match self.rng.below(100) {
            0..=9 => self.some_eligible(oracle, |_| true),
            _ if gives_back => self.some_eligible(oracle, active),
            10..=24 => self.some_eligible(oracle, |one| acts(one) && active(one)),
            _ => self.some_eligible(oracle, |one| acts(one) && one.can_be_activated(now)),
        };
        let Some((user, tenant, role, until)) = found else {
            return self.first_eligible(oracle);
        };
        let actor = match self.rng.below(100) {
            0..=89 => Actor::User(user),
            90..=94 => Actor::User(self.any_user(oracle)),
            95..=98 => self.operator(),
            _ => Actor::Clock,
        };
        let role = if self.rng.percent(4) { self.role_for(oracle, Some(user), tenant) } else { role };
        let tenant = if self.rng.percent(2) { self.living_tenant(oracle) } else { tenant };
        if gives_back {
            return (actor, Deactivate { tenant, role }.into());
        }
        let minutes = self.minutes(oracle, until);
        (actor, activate(tenant, &role, minutes))
    }

    /// Where there is nothing to activate, it is given, or tried all the same.
    fn first_eligible(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (user, tenant) = self.user_and_tenant(oracle);
        let role = self.role_for(oracle, Some(user), tenant);
        if self.rng.percent(12) {
            let minutes = self.minutes(oracle, self.now);
            return (Actor::User(user), activate(tenant, &role, minutes));
        }
        let (starts, ends) = self.a_while(oracle, Some((user, tenant)));
        let below = self.maybe_below();
        let assignments = vec![NewAssignment { user, tenant, role, below }];
        let home = oracle.user(user).map_or(tenant, |user| user.home);
        let actor = self.actor_for(oracle, "users.manage", home);
        (actor, Assign { assignments, starts, ends, eligible: true }.into())
    }

    /// A few commands in a row, the first first.
    pub(super) fn of_the_eligible(&mut self, oracle: &Oracle) -> Option<Commands> {
        match self.rng.below(22) {
            14..=17 => self.several_at_once(oracle),
            18..=21 => self.lay_over_the_last_while_locked(oracle),
            0..=2 => self.activate_and_end(oracle),
            3..=4 => self.lay_before_and_after(oracle),
            5 => self.at_one_moment(oracle),
            6 => self.as_many_as_there_can_be(oracle),
            7..=9 => self.could_become_a_super_admin(oracle),
            10 => self.could_become_less(oracle),
            11 => self.hand_on_what_is_active(oracle),
            12 => self.own_by_activating(oracle),
            _ => self.activate_in_vain(oracle),
        }
    }

    /// Somebody at an open home, and a tenant of theirs or below.
    fn somebody(&mut self, oracle: &Oracle) -> Option<(UserId, TenantId, TenantId)> {
        let now = self.now;
        let (user, home) = self.active_user(oracle, |_, home| oracle.is_open(home, now))?;
        let below: Vec<TenantId> = oracle.all_below(home, now).into_iter().collect();
        let below = self.rng.pick(&below).copied();
        let tenant = below.filter(|_| self.rng.percent(60)).unwrap_or(home);
        Some((user, home, tenant))
    }

    /// Who hands it out: an operator, or somebody who manages users there.
    fn giver(&mut self, oracle: &Oracle, home: TenantId) -> Actor {
        match self.rng.percent(60) {
            true => Actor::operator_for(self.ticket()),
            false => self.actor_for(oracle, "users.manage", home),
        }
    }

    /// It is activated, a console opened by it or another time activated, and then it ends in one way or another.
    fn activate_and_end(&mut self, oracle: &Oracle) -> Option<Commands> {
        let (user, home, tenant) = self.somebody(oracle)?;
        let giver = self.giver(oracle, home);
        let role = match self.rng.below(10) {
            0..=3 => RoleRef::Builtin(oracle.policy.admin_role.clone()),
            4..=5 => RoleRef::Builtin(word("no_access")),
            _ => self.role_for(oracle, Some(user), tenant),
        };
        let least = oracle.policy.activation.min_minutes;
        let (now, own) = (self.now, Actor::User(user));
        // By its own end it is named where that is known.
        self.at_once = self.rng.percent(30);
        let active = later(now, i64::from(least) * MINUTE);
        let ends = later(now, (i64::from(least) + 10 + self.rng.below(60) as i64) * MINUTE);
        let given = NewAssignment { user, tenant, role: role.clone(), below: self.maybe_below() };
        let mut commands = vec![
            (giver.clone(), make_eligible(given.clone(), None, ends)),
            (own.clone(), activate(tenant, &role, least)),
        ];
        // The odd one is given twice, for less long.
        if self.rng.percent(25) {
            let sooner = later(ends, -MINUTE);
            let twice = (giver.clone(), make_eligible(given.clone(), None, sooner));
            commands.insert(self.rng.below(3), twice);
        }
        if let Some(service) = self.services(oracle).into_iter().next()
            && self.rng.percent(50)
        {
            let session = Some(SessionId::from_uuid(self.fresh(11)));
            let return_to = word::<ReturnPlace>("https://example.com/back");
            commands.push((own.clone(), OpenConsole { tenant, service, return_to, session }.into()));
        }
        if self.rng.percent(35) {
            commands.push((own.clone(), activate(tenant, &role, least)));
        }
        let theirs = || vec![UserOnTenant { user, tenant }];
        match self.rng.below(9) {
            2..=6 if self.at_once => commands.push((
                giver,
                match self.rng.percent(60) {
                    true => Unassign { assignments: theirs(), ends: Some(active) }.into(),
                    false => Assign { ends: Some(active), ..Assign::new(vec![given]) }.into(),
                },
            )),
            0..=1 => commands.push((own, Deactivate { tenant, role }.into())),
            2 => commands.push((giver, Unassign { assignments: theirs(), ends: Some(ends) }.into())),
            3 => commands.push((giver, Unassign { assignments: theirs(), ends: None }.into())),
            4 => commands.push((giver, make_eligible(given, None, ends))),
            5 => commands.push((giver, Assign { ends: Some(ends), ..Assign::new(vec![given]) }.into())),
            6 => commands.push((giver, BlockUser { user }.into())),
            7 => commands.push((giver, RemoveUser { user }.into())),
            _ => {}
        }
        Some(commands)
    }

    /// Something less or more is laid over somebody before it is given to them and after that; it is taken away by who may hold less.
    fn lay_before_and_after(&mut self, oracle: &Oracle) -> Option<Commands> {
        let (user, home, tenant) = self.somebody(oracle)?;
        let operator = Actor::operator_for(self.ticket());
        let least = oracle.policy.activation.min_minutes;
        let now = self.now;
        let role = match self.rng.below(3) {
            0 => oracle.super_role(),
            1 => RoleRef::Builtin(oracle.policy.admin_role.clone()),
            _ => self.role_for(oracle, Some(user), tenant),
        };
        let ends = later(now, (i64::from(least) + 60) * MINUTE);
        let mut commands = Vec::new();
        let lay = |generator: &mut Self, until: Timestamp, commands: &mut Commands| {
            let role = match generator.rng.below(3) {
                0 => RoleRef::Builtin(word("no_access")),
                1 => RoleRef::Builtin(word("read_only")),
                _ => generator.role_for(oracle, Some(user), tenant),
            };
            let assignments = vec![NewAssignment { user, tenant, role, below: generator.maybe_below() }];
            let assign = Assign { ends: Some(until), ..Assign::new(assignments) };
            commands.push((operator.clone(), assign.into()));
        };
        let (before, after) = (later(ends, MINUTE), later(ends, 2 * MINUTE));
        if self.rng.percent(50) {
            lay(self, before, &mut commands);
        }
        let given = NewAssignment { user, tenant, role: role.clone(), below: self.maybe_below() };
        commands.push((operator.clone(), make_eligible(given, None, ends)));
        if self.rng.percent(70) {
            lay(self, after, &mut commands);
        }
        if self.rng.percent(70) {
            commands.push((Actor::User(user), activate(tenant, &role, least)));
        }
        for _ in 0..1 + self.rng.below(2) {
            let by = self.actor_for(oracle, "users.manage", home);
            let ends = [Some(before), Some(after), Some(after), Some(ends), None][self.rng.below(5)];
            commands.push((by, Unassign { assignments: vec![UserOnTenant { user, tenant }], ends }.into()));
        }
        Some(commands)
    }

    /// What is activated would end at the moment of another, or right before it, or with what it is activated of.
    fn at_one_moment(&mut self, oracle: &Oracle) -> Option<Commands> {
        let (user, _, tenant) = self.somebody(oracle)?;
        let operator = Actor::operator_for(self.ticket());
        let least = oracle.policy.activation.min_minutes;
        let end = later(self.now, i64::from(least) * MINUTE);
        let role = self.role_for(oracle, Some(user), tenant);
        let mut commands = Vec::new();
        let ends = match self.rng.percent(50) {
            true => end,
            false => later(end, 10 * MINUTE),
        };
        let given = || NewAssignment { user, tenant, role: role.clone(), below: None };
        commands.push((operator.clone(), make_eligible(given(), None, ends)));
        for before in 0..2 {
            let assign = Assign { ends: Some(later(end, -before)), ..Assign::new(vec![given()]) };
            if self.rng.percent(60) && later(end, -before) != ends {
                commands.push((operator.clone(), assign.into()));
            }
        }
        commands.push((Actor::User(user), activate(tenant, &role, least)));
        if self.rng.percent(40) {
            commands.push((Actor::User(user), activate(tenant, &role, least)));
        }
        self.at_once = true;
        Some(commands)
    }

    /// Seven or eight lie over each other, and one of them is activated, maybe again.
    fn as_many_as_there_can_be(&mut self, oracle: &Oracle) -> Option<Commands> {
        let (user, _, tenant) = self.somebody(oracle)?;
        let operator = Actor::operator_for(self.ticket());
        let least = oracle.policy.activation.min_minutes;
        let first = later(self.now, (i64::from(least) + 60) * MINUTE);
        let role = RoleRef::Builtin(oracle.policy.admin_role.clone());
        let mut commands = Vec::new();
        for number in 0..7 + self.rng.below(2) as i64 {
            let role = match number {
                0 => role.clone(),
                _ => self.role_for(oracle, Some(user), tenant),
            };
            let assignments = vec![NewAssignment { user, tenant, role, below: None }];
            let (ends, eligible) = (Some(later(first, number * MINUTE)), number == 0 || self.rng.percent(50));
            commands.push((operator.clone(), Assign { assignments, starts: None, ends, eligible }.into()));
        }
        commands.push((Actor::User(user), activate(tenant, &role, least)));
        if self.rng.percent(50) {
            commands.push((Actor::User(user), activate(tenant, &role, least)));
        }
        if self.rng.percent(50) {
            let assignments = vec![NewAssignment { user, tenant, role, below: None }];
            let ends = Some(later(first, -MINUTE));
            commands.push((operator, Assign { ends, ..Assign::new(assignments) }.into()));
        }
        Some(commands)
    }

    /// Somebody could become a super admin, and others who are none decide about them.
    fn could_become_a_super_admin(&mut self, oracle: &Oracle) -> Option<Commands> {
        let now = self.now;
        let lesser = |user, home| !oracle.is_super_on(user, home, now) && oracle.is_open(home, now);
        let (user, home) = self.active_user(oracle, lesser)?;
        let operator = Actor::operator_for(self.ticket());
        let role = match self.rng.percent(75) {
            true => oracle.super_role(),
            false => self.role_for(oracle, Some(user), home),
        };
        let least = oracle.policy.activation.min_minutes;
        let starts = self.rng.percent(30).then(|| later(now, 20 * MINUTE));
        let ends = later(now, (i64::from(least) + 60) * MINUTE);
        let given = NewAssignment { user, tenant: home, role: role.clone(), below: self.maybe_below() };
        let mut commands = vec![(operator, make_eligible(given, starts, ends))];
        if self.rng.percent(30) {
            commands.push((Actor::User(user), activate(home, &role, least)));
        }
        for _ in 0..1 + self.rng.below(3) {
            let by = match self.at_home(oracle, home) {
                Some(colleague) if self.rng.percent(40) => Actor::User(colleague),
                _ => self.actor_for(oracle, "users.manage", home),
            };
            let theirs = vec![UserOnTenant { user, tenant: home }];
            let command: Command = match self.rng.below(6) {
                0 => BlockUser { user }.into(),
                1 => RemoveUser { user }.into(),
                2 => Unassign { assignments: theirs, ends: Some(ends) }.into(),
                3 => Unassign { assignments: theirs, ends: None }.into(),
                _ => EditUser { user, name: Default::default(), email: Some(self.email()) }.into(),
            };
            commands.push((by, command));
        }
        Some(commands)
    }

    /// A super admin, be it the last one, could become less by what they are made eligible for, and does.
    fn could_become_less(&mut self, oracle: &Oracle) -> Option<Commands> {
        let now = self.now;
        let is_super = |user, home| oracle.is_super_on(user, home, now) && oracle.is_open(home, now);
        let (user, home) = self.active_user(oracle, is_super)?;
        let operator = Actor::operator_for(self.ticket());
        let least = oracle.policy.activation.min_minutes;
        let role = match self.rng.below(3) {
            0 => RoleRef::Builtin(word("no_access")),
            _ => self.role_for(oracle, Some(user), home),
        };
        let ends = later(now, (i64::from(least) + 60) * MINUTE);
        let given = NewAssignment { user, tenant: home, role: role.clone(), below: self.maybe_below() };
        let by = match self.rng.percent(40) {
            true => self.actor_for(oracle, "users.manage", home),
            false => operator.clone(),
        };
        let mut commands = Vec::new();
        if self.rng.percent(60) {
            let other = self.at_home(oracle, home)?;
            let another = NewAssignment { user: other, tenant: home, role: oracle.super_role(), below: None };
            commands.push((operator.clone(), Assign::new(vec![another]).into()));
        }
        if self.rng.percent(40) {
            let invitee = self.invitee(oracle);
            let role = self.role_for(oracle, None, home);
            commands
                .push((Actor::User(user), InviteUser { tenant: home, invitee, role, below: None }.into()));
        }
        commands.push((by, make_eligible(given, None, ends)));
        commands.push((Actor::User(user), activate(home, &role, least)));
        if self.rng.percent(50) {
            let others = oracle.active_super_admins(home, now);
            let other = self.rng.pick(&others).copied().filter(|other| *other != user);
            let blocks = other.unwrap_or(user);
            commands.push((operator, BlockUser { user: blocks }.into()));
        }
        if self.rng.percent(50) {
            commands.push((Actor::User(user), Deactivate { tenant: home, role }.into()));
        }
        Some(commands)
    }

    /// Somebody gets much by activating it and hands it on: for less long, for as long, for longer and for good.
    fn hand_on_what_is_active(&mut self, oracle: &Oracle) -> Option<Commands> {
        let now = self.now;
        let lesser = |user, home| !oracle.is_super_on(user, home, now) && oracle.is_open(home, now);
        let (giver, home) = self.active_user(oracle, lesser)?;
        let operator = Actor::operator_for(self.ticket());
        let least = oracle.policy.activation.min_minutes.max(5);
        let much = match self.rng.percent(60) {
            true => oracle.super_role(),
            false => RoleRef::Builtin(oracle.policy.admin_role.clone()),
        };
        let (active, ends) = (later(now, i64::from(least) * MINUTE), later(now, 24 * 60 * MINUTE));
        let given = NewAssignment { user: giver, tenant: home, role: much.clone(), below: Some(true) };
        let mut commands = vec![
            (operator, make_eligible(given, None, ends)),
            (Actor::User(giver), activate(home, &much, least)),
        ];
        for _ in 0..1 + self.rng.below(3) {
            let user = self.at_home(oracle, home)?;
            let role = match self.rng.percent(40) {
                true => much.clone(),
                false => self.role_for(oracle, Some(user), home),
            };
            let until =
                [None, Some(later(now, 2 * MINUTE)), Some(active), Some(later(active, MINUTE)), Some(ends)];
            let until = until[self.rng.below(5)];
            let assignments = vec![NewAssignment { user, tenant: home, role, below: self.maybe_below() }];
            let eligible = until.is_some() && self.rng.percent(40);
            let assign = Assign { assignments, starts: None, ends: until, eligible };
            commands.push((Actor::User(giver), assign.into()));
        }
        Some(commands)
    }

    /// Somebody at home where there never was a super admin becomes one by activating it.
    fn own_by_activating(&mut self, oracle: &Oracle) -> Option<Commands> {
        let operator = Actor::operator_for(self.ticket());
        let unowned = |tenant| oracle.living(tenant).is_some_and(|tenant| !tenant.had_owner);
        let homes: Vec<TenantId> =
            oracle.tenants.iter().map(|one| one.id).filter(|id| unowned(*id)).collect();
        let home = *self.rng.pick(&homes)?;
        let register = self.register_user(home, RoleRef::Builtin(word("read_only")));
        let user = register.user?;
        let least = oracle.policy.activation.min_minutes;
        let (role, ends) = (oracle.super_role(), later(self.now, (i64::from(least) + 60) * MINUTE));
        let given = NewAssignment { user, tenant: home, role: role.clone(), below: None };
        let commands: [(Actor, Command); 3] = [
            (operator.clone(), register.into()),
            (operator, make_eligible(given, None, ends)),
            (Actor::User(user), activate(home, &role, least)),
        ];
        Some(commands.into())
    }

    /// Somebody activates what has not begun, what is not theirs, or what they cannot because they are blocked or their home is
    /// disabled.
    fn activate_in_vain(&mut self, oracle: &Oracle) -> Option<Commands> {
        let (user, home, tenant) = self.somebody(oracle)?;
        let operator = Actor::operator_for(self.ticket());
        let least = oracle.policy.activation.min_minutes;
        let role = self.role_for(oracle, Some(user), tenant);
        let starts = self.rng.percent(40).then(|| later(self.now, 10 * MINUTE));
        let ends = later(self.now, (i64::from(least) + 20) * MINUTE);
        let given = NewAssignment { user, tenant, role: role.clone(), below: None };
        let mut commands = vec![(operator.clone(), make_eligible(given, starts, ends))];
        match self.rng.below(3) {
            0 => commands.push((operator.clone(), BlockUser { user }.into())),
            1 => commands.push((operator.clone(), DisableTenants { tenants: vec![home] }.into())),
            _ => {}
        }
        let minutes = self.minutes(oracle, ends);
        commands.push((Actor::User(user), activate(tenant, &role, minutes)));
        match self.rng.below(3) {
            0 => commands.push((operator.clone(), activate(tenant, &role, least))),
            1 => commands.push((operator.clone(), Deactivate { tenant, role }.into())),
            _ => commands.push((Actor::User(user), Deactivate { tenant, role }.into())),
        }
        if self.rng.percent(60) {
            commands.push((operator, EnableTenants { tenants: vec![home] }.into()));
        }
        Some(commands)
    }

    /// Somebody could activate much at home, and is kept from what lies below a manager further down, until they are eligible there for
    /// something that does not cover that; or it is taken away what covers this.
    fn several_at_once(&mut self, oracle: &Oracle) -> Option<Commands> {
        let now = self.now;
        let managers = |home| {
            let below = oracle.all_below(home, now).into_iter();
            below.filter(|id| oracle.tenant(*id).is_some_and(|one| one.kind == TenantKind::Msp))
        };
        let lesser = |user, home| {
            oracle.is_open(home, now)
                && !oracle.is_super_on(user, home, now)
                && managers(home).next().is_some()
        };
        let (user, home) = self.active_user(oracle, lesser)?;
        let middle = *self.rng.pick(&managers(home).collect::<Vec<_>>())?;
        let operator = Actor::operator_for(self.ticket());
        let least = oracle.policy.activation.min_minutes;
        let ends = later(now, (i64::from(least) + 90) * MINUTE);
        let much = match self.rng.below(4) {
            0 => RoleRef::Builtin(oracle.policy.admin_role.clone()),
            1 => self.role_for(oracle, Some(user), home),
            _ => oracle.super_role(),
        };
        let on = |tenant, role: &RoleRef, below| NewAssignment {
            user,
            tenant,
            role: role.clone(),
            below: Some(below),
        };
        let (nothing, little) = (RoleRef::Builtin(word("no_access")), RoleRef::Builtin(word("read_only")));
        let cover =
            Assign { ends: Some(later(ends, MINUTE)), ..Assign::new(vec![on(middle, &nothing, true)]) };
        let colleague = self.at_home(oracle, home).filter(|other| *other != user);
        let mut commands: Commands = Vec::new();
        let by = match colleague {
            // Who may give the one and does not hold the other.
            Some(other) if !oracle.is_super_on(other, home, now) && self.rng.percent(80) => {
                let role = RoleRef::Builtin(oracle.policy.admin_role.clone());
                let given = NewAssignment { user: other, tenant: home, role, below: Some(true) };
                commands.push((operator.clone(), Assign::new(vec![given]).into()));
                Actor::User(other)
            }
            _ if self.rng.percent(60) => {
                let mut register =
                    self.register_user(home, RoleRef::Builtin(oracle.policy.admin_role.clone()));
                register.below = Some(true);
                let new = Actor::User(register.user?);
                commands.push((operator.clone(), register.into()));
                new
            }
            _ => self.giver(oracle, home),
        };
        commands.push((operator.clone(), make_eligible(on(home, &much, true), None, ends)));
        let uncovers = make_eligible(on(middle, &little, self.rng.percent(15)), None, later(ends, -MINUTE));
        let theirs = || vec![UserOnTenant { user, tenant: middle }];
        if self.rng.percent(65) {
            commands.push((operator.clone(), cover.into()));
            commands.push((by.clone(), uncovers));
            if self.rng.percent(30) {
                let ends = Some(later(ends, MINUTE));
                commands.push((by, Unassign { assignments: theirs(), ends }.into()));
            }
        } else {
            commands.push((operator.clone(), uncovers));
            let over = cover.ends;
            commands.push((operator.clone(), cover.into()));
            if self.rng.percent(50) {
                commands.push((Actor::User(user), activate(middle, &little, least)));
            }
            let ends = [over, over, None][self.rng.below(3)];
            commands.push((by, Unassign { assignments: theirs(), ends }.into()));
        }
        if self.rng.percent(60) {
            commands.push((Actor::User(user), activate(home, &much, least)));
            commands.push((Actor::User(user), activate(middle, &little, least)));
        }
        Some(commands)
    }

    /// Something less is laid over the only super admin of a customer that is locked, and then the link is one that does not lock it:
    /// who is a super admin by what stands is blocked, removed, given something else and activates it.
    fn lay_over_the_last_while_locked(&mut self, oracle: &Oracle) -> Option<Commands> {
        let now = self.now;
        let operator = Actor::operator_for(self.ticket());
        // What such a link may become that leaves its customer the use of it.
        let opens = |link: &Link| {
            let terms = &oracle.terms[link.terms];
            let mut types = oracle.rule(link).converts_to.iter().filter_map(|to| terms.management(to));
            types.find(|rule| !rule.locks_customer).map(|rule| (rule.name.clone(), rule.delinkable))
        };
        let alone = |link: &&Link| {
            oracle.rule(link).locks_customer
                && opens(link).is_some()
                && oracle.links_above(link.managed, now).len() == 1
                && oracle.standing_super_admins(link.managed).len() < 2
        };
        let links: Vec<&Link> = oracle.links.iter().filter(|link| link.in_force(now)).filter(alone).collect();
        let link = (*self.rng.pick(&links)?).clone();
        let (home, mut commands) = (link.managed, Commands::new());
        let mut people = oracle.standing_super_admins(home);
        // Of two neither is the last.
        for _ in people.len()..1 + usize::from(self.rng.percent(25)) {
            let register = self.register_user(home, oracle.super_role());
            people.push(register.user?);
            commands.push((operator.clone(), register.into()));
        }
        let least = oracle.policy.activation.min_minutes;
        let role = match self.rng.below(4) {
            0 => RoleRef::Builtin(word("no_access")),
            1 => self.role_for(oracle, people.first().copied(), home),
            _ => RoleRef::Builtin(word("read_only")),
        };
        let ends = later(now, (i64::from(least) + 90) * MINUTE);
        let on = |user, role: &RoleRef| NewAssignment { user, tenant: home, role: role.clone(), below: None };
        let eligible = self.rng.percent(40);
        for user in &people {
            let starts = self.rng.percent(20).then(|| later(now, 40 * MINUTE));
            let assign = Assign { assignments: vec![on(*user, &role)], starts, ends: Some(ends), eligible };
            let by = match self.rng.percent(25) {
                true => self.actor_for(oracle, "users.manage", home),
                false => operator.clone(),
            };
            commands.push((by, assign.into()));
        }
        let (management, delinkable) = opens(&link)?;
        let owner = (delinkable && !eligible).then(|| self.invitee(oracle));
        commands.push((operator.clone(), ConvertLink { link: link.id, management, owner }.into()));
        for _ in 0..2 + self.rng.below(3) {
            let user = *self.rng.pick(&people)?;
            let by = match self.rng.percent(25) {
                true => self.actor_for(oracle, "users.manage", home),
                false => operator.clone(),
            };
            let both = self.rng.percent(40);
            let of = if both { people.clone() } else { vec![user] };
            let to = match self.rng.below(4) {
                0 => oracle.super_role(),
                1 => role.clone(),
                _ => self.role_for(oracle, Some(user), home),
            };
            let until = later(ends, (self.rng.below(3) as i64 - 1) * MINUTE);
            let starts = self.rng.percent(30).then(|| later(now, 45 * MINUTE));
            let assignments: Vec<_> = of.iter().map(|user| on(*user, &to)).collect();
            let theirs = || of.iter().map(|user| UserOnTenant { user: *user, tenant: home }).collect();
            let (by, command): (Actor, Command) = match self.rng.below(10) {
                0 => (by, BlockUser { user }.into()),
                1 => (by, RemoveUser { user }.into()),
                2 => (by, Unassign { assignments: theirs(), ends: None }.into()),
                3 => (by, Unassign { assignments: theirs(), ends: Some(ends) }.into()),
                4 => (by, Assign::new(assignments).into()),
                5 => {
                    let eligible = self.rng.percent(50);
                    (by, Assign { assignments, starts, ends: Some(until), eligible }.into())
                }
                6 => (by, Assign { starts, ends: Some(until), ..Assign::new(assignments) }.into()),
                _ => (Actor::User(user), activate(home, &role, least)),
            };
            commands.push((by, command));
        }
        Some(commands)
    }

    /// Somebody asks what they may activate, mostly one who may.
    pub(super) fn about_ones_own(
        &mut self,
        oracle: &Oracle,
        at: Timestamp,
        turning: Turning,
    ) -> ListQuestion {
        let found = self.some_eligible(oracle, |one| at < one.ends);
        let viewer = match (found, self.rng.below(100)) {
            (Some((user, ..)), 0..=79) => Actor::User(user),
            (_, 95..) => self.operator(),
            _ => Actor::User(self.any_user(oracle)),
        };
        ListQuestion { viewer, asked: Asked::EligibleRoles(turning), at }
    }
}
