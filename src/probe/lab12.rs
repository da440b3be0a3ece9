//! Reads the evidence files of the lab into facts.
pub struct Reading {
    pub edition: crate::model::Edition,
    pub targets: Vec<crate::model::Target>,
    pub facts: crate::model::Facts,
}
pub fn read(_c: &[crate::model::Capture]) -> Reading {
    Reading { edition: crate::model::Edition::F25, targets: vec![], facts: Default::default() }
}
