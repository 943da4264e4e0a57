//! Our comment on a request: found again by its marker, written once, and changed in its place.

use serde_json::{Value as Json, json};
use tokio::sync::OnceCell;

use crate::model::{Clock, Fault};

use super::client::{Ask, Client, PAGE, Settings};
use super::dialect::{Note, path};
use super::error::{Error, ErrorKind};
use super::marker::Marker;
use super::pipeline::Target;

/// How many pages are read at most.
const MAX_PAGES: usize = 300;
/// How often a comment is sent whose answer was lost, and that is nowhere to be seen.
const MAX_SENDS: usize = 3;

/// Holds a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Its text.
    pub body: String,
    /// Its page, if the forge tells.
    pub url: Option<String>,
}

/// Holds what the forge says about the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The commit that is to be merged.
    pub head: String,
    /// Whether that commit comes from a copy of the repository, which anybody can have.
    pub is_fork: bool,
}

/// Says what became of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It is new.
    Created(Comment),
    /// It stands in the place of what was there.
    Updated(Comment),
    /// It was there already: nothing was sent.
    Unchanged(Comment),
}

impl Posted {
    /// Returns the comment.
    pub fn comment(&self) -> &Comment {
        match self {
            Self::Created(comment) | Self::Updated(comment) | Self::Unchanged(comment) => comment,
        }
    }
}

/// Reads and writes the comments of one request.
#[derive(Debug)]
pub struct Comments {
    client: Client,
    /// Our own id, once it was asked for; nothing where the forge does not tell.
    own: OnceCell<Option<u64>>,
}

impl Comments {
    /// Gets ready to comment; nothing is sent yet.
    pub fn new(target: Target, settings: Settings, clock: Clock) -> Result<Self, Fault> {
        Ok(Self {
            client: Client::new(target, settings, clock)?,
            own: OnceCell::new(),
        })
    }

    /// Asks what the forge knows about the request.
    pub async fn request(&self) -> Result<Request, Error> {
        let dialect = self.client.dialect();
        let ask = Ask::read(dialect.request(&self.client.target));
        let answer = self.client.ask(&ask).await?;
        let request = dialect.read_request(&answer.json);
        request.ok_or_else(|| self.unreadable("about the request"))
    }

    /// Finds our comment among all of the request's.
    pub async fn find(&self, marker: &Marker) -> Result<Option<Comment>, Error> {
        for page in 1..=MAX_PAGES {
            let (notes, goes_on) = self.page(page).await?;
            let likely = notes.into_iter();
            for note in likely.filter(|note| marker.begins(&note.comment.body)) {
                if self.is_ours(&note).await? {
                    return Ok(Some(note.comment));
                }
            }
            if !goes_on {
                return Ok(None);
            }
        }
        Err(too_many())
    }

    /// Returns all comments that begin with a marker, whoever has written them.
    pub(super) async fn marked(&self, marker: &Marker) -> Result<Vec<Note>, Error> {
        let mut found = Vec::new();
        for page in 1..=MAX_PAGES {
            let (notes, goes_on) = self.page(page).await?;
            found.extend(
                notes
                    .into_iter()
                    .filter(|note| marker.begins(&note.comment.body)),
            );
            if !goes_on {
                return Ok(found);
            }
        }
        Err(too_many())
    }

    /// Writes our comment: in the place of the one that was found, or anew. The text must begin with the
    /// marker, and where that is all that it would change, nothing is sent.
    pub async fn write(
        &self,
        marker: &Marker,
        found: Option<&Comment>,
        body: &str,
    ) -> Result<Posted, Error> {
        let Some(found) = found else {
            return self.create(marker, body).await;
        };
        if is_same(&found.body, body) {
            return Ok(Posted::Unchanged(found.clone()));
        }
        match self.change(found, body).await {
            // Somebody has deleted it meanwhile.
            Err(error) if error.kind == ErrorKind::Gone => self.create(marker, body).await,
            changed => Ok(Posted::Updated(changed?)),
        }
    }

    /// Writes a new comment, and sends it again only when it is known not to be there.
    async fn create(&self, marker: &Marker, body: &str) -> Result<Posted, Error> {
        let ask = || Ask {
            method: reqwest::Method::POST,
            path: self.client.dialect().comments(&self.client.target),
            query: Vec::new(),
            body: Some(json!({ "body": body })),
            is_repeatable: false,
        };
        let mut sends = 1;
        loop {
            let lost = match self.client.ask(&ask()).await {
                Ok(answer) => return Ok(Posted::Created(self.comment(&answer.json)?)),
                Err(error) if error.kind == ErrorKind::Lost => error,
                Err(error) => return Err(error),
            };
            if sends == MAX_SENDS || !self.client.pause().await {
                return Err(lost);
            }
            if let Some(found) = self.find(marker).await? {
                if is_same(&found.body, body) {
                    return Ok(Posted::Created(found));
                }
                return Ok(Posted::Updated(self.change(&found, body).await?));
            }
            sends += 1;
        }
    }

    async fn change(&self, found: &Comment, body: &str) -> Result<Comment, Error> {
        let dialect = self.client.dialect();
        let ask = Ask {
            method: dialect.change(),
            path: dialect.comment(&self.client.target, found.id),
            query: Vec::new(),
            body: Some(json!({ "body": body })),
            is_repeatable: true,
        };
        self.comment(&self.client.ask(&ask).await?.json)
    }

    /// Reads one page of comments, and tells whether there are more.
    async fn page(&self, number: usize) -> Result<(Vec<Note>, bool), Error> {
        let dialect = self.client.dialect();
        let path = dialect.comments(&self.client.target);
        let page = self.client.page(path, dialect.order(), number).await?;
        let (list, goes_on) = page.ok_or_else(|| self.unreadable("about the comments"))?;
        let notes = list.iter().filter_map(|json| dialect.read_comment(json));
        Ok((notes.collect(), goes_on))
    }

    /// Tells whether a comment with our marker is ours, and not one that an outsider has planted: it
    /// would be changed, stay theirs, and could then say what they like.
    async fn is_ours(&self, note: &Note) -> Result<bool, Error> {
        if note.is_insider {
            return Ok(true);
        }
        let own = self.own.get_or_try_init(|| self.ask_who_we_are()).await?;
        Ok(match own {
            Some(own) => note.author == Some(*own),
            None => self.client.dialect().trusts_unknown(),
        })
    }

    async fn ask_who_we_are(&self) -> Result<Option<u64>, Error> {
        match self.client.ask(&Ask::read(path(&["user"]))).await {
            Ok(answer) => Ok(answer.json["id"].as_u64()),
            Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Gone) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn comment(&self, json: &Json) -> Result<Comment, Error> {
        let note = self.client.dialect().read_comment(json);
        note.map(|note| note.comment)
            .ok_or_else(|| self.unreadable("about the comment"))
    }

    fn unreadable(&self, about: &str) -> Error {
        let forge = self.client.target.forge;
        let message = format!("{forge} answers {about} in a shape that gwplan doesn't know");
        Error::new(ErrorKind::Unexpected, message).hint("check the URL of the API (--api-url)")
    }
}

fn too_many() -> Error {
    let message = format!("the request has more than {} comments", PAGE * MAX_PAGES);
    Error::new(ErrorKind::Unexpected, message)
}

/// Tells whether two texts are the same, but for what forges change about one that they keep.
fn is_same(kept: &str, sent: &str) -> bool {
    let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    lines(kept) == lines(sent)
}
