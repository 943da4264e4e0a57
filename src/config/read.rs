//! YAML values to attributes, by the schema table.

use std::sync::Arc;

use serde_yaml::{Mapping, Value as Yaml};

use crate::model::{Attributes, Diagnostic, FieldPath, Location, SourceFile, Value};
use crate::schema::{Field, Shape, suggest};

use super::scan::{Entry, Node, NodeKind};
use super::template::{Problem, is_template, literal};
use super::variables::{Expanded, Variables};

/// What the key of a kind's resources holds.
pub(super) const MAP_OF_RESOURCES: &str = "a map of names to resources";

/// Points at a value in the YAML: its node, if it has one of its own, and what encloses it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) file: &'a Arc<SourceFile>,
    /// The node; nothing where the value came in through an alias or a merge key.
    pub(super) node: Option<&'a Node>,
    /// The bytes to show where the node itself has no place.
    pub(super) key: (usize, usize),
}

impl<'a> Place<'a> {
    pub(super) fn root(file: &'a Arc<SourceFile>, node: &'a Node) -> Self {
        Self {
            file,
            node: Some(node),
            key: (0, 0),
        }
    }

    /// Goes to the value under a key; without a place of its own it keeps the nearest one.
    pub(super) fn under(self, key: &str) -> Self {
        match self.node.and_then(|node| node.entry(key)) {
            Some(Entry { key, value }) => Self {
                node: Some(value),
                key: *key,
                ..self
            },
            None => Self {
                node: None,
                key: self.fallback(),
                ..self
            },
        }
    }

    /// Goes to an item of a sequence.
    pub(super) fn item(self, index: usize) -> Self {
        match self.node.and_then(|node| node.item(index)) {
            Some(node) => Self {
                node: Some(node),
                key: (node.start, node.end),
                ..self
            },
            None => Self {
                node: None,
                key: self.fallback(),
                ..self
            },
        }
    }

    /// Goes to what a segment of a path leads to: a key, or the position of an item.
    fn within(self, segment: &str) -> Self {
        let item = segment.parse().ok().filter(|index| {
            let item = self.node.and_then(|node| node.item(*index));
            item.is_some()
        });
        item.map_or_else(|| self.under(segment), |index| self.item(index))
    }

    fn fallback(self) -> (usize, usize) {
        match self.node {
            Some(Node {
                start,
                end,
                kind: NodeKind::Alias,
            }) => (*start, *end),
            _ => self.key,
        }
    }

    /// Marks the key.
    pub(super) fn at_key(self) -> Location {
        Location::new(self.file, self.key.0, self.key.1)
    }

    /// Marks the value, or for a collection its key, since a block has no one line to show.
    pub(super) fn at_value(self) -> Location {
        match self.node {
            Some(Node {
                start,
                end,
                kind: NodeKind::Scalar { .. } | NodeKind::Alias,
            }) if start < end => Location::new(self.file, *start, *end),
            _ => self.at_key(),
        }
    }

    /// Returns a plain scalar as it stands in the file.
    fn raw(self) -> Option<&'a str> {
        match self.node {
            Some(Node {
                start,
                end,
                kind: NodeKind::Scalar { plain: true },
            }) => self.file.text().get(*start..*end).map(str::trim),
            _ => None,
        }
    }

    /// Finds the place of an attribute, or of the nearest thing around it that has one.
    pub(super) fn locate(self, path: &FieldPath, on_key: bool) -> Location {
        let place = path
            .segments()
            .iter()
            .fold(self, |place, key| place.within(key));
        if on_key {
            place.at_key()
        } else {
            place.at_value()
        }
    }

    /// Tells whether a value stands here itself, be it an item of a list.
    pub(super) fn reaches(self, path: &FieldPath) -> bool {
        let segments = path.segments().iter();
        let node = segments.fold(self, |place, key| place.within(key)).node;
        node.is_some()
    }

    /// Tells whether the attribute stands here itself.
    pub(super) fn holds(self, path: &FieldPath) -> bool {
        let found = path.segments().iter().try_fold(self.node, |node, key| {
            Some(node?.entry(key).map(|entry| &entry.value))
        });
        found.flatten().is_some()
    }
}

/// Reads values and collects what is wrong with them.
pub(super) struct Reader<'d> {
    diagnostics: &'d mut Vec<Diagnostic>,
    /// The attributes that were written, but wrongly: they are not missing on top of that.
    pub(super) unread: Vec<FieldPath>,
    /// What `${var.NAME}` stands for; without them, it stands for itself.
    variables: Option<&'d Variables>,
}

impl<'d> Reader<'d> {
    pub(super) fn new(diagnostics: &'d mut Vec<Diagnostic>) -> Self {
        Self {
            diagnostics,
            unread: Vec::new(),
            variables: None,
        }
    }

    /// Fills variables in while it reads.
    pub(super) fn with(variables: &'d Variables, diagnostics: &'d mut Vec<Diagnostic>) -> Self {
        Self {
            variables: Some(variables),
            ..Self::new(diagnostics)
        }
    }

    /// Reports what its caller found.
    pub(super) fn push(&mut self, fault: Diagnostic) {
        self.diagnostics.push(fault);
    }

    /// Reads a mapping by the fields that it may hold.
    pub(super) fn fields(
        &mut self,
        fields: &[&[Field]],
        mapping: &Mapping,
        place: Place<'_>,
        path: &FieldPath,
    ) -> Attributes {
        let mut attributes = Attributes::new();
        for (index, (key, yaml)) in mapping.iter().enumerate() {
            let Some(key) = self.key(key, index, place) else {
                continue;
            };
            let known = fields.iter().copied().flatten();
            let Some(field) = known.clone().find(|field| field.key == key) else {
                let meant = self.unknown_key(key, known.map(|field| field.key), place);
                self.unread.extend(meant.map(|key| path.child(key)));
                continue;
            };
            let path = path.child(key);
            match self.value(&field.shape, yaml, place.under(key), &path) {
                Some(value) => {
                    attributes.insert(key.to_owned(), value);
                }
                None => self.unread.push(path),
            }
        }
        attributes
    }

    /// Reads the text of a key; any other scalar loses its spelling (`1.10`), so it is refused.
    ///
    /// `index` is its position in the map, by which its spelling is found.
    pub(super) fn key<'y>(
        &mut self,
        key: &'y Yaml,
        index: usize,
        place: Place<'_>,
    ) -> Option<&'y str> {
        if let Yaml::String(text) = key {
            return Some(text);
        }
        let spelled = place.node.and_then(|node| node.key_at(index));
        let written = spelled
            .filter(|text| serde_yaml::from_str::<Yaml>(text).is_ok_and(|read| read == *key))
            .map_or_else(|| scalar_text(key), str::to_owned);
        let fault = Diagnostic::error("wrong-type", format!("the key {written} is not text"))
            .help(format!("put it in quotes: \"{written}\""));
        self.diagnostics
            .push(fault.at(Some(place.under(&written).at_key())));
        None
    }

    /// Reports a key that has no meaning here, with the one that was likely meant.
    pub(super) fn unknown_key<'k>(
        &mut self,
        key: &str,
        known: impl Iterator<Item = &'k str> + Clone,
        place: Place<'_>,
    ) -> Option<&'k str> {
        let meant = suggest(key, known.clone());
        let help = match meant {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("known here: {}", known.collect::<Vec<_>>().join(", ")),
        };
        let fault =
            Diagnostic::error("unknown-key", format!("`{key}` is not a known key")).help(help);
        self.diagnostics
            .push(fault.at(Some(place.under(key).at_key())));
        meant
    }

    /// Reads a value of a shape; what has a wrong type is reported and left out.
    pub(super) fn value(
        &mut self,
        shape: &Shape,
        yaml: &Yaml,
        place: Place<'_>,
        path: &FieldPath,
    ) -> Option<Value> {
        match (shape, yaml) {
            (_, Yaml::Null) => {
                let fault = Diagnostic::error("missing-value", format!("`{path}` has no value"))
                    .help(format!("write {}, or remove the key", shape.expects()));
                self.diagnostics.push(fault.at(Some(place.at_value())));
                None
            }
            (Shape::Flag | Shape::Whole(_), Yaml::String(written)) if is_template(written) => {
                let expanded = self.expand(written, place)?;
                self.expanded_value(shape, &expanded, place, path)
            }
            (Shape::Flag, Yaml::Bool(flag)) => Some(Value::Bool(*flag)),
            (Shape::Whole(_), Yaml::Number(number)) if number.is_i64() => {
                number.as_i64().map(Value::Int)
            }
            (Shape::Whole(whole), Yaml::Number(number)) if number.is_u64() => {
                let fault = Diagnostic::error(
                    "out-of-range",
                    format!("`{path}` is {number}, which is out of range"),
                )
                .help(format!("use a whole number from {}", whole.range()));
                self.diagnostics.push(fault.at(Some(place.at_value())));
                None
            }
            (Shape::Text(_) | Shape::Choice(_), yaml) => self.text(yaml, place, path),
            (Shape::Object(fields), Yaml::Mapping(mapping)) => {
                Some(Value::Map(self.fields(&[fields], mapping, place, path)))
            }
            (Shape::Tags, Yaml::Mapping(mapping)) => {
                Some(Value::Map(self.tags(mapping, place, path)))
            }
            (Shape::Texts | Shape::Choices(_), Yaml::Sequence(items)) => Some(Value::List(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| {
                        // What is no text keeps its position, so that the others keep theirs.
                        self.text(item, place.item(index), &path.child(index.to_string()))
                            .unwrap_or(Value::List(Vec::new()))
                    })
                    .collect(),
            )),
            _ => {
                self.wrong_type(shape.expects(), yaml, place, path);
                None
            }
        }
    }

    fn tags(&mut self, mapping: &Mapping, place: Place<'_>, path: &FieldPath) -> Attributes {
        let mut tags = Attributes::new();
        for (index, (key, yaml)) in mapping.iter().enumerate() {
            let Some(key) = self.key(key, index, place) else {
                continue;
            };
            if let Some(value) = self.text(yaml, place.under(key), &path.child(key)) {
                tags.insert(key.to_owned(), value);
            }
        }
        tags
    }

    /// Reads a number or truth value that a variable stands for.
    fn expanded_value(
        &mut self,
        shape: &Shape,
        expanded: &Expanded<'_>,
        place: Place<'_>,
        path: &FieldPath,
    ) -> Option<Value> {
        let value = expanded.to_value();
        if matches!(value, Yaml::String(_)) {
            let (expects, known) = (shape.expects(), self.diagnostics.len());
            self.wrong_type(expects, &value, place, path);
            for fault in self.diagnostics.iter_mut().skip(known) {
                fault.help = match expanded {
                    Expanded::Text(_) => format!(
                        "write {expects}, or one variable that is {expects} and nothing around it"
                    ),
                    Expanded::Variable(_) => format!("set the variable to {expects}"),
                };
                let origin = expanded.origin().cloned();
                let origin = origin.map(|origin| (origin, "the variable is set here".to_owned()));
                fault.related.extend(origin);
            }
            return None;
        }
        self.value(shape, &value, place, path)
    }

    /// Fills the variables of a text in; what is wrong with them is reported.
    fn expand(&mut self, written: &str, place: Place<'_>) -> Option<Expanded<'d>> {
        let Some(variables) = self.variables else {
            return Some(Expanded::Text(written.to_owned()));
        };
        match variables.expand(written) {
            Ok(expanded) => Some(expanded),
            Err(problems) => {
                self.report(problems, place);
                None
            }
        }
    }

    /// Reports what is wrong with the variables of a text, each at its own characters where they
    /// stand in the file as they are.
    fn report(&mut self, problems: Vec<Problem>, place: Place<'_>) {
        for problem in problems {
            let whole = place.at_value();
            let location = whole.part(&problem.spelled).unwrap_or(whole);
            let fault = Diagnostic::error(problem.rule, problem.summary).help(problem.help);
            self.diagnostics.push(fault.at(Some(location)));
        }
    }

    /// Reads the value of a variable: any scalar, as text.
    pub(super) fn scalar(
        &mut self,
        yaml: &Yaml,
        place: Place<'_>,
        path: &FieldPath,
    ) -> Option<String> {
        match yaml {
            Yaml::String(text) => match literal(text) {
                Ok(text) => Some(text),
                Err(problems) => {
                    self.report(problems, place);
                    None
                }
            },
            Yaml::Number(_) | Yaml::Bool(_) => {
                Some(place.raw().map_or_else(|| scalar_text(yaml), str::to_owned))
            }
            _ => {
                self.wrong_type("text, a number, true or false", yaml, place, path);
                None
            }
        }
    }

    /// Reads text; a plain number or truth value is taken as it is written, so `2.10` stays `2.10`.
    fn text(&mut self, yaml: &Yaml, place: Place<'_>, path: &FieldPath) -> Option<Value> {
        match (yaml, place.raw()) {
            (Yaml::String(text), _) if is_template(text) => {
                let expanded = self.expand(text, place)?;
                Some(Value::Text(expanded.into_text()))
            }
            (Yaml::String(text), _) => Some(Value::Text(text.clone())),
            (Yaml::Number(_) | Yaml::Bool(_), Some(raw)) => Some(raw.into()),
            (Yaml::Number(_) | Yaml::Bool(_), None) => {
                let written = scalar_text(yaml);
                let fault = Diagnostic::error("wrong-type", format!("`{path}` is text, but {written} came in through an alias as a number or truth value"))
                    .help("its spelling is lost that way: put the original in quotes");
                self.diagnostics.push(fault.at(Some(place.at_value())));
                None
            }
            _ => {
                self.wrong_type("text", yaml, place, path);
                None
            }
        }
    }

    /// Reports a value of a wrong type.
    pub(super) fn wrong_type(
        &mut self,
        expects: &str,
        yaml: &Yaml,
        place: Place<'_>,
        path: &FieldPath,
    ) {
        let found = type_name(yaml);
        let help = match yaml {
            Yaml::String(text) if expects == "a whole number" && text.parse::<i64>().is_ok() => {
                format!("write {text} without quotes")
            }
            Yaml::String(text) if expects == "a list" => {
                format!("write it in brackets: [{text}]")
            }
            Yaml::Null if expects == MAP_OF_RESOURCES => {
                format!("write {expects}, or {{}} to say that there are none")
            }
            Yaml::String(text) if expects == "true or false" => {
                match text.to_lowercase().as_str() {
                    "yes" | "on" | "true" => "write true, without quotes".to_owned(),
                    "no" | "off" | "false" => "write false, without quotes".to_owned(),
                    _ => "write true or false".to_owned(),
                }
            }
            _ => format!("write {expects}"),
        };
        let subject = if path.segments().is_empty() {
            "the file".to_owned()
        } else {
            format!("`{path}`")
        };
        let fault = Diagnostic::error(
            "wrong-type",
            format!("{subject} must be {expects}, but is {found}"),
        )
        .help(help);
        self.diagnostics.push(fault.at(Some(place.at_value())));
    }
}

fn type_name(yaml: &Yaml) -> &'static str {
    match yaml {
        Yaml::Null => "empty",
        Yaml::Bool(_) => "a truth value",
        Yaml::Number(number) if number.is_f64() => "a number with a fraction",
        Yaml::Number(_) => "a number",
        Yaml::String(_) => "text",
        Yaml::Sequence(_) => "a list",
        Yaml::Mapping(_) => "a map",
        Yaml::Tagged(_) => "a value with a YAML tag",
    }
}

fn scalar_text(yaml: &Yaml) -> String {
    match yaml {
        Yaml::String(text) => text.clone(),
        Yaml::Number(number) => number.to_string(),
        Yaml::Bool(flag) => flag.to_string(),
        Yaml::Null => "null".to_owned(),
        _ => "that is a collection".to_owned(),
    }
}
