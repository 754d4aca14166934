//! Perfect forward secrecy: temporary keys, their binding, their end.

use mtproto_core::connection::Event;
use mtproto_core::endpoint::{KeyKind, OutgoingMessage, ServerEvent};
use mtproto_core::error::ConnectionError;
use mtproto_core::ids::AuthKeyId;
use mtproto_core::time::Duration;
use testkit::{Fault, Pair};

use crate::session_support::api;

fn pair_with_temporary_keys(expires_in: i32) -> Pair {
    Pair::builder()
        .client(|config| config.temporary_keys = Some(expires_in))
        .build()
}

fn permanent(pair: &mut Pair) -> AuthKeyId {
    pair.client.saved_keys(pair.now).unwrap().auth_key.id()
}

fn bound(pair: &Pair) -> Vec<(AuthKeyId, AuthKeyId)> {
    pair.server_events
        .iter()
        .filter_map(|event| match event {
            ServerEvent::AuthKeyBound {
                temporary,
                permanent,
                ..
            } => Some((*temporary, *permanent)),
            _ => None,
        })
        .collect()
}

#[test]
fn pf_01_pf_02_the_permanent_key_encrypts_nothing_and_nothing_travels_before_the_binding() {
    let mut pair = pair_with_temporary_keys(86_400);
    let query = pair.query(&api(1));
    pair.settle();
    assert_eq!(pair.answer_to(query), Some(Ok(api(1))));
    let permanent = permanent(&mut pair);
    let bindings = bound(&pair);
    assert_eq!(bindings.len(), 1);
    assert_eq!(bindings[0].1, permanent);
    let mut is_bound = false;
    for event in &pair.server_events {
        match event {
            ServerEvent::AuthKeyBound { .. } => is_bound = true,
            ServerEvent::MessageReceived { key, .. } => assert_eq!(key.auth_key_id, bindings[0].0),
            ServerEvent::Query { login_key, key, .. } => {
                assert!(is_bound);
                assert_eq!(*login_key, Some(permanent));
                assert_eq!(key.auth_key_id, bindings[0].0);
            }
            _ => {}
        }
    }
    assert!(
        pair.client_events
            .iter()
            .any(|event| matches!(event, Event::TemporaryKeyBound { .. }))
    );
}

#[test]
fn pf_08_pf_10_a_temporary_key_is_renewed_before_its_end_and_replaces_the_former() {
    let mut pair = pair_with_temporary_keys(600);
    pair.query(&api(1));
    pair.run_for(Duration::from_secs(1500));
    let query = pair.query(&api(2));
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.answer_to(query), Some(Ok(api(2))));
    let bindings = bound(&pair);
    assert!(bindings.len() >= 3, "{bindings:?}");
    assert!(pair.is_connected(), "without a gap");
    let former = pair.server.keys().get(bindings[bindings.len() - 2].0);
    assert!(former.is_none_or(|record| matches!(
        record.kind,
        KeyKind::Temporary {
            permanent: None,
            ..
        }
    )));
}

#[test]
fn pf_09_a_forgotten_temporary_key_is_replaced_and_the_login_kept() {
    let mut pair = pair_with_temporary_keys(86_400);
    pair.query(&api(1));
    pair.settle();
    let (temporary, before) = bound(&pair)[0];
    pair.server.destroy_auth_key(temporary);
    let query = pair.query(&api(2));
    pair.settle();
    assert_eq!(pair.answer_to(query), Some(Ok(api(2))));
    assert_eq!(bound(&pair).len(), 2);
    assert_eq!(permanent(&mut pair), before);
    assert_eq!(pair.executed, [api(1), api(2)]);
}

#[test]
fn pf_06_a_server_that_always_forgets_is_left_in_the_end() {
    let mut pair = pair_with_temporary_keys(86_400);
    pair.intercept(|outgoing| {
        if let OutgoingMessage::Encrypted { packet, .. } = &outgoing.message
            && packet.messages().any(|(.., body)| body.ends_with(&api(9)))
        {
            let error = mtproto_core::error::TransportError::UNKNOWN_KEY;
            outgoing.message = OutgoingMessage::TransportError(error);
        }
        Fault::Pass
    });
    pair.query(&api(9));
    pair.run_for(Duration::from_secs(100));
    let given_up =
        |event: &Event| matches!(event, Event::Closed(ConnectionError::KeyUnknown { .. }));
    assert!(pair.client_events.iter().any(given_up));
    assert_eq!(bound(&pair).len(), 4);
}

#[test]
fn the_binding_is_made_anew_when_its_message_is_refused() {
    let mut pair = pair_with_temporary_keys(86_400);
    let mut refused = false;
    pair.intercept(move |outgoing| {
        if let OutgoingMessage::Encrypted { packet, .. } = &mut outgoing.message
            && !refused
        {
            refused = true;
            let first = packet.messages().find_map(|(_, _, body)| {
                match mtproto_core::tl::ServiceMessage::parse(body) {
                    Ok(Some(mtproto_core::tl::ServiceMessage::NewSessionCreated(created))) => {
                        Some(created.first_msg_id)
                    }
                    _ => None,
                }
            });
            let notice = crate::session_support::bad_message(first.unwrap(), 20);
            packet.seq_no = mtproto_core::ids::SeqNo(0);
            packet.content = mtproto_core::session::Content::Single(notice);
        }
        Fault::Pass
    });
    let query = pair.query(&api(1));
    pair.settle();
    assert_eq!(pair.answer_to(query), Some(Ok(api(1))));
}

#[test]
fn pf_11_what_is_kept_of_a_login_holds_no_temporary_key() {
    let mut pair = pair_with_temporary_keys(3600);
    pair.settle();
    pair.run_for(Duration::from_secs(10_000));
    let bindings = bound(&pair);
    assert!(bindings.len() >= 2, "the key was renewed");
    let temporary: Vec<AuthKeyId> = bindings.iter().map(|binding| binding.0).collect();
    let saved = permanent(&mut pair);
    assert!(!temporary.contains(&saved));
    let told: Vec<AuthKeyId> = pair
        .client_events
        .iter()
        .filter_map(|event| match event {
            Event::AuthKeyCreated(keys) => Some(keys.auth_key.id()),
            _ => None,
        })
        .collect();
    assert_eq!(told, [saved], "only the permanent key is told");
}

#[test]
fn pf_12_an_answer_under_the_former_key_is_taken_once_and_nothing_breaks() {
    let mut pair = pair_with_temporary_keys(600);
    pair.application(|body| (*body != api(7)[..]).then(|| Ok(body.to_vec())));
    let query = pair.query(&api(7));
    pair.settle();
    let first = pair.unanswered[0];
    // Until the key is replaced and the query has left again under the new one.
    while pair.unanswered.len() < 2 {
        pair.run_for(Duration::from_secs(5));
    }
    assert!(bound(&pair).len() >= 2);
    pair.answer(first, Ok(api(8)));
    pair.settle();
    assert_eq!(pair.answer_to(query), Some(Ok(api(8))));
    let second = pair.unanswered[1];
    pair.answer(second, Ok(api(9)));
    pair.settle();
    assert_eq!(pair.endings_of(query), 1);
    assert!(pair.is_connected());
    let closed = |event: &Event| matches!(event, Event::Closed(_));
    assert!(!pair.client_events.iter().any(closed), "without a gap");
}

#[test]
fn rp_15_a_query_that_finds_its_key_unbound_leaves_again_after_another_binding() {
    let mut pair = pair_with_temporary_keys(86_400);
    let mut refusals = 1;
    pair.application(move |body| {
        let unbound = mtproto_core::rpc::RpcError::new(401, "AUTH_KEY_PERM_EMPTY");
        refusals -= 1;
        Some(if refusals >= 0 {
            Err(unbound)
        } else {
            Ok(body.to_vec())
        })
    });
    let query = pair.query(&api(1));
    pair.settle();
    assert_eq!(pair.answer_to(query), Some(Ok(api(1))));
    assert_eq!(pair.endings_of(query), 1);
    let bindings = bound(&pair);
    assert_eq!(bindings.len(), 2);
    assert_ne!(bindings[0].0, bindings[1].0);
    assert!(pair.is_connected());
}

#[test]
fn rp_15_a_server_that_calls_every_key_unbound_is_left_in_the_end() {
    let mut pair = pair_with_temporary_keys(86_400);
    pair.application(|_| {
        Some(Err(mtproto_core::rpc::RpcError::new(
            401,
            "AUTH_KEY_PERM_EMPTY",
        )))
    });
    pair.query(&api(1));
    pair.run_for(Duration::from_secs(20));
    let refused = Event::Closed(ConnectionError::BindingRefused);
    assert!(pair.client_events.contains(&refused));
    assert!(bound(&pair).len() <= 4, "{}", bound(&pair).len());
}
