//! The workers.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::job::{Failure, Parcel, Pool, Slot, Task};
use crate::progress::Progress;

/// Word from a worker.
#[derive(Debug)]
pub struct Report {
    /// The kind of work.
    pub slot: Slot,
    /// The generation of the task.
    pub generation: u64,
    /// What there is to tell.
    pub news: News,
}

/// What a worker tells.
#[derive(Debug)]
pub enum News {
    /// A note of work that goes on.
    Noted(Parcel),
    /// The work came to its end.
    Finished(Result<Parcel, Failure>),
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
    sender: Sender<Report>,
    receiver: Receiver<Report>,
}

impl Default for Jobs {
    fn default() -> Self {
        let (sender, receiver) = unbounded();
        Self { workers: BTreeMap::new(), sender, receiver }
    }
}

impl Jobs {
    /// The channel that results and notes arrive on. Cancelled work sends nothing, unless it was
    /// finished before the cancelling: generations tell what is still wanted.
    pub fn reports(&self) -> &Receiver<Report> {
        &self.receiver
    }

    /// Starts `task`, in place of what waits or runs in its slot.
    pub fn start(&mut self, task: Task) {
        let slot = task.slot;
        let sender = self.sender.clone();
        let worker = self.workers.entry(slot).or_insert_with(|| {
            let worker = Arc::new(Worker::default());
            let own = Arc::clone(&worker);
            let started = thread::Builder::new()
                .name(format!("lexiscope-{}", slot.name))
                .spawn(move || serve(&own, slot, &sender));
            if let Err(error) = started {
                tracing::error!(%error, slot = slot.name, "cannot start a worker thread");
            }
            worker
        });
        worker.put(Some(task));
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

fn serve(worker: &Worker, slot: Slot, sender: &Sender<Report>) {
    while let Some(task) = worker.take() {
        let (generation, progress) = (task.generation, Arc::clone(&task.progress));
        let report = |news| sender.send(Report { slot, generation, news });
        let note = |note: Parcel| {
            if !progress.is_cancelled() {
                // Nothing to do if nobody listens any more: the end of the work will find out, too.
                let _ = report(News::Noted(note));
            }
        };
        let work = || {
            catch_unwind(AssertUnwindSafe(|| task.carry_out(&note)))
                .unwrap_or_else(|panic| Err(Failure::Panicked(panic_text(&*panic))))
        };
        let threads = if slot.pool == Pool::Background { background() } else { None };
        let start = Instant::now();
        let result = match threads {
            Some(threads) => threads.install(work),
            None => work(),
        };
        log(slot, generation, start.elapsed(), result.as_ref().err());
        if !progress.is_cancelled() && report(News::Finished(result)).is_err() {
            return;
        }
    }
}

fn log(slot: Slot, generation: u64, time: Duration, failure: Option<&Failure>) {
    let job = slot.name;
    match failure {
        None => tracing::debug!(job, generation, ?time, "done"),
        Some(Failure::Cancelled) => tracing::debug!(job, generation, ?time, "cancelled"),
        Some(Failure::Refused(reason)) => tracing::info!(job, generation, ?time, reason, "refused"),
        Some(Failure::Panicked(panic)) => tracing::error!(job, generation, ?time, panic, "panicked"),
    }
}

/// The threads of [`Pool::Background`]: all but one, so that there is always a core for the front.
/// `None` where the system refuses them; work then computes on the threads of the front.
fn background() -> Option<&'static rayon::ThreadPool> {
    static THREADS: OnceLock<Option<rayon::ThreadPool>> = OnceLock::new();
    let build = || {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        rayon::ThreadPoolBuilder::new()
            .num_threads(cores.saturating_sub(1).max(1))
            .thread_name(|index| format!("lexiscope-background-{index}"))
            .build()
            .map_err(|error| tracing::error!(%error, "cannot start the background threads"))
            .ok()
    };
    THREADS.get_or_init(build).as_ref()
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".into())
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::super::job::{Job, Reporter};
    use super::*;

    struct Double(u64);

    impl Job for Double {
        type Output = u64;
        type Note = ();
        const SLOT: Slot = Slot::front("test.double");

        fn run(self, _: &Reporter<'_, ()>) -> Result<u64, Failure> {
            // On the threads that all parallel work of the front shares.
            Ok((0..self.0).into_par_iter().map(|_| 2).sum())
        }
    }

    /// Holds every thread of its pool until it is cancelled.
    struct Hold;

    impl Job for Hold {
        type Output = ();
        type Note = usize;
        const SLOT: Slot = Slot::background("test.hold");

        fn run(self, reporter: &Reporter<'_, usize>) -> Result<(), Failure> {
            reporter.note(rayon::current_num_threads());
            let progress = reporter.progress();
            rayon::broadcast(|_| {
                while !progress.is_cancelled() {
                    thread::yield_now();
                }
            });
            Err(Failure::Cancelled)
        }
    }

    fn output(report: Report) -> Result<u64, Failure> {
        match report.news {
            News::Finished(result) => result.map(|parcel| *parcel.downcast().expect("a number")),
            News::Noted(_) => panic!("a note"),
        }
    }

    #[test]
    fn the_last_of_many_tasks_is_answered() {
        let mut jobs = Jobs::default();
        for generation in 0..50 {
            jobs.start(Task::new(Double(generation), generation));
        }
        let last = jobs.reports().iter().find(|report| report.generation == 49).unwrap();
        assert_eq!(output(last), Ok(98));
    }

    #[test]
    fn a_panic_is_a_result_and_the_worker_lives_on() {
        let mut jobs = Jobs::default();
        jobs.start(Task::new(Double(1), 1).spoilt());
        let first = output(jobs.reports().recv().unwrap());
        assert!(matches!(first, Err(Failure::Panicked(_))), "{first:?}");
        jobs.start(Task::new(Double(2), 2));
        assert_eq!(output(jobs.reports().recv().unwrap()), Ok(4));
    }

    #[test]
    fn cancelled_work_sends_nothing() {
        let mut jobs = Jobs::default();
        let first = Task::new(Double(1), 1);
        first.progress.cancel();
        jobs.start(first);
        jobs.start(Task::new(Double(2), 2));
        assert_eq!(jobs.reports().recv().unwrap().generation, 2);
        assert!(jobs.reports().is_empty());
    }

    #[test]
    fn an_answer_never_queues_behind_what_was_left_running() {
        let mut jobs = Jobs::default();
        jobs.start(Task::new(Hold, 1));
        let held = jobs.reports().recv().unwrap();
        assert!(matches!(held.news, News::Noted(_)), "{held:?}");
        // Every thread of the background is busy now and stays so.
        for generation in 2..20 {
            jobs.start(Task::new(Double(1000), generation));
            let answer = jobs.reports().recv().unwrap();
            assert_eq!(answer.generation, generation);
            assert_eq!(output(answer), Ok(2000));
        }
        jobs.cancel(Hold::SLOT);
    }
}
