//! The gateways files: from documents to desired resources.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde_yaml::Value as Yaml;

use crate::model::{
    Address, Attributes, Desired, Diagnostic, FieldPath, Location, Severity, Value,
    sort_diagnostics,
};
use crate::schema::{
    Context, Field, Finding, ResourceSchema, Shape, check, field_at, fill_defaults, meta,
};

use super::document::{Document, Parsed};
use super::graph::{ReferencePlaces, check_references};
use super::project::Project;
use super::read::{MAP_OF_RESOURCES, Place, Reader};

/// Holds the desired state and everything that is wrong with it.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The resources by address; complete only where there are no errors.
    pub desired: BTreeMap<Address, Desired>,
    /// What is wrong, by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads the desired state from files; `region` stands in where neither file nor project names one.
///
/// Paths are read relative to `root` and shown as they are.
pub fn load(
    schemas: &[&'static ResourceSchema],
    project: &Project,
    region: &str,
    root: &Path,
    files: &[PathBuf],
) -> Loaded {
    let documents = files
        .iter()
        .map(|path| Document::read(&root.join(path), &path.display().to_string()))
        .collect();
    load_documents(schemas, project, region, documents)
}

pub(super) fn load_documents(
    schemas: &[&'static ResourceSchema],
    project: &Project,
    region: &str,
    documents: Vec<Document>,
) -> Loaded {
    let mut loader = Loader {
        schemas,
        project,
        region: project.region.as_deref().unwrap_or(region),
        loaded: Loaded::default(),
        places: ReferencePlaces::new(),
        names: HashMap::new(),
    };
    for document in documents {
        match document.parsed {
            Ok(ref parsed) => loader.document(&document, parsed),
            Err(faults) => loader.loaded.diagnostics.extend(faults),
        }
    }
    let Loader {
        mut loaded, places, ..
    } = loader;
    check_references(&loaded.desired, &places, &mut loaded.diagnostics);
    drop_repeated(&mut loaded.diagnostics);
    sort_diagnostics(&mut loaded.diagnostics);
    loaded
}

/// A fault in `defaults` turns up in every resource; it is told once.
fn drop_repeated(diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    diagnostics.retain(|diagnostic| {
        let place = diagnostic.location.as_ref().map(Location::label);
        seen.insert((place, diagnostic.rule, diagnostic.summary.clone()))
    });
}

/// Turns a finding about attributes into a diagnostic at its place.
pub(super) fn diagnostic(finding: Finding, location: Location) -> Diagnostic {
    let Finding {
        path: _,
        on_key: _,
        severity,
        rule,
        summary,
        help,
    } = finding;
    let diagnostic = match severity {
        Severity::Error => Diagnostic::error(rule, summary),
        Severity::Warning => Diagnostic::warning(rule, summary),
    };
    diagnostic.help(help).at(Some(location))
}

struct Loader<'a> {
    schemas: &'a [&'static ResourceSchema],
    project: &'a Project,
    region: &'a str,
    loaded: Loaded,
    places: ReferencePlaces,
    /// Where each name in the cloud was first used, by kind, region and name.
    names: HashMap<(&'static str, String, String), Location>,
}

impl Loader<'_> {
    fn document(&mut self, document: &Document, parsed: &Parsed) {
        let place = Place::root(&document.file, &parsed.root);
        let mut reader = Reader::new(&mut self.loaded.diagnostics);
        let Yaml::Mapping(mapping) = &parsed.value else {
            reader.wrong_type("a map of keys", &parsed.value, place, &FieldPath::root());
            return;
        };
        for (index, (key, value)) in mapping.iter().enumerate() {
            let mut reader = Reader::new(&mut self.loaded.diagnostics);
            let Some(key) = reader.key(key, index, place) else {
                continue;
            };
            match self.schemas.iter().find(|schema| schema.collection == key) {
                Some(schema) => self.collection(schema, value, place.under(key)),
                // Keys that begin with x- hold anchors and notes, as in other YAML formats.
                None if key.starts_with("x-") => {}
                None => {
                    let known = self.schemas.iter().map(|schema| schema.collection);
                    reader.unknown_key(key, known, place);
                }
            }
        }
    }

    fn collection(&mut self, schema: &'static ResourceSchema, yaml: &Yaml, place: Place<'_>) {
        let mut reader = Reader::new(&mut self.loaded.diagnostics);
        let Yaml::Mapping(mapping) = yaml else {
            let path = FieldPath::from_iter([schema.collection]);
            reader.wrong_type(MAP_OF_RESOURCES, yaml, place, &path);
            return;
        };
        for (index, (name, yaml)) in mapping.iter().enumerate() {
            let mut reader = Reader::new(&mut self.loaded.diagnostics);
            let Some(name) = reader.key(name, index, place) else {
                continue;
            };
            let place = place.under(name);
            match Address::new(schema.kind, name) {
                Ok(address) => self.resource(schema, address, yaml, place),
                Err(error) => {
                    let fault = Diagnostic::error(
                        "bad-address",
                        format!("`{name}` is no name for a resource"),
                    );
                    self.loaded
                        .diagnostics
                        .push(fault.help(error.advice()).at(Some(place.at_key())));
                }
            }
        }
    }

    fn resource(
        &mut self,
        schema: &'static ResourceSchema,
        address: Address,
        yaml: &Yaml,
        place: Place<'_>,
    ) {
        let mut reader = Reader::new(&mut self.loaded.diagnostics);
        let Yaml::Mapping(mapping) = yaml else {
            let path = FieldPath::from_iter([schema.collection, address.name()]);
            reader.wrong_type("a map of keys", yaml, place, &path);
            return;
        };
        let tables: [&[Field]; 2] = [schema.fields, meta::META];
        let written = reader.fields(&tables, mapping, place, &FieldPath::root());
        let unread = reader.unread;
        let mut merged = Value::Map(self.project.defaults.attributes.clone());
        merged.merge(Value::Map(written));
        let Value::Map(mut attributes) = merged else {
            return;
        };

        let mut finder = Finder {
            place,
            project: self.project,
            unread,
            diagnostics: &mut self.loaded.diagnostics,
        };
        let meta = finder.meta(schema, &mut attributes, self.region);
        let context = Context {
            region: &meta.region,
            allow: &self.project.allow,
        };
        // Before defaults are filled in: a bad region is told where it stands, and not once more
        // for each field that takes it over.
        finder.report_all(check(schema, &attributes, &context));
        fill_defaults(schema.fields, &mut attributes, &meta.region);

        self.note_name(schema, &meta.region, &attributes, place);
        let desired = Desired {
            address: address.clone(),
            region: meta.region,
            attributes,
            depends_on: meta.depends_on,
            prevent_destroy: meta.prevent_destroy,
            create_before_destroy: meta.create_before_destroy,
            ignore_changes: meta.ignore_changes,
            location: Some(place.at_key()),
        };
        self.insert(address, desired, meta.reference_places);
    }

    fn insert(&mut self, address: Address, desired: Desired, reference_places: Vec<Location>) {
        if let Some(first) = self.loaded.desired.get(&address) {
            let mut fault = Diagnostic::error(
                "duplicate-address",
                format!("`{address}` stands in two files"),
            )
            .help("each address names one resource: rename one of them or remove it")
            .at(desired.location);
            if let Some(first) = &first.location {
                fault = fault.related(first.clone(), "first here");
            }
            self.loaded.diagnostics.push(fault);
            return;
        }
        self.places.insert(address.clone(), reference_places);
        self.loaded.desired.insert(address, desired);
    }

    /// Warns where two resources of a region have the same name: the API takes it, people confuse it.
    fn note_name(
        &mut self,
        schema: &'static ResourceSchema,
        region: &str,
        attributes: &Attributes,
        place: Place<'_>,
    ) {
        let Some(name) = attributes.get("name").and_then(Value::as_text) else {
            return;
        };
        let location = place.locate(&FieldPath::from_iter(["name"]), false);
        let key = (schema.kind, region.to_owned(), name.to_owned());
        if let Some(first) = self.names.get(&key) {
            let within = if region.is_empty() {
                String::new()
            } else {
                format!(" in {region}")
            };
            let warning = Diagnostic::warning(
                "duplicate-name",
                format!("the name {name:?} is used twice{within}"),
            )
            .help("the cloud takes it, but people will confuse the two")
            .at(Some(location))
            .related(first.clone(), "first here");
            self.loaded.diagnostics.push(warning);
        } else {
            self.names.insert(key, location);
        }
    }
}

/// Holds what the keys of [`meta::META`] say about one resource.
struct Meta {
    region: String,
    depends_on: Vec<Address>,
    reference_places: Vec<Location>,
    prevent_destroy: bool,
    create_before_destroy: bool,
    ignore_changes: Vec<FieldPath>,
}

/// Finds the places of one resource's attributes, in its own YAML or in the project's defaults.
struct Finder<'a> {
    place: Place<'a>,
    project: &'a Project,
    /// What the resource has, but wrongly written.
    unread: Vec<FieldPath>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Finder<'_> {
    fn locate(&self, path: &FieldPath, on_key: bool) -> Location {
        if self.place.holds(path) {
            return self.place.locate(path, on_key);
        }
        self.project
            .locate_default(path, on_key)
            .unwrap_or_else(|| self.place.locate(path, on_key))
    }

    fn report_all(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            // What was written but could not be read is reported already: it is not missing too.
            if finding.rule == "missing-key" && self.is_written(&finding.path) {
                continue;
            }
            let location = self.locate(&finding.path, finding.on_key);
            self.diagnostics.push(diagnostic(finding, location));
        }
    }

    fn is_written(&self, path: &FieldPath) -> bool {
        let defaults = &self.project.defaults;
        self.unread.contains(path) || defaults.unread.contains(path)
    }

    fn meta(
        &mut self,
        schema: &'static ResourceSchema,
        attributes: &mut Attributes,
        region: &str,
    ) -> Meta {
        let mut own = Attributes::new();
        for field in meta::META {
            if let Some(value) = attributes.remove(field.key) {
                own.insert(field.key.to_owned(), value);
            }
        }
        let context = Context {
            region,
            allow: &self.project.allow,
        };
        let mut findings = Vec::new();
        check::check_fields(
            meta::META,
            &own,
            &FieldPath::root(),
            &context,
            &mut findings,
        );
        self.report_all(findings);
        fill_defaults(meta::META, &mut own, region);

        let (depends_on, reference_places) = self.references(&own);
        let lifecycle = own.get("lifecycle").and_then(Value::as_map);
        let flag = |key: &str| {
            let flag = lifecycle
                .and_then(|map| map.get(key))
                .and_then(Value::as_bool);
            flag.unwrap_or_default()
        };
        Meta {
            region: own
                .get("region")
                .and_then(Value::as_text)
                .unwrap_or(region)
                .to_owned(),
            depends_on,
            reference_places,
            prevent_destroy: flag("preventDestroy"),
            create_before_destroy: flag("createBeforeDestroy"),
            ignore_changes: self.ignored(schema, lifecycle),
        }
    }

    fn references(&mut self, own: &Attributes) -> (Vec<Address>, Vec<Location>) {
        let path = FieldPath::from_iter(["dependsOn"]);
        let mut found = (Vec::new(), Vec::new());
        for (index, written) in texts(own.get("dependsOn")) {
            let location = self.item_location(&path, index);
            match written.parse::<Address>() {
                Ok(address) => {
                    found.0.push(address);
                    found.1.push(location);
                }
                Err(error) => {
                    let fault = Diagnostic::error(
                        "unknown-reference",
                        format!("`{written}` is no address"),
                    );
                    self.diagnostics
                        .push(fault.help(error.advice()).at(Some(location)));
                }
            }
        }
        found
    }

    fn ignored(
        &mut self,
        schema: &'static ResourceSchema,
        lifecycle: Option<&Attributes>,
    ) -> Vec<FieldPath> {
        let path = FieldPath::from_iter(["lifecycle", "ignoreChanges"]);
        let mut found = Vec::new();
        for (index, written) in texts(lifecycle.and_then(|map| map.get("ignoreChanges"))) {
            match FieldPath::parse(written) {
                Some(field) if field_at(schema.fields, &field).is_some() => found.push(field),
                _ => {
                    let known: Vec<String> = field_paths(schema.fields, &FieldPath::root());
                    let likely = crate::schema::suggest(written, known.iter().map(String::as_str));
                    let help = likely.map_or_else(
                        || {
                            "name a field by its path, for example description or nodeConfig.number"
                                .to_owned()
                        },
                        |word| format!("did you mean `{word}`?"),
                    );
                    let fault = Diagnostic::error(
                        "unknown-reference",
                        format!("`{written}` is not a field"),
                    )
                    .help(help);
                    self.diagnostics
                        .push(fault.at(Some(self.item_location(&path, index))));
                }
            }
        }
        found
    }

    fn item_location(&self, path: &FieldPath, index: usize) -> Location {
        if self.place.holds(path) {
            let list = path
                .segments()
                .iter()
                .fold(self.place, |place, key| place.under(key));
            return list.item(index).at_value();
        }
        self.locate(path, true)
    }
}

/// Returns the texts of a list with their positions in it.
fn texts(value: Option<&Value>) -> impl Iterator<Item = (usize, &str)> {
    let items = match value {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let items = items.iter().enumerate();
    items.filter_map(|(index, item)| Some((index, item.as_text()?)))
}

fn field_paths(fields: &[Field], at: &FieldPath) -> Vec<String> {
    let mut paths = Vec::new();
    for field in fields {
        let path = at.child(field.key);
        paths.push(path.to_string());
        if let Shape::Object(inner) = &field.shape {
            paths.extend(field_paths(inner, &path));
        }
    }
    paths
}
