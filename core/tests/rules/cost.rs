//! What a call costs: bounded by what it names, what it answers and little else (14). Reads of the store are counted, not time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use tenantry::base::ids::{LicenceId, RoleId};
use tenantry::base::time::Timestamp;
use tenantry::event::Event;
use tenantry::model::{Actor, HandshakeState, Invitation, Link, Tenant, TermRequest};
use tenantry::policy::{MoveRule, Policy};
use tenantry::query::{
    AlertRecipients, Ask, AuditActor, AuditFilter, CustomerFilter, CustomerSort, DeviceFilter, LinkFilter,
    LinkRequestFilter, Paging, ResellerFilter, UserFilter, UsersWhoCan,
};
use tenantry::refusal::Code::{TextTooLong, UnknownTenant};
use tenantry::store::memory::MemoryStore;
use tenantry::testkit::inside::{Settling, Tap, Tapped, View, World, settled, world};

/// Counts what is read of a store: looks, and the rows they find.
#[derive(Default)]
struct Reads(AtomicUsize);

impl Tap for Reads {
    fn reads(&self, rows: usize) {
        self.0.fetch_add(rows, Ordering::SeqCst);
    }
}

fn metered() -> (Tapped<MemoryStore, Arc<Reads>>, Arc<Reads>) {
    let reads = Arc::<Reads>::default();
    (Tapped { store: MemoryStore::new(Uuid::from_u128(1)), tap: Arc::clone(&reads) }, reads)
}

/// The known world on a store whose reads are counted.
struct Bench {
    given: Given,
    reads: Arc<Reads>,
}

impl Bench {
    fn new() -> Self {
        let (store, reads) = metered();
        Self { given: given_on(store), reads }
    }

    /// How much is read meanwhile.
    fn reads<T>(&self, what: impl FnOnce(&Given) -> T) -> (usize, T) {
        let before = self.reads.0.load(Ordering::SeqCst);
        let done = what(&self.given);
        (self.reads.0.load(Ordering::SeqCst) - before, done)
    }

    fn all(&self, commands: impl IntoIterator<Item = (Actor, Command)>) {
        let requests = commands.into_iter().map(|(actor, command)| self.given.request(actor, command));
        self.given.engine.submit_all(requests.collect()).into_iter().for_each(|answer| {
            answer.unwrap();
        });
    }

    /// Invitations of `SECOND`'s that nobody answers.
    fn invitations(&self, count: usize) {
        self.all((0..count).map(|number| {
            let invitee = Invitee::new(mail(&format!("guest{number}")));
            (NINA.into(), InviteUser::new(SECOND, invitee, text("no_access")).into())
        }));
    }

    /// Customers of `SECOND`'s whose links end after so many days.
    fn ending_links(&self, count: usize, days: u32) {
        self.all((0..count).map(|number| {
            let add = AddCustomer {
                tenant: Some(TenantId::from_uuid(Uuid::from_u128(0x7_0000 + number as u128))),
                term: Some(TermRequest::days(days)),
                ..AddCustomer::new(
                    SECOND,
                    TenantKind::Customer,
                    text("Ending"),
                    text("fully"),
                    set(&["manage"]),
                )
            };
            (NINA.into(), add.into())
        }));
    }
}

/// What something costs where there is so much of what others made, and where there is four times that.
fn grown<T>(world: impl Fn(usize) -> Bench, what: impl Fn(&Given) -> T) -> (usize, usize) {
    let cost = |count| world(count).reads(&what).0;
    (cost(200), cost(800))
}

#[test]
fn l3_a_sweep_costs_what_is_due_and_not_its_square() {
    let lapsed = |count| {
        let bench = Bench::new();
        bench.invitations(count);
        bench.given.clock.pass_days(8);
        bench
    };
    let (few, many) = grown(lapsed, |given| given.engine.sweep().unwrap());
    assert!(many <= 4 * few + 100, "{few} reads for 200, {many} for 800");
    let ended = |count| {
        let bench = Bench::new();
        bench.ending_links(count, 5);
        bench.given.clock.pass_days(8);
        bench
    };
    let (few, many) = grown(ended, |given| given.engine.sweep().unwrap());
    assert!(many <= 4 * few + 100, "{few} reads for 200, {many} for 800");
    // So it is within one transaction.
    let (few, many) = grown(ended, |given| {
        let requests = (0..20).map(|_| given.request(CARL, rename(ALONE))).collect();
        given.engine.submit_all(requests)
    });
    assert!(many <= 4 * few + 100, "{few} reads for 200, {many} for 800");
}

#[test]
fn l3_a_command_brings_about_what_it_names_and_a_bounded_part_of_the_rest() {
    let bench = Bench::new();
    let mine = EVE_INVITATION;
    bench.all([(CARL.into(), invite(ALONE, "read_only").into())]);
    bench.given.clock.pass_days(1);
    bench.invitations(300);
    bench.given.clock.pass_days(8);
    let state = |given: &Given, id: InvitationId| {
        let reading = given.engine.read().unwrap();
        let now = reading.now().unwrap();
        world(&now).view.get::<Invitation>(id.uuid()).unwrap().unwrap().handshake.state
    };
    let seq = bench.given.engine.token().unwrap().seq;
    // A stranger's command, a refused one, too, takes its share, in the order of moments.
    bench.given.engine.execute(FRED, rename(FULLY)).unwrap_err();
    assert_eq!(bench.given.engine.token().unwrap().seq, seq + 64 + 1);
    assert_eq!(state(&bench.given, mine), HandshakeState::Expired, "the first of all");
    // So does one about a tenant: of what is about it, and of the rest.
    bench.given.engine.execute(NINA, rename(SECOND)).unwrap();
    assert_eq!(bench.given.engine.token().unwrap().seq, seq + 64 + 1 + 64 + 1, "both are the same here");
    assert!(bench.given.engine.sweep().unwrap() > 64);
    bench.given.verified();
}

#[test]
fn x13_a_page_of_the_feed_costs_its_rows_however_much_time_alone_brought_about() {
    // People who have a role for an hour, one after the other, while nothing is recorded.
    let dearest = |count: i64| {
        let bench = Bench::new();
        let id = |number: i64| UserId::from_uuid(Uuid::from_u128(0x8_0000 + number as u128));
        bench.all(
            (0..count)
                .map(|number| (STAFF, user(id(number), MSP, &format!("r{number}"), "no_access").into())),
        );
        bench.all(
            (0..count)
                .map(|number| (STAFF, lent(id(number), JOINTLY, [2 * number + 1, 2 * number + 2]).into())),
        );
        let before = bench.given.engine.token().unwrap().seq;
        bench.given.clock.pass_days(90);
        bench.all([(STAFF, rename(MSP).into())]);
        let (mut paging, mut dearest, mut told) = (Paging { limit: 100, ..Paging::default() }, 0, 0);
        loop {
            let (reads, page) = bench.reads(|given| {
                let reading = given.engine.read().unwrap();
                reading.now().unwrap().host().access_changes(before, &paging).unwrap()
            });
            dearest = dearest.max(reads);
            told += page.rows.iter().filter(|row| row.tenant == JOINTLY && row.command.is_none()).count();
            match page.next {
                Some(next) => paging.cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(told as i64, 2 * count);
        dearest
    };
    let (few, many) = (dearest(200), dearest(800));
    assert!(many <= few + 100, "{few} reads of 200, {many} of 800");
}

/// A role for one user on one tenant, from and up to so many hours after the beginning.
fn lent(user: UserId, tenant: TenantId, hours: [i64; 2]) -> Assign {
    let [starts, ends] = hours.map(|hours| {
        let micros = dawn().micros() + hours * 3_600_000_000;
        Some(Timestamp::from_micros(micros).unwrap())
    });
    Assign { starts, ends, ..assign(user, tenant, "admin") }
}

#[test]
fn l3_what_a_stranger_left_to_come_due_makes_no_answer_to_it_dearer() {
    // The stranger asks for a customer, which says no when a term of many of its customers is over.
    let world = |count| {
        let bench = Bench::new();
        bench.all([(NINA.into(), ask(SECOND, "ALONE", "jointly").into())]);
        bench.ending_links(count, 1);
        bench.given.clock.pass_days(2);
        bench
    };
    let (few, many) = grown(world, |given| given.engine.execute(CARL, DeclineLink::new(ASKED)).unwrap());
    assert_eq!(few, many);
    // Nor a list that is refused.
    fn pays_nothing<Q: Ask + Clone>(world: impl Fn(usize) -> Bench, query: Q) {
        let (few, many) = grown(world, |given| {
            let reading = given.engine.read().unwrap();
            let refused = reading.now().unwrap().ask(query.clone()).err().unwrap();
            assert_eq!(refused.code(), Some(UnknownTenant), "{refused}");
        });
        assert_eq!(few, many);
    }
    let actor = || Actor::User(CARL);
    pays_nothing(world, Customers::new(actor(), SECOND));
    pays_nothing(world, Links::new(actor(), SECOND));
    let managed = LinkFilter { manages: true, ..LinkFilter::default() };
    pays_nothing(world, Links { filter: managed, ..Links::new(actor(), SECOND) });
    pays_nothing(world, Proposals::new(actor(), SECOND));
    pays_nothing(world, Moves::new(actor(), SECOND));
    pays_nothing(world, LinkRequests::new(actor(), SECOND));
    pays_nothing(world, ResellerCustomers::new(actor(), SECOND));
    pays_nothing(world, Uploads::new(actor(), SECOND));
}

#[test]
fn a1_who_is_told_is_found_without_a_look_at_everybody() {
    // People of a manager whose role says that nothing of it is theirs.
    let world = |count| {
        let bench = Bench::new();
        bench.all((0..count).map(|number: usize| {
            let id = UserId::from_uuid(Uuid::from_u128(0x8_0000 + number as u128));
            (STAFF, user(id, MSP, &format!("r{number}"), "read_only").into())
        }));
        bench
    };
    let (few, many) = grown(world, |given| {
        let reading = given.engine.read().unwrap();
        let now = reading.now().unwrap();
        assert!(!now.ask(ServiceMail::new(JOINTLY)).unwrap().users.is_empty());
        now.ask(AlertRecipients::new(JOINTLY, text("battery"))).unwrap();
        let editors = now.ask(UsersWhoCan::new("tenant.edit".parse().unwrap(), JOINTLY)).unwrap();
        assert!(!editors.is_empty());
    });
    assert_eq!(few, many);
}

#[test]
fn l9_a_link_that_has_ended_is_ended_before_a_command_about_it_however_much_else_is_due() {
    let bench = Bench::new();
    bench.invitations(300);
    let term = Some(TermRequest::days(9));
    bench.all([(ADA.into(), AddCustomer { term, ..customer(MSP, "fully") }.into())]);
    bench.given.clock.pass_days(10);
    let seq = bench.given.engine.token().unwrap().seq;
    let again = RequestLink { request: Some(ASKED), ..ask(MSP, "ALONE", "jointly") };
    bench.given.engine.execute(ADA, again).unwrap();
    let ended = |given: &Given| {
        let records = given.engine.records_after(seq, 1_000).unwrap();
        records
            .iter()
            .flat_map(|record| record.events.iter().map(event_name))
            .any(|name| name == "link_ended")
    };
    assert!(ended(&bench.given), "it is the requester's");
    bench.given.verified();
}

#[test]
fn q1_a_list_never_pays_for_what_is_due_elsewhere() {
    let paging = Paging { limit: 10, ..Paging::default() };
    let world = |count| {
        let bench = Bench::new();
        bench.all([(ADA.into(), invite(MSP, "read_only").into())]);
        bench.invitations(count);
        bench.ending_links(count / 4, 5);
        bench.given.clock.pass_days(40);
        bench
    };
    let now = |given: &Given, ask: &dyn Fn(&tenantry::engine::Moment<'_>)| {
        let reading = given.engine.read().unwrap();
        ask(&reading.now().unwrap());
    };
    type Ask<'a> = &'a dyn Fn(&tenantry::engine::Moment<'_>);
    let asks: [(&str, Ask<'_>); 8] = [
        ("reseller_customers", &|now| {
            now.ask(ResellerCustomers {
                actor: ROB.into(),
                reseller: RESELLER,
                filter: ResellerFilter::default(),
                paging: paging.clone(),
            })
            .unwrap();
        }),
        ("sessions", &|now| {
            now.ask(Sessions { paging: paging.clone(), ..Sessions::new(ADA.into(), JOINTLY) }).unwrap();
        }),
        ("customers", &|now| {
            now.ask(Customers {
                actor: ADA.into(),
                manager: MSP,
                filter: CustomerFilter::default(),
                paging: paging.clone(),
            })
            .unwrap();
        }),
        ("customer", &|now| {
            now.ask(Customer { actor: ADA.into(), manager: MSP, customer: JOINTLY }).unwrap();
        }),
        ("users", &|now| {
            now.ask(Users {
                actor: ADA.into(),
                tenant: MSP,
                filter: UserFilter::default(),
                paging: paging.clone(),
            })
            .unwrap();
        }),
        ("integrations", &|now| {
            now.ask(Integrations { paging: paging.clone(), ..Integrations::new(JULIA.into(), JOINTLY) })
                .unwrap();
        }),
        ("pins", &|now| {
            now.ask(Pins::new(ADA.into())).unwrap();
        }),
        ("service_mail", &|now| {
            now.ask(ServiceMail::new(JOINTLY)).unwrap();
        }),
    ];
    for (name, ask) in asks {
        let (few, many) = grown(world, |given| now(given, ask));
        assert_eq!(few, many, "{name}");
    }
}

#[test]
fn q4_what_the_host_reads_costs_nothing_that_is_due_elsewhere() {
    use tenantry::engine::{EntityKind, Of};
    let invitation = EVE_INVITATION;
    let world = |count| {
        let bench = Bench::new();
        bench.all([(ADA.into(), invite(MSP, "read_only").into())]);
        bench.all([(
            ADA.into(),
            AddCustomer { term: Some(TermRequest::days(3)), ..customer(MSP, "fully") }.into(),
        )]);
        bench.invitations(count);
        bench.ending_links(count / 4, 5);
        bench.given.clock.pass_days(40);
        bench
    };
    type Read<'a> = &'a dyn Fn(&tenantry::engine::Host<'_>);
    let paging = Paging { limit: 10, ..Paging::default() };
    let reads: [(&str, Read<'_>); 6] = [
        ("an invitation", &|host| {
            let found = host.get::<Invitation>(invitation.uuid()).unwrap().unwrap();
            assert_eq!(found.handshake.state, HandshakeState::Expired);
        }),
        ("who is invited", &|host| {
            let found = host.get::<tenantry::model::User>(EVE.uuid()).unwrap().unwrap();
            assert_eq!(found.state, tenantry::model::UserState::Removed);
        }),
        ("a link", &|host| {
            assert!(host.get::<Link>(NEW_LINK.uuid()).unwrap().unwrap().ended.is_some());
        }),
        ("a tenant", &|host| {
            host.entity(EntityKind::Tenant, NEW.uuid()).unwrap().unwrap();
        }),
        ("a manager's links", &|host| {
            let links = host.list::<Link>(&Of::Manager(MSP)).unwrap();
            assert!(links.iter().any(|link| link.id == NEW_LINK && link.ended.is_some()));
        }),
        ("a user's assignments", &|host| {
            host.entities(EntityKind::Assignment, &Of::User(ADA), &paging).unwrap();
        }),
    ];
    for (name, read) in reads {
        let (few, many) = grown(world, |given| {
            let reading = given.engine.read().unwrap();
            read(&reading.now().unwrap().host());
        });
        assert_eq!(few, many, "{name}");
    }
}

#[test]
fn l9_a_link_extends_itself_to_the_end_of_time_and_stays_there() {
    let given = given().and(
        ADA,
        AddCustomer {
            term: Some(TermRequest { auto_extend: true, ..TermRequest::days(30) }),
            ..customer(MSP, "fully")
        },
    );
    let reading = given.engine.read().unwrap();
    let now = reading.now().unwrap();
    let expires =
        |view: &dyn View| view.get::<Link>(NEW_LINK.uuid()).unwrap().unwrap().term.clone().unwrap().expires;
    let almost = Timestamp::from_micros(Timestamp::MAX.micros() - 1).unwrap();
    for moment in [almost, Timestamp::MAX] {
        let world = World::reading(world(&now).view, moment).unwrap();
        let after = settled(&world, Settling::LinksOf(&[MSP])).unwrap().unwrap();
        assert_eq!(expires(&after), Timestamp::MAX, "{moment}");
        let world = World::reading(&after, Timestamp::MAX).unwrap();
        let then = settled(&world, Settling::LinksOf(&[MSP])).unwrap();
        then.iter().for_each(|then| assert_eq!(expires(then), Timestamp::MAX, "it is never due again"));
        assert!(world.link(NEW_LINK).unwrap().unwrap().is_in_force(Timestamp::MAX));
    }
}

#[test]
fn v10_withdrawing_an_upload_costs_its_devices_and_nobody_elses() {
    let cost = |others: usize| {
        let bench = Bench::new();
        bench.all([(ROB.into(), AddResellerCustomer::new(RESELLER, text("MSP")).into())]);
        let upload = |number: u128, names: &str, count: usize| {
            let devices = (0..count).map(|device| format!("{names}-{device:05}").into()).collect();
            UploadDevices {
                upload: Some(stock::upload_id(number)),
                ..UploadDevices::new(RESELLER, MSP, devices)
            }
        };
        bench
            .all([(ROB.into(), upload(1, "MINE", 5).into()), (ROB.into(), upload(2, "REST", others).into())]);
        let (reads, ()) = bench.reads(|given| {
            given.engine.execute(ROB, WithdrawUpload::new(stock::upload_id(1))).unwrap();
        });
        reads
    };
    assert_eq!(cost(2_000), cost(10));
}

#[test]
fn v2_an_upload_costs_its_ids_and_nobody_elses() {
    let cost = |others: usize, own: usize| {
        let bench = Bench::new();
        bench.all([(ROB.into(), AddResellerCustomer::new(RESELLER, text("MSP")).into())]);
        let upload = |names: &str, count: usize| {
            let id = |device: usize, id: usize| format!("{names}-{device:05}-{id}");
            let devices = (0..count).map(|one| (0..3).map(|it| id(one, it)).collect::<Vec<_>>().into());
            UploadDevices::new(RESELLER, MSP, devices.collect())
        };
        bench.all([(ROB.into(), upload("REST", others).into())]);
        bench.reads(|given| given.engine.execute(ROB, upload("MINE", own)).unwrap()).0
    };
    assert_eq!(cost(1_000, 5), cost(10, 5));
    let (few, many) = (cost(10, 100), cost(10, 400));
    assert!(many <= 4 * few, "{few} reads for 100, {many} for 400");
}

#[test]
fn t7_prefixes_given_back_make_nothing_dearer() {
    let worn = |count| {
        let bench = Bench::new();
        bench.all((0..count).map(|number| (CARL.into(), prefix(ALONE, &format!("p{number}")).into())));
        bench
    };
    let size = |given: &Given| serde_json::to_string(&*given.get::<Tenant>(ALONE.uuid())).unwrap().len();
    assert_eq!(size(&worn(200).given), size(&worn(900).given));
    let (few, many) = grown(worn, |given| given.engine.execute(CARL, prefix(ALONE, "last")).unwrap());
    assert_eq!(few, many);
}

#[test]
fn p13_a_check_reads_each_tenant_above_once_however_many_ways_lead_to_it() {
    // Layers of managers, each of which manages all of the layer below.
    let layered = |width: usize, height: u32| {
        let mut policy = Policy::delegated();
        policy.max_managers = width as u32;
        policy.max_depth = height;
        policy.validate().unwrap();
        let (store, reads) = metered();
        let services: Vec<_> = policy.services.iter().cloned().collect();
        let management = policy.management_types.iter().find(|rule| !rule.exclusive).unwrap().name.clone();
        let bench = Bench { given: Given::bare(store, policy), reads };
        let done = |actor: Actor, command: Command| {
            let request = bench.given.request(actor, command);
            bench.given.engine.submit(request).unwrap()
        };
        let mut layers: Vec<Vec<(TenantId, UserId)>> = Vec::new();
        for layer in 0..=height {
            let wide = if layer == 0 || layer == height { 1 } else { width };
            let made = (0..wide).map(|place| {
                let id = 0x8_0000 + u128::from(layer) * 0x100 + place as u128;
                let (tenant, user) = (
                    TenantId::from_uuid(Uuid::from_u128(id)),
                    UserId::from_uuid(Uuid::from_u128(id | 0x10_0000)),
                );
                let name = format!("n{layer}-{place}");
                let register = RegisterTenant {
                    tenant: Some(tenant),
                    number: Some(text(&name)),
                    ..RegisterTenant::new(TenantKind::Msp, text(&name))
                };
                done(STAFF, register.into());
                let role = "super_admin";
                done(STAFF, super::user(user, tenant, &name, role).into());
                for (at, (manager, admin)) in layers.last().into_iter().flatten().enumerate() {
                    let request = LinkRequestId::from_uuid(Uuid::from_u128(id << 16 | at as u128));
                    let ask = RequestLink {
                        request: Some(request),
                        term: Some(TermRequest::days(30)),
                        ..RequestLink::new(
                            *manager,
                            text(&name),
                            management.clone(),
                            [services[at].clone()].into(),
                        )
                    };
                    done((*admin).into(), ask.into());
                    done(user.into(), AcceptLink::new(request).into());
                }
                (tenant, user)
            });
            let made = made.collect();
            layers.push(made);
        }
        let (top, leaf) = (layers[0][0].1, layers.last().unwrap()[0].0);
        bench.reads(|given| given.verdict(top, "tenant.view", leaf, None)).0
    };
    let (low, high) = (layered(2, 3), layered(2, 6));
    assert!(high <= 2 * low + 20, "{low} reads for 3 layers, {high} for 6");
}

#[test]
fn q1_a_text_to_look_for_is_bounded() {
    let given = given();
    let reading = given.engine.read().unwrap();
    let now = reading.now().unwrap();
    let paging = Paging::default();
    for (length, expected) in [(200, None), (201, Some(TextTooLong))] {
        let text = Some("Ä".repeat(length));
        let customers = CustomerFilter { text: text.clone(), ..CustomerFilter::default() };
        let users = UserFilter { text: text.clone(), ..UserFilter::default() };
        let rows = ResellerFilter { text, ..ResellerFilter::default() };
        let code = |error: Option<tenantry::engine::Error>| error.and_then(|error| error.code());
        assert_eq!(
            code(
                now.ask(Customers {
                    actor: ADA.into(),
                    manager: MSP,
                    filter: customers.clone(),
                    paging: paging.clone()
                })
                .err()
            ),
            expected
        );
        assert_eq!(
            code(
                now.ask(Users {
                    actor: ADA.into(),
                    tenant: MSP,
                    filter: users.clone(),
                    paging: paging.clone()
                })
                .err()
            ),
            expected
        );
        assert_eq!(
            code(
                now.ask(ResellerCustomers {
                    actor: ROB.into(),
                    reseller: RESELLER,
                    filter: rows.clone(),
                    paging: paging.clone()
                })
                .err()
            ),
            expected
        );
        assert_eq!(
            code(
                now.write_csv(
                    &ResellerCsv { actor: ROB.into(), reseller: RESELLER, filter: rows.clone() },
                    Vec::new()
                )
                .err()
            ),
            expected
        );
    }
}

#[test]
fn q1_what_few_rows_meet_costs_these_and_not_all() {
    // Customers of one manager, all alike but for the last, in whichever order they are.
    let of = |number: usize| TenantId::from_uuid(Uuid::from_u128(0x7_0000 + number as u128));
    let world = |count: usize| {
        let bench = Bench::new();
        bench.all((0..count).map(|number| {
            let (name, services) = match number + 1 == count {
                true => ("Zebra of the Zoo", set(&["manage", "enrollment"])),
                false => ("Alike of the Town", set(&["manage"])),
            };
            let add = AddCustomer {
                tenant: Some(of(number)),
                number: Some(text(&format!("C-{number}"))),
                ..AddCustomer::new(SECOND, TenantKind::Customer, text(name), text("fully"), services)
            };
            (NINA.into(), add.into())
        }));
        bench.all((0..count).map(|number| {
            (ROB.into(), AddResellerCustomer::new(RESELLER, text(&format!("C-{number}"))).into())
        }));
        let two = vec!["SN-1".into(), "SN-2".into()];
        bench.all([(ROB.into(), UploadDevices::new(RESELLER, of(count - 1), two).into())]);
        bench
    };
    let every = CustomerFilter::default;
    let zoo = || Some("zoo zebr".to_owned());
    for (sort, descending) in [
        (CustomerSort::Name, false),
        (CustomerSort::Number, false),
        (CustomerSort::Services, true),
        (CustomerSort::Devices, false),
    ] {
        for filter in [
            CustomerFilter { text: zoo(), sort, ..every() },
            CustomerFilter { text: Some("of z".to_owned()), sort, ..every() },
            CustomerFilter { service: Some(text("enrollment")), sort, ..every() },
            CustomerFilter { min_devices: Some(2), sort, ..every() },
        ] {
            let (few, many) = grown(world, |given| {
                let paging = Paging { limit: 5, descending, cursor: None };
                let filter = filter.clone();
                let list = Customers { filter, paging, ..Customers::new(NINA.into(), SECOND) };
                let rows = given.engine.ask(list).unwrap().rows;
                assert_eq!(
                    rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
                    ["Zebra of the Zoo"]
                );
            });
            assert!(many <= few + 8, "{filter:?}: {few} reads among 200, {many} among 800");
        }
    }
    // What nearly all meet costs the page.
    let (few, many) = grown(world, |given| {
        let filter = CustomerFilter { text: Some("town".to_owned()), ..every() };
        let paging = Paging { limit: 5, ..Paging::default() };
        let list = Customers { filter, paging, ..Customers::new(NINA.into(), SECOND) };
        assert_eq!(given.engine.ask(list).unwrap().rows.len(), 5);
    });
    assert!(many <= few + 8, "{few} reads among 200, {many} among 800");
    let (few, many) = grown(world, |given| {
        let rows = given.engine.ask(Places { text: zoo(), ..Places::new(NINA.into()) }).unwrap().rows;
        assert_eq!(rows.len(), 1);
    });
    assert!(many <= few + 8, "{few} reads among 200, {many} among 800");
    let (few, many) = grown(world, |given| {
        let filter = ResellerFilter { unused: true, text: zoo(), ..ResellerFilter::default() };
        let list = ResellerCustomers { filter, ..ResellerCustomers::new(ROB.into(), RESELLER) };
        assert_eq!(given.engine.ask(list).unwrap().rows.len(), 1);
    });
    assert!(many <= few + 8, "{few} reads among 200, {many} among 800");
}

#[test]
fn l3_what_happens_to_one_person_costs_nothing_of_their_colleagues() {
    // People, what they and their organisation asked, open consoles, customers.
    let world = |count: usize| {
        let bench = Bench::new();
        bench.all([(STAFF, user(EVE, SECOND, "eve", "read_only").into())]);
        bench.all((0..count).map(|number| {
            let id = UserId::from_uuid(Uuid::from_u128(0x8_0000 + number as u128));
            (STAFF, user(id, SECOND, &format!("p{number}"), "admin").into())
        }));
        bench.invitations(count);
        bench.ending_links(count, 90);
        bench.all((0..count).map(|number| {
            let add = RegisterTenant {
                tenant: Some(TenantId::from_uuid(Uuid::from_u128(0x9_0000 + number as u128))),
                number: Some(text(&format!("C-{number}"))),
                ..RegisterTenant::new(TenantKind::Customer, text("Asked"))
            };
            (STAFF, add.into())
        }));
        bench.all((0..count).map(|number| {
            let owner = UserId::from_uuid(Uuid::from_u128(0xa_0000 + number as u128));
            let tenant = TenantId::from_uuid(Uuid::from_u128(0x9_0000 + number as u128));
            (STAFF, user(owner, tenant, &format!("owner{number}"), "super_admin").into())
        }));
        bench.all((0..count).map(|number| {
            let ask = RequestLink { request: None, ..ask(SECOND, &format!("C-{number}"), "jointly") };
            (NINA.into(), ask.into())
        }));
        bench.all(
            (0..count).map(|_| (NINA.into(), OpenConsole::new(SECOND, text("manage"), text("/back")).into())),
        );
        bench
    };
    let commands: [(&str, Vec<Command>); 5] = [
        ("block_user", vec![BlockUser::new(EVE).into()]),
        ("unblock_user", vec![BlockUser::new(EVE).into(), UnblockUser::new(EVE).into()]),
        ("assign", vec![assign(EVE, SECOND, "admin").into()]),
        ("assign a super admin", vec![assign(EVE, SECOND, "super_admin").into()]),
        ("remove_user", vec![RemoveUser::new(EVE).into()]),
    ];
    for (name, commands) in commands {
        let (few, many) = grown(world, |given| {
            for command in commands.clone() {
                given.engine.submit(given.request(NINA, command)).unwrap();
            }
        });
        assert!(many <= few + 8, "{name}: {few} reads among 200, {many} among 800");
    }
}

#[test]
fn q5_what_awaits_an_answer_costs_the_rows_shown() {
    // Strangers who invite an MSP, one each; what has lapsed, and customers, cost nothing either.
    let tenant = |number: usize| TenantId::from_uuid(Uuid::from_u128(0x9_0000 + number as u128));
    let world = |count: usize| {
        let bench = Bench::new();
        bench.ending_links(count, 90);
        bench.all((0..2 * count).map(|number| {
            let add = RegisterTenant {
                tenant: Some(tenant(number)),
                ..RegisterTenant::new(TenantKind::Customer, text("Stranger"))
            };
            (STAFF, add.into())
        }));
        let owner = |number: usize| UserId::from_uuid(Uuid::from_u128(0xa_0000 + number as u128));
        bench.all((0..2 * count).map(|number| {
            (STAFF, user(owner(number), tenant(number), &format!("o{number}"), "super_admin").into())
        }));
        let asked =
            |number| (owner(number).into(), InviteManager::new(tenant(number), text("SECOND")).into());
        bench.all((0..count).map(asked));
        bench.given.clock.pass_days(29);
        bench.all((count..2 * count).map(asked));
        bench.given.clock.pass_days(2);
        bench
    };
    for descending in [false, true] {
        let (few, many) = grown(world, |given| {
            let paging = Paging { limit: 10, descending, cursor: None };
            let rows = given.engine.ask(Awaiting { paging, ..Awaiting::new(NINA.into()) }).unwrap().rows;
            assert_eq!(rows.len(), 10);
        });
        assert!(many <= few + 8, "{few} reads among 200, {many} among 800");
    }
}

#[test]
fn q2_the_audit_of_a_while_or_of_one_person_costs_no_other_records() {
    let world = |count: usize| {
        let bench = Bench::new();
        let renamed = |count| (0..count).map(|_| (Actor::from(ADA), Command::from(rename(MSP))));
        bench.all(renamed(count));
        bench.given.clock.pass_days(1);
        bench.all([(ADAM.into(), OpenConsole::new(MSP, text("manage"), text("/back")).into())]);
        bench.given.clock.pass_days(1);
        bench.all(renamed(count));
        bench
    };
    let of = |filter: AuditFilter, descending| {
        move |given: &Given| {
            let paging = Paging { descending, ..Paging::default() };
            let list = Audit { filter: filter.clone(), paging, ..Audit::new(ADA.into(), MSP) };
            let rows = given.engine.ask(list).unwrap().rows;
            assert_eq!(rows.iter().filter(|row| row.by == AuditActor::User(ADAM)).count(), 1);
            assert!(rows.len() < 5);
        }
    };
    let day = AuditFilter {
        from: Some(dawn().plus_days(1)),
        until: Some(dawn().plus_days(2)),
        ..AuditFilter::default()
    };
    let one = AuditFilter { by: Some(ADAM), ..AuditFilter::default() };
    for descending in [false, true] {
        for filter in [&day, &one] {
            let (few, many) = grown(world, of(filter.clone(), descending));
            assert!(many <= few + 16, "{filter:?}: {few} reads among 200, {many} among 800");
        }
    }
}

#[test]
fn q2_refusals_cannot_fill_the_journal() {
    let bench = Bench::new();
    bench.all([(ADA.into(), RemoveUser::new(RITA).into())]);
    let nagging = |who: UserId, times: usize| {
        let before = bench.given.engine.token().unwrap().seq;
        let requests = (0..times).map(|_| bench.given.request(who, rename(JOINTLY))).collect();
        bench.given.engine.submit_all(requests).into_iter().for_each(|answer| drop(answer.unwrap_err()));
        bench.given.engine.token().unwrap().seq - before
    };
    let left_out = |given: &Given| {
        let head = given.engine.token().unwrap().seq;
        match given.engine.records_after(head - 1, 1).unwrap().remove(0).events.remove(0) {
            Event::CommandRefused { left_out, .. } => left_out,
            other => panic!("{other:?}"),
        }
    };
    // Whoever was removed or blocked leaves no trace.
    for who in [RITA, BOB, IVY] {
        assert_eq!(nagging(who, 3), 0);
    }
    assert_eq!(nagging(NINA, 40), 32);
    assert_eq!(nagging(NINA, 40), 0);
    assert_eq!(nagging(NOEL, 1), 1, "each has an hour of their own");
    assert_eq!(left_out(&bench.given), 0);
    bench.given.clock.set(dawn().plus_seconds(3_600));
    assert_eq!(nagging(NINA, 1), 1);
    assert_eq!(left_out(&bench.given), 48);
    assert_eq!(nagging(NINA, 40), 31);
    assert_eq!(left_out(&bench.given), 0);
    bench.given.verified();
}

#[test]
fn q4_a_page_of_what_belongs_to_a_tenant_costs_the_rows_it_shows() {
    let many = |commands: fn(usize) -> (Actor, Command)| {
        move |count| {
            let bench = Bench::new();
            bench.all((0..count).map(commands));
            bench
        }
    };
    let paging = || Paging { limit: 5, ..Paging::default() };
    let asked = many(|number| {
        let invitee = Invitee::new(mail(&format!("guest{number}")));
        (NINA.into(), InviteUser::new(SECOND, invitee, text("no_access")).into())
    });
    let invitations = grown(asked, |given| {
        let rows =
            given.engine.ask(Invitations { paging: paging(), ..Invitations::new(NINA.into(), SECOND) });
        assert_eq!(rows.unwrap().rows.len(), 5);
    });
    let held = many(|number| {
        let who = UserId::from_uuid(Uuid::from_u128(0x7_0000 + number as u128));
        (STAFF, user(who, SECOND, &format!("guest{number}"), "no_access").into())
    });
    let assignments = grown(held, |given| {
        let rows =
            given.engine.ask(Assignments { paging: paging(), ..Assignments::new(NINA.into(), SECOND) });
        assert_eq!(rows.unwrap().rows.len(), 5);
    });
    let bought = many(|_| (ADA.into(), BuyLicence::new(MSP, JOINTLY, text("manage"), 1).into()));
    let licences = grown(bought, |given| {
        let rows = given.engine.ask(Licences { paging: paging(), ..Licences::new(ADA.into(), JOINTLY) });
        assert_eq!(rows.unwrap().rows.len(), 5);
    });
    let opened = many(|_| (ADA.into(), OpenConsole::new(JOINTLY, text("manage"), text("/back")).into()));
    let sessions = grown(opened, |given| {
        let rows = given.engine.ask(Sessions { paging: paging(), ..Sessions::new(ADA.into(), JOINTLY) });
        assert_eq!(rows.unwrap().rows.len(), 5);
    });
    let registered = many(|number| {
        let add = RegisterTenant {
            tenant: Some(TenantId::from_uuid(Uuid::from_u128(0x9_0000 + number as u128))),
            number: Some(text(&format!("C-{number}"))),
            ..RegisterTenant::new(TenantKind::Customer, text("Asked"))
        };
        (STAFF, add.into())
    });
    let requests = grown(
        |count| {
            let bench = registered(count);
            bench.all((0..count).map(|number| {
                let owner = UserId::from_uuid(Uuid::from_u128(0x8_0000 + number as u128));
                let tenant = TenantId::from_uuid(Uuid::from_u128(0x9_0000 + number as u128));
                (STAFF, user(owner, tenant, &format!("owner{number}"), "super_admin").into())
            }));
            bench.all((0..count).map(|number| {
                let ask = RequestLink { request: None, ..ask(SECOND, &format!("C-{number}"), "jointly") };
                (NINA.into(), ask.into())
            }));
            bench
        },
        |given| {
            let filter = LinkRequestFilter { sent: true, state: None };
            let list = LinkRequests { paging: paging(), filter, ..LinkRequests::new(NINA.into(), SECOND) };
            assert_eq!(given.engine.ask(list).unwrap().rows.len(), 5);
        },
    );
    let customers = many(|number| {
        let tenant = Some(TenantId::from_uuid(Uuid::from_u128(0x7_0000 + number as u128)));
        let name = text(&format!("New {number}"));
        (ADA.into(), AddCustomer { tenant, link: None, name, ..customer(MSP, "fully") }.into())
    });
    let places = grown(customers, |given| {
        let rows = given.engine.ask(Places { paging: paging(), ..Places::new(ADA.into()) });
        assert_eq!(rows.unwrap().rows.len(), 5);
    });
    // Somebody with a role on two of many walks these.
    let of_two = grown(
        |count| {
            let bench = customers(count);
            let home = RegisterUser { below: Some(false), ..user(EVE, MSP, "eve", "admin") };
            bench.all([(STAFF, home.into()), (ADA.into(), assign(EVE, JOINTLY, "admin").into())]);
            bench
        },
        |given| {
            let list = Customers { paging: paging(), ..Customers::new(EVE.into(), MSP) };
            let rows = given.engine.ask(list).unwrap().rows;
            assert_eq!(rows.iter().map(|row| row.tenant).collect::<Vec<_>>(), [JOINTLY]);
        },
    );
    let uploaded = |count| {
        let bench = Bench::new();
        bench.all([(ROB.into(), AddResellerCustomer::new(RESELLER, text("MSP")).into())]);
        bench.all((0..count).map(|number| {
            let devices = vec![format!("SN-{number}").as_str().into()];
            (ROB.into(), UploadDevices::new(RESELLER, MSP, devices).into())
        }));
        bench
    };
    let uploads = grown(uploaded, |given| {
        let rows = given.engine.ask(Uploads { paging: paging(), ..Uploads::new(ROB.into(), RESELLER) });
        assert_eq!(rows.unwrap().rows.len(), 5);
    });
    let moved = |count| {
        let Bench { given, reads } = uploaded(count);
        let approval = |policy: &mut Policy| policy.management_types[1].moves = MoveRule::Approval;
        let bench = Bench { given: given.under(approval).agreed(JOINTLY_LINK), reads };
        bench.all((0..count).map(|number| {
            let one = set(&[format!("SN-{number}").as_str()]);
            (STAFF, MoveDevices::new(MSP, JOINTLY, one).into())
        }));
        bench
    };
    let moves = grown(moved, |given| {
        for (who, tenant, sent) in [(ADA, MSP, true), (JULIA, JOINTLY, false)] {
            let filter = MoveFilter { sent, state: None };
            let list = Moves { filter, paging: paging(), ..Moves::new(who.into(), tenant) };
            assert_eq!(given.engine.ask(list).unwrap().rows.len(), 5);
        }
    });
    let sent = grown(
        many(|number| {
            let invitee = Invitee::new(mail(&format!("guest{number}")));
            (NINA.into(), InviteUser::new(SECOND, invitee, text("no_access")).into())
        }),
        |given| {
            let rows = given.engine.ask(AskedByMe { paging: paging(), ..AskedByMe::new(NINA.into()) });
            assert_eq!(rows.unwrap().rows.len(), 5);
        },
    );
    let linked = grown(
        |count| {
            let bench = Bench::new();
            bench.ending_links(count, 90);
            bench
        },
        |given| {
            let filter = LinkFilter { manages: true, ended: None };
            let list = Links { filter, paging: paging(), ..Links::new(NINA.into(), SECOND) };
            assert_eq!(given.engine.ask(list).unwrap().rows.len(), 5);
        },
    );
    let added = grown(
        |count| {
            let bench = Bench::new();
            bench.all((0..count).map(|number| {
                let add = RegisterTenant {
                    tenant: Some(TenantId::from_uuid(Uuid::from_u128(0x9_0000 + number as u128))),
                    ..RegisterTenant::new(TenantKind::Reseller, text("Many"))
                };
                (STAFF, add.into())
            }));
            bench.all((0..count).map(|number| {
                let reseller = TenantId::from_uuid(Uuid::from_u128(0x9_0000 + number as u128));
                (STAFF, AddResellerCustomer::new(reseller, text("ALONE")).into())
            }));
            bench
        },
        |given| {
            let rows = given.engine.ask(Resellers { paging: paging(), ..Resellers::new(CARL.into(), ALONE) });
            assert_eq!(rows.unwrap().rows.len(), 5);
        },
    );
    for (list, (few, many)) in [
        ("places", places),
        ("customers of one", of_two),
        ("invitations", invitations),
        ("assignments", assignments),
        ("licences", licences),
        ("sessions", sessions),
        ("link_requests", requests),
        ("uploads", uploads),
        ("moves", moves),
        ("asked", sent),
        ("links", linked),
        ("resellers", added),
    ] {
        assert_eq!(few, many, "{list}: {few} reads among 200, {many} among 800");
    }
}

#[test]
fn p7_taking_a_grant_away_costs_what_rests_on_it_and_not_what_the_customers_own_people_do() {
    // The customer's own people invite and work; the manager's one invitation rests on the grant.
    let invited = |by: UserId, name: String| {
        (by.into(), InviteUser::new(JOINTLY, Invitee::new(mail(&name)), text("no_access")).into())
    };
    let begin = || {
        let bench = Bench::new();
        let given = SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"]));
        bench.all([(JULIA.into(), given.into()), invited(ADA, "theirs".to_owned())]);
        bench
    };
    let own = |count: usize| {
        let bench = begin();
        bench.all((0..count).map(|number| invited(JULIA, format!("guest{number}"))));
        bench.all(
            (0..count)
                .map(|_| (JULIA.into(), OpenConsole::new(JOINTLY, text("manage"), text("/back")).into())),
        );
        bench
    };
    // The manager has many people and does much elsewhere.
    let managers = |count: usize| {
        let bench = begin();
        bench.all((0..count).map(|number| {
            let id = UserId::from_uuid(Uuid::from_u128(0x8_0000 + number as u128));
            (STAFF, user(id, MSP, &format!("p{number}"), "admin").into())
        }));
        bench.all((0..count).map(|number| {
            let invitee = Invitee::new(mail(&format!("guest{number}")));
            (ADA.into(), InviteUser::new(MSP, invitee, text("no_access")).into())
        }));
        bench.all(
            (0..count).map(|_| (ADA.into(), OpenConsole::new(MSP, text("manage"), text("/back")).into())),
        );
        bench
    };
    let withdrawn = |given: &Given| {
        let take = SetManagerGrants::new(JOINTLY_LINK, set(&[]));
        given.engine.submit(given.request(JULIA, take)).unwrap();
        let head = given.engine.token().unwrap().seq;
        let events = given.engine.records_after(head - 1, 1).unwrap().remove(0).events;
        assert!(matches!(
            events.as_slice(),
            [Event::ManagerGrantsSet { .. }, Event::InvitationWithdrawn { .. }]
        ));
    };
    for (name, (few, many)) in [("own", grown(own, withdrawn)), ("managers", grown(managers, withdrawn))] {
        assert!(many <= few + 8, "{name}: {few} reads among 200, {many} among 800");
    }
}

#[test]
fn p9_a_role_costs_those_who_have_it_and_no_consoles_of_others() {
    let desk = RoleId::from_uuid(Uuid::from_u128(0xde5c));
    let world = |count: usize| {
        let bench = Bench::new();
        let create = CreateRole {
            role: Some(desk),
            ..CreateRole::new(SECOND, text("Desk"), set(&["tenant.view", "console.open"]))
        };
        bench.all([(NINA.into(), create.into())]);
        bench.all(
            (0..count).map(|_| (NINA.into(), OpenConsole::new(SECOND, text("manage"), text("/back")).into())),
        );
        bench.all(
            (0..count).map(|_| (ADA.into(), OpenConsole::new(MSP, text("manage"), text("/back")).into())),
        );
        bench
    };
    let less = EditRole { permissions: Some(set(&["tenant.view"])), ..EditRole::new(desk) };
    for (name, command) in [("edit", Command::from(less)), ("delete", DeleteRole::new(desk).into())] {
        let (few, many) = grown(world, |given| {
            given.engine.submit(given.request(NINA, command.clone())).unwrap();
        });
        assert!(many <= few + 8, "{name}: {few} reads among 200, {many} among 800");
    }
}

#[test]
fn l8_asking_an_msp_costs_none_of_its_customers() {
    let world = |count| {
        let bench = Bench::new();
        bench.ending_links(count, 90);
        bench
    };
    let (few, many) = grown(world, |given| {
        given.engine.submit(given.request(ADA, ask(MSP, "SECOND", "jointly"))).unwrap();
    });
    assert!(many <= few + 8, "{few} reads among 200, {many} among 800");
}

#[test]
fn t7_who_may_not_delete_a_tenant_costs_nothing_of_what_is_below() {
    let world = |count| {
        let bench = Bench::new();
        bench.ending_links(count, 90);
        bench
    };
    for (actor, cascade) in [(Actor::from(JULIA), true), (STAFF, false)] {
        let (few, many) = grown(world, |given| {
            let command = DeleteTenants { cascade, ..delete(&[SECOND]) };
            given.engine.submit(given.request(actor.clone(), command)).unwrap_err();
        });
        assert!(many <= few + 8, "{actor:?}: {few} reads among 200, {many} among 800");
    }
}

#[test]
fn q2_a_page_of_the_audit_costs_its_rows() {
    let world = |count: usize| {
        let bench = Bench::new();
        bench.all((0..count / 4).map(|_| (Actor::from(ADA), Command::from(rename(MSP)))));
        bench
    };
    for descending in [false, true] {
        let (few, many) = grown(world, |given| {
            let paging = Paging { limit: 3, descending, cursor: None };
            let rows = given.engine.ask(Audit { paging, ..Audit::new(ADA.into(), MSP) }).unwrap().rows;
            assert_eq!(rows.len(), 3);
        });
        assert!(many <= few + 8, "{few} reads among 200, {many} among 800");
    }
}

#[test]
fn q5_what_is_due_about_other_links_costs_no_list_that_does_not_show_them() {
    let world = |count| {
        let bench = Bench::new();
        bench.ending_links(count, 5);
        bench.all([(NINA.into(), ask(SECOND, "ALONE", "jointly").into())]);
        bench.given.clock.pass_days(8);
        bench
    };
    let asked = grown(world, |given| {
        assert_eq!(given.engine.ask(AskedByMe::new(NINA.into())).unwrap().rows.len(), 1);
    });
    let awaiting = grown(world, |given| {
        assert_eq!(given.engine.ask(Awaiting::new(NINA.into())).unwrap().rows.len(), 0);
    });
    let proposals = grown(world, |given| {
        assert_eq!(given.engine.ask(Proposals::new(NINA.into(), SECOND)).unwrap().rows.len(), 0);
    });
    let moves = grown(world, |given| {
        assert_eq!(given.engine.ask(Moves::new(NINA.into(), SECOND)).unwrap().rows.len(), 0);
    });
    for (list, (few, many)) in
        [("asked", asked), ("awaiting", awaiting), ("proposals", proposals), ("moves", moves)]
    {
        assert!(many <= few + 8, "{list}: {few} reads among 200, {many} among 800");
    }
}

#[test]
fn c1_devices_with_a_seat_are_found_by_their_licences() {
    let licence = LicenceId::from_uuid(Uuid::from_u128(0x11ce));
    let world = |count: usize| {
        let bench = Bench::new();
        let buy = BuyLicence { licence: Some(licence), ..BuyLicence::new(MSP, MSP, text("manage"), 1) };
        bench.all([
            (ROB.into(), AddResellerCustomer::new(RESELLER, text("MSP")).into()),
            (ADA.into(), buy.into()),
        ]);
        let devices = (0..count).map(|number| format!("SN-{number:04}").as_str().into()).collect();
        bench.all([(ROB.into(), UploadDevices::new(RESELLER, MSP, devices).into())]);
        let last = format!("SN-{:04}", count - 1);
        bench.all([(ADA.into(), AssignSeats::new(licence, set(&[last.as_str()])).into())]);
        bench
    };
    let (few, many) = grown(world, |given| {
        let filter = DeviceFilter { seated: Some(true), ..DeviceFilter::default() };
        let rows = given.engine.ask(Devices { filter, ..Devices::new(ADA.into(), MSP) }).unwrap().rows;
        assert_eq!(rows.len(), 1);
    });
    assert!(many <= few + 8, "{few} reads among 200, {many} among 800");
}
