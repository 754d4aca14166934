//! The suite judges itself: our own server passes every case, and for each case there is a server that fails it.

mod broken;

use std::collections::BTreeSet;
use std::time::Duration;

use conformance::{ServerUnderTest, Verdict, cases};
use mock_server::MockServer;

use broken::{Broken, Fault};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn our_server_passes_every_case() {
    let server = MockServer::builder()
        .seed(1)
        .start()
        .await
        .expect("a server");
    let under_test = ServerUnderTest::new(server.address());
    let verdicts = tokio::task::spawn_blocking(move || {
        cases::server()
            .map(|case| (case.rule, case.run(&under_test)))
            .collect::<Vec<_>>()
    });
    for (rule, verdict) in verdicts.await.expect("the cases run") {
        assert_eq!(verdict, Verdict::Pass, "{rule}");
    }
    server.stop().await;
}

/// A case that nothing can fail would judge nothing.
#[test]
fn every_case_is_failed_by_a_server_that_breaks_its_rule() {
    let faults = [
        ("tr_10", Fault::WaitsForAnyFrame),
        ("tr_39", Fault::SpeaksIntermediateOnly),
        ("hs_59", Fault::RepeatsItsNonce),
    ];
    let covered: BTreeSet<&str> = faults.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(covered, cases::server().map(|case| case.rule).collect());
    for (rule, fault) in faults {
        let server = Broken::start(fault);
        let mut under_test = ServerUnderTest::new(server.address());
        under_test.patience = Duration::from_millis(300);
        let case = cases::server()
            .find(|case| case.rule == rule)
            .expect("the case exists");
        let verdict = case.run(&under_test);
        assert!(matches!(verdict, Verdict::Fail(_)), "{rule}: {verdict}");
    }
}

#[test]
fn a_server_that_is_not_there_is_an_error_not_a_failure() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = nobody.local_addr().expect("its address");
    drop(nobody);
    for case in cases::server() {
        let verdict = case.run(&ServerUnderTest::new(address));
        assert!(
            matches!(verdict, Verdict::Error(_)),
            "{}: {verdict}",
            case.rule
        );
    }
}

#[test]
fn every_case_names_a_rule_of_the_registry() {
    for case in cases::server() {
        assert!(case.rule().is_some(), "{}", case.rule);
    }
}
