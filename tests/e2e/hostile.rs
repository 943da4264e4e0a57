//! A cloud whose every word is hostile: what it says is shown, and nothing more.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value as Json, json};

use crate::support::{Cloud, Gateway, Project, Run};

const TOKEN: &str = "the-canary/token+sings=no&song";

/// Sets a title, clears the screen in two ways, colours, hides and turns what follows, begins a line with
/// a workflow's command.
const EVIL: &str = "\u{1b}]0;pwn\u{7}\u{1b}[2J\u{9b}2J\u{1b}[31m\u{1b}[8m\u{202e}\u{2066}\u{85}\u{7f}\r\n::error::x";

/// Says what becomes of the cloud's answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Guise {
    /// They pass.
    Honest,
    /// Each text in them that has no form of its own ends hostile.
    Texts,
    /// All texts do, words of status and tags too; only ids that can't be read are left.
    Words,
    /// Each is an error that quotes the request's head.
    Error,
    /// Each is a proxy's page that shows the request's head.
    Page,
}

/// Stands between the program and a simulated cloud.
struct Hostile {
    url: String,
    guise: Arc<Mutex<Guise>>,
}

impl Hostile {
    fn before(cloud: &Cloud) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let guise = Arc::new(Mutex::new(Guise::Honest));
        let (seen, target) = (Arc::clone(&guise), cloud.url.replace("http://", ""));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (target, guise) = (target.clone(), *seen.lock().unwrap());
                // A connection that is opened and not used ends with an error, which is nothing.
                thread::spawn(move || serve(&stream, &target, guise).ok());
            }
        });
        Self { url, guise }
    }

    fn be(&self, guise: Guise) {
        *self.guise.lock().unwrap() = guise;
    }
}

/// Meets one request.
fn serve(mut stream: &TcpStream, target: &str, guise: Guise) -> std::io::Result<()> {
    let (head, body) = read_message(stream)?;
    let (status, answer) = match guise {
        Guise::Error => (200, error(&head)),
        Guise::Page => (
            403,
            format!("<html>{EVIL}<pre>{}</pre>", head.replace('/', "&#x2F;")),
        ),
        Guise::Honest | Guise::Texts | Guise::Words => {
            let mut cloud = TcpStream::connect(target)?;
            cloud.write_all(head.as_bytes())?;
            cloud.write_all(&body)?;
            let (_, answer) = read_message(&cloud)?;
            let mut answer: Json = serde_json::from_slice(&answer).unwrap();
            spoil(&mut answer, "", guise);
            (200, answer.to_string())
        }
    };
    let length = answer.len();
    let head =
        format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(answer.as_bytes())
}

/// Returns an error that says the request's head, in the spelling of JSON that escapes most.
fn error(head: &str) -> String {
    let said = json!({ "Response": {
        "Error": { "Code": format!("InvalidParameter.{EVIL}"), "Message": format!("{EVIL}{head}") },
        "RequestId": EVIL,
    }});
    said.to_string().replace('/', "\\/")
}

fn read_message(stream: &TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(said) = line.to_lowercase().strip_prefix("content-length:") {
            length = said.trim().parse().unwrap();
        }
        head += &line;
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((head, body))
}

/// Puts hostile text behind the texts of an answer.
fn spoil(json: &mut Json, key: &str, guise: Guise) {
    // Without these an answer can't be read, and the question is asked again for a minute.
    let ids = ["GatewayId", "AccountId"];
    // With these the answers still say whose the gateways are, and how they are.
    let words = ["Status", "TagKey", "TagValue", "Region", "TaskId"];
    let spared = ids.contains(&key) || guise == Guise::Texts && words.contains(&key);
    match json {
        Json::String(text) => {
            if guise != Guise::Honest && !spared {
                *text += EVIL;
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| spoil(item, key, guise)),
        Json::Object(map) => map
            .iter_mut()
            .for_each(|(key, value)| spoil(value, key, guise)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Fails where an output does more than it shows, or shows a secret.
#[track_caller]
fn inert(run: &Run, what: &str) {
    for (stream, text) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        let colours = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m"];
        let bare = colours
            .iter()
            .fold(text.clone(), |text, colour| text.replace(colour, ""));
        let hidden = |c: char| {
            (c.is_control() && c != '\n' && c != '\t')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!bare.contains(hidden), "{what}: {stream}: {text:?}");
        let command = bare.lines().any(|line| line.starts_with("::error::x"));
        assert!(!command, "{what}: {stream}: {text:?}");
        for secret in [
            "canary",
            "the-canary",
            gwplan::sim::DEFAULT_SECRET_KEY,
            "Signature=",
        ] {
            assert!(
                !text.contains(secret),
                "{what}: {stream} holds {secret}: {text}"
            );
        }
    }
}

/// How many of the commands come before those that write.
const READING: usize = 9;

const COMMANDS: &[&[&str]] = &[
    &["plan"],
    &["plan", "--format", "json"],
    &["plan", "--format", "markdown"],
    &["plan", "--format", "html"],
    &["plan", "--format", "github"],
    &["drift"],
    &["drift", "--format", "json"],
    &["orphans"],
    &["orphans", "--format", "json"],
    &["apply", "--auto-approve"],
    &["apply", "--auto-approve", "--format", "json"],
    &["recover"],
    &["destroy", "--auto-approve", "--format", "json"],
    &["show"],
    &["show", "--format", "json"],
    &["state", "list"],
    &["state", "show", "gateway.a"],
    &["import", "--all"],
];

#[test]
fn a_hostile_cloud_is_shown_and_does_nothing() {
    let cloud = Cloud::start(&["--create-time", "0s", "--delete-time", "0s"]);
    let hostile = Hostile::before(&cloud);
    let mut project = Project::on(&cloud);
    project.set("GWPLAN_ENDPOINT", &hostile.url);
    project.set("TENCENTCLOUD_TOKEN", TOKEN);
    project.write("gwplan.yaml", "provider: { region: ap-guangzhou }\ntimeouts: { create: 2s, delete: 2s, consistency: 1s }\n");
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    project.apply().well();
    project.gateways([Gateway::new("a"), Gateway::new("c")]);
    let mut spoke = 0;
    for guise in [Guise::Error, Guise::Page, Guise::Texts, Guise::Words] {
        hostile.be(guise);
        // Nothing that is made ever runs where its status says so in other words.
        let commands = if guise == Guise::Words {
            &COMMANDS[..READING]
        } else {
            COMMANDS
        };
        for command in commands {
            let mut arguments = vec!["-vv", "--color", "never"];
            arguments.extend(*command);
            let run = project.run(&arguments);
            inert(&run, &format!("{guise:?} {command:?}"));
            spoke += usize::from(run.stdout.contains("pwn") || run.stderr.contains("pwn"));
        }
    }
    assert!(spoke > 40, "the cloud's words were not shown: {spoke}");
}
