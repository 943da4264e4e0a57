//! What the files want, as Terraform's plan JSON shows a configuration.
//!
//! It is read off the plan, which holds all of it that tools look at: a saved plan has no files.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use crate::model::{Address, Attributes, Value, set_value_at};
use crate::plan::{Action, How, Plan, Schemas, Step};
use crate::schema::{Field, Shape};
use crate::state::{Record, State};

use super::super::terraform::{PROVIDER, PROVIDER_KEY, SCHEMA_VERSION, resource_type, value_json};
use super::Module;

/// Holds what the files want of one resource.
struct Wanted<'a> {
    region: &'a str,
    attributes: Attributes,
    depends_on: &'a [Address],
}

/// The configuration; it names the provider even where there are no resources.
#[derive(Serialize)]
pub(super) struct Configuration<R> {
    provider_config: Json,
    root_module: Module<R>,
}

/// Renders the configuration.
pub(super) fn configuration<'a>(
    plan: &'a Plan,
    moved: &'a State,
    schemas: Schemas<'a>,
) -> Configuration<impl Serialize + 'a> {
    let wanted = wanted(plan, moved);
    Configuration {
        provider_config: json!({
            PROVIDER_KEY: { "name": PROVIDER_KEY, "full_name": PROVIDER, "expressions": {} },
        }),
        root_module: Module {
            resources: Wishes { wanted, schemas },
        },
    }
}

/// What is wanted, rendered one resource at a time.
struct Wishes<'a> {
    wanted: BTreeMap<&'a Address, Wanted<'a>>,
    schemas: Schemas<'a>,
}

impl Serialize for Wishes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wanted = self.wanted.iter();
        serializer.collect_seq(wanted.map(|(address, one)| resource(address, one, self.schemas)))
    }
}

fn wanted<'a>(plan: &'a Plan, moved: &'a State) -> BTreeMap<&'a Address, Wanted<'a>> {
    let recorded = |address| moved.resources.get(address);
    let brought_up_to_date: BTreeMap<&Address, &Record> = plan
        .bookkeeping
        .iter()
        .map(|(address, record)| (address, record))
        .collect();
    let unchanged = plan.unchanged.iter().filter_map(|address| {
        let record = brought_up_to_date.get(address).copied();
        let record = record.or(recorded(address))?;
        let wanted = Wanted {
            region: &record.region,
            attributes: record.applied.clone(),
            depends_on: &record.depends_on,
        };
        Some((address, wanted))
    });
    let steps = plan.steps.iter().filter_map(|step| {
        let wanted = Wanted {
            region: &step.region,
            attributes: wanted_by(step, recorded(&step.address))?,
            depends_on: &step.depends_on,
        };
        Some((&step.address, wanted))
    });
    unchanged.chain(steps).collect()
}

/// Returns the attributes that the files want of what a step is about, if they want it at all.
fn wanted_by(step: &Step, record: Option<&Record>) -> Option<Attributes> {
    match step.action {
        Action::Delete | Action::AwaitDelete | Action::Forget => None,
        Action::Create | Action::Replace | Action::AwaitCreate => Some(step.after.clone()),
        Action::Update | Action::Record => {
            // What it will be holds what the cloud filled in, too; what was applied does not.
            let applied = record.map(|record| record.applied.clone());
            let mut attributes = applied.unwrap_or_default();
            let wanted = step.changes.iter().filter(|one| one.how != How::Record);
            for change in wanted {
                set_value_at(&mut attributes, &change.path, change.after.clone());
            }
            Some(attributes)
        }
    }
}

fn resource(address: &Address, wanted: &Wanted<'_>, schemas: Schemas<'_>) -> Json {
    let schema = schemas(address.kind());
    let fields = schema.map(|schema| schema.fields).unwrap_or_default();
    let mut expressions = block(&wanted.attributes, fields);
    let region = json!({ "constant_value": wanted.region });
    expressions.insert("region".to_owned(), region);
    let mut object = json!({
        "address": address.to_string(),
        "mode": "managed",
        "type": resource_type(address, schemas),
        "name": address.name(),
        "provider_config_key": PROVIDER_KEY,
        "schema_version": SCHEMA_VERSION,
        "expressions": expressions,
    });
    if !wanted.depends_on.is_empty() {
        let names = wanted.depends_on.iter().map(Address::to_string);
        object["depends_on"] = names.collect();
    }
    object
}

/// Renders the settings of a block; a block inside it is an object of its own settings.
fn block(attributes: &Attributes, fields: &[Field]) -> Map<String, Json> {
    let expression = |(key, value): (&String, &Value)| {
        let field = fields.iter().find(|field| field.key == key);
        let expression = match (field.map(|field| &field.shape), value) {
            (Some(Shape::Object(inner)), Value::Map(map)) => Json::Object(block(map, inner)),
            _ => json!({ "constant_value": value_json(value) }),
        };
        (key.clone(), expression)
    };
    attributes.iter().map(expression).collect()
}
