//! Time as the driver gives it.

/// A moment of the world's time: Unix seconds and the nanoseconds after them.
///
/// The world has no clock; every call carries its moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime {
    seconds: i64,
    nanos: u32,
}

impl UnixTime {
    /// The moment `seconds` after 1970-01-01T00:00:00Z and `nanos` (kept below 10⁹) after that.
    pub const fn new(seconds: i64, nanos: u32) -> Self {
        Self {
            seconds,
            nanos: if nanos < 1_000_000_000 {
                nanos
            } else {
                999_999_999
            },
        }
    }

    /// Whole seconds since 1970.
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after the whole second, below 10⁹.
    pub const fn nanos(self) -> u32 {
        self.nanos
    }

    /// The moment as a `date:int` field, held within the range of the field.
    pub fn date(self) -> i32 {
        i32::try_from(self.seconds.max(0)).unwrap_or(i32::MAX)
    }

    /// The moment `seconds` later.
    pub const fn plus(self, seconds: i64) -> Self {
        Self {
            seconds: self.seconds.saturating_add(seconds),
            nanos: self.nanos,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::UnixTime;

    #[test]
    fn date_stays_within_the_field() {
        assert_eq!(UnixTime::new(1_700_000_000, 5).date(), 1_700_000_000);
        assert_eq!(UnixTime::new(i64::MAX, 0).date(), i32::MAX);
        assert_eq!(UnixTime::new(-1, 0).date(), 0);
        assert_eq!(UnixTime::new(0, u32::MAX).nanos(), 999_999_999);
    }
}
