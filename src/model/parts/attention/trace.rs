//! What one attention computed.

use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayViewD, Axis, s};

use super::description::{Attention, shared_head};
use super::mask::Mask;
use crate::matmul;
use crate::model::keep::Keep;

/// What one attention computed.
#[derive(Debug, Clone, Default)]
pub struct AttentionTrace {
    /// Queries `[H, T, E]`, after norm and rotation where there are such.
    pub query: Option<Array3<f32>>,
    /// Keys `[G, S, E]`, after norm and rotation where there are such.
    pub key: Option<Array3<f32>>,
    /// Queries before their norm `[H, T, E]`, where there is one; on a tape only.
    pub unnormed_query: Option<Array3<f32>>,
    /// Keys before their norm `[G, S, E]`, where there is one; on a tape only.
    pub unnormed_key: Option<Array3<f32>>,
    /// Queries before rotation, where there is one; not on a tape.
    pub unrotated_query: Option<Array3<f32>>,
    /// Keys before rotation, where there is one; not on a tape.
    pub unrotated_key: Option<Array3<f32>>,
    /// Values `[G, S, E]`.
    pub value: Option<Array3<f32>>,
    /// What softmax saw `[H, T, S]`: q·k x scale + position bias, capped where the attention caps;
    /// minus infinity where masked. On a tape only where there is a cap.
    pub scores: Option<Array3<f32>>,
    /// Softmax of the scores `[H, T, S]`; rows sum to 1, masked entries are exactly 0.
    pub weights: Array3<f32>,
    /// What the weights became before values were weighed with them, `[H, T, S]`, where they did.
    pub shaped: Option<Array3<f32>>,
    /// Weighted values `[H, T, E]`.
    pub head_outputs: Option<Array3<f32>>,
}

impl AttentionTrace {
    /// q·k of one query of a head with every key `[S]`, before the scale: computed when it is asked
    /// for, as it is a third of all maps and follows from what is kept. `None` where queries and keys
    /// were not kept, or the head has no such query.
    pub fn products_of(&self, head: usize, query: usize) -> Option<Array1<f32>> {
        let (queries, keys) = (self.query.as_ref()?, self.key.as_ref()?);
        let (heads, count, _) = queries.dim();
        if head >= heads || query >= count {
            return None;
        }
        let keys = keys_of(keys, head, heads);
        let mut products = Array2::zeros((1, keys.nrows()));
        matmul::multiply_transposed_here(
            queries.slice(s![head, query..=query, ..]),
            keys,
            products.view_mut(),
        );
        Some(products.remove_axis(Axis(0)))
    }

    /// q·k of one cell of a head, before the scale, to the last bit as the pass with this mask had it: it
    /// multiplies blocks, in which a sum may be rounded in another order than in one row alone. `None` as in
    /// [`AttentionTrace::products_of`], or where there is no such key.
    pub fn product(&self, mask: Mask, head: usize, query: usize, key: usize) -> Option<f32> {
        let (queries, keys) = (self.query.as_ref()?, self.key.as_ref()?);
        let (heads, count, _) = queries.dim();
        let keys = keys_of(keys, head.min(heads.checked_sub(1)?), heads);
        let (rows, seen) = mask.blocks(0, count, keys.nrows()).find(|(rows, _)| rows.contains(&query))?;
        if head >= heads || !seen.contains(&key) {
            return self.products_of(head, query)?.get(key).copied();
        }
        let mut products = Array2::zeros((rows.len(), seen.len()));
        let block = queries.slice(s![head, rows.clone(), ..]);
        matmul::multiply_transposed_here(block, keys.slice(s![seen, ..]), products.view_mut());
        Some(products[[query - rows.start, key]])
    }

    /// q·k `[H, T, S]` of one text, before the scale, as [`AttentionTrace::products_of`] has it.
    pub fn products(&self) -> Option<Array3<f32>> {
        let (queries, keys) = (self.query.as_ref()?, self.key.as_ref()?);
        let (heads, count, _) = queries.dim();
        let mut products = Array3::zeros((heads, count, keys.dim().1));
        for (head, mut products) in products.axis_iter_mut(Axis(0)).enumerate() {
            let query = queries.index_axis(Axis(0), head);
            matmul::multiply_transposed(query, keys_of(keys, head, heads), products.view_mut());
        }
        Some(products)
    }

    /// Everything that was kept but the weights, by name.
    pub fn stages(&self) -> Vec<(&'static str, ArrayViewD<'_, f32>)> {
        let all = [
            ("unnormed_query", &self.unnormed_query),
            ("unnormed_key", &self.unnormed_key),
            ("unrotated_query", &self.unrotated_query),
            ("unrotated_key", &self.unrotated_key),
            ("query", &self.query),
            ("key", &self.key),
            ("value", &self.value),
            ("scores", &self.scores),
            ("shaped", &self.shaped),
            ("head_outputs", &self.head_outputs),
        ];
        let kept = all.into_iter().filter_map(|(name, stage)| Some((name, stage.as_ref()?)));
        kept.map(|(name, stage)| (name, stage.view().into_dyn())).collect()
    }
}

/// The keys `[S, E]` that `head` of so many looks at, of those of all groups.
fn keys_of(keys: &Array3<f32>, head: usize, heads: usize) -> ArrayView2<'_, f32> {
    keys.index_axis(Axis(0), shared_head(head, heads, keys.dim().0))
}

impl Attention {
    /// How many numbers its trace has of `t` tokens that look at `s`.
    pub fn numbers_kept(&self, t: u64, s: u64, keep: Keep) -> u64 {
        let (h, g, e) = (self.heads as u64, self.key_value_heads as u64, self.head_size as u64);
        let shaped = u64::from(self.shaping.is_some()) * h * t * s;
        match keep {
            Keep::Logits => 0,
            Keep::Weights => h * t * s,
            Keep::Tape => {
                let maps = if self.soft_cap.is_some() { 2 } else { 1 };
                let before_norms = u64::from(self.query_norm.is_some()) * h * t * e
                    + u64::from(self.key_norm.is_some()) * g * s * e;
                maps * h * t * s + shaped + 2 * h * t * e + 2 * g * s * e + before_norms
            }
            Keep::Everything => 2 * h * t * s + shaped + 3 * h * t * e + 3 * g * s * e,
        }
    }
}
