//! Where in `book.toml` a setting stands, for errors about its value.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::text::line_at;

#[derive(Clone, Copy)]
pub(super) struct SettingPlaces<'a> {
    pub(super) text: &'a str,
    pub(super) path: &'a Path,
}

impl SettingPlaces<'_> {
    /// The file and the line of the key that this path of keys leads to, as `book.toml:12`; the
    /// file alone if the setting is a default.
    pub(super) fn find_place(self, keys: &[&str]) -> String {
        let file = self.path.display();
        self.find_line(keys).map_or_else(|| file.to_string(), |line| format!("{file}:{line}"))
    }

    /// The line of a key, from 1; none if it is not given.
    pub(super) fn find_line(self, keys: &[&str]) -> Option<usize> {
        let root = DeTable::parse(self.text).ok()?;
        let (last, tables) = keys.split_last()?;
        let mut table = root.get_ref();
        for key in tables {
            table = match table.get(*key)?.get_ref() {
                DeValue::Table(inner) => inner,
                _ => return None,
            };
        }
        let (key, _) = table.get_key_value(*last)?;
        Some(line_at(self.text, key.span().start))
    }
}
