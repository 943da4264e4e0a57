//! YAML of other tools, which lies beside the gateways.
//!
//! A folder of gateways may hold a docker-compose.yml too. It is skipped; but what could be gateways with a
//! slip of the pen in it never is, since a file that vanishes takes its gateways along.

use serde::Deserialize;
use serde_yaml::{Mapping, Value as Yaml};

use crate::schema::{Need, ResourceSchema, meta, suggest};

use super::document::Document;

/// The keys that gwplan knows at the top of a file.
pub(super) fn keys<'a>(
    schemas: &'a [&'static ResourceSchema],
) -> impl Iterator<Item = &'a str> + Clone {
    let collections = schemas.iter().map(|schema| schema.collection);
    collections.chain([meta::MOVED_KEY, meta::REMOVED_KEY])
}

/// Tells whether a file is another tool's: it has no key of gwplan's, none that comes near to one, and
/// nothing that looks like a resource.
pub(super) fn is_foreign(schemas: &[&'static ResourceSchema], document: &Document) -> bool {
    match &document.parsed {
        Ok(parsed) => is_foreign_value(schemas, &parsed.value),
        // Others keep several documents in a file.
        Err(faults) if faults.iter().all(|fault| fault.rule == "several-documents") => {
            let documents = serde_yaml::Deserializer::from_str(document.file.text());
            documents.into_iter().all(|document| {
                let value = Yaml::deserialize(document);
                value.is_ok_and(|value| value.is_null() || is_foreign_value(schemas, &value))
            })
        }
        Err(_) => false,
    }
}

fn is_foreign_value(schemas: &[&'static ResourceSchema], value: &Yaml) -> bool {
    match value {
        Yaml::Mapping(map) => !map.is_empty() && is_foreign_map(schemas, map),
        Yaml::Sequence(items) => {
            let mut maps = items.iter().filter_map(Yaml::as_mapping);
            !items.is_empty() && maps.all(|map| is_foreign_map(schemas, map))
        }
        _ => false,
    }
}

fn is_foreign_map(schemas: &[&'static ResourceSchema], map: &Mapping) -> bool {
    let is_near = |key: &Yaml| {
        let key = key.as_str().unwrap_or_default();
        suggest(key, keys(schemas)).is_some()
    };
    // What begins with x- stands in files of any tool, ours too.
    let is_note = |key: &Yaml| key.as_str().is_some_and(|key| key.starts_with("x-"));
    let inside = || map.values().filter_map(Yaml::as_mapping);
    let deeper = || inside().flat_map(|map| map.values().filter_map(Yaml::as_mapping));
    !map.keys().all(is_note)
        && !map.keys().any(is_near)
        && ![map]
            .into_iter()
            .chain(inside())
            .chain(deeper())
            .any(|map| is_like_resource(schemas, map))
}

/// Tells whether a map has two of the keys that each resource of some kind must have.
fn is_like_resource(schemas: &[&'static ResourceSchema], map: &Mapping) -> bool {
    schemas.iter().any(|schema| {
        let required = schema.fields.iter();
        let required = required.filter(|field| matches!(field.need, Need::Required));
        required.filter(|field| map.contains_key(field.key)).count() > 1
    })
}
