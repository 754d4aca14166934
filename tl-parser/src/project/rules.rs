//! What was renamed, split or moved between layers: data, and how to apply it.
//!
//! Each rule names the older form first. It is applied in the direction in which the target has
//! the other form.

use crate::schema::{Combinator, Schema};
use crate::value::{Object, Value};

/// Constructors and functions with another name and compatible fields.
const RENAMED: &[(&str, &str)] = &[
    ("appWebViewResultUrl", "webViewResultUrl"),
    ("channels.createForumTopic", "messages.createForumTopic"),
    ("channels.deleteTopicHistory", "messages.deleteTopicHistory"),
    ("channels.editForumTopic", "messages.editForumTopic"),
    ("channels.getForumTopics", "messages.getForumTopics"),
    ("channels.getForumTopicsByID", "messages.getForumTopicsByID"),
    (
        "channels.getSponsoredMessages",
        "messages.getSponsoredMessages",
    ),
    (
        "channels.reorderPinnedForumTopics",
        "messages.reorderPinnedForumTopics",
    ),
    (
        "channels.updatePinnedForumTopic",
        "messages.updatePinnedForumTopic",
    ),
    (
        "channels.viewSponsoredMessage",
        "messages.viewSponsoredMessage",
    ),
    ("emojiStatusUntil", "emojiStatus"),
    ("inputChannel", "inputPeerChannel"),
    ("inputChannelEmpty", "inputPeerEmpty"),
    ("inputChannelFromMessage", "inputPeerChannelFromMessage"),
    ("inputUser", "inputPeerUser"),
    ("inputUserEmpty", "inputPeerEmpty"),
    ("inputUserFromMessage", "inputPeerUserFromMessage"),
    ("inputUserSelf", "inputPeerSelf"),
    ("keyboardButtonRow", "keyboardInlineButtonRow"),
    (
        "messageActionSetSameChatWallPaper",
        "messageActionSetChatWallPaper",
    ),
    ("messageUserVote", "messagePeerVote"),
    ("messageUserVoteInputOption", "messagePeerVoteInputOption"),
    ("messageUserVoteMultiple", "messagePeerVoteMultiple"),
    ("simpleWebViewResultUrl", "webViewResultUrl"),
    ("updateChannelPinnedTopic", "updatePinnedForumTopic"),
    ("updateChannelPinnedTopics", "updatePinnedForumTopics"),
    ("updateUserBlocked", "updatePeerBlocked"),
];

/// A field with another name.
struct RenamedField {
    /// The combinators, by their newer name.
    on: &'static [&'static str],
    old: &'static str,
    new: &'static str,
}

const RENAMED_FIELDS: &[RenamedField] = &[
    RenamedField {
        on: &[
            "messages.createForumTopic",
            "messages.deleteTopicHistory",
            "messages.editForumTopic",
            "messages.getForumTopics",
            "messages.getForumTopicsByID",
            "messages.getSponsoredMessages",
            "messages.reorderPinnedForumTopics",
            "messages.updatePinnedForumTopic",
        ],
        old: "channel",
        new: "peer",
    },
    RenamedField {
        on: &["messageActionSetChatTheme", "messages.setChatTheme"],
        old: "emoticon",
        new: "theme",
    },
    RenamedField {
        on: &["messageActionRequestedPeer"],
        old: "peer",
        new: "peers",
    },
    RenamedField {
        on: &["messages.sendBotRequestedPeer"],
        old: "requested_peer",
        new: "requested_peers",
    },
    RenamedField {
        on: &["userFull"],
        old: "theme_emoticon",
        new: "theme",
    },
];

/// Texts that were wrapped into an object: constructor and the field with the text.
const WRAPPED: &[(&str, &str)] = &[
    ("textWithEntities", "text"),
    ("chatTheme", "emoticon"),
    ("inputChatTheme", "emoticon"),
];

/// An older constructor that was the newer one with a field or flag set.
struct Split {
    whole: &'static str,
    part: &'static str,
    by: &'static str,
}

const SPLIT: &[Split] = &[
    Split {
        whole: "emojiStatus",
        part: "emojiStatusUntil",
        by: "until",
    },
    Split {
        whole: "messageActionSetChatWallPaper",
        part: "messageActionSetSameChatWallPaper",
        by: "same",
    },
];

/// Fields that became an object in one field.
struct Nest {
    /// The combinators, by their newer name; all of them where there is none.
    on: &'static [&'static str],
    /// The newer field.
    outer: &'static str,
    /// The object in it.
    constructor: &'static str,
    /// Older field and field of the object.
    fields: &'static [(&'static str, &'static str)],
}

const NESTED: &[Nest] = &[
    Nest {
        on: &["message", "messageService"],
        outer: "reply_to",
        constructor: "messageReplyHeader",
        fields: &[("reply_to_msg_id", "reply_to_msg_id")],
    },
    Nest {
        on: &[],
        outer: "reply_to",
        constructor: "inputReplyToMessage",
        fields: &[
            ("reply_to_msg_id", "reply_to_msg_id"),
            ("top_msg_id", "top_msg_id"),
        ],
    },
    Nest {
        on: &[
            "messagePeerVote",
            "messagePeerVoteInputOption",
            "messagePeerVoteMultiple",
            "updateMessagePollVote",
        ],
        outer: "peer",
        constructor: "peerUser",
        fields: &[("user_id", "user_id")],
    },
    Nest {
        on: &["updatePeerBlocked"],
        outer: "peer_id",
        constructor: "peerUser",
        fields: &[("user_id", "user_id")],
    },
    Nest {
        on: &["updateGroupCall"],
        outer: "peer",
        constructor: "peerChat",
        fields: &[("chat_id", "chat_id")],
    },
    Nest {
        on: &["updatePinnedForumTopic", "updatePinnedForumTopics"],
        outer: "peer",
        constructor: "peerChannel",
        fields: &[("channel_id", "channel_id")],
    },
];

/// The two shapes of buttons: before, one constructor per kind; after, one button whose `type`
/// says the kind. Fields that are the button's own stay with it.
const BUTTON_FIELDS: [&str; 2] = ["text", "style"];
const BUTTONS: &[(&str, &str, &str)] = &[
    ("keyboardButton", "keyboardInlineButton", "inlineButtonType"),
    (
        "inputKeyboardButton",
        "keyboardInlineButton",
        "inputInlineButtonType",
    ),
    ("keyboardButton", "keyboardButton", "buttonType"),
    ("inputKeyboardButton", "keyboardButton", "inputButtonType"),
];

/// Other forms in which an object may be known to the target, the most exact first.
pub(super) fn other_forms(object: &Object, target: &Schema) -> Vec<Object> {
    let name = object.name();
    let mut forms = Vec::new();
    let mut add = |new: &'static str| {
        if target.by_name(new).is_some() {
            let mut form = object.clone();
            form.rename(new);
            forms.push(form);
        }
    };
    for split in SPLIT {
        if split.whole == name && object.get(split.by).is_some() {
            add(split.part);
        }
    }
    for (old, new) in RENAMED {
        if *old == name {
            add(new);
        } else if *new == name {
            add(old);
        }
    }
    for form in &mut forms {
        if let Some(split) = SPLIT
            .iter()
            .find(|split| split.part == name && split.whole == form.name())
            && form.get(split.by).is_none()
        {
            form.set(split.by, true);
        }
    }
    for (prefix, button, kind) in BUTTONS {
        forms.extend(button_with_type(object, target, prefix, button, kind));
        forms.extend(button_without_type(object, target, prefix, button, kind));
    }
    forms
}

/// Whether an object stands for another constructor of the target than the one of its name.
pub(super) fn is_split(object: &Object, target: &Schema) -> bool {
    SPLIT.iter().any(|split| {
        split.whole == object.name()
            && object.get(split.by).is_some()
            && target.by_name(split.part).is_some()
    })
}

fn button_with_type(
    object: &Object,
    target: &Schema,
    prefix: &str,
    button: &'static str,
    kind: &str,
) -> Option<Object> {
    let suffix = object.name().strip_prefix(prefix)?;
    if object.get("type").is_some() || target.by_name(button)?.field("type").is_none() {
        return None;
    }
    let suffix = if suffix.is_empty() { "Default" } else { suffix };
    let kind = target.by_name(&format!("{kind}{suffix}"))?;
    let (mut outer, mut inner) = (Object::new(button), Object::new(kind.object_name()));
    for (field, value) in object.named_fields() {
        let is_own = BUTTON_FIELDS.contains(&field.as_str());
        if is_own { &mut outer } else { &mut inner }.set(field, value.clone());
    }
    Some(outer.with("type", inner))
}

fn button_without_type(
    object: &Object,
    target: &Schema,
    prefix: &str,
    button: &str,
    kind: &str,
) -> Option<Object> {
    let inner = object.object("type").filter(|_| object.name() == button)?;
    let suffix = match inner.name().strip_prefix(kind)? {
        "Default" => "",
        suffix => suffix,
    };
    let name = target.by_name(&format!("{prefix}{suffix}"))?.object_name();
    let mut flat = Object::new(name);
    for (field, value) in object
        .named_fields()
        .filter(|(field, _)| **field != *"type")
    {
        flat.set(field, value.clone());
    }
    for (field, value) in inner.named_fields() {
        flat.set(field, value.clone());
    }
    Some(flat)
}

/// A value for a field that the object does not have under that name, and the names of the fields
/// it comes from.
pub(super) fn moved_field<'v>(
    object: &'v Object,
    target: &Combinator,
    field: &str,
) -> Option<(Value, Vec<&'v str>)> {
    let has = |name: &str| target.field(name).is_some();
    for rule in RENAMED_FIELDS
        .iter()
        .filter(|rule| is_named(rule.on, target.name()))
    {
        let other = match field {
            field if field == rule.new => rule.old,
            field if field == rule.old => rule.new,
            _ => continue,
        };
        if !has(other)
            && let Some((name, value)) = object.fields().find(|(name, _)| *name == other)
        {
            return Some((value.clone(), vec![name]));
        }
    }
    let applies = |nest: &&Nest| nest.on.is_empty() || nest.on.contains(&target.name());
    for nest in NESTED.iter().filter(applies) {
        if nest.outer == field {
            let mut inner = Object::new(nest.constructor);
            let mut used = Vec::new();
            for (old, new) in nest.fields {
                if let Some((name, value)) = object.fields().find(|(name, _)| name == old) {
                    inner.set(*new, value.clone());
                    used.push(name);
                }
            }
            // The first of the fields is the one that makes it an object at all.
            if nest
                .fields
                .first()
                .is_some_and(|(_, first)| inner.get(first).is_some())
            {
                return Some((inner.into(), used));
            }
        }
    }
    let applies = |nest: &&Nest| nest.on.is_empty() || is_named(nest.on, target.name());
    for nest in NESTED.iter().filter(applies) {
        if let Some((_, new)) = nest.fields.iter().find(|(old, _)| *old == field)
            && !has(nest.outer)
            && let Some((name, Value::Object(outer))) =
                object.fields().find(|(name, _)| *name == nest.outer)
            && outer.name() == nest.constructor
            && let Some(value) = outer.get(new)
        {
            return Some((value.clone(), vec![name]));
        }
    }
    None
}

/// Whether a list has a combinator under its newer or older name.
fn is_named(newer_names: &[&str], name: &str) -> bool {
    newer_names.contains(&name)
        || RENAMED
            .iter()
            .any(|(old, new)| *old == name && newer_names.contains(new))
}

/// The text inside of an object that wraps one.
pub(super) fn unwrap_text(object: &Object) -> Option<&Value> {
    let (_, field) = WRAPPED.iter().find(|(name, _)| *name == object.name())?;
    object.get(field)
}

/// The objects that can wrap a text, in the order of preference.
pub(super) fn wrap_text(text: &Value) -> impl Iterator<Item = Object> {
    WRAPPED
        .iter()
        .map(move |(name, field)| Object::new(*name).with(*field, text.clone()))
}

/// The function of that name, or of the name it has in this schema.
pub(super) fn function_in<'s>(schema: &'s Schema, name: &str) -> Option<&'s Combinator> {
    let renamed = RENAMED.iter().filter_map(|(old, new)| match name {
        name if name == *old => Some(*new),
        name if name == *new => Some(*old),
        _ => None,
    });
    std::iter::once(name)
        .chain(renamed)
        .filter_map(|name| schema.by_name(name))
        .find(|found| found.is_function())
}
