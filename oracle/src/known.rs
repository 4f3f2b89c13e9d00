//! Where the engine is known to differ from the rules. As long as one of these is `true`, the oracle does what the
//! engine does there, so that everything behind it is compared nevertheless. There must be none.

/// T-8 tells whoever may link; the engine asks for `customers.add` at the user's home only, not on a tenant that their
/// home manages.
pub const LOOKING_UP_FROM_ABROAD: bool = true;

/// A refused command is in the audit of the tenant that it names; the engine forgets that `erase_personal` may
/// name one.
pub const AN_ERASURE_REFUSED: bool = true;
