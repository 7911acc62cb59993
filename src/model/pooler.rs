//! One vector for a whole image or text: a learned question that looks at all tokens (SigLIP: Zhai et al.
//! 2023, after Lee et al. 2019, section 3.2).

use ndarray::Array2;

use super::interventions::{Interventions, Place};
use super::keep::Keep;
use super::normalisation::{Norm, normalised};
use super::parameters::{Parameter, parameters_in};
use super::parts::attention::{Attention, Texts, attend};
use super::parts::feed_forward::FeedForward;
use super::sequences::Sequences;

/// y + mlp(norm y) with y = attention(probe, stream).
#[derive(Debug, Clone)]
pub struct Pooler {
    /// What asks, `[1, 1, D]`.
    pub probe: Parameter,
    /// How it looks at the stream.
    pub attention: Attention,
    /// Over what it sees.
    pub norm: Norm,
    /// What is made of that.
    pub feed_forward: FeedForward,
}

parameters_in!(Pooler: probe, attention, norm, feed_forward);

impl Pooler {
    /// The vector of each text (or image) of the stream `x` `[T, D]` after its last norm, `[texts, D]`.
    pub fn run(&self, x: &Array2<f32>, sequences: &Sequences) -> Array2<f32> {
        let texts = sequences.count();
        let probe = self.probe.to_f32();
        let probes = Array2::from_shape_fn((texts, probe.len()), |(_, column)| probe[column]);
        let queries = Sequences::of(std::iter::repeat_n(1, texts));
        let unchanged = Interventions::default();
        let place = Place::of_block(0, 0, &unchanged);
        let keys = Texts { queries: &queries, keys: sequences };
        let (seen, _) =
            attend(&self.attention, probes.view(), Some(x.view()), None, keys, &place, Keep::Logits);
        let (made, _) = self.feed_forward.run(normalised(&self.norm, &seen).view(), Keep::Logits);
        seen + made
    }
}
