//! What memory itself allows: reading one cache line of 64 bytes per question, and nothing else.

/// A line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u64; 8]);

/// As many lines as there are tenants.
pub struct Lines(Vec<Line>);

impl Lines {
    /// So many, with something in them.
    pub fn new(count: usize) -> Self {
        Self((0..count as u64).map(|line| Line([line; 8])).collect())
    }

    /// What a line says.
    #[inline]
    pub fn read(&self, line: u32) -> u64 {
        self.0[line as usize].0[0]
    }

    /// Reads a batch of lines whose addresses are known beforehand.
    pub fn touch(&self, lines: &[u32]) -> u64 {
        lines.iter().fold(0, |sum, line| sum ^ self.read(*line))
    }
}
