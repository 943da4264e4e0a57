//! What plan, apply and destroy have in common.

use std::collections::BTreeMap;

use crate::engine;
use crate::model::{Address, Desired};
use crate::plan::{Goal, Inputs, Plan, Selection, Snapshot, plan};
use crate::state::State;

use super::cloud::Connection;
use super::failure::Failure;
use super::workspace::schema_of;

/// Asks the cloud and plans.
pub(super) async fn plan_with_cloud(
    connection: &Connection,
    desired: &BTreeMap<Address, Desired>,
    state: &State,
    goal: Goal,
) -> Result<Plan, Failure> {
    let snapshot = engine::refresh(&connection.client, desired, state).await?;
    make(desired, state, Some(&snapshot), goal)
}

/// Plans from the files and the state alone.
pub(super) fn plan_offline(
    desired: &BTreeMap<Address, Desired>,
    state: &State,
    goal: Goal,
) -> Result<Plan, Failure> {
    make(desired, state, None, goal)
}

fn make(
    desired: &BTreeMap<Address, Desired>,
    state: &State,
    snapshot: Option<&Snapshot>,
    goal: Goal,
) -> Result<Plan, Failure> {
    let inputs = Inputs {
        desired,
        moved: &[],
        removed: &[],
        selection: &Selection::default(),
        state,
        snapshot,
        schemas: &schema_of,
        goal,
    };
    Ok(plan(&inputs)?)
}
