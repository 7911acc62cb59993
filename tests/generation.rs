//! Writing on: the same with and without the key/value cache, seeded choices, and, where
//! `LEXISCOPE_SMOLLM2` names the GGUF file of SmolLM2-135M-Instruct (Q4_1), its known words.

use std::path::Path;

use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::generate::{Sampling, generate, likeliest};
use lexiscope::model::{Model, open};
use lexiscope::progress::Progress;

fn tiny(family: &str) -> Model {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/transformers").join(family);
    open::open(&folder.to_string_lossy()).expect("a golden model opens")
}

fn written(model: &Model, prompt: &[u32], count: usize, sampling: &Sampling) -> Vec<u32> {
    generate(&model.network, prompt, count, sampling, &Progress::unobserved(), |_| true).expect("writes")
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
