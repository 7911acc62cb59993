//! Recurrent language models: an embedding, layers of `torch.nn.RNN`, `GRU` or `LSTM`, a linear head.

use super::choice;
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Block, Cell, Direction, Front, Head, Kind, Layout, Linear, Network, Part, Recurrent, Stack,
    TokenEmbedding,
};
use crate::model::weights::Weights;

/// Binds an RNN, GRU or LSTM.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &[""]);
    let sizes = Sizes::read(config)?;
    let cell = match config.text(&["model_type"]) {
        Some("gru") => Cell::Gru,
        Some("lstm") => Cell::Lstm,
        _ => choice(config, "nonlinearity", &[("tanh", Cell::Tanh), ("relu", Cell::Relu)])?,
    };
    let both = config.flag("bidirectional", false)?;
    let table = binder.tensor("embedding.weight", &[sizes.vocabulary, sizes.embedding])?;
    let layers = layers(&binder, "rnn", cell, &sizes, both)?;
    let width = layers.last().map_or(0, Recurrent::outputs);
    let blocks = layers.into_iter().map(|layer| Block::new(vec![Part::replacing(layer)])).collect();
    let stack = Stack::new("text", width, Front::Tokens(TokenEmbedding::new(table)), blocks, None);
    let head = Head::new(binder.linear("head", sizes.vocabulary, width, Bias::Yes)?);
    let kind = if both { Kind::Masked } else { Kind::Causal };
    Ok(Network::new(family, kind, vec![stack], Some(head)))
}

/// The sizes of a recurrent network.
pub(super) struct Sizes {
    /// V.
    pub vocabulary: usize,
    /// E.
    pub embedding: usize,
    /// H.
    pub hidden: usize,
    /// How many layers.
    pub layers: usize,
}

impl Sizes {
    pub(super) fn read(config: &Config) -> Result<Self> {
        Ok(Self {
            vocabulary: config.size(&["vocab_size"])?,
            embedding: config.size(&["embedding_size"])?,
            hidden: config.size(&["hidden_size"])?,
            layers: config.layers(&["num_layers"])?,
        })
    }
}

/// The layers of the PyTorch module `module`, in both directions where `both`.
///
/// # Errors
/// Missing and misshapen tensors; the tensors of Keras and ONNX, whose gates stand in another order.
pub(super) fn layers(
    binder: &Binder<'_>,
    module: &str,
    cell: Cell,
    sizes: &Sizes,
    both: bool,
) -> Result<Vec<Recurrent>> {
    refuse_other_orders(binder)?;
    let mut layers: Vec<Recurrent> = Vec::new();
    for layer in 0..sizes.layers {
        let inputs = layers.last().map_or(sizes.embedding, Recurrent::outputs);
        let way = |suffix: &str| {
            direction(binder, module, cell, (inputs, sizes.hidden), &format!("{layer}{suffix}"))
        };
        let mut bound = Recurrent::new(cell, sizes.hidden, way("")?);
        bound.reverse = if both { Some(way("_reverse")?) } else { None };
        layers.push(bound);
    }
    Ok(layers)
}

fn direction(
    binder: &Binder<'_>,
    module: &str,
    cell: Cell,
    (inputs, hidden): (usize, usize),
    layer: &str,
) -> Result<Direction> {
    let rows = cell.gates() * hidden;
    let map = |of: &str, width| -> Result<Linear> {
        let weight = binder.tensor(&format!("{module}.weight_{of}_l{layer}"), &[rows, width])?;
        let bias = binder.tensor(&format!("{module}.bias_{of}_l{layer}"), &[rows])?;
        Ok(Linear { weight, layout: Layout::OutIn, bias: Some(bias) })
    };
    Ok(Direction { input: map("ih", inputs)?, hidden: map("hh", hidden)? })
}

/// Keras has i, f, c, o and z, r, h, ONNX i, o, f, c and z, r, h: as numbers the gates cannot be told
/// apart, but the names of the tensors can.
fn refuse_other_orders(binder: &Binder<'_>) -> Result<()> {
    for (name, tool) in [("recurrent_kernel", "Keras"), ("/kernel", "Keras"), ("/R", "ONNX"), ("_R:", "ONNX")]
    {
        if binder.has_like(name) {
            return Err(binder.config.unsupported(format!(
                "a tensor has \"{name}\" in its name, as {tool} writes them: its gates stand in another order \
                 than PyTorch's weight_ih_lN and weight_hh_lN"
            )));
        }
    }
    Ok(())
}
