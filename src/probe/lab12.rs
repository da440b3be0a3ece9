//! Reads the evidence files of the lab into facts.
