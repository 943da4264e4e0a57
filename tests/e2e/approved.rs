//! Applying what was approved by merging a request.

use crate::forge::Merged;
use crate::review::Job;
use crate::support::Gateway;

/// Later than any comment that this run makes, and than any that it changes.
const MERGED: &str = "2026-01-02T12:00:00Z";

/// Jobs of both forges whose plan was shown on request 7.
fn reviewed() -> [Job; 2] {
    let jobs = [Job::on_github(), Job::on_gitlab()];
    for job in &jobs {
        job.project.run(&["review"]).well();
    }
    jobs
}

/// Merges the request: from now on the pipeline is that of the branch.
fn merge(job: &mut Job) {
    job.forge.mind().merged.push(Merged {
        number: 7,
        commit: "feedbeef",
        branch: "main",
        at: MERGED,
    });
    for name in [
        "CI_MERGE_REQUEST_IID",
        "CI_MERGE_REQUEST_PROJECT_ID",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID",
    ] {
        job.project.unset(name);
    }
    for (name, value) in [
        ("GITHUB_SHA", "feedbeef"),
        ("GITHUB_REF", "refs/heads/main"),
        ("CI_COMMIT_SHA", "feedbeef"),
        ("CI_COMMIT_BRANCH", "main"),
    ] {
        job.project.set(name, value);
    }
}

#[test]
fn what_was_merged_is_applied_and_nothing_else() {
    for mut job in reviewed() {
        let early = job.project.run(&["apply", "--approved"]).ended(1);
        assert!(early.stderr.contains("error: "), "{}", early.stderr);
        merge(&mut job);
        // Of what is not in the plan that was shown, nothing is applied.
        job.project.gateways([Gateway::new("a"), Gateway::new("b")]);
        let refused = job.project.run(&["apply", "--approved"]).ended(1);
        let told = "this plan is not the one that was approved";
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
        assert!(job.cloud.names().is_empty());
        job.project.gateways([Gateway::new("a")]);
        let applied = job.project.run(&["apply", "--approved"]).well();
        assert!(
            applied.stderr.contains("request 7 was merged"),
            "{}",
            applied.stderr
        );
        assert_eq!(job.cloud.names(), ["a"]);
        // A job that is run again has nothing to do, and asks for no approval.
        job.forge.mind().merged.clear();
        job.project.run(&["apply", "--approved"]).well();
    }
}

#[test]
fn reviews_are_demanded_where_they_are_asked_for() {
    for mut job in reviewed() {
        merge(&mut job);
        let command = ["apply", "--approved", "--approvals", "1"];
        let refused = job.project.run(&command).ended(1);
        assert!(
            refused.stderr.contains("0 of 1 approving"),
            "{}",
            refused.stderr
        );
        job.forge.mind().reviews = vec![("reviewer", "APPROVED", "c0ffee", MERGED)];
        let applied = job.project.run(&command).well();
        assert!(
            applied.stderr.contains("approved by reviewer"),
            "{}",
            applied.stderr
        );
    }
}

#[test]
fn an_approval_by_merging_is_one_of_a_pipeline_and_the_only_one() {
    let mut job = Job::on_github();
    let digest = "0".repeat(64);
    for more in [
        ["--expect-digest", digest.as_str()],
        ["--approved-plan", "x"],
    ] {
        job.project
            .run(&["apply", "--approved", more[0], more[1]])
            .ended(1);
    }
    job.project.run(&["apply", "--approvals", "1"]).ended(1);
    job.project.unset("GITHUB_ACTIONS");
    let refused = job.project.run(&["apply", "--approved"]).ended(1);
    assert!(
        refused.stderr.contains("--expect-digest"),
        "{}",
        refused.stderr
    );
}
