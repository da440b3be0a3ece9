//! The ids of facts as a type. Those of the catalogue are constants that the build makes, so that a
//! misspelt one does not compile.

/// The stable dotted id of a fact: `kernel.release`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct FactId<'a>(&'a str);

impl<'a> FactId<'a> {
    /// An id that a run, a file or a user states, who may have probes of their own.
    pub const fn from_text(id: &'a str) -> Self {
        Self(id)
    }

    /// The id as it stands in files.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl std::fmt::Display for FactId<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl PartialEq<FactId<'_>> for str {
    fn eq(&self, id: &FactId) -> bool {
        self == id.0
    }
}

impl PartialEq<FactId<'_>> for String {
    fn eq(&self, id: &FactId) -> bool {
        self == id.0
    }
}

impl std::ops::Deref for FactId<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

/// A constant for each probe of the shipped catalogue: `kernel.release` as `KERNEL_RELEASE`.
#[allow(dead_code)] // The catalogue has more than the program asks for by name.
pub(crate) mod fact_ids {
    use super::FactId;

    include!(concat!(env!("OUT_DIR"), "/fact_ids.rs"));
}
