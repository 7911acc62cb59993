//! Recurrent networks over 512 steps, against the formulas of `torch.nn.RNN`, `GRU` and `LSTM` in f64.

use std::collections::BTreeMap;

use lexiscope::lab::blueprint::{Blueprint, NetworkKind, TransformerChoices};
use lexiscope::model::Network;
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::trace::MixerTrace;
use lexiscope::progress::Progress;

const WIDTH: usize = 24;
const STEPS: usize = 512;

type Matrices = BTreeMap<String, Vec<f64>>;

fn matrices(network: &Network) -> Matrices {
    let numbers = |parameter: &lexiscope::model::parameters::Parameter| {
        parameter.to_f32().iter().map(|&number| f64::from(number)).collect()
    };
    network
        .parameters()
        .into_iter()
        .map(|parameter| (parameter.name().to_owned(), numbers(parameter)))
        .collect()
}

/// W x + b.
fn apply(matrices: &Matrices, of: &str, layer: usize, x: &[f64]) -> Vec<f64> {
    let (weight, bias) =
        (&matrices[&format!("rnn.weight_{of}_l{layer}")], &matrices[&format!("rnn.bias_{of}_l{layer}")]);
    let row = |(row, bias): (&[f64], &f64)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + bias;
    weight.chunks_exact(WIDTH).zip(bias).map(row).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The hidden states of one layer, step by step.
fn plain(kind: NetworkKind, matrices: &Matrices, layer: usize, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let (mut hidden, mut cell) = (vec![0.0; WIDTH], [0.0; WIDTH]);
    let step = |x: &Vec<f64>| {
        let (of_x, of_h) = (apply(matrices, "ih", layer, x), apply(matrices, "hh", layer, &hidden));
        let both = |gate: usize, i: usize| of_x[gate * WIDTH + i] + of_h[gate * WIDTH + i];
        for i in 0..WIDTH {
            hidden[i] = match kind {
                NetworkKind::Rnn => both(0, i).tanh(),
                NetworkKind::Gru => {
                    let (reset, update) = (sigmoid(both(0, i)), sigmoid(both(1, i)));
                    let new = (of_x[2 * WIDTH + i] + reset * of_h[2 * WIDTH + i]).tanh();
                    (1.0 - update) * new + update * hidden[i]
                }
                _ => {
                    cell[i] = sigmoid(both(1, i)) * cell[i] + sigmoid(both(0, i)) * both(2, i).tanh();
                    sigmoid(both(3, i)) * cell[i].tanh()
                }
            };
        }
        hidden.clone()
    };
    inputs.iter().map(step).collect()
}

#[test]
fn states_are_those_of_the_formulas_after_512_steps() {
    for kind in [NetworkKind::Rnn, NetworkKind::Gru, NetworkKind::Lstm] {
        let blueprint = Blueprint {
            kind,
            vocabulary: 11,
            layers: 2,
            width: WIDTH,
            heads: 1,
            forget_bias: 3.0,
            transformer: TransformerChoices::default(),
        };
        let network = blueprint.build(5).expect("fits");
        let ids: Vec<u32> = (0..STEPS as u32).map(|i| (i * 7 + i / 5) % 11).collect();
        let trace = forward(&network, &Input::Tokens(&ids), &PassOptions::default(), &Progress::unobserved());
        let trace = trace.expect("runs");
        let matrices = matrices(&network);
        let table = &matrices["embedding.weight"];
        let row = |&id: &u32| table[id as usize * WIDTH..(id as usize + 1) * WIDTH].to_vec();
        let mut expected: Vec<Vec<f64>> = ids.iter().map(row).collect();
        for (layer, block) in trace.stacks[0].blocks.iter().enumerate() {
            expected = plain(kind, &matrices, layer, &expected);
            let MixerTrace::Recurrent(found) = &block.parts[0].mixer else { panic!("recurrent") };
            let hidden = found.hidden().expect("kept");
            assert_eq!(hidden.dim(), (STEPS, WIDTH));
            for (step, (found, expected)) in hidden.rows().into_iter().zip(&expected).enumerate() {
                for (&found, &expected) in found.iter().zip(expected) {
                    let error = (f64::from(found) - expected).abs();
                    assert!(error < 1e-6, "{kind:?}, layer {layer}, step {step}: {found}, not {expected}");
                }
            }
        }
    }
}
