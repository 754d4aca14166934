//! The password check.

use super::section::SRP;
use super::{Rule, rules};

rules! {
    sr_01 Must Client SRP "All numbers of the password check are padded to 2048 bits." Core "crypto/srp.rs"
    sr_02 Expected Client SRP "The prime of the password check is a safe prime of 2048 bits." Core "crypto/srp.rs"
    sr_03 Expected Client SRP "The generator of the password check is 2 to 7 and generates the subgroup." Core "crypto/srp.rs"
    sr_04 GoodPractice Client SRP "srp_B lies between one and the prime." Core "crypto/srp.rs"
    sr_05 GoodPractice Client SRP "Degenerate values of the password check are refused." Core "crypto/srp.rs"
    sr_06 GoodPractice Client SRP "The client's secret is new for each attempt." Core "crypto/srp.rs"
    sr_07 Documented Client SRP "An unknown algorithm of the password check is a clear error." Elsewhere "the caller: the algorithm is an object of the API"
    sr_08 Documented Client SRP "After a wrong password the check begins anew with a new srp_id." Elsewhere "the caller: srp_id belongs to the API; nothing of an attempt is kept"
    sr_09 Documented Client SRP "A new password gets 32 random bytes of salt from the client." Core "crypto/srp.rs"
    sr_10 Must Server SRP "A server checks the range of A, compares M1 in constant time and takes each srp_id once." Core "crypto/srp.rs"
}
