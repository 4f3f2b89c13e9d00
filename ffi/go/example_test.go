package tenantry_test

import (
	"encoding/json"
	"errors"
	"fmt"

	tenantry "tenantry.example/ffi/go"
)

// The first program of the README.
func Example() {
	engine, err := tenantry.OpenMemory(tenantry.Options{})
	if err != nil {
		panic(err)
	}
	defer engine.Close()
	receipt, err := engine.Execute(tenantry.Operator(""), tenantry.RegisterTenant{Kind: tenantry.TenantKindMsp, Name: "Northwind IT"})
	if err != nil {
		panic(err)
	}
	var tenant tenantry.TenantID
	if err := json.Unmarshal(receipt.Outcome, &tenant); err != nil {
		panic(err)
	}
	_, err = engine.Execute(tenantry.Operator(""), tenantry.RegisterTenant{Kind: "msp", Name: "Again", Tenant: &tenant})
	fmt.Println(errors.Is(err, tenantry.CodeIDTaken), errors.Is(err, tenantry.FamilyState))
	// Output: true true
}
