//! Files.

use super::section::{CDN, FILES};
use super::{Rule, rules};

rules! {
    fi_01 Must Client FILES "Parts of a file divide 512 KiB and are multiples of 1 KiB; the last may be shorter." Elsewhere "client: uploads and downloads are functions of the API"
    fi_02 Must Client FILES "Files above 10 MB are sent with saveBigFilePart." Elsewhere "client: uploads and downloads are functions of the API"
    fi_03 Must Client CDN "Requests for parts keep to aligned offsets and do not cross a border of 1 MiB." Elsewhere "client: uploads and downloads are functions of the API"
    fi_04 GoodPractice Client FILES "Parts that are longer, shorter or more than asked for are errors." Elsewhere "client: uploads and downloads are functions of the API"
    fi_05 Documented Client FILES "A download that is told to migrate goes on at the other data centre." Elsewhere "client: uploads and downloads are functions of the API"
    fi_06 Documented Client FILES "An expired file reference is refreshed or reported." Elsewhere "client: uploads and downloads are functions of the API"
    fi_07 GoodPractice Client FILES "Parts may be answered in any order." Elsewhere "client: uploads and downloads are functions of the API"
    fi_08 GoodPractice Client FILES "Names of files do not lead out of the folder chosen." Elsewhere "the caller: the core writes no files"
}
