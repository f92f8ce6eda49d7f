//! The live line while a run goes on: how far it is, what failed, what takes long.
//!
//! It is drawn on standard error, below the line where other output goes on, and only while nothing happened for one beat:
//! what a case prints at its end never meets it. It is drawn by a thread of its own; a quick run never shows it.
//!
//! Owns: when it is drawn and cleared.
//! Must not know: what else is printed.

use crate::report::clean;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// From one drawing to the next, and from the last event to the first drawing.
const BEAT: Duration = Duration::from_millis(100);
/// A case that runs longer is named.
const LONG: Duration = Duration::from_secs(2);
/// From the cursor to the end of the screen. The cursor itself stays.
const CLEAR: &str = "\u{1b}[J";
/// Makes room for a line below, remembers the cursor, goes there; lines are cut by the terminal, not wrapped.
const BELOW: &str = "\u{1b}D\u{1b}[A\u{1b}7\u{1b}[B\r\u{1b}[?7l";
/// Goes back to where other output goes on.
const BACK: &str = "\u{1b}[?7h\u{1b}8";

/// Shared by all threads of a run.
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
    /// The last event.
    stirred: Instant,
    drawn: bool,
    over: bool,
}

impl StatusLine {
    /// Draws on standard error if `live`; otherwise only counts.
    pub fn new(live: bool) -> StatusLine {
        let able = live && std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        StatusLine::on(able.then(|| Box::new(std::io::stderr()) as Box<dyn Write + Send>))
    }

    fn on(out: Option<Box<dyn Write + Send>>) -> StatusLine {
        let state = State { total: 0, done: 0, red: 0, running: Vec::new(), out, stirred: Instant::now(), drawn: false, over: false };
        StatusLine { shared: Arc::new(Shared { state: Mutex::new(state), ended: Condvar::new() }) }
    }

    /// So many cases will run.
    pub fn begin(&self, total: usize) {
        let mut state = self.shared.lock();
        state.total = total;
        if state.out.is_some() {
            let shared = Arc::clone(&self.shared);
            // Without the thread nothing is drawn, which is no reason to stop a run.
            let _ = std::thread::Builder::new().name("status line".to_owned()).spawn(move || shared.draw_until_over());
        }
    }

    pub fn case_begins(&self, id: &str) {
        self.shared.lock().running.push((id.to_owned(), Instant::now()));
    }

    pub fn case_ends(&self, id: &str, red: bool) {
        let mut state = self.shared.lock();
        state.stir();
        if let Some(at) = state.running.iter().position(|(running, _)| running == id) {
            state.running.remove(at);
        }
        state.done += 1;
        state.red += usize::from(red);
    }

    /// Clears the line, for something is about to be printed.
    pub fn makes_room(&self) {
        self.shared.lock().stir();
    }

    /// Clears the line for good. So does dropping it.
    pub fn clear(&self) {
        let mut state = self.shared.lock();
        state.stir();
        state.over = true;
        self.shared.ended.notify_all();
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Shared {
    /// A panic of one thread harms no count.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw_until_over(&self) {
        let mut state = self.lock();
        while !state.over {
            state = self.ended.wait_timeout_while(state, BEAT, |state| !state.over).unwrap_or_else(PoisonError::into_inner).0;
            let now = Instant::now();
            if !state.over && now.saturating_duration_since(state.stirred) >= BEAT {
                state.draw(now);
            }
        }
    }
}

impl State {
    fn draw(&mut self, now: Instant) {
        let line = self.line(now);
        if let Some(out) = &mut self.out {
            let _ = write!(out, "{CLEAR}{BELOW}{line}{BACK}").and_then(|()| out.flush());
            self.drawn = true;
        }
    }

    /// Something is about to be printed.
    fn stir(&mut self) {
        self.stirred = Instant::now();
        if let (true, Some(out)) = (std::mem::take(&mut self.drawn), &mut self.out) {
            let _ = write!(out, "{CLEAR}").and_then(|()| out.flush());
        }
    }

    fn line(&self, now: Instant) -> String {
        let mut line = format!("running {}/{}", self.done, self.total);
        if self.red > 0 {
            line += &format!(", {} failed", self.red);
        }
        let since = |began: &Instant| now.saturating_duration_since(*began);
        let longest = self.running.iter().map(|(id, began)| (since(began), id)).max_by_key(|(time, _)| *time);
        if let Some((time, id)) = longest.filter(|(time, _)| *time >= LONG) {
            line += &format!(", {}s in {}", time.as_secs(), clean::line(id));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

    const PATIENCE: Duration = Duration::from_secs(20);

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
        let status = StatusLine::on(Some(Box::new(Screen(sender))));
        status.begin(total);
        (status, seen)
    }

    /// What is written next, up to its flush.
    fn next(seen: &Receiver<String>) -> String {
        let mut text = String::new();
        while !text.ends_with('|') {
            text += &seen.recv_timeout(PATIENCE).expect("something is drawn");
        }
        text
    }

    /// What was written last, up to now.
    fn last(seen: &Receiver<String>) -> String {
        let all = seen.try_iter().collect::<String>();
        all.trim_end_matches('|').rsplit('|').next().unwrap_or_default().to_owned()
    }

    fn counting(total: usize) -> StatusLine {
        let status = StatusLine::on(None);
        status.begin(total);
        status
    }

    #[test]
    fn it_tells_how_far_it_is_and_what_failed() {
        let status = counting(40);
        for id in ["a", "b", "c"] {
            status.case_begins(id);
        }
        status.case_ends("a", false);
        status.case_ends("b", true);
        assert_eq!(status.shared.lock().line(Instant::now()), "running 2/40, 1 failed");
    }

    #[test]
    fn a_case_that_takes_long_is_named() {
        let status = counting(2);
        status.case_begins("suite::sl\u{1b}[2Jow");
        let later = Instant::now() + Duration::from_secs(3);
        status.case_begins("suite::later");
        assert_eq!(status.shared.lock().line(later), "running 0/2, 3s in suite::slow");
        assert_eq!(status.shared.lock().line(Instant::now()), "running 0/2");
    }

    #[test]
    fn it_is_drawn_below_the_cursor_and_cleared_before_other_output() {
        let (status, seen) = screen(3);
        assert_eq!(next(&seen), format!("{CLEAR}{BELOW}running 0/3{BACK}|"));
        status.makes_room();
        assert_eq!(last(&seen), CLEAR);
        assert!(next(&seen).contains("running 0/3"), "it comes back");
        status.case_ends("a", true);
        let cleared = || next(&seen) == format!("{CLEAR}|");
        while !cleared() {}
        assert!(next(&seen).contains("running 1/3, 1 failed"));
        status.clear();
        assert_eq!(last(&seen), CLEAR);
        drop(status);
        assert_eq!(seen.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected), "the thread has ended, nothing was drawn again");
    }
}
