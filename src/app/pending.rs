//! Work that runs while its old result is still shown.

use std::time::Duration;

/// How long work may take before the screen says that it runs.
pub const PATIENCE: Duration = Duration::from_millis(100);

/// One kind of work, as a screen sees it: idle, or running since a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pending {
    /// The generation that is awaited and when it was asked for (on the clock of [`super::Frame::now`]).
    awaited: Option<(u64, Duration)>,
}

impl Pending {
    /// Awaits `generation`, asked for at `now`. An earlier start is kept while one was already
    /// awaited, so that steady typing cannot hide that answers are late.
    pub fn await_generation(&mut self, generation: u64, now: Duration) {
        let since = self.awaited.map_or(now, |(_, since)| since);
        self.awaited = Some((generation, since));
    }

    /// Takes note of a result; `false` when it was overtaken and must not be shown.
    pub fn finish(&mut self, generation: u64) -> bool {
        let current = self.awaits(generation);
        if current {
            self.awaited = None;
        }
        current
    }

    /// Whether this very generation is awaited.
    pub fn awaits(&self, generation: u64) -> bool {
        self.awaited.is_some_and(|(awaited, _)| awaited == generation)
    }

    /// Awaits nothing any more.
    pub fn clear(&mut self) {
        self.awaited = None;
    }

    /// Whether something is awaited.
    pub fn is_running(&self) -> bool {
        self.awaited.is_some()
    }

    /// When the spinner is to appear.
    pub fn spinner_due(&self) -> Option<Duration> {
        self.awaited.map(|(_, since)| since + PATIENCE)
    }

    /// Whether a spinner is to be drawn (and the old result dimmed) at `now`.
    pub fn is_late(&self, now: Duration) -> bool {
        self.spinner_due().is_some_and(|due| now >= due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_awaited_generation_is_shown() {
        let mut pending = Pending::default();
        pending.await_generation(1, Duration::ZERO);
        pending.await_generation(2, Duration::from_millis(60));
        assert!(!pending.finish(1));
        assert!(pending.is_late(Duration::from_millis(100)), "waiting began with the first request");
        assert!(pending.finish(2));
        assert!(!pending.is_running());
        assert!(!pending.finish(2));
    }
}
