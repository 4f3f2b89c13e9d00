//! The sources as modules with their items, macros expanded and tests left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use syn::{Attribute, Item, Meta, UseTree, Visibility};

use crate::expand::Macro;

/// Where something is, from the crate on.
pub(crate) type Place = Vec<String>;

/// A module, with the modules in it beside its items.
pub(crate) struct Module {
    pub(crate) items: Vec<Item>,
    /// What it imports or passes on: the name here, `*` for everything, and the path.
    pub(crate) uses: Vec<Import>,
    /// Whether it is public, and the features that it is there with.
    pub(crate) public: bool,
    pub(crate) features: Vec<String>,
}

pub(crate) struct Import {
    pub(crate) name: String,
    pub(crate) path: Place,
    pub(crate) public: bool,
    pub(crate) features: Vec<String>,
}

pub(crate) struct Crate {
    pub(crate) modules: BTreeMap<Place, Module>,
}

type Macros = BTreeMap<(Place, String), Rc<Macro>>;

/// The macros, and whether all of them have been read.
type Known<'m> = (bool, &'m mut Macros);

/// The features that an item is there with alone; none where it is there in tests only.
pub(crate) fn features(attributes: &[Attribute]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
        let Meta::List(list) = &attribute.meta else { continue };
        let said = list.tokens.to_string();
        match said.strip_prefix("feature = ") {
            Some(feature) => found.push(feature.trim_matches('"').to_owned()),
            None if said == "test" => return None,
            // What depends on the platform is private, or on every one in some form.
            None => {}
        }
    }
    Some(found)
}

pub(crate) fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        matches!(&attribute.meta, Meta::List(list)
            if list.path.is_ident("doc") && list.tokens.to_string() == "hidden")
    })
}

pub(crate) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn flattened(tree: &UseTree, before: &Place, found: &mut Vec<(String, Place)>) {
    let with = |name: String| before.iter().cloned().chain([name]).collect::<Place>();
    match tree {
        UseTree::Path(path) => flattened(&path.tree, &with(path.ident.to_string()), found),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flattened(tree, before, found)),
        UseTree::Glob(_) => found.push(("*".to_owned(), before.clone())),
        UseTree::Name(name) if name.ident == "self" => {
            found.push((before.last().unwrap().clone(), before.clone()));
        }
        UseTree::Name(name) => found.push((name.ident.to_string(), with(name.ident.to_string()))),
        UseTree::Rename(name) => {
            let path = if name.ident == "self" { before.clone() } else { with(name.ident.to_string()) };
            found.push((name.rename.to_string(), path));
        }
    }
}

impl Crate {
    /// Reads the sources of this package.
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut macros = Macros::new();
        let mut modules = BTreeMap::new();
        // Twice, since a macro may be called before the module that defines it is read.
        for known in [false, true] {
            modules.clear();
            let whole = (true, Vec::new());
            load(&root.join("lib.rs"), &root, Vec::new(), whole, &mut modules, &mut (known, &mut macros));
        }
        Self { modules }
    }
}

fn load(
    file: &Path,
    directory: &Path,
    place: Place,
    (public, features): (bool, Vec<String>),
    modules: &mut BTreeMap<Place, Module>,
    known: &mut Known<'_>,
) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let items = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())).items;
    take(items, directory, &place, (public, features), modules, known);
}

fn take(
    items: Vec<Item>,
    directory: &Path,
    place: &Place,
    (public, features_here): (bool, Vec<String>),
    modules: &mut BTreeMap<Place, Module>,
    known: &mut Known<'_>,
) {
    let mut open = items;
    open.reverse();
    let mut module = Module { items: Vec::new(), uses: Vec::new(), public, features: features_here.clone() };
    while let Some(item) = open.pop() {
        let Some(own) = features(attributes(&item)) else { continue };
        match item {
            Item::Macro(defined) if defined.mac.path.is_ident("macro_rules") => {
                let name = defined.ident.unwrap().to_string();
                known.1.insert((place.clone(), name), Rc::new(Macro::read(defined.mac.tokens)));
            }
            Item::Macro(called) => {
                let name = called.mac.path.segments.last().unwrap().ident.to_string();
                // The nearest of that name; `pub(crate) use` lets others elsewhere name it, too.
                let near = (0..=place.len()).rev();
                let defined = near
                    .filter_map(|length| known.1.get(&(place[..length].to_vec(), name.clone())))
                    .chain(known.1.iter().filter(|((_, other), _)| *other == name).map(|(_, found)| found))
                    .next()
                    .cloned();
                let Some(made) = defined else {
                    // What the standard library has makes nothing public.
                    assert!(!known.0 || name == "thread_local", "{place:?}: there is no `{name}!`");
                    continue;
                };
                let file: syn::File = syn::parse2(made.expand(called.mac.tokens))
                    .unwrap_or_else(|error| panic!("{place:?}: `{name}!` makes items: {error}"));
                open.extend(file.items.into_iter().rev());
            }
            Item::Mod(inner) => {
                let name = inner.ident.to_string();
                let public = is_public(&inner.vis) && !is_hidden(&inner.attrs);
                let inner_place: Place = place.iter().cloned().chain([name.clone()]).collect();
                let below: Vec<String> = features_here.iter().cloned().chain(own).collect();
                let directory = directory.join(&name);
                match inner.content {
                    Some((_, items)) => {
                        take(items, &directory, &inner_place, (public, below), modules, known)
                    }
                    None => {
                        let beside = PathBuf::from(format!("{}.rs", directory.display()));
                        let file = if beside.exists() { beside } else { directory.join("mod.rs") };
                        load(&file, &directory, inner_place, (public, below), modules, known);
                    }
                }
            }
            Item::Use(import) => {
                let mut found = Vec::new();
                flattened(&import.tree, &Vec::new(), &mut found);
                let public = is_public(&import.vis) && !is_hidden(&import.attrs);
                module.uses.extend(found.into_iter().map(|(name, path)| Import {
                    name,
                    path,
                    public,
                    features: own.clone(),
                }));
            }
            item => module.items.push(item),
        }
    }
    modules.insert(place.clone(), module);
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}
