//! The JSON Schemas of a run file and a fleet file, as they ship: a test makes them from the types.

/// The schema of a run file (JSON Schema 2020-12).
pub const RUN_SCHEMA: &str = include_str!("../../data/schema/run-2.schema.json");

/// That of a fleet file.
pub const FLEET_SCHEMA: &str = include_str!("../../data/schema/fleet-1.schema.json");

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use schemars::generate::SchemaSettings;

    use super::*;
    use crate::model::{Fleet, Run};
    use crate::store::packed::PackedRun;

    fn schema_of_type<T: JsonSchema>() -> String {
        let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
        serde_json::to_string_pretty(&schema).unwrap() + "\n"
    }

    /// That of a run file in either form: whole, or as what differs from another run.
    fn schema_of_run_file() -> String {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let whole = generator.subschema_for::<Run>();
        let packed = generator.subschema_for::<PackedRun>();
        let schema = serde_json::json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Run file",
            "if": { "required": ["same_as"] },
            "then": packed,
            "else": whole,
            "$defs": generator.take_definitions(true),
        });
        serde_json::to_string_pretty(&schema).unwrap() + "\n"
    }

    #[test]
    fn the_schemas_in_data_are_those_of_the_types() {
        for (file, stored, schema) in [
            ("run-2", RUN_SCHEMA, schema_of_run_file()),
            ("fleet-1", FLEET_SCHEMA, schema_of_type::<Fleet>()),
        ] {
            if std::env::var_os("SCHEMA").is_some_and(|what| what == "overwrite") {
                let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/schema");
                std::fs::write(folder.join(format!("{file}.schema.json")), schema).unwrap();
                continue;
            }
            assert!(
                stored == schema,
                "the types changed: run `SCHEMA=overwrite cargo test --lib schema`, and raise the \
                 schema version if older files no longer load"
            );
        }
    }

    #[test]
    fn every_run_file_of_a_fleet_follows_the_schema() {
        let schema = serde_json::from_str(RUN_SCHEMA).unwrap();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let fleet = folder.join("tests/cmd/fleet.in/data/runs/aaaaaaaaaaaa");
        let mut packed = 0;
        for entry in fleet.read_dir().unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let run: serde_json::Value = serde_json::from_str(&text).unwrap();
            packed += usize::from(run.get("same_as").is_some());
            assert!(jsonschema::is_valid(&schema, &run), "{}", &text[..200]);
        }
        assert!(packed > 0);
        for other in [serde_json::json!({}), serde_json::json!({ "same_as": 1, "lines": [] })] {
            assert!(!jsonschema::is_valid(&schema, &other), "{other}");
        }
    }

    #[test]
    fn a_fleet_file_follows_its_schema() {
        let schema = serde_json::from_str(FLEET_SCHEMA).unwrap();
        let fleet = crate::model::testing::kata_fleet("aa11");
        let fleet = serde_json::to_value(fleet).unwrap();
        assert!(jsonschema::is_valid(&schema, &fleet));
        assert!(!jsonschema::is_valid(&schema, &serde_json::json!({ "id": "aa11" })));
    }
}
