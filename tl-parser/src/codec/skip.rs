//! Validating without keeping anything: no allocation but for an error.

use super::error::DecodeError;
use super::limits::Limits;
use super::walk::{Sink, Walker};
use crate::layout::Kind;
use crate::schema::Schema;

struct Skip;

impl<'s, 'b> Sink<'s, 'b> for Skip {
    type Value = ();
    type Object = ();
    type Vector = ();

    #[inline]
    fn scalar(&mut self, _: Kind, _: &'b [u8]) {}
    #[inline]
    fn bool(&mut self, _: bool) {}
    #[inline]
    fn present(&mut self) {}
    #[inline]
    fn open(&mut self, _: &'s Schema, _: u32, _: usize) {}
    #[inline]
    fn before_field(&mut self, (): &mut (), _: u32, _: usize) {}
    #[inline]
    fn field(&mut self, (): &mut (), _: usize, (): ()) {}
    #[inline]
    fn extra_flags(&mut self, (): &mut (), _: usize, _: u32) {}
    #[inline]
    fn close(&mut self, (): (), _: usize) {}
    #[inline]
    fn begin_vector(&mut self, _: u32, _: usize) {}
    #[inline]
    fn before_element(&mut self, (): &mut (), _: usize) {}
    #[inline]
    fn element(&mut self, (): &mut (), (): ()) {}
    #[inline]
    fn packed(&mut self, (): &mut (), _: Kind, _: &'b [u8], _: usize) {}
    #[inline]
    fn end_vector(&mut self, (): (), _: usize) {}
    #[inline]
    fn missing(&mut self) {}
}

impl Schema {
    /// Checks the boxed object or call at the beginning of `bytes`, and gives its length in bytes.
    ///
    /// Allocates nothing; accepts exactly what [`decode_prefix`](Self::decode_prefix) accepts.
    ///
    /// # Errors
    /// Whatever makes the bytes no object of this schema within the limits.
    pub fn skip(&self, bytes: &[u8], limits: Limits) -> Result<usize, DecodeError> {
        let mut walker = Walker::new(self, bytes, limits, Skip)?;
        walker.any()?;
        Ok(walker.at)
    }
}
