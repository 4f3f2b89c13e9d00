//! One side of many questions: one user for all of them, a list of users, or packed ids; tenants likewise.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyList, PyMemoryView, PyString};
use tenantry::index as core;
use tenantry::wire::Trouble;
use uuid::Uuid;

use crate::guard::{Place, Stop};
use crate::handles::Side;

/// The bytes of a packed id.
const ID: usize = 16;

/// One side of many questions.
pub(crate) enum Column<H> {
    /// The same for all.
    One(H),
    /// One for each.
    Each(Vec<H>),
    /// One for each, as ids of sixteen bytes, end to end.
    Packed(Packed),
}

/// Packed ids. Bytes cannot change, so they are read where they are; what can change is copied.
pub(crate) enum Packed {
    Bytes(Py<PyBytes>),
    Copied(Vec<u8>),
}

impl Packed {
    pub(crate) fn bytes<'a>(&'a self, py: Python<'a>) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes.as_bytes(py),
            Self::Copied(bytes) => bytes,
        }
    }
}

/// Ids of sixteen bytes.
pub(crate) fn ids(packed: &[u8]) -> &[[u8; ID]] {
    packed.as_chunks().0
}

impl<H: Copy> Column<H> {
    /// How many there are; none, if it is one for all.
    pub(crate) fn len(&self, py: Python<'_>) -> Option<usize> {
        match self {
            Self::One(_) => None,
            Self::Each(handles) => Some(handles.len()),
            Self::Packed(packed) => Some(packed.bytes(py).len() / ID),
        }
    }

    /// Reads an argument.
    pub(crate) fn read<S: Side<Handle = H>>(
        index: &core::AccessIndex,
        engine: u64,
        given: &Bound<'_, PyAny>,
    ) -> Result<Self, Stop> {
        let (all, each) = (Place::Of(S::MANY), |item| Place::In(S::MANY, item));
        if let Some(handle) = S::given(given, engine, all)? {
            return Ok(Self::One(handle));
        }
        if given.is_instance_of::<PyString>() {
            return Ok(Self::One(S::read(index, engine, given, all)?));
        }
        if let Some(packed) = packed::<S>(given)? {
            return Ok(Self::Packed(packed));
        }
        if let Ok(list) = given.cast_exact::<PyList>() {
            return list
                .iter()
                .enumerate()
                .map(|(place, item)| S::read(index, engine, &item, each(place)))
                .collect::<Result<_, _>>()
                .map(Self::Each);
        }
        // Another sequence, an array of objects, or whatever else gives one after the other; a `uuid.UUID` does not.
        match given.try_iter() {
            Ok(items) => {
                // What a sequence says of its length is its own word.
                let mut handles = Vec::with_capacity(given.len().unwrap_or(0).min(ABREAST));
                for (place, item) in items.enumerate() {
                    handles.push(S::read(index, engine, &item?, each(place))?);
                }
                Ok(Self::Each(handles))
            }
            Err(_) => Ok(Self::One(S::read(index, engine, given, all)?)),
        }
    }

    /// The column as ids, if it is packed or is the same known one for all.
    pub(crate) fn as_ids<'a, S: Side<Handle = H>>(
        &'a self,
        index: &core::AccessIndex,
        py: Python<'a>,
    ) -> Option<Ids<'a>> {
        match self {
            Self::One(handle) => S::id(index, *handle).map(|id| Ids::One([id.into_bytes(); ABREAST])),
            Self::Each(_) => None,
            Self::Packed(packed) => Some(Ids::Each(ids(packed.bytes(py)))),
        }
    }

    /// The handles, one for each of `count` questions.
    pub(crate) fn handles<S: Side<Handle = H>>(
        self,
        index: &core::AccessIndex,
        py: Python<'_>,
        count: usize,
    ) -> Vec<H> {
        match self {
            Self::One(handle) => vec![handle; count],
            Self::Each(handles) => handles,
            Self::Packed(packed) => {
                ids(packed.bytes(py)).iter().map(|id| S::resolve(index, Uuid::from_bytes(*id))).collect()
            }
        }
    }
}

/// How many questions are prepared at a time: a few times what the index looks up side by side, and few enough for the first cache.
pub(crate) const ABREAST: usize = 128;

/// A column of ids.
#[expect(clippy::large_enum_variant, reason = "there are two for a call, on the stack")]
pub(crate) enum Ids<'a> {
    /// The same for all, as often as it is wanted at a time.
    One([[u8; ID]; ABREAST]),
    /// One for each.
    Each(&'a [[u8; ID]]),
}

impl Ids<'_> {
    /// Those from a place on, up to [`ABREAST`].
    pub(crate) fn from(&self, place: usize) -> &[[u8; ID]] {
        let some = match self {
            Self::One(same) => same,
            Self::Each(each) => each.get(place..).unwrap_or_default(),
        };
        some.get(..ABREAST).unwrap_or(some)
    }
}

/// Packed ids, if the argument has bytes of its own: `bytes`, `bytearray`, `memoryview`, an array of numpy's.
fn packed<S: Side>(given: &Bound<'_, PyAny>) -> Result<Option<Packed>, Stop> {
    let (packed, bytes) = if let Ok(bytes) = given.cast::<PyBytes>() {
        (Packed::Bytes(bytes.clone().unbind()), bytes.as_bytes().len())
    } else if let Ok(array) = given.cast::<PyByteArray>() {
        let copied = array.to_vec();
        let bytes = copied.len();
        (Packed::Copied(copied), bytes)
    } else {
        // The stable ABI of CPython 3.10 has no buffers; a memoryview has.
        let Ok(view) = PyMemoryView::from(given) else { return Ok(None) };
        let item: usize = view.getattr("itemsize")?.extract()?;
        let format: String = view.getattr("format")?.extract()?;
        if format == "O" {
            return Ok(None);
        }
        let shape: Vec<usize> = view.getattr("shape")?.extract()?;
        let fits = match shape.as_slice() {
            [_] => item == 1 || item == ID,
            [_, row] => row * item == ID,
            _ => false,
        };
        if !fits {
            return Err(Stop::wrong_type(
                Place::Of(S::MANY),
                "ids of 16 bytes each, in rows or end to end",
                given,
            ));
        }
        let copied: Vec<u8> =
            view.call_method0("tobytes")?.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes().to_vec();
        let bytes = copied.len();
        (Packed::Copied(copied), bytes)
    };
    if bytes % ID == 0 {
        return Ok(Some(packed));
    }
    let message = format_args!("has {bytes} bytes, which are no whole number of ids of {ID}");
    Err(Stop::amiss(
        Trouble::BadLength,
        Place::Of(S::MANY),
        message,
        "pass sixteen bytes for each id, end to end",
    ))
}
