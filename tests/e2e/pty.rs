//! Runs of the program at a terminal of their own.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::{Project, Running, look_until};

/// The size that most terminals begin with.
const SIZE: Winsize = Winsize {
    ws_col: 80,
    ws_row: 24,
    ws_xpixel: 0,
    ws_ypixel: 0,
};

/// A run whose input and output are a terminal, and all that it has shown there.
pub(crate) struct AtTerminal {
    run: Running,
    keyboard: File,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl AtTerminal {
    /// Starts the program at a new terminal.
    pub(crate) fn start(project: &Project, arguments: &[&str]) -> Self {
        Self::spawn(project.command(arguments))
    }

    fn spawn(mut command: Command) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        tcsetwinsize(&keyboard, SIZE).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        // It must not become the terminal that controls the tests.
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let terminal = File::from(open(name, flags, Mode::empty()).unwrap());
        let stream = || Stdio::from(terminal.try_clone().unwrap());
        command
            .env("TERM", "xterm")
            .stdin(stream())
            .stdout(stream())
            .stderr(stream());
        let child = command.spawn().unwrap();
        // The command holds ends of the terminal too: while any is open, reading it does not end.
        drop((command, terminal));
        let keyboard = File::from(keyboard);
        let shown = Arc::<Mutex<Vec<u8>>>::default();
        let reader = read_all(keyboard.try_clone().unwrap(), Arc::clone(&shown));
        Self {
            run: Running::of(child),
            keyboard,
            shown,
            reader: Some(reader),
        }
    }

    /// Returns what was shown so far.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Waits until a text is shown.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        look_until(text, || self.shown().contains(text));
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        self.run.signal(name);
    }

    /// Waits for the end; the test fails where it does not come soon.
    #[track_caller]
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let mut status = None;
        look_until("an end of the run", || {
            status = self.run.ended();
            status.is_some()
        });
        self.reader.take().unwrap().join().unwrap();
        (status.unwrap(), self.shown())
    }
}

/// Reads a terminal in a thread: a program that writes to one that nobody reads is held.
fn read_all(mut terminal: File, shown: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        // On Linux reading fails when the last program has closed its end.
        while let Ok(read @ 1..) = terminal.read(&mut buffer) {
            shown.lock().unwrap().extend_from_slice(&buffer[..read]);
        }
    })
}
