package tenantry

/*
#include <tenantry.h>
*/
import "C"

import (
	"encoding/json"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

func plainCode(code Code, about string) error {
	told := plain(C.tenantry_status(code)).(*Error)
	told.About = about
	return told
}

// Explain says why a check answers as it does, as JSON (Explanation of the schema).
func (e *Engine) Explain(user ID, permission string, tenant ID, service string) (json.RawMessage, error) {
	if err := names(permission, service); err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(e)
	var text C.tenantry_text
	var failed *C.tenantry_error
	who, where := user.c(), tenant.c()
	name, nameLength := borrowed(permission)
	on, onLength := optional(service)
	status := C.tenantry_explain(e.handle, &who, name, nameLength, &where, on, onLength, &text, &failed)
	if err := fault(status, failed); err != nil {
		return nil, err
	}
	return json.RawMessage(taken(&text)), nil
}

// Right is the handle of a permission in an Index, and Service that of a service.
type (
	Right     uint16
	ServiceOn uint16
)

// NoService is for checks that are about no service.
const NoService ServiceOn = C.TENANTRY_NO_SERVICE

// IndexQuestion is one of a batch. It lies in memory as C has it.
type IndexQuestion struct {
	User    ID
	Tenant  ID
	Right   Right
	Service ServiceOn
}

// Neither compiles where a question is not as C has it.
var (
	_ [unsafe.Sizeof(IndexQuestion{}) - C.sizeof_tenantry_question]struct{}
	_ [C.sizeof_tenantry_question - unsafe.Sizeof(IndexQuestion{})]struct{}
)

// Index answers checks from memory. All goroutines may share one. It outlives its engine, at the revision that it has come to.
type Index struct {
	// Closing waits for the checks that are going on; these wait for nobody else.
	mutex  sync.RWMutex
	handle *C.tenantry_index
	host   *host
	closed bool
}

// Index opens an index of the engine.
func (e *Engine) Index() (*Index, error) {
	e.mutex.Lock() // so that the callbacks' memory is not given back in between
	defer e.mutex.Unlock()
	var handle *C.tenantry_index
	var failed *C.tenantry_error
	if err := fault(C.tenantry_index_open(e.handle, &handle, &failed), failed); err != nil {
		return nil, err
	}
	made := &Index{handle: handle, host: e.host}
	atomic.AddInt32(&e.host.users, 1)
	runtime.SetFinalizer(made, func(i *Index) { _ = i.Close() })
	return made, nil
}

// Close closes the index; closing it again does nothing. Any other call from then on is refused ("handle_closed").
func (i *Index) Close() error {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.closed {
		return nil
	}
	handle := i.handle
	if status := C.tenantry_index_close(&handle); status != C.TENANTRY_OK {
		return plain(status)
	}
	i.closed = true
	runtime.SetFinalizer(i, nil)
	i.host.release()
	return nil
}

// Right looks a permission up, once for all checks.
func (i *Index) Right(permission string) (Right, error) {
	if err := names(permission); err != nil {
		return 0, err
	}
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var handle C.tenantry_permission_handle
	var failed *C.tenantry_error
	name, length := borrowed(permission)
	status := C.tenantry_index_permission(i.handle, name, length, &handle, &failed)
	return Right(handle), fault(status, failed)
}

// Service looks a service up, once for all checks; "" is NoService.
func (i *Index) Service(service string) (ServiceOn, error) {
	if err := names(service); err != nil {
		return 0, err
	}
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var handle C.tenantry_service_handle
	var failed *C.tenantry_error
	name, length := optional(service)
	status := C.tenantry_index_service(i.handle, name, length, &handle, &failed)
	return ServiceOn(handle), fault(status, failed)
}

// Check answers one question.
func (i *Index) Check(question IndexQuestion) (Verdict, error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var found C.tenantry_verdict
	who, where := question.User.c(), question.Tenant.c()
	status := C.tenantry_index_check(i.handle, &who, C.tenantry_permission_handle(question.Right), &where,
		C.tenantry_service_handle(question.Service), &found)
	return verdictOf(found), plain(status)
}

// CheckAll answers many questions: verdicts[n] answers questions[n]. The questions are lent without a copy, the verdicts copied.
func (i *Index) CheckAll(questions []IndexQuestion) ([]Verdict, error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var first *C.tenantry_question
	var into *C.tenantry_verdict
	found := make([]C.tenantry_verdict, len(questions))
	if len(questions) > 0 {
		first, into = (*C.tenantry_question)(unsafe.Pointer(&questions[0])), &found[0]
	}
	if err := plain(C.tenantry_index_check_ids(i.handle, first, C.size_t(len(questions)), into)); err != nil {
		return nil, err
	}
	verdicts := make([]Verdict, len(found))
	for place, one := range found {
		verdicts[place] = verdictOf(one)
	}
	return verdicts, nil
}

func verdictOf(found C.tenantry_verdict) Verdict {
	return Verdict{found.allowed != 0, Code(found.reason), uint64(found.seq)}
}
