//! The only place of the server that reads a clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mtproto_core::time::{Instant, UnixTime};

/// Monotonic time since the server's start, and the wall time of that start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: tokio::time::Instant,
    unix: UnixTime,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            origin: tokio::time::Instant::now(),
            unix: UnixTime::from_nanos(u64::try_from(unix.as_nanos()).unwrap_or(u64::MAX)),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        let elapsed = self.origin.elapsed().as_nanos();
        Instant::from_nanos(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// Wall time at the origin of [`Clock::now`].
    pub(crate) const fn unix_at_start(&self) -> UnixTime {
        self.unix
    }

    /// Wall time at `now`: it follows the monotonic clock, so it cannot jump.
    pub(crate) fn unix(&self, now: Instant) -> UnixTime {
        self.unix
            .saturating_add(now.saturating_duration_since(Instant::ZERO))
    }

    /// The moment of the runtime's clock that corresponds to `at`.
    pub(crate) fn deadline(&self, at: Instant) -> tokio::time::Instant {
        self.origin + Duration::from_nanos(at.as_nanos())
    }
}
