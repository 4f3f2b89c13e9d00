package tenantry

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestABatchSaysWhatSingleChecksSay(t *testing.T) {
	engine := must(OpenMemory(Options{}))(t)
	msp, ada, customer, _ := world(t, engine)
	index := must(engine.Index())(t)
	manage, view := must(index.Right(PermissionDevicesManage))(t), must(index.Right("location.view"))(t)
	var questions []IndexQuestion
	for _, user := range []ID{ada, msp, {}} {
		for _, tenant := range []ID{msp, customer, ada} {
			questions = append(questions, IndexQuestion{user, tenant, manage, NoService}, IndexQuestion{user, tenant, view, NoService})
		}
	}
	batch := must(index.CheckAll(questions))(t)
	for place, question := range questions {
		if single := must(index.Check(question))(t); single != batch[place] {
			t.Errorf("%+v: %+v, %+v", question, single, batch[place])
		}
	}
	if none := must(index.CheckAll(nil))(t); len(none) != 0 {
		t.Error(none)
	}
	_, err := index.Right("none.such")
	if !errors.Is(err, CodeUnknownPermission) {
		t.Error(err)
	}
	for range [2]int{} {
		if err := index.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err = index.CheckAll(questions)
	wants(t, err, "handle_closed")
}

func TestTextThatCannotCrossIsRefused(t *testing.T) {
	engine := must(OpenMemory(Options{}))(t)
	defer engine.Close()
	_, err := engine.Check(ID{}, "devices\x00view", ID{}, "")
	wants(t, err, "bad_text")
	_, err = engine.Check(ID{}, "\xff", ID{}, "")
	wants(t, err, "not_utf8")
	_, err = Open("a\x00b", Options{})
	wants(t, err, "bad_text")
	_, err = engine.Execute(Operator(""), RegisterTenant{Kind: TenantKindMsp, Name: "\xff"})
	wants(t, err, "not_utf8")
	_, err = engine.Execute(Operator(""), RegisterTenant{Kind: TenantKindMsp, Name: CompanyName(strings.Repeat("x", 1<<20))})
	if err == nil {
		t.Error("a name of a megabyte")
	}
}

func TestGoroutinesCheckWhileAnotherWrites(t *testing.T) {
	engine := must(OpenMemory(Options{}))(t)
	_, ada, customer, _ := world(t, engine)
	index := must(engine.Index())(t)
	question := IndexQuestion{ada, customer, must(index.Right("devices.manage"))(t), NoService}
	var all sync.WaitGroup
	for range [4]int{} {
		all.Add(1)
		go func() {
			defer all.Done()
			for turn := 0; turn < 500; turn++ {
				if found, err := index.CheckAll([]IndexQuestion{question, question}); err != nil || !found[1].Allowed {
					t.Error(found, err)
				}
				if turn%100 == 0 {
					runtime.GC()
				}
			}
		}()
	}
	for range [20]int{} {
		must(engine.Execute(Operator(""), RegisterTenant{Kind: TenantKindMsp, Name: "One of many"}))(t)
	}
	all.Wait()
}

func TestExplainSaysWhy(t *testing.T) {
	engine := must(OpenMemory(Options{}))(t)
	defer engine.Close()
	_, ada, customer, _ := world(t, engine)
	if why := must(engine.Explain(ada, "location.view", customer, ""))(t); !strings.Contains(string(why), "reserved_for_customer") {
		t.Errorf("%s", why)
	}
}

func TestAPatchIsLeftOutNullOrAValue(t *testing.T) {
	for want, it := range map[string]any{
		`{}`: struct {
			A *Patch[string] `json:",omitempty"`
		}{},
		`{"A":null}`: struct {
			A *Patch[string] `json:",omitempty"`
		}{Clear[string]()},
		`{"A":""}`: struct {
			A *Patch[string] `json:",omitempty"`
		}{Set("")},
	} {
		if told := string(must(json.Marshal(it))(t)); told != want {
			t.Errorf("%s, and not %s", told, want)
		}
	}
}
