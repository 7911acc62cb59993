//! The search against a plain f64 brute force: same rows, same order, whatever the threads.

use std::collections::HashSet;
use std::sync::Arc;

use lexiscope::progress::Progress;
use lexiscope::vectors::filter::Filter;
use lexiscope::vectors::formats::{Flaws, Parts};
use lexiscope::vectors::norms::row_norms;
use lexiscope::vectors::planes::int4::Int4Plane;
use lexiscope::vectors::planes::int8::Int8Plane;
use lexiscope::vectors::search::{
    Answer, Hit, Objective, Plane, Query, rank, search, search_over, search_together,
};
use lexiscope::vectors::{Rows, VectorsError, Vocabulary, WordVectors};
use ndarray::Array2;
use proptest::prelude::*;

fn vectors(rows: Array2<f32>) -> WordVectors {
    of_rows(Rows::Owned(rows))
}

fn of_rows(rows: Rows) -> WordVectors {
    let words: Vec<String> = (0..rows.len()).map(|row| format!("w{row}")).collect();
    let parts = Parts {
        format: "word2vec binary".into(),
        vocabulary: Vocabulary::from_words(&words),
        rows,
        subwords: None,
        flaws: Flaws::default(),
    };
    WordVectors::from_parts("test", None, parts)
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn unit(values: &[f32]) -> Option<Vec<f64>> {
    let values: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
    let length = dot(&values, &values).sqrt();
    (length > 0.0 && length.is_finite()).then(|| values.iter().map(|value| value / length).collect())
}

/// The score by the definitions in the papers, from unit vectors in f64.
fn score(objective: &Objective, queries: &[Vec<f64>], row: &[f64]) -> Option<f64> {
    let shifted = |query: &Vec<f64>| (1.0 + dot(query, row)) / 2.0;
    match objective {
        Objective::Cosine => Some(dot(&queries[0], row)),
        Objective::Product { positive } => {
            let wanted: f64 = queries[..*positive].iter().map(shifted).product();
            let unwanted: f64 = queries[*positive..].iter().map(shifted).product();
            Some(wanted / (unwanted + 1e-6))
        }
        Objective::PairDirection => {
            let difference: Vec<f64> = row.iter().zip(&queries[1]).map(|(row, c)| row - c).collect();
            let distance = dot(&difference, &difference).sqrt();
            (distance > 1e-6).then(|| dot(&queries[0], &difference) / distance)
        }
        other => panic!("no definition of {other:?}"),
    }
}

fn brute_force(vectors: &WordVectors, query: &Query) -> Vec<Hit> {
    let queries: Vec<Vec<f64>> =
        query.vectors.rows().into_iter().map(|vector| unit(&vector.to_vec()).unwrap()).collect();
    let mut hits: Vec<Hit> = (0..vectors.len())
        .filter(|row| !query.excluded.contains(row))
        .filter(|row| query.filter.ranks.as_ref().is_none_or(|ranks| ranks.contains(row)))
        .filter(|&row| {
            let word = vectors.vocabulary().word(row);
            query.filter.pattern.as_ref().is_none_or(|pattern| pattern.is_match(word))
                && query.filter.words.as_ref().is_none_or(|words| words.contains(word))
        })
        .filter_map(|row| {
            let score = score(&query.objective, &queries, &unit(&vectors.rows().to_vec(row))?)?;
            Some(Hit { row, score })
        })
        .collect();
    hits.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.row.cmp(&right.row)));
    hits
}

/// The same scores in the same order; rows may change places where scores differ by f64's rounding
/// only, since the brute force rounds in another order.
fn assert_same(found: &[Hit], wanted: &[Hit], count: usize) {
    // Relative: a product over a denominator near zero is large.
    let close = |left: f64, right: f64| (left - right).abs() < 1e-9 * (1.0 + left.abs());
    assert_eq!(found.len(), count.min(wanted.len()));
    for (found_hit, wanted_hit) in found.iter().zip(wanted) {
        assert!(close(found_hit.score, wanted_hit.score), "{found:?}\n{wanted:?}");
        let own = wanted.iter().find(|hit| hit.row == found_hit.row).expect("an eligible row");
        assert!(close(own.score, found_hit.score), "{found_hit:?} {own:?}");
    }
    for pair in found.windows(2) {
        let falling =
            pair[0].score > pair[1].score || (pair[0].score == pair[1].score && pair[0].row < pair[1].row);
        assert!(falling, "{pair:?}");
    }
}

/// The answer, which is the same over every plane, and beside other questions.
fn answer(vectors: &WordVectors, query: &Query) -> Answer {
    answers(vectors, query).remove(0)
}

/// The answers over the rows' own numbers, over int8 and over int4.
fn answers(vectors: &WordVectors, query: &Query) -> Vec<Answer> {
    let (int8, int4) = (Int8Plane::encoded(vectors.rows()), Int4Plane::encoded(vectors.rows()));
    let over = |plane| search_over(vectors, plane, query, &Progress::unobserved()).unwrap();
    let mut all = vec![over(Plane::Floats)];
    let found = all[0].clone();
    for plane in [Plane::Int8(&int8), Plane::Int4(&int4, &int8)] {
        let coded = over(plane);
        assert_eq!((&coded.hits, coded.scanned), (&found.hits, found.scanned), "{}", plane.name());
        all.push(coded);
    }
    let more = Query { count: query.count + 1, ..query.clone() };
    let together = search_together(vectors, &[more, query.clone()], &Progress::unobserved()).unwrap();
    assert_eq!((&together[1].hits, together[1].scanned), (&found.hits, found.scanned));
    all
}

fn in_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

fn random_rows(rows: usize, dimensions: usize, seed: u64) -> Array2<f32> {
    let mut state = seed | 1;
    Array2::from_shape_simple_fn((rows, dimensions), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    })
}

fn objectives() -> [(Objective, usize); 5] {
    [
        (Objective::Cosine, 1),
        (Objective::Product { positive: 2 }, 3),
        (Objective::Product { positive: 3 }, 6),
        (Objective::PairDirection, 2),
        (Objective::Product { positive: 0 }, 1),
    ]
}

fn query(objective: &Objective, count: usize, dimensions: usize, seed: u64, answers: usize) -> Query {
    Query {
        vectors: random_rows(count, dimensions, seed),
        objective: objective.clone(),
        excluded: Vec::new(),
        filter: Filter::default(),
        count: answers,
    }
}

#[test]
fn thousands_of_rows_as_brute_force_for_any_number_of_threads() {
    for dimensions in [1, 7, 50, 300] {
        let vectors = vectors(random_rows(5000, dimensions, 3));
        for (objective, count) in objectives() {
            let mut query = query(&objective, count, dimensions, 99, 25);
            query.excluded = vec![4999, 0, 17, 17];
            let wanted = brute_force(&vectors, &query);
            let all: Vec<_> = [1, 2, 3, 8]
                .into_iter()
                .map(|threads| in_threads(threads, || answers(&vectors, &query)))
                .collect();
            assert_same(&all[0][0].hits, &wanted, 25);
            for (first, other) in all[1..].iter().flat_map(|others| all[0].iter().zip(others)) {
                assert_eq!(first.hits, other.hits);
                assert_eq!(first.rescored, other.rescored, "{}", first.plane);
            }
            assert_eq!(all[0][0].scanned, 5000);
            if dimensions >= 50 {
                let rescored = all[0][0].rescored;
                assert!(rescored < 500, "{objective:?} rescored {rescored}");
            }
        }
    }
}

#[test]
fn equal_rows_come_by_rank() {
    let mut rows = random_rows(6000, 20, 5);
    let first = rows.row(2).to_owned();
    for row in [5999, 4000, 77] {
        rows.row_mut(row).assign(&first);
    }
    let vectors = vectors(rows);
    let query = Query {
        vectors: first.insert_axis(ndarray::Axis(0)),
        objective: Objective::Cosine,
        excluded: vec![2],
        filter: Filter::default(),
        count: 3,
    };
    let answer = answer(&vectors, &query);
    assert_eq!(answer.hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [77, 4000, 5999]);
}

#[test]
fn broken_rows_never_win_and_extreme_ones_do() {
    let rows = ndarray::array![
        [0.0, 0.0, 0.0],
        [f32::NAN, 1.0, 1.0],
        [f32::INFINITY, 1.0, 1.0],
        [1e38, 1e38, 1e38],
        [1e-40, 1e-40, 1e-40],
        [1.0, 1.0, 0.9],
        [f32::NEG_INFINITY, f32::INFINITY, 0.0],
        [-1.0, -1.0, -1.0],
    ];
    let vectors = vectors(rows);
    let mut query = query(&Objective::Cosine, 1, 3, 1, 100);
    query.vectors.fill(1.0);
    let answer = self::answer(&vectors, &query);
    // Rows 3 and 4 point in one direction, up to the last bit of f64.
    let mut order: Vec<_> = answer.hits.iter().map(|hit| hit.row).collect();
    order[..2].sort_unstable();
    assert_eq!(order, [3, 4, 5, 7]);
    for (objective, count) in objectives() {
        query.objective = objective;
        query.vectors = random_rows(count, 3, 8);
        let answer = self::answer(&vectors, &query);
        assert_same(&answer.hits, &brute_force(&vectors, &query), 100);
        assert_eq!(answer.hits.len(), 4);
    }
    let norms = row_norms(vectors.rows());
    assert!(norms[1].is_nan() && norms[2].is_infinite() && norms[0] == 0.0 && norms[4] > 0.0);
    assert!((norms[5] - 2.81f32.sqrt()).abs() < 1e-6);
}

#[test]
fn a_file_of_zeros_has_no_answer() {
    let vectors = vectors(Array2::zeros((3000, 4)));
    let query = query(&Objective::Cosine, 1, 4, 1, 5);
    assert!(answer(&vectors, &query).hits.is_empty());
}

#[test]
fn filters_and_empty_answers() {
    let vectors = vectors(random_rows(5000, 10, 5));
    let mut query = query(&Objective::Cosine, 1, 10, 4, 7);
    let filters = [
        Filter { ranks: Some(100..4000), ..Filter::default() },
        Filter { ranks: Some(4990..usize::MAX), ..Filter::default() },
        #[allow(clippy::reversed_empty_ranges)]
        Filter { ranks: Some(40..30), ..Filter::default() },
        Filter { ranks: Some(6000..7000), ..Filter::default() },
        Filter { pattern: Some(regex::bytes::Regex::new("^w1.*7$").unwrap()), ..Filter::default() },
        Filter { pattern: Some(regex::bytes::Regex::new("nothing").unwrap()), ..Filter::default() },
        Filter {
            words: Some(Arc::new(HashSet::from([b"w5".to_vec(), b"w4999".to_vec()]))),
            ..Filter::default()
        },
        Filter { words: Some(Arc::default()), ..Filter::default() },
    ];
    for filter in filters {
        query.filter = filter;
        let answer = self::answer(&vectors, &query);
        assert_same(&answer.hits, &brute_force(&vectors, &query), 7);
    }
    query.filter = Filter::default();
    query.count = 0;
    assert!(search(&vectors, &query, &Progress::unobserved()).unwrap().hits.is_empty());
    query.count = usize::MAX;
    assert_eq!(search(&vectors, &query, &Progress::unobserved()).unwrap().hits.len(), 5000);
}

#[test]
fn hundreds_of_questions_are_answered_as_each_alone() {
    let dimensions = 33;
    let vectors = vectors(random_rows(5_000, dimensions, 9));
    let mut queries: Vec<Query> = Vec::new();
    for seed in 0..70 {
        for (objective, count) in objectives() {
            queries.push(query(&objective, count, dimensions, 100 + seed, 1 + seed as usize % 12));
        }
    }
    for (index, query) in queries.iter_mut().enumerate() {
        query.excluded = vec![index, 4_999];
        if index % 7 == 0 {
            query.filter.ranks = Some(index..3_000);
        }
        if index % 31 == 0 {
            query.count = 0;
        }
    }
    for threads in [1, 3] {
        let progress = Progress::unobserved();
        let together = in_threads(threads, || search_together(&vectors, &queries, &progress).unwrap());
        assert_eq!(together.len(), queries.len());
        for (query, answer) in queries.iter().zip(&together) {
            let alone = search(&vectors, query, &progress).unwrap();
            assert_eq!((&answer.hits, answer.scanned), (&alone.hits, alone.scanned));
        }
    }
    assert!(search_together(&vectors, &[], &Progress::unobserved()).unwrap().is_empty());
    let progress = Progress::default();
    progress.cancel();
    let cancelled = search_together(&vectors, &queries, &progress);
    assert!(matches!(cancelled, Err(VectorsError::Cancelled(_))));
}

#[test]
fn the_rank_is_the_place_in_the_full_answer() {
    let vectors = vectors(random_rows(4100, 12, 5));
    for (objective, count) in objectives() {
        let mut query = query(&objective, count, 12, 4, usize::MAX);
        query.excluded = vec![9];
        let answer = search(&vectors, &query, &Progress::unobserved()).unwrap();
        for place in [1, 2, 50, 2000, answer.hits.len()] {
            let row = answer.hits[place - 1].row;
            assert_eq!(rank(&vectors, &query, row, &Progress::unobserved()).unwrap(), Some(place));
        }
        assert_eq!(rank(&vectors, &query, 9, &Progress::unobserved()).unwrap(), None);
    }
}

#[test]
fn questions_that_make_no_sense_are_refused() {
    let vectors = vectors(random_rows(10, 4, 5));
    let ask = |query: &Query| search(&vectors, query, &Progress::unobserved());
    assert!(matches!(
        ask(&query(&Objective::Cosine, 1, 5, 1, 3)),
        Err(VectorsError::DimensionMismatch { expected: 4, found: 5, .. })
    ));
    assert!(matches!(ask(&query(&Objective::Cosine, 2, 4, 1, 3)), Err(VectorsError::Request(_))));
    assert!(matches!(ask(&query(&Objective::PairDirection, 1, 4, 1, 3)), Err(VectorsError::Request(_))));
    let mut broken = query(&Objective::Cosine, 1, 4, 1, 3);
    broken.vectors.fill(0.0);
    assert!(matches!(ask(&broken), Err(VectorsError::NoDirection { .. })));
    broken.vectors.fill(f32::NAN);
    assert!(matches!(ask(&broken), Err(VectorsError::NoDirection { .. })));
    let cancelled = Progress::unobserved();
    cancelled.cancel();
    assert!(matches!(
        search(&vectors, &query(&Objective::Cosine, 1, 4, 1, 3), &cancelled),
        Err(VectorsError::Cancelled(_))
    ));
}

/// Rows of codes are a plane as they are: answers and ranks are those of their numbers.
#[test]
fn rows_of_codes_are_searched_as_what_they_stand_for() {
    let (rows, dimensions) = (4500, 33);
    let plane = Int8Plane::encoded(&Rows::Owned(random_rows(rows, dimensions, 11)));
    let codes = lexiscope::mmap::Bytes::from_vec(bytemuck::cast_slice(plane.codes(0..rows)).to_vec());
    let scales = (0..rows).map(|row| if row % 500 == 3 { 0.0 } else { 1.0 + row as f32 }).collect();
    let coded = of_rows(Rows::Int8 { codes, scales, dimensions });
    assert!(lexiscope::vectors::planes::stored::planes(&coded).is_some());
    for (objective, count) in objectives() {
        let query = query(&objective, count, dimensions, 4, 30);
        let answer = search(&coded, &query, &Progress::unobserved()).unwrap();
        assert_eq!(answer.plane, "int8");
        assert_same(&answer.hits, &brute_force(&coded, &query), 30);
        for place in [1, 7, 30] {
            let row = answer.hits[place - 1].row;
            assert_eq!(rank(&coded, &query, row, &Progress::unobserved()).unwrap(), Some(place));
        }
    }
}

/// Codes that are far off still give the right answer, only later.
#[test]
fn rows_with_one_large_number_are_told_apart_by_their_own() {
    let mut rows = random_rows(3000, 64, 13);
    rows.mapv_inplace(|value| value * 1e-3);
    rows.column_mut(5).fill(1.0);
    let vectors = vectors(rows);
    for (objective, count) in objectives() {
        let mut query = query(&objective, count, 64, 21, 12);
        query.vectors.column_mut(5).fill(40.0);
        assert_same(&answer(&vectors, &query).hits, &brute_force(&vectors, &query), 12);
    }
}

/// Rows with every kind of oddity, small numbers of values so that ties are common.
fn odd_value() -> impl Strategy<Value = f32> {
    prop_oneof![
        8 => prop::sample::select(vec![-2.0f32, -1.0, 0.0, 0.5, 1.0, 2.0]),
        1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, 1e30, 1e-30, f32::MIN_POSITIVE, 3e38]),
        2 => -3.0f32..3.0,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_rows_as_brute_force(
        values in prop::collection::vec(odd_value(), 3 * 60),
        choice in 0usize..5,
        count in 0usize..70,
        excluded in prop::collection::vec(0usize..60, 0..5),
        seed in any::<u64>(),
    ) {
        let vectors = vectors(Array2::from_shape_vec((60, 3), values).unwrap());
        let (objective, queries) = objectives()[choice].clone();
        let mut query = query(&objective, queries, 3, seed, count);
        query.excluded = excluded;
        let answer = in_threads(2, || answer(&vectors, &query));
        assert_same(&answer.hits, &brute_force(&vectors, &query), count);
    }
}
