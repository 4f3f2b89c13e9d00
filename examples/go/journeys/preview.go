package main

import (
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	tenantry "tenantry.example/ffi/go"
)

// previewed is what a command would lead to.
type previewed struct {
	Events  []event
	Notices []struct {
		Kind     struct{ Kind string }
		To       []struct{ User, Tenant string }
		Operator bool
	}
	Rights struct{ Rows []change }
}

// preview: read before, compared after: what a command would lead to is told first, then it is done, and both are the same.
func preview(s *stage) {
	s.title("Read before, compared after")
	s.remark("Whoever may give a command may read first what it would lead to. Nothing happens by that.")

	s.heading("The cast")
	northwind := s.tenant("msp", "Northwind IT", "NW-100")
	ada := s.user("Ada", northwind, "ada@northwind.example", "super_admin")
	s.user("Ben", northwind, "ben@northwind.example", "admin")
	bakery := s.tenant("customer", "Bäckerei Klein", "BK-200")
	klara := s.user("Klara", bakery, "klara@klein.example", "super_admin")
	karl := s.user("Karl", bakery, "karl@klein.example", "read_only")
	s.introduce()

	s.heading("Linked")
	asked := outcome[id](s.does(ada, "asks to manage BK-200 jointly", object{"command": "request_link", "manager": northwind,
		"number": "BK-200", "management": "jointly", "services": []string{"manage"}}))
	link := outcome[id](s.does(klara, "accepts", object{"command": "accept_link", "request": asked}))
	s.call(link, "Northwind IT → Bäckerei Klein")
	delink := object{"command": "request_delink", "link": link}

	s.heading("Whoever may not give it may not read it")
	records := s.revision()
	s.mayNotRead(karl, "would like to read what a delink leads to", delink)
	if s.revision() != records {
		must(errors.New("a preview was recorded"))
	}
	s.holds("nothing was recorded, the refusal neither")

	s.heading("A tenant is disabled")
	support, onTicket := tenantry.Operator("SUP-4713"), "the operator, on SUP-4713,"
	s.twice(support, onTicket, "disables the bakery", object{"command": "disable_tenants", "tenants": []id{bakery}})
	s.doesAs(support, onTicket, "enables it again", object{"command": "enable_tenants", "tenants": []id{bakery}})

	s.heading("A policy changes")
	policy := ask[object](s, object{"query": "policy"})
	policy["name"] = "groups-are-theirs"
	policy["reserved"] = append(policy["reserved"].([]any), "groups.manage")
	s.twice(support, onTicket, "reserves groups for customers", object{"command": "set_policy", "policy": policy})

	s.heading("A link is converted")
	inn, itsLink := s.anInn(ada, northwind)
	s.twice(tenantry.ByUser(ada), "Ada", "converts the link to jointly managed", object{"command": "convert_link", "link": itsLink,
		"management": "jointly", "owner": object{"name": "Olaf", "email": "olaf@inn.example"}})

	s.heading("A link ends")
	s.does(klara, "asks to delink", delink)
	s.twice(tenantry.ByUser(ada), "Ada", "accepts", object{"command": "accept_delink", "link": link})

	s.heading("A tenant is deleted")
	s.twice(support, onTicket, "deletes the inn", object{"command": "delete_tenants", "tenants": []id{inn}, "confirm": "delete"})
	s.verify()
}

// anInn is a customer that is fully managed, and somebody of it who is locked out.
func (s *stage) anInn(ada, northwind id) (inn, link id) {
	const email = "mila@inn.example"
	added := outcome[struct{ Tenant, Link id }](s.does(ada, "adds an inn, fully managed",
		object{"command": "add_customer", "manager": northwind, "kind": "customer", "name": "Inn am See",
			"number": "IN-400", "management": "fully", "services": []string{"manage"}}))
	s.call(added.Tenant, "Inn am See")
	s.call(added.Link, "Northwind IT → Inn am See")
	invited := outcome[invitation](s.does(ada, "invites Mila, to read there",
		object{"command": "invite_user", "tenant": added.Tenant, "invitee": object{"email": email}, "role": "read_only"}))
	s.call(invited.User, "Mila")
	s.does(invited.User, "accepts, and is locked out", invited.accept(email))
	return added.Tenant, added.Link
}

func would(by tenantry.Actor, command object) object {
	return object{"query": "preview", "actor": by, "command": command}
}

// mayNotRead: somebody asks what a command would lead to, and is refused as the command would be.
func (s *stage) mayNotRead(by id, what string, command object) {
	line := s.name(by.String()) + " " + what
	err := s.engine.Ask(would(tenantry.ByUser(by), command), nil)
	var refusal *tenantry.Error
	if !errors.As(err, &refusal) || !refusal.Refused() {
		must(fmt.Errorf("%s: was to be refused: %w", line, err))
	}
	now := time.UnixMicro(atomic.LoadInt64(&s.micros))
	s.refused(clockFace(now), line, int(refusal.Code), refusal.Name, s.inNames(refusal.Message), refusal.Remedy)
}

// twice reads what a command would lead to, gives it, and compares.
func (s *stage) twice(by tenantry.Actor, who, what string, command object) {
	before := s.revision()
	foretold := ask[previewed](s, would(by, command))
	s.tell(foretold)
	s.doesAs(by, who, what, command)
	came := ask[struct{ Rows []change }](s, object{"query": "host_access_changes", "after": before}).Rows
	records := ask[struct{ Rows []record }](s, object{"query": "host_records", "after": before}).Rows
	if len(records) != 1 || happened(records[0].Events) != happened(foretold.Events) {
		must(fmt.Errorf("%s: other things happened than were told before", what))
	}
	for _, one := range foretold.Rights.Rows {
		if !cameSo(one, came) {
			must(fmt.Errorf("%s: somebody gains or loses other things than were told before", what))
		}
	}
	s.holds(fmt.Sprintf("it came as it was told, of %d of %d who gain or lose", len(foretold.Rights.Rows), len(came)))
}

// cameSo is whether somebody gains and loses what they were told to before.
func cameSo(foretold change, came []change) bool {
	for _, one := range came {
		if one.User == foretold.User && one.Tenant == foretold.Tenant {
			return reflect.DeepEqual(one.Gained, foretold.Gained) && reflect.DeepEqual(one.Lost, foretold.Lost)
		}
	}
	return false
}

// tell shows what a command would lead to.
func (s *stage) tell(foretold previewed) {
	s.remark("would happen: " + strings.ReplaceAll(happened(foretold.Events), "\n", ", "))
	for _, notice := range foretold.Notices {
		var to []string
		for _, one := range notice.To {
			to = append(to, s.name(one.User+one.Tenant))
		}
		if notice.Operator {
			to = append(to, "the operator")
		}
		sort.Strings(to)
		s.remark("would be sent: " + notice.Kind.Kind + " → " + strings.Join(to, ", "))
	}
	var rows [][]cell
	for _, one := range foretold.Rights.Rows {
		rows = append(rows, []cell{plain(s.name(one.User)), plain(s.name(one.Tenant)),
			good(permissions(one.Gained)), bad(permissions(one.Lost))})
	}
	s.table([]string{"who", "on", "would gain", "would lose"}, rows)
}
