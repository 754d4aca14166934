//! What is said of sound captures.

use mtproto_core::transport::{ClientTransport, Transport};
use tl_parser::Object;

use crate::forge::talk::{self, Exchange};
use crate::forge::{FileKind, Said, Talk, Tcp, inspect};

fn capture(talk: &Talk) -> Vec<u8> {
    let mut tcp = Tcp::open("127.0.0.1:40000", "127.0.0.1:20443", 7);
    tcp.send(&talk.chunks, 1000);
    tcp.close();
    FileKind::default().write(&tcp.packets)
}

fn said(talk: &Talk, key_log: &str) -> Said {
    inspect(&capture(talk), key_log)
}

#[test]
fn every_transport_is_found_and_decoded_completely() {
    let plain = [
        Transport::Abridged,
        Transport::Intermediate,
        Transport::PaddedIntermediate,
        Transport::Full,
    ]
    .map(ClientTransport::plain);
    let obfuscated = [
        Transport::Abridged,
        Transport::Intermediate,
        Transport::PaddedIntermediate,
    ]
    .map(ClientTransport::obfuscated);
    for (seed, transport) in plain.into_iter().chain(obfuscated).enumerate() {
        let mut talk = Talk::new(seed as u64, &transport);
        Exchange::EXAMPLE.play(&mut talk);
        talk.chat(40);
        let said = said(&talk, &talk.key_log());
        assert_eq!(said.summary.messages, talk.messages, "{transport:?}");
        assert!(said.summary.is_complete(), "{transport:?}:\n{}", said.text);
        assert_eq!(said.summary.queries, said.summary.answered);
        let row = said.rows("transport").next().unwrap();
        assert_eq!(row["obfuscated"], transport.obfuscated);
    }
}

#[test]
fn a_proxy_secret_in_the_key_log_opens_streams_to_the_proxy() {
    let secret = "dd000102030405060708090a0b0c0d0e0f";
    let transport = ClientTransport::proxy(
        mtproto_core::transport::ProxySecret::parse(secret).unwrap(),
        mtproto_core::ids::DcId(2),
    );
    let mut talk = Talk::new(1, &transport);
    talk.chat(8);
    let without = said(&talk, &talk.key_log());
    assert_eq!(without.summary.messages, 0);
    assert!(
        without.text.contains("MTPROTO_PROXY_SECRET"),
        "{}",
        without.text
    );
    let with = said(
        &talk,
        &format!("{}MTPROTO_PROXY_SECRET - {secret}\n", talk.key_log()),
    );
    assert_eq!(with.summary.messages, talk.messages);
    assert_eq!(with.rows("transport").next().unwrap()["dc"], 2);
}

#[test]
fn queries_are_tied_to_results_of_the_right_type() {
    let mut talk = Talk::new(1, &ClientTransport::plain(Transport::Abridged));
    let first = talk.query(talk::announced(Object::new("help.getNearestDc")));
    talk.result(first, &talk::nearest_dc());
    let query = talk.query(talk::get_users());
    talk.result(query, &talk::users(5));
    let query = talk.query(Object::new("updates.getState"));
    talk.result(query, &talk::gzip_packed(&talk::state(9)));
    let query = talk.query(Object::new("updates.getState"));
    let error = Object::new("rpc_error")
        .with("error_code", 420)
        .with("error_message", "FLOOD_WAIT_3");
    talk.result(query, &talk::encode_service(error));
    let said = said(&talk, &talk.key_log());
    let rows: Vec<_> = said.rows("msg").collect();

    assert_eq!(rows[0]["name"], "help.getNearestDc");
    assert_eq!(
        rows[0]["wrappers"][0],
        format!("invokeWithLayer({})", talk::layer())
    );
    assert_eq!(rows[0]["wrappers"][1], "initConnection");
    assert_eq!(rows[0]["msg_id"], first.0.to_string());
    assert_eq!(rows[1]["answers"]["method"], "help.getNearestDc");
    assert_eq!(rows[1]["answers"]["latency_us"], 1000);
    assert_eq!(rows[1]["body"]["country"], "AA");
    assert_eq!(
        rows[3]["body"][0],
        serde_json::json!({"_": "userEmpty", "id": "5"})
    );
    assert_eq!(rows[5]["body"]["pts"], 9);
    assert!(rows[5]["unpacked_bytes"].is_number());
    assert_eq!(rows[7]["body"]["error_message"], "FLOOD_WAIT_3");
    assert_eq!(said.summary.rpc_errors, 1);
    assert!(
        said.text
            .contains("→ result of updates.getState in 1.000 ms"),
        "{}",
        said.text
    );
}

#[test]
fn the_layer_is_the_one_that_the_client_announced() {
    for layer in [158, 181, 230] {
        let schema = tl_parser::Layers::bundled().at(layer).schema;
        let mut talk = Talk::new(1, &ClientTransport::plain(Transport::Abridged));
        let object = talk::announced(Object::new("help.getNearestDc")).with("layer", layer);
        let body = schema.encode(&object.into()).unwrap();
        talk.message(true, true, &body);
        let typing = Object::new("updateShort").with("date", 5).with(
            "update",
            Object::new("updateUserTyping")
                .with("user_id", 7_i64)
                .with("action", Object::new("sendMessageTypingAction")),
        );
        let update = schema.encode(&typing.into()).unwrap();
        talk.message(false, true, &update);
        let said = said(&talk, &talk.key_log());
        assert!(said.summary.is_complete(), "{}", said.text);
        assert!(
            said.rows("msg").all(|row| row["layer"] == layer),
            "{}",
            said.text
        );
    }
}

#[test]
fn a_known_new_nonce_opens_the_whole_key_exchange() {
    let mut talk = Talk::new(1, &ClientTransport::obfuscated(Transport::Intermediate));
    Exchange::EXAMPLE.play(&mut talk);
    let closed = said(&talk, "");
    assert!(
        closed
            .rows("msg")
            .all(|row| row["body"].get("decrypted_answer").is_none())
    );
    assert!(
        closed.summary.is_complete(),
        "nothing is missing without it"
    );

    let open = said(&talk, &(Exchange::EXAMPLE.key_log() + &talk.key_log()));
    let rows: Vec<_> = open.rows("msg").collect();
    assert_eq!(
        rows[3]["body"]["decrypted_answer"]["_"],
        "server_DH_inner_data"
    );
    assert_eq!(
        rows[4]["body"]["decrypted_data"]["_"],
        "client_DH_inner_data"
    );
    assert_eq!(
        rows[5]["remarks"][0],
        format!("the key agreed on is {}", talk.key.id())
    );
    let end = open.rows("end").next().unwrap();
    assert_eq!(end["stage"], "key_exchange");
    assert_eq!(end["bytes"]["handshake"], end["bytes"]["total"]);
}

#[test]
fn without_a_key_the_envelope_is_still_shown_and_the_key_named() {
    let mut talk = Talk::new(1, &ClientTransport::obfuscated(Transport::Abridged));
    Exchange::EXAMPLE.play(&mut talk);
    talk.chat(4);
    let said = said(&talk, "# no keys\n");
    assert_eq!(said.summary.messages, 6);
    assert_eq!(said.summary.missing_keys.len(), 1);
    assert_eq!(said.summary.missing_keys[0].0, talk.key.id());
    assert!(!said.summary.is_complete());
    let id = talk.key.id().to_string();
    assert!(
        said.rows("frame")
            .all(|row| row["name"] == "no_key" && row["auth_key_id"] == id.as_str())
    );
    assert!(
        said.text.contains(&format!("missing key {id}")),
        "{}",
        said.text
    );
}

#[test]
fn an_unknown_constructor_is_named_with_its_place() {
    let mut talk = Talk::new(1, &ClientTransport::plain(Transport::Abridged));
    talk.chat(0);
    let mut body = talk::update(1);
    body[4..8].copy_from_slice(&0xdead_beef_u32.to_le_bytes());
    talk.message(false, true, &body);
    let said = said(&talk, &talk.key_log());
    let row = said.rows("msg").last().unwrap();
    let reason = row["undecoded"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("updateShort.update") && reason.contains("deadbeef"),
        "{reason}"
    );
    assert!(reason.ends_with("no layer at hand has it"), "{reason}");
    assert_eq!(said.summary.undecoded, body.len() as u64 - 4);
    assert!(!said.summary.is_complete());
}

#[test]
fn secrets_are_replaced_and_text_cannot_act_on_a_terminal() {
    let mut talk = Talk::new(1, &ClientTransport::plain(Transport::Abridged));
    talk.query(
        Object::new("auth.signIn")
            .with("phone_number", "99966\x1b[2J20001")
            .with("phone_code_hash", "hash")
            .with("phone_code", "22222"),
    );
    let said = said(&talk, &talk.key_log());
    let row = said.rows("msg").next().unwrap();
    assert_eq!(row["body"]["phone_code"], "[redacted]");
    assert_eq!(row["body"]["phone_number"], "99966\x1b[2J20001");
    assert!(
        !said.text.contains("22222") && !said.text.contains('\x1b'),
        "{}",
        said.text
    );
}

#[test]
fn keys_inside_of_the_capture_are_used() {
    let mut talk = Talk::new(1, &ClientTransport::plain(Transport::Full));
    talk.chat(4);
    let mut tcp = Tcp::open("127.0.0.1:40000", "127.0.0.1:20443", 7);
    tcp.send(&talk.chunks, 1000);
    for big_endian in [false, true] {
        let kind = FileKind {
            pcapng: true,
            big_endian,
            ..FileKind::default()
        };
        let said = inspect(&kind.pcapng(&tcp.packets, &talk.key_log()), "");
        assert_eq!(said.summary.messages, talk.messages);
        assert!(said.summary.is_complete());
    }
}
