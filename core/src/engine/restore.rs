//! A backup put in a store's place: a history of its own from there on, and nobody comes back who
//! was erased since.

use std::collections::BTreeSet;
use std::path::Path;

use uuid::Uuid;

use super::error::Error;
use super::options::{Clock, Options};
use super::records::{PAGE, decoded, hash_of};
use super::restored::Restored;
use super::token::Token;
use super::transaction::{LeftOut, Transaction};
use super::verify::verify;
use crate::base::ids::RequestId;
use crate::base::time::Timestamp;
use crate::command::{Command, ErasePersonal, RemoveUser, Request};
use crate::event::Event;
use crate::model::{Actor, Subject, Tenant, User};
use crate::store::sqlite::{ANOTHER, Restoring};
use crate::store::{Port, Reading, StoreError};
use crate::view::View;

/// Puts a backup in the place of what is at `to`.
pub(super) fn restore(from: &Path, to: &Path) -> Result<Restored, Error> {
    let mut restoring = Restoring::begin(from, to)?;
    let store = restoring.store()?;
    // Whatever is wrong with the backup is found before anything is touched.
    let head = verify(&*store.read()?, store.epoch(), &mut |_| {})?.token;
    restoring.lock()?;
    let (mut common, mut replaced, mut erased) = (head.seq, None, Vec::new());
    if let Some(before) = restoring.replaced() {
        let lost = lost(&*store.read()?, &*before, to);
        let (last, shared, gone) = lost.map_err(|error| unreadable(&error))?;
        (common, replaced) = (shared, Some(last));
        erased = erase_again(&store, gone)?;
    }
    let head = store.read()?.head()?;
    let token = Token { epoch: store.epoch(), seq: head.seq, hash: head.hash };
    drop(store);
    restoring.finish()?;
    let lost = replaced.map_or(0, |last| last.saturating_sub(common));
    Ok(Restored { token, common, replaced, lost, erased })
}

/// What is to be replaced cannot be read, so that nobody knows who was erased in it.
fn unreadable(error: &Error) -> Error {
    if let Error::Store(taken) = error
        && matches!(**taken, StoreError::Taken { .. })
    {
        return error.clone();
    }
    let what = format!(
        "what is to be replaced cannot be read ({error}), so nobody knows whom it has erased; \
         move it away with its log to restore without it, and erase them again"
    );
    StoreError::Damaged { what }.into()
}

/// Where the replaced history ends, up to where it is the new one's, too, and who was erased in
/// between.
fn lost(new: &dyn Reading, before: &dyn Reading, to: &Path) -> Result<(u64, u64, BTreeSet<Subject>), Error> {
    let last = before.head()?.seq;
    // Records chain: where one is the same in both, so are all before it.
    let (mut same, mut differs) = (0, last.min(new.head()?.seq) + 1);
    while same + 1 < differs {
        let middle = same + (differs - same) / 2;
        match hash_of(new, middle)? == hash_of(before, middle)? {
            true => same = middle,
            false => differs = middle,
        }
    }
    if same == 0 && last > 0 {
        return Err(StoreError::Taken { path: to.to_owned(), why: ANOTHER.to_owned() }.into());
    }
    let (mut gone, mut seq) = (BTreeSet::new(), same);
    loop {
        let page = before.records_after(seq, PAGE)?;
        for stored in &page {
            for event in decoded(stored)?.events {
                if let Event::PersonalErased { subject } = event {
                    gone.insert(subject);
                }
            }
            seq = stored.seq;
        }
        if page.len() < PAGE {
            return Ok((last, same, gone));
        }
    }
}

/// A clock that stands still. What is due meanwhile happens when the store is opened, by the clock
/// of whoever opens it.
struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Erases once more who was erased since, as far as they are known here.
fn erase_again(store: &dyn Port, gone: BTreeSet<Subject>) -> Result<Vec<Subject>, Error> {
    let writing = store.write()?;
    let at = writing.head()?.at.unwrap_or(Timestamp::MIN);
    let options = Options::default().clock(Standing(at)).record_refusals(false);
    let left_out = LeftOut::default();
    let mut transaction = Transaction::new(store.epoch(), &options, &left_out, &*writing)?;
    let mut execute = |command: Command| {
        let id = RequestId::from_uuid(Uuid::now_v7());
        transaction.execute(&Request { id, actor: Actor::OPERATOR, expected_seq: None, command })
    };
    let mut erased = Vec::new();
    let mut unruly = Vec::new();
    for subject in gone {
        let view: &dyn View = writing.view();
        match subject {
            Subject::User(user) => {
                if view.get::<User>(user.uuid())?.is_none() {
                    continue;
                }
                // Whoever cannot be removed is erased nevertheless.
                refused(execute(RemoveUser::new(user).into()))?;
            }
            Subject::Tenant(tenant) => {
                if view.get::<Tenant>(tenant.uuid())?.is_none() {
                    continue;
                }
            }
        }
        if refused(execute(ErasePersonal::new(subject).into()))? {
            unruly.push(subject);
        }
        erased.push(subject);
    }
    for subject in unruly {
        transaction.chain.erase(subject)?;
    }
    let (records, _) = transaction.chain.into_records();
    writing.commit(records)?;
    Ok(erased)
}

/// Whether something was refused.
fn refused<T>(outcome: Result<T, Error>) -> Result<bool, Error> {
    match outcome {
        Ok(_) => Ok(false),
        Err(Error::Refused(_)) => Ok(true),
        Err(error) => Err(error),
    }
}
