//! The JSON Schemas of a run file and a fleet file, made from the types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use crate::model::{Fleet, Run};

/// The schema of a run file, pretty-printed (JSON Schema 2020-12).
pub fn run_schema_json() -> String {
    schema_json::<Run>()
}

/// That of a fleet file.
pub fn fleet_schema_json() -> String {
    schema_json::<Fleet>()
}

fn schema_json<T: JsonSchema>() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schemas_in_data_are_those_of_the_types() {
        for (file, schema, what) in [
            ("run-2", super::run_schema_json(), ""),
            ("fleet-1", super::fleet_schema_json(), " --fleet"),
        ] {
            let name = format!("data/schema/{file}.schema.json");
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&name);
            let stored = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                stored == schema,
                "the types changed: run `cargo run -- schema{what} > {name}`, and raise the schema \
                 version if older files no longer load"
            );
        }
    }

    #[test]
    fn a_fleet_file_follows_its_schema() {
        let schema = serde_json::from_str(&super::fleet_schema_json()).unwrap();
        let fleet = crate::model::testing::kata_fleet("aa11");
        let fleet = serde_json::to_value(fleet).unwrap();
        assert!(jsonschema::is_valid(&schema, &fleet));
        assert!(!jsonschema::is_valid(&schema, &serde_json::json!({ "id": "aa11" })));
    }
}
