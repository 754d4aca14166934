//! Invite links of groups and channels.

use super::ids::UserId;

/// One link.
#[derive(Clone, Debug)]
pub(crate) struct Invite {
    /// The part after `https://t.me/+`.
    pub(crate) hash: String,
    pub(crate) admin: UserId,
    pub(crate) date: i32,
    pub(crate) expire_date: Option<i32>,
    pub(crate) usage_limit: Option<i32>,
    pub(crate) request_needed: bool,
    pub(crate) title: Option<String>,
    pub(crate) revoked: bool,
    /// The one link that stands for the administrator by default.
    pub(crate) permanent: bool,
    /// Who came by it, and when.
    pub(crate) joined: Vec<(UserId, i32)>,
    /// Who asked to be let in, and when.
    pub(crate) requested: Vec<(UserId, i32)>,
}

impl Invite {
    /// Whether somebody can still come by the link at `now`.
    pub(crate) fn is_usable(&self, now: i32) -> bool {
        let used_up = self
            .usage_limit
            .is_some_and(|limit| i32::try_from(self.joined.len()).unwrap_or(i32::MAX) >= limit);
        !self.revoked && !used_up && self.expire_date.is_none_or(|date| date > now)
    }

    /// The link as text.
    pub(crate) fn link(&self) -> String {
        format!("https://t.me/+{}", self.hash)
    }
}
