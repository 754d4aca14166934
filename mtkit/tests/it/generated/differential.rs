//! Generated types against the codec of the schema.

use client::api;
use mtproto_core::tl::key_exchange as exchange;
use mtproto_core::tl::{Combinator, ReadErrorKind, Reader, service};
use tl_parser::typed::Typed;
use tl_parser::{Layers, Limits, Schema, Value, mtproto};

use super::random::{self, Random};
use super::{values, wire};

/// Random objects of each type.
const ROUNDS: u64 = 60;

fn api_schema() -> &'static Schema {
    let at = Layers::bundled().at(230);
    assert!(at.exact);
    at.schema
}

/// Reads random objects with a type of the wire form and writes them again; and the same of objects
/// with a bit turned over or the end cut off.
///
/// `T` is the type for one lifetime; reading is a closure, so that it is that of the bytes.
fn compare_wire(
    schema: &Schema,
    id: u32,
    name: &str,
    read: impl Fn(&[u8]) -> Result<Vec<u8>, ReadErrorKind>,
) {
    let combinator = schema
        .by_id(id)
        .expect("a generated type has an id of its schema");
    let mut random = Random::new(u64::from(id));
    let mut read_back = 0;
    for round in 0..ROUNDS {
        let object = random::object(schema, combinator, &mut random, 4)
            .unwrap_or_else(|| panic!("{name} has no random value"));
        let bytes = schema.encode(&object.into()).expect("a valid object");
        match read(&bytes) {
            Ok(again) => {
                assert_eq!(again, bytes, "{name}, round {round}");
                read_back += 1;
            }
            // What the type leaves out is refused as a bit without a meaning.
            Err(ReadErrorKind::UnknownFlags { .. }) => {}
            Err(error) => panic!("{name}, round {round}: {error:?} in {bytes:02x?}"),
        }
        let mut broken = bytes.clone();
        if random.below(4) == 0 {
            broken.truncate(random.below(bytes.len()));
        } else {
            let bit = random.below(bytes.len() * 8);
            broken[bit / 8] ^= 1 << (bit % 8);
        }
        let valid = schema.decode(&broken, Limits::NETWORK).is_ok();
        match read(&broken) {
            // The core reads strings that are not canonical, too, and writes them canonically.
            Ok(again) => assert!(!valid || again == broken, "{name}: {broken:02x?}"),
            Err(ReadErrorKind::UnknownFlags { .. }) => {}
            Err(ReadErrorKind::UnexpectedConstructor(other)) if other.0 != id => {
                let known = schema.by_id(other.0);
                // A bit of the id itself may give another object.
                assert!(!valid || known.is_some(), "{name}: {broken:02x?}");
            }
            Err(error) => assert!(!valid, "{name}: {error:?} in {broken:02x?}"),
        }
    }
    assert!(read_back > 0, "{name} was never read");
}

macro_rules! compare_wire {
    ($schema:expr => $($type:path),+ $(,)?) => { $(
        compare_wire($schema, <$type as Combinator<'_>>::ID.0, stringify!($type), |bytes| {
            let mut reader = Reader::new(bytes);
            let read = <$type as Combinator<'_>>::read(&mut reader).map_err(|error| error.kind)?;
            reader.finish().map_err(|error| error.kind)?;
            Ok(read.to_bytes())
        });
    )+ };
}

#[test]
fn service_messages_of_the_core_agree_with_the_schema() {
    compare_wire!(mtproto() =>
        service::MsgsAck, service::BadMsgNotification, service::BadServerSalt,
        service::MsgsStateReq, service::MsgsStateInfo, service::MsgsAllInfo,
        service::MsgDetailedInfo, service::MsgNewDetailedInfo, service::MsgResendReq,
        service::MsgResendAnsReq, service::RpcResult, service::RpcError, service::RpcDropAnswer,
        service::RpcAnswerUnknown, service::RpcAnswerDroppedRunning, service::RpcAnswerDropped,
        service::GetFutureSalts, service::FutureSalts, service::FutureSalt, service::Ping,
        service::PingDelayDisconnect, service::Pong, service::DestroySession,
        service::DestroySessionOk, service::DestroySessionNone, service::NewSessionCreated,
        service::DestroyAuthKey, service::DestroyAuthKeyOk, service::DestroyAuthKeyNone,
        service::DestroyAuthKeyFail, service::HttpWait, service::GzipPacked,
    );
}

#[test]
fn messages_of_the_key_exchange_agree_with_the_schema() {
    compare_wire!(mtproto() =>
        exchange::ReqPq, exchange::ReqPqMulti, exchange::ResPq, exchange::ReqDhParams,
        exchange::ServerDhParamsOk, exchange::ServerDhParamsFail, exchange::ServerDhInnerData,
        exchange::SetClientDhParams, exchange::ClientDhInnerData, exchange::DhGenOk,
        exchange::DhGenRetry, exchange::DhGenFail, exchange::BindAuthKeyInner,
    );
}

#[test]
fn types_of_the_wire_form_agree_with_the_schema() {
    compare_wire!(api_schema() =>
           wire::InvokeWithLayer, wire::InitConnection, wire::HelpGetNearestDc, wire::NearestDc,
           wire::UsersGetUsers, wire::AccountUpdateStatus, wire::InputGeoPoint,
           wire::AuthAuthorization, wire::MessagesGetMessagesViews,
    wire::JsonObject,
       );
}

#[test]
fn nesting_beyond_the_limit_is_refused_before_the_stack_is() {
    let mut deep = Value::object("jsonNull");
    for _ in 0..100 {
        deep = Value::object("jsonArray").with("value", vec![deep]);
    }
    let field = Value::object("jsonObjectValue")
        .with("key", "k")
        .with("value", deep);
    let object = Value::object("jsonObject").with("value", vec![field]);
    let bytes = api_schema()
        .encode(&object.into())
        .expect("valid, and deep");
    let error = wire::JsonObject::read(&mut Reader::new(&bytes)).expect_err("too deep");
    assert_eq!(error.kind, ReadErrorKind::TooDeep);
}

/// The value without bits of flags words that have no field: types have no place for them.
fn known(value: Value) -> Value {
    match value {
        Value::Vector(items) => Value::Vector(items.into_iter().map(known).collect()),
        Value::Object(mut object) => {
            let words: Vec<String> = object
                .all_extra_flags()
                .map(|(word, _)| word.into())
                .collect();
            words
                .into_iter()
                .for_each(|word| object.set_extra_flags(word, 0));
            for (_, field) in object.fields_mut() {
                *field = known(std::mem::replace(field, Value::Bool(false)));
            }
            Value::Object(object)
        }
        other => other,
    }
}

/// Takes random objects apart with a type of the form of values and puts them together again.
fn compare_values<T: Typed>(name: &str) {
    let schema = api_schema();
    let combinator = schema
        .by_name(name)
        .expect("a generated type has a name of its schema");
    let mut random = Random::new(u64::from(combinator.id()));
    let mut taken = 0;
    for round in 0..ROUNDS {
        let object = random::object(schema, combinator, &mut random, 4)
            .unwrap_or_else(|| panic!("{name} has no random value"));
        let value = known(object.into());
        match T::from_value(value.clone()) {
            Ok(typed) => {
                let again = typed.into_value();
                assert_eq!(again, value, "{name}, round {round}");
                assert_eq!(
                    schema.encode(&again).expect("a valid object"),
                    schema.encode(&value).expect("a valid object")
                );
                taken += 1;
            }
            // Random strings are not always text.
            Err(mismatch) => assert_eq!(mismatch.found(), "bytes that are not UTF-8", "{mismatch}"),
        }
    }
    assert!(taken > 0, "{name} was never taken apart");
    let other = Value::from(Value::object("nothingOfTheKind"));
    let mismatch = T::from_value(other).err().expect("another object");
    assert_eq!(
        (mismatch.expected(), mismatch.found()),
        (name, "nothingOfTheKind")
    );
}

#[test]
fn types_of_the_form_of_values_agree_with_the_schema() {
    compare_values::<values::UsersGetUsers>("users.getUsers");
    compare_values::<values::InputGeoPoint>("inputGeoPoint");
    compare_values::<values::AuthAuthorization>("auth.authorization");
    compare_values::<values::JsonObject>("jsonObject");
}

#[test]
fn types_of_the_client_agree_with_the_schema() {
    compare_values::<api::AuthSendCode>("auth.sendCode");
    compare_values::<api::AuthSignIn>("auth.signIn");
    compare_values::<api::AuthSignUp>("auth.signUp");
    compare_values::<api::AuthCheckPassword>("auth.checkPassword");
    compare_values::<api::AuthImportBotAuthorization>("auth.importBotAuthorization");
    compare_values::<api::AuthSentCode>("auth.sentCode");
    compare_values::<api::AuthSentCodeSuccess>("auth.sentCodeSuccess");
    compare_values::<api::AccountPassword>("account.password");
}
