//! Several encrypted messages of MTProto 2.0 at once.
//!
//! The cipher is serial within a message, so a processor that works on eight messages at once is about five times as fast
//! as on one after another. Frames may be of any lengths and under any keys; like lengths side by side are best.
//! What is accepted and what comes out is that of [`encrypted`], frame by frame.

use alloc::vec::Vec;
use core::{fmt, iter};

use super::encrypted::{self, OpenError, Opened};
use crate::crypto::auth_key::AuthKey;
use crate::crypto::envelope::{self, Job};
use crate::crypto::kdf::Direction;
use crate::ids::{AuthKeyId, MsgKey};

/// One frame among several.
pub struct Frame<'a> {
    /// The key that it is or will be under.
    pub key: &'a AuthKey,
    /// The way that it goes.
    pub direction: Direction,
    /// The whole frame, as [`encrypted::open`] or [`encrypted::seal_in_place`] take it.
    pub bytes: &'a mut [u8],
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("key", self.key)
            .field("direction", &self.direction)
            .field("len", &self.bytes.len())
            .finish()
    }
}

/// [`encrypted::open`] for each frame; the results stand in the order of the frames.
pub fn open_many(frames: Vec<Frame<'_>>) -> Vec<Result<Opened<'_>, OpenError>> {
    // Frames that name another key or are too short have no job.
    let mut jobs = Vec::with_capacity(frames.len());
    let mut has_job = Vec::with_capacity(frames.len());
    for frame in frames {
        let job = encrypted::split(frame.key, frame.bytes)
            .ok()
            .and_then(|(msg_key, data)| Job::new(frame.key, frame.direction, msg_key, data).ok());
        has_job.push(job.is_some());
        jobs.extend(job);
    }
    envelope::decrypt_many(&mut jobs);
    let mut jobs = jobs.into_iter();
    has_job
        .into_iter()
        .map(|has_job| {
            let job = has_job.then(|| jobs.next()).flatten().ok_or(OpenError)?;
            let (msg_key, found) = (job.msg_key, job.msg_key_large);
            encrypted::check(&msg_key, &found, job.into_data())
        })
        .collect()
}

/// A payload that may have been opened already, together with others.
pub(crate) enum Payload<'a> {
    /// It is to be opened in its turn: it is plain, its key was not known, or it came alone.
    Sealed(&'a mut [u8]),
    /// It was opened with this key.
    Opened(&'a AuthKey, Result<Opened<'a>, OpenError>),
}

impl<'a> Payload<'a> {
    /// The key named in front, if any is.
    pub(crate) fn auth_key_id(&self) -> Option<AuthKeyId> {
        match self {
            Self::Sealed(bytes) => super::auth_key_id(bytes),
            Self::Opened(key, _) => Some(key.id()),
        }
    }

    /// What the message says under `key`.
    pub(crate) fn open(self, key: &AuthKey, direction: Direction) -> Result<Opened<'a>, OpenError> {
        match self {
            Self::Sealed(bytes) => encrypted::open(key, direction, bytes),
            Self::Opened(with, opened) if with == key => opened,
            Self::Opened(..) => Err(OpenError),
        }
    }
}

/// The keys of payloads that are worth opening ahead: none if there are not several.
pub(crate) fn keys_ahead(
    payloads: &[&mut [u8]],
    key_of: impl Fn(AuthKeyId) -> Option<AuthKey>,
) -> Vec<Option<AuthKey>> {
    if payloads.len() < 2 {
        return Vec::new();
    }
    let is_encrypted = |id: &AuthKeyId| *id != AuthKeyId::UNENCRYPTED;
    let key_of = |bytes: &&mut [u8]| key_of(super::auth_key_id(bytes).filter(is_encrypted)?);
    payloads.iter().map(key_of).collect()
}

/// Opens all payloads that have a key among `keys`, which stand in the order of the payloads.
///
/// Nothing else happens with them: whether the key is still good is seen when each has its turn.
pub(crate) fn open_ahead<'a>(
    payloads: Vec<&'a mut [u8]>,
    keys: &'a [Option<AuthKey>],
    direction: Direction,
) -> Vec<Payload<'a>> {
    let mut frames = Vec::with_capacity(keys.len());
    let mut sealed = Vec::with_capacity(payloads.len());
    let keys = keys.iter().map(Option::as_ref).chain(iter::repeat(None));
    for (bytes, key) in payloads.into_iter().zip(keys) {
        match key {
            Some(key) => {
                frames.push(Frame {
                    key,
                    direction,
                    bytes,
                });
                sealed.push(Err(key));
            }
            None => sealed.push(Ok(bytes)),
        }
    }
    let mut opened = open_many(frames).into_iter();
    let payload = |sealed| match sealed {
        Ok(bytes) => Payload::Sealed(bytes),
        Err(key) => Payload::Opened(key, opened.next().unwrap_or(Err(OpenError))),
    };
    sealed.into_iter().map(payload).collect()
}

/// [`encrypted::seal_in_place`] for each frame; the results stand in the order of the frames.
///
/// Bytes behind the last whole block stay as they are; a frame without room for `auth_key_id` and `msg_key` stays as it
/// is and gives zeros.
pub fn seal_many(frames: Vec<Frame<'_>>) -> Vec<[u8; 32]> {
    let mut heads = Vec::with_capacity(frames.len());
    let mut jobs = Vec::with_capacity(frames.len());
    for frame in frames {
        let split = encrypted::split_unsealed(frame.bytes).and_then(|(head, blocks)| {
            let job = Job::new(frame.key, frame.direction, MsgKey([0; 16]), blocks);
            Some(((head, frame.key), job.ok()?))
        });
        let (head, job) = split.unzip();
        heads.push(head);
        jobs.extend(job);
    }
    envelope::encrypt_many(&mut jobs);
    let mut jobs = jobs.into_iter();
    heads
        .into_iter()
        .map(|head| {
            let Some(((head, key), job)) = head.and_then(|head| Some((head, jobs.next()?))) else {
                return [0; 32];
            };
            encrypted::address(head, key, &job.msg_key);
            job.msg_key_large
        })
        .collect()
}
