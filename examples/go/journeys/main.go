// Journeys: what tenantry is for, each on an SQLite file of its own. Prints what happened; decides nothing itself.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const usage = `usage: journeys [JOURNEY ...]

Plays the journeys, all of them if none is named, each on an SQLite file that it creates and removes at the end.

journeys: jointly, fully, review, preview, elevation
`

var journeys = []struct {
	name string
	play func(*stage)
}{{"jointly", jointly}, {"fully", fully}, {"review", review}, {"preview", preview}, {"elevation", elevation}}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--help" {
		fmt.Print(usage)
		return
	}
	if err := act(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "journeys:", err)
		os.Exit(1)
	}
}

func act(wanted []string) error {
	directory, err := os.MkdirTemp("", "tenantry-journeys-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	if len(wanted) == 0 {
		for _, it := range journeys {
			wanted = append(wanted, it.name)
		}
	}
	for place, name := range wanted {
		if place > 0 {
			fmt.Print("\n\n")
		}
		if err := play(name, filepath.Join(directory, fmt.Sprintf("%d.db", place))); err != nil {
			return err
		}
	}
	return nil
}

func play(name, path string) (err error) {
	defer func() {
		switch failed := recover().(type) {
		case nil:
		case stop:
			err = failed.error
		default:
			panic(failed)
		}
	}()
	for _, it := range journeys {
		if it.name == name {
			s := setStage(path, "default")
			it.play(s)
			return s.engine.Close()
		}
	}
	return errors.New("there is no journey `" + name + "`; try --help")
}
