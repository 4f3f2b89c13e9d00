//! What a term comes to, and what has been announced of an end by a moment (L-9). It looks at moments alone.

use tenantry::base::time::Timestamp;
use tenantry::model::TermRequest;

pub const MICROS_A_DAY: i64 = 24 * 3_600_000_000;

/// A term as it begins at a moment: its end, and by how many days it extends itself, if it does; of
/// those that are left until a moment a begun one counts whole.
pub fn begun(term: TermRequest, at: Timestamp) -> (Timestamp, Option<u32>) {
    let (end, days) = match (term.expires_at, term.days) {
        (Some(moment), _) => {
            let left = (moment.micros() - at.micros()).max(0);
            (moment, ((left + MICROS_A_DAY - 1) / MICROS_A_DAY) as u32)
        }
        (None, days) => (at.plus_days(days.unwrap_or_default()), days.unwrap_or_default()),
    };
    (end, term.auto_extend.then_some(days))
}

/// The last of the moments to announce an end that has passed.
pub fn passed_moment(end: Timestamp, at: Timestamp) -> Option<u32> {
    [30, 7, 1].into_iter().filter(|&days| end.minus_days(days) <= at).min()
}
