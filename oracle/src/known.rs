//! Where the engine is known to differ from the rules. As long as one of these is `true`, the oracle does what the
//! engine does there, so that everything behind it is compared nevertheless. There must be none.

/// T-8 tells whoever may link; the engine asks for `customers.add` at the user's home only, not on a tenant that their
/// home manages.
pub const LOOKING_UP_FROM_ABROAD: bool = true;

/// A refused command is in the audit of the tenant that it names; the engine forgets that `erase_personal` may
/// name one.
pub const AN_ERASURE_REFUSED: bool = true;

/// However the link ends under which a device was moved, it is no longer shown as that MSP (V-3). Of a device that was
/// moved on, by a customer that has become an MSP, the engine remembers the last link alone, and shows it as the first
/// MSP even after that one's link has ended.
pub const A_DEVICE_MOVED_ON: bool = true;

/// Of such devices, those that stayed after a delink and were then moved on, the engine counts differently when it
/// counts a row anew and when it keeps the count as things happen. What it counts decides which number a row shows.
pub const A_COUNT_OF_WHAT_WAS_MOVED_ON: bool = true;
