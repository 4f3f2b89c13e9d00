//! Putting right what is derived: row by row, where it differs from what the records lead to. What
//! is known about people stays as it is; only what it is found by is derived. Never commits.

use super::fault::Result;
use super::make::{mend_said, mend_views};
use super::read::{Conn, signed};
use super::retold::{DERIVED, Differs, Retold};
use super::write::Appending;
use crate::store::draft::step;
use crate::store::{MISADDRESSED, MISPOINTED, Mended};

/// Puts right what this connection writes to, by what was told of what there was before it began.
pub(super) fn mend(to: &Conn, retold: &Retold<'_>) -> Result<Mended> {
    let mut mended = Mended::default();
    to.forget_seen();
    for table in DERIVED {
        let (delete, put) = (table.delete(), table.put());
        let before = mended.rows;
        retold.walk(table, &mut |differs| {
            let words = retold.in_words(table, differs)?;
            mended.note(|| words);
            let (sql, values) = match differs {
                Differs::More(stored) => (&delete, table.values(stored, true)?),
                Differs::Less(told) | Differs::Other(told, _) => (&put, table.values(told, false)?),
            };
            to.db.prepare_cached(sql)?.execute(rusqlite::params_from_iter(values))?;
            Ok(false)
        })?;
        mended.moved |= table.table() == "record" && mended.rows > before;
        step();
    }
    retold.misaddressed(&mut |slot, email| {
        mended.note(|| format!("table personal, slot {slot}: {MISADDRESSED}"));
        to.execute("UPDATE personal SET email = ?2 WHERE slot = ?1", (slot, email)).map(drop)
    })?;
    let pointing = Appending::on(to)?;
    retold.mispointed(&mut |n, due| {
        mended.note(|| format!("table personal, number {n}: {MISPOINTED}"));
        pointing.point(n, due)?;
        Ok(false)
    })?;
    drop(pointing);
    let cursors = "UPDATE cursor SET seq = max(0, min(seq, ?1)) WHERE seq NOT BETWEEN 0 AND ?1";
    for _ in 0..to.execute(cursors, [signed(to.head()?.seq)])? {
        mended.note(|| "table cursor says of a consumer that it is beyond the journal".to_owned());
    }
    for view in mend_views(&to.db)? {
        mended.note(|| view);
    }
    mend_said(&to.db)?;
    if mended.rows > 0 {
        let again = "INSERT OR REPLACE INTO meta SELECT 'rebuilds', \
             coalesce((SELECT value FROM meta WHERE name = 'rebuilds'), 0) + 1";
        to.execute(again, [])?;
    }
    step();
    Ok(mended)
}
