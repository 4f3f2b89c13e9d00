//! The native part of the Python package: an engine with the JSON door, the access index, and what is drawn and listed. It is
//! thin on purpose: everything wide is Python, generated from the JSON Schema of the same door.
//!
//! What does I/O or may take long runs without the interpreter's lock; a check on the index, which takes nanoseconds, keeps it.

mod columns;
mod engine;
mod guard;
mod handles;
mod index;
mod interpreter;
mod measure;
mod shared;
mod tables;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::handles::{PermissionHandle, ServiceHandle, TenantHandle, UserHandle};
    #[pymodule_export]
    use crate::index::{AccessIndex, IndexVerdict, rebuild};
    #[pymodule_export]
    use crate::measure::measure;
    #[pymodule_export]
    use crate::shared::forked;
    #[pymodule_export]
    use crate::tables::{commands, diagrams, panic, policies, queries, raise, statuses, version};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::interpreter::claimed(module.py())
    }
}
