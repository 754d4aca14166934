//! Lists that are empty because the world has nothing of the kind: stickers, themes, stories, effects, and the like.
//!
//! An empty list is the true answer here; functions that would add to such a list are not implemented.

use tl_parser::{Object, Value};

use super::{Access, Method};
use crate::call::Call;
use crate::error::{RpcError, STICKERSET_INVALID};
use crate::model::ids::PeerId;
use crate::request::Arguments;

macro_rules! empty {
    ($($function:literal: $reply:expr;)*) => {
        &[$(Method::new($function, Access::People, |_, _| Ok($reply.into())),)*]
    };
}

/// A reply with the hash 0 and an empty vector.
fn list(name: &'static str, field: &'static str) -> Object {
    Object::new(name)
        .with("hash", 0_i64)
        .with(field, Vec::<Value>::new())
}

/// The same where the hash is an `int`.
fn short_list(name: &'static str, field: &'static str) -> Object {
    Object::new(name)
        .with("hash", 0)
        .with(field, Vec::<Value>::new())
}

fn nothing() -> Vec<Value> {
    Vec::new()
}

fn featured() -> Object {
    list("messages.featuredStickers", "sets")
        .with("count", 0)
        .with("unread", nothing())
}

fn peers(object: Object) -> Object {
    object.with("chats", nothing()).with("users", nothing())
}

pub(super) const EMPTY: &[Method] = empty! {
    "messages.getAllStickers": list("messages.allStickers", "sets");
    "messages.getMaskStickers": list("messages.allStickers", "sets");
    "messages.getEmojiStickers": list("messages.allStickers", "sets");
    "messages.getStickers": list("messages.stickers", "stickers");
    "messages.getFeaturedStickers": featured();
    "messages.getFeaturedEmojiStickers": featured();
    "messages.getOldFeaturedStickers": featured();
    "messages.getRecentStickers": list("messages.recentStickers", "packs").with("stickers", nothing()).with("dates", nothing());
    "messages.getFavedStickers": list("messages.favedStickers", "packs").with("stickers", nothing());
    "messages.getArchivedStickers": Object::new("messages.archivedStickers").with("count", 0).with("sets", nothing());
    "messages.searchStickerSets": list("messages.foundStickerSets", "sets");
    "messages.searchEmojiStickerSets": list("messages.foundStickerSets", "sets");
    "messages.getAttachMenuBots": list("attachMenuBots", "bots").with("users", nothing());
    "messages.getEmojiGroups": short_list("messages.emojiGroups", "groups");
    "messages.getEmojiStickerGroups": short_list("messages.emojiGroups", "groups");
    "messages.getEmojiStatusGroups": short_list("messages.emojiGroups", "groups");
    "messages.getEmojiProfilePhotoGroups": short_list("messages.emojiGroups", "groups");
    "messages.getAvailableEffects": short_list("messages.availableEffects", "effects").with("documents", nothing());
    "messages.getQuickReplies": peers(Object::new("messages.quickReplies").with("quick_replies", nothing()).with("messages", nothing()));
    "account.getThemes": list("account.themes", "themes");
    "account.getChatThemes": list("account.themes", "themes");
    "account.getWallPapers": list("account.wallPapers", "wallpapers");
    "account.getSavedRingtones": list("account.savedRingtones", "ringtones");
    "account.getDefaultEmojiStatuses": list("account.emojiStatuses", "statuses");
    "account.getRecentEmojiStatuses": list("account.emojiStatuses", "statuses");
    "account.getCollectibleEmojiStatuses": list("account.emojiStatuses", "statuses");
    "account.getChannelDefaultEmojiStatuses": list("account.emojiStatuses", "statuses");
    "account.getConnectedBots": Object::new("account.connectedBots").with("connected_bots", nothing()).with("users", nothing());
    "account.getBusinessChatLinks": peers(Object::new("account.businessChatLinks").with("links", nothing()));
    "account.getSavedMusicIds": Object::new("account.savedMusicIds").with("ids", nothing());
    "channels.getChannelRecommendations": Object::new("messages.chats").with("chats", nothing());
    "bots.getAdminedBots": Value::from(nothing());
    "stories.getAllStories": peers(Object::new("stories.allStories").with("count", 0).with("state", "").with("peer_stories", nothing())).with("stealth_mode", Object::new("storiesStealthMode"));
};

pub(super) const METHODS: &[Method] = &[
    Method::new("messages.getStickerSet", Access::Everybody, get_set),
    Method::new(
        "messages.getCustomEmojiDocuments",
        Access::Everybody,
        none_known,
    ),
    Method::new(
        "messages.getPinnedSavedDialogs",
        Access::People,
        get_pinned_saved,
    ),
    Method::new("stories.getPeerStories", Access::People, get_stories),
    Method::new("payments.getStarsStatus", Access::People, get_stars),
    Method::new("messages.getWebPagePreview", Access::People, get_preview),
    Method::new("messages.getWebPage", Access::People, get_web_page),
    Method::new("messages.getEmojiKeywords", Access::People, get_keywords),
];

/// No set exists, whatever its name.
fn get_set(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Err(STICKERSET_INVALID.into())
}

/// Unknown documents are left out of the reply.
fn none_known(_: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    request.need_vector("document_id")?;
    Ok(nothing().into())
}

/// Saved Messages are one dialog here, and it cannot be pinned within itself.
fn get_pinned_saved(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let object = Object::new("messages.savedDialogs")
        .with("dialogs", nothing())
        .with("messages", nothing());
    Ok(peers(object).into())
}

fn get_stories(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let mut view = call.view(me);
    let stories = Object::new("peerStories")
        .with("peer", view.peer(peer))
        .with("stories", nothing());
    let object = Object::new("stories.peerStories").with("stories", stories);
    Ok(view.with_peers(object).into())
}

/// Nobody ever bought a star.
fn get_stars(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let peer = call.peer_in(request, "peer")?;
    let mut view = call.view(me);
    view.note(peer);
    view.note(PeerId::User(me));
    let amount = Object::new("starsAmount")
        .with("amount", 0_i64)
        .with("nanos", 0);
    let object = Object::new("payments.starsStatus").with("balance", amount);
    Ok(view.with_peers(object).into())
}

/// There is no web to look at.
fn get_preview(_: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    request.need_str("message")?;
    let object =
        Object::new("messages.webPagePreview").with("media", Object::new("messageMediaEmpty"));
    Ok(peers(object).into())
}

fn get_web_page(_: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let page = Object::new("webPageEmpty")
        .with("id", 0_i64)
        .with("url", request.need_str("url")?);
    let object = Object::new("messages.webPage").with("webpage", page);
    Ok(peers(object).into())
}

fn get_keywords(_: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    Ok(Object::new("emojiKeywordsDifference")
        .with("lang_code", request.need_str("lang_code")?)
        .with("from_version", 0)
        .with("version", 0)
        .with("keywords", nothing())
        .into())
}
