//! Replacements that create first: two resources stand for one address until the old one is gone.

use crate::plan::Fate;
use crate::state::{Record, Status};

use super::step::{Done, Job, Place, Trouble};

impl Job<'_> {
    /// Makes the new one and waits for it, or goes on with the one that a run before has made.
    pub(super) async fn make_successor(&self, mut old: Record) -> Result<Done, Trouble> {
        self.give_up_successor(&mut old).await?;
        let begun = old.successor.take();
        let place = Place::SuccessorOf(Box::new(old.clone()));
        let made = if let Some(mut record) = begun {
            // The files may say otherwise by now than when it was begun.
            self.steer(&mut record);
            *record
        } else {
            self.check_unmoved(&old.identity()).await?;
            self.make(&place).await?
        };
        let made = self.finish_create(made, place).await?;
        Ok(Done {
            id: made.id.clone(),
            record: Some(Record {
                successor: Some(Box::new(made)),
                ..old
            }),
        })
    }

    /// Deletes the old one, whose place the new one takes.
    pub(super) async fn delete_predecessor(&self, mut old: Record) -> Result<String, Trouble> {
        let Some(made) = old.successor.clone() else {
            return Err(self.moved_on());
        };
        let identity = old.identity();
        self.lift_protection(&mut old.clone()).await?;
        old.status = Status::Deleting;
        self.settle(old, None).await?;
        self.delete_one(&identity).await?;
        self.settle((*made).clone(), None).await?;
        Ok(made.id)
    }

    /// Deletes the successor that the plan gives up, and takes it out of the record.
    ///
    /// What becomes of a successor was decided by the plan. One that it does not know is left alone.
    pub(super) async fn give_up_successor(&self, record: &mut Record) -> Result<(), Trouble> {
        let recorded = record.successor.as_ref().map(|one| one.identity());
        let planned = self.step.successor.as_ref();
        if recorded.as_ref() != planned.map(|one| &one.identity) {
            return Err(self.moved_on());
        }
        let Some(successor) = planned.filter(|one| one.fate == Fate::Deleted) else {
            return Ok(());
        };
        let (calls, before) = (&successor.calls_before_delete, &successor.before);
        self.lift(calls, before, &successor.identity, record)
            .await?;
        self.delete_one(&successor.identity).await?;
        record.successor = None;
        self.settle(record.clone(), None).await
    }

    fn moved_on(&self) -> Trouble {
        let address = self.address();
        Trouble::failed(
            format!("the state of {address} is not the one that the plan was made from"),
            "nothing more was done to it: plan again",
        )
    }
}
