//! Wall time of a session: the start's time, what elapsed since, and what the peer taught us.

use crate::time::{Duration, Instant, UnixTime};

/// Wall time derived from a monotonic clock, so that it never jumps unless told to.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    origin: Instant,
    unix: UnixTime,
    /// Seconds that the server's clock is ahead of ours; negative if it is behind.
    offset_secs: i64,
}

impl WallClock {
    /// A clock that shows `unix` at `now`.
    #[must_use]
    pub const fn new(now: Instant, unix: UnixTime) -> Self {
        Self {
            origin: now,
            unix,
            offset_secs: 0,
        }
    }

    /// The wall time at `now`, corrected by the learned offset.
    #[must_use]
    pub fn unix(&self, now: Instant) -> UnixTime {
        let local = self.local(now);
        let shift = Duration::from_secs(self.offset_secs.unsigned_abs());
        if self.offset_secs >= 0 {
            local.saturating_add(shift)
        } else {
            let nanos = u64::try_from(shift.as_nanos()).unwrap_or(u64::MAX);
            UnixTime::from_nanos(local.as_nanos().saturating_sub(nanos))
        }
    }

    /// Seconds that the server's clock is ahead of the one given at the start.
    #[must_use]
    pub const fn offset_secs(&self) -> i64 {
        self.offset_secs
    }

    /// Sets the offset, learned in an earlier run or in a key exchange.
    pub const fn set_offset_secs(&mut self, offset_secs: i64) {
        self.offset_secs = offset_secs;
    }

    /// Sets the offset so that the clock shows `server_secs` at `now`; returns the new offset in seconds.
    ///
    /// Whole seconds are all that the protocol tells; the fraction stays the local one.
    pub fn learn(&mut self, now: Instant, server_secs: u32) -> i64 {
        let local = i64::try_from(self.local(now).as_secs()).unwrap_or(i64::MAX);
        self.offset_secs = i64::from(server_secs).saturating_sub(local);
        self.offset_secs
    }

    fn local(&self, now: Instant) -> UnixTime {
        self.unix
            .saturating_add(now.saturating_duration_since(self.origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learned_time_is_shown_and_runs_on() {
        let mut clock = WallClock::new(Instant::from_millis(500), UnixTime::from_secs(1_000));
        assert_eq!(clock.learn(Instant::from_millis(2_500), 3_002), 2_000);
        assert_eq!(clock.unix(Instant::from_millis(3_500)).as_secs(), 3_003);
        assert_eq!(clock.learn(Instant::from_millis(2_500), 2), -1_000);
        assert_eq!(clock.unix(Instant::from_millis(3_500)).as_secs(), 3);
    }

    #[test]
    fn extreme_server_times_saturate() {
        let mut clock = WallClock::new(Instant::ZERO, UnixTime::from_nanos(u64::MAX));
        clock.learn(Instant::ZERO, 0);
        assert_eq!(clock.unix(Instant::ZERO).as_secs(), 0);
        clock.learn(Instant::ZERO, u32::MAX);
        assert_eq!(clock.unix(Instant::ZERO).as_secs(), u64::from(u32::MAX));
    }
}
