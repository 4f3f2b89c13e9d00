//! A manager's and a reseller's lists by hand-written SQL: a table with everything a row shows, and an index for each order.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result, params, params_from_iter};
use tenantry::model::Stage;
use tenantry::query::{
    CustomerFilter, CustomerRow, CustomerSort, ResellerCustomerRow, ResellerFilter, ResellerSort,
};

/// Both tables.
pub struct Lists(Connection);

const TABLES: &str = "
CREATE TABLE customer(tenant BLOB PRIMARY KEY, link BLOB, name TEXT, number TEXT, services TEXT, management TEXT, stage TEXT,
  status TEXT, operation TEXT, devices INTEGER) WITHOUT ROWID;
CREATE TABLE row(tenant BLOB PRIMARY KEY, company TEXT, number TEXT, country TEXT, uploaded TEXT, uploads INTEGER,
  devices INTEGER, status TEXT) WITHOUT ROWID;
";

/// The orders of a manager's list, and their columns.
pub const CUSTOMER_SORTS: [(CustomerSort, &str); 6] = [
    (CustomerSort::Name, "name"),
    (CustomerSort::Number, "number"),
    (CustomerSort::Services, "services"),
    (CustomerSort::Management, "management"),
    (CustomerSort::Status, "status"),
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

impl Lists {
    /// Fills the tables from what tenantry shows.
    pub fn fill(
        customers: impl Iterator<Item = CustomerRow>,
        rows: impl Iterator<Item = ResellerCustomerRow>,
    ) -> Result<Self> {
        let mut db = Connection::open_in_memory()?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        db.execute_batch(TABLES)?;
        let transaction = db.transaction()?;
        {
            let mut insert =
                transaction.prepare("INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
            for row in customers {
                let services: Vec<_> = row.services.iter().map(|service| service.as_str()).collect();
                insert.execute(params![
                    row.tenant.uuid().as_bytes(),
                    row.link.uuid().as_bytes(),
                    row.name.as_str(),
                    row.number.as_str(),
                    services.join(","),
                    row.management.as_str(),
                    row.stage.name(),
                    row.stage.status(),
                    row.operation.name(),
                    row.devices as i64
                ])?;
            }
            let mut insert = transaction.prepare("INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?;
            for row in rows {
                insert.execute(params![
                    row.tenant.uuid().as_bytes(),
                    row.company,
                    row.number.as_str(),
                    row.country.map(|country| country.as_str().to_owned()),
                    row.last_uploaded.map(|at| at.to_string()),
                    row.uploads as i64,
                    row.devices as i64,
                    row.status.name()
                ])?;
            }
        }
        transaction.commit()?;
        // What was delinked is in no list that does not ask for it.
        let stands = format!("WHERE stage <> '{}'", Stage::Delinked.name());
        let orders = CUSTOMER_SORTS.map(|(_, column)| ("customer", column, stands.as_str())).into_iter();
        for (table, column, only) in orders.chain(RESELLER_SORTS.map(|(_, column)| ("row", column, ""))) {
            db.execute_batch(&format!("CREATE INDEX {table}_{column} ON {table}({column}, tenant) {only}"))?;
        }
        // For filters that leave little, and for what the list of one type of management is.
        db.execute_batch("CREATE INDEX customer_stage_name ON customer(stage, name, tenant)")?;
        db.execute_batch(&format!(
            "CREATE INDEX customer_management_name ON customer(management, name, tenant) {stands}"
        ))?;
        db.execute_batch("ANALYZE")?;
        Ok(Self(db))
    }

    /// A page of a manager's list: how many rows, every column read.
    pub fn customers(&self, query: &CustomerFilter, descending: bool, limit: usize) -> Result<usize> {
        let column = CUSTOMER_SORTS.iter().find(|(sort, _)| *sort == query.sort).expect("an order").1;
        let mut wanted = vec!["true".to_owned()];
        let mut values: Vec<rusqlite::types::Value> = Vec::new();
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
        self.page("customer", column, &wanted.join(" AND "), values, descending, limit)
    }

    /// A page of a reseller's list.
    pub fn rows(&self, query: &ResellerFilter, descending: bool, limit: usize) -> Result<usize> {
        let column = RESELLER_SORTS.iter().find(|(sort, _)| *sort == query.sort).expect("an order").1;
        self.page("row", column, "true", Vec::new(), descending, limit)
    }

    fn page(
        &self,
        table: &str,
        column: &str,
        wanted: &str,
        values: Vec<rusqlite::types::Value>,
        descending: bool,
        limit: usize,
    ) -> Result<usize> {
        let way = if descending { "DESC" } else { "ASC" };
        let sql = format!(
            "SELECT * FROM {table} WHERE {wanted} ORDER BY {column} {way}, tenant {way} LIMIT {limit}"
        );
        let mut select = self.0.prepare_cached(&sql)?;
        let columns = select.column_count();
        let mut rows = select.query(params_from_iter(values))?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                std::hint::black_box(row.get::<_, rusqlite::types::Value>(column)?);
            }
            count += 1;
        }
        Ok(count)
    }
}
