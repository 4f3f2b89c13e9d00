// Package tenantry is libtenantry for Go: the relationships between managed service providers (MSPs), their customers and
// resellers, in one SQLite file. It decides nothing itself. Every command and every query is a structure, and a method of
// Engine; what they hold is described by tenantry.schema.json, which is installed with the library.
//
// What may be left out of a structure is a pointer, a Patch, a list or a word: nil or "" leaves it out. Ptr makes a pointer.
//
// # What a maintainer must know
//
//   - The package is cgo over the C ABI, found by pkg-config ("tenantry"). A build needs a C compiler, the header and the library;
//     CGO_ENABLED=0 and cross-compiling do not work without them. The static library is taken where the shared one is not there; it
//     wants CGO_LDFLAGS=-lm.
//   - Ownership. Whatever the library gives out (errors, texts, cursors) is copied into Go memory and given back before a function
//     returns. An Engine and an Index are closed by their owner; a finalizer closes one that is forgotten, some time.
//   - Text. What is not UTF-8 is refused before it crosses (not_utf8), and so is a name or a path with a zero byte (bad_text).
//   - Goroutines. All may share an Engine. A call holds its thread until it returns, and a command waits for its turn to write:
//     there is no context, and a call cannot be cancelled. Options.Wait bounds the waiting.
//   - Callbacks. Options.Now and Options.NewID are called by the library from any thread, through exported Go functions which find
//     them by a cgo.Handle. They must not use the Engine.
//   - fork without exec is not for Go programs; exec.Command is fine.
package tenantry

/*
#cgo pkg-config: tenantry
#include <tenantry.h>
*/
import "C"

import "unsafe"

// Version is that of the library, such as "0.1.0".
func Version() string { return C.GoString(C.tenantry_version()) }

// LiveObjects is how many things the library has given out that have not been given back: for tests that look for leaks.
func LiveObjects() int { return int(C.tenantry_live_objects()) }

// ID names a thing. In JSON it is a text. What a thing is says its own type of id, such as TenantID; one of another kind does
// not compile in its place.
type ID [16]byte

// ParseID reads an id from 32 hexadecimal digits, mostly written as 8-4-4-4-12.
func ParseID(text string) (ID, error) {
	var id C.tenantry_id
	var failed *C.tenantry_error
	data, length := borrowed(text)
	status := C.tenantry_id_parse(data, length, &id, &failed)
	return idOf(id), fault(status, failed)
}

// String is the id in lower case, 8-4-4-4-12.
func (id ID) String() string {
	var text [C.TENANTRY_ID_TEXT]C.char
	written := id.c()
	C.tenantry_id_write(&written, &text[0])
	return C.GoString(&text[0])
}

// MarshalText makes an id a text in JSON, and a key of its objects.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads it from there.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

func (id ID) c() (made C.tenantry_id) {
	for place, one := range id {
		made.bytes[place] = C.uint8_t(one)
	}
	return made
}

func idOf(from C.tenantry_id) (id ID) {
	for place := range id {
		id[place] = byte(from.bytes[place])
	}
	return id
}

// all takes a cursor over.
func all[T ~[16]byte](cursor *C.tenantry_cursor) ([]T, error) {
	defer C.tenantry_cursor_free(&cursor)
	var failed *C.tenantry_error
	var size C.size_t
	if err := fault(C.tenantry_cursor_size(cursor, &size, nil, &failed), failed); err != nil {
		return nil, err
	}
	found := make([]T, 0, int(size))
	for {
		var some [256]C.tenantry_id
		var count C.size_t
		if err := fault(C.tenantry_cursor_next(cursor, &some[0], C.size_t(len(some)), &count, &failed), failed); err != nil {
			return nil, err
		}
		if count == 0 {
			return found, nil
		}
		for _, one := range some[:count] {
			found = append(found, T(idOf(one)))
		}
	}
}

// taken takes a text over.
func taken(text *C.tenantry_text) []byte {
	defer C.tenantry_text_free(text)
	if text.length == 0 {
		return nil
	}
	return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(text.data)), int(text.length))...)
}

// lent lends bytes for the time of a call.
func lent(bytes []byte) (*C.char, C.size_t) {
	if len(bytes) == 0 {
		return borrowed("")
	}
	return (*C.char)(unsafe.Pointer(&bytes[0])), C.size_t(len(bytes))
}

// borrowed lends a text for the time of a call.
func borrowed(text string) (*C.char, C.size_t) {
	bytes := append([]byte(text), 0) // the zero is there so that an empty text lies somewhere, too
	return (*C.char)(unsafe.Pointer(&bytes[0])), C.size_t(len(text))
}

// optional lends a text that may be left out: "" is none.
func optional(text string) (*C.char, C.size_t) {
	if text == "" {
		return nil, 0
	}
	return borrowed(text)
}
