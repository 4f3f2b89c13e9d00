module tenantry.example/ffi/go

go 1.19
