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
    let map = |role| attention.head_map(role, head).weight;
    let (query, key, value) = (map(Role::Query), map(Role::Key), map(Role::Value));
    HeadMaps { query, key, value, output: output_map(attention, head) }
}

/// The part of the output map that takes in `head`, `[D, E]`.
pub fn output_map(attention: &Attention, head: usize) -> Array2<f32> {
    let size = attention.head_size;
    let columns = head * size..(head + 1) * size;
    match &attention.output {
        Some(output) => output.out_in(&output.matrix()).slice(s![.., columns]).to_owned(),
        // Heads stand side by side in what it makes.
        None => Array2::eye(attention.heads * size).slice(s![.., columns]).to_owned(),
    }
}
