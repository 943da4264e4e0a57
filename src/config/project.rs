//! The project file, gwplan.yaml.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_yaml::{Mapping, Value as Yaml};

use crate::files::Reach;
use crate::model::{
    Attributes, Diagnostic, FieldPath, Location, SourceFile, Value, set_value_at, sort_diagnostics,
    value_at,
};
use crate::schema::project::{
    DEFAULTS_KEY, ENVIRONMENT, ENVIRONMENTS_KEY, FILES_FIELD, OVERLAYS_FIELD, POLICY_KEY, PROJECT,
    VARS_KEY,
};
use crate::schema::{Allowances, Context, Field, ResourceSchema, check, fill_defaults, meta};

use super::document::{Document, Parsed};
use super::environments::{self, Environment, default_state_path};
use super::files::{PROJECT_FILE, tidy};
use super::options::Options;
use super::pattern::Pattern;
use super::policy::Policy;
use super::read::{Place, Reader};
use super::resource::{Layer, diagnostic};
use super::settings::{Timeouts, allowances, other_states, read_duration};
use super::variables::Variables;

/// Names the vendor's site that an account belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Site {
    /// The international site.
    #[default]
    International,
    /// The site for mainland China.
    China,
}

/// Holds what one section of gwplan.yaml merges into every resource.
#[derive(Debug, Default)]
struct Defaults {
    /// The values, the keys of [`meta::META`] among them.
    attributes: Attributes,
    /// What was written, but wrongly.
    unread: Vec<FieldPath>,
    /// Where the section stands.
    within: FieldPath,
}

/// Names a file that an environment lays over the others.
#[derive(Debug)]
pub(super) struct Overlay {
    pub(super) path: PathBuf,
    pub(super) location: Location,
    /// Whether it may be missing, since it is about to be made.
    pub(super) is_expected: bool,
}

/// Holds a project's settings.
#[derive(Debug)]
pub struct Project {
    /// Whether there is a gwplan.yaml at all.
    pub found: bool,
    /// The region of every resource that names none.
    pub region: Option<String>,
    /// The vendor's site.
    pub site: Site,
    /// `simulator`, or a base URL; nothing for the real cloud.
    pub endpoint: Option<String>,
    /// The profile in the vendor's credential files.
    pub profile: Option<String>,
    /// The most requests a second for an action; 0 for no limit.
    pub requests_per_second: u32,
    /// Whether what is made carries a tag that names its owner.
    pub ownership_tag: bool,
    /// The state file, as written.
    pub state_path: PathBuf,
    /// The states, by their shortened lineages, that are known to be other projects'.
    pub other_states: BTreeSet<String>,
    /// How long apply waits.
    pub timeouts: Timeouts,
    /// Words beyond the known ones.
    pub allow: Allowances,
    /// What plans are held to.
    pub policy: Policy,
    /// The environment that was chosen.
    pub environment: Option<String>,
    /// The names of all environments, in the order of the file.
    pub environments: Vec<String>,
    /// What is merged into every resource.
    pub(super) defaults: Attributes,
    /// Which files describe resources; none where the project's own folder does.
    pub(super) patterns: Vec<Pattern>,
    /// The files of variables that the command line names.
    pub(super) variable_files: Vec<PathBuf>,
    pub(super) overlays: Vec<Overlay>,
    /// The overlays of every environment, as they are written: none is a gateways file of its own.
    pub(super) overlay_files: BTreeMap<String, Vec<PathBuf>>,
    pub(super) variables: Variables,
    /// What the defaults are made of, the lowest first.
    sections: Vec<Defaults>,
    source: Option<(Arc<SourceFile>, Parsed)>,
}

impl Default for Project {
    fn default() -> Self {
        let mut attributes = filled(Attributes::new());
        Self::from_attributes(&mut attributes, &mut |_, _| Timeouts::default().create)
    }
}

fn filled(mut attributes: Attributes) -> Attributes {
    for section in ["provider", "state", "timeouts", POLICY_KEY] {
        attributes
            .entry(section.to_owned())
            .or_insert_with(|| Value::Map(Attributes::new()));
    }
    fill_defaults(PROJECT, &mut attributes, "");
    attributes
}

impl Project {
    /// Loads gwplan.yaml from a folder; without one, everything has its default.
    ///
    /// Where the environment that is asked for doesn't exist, the project is read without one:
    /// [`Project::environments`] names those that do.
    pub fn load(
        reach: &Reach,
        schemas: &[&'static ResourceSchema],
        options: &Options,
    ) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut variables = Variables::default();
        let found = reach.root().join(PROJECT_FILE).exists();
        let document = found.then(|| Document::read(reach, Path::new(PROJECT_FILE)));
        let mut project = match document {
            Some(Document {
                file,
                parsed: Ok(parsed),
            }) => {
                let source = Source {
                    root: Place::root(&file, &parsed.root),
                    options,
                    reach,
                    schemas,
                };
                let mut project = source.read(&parsed, &mut variables, &mut diagnostics);
                project.source = Some((file, parsed));
                project
            }
            Some(Document {
                parsed: Err(faults),
                ..
            }) => {
                diagnostics.extend(faults);
                Self::default()
            }
            None => {
                variables.take_files(reach, &options.variable_files, &mut diagnostics);
                variables.take_given(&options.variables);
                Self::default()
            }
        };
        project.found = found;
        project.variables = variables;
        project.variable_files.clone_from(&options.variable_files);
        sort_diagnostics(&mut diagnostics);
        (project, diagnostics)
    }

    /// Returns the files that the chosen environment lays over the others.
    pub fn overlay_paths(&self) -> impl Iterator<Item = &Path> {
        self.overlays.iter().map(|overlay| overlay.path.as_path())
    }

    /// Returns the names of the command line's variables that nothing has asked for so far.
    pub fn unused_variables(&self) -> impl Iterator<Item = &str> {
        self.variables.unused()
    }

    /// Returns the names of the variables that something has asked for so far.
    pub fn used_variables(&self) -> impl Iterator<Item = &str> {
        self.variables.used()
    }

    fn from_attributes(
        attributes: &mut Attributes,
        duration: &mut dyn FnMut(&str, &str) -> Duration,
    ) -> Self {
        let text = |section: &str, key: &str| {
            let path = FieldPath::from_iter([section, key]);
            value_at(attributes, &path)
                .and_then(Value::as_text)
                .map(str::to_owned)
        };
        let number = |section: &str, key: &str| {
            value_at(attributes, &FieldPath::from_iter([section, key])).and_then(Value::as_int)
        };
        Self {
            found: false,
            region: text("provider", "region"),
            site: match text("provider", "site").as_deref() {
                Some("china") => Site::China,
                _ => Site::International,
            },
            endpoint: text("provider", "endpoint"),
            profile: text("provider", "profile"),
            requests_per_second: number("provider", "requestsPerSecond")
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(20),
            ownership_tag: value_at(
                attributes,
                &FieldPath::from_iter(["provider", "ownershipTag"]),
            )
            .and_then(Value::as_bool)
            .unwrap_or(true),
            state_path: text("state", "path").unwrap_or_default().into(),
            other_states: other_states(attributes),
            timeouts: Timeouts {
                create: duration("create", &text("timeouts", "create").unwrap_or_default()),
                delete: duration("delete", &text("timeouts", "delete").unwrap_or_default()),
                consistency: duration(
                    "consistency",
                    &text("timeouts", "consistency").unwrap_or_default(),
                ),
            },
            allow: allowances(attributes),
            policy: Policy::default(),
            environment: None,
            environments: Vec::new(),
            defaults: Attributes::new(),
            patterns: Vec::new(),
            variable_files: Vec::new(),
            overlays: Vec::new(),
            overlay_files: BTreeMap::new(),
            variables: Variables::default(),
            sections: Vec::new(),
            source: None,
        }
    }

    /// Returns the layers that lie under every resource, the lowest first.
    pub(super) fn layers(&self) -> impl Iterator<Item = Layer<'_>> {
        let root = self
            .source
            .as_ref()
            .map(|(file, parsed)| Place::root(file, &parsed.root));
        self.sections.iter().filter_map(move |section| {
            let segments = section.within.segments().iter();
            Some(Layer {
                place: segments.fold(root?, |place, key| place.under(key)),
                attributes: &section.attributes,
                unread: &section.unread,
            })
        })
    }
}

/// Holds what reading a project takes.
struct Source<'a> {
    root: Place<'a>,
    options: &'a Options,
    reach: &'a Reach,
    schemas: &'a [&'static ResourceSchema],
}

/// Holds what the project, or an environment, says.
struct Section<'a> {
    table: &'static [Field],
    place: Place<'a>,
    attributes: Attributes,
    /// What was written beside the defaults, but wrongly.
    unread: Vec<FieldPath>,
    defaults: Defaults,
}

impl<'a> Source<'a> {
    fn read(
        &self,
        parsed: &'a Parsed,
        variables: &mut Variables,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Project {
        let root = self.root;
        let Yaml::Mapping(mapping) = &parsed.value else {
            let path = FieldPath::root();
            Reader::new(diagnostics).wrong_type("a map of keys", &parsed.value, root, &path);
            return Project::default();
        };
        let environments = environments::find(mapping, root, diagnostics);
        let chosen = self.options.environment.as_deref();
        let chosen = environments.iter().find(|e| Some(e.name) == chosen);
        self.take_variables(mapping, chosen, variables, diagnostics);
        let base = self.section(
            PROJECT,
            mapping,
            root,
            &FieldPath::root(),
            variables,
            diagnostics,
        );
        let over = chosen.map(|chosen| {
            let within = FieldPath::from_iter([ENVIRONMENTS_KEY, chosen.name]);
            self.section(
                ENVIRONMENT,
                chosen.mapping,
                chosen.place,
                &within,
                variables,
                diagnostics,
            )
        });
        let sections = [Some(base), over].into_iter().flatten().collect();
        let mut project = settle(sections, chosen.map(|chosen| chosen.name), diagnostics);
        project.environments = environments.iter().map(|e| e.name.to_owned()).collect();
        let files = environments
            .iter()
            .map(|e| (e.name.to_owned(), overlay_files(e)));
        project.overlay_files = files.collect();
        project
    }

    /// Gathers the variables, from those that lose to those that win.
    fn take_variables(
        &self,
        project: &Mapping,
        chosen: Option<&Environment<'_>>,
        variables: &mut Variables,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let base = (project, self.root, FieldPath::root());
        let over = chosen.map(|chosen| {
            let within = FieldPath::from_iter([ENVIRONMENTS_KEY, chosen.name]);
            (chosen.mapping, chosen.place, within)
        });
        for (mapping, place, within) in [Some(base), over].into_iter().flatten() {
            if let Some(yaml) = mapping.get(VARS_KEY) {
                let path = within.child(VARS_KEY);
                variables.take_map(yaml, place.under(VARS_KEY), &path, diagnostics);
            }
        }
        variables.take_files(self.reach, &self.options.variable_files, diagnostics);
        variables.take_given(&self.options.variables);
    }

    fn section<'p>(
        &self,
        table: &'static [Field],
        mapping: &Mapping,
        place: Place<'p>,
        within: &FieldPath,
        variables: &Variables,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Section<'p> {
        let mut reader = Reader::with(variables, diagnostics);
        let mut own = Mapping::new();
        let mut defaults = Defaults::default();
        let top = within.segments().is_empty();
        for (index, (key, value)) in mapping.iter().enumerate() {
            let Some(key) = reader.key(key, index, place) else {
                continue;
            };
            let environments = top && key == ENVIRONMENTS_KEY;
            if key == DEFAULTS_KEY {
                let path = within.child(key);
                defaults = self.defaults(value, place.under(key), path, &mut reader);
            } else if table.iter().any(|field| field.key == key) {
                own.insert(key.into(), value.clone());
            } else if key != VARS_KEY && !environments && !(top && key.starts_with("x-")) {
                let known = table.iter().map(|field| field.key);
                let known = known.chain([DEFAULTS_KEY, VARS_KEY]);
                let known = known.chain(top.then_some(ENVIRONMENTS_KEY));
                reader.unknown_key(key, known, place);
            }
        }
        Section {
            table,
            place,
            attributes: reader.fields(&[table], &own, place, within),
            unread: reader.unread,
            defaults,
        }
    }

    fn defaults(
        &self,
        yaml: &Yaml,
        place: Place<'_>,
        within: FieldPath,
        reader: &mut Reader<'_>,
    ) -> Defaults {
        let Yaml::Mapping(mapping) = yaml else {
            reader.wrong_type("a map of keys", yaml, place, &within);
            return Defaults::default();
        };
        let tables = self.schemas.iter().map(|schema| schema.fields);
        let tables: Vec<&[Field]> = tables.chain([meta::META]).collect();
        Defaults {
            attributes: reader.fields(&tables, mapping, place, &FieldPath::root()),
            unread: std::mem::take(&mut reader.unread),
            within,
        }
    }
}

/// Makes a project of its sections, the lowest first.
fn settle(
    sections: Vec<Section<'_>>,
    environment: Option<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Project {
    let mut attributes = merged(sections.iter().map(|section| &section.attributes));
    let defaults = merged(sections.iter().map(|section| &section.defaults.attributes));
    let allow = allowances(&attributes);
    for section in &sections {
        section.check(&allow, diagnostics);
    }
    if let Some(name) = environment {
        let path = FieldPath::from_iter(["state", "path"]);
        let own = sections.last().map(|section| &section.attributes);
        if own.is_none_or(|own| value_at(own, &path).is_none()) {
            set_value_at(
                &mut attributes,
                &path,
                Some(default_state_path(name).as_str().into()),
            );
        }
    }
    let mut attributes = filled(attributes);
    let places: Vec<_> = sections.iter().map(|section| section.place).collect();
    let unread: Vec<_> = sections.iter().flat_map(|s| &s.unread).collect();
    let policy = Policy::new(attributes.get(POLICY_KEY), &places, &unread, diagnostics);
    let mut project = Project::from_attributes(&mut attributes, &mut |key, written| {
        let path = FieldPath::from_iter(["timeouts", key]);
        let mut above = sections.iter().rev();
        let section = above.find(|section| value_at(&section.attributes, &path).is_some());
        read_duration(
            key,
            written,
            section.map(|section| section.place),
            diagnostics,
        )
    });
    project.policy = policy;
    project.environment = environment.map(str::to_owned);
    project.defaults = defaults;
    let naming = sections.iter().rev().find(|section| {
        let own = &section.attributes;
        own.contains_key(FILES_FIELD.key)
    });
    project.patterns = naming.map_or_else(Vec::new, |section| section.patterns(diagnostics));
    project.overlays = sections.iter().flat_map(Section::overlays).collect();
    project.sections = sections.into_iter().map(|s| s.defaults).collect();
    project
}

fn merged<'a>(layers: impl Iterator<Item = &'a Attributes>) -> Attributes {
    let mut merged = Value::Map(Attributes::new());
    for layer in layers {
        merged.merge(Value::Map(layer.clone()));
    }
    match merged {
        Value::Map(merged) => merged,
        _ => Attributes::new(),
    }
}

impl Section<'_> {
    fn check(&self, allow: &Allowances, diagnostics: &mut Vec<Diagnostic>) {
        let context = Context { region: "", allow };
        let mut findings = Vec::new();
        check::check_fields(
            self.table,
            &self.attributes,
            &FieldPath::root(),
            &context,
            &mut findings,
        );
        for finding in findings {
            let location = self.place.locate(&finding.path, finding.on_key);
            diagnostics.push(diagnostic(finding, location));
        }
    }

    fn overlays(&self) -> Vec<Overlay> {
        let overlays = self.texts(&OVERLAYS_FIELD).into_iter();
        overlays
            .map(|(path, location)| Overlay {
                path: tidy(Path::new(path)),
                location,
                is_expected: false,
            })
            .collect()
    }

    /// Reads which files describe resources.
    fn patterns(&self, diagnostics: &mut Vec<Diagnostic>) -> Vec<Pattern> {
        let written = self.texts(&FILES_FIELD);
        if written.is_empty() {
            let path = FieldPath::from_iter([FILES_FIELD.key]);
            let fault = Diagnostic::error("missing-value", "`files` names no files")
                .help("name them like gateways/**/*.yaml, or remove the key");
            diagnostics.push(fault.at(Some(self.place.locate(&path, false))));
        }
        let mut patterns = Vec::new();
        for (text, location) in written {
            match Pattern::new(text, location) {
                Ok(pattern) => patterns.push(pattern),
                Err(fault) => diagnostics.push(*fault),
            }
        }
        patterns
    }

    /// Returns the items of a list of texts, each with its place.
    fn texts(&self, field: &Field) -> Vec<(&str, Location)> {
        let place = self.place.under(field.key);
        let Some(Value::List(items)) = self.attributes.get(field.key) else {
            return Vec::new();
        };
        let items = items.iter().enumerate();
        items
            .filter_map(|(index, item)| Some((item.as_text()?, place.item(index).at_value())))
            .collect()
    }
}

/// Returns the overlays of an environment as they are written.
fn overlay_files(environment: &Environment<'_>) -> Vec<PathBuf> {
    let items = environment.mapping.get(OVERLAYS_FIELD.key);
    let items = items.and_then(Yaml::as_sequence).into_iter().flatten();
    items
        .filter_map(|item| Some(tidy(Path::new(item.as_str()?))))
        .collect()
}
