//! The workers.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::request::{Failure, Outcome, Request, Slot};
use super::work;
use crate::progress::Progress;

/// A result, with the generation that it was asked for with.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The kind of work.
    pub slot: Slot,
    /// The generation of the request.
    pub generation: u64,
    /// What came out.
    pub result: Result<Outcome, Failure>,
}

#[derive(Debug)]
struct Task {
    generation: u64,
    request: Request,
    progress: Arc<Progress>,
}

#[derive(Debug, Default)]
struct Desk {
    next: Option<Task>,
    running: Option<Arc<Progress>>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Worker {
    desk: Mutex<Desk>,
    wake: Condvar,
}

impl Worker {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Work runs outside of the lock, so a poisoned desk is still in order.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, task: Option<Task>) {
        let mut desk = self.desk();
        if let Some(running) = &desk.running {
            running.cancel();
        }
        desk.next = task;
        self.wake.notify_one();
    }

    fn take(&self) -> Option<Task> {
        let mut desk = self.desk();
        desk.running = None;
        loop {
            if desk.closed {
                return None;
            }
            if let Some(task) = desk.next.take() {
                desk.running = Some(Arc::clone(&task.progress));
                return Some(task);
            }
            desk = self.wake.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        self.put(None);
        self.desk().closed = true;
        self.wake.notify_one();
    }
}

/// The workers, started when first needed.
#[derive(Debug)]
pub struct Jobs {
    workers: BTreeMap<Slot, Arc<Worker>>,
    sender: Sender<Finished>,
    receiver: Receiver<Finished>,
}

impl Default for Jobs {
    fn default() -> Self {
        let (sender, receiver) = unbounded();
        Self { workers: BTreeMap::new(), sender, receiver }
    }
}

impl Jobs {
    /// The channel that results arrive on. Cancelled work sends nothing, unless it was finished
    /// before the cancelling: generations tell what is still wanted.
    pub fn results(&self) -> &Receiver<Finished> {
        &self.receiver
    }

    /// Starts `request`, in place of what waits or runs in its slot.
    pub fn start(&mut self, generation: u64, request: Request, progress: Arc<Progress>) {
        let slot = request.slot();
        let sender = self.sender.clone();
        let worker = self.workers.entry(slot).or_insert_with(|| {
            let worker = Arc::new(Worker::default());
            let own = Arc::clone(&worker);
            let started = thread::Builder::new()
                .name(format!("lexiscope-{slot:?}").to_lowercase())
                .spawn(move || serve(&own, slot, &sender));
            if let Err(error) = started {
                tracing::error!(%error, ?slot, "cannot start a worker thread");
            }
            worker
        });
        worker.put(Some(Task { generation, request, progress }));
    }

    /// Stops what waits or runs in `slot`.
    pub fn cancel(&mut self, slot: Slot) {
        if let Some(worker) = self.workers.get(&slot) {
            worker.put(None);
        }
    }
}

impl Drop for Jobs {
    /// Tells the workers to stop. It waits for none: the process may end while a file is read.
    fn drop(&mut self) {
        for worker in self.workers.values() {
            worker.close();
        }
    }
}

fn serve(worker: &Worker, slot: Slot, sender: &Sender<Finished>) {
    while let Some(Task { generation, request, progress }) = worker.take() {
        let result = catch_unwind(AssertUnwindSafe(|| work::carry_out(request, &progress)))
            .unwrap_or_else(|panic| Err(Failure::Panicked(panic_text(&*panic))));
        if progress.is_cancelled() {
            continue;
        }
        if sender.send(Finished { slot, generation, result }).is_err() {
            return;
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::formats::{Flaws, Parts};
    use crate::vectors::{Rows, Vocabulary, WordVectors};

    fn vectors() -> Arc<WordVectors> {
        let array = ndarray::arr2(&[[1.0_f32, 0.0], [0.9, 0.1], [0.0, 1.0]]);
        let parts = Parts {
            format: "GloVe text".into(),
            vocabulary: Vocabulary::from_words(["one", "two", "three"]),
            rows: Rows::Owned(array),
            subwords: None,
            flaws: Flaws::default(),
        };
        Arc::new(WordVectors::from_parts("test", None, parts))
    }

    fn neighbours(query: &str) -> Request {
        Request::Neighbours {
            vectors: vectors(),
            query: query.into(),
            count: 2,
            filter: FilterSettings::default(),
        }
    }

    use super::super::FilterSettings;

    #[test]
    fn the_last_of_many_requests_is_answered() {
        let mut jobs = Jobs::default();
        for generation in 0..50 {
            jobs.start(generation, neighbours("one"), Arc::default());
        }
        let last = jobs.results().iter().find(|finished| finished.generation == 49).unwrap();
        let Ok(Outcome::Neighbours(answer)) = last.result else { panic!("{last:?}") };
        assert_eq!(answer.neighbours[0].word, "two");
    }

    #[test]
    fn a_panic_is_a_result_and_the_worker_lives_on() {
        let mut jobs = Jobs::default();
        jobs.start(1, Request::Panic(Slot::Panel), Arc::default());
        let first = jobs.results().recv().unwrap();
        assert!(matches!(first.result, Err(Failure::Panicked(_))), "{first:?}");
        jobs.start(2, Request::Compare { vectors: vectors(), left: "one".into(), right: 1 }, Arc::default());
        let second = jobs.results().recv().unwrap();
        assert!(matches!(second.result, Ok(Outcome::Compared(_))), "{second:?}");
    }

    #[test]
    fn cancelled_work_sends_nothing() {
        let mut jobs = Jobs::default();
        let progress = Arc::new(Progress::default());
        progress.cancel();
        jobs.start(1, neighbours("one"), progress);
        jobs.start(2, neighbours("two"), Arc::default());
        assert_eq!(jobs.results().recv().unwrap().generation, 2);
        assert!(jobs.results().is_empty());
    }
}
