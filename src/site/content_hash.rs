//! What something was made of, as a short text.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A hash of ingredients.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ContentHash(pub(super) String);

impl ContentHash {
    /// The key of these ingredients, in this order.
    pub(crate) fn from_parts<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> Self {
        Self::hash_parts(None, parts)
    }

    fn hash_parts<T: AsRef<[u8]>>(
        before: Option<&Self>,
        parts: impl IntoIterator<Item = T>,
    ) -> Self {
        let mut hash = Sha256::new();
        if let Some(Self(before)) = before {
            hash_part(&mut hash, before.as_bytes());
        }
        for part in parts {
            hash_part(&mut hash, part.as_ref());
        }
        Self(HEXLOWER.encode(&hash.finalize()[..16]))
    }

    /// The key of this one and further ingredients.
    pub(crate) fn and_parts<T: AsRef<[u8]>>(&self, parts: impl IntoIterator<Item = T>) -> Self {
        Self::hash_parts(Some(self), parts)
    }

    /// What tells this program from any other build of it.
    pub(crate) fn of_program() -> Self {
        let file = std::env::current_exe().and_then(std::fs::metadata);
        let stamp = file.ok().map(|file| {
            use std::os::unix::fs::MetadataExt;
            format!("{} {} {}", file.len(), file.mtime(), file.mtime_nsec())
        });
        Self::from_parts([env!("CARGO_PKG_VERSION"), &stamp.unwrap_or_default()])
    }
}

impl AsRef<[u8]> for ContentHash {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn hash_part(hash: &mut Sha256, part: &[u8]) {
    hash.update(part.len().to_le_bytes());
    hash.update(part);
}
