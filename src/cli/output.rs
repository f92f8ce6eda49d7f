//! Standard output that outlives its reader: a run is carried to its end even if nobody reads on (`| head`).
//!
//! Owns: what becomes of output that cannot be written.
//! Must not know: what is printed.

use std::fmt::Display;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What is printed within this time goes out together: libtest-mimic writes word by word, and to be woken for each costs more than
/// to print it.
const GATHERS: Duration = Duration::from_millis(5);

/// Prints a line. A reader that has gone is no error.
pub fn line(text: impl Display) {
    write(format!("{text}\n").as_bytes());
}

/// Prints text as it is. A reader that has gone is no error.
pub fn text(text: &str) {
    write(text.as_bytes());
}

fn write(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    complain(out.write_all(bytes).and_then(|()| out.flush()));
}

/// A full disk must be told of; a reader that has gone wanted no more.
fn complain(result: io::Result<()>) {
    if let Err(error) = result.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }) {
        // Where the terminal has gone, standard error went with it.
        let _ = writeln!(io::stderr(), "error: failed to write to standard output: {error}");
    }
}

/// A file that libtest-mimic writes to in place of standard output, since it panics where that cannot be written to.
pub struct Passage {
    /// Kept open, so that the reading end has not come to its end before libtest-mimic opens the file.
    entry: PipeWriter,
    pump: JoinHandle<()>,
    /// Nothing more comes, so nothing more is waited for.
    closes: Arc<AtomicBool>,
}

impl Passage {
    /// `None` where open files have no names; then standard output is written to as it is.
    pub fn open() -> Option<Passage> {
        let (mut exit, entry) = io::pipe().ok()?;
        if std::fs::metadata(name(&entry)).is_err() {
            return None;
        }
        let closes = Arc::new(AtomicBool::new(false));
        let no_more = closes.clone();
        let pump = std::thread::spawn(move || {
            let (mut out, mut buffer, mut open) = (io::stdout(), [0; 16 << 10], true);
            while let Ok(n @ 1..) = exit.read(&mut buffer) {
                if open {
                    let written = out.write_all(&buffer[..n]).and_then(|()| out.flush());
                    open = written.is_ok();
                    complain(written);
                }
                if n < buffer.len() && !no_more.load(Ordering::Acquire) {
                    std::thread::park_timeout(GATHERS);
                }
            }
        });
        Some(Passage { entry, pump, closes })
    }

    pub fn name(&self) -> String {
        name(&self.entry)
    }

    /// Returns when everything was passed on.
    pub fn close(self) {
        drop(self.entry);
        self.closes.store(true, Ordering::Release);
        self.pump.thread().unpark();
        self.pump.join().expect("the thread does not panic");
    }
}

fn name(pipe: &PipeWriter) -> String {
    format!("/dev/fd/{}", pipe.as_raw_fd())
}
