//! The least that the work of isoproof takes: what `benches/floor.py` holds it against.
//!
//! `floor site FOLDER OUT` makes a page of every chapter in a folder: its Markdown is parsed and
//! put into one template, on all processors, and the page is written. No look-ups, no search, no
//! check of links.
//!
//! `floor json FILE...` reads the files and parses each by `serde_json`, no more.

use std::path::{Path, PathBuf};

use pulldown_cmark::{Options, Parser, html};
use rayon::prelude::*;
use tera::{Context, Tera};

const PAGE: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
    <title>{{ title }}</title><link rel=\"stylesheet\" href=\"style.css\"></head>\n<body><nav>\
    <ul>{% for page in pages %}<li><a href=\"{{ page }}.html\">{{ page }}</a></li>{% endfor %}\
    </ul></nav>\n<main>{{ content | safe }}</main></body></html>\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["site", folder, out] => make_site(Path::new(folder), Path::new(out)),
        ["json", ref files @ ..] => files.iter().try_for_each(|file| {
            let value: serde_json::Value = serde_json::from_slice(&std::fs::read(file)?)?;
            assert!(value.is_object());
            Ok(())
        }),
        _ => Err("usage: floor site FOLDER OUT | floor json FILE...".into()),
    }
}

fn make_site(folder: &Path, out: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut tera = Tera::new();
    tera.add_raw_template("page.html", PAGE)?;
    std::fs::create_dir_all(out)?;
    let entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = entries.collect::<Result<Vec<PathBuf>, _>>()?;
    files.retain(|path| path.extension().is_some_and(|suffix| suffix == "md"));
    files.sort();
    let names: Vec<String> = files.iter().map(|path| page_name(path)).collect();
    let make = |index: usize| -> Result<(), String> {
        let text = std::fs::read_to_string(&files[index]).map_err(|error| error.to_string())?;
        let mut content = String::with_capacity(text.len() * 3 / 2);
        html::push_html(&mut content, Parser::new_ext(&text, Options::all()));
        let mut context = Context::new();
        context.insert("title", &names[index]);
        context.insert("pages", &names[index.saturating_sub(8)..(index + 9).min(names.len())]);
        context.insert("content", &content);
        let page = tera.render("page.html", &context).map_err(|error| error.to_string())?;
        let path = out.join(format!("{}.html", names[index]));
        std::fs::write(path, page).map_err(|error| error.to_string())
    };
    Ok((0..files.len()).into_par_iter().try_for_each(make)?)
}

fn page_name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
