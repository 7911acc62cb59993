//! Opening what the screens share: vectors and their index, a model.

use std::path::PathBuf;
use std::sync::Arc;

use super::frame::{Answers, Frame, FrameItself};
use super::news::News;
use super::opened::Opened;
use crate::jobs::{Failure, Job, Reporter, Slot};
use crate::model::{self, Model};
use crate::vectors::lookup::Lookup;
use crate::vectors::planes::stored;
use crate::vectors::{self, WordVectors};

/// Reads a vector file.
#[derive(Debug)]
pub struct OpenVectors {
    /// The file; `None` for the shipped vectors.
    pub path: Option<PathBuf>,
}

impl Job for OpenVectors {
    type Output = Arc<WordVectors>;
    type Note = ();
    const SLOT: Slot = Slot::front("frame.vectors");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<Self::Output, Failure> {
        let vectors = match self.path {
            Some(path) => vectors::open::open(&path, reporter.progress())?,
            None => vectors::open::shipped()?,
        };
        Ok(Arc::new(vectors))
    }
}

impl Answers<OpenVectors> for FrameItself {
    fn answered(&mut self, vectors: Arc<WordVectors>, frame: &mut Frame) {
        frame.vectors = Opened::Open(Arc::clone(&vectors));
        frame.start::<Self, _>(IndexWords { vectors: Arc::clone(&vectors) });
        frame.preparing = Some(frame.start::<Self, _>(PreparePlane { vectors }));
        frame.tell(News::VectorsOpen);
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        frame.vectors = Opened::Failed { message: failure.to_string(), way_out: frame.vectors_way_out() };
    }
}

/// Builds the index of the words.
#[derive(Debug)]
pub struct IndexWords {
    /// The vectors.
    pub vectors: Arc<WordVectors>,
}

impl Job for IndexWords {
    type Output = Arc<Lookup>;
    type Note = ();
    const SLOT: Slot = Slot::front("frame.lookup").quietly();

    fn run(self, _: &Reporter<'_, ()>) -> Result<Self::Output, Failure> {
        Ok(Arc::new(Lookup::build(&self.vectors)))
    }
}

impl Answers<IndexWords> for FrameItself {
    fn answered(&mut self, lookup: Arc<Lookup>, frame: &mut Frame) {
        frame.lookup = Some(lookup);
        frame.tell(News::LookupReady);
    }
}

/// Makes the rows ready in fewer bytes, so that searches take less time.
#[derive(Debug)]
pub struct PreparePlane {
    /// The vectors.
    pub vectors: Arc<WordVectors>,
}

impl Job for PreparePlane {
    type Output = ();
    type Note = ();
    const SLOT: Slot = Slot::background("frame.plane");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<(), Failure> {
        if let Err(error) = stored::prepare(&self.vectors, reporter.progress()) {
            // Answers are the same without; a full disk is no reason to disturb.
            tracing::warn!(name = self.vectors.name(), %error, "searches read f32");
        }
        Ok(())
    }
}

impl Answers<PreparePlane> for FrameItself {
    fn answered(&mut self, (): (), frame: &mut Frame) {
        frame.preparing = None;
    }
}

/// Reads a model.
#[derive(Debug)]
pub struct OpenModel {
    /// A folder, a file or a name; `None` for the shipped model.
    pub name: Option<String>,
}

impl Job for OpenModel {
    type Output = Arc<Model>;
    type Note = ();
    const SLOT: Slot = Slot::front("frame.model");

    fn run(self, _: &Reporter<'_, ()>) -> Result<Self::Output, Failure> {
        let model = match self.name {
            Some(name) => model::open::open(&name)?,
            None => model::open::shipped()?,
        };
        Ok(Arc::new(model))
    }
}

impl Answers<OpenModel> for FrameItself {
    fn answered(&mut self, model: Arc<Model>, frame: &mut Frame) {
        if !model.remarks.is_empty() {
            frame.inform(format!("{}: {}", model.name, model.remarks.join("; ")));
        }
        frame.model = Opened::Open(model);
        frame.tell(News::ModelOpen);
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        frame.model = Opened::Failed { message: failure.to_string(), way_out: frame.model_way_out() };
    }
}

impl Frame {
    /// Opens the vectors, in place of those that are open.
    pub fn open_vectors(&mut self) {
        let name = match &self.path {
            Some(path) => path.display().to_string(),
            None => String::from("the shipped vectors"),
        };
        self.forget(OpenVectors::SLOT);
        self.forget(IndexWords::SLOT);
        self.forget(PreparePlane::SLOT);
        self.lookup = None;
        self.tell(News::VectorsClosed);
        let progress = self.start::<FrameItself, _>(OpenVectors { path: self.path.clone() });
        self.vectors = Opened::Opening { name, progress, since: self.now };
        self.changed = true;
    }

    /// Opens the model, in place of the one that is open and all that it computed.
    pub fn open_model(&mut self) {
        let name = self.model_name.clone().unwrap_or_else(|| String::from("the shipped model"));
        self.tell(News::ModelClosed);
        let progress = self.start::<FrameItself, _>(OpenModel { name: self.model_name.clone() });
        self.model = Opened::Opening { name, progress, since: self.now };
        self.changed = true;
    }

    /// Stops the opening of the vectors; `false` when they are not being opened.
    pub(super) fn cancel_opening_vectors(&mut self) -> bool {
        let Opened::Opening { name, .. } = &self.vectors else { return false };
        let message = format!("opening {name} was cancelled");
        self.vectors = Opened::Failed { message, way_out: self.vectors_way_out() };
        self.cancel(OpenVectors::SLOT);
        true
    }

    /// Stops the opening of the model; `false` when it is not being opened.
    pub(super) fn cancel_opening_model(&mut self) -> bool {
        let Opened::Opening { name, .. } = &self.model else { return false };
        let message = format!("opening {name} was cancelled");
        self.model = Opened::Failed { message, way_out: self.model_way_out() };
        self.cancel(OpenModel::SLOT);
        true
    }

    /// What to do when vectors cannot be opened, with the keys that the person has.
    fn vectors_way_out(&self) -> String {
        let shipped = match self.path {
            Some(_) => format!("{} opens the vectors shipped inside, ", self.key_of("open-shipped")),
            None => String::new(),
        };
        let (again, quit) = (self.key_of("reopen"), self.key_of("quit"));
        format!("{again} opens it again, {shipped}{quit} leaves (Esc first, while typing)")
    }

    /// What to do when a model cannot be opened, with the keys that the person has.
    fn model_way_out(&self) -> String {
        let shipped = match self.model_name {
            Some(_) => format!(", {} opens the shipped model", self.key_of("open-shipped")),
            None => String::new(),
        };
        format!("{} opens it again{shipped}", self.key_of("reopen"))
    }
}
