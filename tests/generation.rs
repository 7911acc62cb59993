//! Writing on: the same with and without the key/value cache, seeded choices, and, where
//! `LEXISCOPE_SMOLLM2` names the GGUF file of SmolLM2-135M-Instruct (Q4_1), its known words.

use std::path::Path;

use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::generate::{Sampling, Writing, generate, likeliest};
use lexiscope::model::writing_rules::WritingRules;
use lexiscope::model::{Model, open};
use lexiscope::progress::Progress;
use ndarray::Array2;
use safetensors::SafeTensors;

fn tiny(family: &str) -> Model {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/transformers").join(family);
    open::open(&folder.to_string_lossy()).expect("a golden model opens")
}

fn written(model: &Model, prompt: &[u32], count: usize, sampling: &Sampling) -> Vec<u32> {
    let writing = Writing { count, sampling, rules: &model.writing };
    let input = Input::Tokens(prompt);
    generate(&model.network, &input, &writing, &Progress::unobserved(), |_| true).expect("writes")
}

#[test]
fn the_cache_changes_nothing() {
    for family in [
        "gpt2",
        "gpt_neo",
        "gpt_neox",
        "opt",
        "bloom",
        "llama",
        "mistral",
        "qwen3",
        "gemma",
        "gemma2",
        "gemma3_text",
        "phi",
        "olmo2",
        "cohere",
        "falcon",
        "falcon_alibi",
        "codegen",
        "gpt_bigcode",
        "mixtral",
        "lfm2",
        "recurrent_gemma",
        "mamba",
        "rwkv",
    ] {
        let model = tiny(family);
        let mut text = vec![5u32, 17, 9, 30];
        let fast = written(&model, &text, 12, &Sampling::default());
        for &token in &fast {
            let trace = forward(
                &model.network,
                &Input::Tokens(&text),
                &PassOptions::default(),
                &Progress::unobserved(),
            )
            .expect("runs");
            let logits = trace.last_logits().expect("logits").to_vec();
            assert_eq!(likeliest(&logits, 1)[0].id, token, "{family} after {} tokens", text.len());
            text.push(token);
        }
    }
}

/// Greedy texts of `tests/fixtures/writing/record.py`, by the settings of a generation_config.json. No end is
/// an end here: random weights write it early.
#[test]
fn what_is_written_is_what_transformers_writes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/writing/expected.json");
    let cases: serde_json::Value =
        serde_json::from_slice(&std::fs::read(file).expect("the file")).expect("JSON");
    for case in cases.as_array().expect("cases") {
        let family = case["family"].as_str().expect("a family");
        let expected: Vec<u32> = serde_json::from_value(case["written"].clone()).expect("ids");
        let model = tiny(family);
        let (own, remarks) = WritingRules::read(&case["settings"]);
        assert!(remarks.is_empty(), "{remarks:?}");
        let rules = WritingRules { ends: model.writing.ends.clone(), ..own };
        let bytes = std::fs::read(model.path.clone().expect("a folder").join("expected.safetensors"));
        let bytes = bytes.expect("inputs");
        let tensors = SafeTensors::deserialize(&bytes).expect("tensors");
        let sampling = Sampling::default();
        let writing = Writing { count: expected.len(), sampling: &sampling, rules: &rules };
        let write = |input: &Input<'_>| {
            generate(&model.network, input, &writing, &Progress::unobserved(), |_| true).expect("writes")
        };
        let found = match tensors.tensor("0.input_ids") {
            Ok(ids) => {
                let ids =
                    ids.data().chunks_exact(8).map(|id| u32::from_le_bytes([id[0], id[1], id[2], id[3]]));
                write(&Input::Tokens(&ids.collect::<Vec<u32>>()))
            }
            Err(_) => {
                let sound = tensors.tensor("0.input_features").expect("a sound");
                let numbers =
                    sound.data().chunks_exact(4).map(|n| f32::from_le_bytes([n[0], n[1], n[2], n[3]]));
                let sound = Array2::from_shape_vec((sound.shape()[0], sound.shape()[1]), numbers.collect());
                write(&Input::Sound(sound.expect("bands of steps").view()))
            }
        };
        assert_eq!(found, expected, "{family} {}", case["settings"]);
    }
}

#[test]
fn a_seed_fixes_the_choices_and_limits_hold() {
    let model = tiny("gpt2");
    let warm = Sampling { temperature: 1.5, seed: 7, ..Sampling::default() };
    let first = written(&model, &[1, 2, 3], 20, &warm);
    assert_eq!(first, written(&model, &[1, 2, 3], 20, &warm));
    assert_ne!(first, written(&model, &[1, 2, 3], 20, &Sampling { seed: 8, ..warm.clone() }));
    let greedy = written(&model, &[1, 2, 3], 20, &Sampling::default());
    assert_eq!(greedy, written(&model, &[1, 2, 3], 20, &Sampling { top_k: Some(1), ..warm.clone() }));
    assert_eq!(greedy, written(&model, &[1, 2, 3], 20, &Sampling { top_p: Some(0.0), ..warm }));
}

/// The continuation is what PyTorch writes in f32: `AutoModelForCausalLM.from_pretrained(FOLDER,
/// gguf_file=FILE, dtype=torch.float32).generate(do_sample=False)` of transformers 5.23, torch 2.8.
/// llama.cpp computes products in 8 bits and goes to "New Haven": it gives " New" 0.116 and " Nova"
/// 0.096 there, where f32 gives 0.096 and 0.113.
#[test]
#[ignore = "needs LEXISCOPE_SMOLLM2, the path of SmolLM2-135M as GGUF"]
fn smollm2_tells_its_story() {
    let path = std::env::var("LEXISCOPE_SMOLLM2").expect("LEXISCOPE_SMOLLM2 names a GGUF file");
    let model = open::open(&path).expect("opens");
    let tokenizer = model.tokenizer().expect("a tokenizer");
    let once = tokenizer.encode("Once upon a time").expect("tokens").ids;
    assert_eq!(once, [6403, 1980, 253, 655]);
    let continued =
        |prompt: &[u32]| tokenizer.decode(&written(&model, prompt, 20, &Sampling::default())).expect("text");
    let expected = ", the city of Nova Haven was a thriving metropolis, with towering skyscrapers and bustling streets. But as";
    assert_eq!(continued(&once), expected);
    let end_of_text = 0;
    let expected =
        ", a young girl named Emma discovered a mysterious box in her attic. The box was filled with strange";
    assert_eq!(continued(&[&[end_of_text][..], &once].concat()), expected);
}
