//! Every attention map, hidden state and logit of tiny models of all families, as PyTorch computes
//! them (tests/fixtures/README.md says how they were made).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lexiscope::mmap::Bytes;
use lexiscope::model::config::Config;
use lexiscope::model::families::{self, FAMILIES};
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::fronts::{Feed, Hears};
use lexiscope::model::network::{DECODER, FIRST, Kind};
use lexiscope::model::parts::MixerTrace;
use lexiscope::model::trajectory::Trajectory;
use lexiscope::model::weights::Weights;
use lexiscope::model::{Network, Trace};
use lexiscope::progress::Progress;
use ndarray::{Array2, ArrayD, ArrayView3, ArrayViewD, Axis, Ix2, IxDyn};
use safetensors::SafeTensors;

/// Parts of the names of what goes in.
const INPUTS: [&str; 7] =
    ["input_", "pixel_values", ".states", ".actions", ".rewards", "returns_to_go", "timesteps"];

/// The largest difference from PyTorch's f32.
const TOLERANCE: f32 = 1e-5;

fn golden() -> PathBuf {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
    std::env::var_os("LEXISCOPE_GOLDEN").map_or(copy, PathBuf::from)
}

struct Expected {
    bytes: Vec<u8>,
}

impl Expected {
    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).expect("the golden file is whole")
    }

    fn get(&self, name: &str) -> Option<ArrayD<f32>> {
        let tensors = self.tensors();
        let view = tensors.tensor(name).ok()?;
        let numbers =
            view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        Some(ArrayD::from_shape_vec(IxDyn(view.shape()), numbers).expect("shape fits"))
    }

    fn ids(&self, name: &str) -> Option<Vec<u32>> {
        let tensors = self.tensors();
        let view = tensors.tensor(name).ok()?;
        Some(view.data().chunks_exact(8).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}

impl Expected {
    fn trajectory(&self, case: usize) -> Option<Trajectory> {
        let numbers = |name: &str| -> Option<Array2<f32>> {
            self.get(&format!("{case}.{name}"))?.into_dimensionality().ok()
        };
        let timesteps = self.ids(&format!("{case}.timesteps"))?;
        let [returns, states, actions] = ["returns_to_go", "states", "actions"].map(numbers);
        let rewards = None;
        Some(Trajectory { returns: returns?, states: states?, actions: actions?, rewards, timesteps })
    }

    /// What the network hears, `[channels, steps]`.
    fn sound(&self, case: usize, hears: Hears) -> Option<Array2<f32>> {
        let name = if hears == Hears::Bands { "input_features" } else { "input_values" };
        let sound = self.get(&format!("{case}.{name}"))?;
        Some(match hears {
            Hears::Samples => sound.insert_axis(Axis(0)).into_dimensionality().expect("samples"),
            Hears::Bands => sound.into_dimensionality().expect("bands"),
            Hears::Spectrogram => sound.into_dimensionality::<Ix2>().expect("a spectrogram").reversed_axes(),
        })
    }
}

/// The family, by the name of the list, its network, and the one for images beside it.
fn open(folder: &Path) -> (String, Network, Option<Network>) {
    let path = folder.join("config.json");
    let config = Config::parse(&path, &std::fs::read_to_string(&path).expect("config.json")).expect("config");
    let path = folder.join("model.safetensors");
    let bytes = Bytes::map(&path).expect("model.safetensors");
    let weights = Weights::from_files(&[(path, bytes)]).expect("weights");
    let network = families::bind(&config, &weights).expect("binds");
    let images = families::bind_image_tower(&config, &weights).expect("binds");
    (config.text(&["model_type"]).expect("a family").to_owned(), network, images)
}

fn compare(what: &str, found: ArrayViewD<'_, f32>, expected: &ArrayD<f32>) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    assert!(found.iter().all(|number| number.is_finite()), "{what} is finite");
    let worst = found.iter().zip(expected).map(|(f, e)| (f - e).abs()).fold(0.0, larger_or_nan);
    assert!(worst <= TOLERANCE, "{what}: differs by {worst}");
}

fn rows_sum_to_one(what: &str, weights: &ndarray::Array3<f32>) {
    for sum in weights.sum_axis(Axis(2)) {
        assert!((sum - 1.0).abs() <= 1e-6, "{what}: a row sums to {sum}");
    }
}

fn check_case(family: &str, case: usize, trace: &Trace, expected: &Expected, network: &Network) -> usize {
    let (kind, hears) = (network.kind, network.front().hears());
    let mut compared = 0;
    let mut check = |name: String, found: ArrayViewD<'_, f32>| {
        if let Some(expected) = expected.get(&format!("{case}.{name}")) {
            compare(&format!("{family} {case}.{name}"), found, &expected);
            compared += 1;
        }
    };
    let encoder = if kind == Kind::EncoderDecoder { "encoder_attention" } else { "attention" };
    for layer in 0..trace.layers(FIRST) {
        // Some layers of hybrids do not attend.
        let Some(weights) = trace.weights(FIRST, layer) else { continue };
        rows_sum_to_one(family, weights);
        check(format!("{encoder}.{layer}"), weights.view().into_dyn());
    }
    for layer in 0..trace.layers(DECODER) {
        let weights = trace.weights(DECODER, layer).expect("kept");
        check(format!("decoder_attention.{layer}"), weights.view().into_dyn());
        let cross = trace.cross_attention(DECODER, layer).expect("a decoder attends to its encoder");
        check(format!("cross_attention.{layer}"), cross.weights.view().into_dyn());
    }
    for (layer, block) in trace.stacks[FIRST].blocks.iter().enumerate() {
        for part in &block.parts {
            if let MixerTrace::Experts(experts) = &part.mixer {
                check(format!("router_logits.{layer}"), experts.router_logits.view().into_dyn());
            }
        }
    }
    for (index, state) in trace.listed_states().into_iter().enumerate() {
        check(format!("hidden_state.{index}"), state.view().into_dyn());
    }
    if let Some(logits) = &trace.logits {
        let is_one = kind == Kind::Vision || hears == Some(Hears::Spectrogram);
        let logits = if is_one { logits.row(0).into_dyn() } else { logits.view().into_dyn() };
        check("logits".into(), logits);
    }
    if let Some(pooled) = &trace.pooled {
        check("last_hidden_state".into(), pooled.stream.view().into_dyn());
        check("pooler_output".into(), pooled.vectors.row(0).into_dyn());
    }
    if let Some(foreseen) = &trace.foreseen {
        check("action_preds".into(), foreseen.actions.view().into_dyn());
        check("state_preds".into(), foreseen.states.view().into_dyn());
        check("return_preds".into(), foreseen.returns.view().into_dyn());
    }
    if let Some([own, distilled]) = &trace.head.both {
        check("cls_logits".into(), own.row(0).into_dyn());
        check("distillation_logits".into(), distilled.row(0).into_dyn());
    }
    compared
}

/// Compares what both towers made of a text and an image.
fn check_towers(family: &str, case: usize, towers: [&Network; 2], expected: &Expected) -> usize {
    let ids = expected.ids(&format!("{case}.input_ids")).expect("a text");
    let image = expected.get(&format!("{case}.pixel_values")).expect("an image");
    let image = Input::Image(image.view().into_dimensionality().expect("an image"));
    let run = |network: &Network, input: &Input<'_>| {
        forward(network, input, &PassOptions::default(), &Progress::unobserved()).expect("runs")
    };
    let traces = [run(towers[0], &Input::Tokens(&ids)), run(towers[1], &image)];
    let mut compared = 0;
    let mut check = |name: String, found: ArrayViewD<'_, f32>| {
        let expected = expected.get(&format!("{case}.{name}")).expect("a golden tensor");
        compare(&format!("{family} {case}.{name}"), found, &expected);
        compared += 1;
    };
    for (trace, (tower, vector)) in traces.iter().zip([("text", "text_embeds"), ("vision", "image_embeds")]) {
        for layer in 0..trace.layers(FIRST) {
            let weights = trace.weights(FIRST, layer).expect("kept");
            rows_sum_to_one(family, weights);
            check(format!("{tower}_attention.{layer}"), weights.view().into_dyn());
        }
        for (index, state) in trace.listed_states().into_iter().enumerate() {
            check(format!("{tower}_hidden_state.{index}"), state.view().into_dyn());
        }
        check(vector.into(), trace.shared.as_ref().expect("a vector").row(0).into_dyn());
    }
    let fit = traces[0].fit(towers[0], &traces[1]).expect("they share a space");
    check("logits_per_image".into(), ndarray::arr1(&[fit]).view().into_dyn());
    compared
}

#[test]
fn every_family_equals_pytorch() {
    let root = golden().join("transformers");
    let folders =
        std::fs::read_dir(&root).expect("the golden folder").map(|entry| entry.expect("an entry").path());
    let mut unseen: BTreeSet<&str> = FAMILIES.iter().map(|family| family.model_type).collect();
    let mut problems = Vec::new();
    for folder in folders.collect::<BTreeSet<_>>() {
        match std::panic::catch_unwind(|| check_folder(&folder)) {
            Ok(model_type) => _ = unseen.remove(model_type.as_str()),
            Err(_) => problems.push(folder),
        }
    }
    assert!(problems.is_empty(), "these differ: {problems:?}");
    assert!(unseen.is_empty(), "no golden folder is of {unseen:?}");
}

/// Compares every tensor of a folder; returns its family.
fn check_folder(folder: &Path) -> String {
    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let (model_type, network, images) = open(folder);
    let expected = Expected { bytes: std::fs::read(folder.join("expected.safetensors")).expect("expected") };
    let names: Vec<String> = expected.tensors().names().into_iter().map(str::to_owned).collect();
    let mut compared = 0;
    for case in 0.. {
        let ids = expected.ids(&format!("{case}.input_ids"));
        if let (Some(images), Some(_)) = (&images, &ids) {
            compared += check_towers(&name, case, [&network, images], &expected);
            continue;
        }
        let image = expected.get(&format!("{case}.pixel_values"));
        let image = image.as_ref().map(|image| {
            let view: ArrayView3<'_, f32> = image.view().into_dimensionality().expect("an image");
            view
        });
        let sound = network.front().hears().and_then(|hears| expected.sound(case, hears));
        let decoder = expected.ids(&format!("{case}.decoder_input_ids"));
        let trajectory = expected.trajectory(case);
        let input = match (&ids, image, &sound) {
            (None, None, None) if trajectory.is_some() => {
                Input::Trajectory(trajectory.as_ref().expect("just looked"))
            }
            (Some(ids), ..) => Input::Tokens(ids),
            (None, Some(image), _) => Input::Image(image),
            (None, None, Some(sound)) => match &decoder {
                Some(decoder) => Input::Each(vec![Feed::Sound(sound.view()), Feed::Tokens(decoder)]),
                None => Input::Sound(sound.view()),
            },
            (None, None, None) => break,
        };
        let trace =
            forward(&network, &input, &PassOptions::default(), &Progress::unobserved()).expect("runs");
        compared += check_case(&name, case, &trace, &expected, &network);
    }
    let is_input = |name: &String| INPUTS.iter().any(|part| name.contains(part));
    let tensors = names.iter().filter(|name| !is_input(name)).count();
    assert_eq!(compared, tensors, "{name}: every golden tensor is compared");
    model_type
}

/// The larger of two, or NaN where one is: `max` would pass over it.
fn larger_or_nan(one: f32, other: f32) -> f32 {
    if one.is_nan() || one >= other { one } else { other }
}
