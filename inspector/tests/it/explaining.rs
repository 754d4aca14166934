//! Every kind of trouble is found, named and explained; clean traffic gives no finding.

use mtproto_core::ids::{MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::encrypted;
use mtproto_core::transport::{ClientTransport, Transport};
use tl_parser::{Object, Value};

use crate::forge::talk::{self, Exchange, encode_service};
use crate::forge::{FileKind, Packet, Said, Talk, Tcp, inspect};

const CLIENT: &str = "10.0.0.1:40000";
const SERVER: &str = "10.0.0.2:443";

fn plain_talk() -> Talk {
    Talk::new(1, &ClientTransport::plain(Transport::Intermediate))
}

fn packets(talk: &Talk, client: &str) -> Vec<Packet> {
    let mut tcp = Tcp::open(client, SERVER, 7);
    tcp.send(&talk.chunks, 1400);
    tcp.close();
    tcp.packets
}

fn said(talk: &Talk) -> Said {
    let keys = talk.key_log() + &Exchange::EXAMPLE.key_log();
    inspect(&FileKind::default().write(&packets(talk, CLIENT)), &keys)
}

/// The findings as `severity id rule`.
fn found(said: &Said) -> Vec<String> {
    said.rows("finding")
        .map(|row| {
            let word = |name| row[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", word("severity"), word("id"), word("rule"))
        })
        .collect()
}

#[track_caller]
fn finds(talk: &Talk, expected: &[&str]) -> Said {
    let said = said(talk);
    assert_eq!(found(&said), expected, "{}", said.text);
    // Every rule named is one of the registry: its page is given.
    for row in said.rows("finding").filter(|row| row["rule"].is_string()) {
        assert!(
            row["section"].as_str().unwrap().starts_with("https://"),
            "{row}"
        );
    }
    said
}

/// The cause of the first finding of a kind.
fn cause<'a>(said: &'a Said, id: &str) -> &'a str {
    said.rows("finding").find(|row| row["id"] == id).unwrap()["cause"]
        .as_str()
        .unwrap()
}

#[test]
fn clean_traffic_gives_no_finding() {
    for transport in [
        ClientTransport::plain(Transport::Full),
        ClientTransport::obfuscated(Transport::PaddedIntermediate),
    ] {
        let mut talk = Talk::new(1, &transport);
        talk.chat(60);
        finds(&talk, &[]);
    }
}

fn refusal(code: i32, bad: MsgId) -> Vec<u8> {
    encode_service(
        Object::new("bad_msg_notification")
            .with("bad_msg_id", bad.0)
            .with("bad_msg_seqno", 1)
            .with("error_code", code),
    )
}

#[test]
fn sv_22_a_wrong_clock_is_measured() {
    let mut talk = plain_talk();
    let slow = MsgId(talk.msg_id(true, false).0 - (58_i64 << 32) - (2 << 30));
    let body = talk::api()
        .encode(&talk::announced(Object::new("help.getNearestDc")).into())
        .unwrap();
    talk.sealed(true, slow, SeqNo(1), &body);
    talk.message(false, false, &refusal(16, slow));
    let said = finds(&talk, &["error clock-offset sv_22"]);
    let cause = cause(&said, "clock-offset");
    assert!(
        cause.contains("58.5 s behind") && cause.contains("capturing host agrees with the server"),
        "{cause}"
    );
}

#[test]
fn se_40_a_refusal_is_put_into_words() {
    let mut talk = plain_talk();
    talk.chat(0);
    let query = talk.query(Object::new("updates.getState"));
    talk.message(false, false, &refusal(32, query));
    let said = finds(&talk, &["error message-refused se_40"]);
    assert!(cause(&said, "message-refused").contains("seq_no is lower"));
}

#[test]
fn sv_34_a_refusal_of_a_message_that_was_never_sent() {
    let mut talk = plain_talk();
    talk.chat(0);
    let never_sent = MsgId(talk.msg_id(true, false).0 + (1 << 40));
    talk.message(false, false, &refusal(16, never_sent));
    assert_eq!(
        found(&said(&talk))[0],
        "warning refusal-of-unknown-message sv_34"
    );
}

#[test]
fn se_19_a_broken_series_of_sequence_numbers_is_found_at_its_first_member() {
    let mut talk = plain_talk();
    talk.chat(4);
    let body = talk::api()
        .encode(&Object::new("updates.getState").into())
        .unwrap();
    for extra in [4, 6] {
        let msg_id = talk.msg_id(true, false);
        let seq_no = SeqNo(talk.seq_no(true, true).0 + extra);
        talk.sealed(true, msg_id, seq_no, &body);
        talk.result(msg_id, &talk::state(1));
    }
    let said = finds(&talk, &["warning seq-no-series se_19"]);
    assert!(cause(&said, "seq-no-series").contains("is due after"));
}

#[test]
fn se_20_and_se_21_parity_of_sequence_numbers() {
    let mut talk = plain_talk();
    talk.chat(0);
    let query = talk::api()
        .encode(&Object::new("updates.getState").into())
        .unwrap();
    let query = talk.message(true, false, &query);
    talk.result(query, &talk::state(1));
    let ack = encode_service(Object::new("msgs_ack").with("msg_ids", talk::longs(&[MsgId(5)])));
    talk.message(true, true, &ack);
    let ping = encode_service(Object::new("ping").with("ping_id", 1_i64));
    talk.message(true, false, &ping);
    finds(
        &talk,
        &[
            "error seq-no-parity se_20",
            "notice seq-no-parity se_21",
            "notice ack-unknown se_26",
            "notice seq-no-parity se_20",
        ],
    );
}

#[test]
fn se_01_and_se_04_parity_of_message_identifiers() {
    let mut talk = plain_talk();
    talk.chat(0);
    let body = talk::api()
        .encode(&Object::new("updates.getState").into())
        .unwrap();
    let msg_id = MsgId(talk.msg_id(true, false).0 + 1);
    let seq_no = talk.seq_no(true, true);
    talk.sealed(true, msg_id, seq_no, &body);
    let odd = MsgId(talk.msg_id(false, true).0 + 1);
    let seq_no = talk.seq_no(false, true);
    talk.sealed(
        false,
        odd,
        seq_no,
        &talk::rpc_result(msg_id, &talk::state(1)),
    );
    finds(
        &talk,
        &["error msg-id-parity se_01", "error msg-id-parity se_04"],
    );
}

fn salt_offer(bad: MsgId, salt: i64) -> Vec<u8> {
    encode_service(
        Object::new("bad_server_salt")
            .with("bad_msg_id", bad.0)
            .with("bad_msg_seqno", 1)
            .with("error_code", 48)
            .with("new_server_salt", salt),
    )
}

#[test]
fn se_29_a_salt_that_is_ignored_and_one_that_is_read_backwards() {
    for (used, expected) in [
        (77, "error salt-ignored se_29"),
        (
            0x0102_0304_0506_0708_i64.swap_bytes(),
            "error salt-byte-order se_29",
        ),
    ] {
        let mut talk = plain_talk();
        let first = talk.query(talk::announced(Object::new("help.getNearestDc")));
        talk.message(false, false, &salt_offer(first, 0x0102_0304_0506_0708));
        talk.salt = ServerSalt(used);
        for _ in 0..4 {
            let query = talk.query(talk::announced(Object::new("help.getNearestDc")));
            talk.result(query, &talk::nearest_dc());
        }
        finds(&talk, &["notice salt-replaced se_34", expected]);
    }
    let mut talk = plain_talk();
    let first = talk.query(talk::announced(Object::new("help.getNearestDc")));
    talk.message(false, false, &salt_offer(first, 5));
    talk.salt = ServerSalt(5);
    talk.chat(10);
    finds(&talk, &["notice salt-replaced se_34"]);
}

#[test]
fn se_16_a_message_of_another_session() {
    let mut talk = plain_talk();
    talk.chat(2);
    talk.session = SessionId(4711);
    talk.message(false, true, &talk::update(1));
    let said = finds(&talk, &["error foreign-session se_16"]);
    assert!(cause(&said, "foreign-session").contains("session 4711"));
}

#[test]
fn rp_13_one_key_at_two_addresses() {
    let mut talk = plain_talk();
    talk.chat(2);
    let mut all = packets(&talk, CLIENT);
    all.extend(packets(&talk, "10.9.9.9:40000"));
    let said = inspect(&FileKind::default().write(&all), &talk.key_log());
    assert!(cause(&said, "shared-key").contains("10.9.9.9"));
    assert!(found(&said).contains(&"warning shared-key rp_13".to_owned()));
}

#[test]
fn rp_08_a_wait_that_is_not_kept() {
    let mut talk = plain_talk();
    talk.chat(0);
    let query = talk.query(Object::new("updates.getState"));
    let error = Object::new("rpc_error")
        .with("error_code", 420)
        .with("error_message", "FLOOD_WAIT_30");
    talk.result(query, &encode_service(error));
    let query = talk.query(Object::new("updates.getState"));
    talk.result(query, &talk::state(1));
    let said = finds(
        &talk,
        &[
            "notice flood-wait rp_08",
            "warning flood-wait-ignored rp_08",
        ],
    );
    assert!(cause(&said, "flood-wait-ignored").contains("30 s"));
}

#[test]
fn sv_36_the_same_query_again_and_again() {
    let mut talk = plain_talk();
    talk.chat(0);
    for _ in 0..7 {
        talk.query(Object::new("updates.getState"));
    }
    finds(
        &talk,
        &[
            "warning resend-storm sv_36",
            "notice unanswered-query rp_23",
        ],
    );
}

#[test]
fn rp_23_a_query_that_is_never_answered() {
    let mut talk = plain_talk();
    talk.chat(0);
    talk.query(Object::new("updates.getState"));
    let mut tcp = Tcp::open(CLIENT, SERVER, 7);
    tcp.send(&talk.chunks, 1400);
    let mut tcp = tcp.at(1_790_000_060_000);
    tcp.segment(1, 1 | 16, &[]);
    tcp.segment(0, 1 | 16, &[]);
    let said = inspect(&FileKind::default().write(&tcp.packets), &talk.key_log());
    assert_eq!(found(&said), ["warning unanswered-query rp_23"]);
    assert!(cause(&said, "unanswered-query").contains("updates.getState"));
}

#[test]
fn tr_18_a_transport_error_is_put_into_words() {
    let mut talk = plain_talk();
    talk.chat(0);
    talk.payload(false, &(-404_i32).to_le_bytes());
    let said = finds(&talk, &["error transport-error tr_18"]);
    assert!(cause(&said, "transport-error").contains("does not know the authorization key"));
}

#[test]
fn en_02_and_en_11_broken_encryption() {
    let mut talk = plain_talk();
    talk.chat(0);
    let mut frame = vec![0; 24 + 32 + 1040];
    frame[24 + 8..24 + 16].copy_from_slice(&talk.session.0.to_le_bytes());
    frame[24 + 16..24 + 24].copy_from_slice(&talk.msg_id(true, false).0.to_le_bytes());
    encrypted::seal_in_place(
        &talk.key.clone(),
        mtproto_core::crypto::kdf::Direction::ClientToServer,
        &mut frame,
    );
    talk.payload(true, &frame);
    frame[100] ^= 1;
    talk.payload(true, &frame);
    let found = found(&said(&talk));
    assert_eq!(found[0], "error broken-message en_11");
    assert_eq!(found[found.len() - 1], "error broken-frame en_02");
}

#[test]
fn hs_rules_of_the_key_exchange() {
    let nonces = |name, server: u8| {
        Object::new(name)
            .with("nonce", Value::Int128([1; 16]))
            .with("server_nonce", Value::Int128([server; 16]))
    };
    let mut talk = plain_talk();
    talk.plain(
        true,
        Object::new("req_pq_multi").with("nonce", Value::Int128([1; 16])),
    );
    talk.plain(
        false,
        nonces("resPQ", 2).with("pq", vec![0, 15]).with(
            "server_public_key_fingerprints",
            Value::Vector(vec![Value::Long(5)]),
        ),
    );
    talk.plain(
        true,
        nonces("req_DH_params", 3)
            .with("p", vec![5])
            .with("q", vec![3])
            .with("public_key_fingerprint", 6_i64)
            .with("encrypted_data", vec![9; 255]),
    );
    talk.plain(
        false,
        nonces("dh_gen_fail", 2).with("new_nonce_hash3", Value::Int128([0; 16])),
    );
    finds(
        &talk,
        &[
            "error key-exchange hs_20",
            "error key-exchange hs_08",
            "error key-exchange hs_09",
            "error key-exchange hs_15",
            "error key-exchange hs_46",
        ],
    );
}

#[test]
fn hs_36_an_unsafe_public_value_is_found_once_the_exchange_is_open() {
    for (g_a, expected) in [
        (&[0x11; 256][..], &[][..]),
        (&[1], &["error key-exchange hs_35"]),
        (&[0xff; 256], &["error key-exchange hs_35"]),
        (&[0x11; 200], &["error key-exchange hs_36"]),
    ] {
        let mut talk = plain_talk();
        Exchange::EXAMPLE.play_with(&mut talk, g_a);
        finds(&talk, expected);
    }
}

#[test]
fn findings_are_not_repeated_without_end() {
    let mut talk = plain_talk();
    talk.chat(0);
    let ping = encode_service(Object::new("ping").with("ping_id", 1_i64));
    for _ in 0..100 {
        talk.message(true, false, &ping);
    }
    assert_eq!(found(&said(&talk)).len(), 5);
}

#[test]
fn every_finding_is_explained_in_the_book() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/findings.md");
    let page = inspector::explain::catalogue::page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap_or_default() == page,
        "docs/src/findings.md is not the text of explain/catalogue.rs: run this test with UPDATE_DOCS=1"
    );
}

/// What a client and a server say after the layer is announced, without an end of the connection by themselves.
fn logged_in() -> Talk {
    let mut talk = plain_talk();
    talk.chat(0);
    talk
}

#[test]
fn se_18_the_session_zero() {
    let mut talk = plain_talk();
    talk.session = SessionId(0);
    talk.chat(0);
    finds(&talk, &["error session-zero se_18"]);
}

#[test]
fn se_26_an_acknowledgement_of_what_was_never_sent() {
    let mut talk = logged_in();
    let ack = encode_service(Object::new("msgs_ack").with("msg_ids", talk::longs(&[MsgId(5)])));
    talk.message(true, false, &ack);
    let said = finds(&talk, &["notice ack-unknown se_26"]);
    assert!(cause(&said, "ack-unknown").contains("acknowledges 5"));
}

#[test]
fn sv_17_a_damaged_packed_object() {
    let mut talk = logged_in();
    let query = talk.query(Object::new("updates.getState"));
    let mut packed = talk::gzip_packed(&talk::state(1));
    packed[20] ^= 0x55;
    talk.result(query, &packed);
    finds(&talk, &["error bad-gzip sv_17"]);
}

#[test]
fn a_reading_that_went_out_of_step() {
    let mut talk = logged_in();
    let query = talk.query(Object::new("updates.getState"));
    // Where the objects of a vector should be, there is a time.
    let body = [0x1cb5_c415_u32, 1, 1_790_000_000]
        .map(u32::to_le_bytes)
        .concat();
    talk.result(query, &body);
    let said = said(&talk);
    assert_eq!(found(&said), ["error misaligned-read -"]);
    assert!(
        cause(&said, "misaligned-read").contains("Unix time 1790000000"),
        "{}",
        said.text
    );
}

#[test]
fn rp_18_an_object_of_another_layer() {
    let mut talk = plain_talk();
    let first = talk.query(talk::announced(Object::new("help.getNearestDc")));
    talk.result(first, &talk::nearest_dc());
    // A message that only older layers can read.
    let newest = talk::api();
    let layers = tl_parser::Layers::bundled();
    let old = layers.at(0);
    assert!(old.layer < talk::layer());
    let name = old
        .schema
        .combinators()
        .find(|combinator| {
            newest.by_id(combinator.id()).is_none()
                && combinator.fields().is_empty()
                && combinator.is_function()
        })
        .expect("a call without arguments that is gone");
    talk.message(true, true, &name.id().to_le_bytes());
    let said = said(&talk);
    let found = found(&said);
    assert!(
        found.contains(&"warning layer-mismatch rp_18".to_owned()),
        "{found:?}"
    );
}

#[test]
fn pf_08_a_temporary_key_after_its_end() {
    let mut talk = logged_in();
    let bind = |end: i32| {
        Object::new("auth.bindTempAuthKey")
            .with("perm_auth_key_id", 7_i64)
            .with("nonce", 8_i64)
            .with("expires_at", end)
            .with("encrypted_message", vec![1; 104])
    };
    let query = talk.query(bind(1_789_999_000));
    talk.result(query, &0x9972_75b5_u32.to_le_bytes());
    let said = finds(&talk, &["warning temporary-key-expired pf_08"]);
    assert!(
        said.text.contains("binds the temporary key"),
        "{}",
        said.text
    );

    let mut talk = logged_in();
    let query = talk.query(bind(1_790_009_000));
    talk.result(query, &0x9972_75b5_u32.to_le_bytes());
    finds(&talk, &[]);
}

#[test]
fn sv_37_queries_lost_with_the_session() {
    let mut talk = logged_in();
    talk.query(Object::new("updates.getState"));
    let second = talk.query(Object::new("updates.getState"));
    let created = Object::new("new_session_created")
        .with("first_msg_id", second.0)
        .with("unique_id", 5_i64)
        .with("server_salt", 77_i64);
    talk.message(false, true, &encode_service(created));
    let ack = encode_service(Object::new("msgs_ack").with("msg_ids", talk::longs(&[second])));
    talk.message(false, false, &ack);
    let said = finds(
        &talk,
        &[
            "notice session-restarted sv_37",
            "notice unanswered-query rp_23",
        ],
    );
    assert!(cause(&said, "session-restarted").contains("1 queries"));
    assert!(cause(&said, "unanswered-query").contains("acknowledged 1 of them"));
}

#[test]
fn sv_49_a_delay_without_pings() {
    let mut talk = logged_in();
    let ping = Object::new("ping_delay_disconnect")
        .with("ping_id", 1_i64)
        .with("disconnect_delay", 75);
    let ping = talk.message(true, true, &encode_service(ping));
    let pong = Object::new("pong")
        .with("msg_id", ping.0)
        .with("ping_id", 1_i64);
    talk.message(false, false, &encode_service(pong));
    for (millis, expected) in [(1_790_000_080_000, 1), (1_790_000_070_000, 0)] {
        let mut tcp = Tcp::open(CLIENT, SERVER, 7);
        tcp.send(&talk.chunks, 1400);
        let mut tcp = tcp.at(millis);
        tcp.segment(1, 17, &[]);
        tcp.segment(0, 17, &[]);
        let said = inspect(&FileKind::default().write(&tcp.packets), &talk.key_log());
        let pings: Vec<_> = found(&said)
            .into_iter()
            .filter(|finding| finding == "warning ping-delay-expired sv_49")
            .collect();
        assert_eq!(pings.len(), expected, "{}", said.text);
    }
}

/// An update of the common box.
fn numbered(talk: &mut Talk, pts: i32) {
    let update = Object::new("updateReadHistoryInbox")
        .with("peer", Object::new("peerUser").with("user_id", 5_i64))
        .with("max_id", 1)
        .with("still_unread_count", 0)
        .with("pts", pts)
        .with("pts_count", 1);
    let body = Object::new("updateShort")
        .with("update", update)
        .with("date", 1_790_000_000);
    let body = talk::api().encode(&body.into()).unwrap();
    talk.message(false, true, &body);
}

#[test]
fn missing_updates_are_counted() {
    // In order, and one late.
    let mut talk = logged_in();
    for pts in [10, 11, 13, 12, 14] {
        numbered(&mut talk, pts);
    }
    finds(&talk, &[]);

    let mut talk = logged_in();
    for pts in [10, 14] {
        numbered(&mut talk, pts);
    }
    let never = finds(&talk, &["warning update-gap -"]);
    assert!(cause(&never, "update-gap").contains("pts 11 to 13"));

    let query = talk.query(
        Object::new("updates.getDifference")
            .with("pts", 10)
            .with("date", 1_790_000_000)
            .with("qts", 0),
    );
    let difference = Object::new("updates.differenceEmpty")
        .with("date", 1)
        .with("seq", 1);
    let difference = talk::api().encode(&difference.into()).unwrap();
    talk.result(query, &difference);
    finds(&talk, &["notice update-gap -"]);
}

/// Every member of a row, and of what stands in it but the bodies, is in the reference.
#[test]
fn every_member_of_the_json_is_documented() {
    let mut talk = logged_in();
    Exchange::EXAMPLE.play(&mut talk);
    talk.chat(8);
    let query = talk.query(Object::new("updates.getState"));
    talk.result(query, &[1, 2, 3, 4]);
    let mut frame = vec![0; 24 + 32 + 1040];
    encrypted::seal_in_place(
        &talk.key.clone(),
        mtproto_core::crypto::kdf::Direction::ClientToServer,
        &mut frame,
    );
    talk.payload(true, &frame);
    talk.payload(false, &(-404_i32).to_le_bytes());
    talk.payload(false, &[5; 80]);
    let page = include_str!("../../../docs/src/inspect-json.md");
    let said = said(&talk);
    for row in &said.json {
        assert!(
            page.contains(&format!("`{}`", row["kind"].as_str().unwrap())),
            "{row}"
        );
        for (name, value) in row.as_object().unwrap() {
            let of_json = name == "v" || name == "kind";
            assert!(
                of_json || page.contains(&format!("`{name}`")),
                "{name} of {row}"
            );
            let inner = value.as_object().filter(|_| name != "body");
            for name in inner.into_iter().flat_map(|inner| inner.keys()) {
                let severity = row["kind"] == "summary" && name.len() < 8;
                assert!(
                    severity || page.contains(&format!("`{name}`")),
                    "{name} in {row}"
                );
            }
        }
    }
}

/// The identifiers of rules in the sources of this crate are those of the registry.
#[test]
fn every_rule_that_a_finding_can_name_is_in_the_registry() {
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut named = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for word in text.split('"') {
                let bytes = word.as_bytes();
                let is_rule = bytes.len() == 5
                    && bytes[2] == b'_'
                    && bytes[..2].iter().all(u8::is_ascii_lowercase)
                    && bytes[3..].iter().all(u8::is_ascii_digit);
                if is_rule {
                    named += 1;
                    assert!(
                        mtproto_core::rules::find(word).is_some(),
                        "{word} in {}",
                        path.display()
                    );
                }
            }
        }
    }
    assert!(named > 40, "only {named} rules found in the sources");
}

#[test]
fn objects_have_the_json_form_of_the_schema_crate() {
    let mut talk = plain_talk();
    talk.chat(8);
    let said = said(&talk);
    let schema = talk::api();
    let mut compared = 0;
    for row in said
        .rows("msg")
        .filter(|row| row["layer"].is_number() && row["body"].is_object())
    {
        let value = tl_parser::json::from_json(schema, &row["body"]).unwrap();
        assert_eq!(tl_parser::json::to_json(schema, &value), row["body"]);
        compared += 1;
    }
    assert!(compared > 8);
}
