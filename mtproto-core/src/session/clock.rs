//! Wall time of a session: the start's time, what elapsed since, and what the peer taught us.
//!
//! What a peer says in whole seconds leaves an uncertainty of a second to both sides. The identifiers of its messages tell
//! more: they hold its time to a fraction, and its message was made after ours that it answers and before it came here.

use crate::ids::MsgId;
use crate::time::{Instant, UnixTime};

const SECOND: i64 = 1_000_000_000;

/// Beyond this difference an identifier is no refinement of what is known, but another time.
const PLAUSIBLE: i64 = 2 * SECOND;

/// Wall time derived from a monotonic clock, so that it never jumps unless told to.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    origin: Instant,
    unix: UnixTime,
    /// Nanoseconds that the server's clock is ahead of ours; negative if it is behind.
    offset: i64,
    /// The offset that was learned, from which refinements stay within a second.
    learned: i64,
}

impl WallClock {
    /// A clock that shows `unix` at `now`.
    #[must_use]
    pub const fn new(now: Instant, unix: UnixTime) -> Self {
        Self {
            origin: now,
            unix,
            offset: 0,
            learned: 0,
        }
    }

    /// The wall time at `now`, corrected by the learned offset.
    #[must_use]
    pub fn unix(&self, now: Instant) -> UnixTime {
        let local = self.local(now).as_nanos();
        UnixTime::from_nanos(local.saturating_add_signed(self.offset))
    }

    /// Seconds that the server's clock is ahead of the one given at the start, rounded.
    #[must_use]
    pub const fn offset_secs(&self) -> i64 {
        self.offset.saturating_add(SECOND / 2).div_euclid(SECOND)
    }

    /// Sets the offset, learned in an earlier run or in a key exchange.
    pub const fn set_offset_secs(&mut self, offset_secs: i64) {
        self.set(offset_secs.saturating_mul(SECOND));
    }

    /// Sets the offset so that the clock shows at `now` when the message `id` of the server was made; returns the new
    /// offset in seconds.
    pub fn learn(&mut self, now: Instant, id: MsgId) -> i64 {
        self.set(self.offset_by(now, id));
        self.offset_secs()
    }

    /// The message `id` of the server was made before `now`: the clock cannot be further behind.
    pub fn refine_not_behind(&mut self, now: Instant, id: MsgId) {
        let bound = self.offset_by(now, id);
        if self.is_plausible(bound) {
            self.refine(self.offset.max(bound));
        }
    }

    /// The message `id` of the server was made after `sent`, when that which it answers left: the clock cannot be further
    /// ahead.
    pub fn refine_not_ahead(&mut self, sent: Instant, id: MsgId) {
        let bound = self.offset_by(sent, id);
        if self.is_plausible(bound) {
            self.refine(self.offset.min(bound));
        }
    }

    const fn set(&mut self, offset: i64) {
        self.offset = offset;
        self.learned = offset;
    }

    fn refine(&mut self, offset: i64) {
        let least = self.learned.saturating_sub(SECOND);
        let most = self.learned.saturating_add(SECOND);
        self.offset = offset.clamp(least, most);
    }

    const fn is_plausible(&self, bound: i64) -> bool {
        bound.abs_diff(self.offset) <= PLAUSIBLE.unsigned_abs()
    }

    /// The offset with which the clock shows at `at` the time in `id`.
    fn offset_by(&self, at: Instant, id: MsgId) -> i64 {
        let fraction = id.0 & 0xffff_ffff;
        let nanos = fraction.saturating_mul(SECOND) >> 32;
        let server = i64::from(id.unix_secs())
            .saturating_mul(SECOND)
            .saturating_add(nanos);
        let local = i64::try_from(self.local(at).as_nanos()).unwrap_or(i64::MAX);
        server.saturating_sub(local)
    }

    fn local(&self, now: Instant) -> UnixTime {
        self.unix
            .saturating_add(now.saturating_duration_since(self.origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: i64 = 1_000_000;

    fn id(millis: i64) -> MsgId {
        let fraction = (((millis % 1000) << 32) + 999) / 1000;
        MsgId(((millis / 1000) << 32) | fraction)
    }

    #[test]
    fn a_learned_time_is_shown_to_the_fraction_and_runs_on() {
        let mut clock = WallClock::new(Instant::from_millis(500), UnixTime::from_secs(1_000));
        assert_eq!(
            clock.learn(Instant::from_millis(2_500), id(3_002_250)),
            2_000
        );
        let shown = clock.unix(Instant::from_millis(3_500)).as_nanos() / 1_000_000;
        assert_eq!(shown, 3_003_250);
        assert_eq!(clock.learn(Instant::from_millis(2_500), id(2_000)), -1_000);
        assert_eq!(clock.unix(Instant::from_millis(3_500)).as_secs(), 3);
    }

    #[test]
    fn extreme_server_times_saturate() {
        let mut clock = WallClock::new(Instant::ZERO, UnixTime::from_nanos(u64::MAX));
        clock.learn(Instant::ZERO, MsgId(0));
        clock.learn(Instant::ZERO, MsgId(i64::MAX));
        clock.learn(Instant::ZERO, MsgId(i64::MIN));
        clock.refine_not_behind(Instant::ZERO, MsgId(-1));
        clock.set_offset_secs(i64::MIN);
        let half = i64::MAX.unsigned_abs() / 1_000_000_000;
        assert_eq!(clock.unix(Instant::ZERO).as_secs(), half);
    }

    #[test]
    fn hs_50_a_round_trip_leaves_no_more_than_its_own_time() {
        // Both clocks differ by 600 ms, of which whole seconds tell nothing.
        for ahead in [-600, 600] {
            let mut clock = WallClock::new(Instant::ZERO, UnixTime::from_secs(1_000));
            clock.set_offset_secs(0);
            let server = |millis: i64| id(1_000_000 + millis + ahead);
            let (sent, made, came) = (100, 130, 160);
            let instant = |millis: i64| Instant::from_millis(millis.unsigned_abs());
            clock.refine_not_behind(instant(came), server(made));
            clock.refine_not_ahead(instant(sent), server(made));
            let error = clock.offset / MILLI - ahead;
            assert!(error.abs() <= came - sent, "{error} ms");
        }
    }

    #[test]
    fn se_15_refinement_stays_within_a_second_and_ignores_other_times() {
        let mut clock = WallClock::new(Instant::ZERO, UnixTime::from_secs(1_000));
        clock.set_offset_secs(5);
        for millis in [1_006_500, 1_007_500, 1_009_000] {
            clock.refine_not_behind(Instant::ZERO, id(millis));
        }
        assert_eq!(clock.offset, 6 * SECOND);
        clock.refine_not_behind(Instant::ZERO, id(1_030_000));
        clock.refine_not_ahead(Instant::ZERO, id(900_000));
        assert_eq!(clock.offset, 6 * SECOND);
        clock.refine_not_ahead(Instant::ZERO, id(1_004_000));
        assert_eq!(clock.offset, 4 * SECOND);
    }
}
