//! What can go wrong in a secret chat, one variant per broken rule.

use core::fmt;

use crate::crypto::dh::DhError;
use crate::error::Disposition;

/// A rule that the other side of a secret chat broke, or the server between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretChatError {
    /// The other side's public number is longer than the prime, or too close to 0 or to the prime.
    PublicNumber,
    /// The key's fingerprint is not the one that the other side has.
    KeyFingerprint,
    /// The source of randomness gives no usable secret.
    Randomness,
    /// The message is under no key of the chat.
    UnknownKey,
    /// The message is not what its `msg_key` says, or its lengths are impossible; more is not told on purpose.
    InvalidMessage,
    /// The content is no `decryptedMessageLayer`.
    Malformed,
    /// The message came before.
    Duplicate,
    /// A sequence number is negative, or has the parity of the other side.
    Parity,
    /// A message of MTProto 1.0 comes after one of MTProto 2.0.
    OldVersion,
    /// More messages are missing, or wait behind missing ones, than the limits allow.
    GapTooLarge,
    /// `in_seq_no` is lower than that of the message before.
    InSeqNoFell,
    /// `in_seq_no` counts messages that were never sent.
    InSeqNoAhead,
    /// The other side asks for messages that do not exist, or not any more.
    CannotResend,
    /// The other side commits to a key that is not the one agreed on.
    CommittedKey,
    /// The chat is over.
    Closed,
}

impl SecretChatError {
    /// The broken rule's identifier in [`crate::rules`], where the other side broke one.
    #[must_use]
    pub const fn rule(self) -> Option<&'static str> {
        Some(match self {
            Self::Randomness | Self::Closed => return None,
            Self::PublicNumber => "e2_02",
            Self::KeyFingerprint => "e2_05",
            Self::UnknownKey => "e2_20",
            Self::InvalidMessage => "e2_06",
            Self::Malformed => "e2_24",
            Self::Duplicate => "e2_10",
            Self::Parity => "e2_09",
            Self::OldVersion => "e2_08",
            Self::GapTooLarge => "e2_11",
            Self::InSeqNoFell | Self::InSeqNoAhead => "e2_12",
            Self::CannotResend => "e2_13",
            Self::CommittedKey => "e2_18",
        })
    }

    /// What to do: drop the message, or end the chat with `messages.discardEncryption`.
    #[must_use]
    pub const fn disposition(self) -> Disposition {
        match self {
            Self::UnknownKey | Self::InvalidMessage | Self::Malformed | Self::Duplicate => {
                Disposition::Drop
            }
            _ => Disposition::Close,
        }
    }
}

impl From<DhError> for SecretChatError {
    fn from(_: DhError) -> Self {
        Self::PublicNumber
    }
}

impl fmt::Display for SecretChatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicNumber => "the other side's public number is out of range",
            Self::KeyFingerprint => "the two sides have different keys",
            Self::Randomness => "the source of randomness gives no usable secret",
            Self::UnknownKey => "the message is under no key of the chat",
            Self::InvalidMessage => "the message failed its check",
            Self::Malformed => "the message does not decode",
            Self::Duplicate => "the message came before",
            Self::Parity => "a sequence number has the wrong parity",
            Self::OldVersion => "a message of MTProto 1.0 came after one of MTProto 2.0",
            Self::GapTooLarge => "too many messages are missing",
            Self::InSeqNoFell => "in_seq_no fell",
            Self::InSeqNoAhead => "in_seq_no counts messages that were never sent",
            Self::CannotResend => "messages are asked for that cannot be sent again",
            Self::CommittedKey => "the other side committed to another key",
            Self::Closed => "the secret chat is over",
        })?;
        match self.rule() {
            Some(rule) => write!(f, " (rule {rule})"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for SecretChatError {}

/// Why a change of keys was given up. The chat goes on under its key, and another change follows later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RekeyFailure {
    /// The other side gave it up.
    Refused,
    /// The other side's public number is out of range (e2_02).
    PublicNumber,
    /// The other side has another key (e2_18).
    Fingerprint,
    /// Both sides began one with the same identifier (e2_19).
    SameExchange,
}

impl fmt::Display for RekeyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "the other side gave up the change of keys",
            Self::PublicNumber => "the public number of the new key is out of range",
            Self::Fingerprint => "the two sides would have different keys",
            Self::SameExchange => "both sides began a change of keys under one identifier",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_broken_rule_is_in_the_registry() {
        for error in [
            SecretChatError::PublicNumber,
            SecretChatError::KeyFingerprint,
            SecretChatError::UnknownKey,
            SecretChatError::InvalidMessage,
            SecretChatError::Malformed,
            SecretChatError::Duplicate,
            SecretChatError::Parity,
            SecretChatError::OldVersion,
            SecretChatError::GapTooLarge,
            SecretChatError::InSeqNoFell,
            SecretChatError::InSeqNoAhead,
            SecretChatError::CannotResend,
            SecretChatError::CommittedKey,
        ] {
            let rule = error.rule().expect("a rule");
            assert!(crate::rules::find(rule).is_some(), "{error}");
            assert!(error.to_string().contains(rule));
        }
    }
}
