// Package tenantry is libtenantry for Go: the relationships between managed service providers (MSPs), their customers and
// resellers, in one SQLite file. It decides nothing itself; what can be called is described by tenantry.schema.json, which is
// installed with the library.
//
// What a maintainer must know:
//
//   - The package is cgo over the C ABI, found by pkg-config ("tenantry"). A build needs a C compiler, the header and the library;
//     CGO_ENABLED=0 and cross-compiling do not work without them. The static library is taken where the shared one is not there.
//   - Ownership. Whatever the library gives out (errors, texts, cursors) is copied into Go memory and given back before a function
//     returns. An Engine and an Index are closed by their owner; a finalizer closes one that is forgotten, some time.
//   - Text. What is not UTF-8 is refused before it crosses (not_utf8), and so is a name or a path with a zero byte (bad_text).
//   - Goroutines. All may share an Engine. A call holds its thread until it returns, and a command waits for its turn to write:
//     there is no context, and a call cannot be cancelled. Options.Wait bounds the waiting.
//   - Callbacks. Options.Now and Options.NewID are called by the library from any thread, through exported Go functions which find
//     them by a cgo.Handle. They must not use the Engine and must not panic: a panic ends the process.
//   - fork without exec is not for Go programs; exec.Command is fine.
package tenantry

/*
#cgo pkg-config: tenantry
#include <stdlib.h>
#include <tenantry.h>

int64_t tenantryGoNow(void *context);
void tenantryGoNewID(void *context, tenantry_id *id);
*/
import "C"

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/cgo"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// ID names a thing. In JSON it is a text.
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

// Error is a call that was not done: a refusal, which is an expected "no" with a remedy, or a trouble. Find it with errors.As.
type Error struct {
	// Code is the stable number: up to 999 for a refusal, from 9000 on for a trouble.
	Code Code
	// Name is the stable name, such as "not_delinkable".
	Name string
	// Family is what kind of refusal or trouble it is.
	Family Family
	// Message says what stands in the way, and Remedy what to do about it.
	Message, Remedy string
	// Rule is where a refusal comes from, such as "D-1".
	Rule string
	// About is what a refusal is about: an id, a name or a value.
	About string
	// Path is where in the JSON a misuse is, such as "execute.command.owner.email".
	Path string
	// JSON is the whole of it, Fault of the schema, with every item of a batch.
	JSON json.RawMessage
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Code, e.Name, e.Message) }

// Refused tells a refusal from a trouble.
func (e *Error) Refused() bool { return e.Code < 1000 }

// fault takes the error object over.
func fault(status C.tenantry_status, from *C.tenantry_error) error {
	if status == C.TENANTRY_OK {
		return nil
	}
	defer C.tenantry_error_free(&from)
	told := &Error{
		Code:    Code(status),
		Name:    C.GoString(C.tenantry_status_name(status)),
		Message: C.GoString(C.tenantry_error_message(from, nil)),
		Remedy:  C.GoString(C.tenantry_status_remedy(status)),
		Rule:    C.GoString(C.tenantry_status_rule(status)),
		About:   C.GoString(C.tenantry_error_about(from, nil)),
		Path:    C.GoString(C.tenantry_error_path(from, nil)),
		JSON:    json.RawMessage(C.GoString(C.tenantry_error_json(from, nil))),
	}
	var said struct{ Family Family }
	if json.Unmarshal(told.JSON, &said) == nil {
		told.Family = said.Family
	}
	return told
}

// Code is the number of a refusal or a trouble. errors.Is finds an Error by it.
type Code int

func (c Code) Error() string { return C.GoString(C.tenantry_status_name(C.tenantry_status(c))) }

// Family is a family of codes. errors.Is finds an Error by it.
type Family string

func (f Family) Error() string { return string(f) }

// Is says whether an error has this Code, or is of this Family.
func (e *Error) Is(target error) bool {
	switch wanted := target.(type) {
	case Code:
		return e.Code == wanted
	case Family:
		return e.Family == wanted
	}
	return false
}

// Meaning says what a code means: its name and the rule it comes from.
func Meaning(code Code) (name, rule string) {
	status := C.tenantry_status(code)
	return C.GoString(C.tenantry_status_name(status)), C.GoString(C.tenantry_status_rule(status))
}

// Options say how an engine runs. The zero value asks for nothing special.
type Options struct {
	// Policy is that of a new store: the name of one that comes with the library, or a whole one, as anything that
	// encoding/json can write. nil for the default.
	Policy any
	// ReadOnly allows no writing; the file must be there.
	ReadOnly bool
	// MustExist makes no new file.
	MustExist bool
	// Wait is how long to wait for other writers; 0 for the library's ten seconds.
	Wait time.Duration
	// Now tells the time; nil for the machine's clock.
	Now func() time.Time
	// NewID makes the ids that commands leave out; nil for UUIDs of version 7.
	NewID func() ID
}

// Engine is tenantry on a store. All goroutines may share one.
type Engine struct {
	handle *C.tenantry_engine
	host   *host
	mutex  sync.Mutex
	closed bool
}

// host is what the callbacks need, for as long as an engine or an index of it is open.
type host struct {
	// The handle of Options, in C's memory; nil where there are no callbacks.
	context *cgo.Handle
	users   int32
}

func (h *host) release() {
	if atomic.AddInt32(&h.users, -1) == 0 && h.context != nil {
		h.context.Delete()
		C.free(unsafe.Pointer(h.context))
		h.context = nil
	}
}

// Open opens an SQLite file, which is made where there is none. Other processes may have it open, too.
func Open(path string, options Options) (*Engine, error) {
	if err := names(path); err != nil {
		return nil, err
	}
	data, length := borrowed(path)
	return open(options, func(how *C.tenantry_options, made **C.tenantry_engine, failed **C.tenantry_error) C.tenantry_status {
		return C.tenantry_open_file(data, length, how, made, failed)
	})
}

// OpenMemory opens an engine in memory; what it holds is gone when it is closed.
func OpenMemory(options Options) (*Engine, error) {
	return open(options, func(how *C.tenantry_options, made **C.tenantry_engine, failed **C.tenantry_error) C.tenantry_status {
		return C.tenantry_open_memory(how, made, failed)
	})
}

func open(options Options, by func(*C.tenantry_options, **C.tenantry_engine, **C.tenantry_error) C.tenantry_status) (*Engine, error) {
	var how C.tenantry_options
	how.struct_size = C.uint32_t(unsafe.Sizeof(how))
	if options.Policy != nil {
		policy, err := json.Marshal(options.Policy)
		if err != nil {
			return nil, err
		}
		how.policy, how.policy_length = C.CString(string(policy)), C.size_t(len(policy))
		defer C.free(unsafe.Pointer(how.policy))
	}
	if options.ReadOnly {
		how.flags |= C.TENANTRY_READ_ONLY
	}
	if options.MustExist {
		how.flags |= C.TENANTRY_MUST_EXIST
	}
	if options.Wait > 0 {
		how.flags |= C.TENANTRY_WAIT
		how.wait_ms = C.uint32_t(options.Wait.Milliseconds())
	}
	made := &Engine{host: &host{users: 1}}
	if options.Now != nil || options.NewID != nil {
		// C keeps this for as long as the engine lives, so it cannot be Go's memory.
		made.host.context = (*cgo.Handle)(C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0)))))
		*made.host.context = cgo.NewHandle(&options)
		how.context = unsafe.Pointer(made.host.context)
	}
	if options.Now != nil {
		how.now = (*[0]byte)(C.tenantryGoNow)
	}
	if options.NewID != nil {
		how.new_id = (*[0]byte)(C.tenantryGoNewID)
	}
	var failed *C.tenantry_error
	// C is lent a variable of its own: nothing else of Go's may lie beside it.
	var handle *C.tenantry_engine
	if err := fault(by(&how, &handle, &failed), failed); err != nil {
		made.host.release()
		return nil, err
	}
	made.handle = handle
	runtime.SetFinalizer(made, func(e *Engine) { _ = e.Close() })
	return made, nil
}

// Close closes the engine; closing it again does nothing. While another goroutine is within a call it is refused
// ("handle_in_use") and nothing is closed. Any other call from then on is refused ("handle_closed").
func (e *Engine) Close() error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.closed {
		return nil
	}
	handle := e.handle // stays: the library tells a stale handle, whoever uses it
	if status := C.tenantry_close(&handle); status != C.TENANTRY_OK {
		return plain(status)
	}
	e.closed = true
	runtime.SetFinalizer(e, nil)
	e.host.release()
	return nil
}

// plain is an error of which the status says all.
func plain(status C.tenantry_status) error {
	if status == C.TENANTRY_OK {
		return nil
	}
	return &Error{
		Code:    Code(status),
		Name:    C.GoString(C.tenantry_status_name(status)),
		Family:  FamilyMisuse,
		Message: C.GoString(C.tenantry_status_message(status)),
		Remedy:  C.GoString(C.tenantry_status_remedy(status)),
	}
}

// Call sends any call of the schema, as anything that encoding/json can write, and reads the reply into what reply points to;
// nil where nobody wants it.
func (e *Engine) Call(request, reply any) error {
	if err := checked(request); err != nil {
		return err
	}
	document, err := json.Marshal(request)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(e)
	var text C.tenantry_text
	var failed *C.tenantry_error
	data, length := borrowed(string(document))
	if err := fault(C.tenantry_call(e.handle, data, length, &text, &failed), failed); err != nil {
		return err
	}
	told := taken(&text)
	if reply == nil {
		return nil
	}
	return json.Unmarshal([]byte(told), reply)
}

// Ask answers a query, such as map[string]any{"query": "look_up", …}, into what answer points to.
func (e *Engine) Ask(query, answer any) error {
	reply := struct {
		Answer any `json:"answer"`
	}{answer}
	return e.Call(map[string]any{"ask": query}, &reply)
}

// Actor is who asks for a command: ByUser, the Operator, or the operator on a ticket.
type Actor struct{ as any }

// ByUser: they act for themselves.
func ByUser(id ID) Actor { return Actor{map[string]any{"user": id}} }

// Operator is the platform's own staff; ticket is "" where there is none.
func Operator(ticket string) Actor {
	if ticket == "" {
		return Actor{map[string]any{"operator": struct{}{}}}
	}
	return Actor{map[string]any{"operator": map[string]any{"ticket": ticket}}}
}

// UnmarshalJSON reads one from a record.
func (a *Actor) UnmarshalJSON(from []byte) error {
	a.as = json.RawMessage(append([]byte(nil), from...))
	return nil
}

// MarshalJSON is the actor as the schema has it.
func (a Actor) MarshalJSON() ([]byte, error) { return json.Marshal(a.as) }

// Receipt says what a command led to.
type Receipt struct {
	// Request is the request's id: the same command under the same id is answered with the same receipt.
	Request ID        `json:"request"`
	Seq     uint64    `json:"seq"`
	Token   string    `json:"token"`
	At      time.Time `json:"at"`
	// Outcome is what the command answers with, as the schema has it for each.
	Outcome json.RawMessage   `json:"outcome"`
	Events  []json.RawMessage `json:"events"`
}

// Execute does a command, such as map[string]any{"command": "request_delink", "link": link}.
func (e *Engine) Execute(by Actor, command any) (Receipt, error) {
	var receipt Receipt
	err := e.Call(map[string]any{"execute": map[string]any{"actor": by, "command": command}}, &receipt)
	return receipt, err
}

// Verdict is the answer of a check.
type Verdict struct {
	Allowed bool
	// Reason is a refusal's number, the first that applies; 0 when allowed.
	Reason Code
	// Seq is the revision it was read at.
	Seq uint64
}

// Check says whether a user may use a permission on a tenant, for a service; "" for no service. A "no" is no error.
func (e *Engine) Check(user ID, permission string, tenant ID, service string) (Verdict, error) {
	if err := names(permission, service); err != nil {
		return Verdict{}, err
	}
	defer runtime.KeepAlive(e)
	var found C.tenantry_verdict
	var failed *C.tenantry_error
	who, where := user.c(), tenant.c()
	name, nameLength := borrowed(permission)
	on, onLength := optional(service)
	status := C.tenantry_check(e.handle, &who, name, nameLength, &where, on, onLength, &found, &failed)
	return Verdict{found.allowed != 0, Code(found.reason), uint64(found.seq)}, fault(status, failed)
}

// TenantsWhere lists the tenants on which a user may do this, by id.
func (e *Engine) TenantsWhere(user ID, permission, service string) ([]ID, error) {
	if err := names(permission, service); err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(e)
	var cursor *C.tenantry_cursor
	var failed *C.tenantry_error
	who := user.c()
	name, nameLength := borrowed(permission)
	on, onLength := optional(service)
	if err := fault(C.tenantry_tenants_where(e.handle, &who, name, nameLength, on, onLength, &cursor, &failed), failed); err != nil {
		return nil, err
	}
	return all(cursor)
}

// UsersWhoCan lists the users who may do this on a tenant, by id.
func (e *Engine) UsersWhoCan(permission string, tenant ID, service string) ([]ID, error) {
	if err := names(permission, service); err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(e)
	var cursor *C.tenantry_cursor
	var failed *C.tenantry_error
	where := tenant.c()
	name, nameLength := borrowed(permission)
	on, onLength := optional(service)
	if err := fault(C.tenantry_users_who_can(e.handle, name, nameLength, &where, on, onLength, &cursor, &failed), failed); err != nil {
		return nil, err
	}
	return all(cursor)
}

// Token is the revision the store is at.
func (e *Engine) Token() (string, error) {
	defer runtime.KeepAlive(e)
	var text C.tenantry_text
	var failed *C.tenantry_error
	if err := fault(C.tenantry_token(e.handle, &text, &failed), failed); err != nil {
		return "", err
	}
	return taken(&text), nil
}

// Refresh makes sure that checks are at least as new as a token, "" for all that is committed, and says at which revision.
func (e *Engine) Refresh(token string) (uint64, error) {
	if err := names(token); err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(e)
	var seq C.uint64_t
	var failed *C.tenantry_error
	data, length := optional(token)
	status := C.tenantry_refresh(e.handle, data, length, &seq, &failed)
	return uint64(seq), fault(status, failed)
}

// all takes a cursor over.
func all(cursor *C.tenantry_cursor) ([]ID, error) {
	defer C.tenantry_cursor_free(&cursor)
	var failed *C.tenantry_error
	var found []ID
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
			found = append(found, idOf(one))
		}
	}
}

// taken takes a text over.
func taken(text *C.tenantry_text) string {
	defer C.tenantry_text_free(text)
	if text.length == 0 {
		return ""
	}
	return string(unsafe.Slice((*byte)(unsafe.Pointer(text.data)), int(text.length)))
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

//export tenantryGoNow
func tenantryGoNow(context unsafe.Pointer) C.int64_t {
	return C.int64_t((*(*cgo.Handle)(context)).Value().(*Options).Now().UnixMicro())
}

//export tenantryGoNewID
func tenantryGoNewID(context unsafe.Pointer, id *C.tenantry_id) {
	*id = (*(*cgo.Handle)(context)).Value().(*Options).NewID().c()
}
