//! Decimal numbers to f32, correctly rounded, without the detour over `str`.

/// 10^0 to 10^10 are exact in f32 (5^10 < 2^24).
const POWERS_F32: [f32; 11] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];

/// 10^0 to 10^22 are exact in f64 (5^22 < 2^53).
const POWERS_F64: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The f32 nearest to the decimal number that `field` spells; `None` when it spells none.
///
/// Accepts what Rust's `f32::from_str` does, `nan` and `inf` included. A mantissa and a power of
/// ten that are both exact need one correctly rounded division (Clinger 1990); all else that could
/// be rounded wrongly goes the standard library's way.
pub fn parse(field: &[u8]) -> Option<f32> {
    match parse_first(field)? {
        (value, length) if length == field.len() => Some(value),
        _ => None,
    }
}

/// The number in the first field of `text`, which ends at a space or with the text, and that
/// field's length.
pub fn parse_first(text: &[u8]) -> Option<(f32, usize)> {
    if let Some((mantissa, decimals, negative, length)) = plain_decimal(text)
        && let Some(value) = divide(mantissa, decimals)
    {
        return Some((if negative { -value } else { value }, length));
    }
    let field = text.split(|&byte| byte == b' ').next()?;
    Some((std::str::from_utf8(field).ok()?.parse().ok()?, field.len()))
}

/// Mantissa, number of decimals, sign and length of a first field of the form
/// `[+-]digits[.digits]` with at most 19 digits.
fn plain_decimal(text: &[u8]) -> Option<(u64, usize, bool, usize)> {
    let signed = matches!(text.first()?, b'-' | b'+');
    let (mut mantissa, mut at) = (0_u64, usize::from(signed));
    let start = at;
    let mut digits = |at: &mut usize| {
        while let Some(digit) = text.get(*at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10)
        {
            // Too many digits are noticed by their number, whatever became of the mantissa.
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            *at += 1;
        }
    };
    digits(&mut at);
    let (mut count, mut decimals) = (at - start, 0);
    if text.get(at) == Some(&b'.') {
        at += 1;
        let point = at;
        digits(&mut at);
        decimals = at - point;
        count += decimals;
    }
    let ended = text.get(at).is_none_or(|&byte| byte == b' ');
    (ended && (1..=19).contains(&count)).then_some((mantissa, decimals, text[0] == b'-', at))
}

/// mantissa / 10^decimals, where that can be had correctly rounded by one division.
fn divide(mantissa: u64, decimals: usize) -> Option<f32> {
    if mantissa < 1 << 24
        && let Some(power) = POWERS_F32.get(decimals)
    {
        return Some(mantissa as f32 / power);
    }
    if mantissa >= 1 << 53 {
        return None;
    }
    let quotient = mantissa as f64 / POWERS_F64.get(decimals)?;
    // Rounding twice, to f64 and then to f32, goes wrong only when the f64 lies exactly half-way
    // between two f32, that is, when the 29 bits that f32 drops are 1 followed by zeros.
    let half_way = quotient.to_bits() & 0x1fff_ffff == 0x1000_0000;
    let normal = quotient >= f64::from(f32::MIN_POSITIVE) && quotient < f64::from(f32::MAX);
    (normal && !half_way).then_some(quotient as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn standard(text: &str) -> Option<u32> {
        text.parse::<f32>().ok().map(f32::to_bits)
    }

    #[test]
    fn agrees_with_the_standard_library_on_hard_numbers() {
        for text in [
            "0",
            "-0",
            "-0.0",
            "1",
            "16777215",
            "16777216",
            "16777217",
            "16777219.0",
            "33554433",
            "0.1",
            "-.5",
            "5.",
            ".",
            "",
            "-",
            "+1.5",
            "+-1",
            "1e5",
            "1E-45",
            "1e400",
            "nan",
            "-nan",
            "inf",
            "-Infinity",
            "0x1",
            "1.00000005960464477540",
            "1.0000000596046448",
            "9007199791611905",
            "0.000000000000000000001",
            "340282350000000000000000000000000000000",
            "3.4028236e38",
            "1.1754943e-38",
            "1_0",
            "1,5",
            "١",
        ] {
            assert_eq!(parse(text.as_bytes()).map(f32::to_bits), standard(text), "{text}");
        }
        assert_eq!(parse(b"\xff"), None);
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(text in "[-+]?[0-9]{0,12}(\\.[0-9]{0,12})?(e-?[0-9]{1,2})?") {
            prop_assert_eq!(parse(text.as_bytes()).map(f32::to_bits), standard(&text));
        }

        #[test]
        fn shortest_digits_come_back(bits: u32) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(parse(format!("{value:?}").as_bytes()).map(f32::to_bits), Some(bits));
            prop_assert_eq!(parse(format!("{value}").as_bytes()).map(f32::to_bits), Some(bits));
        }
    }
}
