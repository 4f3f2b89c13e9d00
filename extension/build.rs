//! What has loaded the library may call it for as long as it lives, also where loading has failed half-way: so it stays in memory.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS")
        .is_ok_and(|os| matches!(os.as_str(), "linux" | "android" | "freebsd"))
    {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
