//! The JSON Schema of a run file, made from the types.

use schemars::generate::SchemaSettings;

use crate::model::Run;

/// The schema, pretty-printed (JSON Schema 2020-12).
pub fn schema_json() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Run>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_in_data_is_that_of_the_types() {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/schema/run-2.schema.json");
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            stored == super::schema_json(),
            "the types changed: run `cargo run -- schema > data/schema/run-2.schema.json`, and \
             raise the schema version if older files no longer load"
        );
    }
}
