//! What a process has asked of its disk, read from the output of `strace`.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The calls that change files, and those that move the place in a file.
const CALLS: &str = "open,openat,creat,read,write,pwrite64,lseek,ftruncate,fsync,fdatasync,rename,renameat,\
                     renameat2,unlink,unlinkat,link,linkat,mkdir,mkdirat,rmdir,close";
/// Calls that would change files in a way that this does not follow.
const UNKNOWN: &str = "writev,pwritev,truncate,dup,dup2,dup3,copy_file_range,sendfile,fallocate";

/// Returns the command that runs a program and writes down what it asks for.
pub(crate) fn command(file: &str) -> Vec<String> {
    let calls = format!("trace={CALLS},{UNKNOWN}");
    // Strings in hexadecimal and whole: a state is longer than what is shown by default.
    let options = [
        "strace", "-f", "-xx", "-s", "16777216", "-e", &calls, "-o", file,
    ];
    options.map(str::to_owned).to_vec()
}

/// A number by which a process knows an open file.
pub(crate) type Descriptor = i64;

/// One call that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Open {
        descriptor: Descriptor,
        path: PathBuf,
        truncates: bool,
    },
    Close(Descriptor),
    /// Bytes at the place where the file stands, which they move.
    Write(Descriptor, Vec<u8>),
    WriteAt(Descriptor, u64, Vec<u8>),
    /// So many bytes were read.
    Read(Descriptor, u64),
    Seek(Descriptor, u64),
    SetLength(Descriptor, u64),
    Sync(Descriptor),
    Rename(PathBuf, PathBuf),
    /// A second name, and the first one stays.
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
    MakeFolder(PathBuf),
    /// A call that would have to be followed if it is about a file of the project.
    Unknown(Descriptor, String),
}

/// Reads the calls that succeeded, in the order in which they ended.
///
/// One that had not ended when the process was killed may not have happened: it counts as if not.
pub(crate) fn read(text: &str) -> Vec<Event> {
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut events = Vec::new();
    for line in text.lines() {
        let (thread, line) = line.split_once(' ').unwrap();
        let line = line.trim_start();
        if let Some(start) = line.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, start);
        } else if let Some(rest) = line.strip_prefix("<... ") {
            let rest = rest.split_once(" resumed>").unwrap().1;
            let start = begun.remove(thread).unwrap();
            events.extend(event(&format!("{start}{rest}")));
        } else {
            events.extend(event(line));
        }
    }
    events
}

/// Reads one call, `name(argument, ...) = result`; nothing where it failed, or is no call.
fn event(line: &str) -> Option<Event> {
    let (call, result) = line.rsplit_once(" = ")?;
    let (name, arguments) = call.trim_end().strip_suffix(')')?.split_once('(')?;
    let result: i64 = result.split(' ').next()?.parse().ok()?;
    if result < 0 {
        return None;
    }
    let arguments: Vec<&str> = arguments.split(", ").collect();
    let number = |at: usize| arguments[at].parse::<i64>().unwrap();
    let size = |at: usize| arguments[at].parse::<u64>().unwrap();
    // What was written may be less than what was asked for.
    let written = || bytes(arguments[1])[..usize::try_from(result).unwrap()].to_vec();
    let truncates = || arguments.iter().any(|flags| flags.contains("O_TRUNC"));
    Some(match name {
        "open" | "openat" | "creat" => Event::Open {
            descriptor: result,
            path: path(arguments[usize::from(name == "openat")]),
            truncates: name == "creat" || truncates(),
        },
        "close" => Event::Close(number(0)),
        "write" => Event::Write(number(0), written()),
        "pwrite64" => Event::WriteAt(number(0), size(3), written()),
        "read" => Event::Read(number(0), u64::try_from(result).unwrap()),
        "lseek" => Event::Seek(number(0), u64::try_from(result).unwrap()),
        "ftruncate" => Event::SetLength(number(0), size(1)),
        "fsync" | "fdatasync" => Event::Sync(number(0)),
        "rename" => Event::Rename(path(arguments[0]), path(arguments[1])),
        "renameat" | "renameat2" => Event::Rename(path(arguments[1]), path(arguments[3])),
        "link" => Event::Link(path(arguments[0]), path(arguments[1])),
        "linkat" => Event::Link(path(arguments[1]), path(arguments[3])),
        "unlink" | "rmdir" => Event::Remove(path(arguments[0])),
        "unlinkat" => Event::Remove(path(arguments[1])),
        "mkdir" => Event::MakeFolder(path(arguments[0])),
        "mkdirat" => Event::MakeFolder(path(arguments[1])),
        other => Event::Unknown(number(0), other.to_owned()),
    })
}

/// Reads a string of hexadecimal escapes.
fn bytes(quoted: &str) -> Vec<u8> {
    let inner = quoted.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
    let pairs = inner.split("\\x").skip(1);
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

fn path(quoted: &str) -> PathBuf {
    String::from_utf8(bytes(quoted)).unwrap().into()
}

#[test]
fn calls_are_read_in_the_order_in_which_they_end() {
    let text = "7  openat(AT_FDCWD, \"\\x61\", O_WRONLY|O_CREAT|O_TRUNC, 0600) = 3\n\
                7  write(3, \"\\x62\\x63\", 2 <unfinished ...>\n\
                8  fsync(4)                          = 0\n\
                7  <... write resumed>)              = 1\n\
                7  unlink(\"\\x61\") = -1 ENOENT (No such file or directory)\n\
                8  fsync(3 <unfinished ...>\n\
                8  +++ killed by SIGKILL +++\n";
    let opened = Event::Open {
        descriptor: 3,
        path: "a".into(),
        truncates: true,
    };
    let events = [opened, Event::Sync(4), Event::Write(3, b"b".to_vec())];
    assert_eq!(read(text), events);
}
