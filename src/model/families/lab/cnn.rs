//! A small convolutional network for small images (after LeCun et al. 1998): 3 x 3 convolutions, one
//! pooling, a linear head.

use crate::model::activation::Activation;
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Block, Convolution, Front, Head, Kind, Layout, Linear, LooksAt, Network, Part, PixelGrid, Stack,
};
use crate::model::weights::Weights;

/// Binds a convolutional network.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &[""]);
    let side = config.size(&["image_size"])?;
    let channels = config.size(&["num_channels"])?;
    let labels = config.size(&["num_labels"])?;
    if side < 2 {
        return Err(config.unsupported("image_size is 1: nothing is left of such an image after pooling"));
    }
    let (mut blocks, mut inputs) = (Vec::new(), channels);
    for (index, outputs) in sizes(config)?.into_iter().enumerate() {
        let weight = binder.tensor(&format!("convolutions.{index}.weight"), &[outputs, inputs, 3, 3])?;
        let bias = Some(binder.tensor(&format!("convolutions.{index}.bias"), &[outputs])?);
        let map = Linear { weight, layout: Layout::OutIn, bias };
        let convolution = Convolution { map, side, activation: Activation::Relu };
        blocks.push(Block::new(vec![Part::replacing(convolution)]));
        inputs = outputs;
    }
    let front = Front::Pixels(PixelGrid { image: side, channels });
    let stack = Stack::new("image", inputs, front, blocks, None);
    let mut head = Head::new(binder.linear("head", labels, inputs * (side / 2) * (side / 2), Bias::Yes)?);
    head.looks_at = LooksAt::Pooled { side };
    Ok(Network::new(family, Kind::Vision, vec![stack], Some(head)))
}

/// The channels that every convolution makes.
fn sizes(config: &Config) -> Result<Vec<usize>> {
    const KEY: &str = "convolution_channels";
    let wrong = || config.unsupported(format!("{KEY} is no list of sizes: [8, 16] is one"));
    let list = config.get(KEY).and_then(|value| value.as_array()).ok_or_else(wrong)?;
    let sizes: Option<Vec<usize>> = list
        .iter()
        .map(|size| size.as_u64().filter(|&size| size > 0 && size <= 1 << 16).map(|size| size as usize))
        .collect();
    sizes.filter(|sizes| !sizes.is_empty() && sizes.len() <= 64).ok_or_else(wrong)
}
