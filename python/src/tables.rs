//! What this build of the core has, for tests that compare it with the generated Python, and what it draws.

use pyo3::prelude::*;
use tenantry::command::Command;
use tenantry::diagram::machines;
use tenantry::policy::Policy;
use tenantry::refusal::{Code, Refusal};
use tenantry::wire::{Fault, Status, Trouble};
use tenantry::{diagram, wire};

use crate::guard::{detached, guarded};

/// The version of the library.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The names of all commands.
#[pyfunction]
pub(crate) fn commands() -> Vec<&'static str> {
    Command::NAMES.to_vec()
}

/// The names of all queries.
#[pyfunction]
pub(crate) fn queries() -> Vec<&'static str> {
    wire::queries().collect()
}

/// Number, name and remedy of all refusals and troubles.
#[pyfunction]
pub(crate) fn statuses() -> Vec<(u16, &'static str, &'static str)> {
    Status::all().map(|status| (status.number, status.name, status.remedy)).collect()
}

/// The policies that come with the library, by name, as JSON.
#[pyfunction]
pub(crate) fn policies() -> Vec<(String, String)> {
    Policy::builtin().into_iter().map(|policy| (policy.name.to_string(), wire::text(&policy))).collect()
}

/// The state machines that run: name, Mermaid text, DOT text.
#[pyfunction]
pub(crate) fn diagrams() -> Vec<(&'static str, String, String)> {
    machines()
        .iter()
        .map(|machine| (machine.name, diagram::mermaid(machine), diagram::dot(machine)))
        .collect()
}

/// Raises what stands for a number; for the test that sees each of them raised.
#[pyfunction]
#[pyo3(name = "_raise", signature = (number, /))]
pub(crate) fn raise(py: Python<'_>, number: u16) -> PyResult<()> {
    guarded(py, || match Code::ALL.iter().find(|code| code.number() == number) {
        Some(code) => Err(Fault::from(Refusal::new(*code, "it")).into()),
        None => match Trouble::ALL.iter().find(|trouble| trouble.number() == number) {
            Some(trouble) => Err(Fault::new(*trouble, trouble.message()).into()),
            None => Ok(()),
        },
    })
}

/// Panics; for the test that sees it contained.
#[pyfunction]
#[pyo3(name = "_panic", signature = (detach, /))]
#[expect(clippy::panic, reason = "that is what it is for")]
pub(crate) fn panic(py: Python<'_>, detach: bool) -> PyResult<()> {
    if detach { detached(py, || panic!("asked to")) } else { guarded(py, || panic!("asked to")) }
}
