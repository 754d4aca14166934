//! Message identifiers: making our own, judging the peer's.
//!
//! Section: <https://core.telegram.org/mtproto/description#message-identifier-msg-id>.

use super::Role;
use crate::ids::MsgId;
use crate::time::UnixTime;

/// How far in the past a message identifier may lie, in seconds.
pub const PAST_SECS: i64 = 300;
/// How far in the future a message identifier may lie, in seconds.
pub const FUTURE_SECS: i64 = 30;

/// What a message is to the peer, as far as its identifier shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// A response to a message of the peer: 1 modulo 4 from a server.
    Answer,
    /// Sent of one's own accord: 3 modulo 4 from a server.
    Own,
}

/// The generator of one session's identifiers: about unixtime × 2³², unique and rising.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MsgIds {
    role: Role,
    last: i64,
}

impl MsgIds {
    pub(crate) const fn new(role: Role) -> Self {
        Self { role, last: 0 }
    }

    /// The next identifier, above all earlier ones.
    pub(crate) fn next(&mut self, unix: UnixTime, flow: Flow) -> MsgId {
        let timed = from_unix(unix) & !3;
        // The four values below belong together, so the step to the next multiple of four leaves room for the mark.
        let above = (self.last | 3).saturating_add(1);
        let base = timed.max(above);
        self.last = match (self.role, flow) {
            (Role::Client, _) => base,
            (Role::Server, Flow::Answer) => base | 1,
            (Role::Server, Flow::Own) => base | 3,
        };
        MsgId(self.last)
    }

    /// Forgets identifiers above `accepted`, the highest one that the peer is known to have taken.
    ///
    /// Used when the peer refused our identifiers as lying in its future: they never entered its session.
    pub(super) fn rewind(&mut self, accepted: Option<MsgId>) {
        self.last = accepted.map_or(0, |id| id.0);
    }
}

/// The identifier of a moment: seconds above, the fraction in units of 2⁻³² s below.
///
/// The lower half is never empty, as the specification demands of clients.
pub(crate) fn from_unix(unix: UnixTime) -> i64 {
    let secs = unix.as_secs() & 0x7fff_ffff;
    let nanos = unix.as_nanos() % 1_000_000_000;
    let fraction = (nanos << 32) / 1_000_000_000;
    ((secs << 32) | fraction.max(4)).cast_signed()
}

/// A message identifier that is too far from the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffTime {
    Past,
    Future,
}

/// Whether `id` lies between 300 s before and 30 s after `unix`.
pub(super) fn check_time(id: MsgId, unix: UnixTime) -> Result<(), OffTime> {
    let now = i64::try_from(unix.as_secs()).unwrap_or(i64::MAX);
    let ahead = i64::from(id.unix_secs()).saturating_sub(now);
    if ahead > FUTURE_SECS {
        Err(OffTime::Future)
    } else if ahead < PAST_SECS.saturating_neg() {
        Err(OffTime::Past)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: u64 = 1_700_000_000;

    #[test]
    fn se_01_client_ids_are_divisible_by_four() {
        let mut ids = MsgIds::new(Role::Client);
        for nanos in [0, 1, 999_999_999, 500_000_000] {
            let unix = UnixTime::from_nanos(T * 1_000_000_000 + nanos);
            assert_eq!(ids.next(unix, Flow::Own).0 % 4, 0);
        }
    }

    #[test]
    fn se_02_ids_rise_though_the_clock_stands_or_goes_back() {
        for role in [Role::Client, Role::Server] {
            let mut ids = MsgIds::new(role);
            let mut last = 0;
            for secs in [T, T, T, T - 10, T - 10, 0, T + 1] {
                for flow in [Flow::Own, Flow::Answer] {
                    let id = ids.next(UnixTime::from_secs(secs), flow).0;
                    assert!(id > last);
                    last = id;
                }
            }
        }
    }

    #[test]
    fn se_03_ids_show_the_time_and_their_low_half_is_not_empty() {
        let id = MsgIds::new(Role::Client).next(UnixTime::from_secs(T), Flow::Own);
        assert_eq!(u64::from(id.unix_secs()), T);
        assert_ne!(id.0 & 0xffff_ffff, 0);
        let half = MsgIds::new(Role::Client).next(
            UnixTime::from_nanos(T * 1_000_000_000 + 500_000_000),
            Flow::Own,
        );
        assert_eq!(half.0 & 0xffff_ffff, 1 << 31);
    }

    #[test]
    fn server_ids_say_whether_they_answer() {
        let mut ids = MsgIds::new(Role::Server);
        let unix = UnixTime::from_secs(T);
        assert_eq!(ids.next(unix, Flow::Answer).0 % 4, 1);
        assert_eq!(ids.next(unix, Flow::Own).0 % 4, 3);
        assert_eq!(ids.next(unix, Flow::Answer).0 % 4, 1);
    }

    #[test]
    fn se_11_se_12_the_window_is_300_seconds_back_and_30_ahead() {
        let unix = UnixTime::from_secs(T);
        let at = |secs: u64| MsgId((secs << 32).cast_signed());
        assert_eq!(check_time(at(T + 30), unix), Ok(()));
        assert_eq!(check_time(at(T + 31), unix), Err(OffTime::Future));
        assert_eq!(check_time(at(T - 300), unix), Ok(()));
        assert_eq!(check_time(at(T - 301), unix), Err(OffTime::Past));
        assert_eq!(check_time(MsgId(i64::MIN), unix), Err(OffTime::Future));
        assert_eq!(check_time(MsgId(i64::MAX), unix), Err(OffTime::Future));
    }
}
