//! Waiting for something to change.
//!
//! Owns: waking those who wait, so that no change goes unseen.
//! Must not know: what changes, how long anyone waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Told after each change; asked by those who wait for one.
#[derive(Default)]
pub struct News {
    notify: Notify,
    /// How many wait. Most changes come while nobody does, and to look here costs less than to wake nobody.
    waiting: AtomicUsize,
}

/// One who waits, as long as this lives.
struct Waiting<'w>(&'w AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl News {
    /// Wakes those who wait. Call it after the change can be seen.
    pub fn tell(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.notify.notify_waiters();
        }
    }

    /// Waits until `look` gives something; it is asked at once, and again after each change. Whoever waits is counted before he looks: a
    /// change that comes later wakes him, and one that came before he sees.
    pub async fn wait<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.waiting);
        loop {
            let told = self.notify.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            if let Some(found) = look() {
                return found;
            }
            told.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::News;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_change_goes_unseen() {
        for _ in 0..500 {
            let (news, count) = (Arc::new(News::default()), Arc::new(AtomicUsize::new(0)));
            let (told, changed) = (news.clone(), count.clone());
            let teller = tokio::spawn(async move {
                for _ in 0..20 {
                    changed.fetch_add(1, Ordering::SeqCst);
                    told.tell();
                }
            });
            let seen = news.wait(|| (count.load(Ordering::SeqCst) == 20).then_some(()));
            tokio::time::timeout(Duration::from_secs(20), seen).await.expect("the last change is seen");
            teller.await.expect("the teller does not panic");
        }
    }

    #[tokio::test]
    async fn who_gives_up_is_not_counted() {
        let news = News::default();
        assert!(tokio::time::timeout(Duration::from_millis(1), news.wait(|| None::<()>)).await.is_err());
        assert_eq!(news.waiting.load(Ordering::SeqCst), 0);
    }
}
