//! Reading the arguments of a call.
//!
//! A request that came over the wire has all its required fields, in their types; one that was made by hand may lack them and is answered with `INPUT_FETCH_FAIL`.

use tl_parser::{Object, Value};

use crate::error::{INPUT_FETCH_FAIL, RpcError};

/// Required arguments.
pub(crate) trait Arguments {
    fn need_int(&self, field: &str) -> Result<i32, RpcError>;
    fn need_long(&self, field: &str) -> Result<i64, RpcError>;
    fn need_bool(&self, field: &str) -> Result<bool, RpcError>;
    /// Text; what is not UTF-8 is refused.
    fn need_str(&self, field: &str) -> Result<&str, RpcError>;
    fn need_bytes(&self, field: &str) -> Result<&[u8], RpcError>;
    fn need_vector(&self, field: &str) -> Result<&[Value], RpcError>;
    fn need_object(&self, field: &str) -> Result<&Object, RpcError>;
    /// The elements of a vector of objects.
    fn need_objects(&self, field: &str) -> Result<Vec<&Object>, RpcError>;
    /// The elements of a vector of numbers.
    fn need_ints(&self, field: &str) -> Result<Vec<i32>, RpcError>;
    fn need_longs(&self, field: &str) -> Result<Vec<i64>, RpcError>;
    /// The page size asked for, within 1 to `most`; 0 and less mean `most`.
    fn limit(&self, most: usize) -> usize;
}

impl Arguments for Object {
    fn need_int(&self, field: &str) -> Result<i32, RpcError> {
        Ok(self.int(field).ok_or(INPUT_FETCH_FAIL)?)
    }

    fn need_long(&self, field: &str) -> Result<i64, RpcError> {
        Ok(self.long(field).ok_or(INPUT_FETCH_FAIL)?)
    }

    fn need_bool(&self, field: &str) -> Result<bool, RpcError> {
        let value = self.get(field).and_then(Value::as_bool);
        Ok(value.ok_or(INPUT_FETCH_FAIL)?)
    }

    fn need_str(&self, field: &str) -> Result<&str, RpcError> {
        Ok(self.str(field).ok_or(INPUT_FETCH_FAIL)?)
    }

    fn need_bytes(&self, field: &str) -> Result<&[u8], RpcError> {
        Ok(self.bytes(field).ok_or(INPUT_FETCH_FAIL)?)
    }

    fn need_vector(&self, field: &str) -> Result<&[Value], RpcError> {
        Ok(self.vector(field).ok_or(INPUT_FETCH_FAIL)?)
    }

    fn need_object(&self, field: &str) -> Result<&Object, RpcError> {
        Ok(self.object(field).ok_or(INPUT_FETCH_FAIL)?)
    }

    fn need_objects(&self, field: &str) -> Result<Vec<&Object>, RpcError> {
        let objects = self.need_vector(field)?.iter().map(Value::as_object);
        Ok(objects.collect::<Option<_>>().ok_or(INPUT_FETCH_FAIL)?)
    }

    fn need_ints(&self, field: &str) -> Result<Vec<i32>, RpcError> {
        let numbers = self.need_vector(field)?.iter().map(Value::as_int);
        Ok(numbers.collect::<Option<_>>().ok_or(INPUT_FETCH_FAIL)?)
    }

    fn need_longs(&self, field: &str) -> Result<Vec<i64>, RpcError> {
        let numbers = self.need_vector(field)?.iter().map(Value::as_long);
        Ok(numbers.collect::<Option<_>>().ok_or(INPUT_FETCH_FAIL)?)
    }

    fn limit(&self, most: usize) -> usize {
        match usize::try_from(self.int("limit").unwrap_or(0)) {
            Ok(0) | Err(_) => most,
            Ok(limit) => limit.min(most),
        }
    }
}
