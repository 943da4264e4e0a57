//! A server on this machine that plays a script and keeps what it was sent.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Says how one request is met.
#[derive(Clone)]
pub(crate) enum Play {
    /// It is answered with this status and body.
    Answer(u16, String),
    /// It is answered with a head that promises more than the body holds.
    Cut(String),
    /// Its body is never read, and the connection is reset.
    Reset,
    /// It is answered after this long.
    Slow(Duration, String),
    /// It is sent elsewhere.
    Redirect(String),
}

/// Holds what a request said.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The method and the path.
    pub(crate) line: String,
    /// The headers, by names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body.
    pub(crate) body: String,
}

/// Plays a script; the last entry is played for ever.
pub(crate) struct Server {
    address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Starts on a free port.
    pub(crate) fn start(script: Vec<Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, script) = (Arc::clone(&kept), script.clone());
                // A connection that is opened and not used ends with an error, which is nothing.
                thread::spawn(move || serve(stream?, &kept, &script));
            }
        });
        Self { address, seen }
    }

    /// Returns the base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns what was sent so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Seen>>, script: &[Play]) -> std::io::Result<()> {
    let mut seen = read_head(&mut stream)?;
    let number = kept.lock().unwrap().len();
    let play = &script[number.min(script.len() - 1)];
    if matches!(play, Play::Reset) {
        kept.lock().unwrap().push(seen);
        // Give the body time to arrive: a socket closed over unread bytes resets its connection.
        thread::sleep(Duration::from_millis(20));
        return Ok(());
    }
    let length = seen.headers.get("content-length");
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body)?;
    seen.body = String::from_utf8(body).unwrap();
    kept.lock().unwrap().push(seen);
    let (status, length, extra, body) = match play {
        Play::Answer(status, body) => (*status, body.len(), String::new(), body.as_str()),
        Play::Cut(body) => (200, body.len() + 100, String::new(), body.as_str()),
        Play::Slow(pause, body) => {
            thread::sleep(*pause);
            (200, body.len(), String::new(), body.as_str())
        }
        Play::Redirect(to) => (302, 0, format!("Location: {to}\r\n"), ""),
        Play::Reset => return Ok(()),
    };
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n{extra}\r\n{body}"
    )
}

fn read_head(stream: &mut TcpStream) -> std::io::Result<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    Ok(Seen {
        line: lines.next().unwrap().to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect(),
        body: String::new(),
    })
}
