//! Where a store's files stand: the file, its log, and the memory that its connections share.
//! Notices when they are no longer those that were opened; touches none of them.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::fault::{Result, SqliteFault, cannot_open};
use crate::store::StoreError;
use crate::store::draft::{FileId, beside, file_id, forget_part, names, stands};

/// The log of a file.
pub(super) fn log_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

/// The memory that the connections to a file share.
pub(super) fn shared_of(path: &Path) -> PathBuf {
    beside(path, "-shm")
}

/// Whether there is anything in a log.
pub(super) fn has_log(path: &Path) -> bool {
    fs::metadata(log_of(path)).is_ok_and(|log| log.len() > 0)
}

/// The files of a store, as they were when it was opened.
#[derive(Clone, Debug)]
pub(super) struct FilePlace {
    path: PathBuf,
    /// The path without symbolic links: what belongs to the file stands beside that.
    real: PathBuf,
    file: FileId,
    /// Whether there was anything in it by then.
    begun: bool,
    // What was not there may come.
    log: Option<FileId>,
    shared: Option<FileId>,
    /// How large it was and when it was last written, where nothing may be written beside it.
    still: Option<(u64, Option<SystemTime>)>,
    /// Where in memory it is read instead, carried to today's format.
    carried: Option<String>,
}

impl FilePlace {
    /// Where a file stands that is there.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let real = fs::canonicalize(path).map_err(|error| cannot_open(path, error))?;
        let found = fs::metadata(&real).map_err(|error| cannot_open(path, error))?;
        let (path, file) = (path.to_owned(), file_id(&found));
        let begun = false;
        Ok(Self { path, real, file, begun, log: None, shared: None, still: None, carried: None })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path that leads to the file itself.
    pub(super) fn real(&self) -> &Path {
        &self.real
    }

    /// Whether both are the same file.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.real == other.real || (cfg!(unix) && self.file == other.file)
    }

    /// Whether the file is read as it is, without a log.
    pub(super) fn is_still(&self) -> bool {
        self.still.is_some()
    }

    /// Where in memory it is read instead, if it is of an older format.
    pub(super) fn carried(&self) -> Option<&str> {
        self.carried.as_deref()
    }

    /// The file itself, also where it is read in memory.
    pub(super) fn on_disk(&self) -> Self {
        Self { carried: None, ..self.clone() }
    }

    /// From now on it is read there.
    pub(super) fn read_at(mut self, carried: String) -> Self {
        self.carried = Some(carried);
        self
    }

    /// From now on the log is to be the one that is there.
    pub(super) fn with_log(mut self) -> Self {
        self.begun = fs::metadata(&self.real).is_ok_and(|found| found.len() > 0);
        self.log = stands(&log_of(&self.real));
        self.shared = stands(&shared_of(&self.real));
        self
    }

    /// From now on nobody is to write to it.
    pub(super) fn keep_still(mut self) -> Result<Self> {
        self.still = Some(self.condition()?);
        self.check()?;
        Ok(self)
    }

    fn condition(&self) -> Result<(u64, Option<SystemTime>)> {
        let found = fs::metadata(&self.path).map_err(|_| self.moved("it is gone"))?;
        Ok((found.len(), found.modified().ok()))
    }

    fn moved(&self, why: &str) -> SqliteFault {
        SqliteFault(StoreError::Moved { path: self.path.clone(), why: why.to_owned() })
    }

    /// Whether the file that was opened still stands there.
    ///
    /// # Errors
    /// `Moved`.
    pub(super) fn check_file(&self) -> Result<()> {
        match fs::metadata(&self.path) {
            Ok(found) if file_id(&found) != self.file => Err(self.moved("another file stands there")),
            // What is committed goes to the log, which would say nothing of it.
            Ok(found) if self.begun && found.len() == 0 => Err(self.moved("it was emptied")),
            Ok(_) => Ok(()),
            Err(_) => Err(self.moved("nothing stands there any more")),
        }
    }

    /// Whether everything still stands there as it was opened.
    ///
    /// # Errors
    /// `Moved`.
    pub(super) fn check(&self) -> Result<()> {
        self.check_file()?;
        for (was, path, what) in [
            (self.log, log_of as fn(&Path) -> PathBuf, "its log was moved or removed"),
            (self.shared, shared_of, "what its connections share was moved or removed"),
        ] {
            if was.is_some() && stands(&path(&self.real)) != was {
                return Err(self.moved(what));
            }
        }
        if let Some(was) = self.still
            && (self.condition()? != was || has_log(&self.real))
        {
            return Err(self.moved("somebody has begun to write to it"));
        }
        Ok(())
    }
}

/// Refuses a file that goes by several names: each would get a log of its own.
pub(super) fn admit_names(path: &Path) -> Result<()> {
    let several = || fs::metadata(path).map(|found| names(&found) > 1);
    let found = several().and_then(|found| match found {
        true => fs::canonicalize(path).and_then(|real| forget_part(&real)).and_then(|()| several()),
        false => Ok(false),
    });
    match found {
        Ok(false) => Ok(()),
        Ok(true) => {
            let why = "it goes by several names (hard links), and each would get a log of its own";
            Err(cannot_open(path, why))
        }
        Err(error) => Err(cannot_open(path, error)),
    }
}

/// Makes an empty file that only its owner may read and write, where nothing is.
pub(super) fn make(path: &Path) -> Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        // Somebody else was quicker, or made it as they want it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(cannot_open(path, error)),
    }
}
