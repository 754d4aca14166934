//! Messages and key exchanges: whatever comes is read or refused, and what is read can be written again.

use std::sync::{Arc, LazyLock};

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::dh::{DhParams, GeneratorTable, PrimeCache};
use mtproto_core::crypto::kdf::Direction;
use mtproto_core::crypto::rsa::RsaPrivateKey;
use mtproto_core::handshake::{
    self, ClientConfig, ClientHandshake, ClientStep, Reply, RunLimits, ServerConfig,
    ServerHandshakes,
};
use mtproto_core::ids::{DcId, MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::container::Builder;
use mtproto_core::message::{Header, encrypted, encrypted_v1, gzip, plain};
use mtproto_core::random::ChaChaRandom;
use mtproto_core::time::{Instant, UnixTime};
use mtproto_core::tl::service::MsgContainer;
use mtproto_core::tl::{ServiceMessage, Writer};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const WAY: Direction = Direction::ClientToServer;
const UNPACKED: usize = 1 << 20;

/// An unencrypted message, at rest and in a frame.
pub fn plain_message(data: &[u8]) {
    if let Ok(message) = plain::read(data) {
        let mut out = Vec::new();
        plain::write(message.msg_id, message.body, &mut out);
        assert_eq!(out, data[..out.len()], "written as it was read");
        let _ = handshake::nonce_of(message.body);
    }
    let mut out = Vec::new();
    plain::write(MsgId(4), data, &mut out);
    assert_eq!(plain::read(&out).map(|message| message.body), Ok(data));
}

/// An encrypted message: as a frame that nobody sealed, and as a plaintext whose hash is right.
pub fn open_message(data: &[u8]) {
    let key = AuthKey::new([7; 256]);
    let mut forged = [&key.id().0[..], data].concat();
    assert!(encrypted::open(&key, WAY, &mut forged).is_err());
    let mut forged = [&key.id().0[..], data].concat();
    assert!(encrypted_v1::open(&key, WAY, &mut forged).is_err());

    let mut sealed = [&[0; 24][..], data].concat();
    encrypted::seal_in_place(&key, WAY, &mut sealed);
    if let Ok(opened) = encrypted::open(&key, WAY, &mut sealed) {
        let whole = data.len() / 16 * 16;
        assert_eq!(opened.body, &data[32..32 + opened.body.len()]);
        assert_eq!(32 + opened.body.len() + opened.padding, whole);
    }

    let body = &data[..data.len() / 4 * 4];
    let header = Header {
        salt: ServerSalt(1),
        session_id: SessionId(2),
        msg_id: MsgId(4),
        seq_no: SeqNo(1),
    };
    let mut frame = Vec::new();
    encrypted::seal(
        &key,
        WAY,
        &header,
        body,
        &mut ChaChaRandom::from_number(1),
        &mut frame,
    );
    let opened = encrypted::open(&key, WAY, &mut frame).expect("what is sealed opens");
    assert_eq!((opened.header, opened.body), (header, body));
}

/// The body of a message of an encrypted session.
pub fn service_message(data: &[u8]) {
    let Ok(Some(message)) = ServiceMessage::parse(data) else {
        return;
    };
    let mut out = Vec::new();
    message.write(&mut Writer::new(&mut out));
    // Strings have several forms on the wire and one when written, so bytes may differ, but not what they say.
    assert_eq!(ServiceMessage::parse(&out), Ok(Some(message)));
}

/// A container: taken as a whole or not at all, and built again from its messages.
pub fn container(data: &[u8]) {
    const OUTER: MsgId = MsgId(i64::MAX);
    use mtproto_core::message::container;
    let Ok(messages) = container::read(OUTER, MsgContainer { messages: data }) else {
        return;
    };
    let expected = messages.len();
    let mut out = Vec::new();
    let mut builder = Builder::new(&mut out);
    for message in messages {
        assert!(message.msg_id < OUTER && message.body.len() >= 4);
        if !builder.push(message.msg_id, message.seq_no, message.body) {
            return;
        }
    }
    assert_eq!(
        builder.len(),
        expected,
        "no message is lost after the check"
    );
    assert_eq!(out[4..], *data);
}

/// A packed object, and anything packed.
pub fn gzip(data: &[u8]) {
    if let Ok(out) = gzip::inflate(data, UNPACKED) {
        assert!(out.len() <= UNPACKED);
        if !out.is_empty() {
            assert!(
                gzip::inflate(data, out.len() - 1).is_err(),
                "the limit holds to the byte"
            );
        }
    }
    let _ = gzip::unpack(data, UNPACKED);
    assert_eq!(
        gzip::inflate(&gzip::deflate(data), data.len()).as_deref(),
        Ok(data)
    );
}

static KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| {
    const PEM: &str = include_str!("../../mock-server/keys/test_rsa_private.pem");
    RsaPrivateKey::from_pem(PEM).expect("the published test key")
});

static TABLE: LazyLock<Arc<GeneratorTable>> = LazyLock::new(|| {
    Arc::new(GeneratorTable::new(
        DhParams::known(3).expect("3 generates the subgroup"),
    ))
});

/// A whole run: the bodies in the order of their sending, the client's first.
static RUN: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let (mut client, first, mut random) = client();
    let mut server = server();
    let mut bodies = vec![first];
    loop {
        let query = bodies.last().expect("the client began");
        let step = server.handle(
            Instant::ZERO,
            NOW,
            query,
            &|_| false,
            &mut ChaChaRandom::from_number(2),
        );
        let answer = step.expect("the client obeys").reply.to_bytes();
        bodies.push(answer.clone());
        match client.handle(NOW, &answer, &mut PrimeCache::new(), &mut random) {
            Ok(ClientStep::Send(next)) => bodies.push(next),
            Ok(ClientStep::Done(_)) => return bodies,
            Err(error) => panic!("the server obeys: {error}"),
        }
    }
});

fn client() -> (ClientHandshake, Vec<u8>, ChaChaRandom) {
    let mut random = ChaChaRandom::from_number(1);
    let config = ClientConfig::new(vec![KEY.public().clone()], DcId(2));
    let (run, first) = ClientHandshake::new(config, &mut random);
    (run, first, random)
}

fn server() -> ServerHandshakes {
    ServerHandshakes::new(
        ServerConfig::new(vec![KEY.clone()], TABLE.clone()),
        RunLimits::default(),
    )
}

/// The first byte of `data` chooses the step at which the rest comes, and how many words of the right message stay in
/// front of it; from 80 on, all of it.
fn at_step<'a>(data: &'a [u8], right: &[Vec<u8>]) -> Option<(usize, Vec<u8>, &'a [u8])> {
    let [choice, rest @ ..] = data else {
        return None;
    };
    let step = usize::from(*choice) % right.len();
    let words = usize::from(*choice) / right.len();
    let kept = if words < 80 { words * 4 } else { usize::MAX };
    let head = right[step].get(..kept).unwrap_or(&right[step]);
    Some((step, [head, rest].concat(), rest))
}

/// Whether a message carries the secret part of the right one, in whatever form: its last block.
fn carries(message: &[u8], right: &[u8]) -> bool {
    let secret = &right[right.len() - 16..];
    message.windows(secret.len()).any(|window| window == secret)
}

/// A client that gets any message at any step.
pub fn handshake_client(data: &[u8]) {
    let answers: Vec<_> = RUN.iter().skip(1).step_by(2).cloned().collect();
    let Some((step, message, rest)) = at_step(data, &answers) else {
        return;
    };
    for message in [&message[..], rest] {
        let (mut run, _, mut random) = client();
        let mut primes = PrimeCache::new();
        for answer in &answers[..step] {
            run.handle(NOW, answer, &mut primes, &mut random)
                .expect("the recorded server obeys");
        }
        let right = carries(message, &answers[step]);
        match run.handle(NOW, message, &mut primes, &mut random) {
            Ok(ClientStep::Send(_)) => assert!(step == 0 || right, "nobody can forge an answer"),
            Ok(ClientStep::Done(_)) => assert!(right, "nobody can forge a key"),
            Err(_) => assert!(run.is_finished() && !message.starts_with(&answers[step])),
        }
    }
}

/// A server that gets any message at any step.
pub fn handshake_server(data: &[u8]) {
    let queries: Vec<_> = RUN.iter().step_by(2).cloned().collect();
    let Some((step, message, rest)) = at_step(data, &queries) else {
        return;
    };
    for message in [&message[..], rest] {
        let mut server = server();
        let mut handle = |message: &[u8]| {
            server.handle(
                Instant::ZERO,
                NOW,
                message,
                &|_| false,
                &mut ChaChaRandom::from_number(2),
            )
        };
        for query in &queries[..step] {
            handle(query).expect("the recorded client obeys");
        }
        let known = queries[..=step].iter().any(|query| carries(message, query));
        match handle(message) {
            Ok(step) => {
                let first = matches!(step.reply, Reply::ResPq { .. });
                assert!(first || known, "only a first query can be new");
            }
            Err(refusal) => {
                assert!(!message.starts_with(&queries[step]));
                assert!(matches!(refusal.transport_error(), -404 | -444));
            }
        }
        assert!(server.len() <= 2);
    }
}
