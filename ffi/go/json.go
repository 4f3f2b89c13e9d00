package tenantry

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// Command is one of the commands: AddCustomer, or any other.
type Command interface{ command() string }

// Query is one of the queries: CustomersQuery, or any other.
type Query interface{ query() string }

// Ptr is a pointer to a value, for what may be left out.
func Ptr[T any](value T) *T { return &value }

// Patch is what an edit does to a field that may be empty: nil leaves it as it is, Set gives it a value, Clear empties it.
type Patch[T any] []*T

// Set gives a field a value.
func Set[T any](value T) Patch[T] { return Patch[T]{&value} }

// Clear empties a field.
func Clear[T any]() Patch[T] { return Patch[T]{nil} }

// Value is what the field becomes: nil where it is emptied. said is false where the field stays as it is.
func (p Patch[T]) Value() (value *T, said bool) {
	if len(p) == 0 {
		return nil, false
	}
	return p[0], true
}

// MarshalJSON writes the value, or null.
func (p Patch[T]) MarshalJSON() ([]byte, error) {
	value, _ := p.Value()
	return json.Marshal(value)
}

// UnmarshalJSON reads it from there.
func (p *Patch[T]) UnmarshalJSON(from []byte) error {
	*p = Patch[T]{nil}
	return json.Unmarshal(from, &(*p)[0])
}

// AsOf is a moment that has passed, for queries about it.
type AsOf struct{ at any }

// AtSeq is the moment of a record.
func AtSeq(seq int64) *AsOf { return &AsOf{seq} }

// AtTime is an instant.
func AtTime(at time.Time) *AsOf { return &AsOf{at} }

// MarshalJSON writes it as the schema has it.
func (a AsOf) MarshalJSON() ([]byte, error) { return json.Marshal(a.at) }

// UnmarshalJSON reads it from there.
func (a *AsOf) UnmarshalJSON(from []byte) error { return json.Unmarshal(from, &a.at) }

// TypedDevice is a device as it was typed, by 1 to 8 of its ids; the first names it.
type TypedDevice []string

// Page is a part of a long list; Next is nil at its end.
type Page[T any] struct {
	Rows []T     `json:"rows"`
	Next *string `json:"next,omitempty"`
}

// Each takes all rows of a long list, page by page as they are come to: Each(engine.Customers, CustomersQuery{…}, take). It ends
// early with the error that take ends with.
func Each[Q interface{ turned(string) Q }, T any](ask func(Q) (Page[T], error), query Q, take func(T) error) error {
	for {
		page, err := ask(query)
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if err := take(row); err != nil {
				return err
			}
		}
		if page.Next == nil {
			return nil
		}
		query = query.turned(*page.Next)
	}
}

// turned is a page turned over.
func turned(from *Paging, cursor string) *Paging {
	made := Paging{}
	if from != nil {
		made = *from
	}
	made.Cursor = &cursor
	return &made
}

// Unknown is one of several kinds that this package does not know yet, whole, as the JSON has it.
type Unknown struct {
	tag string
	// JSON is the whole of it.
	JSON json.RawMessage
}

// Tag is its name, as the JSON has it; "" where it has none.
func (u Unknown) Tag() string { return u.tag }

// MarshalJSON writes it as it was read.
func (u Unknown) MarshalJSON() ([]byte, error) { return json.Marshal(u.JSON) }

func unknown(tag string, from []byte) Unknown {
	return Unknown{tag, append(json.RawMessage(nil), from...)}
}

// read reads what one of several is.
func read[T any](from []byte) (it T, err error) {
	err = json.Unmarshal(from, &it)
	return it, err
}

// member reads one member of an object; nil where there is none.
func member(from []byte, name string) json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(from, &all) != nil {
		return nil
	}
	return all[name]
}

// tagOf is the word of one of several that lies beside its fields.
func tagOf(from []byte, tag string) (word string) {
	_ = json.Unmarshal(member(from, tag), &word)
	return word
}

// opened is the word of one of several that is a text, or the name of the only member; and what that is.
func opened(from []byte) (word string, inside json.RawMessage) {
	var all map[string]json.RawMessage
	if json.Unmarshal(from, &word) == nil || json.Unmarshal(from, &all) != nil || len(all) != 1 {
		return word, nil
	}
	for word, inside = range all {
		break
	}
	return word, inside
}

// tagged writes a structure with its name beside the fields.
func tagged(tag, word string, fields any) ([]byte, error) {
	inside, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	head := `{"` + tag + `":"` + word + `"`
	if len(inside) > 2 {
		head += ","
	}
	return append([]byte(head), inside[1:]...), nil
}

// chosen writes one of several that lies beside its name.
func chosen(tag, word, content string, it any) ([]byte, error) {
	if whole, is := it.(Unknown); is {
		return json.Marshal(whole)
	}
	return json.Marshal(map[string]any{tag: word, content: it})
}

// there makes an empty list of none, which JSON would have as null.
func there[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// named is the same with what has names.
func named[T any](all map[string]T) map[string]T {
	if all == nil {
		return map[string]T{}
	}
	return all
}

// document writes a call. What encoding/json would silently put in the place of text that is not UTF-8 is refused.
func document(call any) ([]byte, error) {
	made, err := json.Marshal(call)
	if err != nil {
		return nil, misused(CodeInvalidRequest, "", err)
	}
	// Only then is this escape in it, or where a text says so itself.
	if bytes.Contains(made, []byte(`\ufffd`)) {
		if err := walk(reflect.ValueOf(call)); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// names refuses texts that cannot cross as names or paths.
func names(texts ...string) error {
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return misused(CodeNotUtf8, text, nil)
		}
		if strings.IndexByte(text, 0) >= 0 {
			return misused(CodeBadText, text, nil)
		}
	}
	return nil
}

// walk looks for text that is not UTF-8.
func walk(it reflect.Value) error {
	switch it.Kind() {
	case reflect.String:
		if !utf8.ValidString(it.String()) {
			return misused(CodeNotUtf8, it.String(), nil)
		}
	case reflect.Pointer, reflect.Interface:
		if !it.IsNil() {
			return walk(it.Elem())
		}
	case reflect.Slice, reflect.Array:
		if it.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for place := 0; place < it.Len(); place++ {
			if err := walk(it.Index(place)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for each := it.MapRange(); each.Next(); {
			if err := walk(each.Key()); err != nil {
				return err
			}
			if err := walk(each.Value()); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for place := 0; place < it.NumField(); place++ {
			if err := walk(it.Field(place)); err != nil {
				return err
			}
		}
	}
	return nil
}
