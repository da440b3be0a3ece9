//! Claims: what a hand-written report states, held against the evidence of a run.
//!
//! A report is read as passages with their places (`passages`), sentences (`sentence`) and typed
//! quantities (`quantity`). Something is said only where one of three sources is sure: pasted
//! output, which goes through the readers of evidence files (`blocks`); cells of tables and lines of
//! lists, by row, column, unit and the cells next to them (`figure_tables`); and a value with a unit,
//! a version, a name or an address in a sentence whose subject (`subjects`) and target
//! (`target_resolver`) are certain (`values`, `comparison`), or which orders two targets (`orders`). A
//! pasted line that no reader knows is compared with the captured ones (`pasted_lines`). Names and
//! what no evidence carries (`assertions`) and costs that nobody measured (`costs`) are found as they
//! stand. The words are data: `data/lab12/claims/*.toml`.
//!
//! Precision comes before recall: what is not certain gets no remark, and a value that another
//! captured one explains is no contradiction.

mod assertions;
mod blocks;
mod captured_lines;
mod claim_checker;
mod claim_remark;
mod comparison;
mod computed_cells;
mod costs;
mod counted_requests;
mod evidence_index;
#[cfg(test)]
mod examples_hold;
mod figure_pair;
mod figure_tables;
mod figures;
mod matching;
mod messages;
mod orders;
pub(crate) mod passages;
mod pasted_lines;
pub(crate) mod quantity;
pub(crate) mod sentence;
mod subjects;
mod target_resolver;
mod text_lines;
mod value_place;
mod values;
pub(crate) mod words;

pub use crate::judge::{CheckedClaims, ClaimResult, ClaimStatus};
pub use claim_checker::ClaimChecker;
pub(crate) use messages::RULES_FOLDER;
