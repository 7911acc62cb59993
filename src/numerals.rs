//! Numbers as people read them, on the screens and in the answers of commands alike.

/// `number` to six decimals: what f32 vectors can be trusted for. Minus zero becomes zero.
pub fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6 + 0.0
}

/// `value` with so many decimals. What rounds to zero has no sign.
pub fn decimal(value: impl Into<f64>, decimals: usize) -> String {
    unsigned_zero(format!("{:.decimals$}", value.into()))
}

/// [`decimal`] with a sign before what is above zero, too.
pub fn signed_decimal(value: impl Into<f64>, decimals: usize) -> String {
    unsigned_zero(format!("{:+.decimals$}", value.into()))
}

fn unsigned_zero(mut text: String) -> String {
    if text.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'+' | b'-')) {
        text.retain(|character| !matches!(character, '+' | '-'));
    }
    text
}

/// `value` with so many decimals and without the zero before the point, as maps and lists write
/// shares: ".65", "-.07", "10.254". What rounds to zero has no sign.
pub fn fraction(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let is_zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let shown = match digits.strip_prefix('0') {
        Some(rest) if rest.starts_with('.') => rest,
        _ => digits,
    };
    if is_zero { shown.to_owned() } else { format!("{sign}{shown}") }
}

/// A number of any size in few characters: `0.25`, `0.0031`, `12.5`, `1024`, `25.2k`, `1.21G`.
pub fn short(number: f64) -> String {
    const UNITS: [&str; 5] = ["", "k", "M", "G", "T"];
    let size = number.abs();
    if !number.is_finite() || size == 0.0 {
        return if number == 0.0 { String::from("0") } else { String::from("-") };
    }
    if size >= 10_000.0 {
        let unit = ((size.log10() / 3.0) as usize).min(UNITS.len() - 1);
        return format!("{}{}", digits(number / 1e3_f64.powi(unit as i32)), UNITS[unit]);
    }
    if number.fract() == 0.0 {
        return format!("{number:.0}");
    }
    digits(number)
}

/// A number with as many digits as say something.
pub fn digits(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        size if size > 0.0 && size < 0.001 => format!("{number:.1e}"),
        size if size > 0.0 && size < 0.01 => format!("{number:.4}"),
        size if size > 0.0 && size < 0.1 => format!("{number:.3}"),
        _ => format!("{number:.2}"),
    }
}

/// A time in its two largest units.
pub fn spoken(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// A number with a comma between its thousands, as in `30,000`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    proptest! {
        /// Read back, it is the number that `format!` writes: no digit is lost.
        #[test]
        fn a_short_number_is_the_number(value in -1e4..1e4f64, decimals in 0..6usize) {
            let (short, long) = (fraction(value, decimals), format!("{value:.decimals$}"));
            let read = |text: &str| text.parse::<f64>().unwrap();
            prop_assert_eq!(read(&short), read(&long));
            prop_assert!(short.len() <= long.len() && !short.starts_with("0."));
        }
    }

    #[rstest]
    #[case(10.254, 3, "10.254")]
    #[case(-20.06, 2, "-20.06")]
    #[case(0.65, 2, ".65")]
    #[case(-0.07, 2, "-.07")]
    #[case(-0.0001, 2, ".00")]
    #[case(0.0, 0, "0")]
    fn a_short_number_lacks_the_zero_before_its_point(
        #[case] value: f64,
        #[case] decimals: usize,
        #[case] expected: &str,
    ) {
        assert_eq!(fraction(value, decimals), expected);
    }

    #[rstest]
    #[case(-0.00001, "0.0000", "0.0000")]
    #[case(0.0, "0.0000", "0.0000")]
    #[case(-0.00006, "-0.0001", "-0.0001")]
    #[case(1.5, "1.5000", "+1.5000")]
    fn what_rounds_to_zero_has_no_sign(#[case] value: f64, #[case] plain: &str, #[case] signed: &str) {
        assert_eq!((decimal(value, 4).as_str(), signed_decimal(value, 4).as_str()), (plain, signed));
    }

    #[rstest]
    #[case(0, "0")]
    #[case(999, "999")]
    #[case(30000, "30,000")]
    #[case(1234567, "1,234,567")]
    fn thousands_are_grouped(#[case] number: usize, #[case] expected: &str) {
        assert_eq!(grouped(number), expected);
    }

    proptest! {
        #[test]
        fn all_else_is_what_format_writes(number in any::<f64>(), decimals in 0usize..8) {
            let (found, plain) = (decimal(number, decimals), format!("{number:.decimals$}"));
            let is_zero = plain.parse::<f64>() == Ok(0.0);
            prop_assert!(found == plain || is_zero && plain.strip_prefix('-') == Some(found.as_str()));
        }
    }

    #[rstest]
    #[case(59, "59 s")]
    #[case(61, "1 min 1 s")]
    #[case(7384, "2 h 3 min")]
    fn times_have_two_units(#[case] seconds: u64, #[case] expected: &str) {
        assert_eq!(spoken(seconds), expected);
    }

    #[rstest]
    #[case(0.0, "0")]
    #[case(0.254, "0.25")]
    #[case(1.0, "1")]
    #[case(-12.54, "-12.5")]
    #[case(0.0031, "0.0031")]
    #[case(1024.0, "1024")]
    #[case(25_216.0, "25.2k")]
    #[case(1.208e9, "1.21G")]
    #[case(0.00001, "1.0e-5")]
    #[case(f64::NAN, "-")]
    fn numbers_of_any_size_are_short(#[case] number: f64, #[case] expected: &str) {
        assert_eq!(short(number), expected);
    }
}
