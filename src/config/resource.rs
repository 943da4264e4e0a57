//! One resource: its layers, its keys of gwplan's own, and the places of its faults.

use crate::model::{
    Address, Attributes, Diagnostic, FieldPath, Location, Severity, Value, value_at,
};
use crate::schema::{
    Context, Field, Finding, ResourceSchema, Shape, check, field_at, fill_defaults, meta, suggest,
};

use super::project::Project;
use super::read::Place;

/// Holds what one file says about a resource.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a> {
    pub(super) place: Place<'a>,
    pub(super) attributes: &'a Attributes,
    /// What was written, but wrongly.
    pub(super) unread: &'a [FieldPath],
}

impl Layer<'_> {
    fn holds(&self, path: &FieldPath) -> bool {
        value_at(self.attributes, path).is_some() || self.place.holds(path)
    }
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

/// Holds what the keys of [`meta::META`] say about one resource.
pub(super) struct Meta {
    pub(super) region: String,
    pub(super) depends_on: Vec<Address>,
    pub(super) reference_places: Vec<Location>,
    pub(super) prevent_destroy: bool,
    pub(super) create_before_destroy: bool,
    pub(super) ignore_changes: Vec<FieldPath>,
}

/// Finds the places of one resource's attributes in the layers that make it up.
pub(super) struct Finder<'a> {
    /// What the files say, the lowest first: what is above it wins.
    pub(super) layers: Vec<Layer<'a>>,
    /// Where the resource stands: what is missing is missing here.
    pub(super) place: Place<'a>,
    pub(super) project: &'a Project,
    /// What to consider besides, where a required key is missing.
    pub(super) doubt: Option<String>,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
}

impl Finder<'_> {
    fn layer(&self, path: &FieldPath) -> Option<&Layer<'_>> {
        self.layers.iter().rev().find(|layer| layer.holds(path))
    }

    pub(super) fn locate(&self, path: &FieldPath, on_key: bool) -> Location {
        let place = self.layer(path).map_or(self.place, |layer| layer.place);
        place.locate(path, on_key)
    }

    pub(super) fn report_all(&mut self, findings: Vec<Finding>) {
        for mut finding in findings {
            if finding.rule == "missing-key" {
                // What was written but could not be read is reported already: it is not missing too.
                if self.is_written(&finding.path) {
                    continue;
                }
                if let Some(doubt) = &self.doubt {
                    finding.help = format!("{}; {doubt}", finding.help);
                }
            }
            let location = self.locate(&finding.path, finding.on_key);
            self.diagnostics.push(diagnostic(finding, location));
        }
    }

    fn is_written(&self, path: &FieldPath) -> bool {
        self.layers.iter().any(|layer| layer.unread.contains(path))
    }

    pub(super) fn meta(
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
            ignore_changes: self.ignored(schema),
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
                        format!("`{written}` is not an address"),
                    );
                    self.diagnostics
                        .push(fault.help(error.advice()).at(Some(location)));
                }
            }
        }
        found
    }

    /// Unites the lists of all layers: what is ignored everywhere is ignored here too.
    fn ignored(&mut self, schema: &'static ResourceSchema) -> Vec<FieldPath> {
        let path = FieldPath::from_iter(["lifecycle", "ignoreChanges"]);
        let mut found = Vec::new();
        for layer in &self.layers {
            for (index, written) in texts(value_at(layer.attributes, &path)) {
                match FieldPath::parse(written) {
                    Some(field) if field_at(schema.fields, &field).is_some() => {
                        if !found.contains(&field) {
                            found.push(field);
                        }
                    }
                    _ => {
                        let location = item_location(layer.place, &path, index);
                        let fault = no_field(schema, written);
                        self.diagnostics.push(fault.at(Some(location)));
                    }
                }
            }
        }
        found
    }

    fn item_location(&self, path: &FieldPath, index: usize) -> Location {
        let place = self.layer(path).map_or(self.place, |layer| layer.place);
        item_location(place, path, index)
    }
}

fn item_location(place: Place<'_>, path: &FieldPath, index: usize) -> Location {
    let list = path
        .segments()
        .iter()
        .fold(place, |place, key| place.under(key));
    list.item(index).at_value()
}

fn no_field(schema: &'static ResourceSchema, written: &str) -> Diagnostic {
    let known: Vec<String> = field_paths(schema.fields, &FieldPath::root());
    let help = match suggest(written, known.iter().map(String::as_str)) {
        Some(word) => format!("did you mean `{word}`?"),
        None => "name a field by its path, for example description or nodeConfig.number".to_owned(),
    };
    Diagnostic::error("unknown-reference", format!("`{written}` is not a field")).help(help)
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
