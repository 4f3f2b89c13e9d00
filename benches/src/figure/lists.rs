//! F-16 and F-17: pages of long lists, and a long list as CSV.

use std::io::{self, Write};

use tenantry::engine::Engine;
use tenantry::model::{Actor, Stage};
use tenantry::query::{
    CustomerFilter, CustomerRow, Customers, Page, Paging, ResellerCsv, ResellerCustomers, ResellerFilter,
};

use crate::alloc;
use crate::measure::{Clock, Side, race};
use crate::peer::lists::{CUSTOMER_SORTS, Lists, RESELLER_SORTS};
use crate::results::{Of, Row};
use crate::stage::{Stage as Size, timed};

/// How many rows a page has.
const PAGE: usize = 100;
/// The size from which on writing everything takes so long that few rounds have to do.
const PATIENCE: usize = 100_000;

fn every<R>(mut page: impl FnMut(Option<String>) -> Page<R>) -> Vec<R> {
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let page = page(cursor);
        rows.extend(page.rows);
        cursor = page.next;
        if cursor.is_none() {
            return rows;
        }
    }
}

fn paging(cursor: Option<String>, limit: usize) -> Paging {
    Paging { cursor, limit, descending: false }
}

/// F-16.
pub(super) fn pages(stage: &Size, rows: &mut Vec<Row>) {
    let (world, path) = (stage.list_world(), stage.list_store());
    let engine = Engine::open(path).expect("the file is a store");
    let snapshot = engine.read().expect("the store can be read");
    let now = snapshot.now().expect("the store can be read");
    let (manager, reseller) = (world.tenant_id(0), world.reseller());
    let customers = |query: &CustomerFilter, paging: &Paging| {
        now.ask(Customers { actor: Actor::OPERATOR, manager, filter: query.clone(), paging: paging.clone() })
            .expect("a page")
    };
    let resellers = |query: &ResellerFilter, paging: &Paging| {
        now.ask(ResellerCustomers {
            actor: Actor::OPERATOR,
            reseller,
            filter: query.clone(),
            paging: paging.clone(),
        })
        .expect("a page")
    };
    let lists = timed("lists", || {
        let all = every_customer(&customers);
        let shown = every(|cursor| resellers(&ResellerFilter::default(), &paging(cursor, 1_000)));
        Lists::fill(all.into_iter(), shown.into_iter()).expect("the tables are filled")
    });
    let mut compare = |case: String, ours: &dyn Fn() -> usize, theirs: &dyn Fn() -> usize| {
        assert_eq!(ours(), theirs(), "the rows of a page: {case}");
        let sides = vec![Side::new("ours", 1, ours), Side::new("SQL", 1, theirs)];
        let times = race(Clock::Cpu, stage.rounds, sides);
        let row = Row::new(case, stage.customers, times.ns("ours") / 1e3, "µs");
        rows.push(row.beside("SQL, right index", times.ns("SQL") / 1e3).target(Of::OursByTheirs, 3.0));
    };
    for (sort, column) in CUSTOMER_SORTS {
        for descending in [false, true] {
            let query = CustomerFilter { sort, ..CustomerFilter::default() };
            let turned = Paging { descending, ..paging(None, PAGE) };
            let way = if descending { " descending" } else { "" };
            compare(
                format!("customers by {column}{way}"),
                &|| customers(&query, &turned).rows.len(),
                &|| lists.customers(&query, descending, PAGE).expect("SQL answers"),
            );
        }
    }
    for (what, query) in filters() {
        compare(
            format!("customers by name, {what}"),
            &|| customers(&query, &paging(None, PAGE)).rows.len(),
            &|| lists.customers(&query, false, PAGE).expect("SQL answers"),
        );
    }
    for (sort, column) in RESELLER_SORTS {
        let query = ResellerFilter { sort, ..ResellerFilter::default() };
        compare(
            format!("a reseller's rows by {column}"),
            &|| resellers(&query, &paging(None, PAGE)).rows.len(),
            &|| lists.rows(&query, false, PAGE).expect("SQL answers"),
        );
    }
}

/// All rows that SQL has to choose from, those delinked included.
fn every_customer(customers: &dyn Fn(&CustomerFilter, &Paging) -> Page<CustomerRow>) -> Vec<CustomerRow> {
    let delinked = CustomerFilter { stage: Some(Stage::Delinked), ..CustomerFilter::default() };
    let of = |query: &CustomerFilter| every(|cursor| customers(query, &paging(cursor, 1_000)));
    let mut all = of(&CustomerFilter::default());
    all.extend(of(&delinked));
    all
}

fn filters() -> [(&'static str, CustomerFilter); 7] {
    let query = CustomerFilter::default;
    let service = || "manage".parse().ok();
    [
        ("with a service", CustomerFilter { service: service(), ..query() }),
        ("managed fully", CustomerFilter { management: "fully".parse().ok(), ..query() }),
        ("a delink requested", CustomerFilter { stage: Some(Stage::DelinkRequestedByManager), ..query() }),
        ("delinked", CustomerFilter { stage: Some(Stage::Delinked), ..query() }),
        ("with 2 devices or more", CustomerFilter { min_devices: Some(2), ..query() }),
        ("with 1 device at most", CustomerFilter { max_devices: Some(1), ..query() }),
        ("with a text", CustomerFilter { text: Some("bakery".to_owned()), ..query() }),
    ]
}

/// Takes everything and notes how much memory was held at most meanwhile.
#[derive(Default)]
struct Sink {
    kept: Option<Vec<u8>>,
    most: usize,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.kept {
            Some(kept) => kept.extend_from_slice(bytes),
            None => self.most = self.most.max(alloc::held()),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// F-17.
pub(super) fn table(stage: &Size, rows: &mut Vec<Row>) {
    let (world, path) = (stage.list_world(), stage.list_store());
    let engine = Engine::open(path).expect("the file is a store");
    let snapshot = engine.read().expect("the store can be read");
    let now = snapshot.now().expect("the store can be read");
    let query = ResellerFilter { unused: true, ..ResellerFilter::default() };
    let csv = |sink: &mut Sink| {
        now.write_csv(
            &ResellerCsv { actor: Actor::OPERATOR, reseller: world.reseller(), filter: query.clone() },
            sink,
        )
        .expect("the rows are written")
    };
    let mut kept = Sink { kept: Some(Vec::new()), most: 0 };
    let count = csv(&mut kept) as usize;
    let text = kept.kept.unwrap_or_default();
    let records: Vec<csv::ByteRecord> =
        csv::Reader::from_reader(text.as_slice()).byte_records().map(|record| record.expect("CSV")).collect();
    assert_eq!(records.len(), count, "a line for each row");
    drop(text);
    let before = alloc::held();
    let mut most = 0;
    let rounds = if stage.customers > PATIENCE { 3 } else { stage.rounds };
    let times = race(
        Clock::Cpu,
        rounds,
        vec![
            Side::new("ours", count, || {
                let mut sink = Sink::default();
                csv(&mut sink);
                most = most.max(sink.most);
            }),
            Side::new("csv", count, || {
                let mut out =
                    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Sink::default());
                records.iter().for_each(|record| out.write_byte_record(record).expect("nothing fails"));
                out.flush().expect("nothing fails");
            }),
        ],
    );
    let rate = |side| 1e3 / times.ns(side);
    let row = Row::new("rows written", stage.customers, rate("ours"), "M/s");
    rows.push(row.beside("the csv crate, cells at hand", rate("csv")).target(Of::OursByTheirsAtLeast, 0.5));
    let beyond = most.saturating_sub(before) as f64 / 1024.0 / 1024.0;
    rows.push(
        Row::new("memory held at most meanwhile", stage.customers, beyond, "MiB").target(Of::Ours, 16.0),
    );
}
