package tenantry

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// In the README the first program is whole, and the other blocks are one more, in their order. What stands below a block as text is
// what it prints. The README of the repository has one program.
func TestTheProgramsOfTheREADMEs(t *testing.T) {
	programs, printed := blocks(t, "README.md")
	rest := `package main

import (
	"errors"
	"fmt"

	tenantry "tenantry.example/ffi/go"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
` + strings.Join(programs[1:], "\n") + "}\n"
	prints(t, "first", programs[0], printed[0])
	prints(t, "rest", rest, strings.Join(printed[1:], ""))
	programs, printed = blocks(t, "../../README.md")
	if len(programs) != 1 || printed[0] == "" {
		t.Fatalf("%d programs in Go", len(programs))
	}
	prints(t, "repository", programs[0], printed[0])
}

// blocks are the programs of a page, and what stands below each.
func blocks(t *testing.T, page string) (programs, printed []string) {
	t.Helper()
	fence := regexp.MustCompile("(?ms)^```(\\w+)\\n(.*?)^```$")
	after := ""
	for _, found := range fence.FindAllStringSubmatch(string(must(os.ReadFile(page))(t)), -1) {
		if found[1] == "go" {
			programs, printed = append(programs, found[2]), append(printed, "")
		} else if found[1] == "text" && after == "go" {
			printed[len(printed)-1] = found[2]
		}
		after = found[1]
	}
	if len(programs) == 0 {
		t.Fatalf("there is no program in %s", page)
	}
	return programs, printed
}

// prints runs a program as a host's own module does.
func prints(t *testing.T, name, program, wanted string) {
	t.Helper()
	in := t.TempDir()
	here := must(filepath.Abs("."))(t)
	module := "module example.com/" + name + "\n\ngo 1.19\n\nrequire tenantry.example/ffi/go v0.0.0\n\nreplace tenantry.example/ffi/go => " +
		here + "\n"
	for file, text := range map[string]string{"go.mod": module, "main.go": program} {
		if err := os.WriteFile(filepath.Join(in, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tool := range [][]string{{"vet", "."}, {"run", "."}} {
		command := exec.Command("go", tool...)
		command.Dir = in
		told, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, told)
		}
		if tool[0] == "run" && string(told) != wanted {
			t.Errorf("%s prints\n%sand not\n%s", name, told, wanted)
		}
	}
}
