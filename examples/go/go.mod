module tenantry.example/go

go 1.19
