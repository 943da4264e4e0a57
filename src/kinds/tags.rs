//! Calls of the tag service, which keeps the tags of every kind of resource.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::api::{Call, Effect, Service};

/// How a plan names a change of tags.
pub const CALL: &str = "TagResources and UnTagResources";

/// The most resources and the most tags of one call. Source: the page of `TagResources`.
pub const BATCH: usize = 10;

/// Reports that one resource of a call was passed over.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct FailedResource {
    /// The resource, in the six parts of the vendor's notation.
    pub resource: String,
    /// The vendor's code.
    pub code: String,
    /// The vendor's message.
    pub message: String,
}

/// Sets tags of resources; those that a resource has already get the new value.
pub fn set(resources: &[String], tags: &BTreeMap<String, String>) -> Call<Vec<FailedResource>> {
    let tags: Vec<Json> = tags
        .iter()
        .map(|(key, value)| json!({ "TagKey": key, "TagValue": value }))
        .collect();
    let body = json!({ "ResourceList": resources, "Tags": tags });
    Call::new(
        Service::Tag,
        "TagResources",
        body,
        Effect::Repeatable,
        failed,
    )
}

/// Takes tags off resources.
pub fn unset(resources: &[String], keys: &[String]) -> Call<Vec<FailedResource>> {
    let body = json!({ "ResourceList": resources, "TagKeys": keys });
    Call::new(
        Service::Tag,
        "UnTagResources",
        body,
        Effect::Repeatable,
        failed,
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    failed_resources: Option<Vec<FailedResource>>,
}

fn failed(answer: Json) -> Result<Vec<FailedResource>, serde_json::Error> {
    Ok(serde_json::from_value::<Answer>(answer)?
        .failed_resources
        .unwrap_or_default())
}
