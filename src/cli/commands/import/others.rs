//! What somebody else may manage: it is taken over only when that is said.

use crate::model::{Diagnostic, Fault, Identity, Observed, owned_address, visible};

use crate::cli::failure::Failure;
use crate::cli::siblings::Holder;

use super::Importer;
use super::take_over::Candidate;

/// Says who may manage a resource beside this state.
enum Other<'a> {
    /// The state of another environment of the project holds it; no flag makes that good.
    Sibling(Holder<'a>),
    /// It carries an owner tag of another state, which may be lost.
    Tag(&'a str),
}

impl Importer<'_> {
    /// Refuses what another state may manage, unless the user says so: two would change it in turns, and
    /// either could delete it.
    pub(super) fn refuse_others(
        &self,
        identity: &Identity,
        observed: &Observed,
    ) -> Result<(), Failure> {
        let id = &identity.id;
        match self.other(identity, observed) {
            None => Ok(()),
            Some(Other::Sibling(Holder {
                environment,
                address,
            })) => {
                let fault = Fault::new(format!(
                    "the state of the environment {environment} holds {id}, as {address}"
                ));
                Err(fault
                    .hint(format!(
                        "let that one forget it first: gwplan --env {environment} state rm {address}"
                    ))
                    .into())
            }
            Some(Other::Tag(owner)) => self.ask_for(id, owner),
        }
    }

    /// Asks whether a resource is taken over that carries another state's tag.
    fn ask_for(&self, id: &str, owner: &str) -> Result<(), Failure> {
        let owner = visible(owner);
        let summary = format!("{id} carries the tag gwplan:owner of another state: {owner}");
        let terminal = &self.session.terminal;
        if terminal.can_ask() && terminal.confirm(&format!("{summary}. Take it over?"))? {
            return Ok(());
        }
        Err(Fault::new(summary)
            .hint("let that state forget it first, with `gwplan state rm`; if that is done, or that state is lost, import again with --from-other-state")
            .into())
    }

    /// Returns who else may manage a resource, as far as that keeps it from being taken over.
    fn other<'o>(&'o self, identity: &Identity, observed: &'o Observed) -> Option<Other<'o>> {
        if let Some(holder) = self.siblings.holder(identity, observed) {
            return Some(Other::Sibling(holder));
        }
        let owner = observed.owner.as_deref()?;
        let own = owned_address(&self.writing.state.lineage, owner).is_some();
        (!own && !self.args.from_other_state).then_some(Other::Tag(owner))
    }

    /// Leaves out what another state may manage, and says so.
    pub(super) fn without_others(
        &self,
        candidates: Vec<Candidate>,
    ) -> Result<Vec<Candidate>, Failure> {
        let (mut tagged, mut held) = (Vec::new(), Vec::new());
        let mut free = Vec::new();
        for candidate in candidates {
            let id = &candidate.identity.id;
            match self.other(&candidate.identity, &candidate.observed) {
                None => free.push(candidate),
                Some(Other::Sibling(Holder {
                    environment,
                    address,
                })) => held.push(format!("{id} ({environment}: {address})")),
                Some(Other::Tag(owner)) => tagged.push(format!("{id} ({})", visible(owner))),
            }
        }
        self.tell_left_out_others(
            &held,
            "that the states of other environments hold",
            "take one over by `gwplan --env NAME state rm ADDR` there and `gwplan import ADDR ID` here",
        )?;
        self.tell_left_out_others(
            &tagged,
            "that carry the tag gwplan:owner of another state",
            "two states that manage one gateway undo each other's changes, and either can delete it; if the other state is lost, pass --from-other-state",
        )?;
        Ok(free)
    }

    fn tell_left_out_others(&self, named: &[String], why: &str, help: &str) -> Result<(), Failure> {
        if named.is_empty() {
            return Ok(());
        }
        let summary = format!("{} left out {why}: {}", named.len(), named.join(", "));
        self.tell([Diagnostic::warning("not-imported", summary).help(help)])
    }
}
