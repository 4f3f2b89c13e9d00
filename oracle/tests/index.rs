//! The access index answers as the rules do on a view, for every user, permission and tenant of small random worlds: the index that
//! follows its own engine's commits, the one that reads another engine's journal, and one built anew.

use std::collections::BTreeSet;
use std::thread;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::{Permission, Service};
use tenantry::engine::{Engine, Moment};
use tenantry::index::{AccessIndex, Permit, Resolved};
use tenantry::query::{Question, TenantsWhere, UsersWhoCan};
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::inside::Rng;
use tenantry_oracle::compare::{HandClock, options, start};
use tenantry_oracle::generator::{Generator, policy_of};
use tenantry_oracle::world::Oracle;
use uuid::Uuid;

/// How the indexes are called when one of them differs.
const NAMES: [&str; 4] = ["own commits", "another's journal", "built anew", "saved, loaded and followed up"];

fn open(path: &std::path::Path, clock: &HandClock, seed: u64) -> Engine {
    let file = FileOptions::default().synchronous(Synchronous::Normal);
    let options = options(clock, &policy_of(seed)).saved_index(path.with_extension("index"));
    Engine::new(SqliteStore::open(path, file).unwrap(), options).unwrap()
}

struct World {
    users: Vec<UserId>,
    tenants: Vec<TenantId>,
    permissions: Vec<Permission>,
    services: Vec<Option<Service>>,
}

impl World {
    /// Everything there is, and a user and a tenant that are not.
    fn of(oracle: &Oracle) -> Self {
        let nobody = Uuid::from_u128(1 << 100);
        let permissions: Vec<_> = oracle.policy.permissions.iter().cloned().collect();
        let services: Vec<_> = oracle.policy.services.iter().cloned().map(Some).chain([None]).collect();
        Self {
            users: oracle.users.iter().map(|user| user.id).chain([UserId::from_uuid(nobody)]).collect(),
            tenants: oracle.tenants.iter().map(|one| one.id).chain([TenantId::from_uuid(nobody)]).collect(),
            permissions,
            services,
        }
    }

    /// Compares a share of all there is to ask: one in so many.
    fn compare(
        &self,
        now: &Moment<'_>,
        indexes: &[&AccessIndex],
        engine: &Engine,
        share: usize,
        rng: &mut Rng,
    ) -> u64 {
        let mut compared = 0;
        for user in &self.users {
            for tenant in &self.tenants {
                for permission in &self.permissions {
                    for service in &self.services {
                        if rng.below(share) != 0 {
                            continue;
                        }
                        let question = Question {
                            user: *user,
                            permission: permission.clone(),
                            tenant: *tenant,
                            service: service.clone(),
                        };
                        let verdict = now.check(&question).unwrap();
                        for (index, name) in indexes.iter().zip(NAMES) {
                            let permit = permit(index, permission, service.as_ref());
                            let found = index.check(*user, permit, *tenant, || engine.now());
                            assert_eq!(found.reason, verdict.reason, "{name}: {question:?}");
                            assert_eq!(found.seq, verdict.seq, "{name}");
                        }
                        compared += 1;
                    }
                }
            }
        }
        compared
    }

    fn compare_reach(
        &self,
        now: &Moment<'_>,
        indexes: &[&AccessIndex],
        engine: &Engine,
        share: usize,
        rng: &mut Rng,
    ) {
        for permission in &self.permissions {
            for service in &self.services {
                for user in self.users.iter().filter(|_| rng.below(share) == 0) {
                    let wanted = now
                        .ask(TenantsWhere {
                            user: *user,
                            permission: permission.clone(),
                            service: service.clone(),
                        })
                        .unwrap();
                    for (index, name) in indexes.iter().zip(NAMES) {
                        let permit = permit(index, permission, service.as_ref());
                        let mut found = vec![index.tenant(self.tenants[0])];
                        index.tenants_where(index.user(*user), permit, || engine.now(), &mut found).unwrap();
                        let found: Vec<_> = found[1..].iter().map(|it| index.tenant_id(*it)).collect();
                        let each: BTreeSet<_> = found.iter().copied().collect();
                        assert_eq!(each.len(), found.len(), "{name}: each once");
                        assert_eq!(each, wanted.iter().copied().collect(), "{name}: {user} {permission}");
                    }
                }
                for tenant in self.tenants.iter().filter(|_| rng.below(share) == 0) {
                    let wanted = now
                        .ask(UsersWhoCan {
                            permission: permission.clone(),
                            tenant: *tenant,
                            service: service.clone(),
                        })
                        .unwrap();
                    for (index, name) in indexes.iter().zip(NAMES) {
                        let permit = permit(index, permission, service.as_ref());
                        let mut found = Vec::new();
                        index
                            .users_who_can(permit, index.tenant(*tenant), || engine.now(), &mut found)
                            .unwrap();
                        let found: Vec<_> = found.iter().map(|it| index.user_id(*it)).collect();
                        let each: BTreeSet<_> = found.iter().copied().collect();
                        assert_eq!(each.len(), found.len(), "{name}: each once");
                        assert_eq!(each, wanted.iter().copied().collect(), "{name}: {tenant} {permission}");
                    }
                }
            }
        }
    }

    /// A batch answers as single checks do.
    fn compare_batches(&self, index: &AccessIndex, engine: &Engine, rng: &mut Rng) {
        let asked: Vec<_> = (0..100)
            .map(|_| {
                let service = rng.pick(&self.services).unwrap().clone();
                let permit = permit(index, rng.pick(&self.permissions).unwrap(), service.as_ref());
                (*rng.pick(&self.users).unwrap(), permit, *rng.pick(&self.tenants).unwrap())
            })
            .collect();
        let wanted: Vec<_> = asked
            .iter()
            .map(|(user, permit, tenant)| index.check(*user, *permit, *tenant, || engine.now()))
            .collect();
        let resolved: Vec<_> = asked
            .iter()
            .map(|(user, permit, tenant)| Resolved {
                user: index.user(*user),
                permit: *permit,
                tenant: index.tenant(*tenant),
            })
            .collect();
        let blank = index.check(self.users[0], asked[0].1, self.tenants[0], || engine.now());
        let (mut answers, mut others) = (vec![blank; 100], vec![blank; 100]);
        index.check_batch(&resolved, || engine.now(), &mut answers);
        index.check_ids(&asked, || engine.now(), &mut others);
        assert_eq!(answers, wanted);
        assert_eq!(others, wanted);
    }
}

fn permit(index: &AccessIndex, permission: &Permission, service: Option<&Service>) -> Permit {
    let permission = index.permission(permission.as_str()).unwrap();
    Permit { permission, service: service.map(|service| index.service(service.as_str()).unwrap()) }
}

fn play(seed: u64) -> u64 {
    let policy = policy_of(seed);
    let clock = HandClock::new(start());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let (engine, other) = (open(&path, &clock, seed), open(&path, &clock, seed));
    let (own, late) = (engine.access_index().unwrap(), other.access_index().unwrap());

    let mut oracle = Oracle::new(policy);
    let mut generator = Generator::new(seed, start());
    let mut rng = Rng::new(seed ^ 0x1DE);
    let (mut compared, mut saved) = (0, None);
    for turn in 0..300 {
        let step = generator.step(&oracle);
        clock.set(step.at);
        // Only to lead the generator.
        let _ = oracle.execute(&step.request, step.at);
        // Either writes at times; each index sees the other's commits late.
        let writer = if rng.percent(80) { &engine } else { &other };
        let _ = writer.submit(step.request.clone());
        if turn % 10 != 9 {
            continue;
        }
        // What ends by itself has to end in time, whether or not somebody swept.
        clock.set(if rng.percent(40) { generator.a_while_later(&oracle) } else { step.at });
        engine.refresh().unwrap();
        other.refresh().unwrap();
        // What was saved some while ago is loaded, and what is loaded is saved in turn.
        let again = open(&path, &clock, seed);
        let loaded = again.access_index().unwrap();
        assert_eq!(loaded.loaded_from(), saved);
        let saver = *rng.pick(&[&engine, &other, &again]).unwrap();
        let place = path.with_extension("index");
        if saved.is_some() {
            std::fs::rename(&place, path.with_extension("aside")).unwrap();
        }
        let anew = open(&path, &clock, seed).access_index().unwrap();
        assert_eq!(anew.loaded_from(), None);
        if saved.is_some() {
            std::fs::rename(path.with_extension("aside"), &place).unwrap();
        }
        if rng.percent(30) {
            saved = Some(saver.save_index(&place).unwrap().seq);
        }
        let indexes = [&*own, &*late, &*anew, &*loaded];
        let reading = engine.read().unwrap();
        let now = reading.now().unwrap();
        let world = World::of(&oracle);
        let (share, reach) = if turn == 299 { (1, 1) } else { (200, 60) };
        compared += world.compare(&now, &indexes, &engine, share, &mut rng);
        world.compare_reach(&now, &indexes, &engine, reach, &mut rng);
        world.compare_batches(&own, &engine, &mut rng);
    }
    compared
}

#[test]
fn p12_the_index_answers_as_the_rules_do() {
    let worlds: u64 = std::env::var("WORLDS").map_or(8, |worlds| worlds.parse().unwrap());
    let compared: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|odd| scope.spawn(move || (1..=worlds).filter(|n| n % 2 == odd).map(play).sum::<u64>()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(compared > worlds * 10_000, "{compared}");
}
