//! The frequencies of rotary positions, as configurations describe them (`modeling_rope_utils.py`
//! of transformers: `rope_parameters` since version 5, `rope_theta` and `rope_scaling` before).

use super::config::Config;
use super::error::Result;
use super::positions::Rotary;

/// How many components of a head are rotated: the share that `keys` give (`default` without one) of
/// `head_size`.
///
/// # Errors
/// A share that is no share, or an odd number of components: they are rotated in pairs.
pub fn rotated_components(config: &Config, keys: &[&str], head_size: usize, default: f64) -> Result<usize> {
    let share = config.positive(keys, default)?;
    if share > 1.0 {
        return Err(config.unsupported(format!("{} is {share}, more than whole heads", keys[0])));
    }
    let rotated = (head_size as f64 * share) as usize;
    if rotated % 2 == 1 {
        return Err(
            config.unsupported(format!("{rotated} components of a head are rotated, which are not pairs"))
        );
    }
    Ok(rotated)
}

/// The rotation of `rotated` components of a head of a network with `positions` positions.
///
/// # Errors
/// A kind of scaling that is not known, numbers that are not above zero.
pub fn rotary(config: &Config, rotated: usize, positions: Option<usize>) -> Result<Rotary> {
    let base = config.positive(&["rope_parameters.rope_theta", "rope_theta", "rotary_emb_base"], 10_000.0)?;
    let mut rotary = Rotary::new(base, rotated);
    rotary.adjacent = config.flag("rotary_adjacent_pairs", false)?;
    let kind = ["rope_parameters", "rope_scaling"]
        .iter()
        .find_map(|place| config.text(&[&format!("{place}.rope_type"), &format!("{place}.type")]));
    let number = |key: &str, default: f64| {
        config.positive(&[&format!("rope_parameters.{key}"), &format!("rope_scaling.{key}")], default)
    };
    match kind {
        None | Some("default") => {}
        Some("linear") => {
            let factor = number("factor", 1.0)? as f32;
            rotary.frequencies.iter_mut().for_each(|frequency| *frequency /= factor);
        }
        Some("llama3") => {
            let (low, high) = (number("low_freq_factor", 1.0)?, number("high_freq_factor", 4.0)?);
            // transformers takes the network's own length where none is given.
            let context = number("original_max_position_embeddings", positions.unwrap_or(8192) as f64)?;
            let factor = number("factor", 1.0)?;
            rotary.scale_low_frequencies(factor as f32, low as f32, high as f32, context as f32);
        }
        Some(other) => return Err(config.unsupported(format!("rope_type \"{other}\" is not known"))),
    }
    Ok(rotary)
}
