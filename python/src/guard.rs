//! Where Python calls in: faults become exceptions of the package, and a panic becomes one, too. PyO3 would let it through as a
//! `PanicException`, which `except Exception` does not catch.

use std::any::Any;
use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use tenantry::engine::Error;
use tenantry::wire::{self, Fault, Trouble};

/// Why a call ends without an answer.
pub(crate) enum Stop {
    /// For a reason of tenantry's.
    Fault(Box<Fault>),
    /// For a reason of Python's.
    Raised(PyErr),
}

/// Where a value stands: an argument, or an item of one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Of(&'static str),
    In(&'static str, usize),
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(argument) => f.write_str(argument),
            Self::In(argument, item) => write!(f, "{argument}[{item}]"),
        }
    }
}

impl Stop {
    pub(crate) fn misuse(trouble: Trouble, message: impl Display) -> Self {
        Self::Fault(Box::new(Fault::new(trouble, message)))
    }

    /// A value that is not what is wanted in its place.
    #[cold]
    pub(crate) fn amiss(trouble: Trouble, place: Place, message: impl Display, remedy: &'static str) -> Self {
        let mut fault = Fault::new(trouble, format_args!("`{place}` {message}"));
        fault.path = Some(place.to_string().into());
        fault.remedy = remedy;
        Self::Fault(Box::new(fault))
    }

    /// A value of the wrong type.
    #[cold]
    pub(crate) fn wrong_type(place: Place, wanted: impl Display, given: &Bound<'_, PyAny>) -> Self {
        let name =
            given.get_type().name().map_or_else(|_| "something else".to_owned(), |name| name.to_string());
        let message = format_args!("wants {wanted}, not {name}");
        Self::amiss(Trouble::InvalidRequest, place, message, "pass what is wanted")
    }

    fn into_error(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Raised(error) => error,
            Self::Fault(fault) => exception(py, &fault).unwrap_or_else(|error| error),
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Fault::from(error).into()
    }
}

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

/// The text that an argument is, if it is one. Python's may have halves of characters, which are none.
#[inline]
pub(crate) fn text<'a>(given: &'a Bound<'_, PyAny>, place: Place) -> Result<Option<&'a str>, Stop> {
    let Ok(text) = given.cast::<PyString>() else { return Ok(None) };
    text.to_str().map(Some).map_err(|_| {
        let message = "has half of a surrogate pair, which is no character";
        Stop::amiss(Trouble::NotUtf8, place, message, "read the text in the encoding that it is in")
    })
}

/// The exception of the package that stands for a fault.
fn exception(py: Python<'_>, fault: &Fault) -> PyResult<PyErr> {
    static FROM_FAULT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let from_fault = FROM_FAULT.get_or_try_init(py, || {
        Ok::<_, PyErr>(
            py.import(intern!(py, "tenantry.errors"))?.getattr(intern!(py, "from_fault"))?.unbind(),
        )
    })?;
    Ok(PyErr::from_value(from_fault.bind(py).call1((wire::text(fault),))?))
}

/// What a callable of the host's raised, on its way through tenantry.
struct Thrown(PyErr);

/// Leaves tenantry with what a callable of the host's raised; it arrives where Python called in.
pub(crate) fn throw(error: PyErr) -> ! {
    resume_unwind(Box::new(Thrown(error)))
}

fn panicked(panic: Box<dyn Any + Send>) -> Stop {
    match panic.downcast::<Thrown>() {
        Ok(thrown) => Stop::Raised(thrown.0),
        Err(panic) => Fault::panicked(&*panic).into(),
    }
}

/// Runs what Python called for, with the interpreter's lock.
#[inline]
pub(crate) fn guarded<T>(py: Python<'_>, body: impl FnOnce() -> Result<T, Stop>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(stop)) => Err(stop.into_error(py)),
        Err(panic) => Err(panicked(panic).into_error(py)),
    }
}

/// Runs what Python called for, while other threads of Python's run.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    body: impl FnOnce() -> Result<T, Stop> + Send,
) -> PyResult<T> {
    let ended =
        py.detach(|| catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(panicked(panic))));
    ended.map_err(|stop| stop.into_error(py))
}
