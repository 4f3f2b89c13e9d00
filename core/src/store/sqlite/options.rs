//! How a file is opened. Plain data.

/// How a file is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether nothing may be written. The file must be there and of the current format.
    pub read_only: bool,
    /// Whether a store is made where there is none.
    pub create: bool,
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// How long to wait for others, in milliseconds.
    pub wait_ms: u64,
    /// How large the file may grow; a commit that needs more fails with
    /// [`Full`](crate::store::StoreError::Full).
    pub max_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            read_only: false,
            create: true,
            synchronous: Synchronous::Full,
            wait_ms: 10_000,
            max_bytes: None,
        }
    }
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Until the disk says that it has it: a commit outlives a power cut.
    #[default]
    Full,
    /// Until the system has it: a commit outlives the process, and a power cut may undo the last
    /// ones.
    Normal,
}
