package tenantry

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

type object = map[string]any

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

func wants(t *testing.T, err error, name string) *Error {
	t.Helper()
	var told *Error
	if !errors.As(err, &told) || told.Name != name {
		t.Fatalf("%v, and not %s", err, name)
	}
	return told
}

// world has an MSP with Ada, and a fully managed customer.
func world(t *testing.T, engine *Engine) (msp, ada, customer, link ID) {
	t.Helper()
	outcome := func(receipt Receipt, into any) {
		if err := json.Unmarshal(receipt.Outcome, into); err != nil {
			t.Fatal(err)
		}
	}
	outcome(must(engine.Execute(Operator(""), object{"command": "register_tenant", "kind": "msp", "name": "Northwind IT"}))(t), &msp)
	outcome(must(engine.Execute(Operator(""), object{"command": "register_user", "home": msp, "email": "ada@northwind.example",
		"role": "super_admin"}))(t), &ada)
	var added struct{ Tenant, Link ID }
	outcome(must(engine.Execute(ByUser(ada), object{"command": "add_customer", "manager": msp, "kind": "customer",
		"name": "Bäckerei Klein", "management": "fully", "services": []string{"manage"}}))(t), &added)
	return msp, ada, added.Tenant, added.Link
}

func TestARefusalIsAnErrorWithAllThatItSays(t *testing.T) {
	engine := must(OpenMemory(Options{}))(t)
	_, ada, customer, link := world(t, engine)
	_, err := engine.Execute(ByUser(ada), object{"command": "request_delink", "link": link})
	told := wants(t, err, "not_delinkable")
	if told.Code != CodeNotDelinkable || told.Rule != "D-1" || told.About != link.String() || !told.Refused() || told.Remedy == "" {
		t.Errorf("%+v", told)
	}
	_, err = engine.Execute(ByUser(ada), object{"command": "invite_user", "tenant": customer, "role": "admin", "invitee": object{"email": "kim"}})
	if told := wants(t, err, "invalid_request"); told.Path != "execute.command.invitee.email" || told.Refused() {
		t.Errorf("%+v", told)
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestChecksAndLists(t *testing.T) {
	engine := must(OpenMemory(Options{}))(t)
	defer engine.Close()
	msp, ada, customer, _ := world(t, engine)
	if found := must(engine.Check(ada, "devices.manage", customer, "manage"))(t); !found.Allowed || found.Seq != 4 {
		t.Errorf("%+v", found)
	}
	if found := must(engine.Check(ada, "location.view", customer, ""))(t); found.Allowed || found.Reason != 305 {
		t.Errorf("%+v", found)
	}
	if found := must(engine.TenantsWhere(ada, "devices.view", ""))(t); len(found) != 2 {
		t.Errorf("%v", found)
	}
	if found := must(engine.UsersWhoCan("devices.view", msp, ""))(t); len(found) != 1 || found[0] != ada {
		t.Errorf("%v", found)
	}
	if seq := must(engine.Refresh(must(engine.Token())(t)))(t); seq != 4 {
		t.Errorf("%d", seq)
	}
	_, err := engine.Check(ada, "", customer, "")
	wants(t, err, "bad_text")
}

func TestIDsAreTextsInJSON(t *testing.T) {
	id := must(ParseID("0100000000000000000000000000000F"))(t)
	if text := string(must(json.Marshal(id))(t)); text != `"01000000-0000-0000-0000-00000000000f"` {
		t.Error(text)
	}
	for _, text := range []string{"", "01", "\xff"} {
		if _, err := ParseID(text); err == nil {
			t.Errorf("%q is no id", text)
		}
	}
}

func TestTheHostTellsTheTimeAndMakesTheIds(t *testing.T) {
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	var next byte
	engine := must(OpenMemory(Options{
		Policy: "clients",
		Now:    func() time.Time { return at },
		NewID:  func() ID { next++; return ID{15: next} },
	}))(t)
	defer engine.Close()
	receipt := must(engine.Execute(Operator("T-1"), object{"command": "register_tenant", "kind": "msp", "name": "Atlas"}))(t)
	if !receipt.At.Equal(at) || receipt.Request == (ID{}) || receipt.Request[15] > next {
		t.Errorf("%+v", receipt)
	}
	var policy struct{ Name string }
	if err := engine.Ask(object{"query": "policy"}, &policy); err != nil || policy.Name != "clients" {
		t.Errorf("%v %+v", err, policy)
	}
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
				if _, err := engine.Execute(ByUser(ada), object{"command": "add_customer", "manager": msp, "kind": "customer",
					"name": "One of many", "management": "fully", "services": []string{"manage"}}); err != nil {
					t.Error(err)
				}
				if found, err := engine.Check(ada, "devices.manage", customer, ""); err != nil || !found.Allowed {
					t.Error(found, err)
				}
			}
		}()
	}
	all.Wait()
	if found := must(engine.TenantsWhere(ada, "devices.manage", ""))(t); len(found) != 202 {
		t.Errorf("%d", len(found))
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAClosedEngineSaysSo(t *testing.T) {
	engine := must(OpenMemory(Options{Now: time.Now}))(t)
	for range [2]int{} {
		if err := engine.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := engine.Token()
	wants(t, err, "handle_closed")
	_, err = Open("/nowhere/at/all", Options{MustExist: true})
	wants(t, err, "cannot_open")
	_, err = OpenMemory(Options{Policy: "none such"})
	wants(t, err, "invalid_request")
}
