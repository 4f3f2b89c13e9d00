//! Choices made of an input's bytes. Where there are no more, the first choice is made.

use arbitrary::{Arbitrary, Unstructured};

/// What is left of an input.
pub struct Draw<'d>(Unstructured<'d>);

impl<'d> Draw<'d> {
    /// Of all of it.
    pub fn new(data: &'d [u8]) -> Self {
        Self(Unstructured::new(data))
    }

    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.int_in_range(0..=bound.saturating_sub(1)).unwrap_or_default()
    }

    /// Whether something rare is to be.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of several.
    pub fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        let place = self.below(all.len());
        all[place].clone()
    }

    /// Anything.
    pub fn any<T: Arbitrary<'d> + Default>(&mut self) -> T {
        self.0.arbitrary().unwrap_or_default()
    }

    /// Some bytes, at most so many.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let size = self.below(most + 1).min(self.0.len());
        self.0.bytes(size).map(<[u8]>::to_vec).unwrap_or_default()
    }

    /// All that is left.
    pub fn rest(self) -> &'d [u8] {
        self.0.take_rest()
    }
}
