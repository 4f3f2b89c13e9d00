package tenantry

import (
	"errors"
	"path/filepath"
	"reflect"
	"runtime"
	"sync"
	"testing"
)

func TestABatchSaysWhatSingleChecksSay(t *testing.T) {
	engine := inMemory(t, Options{})
	msp, ada, customer, _ := world(t, engine)
	index := must(engine.Index())(t)
	manage, view := must(index.Permission(PermissionDevicesManage))(t), must(index.Permission(PermissionLocationView))(t)
	with := must(index.Service(ServiceManage))(t)
	var questions []AccessQuestion
	var resolved []ResolvedQuestion
	for _, user := range []UserID{ada, UserID(msp), {}} {
		for _, tenant := range []TenantID{msp, customer, TenantID(ada)} {
			for _, permission := range []PermissionHandle{manage, view, 0} {
				for _, service := range []ServiceHandle{NoService, with, 0} {
					questions = append(questions, AccessQuestion{user, tenant, permission, service})
					resolved = append(resolved, ResolvedQuestion{must(index.Users(user))(t)[0], must(index.Tenants(tenant))(t)[0], permission, service})
				}
			}
		}
	}
	batch, handles, allowed := make([]AccessVerdict, len(questions)), make([]AccessVerdict, len(questions)), 0
	for _, err := range []error{index.CheckAll(questions, batch), index.CheckAllResolved(resolved, handles)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for place, question := range questions {
		single := must(index.Check(question))(t)
		if single != batch[place] || single != handles[place] || single != must(index.CheckResolved(resolved[place]))(t) {
			t.Errorf("%+v: %+v, %+v, %+v", question, single, batch[place], handles[place])
		}
		if single.Allowed {
			allowed++
		} else if single.Reason == 0 {
			t.Errorf("%+v: no reason", question)
		}
	}
	// At home all, on the customer what is not reserved for it; each with the service and without.
	if allowed != 6 {
		t.Errorf("%d are allowed", allowed)
	}
}

func TestAnIndexRefusesAndIsClosed(t *testing.T) {
	engine := inMemory(t, Options{})
	_, ada, customer, _ := world(t, engine)
	index := must(engine.Index())(t)
	_, err := index.Permission("none.such")
	wants(t, err, CodeUnknownPermission)
	_, err = index.Service("none-such")
	wants(t, err, CodeUnknownService)
	_, err = index.Permission("a\x00b")
	wants(t, err, CodeBadText)
	_, err = index.Service("\xff")
	wants(t, err, CodeNotUtf8)
	if none := must(index.Service(""))(t); none != NoService {
		t.Error(none)
	}
	if err := index.CheckAll(nil, nil); err != nil {
		t.Error(err)
	}
	wants(t, index.CheckAll(make([]AccessQuestion, 2), make([]AccessVerdict, 1)), CodeBadLength)
	wants(t, index.CheckAllResolved(nil, make([]AccessVerdict, 1)), CodeBadLength)
	for range [2]int{} {
		if err := index.Close(); err != nil {
			t.Error(err)
		}
	}
	last := func(_ any, err error) error { return err }
	for _, closed := range []*Index{index, {}} {
		code := CodeHandleClosed
		if closed != index {
			code = CodeNullPointer
		}
		for _, err := range []error{
			closed.CheckAll(make([]AccessQuestion, 1), make([]AccessVerdict, 1)), last(closed.Check(AccessQuestion{User: ada, Tenant: customer})),
			last(closed.CheckResolved(ResolvedQuestion{})), last(closed.Users(ada)), last(closed.Tenants(customer)), last(closed.Seq()),
			closed.CheckAllResolved(nil, nil), last(closed.TenantsWhere(1, 1, NoService)), last(closed.UsersWhoCan(1, 1, NoService)),
			last(closed.TenantAccess(1)), last(closed.UserAccess(1)), last(closed.LoadedFrom()), last(closed.Permission(PermissionDevicesView)),
		} {
			wants(t, err, code)
		}
		if err := closed.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheListsOfAnIndex(t *testing.T) {
	engine := inMemory(t, Options{})
	msp, ada, customer, _ := world(t, engine)
	index := must(engine.Index())(t)
	defer index.Close()
	who, where := must(index.Users(ada, UserID{}))(t), must(index.Tenants(customer, msp, TenantID{}))(t)
	view := must(index.Permission(PermissionDevicesView))(t)
	if who[0] == 0 || who[1] != 0 || where[0] == 0 || where[2] != 0 {
		t.Errorf("%v %v", who, where)
	}
	if found := must(index.TenantsWhere(who[0], view, NoService))(t); len(found) != 2 {
		t.Errorf("%v", found)
	}
	if found := must(index.UsersWhoCan(view, where[0], NoService))(t); !reflect.DeepEqual(found, []UserID{ada}) {
		t.Errorf("%v", found)
	}
	reach := must(index.TenantAccess(where[0]))(t)
	if reach.Seq != 4 || len(reach.Rows) != 1 || reach.Rows[0].User != ada || len(reach.Rows[0].Held) == 0 {
		t.Errorf("%+v", reach)
	}
	if rights := must(index.UserAccess(who[0]))(t); rights.Seq != 4 || len(rights.Rows) != 2 || rights.Rows[0].Held[0].Permission == "" {
		t.Errorf("%+v", rights)
	}
	if none := must(index.TenantAccess(0))(t); len(none.Rows) != 0 {
		t.Errorf("%+v", none)
	}
}

func TestAnIndexFollowsItsEngineAndOutlivesIt(t *testing.T) {
	path, saved := filepath.Join(t.TempDir(), "msp.db"), filepath.Join(t.TempDir(), "msp.index")
	engine := must(Open(path, Options{SavedIndex: saved}))(t)
	msp, ada, customer, _ := world(t, engine)
	index := must(engine.Index())(t)
	defer index.Close()
	if from := must(index.LoadedFrom())(t); from != 0 {
		t.Error(from)
	}
	question := AccessQuestion{User: ada, Tenant: customer, Permission: must(index.Permission(PermissionDevicesManage))(t), Service: NoService}
	must(engine.SaveIndex(saved))(t)
	must(engine.AddCustomer(ByUser(ada), oneMore(msp, "Atlas")))(t)
	if seq := must(index.Seq())(t); seq != 5 {
		t.Error(seq)
	}
	// Another process, as it were.
	other := must(Open(path, Options{SavedIndex: saved}))(t)
	loaded := must(other.Index())(t)
	if from := must(loaded.LoadedFrom())(t); from != 4 {
		t.Error(from)
	}
	must(other.DisableTenants(Operator("T-1"), DisableTenants{Tenants: []TenantID{customer}}))(t)
	if found := must(index.Check(question))(t); !found.Allowed {
		t.Errorf("%+v", found)
	}
	must(engine.Refresh(must(other.Token())(t)))(t)
	for _, closed := range []interface{ Close() error }{loaded, other, engine} {
		if err := closed.Close(); err != nil {
			t.Error(err)
		}
	}
	if found := must(index.Check(question))(t); found.Allowed || found.Reason != CodeTenantDisabled {
		t.Errorf("%+v", found)
	}
}

func TestAHugeBatchOfChecks(t *testing.T) {
	engine := inMemory(t, Options{})
	_, ada, customer, _ := world(t, engine)
	index := must(engine.Index())(t)
	defer index.Close()
	manage := must(index.Permission(PermissionDevicesManage))(t)
	questions, verdicts := make([]AccessQuestion, 1_000_000), make([]AccessVerdict, 1_000_000)
	for place := range questions {
		questions[place] = AccessQuestion{ada, customer, manage, NoService}
	}
	if err := index.CheckAll(questions, verdicts); err != nil {
		t.Fatal(err)
	}
	for place, found := range verdicts {
		if !found.Allowed || found.Seq != 4 {
			t.Fatalf("%d: %+v", place, found)
		}
	}
}

func TestGoroutinesCheckWhileAnotherWrites(t *testing.T) {
	engine := inMemory(t, Options{})
	_, ada, customer, _ := world(t, engine)
	index := must(engine.Index())(t)
	question := AccessQuestion{ada, customer, must(index.Permission(PermissionDevicesManage))(t), NoService}
	var all sync.WaitGroup
	for range [4]int{} {
		all.Add(1)
		go func() {
			defer all.Done()
			verdicts := make([]AccessVerdict, 2)
			for turn := 0; turn < 500; turn++ {
				if err := index.CheckAll([]AccessQuestion{question, question}, verdicts); err != nil || !verdicts[1].Allowed {
					t.Error(verdicts, err)
				}
				if turn%100 == 0 {
					runtime.GC()
				}
			}
		}()
	}
	for range [20]int{} {
		must(engine.RegisterTenant(staff, RegisterTenant{Kind: TenantKindMsp, Name: "One of many"}))(t)
	}
	all.Wait()
	// Whoever closes it while others check ends nothing: they are told from then on.
	for range [4]int{} {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				if found, err := index.Check(question); errors.Is(err, CodeHandleClosed) {
					return
				} else if err != nil {
					t.Error(err)
					return
				} else if !found.Allowed {
					t.Error(found)
				}
			}
		}()
	}
	if err := index.Close(); err != nil {
		t.Error(err)
	}
	all.Wait()
}

func TestACheckAllocatesNothing(t *testing.T) {
	engine := inMemory(t, Options{})
	_, ada, customer, _ := world(t, engine)
	index := must(engine.Index())(t)
	defer index.Close()
	question := AccessQuestion{ada, customer, must(index.Permission(PermissionDevicesManage))(t), NoService}
	if allocated := testing.AllocsPerRun(100, func() {
		_, _ = index.Check(question)
		_, _ = index.CheckResolved(ResolvedQuestion{})
	}); allocated != 0 {
		t.Errorf("%v", allocated)
	}
}

func BenchmarkCheck(b *testing.B) {
	index, question := forBenchmarks(b)
	for turn := 0; turn < b.N; turn++ {
		_, _ = index.Check(question)
	}
}

func BenchmarkCheckAll1024(b *testing.B) {
	index, question := forBenchmarks(b)
	questions, verdicts := make([]AccessQuestion, 1024), make([]AccessVerdict, 1024)
	for place := range questions {
		questions[place] = question
	}
	for turn := 0; turn < b.N; turn += 1024 {
		_ = index.CheckAll(questions, verdicts)
	}
}

func forBenchmarks(b *testing.B) (*Index, AccessQuestion) {
	b.Helper()
	engine, err := OpenMemory(Options{})
	if err != nil {
		b.Fatal(err)
	}
	msp, err := engine.RegisterTenant(staff, RegisterTenant{Kind: TenantKindMsp, Name: "Northwind IT"})
	if err != nil {
		b.Fatal(err)
	}
	ada, err := engine.RegisterUser(staff, RegisterUser{Home: msp.Outcome, Email: "ada@northwind.example", Role: RoleAdmin})
	if err != nil {
		b.Fatal(err)
	}
	index, err := engine.Index()
	if err != nil {
		b.Fatal(err)
	}
	manage, err := index.Permission(PermissionDevicesManage)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	return index, AccessQuestion{ada.Outcome, msp.Outcome, manage, NoService}
}
