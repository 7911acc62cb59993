//! The gradient of a block of any parts, against differences of the plain formulas in f64.

use std::sync::Arc;

use lexiscope::model::block::Block;
use lexiscope::model::dropout::Dropout;
use lexiscope::model::gradients::Gradients;
use lexiscope::model::interventions::{Interventions, Place};
use lexiscope::model::keep::Keep;
use lexiscope::model::network::DECODER;
use lexiscope::model::parameters::Parameters;
use lexiscope::model::parts::{Mixer, PartContext, StackOutput};
use lexiscope::model::sequences::Sequences;
use lexiscope::model::tensor::Tensor;
use ndarray::Array2;

use super::draw::{self, Draw};
use super::plain;

/// How far a number is moved to either side.
const STEP: f32 = 1e-4;

/// The number that a block makes of two streams: a weighed sum of its output, in f64.
fn loss(
    block: &Block,
    x: &Array2<f32>,
    memory: &Array2<f32>,
    weights: &Array2<f32>,
    dropout: Dropout,
) -> f64 {
    let output = plain::block(block, x, memory, dropout);
    output.iter().zip(weights).map(|(x, &weight)| x * f64::from(weight)).sum()
}

/// Every second number moves up, the others down, and the other way round.
fn moved(numbers: &[f32]) -> [Vec<f32>; 2] {
    [STEP, -STEP].map(|step| {
        let signed = |index: usize| if (index * 7 / 3).is_multiple_of(2) { step } else { -step };
        numbers.iter().enumerate().map(|(index, number)| number + signed(index)).collect()
    })
}

/// The gradient foretells the difference of the two losses of what moved up and down from where it is
/// `here`. Where a token's likeliest experts change, losses have no slope: of a block that `has_experts`
/// nothing is checked where the way up is another than the way down, and false is returned.
fn check(
    what: &str,
    gradient: &[f32],
    [up, down]: &[Vec<f32>; 2],
    losses: [f64; 2],
    (here, has_experts): (f64, bool),
) -> bool {
    let steps = gradient.iter().zip(up.iter().zip(down));
    let shares: Vec<f64> =
        steps.map(|(&g, (&up, &down))| f64::from(g) * (f64::from(up) - f64::from(down))).collect();
    let (foretold, found) = (shares.iter().sum::<f64>(), losses[0] - losses[1]);
    let size: f64 = shares.iter().map(|share| share.abs()).sum();
    let bent = ((losses[0] - here) - (here - losses[1])).abs() > 0.005 * size + 1e-8;
    if has_experts && bent {
        return false;
    }
    assert!((foretold - found).abs() <= 0.01 * size + 2e-8, "{what}: {foretold}, not {found} (of {size})");
    true
}

fn with_parameter(block: &Block, place: usize, numbers: &[f32]) -> Block {
    let (mut changed, mut index) = (block.clone(), 0);
    changed.each_mut(&mut |parameter| {
        if index == place {
            let (name, shape) = (parameter.name().to_owned(), parameter.shape().to_vec());
            *parameter = Arc::new(Tensor::owned(name, shape, numbers.to_vec()));
        }
        index += 1;
    });
    changed
}

fn stream(like: &Array2<f32>, numbers: &[f32]) -> Array2<f32> {
    Array2::from_shape_vec(like.raw_dim(), numbers.to_vec()).unwrap()
}

#[test]
fn gradients_foretell_what_a_small_step_does() {
    let unchanged = Interventions::default();
    let (mut checked, mut passed_over) = (0, 0);
    let mut count = |is_smooth: bool| *(if is_smooth { &mut checked } else { &mut passed_over }) += 1;
    for seed in 0..super::BLOCKS {
        let mut draw = Draw::new(seed);
        let memory = draw.stream(5, draw::MEMORY);
        let block = draw.block();
        let tokens = super::length(seed);
        let (x, weights) = (draw.stream(tokens, draw::HIDDEN), draw.stream(tokens, draw::HIDDEN));
        let outputs = [StackOutput::of_one_text(memory.clone())];
        let sequences = Sequences::one(tokens);
        let place = Place::of_block(DECODER, 0, &unchanged);
        let dropout = super::dropout(seed);
        let context =
            PartContext { place, outputs: &outputs, sequences: &sequences, keep: Keep::Tape, dropout };
        let (_, trace) = block.run(x.clone(), None, &context);
        let mut gradients = Gradients::of(&block);
        let found = block.backward(&trace, weights.clone(), None, &context, &mut gradients);
        let has_experts = block.parts.iter().any(|part| matches!(part.mixer, Mixer::Experts(_)));
        let here = (loss(&block, &x, &memory, &weights, dropout), has_experts);
        let mut parameters = Vec::new();
        block.each(&mut |parameter| parameters.push(parameter));
        assert_eq!(parameters.len(), gradients.iter().len(), "none is shared");
        for (index, (parameter, (name, gradient))) in parameters.iter().zip(gradients.iter()).enumerate() {
            let both = moved(&parameter.to_f32());
            let losses = [0, 1]
                .map(|i| loss(&with_parameter(&block, index, &both[i]), &x, &memory, &weights, dropout));
            count(check(&format!("{seed} {name}"), gradient, &both, losses, here));
        }
        let both = moved(x.as_slice().unwrap());
        let losses = [0, 1].map(|i| loss(&block, &stream(&x, &both[i]), &memory, &weights, dropout));
        count(check(&format!("{seed} stream"), found.stream.as_slice().unwrap(), &both, losses, here));
        let mut of_memory = Array2::<f32>::zeros(memory.raw_dim());
        found.parts.iter().filter_map(|part| part.memory.as_ref()).for_each(|(_, one)| of_memory += one);
        let both = moved(memory.as_slice().unwrap());
        let losses = [0, 1].map(|i| loss(&block, &x, &stream(&memory, &both[i]), &weights, dropout));
        count(check(&format!("{seed} memory"), of_memory.as_slice().unwrap(), &both, losses, here));
    }
    assert!(passed_over * 20 < checked, "{passed_over} of {checked} were not smooth");
}
