//! The one forward pass, for every network.

use ndarray::{Array2, ArrayView2, ArrayView3, Axis, s};

use super::attention::{Place, apply_linear, attend};
use super::cache::KeyValueCache;
use super::embedding::{embed_patches, embed_tokens};
use super::error::{ModelError, Result};
use super::feed_forward::feed_forward;
use super::interventions::Interventions;
use super::network::{Block, Decoder, Embedding, Head, Kind, Network, Norm, ResidualLayout};
use super::normalisation::normalise;
use super::trace::{EmbeddingTrace, Keep, LayerTrace, Trace, bytes_needed};
use crate::progress::Progress;

/// What goes into a pass.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// Token ids.
    Tokens(&'a [u32]),
    /// The encoder's token ids and the decoder's.
    Pair(&'a [u32], &'a [u32]),
    /// A normalised image `[C, side, side]`.
    Image(ArrayView3<'a, f32>),
}

/// How a pass is to be made.
#[derive(Debug, Clone)]
pub struct PassOptions {
    /// What is kept.
    pub keep: Keep,
    /// What is changed.
    pub interventions: Interventions,
    /// The largest trace that is made, in bytes.
    pub memory_limit: u64,
    /// Whether logits are computed for the last token only.
    pub last_logits_only: bool,
}

impl Default for PassOptions {
    fn default() -> Self {
        Self {
            keep: Keep::Everything,
            interventions: Interventions::default(),
            memory_limit: 4 << 30,
            last_logits_only: false,
        }
    }
}

/// Runs `network` on `input` and keeps what `options` ask for. Progress counts blocks.
///
/// # Errors
/// [`ModelError::Request`] when the input does not fit the network (a text too long, a token id
/// outside the vocabulary, an image of another size), [`ModelError::TraceTooLarge`],
/// [`ModelError::Cancelled`].
pub fn forward(
    network: &Network,
    input: &Input<'_>,
    options: &PassOptions,
    progress: &Progress,
) -> Result<Trace> {
    let (tokens, decoder_tokens) = match input {
        Input::Tokens(tokens) => (tokens.len(), tokens.len()),
        Input::Pair(tokens, decoder) => (tokens.len(), decoder.len()),
        Input::Image(_) => (network.maximum_tokens.unwrap_or(1), 0),
    };
    let needed = bytes_needed(network, tokens, decoder_tokens, options.keep);
    if needed > options.memory_limit {
        return Err(ModelError::TraceTooLarge { tokens, needed, limit: options.memory_limit });
    }
    let decoder_blocks = network.decoder.as_ref().map_or(0, |decoder| decoder.blocks.len());
    progress.start((network.blocks.len() + decoder_blocks) as u64);
    // PyTorch's ViT reports the last state before its final norm; every other family after it.
    let last_state_before_norm = network.kind == Kind::Vision;
    let mut pass = Pass { options, progress, last_state_before_norm, trace: Trace::default() };
    pass.trace.tokens = match input {
        Input::Tokens(ids) | Input::Pair(ids, _) => ids.to_vec(),
        Input::Image(_) => Vec::new(),
    };
    let (x, embedding) = embed(network, input, options)?;
    if options.keep != Keep::Logits {
        pass.trace.embedding = embedding;
    }
    let x = pass.run_stack(&network.blocks, network.final_norm.as_ref(), x, None)?;
    let x = match &network.decoder {
        Some(decoder) => pass.run_decoder(network, decoder, input, x)?,
        None => x,
    };
    if let Some(head) = &network.head {
        pass.trace.logits = Some(logits(head, &x, options.last_logits_only));
    }
    Ok(pass.trace)
}

/// The logits of the stream `x` `[T, D]`.
pub fn logits(head: &Head, x: &Array2<f32>, last_only: bool) -> Array2<f32> {
    let rows = match (head.first_token_only, last_only) {
        (true, _) => x.slice(s![..1, ..]),
        (false, true) => x.slice(s![-1.., ..]),
        (false, false) => x.view(),
    };
    let mut rows = rows.to_owned();
    if let Some((linear, activation, norm)) = &head.transform {
        rows = apply_linear(linear, rows.view());
        rows.mapv_inplace(|value| activation.apply(value));
        normalise(norm, &mut rows);
    }
    if head.scale != 1.0 {
        rows.mapv_inplace(|value| value * head.scale);
    }
    apply_linear(&head.projection, rows.view())
}

/// Runs `network` on further `tokens` after those in `caches` (one a block, empty at first) and
/// returns the logits of the last one `[1, V]`. For networks that generate.
///
/// # Errors
/// As [`forward`].
pub fn continue_with(
    network: &Network,
    tokens: &[u32],
    past: usize,
    caches: &mut Vec<KeyValueCache>,
) -> Result<Array2<f32>> {
    let interventions = Interventions::default();
    let Embedding::Tokens(embedding) = &network.embedding else {
        return Err(ModelError::Request(format!("{} does not generate text", network.family)));
    };
    let Some(head) = &network.head else {
        return Err(ModelError::Request(
            "this checkpoint has no output matrix, so it predicts nothing".into(),
        ));
    };
    caches.resize_with(network.blocks.len(), KeyValueCache::default);
    let (mut x, _) = embed_tokens(network, embedding, tokens, past, &interventions)?;
    for (block, cache) in network.blocks.iter().zip(caches) {
        let place = Place { layer: None, interventions: &interventions, past };
        x = run_block(block, x, None, Some(cache), &place, Keep::Logits).0;
    }
    if let Some(norm) = &network.final_norm {
        normalise(norm, &mut x);
    }
    Ok(logits(head, &x, true))
}

fn embed(
    network: &Network,
    input: &Input<'_>,
    options: &PassOptions,
) -> Result<(Array2<f32>, EmbeddingTrace)> {
    match (&network.embedding, input) {
        (Embedding::Tokens(embedding), Input::Tokens(ids) | Input::Pair(ids, _)) => {
            embed_tokens(network, embedding, ids, 0, &options.interventions)
        }
        (Embedding::Patches(embedding), Input::Image(image)) => {
            embed_patches(embedding, image.view(), &options.interventions)
        }
        (Embedding::Tokens(_), Input::Image(_)) => {
            Err(ModelError::Request(format!("{} reads text, not images", network.family)))
        }
        (Embedding::Patches(_), _) => {
            Err(ModelError::Request(format!("{} looks at images: give an image file", network.family)))
        }
    }
}

struct Pass<'a> {
    options: &'a PassOptions,
    progress: &'a Progress,
    last_state_before_norm: bool,
    trace: Trace,
}

impl Pass<'_> {
    /// Runs the blocks of the only stack or of the encoder, recording as it goes.
    fn run_stack(
        &mut self,
        blocks: &[Block],
        final_norm: Option<&Norm>,
        mut x: Array2<f32>,
        memory: Option<ArrayView2<'_, f32>>,
    ) -> Result<Array2<f32>> {
        let is_decoder = memory.is_some();
        let keep = self.options.keep;
        let unchanged = Interventions::default();
        let mut states = Vec::new();
        let mut layers = Vec::with_capacity(blocks.len());
        for (index, block) in blocks.iter().enumerate() {
            self.progress.check()?;
            if keep != Keep::Logits {
                states.push(x.clone());
            }
            let place = if is_decoder {
                Place { layer: None, interventions: &unchanged, past: 0 }
            } else {
                Place { layer: Some(index), interventions: &self.options.interventions, past: 0 }
            };
            let (after, layer) = run_block(block, x, memory, None, &place, keep);
            x = after;
            if keep != Keep::Logits {
                layers.push(layer);
            }
            self.progress.advance(1);
        }
        if keep != Keep::Logits && self.last_state_before_norm {
            states.push(x.clone());
        }
        if let Some(norm) = final_norm {
            normalise(norm, &mut x);
        }
        if keep != Keep::Logits && !self.last_state_before_norm {
            states.push(x.clone());
        }
        self.trace.hidden_states = states;
        if is_decoder {
            self.trace.decoder_layers = layers;
        } else {
            self.trace.layers = layers;
        }
        Ok(x)
    }

    fn run_decoder(
        &mut self,
        network: &Network,
        decoder: &Decoder,
        input: &Input<'_>,
        memory: Array2<f32>,
    ) -> Result<Array2<f32>> {
        let Embedding::Tokens(embedding) = &network.embedding else {
            return Err(ModelError::Request(format!("{} has no decoder for images", network.family)));
        };
        let ids = match input {
            Input::Pair(_, decoder_ids) => decoder_ids.to_vec(),
            Input::Tokens(ids) => shifted_right(ids, decoder.start_token),
            Input::Image(_) => Vec::new(),
        };
        let (x, _) = embed_tokens(network, embedding, &ids, 0, &Interventions::default())?;
        let x = self.run_stack(&decoder.blocks, decoder.final_norm.as_ref(), x, Some(memory.view()))?;
        self.trace.decoder_tokens = ids;
        if self.options.keep != Keep::Logits {
            self.trace.encoder_output = Some(memory);
        }
        Ok(x)
    }
}

/// The decoder input that belongs to a text: the start token, then the text without its last token.
pub fn shifted_right(ids: &[u32], start: u32) -> Vec<u32> {
    std::iter::once(start).chain(ids.iter().copied()).take(ids.len()).collect()
}

/// Runs one block on the stream `x` `[T, D]`.
fn run_block(
    block: &Block,
    x: Array2<f32>,
    memory: Option<ArrayView2<'_, f32>>,
    cache: Option<&mut KeyValueCache>,
    place: &Place<'_>,
    keep: Keep,
) -> (Array2<f32>, LayerTrace) {
    let everything = keep == Keep::Everything;
    let mut trace = LayerTrace { before: everything.then(|| x.clone()), ..Default::default() };
    let pre_norm = block.layout != ResidualLayout::PostNorm;

    let input = if pre_norm { normalised(&block.attention_norm, &x) } else { x.clone() };
    let (output, attention) = attend(&block.attention, input.view(), None, cache, place, keep);
    trace.attention = attention;
    let mut stream = &x + &output;
    if !pre_norm {
        normalise(&block.attention_norm, &mut stream);
    }
    if let (Some((norm, cross)), Some(memory)) = (&block.cross, memory) {
        let input = normalised(norm, &stream);
        let (output, cross) = attend(cross, input.view(), Some(memory), None, place, keep);
        trace.cross = Some(cross);
        stream += &output;
    }
    trace.between = everything.then(|| stream.clone());

    let input = match block.layout {
        ResidualLayout::PreNorm => normalised(&block.feed_forward_norm, &stream),
        ResidualLayout::Parallel => normalised(&block.feed_forward_norm, &x),
        ResidualLayout::PostNorm => stream.clone(),
    };
    let (output, feed_forward) = feed_forward(&block.feed_forward, input.view(), keep);
    trace.feed_forward = feed_forward;
    stream += &output;
    if !pre_norm {
        normalise(&block.feed_forward_norm, &mut stream);
    }
    trace.after = everything.then(|| stream.clone());
    (stream, trace)
}

fn normalised(norm: &Norm, x: &Array2<f32>) -> Array2<f32> {
    let mut x = x.clone();
    normalise(norm, &mut x);
    x
}

/// The mean of the last hidden state over all tokens, of length 1: the sentence vector of
/// sentence-transformers models. `None` when nothing was kept.
pub fn sentence_vector(trace: &Trace) -> Option<ndarray::Array1<f32>> {
    let mean = trace.hidden_states.last()?.mean_axis(Axis(0))?;
    let norm = mean.dot(&mean).sqrt();
    Some(if norm > 0.0 { mean / norm } else { mean })
}
