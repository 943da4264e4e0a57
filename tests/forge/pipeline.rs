//! What pipelines say about themselves.

use gwplan::forge::{Forge, Origin, Pipeline, Wishes, event_file};
use serde_json::{Value as Json, json};

const GITHUB: &[(&str, &str)] = &[
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_API_URL", "https://api.github.com"),
    ("GITHUB_SERVER_URL", "https://github.com"),
    ("GITHUB_REPOSITORY", "acme/edge"),
    ("GITHUB_RUN_ID", "99"),
    ("GITHUB_SHA", "feedface"),
    ("GITHUB_REF", "refs/pull/7/merge"),
    ("GITHUB_EVENT_PATH", "/tmp/event.json"),
    ("GITHUB_STEP_SUMMARY", "/tmp/summary.md"),
    ("GITHUB_WORKSPACE", "/tmp/checkout"),
    ("GITHUB_TOKEN", "canary"),
];

const GITLAB: &[(&str, &str)] = &[
    ("GITLAB_CI", "true"),
    ("CI_API_V4_URL", "https://gitlab.example/api/v4"),
    ("CI_PROJECT_ID", "12"),
    ("CI_PROJECT_PATH", "acme/edge"),
    ("CI_PROJECT_URL", "https://gitlab.example/acme/edge"),
    ("CI_COMMIT_SHA", "c0ffee"),
    ("CI_JOB_URL", "https://gitlab.example/acme/edge/-/jobs/5"),
    ("CI_PROJECT_DIR", "/tmp/checkout"),
    ("GITLAB_TOKEN", "canary"),
];

const MERGE_REQUEST: &[(&str, &str)] = &[
    ("CI_MERGE_REQUEST_IID", "7"),
    ("CI_MERGE_REQUEST_PROJECT_ID", "12"),
    ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "12"),
];

/// Detects in an environment; what stands later wins.
fn detect(variables: &[&[(&str, &str)]], event: &Json, wishes: &Wishes) -> Option<Pipeline> {
    let variables = variables.concat();
    let lookup = |name: &str| {
        let mut found = variables.iter().rev().filter(|(other, _)| *other == name);
        found.next().map(|(_, value)| (*value).to_owned())
    };
    let event = event.to_string();
    Pipeline::detect(&lookup, Some(&event), wishes)
}

fn pull_request(head: &Json) -> Json {
    json!({ "pull_request": {
        "number": 7,
        "head": { "sha": "c0ffee", "repo": head },
        "base": { "sha": "bead", "repo": { "full_name": "acme/edge" } },
    }})
}

#[test]
fn a_workflow_on_a_pull_request_tells_everything() {
    let event = pull_request(&json!({ "full_name": "acme/edge" }));
    let found = detect(&[GITHUB], &event, &Wishes::default()).unwrap();
    assert_eq!((found.forge, found.request), (Forge::GitHub, Some(7)));
    assert_eq!(found.origin, Origin::Own);
    assert_eq!(found.head.as_deref(), Some("c0ffee"));
    let run = "https://github.com/acme/edge/actions/runs/99";
    assert_eq!(found.run.as_deref(), Some(run));
    assert_eq!(found.summary.as_deref(), Some("/tmp/summary.md".as_ref()));
    let line = found.links("infra").unwrap().line("a.yaml", 12);
    let expected = "https://github.com/acme/edge/blob/c0ffee/infra/a.yaml#L12";
    assert_eq!(line.as_deref(), Some(expected));
    assert!(found.target().is_ok());
}

#[test]
fn forks_and_bots_are_guarded() {
    let none = Wishes::default();
    for (head, origin) in [
        (json!({ "full_name": "other/edge" }), Origin::Fork),
        (Json::Null, Origin::Fork),
        (json!({ "full_name": "acme/edge" }), Origin::Own),
    ] {
        let found = detect(&[GITHUB], &pull_request(&head), &none).unwrap();
        assert_eq!(found.origin, origin, "{head}");
    }
    let bot: &[(&str, &str)] = &[("GITHUB_ACTOR", "dependabot[bot]")];
    let event = pull_request(&json!({ "full_name": "acme/edge" }));
    let found = detect(&[GITHUB, bot], &event, &none).unwrap();
    assert_eq!(found.origin, Origin::Dependabot);
    for (source, origin) in [("12", Origin::Own), ("13", Origin::Fork)] {
        let source = [("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", source)];
        let found = detect(&[GITLAB, MERGE_REQUEST, &source], &Json::Null, &none).unwrap();
        assert_eq!(found.origin, origin);
    }
}

#[test]
fn a_comment_on_a_pull_request_leaves_open_where_it_comes_from() {
    let none = Wishes::default();
    let event = json!({ "issue": { "number": 9, "pull_request": { "url": "…" } }, "comment": {} });
    let on_main: &[(&str, &str)] = &[("GITHUB_REF", "refs/heads/main")];
    let found = detect(&[GITHUB, on_main], &event, &none).unwrap();
    assert_eq!((found.request, found.origin), (Some(9), Origin::Unknown));
    assert_eq!(found.head, None, "GITHUB_SHA is main's");
    let event = json!({ "issue": { "number": 9 }, "comment": {} });
    let found = detect(&[GITHUB, on_main], &event, &none).unwrap();
    assert_eq!(found.request, None, "an issue is no pull request");
}

#[test]
fn a_workflow_that_follows_another_has_the_request_of_that_one() {
    let run = |event: &str, head: &Json, requests: &Json| {
        json!({ "workflow_run": {
            "event": event, "head_sha": "c0ffee", "head_repository": head,
            "repository": { "id": 1, "full_name": "acme/edge" }, "pull_requests": requests,
        }})
    };
    let (own, other) = (
        json!({ "full_name": "acme/edge" }),
        json!({ "full_name": "evil/edge" }),
    );
    let to = |id: u64| json!([{ "number": 7, "base": { "sha": "bead", "repo": { "id": id } } }]);
    let (one, upstream) = (to(1), to(2));
    let on_main: &[(&str, &str)] = &[
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_EVENT_NAME", "workflow_run"),
    ];
    for (event, request, origin) in [
        (run("pull_request", &own, &one), Some(7), Origin::Own),
        (run("pull_request", &own, &upstream), None, Origin::Own),
        (run("push", &own, &json!([])), None, Origin::Own),
        (run("issue_comment", &own, &one), Some(7), Origin::Unknown),
        (run("pull_request", &other, &json!([])), None, Origin::Fork),
        (run("push", &Json::Null, &Json::Null), None, Origin::Fork),
        (
            json!({ "workflow_run": { "head_repository": other.clone() } }),
            None,
            Origin::Fork,
        ),
    ] {
        let found = detect(&[GITHUB, on_main], &event, &Wishes::default()).unwrap();
        assert_eq!((found.request, found.origin), (request, origin), "{event}");
        // The number of a request of the repository's own does not make the code its own.
        let wishes = Wishes {
            request: Some(8),
            ..Wishes::default()
        };
        let found = detect(&[GITHUB, on_main], &event, &wishes).unwrap();
        let expected = if origin == Origin::Fork {
            Origin::Fork
        } else {
            Origin::Unknown
        };
        assert_eq!(found.origin, expected, "{event}");
    }
}

#[test]
fn a_run_for_no_request_is_trusted_only_where_no_request_is_near() {
    let none = Wishes::default();
    for (name, reference, origin) in [
        ("push", "refs/heads/main", Origin::Own),
        ("schedule", "refs/heads/main", Origin::Own),
        (
            "push",
            "refs/heads/gh-readonly-queue/main/pr-7-bead",
            Origin::Unknown,
        ),
        (
            "merge_group",
            "refs/heads/gh-readonly-queue/main/pr-7-bead",
            Origin::Unknown,
        ),
        ("issue_comment", "refs/heads/main", Origin::Unknown),
        ("check_run", "refs/heads/main", Origin::Unknown),
        ("repository_dispatch", "refs/heads/main", Origin::Unknown),
        ("workflow_dispatch", "refs/heads/main", Origin::Unknown),
        ("pull_request", "refs/pull/7/merge", Origin::Unknown),
    ] {
        let variables = [
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_REF", reference),
            ("GITHUB_ACTOR", "octocat"),
        ];
        let found = detect(&[GITHUB, &variables], &json!({}), &none).unwrap();
        assert_eq!(found.origin, origin, "{name} {reference}");
    }
    let bot: &[(&str, &str)] = &[
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_REF", "refs/heads/dependabot/x"),
        ("GITHUB_ACTOR", "dependabot[bot]"),
    ];
    let found = detect(&[GITHUB, bot], &json!({}), &none).unwrap();
    assert_eq!(found.origin, Origin::Dependabot);
    for (source, origin) in [
        ("push", Origin::Own),
        ("schedule", Origin::Own),
        ("web", Origin::Own),
        ("trigger", Origin::Unknown),
        ("pipeline", Origin::Unknown),
        ("parent_pipeline", Origin::Unknown),
        ("api", Origin::Unknown),
        ("external_pull_request_event", Origin::Unknown),
    ] {
        for open in ["", "acme/edge!7"] {
            let variables = [
                ("CI_PIPELINE_SOURCE", source),
                ("CI_OPEN_MERGE_REQUESTS", open),
            ];
            let found = detect(&[GITLAB, &variables], &Json::Null, &none).unwrap();
            assert_eq!(found.origin, origin, "{source} {open:?}");
        }
    }
    let forwarded: &[(&str, &str)] = &[("CI_MERGE_REQUEST_IID", "7")];
    let found = detect(&[GITLAB, forwarded], &Json::Null, &none).unwrap();
    assert_eq!((found.request, found.origin), (Some(7), Origin::Unknown));
}

#[test]
fn a_fork_stays_one_where_another_forge_is_named() {
    let event = pull_request(&json!({ "full_name": "evil/edge" }));
    let wishes = Wishes {
        forge: Some(Forge::GitLab),
        repository: Some("12".to_owned()),
        request: Some(5),
        ..Wishes::default()
    };
    let found = detect(&[GITHUB], &event, &wishes).unwrap();
    assert_eq!((found.forge, found.origin), (Forge::GitLab, Origin::Fork));
}

#[test]
fn the_reference_names_the_request_where_the_event_does_not() {
    let found = detect(&[GITHUB], &json!("nonsense"), &Wishes::default()).unwrap();
    assert_eq!((found.request, found.origin), (Some(7), Origin::Unknown));
}

#[test]
fn a_pipeline_of_a_merge_request_tells_everything() {
    let none = Wishes::default();
    let found = detect(&[GITLAB, MERGE_REQUEST], &Json::Null, &none).unwrap();
    assert_eq!((found.forge, found.request), (Forge::GitLab, Some(7)));
    assert_eq!(found.repository.as_deref(), Some("12"));
    let line = found.links("").unwrap().line("a.yaml", 12);
    let expected = "https://gitlab.example/acme/edge/-/blob/c0ffee/a.yaml#L12";
    assert_eq!(line.as_deref(), Some(expected));
    assert!(found.target().is_ok());
    let merged: &[(&str, &str)] = &[("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "5eed")];
    let found = detect(&[GITLAB, MERGE_REQUEST, merged], &Json::Null, &none).unwrap();
    assert_eq!(found.head.as_deref(), Some("5eed"));
    let unmerged: &[(&str, &str)] = &[("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "")];
    let found = detect(&[GITLAB, MERGE_REQUEST, unmerged], &Json::Null, &none).unwrap();
    assert_eq!(found.head.as_deref(), Some("c0ffee"));
}

#[test]
fn the_pipeline_of_a_fork_comments_on_the_project_that_it_asks() {
    let fork: &[(&str, &str)] = &[
        ("CI_PROJECT_ID", "13"),
        ("CI_PROJECT_URL", "https://gitlab.example/other/edge"),
        ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "13"),
        (
            "CI_MERGE_REQUEST_PROJECT_URL",
            "https://gitlab.example/acme/edge",
        ),
    ];
    let found = detect(
        &[GITLAB, MERGE_REQUEST, fork],
        &Json::Null,
        &Wishes::default(),
    )
    .unwrap();
    assert_eq!(found.repository.as_deref(), Some("12"));
    assert_eq!(
        found.page.as_deref(),
        Some("https://gitlab.example/acme/edge")
    );
    assert!(found.origin.is_guarded());
}

#[test]
fn the_pipeline_of_a_branch_has_the_request_that_would_merge_it() {
    for (open, request) in [
        ("acme/edge!7", Some(7)),
        ("acme/edge!7,acme/edge!8", None),
        ("upstream/edge!7", None),
        ("", None),
    ] {
        let open = [("CI_OPEN_MERGE_REQUESTS", open)];
        let found = detect(&[GITLAB, &open], &Json::Null, &Wishes::default()).unwrap();
        assert_eq!(found.request, request, "{open:?}");
    }
}

#[test]
fn outside_of_any_pipeline_nothing_is_known_but_what_is_said() {
    let none = Wishes::default();
    assert!(detect(&[], &Json::Null, &none).is_none());
    let wishes = Wishes {
        forge: Some(Forge::GitHub),
        repository: Some("acme/edge".to_owned()),
        request: Some(5),
        ..none
    };
    let token: &[(&str, &str)] = &[("GH_TOKEN", "canary")];
    let found = detect(&[token], &Json::Null, &wishes).unwrap();
    assert_eq!(found.page.as_deref(), Some("https://github.com/acme/edge"));
    assert_eq!(found.origin, Origin::Unknown);
    assert!(found.target().is_ok());
}

#[test]
fn what_is_said_about_another_request_is_not_believed_of_the_users() {
    let event = pull_request(&json!({ "full_name": "acme/edge" }));
    let wishes = Wishes {
        request: Some(8),
        ..Wishes::default()
    };
    let found = detect(&[GITHUB], &event, &wishes).unwrap();
    assert_eq!((found.request, found.head.as_deref()), (Some(8), None));
    assert_eq!(found.origin, Origin::Unknown);
    let wishes = Wishes {
        repository: Some("acme/other".to_owned()),
        ..Wishes::default()
    };
    let found = detect(&[GITHUB], &event, &wishes).unwrap();
    assert_eq!((found.request, found.head.as_deref()), (None, None));
    assert_eq!(found.page.as_deref(), Some("https://github.com/acme/other"));
}

#[test]
fn what_is_missing_is_named() {
    let none = Wishes::default();
    let without: &[(&str, &str)] = &[("GITHUB_TOKEN", ""), ("GITLAB_TOKEN", "")];
    let on_main: &[(&str, &str)] = &[("GITHUB_REF", "refs/heads/main")];
    for (variables, wishes, message, hint) in [
        (
            &[GITHUB, without][..],
            none.clone(),
            "no token",
            "github.token",
        ),
        (
            &[GITLAB, MERGE_REQUEST, without],
            none.clone(),
            "no token",
            "CI_JOB_TOKEN",
        ),
        (
            &[GITHUB, on_main],
            none.clone(),
            "pull request",
            "--pull-request",
        ),
        (
            &[GITLAB],
            none.clone(),
            "merge request",
            "merge_request_event",
        ),
        (
            &[GITHUB],
            Wishes {
                repository: Some("edge".to_owned()),
                request: Some(1),
                ..none.clone()
            },
            "not a repository",
            "OWNER/NAME",
        ),
    ] {
        let fault = detect(variables, &Json::Null, &wishes)
            .unwrap()
            .target()
            .unwrap_err();
        assert!(fault.to_string().contains(message), "{fault}");
        assert!(fault.next_step().unwrap().contains(hint), "{fault:?}");
    }
}

#[test]
fn a_token_is_not_sent_in_the_clear_unless_the_user_says_so() {
    let event = pull_request(&json!({ "full_name": "acme/edge" }));
    for (api, good) in [
        ("https://github.example/api/v3", true),
        ("http://127.0.0.1:8080", true),
        ("http://localhost:8080", true),
        ("http://github.example/api/v3", false),
        ("https://canary:canary@github.example", false),
        ("ftp://github.example", false),
        ("github.example", false),
    ] {
        let api_url = [("GITHUB_API_URL", api)];
        let found = detect(&[GITHUB, &api_url], &event, &Wishes::default()).unwrap();
        let target = found.target();
        assert_eq!(target.is_ok(), good, "{api}");
        assert!(!format!("{:?}", target.err()).contains("canary"), "{api}");
    }
    let wishes = Wishes {
        api: Some("http://github.example/api/v3".to_owned()),
        ..Wishes::default()
    };
    assert!(detect(&[GITHUB], &event, &wishes).unwrap().target().is_ok());
}

#[test]
fn the_event_is_read_only_where_a_workflow_runs() {
    let path = |variables: &[(&str, &str)]| {
        let lookup = |name: &str| {
            let mut found = variables.iter().filter(|(other, _)| *other == name);
            found.next().map(|(_, value)| (*value).to_owned())
        };
        event_file(&lookup)
    };
    assert_eq!(path(GITHUB), Some("/tmp/event.json".into()));
    assert_eq!(path(&[("GITHUB_EVENT_PATH", "/tmp/event.json")]), None);
}
