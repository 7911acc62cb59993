//! A network before it has learned anything: its configuration and its first weights.

use std::ops::Range;

use serde_json::{Value, json};

use super::digits::SIDE;
use crate::analysis::positions::PositionKind;
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::tensor::Tensor;
use crate::model::weights::Weights;
use crate::model::{Network, families};
use crate::random::Random;

/// The kinds of networks that can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkKind {
    /// A transformer with rotary positions.
    Causal,
    /// Elman's network.
    Rnn,
    /// Gated recurrent units.
    Gru,
    /// Long short-term memory.
    Lstm,
    /// An LSTM with attention heads on top.
    Hybrid,
    /// A transformer of simplified blocks.
    Simplified,
    /// A convolutional network, for digits.
    Cnn,
    /// A transformer of patches, for digits.
    Vit,
}

impl NetworkKind {
    /// Whether it looks at images rather than reading text.
    pub fn sees(self) -> bool {
        matches!(self, Self::Cnn | Self::Vit)
    }
}

/// What is to be trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blueprint {
    /// Which kind.
    pub kind: NetworkKind,
    /// V; of a network that sees, how many classes.
    pub vocabulary: usize,
    /// How many layers.
    pub layers: usize,
    /// D, or H.
    pub width: usize,
    /// How many heads, of a kind that has such.
    pub heads: usize,
    /// What the bias of an LSTM's forget gate starts from (Gers et al. 2000; Jozefowicz et al. 2015).
    pub forget_bias: f32,
    /// How a transformer is made.
    pub transformer: TransformerChoices,
}

/// What transformers do in one way or another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransformerChoices {
    /// How they are told where a token stands, if at all.
    pub position: Option<PositionKind>,
    /// The most tokens, where positions are a learned table.
    pub longest: usize,
    /// Whether blocks have a feed-forward part; simplified ones always have.
    pub feeds_forward: bool,
    /// Whether both parts of a simplified block read the same.
    pub is_parallel: bool,
    /// Which first weights those have that are not simplified.
    pub first_weights: FirstWeights,
}

/// What a transformer's maps start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstWeights {
    /// As torch.nn.Linear starts, the biases from 0.
    Plain,
    /// Pairs that belong together, so that few steps are enough.
    Related,
}

impl Default for TransformerChoices {
    fn default() -> Self {
        Self::USUAL
    }
}

impl TransformerChoices {
    /// What `train` makes.
    pub const USUAL: Self = Self {
        position: Some(PositionKind::Rotary),
        longest: 512,
        feeds_forward: true,
        is_parallel: false,
        first_weights: FirstWeights::Related,
    };

    fn position_name(self) -> &'static str {
        match self.position {
            None => "none",
            Some(PositionKind::Sinusoidal) => "sinusoidal",
            Some(PositionKind::Learned) => "learned",
            Some(PositionKind::Rotary) => "rotary",
            Some(PositionKind::Alibi) => "alibi",
            Some(PositionKind::T5) => "t5",
        }
    }

    /// The tables of positions.
    fn tables(self, first: &mut First, width: usize, heads: usize) {
        match self.position {
            Some(PositionKind::Learned) => {
                first.normal("position.weight", &[self.longest, width], EMBEDDING);
            }
            Some(PositionKind::T5) => first.constant("relative_bias.weight", &[T5_BUCKETS, heads], 0.0),
            _ => {}
        }
    }
}

impl Blueprint {
    /// What stands in `config.json`.
    pub fn config(&self) -> Value {
        let Self { vocabulary, layers, width, heads, .. } = *self;
        let recurrent = |model_type: &str| {
            json!({"model_type": model_type, "vocab_size": vocabulary, "embedding_size": width,
                "hidden_size": width, "num_layers": layers})
        };
        let choices = self.transformer;
        let transformer = |block: &str, inner: usize| {
            let mut config = json!({"model_type": "transformer", "vocab_size": vocabulary,
                "embedding_size": width, "num_layers": layers, "num_heads": heads, "feed_forward_size": inner,
                "position": choices.position_name(), "block": block});
            match choices.position {
                Some(PositionKind::Rotary) => config["rotary_base"] = json!(ROTARY_BASE),
                Some(PositionKind::Learned) => config["max_positions"] = json!(choices.longest),
                _ => {}
            }
            config
        };
        match self.kind {
            NetworkKind::Causal => transformer("pre_norm", if choices.feeds_forward { 4 * width } else { 0 }),
            NetworkKind::Simplified if choices.is_parallel => transformer("simplified_parallel", 4 * width),
            NetworkKind::Simplified => transformer("simplified", 4 * width),
            NetworkKind::Rnn => recurrent("rnn"),
            NetworkKind::Gru => recurrent("gru"),
            NetworkKind::Lstm => recurrent("lstm"),
            NetworkKind::Hybrid => {
                let mut config = recurrent("lstm_attention");
                config["num_heads"] = json!(heads);
                config
            }
            NetworkKind::Cnn => json!({"model_type": "cnn", "image_size": SIDE, "num_channels": 1,
                "convolution_channels": vec![width; layers], "num_labels": vocabulary}),
            NetworkKind::Vit => json!({"model_type": "vit", "image_size": SIDE, "patch_size": PATCH,
                "num_channels": 1, "hidden_size": width, "num_hidden_layers": layers,
                "num_attention_heads": heads, "intermediate_size": 4 * width, "hidden_act": "gelu",
                "layer_norm_eps": 1e-12, "qkv_bias": true, "id2label": names(vocabulary)}),
        }
    }

    /// The tensors one after the other, with their first numbers.
    fn fill(&self, first: &mut First) {
        match self.kind {
            NetworkKind::Causal => self.transformer(first),
            NetworkKind::Simplified => self.simplified(first),
            NetworkKind::Cnn => self.convolutional(first),
            NetworkKind::Vit => self.vision(first),
            _ => self.recurrent(first),
        }
    }

    /// How many numbers the network will have, before any is made.
    pub fn parameters(&self) -> u64 {
        let mut first = First { random: Random::new(0), tensors: Vec::new(), counted: 0, is_count: true };
        self.fill(&mut first);
        first.counted
    }

    fn recurrent(&self, first: &mut First) {
        let Self { vocabulary, layers, width, .. } = *self;
        let gates = match self.kind {
            NetworkKind::Rnn => 1,
            NetworkKind::Gru => 3,
            _ => 4,
        };
        // As torch.nn.Embedding and torch.nn.RNN, GRU and LSTM start.
        first.normal("embedding.weight", &[vocabulary, width], 1.0);
        let bound = 1.0 / (width as f64).sqrt();
        for layer in 0..layers {
            for of in ["ih", "hh"] {
                first.uniform(&format!("rnn.weight_{of}_l{layer}"), &[gates * width, width], bound);
                first.uniform(&format!("rnn.bias_{of}_l{layer}"), &[gates * width], bound);
            }
            if gates == 4 {
                let bias = format!("rnn.bias_ih_l{layer}");
                first.add(&bias, width..2 * width, self.forget_bias);
            }
        }
        if self.kind == NetworkKind::Hybrid {
            for part in ["query", "key", "value", "output"] {
                first.linear(&format!("attention.{part}"), width, width, true);
            }
            first.norm("norm", width);
        }
        first.linear("head", vocabulary, width, true);
    }

    /// Maps start as pairs that belong together, as in networks that have learned (Trockman and Kolter
    /// 2023): queries are near the keys of the same token, what a head reads goes back to where it was
    /// read, and a token's output is its embedding. From maps without relation, small networks hardly
    /// learn within some million tokens to copy what followed before.
    fn transformer(&self, first: &mut First) {
        let Self { vocabulary, layers, width, heads, transformer: choices, .. } = *self;
        let is_related = choices.first_weights == FirstWeights::Related;
        let is_rotary = choices.position == Some(PositionKind::Rotary);
        first.normal("embedding.weight", &[vocabulary, width], EMBEDDING);
        choices.tables(first, width, heads);
        for layer in 0..layers {
            let name = |part: &str| format!("layers.{layer}.{part}");
            first.norm(&name("norm1"), width);
            for part in ["query", "key", "value", "output"] {
                first.linear(&name(&format!("attention.{part}")), width, width, true);
            }
            if is_related {
                first.copy(&name("attention.query.weight"), &name("attention.key.weight"));
                first.transpose(&name("attention.value.weight"), &name("attention.output.weight"), width);
            }
            if is_related && is_rotary {
                first.nearness([name("attention.query.bias"), name("attention.key.bias")], width);
            }
            if !choices.feeds_forward {
                continue;
            }
            first.norm(&name("norm2"), width);
            first.linear(&name("feed_forward.up"), 4 * width, width, true);
            first.linear(&name("feed_forward.down"), width, 4 * width, true);
            if is_related {
                // It joins the stream when it has learned something (Zhang et al. 2019, section 3).
                first.change(&name("feed_forward.down.weight"), |numbers| numbers.fill(0.0));
            }
        }
        if is_related && is_rotary {
            self.look_back(first);
        }
        first.norm("final_norm", width);
        first.linear("head", vocabulary, width, false);
        if is_related {
            first.copy("embedding.weight", "head.weight");
        }
    }

    /// Lets the first third of the lowest layer's heads start by position alone, from the token before:
    /// the bias of the key is that of the query, turned by one position.
    fn look_back(&self, first: &mut First) {
        let Self { width, heads, .. } = *self;
        let (size, looking) = (width / heads, heads / 3);
        let name = |part: &str| format!("layers.0.attention.{part}");
        first.change(&name("query.weight"), |numbers| numbers[..looking * size * width].fill(0.0));
        let (mut queries, mut keys) = (vec![0.0; looking * size], vec![0.0; looking * size]);
        for (query, key) in queries.chunks_exact_mut(size).zip(keys.chunks_exact_mut(size)) {
            for pair in 0..size / 2 {
                let angle = std::f64::consts::TAU * first.random.fraction();
                let turned = angle + ROTARY_BASE.powf(-2.0 * pair as f64 / size as f64);
                for (bias, angle) in [(&mut *query, angle), (&mut *key, turned)] {
                    bias[pair] = (LOOKING_BACK * angle.cos()) as f32;
                    bias[pair + size / 2] = (LOOKING_BACK * angle.sin()) as f32;
                }
            }
        }
        for (part, numbers) in [("query.bias", queries), ("key.bias", keys)] {
            first.change(&name(part), |before| before[..numbers.len()].copy_from_slice(&numbers));
        }
    }

    /// As the authors start: attention is the identity, the feed-forward part is small.
    fn simplified(&self, first: &mut First) {
        let Self { vocabulary, layers, width, heads, transformer: choices, .. } = *self;
        first.normal("embedding.weight", &[vocabulary, width], EMBEDDING);
        choices.tables(first, width, heads);
        for layer in 0..layers {
            let name = |part: &str| format!("layers.{layer}.{part}");
            first.constant(&name("norm1.weight"), &[width], 1.0);
            if !choices.is_parallel {
                first.constant(&name("norm2.weight"), &[width], 1.0);
                first.constant(&name("feed_forward_skip_gain"), &[1], 1.0);
            }
            first.linear(&name("attention.key"), width, width, true);
            first.constant(&name("attention.query.weight"), &[width, width], 0.0);
            first.constant(&name("attention.query.bias"), &[width], 0.0);
            for gain in ["identity", "softmax", "centre"] {
                first.constant(&name(&format!("attention.{gain}_gain")), &[heads], 1.0);
            }
            first.constant(&name("attention_gain"), &[1], 1.0);
            first.constant(&name("feed_forward_gain"), &[1], 0.1);
            first.linear(&name("feed_forward.up"), 4 * width, width, false);
            first.linear(&name("feed_forward.down"), width, 4 * width, false);
            if layer == 0 {
                first.constant(&name("attention.value.weight"), &[width, width], 0.0);
                first.constant(&name("attention.value_gain"), &[1], 1.0);
                first.constant(&name("attention.value_identity_gain"), &[1], 1.0);
            }
        }
        first.norm("final_norm", width);
        first.linear("head", vocabulary, width, false);
    }

    fn convolutional(&self, first: &mut First) {
        let Self { vocabulary: classes, layers, width, .. } = *self;
        for layer in 0..layers {
            let inputs = if layer == 0 { 1 } else { width };
            let bound = 1.0 / (9.0 * inputs as f64).sqrt();
            let name = format!("convolutions.{layer}");
            first.uniform(&format!("{name}.weight"), &[width, inputs, 3, 3], bound);
            first.constant(&format!("{name}.bias"), &[width], 0.0);
        }
        first.linear("head", classes, width * (SIDE / 2) * (SIDE / 2), true);
    }

    /// With the names that transformers gives.
    fn vision(&self, first: &mut First) {
        let Self { vocabulary: classes, layers, width, .. } = *self;
        let embedding = |part: &str| format!("vit.embeddings.{part}");
        first.normal(&embedding("cls_token"), &[1, 1, width], EMBEDDING);
        let tokens = 1 + (SIDE / PATCH) * (SIDE / PATCH);
        first.normal(&embedding("position_embeddings"), &[1, tokens, width], EMBEDDING);
        let projection = embedding("patch_embeddings.projection");
        let bound = 1.0 / PATCH as f64;
        first.uniform(&format!("{projection}.weight"), &[width, 1, PATCH, PATCH], bound);
        first.constant(&format!("{projection}.bias"), &[width], 0.0);
        for layer in 0..layers {
            let name = |part: &str| format!("vit.encoder.layer.{layer}.{part}");
            first.norm(&name("layernorm_before"), width);
            for part in ["attention.query", "attention.key", "attention.value", "output.dense"] {
                first.linear(&name(&format!("attention.{part}")), width, width, true);
            }
            first.norm(&name("layernorm_after"), width);
            first.linear(&name("intermediate.dense"), 4 * width, width, true);
            first.linear(&name("output.dense"), width, 4 * width, true);
        }
        first.norm("vit.layernorm", width);
        first.linear("classifier", classes, width, true);
    }

    /// The network with the weights that follow from `seed`.
    ///
    /// # Errors
    /// Sizes that do not fit each other.
    pub fn build(&self, seed: u64) -> Result<Network> {
        let mut first = First { random: Random::new(seed), tensors: Vec::new(), counted: 0, is_count: false };
        self.fill(&mut first);
        bind(self.config(), first.tensors)
    }
}

/// The network of a configuration with these weights.
///
/// # Errors
/// Sizes that do not fit each other.
pub fn bind(config: Value, tensors: Vec<Tensor>) -> Result<Network> {
    let config = Config::from_value("config.json".as_ref(), config);
    families::bind(&config, &Weights::from_tensors("model.safetensors".into(), tensors))
}

/// Pixels side by side of a patch that a transformer sees.
const PATCH: usize = 2;

/// The classes by number, as transformers writes them.
fn names(classes: usize) -> Value {
    (0..classes)
        .map(|class| (class.to_string(), json!(class.to_string())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Into how many buckets T5 sorts distances (Raffel et al. 2020, section 2.1).
const T5_BUCKETS: usize = 32;

/// The spread of a transformer's first embeddings (Radford et al. 2018, section 4.1).
const EMBEDDING: f64 = 0.02;

/// The spread of the first biases of queries and keys, which are the same: turned by their positions,
/// they are the more alike the nearer two tokens are, so that tokens look around themselves at first. From
/// 0, where neither bias has a slope without the other, small networks hardly learn to mind positions.
const NEARNESS: f64 = 0.5;

/// The length of every pair of numbers in the first biases of heads that look at the token before: so
/// large that the one position stands out.
const LOOKING_BACK: f64 = 3.0;

/// Small heads have few pairs of numbers, and pieces of text are short: with 10,000 most pairs would
/// hardly turn from one end of a piece to the other.
const ROTARY_BASE: f64 = 100.0;

/// First weights, one after the other.
struct First {
    random: Random,
    tensors: Vec<Tensor>,
    /// How many numbers they have.
    counted: u64,
    /// Whether they are counted only.
    is_count: bool,
}

impl First {
    fn push(&mut self, name: &str, shape: &[usize], mut number: impl FnMut(&mut Random) -> f64) {
        let count: usize = shape.iter().product();
        self.counted += count as u64;
        if self.is_count {
            return;
        }
        let numbers = (0..count).map(|_| number(&mut self.random) as f32).collect();
        self.tensors.push(Tensor::owned(name, shape.to_vec(), numbers));
    }

    fn constant(&mut self, name: &str, shape: &[usize], number: f64) {
        self.push(name, shape, |_| number);
    }

    fn uniform(&mut self, name: &str, shape: &[usize], bound: f64) {
        self.push(name, shape, |random| bound * (2.0 * random.fraction() - 1.0));
    }

    fn normal(&mut self, name: &str, shape: &[usize], spread: f64) {
        self.push(name, shape, |random| spread * random.normal());
    }

    /// The numbers of a tensor that was made before; none while it is counted only.
    fn numbers(&self, name: &str) -> Vec<f32> {
        let made = self.tensors.iter().find(|tensor| tensor.name() == name);
        made.map_or_else(Vec::new, |tensor| tensor.to_f32().into_owned())
    }

    /// Gives the tensor `to` the numbers of `from`.
    fn copy(&mut self, from: &str, to: &str) {
        let numbers = self.numbers(from);
        self.change(to, |before| before.copy_from_slice(&numbers));
    }

    /// Gives the tensor `to` the rows of `from`, both `[width, width]`, as its columns.
    fn transpose(&mut self, from: &str, to: &str, width: usize) {
        let numbers = self.numbers(from);
        self.change(to, |before| {
            for (at, number) in before.iter_mut().enumerate() {
                *number = numbers[at % width * width + at / width];
            }
        });
    }

    /// Gives the biases of queries and keys, `width` numbers each, the same normal ones.
    fn nearness(&mut self, [query, key]: [String; 2], width: usize) {
        let numbers: Vec<f32> = (0..width).map(|_| (NEARNESS * self.random.normal()) as f32).collect();
        self.change(&query, |before| before.copy_from_slice(&numbers));
        self.copy(&query, &key);
    }

    /// As torch.nn.Linear starts, but the bias from 0.
    fn linear(&mut self, name: &str, outputs: usize, inputs: usize, bias: bool) {
        self.uniform(&format!("{name}.weight"), &[outputs, inputs], 1.0 / (inputs as f64).sqrt());
        if bias {
            self.constant(&format!("{name}.bias"), &[outputs], 0.0);
        }
    }

    fn norm(&mut self, name: &str, size: usize) {
        self.constant(&format!("{name}.weight"), &[size], 1.0);
        self.constant(&format!("{name}.bias"), &[size], 0.0);
    }

    /// Changes numbers that were made before.
    fn change(&mut self, name: &str, change: impl FnOnce(&mut [f32])) {
        if let Some(tensor) = self.tensors.iter_mut().find(|tensor| tensor.name() == name) {
            change(tensor.numbers_mut());
        }
    }

    fn add(&mut self, name: &str, range: Range<usize>, number: f32) {
        self.change(name, |numbers| numbers[range].iter_mut().for_each(|bias| *bias += number));
    }
}
