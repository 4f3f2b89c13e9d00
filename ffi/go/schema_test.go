package tenantry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// schema is what the library's JSON looks like.
type schema struct {
	defs map[string]object
	seen map[string][]any
	// What has been in a list: of it, another list has but some.
	listed map[string]bool
}

func theSchema(t *testing.T) *schema {
	t.Helper()
	var read struct {
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(must(os.ReadFile("../../include/tenantry.schema.json"))(t), &read); err != nil {
		t.Fatal(err)
	}
	return &schema{read.Defs, map[string][]any{"TypedDevice": {[]any{"490154203237518", "A-1"}}}, map[string]bool{}}
}

// samples are values of a part of the schema: of each of several kinds one, with all that may be there and with none of it.
func (s *schema) samples(of object) []any {
	switch {
	case of["$ref"] != nil:
		name := strings.TrimPrefix(of["$ref"].(string), "#/$defs/")
		if s.seen[name] == nil {
			s.seen[name] = s.samples(s.defs[name])
		}
		return s.seen[name]
	case of["const"] != nil:
		return []any{of["const"]}
	case of["enum"] != nil:
		return of["enum"].([]any)
	case of["oneOf"] != nil, of["anyOf"] != nil:
		var made []any
		for _, key := range []string{"oneOf", "anyOf"} {
			some, _ := of[key].([]any)
			for _, one := range some {
				if one := one.(object); one["type"] != "null" {
					made = append(made, s.samples(one)...)
				}
			}
		}
		return made
	case of["format"] == "uuid":
		return []any{"01000000-0000-0000-0000-00000000000f"}
	case of["format"] == "date-time":
		return []any{"2026-01-31T09:30:00.000001Z"}
	}
	kind := of["type"]
	if some, several := kind.([]any); several {
		kind = some[0]
	}
	switch kind {
	case "string":
		return []any{"Bäckerei <Klein> & \"Söhne\""}
	case "integer":
		return []any{float64(7)}
	case "number":
		return []any{7.5}
	case "boolean":
		return []any{true}
	case "array":
		some := s.samples(of["items"].(object))
		name, _ := of["items"].(object)["$ref"].(string)
		if s.listed[name] && len(some) > 2 {
			some = some[:2]
		}
		s.listed[name] = name != ""
		return []any{some}
	case "object":
		return s.objects(of)
	}
	return nil
}

func (s *schema) objects(of object) []any {
	if named, is := of["patternProperties"].(object); is {
		for _, one := range named {
			return []any{object{"name": s.samples(one.(object))[0]}}
		}
	}
	whole, bare := object{}, object{}
	made := []any{whole, bare}
	required := map[string]bool{}
	names, _ := of["required"].([]any)
	for _, name := range names {
		required[name.(string)] = true
	}
	properties, _ := of["properties"].(object)
	if len(properties) == 0 {
		return []any{object{}}
	}
	for name, one := range properties {
		some := s.samples(one.(object))
		if len(some) == 0 { // nothing but null
			some = []any{nil}
		}
		if whole[name] = some[0]; required[name] {
			bare[name] = some[0]
		}
	}
	for name, one := range properties {
		some := s.samples(one.(object))
		if one.(object)["x-clearable"] == true {
			some = append(some, nil)
		}
		for place := 1; place < len(some); place++ {
			other := object{}
			for name, it := range whole {
				other[name] = it
			}
			other[name] = some[place]
			made = append(made, other)
		}
	}
	return made
}

// crosses reads a sample as what Go has for it and writes it again: nothing may be lost, and nothing come in.
func crosses(t *testing.T, what string, into reflect.Type, sample any) {
	t.Helper()
	before := must(json.Marshal(sample))(t)
	it := reflect.New(into)
	if err := json.Unmarshal(before, it.Interface()); err != nil {
		t.Errorf("%s: %v: %s", what, err, before)
		return
	}
	written := must(json.Marshal(it.Elem().Interface()))(t)
	var after any
	if err := json.Unmarshal(written, &after); err != nil {
		t.Fatal(err)
	}
	var same any
	_ = json.Unmarshal(before, &same)
	if where := differs(same, after); where != "" {
		t.Errorf("%s is lost or comes in: %s", what, where)
	}
	if strangers(it.Elem()) {
		t.Errorf("%s: something of it is not known: %s", what, before)
	}
}

// differs is where two values do; "" where they do not.
func differs(one, other any) string {
	if reflect.DeepEqual(one, other) {
		return ""
	}
	switch one := one.(type) {
	case object:
		if other, is := other.(object); is {
			for name, it := range one {
				if where := differs(it, other[name]); where != "" {
					return name + "." + where
				}
			}
		}
	case []any:
		if other, is := other.([]any); is && len(one) == len(other) {
			for place, it := range one {
				if where := differs(it, other[place]); where != "" {
					return where
				}
			}
		}
	}
	return fmt.Sprintf("%.300v and %.300v", one, other)
}

// strangers says whether there is anything Unknown in it.
func strangers(it reflect.Value) bool {
	switch it.Kind() {
	case reflect.Struct:
		if it.Type() == reflect.TypeOf(Unknown{}) {
			return true
		}
		for place := 0; place < it.NumField(); place++ {
			if strangers(it.Field(place)) {
				return true
			}
		}
	case reflect.Pointer, reflect.Interface:
		return !it.IsNil() && strangers(it.Elem())
	case reflect.Slice:
		for place := 0; place < it.Len(); place++ {
			if strangers(it.Index(place)) {
				return true
			}
		}
	}
	return false
}

// doors are the methods of an engine that a command or a query has, by the word of these.
func doors(t *testing.T) (commands, queries map[string]reflect.Method) {
	t.Helper()
	commands, queries = map[string]reflect.Method{}, map[string]reflect.Method{}
	engine := reflect.TypeOf(&Engine{})
	for place := 0; place < engine.NumMethod(); place++ {
		method := engine.Method(place)
		for taken := 1; taken < method.Type.NumIn(); taken++ {
			kind := method.Type.In(taken)
			if kind.Kind() != reflect.Struct {
				continue
			}
			switch it := reflect.Zero(kind).Interface().(type) {
			case Command:
				commands[it.command()] = method
			case Query:
				queries[it.query()] = method
			}
		}
	}
	return commands, queries
}

func TestEveryCommandAndItsOutcomeCrossWhole(t *testing.T) {
	schema := theSchema(t)
	commands, _ := doors(t)
	for _, one := range schema.defs["Command"]["oneOf"].([]any) {
		for _, sample := range schema.samples(one.(object)) {
			word := sample.(object)["command"].(string)
			method, there := commands[word]
			if !there {
				t.Errorf("there is no method for %s", word)
				continue
			}
			crosses(t, word, method.Type.In(2), sample)
		}
	}
	for _, one := range schema.defs["Executed"]["oneOf"].([]any) {
		properties := one.(object)["properties"].(object)
		word := properties["command"].(object)["const"].(string)
		for _, sample := range schema.samples(properties["outcome"].(object)) {
			outcome, there := commands[word].Type.Out(0).FieldByName("Outcome")
			if !there {
				t.Errorf("%s has an outcome", word)
				continue
			}
			crosses(t, word, outcome.Type, sample)
		}
	}
}

func TestEveryQueryAndItsAnswerCrossWhole(t *testing.T) {
	schema := theSchema(t)
	_, queries := doors(t)
	events, notices := map[string]bool{}, map[string]bool{}
	for _, one := range schema.defs["Query"]["oneOf"].([]any) {
		word := one.(object)["properties"].(object)["query"].(object)["const"].(string)
		method, there := queries[word]
		if !there && word != "token" { // which takes nothing
			if _, plain := reflect.TypeOf(&Engine{}).MethodByName(called(word)); !plain {
				t.Errorf("there is no method for %s", word)
			}
			continue
		}
		if !there || word == "preview" { // which has a command in it, of an interface
			continue
		}
		for _, sample := range schema.samples(one.(object)) {
			crosses(t, word, method.Type.In(1), sample)
		}
	}
	for _, one := range schema.defs["Answered"]["oneOf"].([]any) {
		properties := one.(object)["properties"].(object)
		word := properties["query"].(object)["const"].(string)
		method, there := queries[word]
		if !there {
			method, there = reflect.TypeOf(&Engine{}).MethodByName(called(word))
		}
		if !there || method.Type.NumOut() == 1 {
			continue
		}
		for _, sample := range schema.samples(properties["answer"].(object)) {
			crosses(t, word, method.Type.Out(0), sample)
		}
	}
	for word := range kindsOf(schema, "Event", "event") {
		events[word] = true
	}
	for word := range kindsOf(schema, "NoticeKind", "kind") {
		notices[word] = true
	}
	if len(events) < 100 || len(notices) < 50 {
		t.Errorf("%d events, %d notices", len(events), len(notices))
	}
}

// kindsOf are the words of one of several.
func kindsOf(schema *schema, name, tag string) map[string]bool {
	made := map[string]bool{}
	for _, one := range schema.defs[name]["oneOf"].([]any) {
		made[one.(object)["properties"].(object)[tag].(object)["const"].(string)] = true
	}
	return made
}

// called is a word as Go writes it.
func called(word string) string {
	var made string
	for _, part := range strings.Split(word, "_") {
		made += strings.ToUpper(part[:1]) + part[1:]
	}
	return made
}

func TestEachOfSeveralIsKnown(t *testing.T) {
	schema := theSchema(t)
	for name, kind := range map[string]any{
		"Event": Event{}, "NoticeKind": NoticeKind{}, "Actor": Actor{}, "AuditActor": AuditActor{}, "Awaited": Awaited{},
		"Bearer": Bearer{}, "Entity": Entity{}, "Parsed": Parsed{}, "PrefixReuse": PrefixReuse{}, "ProposalContent": ProposalContent{},
		"Requested": Requested{}, "Subject": Subject{}, "Verification": Verification{},
	} {
		for _, sample := range schema.samples(object{"$ref": "#/$defs/" + name}) {
			crosses(t, name, reflect.TypeOf(kind), sample)
		}
	}
}

func TestWhatIsNotKnownYetIsKeptWhole(t *testing.T) {
	for _, told := range []string{
		`{"event":"tenant_painted","colour":"blue","deep":[1,{"a":null}]}`, `{"event":7}`, `{}`, `"painted"`, `[1]`,
	} {
		var event Event
		if err := json.Unmarshal([]byte(told), &event); err != nil {
			t.Fatal(err)
		}
		stranger, is := event.Is.(Unknown)
		if !is || string(stranger.JSON) != told || !bytes.Equal(must(json.Marshal(event))(t), []byte(told)) {
			t.Errorf("%s: %+v", told, event)
		}
	}
	var notice Notice
	if err := json.Unmarshal([]byte(`{"seq":1,"index":0,"to":{},"kind":{"kind":"moon_full","days":3}}`), &notice); err != nil ||
		notice.Kind.Is.Tag() != "moon_full" {
		t.Errorf("%v %+v", err, notice)
	}
	var actor Actor
	if err := json.Unmarshal([]byte(`{"robot":{"model":3}}`), &actor); err != nil || actor.Is.Tag() != "robot" {
		t.Errorf("%v %+v", err, actor)
	}
	var entity Entity
	whole := `{"kind":"planet","entity":{"rings":7}}`
	if err := json.Unmarshal([]byte(whole), &entity); err != nil || entity.Which != "planet" || string(must(json.Marshal(entity))(t)) != whole {
		t.Errorf("%v %+v", err, entity)
	}
	var tenant Tenant
	if err := json.Unmarshal([]byte(`{"kind":"co_operative"}`), &tenant); err != nil || tenant.Kind != "co_operative" {
		t.Errorf("%v %+v", err, tenant)
	}
}

func TestEveryCodeHasItsNameAndFamily(t *testing.T) {
	count := 0
	for code := Code(1); code < 9999; code++ {
		name := code.Name()
		if name == "" {
			continue
		}
		count++
		var read Code
		if err := json.Unmarshal(must(json.Marshal(code))(t), &read); err != nil || read != code {
			t.Errorf("%s: %v, %d", name, err, read)
		}
		if code.Remedy() == "" || (code < 1000) != (code.Rule() != "") {
			t.Errorf("%s: %q %q", name, code.Remedy(), code.Rule())
		}
	}
	if count < 150 {
		t.Errorf("%d codes", count)
	}
	var none Code
	if err := json.Unmarshal([]byte(`"none_such"`), &none); err == nil {
		t.Error("a code that there is not")
	}
}
