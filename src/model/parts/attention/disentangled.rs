//! Position as vectors of its own that queries and keys meet (He et al. 2021, section 3.1).
//!
//! A score is scale (q·k + q·K + k·Q): K and Q are the key and the query of the distance between the
//! two tokens, made from one table for all layers by maps that may be the layer's own.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, concatenate, s};

use crate::matmul;
use crate::model::gradients::Gradients;
use crate::model::interventions::Place;
use crate::model::linear::Linear;
use crate::model::normalisation::{Norm, normalise};
use crate::model::parameters::{Parameter, parameters_in};

/// Learned vectors of distances, met by queries and keys.
#[derive(Debug, Clone)]
pub struct Disentangled {
    /// `[2 S, D]`: one vector a bucket of distances.
    pub table: Parameter,
    /// A norm over the vectors.
    pub norm: Option<Norm>,
    /// `[H E, D]`, from a vector to the key that queries meet; `None` without that term.
    pub key: Option<Linear>,
    /// `[H E, D]`, from a vector to the query that keys meet; `None` without that term.
    pub query: Option<Linear>,
    /// Which vector stands for a distance.
    pub buckets: DistanceBuckets,
}

parameters_in!(Disentangled: table, norm, key, query);

/// From a distance to a row of the table: small distances have one each, larger ones share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DistanceBuckets {
    /// S: half as many as there are buckets.
    pub span: usize,
    /// Where the shared buckets end; `None` when every distance up to S has its own.
    pub maximum: Option<usize>,
}

impl DistanceBuckets {
    /// The row for query position minus key position `distance`, from 0 to 2 S - 1 (DeBERTa's
    /// `make_log_bucket_position`).
    pub fn row(self, distance: isize) -> usize {
        let (span, middle) = (self.span as isize, self.span / 2);
        let size = distance.unsigned_abs();
        let bucket = match self.maximum {
            Some(maximum) if size > middle => {
                let growth = (size as f64 / middle as f64).ln() / ((maximum - 1) as f64 / middle as f64).ln();
                let far = (middle as f64 + (growth * (middle - 1) as f64).ceil()) as isize;
                far * distance.signum()
            }
            _ => distance,
        };
        (bucket + span).clamp(0, 2 * span - 1) as usize
    }
}

/// The vectors of the distances that one pass needs.
pub(super) struct Terms {
    /// Row of the table that row 0 here is.
    first: usize,
    /// `[rows, H E]`.
    keys: Option<Array2<f32>>,
    /// `[rows, H E]`.
    queries: Option<Array2<f32>>,
    /// What both are made of, `[rows, D]`.
    vectors: Array2<f32>,
    buckets: DistanceBuckets,
}

/// The gradients of what one head has of every distance, `[rows, E]`.
pub(super) struct TermGradients {
    keys: Option<Array2<f32>>,
    queries: Option<Array2<f32>>,
}

/// What is added to q·k in the map of one head.
pub(super) struct HeadTerms<'a> {
    terms: &'a Terms,
    /// Every query with the key of every distance, `[T, rows]`.
    by_query: Option<Array2<f32>>,
    /// Every key with the query of every distance, `[S, rows]`.
    by_key: Option<Array2<f32>>,
}

impl Disentangled {
    /// The vectors for a pass over `tokens` tokens, told their places by `place`.
    pub(super) fn terms(&self, tokens: usize, place: &Place<'_>) -> Terms {
        let told = (0..tokens).filter_map(|token| place.position(token));
        let (least, most) = told.fold((usize::MAX, 0), |(least, most), at| (least.min(at), most.max(at)));
        let reach = most.saturating_sub(least) as isize;
        let (first, last) = (self.buckets.row(-reach), self.buckets.row(reach));
        let table = self.table.to_matrix();
        let mut rows = table.slice(s![first..=last, ..]).to_owned();
        if let Some(norm) = &self.norm {
            normalise(norm, &mut rows);
        }
        let through = |map: &Option<Linear>| map.as_ref().map(|map| map.apply(rows.view()));
        let (keys, queries) = (through(&self.key), through(&self.query));
        Terms { first, keys, queries, vectors: rows, buckets: self.buckets }
    }

    /// Adds the gradients of table, norm and maps, given those of every head.
    pub(super) fn backward(&self, terms: &Terms, heads: &[TermGradients], gradients: &mut Gradients) {
        let mut of_vectors = Array2::zeros(terms.vectors.raw_dim());
        let mut through = |map: &Option<Linear>, of: fn(&TermGradients) -> Option<&Array2<f32>>| {
            let Some(map) = map else { return };
            let views: Vec<_> = heads.iter().filter_map(of).map(|of| of.view()).collect();
            let joined = concatenate(Axis(1), &views).expect("as many distances in every head");
            map.backward(terms.vectors.view(), joined.view(), Some(&mut of_vectors), gradients);
        };
        through(&self.key, |head| head.keys.as_ref());
        through(&self.query, |head| head.queries.as_ref());
        let last = terms.first + terms.vectors.nrows();
        if let Some(norm) = &self.norm {
            let before = self.table.to_matrix().slice(s![terms.first..last, ..]).to_owned();
            norm.backward(&before, &mut of_vectors, gradients);
        }
        let width = of_vectors.ncols();
        let table = &mut gradients.of_mut(&self.table)[terms.first * width..];
        table.iter_mut().zip(&of_vectors).for_each(|(sum, number)| *sum += number);
    }
}

impl Terms {
    /// For the map of `head` with queries `[T, E]` and keys `[S, E]`.
    pub(super) fn of_head(
        &self,
        head: usize,
        query: ArrayView2<'_, f32>,
        key: ArrayView2<'_, f32>,
    ) -> HeadTerms<'_> {
        let product = |tokens: ArrayView2<'_, f32>, vectors: &Option<Array2<f32>>| {
            let size = tokens.ncols();
            vectors.as_ref().map(|vectors| {
                let vectors = vectors.slice(s![.., head * size..(head + 1) * size]);
                let mut products = Array2::zeros((tokens.nrows(), vectors.nrows()));
                matmul::multiply_transposed_here(tokens, vectors, products.view_mut());
                products
            })
        };
        HeadTerms { terms: self, by_query: product(query, &self.keys), by_key: product(key, &self.queries) }
    }
}

impl Terms {
    /// Zeros, for heads of `size` numbers.
    pub(super) fn no_gradients(&self, size: usize) -> TermGradients {
        let zeros = |vectors: &Option<Array2<f32>>| {
            vectors.as_ref().map(|vectors| Array2::zeros((vectors.nrows(), size)))
        };
        TermGradients { keys: zeros(&self.keys), queries: zeros(&self.queries) }
    }

    /// Adds to the gradients of queries, keys and distances of `head`, given that of its scaled
    /// products `[T, S]`; `told` is where a token is told to stand.
    pub(super) fn backward(
        &self,
        head: usize,
        [query, key]: [ArrayView2<'_, f32>; 2],
        products: &Array2<f32>,
        told: &dyn Fn(usize) -> Option<usize>,
        [of_query, of_key]: [ArrayViewMut2<'_, f32>; 2],
        gradients: &mut TermGradients,
    ) {
        let rows = self.vectors.nrows();
        let mut by_query = Array2::zeros((products.nrows(), rows));
        let mut by_key = Array2::zeros((products.ncols(), rows));
        for ((i, j), &gradient) in products.indexed_iter() {
            if let (Some(from), Some(to)) = (told(i), told(j)) {
                let row = self.buckets.row(from as isize - to as isize) - self.first;
                by_query[[i, row]] += gradient;
                by_key[[j, row]] += gradient;
            }
        }
        let columns = head * query.ncols()..(head + 1) * query.ncols();
        let pairs = [
            (&self.keys, &mut gradients.keys, by_query, query, of_query),
            (&self.queries, &mut gradients.queries, by_key, key, of_key),
        ];
        for (vectors, of_vectors, products, tokens, of_tokens) in pairs {
            if let (Some(vectors), Some(of_vectors)) = (vectors, of_vectors) {
                let vectors = vectors.slice(s![.., columns.clone()]);
                matmul::add_product_here(products.view(), vectors, of_tokens);
                matmul::add_product_here(products.t(), tokens, of_vectors.view_mut());
            }
        }
    }
}

impl HeadTerms<'_> {
    /// What is added for row `query` and column `key` of the map, told to stand at `from` and `to`.
    pub(super) fn at(&self, query: usize, key: usize, from: usize, to: usize) -> f32 {
        let row = self.terms.buckets.row(from as isize - to as isize) - self.terms.first;
        let of = |products: &Option<Array2<f32>>, token| {
            products.as_ref().map_or(0.0, |products| products[[token, row]])
        };
        of(&self.by_query, query) + of(&self.by_key, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `make_log_bucket_position` in transformers for 8 buckets up to 16, shifted by 8 and
    /// clipped as `c2p_pos` is.
    #[test]
    fn distances_fall_into_the_authors_buckets() {
        let buckets = DistanceBuckets { span: 8, maximum: Some(16) };
        let rows: Vec<usize> = (0..20).map(|distance| buckets.row(distance)).collect();
        assert_eq!(rows, [8, 9, 10, 11, 12, 13, 13, 14, 14, 14, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15]);
        let mirrored: Vec<usize> = (0..20).map(|distance| buckets.row(-distance)).collect();
        assert_eq!(mirrored, [8, 7, 6, 5, 4, 3, 3, 2, 2, 2, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
        let plain = DistanceBuckets { span: 3, maximum: None };
        assert_eq!(
            (-5..6).map(|distance| plain.row(distance)).collect::<Vec<_>>(),
            [0, 0, 0, 1, 2, 3, 4, 5, 5, 5, 5]
        );
    }
}
