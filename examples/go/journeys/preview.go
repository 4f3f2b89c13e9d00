package main

import (
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strings"

	tenantry "tenantry.example/ffi/go"
)

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
	asked := outcome[tenantry.LinkRequestID](s.does(ada, "asks to manage BK-200 jointly", tenantry.RequestLink{Manager: northwind,
		Number: "BK-200", Management: tenantry.ManagementJointly, Services: []tenantry.Service{tenantry.ServiceManage}}))
	link := outcome[tenantry.LinkID](s.does(klara, "accepts", tenantry.AcceptLink{Request: asked}))
	s.call(link, "Northwind IT → Bäckerei Klein")
	delink := tenantry.RequestDelink{Link: link}

	s.heading("Whoever may not give it may not read it")
	records := s.revision()
	s.mayNotRead(karl, "would like to read what a delink leads to", delink)
	if s.revision() != records {
		must(errors.New("a preview was recorded"))
	}
	s.holds("nothing was recorded, the refusal neither")

	s.heading("A tenant is disabled")
	support, onTicket := tenantry.Operator("SUP-4713"), "the operator, on SUP-4713,"
	s.twice(support, onTicket, "disables the bakery", tenantry.DisableTenants{Tenants: []tenantry.TenantID{bakery}})
	s.doesAs(support, onTicket, "enables it again", tenantry.EnableTenants{Tenants: []tenantry.TenantID{bakery}})

	s.heading("A policy changes")
	policy := got(s.engine.Policy(tenantry.PolicyQuery{}))
	policy.Name = "groups-are-theirs"
	policy.Reserved = append(policy.Reserved, tenantry.PermissionGroupsManage)
	s.twice(support, onTicket, "reserves groups for customers", tenantry.SetPolicy{Policy: policy})

	s.heading("A link is converted")
	inn, itsLink := s.anInn(ada, northwind)
	s.twice(tenantry.ByUser(ada), "Ada", "converts the link to jointly managed", tenantry.ConvertLink{Link: itsLink,
		Management: tenantry.ManagementJointly, Owner: &tenantry.Invitee{Name: tenantry.Ptr[tenantry.PersonName]("Olaf"), Email: "olaf@inn.example"}})

	s.heading("A link ends")
	s.does(klara, "asks to delink", delink)
	s.twice(tenantry.ByUser(ada), "Ada", "accepts", tenantry.AcceptDelink{Link: link})

	s.heading("A tenant is deleted")
	s.twice(support, onTicket, "deletes the inn", tenantry.DeleteTenants{Tenants: []tenantry.TenantID{inn}, Confirm: "delete"})
	s.verify()
}

// anInn is a customer that is fully managed, and somebody of it who is locked out.
func (s *stage) anInn(ada tenantry.UserID, northwind tenantry.TenantID) (inn tenantry.TenantID, link tenantry.LinkID) {
	const email = "mila@inn.example"
	added := outcome[tenantry.AddedCustomer](s.does(ada, "adds an inn, fully managed",
		tenantry.AddCustomer{Manager: northwind, Kind: tenantry.TenantKindCustomer, Name: "Inn am See",
			Number: tenantry.Ptr[tenantry.Number]("IN-400"), Management: tenantry.ManagementFully,
			Services: []tenantry.Service{tenantry.ServiceManage}}))
	s.call(added.Tenant, "Inn am See")
	s.call(added.Link, "Northwind IT → Inn am See")
	invited := outcome[tenantry.InvitedUser](s.does(ada, "invites Mila, to read there",
		tenantry.InviteUser{Tenant: added.Tenant, Invitee: tenantry.Invitee{Email: email}, Role: tenantry.RoleReadOnly}))
	s.call(invited.User, "Mila")
	s.does(invited.User, "accepts, and is locked out", accept(invited, email))
	return added.Tenant, added.Link
}

func would(by tenantry.Actor, command tenantry.Command) tenantry.PreviewQuery {
	return tenantry.PreviewQuery{Actor: by, Command: command}
}

// mayNotRead: somebody asks what a command would lead to, and is refused as the command would be.
func (s *stage) mayNotRead(by tenantry.UserID, what string, command tenantry.Command) {
	_, err := s.engine.Preview(would(tenantry.ByUser(by), command))
	s.wasRefused(s.name(by)+" "+what, err)
}

// twice reads what a command would lead to, gives it, and compares.
func (s *stage) twice(by tenantry.Actor, who, what string, command tenantry.Command) {
	before := s.revision()
	foretold := got(s.engine.Preview(would(by, command)))
	s.tell(foretold)
	s.doesAs(by, who, what, command)
	came := got(s.engine.HostAccessChanges(tenantry.HostAccessChangesQuery{After: before})).Rows
	records := got(s.engine.HostRecords(tenantry.HostRecordsQuery{After: before})).Rows
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
func cameSo(foretold tenantry.AccessChangeRow, came []tenantry.AccessEvent) bool {
	for _, one := range came {
		if one.User == foretold.User && one.Tenant == foretold.Tenant {
			return reflect.DeepEqual(one.Gained, foretold.Gained) && reflect.DeepEqual(one.Lost, foretold.Lost)
		}
	}
	return false
}

// tell shows what a command would lead to.
func (s *stage) tell(foretold tenantry.Previewed) {
	s.remark("would happen: " + strings.ReplaceAll(happened(foretold.Events), "\n", ", "))
	for _, notice := range foretold.Notices {
		var to []string
		for _, one := range notice.To {
			switch one := one.Is.(type) {
			case tenantry.SubjectUser:
				to = append(to, s.name(one.User))
			case tenantry.SubjectTenant:
				to = append(to, s.name(one.Tenant))
			}
		}
		if notice.Operator {
			to = append(to, "the operator")
		}
		sort.Strings(to)
		s.remark("would be sent: " + notice.Kind.Is.Tag() + " → " + strings.Join(to, ", "))
	}
	var rows [][]cell
	for _, one := range foretold.Rights.Rows {
		rows = append(rows, []cell{plain(s.name(one.User)), plain(s.name(one.Tenant)),
			good(permissions(one.Gained)), bad(permissions(one.Lost))})
	}
	s.table([]string{"who", "on", "would gain", "would lose"}, rows)
}
