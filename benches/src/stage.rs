//! What the figures of one size share: the world, its index and its questions, made when first asked for.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::engine::Engine;
use tenantry::index::{AccessIndex, PermissionHandle, Permit, Resolved};
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::inside::Follower;

use crate::ask::{Ask, Spread, draw};
use crate::import::Import;
use crate::world::view::Source;
use crate::world::{Shape, World, store};

/// The seed of every world.
pub const SEED: u64 = 20_260_101;

/// One size.
pub struct Stage {
    /// How many customers.
    pub customers: usize,
    /// How many rounds each side has.
    pub rounds: usize,
    asks: usize,
    dir: PathBuf,
    world: OnceCell<World>,
    list_world: OnceCell<World>,
    follower: OnceCell<Follower>,
    uniform: OnceCell<Vec<Ask>>,
    zipf: OnceCell<Vec<Ask>>,
    import: OnceCell<Import>,
}

impl Stage {
    /// A stage for so many customers, so many questions, with files under a directory.
    pub fn new(customers: usize, asks: usize, rounds: usize, dir: &Path) -> Self {
        Self {
            customers,
            rounds,
            asks,
            dir: dir.to_owned(),
            world: OnceCell::new(),
            list_world: OnceCell::new(),
            follower: OnceCell::new(),
            uniform: OnceCell::new(),
            zipf: OnceCell::new(),
            import: OnceCell::new(),
        }
    }

    /// The world.
    pub fn world(&self) -> &World {
        self.world.get_or_init(|| timed("world", || World::make(&Shape::of(self.customers), SEED)))
    }

    /// Its index.
    pub fn index(&self) -> &AccessIndex {
        let build = || Follower::build(&Source::new(self.world()), 1, SEED).expect("the world can be read");
        self.follower.get_or_init(|| timed("index", build)).index()
    }

    /// Its questions.
    pub fn asks(&self, spread: Spread) -> &[Ask] {
        let asks = match spread {
            Spread::Uniform => &self.uniform,
            Spread::Zipf => &self.zipf,
        };
        asks.get_or_init(|| timed("questions", || draw(self.world(), self.asks, spread, SEED)))
    }

    /// A place for a file of this size.
    pub fn file(&self, name: &str) -> PathBuf {
        std::fs::create_dir_all(&self.dir).expect("the directory can be made");
        self.dir.join(format!("{name}-{}.db", self.customers))
    }

    /// The file of tenantry's own store, written once and kept.
    pub fn store(&self) -> PathBuf {
        self.written("tenantry", |file| store::write(self.world(), file))
    }

    /// A world of one MSP with all customers, for lists.
    pub fn list_world(&self) -> &World {
        self.list_world.get_or_init(|| World::make(&Shape::list(self.customers), SEED))
    }

    /// The file of such a store, with a reseller of all the customers.
    pub fn list_store(&self) -> PathBuf {
        self.written("list", |file| store::write_list(self.list_world(), file))
    }

    fn written(&self, name: &str, write: impl FnOnce(&SqliteStore) -> Result<(), store::Trouble>) -> PathBuf {
        let path = self.file(name);
        if !path.exists() {
            let being_written = self.file("being-written");
            for suffix in ["", "-wal", "-shm"] {
                let mut file = being_written.clone().into_os_string();
                file.push(suffix);
                // What a run that was interrupted has left.
                let _ = std::fs::remove_file(file);
            }
            timed("file", || {
                let options = FileOptions::default().synchronous(Synchronous::Normal);
                let store = SqliteStore::open(&being_written, options).expect("the file can be made");
                write(&store).expect("the world can be written");
            });
            std::fs::rename(being_written, &path).expect("the file can be renamed");
        }
        path
    }

    /// An import of so many customers, measured once.
    pub fn import(&self) -> &Import {
        let import = || Import::of(self.customers, self.rounds, self.scratch().path());
        self.import.get_or_init(|| timed("imports", import))
    }

    /// A directory for what is measured once and thrown away, on the disk that has the files.
    pub fn scratch(&self) -> tempfile::TempDir {
        std::fs::create_dir_all(&self.dir).expect("the directory can be made");
        tempfile::tempdir_in(&self.dir).expect("a directory")
    }

    /// An engine on that file.
    pub fn engine(&self) -> Engine {
        Engine::open(self.store()).expect("the file is a store")
    }

    /// The handles of the permissions and services, by their places.
    pub fn permit(&self) -> impl Fn(&Ask) -> Permit + '_ {
        let (world, index) = (self.world(), self.index());
        let permissions: Vec<PermissionHandle> = world
            .permissions
            .iter()
            .map(|permission| index.permission(permission.as_str()).expect("the policy has it"))
            .collect();
        let services: Vec<_> = world
            .services
            .iter()
            .map(|service| index.service(service.as_str()).expect("the policy has it"))
            .collect();
        move |ask| Permit {
            permission: permissions[ask.permission as usize],
            service: services.get(ask.service as usize).copied(),
        }
    }

    /// Questions by ids.
    pub fn by_ids(&self, asks: &[Ask]) -> Vec<(UserId, Permit, TenantId)> {
        let (world, permit) = (self.world(), self.permit());
        asks.iter().map(|ask| (world.user_id(ask.user), permit(ask), world.tenant_id(ask.tenant))).collect()
    }

    /// Questions by handles.
    pub fn by_handles(&self, asks: &[Ask]) -> Vec<Resolved> {
        let index = self.index();
        let resolve = |(user, permit, tenant)| Resolved {
            user: index.user(user),
            permit,
            tenant: index.tenant(tenant),
        };
        self.by_ids(asks).into_iter().map(resolve).collect()
    }

    /// The answers of the index, which have to be those of the folded masks.
    pub fn answers(&self, asks: &[Ask]) -> Vec<bool> {
        let (world, index, at) = (self.world(), self.index(), self.world().written());
        let asked = self.by_ids(asks);
        let answers: Vec<bool> = asked
            .iter()
            .map(|(user, permit, tenant)| index.check(*user, *permit, *tenant, at).allowed())
            .collect();
        for (ask, answer) in asks.iter().zip(&answers) {
            assert_eq!(
                ask.folded(world),
                *answer,
                "the index and the folded mask differ: {:?}",
                ask.question(world)
            );
        }
        answers
    }
}

/// Says what takes its time.
pub fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let before = Instant::now();
    let made = run();
    eprintln!("  {what}: {:.1} s", before.elapsed().as_secs_f64());
    made
}
