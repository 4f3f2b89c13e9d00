//! The rival's lists: a manager's and a reseller's, by hand-written SQL, each order by its index.

use rusqlite::types::Value;
use rusqlite::{Result, params_from_iter};
use tenantry::base::ids::TenantId;
use tenantry::model::Stage;
use tenantry::query::{CustomerFilter, CustomerSort, ResellerFilter, ResellerSort};
use uuid::Uuid;

use super::rival::Rival;

/// The orders of a manager's list, and their columns.
pub const CUSTOMER_SORTS: [(CustomerSort, &str); 6] = [
    (CustomerSort::Name, "name"),
    (CustomerSort::Number, "number"),
    (CustomerSort::Services, "services"),
    (CustomerSort::Management, "management"),
    (CustomerSort::Status, "stage"),
    (CustomerSort::Devices, "devices"),
];

/// The orders of a reseller's list, and their columns.
pub const RESELLER_SORTS: [(ResellerSort, &str); 7] = [
    (ResellerSort::Company, "company"),
    (ResellerSort::Number, "number"),
    (ResellerSort::Country, "country"),
    (ResellerSort::LastUploaded, "uploaded"),
    (ResellerSort::Uploads, "uploads"),
    (ResellerSort::Devices, "devices"),
    (ResellerSort::Status, "status"),
];

/// A page, cell by cell.
pub struct Cells {
    /// Its rows.
    pub rows: Vec<Vec<Value>>,
    /// Which cell of a row is its tenant.
    pub tenant: usize,
    /// Which one the page is sorted by.
    pub sorted: usize,
}

impl Cells {
    /// The tenants of its rows.
    pub fn tenants(&self) -> impl Iterator<Item = TenantId> {
        self.rows.iter().map(|row| match &row[self.tenant] {
            Value::Blob(id) => TenantId::from_uuid(Uuid::from_slice(id).expect("an id")),
            other => panic!("{other:?} is no id"),
        })
    }
}

/// A page of a manager's list.
pub fn customers(
    rival: &Rival,
    manager: TenantId,
    query: &CustomerFilter,
    descending: bool,
    limit: usize,
) -> Result<Cells> {
    let column = CUSTOMER_SORTS.iter().find(|(sort, _)| *sort == query.sort).expect("an order").1;
    let mut wanted = vec!["manager = ?".to_owned()];
    let mut values: Vec<Value> = vec![manager.uuid().as_bytes().to_vec().into()];
    match query.stage {
        Some(stage) => {
            wanted.push("stage = ?".to_owned());
            values.push(stage.name().to_owned().into());
        }
        None => wanted.push(format!("stage <> '{}'", Stage::Delinked.name())),
    }
    if let Some(service) = &query.service {
        wanted.push("',' || services || ',' LIKE ?".to_owned());
        values.push(format!("%,{service},%").into());
    }
    if let Some(management) = &query.management {
        wanted.push("management = ?".to_owned());
        values.push(management.to_string().into());
    }
    for (bound, sign) in [(query.min_devices, ">="), (query.max_devices, "<=")] {
        if let Some(bound) = bound {
            wanted.push(format!("devices {sign} ?"));
            values.push((bound as i64).into());
        }
    }
    if let Some(text) = &query.text {
        wanted.push("(name LIKE ? OR number LIKE ?)".to_owned());
        let like = format!("%{text}%");
        values.extend([like.clone().into(), like.into()]);
    }
    let order: &[&str] = match query.sort {
        CustomerSort::Management | CustomerSort::Status => &[column, "name", "id"],
        _ => &[column, "id"],
    };
    page(rival, ("link", "managed"), &wanted, values, order, descending, limit)
}

/// A page of a reseller's list.
pub fn resold(
    rival: &Rival,
    reseller: TenantId,
    query: &ResellerFilter,
    descending: bool,
    limit: usize,
) -> Result<Cells> {
    let column = RESELLER_SORTS.iter().find(|(sort, _)| *sort == query.sort).expect("an order").1;
    let order: &[&str] = match query.sort {
        ResellerSort::Status => &[column, "company", "tenant"],
        _ => &[column, "tenant"],
    };
    let (wanted, values) = (["reseller = ?".to_owned()], vec![reseller.uuid().as_bytes().to_vec().into()]);
    page(rival, ("resold", "tenant"), &wanted, values, order, descending, limit)
}

fn page(
    rival: &Rival,
    (table, tenant): (&str, &str),
    wanted: &[String],
    values: Vec<Value>,
    order: &[&str],
    descending: bool,
    limit: usize,
) -> Result<Cells> {
    let way = if descending { " DESC" } else { "" };
    let by: Vec<_> = order.iter().map(|column| format!("{column}{way}")).collect();
    let (wanted, by) = (wanted.join(" AND "), by.join(", "));
    let sql = format!("SELECT * FROM {table} WHERE {wanted} ORDER BY {by} LIMIT {limit}");
    let mut select = rival.db().prepare_cached(&sql)?;
    let (tenant, sorted) = (select.column_index(tenant)?, select.column_index(order[0])?);
    let columns = select.column_count();
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
    Ok(Cells {
        rows: select.query_map(params_from_iter(values), row)?.collect::<Result<_>>()?,
        tenant,
        sorted,
    })
}

/// All of a reseller's list as CSV, row by row as they are read.
pub fn csv(rival: &Rival, reseller: TenantId, out: impl std::io::Write) -> Result<usize> {
    let mut csv = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::NonNumeric)
        .from_writer(out);
    let wrote = |result: csv::Result<()>| result.expect("the output takes it");
    wrote(csv.write_record(tenantry::engine::RESELLER_COLUMNS));
    let mut select = rival.db().prepare_cached(
        "SELECT company, number, country, uploaded, uploads, devices, status FROM resold \
         WHERE reseller = ? ORDER BY company, tenant",
    )?;
    let mut rows = select.query([reseller.uuid().as_bytes()])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let text = |column: usize| row.get_ref(column).map(|cell| cell.as_str().unwrap_or_default());
        let number = |column: usize| row.get(column).map(|number: i64| number.to_string());
        let (uploads, devices) = (number(4)?, number(5)?);
        wrote(csv.write_record([text(0)?, text(1)?, text(2)?, text(3)?, &uploads, &devices, text(6)?]));
        count += 1;
    }
    csv.flush().expect("the output takes it");
    Ok(count)
}
