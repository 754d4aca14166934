//! Errors name rules that exist.

use mtproto_core::crypto::dh::DhError;
use mtproto_core::error::PeerMisbehaved;
use mtproto_core::handshake::bind::BindError;
use mtproto_core::handshake::{HandshakeError, RefusalReason};
use mtproto_core::ids::{ConstructorId, MsgId};
use mtproto_core::message::container::ContainerError;
use mtproto_core::rules::{self, Role};
use mtproto_core::tl::{ReadError, ReadErrorKind};

const CUT_OFF: ReadError = ReadError {
    offset: 0,
    kind: ReadErrorKind::UnexpectedEnd,
};

#[test]
fn every_error_of_a_client_names_a_rule_for_clients() {
    let errors = [
        HandshakeError::UnexpectedMessage(ConstructorId(1)),
        HandshakeError::Malformed(CUT_OFF),
        HandshakeError::ResPqNonce,
        HandshakeError::PqTooLarge,
        HandshakeError::PqNotFactored,
        HandshakeError::UnknownFingerprints,
        HandshakeError::DhParamsNonce,
        HandshakeError::AnswerLength,
        HandshakeError::AnswerHash,
        HandshakeError::AnswerPadding,
        HandshakeError::AnswerContent(CUT_OFF),
        HandshakeError::AnswerNonce,
        HandshakeError::AnswerServerNonce,
        HandshakeError::Dh(DhError::PrimeLength),
        HandshakeError::Dh(DhError::NotSafePrime),
        HandshakeError::Dh(DhError::GeneratorRange),
        HandshakeError::Dh(DhError::GeneratorResidue),
        HandshakeError::Dh(DhError::PublicRange),
        HandshakeError::DhGenNonce,
        HandshakeError::NewNonceHash,
        HandshakeError::TooManyRetries,
        HandshakeError::DhGenFailed,
    ];
    for error in errors {
        let rule = error.rule().and_then(rules::find);
        let rule = rule.unwrap_or_else(|| panic!("{error:?} names no rule"));
        assert_ne!(rule.role, Role::Server, "{error:?}");
    }
}

#[test]
fn every_refusal_of_a_server_names_a_rule_for_servers() {
    let reasons = [
        RefusalReason::Malformed(CUT_OFF),
        RefusalReason::UnknownRun,
        RefusalReason::WrongStep,
        RefusalReason::WrongFactors,
        RefusalReason::UnknownFingerprint,
        RefusalReason::InnerData,
        RefusalReason::FormNotAllowed,
        RefusalReason::WrongDc,
        RefusalReason::ClientInnerData,
        RefusalReason::ClientPublic,
    ];
    for reason in reasons {
        let rule = reason.rule().and_then(rules::find);
        let rule = rule.unwrap_or_else(|| panic!("{reason:?} names no rule"));
        assert_ne!(rule.role, Role::Client, "{reason:?}");
    }
}

#[test]
fn errors_of_messages_and_sessions_name_rules() {
    let msg_id = MsgId(4);
    for error in [
        ContainerError::CutOff,
        ContainerError::Count { count: -1 },
        ContainerError::Length { msg_id, len: 3 },
        ContainerError::InnerIdNotLower { msg_id },
        ContainerError::Nested,
        ContainerError::TrailingBytes,
    ] {
        assert!(rules::find(error.rule()).is_some(), "{error:?}");
    }
    assert!(rules::find(BindError::Message.rule()).is_some());
    for misbehaviour in PeerMisbehaved::ALL {
        assert!(
            rules::find(misbehaviour.rule()).is_some(),
            "{misbehaviour:?}"
        );
    }
}
