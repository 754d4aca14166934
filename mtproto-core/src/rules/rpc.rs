//! Queries and their results.

use super::section::{ERRORS, FILES, INVOKING};
use super::{Rule, rules};

rules! {
    rp_01 GoodPractice Client ERRORS "A result for an unknown query is dropped."
    rp_02 GoodPractice Client ERRORS "The first result of a query counts."
    rp_03 GoodPractice Client ERRORS "A result for message zero has no effect."
    rp_04 GoodPractice Client ERRORS "A result of the wrong type is an error of that query alone."
    rp_05 GoodPractice Client ERRORS "Errors with odd codes and texts do no harm."
    rp_06 Documented Client ERRORS "A migration error makes a client repeat the query at the data centre named."
    rp_07 GoodPractice Client ERRORS "Migrations to nowhere and in circles end."
    rp_08 Documented Client ERRORS "FLOOD_WAIT_X means to wait X seconds."
    rp_09 GoodPractice Client ERRORS "Numbers in errors that are missing or huge do no harm."
    rp_10 Documented Client FILES "FLOOD_PREMIUM_WAIT_X means to repeat the query after X seconds."
    rp_11 Documented Client ERRORS "Codes of 500 and unknown ones are errors of the server and repeated a bounded number of times."
    rp_12 Documented Client ERRORS "Errors of the 401 family end the login without a loop."
    rp_13 Must Client ERRORS "After AUTH_KEY_DUPLICATED the key is given up."
    rp_14 Documented Client ERRORS "Other errors of code 406 are not shown to the user."
    rp_15 Documented Client ERRORS "After AUTH_KEY_PERM_EMPTY the temporary key is bound again."
    rp_16 Documented Client ERRORS "After CONNECTION_NOT_INITED the query is repeated with initConnection."
    rp_17 Must Client INVOKING "The first query of a start is wrapped in initConnection with the layer."
    rp_18 Documented Client INVOKING "An object of another layer makes a client open the connection again and fetch what it missed."
    rp_19 Must Client INVOKING "invokeAfterMsg is the outermost wrapper."
    rp_20 Documented Client INVOKING "After MSG_WAIT_TIMEOUT the query is sent again with the same dependencies."
    rp_21 Documented Client INVOKING "After MSG_WAIT_FAILED the query is sent again without the dependency that failed."
    rp_22 GoodPractice Client ERRORS "A query has at most one effect although its answer was lost."
    rp_23 GoodPractice Client ERRORS "A query without an answer ends after a while."
    rp_24 GoodPractice Client ERRORS "Answers come in any order."
    rp_25 Documented Server ERRORS "An unknown function is answered with an error and not with the end of the connection."
}
