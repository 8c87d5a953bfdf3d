//! Reads the sources of all crates, from `lib.rs` and `main.rs` along their `mod` lines, and collects every path in them
//! that names something elsewhere. What is compiled for tests only may import what it likes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, UseTree};

const SRC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
const CRATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/crates");

/// One path in the sources.
pub struct Import {
    /// The module that it stands in, such as `engine::plan`; the program's own file is `main`, and modules of a further
    /// crate begin with its name.
    pub by: String,
    /// What it names: `flow::Issue`, `serde_json::Value`.
    pub of: String,
    /// Whether that is the product's, or the crate's own.
    pub ours: bool,
}

/// Every import of the sources.
pub fn imports() -> Vec<Import> {
    let sources = sources();
    sources.iter().filter(|it| !it.for_tests).flat_map(|it| imports_of(&it.module, &it.content)).collect()
}

/// Every import of one file.
pub fn imports_of(module: &str, content: &syn::File) -> Vec<Import> {
    let here: Vec<_> = module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let root = here.first().filter(|it| crates().iter().any(|(name, _)| name == *it)).cloned();
    let mut reader = Reader { root, here, found: Vec::new() };
    reader.visit_file(content);
    reader.found
}

/// The files that `mod` lines lead to.
pub fn reached() -> BTreeSet<PathBuf> {
    sources().into_iter().map(|it| it.file).collect()
}

/// The files that there are.
pub fn all() -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders: Vec<_> = crates().into_iter().map(|(_, folder)| folder).chain([PathBuf::from(SRC)]).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                files.insert(path);
            }
        }
    }
    files
}

struct Source {
    module: String,
    file: PathBuf,
    for_tests: bool,
    content: syn::File,
}

fn sources() -> Vec<Source> {
    let root = |module: &str, folder: &Path, file: &str| Source::read(module.into(), folder.join(file), false);
    let mut waiting = vec![root("", Path::new(SRC), "lib.rs"), root("main", Path::new(SRC), "main.rs")];
    waiting.extend(crates().iter().map(|(name, folder)| root(name, folder, "lib.rs")));
    let mut read = Vec::new();
    while let Some(source) = waiting.pop() {
        waiting.extend(source.children());
        read.push(source);
    }
    read
}

/// The further crates by the names that code knows them by, and the folders of their sources.
fn crates() -> Vec<(String, PathBuf)> {
    let folders = fs::read_dir(CRATES).unwrap().map(|entry| entry.unwrap());
    folders.map(|it| (it.file_name().to_str().unwrap().replace('-', "_"), it.path().join("src"))).collect()
}

impl Source {
    fn read(module: String, file: PathBuf, for_tests: bool) -> Self {
        let text = fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let content = syn::parse_file(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        Self { module, file, for_tests, content }
    }

    /// The files of the modules that are declared here without a body; not those that tests share with `tests/`.
    fn children(&self) -> Vec<Self> {
        let modules =
            self.content.items.iter().filter_map(|it| if let Item::Mod(module) = it { Some(module) } else { None });
        let inside = |module: &&ItemMod| !path_attribute(&module.attrs).is_some_and(|path| path.starts_with(".."));
        modules.filter(|it| it.content.is_none()).filter(inside).map(|module| self.child(module)).collect()
    }

    fn child(&self, declared: &ItemMod) -> Self {
        let name = declared.ident.to_string();
        let folder = self.file.parent().unwrap();
        let file = match path_attribute(&declared.attrs) {
            Some(path) => folder.join(path),
            None if self.file.ends_with("lib.rs") => folder.join(format!("{name}.rs")),
            None => self.file.with_extension("").join(format!("{name}.rs")),
        };
        let module = if self.module.is_empty() { name } else { format!("{}::{name}", self.module) };
        Self::read(module, file, self.for_tests || is_for_tests(&declared.attrs))
    }
}

/// Collects paths, knowing in which module it is.
struct Reader {
    /// What its crate is called, unless it is the product.
    root: Option<String>,
    here: Vec<String>,
    found: Vec<Import>,
}

impl Reader {
    /// `path` as it is written: `crate::…`, `super::…`, or the name of another crate or of something near by.
    fn note(&mut self, path: &[String]) {
        let mut at = match path.first().map(String::as_str) {
            Some("crate") => self.root.iter().cloned().collect(),
            Some("lockstep") => Vec::new(),
            Some("self" | "super") => self.here.clone(),
            Some(_) | None => return self.push(path.to_vec(), false),
        };
        for part in path.iter().skip_while(|part| matches!(part.as_str(), "crate" | "lockstep" | "self")) {
            match part.as_str() {
                "super" => drop(at.pop()),
                "self" => {}
                name => at.push(name.to_owned()),
            }
        }
        self.push(at, true);
    }

    fn push(&mut self, path: Vec<String>, ours: bool) {
        if !path.is_empty() && !self.here.is_empty() {
            self.found.push(Import { by: self.here.join("::"), of: path.join("::"), ours });
        }
    }

    /// `use a::{b, c::d}` is `a::b` and `a::c::d`.
    fn note_tree(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.note_tree(&path.tree, &with(&path.ident)),
            UseTree::Name(name) => self.note(&with(&name.ident)),
            UseTree::Rename(rename) => self.note(&with(&rename.ident)),
            UseTree::Glob(_) => self.note(before),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.note_tree(tree, before)),
        }
    }

    /// What macros and attributes are given is no syntax yet; paths show by their colons all the same.
    fn note_tokens(&mut self, tokens: &impl ToString) {
        let text = tokens.to_string().replace(" :: ", "::").replace(":: ", "::").replace(" ::", "::");
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
            let path: Vec<_> = word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
            if path.len() > 1 {
                self.note(&path);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if is_for_tests(&item.attrs) {
            return;
        }
        self.here.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.here.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.note_tree(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if parts.len() > 1 {
            self.note(&parts);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.visit_path(&called.path);
        self.note_tokens(&called.tokens);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.visit_path(&list.path);
        self.note_tokens(&list.tokens);
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|flag| flag == "test")
    })
}

/// The file of `#[path = "file"]`.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    let named = attributes.iter().find(|it| it.path().is_ident("path"))?.meta.require_name_value().ok()?;
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &named.value else { return None };
    Some(text.value())
}
