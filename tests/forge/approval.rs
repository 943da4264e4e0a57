//! The approval that a merge gave, and all that does not count as one.

use gwplan::forge::{Approval, Demand, Merge, find_approval};
use gwplan::model::{Clock, Fault};

use crate::fake::{Fake, Kind, Merged, OWN, STRANGER, TOKEN};
use crate::support::{KINDS, body, marker, pipeline, settings};

const MERGED: &str = "2026-01-02T12:00:00Z";
const REVIEWED: &str = "2026-01-02T11:00:00Z";

/// A forge on which request 7 was merged, with our comment.
fn merged(kind: Kind) -> Fake {
    let fake = Fake::start(kind);
    fake.add(OWN, &body(&marker("prod"), "the plan"));
    fake.mind().merged.push(Merged {
        number: 7,
        commit: "feed",
        branch: "main",
        at: MERGED,
    });
    fake
}

async fn find(fake: &Fake, kind: Kind, reviews: usize) -> Result<Approval, Fault> {
    let target = pipeline(fake, kind, TOKEN).target().unwrap();
    let merge = Merge {
        commit: "feed".to_owned(),
        branch: "main".to_owned(),
    };
    let demand = Demand {
        marker: &marker("prod"),
        author: None,
        reviews,
    };
    find_approval(target, settings(), Clock::system(), &merge, demand).await
}

#[track_caller]
fn refused(found: Result<Approval, Fault>, why: &str) {
    let fault = found.expect_err(why);
    assert!(fault.to_string().contains(why), "{fault}");
    assert!(fault.next_step().is_some(), "{fault}");
}

#[tokio::test]
async fn what_was_merged_with_our_comment_is_approved() {
    for kind in KINDS {
        let fake = merged(kind);
        let found = find(&fake, kind, 0).await.unwrap();
        assert_eq!((found.request, found.head.as_str()), (7, "c0ffee"));
        assert_eq!(found.merged_at.to_string(), MERGED);
        assert!(found.comment.contains("the plan"));
        assert_eq!(fake.writes(), 0);
    }
}

#[tokio::test]
async fn a_commit_that_no_one_request_was_merged_as_is_not_approved() {
    for kind in KINDS {
        let fake = merged(kind);
        let one = fake.mind().merged[0].clone();
        fake.mind().merged.push(Merged {
            number: 8,
            ..one.clone()
        });
        refused(find(&fake, kind, 0).await, "several");
        for other in [
            Merged {
                commit: "beef",
                ..one.clone()
            },
            Merged {
                branch: "release",
                ..one
            },
        ] {
            fake.mind().merged = vec![other];
            refused(find(&fake, kind, 0).await, "no ");
        }
        fake.mind().merged.clear();
        refused(find(&fake, kind, 0).await, "no ");
    }
}

#[tokio::test]
async fn only_our_one_comment_from_before_the_merge_counts() {
    for kind in KINDS {
        // Planted by somebody else, beside ours and alone.
        let fake = merged(kind);
        fake.add(STRANGER, &body(&marker("prod"), "theirs"));
        let found = find(&fake, kind, 0).await.unwrap();
        assert!(found.comment.contains("the plan"));
        fake.mind().kept.remove(0);
        refused(find(&fake, kind, 0).await, "does not have one comment");
        // Two of ours, or one of another environment.
        let fake = merged(kind);
        fake.add(OWN, &body(&marker("prod"), "another plan"));
        refused(find(&fake, kind, 0).await, "does not have one comment");
        let fake = merged(kind);
        fake.mind().kept[0].body = body(&marker("staging"), "the plan");
        refused(find(&fake, kind, 0).await, "does not have one comment");
        // Changed after the merge, or at a time that the forge does not tell.
        for changed in ["2026-01-02T12:00:01Z", "2026-01-02T11:30:00-01:00", ""] {
            let fake = merged(kind);
            fake.mind().kept[0].changed = changed;
            refused(find(&fake, kind, 0).await, "after the merge");
        }
    }
}

#[tokio::test]
async fn reviews_count_that_saw_the_plan_of_what_was_merged() {
    let right = ("reviewer", "APPROVED", "c0ffee", REVIEWED);
    for kind in KINDS {
        let fake = merged(kind);
        fake.mind().reviews = vec![right];
        assert_eq!(find(&fake, kind, 1).await.unwrap().reviewers, ["reviewer"]);
        refused(find(&fake, kind, 2).await, "1 of 2");
        for other in [
            ("author", "APPROVED", "c0ffee", REVIEWED),
            ("reviewer", "APPROVED", "c0ffee", "2026-01-02T09:59:59Z"),
            ("reviewer", "APPROVED", "c0ffee", "2026-01-02T12:00:01Z"),
            ("reviewer", "APPROVED", "c0ffee", ""),
        ] {
            fake.mind().reviews = vec![other];
            refused(find(&fake, kind, 1).await, "0 of 1");
        }
    }
    let fake = merged(Kind::GitHub);
    for others in [
        vec![("reviewer", "APPROVED", "0ld", REVIEWED)],
        vec![("stranger", "APPROVED", "c0ffee", REVIEWED)],
        vec![right, ("reviewer", "CHANGES_REQUESTED", "c0ffee", REVIEWED)],
        vec![("reviewer", "DISMISSED", "c0ffee", REVIEWED)],
    ] {
        fake.mind().reviews = others;
        refused(find(&fake, Kind::GitHub, 1).await, "0 of 1");
    }
    // A remark after it takes no approval back.
    fake.mind().reviews = vec![right, ("reviewer", "COMMENTED", "c0ffee", REVIEWED)];
    find(&fake, Kind::GitHub, 1).await.unwrap();
}
