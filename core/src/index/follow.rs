//! Building the index from a view, and keeping it current with what records change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::AccessIndex;
use super::list::{Allocator, Entry, Lists as ListWriter};
use super::names::OPERATE;
use super::rows::{
    Above, Below, CLOSED, CODES, Head, Held, Known, LOOK, LinkRow, Lists, MAX_CHAIN, Person, ROLE_WORDS,
    SEATED_USERS, SEATS, SEATS_AT, SERVICE_WORDS, SHAPE_WORDS, SHAPES, Shape, TENANT_WORDS, Ties, USER_WORDS,
    service_row, service_words,
};
use super::words::{Alone, Changed, Writer};
use crate::base::ids::RoleId;
use crate::base::text::{ManagementType, Permission, Service};
use crate::model::{Assignment, Link, Operation, Role, RoleRef, Tenant, User, UserState};
use crate::policy::Policy;
use crate::view::{Any, Change, Entity, Index, Key, Span, View, ViewError};

/// The class of a block that holds the links of one tenant: two words each, and no more than a chain has links.
const LINKS_CLASS: u32 = 2;

/// What distinguishes how links are managed.
type ShapeKey = (ManagementType, BTreeSet<Service>, BTreeSet<Permission>);

/// Keeps an [`AccessIndex`] current. There is one for each index: it is the writer.
#[derive(Debug)]
pub struct Follower {
    index: Arc<AccessIndex>,
    memo: Memo,
}

/// What only the writer has to know.
#[derive(Debug, Default)]
struct Memo {
    allocator: Allocator,
    policy: Arc<Policy>,
    /// Roles as they are held: each whole, and with what is reserved masked (P-16).
    roles: BTreeMap<(RoleRef, bool), u32>,
    /// What tenants' own roles hold.
    custom: BTreeMap<RoleId, BTreeSet<Permission>>,
    shapes: BTreeMap<ShapeKey, u32>,
    /// What seats call roles.
    codes: BTreeMap<u32, u32>,
    /// The first user of each tenant; the others follow in their rows.
    residents: Vec<u32>,
}

impl Follower {
    /// Builds an index of a view at revision `seq`. `seed` is any number that callers cannot guess: it keeps them from choosing
    /// ids that collide.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn build(view: &dyn View, seq: u64, seed: u64) -> Result<Self, ViewError> {
        let tenants = all::<Tenant>(view, Index::TenantNumber).collect::<Result<Vec<_>, _>>()?;
        let users = all::<User>(view, Index::UserHome).collect::<Result<Vec<_>, _>>()?;
        let roles = all::<Role>(view, Index::RoleTenant).collect::<Result<Vec<_>, _>>()?;
        let index = AccessIndex::new(seq, seed, (tenants.len(), users.len(), roles.len()));
        let mut memo = Memo::default();
        let mut alone = Alone;
        let mut write = Write { index: &index, memo: &mut memo, words: &mut alone };
        write.policy(view.get::<Policy>(Uuid::nil())?.unwrap_or_default());
        for tenant in tenants {
            write.tenant(&tenant, tenant.is_living());
        }
        for user in users {
            write.user(&user, true);
        }
        for role in roles {
            write.role(&role, true);
        }
        for link in all::<Link>(view, Index::LinkManaged) {
            let link = link?;
            // Of what has ended there is nothing to know.
            if link.stage.is_in_force() {
                write.link(&link, true);
            }
        }
        for assignment in all::<Assignment>(view, Index::AssignmentUser) {
            write.assignment(&*assignment?, true);
        }
        Ok(Self { index, memo })
    }

    /// The index, to share with those who read it.
    pub const fn index(&self) -> &Arc<AccessIndex> {
        &self.index
    }

    /// Brings the index to the revision of the next record, whose changes these are. They are all that counts: an
    /// assignment that is removed takes its right along, whatever brought that about.
    pub fn follow(&mut self, seq: u64, changes: &[Change]) {
        let index = Arc::clone(&self.index);
        let mut changed = Changed::default();
        let mut write = Write { index: &index, memo: &mut self.memo, words: &mut changed };
        for change in changes {
            match change {
                Change::Put(entity) => write.entity(entity, true),
                Change::Remove(entity) => write.entity(entity, false),
            }
        }
        index.version.advance(seq, &changed);
    }
}

fn all<E: Entity>(
    view: &dyn View,
    index: Index,
) -> impl Iterator<Item = Result<Arc<E>, ViewError>> + use<'_, E> {
    view.within::<E>(Span::under(index, Key::new()))
}

/// One round of writing.
struct Write<'w, 's, W> {
    index: &'s AccessIndex,
    memo: &'w mut Memo,
    words: &'w mut W,
}

impl<'s, W: Writer<'s>> Write<'_, 's, W> {
    /// Takes in an entity as it is from now on, or, where it is there no more, as it was last.
    fn entity(&mut self, entity: &Any, there: bool) {
        match entity {
            Any::Tenant(tenant) => self.tenant(tenant, there && tenant.is_living()),
            Any::User(user) => self.user(user, there),
            Any::Link(link) => self.link(link, there && link.stage.is_in_force()),
            Any::Assignment(assignment) => self.assignment(assignment, there),
            Any::Role(role) => self.role(role, there && role.deleted.is_none()),
            Any::Policy(policy) => self.policy(if there { Arc::clone(policy) } else { Arc::default() }),
            _ => {}
        }
    }

    fn add_tenant(&self, id: Uuid) -> u32 {
        self.index.tenants.add(&self.index.spaces.tenants, id)
    }

    fn add_user(&self, id: Uuid) -> u32 {
        self.index.users.add(&self.index.spaces.users, id)
    }

    fn person(&self, user: u32) -> Person {
        Person::unpack(self.words.word(&self.index.spaces.users, user as usize * USER_WORDS))
    }

    fn set_person(&mut self, user: u32, person: Person) {
        self.words.set(&self.index.spaces.users, user as usize * USER_WORDS, person.pack());
    }

    fn head(&self, tenant: u32) -> Head {
        Head::unpack(self.words.word(&self.index.spaces.tenants, tenant as usize * TENANT_WORDS))
    }

    fn set_head(&mut self, tenant: u32, head: Head) {
        self.words.set(&self.index.spaces.tenants, tenant as usize * TENANT_WORDS, head.pack());
    }

    fn lists(&self, tenant: u32) -> Lists {
        Lists::unpack(self.words.word(&self.index.spaces.tenants, tenant as usize * TENANT_WORDS + 1))
    }

    fn set_lists(&mut self, tenant: u32, lists: Lists) {
        self.words.set(&self.index.spaces.tenants, tenant as usize * TENANT_WORDS + 1, lists.pack());
    }

    fn ties(&self, user: u32) -> Ties {
        Ties::unpack(self.words.word(&self.index.spaces.users, user as usize * USER_WORDS + 1))
    }

    fn set_ties(&mut self, user: u32, ties: Ties) {
        self.words.set(&self.index.spaces.users, user as usize * USER_WORDS + 1, ties.pack());
    }

    fn list(&mut self) -> ListWriter<'_, 's, W> {
        ListWriter { words: self.words, heap: &self.index.spaces.heap, allocator: &mut self.memo.allocator }
    }

    fn tenant(&mut self, tenant: &Tenant, living: bool) {
        let number = self.add_tenant(tenant.id.uuid());
        let before = self.head(number);
        let head = Head { living, enabled: tenant.operation == Operation::Enabled, ..before };
        if head != before {
            self.set_head(number, head);
            self.tell_managers(number);
        }
        if head.is_open() != before.is_open() {
            self.tell_residents(number, head.is_open());
        }
    }

    fn user(&mut self, user: &User, known: bool) {
        let number = self.add_user(user.id.uuid());
        let home = self.add_tenant(user.home.uuid());
        let before = self.person(number);
        // Where a user is at home never changes.
        if before.home == 0 {
            self.settle(number, home);
        }
        let active = known && user.state == UserState::Active;
        let acts = active && self.head(home).is_open();
        self.set_person(number, Person { known, home, active, acts, held: before.held });
    }

    /// Puts a user before the others who are at home there.
    fn settle(&mut self, user: u32, home: u32) {
        let residents = &mut self.memo.residents;
        if residents.len() <= home as usize {
            residents.resize(self.index.tenants.count() + 1, 0);
        }
        if let Some(first) = residents.get_mut(home as usize) {
            let next = std::mem::replace(first, user);
            self.set_ties(user, Ties { next, ..self.ties(user) });
        }
    }

    /// Brings what its users' rows say of their home up to date.
    fn tell_residents(&mut self, home: u32, open: bool) {
        let mut user = self.memo.residents.get(home as usize).copied().unwrap_or(0);
        while user != 0 {
            let person = self.person(user);
            self.set_person(user, Person { acts: person.active && open, ..person });
            user = self.ties(user).next;
        }
    }

    /// The links by which a tenant is managed.
    fn links(&self, head: Head) -> Vec<LinkRow> {
        match head.above {
            Above::Nobody => Vec::new(),
            Above::One { manager, shape } => vec![LinkRow { manager, shape, ends: None }],
            Above::Several { block } => (0..MAX_CHAIN)
                .map_while(|place| {
                    let at = block as usize * 8 + place * 2;
                    let heap = &self.index.spaces.heap;
                    LinkRow::unpack(self.words.word(heap, at), self.words.word(heap, at + 1))
                })
                .collect(),
        }
    }

    fn link(&mut self, link: &Link, in_force: bool) {
        let managed = self.add_tenant(link.managed.uuid());
        let manager = self.add_tenant(link.manager.uuid());
        let before = self.head(managed);
        let mut links = self.links(before);
        // There is one link in force between two tenants at most, and one that has ended changes no more.
        links.retain(|other| other.manager != manager);
        if in_force {
            let shape = self.shape((link.management.clone(), link.services.clone(), link.grants.clone()));
            let ends = link.term.as_ref().filter(|term| term.auto_extend_days.is_none());
            links.push(LinkRow { manager, shape, ends: ends.map(|term| term.expires.micros()) });
        } else {
            self.set_below(manager, managed, None);
        }
        if let Above::Several { block } = before.above {
            self.memo.allocator.give(block, LINKS_CLASS);
        }
        let above = match *links.as_slice() {
            [] => Above::Nobody,
            [LinkRow { manager, shape, ends: None }] => Above::One { manager, shape },
            _ => Above::Several { block: self.block_of(&links) },
        };
        let farther = matches!(above, Above::One { manager, .. } if self.head(manager).is_managed());
        let head = Head { above, farther, ..self.head(managed) };
        self.set_head(managed, head);
        self.tell_managers(managed);
        if head.is_managed() != before.is_managed() {
            self.tell_managed(managed, head.is_managed());
        }
    }

    /// Brings what the tenants below say of how their manager is managed up to date.
    fn tell_managed(&mut self, manager: u32, is_managed: bool) {
        let below = self.lists(manager).below;
        for tenant in self.list().numbers(below) {
            let head = self.head(tenant);
            let farther = is_managed && matches!(head.above, Above::One { .. });
            self.set_head(tenant, Head { farther, ..head });
        }
    }

    fn block_of(&mut self, links: &[LinkRow]) -> u32 {
        let block = self.memo.allocator.take(LINKS_CLASS);
        let mut rows = links.iter().map(|link| link.pack());
        for place in 0..MAX_CHAIN {
            let (word, ends) = rows.next().unwrap_or_default();
            let at = block as usize * 8 + place * 2;
            self.words.set(&self.index.spaces.heap, at, word);
            self.words.set(&self.index.spaces.heap, at + 1, ends);
        }
        block
    }

    /// Brings what its managers' lists say of a tenant up to date.
    fn tell_managers(&mut self, tenant: u32) {
        let head = self.head(tenant);
        let plain = matches!(head.above, Above::One { .. });
        let manages = self.lists(tenant).below != 0;
        for link in self.links(head) {
            let below = Below { shape: link.shape, open: head.is_open(), plain, manages };
            self.set_below(link.manager, tenant, Some(below));
        }
    }

    fn set_below(&mut self, manager: u32, tenant: u32, below: Option<Below>) {
        let lists = self.lists(manager);
        let list = match below {
            Some(below) => self.list().put(lists.below, Entry { number: tenant, payload: below.pack() }),
            None => self.list().remove(lists.below, tenant),
        };
        if list != lists.below {
            self.set_lists(manager, Lists { below: list, ..lists });
        }
        if (list == 0) != (lists.below == 0) {
            self.tell_managers(manager);
        }
    }

    fn assignment(&mut self, assignment: &Assignment, there: bool) {
        let user = self.add_user(assignment.user.uuid());
        let tenant = self.add_tenant(assignment.tenant.uuid());
        let held = there.then(|| Held {
            role: self.role_number(&assignment.role, assignment.masked),
            below: assignment.below,
        });
        self.hold(user, tenant, held);
    }

    /// Notes what a user holds on a tenant with both of them: with the user in their row, where the tenant is their home, and in
    /// their list, where it is not.
    fn hold(&mut self, user: u32, tenant: u32, held: Option<Held>) {
        let person = self.person(user);
        if person.home == tenant {
            self.set_person(user, Person { held, ..person });
            return self.seat(tenant, user, held.map(|_| LOOK), held);
        }
        let ties = self.ties(user);
        let away = match held {
            Some(held) => self.list().put(ties.away, Entry { number: tenant, payload: held.pack() }),
            None => self.list().remove(ties.away, tenant),
        };
        if away != ties.away {
            self.set_ties(user, Ties { away, ..ties });
        }
        let code = held.map(|held| self.code(held.role));
        self.seat(tenant, user, code, held);
        self.count_guests(tenant, held.is_some());
    }

    /// Notes with a tenant whether somebody whose home is elsewhere may hold something on it.
    fn count_guests(&mut self, tenant: u32, came: bool) {
        let head = self.head(tenant);
        let mut seats = self.seats(tenant).into_iter().map(|seat| seat >> 6);
        let guests = came
            || head.spilled && head.guests
            || seats.any(|user| user != 0 && self.person(user).home != tenant);
        if guests != head.guests {
            self.set_head(tenant, Head { guests, ..head });
        }
    }

    /// Notes with a tenant that a user holds something on it: in the line as long as everybody fits there.
    fn seat(&mut self, tenant: u32, user: u32, code: Option<u32>, held: Option<Held>) {
        let head = self.head(tenant);
        if head.spilled {
            return self.spilled(tenant, user, held);
        }
        let mut seats = self.seats(tenant);
        let taken = seats.iter_mut().find(|seat| **seat >> 6 == user && **seat != 0);
        let Some(code) = code else {
            if let Some(seat) = taken {
                *seat = 0;
                self.set_seats(tenant, seats);
            }
            return;
        };
        let seat = match taken {
            Some(seat) => Some(seat),
            None => seats.iter_mut().find(|seat| **seat == 0),
        };
        if let Some(seat) = seat.filter(|_| user <= SEATED_USERS) {
            *seat = user << 6 | code;
            return self.set_seats(tenant, seats);
        }
        let mut assignments = 0;
        for other in seats.into_iter().filter(|seat| *seat != 0).map(|seat| seat >> 6) {
            if let Some(held) = self.held(tenant, other) {
                assignments = self.list().put(assignments, Entry { number: other, payload: held.pack() });
            }
        }
        self.set_seats(tenant, [0; SEATS]);
        let lists = self.lists(tenant);
        self.set_lists(tenant, Lists { assignments, ..lists });
        self.set_head(tenant, Head { spilled: true, ..head });
        self.spilled(tenant, user, held);
    }

    /// What a user holds on a tenant.
    fn held(&mut self, tenant: u32, user: u32) -> Option<Held> {
        let person = self.person(user);
        if person.home == tenant {
            return person.held;
        }
        let away = self.ties(user).away;
        self.list().get(away, tenant).map(Held::unpack)
    }

    fn spilled(&mut self, tenant: u32, user: u32, held: Option<Held>) {
        let lists = self.lists(tenant);
        let assignments = match held {
            Some(held) => self.list().put(lists.assignments, Entry { number: user, payload: held.pack() }),
            None => self.list().remove(lists.assignments, user),
        };
        if assignments != lists.assignments {
            self.set_lists(tenant, Lists { assignments, ..lists });
        }
        if assignments == 0 {
            let head = self.head(tenant);
            self.set_head(tenant, Head { spilled: false, ..head });
        }
    }

    fn seats(&self, tenant: u32) -> [u32; SEATS] {
        let at = tenant as usize * TENANT_WORDS + SEATS_AT;
        std::array::from_fn(|seat| {
            let word = self.words.word(&self.index.spaces.tenants, at + seat / 2);
            (word >> (seat % 2 * 32)) as u32
        })
    }

    fn set_seats(&mut self, tenant: u32, seats: [u32; SEATS]) {
        let at = tenant as usize * TENANT_WORDS + SEATS_AT;
        for (word, pair) in seats.chunks(2).enumerate() {
            let packed = pair.iter().rev().fold(0, |word, seat| word << 32 | u64::from(*seat));
            self.words.set(&self.index.spaces.tenants, at + word, packed);
        }
    }

    /// The code of a role; once there are none left, one that says to look with the user.
    fn code(&mut self, role: u32) -> u32 {
        if let Some(code) = self.memo.codes.get(&role) {
            return *code;
        }
        let code = self.memo.codes.len();
        if code >= CODES {
            return LOOK;
        }
        self.words.set(&self.index.spaces.codes, code, u64::from(role));
        self.memo.codes.insert(role, code as u32);
        code as u32
    }

    fn role(&mut self, role: &Role, there: bool) {
        let held = if there { role.permissions.clone() } else { BTreeSet::new() };
        self.memo.custom.insert(role.id, held);
        let reference = RoleRef::Custom(role.id);
        for masked in [false, true] {
            let held = (reference.clone(), masked);
            if let Some(number) = self.memo.roles.get(&held).copied() {
                self.write_role(number, &held);
            }
        }
    }

    fn role_number(&mut self, role: &RoleRef, masked: bool) -> u32 {
        let held = (role.clone(), masked);
        if let Some(number) = self.memo.roles.get(&held) {
            return *number;
        }
        let number = u32::try_from(self.memo.roles.len()).expect("there are fewer than 2^28 roles");
        self.write_role(number, &held);
        self.memo.roles.insert(held, number);
        number
    }

    /// Writes what a role gives under the policy in force (P-9, P-14, P-16).
    fn write_role(&mut self, number: u32, (role, masked): &(RoleRef, bool)) {
        let policy = Arc::clone(&self.memo.policy);
        let whole = match role {
            RoleRef::Builtin(name) => policy.role(name).map_or(0, |role| mask(&policy, &role.permissions)),
            RoleRef::Custom(id) => self
                .memo
                .custom
                .get(id)
                .map_or(0, |permissions| mask(&policy, permissions) & !mask(&policy, &policy.super_only)),
        };
        let held = if *masked { whole & !mask(&policy, &policy.reserved) } else { whole };
        let at = number as usize * ROLE_WORDS;
        for (offset, word) in halves(held).into_iter().enumerate() {
            self.words.set(&self.index.spaces.roles, at + offset, word);
        }
    }

    /// The number of a shape. Those that there are too many of let nobody do anything.
    fn shape(&mut self, key: ShapeKey) -> u32 {
        if let Some(number) = self.memo.shapes.get(&key) {
            return *number;
        }
        let number = self.memo.shapes.len() as u32 + CLOSED + 1;
        if number >= SHAPES {
            return CLOSED;
        }
        self.write_shape(number, &key);
        self.memo.shapes.insert(key, number);
        number
    }

    /// Writes what a link of this shape lets pass under the policy in force.
    fn write_shape(&mut self, number: u32, (management, services, grants): &ShapeKey) {
        let policy = &self.memo.policy;
        let rule = policy.management(management);
        let grantable = mask(policy, &policy.grantable);
        let granted = match rule {
            Some(rule) if !rule.needs_grants => grantable,
            _ => mask(policy, grants),
        };
        let carried = policy.services.iter().enumerate().filter(|(_, service)| services.contains(*service));
        let shape = Shape {
            without: !carried.fold(0, |mask, (bit, _)| mask | 1 << bit),
            stops: halves(grantable & !granted),
            locks: rule.is_none_or(|rule| rule.locks_customer),
        };
        self.set_shape(number, shape);
    }

    fn set_shape(&mut self, number: u32, shape: Shape) {
        let at = number as usize * SHAPE_WORDS;
        for (offset, word) in shape.words().into_iter().enumerate() {
            self.words.set(&self.index.spaces.shapes, at + offset, word);
        }
    }

    fn policy(&mut self, policy: Arc<Policy>) {
        let index = self.index;
        let spaces = &index.spaces;
        let operates = |number: usize| number == usize::from(OPERATE);
        for number in index.permissions.numbers() {
            let known = Known { operates: operates(number), ..Known::default() };
            self.words.set(&spaces.permissions, number, known.pack());
        }
        for (permission, bit) in policy.permissions.iter().zip(0..) {
            let number = usize::from(index.permissions.add(permission.as_str()));
            if number != 0 {
                let reserved = policy.reserved.contains(permission);
                let known = Known { bit, operates: operates(number), reserved, known: true };
                self.words.set(&spaces.permissions, number, known.pack());
            }
        }
        for number in index.services.numbers() {
            self.set_service(Some(number as u16), [0; SERVICE_WORDS]);
        }
        self.set_service(None, service_words(0));
        for (service, bit) in policy.services.iter().zip(0..) {
            let number = index.services.add(service.as_str());
            if number != 0 {
                self.set_service(Some(number), service_words(1 << bit));
            }
        }
        self.memo.policy = policy;
        self.set_shape(CLOSED, Shape { without: u64::MAX, stops: [u64::MAX; 2], locks: true });
        for (role, number) in self.memo.roles.clone() {
            self.write_role(number, &role);
        }
        for (key, number) in self.memo.shapes.clone() {
            self.write_shape(number, &key);
        }
    }

    fn set_service(&mut self, number: Option<u16>, words: [u64; SERVICE_WORDS]) {
        let at = service_row(number) as usize * SERVICE_WORDS;
        for (offset, word) in words.into_iter().enumerate() {
            self.words.set(&self.index.spaces.services, at + offset, word);
        }
    }
}

/// A mask as the two words that it is kept in.
const fn halves(mask: u128) -> [u64; 2] {
    [mask as u64, (mask >> 64) as u64]
}

/// The bits of these permissions: their places in the policy.
fn mask(policy: &Policy, permissions: &BTreeSet<Permission>) -> u128 {
    let held =
        policy.permissions.iter().enumerate().filter(|(_, permission)| permissions.contains(*permission));
    held.fold(0, |mask, (bit, _)| mask | 1 << bit)
}
