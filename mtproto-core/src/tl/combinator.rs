//! From a declaration to a type that reads and writes itself.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Element, ReadError, ReadErrorKind, Reader, Vector, Writer};
use crate::ids::{AuthKeyId, ConstructorId, MsgId, Nonce, SeqNo, ServerSalt, SessionId};

/// The id of `boolTrue`.
const BOOL_TRUE: ConstructorId = ConstructorId(0x9972_75b5);
/// The id of `boolFalse`.
const BOOL_FALSE: ConstructorId = ConstructorId(0xbc79_9737);

/// A constructor or function of the service schema.
pub trait Combinator<'a>: Sized {
    /// Its number on the wire.
    const ID: ConstructorId;

    /// Reads the fields, without the number in front.
    ///
    /// # Errors
    /// The first field that is malformed or cut off.
    fn read_bare(reader: &mut Reader<'a>) -> Result<Self, ReadError>;

    /// Writes the fields, without the number in front.
    fn write_bare(&self, writer: &mut Writer<'_>);

    /// Reads the number, which must be [`Self::ID`], and the fields.
    ///
    /// # Errors
    /// Another number, or a malformed field.
    fn read(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        reader.expect(Self::ID)?;
        Self::read_bare(reader)
    }

    /// Writes the number and the fields.
    fn write(&self, writer: &mut Writer<'_>) {
        writer.constructor(Self::ID);
        self.write_bare(writer);
    }

    /// The boxed object alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut Writer::new(&mut out));
        out
    }
}

/// A value that fields of the service schema can have.
pub trait Field<'a>: Sized {
    /// Reads one value.
    ///
    /// # Errors
    /// The value is malformed or cut off.
    fn read(reader: &mut Reader<'a>) -> Result<Self, ReadError>;

    /// Writes the value.
    fn write(&self, writer: &mut Writer<'_>);
}

macro_rules! fields {
    ($($type:ty: |$reader:ident| $read:expr, |$value:ident, $writer:ident| $write:expr;)+) => { $(
        impl<'a> Field<'a> for $type {
            fn read($reader: &mut Reader<'a>) -> Result<Self, ReadError> { $read }
            fn write(&self, $writer: &mut Writer<'_>) { let $value = self; $write; }
        }
    )+ };
}

fields! {
    i32: |reader| reader.int(), |value, writer| writer.int(*value);
    i64: |reader| reader.long(), |value, writer| writer.long(*value);
    f64: |reader| reader.array().map(Self::from_le_bytes), |value, writer| writer.raw(&value.to_le_bytes());
    [u8; 16]: |reader| reader.array(), |value, writer| writer.raw(value);
    [u8; 32]: |reader| reader.array(), |value, writer| writer.raw(value);
    &'a [u8]: |reader| reader.bytes(), |value, writer| writer.bytes(value);
    MsgId: |reader| reader.long().map(Self), |value, writer| writer.long(value.0);
    SessionId: |reader| reader.long().map(Self), |value, writer| writer.long(value.0);
    ServerSalt: |reader| reader.long().map(Self), |value, writer| writer.long(value.0);
    SeqNo: |reader| reader.int().map(Self), |value, writer| writer.int(value.0);
    AuthKeyId: |reader| reader.array().map(Self), |value, writer| writer.raw(&value.0);
    Nonce: |reader| reader.array().map(Self), |value, writer| writer.raw(&value.0);
}

impl<'a> Field<'a> for bool {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        let offset = reader.offset();
        match reader.constructor()? {
            BOOL_TRUE => Ok(true),
            BOOL_FALSE => Ok(false),
            other => {
                let kind = ReadErrorKind::UnexpectedConstructor(other);
                Err(ReadError { offset, kind })
            }
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.constructor(if *self { BOOL_TRUE } else { BOOL_FALSE });
    }
}

/// Something that can hold the like of itself.
impl<'a, T: Field<'a>> Field<'a> for Box<T> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        reader.nested(T::read).map(Self::new)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        T::write(self, writer);
    }
}

impl<'a, T: Element> Field<'a> for Vector<'a, T> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ReadError> {
        Vector::read(reader)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        Vector::write(self, writer);
    }
}

macro_rules! elements {
    ($($type:ty: $size:literal,)+) => { $(
        impl Element for $type {
            const SIZE: usize = $size;
            const BOXED: bool = true;
            fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> { Field::read(reader) }
            fn write(&self, writer: &mut Writer<'_>) { Field::write(self, writer); }
        }
    )+ };
}

elements! {
    i32: 4,
    i64: 8,
    f64: 8,
    MsgId: 8,
}
