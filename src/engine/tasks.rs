//! Cases as tasks of the runtime: so many at once, begun in the order of the plan.
//!
//! Owns: how many run at once, how whoever shows a case waits for it.
//! Must not know: what a case does, what it gave.
//!
//! With a thread for each, every beginning and every end would wake one, and each thread keeps a part of the heap for itself.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// To be woken for each of many short cases costs more than to show it: who waits sleeps so long first, and finds several.
const GATHERS: Duration = Duration::from_micros(500);

/// What a task gives, once it has ended.
pub struct Awaited<T>(oneshot::Receiver<T>);

impl<T> Awaited<T> {
    /// Blocks the thread. `None` if the task broke off, which only a panic makes it do.
    pub fn get(mut self) -> Option<T> {
        match self.0.try_recv() {
            Ok(given) => return Some(given),
            Err(TryRecvError::Closed) => return None,
            Err(TryRecvError::Empty) => std::thread::sleep(GATHERS),
        }
        self.0.blocking_recv().ok()
    }
}

/// Begins `run(0)` to `run(count - 1)` in this order, at most `at_once` of them at a time. What each gives can be asked for in any order.
pub fn begin<T, F>(runtime: &Handle, count: usize, at_once: usize, run: impl Fn(usize) -> F + Send + Sync + 'static) -> Vec<Awaited<T>>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (tell, awaited): (Vec<_>, Vec<_>) = (0..count).map(|_| oneshot::channel()).unzip();
    let left = Arc::new(Mutex::new(tell.into_iter().enumerate()));
    let run = Arc::new(run);
    for _ in 0..at_once.min(count) {
        let (left, run) = (left.clone(), run.clone());
        runtime.spawn(async move {
            loop {
                let next = left.lock().expect("no panic happens under this lock").next();
                let Some((at, tell)) = next else { return };
                // Nobody waits for it where the front ended early.
                let _ = tell.send(run(at).await);
            }
        });
    }
    awaited.into_iter().map(Awaited).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime can be made")
    }

    #[test]
    fn each_gives_its_own_in_the_order_of_the_plan() {
        let runtime = runtime();
        let awaited = begin(runtime.handle(), 100, 7, |at| async move {
            tokio::time::sleep(Duration::from_millis((at % 3) as u64)).await;
            at * 2
        });
        assert_eq!(awaited.into_iter().map(Awaited::get).collect::<Vec<_>>(), (0..100).map(|at| Some(at * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn no_more_run_than_are_allowed_and_as_many_as_are_allowed() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let runtime = runtime();
        let awaited = begin(runtime.handle(), 20, 5, |_| async {
            MOST.fetch_max(RUNNING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Until all five are there none goes on: fewer at once would never end.
            while MOST.load(Ordering::SeqCst) < 5 {
                tokio::task::yield_now().await;
            }
            RUNNING.fetch_sub(1, Ordering::SeqCst);
        });
        assert_eq!(awaited.into_iter().filter_map(Awaited::get).count(), 20);
        assert_eq!(MOST.load(Ordering::SeqCst), 5);
    }

    #[test]
    fn one_that_breaks_off_keeps_nobody_waiting() {
        let runtime = runtime();
        let awaited = begin(runtime.handle(), 2, 2, |at| async move {
            match at {
                0 => std::panic::resume_unwind(Box::new("broken off")),
                _ => at,
            }
        });
        assert_eq!(awaited.into_iter().map(Awaited::get).collect::<Vec<_>>(), [None, Some(1)]);
    }
}
