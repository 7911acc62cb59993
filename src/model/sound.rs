//! What a network makes of a sound, as tokens.

use super::fronts::Front;
use super::network::Network;
use super::tokenizer::Tokens;

/// The tokens of a sound of `steps`: numbers from the first; of a spectrogram what comes before its patches,
/// then `BAND,STEP` from the lowest and earliest patch, both counted from 0. None for a network that does not
/// hear.
pub fn frame_tokens(network: &Network, steps: usize) -> Tokens {
    let names: Vec<String> = match network.front() {
        Front::Sound(front) => (0..front.tokens_of(steps)).map(|frame| frame.to_string()).collect(),
        Front::Spectrogram(front) => {
            let [high, long] = front.grid();
            let leading = ["class", "distillation"].into_iter().take(front.leading.len()).map(str::to_owned);
            let patches = (0..high * long).map(|patch| format!("{},{}", patch / long, patch % long));
            leading.chain(patches).collect()
        }
        _ => return Tokens::default(),
    };
    Tokens::unmarked((0..names.len() as u32).collect(), names)
}
