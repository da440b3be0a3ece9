//! The ids of facts and of rules as types. Those that ship are constants that the build makes, so
//! that a misspelt one does not compile.

use std::fmt;
use std::ops::Deref;

/// A type for the ids of a kind, which are text in files.
macro_rules! id_type {
    ($(#[$doc:meta])+ $name:ident) => {
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub struct $name<'a>(&'a str);

        impl<'a> $name<'a> {
            /// An id that a run, a file or a user states, who may have some of their own.
            pub const fn from_text(id: &'a str) -> Self {
                Self(id)
            }

            /// The id as it stands in files.
            pub const fn as_str(self) -> &'a str {
                self.0
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }

        impl PartialEq<$name<'_>> for String {
            fn eq(&self, id: &$name) -> bool {
                self == id.0
            }
        }

        impl Deref for $name<'_> {
            type Target = str;

            fn deref(&self) -> &str {
                self.0
            }
        }
    };
}

id_type! {
    /// The stable dotted id of a fact: `kernel.release`.
    FactId
}

id_type! {
    /// The id of a rule: `health-not-ok`.
    RuleId
}

/// A constant for each probe of the shipped catalogue: `kernel.release` as `KERNEL_RELEASE`.
#[allow(dead_code, reason = "the program does not ask for all of the catalogue by name")]
pub(crate) mod fact_ids {
    use super::FactId;

    include!(concat!(env!("OUT_DIR"), "/fact_ids.rs"));
}
