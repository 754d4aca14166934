//! Keeping a stream alive, and noticing that it is dead.

use crate::time::{Duration, Instant};

/// When to ping, and when silence means that the other side is gone.
#[derive(Debug)]
pub(super) struct Keepalive {
    interval: Option<Duration>,
    timeout: Duration,
    next_ping: Option<Instant>,
    /// A ping is out; something must come by then.
    patience: Option<Instant>,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    Dead,
}

impl Keepalive {
    pub(super) const fn new(interval: Option<Duration>, timeout: Duration) -> Self {
        Self {
            interval,
            timeout,
            next_ping: None,
            patience: None,
        }
    }

    /// The delay after which the server is asked to close a silent stream: two and a half intervals.
    pub(super) fn disconnect_delay(&self) -> Option<Duration> {
        let interval = self.interval?;
        interval.saturating_mul(5).checked_div(2)
    }

    /// A stream is there.
    pub(super) fn start(&mut self, now: Instant) {
        self.patience = None;
        self.next_ping = self.interval.map(|interval| now.saturating_add(interval));
    }

    pub(super) const fn stop(&mut self) {
        self.next_ping = None;
        self.patience = None;
    }

    /// A ping leaves.
    pub(super) fn on_ping(&mut self, now: Instant) {
        self.patience
            .get_or_insert_with(|| now.saturating_add(self.timeout));
        self.next_ping = self.interval.map(|interval| now.saturating_add(interval));
    }

    /// A valid message came: the other side is there.
    pub(super) const fn on_message(&mut self) {
        self.patience = None;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next_ping.into_iter().chain(self.patience).min()
    }

    pub(super) fn due(&self, now: Instant) -> Option<Due> {
        if self.patience.is_some_and(|at| at <= now) {
            Some(Due::Dead)
        } else if self.next_ping.is_some_and(|at| at <= now) {
            Some(Due::Ping)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> Instant {
        Instant::from_millis(secs * 1000)
    }

    #[test]
    fn tr_42_silence_after_a_ping_means_dead() {
        let mut keepalive = Keepalive::new(Some(Duration::from_secs(60)), Duration::from_secs(20));
        keepalive.start(at(0));
        assert_eq!(keepalive.due(at(59)), None);
        assert_eq!(keepalive.due(at(60)), Some(Due::Ping));
        keepalive.on_ping(at(60));
        assert_eq!(keepalive.deadline(), Some(at(80)));
        keepalive.on_message();
        assert_eq!(keepalive.due(at(80)), None);
        keepalive.on_ping(at(120));
        assert_eq!(keepalive.due(at(140)), Some(Due::Dead));
        assert_eq!(keepalive.disconnect_delay(), Some(Duration::from_secs(150)));
    }

    #[test]
    fn more_pings_do_not_put_off_the_end() {
        let mut keepalive = Keepalive::new(None, Duration::from_secs(20));
        keepalive.start(at(0));
        assert_eq!(keepalive.deadline(), None);
        keepalive.on_ping(at(0));
        keepalive.on_ping(at(15));
        assert_eq!(keepalive.due(at(20)), Some(Due::Dead));
    }
}
