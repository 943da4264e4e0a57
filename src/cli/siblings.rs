//! What the project's other environments hold: nothing of it is free to be taken over or deleted from here.

use std::collections::{BTreeMap, BTreeSet};

use crate::backend::Backend;
use crate::config::{self, Project};
use crate::kinds;
use crate::model::{Address, Identity, Observed, has_errors, owned_address, short_lineage};

use super::Session;
use super::failure::Failure;
use super::workspace::local_backend;

/// Knows the resources of the project's other environments.
pub(super) struct Siblings(Vec<Sibling>);

/// Holds what the state of one environment knows of.
struct Sibling {
    environment: String,
    lineage: String,
    held: BTreeMap<Identity, Address>,
    /// What it has asked the cloud for, whose ids it may not know yet.
    open: BTreeSet<Address>,
}

/// Names who holds a resource.
pub(super) struct Holder<'a> {
    /// The environment whose state holds it.
    pub(super) environment: &'a str,
    /// The address that it has there.
    pub(super) address: Address,
}

impl Siblings {
    /// Reads the states of all environments but the one that is worked in.
    ///
    /// # Errors
    /// Where one of them can't be read: what it holds would else be taken for nobody's.
    pub(super) fn of(project: &Project, session: &Session) -> Result<Self, Failure> {
        let others = other_projects(project, session)?;
        let read = others.iter().map(|other| Sibling::read(other, session));
        Ok(Self(read.collect::<Result<_, Failure>>()?))
    }

    /// Returns the shortened lineages of their states.
    pub(super) fn lineages(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|sibling| short_lineage(&sibling.lineage))
    }

    /// Returns who holds a resource, or is just making it.
    pub(super) fn holder(&self, identity: &Identity, observed: &Observed) -> Option<Holder<'_>> {
        self.0.iter().find_map(|sibling| {
            Some(Holder {
                environment: &sibling.environment,
                address: sibling.address_of(identity, observed)?,
            })
        })
    }
}

/// Reads the project as it is in each environment but the one that is worked in.
pub(super) fn other_projects(
    project: &Project,
    session: &Session,
) -> Result<Vec<Project>, Failure> {
    let own = project.environment.as_ref();
    let others = project.environments.iter();
    let others = others.filter(|name| Some(*name) != own);
    let read = others.map(|environment| {
        let options = config::Options {
            environment: Some(environment.clone()),
            ..session.options.clone()
        };
        let (project, diagnostics) = Project::load(&session.reach, &kinds::schemas(), &options);
        if has_errors(&diagnostics) {
            return Err(Failure::Diagnostics(diagnostics));
        }
        Ok(project)
    });
    read.collect()
}

impl Sibling {
    fn read(project: &Project, session: &Session) -> Result<Self, Failure> {
        let loaded = local_backend(session, project)?.load()?;
        let state = loaded.map(|loaded| loaded.state).unwrap_or_default();
        let held = state.resources.iter().flat_map(|(address, record)| {
            let identities = record.identities();
            identities.map(|identity| (identity, address.clone()))
        });
        Ok(Self {
            environment: project.environment.clone().unwrap_or_default(),
            held: held.collect(),
            open: state.intents.keys().cloned().collect(),
            lineage: state.lineage,
        })
    }

    fn address_of(&self, identity: &Identity, observed: &Observed) -> Option<Address> {
        let making = || {
            let named = owned_address(&self.lineage, observed.owner.as_deref()?)?;
            self.open.contains(&named).then_some(named)
        };
        self.held.get(identity).cloned().or_else(making)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Attributes, Phase, owner_tag};

    use super::*;

    fn observed(owner: Option<String>) -> (Identity, Observed) {
        let id = "gateway-1".to_owned();
        let observed = Observed {
            id,
            status: "Creating".to_owned(),
            phase: Phase::Busy,
            attributes: Attributes::new(),
            addresses: Vec::new(),
            outputs: Attributes::new(),
            owner,
            created: None,
        };
        (observed.identity("ap-guangzhou"), observed)
    }

    #[test]
    fn what_a_sibling_is_just_making_is_held_before_its_id_is_known() {
        let [open, closed] = ["a", "b"].map(|name| Address::new("gateway", name).unwrap());
        let lineage = "6f1f3f0c-0000-4000-8000-000000000000".to_owned();
        let tag = |address| owner_tag(&lineage, address);
        let siblings = Siblings(vec![Sibling {
            environment: "prod".to_owned(),
            held: BTreeMap::new(),
            open: [open.clone()].into(),
            lineage: lineage.clone(),
        }]);
        let holder = |owner| {
            let (identity, observed) = observed(owner);
            let holder = siblings.holder(&identity, &observed);
            holder.map(|holder| (holder.environment.to_owned(), holder.address))
        };
        let making = Some(("prod".to_owned(), open.clone()));
        assert_eq!(holder(Some(tag(&open))), making);
        // What it has asked for and forgotten is an orphan of its own.
        assert_eq!(holder(Some(tag(&closed))), None);
        assert_eq!(holder(None), None);
    }
}
