//! How a file is opened. Plain data.

/// How a file is opened.
///
/// ```
/// use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let place = tempfile::tempdir()?;
/// # let path = place.path().join("msp.db");
/// let quick = FileOptions::default().synchronous(Synchronous::Normal).wait_ms(2_000);
/// let engine = tenantry::Engine::new(SqliteStore::open(&path, quick)?, Default::default())?;
///
/// // Another process that only looks.
/// let looking = SqliteStore::open(&path, FileOptions::default().read_only(true))?;
/// assert!(looking.check_integrity().is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FileOptions {
    pub(super) read_only: bool,
    pub(super) create: bool,
    pub(super) synchronous: Synchronous,
    pub(super) wait_ms: u64,
    pub(super) max_bytes: Option<u64>,
}

impl Default for FileOptions {
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

impl FileOptions {
    /// Whether nothing may be written. The file must be there and of the current format.
    #[must_use]
    pub const fn read_only(mut self, only: bool) -> Self {
        self.read_only = only;
        self
    }

    /// Whether a store is made where there is none; it is by default.
    #[must_use]
    pub const fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// What a commit waits for; for the disk by default.
    #[must_use]
    pub const fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// How long to wait for others, in milliseconds; ten seconds by default.
    #[must_use]
    pub const fn wait_ms(mut self, ms: u64) -> Self {
        self.wait_ms = ms;
        self
    }

    /// How large the file may grow; a commit that needs more fails with
    /// [`Full`](crate::store::StoreError::Full). None, the default, is as large as there is room.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: Option<u64>) -> Self {
        self.max_bytes = bytes;
        self
    }
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synchronous {
    /// Until the disk says that it has it: a commit outlives a power cut.
    #[default]
    Full,
    /// Until the system has it: a commit outlives the process, and a power cut may undo the last
    /// ones.
    Normal,
}
