//! The conformance suite: what every store must do, each compared with a world held in memory. It
//! panics where a store falls short, as tests do.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::random::Rng;
use crate::base::ids::{InvitationId, LinkId, LinkRequestId, RequestId, RoleId, TenantId, UserId};
use crate::base::text::{BuiltinRole, Email, PersonName};
use crate::base::time::Timestamp;
use crate::journal::{Hash, Head};
use crate::model::{
    Assignment, Handshake, HandshakeState, Invitation, Link, LinkRequest, Operation, Personal, Role, RoleRef,
    Stage, Subject, Temporary, Tenant, TenantKind, User, UserState,
};
use crate::policy::{Policy, PolicyVersion};
use crate::store::{NewRecord, Reading, Store, StoreError, StoredRecord};
use crate::view::{Any, Index, Key, Kind, Memory, Span, View, Write};

/// Puts a store through its paces; `make` gives a new, empty one each time.
///
/// # Panics
/// Where the store does not do what a store must do.
pub fn conformance(make: &dyn Fn() -> Box<dyn Store>) {
    an_empty_store_has_nothing(&*make());
    what_is_put_is_found_in_order(&*make());
    a_dropped_right_to_write_writes_nothing(&*make());
    a_chain_that_does_not_follow_is_refused(&*make());
    a_request_is_answered_once(&*make());
    a_reading_is_not_disturbed(&*make());
    an_erased_subject_is_forgotten(&*make());
    records_are_found_by_what_they_are_about(&*make());
    a_cursor_moves_forward_to_the_head_at_most(&*make());
    an_entry_that_comes_and_goes_has_a_whole_past(&*make());
    for seed in 1..=4 {
        random_changes_are_kept_with_their_past(&*make(), seed);
    }
}

/// Checks that a store keeps what was committed; `open` opens the same place each time, empty at
/// first.
///
/// # Panics
/// Where the store does not do what a store must do.
pub fn persistence(open: &dyn Fn() -> Box<dyn Store>) {
    let mut log = Log::new();
    let mut rng = Rng::new(7);
    let mut epoch = None;
    for _ in 0..5 {
        let store = open();
        assert_eq!(*epoch.get_or_insert(store.epoch()), store.epoch(), "a store keeps its epoch");
        log.compare(&*read(&*store));
        for _ in 0..10 {
            log.random_commit(&*store, &mut rng);
        }
        store.write().expect("writes").acknowledge("mail", log.head.seq).expect("acknowledges");
        assert_eq!(read(&*store).cursor("mail").expect("reads"), log.head.seq);
    }
    let store = open();
    log.compare(&*read(&*store));
    assert_eq!(read(&*store).cursor("mail").expect("reads"), log.head.seq);
    assert_eq!(verify(&*store).expect("verifies"), log.head);
}

/// Reads the whole journal and checks that every record follows on the one before.
///
/// # Errors
/// `Damaged` where one does not, or the journal ends elsewhere than the store says.
pub fn verify(store: &dyn Store) -> Result<Head, StoreError> {
    let reading = store.read()?;
    let head = reading.head()?;
    let (mut seq, mut hash) = (0, Hash::GENESIS);
    loop {
        let records = reading.records_after(seq, 100)?;
        if records.is_empty() {
            break;
        }
        for record in records {
            if record.seq != seq + 1 || record.hash != hash.chain(&record.text) {
                return Err(StoreError::Damaged { what: format!("record {} does not follow", record.seq) });
            }
            (seq, hash) = (record.seq, record.hash);
        }
    }
    if (seq, hash) == (head.seq, head.hash) {
        Ok(head)
    } else {
        Err(StoreError::Damaged { what: format!("the journal ends at {seq} and not at {}", head.seq) })
    }
}

/// The record that follows on `head`, with nothing that changes by it.
pub fn following(head: &Head, note: &str) -> NewRecord {
    let seq = head.seq + 1;
    let at = moment(seq);
    let text = format!(r#"{{"seq":{seq},"at":"{at}","actor":"clock","command":"{note}","events":[]}}"#);
    let hash = head.hash.chain(&text);
    NewRecord {
        record: StoredRecord { seq, text, hash },
        at,
        request: None,
        about: Vec::new(),
        changes: Vec::new(),
        people: Vec::new(),
    }
}

fn below(rng: &mut Rng, bound: u64) -> u64 {
    rng.number() % bound
}

fn pick<T: Clone>(rng: &mut Rng, all: &[T]) -> T {
    rng.pick(all).cloned().expect("there is something to pick")
}

/// The id with this number.
pub const fn numbered(number: u64) -> Uuid {
    Uuid::from_u64_pair(0x0198_c0de_0000_7000, 0x8000_0000_0000_0000 | number)
}

fn laid(rng: &mut Rng, number: u64) -> Temporary {
    let role = RoleRef::Builtin(BuiltinRole::parse("read_only").expect("it is a role"));
    let starts = moment(below(rng, 9));
    let ends = starts.plus_seconds(1 + u32::try_from(number).expect("there are few"));
    let [covers, begun, eligible] = std::array::from_fn(|_| below(rng, 2) == 0);
    Temporary { role, below: covers, masked: false, starts, ends, begun, eligible, activated: None }
}

fn moment(seq: u64) -> Timestamp {
    let start = Timestamp::parse("2026-01-01T00:00:00Z").expect("it is a time");
    start.plus_seconds(u32::try_from(seq).expect("tests are short"))
}

fn read(store: &dyn Store) -> Box<dyn Reading + '_> {
    store.read().expect("a store can be read")
}

fn commit(store: &dyn Store, records: Vec<NewRecord>) {
    store.write().expect("a store can be written").commit(records).expect("what is right is committed");
}

fn user(number: u64, home: u64) -> Any {
    Any::from(User {
        id: UserId::from_uuid(numbered(number)),
        home: TenantId::from_uuid(numbered(home)),
        state: UserState::Active,
        since: moment(0),
    })
}

fn person(email: &str) -> Personal {
    Personal {
        name: Some(PersonName::parse("Ada Lovelace").expect("it is a name")),
        email: Some(Email::parse(email).expect("it is an address")),
        ..Personal::default()
    }
}

/// What a store should hold, at every record.
struct Log {
    head: Head,
    records: Vec<NewRecord>,
    // The world after each record; the first is empty.
    worlds: Vec<Memory>,
    ids: BTreeSet<(Kind, Uuid)>,
}

impl Log {
    fn new() -> Self {
        Self { head: Head::EMPTY, records: Vec::new(), worlds: vec![Memory::new()], ids: BTreeSet::new() }
    }

    fn world(&self) -> Memory {
        self.worlds.last().cloned().unwrap_or_default()
    }

    /// Takes note of a record.
    fn note(&mut self, new: &NewRecord) {
        let mut world = self.world();
        for change in &new.changes {
            self.ids.insert(change.target());
            world.change(change.clone());
        }
        for (subject, personal) in &new.people {
            world.change_personal(*subject, personal.clone().map(|known| known.personal));
        }
        self.head = Head { seq: new.record.seq, hash: new.record.hash, at: Some(new.at) };
        self.worlds.push(world);
        self.records.push(new.clone());
    }

    fn commit(&mut self, store: &dyn Store, changes: Vec<Write>) {
        let new = NewRecord { changes, ..following(&self.head, "change") };
        self.note(&new);
        commit(store, vec![new]);
    }

    /// Commits one to three records with random changes.
    fn random_commit(&mut self, store: &dyn Store, rng: &mut Rng) {
        let mut records = Vec::new();
        for _ in 0..=below(rng, 2) {
            let mut new = following(&self.head, "random");
            let changes: BTreeMap<_, _> = (0..=below(rng, 5))
                .map(|_| random_change(rng))
                .map(|change| (change.target(), change))
                .collect();
            new.about = changes.keys().map(|(_, id)| Subject::Tenant(TenantId::from_uuid(*id))).collect();
            new.changes = changes.into_values().collect();
            if below(rng, 2) == 0 {
                let request = RequestId::from_uuid(numbered(1_000_000 + new.record.seq));
                new.request = Some((request, Hash::of(&new.record.text)));
            }
            if below(rng, 2) == 0 {
                let number = below(rng, 6);
                let subject = match below(rng, 3) {
                    0 => Subject::Tenant(TenantId::from_uuid(numbered(number))),
                    _ => Subject::User(UserId::from_uuid(numbered(100 + number))),
                };
                let address = format!("{}@example.com", "ada".repeat(below(rng, 40) as usize % 20 + 1));
                new.people = vec![(subject, (below(rng, 4) > 0).then(|| person(&address).into()))];
                new.about.push(subject);
            }
            self.note(&new);
            records.push(new);
        }
        commit(store, records);
    }

    /// Compares everything that can be read with what should be there, now and as of every record.
    fn compare(&self, reading: &dyn Reading) {
        assert_eq!(reading.head().expect("reads"), self.head);
        self.compare_view(reading.view(), &self.world(), &[1, 2, 3]);
        for subject in self.records.iter().flat_map(|new| &new.people).map(|(subject, _)| *subject) {
            let (held, due) = (reading.personal(subject), self.world().personal(subject));
            assert_eq!(held.expect("reads"), due.expect("reads"));
        }
        for (seq, world) in self.worlds.iter().enumerate() {
            let view = reading.as_of(seq as u64).expect("reads");
            self.compare_view(&*view, world, &[]);
        }
        self.compare_journal(reading);
    }

    fn compare_view(&self, view: &dyn View, world: &Memory, pages: &[usize]) {
        for &(kind, id) in &self.ids {
            assert_eq!(view.load(kind, id).expect("reads"), world.load(kind, id).expect("reads"));
        }
        for &index in Index::ALL {
            same(view, world, &Span::under(index, Key::new()), &[2]);
        }
        let keys: BTreeSet<_> = world.entries().map(|(index, key, ..)| (index, key.clone())).collect();
        for (index, key) in keys {
            same(view, world, &Span::under(index, key.clone()), pages);
            same(view, world, &Span::up_to(index, &key), pages);
            let half = key.as_bytes().split_at(key.as_bytes().len() / 2).0;
            same(view, world, &Span::under(index, Key::from_bytes(half.to_vec())), pages);
        }
        for (_, personal) in world.people() {
            if let Some(email) = &personal.email {
                let (held, due) = (view.addressed(email), self.world().addressed(email));
                assert_eq!(held.expect("reads"), due.expect("reads"));
            }
        }
    }

    fn compare_journal(&self, reading: &dyn Reading) {
        let due: Vec<_> = self.records.iter().map(|new| new.record.clone()).collect();
        assert_eq!(reading.records_after(0, usize::MAX).expect("reads"), due);
        for (seq, limit) in
            [(0, 1), (1, 2), (3, 0), (self.head.seq, 9), (self.head.seq + 9, 9), (u64::MAX, 9)]
        {
            let held = reading.records_after(seq, limit).expect("reads");
            let due: Vec<_> = due.iter().filter(|record| record.seq > seq).take(limit).cloned().collect();
            assert_eq!(held, due, "{limit} after {seq}");
        }
        let about: BTreeSet<Subject> = self.records.iter().flat_map(|new| new.about.clone()).collect();
        for id in about {
            let due = self.records.iter().filter(|new| new.about.contains(&id)).map(|new| new.record.clone());
            let due: Vec<_> = due.collect();
            assert_eq!(reading.records_about(id, 0, usize::MAX).expect("reads"), due);
            let later: Vec<_> = due.into_iter().filter(|record| record.seq > 3).take(2).collect();
            assert_eq!(reading.records_about(id, 3, 2).expect("reads"), later);
        }
        for (at, new) in self.records.iter().enumerate() {
            let Some((request, fingerprint)) = new.request else { continue };
            let receipt = reading.receipt(request).expect("reads").expect("a request is remembered");
            assert_eq!(receipt.seq, new.record.seq);
            let later = self.records.iter().skip(at).flat_map(|new| &new.people);
            let forgotten = later
                .filter(|(_, personal)| personal.is_none())
                .any(|(subject, _)| new.about.contains(subject));
            assert_eq!(receipt.fingerprint, (!forgotten).then_some(fingerprint), "of record {}", receipt.seq);
        }
    }
}

/// Checks a span read at once, and in pages of these sizes.
fn same(view: &dyn View, world: &dyn View, span: &Span, pages: &[usize]) {
    let scan = |view: &dyn View, span: &Span, limit| -> Vec<(Key, Any)> {
        let found = view.scan(span, limit).expect("reads");
        found.into_iter().map(|found| (found.key, found.entity)).collect()
    };
    let mut due = scan(world, span, usize::MAX);
    for span in [span.clone(), span.clone().turned(true)] {
        assert_eq!(scan(view, &span, usize::MAX), due, "in {span:?}");
        assert_eq!(scan(view, &span, 0), []);
        for &limit in pages {
            let mut paged = Vec::new();
            let mut rest = span.clone();
            loop {
                let page = scan(view, &rest, limit);
                assert!(page.len() <= limit);
                let Some((key, entity)) = page.last().cloned() else { break };
                paged.extend(page);
                rest = rest.after(key, entity.id());
            }
            assert_eq!(paged, due, "in pages of {limit} in {span:?}");
        }
        due.reverse();
    }
}

fn random_change(rng: &mut Rng) -> Write {
    let tenant = |rng: &mut Rng| TenantId::from_uuid(numbered(below(rng, 6)));
    let (one, other, number) = (tenant(rng), tenant(rng), below(rng, 6));
    let person = UserId::from_uuid(numbered(100 + below(rng, 6)));
    let handshake = Handshake {
        state: pick(rng, HandshakeState::ALL),
        asked: moment(0),
        expires: moment(below(rng, 4)),
        sender: None,
    };
    let management = "jointly".parse().expect("it is a management type");
    let any = match below(rng, 8) {
        0 => Any::from(Tenant {
            id: one,
            number: format!("T{}", below(rng, 4)).parse().expect("it is a number"),
            kind: pick(rng, TenantKind::ALL),
            name: "Acme".parse().expect("it is a name"),
            country: None,
            website: None,
            prefix: (below(rng, 2) == 0)
                .then(|| format!("p{}", below(rng, 3)).parse().expect("it is a prefix")),
            operation: pick(rng, Operation::ALL),
            holds: BTreeSet::new(),
            devices: 0,
            had_owner: false,
            since: moment(0),
            deleted: None,
        }),
        1 | 2 => Any::from(Link {
            id: LinkId::from_uuid(numbered(200 + number)),
            manager: one,
            managed: other,
            management,
            terms: below(rng, 2) as u32,
            services: BTreeSet::new(),
            grants: BTreeSet::new(),
            stage: pick(rng, Stage::ALL),
            holds: false,
            delink_asked: (below(rng, 2) == 0).then(|| moment(5 + below(rng, 5))),
            delink_expires: (below(rng, 2) == 0).then(|| moment(10 + below(rng, 5))),
            since: moment(0),
            term: None,
            delink_ends: (below(rng, 2) == 0).then(|| moment(10 + below(rng, 5))),
            announced_days: None,
            ended: None,
        }),
        3 => Any::from(LinkRequest {
            // The numbers of links, too: an accepted request gives its id to its link. Never both
            // at one moment.
            id: LinkRequestId::from_uuid(numbered(200 + number)),
            manager: one,
            managed: other,
            management,
            terms: below(rng, 2) as u32,
            services: BTreeSet::new(),
            term: None,
            handshake,
        }),
        4 => user(100 + number, below(rng, 6)),
        5 => Any::from(Invitation {
            id: InvitationId::from_uuid(numbered(300 + number)),
            user: person,
            tenant: one,
            role: RoleRef::Builtin(BuiltinRole::parse("admin").expect("it is a role")),
            below: false,
            masked: below(rng, 2) == 0,
            sign_up: false,
            handshake,
        }),
        6 if number == 0 => {
            let policy = Policy { max_managers: 1 + number as u32, ..pick(rng, &Policy::builtin()) };
            Any::from(PolicyVersion { policy, ..PolicyVersion::default() })
        }
        6 => Any::from(Role {
            id: RoleId::from_uuid(numbered(400 + number)),
            tenant: one,
            name: format!("Role {}", below(rng, 4)).parse().expect("it is a name"),
            permissions: BTreeSet::new(),
            created_by: None,
            deleted: None,
        }),
        _ => Any::from(Assignment {
            user: person,
            tenant: one,
            role: match below(rng, 2) {
                0 => RoleRef::Builtin(BuiltinRole::parse("admin").expect("it is a role")),
                _ => RoleRef::Custom(RoleId::from_uuid(numbered(400 + number))),
            },
            below: below(rng, 2) == 0,
            masked: below(rng, 2) == 0,
            bare: false,
            over: (0..below(rng, 3)).map(|number| laid(rng, number)).collect(),
        }),
    };
    if below(rng, 4) == 0 { Write::Remove(any) } else { Write::Put(any) }
}

fn an_empty_store_has_nothing(store: &dyn Store) {
    let reading = read(store);
    assert_eq!(reading.head().expect("reads"), Head::EMPTY);
    assert_eq!(reading.records_after(0, 10).expect("reads"), []);
    assert_eq!(
        reading.records_about(Subject::User(UserId::from_uuid(numbered(1))), 0, 10).expect("reads"),
        []
    );
    assert_eq!(reading.receipt(RequestId::from_uuid(numbered(1))).expect("reads"), None);
    assert_eq!(reading.cursor("mail").expect("reads"), 0);
    assert_eq!(reading.load(Kind::User, numbered(1)).expect("reads"), None);
    assert!(reading.as_of(0).is_ok());
    assert!(matches!(reading.as_of(1), Err(StoreError::UnknownSeq { seq: 1, head: 0 })));
    drop(reading);
    store.write().expect("writes").commit(Vec::new()).expect("nothing is easily committed");
    Log::new().compare(&*read(store));
}

fn what_is_put_is_found_in_order(store: &dyn Store) {
    let mut log = Log::new();
    log.commit(store, (1..=9).rev().map(|number| Write::Put(user(number, number % 3))).collect());
    log.compare(&*read(store));
    let found =
        read(store).scan(&Span::under(Index::UserHome, Key::new().id(numbered(1))), 9).expect("reads");
    let found: Vec<Uuid> = found.into_iter().map(|found| found.entity.id()).collect();
    assert_eq!(found, [1, 4, 7].map(numbered));
    log.commit(store, vec![Write::Put(user(4, 2)), Write::Remove(user(1, 1))]);
    log.commit(store, vec![Write::Remove(user(1, 1)), Write::Remove(user(15, 5))]);
    log.commit(store, vec![Write::Put(user(1, 1)), Write::Put(user(4, 2))]);
    log.compare(&*read(store));
}

fn a_dropped_right_to_write_writes_nothing(store: &dyn Store) {
    let mut log = Log::new();
    log.commit(store, vec![Write::Put(user(1, 1))]);
    drop(store.write().expect("writes"));
    log.compare(&*store.write().expect("a right to write reads, too"));
    log.compare(&*read(store));
}

fn a_chain_that_does_not_follow_is_refused(store: &dyn Store) {
    let mut log = Log::new();
    log.commit(store, vec![Write::Put(user(1, 1))]);
    let with_user = |new: NewRecord| NewRecord { changes: vec![Write::Put(user(2, 1))], ..new };
    let good = with_user(following(&log.head, "good"));
    let mut wrong_hash = good.clone();
    wrong_hash.record.hash = Hash::GENESIS;
    let mut gap = good.clone();
    gap.record.seq += 1;
    let mut other_text = good.clone();
    other_text.record.text.push(' ');
    let again = with_user(following(&Head::EMPTY, "again"));
    for bad in [wrong_hash, gap, other_text, again] {
        for records in [vec![bad.clone()], vec![good.clone(), bad]] {
            let outcome = store.write().expect("writes").commit(records);
            assert!(outcome.is_err(), "a record that does not follow is refused");
            log.compare(&*read(store));
        }
    }
    log.note(&good);
    commit(store, vec![good]);
    log.compare(&*read(store));
}

fn a_request_is_answered_once(store: &dyn Store) {
    let mut log = Log::new();
    let request = Some((RequestId::from_uuid(numbered(9)), Hash::of("request")));
    let first = NewRecord { request, ..following(&log.head, "first") };
    log.note(&first);
    commit(store, vec![first]);
    log.compare(&*read(store));
    let changes = vec![Write::Put(user(1, 1))];
    let second = NewRecord { request, changes, ..following(&log.head, "second") };
    assert!(store.write().expect("writes").commit(vec![second]).is_err());
    log.compare(&*read(store));
}

fn a_reading_is_not_disturbed(store: &dyn Store) {
    let mut log = Log::new();
    log.commit(store, vec![Write::Put(user(1, 1))]);
    let before = read(store);
    let was = before.head().expect("reads");
    log.commit(store, vec![Write::Put(user(1, 2)), Write::Put(user(2, 1))]);
    log.commit(store, vec![Write::Remove(user(1, 2))]);
    assert_eq!(before.head().expect("reads"), was);
    assert_eq!(before.load(Kind::User, numbered(1)).expect("reads"), Some(user(1, 1)));
    assert_eq!(before.load(Kind::User, numbered(2)).expect("reads"), None);
    assert_eq!(before.records_after(0, 9).expect("reads").len(), 1);
    assert!(matches!(before.as_of(2), Err(StoreError::UnknownSeq { seq: 2, head: 1 })));
    log.compare(&*read(store));
    drop(before);
    log.compare(&*read(store));
}

fn an_erased_subject_is_forgotten(store: &dyn Store) {
    let mut log = Log::new();
    let subject = |number| Subject::User(UserId::from_uuid(numbered(number)));
    let commit_people = |log: &mut Log, people: Vec<(Subject, Option<Personal>)>| {
        let about = people.iter().map(|(subject, _)| *subject).collect();
        let seq = log.head.seq;
        let request = Some((RequestId::from_uuid(numbered(900 + seq)), Hash::of(format!("request {seq}"))));
        let people = people.into_iter().map(|(subject, known)| (subject, known.map(Into::into))).collect();
        let new = NewRecord { people, about, request, ..following(&log.head, "people") };
        log.note(&new);
        commit(store, vec![new]);
        log.compare(&*read(store));
    };
    let ada = Email::parse("ada@example.com").expect("it is an address");
    let two =
        vec![(subject(2), Some(person("ada@example.com"))), (subject(1), Some(person("ada@example.com")))];
    commit_people(&mut log, two);
    assert_eq!(read(store).addressed(&ada).expect("reads"), [1, 2].map(|id| UserId::from_uuid(numbered(id))));
    commit_people(&mut log, vec![(subject(1), Some(person("ada.lovelace.the.first@example.com")))]);
    commit_people(&mut log, vec![(subject(2), None)]);
    assert_eq!(read(store).addressed(&ada).expect("reads"), []);
    let past = read(store);
    let past = past.as_of(1).expect("reads");
    assert_eq!(past.personal(subject(2)).expect("reads"), None, "what is erased has no past");
    commit_people(&mut log, vec![(subject(2), Some(person("grace@example.com"))), (subject(3), None)]);
    commit_people(&mut log, vec![(subject(1), Some(Personal::default()))]);
}

fn records_are_found_by_what_they_are_about(store: &dyn Store) {
    let mut log = Log::new();
    for seq in 1..=12 {
        // A user and a tenant of the same id are two.
        let user = |number| Subject::User(UserId::from_uuid(numbered(number)));
        let other = Subject::Tenant(TenantId::from_uuid(numbered(1)));
        let about = vec![user(seq % 2), user(seq % 3 + 10), user(seq % 2), other];
        let new = NewRecord { about, ..following(&log.head, "about") };
        log.note(&new);
        commit(store, vec![new]);
    }
    log.compare(&*read(store));
    let found =
        read(store).records_about(Subject::User(UserId::from_uuid(numbered(1))), 3, 2).expect("reads");
    assert_eq!(found.iter().map(|record| record.seq).collect::<Vec<_>>(), [5, 7]);
}

fn a_cursor_moves_forward_to_the_head_at_most(store: &dyn Store) {
    let mut log = Log::new();
    let move_to = |consumer: &str, seq| {
        store.write().expect("writes").acknowledge(consumer, seq).expect("acknowledges");
        read(store).cursor(consumer).expect("reads")
    };
    assert_eq!(move_to("mail", 1), 0);
    for _ in 0..5 {
        log.commit(store, Vec::new());
    }
    assert_eq!([3, 2, 0, 5, 6, u64::MAX].map(|seq| move_to("mail", seq)), [3, 3, 3, 5, 5, 5]);
    assert_eq!(move_to("billing", 2), 2);
    assert_eq!(read(store).cursor("mail").expect("reads"), 5);
    log.compare(&*read(store));
}

fn an_entry_that_comes_and_goes_has_a_whole_past(store: &dyn Store) {
    let mut log = Log::new();
    log.commit(store, vec![Write::Put(user(7, 1)), Write::Put(user(8, 1))]);
    for round in 0..80 {
        let home = 1 + round % 2;
        log.commit(store, vec![Write::Put(user(10 + round % 3, home)), Write::Put(user(20 + round, 1))]);
        if round % 4 == 3 {
            let gone = round.saturating_sub(5)..round;
            log.commit(store, gone.map(|number| Write::Remove(user(20 + number, 1))).collect());
        }
    }
    log.compare(&*read(store));
}

fn random_changes_are_kept_with_their_past(store: &dyn Store, seed: u64) {
    let mut log = Log::new();
    let mut rng = Rng::new(seed);
    for round in 0..40 {
        log.random_commit(store, &mut rng);
        if round % 10 == 0 {
            log.compare(&*read(store));
        }
    }
    log.compare(&*read(store));
    assert_eq!(verify(store).expect("verifies"), log.head);
}
