//! Projections against numpy (tests/fixtures/projection/make.py) and in their degenerate cases.

use lexiscope::progress::Progress;
use lexiscope::vectors::formats::{Flaws, Parts};
use lexiscope::vectors::projection::{PrincipalComponents, map, offset_plane, principal_components};
use lexiscope::vectors::{Rows, VectorsError, Vocabulary, WordVectors};
use ndarray::{Array2, array};
use serde_json::Value;

/// The matrix of `sample` in make.py.
fn sample(rows: usize, columns: usize) -> Array2<f32> {
    let mut state = 2026_u64;
    Array2::from_shape_fn((rows, columns), |(_, column)| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let uniform = ((state >> 40) as f64 / 16_777_216.0 - 0.5) as f32;
        uniform / (column + 1) as f32 + (column * 4) as f32
    })
}

fn expected(case: &str, what: &str) -> Vec<f64> {
    fn flatten(value: &Value) -> Vec<f64> {
        match value {
            Value::Array(items) => items.iter().flat_map(flatten).collect(),
            number => vec![number.as_f64().unwrap()],
        }
    }
    let text = include_str!("fixtures/projection/expected.json");
    flatten(&serde_json::from_str::<Value>(text).unwrap()[case][what])
}

#[track_caller]
fn assert_close<'a>(found: impl IntoIterator<Item = &'a f64>, expected: &[f64], tolerance: f64) {
    let found: Vec<f64> = found.into_iter().copied().collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
    }
}

fn open(rows: Array2<f32>) -> WordVectors {
    let vocabulary = Vocabulary::from_words((0..rows.nrows()).map(|row| format!("w{row}")));
    let rows = Rows::Owned(rows);
    let parts =
        Parts { format: "word2vec text".into(), vocabulary, rows, subwords: None, flaws: Flaws::default() };
    WordVectors::from_parts("sample", None, parts)
}

fn components(rows: Array2<f32>) -> PrincipalComponents {
    principal_components(&open(rows), &Progress::unobserved()).unwrap()
}

#[test]
fn components_of_all_rows_are_numpys() {
    let found = components(sample(40_000, 6));
    assert_eq!((found.used, found.skipped), (40_000, 0));
    assert_close(&found.mean, &expected("all_rows", "mean"), 1e-11);
    assert_close(&found.variances, &expected("all_rows", "variances"), 1e-13);
    assert_close(&found.components, &expected("all_rows", "components"), 1e-9);
    let total: f64 = found.variances.sum();
    assert!((found.explained(2) - (found.variances[0] + found.variances[1]) / total).abs() < 1e-15);
    assert_eq!(found.explained(6), 1.0);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let vectors = open(sample(70_001, 5));
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| principal_components(&vectors, &Progress::unobserved()).unwrap())
    };
    let (one, three) = (with(1), with(3));
    assert_eq!((one.mean, one.components, one.variances), (three.mean, three.components, three.variances));
}

#[test]
fn zero_and_broken_rows_are_left_out_and_counted() {
    let clean = sample(900, 4);
    let mut dirty = Array2::zeros((903, 4));
    dirty.slice_mut(ndarray::s![1..451, ..]).assign(&clean.slice(ndarray::s![..450, ..]));
    dirty.slice_mut(ndarray::s![452..902, ..]).assign(&clean.slice(ndarray::s![450.., ..]));
    dirty[[451, 2]] = f32::NAN;
    dirty[[902, 0]] = f32::INFINITY;
    let (clean, dirty) = (components(clean), components(dirty));
    assert_eq!((dirty.used, dirty.skipped), (900, 3));
    assert_close(&dirty.mean, clean.mean.as_slice().unwrap(), 1e-12);
    assert_close(&dirty.variances, clean.variances.as_slice().unwrap(), 1e-12);
}

#[test]
fn a_large_mean_costs_no_accuracy() {
    let mut shifted = sample(3000, 3);
    shifted.mapv_inplace(|number| number.round() + 1_000_000.0);
    let found = components(shifted.clone());
    let exact = components(shifted.mapv(|number| number - 1_000_000.0));
    assert_close(&found.variances, exact.variances.as_slice().unwrap(), 1e-12);
}

#[test]
fn vectors_without_variance_have_components_of_no_variance() {
    for rows in [Array2::zeros((0, 3)), Array2::zeros((4, 3)), Array2::from_elem((1, 3), 2.0)] {
        let found = components(rows);
        assert_eq!(found.variances.to_vec(), [0.0; 3]);
        assert_eq!(found.explained(2), 1.0);
    }
}

#[test]
fn a_component_projects_what_lies_along_it() {
    let found = components(array![[0.0, 1.0], [0.0, 3.0], [1.0, 2.0], [-1.0, 2.0], [0.0, 7.0], [0.0, -3.0]]);
    let along: Vec<f32> = found
        .mean
        .iter()
        .zip(found.components.row(0))
        .map(|(mean, axis)| (mean + 2.0 * axis) as f32)
        .collect();
    assert_close(&found.project(&along, 2), &[2.0, 0.0], 1e-6);
}

#[test]
fn a_cancelled_run_says_so() {
    let progress = Progress::unobserved();
    progress.cancel();
    let result = principal_components(&open(sample(10, 2)), &progress);
    assert!(matches!(result, Err(VectorsError::Cancelled(_))));
}

#[test]
fn maps_are_numpys() {
    for (case, vectors) in [("map_of_7_in_12", sample(7, 12)), ("map_of_30_in_5", sample(30, 5))] {
        let found = map(vectors.view()).unwrap();
        assert_close(&found.points, &expected(case, "points"), 1e-9);
        assert_close([&found.explained], &expected(case, "explained"), 1e-12);
    }
}

#[test]
fn a_map_of_next_to_nothing_is_a_map() {
    assert_eq!(map(Array2::zeros((0, 4)).view()).unwrap().points.dim(), (0, 2));
    for vectors in [array![[0.6, 0.8, 0.1]], Array2::from_elem((5, 3), 0.1), Array2::from_elem((5, 20), 0.7)]
    {
        let found = map(vectors.view()).unwrap();
        assert_eq!(found.points, Array2::<f64>::zeros((vectors.nrows(), 2)));
        assert_eq!(found.explained, 1.0);
    }
    let two = map(array![[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]].view()).unwrap();
    let half = 0.5_f64.sqrt();
    assert_close(&two.points, &[half, 0.0, -half, 0.0], 1e-12);
    assert!((two.explained - 1.0).abs() < 1e-12);
}

#[test]
fn a_map_keeps_its_side_when_the_order_of_the_words_changes() {
    let vectors = sample(9, 6);
    let first = map(vectors.view()).unwrap();
    let second = map(vectors.slice(ndarray::s![..;-1, ..])).unwrap();
    let back: Vec<f64> = second.points.slice(ndarray::s![..;-1, ..]).iter().copied().collect();
    assert_close(&first.points, &back, 1e-9);
}

#[test]
fn a_broken_vector_has_no_place_on_the_map_and_moves_no_other() {
    let with = map(array![[1.0, 0.0], [f32::NAN, 1.0], [0.0, 1.0]].view()).unwrap();
    let without = map(array![[1.0_f32, 0.0], [0.0, 1.0]].view()).unwrap();
    assert!(with.points.row(1).iter().all(|number| number.is_nan()));
    assert_eq!(with.points.row(0), without.points.row(0));
    assert_eq!(with.points.row(2), without.points.row(1));
}

#[test]
fn a_parallelogram_lies_in_its_plane_as_it_is() {
    let (a, b, c) = ([1.0, 2.0, 0.0, 1.0], [4.0, 2.0, 4.0, 1.0], [1.0, 5.0, 1.0, 2.0]);
    let target: Vec<f32> = (0..4).map(|i| b[i] - a[i] + c[i]).collect();
    let answer = [4.5_f32, 5.0, 5.0, 9.0];
    let plane = offset_plane(&a, &b, &c, &answer);
    assert_eq!(plane.place(&a), [0.0, 0.0]);
    assert_close(&plane.place(&b), &[5.0, 0.0], 1e-12);
    let (c, target) = (plane.place(&c), plane.place(&target));
    assert!((c[0].powi(2) + c[1].powi(2) - 11.0).abs() < 1e-12 && c[1] > 0.0);
    assert_close(&target, &[c[0] + 5.0, c[1]], 1e-12);
    // Pythagoras: what the plane does not show of the answer is its distance.
    let [x, y] = plane.place(&answer);
    let squared: f64 = answer.iter().zip(a).map(|(answer, a)| f64::from(answer - a).powi(2)).sum();
    assert!((x * x + y * y + plane.distance(&answer).powi(2) - squared).abs() < 1e-9);
    assert!(plane.distance(&answer) > 1.0);
}

#[test]
fn degenerate_parallelograms_still_have_a_plane() {
    let (a, c, answer) = ([1.0, 0.0, 0.0], [1.0, 2.0, 0.0], [1.0, 2.0, 3.0]);
    let repeated = offset_plane(&a, &a, &c, &answer);
    assert_close(&repeated.place(&c), &[2.0, 0.0], 1e-12);
    assert_close(&repeated.place(&answer), &[2.0, 3.0], 1e-12);
    let in_line = offset_plane(&a, &[1.0, 1.0, 0.0], &c, &answer);
    assert_close(&in_line.place(&c), &[2.0, 0.0], 1e-12);
    assert_close(&in_line.place(&answer), &[2.0, 3.0], 1e-12);
    let line = offset_plane(&a, &c, &c, &c);
    assert_close(&line.place(&c), &[2.0, 0.0], 1e-12);
    assert_eq!(line.distance(&answer), 3.0);
    let spot = offset_plane(&a, &a, &a, &a);
    assert_eq!(spot.place(&answer), [0.0, 0.0]);
    let broken = offset_plane(&a, &[f32::NAN, 0.0, 0.0], &c, &answer);
    assert_close(&broken.place(&answer), &[2.0, 3.0], 1e-12);
}
