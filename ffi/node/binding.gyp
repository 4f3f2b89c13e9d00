{
  "targets": [
    {
      "target_name": "tenantry",
      "sources": ["tenantry.c"],
      "cflags": ["-std=c11", "<!@(pkg-config --cflags tenantry)"],
      "libraries": ["<!@(pkg-config --libs tenantry)"],
      "conditions": [
        [
          "OS=='linux'",
          {
            "ldflags": ["-Wl,-z,now", "-Wl,-rpath,<!(pkg-config --variable=libdir tenantry)"]
          }
        ]
      ]
    }
  ]
}
