//! One of the two runs that are compared.

use crate::judge::Judgement;
use crate::model::Run;

/// One of the two runs, judged.
#[derive(Debug, Clone, Copy)]
pub struct DiffSide<'a> {
    /// The run.
    pub run: &'a Run,
    /// What is said about it.
    pub judgement: &'a Judgement,
}
