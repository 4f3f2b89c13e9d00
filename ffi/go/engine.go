package tenantry

/*
#include <stdlib.h>
#include <tenantry.h>

int64_t tenantryGoNow(void *context);
void tenantryGoNewID(void *context, tenantry_id *id);
*/
import "C"

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"runtime/cgo"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// Options say how an engine runs. The zero value asks for nothing special.
type Options struct {
	// Policy is that of a store that is new: a Policy, or the name of one that comes with the library, such as "clients"; nil for the
	// default. A store that is there keeps its own.
	Policy any
	// ReadOnly allows no writing; the file must be there.
	ReadOnly bool
	// MustExist makes no new file.
	MustExist bool
	// SyncNormal lets a power cut undo the last commits; else they wait for the disk.
	SyncNormal bool
	// NoRefusalRecords keeps commands that are refused for lack of rights out of the journal.
	NoRefusalRecords bool
	// Wait is how long to wait for other writers; 0 for the library's ten seconds.
	Wait time.Duration
	// ClockTolerance is how far the clock may be behind the journal before commands are refused; 0 for the library's five minutes.
	ClockTolerance time.Duration
	// ClockLeap is how far it may be ahead; 0 for the library's year. Sweep says once that the clock is right.
	ClockLeap time.Duration
	// MaxBytes is how large the file may grow; 0 for no limit.
	MaxBytes uint64
	// SavedIndex is the path of a saved index, which Index loads where it is to be believed; "" for none.
	SavedIndex string
	// Now tells the time; nil for the machine's clock. Where it panics the time is not known, and what needs it is refused
	// (clock_ahead).
	Now func() time.Time
	// NewID makes the ids that commands leave out; nil for UUIDs of version 7. Where it panics, a random one is taken.
	NewID func() ID
}

// Engine is tenantry on a store. All goroutines may share one; open one per file and process.
type Engine struct {
	handle *C.tenantry_engine
	host   *host
	mutex  sync.Mutex
	closed bool
}

// host is what the callbacks need, for as long as an engine or an index of it is open.
type host struct {
	now   func() time.Time
	newID func() ID
	// The handle of all this, in C's memory; nil where there are no callbacks.
	context *cgo.Handle
	users   int32
	// What the clock has panicked with, until somebody is told.
	panicked atomic.Pointer[error]
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
	if err := names(options.SavedIndex); err != nil {
		return nil, err
	}
	var how C.tenantry_options
	how.struct_size = C.uint32_t(unsafe.Sizeof(how))
	how.max_bytes = C.uint64_t(options.MaxBytes)
	if options.Policy != nil {
		policy, err := document(options.Policy)
		if err != nil {
			return nil, err
		}
		how.policy, how.policy_length = (*C.char)(C.CBytes(policy)), C.size_t(len(policy))
		defer C.free(unsafe.Pointer(how.policy))
	}
	if options.SavedIndex != "" {
		how.saved_index, how.saved_index_length = C.CString(options.SavedIndex), C.size_t(len(options.SavedIndex))
		defer C.free(unsafe.Pointer(how.saved_index))
	}
	for flag, wanted := range map[C.uint32_t]bool{
		C.TENANTRY_READ_ONLY:          options.ReadOnly,
		C.TENANTRY_MUST_EXIST:         options.MustExist,
		C.TENANTRY_SYNC_NORMAL:        options.SyncNormal,
		C.TENANTRY_NO_REFUSAL_RECORDS: options.NoRefusalRecords,
	} {
		if wanted {
			how.flags |= flag
		}
	}
	how.wait_ms = span(options.Wait, time.Millisecond, &how.flags, C.TENANTRY_WAIT)
	how.clock_tolerance_seconds = span(options.ClockTolerance, time.Second, &how.flags, C.TENANTRY_CLOCK_TOLERANCE)
	how.clock_leap_seconds = span(options.ClockLeap, time.Second, &how.flags, C.TENANTRY_CLOCK_LEAP)
	made := &Engine{host: &host{now: options.Now, newID: options.NewID, users: 1}}
	if options.Now != nil || options.NewID != nil {
		// C keeps this for as long as the engine lives, so it cannot be Go's memory.
		made.host.context = (*cgo.Handle)(C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0)))))
		*made.host.context = cgo.NewHandle(made.host)
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
	if err := made.told(by(&how, &handle, &failed), failed); err != nil {
		made.host.release()
		return nil, err
	}
	made.handle = handle
	runtime.SetFinalizer(made, func(e *Engine) { _ = e.Close() })
	return made, nil
}

// span is a duration in a unit, up to as much as there can be; one that is 0 or less is not said.
func span(of, unit time.Duration, flags *C.uint32_t, flag C.uint32_t) C.uint32_t {
	if of <= 0 {
		return 0
	}
	*flags |= flag
	if of/unit > math.MaxUint32 {
		return math.MaxUint32
	}
	return C.uint32_t(of / unit)
}

// Restore makes a store at a path of a backup, in place of the store that is there, if one is; nobody may have that open.
func Restore(from, to string) (restored Restored, err error) {
	if err := names(from, to); err != nil {
		return restored, err
	}
	var text C.tenantry_text
	var failed *C.tenantry_error
	source, sourceLength := borrowed(from)
	target, targetLength := borrowed(to)
	if err := fault(C.tenantry_restore(source, sourceLength, target, targetLength, &text, &failed), failed); err != nil {
		return restored, err
	}
	err = json.Unmarshal(taken(&text), &restored)
	return restored, err
}

// Close closes the engine; closing it again does nothing. While another goroutine is within a call it is refused
// ("handle_in_use") and nothing is closed. Any other call from then on is refused ("handle_closed"). Indexes outlive it.
func (e *Engine) Close() error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.closed || e.handle == nil {
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

// told takes the error object over, and says with what the clock has panicked.
func (e *Engine) told(status C.tenantry_status, from *C.tenantry_error) error {
	err := fault(status, from)
	if status == C.TENANTRY_CLOCK_AHEAD && e.host != nil {
		if cause := e.host.panicked.Swap(nil); cause != nil {
			err.(*Error).Cause = *cause
		}
	}
	return err
}

// Call sends any call of the schema, as anything that encoding/json can write, and reads the reply into what reply points to;
// nil where nobody wants it. It is for what there is no method.
func (e *Engine) Call(call, reply any) error {
	made, err := document(call)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(e)
	var text C.tenantry_text
	var failed *C.tenantry_error
	data, length := lent(made)
	if err := e.told(C.tenantry_call(e.handle, data, length, &text, &failed), failed); err != nil {
		return err
	}
	told := taken(&text)
	if reply == nil {
		return nil
	}
	return json.Unmarshal(told, reply)
}

// member is a call of one member.
func (e *Engine) member(name string, content, reply any) error {
	return e.Call(map[string]any{name: content}, reply)
}

// nothing is what there is nothing to say about.
type nothing struct{}

// Queries.

// Ask answers a query into what answer points to, and says of which revision that is; 0 where it is of none. Every query has a
// method of its own besides, by its name.
func (e *Engine) Ask(query Query, answer any) (seq int64, err error) {
	reply := struct {
		Answer any   `json:"answer"`
		Seq    int64 `json:"seq"`
	}{Answer: answer}
	err = e.member("ask", query, &reply)
	return reply.Seq, err
}

func answer[T any](e *Engine, query Query) (told T, err error) {
	_, err = e.Ask(query, &told)
	return told, err
}

// Commands.

// ByUser is a user who acts for themselves.
func ByUser(id UserID) Actor { return Actor{ActorUser{User: id}} }

// Operator is the platform's own staff; ticket is "" where there is none.
func Operator(ticket Ticket) Actor {
	if ticket == "" {
		return Actor{ActorOperator{}}
	}
	return Actor{ActorOperator{Ticket: &ticket}}
}

// Execution is a command on its way.
type Execution struct {
	By      Actor   `json:"actor"`
	Command Command `json:"command"`
	// Request names it: asking again under the same id is safe, and is answered with the first receipt. nil has one made.
	Request *RequestID `json:"id,omitempty"`
	// ExpectedSeq is the revision that the caller last saw: where the journal has moved on, the command is refused (stale_seq).
	ExpectedSeq *int64 `json:"expected_seq,omitempty"`
}

// How says how a command is executed.
type How func(*Execution)

// WithRequest names the request, so that it is safe to ask again.
func WithRequest(id RequestID) How { return func(it *Execution) { it.Request = &id } }

// WithExpectedSeq refuses the command where the journal has moved on from there.
func WithExpectedSeq(seq int64) How { return func(it *Execution) { it.ExpectedSeq = &seq } }

// Receipt says that a command is done; the same again when the request is repeated.
type Receipt struct {
	// Request is the request's id.
	Request RequestID `json:"request"`
	// Seq is the number of its record.
	Seq int64 `json:"seq"`
	// Token is the revision after it.
	Token Token `json:"token"`
	// At is its moment.
	At time.Time `json:"at"`
	// Events are what happened, as far as the actor may know.
	Events []Event `json:"events"`
}

// Executed is what a command led to.
type Executed[T any] struct {
	Receipt
	// Outcome is what the command answers with.
	Outcome T `json:"outcome"`
}

// Attempt is what became of one command of several.
type Attempt struct {
	// Executed says what it led to, with an outcome that OutcomeOf reads.
	Executed[json.RawMessage]
	// Err is why it is not done; nil where it is.
	Err error
}

// OutcomeOf reads the outcome of one command of several.
func OutcomeOf[T any](of Executed[json.RawMessage]) (T, error) { return read[T](of.Outcome) }

// Execute does a command that is known only when the program runs. Every command has a method of its own besides, by its name,
// whose outcome has its type.
func (e *Engine) Execute(by Actor, command Command, how ...How) (Executed[json.RawMessage], error) {
	return executed[json.RawMessage](e, by, command, how)
}

func executed[T any](e *Engine, by Actor, command Command, how []How) (done Executed[T], err error) {
	it := Execution{By: by, Command: command}
	for _, one := range how {
		one(&it)
	}
	err = e.member("execute", it, &done)
	return done, err
}

// ExecuteAll does several commands, one after the other, in one commit. Each is answered for itself.
func (e *Engine) ExecuteAll(all []Execution) ([]Attempt, error) {
	var reply struct {
		Results []struct {
			Executed *Executed[json.RawMessage]
			Fault    *Error
		}
	}
	if err := e.member("execute_all", there(all), &reply); err != nil {
		return nil, err
	}
	made := make([]Attempt, len(reply.Results))
	for place, one := range reply.Results {
		if one.Fault != nil {
			made[place].Err = one.Fault
		} else if one.Executed != nil {
			made[place].Executed = *one.Executed
		}
	}
	return made, nil
}

// What a host does besides.

// Acknowledge takes a consumer's word that its notices are delivered, through that record: Mail.Through.
func (e *Engine) Acknowledge(consumer string, through int64) error {
	return e.member("acknowledge", map[string]any{"consumer": consumer, "through": through}, nil)
}

// Sweep lets everything happen that time alone brings about, and says how many records that led to. acceptClock says that the
// clock is right although it is far ahead of the journal; nothing takes that back.
func (e *Engine) Sweep(acceptClock bool) (happened int64, err error) {
	var reply struct{ Happened int64 }
	err = e.member("sweep", map[string]any{"accept_clock": acceptClock}, &reply)
	return reply.Happened, err
}

// Backup copies the store as it is to a file where nothing is; others read and write on.
func (e *Engine) Backup(to string) (Token, error) { return e.to("backup", to) }

// SaveIndex saves the access index to a file, in place of what is there.
func (e *Engine) SaveIndex(to string) (Token, error) { return e.to("save_index", to) }

func (e *Engine) to(call, path string) (Token, error) {
	var reply struct{ Token Token }
	err := e.member(call, map[string]any{"to": path}, &reply)
	return reply.Token, err
}

// Compact gives back what the file has no use for, and says how many bytes that were.
func (e *Engine) Compact() (bytes int64, err error) {
	var reply struct{ Bytes int64 }
	err = e.member("compact", nothing{}, &reply)
	return reply.Bytes, err
}

// Rebuild makes everything anew that is derived from the journal.
func (e *Engine) Rebuild() (rebuilt Rebuilt, err error) {
	err = e.member("rebuild", nothing{}, &rebuilt)
	return rebuilt, err
}

// Refresh brings the indexes to everything that any process has committed, at least to a token, "" for none, and says which
// revision that is.
func (e *Engine) Refresh(token Token) (seq int64, err error) {
	if err := names(string(token)); err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(e)
	var found C.uint64_t
	var failed *C.tenantry_error
	data, length := optional(string(token))
	err = e.told(C.tenantry_refresh(e.handle, data, length, &found, &failed), failed)
	return int64(found), err
}

// Checks.

// AccessVerdict is the answer of a check. It lies in memory as C has it.
type AccessVerdict struct {
	// Seq is the revision it was read at.
	Seq int64
	// Reason is why not, the first refusal that applies; 0 when allowed.
	Reason Code
	// Allowed is whether it is allowed.
	Allowed bool
	_       [3]byte
}

func verdictOf(found C.tenantry_verdict) AccessVerdict {
	return AccessVerdict{Seq: int64(found.seq), Reason: Code(found.reason), Allowed: found.allowed == 1}
}

// Check says whether a user may use a permission on a tenant, for a service; "" for no service. A "no" is no error. It reads the
// store and is always fresh; CheckAt asks about the past, and says on what grounds.
func (e *Engine) Check(user UserID, permission Permission, tenant TenantID, service Service) (AccessVerdict, error) {
	if err := names(string(permission), string(service)); err != nil {
		return AccessVerdict{}, err
	}
	defer runtime.KeepAlive(e)
	var found C.tenantry_verdict
	var failed *C.tenantry_error
	who, where := ID(user).c(), ID(tenant).c()
	name, nameLength := borrowed(string(permission))
	on, onLength := optional(string(service))
	status := C.tenantry_check(e.handle, &who, name, nameLength, &where, on, onLength, &found, &failed)
	return verdictOf(found), e.told(status, failed)
}

// TenantsWhere lists the tenants on which a user may do this, by id.
func (e *Engine) TenantsWhere(user UserID, permission Permission, service Service) ([]TenantID, error) {
	if err := names(string(permission), string(service)); err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(e)
	var cursor *C.tenantry_cursor
	var failed *C.tenantry_error
	who := ID(user).c()
	name, nameLength := borrowed(string(permission))
	on, onLength := optional(string(service))
	if err := e.told(C.tenantry_tenants_where(e.handle, &who, name, nameLength, on, onLength, &cursor, &failed), failed); err != nil {
		return nil, err
	}
	return all[TenantID](cursor)
}

// UsersWhoCan lists the users who may do this on a tenant, by id.
func (e *Engine) UsersWhoCan(permission Permission, tenant TenantID, service Service) ([]UserID, error) {
	if err := names(string(permission), string(service)); err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(e)
	var cursor *C.tenantry_cursor
	var failed *C.tenantry_error
	where := ID(tenant).c()
	name, nameLength := borrowed(string(permission))
	on, onLength := optional(string(service))
	if err := e.told(C.tenantry_users_who_can(e.handle, name, nameLength, &where, on, onLength, &cursor, &failed), failed); err != nil {
		return nil, err
	}
	return all[UserID](cursor)
}

// Callbacks.

//export tenantryGoNow
func tenantryGoNow(context unsafe.Pointer) (micros C.int64_t) {
	host := (*(*cgo.Handle)(context)).Value().(*host)
	defer func() {
		if failed := recover(); failed != nil {
			cause := fmt.Errorf("tenantry: Options.Now panicked: %v", failed)
			host.panicked.Store(&cause)
			micros = math.MaxInt64 // no moment: the time is not known
		}
	}()
	return C.int64_t(host.now().UnixMicro())
}

//export tenantryGoNewID
func tenantryGoNewID(context unsafe.Pointer, id *C.tenantry_id) {
	var made ID
	defer func() {
		if recover() != nil {
			_, _ = rand.Read(made[:])
		}
		*id = made.c()
	}()
	made = (*(*cgo.Handle)(context)).Value().(*host).newID()
}
