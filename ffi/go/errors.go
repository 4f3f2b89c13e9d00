package tenantry

/*
#include <tenantry.h>
*/
import "C"

import (
	"encoding/json"
	"fmt"
	"sync"
)

// Error is a call that was not done: a refusal, which is an expected "no" with a remedy, or a trouble. errors.As finds it, and
// errors.Is by its Code or its Family.
type Error struct {
	// Code is the stable number: up to 999 for a refusal, from 9000 on for a trouble.
	Code Code
	// Name is the stable name, such as "not_delinkable".
	Name string
	// Family is what kind of refusal or trouble it is.
	Family Family
	// Message says what stands in the way, and Remedy what to do about it.
	Message, Remedy string
	// Rule is where a refusal comes from, such as "D-1".
	Rule string
	// About is what a refusal is about: an id, a name or a value.
	About string
	// Path is where in the JSON a misuse is, such as "execute.command.owner.email".
	Path string
	// Transient is whether the same call may pass later without anybody changing it.
	Transient bool
	// Items are, of a batch, all that stand in the way.
	Items []ErrorItem
	// Cause is what Go had to say where the call never came to the library, or what a callback of Options panicked with.
	Cause error
}

// ErrorItem is why one item of a batch cannot be done.
type ErrorItem struct {
	// Index is the item's place in the batch, from 0.
	Index                              int
	Code                               Code
	Name, Message, Remedy, Rule, About string
}

func (e *Error) Error() string {
	said := fmt.Sprintf("%d %s: %s", e.Code, e.Name, e.Message)
	if e.Path != "" {
		said += " (" + e.Path + ")"
	}
	if e.Cause != nil {
		said += ": " + e.Cause.Error()
	}
	return said
}

// Refused tells a refusal from a trouble.
func (e *Error) Refused() bool { return e.Code < 1000 }

// Is says whether an error has this Code, or is of this Family.
func (e *Error) Is(target error) bool {
	switch wanted := target.(type) {
	case Code:
		return e.Code == wanted
	case Family:
		return e.Family == wanted
	}
	return false
}

// Unwrap is the Cause.
func (e *Error) Unwrap() error { return e.Cause }

// UnmarshalJSON reads it as the schema has it, from Fault.
func (e *Error) UnmarshalJSON(from []byte) error {
	var told struct {
		Number                                   int32
		Name, Message, Remedy, Rule, About, Path string
		Family                                   Family
		Transient                                bool
		Items                                    []struct {
			Index                              int
			Number                             int32
			Name, Message, Remedy, Rule, About string
		}
	}
	if err := json.Unmarshal(from, &told); err != nil {
		return err
	}
	*e = Error{
		Code: Code(told.Number), Name: told.Name, Family: told.Family, Message: told.Message, Remedy: told.Remedy,
		Rule: told.Rule, About: told.About, Path: told.Path, Transient: told.Transient,
	}
	for _, one := range told.Items {
		e.Items = append(e.Items, ErrorItem{one.Index, Code(one.Number), one.Name, one.Message, one.Remedy, one.Rule, one.About})
	}
	return nil
}

// fault takes the error object over.
func fault(status C.tenantry_status, from *C.tenantry_error) error {
	if status == C.TENANTRY_OK {
		return nil
	}
	defer C.tenantry_error_free(&from)
	told := &Error{}
	if err := json.Unmarshal([]byte(C.GoString(C.tenantry_error_json(from, nil))), told); err != nil {
		return plain(status)
	}
	return told
}

// plain is an error of which the status says all.
func plain(status C.tenantry_status) error {
	if status == C.TENANTRY_OK {
		return nil
	}
	code := Code(status)
	return &Error{
		Code: code, Name: code.Name(), Family: FamilyMisuse, Message: C.GoString(C.tenantry_status_message(status)),
		Remedy: code.Remedy(),
	}
}

// misused is an error of a call that never came to the library.
func misused(code Code, about string, cause error) error {
	told := plain(C.tenantry_status(code)).(*Error)
	told.About, told.Cause = about, cause
	return told
}

// Code is the number of a refusal or a trouble, and 0 is none. errors.Is finds an Error by it. In JSON it is its name.
type Code int32

// Error is its name.
func (c Code) Error() string { return c.Name() }

// Name is its stable name, such as "not_delinkable".
func (c Code) Name() string { return C.GoString(C.tenantry_status_name(C.tenantry_status(c))) }

// Rule is the rule that a refusal comes from, such as "D-1".
func (c Code) Rule() string { return C.GoString(C.tenantry_status_rule(C.tenantry_status(c))) }

// Remedy is what to do about it.
func (c Code) Remedy() string { return C.GoString(C.tenantry_status_remedy(C.tenantry_status(c))) }

// MarshalText writes its name.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.Name()), nil }

// UnmarshalText reads a name that the library has, be it newer than this package.
func (c *Code) UnmarshalText(text []byte) error {
	codes.once.Do(func() {
		codes.byName = map[string]Code{"": 0}
		for _, span := range [][2]Code{{1, 999}, {9000, 9999}} {
			for code := span[0]; code <= span[1]; code++ {
				if name := code.Name(); name != "" {
					codes.byName[name] = code
				}
			}
		}
	})
	found, known := codes.byName[string(text)]
	if !known {
		return fmt.Errorf("tenantry: there is no refusal %q", text)
	}
	*c = found
	return nil
}

// codes are those of the library, once somebody asks.
var codes struct {
	once   sync.Once
	byName map[string]Code
}

// Family is a family of codes. errors.Is finds an Error by it.
type Family string

func (f Family) Error() string { return string(f) }
