//! What names mean, remembered while one value is written.
//!
//! A page of messages has the same few names hundreds of times. They lie at the same places: names
//! of a schema in its text, literals in the program. So a name is compared letter by letter once,
//! and after that by its address, which stays its own for as long as the value is borrowed.

use crate::name::Name;

/// Places for names, in sets: an address has a set, and may lie anywhere in it.
const SETS: usize = 16;
const WAYS: usize = 4;

/// The `within` of the names of combinators.
pub(super) const COMBINATOR: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Slot {
    address: usize,
    length: u32,
    within: u32,
    meaning: u32,
}

/// No name lies at this address.
const EMPTY: Slot = Slot {
    address: 0,
    length: 0,
    within: 0,
    meaning: 0,
};

pub(super) struct Known([[Slot; WAYS]; SETS]);

impl Known {
    pub(super) fn new() -> Self {
        Self([[EMPTY; WAYS]; SETS])
    }

    /// What a name means `within` a combinator, as remembered or else as found.
    #[inline]
    pub(super) fn find(
        &mut self,
        within: u32,
        name: &Name,
        find: impl FnOnce() -> Option<u32>,
    ) -> Option<u32> {
        let text = name.as_str();
        let address = text.as_ptr().addr();
        let length = u32::try_from(text.len()).ok()?;
        let mixed = address.wrapping_add(within as usize).wrapping_mul(FACTOR) >> (usize::BITS / 2);
        let set = self.0.get_mut(mixed % SETS)?;
        let is_same = |slot: &&Slot| {
            slot.address == address && slot.within == within && slot.length == length
        };
        if let Some(slot) = set.iter().find(is_same) {
            return Some(slot.meaning);
        }
        let meaning = find()?;
        // The one that came first goes.
        set.rotate_right(1);
        set[0] = Slot {
            address,
            length,
            within,
            meaning,
        };
        Some(meaning)
    }
}

/// 2^64 divided by the golden ratio, odd; its lower half where words are shorter.
#[allow(clippy::cast_possible_truncation, reason = "any odd factor will do")]
const FACTOR: usize = 0x9e37_79b9_7f4a_7c15_u64 as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_once_in_each_place() {
        let mut known = Known::new();
        let name = Name::from("user_id");
        let mut asked = 0;
        let mut find = |known: &mut Known, within, name: &Name| {
            known.find(within, name, || {
                asked += 1;
                Some(asked)
            })
        };
        assert_eq!(find(&mut known, 5, &name), Some(1));
        assert_eq!(find(&mut known, 5, &name), Some(1));
        assert_eq!(
            find(&mut known, 6, &name),
            Some(2),
            "elsewhere it is another field"
        );
        let part = Name::from("user_id".get(..4).unwrap());
        assert_ne!(find(&mut known, 5, &part), Some(1));
        assert_eq!(known.find(9, &Name::from("none"), || None), None);
    }
}
