//! Rights of administrators and restrictions of members, as sets of named bits.
//!
//! <https://core.telegram.org/api/rights>

/// A set of `chatAdminRights` flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AdminRights(pub(crate) u32);

/// Names of the flags of `chatAdminRights`, by bit.
pub(crate) const ADMIN_RIGHTS: [(&str, u8); 19] = [
    ("change_info", 0),
    ("post_messages", 1),
    ("edit_messages", 2),
    ("delete_messages", 3),
    ("ban_users", 4),
    ("invite_users", 5),
    ("pin_messages", 7),
    ("add_admins", 9),
    ("anonymous", 10),
    ("manage_call", 11),
    ("other", 12),
    ("manage_topics", 13),
    ("post_stories", 14),
    ("edit_stories", 15),
    ("delete_stories", 16),
    ("manage_direct_messages", 17),
    ("manage_ranks", 18),
    ("manage_linked_peers", 19),
    ("manage_welcome_messages", 20),
];

impl AdminRights {
    pub(crate) const CHANGE_INFO: Self = Self(1);
    pub(crate) const POST_MESSAGES: Self = Self(1 << 1);
    pub(crate) const EDIT_MESSAGES: Self = Self(1 << 2);
    pub(crate) const DELETE_MESSAGES: Self = Self(1 << 3);
    pub(crate) const BAN_USERS: Self = Self(1 << 4);
    pub(crate) const INVITE_USERS: Self = Self(1 << 5);
    pub(crate) const PIN_MESSAGES: Self = Self(1 << 7);
    pub(crate) const ADD_ADMINS: Self = Self(1 << 9);
    const ANONYMOUS: u32 = 1 << 10;

    /// What a creator may do: everything, without hiding.
    pub(crate) fn creator() -> Self {
        let all = ADMIN_RIGHTS
            .iter()
            .fold(0, |bits, (_, bit)| bits | (1 << bit));
        Self(all & !Self::ANONYMOUS)
    }

    pub(crate) fn allows(self, right: Self) -> bool {
        self.0 & right.0 == right.0
    }

    /// Whether nothing is granted, which takes an administrator's place away.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A set of `chatBannedRights` flags: what is *not* allowed, until a date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BannedRights {
    pub(crate) bits: u32,
    /// Unix seconds; 0 and `i32::MAX` mean for ever.
    pub(crate) until_date: i32,
}

/// Names of the flags of `chatBannedRights`, by bit.
pub(crate) const BANNED_RIGHTS: [(&str, u8); 23] = [
    ("view_messages", 0),
    ("send_messages", 1),
    ("send_media", 2),
    ("send_stickers", 3),
    ("send_gifs", 4),
    ("send_games", 5),
    ("send_inline", 6),
    ("embed_links", 7),
    ("send_polls", 8),
    ("change_info", 10),
    ("invite_users", 15),
    ("pin_messages", 17),
    ("manage_topics", 18),
    ("send_photos", 19),
    ("send_videos", 20),
    ("send_roundvideos", 21),
    ("send_audios", 22),
    ("send_voices", 23),
    ("send_docs", 24),
    ("send_plain", 25),
    ("edit_rank", 26),
    ("send_reactions", 27),
    ("manage_linked_peers", 28),
];

impl BannedRights {
    pub(crate) const VIEW_MESSAGES: u32 = 1;
    pub(crate) const SEND_MESSAGES: u32 = 1 << 1;
    pub(crate) const SEND_MEDIA: u32 = 1 << 2;
    pub(crate) const CHANGE_INFO: u32 = 1 << 10;
    pub(crate) const INVITE_USERS: u32 = 1 << 15;
    pub(crate) const PIN_MESSAGES: u32 = 1 << 17;
    pub(crate) const SEND_PLAIN: u32 = 1 << 25;

    /// Whether any of `bits` is forbidden at `now`.
    pub(crate) fn forbids(self, bits: u32, now: i32) -> bool {
        self.is_in_force(now) && self.bits & bits != 0
    }

    /// Whether the restriction still holds at `now`.
    pub(crate) fn is_in_force(self, now: i32) -> bool {
        self.bits != 0 && (self.until_date == 0 || self.until_date > now)
    }
}

#[cfg(test)]
mod tests {
    use super::{AdminRights, BannedRights};

    #[test]
    fn a_creator_may_do_everything_but_hide() {
        let creator = AdminRights::creator();
        assert!(creator.allows(AdminRights::ADD_ADMINS));
        assert!(creator.allows(AdminRights::BAN_USERS));
        assert!(!creator.allows(AdminRights(AdminRights::ANONYMOUS)));
        assert!(AdminRights::default().is_empty());
    }

    #[test]
    fn restrictions_end_at_their_date() {
        let ban = BannedRights {
            bits: BannedRights::SEND_MESSAGES,
            until_date: 100,
        };
        assert!(ban.forbids(BannedRights::SEND_MESSAGES, 99));
        assert!(!ban.forbids(BannedRights::VIEW_MESSAGES, 99));
        assert!(!ban.forbids(BannedRights::SEND_MESSAGES, 100));
    }
}
