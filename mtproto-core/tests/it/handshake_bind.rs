//! Binding of temporary keys.

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::kdf::Direction::ClientToServer;
use mtproto_core::handshake::bind::{self, BindContext, BindError, BindTempAuthKey};
use mtproto_core::ids::{AuthKeyId, MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::{Header, encrypted_v1};
use mtproto_core::tl::key_exchange::BindAuthKeyInner;
use mtproto_core::tl::{Combinator, Reader};

use crate::support::{Script, Seeded, array, bytes, entries, vectors};

const CONTEXT: BindContext = BindContext {
    temp_auth_key_id: AuthKeyId([1; 8]),
    temp_session_id: SessionId(77),
    msg_id: MsgId(0x6500_0000_0000_0004),
};
const EXPIRES_AT: i32 = 1_700_086_400;

fn perm() -> AuthKey {
    AuthKey::new([0x5c; 256])
}

fn request() -> Vec<u8> {
    bind::request(&perm(), &CONTEXT, EXPIRES_AT, &mut Seeded(4))
}

fn call(body: &[u8]) -> BindTempAuthKey<'_> {
    BindTempAuthKey::read(&mut Reader::new(body)).unwrap()
}

#[test]
fn pf_03_binding_message_has_the_prescribed_form() {
    let body = request();
    let call = call(&body);
    assert_eq!(
        (call.perm_auth_key_id, call.expires_at),
        (perm().id(), EXPIRES_AT)
    );
    let mut message = call.encrypted_message.to_vec();
    assert_eq!(message.len(), 24 + 80);
    let opened = encrypted_v1::open(&perm(), ClientToServer, &mut message).unwrap();
    assert_eq!(opened.header.msg_id, CONTEXT.msg_id);
    assert_eq!(opened.header.seq_no, SeqNo(0));
    assert_eq!(opened.body.len(), 40);
    let inner = BindAuthKeyInner::read(&mut Reader::new(opened.body)).unwrap();
    assert_eq!(inner.nonce, call.nonce);
    assert_eq!(inner.temp_auth_key_id, CONTEXT.temp_auth_key_id);
    assert_eq!(inner.perm_auth_key_id, perm().id());
    assert_eq!(inner.temp_session_id, CONTEXT.temp_session_id);
    assert_eq!(inner.expires_at, EXPIRES_AT);

    let again = bind::request(&perm(), &CONTEXT, EXPIRES_AT, &mut Seeded(5));
    assert_ne!(again, body, "the 128 bits in front are random");
}

#[test]
fn pf_04_right_binding_is_accepted() {
    assert_eq!(bind::verify(&call(&request()), &perm(), &CONTEXT), Ok(()));
}

#[test]
fn pf_04_binding_in_another_place_is_refused() {
    let body = request();
    let refused = |context: BindContext| bind::verify(&call(&body), &perm(), &context).unwrap_err();
    let other_key = BindContext {
        temp_auth_key_id: AuthKeyId([2; 8]),
        ..CONTEXT
    };
    assert_eq!(refused(other_key), BindError::TempAuthKeyId);
    let other_session = BindContext {
        temp_session_id: SessionId(78),
        ..CONTEXT
    };
    assert_eq!(refused(other_session), BindError::SessionId);
    let other_message = BindContext {
        msg_id: MsgId(8),
        ..CONTEXT
    };
    assert_eq!(refused(other_message), BindError::MsgId);
    assert_eq!(
        refused(other_message).rpc_error_message(),
        "ENCRYPTED_MESSAGE_INVALID"
    );
}

#[test]
fn pf_04_changed_fields_of_the_call_are_refused() {
    let body = request();
    let refused = |change: fn(&mut BindTempAuthKey<'_>)| {
        let mut call = call(&body);
        change(&mut call);
        bind::verify(&call, &perm(), &CONTEXT).unwrap_err()
    };
    assert_eq!(refused(|call| call.nonce ^= 1), BindError::Nonce);
    assert_eq!(refused(|call| call.expires_at += 1), BindError::ExpiresAt);
    assert_eq!(
        refused(|call| call.perm_auth_key_id = AuthKeyId([9; 8])),
        BindError::PermAuthKeyId
    );
    assert_eq!(
        refused(|call| call.encrypted_message = &[0; 104]),
        BindError::Message
    );
    let other = AuthKey::new([0x5d; 256]);
    assert_eq!(
        bind::verify(&call(&body), &other, &CONTEXT),
        Err(BindError::Message)
    );
}

/// The verdict on a call whose inner message is sealed as given.
fn sealed(header: Header, inner: &[u8]) -> Result<(), BindError> {
    let mut message = Vec::new();
    encrypted_v1::seal(
        &perm(),
        ClientToServer,
        &header,
        inner,
        &mut Seeded(1),
        &mut message,
    );
    let call = BindTempAuthKey {
        perm_auth_key_id: perm().id(),
        nonce: 5,
        expires_at: EXPIRES_AT,
        encrypted_message: &message,
    };
    bind::verify(&call, &perm(), &CONTEXT)
}

#[test]
fn pf_04_inner_message_of_another_form_is_refused() {
    let header = Header {
        salt: ServerSalt(1),
        session_id: SessionId(2),
        msg_id: CONTEXT.msg_id,
        seq_no: SeqNo(0),
    };
    let inner = BindAuthKeyInner {
        nonce: 5,
        temp_auth_key_id: CONTEXT.temp_auth_key_id,
        perm_auth_key_id: perm().id(),
        temp_session_id: CONTEXT.temp_session_id,
        expires_at: EXPIRES_AT,
    };
    assert_eq!(sealed(header, &inner.to_bytes()), Ok(()));
    let odd = Header {
        seq_no: SeqNo(1),
        ..header
    };
    assert_eq!(sealed(odd, &inner.to_bytes()), Err(BindError::SeqNo));
    let longer = [inner.to_bytes(), vec![0; 4]].concat();
    assert_eq!(sealed(header, &longer), Err(BindError::Content));
    let other_perm = BindAuthKeyInner {
        perm_auth_key_id: AuthKeyId([3; 8]),
        ..inner
    };
    assert_eq!(
        sealed(header, &other_perm.to_bytes()),
        Err(BindError::PermAuthKeyId)
    );
}

#[test]
fn pf_03_reference_binding_has_its_bytes() {
    const FILE: &str = "mtproto_messages.json";
    let Some(data) = vectors(FILE) else {
        return;
    };
    for (name, entry) in entries(FILE, &data, "bind_temp_auth_key") {
        let perm = AuthKey::new(array(entry, "perm_auth_key"));
        let inner = bytes(entry, "inner");
        let bits: [u8; 16] = array(entry, "random_16");
        let halves = bits.as_chunks().0;
        let msg_id = entry["msg_id"]
            .as_i64()
            .unwrap_or_else(|| entry["msg_id"].as_str().unwrap().parse().unwrap());
        let header = Header {
            salt: ServerSalt(i64::from_le_bytes(halves[0])),
            session_id: SessionId(i64::from_le_bytes(halves[1])),
            msg_id: MsgId(msg_id),
            seq_no: SeqNo(0),
        };
        let mut wire = Vec::new();
        let mut padding = Script::new(&[&bytes(entry, "padding")]);
        encrypted_v1::seal(
            &perm,
            ClientToServer,
            &header,
            &inner,
            &mut padding,
            &mut wire,
        );
        assert_eq!(
            hex::encode(&wire),
            entry["wire"].as_str().unwrap(),
            "{name}"
        );
    }
}
