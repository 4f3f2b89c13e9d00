//! What every line is made of.

use std::collections::BTreeMap;

use tenantry::base::time::Timestamp;
use tenantry::model::HandshakeState;

/// One line per thing.
pub type State = BTreeMap<String, String>;

pub(super) fn open_until(state: HandshakeState, expires: Timestamp) -> String {
    format!("{state} until {expires}")
}
