//! Questions about lists, mail and the audit.

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::Number;
use tenantry::base::time::Timestamp;
use tenantry::command::Command;
use tenantry::model::{Actor, HandshakeState, ResellerStatus, Stage, UserState};
use tenantry::query::{
    AssignmentFilter, AuditFilter, BarredManagerFilter, BarredManagerSort, CustomerFilter, CustomerSort,
    DeviceFilter, IntegrationFilter, IntegrationSort, InvitationFilter, LicenceFilter, LicenceSort,
    LinkFilter, LinkRequestFilter, ManagerFilter, ManagerInvitationFilter, ManagerSort, MoveFilter,
    ProposalFilter, ResellerFilter, ResellerSort, RoleFilter, SessionFilter, UserFilter, UserSort,
};
use tenantry::testkit::inside::Rng;

use super::{Generator, word};
use crate::dealings::list_of_links;
use crate::inviting::list_of_invitations;
use crate::lists::list_of_requests;
use crate::question::{Asked, ListQuestion, Turning};
use crate::world::{LinkRequest, ManagerInvitation, Move, Oracle, Proposal, User};

impl Generator {
    /// A random question about a list, mostly from somebody who may ask it.
    pub fn list_question(&mut self, oracle: &Oracle, at: Timestamp) -> ListQuestion {
        let now = self.now;
        let turning = Turning { limit: 1 + self.rng.below(5), descending: self.rng.percent(50) };
        if let Some((user, link)) = self.kept_off(oracle)
            && self.rng.percent(12)
        {
            let manager = link.manager;
            let stage = Some(Stage::Delinked);
            let asked = match self.rng.below(4) {
                0 => Asked::LinkTerms(link.id),
                1 => {
                    let filter = LinkRequestFilter { sent: true, state: None };
                    Asked::LinkRequests(manager, filter, turning)
                }
                2 if oracle.journal.is_some() => {
                    Asked::Audit(manager, self.audit_filter(oracle), turning.limit * 20)
                }
                _ => Asked::Customers(manager, CustomerFilter { stage, ..Default::default() }, turning),
            };
            return ListQuestion { viewer: Actor::User(user), asked, at };
        }
        let managing = |t: &crate::world::Tenant| !t.deleted && !oracle.links_below(t.id, now).is_empty();
        let (asked, permission, about) = match self.rng.below(100) {
            0..=15 => {
                let manager = self.tenant_where(oracle, managing);
                (Asked::Customers(manager, self.customer_query(oracle), turning), "customers.list", manager)
            }
            16..=18 => {
                let tenant = self.tenant_where(oracle, |tenant| {
                    oracle.requests.iter().any(|one| one.manager == tenant.id || one.managed == tenant.id)
                });
                let (sent, state) = (self.rng.percent(60), self.some_state());
                let filter = LinkRequestFilter { sent, state };
                (Asked::LinkRequests(tenant, filter, turning), list_of_requests(sent), tenant)
            }
            19..=23 => {
                let link = self.link_in_force(oracle);
                let customer = if self.rng.percent(85) { link.managed } else { self.living_tenant(oracle) };
                (Asked::Customer(link.manager, customer), "customers.list", link.manager)
            }
            24..=33 => {
                let tenant = self.living_tenant(oracle);
                (Asked::Users(tenant, self.user_query(), turning), "users.view", tenant)
            }
            34..=43 => {
                let shared = |t: &crate::world::Tenant| {
                    oracle.integrations.iter().any(|one| one.owner == t.id || one.attached.contains(&t.id))
                };
                let tenant = self.tenant_where(oracle, shared);
                (
                    Asked::Integrations(tenant, self.integration_query(oracle), turning),
                    "integrations.view",
                    tenant,
                )
            }
            44..=48 => {
                let tenant =
                    self.tenant_where(oracle, |tenant| !tenant.deleted && oracle.held_devices(tenant.id) > 0);
                (Asked::Devices(tenant, self.device_query(oracle), turning), "devices.view", tenant)
            }
            49..=53 => {
                let (device, holder) = self.some_device(oracle);
                (Asked::Device(device), "devices.view", holder)
            }
            54..=63 => {
                let reseller = self.reseller(oracle);
                let query = self.reseller_query(oracle);
                (Asked::ResellerCustomers(reseller, query, turning), "devices.view", reseller)
            }
            64..=68 => {
                // Mostly one that is not under today's, or is about to be.
                let today = oracle.terms_today();
                let link = self.link_where(oracle, |link| oracle.differs(link, today));
                (Asked::LinkTerms(link.id), "tenant.view", link.managed)
            }
            69 => {
                let tenant = match self.rng.pick(&oracle.manager_invitations) {
                    Some(one) if self.rng.percent(50) => one.tenant,
                    Some(one) => one.manager,
                    None => self.living_tenant(oracle),
                };
                let (sent, state) = (self.rng.percent(50), self.some_state());
                let filter = ManagerInvitationFilter { sent, state };
                (Asked::ManagerInvitations(tenant, filter, turning), list_of_invitations(sent), tenant)
            }
            70 => {
                let tenant = match self.rng.pick(&oracle.barred) {
                    Some((by, ..)) if self.rng.percent(90) => *by,
                    _ => self.living_tenant(oracle),
                };
                let sort = [BarredManagerSort::Since, BarredManagerSort::Number][self.rng.below(2)];
                let filter = BarredManagerFilter { text: self.text(), sort };
                (Asked::BarredManagers(tenant, filter, turning), list_of_invitations(true), tenant)
            }
            71..=72 => {
                let tenant = self.living_tenant(oracle);
                let number = oracle.tenant(tenant).map_or_else(|| word("NOWHERE"), |t| t.number.clone());
                (Asked::LookUp(number), "customers.add", self.living_tenant(oracle))
            }
            73..=75 => (Asked::Pins, "tenant.view", self.living_tenant(oracle)),
            76..=80 => {
                let tenant = self.living_tenant(oracle);
                (Asked::ServiceMail(tenant), "tenant.view", tenant)
            }
            81..=86 => {
                let tenant = match self.rng.pick(&oracle.alert_rules) {
                    Some(rule) if self.rng.percent(80) => rule.tenant,
                    _ => self.living_tenant(oracle),
                };
                (Asked::Alerts(tenant, self.category()), "alerts.view", tenant)
            }
            _ if oracle.journal.is_some() => {
                let tenant = self.living_tenant(oracle);
                (Asked::Audit(tenant, self.audit_filter(oracle), turning.limit * 20), "audit.view", tenant)
            }
            _ => (Asked::Pins, "tenant.view", self.living_tenant(oracle)),
        };
        ListQuestion { viewer: self.actor_for(oracle, permission, about), asked, at }
    }

    /// What a number stood for, of a tenant that is called otherwise by now, if there is one.
    pub fn look_up_of_a_past(
        &mut self,
        then: &Oracle,
        today: &Oracle,
        at: Timestamp,
    ) -> Option<ListQuestion> {
        let numbers = today.tenants.iter().map(|tenant| tenant.number.clone());
        let other = |number: &Number| {
            let stood_for = then.numbered(number);
            stood_for.is_ok() && stood_for != today.numbered(number)
        };
        let numbers: Vec<Number> = numbers.filter(other).collect();
        let number = self.rng.pick(&numbers)?.clone();
        let manager = self.msp(today);
        let viewer = self.actor_for(today, "customers.add", manager);
        Some(ListQuestion { viewer, asked: Asked::LookUp(number), at })
    }

    /// A random question about what lies on somebody's desk, by dice of its own: whoever plays on is not disturbed.
    pub fn desk_question(&mut self, oracle: &Oracle, at: Timestamp, dice: &mut Rng) -> ListQuestion {
        std::mem::swap(&mut self.rng, dice);
        let question = self.about_a_desk(oracle, at);
        std::mem::swap(&mut self.rng, dice);
        question
    }

    fn about_a_desk(&mut self, oracle: &Oracle, at: Timestamp) -> ListQuestion {
        let turning = Turning { limit: 1 + self.rng.below(5), descending: self.rng.percent(50) };
        let about = |viewer, asked| ListQuestion { viewer, asked, at };
        match self.rng.below(46) {
            43.. => self.about_temporaries(oracle, at, turning),
            38..=42 => self.about_external_ids(oracle, at, turning),
            36..=37 => self.about_a_person(oracle, at),
            roll @ 16.. => self.about_dealings(oracle, at, turning, roll - 16),
            10 => {
                let home = self.living_tenant(oracle);
                about(self.actor_for(oracle, "tenant.view", home), Asked::Places(self.text(), turning))
            }
            11 => {
                let tenant = self.living_tenant(oracle);
                about(self.actor_for(oracle, "tenant.view", tenant), Asked::Settings(tenant))
            }
            12..=13 => {
                let tenant = self.tenant_where(oracle, |t| oracle.roles.iter().any(|one| one.tenant == t.id));
                let permission = self.rng.percent(20).then(|| self.permission(oracle));
                let filter = RoleFilter { text: self.text(), permission };
                about(self.actor_for(oracle, "users.view", tenant), Asked::Roles(tenant, filter, turning))
            }
            14..=15 => {
                let tenant = self.link_in_force(oracle).managed;
                let filter = ManagerFilter {
                    service: self.service(oracle).filter(|_| self.rng.percent(20)),
                    management: self.rng.percent(15).then(|| self.management(oracle)),
                    sort: [ManagerSort::Name, ManagerSort::Since][self.rng.below(2)],
                };
                about(self.actor_for(oracle, "tenant.view", tenant), Asked::Managers(tenant, filter, turning))
            }
            0..=1 => {
                let tenant =
                    self.tenant_where(oracle, |t| oracle.invitations.iter().any(|one| one.tenant == t.id));
                let viewer = self.actor_for(oracle, "users.view", tenant);
                about(
                    viewer,
                    Asked::Invitations(tenant, InvitationFilter { state: self.some_state() }, turning),
                )
            }
            2 => {
                let sent = self.rng.percent(50);
                let party = |one: &ManagerInvitation| if sent { one.tenant } else { one.manager };
                let tenant = self.tenant_where(oracle, |t| {
                    oracle.manager_invitations.iter().any(|one| party(one) == t.id)
                });
                let viewer = self.actor_for(oracle, list_of_invitations(sent), tenant);
                let filter = ManagerInvitationFilter { sent, state: self.some_state() };
                about(viewer, Asked::ManagerInvitations(tenant, filter, turning))
            }
            3 => {
                let sent = self.rng.percent(50);
                let party = |one: &LinkRequest| if sent { one.manager } else { one.managed };
                let tenant =
                    self.tenant_where(oracle, |t| oracle.requests.iter().any(|one| party(one) == t.id));
                let viewer = self.actor_for(oracle, list_of_requests(sent), tenant);
                let filter = LinkRequestFilter { sent, state: self.some_state() };
                about(viewer, Asked::LinkRequests(tenant, filter, turning))
            }
            _ => {
                // Mostly somebody whom something awaits.
                let awaited: Vec<UserId> = oracle
                    .users
                    .iter()
                    .map(|user| user.id)
                    .filter(|user| {
                        oracle.awaiting(&Actor::User(*user), at).is_ok_and(|rows| !rows.is_empty())
                    })
                    .collect();
                let viewer = match self.rng.pick(&awaited) {
                    Some(user) if self.rng.percent(60) => Actor::User(*user),
                    _ if self.rng.percent(5) => self.operator(),
                    _ => Actor::User(self.any_user(oracle)),
                };
                about(viewer, Asked::Awaiting(turning))
            }
        }
    }

    /// A random question about what two sides have to do with each other, or about what is one's own.
    fn about_dealings(
        &mut self,
        oracle: &Oracle,
        at: Timestamp,
        turning: Turning,
        roll: usize,
    ) -> ListQuestion {
        let about = |viewer, asked| ListQuestion { viewer, asked, at };
        let side = self.rng.percent(50);
        let state = self.some_state();
        match roll {
            0..=1 => {
                let link = self.link_where(oracle, |_| true);
                let tenant = if side { link.manager } else { link.managed };
                let ended = self.rng.percent(40).then(|| self.rng.percent(50));
                let viewer = match self.kept_off(oracle) {
                    Some((user, _)) if self.rng.percent(20) => Actor::User(user),
                    _ => self.actor_for(oracle, list_of_links(side), tenant),
                };
                about(viewer, Asked::Links(tenant, LinkFilter { manages: side, ended }, turning))
            }
            2..=3 => {
                let party = |one: &Proposal| if side { one.manager } else { one.managed };
                let tenant =
                    self.tenant_where(oracle, |t| oracle.proposals.iter().any(|one| party(one) == t.id));
                let viewer = self.actor_for(oracle, list_of_requests(side), tenant);
                about(viewer, Asked::Proposals(tenant, ProposalFilter { sent: side, state }, turning))
            }
            4..=5 => {
                let party = |one: &Move| if side { one.manager } else { one.customer };
                let tenant = self.tenant_where(oracle, |t| oracle.moves.iter().any(|one| party(one) == t.id));
                let viewer = self.actor_for(oracle, "devices.view", tenant);
                about(viewer, Asked::Moves(tenant, MoveFilter { sent: side, state }, turning))
            }
            6..=7 => {
                let reseller =
                    self.tenant_where(oracle, |t| oracle.uploads.iter().any(|one| one.reseller == t.id));
                about(self.actor_for(oracle, "devices.view", reseller), Asked::Uploads(reseller, turning))
            }
            8 => {
                let tenant = self
                    .tenant_where(oracle, |t| oracle.reseller_customers.iter().any(|one| one.tenant == t.id));
                about(self.actor_for(oracle, "devices.manage", tenant), Asked::Resellers(tenant, turning))
            }
            9..=10 => {
                let tenant =
                    self.tenant_where(oracle, |t| oracle.alert_rules.iter().any(|one| one.tenant == t.id));
                about(self.actor_for(oracle, "alerts.view", tenant), Asked::AlertRules(tenant, turning))
            }
            16..=17 => {
                let tenant = self.living_tenant(oracle);
                let role = self.rng.percent(15).then(|| self.role_for(oracle, None, tenant));
                let user = self.rng.percent(15).then(|| self.any_user(oracle));
                let viewer = self.actor_for(oracle, "users.view", tenant);
                about(viewer, Asked::Assignments(tenant, AssignmentFilter { role, user }, turning))
            }
            18 => {
                let tenant =
                    self.tenant_where(oracle, |t| oracle.licences.iter().any(|one| one.tenant == t.id));
                let filter = LicenceFilter {
                    service: self.service(oracle).filter(|_| self.rng.percent(15)),
                    free: self.rng.percent(20).then(|| self.rng.percent(50)),
                    sort: [LicenceSort::Service, LicenceSort::Expires][self.rng.below(2)],
                };
                about(
                    self.actor_for(oracle, "licences.view", tenant),
                    Asked::Licences(tenant, filter, turning),
                )
            }
            19 => {
                let tenant =
                    self.tenant_where(oracle, |t| oracle.sessions.iter().any(|one| one.tenant == t.id));
                let ended = self.rng.percent(30).then_some(side);
                let service = self.service(oracle).filter(|_| self.rng.percent(15));
                let by = self.rng.percent(15).then(|| self.any_user(oracle));
                let viewer = self.actor_for(oracle, "audit.view", tenant);
                about(viewer, Asked::Sessions(tenant, SessionFilter { ended, service, by }, turning))
            }
            11 => about(Actor::User(self.any_user(oracle)), Asked::MyProfile),
            12 => {
                let tenant = self.living_tenant(oracle);
                about(self.actor_for(oracle, "tenant.view", tenant), Asked::MyPermissions(tenant))
            }
            _ => {
                // Mostly somebody who has asked something.
                let asked: Vec<UserId> = oracle
                    .users
                    .iter()
                    .map(|user| user.id)
                    .filter(|user| {
                        oracle.asked_by(&Actor::User(*user), at).is_ok_and(|rows| !rows.is_empty())
                    })
                    .collect();
                let viewer = match self.rng.pick(&asked) {
                    Some(user) if self.rng.percent(75) => Actor::User(*user),
                    _ if self.rng.percent(5) => self.operator(),
                    _ => Actor::User(self.any_user(oracle)),
                };
                about(viewer, Asked::AskedByMe(turning))
            }
        }
    }

    /// A random question about whose an address is, for a tenant's alerts: mostly somebody's near it.
    fn about_a_person(&mut self, oracle: &Oracle, at: Timestamp) -> ListQuestion {
        let tenant = self.living_tenant(oracle);
        let near = |user: &&User| {
            let home = user.home;
            user.email.is_some() && (home == tenant || oracle.manages(home, tenant, at))
        };
        let people: Vec<&User> = oracle.users.iter().filter(near).collect();
        let person = match self.rng.pick(&people) {
            Some(person) if self.rng.percent(75) => Some(*person),
            _ => self.rng.pick(&oracle.users),
        };
        let email = person.and_then(|person| person.email.clone());
        let email = email.unwrap_or_else(|| word("nobody@example.com"));
        let viewer = self.actor_for(oracle, "alerts.manage", tenant);
        ListQuestion { viewer, asked: Asked::Person(tenant, email), at }
    }

    /// Now and then one of the states of a handshake.
    fn some_state(&mut self) -> Option<HandshakeState> {
        self.rng.pick(HandshakeState::ALL).copied().filter(|_| self.rng.percent(20))
    }

    fn integration_query(&mut self, oracle: &Oracle) -> IntegrationFilter {
        let kind = word(["collector", "ticketing"][self.rng.below(2)]);
        let owner = self.rng.pick(&oracle.integrations).map(|one| one.owner);
        IntegrationFilter {
            kind: self.rng.percent(15).then_some(kind),
            owner: owner.filter(|_| self.rng.percent(15)),
            text: self.rng.percent(15).then(|| ["t", "Oth", "other TO", "x"][self.rng.below(4)].to_owned()),
            sort: IntegrationSort::ALL[self.rng.below(3)],
        }
    }

    fn device_query(&mut self, oracle: &Oracle) -> DeviceFilter {
        let licence = self.rng.pick(&oracle.licences).map(|one| one.id);
        DeviceFilter {
            text: self
                .rng
                .percent(15)
                .then(|| ["SN-", "SN-4", "49", "sn", "A0"][self.rng.below(5)].to_owned()),
            licence: licence.filter(|_| self.rng.percent(15)),
            seated: self.rng.percent(15).then(|| self.rng.percent(50)),
        }
    }

    fn text(&mut self) -> Option<String> {
        self.rng.percent(20).then(|| ["a", "OL", "n1", "K-1", "AC bo"][self.rng.below(5)].to_owned())
    }

    fn customer_query(&mut self, oracle: &Oracle) -> CustomerFilter {
        let sorts = [
            CustomerSort::Name,
            CustomerSort::Number,
            CustomerSort::Services,
            CustomerSort::Management,
            CustomerSort::Status,
            CustomerSort::Devices,
        ];
        CustomerFilter {
            service: self.service(oracle).filter(|_| self.rng.percent(30)),
            management: self.rng.percent(10).then(|| self.management(oracle)),
            stage: self.rng.pick(Stage::ALL).copied().filter(|_| self.rng.percent(25)),
            min_devices: self.rng.percent(10).then(|| self.rng.below(3) as u64),
            max_devices: self.rng.percent(10).then(|| self.rng.below(3) as u64),
            text: self.text(),
            sort: sorts[self.rng.below(sorts.len())],
        }
    }

    fn user_query(&mut self) -> UserFilter {
        UserFilter {
            state: self.rng.pick(UserState::ALL).copied().filter(|_| self.rng.percent(40)),
            text: self.text(),
            sort: [UserSort::Email, UserSort::Name, UserSort::State][self.rng.below(3)],
        }
    }

    fn reseller_query(&mut self, oracle: &Oracle) -> ResellerFilter {
        let sorts = [
            ResellerSort::Company,
            ResellerSort::Number,
            ResellerSort::Country,
            ResellerSort::LastUploaded,
            ResellerSort::Uploads,
            ResellerSort::Devices,
            ResellerSort::Status,
        ];
        let tenant: TenantId = self.living_tenant(oracle);
        ResellerFilter {
            tenant: self.rng.percent(12).then_some(tenant),
            unused: self.rng.percent(50),
            status: self.rng.pick(ResellerStatus::ALL).copied().filter(|_| self.rng.percent(15)),
            text: self.text(),
            sort: sorts[self.rng.below(sorts.len())],
        }
    }

    fn audit_filter(&mut self, oracle: &Oracle) -> AuditFilter {
        let moments: Vec<Timestamp> = oracle.journal.iter().flatten().map(|entry| entry.at).collect();
        AuditFilter {
            by: self.rng.percent(10).then(|| self.any_user(oracle)),
            command: self.rng.percent(10).then(|| (*self.rng.pick(Command::NAMES).unwrap()).to_owned()),
            from: self.rng.pick(&moments).copied().filter(|_| self.rng.percent(15)),
            until: self.rng.pick(&moments).copied().filter(|_| self.rng.percent(15)),
            // The oracle's entries have no numbers.
            after: None,
        }
    }
}
