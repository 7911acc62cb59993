//! `gradients`: which way every parameter would have to move, as a safetensors file.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::arguments::subject::{Subject, SubjectArguments};
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::progress;
use super::report::Value;
use crate::model::gradients::Gradients;
use crate::model::loss;
use crate::model::network::Kind;
use crate::model::tensor_file::TensorFile;

/// Write the gradient of the loss for every parameter into a safetensors file
///
/// Names: loss, and grad.PARAMETER with the parameter's own name. The loss is the mean of -ln of the
/// probability of the right output: the next token of the text (of the decoder's, where there is one),
/// every token itself in a recurrent network that goes both ways, the class of an image (--label).
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// The right class of an image, from 0
    #[arg(long, value_name = "N")]
    label: Option<u32>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let subject = Subject::open_predicting(&self.subject, shared)?;
        let network = &subject.model.network;
        let classifies = matches!(network.kind, Kind::Vision | Kind::Classifier);
        match (classifies, self.label) {
            (true, None) => {
                return Err(Failure::usage("what is the right class?").hint("give --label N").into());
            }
            (false, Some(_)) => {
                return Err(Failure::usage(
                    "--label names the class that a classifier is to find, but this model predicts tokens",
                )
                .into());
            }
            _ => {}
        }
        let mut gradients = Gradients::of(network);
        let found = progress::shown("running the model both ways", |progress| {
            let labels: Vec<u32> = self.label.into_iter().collect();
            loss::with_gradients(network, &subject.input(), &labels, &mut gradients, progress)
        })?;
        let mut file = TensorFile::default();
        let losses = [found as f32];
        file.slice("loss", &[1], &losses);
        for (parameter, (name, numbers)) in network.parameters().into_iter().zip(gradients.iter()) {
            file.slice(format!("grad.{name}"), parameter.shape(), numbers);
        }
        let bytes = file.write(&subject.about()?, &self.to)?;
        let report = subject
            .report()
            .fact("tokens", subject.tokens.len())
            .fact("loss", Value::Number(found))
            .fact("tensors", file.count())
            .fact("output", Value::text(self.to.display().to_string()))
            .fact("bytes", Value::Integer(bytes));
        Ok(Answer::report(report, self.output.format))
    }
}
