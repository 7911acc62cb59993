//! The weights of one head, cut out of however its family stores them.

use ndarray::{Array2, s};

use crate::model::network::{Attention, Linear, Projections};

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
    let size = attention.head_size;
    let shared = key_value_head(attention, head);
    let (query, key, value) = match &attention.projections {
        Projections::Separate { query, key, value } => {
            (rows(query, head * size, size), rows(key, shared * size, size), rows(value, shared * size, size))
        }
        Projections::FusedThirds(all) => {
            let part = |index: usize| rows(all, (index * attention.heads + head) * size, size);
            (part(0), part(1), part(2))
        }
        Projections::FusedByHead(all) => {
            let part = |index: usize| rows(all, (3 * head + index) * size, size);
            (part(0), part(1), part(2))
        }
    };
    HeadMaps { query, key, value, output: output_map(attention, head) }
}

/// The part of the output map that takes in `head`, `[D, E]`.
pub fn output_map(attention: &Attention, head: usize) -> Array2<f32> {
    let stored = attention.output.matrix();
    let size = attention.head_size;
    attention.output.out_in(&stored).slice(s![.., head * size..(head + 1) * size]).to_owned()
}

/// The key/value head that `head` uses: floor(head G / H) (Ainslie et al. 2023).
pub fn key_value_head(attention: &Attention, head: usize) -> usize {
    head / (attention.heads / attention.key_value_heads.max(1)).max(1)
}

fn rows(linear: &Linear, start: usize, count: usize) -> Array2<f32> {
    let stored = linear.matrix();
    linear.out_in(&stored).slice(s![start..start + count, ..]).to_owned()
}
