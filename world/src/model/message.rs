//! Messages. One message exists once, however many accounts have a copy of it.

use std::collections::{BTreeMap, BTreeSet};

use tl_parser::{Object, Value};

use super::ids::{ChannelId, ChatId, MessageKey, PeerId, PhotoId, UserId};
use super::media::Media;

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Between two accounts; the same one twice in Saved Messages.
    Private(UserId, UserId),
    Chat(ChatId),
    Channel(ChannelId),
}

impl Place {
    /// The peer under which `viewer` sees the place.
    pub(crate) fn peer_for(self, viewer: UserId) -> PeerId {
        match self {
            Self::Private(a, b) if a == viewer => PeerId::User(b),
            Self::Private(a, _) => PeerId::User(a),
            Self::Chat(id) => PeerId::Chat(id),
            Self::Channel(id) => PeerId::Channel(id),
        }
    }
}

/// Text, media and keyboard of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Content {
    pub(crate) text: String,
    /// `MessageEntity` objects, already checked against the text.
    pub(crate) entities: Vec<Value>,
    pub(crate) media: Option<Media>,
    /// `ReplyMarkup`, already checked.
    pub(crate) markup: Option<Object>,
}

/// What a service message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    ChatCreate {
        title: String,
        users: Vec<UserId>,
    },
    ChannelCreate {
        title: String,
    },
    EditTitle {
        title: String,
    },
    EditPhoto(PhotoId),
    DeletePhoto,
    AddUsers(Vec<UserId>),
    DeleteUser(UserId),
    JoinedByLink {
        inviter: UserId,
    },
    JoinedByRequest,
    PinMessage,
    /// Seconds after which messages are taken away from now on; 0 for never.
    SetTtl {
        period: i32,
    },
    MigrateTo(ChannelId),
    MigrateFrom {
        title: String,
        chat: ChatId,
    },
}

/// Either of the two kinds of message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Ordinary(Box<Content>),
    Service(Action),
}

/// What a message answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) to: MessageKey,
    /// Quoted text with its entities and offset, where a part is quoted.
    pub(crate) quote: Option<(String, Vec<Value>, Option<i32>)>,
}

/// Where a forwarded message came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forward {
    /// The author; absent where he hides.
    pub(crate) from: Option<PeerId>,
    pub(crate) from_name: Option<String>,
    pub(crate) date: i32,
    /// Id of the post in its channel.
    pub(crate) channel_post: Option<i32>,
    pub(crate) post_author: Option<String>,
    /// The chat it was taken from and its id there, for what is kept in Saved Messages.
    pub(crate) saved_from: Option<(PeerId, i32)>,
}

/// A reaction: an emoji of the default set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reaction(pub(crate) String);

/// One account's reaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reacted {
    pub(crate) by: UserId,
    pub(crate) reaction: Reaction,
    pub(crate) date: i32,
    pub(crate) big: bool,
}

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) key: MessageKey,
    pub(crate) place: Place,
    /// Whoever wrote it.
    pub(crate) author: UserId,
    /// Shown as the sender; absent in posts of broadcast channels.
    pub(crate) from: Option<PeerId>,
    pub(crate) date: i32,
    pub(crate) edit_date: Option<i32>,
    pub(crate) body: Body,
    pub(crate) reply: Option<Reply>,
    pub(crate) forward: Option<Forward>,
    pub(crate) via_bot: Option<UserId>,
    pub(crate) grouped_id: Option<i64>,
    pub(crate) post_author: Option<String>,
    pub(crate) silent: bool,
    pub(crate) noforwards: bool,
    pub(crate) invert_media: bool,
    pub(crate) from_scheduled: bool,
    /// Seconds after which the message is taken away.
    pub(crate) ttl_period: Option<i32>,
    pub(crate) pinned: bool,
    /// Accounts that looked at a channel post.
    pub(crate) viewed_by: BTreeSet<UserId>,
    pub(crate) forwards: i32,
    pub(crate) reactions: Vec<Reacted>,
    /// Ids of the copies by account, outside channels.
    pub(crate) copies: BTreeMap<UserId, i32>,
    /// Id in its channel; 0 elsewhere.
    pub(crate) channel_msg_id: i32,
}

impl Message {
    /// The id under which `viewer` knows the message.
    pub(crate) fn id_for(&self, viewer: UserId) -> Option<i32> {
        match self.place {
            Place::Channel(_) => Some(self.channel_msg_id),
            _ => self.copies.get(&viewer).copied(),
        }
    }

    /// The content, where it is no service message.
    pub(crate) fn content(&self) -> Option<&Content> {
        match &self.body {
            Body::Ordinary(content) => Some(content),
            Body::Service(_) => None,
        }
    }
}
