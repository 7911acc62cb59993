//! Heads and layers as they are written, checked against a network.

use anyhow::Result;

use super::stack::StackArguments;
use crate::analysis::{HeadPlace, Stack};
use crate::cli::failure::Failure;
use crate::model::Model;

/// A head written LAYER.HEAD, the value of `option`: of `looked_at`, or of the stack whose name stands
/// before it, as in cross.5.11.
///
/// # Errors
/// Text that is no such pair of numbers.
pub fn written(option: &str, text: &str, looked_at: Stack) -> Result<HeadPlace> {
    let (stack, numbers) = match text.split_once('.') {
        Some((name, rest)) => match StackArguments::named(name) {
            Some(stack) => (stack, rest),
            None => (looked_at, text),
        },
        None => (looked_at, text),
    };
    let numbers = numbers
        .split_once('.')
        .and_then(|(layer, head)| Some((layer.trim().parse().ok()?, head.trim().parse().ok()?)));
    let Some((layer, head)) = numbers else {
        return Err(Failure::usage(format!("{option} {text}: not a head"))
            .hint("write LAYER.HEAD, both counted from 0: 5.11 is head 11 of layer 5")
            .into());
    };
    Ok(HeadPlace { stack, layer, head })
}

/// `stack`, where the network has it.
///
/// # Errors
/// A decoder's stack of a network without one.
pub fn stack(model: &Model, stack: Stack) -> Result<Stack> {
    if stack == Stack::Text || model.network.has_decoder() {
        return Ok(stack);
    }
    let message = format!("{} has no decoder of its own", model.name);
    Err(Failure::usage(message).hint("leave --stack out").into())
}

/// The layer of that number, the last one of the stack unless given.
///
/// # Errors
/// A number that is none of a layer, with those that are.
pub fn layer(model: &Model, stack: Stack, wanted: Option<usize>) -> Result<usize> {
    let layers = model.network.layers(stack.index());
    match wanted {
        Some(layer) if layer >= layers => Err(out_of_range("layer", layer, layers).into()),
        _ => Ok(wanted.unwrap_or(layers.saturating_sub(1))),
    }
}

/// The head of that number in a layer that is there.
///
/// # Errors
/// A number that is none of a head, with those that are.
pub fn head(model: &Model, stack: Stack, layer: usize, head: usize) -> Result<HeadPlace> {
    let heads = stack.attention(&model.network, layer).map_or(0, |attention| attention.heads);
    if heads == 0 {
        return Err(no_attention(model, stack, layer).into());
    }
    if head >= heads {
        return Err(out_of_range("head", head, heads).into());
    }
    Ok(HeadPlace { stack, layer, head })
}

fn no_attention(model: &Model, stack: Stack, layer: usize) -> Failure {
    let network = &model.network;
    let attending: Vec<String> = stack.attending(network).map(|layer| layer.to_string()).collect();
    let hint = match attending.is_empty() {
        true => format!("{} has none: `lexiscope trace` writes its states and gates", network.family),
        false => format!("layers with attention: {}", attending.join(", ")),
    };
    Failure::usage(format!("layer {layer} of {} has no attention", model.name)).hint(hint)
}

fn out_of_range(what: &str, wanted: usize, count: usize) -> Failure {
    Failure::usage(format!("there is no {what} {wanted}"))
        .hint(format!("{what}s are counted from 0: 0 to {}", count.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_written_layer_dot_head() {
        let of_text = |text| written("--off", text, Stack::Text);
        assert_eq!(of_text("5.11").unwrap(), HeadPlace::new(5, 11));
        for text in ["5", "", "5.", ".1", "a.b", "1.2.3", "-1.2", "cross", "cross.1", "crass.1.2"] {
            assert!(of_text(text).is_err(), "{text}");
        }
        for looked_at in Stack::ALL {
            assert_eq!(written("--off", "5.11", looked_at).unwrap().stack, looked_at);
            let place = HeadPlace { stack: Stack::Cross, layer: 5, head: 11 };
            assert_eq!(written("--off", "cross.5.11", looked_at).unwrap(), place);
            assert_eq!(written("--off", "encoder.5.11", looked_at).unwrap(), HeadPlace::new(5, 11));
        }
    }
}
