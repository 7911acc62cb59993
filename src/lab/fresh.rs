//! How far back a network feels that has learned nothing.

use ndarray::Array1;

use super::blueprint::NetworkKind;
use super::contest::Contestant;
use crate::analysis::influence::by_gradient;
use crate::model::error::Result;
use crate::model::forward::Input;
use crate::model::network::FIRST;
use crate::progress::Progress;
use crate::random::Random;

/// How far back is looked.
pub const FARTHEST: usize = 128;

const VOCABULARY: usize = 256;
const TEXTS: usize = 3;
const DRAWS: usize = 2;
const SEED: u64 = 1;

/// The influence of the token k places before the last on the last state, as a share of that of the last
/// token, for k from 0 to [`FARTHEST`]: of an LSTM of 64 cells whose forget gate starts from
/// `forget_bias`.
///
/// # Errors
/// It was stopped.
pub fn influence_of_lstm(forget_bias: f32, progress: &Progress) -> Result<Array1<f64>> {
    let contestant = Contestant::usual("lstm", NetworkKind::Lstm).forgetting(forget_bias);
    let network = contestant.build(VOCABULARY, SEED)?;
    let mut random = Random::new(SEED);
    let texts =
        (0..TEXTS).map(|_| (0..=FARTHEST).map(|_| random.below(VOCABULARY) as u32).collect()).collect();
    by_distance(&network, texts, DRAWS, SEED, progress)
}

/// The influence by distance on the last state, over `texts` of more than [`FARTHEST`] tokens (see
/// [`by_gradient`]), as a share of that of the last token itself.
///
/// # Errors
/// Those of [`by_gradient`]; it was stopped.
pub fn by_distance(
    network: &crate::model::Network,
    texts: Vec<Vec<u32>>,
    draws: usize,
    seed: u64,
    progress: &Progress,
) -> Result<Array1<f64>> {
    let mut random = Random::of_step(seed, 1);
    let mut squares = Array1::zeros(FARTHEST + 1);
    for ids in &texts {
        progress.check()?;
        let found = by_gradient(network, &Input::Tokens(ids), ids.len() - 1, draws, &mut random)?;
        squares.iter_mut().zip(found[FIRST].iter().rev()).for_each(|(sum, length)| *sum += length * length);
    }
    let last: f64 = squares[0];
    Ok(squares.mapv_into(|square: f64| (square / last).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_gate_feels_farther() {
        let quiet = Progress::unobserved();
        let (closed, open) =
            (influence_of_lstm(0.0, &quiet).unwrap(), influence_of_lstm(4.0, &quiet).unwrap());
        assert_eq!((closed.len(), closed[0]), (FARTHEST + 1, 1.0));
        assert!(closed[20] < 0.01 && open[20] > 0.3, "{} {}", closed[20], open[20]);
    }
}
