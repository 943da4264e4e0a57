//! The gateways files: from documents to desired resources.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use indexmap::IndexMap;
use indexmap::map::Entry as MapEntry;
use serde_yaml::{Mapping, Value as Yaml};

use crate::files::{Reach, ReadError};
use crate::model::{
    Address, Attributes, Desired, Diagnostic, FieldPath, Location, Moved, Removed, Severity, Value,
    sort_diagnostics,
};
use crate::schema::{Context, Field, ResourceSchema, check, fill_defaults, meta, suggest};

use super::changes::{Changes, check_changes};
use super::document::{Document, Parsed};
use super::files::Files;
use super::foreign::{is_foreign, keys};
use super::graph::{ReferencePlaces, check_references};
use super::project::Project;
use super::read::{MAP_OF_RESOURCES, Place, Reader};
use super::resource::{Finder, Layer, Meta, diagnostic};
use super::sources::Sources;

/// Holds the desired state and everything that is wrong with it.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The resources by address; complete only where there are no errors.
    pub desired: BTreeMap<Address, Desired>,
    /// The resources that have another address now, in the order of the files.
    pub moved: Vec<Moved>,
    /// The resources that are given up, in the order of the files.
    pub removed: Vec<Removed>,
    /// What is wrong, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// Where the files say what.
    pub sources: Sources,
    /// The files that were found and are another tool's.
    pub skipped: Vec<PathBuf>,
    /// Whether all that was found is another tool's; then the faults say so.
    pub is_all_foreign: bool,
}

/// Loads the desired state from files; `region` stands in where neither file nor project names one.
///
/// The overlays of the project's environment are laid over them. Paths are relative to the project's folder
/// and shown as they are.
pub fn load(
    schemas: &[&'static ResourceSchema],
    project: &Project,
    region: &str,
    reach: &Reach,
    files: &Files,
) -> Loaded {
    let read = |path: &PathBuf| Document::read(reach, path);
    let mut skipped = Vec::new();
    let mut documents = Vec::new();
    for path in files.paths() {
        let document = read(path);
        if !files.is_named(path) && is_foreign(schemas, &document) {
            skipped.push((path, document));
        } else {
            documents.push(document);
        }
    }
    // Where nothing else is left, one of them was meant.
    let is_all_foreign = documents.is_empty() && project.overlays.is_empty() && !files.is_empty();
    if is_all_foreign {
        documents.extend(skipped.drain(..).map(|(_, document)| document));
    }
    let mut diagnostics = Vec::new();
    let mut overlays = Vec::new();
    for overlay in &project.overlays {
        let shown = overlay.path.display();
        let fault = match reach.real(&overlay.path) {
            Ok(place) if place.is_file() => {
                overlays.push(read(&overlay.path));
                continue;
            }
            Err(error @ ReadError::Outside) => {
                let summary = format!("{shown} can't be read: {error}");
                Diagnostic::error("outside-project", summary).help(error.hint())
            }
            _ if overlay.is_expected => continue,
            _ => Diagnostic::error("unreadable-file", format!("there is no file {shown}"))
                .help("name a YAML file by its path from the folder of gwplan.yaml"),
        };
        diagnostics.push(fault.at(Some(overlay.location.clone())));
    }
    let mut loaded = load_documents(schemas, project, region, &documents, &overlays);
    loaded.sources = Sources::new(schemas, documents.into_iter().chain(overlays));
    loaded.skipped = skipped.into_iter().map(|(path, _)| path.clone()).collect();
    loaded.is_all_foreign = is_all_foreign;
    loaded.diagnostics.extend(diagnostics);
    sort_diagnostics(&mut loaded.diagnostics);
    loaded
}

/// What else to do about a file that has no key of gwplan's at all.
const OTHER_TOOL: &str =
    "; if this is another tool's file, name gwplan's own under `files` in gwplan.yaml";

pub(super) fn load_documents(
    schemas: &[&'static ResourceSchema],
    project: &Project,
    region: &str,
    documents: &[Document],
    overlays: &[Document],
) -> Loaded {
    let mut loader = Loader {
        schemas,
        project,
        region: project.region.as_deref().unwrap_or(region),
        entries: IndexMap::new(),
        changes: Changes::default(),
        loaded: Loaded::default(),
        places: ReferencePlaces::new(),
        names: HashMap::new(),
    };
    let base = documents.iter().map(|document| (document, Stratum::Base));
    let over = overlays.iter().map(|document| (document, Stratum::Overlay));
    for (document, stratum) in base.chain(over) {
        match &document.parsed {
            Ok(parsed) => loader.document(document, parsed, stratum),
            Err(faults) => loader.loaded.diagnostics.extend(faults.iter().cloned()),
        }
    }
    let mut finished = loader.finish();
    drop_repeated(&mut finished.diagnostics);
    sort_diagnostics(&mut finished.diagnostics);
    finished
}

/// A fault in `defaults` turns up in every resource; it is told once.
fn drop_repeated(diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    diagnostics.retain(|diagnostic| {
        let place = diagnostic.location.as_ref().map(Location::label);
        seen.insert((place, diagnostic.rule, diagnostic.summary.clone()))
    });
}

/// Tells whether a file is laid over others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stratum {
    Base,
    Overlay,
}

/// Holds what the files say about one address, the lowest first.
struct Entry<'a> {
    schema: &'static ResourceSchema,
    stratum: Stratum,
    written: Vec<Written<'a>>,
}

/// Holds what one file says about one address.
struct Written<'a> {
    place: Place<'a>,
    attributes: Attributes,
    unread: Vec<FieldPath>,
}

struct Loader<'a> {
    schemas: &'a [&'static ResourceSchema],
    project: &'a Project,
    region: &'a str,
    /// In the order of the files: of two that don't go together, the later one is at fault.
    entries: IndexMap<Address, Entry<'a>>,
    changes: Changes,
    loaded: Loaded,
    places: ReferencePlaces,
    /// Where each name in the cloud was first used, by kind, region and name.
    names: HashMap<(&'static str, String, String), Location>,
}

impl<'a> Loader<'a> {
    fn reader(&mut self) -> Reader<'_> {
        Reader::with(&self.project.variables, &mut self.loaded.diagnostics)
    }

    fn document(&mut self, document: &'a Document, parsed: &'a Parsed, stratum: Stratum) {
        let place = Place::root(&document.file, &parsed.root);
        let Yaml::Mapping(mapping) = &parsed.value else {
            let path = FieldPath::root();
            self.reader()
                .wrong_type("a map of keys", &parsed.value, place, &path);
            return;
        };
        for (index, (key, value)) in mapping.iter().enumerate() {
            let Some(key) = self.reader().key(key, index, place) else {
                continue;
            };
            let under = place.under(key);
            match self.schemas.iter().find(|schema| schema.collection == key) {
                Some(schema) => self.collection(schema, value, under, stratum),
                None if key == meta::MOVED_KEY || key == meta::REMOVED_KEY => {
                    let mut reader =
                        Reader::with(&self.project.variables, &mut self.loaded.diagnostics);
                    self.changes.read(key, value, under, &mut reader);
                }
                // Keys that begin with x- hold anchors and notes, as in other YAML formats.
                None if key.starts_with("x-") => {}
                None => self.unknown_key(key, mapping, place),
            }
        }
    }

    fn unknown_key(&mut self, key: &str, mapping: &Mapping, place: Place<'a>) {
        let known = keys(self.schemas);
        let diagnostics = &mut self.loaded.diagnostics;
        Reader::new(diagnostics).unknown_key(key, known.clone(), place);
        let is_own = |key: &Yaml| known.clone().any(|own| key.as_str() == Some(own));
        if let Some(fault) = diagnostics.last_mut()
            && !mapping.keys().any(is_own)
        {
            fault.help.push_str(OTHER_TOOL);
        }
    }

    fn collection(
        &mut self,
        schema: &'static ResourceSchema,
        yaml: &Yaml,
        place: Place<'a>,
        stratum: Stratum,
    ) {
        let Yaml::Mapping(mapping) = yaml else {
            let path = FieldPath::from_iter([schema.collection]);
            self.reader()
                .wrong_type(MAP_OF_RESOURCES, yaml, place, &path);
            return;
        };
        for (index, (name, yaml)) in mapping.iter().enumerate() {
            let Some(name) = self.reader().key(name, index, place) else {
                continue;
            };
            let place = place.under(name);
            match Address::new(schema.kind, name) {
                Ok(address) => self.written(schema, address, yaml, place, stratum),
                Err(error) => {
                    let fault = Diagnostic::error(
                        "bad-address",
                        format!("`{name}` is not a valid name for a resource"),
                    );
                    self.loaded
                        .diagnostics
                        .push(fault.help(error.advice()).at(Some(place.at_key())));
                }
            }
        }
    }

    /// Reads what a file says about one address, and puts it over what was read before.
    fn written(
        &mut self,
        schema: &'static ResourceSchema,
        address: Address,
        yaml: &Yaml,
        place: Place<'a>,
        stratum: Stratum,
    ) {
        let mut reader = self.reader();
        let Yaml::Mapping(mapping) = yaml else {
            let path = FieldPath::from_iter([schema.collection, address.name()]);
            reader.wrong_type("a map of keys", yaml, place, &path);
            return;
        };
        let tables: [&[Field]; 2] = [schema.fields, meta::META];
        let written = Written {
            attributes: reader.fields(&tables, mapping, place, &FieldPath::root()),
            unread: reader.unread,
            place,
        };
        match self.entries.entry(address) {
            MapEntry::Vacant(slot) => {
                slot.insert(Entry {
                    schema,
                    stratum,
                    written: vec![written],
                });
            }
            MapEntry::Occupied(mut slot) if stratum == Stratum::Overlay => {
                slot.get_mut().written.push(written);
            }
            MapEntry::Occupied(slot) => {
                let mut fault = Diagnostic::error(
                    "duplicate-address",
                    format!("`{}` stands in two files", slot.key()),
                )
                .help("each address names one resource: rename one of them or remove it")
                .at(Some(place.at_key()));
                if let Some(first) = slot.get().written.first() {
                    fault = fault.related(first.place.at_key(), "first here");
                }
                self.loaded.diagnostics.push(fault);
            }
        }
    }

    /// Checks what the defaults say, whether or not any resource takes it.
    ///
    /// Warnings are left to the resources: they speak of what the values come to.
    fn check_defaults(&mut self) {
        let context = Context {
            region: self.region,
            allow: &self.project.allow,
        };
        let tables = self.schemas.iter().map(|schema| schema.fields);
        let tables: Vec<&[Field]> = tables.chain([meta::META]).collect();
        for layer in self.project.layers() {
            let mut findings = Vec::new();
            for table in &tables {
                let root = FieldPath::root();
                check::check_fields(table, layer.attributes, &root, &context, &mut findings);
            }
            findings.retain(|f| f.severity == Severity::Error && f.rule != "missing-key");
            let faults = findings.into_iter().map(|finding| {
                let location = layer.place.locate(&finding.path, finding.on_key);
                diagnostic(finding, location)
            });
            self.loaded.diagnostics.extend(faults);
        }
    }

    /// Checks the region that comes from the environment, which has no place in any file.
    fn check_region(&mut self) {
        let desired = &self.loaded.desired;
        let used = desired.values().any(|one| one.region == self.region);
        if self.project.region.is_some() || self.region.is_empty() || !used {
            return;
        }
        let context = Context {
            region: self.region,
            allow: &self.project.allow,
        };
        let attributes = [("region".to_owned(), self.region.into())].into();
        let mut findings = Vec::new();
        let root = FieldPath::root();
        check::check_fields(meta::META, &attributes, &root, &context, &mut findings);
        let faults = findings.into_iter().map(|finding| {
            let region = self.region;
            let summary = format!("TENCENTCLOUD_REGION is {region:?}, which is not known");
            Diagnostic::error(finding.rule, summary).help(finding.help)
        });
        self.loaded.diagnostics.extend(faults);
    }

    fn finish(mut self) -> Loaded {
        self.check_defaults();
        let entries = std::mem::take(&mut self.entries);
        for (address, entry) in &entries {
            let doubt = (entry.stratum == Stratum::Overlay)
                .then(|| doubt(address, &entries))
                .flatten();
            self.resource(address, entry, doubt);
        }
        self.check_region();
        let Self {
            schemas,
            changes,
            mut loaded,
            places,
            ..
        } = self;
        check_references(&loaded.desired, &places, &mut loaded.diagnostics);
        check_changes(schemas, &changes, &mut loaded.diagnostics);
        loaded.moved = changes.moved;
        loaded.removed = changes.removed;
        loaded
    }

    fn resource(&mut self, address: &Address, entry: &Entry<'_>, doubt: Option<String>) {
        let Some(place) = entry.written.first().map(|written| written.place) else {
            return;
        };
        let schema = entry.schema;
        let mut merged = Value::Map(self.project.defaults.clone());
        for written in &entry.written {
            merged.merge(Value::Map(written.attributes.clone()));
        }
        let Value::Map(mut attributes) = merged else {
            return;
        };
        let own = entry.written.iter().map(|written| Layer {
            place: written.place,
            attributes: &written.attributes,
            unread: &written.unread,
        });
        let mut finder = Finder {
            layers: self.project.layers().chain(own).collect(),
            place,
            project: self.project,
            doubt,
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
        let name_location = finder.locate(&FieldPath::from_iter(["name"]), false);
        self.note_name(schema, &meta.region, &attributes, name_location);
        self.insert(address, meta, attributes, place.at_key());
    }

    fn insert(&mut self, address: &Address, meta: Meta, attributes: Attributes, at: Location) {
        self.places.insert(address.clone(), meta.reference_places);
        let desired = Desired {
            address: address.clone(),
            region: meta.region,
            attributes,
            depends_on: meta.depends_on,
            prevent_destroy: meta.prevent_destroy,
            create_before_destroy: meta.create_before_destroy,
            ignore_changes: meta.ignore_changes,
            location: Some(at),
        };
        self.loaded.desired.insert(address.clone(), desired);
    }

    /// Warns where two resources of a region have the same name: the API takes it, people confuse it.
    fn note_name(
        &mut self,
        schema: &'static ResourceSchema,
        region: &str,
        attributes: &Attributes,
        location: Location,
    ) {
        let Some(name) = attributes.get("name").and_then(Value::as_text) else {
            return;
        };
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

/// Asks whether an overlay's resource that no other file describes is one of theirs, misspelled.
fn doubt(address: &Address, entries: &IndexMap<Address, Entry<'_>>) -> Option<String> {
    let base = entries
        .iter()
        .filter(|(_, entry)| entry.stratum == Stratum::Base);
    let names = base.map(|(address, _)| address.name());
    let likely = suggest(address.name(), names)?;
    Some(format!(
        "no base file describes {address}: did you mean `{likely}`?"
    ))
}
