//! Secret chats: the exchange of halves of a key, and messages that only the two ends can read.
//!
//! A secret chat lives on one authorization key of each side; nothing of it reaches another key.
//! <https://core.telegram.org/api/end-to-end>

use tl_parser::{Object, Value};

use super::{Access, Method, done};
use crate::call::Call;
use crate::error::{
    CHAT_ID_INVALID, DATA_INVALID, DATA_TOO_LONG, DH_G_A_INVALID, ENCRYPTION_ALREADY_ACCEPTED,
    ENCRYPTION_ALREADY_DECLINED, ENCRYPTION_DECLINED, ENCRYPTION_ID_INVALID, FILE_EMTPY,
    MAX_QTS_INVALID, MSG_WAIT_FAILED, RANDOM_ID_DUPLICATE, RANDOM_ID_EMPTY, RANDOM_LENGTH_INVALID,
    RpcError, USER_ID_INVALID, USER_IS_BLOCKED,
};
use crate::model::ids::{EncryptedFileId, UserId};
use crate::model::secret::{EncryptedFile, Letter, SecretChat, SecretState};
use crate::random::Purpose;
use crate::request::Arguments;

pub(super) const METHODS: &[Method] = &[
    Method::new("messages.getDhConfig", Access::People, get_dh_config),
    Method::new(
        "messages.requestEncryption",
        Access::People,
        request_encryption,
    ),
    Method::new(
        "messages.acceptEncryption",
        Access::People,
        accept_encryption,
    ),
    Method::new(
        "messages.discardEncryption",
        Access::People,
        discard_encryption,
    ),
    Method::new("messages.setEncryptedTyping", Access::People, set_typing),
    Method::new("messages.readEncryptedHistory", Access::People, read),
    Method::new("messages.sendEncrypted", Access::People, send),
    Method::new("messages.sendEncryptedFile", Access::People, send_file),
    Method::new(
        "messages.sendEncryptedService",
        Access::People,
        send_service,
    ),
    Method::new("messages.uploadEncryptedFile", Access::People, upload_file),
    Method::new("messages.receivedQueue", Access::People, received_queue),
    Method::new("messages.reportEncryptedSpam", Access::People, report),
];

/// Version of the only set of parameters there is.
const DH_VERSION: i32 = 1;
/// Most random bytes that a client may ask for.
const RANDOM_MAX: usize = 1024;
/// Longest encrypted message in bytes.
const DATA_MAX: usize = 64 * 1024;
/// Secret chats that the whole world keeps; over ones give way first.
const CHATS_MAX: usize = 100_000;

fn get_dh_config(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let length = usize::try_from(request.need_int("random_length")?).unwrap_or(usize::MAX);
    if length > RANDOM_MAX {
        return Err(RANDOM_LENGTH_INVALID.into());
    }
    let random = call.state.random.bytes::<RANDOM_MAX>();
    let random = random.get(..length).unwrap_or_default().to_vec();
    if request.need_int("version")? == DH_VERSION {
        return Ok(Object::new("messages.dhConfigNotModified")
            .with("random", random)
            .into());
    }
    let (g, p) = call.state.crypto.group();
    Ok(Object::new("messages.dhConfig")
        .with("g", g)
        .with("p", p.to_vec())
        .with("version", DH_VERSION)
        .with("random", random)
        .into())
}

impl Call<'_> {
    /// Checks that a half of the exchange lies between 2^1984 and p - 2^1984, as both ends must.
    fn check_half(&self, half: &[u8]) -> Result<(), RpcError> {
        let (_, p) = self.state.crypto.group();
        let too_small = half.iter().take(8).all(|byte| *byte == 0);
        let mut upper = p;
        if let Some(top) = upper.first_chunk_mut::<8>() {
            *top = u64::from_be_bytes(*top).saturating_sub(1).to_be_bytes();
        }
        if half.len() != p.len() || too_small || half >= upper.as_slice() {
            return Err(DH_G_A_INVALID.into());
        }
        Ok(())
    }

    /// The secret chat that an `inputEncryptedChat` names.
    fn secret_chat(&self, me: UserId, input: &Object) -> Result<&SecretChat, RpcError> {
        let id = input.need_int("chat_id")?;
        let chat = self.state.secrets.chats.get(&id).ok_or(CHAT_ID_INVALID)?;
        let hash = self.view(me).secret_chat_hash(id);
        let mine = chat.creator == me || chat.participant == me;
        if !mine || input.need_long("access_hash")? != hash {
            return Err(CHAT_ID_INVALID.into());
        }
        Ok(chat)
    }

    /// The chat of a request with the account and key at its other side.
    fn secret_peer(&self, request: &Object) -> Result<(i32, UserId, i64), RpcError> {
        let me = self.me()?;
        let chat = self.secret_chat(me, request.need_object("peer")?)?;
        if matches!(chat.state, SecretState::Discarded { .. }) {
            return Err(ENCRYPTION_DECLINED.into());
        }
        let other = chat.other(self.caller.auth_key_id);
        let (user, key) = other.ok_or(ENCRYPTION_ID_INVALID)?;
        Ok((chat.id, user, key))
    }

    /// Tells one key how a secret chat stands.
    fn tell_secret(&mut self, id: i32, user: UserId, key: i64) {
        let Some(chat) = self.state.secrets.chats.get(&id) else {
            return;
        };
        let mut view = self.view(user);
        let update = view.encryption_update(chat, key);
        let updates = view.updates(vec![update]);
        self.push_to(vec![key], updates);
    }

    /// Ends a secret chat and tells every key that had a part in it, but the caller's.
    fn discard_secret(&mut self, id: i32, history_deleted: bool) {
        let date = self.date();
        let Some(chat) = self.state.secrets.chats.get_mut(&id) else {
            return;
        };
        let (creator, participant) = (chat.creator, chat.participant);
        let mut listeners = vec![(creator, chat.creator_key)];
        match &chat.state {
            SecretState::Requested { offered_to } => {
                listeners.extend(offered_to.iter().map(|key| (participant, *key)));
            }
            SecretState::Established {
                participant_key, ..
            } => listeners.push((participant, *participant_key)),
            SecretState::Discarded { .. } => return,
        }
        chat.state = SecretState::Discarded { history_deleted };
        chat.changed = date;
        for (user, key) in listeners {
            if key != self.caller.auth_key_id {
                self.tell_secret(id, user, key);
            }
        }
    }

    /// The secret chats of a key end with its login.
    pub(super) fn discard_secrets_of(&mut self, key: i64) {
        let chats = self.state.secrets.chats.values();
        let over: Vec<i32> = chats
            .filter(|chat| match chat.state {
                // Another device may still accept what was offered to several.
                SecretState::Requested { .. } => chat.creator_key == key,
                _ => chat.concerns(key),
            })
            .map(|chat| chat.id)
            .collect();
        for id in over {
            self.discard_secret(id, false);
        }
        self.state.secrets.queues.remove(&key);
    }
}

fn request_encryption(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let user = call.user_in(request, "user_id")?;
    let id = request.need_int("random_id")?;
    let g_a = request.need_bytes("g_a")?;
    call.check_half(g_a)?;
    let other = call.user_ref(user)?;
    if user == me || other.is_bot() || other.is_deleted() {
        return Err(USER_ID_INVALID.into());
    }
    if other.has_blocked(me) {
        return Err(USER_IS_BLOCKED.into());
    }
    if id == 0 {
        return Err(RANDOM_ID_EMPTY.into());
    }
    let secrets = &mut call.state.secrets;
    if secrets.chats.contains_key(&id) {
        return Err(RANDOM_ID_DUPLICATE.into());
    }
    if secrets.chats.len() >= CHATS_MAX {
        secrets
            .chats
            .retain(|_, chat| !matches!(chat.state, SecretState::Discarded { .. }));
    }
    if secrets.chats.len() >= CHATS_MAX {
        return Err(RpcError::flood_wait(3600));
    }
    let mut offered_to = call.state.keys_of(user);
    offered_to.retain(|key| {
        let authorization = call.state.authorization(*key);
        authorization.is_some_and(|authorization| !authorization.secret_chats_off)
    });
    let date = call.date();
    let chat = SecretChat {
        id,
        creator: me,
        creator_key: call.caller.auth_key_id,
        participant: user,
        date,
        g_a: g_a.to_vec(),
        state: SecretState::Requested {
            offered_to: offered_to.clone(),
        },
        changed: date,
    };
    let reply = call.view(me).secret_chat(&chat, chat.creator_key);
    call.state.secrets.chats.insert(id, chat);
    for key in offered_to {
        call.tell_secret(id, user, key);
    }
    Ok(reply.into())
}

fn accept_encryption(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let key = call.caller.auth_key_id;
    let chat = call.secret_chat(me, request.need_object("peer")?)?;
    let (id, creator, creator_key) = (chat.id, chat.creator, chat.creator_key);
    let offered_to = match &chat.state {
        SecretState::Requested { offered_to } if chat.participant == me => offered_to.clone(),
        SecretState::Requested { .. } => return Err(CHAT_ID_INVALID.into()),
        SecretState::Established { .. } => return Err(ENCRYPTION_ALREADY_ACCEPTED.into()),
        SecretState::Discarded { .. } => return Err(ENCRYPTION_ALREADY_DECLINED.into()),
    };
    let g_b = request.need_bytes("g_b")?;
    call.check_half(g_b)?;
    let date = call.date();
    let established = SecretState::Established {
        participant_key: key,
        g_b: g_b.to_vec(),
        fingerprint: request.need_long("key_fingerprint")?,
    };
    let chat = call.state.secrets.chats.get_mut(&id);
    let chat = chat.ok_or(CHAT_ID_INVALID)?;
    chat.state = established;
    chat.changed = date;
    let chat = chat.clone();
    call.tell_secret(id, creator, creator_key);
    for other in offered_to.into_iter().filter(|other| *other != key) {
        call.tell_secret(id, me, other);
    }
    Ok(call.view(me).secret_chat(&chat, key).into())
}

fn discard_encryption(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = request.need_int("chat_id")?;
    let chat = call.state.secrets.chats.get(&id);
    let chat = chat.filter(|chat| chat.creator == me || chat.participant == me);
    let chat = chat.ok_or(ENCRYPTION_ID_INVALID)?;
    if matches!(chat.state, SecretState::Discarded { .. }) {
        return Err(ENCRYPTION_ALREADY_DECLINED.into());
    }
    if !chat.concerns(call.caller.auth_key_id) {
        return Err(ENCRYPTION_ID_INVALID.into());
    }
    call.discard_secret(id, request.flag("delete_history"));
    Ok(done())
}

/// Tells the key at the other side of something that only those present need to know.
fn tell_other(call: &mut Call<'_>, request: &Object, update: Object) -> Result<Value, RpcError> {
    let (id, user, key) = call.secret_peer(request)?;
    let updates = call.view(user).updates(vec![update.with("chat_id", id)]);
    call.push_to(vec![key], updates);
    Ok(done())
}

fn set_typing(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    if !request.need_bool("typing")? {
        call.secret_peer(request)?;
        return Ok(done());
    }
    tell_other(call, request, Object::new("updateEncryptedChatTyping"))
}

fn read(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let max_date = request.need_int("max_date")?;
    if max_date > call.date() {
        return Err(MSG_WAIT_FAILED.into());
    }
    let update = Object::new("updateEncryptedMessagesRead")
        .with("max_date", max_date)
        .with("date", call.date());
    tell_other(call, request, update)
}

/// Puts a letter into the queue of the other side and sends it on its way.
fn deliver(
    call: &mut Call<'_>,
    request: &Object,
    file: Option<Option<EncryptedFileId>>,
) -> Result<(), RpcError> {
    let (chat_id, user, key) = call.secret_peer(request)?;
    let data = request.need_bytes("data")?;
    let random_id = request.need_long("random_id")?;
    if data.is_empty() {
        return Err(DATA_INVALID.into());
    }
    if data.len() > DATA_MAX {
        return Err(DATA_TOO_LONG.into());
    }
    let me = call.me()?;
    if random_id == 0 {
        return Err(RANDOM_ID_EMPTY.into());
    }
    let mailbox = call.state.mailboxes.get_mut(&me);
    if mailbox.is_some_and(|mailbox| mailbox.is_repeated_send(random_id)) {
        return Err(RANDOM_ID_DUPLICATE.into());
    }
    let letter = Letter {
        qts: 0,
        random_id,
        chat_id,
        date: call.date(),
        bytes: data.to_vec(),
        file,
    };
    let queue = call.state.secrets.queues.entry(key).or_default();
    let letter = queue.push(letter);
    let view = call.view(user);
    let update = Object::new("updateNewEncryptedMessage")
        .with("message", view.letter(&letter))
        .with("qts", letter.qts);
    let updates = view.updates(vec![update]);
    call.push_to(vec![key], updates);
    Ok(())
}

fn sent(call: &Call<'_>) -> Value {
    Object::new("messages.sentEncryptedMessage")
        .with("date", call.date())
        .into()
}

fn send(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    deliver(call, request, Some(None))?;
    Ok(sent(call))
}

fn send_service(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    deliver(call, request, None)?;
    Ok(sent(call))
}

/// The file that an `InputEncryptedFile` names or brings.
fn input_file(
    call: &mut Call<'_>,
    me: UserId,
    input: &Object,
) -> Result<EncryptedFileId, RpcError> {
    match input.name() {
        "inputEncryptedFileUploaded" | "inputEncryptedFileBigUploaded" => {
            let key_fingerprint = input.need_int("key_fingerprint")?;
            let stored = call.take_upload(me, input)?;
            let id = EncryptedFileId(call.state.random.within(1 << 60, i64::MAX));
            let file = EncryptedFile {
                dc_id: call.caller.dc,
                key_fingerprint,
                stored,
            };
            call.state.secrets.files.insert(id, file);
            Ok(id)
        }
        "inputEncryptedFile" => call.encrypted_file(me, input).map(|(id, _)| id),
        _ => Err(FILE_EMTPY.into()),
    }
}

impl Call<'_> {
    /// The file that `id` and `access_hash` of an object name, if the caller may have it.
    pub(super) fn encrypted_file(
        &self,
        me: UserId,
        input: &Object,
    ) -> Result<(EncryptedFileId, &EncryptedFile), RpcError> {
        let id = EncryptedFileId(input.need_long("id")?);
        let random = &self.state.random;
        let hash = random.derive(Purpose::EncryptedFileHash, me.0, id.0);
        let file = self.state.secrets.files.get(&id).ok_or(FILE_EMTPY)?;
        if input.need_long("access_hash")? != hash {
            return Err(FILE_EMTPY.into());
        }
        Ok((id, file))
    }
}

fn send_file(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    call.secret_peer(request)?;
    let file = input_file(call, me, request.need_object("file")?)?;
    deliver(call, request, Some(Some(file)))?;
    Ok(Object::new("messages.sentEncryptedFile")
        .with("date", call.date())
        .with("file", call.view(me).encrypted_file(Some(file)))
        .into())
}

fn upload_file(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    call.secret_peer(request)?;
    let file = input_file(call, me, request.need_object("file")?)?;
    Ok(call.view(me).encrypted_file(Some(file)).into())
}

fn received_queue(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let qts = request.need_int("max_qts")?;
    let queue = call.state.secrets.queues.get_mut(&call.caller.auth_key_id);
    let Some(queue) = queue else {
        return Ok(Vec::<Value>::new().into());
    };
    if qts < 0 || qts > queue.qts() {
        return Err(MAX_QTS_INVALID.into());
    }
    Ok(Value::vector(queue.confirm(qts)))
}

fn report(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    call.secret_chat(me, request.need_object("peer")?)?;
    Ok(done())
}
