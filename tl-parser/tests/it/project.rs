//! Values of one layer in the terms of another, over all bundled layers.

use tl_parser::project::{Event, conform, normalise, project, project_result};
use tl_parser::{Layers, Limits, Object, Schema, Value};

fn layers() -> &'static Layers {
    Layers::bundled()
}

/// Projects, and proves that the result can be encoded in that layer and read again.
fn into_layer(layer: i32, value: &Value) -> Value {
    let (projected, report) = project(layers(), layer, value);
    assert!(report.is_expressible(), "layer {layer}: {report}");
    let schema = layers().at(layer).schema;
    let bytes = schema
        .encode(&projected)
        .unwrap_or_else(|error| panic!("layer {layer}: {error}"));
    assert_eq!(
        schema.decode(&bytes, Limits::NETWORK).unwrap(),
        projected,
        "layer {layer}"
    );
    projected
}

fn events(target: &str, value: impl Into<Value>) -> (Value, Vec<String>) {
    let (schema, _) = Schema::parse(target);
    let (value, report) = conform(&schema, None, &value.into());
    (
        value,
        report.entries().iter().map(ToString::to_string).collect(),
    )
}

#[test]
fn unknown_fields_are_dropped_and_missing_ones_filled_and_told() {
    let source = Object::new("a").with("same", 1).with("gone", "x").with(
        "list",
        vec![Object::new("a").with("same", 2), Object::new("unknown")],
    );
    let (value, events) = events("a#1 same:int list:Vector<A> name:string = A;", source);
    let inner = Object::new("a")
        .with("same", 2)
        .with("list", Vec::<Value>::new())
        .with("name", "");
    let expect = Object::new("a")
        .with("same", 1)
        .with("list", vec![inner])
        .with("name", "");
    assert_eq!(value, expect.into());
    assert_eq!(
        events,
        [
            "list.0.list: filled with the default",
            "list.0.name: filled with the default",
            "list.1: dropped",
            "name: filled with the default",
            "gone: dropped",
        ]
    );
}

#[test]
fn numbers_change_their_width_where_they_fit() {
    let target = "a#1 flags:# x:int y:long z:flags.0?int d:double s:int = A;";
    let source = Object::new("a")
        .with("x", 5_i64)
        .with("y", 6)
        .with("z", 1_i64 << 40)
        .with("d", 3)
        .with("s", 2.5);
    let (value, events) = events(target, source);
    let expect = Object::new("a")
        .with("x", 5)
        .with("y", 6_i64)
        .with("d", 3.0)
        .with("s", 2);
    assert_eq!(value, expect.into());
    assert_eq!(
        events,
        [
            "z: 1099511627776 is too large",
            "z: dropped",
            "s: 2.5 is too large"
        ]
    );
}

#[test]
fn a_bool_and_a_flag_are_the_same_thing() {
    let target = "a#1 flags:# x:flags.0?true y:flags.1?true z:Bool = A;";
    let source = Object::new("a")
        .with("x", true)
        .with("y", false)
        .with("z", true);
    let (value, events) = events(target, source);
    assert_eq!(
        value,
        Object::new("a").with("x", true).with("z", true).into()
    );
    assert!(events.is_empty(), "{events:?}");
}

#[test]
fn fields_that_share_a_bit_are_completed() {
    let target = "a#1 flags:# x:flags.0?int y:flags.0?string z:flags.1?int = A;";
    let (value, events) = events(target, Object::new("a").with("y", "q"));
    assert_eq!(value, Object::new("a").with("x", 0).with("y", "q").into());
    assert_eq!(events, ["x: filled with the default"]);
}

#[test]
fn a_value_without_counterpart_is_given_back_and_the_report_says_so() {
    let (schema, _) = Schema::parse("a#1 = A;");
    let source = Value::from(Object::new("b"));
    let (value, report) = conform(&schema, None, &source);
    assert_eq!(value, source);
    assert!(!report.is_expressible());
    assert_eq!(
        report.entries()[0].event,
        Event::Unknown {
            name: "b".to_owned()
        }
    );
}

#[test]
fn a_reply_moves_between_its_two_places() {
    let old = Object::new("messages.sendMessage")
        .with("peer", Object::new("inputPeerSelf"))
        .with("reply_to_msg_id", 7)
        .with("top_msg_id", 3)
        .with("message", "hi")
        .with("random_id", 1_i64);
    let (new, report) = normalise(layers(), 158, &old.clone().into());
    assert!(report.is_lossless(), "{report}");
    assert_eq!(new.at("reply_to.reply_to_msg_id"), Some(&Value::Int(7)));
    assert_eq!(new.at("reply_to.top_msg_id"), Some(&Value::Int(3)));
    let (again, report) = project(layers(), 158, &new);
    assert_eq!(again, old.into());
    assert!(report.is_lossless(), "{report}");
}

#[test]
fn renamed_functions_are_normalised_with_their_arguments() {
    let old = Object::new("channels.editForumTopic")
        .with(
            "channel",
            Object::new("inputChannel")
                .with("channel_id", 5_i64)
                .with("access_hash", 6_i64),
        )
        .with("topic_id", 1);
    let (new, report) = normalise(layers(), 158, &old.clone().into());
    assert!(report.is_lossless(), "{report}");
    let new = new.into_object().unwrap();
    assert_eq!(new.name(), "messages.editForumTopic");
    assert_eq!(new.object("peer").unwrap().name(), "inputPeerChannel");
    assert_eq!(into_layer(158, &new.into()), old.into());
}

#[test]
fn texts_get_and_lose_their_entities() {
    let title = Object::new("textWithEntities")
        .with("text", "work")
        .with("entities", Vec::<Value>::new());
    let filter = Object::new("dialogFilter")
        .with("id", 2)
        .with("title", title)
        .with("pinned_peers", Vec::<Value>::new())
        .with("include_peers", Vec::<Value>::new())
        .with("exclude_peers", Vec::<Value>::new());
    let old = into_layer(158, &filter.clone().into());
    assert_eq!(old.at("title"), Some(&"work".into()));
    let (new, _) = normalise(layers(), 158, &old);
    assert_eq!(new, filter.into());
}

#[test]
fn buttons_change_between_one_constructor_per_kind_and_a_type_field() {
    let button = Object::new("keyboardInlineButton").with("text", "go").with(
        "type",
        Object::new("inlineButtonTypeCallback").with("data", vec![1_u8]),
    );
    let row = Object::new("keyboardInlineButtonRow").with("buttons", vec![button]);
    let markup = Value::from(Object::new("replyInlineMarkup").with("rows", vec![row]));
    let plain = Object::new("keyboardButtonRow").with(
        "buttons",
        vec![
            Object::new("keyboardButton")
                .with("text", "x")
                .with("type", Object::new("buttonTypeDefault")),
        ],
    );
    let keyboard = Value::from(Object::new("replyKeyboardMarkup").with("rows", vec![plain]));
    for layer in layers()
        .numbers()
        .iter()
        .copied()
        .filter(|layer| (100..229).contains(layer))
    {
        let old = into_layer(layer, &markup);
        let button = old.at("rows.0.buttons.0").unwrap().as_object().unwrap();
        assert_eq!(button.name(), "keyboardButtonCallback", "layer {layer}");
        assert_eq!(
            (button.str("text"), button.bytes("data")),
            (Some("go"), Some(&[1][..]))
        );
        assert_eq!(normalise(layers(), layer, &old).0, markup, "layer {layer}");
        let old = into_layer(layer, &keyboard);
        assert_eq!(
            old.at("rows.0.buttons.0.text"),
            Some(&"x".into()),
            "layer {layer}"
        );
        assert_eq!(
            normalise(layers(), layer, &old).0,
            keyboard,
            "layer {layer}"
        );
    }
}

#[test]
fn split_constructors_are_chosen_by_their_field() {
    let status = Object::new("emojiStatus").with("document_id", 5_i64);
    let until = Value::from(status.clone().with("until", 9));
    let old = into_layer(158, &until).into_object().unwrap();
    assert_eq!(old.name(), "emojiStatusUntil");
    assert_eq!(normalise(layers(), 158, &old.into()).0, until);
    let old = into_layer(158, &status.into()).into_object().unwrap();
    assert_eq!(old.name(), "emojiStatus");
}

#[test]
fn a_peer_takes_the_place_of_its_id() {
    let update = Object::new("updateMessagePollVote")
        .with("poll_id", 1_i64)
        .with("peer", Object::new("peerUser").with("user_id", 8_i64))
        .with("options", vec![Value::from(vec![1_u8])])
        .with("positions", Vec::<Value>::new())
        .with("qts", 3);
    let old = into_layer(158, &update.into());
    assert_eq!(old.at("user_id"), Some(&Value::Long(8)));
    let (new, _) = normalise(layers(), 158, &old);
    assert_eq!(new.at("peer.user_id"), Some(&Value::Long(8)));
}

#[test]
fn results_whose_type_changed_give_the_part_that_fits() {
    let filters = vec![Object::new("dialogFilterDefault")];
    let newest = Value::from(Object::new("messages.dialogFilters").with("filters", filters));
    let (old, report) = project_result(layers(), 158, "messages.getDialogFilters", &newest);
    assert!(report.is_expressible() && report.is_lossless(), "{report}");
    let function = layers()
        .at(158)
        .schema
        .by_name("messages.getDialogFilters")
        .unwrap();
    let bytes = layers()
        .at(158)
        .schema
        .encode_result(function, &old)
        .unwrap();
    assert_eq!(bytes.len(), 12);
    let (same, report) = project_result(
        layers(),
        layers().newest(),
        "messages.getDialogFilters",
        &newest,
    );
    assert_eq!((same, report.is_empty()), (newest, true));
}

/// Objects as a server of the newest layer writes them, of the kinds that clients need.
fn samples() -> Vec<Value> {
    let peer = |id: i64| Object::new("peerUser").with("user_id", id);
    let user = Object::new("user")
        .with("self", true)
        .with("id", 777_i64)
        .with("access_hash", 1_i64)
        .with("first_name", "Alice")
        .with("phone", "9996620001")
        .with("status", Object::new("userStatusRecently"))
        .with(
            "usernames",
            vec![
                Object::new("username")
                    .with("active", true)
                    .with("username", "alice"),
            ],
        );
    let channel = Object::new("channel")
        .with("megagroup", true)
        .with("id", 5_i64)
        .with("access_hash", 2_i64)
        .with("title", "Room")
        .with("photo", Object::new("chatPhotoEmpty"))
        .with("date", 1);
    let message = Object::new("message")
        .with("out", true)
        .with("id", 1)
        .with("from_id", peer(777))
        .with("peer_id", peer(778))
        .with("date", 1)
        .with("message", "hello")
        .with(
            "reply_to",
            Object::new("messageReplyHeader").with("reply_to_msg_id", 3),
        )
        .with(
            "entities",
            vec![
                Object::new("messageEntityBold")
                    .with("offset", 0)
                    .with("length", 5),
            ],
        )
        .with(
            "media",
            Object::new("messageMediaDocument").with(
                "document",
                Object::new("document")
                    .with("id", 9_i64)
                    .with("access_hash", 3_i64)
                    .with("file_reference", vec![1_u8])
                    .with("date", 1)
                    .with("mime_type", "video/mp4")
                    .with("size", 10_i64)
                    .with("dc_id", 2)
                    .with(
                        "attributes",
                        vec![
                            Object::new("documentAttributeVideo")
                                .with("duration", 1.0)
                                .with("w", 4)
                                .with("h", 3),
                            Object::new("documentAttributeFilename").with("file_name", "a.mp4"),
                        ],
                    ),
            ),
        );
    let empty = Vec::<Value>::new;
    let state = Object::new("updates.state")
        .with("pts", 1)
        .with("qts", 0)
        .with("date", 1)
        .with("seq", 1)
        .with("unread_count", 0);
    let dialog = Object::new("dialog")
        .with("peer", peer(778))
        .with("top_message", 1)
        .with(
            "notify_settings",
            Object::new("peerNotifySettings").with("silent", false),
        )
        .with(
            "draft",
            Object::new("draftMessage")
                .with("message", "d")
                .with("date", 1),
        );
    vec![
        Object::new("auth.sentCode")
            .with(
                "type",
                Object::new("auth.sentCodeTypeApp").with("length", 5),
            )
            .with("phone_code_hash", "h")
            .into(),
        Object::new("auth.authorization")
            .with("user", user.clone())
            .into(),
        Object::new("users.userFull")
            .with(
                "full_user",
                Object::new("userFull")
                    .with("id", 777_i64)
                    .with("settings", Object::new("peerSettings"))
                    .with("notify_settings", Object::new("peerNotifySettings")),
            )
            .with("chats", empty())
            .with("users", vec![user.clone()])
            .into(),
        Object::new("messages.dialogs")
            .with("dialogs", vec![dialog])
            .with("messages", vec![message.clone()])
            .with("chats", vec![channel.clone()])
            .with("users", vec![user.clone()])
            .into(),
        Object::new("messages.messages")
            .with(
                "messages",
                vec![message.clone(), Object::new("messageEmpty").with("id", 4)],
            )
            .with("chats", vec![channel])
            .with("users", vec![user.clone()])
            .into(),
        Object::new("updates")
            .with(
                "updates",
                vec![
                    Object::new("updateNewMessage")
                        .with("message", message)
                        .with("pts", 2)
                        .with("pts_count", 1),
                    Object::new("updateUserStatus")
                        .with("user_id", 777_i64)
                        .with("status", Object::new("userStatusOnline").with("expires", 5)),
                    Object::new("updatePeerBlocked")
                        .with("blocked", true)
                        .with("peer_id", peer(1)),
                ],
            )
            .with("users", vec![user])
            .with("chats", empty())
            .with("date", 1)
            .with("seq", 1)
            .into(),
        state.clone().into(),
        Object::new("updates.difference")
            .with("new_messages", empty())
            .with("new_encrypted_messages", empty())
            .with("other_updates", empty())
            .with("chats", empty())
            .with("users", empty())
            .with("state", state)
            .into(),
        Object::new("upload.file")
            .with("type", Object::new("storage.fileJpeg"))
            .with("mtime", 1)
            .with("bytes", vec![0xff_u8; 5])
            .into(),
    ]
}

#[test]
fn what_clients_need_can_be_written_in_every_bundled_layer() {
    for sample in samples() {
        for layer in layers().numbers().iter().copied() {
            let projected = into_layer(layer, &sample);
            // Back in the newest layer nothing that both have is lost.
            let (back, report) = normalise(layers(), layer, &projected);
            assert!(report.is_expressible(), "layer {layer}: {report}");
            into_layer(layers().newest(), &back);
        }
    }
}

#[test]
fn the_ids_and_texts_of_a_message_survive_every_layer() {
    // Before layer 40, objects were cut differently: a user, for one, had seven constructors.
    for layer in layers()
        .numbers()
        .iter()
        .copied()
        .filter(|layer| *layer >= 40)
    {
        let updates = into_layer(layer, &samples()[5]);
        for (path, expect) in [
            ("updates.0.message.id", Value::Int(1)),
            ("updates.0.message.message", "hello".into()),
            (
                "updates.0.message.media.document.attributes.1.file_name",
                "a.mp4".into(),
            ),
            ("updates.2.blocked", Value::Bool(true)),
            ("users.0.first_name", "Alice".into()),
        ] {
            assert_eq!(updates.at(path), Some(&expect), "layer {layer}: {path}");
        }
        let reply = updates
            .at("updates.0.message.reply_to.reply_to_msg_id")
            .or_else(|| updates.at("updates.0.message.reply_to_msg_id"));
        assert_eq!(reply, Some(&Value::Int(3)), "layer {layer}");
    }
}

#[test]
fn the_default_of_every_type_can_be_encoded() {
    for layer in layers().numbers().iter().rev().step_by(8) {
        let schema = layers().exactly(*layer).unwrap();
        for combinator in schema.constructors().filter(|c| c.name() != "vector") {
            let (value, report) = conform(schema, None, &Object::new(combinator.name()).into());
            assert!(report.is_expressible(), "layer {layer}: {combinator}");
            schema
                .encode(&value)
                .unwrap_or_else(|error| panic!("layer {layer}: {error}"));
        }
    }
}
