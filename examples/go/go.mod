module tenantry.example/go

go 1.19

require tenantry.example/ffi/go v0.0.0

replace tenantry.example/ffi/go => ../../ffi/go
