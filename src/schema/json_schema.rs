//! The JSON Schema of the YAML files.
