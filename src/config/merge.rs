//! Merge keys: `<<: *base` puts the entries of one map under those of another.

use std::sync::Arc;

use serde_yaml::{Mapping, Value as Yaml};

use crate::model::{Diagnostic, FieldPath, SourceFile};

use super::read::{Place, Reader};
use super::scan::Node;

const MERGE: &str = "<<";

/// Carries out every merge key, the innermost first, so that what is merged may itself merge.
pub(super) fn apply_merges(
    file: &Arc<SourceFile>,
    root: &Node,
    value: &mut Yaml,
) -> Result<(), Vec<Diagnostic>> {
    let mut faults = Vec::new();
    merge(value, Place::root(file, root), &mut faults);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

fn merge(value: &mut Yaml, place: Place<'_>, faults: &mut Vec<Diagnostic>) {
    match value {
        Yaml::Mapping(mapping) => {
            for (key, inner) in mapping.iter_mut() {
                merge(inner, place.under(key.as_str().unwrap_or_default()), faults);
            }
            if let Some(merged) = mapping.shift_remove(MERGE) {
                take_over(mapping, merged, place.under(MERGE), faults);
            }
        }
        Yaml::Sequence(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                merge(item, place.item(index), faults);
            }
        }
        Yaml::Tagged(tagged) => merge(&mut tagged.value, place, faults),
        Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_) => {}
    }
}

/// Takes over the entries that are not there yet; of several maps the first has precedence.
fn take_over(into: &mut Mapping, from: Yaml, place: Place<'_>, faults: &mut Vec<Diagnostic>) {
    let maps: Vec<_> = match from {
        Yaml::Sequence(items) => {
            let places = (0..).map(|index| place.item(index));
            items.into_iter().zip(places).collect()
        }
        one => vec![(one, place)],
    };
    for (map, place) in maps {
        let Yaml::Mapping(entries) = map else {
            let mut reader = Reader::new(faults);
            let path = FieldPath::from_iter([MERGE]);
            reader.wrong_type("a map, or a list of maps", &map, place, &path);
            continue;
        };
        for (key, value) in entries {
            into.entry(key).or_insert(value);
        }
    }
}
