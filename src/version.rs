//! The numbers of a version, to compare by.

use crate::text::leading_digits;

/// What a text begins with of the form `3.31.0`, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionNumbers<'a> {
    /// The numbers, one at least.
    pub numbers: Vec<u64>,
    /// The rest: `-rc1`, `-45-generic`.
    pub suffix: &'a str,
}

impl<'a> VersionNumbers<'a> {
    /// Reads the beginning of a text; none if it is no number.
    pub(crate) fn read_beginning(text: &'a str) -> Option<Self> {
        let (mut numbers, mut suffix) = (Vec::new(), text);
        let mut next = Some(text);
        while let Some((digits, rest)) = next.and_then(leading_digits) {
            numbers.push(digits.parse().ok()?);
            suffix = rest;
            next = rest.strip_prefix('.');
        }
        (!numbers.is_empty()).then_some(Self { numbers, suffix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_end_where_something_else_begins() {
        for (text, numbers, suffix) in [
            ("3.31.0", &[3, 31, 0][..], ""),
            ("3.31.0-rc1", &[3, 31, 0], "-rc1"),
            ("6.12.47+", &[6, 12, 47], "+"),
            ("6.x", &[6], ".x"),
            ("7.", &[7], "."),
        ] {
            let read = VersionNumbers::read_beginning(text).unwrap();
            assert_eq!((&*read.numbers, read.suffix), (numbers, suffix), "{text}");
        }
        for text in ["", "v3.1", ".1", "99999999999999999999.1"] {
            assert_eq!(VersionNumbers::read_beginning(text), None, "{text}");
        }
    }
}
