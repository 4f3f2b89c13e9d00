//! Golden files: what is large is compared with a committed file, which `UPDATE_GOLDEN=1` rewrites; the diff is the review.

use std::path::Path;

/// Compares a text with a committed file, a path from the package on.
pub(crate) fn compare(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some((number, (wanted, found))) = golden
        .lines()
        .chain(std::iter::repeat("(nothing)"))
        .zip(text.lines().chain(std::iter::repeat("(nothing)")))
        .take(golden.lines().count().max(text.lines().count()))
        .enumerate()
        .find(|(_, (wanted, found))| wanted != found)
    {
        let path = path.display();
        panic!("{path}:{} is\n  {wanted}\nand should be\n  {found}\nUPDATE_GOLDEN=1 rewrites it", number + 1);
    }
    assert_eq!(golden, text, "{}", path.display());
}
