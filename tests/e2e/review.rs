//! Reviews of plans on a pull request.

use std::fs;

use serde_json::{Value as Json, json};

use crate::forge::{Fake, Kind, Mishap, OWN, STRANGER, TOKEN};
use crate::support::{Cloud, Gateway, Project, Run};

const MARKER: &str = "<!-- gwplan:review project -->";

/// A project in a folder of a repository, whose pipeline runs for request 7.
pub(crate) struct Job {
    pub(crate) project: Project,
    pub(crate) forge: Fake,
    pub(crate) cloud: Cloud,
}

impl Job {
    /// Starts a workflow of GitHub.
    pub(crate) fn on_github() -> Self {
        let mut job = Self::new(Kind::GitHub);
        let event = job.path("event.json");
        let summary = job.path("summary.md");
        let url = job.forge.url().to_owned();
        for (name, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", &url),
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_REPOSITORY", "acme/edge"),
            ("GITHUB_RUN_ID", "99"),
            ("GITHUB_SHA", "feedface"),
            ("GITHUB_EVENT_PATH", &event),
            ("GITHUB_STEP_SUMMARY", &summary),
            ("GITHUB_TOKEN", TOKEN),
        ] {
            job.project.set(name, value);
        }
        job.is_from("acme/edge");
        job
    }

    /// Starts a job of GitLab.
    pub(crate) fn on_gitlab() -> Self {
        let mut job = Self::new(Kind::GitLab);
        let url = job.forge.url().to_owned();
        for (name, value) in [
            ("GITLAB_CI", "true"),
            ("CI_API_V4_URL", url.as_str()),
            ("CI_PROJECT_ID", "12"),
            ("CI_PROJECT_URL", "https://gitlab.example/acme/edge"),
            ("CI_COMMIT_SHA", "c0ffee"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_MERGE_REQUEST_PROJECT_ID", "12"),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "12"),
            ("GITLAB_TOKEN", TOKEN),
        ] {
            job.project.set(name, value);
        }
        job
    }

    fn new(kind: Kind) -> Self {
        let cloud = Cloud::start(&[]);
        let project = Project::on(&cloud);
        fs::create_dir(project.path("../.git")).unwrap();
        project.gateways([Gateway::new("a")]);
        Self {
            project,
            forge: Fake::start(kind),
            cloud,
        }
    }

    fn path(&self, name: &str) -> String {
        let path = self.project.path("..").join(name);
        path.to_str().unwrap().to_owned()
    }

    /// Says from which repository the request comes.
    fn is_from(&self, repository: &str) {
        let side = |sha: &str, name: &str| json!({ "sha": sha, "repo": { "full_name": name } });
        let event = json!({ "pull_request": {
            "number": 7, "head": side("c0ffee", repository), "base": side("bead", "acme/edge"),
        }});
        self.event(&event);
    }

    fn event(&self, event: &Json) {
        fs::write(self.path("event.json"), event.to_string()).unwrap();
    }

    pub(crate) fn review(&self) -> Run {
        self.project.run(&["review"])
    }

    pub(crate) fn summary(&self) -> String {
        fs::read_to_string(self.path("summary.md")).unwrap_or_default()
    }

    /// Returns the one comment that there is.
    #[track_caller]
    fn comment(&self) -> String {
        let bodies = self.forge.bodies();
        let [body] = &bodies[..] else {
            panic!("there is not one comment: {bodies:?}");
        };
        body.clone()
    }
}

#[track_caller]
fn assert_holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn the_first_review_is_a_comment_and_a_summary() {
    let job = Job::on_github();
    let run = job.review().well();
    assert_holds(
        &run.stdout,
        &["# gateway.a will be created", "Plan: 1 to add"],
    );
    assert_holds(
        &run.stderr,
        &["new comment: https://github.example/acme/edge/pull/7"],
    );
    let comment = job.comment();
    assert!(
        comment.starts_with(&format!("{MARKER}\n<!-- gwplan:plan 1 ")),
        "{comment}"
    );
    assert_holds(
        &comment,
        &[
            "1 to add",
            "`gateway.a`",
            "(https://github.example/acme/edge/blob/c0ffee/project/gateways.yaml#L2)",
            "gwplan apply --expect-digest",
        ],
    );
    assert_holds(&job.summary(), &["1 to add", "`gateway.a`"]);
    assert!(!job.summary().contains(MARKER));
}

#[test]
fn a_plan_that_has_changed_says_since_when_and_the_same_plan_is_not_sent_again() {
    for job in [Job::on_github(), Job::on_gitlab()] {
        job.review().well();
        job.review().well();
        assert_eq!(job.forge.writes(), 1, "the same was sent again");
        job.project.gateways(["a", "b"].map(Gateway::new));
        job.review().well();
        let comment = job.comment();
        assert_holds(&comment, &["Changed since the last review", "`gateway.b`"]);
        let run = job.review().well();
        assert_eq!((job.forge.writes(), job.comment()), (2, comment));
        assert_holds(&run.stderr, &["says this already"]);
    }
}

#[test]
fn a_plan_of_nothing_corrects_a_comment_and_makes_none() {
    let job = Job::on_github();
    job.project.apply().well();
    let run = job.review().well();
    assert_holds(&run.stdout, &["No changes."]);
    assert!(job.forge.bodies().is_empty());
    assert_holds(&job.summary(), &["No changes."]);
    job.project.gateways(["a", "b"].map(Gateway::new));
    job.review().well();
    job.project.gateways([Gateway::new("a")]);
    job.review().well();
    let comment = job.comment();
    let shown: Vec<&str> = comment
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("<!--"))
        .collect();
    assert_eq!(
        shown,
        ["✅ `project`: **No changes.** The cloud matches the files."]
    );
    assert!(comment.starts_with(MARKER));
}

#[test]
fn what_is_dangerous_stands_beside_the_lines() {
    let job = Job::on_github();
    job.project.gateways(["a", "b"].map(Gateway::new));
    job.project.apply().well();
    job.project.gateways([
        Gateway::new("a").with("engineRegion: ap-shanghai"),
        Gateway::new("c").with("description: '::error::50%'"),
    ]);
    let run = job.review();
    let lines: Vec<&str> = run.stdout.lines().collect();
    let end = lines
        .iter()
        .position(|line| line.starts_with("::"))
        .unwrap();
    let commands = &lines[end..];
    assert!(
        commands[0].starts_with(
            "::warning file=project/gateways.yaml,title=gateway.b will be destroyed::"
        ),
        "{commands:#?}"
    );
    assert!(
        commands[1].starts_with(
            "::warning file=project/gateways.yaml,line=7,title=gateway.a must be replaced::"
        ),
        "{commands:#?}"
    );
    for line in commands.iter().filter(|line| !line.is_empty()) {
        assert!(
            line.starts_with("::warning ") || line.starts_with("::error "),
            "{line}"
        );
    }
}

#[test]
fn yaml_with_faults_is_told_in_the_comment_and_at_its_lines() {
    let job = Job::on_github();
    job.review().well();
    let record = job.comment().lines().nth(1).unwrap().to_owned();
    let good = fs::read_to_string(job.project.path("gateways.yaml")).unwrap();
    job.project.write(
        "gateways.yaml",
        &good.replace("name: a", "nam: <b>@team</b>"),
    );
    let run = job.project.run(&["review", "--artifacts", "out"]).ended(1);
    assert_holds(&run.stdout, &["::error file=project/gateways.yaml,line=3,"]);
    let comment = job.comment();
    assert_holds(
        &comment,
        &[
            MARKER,
            &record,
            "could not be made",
            "blob/c0ffee/project/gateways.yaml#L3",
            "(https://github.example/acme/edge/actions/runs/99)",
        ],
    );
    assert_holds(&job.summary(), &["could not be made"]);
    assert!(!job.project.path("out/plan.json").exists());
    assert!(job.project.path("out/plan.md").exists());
    // What comes next is compared with what was shown last.
    job.project.gateways(["a", "b"].map(Gateway::new));
    job.review().well();
    assert_holds(
        &job.comment(),
        &["Changed since the last review", "`gateway.b`"],
    );
}

#[test]
fn a_cloud_that_is_not_there_is_told_in_the_comment() {
    let mut job = Job::on_github();
    job.project.set("TENCENTCLOUD_SECRET_KEY", "wrong");
    job.review().ended(1);
    assert_holds(&job.comment(), &[MARKER, "could not be made"]);
    assert!(!job.comment().contains("canary"));
}

#[test]
fn a_fork_is_planned_without_the_cloud_and_needs_no_comment() {
    let job = Job::on_github();
    job.is_from("other/edge");
    job.forge.mind().is_read_only = true;
    let run = job.review().well();
    assert_holds(
        &run.stderr,
        &["comes from a fork", "no comment is written", "403"],
    );
    assert_holds(
        &job.summary(),
        &[
            "comes from a fork",
            "`gateway.a`",
            "The cloud was not asked",
        ],
    );
    assert_eq!(job.cloud.calls("DescribeCloudNativeAPIGateways"), 0);
    // Where it may write, it does.
    job.forge.mind().is_read_only = false;
    job.review().well();
    assert_holds(&job.comment(), &["comes from a fork"]);
}

#[test]
fn the_forge_is_asked_where_the_pipeline_does_not_say_who_asks() {
    for is_fork in [true, false] {
        let job = Job::on_github();
        job.event(&json!({ "issue": { "number": 7, "pull_request": {} } }));
        job.forge.mind().is_fork = is_fork;
        job.review().well();
        assert_eq!(job.comment().contains("comes from a fork"), is_fork);
        assert_holds(&job.comment(), &["/blob/c0ffee/project/gateways.yaml"]);
        let asked = job.cloud.calls("DescribeCloudNativeAPIGateways") > 0;
        assert_eq!(asked, !is_fork);
    }
}

#[test]
fn a_comment_that_can_not_be_written_fails_the_job_after_all_the_rest() {
    let job = Job::on_github();
    job.forge.mind().is_read_only = true;
    let run = job.project.run(&["review", "--artifacts", "out"]).ended(1);
    assert_holds(&run.stderr, &["403", "pull-requests: write"]);
    assert_holds(&run.stdout, &["# gateway.a will be created"]);
    assert_holds(&job.summary(), &["`gateway.a`"]);
    let read = |name: &str| fs::read_to_string(job.project.path(&format!("out/{name}"))).unwrap();
    assert_holds(&read("plan.txt"), &["# gateway.a will be created"]);
    assert_holds(&read("plan.md"), &["`gateway.a`"]);
    assert_holds(
        &read("plan.html"),
        &["https://github.example/acme/edge/blob/c0ffee/project/gateways.yaml#L2"],
    );
    let plan: Json = serde_json::from_str(&read("plan.json")).unwrap();
    assert_eq!(plan["resource_changes"][0]["address"], "gateway.a");
    let summary: Json = serde_json::from_str(&read("plan-summary.json")).unwrap();
    assert_eq!(summary["create"], 1);
}

#[test]
fn without_credentials_the_plan_is_made_without_the_cloud() {
    let mut job = Job::on_github();
    for name in ["TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"] {
        job.project.set(name, "");
    }
    let run = job.review().well();
    assert_holds(&run.stderr, &["no credentials for the cloud"]);
    assert_holds(
        &job.comment(),
        &["no credentials for the cloud", "`gateway.a`"],
    );
}

#[test]
fn a_merge_request_of_gitlab_has_its_comment() {
    let job = Job::on_gitlab();
    job.forge.add(STRANGER, &format!("{MARKER}\nplanted"));
    let run = job.review().well();
    assert!(!run.stdout.contains("::"), "{}", run.stdout);
    let bodies = job.forge.bodies();
    assert_eq!(bodies.len(), 2);
    assert_holds(
        &bodies[1],
        &["(https://gitlab.example/acme/edge/-/blob/c0ffee/project/gateways.yaml#L2)"],
    );
}

#[test]
fn each_environment_has_its_comment() {
    let job = Job::on_github();
    job.project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou }\nenvironments: { prod: {}, test: {} }\n",
    );
    for name in ["prod", "test", "prod"] {
        job.project.run(&["review", "--env", name]).well();
    }
    let bodies = job.forge.bodies();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].starts_with("<!-- gwplan:review project prod -->"));
    assert!(bodies[1].starts_with("<!-- gwplan:review project test -->"));
}

#[test]
fn a_comment_keeps_within_its_bytes() {
    let job = Job::on_github();
    let names = crate::support::names(300);
    job.project.gateways(crate::support::fleet(&names));
    job.project.run(&["review", "--max-bytes", "8000"]).well();
    let comment = job.comment();
    assert!(comment.len() <= 8000, "{}", comment.len());
    assert_holds(&comment, &["300 to add", "Left out"]);
    assert!(job.summary().len() > 8000);
}

#[test]
fn outside_of_any_pipeline_the_request_must_be_named() {
    let cloud = Cloud::start(&[]);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let run = project.run(&["review"]).ended(1);
    assert_holds(
        &run.stderr,
        &["--forge", "--repository", "--pull-request", "--dry-run"],
    );
    assert_eq!(run.stdout, "");
    let dry = project.run(&["review", "--dry-run"]).well();
    assert!(
        dry.stdout.starts_with("<!-- gwplan:review . -->\n"),
        "{}",
        dry.stdout
    );
    assert_holds(&dry.stdout, &["`gateway.a`", "1 to add"]);
    let forge = Fake::start(Kind::GitLab);
    forge.add(OWN, "not ours");
    project.set("GWPLAN_FORGE_TOKEN", TOKEN);
    let named = [
        "review",
        "--forge",
        "gitlab",
        "--repository",
        "12",
        "--pull-request",
        "7",
    ];
    let named: Vec<&str> = named
        .into_iter()
        .chain(["--api-url", forge.url()])
        .collect();
    project.run(&named).well();
    assert_eq!(forge.bodies().len(), 2);
}

#[test]
fn a_run_for_no_request_says_so_before_all_the_rest() {
    let mut job = Job::on_github();
    job.project.set("GITHUB_EVENT_NAME", "push");
    job.project.set("GITHUB_REF", "refs/heads/main");
    job.event(&json!({ "ref": "refs/heads/main" }));
    let run = job.review().ended(1);
    assert_holds(
        &run.stderr,
        &[
            "not known to be for a pull request",
            "--pull-request",
            "gwplan plan",
        ],
    );
    assert_eq!((run.stdout.as_str(), job.summary().as_str()), ("", ""));
    assert_eq!(job.cloud.calls("DescribeCloudNativeAPIGateways"), 0);
    // What was merged may be planned with all that there is.
    job.project.run(&["review", "--dry-run"]).well();
    assert!(job.cloud.calls("DescribeCloudNativeAPIGateways") > 0);
}

#[test]
fn code_of_a_request_never_has_the_credentials() {
    let mut job = Job::on_github();
    job.project.set("GITHUB_REF", "refs/heads/main");
    let followed = json!({ "workflow_run": { "head_repository": { "full_name": "evil/edge" } } });
    let commented = json!({ "issue": { "number": 7, "pull_request": {} } });
    let dispatched = json!({ "client_payload": { "number": 7 } });
    for (name, event, arguments, code) in [
        ("workflow_run", &followed, &["review"][..], 1),
        (
            "workflow_run",
            &followed,
            &["review", "--pull-request", "7"],
            0,
        ),
        ("workflow_run", &followed, &["review", "--dry-run"], 0),
        ("issue_comment", &commented, &["review", "--dry-run"], 0),
        ("repository_dispatch", &dispatched, &["review"], 1),
        (
            "repository_dispatch",
            &dispatched,
            &["review", "--dry-run"],
            0,
        ),
    ] {
        job.project.set("GITHUB_EVENT_NAME", name);
        job.event(event);
        job.project.run(arguments).ended(code);
        let asked = job.cloud.calls("DescribeCloudNativeAPIGateways");
        assert_eq!(asked, 0, "{name} {arguments:?}");
    }
    // A machine that is neither forge's runs whatever it is told to.
    let mut job = Job::new(Kind::GitHub);
    job.project.set("CI", "true");
    let run = job.project.run(&["review", "--dry-run"]).well();
    assert_holds(&run.stdout, &["could not be found out"]);
    assert_eq!(job.cloud.calls("DescribeCloudNativeAPIGateways"), 0);
}

#[test]
fn what_a_policy_denies_is_told_in_the_comment_and_fails_the_job() {
    let job = Job::on_github();
    job.project.apply().well();
    job.project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou }\npolicy: { maxDestroys: { limit: 0 } }\n",
    );
    job.project.gateways([]);
    let run = job.review().ended(1);
    assert_holds(&run.stderr, &["policy denies this plan"]);
    let error = run.stdout.lines().find(|line| line.starts_with("::error "));
    assert_holds(error.unwrap(), &["max-destroys"]);
    assert_holds(&job.comment(), &["denied by policy", "`max-destroys`"]);
}

#[test]
fn changes_can_be_told_by_the_exit_code() {
    let job = Job::on_github();
    job.project.run(&["review", "--detailed-exitcode"]).ended(2);
    job.project.apply().well();
    job.project.run(&["review", "--detailed-exitcode"]).ended(0);
}

#[test]
fn a_lost_answer_makes_no_second_comment() {
    for mishap in [Mishap::LoseAnswer, Mishap::HideAnswer, Mishap::Drop] {
        let job = Job::on_github();
        job.forge.mishaps("POST", vec![mishap]);
        job.review().well();
        assert_holds(&job.comment(), &["`gateway.a`"]);
    }
}

#[test]
fn a_forge_that_is_busy_for_long_fails_the_job_and_says_when_it_is_free() {
    let job = Job::on_github();
    let after = vec![("retry-after", "3600".to_owned())];
    let busy = Mishap::Refuse(429, after, Json::Null);
    job.forge.mishaps("GET", vec![busy]);
    let run = job.review().ended(1);
    assert_holds(&run.stderr, &["429", "the limit resets at 20"]);
    assert_holds(&job.summary(), &["`gateway.a`"]);
    assert_eq!(job.forge.count("POST"), 0);
}

#[test]
fn the_token_is_printed_nowhere() {
    let job = Job::on_github();
    job.forge.mind().is_read_only = true;
    let run = job
        .project
        .run(&["-vv", "review", "--artifacts", "out"])
        .ended(1);
    let kept = fs::read_to_string(job.project.path("out/plan.json")).unwrap();
    let all = [run.stdout, run.stderr, job.summary(), kept].concat();
    assert!(!all.contains(TOKEN));
}
