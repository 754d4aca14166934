//! The framings, headers and secrets of independent implementations, from the reference data.

use mtproto_core::crypto::aes_ctr::AesCtr256;
use mtproto_core::ids::DcId;
use mtproto_core::transport::obfuscated;
use mtproto_core::transport::{
    ClientTransport, FrameLimits, Framer, ProxySecret, SecretForm, Transport,
};
use serde_json::Value;

use super::support::{Script, array, bytes, entries, vectors};
use super::transport_support::{Owned, plain_client, read, seeded, server, server_wire};

const FRAMES: &str = "transports.json";
const HEADERS: &str = "obfuscated2.json";
const FAKE_TLS: &str = "fake_tls.json";

fn first_wire(transport: Transport, payload: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    plain_client(transport)
        .write_payload(payload, false, &mut seeded(0), &mut wire)
        .unwrap();
    wire
}

#[test]
fn intermediate_frames_agree_with_the_reference() {
    let Some(data) = vectors(FRAMES) else { return };
    for (name, entry) in entries(FRAMES, &data, "intermediate") {
        let wire = first_wire(Transport::Intermediate, &bytes(entry, "payload"));
        if entry["wire"].is_string() {
            assert_eq!(wire[4..], bytes(entry, "wire"), "{name}");
        } else {
            assert_eq!(wire, bytes(entry, "first_packet_wire"), "{name}");
        }
    }
}

#[test]
fn padded_intermediate_frames_agree_with_the_reference() {
    let Some(data) = vectors(FRAMES) else { return };
    for (name, entry) in entries(FRAMES, &data, "padded_intermediate") {
        // The padding is the sender's choice: only reading can be compared.
        let mut client = plain_client(Transport::PaddedIntermediate);
        let outcome = read(&mut client, [&bytes(entry, "wire")[..]]);
        let code = i32::from_le_bytes(array(entry, "payload"));
        assert_eq!(outcome, (vec![Owned::TransportError(code)], None), "{name}");
    }
}

#[test]
fn abridged_frames_agree_with_the_reference() {
    let Some(data) = vectors(FRAMES) else { return };
    for (name, entry) in entries(FRAMES, &data, "abridged") {
        let (len, prefix) = match entry["payload_len"].as_u64() {
            Some(len) => (len as usize, bytes(entry, "prefix_first")),
            None => (0, bytes(entry, "first_packet_wire")),
        };
        let wire = first_wire(Transport::Abridged, &vec![0; len]);
        assert_eq!(wire.len(), prefix.len() + len, "{name}");
        assert!(wire.starts_with(&prefix), "{name}");
    }
}

#[test]
fn tr_12_full_frames_agree_with_the_reference() {
    let Some(data) = vectors(FRAMES) else { return };
    for (name, entry) in entries(FRAMES, &data, "full") {
        let mut client = plain_client(Transport::Full);
        let mut wire = Vec::new();
        for _ in 0..=entry["seq"].as_u64().unwrap() {
            wire.clear();
            client
                .write_payload(&bytes(entry, "payload"), false, &mut seeded(0), &mut wire)
                .unwrap();
        }
        assert_eq!(wire, bytes(entry, "wire"), "{name}");
    }
}

#[test]
fn tr_18_transport_errors_agree_with_the_reference() {
    let Some(data) = vectors(FRAMES) else { return };
    for (code, payload) in data["transport_errors"].as_object().unwrap() {
        let wire = server_wire(Transport::Intermediate, |server, out| {
            let code = code.parse().unwrap();
            server
                .write_transport_error(code, &mut seeded(0), out)
                .unwrap();
        });
        assert_eq!(hex::encode(&wire[4..]), payload.as_str().unwrap());
    }
}

#[test]
fn tr_28_prefixes_that_clients_avoid_are_avoided() {
    let Some(data) = vectors(HEADERS) else { return };
    for (name, prefix) in entries(HEADERS, &data, "forbidden_prefixes_tested_by_mtcute") {
        let prefix = hex::decode(prefix.as_str().unwrap()).unwrap();
        let mut first = [0x29; 8];
        first[..prefix.len()].copy_from_slice(&prefix);
        assert!(!obfuscated::may_begin_with(first), "{name}");
    }
}

fn transport(entry: &Value) -> Transport {
    match entry["protocol_tag"].as_str().unwrap() {
        "efefefef" => Transport::Abridged,
        "eeeeeeee" => Transport::Intermediate,
        "dddddddd" => Transport::PaddedIntermediate,
        other => panic!("{other}"),
    }
}

fn secret(entry: &Value) -> Option<ProxySecret> {
    entry["secret"]
        .as_str()
        .map(|text| ProxySecret::parse(text).unwrap())
}

#[test]
fn tr_29_tr_31_headers_and_keys_agree_with_the_reference() {
    let Some(data) = vectors(HEADERS) else { return };
    for (name, entry) in entries(HEADERS, &data, "vectors") {
        let (transport, secret) = (transport(entry), secret(entry));
        let dc = entry["dc_id_i16"].as_i64().map(|dc| DcId(dc as i32));
        let mut random = Script::new(&[&bytes(entry, "random64")]);
        let (header, _) =
            obfuscated::generate(transport, dc, secret.as_ref(), &mut random).unwrap();
        assert_eq!(header[..], bytes(entry, "header"), "{name}");

        let accepted = obfuscated::accept(&header, secret.as_ref()).unwrap();
        assert_eq!(accepted.transport, transport, "{name}");
        if let Some(dc) = dc {
            assert_eq!(accepted.dc, dc, "{name}");
        }
        // Keys are compared by what they make of zeros; the client's stream has passed the header.
        let keystream = |key, iv| {
            let mut stream = [0; 128];
            AesCtr256::new(&array(entry, key), &array(entry, iv)).apply(&mut stream);
            stream
        };
        let mut streams = accepted.keystreams;
        let mut ours = [0; 64];
        streams.client_to_server.apply(&mut ours);
        assert_eq!(ours, keystream("encrypt_key", "encrypt_iv")[64..], "{name}");
        let mut ours = [0; 128];
        streams.server_to_client.apply(&mut ours);
        assert_eq!(ours, keystream("decrypt_key", "decrypt_iv"), "{name}");
    }
}

#[test]
fn tr_30_streams_after_the_header_agree_with_the_reference() {
    let Some(data) = vectors(HEADERS) else { return };
    let mut compared = 0;
    for (name, entry) in entries(HEADERS, &data, "vectors") {
        if let Some(frames) = entry["client_frames"].as_array() {
            let mut random = Script::new(&[&bytes(entry, "random64")]);
            let config = ClientTransport::obfuscated(transport(entry));
            let mut client = Framer::client(&config, FrameLimits::default(), &mut random).unwrap();
            let mut expected = bytes(entry, "header");
            let mut wire = Vec::new();
            for frame in frames {
                let payload = &bytes(frame, "plain")[4..];
                client
                    .write_payload(payload, false, &mut seeded(0), &mut wire)
                    .unwrap();
                expected.extend(bytes(frame, "wire"));
            }
            assert_eq!(wire, expected, "{name}");
            for frame in entry["server_frames"].as_array().unwrap() {
                let outcome = read(&mut client, [&bytes(frame, "wire")[..]]);
                assert_eq!(outcome, (vec![Owned::TransportError(-404)], None), "{name}");
                compared += 1;
            }
        }
        let after = &entry["after_header"];
        if after.is_object() {
            let accepted = obfuscated::accept(&array(entry, "header"), secret(entry).as_ref());
            let mut streams = accepted.unwrap().keystreams;
            let mut buf = bytes(after, "client_wire");
            streams.client_to_server.apply(&mut buf);
            assert_eq!(buf, bytes(after, "client_plain"), "{name}");
            let mut buf = bytes(after, "server_wire");
            streams.server_to_client.apply(&mut buf);
            assert_eq!(buf, bytes(after, "server_plain"), "{name}");
            compared += 1;
        }
    }
    assert!(compared > 2);
}

#[test]
fn a_server_takes_the_direct_headers_of_the_reference() {
    let Some(data) = vectors(HEADERS) else { return };
    for (name, entry) in entries(HEADERS, &data, "vectors") {
        if entry["secret"].is_null() {
            let mut server = server();
            let outcome = read(&mut server, [&bytes(entry, "header")[..]]);
            assert_eq!(outcome, (vec![], None), "{name}");
            assert_eq!(
                server.detected().unwrap().transport,
                transport(entry),
                "{name}"
            );
        }
    }
}

#[test]
fn secrets_agree_with_the_reference() {
    let Some(data) = vectors(FAKE_TLS) else {
        return;
    };
    for (name, entry) in entries(FAKE_TLS, &data, "secrets") {
        let parsed = ProxySecret::parse(entry["secret"].as_str().unwrap());
        let form = parsed.as_ref().ok().map(|secret| match secret.form() {
            SecretForm::Plain => ("Simple", None),
            SecretForm::Padded => ("Secured", None),
            SecretForm::FakeTls { domain } => ("TLS", Some(&domain[..])),
            other => panic!("{other:?}"),
        });
        let kind = entry["kind"].as_str();
        assert_eq!(
            form,
            kind.map(|kind| (kind, entry["domain"].as_str())),
            "{name}"
        );
        assert_eq!(form.is_some(), entry["valid"].as_bool().unwrap(), "{name}");
    }
}
