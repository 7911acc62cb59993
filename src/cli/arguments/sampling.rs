//! How the next token is chosen.

use anyhow::Result;
use clap::Args;

use crate::cli::failure::Failure;
use crate::model::generate::Sampling;

/// How the next token is chosen.
#[derive(Debug, Args)]
pub struct SamplingArguments {
    /// 0 takes the likeliest token; larger values are bolder
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    temperature: Option<f32>,
    /// Choose among the K likeliest only
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    top_k: Option<u32>,
    /// Choose among the likeliest that make up this share only
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    top_p: Option<f32>,
    /// Where the random choices start [default: 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl SamplingArguments {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self { temperature: None, top_k: None, top_p: None, seed: None })
    }

    /// What was said, with `temperature` where none was.
    ///
    /// # Errors
    /// What is out of range, and what has no meaning where the likeliest token is taken.
    pub fn sampling(&self, temperature: f32) -> Result<Sampling> {
        let &Self { top_k, top_p, seed, .. } = self;
        let temperature = self.temperature.unwrap_or(temperature);
        if !(temperature.is_finite() && temperature >= 0.0) {
            return Err(Failure::usage(format!("--temperature {temperature}: not a temperature"))
                .hint("give 0 or more; 1 leaves the probabilities as they are")
                .into());
        }
        if top_p.is_some_and(|share| !(share > 0.0 && share <= 1.0)) {
            return Err(Failure::usage("--top-p is a share: above 0, at most 1").into());
        }
        if temperature == 0.0 && (top_k.is_some() || top_p.is_some() || seed.is_some()) {
            return Err(Failure::usage(
                "--top-k, --top-p and --seed choose among tokens, and at temperature 0 the likeliest is taken",
            )
            .hint("add --temperature 1, or leave them out")
            .into());
        }
        let top_k = top_k.map(|count| count as usize);
        Ok(Sampling { temperature, top_k, top_p, seed: seed.unwrap_or(Sampling::default().seed) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command::parsed;

    fn sampling(typed: &[&str], temperature: f32) -> Result<Sampling> {
        parsed::<SamplingArguments>(typed).unwrap().sampling(temperature)
    }

    #[test]
    fn shares_and_temperatures_have_a_range() {
        let is_fine = |typed: &[&str]| sampling(typed, 0.0).is_ok();
        assert!(is_fine(&["--temperature", "1", "--top-p", "1"]));
        assert!(!is_fine(&["--temperature", "NaN"]));
        assert!(!is_fine(&["--temperature", "-1"]));
        assert!(!is_fine(&["--temperature", "1", "--top-p", "-0.5"]));
        assert!(!is_fine(&["--temperature", "1", "--top-p", "0"]));
        assert!(!is_fine(&["--temperature", "1", "--top-p", "1.5"]));
    }

    #[test]
    fn nothing_is_chosen_at_temperature_zero() {
        assert!(sampling(&["--top-k", "4"], 0.0).is_err());
        assert!(sampling(&["--temperature", "0", "--seed", "4"], 0.8).is_err());
        let said = sampling(&["--top-k", "4"], 0.8).unwrap();
        assert_eq!(said, Sampling { temperature: 0.8, top_k: Some(4), top_p: None, seed: 1 });
    }
}
