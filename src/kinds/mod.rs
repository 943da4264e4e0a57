//! The kinds of resource.
//!
//! One file or folder a kind: its table of fields, its calls, its life cycle. A new kind is one new
//! module here and one line in [`ALL`]; no other module names a kind.

mod gateway;
pub mod tags;

use crate::api::Call;
use crate::model::{Attributes, FieldPath, IdForm, Observed};
use crate::schema::ResourceSchema;

pub use gateway::{Gateway, SCHEMA as GATEWAY};

/// Every kind that gwplan knows.
pub const ALL: &[&dyn Kind] = &[&Gateway];

/// Returns the schemas of all kinds.
pub fn schemas() -> Vec<&'static ResourceSchema> {
    ALL.iter().map(|kind| kind.schema()).collect()
}

/// Finds a kind by its word in addresses.
pub fn find(name: &str) -> Option<&'static dyn Kind> {
    ALL.iter().copied().find(|kind| kind.schema().kind == name)
}

/// Finds the form of the ids of a kind by its word in addresses.
pub fn id_form(name: &str) -> Option<IdForm> {
    find(name).map(|kind| kind.schema().is_id)
}

/// Describes how the cloud is asked about one kind of resource.
///
/// A kind builds calls and reads their answers; it never sends anything itself.
pub trait Kind: Send + Sync {
    /// Returns the table of fields.
    fn schema(&self) -> &'static ResourceSchema;

    /// Asks for a new resource.
    fn create(&self, attributes: &Attributes) -> Call<Accepted>;

    /// Asks for a resource to be deleted.
    fn delete(&self, id: &str) -> Call<Accepted>;

    /// Asks for one page of the region's resources.
    fn list(&self, offset: usize) -> Call<Page>;

    /// Asks for the named resources alone; at most [`Kind::page_size`] of them.
    fn list_by_ids(&self, ids: &[String]) -> Call<Page>;

    /// Asks for one page of the resources of a name, and perhaps of others: whether the cloud takes a
    /// part of a name for the name is not documented.
    fn list_by_name(&self, name: &str, offset: usize) -> Call<Page>;

    /// Asks for one resource; the cloud answers with an error of the kind `Absent` when it is gone.
    fn describe(&self, id: &str) -> Call<Observed>;

    /// Tells whether [`Kind::details`] would show more of a resource than the list has shown.
    fn has_details(&self, observed: &Observed) -> bool;

    /// Asks for what the list does not show of a resource.
    fn details(&self, id: &str) -> Call<Details>;

    /// Asks for what an update needs to know beside the resource's id; nothing for most.
    fn lookup(&self, action: &str, id: &str) -> Option<Call<Handles>>;

    /// Changes a resource while it lives, by one call.
    ///
    /// `None` where the kind knows no such call: the plan is of another version.
    fn update(&self, action: &str, target: &Target<'_>) -> Option<Call<()>>;

    /// Names a resource in the notation of the tag service.
    fn tag_resource(&self, region: &str, id: &str) -> String;

    /// Returns how many resources one list call shows at most.
    fn page_size(&self) -> usize;
}

/// Holds what the cloud says when it takes a request on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The resource's id.
    pub id: String,
    /// The task's id; not every request starts one that has an id.
    pub task_id: Option<String>,
    /// The cloud's status word.
    pub status: String,
}

/// Holds what the list does not show of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Attributes to lay over those that the list showed.
    pub attributes: Attributes,
    /// What calls about the details need.
    pub handles: Handles,
}

/// Holds ids of a resource's parts, which some calls want.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handles {
    /// The default server group.
    pub group: Option<String>,
    /// The address of the public network.
    pub vip: Option<String>,
    /// The type of the public network, in the cloud's word.
    pub network_type: Option<String>,
    /// Whether the parts are at rest.
    pub settled: bool,
}

/// Says what an update is about.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The resource's id.
    pub id: &'a str,
    /// What [`Kind::lookup`] found.
    pub handles: &'a Handles,
    /// The fields to change.
    pub paths: &'a [FieldPath],
    /// The attributes as they will be.
    pub after: &'a Attributes,
}

/// Holds one page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many resources there are on all pages together.
    pub total: usize,
    /// The resources on this page.
    pub items: Vec<Observed>,
}
