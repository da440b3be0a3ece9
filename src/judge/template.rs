//! Sentences of our own data with places for values, in Tera's form.

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use hashbrown::HashMap;
use serde::Serialize;
use tera::{Context, Tera, TeraResult};

/// Each sentence in an engine of its own, parsed once: a site of a thousand runs has the same few in
/// all of them.
static PARSED: LazyLock<RwLock<HashMap<String, Arc<Tera>>>> = LazyLock::new(RwLock::default);

/// What is copied for each sentence: to register what Tera knows takes longer than to parse one.
static ENGINE: LazyLock<Tera> = LazyLock::new(|| {
    let mut engine = Tera::default();
    engine.autoescape_on(Vec::<&str>::new());
    engine
});

/// A sentence with these values, in which nothing is hidden.
pub(super) fn fill_template(template: &str, values: &impl Serialize) -> TeraResult<String> {
    let context = Context::from_serialize(values)?;
    let text = parse_sentence(template)?.render(SENTENCE, &context)?;
    Ok(crate::text::make_visible(&text))
}

/// The name of a sentence in its engine, for errors.
const SENTENCE: &str = "sentence";

fn parse_sentence(template: &str) -> TeraResult<Arc<Tera>> {
    let known = PARSED.read().unwrap_or_else(PoisonError::into_inner).get(template).cloned();
    if let Some(engine) = known {
        return Ok(engine);
    }
    let mut engine = ENGINE.clone();
    engine.add_raw_template(SENTENCE, template.trim())?;
    let engine = Arc::new(engine);
    let mut parsed = PARSED.write().unwrap_or_else(PoisonError::into_inner);
    Ok(Arc::clone(parsed.entry(template.to_string()).or_insert(engine)))
}
