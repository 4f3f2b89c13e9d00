package tenantry

/*
#include <tenantry.h>

// By value, and the index as a number, so that nothing of Go's has to lie on the heap for a check.
typedef struct { tenantry_verdict verdict; tenantry_status status; } tenantry_go_answer;

static inline tenantry_go_answer tenantry_go_check(uintptr_t index, tenantry_question asked) {
  tenantry_go_answer it;
  it.status = tenantry_index_check((const tenantry_index *)index, &asked.user, asked.permission, &asked.tenant, asked.service, &it.verdict);
  return it;
}

static inline tenantry_go_answer tenantry_go_resolved(uintptr_t index, tenantry_resolved asked) {
  tenantry_go_answer it;
  it.status = tenantry_index_check_resolved((const tenantry_index *)index, asked.user, asked.permission, asked.tenant, asked.service,
                                            &it.verdict);
  return it;
}
*/
import "C"

import (
	"encoding/json"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

type (
	// UserHandle is a user, as one index numbers them; 0 is nobody, who is denied everything.
	UserHandle uint32
	// TenantHandle is a tenant, as one index numbers them; on 0, which is none, everything is denied.
	TenantHandle uint32
	// PermissionHandle is a permission, as an index numbers them; 0 is none, which nobody holds.
	PermissionHandle uint16
	// ServiceHandle is a service, as an index numbers them; with 0, which is none, everything is denied. A check that is about no
	// service says NoService.
	ServiceHandle uint16
)

// NoService is for checks that are about no service.
const NoService ServiceHandle = C.TENANTRY_NO_SERVICE

// AccessQuestion is a question by ids, with handles for permission and service. It lies in memory as C has it.
type AccessQuestion struct {
	User       UserID
	Tenant     TenantID
	Permission PermissionHandle
	Service    ServiceHandle
}

// ResolvedQuestion is a question in handles. It lies in memory as C has it.
type ResolvedQuestion struct {
	User       UserHandle
	Tenant     TenantHandle
	Permission PermissionHandle
	Service    ServiceHandle
}

// None compiles where it is not as C has it.
var (
	_ [unsafe.Sizeof(AccessQuestion{}) - C.sizeof_tenantry_question]struct{}
	_ [C.sizeof_tenantry_question - unsafe.Sizeof(AccessQuestion{})]struct{}
	_ [unsafe.Sizeof(ResolvedQuestion{}) - C.sizeof_tenantry_resolved]struct{}
	_ [C.sizeof_tenantry_resolved - unsafe.Sizeof(ResolvedQuestion{})]struct{}
	_ [unsafe.Sizeof(AccessVerdict{}) - C.sizeof_tenantry_verdict]struct{}
	_ [C.sizeof_tenantry_verdict - unsafe.Sizeof(AccessVerdict{})]struct{}
)

// Index answers checks from memory. All goroutines may share one; none waits for another, nor for a commit. It outlives its
// engine, at the revision that it has come to.
type Index struct {
	// Closing waits for the checks that are going on; these wait for nobody else.
	mutex  sync.RWMutex
	handle *C.tenantry_index
	host   *host
	closed bool
}

// Index opens an index at everything that is committed. The first one reads the store, which takes its time where it is large;
// any further one costs next to nothing. It is to be closed, too.
func (e *Engine) Index() (*Index, error) {
	defer runtime.KeepAlive(e)
	if e.host == nil {
		return nil, plain(C.TENANTRY_NULL_POINTER)
	}
	// Before it is open, so that closing the engine meanwhile leaves the callbacks alone.
	atomic.AddInt32(&e.host.users, 1)
	var handle *C.tenantry_index
	var failed *C.tenantry_error
	if err := e.told(C.tenantry_index_open(e.handle, &handle, &failed), failed); err != nil {
		e.host.release()
		return nil, err
	}
	made := &Index{handle: handle, host: e.host}
	runtime.SetFinalizer(made, func(i *Index) { _ = i.Close() })
	return made, nil
}

// Close closes the index; closing it again does nothing. Any other call from then on is refused ("handle_closed").
func (i *Index) Close() error {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.closed || i.handle == nil {
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

// Seq is the revision that it has come to.
func (i *Index) Seq() (int64, error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var seq C.uint64_t
	var failed *C.tenantry_error
	status := C.tenantry_index_seq(i.handle, &seq, &failed)
	return int64(seq), fault(status, failed)
}

// LoadedFrom is the revision of the saved index that it was loaded from; 0 where it was built of the store.
func (i *Index) LoadedFrom() (int64, error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var seq C.uint64_t
	var failed *C.tenantry_error
	status := C.tenantry_index_loaded_from(i.handle, &seq, &failed)
	return int64(seq), fault(status, failed)
}

// Handles.

// Permission looks a permission up, once for all checks. One that the policy does not have is refused.
func (i *Index) Permission(permission Permission) (PermissionHandle, error) {
	if err := names(string(permission)); err != nil {
		return 0, err
	}
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var handle C.tenantry_permission_handle
	var failed *C.tenantry_error
	name, length := borrowed(string(permission))
	status := C.tenantry_index_permission(i.handle, name, length, &handle, &failed)
	return PermissionHandle(handle), fault(status, failed)
}

// Service looks a service up, once for all checks; "" is NoService. One that the policy does not have is refused.
func (i *Index) Service(service Service) (ServiceHandle, error) {
	if err := names(string(service)); err != nil {
		return 0, err
	}
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var handle C.tenantry_service_handle
	var failed *C.tenantry_error
	name, length := optional(string(service))
	status := C.tenantry_index_service(i.handle, name, length, &handle, &failed)
	return ServiceHandle(handle), fault(status, failed)
}

// Users looks users up, for this index alone. Who is not known has handle 0.
func (i *Index) Users(users ...UserID) ([]UserHandle, error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	made := make([]UserHandle, len(users))
	var failed *C.tenantry_error
	status := C.tenantry_index_users(i.handle, (*C.tenantry_id)(first(users)), C.size_t(len(users)),
		(*C.tenantry_user_handle)(first(made)), &failed)
	return made, fault(status, failed)
}

// Tenants looks tenants up, for this index alone. What is not known has handle 0.
func (i *Index) Tenants(tenants ...TenantID) ([]TenantHandle, error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	made := make([]TenantHandle, len(tenants))
	var failed *C.tenantry_error
	status := C.tenantry_index_tenants(i.handle, (*C.tenantry_id)(first(tenants)), C.size_t(len(tenants)),
		(*C.tenantry_tenant_handle)(first(made)), &failed)
	return made, fault(status, failed)
}

// first is where a list begins.
func first[T any](list []T) unsafe.Pointer {
	if len(list) == 0 {
		return nil
	}
	return unsafe.Pointer(&list[0])
}

// Checks.

func (i *Index) number() C.uintptr_t { return C.uintptr_t(uintptr(unsafe.Pointer(i.handle))) }

// Check answers one question by ids.
func (i *Index) Check(asked AccessQuestion) (AccessVerdict, error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	found := C.tenantry_go_check(i.number(), *(*C.tenantry_question)(unsafe.Pointer(&asked)))
	if found.status != C.TENANTRY_OK {
		return AccessVerdict{}, plain(found.status)
	}
	return verdictOf(found.verdict), nil
}

// CheckResolved answers one question in handles.
func (i *Index) CheckResolved(asked ResolvedQuestion) (AccessVerdict, error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	found := C.tenantry_go_resolved(i.number(), *(*C.tenantry_resolved)(unsafe.Pointer(&asked)))
	if found.status != C.TENANTRY_OK {
		return AccessVerdict{}, plain(found.status)
	}
	return verdictOf(found.verdict), nil
}

// CheckAll answers many questions by ids, which costs less for each than to ask one by one: verdicts[n] answers questions[n]. Nothing
// is copied. Where there are more or fewer verdicts than questions it is refused ("bad_length").
func (i *Index) CheckAll(questions []AccessQuestion, verdicts []AccessVerdict) error {
	if len(questions) != len(verdicts) {
		return plain(C.TENANTRY_BAD_LENGTH)
	}
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	return plain(C.tenantry_index_check_ids(i.handle, (*C.tenantry_question)(first(questions)), C.size_t(len(questions)),
		(*C.tenantry_verdict)(first(verdicts))))
}

// CheckAllResolved is the same in handles.
func (i *Index) CheckAllResolved(questions []ResolvedQuestion, verdicts []AccessVerdict) error {
	if len(questions) != len(verdicts) {
		return plain(C.TENANTRY_BAD_LENGTH)
	}
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	return plain(C.tenantry_index_check_batch(i.handle, (*C.tenantry_resolved)(first(questions)), C.size_t(len(questions)),
		(*C.tenantry_verdict)(first(verdicts))))
}

// Lists.

// TenantsWhere lists the tenants that a user can do this on, in no particular order.
func (i *Index) TenantsWhere(user UserHandle, permission PermissionHandle, service ServiceHandle) ([]TenantID, error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var cursor *C.tenantry_cursor
	var failed *C.tenantry_error
	status := C.tenantry_index_tenants_where(i.handle, C.tenantry_user_handle(user), C.tenantry_permission_handle(permission),
		C.tenantry_service_handle(service), &cursor, &failed)
	if err := fault(status, failed); err != nil {
		return nil, err
	}
	return all[TenantID](cursor)
}

// UsersWhoCan lists the users who can do this on a tenant, in no particular order.
func (i *Index) UsersWhoCan(permission PermissionHandle, tenant TenantHandle, service ServiceHandle) ([]UserID, error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var cursor *C.tenantry_cursor
	var failed *C.tenantry_error
	status := C.tenantry_index_users_who_can(i.handle, C.tenantry_permission_handle(permission), C.tenantry_tenant_handle(tenant),
		C.tenantry_service_handle(service), &cursor, &failed)
	if err := fault(status, failed); err != nil {
		return nil, err
	}
	return all[UserID](cursor)
}

// UserRights is what a user may do on a tenant.
type UserRights struct {
	User UserID           `json:"user"`
	Held []HeldPermission `json:"held"`
}

// TenantRights is what may be done on a tenant.
type TenantRights struct {
	Tenant TenantID         `json:"tenant"`
	Held   []HeldPermission `json:"held"`
}

// Reviewed is who has effective access to what, at a revision, in no particular order.
type Reviewed[T any] struct {
	Seq  int64 `json:"seq"`
	Rows []T   `json:"rows"`
}

// TenantAccess tells everybody who can do anything on a tenant, and what.
func (i *Index) TenantAccess(tenant TenantHandle) (told Reviewed[UserRights], err error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var text C.tenantry_text
	var failed *C.tenantry_error
	if err := fault(C.tenantry_index_tenant_access(i.handle, C.tenantry_tenant_handle(tenant), &text, &failed), failed); err != nil {
		return told, err
	}
	err = json.Unmarshal(taken(&text), &told)
	return told, err
}

// UserAccess tells every tenant on which a user can do anything, and what.
func (i *Index) UserAccess(user UserHandle) (told Reviewed[TenantRights], err error) {
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	var text C.tenantry_text
	var failed *C.tenantry_error
	if err := fault(C.tenantry_index_user_access(i.handle, C.tenantry_user_handle(user), &text, &failed), failed); err != nil {
		return told, err
	}
	err = json.Unmarshal(taken(&text), &told)
	return told, err
}
