//! The frequencies of rotary positions, as configurations describe them (`modeling_rope_utils.py`
//! of transformers: `rope_parameters` since version 5, `rope_theta` and `rope_scaling` before).

use super::config::Config;
use super::error::Result;
use super::positions::{LongRotary, Rotary};

/// Where a configuration describes a rotation.
#[derive(Debug, Clone, Copy)]
pub struct RopeKeys {
    /// Objects with the kind of scaling and its numbers.
    pub scaling: &'static [&'static str],
    /// The base.
    pub base: &'static [&'static str],
    /// The base where none is given.
    pub usual_base: f64,
}

impl RopeKeys {
    /// Those of most families.
    pub const USUAL: Self = Self {
        scaling: &["rope_parameters", "rope_scaling"],
        base: &["rope_parameters.rope_theta", "rope_theta", "rotary_emb_base"],
        usual_base: 10_000.0,
    };

    /// The same with another base where none is given.
    pub const fn with_base(usual_base: f64) -> Self {
        Self { usual_base, ..Self::USUAL }
    }

    /// What `read` finds at the keys called `name` in the objects.
    fn read<T>(&self, name: &str, read: impl FnOnce(&[&str]) -> T) -> T {
        let keys: Vec<String> = self.scaling.iter().map(|place| format!("{place}.{name}")).collect();
        read(&keys.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

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
    rotary_at(config, RopeKeys::USUAL, rotated, positions)
}

/// As [`rotary`], described at `keys`.
///
/// # Errors
/// As [`rotary`].
pub fn rotary_at(
    config: &Config,
    keys: RopeKeys,
    rotated: usize,
    positions: Option<usize>,
) -> Result<Rotary> {
    let mut rotary = Rotary::new(config.positive(keys.base, keys.usual_base)?, rotated);
    rotary.adjacent = config.flag("rotary_adjacent_pairs", false)?;
    let kinds = keys.scaling.iter();
    let kind = kinds.flat_map(|place| [format!("{place}.rope_type"), format!("{place}.type")]);
    let kind = kind.filter_map(|key| Some(config.text(&[&key])?.to_owned())).next();
    let number = |name: &str, default: f64| keys.read(name, |keys| config.positive(keys, default));
    match kind.as_deref() {
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
        Some("longrope" | "su") => make_long(&mut rotary, config, keys, positions)?,
        Some(other) => return Err(config.unsupported(format!("rope_type \"{other}\" is not known"))),
    }
    Ok(rotary)
}

/// Divides every frequency by a number of its own, by another one in passes that are longer than
/// the network's first training, and lengthens what is turned.
fn make_long(rotary: &mut Rotary, config: &Config, keys: RopeKeys, positions: Option<usize>) -> Result<()> {
    const ORIGINAL: &str = "original_max_position_embeddings";
    let pairs = rotary.frequencies.len();
    let divided = |name: &str| -> Result<Vec<f32>> {
        let factors = keys.read(name, |keys| config.numbers(keys, pairs))?;
        Ok(rotary.frequencies.iter().zip(factors).map(|(one, factor)| one / factor as f32).collect())
    };
    let (short, long) = (divided("short_factor")?, divided("long_factor")?);
    let own = config.optional_size(&[ORIGINAL])?;
    let in_object = keys.read(ORIGINAL, |keys| config.optional_size(keys))?;
    let Some(beyond) = own.or(in_object).or(positions) else {
        return Err(config.unsupported(format!("longrope without {ORIGINAL}")));
    };
    let factor = keys.read("factor", |keys| config.number(keys))?;
    let stretched = match (factor, positions) {
        (Some(factor), _) if own.is_none() => factor,
        (_, Some(positions)) => positions as f64 / beyond as f64,
        (factor, None) => factor.unwrap_or(1.0),
    };
    let usual = if stretched > 1.0 { (1.0 + stretched.ln() / (beyond as f64).ln()).sqrt() } else { 1.0 };
    let magnitude = keys.read("attention_factor", |keys| config.positive(keys, usual))?;
    rotary.magnitude = magnitude as f32;
    rotary.frequencies = short;
    rotary.long = Some(LongRotary { frequencies: long, beyond });
    Ok(())
}
