//! Service messages: reading what was written, and nothing else.

use mtproto_core::ids::{MsgId, Nonce, SeqNo, ServerSalt, SessionId};
use mtproto_core::tl::key_exchange::{NewNonce, PqInnerData, ReqPqMulti, ResPq};
use mtproto_core::tl::service::*;
use mtproto_core::tl::{Combinator, ReadErrorKind, Reader, ServiceMessage, Writer};
use proptest::prelude::*;

const IDS: &[MsgId] = &[MsgId(4), MsgId(8), MsgId(-12)];
const SALTS: &[FutureSalt] = &[
    FutureSalt {
        valid_since: 10,
        valid_until: 20,
        salt: ServerSalt(1),
    },
    FutureSalt {
        valid_since: 20,
        valid_until: 30,
        salt: ServerSalt(-1),
    },
];

/// One of each, so that a test over all of them misses none.
fn all() -> Vec<ServiceMessage<'static>> {
    let (msg_id, seq_no, session_id) = (MsgId(0x1122_3344_5566_7788), SeqNo(5), SessionId(-9));
    let msg_ids = IDS.into();
    vec![
        RpcResult {
            req_msg_id: msg_id,
            result: b"\xb5\x75\x72\x99",
        }
        .into(),
        RpcError {
            error_code: 420,
            error_message: b"FLOOD_WAIT_3",
        }
        .into(),
        MsgsAck { msg_ids }.into(),
        MsgContainer { messages: &[0; 4] }.into(),
        GzipPacked {
            packed_data: b"\x1f\x8b",
        }
        .into(),
        BadMsgNotification {
            bad_msg_id: msg_id,
            bad_msg_seqno: seq_no,
            error_code: 16,
        }
        .into(),
        BadServerSalt {
            bad_msg_id: msg_id,
            bad_msg_seqno: seq_no,
            error_code: 48,
            new_server_salt: ServerSalt(7),
        }
        .into(),
        MsgsStateReq { msg_ids }.into(),
        MsgsStateInfo {
            req_msg_id: msg_id,
            info: &[1, 4, 4],
        }
        .into(),
        MsgsAllInfo {
            msg_ids,
            info: &[1, 4, 4],
        }
        .into(),
        MsgDetailedInfo {
            msg_id,
            answer_msg_id: MsgId(5),
            bytes: 16,
            status: 0,
        }
        .into(),
        MsgNewDetailedInfo {
            answer_msg_id: MsgId(5),
            bytes: 16,
            status: 0,
        }
        .into(),
        MsgResendReq { msg_ids }.into(),
        MsgResendAnsReq { msg_ids }.into(),
        RpcDropAnswer { req_msg_id: msg_id }.into(),
        RpcAnswerUnknown {}.into(),
        RpcAnswerDroppedRunning {}.into(),
        RpcAnswerDropped {
            msg_id,
            seq_no,
            bytes: 100,
        }
        .into(),
        GetFutureSalts { num: 64 }.into(),
        FutureSalts {
            req_msg_id: msg_id,
            now: 11,
            salts: SALTS.into(),
        }
        .into(),
        Ping { ping_id: 3 }.into(),
        PingDelayDisconnect {
            ping_id: 3,
            disconnect_delay: 75,
        }
        .into(),
        Pong { msg_id, ping_id: 3 }.into(),
        DestroySession { session_id }.into(),
        DestroySessionOk { session_id }.into(),
        DestroySessionNone { session_id }.into(),
        NewSessionCreated {
            first_msg_id: msg_id,
            unique_id: 6,
            server_salt: ServerSalt(7),
        }
        .into(),
        DestroyAuthKey {}.into(),
        DestroyAuthKeyOk {}.into(),
        DestroyAuthKeyNone {}.into(),
        DestroyAuthKeyFail {}.into(),
        MsgCopy {
            msg_id,
            seq_no,
            body: &[1, 2, 3, 4],
        }
        .into(),
        HttpWait {
            max_delay: 0,
            wait_after: 0,
            max_wait: 25_000,
        }
        .into(),
    ]
}

fn written(message: &ServiceMessage<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    message.write(&mut Writer::new(&mut out));
    out
}

#[test]
fn tp_18_every_service_message_reads_back_as_written() {
    for message in all() {
        let wire = written(&message);
        assert_eq!(wire[..4], message.id().0.to_le_bytes());
        let read = ServiceMessage::parse(&wire);
        assert_eq!(read, Ok(Some(message)));
        assert_eq!(written(&read.unwrap().unwrap()), wire);
    }
}

#[test]
fn tp_04_service_message_cut_at_any_word_is_an_error() {
    for message in all() {
        let wire = written(&message);
        // The content of a container and a result run to the end of the message; their own readers find the cut.
        let open_end = matches!(
            message,
            ServiceMessage::MsgContainer(_) | ServiceMessage::RpcResult(_)
        );
        for cut in 0..wire.len() {
            let read = ServiceMessage::parse(&wire[..cut]);
            assert!(
                read.is_err() || (open_end && cut >= 4),
                "{message:?} cut at {cut}"
            );
        }
    }
}

#[test]
fn tp_05_bytes_after_a_service_message_are_an_error() {
    for message in all() {
        let mut wire = written(&message);
        wire.extend([0; 4]);
        let read = ServiceMessage::parse(&wire);
        if matches!(
            message,
            ServiceMessage::MsgContainer(_) | ServiceMessage::RpcResult(_)
        ) {
            assert!(read.is_ok());
        } else {
            assert_eq!(
                read.unwrap_err().kind,
                ReadErrorKind::TrailingBytes,
                "{message:?}"
            );
        }
    }
}

#[test]
fn sv_60_body_under_four_bytes_is_an_error_and_an_unknown_constructor_is_not() {
    for len in 0..4 {
        assert!(ServiceMessage::parse(&[0; 4][..len]).is_err());
    }
    assert_eq!(ServiceMessage::parse(&[1, 2, 3, 4]), Ok(None));
}

#[test]
fn sv_57_messages_that_only_a_client_has_reason_to_send_are_marked() {
    let from_client: Vec<_> = all()
        .into_iter()
        .filter(|message| message.sender() == Sender::Client)
        .map(|message| message.id().0)
        .collect();
    assert_eq!(
        from_client,
        [
            0x58e4_a740,
            0xb921_bd04,
            0xf342_7b8c,
            0xe751_2126,
            0xd143_5160,
            0x9299_359f
        ]
    );
}

#[test]
fn msg_copy_with_a_lying_length_is_refused() {
    for len in [-4_i32, 3, 8, i32::MAX] {
        let message = MsgCopy {
            msg_id: MsgId(1),
            seq_no: SeqNo(1),
            body: &[1, 2, 3, 4],
        };
        let mut wire = message.to_bytes();
        let at = wire.len() - 8;
        wire[at..at + 4].copy_from_slice(&len.to_le_bytes());
        assert!(ServiceMessage::parse(&wire).is_err(), "length {len}");
    }
}

#[test]
fn inner_data_takes_its_form_from_the_fields_present() {
    let forms = [
        (None, None, 0x83c9_5aec_u32),
        (Some(2), None, 0xa9f5_5f95),
        (None, Some(60), 0x3c6a_84d4),
        (Some(-10_002), Some(60), 0x56fd_df88),
    ];
    for (dc, expires_in, id) in forms {
        let inner = PqInnerData {
            pq: &[1; 8],
            p: &[2; 4],
            q: &[3; 4],
            nonce: Nonce([4; 16]),
            server_nonce: Nonce([5; 16]),
            new_nonce: NewNonce([6; 32]),
            dc: dc.map(mtproto_core::ids::DcId),
            expires_in,
        };
        let mut wire = Vec::new();
        inner.write(&mut Writer::new(&mut wire));
        assert_eq!(wire[..4], id.to_le_bytes());
        let mut reader = Reader::new(&wire);
        assert_eq!(PqInnerData::read(&mut reader), Ok(inner));
        assert_eq!(reader.finish(), Ok(()));
        assert!(wire.len() <= 144, "RSA_PAD takes at most 144 bytes");
    }
}

#[test]
fn secret_nonce_is_never_printed() {
    assert_eq!(format!("{:?}", NewNonce([0xab; 32])), "NewNonce(..)");
}

#[test]
fn first_messages_of_the_published_exchange_have_their_published_bytes() {
    // https://core.telegram.org/mtproto/samples-auth_key
    let nonce = Nonce(0x4067_09f6_12fa_dfbe_c3f0_289d_0aa6_7eef_u128.to_be_bytes());
    let request = ReqPqMulti { nonce }.to_bytes();
    assert_eq!(request[..4], [0xf1, 0x8e, 0x7e, 0xbe]);
    assert_eq!(request[4..], nonce.0);

    let answer = ResPq {
        nonce,
        server_nonce: Nonce(0xe11d_bc3b_c97d_91a2_6154_f932_af01_9943_u128.to_be_bytes()),
        pq: &2_694_724_800_268_887_959_u64.to_be_bytes(),
        server_public_key_fingerprints: (&[0x0bc3_5f34_09f7_b7a5, -0x3c4b_d43f_d394_17df][..])
            .into(),
    };
    let wire = answer.to_bytes();
    assert_eq!(wire[..4], [0x63, 0x24, 0x16, 0x05]);
    assert_eq!(
        wire[36..48],
        [8, 0x25, 0x65, 0x95, 0xed, 0xb7, 0x76, 0x67, 0x97, 0, 0, 0]
    );
    assert_eq!(wire[48..56], [0x15, 0xc4, 0xb5, 0x1c, 2, 0, 0, 0]);
    assert_eq!(ResPq::read(&mut Reader::new(&wire)), Ok(answer));
}

proptest! {
    #[test]
    fn tp_20_arbitrary_bytes_are_read_or_refused(bytes: Vec<u8>, which in 0..33_usize) {
        let _ = ServiceMessage::parse(&bytes);
        let mut tagged = all()[which].id().0.to_le_bytes().to_vec();
        tagged.extend(&bytes);
        if let Ok(Some(message)) = ServiceMessage::parse(&tagged) {
            let again = written(&message);
            prop_assert_eq!(ServiceMessage::parse(&again), Ok(Some(message)));
        }
    }
}
