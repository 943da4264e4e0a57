//! A GitHub or a GitLab on this machine, as far as comments on one request go.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

/// The token that may write.
pub(crate) const TOKEN: &str = "canary-forge-token";
/// The id of whoever the token stands for.
pub(crate) const OWN: u64 = 41;
/// The id of somebody else.
pub(crate) const STRANGER: u64 = 666;

/// Names a forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    GitHub,
    GitLab,
}

/// Says how one request is met, when it is not met as it should be.
#[derive(Clone, Debug)]
pub(crate) enum Mishap {
    /// It is refused with a status, headers and a body.
    Refuse(u16, Vec<(&'static str, String)>, Json),
    /// It is not carried out, and the connection is closed.
    Drop,
    /// It is carried out, and the connection is closed before the answer.
    LoseAnswer,
    /// It is carried out, and answered with a server error.
    HideAnswer,
}

/// The name under which a workflow comments on GitHub, and one's own on GitLab.
pub(crate) const OWN_NAME: &str = "github-actions[bot]";
pub(crate) const OWN_LOGIN: &str = "gwplan-bot";
/// When comments are made and changed.
pub(crate) const SHOWN: &str = "2026-01-02T10:00:00Z";

/// Holds a request that was merged.
#[derive(Clone, Debug)]
pub(crate) struct Merged {
    pub(crate) number: u64,
    pub(crate) commit: &'static str,
    pub(crate) branch: &'static str,
    pub(crate) at: &'static str,
}

/// Holds a comment.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) id: u64,
    pub(crate) body: String,
    pub(crate) author: u64,
    pub(crate) is_system: bool,
    /// When it was last changed.
    pub(crate) changed: &'static str,
}

/// Holds what a request said.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// The path, and the query where there is one.
    pub(crate) path: String,
    /// The headers, by names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Json,
}

/// Holds everything that the forge knows and is told to do.
#[derive(Debug)]
pub(crate) struct Mind {
    kind: Kind,
    /// The path of the request's comments.
    comments: &'static str,
    pub(crate) kept: Vec<Kept>,
    pub(crate) seen: Vec<Seen>,
    /// What goes wrong with the next requests of a method.
    pub(crate) mishaps: BTreeMap<&'static str, VecDeque<Mishap>>,
    /// The requests that any commit has come from.
    pub(crate) merged: Vec<Merged>,
    /// The reviews of request 7: by whom, what, of which commit, and when.
    pub(crate) reviews: Vec<(&'static str, &'static str, &'static str, &'static str)>,
    /// Whether the token may only read.
    pub(crate) is_read_only: bool,
    /// Whether the request comes from a fork.
    pub(crate) is_fork: bool,
}

/// A forge with one request.
pub(crate) struct Fake {
    url: String,
    mind: Arc<Mutex<Mind>>,
}

impl Fake {
    /// Starts one: request 7 of `acme/edge` on GitHub, or of project 12 on GitLab.
    pub(crate) fn start(kind: Kind) -> Self {
        let mind = Arc::new(Mutex::new(Mind {
            kind,
            comments: match kind {
                Kind::GitHub => "/repos/acme/edge/issues/7/comments",
                Kind::GitLab => "/projects/12/merge_requests/7/notes",
            },
            kept: Vec::new(),
            seen: Vec::new(),
            mishaps: BTreeMap::new(),
            merged: Vec::new(),
            reviews: Vec::new(),
            is_read_only: false,
            is_fork: false,
        }));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        listener.set_nonblocking(true).unwrap();
        let served = Arc::clone(&mind);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(serve(listener, &served));
        });
        Self { url, mind }
    }

    /// Returns the base URL of the API.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns everything that it knows.
    pub(crate) fn mind(&self) -> MutexGuard<'_, Mind> {
        self.mind.lock().unwrap()
    }

    /// Adds a comment.
    pub(crate) fn add(&self, author: u64, body: &str) -> u64 {
        self.mind().add(author, body)
    }

    /// Makes the next requests of a method go wrong.
    pub(crate) fn mishaps(&self, method: &'static str, mishaps: Vec<Mishap>) {
        self.mind().mishaps.insert(method, mishaps.into());
    }

    /// Returns the texts of all comments.
    pub(crate) fn bodies(&self) -> Vec<String> {
        let kept = self.mind().kept.clone();
        kept.into_iter().map(|kept| kept.body).collect()
    }

    /// Returns how many requests of a method came.
    pub(crate) fn count(&self, method: &str) -> usize {
        let mind = self.mind();
        mind.seen.iter().filter(|one| one.method == method).count()
    }

    /// Returns how many requests came that change something.
    pub(crate) fn writes(&self) -> usize {
        let mind = self.mind();
        mind.seen.iter().filter(|one| one.method != "GET").count()
    }
}

impl Mind {
    fn add(&mut self, author: u64, body: &str) -> u64 {
        let id = 1000 + self.kept.len() as u64;
        self.kept.push(Kept {
            id,
            body: body.to_owned(),
            author,
            is_system: false,
            changed: SHOWN,
        });
        id
    }

    fn show(&self, kept: &Kept) -> Json {
        let Kept {
            id,
            body,
            author,
            is_system,
            changed,
        } = kept;
        let name = match self.kind {
            Kind::GitHub if *author == OWN => OWN_NAME,
            _ if *author == OWN => OWN_LOGIN,
            _ => "stranger",
        };
        match self.kind {
            Kind::GitHub => json!({
                "id": id,
                "body": body,
                "html_url": format!("https://github.example/acme/edge/pull/7#issuecomment-{id}"),
                "author_association": "NONE",
                "user": { "id": author, "login": name, "type": if *author == OWN { "Bot" } else { "User" } },
                "updated_at": changed,
            }),
            Kind::GitLab => json!({
                "id": id, "body": body, "system": is_system, "author": { "id": author, "username": name },
                "updated_at": changed,
            }),
        }
    }

    /// Answers a request; the third is what stands in the header `Link`.
    fn answer(&mut self, seen: &Seen) -> (u16, Json, Option<&'static str>) {
        let token = match self.kind {
            Kind::GitHub => seen.headers.get("authorization"),
            Kind::GitLab => seen.headers.get("private-token"),
        };
        let token = token.map(|token| token.trim_start_matches("Bearer "));
        if token != Some(TOKEN) {
            return (401, json!({ "message": "Bad credentials" }), None);
        }
        if self.is_read_only && seen.method != "GET" {
            let message = "Resource not accessible by integration";
            return (403, json!({ "message": message }), None);
        }
        let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
        match (seen.method.as_str(), path) {
            ("GET", "/user") if self.kind == Kind::GitLab => {
                (200, json!({ "id": OWN, "username": OWN_LOGIN }), None)
            }
            ("GET", path) if path.contains("/commits/") => {
                let merged = self.merged.iter();
                (200, merged.map(|one| self.show_merged(one)).collect(), None)
            }
            (
                "GET",
                "/repos/acme/edge/pulls/7/reviews" | "/projects/12/merge_requests/7/approvals",
            ) => (200, self.show_reviews(), None),
            ("GET", "/user") => (403, json!({ "message": "Resource not accessible" }), None),
            ("GET", path) if path == self.comments => self.list(query),
            ("GET", "/repos/acme/edge/pulls/7") => {
                let head = if self.is_fork {
                    "other/edge"
                } else {
                    "acme/edge"
                };
                let side = |name: &str| json!({ "sha": "c0ffee", "repo": { "full_name": name } });
                (
                    200,
                    json!({ "head": side(head), "base": side("acme/edge") }),
                    None,
                )
            }
            ("GET", "/projects/12/merge_requests/7") => {
                let source = if self.is_fork { 13 } else { 12 };
                let shown = json!({
                    "sha": "c0ffee", "source_project_id": source, "target_project_id": 12,
                });
                (200, shown, None)
            }
            ("POST", path) if path == self.comments => {
                let body = seen.body["body"].as_str().unwrap();
                self.add(OWN, body);
                (201, self.show(self.kept.last().unwrap()), None)
            }
            ("PATCH" | "PUT", path) => self.change(path, &seen.body),
            _ => (404, json!({ "message": "Not Found" }), None),
        }
    }

    fn show_merged(&self, merged: &Merged) -> Json {
        let Merged {
            number,
            commit,
            branch,
            at,
        } = merged;
        match self.kind {
            Kind::GitHub => json!({
                "number": number, "merge_commit_sha": commit, "merged_at": at,
                "base": { "ref": branch }, "head": { "sha": "c0ffee" }, "user": { "login": "author" },
            }),
            Kind::GitLab => json!({
                "iid": number, "merge_commit_sha": commit, "merged_at": at, "state": "merged",
                "target_branch": branch, "sha": "c0ffee", "author": { "username": "author" },
                "merge_user": { "username": "merger" },
            }),
        }
    }

    fn show_reviews(&self) -> Json {
        let reviews = self.reviews.iter();
        match self.kind {
            Kind::GitHub => reviews
                .map(|(by, state, commit, at)| {
                    json!({
                        "user": { "login": by }, "state": state, "commit_id": commit, "submitted_at": at,
                        "author_association": if *by == "stranger" { "NONE" } else { "MEMBER" },
                    })
                })
                .collect(),
            Kind::GitLab => {
                let approved = reviews.filter(|(_, state, ..)| *state == "APPROVED");
                let approved = approved.map(|(by, _, _, at)| {
                    json!({ "user": { "username": by }, "approved_at": at })
                });
                json!({ "approved_by": approved.collect::<Json>() })
            }
        }
    }

    fn list(&self, query: &str) -> (u16, Json, Option<&'static str>) {
        let query: BTreeMap<&str, &str> = query
            .split('&')
            .filter_map(|one| one.split_once('='))
            .collect();
        let number = |name: &str| query[name].parse::<usize>().unwrap();
        let (size, page) = (number("per_page"), number("page"));
        let begin = size * (page - 1);
        let page = self.kept.iter().skip(begin).take(size);
        let list = page.map(|kept| self.show(kept)).collect();
        let goes_on = begin + size < self.kept.len();
        // The host of the link must be of no matter.
        let link = goes_on.then_some("<https://elsewhere.example/?page=2>; rel=\"next\"");
        (200, list, link)
    }

    fn change(&mut self, path: &str, body: &Json) -> (u16, Json, Option<&'static str>) {
        let base = match self.kind {
            Kind::GitHub => "/repos/acme/edge/issues/comments/",
            Kind::GitLab => "/projects/12/merge_requests/7/notes/",
        };
        let id = path.strip_prefix(base).and_then(|id| id.parse().ok());
        let at = self.kept.iter().position(|kept| Some(kept.id) == id);
        match at {
            None => (404, json!({ "message": "Not Found" }), None),
            Some(at) => {
                self.kept[at].body = body["body"].as_str().unwrap().into();
                (200, self.show(&self.kept[at]), None)
            }
        }
    }
}

async fn serve(listener: std::net::TcpListener, mind: &Arc<Mutex<Mind>>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let mind = Arc::clone(mind);
        let service = service_fn(move |request| meet(Arc::clone(&mind), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// Meets one request; an error closes the connection.
async fn meet(
    mind: Arc<Mutex<Mind>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap().to_owned();
    let seen = Seen {
        method: head.method.to_string(),
        path: head.uri.path_and_query().unwrap().to_string(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let mut mind = mind.lock().unwrap();
    mind.seen.push(seen.clone());
    let mishap = mind
        .mishaps
        .get_mut(seen.method.as_str())
        .and_then(VecDeque::pop_front);
    let closed = || std::io::Error::other("closed");
    match mishap {
        Some(Mishap::Drop) => return Err(closed()),
        Some(Mishap::LoseAnswer) => {
            mind.answer(&seen);
            return Err(closed());
        }
        Some(Mishap::HideAnswer) => {
            mind.answer(&seen);
            return Ok(respond(502, &[], "<html>Bad gateway</html>".to_owned()));
        }
        Some(Mishap::Refuse(status, headers, body)) => {
            return Ok(respond(status, &headers, body.to_string()));
        }
        None => {}
    }
    let (status, body, link) = mind.answer(&seen);
    let link = link.map(|link| ("link", link.to_owned()));
    Ok(respond(status, link.as_slice(), body.to_string()))
}

fn respond(status: u16, headers: &[(&str, String)], body: String) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(Full::new(Bytes::from(body))).unwrap()
}
