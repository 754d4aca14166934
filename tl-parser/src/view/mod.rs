//! Looking into bytes without building a tree: a validated tape of offsets.
//!
//! One pass over the input checks it completely and notes where each present field begins; after
//! that, fields are found by going along the tape, and nothing of the input is copied.

mod object;
mod tape;
mod value;
mod vector;

pub use object::ObjectRef;
pub use tape::Tape;
pub use value::{Content, ValueRef};
pub use vector::VectorRef;

use crate::codec::walk::Walker;
use crate::codec::{DecodeError, DecodeErrorKind, Limits};
use crate::layout::Shape;
use crate::schema::{Combinator, Schema};
use std::fmt;
use tape::Note;

/// Bytes that are known to be a value of a schema, with the places of everything in them.
pub struct View<'s, 'b> {
    schema: &'s Schema,
    bytes: &'b [u8],
    tape: Tape,
    shape: Shape,
}

impl Schema {
    /// Checks one boxed object or call that takes the whole input, and notes where its fields are.
    ///
    /// Accepts exactly what [`decode`](Self::decode) accepts; allocates one vector of 8 bytes per
    /// field and 24 per object.
    ///
    /// ```
    /// use tl_parser::{Limits, Object, mtproto};
    /// let bytes = mtproto().encode(&Object::new("ping").with("ping_id", 7_i64).into()).unwrap();
    /// let view = mtproto().view(&bytes, Limits::NETWORK).unwrap();
    /// let ping = view.object().unwrap();
    /// assert_eq!((ping.name(), ping.long("ping_id")), ("ping", Some(7)));
    /// ```
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn view<'s, 'b>(
        &'s self,
        bytes: &'b [u8],
        limits: Limits,
    ) -> Result<View<'s, 'b>, DecodeError> {
        self.view_in(Tape::default(), Shape::ANY, bytes, limits)
    }

    /// Like [`view`](Self::view), in the memory of an earlier view.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn view_again<'s, 'b>(
        &'s self,
        tape: Tape,
        bytes: &'b [u8],
        limits: Limits,
    ) -> Result<View<'s, 'b>, DecodeError> {
        self.view_in(tape, Shape::ANY, bytes, limits)
    }

    /// Like [`view`](Self::view), for a value of a type, as [`decode_as`](Self::decode_as).
    ///
    /// # Errors
    /// As [`decode_as`](Self::decode_as).
    pub fn view_as<'s, 'b>(
        &'s self,
        type_name: &str,
        bytes: &'b [u8],
        limits: Limits,
    ) -> Result<View<'s, 'b>, DecodeError> {
        let Some(shape) = self.shape_of(type_name) else {
            return Err(DecodeError::new(
                0,
                DecodeErrorKind::UnknownType(type_name.to_owned()),
            ));
        };
        self.view_in(Tape::default(), shape, bytes, limits)
    }

    /// Like [`view_again`](Self::view_again), for the result of a function of this schema.
    ///
    /// # Errors
    /// As [`decode_result`](Self::decode_result).
    pub fn view_result_again<'s, 'b>(
        &'s self,
        tape: Tape,
        function: &Combinator,
        bytes: &'b [u8],
        limits: Limits,
    ) -> Result<View<'s, 'b>, DecodeError> {
        self.view_in(tape, function.result_shape(), bytes, limits)
    }

    fn view_in<'s, 'b>(
        &'s self,
        mut tape: Tape,
        shape: Shape,
        bytes: &'b [u8],
        limits: Limits,
    ) -> Result<View<'s, 'b>, DecodeError> {
        // Offsets on the tape have 32 bits.
        let limits = Limits {
            bytes: limits.bytes.min(u32::MAX as usize),
            ..limits
        };
        tape.start();
        let mut walker = Walker::new(self, bytes, limits, Note(&mut tape))?;
        walker.value(shape)?;
        walker.finish()?;
        Ok(View {
            schema: self,
            bytes,
            tape,
            shape,
        })
    }
}

impl<'b> View<'_, 'b> {
    /// The whole value.
    pub fn root(&self) -> ValueRef<'_> {
        ValueRef {
            view: self,
            shape: self.shape,
            at: 0,
            entry: 0,
        }
    }

    /// The whole value, where it is an object or call.
    pub fn object(&self) -> Option<ObjectRef<'_>> {
        self.root().object()
    }

    /// Whether some flags word has bits that no field explains; [`Object::all_extra_flags`] of the
    /// owned tree says which.
    ///
    /// [`Object::all_extra_flags`]: crate::Object::all_extra_flags
    pub fn has_extra_flags(&self) -> bool {
        self.tape.extra_flags
    }

    /// The bytes that are looked into.
    pub fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// The memory of the tape, for [`Schema::view_again`].
    pub fn into_tape(self) -> Tape {
        self.tape
    }
}

impl fmt::Debug for View<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().fmt(f)
    }
}
