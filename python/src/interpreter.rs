//! One interpreter of a process has the module: what it keeps of Python, such as the type of ids, is that interpreter's.

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// The interpreter that imported the module first; none has a negative id.
static FIRST: AtomicI64 = AtomicI64::new(-1);

/// Claims the module for the interpreter that imports it.
///
/// # Errors
/// `ImportError` where another one was first.
pub(crate) fn claimed(_: Python<'_>) -> PyResult<()> {
    #[expect(unsafe_code, reason = "PyO3 has no safe names for these functions of the stable ABI")]
    // SAFETY: the interpreter's lock is held, so there is a current interpreter.
    let id = unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) };
    match FIRST.compare_exchange(-1, id, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => Ok(()),
        Err(first) if first == id => Ok(()),
        Err(_) => Err(PyImportError::new_err(
            "another interpreter of this process has it, and it serves one; a web server runs what uses it in one application \
             group, as `WSGIApplicationGroup %{GLOBAL}` does, or in processes of their own",
        )),
    }
}
