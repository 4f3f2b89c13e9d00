//! Where the engine is known to differ from the rules. As long as one of these is `true`, the oracle does what the
//! engine does there, so that everything behind it is compared nevertheless. There must be none.

/// A refused command is in the audit of the tenant that it names; the engine forgets that `erase_personal` may
/// name one.
pub const AN_ERASURE_REFUSED: bool = true;
