package tenantry

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

type object = map[string]any

// staff is the platform's own.
var staff = Operator("")

// must stops the test where something failed.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func wants(t *testing.T, err error, code Code) *Error {
	t.Helper()
	var told *Error
	if !errors.As(err, &told) || told.Code != code || !errors.Is(err, code) || !errors.Is(err, told.Family) || told.Remedy == "" {
		t.Fatalf("%v, and not %s", err, code)
	}
	return told
}

func inMemory(t *testing.T, options Options) *Engine {
	t.Helper()
	engine := must(OpenMemory(options))(t)
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine
}

// world has an MSP with Ada, and a fully managed customer.
func world(t *testing.T, engine *Engine) (msp TenantID, ada UserID, customer TenantID, link LinkID) {
	t.Helper()
	msp = must(engine.RegisterTenant(staff, RegisterTenant{Kind: TenantKindMsp, Name: "Northwind IT"}))(t).Outcome
	ada = must(engine.RegisterUser(staff, RegisterUser{Home: msp, Email: "ada@northwind.example", Role: RoleSuperAdmin}))(t).Outcome
	added := must(engine.AddCustomer(ByUser(ada), oneMore(msp, "Bäckerei Klein")))(t).Outcome
	return msp, ada, added.Tenant, added.Link
}

func oneMore(msp TenantID, name CompanyName) AddCustomer {
	return AddCustomer{Manager: msp, Kind: TenantKindCustomer, Name: name, Management: ManagementFully, Services: []Service{ServiceManage}}
}

func TestARefusalIsAnErrorWithAllThatItSays(t *testing.T) {
	engine := inMemory(t, Options{})
	_, ada, customer, link := world(t, engine)
	_, err := engine.RequestDelink(ByUser(ada), RequestDelink{Link: link})
	told := wants(t, err, CodeNotDelinkable)
	if told.Rule != "D-1" || told.About != link.String() || !told.Refused() || told.Family != FamilyState || !strings.Contains(err.Error(), "701 ") {
		t.Errorf("%+v", told)
	}
	_, err = engine.InviteUser(ByUser(ada), InviteUser{Tenant: customer, Role: RoleAdmin, Invitee: Invitee{Email: "kim"}})
	if told := wants(t, err, CodeInvalidRequest); told.Path != "execute.command.invitee.email" || told.Refused() || told.Family != FamilyMisuse {
		t.Errorf("%+v", told)
	}
	_, err = engine.DisableTenants(ByUser(ada), DisableTenants{Tenants: []TenantID{customer, {1}, {2}}})
	if told := wants(t, err, CodeUnknownTenant); len(told.Items) != 2 || told.Items[1].Index != 2 || told.Items[1].Code != CodeUnknownTenant {
		t.Errorf("%+v", told)
	}
}

func TestErrorsAreOfTheirFamily(t *testing.T) {
	engine := inMemory(t, Options{})
	msp, ada, customer, link := world(t, engine)
	last := func(_ any, err error) error { return err }
	request := RequestID{1}
	must(engine.EditTenant(ByUser(ada), EditTenant{Tenant: msp, Website: Set[Website]("https://northwind.example")}, WithRequest(request)))(t)
	for family, err := range map[Family]error{
		FamilyRequest: last(engine.EditTenant(ByUser(ada), EditTenant{Tenant: msp, Website: Clear[Website]()}, WithRequest(request))),
		FamilyUnknown: last(engine.Settings(SettingsQuery{Actor: ByUser(ada), Tenant: TenantID{9}})),
		FamilyRights:  last(engine.SetPolicy(ByUser(ada), SetPolicy{Policy: must(engine.Policy(PolicyQuery{}))(t)})),
		FamilyValue:   last(engine.Check(ada, "devices.mange", customer, "")),
		FamilyState:   last(engine.RequestDelink(ByUser(ada), RequestDelink{Link: link})),
		FamilyStore:   last(Open("/nowhere/at/all", Options{MustExist: true})),
		FamilyMisuse:  engine.Call(object{"none_such": object{}}, nil),
	} {
		if !errors.Is(err, family) {
			t.Errorf("%v is not of %s", err, family)
		}
	}
}

func TestChecksAndLists(t *testing.T) {
	engine := inMemory(t, Options{})
	msp, ada, customer, link := world(t, engine)
	if found := must(engine.Check(ada, PermissionDevicesManage, customer, ServiceManage))(t); !found.Allowed || found.Seq != 4 || found.Reason != 0 {
		t.Errorf("%+v", found)
	}
	if found := must(engine.Check(ada, PermissionLocationView, customer, ""))(t); found.Allowed || found.Reason != CodeReservedForCustomer {
		t.Errorf("%+v", found)
	}
	if found := must(engine.TenantsWhere(ada, PermissionDevicesView, ""))(t); len(found) != 2 {
		t.Errorf("%v", found)
	}
	if found := must(engine.UsersWhoCan(PermissionDevicesView, msp, ""))(t); len(found) != 1 || found[0] != ada {
		t.Errorf("%v", found)
	}
	if seq := must(engine.Refresh(must(engine.Token())(t)))(t); seq != 4 {
		t.Errorf("%d", seq)
	}
	why := must(engine.Explain(ExplainQuery{User: ada, Permission: PermissionLocationView, Tenant: customer}))(t)
	if why.Allowed || why.Reason == nil || *why.Reason != CodeReservedForCustomer || why.Rule != "P-6" || why.Message == nil {
		t.Errorf("%+v", why)
	}
	whole := must(engine.CheckAt(CheckQuery{User: ada, Permission: PermissionDevicesManage, Tenant: customer}))(t)
	if !whole.Allowed || !reflect.DeepEqual(whole.Chain, []LinkID{link}) || whole.Grounds == nil || whole.Grounds.Role != RoleSuperAdmin {
		t.Errorf("%+v", whole)
	}
	past := must(engine.CheckAt(CheckQuery{User: ada, Permission: PermissionDevicesManage, Tenant: customer, AsOf: AtSeq(3)}))(t)
	if past.Allowed || past.Reason == nil || *past.Reason != CodeUnknownTenant {
		t.Errorf("%+v", past)
	}
	if seq := must(engine.Ask(CheckManyQuery{AsOf: AtTime(time.Now())}, nil))(t); seq != 4 {
		t.Errorf("%d", seq)
	}
	_, err := engine.Check(ada, "", customer, "")
	wants(t, err, CodeBadText)
	if err := engine.Confirm(ConfirmQuery{Token: must(engine.Token())(t)}); err != nil {
		t.Error(err)
	}
}

func TestAnIDOfAnotherKindIsNobodys(t *testing.T) {
	engine := inMemory(t, Options{})
	msp, ada, _, link := world(t, engine)
	_, err := engine.RequestDelink(ByUser(ada), RequestDelink{Link: LinkID(msp)})
	wants(t, err, CodeUnknownLink)
	if found := must(engine.Check(UserID(link), PermissionDevicesView, msp, ""))(t); found.Allowed || found.Reason != CodeUnknownUser {
		t.Errorf("%+v", found)
	}
	_, err = engine.Execute(Actor{}, RequestDelink{Link: link})
	if told := wants(t, err, CodeInvalidRequest); !strings.HasPrefix(told.Path, "execute.actor") {
		t.Errorf("%+v", told)
	}
	_, err = engine.Execute(ByUser(ada), nil)
	wants(t, err, CodeInvalidRequest)
}

func TestIDsAreTextsInJSON(t *testing.T) {
	id := must(ParseID("0100000000000000000000000000000F"))(t)
	if text := string(must(json.Marshal(id))(t)); text != `"01000000-0000-0000-0000-00000000000f"` {
		t.Error(text)
	}
	for _, text := range []string{"", "01", "\xff", strings.Repeat("0", 1<<20)} {
		_, err := ParseID(text)
		if !errors.Is(err, FamilyMisuse) {
			t.Errorf("%.9q is no id: %v", text, err)
		}
	}
}

func TestCommandsUnderARequestAndSeveralInOneCommit(t *testing.T) {
	engine := inMemory(t, Options{})
	msp, ada, _, link := world(t, engine)
	request := RequestID{7}
	first := must(engine.AddCustomer(ByUser(ada), oneMore(msp, "Atlas"), WithRequest(request)))(t)
	if again := must(engine.AddCustomer(ByUser(ada), oneMore(msp, "Atlas"), WithRequest(request)))(t); !reflect.DeepEqual(first, again) {
		t.Errorf("%+v, %+v", first, again)
	}
	_, err := engine.AddCustomer(ByUser(ada), oneMore(msp, "Late"), WithExpectedSeq(first.Seq-1))
	wants(t, err, CodeStaleSeq)
	all := must(engine.ExecuteAll([]Execution{
		{By: ByUser(ada), Command: oneMore(msp, "One")},
		{By: ByUser(ada), Command: RequestDelink{Link: link}},
		{By: ByUser(ada), Command: oneMore(msp, "Two"), Request: Ptr(RequestID{8})},
	}))(t)
	if len(all) != 3 || all[0].Err != nil || all[2].Err != nil || all[2].Request != (RequestID{8}) {
		t.Fatalf("%+v", all)
	}
	wants(t, all[1].Err, CodeNotDelinkable)
	if added := must(OutcomeOf[AddedCustomer](all[2].Executed))(t); added.Tenant == (TenantID{}) {
		t.Errorf("%+v", added)
	}
	if none := must(engine.ExecuteAll(nil))(t); len(none) != 0 {
		t.Errorf("%+v", none)
	}
	var names []CompanyName
	query := CustomersQuery{Actor: ByUser(ada), Manager: msp, Paging: &Paging{Limit: Ptr(int64(1))}}
	take := func(row CustomerRow) error { names = append(names, row.Name); return nil }
	if err := Each(engine.Customers, query, take); err != nil || fmt.Sprint(names) != "[Atlas Bäckerei Klein One Two]" {
		t.Errorf("%v %v", err, names)
	}
	enough := errors.New("enough")
	if err := Each(engine.Customers, query, func(CustomerRow) error { return enough }); err != enough {
		t.Error(err)
	}
}

func TestEventsHaveTheirTypes(t *testing.T) {
	engine := inMemory(t, Options{})
	msp, _, _, _ := world(t, engine)
	edit := EditTenant{Tenant: msp, Website: Set[Website]("https://northwind.example"), Country: Clear[Country]()}
	done := must(engine.EditTenant(Operator("T-1"), edit))(t)
	edited, is := done.Events[0].Is.(EventTenantEdited)
	if !is || edited.Tenant != msp {
		t.Fatalf("%+v", done.Events)
	}
	if website, said := edited.Website.Value(); !said || website == nil || *website != "https://northwind.example" {
		t.Errorf("%+v", edited)
	}
	if _, said := edited.Prefix.Value(); said {
		t.Errorf("%+v", edited)
	}
	records := must(engine.HostRecords(HostRecordsQuery{}))(t).Rows
	operator, is := records[len(records)-1].Actor.Is.(ActorOperator)
	if !is || operator.Ticket == nil || *operator.Ticket != "T-1" {
		t.Errorf("%+v", records)
	}
	found := must(engine.HostEntity(HostEntityQuery{Kind: KindTenant, ID: ID(msp)}))(t)
	if tenant, is := found.Is.(Tenant); !is || tenant.ID != msp {
		t.Errorf("%+v", found)
	}
	known := must(engine.HostPersonal(HostPersonalQuery{Subject: Subject{Is: SubjectTenant{Tenant: msp}}}))(t)
	if known != nil && known.Email != nil {
		t.Errorf("%+v", known)
	}
	if verified := must(engine.Verify(VerifyQuery{}))(t); verified.Is.Tag() != "holds" {
		t.Errorf("%+v", verified)
	}
}

func TestNoticesComeInOrderUntilTheyAreAcknowledged(t *testing.T) {
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	var mutex sync.Mutex
	engine := inMemory(t, Options{Now: func() time.Time { mutex.Lock(); defer mutex.Unlock(); return at }})
	msp, ada, _, _ := world(t, engine)
	var invited []UserID
	for _, name := range []string{"bo", "cy", "di"} {
		invitee := Invitee{Email: Email(name + "@northwind.example")}
		done := must(engine.InviteUser(ByUser(ada), InviteUser{Tenant: msp, Invitee: invitee, Role: RoleReadOnly}))(t)
		invited = append(invited, done.Outcome.User)
	}
	mail := must(engine.Notices(NoticesQuery{Consumer: "mailer"}))(t)
	var told []UserID
	for place, notice := range mail.Notices {
		if place > 0 && notice.Seq < mail.Notices[place-1].Seq {
			t.Errorf("%+v", mail)
		}
		if _, is := notice.Kind.Is.(NoticeInvitation); is {
			told = append(told, notice.To.Users...)
		}
	}
	if !reflect.DeepEqual(told, invited) {
		t.Fatalf("%v, and not %v", told, invited)
	}
	if again := must(engine.Notices(NoticesQuery{Consumer: "mailer"}))(t); !reflect.DeepEqual(again, mail) {
		t.Errorf("%+v", again)
	}
	if err := engine.Acknowledge("mailer", mail.Through); err != nil {
		t.Fatal(err)
	}
	if rest := must(engine.Notices(NoticesQuery{Consumer: "mailer"}))(t); len(rest.Notices) != 0 {
		t.Errorf("%+v", rest)
	}
	if other := must(engine.Notices(NoticesQuery{Consumer: "another", Limit: Ptr(int64(1))}))(t); len(other.Notices) != 1 {
		t.Errorf("%+v", other)
	}
	mutex.Lock()
	at = at.AddDate(0, 2, 0)
	mutex.Unlock()
	if happened := must(engine.Sweep(false))(t); happened == 0 {
		t.Error("no invitation has lapsed")
	}
	if lapsed := must(engine.Notices(NoticesQuery{Consumer: "mailer"}))(t); len(lapsed.Notices) == 0 {
		t.Error("nobody is told")
	}
}

func TestTheHostTellsTheTimeAndMakesTheIds(t *testing.T) {
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	var next byte
	engine := inMemory(t, Options{
		Policy: "clients",
		Now:    func() time.Time { return at },
		NewID:  func() ID { next++; return ID{15: next} },
	})
	done := must(engine.RegisterTenant(Operator("T-1"), RegisterTenant{Kind: TenantKindMsp, Name: "Atlas"}))(t)
	if !done.At.Equal(at) || done.Request == (RequestID{}) || done.Request[15] > next {
		t.Errorf("%+v", done)
	}
	policy := must(engine.Policy(PolicyQuery{}))(t)
	if policy.Name != "clients" {
		t.Errorf("%+v", policy)
	}
	policy.Name = "ours"
	again := inMemory(t, Options{Policy: policy})
	if ours := must(again.Policy(PolicyQuery{}))(t); !reflect.DeepEqual(ours, policy) {
		t.Errorf("%+v, %+v", ours, policy)
	}
}

func TestAHostThatPanicsEndsNothing(t *testing.T) {
	broken := false
	engine := inMemory(t, Options{
		Now: func() time.Time {
			if broken {
				panic("the clock fell off the wall")
			}
			return time.Now()
		},
		NewID: func() ID { panic("no ids") },
	})
	register := RegisterTenant{Kind: TenantKindMsp, Name: "Atlas"}
	if done := must(engine.RegisterTenant(staff, register))(t); done.Outcome == (TenantID{}) {
		t.Errorf("%+v", done)
	}
	broken = true
	_, err := engine.RegisterTenant(staff, register)
	if told := wants(t, err, CodeClockAhead); told.Cause == nil || !strings.Contains(err.Error(), "fell off the wall") {
		t.Errorf("%+v", told)
	}
	broken = false
	must(engine.RegisterTenant(staff, register))(t)
}

func TestTextThatCannotCrossIsRefused(t *testing.T) {
	engine := inMemory(t, Options{})
	_, err := engine.Check(UserID{}, "devices\x00view", TenantID{}, "")
	wants(t, err, CodeBadText)
	_, err = engine.Check(UserID{}, "\xff", TenantID{}, "")
	wants(t, err, CodeNotUtf8)
	_, err = Open("a\x00b", Options{})
	wants(t, err, CodeBadText)
	_, err = OpenMemory(Options{SavedIndex: "\xff"})
	wants(t, err, CodeNotUtf8)
	_, err = Restore("a\x00", "b")
	wants(t, err, CodeBadText)
	for name, code := range map[CompanyName]Code{
		"":                                       CodeInvalidRequest,
		"\xff":                                   CodeNotUtf8,
		"a\x00b":                                 CodeInvalidRequest,
		CompanyName(strings.Repeat("x", 1<<20)):  CodeInvalidRequest,
		CompanyName(strings.Repeat("x", 65<<20)): CodeDocumentTooLarge,
	} {
		_, err = engine.RegisterTenant(staff, RegisterTenant{Kind: TenantKindMsp, Name: name})
		wants(t, err, code)
	}
	// It is a text like another, escaped or not.
	for _, name := range []CompanyName{"� & Söhne", `\ufffd`} {
		must(engine.RegisterTenant(staff, RegisterTenant{Kind: TenantKindMsp, Name: name}))(t)
	}
	endless := object{}
	endless["again"] = endless
	wants(t, engine.Call(endless, nil), CodeInvalidRequest)
	wants(t, engine.Call(math.NaN(), nil), CodeInvalidRequest)
	wants(t, engine.Call(nil, nil), CodeInvalidRequest)
	wants(t, engine.Call(json.RawMessage("\"\xff\""), nil), CodeNotUtf8)
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	wants(t, engine.Call(json.RawMessage(deep), nil), CodeDocumentTooDeep)
}

func TestAHugeBatchIsDoneOrRefused(t *testing.T) {
	engine := inMemory(t, Options{})
	msp, ada, _, _ := world(t, engine)
	asked := make([]Question, 100_000)
	for place := range asked {
		asked[place] = Question{User: ada, Permission: PermissionDevicesView, Tenant: msp}
	}
	if found := must(engine.CheckMany(CheckManyQuery{Questions: asked[:50_000]}))(t); len(found) != 50_000 || !found[49_999].Allowed {
		t.Errorf("%d", len(found))
	}
	_, err := engine.CheckMany(CheckManyQuery{Questions: asked})
	wants(t, err, CodeDocumentTooLarge)
	_, err = engine.DisableTenants(staff, DisableTenants{Tenants: make([]TenantID, 20_000)})
	if !errors.Is(err, FamilyValue) && !errors.Is(err, FamilyUnknown) {
		t.Error(err)
	}
	_, err = engine.DisableTenants(staff, DisableTenants{})
	wants(t, err, CodeEmptyBatch)
}

func TestGoroutinesShareAnEngine(t *testing.T) {
	engine := must(Open(filepath.Join(t.TempDir(), "msp.db"), Options{Wait: time.Minute}))(t)
	msp, ada, customer, _ := world(t, engine)
	var all sync.WaitGroup
	for range [8]int{} {
		all.Add(1)
		go func() {
			defer all.Done()
			for range [25]int{} {
				if _, err := engine.AddCustomer(ByUser(ada), oneMore(msp, "One of many")); err != nil {
					t.Error(err)
				}
				if found, err := engine.Check(ada, PermissionDevicesManage, customer, ""); err != nil || !found.Allowed {
					t.Error(found, err)
				}
			}
		}()
	}
	all.Wait()
	if found := must(engine.TenantsWhere(ada, PermissionDevicesManage, ""))(t); len(found) != 202 {
		t.Errorf("%d", len(found))
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAClosedEngineSaysSo(t *testing.T) {
	engine := must(OpenMemory(Options{Now: time.Now}))(t)
	_, ada, customer, _ := world(t, engine)
	for range [2]int{} {
		if err := engine.Close(); err != nil {
			t.Fatal(err)
		}
	}
	last := func(_ any, err error) error { return err }
	for _, closed := range []*Engine{engine, {}} {
		code := CodeHandleClosed
		if closed != engine {
			code = CodeNullPointer // one that was never opened
		}
		for _, err := range []error{
			last(closed.Token()), last(closed.Check(ada, PermissionDevicesView, customer, "")), last(closed.Refresh("")), last(closed.Index()),
			last(closed.TenantsWhere(ada, PermissionDevicesView, "")), last(closed.Sweep(false)), closed.Call(object{"sweep": object{}}, nil),
			last(closed.UsersWhoCan(PermissionDevicesView, customer, "")), last(closed.RegisterTenant(staff, RegisterTenant{Name: "Late"})),
		} {
			wants(t, err, code)
		}
		if err := closed.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err := OpenMemory(Options{Policy: "none such"})
	wants(t, err, CodeInvalidRequest)
	_, err = OpenMemory(Options{Policy: math.NaN()})
	wants(t, err, CodeInvalidRequest)
}

func TestClosingWhileSomebodyIsWithinIsRefused(t *testing.T) {
	within, goOn := make(chan bool), make(chan bool)
	var once sync.Once
	wait := false
	engine := must(OpenMemory(Options{Now: func() time.Time {
		if wait {
			once.Do(func() { within <- true; <-goOn })
		}
		return time.Now()
	}}))(t)
	world(t, engine)
	wait = true
	done := make(chan error)
	go func() { _, err := engine.Sweep(false); done <- err }()
	<-within
	wants(t, engine.Close(), CodeHandleInUse)
	goOn <- true
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := engine.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatIsForgottenIsGivenBack(t *testing.T) {
	runtime.GC()
	settled := func(before int) bool {
		for range [200]int{} {
			runtime.GC()
			if LiveObjects() <= before {
				return true
			}
			time.Sleep(5 * time.Millisecond)
		}
		return false
	}
	settled(0)
	before := LiveObjects()
	func() {
		for range [20]int{} {
			engine := must(OpenMemory(Options{Now: time.Now}))(t)
			must(engine.Index())(t)
			_, _ = engine.Check(UserID{}, "none.such", TenantID{}, "")
		}
	}()
	if LiveObjects() < before+2 {
		t.Fatal("nothing was open")
	}
	if !settled(before) {
		t.Errorf("%d, and %d before", LiveObjects(), before)
	}
}

func TestBackupsAreRestoredAndFilesTended(t *testing.T) {
	in := t.TempDir()
	path, copied := filepath.Join(in, "msp.db"), filepath.Join(in, "copy.db")
	engine := must(Open(path, Options{SyncNormal: true, ClockTolerance: time.Hour, ClockLeap: 48 * time.Hour, MaxBytes: 1 << 30}))(t)
	msp, ada, _, _ := world(t, engine)
	token := must(engine.Backup(copied))(t)
	if now := must(engine.Token())(t); now != token {
		t.Errorf("%s, %s", now, token)
	}
	_, err := engine.Backup(copied)
	wants(t, err, CodePathTaken)
	must(engine.Compact())(t)
	if rebuilt := must(engine.Rebuild())(t); rebuilt.Rows != 0 || rebuilt.Token != token {
		t.Errorf("%+v", rebuilt)
	}
	must(engine.AddCustomer(ByUser(ada), oneMore(msp, "Lost")))(t)
	_, err = Restore(copied, path)
	wants(t, err, CodeStoreInUse)
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	if restored := must(Restore(copied, path))(t); restored.Lost != 1 || restored.Common != 4 {
		t.Errorf("%+v", restored)
	}
	reader := must(Open(path, Options{ReadOnly: true}))(t)
	if found := must(reader.TenantsWhere(ada, PermissionDevicesView, ""))(t); len(found) != 2 {
		t.Errorf("%v", found)
	}
	_, err = reader.AddCustomer(ByUser(ada), oneMore(msp, "Never"))
	wants(t, err, CodeStoreReadOnly)
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAPatchIsLeftOutNullOrAValue(t *testing.T) {
	type patched struct {
		A Patch[string] `json:",omitempty"`
	}
	for want, it := range map[string]patched{`{}`: {}, `{"A":null}`: {Clear[string]()}, `{"A":""}`: {Set("")}} {
		told := string(must(json.Marshal(it))(t))
		var again patched
		if err := json.Unmarshal([]byte(told), &again); told != want || err != nil || !reflect.DeepEqual(it, again) {
			t.Errorf("%s, and not %s; %+v", told, want, again)
		}
	}
}
