package main

import (
	"fmt"
	"sort"
	"strings"
	"time"

	tenantry "tenantry.example/ffi/go"
)

// The moment that the auditor asks about.
const on3March = "2026-03-03T12:00:00Z"

// held is a permission that somebody holds somewhere.
type held struct {
	Permission   string
	Services     []string
	ServicesOnly bool `json:"services_only"`
}

// permissions is what somebody may do: by name, or how much, where it is more than two permissions.
func permissions(all []held) string {
	switch {
	case len(all) == 0:
		return "–"
	case len(all) > 2:
		return fmt.Sprintf("%d permissions", len(all))
	}
	var names []string
	for _, one := range all {
		names = append(names, one.Permission)
	}
	return strings.Join(names, "\n")
}

// reached is somebody who can reach a tenant, or a tenant that somebody can reach, and why.
type reached struct {
	User, Home   string
	Name, Number string
	Ways         []struct {
		Grounds *struct{ Tenant, Role string }
		Chain   []string
		Held    []held
		Granted []string
	}
}

// change is what somebody gained and lost on a tenant, and by what.
type change struct {
	Seq          uint64
	At           time.Time
	Command      *string
	User, Tenant string
	Gained, Lost []held
}

// review: an auditor's questions: who could reach this customer on 3 March, and why; what has changed since, and by what.
func review(s *stage) {
	s.title("Who could reach this customer on 3 March")
	s.remark("An auditor asks about a day that has passed, why it was so, and what has changed since.")

	s.heading("The cast")
	northwind := s.tenant("msp", "Northwind IT", "NW-100")
	ada := s.user("Ada", northwind, "ada@northwind.example", "super_admin")
	ben := s.user("Ben", northwind, "ben@northwind.example", "admin")
	cleo := s.user("Cleo", northwind, "cleo@northwind.example", "read_only")
	harbour := s.tenant("msp", "Harbour Security", "HS-300")
	hana := s.user("Hana", harbour, "hana@harbour.example", "admin")
	bakery := s.tenant("customer", "Bäckerei Klein", "BK-200")
	klara := s.user("Klara", bakery, "klara@klein.example", "super_admin")
	s.user("Karl", bakery, "karl@klein.example", "read_only")
	s.introduce()

	s.heading("Up to 3 March")
	asked := outcome[id](s.does(ada, "asks to manage BK-200 jointly", object{"command": "request_link", "manager": northwind,
		"number": "BK-200", "management": "jointly", "services": []string{"enrollment", "manage"}}))
	link := outcome[id](s.does(klara, "accepts", object{"command": "accept_link", "request": asked}))
	s.call(link, "Northwind IT → Bäckerei Klein")
	grants := func(names ...string) object {
		return object{"command": "set_manager_grants", "link": link, "grants": append([]string{}, names...)}
	}
	s.does(klara, "lets Northwind manage users", grants("users.manage"))
	asked = outcome[id](s.does(hana, "asks to manage NW-100 for twenty days", object{"command": "request_link", "manager": harbour,
		"number": "NW-100", "management": "jointly", "services": []string{"enrollment", "manage"}, "term": object{"days": 20}}))
	above := outcome[id](s.does(ada, "accepts", object{"command": "accept_link", "request": asked}))
	s.call(above, "Harbour Security → Northwind IT")

	s.heading("And after it")
	s.daysPass(7)
	s.does(ada, "blocks Ben, who has left", object{"command": "block_user", "user": ben})
	admin := object{"user": cleo, "tenant": bakery, "role": "admin"}
	s.does(ada, "makes Cleo admin at the bakery", object{"command": "assign", "assignments": []object{admin}})
	s.daysPass(30)
	s.does(klara, "takes the grant back", grants())

	s.heading("Who could reach the bakery on 3 March, as Klara reads it")
	s.remark("Her own people have names; those of others are told as their organisation.")
	s.asKlaraReadsIt(klara, bakery)

	s.heading("The same as the platform's staff reads it, with the why")
	then := object{"query": "tenant_access", "actor": tenantry.Operator(""), "tenant": bakery, "as_of": on3March}
	var answered struct {
		Seq    uint64
		Answer struct{ Rows []reached }
	}
	must(s.engine.Call(object{"ask": then}, &answered))
	s.withTheWhy(answered.Answer.Rows)
	then["filter"] = object{"permission": "users.manage"}
	var able []string
	for _, one := range ask[struct{ Rows []reached }](s, then).Rows {
		able = append(able, s.name(one.User))
	}
	sort.Strings(able)
	s.remark("users.manage was held by " + strings.Join(able, ", ") + ".")

	s.heading("What has changed since")
	var rows [][]cell
	for _, one := range ask[struct{ Rows []change }](s, object{"query": "tenant_access_changes", "actor": tenantry.Operator(""),
		"tenant": bakery, "since": on3March}).Rows {
		rows = append(rows, []cell{plain(s.name(one.User)), good(permissions(one.Gained)), bad(permissions(one.Lost))})
	}
	s.table([]string{"who", "gained", "lost"}, rows)

	s.heading("By which record")
	s.byWhichRecord(bakery, answered.Seq)
	s.remark("What has ended by time alone has no command; it comes with the record that was next.")

	s.heading("What Cleo can reach today, as she reads it")
	rows = nil
	for _, one := range ask[struct{ Rows []reached }](s, object{"query": "user_access", "actor": tenantry.ByUser(cleo), "user": cleo}).Rows {
		rows = append(rows, []cell{plain(one.Name), faint(one.Number), plain(permissions(one.Ways[0].Held))})
	}
	s.table([]string{"tenant", "number", "may"}, rows)
	s.verify()
}

func (s *stage) asKlaraReadsIt(klara, bakery id) {
	var rows [][]cell
	asks := func(query string) object {
		return object{"query": query, "actor": tenantry.ByUser(klara), "tenant": bakery, "as_of": on3March}
	}
	for _, one := range ask[struct{ Rows []reached }](s, asks("tenant_access")).Rows {
		rows = append(rows, []cell{plain(s.name(one.User)), faint(s.name(one.Home)), plain(permissions(one.Ways[0].Held))})
	}
	for _, one := range ask[[]struct {
		Organisation struct{ Name string }
		Held         []held
	}](s, asks("organisation_access")) {
		rows = append(rows, []cell{faint("somebody"), plain(one.Organisation.Name), plain(permissions(one.Held))})
	}
	s.table([]string{"who", "of", "could"}, rows)
}

// orDash is some lines, or that there are none.
func orDash(lines []string) cell {
	if len(lines) == 0 {
		return faint("–")
	}
	return plain(strings.Join(lines, "\n"))
}

// withTheWhy shows by which role and through which links, and what of it rests on a grant.
func (s *stage) withTheWhy(all []reached) {
	var rows [][]cell
	for _, one := range all {
		way, role := one.Ways[0], "–"
		if way.Grounds != nil {
			role = way.Grounds.Role + " of " + s.name(way.Grounds.Tenant)
		}
		var links []string
		for _, link := range way.Chain {
			links = append(links, s.name(link))
		}
		rows = append(rows, []cell{plain(s.name(one.User)), plain(role), orDash(links), plain(permissions(way.Held)), orDash(way.Granted)})
	}
	s.table([]string{"who", "by the role", "through the link", "could", "by a grant"}, rows)
}

// byWhichRecord shows what the feed has of a tenant from a record on.
func (s *stage) byWhichRecord(of id, after uint64) {
	var rows [][]cell
	for _, one := range ask[struct{ Rows []change }](s, object{"query": "host_access_changes", "after": after}).Rows {
		if one.Tenant != of.String() {
			continue
		}
		command := faint("–")
		if one.Command != nil {
			command = plain(*one.Command)
		}
		rows = append(rows, []cell{count(one.Seq), faint(clockFace(one.At)), command, plain(s.name(one.User)),
			good(permissions(one.Gained)), bad(permissions(one.Lost))})
	}
	s.table([]string{"record", "since", "command", "who", "gained", "lost"}, rows)
}
