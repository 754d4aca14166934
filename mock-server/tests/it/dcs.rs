//! Logical DCs: which one a connection reaches, and what is told of the others.

use client::ClientConfig;
use mock_server::{MockServer, StartError};
use mtproto_core::ids::DcId;
use tl_parser::Value;

use crate::support::{call, config, connect, log_in, reached_dc, server};

#[tokio::test]
async fn on_one_port_the_key_exchange_tells_the_dc() {
    let server = server().await;
    // Test servers are 10000 higher, media servers negative; a number that is none of ours is passed over.
    for (named, reached) in [(1, 1), (4, 4), (10_003, 3), (-5, 5), (-10_001, 1), (77, 2)] {
        let client = connect(ClientConfig {
            dc: DcId(named),
            ..config(&server)
        })
        .await;
        assert_eq!(reached_dc(&client).await, reached, "{named}");
        client.close().await;
    }
    server.stop().await;
}

#[tokio::test]
async fn with_a_port_for_each_the_port_tells_the_dc() {
    let server = MockServer::builder()
        .seed(5)
        .dcs([1, 2, 4, 203])
        .port_per_dc()
        .start()
        .await
        .expect("a server");
    let numbers: Vec<i32> = server.dcs().keys().copied().collect();
    assert_eq!(numbers, [1, 2, 4, 203]);
    let mut ports: Vec<u16> = server.dcs().values().map(|at| at.port()).collect();
    ports.dedup();
    assert_eq!(ports.len(), 4);
    assert_eq!(server.dcs()[&server.dc()], server.address());
    for (dc, address) in server.dcs() {
        let client = connect(ClientConfig {
            address: *address,
            ..config(&server)
        })
        .await;
        assert_eq!(reached_dc(&client).await, *dc);
        client.close().await;
    }
    server.stop().await;
}

#[tokio::test]
async fn the_configuration_tells_every_dc_and_its_media_twin() {
    let server = MockServer::builder()
        .seed(5)
        .dcs([2, 3])
        .port_per_dc()
        .media_dcs()
        .test_mode()
        .start()
        .await
        .expect("a server");
    let client = connect(config(&server)).await;
    log_in(&client, &server, 0).await;
    let told = call(&client, Value::object("help.getConfig")).await;
    assert_eq!(told.bool("test_mode"), Some(true));
    let options = told.vector("dc_options").expect("options");
    let seen: Vec<(i32, u16, bool)> = options
        .iter()
        .map(|option| {
            let option = option.as_object().expect("an option");
            let port = option.int("port").expect("a port");
            (
                option.int("id").expect("a number"),
                u16::try_from(port).expect("a port"),
                option.get("media_only").is_some(),
            )
        })
        .collect();
    let port = |dc: i32| server.dcs()[&dc].port();
    let expected = [
        (2, port(2), false),
        (2, port(2), true),
        (3, port(3), false),
        (3, port(3), true),
    ];
    assert_eq!(seen, expected);
    client.close().await;
    server.stop().await;
}

#[tokio::test]
async fn impossible_dcs_are_refused() {
    for dc in [0, -1, 256] {
        let failed = MockServer::builder().dcs([1, dc]).start().await;
        assert!(matches!(failed, Err(StartError::Dc(told)) if told == dc));
    }
    let server = MockServer::builder().dcs([1]).dc(7).start().await;
    let server = server.expect("the first DC is added to the others");
    assert_eq!(server.dcs().keys().copied().collect::<Vec<_>>(), [1, 7]);
}
