//! What was measured, as data that is kept.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// One comparison, or one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What exactly, within its figure.
    pub case: String,
    /// In a world of so many customers.
    pub customers: usize,
    /// What tenantry came to.
    pub ours: f64,
    /// In what.
    pub unit: String,
    /// What the other side came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<Theirs>,
    /// What others came to, of whom nothing is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Theirs>,
    /// What is asked of it, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// What has to be known with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The other side of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Theirs {
    /// Who.
    pub name: String,
    /// What they came to.
    pub value: f64,
}

/// What a target is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Our value, at most.
    Ours,
    /// Our value, at least.
    OursAtLeast,
    /// How many times as large our value is as theirs, at most.
    OursByTheirs,
    /// How many times as large our value is as theirs, at least.
    OursByTheirsAtLeast,
    /// How many times as large their value is as ours, at least.
    TheirsByOurs,
    /// What our value is more than theirs, at most.
    OverTheirs,
}

/// A target.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// About what.
    pub of: Of,
    /// The bound.
    pub bound: f64,
}

impl Row {
    /// A value of ours.
    pub fn new(case: impl Into<String>, customers: usize, ours: f64, unit: &str) -> Self {
        Self {
            case: case.into(),
            customers,
            ours,
            unit: unit.to_owned(),
            theirs: None,
            also: Vec::new(),
            target: None,
            note: None,
        }
    }

    /// Beside that of somebody else.
    #[must_use]
    pub fn beside(mut self, name: &str, value: f64) -> Self {
        self.theirs = Some(Theirs { name: name.to_owned(), value });
        self
    }

    /// Beside that of yet another, of whom nothing is asked.
    #[must_use]
    pub fn and(mut self, name: &str, value: f64) -> Self {
        self.also.push(Theirs { name: name.to_owned(), value });
        self
    }

    /// With a target.
    #[must_use]
    pub fn target(self, of: Of, bound: f64) -> Self {
        Self { target: Some(Target { of, bound }), ..self }
    }

    /// With a target, if it is asked for at this size.
    #[must_use]
    pub fn target_at(self, customers: usize, of: Of, bound: f64) -> Self {
        if self.customers == customers { self.target(of, bound) } else { self }
    }

    /// With something to know.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// What the target is compared with; without a target, how many times as large their value is as ours.
    pub fn ratio(&self) -> Option<f64> {
        let theirs = self.theirs.as_ref()?.value;
        Some(match self.target.map(|target| target.of) {
            Some(Of::OursByTheirs | Of::OursByTheirsAtLeast | Of::OverTheirs) => self.ours / theirs,
            _ => theirs / self.ours,
        })
    }

    /// Whether the target is met, if there is one.
    pub fn met(&self) -> Option<bool> {
        let Target { of, bound } = self.target?;
        Some(match of {
            Of::Ours => self.ours <= bound,
            Of::OursAtLeast => self.ours >= bound,
            Of::OursByTheirs => self.ratio()? <= bound,
            Of::OursByTheirsAtLeast | Of::TheirsByOurs => self.ratio()? >= bound,
            Of::OverTheirs => self.ours - self.theirs.as_ref()?.value <= bound,
        })
    }
}

/// What was measured for a figure at one size, and when, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The day.
    pub date: String,
    /// The commit that was built.
    pub commit: String,
    /// The processor.
    pub machine: String,
    /// The compiler and the versions of everybody who took part.
    pub versions: BTreeMap<String, String>,
    /// What was measured.
    pub rows: Vec<Row>,
}

/// The last run of each figure at each size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Results(BTreeMap<String, BTreeMap<usize, Run>>);

impl Results {
    /// Reads what was measured before.
    ///
    /// # Errors
    /// When the file is there and is not of this form.
    pub fn load(path: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(serde_json::from_str(&text)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a figure's run in place of the one before at this size.
    pub fn take(&mut self, id: &str, customers: usize, run: Run) {
        self.0.entry(id.to_owned()).or_default().insert(customers, run);
    }

    /// A figure's runs by size.
    pub fn runs(&self, id: &str) -> impl DoubleEndedIterator<Item = &Run> {
        self.0.get(id).into_iter().flat_map(BTreeMap::values)
    }

    /// A figure's rows at every size.
    pub fn rows(&self, id: &str) -> impl DoubleEndedIterator<Item = &Row> {
        self.runs(id).flat_map(|run| &run.rows)
    }

    /// As it is kept.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("figures have string keys and finite numbers") + "\n"
    }
}
