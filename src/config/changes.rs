//! `moved` and `removed`: resources that changed their address, and resources that are given up.

use std::collections::BTreeMap;

use serde_yaml::Value as Yaml;

use crate::model::{Address, Diagnostic, FieldPath, Location, Moved, Removed, Value};
use crate::schema::{Allowances, Context, ResourceSchema, check, meta, suggest};

use super::read::{Place, Reader};
use super::resource::diagnostic;

/// Holds the entries of all files, in their order.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) moved: Vec<Moved>,
    pub(super) removed: Vec<Removed>,
    /// Where each `to` stands, in the order of `moved`.
    targets: Vec<Location>,
}

impl Changes {
    /// Reads the entries under one of the two keys.
    pub(super) fn read(
        &mut self,
        key: &str,
        yaml: &Yaml,
        place: Place<'_>,
        reader: &mut Reader<'_>,
    ) {
        let path = FieldPath::from_iter([key]);
        let Yaml::Sequence(items) = yaml else {
            reader.wrong_type("a list of maps", yaml, place, &path);
            return;
        };
        for (index, item) in items.iter().enumerate() {
            let path = path.child(index.to_string());
            let place = place.item(index);
            if key == meta::MOVED_KEY {
                self.moved(item, place, &path, reader);
            } else {
                self.removed(item, place, &path, reader);
            }
        }
    }

    fn moved(&mut self, yaml: &Yaml, place: Place<'_>, path: &FieldPath, reader: &mut Reader<'_>) {
        if let Some([Some((from, location)), Some((to, target))]) =
            addresses(meta::MOVED, ["from", "to"], yaml, place, path, reader)
        {
            self.moved.push(Moved {
                from,
                to,
                location: Some(location),
            });
            self.targets.push(target);
        }
    }

    fn removed(
        &mut self,
        yaml: &Yaml,
        place: Place<'_>,
        path: &FieldPath,
        reader: &mut Reader<'_>,
    ) {
        if let Some([Some((from, location))]) =
            addresses(meta::REMOVED, ["from"], yaml, place, path, reader)
        {
            self.removed.push(Removed {
                from,
                location: Some(location),
            });
        }
    }
}

/// Reads the addresses of one entry with their places.
fn addresses<const N: usize>(
    table: &'static [crate::schema::Field],
    keys: [&str; N],
    yaml: &Yaml,
    place: Place<'_>,
    path: &FieldPath,
    reader: &mut Reader<'_>,
) -> Option<[Option<(Address, Location)>; N]> {
    let Yaml::Mapping(mapping) = yaml else {
        let expects = format!("a map with {}", keys.join(" and "));
        reader.wrong_type(&expects, yaml, place, path);
        return None;
    };
    let attributes = reader.fields(&[table], mapping, place, &FieldPath::root());
    let unread = std::mem::take(&mut reader.unread);
    let context = Context {
        region: "",
        allow: &Allowances::new(),
    };
    let mut findings = Vec::new();
    check::check_fields(
        table,
        &attributes,
        &FieldPath::root(),
        &context,
        &mut findings,
    );
    for finding in findings {
        if finding.rule == "missing-key" && unread.contains(&finding.path) {
            continue;
        }
        let location = place.locate(&finding.path, finding.on_key);
        reader.push(diagnostic(finding, location));
    }
    Some(keys.map(|key| {
        let written = attributes.get(key).and_then(Value::as_text)?;
        let location = place.under(key).at_value();
        match written.parse::<Address>() {
            Ok(address) => Some((address, location)),
            Err(_) if written.is_empty() => None,
            Err(error) => {
                let fault =
                    Diagnostic::error("bad-address", format!("`{written}` is not an address"));
                reader.push(fault.help(error.advice()).at(Some(location)));
                None
            }
        }
    }))
}

/// Checks what can be known without the state; circles and targets in use are the plan's to find.
pub(super) fn check_changes(
    schemas: &[&'static ResourceSchema],
    changes: &Changes,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut first: BTreeMap<&Address, &Option<Location>> = BTreeMap::new();
    let moved = changes.moved.iter().map(|m| (&m.from, &m.location));
    let removed = changes.removed.iter().map(|r| (&r.from, &r.location));
    for (from, location) in moved.chain(removed) {
        diagnostics.extend(unknown_kind(schemas, from, location.as_ref()));
        let Some(earlier) = first.insert(from, location) else {
            continue;
        };
        let mut fault = Diagnostic::error("bad-move", format!("{from} is moved or removed twice"))
            .help("a resource is either moved or removed, once: keep one of these entries")
            .at(location.clone());
        if let Some(earlier) = earlier {
            fault = fault.related(earlier.clone(), "first here");
        }
        diagnostics.push(fault);
    }
    for (Moved { from, to, .. }, location) in changes.moved.iter().zip(&changes.targets) {
        if from == to {
            let fault = Diagnostic::error("bad-move", format!("{from} is moved to itself"))
                .help("name the new address here, or remove the entry");
            diagnostics.push(fault.at(Some(location.clone())));
        } else if let Some(fault) = unknown_kind(schemas, to, Some(location)) {
            diagnostics.push(fault);
        } else if from.kind() != to.kind() {
            let summary = format!("{from} can't move to {to}: a resource keeps its kind");
            let fault = Diagnostic::error("bad-move", summary).help(format!(
                "write {}.{} here",
                from.kind(),
                to.name()
            ));
            diagnostics.push(fault.at(Some(location.clone())));
        }
    }
}

fn unknown_kind(
    schemas: &[&'static ResourceSchema],
    address: &Address,
    location: Option<&Location>,
) -> Option<Diagnostic> {
    let kinds = schemas.iter().map(|schema| schema.kind);
    if kinds.clone().any(|kind| kind == address.kind()) {
        return None;
    }
    let help = match suggest(address.kind(), kinds.clone()) {
        Some(kind) => format!("did you mean `{kind}.{}`?", address.name()),
        None => format!("known kinds: {}", kinds.collect::<Vec<_>>().join(", ")),
    };
    let summary = format!("`{address}` names an unknown kind of resource");
    let fault = Diagnostic::error("bad-address", summary).help(help);
    Some(fault.at(location.cloned()))
}
