//! Sentences of our own data with places for values, in Tera's form.

use std::sync::LazyLock;

use serde::Serialize;
use tera::{Context, Tera, TeraResult};

/// Made once: to register what Tera knows takes longer than to parse and fill a sentence.
static ENGINE: LazyLock<Tera> = LazyLock::new(Tera::default);

/// A sentence with these values, in which nothing is hidden.
///
/// # Errors
///
/// The sentence cannot be parsed, or needs a value that is not given.
pub(super) fn fill_template(template: &str, values: &impl Serialize) -> TeraResult<String> {
    let context = Context::from_serialize(values)?;
    let text = ENGINE.render_str(template.trim(), &context, false)?;
    Ok(crate::text::make_visible(&text))
}
