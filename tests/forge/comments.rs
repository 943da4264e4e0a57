//! One comment a request and environment, whatever else is said there.

use gwplan::forge::Posted;

use crate::fake::{Fake, Kind, OWN, STRANGER};
use crate::support::{KINDS, body, client, marker, post};

#[tokio::test]
async fn the_first_review_is_a_comment_and_the_next_ones_change_it() {
    for kind in KINDS {
        let fake = Fake::start(kind);
        let client = client(&fake, kind);
        let prod = marker("prod");
        let posted = post(&client, &prod, "one").await.unwrap();
        assert!(matches!(posted, Posted::Created(_)), "{posted:?}");
        let posted = post(&client, &prod, "two").await.unwrap();
        assert!(matches!(posted, Posted::Updated(_)), "{posted:?}");
        assert_eq!(fake.bodies(), [body(&prod, "two")]);
        let writes = fake.writes();
        let posted = post(&client, &prod, "two").await.unwrap();
        assert!(matches!(posted, Posted::Unchanged(_)), "{posted:?}");
        assert_eq!(fake.writes(), writes, "the same was sent again");
    }
}

#[tokio::test]
async fn what_the_forge_changes_about_line_breaks_is_no_change() {
    for kind in KINDS {
        let fake = Fake::start(kind);
        let prod = marker("prod");
        let kept = body(&prod, "one\ntwo").replace('\n', "\r\n");
        fake.add(OWN, kept.trim_end());
        let posted = post(&client(&fake, kind), &prod, "one\ntwo").await.unwrap();
        assert!(matches!(posted, Posted::Unchanged(_)), "{posted:?}");
    }
}

#[tokio::test]
async fn our_comment_is_found_on_any_page() {
    for kind in KINDS {
        for at in [0, 99, 100, 199, 200, 249] {
            let fake = Fake::start(kind);
            let prod = marker("prod");
            for number in 0..250 {
                if number == at {
                    fake.add(OWN, &body(&prod, "old"));
                } else {
                    fake.add(STRANGER, "me too");
                }
            }
            post(&client(&fake, kind), &prod, "new").await.unwrap();
            assert_eq!(fake.bodies().len(), 250, "a second one was made");
            assert_eq!(fake.bodies()[at], body(&prod, "new"));
        }
    }
}

#[tokio::test]
async fn all_pages_are_looked_through_before_a_comment_is_made() {
    for (kind, count, pages) in [
        (Kind::GitHub, 250, 3),
        (Kind::GitHub, 200, 2),
        (Kind::GitLab, 250, 3),
        (Kind::GitLab, 0, 1),
    ] {
        let fake = Fake::start(kind);
        for _ in 0..count {
            fake.add(STRANGER, "me too");
        }
        post(&client(&fake, kind), &marker("prod"), "new")
            .await
            .unwrap();
        let asked = fake.count("GET");
        // A full last page leaves open whether there is one more.
        assert!(
            asked == pages || asked == pages + 1,
            "{asked} pages of {count}"
        );
        assert_eq!(fake.bodies().len(), count + 1);
    }
}

#[tokio::test]
async fn each_environment_has_its_comment() {
    for kind in KINDS {
        let fake = Fake::start(kind);
        let client = client(&fake, kind);
        let (prod, test) = (marker("prod"), marker("test"));
        post(&client, &prod, "one").await.unwrap();
        post(&client, &test, "one").await.unwrap();
        post(&client, &test, "two").await.unwrap();
        assert_eq!(fake.bodies(), [body(&prod, "one"), body(&test, "two")]);
    }
}

#[tokio::test]
async fn what_people_and_the_forge_itself_write_is_left_alone() {
    for kind in KINDS {
        let fake = Fake::start(kind);
        let prod = marker("prod");
        let theirs = [
            format!("> {}", body(&prod, "one")),
            format!("what does this mean?\n\n{}", body(&prod, "one")),
            // Somebody who wants to speak in our name.
            body(&prod, "planted"),
        ];
        for text in &theirs {
            fake.add(STRANGER, text);
        }
        if kind == Kind::GitLab {
            fake.add(OWN, &body(&prod, "quoted by the system"));
            fake.mind().kept[3].is_system = true;
        }
        let before = fake.bodies();
        post(&client(&fake, kind), &prod, "new").await.unwrap();
        let after = fake.bodies();
        assert_eq!(after[..before.len()], before);
        assert_eq!(after[before.len()..], [body(&prod, "new")]);
    }
}

#[tokio::test]
async fn a_comment_that_was_deleted_meanwhile_is_made_anew() {
    for kind in KINDS {
        let fake = Fake::start(kind);
        let client = client(&fake, kind);
        let prod = marker("prod");
        fake.add(OWN, &body(&prod, "old"));
        let found = client.find(&prod).await.unwrap();
        fake.mind().kept.clear();
        let new = body(&prod, "new");
        let posted = client.write(&prod, found.as_ref(), &new).await.unwrap();
        assert!(matches!(posted, Posted::Created(_)), "{posted:?}");
        assert_eq!(fake.bodies(), [new]);
    }
}

#[tokio::test]
async fn requests_are_what_the_forges_expect() {
    for kind in KINDS {
        let fake = Fake::start(kind);
        post(&client(&fake, kind), &marker("prod"), "new")
            .await
            .unwrap();
        let seen = fake.mind().seen.clone();
        for one in &seen {
            let header = |name: &str| one.headers[name].clone();
            assert!(header("user-agent").starts_with("gwplan/"));
            if kind == Kind::GitHub {
                assert_eq!(header("accept"), "application/vnd.github+json");
                assert_eq!(header("x-github-api-version"), "2022-11-28");
            }
        }
        let query = seen[0].path.split_once('?').unwrap().1;
        match kind {
            Kind::GitHub => assert_eq!(query, "per_page=100&page=1"),
            Kind::GitLab => assert_eq!(query, "per_page=100&page=1&sort=asc&order_by=created_at"),
        }
        assert_eq!(seen[1].headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn the_forge_tells_where_a_request_comes_from() {
    for kind in KINDS {
        for is_fork in [false, true] {
            let fake = Fake::start(kind);
            fake.mind().is_fork = is_fork;
            let request = client(&fake, kind).request().await.unwrap();
            assert_eq!(
                (request.head.as_str(), request.is_fork),
                ("c0ffee", is_fork)
            );
        }
    }
}
