//! Every field of a block, a part and an attention, against plain loops written from the formulas;
//! and what a tape keeps, against what it must give again.

mod draw;
mod gradients;
mod plain;

use lexiscope::model::block::{Block, Gain, Part, PartTrace};
use lexiscope::model::dropout::Dropout;
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::fronts::TokenEmbedding;
use lexiscope::model::interventions::{Interventions, Place};
use lexiscope::model::keep::Keep;
use lexiscope::model::network::{DECODER, Front, Head, Kind, Network, Stack};
use lexiscope::model::normalisation::normalised;
use lexiscope::model::parts::attention::AttentionTrace;
use lexiscope::model::parts::{Mixer, MixerTrace, PartContext, StackOutput};
use lexiscope::model::sequences::Sequences;
use lexiscope::model::trace::bytes_needed;
use lexiscope::progress::Progress;
use ndarray::{Array2, ArrayView1, Axis, s};

use draw::Draw;

/// How many blocks are drawn; each field is there in at least a tenth of them.
const BLOCKS: u64 = 150;

/// How many tokens a block sees: of every tenth so many that a causal map is computed in pieces.
fn length(seed: u64) -> usize {
    if seed % 10 == 9 { 70 } else { 7 }
}

/// Every other block leaves numbers out.
fn dropout(seed: u64) -> Dropout {
    Dropout { share: if seed.is_multiple_of(2) { 0.3 } else { 0.0 }, seed }
}

#[test]
fn a_block_of_any_parts_computes_what_its_formula_says() {
    let unchanged = Interventions::default();
    for seed in 0..BLOCKS {
        let mut draw = Draw::new(seed);
        let memory = draw.stream(5, draw::MEMORY);
        let block = draw.block();
        let x = draw.stream(length(seed), draw::HIDDEN);
        let outputs = [StackOutput::of_one_text(memory)];
        let place = Place::of_block(DECODER, 0, &unchanged);
        let sequences = Sequences::one(length(seed));
        let (sequences, outputs_before, keep) = (&sequences, &outputs, Keep::Everything);
        let context = PartContext { place, outputs: outputs_before, sequences, keep, dropout: dropout(seed) };
        let (found, trace) = block.run(x.clone(), None, &context);
        let expected = plain::block(&block, &x, &outputs[0].stream, dropout(seed));
        for ((place, &found), &expected) in found.indexed_iter().zip(&expected) {
            let error = (f64::from(found) - expected).abs();
            assert!(
                error <= 2e-5 * expected.abs().max(1.0),
                "{seed} {place:?}: {found}, not {expected}\n{block:?}"
            );
        }
        assert_eq!(trace.parts.len(), block.parts.len());
        assert_eq!(trace.parts.last().and_then(|part| part.after.as_ref()), Some(&found));
    }
}

#[test]
fn every_field_is_drawn() {
    let mut found = std::collections::BTreeMap::<String, u64>::new();
    for seed in 0..BLOCKS {
        let mut draw = Draw::new(seed);
        draw.stream(5, draw::MEMORY);
        for field in draw::fields(&draw.block()) {
            *found.entry(field).or_default() += 1;
        }
    }
    for field in draw::FIELDS {
        let times = found.remove(*field).unwrap_or(0);
        assert!(times * 10 >= BLOCKS, "{field} is drawn {times} times");
    }
    assert!(found.is_empty(), "not in the list: {found:?}");
}

/// From each part's tape follow, bit by bit, what the part made and the stream after it.
#[test]
fn a_tape_gives_every_part_again() {
    let unchanged = Interventions::default();
    for seed in 0..BLOCKS {
        let mut draw = Draw::new(seed);
        let outputs = [StackOutput::of_one_text(draw.stream(5, draw::MEMORY))];
        let block = draw.block();
        let x = draw.stream(length(seed), draw::HIDDEN);
        let place = Place::of_block(DECODER, 0, &unchanged);
        let sequences = Sequences::one(length(seed));
        let with = |keep| PartContext {
            place,
            outputs: &outputs,
            sequences: &sequences,
            keep,
            dropout: Dropout::default(),
        };
        let (everything, _) = block.run(x.clone(), None, &with(Keep::Everything));
        let (last, trace) = block.run(x.clone(), None, &with(Keep::Tape));
        assert_eq!(last, everything, "{seed}: what is kept changes what is computed");
        let mut stream = trace.before.clone().expect("a tape has the stream before a block");
        assert_eq!(stream, x);
        let count = block.parts.len();
        for (index, (part, tape)) in block.parts.iter().zip(&trace.parts).enumerate() {
            let input = tape.input.as_ref().expect("a tape has what a part read");
            let (output, ..) = part.mixer.run(input.view(), None, &with(Keep::Logits));
            assert_eq!(output_from(tape, part), output, "{seed} part {index}");
            stream = join(part, stream, output, tape);
            let after = if index + 1 == count { Some(&last) } else { tape.after.as_ref() };
            assert_eq!(Some(&stream), after, "{seed} part {index}");
            assert!(index + 1 < count || tape.after.is_none(), "the next block has it");
        }
        let counted = block.numbers_kept(length(seed) as u64, &[5], draw::HIDDEN as u64, Keep::Tape);
        assert_eq!(plain::numbers(&trace), counted, "{seed}\n{block:?}");
    }
}

/// The stream after a part, from what the tape keeps of it.
fn join(part: &Part, stream: Array2<f32>, output: Array2<f32>, tape: &PartTrace) -> Array2<f32> {
    let branch = part.norm_after.as_ref().map_or_else(|| output.clone(), |norm| normalised(norm, &output));
    let needed = part.norm_after.is_some() || matches!(part.branch, Gain::Learned(_));
    let kept = if part.norm_after.is_some() { &output } else { &branch };
    assert_eq!(tape.output.as_ref(), needed.then_some(kept));
    let weighed = |gain: &Gain, x: &Array2<f32>| match gain {
        Gain::One => x.clone(),
        Gain::Fixed(factor) => x * *factor,
        Gain::Learned(parameter) => x * &ArrayView1::from(&*parameter.to_f32()),
    };
    // A sum in the order of the program, so that the bits can be compared.
    let mut sum = weighed(&part.skip, &stream);
    match part.branch {
        Gain::Fixed(factor) => sum.scaled_add(factor, &branch),
        _ => sum += &weighed(&part.branch, &branch),
    }
    assert_eq!(tape.sum.as_ref(), part.norm_sum.is_some().then_some(&sum));
    part.norm_sum.as_ref().map_or_else(|| sum.clone(), |norm| normalised(norm, &sum))
}

/// What a part made, from the last stage that its tape keeps.
fn output_from(tape: &PartTrace, part: &Part) -> Array2<f32> {
    match (&tape.mixer, &part.mixer) {
        (MixerTrace::Attention(trace), Mixer::Attention(attention))
        | (MixerTrace::CrossAttention(trace), Mixer::CrossAttention { attention, .. }) => {
            let heads = heads_from(trace, |head| attention.key_value_head(head));
            attention.join(heads)
        }
        (MixerTrace::FeedForward(trace), Mixer::FeedForward(part)) => {
            let active = trace.activation.as_ref().expect("a tape has what the last map read");
            part.down.apply(active.view())
        }
        (MixerTrace::Experts(_), Mixer::Experts(part)) => {
            part.run(tape.input.as_ref().expect("a tape has what it saw").view(), Keep::Logits).0
        }
        _ => panic!("a trace of another kind than its part"),
    }
}

fn heads_from(trace: &AttentionTrace, key_value_head: impl Fn(usize) -> usize) -> Array2<f32> {
    let value = trace.value.as_ref().expect("values");
    let kept = trace.head_outputs.as_ref().expect("outputs of heads");
    let (heads, tokens, size) = kept.dim();
    let mut side_by_side = Array2::zeros((tokens, heads * size));
    for head in 0..heads {
        let value = value.index_axis(Axis(0), key_value_head(head));
        let again = trace.weights.index_axis(Axis(0), head).dot(&value);
        let kept = kept.index_axis(Axis(0), head);
        assert!(again.iter().zip(kept).all(|(a, b)| (a - b).abs() < 1e-5));
        side_by_side.slice_mut(s![.., head * size..(head + 1) * size]).assign(&kept);
    }
    side_by_side
}

/// An encoder of one width, and a decoder of another with an embedding of its own.
fn two_stacks(draw: &mut Draw) -> Network {
    let embedding = |draw: &mut Draw, hidden| TokenEmbedding::new(draw.parameter(&[20, hidden]));
    let front = embedding(draw, draw::MEMORY);
    let feed_forward = draw.feed_forward_for(draw::MEMORY);
    let encoder_block = Block::new(vec![Part::new(feed_forward)]);
    let encoder = Stack::new("encoder", draw::MEMORY, Front::Tokens(front), vec![encoder_block], None);
    let front = embedding(draw, draw::HIDDEN);
    let table = front.table.clone();
    let blocks = vec![draw.block(), draw.block()];
    let mut norm = draw.norm(draw::HIDDEN);
    // A block may leave a stream of zeros; the norm gives it something to show.
    norm.bias = Some(draw.parameter(&[draw::HIDDEN]));
    let decoder = Stack::new("decoder", draw::HIDDEN, Front::Tokens(front), blocks, Some(norm));
    let head = Head::new(draw.tied(table));
    Network::new("drawn", Kind::EncoderDecoder, vec![encoder, decoder], Some(head))
}

#[test]
fn a_stack_reads_another_of_its_own_width() {
    for seed in 0..20 {
        let network = two_stacks(&mut Draw::new(seed));
        let (encoder, decoder) = ([3, 1, 4, 1, 5], [2, 7, 1]);
        let options = PassOptions { keep: Keep::Tape, ..PassOptions::default() };
        let pass = |encoder| {
            forward(&network, &Input::Pair(encoder, &decoder), &options, &Progress::unobserved()).unwrap()
        };
        let trace = pass(&encoder);
        assert_eq!(trace.stacks[0].output.as_ref().map(Array2::dim), Some((5, draw::MEMORY)));
        assert_eq!(trace.logits.as_ref().map(Array2::dim), Some((3, 20)));
        let crosses = network.stacks[1].blocks.iter().any(|block| block.cross_attention().is_some());
        let other = pass(&[3, 1, 4, 1, 6]);
        assert!(
            crosses || other.logits == trace.logits,
            "{seed}: nothing crosses, and yet the answer changed"
        );
        let (kept, told) = (4 * plain::numbers_of(&trace), bytes_needed(&network, &[5, 3], Keep::Tape));
        assert!(kept <= told && told <= 2 * kept, "{seed}: {kept} bytes are kept, {told} were announced");
    }
}

#[test]
fn parameters_are_found_by_name_and_changed_once_each() {
    for seed in 0..20 {
        let mut network = two_stacks(&mut Draw::new(seed));
        let names: Vec<String> = network.parameters().iter().map(|one| one.name().to_owned()).collect();
        let mut sorted = names.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), names.len(), "each comes once, the tied table too");
        for name in &names {
            assert_eq!(network.parameter(name).map(|one| one.name()), Some(name.as_str()));
        }
        let logits = |network: &Network| {
            let input = Input::Pair(&[3, 1, 4], &[2, 7]);
            let trace = forward(network, &input, &PassOptions::default(), &Progress::unobserved());
            trace.unwrap().logits.unwrap()
        };
        let before = logits(&network);
        let mut seen = Vec::new();
        network.change_parameters(|name, _| seen.push(name.to_owned()));
        assert_eq!((seen, logits(&network)), (names.clone(), before.clone()));
        let table = network.head.as_ref().unwrap().projection.weight.name().to_owned();
        network.change_parameters(|name, numbers| {
            if name == table {
                numbers.iter_mut().for_each(|number| *number *= 2.0);
            }
        });
        assert_ne!(logits(&network), before);
        let Front::Tokens(front) = &network.stacks[1].front else { panic!("a front of tokens") };
        assert_eq!(
            front.table.to_f32(),
            network.head.as_ref().unwrap().projection.weight.to_f32(),
            "still tied"
        );
    }
}
