//! The writer of the index: builds it from a view, and keeps it current with what records change.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::access::AccessIndex;
use super::layout::{
    Assigned, CLOSED_SHAPE, LAID_AT_HOME, LaidWords, LinkShape, LinkWords, MAX_CHAIN, MAX_SEATED_USER,
    MAX_SHAPES, ManagedEntry, Managers, PermissionBits, ROLE_CODES, ROLE_ELSEWHERE, RoleCells, SEATS,
    SEATS_AT, Seat, ServiceCells, ShapeCells, TenantCells, TenantLists, TenantWord, UserCells, UserLists,
    UserWord, service_row, service_words,
};
use super::list::{BlockAllocator, ListEntry, ListWriter};
use super::names::OPERATE;
use super::saved::{IndexBytes, SavedIndex};
use super::seqlock::{CacheLine, DirectWriter, RowCells, RowTable, WordWriter, WriteSet};
use crate::base::ids::RoleId;
use crate::base::text::{ManagementType, Permission, Service};
use crate::base::time::Timestamp;
use crate::journal::Hash;
use crate::model::{Assignment, Link, Operation, Role, RoleRef, Tenant, User, UserState};
use crate::policy::{Policy, PolicyVersion};
use crate::view::{Any, Entity, Index, View, ViewError, Write};

/// The size class of a block of links: two words each for the most managers there can be.
const LINKS_CLASS: u32 = 2;

/// What links of one shape have in common.
type ShapeKey = (u32, ManagementType, BTreeSet<Service>, BTreeSet<Permission>);

/// Keeps an [`AccessIndex`] current. There is one for each index: it is the writer.
#[derive(Debug)]
pub struct Follower {
    index: Arc<AccessIndex>,
    state: WriterState,
}

/// What the writer alone has to know.
#[derive(Debug, Default, Serialize, Deserialize)]
struct WriterState {
    allocator: BlockAllocator,
    policy: Arc<PolicyVersion>,
    /// The policies before it, by the numbers of their terms.
    earlier: BTreeMap<u32, Arc<PolicyVersion>>,
    /// The numbers of roles as they are held: whole, and with what is reserved masked (P-16).
    #[serde(with = "pairs")]
    roles: BTreeMap<(RoleRef, bool), u32>,
    /// What custom roles hold.
    custom: BTreeMap<RoleId, BTreeSet<Permission>>,
    /// The numbers of shapes.
    #[serde(with = "pairs")]
    shapes: BTreeMap<ShapeKey, u32>,
    /// The codes that seats have for roles, by the roles' numbers.
    codes: BTreeMap<u32, u32>,
    /// The tenants that at most links keep disabled: whether they are up after that, the policy
    /// says.
    disabled: BTreeSet<u32>,
    /// The first user at home on each tenant; the others follow in [`UserLists::next`].
    residents: Vec<u32>,
}

/// Maps whose keys are no texts, as pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

impl Follower {
    /// Builds an index of a view at revision `seq`. `seed` is any number that callers cannot guess:
    /// it keeps them from choosing ids that collide.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn build(view: &dyn View, seq: u64, seed: u64) -> Result<Self, ViewError> {
        let (mut tenants, mut users, mut roles) = (Vec::new(), Vec::new(), Vec::new());
        every::<Tenant>(view, Index::TenantNumber, |tenant| tenants.push(TenantFacts::of(&tenant)))?;
        every::<User>(view, Index::UserHome, |user| users.push(UserFacts::of(&user)))?;
        every::<Role>(view, Index::RoleTenant, |role| roles.push(role))?;
        let index = AccessIndex::new(seq, seed, (tenants.len(), users.len(), roles.len()), None);
        let mut state = WriterState::default();
        let mut words = DirectWriter;
        let mut update = Update { index: &index, state: &mut state, words: &mut words };
        let (policy, earlier) = policies(view)?;
        update.state.earlier = earlier;
        update.policy(policy);
        for tenant in tenants {
            update.tenant(tenant);
        }
        for user in users {
            update.user(user, true);
        }
        for role in roles {
            update.role(&role, role.deleted.is_none());
        }
        every::<Link>(view, Index::LinkManaged, |link| {
            // A link that has ended gives nothing.
            if link.stage.is_in_force() {
                update.link(&link, true);
            }
        })?;
        every::<Assignment>(view, Index::AssignmentUser, |assignment| update.assignment(&assignment, true))?;
        Ok(Self { index, state })
    }

    /// All of it as it is now, which takes as much memory again for as long as that is held.
    pub fn save(&self) -> IndexBytes {
        let Self { index, state } = self;
        let names = (index.permissions.all(), index.services.all());
        let count = |count: usize| u32::try_from(count).expect("there are fewer than 2^32 rows");
        let rows = [
            count(index.tenants.count() + 1),
            count(index.users.count() + 1),
            count(state.shapes.len()) + CLOSED_SHAPE + 1,
            count(state.roles.len()),
            state.allocator.rows(),
            count(state.codes.len()),
            count(names.0.len() + 1),
            count(names.1.len() + 2),
        ];
        let known = serde_json::to_vec(&(names, state)).expect("the state has string keys");
        IndexBytes::of(index.seq(), &index.tables, &rows, known)
    }

    /// The index that was saved; none, where it is not to be believed or cannot be read. `before`
    /// is the world at its revision.
    pub fn load<R: Read>(saved: SavedIndex<R>, key: &Hash, seed: u64, before: &dyn View) -> Option<Self> {
        let (seq, rows) = (saved.seq(), saved.rows(key)?);
        let [tenants, users, _, roles, ..] = rows;
        let (tenants, users) = (tenants.checked_sub(1)?, users.checked_sub(1)?);
        let sizes = (tenants as usize, users as usize, roles as usize);
        let index = AccessIndex::new(seq, seed, sizes, Some(seq));
        let known = saved.fill(&index.tables, &rows, key)?;
        type Known = ((Vec<String>, Vec<String>), WriterState);
        let ((permissions, services), state) = serde_json::from_slice::<Known>(&known).ok()?;
        for (names, table) in [(&permissions, &index.permissions), (&services, &index.services)] {
            for (name, number) in names.iter().zip(1..) {
                (table.intern(name) == number).then_some(())?;
            }
        }
        index.tenants.adopt(&index.tables.tenants, tenants);
        index.users.adopt(&index.tables.users, users);
        let in_force = before.get::<PolicyVersion>(Uuid::nil()).ok()?.unwrap_or_default();
        (in_force == state.policy).then_some(Self { index, state })
    }

    /// The index, to share with those who read it.
    pub const fn index(&self) -> &Arc<AccessIndex> {
        &self.index
    }

    /// Notes the moment of a record that is in the index, or the next to be. Whoever asks by a
    /// clock that is behind asks about that moment, as of a store.
    pub fn reach(&self, at: Timestamp) {
        self.index.tables.reach(at.micros());
    }

    /// Brings the index to the revision of the next record, whose changes these are. Nothing else
    /// counts: an assignment that is removed takes its right along, whatever event removed it.
    pub fn follow(&mut self, seq: u64, changes: &[Write]) {
        let index = Arc::clone(&self.index);
        let mut words = WriteSet::default();
        let mut update = Update { index: &index, state: &mut self.state, words: &mut words };
        for change in changes {
            match change {
                Write::Put(entity) => update.entity(entity, true),
                Write::Remove(entity) => update.entity(entity, false),
            }
        }
        index.lock.publish(seq, &words);
    }
}

/// Visits every entity of a type.
fn every<E: Entity>(view: &dyn View, index: Index, mut visit: impl FnMut(Arc<E>)) -> Result<(), ViewError> {
    view.every(E::KIND, index, &mut |any| {
        if let Some(entity) = E::from_any(any) {
            visit(entity);
        }
    })
}

/// The policy in force, and those before it by the numbers of their terms.
type Policies = (Arc<PolicyVersion>, BTreeMap<u32, Arc<PolicyVersion>>);

fn policies(view: &dyn View) -> Result<Policies, ViewError> {
    let policy = view.get::<PolicyVersion>(Uuid::nil())?.unwrap_or_default();
    let mut earlier = BTreeMap::new();
    for terms in 0..policy.terms {
        let version = view.get::<PolicyVersion>(PolicyVersion::key(terms))?;
        earlier.extend(version.map(|version| (terms, version)));
    }
    Ok((policy, earlier))
}

/// What the index has to know of a tenant.
#[derive(Clone, Copy)]
struct TenantFacts {
    id: Uuid,
    living: bool,
    operation: Operation,
    /// Whether anything but links keeps it disabled.
    held: bool,
}

impl TenantFacts {
    fn of(tenant: &Tenant) -> Self {
        let held = !tenant.holds.is_empty();
        Self { id: tenant.id.uuid(), living: tenant.is_living(), operation: tenant.operation, held }
    }
}

/// What the index has to know of a user.
#[derive(Clone, Copy)]
struct UserFacts {
    id: Uuid,
    home: Uuid,
    active: bool,
}

impl UserFacts {
    fn of(user: &User) -> Self {
        Self { id: user.id.uuid(), home: user.home.uuid(), active: user.state == UserState::Active }
    }
}

/// One transaction of the writer.
struct Update<'w, 't, W> {
    index: &'t AccessIndex,
    state: &'w mut WriterState,
    words: &'w mut W,
}

/// Loading and storing packed words.
impl<'t, W: WordWriter<'t>> Update<'_, 't, W> {
    fn user_number(&self, id: Uuid) -> u32 {
        self.index.users.intern(&self.index.tables.users, id)
    }

    fn tenant_number(&self, id: Uuid) -> u32 {
        self.index.tenants.intern(&self.index.tables.tenants, id)
    }

    fn user_word(&self, user: u32) -> UserWord {
        UserWord::unpack(self.words.word(&self.index.tables.users, user as usize * UserCells::WORDS))
    }

    fn set_user_word(&mut self, user: u32, word: UserWord) {
        self.words.set(&self.index.tables.users, user as usize * UserCells::WORDS, word.pack());
    }

    fn user_lists(&self, user: u32) -> UserLists {
        UserLists::unpack(self.words.word(&self.index.tables.users, user as usize * UserCells::WORDS + 1))
    }

    fn set_user_lists(&mut self, user: u32, lists: UserLists) {
        self.words.set(&self.index.tables.users, user as usize * UserCells::WORDS + 1, lists.pack());
    }

    fn tenant_word(&self, tenant: u32) -> TenantWord {
        TenantWord::unpack(self.words.word(&self.index.tables.tenants, tenant as usize * TenantCells::WORDS))
    }

    fn set_tenant_word(&mut self, tenant: u32, word: TenantWord) {
        self.words.set(&self.index.tables.tenants, tenant as usize * TenantCells::WORDS, word.pack());
    }

    fn tenant_lists(&self, tenant: u32) -> TenantLists {
        let at = tenant as usize * TenantCells::WORDS + 1;
        TenantLists::unpack(self.words.word(&self.index.tables.tenants, at))
    }

    fn set_tenant_lists(&mut self, tenant: u32, lists: TenantLists) {
        self.words.set(&self.index.tables.tenants, tenant as usize * TenantCells::WORDS + 1, lists.pack());
    }

    fn seats(&self, tenant: u32) -> [Seat; SEATS] {
        let at = tenant as usize * TenantCells::WORDS + SEATS_AT;
        std::array::from_fn(|seat| {
            let word = self.words.word(&self.index.tables.tenants, at + seat / 2);
            Seat((word >> (seat % 2 * 32)) as u32)
        })
    }

    fn set_seats(&mut self, tenant: u32, seats: [Seat; SEATS]) {
        let at = tenant as usize * TenantCells::WORDS + SEATS_AT;
        for (word, pair) in seats.chunks(2).enumerate() {
            let packed = pair.iter().rev().fold(0, |word, seat| word << 32 | u64::from(seat.0));
            self.words.set(&self.index.tables.tenants, at + word, packed);
        }
    }

    /// Stores a whole row.
    fn set_row<C: RowCells>(
        &mut self,
        table: &'t RowTable<C>,
        row: u32,
        words: impl IntoIterator<Item = u64>,
    ) {
        for (at, word) in (row as usize * C::WORDS..).zip(words) {
            self.words.set(table, at, word);
        }
    }

    fn list(&mut self) -> ListWriter<'_, 't, W> {
        ListWriter { words: self.words, heap: &self.index.tables.heap, allocator: &mut self.state.allocator }
    }
}

/// Taking in entities. `there` says whether the entity is as given from now on, or was so last and
/// is there no more.
impl<'t, W: WordWriter<'t>> Update<'_, 't, W> {
    fn entity(&mut self, entity: &Any, there: bool) {
        match entity {
            Any::Tenant(tenant) => {
                let facts = TenantFacts::of(tenant);
                self.tenant(TenantFacts { living: there && facts.living, ..facts });
            }
            Any::User(user) => self.user(UserFacts::of(user), there),
            Any::Link(link) => self.link(link, there && link.stage.is_in_force()),
            Any::Assignment(assignment) => self.assignment(assignment, there),
            Any::Role(role) => self.role(role, there && role.deleted.is_none()),
            Any::PolicyVersion(policy) if policy.superseded => {
                self.state.earlier.insert(policy.terms, Arc::clone(policy));
            }
            Any::PolicyVersion(policy) => {
                self.policy(if there { Arc::clone(policy) } else { Arc::default() })
            }
            _ => {}
        }
    }

    fn tenant(&mut self, tenant: TenantFacts) {
        let number = self.tenant_number(tenant.id);
        let before = self.tenant_word(number);
        let disabled = tenant.operation == Operation::Disabled;
        // What only links keep disabled is up once they have ended, unless the host has to report
        // it.
        let linked = disabled && !tenant.held;
        if linked {
            self.state.disabled.insert(number);
        } else {
            self.state.disabled.remove(&number);
        }
        let enabled =
            tenant.operation == Operation::Enabled || linked && !self.state.policy.host_reports_ready;
        let word = before.with(TenantWord::LIVING, tenant.living).with(TenantWord::ENABLED, enabled);
        self.set_open(number, word);
    }

    /// Stores a tenant's word that may say anew whether it is open.
    fn set_open(&mut self, tenant: u32, word: TenantWord) {
        let before = self.tenant_word(tenant);
        if word != before {
            self.set_tenant_word(tenant, word);
            self.update_managers(tenant);
        }
        if word.is_open() != before.is_open() {
            self.update_residents(tenant);
        }
    }

    fn user(&mut self, user: UserFacts, there: bool) {
        let number = self.user_number(user.id);
        let home = self.tenant_number(user.home);
        let before = self.user_word(number);
        // A user's home never changes.
        if before.home() == 0 {
            self.add_resident(number, home);
        }
        let active = there && user.active;
        let at_home = self.tenant_word(home);
        let word = before.at_home_on(home).with(UserWord::KNOWN, there).with(UserWord::ACTIVE, active);
        let confined = self.confines(at_home);
        self.set_user_word(number, word.at_home_where(at_home.is_open(), confined));
    }

    fn link(&mut self, link: &Link, in_force: bool) {
        let managed = self.tenant_number(link.managed.uuid());
        let manager = self.tenant_number(link.manager.uuid());
        let before = self.tenant_word(managed);
        let confined = self.confines(before);
        let mut links = self.links(before);
        // There is at most one link in force between two tenants, and one that has ended never
        // changes.
        links.retain(|other| other.manager != manager);
        if in_force {
            let shape =
                self.shape((link.terms, link.management.clone(), link.services.clone(), link.grants.clone()));
            let ends = link.ends_at().map(|ends| ends.micros());
            links.push(LinkWords { manager, shape, holds: link.holds, ends });
        } else {
            self.set_managed(manager, managed, None);
        }
        if let Managers::Several { block } = before.managers() {
            self.state.allocator.free(block, LINKS_CLASS);
        }
        let managers = match *links.as_slice() {
            [] => Managers::None,
            [LinkWords { manager, shape, holds: false, ends: None }] => Managers::One { manager, shape },
            _ => Managers::Several { block: self.block_of(&links) },
        };
        let chained =
            matches!(managers, Managers::One { manager, .. } if self.tenant_word(manager).is_managed());
        // Read again: ending the link may have changed the manager's word, and the two may be one.
        let word = self.tenant_word(managed).managed_by(managers).with(TenantWord::CHAINED, chained);
        self.set_tenant_word(managed, word);
        self.update_managers(managed);
        if self.confines(word) != confined {
            self.update_residents(managed);
        }
        if word.is_managed() != before.is_managed() {
            self.update_chained(managed, word.is_managed());
        }
    }

    fn assignment(&mut self, assignment: &Assignment, there: bool) {
        let user = self.user_number(assignment.user.uuid());
        let tenant = self.tenant_number(assignment.tenant.uuid());
        let word = self.user_word(user);
        let at_home = word.home() == tenant;
        if !at_home || word.is_laid() {
            self.free_laid(user, if at_home { LAID_AT_HOME } else { tenant });
        }
        let assigned = if there { self.assigned_by(assignment) } else { None };
        let laid = assigned.filter(|assigned| assigned.block().is_some());
        if !at_home {
            self.set_away(user, tenant, assigned);
            let code = assigned.map(|assigned| match laid {
                Some(_) => ROLE_ELSEWHERE,
                None => self.role_code(assigned.role),
            });
            self.set_seat(tenant, user, code, assigned);
            return self.update_guests(tenant, assigned.is_some());
        }
        let held = assigned.map(|assigned| match laid {
            Some(_) => Assigned { role: UserWord::LAID, ..assigned },
            None => assigned,
        });
        let mut after = word.holding(held);
        if after.is_laid() || word.is_laid() {
            self.set_away(user, LAID_AT_HOME, laid);
            let home = self.tenant_word(tenant);
            after = after.at_home_where(home.is_open(), self.confines(home));
        }
        self.set_user_word(user, after);
        self.set_seat(tenant, user, held.map(|_| ROLE_ELSEWHERE), held);
        if after.is_laid() || word.is_laid() {
            self.update_guests(tenant, after.is_laid());
        }
    }

    /// What an assignment gives: a role or, where that changes by time alone, what a block says
    /// . What somebody is only eligible for gives nothing.
    fn assigned_by(&mut self, assignment: &Assignment) -> Option<Assigned> {
        let Assignment { role, below, masked, bare, over, .. } = assignment;
        let mut of = |role: &RoleRef, below: bool, masked: bool| Assigned {
            role: self.role_number(role, masked),
            below,
        };
        let standing = (!bare).then(|| of(role, *below, *masked));
        let over: Vec<_> = over.iter().filter(|it| !it.eligible).collect();
        if over.is_empty() {
            return standing;
        }
        let last = over.iter().skip(over.len().saturating_sub(LaidWords::MOST));
        let pieces = last.map(|it| (it.starts.micros(), it.ends.micros(), of(&it.role, it.below, it.masked)));
        let laid = LaidWords { standing, pieces: pieces.collect() };
        let block = self.state.allocator.allocate(laid.class());
        for (at, word) in (block as usize * CacheLine::WORDS..).zip(laid.words()) {
            self.words.set(&self.index.tables.heap, at, word);
        }
        Some(Assigned::laid(block, assignment.ever_below()))
    }

    /// Frees the block that said what a user was given, if one did.
    fn free_laid(&mut self, user: u32, number: u32) {
        let away = self.user_lists(user).away;
        let before = self.list().get(away, number).map(Assigned::unpack);
        if let Some(block) = before.and_then(Assigned::block) {
            let word = self.words.word(&self.index.tables.heap, block as usize * CacheLine::WORDS);
            self.state.allocator.free(block, LaidWords::class_of(word));
        }
    }

    /// Sets what a user's list of assignments has under a number.
    fn set_away(&mut self, user: u32, number: u32, assigned: Option<Assigned>) {
        let lists = self.user_lists(user);
        let away = match assigned {
            Some(assigned) => self.list().put(lists.away, ListEntry { number, payload: assigned.pack() }),
            None => self.list().remove(lists.away, number),
        };
        if away != lists.away {
            self.set_user_lists(user, UserLists { away, ..lists });
        }
    }

    fn role(&mut self, role: &Role, there: bool) {
        let held = if there { role.permissions.clone() } else { BTreeSet::new() };
        self.state.custom.insert(role.id, held);
        for masked in [false, true] {
            let role = (RoleRef::Custom(role.id), masked);
            if let Some(number) = self.state.roles.get(&role).copied() {
                self.write_role(number, &role);
            }
        }
    }

    fn policy(&mut self, policy: Arc<PolicyVersion>) {
        let index = self.index;
        let tables = &index.tables;
        let operates = |number| number <= OPERATE;
        for number in index.permissions.numbers() {
            let dropped = PermissionBits::default().with(PermissionBits::OPERATES, operates(number));
            self.set_row(&tables.permissions, number.into(), dropped.words());
        }
        for (permission, place) in policy.permissions.iter().zip(0..) {
            let number = index.permissions.intern(permission.as_str());
            if number != 0 {
                let bits = PermissionBits::at(place)
                    .with(PermissionBits::OPERATES, operates(number))
                    .with(PermissionBits::RESERVED, policy.reserved.contains(permission));
                self.set_row(&tables.permissions, number.into(), bits.words());
            }
        }
        for number in index.services.numbers() {
            self.set_row(&tables.services, service_row(Some(number)), [0; ServiceCells::WORDS]);
        }
        self.set_row(&tables.services, service_row(None), service_words(0));
        for (service, place) in policy.services.iter().zip(0..) {
            let number = index.services.intern(service.as_str());
            if number != 0 {
                self.set_row(&tables.services, service_row(Some(number)), service_words(1 << place));
            }
        }
        // Links may be under the terms of the one before, in whichever order a record tells of
        // both.
        let before = std::mem::replace(&mut self.state.policy, policy);
        if before.terms != self.state.policy.terms {
            self.state.earlier.entry(before.terms).or_insert(before);
        }
        for tenant in self.state.disabled.clone() {
            let enabled = !self.state.policy.host_reports_ready;
            self.set_open(tenant, self.tenant_word(tenant).with(TenantWord::ENABLED, enabled));
        }
        let closed = LinkShape { without: u64::MAX, withheld: [u64::MAX; 2], locks: true };
        self.set_row(&tables.shapes, CLOSED_SHAPE, closed.words());
        for (role, number) in self.state.roles.clone() {
            self.write_role(number, &role);
        }
        for (key, number) in self.state.shapes.clone() {
            self.write_shape(number, &key);
        }
        // Which links lock is the policy's.
        for tenant in (0..=self.index.tenants.count()).map(|number| number as u32) {
            if self.tenant_word(tenant).is_managed() {
                self.update_residents(tenant);
            }
        }
    }
}

/// Roles and shapes, each written once and rewritten when the policy changes.
impl<'t, W: WordWriter<'t>> Update<'_, 't, W> {
    fn role_number(&mut self, role: &RoleRef, masked: bool) -> u32 {
        let role = (role.clone(), masked);
        if let Some(number) = self.state.roles.get(&role) {
            return *number;
        }
        let number = u32::try_from(self.state.roles.len()).expect("there are fewer than 2^26 roles");
        self.write_role(number, &role);
        self.state.roles.insert(role, number);
        number
    }

    /// Writes what a role gives under the policy in force (P-9, P-14, P-16).
    fn write_role(&mut self, number: u32, (role, masked): &(RoleRef, bool)) {
        let policy = &self.state.policy;
        let whole = match role {
            RoleRef::Builtin(name) => policy.role(name).map_or(0, |role| mask(policy, &role.permissions)),
            RoleRef::Custom(id) => {
                let held = self.state.custom.get(id).map_or(0, |held| mask(policy, held));
                held & !mask(policy, &policy.super_only)
            }
        };
        let held = if *masked { whole & !mask(policy, &policy.reserved) } else { whole };
        self.set_row::<RoleCells>(&self.index.tables.roles, number, halves(held));
    }

    /// The code that seats have for a role; [`ROLE_ELSEWHERE`] once there are none left.
    fn role_code(&mut self, role: u32) -> u32 {
        if let Some(code) = self.state.codes.get(&role) {
            return *code;
        }
        let code = self.state.codes.len();
        if code >= ROLE_CODES {
            return ROLE_ELSEWHERE;
        }
        self.words.set(&self.index.tables.codes, code, u64::from(role));
        self.state.codes.insert(role, code as u32);
        code as u32
    }

    /// The number of a shape; [`CLOSED_SHAPE`] once there are none left.
    fn shape(&mut self, key: ShapeKey) -> u32 {
        if let Some(number) = self.state.shapes.get(&key) {
            return *number;
        }
        let number = self.state.shapes.len() as u32 + CLOSED_SHAPE + 1;
        if number >= MAX_SHAPES {
            return CLOSED_SHAPE;
        }
        self.write_shape(number, &key);
        self.state.shapes.insert(key, number);
        number
    }

    /// Writes what links of a shape let pass under the policy in force.
    fn write_shape(&mut self, number: u32, (terms, management, services, grants): &ShapeKey) {
        let policy = &self.state.policy;
        let agreed = if *terms == policy.terms { Some(policy) } else { self.state.earlier.get(terms) };
        let rule = agreed.and_then(|agreed| agreed.management(management));
        let (mut withheld, mut grantable) = (0, mask(policy, &policy.grantable));
        if let Some(agreed) = agreed.filter(|agreed| !Arc::ptr_eq(agreed, policy)) {
            withheld = !mask(policy, &agreed.carried());
            grantable |= mask(policy, &agreed.grantable);
        }
        if rule.is_none_or(|rule| rule.needs_grants) {
            withheld |= grantable & !mask(policy, grants);
        }
        let carried = policy.services.iter().enumerate().filter(|(_, service)| services.contains(*service));
        let shape = LinkShape {
            without: !carried.fold(0, |mask, (place, _)| mask | 1 << place),
            withheld: halves(withheld),
            locks: rule.is_none_or(|rule| rule.locks_customer),
        };
        self.set_row::<ShapeCells>(&self.index.tables.shapes, number, shape.words());
    }
}

/// What a row says about other rows, updated whenever those change.
impl<'t, W: WordWriter<'t>> Update<'_, 't, W> {
    /// Puts a user at the head of the linked list of those who are at home on a tenant.
    fn add_resident(&mut self, user: u32, home: u32) {
        let residents = &mut self.state.residents;
        if residents.len() <= home as usize {
            residents.resize(self.index.tenants.count() + 1, 0);
        }
        if let Some(first) = residents.get_mut(home as usize) {
            let next = std::mem::replace(first, user);
            self.set_user_lists(user, UserLists { next, ..self.user_lists(user) });
        }
    }

    /// Whether the links by which a tenant is managed say whether its people can act: one may keep
    /// it disabled, or lock them out wherever they work.
    fn confines(&self, tenant: TenantWord) -> bool {
        let locks = |shape: u32| {
            let at = shape as usize * ShapeCells::WORDS + LinkShape::LOCKS;
            self.words.word(&self.index.tables.shapes, at) != 0
        };
        self.links(tenant).iter().any(|link| link.holds || locks(link.shape))
    }

    /// Updates what the users at home on a tenant say of it: whether they can act.
    fn update_residents(&mut self, home: u32) {
        let word = self.tenant_word(home);
        let (open, confined) = (word.is_open(), self.confines(word));
        let mut user = self.state.residents.get(home as usize).copied().unwrap_or(0);
        while user != 0 {
            let before = self.user_word(user);
            let word = before.at_home_where(open, confined);
            if word != before {
                self.set_user_word(user, word);
            }
            user = self.user_lists(user).next;
        }
    }

    /// The links by which a tenant is managed.
    fn links(&self, tenant: TenantWord) -> Vec<LinkWords> {
        match tenant.managers() {
            Managers::None => Vec::new(),
            Managers::One { manager, shape } => vec![LinkWords { manager, shape, holds: false, ends: None }],
            Managers::Several { block } => (0..MAX_CHAIN)
                .map_while(|place| {
                    let at = block as usize * CacheLine::WORDS + place * 2;
                    let heap = &self.index.tables.heap;
                    LinkWords::unpack(self.words.word(heap, at), self.words.word(heap, at + 1))
                })
                .collect(),
        }
    }

    fn block_of(&mut self, links: &[LinkWords]) -> u32 {
        let block = self.state.allocator.allocate(LINKS_CLASS);
        let mut links = links.iter().map(|link| link.pack());
        for place in 0..MAX_CHAIN {
            let (word, ends) = links.next().unwrap_or_default();
            let at = block as usize * CacheLine::WORDS + place * 2;
            self.words.set(&self.index.tables.heap, at, word);
            self.words.set(&self.index.tables.heap, at + 1, ends);
        }
        block
    }

    /// Updates what the tenants below a manager say of it: whether it is managed itself.
    fn update_chained(&mut self, manager: u32, is_managed: bool) {
        let managed = self.tenant_lists(manager).managed;
        for tenant in self.list().numbers(managed) {
            let word = self.tenant_word(tenant);
            let chained = is_managed && matches!(word.managers(), Managers::One { .. });
            self.set_tenant_word(tenant, word.with(TenantWord::CHAINED, chained));
        }
    }

    /// Updates the entries of a tenant in its managers' lists.
    fn update_managers(&mut self, tenant: u32) {
        let word = self.tenant_word(tenant);
        let manages = self.tenant_lists(tenant).managed != 0;
        for link in self.links(word) {
            let entry = ManagedEntry::new(link.shape)
                .with(ManagedEntry::OPEN, word.is_open())
                .with(ManagedEntry::ONLY, !word.has_several())
                .with(ManagedEntry::MANAGES, manages);
            self.set_managed(link.manager, tenant, Some(entry));
        }
    }

    fn set_managed(&mut self, manager: u32, tenant: u32, entry: Option<ManagedEntry>) {
        let lists = self.tenant_lists(manager);
        let managed = match entry {
            Some(entry) => {
                self.list().put(lists.managed, ListEntry { number: tenant, payload: entry.pack() })
            }
            None => self.list().remove(lists.managed, tenant),
        };
        if managed != lists.managed {
            self.set_tenant_lists(manager, TenantLists { managed, ..lists });
        }
        if (managed == 0) != (lists.managed == 0) {
            self.update_managers(manager);
        }
    }

    /// Updates whether somebody may hold something on a tenant that their own row does not say.
    /// Where its assignments are in a list that is not searched, so the flag may stay set too long,
    /// but is never cleared too early.
    fn update_guests(&mut self, tenant: u32, came: bool) {
        let word = self.tenant_word(tenant);
        let mut seats = self.seats(tenant).into_iter().map(Seat::user);
        let guests = came
            || word.has(TenantWord::OVERFLOWED) && word.has(TenantWord::GUESTS)
            || seats.any(|user| {
                let word = self.user_word(user);
                user != 0 && (word.home() != tenant || word.is_laid())
            });
        if guests != word.has(TenantWord::GUESTS) {
            self.set_tenant_word(tenant, word.with(TenantWord::GUESTS, guests));
        }
    }

    /// Gives a user a seat in a tenant's row, or takes it away. Once not everybody fits, all
    /// assignments move to a list.
    fn set_seat(&mut self, tenant: u32, user: u32, code: Option<u32>, assigned: Option<Assigned>) {
        let word = self.tenant_word(tenant);
        if word.has(TenantWord::OVERFLOWED) {
            return self.set_listed(tenant, user, assigned);
        }
        let mut seats = self.seats(tenant);
        let taken = seats.iter_mut().find(|seat| seat.user() == user && **seat != Seat::FREE);
        let Some(code) = code else {
            if let Some(seat) = taken {
                *seat = Seat::FREE;
                self.set_seats(tenant, seats);
            }
            return;
        };
        let seat = match taken {
            Some(seat) => Some(seat),
            None => seats.iter_mut().find(|seat| **seat == Seat::FREE),
        };
        if let Some(seat) = seat.filter(|_| user <= MAX_SEATED_USER) {
            *seat = Seat::new(user, code);
            return self.set_seats(tenant, seats);
        }
        let mut assignments = 0;
        for other in seats.into_iter().filter(|seat| *seat != Seat::FREE).map(Seat::user) {
            if let Some(assigned) = self.assigned(tenant, other) {
                let entry = ListEntry { number: other, payload: assigned.pack() };
                assignments = self.list().put(assignments, entry);
            }
        }
        self.set_seats(tenant, [Seat::FREE; SEATS]);
        let lists = self.tenant_lists(tenant);
        self.set_tenant_lists(tenant, TenantLists { assignments, ..lists });
        self.set_tenant_word(tenant, word.with(TenantWord::OVERFLOWED, true));
        self.set_listed(tenant, user, assigned);
    }

    /// What a user holds on a tenant.
    fn assigned(&mut self, tenant: u32, user: u32) -> Option<Assigned> {
        let word = self.user_word(user);
        if word.home() == tenant {
            return word.assigned();
        }
        let away = self.user_lists(user).away;
        self.list().get(away, tenant).map(Assigned::unpack)
    }

    fn set_listed(&mut self, tenant: u32, user: u32, assigned: Option<Assigned>) {
        let lists = self.tenant_lists(tenant);
        let assignments = match assigned {
            Some(assigned) => {
                self.list().put(lists.assignments, ListEntry { number: user, payload: assigned.pack() })
            }
            None => self.list().remove(lists.assignments, user),
        };
        if assignments != lists.assignments {
            self.set_tenant_lists(tenant, TenantLists { assignments, ..lists });
        }
        if assignments == 0 {
            self.set_tenant_word(tenant, self.tenant_word(tenant).with(TenantWord::OVERFLOWED, false));
        }
    }
}

/// A mask of permissions as the two words that it is kept in.
const fn halves(mask: u128) -> [u64; 2] {
    [mask as u64, (mask >> 64) as u64]
}

/// The places of these permissions in the policy, as a mask.
fn mask(policy: &Policy, permissions: &BTreeSet<Permission>) -> u128 {
    let held =
        policy.permissions.iter().enumerate().filter(|(_, permission)| permissions.contains(*permission));
    held.fold(0, |mask, (place, _)| mask | 1 << place)
}
