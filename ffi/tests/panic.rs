//! What C cannot show: a panic is contained, and the process's hook is left alone. All else is tested in C.

#![expect(non_camel_case_types, reason = "types are named as C knows them")]

use std::sync::atomic::{AtomicU32, Ordering};

#[path = "../src/error.rs"]
#[expect(dead_code, reason = "a part of it is tested by itself")]
mod error;
#[path = "../src/guard.rs"]
#[expect(dead_code, reason = "a part of it is tested by itself")]
mod guard;
#[path = "../src/handle.rs"]
#[expect(dead_code, reason = "a part of it is tested by itself")]
mod handle;

use error::{guard, tenantry_error, tenantry_error_free, tenantry_error_message, tenantry_error_status};

static HOOKED: AtomicU32 = AtomicU32::new(0);

#[test]
fn a_panic_is_contained_told_and_seen_by_the_hook_of_the_process() {
    std::panic::set_hook(Box::new(|_| {
        HOOKED.fetch_add(1, Ordering::SeqCst);
    }));
    for (number, text) in [(1, "because"), (2, "because 7")] {
        let mut error: *mut tenantry_error = std::ptr::null_mut();
        // SAFETY: the error is a variable of this function.
        let status = unsafe {
            guard(&raw mut error, || match number {
                1 => panic!("because"),
                _ => panic!("because {}", number + 5),
            })
        };
        assert_eq!(status, 9901);
        // SAFETY: as above.
        unsafe {
            assert_eq!(tenantry_error_status(error), 9901);
            let said = tenantry_error_message(error, std::ptr::null_mut());
            let said = std::ffi::CStr::from_ptr(said).to_str().unwrap();
            assert_eq!(said, format!("stopped by a defect: {text}"));
            assert_eq!(tenantry_error_free(&raw mut error), 0);
        }
        assert_eq!(HOOKED.load(Ordering::SeqCst), number);
    }
}
