//! What cleaning did.

/// What cleaning did, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CleanupResult {
    pub removed: Vec<String>,
    /// What could not be removed, with the reason where it is known.
    pub left: Vec<String>,
    /// What a runtime leaves after every run, and is no trouble.
    pub noted: Vec<String>,
}
