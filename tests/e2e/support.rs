//! Projects in temporary folders, simulated clouds in processes of their own, and runs of the program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use gwplan::backend::{Backend, LocalBackend};
use gwplan::sim::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY};
use gwplan::state::encode;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// Where `kill` is found; nothing else of the tests' own environment reaches the program.
const PATH: &str = "/usr/bin:/bin";
/// How often something that has to come about is looked for, and the pause in between: a minute.
const LOOKS: u32 = 1200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Begins a command line of the program with an environment that holds nothing of this machine's.
fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gwplan"));
    command
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", home)
        .env("USER", "tester")
        .env("GWPLAN_METADATA", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Holds how a run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Fails the test unless the run ended so.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails the test unless the run ended well.
    #[track_caller]
    pub(crate) fn well(self) -> Self {
        self.ended(0)
    }

    /// Reads stdout as one JSON text.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Reads stdout as JSON texts, one a line.
    pub(crate) fn json_lines(&self) -> Vec<Json> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A project in a temporary folder, with the environment that the program sees in it.
pub(crate) struct Project {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

impl Project {
    /// Makes an empty folder.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        std::fs::create_dir(folder.path().join("project")).unwrap();
        Self {
            folder,
            environment: BTreeMap::new(),
        }
    }

    /// Makes a project that talks to a cloud.
    pub(crate) fn on(cloud: &Cloud) -> Self {
        let mut project = Self::empty();
        project.write("gwplan.yaml", "provider: { region: ap-guangzhou }\n");
        project.connect(cloud);
        project
    }

    /// Sets a variable for all runs to come.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a variable away from all runs to come.
    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// Points all runs to come at a cloud.
    pub(crate) fn connect(&mut self, cloud: &Cloud) {
        self.set("GWPLAN_ENDPOINT", &cloud.url);
        self.set("TENCENTCLOUD_SECRET_ID", DEFAULT_SECRET_ID);
        self.set("TENCENTCLOUD_SECRET_KEY", DEFAULT_SECRET_KEY);
    }

    /// Returns the path of a file of the project.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("project").join(name)
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Writes the gateways file.
    pub(crate) fn gateways<'a>(&self, gateways: impl IntoIterator<Item = Gateway<'a>>) {
        let blocks: String = gateways.into_iter().map(|gateway| gateway.yaml()).collect();
        let text = if blocks.is_empty() {
            "gateways: {}\n".to_owned()
        } else {
            format!("gateways:\n{blocks}")
        };
        self.write("gateways.yaml", &text);
    }

    /// Begins a command line of the program in the project.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&self.folder.path().join("home"));
        command
            .current_dir(self.path(""))
            .envs(&self.environment)
            .args(arguments);
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Runs the program where no file may grow beyond some blocks of 512 bytes: a write beyond them
    /// fails, or kills the program.
    pub(crate) fn run_within(&self, blocks: u32, killed: bool, arguments: &[&str]) -> Run {
        let trap = if killed { "" } else { "trap '' XFSZ; " };
        let script = format!("{trap}ulimit -f {blocks}; exec \"$0\" \"$@\"");
        self.run_under(&["/bin/sh", "-c", &script], arguments)
    }

    /// Runs the program by another one, which takes it and its arguments behind its own.
    pub(crate) fn run_under(&self, other: &[&str], arguments: &[&str]) -> Run {
        let own = self.command(arguments);
        let mut command = Command::new(other[0]);
        command
            .current_dir(self.path(""))
            .env_clear()
            .envs(
                own.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .args(&other[1..])
            .arg(own.get_program())
            .args(own.get_args());
        Run::of(command.output().unwrap())
    }

    /// Starts the program and lets it run.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running(Some(self.command(arguments).spawn().unwrap()))
    }

    /// Returns the digest that a plan shows.
    #[track_caller]
    pub(crate) fn digest(&self) -> String {
        let plan = self.run(&["plan"]).well().stdout;
        let line = plan.lines().find_map(|line| line.strip_prefix("Digest: "));
        line.unwrap().to_owned()
    }

    /// Applies without asking.
    pub(crate) fn apply(&self) -> Run {
        self.run(&["apply", "--auto-approve"])
    }

    /// Destroys without asking.
    pub(crate) fn destroy(&self) -> Run {
        self.run(&["destroy", "--auto-approve"])
    }

    /// Reads the state, what stands in its journal included; null where there is none.
    pub(crate) fn state(&self) -> Json {
        let backend = LocalBackend::new(
            self.path("state/default.json"),
            "state",
            gwplan::kinds::id_form,
        );
        match backend.load().unwrap() {
            Some(loaded) => serde_json::from_slice(&encode(&loaded.state)).unwrap(),
            None => Json::Null,
        }
    }

    /// Returns the state's record of a gateway; null where there is none.
    pub(crate) fn record(&self, name: &str) -> Json {
        self.state()["resources"][format!("gateway.{name}")].clone()
    }

    /// Returns how many records have each status.
    pub(crate) fn statuses(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let state = self.state();
        for record in state["resources"]
            .as_object()
            .into_iter()
            .flat_map(|map| map.values())
        {
            let status = record["status"].as_str().unwrap().to_owned();
            *counts.entry(status).or_default() += 1;
        }
        counts
    }

    /// Returns a gateway's id from the state.
    pub(crate) fn id(&self, name: &str) -> String {
        self.record(name)["gatewayId"].as_str().unwrap().to_owned()
    }

    /// Waits until the state has as many records of a status.
    #[track_caller]
    pub(crate) fn wait_for(&self, status: &str, count: usize) {
        look_until(&format!("{count} records that are {status}"), || {
            self.statuses().get(status).copied().unwrap_or_default() >= count
        });
    }
}

/// Looks again and again until something has come about.
#[track_caller]
pub(crate) fn look_until(what: &str, mut came: impl FnMut() -> bool) {
    for _ in 0..LOOKS {
        if came() {
            return;
        }
        sleep(BETWEEN_LOOKS);
    }
    panic!("there never were {what}");
}

/// Describes a gateway of a project's files.
#[derive(Clone, Copy)]
pub(crate) struct Gateway<'a> {
    name: &'a str,
    after: &'a [&'a str],
    more: &'a str,
}

impl<'a> Gateway<'a> {
    /// Describes a small gateway.
    pub(crate) fn new(name: &'a str) -> Self {
        Self {
            name,
            after: &[],
            more: "",
        }
    }

    /// Makes it come after others.
    pub(crate) fn after(mut self, after: &'a [&'a str]) -> Self {
        self.after = after;
        self
    }

    /// Adds a line of YAML in flow style, such as `description: A`.
    pub(crate) fn with(mut self, more: &'a str) -> Self {
        self.more = more;
        self
    }

    pub(crate) fn yaml(&self) -> String {
        let Self { name, after, more } = self;
        let mut text = format!(
            "  {name}:\n    name: {name}\n    gatewayVersion: 2.5.1\n    \
             nodeConfig: {{ specification: 1c2g, number: 2 }}\n    \
             vpcConfig: {{ vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }}\n"
        );
        if !more.is_empty() {
            let _ = writeln!(text, "    {more}");
        }
        if !after.is_empty() {
            let names: Vec<String> = after.iter().map(|name| format!("gateway.{name}")).collect();
            let _ = writeln!(text, "    dependsOn: [{}]", names.join(", "));
        }
        text
    }
}

/// Returns the names `g000`, `g001` and so on.
pub(crate) fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("g{number:03}")).collect()
}

/// Describes as many small gateways.
pub(crate) fn fleet(names: &[String]) -> Vec<Gateway<'_>> {
    names.iter().map(|name| Gateway::new(name)).collect()
}

/// A run that is under way; it is killed when the test is done with it.
pub(crate) struct Running(Option<Child>);

impl Running {
    /// Takes a process over.
    pub(crate) fn of(child: Child) -> Self {
        Self(Some(child))
    }

    /// Returns how it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.as_mut().unwrap().try_wait().unwrap()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.0.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Run {
        Run::of(self.0.take().unwrap().wait_with_output().unwrap())
    }

    /// Returns the id of the process.
    pub(crate) fn process(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    /// Goes away as the reader of stdout.
    pub(crate) fn close_stdout(&mut self) {
        drop(self.0.as_mut().unwrap().stdout.take());
    }

    /// Takes the run's stderr, to be read while it goes on.
    pub(crate) fn stderr(&mut self) -> BufReader<ChildStderr> {
        BufReader::new(self.0.as_mut().unwrap().stderr.take().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// A simulated cloud in a process of its own.
pub(crate) struct Cloud {
    pub(crate) url: String,
    child: Child,
    _home: TempDir,
}

impl Cloud {
    /// Starts a cloud that works at once and sets no limit on requests, unless the flags say else.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut all = vec!["simulator", "-q"];
        for (flag, value) in [
            ("--seed", "7"),
            ("--create-time", "0s"),
            ("--delete-time", "0s"),
            ("--rps", "0"),
        ] {
            if !flags.contains(&flag) {
                all.extend([flag, value]);
            }
        }
        all.extend(flags);
        let home = tempfile::tempdir().unwrap();
        let mut child = program(home.path())
            .args(&all)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Self {
            url,
            child,
            _home: home,
        }
    }

    fn control(&self, method: &str, page: &str, body: &Json) -> Json {
        let (status, answer) = request(&self.url, method, page, body);
        assert_eq!(status, 200, "{method} {page}: {answer}");
        answer
    }

    /// Returns the counts of calls, rejections and gateways.
    pub(crate) fn stats(&self) -> Json {
        self.control("GET", "stats", &Json::Null)
    }

    /// Returns how many requests of an action came.
    pub(crate) fn calls(&self, action: &str) -> u64 {
        self.stats()["calls"][action].as_u64().unwrap_or_default()
    }

    /// Returns every gateway, in the order in which they were made.
    pub(crate) fn gateways(&self) -> Vec<Json> {
        let shown = self.control("GET", "gateways", &Json::Null);
        shown.as_array().unwrap().clone()
    }

    /// Returns the names of all gateways, in the order in which they were made.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |gateway: &Json| gateway["Name"].as_str().unwrap().to_owned();
        self.gateways().iter().map(name).collect()
    }

    /// Sets the cloud's clock so many seconds ahead of this machine's.
    pub(crate) fn set_clock(&self, ahead: i32) {
        self.control("POST", "clock", &json!(ahead));
    }

    /// Replaces the rules of misbehaviour.
    pub(crate) fn set_faults(&self, rules: &[&str]) {
        self.control("POST", "faults", &json!(rules));
    }

    /// Changes a gateway as if someone had done so elsewhere.
    pub(crate) fn patch(&self, id: &str, changes: &Json) {
        self.control("POST", &format!("gateways/{id}"), changes);
    }

    /// Deletes a gateway as if someone had done so elsewhere.
    pub(crate) fn delete(&self, id: &str) {
        self.control("DELETE", &format!("gateways/{id}"), &Json::Null);
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Asks for a control page and returns the status and the answer.
fn request(url: &str, method: &str, page: &str, body: &Json) -> (u16, Json) {
    let host = url.strip_prefix("http://").unwrap();
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "{method} /_simulator/{page} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}
