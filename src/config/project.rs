//! The project file, gwplan.yaml.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_yaml::{Mapping, Value as Yaml};

use crate::model::{Attributes, Diagnostic, FieldPath, Location, SourceFile, Value, value_at};
use crate::schema::project::PROJECT;
use crate::schema::{Allowances, Context, Field, ResourceSchema, check, fill_defaults, meta};

use super::document::{Document, Parsed};
use super::files::PROJECT_FILE;
use super::read::{Place, Reader};

/// Names the vendor's site that an account belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Site {
    /// The international site.
    #[default]
    International,
    /// The site for mainland China.
    China,
}

/// Holds how long apply waits for the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a new resource to be ready.
    pub create: Duration,
    /// For a deleted resource to be gone.
    pub delete: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let half_an_hour = Duration::from_mins(30);
        Self {
            create: half_an_hour,
            delete: half_an_hour,
        }
    }
}

/// Holds what gwplan.yaml merges into every resource.
#[derive(Debug, Default)]
pub struct Defaults {
    /// The values, the keys of [`meta::META`] among them.
    pub attributes: Attributes,
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
    /// The state file, as written.
    pub state_path: PathBuf,
    /// How long apply waits.
    pub timeouts: Timeouts,
    /// Words beyond the known ones.
    pub allow: Allowances,
    /// What is merged into every resource.
    pub defaults: Defaults,
    source: Option<(Arc<SourceFile>, Parsed)>,
}

impl Default for Project {
    fn default() -> Self {
        let mut attributes = filled(Attributes::new());
        Self::from_attributes(&mut attributes, &mut |_, _| Timeouts::default().create)
    }
}

fn filled(mut attributes: Attributes) -> Attributes {
    for section in ["provider", "state", "timeouts"] {
        attributes
            .entry(section.to_owned())
            .or_insert_with(|| Value::Map(Attributes::new()));
    }
    fill_defaults(PROJECT, &mut attributes, "");
    attributes
}

impl Project {
    /// Loads gwplan.yaml from a folder; without one, everything has its default.
    pub fn load(root: &Path, schemas: &[&'static ResourceSchema]) -> (Self, Vec<Diagnostic>) {
        let path = root.join(PROJECT_FILE);
        if !path.exists() {
            return (Self::default(), Vec::new());
        }
        let Document { file, parsed } = Document::read(&path, PROJECT_FILE);
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(faults) => {
                return (
                    Self {
                        found: true,
                        ..Self::default()
                    },
                    faults,
                );
            }
        };
        let mut diagnostics = Vec::new();
        let mut project = read_project(&file, &parsed, schemas, &mut diagnostics);
        project.found = true;
        project.source = Some((file, parsed));
        (project, diagnostics)
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
            state_path: text("state", "path").unwrap_or_default().into(),
            timeouts: Timeouts {
                create: duration("create", &text("timeouts", "create").unwrap_or_default()),
                delete: duration("delete", &text("timeouts", "delete").unwrap_or_default()),
            },
            allow: allowances(attributes),
            defaults: Defaults::default(),
            source: None,
        }
    }

    /// Finds the place of a default in gwplan.yaml.
    pub(super) fn locate_default(&self, path: &FieldPath, on_key: bool) -> Option<Location> {
        let (file, parsed) = self.source.as_ref()?;
        let place = Place::root(file, &parsed.root).under("defaults");
        place.holds(path).then(|| place.locate(path, on_key))
    }
}

fn read_project(
    file: &Arc<SourceFile>,
    parsed: &Parsed,
    schemas: &[&'static ResourceSchema],
    diagnostics: &mut Vec<Diagnostic>,
) -> Project {
    let place = Place::root(file, &parsed.root);
    let mut reader = Reader { diagnostics };
    let Yaml::Mapping(mapping) = &parsed.value else {
        reader.wrong_type("a map of keys", &parsed.value, place, &FieldPath::root());
        return Project::default();
    };
    let mut own = Mapping::new();
    let mut defaults = Defaults::default();
    for (key, value) in mapping {
        match key.as_str() {
            Some("defaults") => {
                defaults = read_defaults(value, place.under("defaults"), schemas, &mut reader);
            }
            Some(key) if PROJECT.iter().any(|field| field.key == key) => {
                own.insert(key.into(), value.clone());
            }
            Some(key) if key.starts_with("x-") => {}
            Some(key) => {
                let known = PROJECT.iter().map(|field| field.key).chain(["defaults"]);
                reader.unknown_key(key, known, place);
            }
            None => {
                reader.key(key, place);
            }
        }
    }
    let attributes = reader.fields(&[PROJECT], &own, place, &FieldPath::root());
    let allow = allowances(&attributes);
    let context = Context {
        region: "",
        allow: &allow,
    };
    let mut findings = Vec::new();
    check::check_fields(
        PROJECT,
        &attributes,
        &FieldPath::root(),
        &context,
        &mut findings,
    );
    for finding in findings {
        let location = place.locate(&finding.path, finding.on_key);
        diagnostics.push(super::resources::diagnostic(finding, location));
    }
    let mut project = Project::from_attributes(&mut filled(attributes), &mut |key, written| {
        read_duration(key, written, place, diagnostics)
    });
    project.defaults = defaults;
    project
}

fn read_defaults(
    yaml: &Yaml,
    place: Place<'_>,
    schemas: &[&'static ResourceSchema],
    reader: &mut Reader<'_>,
) -> Defaults {
    let path = FieldPath::from_iter(["defaults"]);
    let Yaml::Mapping(mapping) = yaml else {
        reader.wrong_type("a map of keys", yaml, place, &path);
        return Defaults::default();
    };
    let tables: Vec<&[Field]> = schemas
        .iter()
        .map(|schema| schema.fields)
        .chain([meta::META])
        .collect();
    Defaults {
        attributes: reader.fields(&tables, mapping, place, &FieldPath::root()),
    }
}

fn read_duration(
    key: &str,
    written: &str,
    place: Place<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Duration {
    let parsed = written
        .parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok());
    match parsed {
        Some(duration) if !duration.is_zero() => duration,
        _ => {
            let location = place.locate(&FieldPath::from_iter(["timeouts", key]), false);
            let fault = Diagnostic::error(
                "wrong-form",
                format!("`timeouts.{key}` is {written:?}, which is no duration"),
            )
            .help("write it like 45m, 90s or 1h 30m");
            diagnostics.push(fault.at(Some(location)));
            Timeouts::default().create
        }
    }
}

fn allowances(attributes: &Attributes) -> Allowances {
    let Some(Value::Map(allow)) = attributes.get("allow") else {
        return Allowances::new();
    };
    let words = |value: &Value| match value {
        Value::List(items) => items
            .iter()
            .filter_map(Value::as_text)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    allow
        .iter()
        .map(|(key, value)| (key.clone(), words(value)))
        .collect()
}
