//! Reads lists that come in pages.

use std::collections::BTreeMap;
use std::ops::Range;

use tokio::task::JoinSet;

use crate::api::{Call, Client, Error, ErrorKind};
use crate::crash;
use crate::kinds::{Kind, Page};
use crate::model::Observed;

use super::refresh::IN_FLIGHT;

/// How often a list is read whose pages shift meanwhile; what any reading shows is there.
const READINGS: usize = 3;

/// The most resources that a list may say it has: a total beyond is no count of anything, and would have
/// us ask for ever.
const MAX_TOTAL: usize = 1_000_000;

/// How many pages of one reading may show nothing new. Some do, since the cloud counts what was made a
/// moment ago before it shows it; a list of which this many don't has no end that could be reached.
const MAX_BARREN: usize = 100;

/// Reads all pages of a list.
///
/// Pages shift while resources come and go, and then one can slip through between two pages. It shows
/// by a total that changes or is not reached, and then the list is read again.
pub(super) async fn list_pages(
    client: &Client,
    kind: &'static dyn Kind,
    region: &str,
    page_at: impl Fn(usize) -> Call<Page>,
) -> Result<Vec<Observed>, Error> {
    let mut seen = BTreeMap::new();
    for _ in 0..READINGS {
        let read = read_once(client, kind, region, &page_at).await?;
        seen.extend(read.found);
        if read.is_whole {
            break;
        }
    }
    crash::point("a list is read");
    Ok(seen.into_values().collect())
}

/// Holds what one reading of a list has shown.
#[derive(Default)]
struct Reading {
    found: BTreeMap<String, Observed>,
    /// Whether the pages were all of one list, and showed as much as it counts.
    is_whole: bool,
}

impl Reading {
    /// Takes a page, and tells whether it showed anything new.
    fn take(&mut self, page: Page) -> bool {
        let before = self.found.len();
        let items = page.items.into_iter();
        self.found.extend(items.map(|one| (one.id.clone(), one)));
        self.found.len() > before
    }
}

/// Reads the pages once. A page is asked for when there is room for its answer: what is held grows with
/// what the cloud shows, not with what it says it could show.
async fn read_once(
    client: &Client,
    kind: &'static dyn Kind,
    region: &str,
    page_at: &impl Fn(usize) -> Call<Page>,
) -> Result<Reading, Error> {
    let first = page_at(0);
    let action = first.action;
    let first = client.call(region, first).await?;
    let total = first.total;
    if total > MAX_TOTAL {
        let says = format!("the list says that it holds {total}, and {MAX_TOTAL} are read at most");
        return Err(endless(action, region, &says));
    }
    let mut reading = Reading::default();
    let (mut steady, mut barren) = (true, 0);
    reading.take(first);
    let mut offsets = (kind.page_size()..total).step_by(kind.page_size());
    let mut asked = JoinSet::new();
    loop {
        let free: Range<usize> = asked.len()..IN_FLIGHT;
        for offset in offsets.by_ref().take(free.len()) {
            let (client, region, call) = (client.clone(), region.to_owned(), page_at(offset));
            asked.spawn(async move { client.call(&region, call).await });
        }
        let Some(answer) = asked.join_next().await else {
            break;
        };
        // A task ends early by a panic alone, which goes on here.
        let page = answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        steady &= page.total == total;
        if !reading.take(page) {
            barren += 1;
        }
        if barren > MAX_BARREN {
            let says = format!(
                "the list says that it holds {total}, and {barren} of its pages showed nothing new"
            );
            return Err(endless(action, region, &says));
        }
    }
    reading.is_whole = steady && reading.found.len() >= total;
    Ok(reading)
}

/// Reports a list whose end can't be reached; nothing may be concluded from what it does not show.
fn endless(action: &'static str, region: &str, says: &str) -> Error {
    Error {
        kind: ErrorKind::Invalid,
        action,
        code: None,
        message: format!(
            "{says}: the list of {region} can't be read to its end; run it again in a minute, and check the endpoint if it stays so"
        ),
        request_id: None,
    }
}
