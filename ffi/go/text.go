package tenantry

import (
	"encoding/json"
	"reflect"
	"strings"
	"unicode/utf8"
)

// names refuses texts that cannot cross as names or paths.
func names(texts ...string) error {
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return plainCode(CodeNotUtf8, text)
		}
		if strings.IndexByte(text, 0) >= 0 {
			return plainCode(CodeBadText, text)
		}
	}
	return nil
}

// checked refuses what encoding/json would silently write otherwise: text that is not UTF-8.
func checked(value any) error { return walk(reflect.ValueOf(value)) }

func walk(it reflect.Value) error {
	switch it.Kind() {
	case reflect.String:
		if !utf8.ValidString(it.String()) {
			return plainCode(CodeNotUtf8, it.String())
		}
	case reflect.Pointer, reflect.Interface:
		if !it.IsNil() {
			return walk(it.Elem())
		}
	case reflect.Slice, reflect.Array:
		if it.Kind() == reflect.Slice && it.Type().Elem().Kind() == reflect.Uint8 {
			if it.Type() == reflect.TypeOf(json.RawMessage{}) && !utf8.Valid(it.Bytes()) {
				return plainCode(CodeNotUtf8, "")
			}
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

// Command is one of the commands, AddCustomer or any other.
type Command interface{ command() string }

// Query is one of the queries, NoticesQuery or any other.
type Query interface{ query() string }

// Page is a part of a long list; Next is nil at its end.
type Page[T any] struct {
	Rows []T     `json:"rows"`
	Next *string `json:"next"`
}

// Patch changes a field that may be empty: a nil *Patch leaves it as it is, Set gives it a value, Clear empties it.
type Patch[T any] struct{ value *T }

// Set gives a field a value.
func Set[T any](value T) *Patch[T] { return &Patch[T]{&value} }

// Clear empties a field.
func Clear[T any]() *Patch[T] { return &Patch[T]{} }

// MarshalJSON writes the value, or null.
func (p Patch[T]) MarshalJSON() ([]byte, error) { return json.Marshal(p.value) }

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
