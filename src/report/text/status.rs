//! The live line while a run goes on: how far it is, what failed, what takes long.
//!
//! It is drawn by a thread of its own, on standard error and only if that is a terminal; elsewhere nothing is ever drawn.
//! Runs shorter than one beat draw nothing either.
//!
//! Owns: when it is drawn and cleared.
//! Must not know: what else is printed (it only gets out of its way).

use crate::model::outcome::Verdict;
use crate::report::clean;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// From one drawing to the next.
const BEAT: Duration = Duration::from_millis(100);
/// A case that runs longer is named.
const LONG: Duration = Duration::from_secs(2);
const CLEAR: &str = "\r\u{1b}[2K";

/// Shared by all threads of a run. It ends, and its line goes, when it is dropped or [`StatusLine::finish`] is called.
pub struct StatusLine {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

struct State {
    total: usize,
    done: usize,
    red: usize,
    /// In the order in which they began.
    running: Vec<(String, Instant)>,
    /// `None` where nothing is drawn.
    out: Option<Box<dyn Write + Send>>,
    drawn: bool,
    over: bool,
}

impl StatusLine {
    /// Draws on standard error, if that is a terminal that can be drawn on.
    pub fn stderr(total: usize) -> StatusLine {
        let able = std::io::stderr().is_terminal() && std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        StatusLine::on(total, able.then(|| Box::new(std::io::stderr()) as Box<dyn Write + Send>))
    }

    /// Draws there; nowhere if `None`.
    pub fn on(total: usize, out: Option<Box<dyn Write + Send>>) -> StatusLine {
        let live = out.is_some();
        let state = State { total, done: 0, red: 0, running: Vec::new(), out, drawn: false, over: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), ended: Condvar::new() });
        if live {
            let drawing = Arc::clone(&shared);
            // Without the thread nothing is drawn, which is no reason to stop a run.
            let _ = std::thread::Builder::new().name("status line".to_owned()).spawn(move || draw_until_over(&drawing));
        }
        StatusLine { shared }
    }

    pub fn begin(&self, id: &str) {
        self.lock().running.push((id.to_owned(), Instant::now()));
    }

    pub fn end(&self, id: &str, verdict: Verdict) {
        let mut state = self.lock();
        if let Some(at) = state.running.iter().position(|(running, _)| running == id) {
            state.running.remove(at);
        }
        state.done += 1;
        state.red += usize::from(verdict.is_red());
    }

    /// Runs `print` with the line out of the way; nothing is drawn meanwhile. It is drawn again with the next beat.
    pub fn while_cleared<T>(&self, print: impl FnOnce() -> T) -> T {
        let mut state = self.lock();
        state.clear();
        print()
    }

    /// Clears the line for good.
    pub fn finish(&self) {
        let mut state = self.lock();
        state.clear();
        state.over = true;
        self.shared.ended.notify_all();
    }

    /// What `print` did must not keep others from counting.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.finish();
    }
}

fn draw_until_over(shared: &Shared) {
    let mut state = shared.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    while !state.over {
        state = match shared.ended.wait_timeout_while(state, BEAT, |state| !state.over) {
            Ok((state, _)) => state,
            Err(poisoned) => poisoned.into_inner().0,
        };
        if !state.over {
            state.draw(Instant::now());
        }
    }
}

impl State {
    fn draw(&mut self, now: Instant) {
        let line = self.line(now);
        if let Some(out) = &mut self.out {
            // Without wrapping, a line wider than the terminal is cut by the terminal itself.
            let _ = write!(out, "{CLEAR}\u{1b}[?7l{line}\u{1b}[?7h").and_then(|()| out.flush());
            self.drawn = true;
        }
    }

    fn clear(&mut self) {
        if let (true, Some(out)) = (std::mem::take(&mut self.drawn), &mut self.out) {
            let _ = write!(out, "{CLEAR}").and_then(|()| out.flush());
        }
    }

    fn line(&self, now: Instant) -> String {
        let mut line = format!("running {}/{}", self.done, self.total);
        if self.red > 0 {
            line += &format!(", {} failed", self.red);
        }
        let longest = self.running.iter().map(|(id, began)| (now.saturating_duration_since(*began), id)).max_by_key(|(time, _)| *time);
        if let Some((time, id)) = longest.filter(|(time, _)| *time >= LONG) {
            line += &format!(", {}s in {}", time.as_secs(), clean::line(id));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    struct Screen(Sender<String>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            let _ = self.0.send("|".to_owned());
            Ok(())
        }
    }

    fn screen(total: usize) -> (StatusLine, Receiver<String>) {
        let (sender, seen) = channel();
        (StatusLine::on(total, Some(Box::new(Screen(sender)))), seen)
    }

    /// Everything written up to and with the next flush.
    fn written(seen: &Receiver<String>) -> String {
        let mut text = String::new();
        while !text.ends_with('|') {
            text += &seen.recv_timeout(Duration::from_secs(20)).expect("something is drawn");
        }
        text
    }

    #[test]
    fn it_tells_how_far_it_is_and_what_failed() {
        let status = StatusLine::on(40, None);
        for id in ["a", "b", "c"] {
            status.begin(id);
        }
        status.end("a", Verdict::Pass);
        status.end("b", Verdict::Broken);
        assert_eq!(status.lock().line(Instant::now()), "running 2/40, 1 failed");
    }

    #[test]
    fn a_case_that_takes_long_is_named() {
        let status = StatusLine::on(2, None);
        status.begin("suite::sl\u{1b}[2Jow");
        status.begin("suite::later");
        let later = Instant::now() + Duration::from_secs(3);
        assert_eq!(status.lock().line(later), "running 0/2, 3s in suite::slow");
        assert_eq!(status.lock().line(Instant::now()), "running 0/2");
    }

    #[test]
    fn it_is_drawn_and_cleared_before_other_output() {
        let (status, seen) = screen(3);
        assert!(written(&seen).contains("running 0/3"));
        let printed = status.while_cleared(|| seen.try_iter().collect::<String>());
        assert!(printed.ends_with(&format!("{CLEAR}|")), "{printed:?}");
        assert!(written(&seen).contains("running 0/3"), "it comes back");
        status.finish();
        let rest = seen.try_iter().collect::<String>();
        assert!(rest.ends_with(&format!("{CLEAR}|")), "{rest:?}");
        drop(status);
        assert_eq!(
            seen.recv_timeout(Duration::from_secs(20)),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected),
            "the thread has ended"
        );
    }

    #[test]
    fn a_printer_that_panics_does_not_stop_the_count() {
        let status = StatusLine::on(1, None);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| status.while_cleared(|| panic!("printing"))));
        assert!(result.is_err());
        status.end("a", Verdict::Pass);
        assert_eq!(status.lock().line(Instant::now()), "running 1/1");
    }
}
