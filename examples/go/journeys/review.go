package main

import (
	"fmt"
	"sort"
	"strings"

	tenantry "tenantry.example/ffi/go"
)

// The moment that the auditor asks about.
var on3March = tenantry.AtTime(*march(3, 12, 0))

// permissions is what somebody may do: by name, or how much, where it is more than two permissions.
func permissions(all []tenantry.HeldPermission) string {
	switch {
	case len(all) == 0:
		return "–"
	case len(all) > 2:
		return fmt.Sprintf("%d permissions", len(all))
	}
	var names []string
	for _, one := range all {
		names = append(names, string(one.Permission))
	}
	return strings.Join(names, "\n")
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
	both := []tenantry.Service{tenantry.ServiceEnrollment, tenantry.ServiceManage}
	asked := outcome[tenantry.LinkRequestID](s.does(ada, "asks to manage BK-200 jointly", tenantry.RequestLink{Manager: northwind,
		Number: "BK-200", Management: tenantry.ManagementJointly, Services: both}))
	link := outcome[tenantry.LinkID](s.does(klara, "accepts", tenantry.AcceptLink{Request: asked}))
	s.call(link, "Northwind IT → Bäckerei Klein")
	grants := func(names ...tenantry.Permission) tenantry.SetManagerGrants {
		return tenantry.SetManagerGrants{Link: link, Grants: names}
	}
	s.does(klara, "lets Northwind manage users", grants(tenantry.PermissionUsersManage))
	asked = outcome[tenantry.LinkRequestID](s.does(hana, "asks to manage NW-100 for twenty days", tenantry.RequestLink{Manager: harbour,
		Number: "NW-100", Management: tenantry.ManagementJointly, Services: both, Term: &tenantry.TermRequest{Days: tenantry.Ptr(int64(20))}}))
	above := outcome[tenantry.LinkID](s.does(ada, "accepts", tenantry.AcceptLink{Request: asked}))
	s.call(above, "Harbour Security → Northwind IT")

	s.heading("And after it")
	s.daysPass(7)
	s.does(ada, "blocks Ben, who has left", tenantry.BlockUser{User: ben})
	admin := tenantry.NewAssignment{User: cleo, Tenant: bakery, Role: tenantry.RoleAdmin}
	s.does(ada, "makes Cleo admin at the bakery", tenantry.Assign{Assignments: []tenantry.NewAssignment{admin}})
	s.daysPass(30)
	s.does(klara, "takes the grant back", grants())

	s.heading("Who could reach the bakery on 3 March, as Klara reads it")
	s.remark("Her own people have names; those of others are told as their organisation.")
	s.asKlaraReadsIt(klara, bakery)

	s.heading("The same as the platform's staff reads it, with the why")
	then := tenantry.TenantAccessQuery{Actor: tenantry.Operator(""), Tenant: bakery, AsOf: on3March}
	var answered tenantry.Page[tenantry.TenantAccessRow]
	seq := got(s.engine.Ask(then, &answered))
	s.withTheWhy(answered.Rows)
	then.Filter = &tenantry.AccessFilter{Permission: tenantry.Ptr[tenantry.Permission](tenantry.PermissionUsersManage)}
	var able []string
	for _, one := range got(s.engine.TenantAccess(then)).Rows {
		able = append(able, s.name(one.User))
	}
	sort.Strings(able)
	s.remark("users.manage was held by " + strings.Join(able, ", ") + ".")

	s.heading("What has changed since")
	var rows [][]cell
	since := tenantry.TenantAccessChangesQuery{Actor: tenantry.Operator(""), Tenant: bakery, Since: *on3March}
	for _, one := range got(s.engine.TenantAccessChanges(since)).Rows {
		rows = append(rows, []cell{plain(s.name(one.User)), good(permissions(one.Gained)), bad(permissions(one.Lost))})
	}
	s.table([]string{"who", "gained", "lost"}, rows)

	s.heading("By which record")
	s.byWhichRecord(bakery, seq)
	s.remark("What has ended by time alone has no command; it comes with the record that was next.")

	s.heading("What Cleo can reach today, as she reads it")
	rows = nil
	for _, one := range got(s.engine.UserAccess(tenantry.UserAccessQuery{Actor: tenantry.ByUser(cleo), User: cleo})).Rows {
		rows = append(rows, []cell{plain(string(one.Name)), faint(string(one.Number)), plain(permissions(one.Ways[0].Held))})
	}
	s.table([]string{"tenant", "number", "may"}, rows)
	s.verify()
}

func (s *stage) asKlaraReadsIt(klara tenantry.UserID, bakery tenantry.TenantID) {
	var rows [][]cell
	by := tenantry.ByUser(klara)
	people := tenantry.TenantAccessQuery{Actor: by, Tenant: bakery, AsOf: on3March}
	for _, one := range got(s.engine.TenantAccess(people)).Rows {
		rows = append(rows, []cell{plain(s.name(one.User)), faint(s.name(one.Home)), plain(permissions(one.Ways[0].Held))})
	}
	others := tenantry.OrganisationAccessQuery{Actor: by, Tenant: bakery, AsOf: on3March}
	for _, one := range got(s.engine.OrganisationAccess(others)) {
		rows = append(rows, []cell{faint("somebody"), plain(string(one.Organisation.Name)), plain(permissions(one.Held))})
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
func (s *stage) withTheWhy(all []tenantry.TenantAccessRow) {
	var rows [][]cell
	for _, one := range all {
		way, role := one.Ways[0], "–"
		if way.Grounds != nil {
			role = string(way.Grounds.Role) + " of " + s.name(way.Grounds.Tenant)
		}
		var links, granted []string
		for _, link := range way.Chain {
			links = append(links, s.name(link))
		}
		for _, permission := range way.Granted {
			granted = append(granted, string(permission))
		}
		rows = append(rows, []cell{plain(s.name(one.User)), plain(role), orDash(links), plain(permissions(way.Held)), orDash(granted)})
	}
	s.table([]string{"who", "by the role", "through the link", "could", "by a grant"}, rows)
}

// byWhichRecord shows what the feed has of a tenant from a record on.
func (s *stage) byWhichRecord(of tenantry.TenantID, after int64) {
	var rows [][]cell
	for _, one := range got(s.engine.HostAccessChanges(tenantry.HostAccessChangesQuery{After: after})).Rows {
		if one.Tenant != of {
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
