//! The weights of one head, cut out of however its family stores them.

use ndarray::{Array2, s};

use crate::model::network::{Attention, Role};

/// The four maps of one head, without biases. E is the head size and D the hidden size.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadMaps {
    /// From the stream to the query, `[E, D]`.
    pub query: Array2<f32>,
    /// To the key (shared by several heads where there are fewer key/value heads), `[E, D]`.
    pub key: Array2<f32>,
    /// To the value, `[E, D]`.
    pub value: Array2<f32>,
    /// From the head's output back to the stream, `[D, E]`.
    pub output: Array2<f32>,
}

/// The maps of `head`, which must exist.
pub fn head_maps(attention: &Attention, head: usize) -> HeadMaps {
    let map = |role| {
        let (linear, rows) = attention.rows(role, head);
        let stored = linear.matrix();
        linear.out_in(&stored).slice(s![rows, ..]).to_owned()
    };
    let (query, key, value) = (map(Role::Query), map(Role::Key), map(Role::Value));
    HeadMaps { query, key, value, output: output_map(attention, head) }
}

/// The part of the output map that takes in `head`, `[D, E]`.
pub fn output_map(attention: &Attention, head: usize) -> Array2<f32> {
    let stored = attention.output.matrix();
    let size = attention.head_size;
    attention.output.out_in(&stored).slice(s![.., head * size..(head + 1) * size]).to_owned()
}
