//! One i8 code a component and one scale a row: component = scale * code.

/// Writes the codes of `row` and returns its scale.
///
/// The plain choice, largest magnitude / 127, is rarely the best: a slightly other scale lets the
/// numbers fall nearer to whole codes. A few scales around it are tried, each refitted to its
/// codes by least squares, and the one with the smallest squared error is kept, so that the error
/// is never above the plain choice's. A row too small for a normal f32 scale is stored as zeros.
///
/// `row` must be finite and as long as `codes`.
pub fn encode(row: &[f32], codes: &mut [i8]) -> f32 {
    debug_assert_eq!(row.len(), codes.len());
    let largest = row.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
    let plain = largest / 127.0;
    if plain < 2.0 * f32::MIN_POSITIVE {
        codes.fill(0);
        return 0.0;
    }
    let mut best = (squared_error(row, plain), plain);
    for step in 0..=STEPS {
        let factor = FACTORS.0 + (FACTORS.1 - FACTORS.0) * step as f32 / STEPS as f32;
        let scale = refit(row, plain * factor);
        let error = squared_error(row, scale);
        if error < best.0 {
            best = (error, scale);
        }
    }
    let scale = best.1;
    codes.iter_mut().zip(row).for_each(|(code, &number)| *code = nearest(number, scale) as i8);
    scale
}

/// Scales tried, as multiples of the plain one: below it the largest numbers are cut off, above it
/// codes are left unused; farther out either costs more than it gains.
const FACTORS: (f32, f32) = (0.96, 1.08);
const STEPS: usize = 96;

fn nearest(number: f32, scale: f32) -> f32 {
    (number / scale).round().clamp(-127.0, 127.0)
}

fn squared_error(row: &[f32], scale: f32) -> f64 {
    row.iter().map(|&number| f64::from(number - scale * nearest(number, scale)).powi(2)).sum()
}

/// The scale that fits best the codes which `scale` gives: sum(x code) / sum(code code).
fn refit(row: &[f32], scale: f32) -> f32 {
    let (mut products, mut squares) = (0.0_f64, 0.0_f64);
    for &number in row {
        let code = f64::from(nearest(number, scale));
        products += f64::from(number) * code;
        squares += code * code;
    }
    (products / squares) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(codes: &[i8], scale: f32) -> Vec<f32> {
        codes.iter().map(|&code| scale * f32::from(code)).collect()
    }

    #[test]
    fn numbers_on_the_grid_come_back_exactly() {
        let row: Vec<f32> = (-63..=63).map(|code| 0.25 * (2 * code) as f32).chain([0.25 * 127.0]).collect();
        let mut codes = vec![0; row.len()];
        let scale = encode(&row, &mut codes);
        assert_eq!((scale, decoded(&codes, scale)), (0.25, row));
    }

    #[test]
    fn the_error_is_never_above_the_plain_scales() {
        let mut state = 7_u64;
        let mut gained = 0;
        for _ in 0..200 {
            let row: Vec<f32> = (0..100)
                .map(|_| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    (state >> 40) as f32 / (1 << 23) as f32 - 1.0
                })
                .collect();
            let mut codes = vec![0; 100];
            let scale = encode(&row, &mut codes);
            let plain = row.iter().fold(0.0_f32, |largest, number| largest.max(number.abs())) / 127.0;
            let error: f64 =
                row.iter().zip(decoded(&codes, scale)).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            assert!(error <= squared_error(&row, plain));
            gained += usize::from(error < squared_error(&row, plain));
        }
        assert!(gained > 150, "better in {gained} of 200 rows only");
    }

    #[test]
    fn zero_and_tiny_rows_are_zero_and_huge_rows_stay_finite() {
        let mut codes = [1; 3];
        assert_eq!(encode(&[0.0; 3], &mut codes), 0.0);
        assert_eq!((encode(&[1e-40, -1e-42, 0.0], &mut codes), codes), (0.0, [0; 3]));
        let scale = encode(&[f32::MAX, f32::MIN, 0.0], &mut codes);
        assert!(decoded(&codes, scale).iter().all(|number| number.is_finite()), "{scale} {codes:?}");
    }
}
