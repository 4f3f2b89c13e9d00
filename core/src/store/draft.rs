//! Files that are made for a path and get its name when they are whole and on the disk: whoever is
//! stopped before leaves what was there as it was.

use std::fs::{self, File, Metadata};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use super::error::StoreError;

/// After how many more steps of a copy the process dies, for tests; 0 for never.
#[cfg(feature = "testkit")]
pub(crate) static DIES_AFTER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// A step of a copy is done.
pub(super) fn step() {
    #[cfg(feature = "testkit")]
    if DIES_AFTER
        .fetch_update(std::sync::atomic::Ordering::SeqCst, std::sync::atomic::Ordering::SeqCst, |steps| {
            steps.checked_sub(1)
        })
        .is_ok_and(|steps| steps == 1)
    {
        std::process::abort();
    }
}

/// Which file it is, whatever its name.
pub(super) type FileId = (u64, u64);

/// Which file was found.
#[cfg(unix)]
pub(super) fn file_id(found: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino())
}

/// Elsewhere the system lets nobody move or replace what is open.
#[cfg(not(unix))]
pub(super) fn file_id(_: &Metadata) -> FileId {
    (0, 0)
}

/// How many names a file has.
#[cfg(unix)]
pub(super) fn names(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(found)
}

#[cfg(not(unix))]
pub(super) fn names(_: &Metadata) -> u64 {
    1
}

/// Which file stands at a path, if any does.
pub(super) fn stands(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().as_ref().map(file_id)
}

/// Whether an open file is the one that stands at a path.
fn is_at(file: &File, path: &Path) -> bool {
    file.metadata().ok().as_ref().map(file_id).is_some_and(|id| stands(path) == Some(id))
}

/// A path with something at its end, as what belongs to a file is named.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Has the disk know the names in the directory of a path.
pub(super) fn sync_directory(path: &Path) -> std::io::Result<()> {
    // Windows opens no directory as a file.
    if let Some(directory) = path.parent().filter(|_| cfg!(unix)) {
        let here = directory.as_os_str().is_empty();
        File::open(if here { Path::new(".") } else { directory })?.sync_all()?;
    }
    Ok(())
}

/// Why a file cannot be made.
fn refused(path: &Path, error: &Error) -> StoreError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::CannotOpen { path: path.to_owned(), why: error.to_string() },
    }
}

/// Where the file for a path is made.
fn part_of(to: &Path) -> PathBuf {
    beside(to, ".part")
}

/// Takes the name away under which a file was made that has got its own: whoever was stopped
/// between the two left both. The file is not opened for it, as it may be a store that is in use,
/// on which whoever closes it lets go of all locks.
///
/// # Errors
/// When the name cannot be taken away.
pub(super) fn forget_part(to: &Path) -> std::io::Result<()> {
    let part = part_of(to);
    match fs::symlink_metadata(&part) {
        Ok(found) if found.is_symlink() || found.is_file() && names(&found) > 1 => fs::remove_file(&part),
        _ => Ok(()),
    }
}

/// Keeps others from making one for the same path at the same time.
#[cfg(not(windows))]
fn alone(held: &File, path: &Path) -> Result<Option<File>, StoreError> {
    use std::fs::TryLockError;
    match held.try_lock() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(refused(path, &error)),
    }
}

/// The lock of a file would keep SQLite from writing to it there. So it is another file, which
/// nobody else can open meanwhile, and which goes with whoever has it open.
#[cfg(windows)]
fn alone(_: &File, path: &Path) -> Result<Option<File>, StoreError> {
    use std::os::windows::fs::OpenOptionsExt;
    const DELETE_ON_CLOSE: u32 = 0x0400_0000;
    const SHARING_VIOLATION: i32 = 32;
    let mut options = File::options();
    options.write(true).create(true).truncate(false).share_mode(0).custom_flags(DELETE_ON_CLOSE);
    options.open(beside(path, "-alone")).map(Some).map_err(|error| match error.raw_os_error() {
        Some(SHARING_VIOLATION) => StoreError::InUse { path: path.to_owned() },
        _ => refused(path, &error),
    })
}

/// A file that is made for a path and does not stand there yet. Gone if it never does.
pub(crate) struct Draft {
    to: PathBuf,
    path: PathBuf,
    held: File,
    _alone: Option<File>,
}

impl Draft {
    /// An empty one, its owner's alone.
    ///
    /// # Errors
    /// `InUse` while somebody else makes one for the same path; when it cannot be made.
    pub(crate) fn begin(to: &Path) -> Result<Self, StoreError> {
        let path = part_of(to);
        loop {
            forget_part(to).map_err(|error| refused(&path, &error))?;
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let held = options.open(&path).map_err(|error| refused(&path, &error))?;
            let alone = alone(&held, &path)?;
            // Whoever had it meanwhile may have given it its name.
            if !is_at(&held, &path) {
                continue;
            }
            // Somebody who was stopped may have left something.
            held.set_len(0).map_err(|error| refused(&path, &error))?;
            step();
            return Ok(Self { to: to.to_owned(), path, held, _alone: alone });
        }
    }

    /// Where it is.
    #[cfg(feature = "sqlite")]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is to stand.
    #[cfg(feature = "sqlite")]
    pub(super) fn to(&self) -> &Path {
        &self.to
    }

    /// Fills it.
    ///
    /// # Errors
    /// `Full`; when it cannot be written.
    pub(crate) fn write(
        &mut self,
        fill: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
    ) -> Result<(), StoreError> {
        fill(&mut self.held).map_err(|error| refused(&self.path, &error))?;
        step();
        Ok(())
    }

    /// Gives it its name, where nothing has that, or in place of what has it.
    ///
    /// # Errors
    /// `Taken` where something has that name; when it cannot be given.
    pub(crate) fn publish(&self, instead: bool) -> Result<(), StoreError> {
        let refused = |error: Error| refused(&self.to, &error);
        self.held.sync_all().map_err(refused)?;
        step();
        if instead {
            fs::rename(&self.path, &self.to).map_err(refused)?;
        } else {
            match fs::hard_link(&self.path, &self.to) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let why = "somebody else put something there meanwhile".to_owned();
                    return Err(StoreError::Taken { path: self.to.clone(), why });
                }
                // Not every file system knows several names.
                Err(_) => fs::rename(&self.path, &self.to).map_err(refused)?,
            }
        }
        step();
        sync_directory(&self.to).map_err(refused)?;
        step();
        // Its first name goes with it, if it is still there.
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if is_at(&self.held, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
