//! CDN servers.

use super::section::CDN;
use super::{Rule, rules};

rules! {
    cd_01 Must Client CDN "The key of a CDN server comes from help.getCdnConfig." Elsewhere "the caller: help.getCdnConfig is a function of the API; its keys are a configuration of their own"
    cd_02 Must Client CDN "Every part of a file is compared with its hash from the main server before it is kept." Core "crypto/cdn.rs"
    cd_03 Must Client CDN "A hash that is missing is asked of the main server." Elsewhere "the caller: fetching hashes is a function of the API"
    cd_04 Must Client CDN "The counter of a part is its offset in blocks, big-endian in the last four bytes of the IV." Core "crypto/cdn.rs"
    cd_05 Must Client CDN "Updates from a CDN server are not accepted." Elsewhere "the caller: objects of the API are opaque to the core"
    cd_06 Must Client CDN "A CDN server cannot answer a query to the main server." Core "session/client_service.rs"
    cd_07 Must Client CDN "A CDN server learns nothing private in initConnection." Elsewhere "the caller: the core knows no initConnection"
    cd_08 Documented Client CDN "A part that a CDN server lacks is requested again through the main server." Elsewhere "the caller: the errors of upload.getCdnFile are objects of the API"
    cd_09 GoodPractice Client CDN "Lists of hashes that overlap, lie or are out of order are refused." Elsewhere "the caller: lists of hashes are objects of the API"
    cd_10 Documented Client CDN "A -404 from a CDN server costs the key for it alone." Elsewhere "the caller: a CDN server has a connection and a key of its own, and connections share nothing"
}
