//! F-16 and F-17: pages of long lists, and a long list as CSV.

use std::hint::black_box;
use std::io::{self, Write};

use rusqlite::types::Value;
use tenantry::engine::Engine;
use tenantry::model::{Actor, Stage};
use tenantry::query::{
    CustomerFilter, CustomerRow, Customers, Page, Paging, ResellerCsv, ResellerCustomerRow,
    ResellerCustomers, ResellerFilter, ResellerSort,
};

use crate::alloc;
use crate::measure::{Clock, Side, race};
use crate::peer::lists::{self, CUSTOMER_SORTS, RESELLER_SORTS};
use crate::peer::rival::Rival;
use crate::results::{Of, Row};
use crate::stage::{Stage as Size, timed};

/// How many rows a page has.
const PAGE: usize = 100;
/// Who is beside it.
const SQL: &str = "the rival's SQL, right index";
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
    let dir = stage.scratch();
    let rival = timed("the rival's lists", || {
        let rival = Rival::create(&dir.path().join("rival.db"))?;
        let mut writer = rival.writer()?;
        writer.fill_customers(manager, &every_customer(&customers))?;
        let shown = every(|cursor| resellers(&ResellerFilter::default(), &paging(cursor, 1_000)));
        writer.fill_resold(reseller, &shown)?;
        drop(writer);
        rival.analyze()?;
        Ok::<_, rusqlite::Error>(rival)
    });
    let rival = rival.expect("the tables are filled");
    let mut worst: Option<Row> = None;
    let mut compare = |case: String, ours: &dyn Fn(), theirs: &dyn Fn()| {
        let times =
            race(Clock::Cpu, stage.rounds, vec![Side::new("ours", 1, ours), Side::new(SQL, 1, theirs)]);
        let row = Row::new(case, stage.customers, times.ns("ours") / 1e3, "µs");
        let row = row.beside(SQL, times.ns(SQL) / 1e3).target(Of::OursByTheirs, 2.0);
        if worst.as_ref().and_then(Row::ratio) < row.ratio() {
            worst = Some(row.clone());
        }
        rows.push(row);
    };
    let mut compare_customers = |case: String, query: &CustomerFilter, descending: bool| {
        let paging = Paging { descending, ..paging(None, PAGE) };
        let theirs = || lists::customers(&rival, manager, query, descending, PAGE).expect("SQL answers");
        let (shown, cells) = (customers(query, &paging).rows, theirs());
        assert!(shown.iter().map(|row| row.tenant).eq(cells.tenants()), "the rows of a page differ: {case}");
        compare(case, &|| drop(black_box(customers(query, &paging))), &|| drop(black_box(theirs())));
    };
    for (sort, column) in CUSTOMER_SORTS {
        for (descending, way) in [(false, ""), (true, " descending")] {
            let query = CustomerFilter { sort, ..CustomerFilter::default() };
            compare_customers(format!("customers by {column}{way}"), &query, descending);
        }
    }
    for (what, query) in filters() {
        compare_customers(format!("customers by name, {what}"), &query, false);
    }
    for (sort, column) in RESELLER_SORTS {
        let query = ResellerFilter { sort, ..ResellerFilter::default() };
        let theirs = || lists::resold(&rival, reseller, &query, false, PAGE).expect("SQL answers");
        let case = format!("a reseller's rows by {column}");
        // Rows that are alike in what they are sorted by may come in any order.
        let (shown, cells) = (resellers(&query, &paging(None, PAGE)).rows, theirs());
        let sorted = shown.iter().map(|row| sorted_by(sort, row));
        assert!(
            sorted.eq(cells.rows.iter().map(|row| row[cells.sorted].clone())),
            "the rows of a page differ: {case}"
        );
        compare(case, &|| drop(black_box(resellers(&query, &paging(None, PAGE)))), &|| {
            drop(black_box(theirs()))
        });
    }
    if let Some(worst) = worst {
        let note = format!("it is {}", worst.case);
        let worst = Row { case: "the worst of all pages".to_owned(), ..worst };
        rows.insert(0, worst.target(Of::OursByTheirs, 3.0).note(note));
    }
}

/// What a reseller's row is sorted by, as the rival keeps it.
fn sorted_by(sort: ResellerSort, row: &ResellerCustomerRow) -> Value {
    match sort {
        ResellerSort::Company => row.company.clone().into(),
        ResellerSort::Number => row.number.to_string().into(),
        ResellerSort::Country => row.country.as_ref().map(|country| country.to_string()).into(),
        ResellerSort::LastUploaded => row.last_uploaded.map(|at| at.to_string()).into(),
        ResellerSort::Uploads => (row.uploads as i64).into(),
        ResellerSort::Devices => (row.devices as i64).into(),
        ResellerSort::Status => row.status.name().to_owned().into(),
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
    let (actor, reseller) = (Actor::OPERATOR, world.reseller());
    let query = ResellerFilter { unused: true, ..ResellerFilter::default() };
    let csv = |sink: &mut Sink| {
        let asked = ResellerCsv { actor: actor.clone(), reseller, filter: query.clone() };
        now.write_csv(&asked, sink).expect("the rows are written") as usize
    };
    let dir = stage.scratch();
    let rival = timed("the rival's list", || {
        let rival = Rival::create(&dir.path().join("rival.db"))?;
        let shown = every(|cursor| {
            let paging = paging(cursor, 1_000);
            now.ask(ResellerCustomers { actor: actor.clone(), reseller, filter: query.clone(), paging })
                .expect("a page")
        });
        rival.writer()?.fill_resold(reseller, &shown)?;
        rival.analyze()?;
        Ok::<_, rusqlite::Error>(rival)
    });
    let rival = rival.expect("the table is filled");
    let theirs = |sink: &mut Sink| lists::csv(&rival, reseller, sink).expect("SQL answers");
    // Those of the same name may come in any order.
    let lines = |write: &dyn Fn(&mut Sink) -> usize| {
        let mut sink = Sink { kept: Some(Vec::new()), most: 0 };
        let count = write(&mut sink);
        let text = String::from_utf8(sink.kept.unwrap_or_default()).expect("text");
        let mut lines: Vec<_> = text.split("\r\n").map(str::to_owned).collect();
        lines.sort_unstable();
        (count, lines)
    };
    let (count, ours) = lines(&csv);
    assert!((count, ours) == lines(&theirs), "the lines of the tables differ");
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
            Side::new("theirs", count, || theirs(&mut Sink::default())),
        ],
    );
    let rate = |side| 1e3 / times.ns(side);
    let row = Row::new("rows written", stage.customers, rate("ours"), "M/s");
    let beside = "rusqlite by the right index and the csv crate";
    rows.push(row.beside(beside, rate("theirs")).target(Of::OursByTheirsAtLeast, 0.5));
    let beyond = most.saturating_sub(before) as f64 / 1024.0 / 1024.0;
    rows.push(
        Row::new("memory held at most meanwhile", stage.customers, beyond, "MiB").target(Of::Ours, 16.0),
    );
}
