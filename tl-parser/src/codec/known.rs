//! What names mean, remembered while one value is written.
//!
//! A page of messages has the same few names hundreds of times. They lie at the same places: names
//! of a schema in its text, literals in the program. So a name is compared letter by letter once,
//! and after that by its address, which stays its own for as long as the value is borrowed.

use crate::name::Name;

/// How many names are remembered; a power of two. A later one takes the place of an earlier one.
const SLOTS: usize = 64;

/// The `within` of the names of combinators.
pub(super) const COMBINATOR: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Slot {
    address: usize,
    length: usize,
    within: u32,
    meaning: u32,
}

pub(super) struct Known([Slot; SLOTS]);

impl Known {
    pub(super) fn new() -> Self {
        // No name lies at this address.
        let empty = Slot {
            address: 0,
            length: 0,
            within: 0,
            meaning: 0,
        };
        Self([empty; SLOTS])
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
        let (address, length) = (text.as_ptr().addr(), text.len());
        // Names lie closely together, so the lowest bits of their addresses differ.
        let mixed = address ^ (within as usize).wrapping_mul(7);
        let slot = self.0.get_mut(mixed % SLOTS)?;
        if slot.address == address && slot.length == length && slot.within == within {
            return Some(slot.meaning);
        }
        let meaning = find()?;
        *slot = Slot {
            address,
            length,
            within,
            meaning,
        };
        Some(meaning)
    }
}

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
