//! Queries and their results.

use super::section::{ERRORS, FILES, INVOKING};
use super::{Rule, rules};

rules! {
    rp_01 GoodPractice Client ERRORS "A result for an unknown query is dropped." Core "session/client_service.rs"
    rp_02 GoodPractice Client ERRORS "The first result of a query counts." Core "session/client_service.rs"
    rp_03 GoodPractice Client ERRORS "A result for message zero has no effect." Core "session/client_service.rs"
    rp_04 GoodPractice Client ERRORS "A result of the wrong type is an error of that query alone." Elsewhere "client: results have types only where the schema is known"
    rp_05 GoodPractice Client ERRORS "Errors with odd codes and texts do no harm." Core "rpc.rs"
    rp_06 Documented Client ERRORS "A migration error makes a client repeat the query at the data centre named." Core "rpc.rs"
    rp_07 GoodPractice Client ERRORS "Migrations to nowhere and in circles end." Elsewhere "client: following a migration needs the addresses of the data centres"
    rp_08 Documented Client ERRORS "FLOOD_WAIT_X means to wait X seconds." Core "rpc.rs"
    rp_09 GoodPractice Client ERRORS "Numbers in errors that are missing or huge do no harm." Core "rpc.rs"
    rp_10 Documented Client FILES "FLOOD_PREMIUM_WAIT_X means to repeat the query after X seconds." Core "rpc.rs"
    rp_11 Documented Client ERRORS "Codes of 500 and unknown ones are errors of the server and repeated a bounded number of times." Elsewhere "the caller: whether a failed query is repeated depends on what it does"
    rp_12 Documented Client ERRORS "Errors of the 401 family end the login without a loop." Elsewhere "the caller: the core has no login to end; the error arrives as such"
    rp_13 Must Client ERRORS "After AUTH_KEY_DUPLICATED the key is given up." Elsewhere "the caller: the key is its to forget; the error arrives as such"
    rp_14 Documented Client ERRORS "Other errors of code 406 are not shown to the user." Elsewhere "the caller: what a user is shown"
    rp_15 Documented Client ERRORS "After AUTH_KEY_PERM_EMPTY the temporary key is bound again." Core "connection/temporary.rs"
    rp_16 Documented Client ERRORS "After CONNECTION_NOT_INITED the query is repeated with initConnection." Elsewhere "the caller: the core knows no initConnection, a function of the API"
    rp_17 Must Client INVOKING "The first query of a start is wrapped in initConnection with the layer." Elsewhere "the caller: the core knows no initConnection, a function of the API"
    rp_18 Documented Client INVOKING "An object of another layer makes a client open the connection again and fetch what it missed." Elsewhere "the caller: objects of the API are opaque to the core"
    rp_19 Must Client INVOKING "invokeAfterMsg is the outermost wrapper." Core "known_calls.rs"
    rp_20 Documented Client INVOKING "After MSG_WAIT_TIMEOUT the query is sent again with the same dependencies." Core "session/client_service.rs"
    rp_21 Documented Client INVOKING "After MSG_WAIT_FAILED the query is sent again without the dependency that failed." Core "session/client_service.rs"
    rp_22 GoodPractice Client ERRORS "A query has at most one effect although its answer was lost." Core "session/ledger.rs"
    rp_23 GoodPractice Client ERRORS "A query without an answer ends after a while." Core "session/queries.rs"
    rp_24 GoodPractice Client ERRORS "Answers come in any order." Core "session/queries.rs"
    rp_25 Documented Server ERRORS "An unknown function is answered with an error and not with the end of the connection." Elsewhere "mock-server: which functions exist is the schema's matter"
}
