//! A vector in a view.

use super::View;
use super::tape::Composite;
use super::value::{NO_ENTRY, ValueRef};
use crate::codec::walk::packed_size;
use crate::layout::Shape;

/// A vector inside of the bytes of a [`View`].
#[derive(Debug, Clone, Copy)]
pub struct VectorRef<'v> {
    pub(super) view: &'v View<'v, 'v>,
    pub(super) composite: Composite,
    pub(super) element: Shape,
    /// The offset of the first element.
    pub(super) first_at: usize,
    /// Whether the elements are on the tape even where their bytes need no check.
    pub(super) is_repeat: bool,
}

impl<'v> VectorRef<'v> {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.composite.what as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements, in order.
    pub fn iter(&self) -> impl Iterator<Item = ValueRef<'v>> + use<'v> {
        let (view, shape) = (self.view, self.element);
        let size = packed_size(shape).filter(|_| !self.is_repeat);
        let (mut entry, mut next_at) = (self.composite.first, self.first_at);
        (0..self.len()).map_while(move |_| {
            if let Some(size) = size {
                let at = next_at;
                next_at = next_at.saturating_add(size);
                return Some(ValueRef {
                    view,
                    shape,
                    at,
                    entry: NO_ENTRY,
                });
            }
            let (_, at) = view.tape.entry(entry)?;
            let value = ValueRef {
                view,
                shape,
                at,
                entry,
            };
            entry = value.next_entry();
            Some(value)
        })
    }

    /// An element. For objects this goes over those before it.
    pub fn get(&self, index: usize) -> Option<ValueRef<'v>> {
        match packed_size(self.element).filter(|_| !self.is_repeat) {
            Some(size) if index < self.len() => {
                let at = self.first_at.checked_add(index.checked_mul(size)?)?;
                Some(ValueRef {
                    view: self.view,
                    shape: self.element,
                    at,
                    entry: NO_ENTRY,
                })
            }
            Some(_) => None,
            None => self.iter().nth(index),
        }
    }
}
