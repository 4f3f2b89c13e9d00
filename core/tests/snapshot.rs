//! The access index in a file of its own: what is loaded of it answers as what is built of the store does, whatever happened
//! since; and what is not of this store as it is, or not whole, is not believed.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tenantry::base::ids::{LinkId, RoleId, TenantId, UserId};
use tenantry::command::*;
use tenantry::index::{AccessIndex, Permit};
use tenantry::model::{Actor, Party, RoleRef, TenantKind};
use tenantry::policy::Policy;
use tenantry::store::StoreError;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::given::*;
use tenantry::testkit::inside::{Follower, Hash, Rng, SavedIndex, View, dies_after, world};
use tenantry::{Engine, Error, Options, Timestamp, Token};
use uuid::Uuid;

const CHILD: &str = "TENANTRY_TEST_CHILD";

fn store(path: &Path) -> SqliteStore {
    SqliteStore::open(path, FileOptions::default().synchronous(Synchronous::Normal)).unwrap()
}

/// A store in a place of its own, and where its index is saved.
struct Kept {
    place: tempfile::TempDir,
    path: PathBuf,
    saved: PathBuf,
}

impl Kept {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let [path, saved] = ["store", "index"].map(|name| place.path().join(name));
        Self { place, path, saved }
    }

    /// The world of the testkit.
    fn given(&self) -> Given {
        given_on(store(&self.path))
    }

    /// Opens the store, to load its index.
    fn engine(&self) -> Engine {
        Engine::new(store(&self.path), Options::default().saved_index(&self.saved)).unwrap()
    }

    /// The revision that an index is loaded from, which answers as one that is built.
    fn loaded(&self) -> Option<u64> {
        let index = self.engine().access_index().unwrap();
        let built = Engine::new(store(&self.path), Options::default()).unwrap().access_index().unwrap();
        assert_eq!(built.loaded_from(), None);
        assert_eq!(answers(&index), answers(&built));
        index.loaded_from()
    }

    fn names(&self) -> BTreeSet<String> {
        let files = fs::read_dir(self.place.path()).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }
}

const TENANTS: [TenantId; 9] = [GRAND, MSP, SECOND, JOINTLY, FULLY, ALONE, EMPTY, RESELLER, NOWHERE];
const USERS: [UserId; 17] =
    [GINA, GUS, ADA, ADAM, RITA, NOEL, BOB, IVY, NINA, JULIA, JACK, JIM, FRED, CARL, CORA, ROB, NOBODY];

/// Somebody whom a random history may have brought in, or not.
fn someone(number: usize) -> UserId {
    UserId::from_uuid(Uuid::from_u128(0x9000 + number as u128))
}

fn someplace(number: usize) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0x8000 + number as u128))
}

fn tenants() -> Vec<TenantId> {
    TENANTS.into_iter().chain((0..8).map(someplace)).collect()
}

fn users() -> Vec<UserId> {
    USERS.into_iter().chain((0..24).map(someone)).collect()
}

/// All that an index answers about the world of the testkit, at two moments.
fn answers(index: &AccessIndex) -> Vec<String> {
    let mut all = vec![format!("at {}", index.seq())];
    let services = [None, index.service("manage").ok(), index.service("configure").ok()];
    for permission in
        ["tenant.view", "tenant.operate", "users.manage", "customers.delink", "location.view", "link.respond"]
    {
        let Ok(permission) = index.permission(permission) else {
            all.push(format!("no {permission}"));
            continue;
        };
        for (at, service) in
            [dawn(), dawn().plus_days(4_000)].into_iter().flat_map(|at| services.map(|it| (at, it)))
        {
            let permit = Permit { permission, service };
            for user in users() {
                let reasons =
                    tenants().into_iter().map(|tenant| index.check(user, permit, tenant, at).reason);
                all.push(format!("{user}: {:?}", reasons.collect::<Vec<_>>()));
                all.push(format!("{:?}", reach(index, index.user(user), permit, at)));
            }
            for tenant in tenants() {
                let mut found = Vec::new();
                index.users_who_can(permit, index.tenant(tenant), at, &mut found).unwrap();
                let found: BTreeSet<_> = found.into_iter().map(|user| index.user_id(user)).collect();
                all.push(format!("{tenant}: {found:?}"));
            }
        }
    }
    all
}

fn reach(
    index: &AccessIndex,
    user: tenantry::index::UserHandle,
    permit: Permit,
    at: Timestamp,
) -> BTreeSet<TenantId> {
    let mut found = Vec::new();
    index.tenants_where(user, permit, at, &mut found).unwrap();
    found.into_iter().map(|tenant| index.tenant_id(tenant)).collect()
}

/// What a random history does next. It may be refused.
fn command(rng: &mut Rng, step: usize) -> tenantry::command::Command {
    let roles = ["super_admin", "admin", "read_only", "no_access"];
    let user = *rng.pick(&users()).unwrap();
    let tenant = *rng.pick(&tenants()).unwrap();
    let link = *rng.pick(&[GRAND_LINK, JOINTLY_LINK, FULLY_LINK]).unwrap();
    let own = RoleId::from_uuid(Uuid::from_u128(0x7000 + rng.below(4) as u128));
    let role: RoleRef = match rng.percent(40) {
        true => RoleRef::Custom(own),
        false => text(rng.pick(&roles).unwrap()),
    };
    let permissions = match rng.below(3) {
        0 => set(&["tenant.view"]),
        1 => set(&["tenant.view", "users.manage"]),
        _ => set(&[]),
    };
    let party = Some(if rng.percent(50) { Party::Manager } else { Party::Customer });
    match rng.below(18) {
        0 => BlockUser::new(user).into(),
        1 => UnblockUser::new(user).into(),
        2 => RemoveUser::new(user).into(),
        3 | 4 => {
            let (number, email) = (rng.below(24), mail(&format!("u{step}")));
            RegisterUser { user: Some(someone(number)), ..RegisterUser::new(tenant, email, role) }.into()
        }
        5..=8 => {
            let new = NewAssignment { user, tenant, role, below: Some(rng.percent(50)) };
            Assign::new(vec![new]).into()
        }
        9 => Unassign::new(vec![UserOnTenant { user, tenant }]).into(),
        10 => {
            let name = text(&format!("role {step}"));
            CreateRole { role: Some(own), ..CreateRole::new(tenant, name, permissions) }.into()
        }
        11 => EditRole { permissions: Some(permissions), ..EditRole::new(own) }.into(),
        12 => DeleteRole::new(own).into(),
        13 => match rng.below(3) {
            0 => EnableTenants::new(vec![tenant]).into(),
            1 => ReportReady::new(tenant).into(),
            _ => DisableTenants::new(vec![tenant]).into(),
        },
        14 => match rng.percent(50) {
            true => RequestDelink { party, ..RequestDelink::new(link) }.into(),
            false => AcceptDelink { party, ..AcceptDelink::new(link) }.into(),
        },
        15 => {
            let name = text(&format!("Place {step}"));
            let how = text(if rng.percent(50) { "jointly" } else { "fully" });
            let (kind, services) = (TenantKind::Customer, set(&["manage"]));
            AddCustomer {
                tenant: Some(someplace(rng.below(8))),
                link: Some(LinkId::from_uuid(Uuid::from_u128(0x6000 + step as u128))),
                ..AddCustomer::new(*rng.pick(&[MSP, SECOND, GRAND]).unwrap(), kind, name, how, services)
            }
            .into()
        }
        16 => DeleteTenants::new(vec![tenant], "delete".to_owned()).into(),
        _ => {
            let mut policy = Policy { host_reports_ready: rng.percent(50), ..Policy::default() };
            policy.permissions.retain(|name| rng.percent(95) || name.as_str() == "tenant.view");
            SetPolicy::new(Box::new(policy)).into()
        }
    }
}

#[test]
fn p12_an_index_that_was_saved_and_the_journal_make_one_that_is_built() {
    for seed in 0..12 {
        let kept = Kept::new();
        let given = kept.given();
        let mut rng = Rng::new(seed);
        let (mut done, mut loaded) = (0, 0);
        let mut saved: Option<Token> = None;
        for step in 0..240 {
            let actor =
                if rng.percent(85) { staff_for("T-1") } else { Actor::from(*rng.pick(&USERS).unwrap()) };
            let answer = given.engine.submit(given.request(actor, command(&mut rng, step)));
            done += usize::from(answer.is_ok());
            if rng.percent(4) {
                given.clock.pass_days(rng.below(40) as u32);
            }
            if rng.percent(4) {
                // One that follows, or one that was itself loaded: what is saved of that is loaded again.
                let engine = kept.engine();
                let by = if rng.percent(50) { &engine } else { &given.engine };
                by.access_index().unwrap();
                by.refresh().unwrap();
                saved = Some(by.save_index(&kept.saved).unwrap());
            }
            if rng.percent(6) {
                assert_eq!(kept.loaded(), saved.map(|token| token.seq), "seed {seed}, step {step}");
                loaded += usize::from(saved.is_some());
            }
        }
        assert!(done > 15 && loaded > 2, "seed {seed}: {done} done, {loaded} loaded");
    }
}

// Damage.

/// An index of the testkit's world as bytes, and the key that they are under.
fn saved_bytes(view: &dyn View, key: &Hash) -> Vec<u8> {
    let mut bytes = Vec::new();
    Follower::build(view, 7, 1).unwrap().save().write(key, &mut bytes).unwrap();
    bytes
}

fn believed(bytes: &[u8], key: &Hash, view: &dyn View) -> bool {
    SavedIndex::open(bytes).and_then(|saved| Follower::load(saved, key, 2, view)).is_some()
}

#[test]
fn of_a_damaged_index_nothing_is_believed_whatever_byte_it_is() {
    let given = given();
    let reading = given.engine.read().unwrap();
    let now = reading.now().unwrap();
    let (view, key) = (world(&now).view, Hash::of("this store"));
    let whole = saved_bytes(view, &key);
    assert!(believed(&whole, &key, view));
    assert!(!believed(&whole, &Hash::of("another"), view));
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        for damage in [1, 0x80, 0xFF] {
            bytes[place] = whole[place] ^ damage;
            assert!(!believed(&bytes, &key, view), "byte {place} of {} ^ {damage:#x}", whole.len());
        }
        assert!(!believed(&whole[..place], &key, view), "its first {place} bytes");
    }
    assert!(!believed(&[&whole[..], &[0]].concat(), &key, view), "something follows");
    // Lengths that lie, up to all there can be, cost nothing: nothing is allocated by them.
    for word in 1..11 {
        for lie in [0, 1, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = whole.clone();
            bytes[word * 8..word * 8 + 8].copy_from_slice(&lie.to_le_bytes());
            assert!(bytes == whole || !believed(&bytes, &key, view), "word {word}: {lie}");
        }
    }
    // Two that are whole, and not of the same: head of the one, body of the other.
    let other = given_under(|policy| policy.host_reports_ready = !policy.host_reports_ready);
    let reading = other.engine.read().unwrap();
    let now = reading.now().unwrap();
    let others = saved_bytes(world(&now).view, &key);
    let head = 8 * 11 + 32;
    assert!(!believed(&[&whole[..head], &others[head..]].concat(), &key, view));
    assert!(!believed(&others, &key, view), "another policy is in force");
}

#[test]
fn what_is_no_saved_index_is_left_alone_and_the_index_is_built() {
    let kept = Kept::new();
    let given = kept.given();
    let token = given.engine.save_index(&kept.saved).unwrap();
    assert_eq!(kept.loaded(), Some(token.seq));
    let whole = fs::read(&kept.saved).unwrap();
    for place in (0..whole.len()).step_by(whole.len() / 12) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        fs::write(&kept.saved, &bytes).unwrap();
        assert_eq!(kept.loaded(), None, "byte {place}");
        fs::write(&kept.saved, &whole[..place]).unwrap();
        assert_eq!(kept.loaded(), None, "its first {place} bytes");
        assert_eq!(fs::read(&kept.saved).unwrap(), whole[..place], "it is left alone");
    }
    // Larger than any memory, and nothing in it.
    let sparse = fs::File::create(&kept.saved).unwrap();
    sparse.set_len(1 << 40).unwrap();
    assert_eq!(kept.loaded(), None);
    std::io::Write::write_all(&mut &sparse, &whole[..120]).unwrap();
    assert_eq!(kept.loaded(), None);
    fs::remove_file(&kept.saved).unwrap();
    assert_eq!(kept.loaded(), None, "nothing there");
    fs::create_dir(&kept.saved).unwrap();
    assert_eq!(kept.loaded(), None, "a directory");
    fs::remove_dir(&kept.saved).unwrap();
    // The store itself is none either.
    fs::copy(&kept.path, &kept.saved).unwrap();
    assert_eq!(kept.loaded(), None);
    fs::write(&kept.saved, &whole).unwrap();
    assert_eq!(kept.loaded(), Some(token.seq), "and once all is as it was, it is believed");
}

#[cfg(unix)]
#[test]
fn what_others_may_write_is_not_believed_and_what_never_ends_is_not_opened() {
    use std::os::unix::fs::PermissionsExt as _;

    let kept = Kept::new();
    let token = kept.given().engine.save_index(&kept.saved).unwrap();
    let mode = || fs::metadata(&kept.saved).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    for (mode, loaded) in [(0o620, None), (0o602, None), (0o644, Some(token.seq))] {
        fs::set_permissions(&kept.saved, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(kept.loaded(), loaded, "{mode:o}");
    }
    // It comes back as its owner's alone.
    kept.engine().save_index(&kept.saved).unwrap();
    assert_eq!(mode(), 0o600);
    for path in ["/dev/zero", "/dev/null"] {
        let engine = Engine::new(store(&kept.path), Options::default().saved_index(path)).unwrap();
        assert_eq!(engine.access_index().unwrap().loaded_from(), None);
    }
    let pipe = kept.place.path().join("pipe");
    if Command::new("mkfifo").arg(&pipe).status().is_ok_and(|made| made.success()) {
        let engine = Engine::new(store(&kept.path), Options::default().saved_index(&pipe)).unwrap();
        assert_eq!(engine.access_index().unwrap().loaded_from(), None);
    }
}

// Other stores, and other times of this one.

#[test]
fn an_index_of_another_store_is_not_believed() {
    let (one, other) = (Kept::new(), Kept::new());
    // They have the same history, and are not the same.
    let (first, second) = (one.given(), other.given());
    first.engine.save_index(&one.saved).unwrap();
    second.engine.save_index(&other.saved).unwrap();
    assert_eq!(first.engine.token().unwrap().hash, second.engine.token().unwrap().hash);
    fs::copy(&one.saved, &other.saved).unwrap();
    assert_eq!(other.loaded(), None);
    assert!(one.loaded().is_some());
}

#[test]
fn an_index_of_before_a_restore_is_not_believed() {
    let kept = Kept::new();
    let given = kept.given();
    let backup = kept.place.path().join("backup");
    given.engine.backup(&backup).unwrap();
    given.engine.save_index(&kept.saved).unwrap();
    drop(given);
    assert!(kept.loaded().is_some());
    Engine::restore(&backup, &kept.path).unwrap();
    assert_eq!(kept.loaded(), None, "its epoch is another");
    let token = kept.engine().save_index(&kept.saved).unwrap();
    assert_eq!(kept.loaded(), Some(token.seq));
}

#[test]
fn q3_an_index_of_before_a_rebuild_that_put_something_right_is_not_believed() {
    let kept = Kept::new();
    kept.given();
    let token = kept.engine().save_index(&kept.saved).unwrap();
    assert_eq!(kept.engine().rebuild().unwrap().rows, 0);
    assert_eq!(kept.loaded(), Some(token.seq), "nothing was wrong");
    // Somebody gives himself back by hand what was taken away.
    let db = rusqlite::Connection::open(&kept.path).unwrap();
    let by_hand = "UPDATE entity SET b = 'active' WHERE kind = 4 AND b = 'blocked' AND id = ?1";
    assert_eq!(db.execute(by_hand, [BOB.uuid().as_bytes()]).unwrap(), 1);
    drop(db);
    fs::remove_file(&kept.saved).unwrap();
    let may = || {
        let index = kept.engine().access_index().unwrap();
        index.check(BOB, index.permission("tenant.view").unwrap(), MSP, dawn()).allowed()
    };
    let before = kept.engine();
    before.save_index(&kept.saved).unwrap();
    assert!(may());
    assert_eq!(kept.engine().rebuild().unwrap().rows, 1);
    assert!(!may(), "what was made of it before counts no more");
    assert_eq!(kept.loaded(), None);
    // Nor does an index in memory that has not heard of it, when it is saved now.
    before.save_index(&kept.saved).unwrap();
    assert!(!may());
    assert_eq!(kept.loaded(), None);
    drop(before);
    let engine = kept.engine();
    engine.verify().unwrap();
    let token = engine.save_index(&kept.saved).unwrap();
    assert_eq!(kept.loaded(), Some(token.seq));
}

#[test]
fn an_index_that_is_ahead_of_the_store_or_of_another_branch_of_it_is_not_believed() {
    let kept = Kept::new();
    let old = kept.place.path().join("old");
    drop(kept.given());
    fs::copy(&kept.path, &old).unwrap();
    let rename = |name: &str| EditTenant { name: Some(text(name)), ..EditTenant::new(JOINTLY) };
    let engine = kept.engine();
    engine.execute(ADA, rename("One")).unwrap();
    let token = engine.save_index(&kept.saved).unwrap();
    drop(engine);
    assert_eq!(kept.loaded(), Some(token.seq));
    // Somebody copies an older file over it.
    fs::copy(&old, &kept.path).unwrap();
    assert_eq!(kept.loaded(), None, "there is no such record");
    let engine = kept.engine();
    let other = engine.execute(ADA, rename("Other")).unwrap();
    assert_eq!(other.seq(), token.seq);
    engine.execute(ADA, rename("Third")).unwrap();
    drop(engine);
    assert_eq!(kept.loaded(), None, "the record is another");
}

// Saving.

fn store_error<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    match outcome {
        Err(Error::Store(error)) => match &*error {
            StoreError::CannotOpen { .. } => "cannot open".to_owned(),
            StoreError::InUse { .. } => "in use".to_owned(),
            StoreError::Taken { .. } => "taken".to_owned(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_it_cannot_be_saved_what_was_there_stands_and_nothing_is_left() {
    let kept = Kept::new();
    let given = kept.given();
    fs::create_dir(kept.place.path().join("folder")).unwrap();
    fs::write(kept.place.path().join("file"), "Dear Ada").unwrap();
    let before = kept.names();
    for to in ["folder", "no/such/place", "file/in"] {
        assert_eq!(store_error(given.engine.save_index(kept.place.path().join(to))), "cannot open", "{to}");
    }
    assert_eq!(kept.names(), before);
    let token = given.engine.save_index(&kept.saved).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |mode| fs::set_permissions(kept.place.path(), fs::Permissions::from_mode(mode)).unwrap();
        mode(0o500);
        // Those who may everything are not kept from it.
        if fs::File::create(kept.place.path().join("probe")).is_err() {
            assert_eq!(store_error(given.engine.save_index(&kept.saved)), "cannot open");
        }
        mode(0o700);
    }
    drop(given);
    assert_eq!(kept.loaded(), Some(token.seq));
}

#[test]
fn an_index_takes_the_place_of_nothing_but_an_index() {
    let kept = Kept::new();
    let given = kept.given();
    let at = |name: &str| kept.place.path().join(name);
    given.engine.backup(at("backup")).unwrap();
    fs::write(at("letter"), "Dear Ada").unwrap();
    fs::write(at("empty"), "").unwrap();
    let store = kept.path.file_name().unwrap().to_str().unwrap();
    let [log, shared] = ["-wal", "-shm"].map(|suffix| format!("{store}{suffix}"));
    let dotted = format!("./{store}");
    for to in [store, &dotted, &log, &shared, "backup", "letter", "empty"] {
        assert_eq!(store_error(given.engine.save_index(at(to))), "taken", "{to}");
    }
    given.engine.verify().unwrap();
    assert_eq!(fs::read(at("letter")).unwrap(), b"Dear Ada");
    // One that is damaged, or of another store, is none that anybody misses.
    fs::write(at("index"), b"tnryindx and nothing else").unwrap();
    given.engine.save_index(at("index")).unwrap();
}

#[test]
fn of_two_who_save_at_once_each_leaves_a_whole_one() {
    let kept = Kept::new();
    let given = kept.given();
    given.engine.save_index(&kept.saved).unwrap();
    let others: Vec<Engine> = (0..3).map(|_| kept.engine()).collect();
    std::thread::scope(|scope| {
        for engine in &others {
            scope.spawn(|| {
                for _ in 0..20 {
                    if let Err(error) = engine.save_index(&kept.saved).map(drop) {
                        assert_eq!(store_error::<()>(Err(error)), "in use");
                    }
                    let loaded = kept.engine().access_index().unwrap().loaded_from();
                    assert!(loaded.is_some(), "at every moment there is a whole one");
                }
            });
        }
    });
    assert!(!kept.names().contains("index.part"));
    // While somebody else is at it, nobody waits.
    let part = fs::File::create(kept.place.path().join("index.part")).unwrap();
    part.lock().unwrap();
    assert_eq!(store_error(given.engine.save_index(&kept.saved)), "in use");
    drop(part);
    given.engine.save_index(&kept.saved).unwrap();
    assert!(!kept.names().contains("index.part"));
}

/// Not a test of its own: another process.
#[test]
fn child() {
    let Ok(part) = std::env::var(CHILD) else { return };
    let (path, rest) = part.split_once('|').unwrap();
    let (saved, steps) = rest.split_once('|').unwrap();
    let engine = Engine::new(store(Path::new(path)), Options::default().saved_index(saved)).unwrap();
    engine.access_index().unwrap();
    dies_after(steps.parse().unwrap());
    engine.save_index(saved).unwrap();
}

#[test]
fn a_save_that_is_killed_at_any_step_leaves_the_old_or_the_new_one() {
    let kept = Kept::new();
    let given = kept.given();
    let old = given.engine.save_index(&kept.saved).unwrap().seq;
    let given = given.and(ADA, EditTenant { name: Some(text("Renamed")), ..EditTenant::new(JOINTLY) });
    let new = given.engine.token().unwrap().seq;
    drop(given);
    let (before, mut found) = (fs::read(&kept.saved).unwrap(), BTreeSet::new());
    let mut steps = 1;
    loop {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
        command.env(CHILD, format!("{}|{}|{steps}", kept.path.display(), kept.saved.display()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let survived = command.status().unwrap().success();
        let loaded = kept.loaded().unwrap();
        assert!(loaded == old || loaded == new, "step {steps}: {loaded}");
        if survived {
            assert_eq!(loaded, new);
            break;
        }
        found.insert(loaded);
        fs::write(&kept.saved, &before).unwrap();
        steps += 1;
    }
    assert!(found.len() == 2 && steps > 4, "{found:?} in {steps} steps");
    assert!(!kept.names().contains("index.part"), "what was left is gone");
}

#[test]
fn whoever_watches_saves_at_first_and_at_the_end() {
    let kept = Kept::new();
    drop(kept.given());
    let engine = Arc::new(kept.engine());
    let watch = engine.watch(Duration::from_millis(1)).unwrap();
    while !kept.saved.exists() {
        assert!(watch.trouble().is_none(), "{:?}", watch.trouble());
        std::thread::yield_now();
    }
    let first = kept.loaded().unwrap();
    let renamed = EditTenant { name: Some(text("Renamed")), ..EditTenant::new(JOINTLY) };
    let last = engine.execute(ADA, renamed).unwrap().seq();
    assert!(first < last);
    drop(watch);
    assert_eq!(kept.loaded(), Some(last));

    // What cannot be saved is told, and stops nothing.
    let place = kept.place.path().join("no/such/place");
    let engine = Engine::new(store(&kept.path), Options::default().saved_index(place)).unwrap();
    let engine = Arc::new(engine);
    let watch = engine.watch(Duration::from_millis(1)).unwrap();
    while watch.trouble().is_none() {
        std::thread::yield_now();
    }
    assert_eq!(store_error::<()>(Err(watch.trouble().unwrap())), "cannot open");
}

#[test]
fn u5_nothing_about_people_is_in_it() {
    let kept = Kept::new();
    let given = kept.given();
    let name = tenantry::model::Patch::Set(text("Julia Marker"));
    let given = given
        .and(JULIA, EditUser { name, ..EditUser::new(JULIA) })
        .and(JULIA, CreateRole::new(JOINTLY, text("Marker of a role"), set(&["tenant.view"])));
    given.engine.save_index(&kept.saved).unwrap();
    let bytes = fs::read(&kept.saved).unwrap();
    let holds = |marker: &str| bytes.windows(marker.len()).any(|window| window == marker.as_bytes());
    for marker in ["Marker", "example.com", "Jointly", "JOINTLY"] {
        assert!(!holds(marker), "{marker}");
    }
    assert!(holds("super_admin") && holds("tenant.view"), "roles and the policy are");
}
