//! Lists of a cloud that says anything about how long they are.

use std::collections::BTreeSet;

use gwplan::engine::list_all_kinds;
use serde_json::json;

use crate::loopback::{Play, Server};
use crate::transport::client;

/// Answers with a page that holds these gateways, of as many as it says.
fn page(total: u64, ids: &[String]) -> Play {
    let items: Vec<_> = ids
        .iter()
        .map(|id| json!({ "GatewayId": id, "Name": "a", "Status": "Running", "GatewayVersion": "2.5.1" }))
        .collect();
    let result =
        json!({ "Result": { "TotalCount": total, "GatewayList": items }, "RequestId": "r" });
    Play::Answer(200, json!({ "Response": result }).to_string())
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("gateway-{n:08x}")).collect()
}

/// Lists a region; gives what is wrong or how many were found, and how many requests came.
async fn list(script: Vec<Play>) -> (Result<usize, String>, usize) {
    let server = Server::start(script);
    let regions = BTreeSet::from(["ap-guangzhou".to_owned()]);
    let found = list_all_kinds(&client(&server.url()), &regions).await;
    let found = found
        .map(|snapshot| snapshot.found.len())
        .map_err(|fault| told(&fault));
    (found, server.seen().len())
}

/// Writes an error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[tokio::test]
async fn a_total_that_is_no_count_is_an_error_at_the_first_page() {
    for total in [1_000_001, 1_000_000_000_000, u64::MAX] {
        let (found, asked) = list(vec![page(total, &ids(100))]).await;
        let error = found.unwrap_err();
        assert!(error.contains(&format!("it holds {total}")), "{error}");
        assert_eq!(asked, 1);
    }
}

#[tokio::test]
async fn a_list_that_never_ends_is_an_error() {
    for again in [page(1_000_000, &[]), page(1_000_000, &ids(100))] {
        let (found, asked) = list(vec![page(1_000_000, &ids(100)), again]).await;
        let error = found.unwrap_err();
        assert!(error.contains("showed nothing new"), "{error}");
        assert!(asked < 120, "{asked}");
    }
}

#[tokio::test]
async fn pages_that_show_nothing_yet_hide_none_of_those_behind_them() {
    // What was made a moment ago is counted, and not shown yet.
    let mut script = vec![page(600, &[]); 5];
    script.push(page(600, &ids(100)));
    let (found, asked) = list(script).await;
    assert_eq!(found.unwrap(), 100);
    assert!(asked >= 6, "{asked}");
}
