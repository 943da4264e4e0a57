//! The single source of truth about fields.
//!
//! A kind of resource describes its fields in one table of [`Field`]s. From the table come the
//! checks of the YAML ([`check()`]), the wire form of the API ([`wire`]), the JSON Schema for
//! editors ([`json_schema`]), the reference page ([`mod@reference`]), the plan's verdict on whether a
//! change can be made in place, and the simulated cloud's validation.

pub mod check;
mod extent;
pub mod json_schema;
pub mod meta;
pub mod policy;
pub mod project;
pub mod reference;
mod unset;
pub mod wire;

use std::collections::BTreeMap;

use crate::model::{Attributes, FieldPath, IdForm, Rule, Severity, Value, rules};

pub use check::{check, fill_defaults, strip_defaults};
pub use extent::{Quantity, Trait};
pub use unset::Unset;

/// Describes one kind of resource.
#[derive(Debug)]
pub struct ResourceSchema {
    /// The kind's word in addresses, for example `gateway`.
    pub kind: &'static str,
    /// The top-level YAML key that holds resources of the kind, for example `gateways`.
    pub collection: &'static str,
    /// What the kind is, in a sentence.
    pub doc: &'static str,
    /// The resource type under which Terraform-shaped JSON shows it.
    pub terraform_type: &'static str,
    /// The resource type of the vendor's Terraform provider, by which its states are taken over.
    pub provider_type: &'static str,
    /// Tells whether a text is an id that the cloud gives to resources of the kind.
    pub is_id: IdForm,
    /// The fields that the cloud knows.
    pub fields: &'static [Field],
    /// The API calls that change a resource, in the order in which they are sound to make.
    pub calls: &'static [&'static str],
    /// The flag that keeps the cloud from deleting a resource, if the kind has one.
    pub delete_guard: Option<&'static str>,
    /// The paths of the fields whose change changes what is paid to the vendor.
    pub billed: &'static [&'static str],
    /// Measures a resource by its attributes, so that a change of it has a direction.
    pub extent: fn(&Attributes) -> Vec<Quantity>,
    /// Tells what a person knows a resource by: its name, its size, its tags.
    pub portrait: fn(&Attributes) -> Vec<Trait>,
    /// The fields that a project's guards look at.
    pub guarded: Guarded,
    /// Checks that look at several fields at once.
    pub rules: fn(&Attributes, &Context<'_>) -> Vec<Finding>,
}

impl ResourceSchema {
    /// Returns the fields that the cloud's list of resources shows.
    pub fn listed(&self) -> impl Iterator<Item = &'static Field> {
        let fields = self.fields.iter();
        fields.filter(|field| field.read == Read::Listed)
    }
}

/// Names the fields that a project's guards look at, as paths; a kind may have several of one sort, or
/// none.
#[derive(Debug)]
pub struct Guarded {
    /// Its tags.
    pub tags: &'static [&'static str],
    /// How large it is, in a word.
    pub specification: &'static [&'static str],
    /// Its version.
    pub version: &'static [&'static str],
    /// The bandwidth of its public network.
    pub bandwidth: &'static [&'static str],
}

/// Describes one field.
#[derive(Debug)]
pub struct Field {
    /// The key in YAML and state.
    pub key: &'static str,
    /// The name on the wire; nothing for a field that only gwplan knows.
    pub wire: Option<&'static str>,
    /// What values it takes.
    pub shape: Shape,
    /// Whether it must be there, and what stands in when it is not.
    pub need: Need,
    /// How the cloud takes a change of it.
    pub change: Change,
    /// Whether the cloud's list of resources shows it.
    pub read: Read,
    /// What it is for, for users; Markdown.
    pub doc: &'static str,
}

/// Says whether a field must be there, and what stands in when it is not.
#[derive(Debug)]
pub enum Need {
    /// It must be there.
    Required,
    /// It may be left out, and then it is not sent.
    Optional,
    /// It may be left out, and then this value is sent.
    Default(Literal),
    /// It may be left out, and then the region of the resource's calls is sent.
    RegionOfCall,
}

/// A default, as a table can hold it.
#[derive(Clone, Copy, Debug)]
pub enum Literal {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(&'static str),
}

impl Literal {
    /// Returns the value.
    pub fn value(self) -> Value {
        match self {
            Self::Bool(flag) => flag.into(),
            Self::Int(number) => number.into(),
            Self::Text(text) => text.into(),
        }
    }
}

/// Says how the cloud takes a change of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The named API call changes it while the resource lives.
    InPlace(&'static str),
    /// The named API call can switch it on, but nothing can switch it off.
    OnlyToTrue(&'static str),
    /// The create can't carry it: the named API call sets it afterwards, and changes it.
    AfterCreate(&'static str),
    /// Three API calls: one gives a resource the thing that the field is about, one takes it away, and
    /// one changes it.
    Presence {
        /// Gives it.
        add: &'static str,
        /// Takes it away.
        remove: &'static str,
        /// Changes it.
        change: &'static str,
        /// A field about the same thing: as long as that is wanted, nothing is taken away.
        partner: &'static str,
    },
    /// Only a new resource can have another value.
    Replace,
    /// It never reaches the cloud.
    Local,
}

/// Says whether the cloud's list of resources shows a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The list shows it, so a plan compares it with the cloud.
    Listed,
    /// The list does not show it, but a call about the resource alone does; where that was made, a
    /// plan compares it with the cloud.
    Detailed,
    /// Nothing shows it, so a plan compares it with what was last applied.
    Unlisted,
}

/// Says what values a field takes.
#[derive(Debug)]
pub enum Shape {
    /// True or false.
    Flag,
    /// A whole number.
    Whole(Whole),
    /// Text.
    Text(Text),
    /// One of a set of words.
    Choice(Choice),
    /// Further fields.
    Object(&'static [Field]),
    /// Pairs of the tag service.
    Tags,
    /// A list of texts.
    Texts,
    /// A list of words out of a set.
    Choices(Choice),
}

impl Shape {
    /// Returns what a person calls such a value: `a whole number`, `a map`.
    pub fn expects(&self) -> &'static str {
        match self {
            Self::Flag => "true or false",
            Self::Whole(_) => "a whole number",
            Self::Text(_) | Self::Choice(_) => "text",
            Self::Object(_) => "a map of keys",
            Self::Tags => "a map of tag keys to tag values",
            Self::Texts | Self::Choices(_) => "a list",
        }
    }
}

/// The range of a whole number.
#[derive(Debug)]
pub struct Whole {
    /// The least value that is taken.
    pub min: i64,
    /// The greatest value that is taken.
    pub max: i64,
    /// The range beyond which a value is taken with a warning.
    pub usual: Option<Usual>,
    /// The unit, or nothing for a plain count.
    pub unit: &'static str,
}

/// The range that a number usually is in.
#[derive(Debug)]
pub struct Usual {
    /// The least usual value.
    pub low: i64,
    /// The greatest usual value.
    pub high: i64,
    /// What a value beyond the range means.
    pub beyond: &'static str,
}

impl Whole {
    /// Returns the range in words: `1 to 50 nodes`.
    pub fn range(&self) -> String {
        format!("{} to {}{}", self.min, self.max, self.unit_after_space())
    }

    fn unit_after_space(&self) -> String {
        if self.unit.is_empty() {
            String::new()
        } else {
            format!(" {}", self.unit)
        }
    }
}

/// The limits of a text.
#[derive(Debug)]
pub struct Text {
    /// The least number of characters.
    pub min: usize,
    /// The greatest number of characters.
    pub max: usize,
    /// A prefix that every value has, as ids of the cloud do.
    pub prefix: Option<&'static str>,
}

/// The words that a field takes.
#[derive(Debug)]
pub struct Choice {
    /// The words that the vendor's documents name.
    pub known: &'static [&'static str],
    /// The key under `allow` in gwplan.yaml that adds words; nothing where the set is closed.
    pub allow: Option<&'static str>,
}

/// Reports that an attribute breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The attribute.
    pub path: FieldPath,
    /// Whether the finding is about the attribute's key rather than its value.
    pub on_key: bool,
    /// How bad it is.
    pub severity: Severity,
    /// The stable id of the rule.
    pub rule: Rule,
    /// What is wrong.
    pub summary: String,
    /// What is allowed and what to do.
    pub help: String,
}

impl Finding {
    /// Reports an error about the value at `path`.
    pub fn error(
        path: FieldPath,
        rule: Rule,
        summary: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        debug_assert!(rules::is_known(rule), "{rule} has no entry in model::rules");
        Self {
            path,
            on_key: false,
            severity: Severity::Error,
            rule,
            summary: summary.into(),
            help: help.into(),
        }
    }

    /// Reports a warning about the value at `path`.
    pub fn warning(
        path: FieldPath,
        rule: Rule,
        summary: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(path, rule, summary, help)
        }
    }

    /// Moves the finding to the attribute's key.
    #[must_use]
    pub fn on_key(mut self) -> Self {
        self.on_key = true;
        self
    }
}

/// Holds the words that a project allows beyond the known ones, by the key under `allow`.
pub type Allowances = BTreeMap<String, Vec<String>>;

/// Holds what a check needs beyond the attributes.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The API region of the resource's calls.
    pub region: &'a str,
    /// The words that the project allows beyond the known ones.
    pub allow: &'a Allowances,
}

/// Finds a field by its key.
pub fn field<'a>(fields: &'a [Field], key: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.key == key)
}

/// Finds the field that a path leads to; a path into tags leads to the tags field.
pub fn field_at<'a>(fields: &'a [Field], path: &FieldPath) -> Option<&'a Field> {
    let (first, rest) = path.segments().split_first()?;
    let mut found = field(fields, first)?;
    for key in rest {
        match &found.shape {
            Shape::Object(inner) => found = field(inner, key)?,
            Shape::Tags => return Some(found),
            _ => return None,
        }
    }
    Some(found)
}

/// Returns the word among `known` that the user likely meant by `written`.
pub fn suggest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(written);
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(&folded, &fold(word)), word))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}

/// Drops what people write differently: case, `_` and `-`.
fn fold(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        let known = ["nodeConfig", "name", "vpcConfig"];
        assert_eq!(suggest("nodeconfig", known), Some("nodeConfig"));
        assert_eq!(suggest("node_config", known), Some("nodeConfig"));
        assert_eq!(suggest("vpcConfg", known), Some("vpcConfig"));
        assert_eq!(suggest("banana", known), None);
    }
}
