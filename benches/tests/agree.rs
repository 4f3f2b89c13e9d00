//! Everybody gives the same answers, on a small world: the index, the store in memory and in a file, the folded masks, SQL, and the
//! engines of others where they are built in.

use std::path::Path;

use tenantry::engine::{Engine, Options};
use tenantry::store::memory::MemoryStore;
use tenantry::store::sqlite::SqliteStore;
use tenantry::testkit::inside::Follower;
use tenantry_benches::ask::{Ask, Spread, draw};
use tenantry_benches::figure::ALL;
use tenantry_benches::peer::map::Map;
use tenantry_benches::peer::sql::Database;
use tenantry_benches::peer::{Peer, agree};
use tenantry_benches::stage::{SEED, Stage};
use tenantry_benches::world::view::Source;
use tenantry_benches::world::{Shape, World, store};
use uuid::Uuid;

const ASKS: usize = 4_000;

fn small() -> (World, Vec<Ask>, Vec<bool>) {
    let world = World::make(&Shape::even(20, 20), SEED);
    let mut asks = draw(&world, ASKS, Spread::Uniform, 1);
    asks.extend(draw(&world, ASKS, Spread::Zipf, 2));
    let expected = {
        let memory = MemoryStore::new(Uuid::from_u128(1));
        store::write(&world, &memory).unwrap();
        from_store(&Engine::new(memory, Options::default()).unwrap(), &world, &asks)
    };
    let allowed = expected.iter().filter(|allowed| **allowed).count();
    assert!((45..=55).contains(&(allowed * 100 / asks.len())), "about half are allowed");
    (world, asks, expected)
}

fn from_store(engine: &Engine, world: &World, asks: &[Ask]) -> Vec<bool> {
    engine.verify().expect("the history leads to the present");
    asks.iter().map(|ask| engine.check(&ask.question(world)).unwrap().allowed).collect()
}

struct Built<'w>(&'w World, Follower);

impl Peer for Built<'_> {
    fn name(&self) -> &'static str {
        "the index"
    }

    fn allows(&mut self, ask: &Ask) -> bool {
        let (world, index) = (self.0, self.1.index());
        let permission = index.permission(world.permissions[ask.permission as usize].as_str()).unwrap();
        let (user, tenant) = (world.user_id(ask.user), world.tenant_id(ask.tenant));
        match world.services.get(ask.service as usize) {
            Some(service) => index
                .check(
                    user,
                    permission.with(index.service(service.as_str()).unwrap()),
                    tenant,
                    world.written(),
                )
                .allowed(),
            None => index.check(user, permission, tenant, world.written()).allowed(),
        }
    }
}

#[test]
fn everybody_gives_the_same_answers() {
    let (world, asks, expected) = small();
    agree(&mut Built(&world, Follower::build(&Source::new(&world), 1, 7).unwrap()), &world, &asks, &expected);
    agree(&mut Map::new(&world), &world, &asks, &expected);
    let memory = Database::memory(&world).unwrap();
    agree(&mut memory.statements(&world).unwrap(), &world, &asks, &expected);
    #[cfg(feature = "peers")]
    {
        use tenantry_benches::peer::{casbin::Casbin, cedar::Cedar, rego::Rego};
        agree(&mut Cedar::full(&world), &world, &asks, &expected);
        agree(&mut Cedar::slices(&world), &world, &asks, &expected);
        agree(&mut Casbin::new(&world), &world, &asks, &expected);
        agree(&mut Rego::new(&world), &world, &asks, &expected);
    }
}

#[test]
fn a_file_that_was_written_fast_is_a_store_like_any_other() {
    let (world, asks, expected) = small();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("world.db");
    store::write(&world, &SqliteStore::open(&path, Default::default()).unwrap()).unwrap();
    let engine = Engine::open(&path).unwrap();
    assert_eq!(from_store(&engine, &world, &asks), expected);
    let index = engine.access_index().unwrap();
    for (ask, expected) in asks.iter().zip(&expected) {
        let permission = index.permission(world.permissions[ask.permission as usize].as_str()).unwrap();
        let service = world.services.get(ask.service as usize);
        let permit = match service {
            Some(service) => permission.with(index.service(service.as_str()).unwrap()),
            None => permission.into(),
        };
        let (user, tenant) = (world.user_id(ask.user), world.tenant_id(ask.tenant));
        assert_eq!(index.check(user, permit, tenant, world.written()).allowed(), *expected, "{ask:?}");
    }
}

#[test]
fn a_bare_program_writes_the_rows_that_commands_wrote() {
    use tenantry::command::{RegisterTenant, RegisterUser};
    use tenantry::model::{Actor, TenantKind};
    use tenantry_benches::peer::bare::Bare;
    let dir = tempfile::tempdir().unwrap();
    let (ours, theirs) = (dir.path().join("ours.db"), dir.path().join("theirs.db"));
    drop(Engine::open(&ours).unwrap());
    let bare = Bare::copy(&ours, &theirs);
    let engine = Engine::open(&ours).unwrap();
    let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse().unwrap());
    let msp = engine.execute(Actor::OPERATOR, msp).unwrap().outcome;
    for number in 0..5 {
        let email = format!("user{number}@northwind.example").parse().unwrap();
        engine.execute(Actor::OPERATOR, RegisterUser::new(msp, email, "admin".parse().unwrap())).unwrap();
    }
    let written = bare.since(&ours);
    assert_eq!(written.len(), 6, "a record for each command");
    bare.write(&written, 1);
    drop((engine, bare));
    assert_eq!(dump(&ours), dump(&theirs));
    Engine::open(&theirs).unwrap().verify().expect("the history leads to the present");
}

#[test]
fn the_rival_shows_what_tenantry_shows() {
    let dir = tempfile::tempdir().unwrap();
    let stage = Stage::new(300, 1, 1, dir.path());
    for kind in ALL.iter().filter(|kind| ["F-14", "F-16", "F-17", "F-22"].contains(&kind.id)) {
        let mut rows = Vec::new();
        (kind.run)(&stage, &mut rows);
        assert!(rows.iter().any(|row| row.theirs.is_some()), "{} has another side", kind.id);
    }
}

fn dump(path: &Path) -> String {
    let db = rusqlite::Connection::open(path).unwrap();
    let tables = ["record", "record_about", "entity", "entity_past", "entry", "entry_past", "personal"];
    let mut text = String::new();
    for table in tables {
        let mut select = db.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
        let columns = select.column_count();
        let mut rows = select.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                text += &format!("{table} {:?}\n", row.get::<_, rusqlite::types::Value>(column).unwrap());
            }
        }
    }
    text
}
