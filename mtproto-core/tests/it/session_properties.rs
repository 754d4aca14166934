//! What holds under every schedule: each query ends exactly once, nothing is executed twice, no side breaks a rule.

use mtproto_core::connection::Event;
use mtproto_core::endpoint::ServerEvent;
use mtproto_core::error::Notice;
use mtproto_core::session::{QueryId, QueryOptions};
use mtproto_core::time::Duration;
use mtproto_core::transport::{ClientTransport, Transport};
use proptest::prelude::*;
use testkit::record::Recording;
use testkit::{Fault, Pair, Split};

use crate::session_support::api;

/// Something that happens in a schedule.
#[derive(Clone, Debug)]
enum Act {
    Query,
    QueryWithTimeout(u16),
    LazyQuery,
    AnswerOldest,
    Cancel(prop::sample::Index),
    Push,
    Wait(u16),
    CutAfter(u16),
    Cut,
    Reconnect,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => Just(Act::Query),
        1 => any::<u16>().prop_map(|millis| Act::QueryWithTimeout(millis % 5_000)),
        2 => Just(Act::LazyQuery),
        2 => Just(Act::AnswerOldest),
        1 => any::<prop::sample::Index>().prop_map(Act::Cancel),
        2 => Just(Act::Push),
        5 => any::<u16>().prop_map(|millis| Act::Wait(millis % 3_000)),
        2 => any::<u16>().prop_map(|bytes| Act::CutAfter(bytes % 2_000)),
        1 => Just(Act::Cut),
        2 => Just(Act::Reconnect),
    ]
}

fn transport() -> impl Strategy<Value = ClientTransport> {
    prop_oneof![
        Just(ClientTransport::plain(Transport::Abridged)),
        Just(ClientTransport::plain(Transport::Full)),
        Just(ClientTransport::obfuscated(Transport::Intermediate)),
        Just(ClientTransport::obfuscated(Transport::PaddedIntermediate)),
    ]
}

fn split() -> impl Strategy<Value = Split> {
    prop_oneof![
        Just(Split::Whole),
        (1..60_usize).prop_map(Split::Every),
        (1..200_usize).prop_map(Split::Random),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        6 => Just(Fault::Pass),
        2 => Just(Fault::Drop),
        2 => Just(Fault::Duplicate),
        2 => Just(Fault::Hold),
    ]
}

/// Queries that the application answers only when told.
fn is_lazy(body: &[u8]) -> bool {
    body[4] & 1 == 1
}

fn play(seed: u64, transport: ClientTransport, split: Split, acts: &[Act]) -> (Pair, Vec<QueryId>) {
    play_with(seed, transport, split, Vec::new(), acts)
}

/// Plays a schedule against a strict server whose frames meet with `faults`, one after the other.
fn play_with(
    seed: u64,
    transport: ClientTransport,
    split: Split,
    faults: Vec<Fault>,
    acts: &[Act],
) -> (Pair, Vec<QueryId>) {
    let mut pair = Pair::builder()
        .seed(seed)
        .client(|config| config.transport = transport)
        .server(|config| config.session.strict = true)
        .split(split)
        .build();
    pair.application(|body| (!is_lazy(body)).then(|| Ok(body.to_vec())));
    let mut faults = faults.into_iter();
    pair.intercept(move |_| faults.next().unwrap_or(Fault::Pass));
    let mut queries = Vec::new();
    for (act, number) in acts.iter().zip(0_u32..) {
        let options = match act {
            Act::QueryWithTimeout(millis) => QueryOptions {
                timeout: Some(Duration::from_millis(u64::from(*millis))),
                ..QueryOptions::default()
            },
            _ => QueryOptions::default(),
        };
        match act {
            Act::Query | Act::QueryWithTimeout(_) => {
                queries.push(pair.query_with(&api(2 * number), options));
            }
            Act::LazyQuery => queries.push(pair.query(&api(2 * number + 1))),
            Act::AnswerOldest if !pair.unanswered.is_empty() => {
                let request = pair.unanswered.remove(0);
                pair.answer(request, Ok(api(1)));
            }
            Act::Cancel(index) if !queries.is_empty() => {
                let query = *index.get(&queries);
                // It may have ended already.
                let _ = pair.client.cancel_query(pair.now, query);
            }
            Act::Push => {
                if let Some(key) = pair.session_key()
                    && pair
                        .server
                        .sessions_of(key.auth_key_id)
                        .any(|(other, _)| other == key)
                {
                    pair.push(&api(number));
                }
            }
            Act::Wait(millis) => pair.run_for(Duration::from_millis(u64::from(*millis))),
            Act::CutAfter(bytes) => pair.cut_after(usize::from(*bytes)),
            Act::Cut => pair.cut(),
            Act::Reconnect if !pair.is_connected() => pair.reconnect(),
            _ => {}
        }
    }
    // A calm end: everything can be delivered and answered. What got lost without a cut comes after one.
    for _ in 0..4 {
        pair.run_for(Duration::from_secs(30));
        pair.intercept(|_| Fault::Pass);
        if pair.client.pending_queries() > 0 && pair.unanswered.is_empty() {
            pair.cut();
        }
        if !pair.is_connected() {
            pair.reconnect();
        }
        pair.run_for(Duration::from_secs(30));
        for request in std::mem::take(&mut pair.unanswered) {
            pair.answer(request, Ok(api(1)));
        }
    }
    (pair, queries)
}

/// Rules that our own sides must never be found to break by each other. Repeated messages after a cut are no fault.
fn broken_rules(pair: &Pair) -> Vec<Notice> {
    let notices = pair
        .client_events
        .iter()
        .filter_map(|event| match event {
            Event::Notice(notice) => Some(notice),
            _ => None,
        })
        .chain(pair.server_events.iter().filter_map(|event| match event {
            ServerEvent::Notice { notice, .. } => Some(notice),
            _ => None,
        }));
    notices
        .filter(|notice| {
            use mtproto_core::error::PeerMisbehaved::{
                DuplicateMsgId, ResultForUnknownQuery, UnmatchedPong,
            };
            match notice {
                Notice::Refused { rule, .. } => {
                    !matches!(rule, DuplicateMsgId | ResultForUnknownQuery | UnmatchedPong)
                }
                Notice::Tolerated { .. } | Notice::MessageRefused { .. } => true,
                _ => false,
            }
        })
        .cloned()
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn each_query_ends_exactly_once_and_is_executed_at_most_once(
        seed in any::<u64>(),
        transport in transport(),
        split in split(),
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let (pair, queries) = play(seed, transport, split, &acts);
        for query in queries {
            prop_assert_eq!(pair.endings_of(query), 1, "{:?}", query);
        }
        prop_assert_eq!(pair.client.pending_queries(), 0);
        let mut executed = pair.executed.clone();
        executed.sort();
        executed.dedup();
        prop_assert_eq!(executed.len(), pair.executed.len());
        prop_assert_eq!(broken_rules(&pair), Vec::<Notice>::new());
    }

    #[test]
    fn queries_end_once_though_frames_of_the_server_are_lost_doubled_and_swapped(
        seed in any::<u64>(),
        split in split(),
        faults in prop::collection::vec(fault(), 1..80),
        acts in prop::collection::vec(act(), 1..40),
    ) {
        // Counters of the full transport would notice each fault as such.
        let transport = ClientTransport::obfuscated(Transport::PaddedIntermediate);
        let (pair, queries) = play_with(seed, transport, split, faults, &acts);
        for query in queries {
            prop_assert_eq!(pair.endings_of(query), 1, "{:?}", query);
        }
        prop_assert_eq!(pair.client.pending_queries(), 0);
        let mut executed = pair.executed.clone();
        executed.sort();
        executed.dedup();
        prop_assert_eq!(executed.len(), pair.executed.len());
        // A doubled answer of the key exchange comes when the exchange is over; that is the link's fault.
        let doubled = |notice: &Notice| {
            let rule = mtproto_core::error::PeerMisbehaved::UnexpectedPlainMessage;
            matches!(notice, Notice::Refused { rule: broken, .. } if *broken == rule)
        };
        let broken: Vec<Notice> = broken_rules(&pair);
        prop_assert!(broken.iter().all(doubled), "{:?}", broken);
    }

    #[test]
    fn the_same_seed_and_inputs_give_the_same_bytes_and_play_back(
        seed in any::<u64>(),
        transport in transport(),
        acts in prop::collection::vec(act(), 1..25),
    ) {
        let (first, _) = play(seed, transport.clone(), Split::Random(100), &acts);
        let (second, _) = play(seed, transport, Split::Random(100), &acts);
        prop_assert_eq!(&first.recording, &second.recording);
    }

    #[test]
    fn how_bytes_are_cut_changes_nothing_that_is_seen(
        seed in any::<u64>(),
        transport in transport(),
        split in split(),
        count in 1..20_u32,
    ) {
        let seen = |split| {
            let acts: Vec<Act> = (0..count).flat_map(|_| [Act::Query, Act::Push]).collect();
            let (pair, _) = play(seed, transport.clone(), split, &acts);
            (pair.client_events, pair.executed)
        };
        prop_assert_eq!(seen(Split::Whole), seen(split));
    }
}

#[test]
fn a_recorded_login_plays_back_byte_for_byte_in_both_roles() {
    let mut pair = Pair::builder()
        .seed(2024)
        .client(|config| config.transport = ClientTransport::obfuscated(Transport::Intermediate))
        .split(Split::Random(50))
        .build();
    for number in 0..5 {
        pair.query(&api(2 * number));
        pair.run_for(Duration::from_millis(700));
        pair.push(&api(100 + number));
    }
    pair.cut();
    pair.query(&api(50));
    pair.reconnect();
    pair.run_for(Duration::from_secs(200));
    assert_eq!(pair.executed.len(), 6);

    let recording: &Recording = &pair.recording;
    assert!(recording.client.len() > 20 && recording.server.len() > 20);
    assert_eq!(recording.replay_client(&pair.client_config, 2024), Ok(()));
    assert_eq!(recording.replay_server(&pair.server_config, 2025), Ok(()));
    assert!(
        recording.replay_client(&pair.client_config, 2025).is_err(),
        "another seed gives other bytes"
    );
}
