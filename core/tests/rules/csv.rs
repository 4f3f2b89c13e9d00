//! A reseller's customers as CSV (V-6), read back by the `csv` crate, Python and SQLite, and compared cell by cell.

use std::fs;
use std::path::Path;
use std::process::Command as Process;

use tenantry::engine::RESELLER_COLUMNS;
use tenantry::model::Patch;
use tenantry::policy::MoveRule;
use tenantry::query::{ResellerCustomerRow, ResellerFilter, ResellerSort};

use super::stock::*;
use super::*;

/// Names and references that try whoever reads them.
const NASTY: [&str; 22] = [
    "Plain",
    "Comma, Inc.",
    "The \"Quoted\" Co",
    "\"",
    "\"\"",
    "a;b",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+49 30 1234",
    "-2+3",
    "@SUM(A1:A2)",
    "＝1+1",
    "＠x",
    "'apostrophe",
    "Ünïcödé ß",
    "日本株式会社",
    "עברית בע\"מ",
    "🏢 Tower",
    "a/b",
    "1,5",
    "NULL",
    "%PATH%",
];

/// One customer of each name, with and without a reference of another, and an upload.
fn nasty() -> Given {
    let mut given = trade(MoveRule::AtOnce);
    for (place, name) in NASTY.into_iter().enumerate() {
        let number = format!("C-{place}");
        let register = RegisterTenant {
            number: Some(text(&number)),
            country: (place % 2 == 0).then(|| text("DE")),
            ..RegisterTenant::new(TenantKind::Customer, text(name))
        };
        let tenant = given.engine.execute(STAFF, register).unwrap().outcome;
        let reference = (place % 3 > 0).then(|| text(NASTY[(place + 7) % NASTY.len()]));
        let add = AddResellerCustomer { reference, ..AddResellerCustomer::new(RESELLER, text(&number)) };
        given = given.and(ROB, add).later(1);
        given = match place % 4 {
            0 => given,
            _ => given.and(
                ROB,
                UploadDevices::new(
                    RESELLER,
                    tenant,
                    vec![format!("SN-{place}").into(), format!("SM-{place}").into()],
                ),
            ),
        };
    }
    given
}

fn csv_of(given: &Given, query: &ResellerFilter) -> Vec<u8> {
    let read = given.engine.read().unwrap();
    let mut out = Vec::new();
    let count = read
        .now()
        .unwrap()
        .write_csv(&ResellerCsv { actor: ROB.into(), reseller: RESELLER, filter: query.clone() }, &mut out)
        .unwrap();
    assert_eq!(count, list(given, ROB, RESELLER, query).len() as u64);
    out
}

/// What a reader should find: the cells of the list, in its order.
fn cells(rows: &[ResellerCustomerRow]) -> Vec<Vec<String>> {
    let mut cells = vec![RESELLER_COLUMNS.map(str::to_owned).to_vec()];
    cells.extend(rows.iter().map(|row| {
        let formula = row.company.starts_with(['=', '+', '-', '@', '＝', '＠']);
        vec![
            if formula { format!("'{}", row.company) } else { row.company.clone() },
            row.number.to_string(),
            row.country.as_ref().map(ToString::to_string).unwrap_or_default(),
            row.last_uploaded.map(|at| at.to_string()).unwrap_or_default(),
            row.uploads.to_string(),
            row.devices.to_string(),
            row.status.to_string(),
        ]
    }));
    cells
}

fn by_the_crate(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn run(program: &str, args: &[&str]) -> Vec<u8> {
    let output = Process::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program} is needed to read the CSV back, and .ci/run installs it: {error}")
    });
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn by_python(path: &Path) -> Vec<Vec<String>> {
    let script = "import csv, json, sys\n\
                  with open(sys.argv[1], newline='', encoding='utf-8') as file:\n    \
                  sys.stdout.write(json.dumps(list(csv.reader(file, strict=True))))";
    serde_json::from_slice(&run("python3", &["-c", script, path.to_str().unwrap()])).unwrap()
}

fn by_sqlite(path: &Path) -> Vec<Vec<String>> {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let table = format!("CREATE TABLE rows({})", names.map(|name| format!("{name} TEXT")).join(", "));
    let import = format!(".import --csv '{}' rows", path.display());
    let select = format!(
        "SELECT json_group_array(json_array({})) FROM (SELECT * FROM rows ORDER BY rowid)",
        names.join(", ")
    );
    let found = run("sqlite3", &["-batch", "-bail", ":memory:", &table, &import, &select]);
    serde_json::from_slice(&found).unwrap()
}

#[test]
fn v6_three_readers_find_the_cells_of_the_list() {
    let given = nasty();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("customers.csv");
    for unused in [false, true] {
        let query = ResellerFilter { unused, ..ResellerFilter::default() };
        let bytes = csv_of(&given, &query);
        fs::write(&path, &bytes).unwrap();
        let expected = cells(&list(&given, ROB, RESELLER, &query));
        assert!(expected.len() > 16);
        assert_eq!(by_the_crate(&bytes), expected);
        assert_eq!(by_python(&path), expected);
        assert_eq!(by_sqlite(&path), expected);
    }
}

#[test]
fn v6_the_file_is_of_one_customer_or_of_what_the_query_wants() {
    let given = nasty();
    for row in list(&given, ROB, RESELLER, &ResellerFilter { unused: true, ..ResellerFilter::default() }) {
        let query = ResellerFilter { tenant: Some(row.tenant), unused: true, ..ResellerFilter::default() };
        assert_eq!(by_the_crate(&csv_of(&given, &query)), cells(&[row]));
    }
    let nothing = ResellerFilter { text: Some("no such company".to_owned()), ..ResellerFilter::default() };
    assert_eq!(by_the_crate(&csv_of(&given, &nothing)), cells(&[]), "the columns alone");
    let some = ResellerFilter { text: Some("quoted".to_owned()), ..ResellerFilter::default() };
    assert_eq!(by_the_crate(&csv_of(&given, &some)), cells(&list(&given, ROB, RESELLER, &some)));
    // It is a file by company, however the list on the screen is sorted.
    let sorted = ResellerFilter { sort: ResellerSort::Devices, ..ResellerFilter::default() };
    assert_eq!(csv_of(&given, &sorted), csv_of(&given, &ResellerFilter::default()));
}

#[test]
fn v6_the_text_is_rfc_4180() {
    let given = trade(MoveRule::AtOnce)
        .and(ROB, upload(1, ALONE, &["SN-1"]))
        .and(
            ROB,
            EditResellerCustomer {
                reference: Some(text("a \"b\", c")),
                ..EditResellerCustomer::new(RESELLER, ALONE)
            },
        )
        .and(CARL, EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(ALONE) });
    let text = String::from_utf8(csv_of(&given, &ResellerFilter::default())).unwrap();
    assert_eq!(
        text,
        "\"Company name / internal reference\",\"Customer / MSP ID\",\"Country\",\"Last uploaded\",\"Uploads\",\
         \"Devices\",\"Status\"\r\n\
         \"Alone / a \"\"b\"\", c\",\"ALONE\",\"DE\",\"2026-01-01T00:00:00.000000Z\",1,1,\"active\"\r\n"
    );
}

#[test]
fn v6_what_cannot_be_written_is_an_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is full"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let given = nasty();
    let read = given.engine.read().unwrap();
    let error = read
        .now()
        .unwrap()
        .write_csv(
            &ResellerCsv { actor: ROB.into(), reseller: RESELLER, filter: ResellerFilter::default() },
            Full,
        )
        .unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
}
