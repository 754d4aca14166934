//! Phone numbers.

/// The digits of a number, whatever stands between them.
pub(crate) fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn signs_between_digits_do_not_count() {
        assert_eq!(digits("+999 66-2 (12) 34"), "9996621234");
        assert_eq!(digits("none"), "");
    }
}
