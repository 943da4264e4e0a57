//! The reference page of the YAML files.
